//! Water on a strip of the window, and its steps through time.
//! Each hand of `run` has a sheet of its own; `edge` knows what flows over a side.
//! Only blocks of cells that are wet, or lie beside wet ones, are worked on; nothing flows elsewhere, so the result is as if all were.
//! No cell ever gives more water than it holds, and whatever one gives another gets.

use std::ops::Range;

use super::amount::{WALL_M, whole};
use super::edge::{DEPTH_MIN_M, GRAVITY, LANES, Pace, Sides, flow, outflow};
use super::ground::{Ground, Side};

/// Part of its water that a cell gives within a step at most; what rounding adds stays below the rest.
const GIVES_MAX: f32 = 0.999;

/// What is shallower gives nothing, metres: there rounding could exceed the rest.
const GIVES_FROM_M: f32 = 1e-6;

/// Cells are this deep before their speed counts, metres: thinner water tells more of the scheme than of the flood.
pub const SPEED_DEPTH_MIN_M: f32 = 0.05;

/// A side over which water leaves the window.
#[derive(Debug, Clone, Copy)]
struct Outlet {
    cell: usize,
    side: Side,
    slope: f32,
    drag: f32,
    /// Does this sheet count what leaves, or is the cell another's?
    own: bool,
}

/// Rows of cells with a margin of walls all around.
pub(super) struct Sheet {
    /// The window's row of the first row of cells, which is row 1 here.
    first: usize,
    /// Rows of cells, without the margin.
    rows: usize,
    /// Blocks in a row, with one of the margin at each end.
    blocks: usize,
    ground: Vec<f64>,
    depth: Vec<f64>,
    /// Flow over the eastern and southern side of each cell, m²/s per metre of side.
    east: Vec<f32>,
    south: Vec<f32>,
    drag_east: Vec<f32>,
    drag_south: Vec<f32>,
    /// Which part of what would flow out of a cell may; 1 in every block that is not `held`.
    keep: Vec<f32>,
    /// For each block: is a cell deeper than [`DEPTH_MIN_M`]?
    wet: Vec<bool>,
    wet_next: Vec<bool>,
    /// For each block: may a side have a flow?
    east_flows: Vec<bool>,
    south_flows: Vec<bool>,
    held: Vec<bool>,
    /// For each row: blocks that may be wet.
    span: Vec<Range<usize>>,
    /// For each row: blocks to look at, now and in the step before.
    reach: Vec<Range<usize>>,
    reached: Vec<Range<usize>>,
    outlets: Vec<Outlet>,
    /// Southern flows of the row above, before they changed.
    above: Vec<f32>,
    above_flows: Vec<bool>,
}

/// What cells of one inflow get in a step.
#[derive(Debug, Clone)]
pub(super) struct Gift {
    /// Cells of a sheet.
    pub(super) cells: Vec<usize>,
    /// Which inflow.
    pub(super) inflow: usize,
}

/// What has been greatest so far, for the rows of one sheet; row-major without margins.
pub(super) struct Record<'a> {
    pub(super) depth_m: &'a mut [f32],
    pub(super) arrival_s: &'a mut [f32],
    /// Square of the speed.
    pub(super) speed: &'a mut [f32],
    /// Square of the discharge per metre.
    pub(super) discharge: &'a mut [f32],
}

impl<'a> Record<'a> {
    /// The first cells, and the others.
    pub(super) fn split(self, cells: usize) -> (Record<'a>, Record<'a>) {
        let (depth_m, depth_rest) = self.depth_m.split_at_mut(cells);
        let (arrival_s, arrival_rest) = self.arrival_s.split_at_mut(cells);
        let (speed, speed_rest) = self.speed.split_at_mut(cells);
        let (discharge, discharge_rest) = self.discharge.split_at_mut(cells);
        let rest =
            Record { depth_m: depth_rest, arrival_s: arrival_rest, speed: speed_rest, discharge: discharge_rest };
        (Record { depth_m, arrival_s, speed, discharge }, rest)
    }
}

fn block<T>(list: &[T], at: usize) -> &[T; LANES] {
    list[at..].first_chunk().expect("a block lies in a row")
}

fn block_mut<T>(list: &mut [T], at: usize) -> &mut [T; LANES] {
    list[at..].first_chunk_mut().expect("a block lies in a row")
}

fn join(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    if a.is_empty() {
        b.clone()
    } else if b.is_empty() {
        a.clone()
    } else {
        a.start.min(b.start)..a.end.max(b.end)
    }
}

impl Sheet {
    /// Dry ground of some rows of the window; `own` are those whose outflow this sheet counts.
    #[expect(clippy::cast_possible_truncation, reason = "a roughness needs no more than f32")]
    pub(super) fn new(ground: &Ground, rows: Range<usize>, own: &Range<usize>) -> Sheet {
        let cols = ground.grid().cols();
        let blocks = cols.div_ceil(LANES) + 2;
        let stride = blocks * LANES;
        let cells = stride * (rows.len() + 2);
        let flags = blocks * (rows.len() + 2);
        let mut heights = vec![WALL_M; cells];
        let mut drag_east = vec![1.0; cells];
        let mut drag_south = vec![1.0; cells];
        let manning = ground.manning();
        let drag = |a: usize, b: usize| {
            let n = f64::midpoint(f64::from(manning[a]), f64::from(manning[b]));
            (GRAVITY * n * n) as f32
        };
        for (local, row) in (1..).zip(rows.clone()) {
            for col in 0..cols {
                let (here, at) = (row * cols + col, local * stride + LANES + col);
                heights[at] = ground.heights_m()[here];
                drag_east[at] = drag(here, if col + 1 < cols { here + 1 } else { here });
                drag_south[at] = drag(here, if row + 1 < ground.grid().rows() { here + cols } else { here });
            }
        }
        let mut outlets = Vec::new();
        for &(side, slope_min) in ground.open_sides() {
            for here in ground.cells_along(side) {
                let row = here / cols;
                if rows.contains(&row) {
                    let slope = ground.slope_out(side, here).clamp(slope_min, 1.0);
                    let cell = (row - rows.start + 1) * stride + LANES + here % cols;
                    outlets.push(Outlet { cell, side, slope, drag: drag(here, here), own: own.contains(&row) });
                }
            }
        }
        Sheet {
            first: rows.start,
            rows: rows.len(),
            blocks,
            ground: heights,
            depth: vec![0.0; cells],
            east: vec![0.0; cells],
            south: vec![0.0; cells],
            drag_east,
            drag_south,
            keep: vec![1.0; cells],
            wet: vec![false; flags],
            wet_next: vec![false; flags],
            east_flows: vec![false; flags],
            south_flows: vec![false; flags],
            held: vec![false; flags],
            span: vec![0..0; rows.len() + 2],
            reach: vec![0..0; rows.len() + 2],
            reached: vec![0..0; rows.len() + 2],
            outlets,
            above: vec![0.0; stride],
            above_flows: vec![false; blocks],
        }
    }

    fn stride(&self) -> usize {
        self.blocks * LANES
    }

    /// Cells, those of the margin included.
    pub(super) fn cells(&self) -> usize {
        self.depth.len()
    }

    /// The window's rows that are here.
    pub(super) fn window_rows(&self) -> Range<usize> {
        self.first..self.first + self.rows
    }

    /// Where a cell of the window is here, if it is.
    pub(super) fn place_of(&self, row: usize, col: usize) -> Option<usize> {
        self.window_rows().contains(&row).then(|| (row - self.first + 1) * self.stride() + LANES + col)
    }

    /// Water stands on a cell.
    pub(super) fn stand(&mut self, at: usize, depth_m: f64) {
        self.depth[at] = depth_m;
        if depth_m > DEPTH_MIN_M {
            let (row, block) = (at / self.stride(), at % self.stride() / LANES);
            self.wet[row * self.blocks + block] = true;
            self.span[row] = join(&self.span[row], &(block..block + 1));
        }
    }

    /// Takes over all water and flow of a row of the window from a sheet that has it; `None` is the margin north of the window.
    pub(super) fn take_row(&mut self, row: Option<usize>, from: &Sheet) {
        let local = |sheet: &Sheet| row.map_or(0, |row| row - sheet.first + 1);
        let (to, there) = (local(self), local(from));
        let stride = self.stride();
        let (to_cells, from_cells) = (to * stride..(to + 1) * stride, there * stride..(there + 1) * stride);
        self.depth[to_cells.clone()].copy_from_slice(&from.depth[from_cells.clone()]);
        self.east[to_cells.clone()].copy_from_slice(&from.east[from_cells.clone()]);
        self.south[to_cells].copy_from_slice(&from.south[from_cells]);
        let (to_flags, from_flags) =
            (to * self.blocks..(to + 1) * self.blocks, there * self.blocks..(there + 1) * self.blocks);
        self.wet[to_flags.clone()].copy_from_slice(&from.wet[from_flags]);
        // What was left there is swept once.
        self.east_flows[to_flags.clone()].fill(true);
        self.south_flows[to_flags].fill(true);
        self.span[to] = from.span[there].clone();
        self.reached[to] = 1..self.blocks - 1;
    }

    /// Lets water flow for one step, then adds what comes: `gifts_m[inflow]` metres to each cell of it, and rain (metres, with the part of it that
    /// stays, by cell of this sheet). Gives back metres of depth that left over open sides and that fell, over all of this sheet's own cells.
    pub(super) fn step(
        &mut self,
        secs: f64,
        (width_m, height_m): (f64, f64),
        gifts: &[Gift],
        gifts_m: &[f64],
        rain: Option<(f64, &[f32], &Range<usize>)>,
    ) -> (f64, f64) {
        let (across, along) = (Pace::new(secs, width_m), Pace::new(secs, height_m));
        for row in 1..=self.rows {
            let around = join(&join(&self.span[row - 1], &self.span[row]), &self.span[row + 1]);
            self.reach[row] =
                if around.is_empty() { 0..0 } else { (around.start - 1).max(1)..(around.end + 1).min(self.blocks - 1) };
        }
        self.flows(across, along);
        let left = self.outflows(across, along);
        self.update(across, along);
        for gift in gifts {
            for &cell in &gift.cells {
                self.depth[cell] += gifts_m[gift.inflow];
                if self.depth[cell] > DEPTH_MIN_M {
                    let (row, block) = (cell / self.stride(), cell % self.stride() / LANES);
                    self.wet_next[row * self.blocks + block] = true;
                    self.span[row] = join(&self.span[row], &(block..block + 1));
                }
            }
        }
        // What left eastward lies on the margin now, in the same block; it is counted and gone.
        for outlet in self.outlets.iter().filter(|outlet| outlet.side == Side::East) {
            self.depth[outlet.cell + 1] = 0.0;
        }
        let fallen = rain.map_or(0.0, |(metres, share, own)| self.rain(metres, share, own));
        std::mem::swap(&mut self.wet, &mut self.wet_next);
        std::mem::swap(&mut self.reach, &mut self.reached);
        (left, fallen)
    }

    /// Blocks of a row to look at: where something may flow now, or did in the step before.
    fn looked_at(&self, row: usize) -> Range<usize> {
        join(&self.reach[row], &self.reached[row])
    }

    /// New flows over all sides, before any is held back.
    fn flows(&mut self, across: Pace, along: Pace) {
        let (stride, blocks) = (self.stride(), self.blocks);
        self.above.copy_from_slice(&self.south[..stride]);
        self.above_flows.fill(true);
        for row in 1..=self.rows {
            let mut before = None;
            let looked_at = self.looked_at(row);
            // Where nothing is looked at nothing has flowed either.
            for skipped in (1..looked_at.start.min(blocks)).chain(looked_at.end..blocks) {
                if std::mem::take(&mut self.above_flows[skipped]) {
                    self.above[skipped * LANES..(skipped + 1) * LANES].fill(0.0);
                }
            }
            for column in looked_at {
                let (at, flag) = (row * stride + column * LANES, row * blocks + column);
                if self.wet[flag] || self.wet[flag + 1] {
                    let mut last = [0.0; LANES + 2];
                    last[0] = before.unwrap_or(self.east[at - 1]);
                    last[1..].copy_from_slice(&self.east[at..=at + LANES]);
                    before = Some(last[LANES]);
                    let sides = Sides {
                        ground_a: block(&self.ground, at),
                        depth_a: block(&self.depth, at),
                        ground_b: block(&self.ground, at + 1),
                        depth_b: block(&self.depth, at + 1),
                        flow: block(&last, 1),
                        before: block(&last, 0),
                        behind: block(&last, 2),
                        drag: block(&self.drag_east, at),
                    };
                    let new = flow(&sides, across);
                    *block_mut(&mut self.east, at) = new;
                    self.east_flows[flag] = true;
                } else {
                    before = None;
                    if std::mem::take(&mut self.east_flows[flag]) {
                        block_mut(&mut self.east, at).fill(0.0);
                    }
                }
                let last = *block(&self.south, at);
                if self.wet[flag] || self.wet[flag + blocks] {
                    let sides = Sides {
                        ground_a: block(&self.ground, at),
                        depth_a: block(&self.depth, at),
                        ground_b: block(&self.ground, at + stride),
                        depth_b: block(&self.depth, at + stride),
                        flow: &last,
                        before: block(&self.above, column * LANES),
                        behind: block(&self.south, at + stride),
                        drag: block(&self.drag_south, at),
                    };
                    let new = flow(&sides, along);
                    *block_mut(&mut self.south, at) = new;
                    self.south_flows[flag] = true;
                    *block_mut(&mut self.above, column * LANES) = last;
                    self.above_flows[column] = true;
                } else if std::mem::take(&mut self.south_flows[flag]) {
                    block_mut(&mut self.south, at).fill(0.0);
                    *block_mut(&mut self.above, column * LANES) = last;
                    self.above_flows[column] = true;
                } else if std::mem::take(&mut self.above_flows[column]) {
                    block_mut(&mut self.above, column * LANES).fill(0.0);
                }
            }
        }
    }

    /// Flows over open sides, then what each cell must hold back, and what leaves.
    fn outflows(&mut self, across: Pace, along: Pace) -> f64 {
        let outlets = std::mem::take(&mut self.outlets);
        for outlet in &outlets {
            let out = outflow(self.depth[outlet.cell], outlet.slope, outlet.drag);
            *self.over(outlet) = match outlet.side {
                Side::East | Side::South => out,
                Side::West | Side::North => -out,
            };
        }
        self.hold_back(across, along);
        let mut left = 0.0;
        for outlet in &outlets {
            let keep = self.keep[outlet.cell];
            let flow = self.over(outlet);
            let held = *flow * keep;
            let pace = match outlet.side {
                Side::East | Side::West => across,
                Side::North | Side::South => along,
            };
            // Eastern and southern sides lie in the cell's own block and are held back with it.
            if matches!(outlet.side, Side::West | Side::North) {
                *flow = held;
            }
            if outlet.own {
                left += whole(f64::from(held.abs()) * pace.per_metre);
            }
        }
        self.outlets = outlets;
        left
    }

    fn over(&mut self, outlet: &Outlet) -> &mut f32 {
        let stride = self.stride();
        match outlet.side {
            Side::East => &mut self.east[outlet.cell],
            Side::South => &mut self.south[outlet.cell],
            Side::West => &mut self.east[outlet.cell - 1],
            Side::North => &mut self.south[outlet.cell - stride],
        }
    }

    /// Can this block's water change?
    fn changes(&self, flag: usize) -> bool {
        let wet = &self.wet;
        wet[flag] || wet[flag - 1] || wet[flag + 1] || wet[flag - self.blocks] || wet[flag + self.blocks]
    }

    /// Finds cells that would give more than they hold.
    #[expect(clippy::cast_possible_truncation, reason = "the rest that a cell keeps is larger than what f32 rounds")]
    fn hold_back(&mut self, across: Pace, along: Pace) {
        let (stride, blocks) = (self.stride(), self.blocks);
        let (per_width, per_height) = (across.per_metre as f32, along.per_metre as f32);
        let gives = |flow: f32| if flow > 0.0 { flow } else { 0.0 };
        for row in 1..=self.rows {
            for column in self.looked_at(row) {
                let (at, flag) = (row * stride + column * LANES, row * blocks + column);
                let mut too_much = false;
                if self.changes(flag) {
                    let (east, west) = (block(&self.east, at), block(&self.east, at - 1));
                    let (south, north) = (block(&self.south, at), block(&self.south, at - stride));
                    let depth = block(&self.depth, at);
                    let mut given = [0.0_f32; LANES];
                    let mut most = [0.0_f32; LANES];
                    for lane in 0..LANES {
                        given[lane] = (gives(east[lane]) + gives(-west[lane])) * per_width
                            + (gives(south[lane]) + gives(-north[lane])) * per_height;
                        let depth = depth[lane] as f32;
                        most[lane] = if depth > GIVES_FROM_M { GIVES_MAX * depth } else { 0.0 };
                    }
                    for lane in 0..LANES {
                        too_much |= given[lane] > most[lane];
                    }
                    if too_much {
                        let keep = block_mut(&mut self.keep, at);
                        for lane in 0..LANES {
                            keep[lane] = if given[lane] > most[lane] { most[lane] / given[lane] } else { 1.0 };
                        }
                    }
                }
                if self.held[flag] && !too_much {
                    block_mut(&mut self.keep, at).fill(1.0);
                }
                self.held[flag] = too_much;
            }
        }
    }

    /// Holds back what must be, and moves the water.
    fn update(&mut self, across: Pace, along: Pace) {
        let (stride, blocks) = (self.stride(), self.blocks);
        self.wet_next.fill(false);
        for row in 1..=self.rows {
            let (mut first, mut end) = (usize::MAX, 0);
            for column in self.reach[row].clone() {
                let (at, flag) = (row * stride + column * LANES, row * blocks + column);
                if !self.changes(flag) {
                    continue;
                }
                // The last block's eastern and the last row's southern neighbours are walls, which give nothing.
                if self.held[flag] || self.held[flag + 1] {
                    let east = block_mut(&mut self.east, at);
                    let (own, other) = (block(&self.keep, at), block(&self.keep, at + 1));
                    for lane in 0..LANES {
                        east[lane] *= if east[lane] > 0.0 { own[lane] } else { other[lane] };
                    }
                }
                if self.held[flag] || self.held[flag + blocks] {
                    let south = block_mut(&mut self.south, at);
                    let (own, other) = (block(&self.keep, at), block(&self.keep, at + stride));
                    for lane in 0..LANES {
                        south[lane] *= if south[lane] > 0.0 { own[lane] } else { other[lane] };
                    }
                }
                let (east, west) = (block(&self.east, at), block(&self.east, at - 1));
                let (south, north) = (block(&self.south, at), block(&self.south, at - stride));
                let depth = block_mut(&mut self.depth, at);
                let mut wet = false;
                for lane in 0..LANES {
                    let through = |flow: f32, pace: Pace| whole(f64::from(flow) * pace.per_metre);
                    let more = (through(west[lane], across) - through(east[lane], across))
                        + (through(north[lane], along) - through(south[lane], along));
                    let new = depth[lane] + more;
                    depth[lane] = new;
                    wet |= new > DEPTH_MIN_M;
                }
                debug_assert!(depth.iter().all(|depth| *depth >= 0.0), "a cell gave more than it holds");
                if wet {
                    self.wet_next[flag] = true;
                    first = first.min(column);
                    end = column + 1;
                }
            }
            self.span[row] = if end > 0 { first..end } else { 0..0 };
        }
    }

    /// Adds rain to every cell that is no wall; gives back the sum over rows of the window in `own`.
    fn rain(&mut self, metres: f64, share: &[f32], own: &Range<usize>) -> f64 {
        let (stride, blocks) = (self.stride(), self.blocks);
        let mut fallen = 0.0;
        for row in 1..=self.rows {
            let counts = own.contains(&(self.first + row - 1));
            let (mut first, mut end) = (usize::MAX, 0);
            for column in 1..blocks - 1 {
                let at = row * stride + column * LANES;
                let (depth, share) = (block_mut(&mut self.depth, at), block(share, at));
                let (mut wet, mut sum) = (false, 0.0);
                for lane in 0..LANES {
                    let more = whole(metres * f64::from(share[lane]));
                    depth[lane] += more;
                    sum += more;
                    wet |= depth[lane] > DEPTH_MIN_M;
                }
                if counts {
                    fallen += sum;
                }
                if wet {
                    self.wet_next[row * blocks + column] = true;
                    first = first.min(column);
                    end = column + 1;
                }
            }
            if end > 0 {
                self.span[row] = join(&self.span[row], &(first..end));
            }
        }
        fallen
    }

    /// Notes what is greater than before on rows of the window; gives back the greatest depth and how many cells are wet.
    #[expect(clippy::cast_possible_truncation, reason = "results need no more than f32")]
    pub(super) fn note(
        &self,
        own: &Range<usize>,
        cols: usize,
        at_s: f64,
        arrival_depth_m: f32,
        record: &mut Record<'_>,
    ) -> (f64, u64) {
        let stride = self.stride();
        let (mut deepest, mut wet) = (0.0_f64, 0_u64);
        for row in own.clone() {
            let local = row - self.first + 1;
            for column in self.span[local].clone() {
                if !self.wet[local * self.blocks + column] {
                    continue;
                }
                let col = (column - 1) * LANES;
                for lane in 0..LANES.min(cols - col) {
                    let at = local * stride + column * LANES + lane;
                    let to = (row - own.start) * cols + col + lane;
                    let depth_m = self.depth[at];
                    // A film beside wet cells counts as little as one that lies elsewhere, or the result would depend on blocks.
                    if depth_m <= DEPTH_MIN_M {
                        continue;
                    }
                    if depth_m > deepest {
                        deepest = depth_m;
                    }
                    wet += 1;
                    let depth = depth_m as f32;
                    if depth > record.depth_m[to] {
                        record.depth_m[to] = depth;
                    }
                    if depth >= arrival_depth_m && record.arrival_s[to].is_infinite() {
                        record.arrival_s[to] = at_s as f32;
                    }
                    let across = 0.5 * (self.east[at] + self.east[at - 1]);
                    let along = 0.5 * (self.south[at] + self.south[at - stride]);
                    let square = across * across + along * along;
                    if square > record.discharge[to] {
                        record.discharge[to] = square;
                    }
                    let speed = square / (depth * depth);
                    if depth >= SPEED_DEPTH_MIN_M && speed > record.speed[to] {
                        record.speed[to] = speed;
                    }
                }
            }
        }
        (deepest, wet)
    }

    /// How much work a row is: its wet blocks, and a little for itself.
    pub(super) fn effort_of(&self, row: usize) -> usize {
        let local = row - self.first + 1;
        let wet = &self.wet[local * self.blocks..(local + 1) * self.blocks];
        4 * wet.iter().filter(|wet| **wet).count() + 1
    }

    /// Depths of a row of the window, whole amounts.
    pub(super) fn depths_of(&self, row: usize, cols: usize) -> &[f64] {
        let start = (row - self.first + 1) * self.stride() + LANES;
        &self.depth[start..start + cols]
    }
}
