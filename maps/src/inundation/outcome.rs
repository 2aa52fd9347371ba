//! What a flood came to: depths, arrivals, speeds, and where its water is.
//! Made by `run`; asked by footprints and the map.
//! Grids are row-major from the north-west corner of the window, as the ground was.

use super::run::Progress;
use crate::terrain::{Extent, Grid};

/// Where the water is in the end, cubic metres.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Balance {
    /// Stood there at the beginning.
    pub started_m3: f64,
    /// Was to come: the integrals of the inflows, and the rain that fell.
    pub asked_m3: f64,
    /// Came, in whole amounts.
    pub came_m3: f64,
    /// Left over open sides.
    pub left_m3: f64,
    /// Is still there.
    pub stayed_m3: f64,
    /// Went missing on the way, counted exactly: 0 unless the program is wrong.
    pub lost_m3: f64,
}

impl Balance {
    /// Water that was to be there and is not, or the other way about, as part of all water: what was lost, and what rounding of inflows took.
    pub fn error(&self) -> f64 {
        let all = self.started_m3 + self.asked_m3;
        let found = self.left_m3 + self.stayed_m3;
        if all > 0.0 { (all - found).abs().max(self.lost_m3.abs()) / all } else { found.abs() }
    }
}

/// A flood over a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Inundation {
    pub(super) grid: Grid,
    pub(super) depth_max_m: Vec<f32>,
    pub(super) arrival_s: Vec<f32>,
    pub(super) speed_max_ms: Vec<f32>,
    pub(super) discharge_max_m2s: Vec<f32>,
    pub(super) depth_m: Vec<f32>,
    pub(super) balance: Balance,
    pub(super) steps: u64,
    pub(super) cell_steps: u64,
    pub(super) duration_s: f64,
}

impl Inundation {
    pub(super) fn dry(grid: Grid) -> Inundation {
        let none = || vec![0.0; grid.cells()];
        Inundation {
            grid,
            depth_max_m: none(),
            arrival_s: vec![f32::INFINITY; grid.cells()],
            speed_max_ms: none(),
            discharge_max_m2s: none(),
            depth_m: none(),
            balance: Balance::default(),
            steps: 0,
            cell_steps: 0,
            duration_s: 0.0,
        }
    }

    /// Speeds and discharges were kept as squares.
    pub(super) fn finish(&mut self, progress: &Progress) {
        for square in self.speed_max_ms.iter_mut().chain(&mut self.discharge_max_m2s) {
            *square = square.sqrt();
        }
        (self.steps, self.cell_steps) = (progress.steps, progress.cell_steps);
        self.duration_s = progress.of_s;
    }

    /// Where the cells lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Greatest depth of each cell, metres; looked at every [`STEPS_TOGETHER`](super::STEPS_TOGETHER) steps, and 0 where it was never above
    /// [`DEPTH_MIN_M`](super::DEPTH_MIN_M).
    pub fn depth_max_m(&self) -> &[f32] {
        &self.depth_max_m
    }

    /// Seconds from the beginning until the water was as deep as the course says that it has arrived; infinite where it never was.
    pub fn arrival_s(&self) -> &[f32] {
        &self.arrival_s
    }

    /// Greatest speed of each cell, m/s, while it was [`SPEED_DEPTH_MIN_M`](super::SPEED_DEPTH_MIN_M) deep or more.
    pub fn speed_max_ms(&self) -> &[f32] {
        &self.speed_max_ms
    }

    /// Greatest depth times speed of each cell, m²/s: what sweeps people and cars away.
    pub fn discharge_max_m2s(&self) -> &[f32] {
        &self.discharge_max_m2s
    }

    /// Depth of each cell at the end, metres.
    pub fn depth_m(&self) -> &[f32] {
        &self.depth_m
    }

    /// Where the water is.
    pub fn balance(&self) -> &Balance {
        &self.balance
    }

    /// Seconds of flood, steps in them, and wet cells over all steps.
    pub fn effort(&self) -> (f64, u64, u64) {
        (self.duration_s, self.steps, self.cell_steps)
    }

    /// Cells that were at least `depth_m` deep at some time; none when the window can't be placed on the map. Its
    /// [`shape`](Extent::shape) is a footprint.
    pub fn extent(&self, depth_m: f32) -> Option<Extent> {
        self.grid.is_placed().then(|| Extent::of(self.grid, |cell| self.depth_max_m[cell] >= depth_m))
    }

    /// Cells that water had reached by a time, as [`extent`](Inundation::extent).
    pub fn extent_by(&self, secs: f32) -> Option<Extent> {
        self.grid.is_placed().then(|| Extent::of(self.grid, |cell| self.arrival_s[cell] <= secs))
    }
}
