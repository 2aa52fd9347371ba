//! Many points in one shape: its edges in bins by latitude, so that a point asks a few of them.
//! Built by `touch` for the shape of an alert, which is asked about a point of every zone in its box.
//! Errs outward: where the outline of a part goes round a point more than once, the point is inside.

use geo::BoundingRect;
use geo_types::{Coord, LineString, MultiPolygon, Polygon, Rect};

use super::exact::Edge;

/// At most this many bins for one ring.
const BINS_MAX: usize = 1 << 12;

/// A shape that is asked about many points.
pub(super) struct Inside {
    parts: Vec<(Ring, Vec<Ring>)>,
}

/// A ring with its edges by bins of latitude, and in which direction each is drawn.
struct Ring {
    rect: Rect<f64>,
    bins_per_degree: f64,
    starts: Vec<u32>,
    edges: Vec<(Edge, i32)>,
}

impl Inside {
    pub(super) fn of(shape: &MultiPolygon<f64>) -> Inside {
        let part = |polygon: &Polygon<f64>| {
            let exterior = Ring::of(polygon.exterior())?;
            Some((exterior, polygon.interiors().iter().filter_map(Ring::of).collect()))
        };
        Inside { parts: shape.iter().filter_map(part).collect() }
    }

    /// Lies the point inside? For points on the outline either answer may come.
    pub(super) fn holds(&self, point: Coord<f64>) -> bool {
        self.parts
            .iter()
            .any(|(exterior, holes)| exterior.turns(point) != 0 && !holes.iter().any(|hole| hole.turns(point) % 2 != 0))
    }
}

impl Ring {
    fn of(line: &LineString<f64>) -> Option<Ring> {
        let rect = line.bounding_rect()?;
        let edges = || {
            let edges = line.0.windows(2).map(|two| {
                let edge = Edge::between(two[0], two[1]);
                (edge, if edge.from == two[0] { 1 } else { -1 })
            });
            edges.filter(|(edge, _)| edge.from.y < edge.to.y)
        };
        let bins = edges().count().clamp(1, BINS_MAX);
        let bins_per_degree = bins as f64 / rect.height().max(f64::MIN_POSITIVE);
        let mut ring = Ring { rect, bins_per_degree, starts: vec![0; bins + 1], edges: Vec::new() };
        for (edge, _) in edges() {
            for bin in ring.bin(edge.from.y)..=ring.bin(edge.to.y) {
                ring.starts[bin + 1] += 1;
            }
        }
        for bin in 0..bins {
            ring.starts[bin + 1] += ring.starts[bin];
        }
        let mut free = ring.starts.clone();
        ring.edges = match edges().next() {
            Some(any) => vec![any; ring.starts[bins] as usize],
            None => Vec::new(),
        };
        for (edge, direction) in edges() {
            let bins = ring.bin(edge.from.y)..=ring.bin(edge.to.y);
            for at in &mut free[bins] {
                ring.edges[*at as usize] = (edge, direction);
                *at += 1;
            }
        }
        Some(ring)
    }

    /// Rising with latitude, so that an edge stands in the bin of every latitude that it straddles.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the bins")]
    fn bin(&self, lat: f64) -> usize {
        let last = self.starts.len() - 2;
        ((lat - self.rect.min().y) * self.bins_per_degree).clamp(0.0, last as f64) as usize
    }

    /// How often the ring goes round the point.
    fn turns(&self, point: Coord<f64>) -> i32 {
        if point.y < self.rect.min().y || point.y > self.rect.max().y || point.x > self.rect.max().x {
            return 0;
        }
        let bin = self.bin(point.y);
        let edges = &self.edges[self.starts[bin] as usize..self.starts[bin + 1] as usize];
        let crossed = edges.iter().filter(|(edge, _)| edge.straddles_y(point.y) && edge.has_left(point));
        crossed.map(|(_, direction)| direction).sum()
    }
}
