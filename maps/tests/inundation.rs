//! Water over ground, held against what is known of it: rest, breaking dams, uniform flow, and that none is lost.
//! Exact solutions are worked out here from their definitions, as simply as they can be said.
//! Equal means equal to the bit, whoever works and however the window is turned.

#![expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "small grids; equal means the same number")]

use std::sync::Mutex;

use maps::inundation::{
    Course, DEPTH_MIN_M, Ground, Inflow, Inundation, NoInundation, Progress, Rain, STEPS_TOGETHER, Series, Side, Water,
    Window, flood,
};
use maps::terrain::{Crs, Grid, Hands, Job, OneHand};
use proptest::prelude::*;

const GRAVITY: f64 = 9.81;

/// As many jobs as asked, the last one first, so that whoever relies on an order is found out.
struct Several(usize);

impl Hands for Several {
    fn count(&self) -> usize {
        self.0
    }

    fn together(&self, jobs: Vec<Job<'_>>) {
        jobs.into_iter().rev().for_each(|job| job());
    }
}

/// Real threads.
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

fn ground((cols, rows): (usize, usize), step_m: f64, manning: f32, height: impl Fn(usize, usize) -> f32) -> Ground {
    let grid = Grid::new((cols, rows), (0.0, 0.0), (step_m, step_m), Crs::Metres).expect("made by this test");
    let heights: Vec<f32> = (0..rows * cols).map(|cell| height(cell / cols, cell % cols)).collect();
    Ground::new(&grid, &heights, &Window::whole(&grid), manning).expect("made by this test")
}

fn run(ground: &Ground, water: &Water, seconds: f64) -> Inundation {
    flood(ground, water, &Course::of_seconds(seconds), &OneHand, |_| true).expect("made by this test")
}

fn inflow(cells: Vec<usize>, discharge_m3s: f64) -> Water {
    let discharge_m3s = Series::constant(discharge_m3s).expect("made by this test");
    Water { inflows: vec![Inflow { cells, discharge_m3s }], ..Water::default() }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn everything(flood: &Inundation) -> [Vec<u32>; 5] {
    [flood.depth_m(), flood.depth_max_m(), flood.arrival_s(), flood.speed_max_ms(), flood.discharge_max_m2s()].map(bits)
}

/// Rough ground with hollows, mounds, and here and there a wall.
fn rough(seed: u32, row: usize, col: usize) -> f32 {
    let mut state = seed ^ (row as u32).wrapping_mul(2_654_435_761) ^ (col as u32).wrapping_mul(2_246_822_519);
    for _ in 0..3 {
        state = (state ^ (state >> 15)).wrapping_mul(2_146_121_005);
    }
    if state.is_multiple_of(23) { f32::NAN } else { 1_850.0 + (state >> 8) as f32 / 2.0_f32.powi(24) * 2.0 }
}

#[test]
fn a_lake_at_rest_stays_at_rest_to_the_bit() {
    let (cols, rows) = (37, 29);
    let bed = |row: usize, col: usize| {
        let (x, y) = (row as f32 - 14.0, col as f32 - 18.0);
        1_850.0 + 0.013 * (x * x + y * y) + 0.3 * ((row * 7 + col * 3) % 5) as f32
    };
    let ground = ground((cols, rows), 2.0, 0.03, bed);
    // The surface stands at a height that each depth reaches exactly; banks stay dry.
    let standing: Vec<f32> = (0..rows * cols).map(|cell| (1_852.0 - bed(cell / cols, cell % cols)).max(0.0)).collect();
    let water = Water { standing_m: Some(standing.clone()), ..Water::default() };
    let flood = run(&ground, &water, 600.0);
    assert_eq!(bits(flood.depth_m()), bits(&standing));
    assert!(flood.speed_max_ms().iter().all(|speed| *speed == 0.0));
    assert!(flood.effort().1 > 500 && flood.balance().lost_m3 == 0.0);
}

/// Depth of a broken dam's water without friction, by x/t, for a first depth on the left (x < 0) and one on the right.
///
/// Of the equations that are solved here (no advection): a fan in which q + (2/3) √g h^(3/2) stays the same, x/t = -√(g h), then still depth `middle`
/// up to a front that moves by √(g (h + right) / 2). Of the whole shallow-water equations (Stoker 1957): u + 2 √(g h) stays the same, x/t = u - √(g h),
/// and the front moves by Rankine and Hugoniot's condition with momentum.
fn broken_dam(left: f64, right: f64, whole_equations: bool) -> impl Fn(f64) -> f64 {
    let celerity = |depth: f64| (GRAVITY * depth).sqrt();
    let through_fan = move |depth: f64| {
        if whole_equations {
            depth * 2.0 * (celerity(left) - celerity(depth))
        } else {
            2.0 / 3.0 * GRAVITY.sqrt() * (left.powf(1.5) - depth.powf(1.5))
        }
    };
    let through_front = move |depth: f64| {
        let (mean, rise) = (f64::midpoint(depth, right), depth - right);
        if whole_equations {
            depth * rise * (GRAVITY * mean / (depth * right)).sqrt()
        } else {
            rise * (GRAVITY * mean).sqrt()
        }
    };
    let (mut low, mut high) = (right, left);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if through_fan(middle) > through_front(middle) { low = middle } else { high = middle }
    }
    let middle = low;
    let speed = if whole_equations { through_fan(middle) / middle } else { 0.0 };
    let front = through_fan(middle) / (middle - right);
    move |ray: f64| {
        if ray < -celerity(left) {
            left
        } else if ray < speed - celerity(middle) {
            let root = if whole_equations { (2.0 * celerity(left) - ray) / 3.0 } else { -ray };
            root * root / GRAVITY
        } else if ray < front {
            middle
        } else {
            right
        }
    }
}

/// Mean difference of depths from the solution, as part of the deeper water at the beginning.
fn dam_error(cells: usize, right: f64, whole_equations: bool) -> f64 {
    let length_m = 200.0;
    let step_m = length_m / cells as f64;
    // As smooth as may be: friction is left out of the solution.
    let ground = ground((cells, 1), step_m, 0.001, |_, _| 0.0);
    let standing = (0..cells).map(|col| if col < cells / 2 { 2.0 } else { right as f32 }).collect();
    let water = Water { standing_m: Some(standing), ..Water::default() };
    let seconds = 10.0;
    let flood = run(&ground, &water, seconds);
    let exact = broken_dam(2.0, right, whole_equations);
    let off = |(col, depth): (usize, &f32)| {
        (f64::from(*depth) - exact(((col as f64 + 0.5) * step_m - length_m / 2.0) / seconds)).abs()
    };
    flood.depth_m().iter().enumerate().map(off).sum::<f64>() / cells as f64 / 2.0
}

#[test]
fn a_broken_dam_follows_the_exact_solution_of_these_equations_and_closer_with_finer_cells() {
    // The scheme takes the depth over a side as the higher level's, so a front that stays a few cells wide keeps an error of its own: the steeper
    // the front, the larger the part that finer cells don't mend.
    for (right, most) in [(1.4, 0.0015), (1.0, 0.004), (0.5, 0.011)] {
        let errors = [100, 200, 400, 800].map(|cells| dam_error(cells, right, false));
        assert!(errors.is_sorted_by(|coarse, fine| fine < coarse), "right {right}: {errors:?}");
        assert!(errors[3] < errors[0] * 0.6 && errors[3] < most, "right {right}: {errors:?}");
    }
}

#[test]
fn a_broken_dam_is_near_stokers_where_the_flow_is_slow() {
    // De Almeida and Bates 2013 find good agreement below a Froude number of 0.5 and slower waves than the whole equations', which is what is
    // missing here: the difference grows with the fall.
    for (right, most) in [(1.4, 0.01), (1.0, 0.03)] {
        let error = dam_error(400, right, true);
        assert!(error < most, "right {right}: {error}");
    }
}

#[test]
fn water_down_a_plane_reaches_the_depth_of_uniform_flow() {
    for (slope, manning, per_metre) in [(0.001_f32, 0.03_f32, 0.5), (0.005, 0.06, 1.0), (0.01, 0.1, 0.2)] {
        let (cols, rows) = (5, 120);
        let ground = ground((cols, rows), 5.0, manning, |row, _| (rows - row) as f32 * 5.0 * slope)
            .open(Side::South, slope)
            .expect("made by this test");
        let first = ground.cells_along(Side::North);
        let flood = run(&ground, &inflow(first, per_metre * 5.0 * cols as f64), 6_000.0);
        let uniform = (per_metre * f64::from(manning) / f64::from(slope).sqrt()).powf(0.6);
        for row in [40, 60, 80, 100] {
            let depth = f64::from(flood.depth_m()[row * cols + 2]);
            assert!((depth / uniform - 1.0).abs() < 0.002, "row {row}: {depth} m, uniform {uniform} m");
            // The front was faster than what follows it.
            let speed = f64::from(flood.speed_max_ms()[row * cols + 2]) / (per_metre / uniform);
            assert!((0.99..1.6).contains(&speed), "row {row}: {speed} times the speed of uniform flow");
        }
        assert!(flood.balance().error() < 1e-6 && flood.balance().lost_m3 == 0.0, "{:?}", flood.balance());
    }
}

#[test]
fn a_flood_wave_over_a_flat_bed_is_where_it_should_be() {
    // Hunter et al. 2005, doi:10.1016/j.advwatres.2005.03.007: with u the same everywhere, h(x, t) = (7/3 n² u² (u t - x))^(3/7).
    let (cells, step_m, manning, speed) = (240, 25.0, 0.03_f32, 0.6);
    let ground = ground((cells, 1), step_m, manning, |_, _| 0.0);
    let depth = |x: f64, secs: f64| {
        let rest = speed * secs - x;
        if rest > 0.0 { (7.0 / 3.0 * (f64::from(manning) * speed).powi(2) * rest).powf(3.0 / 7.0) } else { 0.0 }
    };
    let seconds = 3_600.0;
    let points = (0..=360).map(|at| (f64::from(at) * 10.0, depth(0.0, f64::from(at) * 10.0) * speed * step_m));
    let water = Water {
        inflows: vec![Inflow {
            cells: vec![0],
            discharge_m3s: Series::new(points.collect()).expect("made by this test"),
        }],
        ..Water::default()
    };
    let flood = run(&ground, &water, seconds);
    let front = (0..cells).filter(|cell| flood.depth_m()[*cell] > 0.05).count() as f64 * step_m;
    assert!((front - speed * seconds).abs() < 0.03 * speed * seconds, "front at {front} m");
    let square =
        |cell: usize| (f64::from(flood.depth_m()[cell]) - depth((cell as f64 + 0.5) * step_m, seconds)).powi(2);
    let error = ((0..cells).map(square).sum::<f64>() / cells as f64).sqrt();
    assert!(error < 0.02, "{error} m, of {} m at the inflow", depth(0.0, seconds));
}

/// Where a cell comes to lie, by row, column and the last of both.
type Turn = fn(usize, usize, usize) -> (usize, usize);

/// Every kind of water on rough ground.
fn storm(cols: usize, rows: usize, ground: &Ground, seed: u32) -> Water {
    let open: Vec<usize> = (0..cols * rows).filter(|cell| !ground.is_wall(*cell)).collect();
    let pick = |at: u32| open[at as usize % open.len()];
    let series = |peak: f64| Series::new(vec![(0.0, 0.0), (20.0, peak), (60.0, 0.0)]).expect("made by this test");
    let standing = (0..cols * rows).map(|cell| ((cell as u32 ^ seed) % 7) as f32 * 0.05);
    let share = (0..cols * rows).map(|cell| ((cell as u32 + seed) % 4) as f32 / 3.0);
    let other = pick(seed / 3 + 1);
    let first = pick(seed);
    let mut two = vec![other, pick(seed / 5 + 2)];
    two.dedup();
    Water {
        inflows: vec![
            Inflow { cells: vec![first], discharge_m3s: series(3.0) },
            Inflow { cells: two, discharge_m3s: series(f64::from(seed % 50)) },
        ],
        rain: Some(Rain { mm_per_hour: series(90.0), share: Some(share.collect()) }),
        standing_m: Some(standing.collect()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_water_is_lost_or_made_and_no_cell_owes_any(seed in 0..u32::MAX / 2, cols in 1..40_usize, rows in 1..40_usize, open in 0..16_usize) {
        let mut ground = ground((cols, rows), 2.0, 0.02, |row, col| rough(seed, row, col));
        prop_assume!((0..cols * rows).any(|cell| !ground.is_wall(cell)));
        for (bit, side) in Side::ALL.into_iter().enumerate() {
            if open >> bit & 1 == 1 {
                ground = ground.open(side, 0.01).expect("made by this test");
            }
        }
        let flood = run(&ground, &storm(cols, rows, &ground, seed), 60.0);
        let balance = flood.balance();
        prop_assert_eq!(balance.lost_m3, 0.0);
        prop_assert!(balance.error() <= 1e-6, "{:?}", balance);
        prop_assert!(open > 0 || balance.left_m3 == 0.0);
        prop_assert!(flood.depth_m().iter().all(|depth| *depth >= 0.0));
        let slack = DEPTH_MIN_M as f32;
        prop_assert!(flood.depth_m().iter().zip(flood.depth_max_m()).all(|(now, most)| *now <= *most + slack));
        for cell in (0..cols * rows).filter(|cell| ground.is_wall(*cell)) {
            prop_assert_eq!((flood.depth_max_m()[cell], flood.arrival_s()[cell].is_infinite()), (0.0, true));
        }
    }

    #[test]
    fn however_many_hands_work_the_result_is_the_same_to_the_bit(seed in 0..u32::MAX / 2, rows in 84..120_usize, dry in any::<bool>()) {
        let cols = 33;
        let ground = ground((cols, rows), 2.0, 0.03, |row, col| rough(seed, row, col) + row as f32 * 0.02)
            .open(Side::North, 0.01).expect("made by this test")
            .open(Side::East, 0.01).expect("made by this test");
        let mut water = storm(cols, rows, &ground, seed);
        if dry {
            // Without rain most blocks are dry and skipped.
            (water.rain, water.standing_m) = (None, None);
        }
        let course = Course::of_seconds(60.0);
        let one = flood(&ground, &water, &course, &OneHand, |_| true).expect("made by this test");
        for hands in [2, 3, 7] {
            let other = flood(&ground, &water, &course, &Several(hands), |_| true).expect("made by this test");
            prop_assert_eq!(everything(&one), everything(&other), "{} hands", hands);
            prop_assert_eq!((one.balance(), one.effort()), (other.balance(), other.effort()));
        }
    }

    #[test]
    fn turned_ground_gives_the_same_flood_turned(seed in 0..u32::MAX / 2, side in 17..40_usize) {
        let last = side - 1;
        let height = |row, col| rough(seed, row, col);
        let water = |at: &dyn Fn(usize, usize) -> usize, ground: &Ground| {
            let cells: Vec<usize> = [(3, 5), (9, 1), (12, 16)].iter().map(|&(row, col)| at(row, col)).filter(|cell| !ground.is_wall(*cell)).collect();
            let rain = Some(Rain { mm_per_hour: Series::constant(60.0).expect("made by this test"), share: None });
            let inflows = if cells.is_empty() { Vec::new() } else { inflow(cells, 4.0).inflows };
            Water { inflows, rain, standing_m: None }
        };
        let as_is = ground((side, side), 3.0, 0.04, height).open(Side::West, 0.01).expect("made by this test");
        let upright = run(&as_is, &water(&|row, col| row * side + col, &as_is), 60.0);
        // Mirrored, upside down, transposed: what was west is east, west, and north.
        let turns: [(Turn, Side); 3] = [
            (|row, col, last| (row, last - col), Side::East),
            (|row, col, last| (last - row, col), Side::West),
            (|row, col, _| (col, row), Side::North),
        ];
        for (turn, open) in turns {
            // Each turn undoes itself.
            let turned = ground((side, side), 3.0, 0.04, |row, col| { let (row, col) = turn(row, col, last); height(row, col) });
            let turned = turned.open(open, 0.01).expect("made by this test");
            let at = |row: usize, col: usize| { let (row, col) = turn(row, col, last); row * side + col };
            let flood = run(&turned, &water(&at, &turned), 60.0);
            for (straight, turned) in everything(&upright).iter().zip(&everything(&flood)) {
                for cell in 0..side * side {
                    prop_assert_eq!(straight[cell], turned[at(cell / side, cell % side)], "cell {}", cell);
                }
            }
        }
    }

    #[test]
    fn more_water_never_floods_less_beyond_what_the_scheme_ripples(seed in 0..u32::MAX / 2, much in 0.2_f64..6.0, factor in 1.05_f64..3.0) {
        let (cols, rows) = (40, 40);
        let ground = ground((cols, rows), 2.0, 0.05, |row, col| {
            let height = rough(seed, row, col);
            // Mounds of a quarter of a metre on a slope, as streets are rough.
            1_850.0 + (height - 1_850.0) * 0.12 + (rows - row) as f32 * 0.02
        })
        .open(Side::South, 0.005).expect("made by this test");
        let first = ground.cells_along(Side::North);
        prop_assume!(!first.is_empty());
        let less = run(&ground, &inflow(first.clone(), much), 120.0);
        let more = run(&ground, &inflow(first, much * factor), 120.0);
        // Explicit schemes ripple, and a ripple may be higher at one cell in the smaller flood: by at most this.
        for (cell, (less, more)) in less.depth_max_m().iter().zip(more.depth_max_m()).enumerate() {
            prop_assert!(*more >= less - 0.02, "cell {cell}: {less} m becomes {more} m");
        }
        let wet = |flood: &Inundation| flood.depth_max_m().iter().map(|depth| f64::from(*depth)).sum::<f64>();
        prop_assert!(wet(&more) > wet(&less));
    }
}

#[test]
fn threads_give_what_one_hand_gives() {
    let (cols, rows) = (64, 200);
    let ground = ground((cols, rows), 2.0, 0.03, |row, col| rough(11, row, col) - row as f32 * 0.01);
    let water = inflow(ground.cells_along(Side::North), 10.0);
    let course = Course::of_seconds(120.0);
    let one = flood(&ground, &water, &course, &OneHand, |_| true).expect("made by this test");
    for hands in [1, 2, 3, 7] {
        let other = flood(&ground, &water, &course, &Threads(hands), |_| true).expect("made by this test");
        assert_eq!(everything(&one), everything(&other), "{hands} threads");
    }
}

#[test]
fn water_comes_later_further_away_and_nowhere_through_walls() {
    let (cols, rows) = (30, 11);
    // A wall over the whole height in column 20, with a culvert under it in row 5.
    let grid = Grid::new((cols, rows), (250_000.0, 3_880_000.0), (10.0, 10.0), Crs::Projected(32639));
    let grid = grid.expect("made by this test");
    let heights: Vec<f32> = (0..cols * rows).map(|cell| if cell % cols == 20 { 1_900.0 } else { 1_850.0 }).collect();
    let closed = Ground::new(&grid, &heights, &Window::whole(&grid), 0.03).expect("made by this test");
    let at = |col: f64| grid.degrees_at(col, 5.5).expect("made by this test");
    let opened = closed.clone().opened_along(&geo_types::LineString(vec![at(18.5), at(22.5)]));
    let water = inflow(vec![5 * cols], 20.0);
    let (closed, opened) = (run(&closed, &water, 600.0), run(&opened, &water, 600.0));
    let arrivals: Vec<f32> = (0..20).map(|col| closed.arrival_s()[5 * cols + col]).collect();
    assert!(arrivals.is_sorted() && arrivals[19] > arrivals[0], "{arrivals:?}");
    assert!(closed.arrival_s()[5 * cols + 25].is_infinite() && closed.depth_max_m()[5 * cols + 25] == 0.0);
    assert!(opened.arrival_s()[5 * cols + 25] > arrivals[19]);
    // What came by a time is part of what came at all, and both are shapes on the map.
    let (early, late) = (opened.extent_by(120.0).expect("placed"), opened.extent(0.1).expect("placed"));
    assert!(late.covers(&early) && !early.is_empty() && late.cells() > early.cells());
    assert!(geo::Validation::is_valid(&late.shape(1)) && !late.shape(1).0.is_empty());
    let nowhere = ground((3, 3), 1.0, 0.03, |_, _| 0.0);
    assert!(
        run(&nowhere, &Water::default(), 10.0).extent(0.1).is_none(),
        "metres of an unnamed projection have no place"
    );
}

#[test]
fn a_budget_that_is_used_up_is_an_error_that_says_what_to_do() {
    let ground = ground((50, 50), 1.0, 0.03, |_, _| 0.0);
    let water = inflow(vec![0], 1.0);
    let whole = Course::of_seconds(1_000.0);
    let small = Course { cells_max: 2_000, ..whole };
    let error = flood(&ground, &water, &small, &OneHand, |_| true).expect_err("too many cells");
    assert_eq!(error, NoInundation::TooManyCells { cells: 2_500, cells_max: 2_000 });
    assert!(error.to_string().contains("take a smaller window, larger cells, or a larger budget"));
    let short = Course { steps_max: 40, ..whole };
    let error = flood(&ground, &water, &short, &OneHand, |_| true).expect_err("too many steps");
    assert!(matches!(error, NoInundation::OutOfBudget { steps: 40, .. }), "{error}");
    assert!(
        error.to_string().contains("larger cells")
            && error.to_string().contains("use the footprint from terrain meanwhile")
    );
    // The caller's word ends it as well, and it was told how far it is.
    let seen = Mutex::new(Vec::<Progress>::new());
    let error = flood(&ground, &water, &whole, &OneHand, |progress| {
        let mut seen = seen.lock().expect("made by this test");
        seen.push(*progress);
        seen.len() < 10
    });
    let seen = seen.into_inner().expect("made by this test");
    assert!(matches!(error, Err(NoInundation::OutOfBudget { .. })));
    assert_eq!(seen.last().expect("asked").steps, 9 * STEPS_TOGETHER as u64);
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].simulated_s < pair[1].simulated_s && pair[0].cell_steps <= pair[1].cell_steps)
    );
}

#[test]
fn what_makes_no_flood_is_refused() {
    let ground = ground((5, 5), 1.0, 0.03, |row, _| if row == 2 { f32::NAN } else { 0.0 });
    let course = Course::of_seconds(10.0);
    let refused = |water: &Water, course: &Course| {
        flood(&ground, water, course, &OneHand, |_| true).expect_err("must be refused").to_string()
    };
    assert!(refused(&inflow(vec![], 1.0), &course).contains("needs a cell"));
    assert!(refused(&inflow(vec![25], 1.0), &course).contains("cell 25 of 25"));
    assert!(refused(&inflow(vec![11], 1.0), &course).contains("is a wall"));
    assert!(refused(&inflow(vec![3, 4, 3], 1.0), &course).contains("cell 3 stands twice"));
    let standing = Water { standing_m: Some(vec![-1.0; 25]), ..Water::default() };
    assert!(refused(&standing, &course).contains("standing water"));
    let rain = Rain { mm_per_hour: Series::constant(1.0).expect("made by this test"), share: Some(vec![1.0; 24]) };
    assert!(refused(&Water { rain: Some(rain), ..Water::default() }, &course).contains("shares of rain"));
    assert!(refused(&Water::default(), &Course { courant: f64::NAN, ..course }).contains("courant"));
    assert!(refused(&inflow(vec![0], 9e5), &Course::of_seconds(1_000.0)).contains("is the discharge right"));
    let grid = Grid::new((3, 3), (0.0, 0.0), (1.0, 1.0), Crs::Metres).expect("made by this test");
    for (height, manning) in [(30_000.0, 0.03), (0.0, 0.0), (0.0, f32::NAN)] {
        assert!(Ground::new(&grid, &[height; 9], &Window::whole(&grid), manning).is_err());
    }
    let outside = Window { rows: 0..4, cols: 0..3 };
    assert!(Ground::new(&grid, &[0.0; 9], &outside, 0.03).is_err());
}

#[test]
fn a_window_around_a_place_is_cut_to_the_grid() {
    let grid = Grid::new((100, 80), (250_000.0, 3_880_000.0), (10.0, 10.0), Crs::Projected(32639));
    let grid = grid.expect("made by this test");
    let at = |col, row| grid.degrees_at(col, row).expect("made by this test");
    assert_eq!(Window::around(&grid, at(50.5, 40.5), 100.0), Some(Window { rows: 30..51, cols: 40..61 }));
    assert_eq!(Window::around(&grid, at(1.5, 40.5), 100.0), Some(Window { rows: 30..51, cols: 0..12 }));
    assert_eq!(Window::around(&grid, at(-200.0, 40.5), 100.0), None);
}
