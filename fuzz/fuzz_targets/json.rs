//! Reads any bytes on any topic in every format that is JSON or text, and in our own.
//! Run by `fuzz/run json`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make a decoder panic, give more than may be, or give a value that is no number.

#![no_main]

use std::sync::LazyLock;

use hamyar_fuzz::{promises, sources};
use libfuzzer_sys::fuzz_target;

/// Every format, checked once: a run has nowhere else to keep them.
static SOURCES: LazyLock<hamyar_fuzz::sensors::decode::Formats> = LazyLock::new(sources);

fuzz_target!(|input: &[u8]| {
    // The first line is the topic.
    let (topic, payload) = input.split_at(input.iter().position(|byte| *byte == b'\n').unwrap_or(0));
    let topic = String::from_utf8_lossy(topic);
    let payload = payload.strip_prefix(b"\n").unwrap_or(payload);
    for source in SOURCES.sources() {
        promises(&source.format, &topic, payload, &mut Default::default());
    }
});
