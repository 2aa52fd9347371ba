//! The ground under the sample city: heights that a recipe makes, named by the map, and the floods that run over it.
//! Run by `cargo nextest run -p hamyar-maps`.
//! What is asked is judged by the map's own heights and by asking every cell and every place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use geo::Contains;
use geo_types::{Coord, Point};
use maps::terrain::{Dem, OneHand, Relief, ReliefOptions, heights_hash};
use maps::{City, Closures, ContentHash, GaugeCode, Method, Need, OtherTerrain, PlaceKind, Quantity, RoadBed, Water};

static SAMPLE: LazyLock<(City, Dem, Relief)> = LazyLock::new(|| {
    let (city, heights) = (City::sample(), City::sample_heights());
    let relief = Relief::of(&heights, &city, &ReliefOptions::default(), &OneHand).unwrap();
    (city, heights, relief)
});

fn height_m(heights: &Dem, at: Coord<f64>) -> f64 {
    f64::from(heights.heights_m()[heights.grid().cell_at(at).unwrap()])
}

fn gauge(code: &str) -> GaugeCode {
    GaugeCode::new(code).unwrap()
}

#[test]
fn the_ground_has_the_heights_of_the_map_and_its_mountain() {
    let (city, heights, _) = &*SAMPLE;
    for gauge in city.gauges() {
        let there = height_m(heights, gauge.position.coord());
        // The bed of a steep stream falls some metres within one cell.
        let wanted = gauge.datum_m.or(gauge.elevation_m).unwrap();
        assert!((there - wanted).abs() < 8.0, "{}: {there} m, not {wanted} m", gauge.code);
    }
    for zone in city.leaves() {
        let there = height_m(heights, zone.label_at.coord());
        assert!((there - zone.elevation_m.unwrap()).abs() < 6.0, "{}: {there} m", zone.code);
    }
    let alvand = height_m(heights, Coord { x: 48.4867, y: 34.6636 });
    assert!((alvand - 3_584.0).abs() < 20.0, "{alvand}");
    let highest = heights.heights_m().iter().copied().fold(f32::MIN, f32::max);
    assert!(f64::from(highest) < alvand + 20.0, "nothing is higher than Alvand: {highest}");
    let bounds = city.bounds();
    for corner in [bounds.min(), bounds.max()] {
        assert!(heights.grid().cell_at(corner).is_some(), "the map lies on the ground");
    }
}

#[test]
fn the_map_names_the_ground_it_stands_on() {
    let (city, heights, relief) = &*SAMPLE;
    let named = city.terrain().unwrap();
    assert_eq!(named.heights, heights_hash(heights), "write this hash into city.toml");
    assert_eq!(relief.heights_hash(), named.heights);
    assert_eq!(city.accepts(relief), Ok(()));

    // One centimetre elsewhere is another ground.
    let mut other = heights.heights_m().to_vec();
    other[0] += 0.01;
    let other = Dem::new(*heights.grid(), other).unwrap();
    assert_ne!(heights_hash(&other), named.heights);
    let other = Relief::of(&other, city, &ReliefOptions::default(), &OneHand).unwrap();
    let refused = city.accepts(&other).unwrap_err();
    assert!(matches!(&refused, OtherTerrain::OtherHeights { found, .. } if *found == other.heights_hash()));
    assert!(refused.to_string().contains("hamadan-recipe"), "{refused}");

    let mut files = city.files().clone();
    files.get_mut("city.toml").unwrap().push_str("\n# another version of the map\n");
    assert_eq!(City::build(&files).unwrap().accepts(relief), Err(OtherTerrain::OtherMap));
}

#[test]
fn every_footprint_names_the_map_and_the_ground_it_came_from() {
    let (city, _, relief) = &*SAMPLE;
    let map = ContentHash::new(city.hash()).unwrap();
    let banded = city.stage_footprint(relief, &gauge("alusjerd-3"), 2.5, 0.3).unwrap();
    let (pond, _) = city.depth_footprint(relief, city.center(), 0.5, maps::terrain::PondLimits::default()).unwrap();
    let on_ground = [banded.likely, banded.possible, banded.unlikely, pond.possible].map(Option::unwrap);
    for footprint in &on_ground {
        assert_eq!(footprint.city_hash, map);
        let terrain = footprint.terrain.as_ref().unwrap();
        assert_eq!(terrain.hash, relief.hash());
        assert_eq!(terrain.heights.as_ref(), city.terrain());
        assert_eq!(footprint.method.terrain_hash(), Some(relief.hash()));
    }
    let without = [
        city.flood_footprint(&gauge("alusjerd-3"), 100.0).unwrap(),
        city.radius_footprint(city.center(), 200.0).unwrap(),
        city.snow_footprint(&gauge("snow-city"), maps::SnowSpread::default()).unwrap(),
        city.zones_footprint(&[maps::ZoneCode::new("julan").unwrap()]).unwrap(),
    ];
    for footprint in &without {
        assert_eq!((&footprint.city_hash, &footprint.terrain), (&map, &None));
    }

    // What comes back from the database must name them as well.
    let text = serde_json::to_string(&on_ground[1]).unwrap();
    assert_eq!(serde_json::from_str::<maps::Footprint>(&text).unwrap(), on_ground[1]);
    let refused = |text: String| serde_json::from_str::<maps::Footprint>(&text).unwrap_err().to_string();
    assert!(refused(text.replace(city.hash(), "")).contains("is not a content hash"));
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value["terrain"]["hash"] = city.hash().into();
    assert!(refused(value.to_string()).contains("another terrain"));
    value.as_object_mut().unwrap().remove("city_hash");
    assert!(refused(value.to_string()).contains("missing field `city_hash`"));
    // One that was kept before terrain was named still says on which it was made: the method does.
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    value.as_object_mut().unwrap().remove("terrain");
    let old: maps::Footprint = serde_json::from_value(value).unwrap();
    assert_eq!(old.terrain.unwrap().hash, relief.hash());
    let Method::Terrain { .. } = old.method else { panic!("{:?}", old.method) };
}

#[test]
fn each_band_exposes_at_least_what_the_surer_one_does() {
    let (city, _, relief) = &*SAMPLE;
    for gauge in city.gauges().iter().filter(|gauge| gauge.quantity == Quantity::StageM) {
        let Ok(banded) = city.stage_footprint(relief, &gauge.code, 2.5, 0.5) else {
            panic!("{} has no ground", gauge.code)
        };
        let exposed = city.banded_exposure(&banded);
        let bands = [&exposed.likely, &exposed.possible, &exposed.unlikely];
        for pair in bands.windows(2) {
            assert!(pair[0].inside <= pair[1].inside && pair[0].warned <= pair[1].warned, "{}", gauge.code);
            assert!(pair[0].critical_places.iter().all(|code| pair[1].critical_places.contains(code)));
        }
        // Judged by asking every place.
        for (band, exposed) in [&banded.likely, &banded.possible, &banded.unlikely].into_iter().zip(bands) {
            let Some(footprint) = band else { continue };
            let inside = |place: &&maps::Place| {
                place.kind.is_critical() && footprint.shape.contains(&Point::from(place.position))
            };
            let codes: Vec<_> = city.places().iter().filter(inside).map(|place| place.code.clone()).collect();
            assert_eq!(exposed.critical_places, codes);
            assert_eq!(exposed.critical_kinds.values().sum::<u32>() as usize, codes.len());
            let people: u64 = exposed.zones.iter().map(|zone| zone.inside).sum();
            assert!(people.abs_diff(exposed.inside) <= exposed.zones.len() as u64);
            assert!(exposed.critical_near.iter().all(|code| !codes.contains(code)));
        }
    }
    let nobody = maps::BandedFootprint { likely: None, possible: None, unlikely: None };
    assert_eq!(city.banded_exposure(&nobody), maps::BandedExposure::default());
}

#[test]
fn capacity_is_summed_by_kind() {
    let (city, ..) = &*SAMPLE;
    let hospital = city.places().iter().find(|place| place.code.as_str() == "hosp-besat").unwrap();
    let exposed = city.exposure(&city.radius_footprint(hospital.position, 60.0).unwrap());
    assert_eq!(exposed.capacity.get(&PlaceKind::Hospital), Some(&u64::from(hospital.capacity.unwrap())));
    assert_eq!(exposed.critical_kinds.get(&PlaceKind::Hospital), Some(&1));
    // A hospital whose point lies a few steps outside is told apart, not forgotten.
    let beside = maps::Position::new(hospital.position.lon() + 0.000_8, hospital.position.lat()).unwrap();
    let exposed = city.exposure(&city.radius_footprint(beside, 60.0).unwrap());
    assert_eq!(
        (exposed.critical_places.as_slice(), exposed.critical_near.as_slice()),
        (&[][..], &[hospital.code.clone()][..])
    );
}

#[test]
fn a_flood_of_the_main_stream_cuts_jowraqan_off() {
    let (city, _, relief) = &*SAMPLE;
    let dry = city.isolation(&Closures::default());
    assert_eq!(dry, maps::Isolation::default(), "nothing is wrong on a dry day");

    let banded = city.stage_footprint(relief, &gauge("alusjerd-3"), 3.0, 0.3).unwrap();
    let shape = &banded.possible.as_ref().unwrap().shape;
    let flooded = city.isolation(&Closures { water: Some(Water::Outline(shape)), ..Closures::default() });
    let cut: Vec<&str> = flooded.cut.iter().map(|road| road.road.as_str()).collect();
    for road in ["shariati-br-1", "shohada-br-1", "tehran-road-br-1", "inner-ring-br-1"] {
        assert!(cut.contains(&road), "{road} stands: {cut:?}");
    }
    for road in ["takhti", "bu-ali", "moradbeyg-road", "asadabad-pass-road"] {
        assert!(!cut.contains(&road), "{road} is far from the Alusjerd");
    }
    let off: Vec<&str> = flooded.zones.iter().filter(|zone| zone.cut_off).map(|zone| zone.code.as_str()).collect();
    assert_eq!(off, ["jowraqan"], "the only road there crosses the Alusjerd");
    assert_eq!(flooded.people_cut_off, city.zone(&maps::ZoneCode::new("jowraqan").unwrap()).unwrap().population);
}

#[test]
fn snow_on_the_pass_closes_its_road_and_nothing_else() {
    let city = &SAMPLE.0;
    let pass = maps::ZoneCode::new("asadabad-pass").unwrap();
    let roads = city.pass_roads(&pass);
    assert_eq!(roads.iter().map(maps::RoadCode::as_str).collect::<Vec<_>>(), ["asadabad-pass-road"]);
    assert_eq!(city.roads_above(2_100.0), roads);
    let by_list = city.isolation(&Closures { roads: &roads, ..Closures::default() });
    let by_flag = city.isolation(&Closures { passes: maps::Passes::Closed, ..Closures::default() });
    assert_eq!(by_list, by_flag);
    assert_eq!(by_flag.cut.len(), 1);
    assert_eq!(by_flag.cut[0].by, maps::CutBy::Closed);
    assert!(by_flag.zones.iter().all(|zone| zone.code == pass), "{:?}", by_flag.zones);
}

#[test]
fn when_one_bridge_is_closed_a_zone_hangs_on_the_other() {
    let city = &SAMPLE.0;
    // Motekhassesin lies on the ring and has one boulevard into the city; without the ring it hangs on that alone.
    let closed = [maps::RoadCode::new("outer-ring-5").unwrap()];
    let isolation = city.isolation(&Closures { roads: &closed, ..Closures::default() });
    let newly: Vec<_> = isolation
        .zones
        .iter()
        .flat_map(|zone| zone.needs.iter().map(move |need| (zone.code.as_str(), need.need, &need.depends_on)))
        .filter(|(.., roads)| !roads.is_empty())
        .collect();
    let by_boulevard = |roads: &[maps::RoadCode]| matches!(roads, [only] if only.as_str() == "jahan-nama-2");
    assert_eq!(newly.len(), Need::ALL.len(), "{newly:?}");
    assert!(newly.iter().all(|(zone, _, roads)| *zone == "motekhassesin" && by_boulevard(roads)), "{newly:?}");
    for need in isolation.zones.iter().flat_map(|zone| &zone.needs) {
        // Its own road was the only one before; that is nothing new.
        assert!(need.depends_on.iter().all(|road| road.as_str() != "moradbeyg-road"), "{need:?}");
        let of = |code: &maps::RoadCode| city.road(code).unwrap().bed == RoadBed::Bridge;
        assert_eq!(need.bridges, need.depends_on.iter().filter(|code| of(code)).cloned().collect::<Vec<_>>());
    }
}
