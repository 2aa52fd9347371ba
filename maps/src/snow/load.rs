//! How heavy the snow lies, and how that compares with what the buildings of a zone are made for.
//! Called with depths or weighed snow and the load zone of the building rules.
//! The load is that of the ground, as the rules state it; roofs that drift or slide differ.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::{NoSnow, within};
use crate::ZoneCode;

/// Newtons that a litre of water weighs, kN/m² per millimetre. Source: g = 9.80665 m/s².
const KN_M2_PER_MM: f64 = 9.806_65e-3;

/// How old the snow is, which says how heavy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// Just fallen.
    Fresh,
    /// Of hours or days.
    Settled,
    /// Of weeks or months.
    Old,
    /// Soaked.
    Wet,
}

/// Snow load of a depth of snow (centimetres, 0 to 2,000), kN/m²; where the snow was weighed (SWE, millimetres, 0 to 20,000), of that instead.
pub fn load_kn_m2(limits: &Limits, depth_cm: f64, age: Age, swe_mm: Option<f64>) -> Result<f64, NoSnow> {
    let depth_cm = within("depth_cm", depth_cm, 0.0, 2_000.0)?;
    if let Some(swe_mm) = swe_mm {
        return Ok(within("swe_mm", swe_mm, 0.0, 20_000.0)? * KN_M2_PER_MM);
    }
    let numbers = &limits.numbers;
    let kn_m3 = match age {
        Age::Fresh => &numbers.fresh,
        Age::Settled => &numbers.settled,
        Age::Old => &numbers.old,
        Age::Wet => &numbers.wet,
    };
    Ok(depth_cm / 100.0 * kn_m3.value)
}

/// Load in a zone of the city.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoofLoad {
    /// Which zone.
    pub zone: ZoneCode,
    /// Load on the ground, kN/m².
    pub load_kn_m2: f64,
    /// What buildings there are made for, kN/m².
    pub made_for_kn_m2: f64,
    /// The one as part of the other, percent: the summary's `load_percent`.
    pub percent: f64,
}

impl RoofLoad {
    /// Of a depth of snow in a zone whose buildings are made for a load zone. Errors: a depth that is none, a load zone that is not listed.
    pub fn of(
        limits: &Limits,
        zone: ZoneCode,
        load_zone: u8,
        depth_cm: f64,
        age: Age,
        swe_mm: Option<f64>,
    ) -> Result<RoofLoad, NoSnow> {
        let load_kn_m2 = load_kn_m2(limits, depth_cm, age, swe_mm)?;
        let made_for = limits.zone_load_kn_m2(load_zone);
        let highest = limits.load_zones.last().map_or(0.0, |zone| f64::from(zone.zone));
        let made_for_kn_m2 = made_for.ok_or(NoSnow::BadNumber {
            name: "load zone",
            value: f64::from(load_zone),
            min: 1.0,
            max: highest,
        })?;
        Ok(RoofLoad { zone, load_kn_m2, made_for_kn_m2, percent: load_kn_m2 / made_for_kn_m2 * 100.0 })
    }
}
