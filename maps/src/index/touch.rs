//! A shape over the zones: which of them it touches, exactly, and which come within a margin, in metres.
//! Called by `ZoneIndex::touching`.
//! Whom to warn errs outward: shapes and zones are closed, so that a common point is enough.

use geo::BoundingRect;
use geo_types::{Coord, MultiPolygon};

use super::exact::{self, Edge};
use super::inside::Inside;
use super::{ZoneIndex, widened};
use crate::Zone;
use crate::meridian;
use crate::position::Plane;

/// The zones that are in so far, by their place in the list.
struct Hits(Vec<bool>);

impl Hits {
    fn add(&mut self, zones: impl IntoIterator<Item = usize>) {
        for zone in zones {
            self.0[zone] = true;
        }
    }

    fn all(&self, mut zones: impl Iterator<Item = usize>) -> bool {
        zones.all(|zone| self.0[zone])
    }
}

/// O(edges of the shape × edges in their cells + zones in its box).
pub(super) fn touching(index: &ZoneIndex, zones: &[Zone], shape: &MultiPolygon<f64>, margin_m: f64) -> Vec<usize> {
    let shape = meridian::at_home(shape);
    let mut hits = Hits(vec![false; zones.len()]);
    meet_outline(index, &shape, &mut hits);
    lie_inside(index, zones, &shape, &mut hits);
    if margin_m > 0.0 {
        for edge in exact::edges(&shape).chain(lone_points(&shape)) {
            come_near(index, edge, margin_m, &mut hits);
        }
    }
    (0..zones.len()).filter(|&zone| hits.0[zone]).collect()
}

/// Zones that the outline of the shape enters or touches: whoever holds the start of a ring, and whose edges it meets.
fn meet_outline(index: &ZoneIndex, shape: &MultiPolygon<f64>, hits: &mut Hits) {
    for start in exact::rings(shape).filter_map(|ring| ring.0.first()) {
        hits.add(index.grid.closed_holders(*start));
        hits.add(meridian::twin(*start).into_iter().flat_map(|twin| index.grid.closed_holders(twin)));
    }
    for edge in exact::edges(shape) {
        for moved in at_meridian(edge) {
            index.grid.near(&moved, Coord { x: 0.0, y: 0.0 }, |other, zones| {
                if !hits.all(zones.clone()) && moved.meets(other) {
                    hits.add(zones);
                }
            });
        }
    }
}

/// Zones with a part that the outline does not meet and that lies inside: then its first corner does.
fn lie_inside(index: &ZoneIndex, zones: &[Zone], shape: &MultiPolygon<f64>, hits: &mut Hits) {
    let Some(rect) = shape.bounding_rect() else { return };
    let inside = Inside::of(shape);
    for zone in index.near(rect) {
        let mut corners = zones[zone].shape.iter().filter_map(|part| part.exterior().0.first());
        if !hits.0[zone] && corners.any(|&corner| inside.holds(corner)) {
            hits.add([zone]);
        }
    }
}

/// Zones with an edge within `margin_m` of `edge`, measured on a plane at its middle.
fn come_near(index: &ZoneIndex, edge: Edge, margin_m: f64, hits: &mut Hits) {
    let plane = Plane::at((edge.from + edge.to) / 2.0);
    let reach = plane.margin_degrees(margin_m);
    let (from, to) = (plane.metres(edge.from), plane.metres(edge.to));
    let rect = widened(geo_types::Rect::new(edge.from, edge.to), reach);
    for east in meridian::shifts(rect.min().x, rect.max().x) {
        let moved = shifted(edge, east);
        index.grid.near(&moved, reach, |other, zones| {
            if hits.all(zones.clone()) {
                return;
            }
            // The plane takes the short way round the earth by itself.
            let (a, b) = (plane.metres(other.from), plane.metres(other.to));
            let apart =
                [off_segment(from, to, a), off_segment(from, to, b), off_segment(a, b, from), off_segment(a, b, to)];
            // Edges that cross are not near but meet, and have been found before.
            if apart.into_iter().fold(f64::INFINITY, f64::min) <= margin_m {
                hits.add(zones);
            }
        });
    }
}

/// The edge, and where it touches the 180th meridian also from the other side.
fn at_meridian(edge: Edge) -> impl Iterator<Item = Edge> {
    let (west, east) = (edge.from.x.min(edge.to.x), edge.from.x.max(edge.to.x));
    meridian::shifts(west, east).map(move |east| shifted(edge, east))
}

fn shifted(edge: Edge, east: f64) -> Edge {
    if east == 0.0 {
        return edge;
    }
    let by = Coord { x: east, y: 0.0 };
    Edge { from: edge.from + by, to: edge.to + by }
}

/// Rings that are a single point have no edge, but a place.
fn lone_points(shape: &MultiPolygon<f64>) -> impl Iterator<Item = Edge> + '_ {
    exact::rings(shape)
        .filter(|ring| exact::edges_of(ring).next().is_none())
        .filter_map(|ring| ring.0.first())
        .map(|&point| Edge { from: point, to: point })
}

/// Distance of a point to a closed shape on a plane at the point, in metres; 0 inside.
pub(super) fn metres_off(plane: &Plane, shape: &MultiPolygon<f64>, point: Coord<f64>) -> f64 {
    let homes = std::iter::once(point).chain(meridian::twin(point));
    if homes.into_iter().any(|point| exact::holds(shape, point)) {
        return 0.0;
    }
    let origin = plane.metres(point);
    exact::edges(shape)
        .map(|edge| off_segment(plane.metres(edge.from), plane.metres(edge.to), origin))
        .fold(f64::INFINITY, f64::min)
}

/// Distance of a point to a segment.
fn off_segment(from: Coord<f64>, to: Coord<f64>, point: Coord<f64>) -> f64 {
    let (way, off) = (to - from, point - from);
    let length2 = way.x * way.x + way.y * way.y;
    let part = if length2 > 0.0 { ((off.x * way.x + off.y * way.y) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (off.x - part * way.x).hypot(off.y - part * way.y)
}
