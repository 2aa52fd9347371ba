//! How long filling, directions, gathering and heights above drains take on 4,000 by 4,000 cells, and a stage from what was stored.
//! `make bench` runs it (`tools/bench terrain`); the first argument names the side of the grid, `HAMYAR_BENCH_DEM` a GeoTIFF instead.
//! It prints wall and processor seconds of each step and the memory at its highest; it judges nothing.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fs;

use maps::City;
use maps::terrain::{self, Crs, Dem, Grid, Hands, Job, OneHand, Relief, ReliefOptions, Streams};

/// Cells that gather this many are streams.
const STREAM_CELLS: u32 = 1_000;

struct Threads(usize);

impl Hands for Threads {
    fn count(&self) -> usize {
        self.0
    }

    fn together(&self, jobs: Vec<Job<'_>>) {
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(job);
            }
        });
    }
}

/// Wall and processor seconds since the last look.
struct Watch {
    at: std::time::Instant,
    used: f64,
}

impl Watch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures the time")]
    fn start() -> Watch {
        Watch { at: std::time::Instant::now(), used: processor_seconds() }
    }

    fn tell(&mut self, what: &str) {
        let now = Watch::start();
        println!("{what:28} {:7.3} s wall {:7.3} s CPU", (now.at - self.at).as_secs_f64(), now.used - self.used);
        *self = Watch::start();
    }
}

/// User and system seconds of this process, from /proc (hundredths of a second).
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn peak_megabytes() -> f64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}

/// Midpoint displacement on a tilted plane: rough as hills are, with hollows everywhere, the same each time.
#[expect(clippy::cast_possible_truncation, reason = "heights are f32")]
fn hills(side: usize) -> Vec<f32> {
    let size = (side - 1).next_power_of_two();
    let mut heights = vec![0.0_f32; (size + 1) * (size + 1)];
    let at = |row: usize, col: usize| row * (size + 1) + col;
    let mut state = 20_260_101_u64;
    let mut chance = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f64 / f64::from(1 << 24) - 0.5) as f32
    };
    let (mut step, mut rough) = (size, 400.0_f32);
    while step > 1 {
        let half = step / 2;
        for row in (half..=size).step_by(step) {
            for col in (half..=size).step_by(step) {
                let corners = [
                    (row - half, col - half),
                    (row - half, col + half),
                    (row + half, col - half),
                    (row + half, col + half),
                ];
                let sum: f32 = corners.iter().map(|&(row, col)| heights[at(row, col)]).sum();
                heights[at(row, col)] = sum / 4.0 + chance() * rough;
            }
        }
        for row in (0..=size).step_by(half) {
            let first = if (row / half).is_multiple_of(2) { half } else { 0 };
            for col in (first..=size).step_by(step) {
                let around = [
                    (row.checked_sub(half), Some(col)),
                    (Some(row + half).filter(|&row| row <= size), Some(col)),
                    (Some(row), col.checked_sub(half)),
                    (Some(row), Some(col + half).filter(|&col| col <= size)),
                ];
                let known: Vec<f32> = around.iter().filter_map(|&(row, col)| Some(heights[at(row?, col?)])).collect();
                heights[at(row, col)] = known.iter().sum::<f32>() / known.len() as f32 + chance() * rough;
            }
        }
        (step, rough) = (half, rough * 0.6);
    }
    (0..side * side)
        .map(|cell| {
            let (row, col) = (cell / side, cell % side);
            heights[at(row, col)] + 600.0 * (0.7 * row as f32 + 0.3 * col as f32) / side as f32
        })
        .collect()
}

fn main() {
    let side = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(4_000_usize).max(3);
    let dem = if let Some(path) = std::env::var_os("HAMYAR_BENCH_DEM") {
        let file = std::io::BufReader::new(fs::File::open(path).expect("HAMYAR_BENCH_DEM can be opened"));
        terrain::read_geotiff(file, None).expect("HAMYAR_BENCH_DEM is a GeoTIFF of heights")
    } else {
        let grid = Grid::new((side, side), (250_000.0, 3_880_000.0), (10.0, 10.0), Crs::Projected(32639));
        Dem::new(grid.expect("a grid on the map"), hills(side)).expect("as many heights as cells")
    };
    let hands = Threads(std::thread::available_parallelism().map_or(1, usize::from));
    println!("{} by {} cells, {} hands", dem.grid().cols(), dem.grid().rows(), hands.count());
    let mut whole = Watch::start();
    let mut step = Watch::start();
    let filled = terrain::fill(&dem, &hands);
    step.tell("fill");
    let directions = terrain::directions(dem.grid(), &filled, &hands);
    step.tell("directions");
    let accumulation = terrain::accumulation(dem.grid(), &directions, &hands);
    step.tell("accumulation");
    let streams = Streams { accumulation: &accumulation, cells_min: Some(STREAM_CELLS), mapped: &[] };
    let drains = terrain::drains(dem.grid(), &directions, streams, &hands);
    step.tell("drains");
    let above = terrain::height_above_drain(dem.heights_m(), &drains, &hands);
    step.tell("height above drain");
    whole.tell("all of these");
    println!("{:28} {:7.0} MB", "memory at its highest", peak_megabytes());
    let raised = filled.iter().zip(dem.heights_m()).filter(|(filled, ground)| filled > ground).count();
    let reached = above.iter().filter(|height| height.is_finite()).count();
    println!("{raised} cells raised, {reached} cells reach a stream");
    let one = terrain::directions(dem.grid(), &filled, &OneHand);
    println!("the same directions with one hand: {}", one == directions);
    drop((directions, accumulation, drains, above, one));
    let mut step = Watch::start();
    let one = terrain::fill(&dem, &OneHand);
    step.tell("fill, one hand");
    println!("the same ground with one hand: {}\n", one == filled);
    drop((filled, one));
    stages(side, &hands);
}

/// A stage becomes three footprints: along the river below one gauge, and over the whole tile.
fn stages(side: usize, hands: &Threads) {
    let city = City::sample();
    let bounds = city.bounds();
    let step = (bounds.width() / side as f64, bounds.height() / side as f64);
    let grid = Grid::new((side, side), (bounds.min().x, bounds.max().y), step, Crs::Degrees).expect("a grid");
    let dem = Dem::new(grid, hills(side)).expect("as many heights as cells");
    let mut step = Watch::start();
    let relief = Relief::of(&dem, &city, &ReliefOptions::default(), hands).expect("the sample has waterways");
    step.tell("terrain to keep");
    for gauge in city.gauges().iter().filter(|gauge| gauge.reach.is_some()).take(3) {
        let ask = || city.stage_footprint(&relief, &gauge.code, 2.0, 0.3).expect("the gauge stands on this terrain");
        let banded = several(&format!("three footprints below {}", gauge.code), ask);
        println!("    {} zones possible", banded.possible.map_or(0, |footprint| footprint.zones.len()));
    }
    let bands = several("three bands, whole tile", || relief.flooded_bands(|_| Some(2.0), 0.3).expect("a stage"));
    let shapes = several("their shapes, whole tile", || bands.extents().map(|extent| extent.shape(8)));
    let corners: usize = shapes.iter().map(geo::CoordsIter::coords_count).sum();
    println!("    {} cells possible, {corners} corners", bands.possible.cells());
}

/// Does it nine times and tells the median and the worst, wall and processor, of this thread.
fn several<T>(what: &str, ask: impl Fn() -> T) -> T {
    let mut wall = Vec::new();
    let mut used = Vec::new();
    for _ in 0..9 {
        let begin = (Watch::start().at, thread_seconds());
        std::hint::black_box(ask());
        wall.push((Watch::start().at - begin.0).as_secs_f64() * 1e3);
        used.push((thread_seconds() - begin.1) * 1e3);
    }
    wall.sort_by(f64::total_cmp);
    used.sort_by(f64::total_cmp);
    println!("{what:34} {:6.1} ms wall ({:.1} at worst), {:6.1} ms CPU", wall[4], wall[8], used[4]);
    ask()
}

/// Processor seconds of this thread, from /proc (nanoseconds).
fn thread_seconds() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}
