//! Finds out whether a polygon crosses itself, or encloses nothing.
//! Called by `judge` for each polygon of an alert.
//! Only true crossings count: a ring that touches itself, as those do that are cut open around a hole, is left alone.

use geo::algorithm::kernels::{Kernel as _, Orientation, RobustKernel};
use geo_types::Coord;

/// Pairs of edges that are compared for one alert; what is beyond is taken on trust. About a tenth of a second.
pub(super) const COMPARISONS_MAX: usize = 5_000_000;

/// Whether two edges of a closed ring (lon,lat) cross inside both.
///
/// Exact (adaptive predicates). Edges are sorted by longitude, so that for the outlines of real areas far fewer than all pairs
/// are compared: O(n log n + pairs that share longitudes). `false` too when `comparisons_left` runs out.
pub(super) fn crosses_itself(ring: &[Coord<f64>], comparisons_left: &mut usize) -> bool {
    struct Edge {
        a: Coord<f64>,
        b: Coord<f64>,
        west: f64,
        east: f64,
    }
    let mut edges: Vec<Edge> = ring
        .windows(2)
        .filter(|pair| pair[0] != pair[1])
        .map(|pair| Edge { a: pair[0], b: pair[1], west: pair[0].x.min(pair[1].x), east: pair[0].x.max(pair[1].x) })
        .collect();
    edges.sort_by(|one, other| one.west.total_cmp(&other.west));
    for (i, one) in edges.iter().enumerate() {
        for other in edges[i + 1..].iter().take_while(|other| other.west <= one.east) {
            if *comparisons_left == 0 {
                return false;
            }
            *comparisons_left -= 1;
            let apart =
                one.a.y.max(one.b.y) < other.a.y.min(other.b.y) || other.a.y.max(other.b.y) < one.a.y.min(one.b.y);
            if !apart && divides(one.a, one.b, other.a, other.b) && divides(other.a, other.b, one.a, one.b) {
                return true;
            }
        }
    }
    false
}

/// A ring that is narrower than this, a millimetre, has nobody inside. Far above what rounding does to positions on one line, and far
/// below the bands of 20 cm by which `area` writes ground without width.
const WIDTH_MIN_DEGREES: f64 = 1e-8;

/// Whether all positions of a ring (lon,lat) stand on one line or at one place, so that nobody is inside.
///
/// Up to a millimetre: positions on one line are not quite on it once their decimals have become binary. O(n).
pub(super) fn is_flat(ring: &[Coord<f64>]) -> bool {
    let Some(&first) = ring.first() else { return true };
    let away = |at: &Coord<f64>| (at.x - first.x).hypot(at.y - first.y);
    let Some(&last) = ring.iter().max_by(|a, b| away(a).total_cmp(&away(b))) else { return true };
    let length = away(&last);
    let aside = |at: &Coord<f64>| {
        ((last.x - first.x) * (at.y - first.y) - (last.y - first.y) * (at.x - first.x)).abs() / length
    };
    length < WIDTH_MIN_DEGREES || ring.iter().all(|at| aside(at) < WIDTH_MIN_DEGREES)
}

/// Whether `c` and `d` lie strictly on different sides of the line through `a` and `b`.
fn divides(a: Coord<f64>, b: Coord<f64>, c: Coord<f64>, d: Coord<f64>) -> bool {
    let side = |at| RobustKernel::orient2d(a, b, at);
    matches!(
        (side(c), side(d)),
        (Orientation::Clockwise, Orientation::CounterClockwise)
            | (Orientation::CounterClockwise, Orientation::Clockwise)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crosses(positions: &[(f64, f64)]) -> bool {
        let ring: Vec<Coord<f64>> = positions.iter().map(|&(x, y)| Coord { x, y }).collect();
        crosses_itself(&ring, &mut { COMPARISONS_MAX })
    }

    #[test]
    fn a_bow_tie_crosses_itself_and_a_square_does_not() {
        assert!(crosses(&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]));
        assert!(!crosses(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]));
    }

    #[test]
    fn a_ring_that_is_cut_open_around_a_hole_only_touches_itself() {
        let keyhole = [
            (0.0, 0.0),
            (4.0, 0.0),
            (4.0, 4.0),
            (0.0, 4.0),
            (0.0, 2.0),
            (1.0, 2.0),
            (2.0, 3.0),
            (3.0, 2.0),
            (2.0, 1.0),
            (1.0, 2.0),
            (0.0, 2.0),
            (0.0, 0.0),
        ];
        assert!(!crosses(&keyhole));
        assert!(!crosses(&[(0.0, 0.0), (0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]), "a repeated position");
    }

    fn flat(positions: &[(f64, f64)]) -> bool {
        is_flat(&positions.iter().map(|&(x, y)| Coord { x, y }).collect::<Vec<_>>())
    }

    #[test]
    fn a_line_encloses_nothing_whatever_its_decimals_become() {
        assert!(flat(&[]) && flat(&[(48.5, 34.8)]) && flat(&[(48.5, 34.8); 4]));
        assert!(flat(&[(48.0, 34.0), (48.5, 34.5), (49.0, 35.0), (48.0, 34.0)]));
        // 0.1, 0.2 and 0.3 are none of them what they say, and not on one line in binary.
        assert!(flat(&[(48.1, 34.1), (48.2, 34.2), (48.3, 34.3), (48.1, 34.1)]));
        assert!(flat(&[(179.7, 0.1), (-179.9, 0.1), (0.3, 0.1), (179.7, 0.1)]));
        // There and back again, and past where it began.
        assert!(flat(&[(48.3, 34.3), (48.7, 34.7), (48.1, 34.1), (48.2, 34.2), (48.3, 34.3)]));
    }

    #[test]
    fn a_thin_sliver_encloses_somebody() {
        // A path 20 cm wide, as `area` writes ground without width; 1 cm, the last decimal that is written; and along a diagonal.
        assert!(!flat(&[(48.0, 34.0), (49.0, 34.0), (49.0, 34.000_002), (48.0, 34.000_002), (48.0, 34.0)]));
        assert!(!flat(&[(48.0, 34.0), (49.0, 34.0), (48.5, 34.000_000_1), (48.0, 34.0)]));
        assert!(!flat(&[(48.1, 34.1), (48.2, 34.200_000_1), (48.3, 34.3), (48.1, 34.1)]));
        // The first position may be the one that stands aside, or be repeated.
        assert!(!flat(&[(48.5, 34.000_000_1), (48.0, 34.0), (49.0, 34.0), (48.5, 34.000_000_1)]));
        assert!(!flat(&[(48.0, 34.0), (48.0, 34.0), (48.000_001, 34.0), (48.0, 34.000_001), (48.0, 34.0)]));
        // Half a millimetre is nobody's ground.
        assert!(flat(&[(48.0, 34.0), (49.0, 34.0), (48.5, 34.000_000_005), (48.0, 34.0)]));
    }

    #[test]
    fn a_hostile_ring_costs_no_more_than_the_limit() {
        // All edges share all longitudes.
        let ring: Vec<Coord<f64>> =
            (0..20_000_u32).map(|i| Coord { x: f64::from(i % 2), y: f64::from(i) * 1e-3 }).collect();
        let mut left = 1_000;
        assert!(!crosses_itself(&ring, &mut left));
        assert_eq!(left, 0);
    }
}
