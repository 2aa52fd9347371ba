//! Reads any bytes as WKB and as a GeoPackage's blob.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader panic; what it takes is bounded and has numbers only.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::import::{geopackage_geometry, wkb_geometry};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(geometry) = wkb_geometry(bytes) {
        use geo::CoordsIter;
        assert!(geometry.coords_iter().all(|coord| coord.x.is_finite() && coord.y.is_finite()));
        assert!(geometry.coords_count() <= bytes.len() / 16 + 1, "no vertex without its bytes");
    }
    let _ = geopackage_geometry(bytes);
});
