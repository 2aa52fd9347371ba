//! What is measured: each quantity with its unit, its plausible range, and the source of that range.
//! Used by the decoders (names and units), by `plausible` and by whoever shows a value.
//! A value outside of the plausible range is refused, one outside of the usual range is kept and flagged.

use std::{ops::RangeInclusive, str::FromStr};

use crate::store::stored_text;

/// What a sensor measures; the name carries the unit.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub enum Quantity {
    /// Water level above the gauge's zero, metres.
    #[serde(rename = "stage_m")]
    StageM,
    /// Discharge, cubic metres per second.
    #[serde(rename = "discharge_m3s")]
    DischargeM3s,
    /// Rain since the device began to count, millimetres: a counter, not a rate. It falls only when the device is reset.
    #[serde(rename = "rain_mm")]
    RainMm,
    /// Depth of the lying snow, centimetres.
    #[serde(rename = "snow_depth_cm")]
    SnowDepthCm,
    /// Air temperature, degrees Celsius.
    #[serde(rename = "air_temp_c")]
    AirTempC,
    /// Wind speed, metres per second.
    #[serde(rename = "wind_ms")]
    WindMs,
    /// Voltage of the device's battery, volts.
    #[serde(rename = "battery_v")]
    BatteryV,
}

/// A word that is no quantity of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no quantity: want stage_m, discharge_m3s, rain_mm, snow_depth_cm, air_temp_c, wind_ms or battery_v")]
pub struct UnknownQuantity(pub String);

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::StageM,
        Self::DischargeM3s,
        Self::RainMm,
        Self::SnowDepthCm,
        Self::AirTempC,
        Self::WindMs,
        Self::BatteryV,
    ];

    /// The word in payloads, tables and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StageM => "stage_m",
            Self::DischargeM3s => "discharge_m3s",
            Self::RainMm => "rain_mm",
            Self::SnowDepthCm => "snow_depth_cm",
            Self::AirTempC => "air_temp_c",
            Self::WindMs => "wind_ms",
            Self::BatteryV => "battery_v",
        }
    }

    /// The unit as people write it.
    pub fn unit(self) -> &'static str {
        match self {
            Self::StageM => "m",
            Self::DischargeM3s => "m³/s",
            Self::RainMm => "mm",
            Self::SnowDepthCm => "cm",
            Self::AirTempC => "°C",
            Self::WindMs => "m/s",
            Self::BatteryV => "V",
        }
    }

    /// What can be at all (the fail span of QARTOD's gross range test). Outside of it a value is refused.
    ///
    /// Sources: air temperature −80…60 °C, wind 0…75 m/s: WMO-No. 8 (2018), volume I, annex 1.A, operational ranges (the lower
    /// end of temperature and the upper end of wind are that table's). Snow: 1,182 cm at Mount Ibuki (14 February 1927, the record
    /// known to the Japan Meteorological Agency), rounded up. Stage, discharge, rain counter and battery: chosen for streams of a
    /// city and for counters that are reset each year; a gauge that needs more is a reason to change this table.
    pub fn possible(self) -> RangeInclusive<f64> {
        match self {
            Self::StageM => -5.0..=30.0,
            Self::DischargeM3s => 0.0..=20_000.0,
            Self::RainMm => 0.0..=100_000.0,
            Self::SnowDepthCm => 0.0..=1_200.0,
            Self::AirTempC => -80.0..=60.0,
            Self::WindMs => 0.0..=75.0,
            Self::BatteryV => 0.0..=60.0,
        }
    }

    /// What is usual in a city on a plateau (the suspect span of QARTOD's gross range test). Outside of it a value is kept and flagged.
    ///
    /// Source: chosen for Hamadan, wide on purpose: −34 °C and 42 °C are about the extremes known there; a stage of 12 m would stand
    /// above every bridge of the sample city.
    pub fn usual(self) -> RangeInclusive<f64> {
        match self {
            Self::StageM => -1.0..=12.0,
            Self::DischargeM3s => 0.0..=2_000.0,
            Self::RainMm => 0.0..=20_000.0,
            Self::SnowDepthCm => 0.0..=400.0,
            Self::AirTempC => -40.0..=48.0,
            Self::WindMs => 0.0..=50.0,
            Self::BatteryV => 1.5..=30.0,
        }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Quantity {
    type Err = UnknownQuantity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|quantity| quantity.as_str() == text)
            .ok_or_else(|| UnknownQuantity(text.chars().take(64).collect()))
    }
}

impl From<maps::Quantity> for Quantity {
    fn from(quantity: maps::Quantity) -> Self {
        match quantity {
            maps::Quantity::StageM => Self::StageM,
            maps::Quantity::SnowDepthCm => Self::SnowDepthCm,
            maps::Quantity::RainMm => Self::RainMm,
            maps::Quantity::AirTempC => Self::AirTempC,
        }
    }
}

stored_text!(Quantity);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_possible() {
        for quantity in Quantity::ALL {
            assert_eq!(quantity.as_str().parse(), Ok(quantity));
            assert!(quantity.possible().contains(quantity.usual().start()), "{quantity}");
            assert!(quantity.possible().contains(quantity.usual().end()), "{quantity}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_possible() {
        assert!(Quantity::ALL.into_iter().all(|quantity| !quantity.possible().contains(&f64::NAN)));
    }
}
