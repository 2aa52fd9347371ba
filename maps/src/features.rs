//! Features become zones, reaches, gauges, places and roads, each for itself.
//! Called by `build`, which joins them afterwards.
//! A feature with a fault is left out, its fault noted with the property and the remedy; nothing here looks at other features.

use std::collections::BTreeSet;

use geo::{Centroid, InteriorPoint};
use geo_types::MultiPolygon;
use serde_json::Value;

use crate::city::{About, CityFiles};
use crate::fault::{At, Faults};
use crate::read::{self, Feature};
use crate::river::Reach;
use crate::road::{Road, RoadBed, RoadClass};
use crate::{
    ContentHash, Gauge, Place, PlaceKind, Position, Quantity, TerrainRef, Thresholds, Zone, ZoneCode, ZoneKind, repair,
    walk,
};

pub(crate) fn read_about(files: &CityFiles, faults: &mut Faults) -> Option<About> {
    const FILE: &str = "city.toml";
    let Some(text) = files.get(FILE) else {
        faults.add(At::file(FILE), "is missing", "write it with code, name, center = [lon, lat] and time_zone");
        return None;
    };
    let table: Value = match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => {
            faults.add(
                At::file(FILE),
                format!("is not TOML: {}", error.to_string().trim_end().replace('\n', " ")),
                "mend it there",
            );
            return None;
        }
    };
    let table = Feature::of_table(FILE, &table);
    let code = table.need("code", faults, read::code::<ZoneCode>);
    let name = table.need("name", faults, read::texts);
    let center = table
        .need("center", faults, |value| read::point(&serde_json::json!({ "type": "Point", "coordinates": value })));
    let time_zone = table.need("time_zone", faults, read::text);
    let approximate = table.may("approximate", faults, read::flag).unwrap_or(false);
    let label = table.may("label", faults, read::texts).unwrap_or_default();
    if approximate && label.is_empty() {
        faults.add(
            table.at("label"),
            "is missing though approximate = true",
            "say in fa and en how far the map may be trusted",
        );
    }
    let terrain = table.may("terrain", faults, Ok).and_then(|table| read_terrain(FILE, table, faults));
    Some(About { code: code?.into(), name: name?, time_zone: time_zone?, center: center?, approximate, label, terrain })
}

fn read_terrain(file: &str, table: &Value, faults: &mut Faults) -> Option<TerrainRef> {
    let table = Feature::of_part(file, "terrain", table);
    let name = table.need("name", faults, read::text);
    let version = table.need("version", faults, read::text);
    let heights = table.need("heights_sha256", faults, |value| {
        let hash = ContentHash::new(read::text(value)?);
        hash.map_err(|bad| (bad.to_string(), "`hamyar maps terrain` prints it for any heights".to_owned()))
    });
    Some(TerrainRef { name: name?, version: version?, heights: heights? })
}

/// Reads the features of a file; those with a fault are left out, and the fault is noted.
pub(crate) fn read_all<T>(
    files: &CityFiles,
    name: &str,
    needed: bool,
    left_out: &mut BTreeSet<String>,
    faults: &mut Faults,
    read_one: impl Fn(&Feature<'_>, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let Some(text) = files.get(name) else {
        if needed {
            faults.add(At::file(name), "is missing", "every city needs it");
        }
        return Vec::new();
    };
    let Some(value) = read::json(name, text, faults) else { return Vec::new() };
    let features = read::features(name, &value, faults);
    let mut read = Vec::with_capacity(features.len());
    for feature in &features {
        match read_one(feature, faults) {
            Some(one) => read.push(one),
            None => drop(left_out.insert(feature.label.clone())),
        }
    }
    read
}

pub(crate) fn read_zone(feature: &Feature<'_>, faults: &mut Faults) -> Option<Zone> {
    let code = feature.need("code", faults, read::code);
    let name = feature.need("name", faults, read::texts);
    let aliases = feature.may("aliases", faults, read::text_list).unwrap_or_default();
    let kind = feature.need("kind", faults, read::one_of(&ZoneKind::ALL));
    let parent = feature.may("parent", faults, read::code);
    let population = feature.may("population", faults, read::whole(0, 100_000_000));
    let elevation_m = feature.may("elevation_m", faults, read::number(-500.0, 9_000.0));
    let (shape, mut notes) = feature.geometry(faults, read::shape_to_mend)?;
    let shape = match repair::mended(shape) {
        Ok((shape, more)) => {
            notes.extend(more);
            shape
        }
        Err(error) => {
            let what = format!("the shape is not valid: {error}");
            faults.add(
                feature.at("geometry"),
                what,
                "redraw it so that its outline neither crosses nor touches itself",
            );
            return None;
        }
    };
    for note in notes {
        faults.note(feature.at("geometry"), note, "look at the zone on the map, and mend it at its source");
    }
    let label_at = label_point(&shape)?;
    // Until the parents are known, a missing population is carried as the largest number; `join_zones` settles it.
    // A wrong one has been noted already and is not missing as well.
    let population = population.unwrap_or(if feature.has("population") { 0 } else { u64::MAX });
    Some(Zone {
        code: code?,
        name: name?,
        aliases,
        kind: kind?,
        parent,
        population,
        elevation_m,
        shape,
        label_at,
        is_leaf: true,
    })
}

/// The centroid of the largest part where it lies inside, else some point that does.
fn label_point(shape: &MultiPolygon<f64>) -> Option<Position> {
    use geo::{Area, Contains};
    let largest = shape.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
    let point =
        largest.centroid().filter(|centroid| largest.contains(centroid)).or_else(|| largest.interior_point())?;
    Position::new(point.x(), point.y()).ok()
}

pub(crate) fn read_reach(feature: &Feature<'_>, faults: &mut Faults) -> Option<Reach> {
    let code = feature.need("code", faults, read::code);
    let name = feature.need("name", faults, read::texts);
    let flows_into = feature.may("flows_into", faults, read::code);
    let travel_minutes = feature.need("travel_minutes", faults, read::number(0.1, 10_000.0));
    let line = feature.geometry(faults, read::line)?;
    let length_m = walk::length_m(&line);
    Some(Reach { code: code?, name: name?, line, flows_into, travel_minutes: travel_minutes?, length_m })
}

pub(crate) fn read_gauge(feature: &Feature<'_>, faults: &mut Faults) -> Option<Gauge> {
    let code = feature.need("code", faults, read::code);
    let name = feature.need("name", faults, read::texts);
    let quantity = feature.need("quantity", faults, read::one_of(&Quantity::ALL));
    let reach = feature.may("reach", faults, read::code);
    let datum_m = feature.may("datum_m", faults, read::number(-500.0, 9_000.0));
    let elevation_m = feature.may("elevation_m", faults, read::number(-500.0, 9_000.0));
    let expected = feature.need("expected_interval_secs", faults, read::whole(1, 7 * 86_400));
    let position = feature.geometry(faults, read::point);
    let thresholds = read_thresholds(feature, quantity, faults);
    let expected_interval_secs = u32::try_from(expected?).expect("a week of seconds fits");
    Some(Gauge {
        code: code?,
        name: name?,
        position: position?,
        reach,
        zone: None,
        quantity: quantity?,
        datum_m,
        elevation_m,
        thresholds,
        expected_interval_secs,
    })
}

fn read_thresholds(feature: &Feature<'_>, quantity: Option<Quantity>, faults: &mut Faults) -> Option<Thresholds> {
    let thresholds = feature.may("thresholds", faults, |value| {
        let table = value
            .as_object()
            .ok_or(("is not an object", "write {\"yellow\": …, \"orange\": …, \"red\": …, \"source\": \"…\"}"));
        let table = table.map_err(|(what, fix)| (what.to_owned(), fix.to_owned()))?;
        let part = |name: &str| {
            let value = table
                .get(name)
                .ok_or((format!("{name} is missing"), "give yellow, orange and red, or no thresholds".to_owned()))?;
            read::number(-1_000.0, 10_000.0)(value).map_err(|(what, fix)| (format!("{name}: {what}"), fix))
        };
        let source = table
            .get("source")
            .ok_or(("source is missing".to_owned(), "say who set these numbers, and when".to_owned()))?;
        Ok(Thresholds {
            yellow: part("yellow")?,
            orange: part("orange")?,
            red: part("red")?,
            source: read::text(source)?,
        })
    })?;
    let rising = thresholds.yellow < thresholds.orange && thresholds.orange < thresholds.red;
    let falling = thresholds.yellow > thresholds.orange && thresholds.orange > thresholds.red;
    let (ordered, fix) = match quantity? {
        Quantity::AirTempC => (falling, "air temperature needs yellow > orange > red"),
        Quantity::StageM | Quantity::SnowDepthCm | Quantity::RainMm => (rising, "write yellow < orange < red"),
    };
    if !ordered {
        faults.add(feature.at("thresholds"), "are not in order", fix);
        return None;
    }
    Some(thresholds)
}

pub(crate) fn read_place(feature: &Feature<'_>, faults: &mut Faults) -> Option<Place> {
    let code = feature.need("code", faults, read::code);
    let name = feature.need("name", faults, read::texts);
    let kind = feature.need("kind", faults, read::one_of(&PlaceKind::ALL));
    let aliases = feature.may("aliases", faults, read::text_list).unwrap_or_default();
    let position = feature.geometry(faults, read::point);
    if kind == Some(PlaceKind::Zone) {
        faults.add(feature.at("kind"), "“zone” is not for places", "zones are found by their own names; leave it out");
    }
    let capacity = feature.may("capacity", faults, read::whole(0, 1_000_000));
    let capacity = capacity.map(|number| u32::try_from(number).expect("a million fits"));
    let phone = feature.may("phone", faults, read::phone);
    Some(Place { code: code?, name: name?, aliases, kind: kind?, position: position?, capacity, phone })
}

pub(crate) fn read_road(feature: &Feature<'_>, faults: &mut Faults) -> Option<Road> {
    let code = feature.need("code", faults, read::code);
    let name = feature.may("name", faults, read::texts).unwrap_or_default();
    let aliases = feature.may("aliases", faults, read::text_list).unwrap_or_default();
    let class = feature.need("class", faults, read::one_of(&RoadClass::ALL));
    let bed = read_bed(feature, faults);
    let mut flag = |property| feature.may(property, faults, read::flag).unwrap_or(false);
    let (pass, one_way) = (flag("pass"), flag("one_way"));
    let speed_kmh = feature.may("speed_kmh", faults, read::number(1.0, 200.0));
    let minutes = feature.may("minutes", faults, read::number(0.001, 10_000.0));
    if feature.has("speed_kmh") && feature.has("minutes") {
        faults.add(
            feature.at("minutes"),
            "stands beside speed_kmh",
            "give one of them; the other follows from the length",
        );
    }
    let elevation_m = feature.may("elevation_m", faults, read::number(-500.0, 9_000.0));
    let line = feature.geometry(faults, read::line)?;
    let (class, length_m) = (class?, walk::length_m(&line));
    let minutes = minutes.unwrap_or_else(|| length_m / 1_000.0 / speed_kmh.unwrap_or(class.speed_kmh()) * 60.0);
    Some(Road { code: code?, name, aliases, class, bed: bed?, pass, one_way, minutes, length_m, elevation_m, line })
}

/// At most one of the three flags may be set.
fn read_bed(feature: &Feature<'_>, faults: &mut Faults) -> Option<RoadBed> {
    let mut beds = Vec::new();
    for (property, bed) in [("bridge", RoadBed::Bridge), ("tunnel", RoadBed::Tunnel), ("ford", RoadBed::Ford)] {
        if feature.may(property, faults, read::flag).unwrap_or(false) {
            beds.push((property, bed));
        }
    }
    match beds.as_slice() {
        [] => Some(RoadBed::Ground),
        [(_, bed)] => Some(*bed),
        [(first, _), (second, _), ..] => {
            let fix = "cut the road there, so that each piece is one of bridge, tunnel and ford";
            faults.add(feature.at(second), format!("is true, and so is {first}"), fix);
            None
        }
    }
}
