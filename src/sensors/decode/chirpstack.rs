//! ChirpStack v4: events of LoRaWAN devices as JSON (`application/ID/device/DEVEUI/event/EVENT`).
//! Used by `format`; values are found by a mapping whose places begin at the event, such as `/object/level`.
//! Topic and payload must name the same device. `rxInfo` tells where the gateways are, not the device, and is not read.
//!
//! Source of field names: `api/proto/integration/integration.proto` of ChirpStack 4 (JSON in lowerCamelCase, defaults left out).

use super::{
    Decoded, Message, Misread,
    json::short,
    mapping::Mapping,
    text,
    tree::{self, Node},
};
use crate::sensors::reason::Reason;

/// Reads one event: values of `up`, the battery of `status`; the others tell nothing of ours.
pub(super) fn decode(message: Message<'_>, mapping: &Mapping, records_max: usize) -> Decoded {
    let levels: Vec<&str> = message.topic.split('/').collect();
    // A deployment may put a prefix before it; the end is fixed.
    let (device, event) = match levels.as_slice() {
        [.., "device", device, "event", event] => (*device, *event),
        _ => return Decoded::fault(Reason::BadTopic, "want a topic that ends in device/DEVEUI/event/EVENT"),
    };
    if !matches!(event, "up" | "status") {
        return Decoded::default();
    }
    let root = match tree::read(message.payload) {
        Ok(root) => root,
        Err(fault) => return Decoded { misread: vec![fault], ..Decoded::default() },
    };
    let claimed = root.path(&["deviceInfo", "devEui"]).and_then(Node::text);
    if !claimed.is_some_and(|claimed| claimed.eq_ignore_ascii_case(device)) {
        let (topic, payload) = (short(device), short(claimed.unwrap_or_default()));
        return Decoded::fault(
            Reason::BadPayload,
            format!("the topic is of “{topic}”, deviceInfo.devEui is “{payload}”"),
        );
    }
    let mut decoded = Decoded {
        device: Some(device.to_ascii_lowercase()),
        message_id: root.get("deduplicationId").and_then(Node::name),
        ..Decoded::default()
    };
    if event == "status" {
        let known = root.get("batteryLevelUnavailable") != Some(&Node::Bool(true))
            && root.get("externalPowerSource") != Some(&Node::Bool(true));
        // Proto3 leaves out 0: a status without a level is one of an empty battery.
        let level = root.get("batteryLevel").map_or(Ok(0.0), |level| text::number_of(level, false));
        match level {
            Ok(level) if known && (0.0..=100.0).contains(&level) => decoded.battery_percent = Some(level),
            Ok(_) if !known => {}
            Ok(level) => decoded.misread.push(Misread::payload(format!("batteryLevel {level} is not 0 to 100"))),
            Err(why) => decoded.misread.push(Misread::payload(format!("batteryLevel {why}"))),
        }
        return decoded;
    }
    // A left-out counter is 0.
    decoded.sequence = root.get("fCnt").map_or(Some(0), Node::count);
    let read_at = match root.get("time").map(|time| text::TimeForm::Rfc3339.read(time)).transpose() {
        Ok(read_at) => read_at,
        Err(why) => {
            decoded.misread.push(Misread::payload(format!("time {why}")));
            return decoded;
        }
    };
    if root.get("object").is_none() {
        decoded.misread.push(Misread::payload("there is no object: does the device's profile have a codec?"));
        return decoded;
    }
    mapping.read_into(&mut decoded, &root, read_at, None, records_max);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::formats as settings, sensors::quantity::Quantity};

    const TOPIC: &str = "application/6bd0c4b6-9f0b-4b2d-8a4f-5d1f1c5e0a11/device/a84041ffff123456/event/up";

    fn read(topic: &str, payload: &str) -> Decoded {
        let text = "[[fields]]\nat = \"/object/level_mm\"\nquantity = \"stage_m\"\nunit = \"mm\"";
        let given: settings::Mapping = toml::from_str(text).expect("a mapping");
        let mapping = Mapping::new(&given, false).expect("a right mapping");
        decode(Message { topic, payload: payload.as_bytes() }, &mapping, 100)
    }

    /// Written by hand after the message `UplinkEvent` of integration.proto.
    fn uplink(more: &str) -> String {
        format!(
            r#"{{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-a5c902f9202d","time":"2026-03-01T04:00:00.250+00:00",
            "deviceInfo":{{"tenantId":"52f14cd4-c6f1-4fbd-8f87-4025e1d49242","applicationName":"streams",
            "deviceName":"bridge-3","devEui":"a84041ffff123456","tags":{{}}}},"devAddr":"00189440","adr":true,"dr":5,
            "fPort":2,"data":"B4o=","rxInfo":[{{"gatewayId":"0016c001f153a14c","rssi":-70,"snr":9.0,
            "location":{{"latitude":34.79,"longitude":48.51,"altitude":1850}}}}]{more}}}"#
        )
    }

    #[test]
    fn an_uplink_gives_its_values_with_device_time_and_counters() {
        let decoded = read(TOPIC, &uplink(r#","fCnt":12,"object":{"level_mm":1930}"#));
        assert_eq!(decoded.misread, []);
        let claim = decoded.claims[0];
        assert_eq!((claim.quantity, claim.value), (Quantity::StageM, 1.93));
        assert_eq!(claim.read_at, Some("2026-03-01T04:00:00.25Z".parse().expect("a time")));
        assert_eq!(decoded.device.as_deref(), Some("a84041ffff123456"));
        assert_eq!(decoded.message_id.as_deref(), Some("3ac7e3c4-4401-4b8d-9386-a5c902f9202d"));
        assert_eq!(decoded.sequence, Some(12));
        assert_eq!(read(TOPIC, &uplink(r#","object":{"level_mm":1}"#)).sequence, Some(0));
    }

    #[test]
    fn what_can_not_be_told_apart_is_refused() {
        let other = TOPIC.replace("123456", "654321");
        let decoded = read(&other, &uplink(r#","object":{"level_mm":1930}"#));
        assert!(decoded.claims.is_empty() && decoded.device.is_none());
        assert!(decoded.misread[0].detail.contains("a84041ffff654321"), "{decoded:?}");
        assert!(read(TOPIC, &uplink("")).misread[0].detail.contains("codec"));
        assert_eq!(read("application/x/up", "{}").misread[0].reason, Reason::BadTopic);
        assert_eq!(read(TOPIC, "{").misread[0].reason, Reason::BadPayload);
    }

    #[test]
    fn a_status_tells_of_the_battery_and_other_events_of_nothing() {
        let topic = TOPIC.replace("/up", "/status");
        let status = |more: &str| read(&topic, &format!(r#"{{"deviceInfo":{{"devEui":"A84041FFFF123456"}}{more}}}"#));
        assert_eq!(status(r#","margin":10,"batteryLevel":74.8"#).battery_percent, Some(74.8));
        assert_eq!(status("").battery_percent, Some(0.0));
        assert_eq!(status(r#","batteryLevelUnavailable":true"#).battery_percent, None);
        assert_eq!(
            status(r#","externalPowerSource":true,"batteryLevel":10"#),
            Decoded { device: Some("a84041ffff123456".into()), ..Decoded::default() }
        );
        assert_eq!(status(r#","batteryLevel":255"#).misread.len(), 1);
        assert_eq!(read(&TOPIC.replace("/up", "/join"), "anything"), Decoded::default());
    }
}
