//! SenML CBOR beside SenML JSON: the examples of RFC 8428, and bytes of every kind.
//! Run with the unit tests of `cbor`.
//! The hexadecimal payloads were written by cbor2 6.3 from the JSON beside them, with the labels of RFC 8428, table 6.

use jiff::Timestamp;
use minicbor::Encoder;
use proptest::prelude::*;

use super::*;
use crate::sensors::decode::{Decoded, json, senml};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

fn now() -> Timestamp {
    "2026-03-01T04:00:00Z".parse().expect("a time")
}

fn decoded(records: &[Record]) -> Decoded {
    senml::decode(records, now())
}

/// RFC 8428, 5.1.1 to 5.1.5: single, multiple, with a history, with places, with other kinds of values.
const EXAMPLES: [(&str, &str); 5] = [
    (
        r#"[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]"#,
        "81a300781b75726e3a6465763a6f773a31306532303733613031303830303633016343656c02fb403719999999999a",
    ),
    (
        r#"[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]"#,
        "82a421781c75726e3a6465763a6f773a313065323037336130313038303036333a0067766f6c7461676501615602fb405e066666666666a3006763757272656e7401614102fb3ff3333333333333",
    ),
    (
        r#"[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
        {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","t":-3,"v":1.4},
        {"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},{"n":"current","v":1.7}]"#,
        "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102fb3ff8000000000000a3006763757272656e74062002fb3ff999999999999aa2006763757272656e7402fb3ffb333333333333",
    ),
    (
        r#"[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},{"u":"lon","v":24.30621},
        {"u":"lat","v":60.07965},{"t":60,"v":20.3},{"u":"lon","t":60,"v":24.30622},{"u":"lat","t":60,"v":60.07965}]"#,
        "86a421781b75726e3a6465763a6f773a3130653230373361303130383030363322fb41d3aba86200000023632552480214a201636c6f6e02fb40384e63c74fb54aa201636c617402fb404e0a31f8a0902ea206183c02fb40344ccccccccccda301636c6f6e06183c02fb40384e646f156191a301636c617406183c02fb404e0a31f8a0902e",
    ),
    (
        r#"[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},
        {"n":"open","vb":false},{"n":"nfc-reader","vd":"aGkgCg"}]"#,
        "84a421781c75726e3a6465763a6f773a313065323037336130313038303036333a006474656d70016343656c02fb403719999999999aa200656c6162656c036c4d616368696e6520526f6f6da200646f70656e04f4a2006a6e66632d72656164657208446869200a",
    ),
];

#[test]
fn the_examples_of_rfc_8428_mean_the_same_in_both_representations() {
    for (text, hex) in EXAMPLES {
        let of_json = json::read(text.as_bytes(), 100).expect("JSON").records;
        let of_cbor = read(&bytes(hex), 100).expect("CBOR");
        // The names of the examples are none of ours; everything else must be the same, faults included.
        assert_eq!(decoded(&of_cbor), decoded(&of_json), "{text}");
        assert_eq!(of_cbor.len(), of_json.len());
        for (left, right) in of_cbor.iter().zip(&of_json) {
            let without_data = |record: &Record| {
                record.0.iter().filter(|(name, _)| name != "vd").cloned().collect::<std::collections::BTreeMap<_, _>>()
            };
            assert_eq!(format!("{:?}", without_data(left)), format!("{:?}", without_data(right)), "{text}");
        }
    }
}

#[test]
fn a_gauge_of_ours_in_cbor_with_decimal_fractions_and_half_floats() {
    // [{bn, bt: 4([-2, 177233760025]), bu: "m", n: "stage", v: 4([-2, 193])}, {n: "stage", t: -60, v: 1.5}, {n: "air_temp", u: "Cel", v: -4}, {u: "lat", v: 34.8}]
    for hex in [
        "84a521781d75726e3a6465763a6d61633a303032346265666666653830346666313a22c482211b0000002943f48f1923616d0065737461676502c4822118c1a30065737461676506383b02fb3ff8000000000000a300686169725f74656d70016343656c0223a201636c617402fb4041666666666666",
        "84a50065737461676502c4822118c121781d75726e3a6465763a6d61633a303032346265666666653830346666313a22c482211b0000002943f48f1923616da30065737461676502f93e0006383ba300686169725f74656d70016343656c0223a201636c617402fb4041666666666666",
    ] {
        let records = read(&bytes(hex), 100).expect("CBOR");
        let decoded = decoded(&records);
        assert_eq!(decoded.misread, []);
        let told: Vec<_> =
            decoded.claims.iter().map(|claim| (claim.value, claim.read_at.map(|at| at.to_string()))).collect();
        let at = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                (1.93, at("2026-03-01T04:00:00.25Z")),
                (1.5, at("2026-03-01T03:59:00.25Z")),
                (-4.0, at("2026-03-01T04:00:00.25Z"))
            ]
        );
        assert_eq!(senml::device(&records), Ok(Some("urn:dev:mac:0024befffe804ff1".into())));
    }
}

#[test]
fn times_below_two_to_the_28_are_relative_to_now() {
    for (secs, wanted) in [
        (0.0, "2026-03-01T04:00:00Z"),
        (-60.0, "2026-03-01T03:59:00Z"),
        (268_435_456.0, "1978-07-04T21:24:16Z"),
        (268_435_455.0, "2034-09-02T01:24:15Z"),
    ] {
        let mut cbor = Encoder::new(Vec::new());
        cbor.array(1)
            .and_then(|cbor| cbor.map(3))
            .and_then(|cbor| cbor.i8(0)?.str("stage_m")?.i8(2)?.f64(1.0)?.i8(6)?.f64(secs))
            .expect("CBOR");
        let records = read(cbor.writer(), 100).expect("CBOR");
        assert_eq!(decoded(&records).claims[0].read_at, Some(wanted.parse().expect("a time")), "{secs}");
    }
}

#[test]
fn what_is_not_senml_cbor_is_refused_by_name() {
    for (hex, told) in [
        ("", "end of input"),
        ("a0", "expected array"),
        ("8100", "expected map"),
        ("81a10001", ""),
        ("81a2006173006174", "stands twice"),
        ("81a2616e61736176", "must be an integer"),
        ("81a1f60001", "a label is"),
        ("81a0ff", "bytes after its end"),
        ("81a102c48101", "not a pair"),
        ("9f", "end of input"),
        ("9b7fffffffffffffff", "end of input"),
        ("81bb7fffffffffffffff", "end of input"),
    ] {
        match read(&bytes(hex), 100) {
            Ok(records) => assert!(told.is_empty(), "{hex}: {records:?}"),
            Err(fault) => assert!(!told.is_empty() && fault.detail.contains(told), "{hex}: {fault:?}"),
        }
    }
    // A field that must be understood is a text that ends with “_”; an unknown integer need not be.
    let must =
        read(&bytes("81a300677374616765 5f6d02 01 656d7573745f01".replace(' ', "").as_str()), 100).expect("CBOR");
    assert!(decoded(&must).misread[0].detail.contains("must be understood"));
    let unknown = read(&bytes("81a30067737461 67655f6d0201182a01".replace(' ', "").as_str()), 100).expect("CBOR");
    assert_eq!(decoded(&unknown).claims.len(), 1);
    let mut many = vec![0x98, 101];
    many.extend(vec![0xa0; 101]);
    assert_eq!(read(&many, 100).expect_err("too many").reason, Reason::TooMany);
    let nested = format!("81a102{}01", "81".repeat(100_000));
    let nested = read(&bytes(&nested), 100).expect("nesting costs no stack");
    assert_eq!(nested[0].field("v"), Some(&Scalar::Nested));
}

fn record() -> impl Strategy<Value = Vec<(usize, Scalar)>> {
    let scalar = prop_oneof![
        (-1e12_f64..1e12).prop_map(Scalar::Number),
        (-1000_i32..1000).prop_map(|number| Scalar::Number(f64::from(number))),
        "[a-z:/_]{0,12}".prop_map(Scalar::Text),
        any::<bool>().prop_map(Scalar::Bool),
        Just(Scalar::Null),
    ];
    prop::collection::btree_map(0..LABELS.len(), scalar, 0..8).prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    /// Whatever a record says, both representations of it mean the same.
    #[test]
    fn cbor_and_json_mean_the_same(records in prop::collection::vec(record(), 0..6)) {
        let mut cbor = Encoder::new(Vec::new());
        cbor.array(records.len() as u64).expect("memory");
        let mut objects = Vec::new();
        for record in &records {
            cbor.map(record.len() as u64).expect("memory");
            let mut object = serde_json::Map::new();
            for (label, scalar) in record {
                let (number, name) = LABELS[*label];
                cbor.i64(number).expect("memory");
                let value = match scalar {
                    Scalar::Number(number) => {
                        cbor.f64(*number).expect("memory");
                        serde_json::json!(number)
                    }
                    Scalar::Text(text) => {
                        cbor.str(text).expect("memory");
                        serde_json::json!(text)
                    }
                    Scalar::Bool(value) => {
                        cbor.bool(*value).expect("memory");
                        serde_json::json!(value)
                    }
                    Scalar::Null | Scalar::Nested => {
                        cbor.null().expect("memory");
                        serde_json::Value::Null
                    }
                };
                object.insert(name.to_owned(), value);
            }
            objects.push(serde_json::Value::Object(object));
        }
        let of_cbor = read(cbor.writer(), 100).expect("CBOR");
        let text = serde_json::to_string(&objects).expect("JSON");
        let of_json = json::read(text.as_bytes(), 100).expect("JSON").records;
        prop_assert_eq!(decoded(&of_cbor), decoded(&of_json), "{}", text);
        prop_assert_eq!(senml::device(&of_cbor), senml::device(&of_json));
    }

    #[test]
    fn no_bytes_panic(payload in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(records) = read(&payload, 100) {
            let _ = senml::device(&records);
            prop_assert!(decoded(&records).claims.iter().all(|claim| claim.value.is_finite()));
        }
    }
}
