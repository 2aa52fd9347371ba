//! The ground that an incident covers: each active signal's footprint, joined; and its zones.
//! Called by `assess` with the signals that still count; pure over the city's map.
//! Whom to warn errs outward: zones that come within the margin of the closed shape are in.

use std::{collections::BTreeMap, sync::Arc};

use geo::{BooleanOps, Simplify};
use geo_types::MultiPolygon;
use maps::{City, Footprint, Position, SnowSpread, ZoneCode};

use super::incident::ZoneHit;
use crate::config;

/// The joined shape never has more vertices than this; beyond it is simplified and the margin covers the loss.
const VERTICES_MAX: usize = 4_000;
/// About 5 m in degrees at this latitude: below the warning margin, so nobody falls out.
const SIMPLIFY_DEGREES: f64 = 0.000_05;

/// Where a signal points.
#[derive(Clone, Debug, PartialEq)]
pub enum Ground {
    /// A stage gauge: the stream from there on.
    Stream(maps::GaugeCode),
    /// A snow gauge: zones of its height and neighbourhood.
    Snow(maps::GaugeCode),
    /// A place: a circle.
    Around(Position),
}

/// The footprint of one signal. Falls back to a circle where the map can't say more (a gauge on no reach).
pub fn footprint(city: &City, ground: &Ground, at: Position, settings: &config::Assess) -> Option<Footprint> {
    let circle = || city.radius_footprint(at, settings.report_radius_metres).ok();
    match ground {
        Ground::Stream(gauge) => city.flood_footprint(gauge, settings.reach_half_width_metres).ok().or_else(circle),
        Ground::Snow(gauge) => city.snow_footprint(gauge, SnowSpread::default()).ok().or_else(circle),
        Ground::Around(position) => city.radius_footprint(*position, settings.report_radius_metres).ok(),
    }
}

/// The ground and the zones of several footprints together. O(n log n) in their vertices.
pub fn join(
    city: &City,
    footprints: &[Arc<Footprint>],
    settings: &config::Assess,
) -> (Option<MultiPolygon<f64>>, Vec<ZoneHit>) {
    let mut shapes = footprints.iter().map(|footprint| &footprint.shape);
    let Some(first) = shapes.next() else { return (None, Vec::new()) };
    let mut shape = shapes.fold(first.clone(), |joined, next| joined.union(next));
    if vertices(&shape) > VERTICES_MAX {
        shape = shape.simplify(SIMPLIFY_DEGREES);
    }
    let mut hits: BTreeMap<ZoneCode, ZoneHit> = BTreeMap::new();
    for affected in footprints.iter().flat_map(|footprint| &footprint.zones) {
        let hit = hits.entry(affected.code.clone()).or_insert_with(|| ZoneHit {
            code: affected.code.clone(),
            share: 0.0,
            minutes: None,
        });
        hit.share = hit.share.max(affected.share);
        hit.minutes = match (hit.minutes, affected.minutes) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (one, other) => one.or(other),
        };
    }
    for zone in city.zones_touching(&shape, settings.warn_margin_metres) {
        hits.entry(zone.code.clone()).or_insert_with(|| ZoneHit { code: zone.code.clone(), share: 0.0, minutes: None });
    }
    let mut zones: Vec<_> = hits.into_values().collect();
    // The soonest first, then the most covered.
    zones.sort_by(|left, right| {
        let minutes = |hit: &ZoneHit| hit.minutes.unwrap_or(f64::INFINITY);
        minutes(left)
            .total_cmp(&minutes(right))
            .then(right.share.total_cmp(&left.share))
            .then(left.code.cmp(&right.code))
    });
    (Some(shape), zones)
}

fn vertices(shape: &MultiPolygon<f64>) -> usize {
    shape
        .0
        .iter()
        .map(|polygon| polygon.exterior().0.len() + polygon.interiors().iter().map(|ring| ring.0.len()).sum::<usize>())
        .sum()
}
