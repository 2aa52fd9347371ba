//! From a stage, or a depth that somebody saw, to flooded cells and the shapes around them.
//! Called by the footprints of `hazard`; everything is looked up in what `relief` keeps.
//! A higher stage never floods fewer cells; a band of less probability always holds those of more.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use super::grid::Grid;
use super::outline::{BRIDGE, Run, Touching, connected, rings};
use super::relief::{ABOVE_CM_MAX, NoRelief, Relief, Segment, grow, within};
use crate::Position;

/// Standard errors between the median and the level that a normal error exceeds with probability 0.2.
/// Source: the normal distribution, quantile of 0.8.
pub const BAND_ERRORS: f64 = 0.841_621_233_572_914_2;

/// Most metres around a point that an observed depth is spread over.
pub const POND_RADIUS_M_MAX: f64 = 5_000.0;

/// Cells that are looked at together.
const CHUNK: usize = 64;

/// Flooded cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Extent {
    grid: Grid,
    runs: Vec<Run>,
}

impl Extent {
    /// The cells of a grid, which is placed on the map, that are wet.
    pub(crate) fn of(grid: Grid, wet: impl Fn(usize) -> bool) -> Extent {
        let (mut runs, mut seeds) = (Vec::new(), Vec::new());
        for row in 0..grid.rows() {
            let cells = row * grid.cols()..(row + 1) * grid.cols();
            note_runs(row, 0, cells.map(|cell| (wet(cell), false)), &mut runs, &mut seeds);
        }
        Extent { grid, runs }
    }

    /// How many cells are flooded.
    pub fn cells(&self) -> usize {
        self.runs.iter().map(|run| (run.end - run.start) as usize).sum()
    }

    /// Is nothing flooded?
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Flooded area, square metres.
    pub fn area_m2(&self) -> f64 {
        let (width, height) = self.grid.step_m();
        self.cells() as f64 * width * height
    }

    /// Is the cell (row from north, column from west) flooded?
    pub fn holds(&self, row: usize, col: usize) -> bool {
        let after = self.runs.partition_point(|run| (run.row as usize, run.start as usize) <= (row, col));
        after
            .checked_sub(1)
            .map(|at| self.runs[at])
            .is_some_and(|run| run.row as usize == row && col < run.end as usize)
    }

    /// Is every cell of `other`, of the same terrain, flooded here too?
    pub fn covers(&self, other: &Extent) -> bool {
        other.runs.iter().all(|run| {
            let after = self.runs.partition_point(|own| (own.row, own.start) <= (run.row, run.start));
            after.checked_sub(1).map(|at| self.runs[at]).is_some_and(|own| own.row == run.row && run.end <= own.end)
        })
    }

    /// The outer lines of the flooded pieces in degrees, lon,lat, along the sides of cells; holes are filled, because CAP polygons have none.
    ///
    /// Cells are taken together in blocks of `block` by `block`, each wet when one of its cells is, so that the shape only grows. Pieces that
    /// meet at a corner are bridged there by 1/64 of a block. O(runs of cells + wet blocks).
    pub fn shape(&self, block: u32) -> MultiPolygon<f64> {
        self.shape_within(block, usize::MAX).expect("there is no limit")
    }

    /// The same, if it has at most `vertices_max` vertices (the first and last of a ring both count); O(runs of cells + wet blocks) also when not.
    pub fn shape_within(&self, block: u32, vertices_max: usize) -> Option<MultiPolygon<f64>> {
        let degrees = |corner: Coord<f64>| {
            let (cols, rows) = (self.grid.cols() as f64, self.grid.rows() as f64);
            // The last block may reach over the edge of the grid.
            self.grid.degrees_at(corner.x.min(cols), corner.y.min(rows)).expect("an extent is placed on the map")
        };
        let polygon = |ring: Vec<Coord<f64>>| Polygon::new(LineString(ring.into_iter().map(degrees).collect()), vec![]);
        let rings = rings(&self.runs, block.max(1), vertices_max)?;
        Some(MultiPolygon(rings.into_iter().map(polygon).collect()))
    }

    /// Is a shape in such blocks sure to stay valid when its corners are moved by up to `metres`? Lines of its rings come no nearer to each other
    /// than a bridge is wide.
    pub(crate) fn bears_moves_of(&self, block: u32, metres: f64) -> bool {
        let (width, height) = self.grid.step_m();
        // The last block of a row or column may be cut, but is at least a cell, of which a bridge takes its part of the whole block: look at those apart.
        let cut = block > 1
            && (!self.grid.cols().is_multiple_of(block as usize) || !self.grid.rows().is_multiple_of(block as usize));
        !cut && width.min(height) * f64::from(block) * BRIDGE > 4.0 * metres
    }
}

/// Flooded ground by how probable it is that it is flooded.
#[derive(Debug, Clone, PartialEq)]
pub struct Bands {
    /// With a probability of 0.8 or more, as far as the stated errors say.
    pub likely: Extent,
    /// 0.5 or more; holds what is likely.
    pub possible: Extent,
    /// 0.2 or more; holds what is possible.
    pub unlikely: Extent,
    /// Standard error of the water's height above the ground, metres.
    pub error_m: f64,
}

impl Bands {
    /// Least probability of each band, in the order of [`Bands::extents`].
    pub const PROBABILITIES: [f64; 3] = [0.8, 0.5, 0.2];

    /// Likely, possible, unlikely.
    pub fn extents(&self) -> [&Extent; 3] {
        [&self.likely, &self.possible, &self.unlikely]
    }
}

/// Ground under the water that somebody saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Pond {
    /// The three bands.
    pub bands: Bands,
    /// Did the water go on beyond the radius, or did it take more than the volume? Then the ground is no basin, and the shape is only a guess.
    pub open: bool,
}

/// How far an observed depth is spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PondLimits {
    /// Metres around the point, up to [`POND_RADIUS_M_MAX`].
    pub radius_m: f64,
    /// Most water, cubic metres.
    pub volume_m3: f64,
    /// Standard error of the depth that was told, metres.
    pub depth_error_m: f64,
}

impl Default for PondLimits {
    /// Ours, provisional: 250 m is the radius within which reports of one flood lie (facts on hazards, §4), 50,000 m³ fill it to 25 cm.
    fn default() -> PondLimits {
        PondLimits { radius_m: 250.0, volume_m3: 50_000.0, depth_error_m: 0.15 }
    }
}

impl Relief {
    /// Cells that are flooded when the water stands `stage_m(segment)` metres above the channel there; segments of `None` stay dry.
    ///
    /// A cell is flooded when it lies no higher above the channel of its segment than the stage there, and hangs together with a flooded channel
    /// over flooded cells (corners count). O(cells of the box around the segments).
    pub fn flooded(&self, stage_m: impl Fn(&Segment) -> Option<f64>) -> Extent {
        let [only] = self.flooded_levels(stage_m, [0.0]);
        only
    }

    /// [`Relief::flooded`] with the stage raised by each of `more_m`, in one pass.
    fn flooded_levels<const LEVELS: usize>(
        &self,
        stage_m: impl Fn(&Segment) -> Option<f64>,
        more_m: [f64; LEVELS],
    ) -> [Extent; LEVELS] {
        // For each segment and level one above the highest centimetre that is wet; 0 stays dry, as does the last, which is no segment.
        let mut below = vec![[0_u16; LEVELS]; 1 << 16].into_boxed_slice();
        let (mut rows, mut cols) = (0..0, 0..0);
        let mut highest = 0;
        for (segment, below) in self.about.segments.iter().zip(&mut below) {
            let Some(stage) = stage_m(segment) else { continue };
            for (below, more) in below.iter_mut().zip(more_m) {
                let stage = stage + more;
                if stage >= 0.0 {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "not negative, and cut to what fits"
                    )]
                    {
                        *below = (stage * 100.0 + 1e-6).floor().min(f64::from(ABOVE_CM_MAX)) as u16 + 1;
                    }
                    highest = highest.max(*below);
                    grow(&mut rows, segment.rows.clone());
                    grow(&mut cols, segment.cols.clone());
                }
            }
        }
        let mut found: [(Vec<Run>, Vec<bool>); LEVELS] = std::array::from_fn(|_| (Vec::new(), Vec::new()));
        for row in rows {
            let cells = row * self.grid.cols() + cols.start..row * self.grid.cols() + cols.end;
            let (above, segment) = (&self.above_cm[cells.clone()], &self.segment[cells]);
            for (part, (above, segment)) in above.chunks(CHUNK).zip(segment.chunks(CHUNK)).enumerate() {
                // Most ground is higher than any water, which is seen many cells at a time.
                if above.iter().fold(u16::MAX, |lowest, above| lowest.min(*above)) >= highest {
                    continue;
                }
                for (col, (&above, &segment)) in (cols.start + part * CHUNK..).zip(above.iter().zip(segment)) {
                    let below = &below[usize::from(segment)];
                    for ((runs, seeds), below) in found.iter_mut().zip(below) {
                        if above < *below {
                            note_cell(row, col, above == 0, runs, seeds);
                        }
                    }
                }
            }
        }
        found.map(|(runs, seeds)| Extent { grid: self.grid, runs: connected(&runs, &seeds, Touching::Corners) })
    }

    /// [`Relief::flooded`] in three bands: at the stage, and [`BAND_ERRORS`] standard errors below and above it.
    ///
    /// The error is the root of the sum of squares of the terrain's and of the stage's (`stage_error_m`).
    pub fn flooded_bands(
        &self,
        stage_m: impl Fn(&Segment) -> Option<f64>,
        stage_error_m: f64,
    ) -> Result<Bands, NoRelief> {
        let stage_error_m = within("stage_error_m", stage_error_m, 0.0, 100.0)?;
        let error_m = self.about.height_error_m.hypot(stage_error_m);
        let off = BAND_ERRORS * error_m;
        let [likely, possible, unlikely] = self.flooded_levels(stage_m, [-off, 0.0, off]);
        Ok(Bands { likely, possible, unlikely, error_m })
    }

    /// Ground that lies under water when it stands `depth_m` (0 to 20) deep at a position: all cells no higher than that water that hang
    /// together with it, within the limits.
    ///
    /// When that takes more water than the limits allow, the water is lowered by whole centimetres until it does not, at most to the ground at the
    /// position. A greater depth never floods fewer cells. Errors: a position whose height is unknown, numbers out of range.
    /// O(cells within the radius · log depth).
    pub fn ponded(&self, at: Position, depth_m: f64, limits: PondLimits) -> Result<Pond, NoRelief> {
        let depth_m = within("depth_m", depth_m, 0.0, 20.0)?;
        let radius_m = within("radius_m", limits.radius_m, 1.0, POND_RADIUS_M_MAX)?;
        let volume_m3 = within("volume_m3", limits.volume_m3, 0.0, 1e12)?;
        let depth_error_m = within("depth_error_m", limits.depth_error_m, 0.0, 100.0)?;
        let cell = self.grid.cell_at(at.coord()).filter(|&cell| !self.ground_m[cell].is_nan());
        let cell = cell.ok_or(NoRelief::BadNumber {
            name: "known height at the position",
            value: f64::NAN,
            min: 0.0,
            max: 0.0,
        })?;
        let error_m = self.about.height_error_m.hypot(depth_error_m);
        let off = BAND_ERRORS * error_m;
        let pool = Pool { relief: self, cell, radius_m, volume_m3 };
        let (likely, _) = if depth_m >= off { pool.fill(depth_m - off) } else { (pool.dry(), false) };
        let (possible, open) = pool.fill(depth_m);
        let (unlikely, _) = pool.fill(depth_m + off);
        Ok(Pond { bands: Bands { likely, possible, unlikely, error_m }, open })
    }
}

/// Water that stands around a cell.
struct Pool<'a> {
    relief: &'a Relief,
    cell: usize,
    radius_m: f64,
    volume_m3: f64,
}

impl Pool<'_> {
    fn dry(&self) -> Extent {
        Extent { grid: self.relief.grid, runs: Vec::new() }
    }

    /// At most so deep, and whether the limits were met.
    fn fill(&self, depth_m: f64) -> (Extent, bool) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below some hundred metres")]
        let asked_cm = (depth_m * 100.0 - 1e-6).ceil().max(0.0) as u32;
        let (extent, volume, beyond) = self.at(asked_cm);
        if volume <= self.volume_m3 {
            return (extent, beyond);
        }
        // Volume rises with depth; at `low` it is little enough, or the depth is none.
        let (mut low, mut high) = (0, asked_cm);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.at(middle).1 <= self.volume_m3 {
                low = middle;
            } else {
                high = middle;
            }
        }
        (self.at(low).0, true)
    }

    /// Cells, cubic metres, and whether water stands at the edge of the radius or of what is known.
    fn at(&self, depth_cm: u32) -> (Extent, f64, bool) {
        let grid = &self.relief.grid;
        let (width, height) = grid.step_m();
        let level = f64::from(self.relief.ground_m[self.cell]) + f64::from(depth_cm) / 100.0;
        let (row, col) = (self.cell / grid.cols(), self.cell % grid.cols());
        let inside = |other_row: usize, other_col: usize| {
            let away = (row.abs_diff(other_row) as f64 * height).hypot(col.abs_diff(other_col) as f64 * width);
            away <= self.radius_m
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most POND_RADIUS_M_MAX over a cell's size, cut to the grid below"
        )]
        let (up, aside) = ((self.radius_m / height).ceil() as usize, (self.radius_m / width).ceil() as usize);
        let rows = row.saturating_sub(up)..row.saturating_add(up + 1).min(grid.rows());
        let cols = col.saturating_sub(aside)..col.saturating_add(aside + 1).min(grid.cols());
        let mut runs = Vec::new();
        let mut seeds = Vec::new();
        for other in rows {
            let wet = cols.clone().map(|column| {
                let ground = f64::from(self.relief.ground_m[other * grid.cols() + column]);
                (ground <= level && inside(other, column), other == row && column == col)
            });
            note_runs(other, cols.start, wet, &mut runs, &mut seeds);
        }
        let runs = connected(&runs, &seeds, Touching::Corners);
        let mut volume = 0.0;
        let mut beyond = false;
        for run in &runs {
            let wet_row = run.row as usize;
            for column in run.start as usize..run.end as usize {
                volume += (level - f64::from(self.relief.ground_m[wet_row * grid.cols() + column])) * width * height;
            }
            let ends = [run.start as usize, run.end as usize - 1];
            beyond |= wet_row == 0 || wet_row + 1 == grid.rows() || ends[0] == 0 || ends[1] + 1 == grid.cols();
            // A neighbour that is as low but too far away is where the water would go on.
            beyond |= ends.into_iter().any(|column| {
                [
                    (wet_row, column.wrapping_sub(1)),
                    (wet_row, column + 1),
                    (wet_row.wrapping_sub(1), column),
                    (wet_row + 1, column),
                ]
                .into_iter()
                .filter(|&(row, col)| row < grid.rows() && col < grid.cols() && !inside(row, col))
                .any(|(row, col)| f64::from(self.relief.ground_m[row * grid.cols() + col]) <= level)
            });
        }
        (Extent { grid: *grid, runs }, volume, beyond)
    }
}

/// Adds the runs of a row; each cell says whether it is wet and whether it is a seed.
fn note_runs(
    row: usize,
    first_col: usize,
    cells: impl Iterator<Item = (bool, bool)>,
    runs: &mut Vec<Run>,
    seeds: &mut Vec<bool>,
) {
    for (col, (wet, seed)) in (first_col..).zip(cells) {
        if wet {
            note_cell(row, col, seed, runs, seeds);
        }
    }
}

/// Adds a wet cell that comes after all others: to the last run, or as a new one.
fn note_cell(row: usize, col: usize, seed: bool, runs: &mut Vec<Run>, seeds: &mut Vec<bool>) {
    #[expect(clippy::cast_possible_truncation, reason = "a grid has at most SIDE_MAX columns and rows")]
    let (row, col) = (row as u32, col as u32);
    match (runs.last_mut(), seeds.last_mut()) {
        (Some(run), Some(seeded)) if run.row == row && run.end == col => {
            run.end = col + 1;
            *seeded |= seed;
        }
        _ => {
            runs.push(Run { row, start: col, end: col + 1 });
            seeds.push(seed);
        }
    }
}
