//! The roads as a graph: nodes where pieces end or meet, one in each zone that a road leads through, and edges between them.
//! Made by `City::build`; walked by isolation, asked by streets and crossings.
//! Nodes are in the order of their positions and edges in the order of road codes, so that the order of features does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use geo::{BoundingRect, Intersects};
use geo_types::{Coord, Rect};
use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::index::ZoneIndex;
use crate::position::Plane;
use crate::{Position, Road, Zone};

/// A road graph: the number of a node or edge is its place in the list.
#[derive(Debug, Default)]
pub struct RoadGraph {
    nodes: Vec<Coord<f64>>,
    edges: Vec<RoadEdge>,
    /// Where the ways out of each node begin in `ways`; one more than there are nodes.
    first: Vec<u32>,
    /// (Node at the other end, edge).
    ways: Vec<(u32, u32)>,
    near: RTree<GeomWithData<[f64; 2], u32>>,
}

/// The part of a road between two nodes with none between.
#[derive(Debug, Clone, PartialEq)]
pub struct RoadEdge {
    /// Number of the road in [`City::roads`](crate::City::roads).
    pub road: u32,
    /// Node where the part begins, in the direction of the road's line.
    pub from: u32,
    /// Node where it ends; the same as `from` where a road runs in a circle.
    pub to: u32,
    /// Which vertices of the road's line, both ends included.
    pub vertices: Range<usize>,
    /// Length in metres.
    pub length_m: f64,
    /// Its part of the road's minutes, by length.
    pub minutes: f64,
}

/// Distances that differ by less are the same, in metres: rounding must not choose.
const SAME_M: f64 = 0.001;

/// A position as it is compared: to 7 decimals of a degree.
pub(crate) type Key = (i64, i64);

#[expect(clippy::cast_possible_truncation, reason = "at most 3.6e9 for what has been checked as a position")]
pub(crate) fn key(at: Coord<f64>) -> Key {
    ((at.x * 1e7).round() as i64, (at.y * 1e7).round() as i64)
}

fn short(value: usize) -> u32 {
    u32::try_from(value).expect("FEATURES_MAX times VERTICES_MAX is bounded by the bytes of a file, far below 2^32")
}

impl RoadGraph {
    /// Of roads in the order of their codes. O(n log n) in their vertices.
    ///
    /// A leaf zone through which a road leads without a node in it gets one: the vertex there that is nearest to its label point.
    pub(crate) fn new(roads: &[Road], zones: &[Zone], index: &ZoneIndex) -> RoadGraph {
        let graph = RoadGraph::with_stops(roads, &BTreeSet::new());
        let mut empty: BTreeMap<usize, Option<(f64, Key)>> =
            zones.iter().enumerate().filter(|(_, zone)| zone.is_leaf).map(|(number, _)| (number, None)).collect();
        let holder = |at: Coord<f64>| Position::new(at.x, at.y).ok().and_then(|position| index.holder(position));
        for zone in graph.nodes.iter().filter_map(|&node| holder(node)) {
            empty.remove(&zone);
        }
        if roads.is_empty() || empty.is_empty() {
            return graph;
        }
        let boxes: BTreeMap<usize, Rect<f64>> =
            empty.keys().filter_map(|&zone| Some((zone, zones[zone].shape.bounding_rect()?))).collect();
        for &at in roads.iter().flat_map(|road| &road.line.0) {
            let near = boxes.values().any(|rect| rect.intersects(&at));
            let Some((zone, best)) =
                near.then(|| holder(at)).flatten().and_then(|zone| Some((zone, empty.get_mut(&zone)?)))
            else {
                continue;
            };
            let metres = Plane::at(zones[zone].label_at.coord()).metres(at);
            let stop = (metres.x.hypot(metres.y), key(at));
            if best.is_none_or(|best| stop < best) {
                *best = Some(stop);
            }
        }
        let stops: BTreeSet<Key> = empty.into_values().flatten().map(|(_, key)| key).collect();
        if stops.is_empty() { graph } else { RoadGraph::with_stops(roads, &stops) }
    }

    fn with_stops(roads: &[Road], stops: &BTreeSet<Key>) -> RoadGraph {
        // How often each position is passed; an end counts twice, so that it is a node in any case.
        let mut passed: BTreeMap<Key, (u32, Coord<f64>)> = BTreeMap::new();
        for road in roads {
            let last = road.line.0.len().saturating_sub(1);
            for (index, &at) in road.line.0.iter().enumerate() {
                // Of positions that are the same to 7 decimals the least one stands for all, whichever road comes first.
                let entry = passed.entry(key(at)).or_insert((0, at));
                entry.0 += if index == 0 || index == last || stops.contains(&key(at)) { 2 } else { 1 };
                if (at.x, at.y) < (entry.1.x, entry.1.y) {
                    entry.1 = at;
                }
            }
        }
        passed.retain(|_, (times, _)| *times > 1);
        let number: BTreeMap<Key, u32> = passed.keys().copied().zip(0..).collect();
        let nodes: Vec<Coord<f64>> = passed.into_values().map(|(_, at)| at).collect();

        let mut edges = Vec::new();
        for (road_number, road) in roads.iter().enumerate() {
            let line = &road.line.0;
            let Some(&start) = line.first() else { continue };
            let plane = Plane::at(start);
            let whole_m = road.length_m.max(1e-9);
            let (mut begin, mut length_m) = (0, 0.0);
            for index in 1..line.len() {
                let way = plane.metres(line[index]) - plane.metres(line[index - 1]);
                length_m += way.x.hypot(way.y);
                if let (Some(&from), Some(&to)) = (number.get(&key(line[begin])), number.get(&key(line[index]))) {
                    let minutes = road.minutes * (length_m / whole_m).min(1.0);
                    let vertices = begin..index + 1;
                    edges.push(RoadEdge { road: short(road_number), from, to, vertices, length_m, minutes });
                    (begin, length_m) = (index, 0.0);
                }
            }
        }
        let (first, ways) = ways(nodes.len(), &edges);
        let near = nodes.iter().zip(0..).map(|(node, index)| GeomWithData::new([node.x, node.y], index)).collect();
        RoadGraph { nodes, edges, first, ways, near: RTree::bulk_load(near) }
    }

    /// All nodes, lon,lat, from west to east.
    pub fn nodes(&self) -> &[Coord<f64>] {
        &self.nodes
    }

    /// All edges, by road and along it.
    pub fn edges(&self) -> &[RoadEdge] {
        &self.edges
    }

    /// The ways out of a node, whatever the direction of traffic: node at the other end, and edge.
    pub fn ways(&self, node: u32) -> &[(u32, u32)] {
        &self.ways[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }

    /// The node nearest to a position and the metres to it; of those equally near, to a millimetre, the westernmost. None without roads.
    pub fn nearest_node(&self, position: Position) -> Option<(u32, f64)> {
        let at = position.coord();
        let plane = Plane::at(at);
        let off = |node: u32| {
            let metres = plane.metres(self.nodes[node as usize]);
            metres.x.hypot(metres.y)
        };
        // The tree measures in degrees, of which those of longitude are shorter by the cosine of the latitude: whatever is nearest in
        // metres lies within the metres of the first one that the tree gives.
        let first = self.near.nearest_neighbor(&[at.x, at.y])?.data;
        let margin = plane.margin_degrees(off(first) + SAME_M);
        let reach = margin.x.max(margin.y).powi(2) * (1.0 + 1e-9);
        let within = || self.near.locate_within_distance([at.x, at.y], reach).map(|node| node.data);
        let least_m = within().map(off).fold(f64::INFINITY, f64::min);
        within().filter(|node| off(*node) <= least_m + SAME_M).min().map(|node| (node, off(node)))
    }

    /// For each node the number of the connected piece of the network in which it lies; pieces are numbered by their westernmost nodes.
    pub fn pieces(&self) -> Vec<u32> {
        let mut piece = vec![u32::MAX; self.nodes.len()];
        let mut next = 0;
        let mut open = Vec::new();
        for start in 0..short(self.nodes.len()) {
            if piece[start as usize] != u32::MAX {
                continue;
            }
            piece[start as usize] = next;
            open.push(start);
            while let Some(node) = open.pop() {
                for &(other, _) in self.ways(node) {
                    if piece[other as usize] == u32::MAX {
                        piece[other as usize] = next;
                        open.push(other);
                    }
                }
            }
            next += 1;
        }
        piece
    }
}

fn ways(nodes: usize, edges: &[RoadEdge]) -> (Vec<u32>, Vec<(u32, u32)>) {
    let mut first = vec![0_u32; nodes + 1];
    for edge in edges {
        first[edge.from as usize + 1] += 1;
        first[edge.to as usize + 1] += 1;
    }
    for node in 0..nodes {
        first[node + 1] += first[node];
    }
    let mut next = first.clone();
    let mut ways = vec![(0, 0); edges.len() * 2];
    for (edge, number) in edges.iter().zip(0..) {
        for (here, there) in [(edge.from, edge.to), (edge.to, edge.from)] {
            let slot = &mut next[here as usize];
            ways[*slot as usize] = (there, number);
            *slot += 1;
        }
    }
    (first, ways)
}
