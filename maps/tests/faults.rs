//! Maps with faults: every fault is named with file, feature, property and remedy, all at once, and nothing panics.
//! Run by `cargo nextest run -p hamyar-maps`.
//! Each fault starts from a small whole town, so that it is the only one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use maps::{City, CityFiles, Fault};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Two square zones side by side, a stream through both, a gauge on it.
fn town() -> CityFiles {
    let square = |code: &str, west: f64| {
        json!({ "type": "Feature",
            "properties": { "code": code, "name": { "fa": "محله", "en": code }, "kind": "neighbourhood", "population": 100, "elevation_m": 1800 },
            "geometry": { "type": "Polygon", "coordinates": [[[west, 34.0], [west + 0.01, 34.0], [west + 0.01, 34.01], [west, 34.01], [west, 34.0]]] } })
    };
    let reach = |code: &str, from: f64, to: f64, into: Option<&str>| {
        json!({ "type": "Feature",
            "properties": { "code": code, "name": { "fa": "رود" }, "flows_into": into, "travel_minutes": 10 },
            "geometry": { "type": "LineString", "coordinates": [[from, 34.005], [to, 34.005]] } })
    };
    let gauge = json!({ "type": "Feature",
        "properties": { "code": "g1", "name": { "fa": "سنجه" }, "quantity": "stage_m", "reach": "upper", "datum_m": 1798.5, "elevation_m": 1800, "expected_interval_secs": 300,
            "thresholds": { "yellow": 1.0, "orange": 1.5, "red": 2.0, "source": "test" } },
        "geometry": { "type": "Point", "coordinates": [48.005, 34.005] } });
    let collection = |features: Vec<Value>| json!({ "type": "FeatureCollection", "features": features }).to_string();
    CityFiles::from([
        (
            "city.toml".to_owned(),
            "code = \"town\"\ntime_zone = \"Asia/Tehran\"\ncenter = [48.01, 34.005]\nname = { fa = \"شهر\" }\n"
                .to_owned(),
        ),
        ("zones.geojson".to_owned(), collection(vec![square("west", 48.0), square("east", 48.01)])),
        (
            "waterways.geojson".to_owned(),
            collection(vec![reach("upper", 48.0, 48.01, Some("lower")), reach("lower", 48.01, 48.02, None)]),
        ),
        ("gauges.geojson".to_owned(), collection(vec![gauge])),
    ])
}

/// The faults of the town after one change in one file.
fn faults_after(file: &str, change: impl FnOnce(&mut Value)) -> Vec<Fault> {
    let mut files = town();
    let text = files.get_mut(file).unwrap();
    let mut value: Value = serde_json::from_str(text).unwrap();
    change(&mut value);
    *text = value.to_string();
    City::build(&files).err().unwrap_or_default()
}

fn only(faults: &[Fault]) -> String {
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults[0].to_string()
}

#[test]
fn the_small_town_is_whole() {
    let city = City::build(&town()).unwrap();
    assert_eq!(city.leaves().count(), 2);
    assert!(!city.approximate());
    let on_the_border = maps::Position::new(48.01, 34.005).unwrap();
    assert_eq!(city.zone_at(on_the_border).unwrap().code.as_str(), "east", "the east side has the shared edge");
    // The four outer corners belong to the map as well, each to the zone that has it.
    for (lon, lat, code) in [(48.0, 34.0, "west"), (48.0, 34.01, "west"), (48.02, 34.0, "east"), (48.02, 34.01, "east")]
    {
        assert_eq!(city.zone_at(maps::Position::new(lon, lat).unwrap()).unwrap().code.as_str(), code);
    }
    assert!(city.zone_at(maps::Position::new(48.0201, 34.0).unwrap()).is_none());
}

#[test]
fn each_fault_says_where_what_and_what_to_do() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &str); 19] = [
        (
            "zones.geojson",
            |v| v["features"][0]["properties"]["code"] = json!("No Code"),
            "zones.geojson, feature “No Code”, code: zone code “No Code” must be 1 to 64 characters",
        ),
        (
            "zones.geojson",
            |v| v["features"][0]["properties"]["kind"] = json!("galaxy"),
            "kind: “galaxy” is not known; use one of city, district",
        ),
        (
            "zones.geojson",
            |v| v["features"][0]["properties"]["population"] = json!(-3),
            "population: is not a whole number",
        ),
        ("zones.geojson", |v| v["features"][0]["properties"]["population"] = json!(null), "population: is missing"),
        (
            "zones.geojson",
            |v| v["features"][0]["properties"]["parent"] = json!("county"),
            "parent: zone “county” is not in this file",
        ),
        ("zones.geojson", |v| v["features"][0]["properties"]["name"] = json!({}), "name: has no language"),
        (
            "zones.geojson",
            |v| v["features"][0]["geometry"]["coordinates"][0][1] = json!([34.0, 148.0]),
            "latitude 148 is not a position",
        ),
        (
            "zones.geojson",
            |v| {
                v["features"][0]["geometry"]["coordinates"] =
                    json!([[[48.0, 34.0], [48.005, 34.0], [48.01, 34.0], [48.0, 34.0]]]);
            },
            "the shape is not valid",
        ),
        (
            "zones.geojson",
            |v| v["features"][0]["geometry"] = json!(null),
            "geometry: is a null; draw it as Polygon or MultiPolygon",
        ),
        (
            "zones.geojson",
            |v| v["features"][1]["properties"]["code"] = json!("west"),
            "feature “west”, code: stands twice",
        ),
        (
            "zones.geojson",
            |v| v["features"][1]["geometry"] = v["features"][0]["geometry"].clone(),
            "overlaps zone “west”",
        ),
        (
            "waterways.geojson",
            |v| v["features"][0]["properties"]["flows_into"] = json!("sea"),
            "flows_into: reach “sea” is not in this file",
        ),
        (
            "waterways.geojson",
            |v| v["features"][1]["geometry"]["coordinates"][0][1] = json!(34.009),
            "its end lies 444 m from the start of “lower”",
        ),
        (
            "waterways.geojson",
            |v| v["features"][0]["properties"]["travel_minutes"] = json!("10"),
            "travel_minutes: is not a number",
        ),
        (
            "gauges.geojson",
            |v| v["features"][0]["properties"]["reach"] = json!("sea"),
            "reach: reach “sea” is not in waterways.geojson",
        ),
        (
            "gauges.geojson",
            |v| v["features"][0]["geometry"]["coordinates"][1] = json!(34.02),
            "stands 1664 m from reach “upper”",
        ),
        (
            "gauges.geojson",
            |v| v["features"][0]["properties"]["thresholds"]["red"] = json!(1.2),
            "thresholds: are not in order; write yellow < orange < red",
        ),
        (
            "gauges.geojson",
            |v| v["features"][0]["properties"]["thresholds"]["source"] = json!(null),
            "thresholds: is not a text",
        ),
        ("gauges.geojson", |v| *v = json!([1, 2]), "gauges.geojson: is not a GeoJSON FeatureCollection"),
    ];
    for (file, change, wanted) in cases {
        let fault = only(&faults_after(file, change));
        assert!(fault.contains(wanted), "wanted “{wanted}”, got “{fault}”");
        assert!(fault.starts_with(file) && fault.contains("; "), "{fault}");
    }
}

/// The town after one change of its zones, which must be one that can be mended.
fn mended_after(change: impl FnOnce(&mut Value)) -> City {
    let mut files = town();
    let mut value: Value = serde_json::from_str(&files["zones.geojson"]).unwrap();
    change(&mut value);
    files.insert("zones.geojson".to_owned(), value.to_string());
    City::build(&files).unwrap()
}

#[test]
fn an_outline_that_can_be_mended_is_mended_with_a_note() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 4] = [
        (|v| v["features"][0]["geometry"]["coordinates"][0][4] = json!([48.0, 34.001]), "a ring was not closed"),
        (|v| v["features"][0]["geometry"]["coordinates"][0][1] = json!([48.012, 34.02]), "crossed or touched itself"),
        (
            |v| {
                let ring = v["features"][0]["geometry"]["coordinates"][0].as_array_mut().unwrap();
                ring.splice(1..1, [json!([48.005, 34.0]), json!([48.005, 33.9]), json!([48.005, 34.0])]);
            },
            "the spike was left out",
        ),
        (
            |v| {
                let rings = v["features"][0]["geometry"]["coordinates"].as_array_mut().unwrap();
                rings.push(json!([[48.002, 34.002], [48.003, 34.003], [48.002, 34.002]]));
            },
            "a ring had fewer than three different points",
        ),
    ];
    for (change, wanted) in cases {
        let city = mended_after(change);
        let [note] = city.notes() else { panic!("wanted one note of “{wanted}”, got {:?}", city.notes()) };
        let note = note.to_string();
        assert!(note.starts_with("zones.geojson, feature “west”, geometry: ") && note.contains(wanted), "{note}");
        // The border with the neighbour is as exact as before.
        for lat in [34.0, 34.003, 34.009] {
            let on_the_border = maps::Position::new(48.01, lat).unwrap();
            assert_eq!(city.zone_at(on_the_border).unwrap().code.as_str(), "east", "{wanted}");
        }
    }
    assert!(City::build(&town()).unwrap().notes().is_empty());
}

#[test]
fn a_town_on_the_180th_meridian_is_one_town() {
    // Three zones from west to east; the middle one lies on both sides, drawn over the meridian as many programs write it.
    let city = mended_after(|v| {
        let square =
            |west: f64, east: f64| json!([[[west, 34.0], [east, 34.0], [east, 34.01], [west, 34.01], [west, 34.0]]]);
        let mut middle = v["features"][0].clone();
        v["features"][0]["geometry"]["coordinates"] = square(179.98, 179.99);
        v["features"][1]["geometry"]["coordinates"] = square(-179.99, -179.98);
        middle["properties"]["code"] = json!("middle");
        middle["geometry"]["coordinates"] = square(179.99, -179.99);
        v["features"].as_array_mut().unwrap().push(middle);
    });
    assert!(city.notes().len() == 1 && city.notes()[0].what.contains("180th meridian"), "{:?}", city.notes());
    let at = |lon, lat| maps::Position::new(lon, lat).unwrap();
    let code = |lon, lat| city.zone_at(at(lon, lat)).map(|zone| zone.code.to_string());
    for (lon, wanted) in [
        (179.985, "west"),
        (179.99, "middle"),
        (179.995, "middle"),
        (180.0, "middle"),
        (-180.0, "middle"),
        (-179.995, "middle"),
        (-179.99, "east"),
        (-179.985, "east"),
    ] {
        assert_eq!(code(lon, 34.005).as_deref(), Some(wanted), "{lon}");
        let many = vec![at(lon, 34.005); 2_000];
        assert!(city.zones_at(&many).iter().all(|zone| zone.unwrap().code.as_str() == wanted), "{lon}");
    }
    // The corner of the outer border is one place with two longitudes.
    assert_eq!(code(180.0, 34.01).as_deref(), Some("middle"));
    assert_eq!(code(-180.0, 34.01).as_deref(), Some("middle"));

    let codes = |zones: Vec<&maps::Zone>| zones.iter().map(|zone| zone.code.to_string()).collect::<Vec<_>>();
    assert_eq!(codes(city.zones_within(at(179.985, 34.005), 1.0)), ["west"]);
    let near = codes(city.zones_within(at(-179.9999, 34.005), 1_000.0));
    assert_eq!(near, ["middle", "east", "west"], "the middle first; the sides about 910 and 930 m off");
    let over = |west: f64, east: f64| {
        let ring = [(west, 34.004), (east, 34.004), (east, 34.006), (west, 34.006)];
        geo_types::MultiPolygon(vec![geo_types::Polygon::new(ring.into_iter().collect(), vec![])])
    };
    for shape in [over(179.995, 180.003), over(179.995, -179.997), over(-180.005, -179.997)] {
        assert_eq!(codes(city.zones_touching(&shape, 0.0)), ["middle"]);
        assert_eq!(codes(city.zones_touching(&shape, 500.0)), ["middle", "west"]);
        let [share] = &city.shares(&shape)[..] else { panic!("one zone is covered") };
        assert!((share.share - 0.08).abs() < 1e-9, "{share:?}");
    }
}

#[test]
fn water_that_flows_round_is_refused() {
    let faults = faults_after("waterways.geojson", |value| {
        value["features"][1]["properties"]["flows_into"] = json!("upper");
        value["features"][1]["geometry"]["coordinates"] = json!([[48.01, 34.005], [48.011, 34.006], [48.0, 34.005]]);
    });
    assert!(faults.iter().any(|fault| fault.what.contains("round in a circle")), "{faults:#?}");
}

#[test]
fn a_zone_cannot_lie_in_itself() {
    let faults = faults_after("zones.geojson", |value| {
        value["features"][0]["properties"]["parent"] = json!("east");
        value["features"][1]["properties"]["parent"] = json!("west");
    });
    assert!(faults.iter().any(|fault| fault.what.contains("circle")), "{faults:#?}");
}

#[test]
fn all_faults_of_all_files_come_at_once() {
    let mut files = town();
    files.insert("city.toml".into(), "code = 7".into());
    files.insert("waterways.geojson".into(), "{".into());
    files.insert("notes.txt".into(), String::new());
    let zones = files["zones.geojson"].replace("neighbourhood", "galaxy");
    files.insert("zones.geojson".into(), zones);
    let faults = City::build(&files).unwrap_err();
    for (file, property) in
        [("city.toml", "code"), ("city.toml", "name"), ("city.toml", "center"), ("zones.geojson", "kind")]
    {
        assert!(
            faults.iter().any(|fault| fault.file == file && fault.property.as_deref() == Some(property)),
            "{file} {property}"
        );
    }
    assert!(faults.iter().any(|fault| fault.file == "waterways.geojson" && fault.what.contains("is not JSON")));
    assert!(faults.iter().any(|fault| fault.file == "notes.txt"));
    assert_eq!(faults.iter().filter(|fault| fault.file == "zones.geojson").count(), 2);
}

#[test]
fn a_thousand_faults_are_bounded() {
    let faults = faults_after("zones.geojson", |value| {
        value["features"] = Value::Array((0..1_000).map(|_| json!({ "type": "Feature" })).collect());
    });
    assert_eq!(faults.len(), maps::FAULTS_MAX + 1);
    assert!(faults.last().unwrap().what.contains("more faults"));
}

/// Any JSON, nested a little, with the words that the readers look for.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "type",
        "FeatureCollection",
        "Feature",
        "features",
        "properties",
        "geometry",
        "coordinates",
        "Polygon",
        "MultiPolygon",
        "LineString",
        "Point",
        "code",
        "name",
        "fa",
        "kind",
        "city",
        "population",
        "parent",
        "a",
        "b",
        "yellow",
        "thresholds",
        "stage_m",
        "quantity",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u64..500).prop_map(Value::from),
        word.clone().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((word.clone(), inner), 0..6).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn a_strange_value_anywhere_is_a_fault_or_fine_but_never_a_panic(
        strange in any_json(),
        file in prop::sample::select(vec!["zones.geojson", "waterways.geojson", "gauges.geojson"]),
        path in prop::sample::select(vec!["", "/features", "/features/0", "/features/0/properties", "/features/0/properties/name",
            "/features/0/properties/parent", "/features/0/geometry", "/features/0/geometry/coordinates", "/features/0/geometry/coordinates/0",
            "/features/0/geometry/coordinates/0/0", "/features/0/properties/thresholds", "/features/0/properties/code"]),
    ) {
        let faults = faults_after(file, |value| {
            if let Some(place) = value.pointer_mut(path) {
                *place = strange;
            }
        });
        for fault in &faults {
            prop_assert!(!fault.file.is_empty() && !fault.what.is_empty() && !fault.fix.is_empty());
        }
    }

    #[test]
    fn strange_rings_never_panic(ring in prop::collection::vec((47.99_f64..48.03, 33.99_f64..34.03), 0..12), fine in any::<bool>()) {
        // Coarse numbers make repeated points, spikes and crossings likely.
        let round = |value: f64| if fine { value } else { (value * 200.0).round() / 200.0 };
        let mut ring: Vec<[f64; 2]> = ring.into_iter().map(|(x, y)| [round(x), round(y)]).collect();
        ring.extend(ring.first().copied());
        let _ = faults_after("zones.geojson", |value| value["features"][0]["geometry"]["coordinates"][0] = json!(ring));
    }

    #[test]
    fn any_text_is_refused_with_faults(text in "\\PC{0,60}") {
        let mut files = town();
        files.insert("zones.geojson".into(), text);
        let faults = City::build(&files).unwrap_err();
        prop_assert!(faults.iter().any(|fault| fault.file == "zones.geojson"));
    }
}
