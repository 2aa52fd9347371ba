//! How much of one shape another covers.
//! Called for shares of zones and by `build`, which refuses zones that overlap.
//! No intersection is drawn, so nothing snaps to a lattice and no touching border is a special case: areas under edges are added up.

use geo::BoundingRect;
use geo_types::{Coord, LineString, MultiPolygon};

/// The area between an edge and the level line through the south of the zone, to be added or taken away.
struct Slice {
    west: f64,
    east: f64,
    /// Heights above the level line.
    at_west: f64,
    at_east: f64,
    /// 1 where the shape lies below the edge, -1 where it lies above it.
    sign: f64,
}

/// Part of the area of `zone` that `shape` covers, 0 to 1; of a zone without area, 0.
///
/// Ratios of areas in degrees, which a plane at the zone leaves as they are. Rings may be drawn in either direction; a shape whose
/// parts overlap counts them twice, up to 1. Right to about 1e-9 of the zone. O(edges of the zone × edges of the shape above or in it).
///
/// The area of a shape is the sum of its slices, with signs. So the common area of two shapes is the sum over all pairs
/// of slices of the common area of the two, which is the lower of two straight lines.
pub(crate) fn covered(zone: &MultiPolygon<f64>, shape: &MultiPolygon<f64>) -> f64 {
    let Some(rect) = zone.bounding_rect() else { return 0.0 };
    let (origin, width) = (rect.min(), rect.width());
    let mut own = slices(zone, origin, width);
    own.sort_by(|a, b| a.west.total_cmp(&b.west));
    let area: f64 = own.iter().map(|slice| slice.sign * slice.area()).sum();
    if area <= 0.0 {
        return 0.0;
    }
    let mut common = 0.0;
    for over in slices(shape, origin, width) {
        for under in own.iter().take_while(|under| under.west < over.east) {
            common += under.sign * over.sign * under.common(&over);
        }
    }
    (common / area).clamp(0.0, 1.0)
}

/// The slices of a shape that reach above the origin, within `width` to the east of it.
fn slices(shape: &MultiPolygon<f64>, origin: Coord<f64>, width: f64) -> Vec<Slice> {
    let mut slices = Vec::new();
    for polygon in shape {
        let holes = polygon.interiors().iter().map(|hole| (hole, -1.0));
        for (ring, sign) in std::iter::once((polygon.exterior(), 1.0)).chain(holes) {
            let sign = if turns_left(ring) { sign } else { -sign };
            for edge in ring.lines() {
                let (start, end) = (edge.start - origin, edge.end - origin);
                // Drawn westward, the inside of a ring that turns left lies below.
                let (west, east, sign) = if start.x > end.x { (end, start, sign) } else { (start, end, -sign) };
                if west.x < east.x && west.x < width && east.x > 0.0 && (west.y > 0.0 || east.y > 0.0) {
                    slices.push(Slice { west: west.x, east: east.x, at_west: west.y, at_east: east.y, sign });
                }
            }
        }
    }
    slices
}

fn turns_left(ring: &LineString<f64>) -> bool {
    // Relative to its first corner, so that large coordinates do not drown a small ring.
    let Some(&first) = ring.0.first() else { return true };
    let twice: f64 =
        ring.lines().map(|line| (line.start - first, line.end - first)).map(|(a, b)| a.x * b.y - b.x * a.y).sum();
    twice >= 0.0
}

impl Slice {
    fn area(&self) -> f64 {
        (self.east - self.west) * (self.at_west.max(0.0) + self.at_east.max(0.0)) / 2.0
    }

    fn height_at(&self, x: f64) -> f64 {
        // From the nearer end, so that both ends are exact.
        let slope = (self.at_east - self.at_west) / (self.east - self.west);
        if x - self.west < self.east - x {
            self.at_west + slope * (x - self.west)
        } else {
            self.at_east - slope * (self.east - x)
        }
    }

    /// Area above the level line that lies under both. The edges of `self` are never below it.
    fn common(&self, other: &Slice) -> f64 {
        let (west, east) = (self.west.max(other.west), self.east.min(other.east));
        if west >= east {
            return 0.0;
        }
        let own = (self.height_at(west).max(0.0), self.height_at(east).max(0.0));
        let over = (other.height_at(west), other.height_at(east));
        let width = east - west;
        if over.0 >= own.0 && over.1 >= own.1 {
            return width * (own.0 + own.1) / 2.0;
        }
        if over.0 <= 0.0 && over.1 <= 0.0 {
            return 0.0;
        }
        // Where the other edge comes out of the ground, and where it crosses ours, the lower of the two bends.
        let zero = crossing(over.0, over.1);
        let equal = crossing(over.0 - own.0, over.1 - own.1);
        let mut bends = [0.0, zero.min(equal), zero.max(equal), 1.0];
        bends[1] = bends[1].clamp(0.0, 1.0);
        bends[2] = bends[2].clamp(0.0, 1.0);
        let lower = |part: f64| {
            let at = |(from, to): (f64, f64)| from + (to - from) * part;
            at(over).min(at(own)).max(0.0)
        };
        let area: f64 = bends.windows(2).map(|two| (two[1] - two[0]) * (lower(two[0]) + lower(two[1])) / 2.0).sum();
        area * width
    }
}

/// Part of the way from `from` to `to` at which they pass 0; 0 where they do not.
fn crossing(from: f64, to: f64) -> f64 {
    if (from < 0.0) == (to < 0.0) { 0.0 } else { from / (from - to) }
}

#[cfg(test)]
mod tests {
    use geo::{Area, BooleanOps};
    use geo_types::Polygon;
    use proptest::prelude::*;

    use super::*;

    fn polygon(coords: &[(f64, f64)]) -> MultiPolygon<f64> {
        MultiPolygon(vec![Polygon::new(coords.iter().copied().collect(), vec![])])
    }

    fn square(west: f64, south: f64, side: f64) -> MultiPolygon<f64> {
        polygon(&[
            (west, south),
            (west + side, south),
            (west + side, south + side),
            (west, south + side),
            (west, south),
        ])
    }

    fn is(value: f64, wanted: f64) {
        assert!((value - wanted).abs() < 1e-9, "{value}, wanted {wanted}");
    }

    #[test]
    fn parts_are_what_they_are_on_paper() {
        let zone = square(48.0, 34.0, 1.0);
        is(covered(&zone, &zone), 1.0);
        is(covered(&zone, &square(48.5, 34.0, 1.0)), 0.5);
        is(covered(&zone, &square(48.5, 34.5, 1.0)), 0.25);
        is(covered(&zone, &square(40.0, 30.0, 20.0)), 1.0);
        is(covered(&zone, &square(48.25, 34.25, 0.5)), 0.25);
        is(covered(&zone, &square(49.0, 34.0, 1.0)), 0.0);
        is(covered(&zone, &square(48.0, 35.0, 1.0)), 0.0);
        is(covered(&zone, &polygon(&[(48.0, 34.0), (49.0, 34.0), (48.0, 35.0), (48.0, 34.0)])), 0.5);
        is(covered(&zone, &polygon(&[(48.0, 34.0), (49.0, 35.0), (48.0, 35.0), (48.0, 34.0)])), 0.5);
        is(covered(&zone, &polygon(&[(48.0, 33.5), (49.0, 34.5), (48.0, 35.5), (48.0, 33.5)])), 0.75);
        is(covered(&polygon(&[(48.0, 34.0), (49.0, 34.0), (48.0, 34.0)]), &zone), 0.0);
    }

    #[test]
    fn holes_are_not_covered_and_direction_does_not_matter() {
        let mut ring = square(48.0, 34.0, 1.0).0.remove(0);
        let hole = square(48.25, 34.25, 0.5).0.remove(0).into_inner().0;
        ring.interiors_push(hole.clone());
        let ring = MultiPolygon(vec![ring]);
        is(covered(&square(48.0, 34.0, 1.0), &ring), 0.75);
        is(covered(&ring, &square(48.25, 34.25, 0.5)), 0.0);
        is(covered(&ring, &square(48.0, 34.0, 0.5)), 0.25);
        let mut turned = ring.clone();
        turned.0[0].exterior_mut(|line| line.0.reverse());
        is(covered(&turned, &square(48.0, 34.0, 0.5)), 0.25);
        turned.0[0].interiors_mut(|lines| lines[0].0.reverse());
        is(covered(&turned, &square(48.0, 34.0, 0.5)), 0.25);
    }

    /// A star of `radii` about a point: never crosses itself.
    fn star(x: f64, y: f64, radii: &[f64]) -> MultiPolygon<f64> {
        let step = std::f64::consts::TAU / radii.len() as f64;
        let ring = radii.iter().enumerate().map(|(at, radius)| {
            let (sin, cos) = (step * at as f64).sin_cos();
            Coord { x: x + radius * cos, y: y + radius * sin }
        });
        MultiPolygon(vec![Polygon::new(ring.collect(), vec![])])
    }

    proptest! {
        #[test]
        fn shares_are_those_of_a_drawn_intersection(
            x in -2.0_f64..2.0, y in -2.0_f64..2.0,
            zone in prop::collection::vec(0.2_f64..1.0, 3..40),
            shape in prop::collection::vec(0.2_f64..2.0, 3..60),
            start in 0_usize..40,
        ) {
            let zone = star(48.0, 34.0, &zone);
            let shape = star(48.0 + x, 34.0 + y, &shape);
            let share = covered(&zone, &shape);
            let drawn = zone.intersection(&shape).unsigned_area() / zone.unsigned_area();
            prop_assert!((share - drawn).abs() < 1e-6, "{} against {}", share, drawn);
            // Where the ring starts and how it is drawn changes nothing but the last digits.
            let mut turned = zone.clone();
            turned.0[0].exterior_mut(|line| {
                let corners = line.0.len() - 1;
                line.0.pop();
                line.0.rotate_left(start % corners);
                line.0.reverse();
                line.close();
            });
            prop_assert!((covered(&turned, &shape) - share).abs() < 1e-9);
        }
    }
}
