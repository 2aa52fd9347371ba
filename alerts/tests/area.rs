//! Puts any ground at all through `alerts::area`: holes, slivers, rings that cross or touch themselves, the antimeridian, nonsense.
//! Run by the test command; the judge is `geo`, by other operations than those under test where there are any.
//! Three things hold for everything: no panic, CAP accepts the result, and nobody who was inside is left out.

use alerts::area::{POSITIONS_MAX, circle_around, outline, to_cap, to_geo};
use alerts::cap;
use geo::{Area as _, BoundingRect, Contains, Distance as _, Euclidean, Geodesic, Intersects};
use geo_types::{Coord, Line, LineString, MultiPolygon, Point, Polygon, Rect, polygon};
use proptest::collection::vec;
use proptest::prelude::*;

fn ring(positions: &[(f64, f64)]) -> LineString<f64> {
    let mut ring: Vec<Coord<f64>> = positions.iter().map(|&(x, y)| Coord { x, y }).collect();
    ring.extend(ring.first().copied());
    LineString::new(ring)
}

fn alone(polygon: Polygon<f64>) -> MultiPolygon<f64> {
    MultiPolygon::new(vec![polygon])
}

/// A ring around a centre with the given radii in degrees, counter-clockwise.
fn star(centre: Coord<f64>, radii: &[f64]) -> LineString<f64> {
    let corner = |(i, r): (usize, &f64)| {
        let angle = i as f64 / radii.len() as f64 * std::f64::consts::TAU;
        (centre.x + r * angle.cos(), centre.y + r * angle.sin())
    };
    ring(&radii.iter().enumerate().map(corner).collect::<Vec<_>>())
}

/// Whether no two edges of a closed ring meet except neighbours at their corner.
fn is_simple(ring: &LineString<f64>) -> bool {
    let edges: Vec<Line<f64>> = ring.lines().collect();
    let n = edges.len();
    (0..n).all(|i| (i + 2..n).filter(|&j| (j + 1) % n != i).all(|j| !edges[i].intersects(&edges[j])))
}

/// What holds of every result.
fn judge(ground: &MultiPolygon<f64>, positions_max: usize) -> Result<Vec<Polygon<f64>>, TestCaseError> {
    let result = outline(ground, positions_max);
    prop_assert!(result.surplus.is_finite() && result.surplus >= 0.0);
    prop_assert!(result.surplus_km2.is_finite() && result.surplus_km2 >= 0.0);
    for polygon in &result.polygons {
        let ring = polygon.exterior();
        prop_assert!(polygon.interiors().is_empty());
        prop_assert!(ring.0.len() <= positions_max.max(5), "{} positions", ring.0.len());
        prop_assert!(is_simple(ring), "{:?}", ring);
        prop_assert!(polygon.unsigned_area() > 0.0);
        let cap = cap::Polygon::new(ring.0.clone());
        prop_assert!(cap.is_ok(), "{:?}", cap);
    }
    Ok(result.polygons)
}

/// Whether a position is in one of the polygons, or nearer to one than the tolerance of a shape of this extent.
fn is_warned(at: Coord<f64>, polygons: &[Polygon<f64>], extent: f64) -> bool {
    let tolerance = 2e-9_f64.max(extent * 4e-9);
    polygons.iter().any(|polygon| polygon.contains(&at) || Euclidean.distance(&Point::from(at), polygon) <= tolerance)
}

/// Positions that are inside of a ring by the winding rule, found without any overlay: by counting turns.
fn is_wound_around(at: Coord<f64>, ring: &LineString<f64>) -> bool {
    let mut turns = 0;
    for edge in ring.lines() {
        let side =
            (edge.end.x - edge.start.x) * (at.y - edge.start.y) - (edge.end.y - edge.start.y) * (at.x - edge.start.x);
        if edge.start.y <= at.y && edge.end.y > at.y && side > 0.0 {
            turns += 1;
        }
        if edge.start.y > at.y && edge.end.y <= at.y && side < 0.0 {
            turns -= 1;
        }
    }
    turns != 0
}

/// A grid of positions over a shape, none of which lies on a line between round numbers.
fn samples(ground: &MultiPolygon<f64>) -> Vec<Coord<f64>> {
    let Some(all) = ground.bounding_rect() else { return Vec::new() };
    let (right, up) = (|i: u32| (f64::from(i) + 0.381_966) / 24.0, |j: u32| (f64::from(j) + 0.271_828) / 24.0);
    let (min, width, height) = (all.min(), all.width(), all.height());
    (0..24)
        .flat_map(|i| (0..24).map(move |j| Coord { x: min.x + width * right(i), y: min.y + height * up(j) }))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn of_a_shape_with_holes_nothing_is_left_out_and_the_holes_stay_dry(
        radii in vec(0.03_f64..0.06, 5..60),
        holes in vec((-3_i32..=3, -3_i32..=3, vec(0.0005_f64..0.003, 3..12)), 0..12),
    ) {
        let centre = Coord { x: 48.51, y: 34.80 };
        // Holes that overlap another would not be a polygon; a grid keeps them apart.
        let mut taken = std::collections::BTreeSet::new();
        let interiors: Vec<LineString<f64>> = holes.iter().filter(|(x, y, _)| taken.insert((*x, *y))).map(|(x, y, radii)| {
            star(Coord { x: centre.x + f64::from(*x) * 0.007, y: centre.y + f64::from(*y) * 0.007 }, radii)
        }).collect();
        // A star of 0.03 degrees and more with few corners could cut into the holes, so the corners have company.
        let ground = alone(Polygon::new(star(centre, &radii.iter().flat_map(|r| [*r, 0.045]).collect::<Vec<_>>()), interiors));
        prop_assume!(ground.0[0].interiors().iter().all(|hole| Polygon::new(ground.0[0].exterior().clone(), vec![]).contains(hole)));
        let polygons = judge(&ground, 1_000)?;
        let area: f64 = polygons.iter().map(geo::Area::unsigned_area).sum();
        let before = ground.unsigned_area();
        prop_assert!((area - before).abs() <= before * 1e-6, "{} became {}", before, area);
        for at in samples(&ground) {
            let inside = ground.contains(&at);
            if inside {
                prop_assert!(is_warned(at, &polygons, 0.1), "{:?}", at);
            } else if Euclidean.distance(&Point::from(at), &ground) > 1e-8 {
                prop_assert!(!polygons.iter().any(|polygon| polygon.contains(&at)), "{:?} is dry", at);
            }
        }
    }

    #[test]
    fn any_ring_however_crossed_covers_all_that_it_winds_around(
        positions in vec((-0.02_f64..0.02, -0.02_f64..0.02), 3..40), max in 5_usize..=POSITIONS_MAX,
    ) {
        let placed: Vec<(f64, f64)> = positions.iter().map(|(x, y)| (48.51 + x, 34.80 + y)).collect();
        let ground = alone(Polygon::new(ring(&placed), vec![]));
        let polygons = judge(&ground, max)?;
        for at in samples(&ground) {
            if is_wound_around(at, ground.0[0].exterior()) {
                prop_assert!(is_warned(at, &polygons, 0.04), "{:?}", at);
            }
        }
    }

    #[test]
    fn rings_on_a_coarse_grid_that_touch_and_repeat_themselves_are_covered(
        positions in vec((0_i32..5, 0_i32..5), 1..24), hole in vec((0_i32..5, 0_i32..5), 0..6),
    ) {
        let placed = |all: &[(i32, i32)]| ring(&all.iter().map(|&(x, y)| (48.5 + f64::from(x) * 0.01, 34.8 + f64::from(y) * 0.01)).collect::<Vec<_>>());
        let ground = alone(Polygon::new(placed(&positions), vec![placed(&hole)]));
        let polygons = judge(&ground, POSITIONS_MAX)?;
        prop_assert!(!polygons.is_empty() || hole.len() > 2, "a point or a line is warned for as well, unless a hole takes all");
        for at in samples(&ground) {
            if is_wound_around(at, ground.0[0].exterior()) && !is_wound_around(at, &ground.0[0].interiors()[0]) {
                prop_assert!(is_warned(at, &polygons, 0.05), "{:?}", at);
            }
        }
    }

    #[test]
    fn slivers_become_bands_that_hold_them(
        angle in 0.0_f64..6.3, length in 1e-7_f64..0.05, width in 0.0_f64..1e-8, corners in 3_usize..12,
    ) {
        let placed: Vec<(f64, f64)> = (0..corners).map(|i| {
            let (u, v) = (i as f64 / corners as f64 * length, if i % 2 == 0 { 0.0 } else { width });
            (48.51 + u * angle.cos() - v * angle.sin(), 34.80 + u * angle.sin() + v * angle.cos())
        }).collect();
        let ground = alone(Polygon::new(ring(&placed), vec![]));
        let polygons = judge(&ground, POSITIONS_MAX)?;
        let ways = placed.iter().zip(placed.iter().skip(1));
        // The middle of each edge is on the ground whatever the widths.
        for (a, b) in ways {
            let at = Coord { x: f64::midpoint(a.0, b.0), y: f64::midpoint(a.1, b.1) };
            prop_assert!(is_warned(at, &polygons, 0.05) || ground.unsigned_area() > 0.0 && Euclidean.distance(&Point::from(at), &polygons[0]) < width + 2e-9, "{:?}", at);
        }
    }

    #[test]
    fn across_the_antimeridian_both_sides_are_warned_whichever_way_it_is_written(
        x in 179.95_f64..180.05, y in -80.0_f64..80.0, radii in vec(0.01_f64..0.04, 6..150),
    ) {
        let beyond = star(Coord { x, y }, &radii);
        let jumping = LineString::new(beyond.0.iter().map(|at| Coord { x: if at.x > 180.0 { at.x - 360.0 } else { at.x }, y: at.y }).collect());
        for (written, apart) in [(beyond.clone(), false), (jumping, true)] {
            let ground = alone(Polygon::new(written, vec![]));
            let polygons = judge(&ground, POSITIONS_MAX)?;
            for at in samples(&alone(Polygon::new(beyond.clone(), vec![]))) {
                if is_wound_around(at, &beyond) {
                    let at = Coord { x: if at.x > 180.0 { at.x - 360.0 } else { at.x }, y: at.y };
                    prop_assert!(is_warned(at, &polygons, 1.0), "{:?}, written {}", at, apart);
                }
            }
            let width: f64 = polygons.iter().filter_map(BoundingRect::bounding_rect).map(Rect::width).sum();
            prop_assert!(width < 0.4, "no band around the world: {}", width);
        }
    }

    #[test]
    fn no_numbers_make_it_panic(
        rings in vec(vec((prop::num::f64::ANY, prop::num::f64::ANY), 0..8), 0..4),
        scale in prop::sample::select(vec![1e-300, 1e-9, 1.0, 1e3, 1e300]),
        near in vec((-1.0_f64..1.0, -1.0_f64..1.0), 0..12),
    ) {
        let raw = |all: &[(f64, f64)]| LineString::new(all.iter().map(|&(x, y)| Coord { x, y }).collect());
        let scaled: Vec<(f64, f64)> = near.iter().map(|(x, y)| (x * scale, y * scale)).collect();
        let mut all: Vec<LineString<f64>> = rings.iter().map(|ring| raw(ring)).collect();
        let first = all.pop().unwrap_or_else(|| LineString::new(vec![]));
        let ground = MultiPolygon::new(vec![Polygon::new(first, all), Polygon::new(raw(&scaled), vec![])]);
        judge(&ground, POSITIONS_MAX)?;
        let _ = circle_around(&ground);
        prop_assert!(to_cap(&ground).iter().all(|polygon| polygon.ring().len() <= POSITIONS_MAX));
    }
}

#[test]
fn a_thousand_holes_are_filled_rather_than_failed_on_and_the_surplus_says_so() {
    let hole = |i: i32, j: i32| {
        let (x, y) = (48.0 + f64::from(i) * 0.01 + 0.002, 34.0 + f64::from(j) * 0.01 + 0.002);
        ring(&[(x, y), (x, y + 0.005), (x + 0.005, y + 0.005), (x + 0.005, y)])
    };
    let holes = (0..32).flat_map(|i| (0..32).map(move |j| hole(i, j))).collect();
    let ground = alone(Polygon::new(ring(&[(48.0, 34.0), (48.32, 34.0), (48.32, 34.32), (48.0, 34.32)]), holes));
    let result = outline(&ground, POSITIONS_MAX);
    assert_eq!(result.polygons.len(), 1);
    let holes_share = 1024.0 * 0.005 * 0.005 / ground.unsigned_area();
    assert!((result.surplus - holes_share).abs() < 1e-3, "{} of {holes_share}", result.surplus);
    // A degree is 111 by 91 kilometres here.
    let km2 = 1024.0 * 0.005 * 0.005 * 110.93 * 91.9;
    assert!((result.surplus_km2 / km2 - 1.0).abs() < 0.01, "{} of {km2}", result.surplus_km2);
}

#[test]
fn a_hundred_holes_are_cut_open_to_the_last() {
    let hole = |i: i32, j: i32| {
        let (x, y) = (48.0 + f64::from(i) * 0.01 + 0.002, 34.0 + f64::from(j) * 0.01 + 0.002);
        ring(&[(x, y), (x, y + 0.005), (x + 0.005, y + 0.005), (x + 0.005, y)])
    };
    let holes = (0..10).flat_map(|i| (0..10).map(move |j| hole(i, j))).collect();
    let ground = alone(Polygon::new(ring(&[(48.0, 34.0), (48.1, 34.0), (48.1, 34.1), (48.0, 34.1)]), holes));
    let result = outline(&ground, POSITIONS_MAX);
    let area: f64 = result.polygons.iter().map(geo::Area::unsigned_area).sum();
    assert!((area / ground.unsigned_area() - 1.0).abs() < 1e-6 && result.surplus < 1e-6);
}

#[test]
fn a_figure_of_eight_and_a_ring_that_touches_itself_keep_both_parts() {
    let bow_tie = alone(polygon![(x: 0.0, y: 0.0), (x: 0.1, y: 0.1), (x: 0.1, y: 0.0), (x: 0.0, y: 0.1)]);
    let touching = alone(
        polygon![(x: 0.0, y: 0.0), (x: 0.1, y: 0.0), (x: 0.05, y: 0.05), (x: 0.1, y: 0.1), (x: 0.0, y: 0.1), (x: 0.05, y: 0.05)],
    );
    for ground in [bow_tie, touching] {
        let result = outline(&ground, POSITIONS_MAX);
        assert_eq!(result.polygons.len(), 2, "{:?}", result.polygons);
        let area: f64 = result.polygons.iter().map(geo::Area::unsigned_area).sum();
        assert!((area - 0.005).abs() < 1e-8, "{area}");
    }
}

#[test]
fn ground_around_a_pole_is_closed_over_the_pole() {
    let cap = alone(Polygon::new(ring(&[(0.0, 80.0), (90.0, 81.0), (180.0, 80.0), (-90.0, 81.0)]), vec![]));
    let polygons = outline(&cap, POSITIONS_MAX).polygons;
    for (x, y) in [(10.0, 89.0), (-170.0, 85.0), (100.0, 82.0)] {
        assert!(polygons.iter().any(|polygon| polygon.contains(&Coord { x, y })), "{x} {y}: {polygons:?}");
    }
    assert!(!polygons.iter().any(|polygon| polygon.contains(&Coord { x: 10.0, y: 70.0 })));
}

#[test]
fn a_cap_area_is_the_union_of_its_polygons_and_circles() {
    let mut area = cap::Area::new("کنار رود");
    area.polygons.push(cap::Polygon::parse("34.8,48.5 34.8,48.52 34.82,48.52 34.82,48.5 34.8,48.5").unwrap());
    area.polygons.push(cap::Polygon::parse("34.81,48.51 34.81,48.53 34.83,48.53 34.83,48.51 34.81,48.51").unwrap());
    area.circles.push(cap::Circle::parse("35.0,48.5 1").unwrap());
    let ground = to_geo(&area);
    assert_eq!(ground.0.len(), 2, "two squares that overlap, and a circle apart");
    let squares = 0.02 * 0.02 * 2.0 - 0.01 * 0.01;
    let square_part = ground.0.iter().map(geo::Area::unsigned_area).fold(f64::INFINITY, f64::min).min(squares);
    assert!(ground.0.iter().any(|part| (part.unsigned_area() / squares - 1.0).abs() < 1e-6), "{square_part}");
    assert!(ground.contains(&Coord { x: 48.5 + 0.99 / 91.3, y: 35.0 }));
}

#[test]
fn a_circle_around_the_city_reaches_its_farthest_corner_and_no_farther() {
    let ground =
        alone(polygon![(x: 48.45, y: 34.75), (x: 48.57, y: 34.75), (x: 48.57, y: 34.85), (x: 48.45, y: 34.85)]);
    let circle = circle_around(&ground).unwrap();
    let half = Geodesic.distance(Point::new(48.45, 34.75), Point::new(48.57, 34.85)) / 2_000.0;
    assert!(circle.radius_km() >= half && circle.radius_km() < half * 1.01, "{} of {half}", circle.radius_km());
    assert_eq!(circle_around(&MultiPolygon::new(vec![])), None);
}
