//! The command, as a person types it, on the sample city's own files and on what ogr2ogr makes of them.
//! Every story works in a folder of its own; where ogr2ogr is missing its stories are left out, and under CI=true they fail.
//! What a failed run leaves behind is compared file by file.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::Parser;

use super::{Import, run};

#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    asked: Import,
}

async fn typed(line: &[&str]) -> Result<String, String> {
    let words = std::iter::once("import").chain(line.iter().copied());
    let alone = Alone::try_parse_from(words).map_err(|fault| fault.to_string())?;
    run(alone.asked).await.map_err(|fault| format!("{fault:#}"))
}

/// The sample city's layers as files, and where the new city goes.
struct Desk {
    folder: tempfile::TempDir,
}

const NEW: [&str; 4] = ["--city-name", "fa=همدان,en=Hamadan", "--time-zone", "Asia/Tehran"];

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in ::maps::City::sample().files() {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Desk { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn city(&self) -> PathBuf {
        self.folder.path().join("city")
    }

    async fn import(&self, file: &str, more: &[&str]) -> Result<String, String> {
        let (file, into) = (self.path(file), self.path("city"));
        let mut line = vec![file.as_str(), "--into", &into];
        line.extend(more);
        typed(&line).await
    }

    fn ogr2ogr(&self, arguments: &[&str]) -> bool {
        let known = Command::new("ogr2ogr").arg("--version").stdout(Stdio::null()).status().is_ok();
        assert!(known || std::env::var_os("CI").is_none(), "ogr2ogr is missing (CI=true)");
        if known {
            let output = Command::new("ogr2ogr").current_dir(self.folder.path()).args(arguments).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        known
    }
}

fn held(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(directory) else { return BTreeMap::new() };
    let files = entries.map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap_or_default()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_grows_layer_by_layer_and_check_accepts_it() {
    let desk = Desk::new();
    let early = desk.import("gauges.geojson", &[&["--as", "gauges"][..], &NEW].concat()).await.unwrap_err();
    assert!(early.contains("a city begins with its zones"), "{early}");
    assert!(!desk.city().exists(), "nothing was written");
    let said = desk.import("zones.geojson", &[&["--as", "zones"][..], &NEW].concat()).await.unwrap();
    assert!(said.contains("zones: 41 of 41 read, 0 left out") && said.contains("city.toml, zones.geojson"), "{said}");
    for layer in ["waterways", "gauges", "places", "roads"] {
        desk.import(&format!("{layer}.geojson"), &["--as", layer]).await.unwrap();
    }
    let city = crate::app::load_city(desk.city().to_str().unwrap()).unwrap();
    assert_eq!((city.code(), city.time_zone()), ("hamadan", "Asia/Tehran"));
    assert_eq!(city.gauges().len(), ::maps::City::sample().gauges().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_replaced_only_when_that_is_said_and_a_dry_run_writes_nothing() {
    let desk = Desk::new();
    let shown = desk.import("zones.geojson", &[&["--as", "zones", "--dry-run"][..], &NEW].concat()).await.unwrap();
    assert!(shown.contains("nothing was written (--dry-run)") && shown.contains("abbasabad"), "{shown}");
    assert!(!desk.city().exists());
    desk.import("zones.geojson", &[&["--as", "zones"][..], &NEW].concat()).await.unwrap();
    let before = held(&desk.city());
    let same = desk.import("zones.geojson", &["--as", "zones"]).await.unwrap();
    assert!(same.contains("holds exactly this already"), "{same}");
    let fewer =
        fs::read_to_string(desk.path("zones.geojson")).unwrap().replace("\"population\": ", "\"population\": 1");
    fs::write(desk.path("zones.geojson"), fewer).unwrap();
    let refused = desk.import("zones.geojson", &["--as", "zones"]).await.unwrap_err();
    assert!(refused.contains("say --replace"), "{refused}");
    assert_eq!(held(&desk.city()), before);
    desk.import("zones.geojson", &["--as", "zones", "--replace"]).await.unwrap();
    assert_ne!(held(&desk.city()), before);
    assert!(held(&desk.city()).keys().all(|name| !name.starts_with('.')), "no partial file is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_of_any_format_is_told_with_its_place_and_changes_nothing() {
    let desk = Desk::new();
    desk.import("zones.geojson", &[&["--as", "zones"][..], &NEW].concat()).await.unwrap();
    let before = held(&desk.city());
    let mut files = vec!["places.geojson"];
    if desk.ogr2ogr(&["-mapFieldType", "StringList=String", "places.fgb", "places.geojson"]) {
        desk.ogr2ogr(&["places.gpkg", "places.geojson"]);
        desk.ogr2ogr(&["-mapFieldType", "StringList=String", "places.shp", "places.geojson"]);
        files.extend(["places.fgb", "places.gpkg", "places.shp"]);
    }
    for file in files {
        let whole = fs::read(desk.path(file)).unwrap();
        fs::write(desk.path(file), &whole[..whole.len() * 2 / 3]).unwrap();
        let said = desk.import(file, &["--as", "places"]).await.unwrap_err();
        assert!(said.contains(file) && (said.contains("damaged") || said.contains("cut off")), "{said}");
        assert_eq!(held(&desk.city()), before, "{file}");
    }
    for (name, content, why) in [
        ("notes.docx", &b"PK\x03\x04"[..], "is none of GeoJSON"),
        ("city.zip", b"PK\x03\x04", "unpack it first"),
        ("city.osm.pbf", b"<html>not found", "is not what its name says"),
        ("zones.dbf", b"\x03", "name its .shp"),
        ("empty.geojson", b"", "is not what its name says"),
        ("empty.csv", b"lon,lat,name\n", "no feature could be used"),
    ] {
        fs::write(desk.path(name), content).unwrap();
        let said = desk.import(name, &["--as", "places"]).await.unwrap_err();
        assert!(said.contains(why) && said.contains(name), "{said}");
    }
    assert_eq!(held(&desk.city()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_geopackage_in_another_projection_is_the_city_that_it_was_made_of() {
    let desk = Desk::new();
    if !desk.ogr2ogr(&["-t_srs", "EPSG:3857", "all.gpkg", "zones.geojson"]) {
        return;
    }
    desk.ogr2ogr(&["-update", "-t_srs", "EPSG:3857", "all.gpkg", "places.geojson"]);
    let unsaid = desk.import("all.gpkg", &[&["--as", "zones"][..], &NEW].concat()).await.unwrap_err();
    assert!(unsaid.contains("places, zones: say which with --table"), "{unsaid}");
    desk.import("all.gpkg", &[&["--as", "zones", "--table", "zones"][..], &NEW].concat()).await.unwrap();
    desk.import("all.gpkg", &["--as", "places", "--table", "places"]).await.unwrap();
    let (city, sample) = (crate::app::load_city(desk.city().to_str().unwrap()).unwrap(), ::maps::City::sample());
    for (one, other) in city.zones().iter().zip(sample.zones()) {
        assert_eq!(
            (&one.code, &one.name, one.population, &one.parent),
            (&other.code, &other.name, other.population, &other.parent)
        );
        let corners = |zone: &::maps::Zone| zone.shape.0.iter().map(|part| part.exterior().0.len()).sum::<usize>();
        assert_eq!(corners(one), corners(other), "{}", one.code);
    }
    for (one, other) in city.places().iter().zip(sample.places()) {
        assert_eq!(
            (&one.code, &one.name, one.kind, &one.aliases),
            (&other.code, &other.name, other.kind, &other.aliases)
        );
        let off =
            (one.position.lon() - other.position.lon()).abs().max((one.position.lat() - other.position.lat()).abs());
        assert!(off < 1e-7, "{}: {off}", one.code);
    }
    let wrong = desk.import("all.gpkg", &["--as", "places", "--table", "nowhere"]).await.unwrap_err();
    assert!(wrong.contains("holds no table of that name"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn buildings_tell_where_people_live_and_heights_are_cut_to_the_city() {
    let desk = Desk::new();
    desk.import("zones.geojson", &[&["--as", "zones"][..], &NEW].concat()).await.unwrap();
    let zones = fs::read_to_string(desk.city().join("zones.geojson")).unwrap();
    let unknown = zones.replace("\"population\":", "\"population_from\":\"unknown\",\"population\":");
    fs::write(desk.city().join("zones.geojson"), unknown).unwrap();
    fs::write(desk.path("houses.csv"), "lon,lat,floors\n48.5148,34.7983,3\n48.49,34.79,1\n").unwrap();
    let said = desk
        .import("houses.csv", &["--as", "buildings", "--map", "levels=floors", "--residents", "4000", "--replace"])
        .await
        .unwrap();
    assert!(said.contains("4000 residents were shared out"), "{said}");
    let city = crate::app::load_city(desk.city().to_str().unwrap()).unwrap();
    let mut people: Vec<u64> = city.leaves().map(|zone| zone.population).filter(|&people| people > 0).collect();
    people.sort_unstable();
    assert_eq!(people, [1000, 3000]);

    let grid = "ncols 60\nnrows 60\nxllcorner 48.2\nyllcorner 34.5\ncellsize 0.01\n".to_owned() + &"1850 ".repeat(3600);
    fs::write(desk.path("dem.asc"), grid).unwrap();
    let said = desk.import("dem.asc", &["--as", "zones"]).await.unwrap_err();
    assert!(said.contains("leave --as out"), "{said}");
    let said = desk.import("dem.asc", &[]).await.unwrap();
    assert!(said.contains("cells kept as they are") && said.contains("terrain.tif"), "{said}");
    assert!(fs::read(desk.city().join("terrain.tif")).unwrap().len() < 4 * 3600);
    crate::app::load_city(desk.city().to_str().unwrap()).unwrap();
}

#[tokio::test]
async fn what_is_typed_wrong_is_told_before_anything_is_read() {
    let desk = Desk::new();
    for (line, why) in [
        (&["--as", "streets"][..], "zones, waterways"),
        (&["--crs", "EPSG:23039"], "ogr2ogr -t_srs"),
        (&["--bbox", "48,34,47,35"], "west,south,east,north"),
        (&["--encoding", "klingon"], "windows-1256"),
        (&["--zone-levels", "8=country"], "8=city"),
        (&["--as", "zones"], "--city-name"),
        (&["--as", "zones", "--city-name", "fa=x", "--time-zone", "Asia/Nowhere"], "no such time zone"),
        (&["--as", "zones", "--map", "code", "--city-name", "fa=x", "--time-zone", "UTC"], "--map"),
        (&["--city-name", "fa=x", "--time-zone", "UTC"], "--as zones"),
    ] {
        let said = desk.import("zones.geojson", line).await.unwrap_err();
        assert!(said.contains(why), "{line:?}: {said}");
    }
    let said = desk.import("nowhere.geojson", &["--as", "zones"]).await.unwrap_err();
    assert!(said.contains("nowhere.geojson can't be opened"), "{said}");
}
