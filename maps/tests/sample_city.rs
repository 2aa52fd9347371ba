//! The sample city, asked as the service asks it: joins, walks, footprints, searches, and the map that comes out.
//! Run by `cargo nextest run -p hamyar-maps`.
//! Geometry is judged from first principles here (shared points, areas, orders), not by the code under test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use geo::{Area, Contains, Intersects, Validation};
use geo_types::{Coord, MultiPolygon, Point};
use maps::{City, GaugeCode, Method, Position, Quantity, SnowSpread, Zone, ZoneCode, ZoneKind};
use proptest::prelude::*;

std::thread_local! {
    static CITY: &'static City = Box::leak(Box::new(City::sample()));
}

fn city() -> &'static City {
    CITY.with(|city| *city)
}

fn at(lon: f64, lat: f64) -> Position {
    Position::new(lon, lat).unwrap()
}

fn gauge(code: &str) -> GaugeCode {
    GaugeCode::new(code).unwrap()
}

fn zone(code: &str) -> ZoneCode {
    ZoneCode::new(code).unwrap()
}

fn key(point: Coord<f64>) -> (u64, u64) {
    (point.x.to_bits(), point.y.to_bits())
}

fn rings(zone: &Zone) -> impl Iterator<Item = &geo_types::LineString<f64>> {
    zone.shape.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()))
}

#[test]
fn the_sample_is_whole_labelled_and_named_by_its_content() {
    let city = city();
    assert!(city.approximate());
    assert!(city.label()["fa"].contains("تقریبی") && city.label()["en"].contains("approximate"));
    assert_eq!(city.name()["en"], "Hamadan");
    assert_eq!(city.hash().len(), 64);
    let again = City::build(city.files()).expect("the stored sources build the same city");
    assert_eq!(again.hash(), city.hash());
    assert_eq!(again.zones(), city.zones());

    let mut changed = city.files().clone();
    changed.get_mut("city.toml").unwrap().push('\n');
    assert_ne!(City::build(&changed).unwrap().hash(), city.hash());
}

#[test]
fn everything_has_a_persian_and_an_english_name() {
    let city = city();
    let names = city.zones().iter().map(|zone| &zone.name).chain(city.reaches().iter().map(|reach| &reach.name));
    let names =
        names.chain(city.gauges().iter().map(|gauge| &gauge.name)).chain(city.places().iter().map(|place| &place.name));
    for name in names.chain(city.roads().iter().map(|road| &road.name)) {
        assert!(name.contains_key("fa") && name.contains_key("en"), "{name:?}");
    }
}

#[test]
fn four_districts_hold_the_neighbourhoods_and_everyone_is_counted_once() {
    let city = city();
    let districts: Vec<&Zone> = city.zones().iter().filter(|zone| zone.kind == ZoneKind::District).collect();
    assert_eq!(districts.len(), 4);
    assert!(districts.iter().all(|district| !district.is_leaf && city.leaves_under(&district.code).len() >= 5));
    let all: u64 = city.leaves().map(|zone| zone.population).sum();
    assert!((500_000..600_000).contains(&all), "{all}");
    let hamadan = zone("hamadan");
    assert_eq!(city.population([&hamadan]), city.zone(&hamadan).unwrap().population);
    assert_eq!(city.population(&[hamadan, zone("district-1"), zone("julan")]), city.population(&[zone("hamadan")]));
    assert_eq!(city.population(&[zone("atlantis")]), 0);
}

/// Each border edge of the tiling belongs to exactly two neighbours, in opposite directions, or to the outer border.
#[test]
fn neighbours_share_the_very_same_border_points() {
    let city = city();
    let mut edges: BTreeSet<((u64, u64), (u64, u64))> = BTreeSet::new();
    for line in city.leaves().flat_map(rings).flat_map(geo_types::LineString::lines) {
        assert!(edges.insert((key(line.start), key(line.end))), "an edge is drawn twice in one direction: {line:?}");
    }
    let outer: BTreeMap<(u64, u64), (u64, u64)> =
        edges.iter().filter(|(from, to)| !edges.contains(&(*to, *from))).map(|(from, to)| (*from, *to)).collect();
    // What has no twin are the outer borders, one closed ring around each island: the city with its valleys, four villages, the pass.
    let (mut left, mut islands, mut outer_area) = (outer.clone(), 0, 0.0);
    while let Some((&start, _)) = left.iter().next() {
        let (mut ring, mut here) = (vec![], start);
        while let Some(next) = left.remove(&here) {
            ring.push(Coord { x: f64::from_bits(here.0), y: f64::from_bits(here.1) });
            here = next;
        }
        assert_eq!(here, start, "an outer border does not close: there is a gap");
        outer_area += geo_types::Polygon::new(geo_types::LineString(ring), vec![]).unsigned_area();
        islands += 1;
    }
    assert_eq!(islands, 6);
    let area: f64 = city.leaves().map(|zone| zone.shape.unsigned_area()).sum();
    assert!((area / outer_area - 1.0).abs() < 1e-9, "zones {area}, outlines {outer_area}");
}

#[test]
fn a_border_point_belongs_to_exactly_one_zone_and_always_the_same() {
    let city = city();
    let reversed = reversed_features(city);
    let edges: BTreeSet<_> = city
        .leaves()
        .flat_map(rings)
        .flat_map(geo_types::LineString::lines)
        .map(|line| (key(line.start), key(line.end)))
        .collect();
    let mut corners: BTreeMap<(u64, u64), BTreeSet<&ZoneCode>> = BTreeMap::new();
    for zone in city.leaves() {
        for line in rings(zone).flat_map(geo_types::LineString::lines) {
            corners.entry(key(line.start)).or_default().insert(&zone.code);
            // The middle of an edge is seldom exactly on it in floating point; whatever side it is on, it has one holder.
            // Of an outer edge such a point may lie outside by a rounding, so only its corners are asked for.
            let shared = edges.contains(&(key(line.end), key(line.start)));
            for part in [0.0, 0.5, 0.25].into_iter().take(if shared { 3 } else { 1 }) {
                let point = line.start + (line.end - line.start) * part;
                let position = at(point.x, point.y);
                let holder = city.zone_at(position).expect("a border point belongs to a zone");
                assert_eq!(
                    reversed.zone_at(position).map(|zone| &zone.code),
                    Some(&holder.code),
                    "order or direction decided"
                );
                let near = city.zones_within(position, 0.5);
                assert!(near.iter().any(|zone| zone.code == holder.code));
            }
        }
    }
    let triple = corners.iter().filter(|(_, zones)| zones.len() >= 3);
    let mut seen = 0;
    for ((x, y), zones) in triple {
        let holder = city.zone_at(at(f64::from_bits(*x), f64::from_bits(*y))).unwrap();
        assert!(zones.contains(&holder.code));
        seen += 1;
    }
    assert!(seen >= 40, "only {seen} corners where three zones meet");
}

/// The same map with features in the other order and rings turned round.
fn reversed_features(city: &City) -> City {
    let mut files = city.files().clone();
    let text = files.get_mut("zones.geojson").unwrap();
    let mut value: serde_json::Value = serde_json::from_str(text).unwrap();
    let features = value["features"].as_array_mut().unwrap();
    features.reverse();
    for feature in features {
        for ring in feature["geometry"]["coordinates"].as_array_mut().unwrap() {
            ring.as_array_mut().unwrap().reverse();
        }
    }
    *text = value.to_string();
    City::build(&files).unwrap()
}

#[test]
fn a_shape_that_only_touches_a_zone_warns_it() {
    let city = city();
    let julan = city.zone(&zone("julan")).unwrap();
    let touching = city.zones_touching(&julan.shape, 0.0);
    assert!(touching.len() >= 4, "a zone touches itself and its neighbours");
    let by_geo: Vec<&ZoneCode> =
        city.leaves().filter(|zone| zone.shape.intersects(&julan.shape)).map(|zone| &zone.code).collect();
    assert_eq!(touching.iter().map(|zone| &zone.code).collect::<Vec<_>>(), by_geo);
    let wider = city.zones_touching(&julan.shape, 800.0);
    assert!(wider.len() > touching.len());
    assert!(city.zones_touching(&MultiPolygon(vec![]), 100.0).is_empty());

    let shares = city.shares(&julan.shape);
    for share in shares {
        let wanted = if share.code == julan.code { 1.0 } else { 0.0 };
        assert!((share.share - wanted).abs() < 1e-3, "{share:?}");
    }
}

#[test]
fn a_flood_at_the_central_bridge_warns_downstream_only() {
    let city = city();
    let footprint = city.flood_footprint(&gauge("alusjerd-3"), maps::FLOOD_HALF_WIDTH_M).unwrap();
    let codes: Vec<&str> = footprint.zones.iter().map(|zone| zone.code.as_str()).collect();
    for below in ["bazaar", "charmsazi", "mazdaqineh", "jowraqan"] {
        assert!(codes.contains(&below), "{below} lies downstream: {codes:?}");
    }
    for above in [
        "motekhassesin",
        "moradbeyg",
        "saeedieh",
        "khidr",
        "abbasabad-ganjnameh",
        "kashani",
        "asadabad-pass",
        "maryanaj",
    ] {
        assert!(!codes.contains(&above), "{above} lies upstream or beside: {codes:?}");
    }
    let minutes: Vec<f64> = footprint.zones.iter().map(|zone| zone.minutes.unwrap()).collect();
    assert!(minutes.is_sorted());
    assert!(minutes[0] < 1.0 && *minutes.last().unwrap() > 30.0);
    assert!(matches!(footprint.method, Method::ReachBuffer { .. }));
    assert_eq!(footprint.city_hash, city.hash());
    let exposure = city.exposure(&footprint);
    assert!(exposure.inside < exposure.warned && exposure.inside > 1_000, "{exposure:?}");
}

#[test]
fn every_stage_gauge_has_a_valid_bounded_footprint_that_holds_its_river() {
    let city = city();
    for gauge in city.gauges().iter().filter(|gauge| gauge.quantity == Quantity::StageM) {
        let mut before = 0.0;
        for half_width_m in [40.0, 120.0, 400.0] {
            let footprint = city.flood_footprint(&gauge.code, half_width_m).unwrap();
            assert!(footprint.shape.is_valid(), "{}", gauge.code);
            let vertices: usize = footprint.shape.iter().map(|polygon| polygon.exterior().0.len()).sum();
            assert!(vertices <= maps::FOOTPRINT_VERTICES_MAX, "{}: {vertices}", gauge.code);
            assert!(footprint.shape.iter().all(|polygon| polygon.interiors().is_empty()));
            let way = city.downstream(gauge.reach.as_ref().unwrap(), gauge.position, maps::FLOOD_LENGTH_M).unwrap();
            for part in &way.parts {
                assert!(part.line.coords().all(|&coord| footprint.shape.contains(&Point(coord))), "{}", gauge.code);
            }
            // Every zone that the shape touches is warned, and wider is never less.
            let warned: BTreeSet<&ZoneCode> = footprint.zones.iter().map(|zone| &zone.code).collect();
            for zone in city.zones_touching(&footprint.shape, 0.0) {
                assert!(warned.contains(&zone.code), "{} touches but is not warned of {}", zone.code, gauge.code);
            }
            let area = footprint.shape.unsigned_area();
            assert!(area > before);
            before = area;
            assert!(!footprint.zones.is_empty(), "{} warns nobody", gauge.code);
        }
    }
}

#[test]
fn a_wave_passes_the_gauges_in_order() {
    let city = city();
    let first = city.gauge(&gauge("moradbeyg-1")).unwrap();
    let way = city.downstream(first.reach.as_ref().unwrap(), first.position, maps::FLOOD_LENGTH_M).unwrap();
    let codes: Vec<&str> = way.gauges.iter().map(|gauge| gauge.code.as_str()).collect();
    assert_eq!(codes, ["moradbeyg-1", "moradbeyg-2", "alusjerd-3", "alusjerd-4", "alusjerd-5"]);
    assert!(way.gauges[0].minutes < 0.1 && way.gauges.is_sorted_by(|a, b| a.minutes < b.minutes));
}

#[test]
fn the_sample_gauges_stand_lower_and_lower_down_the_river() {
    let city = city();
    for gauge in city.gauges().iter().filter(|gauge| gauge.quantity == Quantity::StageM) {
        let way = city.downstream(gauge.reach.as_ref().unwrap(), gauge.position, 100_000.0).unwrap();
        assert!(way.offset_m < 20.0, "{} stands {} m off its reach", gauge.code, way.offset_m);
        let reaches: Vec<_> = way.parts.iter().skip(1).map(|part| &part.reach).collect();
        for below in
            city.gauges().iter().filter(|below| below.reach.as_ref().is_some_and(|reach| reaches.contains(&reach)))
        {
            if below.quantity == Quantity::StageM {
                assert!(
                    below.elevation_m.unwrap() < gauge.elevation_m.unwrap(),
                    "{} is not below {}",
                    below.code,
                    gauge.code
                );
            }
        }
    }
}

#[test]
fn snow_at_the_pass_is_not_snow_in_the_city() {
    let city = city();
    let codes = |code: &str| {
        let footprint = city.snow_footprint(&gauge(code), SnowSpread::default()).unwrap();
        assert!(footprint.shape.is_valid());
        footprint.zones.into_iter().map(|zone| zone.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes("snow-asadabad"), ["asadabad-pass"]);
    let in_city = codes("snow-city");
    assert!(in_city.len() > 25 && in_city.iter().all(|code| code != "asadabad-pass" && code != "abbasabad-ganjnameh"));
    assert!(codes("snow-ganjnameh").contains(&"abbasabad-ganjnameh".to_owned()));
    assert!(city.snow_footprint(&gauge("nowhere"), SnowSpread::default()).is_err());
    let endless = SnowSpread { band_m: f64::NAN, ..SnowSpread::default() };
    assert!(city.snow_footprint(&gauge("snow-city"), endless).is_err());
}

#[test]
fn a_radius_covers_its_circle_and_bad_lengths_are_refused() {
    let city = city();
    let square = city.center();
    let footprint = city.radius_footprint(square, 250.0).unwrap();
    assert!(footprint.shape.is_valid());
    for step in 0..360 {
        let (sin, cos) = f64::from(step).to_radians().sin_cos();
        // A degree is about 91,446 m of longitude and 110,935 m of latitude here.
        let rim = Point::new(square.lon() + cos * 249.5 / 91_446.0, square.lat() + sin * 249.5 / 110_935.0);
        assert!(footprint.shape.contains(&rim));
    }
    assert_eq!(footprint.zones[0].minutes, None);
    assert!(footprint.zones.iter().any(|zone| zone.code.as_str() == city.zone_at(square).unwrap().code.as_str()));
    for metres in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        assert!(city.radius_footprint(square, metres).is_err());
        assert!(city.flood_footprint(&gauge("alusjerd-3"), metres).is_err());
    }
    assert!(city.flood_footprint(&gauge("snow-city"), 100.0).unwrap_err().to_string().contains("no reach"));
}

#[test]
fn whole_zones_stand_in_when_nothing_finer_is_known() {
    let city = city();
    let footprint = city.zones_footprint(&[zone("district-3"), zone("bazaar")]).unwrap();
    assert_eq!(footprint.zones.len(), city.leaves_under(&zone("district-3")).len());
    assert_eq!(footprint.method, Method::ZoneOnly);
    let stored: maps::Footprint = serde_json::from_str(&serde_json::to_string(&footprint).unwrap()).unwrap();
    assert_eq!(stored, footprint);
    let district = &city.zone(&zone("district-3")).unwrap().shape;
    assert!((footprint.shape.unsigned_area() / district.unsigned_area() - 1.0).abs() < 1e-3);
    assert!(city.zones_footprint(&[zone("atlantis")]).is_err());
}

#[test]
fn a_footprint_survives_the_database() {
    let city = city();
    let footprint = city.flood_footprint(&gauge("khidr-2"), 90.0).unwrap();
    let text = serde_json::to_string(&footprint).unwrap();
    assert!(text.contains("\"method\":\"reach_buffer\"") && text.contains("\"type\":\"Polygon\""));
    let back: maps::Footprint = serde_json::from_str(&text).unwrap();
    assert_eq!(back.zones, footprint.zones);
    assert_eq!(back.method, footprint.method);
    assert_eq!(back.shape, footprint.shape);
    assert!(serde_json::from_str::<maps::Footprint>(&text.replace("Polygon", "Point")).is_err());
}

#[test]
fn the_map_comes_out_as_geojson() {
    let city = city();
    let collections = [
        (city.zones_geojson(), city.zones().len()),
        (city.waterways_geojson(), city.reaches().len()),
        (city.gauges_geojson(), city.gauges().len()),
        (city.places_geojson(), city.places().len()),
        (city.roads_geojson(), city.roads().len()),
    ];
    for (collection, count) in collections {
        assert_eq!(collection["map"], city.hash());
        assert_eq!(collection["approximate"], true);
        let parsed: geojson::FeatureCollection =
            serde_json::from_value(collection).expect("an independent reader takes it");
        assert_eq!(parsed.features.len(), count);
    }
}

proptest! {
    #[test]
    fn a_point_of_the_city_belongs_to_exactly_one_leaf(lon in 48.42_f64..48.60, lat in 34.71_f64..34.86) {
        let city = city();
        let position = at(lon, lat);
        // A random point is never on a border, so geo's open `contains` is a fair judge.
        let holders: Vec<&ZoneCode> =
            city.leaves().filter(|zone| zone.shape.contains(&Point::from(position))).map(|zone| &zone.code).collect();
        prop_assert!(holders.len() <= 1);
        prop_assert_eq!(city.zone_at(position).map(|zone| &zone.code), holders.first().copied());
        let in_city = city.zone(&zone("hamadan")).unwrap().shape.contains(&Point::from(position));
        if in_city {
            prop_assert_eq!(holders.len(), 1);
        }
    }

    #[test]
    fn downstream_only_goes_down(reach in 0_usize..13, lon in 48.40_f64..48.62, lat in 34.70_f64..34.88, metres in 1.0_f64..30_000.0) {
        let city = city();
        let reach = &city.reaches()[reach];
        let way = city.downstream(&reach.code, at(lon, lat), metres).unwrap();
        prop_assert!(way.length_m <= metres + 1e-6);
        prop_assert_eq!(&way.parts[0].reach, &reach.code);
        for pair in way.parts.windows(2) {
            let upper = city.reach(&pair[0].reach).unwrap();
            prop_assert_eq!(upper.flows_into.as_ref(), Some(&pair[1].reach));
            prop_assert!(pair[0].minutes_at_start <= pair[0].minutes_at_end);
            prop_assert!((pair[0].minutes_at_end - pair[1].minutes_at_start).abs() < 1e-9);
        }
        prop_assert!(way.zones.is_sorted_by(|a, b| a.minutes <= b.minutes && a.metres <= b.metres));
        let codes: BTreeSet<&ZoneCode> = way.zones.iter().map(|zone| &zone.code).collect();
        prop_assert_eq!(codes.len(), way.zones.len());
        // Going further never loses a zone.
        let further: BTreeSet<ZoneCode> =
            city.downstream(&reach.code, at(lon, lat), metres + 3_000.0).unwrap().zones.into_iter().map(|zone| zone.code).collect();
        prop_assert!(codes.iter().all(|code| further.contains(*code)));
    }

    #[test]
    fn zones_within_grow_with_the_radius(lon in 48.40_f64..48.62, lat in 34.70_f64..34.88, metres in 0.0_f64..5_000.0) {
        let city = city();
        let small = city.zones_within(at(lon, lat), metres);
        let large = city.zones_within(at(lon, lat), metres * 1.5);
        prop_assert!(small.iter().all(|zone| large.iter().any(|other| other.code == zone.code)));
        if let Some(holder) = city.zone_at(at(lon, lat)) {
            prop_assert_eq!(&small[0].code, &holder.code);
        }
    }
}

#[test]
fn the_nearest_places_are_those_of_asking_every_place() {
    let city = city();
    for (lon, lat) in [(48.5148, 34.7983), (48.43, 34.72), (48.6, 34.9), (-131.0, -34.0)] {
        let from = at(lon, lat);
        let mut all: Vec<(f64, &str)> =
            city.places().iter().map(|place| (from.metres_to(place.position), place.code.as_str())).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        let near = |near: Vec<maps::NearPlace<'_>>| {
            near.iter().map(|near| near.place.code.as_str().to_owned()).collect::<Vec<_>>()
        };
        let first = |count: usize| all.iter().take(count).map(|(_, code)| *code).collect::<Vec<_>>();
        assert_eq!(near(city.nearest_places(from, 7, |_| true)), first(7));
        assert!(city.nearest_places(from, 0, |_| true).is_empty());
        assert_eq!(near(city.nearest_places(from, usize::MAX, |_| true)), first(usize::MAX));
        // Exactly as far as the fifth: the fifth is in.
        let metres = all[4].0;
        let within = all.iter().take_while(|(far, _)| *far <= metres).count();
        assert_eq!(near(city.places_within(from, metres)), first(within));
        let critical = city.nearest_places(from, 3, maps::PlaceKind::is_critical);
        assert!(critical.len() == 3 && critical.iter().all(|near| near.place.kind.is_critical()));
    }
}

#[test]
fn the_roads_are_one_network_that_every_zone_reaches_a_hospital_on() {
    let city = city();
    let graph = city.road_graph();
    assert!(graph.pieces().iter().all(|piece| *piece == 0), "some road leads nowhere");
    assert!(graph.edges().len() > city.roads().len(), "streets meet between their ends too");
    for access in city.zone_access() {
        assert!(access.without.is_empty(), "{access:?}");
        let near = access.nearest_m.is_none_or(|metres| metres < 2_000.0);
        assert!(near && (access.nodes > 0 || access.code.as_str() == "asadabad-pass"), "{access:?}");
    }
    // Only the one stream apart has no gauge; nothing else is worth a note.
    let notes: Vec<String> = city.notes().iter().map(ToString::to_string).collect();
    assert!(matches!(notes.as_slice(), [only] if only.contains("reach(es): maryanaj")), "{notes:#?}");
}

#[test]
fn every_road_over_a_stream_is_a_bridge_or_a_ford_there() {
    let city = city();
    let mut crossings = 0;
    for road in city.roads() {
        for reach in city.reaches().iter().filter(|reach| reach.line.intersects(&road.line)) {
            assert!(
                matches!(road.bed, maps::RoadBed::Bridge | maps::RoadBed::Ford),
                "{} over {}",
                road.code,
                reach.code
            );
            crossings += 1;
        }
    }
    assert!(crossings > 25, "only {crossings}");
    let bridges = city.places().iter().filter(|place| place.kind == maps::PlaceKind::Bridge);
    let bridges: Vec<Position> = bridges.map(|place| place.position).collect();
    for road in city.roads().iter().filter(|road| road.bed == maps::RoadBed::Bridge) {
        let middle = road.line.0[road.line.0.len() / 2];
        let named = bridges.iter().any(|bridge| bridge.metres_to(at(middle.x, middle.y)) < 100.0);
        assert!(named, "{} has no name in the gazetteer", road.code);
    }
}

#[test]
fn the_sample_has_each_kind_of_critical_place() {
    let city = city();
    for (word, kind) in maps::PlaceKind::ALL {
        let count = city.places().iter().filter(|place| place.kind == kind).count();
        assert!(count > 0 || !kind.is_critical(), "no {word}");
    }
    let hospital = city.place(&maps::PlaceCode::new("hosp-besat").unwrap()).unwrap();
    assert!(hospital.capacity.is_some_and(|beds| beds > 100));
    let fire = city.place(&maps::PlaceCode::new("fire-1").unwrap()).unwrap();
    assert_eq!(fire.phone.as_deref(), Some("125"));
}

#[test]
fn the_sample_stays_small_enough_to_be_embedded() {
    let bytes: usize = city().files().values().map(String::len).sum();
    assert!(bytes < 400_000, "{bytes} bytes");
}
