//! Sparkplug B: births, aliases, gaps, deaths, and bytes of every kind.
//! Run with the unit tests of the decoder.
//! The hexadecimal payloads were written by pysparkplug 0.6.1 (the last by its generated protobuf classes).

use proptest::prelude::*;

use super::*;
use crate::{config::formats as settings, sensors::quantity::Quantity};

const NBIRTH: &str = "0880acb6bcca3312120a0562645365711880acb6bcca332004580412210a144e6f646520436f6e74726f6c2f526562697274681880acb6bcca33200b700012170a074261747465727910011880acb6bcca33200650901c1800";
const DBIRTH: &str = "0880acb6bcca3312210a0b57617465722f4c6576656c10021880acb6bcca33200a69e17a14ae47e1fe3f121f0a0f4169722f54656d706572617475726510031880acb6bcca33200150fb01121a0a054c6162656c10041880acb6bcca33200c7a066272696467651801";
const DDATA: &str = "08e080babcca331212100218e080babcca3369333333333333ff3f120e100318b096b8bcca33280150fa011802";
const DDATA_NULL: &str = "08c0d5bdbcca33120b100218c0d5bdbcca3338011803";
const NDEATH: &str = "0880acb6bcca3312120a0562645365711880acb6bcca3320045804";
const NCMD_REBIRTH: &str = "0880acb6bcca3312210a144e6f646520436f6e74726f6c2f526562697274681880acb6bcca33200b7001";
/// A level of 193 with the property engUnit = cm.
const DDATA_UNIT: &str = "0880acb6bcca33124d0a0b57617465722f4c6576656c10021880acb6bcca33200a420742056c6576656c4a210a075175616c6974790a07656e67556e69741205080318c0011206080c4202636d6900000000002068401801";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

fn mapping(level_unit: &str) -> Mapping {
    let text = format!(
        r#"
        [[fields]]
        at = "Water/Level"
        quantity = "stage_m"
        unit = "{level_unit}"
        [[fields]]
        at = "Air/Temperature"
        quantity = "air_temp_c"
        unit = "Cel"
        [[fields]]
        at = "Battery"
        quantity = "battery_v"
        unit = "mV"
        "#
    );
    let given: settings::Mapping = toml::from_str(&text).expect("a mapping");
    Mapping::new(&given, true).expect("a right mapping")
}

struct Host {
    edges: Edges,
    mapping: Mapping,
}

impl Host {
    fn new() -> Self {
        Self { edges: Edges::default(), mapping: mapping("m") }
    }

    fn hears_bytes(&mut self, topic: &str, payload: &[u8]) -> Decoded {
        decode(Message { topic, payload }, &self.mapping, &mut self.edges, 100)
    }

    fn hears(&mut self, kind: &str, hex: &str) -> Decoded {
        let device = if kind.starts_with('D') { "/bridge-3" } else { "" };
        self.hears_bytes(&format!("spBv1.0/streams/{kind}/north{device}"), &bytes(hex))
    }

    /// A value of an alias alone, as the device sends after its birth.
    fn hears_level(&mut self, seq: u64, level: f64) -> Decoded {
        let metric = Metric { alias: Some(2), value: Some(Value::Double(level)), ..Metric::default() };
        let payload = Payload { timestamp: Some(1_772_337_600_000), metrics: vec![metric], seq: Some(seq) };
        self.hears_bytes("spBv1.0/streams/DDATA/north/bridge-3", &wire::write(&payload))
    }
}

fn told(decoded: &Decoded) -> Vec<(Quantity, f64, String)> {
    let at = |claim: &Claim| claim.read_at.map(|at| at.to_string()).unwrap_or_default();
    decoded.claims.iter().map(|claim| (claim.quantity, claim.value, at(claim))).collect()
}

#[test]
fn births_give_values_and_what_aliases_stand_for() {
    let mut host = Host::new();
    let born = host.hears("NBIRTH", NBIRTH);
    assert_eq!(told(&born), [(Quantity::BatteryV, 3.6, "2026-03-01T04:00:00Z".into())]);
    assert_eq!((born.device.as_deref(), born.presence), (Some("streams/north"), Some(Presence::Online)));
    let born = host.hears("DBIRTH", DBIRTH);
    assert_eq!(
        told(&born),
        [
            (Quantity::StageM, 1.93, "2026-03-01T04:00:00Z".into()),
            (Quantity::AirTempC, -5.0, "2026-03-01T04:00:00Z".into())
        ]
    );
    assert_eq!(born.device.as_deref(), Some("streams/north/bridge-3"));

    let data = host.hears("DDATA", DDATA);
    // The second is historical: it has a time of its own.
    assert_eq!(
        told(&data),
        [
            (Quantity::StageM, 1.95, "2026-03-01T04:01:00Z".into()),
            (Quantity::AirTempC, -6.0, "2026-03-01T04:00:30Z".into())
        ]
    );
    assert_eq!((data.sequence, data.rebirth, data.misread), (Some(2), None, vec![]));
    let null = host.hears("DDATA", DDATA_NULL);
    assert!(null.claims.is_empty() && null.misread.is_empty() && null.rebirth.is_none(), "{null:?}");
}

#[test]
fn a_node_that_was_never_heard_is_asked_for_its_birth() {
    let mut host = Host::new();
    let data = host.hears("DDATA", DDATA);
    assert!(data.claims.is_empty(), "aliases stand for nothing yet");
    assert_eq!(data.misread.len(), 2);
    let rebirth = data.rebirth.expect("a wish");
    assert_eq!(rebirth.topic, "spBv1.0/streams/NCMD/north");
    let now = "2026-03-01T04:00:00Z".parse().expect("a time");
    assert_eq!(Rebirth::payload(now), bytes(NCMD_REBIRTH), "as pysparkplug writes it");
}

#[test]
fn after_a_gap_aliases_are_not_believed_until_the_next_birth() {
    let mut host = Host::new();
    host.hears("NBIRTH", NBIRTH);
    host.hears("DBIRTH", DBIRTH);
    assert_eq!(host.hears_level(2, 1.9).claims.len(), 1);
    assert_eq!(host.hears_level(2, 1.9).rebirth, None, "the broker brought it twice");
    let gap = host.hears_level(5, 1.9);
    assert!(gap.claims.is_empty() && gap.rebirth.is_some(), "{gap:?}");
    assert!(host.hears_level(6, 1.9).claims.is_empty(), "still not whole");
    // A value under its name means the same whatever was missed.
    assert_eq!(host.hears("DBIRTH", DBIRTH).claims.len(), 2);
    host.hears("NBIRTH", NBIRTH);
    host.hears("DBIRTH", DBIRTH);
    assert_eq!(host.hears_level(2, 1.9).rebirth, None);
    for seq in 3..=300 {
        let data = host.hears_level(seq % 256, 1.9);
        assert!(data.rebirth.is_none() && data.claims.len() == 1, "{seq}: 0 follows 255");
    }
}

#[test]
fn a_death_counts_only_for_the_session_that_it_was_set_for() {
    let mut host = Host::new();
    host.hears("NBIRTH", NBIRTH);
    host.hears("DBIRTH", DBIRTH);
    let stale = bytes(NDEATH).iter().enumerate().map(|(at, byte)| if at == 26 { 3 } else { *byte }).collect::<Vec<_>>();
    let will = host.hears_bytes("spBv1.0/streams/NDEATH/north", &stale);
    assert_eq!(will.presence, None, "the will of an earlier session");
    assert_eq!(host.hears_level(2, 1.9).claims.len(), 1);
    assert_eq!(host.hears("DDEATH", "0880acb6bcca331803").presence, Some(Presence::Offline));
    let death = host.hears("NDEATH", NDEATH);
    assert_eq!((death.presence, death.sequence), (Some(Presence::Offline), None));
    assert!(host.hears_level(4, 1.9).rebirth.is_some(), "what was known of it is gone");
}

#[test]
fn a_unit_that_contradicts_the_mapping_is_refused_by_name() {
    let mut host = Host::new();
    let refused = host.hears("DDATA", DDATA_UNIT);
    assert!(refused.claims.is_empty());
    assert!(refused.misread[0].detail.contains("“cm”, the mapping's “m”"), "{refused:?}");
    host.mapping = mapping("cm");
    assert_eq!(host.hears("DDATA", DDATA_UNIT).claims[0].value.to_string(), "1.93");
}

#[test]
fn a_value_that_does_not_fit_its_type_is_refused() {
    let mut host = Host::new();
    let mut hears = |datatype, value| {
        let metric =
            Metric { name: Some("Air/Temperature"), datatype: Some(datatype), value: Some(value), ..Metric::default() };
        let payload = Payload { timestamp: Some(1), metrics: vec![metric], seq: Some(0) };
        host.hears_bytes("spBv1.0/g/NBIRTH/e", &wire::write(&payload))
    };
    for (datatype, value, wanted) in [
        (1, Value::Int(0xfb), -5.0),
        (1, Value::Int(0xffff_fffb), -5.0),
        (2, Value::Int(0xfffb), -5.0),
        (3, Value::Int(0xffff_fffb), -5.0),
        (4, Value::Long(u64::MAX - 4), -5.0),
        (5, Value::Int(200), 200.0),
        (7, Value::Long(200), 200.0),
        (9, Value::Float(-4.5), -4.5),
        (12, Value::Text("۴٫۵"), 4.5),
    ] {
        assert_eq!(hears(datatype, value).claims[0].value.to_bits(), f64::to_bits(wanted), "{datatype} {value:?}");
    }
    for (datatype, value) in [
        (1, Value::Int(300)),
        (2, Value::Int(70_000)),
        (10, Value::Double(f64::NAN)),
        (10, Value::Float(1.0)),
        (11, Value::Boolean(true)),
        (12, Value::Text("cold")),
        (16, Value::Other),
        (0, Value::Int(1)),
    ] {
        let decoded = hears(datatype, value);
        assert!(decoded.claims.is_empty() && decoded.misread.len() == 1, "{datatype} {value:?}: {decoded:?}");
    }
}

#[test]
fn one_alias_for_two_metrics_stands_for_neither() {
    let mut host = Host::new();
    let metric = |name| Metric {
        name: Some(name),
        alias: Some(2),
        datatype: Some(10),
        value: Some(Value::Double(1.0)),
        ..Metric::default()
    };
    let metrics = vec![metric("Water/Level"), metric("Label")];
    let birth = Payload { timestamp: Some(1), metrics, seq: Some(0) };
    let born = host.hears_bytes("spBv1.0/streams/NBIRTH/north", &wire::write(&birth));
    assert!(born.misread[0].detail.contains("two metrics"), "{born:?}");
    assert!(host.hears_level(1, 1.9).claims.is_empty());
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut host = Host::new();
    for edge in 0..EDGES_MAX + 10 {
        host.hears_bytes(&format!("spBv1.0/g/NBIRTH/e{edge}"), &bytes(NBIRTH));
    }
    assert_eq!(host.edges.known.len(), EDGES_MAX);
    assert!(!host.edges.known.contains_key("g/e0") && host.edges.known.contains_key("g/e2009"), "the oldest go first");
    let many = Payload { metrics: vec![Metric::default(); 101], ..Payload::default() };
    let decoded = host.hears_bytes("spBv1.0/g/NDATA/e2009", &wire::write(&many));
    assert_eq!(decoded.misread[0].reason, Reason::TooMany);
}

#[test]
fn other_topics_and_commands_are_no_readings() {
    let mut host = Host::new();
    for topic in ["spBv1.0/STATE/host", "spBv1.0/g/NCMD/e", "spBv1.0/g/DCMD/e/d"] {
        assert_eq!(host.hears_bytes(topic, b"anything"), Decoded::default(), "{topic}");
    }
    for topic in
        ["", "spBv1.0/g/NDATA", "spBv1.0/g/NDATA/e/d", "spBv1.0/g/DDATA/e", "spBv1.0//NDATA/e", "spAv1.0/g/NDATA/e"]
    {
        assert_eq!(host.hears_bytes(topic, b"").misread[0].reason, Reason::BadTopic, "{topic}");
    }
}

/// A metric's fields beside its name.
type Drawn = (Option<u64>, Option<u64>, Option<u64>, bool, Option<(u8, u64)>);

fn metric_of(name: &str, (alias, timestamp, datatype, is_null, value): Drawn) -> Metric<'_> {
    let value = value.map(|(kind, bits)| match kind {
        0 => Value::Int((bits & 0xffff_ffff) as u32),
        1 => Value::Long(bits),
        2 => Value::Float((bits & 0xffff) as f32),
        3 => Value::Double(bits as f64),
        4 => Value::Boolean(bits % 2 == 0),
        5 => Value::Text(name),
        _ => Value::Other,
    });
    let unit = (bits_are_odd(timestamp)).then_some("cm");
    Metric { name: (!name.is_empty()).then_some(name), alias, timestamp, datatype, is_null, unit, value }
}

fn bits_are_odd(number: Option<u64>) -> bool {
    number.is_some_and(|number| number % 2 == 1)
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        metrics in prop::collection::vec((".{0,20}", any::<Drawn>()), 0..20),
        timestamp in any::<Option<u64>>(),
        seq in any::<Option<u64>>(),
    ) {
        let metrics: Vec<_> = metrics.iter().map(|(name, drawn)| metric_of(name, *drawn)).collect();
        let payload = Payload { timestamp, metrics, seq };
        let bytes = wire::write(&payload);
        prop_assert_eq!(wire::read(&bytes), Ok(payload));
        // A payload that ends early is one with fewer fields, or none; it never panics.
        for end in 0..bytes.len() {
            let _ = wire::read(&bytes[..end]);
        }
    }

    #[test]
    fn no_bytes_panic(messages in prop::collection::vec((0..6_usize, prop::collection::vec(any::<u8>(), 0..200)), 0..8)) {
        let mut host = Host::new();
        for (kind, payload) in messages {
            let topic = ["NBIRTH/e", "NDATA/e", "NDEATH/e", "DBIRTH/e/d", "DDATA/e/d", "DDEATH/e/d"][kind];
            let decoded = host.hears_bytes(&format!("spBv1.0/g/{topic}"), &payload);
            prop_assert!(decoded.claims.iter().all(|claim| claim.value.is_finite()));
        }
    }
}
