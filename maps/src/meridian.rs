//! The 180th meridian: two longitudes for one place, and shapes that lie on both sides of it.
//! Called by the readers of maps, and by the index for every point and shape that it is asked about.
//! A shape at home has longitudes from -180 to 180 and no edge that jumps; what crosses the meridian is cut there (RFC 7946 §3.1.9).

use std::borrow::Cow;

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

/// A point of the meridian has two longitudes; the eastern zone begins at -180.
#[inline]
pub(crate) fn westmost(point: Coord<f64>) -> Coord<f64> {
    if point.x >= 180.0 { Coord { x: -180.0, ..point } } else { point }
}

/// The other longitude of a point on the meridian.
pub(crate) fn twin(point: Coord<f64>) -> Option<Coord<f64>> {
    (point.x.abs() >= 180.0).then_some(Coord { x: -point.x, ..point })
}

/// By how many degrees what lies from `west` to `east` is moved to be compared with what is at home: always 0, and 360 to either
/// side where it reaches the meridian.
pub(crate) fn shifts(west: f64, east: f64) -> impl Iterator<Item = f64> {
    let east = (east >= 180.0).then_some(-360.0);
    let west = (west <= -180.0).then_some(360.0);
    std::iter::once(0.0).chain(east).chain(west)
}

/// The shape at home. Edges of more than 180° are the short way round; what then lies beyond the meridian is cut off and moved.
///
/// Vertices off the meridian keep their coordinates but for the move. A part that the cut leaves in several pieces keeps
/// them joined along the meridian, which the joins do not mind but a validity check does.
pub(crate) fn at_home(shape: &MultiPolygon<f64>) -> Cow<'_, MultiPolygon<f64>> {
    let strays = |ring: &LineString<f64>| {
        ring.0.iter().any(|coord| coord.x.abs() > 180.0) || ring.0.windows(2).any(|two| jumps(two[0], two[1]))
    };
    if !super::index::exact::rings(shape).any(strays) {
        return Cow::Borrowed(shape);
    }
    let mut home = Vec::new();
    for polygon in shape {
        let unrolled = unrolled(polygon);
        // An alert of a city reaches a few degrees beyond the meridian, never round the earth.
        for turn in [-360.0, 0.0, 360.0] {
            let moved = |ring: &LineString<f64>| -> LineString<f64> {
                ring.0.iter().map(|coord| Coord { x: coord.x + turn, y: coord.y }).collect()
            };
            let exterior = cut(&moved(unrolled.exterior()));
            if exterior.0.len() >= 4 {
                let interiors = unrolled.interiors().iter().map(|ring| cut(&moved(ring)));
                home.push(Polygon::new(exterior, interiors.filter(|ring| ring.0.len() >= 4).collect()));
            }
        }
    }
    Cow::Owned(MultiPolygon(home))
}

fn jumps(a: Coord<f64>, b: Coord<f64>) -> bool {
    (a.x - b.x).abs() > 180.0
}

/// The polygon with continuous longitudes, as its exterior begins; holes beside it, not a turn away.
fn unrolled(polygon: &Polygon<f64>) -> Polygon<f64> {
    let unroll = |ring: &LineString<f64>, near: Option<f64>| -> LineString<f64> {
        let mut last = near;
        let line = ring.0.iter().map(|&coord| {
            let mut x = coord.x;
            if let Some(last) = last.filter(|last| (x - last).abs() > 180.0) {
                x -= 360.0 * ((x - last) / 360.0).round();
            }
            last = Some(x);
            Coord { x, ..coord }
        });
        line.collect()
    };
    let start = polygon.exterior().0.first().map(|coord| coord.x);
    Polygon::new(unroll(polygon.exterior(), None), polygon.interiors().iter().map(|ring| unroll(ring, start)).collect())
}

/// The part of a ring with longitudes from -180 to 180 (Sutherland and Hodgman, one side after the other).
fn cut(ring: &LineString<f64>) -> LineString<f64> {
    let mut coords = ring.0.clone();
    if coords.len() > 1 {
        coords.pop();
    }
    for side in [-180.0_f64, 180.0] {
        let inside = |coord: Coord<f64>| if side < 0.0 { coord.x >= side } else { coord.x <= side };
        let mut kept = Vec::with_capacity(coords.len() + 4);
        for at in 0..coords.len() {
            let (before, here) = (coords[(at + coords.len() - 1) % coords.len()], coords[at]);
            if inside(before) != inside(here) {
                // From the south end, so that two neighbours cut their common edge at the very same latitude.
                let (low, high) = if before.y <= here.y { (before, here) } else { (here, before) };
                let part = (side - low.x) / (high.x - low.x);
                kept.push(Coord { x: side, y: low.y + (high.y - low.y) * part });
            }
            if inside(here) {
                kept.push(here);
            }
        }
        coords = kept;
    }
    coords.dedup();
    if coords.iter().all(|coord| coord.x.abs() >= 180.0) {
        // Only its edge touches the meridian: nothing lies on this side.
        coords.clear();
    }
    if let Some(&first) = coords.first() {
        coords.push(first);
    }
    LineString(coords)
}

#[cfg(test)]
mod tests {
    use geo::Area;

    use super::*;

    fn ring(coords: &[(f64, f64)]) -> MultiPolygon<f64> {
        MultiPolygon(vec![Polygon::new(coords.iter().copied().collect(), vec![])])
    }

    #[test]
    fn what_does_not_reach_the_meridian_stays_as_it_is() {
        let square = ring(&[(48.0, 34.0), (49.0, 34.0), (49.0, 35.0), (48.0, 34.0)]);
        assert!(matches!(at_home(&square), Cow::Borrowed(_)));
        let beside = ring(&[(179.0, -1.0), (180.0, -1.0), (180.0, 1.0), (179.0, -1.0)]);
        assert!(matches!(at_home(&beside), Cow::Borrowed(_)));
    }

    #[test]
    fn a_ring_over_the_meridian_is_cut_there_however_it_is_written() {
        let written = [
            ring(&[(179.5, -1.0), (-179.0, -1.0), (-179.0, 1.0), (179.5, 1.0), (179.5, -1.0)]),
            ring(&[(179.5, -1.0), (181.0, -1.0), (181.0, 1.0), (179.5, 1.0), (179.5, -1.0)]),
            ring(&[(-180.5, -1.0), (-179.0, -1.0), (-179.0, 1.0), (-180.5, 1.0), (-180.5, -1.0)]),
        ];
        for shape in written {
            let home = at_home(&shape);
            assert_eq!(home.0.len(), 2, "{home:?}");
            assert!(super::super::index::exact::rings(&home).all(|ring| ring.0.iter().all(|c| c.x.abs() <= 180.0)));
            assert!((home.unsigned_area() - 3.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_hole_goes_with_its_side() {
        let outer = [(179.0, -1.0), (-179.0, -1.0), (-179.0, 1.0), (179.0, 1.0), (179.0, -1.0)];
        let hole = [(-179.6, -0.5), (-179.4, -0.5), (-179.4, 0.5), (-179.6, 0.5), (-179.6, -0.5)];
        let shape = MultiPolygon(vec![Polygon::new(outer.into_iter().collect(), vec![hole.into_iter().collect()])]);
        let home = at_home(&shape);
        let holes: Vec<usize> = home.iter().map(|polygon| polygon.interiors().len()).collect();
        assert_eq!(holes.iter().sum::<usize>(), 1);
        assert!((home.unsigned_area() - 3.8).abs() < 1e-9);
    }
}
