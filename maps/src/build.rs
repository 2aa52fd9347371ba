//! Builds a city from its files, or says everything that is wrong with them.
//! Called by `City::build`.
//! Features are read first and joined afterwards, so that one bad feature hides no other fault.

use std::collections::{BTreeMap, BTreeSet};

use geo::BoundingRect;
use geo_types::Rect;

use crate::city::{CITY_FILE_NAMES, City, CityFiles};
use crate::fault::{At, Faults};
use crate::features;
use crate::gazetteer::Gazetteer;
use crate::index::ZoneIndex;
use crate::isolation::Access;
use crate::near::PlaceIndex;
use crate::position::Plane;
use crate::road_graph::RoadGraph;
use crate::{ContentHash, Fault, Zone, ZoneCode, overlap, river_check, road_check, street};

/// Two leaves may overlap by this part of the smaller one, which is what rounding and careless drawing cause.
const OVERLAP_SHARE_MAX: f64 = 0.002;

pub(crate) fn build(files: &CityFiles) -> Result<City, Vec<Fault>> {
    let mut faults = Faults::default();
    for name in files.keys().filter(|name| !CITY_FILE_NAMES.contains(&name.as_str())) {
        faults.add(At::file(name), "is not a file of a city", format!("a city has {}", CITY_FILE_NAMES.join(", ")));
    }
    let about = features::read_about(files, &mut faults);
    // Codes of features that were left out because of a fault: what names them is not at fault itself.
    let mut left_out = BTreeSet::new();
    let zones = features::read_all(files, "zones.geojson", true, &mut left_out, &mut faults, features::read_zone);
    let reaches =
        features::read_all(files, "waterways.geojson", false, &mut left_out, &mut faults, features::read_reach);
    let gauges = features::read_all(files, "gauges.geojson", false, &mut left_out, &mut faults, features::read_gauge);
    let places = features::read_all(files, "places.geojson", false, &mut left_out, &mut faults, features::read_place);
    let roads = features::read_all(files, "roads.geojson", false, &mut left_out, &mut faults, features::read_road);

    let zones = by_code("zones.geojson", zones, |zone| zone.code.as_str(), &mut faults);
    let reaches = by_code("waterways.geojson", reaches, |reach| reach.code.as_str(), &mut faults);
    let gauges = by_code("gauges.geojson", gauges, |gauge| gauge.code.as_str(), &mut faults);
    let places = by_code("places.geojson", places, |place| place.code.as_str(), &mut faults);
    let roads = by_code("roads.geojson", roads, |road| road.code.as_str(), &mut faults);

    let zones = join_zones(zones, &left_out, &mut faults);
    river_check::check_river(&reaches, &left_out, &mut faults);
    river_check::check_gauges(&gauges, &reaches, &left_out, &mut faults);
    let index = ZoneIndex::new(&zones);
    check_overlaps(&zones, &index, &mut faults);

    let bounds = zones.iter().filter_map(|zone| zone.shape.bounding_rect()).reduce(around);
    match (about, bounds) {
        (Some(about), Some(bounds)) if faults.is_empty() => {
            let road_graph = RoadGraph::new(&roads, &zones, &index);
            road_check::check(&roads, &road_graph, &mut faults);
            let streets = street::streets(&roads, &road_graph);
            let gazetteer = Gazetteer::new(&places, &zones, streets);
            let places_near = PlaceIndex::new(&places);
            let access = Access::new(&zones, &index, &places, &road_graph);
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
                road_graph,
                access,
                index,
                places_near,
                notes: faults.take_notes(),
                gazetteer,
            };
            place_gauges(&mut city);
            Ok(city)
        }
        _ => Err(faults.into_list()),
    }
}

/// SHA-256 over names, lengths and texts, in the order of names.
fn hash_of(files: &CityFiles) -> ContentHash {
    let mut hasher = ContentHash::hasher();
    for (name, text) in files {
        // Lengths go in as well, so that no text can pass for the next file's name.
        hasher.update(format!("{}:{name}{}:", name.len(), text.len()).as_bytes());
        hasher.update(text.as_bytes());
    }
    ContentHash::finished(hasher)
}

pub(crate) fn around(one: Rect<f64>, other: Rect<f64>) -> Rect<f64> {
    let (a, b, c, d) = (one.min(), one.max(), other.min(), other.max());
    Rect::new((a.x.min(c.x), a.y.min(c.y)), (b.x.max(d.x), b.y.max(d.y)))
}

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
            let (mut smaller, mut larger) = (zone, &zones[other]);
            if larger.shape.unsigned_area() < smaller.shape.unsigned_area() {
                std::mem::swap(&mut smaller, &mut larger);
            }
            let share = overlap::covered(&smaller.shape, &larger.shape);
            if share > OVERLAP_SHARE_MAX {
                let plane = Plane::at(smaller.label_at.coord());
                let overlap_m2 = share * plane.shape_in_metres(&smaller.shape).unsigned_area();
                let at = At::file("zones.geojson").feature(zone.code.as_str()).property("geometry");
                let what = format!("overlaps zone “{}” by {overlap_m2:.0} m²", zones[other].code);
                faults.add(at, what, "let neighbours share the very same border points");
            }
        }
    }
}

/// Notes for each gauge the leaf zone in which it stands.
fn place_gauges(city: &mut City) {
    let zones: Vec<Option<ZoneCode>> =
        city.gauges.iter().map(|gauge| city.zone_at(gauge.position).map(|zone| zone.code.clone())).collect();
    for (gauge, zone) in city.gauges.iter_mut().zip(zones) {
        gauge.zone = zone;
    }
}
