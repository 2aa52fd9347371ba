//! The Things Stack v3: uplinks of LoRaWAN devices as JSON (`v3/APPLICATION@TENANT/devices/DEVICE/up`).
//! Used by `format`; values are found by a mapping whose places begin at the message, or, without one, in `normalized_payload`.
//! Topic and payload must name the same device. The time is that of the network's server unless the mapping names the device's own.
//!
//! Sources: The Things Stack's MQTT documentation (fields with default values are left out) for the message; the payload schema of the
//! LoRaWAN Device Repository (`lib/payload.json`) for `normalized_payload`: °C, m/s.

use jiff::Timestamp;

use super::{
    Claim, Decoded, Message, Misread,
    json::short,
    mapping::Mapping,
    text::{self, TimeForm},
    tree::{self, Node},
};
use crate::sensors::{quantity::Quantity, reason::Reason};

/// What of a normalized measurement is ours, already in our units.
const NORMALIZED: [(&[&str], Quantity); 2] =
    [(&["air", "temperature"], Quantity::AirTempC), (&["wind", "speed"], Quantity::WindMs)];

/// Reads one uplink; joins, acknowledgements and failures tell nothing of ours.
pub(super) fn decode(message: Message<'_>, mapping: Option<&Mapping>, records_max: usize) -> Decoded {
    let levels: Vec<&str> = message.topic.split('/').collect();
    let device = match levels.as_slice() {
        ["v3", _, "devices", device, "up"] => *device,
        ["v3", _, "devices", _, "up" | "join" | "down" | "service" | "location", ..] => return Decoded::default(),
        _ => return Decoded::fault(Reason::BadTopic, "want the topic v3/APPLICATION@TENANT/devices/DEVICE/up"),
    };
    let root = match tree::read(message.payload) {
        Ok(root) => root,
        Err(fault) => return Decoded { misread: vec![fault], ..Decoded::default() },
    };
    let claimed = root.path(&["end_device_ids", "device_id"]).and_then(Node::text);
    if claimed != Some(device) {
        let (topic, payload) = (short(device), short(claimed.unwrap_or_default()));
        return Decoded::fault(
            Reason::BadPayload,
            format!("the topic is of “{topic}”, end_device_ids.device_id is “{payload}”"),
        );
    }
    let Some(uplink) = root.get("uplink_message") else {
        return Decoded::fault(Reason::BadPayload, "there is no uplink_message");
    };
    let mut decoded = Decoded {
        device: Some(device.to_owned()),
        // One uplink has one session key and counter; the ids of its way through the servers differ.
        message_id: uplink.get("session_key_id").and_then(Node::text).map(str::to_owned),
        // A left-out counter is 0.
        sequence: uplink.get("f_cnt").map_or(Some(0), Node::count),
        ..Decoded::default()
    };
    let time = uplink.get("received_at").or_else(|| root.get("received_at"));
    let read_at = match time.map(|time| TimeForm::Rfc3339.read(time)).transpose() {
        Ok(read_at) => read_at,
        Err(why) => {
            decoded.misread.push(Misread::payload(format!("received_at {why}")));
            return decoded;
        }
    };
    match mapping {
        Some(mapping) => mapping.read_into(&mut decoded, &root, read_at, None, records_max),
        None => normalized(&mut decoded, uplink, read_at, records_max),
    }
    decoded
}

fn normalized(decoded: &mut Decoded, uplink: &Node, read_at: Option<Timestamp>, records_max: usize) {
    let Some(Node::List(measurements)) = uplink.get("normalized_payload") else {
        let detail = "there is no normalized_payload; give a mapping for decoded_payload";
        return decoded.misread.push(Misread::payload(detail));
    };
    if measurements.len() > records_max {
        let detail = format!("{} measurements in one message; at most {records_max}", measurements.len());
        return decoded.misread.push(Misread { reason: Reason::TooMany, detail });
    }
    for measurement in measurements {
        let read_at = match measurement.get("time").map(|time| TimeForm::Rfc3339.read(time)).transpose() {
            Ok(own) => own.or(read_at),
            Err(why) => {
                decoded.misread.push(Misread::payload(format!("the measurement's time {why}")));
                continue;
            }
        };
        for (path, quantity) in NORMALIZED {
            match measurement.path(path).map(|node| text::number_of(node, false)) {
                None => {}
                Some(Ok(value)) => decoded.claims.push(Claim { quantity, value, read_at }),
                Some(Err(why)) => decoded.misread.push(Misread::payload(format!("{} {why}", path.join(".")))),
            }
        }
    }
    if decoded.claims.is_empty() && decoded.misread.is_empty() {
        decoded.misread.push(Misread::quantity("nothing in normalized_payload is a quantity of ours"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::formats as settings;

    const TOPIC: &str = "v3/streams@ttn/devices/bridge-3/up";

    /// Written by hand after the documented message.
    fn uplink(more: &str) -> String {
        format!(
            r#"{{"end_device_ids":{{"device_id":"bridge-3","application_ids":{{"application_id":"streams"}},
            "dev_eui":"A84041FFFF123456","join_eui":"A000000000000100","dev_addr":"260BDF71"}},
            "correlation_ids":["gs:uplink:01"],"received_at":"2026-03-01T04:00:00.9Z","uplink_message":{{
            "session_key_id":"AZpdcJdm3ixYYWExQAIgUg==","f_port":2,"frm_payload":"B4o=",
            "rx_metadata":[{{"gateway_ids":{{"gateway_id":"roof"}},"rssi":-69,"location":{{"latitude":34.79}}}}],
            "received_at":"2026-03-01T04:00:00.123456789Z"{more}}}}}"#
        )
    }

    fn mapping() -> Mapping {
        let text = "[[fields]]\nat = \"/uplink_message/decoded_payload/level_m\"\nquantity = \"stage_m\"\nunit = \"m\"";
        let given: settings::Mapping = toml::from_str(text).expect("a mapping");
        Mapping::new(&given, false).expect("a right mapping")
    }

    fn read(topic: &str, payload: &str, mapping: Option<&Mapping>) -> Decoded {
        decode(Message { topic, payload: payload.as_bytes() }, mapping, 100)
    }

    #[test]
    fn a_decoded_payload_is_read_by_a_mapping() {
        let decoded = read(TOPIC, &uplink(r#","f_cnt":1834,"decoded_payload":{"level_m":1.93}"#), Some(&mapping()));
        assert_eq!(decoded.misread, []);
        assert_eq!((decoded.claims[0].quantity, decoded.claims[0].value), (Quantity::StageM, 1.93));
        assert_eq!(decoded.claims[0].read_at, Some("2026-03-01T04:00:00.123456789Z".parse().expect("a time")));
        assert_eq!((decoded.device.as_deref(), decoded.sequence), (Some("bridge-3"), Some(1834)));
    }

    #[test]
    fn a_normalized_payload_needs_no_mapping() {
        let payload = uplink(
            r#","normalized_payload":[{"time":"2026-03-01T03:00:00Z","air":{"temperature":-4.5,"relativeHumidity":80}},
            {"wind":{"speed":12.5,"direction":270}}]"#,
        );
        let decoded = read(TOPIC, &payload, None);
        let told: Vec<_> = decoded.claims.iter().map(|claim| (claim.quantity, claim.value)).collect();
        assert_eq!(told, [(Quantity::AirTempC, -4.5), (Quantity::WindMs, 12.5)]);
        assert_eq!(decoded.claims[0].read_at, Some("2026-03-01T03:00:00Z".parse().expect("a time")));
        assert_eq!(decoded.sequence, Some(0));
    }

    #[test]
    fn another_device_a_missing_payload_and_a_strange_topic_are_told() {
        let other = read("v3/streams@ttn/devices/bridge-4/up", &uplink(""), Some(&mapping()));
        assert!(other.device.is_none() && other.misread[0].detail.contains("bridge-4"), "{other:?}");
        assert!(read(TOPIC, &uplink(""), None).misread[0].detail.contains("normalized_payload"));
        assert_eq!(read(TOPIC, &uplink(""), Some(&mapping())).misread[0].reason, Reason::UnknownQuantity);
        assert_eq!(read("v3/x/up", "{}", None).misread[0].reason, Reason::BadTopic);
        assert_eq!(read("v3/streams@ttn/devices/bridge-3/join", "x", None), Decoded::default());
        assert_eq!(read(TOPIC, "{}", None).misread[0].reason, Reason::BadPayload);
    }
}
