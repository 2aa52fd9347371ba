//! How bad the snow is: each component on its ladder, with its reasons as data, and the worst of them.
//! Called with a summary, a height and the limits, for a station or for a band of heights.
//! What would need a value that nobody measured is named as unknown; it is never taken as harmless.

use serde::{Deserialize, Serialize};

use super::limits::{Condition, Limits, Rung};
use super::summary::{Quantity, Summary};

/// The highest degree.
pub const DEGREE_MAX: u8 = 5;

/// A component of a winter storm, each with a ladder of its own.
///
/// Source: NOAA's Winter Storm Severity Index, whose six components these are; frost is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentKind {
    /// How much fell.
    SnowAmount,
    /// How heavy it lies.
    SnowLoad,
    /// Snow that falls and drifts.
    BlowingSnow,
    /// Snow that lies and drifts.
    GroundBlizzard,
    /// Rain that freezes where it falls.
    Ice,
    /// Wetness that freezes at once.
    FlashFreeze,
    /// Cold itself.
    Frost,
}

/// All components.
pub const COMPONENTS: [ComponentKind; 7] = [
    ComponentKind::SnowAmount,
    ComponentKind::SnowLoad,
    ComponentKind::BlowingSnow,
    ComponentKind::GroundBlizzard,
    ComponentKind::Ice,
    ComponentKind::FlashFreeze,
    ComponentKind::Frost,
];

impl ComponentKind {
    /// Its name in files and interfaces.
    pub fn name(self) -> &'static str {
        match self {
            ComponentKind::SnowAmount => "snow_amount",
            ComponentKind::SnowLoad => "snow_load",
            ComponentKind::BlowingSnow => "blowing_snow",
            ComponentKind::GroundBlizzard => "ground_blizzard",
            ComponentKind::Ice => "ice",
            ComponentKind::FlashFreeze => "flash_freeze",
            ComponentKind::Frost => "frost",
        }
    }
}

impl ComponentKind {
    /// Does it block a road? Weight on roofs and cold alone don't.
    pub fn blocks_roads(self) -> bool {
        match self {
            ComponentKind::SnowAmount
            | ComponentKind::BlowingSnow
            | ComponentKind::GroundBlizzard
            | ComponentKind::Ice
            | ComponentKind::FlashFreeze => true,
            ComponentKind::SnowLoad | ComponentKind::Frost => false,
        }
    }
}

/// A value that met a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Of what.
    pub quantity: Quantity,
    /// What was measured.
    pub value: f64,
    /// The quantity's unit.
    pub unit: String,
    /// The condition held from here on.
    pub at_least: Option<f64>,
    /// The condition held up to here.
    pub at_most: Option<f64>,
    /// Who set it.
    pub source: String,
}

/// How bad one component is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Which.
    pub component: ComponentKind,
    /// 0 none, 1 limited, 2 minor, 3 moderate, 4 major, 5 extreme; at least this.
    pub degree: u8,
    /// Why: every condition of the highest rung that holds, and of others of the same degree that do.
    pub reasons: Vec<Reason>,
    /// It could be as bad as this, if what is missing were bad; none when nothing is missing.
    pub perhaps: Option<u8>,
    /// What would be needed to know.
    pub missing: Vec<Quantity>,
}

/// How bad it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// Height above the sea that it was judged for, metres.
    pub elevation_m: f64,
    /// Every component, in the order of [`COMPONENTS`].
    pub components: Vec<Component>,
    /// The highest degree of any: what is certain.
    pub overall: u8,
    /// Could a component be worse than that, for all that was measured?
    pub perhaps: Option<u8>,
}

/// Judges a summary at a height above the sea. O(rungs).
pub fn severity(summary: &Summary, elevation_m: f64, limits: &Limits) -> Severity {
    let components: Vec<Component> =
        COMPONENTS.into_iter().map(|kind| component(kind, summary, elevation_m, limits)).collect();
    let overall = components.iter().map(|component| component.degree).max().unwrap_or(0);
    let perhaps = components.iter().filter_map(|component| component.perhaps).max().filter(|degree| *degree > overall);
    Severity { elevation_m, components, overall, perhaps }
}

fn component(kind: ComponentKind, summary: &Summary, elevation_m: f64, limits: &Limits) -> Component {
    let ladder = || limits.rungs().iter().filter(|rung| rung.component == kind && rung.counts_at(elevation_m));
    let value = |condition: &Condition| summary.value(condition.quantity);
    let holds =
        |rung: &&Rung| rung.all.iter().all(|condition| value(condition).is_some_and(|value| condition.holds(value)));
    let degree = ladder().filter(holds).map(|rung| rung.degree).max().unwrap_or(0);
    let mut reasons: Vec<Reason> = Vec::new();
    for rung in ladder().filter(|rung| rung.degree == degree).filter(holds) {
        for condition in &rung.all {
            if let Some(value) = value(condition) {
                let unit = condition.unit.clone();
                let (quantity, at_least, at_most) = (condition.quantity, condition.at_least, condition.at_most);
                reasons.push(Reason { quantity, value, unit, at_least, at_most, source: rung.source.clone() });
            }
        }
    }
    // A rung is open when nothing that is known speaks against it.
    let open = |rung: &&Rung| {
        rung.degree > degree
            && rung.all.iter().all(|condition| value(condition).is_none_or(|value| condition.holds(value)))
    };
    let mut missing: Vec<Quantity> = ladder()
        .filter(open)
        .flat_map(|rung| &rung.all)
        .filter(|condition| value(condition).is_none())
        .map(|condition| condition.quantity)
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let perhaps = ladder().filter(open).map(|rung| rung.degree).max();
    Component { component: kind, degree, reasons, perhaps, missing }
}
