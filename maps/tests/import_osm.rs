//! Extracts of OpenStreetMap become cities.
//! osmium packs what is written here as text; damaged files are made of what a few lines of our own pack.
//! Where osmium is missing its stories are left out, and under CI=true they fail.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "stories; what is left out is said")]

use std::fs::{self, File};
use std::io::{BufReader, Cursor};
use std::process::{Command, Stdio};

use maps::import::{BadSource, Made, OsmSettings, People, ZoneLevels, import_osm, put_together};
use maps::{City, CityFiles, Texts};
use proptest::prelude::*;
use serde_json::Value;

fn osmium() -> bool {
    let there = Command::new("osmium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "osmium is missing (CI=true)");
    if !there {
        eprintln!("osmium is missing; its stories are left out");
    }
    there
}

fn settings() -> OsmSettings {
    OsmSettings { bbox: None, zone_levels: ZoneLevels::default(), wave_m_s: 2.0 }
}

/// One element a line, as osmium's OPL has it: `n1 x48.5 y34.8 Tkey=value`.
fn imported(name: &str, opl: &str, settings: &OsmSettings, more: &[&str]) -> Result<Made, BadSource> {
    let base = std::env::temp_dir().join(format!("hamyar-osm-{name}-{}", std::process::id()));
    let (text, packed) = (base.with_extension("opl"), base.with_extension("osm.pbf"));
    let lines: Vec<&str> = opl.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    fs::write(&text, lines.join("\n") + "\n").unwrap();
    let output =
        Command::new("osmium").args(["cat", "--overwrite", "-o"]).arg(&packed).args(more).arg(&text).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made = import_osm(BufReader::new(File::open(&packed).unwrap()), settings);
    let _ = fs::remove_file(text);
    let _ = fs::remove_file(packed);
    made
}

fn features(made: &Made, file: &str) -> Vec<Value> {
    let text = made.files.iter().find(|(name, _)| *name == file).map_or("{}", |(_, text)| text.as_str());
    let collection: Value = serde_json::from_str(text).unwrap();
    collection["features"].as_array().cloned().unwrap_or_default()
}

fn feature<'a>(features: &'a [Value], code: &str) -> &'a Value {
    features
        .iter()
        .find(|feature| feature["properties"]["code"] == code)
        .unwrap_or_else(|| panic!("no {code} in {features:?}"))
}

/// A city of two districts (the eastern one has a hole that is the western one's island), a river with a brook, two streets, a
/// hospital, a school, three houses.
const TOWN: &str = "
    n1 x48.50 y34.80
    n2 x48.51 y34.80
    n3 x48.52 y34.80
    n4 x48.52 y34.81
    n5 x48.51 y34.81
    n6 x48.50 y34.81
    n7 x48.514 y34.804
    n8 x48.516 y34.804
    n9 x48.516 y34.806
    n10 x48.514 y34.806
    n20 x48.501 y34.805
    n21 x48.505 y34.805
    n22 x48.509 y34.805
    n23 x48.519 y34.8051
    n24 x48.505 y34.809
    n30 x48.502 y34.802
    n31 x48.506 y34.802
    n32 x48.510 y34.802
    n33 x48.506 y34.808
    n40 x48.503 y34.803 Tamenity=hospital,name=%628%%648%%639%%644%%6cc%,name:en=Bu-Ali,alt_name=Avicenna;Sina,beds=120
    n41 x48.507 y34.803 Tamenity=school
    n42 x48.507 y34.803 Tleisure=park
    n50 x48.5020 y34.8040
    n51 x48.5021 y34.8040
    n52 x48.5021 y34.8041
    n53 x48.5020 y34.8041
    n54 x48.5180 y34.8040
    n55 x48.5182 y34.8040
    n56 x48.5182 y34.8041
    n57 x48.5180 y34.8041
    w1 Tboundary=administrative Nn2,n1,n6,n5
    w2 Tboundary=administrative Nn2,n5
    w3 Tboundary=administrative Nn2,n3,n4,n5
    w4 Nn7,n8,n9,n10,n7
    w10 Twaterway=river,name=Rud Nn20,n21
    w11 Twaterway=river,name=Rud Nn21,n22,n23
    w12 Twaterway=stream Nn24,n21
    w13 Twaterway=ditch Nn30,n31
    w20 Thighway=primary,name=Main Nn30,n31,n32
    w21 Thighway=secondary,oneway=-1,bridge=yes,name=Bridge%20%Street Nn33,n31
    w22 Thighway=steps Nn30,n33
    w30 Tbuilding=apartments,building:levels=3 Nn50,n51,n52,n53,n50
    w31 Tbuilding=house Nn54,n55,n56,n57,n54
    w32 Tbuilding=warehouse Nn54,n55,n56,n57,n54
    r1 Ttype=boundary,boundary=administrative,admin_level=8,name:en=Town Mw1@outer,w3@outer
    r2 Ttype=boundary,boundary=administrative,admin_level=9,name=West Mw1@outer,w2@outer,w4@outer
    r3 Ttype=boundary,boundary=administrative,admin_level=9,name=East Mw3@outer,w2@outer,w4@inner
    r4 Ttype=boundary,boundary=administrative,admin_level=9,name=Elsewhere Mw3@outer,w999@outer
    r5 Ttype=boundary,boundary=administrative,admin_level=2,name=Country Mw1@outer,w3@outer
";

fn files(made: Made, people: Option<People>) -> (CityFiles, City) {
    let about = maps::import::CityAbout {
        code: "town".to_owned(),
        name: Texts::from([("en".to_owned(), "Town".to_owned())]),
        time_zone: "UTC".to_owned(),
        label: Texts::new(),
    };
    let (files, city, _) = put_together(CityFiles::new(), made, Some(&about), people).unwrap();
    (files, city)
}

#[test]
fn a_town_of_openstreetmap_becomes_a_city() {
    if !osmium() {
        return;
    }
    let made = imported("town", TOWN, &settings(), &[]).unwrap();

    let zones = features(&made, "zones.geojson");
    let codes: Vec<&str> = zones.iter().map(|zone| zone["properties"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["r1", "r2", "r3"]);
    assert_eq!(feature(&zones, "r2")["properties"]["parent"], "r1");
    assert_eq!(feature(&zones, "r2")["geometry"]["type"], "MultiPolygon", "the island is a part of its own");
    assert_eq!(
        feature(&zones, "r3")["geometry"]["coordinates"].as_array().unwrap().len(),
        2,
        "and a hole in its neighbour"
    );
    let of_zones = &made.reports.iter().find(|(name, _)| *name == "zones").unwrap().1;
    assert_eq!(of_zones.skipped["its outline is not closed in this extract"].first, "r4");

    let reaches = features(&made, "waterways.geojson");
    assert_eq!(reaches.len(), 3, "the river is split where the brook comes in, and nowhere else: {reaches:?}");
    assert_eq!(feature(&reaches, "w10")["properties"]["flows_into"], "w11");
    assert_eq!(feature(&reaches, "w12")["properties"]["flows_into"], "w11");
    assert_eq!(feature(&reaches, "w10")["geometry"]["coordinates"][0][0], 48.501, "downstream, as it was drawn");

    let roads = features(&made, "roads.geojson");
    let mut roads_told: Vec<String> = roads
        .iter()
        .map(|road| {
            format!(
                "{} {}",
                &road["properties"]["name"]["en"].as_str().unwrap(),
                road["properties"]["class"].as_str().unwrap()
            )
        })
        .collect();
    roads_told.sort();
    assert_eq!(roads_told, ["Bridge Street secondary", "Main primary", "Main primary"]);
    let bridge = feature(&roads, "w21");
    assert_eq!(
        (&bridge["properties"]["bridge"], &bridge["properties"]["one_way"]),
        (&Value::Bool(true), &Value::Bool(true))
    );
    assert_eq!(bridge["geometry"]["coordinates"][0][1], 34.802, "oneway=-1 is driven against its drawing");

    let skipped = |layer: &str| made.reports.iter().find(|(name, _)| *name == layer).unwrap().1.skipped.clone();
    assert_eq!(skipped("roads")["highway=steps is no road for cars"].first, "w22");
    assert_eq!(skipped("waterways")["waterway=ditch is none that floods a city"].times, 1);

    let places = features(&made, "places.geojson");
    assert_eq!(places.len(), 2, "a park without a name is none: {places:?}");
    let hospital = &feature(&places, "n40")["properties"];
    assert_eq!(hospital["name"]["fa"], "بوعلی");
    assert_eq!(hospital["aliases"], serde_json::json!(["Avicenna", "Sina"]));
    assert_eq!(feature(&places, "n41")["properties"]["name"]["en"], "School");

    assert_eq!(made.buildings.len(), 2);
    let (_, city) = files(made, Some(People::Total(1000)));
    let population: Vec<u64> = city.zones().iter().map(|zone| zone.population).collect();
    // Three storeys of a square against one of a field twice as wide.
    assert_eq!(population, [1000, 600, 400]);
}

#[test]
fn an_extract_gives_the_same_whatever_the_order_of_its_elements_and_however_it_is_packed() {
    if !osmium() {
        return;
    }
    let made = imported("plain", TOWN, &settings(), &[]).unwrap();
    let turned: String = TOWN.lines().rev().map(|line| format!("{line}\n")).collect();
    for (name, text, more) in [
        ("turned", turned.as_str(), &[][..]),
        ("raw", TOWN, &["-f", "pbf,pbf_compression=none"][..]),
        ("not-dense", TOWN, &["-f", "pbf,pbf_dense_nodes=false"][..]),
        ("with-places", TOWN, &["-f", "pbf,add_metadata=all"][..]),
    ] {
        let again = imported(name, text, &settings(), more).unwrap();
        assert_eq!(again.files, made.files, "{name}");
        assert_eq!(again.buildings.len(), made.buildings.len());
    }
    let lz4 = imported("lz4", TOWN, &settings(), &["-f", "pbf,pbf_compression=lz4"]);
    if let Err(fault) = lz4 {
        assert!(fault.to_string().contains("pbf_compression=zlib"), "{fault}");
    }
}

#[test]
fn only_what_touches_the_box_is_taken_and_it_is_taken_whole() {
    if !osmium() {
        return;
    }
    let west = OsmSettings { bbox: Some(geo_types::Rect::new((48.4995, 34.7995), (48.5035, 34.8105))), ..settings() };
    let made = imported("box", TOWN, &west, &[]).unwrap();
    let codes = |file: &str| -> Vec<String> {
        features(&made, file).iter().map(|feature| feature["properties"]["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        codes("zones.geojson"),
        ["r1", "r2", "r1-rest"]
            .map(str::to_owned)
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert_eq!(codes("waterways.geojson"), ["w10"]);
    assert_eq!(codes("places.geojson"), ["n40"]);
    assert_eq!(codes("roads.geojson"), ["w20"], "the street leaves the box and goes on to its end");
    assert_eq!(made.buildings.len(), 1);
}

/// Packs elements as the format wants them, so that what is damaged is known to the byte.
fn packed() -> Vec<u8> {
    fn varint(mut number: u64, into: &mut Vec<u8>) {
        while number >= 0x80 {
            into.push(u8::try_from(number & 0x7F).unwrap() | 0x80);
            number >>= 7;
        }
        into.push(u8::try_from(number).unwrap());
    }
    fn zigzag(number: i64) -> u64 {
        ((number << 1) ^ (number >> 63)).cast_unsigned()
    }
    fn numbers(list: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &number in list {
            varint(number, &mut bytes);
        }
        bytes
    }
    fn field(number: u64, bytes: &[u8], into: &mut Vec<u8>) {
        varint(number << 3 | 2, into);
        varint(bytes.len() as u64, into);
        into.extend_from_slice(bytes);
    }
    fn block(kind: &[u8], content: &[u8], file: &mut Vec<u8>) {
        let (mut blob, mut header) = (Vec::new(), Vec::new());
        field(1, content, &mut blob);
        field(1, kind, &mut header);
        varint(3 << 3, &mut header);
        varint(blob.len() as u64, &mut header);
        file.extend(u32::try_from(header.len()).unwrap().to_be_bytes());
        file.extend(header);
        file.extend(blob);
    }
    let mut header = Vec::new();
    field(4, b"OsmSchema-V0.6", &mut header);
    field(4, b"DenseNodes", &mut header);
    let mut texts = Vec::new();
    for text in ["", "boundary", "administrative", "admin_level", "8", "type", "name", "Town"] {
        field(1, text.as_bytes(), &mut texts);
    }
    let differences = |list: &[i64]| -> Vec<u64> {
        std::iter::once(zigzag(list[0])).chain(list.windows(2).map(|two| zigzag(two[1] - two[0]))).collect()
    };
    let mut dense = Vec::new();
    field(1, &numbers(&differences(&[1, 2, 3])), &mut dense);
    field(8, &numbers(&differences(&[348_000_000, 348_000_000, 349_000_000])), &mut dense);
    field(9, &numbers(&differences(&[485_000_000, 486_000_000, 485_000_000])), &mut dense);
    let mut way = Vec::new();
    varint(1 << 3, &mut way);
    varint(7, &mut way);
    field(8, &numbers(&differences(&[1, 2, 3, 1])), &mut way);
    let mut relation = Vec::new();
    varint(1 << 3, &mut relation);
    varint(9, &mut relation);
    field(2, &numbers(&[5, 1, 3, 6]), &mut relation);
    field(3, &numbers(&[1, 2, 4, 7]), &mut relation);
    field(9, &numbers(&[zigzag(7)]), &mut relation);
    field(10, &numbers(&[1]), &mut relation);
    let mut content = Vec::new();
    field(1, &texts, &mut content);
    for (number, element) in [(2, &dense), (3, &way), (4, &relation)] {
        let mut group = Vec::new();
        field(number, element, &mut group);
        field(2, &group, &mut content);
    }
    let mut file = Vec::new();
    block(b"OSMHeader", &header, &mut file);
    block(b"OSMData", &content, &mut file);
    file
}

#[test]
fn a_file_that_is_cut_off_or_lies_is_told_with_its_place() {
    let whole = packed();
    let made = import_osm(Cursor::new(&whole), &settings()).unwrap();
    assert_eq!(features(&made, "zones.geojson").len(), 1);
    let said = |bytes: &[u8]| match import_osm(Cursor::new(bytes), &settings()) {
        Ok(made) => panic!("taken: {:?}", made.files),
        Err(fault) => fault.to_string(),
    };
    assert_eq!(said(&[]), "start: the file is empty; the file is cut off or damaged: copy or export it again");
    let first_block = 4 + u32::from_be_bytes(whole[..4].try_into().unwrap()) as usize + 30;
    for length in 1..whole.len() {
        // Between two blocks the file could have ended.
        if let Err(fault) = import_osm(Cursor::new(&whole[..length]), &settings()) {
            assert!(fault.to_string().starts_with("block "), "{length}: {fault}");
        } else {
            assert!(length.abs_diff(first_block) < 40, "{length}");
        }
    }
    let mut large = whole.clone();
    large[..4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert!(said(&large).contains("block 1, byte 0: is no block"));
    let history = String::from_utf8_lossy(&whole).find("DenseNodes").unwrap();
    let mut unknown = whole.clone();
    unknown[history..history + 5].copy_from_slice(b"Histo");
    assert!(said(&unknown).contains("“HistoNodes”, which is not known here"));
    assert!(said(b"PK\x03\x04 this is a zip file").contains("block 1"));
}

proptest! {
    #[test]
    fn no_damage_makes_it_panic(changes in prop::collection::vec((0..420_usize, any::<u8>()), 1..8), keep in 0..500_usize) {
        let mut bytes = packed();
        for (at, byte) in changes {
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
        }
        bytes.truncate(keep);
        let _ = import_osm(Cursor::new(bytes), &settings());
    }
}
