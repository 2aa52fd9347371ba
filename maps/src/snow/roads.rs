//! Which roads and passes snow blocks.
//! Called with lines or places and their greatest height, and what a station tells of that height; isolation takes the closed ones out of its graph.
//! A road is judged at its highest point, with its reasons; what is open is not listed.

use geo_types::LineString;

use super::bands::Station;
use super::limits::{Limits, RoadState};
use super::severity::{Component, severity};
use super::{NoSnow, within};

/// A road or a pass.
#[derive(Debug, Clone, PartialEq)]
pub struct RoadInSnow {
    /// What it is called by machines.
    pub code: String,
    /// Where it runs, lon,lat; a pass may be a single point.
    pub line: LineString<f64>,
    /// Height of its highest point above the sea, metres.
    pub highest_m: f64,
    /// It is closed from this degree on, 1 to 5, where that is known of this road; else as the limits say.
    pub closed_from: Option<u8>,
}

/// A road that is not simply open.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocked {
    /// Which.
    pub code: String,
    /// Where it runs.
    pub line: LineString<f64>,
    /// What to take it for.
    pub state: RoadState,
    /// The highest degree of what blocks roads, at its highest point.
    pub degree: u8,
    /// The components of that degree, with their reasons.
    pub because: Vec<Component>,
    /// It could be as bad as this, if what nobody measured were bad.
    pub perhaps: Option<u8>,
}

/// The roads that are not open, the worst first, then by code; and the codes of those of which nothing bad is known but could be, by code.
pub fn roads_in_snow(
    roads: &[RoadInSnow],
    station: &Station,
    depths: &[(f64, f64)],
    limits: &Limits,
) -> Result<(Vec<Blocked>, Vec<String>), NoSnow> {
    let (mut blocked, mut unknown) = (Vec::new(), Vec::new());
    for road in roads {
        let elevation_m = within("highest_m", road.highest_m, -500.0, 9_000.0)?;
        let found = severity(&station.at(elevation_m, depths, limits), elevation_m, limits);
        let on_roads = || found.components.iter().filter(|component| component.component.blocks_roads());
        let degree = on_roads().map(|component| component.degree).max().unwrap_or(0);
        let perhaps = on_roads().filter_map(|component| component.perhaps).max().filter(|perhaps| *perhaps > degree);
        let by_rules = limits.roads.iter().rev().find(|rule| degree >= rule.degree);
        let state = match road.closed_from {
            Some(closed_from) if degree >= closed_from => RoadState::Closed,
            // What is known of this road stands above what is said of all.
            Some(_) => by_rules.map_or(RoadState::Open, |rule| rule.state.min(RoadState::ClosingLikely)),
            None => by_rules.map_or(RoadState::Open, |rule| rule.state),
        };
        if state == RoadState::Open {
            if perhaps.is_some() {
                unknown.push(road.code.clone());
            }
            continue;
        }
        let because = on_roads().filter(|component| component.degree == degree).cloned().collect();
        blocked.push(Blocked { code: road.code.clone(), line: road.line.clone(), state, degree, because, perhaps });
    }
    blocked.sort_by(|a, b| b.state.cmp(&a.state).then(b.degree.cmp(&a.degree)).then_with(|| a.code.cmp(&b.code)));
    unknown.sort_unstable();
    Ok((blocked, unknown))
}
