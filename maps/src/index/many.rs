//! The zones of many points at once: sorted by cell, so that what one point brings into the cache the next one uses.
//! Called by `ZoneIndex::holders` for imports, history and new maps; a single sensor or report asks `holder`.
//! The answers are those of `holder`, in the order of the points; what is held at a time is bounded.

use geo_types::Coord;

use super::ZoneIndex;
use crate::meridian;
use crate::position::Position;

/// Points that are sorted together: 6 MB beside the answers.
const TOGETHER: usize = 1 << 18;

/// Fewer points than this are not worth sorting.
const SORTED_MIN: usize = 1 << 10;

/// The grid is cut into at most this many runs of cells, each a part of the index that fits the nearest cache.
const RUNS_MAX: usize = 1 << 11;

/// A point on its way to its cell.
#[derive(Clone, Copy, Default)]
struct Sent {
    point: Coord<f64>,
    cell: u32,
    /// Its place among the points that are sorted together.
    number: u32,
}

pub(super) fn holders<T: Copy>(
    index: &ZoneIndex,
    positions: &[Position],
    none: T,
    some: impl Fn(usize) -> T,
) -> Vec<T> {
    if positions.len() < SORTED_MIN {
        return positions.iter().map(|&position| index.holder(position).map_or(none, &some)).collect();
    }
    let grid = &index.grid;
    let shift = (grid.cell_count().div_ceil(RUNS_MAX)).next_power_of_two().trailing_zeros();
    let mut holders = vec![none; positions.len()];
    let mut cells: Vec<u32> = Vec::with_capacity(TOGETHER.min(positions.len()));
    let mut sorted = vec![Sent::default(); TOGETHER.min(positions.len())];
    // One run more, for the points outside of the grid, which no zone holds.
    let outside = place(grid.cell_count().next_multiple_of(1 << shift));
    let runs = (outside as usize >> shift) + 1;
    for (positions, holders) in positions.chunks(TOGETHER).zip(holders.chunks_mut(TOGETHER)) {
        let mut free = vec![0_u32; runs + 1];
        cells.clear();
        for position in positions {
            let cell = grid.cell_of(meridian::westmost(position.coord())).unwrap_or(outside);
            free[(cell as usize >> shift) + 1] += 1;
            cells.push(cell);
        }
        for run in 1..free.len() {
            free[run] += free[run - 1];
        }
        for ((number, position), &cell) in (0_u32..).zip(positions).zip(&cells) {
            let at = &mut free[cell as usize >> shift];
            sorted[*at as usize] = Sent { point: meridian::westmost(position.coord()), cell, number };
            *at += 1;
        }
        for sent in &sorted[..positions.len()] {
            let held = if sent.cell == outside { None } else { grid.holder_in(sent.cell, sent.point) };
            // A border point may lie outside of the grid only at the 180th meridian, where its twin is asked.
            let zone = held.map(|zone| zone as usize).or_else(|| index.border_holder(sent.point));
            holders[sent.number as usize] = zone.map_or(none, &some);
        }
    }
    holders
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a grid has at most a few million cells")
}
