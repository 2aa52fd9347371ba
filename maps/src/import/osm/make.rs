//! What was read of an extract becomes the layers of a city.
//! Called by `import` after the file has been gone over.
//! Codes are the identifiers of OpenStreetMap (`n…`, `w…`, `r…`), so they are the same in the next import; what is left out is counted.

use std::collections::{BTreeMap, HashMap};

use geo_types::{Coord, LineString, MultiPolygon, Rect};
use serde_json::{Map, Value, json};

use super::super::emit::{Kind, Lines, point_value};
use super::super::layer::{self, building_of};
use super::super::network::Line;
use super::super::record::point_of;
use super::super::zones::{self, Draft};
use super::super::{Made, Report, rings};
use super::OsmSettings;
use super::pbf::Tags;
use super::pick::{self, Direction, Dwelling};
use super::read::{Extract, Relation, Way, What};
use crate::read::VERTICES_MAX;

/// What is made, layer by layer.
#[derive(Default)]
struct Layers {
    drafts: Vec<Draft>,
    waters: Vec<Line<Map<String, Value>>>,
    roads: Vec<Line<Map<String, Value>>>,
    places: Lines,
    made: Made,
    of_zones: Report,
    of_waters: Report,
    of_roads: Report,
    of_places: Report,
    of_buildings: Report,
}

pub(super) fn layers(extract: Extract, settings: &OsmSettings) -> Made {
    let mut layers =
        Layers { of_roads: extract.of_roads.clone(), of_waters: extract.of_waters.clone(), ..Layers::default() };
    for node in &extract.nodes {
        let tags: Vec<(&str, &str)> = borrowed(&node.tags);
        layers.place(&tags, &format!("n{}", node.id), node.at);
    }
    let by_id: HashMap<i64, &Way> = extract.ways.iter().map(|way| (way.id, way)).collect();
    for relation in &extract.relations {
        layers.relation(relation, &extract, &by_id, settings);
    }
    for way in &extract.ways {
        layers.way(way, &extract, settings);
    }
    drop(by_id);
    drop(extract);
    layers.finished(settings)
}

fn borrowed(tags: &[(String, String)]) -> Vec<(&str, &str)> {
    tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

impl Layers {
    fn place(&mut self, tags: &Tags<'_>, code: &str, at: Coord<f64>) {
        let Some(kind) = pick::place(tags) else { return };
        self.of_places.read += 1;
        let mut properties = pick::named(tags);
        if !properties.contains_key("name") {
            match pick::kind_name(kind) {
                Some(name) => {
                    self.of_places.note("has no name; that of its kind was written", code);
                    properties.insert("name".to_owned(), name);
                }
                None => return self.of_places.skip("has no name", code),
            }
        }
        properties.insert("code".to_owned(), json!(code));
        properties.insert("kind".to_owned(), json!(kind));
        let capacity =
            pick::tag(tags, "beds").or_else(|| pick::tag(tags, "capacity")).and_then(|text| text.parse::<u32>().ok());
        if let Some(capacity) = capacity.filter(|&capacity| capacity <= 1_000_000) {
            properties.insert("capacity".to_owned(), json!(capacity));
        }
        if let Some(phone) = pick::tag(tags, "phone").or_else(|| pick::tag(tags, "contact:phone")) {
            // Of several numbers the first.
            properties.insert("phone".to_owned(), json!(phone.split(';').next().unwrap_or_default().trim()));
        }
        self.places.put(Kind::Place, properties, &point_value(at), code, &mut self.of_places);
    }

    fn zone(&mut self, tags: &Tags<'_>, kind: &str, code: String, shape: MultiPolygon<f64>) {
        let mut properties = pick::named(tags);
        properties.insert("code".to_owned(), json!(code));
        properties.insert("kind".to_owned(), json!(kind));
        if let Some(population) = pick::tag(tags, "population").and_then(|text| text.parse::<u64>().ok()) {
            properties.insert("population".to_owned(), json!(population));
        }
        self.drafts.push(Draft { label: code, properties, shape });
    }

    fn relation(&mut self, relation: &Relation, extract: &Extract, by_id: &HashMap<i64, &Way>, settings: &OsmSettings) {
        let tags = borrowed(&relation.tags);
        let code = format!("r{}", relation.id);
        let kind = pick::zone(&tags, &settings.zone_levels);
        let dwelling = pick::dwelling(&tags);
        let area = area(relation, extract, by_id);
        // A relation of which the extract holds nothing is another city's.
        let area = match area {
            Ok(area) => area,
            Err(None) => return,
            Err(Some(why)) => {
                if kind.is_some() {
                    self.of_zones.read += 1;
                    self.of_zones.skip(why, &code);
                } else if pick::place(&tags).is_some() {
                    self.of_places.read += 1;
                    self.of_places.skip(why, &code);
                } else {
                    self.of_buildings.read += 1;
                    self.of_buildings.skip(why, &code);
                }
                return;
            }
        };
        if !settings.bbox.is_none_or(|bbox| touches(&area, bbox)) {
            return;
        }
        if let Some(kind) = kind {
            self.of_zones.read += 1;
            self.zone(&tags, kind, code.clone(), area.clone());
        }
        if let Some(Dwelling { levels }) = dwelling {
            self.of_buildings.read += 1;
            for polygon in &area {
                match building_of(&polygon.exterior().0, levels) {
                    Some(building) => {
                        self.of_buildings.made += 1;
                        self.made.buildings.push(building);
                    }
                    None => self.of_buildings.skip("has no place", &code),
                }
            }
        }
        if let Some(at) = point_of(&area.into()) {
            self.place(&tags, &code, at);
        }
    }

    fn way(&mut self, way: &Way, extract: &Extract, settings: &OsmSettings) {
        let nodes = extract.nodes_of(way);
        let code = format!("w{}", way.id);
        let tags = match &way.what {
            What::Member => return,
            What::Dwelling(dwelling) => return self.dwelling(&code, nodes, *dwelling, extract),
            What::Tagged(tags) => borrowed(tags),
        };
        if nodes.len() > VERTICES_MAX {
            return self.of_roads.skip(format!("has more than {VERTICES_MAX} vertices"), &code);
        }
        if let Some(dwelling) = pick::dwelling(&tags) {
            self.dwelling(&code, nodes, dwelling, extract);
        }
        if let Some(class) = pick::waterway(&tags) {
            self.of_waters.read += 1;
            let mut about = pick::named(&tags);
            about.remove("aliases");
            about.insert("class".to_owned(), json!(class));
            if pick::bed(&tags) == Some("tunnel") {
                about.insert("tunnel".to_owned(), json!(true));
            }
            put_runs(&mut self.waters, &mut self.of_waters, &code, nodes, &about, extract);
        }
        if let Some(Ok(class)) = pick::road(&tags) {
            self.of_roads.read += 1;
            let mut about = pick::named(&tags);
            about.insert("class".to_owned(), json!(class));
            if let Some(bed) = pick::bed(&tags) {
                about.insert(bed.to_owned(), json!(true));
            }
            let direction = pick::direction(&tags);
            if direction != Direction::Both {
                about.insert("one_way".to_owned(), json!(true));
            }
            if direction == Direction::Backward {
                let turned: Vec<i64> = nodes.iter().rev().copied().collect();
                put_runs(&mut self.roads, &mut self.of_roads, &code, &turned, &about, extract);
            } else {
                put_runs(&mut self.roads, &mut self.of_roads, &code, nodes, &about, extract);
            }
        }
        let kind = pick::zone(&tags, &settings.zone_levels);
        if kind.is_none() && pick::place(&tags).is_none() {
            return;
        }
        let coords: Vec<Coord<f64>> = nodes.iter().filter_map(|&node| extract.place(node)).collect();
        let closed = nodes.len() > 3 && nodes.first() == nodes.last();
        match (kind, closed && coords.len() == nodes.len()) {
            (Some(kind), true) => {
                self.of_zones.read += 1;
                match rings::areas(vec![LineString(coords.clone())]) {
                    Ok(area) => self.zone(&tags, kind, code.clone(), area),
                    Err(why) => self.of_zones.skip(why, &code),
                }
            }
            // Ways of a boundary bear its tags and are parts of a relation.
            (Some(_), false) if pick::tag(&tags, "boundary").is_some() => {}
            (Some(_), false) => {
                self.of_zones.read += 1;
                self.of_zones.skip("its outline is not closed in this extract", &code);
            }
            (None, _) => {}
        }
        let line = LineString(coords);
        let at = if closed {
            rings::areas(vec![line]).ok().and_then(|area| point_of(&area.into()))
        } else {
            point_of(&line.into())
        };
        if let Some(at) = at {
            self.place(&tags, &code, at);
        }
    }

    fn dwelling(&mut self, code: &str, nodes: &[i64], dwelling: Dwelling, extract: &Extract) {
        self.of_buildings.read += 1;
        let ring: Vec<Coord<f64>> = nodes.iter().filter_map(|&node| extract.place(node)).collect();
        let building =
            building_of(&ring, dwelling.levels).filter(|_| ring.len() == nodes.len() && nodes.first() == nodes.last());
        match building {
            Some(building) => {
                self.of_buildings.made += 1;
                self.made.buildings.push(building);
            }
            None => self.of_buildings.skip("its outline is not closed in this extract", code),
        }
    }

    fn finished(mut self, settings: &OsmSettings) -> Made {
        let zones = zones::lines(self.drafts, &mut self.of_zones);
        let waters = layer::reaches(self.waters, settings.wave_m_s, 0.0, &mut self.of_waters);
        let roads = layer::roads(self.roads, &mut self.of_roads);
        let mut made = self.made;
        for (kind, lines, report) in [
            (Kind::Zone, zones, &self.of_zones),
            (Kind::Reach, waters, &self.of_waters),
            (Kind::Place, self.places, &self.of_places),
            (Kind::Road, roads, &self.of_roads),
        ] {
            if report.made > 0 {
                made.files.push((kind.file(), lines.text()));
            }
        }
        made.reports = vec![
            ("zones", self.of_zones),
            ("waterways", self.of_waters),
            ("places", self.of_places),
            ("roads", self.of_roads),
            ("buildings", self.of_buildings),
        ];
        made
    }
}

/// A line for each run of nodes that the extract holds: where some are missing the line is cut, never drawn across.
fn put_runs(
    lines: &mut Vec<Line<Map<String, Value>>>,
    report: &mut Report,
    code: &str,
    nodes: &[i64],
    about: &Map<String, Value>,
    extract: &Extract,
) {
    let mut number = 0;
    let mut missing = false;
    let (mut keys, mut coords) = (Vec::new(), Vec::new());
    for place in nodes.iter().map(Some).chain([None]) {
        let found = place.and_then(|&node| extract.place(node).map(|coord| (node, coord)));
        if let Some((node, coord)) = found {
            if keys.last() != Some(&node.cast_unsigned()) {
                keys.push(node.cast_unsigned());
                coords.push(coord);
            }
            continue;
        }
        missing |= place.is_some();
        let run = (std::mem::take(&mut keys), std::mem::take(&mut coords));
        if run.0.len() > 1 {
            number += 1;
            let code = if number == 1 { code.to_owned() } else { format!("{code}-p{number}") };
            lines.push(Line { code, keys: run.0, coords: run.1, about: about.clone() });
        }
    }
    if missing {
        report.note("leaves the extract; what lies beyond is not known", code);
    }
}

/// The area of a relation; nothing when the extract has none of its ways, a reason when it has not all that it needs.
fn area(
    relation: &Relation,
    extract: &Extract,
    by_id: &HashMap<i64, &Way>,
) -> Result<MultiPolygon<f64>, Option<String>> {
    let mut ways: Vec<Vec<i64>> = Vec::new();
    let mut missing = 0;
    let mut vertices = 0;
    for id in &relation.ways {
        match by_id.get(id) {
            Some(way) => {
                let nodes = extract.nodes_of(way);
                vertices += nodes.len();
                ways.push(nodes.to_vec());
            }
            None => missing += 1,
        }
    }
    if ways.is_empty() {
        return Err(None);
    }
    if vertices > VERTICES_MAX {
        return Err(Some(format!("has more than {VERTICES_MAX} vertices")));
    }
    let known = |ring: &Vec<i64>| ring.iter().map(|&node| extract.place(node)).collect::<Option<Vec<Coord<f64>>>>();
    let rings: Option<Vec<Vec<i64>>> = closed(ways);
    let (Some(rings), 0) = (rings, missing) else {
        return Err(Some("its outline is not closed in this extract".to_owned()));
    };
    let rings: Option<Vec<LineString<f64>>> = rings.iter().map(|ring| known(ring).map(LineString)).collect();
    let rings = rings.ok_or_else(|| Some("its outline is not closed in this extract".to_owned()))?;
    rings::areas(rings).map_err(Some)
}

/// Rings of ways, put together at their ends in either direction; none when something remains open. O(ways log ways).
fn closed(ways: Vec<Vec<i64>>) -> Option<Vec<Vec<i64>>> {
    let mut rings = Vec::new();
    let mut at_end: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    let mut open: Vec<Option<Vec<i64>>> = Vec::with_capacity(ways.len());
    for way in ways {
        let (Some(&first), Some(&last)) = (way.first(), way.last()) else { continue };
        if first == last {
            rings.push(way);
            continue;
        }
        at_end.entry(first).or_default().push(open.len());
        at_end.entry(last).or_default().push(open.len());
        open.push(Some(way));
    }
    for begin in 0..open.len() {
        let Some(mut ring) = open[begin].take() else { continue };
        while ring.first() != ring.last() {
            let end = *ring.last()?;
            let candidates = at_end.get_mut(&end)?;
            let next = loop {
                let candidate = candidates.pop()?;
                if let Some(way) = open[candidate].take() {
                    break way;
                }
            };
            if next.first() == Some(&end) {
                ring.extend_from_slice(&next[1..]);
            } else {
                ring.extend(next.iter().rev().skip(1));
            }
        }
        rings.push(ring);
    }
    Some(rings)
}

fn touches(area: &MultiPolygon<f64>, bbox: Rect<f64>) -> bool {
    use geo::Intersects;
    area.intersects(&bbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_of_a_boundary_close_in_whatever_order_and_direction_they_stand() {
        let rings = closed(vec![vec![1, 2, 3], vec![5, 4, 3], vec![5, 1], vec![9, 8, 7, 9]]).unwrap();
        assert_eq!(rings, [vec![9, 8, 7, 9], vec![1, 2, 3, 4, 5, 1]]);
        assert_eq!(closed(vec![vec![1, 2, 3], vec![3, 4]]), None);
        // Two rings that touch at a node are two rings.
        let rings = closed(vec![vec![1, 2], vec![2, 3, 1], vec![1, 4], vec![4, 5, 1]]).unwrap();
        assert_eq!(rings.len(), 2);
    }
}
