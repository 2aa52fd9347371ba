//! Turns threatened ground into CAP polygons: no holes, at most 100 positions each, never leaving out any of it.
//! Called by `content::Content::to_cap` and by who wants to know how much ground the simplification adds.
//! Every position of the result lies within 1e-7 degrees (about 1 cm) of a shape that contains the input.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use geo::{Area as _, BooleanOps, BoundingRect, ConvexHull};
use geo_types::{Coord, LineString, MultiPolygon, Polygon, Rect};

use crate::cap;

/// The most positions of one CAP polygon, the closing one included (larger ones broke editors and gateways: facts of peers).
pub const POSITIONS_MAX: usize = 100;
/// More holes than this in one polygon are filled instead of cut open: warning more is better than failing.
const HOLES_MAX: usize = 64;
/// Rings longer than this are replaced by their convex hull before simplification, which takes quadratic time.
const RING_MAX: usize = 5_000;

/// The result of a simplification.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Polygons without holes, lon,lat.
    pub polygons: Vec<Polygon<f64>>,
    /// Ground that was added, as a share of the input's area (0.02 = 2 %); 0 when nothing was.
    pub surplus: f64,
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
        .filter_map(|polygon| cap::Polygon::new(polygon.exterior().0.iter().map(|&at| rounded(at)).collect()).ok())
        .collect()
}

/// Removes holes by cutting and positions by growing, until each polygon has at most `positions_max` (at least 5, with the closing one).
pub fn outline(ground: &MultiPolygon<f64>, positions_max: usize) -> Outline {
    let corners_max = positions_max.max(5) - 1;
    let before = ground.unsigned_area();
    let polygons: Vec<Polygon<f64>> =
        ground.0.iter().flat_map(without_holes).filter_map(|polygon| grown(&polygon, corners_max)).collect();
    let after: f64 = polygons.iter().map(geo::Area::unsigned_area).sum();
    Outline { polygons, surplus: if before > 0.0 { (after / before - 1.0).max(0.0) } else { 0.0 } }
}

fn rounded(at: Coord<f64>) -> Coord<f64> {
    Coord { x: (at.x * 1e7).round() / 1e7, y: (at.y * 1e7).round() / 1e7 }
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
    let mut done = Vec::new();
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
        let west =
            Rect::new(Coord { x: all.min().x - 1.0, y: all.min().y - 1.0 }, Coord { x: middle, y: all.max().y + 1.0 });
        let east =
            Rect::new(Coord { x: middle, y: all.min().y - 1.0 }, Coord { x: all.max().x + 1.0, y: all.max().y + 1.0 });
        waiting.extend(piece.intersection(&west.to_polygon()));
        waiting.extend(piece.intersection(&east.to_polygon()));
    }
    done
}

/// The corners of a ring counter-clockwise, without the closing position and without repeats.
fn corners(ring: &LineString<f64>) -> Vec<Coord<f64>> {
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

/// A polygon with at most `corners_max` corners that contains the given one; `None` for a ring without area.
fn grown(polygon: &Polygon<f64>, corners_max: usize) -> Option<Polygon<f64>> {
    let mut ring = corners(polygon.exterior());
    if ring.len() < 3 {
        return None;
    }
    if ring.len() > corners_max {
        let simple = if ring.len() <= RING_MAX { shrink_count(ring, corners_max) } else { None };
        ring = simple
            .filter(|simple| contains_all(simple, polygon))
            .or_else(|| {
                let hull = corners(polygon.convex_hull().exterior());
                if hull.len() > corners_max { shrink_count(hull, corners_max) } else { Some(hull) }
            })
            .or_else(|| {
                let all = polygon.bounding_rect()?;
                Some(corners(all.to_polygon().exterior()))
            })?;
    }
    let first = *ring.first()?;
    ring.push(first);
    Some(Polygon::new(LineString::new(ring), Vec::new()))
}

/// Whether nothing of `inner` sticks out, up to a millionth of its area.
fn contains_all(outer: &[Coord<f64>], inner: &Polygon<f64>) -> bool {
    let outer = Polygon::new(LineString::new(outer.to_vec()), Vec::new());
    let inner = Polygon::new(inner.exterior().clone(), Vec::new());
    inner.difference(&outer).unsigned_area() <= inner.unsigned_area() * 1e-6
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
fn shrink_count(corners: Vec<Coord<f64>>, corners_max: usize) -> Option<Vec<Coord<f64>>> {
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
