//! What becomes of zones, waterways, roads and tables of others when they are made a city's.
//! Files are written here as a GIS would; what comes of them is judged by the city's own reader.
//! Nobody is left without a zone, water goes where it went, and what was changed is told.

#![expect(clippy::unwrap_used, reason = "stories")]

use maps::import::{
    BadSource, CityAbout, Csv, GeoJson, Layer, Made, Mapping, Place, Projection, Report, Settings, encoding, make,
    put_together,
};
use maps::{City, CityFiles, Position, Texts};
use serde_json::{Value, json};

fn settings(layer: Layer, maps: &str) -> Settings {
    let mut mapping = Mapping::default();
    mapping.map(maps).unwrap();
    Settings { layer, mapping, projection: Projection::Degrees, bbox: None, wave_m_s: 2.0 }
}

fn collection(features: &[Value]) -> String {
    json!({"type": "FeatureCollection", "features": features}).to_string()
}

fn imported(layer: Layer, features: &[Value]) -> Result<Made, BadSource> {
    make(GeoJson::open(collection(features).as_bytes()).unwrap(), settings(layer, ""))
}

fn report(made: &Made) -> &Report {
    &made.reports[0].1
}

fn properties(made: &Made) -> Vec<Value> {
    let collection: Value = serde_json::from_str(&made.files[0].1).unwrap();
    collection["features"].as_array().unwrap().iter().map(|feature| feature["properties"].clone()).collect()
}

fn find<'a>(all: &'a [Value], code: &str) -> &'a Value {
    all.iter().find(|properties| properties["code"] == code).unwrap_or_else(|| panic!("no {code} in {all:?}"))
}

fn square(code: &str, kind: &str, west: f64, south: f64, side: f64) -> Value {
    let (east, north) = (west + side, south + side);
    json!({
        "type": "Feature",
        "properties": {"code": code, "name": {"en": code}, "kind": kind},
        "geometry": {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}
    })
}

fn city(made: Made) -> (CityFiles, City) {
    let about = CityAbout {
        code: "x".to_owned(),
        name: Texts::from([("en".to_owned(), "X".to_owned())]),
        time_zone: "UTC".to_owned(),
        label: Texts::new(),
    };
    let (files, city, _) = put_together(CityFiles::new(), made, Some(&about), None).unwrap();
    (files, city)
}

fn zone_at(city: &City, lon: f64, lat: f64) -> Option<String> {
    city.zone_at(Position::new(lon, lat).unwrap()).map(|zone| zone.code.to_string())
}

#[test]
fn whatever_lies_in_a_zone_of_the_source_lies_in_a_leaf_of_the_city() {
    // A city; a district in its west half; two neighbourhoods that overlap and leave the rest of the district open.
    let made = imported(
        Layer::Zones,
        &[
            square("city", "city", 48.0, 34.0, 0.8),
            square("west", "district", 48.0, 34.0, 0.4),
            square("one", "neighbourhood", 48.0, 34.0, 0.2),
            square("two", "neighbourhood", 48.1, 34.1, 0.25),
            square("village", "village", 48.9, 34.9, 0.05),
        ],
    )
    .unwrap();
    assert!(report(&made).noted.contains_key("was cut where it overlaps a smaller zone"), "{:?}", report(&made).noted);
    let all = properties(&made);
    assert_eq!((&find(&all, "one")["parent"], &find(&all, "west")["parent"]), (&json!("west"), &json!("city")));
    let (_, city) = city(made);
    for (lon, lat, wanted) in [
        (48.05, 34.05, "one"),
        (48.15, 34.15, "one"),
        (48.3, 34.3, "two"),
        (48.38, 34.02, "west-rest"),
        (48.6, 34.6, "city-rest"),
        (48.92, 34.92, "village"),
    ] {
        assert_eq!(zone_at(&city, lon, lat).as_deref(), Some(wanted), "{lon}, {lat}");
    }
    assert_eq!(zone_at(&city, 47.0, 34.0), None);
}

#[test]
fn parts_of_one_code_are_one_zone_and_what_covers_nothing_of_its_own_is_told() {
    let made = imported(Layer::Zones, &[
        square("a", "neighbourhood", 48.0, 34.0, 0.1),
        square("a", "neighbourhood", 48.2, 34.0, 0.1),
        square("copy", "neighbourhood", 48.5, 34.0, 0.1),
        square("copied", "neighbourhood", 48.5, 34.0, 0.1),
        json!({"type": "Feature", "properties": {"code": "line"}, "geometry": {"type": "LineString", "coordinates": [[48, 34], [49, 34]]}}),
        json!({"type": "Feature", "properties": {"code": "none"}, "geometry": null}),
    ])
    .unwrap();
    let skipped: Vec<&str> = report(&made).skipped.keys().map(String::as_str).collect();
    assert_eq!(skipped, ["has no geometry", "is no area", "lies in zone “copied” and in others"]);
    let (_, city) = city(made);
    assert_eq!(city.zones().len(), 2);
    assert_eq!(zone_at(&city, 48.25, 34.05).as_deref(), Some("a"));
}

fn line(code: &str, more: &Value, coordinates: &[(f64, f64)]) -> Value {
    let mut properties = json!({"code": code, "name": {"en": code}});
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"type": "Feature", "properties": properties, "geometry": {"type": "LineString", "coordinates": coordinates.iter().map(|(x, y)| json!([x, y])).collect::<Vec<_>>()}})
}

#[test]
fn a_river_is_split_where_a_brook_comes_in_and_its_travel_time_is_split_with_it() {
    let made = imported(
        Layer::Waterways,
        &[
            line(
                "river",
                &json!({"travel_minutes": 40, "flows_into": "lake"}),
                &[(48.0, 34.0), (48.01, 34.0), (48.04, 34.0)],
            ),
            line("brook", &json!({}), &[(48.01, 34.02), (48.01, 34.0)]),
            // Begins twenty metres beyond the river's end.
            line("lake", &json!({"travel_minutes": 5}), &[(48.0402, 34.0), (48.05, 34.0)]),
            line("apart", &json!({}), &[(48.2, 34.0), (48.21, 34.0)]),
        ],
    )
    .unwrap();
    let all = properties(&made);
    assert_eq!(all.len(), 5);
    let second = all.iter().find(|properties| properties["code"].as_str().unwrap().starts_with("river-")).unwrap();
    assert_eq!(find(&all, "river")["flows_into"], second["code"]);
    assert_eq!(find(&all, "brook")["flows_into"], second["code"]);
    assert_eq!(second["flows_into"], "lake", "what the source says is kept by the last piece");
    assert_eq!(find(&all, "apart")["flows_into"], Value::Null);
    let minutes = |properties: &Value| properties["travel_minutes"].as_f64().unwrap();
    assert!((minutes(find(&all, "river")) - 10.0).abs() < 0.01 && (minutes(second) - 30.0).abs() < 0.01);
    // 2.2 km at 2 m/s.
    assert!((minutes(find(&all, "brook")) - 18.5).abs() < 0.1, "{all:?}");
}

#[test]
fn the_next_import_gives_the_same_codes_when_something_else_has_changed() {
    let brook = line("brook", &json!({}), &[(48.01, 34.02), (48.01, 34.0)]);
    let river = |end: f64| line("river", &json!({}), &[(48.0, 34.0), (48.01, 34.0), (48.04, end)]);
    let codes = |features: &[Value]| -> Vec<String> {
        properties(&imported(Layer::Waterways, features).unwrap()).iter().map(|all| all["code"].to_string()).collect()
    };
    assert_eq!(codes(&[river(34.0), brook.clone()]), codes(&[brook, river(34.1)]));
}

#[test]
fn a_table_of_gauges_is_read_with_its_own_words_and_bad_rows_are_counted() {
    let table =
        "شناسه;نام;طول;عرض;آستانه\nG-1;سنجهٔ پل;48,01;34,00;{\"yellow\":1}\nG-2;;48,02;34,00;\nG-3;x;480;34,00;\n";
    let mut asked = settings(Layer::Gauges, "code=شناسه,name_fa=نام,lon=طول,lat=عرض,thresholds=آستانه");
    asked.mapping.set("quantity=rain_mm").unwrap();
    asked.mapping.set("expected_interval_secs=300").unwrap();
    let place: Place = asked.mapping.place();
    let table = table.replace("{\"yellow\":1}", "\"{\"\"yellow\"\":1}\"");
    let made = make(Csv::open(table.as_bytes(), encoding("UTF-8").unwrap(), &place).unwrap(), asked).unwrap();
    let all = properties(&made);
    assert_eq!(all.len(), 1);
    assert_eq!(
        all[0],
        json!({"quantity": "rain_mm", "expected_interval_secs": 300, "code": "g-1", "name": {"fa": "سنجهٔ پل"}})
    );
    let report = report(&made);
    assert!(report.noted.keys().any(|note| note.starts_with("thresholds")), "{report:?}");
    assert_eq!(report.skipped["name is missing"].first, "row 3");
    assert_eq!(report.skipped["does not lie on the earth in this projection"].first, "row 4");
    assert_eq!(report.read, 3);
}

#[test]
fn a_file_in_another_projection_than_it_says_is_refused_as_a_whole() {
    let metres = json!({"type": "Feature", "properties": {"code": "a"}, "geometry": {"type": "Point", "coordinates": [272_641, 3_853_490]}});
    let fault = imported(Layer::Places, &[metres]).unwrap_err().to_string();
    assert!(
        fault.starts_with("feature 1: 272641, 3853490 are no longitude and latitude") && fault.contains("--crs"),
        "{fault}"
    );
}

#[test]
fn only_what_touches_the_box_is_taken() {
    let text =
        collection(&[square("a", "neighbourhood", 48.0, 34.0, 0.1), square("b", "neighbourhood", 49.0, 34.0, 0.1)]);
    let asked =
        Settings { bbox: Some(geo_types::Rect::new((48.05, 34.05), (48.2, 34.2))), ..settings(Layer::Zones, "") };
    let made = make(GeoJson::open(text.as_bytes()).unwrap(), asked).unwrap();
    assert_eq!(properties(&made).len(), 1);
    assert_eq!(report(&made).skipped["lies outside of the box"].times, 1);
}

#[test]
fn a_city_that_would_have_a_fault_is_not_put_together() {
    let made = imported(Layer::Zones, &[square("a", "neighbourhood", 48.0, 34.0, 0.1)]).unwrap();
    let (files, _) = city(made);
    let gauge = json!({"type": "Feature", "properties": {"code": "g", "name": {"en": "g"}, "quantity": "stage_m", "reach": "nowhere", "expected_interval_secs": 60}, "geometry": {"type": "Point", "coordinates": [48.05, 34.05]}});
    let faults = put_together(files, imported(Layer::Gauges, &[gauge]).unwrap(), None, None).unwrap_err();
    assert!(faults[0].to_string().contains("“nowhere”"), "{faults:?}");
}
