//! Reads any sequence of Sparkplug B messages of two edge nodes.
//! Run by `fuzz/run sparkplug`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the decoder panic, give more than may be, or give a value that is no number, whatever was born before.

#![no_main]

use std::sync::LazyLock;

use hamyar_fuzz::{promises, sensors::decode::Memory, sources};
use libfuzzer_sys::fuzz_target;

/// The format, checked once: a run has nowhere else to keep it.
static SOURCES: LazyLock<hamyar_fuzz::sensors::decode::Formats> = LazyLock::new(sources);

const TOPICS: [&str; 8] =
    ["NBIRTH/a", "NDATA/a", "NDEATH/a", "DBIRTH/a/d", "DDATA/a/d", "DDEATH/a/d", "NBIRTH/b", "DDATA/b/d"];

fuzz_target!(|input: &[u8]| {
    let source = SOURCES.sources().iter().find(|source| source.name == "sparkplug").expect("it is configured");
    let mut memory = Memory::default();
    let mut rest = input;
    // A message is a byte for its topic, two for its length, and so many more.
    while let [kind, low, high, after @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(after.len());
        let (payload, next) = after.split_at(length);
        let topic = format!("spBv1.0/g/{}", TOPICS[usize::from(*kind) % TOPICS.len()]);
        promises(&source.format, &topic, payload, &mut memory);
        rest = next;
    }
});
