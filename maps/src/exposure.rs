//! Who and what is exposed: residents and critical places of zones and of a footprint.
//! Called by assessment for the proposal's reasons and by the console.
//! Residents are counted once each, however often a zone or its parent is named; places by the closed shape.

use std::collections::BTreeSet;

use geo::Intersects;
use geo_types::Point;
use serde::Serialize;

use crate::{City, Footprint, PlaceCode, ZoneCode};

/// Who and what a footprint touches.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exposure {
    /// Residents of the affected zones: whom the warning is for.
    pub warned: u64,
    /// Residents inside the shape if people lived evenly over their zone.
    pub inside: u64,
    /// Hospitals, schools, fire stations, shelters and power inside the shape, by code.
    pub critical_places: Vec<PlaceCode>,
}

impl City {
    /// Residents of a set of zones; parents stand for their leaves, and nobody is counted twice.
    pub fn population<'a>(&self, codes: impl IntoIterator<Item = &'a ZoneCode>) -> u64 {
        let leaves: BTreeSet<&ZoneCode> =
            codes.into_iter().flat_map(|code| self.leaves_under(code)).map(|leaf| &leaf.code).collect();
        leaves.into_iter().filter_map(|code| self.zone(code)).map(|zone| zone.population).sum()
    }

    /// Who and what a footprint touches.
    pub fn exposure(&self, footprint: &Footprint) -> Exposure {
        let inside: f64 = footprint
            .zones
            .iter()
            .filter_map(|affected| Some(self.zone(&affected.code)?.population as f64 * affected.share))
            .sum();
        let critical_places = self
            .places()
            .iter()
            .filter(|place| place.kind.is_critical() && footprint.shape.intersects(&Point::from(place.position)))
            .map(|place| place.code.clone())
            .collect();
        Exposure {
            warned: self.population(footprint.zones.iter().map(|affected| &affected.code)),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "shares are 0 to 1, so the sum is a population"
            )]
            inside: inside.round() as u64,
            critical_places,
        }
    }
}
