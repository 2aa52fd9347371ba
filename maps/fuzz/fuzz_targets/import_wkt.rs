//! Reads any text as WKT.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No text makes the reader panic; what it takes has numbers only.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::import::wkt_geometry;

fuzz_target!(|text: &str| {
    if let Ok(geometry) = wkt_geometry(text) {
        use geo::CoordsIter;
        assert!(geometry.coords_iter().all(|coord| coord.x.is_finite() && coord.y.is_finite()));
    }
});
