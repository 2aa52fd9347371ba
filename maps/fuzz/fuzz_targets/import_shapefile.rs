//! Reads any bytes as the shapes and the columns of a Shapefile.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the readers panic, and they end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::import::{Dbf, Layer, Mapping, Projection, Settings, Shapefile, make};

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let Some((shapes, columns)) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length))) else { return };
    let Ok(columns) = Dbf::open(columns, None) else { return };
    let Ok(file) = Shapefile::open(shapes, Some(columns)) else { return };
    let settings =
        Settings { layer: Layer::Zones, mapping: Mapping::default(), projection: Projection::Degrees, bbox: None, wave_m_s: 2.0 };
    let _ = make(file, settings);
});
