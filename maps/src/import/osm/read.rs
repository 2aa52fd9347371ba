//! Goes over an extract three times: which nodes lie in the box, which ways and relations are wanted, where their nodes are.
//! Called by `import`; order of elements in the file does not matter.
//! Limits hold before memory is taken; what a limit refuses is a box that is too large, and is said so.

use std::collections::HashSet;
use std::io::{Read, Seek};

use geo_types::Coord;

use super::super::{BadSource, Report};
use super::OsmSettings;
use super::pbf::{NODES, Pbf, RELATIONS, Tags, Takes, WAYS};
use super::pick::{self, Dwelling, ZoneLevels};

/// Most nodes in the box, and most that kept ways need.
const NODES_MAX: usize = 24_000_000;
/// Most vertices of kept ways.
const VERTICES_MAX: usize = 32_000_000;
/// Most kept elements of other sorts.
const ELEMENTS_MAX: usize = 4_000_000;
/// Most bytes of one tag that is kept.
const TAG_BYTES_MAX: usize = 2_000;

const SMALLER: &str = "choose a smaller --bbox, or cut the extract: osmium extract -b W,S,E,N";

/// Tags that are kept.
pub(super) type Kept = Vec<(String, String)>;

/// A node that is a place.
pub(super) struct Node {
    pub(super) id: i64,
    pub(super) at: Coord<f64>,
    pub(super) tags: Kept,
}

/// What a way is kept for.
pub(super) enum What {
    /// A building in which people may live.
    Dwelling(Dwelling),
    /// Something with tags.
    Tagged(Kept),
    /// Part of a relation.
    Member,
}

/// A way, with its vertices as a part of one long list.
pub(super) struct Way {
    pub(super) id: i64,
    from: u32,
    to: u32,
    pub(super) what: What,
}

/// A relation that is an area.
pub(super) struct Relation {
    pub(super) id: i64,
    pub(super) ways: Vec<i64>,
    pub(super) tags: Kept,
}

/// What of an extract is wanted.
#[derive(Default)]
pub(super) struct Extract {
    pub(super) nodes: Vec<Node>,
    pub(super) ways: Vec<Way>,
    pub(super) relations: Vec<Relation>,
    /// Roads and waterways that are none of a city's.
    pub(super) of_roads: Report,
    pub(super) of_waters: Report,
    vertices: Vec<i64>,
    /// Identifiers of the needed nodes, sorted, and their places; a place beyond the earth is not known.
    ids: Vec<i64>,
    places: Vec<[i32; 2]>,
}

/// No place.
const NOWHERE: [i32; 2] = [i32::MAX, i32::MAX];

pub(super) fn degrees(e7: [i32; 2]) -> Coord<f64> {
    Coord { x: f64::from(e7[0]) / 1e7, y: f64::from(e7[1]) / 1e7 }
}

impl Extract {
    /// The nodes of a way.
    pub(super) fn nodes_of(&self, way: &Way) -> &[i64] {
        &self.vertices[way.from as usize..way.to as usize]
    }

    /// Where a node is; none when it is not in the extract.
    pub(super) fn place(&self, node: i64) -> Option<Coord<f64>> {
        let at = self.ids.binary_search(&node).ok()?;
        (self.places[at] != NOWHERE).then(|| degrees(self.places[at]))
    }
}

/// Reads what is wanted.
pub(super) fn extract(input: impl Read + Seek, settings: &OsmSettings) -> Result<Extract, BadSource> {
    let mut pbf = Pbf::new(input);
    let e7 = |degrees: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to the earth")]
        let whole = (degrees.clamp(-180.0, 180.0) * 1e7).round() as i32;
        whole
    };
    let bbox = settings.bbox.map(|bbox| [[e7(bbox.min().x), e7(bbox.min().y)], [e7(bbox.max().x), e7(bbox.max().y)]]);
    let mut first =
        First { bbox, levels: &settings.zone_levels, in_box: Vec::new(), nodes: Vec::new(), relations: Vec::new() };
    pbf.first(NODES | RELATIONS, &mut first)?;
    let First { mut in_box, nodes, relations, .. } = first;
    if !in_box.is_sorted() {
        in_box.sort_unstable();
    }
    let members: HashSet<i64> = relations.iter().flat_map(|relation| relation.ways.iter().copied()).collect();
    let mut second = Second {
        in_box: bbox.is_some().then_some(in_box),
        levels: &settings.zone_levels,
        members,
        extract: Extract { nodes, relations, ..Extract::default() },
    };
    pbf.again(WAYS, &mut second)?;
    let Second { mut extract, in_box, members, .. } = second;
    drop((in_box, members));
    extract.ids.clone_from(&extract.vertices);
    extract.ids.sort_unstable();
    extract.ids.dedup();
    if extract.ids.len() > NODES_MAX {
        return Err(too_many("nodes of ways"));
    }
    extract.ids.shrink_to_fit();
    extract.places = vec![NOWHERE; extract.ids.len()];
    let mut third = Third { extract, next: 0 };
    pbf.again(NODES, &mut third)?;
    Ok(third.extract)
}

fn too_many(what: &str) -> BadSource {
    BadSource::new("the box", format!("holds too many {what}"), SMALLER)
}

fn kept(tags: &Tags<'_>) -> Kept {
    let short = tags.iter().filter(|(key, value)| key.len() + value.len() <= TAG_BYTES_MAX);
    short.map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Nodes in the box and relations that are areas.
struct First<'a> {
    bbox: Option<[[i32; 2]; 2]>,
    levels: &'a ZoneLevels,
    in_box: Vec<i64>,
    nodes: Vec<Node>,
    relations: Vec<Relation>,
}

impl Takes for First<'_> {
    fn node(&mut self, id: i64, lon_e7: i32, lat_e7: i32, tags: &Tags<'_>) -> Result<(), BadSource> {
        if let Some([least, most]) = self.bbox {
            if !(least[0]..=most[0]).contains(&lon_e7) || !(least[1]..=most[1]).contains(&lat_e7) {
                return Ok(());
            }
            if self.in_box.len() >= NODES_MAX {
                return Err(too_many("nodes"));
            }
            self.in_box.push(id);
        }
        if !tags.is_empty() && pick::place(tags).is_some() {
            if self.nodes.len() >= ELEMENTS_MAX {
                return Err(too_many("places"));
            }
            self.nodes.push(Node { id, at: degrees([lon_e7, lat_e7]), tags: kept(tags) });
        }
        Ok(())
    }

    fn way(&mut self, _: i64, _: &[i64], _: &Tags<'_>) -> Result<(), BadSource> {
        Ok(())
    }

    fn relation(&mut self, id: i64, members: &[(u8, i64)], tags: &Tags<'_>) -> Result<(), BadSource> {
        let area = matches!(pick::tag(tags, "type"), Some("multipolygon" | "boundary"));
        let wanted =
            pick::zone(tags, self.levels).is_some() || pick::place(tags).is_some() || pick::dwelling(tags).is_some();
        if area && wanted {
            let ways: Vec<i64> = members.iter().filter(|(kind, _)| *kind == 1).map(|(_, id)| *id).collect();
            let held: usize = self.relations.len() + ways.len();
            if held >= ELEMENTS_MAX {
                return Err(too_many("relations"));
            }
            self.relations.push(Relation { id, ways, tags: kept(tags) });
        }
        Ok(())
    }
}

/// Ways that are wanted, by their tags or by a relation.
struct Second<'a> {
    in_box: Option<Vec<i64>>,
    levels: &'a ZoneLevels,
    members: HashSet<i64>,
    extract: Extract,
}

impl Second<'_> {
    fn touches(&self, nodes: &[i64]) -> bool {
        self.in_box.as_ref().is_none_or(|in_box| nodes.iter().any(|node| in_box.binary_search(node).is_ok()))
    }
}

impl Takes for Second<'_> {
    fn node(&mut self, _: i64, _: i32, _: i32, _: &Tags<'_>) -> Result<(), BadSource> {
        Ok(())
    }

    fn way(&mut self, id: i64, nodes: &[i64], tags: &Tags<'_>) -> Result<(), BadSource> {
        let member = self.members.contains(&id);
        let tagged = pick::waterway(tags).is_some()
            || pick::road(tags).is_some_and(|class| class.is_ok())
            || pick::place(tags).is_some()
            || pick::zone(tags, self.levels).is_some();
        let dwelling = pick::dwelling(tags);
        if let Some(Err(why)) = pick::road(tags).filter(|_| self.touches(nodes)) {
            self.extract.of_roads.read += 1;
            self.extract.of_roads.skip(why, &format!("w{id}"));
        }
        let other = pick::tag(tags, "waterway").filter(|_| pick::waterway(tags).is_none());
        if let Some(other) = other.filter(|_| self.touches(nodes)) {
            self.extract.of_waters.read += 1;
            self.extract.of_waters.skip(format!("waterway={other:.40} is none that floods a city"), &format!("w{id}"));
        }
        if nodes.len() < 2 || !(member || tagged || dwelling.is_some()) {
            return Ok(());
        }
        let touches = self.touches(nodes);
        let what = match (touches && tagged, touches.then_some(dwelling).flatten()) {
            (true, _) => What::Tagged(kept(tags)),
            (false, Some(dwelling)) => What::Dwelling(dwelling),
            (false, None) if member => What::Member,
            (false, None) => return Ok(()),
        };
        let vertices = &mut self.extract.vertices;
        if vertices.len() + nodes.len() > VERTICES_MAX || self.extract.ways.len() >= ELEMENTS_MAX {
            return Err(too_many("ways"));
        }
        let place = |at: usize| u32::try_from(at).map_err(|_| too_many("ways"));
        let from = place(vertices.len())?;
        vertices.extend_from_slice(nodes);
        let to = place(vertices.len())?;
        self.extract.ways.push(Way { id, from, to, what });
        Ok(())
    }

    fn relation(&mut self, _: i64, _: &[(u8, i64)], _: &Tags<'_>) -> Result<(), BadSource> {
        Ok(())
    }
}

/// Where the needed nodes are.
struct Third {
    extract: Extract,
    /// Where the next node probably stands in the list: files are in the order of identifiers.
    next: usize,
}

impl Takes for Third {
    fn node(&mut self, id: i64, lon_e7: i32, lat_e7: i32, _: &Tags<'_>) -> Result<(), BadSource> {
        let ids = &self.extract.ids;
        let at = match ids.get(self.next) {
            Some(&there) if there == id => self.next,
            // Between the last found and the next wanted: most nodes of an extract.
            Some(&there) if id < there && self.next > 0 && ids[self.next - 1] < id => return Ok(()),
            _ => match ids.binary_search(&id) {
                Ok(at) => at,
                Err(at) => {
                    self.next = at;
                    return Ok(());
                }
            },
        };
        self.extract.places[at] = [lon_e7, lat_e7];
        self.next = at + 1;
        Ok(())
    }

    fn way(&mut self, _: i64, _: &[i64], _: &Tags<'_>) -> Result<(), BadSource> {
        Ok(())
    }

    fn relation(&mut self, _: i64, _: &[(u8, i64)], _: &Tags<'_>) -> Result<(), BadSource> {
        Ok(())
    }
}
