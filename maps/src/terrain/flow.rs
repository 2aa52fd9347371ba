//! Where water goes over filled ground: directions, what gathers, which stream it reaches, how high above that stream the ground lies.
//! Called step by step by the command and by `relief`; each step takes what the one before gave.
//! Every step has one right answer, whatever number of hands works on it.

use super::grid::Grid;
use super::hands::{Hands, Job, strips};
use super::neighbours::{Around, STEPS, edge_cells};

/// Direction of a cell from which water leaves the grid.
pub const LEAVES: u8 = 8;

/// Direction of a cell whose height is unknown.
pub const UNKNOWN: u8 = 9;

/// A flat cell that no direction was found for yet; never in a result.
const FLAT: u8 = 10;

/// A flat cell that gets its direction in this round; never in a result.
const WAITS: u8 = 11;

/// Drain of a cell whose water reaches no stream on the grid.
pub const NO_DRAIN: u32 = u32::MAX;

/// Drain that was not looked for yet; never in a result.
const OPEN: u32 = u32::MAX - 1;

/// Direction of flow (D8), one code per cell: 0 E, 1 SE, 2 S, 3 SW, 4 W, 5 NW, 6 N, 7 NE, [`LEAVES`], [`UNKNOWN`].
///
/// `filled_m` is what [`fill`](super::fill) gave. A cell's water goes to the neighbour to which the filled surface falls most steeply (drop over
/// distance between the middles of cells, in f32; of equals the first in the order E, SE, S, SW, W, NW, N, NE). Where it falls nowhere, the
/// ground is flat: then it goes to the neighbour at the same height that has the fewest steps to a cell of that height from which it falls or
/// leaves (of equals the first in the same order). At the edge of the grid and beside unknown cells it leaves. O(n).
/// Source of D8: O'Callaghan and Mark 1984, doi:10.1016/S0734-189X(84)80011-0.
pub fn directions(grid: &Grid, filled_m: &[f32], hands: &dyn Hands) -> Vec<u8> {
    let mut codes = vec![UNKNOWN; filled_m.len()];
    let cols = grid.cols();
    let weights = weights(grid);
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut rest = codes.as_mut_slice();
    for rows in strips(grid.rows(), hands.count()) {
        let (own, later) = rest.split_at_mut(rows.len() * cols);
        rest = later;
        jobs.push(Box::new(move || {
            for (row, codes) in rows.zip(own.chunks_exact_mut(cols)) {
                if row > 0 && row + 1 < grid.rows() {
                    steepest(&filled_m[(row - 1) * cols..(row + 2) * cols], codes, &weights);
                }
            }
        }));
    }
    hands.together(jobs);
    edge_cells(grid, filled_m, |cell| codes[cell] = LEAVES);
    over_flats(grid, filled_m, &mut codes, hands);
    codes
}

/// One over the distance to each neighbour, in widths of a cell.
fn weights(grid: &Grid) -> [f32; 8] {
    let (width, height) = grid.step_m();
    #[expect(clippy::cast_possible_truncation, reason = "directions are decided in f32, as heights are kept")]
    STEPS.map(|(down, right)| {
        let across = if right == 0 { 0.0 } else { 1.0 };
        let along = if down == 0 { 0.0 } else { height / width };
        (1.0 / f64::hypot(across, along)) as f32
    })
}

/// Directions of a row from three rows of heights. Cells run in the inner loop, so that several are compared at once.
fn steepest(three: &[f32], codes: &mut [u8], weights: &[f32; 8]) {
    const LANES: usize = 64;
    let cols = codes.len();
    if cols < 3 {
        return;
    }
    let inner = cols - 2;
    let (north, rest) = three.split_at(cols);
    let (own, south) = rest.split_at(cols);
    for start in (0..inner).step_by(LANES) {
        let end = (start + LANES).min(inner);
        let mut best = [0.0_f32; LANES];
        let mut code = [u32::from(FLAT); LANES];
        let here = &own[start + 1..=end];
        for (direction, (&(down, right), &weight)) in (0..).zip(STEPS.iter().zip(weights)) {
            let row = match down {
                -1 => north,
                0 => own,
                _ => south,
            };
            let first = (start + 1).wrapping_add_signed(right);
            let there = &row[first..first + here.len()];
            for (((best, code), here), there) in best.iter_mut().zip(&mut code).zip(here).zip(there) {
                let fall = (here - there) * weight;
                let steeper = fall > *best;
                *best = if steeper { fall } else { *best };
                *code = if steeper { direction } else { *code };
            }
        }
        for ((out, code), here) in codes[start + 1..=end].iter_mut().zip(&code).zip(here) {
            #[expect(clippy::cast_possible_truncation, reason = "a code is below 12")]
            {
                *out = if here.is_nan() { UNKNOWN } else { *code as u8 };
            }
        }
    }
}

/// Gives flat cells their directions, ring by ring from where the water can go on.
fn over_flats(grid: &Grid, filled_m: &[f32], codes: &mut [u8], hands: &dyn Hands) {
    let around = Around::new(grid);
    let decided = |codes: &[u8], cell: usize| {
        // Flat cells are never outermost, so all eight neighbours are there.
        (0..8_u8).find(|&direction| {
            let next = around.there(cell, direction);
            codes[next] <= LEAVES && filled_m[next].to_bits() == filled_m[cell].to_bits()
        })
    };
    let cols = grid.cols();
    let parts = strips(grid.rows(), hands.count());
    let mut rings: Vec<Vec<(u32, u8)>> = parts.iter().map(|_| Vec::new()).collect();
    let seen: &[u8] = codes;
    let jobs = parts.into_iter().zip(&mut rings).map(|(rows, ring)| -> Job<'_> {
        Box::new(move || {
            for cell in rows.start * cols..rows.end * cols {
                if seen[cell] == FLAT
                    && let Some(direction) = decided(seen, cell)
                {
                    ring.push((around.index(cell), direction));
                }
            }
        })
    });
    hands.together(jobs.collect());
    let mut ring = rings.concat();
    let mut next_ring: Vec<(u32, u8)> = Vec::new();
    while !ring.is_empty() {
        for &(cell, direction) in &ring {
            codes[cell as usize] = direction;
        }
        for &(cell, _) in &ring {
            let level = filled_m[cell as usize].to_bits();
            for direction in 0..8 {
                let next = around.there(cell as usize, direction);
                if codes[next] == FLAT && filled_m[next].to_bits() == level {
                    codes[next] = WAITS;
                    next_ring.push((around.index(next), 0));
                }
            }
        }
        for (cell, direction) in &mut next_ring {
            *direction = decided(codes, *cell as usize).expect("it was found beside a decided cell of its height");
        }
        std::mem::swap(&mut ring, &mut next_ring);
        next_ring.clear();
    }
}

/// Flow accumulation: the number of cells whose water passes through a cell, itself included; 0 where the height is unknown.
///
/// O(n): from each cell that nothing flows into, downstream until a cell that still waits for other water.
pub fn accumulation(grid: &Grid, directions: &[u8], hands: &dyn Hands) -> Vec<u32> {
    let around = Around::new(grid);
    let cols = grid.cols();
    let mut gathered: Vec<u32> = directions.iter().map(|&code| u32::from(code != UNKNOWN)).collect();
    let mut waits_for = vec![0_u8; directions.len()];
    let parts = strips(grid.rows(), hands.count());
    let mut crossings: Vec<Vec<u32>> = parts.iter().map(|_| Vec::new()).collect();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let (mut rest, mut rest_waits) = (gathered.as_mut_slice(), waits_for.as_mut_slice());
    for (rows, crossing) in parts.into_iter().zip(&mut crossings) {
        let (own, later) = rest.split_at_mut(rows.len() * cols);
        rest = later;
        let (waits, later) = rest_waits.split_at_mut(rows.len() * cols);
        rest_waits = later;
        jobs.push(Box::new(move || {
            for (row, waits) in rows.clone().zip(waits.chunks_exact_mut(cols)) {
                count_donors(grid, directions, row, waits);
            }
            let base = rows.start * cols;
            for start in base..rows.end * cols {
                if waits[start - base] == 0 {
                    pour(start, base, own, waits, directions, around, crossing);
                }
            }
        }));
    }
    hands.together(jobs);
    // What left a strip goes on over the whole grid.
    for cell in crossings.into_iter().flatten() {
        let next = around.there(cell as usize, directions[cell as usize]);
        gathered[next] += gathered[cell as usize];
        waits_for[next] -= 1;
        if waits_for[next] == 0 {
            pour(next, 0, &mut gathered, &mut waits_for, directions, around, &mut Vec::new());
        }
    }
    gathered
}

/// Poured out: a cell that is done waits for this many, which no cell can.
const POURED: u8 = u8::MAX;

/// From a cell that waits for nothing, downstream until one that does; `gathered` and `waits` begin at cell `base`.
fn pour(
    start: usize,
    base: usize,
    gathered: &mut [u32],
    waits: &mut [u8],
    directions: &[u8],
    around: Around,
    crossing: &mut Vec<u32>,
) {
    let mut cell = start;
    loop {
        waits[cell - base] = POURED;
        let direction = directions[cell];
        if direction >= LEAVES {
            return;
        }
        let next = around.there(cell, direction);
        let at = next.wrapping_sub(base);
        if at >= gathered.len() {
            crossing.push(around.index(cell));
            return;
        }
        gathered[at] += gathered[cell - base];
        waits[at] -= 1;
        if waits[at] > 0 {
            return;
        }
        cell = next;
    }
}

/// How many neighbours pour into each cell of a row.
fn count_donors(grid: &Grid, directions: &[u8], row: usize, counts: &mut [u8]) {
    let cols = grid.cols();
    for (direction, (down, right)) in (0..).zip(STEPS) {
        // Who pours in this direction stands on the other side.
        let Some(from) = row.checked_add_signed(-down).filter(|from| *from < grid.rows()) else { continue };
        let donors = &directions[from * cols..(from + 1) * cols];
        let (donors, counts) = match right {
            1 => (&donors[..cols - 1], &mut counts[1..]),
            0 => (donors, &mut counts[..]),
            _ => (&donors[1..], &mut counts[..cols - 1]),
        };
        for (count, &donor) in counts.iter_mut().zip(donors) {
            *count += u8::from(donor == direction);
        }
    }
}

/// Which cells are streams.
#[derive(Debug, Clone, Copy)]
pub struct Streams<'a> {
    /// What [`accumulation`] gave.
    pub accumulation: &'a [u32],
    /// Cells through which the water of at least so many cells passes are streams; none: only mapped ones are.
    pub cells_min: Option<u32>,
    /// Indices of cells on mapped channels.
    pub mapped: &'a [u32],
}

/// The stream cell that the water of each cell reaches first, by index; a stream cell's own index; [`NO_DRAIN`] where it reaches none.
///
/// O(n).
pub fn drains(grid: &Grid, directions: &[u8], streams: Streams<'_>, hands: &dyn Hands) -> Vec<u32> {
    let around = Around::new(grid);
    let cols = grid.cols();
    let mut drains = vec![OPEN; directions.len()];
    for &cell in streams.mapped {
        if directions[cell as usize] != UNKNOWN {
            drains[cell as usize] = cell;
        }
    }
    let walk = Walk { directions, accumulation: streams.accumulation, cells_min: streams.cells_min, around };
    let parts = strips(grid.rows(), hands.count());
    // First the rows where strips meet, so that each strip can be left with an answer.
    let mut path = Vec::new();
    for meeting in parts.iter().skip(1).map(|rows| rows.start) {
        for cell in (meeting - 1) * cols..(meeting + 1) * cols {
            walk.from(cell, 0, &mut drains, &mut path, |_| NO_DRAIN);
        }
    }
    let row_of = |row: usize, drains: &[u32]| (row * cols, drains[row * cols..(row + 1) * cols].to_vec());
    let neighbours: Vec<Vec<(usize, Vec<u32>)>> = parts
        .iter()
        .map(|rows| {
            let before = rows.start.checked_sub(1);
            let after = Some(rows.end).filter(|row| *row < grid.rows());
            before.into_iter().chain(after).map(|row| row_of(row, &drains)).collect()
        })
        .collect();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut rest = drains.as_mut_slice();
    for (rows, beside) in parts.into_iter().zip(neighbours) {
        let (own, later) = rest.split_at_mut(rows.len() * cols);
        rest = later;
        jobs.push(Box::new(move || {
            let outside = |cell: usize| {
                let known = beside.iter().find_map(|(start, row)| row.get(cell.wrapping_sub(*start)));
                *known.expect("a step out of a strip ends in the row beside it")
            };
            let base = rows.start * cols;
            let mut path = Vec::new();
            for cell in base..rows.end * cols {
                walk.from(cell, base, own, &mut path, outside);
            }
        }));
    }
    hands.together(jobs);
    drains
}

/// Walks downstream until a stream.
#[derive(Clone, Copy)]
struct Walk<'a> {
    directions: &'a [u8],
    accumulation: &'a [u32],
    cells_min: Option<u32>,
    around: Around,
}

impl Walk<'_> {
    /// Finds the drain of a cell and of all on its way; `drains` begins at cell `base`, `outside` knows those that lie beside it.
    fn from(&self, start: usize, base: usize, drains: &mut [u32], path: &mut Vec<u32>, outside: impl Fn(usize) -> u32) {
        let mut cell = start;
        let found = loop {
            let Some(known) = drains.get(cell.wrapping_sub(base)).copied() else { break outside(cell) };
            if known != OPEN {
                break known;
            }
            path.push(self.around.index(cell));
            if self.cells_min.is_some_and(|least| self.accumulation[cell] >= least && self.accumulation[cell] > 0) {
                break self.around.index(cell);
            }
            let direction = self.directions[cell];
            if direction >= LEAVES {
                break NO_DRAIN;
            }
            cell = self.around.there(cell, direction);
        };
        for cell in path.drain(..) {
            drains[cell as usize - base] = found;
        }
    }
}

/// Height above nearest drainage (HAND), metres, one value per cell; NaN where the water reaches no stream.
///
/// `ground_m` is the ground as it is, neither filled nor burnt; so the floor of a hollow below its stream has a negative height. O(n).
/// Source: Nobre et al. 2011, doi:10.1016/j.jhydrol.2011.03.051, §2.
pub fn height_above_drain(ground_m: &[f32], drains: &[u32], hands: &dyn Hands) -> Vec<f32> {
    let mut heights = vec![f32::NAN; ground_m.len()];
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut rest = heights.as_mut_slice();
    for cells in strips(ground_m.len(), hands.count()) {
        let (own, later) = rest.split_at_mut(cells.len());
        rest = later;
        jobs.push(Box::new(move || {
            for ((height, ground), &drain) in own.iter_mut().zip(&ground_m[cells.clone()]).zip(&drains[cells]) {
                if drain != NO_DRAIN {
                    *height = ground - ground_m[drain as usize];
                }
            }
        }));
    }
    hands.together(jobs);
    heights
}

/// Steepness of the ground in degrees, 0 to 90; NaN where the height is unknown.
///
/// From the eight neighbours; one that is unknown or off the grid counts as high as the cell itself. O(n).
/// Source: Horn 1981, doi:10.1109/PROC.1981.11918.
pub fn slope_degrees(grid: &Grid, ground_m: &[f32], hands: &dyn Hands) -> Vec<f32> {
    let around = Around::new(grid);
    let cols = grid.cols();
    let (width, height) = grid.step_m();
    let mut slopes = vec![f32::NAN; ground_m.len()];
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut rest = slopes.as_mut_slice();
    for rows in strips(grid.rows(), hands.count()) {
        let (own, later) = rest.split_at_mut(rows.len() * cols);
        rest = later;
        jobs.push(Box::new(move || {
            for (cell, slope) in (rows.start * cols..rows.end * cols).zip(own) {
                let here = ground_m[cell];
                if here.is_nan() {
                    continue;
                }
                let outermost = around.is_outermost(cell);
                let around: [f32; 8] = std::array::from_fn(|direction| {
                    #[expect(clippy::cast_possible_truncation, reason = "a direction is below 8")]
                    let direction = direction as u8;
                    let next =
                        if outermost { around.checked(cell, direction) } else { Some(around.there(cell, direction)) };
                    next.map(|next| ground_m[next]).filter(|there| !there.is_nan()).unwrap_or(here)
                });
                let [e, se, s, sw, w, nw, n, ne] = around.map(f64::from);
                let across = ((ne + 2.0 * e + se) - (nw + 2.0 * w + sw)) / (8.0 * width);
                let along = ((nw + 2.0 * n + ne) - (sw + 2.0 * s + se)) / (8.0 * height);
                #[expect(clippy::cast_possible_truncation, reason = "a steepness needs no more than f32")]
                {
                    *slope = across.hypot(along).atan().to_degrees() as f32;
                }
            }
        }));
    }
    hands.together(jobs);
    slopes
}
