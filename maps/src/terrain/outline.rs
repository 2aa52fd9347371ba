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
pub(super) const BRIDGE: f64 = 1.0 / 64.0;

/// The outer rings around runs, as columns (x) and rows (y) of corners, counter-clockwise with rows southward; cells become blocks of `block` cells.
///
/// Cells that meet at a corner belong to one piece and are bridged there. Holes, and whatever lies in them, are filled. None when the rings have
/// more than `corners_max` corners in all, each closed one counting its first twice; that is found out as soon as it is so.
/// Cost: O(runs + wet blocks + corners).
pub(super) fn rings(runs: &[Run], block: u32, corners_max: usize) -> Option<Vec<Vec<Coord<f64>>>> {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Some(Vec::new()) };
    let (top, bottom) = (first.row / block, last.row / block);
    let west = runs.iter().map(|run| run.start / block).min().unwrap_or(0);
    let east = runs.iter().map(|run| (run.end - 1) / block).max().unwrap_or(0);
    // A dry margin all around, so that nothing has to be checked.
    let (width, height) = (east - west + 3, bottom - top + 3);
    let wet_runs = without_holes(&in_blocks(runs, block, top, west), width, height);
    let width = width as usize;
    // Only pages with wet blocks are ever touched.
    let mut wet = vec![false; width * height as usize];
    for run in &wet_runs {
        let line = run.row as usize * width;
        wet[line + run.start as usize..line + run.end as usize].fill(true);
    }
    let mut traced = vec![false; wet.len()];
    let mut rings = Vec::new();
    let mut corners = 0;
    for run in &wet_runs {
        let line = run.row as usize * width;
        for cell in line + run.start as usize..line + run.end as usize {
            if !wet[cell - width] && !traced[cell] {
                let ring = trace(&wet, width, cell, &mut traced, corners_max.saturating_sub(corners))?;
                corners += ring.len() + 1;
                let corner = |at: &Coord<f64>| Coord {
                    x: (at.x - 1.0 + f64::from(west)) * f64::from(block),
                    y: (at.y - 1.0 + f64::from(top)) * f64::from(block),
                };
                rings.push(ring.iter().map(corner).collect());
            }
        }
    }
    Some(rings)
}

/// Runs of blocks that hold a wet cell, one off from `top` and `west`; sorted, apart within a row.
fn in_blocks(runs: &[Run], block: u32, top: u32, west: u32) -> Vec<Run> {
    let mut found: Vec<Run> = Vec::with_capacity(runs.len() / block as usize);
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for same in runs.chunk_by(|a, b| a.row / block == b.row / block) {
        let row = same[0].row / block - top + 1;
        spans.clear();
        spans.extend(same.iter().map(|run| (run.start / block - west + 1, (run.end - 1) / block - west + 2)));
        spans.sort_unstable();
        let mut open: Option<Run> = None;
        for &(start, end) in &spans {
            match &mut open {
                Some(run) if start <= run.end => run.end = run.end.max(end),
                _ => found.extend(open.replace(Run { row, start, end })),
            }
        }
        found.extend(open);
    }
    found
}

/// What lies between runs in each row of a box.
fn between(runs: &[Run], width: u32, height: u32) -> Vec<Run> {
    let mut found = Vec::with_capacity(runs.len() + height as usize);
    let mut rest = runs;
    for row in 0..height {
        let (own, later) = rest.split_at(rest.partition_point(|run| run.row <= row));
        rest = later;
        let mut start = 0;
        for run in own {
            if run.start > start {
                found.push(Run { row, start, end: run.start });
            }
            start = run.end;
        }
        if start < width {
            found.push(Run { row, start, end: width });
        }
    }
    found
}

/// Dry cells that no way over sides leads out of become wet. The box has a dry margin.
fn without_holes(wet: &[Run], width: u32, height: u32) -> Vec<Run> {
    let dry = between(wet, width, height);
    let leads_out = |run: &Run| run.start == 0 || run.end == width || run.row == 0 || run.row + 1 == height;
    let seeds: Vec<bool> = dry.iter().map(leads_out).collect();
    between(&connected(&dry, &seeds, Touching::Sides), width, height)
}

/// Walks around a piece with the wet cells on the right, from the northern side of `start` eastward; none when the ring, closed, has more corners
/// than `corners_max`.
fn trace(wet: &[bool], width: usize, start: usize, traced: &mut [bool], corners_max: usize) -> Option<Vec<Coord<f64>>> {
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
            if ring.len() >= corners_max {
                return None;
            }
        }
        if (row, col, heading) == (first_row, first_col, 0) {
            break;
        }
    }
    // Rows run southward, so this walk is clockwise on the map; rings of shapes run the other way.
    ring.reverse();
    Some(ring)
}

#[cfg(test)]
mod tests {
    use geo::{Area, Contains, Validation};
    use geo_types::{LineString, MultiPolygon, Point, Polygon};
    use proptest::prelude::*;

    use super::*;

    fn short(value: usize) -> u32 {
        u32::try_from(value).unwrap()
    }

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
        MultiPolygon(rings(runs, block, usize::MAX).expect("no limit").into_iter().map(polygon).collect())
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
        fn a_limit_of_corners_is_kept_and_no_more_is_left_out(wet in prop::collection::vec(any::<bool>(), 56), most in 0..60_usize) {
            let runs = runs_of(&wet, 7);
            let all = shape(&runs, 1);
            let corners = geo::CoordsIter::coords_count(&all);
            prop_assert_eq!(rings(&runs, 1, most).is_some(), corners <= most);
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
