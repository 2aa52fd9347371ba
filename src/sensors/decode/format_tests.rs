//! Formats from the configuration: every fault at once, and the same promises for each of them.
//! Run with the unit tests of `format`.
//! The decoders themselves are judged beside their code.

use proptest::prelude::*;

use super::*;
use crate::sensors::quantity::Quantity;

#[derive(serde::Deserialize)]
struct Settings {
    #[serde(default)]
    formats: BTreeMap<String, settings::Format>,
    #[serde(default)]
    mappings: BTreeMap<String, settings::Mapping>,
}

fn formats(text: &str) -> Result<Formats, Vec<(String, String)>> {
    let given: Settings = toml::from_str(text).expect("TOML of formats");
    let is_code = |code: &str| code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    Formats::new(&given.formats, &given.mappings, is_code)
}

const EVERY: &str = r#"
    [formats.a]
    format = "hamyar"
    sensors = ["own-1"]
    [formats.b]
    format = "senml"
    sensors = ["senml-1"]
    [formats.c]
    format = "senml_cbor"
    topic = "cbor/+"
    [formats.d]
    format = "mapped"
    topic = "s/+"
    mapping = "any"
    [formats.e]
    format = "sensorthings"
    topic = "v1.1/#"
    mapping = "named"
    [formats.f]
    format = "chirpstack"
    topic = "application/+/device/+/event/+"
    mapping = "any"
    account = "chirpstack"
    devices = { A84041FFFF123456 = "bridge-3" }
    [formats.g]
    format = "the_things_stack"
    topic = "v3/+/devices/+/up"
    [formats.h]
    format = "sparkplug_b"
    topic = "spBv1.0/#"
    mapping = "named"
    [formats.i]
    format = "tasmota"
    topic = "tele/+/+"
    mapping = "any"
    time_zone = "Asia/Tehran"
    [mappings.any]
    [[mappings.any.fields]]
    at = "/level"
    quantity = "stage_m"
    unit = "m"
    [mappings.named]
    [[mappings.named.fields]]
    at = "999"
    quantity = "stage_m"
    unit = "m"
"#;

#[test]
fn every_format_can_be_configured() {
    let all = formats(EVERY).expect("right formats");
    assert_eq!(all.sources().len(), WORDS.len());
    assert_eq!(all.of_sensor("senml-1").map(|source| source.name.as_str()), Some("b"));
    assert!(all.of_sensor("bridge-3").is_none());
    let chirpstack = &all.sources()[5];
    assert_eq!(chirpstack.sensor_of("a84041ffff123456"), "bridge-3", "as ChirpStack writes it");
    assert_eq!(chirpstack.sensor_of("roof-1"), "roof-1", "a device may bear its sensor's code");
    assert_eq!(formats("").expect("none").sources().len(), 0);
}

#[test]
fn every_fault_of_every_format_is_listed_at_once() {
    let faults = formats(
        r#"
        [formats.a]
        format = "xml"
        topic = "a/#/b"
        [formats.b]
        format = "chirpstack"
        account = "y"
        [formats.c]
        format = "tasmota"
        sensors = ["x"]
        mapping = "m"
        [formats.cc]
        format = "senml_cbor"
        sensors = ["x", "Bridge 3"]
        [formats.d]
        format = "mapped"
        mapping = "nowhere"
        [formats.e]
        format = "senml"
        topic = "e"
        mapping = "m"
        time_zone = "UTC"
        [formats.f]
        format = "the_things_stack"
        [mappings.m]
        [[mappings.m.fields]]
        at = "/x"
        quantity = "stage_m"
        unit = "hPa"
        [mappings.unused]
        "#,
    )
    .expect_err("faulty formats");
    let keys: Vec<_> = faults.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "sensors.formats.a.format",
            "sensors.formats.a.topic",
            "sensors.formats.b.account",
            "sensors.formats.b.mapping",
            "sensors.formats.b.topic",
            "sensors.formats.c.sensors",
            "sensors.formats.c.time_zone",
            "sensors.formats.cc.sensors",
            "sensors.formats.cc.sensors",
            "sensors.formats.d.mapping",
            "sensors.formats.e.time_zone",
            "sensors.formats.f.topic",
            "sensors.mappings.m.fields[0].unit",
            "sensors.mappings.unused",
        ]
    );
}

#[test]
fn a_senml_pack_of_several_devices_is_refused_where_it_names_the_device() {
    let mut memory = Memory::default();
    let mut read = |payload: &str| {
        let message = Message { topic: "", payload: payload.as_bytes() };
        Format::Senml.decode(message, Timestamp::UNIX_EPOCH, 100, &mut memory)
    };
    let one = read(r#"[{"bn":"g1/","n":"stage_m","v":1},{"n":"air_temp_c","v":2},{"u":"lat","v":34}]"#);
    assert_eq!((one.device.as_deref(), one.claims.len()), (Some("g1"), 2));
    assert_eq!(one.claims[0].quantity, Quantity::StageM);
    let two = read(r#"[{"bn":"g1/","n":"stage_m","v":1},{"bn":"g2/","n":"stage_m","v":2}]"#);
    assert!(two.claims.is_empty() && two.misread[0].detail.contains("“g1” and “g2”"), "{two:?}");
}

fn topic() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "s/x",
        "v1.1/Datastreams(999)/Observations",
        "v1.1/Observations",
        "application/a/device/a84041ffff123456/event/up",
        "application/a/device/a84041ffff123456/event/status",
        "v3/a@b/devices/d/up",
        "spBv1.0/g/NBIRTH/e",
        "spBv1.0/g/DDATA/e/d",
        "tele/t/SENSOR",
        "tele/t/LWT",
        "",
    ])
    .prop_map(str::to_owned)
}

fn json_like() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"level\"",
        "\"result\"",
        "\"object\"",
        "\"deviceInfo\"",
        "\"devEui\"",
        "\"a84041ffff123456\"",
        "\"uplink_message\"",
        "\"normalized_payload\"",
        "\"Time\"",
        "\"2026-03-01T07:30:00\"",
        "\"phenomenonTime\"",
        "\"Datastream\"",
        "\"@iot.id\"",
        "999",
        "null",
        "true",
        "1e308",
        "-1e999",
        "\"۱٫۹\"",
        "0.1",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat().into_bytes())
}

proptest! {
    #[test]
    fn no_format_panics_and_none_gives_more_than_it_may(
        topic in topic(),
        payload in prop_oneof![prop::collection::vec(any::<u8>(), 0..300), json_like()],
    ) {
        let mut memory = Memory::default();
        for source in formats(EVERY).expect("right formats").sources() {
            let message = Message { topic: &topic, payload: &payload };
            let decoded = source.format.decode(message, Timestamp::UNIX_EPOCH, 10, &mut memory);
            prop_assert!(decoded.claims.len() <= 10 && decoded.misread.len() <= 8);
            prop_assert!(decoded.claims.iter().all(|claim| claim.value.is_finite()), "{}", source.name);
        }
    }
}
