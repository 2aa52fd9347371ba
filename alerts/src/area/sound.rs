//! Makes rings mean something: finite, on the globe, on one side of the antimeridian, not crossing or touching themselves.
//! Called by `area` before anything else is done with a shape.
//! Rings that are sound already stay as they are, position by position.

use geo::bool_ops::FillRule;
use geo::{Area as _, BooleanOps, BoundingRect, Intersects};
use geo_types::{Coord, Line, LineString, MultiPolygon, Polygon, Rect};

use super::grow::corners;

/// Half the width of what stands for a shape without area, in degrees: about 10 cm.
const BAND_DEGREES: f64 = 1e-6;
/// What is smaller, a millimetre, is a point. The overlay's arithmetic overflows far below it.
const EXTENT_MIN_DEGREES: f64 = 1e-8;

/// The same ground as valid polygons within ±180° and ±90°. Shapes without area become bands.
pub(super) fn sound(ground: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    MultiPolygon::new(ground.0.iter().flat_map(one).collect())
}

fn one(polygon: &Polygon<f64>) -> Vec<Polygon<f64>> {
    let exterior = unwrapped(polygon.exterior());
    if exterior.is_empty() {
        return Vec::new();
    }
    let thin = || on_globe(&MultiPolygon::new(vec![closed(band(&exterior))]));
    let outer = closed(exterior.clone());
    if extent(&outer) < EXTENT_MIN_DEGREES {
        return thin();
    }
    let whole = wound(&outer);
    let Some(around) = whole.bounding_rect() else { return thin() };
    let holes: Vec<Polygon<f64>> = polygon
        .interiors()
        .iter()
        .map(|hole| {
            let mut hole = unwrapped(hole);
            let turns = hole.first().map_or(0.0, |at| ((around.center().x - at.x) / 360.0).round());
            for at in &mut hole {
                at.x += turns * 360.0;
            }
            closed(hole)
        })
        .filter(|hole| extent(hole) >= EXTENT_MIN_DEGREES)
        .collect();
    let area = whole.unsigned_area();
    // The overlay loses what is thinner than its grid, which may be all there is.
    if area < outer.unsigned_area() * (1.0 - 1e-6) || area <= 0.0 {
        return thin();
    }
    let mut result = whole;
    for hole in &holes {
        result = result.difference(&wound(hole));
    }
    let same =
        polygon.exterior().0.iter().zip(&outer.exterior().0).all(|(a, b)| a == b) && is_same(&result, &outer, &holes);
    if same {
        result = MultiPolygon::new(vec![polygon.clone()]);
    }
    on_globe(&result)
}

/// Whether an overlay changed nothing but last digits, so that the positions as they were given can be kept.
fn is_same(result: &MultiPolygon<f64>, outer: &Polygon<f64>, holes: &[Polygon<f64>]) -> bool {
    let [one] = result.0.as_slice() else { return false };
    let count = |ring: &LineString<f64>| corners(ring).len();
    let before: Vec<usize> = holes.iter().map(|hole| count(hole.exterior())).collect();
    let after: Vec<usize> = one.interiors().iter().map(count).collect();
    let area = outer.unsigned_area() - holes.iter().map(geo::Area::unsigned_area).sum::<f64>();
    count(one.exterior()) == count(outer.exterior())
        && before.len() == after.len()
        && before.iter().sum::<usize>() == after.iter().sum::<usize>()
        && (one.unsigned_area() - area).abs() <= area * 1e-6
}

fn extent(polygon: &Polygon<f64>) -> f64 {
    polygon.bounding_rect().map_or(0.0, |all| all.width().max(all.height()))
}

/// All that a ring winds around, in either direction.
fn wound(ring: &Polygon<f64>) -> MultiPolygon<f64> {
    ring.union_with_fill_rule(&MultiPolygon::<f64>::new(Vec::new()), FillRule::NonZero)
}

fn closed(mut ring: Vec<Coord<f64>>) -> Polygon<f64> {
    ring.extend(ring.first().copied());
    Polygon::new(LineString::new(ring), Vec::new())
}

/// The positions of a ring without the closing one, finite, between the poles, each at most 180° of longitude from the one before.
fn unwrapped(ring: &LineString<f64>) -> Vec<Coord<f64>> {
    let mut given: Vec<Coord<f64>> = ring.0.iter().copied().filter(|at| at.x.is_finite() && at.y.is_finite()).collect();
    for at in &mut given {
        at.y = at.y.clamp(-90.0, 90.0);
        if at.x.abs() > 540.0 {
            at.x %= 360.0;
        }
    }
    while given.len() > 1 && given.first() == given.last() {
        given.pop();
    }
    let mut turned = given.clone();
    for i in 1..turned.len() {
        let jump = turned[i].x - turned[i - 1].x;
        turned[i].x -= (jump / 360.0).round() * 360.0;
    }
    let (Some(&first), Some(&last)) = (turned.first(), turned.last()) else { return given };
    let closing = first.x - last.x;
    let turns = (closing / 360.0).round();
    if turns == 0.0 {
        let span = |ring: &[Coord<f64>]| LineString::new(ring.to_vec()).bounding_rect().map_or(0.0, Rect::width);
        // A whole turn leaves nothing: it was meant as it is written.
        return if span(&turned) > 0.0 || span(&given) == 0.0 { turned } else { given };
    }
    // Once around the world: it encloses the pole that it is nearer to.
    let pole = if turned.iter().map(|at| at.y).sum::<f64>() < 0.0 { -90.0 } else { 90.0 };
    let end = Coord { x: first.x - turns * 360.0, y: first.y };
    turned.extend([end, Coord { x: end.x, y: pole }, Coord { x: first.x, y: pole }]);
    turned
}

/// Cut at the antimeridian, the parts beyond it brought to where they are.
fn on_globe(ground: &MultiPolygon<f64>) -> Vec<Polygon<f64>> {
    let fits = |ring: &LineString<f64>| ring.0.iter().all(|at| at.x.abs() <= 180.0);
    let mut parts = Vec::new();
    for polygon in &ground.0 {
        if fits(polygon.exterior()) {
            // Nothing moves but what the overlay's grid put beyond a pole.
            parts.push(moved(polygon, 0.0));
            continue;
        }
        for turn in [-720.0, -360.0, 0.0, 360.0, 720.0] {
            let world = Rect::new(Coord { x: turn - 180.0, y: -90.0 }, Coord { x: turn + 180.0, y: 90.0 });
            let meets =
                polygon.bounding_rect().is_some_and(|all| all.min().x < world.max().x && all.max().x > world.min().x);
            if meets {
                // As large as needed only: the grid of the overlay is as coarse as the whole is large.
                let all = polygon.bounding_rect().unwrap_or(world);
                let window = Rect::new(
                    Coord { x: world.min().x.max(all.min().x - 1e-6), y: all.min().y - 1e-6 },
                    Coord { x: world.max().x.min(all.max().x + 1e-6), y: all.max().y + 1e-6 },
                );
                parts.extend(polygon.intersection(&window.to_polygon()).0.into_iter().map(|part| moved(&part, -turn)));
            }
        }
    }
    parts
}

fn moved(polygon: &Polygon<f64>, by: f64) -> Polygon<f64> {
    let ring = |ring: &LineString<f64>| {
        let at = |at: &Coord<f64>| Coord { x: (at.x + by).clamp(-180.0, 180.0), y: at.y.clamp(-90.0, 90.0) };
        LineString::new(ring.0.iter().map(at).collect())
    };
    Polygon::new(ring(polygon.exterior()), polygon.interiors().iter().map(ring).collect())
}

/// The narrowest simple thing that contains positions which have no area to speak of: a box along their longest extent, four corners.
pub(super) fn band(positions: &[Coord<f64>]) -> Vec<Coord<f64>> {
    let Some(&origin) = positions.first() else { return Vec::new() };
    let far = |from: Coord<f64>| {
        let distance = |at: &&Coord<f64>| (at.x - from.x).hypot(at.y - from.y);
        positions.iter().max_by(|a, b| distance(a).total_cmp(&distance(b))).copied().unwrap_or(from)
    };
    let start = far(origin);
    let end = far(start);
    let length = (end.x - start.x).hypot(end.y - start.y);
    let along = if length > 0.0 {
        Coord { x: (end.x - start.x) / length, y: (end.y - start.y) / length }
    } else {
        Coord { x: 1.0, y: 0.0 }
    };
    let across = Coord { x: -along.y, y: along.x };
    let (mut low, mut high) = (Coord { x: 0.0_f64, y: 0.0_f64 }, Coord { x: 0.0_f64, y: 0.0_f64 });
    for at in positions {
        let (dx, dy) = (at.x - start.x, at.y - start.y);
        let (u, v) = (dx * along.x + dy * along.y, dx * across.x + dy * across.y);
        (low, high) = (Coord { x: low.x.min(u), y: low.y.min(v) }, Coord { x: high.x.max(u), y: high.y.max(v) });
    }
    let (low, high) =
        (low - Coord { x: BAND_DEGREES, y: BAND_DEGREES }, high + Coord { x: BAND_DEGREES, y: BAND_DEGREES });
    let at = |u: f64, v: f64| Coord {
        x: start.x + u * along.x + v * across.x,
        y: (start.y + u * along.y + v * across.y).clamp(-90.0, 90.0),
    };
    vec![at(low.x, low.y), at(high.x, low.y), at(high.x, high.y), at(low.x, high.y)]
}

/// Whether no edge of a ring (without its closing position) meets another one except at the corner they share. O(n²).
pub(super) fn is_simple(ring: &[Coord<f64>]) -> bool {
    let n = ring.len();
    let edge = |i: usize| Line::new(ring[i % n], ring[(i + 1) % n]);
    n >= 3
        && (0..n).all(|i| {
            let (this, next) = (edge(i), edge(i + 1));
            // The next edge shares a corner; neither may come back along the other.
            let folds = this.intersects(&next.end) || next.intersects(&this.start);
            !folds && (i + 2..n).filter(|&j| (j + 1) % n != i).all(|j| !this.intersects(&edge(j)))
        })
}
