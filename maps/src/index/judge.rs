//! The index before a judge that counts in whole numbers: random partitions, piles and broken rings, points on corners and edges.
//! Only in tests.
//! Coordinates are 48 + n/4096 degrees, which floating point holds exactly, so that the judge needs no rounding and no tolerance.

use geo::{Euclidean, Intersects, Validation};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use proptest::prelude::*;

use super::{ZoneIndex, exact};
use crate::position::Plane;
use crate::{Position, Texts, Zone, ZoneCode, ZoneKind};

type Dot = (i64, i64);

fn coord((x, y): Dot) -> Coord<f64> {
    Coord { x: 48.0 + x as f64 / 4096.0, y: 34.0 + y as f64 / 4096.0 }
}

fn position(dot: Dot) -> Position {
    let coord = coord(dot);
    Position::new(coord.x, coord.y).unwrap()
}

fn ring(dots: &[Dot]) -> LineString<f64> {
    dots.iter().chain(dots.first()).map(|&dot| coord(dot)).collect()
}

fn zones(shapes: impl IntoIterator<Item = MultiPolygon<f64>>) -> Vec<Zone> {
    let zone = |(number, shape)| Zone {
        code: ZoneCode::new(format!("z{number:04}")).unwrap(),
        name: Texts::new(),
        aliases: Vec::new(),
        kind: ZoneKind::Neighbourhood,
        parent: None,
        population: 0,
        elevation_m: None,
        shape,
        label_at: Position::new(48.0, 34.0).unwrap(),
        is_leaf: true,
    };
    shapes.into_iter().enumerate().map(zone).collect()
}

fn single(dots: &[Dot]) -> MultiPolygon<f64> {
    MultiPolygon(vec![Polygon::new(ring(dots), vec![])])
}

/// The rule, in whole numbers: crossings to the east, a point on an edge being moved a little east and less north.
fn holds(dots: &[Dot], (x, y): Dot) -> bool {
    let mut inside = false;
    for (&a, &b) in dots.iter().zip(dots.iter().cycle().skip(1)) {
        let (low, high) = if a.1 < b.1 { (a, b) } else { (b, a) };
        let left = (high.0 - low.0) * (y - low.1) - (high.1 - low.1) * (x - low.0) > 0;
        if low.1 <= y && y < high.1 && left {
            inside = !inside;
        }
    }
    inside
}

fn on_border(dots: &[Dot], (x, y): Dot) -> bool {
    dots.iter().zip(dots.iter().cycle().skip(1)).any(|(&a, &b)| {
        a != b
            && (b.0 - a.0) * (y - a.1) == (b.1 - a.1) * (x - a.0)
            && (a.0.min(b.0)..=a.0.max(b.0)).contains(&x)
            && (a.1.min(b.1)..=a.1.max(b.1)).contains(&y)
    })
}

fn judged(rings: &[Vec<Dot>], dot: Dot) -> Option<usize> {
    let first = |claim: fn(&[Dot], Dot) -> bool| rings.iter().position(|ring| claim(ring, dot));
    first(holds).or_else(|| first(on_border))
}

const SIDE: i64 = 5;
const BLOCK: i64 = 64;

/// A partition of a square into 25 zones whose borders are bent as `noise` says, without ever crossing; 0 leaves them straight.
fn partition(noise: &[i8]) -> Vec<Vec<Dot>> {
    let at = |kind: i64, x: i64, y: i64, step: i64| {
        let place = ((kind * 31 + x) * 37 + y) * 41 + step;
        i64::from(noise[usize::try_from(place).unwrap() % noise.len()])
    };
    let corner = |x: i64, y: i64| (x * BLOCK + at(0, x, y, 0), y * BLOCK + at(1, x, y, 0));
    // From a corner to the next one east, or north; both zones take the very same dots.
    let east = |x: i64, y: i64| -> Vec<Dot> {
        let between = (1..4).map(|step| (x * BLOCK + step * 16 + at(2, x, y, step) / 2, y * BLOCK + at(3, x, y, step)));
        std::iter::once(corner(x, y)).chain(between).collect()
    };
    let north = |x: i64, y: i64| -> Vec<Dot> {
        let between = (1..4).map(|step| (x * BLOCK + at(4, x, y, step), y * BLOCK + step * 16 + at(5, x, y, step) / 2));
        std::iter::once(corner(x, y)).chain(between).collect()
    };
    let back = |mut dots: Vec<Dot>, end: Dot| {
        dots.push(end);
        dots.remove(0);
        dots.reverse();
        dots
    };
    let mut rings = Vec::new();
    for x in 0..SIDE {
        for y in 0..SIDE {
            let mut ring = east(x, y);
            ring.extend(north(x + 1, y));
            ring.extend(back(east(x, y + 1), corner(x + 1, y + 1)));
            ring.extend(back(north(x, y), corner(x, y + 1)));
            rings.push(ring);
        }
    }
    rings
}

fn noise() -> impl Strategy<Value = Vec<i8>> {
    // Half of the dots stay in line, so that level and upright edges and three dots in a row occur often.
    prop::collection::vec(prop_oneof![Just(0_i8), -8_i8..=8], 97)
}

/// All corners, the middles of edges where they are dots, and what was drawn at random.
fn dots_to_ask(rings: &[Vec<Dot>], random: &[Dot]) -> Vec<Dot> {
    let mut dots: Vec<Dot> = rings.iter().flatten().copied().chain(random.iter().copied()).collect();
    for ring in rings {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            if (a.0 + b.0) % 2 == 0 && (a.1 + b.1) % 2 == 0 {
                dots.push((i64::midpoint(a.0, b.0), i64::midpoint(a.1, b.1)));
            }
        }
    }
    dots
}

fn dot() -> impl Strategy<Value = Dot> {
    (-20_i64..SIDE * BLOCK + 20, -20_i64..SIDE * BLOCK + 20)
}

/// The one and the many, against the judge.
fn agree(rings: &[Vec<Dot>], shapes: Vec<MultiPolygon<f64>>, dots: &[Dot]) -> Result<(), TestCaseError> {
    let zones = zones(shapes);
    let index = ZoneIndex::new(&zones);
    // Enough of them to be sorted.
    let positions: Vec<Position> = dots.iter().cycle().take(dots.len().max(1_500)).map(|&dot| position(dot)).collect();
    let many = index.holders(&positions, None, Some);
    for (number, &position) in positions.iter().enumerate() {
        let dot = dots[number % dots.len()];
        let wanted = judged(rings, dot);
        prop_assert_eq!(many[number], wanted, "many, {:?}", dot);
        if number < dots.len() {
            prop_assert_eq!(index.holder(position), wanted, "one, {:?}", dot);
            let closed = index.grid.closed_holders(position.coord());
            for (zone, ring) in rings.iter().enumerate() {
                let has = holds(ring, dot) || on_border(ring, dot);
                prop_assert_eq!(closed.contains(&zone), has, "closed, zone {} {:?}", zone, dot);
                prop_assert_eq!(exact::holds(&zones[zone].shape, position.coord()), holds(ring, dot));
                prop_assert_eq!(exact::on_border(&zones[zone].shape, position.coord()), on_border(ring, dot));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_point_of_a_partition_has_one_zone_and_it_is_the_judges(
        noise in noise(), random in prop::collection::vec(dot(), 200),
    ) {
        let rings = partition(&noise);
        let dots = dots_to_ask(&rings, &random);
        for &(x, y) in &dots {
            let holders = rings.iter().filter(|ring| holds(ring, (x, y))).count();
            prop_assert!(holders <= 1);
            // Inside of the outer border, however bent, there is exactly one.
            let inner = |at: i64| (9..SIDE * BLOCK - 8).contains(&at);
            prop_assert!(holders == 1 || !inner(x) || !inner(y), "{:?} has none", (x, y));
        }
        agree(&rings, rings.iter().map(|ring| single(ring)).collect(), &dots)?;
    }

    #[test]
    fn where_a_ring_starts_and_which_way_it_goes_decides_nothing(
        noise in noise(), turn in 0_usize..16, reversed in prop::collection::vec(any::<bool>(), 25),
    ) {
        let rings = partition(&noise);
        let shapes = rings.iter().zip(&reversed).map(|(ring, &reversed)| {
            let mut ring = ring.clone();
            ring.rotate_left(turn);
            if reversed {
                ring.reverse();
            }
            single(&ring)
        });
        agree(&rings, shapes.collect(), &dots_to_ask(&rings, &[]))?;
    }

    /// Rings that cross themselves, lie over each other, run back along themselves or are points: nothing panics, and the rule holds.
    #[test]
    fn piles_of_broken_rings_are_judged_by_the_same_rule(
        rings in prop::collection::vec(prop::collection::vec((0_i64..40, 0_i64..40), 1..9), 1..120),
        random in prop::collection::vec((-2_i64..42, -2_i64..42), 100),
    ) {
        agree(&rings, rings.iter().map(|ring| single(ring)).collect(), &dots_to_ask(&rings, &random))?;
    }

    #[test]
    fn a_shape_touches_what_an_independent_reader_says(
        noise in noise(), middle in dot(), radii in prop::collection::vec(4_i64..150, 3..30), margin_m in 1.0_f64..400.0,
    ) {
        let zones = zones(partition(&noise).iter().map(|ring| single(ring)));
        let index = ZoneIndex::new(&zones);
        let step = std::f64::consts::TAU / radii.len() as f64;
        #[expect(clippy::cast_possible_truncation, reason = "some dot near there")]
        let star: Vec<Dot> = radii.iter().enumerate().map(|(at, &radius)| {
            let (sin, cos) = (step * at as f64).sin_cos();
            (middle.0 + (radius as f64 * cos) as i64, middle.1 + (radius as f64 * sin) as i64)
        }).collect();
        let shape = single(&star);
        prop_assume!(shape.is_valid());
        let touching = index.touching(&zones, &shape, 0.0);
        let wanted: Vec<usize> = (0..zones.len()).filter(|&zone| zones[zone].shape.intersects(&shape)).collect();
        prop_assert_eq!(&touching, &wanted);

        // Closed and with a margin it is never less than what the half-open join gives for any point of the shape.
        let near = index.touching(&zones, &shape, margin_m);
        prop_assert!(touching.iter().all(|zone| near.contains(zone)));
        for &dot in &star {
            prop_assert!(index.holder(position(dot)).is_none_or(|zone| touching.contains(&zone)));
        }
        let plane = Plane::at(coord(middle));
        let flat = plane.shape_in_metres(&shape);
        for (number, zone) in zones.iter().enumerate() {
            use geo::Distance;
            let apart = Euclidean.distance(&flat, &plane.shape_in_metres(&zone.shape));
            // Two planes some kilometres apart differ by a thousandth.
            if apart <= margin_m * 0.998 {
                prop_assert!(near.contains(&number), "zone {} is {} m off", number, apart);
            } else if apart > margin_m * 1.002 {
                prop_assert!(!near.contains(&number), "zone {} is {} m off", number, apart);
            }
        }
    }
}

#[test]
fn a_cell_with_more_zones_than_slots_forgets_none() {
    // 200 triangles over one another, each a little larger, all with a corner in one place.
    let rings: Vec<Vec<Dot>> = (1..=200).map(|size| vec![(0, 0), (size, 0), (0, size)]).collect();
    let dots: Vec<Dot> = (0..202).flat_map(|at| [(at, 0), (0, at), (at / 2, at / 3), (at, 1)]).collect();
    agree(&rings, rings.iter().map(|ring| single(ring)).collect(), &dots).unwrap();
}

#[test]
fn a_zone_in_a_hole_a_zone_in_parts_and_a_sliver_are_kept_apart() {
    let square = |west: i64, south: i64, side: i64| {
        vec![(west, south), (west + side, south), (west + side, south + side), (west, south + side)]
    };
    let around = MultiPolygon(vec![
        Polygon::new(ring(&square(0, 0, 40)), vec![ring(&square(10, 10, 10))]),
        Polygon::new(ring(&square(100, 0, 10)), vec![]),
    ]);
    // One lattice step wide and long as the square is high.
    let sliver = single(&[(40, 0), (41, 0), (41, 40), (40, 40)]);
    let zones = zones([around, single(&square(10, 10, 10)), sliver]);
    let index = ZoneIndex::new(&zones);
    let holder = |x, y| index.holder(position((x, y)));
    assert_eq!([holder(5, 5), holder(105, 5), holder(15, 15), holder(50, 5)], [Some(0), Some(0), Some(1), None]);
    // The shared border of the hole: its west and south sides belong to the inner zone, the others to the outer one.
    assert_eq!([holder(10, 15), holder(15, 10), holder(20, 15), holder(15, 20)], [Some(1), Some(1), Some(0), Some(0)]);
    assert_eq!(
        [holder(40, 7), holder(41, 7)],
        [Some(2), Some(2)],
        "the sliver has its west side, and the outer border"
    );

    let in_hole = single(&square(12, 12, 3));
    assert_eq!(index.touching(&zones, &in_hole, 0.0), [1]);
    assert_eq!(index.touching(&zones, &single(&square(-5, -5, 300)), 0.0), [0, 1, 2]);
    let frame = MultiPolygon(vec![Polygon::new(ring(&square(-9, -9, 300)), vec![ring(&square(-5, -5, 200))])]);
    assert!(index.touching(&zones, &frame, 0.0).is_empty(), "everything lies in the hole of the shape");
    let point = single(&[(45, 3), (45, 3), (45, 3)]);
    assert!(index.touching(&zones, &point, 0.0).is_empty());
    assert_eq!(index.touching(&zones, &point, 4.5 * 92_000.0 / 4096.0), [2]);
}

#[test]
fn lines_across_the_whole_map_make_the_grid_coarse_and_no_answer_wrong() {
    // Long thin triangles: every edge would stand in the lists of hundreds of cells.
    let rings: Vec<Vec<Dot>> =
        (0..400).map(|at| vec![(0, at * 40), (16_000, 15_960 - at * 40), (16_000, 15_961 - at * 40)]).collect();
    let dots: Vec<Dot> = (0..400).map(|at| (at * 37 % 16_000, at * 7_919 % 16_000)).collect();
    agree(&rings, rings.iter().map(|ring| single(ring)).collect(), &dots).unwrap();
}
