//! One value of one quantity at one device time, and the order in which readings came.
//! Made by `accept`, kept and read by `store`, judged by `assess`.
//! A reading never changes; what came later has a greater [`Arrival`].

use std::str::FromStr;

use jiff::Timestamp;

use super::{quality::Marks, quantity::Quantity};
use crate::{
    id::{ExerciseId, SensorId},
    store::stored_text,
};

pub use crate::store::Arrival;

/// What may be concluded from a value.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Nothing speaks against it.
    Good,
    /// Possible, but outside of what is usual.
    Suspect,
    /// Kept, but nothing may be concluded from it: its sensor is in quarantine.
    Fail,
}

impl Flag {
    /// The word in the store and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Suspect => "suspect",
            Self::Fail => "fail",
        }
    }
}

/// A word that is no flag.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no flag: want good, suspect or fail")]
pub struct UnknownFlag(String);

impl FromStr for Flag {
    type Err = UnknownFlag;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Good, Self::Suspect, Self::Fail]
            .into_iter()
            .find(|flag| flag.as_str() == text)
            .ok_or_else(|| UnknownFlag(text.to_owned()))
    }
}

stored_text!(Flag);

/// A reading that was kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Its place in the order of commits.
    pub arrival: Arrival,
    /// What measured.
    pub sensor: SensorId,
    /// What was measured.
    pub quantity: Quantity,
    /// When the device measured.
    pub read_at: Timestamp,
    /// When it came to us.
    pub received_at: Timestamp,
    /// In the unit of the quantity.
    pub value: f64,
    /// What may be concluded from it.
    pub flag: Flag,
    /// The drill or demo it belongs to.
    pub exercise: Option<ExerciseId>,
}

/// A reading that is about to be kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewReading {
    /// What measured.
    pub sensor: SensorId,
    /// What was measured.
    pub quantity: Quantity,
    /// When the device measured.
    pub read_at: Timestamp,
    /// In the unit of the quantity.
    pub value: f64,
    /// What may be concluded from it.
    pub flag: Flag,
    /// What the tests of quality think of it so far.
    pub marks: Marks,
}

/// What is thought of a reading since a later one told more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaterMarks {
    /// What measured.
    pub sensor: SensorId,
    /// What was measured.
    pub quantity: Quantity,
    /// When the device measured.
    pub read_at: Timestamp,
    /// What the tests think now.
    pub marks: Marks,
}

/// The newest reading of one quantity of one sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latest {
    /// What measured.
    pub sensor: SensorId,
    /// What was measured.
    pub quantity: Quantity,
    /// When the device measured.
    pub read_at: Timestamp,
    /// When it came to us.
    pub received_at: Timestamp,
    /// In the unit of the quantity.
    pub value: f64,
    /// What may be concluded from it.
    pub flag: Flag,
    /// When anything of this quantity was last kept, late readings included.
    pub heard_at: Timestamp,
}

/// One point of a plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When the device measured.
    pub read_at: Timestamp,
    /// In the unit of the quantity.
    pub value: f64,
    /// What may be concluded from it.
    pub flag: Flag,
}
