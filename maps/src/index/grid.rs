//! A flat grid over the zones: each cell knows the edges within it and the zones that hold its corner.
//! Built and asked by `ZoneIndex`.
//! Exact: a cell's list holds every edge that comes near the cell, so rounding in the grid can never change an answer.

use geo::BoundingRect;
use geo_types::{Coord, MultiPolygon, Rect};

use super::exact::{self, Edge};

/// As many cells as edges, within these bounds: more of them make lists shorter and the grid larger.
const CELLS_MIN: usize = 64;
/// At most 8 MB of cells.
const CELLS_MAX: usize = 1 << 21;
/// An edge stands in so many cells' lists at most, on average; the grid is made coarser until that holds.
const LISTED_PER_EDGE_MAX: usize = 16;
/// A cell is at least this wide and high, in degrees (10 cm): far above the rounding of a coordinate, which is 3e-14.
const CELL_DEGREES_MIN: f64 = 1e-6;
/// Part of a cell by which lists look beyond it. The error of a point's place in the grid is below 1e-6 of a cell.
const SLACK: f64 = 1e-3;

/// Most zones of one layer of a cell: one bit each. A cell with more zones has several layers.
const SLOTS_MAX: usize = 62;
/// Marks an edge that has the corner of the cell on its left.
const CORNER_IS_LEFT: u64 = 1 << 63;
/// Marks an edge that the meridian of the corner crosses.
const STRADDLES_CORNER: u64 = 1 << 62;
const SLOTS: u64 = STRADDLES_CORNER - 1;

/// A cell without an edge that lies in no zone.
const EMPTY: u32 = u32::MAX;
/// Marks a cell with edges; the rest is the place of its first layer. Unmarked, it is the one zone that has the whole cell.
const MIXED: u32 = 1 << 31;

/// The grid.
#[derive(Debug)]
pub(super) struct Grid {
    frame: Frame,
    cells: Vec<u32>,
    layers: Vec<Layer>,
    edges: Vec<CellEdge>,
    zones: Vec<u32>,
}

/// Up to [`SLOTS_MAX`] zones of a cell and their edges in it. The last layer is followed by an empty one, which ends its lists.
#[derive(Debug, Clone, Copy)]
struct Layer {
    /// Slots of the zones that hold the south-east corner of the cell.
    at_corner: u64,
    /// Longitude of that corner.
    corner_lon: f64,
    /// Where its edges start.
    edges: u32,
    /// Where those of its edges start that reach east of the corner's meridian; they come last.
    beyond: u32,
    /// Where its zones start.
    zones: u32,
    /// Is the next layer one of the same cell?
    more: bool,
}

/// An edge as one cell sees it: the slots of the zones that have it, and the two marks.
#[derive(Debug, Clone, Copy)]
struct CellEdge {
    edge: Edge,
    slots: u64,
}

/// Where the cells lie.
#[derive(Debug, Clone, Copy)]
struct Frame {
    west: f64,
    south: f64,
    width: f64,
    height: f64,
    columns_per_degree: f64,
    rows_per_degree: f64,
    columns: usize,
    rows: usize,
}

/// Some zones of one layer.
#[derive(Clone)]
pub(super) struct Slots<'a> {
    slots: u64,
    zones: &'a [u32],
}

impl Iterator for Slots<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.slots == 0 {
            return None;
        }
        let slot = self.slots.trailing_zeros() as usize;
        self.slots &= self.slots - 1;
        self.zones.get(slot).map(|&zone| zone as usize)
    }
}

impl Grid {
    /// A grid over shapes with their numbers, which must rise.
    ///
    /// O(edges + cells), and the edges of each cell are sorted. Memory: 4 bytes a cell, at most one cell per edge; 40 bytes for each
    /// edge in each cell that it comes near; an edge that two zones share is kept once.
    pub(super) fn over<'a>(shapes: impl Iterator<Item = (usize, &'a MultiPolygon<f64>)>) -> Grid {
        let mut edges: Vec<(Edge, u32)> = Vec::new();
        let mut around: Option<Rect<f64>> = None;
        for (index, shape) in shapes {
            let index = u32::try_from(index).expect("a map has at most 100,000 zones");
            edges.extend(exact::edges(shape).map(|edge| (edge, index)));
            around = match (around, shape.bounding_rect()) {
                (Some(one), Some(other)) => Some(crate::build::around(one, other)),
                (one, other) => one.or(other),
            };
        }
        let rect = around.unwrap_or_else(|| Rect::new((0.0, 0.0), (0.0, 0.0)));
        let mut cells = edges.len().clamp(CELLS_MIN, CELLS_MAX);
        let listed_max = edges.len().saturating_mul(LISTED_PER_EDGE_MAX).saturating_add(CELLS_MAX);
        loop {
            let frame = Frame::around(rect, cells);
            // Edges that run across the whole map would be listed in very many cells: fewer cells, shorter lists.
            match Builder::new(frame).build(&edges, listed_max) {
                Some(grid) => return grid,
                None => cells /= 4,
            }
        }
    }

    /// The cell of a point, or none outside of the grid. Points of one cell are best asked one after another.
    #[inline]
    pub(super) fn cell_of(&self, point: Coord<f64>) -> Option<u32> {
        self.frame.cell_of(point)
    }

    pub(super) fn cell_count(&self) -> usize {
        self.cells.len()
    }

    /// The first zone that holds `point`, which lies in `cell`, by the half-open rule.
    #[inline]
    pub(super) fn holder_in(&self, cell: u32, point: Coord<f64>) -> Option<u32> {
        let word = self.cells[cell as usize];
        if word & MIXED == 0 {
            return Some(word);
        }
        self.layers_of(word).find_map(|layer| {
            let slots = self.holding(layer, point);
            (slots != 0).then(|| self.zones[layer[0].zones as usize + slots.trailing_zeros() as usize])
        })
    }

    /// Every zone that has `point` inside or on its border, each at least once.
    pub(super) fn closed_holders(&self, point: Coord<f64>) -> Vec<usize> {
        let Some(cell) = self.cell_of(point) else { return Vec::new() };
        let word = self.cells[cell as usize];
        if word & MIXED == 0 {
            return vec![word as usize];
        }
        let inside = self.layers_of(word).flat_map(|layer| self.slots(layer, self.holding(layer, point)));
        inside.chain(self.borders_in(word, point)).collect()
    }

    /// Every zone that has `point` on its border, each at least once.
    pub(super) fn borders_at(&self, point: Coord<f64>) -> impl Iterator<Item = usize> + '_ {
        let word = self.cell_of(point).map_or(EMPTY, |cell| self.cells[cell as usize]);
        self.borders_in(word, point)
    }

    fn borders_in(&self, word: u32, point: Coord<f64>) -> impl Iterator<Item = usize> + '_ {
        self.layers_of(word).flat_map(move |layer| {
            self.edges_of(layer)
                .iter()
                .filter(move |cell_edge| cell_edge.edge.has_on(point))
                .flat_map(move |cell_edge| self.slots(layer, cell_edge.slots))
        })
    }

    /// Every edge within `reach` (in degrees) of `edge`, with its zones, and some beyond; one edge may come several times.
    pub(super) fn near(&self, edge: &Edge, reach: Coord<f64>, mut visit: impl FnMut(&Edge, Slots<'_>)) {
        let reach = Coord {
            x: reach.x * self.frame.columns_per_degree + SLACK,
            y: reach.y * self.frame.rows_per_degree + SLACK,
        };
        self.frame.cells_along(edge, reach, |cell| {
            for layer in self.layers_of(self.cells[cell]) {
                for cell_edge in self.edges_of(layer) {
                    visit(&cell_edge.edge, self.slots(layer, cell_edge.slots));
                }
            }
        });
    }

    /// Bytes that the grid holds.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.cells.as_slice())
            + size_of_val(self.layers.as_slice())
            + size_of_val(self.edges.as_slice())
            + size_of_val(self.zones.as_slice())
    }

    /// The layers of a cell, each with its successor, whose starts are its ends.
    #[inline]
    fn layers_of(&self, word: u32) -> impl Iterator<Item = &[Layer; 2]> + '_ {
        let mut next = (word != EMPTY && word & MIXED != 0).then_some((word & !MIXED) as usize);
        std::iter::from_fn(move || {
            let at = next?;
            let layer: &[Layer; 2] = self.layers.get(at..at + 2)?.try_into().ok()?;
            next = layer[0].more.then_some(at + 1);
            Some(layer)
        })
    }

    #[inline]
    fn edges_of(&self, [layer, after]: &[Layer; 2]) -> &[CellEdge] {
        &self.edges[layer.edges as usize..after.edges as usize]
    }

    fn slots(&self, [layer, after]: &[Layer; 2], slots: u64) -> Slots<'_> {
        Slots { slots: slots & SLOTS, zones: &self.zones[layer.zones as usize..after.zones as usize] }
    }

    /// Slots of the zones that hold `point`.
    ///
    /// Known is who holds the corner. From the point a path goes level to the meridian of the corner and along it to the corner;
    /// an edge that it crosses changes the answer for its zones. Both legs stay in the cell, so its edges are all that count.
    #[inline]
    fn holding(&self, [layer, after]: &[Layer; 2], point: Coord<f64>) -> u64 {
        let mut slots = layer.at_corner;
        // All of these edges lie west of the meridian: seen from it, no point is left of them, and the second leg crosses none.
        for cell_edge in &self.edges[layer.edges as usize..layer.beyond as usize] {
            if cell_edge.edge.straddles_y(point.y) && cell_edge.edge.has_left(point) {
                slots ^= cell_edge.slots;
            }
        }
        let bend = Coord { x: layer.corner_lon, y: point.y };
        for CellEdge { edge, slots: marked } in &self.edges[layer.beyond as usize..after.edges as usize] {
            let bend_is_left = edge.has_left(bend);
            let level = edge.straddles_y(point.y) && edge.has_left(point) != bend_is_left;
            let upright = marked & STRADDLES_CORNER != 0 && bend_is_left != (marked & CORNER_IS_LEFT != 0);
            if level != upright {
                slots ^= marked;
            }
        }
        slots & SLOTS
    }
}

impl Frame {
    fn around(rect: Rect<f64>, cells: usize) -> Frame {
        let cells = cells.max(1) as f64;
        // Cells are about square on the ground.
        let shrink = rect.center().y.clamp(-89.0, 89.0).to_radians().cos();
        let (wide, high) = ((rect.width() * shrink).max(1e-9), rect.height().max(1e-9));
        let columns = (cells * wide / high).sqrt().clamp(1.0, cells).round();
        let rows = (cells / columns).round().max(1.0);
        let side = |degrees: f64, count: f64| (degrees / count * (1.0 + 1e-9)).max(CELL_DEGREES_MIN);
        let (width, height) = (side(rect.width(), columns), side(rect.height(), rows));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts from 1 to CELLS_MAX")]
        // One more on every side: the sweep starts on the west side of the grid, where no zone is.
        let (columns, rows) = (columns as usize + 2, rows as usize + 2);
        Frame {
            west: rect.min().x - width,
            south: rect.min().y - height,
            width,
            height,
            columns_per_degree: 1.0 / width,
            rows_per_degree: 1.0 / height,
            columns,
            rows,
        }
    }

    /// Columns and rows from the south-west corner.
    #[inline]
    fn in_cells(&self, point: Coord<f64>) -> Coord<f64> {
        Coord { x: (point.x - self.west) * self.columns_per_degree, y: (point.y - self.south) * self.rows_per_degree }
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0 to CELLS_MAX, checked before"
    )]
    fn cell_of(&self, point: Coord<f64>) -> Option<u32> {
        let at = self.in_cells(point);
        let inside = at.x >= 0.0 && at.x < self.columns as f64 && at.y >= 0.0 && at.y < self.rows as f64;
        inside.then(|| at.y as u32 * self.columns as u32 + at.x as u32)
    }

    /// Longitude of the west side of a column.
    fn west_of(&self, column: usize) -> f64 {
        self.west + column as f64 * self.width
    }

    /// Latitude of the south side of a row.
    fn south_of(&self, row: usize) -> f64 {
        self.south + row as f64 * self.height
    }

    /// Every cell within `reach` (in columns and rows) of an edge, and few others.
    fn cells_along(&self, edge: &Edge, reach: Coord<f64>, mut visit: impl FnMut(usize)) {
        let (from, to) = (self.in_cells(edge.from), self.in_cells(edge.to));
        let (rise, run) = (to.y - from.y, to.x - from.x);
        for row in whole(from.y - reach.y, to.y + reach.y, self.rows) {
            // The part of the edge that this row and what is within reach of it have; nearly level edges are taken whole.
            let (start, end) = if rise > 0.01 {
                let at = |y: f64| from.x + run * ((y - from.y) / rise).clamp(0.0, 1.0);
                (at(row as f64 - reach.y), at(row as f64 + 1.0 + reach.y))
            } else {
                (from.x, to.x)
            };
            for column in whole(start.min(end) - reach.x, start.max(end) + reach.x, self.columns) {
                visit(row * self.columns + column);
            }
        }
    }
}

/// The whole numbers from `low` to `high`, as far as they lie in `0..count`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to 0..count before")]
fn whole(low: f64, high: f64, count: usize) -> std::ops::Range<usize> {
    let end = count as f64;
    if high < 0.0 || low >= end { 0..0 } else { low.max(0.0) as usize..high.min(end - 1.0) as usize + 1 }
}

/// Fills a grid cell by cell, row by row.
struct Builder {
    grid: Grid,
    /// Zones that hold the point that the sweep has reached, rising.
    here: Vec<u32>,
    /// The edges of one cell with their zones, and its zones.
    found: Vec<(Edge, u32)>,
    zones: Vec<u32>,
    beyond: Vec<CellEdge>,
}

impl Builder {
    fn new(frame: Frame) -> Builder {
        let cells = vec![EMPTY; frame.columns * frame.rows];
        let grid = Grid { frame, cells, layers: Vec::new(), edges: Vec::new(), zones: Vec::new() };
        Builder { grid, here: Vec::new(), found: Vec::new(), zones: Vec::new(), beyond: Vec::new() }
    }

    /// The grid, or none when the lists of the cells together would be longer than `listed_max`, and there is more than a handful of cells.
    fn build(mut self, edges: &[(Edge, u32)], listed_max: usize) -> Option<Grid> {
        let frame = self.grid.frame;
        let slack = Coord { x: SLACK, y: SLACK };
        // The edges of each cell, as ranges of one list.
        let mut starts = vec![0_u32; self.grid.cells.len() + 1];
        let mut listed = 0_usize;
        for (edge, _) in edges {
            frame.cells_along(edge, slack, |cell| {
                starts[cell + 1] += 1;
                listed += 1;
            });
            if listed > listed_max && self.grid.cells.len() > CELLS_MIN {
                return None;
            }
        }
        for cell in 1..starts.len() {
            starts[cell] += starts[cell - 1];
        }
        let mut free = starts.clone();
        let mut list = vec![0_u32; starts.last().map_or(0, |&end| end as usize)];
        for (number, (edge, _)) in (0_u32..).zip(edges) {
            frame.cells_along(edge, slack, |cell| {
                list[free[cell] as usize] = number;
                free[cell] += 1;
            });
        }
        drop(free);
        for row in 0..frame.rows {
            self.here.clear();
            for column in 0..frame.columns {
                let cell = row * frame.columns + column;
                let numbers = &list[starts[cell] as usize..starts[cell + 1] as usize];
                self.found.clear();
                self.found.extend(numbers.iter().map(|&number| edges[number as usize]));
                let south = frame.south_of(row);
                let west_corner = Coord { x: frame.west_of(column), y: south };
                let corner = Coord { x: frame.west_of(column + 1), y: south };
                self.step(west_corner, corner);
                self.grid.cells[cell] = self.fill(corner);
            }
        }
        self.end_layers();
        self.grid.layers.shrink_to_fit();
        self.grid.edges.shrink_to_fit();
        self.grid.zones.shrink_to_fit();
        Some(self.grid)
    }

    /// From one corner east to the next: whoever's edge is crossed holds it now and did not before, or the other way.
    fn step(&mut self, from: Coord<f64>, to: Coord<f64>) {
        for (edge, zone) in &self.found {
            if edge.straddles_y(from.y) && edge.has_left(from) != edge.has_left(to) {
                match self.here.binary_search(zone) {
                    Ok(at) => drop(self.here.remove(at)),
                    Err(at) => self.here.insert(at, *zone),
                }
            }
        }
    }

    /// Writes one cell and gives its word.
    fn fill(&mut self, corner: Coord<f64>) -> u32 {
        if self.found.is_empty() {
            match self.here.as_slice() {
                [] => return EMPTY,
                [only] => return *only,
                _ => {}
            }
        }
        // Edges that neighbours share come together.
        let key = |edge: &Edge| [edge.from.x, edge.from.y, edge.to.x, edge.to.y];
        self.found.sort_unstable_by(|(a, zone_a), (b, zone_b)| {
            let ends = key(a).into_iter().zip(key(b)).map(|(a, b)| a.total_cmp(&b));
            ends.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(zone_a.cmp(zone_b))
        });
        self.zones.clear();
        self.zones.extend(self.found.iter().map(|(_, zone)| *zone).chain(self.here.iter().copied()));
        self.zones.sort_unstable();
        self.zones.dedup();
        let first = place(self.grid.layers.len());
        let zones = std::mem::take(&mut self.zones);
        let mut layers = zones.chunks(SLOTS_MAX).peekable();
        while let Some(layer_zones) = layers.next() {
            self.layer(corner, layer_zones, layers.peek().is_some());
        }
        self.zones = zones;
        MIXED | first
    }

    fn layer(&mut self, corner: Coord<f64>, zones: &[u32], more: bool) {
        let slot_of = |zone: u32| zones.binary_search(&zone).map_or(0, |slot| 1_u64 << slot);
        let edges = place(self.grid.edges.len());
        let found = std::mem::take(&mut self.found);
        for same in found.chunk_by(|(a, _), (b, _)| a == b) {
            let edge = same[0].0;
            let mut slots = 0;
            for slot in same.iter().map(|(_, zone)| slot_of(*zone)) {
                // A zone that runs along an edge twice crosses it twice: the second time stands alone.
                if slots & slot != 0 {
                    self.note(edge, slot, corner);
                } else {
                    slots |= slot;
                }
            }
            self.note(edge, slots, corner);
        }
        self.found = found;
        let beyond = place(self.grid.edges.len());
        self.grid.edges.append(&mut self.beyond);
        self.grid.layers.push(Layer {
            at_corner: self.here.iter().fold(0, |slots, &zone| slots | slot_of(zone)),
            corner_lon: corner.x,
            edges,
            beyond,
            zones: place(self.grid.zones.len()),
            more,
        });
        self.grid.zones.extend_from_slice(zones);
    }

    fn note(&mut self, edge: Edge, slots: u64, corner: Coord<f64>) {
        if slots == 0 {
            return;
        }
        if edge.from.x.max(edge.to.x) <= corner.x {
            self.grid.edges.push(CellEdge { edge, slots });
            return;
        }
        let straddles = if edge.straddles_x(corner.x) { STRADDLES_CORNER } else { 0 };
        let left = if edge.has_left(corner) { CORNER_IS_LEFT } else { 0 };
        self.beyond.push(CellEdge { edge, slots: slots | straddles | left });
    }

    /// The layer after the last, which ends its lists.
    fn end_layers(&mut self) {
        let (edges, zones) = (place(self.grid.edges.len()), place(self.grid.zones.len()));
        self.grid.layers.push(Layer { at_corner: 0, corner_lon: 0.0, edges, beyond: edges, zones, more: false });
    }
}

/// A place in one of the lists; they stay far below the mark.
fn place(at: usize) -> u32 {
    u32::try_from(at)
        .ok()
        .filter(|&at| at < MIXED - 1)
        .expect("the lists of a grid are bounded by the vertices of a map")
}
