//! Where flood water goes: down the river from a gauge, with a width that stands in for the terrain.
//! Called by assessment when a stage threshold is crossed, and for what a person reports at a point.
//! Zones upstream of the gauge are not in it, but for those that its surroundings touch; no terrain is used yet.

use geo_types::{MultiLineString, MultiPolygon};

use super::shape;
use crate::city::zone_share;
use crate::footprint::{WARNING_MARGIN_M, length_within};
use crate::position::Plane;
use crate::{AffectedZone, City, Footprint, GaugeCode, Method, NoFootprint, Position, ZoneCode};

/// Metres to each side of a city stream that are taken as endangered when nothing better is known.
///
/// Source: ours, provisional; of the citizen reports of the Jakarta flood of 2017 59 % lay within 100 m of officially flooded
/// ground, which is as well as places are known (facts on hazards, §4).
pub const FLOOD_HALF_WIDTH_M: f64 = 120.0;

/// Metres down the river that a flood footprint follows at most.
pub const FLOOD_LENGTH_M: f64 = 20_000.0;

impl City {
    /// The river from a gauge on, for [`FLOOD_LENGTH_M`], widened by `half_width_m` (1 to 5,000) to both sides.
    ///
    /// Each zone has the minutes until a flood wave that is now at the gauge comes within reach of it. Errors: unknown gauge,
    /// gauge without reach, width out of range.
    pub fn flood_footprint(&self, gauge: &GaugeCode, half_width_m: f64) -> Result<Footprint, NoFootprint> {
        let half_width_m = length_within("half_width_m", half_width_m, 1.0, 5_000.0)?;
        let found = self.gauge(gauge).ok_or_else(|| NoFootprint::UnknownGauge(gauge.clone()))?;
        let reach = found.reach.as_ref().ok_or_else(|| NoFootprint::GaugeWithoutReach(gauge.clone()))?;
        let way = self.downstream_within(reach, found.position, FLOOD_LENGTH_M, half_width_m + WARNING_MARGIN_M)?;

        let plane = Plane::at(way.from.coord());
        let lines = MultiLineString(way.parts.iter().map(|part| plane.line_in_metres(&part.line)).collect());
        let shape = shape::band(&plane, &lines, half_width_m);
        let zones = way.zones.iter().map(|zone| self.affected(&zone.code, &shape, Some(zone.minutes))).collect();
        Ok(self.footprint(shape, zones, Method::ReachBuffer { half_width_m, length_m: hundredths(way.length_m) }))
    }

    /// Everything within `metres` (1 to 50,000) of a position.
    pub fn radius_footprint(&self, position: Position, metres: f64) -> Result<Footprint, NoFootprint> {
        let metres = length_within("metres", metres, 1.0, 50_000.0)?;
        let shape = shape::rounded(&Plane::at(position.coord()).shape_in_degrees(&shape::circle(metres)));
        let zones = self.zones_within(position, metres + WARNING_MARGIN_M);
        let zones = zones.into_iter().map(|zone| self.affected(&zone.code, &shape, None)).collect();
        Ok(self.footprint(shape, zones, Method::Radius { metres }))
    }

    /// Whole leaf zones (parents stand for their leaves), when nothing finer is known.
    pub fn zones_footprint(&self, codes: &[ZoneCode]) -> Result<Footprint, NoFootprint> {
        let mut leaves = std::collections::BTreeSet::new();
        for code in codes {
            self.zone(code).ok_or_else(|| NoFootprint::UnknownZone(code.clone()))?;
            leaves.extend(self.leaves_under(code).into_iter().map(|leaf| leaf.code.clone()));
        }
        let shape = self.union_of(leaves.iter());
        let zones = leaves.into_iter().map(|code| AffectedZone { code, share: 1.0, minutes: None }).collect();
        Ok(self.footprint(shape, zones, Method::ZoneOnly))
    }

    fn affected(&self, code: &ZoneCode, shape: &MultiPolygon<f64>, minutes: Option<f64>) -> AffectedZone {
        let zone = self.zone(code).expect("the code has just come from this city");
        AffectedZone { code: code.clone(), share: zone_share(zone, shape).share, minutes }
    }

    /// The shapes of zones as one shape: bounded, holes filled.
    pub(super) fn union_of<'a>(&self, codes: impl Iterator<Item = &'a ZoneCode>) -> MultiPolygon<f64> {
        let shapes: Vec<&MultiPolygon<f64>> =
            codes.filter_map(|code| self.zone(code)).map(|zone| &zone.shape).collect();
        match shapes.as_slice() {
            [] => MultiPolygon(Vec::new()),
            [only] => shape::bounded(shape::without_holes((*only).clone())),
            many => shape::bounded(shape::without_holes(geo::unary_union(many.iter().copied()))),
        }
    }

    /// Orders the zones and rounds what is stored: shares to a millionth, minutes and lengths to a hundredth.
    pub(super) fn footprint(
        &self,
        shape: MultiPolygon<f64>,
        mut zones: Vec<AffectedZone>,
        method: Method,
    ) -> Footprint {
        for zone in &mut zones {
            zone.share = (zone.share * 1e6).round() / 1e6;
            zone.minutes = zone.minutes.map(hundredths);
        }
        let soonest = |zone: &AffectedZone| zone.minutes.unwrap_or(f64::INFINITY);
        zones.sort_by(|a, b| soonest(a).total_cmp(&soonest(b)).then_with(|| a.code.cmp(&b.code)));
        Footprint::of(self, shape, zones, method)
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
