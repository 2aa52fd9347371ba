//! The thresholds of snow as data: every number with its unit and its source, read from TOML.
//! The service may hand in its own text; the crate's own is `Limits::default()`.
//! Ladders rise: a higher degree never asks for less, and more snow never fails a condition that less snow meets.

use serde::Deserialize;

use super::NoSnow;
use super::severity::{COMPONENTS, ComponentKind, DEGREE_MAX};
use super::summary::Quantity;

/// Most rungs of all ladders together.
const RUNGS_MAX: usize = 500;

const OWN: &str = include_str!("limits.toml");

/// A number with its unit and where it comes from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced {
    /// The number.
    pub value: f64,
    /// In what.
    pub unit: String,
    /// Who says so.
    pub source: String,
}

/// A condition on one quantity: exactly one of the two bounds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is compared.
    pub quantity: Quantity,
    /// It holds from here on.
    pub at_least: Option<f64>,
    /// It holds up to here.
    pub at_most: Option<f64>,
    /// The quantity's unit.
    pub unit: String,
}

impl Condition {
    /// Does a value meet it?
    pub fn holds(&self, value: f64) -> bool {
        self.at_least.is_none_or(|least| value >= least) && self.at_most.is_none_or(|most| value <= most)
    }

    /// Does whatever meets this meet the other as well?
    fn asks_no_less_than(&self, other: &Condition) -> bool {
        self.quantity == other.quantity
            && other.at_least.is_none_or(|least| self.at_least.is_some_and(|own| own >= least))
            && other.at_most.is_none_or(|most| self.at_most.is_some_and(|own| own <= most))
    }
}

/// A step of a component's ladder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Of which component.
    pub component: ComponentKind,
    /// Which degree it stands for, 1 to [`DEGREE_MAX`].
    pub degree: u8,
    /// All of these must hold.
    pub all: Vec<Condition>,
    /// Only from this height above the sea on, metres.
    pub from_m: Option<f64>,
    /// Only below this height above the sea, metres.
    pub below_m: Option<f64>,
    /// Who says so.
    pub source: String,
}

impl Rung {
    /// Does it count at a height?
    pub fn counts_at(&self, elevation_m: f64) -> bool {
        self.from_m.is_none_or(|from| elevation_m >= from) && self.below_m.is_none_or(|below| elevation_m < below)
    }
}

/// What a degree means for a road.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadState {
    /// As always.
    Open,
    /// Ploughs are needed.
    Ploughing,
    /// It will probably have to be closed.
    ClosingLikely,
    /// It is to be taken as closed.
    Closed,
}

/// From which degree on a road is in a state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoadRule {
    /// The state.
    pub state: RoadState,
    /// From this degree on.
    pub degree: u8,
    /// Who says so.
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbers {
    pub(super) lapse: Sourced,
    pub(super) all_snow: Sourced,
    pub(super) all_rain: Sourced,
    pub(super) snow_per_rain: Sourced,
    pub(super) fresh: Sourced,
    pub(super) settled: Sourced,
    pub(super) old: Sourced,
    pub(super) wet: Sourced,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadZone {
    pub(super) zone: u8,
    pub(super) value: f64,
    pub(super) unit: String,
    pub(super) source: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AvalancheNumbers {
    pub(super) slope_from: Sourced,
    pub(super) slope_to: Sourced,
    pub(super) new_snow_24h: Sourced,
    pub(super) wind: Sourced,
    pub(super) warming: Sourced,
}

/// All thresholds of snow.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub(super) numbers: Numbers,
    #[serde(rename = "load_zone")]
    pub(super) load_zones: Vec<LoadZone>,
    #[serde(rename = "rung")]
    pub(super) rungs: Vec<Rung>,
    #[serde(rename = "road")]
    pub(super) roads: Vec<RoadRule>,
    pub(super) avalanche: AvalancheNumbers,
}

impl Default for Limits {
    /// The crate's own (`limits.toml`), for a city in the mountains; provisional where it says so.
    fn default() -> Limits {
        Limits::read(OWN).expect("the crate's own limits are sound, which a test checks")
    }
}

impl Limits {
    /// From the text of a TOML file of the form of the crate's own. Errors: every fault at once.
    pub fn read(text: &str) -> Result<Limits, NoSnow> {
        let limits: Limits = toml::from_str(text).map_err(|error| NoSnow::BadLimits(vec![error.to_string()]))?;
        let faults = limits.faults();
        if faults.is_empty() { Ok(limits) } else { Err(NoSnow::BadLimits(faults)) }
    }

    /// The steps of all ladders.
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// Snow load on the ground that buildings of a load zone are made for, kN/m²; none for a zone that is not listed.
    pub fn zone_load_kn_m2(&self, zone: u8) -> Option<f64> {
        self.load_zones.iter().find(|load| load.zone == zone).map(|load| load.value)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut number = |name: &str, value: f64, (unit, source): (&str, &str), wanted: &str, min: f64, max: f64| {
            if unit != wanted {
                faults.push(format!("{name}: unit “{unit}”, wanted “{wanted}”"));
            }
            if !(min..=max).contains(&value) {
                faults.push(format!("{name}: {value} must be between {min} and {max} {wanted}"));
            }
            if source.trim().is_empty() {
                faults.push(format!("{name}: has no source"));
            }
        };
        let (n, a) = (&self.numbers, &self.avalanche);
        for (name, given, unit, min, max) in [
            ("lapse", &n.lapse, "C/km", 0.0, 12.0),
            ("all_snow", &n.all_snow, "C", -5.0, 5.0),
            ("all_rain", &n.all_rain, "C", -5.0, 10.0),
            ("snow_per_rain", &n.snow_per_rain, "cm/mm", 0.2, 3.0),
            ("fresh", &n.fresh, "kN/m3", 0.2, 10.0),
            ("settled", &n.settled, "kN/m3", 0.2, 10.0),
            ("old", &n.old, "kN/m3", 0.2, 10.0),
            ("wet", &n.wet, "kN/m3", 0.2, 10.0),
            ("avalanche.slope_from", &a.slope_from, "degrees", 0.0, 90.0),
            ("avalanche.slope_to", &a.slope_to, "degrees", 0.0, 90.0),
            ("avalanche.new_snow_24h", &a.new_snow_24h, "cm", 1.0, 500.0),
            ("avalanche.wind", &a.wind, "m/s", 1.0, 50.0),
            ("avalanche.warming", &a.warming, "C", 1.0, 40.0),
        ] {
            number(name, given.value, (&given.unit, &given.source), unit, min, max);
        }
        for zone in &self.load_zones {
            number(&format!("load_zone {}", zone.zone), zone.value, (&zone.unit, &zone.source), "kN/m2", 0.05, 50.0);
        }
        let (snow, rain) = (n.all_snow.value, n.all_rain.value);
        if snow >= rain {
            faults.push(format!("all_snow {snow} C must be below all_rain {rain} C"));
        }
        if a.slope_from.value >= a.slope_to.value {
            faults.push("avalanche: slope_from must be below slope_to".to_owned());
        }
        if !self.load_zones.windows(2).all(|pair| pair[0].zone < pair[1].zone && pair[0].value < pair[1].value) {
            faults.push("load_zone: zones and their loads must rise".to_owned());
        }
        if !self.roads.windows(2).all(|pair| pair[0].state < pair[1].state && pair[0].degree < pair[1].degree) {
            faults.push("road: states and their degrees must rise".to_owned());
        }
        for road in &self.roads {
            if road.source.trim().is_empty()
                || !(1..=DEGREE_MAX).contains(&road.degree)
                || road.state == RoadState::Open
            {
                faults.push(format!(
                    "road {:?}: needs a source, a degree of 1 to {DEGREE_MAX}, and is not open",
                    road.state
                ));
            }
        }
        if self.rungs.len() > RUNGS_MAX {
            faults.push(format!("{} rungs; at most {RUNGS_MAX}", self.rungs.len()));
            return faults;
        }
        for component in COMPONENTS {
            if !self.rungs.iter().any(|rung| rung.component == component) {
                faults.push(format!("{}: has no rung", component.name()));
            }
        }
        for (at, rung) in self.rungs.iter().enumerate() {
            let name = format!("rung {} ({} {})", at + 1, rung.component.name(), rung.degree);
            faults.extend(rung.faults().into_iter().map(|fault| format!("{name}: {fault}")));
            let less = self.rungs.iter().find(|other| rung.is_no_harder_than(other));
            if let Some(other) = less {
                faults.push(format!("{name}: asks for no more than degree {}", other.degree));
            }
        }
        faults
    }
}

impl Rung {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=DEGREE_MAX).contains(&self.degree) {
            faults.push(format!("degrees are 1 to {DEGREE_MAX}"));
        }
        if self.source.trim().is_empty() {
            faults.push("has no source".to_owned());
        }
        if self.all.is_empty() {
            faults.push("has no condition".to_owned());
        }
        for condition in &self.all {
            let (name, unit) = (condition.quantity.name(), condition.quantity.unit());
            if condition.unit != unit {
                faults.push(format!("{name}: unit “{}”, wanted “{unit}”", condition.unit));
            }
            if condition.at_least.is_some() == condition.at_most.is_some() {
                faults.push(format!("{name}: wanted is one of at_least and at_most"));
            }
            if condition.at_least.or(condition.at_most).is_some_and(|bound| !(-100.0..=10_000.0).contains(&bound)) {
                faults.push(format!("{name}: a bound lies between -100 and 10,000"));
            }
            if condition.quantity.is_snow() && condition.at_most.is_some() {
                faults.push(format!("{name}: more snow must never fail a condition, so at_most is not taken"));
            }
        }
        faults
    }

    /// Is a higher degree of the same ladder (same quantities, same heights) reached by all that reaches a lower one?
    fn is_no_harder_than(&self, lower: &Rung) -> bool {
        let same_ladder = self.component == lower.component
            && (self.from_m, self.below_m) == (lower.from_m, lower.below_m)
            && self.all.len() == lower.all.len()
            && lower.all.iter().all(|condition| self.all.iter().any(|own| own.quantity == condition.quantity));
        same_ladder
            && self.degree > lower.degree
            && self.all.iter().all(|own| lower.all.iter().any(|condition| condition.asks_no_less_than(own)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_own_limits_are_sound_and_every_number_has_its_source() {
        let limits = Limits::read(OWN).unwrap_or_else(|error| panic!("{error}"));
        assert!(limits.rungs().iter().all(|rung| rung.source.len() > 5));
        assert_eq!(limits.zone_load_kn_m2(4), Some(1.5));
        assert_eq!(limits.zone_load_kn_m2(7), None);
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let bad = OWN
            .replace(
                "at_least = 60, unit = \"cm\" }]\nsource = \"DWD",
                "at_least = 30, unit = \"cm\" }]\nsource = \"DWD",
            )
            .replace("unit = \"C/km\"", "unit = \"K/km\"")
            .replacen("{ quantity = \"load_share\", at_least = 50", "{ quantity = \"load_share\", at_most = 50", 1);
        let Err(NoSnow::BadLimits(faults)) = Limits::read(&bad) else { panic!("must be refused") };
        let told = |part: &str| assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
        told("lapse: unit “K/km”");
        told("asks for no more than degree 3");
        told("more snow must never fail a condition");
        assert!(Limits::read(&OWN.replace("degree = 1", "degrees = 1")).is_err());
    }
}
