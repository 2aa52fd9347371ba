//! Who and what is exposed: residents and critical places of zones, of a footprint, and of each of its bands.
//! Called by assessment for the proposal's reasons and by the console.
//! Residents are counted once each, however often a zone or its parent is named; places by the closed shape, those just outside told apart.

use std::collections::{BTreeMap, BTreeSet};

use geo::{BoundingRect, Distance, Euclidean, Intersects};
use geo_types::Point;
use serde::Serialize;

use crate::index::widened;
use crate::position::Plane;
use crate::{BandedFootprint, City, Footprint, PlaceCode, PlaceKind, WARNING_MARGIN_M, ZoneCode};

/// Who and what a footprint touches.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Exposure {
    /// Residents of the affected zones: whom the warning is for.
    pub warned: u64,
    /// Residents inside the shape if people lived evenly over their zone.
    pub inside: u64,
    /// Of the residents inside, those of each affected zone, by code.
    pub zones: Vec<ExposedZone>,
    /// Critical places inside the shape, by code.
    pub critical_places: Vec<PlaceCode>,
    /// Critical places that lie outside, but within [`WARNING_MARGIN_M`] of it, by code: a hospital is larger than its point.
    pub critical_near: Vec<PlaceCode>,
    /// How many critical places of each kind are inside.
    pub critical_kinds: BTreeMap<PlaceKind, u32>,
    /// What the places inside take: beds, pupils, people of shelters, by kind, where the map says so.
    pub capacity: BTreeMap<PlaceKind, u64>,
}

/// A zone of which a part is exposed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExposedZone {
    /// Which.
    pub code: ZoneCode,
    /// Its residents.
    pub people: u64,
    /// Those inside the shape if they lived evenly over the zone.
    pub inside: u64,
}

/// Who and what each band of a footprint touches. Each band holds the one before, and so do its numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct BandedExposure {
    /// On ground that is flooded with a probability of 0.8 or more.
    pub likely: Exposure,
    /// 0.5 or more.
    pub possible: Exposure,
    /// 0.2 or more: unlikely, but possible.
    pub unlikely: Exposure,
}

impl City {
    /// Residents of a set of zones; parents stand for their leaves, and nobody is counted twice.
    pub fn population<'a>(&self, codes: impl IntoIterator<Item = &'a ZoneCode>) -> u64 {
        let leaves: BTreeSet<&ZoneCode> =
            codes.into_iter().flat_map(|code| self.leaves_under(code)).map(|leaf| &leaf.code).collect();
        leaves.into_iter().filter_map(|code| self.zone(code)).map(|zone| zone.population).sum()
    }

    /// Who and what a footprint touches. O(zones + places × vertices of the shape that they are near).
    pub fn exposure(&self, footprint: &Footprint) -> Exposure {
        let mut exposure = Exposure {
            warned: self.population(footprint.zones.iter().map(|affected| &affected.code)),
            ..Exposure::default()
        };
        let mut inside = 0.0;
        for affected in &footprint.zones {
            let Some(zone) = self.zone(&affected.code) else { continue };
            let people = zone.population as f64 * affected.share;
            inside += people;
            exposure.zones.push(ExposedZone {
                code: zone.code.clone(),
                people: zone.population,
                inside: whole(people),
            });
        }
        exposure.zones.sort_by(|a, b| a.code.cmp(&b.code));
        exposure.inside = whole(inside);
        let Some(rect) = footprint.shape.bounding_rect() else { return exposure };
        for place in self.places().iter().filter(|place| place.kind.is_critical()) {
            let point = Point::from(place.position);
            let plane = Plane::at(place.position.coord());
            if !widened(rect, plane.margin_degrees(WARNING_MARGIN_M)).intersects(&point) {
                continue;
            }
            if footprint.shape.intersects(&point) {
                exposure.critical_places.push(place.code.clone());
                *exposure.critical_kinds.entry(place.kind).or_default() += 1;
                if let Some(capacity) = place.capacity {
                    *exposure.capacity.entry(place.kind).or_default() += u64::from(capacity);
                }
            } else if Euclidean.distance(&Point::new(0.0, 0.0), &plane.shape_in_metres(&footprint.shape))
                <= WARNING_MARGIN_M
            {
                exposure.critical_near.push(place.code.clone());
            }
        }
        exposure
    }

    /// Who and what each band of a footprint touches; a band without ground touches nobody.
    pub fn banded_exposure(&self, banded: &BandedFootprint) -> BandedExposure {
        let of = |band: &Option<Footprint>| band.as_ref().map(|footprint| self.exposure(footprint)).unwrap_or_default();
        BandedExposure { likely: of(&banded.likely), possible: of(&banded.possible), unlikely: of(&banded.unlikely) }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares are 0 to 1, so the sum is a population"
)]
fn whole(people: f64) -> u64 {
    people.round() as u64
}
