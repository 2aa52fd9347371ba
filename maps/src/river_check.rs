//! What is wrong with waterways and the gauges on them: unknown names, gaps, circles, impossible speeds, heights that rise downstream.
//! Called by `build`, when every reach and gauge has been read for itself.
//! Each fault names reach or gauge and the property to change; the order of features does not matter.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::{At, Faults};
use crate::position::Plane;
use crate::river::{JOIN_TOLERANCE_M, Reach};
use crate::{Gauge, Quantity, ReachCode, walk};

const RIVERS: &str = "waterways.geojson";
const GAUGES: &str = "gauges.geojson";

/// A stage gauge stands this near to its reach, in metres.
const GAUGE_OFF_REACH_M_MAX: f64 = 300.0;

/// Metres per second within which a flood wave runs. Source: ours, far beyond what rivers do (0.3 to 6): what lies outside is a slip of units.
const WAVE_MS: std::ops::RangeInclusive<f64> = 0.02..=20.0;

/// Metres that the zero of a gauge may lie above or below the ground beside it. Source: ours; what lies outside is another vertical datum.
const DATUM_OFF_GROUND_M_MAX: f64 = 60.0;

/// Most codes that one note names.
const NAMED_MAX: usize = 8;

/// The graph of reaches: known, meeting, without a circle, at speeds that water has.
pub(crate) fn check_river(reaches: &[Reach], left_out: &BTreeSet<String>, faults: &mut Faults) {
    let by_code: BTreeMap<&ReachCode, &Reach> = reaches.iter().map(|reach| (&reach.code, reach)).collect();
    let circling = circling(reaches, &by_code);
    for reach in reaches {
        let at = At::file(RIVERS).feature(reach.code.as_str()).property("flows_into");
        let wave_ms = reach.length_m / (reach.travel_minutes * 60.0);
        if !WAVE_MS.contains(&wave_ms) {
            let what = format!(
                "{:.1} minutes for {:.0} m are {wave_ms:.2} m/s, which no flood wave runs",
                reach.travel_minutes, reach.length_m
            );
            let fix =
                format!("give minutes, from start to end of the line ({} to {} m/s)", WAVE_MS.start(), WAVE_MS.end());
            faults.add(at.property("travel_minutes"), what, fix);
        }
        let Some(code) = &reach.flows_into else { continue };
        let Some(next) = by_code.get(code) else {
            if !left_out.contains(code.as_str()) {
                faults.add(at, format!("reach “{code}” is not in this file"), "add it, or name another");
            }
            continue;
        };
        let gap_m = walk::gap_m(reach, next);
        if gap_m > JOIN_TOLERANCE_M {
            let what = format!("its end lies {gap_m:.0} m from the start of “{code}”");
            let fix = format!(
                "draw both in the direction of flow, split at the confluence, ends within {JOIN_TOLERANCE_M} m"
            );
            faults.add(at, what, fix);
        }
        if circling.contains(&reach.code) {
            faults.add(at, "the water flows round in a circle", "mend flows_into on the way from here");
        }
    }
}

/// Reaches whose water never leaves the map, because it comes into a circle. O(n log n).
fn circling<'a>(reaches: &'a [Reach], by_code: &BTreeMap<&'a ReachCode, &'a Reach>) -> BTreeSet<&'a ReachCode> {
    // Until a way is walked to its end it counts as one that never leaves: who meets it again goes round.
    let mut ends: BTreeMap<&ReachCode, bool> = BTreeMap::new();
    for reach in reaches {
        let mut way: Vec<&ReachCode> = Vec::new();
        let mut here = Some(reach);
        let leaves = loop {
            let Some(step) = here else { break true };
            if let Some(&known) = ends.get(&step.code) {
                break known;
            }
            ends.insert(&step.code, false);
            way.push(&step.code);
            here = step.flows_into.as_ref().and_then(|code| by_code.get(code).copied());
        };
        ends.extend(way.into_iter().map(|code| (code, leaves)));
    }
    ends.into_iter().filter(|(_, leaves)| !leaves).map(|(code, _)| code).collect()
}

/// Gauges: on a reach that is there and near, with a zero that can be true.
pub(crate) fn check_gauges(gauges: &[Gauge], reaches: &[Reach], left_out: &BTreeSet<String>, faults: &mut Faults) {
    let by_code: BTreeMap<&ReachCode, &Reach> = reaches.iter().map(|reach| (&reach.code, reach)).collect();
    for gauge in gauges {
        check_datum(gauge, faults);
        let at = At::file(GAUGES).feature(gauge.code.as_str()).property("reach");
        let Some(code) = &gauge.reach else {
            if gauge.quantity == Quantity::StageM {
                faults.add(at, "is missing", "a stage gauge stands on a reach; name it");
            }
            continue;
        };
        let Some(reach) = by_code.get(code) else {
            if !left_out.contains(code.as_str()) {
                faults.add(at, format!("reach “{code}” is not in waterways.geojson"), "add it there, or name another");
            }
            continue;
        };
        let (_, off_m) = along(reach, gauge);
        if gauge.quantity == Quantity::StageM && off_m > GAUGE_OFF_REACH_M_MAX {
            let what = format!("the gauge stands {off_m:.0} m from reach “{code}”");
            faults.add(
                at,
                what,
                format!("move it, or name the reach it stands on (at most {GAUGE_OFF_REACH_M_MAX} m)"),
            );
        }
    }
    check_falls(gauges, &by_code, faults);
    note_unwatched(gauges, reaches, &by_code, faults);
}

/// Metres along the reach to the gauge, and from the reach to it.
fn along(reach: &Reach, gauge: &Gauge) -> (f64, f64) {
    let plane = Plane::at(gauge.position.coord());
    walk::nearest_on(&plane.line_in_metres(&reach.line), plane.metres(gauge.position.coord()))
}

/// The zero of a gauge: of stage only, and in the same vertical datum as the ground beside it.
fn check_datum(gauge: &Gauge, faults: &mut Faults) {
    let at = At::file(GAUGES).feature(gauge.code.as_str()).property("datum_m");
    match (gauge.quantity, gauge.datum_m, gauge.elevation_m) {
        (Quantity::StageM, Some(datum_m), Some(ground_m)) if (datum_m - ground_m).abs() > DATUM_OFF_GROUND_M_MAX => {
            let what = format!(
                "the zero at {datum_m} m lies {:.0} m from the ground at {ground_m} m",
                (datum_m - ground_m).abs()
            );
            let fix =
                "give both as metres above the same sea level; the zero of a gauge lies near the bed of its channel";
            faults.add(at, what, fix);
        }
        (Quantity::SnowDepthCm | Quantity::RainMm | Quantity::AirTempC, Some(_), _) => {
            let fix = "only a stage has a zero above sea level; write elevation_m for the height of the ground";
            faults.add(at, format!("is given for {}", gauge.quantity), fix);
        }
        (Quantity::StageM, None, _) => {
            let what = "is not given; a stage here can't be told as a height above sea level";
            faults.note(at, what, "have the gauge's zero levelled, and write it in metres above sea level");
        }
        (Quantity::StageM, Some(_), _) | (Quantity::SnowDepthCm | Quantity::RainMm | Quantity::AirTempC, None, _) => {}
    }
}

/// Of two gauges on one way of the water the lower one has the lower zero.
fn check_falls(gauges: &[Gauge], by_code: &BTreeMap<&ReachCode, &Reach>, faults: &mut Faults) {
    let mut on: BTreeMap<&ReachCode, Vec<(f64, f64, &Gauge)>> = BTreeMap::new();
    for gauge in gauges.iter().filter(|gauge| gauge.quantity == Quantity::StageM) {
        let reach = gauge.reach.as_ref().and_then(|code| by_code.get(code));
        if let (Some(reach), Some(datum_m)) = (reach, gauge.datum_m) {
            on.entry(&reach.code).or_default().push((along(reach, gauge).0, datum_m, gauge));
        }
    }
    for list in on.values_mut() {
        list.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.2.code.cmp(&b.2.code)));
    }
    for (&code, list) in &on {
        for (index, (_, upper_m, upper)) in list.iter().enumerate() {
            let below = list.get(index + 1).or_else(|| next_below(code, &on, by_code));
            let Some((_, lower_m, lower)) = below else { continue };
            if lower_m > upper_m {
                let at = At::file(GAUGES).feature(lower.code.as_str()).property("datum_m");
                let what = format!("{lower_m} m is higher than gauge “{}” upstream, {upper_m} m", upper.code);
                faults.add(at, what, "give both as metres above the same sea level; water flows down");
            }
        }
    }
}

/// The first gauge with a zero on the reaches below this one.
fn next_below<'a, 'g>(
    code: &ReachCode,
    on: &'a BTreeMap<&ReachCode, Vec<(f64, f64, &'g Gauge)>>,
    by_code: &BTreeMap<&ReachCode, &Reach>,
) -> Option<&'a (f64, f64, &'g Gauge)> {
    let mut here = by_code.get(code)?.flows_into.as_ref()?;
    // A circle is told elsewhere; here it only must end.
    for _ in 0..by_code.len() {
        if let Some(first) = on.get(here).and_then(|list| list.first()) {
            return Some(first);
        }
        here = by_code.get(here)?.flows_into.as_ref()?;
    }
    None
}

/// One note for all reaches whose water passes no stage gauge before it is there.
fn note_unwatched(gauges: &[Gauge], reaches: &[Reach], by_code: &BTreeMap<&ReachCode, &Reach>, faults: &mut Faults) {
    if gauges.is_empty() {
        return;
    }
    let mut watched: BTreeSet<&ReachCode> = BTreeSet::new();
    for gauge in gauges.iter().filter(|gauge| gauge.quantity == Quantity::StageM) {
        let mut here = gauge.reach.as_ref();
        while let Some(reach) = here.and_then(|code| by_code.get(code)) {
            if !watched.insert(&reach.code) {
                break;
            }
            here = reach.flows_into.as_ref();
        }
    }
    let unwatched: Vec<&str> =
        reaches.iter().map(|reach| &reach.code).filter(|code| !watched.contains(code)).map(ReachCode::as_str).collect();
    if let Some(first) = unwatched.first() {
        let named = unwatched.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
        let more = unwatched.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let what = format!("no stage gauge stands on or above {} reach(es): {named}{more}", unwatched.len());
        faults.note(At::file(RIVERS).feature(first), what, "only people can report a flood there; think of a gauge");
    }
}
