//! The ground that an incident covers: each active signal's footprint, joined; and its zones.
//! Called by `assess` with the signals that still count; pure over the city's map.
//! Whom to warn errs outward: zones that come within the margin of the closed shape are in.

use std::{collections::BTreeMap, sync::Arc};

use geo::{BooleanOps, Simplify};
use geo_types::MultiPolygon;
use maps::{
    City, Footprint, Position, SnowSpread, ZoneCode,
    terrain::{PondLimits, Relief},
};

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
    /// A stage gauge that reads so many centimetres: what that floods by the terrain, and the stream as without it.
    Stage(maps::GaugeCode, u16),
    /// Water that stands so many centimetres deep at a place: what lies lower there.
    Depth(Position, u16),
}

/// What one signal reaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// Whom to warn: the footprints together, one at least.
    pub footprints: Vec<Footprint>,
    /// What is flooded with a probability of 0.8 or more, and of 0.5 or more, by each tile of the terrain that tells.
    pub bands: Vec<[Option<MultiPolygon<f64>>; 2]>,
}

/// The footprint of one signal as far as the map alone tells. Falls back to a circle where it can't say more (a gauge on no reach).
pub fn footprint(city: &City, ground: &Ground, at: Position, settings: &config::Assess) -> Option<Footprint> {
    let circle = || city.radius_footprint(at, settings.report_radius_metres).ok();
    match ground {
        Ground::Stream(gauge) | Ground::Stage(gauge, _) => {
            city.flood_footprint(gauge, settings.reach_half_width_metres).ok().or_else(circle)
        }
        Ground::Snow(gauge) => city.snow_footprint(gauge, SnowSpread::default()).ok().or_else(circle),
        Ground::Around(position) | Ground::Depth(position, _) => {
            city.radius_footprint(*position, settings.report_radius_metres).ok()
        }
    }
}

/// What one signal reaches: by the terrain where there is some, and otherwise its footprint.
///
/// Whom to warn errs outward: ground that is flooded with a probability of 0.2 or more, and what lies beside the channel or the place in any case.
pub fn reached(
    city: &City,
    tiles: &[Relief],
    ground: &Ground,
    at: Position,
    settings: &config::Assess,
) -> Option<Reached> {
    let metres = |cm: u16| f64::from(cm) / 100.0;
    let (mut by_terrain, mut near) = (Vec::new(), None);
    match ground {
        Ground::Stage(gauge, cm) => {
            let error_m = settings.stage_error_metres;
            by_terrain
                .extend(tiles.iter().filter_map(|tile| city.stage_footprint(tile, gauge, metres(*cm), error_m).ok()));
            near = city.flood_footprint(gauge, settings.channel_half_width_metres).ok();
        }
        Ground::Depth(position, cm) => {
            let limits = PondLimits { radius_m: settings.report_radius_metres, ..PondLimits::default() };
            let ponds: Vec<_> = tiles
                .iter()
                .filter_map(|tile| city.depth_footprint(tile, *position, metres(*cm), limits).ok())
                .collect();
            // Where the ground is no basin, water goes on beyond what the shape says.
            let open = ponds.iter().any(|(_, open)| *open);
            let radius = if open { settings.report_radius_metres } else { settings.report_near_metres };
            by_terrain.extend(ponds.into_iter().map(|(bands, _)| bands));
            near = city.radius_footprint(*position, radius).ok();
        }
        Ground::Stream(_) | Ground::Snow(_) | Ground::Around(_) => {}
    }
    if by_terrain.is_empty() {
        let footprints = vec![footprint(city, ground, at, settings)?];
        return Some(Reached { footprints, bands: Vec::new() });
    }
    let shape = |footprint: &Option<Footprint>| footprint.as_ref().map(|footprint| footprint.shape.clone());
    let bands = by_terrain.iter().map(|banded| [shape(&banded.likely), shape(&banded.possible)]).collect();
    let footprints: Vec<_> = by_terrain.into_iter().filter_map(|banded| banded.unlikely).chain(near).collect();
    (!footprints.is_empty()).then_some(Reached { footprints, bands })
}

/// Likely and possible ground of several signals, each joined; none where no terrain tells.
pub fn join_bands(reached: &[Arc<Reached>]) -> Option<[MultiPolygon<f64>; 2]> {
    let mut bands = reached.iter().flat_map(|reached| &reached.bands).peekable();
    bands.peek()?;
    let mut joined = [MultiPolygon(Vec::new()), MultiPolygon(Vec::new())];
    for band in bands {
        for (into, shape) in joined.iter_mut().zip(band) {
            if let Some(shape) = shape {
                *into = into.union(shape);
            }
        }
    }
    Some(joined.map(bounded))
}

fn bounded(shape: MultiPolygon<f64>) -> MultiPolygon<f64> {
    if vertices(&shape) > VERTICES_MAX { shape.simplify(SIMPLIFY_DEGREES) } else { shape }
}

/// The ground and the zones of several footprints together. O(n log n) in their vertices.
pub fn join(
    city: &City,
    reached: &[Arc<Reached>],
    settings: &config::Assess,
) -> (Option<MultiPolygon<f64>>, Vec<ZoneHit>) {
    let footprints = || reached.iter().flat_map(|reached| &reached.footprints);
    let mut shapes = footprints().map(|footprint| &footprint.shape);
    let Some(first) = shapes.next() else { return (None, Vec::new()) };
    let shape = bounded(shapes.fold(first.clone(), |joined, next| joined.union(next)));
    let mut hits: BTreeMap<ZoneCode, ZoneHit> = BTreeMap::new();
    for affected in footprints().flat_map(|footprint| &footprint.zones) {
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
