//! Index of leaf zones: which zone holds a point, which zones a shape touches.
//! Built by `City::build`; asked through `City`.
//! Exact at boundaries: the side of an edge is decided by a robust predicate that both neighbours ask in the same words.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo::{BoundingRect, Distance, Euclidean, Intersects};
use geo_types::{Coord, MultiPolygon, Point, Rect};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::Zone;
use crate::position::Plane;

type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Bounding boxes of the leaf zones, by their place in the list of zones.
#[derive(Debug)]
pub(crate) struct ZoneIndex {
    boxes: RTree<Boxed>,
}

impl ZoneIndex {
    pub(crate) fn new(zones: &[Zone]) -> ZoneIndex {
        let boxes = zones
            .iter()
            .enumerate()
            .filter(|(_, zone)| zone.is_leaf)
            .filter_map(|(index, zone)| {
                let rect = zone.shape.bounding_rect()?;
                Some(GeomWithData::new(
                    Rectangle::from_corners(rect.min().x_y().into(), rect.max().x_y().into()),
                    index,
                ))
            })
            .collect();
        ZoneIndex { boxes: RTree::bulk_load(boxes) }
    }

    /// Leaves whose boxes meet `rect`, in the order of the list of zones.
    pub(crate) fn near(&self, rect: Rect<f64>) -> Vec<usize> {
        let envelope = AABB::from_corners(rect.min().x_y().into(), rect.max().x_y().into());
        let mut near: Vec<usize> =
            self.boxes.locate_in_envelope_intersecting(&envelope).map(|boxed| boxed.data).collect();
        near.sort_unstable();
        near
    }

    /// The leaf that holds `point`.
    ///
    /// Half-open: of two zones that share an edge, the one on its east (or, along a level edge, north) side has the points on it;
    /// that is as if the point were moved by an infinitesimal step east and a smaller one north. A point of the outer border
    /// that no zone has by this rule goes to the first zone by code whose border it is on, and so does a point in an overlap.
    pub(crate) fn holder(&self, zones: &[Zone], point: Coord<f64>) -> Option<usize> {
        let near = self.near(Rect::new(point, point));
        near.iter()
            .copied()
            .find(|&index| holds(&zones[index].shape, point))
            .or_else(|| near.into_iter().find(|&index| on_border(&zones[index].shape, point)))
    }

    /// Leaves whose closed shapes come within `margin_m` of the closed `shape`.
    pub(crate) fn touching(&self, zones: &[Zone], shape: &MultiPolygon<f64>, margin_m: f64) -> Vec<usize> {
        let Some(rect) = shape.bounding_rect() else { return Vec::new() };
        let plane = Plane::at(rect.center());
        let flat = plane.shape_in_metres(shape);
        self.near(widened(rect, plane.margin_degrees(margin_m)))
            .into_iter()
            .filter(|&index| {
                let zone = &zones[index].shape;
                zone.intersects(shape)
                    || (margin_m > 0.0 && metres_apart(&plane.shape_in_metres(zone), &flat) <= margin_m)
            })
            .collect()
    }

    /// Leaves whose closed shapes come within `metres` of `point`, with their distances, nearest first.
    pub(crate) fn within(&self, zones: &[Zone], point: Coord<f64>, metres: f64) -> Vec<(usize, f64)> {
        let plane = Plane::at(point);
        let mut within: Vec<(usize, f64)> = self
            .near(widened(Rect::new(point, point), plane.margin_degrees(metres)))
            .into_iter()
            .map(|index| {
                (index, Euclidean.distance(&Point::new(0.0, 0.0), &plane.shape_in_metres(&zones[index].shape)))
            })
            .filter(|(_, distance)| *distance <= metres)
            .collect();
        within.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        within
    }
}

fn metres_apart(one: &MultiPolygon<f64>, other: &MultiPolygon<f64>) -> f64 {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| Euclidean.distance(a, b)));
    pairs.fold(f64::INFINITY, f64::min)
}

/// `rect` with `by` added on every side.
pub(crate) fn widened(rect: Rect<f64>, by: Coord<f64>) -> Rect<f64> {
    Rect::new(rect.min() - by, rect.max() + by)
}

/// Half-open point in polygon by crossings to the east; see [`ZoneIndex::holder`] for the rule.
pub(crate) fn holds(shape: &MultiPolygon<f64>, point: Coord<f64>) -> bool {
    let mut inside = false;
    for line in shape.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors())) {
        for edge in line.lines() {
            // Both neighbours of an edge see it from the lower end, so that they get the same answer.
            let (low, high) = if edge.start.y < edge.end.y { (edge.start, edge.end) } else { (edge.end, edge.start) };
            if low.y <= point.y && point.y < high.y && side(low, high, point) == Orientation::CounterClockwise {
                inside = !inside;
            }
        }
    }
    inside
}

/// Lies `point` exactly on an edge?
fn on_border(shape: &MultiPolygon<f64>, point: Coord<f64>) -> bool {
    shape.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors())).any(|line| {
        line.lines().any(|edge| {
            let rect = Rect::new(edge.start, edge.end);
            (rect.min().x..=rect.max().x).contains(&point.x)
                && (rect.min().y..=rect.max().y).contains(&point.y)
                && side(edge.start, edge.end, point) == Orientation::Collinear
        })
    })
}

fn side(from: Coord<f64>, to: Coord<f64>, point: Coord<f64>) -> Orientation {
    RobustKernel::orient2d(from, to, point)
}
