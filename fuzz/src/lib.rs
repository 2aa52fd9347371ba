//! The decoders of sensors' payloads without the service around them, so that they compile in a moment.
//! Used by the fuzz targets beside it; `cargo test` here runs the decoders' own tests, too.
//! The files are the service's own: nothing is copied.

/// What of the configuration the decoders know.
#[path = "../../src/config"]
pub mod config {
    pub mod formats;
}

mod store {
    macro_rules! stored_text {
        ($($name:ty),+ $(,)?) => {};
    }
    pub(crate) use stored_text;
}

/// The room of sensors, as far as decoding goes.
#[path = "../../src/sensors"]
pub mod sensors {
    pub mod decode;
    pub mod quantity;
    pub mod reason;
}

use sensors::decode::{Format, Formats, Memory, Message};

/// Records and values of one message at most, in a run.
const RECORDS_MAX: usize = 200;

/// Every format, with a mapping that finds something in the seeds.
pub fn sources() -> Formats {
    #[derive(serde::Deserialize)]
    struct Settings {
        formats: std::collections::BTreeMap<String, config::formats::Format>,
        mappings: std::collections::BTreeMap<String, config::formats::Mapping>,
    }
    let given: Settings = toml::from_str(include_str!("../formats.toml")).expect("the formats' TOML");
    Formats::new(&given.formats, &given.mappings, |_| true).expect("right formats")
}

/// What every decoder promises, whatever comes.
pub fn promises(format: &Format, topic: &str, payload: &[u8], memory: &mut Memory) {
    let now = "2026-03-01T04:00:00Z".parse().expect("a time");
    let decoded = format.decode(Message { topic, payload }, now, RECORDS_MAX, memory);
    assert!(decoded.claims.len() <= RECORDS_MAX, "claims are bounded");
    assert!(decoded.claims.iter().all(|claim| claim.value.is_finite()), "a value is a number");
    assert!(decoded.misread.len() <= 8, "faults are bounded");
    assert!(decoded.misread.iter().all(|fault| fault.detail.len() < 2_000), "a fault does not repeat what was sent");
}
