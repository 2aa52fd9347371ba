//! Turns threatened ground into CAP polygons and circles and back: no holes, at most 100 positions each, nothing left out.
//! Called by `content::Content::to_cap`, and by who wants to know how much ground the simplification adds or what an area covers.
//! What comes out contains what went in up to [`TOLERANCE_DEGREES`]; no input, however broken, makes it panic.
//!
//! Positions are lon,lat (WGS 84 degrees) and a line between two of them is straight in these degrees, as map programs draw it.
//!
//! ```
//! use alerts::area::{POSITIONS_MAX, outline};
//! use geo_types::{MultiPolygon, polygon};
//!
//! // A ring road floods; who lives inside of it is dry and must not be woken.
//! let ring_road = polygon!(
//!     exterior: [(x: 48.50, y: 34.78), (x: 48.54, y: 34.78), (x: 48.54, y: 34.82), (x: 48.50, y: 34.82)],
//!     interiors: [[(x: 48.51, y: 34.79), (x: 48.51, y: 34.81), (x: 48.53, y: 34.81), (x: 48.53, y: 34.79)]],
//! );
//! let outline = outline(&MultiPolygon::new(vec![ring_road]), POSITIONS_MAX);
//! assert_eq!(outline.polygons.len(), 2, "CAP polygons have no holes, so it is cut in two");
//! assert!(outline.surplus < 1e-6 && outline.surplus_km2 < 1e-3);
//! ```

mod circle; // Circles on the ellipsoid, to polygons and from them.
mod grow; // Fewer corners by adding ground.
mod sound; // Rings that mean something, on this side of the antimeridian.

use geo::{Area as _, BooleanOps, BoundingRect, ConvexHull, GeodesicArea as _, unary_union};
use geo_types::{Coord, LineString, MultiPolygon, Polygon, Rect};

pub use circle::{circle_around, circle_to_polygons};

use crate::cap;
use grow::{corners, shrink_count};

/// The most positions of one CAP polygon, the closing one included (larger ones broke editors and gateways: facts of peers).
pub const POSITIONS_MAX: usize = 100;
/// How far the input may stick out of the result, in degrees: 0.2 mm, to half of which positions are rounded; for shapes of more than
/// half a degree four thousand-millionths of their extent, the grid on which shapes are cut.
pub const TOLERANCE_DEGREES: f64 = 2e-9;
/// More holes than this in one polygon are filled instead of cut open: warning more is better than failing.
const HOLES_MAX: usize = 256;
/// Rings longer than this are replaced by their convex hull before simplification, which takes quadratic time.
const RING_MAX: usize = 5_000;

/// The result of a simplification.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Simple polygons without holes, lon,lat, on either side of the antimeridian. They may overlap.
    pub polygons: Vec<Polygon<f64>>,
    /// Ground that was added, as a share of the input's area (0.02 = 2 %); 0 when nothing was.
    pub surplus: f64,
    /// Ground that was added, in square kilometres on the ellipsoid.
    pub surplus_km2: f64,
}

/// Why a polygon can't be warned for, `None` when it can.
pub fn fault(polygon: &Polygon<f64>) -> Option<&'static str> {
    for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
        if !ring.0.iter().all(|at| (-90.0..=90.0).contains(&at.y) && (-180.0..=180.0).contains(&at.x)) {
            return Some("a position lies outside ±180 longitude or ±90 latitude");
        }
        if ring.0.len() < 4 {
            return Some("a ring has fewer than four positions");
        }
        if ring.0.first() != ring.0.last() {
            return Some("a ring is not closed (first and last positions differ)");
        }
    }
    if polygon.bounding_rect().is_none_or(|all| all.width() <= 0.0 || all.height() <= 0.0) {
        return Some("it has no area");
    }
    None
}

/// The CAP polygons of threatened ground (lon,lat in, CAP's own type out), each with at most [`POSITIONS_MAX`] positions.
///
/// Holes are cut open rather than dropped, so that nobody inside one is warned for nothing. O(n²) in the positions of a ring.
pub fn to_cap(ground: &MultiPolygon<f64>) -> Vec<cap::Polygon> {
    outline(ground, POSITIONS_MAX)
        .polygons
        .into_iter()
        .filter_map(|polygon| cap::Polygon::new(polygon.exterior().0.clone()).ok())
        .collect()
}

/// The ground of a CAP area: the union of its polygons and circles, valid, holes where they enclose some. Geocodes are not looked up.
///
/// A ring that crosses itself covers all that it winds around; a circle becomes a polygon that contains it.
pub fn to_geo(area: &cap::Area) -> MultiPolygon<f64> {
    let rings = area.polygons.iter().map(cap::Polygon::to_geo);
    let circles = area.circles.iter().flat_map(|&circle| circle_to_polygons(circle, POSITIONS_MAX));
    merged(&sound::sound(&MultiPolygon::new(rings.chain(circles).collect())))
}

/// Brings any ground into CAP's form: cut at the antimeridian and through holes, and grown until each polygon has at most
/// `positions_max` positions (at least 5, with the closing one).
///
/// Rings that cross or touch themselves cover all that they wind around; what is too thin to be an area becomes a band of 20 cm.
/// An edge that jumps by more than 180° of longitude crosses the antimeridian. O(n²) in the positions of a ring.
pub fn outline(ground: &MultiPolygon<f64>, positions_max: usize) -> Outline {
    let corners_max = positions_max.max(5) - 1;
    let sound = sound::sound(ground);
    let polygons: Vec<Polygon<f64>> =
        sound.0.iter().flat_map(without_holes).map(|piece| grown(&piece, corners_max)).collect();
    let (before, after) = (merged(&sound), merged(&MultiPolygon::new(polygons.clone())));
    let share = before.unsigned_area();
    Outline {
        polygons,
        surplus: if share > 0.0 { (after.unsigned_area() / share - 1.0).max(0.0) } else { 0.0 },
        surplus_km2: ((after.geodesic_area_unsigned() - before.geodesic_area_unsigned()) / 1e6).max(0.0),
    }
}

fn merged(ground: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    if ground.0.len() < 2 { ground.clone() } else { unary_union(&ground.0) }
}

fn rounded(at: Coord<f64>) -> Coord<f64> {
    Coord { x: (at.x * 1e9).round() / 1e9, y: (at.y * 1e9).round() / 1e9 }
}

/// Cuts a polygon along a north-south line through each hole, until no hole is left.
fn without_holes(polygon: &Polygon<f64>) -> Vec<Polygon<f64>> {
    if polygon.interiors().is_empty() {
        return vec![polygon.clone()];
    }
    let filled = || vec![Polygon::new(polygon.exterior().clone(), Vec::new())];
    if polygon.interiors().len() > HOLES_MAX {
        return filled();
    }
    let mut waiting = vec![polygon.clone()];
    let mut done: Vec<Polygon<f64>> = Vec::new();
    let mut cuts_left = 4 * HOLES_MAX;
    while let Some(piece) = waiting.pop() {
        let Some(hole) = piece.interiors().first().and_then(BoundingRect::bounding_rect) else {
            done.push(piece);
            continue;
        };
        let Some(all) = piece.bounding_rect() else { continue };
        if cuts_left == 0 {
            return filled();
        }
        cuts_left -= 1;
        let middle = hole.center().x;
        // Not farther out than needed: the grid on which shapes are cut is as coarse as the whole is large.
        let (min, max) = (all.min() - Coord { x: 1e-6, y: 1e-6 }, all.max() + Coord { x: 1e-6, y: 1e-6 });
        for half in [Rect::new(min, Coord { x: middle, y: max.y }), Rect::new(Coord { x: middle, y: min.y }, max)] {
            waiting.extend(piece.intersection(&half.to_polygon()));
        }
    }
    let (whole, kept) = (polygon.unsigned_area(), done.iter().map(geo::Area::unsigned_area).sum::<f64>());
    // The cuts may lose what is thinner than the grid; losing more than that would be losing ground.
    if kept < whole * (1.0 - 1e-6) { filled() } else { done }
}

/// A polygon with at most `corners_max` corners that contains the given one.
fn grown(polygon: &Polygon<f64>, corners_max: usize) -> Polygon<f64> {
    let ring = corners(polygon.exterior());
    let few = if ring.len() <= corners_max {
        Some(ring)
    } else if ring.len() <= RING_MAX {
        shrink_count(ring, corners_max)
    } else {
        None
    };
    let hull = || {
        let hull = corners(polygon.convex_hull().exterior());
        if hull.len() > corners_max { shrink_count(hull, corners_max) } else { Some(hull) }
    };
    let ring = few.and_then(|ring| fit(ring, polygon)).or_else(|| hull().and_then(|ring| fit(ring, polygon)));
    let on_globe = |at: Coord<f64>| Coord { x: at.x.clamp(-180.0, 180.0), y: at.y };
    let mut ring = ring.unwrap_or_else(|| sound::band(&polygon.exterior().0).into_iter().map(on_globe).collect());
    ring.extend(ring.first().copied());
    Polygon::new(LineString::new(ring), Vec::new())
}

/// The ring with rounded positions, when it still is simple and leaves nothing of `inner` out.
fn fit(ring: Vec<Coord<f64>>, inner: &Polygon<f64>) -> Option<Vec<Coord<f64>>> {
    let mut ring: Vec<Coord<f64>> = ring.into_iter().map(rounded).collect();
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    (ring.len() >= 3 && sound::is_simple(&ring) && contains_all(&ring, inner)).then_some(ring)
}

/// Whether nothing of `inner` sticks out, up to a millionth of its area or what rounding the positions of its border costs.
fn contains_all(outer: &[Coord<f64>], inner: &Polygon<f64>) -> bool {
    let outer = Polygon::new(LineString::new(outer.to_vec()), Vec::new());
    let inner = Polygon::new(inner.exterior().clone(), Vec::new());
    let around: f64 = inner.exterior().lines().map(|line| line.dx().abs() + line.dy().abs()).sum();
    let tolerated = (inner.unsigned_area() * 1e-6).max(around * TOLERANCE_DEGREES);
    inner.difference(&outer).unsigned_area() <= tolerated
}

#[cfg(test)]
mod tests {
    use geo::Contains;
    use geo_types::{Point, polygon};
    use proptest::prelude::*;

    use super::*;

    /// A star-shaped ring around Hamadan with the given radii in degrees.
    fn star(radii: &[f64]) -> Polygon<f64> {
        let n = radii.len() as f64;
        let ring = radii.iter().enumerate().map(|(i, r)| {
            let angle = i as f64 / n * std::f64::consts::TAU;
            Coord { x: 48.51 + r * angle.cos(), y: 34.80 + r * angle.sin() }
        });
        Polygon::new(LineString::new(ring.collect()), Vec::new())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn no_threatened_ground_is_left_out(radii in prop::collection::vec(0.005_f64..0.05, 12..300), max in 5_usize..100) {
            let ground = star(&radii);
            let result = outline(&MultiPolygon::new(vec![ground.clone()]), max);
            prop_assert_eq!(result.polygons.len(), 1);
            prop_assert!(result.polygons[0].exterior().0.len() <= max);
            let missing = ground.difference(&result.polygons[0]).unsigned_area();
            prop_assert!(missing <= ground.unsigned_area() * 1e-6, "{} of {} is missing", missing, ground.unsigned_area());
        }
    }

    #[test]
    fn a_simple_outline_stays_as_it_is_and_a_rich_one_grows_little() {
        let square = polygon![(x: 48.5, y: 34.8), (x: 48.6, y: 34.8), (x: 48.6, y: 34.9), (x: 48.5, y: 34.9)];
        let result = outline(&MultiPolygon::new(vec![square.clone()]), 100);
        assert_eq!(result.polygons, [square]);
        assert!(result.surplus.abs() < 1e-12);
        let round = star(&[0.03; 1_000]);
        let result = outline(&MultiPolygon::new(vec![round]), 100);
        assert!(result.surplus > 0.0 && result.surplus < 0.002, "{}", result.surplus);
    }

    #[test]
    fn a_winding_river_bank_stays_a_band() {
        // 3,000 positions, 200 m wide, three bends: the hull would be several times as large.
        let bank = |side: f64| {
            (0..1_500_u32).map(move |i| {
                let x = f64::from(i) / 1_500.0 * 0.2;
                Coord { x: 48.4 + x, y: 34.8 + side + 0.02 * (x * 100.0).sin() }
            })
        };
        let ring: Vec<_> = bank(-0.001).chain(bank(0.001).rev()).collect();
        let band = Polygon::new(LineString::new(ring), vec![]);
        let result = outline(&MultiPolygon::new(vec![band.clone()]), POSITIONS_MAX);
        assert!(result.polygons[0].exterior().0.len() <= POSITIONS_MAX);
        assert!(result.surplus < 0.35, "{}", result.surplus);
        assert!(band.difference(&result.polygons[0]).unsigned_area() <= band.unsigned_area() * 1e-6);
    }

    #[test]
    fn a_hole_is_cut_open_and_its_people_are_not_warned() {
        let ring_road = polygon!(
            exterior: [(x: 48.0, y: 34.0), (x: 49.0, y: 34.0), (x: 49.0, y: 35.0), (x: 48.0, y: 35.0)],
            interiors: [
                [(x: 48.2, y: 34.2), (x: 48.2, y: 34.4), (x: 48.4, y: 34.4), (x: 48.4, y: 34.2)],
                [(x: 48.6, y: 34.3), (x: 48.6, y: 34.8), (x: 48.8, y: 34.8), (x: 48.8, y: 34.3)],
            ],
        );
        let result = outline(&MultiPolygon::new(vec![ring_road.clone()]), 100);
        let area: f64 = result.polygons.iter().map(geo::Area::unsigned_area).sum();
        assert!((area - ring_road.unsigned_area()).abs() < 1e-6 * area, "{area}");
        assert!(result.polygons.iter().all(|piece| piece.interiors().is_empty()));
        let in_hole = Point::new(48.7, 34.5);
        assert!(!result.polygons.iter().any(|piece| piece.contains(&in_hole)));
    }

    #[test]
    fn shapes_without_sense_have_a_named_fault() {
        assert!(fault(&Polygon::new(LineString::new(vec![]), vec![])).is_some());
        assert!(
            fault(&polygon![(x: 48.0, y: 34.0), (x: 49.0, y: 34.0), (x: 50.0, y: 34.0), (x: 48.0, y: 34.0)]).is_some()
        );
        assert!(fault(&polygon![(x: 348.0, y: 34.0), (x: 49.0, y: 34.0), (x: 50.0, y: 35.0)]).is_some());
        assert!(fault(&polygon![(x: 48.0, y: 34.0), (x: 49.0, y: 34.0), (x: 49.0, y: 35.0)]).is_none());
    }
}
