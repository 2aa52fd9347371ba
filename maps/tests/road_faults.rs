//! Faults and notes of roads, critical places, gauges and terrain: each said with file, feature, property and remedy.
//! Run by `cargo nextest run -p hamyar-maps`.
//! Each starts from a small whole town, so that it is the only one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use maps::{City, CityFiles, RoadBed, RoadClass};
use serde_json::{Value, json};

/// The small town that fuzzing starts from: two zones, a stream, two gauges, three places, a street with a bridge.
fn town() -> CityFiles {
    let files = [
        ("city.toml", include_str!("../fuzz/seeds/town/city.toml")),
        ("zones.geojson", include_str!("../fuzz/seeds/town/zones.geojson")),
        ("waterways.geojson", include_str!("../fuzz/seeds/town/waterways.geojson")),
        ("gauges.geojson", include_str!("../fuzz/seeds/town/gauges.geojson")),
        ("places.geojson", include_str!("../fuzz/seeds/town/places.geojson")),
        ("roads.geojson", include_str!("../fuzz/seeds/town/roads.geojson")),
    ];
    CityFiles::from(files.map(|(name, text)| (name.to_owned(), text.to_owned())))
}

fn after(file: &str, change: impl FnOnce(&mut Value)) -> CityFiles {
    let mut files = town();
    let text = files.get_mut(file).unwrap();
    let mut value: Value = serde_json::from_str(text).unwrap();
    change(&mut value);
    *text = value.to_string();
    files
}

fn fault(files: &CityFiles) -> String {
    let faults = City::build(files).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults[0].to_string()
}

fn notes(files: &CityFiles) -> Vec<String> {
    City::build(files).unwrap().notes().iter().map(ToString::to_string).collect()
}

fn road(code: &str, coordinates: &Value) -> Value {
    json!({ "type": "Feature", "properties": { "code": code, "class": "residential" },
        "geometry": { "type": "LineString", "coordinates": coordinates } })
}

#[test]
fn the_small_town_reads_as_it_is_written() {
    let city = City::build(&town()).unwrap();
    assert!(city.notes().is_empty(), "{:?}", city.notes());
    let [a, b, c] = city.roads() else { panic!("three roads") };
    assert!(a.one_way && a.bed == RoadBed::Ground && b.bed == RoadBed::Bridge && c.pass);
    assert!((c.minutes - 3.0).abs() < 1e-9, "as given");
    // 0.007° of longitude at 34° are 647 m; a primary street takes 40 km/h.
    assert!((a.length_m - 646.0).abs() < 2.0 && (a.minutes - a.length_m / 40_000.0 * 60.0).abs() < 1e-9);
    let graph = city.road_graph();
    // The ends of three pieces that follow each other; the bend of the last is none.
    assert_eq!((graph.nodes().len(), graph.edges().len()), (4, 3));
    assert!(graph.edges().iter().all(|edge| graph.ways(edge.from).iter().any(|(to, _)| *to == edge.to)));
    let hospital = &city.places()[1];
    assert_eq!((hospital.capacity, hospital.phone.as_deref()), (Some(90), Some("115")));
    let geojson = city.roads_geojson();
    assert_eq!(geojson["features"][1]["properties"]["bridge"], true);
    assert_eq!(geojson["features"][0]["properties"]["one_way"], true);
    assert_eq!(city.places_geojson()["features"][1]["properties"]["capacity"], 90);
}

#[test]
fn each_fault_says_where_what_and_what_to_do() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &str); 15] = [
        (
            "roads.geojson",
            |v| v["features"][0]["properties"]["class"] = json!("motorway"),
            "roads.geojson, feature “a”, class: “motorway” is not known; use one of trunk, primary",
        ),
        (
            "roads.geojson",
            |v| v["features"][0]["properties"]["bridge"] = json!("yes"),
            "bridge: is neither true nor false",
        ),
        (
            "roads.geojson",
            |v| v["features"][1]["properties"]["tunnel"] = json!(true),
            "feature “b”, tunnel: is true, and so is bridge; cut the road there",
        ),
        (
            "roads.geojson",
            |v| v["features"][2]["properties"]["speed_kmh"] = json!(30),
            "minutes: stands beside speed_kmh; give one of them",
        ),
        ("roads.geojson", |v| v["features"][0]["properties"]["speed_kmh"] = json!(0), "speed_kmh: 0 is out of range"),
        ("roads.geojson", |v| v["features"][0]["properties"]["code"] = json!("b"), "feature “b”, code: stands twice"),
        (
            "roads.geojson",
            |v| v["features"][0]["geometry"]["coordinates"] = json!([[48.0, 34.0]]),
            "geometry: the line has fewer than two different points",
        ),
        (
            "places.geojson",
            |v| v["features"][0]["properties"]["capacity"] = json!(-1),
            "capacity: is not a whole number",
        ),
        (
            "places.geojson",
            |v| v["features"][0]["properties"]["phone"] = json!("ask inside"),
            "phone: is not a telephone number; write digits",
        ),
        (
            "gauges.geojson",
            |v| v["features"][0]["properties"]["datum_m"] = json!(12.5),
            "feature “g1”, datum_m: the zero at 12.5 m lies 1788 m from the ground at 1800 m",
        ),
        (
            "gauges.geojson",
            |v| v["features"][1]["properties"]["datum_m"] = json!(1_800),
            "feature “s1”, datum_m: is given for snow_depth_cm; only a stage has a zero",
        ),
        (
            "gauges.geojson",
            |v| {
                let mut lower = v["features"][0].clone();
                lower["properties"]["code"] = json!("g2");
                lower["properties"]["reach"] = json!("lower");
                lower["properties"]["datum_m"] = json!(1_799.5);
                lower["geometry"]["coordinates"][0] = json!(48.015);
                v["features"].as_array_mut().unwrap().push(lower);
            },
            "feature “g2”, datum_m: 1799.5 m is higher than gauge “g1” upstream, 1798.5 m",
        ),
        (
            "waterways.geojson",
            |v| v["features"][0]["properties"]["travel_minutes"] = json!(0.2),
            "feature “upper”, travel_minutes: 0.2 minutes for 924 m are 76.98 m/s, which no flood wave runs",
        ),
        (
            "waterways.geojson",
            |v| v["features"][0]["properties"]["travel_minutes"] = json!(9_000),
            "are 0.00 m/s, which no flood wave runs",
        ),
        (
            "waterways.geojson",
            |v| v["features"][0]["properties"]["flows_into"] = json!("upper"),
            "feature “upper”, flows_into: ",
        ),
    ];
    for (file, change, wanted) in cases {
        let files = after(file, change);
        let faults = City::build(&files).unwrap_err();
        assert!(faults.iter().any(|fault| fault.to_string().contains(wanted)), "“{wanted}” is not in {faults:#?}");
        // A reach that flows into itself both ends far from its start and goes round; all others have one fault.
        assert_eq!(faults.len(), if wanted.ends_with("flows_into: ") { 2 } else { 1 }, "{faults:#?}");
    }
}

#[test]
fn terrain_is_named_whole_or_not_at_all() {
    let hash = "0123456789abcdef".repeat(4);
    let with = |text: String| {
        let mut files = town();
        files.get_mut("city.toml").unwrap().push_str(&text);
        files
    };
    let whole =
        City::build(&with(format!("[terrain]\nname = \"a\"\nversion = \"2\"\nheights_sha256 = \"{hash}\"\n"))).unwrap();
    let terrain = whole.terrain().unwrap();
    assert_eq!(
        (terrain.name.as_str(), terrain.version.as_str(), &terrain.heights),
        ("a", "2", &maps::ContentHash::new(&hash).unwrap())
    );
    assert!(City::build(&town()).unwrap().terrain().is_none());
    let said = fault(&with("[terrain]\nname = \"a\"\nversion = \"2\"\nheights_sha256 = \"ABC\"\n".to_owned()));
    assert!(said.contains("city.toml, feature “terrain”, heights_sha256: “ABC” is not a content hash"), "{said}");
    let said = fault(&with(format!("[terrain]\nname = \"a\"\nheights_sha256 = \"{hash}\"\n")));
    assert!(said.contains("version: is missing"), "{said}");
}

#[test]
fn roads_that_cross_without_a_common_point_are_noted() {
    let across = |flag: Option<&str>| {
        after("roads.geojson", |v| {
            let mut other = road("z", &json!([[48.005, 34.001], [48.005, 34.003]]));
            if let Some(flag) = flag {
                other["properties"][flag] = json!(true);
            }
            v["features"].as_array_mut().unwrap().push(other);
        })
    };
    let said = notes(&across(None));
    assert!(
        said[0].contains("roads.geojson, feature “a”, geometry: crosses road “z” near 48.00500, 34.00200"),
        "{said:#?}"
    );
    // It leads nowhere, whatever it is.
    assert!(said[1].contains("m of road lead to no other road of the map: z"), "{said:#?}");
    for flag in ["bridge", "tunnel"] {
        assert_eq!(notes(&across(Some(flag))).len(), 1, "one passes over the other");
    }
    // A common point in both joins them.
    let joined = after("roads.geojson", |v| {
        v["features"][0]["geometry"]["coordinates"] = json!([[48.002, 34.002], [48.005, 34.002], [48.009, 34.002]]);
        let other = road("z", &json!([[48.005, 34.001], [48.005, 34.002], [48.005, 34.003]]));
        v["features"].as_array_mut().unwrap().push(other);
    });
    assert!(notes(&joined).is_empty(), "{:#?}", notes(&joined));
    assert_eq!(City::build(&joined).unwrap().road_graph().nodes().len(), 7);
}

#[test]
fn an_end_that_stops_just_short_is_noted() {
    let short = |lat: f64| {
        after("roads.geojson", |v| {
            v["features"].as_array_mut().unwrap().push(road("z", &json!([[48.005, 34.004], [48.005, lat]])));
        })
    };
    // 0.00003° of latitude are 3.3 m.
    let said = notes(&short(34.002_03));
    assert!(
        said.iter()
            .any(|note| note.contains("feature “z”, geometry: ends at 48.005000, 34.002030, 3.3 m from road “a”")),
        "{said:#?}"
    );
    assert!(!notes(&short(34.002_1)).iter().any(|note| note.contains("ends at")), "11 m off is another road");
}

#[test]
fn a_road_without_a_name_is_a_road_and_an_old_file_still_reads() {
    let files = after("roads.geojson", |v| {
        for feature in v["features"].as_array_mut().unwrap() {
            let code = feature["properties"]["code"].clone();
            feature["properties"] = json!({ "code": code, "class": "secondary" });
        }
    });
    let city = City::build(&files).unwrap();
    assert!(city.roads().iter().all(|road| road.name.is_empty() && road.class == RoadClass::Secondary));
    assert_eq!(city.locate_in_text("خیابان الف"), None);
}

#[test]
fn a_gauge_without_a_levelled_zero_and_water_that_nobody_watches_are_noted() {
    let files = after("gauges.geojson", |v| {
        v["features"][0]["properties"]["datum_m"] = Value::Null;
        v["features"][0]["properties"]["reach"] = json!("lower");
        v["features"][0]["geometry"]["coordinates"][0] = json!(48.015);
    });
    let said = notes(&files);
    assert!(
        said[0].contains("feature “g1”, datum_m: is not given; a stage here can't be told as a height"),
        "{said:#?}"
    );
    assert!(said[1].contains("feature “upper”: no stage gauge stands on or above 1 reach(es): upper"), "{said:#?}");
}
