//! What looks wrong about the roads without being a fault: ends that stop just short, lines that cross without meeting, pieces apart.
//! Called by `build`; shown by `hamyar maps check`.
//! Notes only: a city may be right about a flyover without a flag; isolation takes the graph as it is drawn, and the note says so.

use std::collections::{BTreeMap, BTreeSet};

use geo::line_intersection::{LineIntersection, line_intersection};
use geo_types::{Coord, Line};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::Road;
use crate::fault::{At, Faults};
use crate::position::Plane;
use crate::road::RoadBed;
use crate::road_graph::{RoadGraph, key};

const FILE: &str = "roads.geojson";

/// An end that lies this near to another road without touching it was probably meant to touch it, in metres.
const NEARLY_M: f64 = 5.0;

/// Most codes that one note names.
const NAMED_MAX: usize = 8;

type Boxed = GeomWithData<Rectangle<[f64; 2]>, (u32, u32)>;

pub(crate) fn check(roads: &[Road], graph: &RoadGraph, faults: &mut Faults) {
    let mut boxes = Vec::new();
    for (road, number) in roads.iter().zip(0..) {
        for (line, segment) in road.line.lines().zip(0..) {
            let corners = Rectangle::from_corners(line.start.x_y().into(), line.end.x_y().into());
            boxes.push(Boxed::new(corners, (number, segment)));
        }
    }
    let tree = RTree::bulk_load(boxes);
    check_crossings(roads, &tree, faults);
    check_ends(roads, graph, &tree, faults);
    check_pieces(roads, graph, faults);
}

fn segment(roads: &[Road], (road, segment): (u32, u32)) -> Line<f64> {
    let line = &roads[road as usize].line.0;
    Line::new(line[segment as usize], line[segment as usize + 1])
}

/// Lines that cross where neither has a vertex, and neither leads over or under the other.
fn check_crossings(roads: &[Road], tree: &RTree<Boxed>, faults: &mut Faults) {
    let level = |road: u32| matches!(roads[road as usize].bed, RoadBed::Ground | RoadBed::Ford);
    let mut crossings: BTreeMap<(u32, u32), Coord<f64>> = BTreeMap::new();
    for (one, other) in tree.intersection_candidates_with_other_tree(tree) {
        let (one, other) = (one.data, other.data);
        if one.0 >= other.0 || !level(one.0) || !level(other.0) {
            continue;
        }
        let (a, b) = (segment(roads, one), segment(roads, other));
        let ends = [key(b.start), key(b.end)];
        if ends.contains(&key(a.start)) || ends.contains(&key(a.end)) {
            continue;
        }
        let Some(met) = line_intersection(a, b) else { continue };
        let at = match met {
            LineIntersection::SinglePoint { intersection, .. } => intersection,
            LineIntersection::Collinear { intersection } => intersection.start,
        };
        // Of several crossings of the same two the westernmost is named, whatever order the tree has.
        let known = crossings.entry((one.0, other.0)).or_insert(at);
        if (at.x, at.y) < (known.x, known.y) {
            *known = at;
        }
    }
    for ((one, other), at) in crossings {
        let what = format!(
            "crosses road “{}” near {:.5}, {:.5} without a common point; they count as not connected",
            roads[other as usize].code, at.x, at.y
        );
        let fix = "give both the very same point there, or say bridge or tunnel of one of them";
        faults.note(At::file(FILE).feature(roads[one as usize].code.as_str()).property("geometry"), what, fix);
    }
}

/// Ends at which nothing goes on, but nearly.
fn check_ends(roads: &[Road], graph: &RoadGraph, tree: &RTree<Boxed>, faults: &mut Faults) {
    for (node, &at) in graph.nodes().iter().enumerate() {
        let &[(_, edge)] = graph.ways(u32::try_from(node).expect("nodes are numbered so")) else { continue };
        let own = graph.edges()[edge as usize].road;
        let plane = Plane::at(at);
        let margin = plane.margin_degrees(NEARLY_M);
        let around = AABB::from_corners([at.x - margin.x, at.y - margin.y], [at.x + margin.x, at.y + margin.y]);
        let near = tree
            .locate_in_envelope_intersecting(&around)
            .map(|boxed| boxed.data)
            .filter(|(road, _)| *road != own)
            .map(|place| {
                let line = segment(roads, place);
                let line = geo_types::LineString(vec![plane.metres(line.start), plane.metres(line.end)]);
                (crate::walk::nearest_on(&line, Coord { x: 0.0, y: 0.0 }).1, place.0)
            })
            .filter(|(off_m, _)| *off_m <= NEARLY_M)
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        if let Some((off_m, other)) = near {
            let what = format!(
                "ends at {:.6}, {:.6}, {off_m:.1} m from road “{}”, without a common point; they count as not connected",
                at.x, at.y, roads[other as usize].code
            );
            let fix = "let it end on a point of that road, the very same numbers in both";
            faults.note(At::file(FILE).feature(roads[own as usize].code.as_str()).property("geometry"), what, fix);
        }
    }
}

/// Pieces of the network that do not hang together with the largest.
fn check_pieces(roads: &[Road], graph: &RoadGraph, faults: &mut Faults) {
    let piece = graph.pieces();
    let mut length_m: BTreeMap<u32, (f64, BTreeSet<u32>)> = BTreeMap::new();
    for edge in graph.edges() {
        let (metres, of) = length_m.entry(piece[edge.from as usize]).or_default();
        *metres += edge.length_m;
        of.insert(edge.road);
    }
    let largest = length_m.iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0).then(b.0.cmp(a.0))).map(|(piece, _)| *piece);
    for (number, (metres, of)) in length_m {
        if Some(number) == largest {
            continue;
        }
        let names: Vec<&str> = of.iter().take(NAMED_MAX).map(|road| roads[*road as usize].code.as_str()).collect();
        let more = if of.len() > NAMED_MAX { format!(" and {} more", of.len() - NAMED_MAX) } else { String::new() };
        let what = format!("{metres:.0} m of road lead to no other road of the map: {}{more}", names.join(", "));
        let fix = "connect them at a common point, or leave them out; nobody gets there by these roads";
        faults.note(At::file(FILE).feature(names[0]).property("geometry"), what, fix);
    }
}
