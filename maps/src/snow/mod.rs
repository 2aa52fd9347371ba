//! What snow and cold mean, by height: new snow, drift, load on roofs, ice and frost, blocked roads, and where avalanches may start.
//! Called with the readings of a station and a moment; thresholds are data (`limits.toml`, or the service's own).
//! More snow never lowers a degree, and what was not measured is unknown, not harmless.

mod summary; // Readings become what happened in the last hours.

mod limits; // What counts as much.
mod severity; // Components with their degrees and reasons.

mod bands; // The same at other heights.
mod load; // Weight on roofs, zone by zone.
mod roads; // Which roads and passes are blocked.

mod avalanche; // Where slopes may break; for staff.

pub use avalanche::{AvalancheHint, StaffOnly, Steep, avalanche_hint};
pub use bands::{Band, Fall, Station, depth_between, fall_at};
pub use limits::{Condition, Limits, RoadRule, RoadState, Rung, Sourced};
pub use load::{Age, RoofLoad, load_kn_m2};
pub use roads::{Blocked, RoadInSnow, roads_in_snow};
pub use severity::{COMPONENTS, Component, ComponentKind, DEGREE_MAX, Reason, Severity, severity};
pub use summary::{NewSnow, Quantity, READINGS_MAX, Reading, Summary};

/// Why nothing can be said of the snow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoSnow {
    /// Limits with faults.
    #[error("limits: {}", .0.join("; "))]
    BadLimits(Vec<String>),
    /// Too many readings.
    #[error("{given} readings; at most {READINGS_MAX} are taken, so leave out what is older than three days")]
    TooMany {
        /// How many were given.
        given: usize,
    },
    /// A number that makes no sense.
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
}

fn within(name: &'static str, value: f64, min: f64, max: f64) -> Result<f64, NoSnow> {
    // `contains` is false for NaN.
    if (min..=max).contains(&value) { Ok(value) } else { Err(NoSnow::BadNumber { name, value, min, max }) }
}
