//! From flooded cells to shapes: which cells hang together with a channel, and the lines around them.
//! Called by `extent`; works on runs of cells in rows, so that dry land costs nothing.
//! Every ring is the outer line of one piece, encloses each of its cells, and neither crosses nor touches itself.

use geo_types::Coord;

/// Cells of one row from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) row: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Who touches whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touching {
    /// Sides and corners.
    Corners,
    /// Sides only.
    Sides,
}

/// Keeps the runs (sorted by row, then start; apart within a row) of each piece that has a seed; `seeds[i]` belongs to `runs[i]`.
pub(super) fn connected(runs: &[Run], seeds: &[bool], touching: Touching) -> Vec<Run> {
    let mut parent: Vec<usize> = (0..runs.len()).collect();
    let reach = u32::from(touching == Touching::Corners);
    let mut above = 0;
    for (here, run) in runs.iter().enumerate() {
        while runs[above].row + 1 < run.row || (runs[above].row + 1 == run.row && runs[above].end + reach <= run.start)
        {
            above += 1;
        }
        let mut other = above;
        while runs[other].row + 1 == run.row && runs[other].start < run.end + reach {
            let (a, b) = (root(&mut parent, here), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
            other += 1;
        }
    }
    let mut wet = vec![false; runs.len()];
    for (here, _) in seeds.iter().enumerate().filter(|(_, seed)| **seed) {
        wet[root(&mut parent, here)] = true;
    }
    (0..runs.len()).filter(|&here| wet[root(&mut parent, here)]).map(|here| runs[here]).collect()
}

fn root(parent: &mut [usize], mut at: usize) -> usize {
    while parent[at] != at {
        parent[at] = parent[parent[at]];
        at = parent[at];
    }
    at
}

/// How far a ring keeps from a corner at which two cells meet that touch nowhere else, in cells.
const BRIDGE: f64 = 1.0 / 64.0;

/// The outer rings around runs, as columns (x) and rows (y) of corners, counter-clockwise with rows southward; cells become blocks of `block` cells.
///
/// Cells that meet at a corner belong to one piece and are bridged there. Holes, and whatever lies in them, are filled.
/// Cost: O(cells of the box around the runs / block² + runs).
pub(super) fn rings(runs: &[Run], block: u32) -> Vec<Vec<Coord<f64>>> {
    let blocks = |cell: u32| cell / block;
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Vec::new() };
    let (top, bottom) = (blocks(first.row), blocks(last.row));
    let west = runs.iter().map(|run| blocks(run.start)).min().unwrap_or(0);
    let east = runs.iter().map(|run| blocks(run.end - 1)).max().unwrap_or(0);
    // A dry margin all around, so that nothing has to be checked.
    let width = (east - west + 3) as usize;
    let height = (bottom - top + 3) as usize;
    let mut wet = vec![false; width * height];
    for run in runs {
        let line = (blocks(run.row) - top + 1) as usize * width + 1;
        let cells = (blocks(run.start) - west) as usize..=(blocks(run.end - 1) - west) as usize;
        wet[line + cells.start()..=line + cells.end()].fill(true);
    }
    fill_holes(&mut wet, width);
    let mut traced = vec![false; wet.len()];
    let mut rings = Vec::new();
    for cell in 0..wet.len() {
        if wet[cell] && !wet[cell - width] && !traced[cell] {
            let ring = trace(&wet, width, cell, &mut traced);
            let corner = |at: &Coord<f64>| Coord {
                x: (at.x - 1.0 + f64::from(west)) * f64::from(block),
                y: (at.y - 1.0 + f64::from(top)) * f64::from(block),
            };
            rings.push(ring.iter().map(corner).collect());
        }
    }
    rings
}

/// Dry cells that no way over sides leads out of become wet.
fn fill_holes(wet: &mut [bool], width: usize) {
    let mut runs = Vec::new();
    let mut seeds = Vec::new();
    let height = wet.len() / width;
    for (row, cells) in (0..).zip(wet.chunks_exact(width)) {
        let mut start = 0;
        for piece in cells.chunk_by(|a, b| a == b) {
            let end = start + piece.len();
            if !piece[0] {
                runs.push(Run { row, start: short(start), end: short(end) });
                seeds.push(start == 0 || end == width || row == 0 || row as usize + 1 == height);
            }
            start = end;
        }
    }
    let open = connected(&runs, &seeds, Touching::Sides);
    wet.fill(true);
    for run in open {
        let line = run.row as usize * width;
        wet[line + run.start as usize..line + run.end as usize].fill(false);
    }
}

fn short(value: usize) -> u32 {
    u32::try_from(value).expect("a grid has at most SIDE_MAX columns")
}

/// Walks around a piece with the wet cells on the right, from the northern side of `start` eastward.
fn trace(wet: &[bool], width: usize, start: usize, traced: &mut [bool]) -> Vec<Coord<f64>> {
    // Headings E, S, W, N: step of the corner, and of the cells ahead on the left and on the right of the corner reached.
    const AHEAD: [(isize, isize); 4] = [(0, 1), (1, 0), (0, -1), (-1, 0)];
    let cell = |row: isize, col: isize| row.cast_unsigned() * width + col.cast_unsigned();
    let (first_row, first_col) = ((start / width).cast_signed(), (start % width).cast_signed());
    let (mut row, mut col, mut heading) = (first_row, first_col, 0_usize);
    let mut ring = Vec::new();
    loop {
        if heading == 0 {
            traced[cell(row, col)] = true;
        }
        let (down, right) = AHEAD[heading];
        (row, col) = (row + down, col + right);
        // Around the corner: north-west, north-east, south-east, south-west.
        let around = [cell(row - 1, col - 1), cell(row - 1, col), cell(row, col), cell(row, col - 1)].map(|at| wet[at]);
        let (left_ahead, right_ahead) = (around[(heading + 1) % 4], around[(heading + 2) % 4]);
        let turn = match (left_ahead, right_ahead) {
            (true, _) => 3,
            (false, true) => 0,
            (false, false) => 1,
        };
        if turn != 0 {
            let (x, y) = (col as f64, row as f64);
            // Two cells that meet only here: keep to the dry side, so that both belong to one ring that does not touch itself.
            let apart = if left_ahead && !right_ahead { BRIDGE } else { 0.0 };
            let (left_down, left_right) = AHEAD[(heading + 3) % 4];
            ring.push(Coord { x: x + apart * (left_right - right) as f64, y: y + apart * (left_down - down) as f64 });
            heading = (heading + turn) % 4;
        }
        if (row, col, heading) == (first_row, first_col, 0) {
            break;
        }
    }
    // Rows run southward, so this walk is clockwise on the map; rings of shapes run the other way.
    ring.reverse();
    ring
}

#[cfg(test)]
mod tests {
    use geo::{Area, Contains, Validation};
    use geo_types::{LineString, MultiPolygon, Point, Polygon};
    use proptest::prelude::*;

    use super::*;

    fn runs_of(wet: &[bool], width: usize) -> Vec<Run> {
        let mut runs = Vec::new();
        for (row, cells) in (0..).zip(wet.chunks(width)) {
            let mut start = 0;
            for piece in cells.chunk_by(|a, b| a == b) {
                if piece[0] {
                    runs.push(Run { row, start: short(start), end: short(start + piece.len()) });
                }
                start += piece.len();
            }
        }
        runs
    }

    fn shape(runs: &[Run], block: u32) -> MultiPolygon<f64> {
        let polygon = |ring: Vec<Coord<f64>>| Polygon::new(LineString(ring), vec![]);
        MultiPolygon(rings(runs, block).into_iter().map(polygon).collect())
    }

    #[test]
    fn two_cells_at_a_corner_are_one_valid_piece() {
        let pieces = shape(&runs_of(&[true, false, false, true], 2), 1);
        assert_eq!(pieces.0.len(), 1);
        // Each side of the bridge leans out by 1/64 over two sides of a cell.
        assert!(pieces.is_valid() && (pieces.unsigned_area() - 2.0 - 2.0 / 64.0).abs() < 1e-3);
    }

    proptest! {
        #[test]
        fn rings_hold_every_wet_cell_and_are_valid(wet in prop::collection::vec(any::<bool>(), 56), block in 1..4_u32) {
            let runs = runs_of(&wet, 7);
            let pieces = shape(&runs, block);
            prop_assert!(pieces.is_valid(), "{:?}", pieces);
            for (cell, _) in wet.iter().enumerate().filter(|(_, wet)| **wet) {
                let middle = Point::new((cell % 7) as f64 + 0.5, (cell / 7) as f64 + 0.5);
                prop_assert!(pieces.contains(&middle));
            }
        }

        #[test]
        fn what_hangs_together_with_a_seed_is_what_a_walk_reaches(wet in prop::collection::vec(any::<bool>(), 56), seed in 0..56_usize) {
            let runs = runs_of(&wet, 7);
            let holds = |run: &Run| run.row as usize == seed / 7 && (run.start as usize..run.end as usize).contains(&(seed % 7));
            let seeds: Vec<bool> = runs.iter().map(holds).collect();
            let mut reached = vec![false; 56];
            let mut open: Vec<usize> = wet[seed].then_some(seed).into_iter().collect();
            while let Some(cell) = open.pop() {
                if !std::mem::replace(&mut reached[cell], true) {
                    let near = |other: &usize| (other / 7).abs_diff(cell / 7) <= 1 && (other % 7).abs_diff(cell % 7) <= 1;
                    open.extend((0..56).filter(|other| wet[*other] && !reached[*other] && near(other)));
                }
            }
            prop_assert_eq!(connected(&runs, &seeds, Touching::Corners), runs_of(&reached, 7));
        }
    }
}
