//! Streets: roads of one name that hang together, as people speak of them.
//! Made by `build` from the roads; asked by `locate` for crossings, middles, ends and the point nearest to a place.
//! A name that stands for several streets far apart gives several; equal answers go to the first road by code.

use std::collections::BTreeMap;

use geo_types::{Coord, LineString};

use crate::position::Plane;
use crate::road_graph::{Key, RoadGraph, key};
use crate::{PlaceCode, Position, Road, Texts, fold, text_in};

/// Ends of roads of one name that lie this near to each other are one street, in metres: the width of a square.
const SAME_STREET_M: f64 = 250.0;

/// Roads of one name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Street {
    /// Numbers of its roads, in the order of their codes.
    pub(crate) roads: Vec<u32>,
    /// By which it is known where no place stands for it.
    pub(crate) code: PlaceCode,
    pub(crate) name: Texts,
    pub(crate) aliases: Vec<String>,
    pub(crate) length_m: f64,
    /// A point on it near its middle.
    pub(crate) middle: Position,
}

/// All named streets, by name and then by their first road.
pub(crate) fn streets(roads: &[Road], graph: &RoadGraph) -> Vec<Street> {
    let mut by_name: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (road, number) in roads.iter().zip(0..) {
        let name = fold(text_in(&road.name, "fa"));
        if !name.is_empty() {
            by_name.entry(name).or_default().push(number);
        }
    }
    let mut ends: Vec<Vec<u32>> = vec![Vec::new(); roads.len()];
    for edge in graph.edges() {
        ends[edge.road as usize].extend([edge.from, edge.to]);
    }
    by_name.into_values().flat_map(|of| apart(&of, &ends, graph)).filter_map(|of| street(roads, of)).collect()
}

/// Roads of one name, taken together where they meet or nearly do.
fn apart(of: &[u32], ends: &[Vec<u32>], graph: &RoadGraph) -> Vec<Vec<u32>> {
    let Some(&origin) = of.first().and_then(|road| ends[*road as usize].first()) else { return Vec::new() };
    let plane = Plane::at(graph.nodes()[origin as usize]);
    #[expect(clippy::cast_possible_truncation, reason = "metres on the earth over 250")]
    let cell = |at: Coord<f64>| ((at.x / SAME_STREET_M).floor() as i64, (at.y / SAME_STREET_M).floor() as i64);
    let mut in_cell: BTreeMap<Key, Vec<(usize, Coord<f64>)>> = BTreeMap::new();
    let mut group: Vec<usize> = (0..of.len()).collect();
    for (index, road) in of.iter().enumerate() {
        for &node in &ends[*road as usize] {
            let at = plane.metres(graph.nodes()[node as usize]);
            let (x, y) = cell(at);
            for near in (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y))) {
                for &(other, there) in in_cell.get(&near).into_iter().flatten() {
                    if (at - there).x.hypot((at - there).y) <= SAME_STREET_M {
                        let (one, two) = (root(&mut group, index), root(&mut group, other));
                        group[one.max(two)] = one.min(two);
                    }
                }
            }
            in_cell.entry((x, y)).or_default().push((index, at));
        }
    }
    let mut groups: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (index, road) in of.iter().enumerate() {
        groups.entry(root(&mut group, index)).or_default().push(*road);
    }
    groups.into_values().collect()
}

fn root(group: &mut [usize], mut index: usize) -> usize {
    while group[index] != index {
        group[index] = group[group[index]];
        index = group[index];
    }
    index
}

fn street(roads: &[Road], of: Vec<u32>) -> Option<Street> {
    let first = &roads[*of.first()? as usize];
    let mut aliases: Vec<String> = Vec::new();
    for alias in
        of.iter().flat_map(|road| roads[*road as usize].aliases.iter().chain(roads[*road as usize].name.values()))
    {
        if !aliases.contains(alias) && !first.name.values().any(|name| name == alias) {
            aliases.push(alias.clone());
        }
    }
    let length_m = of.iter().map(|road| roads[*road as usize].length_m).sum();
    let code = PlaceCode::new(first.code.as_str()).expect("road codes and place codes have one alphabet");
    let mut street =
        Street { roads: of, code, name: first.name.clone(), aliases, length_m, middle: Position::new(0.0, 0.0).ok()? };
    // The point of the street that is nearest to the middle of its box.
    let coords = || street.lines(roads).flat_map(|line| line.0.iter());
    let (mut low, mut high) = (*coords().next()?, *coords().next()?);
    for at in coords() {
        (low.x, low.y, high.x, high.y) = (low.x.min(at.x), low.y.min(at.y), high.x.max(at.x), high.y.max(at.y));
    }
    let middle = (low + high) / 2.0;
    street.middle = street.nearest(roads, Position::new(middle.x, middle.y).ok()?)?.0;
    Some(street)
}

/// One of the two ends of a street, as seen from somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Near,
    Far,
}

impl Street {
    pub(crate) fn lines<'a>(&'a self, roads: &'a [Road]) -> impl Iterator<Item = &'a LineString<f64>> {
        self.roads.iter().map(|road| &roads[*road as usize].line)
    }

    /// The point of the street that is nearest to a position, and the metres to it.
    pub(crate) fn nearest(&self, roads: &[Road], to: Position) -> Option<(Position, f64)> {
        let plane = Plane::at(to.coord());
        let origin = Coord { x: 0.0, y: 0.0 };
        let mut best: Option<(Coord<f64>, f64)> = None;
        for line in self.lines(roads) {
            for edge in plane.line_in_metres(line).lines() {
                let at = nearest_of(edge, origin);
                let off = at.x.hypot(at.y);
                if best.is_none_or(|(_, least)| off < least) {
                    best = Some((at, off));
                }
            }
        }
        let (at, off) = best?;
        let at = plane.degrees(at);
        Some((Position::new(at.x, at.y).ok()?, off))
    }

    /// The positions at which two streets meet, by common nodes; empty when they do not. From west to east.
    pub(crate) fn meetings(&self, other: &Street, roads: &[Road]) -> Vec<Position> {
        let keys = |street: &Street| -> BTreeMap<Key, Coord<f64>> {
            street.lines(roads).flat_map(|line| line.0.iter().map(|&at| (key(at), at))).collect()
        };
        let theirs = keys(other);
        let met = keys(self).into_iter().filter(|(key, _)| theirs.contains_key(key));
        met.filter_map(|(_, at)| Position::new(at.x, at.y).ok()).collect()
    }

    /// The middle of the shortest way between two streets, and its length in metres.
    pub(crate) fn closest(&self, other: &Street, roads: &[Road]) -> Option<(Position, f64)> {
        // The least distance between two lines that do not cross is at a vertex of one of them.
        let from = |one: &Street, two: &Street| {
            let vertices = one.lines(roads).flat_map(|line| line.0.iter());
            let near = vertices.filter_map(|&at| {
                let at = Position::new(at.x, at.y).ok()?;
                let (there, off) = two.nearest(roads, at)?;
                let middle = (at.coord() + there.coord()) / 2.0;
                Some((Position::new(middle.x, middle.y).ok()?, off))
            });
            near.min_by(|a, b| a.1.total_cmp(&b.1))
        };
        [from(self, other), from(other, self)].into_iter().flatten().min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The end that lies nearest to, or farthest from, a position.
    pub(crate) fn end(&self, roads: &[Road], which: End, from: Position) -> Option<Position> {
        let ends = self.lines(roads).flat_map(|line| [line.0.first(), line.0.last()].into_iter().flatten());
        let ends = ends.filter_map(|at| Position::new(at.x, at.y).ok()).map(|at| (from.metres_to(at), at));
        let nearest_first = |a: &(f64, Position), b: &(f64, Position)| a.0.total_cmp(&b.0);
        let end = match which {
            End::Near => ends.min_by(nearest_first),
            End::Far => ends.max_by(nearest_first),
        };
        end.map(|(_, at)| at)
    }
}

/// The point of an edge that is nearest to another point, all in metres.
fn nearest_of(edge: geo_types::Line<f64>, to: Coord<f64>) -> Coord<f64> {
    let way = edge.end - edge.start;
    let length2 = way.x * way.x + way.y * way.y;
    let off = to - edge.start;
    let part = if length2 > 0.0 { ((off.x * way.x + off.y * way.y) / length2).clamp(0.0, 1.0) } else { 0.0 };
    edge.start + way * part
}
