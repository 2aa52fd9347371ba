//! Reads any bytes as a table and makes places of its rows.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader panic, and it ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::import::{Csv, Layer, Mapping, Place, Projection, Settings, encoding, make};

fuzz_target!(|bytes: &[u8]| {
    let letters = encoding("UTF-8").expect("a known encoding");
    let Ok(file) = Csv::open(bytes, letters, &Place::default()) else { return };
    let settings =
        Settings { layer: Layer::Places, mapping: Mapping::default(), projection: Projection::Degrees, bbox: None, wave_m_s: 2.0 };
    let _ = make(file, settings);
});
