//! How high water must rise at the borders between strips, when each strip was filled as if it could leave there.
//! Used by `fill` alone, with one outlet per border cell: thousands of them stand for millions of cells.
//! What an outlet needs is the least, over all ways out, of the highest crossing between two outlets' cells: one number, whatever the order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::rims::{height_of, ordered};

/// The outlet of cells whose water leaves the whole grid without crossing a border.
pub(super) const FREE: u32 = 0;

/// No outlet: nothing is known of the cell.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Crossings are tidied when there are so many.
const TIDY_AT: usize = 1 << 20;

/// The outlets of a strip: of which cells, and where their water would cross.
#[derive(Default)]
pub(super) struct Outlets {
    /// By which outlet the water of each cell leaves.
    pub(super) of_cell: Vec<u32>,
    /// Two outlets, the lower first, and the level at which their waters meet.
    crossings: Vec<(u32, u32, u32)>,
}

impl Outlets {
    /// Finds the crossings within a strip that is filled to `level`.
    pub(super) fn of(cols: usize, level: &[f32], of_cell: Vec<u32>) -> Outlets {
        let mut found = Crossings::default();
        for (row, (outlets, levels)) in of_cell.chunks_exact(cols).zip(level.chunks_exact(cols)).enumerate() {
            for col in 1..cols {
                found.between((outlets[col - 1], levels[col - 1]), (outlets[col], levels[col]));
            }
            let below = (row + 1) * cols;
            if below < of_cell.len() {
                found.rows((outlets, levels), (&of_cell[below..below + cols], &level[below..below + cols]));
            }
        }
        Outlets { crossings: found.tidied(), of_cell }
    }

    /// Adds the crossings to the strip below, of whose first row and this one's last the levels are given.
    pub(super) fn meet(&mut self, last: &[f32], first: &[f32], below: &Outlets) {
        let mut found = Crossings { all: std::mem::take(&mut self.crossings) };
        let cols = last.len();
        found.rows((&self.of_cell[self.of_cell.len() - cols..], last), (&below.of_cell[..cols], first));
        self.crossings = found.tidied();
    }
}

#[derive(Default)]
struct Crossings {
    all: Vec<(u32, u32, u32)>,
}

impl Crossings {
    fn rows(&mut self, (outlets, levels): (&[u32], &[f32]), (below, levels_below): (&[u32], &[f32])) {
        for col in 0..outlets.len() {
            for other in col.saturating_sub(1)..(col + 2).min(outlets.len()) {
                self.between((outlets[col], levels[col]), (below[other], levels_below[other]));
            }
        }
    }

    #[inline]
    fn between(&mut self, a: (u32, f32), b: (u32, f32)) {
        if a.0 != b.0 {
            self.note(a, b);
        }
    }

    fn note(&mut self, a: (u32, f32), b: (u32, f32)) {
        if a.0 == NOWHERE || b.0 == NOWHERE {
            return;
        }
        let level = ordered(if a.1 > b.1 { a.1 } else { b.1 });
        let pair = (a.0.min(b.0), a.0.max(b.0));
        match self.all.last_mut() {
            Some(last) if (last.0, last.1) == pair => last.2 = last.2.min(level),
            _ => {
                self.all.push((pair.0, pair.1, level));
                if self.all.len().is_multiple_of(TIDY_AT) {
                    self.tidy();
                }
            }
        }
    }

    /// Only the lowest crossing of two outlets counts.
    fn tidy(&mut self) {
        self.all.sort_unstable();
        self.all.dedup_by_key(|crossing| (crossing.0, crossing.1));
    }

    fn tidied(mut self) -> Vec<(u32, u32, u32)> {
        self.tidy();
        self.all
    }
}

/// To which level the cells of each outlet must rise at least; below everything for [`FREE`] and for what is no outlet.
pub(super) fn needs(strips: &[Outlets], outlets: usize) -> Vec<f32> {
    let both_ways = || {
        let all = strips.iter().flat_map(|strip| &strip.crossings);
        all.flat_map(|&(a, b, level)| [(a, b, level), (b, a, level)])
    };
    let mut ends = vec![0_usize; outlets + 1];
    for (from, _, _) in both_ways() {
        ends[from as usize + 1] += 1;
    }
    for at in 1..ends.len() {
        ends[at] += ends[at - 1];
    }
    let mut next = ends.clone();
    let mut ways = vec![(0_u32, 0_u32); ends[outlets]];
    for (from, to, level) in both_ways() {
        ways[next[from as usize]] = (to, level);
        next[from as usize] += 1;
    }
    // The lowest outlet first: once taken, no other way can be lower.
    let mut needs = vec![None; outlets];
    let mut open = BinaryHeap::from([Reverse((0_u32, FREE))]);
    while let Some(Reverse((level, outlet))) = open.pop() {
        if needs[outlet as usize].is_some() {
            continue;
        }
        needs[outlet as usize] = Some(level);
        for &(to, crossing) in &ways[ends[outlet as usize]..ends[outlet as usize + 1]] {
            if needs[to as usize].is_none() {
                open.push(Reverse((crossing.max(level), to)));
            }
        }
    }
    let level = |need: Option<u32>| need.filter(|level| *level > 0).map_or(f32::MIN, height_of);
    needs.into_iter().map(level).collect()
}
