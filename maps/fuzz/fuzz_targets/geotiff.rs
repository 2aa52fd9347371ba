//! Reads any bytes as a GeoTIFF of heights, and holds what comes out to what a grid promises.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader panic; files that announce more than a million cells are passed over, because they may take their memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::terrain::read_geotiff;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut decoder) = tiff::decoder::Decoder::new(std::io::Cursor::new(bytes)) else { return };
    let Ok((cols, rows)) = decoder.dimensions() else { return };
    if u64::from(cols) * u64::from(rows) > 1 << 20 {
        return;
    }
    let Ok(dem) = read_geotiff(std::io::Cursor::new(bytes), None) else { return };
    assert_eq!(dem.heights_m().len(), dem.grid().cells(), "one height per cell");
    assert_eq!((dem.grid().cols(), dem.grid().rows()), (cols as usize, rows as usize));
    assert!(dem.heights_m().iter().all(|height| height.is_nan() || height.is_finite()));
    let (width, height) = dem.grid().step_m();
    assert!(width > 0.0 && height > 0.0, "cells have a size: {width} by {height}");
});
