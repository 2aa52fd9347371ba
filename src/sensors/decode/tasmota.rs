//! Tasmota: what its devices tell by themselves (`tele/TOPIC/SENSOR`, `…/STATE`, `…/LWT`).
//! Used by `format`; values are found by a mapping whose places begin at the message, such as `/DS18B20/Temperature`.
//! Times are local and without an offset, so the source's zone must be configured; units that the device names must be the mapping's.
//!
//! Source: Tasmota's documentation, pages MQTT and JSON status responses. The retained LWT says `Online` or `Offline`.

use jiff::tz::TimeZone;

use super::{
    Decoded, Message, Misread, Presence,
    json::short,
    mapping::Mapping,
    text,
    tree::{self, Node},
};
use crate::sensors::{quantity::Quantity, reason::Reason};

/// A unit as it is named there, and in UCUM.
type Names = &'static [(&'static str, &'static str)];

/// How a Tasmota names units, by the key under which it does, and what they are in UCUM.
const UNITS: [(&str, Quantity, Names); 2] = [
    ("TempUnit", Quantity::AirTempC, &[("C", "Cel"), ("F", "[degF]")]),
    (
        "SpeedUnit",
        Quantity::WindMs,
        &[("m/s", "m/s"), ("km/h", "km/h"), ("kn", "[kn_i]"), ("mph", "[mi_i]/h"), ("ft/s", "[ft_i]/s")],
    ),
];

/// Reads one message.
pub(super) fn decode(message: Message<'_>, mapping: &Mapping, zone: &TimeZone, records_max: usize) -> Decoded {
    let levels: Vec<&str> = message.topic.split('/').collect();
    // Both orders of Tasmota's full topic: %prefix%/%topic%/ is the default, %topic%/%prefix%/ the older one.
    let (device, kind) = match levels.as_slice() {
        [.., device, "tele", kind] | [.., "tele", device, kind] => (*device, *kind),
        _ => return Decoded::fault(Reason::BadTopic, "want the topic tele/DEVICE/SENSOR, …/STATE or …/LWT"),
    };
    let mut decoded = Decoded { device: Some(device.to_owned()), ..Decoded::default() };
    match kind {
        "LWT" => {
            decoded.presence = match message.payload {
                b"Online" => Some(Presence::Online),
                b"Offline" => Some(Presence::Offline),
                other => {
                    let said = short(&String::from_utf8_lossy(other));
                    let fault = format!("LWT is “{said}”, neither Online nor Offline");
                    decoded.misread.push(Misread::payload(fault));
                    None
                }
            };
            return decoded;
        }
        "SENSOR" | "STATE" => {}
        // What it runs on, how it was started: nothing of ours.
        _ => return decoded,
    }
    let root = match tree::read(message.payload) {
        Ok(root) => root,
        Err(fault) => {
            decoded.misread.push(fault);
            return decoded;
        }
    };
    let time = root.get("Time").and_then(Node::text);
    let read_at = match time {
        None => Err("is missing".to_owned()),
        // SetOption52 adds an offset.
        Some(time) => text::rfc3339(time).or_else(|_| text::local(time, zone)),
    };
    let read_at = match read_at {
        Ok(read_at) => read_at,
        Err(why) => {
            decoded.misread.push(Misread::payload(format!("Time {why}")));
            return decoded;
        }
    };
    for (key, quantity, known) in UNITS {
        let Some(said) = root.get(key).and_then(Node::text) else { continue };
        let ucum = known.iter().find(|(word, _)| *word == said).map(|(_, code)| *code);
        if mapping.units_of(quantity).any(|unit| Some(unit) != ucum) {
            // All of the message is refused: the device was set to other units than the mapping believes.
            let said = short(said);
            decoded.misread.push(Misread::quantity(format!("{key} is “{said}”, the mapping's {quantity} is not")));
            return decoded;
        }
    }
    mapping.read_into(&mut decoded, &root, Some(read_at), None, records_max);
    if kind == "STATE" {
        // A STATE tells of Wi-Fi and uptime; that none of the fields is there is usual.
        decoded.misread.retain(|fault| fault.reason != Reason::UnknownQuantity);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::formats as settings;

    fn read(topic: &str, payload: &str) -> Decoded {
        let text = r#"
            [[fields]]
            at = "/DS18B20/Temperature"
            quantity = "air_temp_c"
            unit = "Cel"
            [[fields]]
            at = "/Vcc"
            quantity = "battery_v"
            unit = "V"
        "#;
        let given: settings::Mapping = toml::from_str(text).expect("a mapping");
        let mapping = Mapping::new(&given, false).expect("a right mapping");
        let zone = TimeZone::get("Asia/Tehran").expect("a zone");
        decode(Message { topic, payload: payload.as_bytes() }, &mapping, &zone, 100)
    }

    // Written by hand after the documented messages.
    const SENSOR: &str =
        r#"{"Time":"2026-03-01T07:30:00","DS18B20":{"Id":"0316A2","Temperature":-4.3},"TempUnit":"C"}"#;

    #[test]
    fn a_local_time_is_of_the_source_s_zone() {
        for topic in ["tele/tasmota_9CF9D1/SENSOR", "tasmota_9CF9D1/tele/SENSOR", "city/tele/tasmota_9CF9D1/SENSOR"] {
            let decoded = read(topic, SENSOR);
            assert_eq!(decoded.misread, [], "{topic}");
            assert_eq!((decoded.claims[0].quantity, decoded.claims[0].value), (Quantity::AirTempC, -4.3));
            assert_eq!(decoded.claims[0].read_at, Some("2026-03-01T04:00:00Z".parse().expect("a time")));
            assert_eq!(decoded.device.as_deref(), Some("tasmota_9CF9D1"), "{topic}");
        }
        let offset = SENSOR.replace("07:30:00", "05:00:00+01:00");
        let decoded = read("tele/x/SENSOR", &offset);
        assert_eq!(decoded.claims[0].read_at, Some("2026-03-01T04:00:00Z".parse().expect("a time")));
    }

    #[test]
    fn a_device_that_was_set_to_fahrenheit_is_refused_by_name() {
        let decoded = read("tele/x/SENSOR", &SENSOR.replace("\"C\"", "\"F\""));
        assert!(decoded.claims.is_empty());
        assert!(decoded.misread[0].detail.contains("TempUnit is “F”"), "{decoded:?}");
    }

    #[test]
    fn states_and_last_wills_are_understood() {
        let state = r#"{"Time":"2026-03-01T07:30:00","Uptime":"0T00:10:12","Vcc":3.416,"Wifi":{"RSSI":70}}"#;
        assert_eq!(read("tele/x/STATE", state).claims[0].value.to_string(), "3.416");
        let bare = read("tele/x/STATE", r#"{"Time":"2026-03-01T07:30:00","Uptime":"0T00:10:12"}"#);
        assert!(bare.claims.is_empty() && bare.misread.is_empty(), "{bare:?}");
        assert_eq!(read("tele/x/LWT", "Online").presence, Some(Presence::Online));
        assert_eq!(read("tele/x/LWT", "Offline").presence, Some(Presence::Offline));
        assert_eq!(read("tele/x/LWT", "").misread.len(), 1);
        assert_eq!(read("tele/x/INFO1", "anything").misread, []);
        assert_eq!(read("stat/x/RESULT", "{}").misread[0].reason, Reason::BadTopic);
        assert!(read("tele/x/SENSOR", "{}").misread[0].detail.contains("Time is missing"));
    }
}
