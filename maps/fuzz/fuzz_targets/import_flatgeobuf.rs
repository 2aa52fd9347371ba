//! Reads any bytes as FlatGeobuf and makes zones of what comes out.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader panic, and it ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::import::{FlatGeobuf, Layer, Mapping, Settings, make};

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = FlatGeobuf::open(bytes) else { return };
    let Ok(projection) = file.projection() else { return };
    let settings = Settings { layer: Layer::Waterways, mapping: Mapping::default(), projection, bbox: None, wave_m_s: 2.0 };
    let _ = make(file, settings);
});
