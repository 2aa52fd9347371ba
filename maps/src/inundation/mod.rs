//! Water over ground through time, in two dimensions: how deep it gets, when it comes, how fast it is.
//! Called where the shape of the ground alone does not tell: streets, flat land, backwater, after `terrain` has told at once.
//! The result is the same to the bit whatever number of hands works on it, and no water is lost or made.

mod amount; // Sums that are exact.
mod edge; // What flows over the side of a cell.
mod ground; // What water is let over.
mod outcome; // What is told afterwards.
mod run; // Through time, by several hands.
mod sheet; // A strip of cells, step by step.
mod water; // What comes.

pub use edge::DEPTH_MIN_M;
pub use ground::{Ground, MANNING_N, MANNING_RANGE, Side, Window};
pub use outcome::{Balance, Inundation};
pub use run::{Course, DEPTH_MAX_M, Progress, STEPS_TOGETHER, flood};
pub use sheet::SPEED_DEPTH_MIN_M;
pub use water::{Inflow, POINTS_MAX, Rain, STANDING_MAX_M, Series, VALUE_MAX, Water};

/// Why no flood was worked out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoInundation {
    /// The ground can't be used.
    #[error("ground: {0}")]
    BadGround(String),
    /// The water can't be used.
    #[error("water: {0}")]
    BadWater(String),
    /// A number of the course makes no sense.
    #[error("{name} = {value} must be between {min} and {max}")]
    BadNumber {
        /// Which.
        name: &'static str,
        /// What was given.
        value: f64,
        /// Least that is taken.
        min: f64,
        /// Most that is taken.
        max: f64,
    },
    /// More cells than the budget allows.
    #[error(
        "the window has {cells} cells, and the budget is {cells_max}; take a smaller window, larger cells, or a larger budget"
    )]
    TooManyCells {
        /// Cells of the window.
        cells: usize,
        /// Most that are allowed.
        cells_max: usize,
    },
    /// The budget was used up before the end. Nothing is told of the part that was worked out, because it would look like less water.
    #[error(
        "the budget ended after {steps} steps, at {simulated_s:.0} of {of_s:.0} s of flood; take a smaller window, larger cells (half as fine is an eighth of the work), a shorter time, or a larger budget, and use the footprint from terrain meanwhile"
    )]
    OutOfBudget {
        /// Steps that were done.
        steps: u64,
        /// Seconds of the flood that were worked out.
        simulated_s: f64,
        /// Seconds that were asked for.
        of_s: f64,
    },
    /// Water is deeper than any flood.
    #[error(
        "water stands {depth_m:.0} m deep after {at_s:.0} s, above {DEPTH_MAX_M} m; is the discharge right, and has the water a way out?"
    )]
    TooDeep {
        /// How deep.
        depth_m: f64,
        /// When.
        at_s: f64,
    },
}
