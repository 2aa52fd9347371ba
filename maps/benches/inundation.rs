//! How long a street flood takes: 416 by 321 cells of 1 m between houses, 1,000 seconds, and the same with one hand.
//! `make bench PART=inundation` runs it; an argument names the seconds of flood.
//! It prints wall and processor seconds, what was done, and the balance; it judges nothing but that hands do not matter.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fs;

use maps::inundation::{Course, Ground, Inflow, Inundation, MANNING_N, Series, Side, Water, Window, flood};
use maps::terrain::{Crs, Grid, Hands, Job, OneHand};

const COLS: usize = 416;
const ROWS: usize = 321;

struct Threads(usize);

impl Hands for Threads {
    fn count(&self) -> usize {
        self.0
    }

    fn together(&self, mut jobs: Vec<Job<'_>>) {
        let own = jobs.pop();
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(job);
            }
            if let Some(job) = own {
                job();
            }
        });
    }
}

/// User and system seconds of this process, from /proc (hundredths of a second).
fn processor_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / 100.0
}

/// Blocks of houses between streets on ground that falls to the east by 2 in 100 and is a little rough; streets are smoother than yards.
#[expect(clippy::cast_possible_truncation, reason = "heights are f32")]
fn streets() -> Ground {
    let grid = Grid::new((COLS, ROWS), (250_000.0, 3_880_000.0), (1.0, 1.0), Crs::Projected(32639)).expect("a grid");
    let mut state = 20_260_101_u32;
    let mut chance = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let place = |cell: usize| ((cell / COLS) % 36, (cell % COLS) % 46, cell / COLS, cell % COLS);
    let is_street = |cell: usize| {
        let (row, col, ..) = place(cell);
        row < 12 || col < 10
    };
    let heights: Vec<f32> = (0..COLS * ROWS)
        .map(|cell| {
            let (_, _, row, col) = place(cell);
            // A shallow valley along the middle street, kerbs of 15 cm, roughness of 4 cm.
            let across = (row as f64 - 150.0) / ROWS as f64;
            let kerb = if is_street(cell) { 0.0 } else { 0.15 };
            (1_850.0 - 0.02 * col as f64 + 6.0 * across * across + kerb + 0.04 * chance()) as f32
        })
        .collect();
    let manning = (0..COLS * ROWS).map(|cell| if is_street(cell) { 0.02 } else { MANNING_N }).collect();
    let houses = (0..COLS * ROWS).filter(|cell| {
        let (row, col, ..) = place(*cell);
        (16..32).contains(&row) && (14..42).contains(&col)
    });
    let ground = Ground::new(&grid, &heights, &Window::whole(&grid), MANNING_N).expect("heights of this grid");
    let ground = ground.with_roughness(manning).expect("a value for each cell").built_up(houses);
    ground.open(Side::East, 0.005).expect("a slope")
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000.0_f64).max(10.0);
    let ground = streets();
    // 19.7 m³/s over the western end of the middle streets, at once and without end, as in the flood that the goal was taken from.
    let cells = (140..170).map(|row| row * COLS + 2).filter(|cell| !ground.is_wall(*cell)).collect();
    let discharge_m3s = Series::constant(19.7).expect("a discharge");
    let water = Water { inflows: vec![Inflow { cells, discharge_m3s }], ..Water::default() };
    let hands = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{COLS} by {ROWS} cells of 1 m, {seconds:.0} s of flood");
    let all = measure(&ground, &water, seconds, &Threads(hands), &format!("{hands} hands"));
    let one = measure(&ground, &water, seconds, &OneHand, "one hand");
    println!("the same with one hand: {}", all == one);
    let wet = all.depth_max_m().iter().filter(|depth| **depth > 0.05).count();
    let deepest = all.depth_max_m().iter().copied().fold(0.0, f32::max);
    println!("{wet} cells deeper than 5 cm, deepest {deepest:.2} m; {:?}", all.balance());
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the time")]
fn measure(ground: &Ground, water: &Water, seconds: f64, hands: &dyn Hands, what: &str) -> Inundation {
    let (begin, used) = (std::time::Instant::now(), processor_seconds());
    let result =
        flood(ground, water, &Course::of_seconds(seconds), hands, |_| true).expect("a flood within its budget");
    let (wall, processor) = (begin.elapsed().as_secs_f64(), processor_seconds() - used);
    let (_, steps, cell_steps) = result.effort();
    println!(
        "{what:10} {wall:7.3} s wall {processor:7.3} s CPU, {steps} steps, {:.0} wet cells on average, {:.1} M cells/s of wall",
        cell_steps as f64 / steps as f64,
        cell_steps as f64 / 1e6 / wall
    );
    result
}
