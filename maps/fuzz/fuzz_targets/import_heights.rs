//! Reads any bytes as heights and cuts them to a city.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the readers panic; what is cut has a height for each of its cells.

#![no_main]

use geo_types::Rect;
use libfuzzer_sys::fuzz_target;
use maps::import::cut_heights;
use maps::terrain::{Crs, read_ascii, read_geotiff};

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let crs = [None, Some(Crs::Degrees), Some(Crs::Projected(3857)), Some(Crs::Projected(32639))][usize::from(first % 4)];
    let dem = match first & 4 {
        0 => read_ascii(bytes, crs).ok(),
        _ => read_geotiff(std::io::Cursor::new(bytes), crs).ok(),
    };
    let Some(dem) = dem.filter(|dem| dem.grid().cells() < 1 << 16) else { return };
    if let Ok((cut, _)) = cut_heights(&dem, Rect::new((48.45, 34.75), (48.57, 34.85))) {
        assert_eq!(cut.heights_m().len(), cut.grid().cells());
    }
});
