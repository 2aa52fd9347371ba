//! Which parts of the roads can't be passed: under water, or closed by people because of snow.
//! Called by `isolation` with the water of a footprint and a list of closed roads.
//! Errs outward: what the water only touches is cut; a bridge stands until the water reaches an end of it.

use std::collections::BTreeSet;

use geo::BoundingRect;
use geo_types::{Coord, MultiPolygon, Rect};

use crate::index::exact::{self, Edge};
use crate::position::Plane;
use crate::road::RoadBed;
use crate::terrain::Grid;
use crate::{City, Position, RoadCode, ZoneCode};

/// Depth of water from which a road counts as cut, in metres: cars float. Source: facts on hazards, §5 (AIDR hazard class H2 and above).
pub const CUT_DEPTH_M: f64 = 0.3;

/// What can't be passed.
#[derive(Debug, Default, Clone, Copy)]
pub struct Closures<'a> {
    /// Where water stands; none when no flood is about.
    pub water: Option<Water<'a>>,
    /// Roads that are closed whole, by whatever: snow, a landslide, the police. Codes that the map does not have close nothing.
    pub roads: &'a [RoadCode],
    /// Whether snow has closed the roads over passes.
    pub passes: Passes,
}

/// Whether roads over passes can be driven.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// They can.
    #[default]
    Open,
    /// Every road with the flag `pass` is closed.
    Closed,
}

/// Where water stands.
#[derive(Clone, Copy)]
pub enum Water<'a> {
    /// Only its outline is known: whatever lies in the closed shape counts as too deep.
    Outline(&'a MultiPolygon<f64>),
    /// Its depth is known from place to place: from [`CUT_DEPTH_M`] on it is too deep.
    Depth(&'a dyn Depths),
}

impl std::fmt::Debug for Water<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Water::Outline(shape) => out.debug_tuple("Outline").field(shape).finish(),
            Water::Depth(_) => out.write_str("Depth(…)"),
        }
    }
}

/// Depth of water at any place.
pub trait Depths {
    /// Metres of water at a position (lon,lat); 0 where it is dry, none where nothing is known.
    fn depth_m(&self, at: Coord<f64>) -> Option<f64>;
    /// How finely the depth is known, in metres: roads are asked at least twice in such a length.
    fn step_m(&self) -> f64;
    /// A box (lon,lat) outside of which there is no water; none when there is no water at all.
    fn bounds(&self) -> Option<Rect<f64>>;
}

/// Depths on a grid, metres, row-major, north first; NaN and what is below 0 is dry.
#[derive(Debug, Clone, Copy)]
pub struct DepthGrid<'a> {
    grid: &'a Grid,
    depth_m: &'a [f32],
}

impl<'a> DepthGrid<'a> {
    /// None unless there is one depth for each cell and the grid is [placed](Grid::is_placed).
    pub fn new(grid: &'a Grid, depth_m: &'a [f32]) -> Option<DepthGrid<'a>> {
        (depth_m.len() == grid.cells() && grid.is_placed()).then_some(DepthGrid { grid, depth_m })
    }
}

impl Depths for DepthGrid<'_> {
    fn depth_m(&self, at: Coord<f64>) -> Option<f64> {
        let depth = f64::from(self.depth_m[self.grid.cell_at(at)?]);
        Some(if depth > 0.0 { depth } else { 0.0 })
    }

    fn step_m(&self) -> f64 {
        let (width, height) = self.grid.step_m();
        width.min(height)
    }

    fn bounds(&self) -> Option<Rect<f64>> {
        let (cols, rows) = (self.grid.cols() as f64, self.grid.rows() as f64);
        // A projection bends the edges; the middle of each side is asked as well as the corners.
        let sides = [0.0, 0.5, 1.0].into_iter().flat_map(|x| [0.0, 0.5, 1.0].map(|y| (x * cols, y * rows)));
        let corners = sides.filter_map(|(col, row)| self.grid.degrees_at(col, row)).map(|at| Rect::new(at, at));
        let margin = Plane::at(corners.clone().next()?.min()).margin_degrees(self.step_m());
        corners.reduce(crate::build::around).map(|rect| crate::index::widened(rect, margin))
    }
}

/// Why an edge of the road graph can't be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutBy {
    /// Water.
    Water,
    /// It is closed.
    Closed,
}

/// For each edge of the graph whether, and why, it can't be passed. Closed is said first where both are true.
pub(crate) fn cut_edges(city: &City, closures: &Closures<'_>) -> Vec<Option<CutBy>> {
    let closed: BTreeSet<&RoadCode> = closures.roads.iter().collect();
    let roads = city.roads();
    let closed: Vec<bool> = roads
        .iter()
        .map(|road| closed.contains(&road.code) || (closures.passes == Passes::Closed && road.pass))
        .collect();
    let wet = closures.water.and_then(Asked::of);
    let edges = city.road_graph().edges().iter();
    edges
        .map(|edge| {
            let road = &roads[edge.road as usize];
            if closed[edge.road as usize] {
                return Some(CutBy::Closed);
            }
            let line = &road.line.0[edge.vertices.clone()];
            wet.as_ref().is_some_and(|wet| wet.cuts(line, road.bed)).then_some(CutBy::Water)
        })
        .collect()
}

/// Stands a place in water that is too deep for it to be of use?
pub(crate) fn in_water(water: Option<Water<'_>>, places: &[Position]) -> Vec<bool> {
    let asked = water.and_then(Asked::of);
    places.iter().map(|place| asked.as_ref().is_some_and(|asked| asked.is_deep(place.coord(), CUT_DEPTH_M))).collect()
}

/// Water made ready to be asked about many lines.
enum Asked<'a> {
    Outline(Outline),
    Depth(&'a dyn Depths, Rect<f64>),
}

impl<'a> Asked<'a> {
    fn of(water: Water<'a>) -> Option<Asked<'a>> {
        match water {
            Water::Outline(shape) => Outline::of(&crate::meridian::at_home(shape)).map(Asked::Outline),
            Water::Depth(depths) => depths.bounds().map(|bounds| Asked::Depth(depths, bounds)),
        }
    }

    fn bounds(&self) -> Rect<f64> {
        match self {
            Asked::Outline(outline) => outline.rect,
            Asked::Depth(_, bounds) => *bounds,
        }
    }

    fn is_deep(&self, at: Coord<f64>, from_m: f64) -> bool {
        match self {
            Asked::Outline(outline) => outline.touches_point(at),
            Asked::Depth(depths, _) => depths.depth_m(at).is_some_and(|depth| depth >= from_m),
        }
    }

    fn cuts(&self, line: &[Coord<f64>], bed: RoadBed) -> bool {
        let (Some(&first), Some(&last)) = (line.first(), line.last()) else { return false };
        let bounds = self.bounds();
        let (mut low, mut high) = (first, first);
        for at in line {
            (low.x, low.y, high.x, high.y) = (low.x.min(at.x), low.y.min(at.y), high.x.max(at.x), high.y.max(at.y));
        }
        if low.x > bounds.max().x || high.x < bounds.min().x || low.y > bounds.max().y || high.y < bounds.min().y {
            return false;
        }
        match bed {
            // Of the deck itself no map knows the height: it stands until one cannot get on or off it.
            RoadBed::Bridge => self.is_deep(first, CUT_DEPTH_M) || self.is_deep(last, CUT_DEPTH_M),
            RoadBed::Ground | RoadBed::Tunnel => self.is_deep_along(line, CUT_DEPTH_M),
            // A ford is deep as soon as more than its own stream runs over it.
            RoadBed::Ford => self.is_deep_along(line, f64::MIN_POSITIVE),
        }
    }

    fn is_deep_along(&self, line: &[Coord<f64>], from_m: f64) -> bool {
        match self {
            Asked::Outline(outline) => outline.touches_line(line),
            Asked::Depth(depths, _) => {
                let half_m = (depths.step_m() / 2.0).max(0.1);
                let plane = Plane::at(line[0]);
                let deep = |at: Coord<f64>| depths.depth_m(at).is_some_and(|depth| depth >= from_m);
                deep(line[0])
                    || line.windows(2).any(|two| {
                        let way = two[1] - two[0];
                        let metres = plane.metres(two[1]) - plane.metres(two[0]);
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "a road on the earth over at least 0.1 m"
                        )]
                        let steps = (metres.x.hypot(metres.y) / half_m).ceil().max(1.0) as u32;
                        (1..=steps).any(|step| deep(two[0] + way * (f64::from(step) / f64::from(steps))))
                    })
            }
        }
    }
}

/// The outline of a shape in strips of latitude, so that a line asks few of its edges.
struct Outline {
    rect: Rect<f64>,
    strips: Vec<Vec<Edge>>,
}

impl Outline {
    fn of(shape: &MultiPolygon<f64>) -> Option<Outline> {
        let rect = shape.bounding_rect()?;
        let count = exact::edges(shape).count().clamp(1, 4_096);
        let mut outline = Outline { rect, strips: vec![Vec::new(); count] };
        for edge in exact::edges(shape) {
            let strips = outline.strip(edge.from.y)..=outline.strip(edge.to.y);
            outline.strips[strips].iter_mut().for_each(|strip| strip.push(edge));
        }
        Some(outline)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the strips")]
    fn strip(&self, lat: f64) -> usize {
        let last = self.strips.len() - 1;
        let per_degree = self.strips.len() as f64 / self.rect.height().max(f64::MIN_POSITIVE);
        ((lat - self.rect.min().y) * per_degree).clamp(0.0, last as f64) as usize
    }

    /// Lies the point inside or on the outline?
    fn touches_point(&self, at: Coord<f64>) -> bool {
        let inside_box = (self.rect.min().x..=self.rect.max().x).contains(&at.x)
            && (self.rect.min().y..=self.rect.max().y).contains(&at.y);
        if !inside_box {
            return false;
        }
        let strip = &self.strips[self.strip(at.y)];
        let crossed = strip.iter().filter(|edge| edge.straddles_y(at.y) && edge.has_left(at)).count();
        crossed % 2 == 1 || strip.iter().any(|edge| edge.has_on(at))
    }

    /// Has the line a common point with the closed shape?
    fn touches_line(&self, line: &[Coord<f64>]) -> bool {
        // Whoever crosses no edge is inside or outside as a whole, so that one point stands for all.
        line.first().is_some_and(|&at| self.touches_point(at))
            || line.windows(2).any(|two| {
                let part = Edge::between(two[0], two[1]);
                let beside = part.to.y < self.rect.min().y || part.from.y > self.rect.max().y;
                !beside
                    && self.strips[self.strip(part.from.y)..=self.strip(part.to.y)]
                        .iter()
                        .flatten()
                        .any(|edge| edge.meets(&part))
            })
    }
}

impl City {
    /// Codes of the roads with the flag `pass` that enter or touch a zone, as the one of a pass that snow has closed; by code.
    pub fn pass_roads(&self, zone: &ZoneCode) -> Vec<RoadCode> {
        let Some(outline) = self.zone(zone).and_then(|zone| Outline::of(&zone.shape)) else { return Vec::new() };
        let over = |road: &&crate::Road| road.pass && outline.touches_line(&road.line.0);
        self.roads().iter().filter(over).map(|road| road.code.clone()).collect()
    }

    /// Codes of the roads whose highest point is known to lie at `height_m` above sea level or higher, by code: where snow lies first.
    pub fn roads_above(&self, height_m: f64) -> Vec<RoadCode> {
        let above = |road: &&crate::Road| road.elevation_m.is_some_and(|top_m| top_m >= height_m);
        self.roads().iter().filter(above).map(|road| road.code.clone()).collect()
    }
}
