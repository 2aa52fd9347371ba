//! Builds a city from its files, or says everything that is wrong with them.
//! Called by `City::build`.
//! Features are read first and joined afterwards, so that one bad feature hides no other fault.

use std::collections::{BTreeMap, BTreeSet};

use geo::{BooleanOps, BoundingRect, Centroid, InteriorPoint, Validation};
use geo_types::{MultiPolygon, Rect};
use serde_json::Value;

use crate::city::{About, CITY_FILE_NAMES, City, CityFiles, Road, RoadClass};
use crate::fault::{At, Faults};
use crate::index::ZoneIndex;
use crate::position::Plane;
use crate::read::{self, Feature};
use crate::river::{JOIN_TOLERANCE_M, Reach};
use crate::search::Gazetteer;
use crate::{
    Fault, Gauge, GaugeCode, Place, PlaceKind, Position, Quantity, ReachCode, Thresholds, Zone, ZoneCode, ZoneKind,
    walk,
};

/// A stage gauge stands this near to its reach, in metres.
const GAUGE_OFF_REACH_M_MAX: f64 = 300.0;

/// Two leaves may overlap by this part of the smaller one, which is what rounding and careless drawing cause.
const OVERLAP_SHARE_MAX: f64 = 0.002;

pub(crate) fn build(files: &CityFiles) -> Result<City, Vec<Fault>> {
    let mut faults = Faults::default();
    for name in files.keys().filter(|name| !CITY_FILE_NAMES.contains(&name.as_str())) {
        faults.add(At::file(name), "is not a file of a city", format!("a city has {}", CITY_FILE_NAMES.join(", ")));
    }
    let about = read_about(files, &mut faults);
    // Codes of features that were left out because of a fault: what names them is not at fault itself.
    let mut left_out = BTreeSet::new();
    let zones = read_all(files, "zones.geojson", true, &mut left_out, &mut faults, read_zone);
    let reaches = read_all(files, "waterways.geojson", false, &mut left_out, &mut faults, read_reach);
    let gauges = read_all(files, "gauges.geojson", false, &mut left_out, &mut faults, read_gauge);
    let places = read_all(files, "places.geojson", false, &mut left_out, &mut faults, read_place);
    let roads = read_all(files, "roads.geojson", false, &mut left_out, &mut faults, read_road);

    let zones = by_code("zones.geojson", zones, |zone| zone.code.as_str(), &mut faults);
    let reaches = by_code("waterways.geojson", reaches, |reach| reach.code.as_str(), &mut faults);
    let gauges = by_code("gauges.geojson", gauges, |gauge| gauge.code.as_str(), &mut faults);
    let places = by_code("places.geojson", places, |place| place.code.as_str(), &mut faults);
    let roads = by_code("roads.geojson", roads, |road| road.code.as_str(), &mut faults);

    let zones = join_zones(zones, &left_out, &mut faults);
    check_river(&reaches, &left_out, &mut faults);
    check_gauges(&gauges, &reaches, &left_out, &mut faults);
    let index = ZoneIndex::new(&zones);
    check_overlaps(&zones, &index, &mut faults);

    let bounds = zones.iter().filter_map(|zone| zone.shape.bounding_rect()).reduce(around);
    match (about, bounds) {
        (Some(about), Some(bounds)) if faults.is_empty() => {
            let gazetteer = Gazetteer::new(&places, &zones);
            let mut city = City {
                files: files.clone(),
                hash: hash_of(files),
                about,
                bounds,
                zones,
                reaches,
                gauges,
                places,
                roads,
                index,
                gazetteer,
            };
            place_gauges(&mut city);
            Ok(city)
        }
        _ => Err(faults.into_list()),
    }
}

/// SHA-256 over names, lengths and texts, in the order of names, as hexadecimal.
fn hash_of(files: &CityFiles) -> String {
    use std::fmt::Write;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for (name, text) in files {
        // Lengths go in as well, so that no text can pass for the next file's name.
        context.update(format!("{}:{name}{}:", name.len(), text.len()).as_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
        hex
    })
}

fn around(one: Rect<f64>, other: Rect<f64>) -> Rect<f64> {
    let (a, b, c, d) = (one.min(), one.max(), other.min(), other.max());
    Rect::new((a.x.min(c.x), a.y.min(c.y)), (b.x.max(d.x), b.y.max(d.y)))
}

// ---- reading ----

fn read_about(files: &CityFiles, faults: &mut Faults) -> Option<About> {
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
    Some(About { code: code?.into(), name: name?, time_zone: time_zone?, center: center?, approximate, label })
}

/// Reads the features of a file; those with a fault are left out, and the fault is noted.
fn read_all<T>(
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

fn read_zone(feature: &Feature<'_>, faults: &mut Faults) -> Option<Zone> {
    let code = feature.need("code", faults, read::code);
    let name = feature.need("name", faults, read::texts);
    let kind = feature.need("kind", faults, read::one_of(&ZoneKind::ALL));
    let parent = feature.may("parent", faults, read::code);
    let population = feature.may("population", faults, read::whole(0, 100_000_000));
    let elevation_m = feature.may("elevation_m", faults, read::number(-500.0, 9_000.0));
    let shape = feature.geometry(faults, read::shape_from_geometry)?;
    if let Err(error) = shape.check_validation() {
        let what = format!("the shape is not valid: {error}");
        faults.add(feature.at("geometry"), what, "redraw it so that its outline neither crosses nor touches itself");
        return None;
    }
    let label_at = label_point(&shape)?;
    // Until the parents are known, a missing population is carried as the largest number; `join_zones` settles it.
    // A wrong one has been noted already and is not missing as well.
    let population = population.unwrap_or(if feature.has("population") { 0 } else { u64::MAX });
    Some(Zone {
        code: code?,
        name: name?,
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

fn read_reach(feature: &Feature<'_>, faults: &mut Faults) -> Option<Reach> {
    let code = feature.need("code", faults, read::code);
    let name = feature.need("name", faults, read::texts);
    let flows_into = feature.may("flows_into", faults, read::code);
    let travel_minutes = feature.need("travel_minutes", faults, read::number(0.1, 10_000.0));
    let line = feature.geometry(faults, read::line)?;
    let length_m = walk::length_m(&line);
    Some(Reach { code: code?, name: name?, line, flows_into, travel_minutes: travel_minutes?, length_m })
}

fn read_gauge(feature: &Feature<'_>, faults: &mut Faults) -> Option<Gauge> {
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

fn read_place(feature: &Feature<'_>, faults: &mut Faults) -> Option<Place> {
    let code = feature.need("code", faults, read::code);
    let name = feature.need("name", faults, read::texts);
    let kind = feature.need("kind", faults, read::one_of(&PlaceKind::ALL));
    let aliases = feature.may("aliases", faults, read::text_list).unwrap_or_default();
    let position = feature.geometry(faults, read::point);
    if kind == Some(PlaceKind::Zone) {
        faults.add(feature.at("kind"), "“zone” is not for places", "zones are found by their own names; leave it out");
    }
    Some(Place { code: code?, name: name?, aliases, kind: kind?, position: position? })
}

fn read_road(feature: &Feature<'_>, faults: &mut Faults) -> Option<Road> {
    let code = feature.need("code", faults, read::code::<ZoneCode>);
    let name = feature.need("name", faults, read::texts);
    let class = feature.need("class", faults, read::one_of(&RoadClass::ALL));
    let line = feature.geometry(faults, read::line);
    Some(Road { code: code?.into(), name: name?, class: class?, line: line? })
}

// ---- joining ----

/// Sorts by code and notes codes that stand twice; the first stays.
fn by_code<T>(file: &str, mut list: Vec<T>, code: impl Fn(&T) -> &str, faults: &mut Faults) -> Vec<T> {
    list.sort_by(|a, b| code(a).cmp(code(b)));
    for pair in list.windows(2).filter(|pair| code(&pair[0]) == code(&pair[1])) {
        faults.add(
            At::file(file).feature(code(&pair[0])).property("code"),
            "stands twice",
            "give every feature a code of its own",
        );
    }
    list.dedup_by(|b, a| code(a) == code(b));
    list
}

/// Checks parents, marks leaves, and sums populations upward.
fn join_zones(mut zones: Vec<Zone>, left_out: &BTreeSet<String>, faults: &mut Faults) -> Vec<Zone> {
    const FILE: &str = "zones.geojson";
    let parents: BTreeMap<ZoneCode, Option<ZoneCode>> =
        zones.iter().map(|zone| (zone.code.clone(), zone.parent.clone())).collect();
    let mut population: BTreeMap<ZoneCode, u64> = BTreeMap::new();
    let with_children: BTreeSet<ZoneCode> = zones.iter().filter_map(|zone| zone.parent.clone()).collect();
    for zone in &mut zones {
        zone.is_leaf = !with_children.contains(&zone.code);
        let at = At::file(FILE).feature(zone.code.as_str());
        if zone.is_leaf && zone.population == u64::MAX {
            faults.add(
                at.property("population"),
                "is missing",
                "every zone without children needs a number of residents",
            );
            zone.population = 0;
        }
        let mut climb = zone.parent.clone();
        let mut seen = BTreeSet::from([zone.code.clone()]);
        while let Some(parent) = climb.take() {
            if !seen.insert(parent.clone()) {
                faults.add(
                    at.property("parent"),
                    "leads round in a circle",
                    "a zone cannot lie in itself; mend the parents",
                );
                zone.parent = None;
                break;
            }
            let Some(grandparent) = parents.get(&parent) else {
                if !left_out.contains(parent.as_str()) {
                    let what = format!("zone “{parent}” is not in this file");
                    faults.add(at.property("parent"), what, "add it, or name another");
                }
                break;
            };
            if zone.is_leaf {
                *population.entry(parent).or_default() += zone.population;
            }
            climb.clone_from(grandparent);
        }
    }
    for zone in zones.iter_mut().filter(|zone| zone.population == u64::MAX) {
        zone.population = population.get(&zone.code).copied().unwrap_or(0);
    }
    if zones.is_empty() && faults.is_empty() {
        faults.add(At::file(FILE), "has no zone", "draw at least one");
    }
    zones
}

fn check_overlaps(zones: &[Zone], index: &ZoneIndex, faults: &mut Faults) {
    use geo::Area;
    for (one, zone) in zones.iter().enumerate().filter(|(_, zone)| zone.is_leaf) {
        let Some(rect) = zone.shape.bounding_rect() else { continue };
        for other in index.near(rect).into_iter().filter(|&other| other > one) {
            let plane = Plane::at(zone.label_at.coord());
            let (a, b) = (plane.shape_in_metres(&zone.shape), plane.shape_in_metres(&zones[other].shape));
            let overlap_m2 = a.intersection(&b).unsigned_area();
            if overlap_m2 > OVERLAP_SHARE_MAX * a.unsigned_area().min(b.unsigned_area()) {
                let at = At::file("zones.geojson").feature(zone.code.as_str()).property("geometry");
                let what = format!("overlaps zone “{}” by {overlap_m2:.0} m²", zones[other].code);
                faults.add(at, what, "let neighbours share the very same border points");
            }
        }
    }
}

/// The graph of reaches: known, meeting, without a circle.
fn check_river(reaches: &[Reach], left_out: &BTreeSet<String>, faults: &mut Faults) {
    let by_code: BTreeMap<&ReachCode, &Reach> = reaches.iter().map(|reach| (&reach.code, reach)).collect();
    for reach in reaches {
        let at = At::file("waterways.geojson").feature(reach.code.as_str()).property("flows_into");
        let Some(code) = &reach.flows_into else { continue };
        let Some(next) = by_code.get(code) else {
            if !left_out.contains(code.as_str()) {
                faults.add(at, format!("reach “{code}” is not in this file"), "add it, or name another");
            }
            continue;
        };
        let gap_m = walk::gap_m(reach, next);
        if gap_m > JOIN_TOLERANCE_M {
            let what = format!("its end lies {gap_m:.0} m from the start of “{code}”");
            let fix = format!(
                "draw both in the direction of flow, split at the confluence, ends within {JOIN_TOLERANCE_M} m"
            );
            faults.add(at, what, fix);
        }
        let mut seen = BTreeSet::from([&reach.code]);
        let mut follow = Some(*next);
        while let Some(step) = follow {
            if !seen.insert(&step.code) {
                faults.add(at, "the water flows round in a circle", "mend flows_into on the way from here");
                break;
            }
            follow = step.flows_into.as_ref().and_then(|code| by_code.get(code).copied());
        }
    }
}

fn check_gauges(gauges: &[Gauge], reaches: &[Reach], left_out: &BTreeSet<String>, faults: &mut Faults) {
    for gauge in gauges {
        let at = At::file("gauges.geojson").feature(gauge.code.as_str()).property("reach");
        let Some(code) = &gauge.reach else {
            if gauge.quantity == Quantity::StageM {
                faults.add(at, "is missing", "a stage gauge stands on a reach; name it");
            }
            continue;
        };
        let Some(reach) = reaches.iter().find(|reach| reach.code == *code) else {
            if !left_out.contains(code.as_str()) {
                faults.add(at, format!("reach “{code}” is not in waterways.geojson"), "add it there, or name another");
            }
            continue;
        };
        let plane = Plane::at(gauge.position.coord());
        let (_, off_m) = walk::nearest_on(&plane.line_in_metres(&reach.line), plane.metres(gauge.position.coord()));
        if gauge.quantity == Quantity::StageM && off_m > GAUGE_OFF_REACH_M_MAX {
            let what = format!("the gauge stands {off_m:.0} m from reach “{code}”");
            faults.add(
                at,
                what,
                format!("move it, or name the reach it stands on (at most {GAUGE_OFF_REACH_M_MAX} m)"),
            );
        }
    }
}

fn place_gauges(city: &mut City) {
    let zones: Vec<(GaugeCode, Option<ZoneCode>)> = city
        .gauges
        .iter()
        .map(|gauge| (gauge.code.clone(), city.zone_at(gauge.position).map(|zone| zone.code.clone())))
        .collect();
    for (gauge, (_, zone)) in city.gauges.iter_mut().zip(zones) {
        gauge.zone = zone;
    }
}
