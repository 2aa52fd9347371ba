//! Reads payloads: what a device claims, in our quantities and units, before it is known whose it is.
//! Used by `accept` and by `hamyar sensor try`. Our own format needs no configuration (a JSON array whose records have `n` or `bn` is SenML,
//! anything else is plain); formats of others are chosen by it.
//! Whatever bytes come, the answer is claims and faults by name; nothing is guessed and nothing panics.

mod format; // Which format a message has.

mod cbor;
mod json; // Flat records.
mod plain; // Our own JSON.
mod senml; // RFC 8428. // The same in CBOR.

mod mapping; // Any shape, by configuration.
mod text; // Numbers and times as texts.
mod tree; // JSON of any shape.
mod units; // UCUM.

mod chirpstack; // LoRaWAN by ChirpStack.
mod sensorthings; // OGC SensorThings.
mod sparkplug; // Sparkplug B.
mod tasmota; // Tasmota.
mod things_stack; // LoRaWAN by The Things Stack.

mod counter; // From a counter of rain to rain.

use jiff::Timestamp;

use self::json::Records;
use super::{quantity::Quantity, reason::Reason};

pub use counter::{Rain, RainCounter};
pub use format::{Format, Formats, Memory, Source};
pub use sparkplug::Rebirth;

/// One value as a device claims it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// What was measured.
    pub quantity: Quantity,
    /// In the unit of the quantity; finite.
    pub value: f64,
    /// When the device says it measured; none when it says nothing, and then it is when the message came.
    pub read_at: Option<Timestamp>,
}

/// What could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// Of what kind.
    pub reason: Reason,
    /// Which field, and what it should be.
    pub detail: String,
}

impl Misread {
    fn payload(detail: impl Into<String>) -> Self {
        Self { reason: Reason::BadPayload, detail: detail.into() }
    }

    fn quantity(detail: impl Into<String>) -> Self {
        Self { reason: Reason::UnknownQuantity, detail: detail.into() }
    }
}

/// A message as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Where to.
    pub topic: &'a str,
    /// What.
    pub payload: &'a [u8],
}

/// Whether a device says that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It came.
    Online,
    /// It left, or its broker lost it.
    Offline,
}

/// What a payload holds: good values are taken even when others beside them can't be read.
///
/// Beside claims and faults it is what a message says of itself; whether that is true is for whoever knows the account that brought it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// What was claimed.
    pub claims: Vec<Claim>,
    /// What could not be read.
    pub misread: Vec<Misread>,
    /// Who it says it is from, in the format's own words; our own format leaves that to the topic.
    pub device: Option<String>,
    /// The message's own id, the same when it is brought again.
    pub message_id: Option<String>,
    /// The number by which the device counts its messages.
    pub sequence: Option<u64>,
    /// What is left of the battery, 0 to 100 percent: no quantity of ours, because no voltage follows from it.
    pub battery_percent: Option<f64>,
    /// Whether the device says that it is there.
    pub presence: Option<Presence>,
    /// That its edge node should tell everything anew.
    pub rebirth: Option<Rebirth>,
}

/// At most so many faults of one message are told.
const MISREAD_MAX: usize = 8;

/// Reads a payload in our own format. `now` is what relative times of SenML count from; `records_max` bounds records and values.
pub fn decode(payload: &[u8], now: Timestamp, records_max: usize) -> Decoded {
    let mut decoded = match json::read(payload, records_max) {
        Ok(Records { is_list: true, records }) if senml::is_senml(&records) => senml::decode(&records, now),
        Ok(Records { records, .. }) => plain::decode(&records),
        Err(fault) => Decoded { misread: vec![fault], ..Decoded::default() },
    };
    decoded = bounded(decoded, records_max);
    if decoded.claims.is_empty() && decoded.misread.is_empty() {
        decoded.misread.push(Misread::payload("there is no value in it"));
    }
    decoded
}

/// What was read, when it is not too much.
fn bounded(mut decoded: Decoded, records_max: usize) -> Decoded {
    if decoded.claims.len() > records_max {
        let detail = format!("{} values in one message; at most {records_max}", decoded.claims.len());
        decoded.claims.clear();
        decoded.misread = vec![Misread { reason: Reason::TooMany, detail }];
    }
    decoded.misread.truncate(MISREAD_MAX);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        "2026-03-01T04:00:00Z".parse().expect("a time")
    }

    fn read(payload: &str) -> Decoded {
        decode(payload.as_bytes(), now(), 100)
    }

    #[test]
    fn an_empty_payload_and_an_empty_list_say_what_is_missing() {
        for payload in ["", "{}", "[]", "null", "1.93", "\"x\"", "[[]]", "[1]", "{\"t\":1}"] {
            let decoded = read(payload);
            assert!(decoded.claims.is_empty() && decoded.misread.len() == 1, "{payload}: {decoded:?}");
        }
    }

    #[test]
    fn too_many_records_are_refused_as_a_whole() {
        let record = r#"{"t":1772337600000,"stage_m":1}"#;
        let payload = format!("[{}]", vec![record; 101].join(","));
        assert_eq!(read(&payload).misread[0].reason, Reason::TooMany);
        let payload = format!("[{}]", vec![record; 100].join(","));
        assert_eq!(read(&payload).claims.len(), 100);
    }

    fn json_like() -> impl Strategy<Value = String> {
        let word = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"t\"",
            "\"stage_m\"",
            "\"n\"",
            "\"bn\"",
            "\"v\"",
            "\"bt\"",
            "\"u\"",
            "\"bu\"",
            "\"vs\"",
            "\"m\"",
            "\"rain\"",
            "null",
            "true",
            "NaN",
            "1e308",
            "-1e999",
            "1772337600000",
            "\"۱٫۹\"",
            "\"2026-03-01T04:00:00Z\"",
            "\"\\ud800\"",
            "0.1",
        ]);
        prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_panic(payload in prop::collection::vec(any::<u8>(), 0..400)) {
            let decoded = decode(&payload, now(), 100);
            prop_assert!(decoded.claims.iter().all(|claim| claim.value.is_finite()));
        }

        #[test]
        fn no_text_that_looks_like_a_payload_panics(payload in json_like()) {
            let decoded = decode(payload.as_bytes(), now(), 100);
            prop_assert!(decoded.claims.iter().all(|claim| claim.value.is_finite()));
            prop_assert!(!(decoded.claims.is_empty() && decoded.misread.is_empty()));
        }

        #[test]
        fn a_value_of_fourteen_digits_comes_through_to_the_last_bit(whole in -4_i32..30, decimals in 0_u64..1_000_000_000_000) {
            // serde_json is exact to fifteen digits and may miss the last bit of seventeen, which no gauge has.
            let text = format!("{whole}.{decimals:012}");
            let decoded = read(&format!("{{\"t\":1772337600000,\"stage_m\":{text}}}"));
            let wanted: f64 = text.parse().expect("a number");
            prop_assert_eq!(decoded.claims[0].value.to_bits(), wanted.to_bits(), "{}", text);
        }
    }
}
