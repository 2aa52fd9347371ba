//! Exact answers about points and edges: which side, inside or not, touching or not.
//! Called by the index, which asks few edges, and by its tests, which ask all of them.
//! The sign of a side is that of the real numbers that the coordinates are, never of a rounded one.

use geo::kernels::{Kernel, Orientation, RobustKernel};
use geo_types::{Coord, LineString, MultiPolygon};

/// Error bound of the quick determinant. Source: Shewchuk 1997, doi:10.1007/PL00009321, `ccwerrboundA` = (3 + 16ε)ε, ε = 2⁻⁵³.
const QUICK_ERROR: f64 = 3.330_669_073_875_471_6e-16;

/// An edge in the one direction in which both of its neighbours see it: upward, and when level, westward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Edge {
    pub(crate) from: Coord<f64>,
    pub(crate) to: Coord<f64>,
}

impl Edge {
    pub(crate) fn between(a: Coord<f64>, b: Coord<f64>) -> Edge {
        if a.y < b.y || (a.y <= b.y && a.x >= b.x) { Edge { from: a, to: b } } else { Edge { from: b, to: a } }
    }

    /// Does the level line through `y`, moved north by next to nothing, cross the edge?
    #[inline]
    pub(crate) fn straddles_y(&self, y: f64) -> bool {
        self.from.y <= y && y < self.to.y
    }

    /// Does the meridian through `x`, moved east by next to nothing, cross the edge?
    #[inline]
    pub(crate) fn straddles_x(&self, x: f64) -> bool {
        (self.from.x <= x) != (self.to.x <= x)
    }

    /// Lies the point strictly left of the edge? West of an edge that rises; below a level one.
    ///
    /// A point on the edge is not left of it, as if it were moved by an infinitesimal step east and a smaller one north.
    #[inline]
    pub(crate) fn has_left(&self, point: Coord<f64>) -> bool {
        let one = (self.from.x - point.x) * (self.to.y - point.y);
        let other = (self.from.y - point.y) * (self.to.x - point.x);
        let turn = one - other;
        if turn.abs() > QUICK_ERROR * (one.abs() + other.abs()) {
            return turn > 0.0;
        }
        side(self.from, self.to, point) == Orientation::CounterClockwise
    }

    /// Lies the point exactly on the closed edge?
    pub(crate) fn has_on(&self, point: Coord<f64>) -> bool {
        between(self.from.x, point.x, self.to.x)
            && between(self.from.y, point.y, self.to.y)
            && side(self.from, self.to, point) == Orientation::Collinear
    }

    /// Have two closed edges a common point? Their boxes meet, and neither lies wholly on one side of the other.
    pub(crate) fn meets(&self, other: &Edge) -> bool {
        let boxes_meet = self.from.y <= other.to.y
            && other.from.y <= self.to.y
            && self.from.x.min(self.to.x) <= other.from.x.max(other.to.x)
            && other.from.x.min(other.to.x) <= self.from.x.max(self.to.x);
        boxes_meet && self.parts(other) && other.parts(self)
    }

    /// Are the ends of `other` not both strictly on one side of the line through this edge?
    fn parts(&self, other: &Edge) -> bool {
        let first = side(self.from, self.to, other.from);
        first == Orientation::Collinear || first != side(self.from, self.to, other.to)
    }
}

#[cold]
#[inline(never)]
fn side_robust(from: Coord<f64>, to: Coord<f64>, point: Coord<f64>) -> Orientation {
    RobustKernel::orient2d(from, to, point)
}

fn side(from: Coord<f64>, to: Coord<f64>, point: Coord<f64>) -> Orientation {
    let one = (from.x - point.x) * (to.y - point.y);
    let other = (from.y - point.y) * (to.x - point.x);
    let turn = one - other;
    if turn.abs() > QUICK_ERROR * (one.abs() + other.abs()) {
        return if turn > 0.0 { Orientation::CounterClockwise } else { Orientation::Clockwise };
    }
    side_robust(from, to, point)
}

fn between(a: f64, value: f64, b: f64) -> bool {
    (a.min(b)..=a.max(b)).contains(&value)
}

/// All rings of a shape.
pub(crate) fn rings(shape: &MultiPolygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    shape.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
}

/// All edges of a shape that have a length.
pub(crate) fn edges(shape: &MultiPolygon<f64>) -> impl Iterator<Item = Edge> + '_ {
    rings(shape).flat_map(edges_of)
}

/// All edges of a ring that have a length.
pub(crate) fn edges_of(ring: &LineString<f64>) -> impl Iterator<Item = Edge> + '_ {
    ring.0.windows(2).filter(|two| two[0] != two[1]).map(|two| Edge::between(two[0], two[1]))
}

/// Half-open point in polygon by crossings to the east: the judge of the index, and its way out where a cell is crowded.
pub(crate) fn holds(shape: &MultiPolygon<f64>, point: Coord<f64>) -> bool {
    edges(shape).filter(|edge| edge.straddles_y(point.y) && edge.has_left(point)).count() % 2 == 1
}

/// Lies `point` exactly on an edge?
#[cfg(test)]
pub(crate) fn on_border(shape: &MultiPolygon<f64>, point: Coord<f64>) -> bool {
    edges(shape).any(|edge| edge.has_on(point))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: (f64, f64), to: (f64, f64)) -> Edge {
        Edge::between(from.into(), to.into())
    }

    #[test]
    fn an_edge_is_the_same_from_both_ends() {
        for (a, b) in [((0.0, 0.0), (1.0, 2.0)), ((0.0, 0.0), (3.0, 0.0)), ((2.0, 5.0), (2.0, 1.0))] {
            assert_eq!(edge(a, b), edge(b, a));
        }
        let level = edge((0.0, 0.0), (3.0, 0.0));
        assert!(level.has_left((1.0, -1.0).into()) && !level.has_left((1.0, 0.0).into()));
    }

    #[test]
    fn a_side_is_right_where_a_rounded_determinant_is_not() {
        // The points of a line of slope one, one step of the last binary digit beside it.
        let line = edge((12.0, 12.0), (24.0, 24.0));
        let on = Coord { x: 0.5 + 33.0 * f64::EPSILON, y: 0.5 + 33.0 * f64::EPSILON };
        assert!(!line.has_left(on));
        assert!(line.has_left(Coord { y: on.y + f64::EPSILON, ..on }));
        assert!(!line.has_left(Coord { x: on.x + f64::EPSILON, ..on }));
    }

    #[test]
    fn edges_meet_in_a_point_along_a_part_or_not() {
        let base = edge((0.0, 0.0), (4.0, 2.0));
        for other in [
            edge((2.0, 1.0), (3.0, 0.0)),
            edge((4.0, 2.0), (5.0, 9.0)),
            edge((2.0, 1.0), (6.0, 3.0)),
            edge((0.0, 2.0), (4.0, 0.0)),
        ] {
            assert!(base.meets(&other) && other.meets(&base), "{other:?}");
        }
        for other in [edge((5.0, 2.5), (6.0, 3.0)), edge((0.0, 1.0), (4.0, 3.0)), edge((2.0, 0.9), (3.0, 0.0))] {
            assert!(!base.meets(&other) && !other.meets(&base), "{other:?}");
        }
    }
}
