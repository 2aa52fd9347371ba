//! Reads any bytes as an extract of OpenStreetMap and makes a city's layers of it.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader or the makers panic, and they end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::import::{OsmSettings, ZoneLevels, import_osm};

fuzz_target!(|bytes: &[u8]| {
    let settings = OsmSettings { bbox: None, zone_levels: ZoneLevels::default(), wave_m_s: 2.0 };
    let Ok(made) = import_osm(std::io::Cursor::new(bytes), &settings) else { return };
    for (_, report) in made.reports {
        assert!(report.skipped.len() <= 41 && report.noted.len() <= 41, "reasons are bounded");
    }
});
