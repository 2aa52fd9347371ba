//! By what heights are known: a hash over where the cells lie and how high they are.
//! Asked by whoever writes or checks the terrain that a city names in `city.toml`.
//! Heights that are equal cell by cell on the same grid have one hash, from whatever file they were read.

use super::grid::{Crs, Dem, Grid};
use super::relief::Relief;
use crate::ContentHash;

/// SHA-256 over columns, rows, corner, cell size and EPSG number of the grid, then all heights in metres, row-major, north first.
///
/// Numbers are little-endian IEEE 754 (counts as 64 bits, EPSG as 16); every unknown height is the same NaN. O(cells).
pub fn heights_hash(dem: &Dem) -> ContentHash {
    hash(dem.grid(), dem.heights_m())
}

impl Relief {
    /// [`heights_hash`] of the heights that this terrain was worked out from. O(cells).
    pub fn heights_hash(&self) -> ContentHash {
        hash(&self.grid, &self.ground_m)
    }
}

fn hash(grid: &Grid, heights_m: &[f32]) -> ContentHash {
    let epsg = match grid.crs() {
        Crs::Degrees => 4326_u16,
        Crs::Projected(epsg) => epsg,
        Crs::Metres => 0,
    };
    let ((west, north), (step_x, step_y)) = (grid.corner(), grid.step());
    let mut about = Vec::from((grid.cols() as u64).to_le_bytes());
    about.extend((grid.rows() as u64).to_le_bytes());
    about.extend([west, north, step_x, step_y].iter().flat_map(|value| value.to_bits().to_le_bytes()));
    about.extend(epsg.to_le_bytes());
    // In rows, so that a large grid is never copied as a whole.
    let rows = heights_m.chunks(grid.cols()).map(|row| {
        let bits = row.iter().map(|height| if height.is_nan() { f32::NAN } else { *height });
        bits.flat_map(f32::to_le_bytes).collect::<Vec<u8>>()
    });
    let mut hasher = ContentHash::hasher();
    hasher.update(&about);
    rows.for_each(|row| hasher.update(&row));
    ContentHash::finished(hasher)
}
