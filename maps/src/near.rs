//! The places nearest to a position: what a report is close to, which hospital is next.
//! Called through `City`.
//! Distances are great circles on all of the earth, poles and 180th meridian included; equal ones are ordered by code.

use rstar::primitives::GeomWithData;
use rstar::{PointDistance, RTree};

use crate::{City, Place, PlaceKind, Position};

/// A place and how far away it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NearPlace<'a> {
    /// Which place.
    pub place: &'a Place,
    /// Metres to it, as [`Position::metres_to`] gives them.
    pub metres: f64,
}

/// Places as points of the unit sphere, where the shorter chord is the shorter way; a place is its number in the list.
#[derive(Debug)]
pub(crate) struct PlaceIndex {
    points: RTree<GeomWithData<[f64; 3], usize>>,
}

/// Part by which squared chords may be off: far above their rounding, far below any difference that counts.
const CHORD_SLACK: f64 = 1e-9;

/// Squared chord of about a decimetre, within which rounding of a chord is no longer small against it.
const CHORD2_FLOOR: f64 = 2.5e-16;

impl PlaceIndex {
    pub(crate) fn new(places: &[Place]) -> PlaceIndex {
        let points =
            places.iter().enumerate().map(|(number, place)| GeomWithData::new(on_sphere(place.position), number));
        PlaceIndex { points: RTree::bulk_load(points.collect()) }
    }
}

fn on_sphere(position: Position) -> [f64; 3] {
    let (sin_lat, cos_lat) = position.lat().to_radians().sin_cos();
    let (sin_lon, cos_lon) = position.lon().to_radians().sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

impl City {
    /// The places nearest to a position, nearest first, at most `count_max`, of the kinds that `wanted` takes.
    ///
    /// O(log places + places that are passed over). With `|kind| kind.is_critical()`: the next hospital, school, shelter.
    ///
    /// ```
    /// # let city = maps::City::sample();
    /// let square = city.locate_in_text("میدان امام").unwrap().position;
    /// let nearest = city.nearest_places(square, 3, |_| true);
    /// assert!(nearest[0].metres < 1.0 && nearest[0].metres <= nearest[1].metres);
    /// ```
    pub fn nearest_places(
        &self,
        position: Position,
        count_max: usize,
        wanted: impl Fn(PlaceKind) -> bool,
    ) -> Vec<NearPlace<'_>> {
        let from = on_sphere(position);
        let mut near: Vec<NearPlace<'_>> = Vec::new();
        // Chords are rounded; all that may be as near as the last are looked at before the order is settled.
        let mut enough = f64::INFINITY;
        for point in self.places_near.points.nearest_neighbor_iter(&from) {
            let chord2 = point.geom().distance_2(&from);
            if chord2 > enough || count_max == 0 {
                break;
            }
            let place = &self.places()[point.data];
            if wanted(place.kind) {
                near.push(NearPlace { place, metres: position.metres_to(place.position) });
                if near.len() == count_max {
                    enough = chord2.max(CHORD2_FLOOR) * (1.0 + CHORD_SLACK);
                }
            }
        }
        in_order(near, count_max)
    }

    /// The places within `metres` of a position, nearest first.
    pub fn places_within(&self, position: Position, metres: f64) -> Vec<NearPlace<'_>> {
        // Chord of the angle; half the earth and more is everywhere.
        let angle = (metres.max(0.0) / EARTH_RADIUS_M).min(std::f64::consts::PI);
        let chord2 = (2.0 * (angle / 2.0).sin()).powi(2).max(CHORD2_FLOOR) * (1.0 + CHORD_SLACK);
        let near = self.places_near.points.locate_within_distance(on_sphere(position), chord2);
        let near = near.map(|point| {
            let place = &self.places()[point.data];
            NearPlace { place, metres: position.metres_to(place.position) }
        });
        in_order(near.filter(|near| near.metres <= metres).collect(), usize::MAX)
    }
}

/// The radius that [`Position::metres_to`] measures with. Source: IUGG mean radius R1, as in geo.
const EARTH_RADIUS_M: f64 = 6_371_008.8;

fn in_order(mut near: Vec<NearPlace<'_>>, count_max: usize) -> Vec<NearPlace<'_>> {
    near.sort_by(|a, b| a.metres.total_cmp(&b.metres).then_with(|| a.place.code.cmp(&b.place.code)));
    near.truncate(count_max);
    near
}
