//! Fills depressions, so that water from every cell finds a way off the grid.
//! Called by `mod`; the result is the lowest surface that is nowhere below the ground and has no hole.
//! The filled surface is unique: it does not depend on the order in which cells are visited, nor on hands at work.

use super::grid::Grid;
use super::neighbours::{Around, edge_cells};
use super::rims::Rims;

/// The level of this cell is final.
const FINISHED: u8 = 1;
/// This cell has fewer than eight neighbours.
const OUTERMOST: u8 = 2;

/// Priority-flood depression filling: each cell rises to the lowest level at which its water can leave the grid.
///
/// Heights in metres, row-major, NaN unknown (stays NaN). Water leaves at the edge of the grid and beside unknown cells; those cells keep
/// their height. A cell that is not below a finished neighbour is finished itself whatever comes, so it never enters the queue; the queue
/// holds only rims of depressions, which the test at the end of each climb leaves over. O(n) and O(m log m) for m cells of rims.
/// Source: Barnes, Lehman, Mulla 2014, doi:10.1016/j.cageo.2013.04.024, alg. 2; the climb after Zhou, Sun, Fu 2016,
/// doi:10.1016/j.cageo.2016.02.021.
pub(super) fn fill(grid: &Grid, ground: &[f32]) -> Vec<f32> {
    let around = Around::new(grid);
    let mut level = ground.to_vec();
    let mut state: Vec<u8> = ground.iter().map(|height| if height.is_nan() { FINISHED } else { 0 }).collect();
    let mut climb: Vec<u32> = Vec::new();
    edge_cells(grid, ground, |cell| {
        state[cell] = if around.is_outermost(cell) { FINISHED | OUTERMOST } else { FINISHED };
        climb.push(around.index(cell));
    });
    let mut rims = Rims::new(ground);
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
        let Some(lowest) = rims.pop() else { return level };
        pool.push(lowest);
        while let Some(index) = pool.pop() {
            let cell = index as usize;
            let water = level[cell];
            around.each_of(cell, state[cell] & OUTERMOST != 0, |next| {
                if state[next] & FINISHED == 0 {
                    state[next] |= FINISHED;
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
