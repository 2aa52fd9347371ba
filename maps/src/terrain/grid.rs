//! A grid of heights and where it lies on the earth.
//! Made by the readers of `ascii` and `geotiff`; everything of this folder works on it.
//! A grid has at least one cell and at most `CELLS_MAX`; each height is finite or NaN, which means that nothing is known.

use geo_types::Coord;

use super::utm;
use crate::position::Plane;

/// Most cells of a grid: 2^27, about 11,585 squared, which takes about 3 GB to work out.
pub const CELLS_MAX: usize = 1 << 27;

/// Most columns, and most rows.
pub const SIDE_MAX: usize = 1 << 20;

/// In what the coordinates of a grid are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crs {
    /// Degrees of longitude and latitude, WGS 84 (EPSG 4326).
    Degrees,
    /// Metres of a projection, by its EPSG number. UTM on WGS 84 (32601 to 32660 north, 32701 to 32760 south) can be placed on the map.
    Projected(u16),
    /// Metres of a projection that the file does not name.
    Metres,
}

impl Crs {
    /// From an EPSG number; 0, 32767 (user-defined) and what is out of range are metres of an unnamed projection.
    pub fn from_epsg(epsg: u16) -> Crs {
        match epsg {
            4326 => Crs::Degrees,
            0 | 32767 => Crs::Metres,
            other => Crs::Projected(other),
        }
    }
}

impl std::fmt::Display for Crs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Crs::Degrees => out.write_str("degrees (EPSG 4326)"),
            Crs::Projected(epsg) => write!(out, "metres (EPSG {epsg})"),
            Crs::Metres => out.write_str("metres of an unnamed projection"),
        }
    }
}

/// Where the cells of a grid lie: row-major, the northernmost row first, the westernmost column first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    cols: usize,
    rows: usize,
    west: f64,
    north: f64,
    step_x: f64,
    step_y: f64,
    crs: Crs,
}

/// Why a grid can't be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BadGrid {
    /// No cells, or too many.
    #[error("{cols} columns and {rows} rows: a grid has 1 to {SIDE_MAX} of each and at most {CELLS_MAX} cells")]
    Size {
        /// Columns.
        cols: usize,
        /// Rows.
        rows: usize,
    },
    /// Corner or cell size are no numbers, or don't lie on the earth.
    #[error("corner {west}, {north} with cells of {step_x} by {step_y}: {why}")]
    Place {
        /// Western edge.
        west: f64,
        /// Northern edge.
        north: f64,
        /// Width of a cell.
        step_x: f64,
        /// Height of a cell.
        step_y: f64,
        /// What is wrong.
        why: &'static str,
    },
    /// A list has another length than the grid has cells.
    #[error("{given} heights for {cells} cells")]
    Length {
        /// Values that were given.
        given: usize,
        /// Cells.
        cells: usize,
    },
}

impl Grid {
    /// `west` and `north` are the outer edges of the first cell; steps are the size of a cell (positive), all in the units of `crs`.
    pub fn new(
        (cols, rows): (usize, usize),
        (west, north): (f64, f64),
        (step_x, step_y): (f64, f64),
        crs: Crs,
    ) -> Result<Grid, BadGrid> {
        let sides = 1..=SIDE_MAX;
        if !sides.contains(&cols) || !sides.contains(&rows) || cols * rows > CELLS_MAX {
            return Err(BadGrid::Size { cols, rows });
        }
        let refuse = |why| Err(BadGrid::Place { west, north, step_x, step_y, why });
        if ![west, north, step_x, step_y].iter().all(|value| value.is_finite() && value.abs() < 1e9) {
            return refuse("these must be numbers below 1e9");
        }
        if step_x < 1e-9 || step_y < 1e-9 {
            return refuse("cells must have a size");
        }
        let (east, south) = (west + cols as f64 * step_x, north - rows as f64 * step_y);
        if crs == Crs::Degrees && !(west >= -181.0 && east <= 361.0 && south >= -91.0 && north <= 91.0) {
            return refuse("degrees end at 180 and 90");
        }
        Ok(Grid { cols, rows, west, north, step_x, step_y, crs })
    }

    /// As many rows of the same columns, for work on a strip.
    pub(super) fn rows_only(&self, rows: usize) -> Grid {
        Grid { rows, ..*self }
    }

    /// Columns, west to east.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Rows, north to south.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.cols * self.rows
    }

    /// Western and northern outer edge, in the units of the [`crs`](Grid::crs).
    pub fn corner(&self) -> (f64, f64) {
        (self.west, self.north)
    }

    /// Width and height of a cell, in the units of the [`crs`](Grid::crs).
    pub fn step(&self) -> (f64, f64) {
        (self.step_x, self.step_y)
    }

    /// In what coordinates are given.
    pub fn crs(&self) -> Crs {
        self.crs
    }

    /// The same grid with another meaning of its coordinates.
    pub fn with_crs(&self, crs: Crs) -> Result<Grid, BadGrid> {
        Grid::new((self.cols, self.rows), (self.west, self.north), (self.step_x, self.step_y), crs)
    }

    /// Width and height of a cell in metres; of a grid in degrees, at its middle latitude (WGS 84 radii of curvature).
    ///
    /// One size stands for the whole grid: over one degree of latitude at 35° the true width differs by up to 0.6 % at the edges.
    pub fn step_m(&self) -> (f64, f64) {
        match self.crs {
            Crs::Degrees => {
                let middle = self.north - self.rows as f64 * self.step_y / 2.0;
                let plane = Plane::at(Coord { x: self.west, y: middle });
                let corner = plane.metres(Coord { x: self.west + self.step_x, y: middle + self.step_y });
                (corner.x, corner.y)
            }
            Crs::Projected(_) | Crs::Metres => (self.step_x, self.step_y),
        }
    }

    /// Can a place of this grid be told as longitude and latitude?
    pub fn is_placed(&self) -> bool {
        match self.crs {
            Crs::Degrees => true,
            Crs::Projected(epsg) => utm::zone_of(epsg).is_some(),
            Crs::Metres => false,
        }
    }

    /// Longitude and latitude of a point in columns from the western and rows from the northern edge; none unless [placed](Grid::is_placed).
    pub fn degrees_at(&self, col: f64, row: f64) -> Option<Coord<f64>> {
        let there = Coord { x: self.west + col * self.step_x, y: self.north - row * self.step_y };
        match self.crs {
            Crs::Degrees => Some(there),
            Crs::Projected(epsg) => utm::zone_of(epsg).map(|zone| zone.degrees(there)),
            Crs::Metres => None,
        }
    }

    /// Columns from the western and rows from the northern edge of a longitude and latitude, which may lie outside; none unless [placed](Grid::is_placed).
    pub fn cell_coord(&self, degrees: Coord<f64>) -> Option<Coord<f64>> {
        let there = match self.crs {
            Crs::Degrees => degrees,
            Crs::Projected(epsg) => utm::zone_of(epsg)?.metres(degrees),
            Crs::Metres => return None,
        };
        Some(Coord { x: (there.x - self.west) / self.step_x, y: (self.north - there.y) / self.step_y })
    }

    /// Index of the cell that holds a longitude and latitude; none outside the grid.
    pub fn cell_at(&self, degrees: Coord<f64>) -> Option<usize> {
        let at = self.cell_coord(degrees)?;
        let inside = at.x >= 0.0 && at.y >= 0.0 && at.x < self.cols as f64 && at.y < self.rows as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie inside the grid")]
        inside.then(|| at.y as usize * self.cols + at.x as usize)
    }
}

/// Heights of the ground (a digital elevation model): one metre value per cell of a grid, NaN where nothing is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Dem {
    grid: Grid,
    heights_m: Vec<f32>,
}

impl Dem {
    /// Heights in metres, row-major, north first; what is not finite counts as unknown.
    pub fn new(grid: Grid, mut heights_m: Vec<f32>) -> Result<Dem, BadGrid> {
        if heights_m.len() != grid.cells() {
            return Err(BadGrid::Length { given: heights_m.len(), cells: grid.cells() });
        }
        for height in &mut heights_m {
            if !height.is_finite() {
                *height = f32::NAN;
            }
        }
        Ok(Dem { grid, heights_m })
    }

    /// Where the cells lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Heights in metres, row-major, north first; NaN where nothing is known.
    pub fn heights_m(&self) -> &[f32] {
        &self.heights_m
    }

    /// The same heights with another meaning of the coordinates.
    pub fn with_crs(self, crs: Crs) -> Result<Dem, BadGrid> {
        Ok(Dem { grid: self.grid.with_crs(crs)?, ..self })
    }
}
