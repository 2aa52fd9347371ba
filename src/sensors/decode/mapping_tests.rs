//! Mappings from the configuration, and messages of devices that nobody standardised.
//! Run with the unit tests of `mapping`.
//! Every payload here is written by hand.

use jiff::Timestamp;

use super::*;
use crate::sensors::quantity::Quantity;

fn settings(text: &str) -> settings::Mapping {
    toml::from_str(text).expect("a mapping's TOML")
}

fn mapping(text: &str) -> Mapping {
    Mapping::new(&settings(text), false).expect("a right mapping")
}

fn read(mapping: &Mapping, topic: &str, payload: &str) -> Decoded {
    mapping.decode(Message { topic, payload: payload.as_bytes() }, 100)
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

const FIELD: &str = "[[fields]]\nat = \"/level\"\nquantity = \"stage_m\"\nunit = \"cm\"\n";

#[test]
fn a_payload_is_read_by_places_with_units_scale_and_offset() {
    let mapping = mapping(
        r#"
        device = "/dev/id"
        sequence = "/n"
        time = "/at"
        time_form = "epoch_s"
        [[fields]]
        at = "/levels/1"
        quantity = "stage_m"
        unit = "mm"
        scale = -1.0
        offset = 4000.0
        [[fields]]
        at = "/t"
        quantity = "air_temp_c"
        unit = "[degF]"
        missing = [-999]
        [[fields]]
        at = "/batt"
        quantity = "battery_v"
        unit = "mV"
        "#,
    );
    let decoded = read(
        &mapping,
        "any",
        r#"{"dev":{"id":17},"n":41,"at":1772337600,"levels":[9,2070],"t":-999,"batt":null,"rssi":-70}"#,
    );
    assert_eq!(decoded.misread, []);
    assert_eq!(
        decoded.claims,
        [Claim { quantity: Quantity::StageM, value: 1.93, read_at: Some(at("2026-03-01T04:00:00Z")) }]
    );
    assert_eq!((decoded.device.as_deref(), decoded.sequence), (Some("17"), Some(41)));
}

#[test]
fn a_bare_number_gets_device_and_quantity_from_its_topic() {
    let mapping = mapping(
        r#"
        payload = "text"
        topic = "sensors/{device}/{quantity}"
        decimal_comma = true
        [[fields]]
        named = "pegel"
        quantity = "stage_m"
        unit = "cm"
        [[fields]]
        quantity = "air_temp_c"
        unit = "Cel"
        "#,
    );
    for (topic, payload, quantity, value) in [
        ("sensors/b3/pegel", "193", Quantity::StageM, 1.93),
        ("sensors/b3/pegel", "۱۹۳٫۵", Quantity::StageM, 1.935),
        ("sensors/b3/air_temp_c", " -4,5\n", Quantity::AirTempC, -4.5),
    ] {
        let decoded = read(&mapping, topic, payload);
        assert_eq!(decoded.claims, [Claim { quantity, value, read_at: None }], "{topic} {payload}");
        assert_eq!(decoded.device.as_deref(), Some("b3"));
    }
    assert_eq!(read(&mapping, "sensors/b3/humidity", "40").misread[0].reason, Reason::UnknownQuantity);
    for topic in ["sensors/b3", "sensors/b3/pegel/x", "probes/b3/pegel", ""] {
        assert_eq!(read(&mapping, topic, "1").misread[0].reason, Reason::BadTopic, "{topic}");
    }
    for payload in ["", "high", "NaN", "1,2,3"] {
        let decoded = read(&mapping, "sensors/b3/pegel", payload);
        assert!(decoded.claims.is_empty(), "{payload}");
        assert_eq!(decoded.misread[0].reason, Reason::BadPayload, "{payload}");
    }
}

#[test]
fn records_have_their_own_times_and_one_device() {
    let mapping = mapping(&format!(
        "records = \"/data\"\ndevice = \"/dev\"\ntime = \"/t\"\ntime_form = \"local\"\ntime_zone = \"Asia/Tehran\"\n{FIELD}"
    ));
    let decoded = read(
        &mapping,
        "",
        r#"{"dev":"g1","data":[{"t":"2026-03-01T07:30:00","level":193},{"t":"bad","level":1},{"level":2},{"t":"2026-03-01T07:31:00","level":"۱۹۵"}]}"#,
    );
    let told: Vec<_> = decoded.claims.iter().map(|claim| (claim.value, claim.read_at)).collect();
    assert_eq!(told, [(1.93, Some(at("2026-03-01T04:00:00Z"))), (1.95, Some(at("2026-03-01T04:01:00Z")))]);
    assert_eq!(decoded.misread.len(), 2, "{decoded:?}");

    let several = read(
        &mapping,
        "",
        r#"{"data":[{"dev":"g1","t":"2026-03-01T07:30:00","level":193},{"dev":"g2","t":"2026-03-01T07:30:00","level":5}]}"#,
    );
    assert!(several.claims.is_empty(), "whose they are can't be known");
    assert!(several.misread[0].detail.contains("several devices"), "{several:?}");
    assert!(read(&mapping, "", r#"{"data":{"level":1}}"#).claims.is_empty());
    let many = format!(r#"{{"dev":"g1","data":[{}]}}"#, vec!["{}"; 101].join(","));
    assert_eq!(read(&mapping, "", &many).misread[0].reason, Reason::TooMany);
}

#[test]
fn a_topic_and_a_payload_that_name_two_devices_are_refused() {
    let mapping = mapping(&format!("topic = \"s/{{device}}\"\ndevice = \"/dev\"\n{FIELD}"));
    let decoded = read(&mapping, "s/g1", r#"{"dev":"g2","level":193}"#);
    assert!(decoded.claims.is_empty());
    assert!(decoded.misread[0].detail.contains("“g1” and “g2”"), "{decoded:?}");
    assert_eq!(read(&mapping, "s/g1", r#"{"dev":"g1","level":193}"#).claims.len(), 1);
    assert!(read(&mapping, "s/g1", r#"{"level":193}"#).misread[0].detail.contains("missing"));
}

#[test]
fn a_message_without_any_of_the_fields_says_so() {
    let decoded = read(&mapping(FIELD), "", r#"{"config":1}"#);
    assert_eq!(decoded.misread[0].reason, Reason::UnknownQuantity);
    // Null is the device's word for “no value”, and no fault.
    assert_eq!(read(&mapping(FIELD), "", r#"{"level":null}"#), Decoded::default());
    assert!(read(&mapping(FIELD), "", r#"{"level":{}}"#).misread[0].detail.contains("“/level”"));
}

#[test]
fn every_fault_of_a_mapping_is_listed_at_once() {
    let faults = Mapping::new(
        &settings(
            r#"
            payload = "xml"
            topic = "a/{device}/{device}"
            records = "data"
            time = "t"
            time_form = "local"
            time_zone = "Asia/Hamadan"
            [[fields]]
            at = "level"
            quantity = "humidity"
            unit = "%"
            scale = 0.0
            [[fields]]
            at = "/t"
            named = "x"
            quantity = "stage_m"
            unit = "hPa"
            offset = inf
            "#,
        ),
        false,
    )
    .expect_err("a faulty mapping");
    let keys: Vec<_> = faults.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "payload",
            "topic",
            "records",
            "time",
            "time_zone",
            "fields[0].at",
            "fields[0].quantity",
            "fields[0].scale",
            "fields[1].unit",
            "fields[1].offset",
            "fields[1].named"
        ]
    );
    let refused = |text: &str| Mapping::new(&settings(text), false).expect_err("a faulty mapping").remove(0).0;
    assert_eq!(refused(""), "fields");
    assert_eq!(refused(&format!("time_form = \"none\"\ntime = \"/t\"\n{FIELD}")), "time");
    assert_eq!(refused(&format!("time_zone = \"UTC\"\n{FIELD}")), "time_zone");
    assert_eq!(refused(&format!("payload = \"text\"\ndevice = \"/d\"\n{FIELD}")), "payload");
    assert_eq!(refused(&format!("{FIELD}{FIELD}")), "fields");
}
