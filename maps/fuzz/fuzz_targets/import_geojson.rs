//! Reads any bytes as GeoJSON and makes a layer of each sort of what comes out.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader or the makers panic; what is made, the city's own reader takes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::import::{GeoJson, Layer, Mapping, Settings, make};

fuzz_target!(|bytes: &[u8]| {
    for (_, layer) in Layer::ALL {
        let Ok(file) = GeoJson::open(bytes) else { return };
        let Ok(projection) = file.projection() else { return };
        let settings = Settings { layer, mapping: Mapping::default(), projection, bbox: None, wave_m_s: 2.0 };
        let Ok(made) = make(file, settings) else { return };
        let report = &made.reports[0].1;
        assert!(report.skipped.len() <= 41 && report.noted.len() <= 41, "reasons are bounded");
    }
});
