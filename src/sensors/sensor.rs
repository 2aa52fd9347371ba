//! What measures at one place: who it is, where it stands, what matters there, and whether it is heard.
//! Made by `registry`, read by `accept`, `watch`, `assess` and the API.
//! A code is safe in a topic, a path and a file, and stays.

use std::{collections::BTreeMap, str::FromStr};

use jiff::Timestamp;
use maps::{GaugeCode, Position, ReachCode, Texts, Thresholds, ZoneCode};

use super::quantity::Quantity;
use crate::{
    id::{ExerciseId, SensorId},
    store::stored_text,
};

/// The stable name of a sensor: `[a-z0-9-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SensorCode(String);

/// A text that is no sensor's code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sensor code “{0}” must be 1 to 64 characters of a-z, 0-9 and “-”")]
pub struct BadSensorCode(String);

impl SensorCode {
    /// Takes a text that is a code.
    pub fn new(text: impl Into<String>) -> Result<Self, BadSensorCode> {
        let text = text.into();
        let ok =
            (1..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        // What is shown of a bad one is bounded: it may be anything that somebody sent.
        if ok { Ok(Self(text)) } else { Err(BadSensorCode(text.chars().take(64).collect())) }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SensorCode {
    type Error = BadSensorCode;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<SensorCode> for String {
    fn from(code: SensorCode) -> Self {
        code.0
    }
}

impl FromStr for SensorCode {
    type Err = BadSensorCode;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl std::fmt::Display for SensorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

stored_text!(SensorCode);

/// Whether a sensor is heard.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SensorState {
    /// Nothing came since it was registered.
    Never,
    /// It speaks when it should.
    Ok,
    /// It is overdue, or the broker lost it.
    Silent,
    /// Staff put it aside: what it says is kept, but nothing is concluded from it.
    Quarantine,
}

impl SensorState {
    /// The word in the store and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Ok => "ok",
            Self::Silent => "silent",
            Self::Quarantine => "quarantine",
        }
    }
}

/// A word that is no state.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no state of a sensor: want never, ok, silent or quarantine")]
pub struct UnknownState(String);

impl FromStr for SensorState {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Never, Self::Ok, Self::Silent, Self::Quarantine]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

stored_text!(SensorState);

/// What measures at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// Which.
    pub id: SensorId,
    /// Its stable name.
    pub code: SensorCode,
    /// Its name for people.
    pub name: Texts,
    /// What it measures.
    pub quantities: Vec<Quantity>,
    /// Where it stands.
    pub position: Position,
    /// The leaf zone it stands in; none outside of all zones.
    pub zone: Option<ZoneCode>,
    /// The reach whose water it measures.
    pub reach: Option<ReachCode>,
    /// The map's gauge it is.
    pub gauge: Option<GaugeCode>,
    /// The values at which a quantity matters, in its unit.
    pub thresholds: BTreeMap<Quantity, Thresholds>,
    /// Seconds between two readings when all is well; at least 1.
    pub expected_interval_secs: i32,
    /// Whether it is heard, and since when that is known.
    pub state: SensorState,
    /// When this state was recorded.
    pub state_since: Timestamp,
    /// The drill or demo it belongs to.
    pub exercise: Option<ExerciseId>,
}

/// A sensor to be registered.
#[derive(Clone, Debug)]
pub struct NewSensor {
    /// Its stable name.
    pub code: SensorCode,
    /// Its name for people.
    pub name: Texts,
    /// What it measures; at least one.
    pub quantities: Vec<Quantity>,
    /// Where it stands.
    pub position: Position,
    /// The reach whose water it measures.
    pub reach: Option<ReachCode>,
    /// The map's gauge it is.
    pub gauge: Option<GaugeCode>,
    /// The values at which a quantity matters; those of the gauge when empty.
    pub thresholds: BTreeMap<Quantity, Thresholds>,
    /// Seconds between two readings when all is well.
    pub expected_interval_secs: i32,
}
