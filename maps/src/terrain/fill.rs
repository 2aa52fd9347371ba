//! Fills depressions, so that water from every cell finds a way off the grid.
//! Called by `mod`; the result is the lowest surface that is nowhere below the ground and has no hole.
//! The filled surface is unique: it does not depend on the order in which cells are visited, nor on hands at work.

use super::grid::Grid;
use super::hands::{Hands, Job, strips};
use super::neighbours::{Around, edge_cells};
use super::rims::Rims;
use super::spill::{FREE, NOWHERE, Outlets};

/// The level of this cell is final.
const FINISHED: u8 = 1;
/// This cell has fewer than eight neighbours.
const OUTERMOST: u8 = 2;

/// Priority-flood depression filling: each cell rises to the lowest level at which its water can leave the grid.
///
/// Heights in metres, row-major, NaN unknown (stays NaN). Water leaves at the edge of the grid and beside unknown cells; those cells keep
/// their height. Each hand fills a strip as if water left it at its border with other strips as well; how high it must really rise there is
/// worked out for outlets, not for cells, and then every cell is raised to what its outlet needs. O(n) and O(m log m) for m cells of rims and
/// of borders. Source: Barnes, Lehman, Mulla 2014, doi:10.1016/j.cageo.2013.04.024, alg. 2; by strips after Barnes 2016,
/// doi:10.1016/j.cageo.2016.07.001; the climb after Zhou, Sun, Fu 2016, doi:10.1016/j.cageo.2016.02.021.
pub(super) fn fill(grid: &Grid, ground: &[f32], hands: &dyn Hands) -> Vec<f32> {
    let cols = grid.cols();
    let mut level = ground.to_vec();
    let rows_of = strips(grid.rows(), hands.count());
    if rows_of.len() == 1 {
        let mut strip = Strip::new(grid, ground, &mut level);
        edge_cells(grid, ground, |cell| strip.begin(cell));
        strip.flood::<false>();
        return level;
    }
    // Where water leaves the whole grid, by strip.
    let mut free: Vec<Vec<u32>> = rows_of.iter().map(|_| Vec::new()).collect();
    let mut at = 0;
    edge_cells(grid, ground, |cell| {
        while cell >= rows_of[at].end * cols {
            at += 1;
        }
        free[at].push(index(cell - rows_of[at].start * cols));
    });
    let mut outlets: Vec<Outlets> = rows_of.iter().map(|_| Outlets::default()).collect();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut rest = level.as_mut_slice();
    for (at, ((rows, free), outlets)) in rows_of.iter().cloned().zip(&free).zip(&mut outlets).enumerate() {
        let (own, later) = rest.split_at_mut(rows.len() * cols);
        rest = later;
        let (above, below) = (rows.start > 0, rows.end < grid.rows());
        // Two borders of a strip, each cell of them perhaps an outlet.
        let first = index(1 + at * 2 * cols);
        jobs.push(Box::new(move || {
            let part = grid.rows_only(rows.len());
            let mut strip = Strip::new(&part, &ground[rows.start * cols..rows.end * cols], own);
            strip.outlet = vec![NOWHERE; part.cells()];
            for &cell in free {
                strip.outlet[cell as usize] = FREE;
                strip.begin(cell as usize);
            }
            let top = above.then_some(0..cols).into_iter().flatten().map(|col| (col, col));
            let bottom = below.then_some(0..cols).into_iter().flatten();
            let last = part.cells() - cols;
            for (cell, place) in top.chain(bottom.map(|col| (last + col, cols + col))) {
                if strip.outlet[cell] == NOWHERE && !strip.level[cell].is_nan() {
                    strip.outlet[cell] = first + index(place);
                    strip.begin(cell);
                }
            }
            strip.flood::<true>();
            *outlets = Outlets::of(cols, strip.level, std::mem::take(&mut strip.outlet));
        }));
    }
    hands.together(jobs);

    for (at, meeting) in rows_of.iter().skip(1).map(|rows| rows.start * cols).enumerate() {
        let (upper, lower) = outlets.split_at_mut(at + 1);
        upper[at].meet(&level[meeting - cols..meeting], &level[meeting..meeting + cols], &lower[0]);
    }
    let needs = super::spill::needs(&outlets, 1 + rows_of.len() * 2 * cols);
    let needs = needs.as_slice();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut rest = level.as_mut_slice();
    for outlets in &outlets {
        let (own, later) = rest.split_at_mut(outlets.of_cell.len());
        rest = later;
        jobs.push(Box::new(move || {
            for (level, &outlet) in own.iter_mut().zip(&outlets.of_cell) {
                // False where the height is unknown.
                if outlet != FREE && *level < needs.get(outlet as usize).copied().unwrap_or(f32::MIN) {
                    *level = needs[outlet as usize];
                }
            }
        }));
    }
    hands.together(jobs);
    level
}

#[expect(clippy::cast_possible_truncation, reason = "a grid has at most CELLS_MAX cells")]
fn index(cell: usize) -> u32 {
    cell as u32
}

/// Rows that one hand fills.
struct Strip<'a> {
    around: Around,
    level: &'a mut [f32],
    state: Vec<u8>,
    /// By which outlet the water of each cell leaves; empty when nobody asks.
    outlet: Vec<u32>,
    rims: Rims,
    climb: Vec<u32>,
}

impl<'a> Strip<'a> {
    /// `level` begins as the ground.
    fn new(grid: &Grid, ground: &[f32], level: &'a mut [f32]) -> Strip<'a> {
        Strip {
            around: Around::new(grid),
            state: ground.iter().map(|height| if height.is_nan() { FINISHED } else { 0 }).collect(),
            outlet: Vec::new(),
            rims: Rims::new(ground),
            climb: Vec::new(),
            level,
        }
    }

    /// Water leaves at this cell.
    fn begin(&mut self, cell: usize) {
        self.state[cell] = if self.around.is_outermost(cell) { FINISHED | OUTERMOST } else { FINISHED };
        self.climb.push(self.around.index(cell));
    }

    /// A cell that is not below a finished neighbour is finished itself whatever comes, so it never enters the queue; the queue holds only rims
    /// of depressions, which the test at the end of each climb leaves over.
    fn flood<const OUTLETS: bool>(&mut self) {
        let Strip { around, level, state, outlet, rims, climb } = self;
        let around = *around;
        let mut perhaps_rims: Vec<u32> = Vec::new();
        let mut pool: Vec<u32> = Vec::new();
        loop {
            // Uphill from what is finished: these cells keep their height.
            while let Some(index) = climb.pop() {
                let cell = index as usize;
                let height = level[cell];
                let mut above_something = false;
                around.each_of(cell, state[cell] & OUTERMOST != 0, |next| {
                    if state[next] & FINISHED == 0 {
                        if level[next] >= height {
                            state[next] |= FINISHED;
                            if OUTLETS {
                                outlet[next] = outlet[cell];
                            }
                            climb.push(around.index(next));
                        } else {
                            above_something = true;
                        }
                    }
                });
                if above_something {
                    perhaps_rims.push(index);
                }
            }
            // Much of what lay below was reached from another side meanwhile.
            for index in perhaps_rims.drain(..) {
                let cell = index as usize;
                let mut is_rim = false;
                around.each_of(cell, state[cell] & OUTERMOST != 0, |next| is_rim |= state[next] & FINISHED == 0);
                if is_rim {
                    rims.push(level[cell], index);
                }
            }
            // The lowest rim of all is where the water of the depression behind it leaves.
            let Some(lowest) = rims.pop() else { return };
            pool.push(lowest);
            while let Some(index) = pool.pop() {
                let cell = index as usize;
                let water = level[cell];
                around.each_of(cell, state[cell] & OUTERMOST != 0, |next| {
                    if state[next] & FINISHED == 0 {
                        state[next] |= FINISHED;
                        if OUTLETS {
                            outlet[next] = outlet[cell];
                        }
                        if level[next] <= water {
                            level[next] = water;
                            pool.push(around.index(next));
                        } else {
                            climb.push(around.index(next));
                        }
                    }
                });
            }
        }
    }
}
