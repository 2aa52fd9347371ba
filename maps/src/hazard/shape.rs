//! Shapes of footprints: round, valid, bounded in vertices, and never smaller than what was asked.
//! Called by the flood and snow footprints.
//! Whom to warn errs outward, so every simplification first grows the shape by what it may cut off.

use geo::{BoundingRect, Buffer, ConvexHull, CoordsIter, Simplify, Validation};
use geo_types::{Coord, LineString, MultiLineString, MultiPolygon, Polygon};

use crate::footprint::FOOTPRINT_VERTICES_MAX;
use crate::position::Plane;

/// Corners of a circle; drawn around the true circle, so that it covers it.
const CIRCLE_CORNERS: u32 = 64;

/// A polygon around the circle of `radius_m` about the origin of a plane, in metres.
pub(super) fn circle(radius_m: f64) -> MultiPolygon<f64> {
    let step = std::f64::consts::TAU / f64::from(CIRCLE_CORNERS);
    // Two centimetres more, for the rounding.
    let outer = radius_m / (step / 2.0).cos() + 0.02;
    let ring: LineString<f64> = (0..CIRCLE_CORNERS)
        .map(|corner| {
            let (sin, cos) = (step * f64::from(corner)).sin_cos();
            Coord { x: outer * cos, y: outer * sin }
        })
        .collect();
    // `Polygon::new` closes the ring.
    MultiPolygon(vec![Polygon::new(ring, vec![])])
}

/// All points within `half_width_m` of the lines (in metres on `plane`), in degrees; holes are filled, because CAP polygons have none.
pub(super) fn band(plane: &Plane, lines: &MultiLineString<f64>, half_width_m: f64) -> MultiPolygon<f64> {
    let mut slack = (half_width_m * 0.02).max(1.0);
    // Each round allows a coarser outline; six doublings are 64 times the first slack.
    for _ in 0..6 {
        let grown = without_holes(lines.buffer(half_width_m + slack));
        // A tenth of the slack is kept for the rounding.
        let coarse = rounded(&plane.shape_in_degrees(&grown.simplify(slack * 0.9)));
        if coarse.coords_count() <= FOOTPRINT_VERTICES_MAX && coarse.is_valid() && !coarse.0.is_empty() {
            return coarse;
        }
        slack *= 2.0;
    }
    let hull = lines.convex_hull();
    bounded(plane.shape_in_degrees(&hull.buffer(half_width_m + 1.0)))
}

/// `shape` (in degrees) itself when it is small enough, else its convex hull, else its bounding box: always a cover, always bounded.
///
/// Rounded where that leaves it valid.
pub(super) fn bounded(shape: MultiPolygon<f64>) -> MultiPolygon<f64> {
    let shape = if shape.coords_count() <= FOOTPRINT_VERTICES_MAX { shape } else { hull_of(&shape) };
    Some(rounded(&shape)).filter(Validation::is_valid).unwrap_or(shape)
}

fn hull_of(shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let hull = shape.convex_hull();
    match hull.bounding_rect() {
        Some(rect) if hull.coords_count() > FOOTPRINT_VERTICES_MAX => MultiPolygon(vec![rect.to_polygon()]),
        _ => MultiPolygon(vec![hull]),
    }
}

/// Degrees rounded to 7 decimals, about a centimetre: every JSON reader and writer keeps such numbers exactly.
pub(super) fn rounded(shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    use geo::MapCoords;
    shape.map_coords(|Coord { x, y }| Coord { x: (x * 1e7).round() / 1e7, y: (y * 1e7).round() / 1e7 })
}

/// The shape with its holes filled.
pub(super) fn without_holes(shape: MultiPolygon<f64>) -> MultiPolygon<f64> {
    shape.into_iter().map(|polygon| Polygon::new(polygon.into_inner().0, vec![])).collect()
}
