//! Measures isolation on a road graph of 50,000 edges: a flood over a city of 160 by 160 crossings, zones cut off and new dependence.
//! Run by `tools/bench isolation`; with HAMYAR_BENCH_ISOLATION_DIR it leaves graph, closures and answers there for rivals in other languages.
//! CPU time of this one thread is the figure, because it is the one that a busy machine spoils least; the answers are compared there.

#![expect(clippy::disallowed_methods, reason = "a benchmark asks the monotonic clock; nothing here is decided by it")]
#![expect(clippy::print_stdout, reason = "the table is the result")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fmt::Write as _;
use std::time::Instant;

use geo_types::{LineString, MultiPolygon, Polygon};
use maps::{City, CityFiles, Closures, Isolation, Need, PlaceKind, Water};
use serde_json::{Value, json};

/// Crossings to a side: 2 × 160 × 159 = 50,880 edges, less those that are left out.
const SIDE: usize = 160;
/// Zones to a side.
const ZONES: usize = 20;
const STEP: f64 = 0.001;
const WEST: f64 = 48.4;
const SOUTH: f64 = 34.7;
const ROUNDS: usize = 15;

/// Seeded numbers (SplitMix64), so that every run asks the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn corner(x: usize, y: usize) -> [f64; 2] {
    [WEST + x as f64 * STEP, SOUTH + y as f64 * STEP].map(|value| (value * 1e7).round() / 1e7)
}

fn file(features: &[Value]) -> String {
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

/// Streets from crossing to crossing with one in 60 left out, each in pieces of some five blocks; three in a hundred are bridges.
fn roads(dice: &mut Dice) -> Vec<Value> {
    let mut roads = Vec::new();
    for (line, across) in (0..SIDE).flat_map(|line| [(line, true), (line, false)]) {
        let at = |along: usize| if across { corner(along, line) } else { corner(line, along) };
        let mut piece: Vec<[f64; 2]> = Vec::new();
        let mut close = |piece: &mut Vec<[f64; 2]>, dice: &mut Dice| {
            if piece.len() > 1 {
                let code = format!("r{:05}", roads.len());
                let bridge = dice.below(100) < 3;
                roads.push(
                    json!({ "type": "Feature", "properties": { "code": code, "class": "residential", "bridge": bridge },
                    "geometry": { "type": "LineString", "coordinates": piece } }),
                );
            }
            piece.clear();
        };
        for along in 0..SIDE {
            piece.push(at(along));
            if dice.below(60) == 0 {
                close(&mut piece, dice);
            } else if dice.below(5) == 0 {
                let last = at(along);
                close(&mut piece, dice);
                piece.push(last);
            }
        }
        close(&mut piece, dice);
    }
    roads
}

fn files(dice: &mut Dice) -> CityFiles {
    let size = SIDE as f64 * STEP / ZONES as f64;
    let zones = (0..ZONES * ZONES).map(|zone| {
        let (w, s) = (WEST - STEP / 2.0 + (zone % ZONES) as f64 * size, SOUTH - STEP / 2.0 + (zone / ZONES) as f64 * size);
        let (e, n) = (w + size, s + size);
        json!({ "type": "Feature",
            "properties": { "code": format!("z{zone:03}"), "name": { "fa": "محله" }, "kind": "neighbourhood", "population": 1_000 },
            "geometry": { "type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]] } })
    });
    let kinds = [(PlaceKind::Hospital, 12), (PlaceKind::FireStation, 20), (PlaceKind::OperationsCentre, 2)];
    let mut places = Vec::new();
    for kind in kinds.into_iter().flat_map(|(kind, count)| std::iter::repeat_n(kind, count)) {
        let side = SIDE as u64;
        let at = corner(usize::try_from(dice.below(side)).unwrap(), usize::try_from(dice.below(side)).unwrap());
        places.push(json!({ "type": "Feature",
            "properties": { "code": format!("p{}", places.len()), "name": { "fa": "جا" }, "kind": kind.as_str() },
            "geometry": { "type": "Point", "coordinates": at } }));
    }
    CityFiles::from(
        [
            (
                "city.toml",
                format!("code = \"grid\"\ntime_zone = \"Asia/Tehran\"\ncenter = [{WEST}, {SOUTH}]\nname = {{ fa = \"شهر\" }}\n"),
            ),
            ("zones.geojson", file(&zones.collect::<Vec<_>>())),
            ("places.geojson", file(&places)),
            ("roads.geojson", file(&roads(dice))),
        ]
        .map(|(name, text)| (name.to_owned(), text)),
    )
}

/// A river of some 700 vertices that winds through the city and leaves one street between its two parts, and two pools in rings.
fn flood() -> MultiPolygon<f64> {
    let part = |from: f64, to: f64| {
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for step in 0..175 {
            let x = from + (to - from) * f64::from(step) / 174.0;
            let y = SIDE as f64 * (0.5 + 0.28 * (x / SIDE as f64 * 9.0).sin());
            one.push((WEST + x * STEP, SOUTH + (y + 2.2) * STEP));
            other.push((WEST + x * STEP, SOUTH + (y - 2.2) * STEP));
        }
        one.extend(other.into_iter().rev());
        Polygon::new(LineString::from(one), vec![])
    };
    let ring = |east: f64, radius: f64| -> LineString<f64> {
        let (x, y) = (east, 147.5);
        let corner = |step: u32| {
            let (sin, cos) = (f64::from(step % 40) / 40.0 * std::f64::consts::TAU).sin_cos();
            (WEST + (x + radius * cos) * STEP, SOUTH + (y + radius * sin) * STEP)
        };
        (0..=40).map(corner).collect()
    };
    // Around the middle of a zone each.
    let pool = |east: f64| Polygon::new(ring(east, 12.0), vec![ring(east, 9.5)]);
    MultiPolygon(vec![part(-1.0, 90.6), part(91.4, SIDE as f64), pool(27.5), pool(115.5)])
}

/// Seconds of CPU that this process has used; 0 where it can't be had.
fn cpu_secs() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn main() {
    let mut dice = Dice(7);
    let files = files(&mut dice);
    let started = Instant::now();
    let city = City::build(&files).unwrap();
    let built = started.elapsed();
    let graph = city.road_graph();
    println!(
        "{} edges, {} nodes, {} zones; built in {:.2} s; {} notes",
        graph.edges().len(),
        graph.nodes().len(),
        city.zones().len(),
        built.as_secs_f64(),
        city.notes().len()
    );
    let shape = flood();
    let closures = Closures { water: Some(Water::Outline(&shape)), ..Closures::default() };
    let mut cpu = Vec::new();
    let mut wall = Vec::new();
    let mut answer = Isolation::default();
    for _ in 0..ROUNDS {
        let (before, started) = (cpu_secs(), Instant::now());
        answer = city.isolation(&closures);
        wall.push(started.elapsed().as_secs_f64() * 1e3);
        cpu.push((cpu_secs() - before) * 1e3);
    }
    cpu.sort_by(f64::total_cmp);
    wall.sort_by(f64::total_cmp);
    let off = answer.zones.iter().filter(|zone| zone.cut_off).count();
    let hanging = answer.zones.iter().flat_map(|zone| &zone.needs).filter(|need| !need.depends_on.is_empty()).count();
    println!(
        "isolation of {} cut roads: cpu p50 {:.1} ms, max {:.1} ms; wall p50 {:.1} ms (goal 50); {off} zones cut off, {hanging} needs of zones hang on one road",
        answer.cut.len(),
        cpu[ROUNDS / 2],
        cpu[ROUNDS - 1],
        wall[ROUNDS / 2]
    );
    if let Ok(directory) = std::env::var("HAMYAR_BENCH_ISOLATION_DIR") {
        leave(&city, &shape, &answer, &directory);
    }
    assert!(
        off > 0 && hanging > 0 && off < city.zones().len(),
        "a flood that cuts nobody or everybody measures nothing"
    );
}

/// Writes graph, closures and answers for the rival.
fn leave(city: &City, shape: &MultiPolygon<f64>, answer: &Isolation, directory: &str) {
    let graph = city.road_graph();
    let edges: Vec<Value> = graph
        .edges()
        .iter()
        .map(|edge| {
            let road = &city.roads()[edge.road as usize];
            let line: Vec<[f64; 2]> = road.line.0[edge.vertices.clone()].iter().map(|at| [at.x, at.y]).collect();
            json!([edge.from, edge.to, edge.road, road.bed == maps::RoadBed::Bridge, line])
        })
        .collect();
    let mut zones: Vec<Vec<usize>> = vec![Vec::new(); city.zones().len()];
    for (node, at) in graph.nodes().iter().enumerate() {
        let zone = city.zone_at(maps::Position::new(at.x, at.y).unwrap()).unwrap();
        zones[city.zones().iter().position(|other| other.code == zone.code).unwrap()].push(node);
    }
    let places: Vec<Value> = Need::ALL
        .iter()
        .map(|need| {
            let of = city.places().iter().filter(|place| place.kind == need.kind());
            let at = of.map(|place| {
                json!([[place.position.lon(), place.position.lat()], graph.nearest_node(place.position).unwrap().0])
            });
            json!(at.collect::<Vec<_>>())
        })
        .collect();
    let mut answers = String::new();
    for zone in &answer.zones {
        for need in &zone.needs {
            let number = city.zones().iter().position(|other| other.code == zone.code).unwrap();
            let need_number = Need::ALL.iter().position(|other| *other == need.need).unwrap();
            let on: Vec<String> = need.depends_on.iter().map(ToString::to_string).collect();
            writeln!(answers, "{number} {need_number} {:.6} {}", need.left, on.join(",")).unwrap();
        }
    }
    let codes: Vec<&str> = city.roads().iter().map(|road| road.code.as_str()).collect();
    let graph = json!({ "nodes": graph.nodes().len(), "edges": edges, "zones": zones, "places": places, "roads": codes,
        "water": maps::shape_geometry(shape) });
    std::fs::write(format!("{directory}/graph.json"), graph.to_string()).unwrap();
    std::fs::write(format!("{directory}/answers.txt"), answers).unwrap();
}
