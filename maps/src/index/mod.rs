//! Index of leaf zones: which zone holds a point, which zones a shape touches or comes near.
//! Built by `City::build`; asked through `City`.
//! Exact at boundaries, and the same as asking every edge of every zone; degrees decide what touches, metres what is near.

use geo_types::{Coord, MultiPolygon, Rect};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use geo::BoundingRect;

use crate::position::{Plane, Position};
use crate::{Zone, meridian};

pub(crate) mod exact; // Which side, inside or not, touching or not.
mod grid; // What lies in each cell.
mod inside; // Many points in one shape.
mod many; // Many points at once.
mod touch; // A shape over the zones.

#[cfg(test)]
mod judge; // Whole numbers judge all of it.

use grid::Grid;

type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// Leaf zones by where they are; a zone is its place in the list of zones, which is in the order of codes.
#[derive(Debug)]
pub(crate) struct ZoneIndex {
    grid: Grid,
    boxes: RTree<Boxed>,
}

impl ZoneIndex {
    pub(crate) fn new(zones: &[Zone]) -> ZoneIndex {
        let leaves = || zones.iter().enumerate().filter(|(_, zone)| zone.is_leaf);
        let boxes = leaves().filter_map(|(index, zone)| {
            let rect = zone.shape.bounding_rect()?;
            let corners = Rectangle::from_corners(rect.min().x_y().into(), rect.max().x_y().into());
            Some(GeomWithData::new(corners, index))
        });
        ZoneIndex {
            boxes: RTree::bulk_load(boxes.collect()),
            grid: Grid::over(leaves().map(|(index, zone)| (index, &zone.shape))),
        }
    }

    /// Bytes that the index holds, beside the zones themselves.
    pub(crate) fn bytes(&self) -> usize {
        // A node of the tree holds six boxes and its own.
        self.grid.bytes() + self.boxes.size() * size_of::<Boxed>() * 7 / 6
    }

    /// Leaves whose boxes meet `rect`, also across the 180th meridian, in the order of the list of zones.
    pub(crate) fn near(&self, rect: Rect<f64>) -> Vec<usize> {
        let mut near = Vec::new();
        for east in meridian::shifts(rect.min().x, rect.max().x) {
            let envelope = AABB::from_corners([rect.min().x + east, rect.min().y], [rect.max().x + east, rect.max().y]);
            near.extend(self.boxes.locate_in_envelope_intersecting(&envelope).map(|boxed| boxed.data));
        }
        near.sort_unstable();
        near.dedup();
        near
    }

    /// The leaf that holds `position`.
    ///
    /// Half-open: of two zones that share an edge, the one on its east (or, along a level edge, north) side has the points on it;
    /// that is as if the point were moved by an infinitesimal step east and a smaller one north. A point of the outer border
    /// that no zone has by this rule goes to the first zone by code whose border it is on, and so does a point in an overlap.
    pub(crate) fn holder(&self, position: Position) -> Option<usize> {
        let point = meridian::westmost(position.coord());
        let held = self.grid.cell_of(point).and_then(|cell| self.grid.holder_in(cell, point));
        held.map(|zone| zone as usize).or_else(|| self.border_holder(point))
    }

    /// The first zone by code that has `point` on its border, where no zone holds it.
    fn border_holder(&self, point: Coord<f64>) -> Option<usize> {
        let twin = meridian::twin(point).into_iter();
        std::iter::once(point).chain(twin).flat_map(|point| self.grid.borders_at(point)).min()
    }

    /// The holder of each position, as [`ZoneIndex::holder`] gives it.
    pub(crate) fn holders<T: Copy>(&self, positions: &[Position], none: T, some: impl Fn(usize) -> T) -> Vec<T> {
        many::holders(self, positions, none, some)
    }

    /// Leaves whose closed shapes come within `margin_m` of the closed `shape`.
    pub(crate) fn touching(&self, zones: &[Zone], shape: &MultiPolygon<f64>, margin_m: f64) -> Vec<usize> {
        touch::touching(self, zones, shape, margin_m)
    }

    /// Leaves whose closed shapes come within `metres` of `point`, with their distances, nearest first.
    pub(crate) fn within(&self, zones: &[Zone], point: Coord<f64>, metres: f64) -> Vec<(usize, f64)> {
        let plane = Plane::at(point);
        let mut within: Vec<(usize, f64)> = self
            .near(widened(Rect::new(point, point), plane.margin_degrees(metres)))
            .into_iter()
            .map(|zone| (zone, touch::metres_off(&plane, &zones[zone].shape, point)))
            .filter(|(_, distance)| *distance <= metres)
            .collect();
        within.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        within
    }
}

/// `rect` with `by` added on every side.
pub(crate) fn widened(rect: Rect<f64>, by: Coord<f64>) -> Rect<f64> {
    Rect::new(rect.min() - by, rect.max() + by)
}
