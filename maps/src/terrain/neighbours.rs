//! The eight neighbours of a cell, in the one order that decides every tie.
//! Used by everything in this folder that looks around.
//! The order is E, SE, S, SW, W, NW, N, NE; a direction and its opposite are four apart.

use super::grid::Grid;

/// Row and column steps of the eight directions.
pub(super) const STEPS: [(isize, isize); 8] = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)];

/// Neighbours by index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    cols: usize,
    rows: usize,
    offsets: [isize; 8],
}

impl Around {
    pub(super) fn new(grid: &Grid) -> Around {
        let cols = grid.cols().cast_signed();
        Around { cols: grid.cols(), rows: grid.rows(), offsets: STEPS.map(|(row, col)| row * cols + col) }
    }

    /// The index as it is kept in lists.
    #[expect(clippy::cast_possible_truncation, reason = "a grid has at most CELLS_MAX cells")]
    #[expect(clippy::unused_self, reason = "only who knows the grid may shorten its indices")]
    pub(super) fn index(&self, cell: usize) -> u32 {
        cell as u32
    }

    /// The neighbour in a direction (0 to 7), which must lie on the grid.
    pub(super) fn there(&self, cell: usize, direction: u8) -> usize {
        cell.wrapping_add_signed(self.offsets[usize::from(direction & 7)])
    }

    /// Is it in the outermost row or column?
    pub(super) fn is_outermost(&self, cell: usize) -> bool {
        let (row, col) = (cell / self.cols, cell % self.cols);
        row == 0 || col == 0 || row + 1 == self.rows || col + 1 == self.cols
    }

    /// Calls `look` with each neighbour on the grid, in order.
    pub(super) fn each(&self, cell: usize, look: impl FnMut(usize)) {
        self.each_of(cell, self.is_outermost(cell), look);
    }

    /// As [`each`](Around::each) by who knows already whether the cell is outermost, which costs a division to find out.
    #[inline]
    pub(super) fn each_of(&self, cell: usize, outermost: bool, mut look: impl FnMut(usize)) {
        if outermost {
            (0..8).filter_map(|direction| self.checked(cell, direction)).for_each(look);
        } else {
            for offset in self.offsets {
                look(cell.wrapping_add_signed(offset));
            }
        }
    }

    /// The neighbour in a direction, if it lies on the grid.
    pub(super) fn checked(&self, cell: usize, direction: u8) -> Option<usize> {
        let (down, right) = STEPS[usize::from(direction & 7)];
        let row = (cell / self.cols).checked_add_signed(down)?;
        let col = (cell % self.cols).checked_add_signed(right)?;
        (row < self.rows && col < self.cols).then_some(row * self.cols + col)
    }
}

/// Calls `found` with each known cell that lies in the outermost row or column, or beside an unknown cell: there water leaves.
pub(super) fn edge_cells(grid: &Grid, ground: &[f32], mut found: impl FnMut(usize)) {
    let around = Around::new(grid);
    let any_unknown = ground.iter().any(|height| height.is_nan());
    for row in 0..grid.rows() {
        let start = row * grid.cols();
        let whole = any_unknown || row == 0 || row + 1 == grid.rows();
        let mut check = |cell: usize| {
            let mut leaves = around.is_outermost(cell);
            if any_unknown && !leaves {
                around.each(cell, |next| leaves |= ground[next].is_nan());
            }
            if leaves && !ground[cell].is_nan() {
                found(cell);
            }
        };
        if whole {
            (start..start + grid.cols()).for_each(check);
        } else {
            check(start);
            if grid.cols() > 1 {
                check(start + grid.cols() - 1);
            }
        }
    }
}
