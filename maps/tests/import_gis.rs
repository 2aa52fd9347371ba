//! Maps that a GIS has written are imported, and are the map that it was given.
//! ogr2ogr (GDAL) writes the sample city in every format and projection; cs2cs (PROJ) says where coordinates lie.
//! Where the programs are missing the stories are left out, and under CI=true they fail.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "stories; what is left out is said")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use maps::import::{
    BadSource, Csv, Dbf, FlatGeobuf, GeoJson, Layer, Mapping, Projection, Record, Settings, Shapefile, WAVE_M_S,
    encoding, make, put_together,
};
use maps::{City, CityFiles};
use serde_json::Value;

/// Most degrees between a coordinate and itself after a journey through another file.
const DEGREES_MAX: f64 = 1e-7;

fn program(name: &str) -> bool {
    let there = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "{name} is missing (CI=true)");
    if !there {
        eprintln!("{name} is missing; what it judges is left out");
    }
    there
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("hamyar-import-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn ogr2ogr(arguments: &[&str]) {
    // Lists of texts become `(2:one,other)` where a format has no lists.
    let output = Command::new("ogr2ogr").args(["-mapFieldType", "StringList=String"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "ogr2ogr {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn sample(layer: &str) -> String {
    City::sample().files()[&format!("{layer}.geojson")].clone()
}

fn open(path: &Path) -> BufReader<File> {
    BufReader::new(File::open(path).unwrap())
}

type Records = Box<dyn Iterator<Item = Result<Record, BadSource>>>;

fn made(layer: Layer, records: Records, projection: Projection, maps: &[&str]) -> String {
    let mut mapping = Mapping::default();
    for text in maps {
        mapping.map(text).unwrap();
    }
    let settings = Settings { layer, mapping, projection, bbox: None, wave_m_s: WAVE_M_S };
    let mut made = make(records, settings).unwrap();
    let report = &made.reports[0].1;
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
    made.files.remove(0).1
}

fn by_code(text: &str) -> BTreeMap<String, Value> {
    let collection: Value = serde_json::from_str(text).unwrap();
    let features = collection["features"].as_array().unwrap().iter();
    features.map(|feature| (feature["properties"]["code"].as_str().unwrap().to_owned(), feature.clone())).collect()
}

fn coords(value: &Value, into: &mut Vec<(f64, f64)>) {
    let list = value.as_array().unwrap();
    match list.first() {
        Some(Value::Array(_)) => list.iter().for_each(|part| coords(part, into)),
        _ => into.push((list[0].as_f64().unwrap(), list[1].as_f64().unwrap())),
    }
}

/// Rings may begin elsewhere and turn the other way round; what is compared is which corners there are.
fn corners(feature: &Value) -> Vec<(f64, f64)> {
    let mut all = Vec::new();
    coords(&feature["geometry"]["coordinates"], &mut all);
    if feature["geometry"]["type"].as_str().unwrap().ends_with("Polygon") {
        all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    }
    all
}

#[track_caller]
fn same(original: &str, imported: &str, properties: &[&str]) {
    let (original, imported) = (by_code(original), by_code(imported));
    assert_eq!(original.keys().collect::<Vec<_>>(), imported.keys().collect::<Vec<_>>());
    for (code, feature) in &original {
        let there = &imported[code];
        let (wanted, found) = (corners(feature), corners(there));
        // A ring that begins elsewhere repeats another of its corners.
        let mut wanted: Vec<_> = wanted;
        let mut found: Vec<_> = found;
        if feature["geometry"]["type"].as_str().unwrap().ends_with("Polygon") {
            wanted.dedup();
            found.dedup_by(|a, b| (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9);
        }
        assert_eq!(wanted.len(), found.len(), "{code}");
        for (one, other) in wanted.iter().zip(&found) {
            let off = (one.0 - other.0).abs().max((one.1 - other.1).abs());
            assert!(off < DEGREES_MAX, "{code}: {one:?} became {other:?}");
        }
        for property in properties {
            let (one, other) = (&feature["properties"][property], &there["properties"][property]);
            // 1830.0 and 1830 are one number.
            let same_number = one.is_number() && one.as_f64() == other.as_f64();
            assert!(same_number || one == other, "{code}, {property}: {one} became {other}");
        }
    }
}

const LAYERS: [(&str, Layer, &[&str]); 5] = [
    ("zones", Layer::Zones, &["name", "kind", "parent", "population", "elevation_m", "aliases"]),
    ("waterways", Layer::Waterways, &["name", "flows_into"]),
    ("gauges", Layer::Gauges, &["name", "quantity", "reach", "datum_m", "thresholds", "expected_interval_secs"]),
    ("places", Layer::Places, &["name", "kind", "aliases"]),
    ("roads", Layer::Roads, &["name", "class"]),
];

/// Streams that meet and streets that cross are split there; the stories about them have their own judge.
fn is_split(layer: Layer) -> bool {
    matches!(layer, Layer::Waterways | Layer::Roads)
}

#[test]
fn the_sample_city_comes_back_from_flatgeobuf_geojson_and_csv_in_every_projection() {
    if !program("ogr2ogr") {
        return;
    }
    let folder = Folder::new("formats");
    for (name, layer, properties) in LAYERS {
        let original = folder.0.join(format!("{name}.geojson"));
        fs::write(&original, sample(name)).unwrap();
        for (epsg, projection) in
            [(4326, Projection::Degrees), (3857, Projection::WebMercator), (32639, Projection::Utm(32639))]
        {
            let path = |ending: &str| folder.0.join(format!("{name}-{epsg}.{ending}"));
            let system = format!("EPSG:{epsg}");
            let (fgb, json, csv) = (path("fgb"), path("json"), path("csv"));
            let text = |path: &Path| path.to_str().unwrap().to_owned();
            ogr2ogr(&["-t_srs", &system, &text(&fgb), &text(&original)]);
            ogr2ogr(&[
                "-f",
                "GeoJSON",
                "-lco",
                "RFC7946=NO",
                "-lco",
                "COORDINATE_PRECISION=10",
                "-t_srs",
                &system,
                &text(&json),
                &text(&original),
            ]);
            ogr2ogr(&["-f", "CSV", "-lco", "GEOMETRY=AS_WKT", "-t_srs", &system, &text(&csv), &text(&original)]);
            let read_fgb = FlatGeobuf::open(open(&fgb)).unwrap();
            assert_eq!(read_fgb.projection(), Ok(projection));
            let read_json = GeoJson::open(open(&json)).unwrap();
            assert_eq!(read_json.projection(), Ok(projection));
            let read_csv = Csv::open(open(&csv), encoding("UTF-8").unwrap(), &maps::import::Place::default()).unwrap();
            for records in [Box::new(read_fgb) as Records, Box::new(read_json), Box::new(read_csv)] {
                let imported = made(layer, records, projection, &[]);
                if is_split(layer) {
                    assert_split_but_the_same(&sample(name), &imported);
                } else {
                    same(&sample(name), &imported, properties);
                }
            }
        }
    }
}

/// Every piece lies on its source, and together they are as long.
#[track_caller]
fn assert_split_but_the_same(original: &str, imported: &str) {
    let (original, imported) = (by_code(original), by_code(imported));
    let length = |feature: &Value| -> f64 {
        corners(feature).windows(2).map(|two| (two[0].0 - two[1].0).hypot(two[0].1 - two[1].1)).sum()
    };
    let total = |features: &BTreeMap<String, Value>| features.values().map(&length).sum::<f64>();
    assert!((total(&original) - total(&imported)).abs() < 1e-5, "{} and {}", total(&original), total(&imported));
    for (code, feature) in &original {
        assert_eq!(
            imported[code]["properties"]["name"], feature["properties"]["name"],
            "the first piece keeps the code"
        );
        let first = (corners(feature)[0], corners(&imported[code])[0]);
        assert!((first.0.0 - first.1.0).abs() < DEGREES_MAX && (first.0.1 - first.1.1).abs() < DEGREES_MAX, "{code}");
    }
}

#[test]
fn the_sample_city_comes_back_from_shapefiles_whatever_their_letters() {
    if !program("ogr2ogr") {
        return;
    }
    let folder = Folder::new("shapefiles");
    for (letters, label) in [("UTF-8", None), ("CP1256", Some("windows-1256")), ("CP1256", None)] {
        for (name, layer, mapping, properties) in [
            ("zones", Layer::Zones, "elevation_m=elevation_", &["name", "kind", "parent", "population"][..]),
            ("places", Layer::Places, "", &["name", "kind"][..]),
            ("waterways", Layer::Waterways, "travel_minutes=travel_min", &[][..]),
        ] {
            let original = folder.0.join(format!("{name}.geojson"));
            // Windows-1256 has no Persian yeh; who writes in it writes the Arabic one, as keyboards did.
            let written =
                if letters == "UTF-8" { sample(name) } else { sample(name).replace('ی', "ي").replace('ۀ', "ه") };
            let written = written.replace(
                [
                    '\u{06F0}', '\u{06F1}', '\u{06F2}', '\u{06F3}', '\u{06F4}', '\u{06F5}', '\u{06F6}', '\u{06F7}',
                    '\u{06F8}', '\u{06F9}', '\u{0654}',
                ],
                "",
            );
            fs::write(&original, &written).unwrap();
            let shp = folder.0.join(format!("{name}.shp"));
            let _ = fs::remove_file(&shp);
            let (from, to) = (original.to_str().unwrap(), shp.to_str().unwrap());
            ogr2ogr(&["-overwrite", "-t_srs", "EPSG:32639", "-lco", &format!("ENCODING={letters}"), to, from]);
            let wkt = fs::read_to_string(shp.with_extension("prj")).unwrap();
            let projection = Projection::from_wkt(&wkt).unwrap();
            assert_eq!(projection, Projection::Utm(32639));
            let told = match (label, letters) {
                (Some(label), _) => Some(encoding(label).unwrap()),
                (None, "UTF-8") => Some(encoding(&fs::read_to_string(shp.with_extension("cpg")).unwrap()).unwrap()),
                (None, _) => None,
            };
            let columns = Dbf::open(open(&shp.with_extension("dbf")), told).unwrap();
            let records: Records = Box::new(Shapefile::open(open(&shp), Some(columns)).unwrap());
            let mapping = if mapping.is_empty() { vec![] } else { vec![mapping] };
            let imported = made(layer, records, projection, &mapping);
            if is_split(layer) {
                assert_split_but_the_same(&written, &imported);
            } else {
                same(&written, &imported, properties);
            }
        }
    }
}

#[test]
fn what_was_imported_is_a_city_that_is_built_and_stays_the_same_when_it_is_imported_again() {
    if !program("ogr2ogr") {
        return;
    }
    let folder = Folder::new("again");
    let mut files = CityFiles::from([("city.toml".to_owned(), City::sample().files()["city.toml"].clone())]);
    for (name, layer, _) in LAYERS {
        let original = folder.0.join(format!("{name}.geojson"));
        fs::write(&original, sample(name)).unwrap();
        let fgb = folder.0.join(format!("{name}.fgb"));
        ogr2ogr(&["-t_srs", "EPSG:32639", fgb.to_str().unwrap(), original.to_str().unwrap()]);
        let read = || Box::new(FlatGeobuf::open(open(&fgb)).unwrap()) as Records;
        let settings = || Settings {
            layer,
            mapping: Mapping::default(),
            projection: Projection::Utm(32639),
            bbox: None,
            wave_m_s: WAVE_M_S,
        };
        let made = make(read(), settings()).unwrap();
        assert_eq!(made.files, make(read(), settings()).unwrap().files, "the same source gives the same text");
        files = put_together(files, made, None, None).map_err(|faults| format!("{name}: {faults:?}")).unwrap().0;
    }
    let (city, sample) = (City::build(&files).unwrap(), City::sample());
    assert_eq!(city.zones().len(), sample.zones().len());
    assert_eq!(city.gauges().len(), sample.gauges().len());
    // The water goes where it went, and takes as long.
    for gauge in sample.gauges().iter().filter(|gauge| gauge.reach.is_some()) {
        let way = |city: &City| {
            let footprint = city.flood_footprint(&gauge.code, maps::FLOOD_HALF_WIDTH_M).unwrap();
            footprint.zones.iter().map(|zone| (zone.code.clone(), zone.minutes.map(f64::round))).collect::<Vec<_>>()
        };
        assert_eq!(way(&city), way(&sample), "{}", gauge.code);
    }
}

#[test]
fn utm_and_web_mercator_lie_where_proj_says_in_every_zone() {
    if !program("cs2cs") {
        return;
    }
    for epsg in (32601..=32660).chain(32701..=32760).chain([3857]) {
        let zone = f64::from(epsg % 100);
        let south = epsg > 32700;
        let places: Vec<(f64, f64)> = (0..24)
            .map(|number| {
                let lon = if epsg == 3857 {
                    -175.0 + f64::from(number) * 15.0
                } else {
                    zone * 6.0 - 186.0 + f64::from(number % 6) * 1.19
                };
                let lat = f64::from(number / 6) * 21.0 + f64::from(number % 5);
                (lon, if south { -lat } else { lat })
            })
            .collect();
        let mut proj = Command::new("cs2cs")
            .args(["-f", "%.6f", "EPSG:4326", &format!("EPSG:{epsg}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = proj.stdin.take().unwrap();
        for (lon, lat) in &places {
            writeln!(input, "{lat} {lon}").unwrap();
        }
        drop(input);
        let output = String::from_utf8(proj.wait_with_output().unwrap().stdout).unwrap();
        let projection = Projection::from_epsg(epsg).unwrap();
        for ((lon, lat), line) in places.iter().zip(output.lines()) {
            let numbers: Vec<f64> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
            let back = projection.degrees(geo_types::Coord { x: numbers[0], y: numbers[1] }).unwrap();
            // A millimetre on the ground.
            let east = if (back.x - lon).abs() > 180.0 {
                back.x - lon - 360.0_f64.copysign(back.x - lon)
            } else {
                back.x - lon
            };
            let (east_m, north_m) = (east * 111_320.0 * lat.to_radians().cos(), (back.y - lat) * 111_320.0);
            assert!(east_m.hypot(north_m) < 1e-3, "EPSG {epsg}, {lon}, {lat}: {back:?}");
        }
        assert_eq!(output.lines().count(), places.len());
    }
}
