//! New layers and the files of a city that is there become a city that `check` accepts.
//! Called by the command before anything is written.
//! What comes back was built as the service builds it; otherwise all its faults come back and nothing else.

use serde_json::Value;

use super::{Building, Made, People, Report, share_out};
use crate::{City, CityFiles, Fault, Texts};

/// What `city.toml` of a new city says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CityAbout {
    /// Short Latin name.
    pub code: String,
    /// Name by language.
    pub name: Texts,
    /// IANA name of the time zone.
    pub time_zone: String,
    /// What people must be told about the map, by language.
    pub label: Texts,
}

/// The files of a city, the city itself, and what happened to the features of each layer.
pub type Whole = (CityFiles, City, Vec<(&'static str, Report)>);

/// Puts the files of a city together: those that are there, over them what was made, and a `city.toml` when there is none.
///
/// Buildings, and `people` without buildings, change the residents of zones ([`share_out`]); with neither the zones stay as they are.
pub fn put_together(
    mut files: CityFiles,
    made: Made,
    about: Option<&CityAbout>,
    people: Option<People>,
) -> Result<Whole, Vec<Fault>> {
    let Made { files: new, buildings, mut reports } = made;
    for (name, text) in new {
        files.insert(name.to_owned(), text);
    }
    if let Some(about) = about.filter(|_| !files.contains_key("city.toml")) {
        files.insert("city.toml".to_owned(), city_toml(about, &files));
    }
    if !buildings.is_empty() || people.is_some() {
        let people = people.unwrap_or(People::PerBuilding(super::PERSONS_PER_BUILDING));
        shared(&mut files, &buildings, people, &mut reports)?;
    }
    let city = City::build(&files)?;
    Ok((files, city, reports))
}

fn shared(
    files: &mut CityFiles,
    buildings: &[Building],
    people: People,
    reports: &mut Vec<(&'static str, Report)>,
) -> Result<(), Vec<Fault>> {
    let mut report = Report { read: buildings.len() as u64, ..Report::default() };
    share_out(files, buildings, people, &mut report)?;
    reports.push(("residents", report));
    Ok(())
}

fn city_toml(about: &CityAbout, files: &CityFiles) -> String {
    let (lon, lat) = middle(files.get("zones.geojson").map(String::as_str).unwrap_or_default());
    let mut table = toml::Table::new();
    table.insert("code".to_owned(), about.code.clone().into());
    table.insert("time_zone".to_owned(), about.time_zone.clone().into());
    table.insert("center".to_owned(), toml::Value::Array(vec![lon.into(), lat.into()]));
    let texts = |texts: &Texts| -> toml::Table {
        texts.iter().map(|(language, text)| (language.clone(), text.clone().into())).collect()
    };
    table.insert("name".to_owned(), texts(&about.name).into());
    if !about.label.is_empty() {
        table.insert("label".to_owned(), texts(&about.label).into());
    }
    format!("# Written by `hamyar maps import`; yours to change.\n{table}")
}

/// The middle of the box around all zones.
fn middle(zones: &str) -> (f64, f64) {
    fn visit(value: &Value, each: &mut impl FnMut(f64, f64)) {
        let Some(list) = value.as_array() else { return };
        match (list.first().and_then(Value::as_f64), list.get(1).and_then(Value::as_f64)) {
            (Some(lon), Some(lat)) => each(lon, lat),
            _ => list.iter().for_each(|part| visit(part, each)),
        }
    }
    let collection: Value = serde_json::from_str(zones).unwrap_or_default();
    let mut around = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for feature in collection["features"].as_array().into_iter().flatten() {
        visit(&feature["geometry"]["coordinates"], &mut |lon, lat| {
            around = [around[0].min(lon), around[1].min(lat), around[2].max(lon), around[3].max(lat)];
        });
    }
    let round = |degrees: f64| (degrees * 1e5).round() / 1e5;
    if around[0] > around[2] {
        (0.0, 0.0)
    } else {
        (round(around[0].midpoint(around[2])), round(around[1].midpoint(around[3])))
    }
}
