//! Takes corners from a ring, one by one, each time by adding the least ground, until few enough are left.
//! Called by `area::outline` with simple rings without holes.
//! The result is a simple ring that contains the given one; the cost is quadratic in the corners.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use geo_types::{Coord, LineString};

/// The corners of a ring counter-clockwise, without the closing position and without repeats.
pub(super) fn corners(ring: &LineString<f64>) -> Vec<Coord<f64>> {
    let mut corners = ring.0.clone();
    corners.dedup();
    while corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    if signed_area(&corners) < 0.0 {
        corners.reverse();
    }
    corners
}

fn signed_area(corners: &[Coord<f64>]) -> f64 {
    let mut twice = 0.0;
    for (i, a) in corners.iter().enumerate() {
        let b = corners[(i + 1) % corners.len()];
        // Relative to the first corner, so that small shapes far from 0,0 keep their digits.
        let o = corners[0];
        twice += (a.x - o.x) * (b.y - o.y) - (b.x - o.x) * (a.y - o.y);
    }
    twice / 2.0
}

fn cross(o: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x)
}

/// One way to lose a corner by adding ground, with the ground it adds.
struct Growth {
    area: f64,
    /// The corner that goes.
    corner: usize,
    /// `None` fills the dent at the corner. Else the corner's edge onward goes: its neighbours are lengthened until they meet here.
    meeting: Option<Coord<f64>>,
    /// The corners around it and how often each had changed, to tell whether the way is still open.
    around: [(usize, u32); 4],
}

impl PartialEq for Growth {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Growth {}

impl PartialOrd for Growth {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Growth {
    /// The least ground is the greatest, as a heap wants it; equal ones go by corner, so that the result is always the same.
    fn cmp(&self, other: &Self) -> Ordering {
        other.area.total_cmp(&self.area).then_with(|| other.corner.cmp(&self.corner))
    }
}

/// Corners in a circle from which any may go.
struct Ring {
    at: Vec<Coord<f64>>,
    next: Vec<usize>,
    previous: Vec<usize>,
    changes: Vec<u32>,
    first: usize,
    count: usize,
}

impl Ring {
    fn new(at: Vec<Coord<f64>>) -> Self {
        let n = at.len();
        Self {
            next: (0..n).map(|i| (i + 1) % n).collect(),
            previous: (0..n).map(|i| (i + n - 1) % n).collect(),
            changes: vec![0; n],
            first: 0,
            count: n,
            at,
        }
    }

    fn indices(&self) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(self.first), |&i| Some(self.next[i])).take(self.count)
    }

    /// How the ring can grow at a corner, if it can.
    fn growth(&self, b: usize) -> Option<Growth> {
        let (a, c) = (self.previous[b], self.next[b]);
        let d = self.next[c];
        let around = [a, b, c, d].map(|i| (i, self.changes[i]));
        let [at, bt, ct, dt] = [a, b, c, d].map(|i| self.at[i]);
        let turn = cross(at, bt, ct);
        if turn <= 0.0 {
            return Some(Growth { area: -turn / 2.0, corner: b, meeting: None, around });
        }
        let meeting = if cross(bt, ct, dt) > 0.0 { meet(at, bt, dt, ct) } else { None }?;
        Some(Growth { area: cross(bt, meeting, ct).abs() / 2.0, corner: b, meeting: Some(meeting), around })
    }

    fn is_open(&self, way: &Growth) -> bool {
        way.around.iter().all(|&(i, changes)| self.changes[i] == changes) && self.is_free(way)
    }

    /// Whether the triangle that would be added touches nothing else of the ring.
    fn is_free(&self, way: &Growth) -> bool {
        let [a, b, c, _] = way.around.map(|(i, _)| i);
        let (own, [p, q, r]) = match way.meeting {
            None => ([a, b, c], [self.at[a], self.at[b], self.at[c]]),
            Some(meeting) => ([b, b, c], [self.at[b], meeting, self.at[c]]),
        };
        let inside = |at: Coord<f64>| {
            let (u, v, w) = (cross(p, q, at), cross(q, r, at), cross(r, p, at));
            (u >= 0.0 && v >= 0.0 && w >= 0.0) || (u <= 0.0 && v <= 0.0 && w <= 0.0)
        };
        self.indices().all(|k| {
            let next = self.next[k];
            let corner_is_free = own.contains(&k) || !inside(self.at[k]);
            // When a dent is filled, an edge without a corner inside could only leave through an edge of the ring itself.
            let edge_is_free = way.meeting.is_none()
                || own.contains(&k)
                || own.contains(&next)
                || !(crosses(p, q, self.at[k], self.at[next]) || crosses(q, r, self.at[k], self.at[next]));
            corner_is_free && edge_is_free
        })
    }

    /// Goes the way; returns the corners at which other ways may have opened.
    fn grow(&mut self, way: &Growth) -> [usize; 4] {
        let [a, b, c, d] = way.around.map(|(i, _)| i);
        let (gone, before, after) = match way.meeting {
            None => (b, a, c),
            Some(meeting) => {
                self.at[b] = meeting;
                (c, b, d)
            }
        };
        self.next[before] = after;
        self.previous[after] = before;
        for i in [a, b, c, d] {
            self.changes[i] += 1;
        }
        self.count -= 1;
        self.first = before;
        debug_assert!(gone != before && gone != after, "a corner that goes is no neighbour of itself");
        [self.previous[before], before, after, self.previous[self.previous[before]]]
    }
}

/// Takes corners away one by one, the one that adds least ground first; `None` when no way is left. O(n²).
pub(super) fn shrink_count(corners: Vec<Coord<f64>>, corners_max: usize) -> Option<Vec<Coord<f64>>> {
    /// Enough for any real outline; a hostile one gets its convex hull.
    const ROUNDS_MAX: usize = 16;
    let mut ring = Ring::new(corners);
    let mut rounds = 0;
    while ring.count > corners_max {
        rounds += 1;
        let before = ring.count;
        let mut ways: BinaryHeap<Growth> = ring.indices().filter_map(|corner| ring.growth(corner)).collect();
        while ring.count > corners_max
            && let Some(way) = ways.pop()
        {
            if ring.is_open(&way) {
                let touched = ring.grow(&way);
                ways.extend(touched.into_iter().filter_map(|corner| ring.growth(corner)));
            }
        }
        // A way that was closed may have opened since; only a whole round without any is the end.
        if ring.count > corners_max && (ring.count == before || rounds == ROUNDS_MAX) {
            return None;
        }
    }
    Some(ring.indices().map(|i| ring.at[i]).collect())
}

/// Where the ray from `a` through `b` meets the ray from `d` through `c`, beyond `b` and `c`.
fn meet(a: Coord<f64>, b: Coord<f64>, d: Coord<f64>, c: Coord<f64>) -> Option<Coord<f64>> {
    let (u, v) = (Coord { x: b.x - a.x, y: b.y - a.y }, Coord { x: c.x - d.x, y: c.y - d.y });
    let bottom = u.x * v.y - u.y * v.x;
    let t = ((c.x - b.x) * v.y - (c.y - b.y) * v.x) / bottom;
    let s = ((c.x - b.x) * u.y - (c.y - b.y) * u.x) / bottom;
    let at = Coord { x: b.x + t * u.x, y: b.y + t * u.y };
    (t >= 0.0 && s >= 0.0 && at.x.abs() <= 180.0 && at.y.abs() <= 90.0).then_some(at)
}

fn crosses(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>, d: Coord<f64>) -> bool {
    cross(a, b, c) * cross(a, b, d) <= 0.0 && cross(c, d, a) * cross(c, d, b) <= 0.0
}
