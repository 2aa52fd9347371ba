//! Measures the joins of `maps`: a million points to 5,041 zones, and the shape of an alert to its zones, beside `geo` in one run.
//! Run by `tools/bench join`; with HAMYAR_BENCH_JOIN_DIR it leaves zones, points and answers there for rivals in other languages.
//! Every answer is compared; CPU time of this one thread is the figure, because it is the one that a busy machine spoils least.

#![expect(clippy::disallowed_methods, reason = "a benchmark asks the monotonic clock; nothing here is decided by it")]
#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::time::Instant;

use geo::MonotoneChainMultiPolygon;
use geo::{BoundingRect, Contains, CoordsIter, Intersects, Validation};
use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon};
use maps::{City, CityFiles, Position, Zone};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// Zones to a side: 71² = 5,041.
const SIDE: usize = 71;
/// Dots on each border between corners; a zone has about 95 vertices.
const DOTS: usize = 23;
const POINTS: usize = 1_000_000;
const ALERTS: usize = 300;
const ROUNDS: usize = 7;
const WEST: f64 = 48.3;
const SOUTH: f64 = 34.6;
const BLOCK: f64 = 0.4 / SIDE as f64;

/// Seeded numbers (SplitMix64), so that every run asks the same.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * ((self.throw() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.throw() % end as u64).unwrap()
    }

    /// About normal: the sum of twelve even throws.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.between(0.0, 1.0)).sum::<f64>() - 6.0
    }
}

/// Seven decimals, as map data has.
fn rounded(x: f64, y: f64) -> Coord<f64> {
    Coord { x: (x * 1e7).round() / 1e7, y: (y * 1e7).round() / 1e7 }
}

/// A partition of a box; borders inside are bent, the outer one is straight.
fn partition(dice: &mut Dice) -> Vec<Vec<Coord<f64>>> {
    let bent = |at: usize| if at == 0 || at == SIDE { 0.0 } else { BLOCK };
    let corners: Vec<Vec<Coord<f64>>> = (0..=SIDE)
        .map(|x| {
            (0..=SIDE)
                .map(|y| {
                    rounded(
                        WEST + x as f64 * BLOCK + bent(x) * dice.between(-0.15, 0.15),
                        SOUTH + y as f64 * BLOCK + bent(y) * dice.between(-0.15, 0.15),
                    )
                })
                .collect()
        })
        .collect();
    let mut border = |from: Coord<f64>, to: Coord<f64>, bend: f64| -> Vec<Coord<f64>> {
        let way = to - from;
        let mut dots = vec![from];
        for step in 1..=DOTS {
            let along = (step as f64 + dice.between(-0.3, 0.3)) / (DOTS + 1) as f64;
            // None at the corners, so that no two borders cross there.
            let off = bend * dice.between(-0.06, 0.06) * (std::f64::consts::PI * along).sin();
            let dot = from + way * along;
            dots.push(if way.x.abs() > way.y.abs() {
                rounded(dot.x, dot.y + off)
            } else {
                rounded(dot.x + off, dot.y)
            });
        }
        dots
    };
    let mut east = vec![Vec::new(); SIDE * (SIDE + 1)];
    let mut north = vec![Vec::new(); SIDE * (SIDE + 1)];
    for along in 0..SIDE {
        for across in 0..=SIDE {
            east[along * (SIDE + 1) + across] =
                border(corners[along][across], corners[along + 1][across], bent(across));
            north[along * (SIDE + 1) + across] =
                border(corners[across][along], corners[across][along + 1], bent(across));
        }
    }
    let back = |dots: &[Coord<f64>], end: Coord<f64>| {
        std::iter::once(end).chain(dots[1..].iter().rev().copied()).collect::<Vec<_>>()
    };
    let mut rings = Vec::new();
    for x in 0..SIDE {
        for y in 0..SIDE {
            let mut ring = east[x * (SIDE + 1) + y].clone();
            ring.extend(&north[y * (SIDE + 1) + x + 1]);
            ring.extend(back(&east[x * (SIDE + 1) + y + 1], corners[x + 1][y + 1]));
            ring.extend(back(&north[y * (SIDE + 1) + x], corners[x][y + 1]));
            ring.push(ring[0]);
            rings.push(ring);
        }
    }
    rings
}

fn city_files(rings: &[Vec<Coord<f64>>]) -> CityFiles {
    let features: Vec<serde_json::Value> = rings
        .iter()
        .enumerate()
        .map(|(number, ring)| {
            let ring: Vec<[f64; 2]> = ring.iter().map(|coord| [coord.x, coord.y]).collect();
            serde_json::json!({ "type": "Feature",
                "properties": { "code": format!("z{number:04}"), "name": { "en": format!("zone {number}") }, "kind": "neighbourhood", "population": 100 },
                "geometry": { "type": "Polygon", "coordinates": [ring] } })
        })
        .collect();
    let zones = serde_json::json!({ "type": "FeatureCollection", "features": features }).to_string();
    let about = "code = \"bench\"\ntime_zone = \"Asia/Tehran\"\ncenter = [48.5, 34.8]\nname = { en = \"Bench\" }\n";
    CityFiles::from([("city.toml".to_owned(), about.to_owned()), ("zones.geojson".to_owned(), zones)])
}

/// Even over the box, or in 60 crowds with some points on corners, on the middles of edges, and on the outer border.
fn points(dice: &mut Dice, rings: &[Vec<Coord<f64>>], clustered: bool) -> Vec<Position> {
    let (east, north) = (WEST + 0.4, SOUTH + 0.4);
    let crowds: Vec<(f64, f64)> = (0..60).map(|_| (dice.between(WEST, east), dice.between(SOUTH, north))).collect();
    let position = |x: f64, y: f64| Position::new(x, y).unwrap();
    let mut one = |number: usize| {
        if !clustered {
            return position(dice.between(WEST, east), dice.between(SOUTH, north));
        }
        let (crowd, ring) = (crowds[dice.below(60)], &rings[dice.below(rings.len())]);
        let at = dice.below(ring.len() - 1);
        match number % 50 {
            0 => position(ring[at].x, ring[at].y),
            1 => position(f64::midpoint(ring[at].x, ring[at + 1].x), f64::midpoint(ring[at].y, ring[at + 1].y)),
            _ => position(
                (crowd.0 + 0.012 * dice.normal()).clamp(WEST, east),
                (crowd.1 + 0.012 * dice.normal()).clamp(SOUTH, north),
            ),
        }
    };
    (0..POINTS).map(&mut one).collect()
}

/// Rivers of 350 dots, widened to both sides: 700 vertices each.
fn alerts(dice: &mut Dice) -> Vec<MultiPolygon<f64>> {
    let mut alerts = Vec::new();
    while alerts.len() < ALERTS {
        let (mut x, mut y) = (dice.between(WEST + 0.05, WEST + 0.35), dice.between(SOUTH + 0.05, SOUTH + 0.35));
        let (mut heading, mut turn) = (dice.between(0.0, std::f64::consts::TAU), 0.0);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for _ in 0..350 {
            turn = turn * 0.9 + dice.between(-0.03, 0.03);
            heading += turn;
            let (sin, cos) = heading.sin_cos();
            (x, y) = (x + 0.0006 * cos, y + 0.0006 * sin);
            left.push(rounded(x - 0.0012 * sin, y + 0.0012 * cos));
            right.push(rounded(x + 0.0012 * sin, y - 0.0012 * cos));
        }
        right.reverse();
        left.extend(right);
        let shape = MultiPolygon(vec![Polygon::new(LineString(left), vec![])]);
        if shape.is_valid() {
            alerts.push(shape);
        }
    }
    alerts
}

/// Nanoseconds of CPU that this thread has used; wall clock where the system does not say.
fn cpu_nanos(start: Instant) -> u128 {
    let used = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    used.and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or_else(|| start.elapsed().as_nanos())
}

/// Median CPU and wall seconds of some rounds, and the last answer.
fn measured<T>(rounds: usize, mut run: impl FnMut() -> T) -> (f64, f64, T) {
    let start = Instant::now();
    let (mut cpu, mut wall, mut answer) = (Vec::new(), Vec::new(), None);
    for _ in 0..rounds {
        let (cpu_before, wall_before) = (cpu_nanos(start), Instant::now());
        answer = Some(std::hint::black_box(run()));
        wall.push(wall_before.elapsed().as_nanos());
        cpu.push(cpu_nanos(start) - cpu_before);
    }
    cpu.sort_unstable();
    wall.sort_unstable();
    (cpu[rounds / 2] as f64 / 1e9, wall[rounds / 2] as f64 / 1e9, answer.unwrap())
}

fn rate(name: &str, (cpu, wall): (f64, f64), of: usize) {
    println!("{name:<58} {:>7.2} M/s CPU {:>7.2} M/s wall", of as f64 / cpu / 1e6, of as f64 / wall / 1e6);
}

fn number(zones: &[Zone], zone: Option<&Zone>) -> u32 {
    zone.map_or(u32::MAX, |zone| {
        u32::try_from(zones.binary_search_by(|other| other.code.cmp(&zone.code)).unwrap()).unwrap()
    })
}

fn main() {
    let dice = &mut Dice(7);
    let rings = partition(dice);
    let files = city_files(&rings);
    let (cpu, wall, city) = measured(1, || City::build(&files).expect("the partition is a map without faults"));
    let vertices: usize = city.zones().iter().map(|zone| zone.shape.coords_count()).sum();
    println!(
        "{} zones, {vertices} vertices; reading, checking and indexing the map {cpu:.2} s CPU, {wall:.2} s wall; index {:.1} MB",
        city.zones().len(),
        city.index_bytes() as f64 / 1e6
    );
    let boxes = city.zones().iter().enumerate().map(|(at, zone)| {
        let rect = zone.shape.bounding_rect().unwrap();
        GeomWithData::new(Rectangle::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]), at)
    });
    let tree = RTree::bulk_load(boxes.collect());
    let out = std::env::var("HAMYAR_BENCH_JOIN_DIR").ok().map(std::path::PathBuf::from);
    for (kind, clustered) in [("uniform", false), ("clustered", true)] {
        let positions = points(dice, &rings, clustered);
        let (cpu, wall, ours) = measured(ROUNDS, || city.zones_at(&positions));
        rate(&format!("{kind}: zones_at, a million at once, end to end"), (cpu, wall), POINTS);
        let (cpu, wall, single) = measured(3, || positions.iter().map(|&at| city.zone_at(at)).collect::<Vec<_>>());
        rate(&format!("{kind}: zone_at, one by one"), (cpu, wall), POINTS);
        assert!(ours == single, "one by one and all at once must agree");
        let (cpu, wall, theirs) = measured(3, || {
            let find = |at: &Position| {
                let found = tree.locate_in_envelope_intersecting(&AABB::from_point([at.lon(), at.lat()]));
                found.map(|found| &city.zones()[found.data]).find(|zone| zone.shape.contains(&Point::from(*at)))
            };
            positions.iter().map(find).collect::<Vec<_>>()
        });
        rate(&format!("{kind}: rstar and geo's contains"), (cpu, wall), POINTS);
        let mut on_borders = 0;
        for ((position, ours), theirs) in positions.iter().zip(&ours).zip(&theirs) {
            if ours != theirs {
                // The open `contains` gives a border point to nobody; the half-open rule gives it to one that has it on its border.
                let zone = ours.expect("what contains a point holds it");
                let point = Point::from(*position);
                assert!(theirs.is_none() && zone.shape.intersects(&point) && !zone.shape.contains(&point));
                on_borders += 1;
            }
        }
        println!(
            "{kind}: {on_borders} of {POINTS} points differ from contains, each exactly on the border of the zone that has it"
        );
        if let Some(out) = &out {
            let bytes: Vec<u8> =
                positions.iter().flat_map(|at| [at.lon(), at.lat()]).flat_map(f64::to_le_bytes).collect();
            std::fs::write(out.join(format!("{kind}.points")), bytes).unwrap();
            let answers: Vec<u8> = ours.iter().flat_map(|zone| number(city.zones(), *zone).to_le_bytes()).collect();
            std::fs::write(out.join(format!("{kind}.zones")), answers).unwrap();
        }
    }
    if let Some(out) = &out {
        std::fs::write(out.join("zones.geojson"), &files["zones.geojson"]).unwrap();
    }
    alert_joins(dice, &city, &tree);
}

fn alert_joins(dice: &mut Dice, city: &City, tree: &RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>) {
    let alerts = alerts(dice);
    let near = |alert: &MultiPolygon<f64>| {
        let rect = alert.bounding_rect().unwrap();
        let envelope = AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
        let mut near: Vec<usize> = tree.locate_in_envelope_intersecting(&envelope).map(|found| found.data).collect();
        near.sort_unstable();
        near
    };
    let per_alert =
        |name: &str, cpu: f64, count: usize| println!("{name:<58} {:>9.3} ms CPU each", cpu / count as f64 * 1e3);
    let join = |margin_m: f64| alerts.iter().map(|alert| city.zones_touching(alert, margin_m)).collect::<Vec<_>>();
    let (cpu, _, ours) = measured(ROUNDS, || join(0.0));
    per_alert("alert of 700 vertices: zones_touching", cpu, ALERTS);
    let (cpu, _, _) = measured(ROUNDS, || join(maps::WARNING_MARGIN_M));
    per_alert("the same with a margin of 25 m", cpu, ALERTS);
    let (cpu, _, _) = measured(3, || alerts.iter().map(|alert| city.shares(alert)).collect::<Vec<_>>());
    per_alert("the same with shares of area and people", cpu, ALERTS);
    let chains: Vec<MonotoneChainMultiPolygon<'_, f64>> =
        city.zones().iter().map(|zone| MonotoneChainMultiPolygon::from(&zone.shape)).collect();
    let (cpu, _, theirs) = measured(3, || {
        let zones = |alert: &MultiPolygon<f64>| {
            let chain = MonotoneChainMultiPolygon::from(alert);
            near(alert)
                .into_iter()
                .filter(|&zone| chains[zone].intersects(&chain))
                .map(|zone| &city.zones()[zone])
                .collect::<Vec<_>>()
        };
        alerts.iter().map(zones).collect::<Vec<_>>()
    });
    per_alert("rstar and geo's monotone chains, kept per zone", cpu, ALERTS);
    let pairs: usize = ours.iter().map(Vec::len).sum();
    let differing = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs).count();
    assert_eq!(differing, 0, "exact answers must agree");
    println!("{pairs} pairs of alert and zone, the same by monotone chains");
    let few = &alerts[..10];
    let (cpu, _, plain) = measured(1, || {
        let zones = |alert: &MultiPolygon<f64>| {
            near(alert)
                .into_iter()
                .filter(|&zone| city.zones()[zone].shape.intersects(alert))
                .map(|zone| &city.zones()[zone])
                .collect::<Vec<_>>()
        };
        few.iter().map(zones).collect::<Vec<_>>()
    });
    per_alert("rstar and geo's intersects (10 of them)", cpu, few.len());
    assert!(plain.iter().zip(&ours).all(|(plain, ours)| plain == ours), "exact answers must agree");
}
