//! Gauges: the places where something is measured, and the values at which it matters.
//! Made by `City::build`; read by the sensors' room, by assessment (thresholds) and by the footprints.
//! Thresholds carry the unit of their quantity and the source of their numbers; without a source they are refused.

use serde::{Deserialize, Serialize};

use crate::{GaugeCode, Position, ReachCode, Texts, ZoneCode};

/// A place where one quantity is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// Stable code; the sensor that stands there usually bears the same.
    pub code: GaugeCode,
    /// Name by language.
    pub name: Texts,
    /// Where it stands.
    pub position: Position,
    /// The reach whose water it measures (stage gauges always have one).
    pub reach: Option<ReachCode>,
    /// The leaf zone in which it stands, if any.
    pub zone: Option<ZoneCode>,
    /// What it measures, with the unit.
    pub quantity: Quantity,
    /// Height of the gauge's zero above sea level, in metres (stage gauges).
    pub datum_m: Option<f64>,
    /// Height of the ground above sea level, in metres.
    pub elevation_m: Option<f64>,
    /// The values at which it matters, in the unit of `quantity`.
    pub thresholds: Option<Thresholds>,
    /// Seconds between two readings when all is well.
    pub expected_interval_secs: u32,
}

/// What a gauge measures; the name carries the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Quantity {
    /// Water level above the gauge's zero, metres.
    #[serde(rename = "stage_m")]
    StageM,
    /// Depth of the lying snow, centimetres.
    #[serde(rename = "snow_depth_cm")]
    SnowDepthCm,
    /// Rain, millimetres, as a cumulative counter.
    #[serde(rename = "rain_mm")]
    RainMm,
    /// Air temperature, degrees Celsius.
    #[serde(rename = "air_temp_c")]
    AirTempC,
}

impl Quantity {
    /// All quantities, with the word that stands in files, tables and MQTT payloads.
    pub const ALL: [(&'static str, Quantity); 4] = [
        ("stage_m", Quantity::StageM),
        ("snow_depth_cm", Quantity::SnowDepthCm),
        ("rain_mm", Quantity::RainMm),
        ("air_temp_c", Quantity::AirTempC),
    ];

    /// The word that stands in files, tables and MQTT payloads.
    pub fn as_str(self) -> &'static str {
        match self {
            Quantity::StageM => "stage_m",
            Quantity::SnowDepthCm => "snow_depth_cm",
            Quantity::RainMm => "rain_mm",
            Quantity::AirTempC => "air_temp_c",
        }
    }

    /// The unit as people write it.
    pub fn unit(self) -> &'static str {
        match self {
            Quantity::StageM => "m",
            Quantity::SnowDepthCm => "cm",
            Quantity::RainMm => "mm",
            Quantity::AirTempC => "°C",
        }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The values at which a quantity matters, in its unit.
///
/// Rising for stage, snow and rain (yellow < orange < red); falling for air temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Be aware.
    pub yellow: f64,
    /// Damage is likely.
    pub orange: f64,
    /// Severe damage is likely.
    pub red: f64,
    /// Who says so, and when.
    pub source: String,
}
