//! From a stage or an observed depth to three footprints, by kept terrain.
//! Called by assessment when terrain is there; `flood` stands in for it when it is not.
//! Never one crisp line: likely, possible and unlikely ground, each holding the one before, each naming terrain and map.

use geo::Validation;
use geo_types::MultiPolygon;

use super::flood::FLOOD_LENGTH_M;
use super::shape;
use crate::city::zone_share;
use crate::footprint::{FOOTPRINT_VERTICES_MAX, WARNING_MARGIN_M};
use crate::terrain::{Bands, Extent, PondLimits, Relief};
use crate::{AffectedZone, City, Footprint, GaugeCode, Method, NoFootprint, Position};

/// A danger on the ground in three bands of probability.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct BandedFootprint {
    /// Flooded with a probability of 0.8 or more; none when no ground is that certain.
    pub likely: Option<Footprint>,
    /// 0.5 or more; holds what is likely.
    pub possible: Option<Footprint>,
    /// 0.2 or more; holds what is possible.
    pub unlikely: Option<Footprint>,
}

impl City {
    /// The ground that water of `stage_m` metres above the channel at a gauge floods, from there down the river for [`FLOOD_LENGTH_M`].
    ///
    /// `stage_m` counts from the channel's bed in the terrain, which is the gauge's zero only where the gauge was set so. The same stage is taken
    /// all the way down; `stage_error_m` is its standard error, which should grow with what that hides. Zones have the minutes of
    /// [`City::flood_footprint`] where the channel passes them. Errors: as there; terrain of another map; terrain without this river.
    pub fn stage_footprint(
        &self,
        relief: &Relief,
        gauge: &GaugeCode,
        stage_m: f64,
        stage_error_m: f64,
    ) -> Result<BandedFootprint, NoFootprint> {
        let stage_m = crate::footprint::length_within("stage_m", stage_m, 0.0, 100.0)?;
        let stage_error_m = crate::footprint::length_within("stage_error_m", stage_error_m, 0.0, 100.0)?;
        let found = self.gauge(gauge).ok_or_else(|| NoFootprint::UnknownGauge(gauge.clone()))?;
        let reach = found.reach.as_ref().ok_or_else(|| NoFootprint::GaugeWithoutReach(gauge.clone()))?;
        self.is_map_of(relief)?;
        let way = self.downstream(reach, found.position, FLOOD_LENGTH_M)?;

        // How far along its reach each part of the way goes; the first begins at the gauge.
        let mut spans = Vec::new();
        for (index, part) in way.parts.iter().enumerate() {
            let whole = self.reach(&part.reach).ok_or_else(|| NoFootprint::UnknownReach(part.reach.clone()))?;
            let share = |minutes: f64| whole.length_m * (minutes / whole.travel_minutes.max(1e-9)).clamp(0.0, 1.0);
            let length_m = share(part.minutes_at_end - part.minutes_at_start);
            let from_m = if index > 0 {
                0.0
            } else if way.parts.len() > 1 {
                whole.length_m - length_m
            } else {
                geo::LineLocatePoint::line_locate_point(&whole.line, &found.position.into()).unwrap_or(0.0)
                    * whole.length_m
            };
            spans.push((&part.reach, from_m, from_m + length_m));
        }
        let stage_at = |segment: &crate::terrain::Segment| {
            let on = |&(reach, from_m, to_m): &(&crate::ReachCode, f64, f64)| {
                *reach == segment.reach && segment.to_m > from_m && segment.from_m <= to_m
            };
            spans.iter().any(on).then_some(stage_m)
        };
        if !relief.segments().iter().any(|segment| stage_at(segment).is_some()) {
            return Err(NoFootprint::OffTerrain);
        }
        let bands = relief.flooded_bands(stage_at, stage_error_m).map_err(|_| NoFootprint::OffTerrain)?;
        let minutes: Vec<_> = way.zones.iter().map(|zone| (&zone.code, zone.minutes)).collect();
        let method = |probability| Method::Terrain {
            stage_m,
            error_m: rounded(bands.error_m),
            probability,
            terrain_hash: relief.hash().to_owned(),
        };
        Ok(self.banded(&bands, method, |code| minutes.iter().find(|(zone, _)| *zone == code).map(|(_, at)| *at)))
    }

    /// The ground under water that stands `depth_m` metres (0 to 20) deep at a position, as far as the limits let it spread.
    ///
    /// The second value says that the ground there is no basin: the water would go on beyond the limits, and the shape is only a guess.
    /// Errors: terrain of another map; a position off the terrain; numbers out of range.
    pub fn depth_footprint(
        &self,
        relief: &Relief,
        at: Position,
        depth_m: f64,
        limits: PondLimits,
    ) -> Result<(BandedFootprint, bool), NoFootprint> {
        let depth_m = crate::footprint::length_within("depth_m", depth_m, 0.0, 20.0)?;
        self.is_map_of(relief)?;
        let pond = relief.ponded(at, depth_m, limits).map_err(|_| NoFootprint::OffTerrain)?;
        let method = |probability| Method::Pond {
            depth_m,
            error_m: rounded(pond.bands.error_m),
            probability,
            open: pond.open,
            terrain_hash: relief.hash().to_owned(),
        };
        Ok((self.banded(&pond.bands, method, |_| None), pond.open))
    }

    fn is_map_of(&self, relief: &Relief) -> Result<(), NoFootprint> {
        if relief.city_hash() == self.hash() { Ok(()) } else { Err(NoFootprint::TerrainOfOtherMap) }
    }

    fn banded(
        &self,
        bands: &Bands,
        method: impl Fn(f64) -> Method,
        minutes: impl Fn(&crate::ZoneCode) -> Option<f64>,
    ) -> BandedFootprint {
        let shapes = bounded_alike(bands.extents());
        let [likely, possible, unlikely] = shapes.map(|shape| (!shape.0.is_empty()).then_some(shape));
        let footprint = |shape: Option<MultiPolygon<f64>>, probability: f64| {
            shape.map(|shape| {
                let zones = self.zones_touching(&shape, WARNING_MARGIN_M).into_iter().map(|zone| AffectedZone {
                    code: zone.code.clone(),
                    share: zone_share(zone, &shape).share,
                    minutes: minutes(&zone.code),
                });
                let zones = zones.collect();
                self.footprint(shape, zones, method(probability))
            })
        };
        let [first, second, third] = Bands::PROBABILITIES;
        BandedFootprint {
            likely: footprint(likely, first),
            possible: footprint(possible, second),
            unlikely: footprint(unlikely, third),
        }
    }
}

/// Rounding moves a corner by at most this, metres: half of 1e-7 degrees, both ways.
const ROUNDING_M: f64 = 0.008;

/// Shapes of all bands in blocks of the same size, the least at which each has few enough vertices: so each still holds the one before.
fn bounded_alike(extents: [&Extent; 3]) -> [MultiPolygon<f64>; 3] {
    for power in 0..10 {
        let block = 1 << power;
        // The widest first, which most often is too long.
        let shapes = [2, 1, 0].map(|band| {
            let whole = extents[band].shape_within(block, FOOTPRINT_VERTICES_MAX)?;
            let rounded = shape::rounded(&whole);
            (extents[band].bears_moves_of(block, ROUNDING_M) || rounded.is_valid()).then_some(rounded)
        });
        if let [Some(unlikely), Some(possible), Some(likely)] = shapes {
            return [likely, possible, unlikely];
        }
    }
    extents
        .map(|extent| if extent.is_empty() { MultiPolygon(Vec::new()) } else { shape::bounded(extent.shape(1 << 10)) })
}

fn rounded(metres: f64) -> f64 {
    (metres * 1e4).round() / 1e4
}
