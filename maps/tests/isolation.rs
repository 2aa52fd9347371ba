//! Isolation against a plain reader: small invented towns, every road taken away in turn, every zone asked by walking.
//! Run by `cargo nextest run -p hamyar-maps`.
//! The reader here knows nothing of trees or bridges; it only knows which corners a street joins.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use geo::Intersects;
use geo_types::{Coord, LineString, MultiPolygon, Rect};
use maps::terrain::{Crs, Grid};
use maps::{City, CityFiles, Closures, CutBy, DepthGrid, Depths, Isolation, Need, Passes, RoadCode, Water};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Corners to a side.
const SIDE: usize = 6;
/// Degrees between corners: some 100 m.
const STEP: f64 = 0.001;
const WEST: f64 = 48.5;
const SOUTH: f64 = 34.8;

/// A street between two neighbouring corners.
#[derive(Debug, Clone, PartialEq)]
struct Street {
    from: usize,
    to: usize,
    bed: &'static str,
    pass: bool,
}

#[derive(Debug, Clone)]
struct Town {
    streets: Vec<Street>,
    /// Kind and corner of each place.
    places: Vec<(Need, usize)>,
}

fn corner(number: usize) -> (f64, f64) {
    let lon = WEST + (number % SIDE) as f64 * STEP;
    let lat = SOUTH + (number / SIDE) as f64 * STEP;
    // As the file has them: seven decimals.
    ((lon * 1e7).round() / 1e7, (lat * 1e7).round() / 1e7)
}

/// Nine square zones of two by two corners; half a step of margin around, so that no corner lies on a border.
fn zone_of(number: usize) -> String {
    format!("z{}{}", number % SIDE / 2, number / SIDE / 2)
}

fn file(features: &[Value]) -> String {
    json!({ "type": "FeatureCollection", "features": features }).to_string()
}

fn road(index: usize, street: &Street) -> Value {
    let ((a, b), (c, d)) = (corner(street.from), corner(street.to));
    let mut properties = json!({ "code": format!("r{index:03}"), "class": "residential", "pass": street.pass });
    if street.bed != "ground" {
        properties[street.bed] = json!(true);
    }
    json!({ "type": "Feature", "properties": properties,
        "geometry": { "type": "LineString", "coordinates": [[a, b], [c, d]] } })
}

fn files(town: &Town) -> CityFiles {
    let square = |x: usize, y: usize| {
        let (w, s) = (WEST + (x as f64 * 2.0 - 0.5) * STEP, SOUTH + (y as f64 * 2.0 - 0.5) * STEP);
        let (e, n) = (WEST + (x as f64 * 2.0 + 1.5) * STEP, SOUTH + (y as f64 * 2.0 + 1.5) * STEP);
        json!({ "type": "Feature",
            "properties": { "code": format!("z{x}{y}"), "name": { "fa": "محله" }, "kind": "neighbourhood", "population": 100 },
            "geometry": { "type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]] } })
    };
    let place = |(index, (need, at)): (usize, &(Need, usize))| {
        let (lon, lat) = corner(*at);
        json!({ "type": "Feature",
            "properties": { "code": format!("p{index}"), "name": { "fa": "جا" }, "kind": need.kind().as_str() },
            "geometry": { "type": "Point", "coordinates": [lon, lat] } })
    };
    CityFiles::from(
        [
            (
                "city.toml",
                format!("code = \"town\"\ntime_zone = \"Asia/Tehran\"\ncenter = [{WEST}, {SOUTH}]\nname = {{ fa = \"شهر\" }}\n"),
            ),
            ("zones.geojson", file(&(0..3).flat_map(|y| (0..3).map(move |x| square(x, y))).collect::<Vec<_>>())),
            ("places.geojson", file(&town.places.iter().enumerate().map(place).collect::<Vec<_>>())),
            ("roads.geojson", file(&town.streets.iter().enumerate().map(|(index, street)| road(index, street)).collect::<Vec<_>>())),
        ]
        .map(|(name, text)| (name.to_owned(), text)),
    )
}

fn town() -> impl Strategy<Value = Town> {
    let all = (0..SIDE * SIDE).flat_map(|from| {
        let east = (from % SIDE + 1 < SIDE).then_some((from, from + 1));
        let north = (from / SIDE + 1 < SIDE).then_some((from, from + SIDE));
        [east, north].into_iter().flatten()
    });
    let beds = prop_oneof![8 => Just("ground"), 1 => Just("bridge"), 1 => Just("tunnel"), 1 => Just("ford")];
    let streets = proptest::sample::subsequence(all.collect::<Vec<_>>(), 20..50);
    let needs = proptest::sample::select(Need::ALL.to_vec());
    (
        streets,
        prop::collection::vec((beds, proptest::bool::weighted(0.1)), 50),
        prop::collection::vec((needs, 0..SIDE * SIDE), 1..6),
    )
        .prop_map(|(streets, beds, places)| Town {
            streets: streets
                .into_iter()
                .zip(beds)
                .map(|((from, to), (bed, pass))| Street { from, to, bed, pass })
                .collect(),
            places,
        })
}

/// Corners that are joined by open streets to one of `from`.
fn walked(town: &Town, open: impl Fn(usize) -> bool, from: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut seen = from.clone();
    let mut list: Vec<usize> = from.iter().copied().collect();
    while let Some(here) = list.pop() {
        for (_, street) in town.streets.iter().enumerate().filter(|(index, _)| open(*index)) {
            let there = match here {
                here if here == street.from => street.to,
                here if here == street.to => street.from,
                _ => continue,
            };
            if seen.insert(there) {
                list.push(there);
            }
        }
    }
    seen
}

/// Corners with a street: the nodes of the graph.
fn nodes(town: &Town) -> BTreeSet<usize> {
    town.streets.iter().flat_map(|street| [street.from, street.to]).collect()
}

fn nearest(town: &Town, (lon, lat): (f64, f64)) -> usize {
    // A degree is about 91,446 m of longitude and 110,935 m of latitude here; equal ones by west and then south, as positions are ordered.
    let far = |number: &usize| {
        let (x, y) = corner(*number);
        ((x - lon) * 91_446.0).hypot((y - lat) * 110_935.0)
    };
    let least = nodes(town).iter().map(far).fold(f64::INFINITY, f64::min);
    let near = nodes(town).into_iter().filter(|node| far(node) <= least + 1e-3);
    near.min_by(|a, b| corner(*a).partial_cmp(&corner(*b)).unwrap()).unwrap()
}

/// By zone its nodes: those in it, or the one nearest to its middle.
fn stands(town: &Town) -> BTreeMap<String, BTreeSet<usize>> {
    let mut by_zone: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for node in nodes(town) {
        by_zone.entry(zone_of(node)).or_default().insert(node);
    }
    for (x, y) in (0..3_u8).flat_map(|y| (0..3_u8).map(move |x| (x, y))) {
        let middle = (WEST + (f64::from(x) * 2.0 + 0.5) * STEP, SOUTH + (f64::from(y) * 2.0 + 0.5) * STEP);
        by_zone.entry(format!("z{x}{y}")).or_insert_with(|| BTreeSet::from([nearest(town, middle)]));
    }
    by_zone
}

/// Zone, need, part that is left, streets that it newly depends on.
type Told = BTreeMap<(String, Need), (f64, BTreeSet<String>)>;

/// What a plain reader says: each street taken away in turn.
fn plainly(town: &Town, cut: &BTreeSet<usize>, lost: &BTreeSet<usize>) -> Told {
    let mut told = Told::new();
    for need in Need::ALL {
        let serving = |lost: &BTreeSet<usize>| -> BTreeSet<usize> {
            let alive =
                town.places.iter().enumerate().filter(|(index, place)| place.0 == need && !lost.contains(index));
            alive.map(|(_, (_, at))| nearest(town, corner(*at))).collect()
        };
        let (dry_roots, roots) = (serving(&BTreeSet::new()), serving(lost));
        let dry = walked(town, |_| true, &dry_roots);
        let wet = walked(town, |index| !cut.contains(&index), &roots);
        let without: Vec<(BTreeSet<usize>, BTreeSet<usize>)> = (0..town.streets.len())
            .map(|taken| {
                let dry = walked(town, |index| index != taken, &dry_roots);
                let wet = walked(town, |index| index != taken && !cut.contains(&index), &roots);
                (dry, wet)
            })
            .collect();
        for (zone, nodes) in stands(town) {
            let had: BTreeSet<usize> = nodes.intersection(&dry).copied().collect();
            let has: BTreeSet<usize> = had.intersection(&wet).copied().collect();
            if had.is_empty() {
                continue;
            }
            let hung = |taken: usize| had.is_disjoint(&without[taken].0);
            let hangs = |taken: usize| !has.is_empty() && !cut.contains(&taken) && has.is_disjoint(&without[taken].1);
            let newly = (0..town.streets.len()).filter(|taken| hangs(*taken) && !hung(*taken));
            let newly: BTreeSet<String> = newly.map(|taken| format!("r{taken:03}")).collect();
            if has.len() < had.len() || !newly.is_empty() {
                told.insert((zone, need), (has.len() as f64 / had.len() as f64, newly));
            }
        }
    }
    told
}

fn told(isolation: &Isolation) -> Told {
    let needs = isolation.zones.iter().flat_map(|zone| zone.needs.iter().map(|need| (zone.code.to_string(), need)));
    needs
        .map(|(zone, need)| {
            let on: BTreeSet<String> = need.depends_on.iter().map(ToString::to_string).collect();
            assert_eq!(on.len(), need.depends_on.len(), "a road is named once");
            ((zone, need.need), (need.left, on))
        })
        .collect()
}

fn same(one: &Told, other: &Told) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (key, (left, on)) in one {
        prop_assert!((left - other[key].0).abs() < 1e-5, "{:?}: {} and {}", key, left, other[key].0);
        prop_assert_eq!(on, &other[key].1, "{:?}", key);
    }
    Ok(())
}

fn numbers(isolation: &Isolation, by: CutBy) -> BTreeSet<usize> {
    let of = isolation.cut.iter().filter(|road| road.by == by);
    of.map(|road| road.road.as_str()[1..].parse().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn closed_roads_isolate_as_a_plain_reader_says(town in town(), picks in prop::collection::vec(0_usize..50, 0..25), passes in any::<bool>()) {
        let city = City::build(&files(&town)).unwrap();
        let mut cut: BTreeSet<usize> = picks.into_iter().filter(|pick| *pick < town.streets.len()).collect();
        let roads: Vec<RoadCode> = cut.iter().map(|index| RoadCode::new(format!("r{index:03}")).unwrap()).collect();
        if passes {
            cut.extend((0..town.streets.len()).filter(|index| town.streets[*index].pass));
        }
        let passes = if passes { Passes::Closed } else { Passes::Open };
        let isolation = city.isolation(&Closures { water: None, roads: &roads, passes });
        prop_assert_eq!(numbers(&isolation, CutBy::Closed), cut.clone());
        same(&told(&isolation), &plainly(&town, &cut, &BTreeSet::new()))?;

        // Cut off is who has lost every need that it had a road to.
        let dry: BTreeMap<String, usize> = city.zone_access().into_iter().map(|access| (access.code.to_string(), Need::ALL.len() - access.without.len())).collect();
        let mut people = 0;
        for zone in &isolation.zones {
            let lost = zone.needs.iter().filter(|need| need.left <= 0.0).count();
            prop_assert_eq!(zone.cut_off, lost == dry[zone.code.as_str()]);
            people += if zone.cut_off { 100 } else { 0 };
        }
        prop_assert_eq!(isolation.people_cut_off, people);
    }

    #[test]
    fn water_cuts_what_it_touches_and_bridges_only_at_their_ends(
        town in town(),
        (x, y) in (0.0_f64..5.0, 0.0_f64..5.0),
        (wide, high) in (0.05_f64..3.0, 0.05_f64..3.0),
    ) {
        let city = City::build(&files(&town)).unwrap();
        let rect = Rect::new((WEST + x * STEP, SOUTH + y * STEP), (WEST + (x + wide) * STEP, SOUTH + (y + high) * STEP));
        let shape = MultiPolygon(vec![rect.to_polygon()]);
        let wet = |number: usize| shape.intersects(&geo_types::Point::from(corner(number)));
        let touched = |street: &Street| match street.bed {
            "bridge" => wet(street.from) || wet(street.to),
            _ => LineString::from(vec![corner(street.from), corner(street.to)]).intersects(&shape),
        };
        let cut: BTreeSet<usize> = (0..town.streets.len()).filter(|index| touched(&town.streets[*index])).collect();
        let lost: BTreeSet<usize> = (0..town.places.len()).filter(|index| wet(town.places[*index].1)).collect();
        let isolation = city.isolation(&Closures { water: Some(Water::Outline(&shape)), ..Closures::default() });
        prop_assert_eq!(numbers(&isolation, CutBy::Water), cut.clone());
        let codes: Vec<String> = isolation.lost.iter().map(ToString::to_string).collect();
        prop_assert_eq!(codes, lost.iter().map(|index| format!("p{index}")).collect::<Vec<_>>());
        same(&told(&isolation), &plainly(&town, &cut, &lost))?;
    }

    #[test]
    fn the_order_of_features_does_not_matter(town in town(), picks in prop::collection::vec(0_usize..50, 0..25)) {
        let one = City::build(&files(&town)).unwrap();
        let mut turned = files(&town);
        for name in ["zones.geojson", "places.geojson", "roads.geojson"] {
            let text = turned.get_mut(name).unwrap();
            let mut value: Value = serde_json::from_str(text).unwrap();
            let features = value["features"].as_array_mut().unwrap();
            features.reverse();
            *text = value.to_string();
        }
        let other = City::build(&turned).unwrap();
        let roads: Vec<RoadCode> = picks.iter().map(|pick| RoadCode::new(format!("r{pick:03}")).unwrap()).collect();
        let closures = Closures { roads: &roads, ..Closures::default() };
        prop_assert_eq!(one.isolation(&closures), other.isolation(&closures));
        prop_assert_eq!(one.zone_access(), other.zone_access());
    }
}

/// A straight road of three pieces from west to east with a bridge, a tunnel and a ford; a hospital at its western end.
fn street_town() -> City {
    let street = |from, bed| Street { from, to: from + 1, bed, pass: false };
    let streets =
        vec![street(0, "ground"), street(1, "bridge"), street(2, "ground"), street(3, "tunnel"), street(4, "ford")];
    City::build(&files(&Town { streets, places: vec![(Need::Hospital, 0)] })).unwrap()
}

fn cut_by(depth_m: impl Fn(Coord<f64>) -> f32) -> Vec<String> {
    let grid = Grid::new((260, 20), (WEST - 0.000_05, SOUTH + 0.000_2), (0.000_02, 0.000_02), Crs::Degrees).unwrap();
    let at = |cell: usize| grid.degrees_at((cell % 260) as f64 + 0.5, (cell / 260) as f64 + 0.5).unwrap();
    let depths: Vec<f32> = (0..grid.cells()).map(|cell| depth_m(at(cell))).collect();
    let water = DepthGrid::new(&grid, &depths).unwrap();
    let isolation = street_town().isolation(&Closures { water: Some(Water::Depth(&water)), ..Closures::default() });
    isolation.cut.iter().map(|road| road.road.to_string()).collect()
}

#[test]
fn a_road_is_cut_from_a_depth_of_thirty_centimetres_on() {
    let east_of =
        |corners: f64, depth: f32| move |at: Coord<f64>| if at.x > WEST + corners * STEP { depth } else { 0.0 };
    assert!(cut_by(|_| 0.0).is_empty() && cut_by(|_| f32::NAN).is_empty());
    assert_eq!(cut_by(|_| 0.29), ["r004"], "only the ford is too deep");
    assert_eq!(cut_by(|_| 0.31), ["r000", "r001", "r002", "r003", "r004"]);
    assert_eq!(cut_by(east_of(4.5, 0.5)), ["r004"]);
    // Water under the middle of the bridge does not cut it; at its end it does.
    let under = |at: Coord<f64>| if (at.x - WEST - 1.5 * STEP).abs() < 0.3 * STEP { 3.0 } else { 0.0 };
    assert!(cut_by(under).is_empty());
    let at_end = |at: Coord<f64>| if (at.x - WEST - 2.0 * STEP).abs() < 0.1 * STEP { 0.5 } else { 0.0 };
    assert_eq!(cut_by(at_end), ["r001", "r002"]);
    // A pool in the tunnel, a few metres long, is found between the corners.
    let pool = |at: Coord<f64>| if (at.x - WEST - 3.4 * STEP).abs() < 0.03 * STEP { 1.0 } else { 0.0 };
    assert_eq!(cut_by(pool), ["r003"]);
}

#[test]
fn depths_of_another_size_are_refused_and_off_the_grid_it_is_unknown() {
    let grid = Grid::new((2, 2), (WEST, SOUTH), (0.001, 0.001), Crs::Degrees).unwrap();
    assert!(DepthGrid::new(&grid, &[0.0; 3]).is_none());
    assert!(DepthGrid::new(&grid.with_crs(Crs::Metres).unwrap(), &[0.0; 4]).is_none());
    let water = DepthGrid::new(&grid, &[1.0; 4]).unwrap();
    assert_eq!(water.depth_m(Coord { x: 0.0, y: 0.0 }), None);
    assert_eq!(water.depth_m(Coord { x: WEST + 0.000_5, y: SOUTH - 0.000_5 }), Some(1.0));
}

#[test]
fn a_zone_without_a_road_stands_on_the_nearest_node_and_says_how_far() {
    let city = street_town();
    let access = city.zone_access();
    let north = access.iter().find(|access| access.code.as_str() == "z02").unwrap();
    let metres = north.nearest_m.unwrap();
    // Its middle lies 4.5 corners north of the road.
    assert_eq!(north.nodes, 0);
    assert!((metres - 4.5 * STEP * 110_935.0).abs() < 60.0, "{metres}");
    assert_eq!(north.without, [Need::FireStation, Need::OperationsCentre]);
    let south = access.iter().find(|access| access.code.as_str() == "z00").unwrap();
    assert_eq!((south.nodes, south.nearest_m), (2, None));
}

#[test]
fn a_road_that_only_leads_through_a_zone_still_connects_it() {
    // One road of three points over all three zones of the south: the middle zone has no end and no crossing, only a vertex.
    let mut files = files(&Town { streets: vec![], places: vec![(Need::Hospital, 0)] });
    let points = [corner(0), corner(2), corner(5)].map(|(lon, lat)| json!([lon, lat]));
    let road = json!({ "type": "Feature", "properties": { "code": "through", "class": "primary" },
        "geometry": { "type": "LineString", "coordinates": points } });
    files.insert("roads.geojson".to_owned(), file(&[road]));
    let city = City::build(&files).unwrap();
    assert_eq!(city.road_graph().nodes().len(), 3);
    let access = city.zone_access();
    assert!(access.iter().any(|access| access.code.as_str() == "z10" && access.nodes == 1), "{access:?}");
    // Water between the first two zones cuts the other two off, not the one with the hospital.
    let rect = Rect::new((WEST + 0.5 * STEP, SOUTH - STEP), (WEST + 0.6 * STEP, SOUTH + STEP));
    let shape = MultiPolygon(vec![rect.to_polygon()]);
    let isolation = city.isolation(&Closures { water: Some(Water::Outline(&shape)), ..Closures::default() });
    let off: Vec<&str> = isolation.zones.iter().filter(|zone| zone.cut_off).map(|zone| zone.code.as_str()).collect();
    assert!(off.contains(&"z10") && off.contains(&"z20") && !off.contains(&"z00"), "{off:?}");
    assert!(
        (isolation.cut[0].length_m - 2.0 * STEP * 91_446.0).abs() < 5.0,
        "only as far as the next zone: {:?}",
        isolation.cut
    );
}

#[test]
fn a_town_without_roads_isolates_nobody() {
    let mut files = files(&Town { streets: vec![], places: vec![(Need::Hospital, 0)] });
    files.remove("roads.geojson");
    let city = City::build(&files).unwrap();
    assert_eq!(city.isolation(&Closures { passes: Passes::Closed, ..Closures::default() }), Isolation::default());
    assert!(city.zone_access().iter().all(|access| access.nodes == 0 && access.nearest_m.is_none()));
}
