//! Turns CAP circles into polygons that contain them, and ground into a circle that contains it, on the WGS 84 ellipsoid.
//! Called by `area::to_geo` and by whoever must send circles to a system that knows no polygons, or the reverse.
//! Distances are geodesic (Karney 2013, by way of `geo`); a degree of longitude is never taken for a degree of latitude.

use geo::Geodesic;
use geo::line_measures::{Destination as _, Distance as _};
use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon, Rect};

use super::{rounded, sound};
use crate::cap;

/// The shortest degree of a meridian, at the equator, in metres (WGS 84).
const DEGREE_METRES_MIN: f64 = 110_574.0;
/// Circles that come nearer than this to a pole, in degrees, or are larger than `RADIUS_METRES_MAX`, become bands of latitude.
const POLE_DEGREES: f64 = 1.0;
const RADIUS_METRES_MAX: f64 = 2_000_000.0;
/// The equatorial radius of the earth in metres (WGS 84).
const EARTH_METRES: f64 = 6_378_137.0;

/// Polygons that contain a circle: one, or two beside the antimeridian, with at most `positions_max` positions each (at least 9).
///
/// The surplus is that of a circumscribed polygon: 0.04 % of the area with 100 positions. A circle larger than 2,000 km or within a degree
/// of a pole becomes the whole band of latitudes that it touches.
///
/// ```
/// use alerts::{area::circle_to_polygons, cap::Circle};
/// use geo::Contains;
/// use geo_types::{Coord, point};
///
/// // At Hamadan a degree of longitude has 91.5 km. Who divides kilometres by 111.12 for both axes draws this circle 18 % too narrow.
/// let circle = Circle::new(Coord { x: 48.51, y: 34.80 }, 10.0)?;
/// let polygon = &circle_to_polygons(circle, 100)[0];
/// assert!(polygon.contains(&point!(x: 48.51 + 9.99 / 91.5, y: 34.80)));
/// # Ok::<(), alerts::cap::GeometryFault>(())
/// ```
pub fn circle_to_polygons(circle: cap::Circle, positions_max: usize) -> Vec<Polygon<f64>> {
    let (centre, radius) = (circle.centre(), circle.radius_km() * 1_000.0);
    // Rounding moves a corner by less than a tenth of a millimetre; two centimetres keep even a point apart from nothing.
    let wanted = radius * (1.0 + 1e-6) + 0.02;
    let degrees = wanted / DEGREE_METRES_MIN;
    if wanted > RADIUS_METRES_MAX || centre.y.abs() + degrees > 90.0 - POLE_DEGREES {
        let (south, north) = ((centre.y - degrees).max(-90.0), (centre.y + degrees).min(90.0));
        return vec![Rect::new(Coord { x: -180.0, y: south }, Coord { x: 180.0, y: north }).to_polygon()];
    }
    let corners = positions_max.max(9) - 1;
    let mut factor = 1.0 / (std::f64::consts::PI / corners as f64).cos();
    let mut ring = around(centre, wanted * factor, corners);
    // An edge that is straight in degrees is not the shortest way, so a circumscribed polygon may still cut into the circle.
    for _ in 0..16 {
        let nearest = nearest_of_edges(centre, &ring);
        if nearest >= wanted {
            break;
        }
        factor *= wanted / nearest * (1.0 + 1e-9);
        ring = around(centre, wanted * factor, corners);
    }
    let small: Vec<Coord<f64>> = ring.iter().copied().map(rounded).collect();
    if !sound::is_simple(&small) {
        // Smaller than the last digit of a position: a box.
        let lon = wanted.max(1.0) / (DEGREE_METRES_MIN * centre.y.to_radians().cos()) * 1.01;
        let lat = wanted.max(1.0) / DEGREE_METRES_MIN;
        ring = vec![
            Coord { x: centre.x - lon, y: centre.y - lat },
            Coord { x: centre.x + lon, y: centre.y - lat },
            Coord { x: centre.x + lon, y: centre.y + lat },
            Coord { x: centre.x - lon, y: centre.y + lat },
        ];
    }
    ring.extend(ring.first().copied());
    let whole = MultiPolygon::new(vec![Polygon::new(LineString::new(ring), Vec::new())]);
    let all = |part: &Polygon<f64>| Polygon::new(part.exterior().0.iter().copied().map(rounded).collect(), Vec::new());
    sound::sound(&whole).0.iter().map(all).collect()
}

/// Corners at a distance in metres from a centre, counter-clockwise, longitudes near the centre's own even beyond ±180.
fn around(centre: Coord<f64>, distance: f64, corners: usize) -> Vec<Coord<f64>> {
    (0..corners)
        .map(|i| {
            let bearing = 360.0 - i as f64 * 360.0 / corners as f64;
            let at = Geodesic.destination(Point::from(centre), bearing, distance);
            let turns = ((centre.x - at.x()) / 360.0).round();
            Coord { x: at.x() + turns * 360.0, y: at.y() }
        })
        .collect()
}

/// How near the edges of a ring come to a position, in metres, judged at nine places of each.
fn nearest_of_edges(centre: Coord<f64>, ring: &[Coord<f64>]) -> f64 {
    let mut nearest = f64::INFINITY;
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        for step in 1..=9 {
            let t = f64::from(step) / 10.0;
            let at = Point::new(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t);
            nearest = nearest.min(Geodesic.distance(Point::from(centre), at));
        }
    }
    nearest
}

/// A circle that contains all of the ground; its radius is rounded up to a metre. `None` for ground without positions.
///
/// Near the smallest there is (one per cent for shapes of a city); exact in that it contains. O(n).
pub fn circle_around(ground: &MultiPolygon<f64>) -> Option<cap::Circle> {
    let sound = sound::sound(ground);
    // Pieces so short that a line straight in degrees leaves the shortest way by no more than `slack`.
    let mut border: Vec<Coord<f64>> = Vec::new();
    let mut slack = 0.0_f64;
    for line in sound.0.iter().flat_map(|polygon| polygon.exterior().lines()) {
        let length = line.dx().hypot(line.dy());
        let pieces = (length / 0.05).ceil().clamp(1.0, 100.0);
        slack = slack.max((length / pieces).to_radians().powi(2) / 8.0 * EARTH_METRES);
        let mut done = 0.0;
        while done < pieces {
            let t = done / pieces;
            border.push(Coord { x: line.start.x + line.dx() * t, y: line.start.y + line.dy() * t });
            done += 1.0;
        }
    }
    let corners: Vec<Coord<f64>> = sound.0.iter().flat_map(|polygon| polygon.exterior().0.iter().copied()).collect();
    let centre = centre_of(&corners)?;
    let farthest =
        border.iter().map(|&at| Geodesic.distance(Point::from(centre), Point::from(at))).fold(0.0_f64, f64::max);
    cap::Circle::new(centre, (farthest + slack + 0.02).ceil() / 1_000.0).ok()
}

/// Near the centre of the smallest ball around positions on a sphere (Bădoiu and Clarkson 2003: step towards the farthest, ever shorter).
fn centre_of(corners: &[Coord<f64>]) -> Option<Coord<f64>> {
    let vector = |at: &Coord<f64>| {
        let (lon, lat) = (at.x.to_radians(), at.y.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let all: Vec<[f64; 3]> = corners.iter().map(vector).collect();
    let mut centre = *all.first()?;
    for step in 1..=300_u32 {
        let far = |at: &[f64; 3]| at.iter().zip(centre).map(|(a, c)| (a - c).powi(2)).sum::<f64>();
        let farthest = *all.iter().max_by(|a, b| far(a).total_cmp(&far(b)))?;
        for (c, f) in centre.iter_mut().zip(farthest) {
            *c += (f - *c) / f64::from(step + 1);
        }
    }
    let [x, y, z] = centre;
    let at = rounded(Coord { x: y.atan2(x).to_degrees(), y: z.atan2(x.hypot(y)).to_degrees() });
    (at.x.is_finite() && at.y.is_finite()).then_some(at)
}

#[cfg(test)]
mod tests {
    use geo::{BoundingRect, Contains};
    use proptest::prelude::*;

    use super::*;

    fn destination(centre: Coord<f64>, bearing: f64, metres: f64) -> Point<f64> {
        Geodesic.destination(Point::from(centre), bearing, metres)
    }

    #[test]
    fn at_hamadan_the_usual_111_kilometres_to_a_degree_miss_a_sixth_of_the_circle() {
        let centre = Coord { x: 48.51, y: 34.80 };
        let circle = cap::Circle::new(centre, 10.0).unwrap();
        let ours = &circle_to_polygons(circle, 100)[0];
        let naive = {
            let corner = |i: u32| {
                let angle = f64::from(i) * 3.6_f64.to_radians();
                Coord { x: centre.x + 10.0 / 111.12 * angle.cos(), y: centre.y + 10.0 / 111.12 * angle.sin() }
            };
            Polygon::new(LineString::new((0..=100).map(corner).collect()), Vec::new())
        };
        let east = destination(centre, 90.0, 9_000.0);
        assert!(ours.contains(&east));
        assert!(!naive.contains(&east), "who copies the division leaves this house out");
        let reach = ours.bounding_rect().unwrap().width() / naive.bounding_rect().unwrap().width();
        assert!((1.20..1.23).contains(&reach), "{reach}");
    }

    #[test]
    fn a_point_an_ocean_and_a_pole_have_polygons_too() {
        for (x, y, radius_km) in
            [(48.51, 34.8, 0.0), (0.0, 0.0, 20_040.0), (10.0, 89.9, 5.0), (179.99, -17.0, 30.0), (-180.0, 60.0, 0.001)]
        {
            let circle = cap::Circle::new(Coord { x, y }, radius_km).unwrap();
            let polygons = circle_to_polygons(circle, 100);
            assert!(
                !polygons.is_empty() && polygons.iter().all(|polygon| polygon.exterior().0.len() <= 105),
                "{x} {y}"
            );
            for polygon in &polygons {
                assert!(cap::Polygon::new(polygon.exterior().0.clone()).is_ok(), "{x} {y} {radius_km}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        #[test]
        fn a_circle_s_polygons_contain_it_and_little_more(
            x in -180.0_f64..=180.0, y in -85.0_f64..=85.0, radius_km in 0.001_f64..200.0, positions in 20_usize..=100,
        ) {
            let centre = Coord { x, y };
            let polygons = MultiPolygon::new(circle_to_polygons(cap::Circle::new(centre, radius_km).unwrap(), positions));
            for bearing in 0..180_u32 {
                let rim = destination(centre, f64::from(bearing) * 2.0, radius_km * 1_000.0);
                let near = |by: f64| polygons.contains(&Point::new((rim.x() + by).clamp(-180.0, 180.0), rim.y()));
                // On the antimeridian itself a rim point lies on the border of both halves.
                prop_assert!(near(0.0) || near(1e-6) || near(-1e-6), "{:?} at {}", rim, bearing * 2);
            }
            let too_far = destination(centre, 45.0, radius_km * 1_100.0 + 5.0);
            prop_assert!(!polygons.contains(&too_far));
        }

        #[test]
        fn a_circle_around_ground_contains_all_of_it(
            x in -179.0_f64..179.0, y in -80.0_f64..80.0, radii in prop::collection::vec(0.0005_f64..0.5, 3..40),
        ) {
            let ring: Vec<Coord<f64>> = radii.iter().enumerate().map(|(i, r)| {
                let angle = i as f64 / radii.len() as f64 * std::f64::consts::TAU;
                Coord { x: x + r * angle.cos(), y: y + r * angle.sin() }
            }).collect();
            let ground = MultiPolygon::new(vec![Polygon::new(LineString::new(ring.clone()), Vec::new())]);
            let circle = circle_around(&ground).unwrap();
            for line in ground.0[0].exterior().lines() {
                for step in 0..=10 {
                    let t = f64::from(step) / 10.0;
                    let at = Point::new(line.start.x + line.dx() * t, line.start.y + line.dy() * t);
                    let distance = Geodesic.distance(Point::from(circle.centre()), at);
                    prop_assert!(distance <= circle.radius_km() * 1_000.0, "{} > {}", distance, circle.radius_km());
                }
            }
            // No smaller than half the longest extent, and not much larger than the smallest there can be (a triangle's: 1.1547 times that).
            let longest = ring.iter().flat_map(|a| ring.iter().map(move |b| Geodesic.distance(Point::from(*a), Point::from(*b)))).fold(0.0, f64::max);
            prop_assert!(circle.radius_km() * 1_000.0 <= longest / 2.0 * 1.18 + 10.0, "{} of {}", circle.radius_km(), longest);
        }
    }
}
