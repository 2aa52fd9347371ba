//! Who is cut off: zones from which no road leads to a hospital, fire station or operations centre any more, and what the rest newly depends on.
//! Called by assessment for each footprint, and by staff when a road is closed.
//! One-way streets are walked both ways, because the police will let ambulances; the order of features does not matter.

use std::collections::{BTreeMap, BTreeSet};

use geo_types::Coord;
use serde::{Deserialize, Serialize};

use crate::index::ZoneIndex;
use crate::position::Plane;
use crate::road_cut::{Closures, CutBy, cut_edges, in_water};
use crate::road_graph::RoadGraph;
use crate::{City, Place, PlaceCode, PlaceKind, Position, RoadBed, RoadCode, Zone, ZoneCode};

/// What everybody must be able to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// A hospital.
    Hospital,
    /// A fire station.
    FireStation,
    /// An operations centre.
    OperationsCentre,
}

impl Need {
    /// All of them.
    pub const ALL: [Need; 3] = [Need::Hospital, Need::FireStation, Need::OperationsCentre];

    /// The kind of place that serves it.
    pub fn kind(self) -> PlaceKind {
        match self {
            Need::Hospital => PlaceKind::Hospital,
            Need::FireStation => PlaceKind::FireStation,
            Need::OperationsCentre => PlaceKind::OperationsCentre,
        }
    }
}

/// What closures do to the roads, and to whom.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Isolation {
    /// Roads that can't be passed, by code.
    pub cut: Vec<CutRoad>,
    /// Hospitals, fire stations and operations centres that stand in the water and serve nobody, by code.
    pub lost: Vec<PlaceCode>,
    /// Leaf zones that are worse off than on a dry day, by code.
    pub zones: Vec<IsolatedZone>,
    /// Residents of the zones that are [cut off](IsolatedZone::cut_off).
    pub people_cut_off: u64,
}

/// A road that can't be passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CutRoad {
    /// Which.
    pub road: RoadCode,
    /// Why.
    pub by: CutBy,
    /// Metres of it between the nodes around what is cut.
    pub length_m: f64,
    /// The middle of the first part between two nodes that is cut.
    pub at: Position,
}

/// A zone that is worse off than on a dry day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IsolatedZone {
    /// Which.
    pub code: ZoneCode,
    /// Its residents.
    pub people: u64,
    /// No road is left to any of the needs that it had a road to on a dry day.
    pub cut_off: bool,
    /// For each need that has become worse.
    pub needs: Vec<IsolatedNeed>,
}

/// How a zone stands to one need.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IsolatedNeed {
    /// Which.
    pub need: Need,
    /// Of the zone's road nodes that had a road there on a dry day, the part that still has: 0 is cut off, below 1 partly.
    pub left: f64,
    /// Roads without any of which the whole zone would be cut off, and that it did not hang on before; from the zone onward.
    pub depends_on: Vec<RoadCode>,
    /// Those of them that are bridges: what to guard first.
    pub bridges: Vec<RoadCode>,
}

/// How a zone is connected to the roads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ZoneAccess {
    /// Which zone.
    pub code: ZoneCode,
    /// Nodes of the road graph that lie in it.
    pub nodes: usize,
    /// Metres from its label point to the nearest node, when none lies in it: that node stands for it then.
    pub nearest_m: Option<f64>,
    /// Needs to which no road leads from it, even on a dry day.
    pub without: Vec<Need>,
}

/// No node, no edge.
const NONE: u32 = u32::MAX;

/// Who is where on the road graph, and who reaches what on a dry day. Worked out once with the city.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// By leaf zone: its number in the list of zones, its nodes, and the distance when they are only near.
    zones: Vec<(usize, Vec<u32>, Option<f64>)>,
    /// By need: the number of each place that serves it, and its node.
    places: [Vec<(usize, u32)>; 3],
    dry: [Served; 3],
}

/// Which nodes reach a need, and on which edges each zone depends.
#[derive(Debug, Default)]
struct Served {
    reached: Vec<bool>,
    /// By zone as in [`Access::zones`]: the edges without any of which it would be cut off, from the zone onward.
    on: Vec<Vec<u32>>,
}

impl Access {
    pub(crate) fn new(zones: &[Zone], index: &ZoneIndex, places: &[Place], graph: &RoadGraph) -> Access {
        let mut inside: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (&at, node) in graph.nodes().iter().zip(0..) {
            let position = Position::new(at.x, at.y).ok();
            if let Some(zone) = position.and_then(|position| index.holder(position)) {
                inside.entry(zone).or_default().push(node);
            }
        }
        let leaves = zones.iter().enumerate().filter(|(_, zone)| zone.is_leaf);
        let zones = leaves
            .map(|(number, zone)| match inside.remove(&number) {
                Some(nodes) => (number, nodes, None),
                None => match graph.nearest_node(zone.label_at) {
                    Some((node, off_m)) => (number, vec![node], Some(off_m)),
                    None => (number, Vec::new(), None),
                },
            })
            .collect();
        let places = Need::ALL.map(|need| {
            let serving = places.iter().enumerate().filter(|(_, place)| place.kind == need.kind());
            serving.filter_map(|(number, place)| Some((number, graph.nearest_node(place.position)?.0))).collect()
        });
        let mut access = Access { zones, places, dry: Default::default() };
        let open = vec![true; graph.edges().len()];
        let dry = |need: usize| {
            let roots: Vec<u32> = access.places[need].iter().map(|(_, node)| *node).collect();
            let tree = Tree::grown(graph, &open, &roots);
            let reached: Vec<bool> = tree.found.iter().map(|&found| found != NONE).collect();
            let on = access.zones.iter().map(|(_, nodes, _)| tree.common(nodes)).collect();
            Served { reached, on }
        };
        access.dry = [dry(0), dry(1), dry(2)];
        access
    }
}

impl City {
    /// What closures do: roads that are cut, zones that are cut off, and what the others newly depend on.
    ///
    /// A zone stands on the road nodes in it, or on the nearest one ([`City::zone_access`] says how far); a hospital, fire station or
    /// operations centre on the node nearest to it, and when it stands in the water it serves nobody. A ground road is cut where water of
    /// [`CUT_DEPTH_M`](crate::CUT_DEPTH_M) or an outline touches it, a tunnel too, a ford by any water, a bridge when the water reaches one of
    /// its ends. Compared is with the dry day: who had no road then has lost none. O(edges + what the water's box holds).
    pub fn isolation(&self, closures: &Closures<'_>) -> Isolation {
        let cut = cut_edges(self, closures);
        let open: Vec<bool> = cut.iter().map(Option::is_none).collect();
        let mut lost: BTreeSet<usize> = BTreeSet::new();
        let mut zones: BTreeMap<usize, Vec<IsolatedNeed>> = BTreeMap::new();
        for ((need, serving), dry) in Need::ALL.into_iter().zip(&self.access.places).zip(&self.access.dry) {
            let places: Vec<Position> = serving.iter().map(|(place, _)| self.places[*place].position).collect();
            let wet = in_water(closures.water, &places);
            lost.extend(serving.iter().zip(&wet).filter(|(_, wet)| **wet).map(|((place, _), _)| *place));
            let roots: Vec<u32> =
                serving.iter().zip(&wet).filter(|(_, wet)| !**wet).map(|((_, node), _)| *node).collect();
            let tree = Tree::grown(&self.road_graph, &open, &roots);
            for ((zone, (_, nodes, _)), on) in self.access.zones.iter().enumerate().zip(&dry.on) {
                if let Some(worse) = self.worse(need, nodes, &dry.reached, on, &tree) {
                    zones.entry(zone).or_default().push(worse);
                }
            }
        }
        let zones: Vec<IsolatedZone> = zones.into_iter().map(|(zone, needs)| self.isolated(zone, needs)).collect();
        Isolation {
            cut: self.cut_roads(&cut),
            lost: lost.into_iter().map(|place| self.places[place].code.clone()).collect(),
            people_cut_off: zones.iter().filter(|zone| zone.cut_off).map(|zone| zone.people).sum(),
            zones,
        }
    }

    /// How each leaf zone is connected to the roads on a dry day, by code.
    pub fn zone_access(&self) -> Vec<ZoneAccess> {
        let access = |(zone, nodes, near_m): &(usize, Vec<u32>, Option<f64>)| {
            let served = Need::ALL.into_iter().zip(&self.access.dry);
            let reaches = |served: &Served| nodes.iter().any(|node| served.reached[*node as usize]);
            ZoneAccess {
                code: self.zones[*zone].code.clone(),
                nodes: if near_m.is_some() { 0 } else { nodes.len() },
                nearest_m: *near_m,
                without: served.filter(|(_, served)| !reaches(served)).map(|(need, _)| need).collect(),
            }
        };
        self.access.zones.iter().map(access).collect()
    }

    /// How a zone has become worse off in one need; none when it has not.
    fn worse(&self, need: Need, nodes: &[u32], reached: &[bool], on: &[u32], tree: &Tree) -> Option<IsolatedNeed> {
        let before: Vec<u32> = nodes.iter().copied().filter(|node| reached[*node as usize]).collect();
        let left = before.iter().filter(|node| tree.found[**node as usize] != NONE).count();
        let known: BTreeSet<u32> = on.iter().copied().collect();
        let edges = self.road_graph.edges();
        let mut depends_on: Vec<RoadCode> = Vec::new();
        let mut bridges: Vec<RoadCode> = Vec::new();
        for edge in tree.common(&before).into_iter().filter(|edge| !known.contains(edge)) {
            let road = &self.roads[edges[edge as usize].road as usize];
            if !depends_on.contains(&road.code) {
                depends_on.push(road.code.clone());
                bridges.extend((road.bed == RoadBed::Bridge).then(|| road.code.clone()));
            }
        }
        (left < before.len() || !depends_on.is_empty()).then(|| IsolatedNeed {
            need,
            left: (left as f64 / before.len().max(1) as f64 * 1e6).round() / 1e6,
            depends_on,
            bridges,
        })
    }

    fn isolated(&self, zone: usize, needs: Vec<IsolatedNeed>) -> IsolatedZone {
        let (number, nodes, _) = &self.access.zones[zone];
        let zone = &self.zones[*number];
        let had = |dry: &Served| nodes.iter().any(|node| dry.reached[*node as usize]);
        let had = self.access.dry.iter().filter(|dry| had(dry)).count();
        let cut_off = needs.iter().filter(|need| need.left <= 0.0).count() == had;
        IsolatedZone { code: zone.code.clone(), people: zone.population, cut_off, needs }
    }

    fn cut_roads(&self, cut: &[Option<CutBy>]) -> Vec<CutRoad> {
        let mut roads: Vec<CutRoad> = Vec::new();
        for (edge, by) in self.road_graph.edges().iter().zip(cut) {
            let Some(by) = by else { continue };
            let road = &self.roads[edge.road as usize];
            // Edges stand in the order of roads, so that those of one road follow each other.
            if let Some(last) = roads.last_mut().filter(|last| last.road == road.code) {
                last.length_m += edge.length_m;
            } else if let Some(at) = half_way(&road.line.0[edge.vertices.clone()]) {
                roads.push(CutRoad { road: road.code.clone(), by: *by, length_m: edge.length_m, at });
            }
        }
        for road in &mut roads {
            road.length_m = (road.length_m * 10.0).round() / 10.0;
        }
        roads
    }
}

/// The point half-way along a line.
fn half_way(line: &[Coord<f64>]) -> Option<Position> {
    let plane = Plane::at(*line.first()?);
    let metres = |two: &[Coord<f64>]| {
        let way = plane.metres(two[1]) - plane.metres(two[0]);
        way.x.hypot(way.y)
    };
    let mut left_m = line.windows(2).map(metres).sum::<f64>() / 2.0;
    for two in line.windows(2) {
        let length_m = metres(two);
        if left_m <= length_m {
            let at = two[0] + (two[1] - two[0]) * (left_m / length_m.max(1e-9));
            return Position::new(at.x, at.y).ok();
        }
        left_m -= length_m;
    }
    line.last().and_then(|at| Position::new(at.x, at.y).ok())
}

/// A depth-first tree over all nodes that reach one of the roots, with the edges that have no other way round.
///
/// All roots hang on one imagined node above them, so that an edge is a bridge exactly when without it no root at all is reached.
/// Source: Tarjan 1974, doi:10.1016/0020-0190(74)90003-9.
struct Tree {
    /// When each node was found; NONE: never.
    found: Vec<u32>,
    /// The bridge next above each node on its way to the roots, named by the node at its lower end.
    above: Vec<u32>,
    /// Number of bridges above each node.
    depth: Vec<u32>,
    /// The edge by which each node was found; NONE for a root that was found as such.
    by: Vec<u32>,
    /// The node from which it was found.
    parent: Vec<u32>,
}

impl Tree {
    fn grown(graph: &RoadGraph, open: &[bool], roots: &[u32]) -> Tree {
        let nodes = graph.nodes().len();
        let mut tree = Tree {
            found: vec![NONE; nodes],
            above: vec![NONE; nodes],
            depth: vec![0; nodes],
            by: vec![NONE; nodes],
            parent: vec![NONE; nodes],
        };
        let mut is_root = vec![false; nodes];
        for root in roots {
            is_root[*root as usize] = true;
        }
        // Earliest node to which a way leads that does not use the edge above; 0 is the imagined node.
        let mut low = vec![0_u32; nodes];
        let mut order = Vec::with_capacity(nodes);
        let mut clock = 0;
        let mut stack: Vec<(u32, usize)> = Vec::new();
        for &root in roots {
            if tree.found[root as usize] != NONE {
                continue;
            }
            clock += 1;
            (tree.found[root as usize], low[root as usize]) = (clock, clock);
            order.push(root);
            stack.push((root, 0));
            while let Some(&mut (node, ref mut next)) = stack.last_mut() {
                let here = node as usize;
                let Some(&(other, edge)) = graph.ways(node).get(*next) else {
                    stack.pop();
                    if let Some((above, _)) = stack.last() {
                        low[*above as usize] = low[*above as usize].min(low[here]);
                    }
                    continue;
                };
                *next += 1;
                if !open[edge as usize] || edge == tree.by[here] {
                    continue;
                }
                let there = other as usize;
                if tree.found[there] == NONE {
                    clock += 1;
                    tree.found[there] = clock;
                    // A root has a way of its own to the imagined node.
                    low[there] = if is_root[there] { 0 } else { clock };
                    (tree.by[there], tree.parent[there]) = (edge, node);
                    order.push(other);
                    stack.push((other, 0));
                } else {
                    low[here] = low[here].min(tree.found[there]);
                }
            }
        }
        for node in order {
            let here = node as usize;
            let parent = tree.parent[here];
            if parent == NONE {
                continue;
            }
            let parent = parent as usize;
            if low[here] > tree.found[parent] {
                (tree.above[here], tree.depth[here]) = (node, tree.depth[parent] + 1);
            } else {
                (tree.above[here], tree.depth[here]) = (tree.above[parent], tree.depth[parent]);
            }
        }
        tree
    }

    /// The next bridge above a bridge.
    fn up(&self, bridge: u32) -> u32 {
        self.above[self.parent[bridge as usize] as usize]
    }

    /// The edges on which all of the nodes that reach a root depend, from the nodes onward; none when no node does.
    fn common(&self, nodes: &[u32]) -> Vec<u32> {
        let mut reaching = nodes.iter().copied().filter(|node| self.found[*node as usize] != NONE);
        let Some(first) = reaching.next() else { return Vec::new() };
        let mut common = self.above[first as usize];
        for node in reaching {
            let mut other = self.above[node as usize];
            while common != other {
                let deeper = |bridge: u32| if bridge == NONE { 0 } else { self.depth[bridge as usize] };
                if deeper(other) > deeper(common) {
                    other = self.up(other);
                } else {
                    common = self.up(common);
                }
            }
            if common == NONE {
                return Vec::new();
            }
        }
        let mut edges = Vec::new();
        while common != NONE {
            edges.push(self.by[common as usize]);
            common = self.up(common);
        }
        edges
    }
}
