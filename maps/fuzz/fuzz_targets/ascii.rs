//! Reads any bytes as an ESRI ASCII grid, and holds what comes out to what a grid promises.
//! Run by `maps/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader panic; each cell has one height, and a grid fits what its file holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::terrain::{Layer, OneHand, directions, fill, read_ascii, read_geotiff, write_geotiff};

fuzz_target!(|bytes: &[u8]| {
    let Ok(dem) = read_ascii(bytes, None) else { return };
    let grid = *dem.grid();
    assert_eq!(dem.heights_m().len(), grid.cells(), "one height per cell");
    assert!(2 * grid.cells() <= bytes.len() + 1, "a number and a space for each cell");
    assert!(dem.heights_m().iter().all(|height| height.is_nan() || height.is_finite()));
    let (width, height) = grid.step_m();
    assert!(width > 0.0 && height > 0.0, "cells have a size: {width} by {height}");
    let filled = fill(&dem, &OneHand);
    assert!(filled.iter().zip(dem.heights_m()).all(|(filled, ground)| ground.is_nan() || filled >= ground));
    assert_eq!(directions(&grid, &filled, &OneHand).len(), grid.cells());
    let mut file = std::io::Cursor::new(Vec::new());
    if write_geotiff(&mut file, &grid, Layer::Numbers(dem.heights_m()), "heights").is_ok() {
        file.set_position(0);
        let again = read_geotiff(file, Some(grid.crs())).expect("what we write we read");
        let bits = |heights: &[f32]| heights.iter().map(|height| height.to_bits()).collect::<Vec<_>>();
        // The mark of what is unknown may be a height; then it comes back as unknown.
        let marked = |height: &f32| if *height == maps::terrain::NO_VALUE { f32::NAN } else { *height };
        let expected: Vec<f32> = dem.heights_m().iter().map(marked).collect();
        assert_eq!(bits(again.heights_m()), bits(&expected));
    }
});
