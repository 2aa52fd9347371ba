//! The ground that water is let over: a window of a grid of heights, how rough each cell is, and at which sides water may leave.
//! Made by whoever wants a flood refined; read by `run`.
//! Heights are whole amounts; what is unknown or built up is a wall, through which nothing flows.

use std::ops::Range;

use geo_types::{Coord, LineString};

use super::NoInundation;
use super::amount::{HEIGHT_MAX_M, WALL_M, whole};
use crate::terrain::{Dem, Grid, Relief, cells_along};

/// Roughness of a whole city, Manning's n. Source: 0.03 to 0.06 for streets and gardens, of which the rougher, because it floods higher;
/// as [`terrain::MANNING_N`](crate::terrain::MANNING_N).
pub const MANNING_N: f32 = 0.06;

/// Least and most of Manning's n.
pub const MANNING_RANGE: std::ops::RangeInclusive<f32> = 0.001..=1.0;

/// Part of a grid: rows from the north, columns from the west.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// From the first row to before the last.
    pub rows: Range<usize>,
    /// From the first column to before the last.
    pub cols: Range<usize>,
}

impl Window {
    /// All of a grid.
    pub fn whole(grid: &Grid) -> Window {
        Window { rows: 0..grid.rows(), cols: 0..grid.cols() }
    }

    /// The square of `radius_m` metres to each side of a longitude and latitude, cut to the grid; none when nothing of it lies there, or the
    /// grid can't be placed on the map.
    pub fn around(grid: &Grid, degrees: Coord<f64>, radius_m: f64) -> Option<Window> {
        let at = grid.cell_coord(degrees)?;
        let (width, height) = grid.step_m();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the grid")]
        let range = |at: f64, reach: f64, end: usize| {
            let cut = |edge: f64| edge.clamp(0.0, end as f64);
            cut((at - reach).floor()) as usize..cut((at + reach).ceil()) as usize
        };
        let rows = range(at.y, radius_m / height, grid.rows());
        let cols = range(at.x, radius_m / width, grid.cols());
        (!rows.is_empty() && !cols.is_empty()).then_some(Window { rows, cols })
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.rows.len() * self.cols.len()
    }
}

/// A side of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The first row.
    North,
    /// The last column.
    East,
    /// The last row.
    South,
    /// The first column.
    West,
}

impl Side {
    /// All four.
    pub const ALL: [Side; 4] = [Side::North, Side::East, Side::South, Side::West];
}

/// Ground that water is let over. Cells are counted row-major from the north-west corner of the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    grid: Grid,
    heights_m: Vec<f64>,
    manning: Vec<f32>,
    open: Vec<(Side, f32)>,
}

impl Ground {
    /// A window of heights, metres, row-major, NaN unknown (a wall); every cell as rough as `manning_n`; all sides closed.
    ///
    /// Errors: a window that reaches outside of the grid, a height beyond ±20 km, a roughness outside [`MANNING_RANGE`].
    pub fn new(grid: &Grid, heights_m: &[f32], window: &Window, manning_n: f32) -> Result<Ground, NoInundation> {
        let fits = window.rows.end <= grid.rows() && window.cols.end <= grid.cols();
        if !fits || window.rows.is_empty() || window.cols.is_empty() || heights_m.len() != grid.cells() {
            return Err(NoInundation::BadGround(format!(
                "rows {:?} and columns {:?} of {} heights are no part of a grid of {} by {}",
                window.rows,
                window.cols,
                heights_m.len(),
                grid.cols(),
                grid.rows()
            )));
        }
        let ((west, north), (step_x, step_y)) = (grid.corner(), grid.step());
        let corner = (west + window.cols.start as f64 * step_x, north - window.rows.start as f64 * step_y);
        let part = Grid::new((window.cols.len(), window.rows.len()), corner, (step_x, step_y), grid.crs())
            .map_err(|error| NoInundation::BadGround(error.to_string()))?;
        let cells = window.rows.clone().flat_map(|row| {
            let start = row * grid.cols();
            &heights_m[start + window.cols.start..start + window.cols.end]
        });
        let heights: Vec<f64> =
            cells.map(|height| if height.is_nan() { WALL_M } else { whole(f64::from(*height)) }).collect();
        if let Some(bad) = heights.iter().find(|height| **height != WALL_M && height.abs() > HEIGHT_MAX_M) {
            return Err(NoInundation::BadGround(format!("a height of {bad} m; at most ±{HEIGHT_MAX_M} m are taken")));
        }
        let manning = vec![manning_n; part.cells()];
        Ground { grid: part, heights_m: heights, manning: Vec::new(), open: Vec::new() }.with_roughness(manning)
    }

    /// A window of heights that were read.
    pub fn of(dem: &Dem, window: &Window, manning_n: f32) -> Result<Ground, NoInundation> {
        Ground::new(dem.grid(), dem.heights_m(), window, manning_n)
    }

    /// A window of kept terrain, whose heights are those of the ground as it is: culverts and covered channels must be
    /// [opened](Ground::opened_along) again.
    pub fn of_relief(relief: &Relief, window: &Window, manning_n: f32) -> Result<Ground, NoInundation> {
        Ground::new(relief.grid(), relief.heights_m(), window, manning_n)
    }

    /// The same ground with Manning's n of each cell.
    pub fn with_roughness(mut self, manning: Vec<f32>) -> Result<Ground, NoInundation> {
        if manning.len() != self.grid.cells() {
            let (given, cells) = (manning.len(), self.grid.cells());
            return Err(NoInundation::BadGround(format!("{given} values of roughness for {cells} cells")));
        }
        // `contains` is false for NaN.
        if let Some(bad) = manning.iter().find(|value| !MANNING_RANGE.contains(value)) {
            return Err(NoInundation::BadGround(format!(
                "Manning's n of {bad}; it lies between {} and {}",
                MANNING_RANGE.start(),
                MANNING_RANGE.end()
            )));
        }
        self.manning = manning;
        Ok(self)
    }

    /// The same ground with a side at which water leaves as in uniform flow down the ground's own slope there, at least `slope_min`.
    pub fn open(mut self, side: Side, slope_min: f32) -> Result<Ground, NoInundation> {
        if !(1e-5..=1.0).contains(&slope_min) {
            return Err(NoInundation::BadGround(format!(
                "a least slope of {slope_min}; it lies between 0.00001 and 1"
            )));
        }
        self.open.retain(|(other, _)| *other != side);
        self.open.push((side, slope_min));
        Ok(self)
    }

    /// The same ground opened along a culvert, covered channel or bridge (lon,lat in the direction of flow): along it the ground never rises.
    #[must_use]
    pub fn opened_along(mut self, line: &LineString<f64>) -> Ground {
        let mut lowest = f64::INFINITY;
        for (cell, _) in cells_along(&self.grid, line) {
            let height = &mut self.heights_m[cell as usize];
            if *height != WALL_M {
                lowest = lowest.min(*height);
                *height = lowest;
            }
        }
        self
    }

    /// The same ground with cells that let nothing through, as houses do; what is no cell of the window is passed over.
    #[must_use]
    pub fn built_up(mut self, cells: impl IntoIterator<Item = usize>) -> Ground {
        for cell in cells {
            if let Some(height) = self.heights_m.get_mut(cell) {
                *height = WALL_M;
            }
        }
        self
    }

    /// Where the window's cells lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Cells along a side that are no walls.
    pub fn cells_along(&self, side: Side) -> Vec<usize> {
        let (cols, rows) = (self.grid.cols(), self.grid.rows());
        let cells: Vec<usize> = match side {
            Side::North => (0..cols).collect(),
            Side::South => ((rows - 1) * cols..rows * cols).collect(),
            Side::West => (0..rows).map(|row| row * cols).collect(),
            Side::East => (0..rows).map(|row| row * cols + cols - 1).collect(),
        };
        cells.into_iter().filter(|cell| !self.is_wall(*cell)).collect()
    }

    /// Does the cell let nothing through?
    pub fn is_wall(&self, cell: usize) -> bool {
        self.heights_m[cell] == WALL_M
    }

    /// Heights, whole amounts, walls as `WALL_M`.
    pub(super) fn heights_m(&self) -> &[f64] {
        &self.heights_m
    }

    pub(super) fn manning(&self) -> &[f32] {
        &self.manning
    }

    /// Open sides with the least slope there.
    pub(super) fn open_sides(&self) -> &[(Side, f32)] {
        &self.open
    }

    /// Slope of the ground out over a side at one of its cells.
    #[expect(clippy::cast_possible_truncation, reason = "a slope needs no more than f32")]
    pub(super) fn slope_out(&self, side: Side, cell: usize) -> f32 {
        let (cols, rows) = (self.grid.cols(), self.grid.rows());
        let (width, height) = self.grid.step_m();
        let (inner, length) = match side {
            Side::North => (cell + cols, height),
            Side::South => (cell.wrapping_sub(cols), height),
            Side::West => (cell + 1, width),
            Side::East => (cell.wrapping_sub(1), width),
        };
        let deep = match side {
            Side::North | Side::South => rows > 1,
            Side::West | Side::East => cols > 1,
        };
        if !deep || self.is_wall(inner) {
            return 0.0;
        }
        ((self.heights_m[inner] - self.heights_m[cell]) / length) as f32
    }
}
