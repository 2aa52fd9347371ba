//! Takes a flood through time with several hands.
//! Called by whoever wants a flood refined, with a budget and a question whether to go on; it asks no clock itself.
//! Each hand works on a strip and, for a few steps, on the rows around it as well, so that hands need not talk at every step; strips are cut
//! by where the water is. Every cell goes through the same arithmetic whoever works on it, so the result is the same to the bit.

use std::ops::Range;

use super::NoInundation;
use super::amount::{metres, units, whole};
use super::edge::GRAVITY;
use super::ground::Ground;
use super::outcome::{Balance, Inundation};
use super::sheet::{Gift, Record, Sheet};
use super::water::{Rain, Water, units_until};
use crate::terrain::{Hands, Job};

/// Steps between two looks at depths, arrivals and speeds, and at the budget; all are of the same length.
pub const STEPS_TOGETHER: usize = 4;

/// Rows beside a strip that are worked on as well: within a step a cell depends on no more than three rows to each side.
const MARGIN_ROWS: usize = 3 * STEPS_TOGETHER;

/// After so many rounds strips are cut anew, if one has become much more work than the others.
const ROUNDS_BETWEEN_CUTS: u64 = 32;

/// One strip may be this much more work than the mean before all are cut anew, which costs about as much as a round.
const UNEVEN_MAX: f64 = 1.15;

/// Longest step, seconds.
const STEP_S_MAX: f64 = 10.0;

/// Steps are at most as long as if the deepest water were this deep, metres.
const DEPTH_FOR_STEP_M: f64 = 0.05;

/// Deepest water that is taken for a flood, metres.
pub const DEPTH_MAX_M: f64 = 1_000.0;

/// How a flood is taken through time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// Seconds of flood, 1 to 10 days.
    pub duration_s: f64,
    /// How far a wave may go in a step, in cells (the Courant number), 0.1 to 0.9. Source of 0.7: Bates, Horritt, Fewtrell 2010,
    /// doi:10.1016/j.jhydrol.2010.03.027.
    pub courant: f64,
    /// Water has arrived in a cell when it is so deep, metres, 0.001 to 10. Source of 0.1: walking is hard from there on (facts on hazards, §5).
    pub arrival_depth_m: f64,
    /// Most cells of a window.
    pub cells_max: usize,
    /// Most steps.
    pub steps_max: u64,
}

impl Course {
    /// For so many seconds, with the budget of a background task on a small machine: 400,000 cells and 200,000 steps.
    pub fn of_seconds(duration_s: f64) -> Course {
        Course { duration_s, courant: 0.7, arrival_depth_m: 0.1, cells_max: 400_000, steps_max: 200_000 }
    }

    fn check(&self) -> Result<(), NoInundation> {
        for (name, value, min, max) in [
            ("duration_s", self.duration_s, 1.0, 864_000.0),
            ("courant", self.courant, 0.1, 0.9),
            ("arrival_depth_m", self.arrival_depth_m, 0.001, 10.0),
        ] {
            // `contains` is false for NaN.
            if !(min..=max).contains(&value) {
                return Err(NoInundation::BadNumber { name, value, min, max });
            }
        }
        Ok(())
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Seconds of the flood that are worked out.
    pub simulated_s: f64,
    /// Seconds that were asked for.
    pub of_s: f64,
    /// Steps that are done.
    pub steps: u64,
    /// Wet cells of the window.
    pub wet_cells: u64,
    /// Wet cells over all steps: a measure of the work that was done, the same on every machine.
    pub cell_steps: u64,
}

/// Works out how water goes over ground.
///
/// `keep_going` is asked every [`STEPS_TOGETHER`] steps; on `false` the run ends as one whose steps are used up: the caller has the clock. Errors:
/// what can't be used, and an exhausted budget. O(wet cells · steps); steps grow with the root of the greatest depth and shrink with the size of
/// cells. Source: Bates, Horritt, Fewtrell 2010, doi:10.1016/j.jhydrol.2010.03.027; de Almeida et al. 2012, doi:10.1029/2011WR011570. The
/// equations leave out what speed itself carries along: trust them where the flow is subcritical, best below a Froude number of 0.5 (de Almeida
/// and Bates 2013, doi:10.1002/wrcr.20366).
pub fn flood(
    ground: &Ground,
    water: &Water,
    course: &Course,
    hands: &dyn Hands,
    mut keep_going: impl FnMut(&Progress) -> bool,
) -> Result<Inundation, NoInundation> {
    course.check()?;
    let grid = *ground.grid();
    let (cols, rows, cells) = (grid.cols(), grid.rows(), grid.cells());
    if cells > course.cells_max {
        return Err(NoInundation::TooManyCells { cells, cells_max: course.cells_max });
    }
    water.check(|cell| ground.is_wall(cell), cells)?;
    let sizes_m = grid.step_m();
    let area_m2 = sizes_m.0 * sizes_m.1;
    let per_value: Vec<f64> = water.inflows.iter().map(|inflow| 1.0 / (inflow.cells.len() as f64 * area_m2)).collect();

    let mut strips = vec![Strip::new(ground, water, 0..rows, 0..rows)];
    let mut started = 0_i128;
    if let Some(standing) = &water.standing_m {
        for (cell, &depth) in standing.iter().enumerate().filter(|(cell, _)| !ground.is_wall(*cell)) {
            let depth = whole(f64::from(depth));
            started += units(depth);
            let at = strips[0].sheet.place_of(cell / cols, cell % cols).expect("the first strip is the window");
            strips[0].sheet.stand(at, depth);
        }
    }
    let mut outcome = Inundation::dry(grid);
    let mut progress = Progress { simulated_s: 0.0, of_s: course.duration_s, steps: 0, wet_cells: 0, cell_steps: 0 };
    let (mut gone, mut fallen, mut given) = (0_i128, 0_i128, vec![0_i128; water.inflows.len()]);
    let mut rounds = 0_u64;
    let mut deepest_m =
        round(&mut strips, &Round::none(), sizes_m, course, &mut outcome, hands, &mut progress).deepest_m;
    while progress.simulated_s < course.duration_s {
        if progress.steps >= course.steps_max || !keep_going(&progress) {
            return Err(NoInundation::OutOfBudget {
                steps: progress.steps,
                simulated_s: progress.simulated_s,
                of_s: course.duration_s,
            });
        }
        if hands.count() > 1 && rounds.is_multiple_of(ROUNDS_BETWEEN_CUTS) {
            strips = cut_anew(strips, ground, water, hands.count());
        }
        rounds += 1;
        let from_s = progress.simulated_s;
        let left_s = course.duration_s - from_s;
        let together = STEPS_TOGETHER as f64;
        let mut secs = longest_step(water, &per_value, deepest_m, from_s, sizes_m, course.courant);
        let last = secs * together >= left_s;
        if last {
            secs = left_s / together;
        }
        let mut now = Round::none();
        for step in 0..STEPS_TOGETHER {
            let (begin, end) = (from_s + step as f64 * secs, from_s + (step + 1) as f64 * secs);
            let gifts = water.inflows.iter().zip(&per_value).zip(&mut given).map(|((inflow, &per_value), given)| {
                let new = units_until(&inflow.discharge_m3s, per_value, end)
                    - units_until(&inflow.discharge_m3s, per_value, begin);
                *given += i128::from(new) * inflow.cells.len() as i128;
                metres(i128::from(new))
            });
            let rain = water.rain.as_ref().map(|rain| {
                let until = |secs| units_until(&rain.mm_per_hour, 1.0 / 3.6e6, secs);
                metres(i128::from(until(end) - until(begin)))
            });
            now.steps.push(Step { secs, gifts_m: gifts.collect(), rain_m: rain });
        }
        now.at_s = if last { course.duration_s } else { from_s + together * secs };
        let done = round(&mut strips, &now, sizes_m, course, &mut outcome, hands, &mut progress);
        deepest_m = done.deepest_m;
        gone += done.gone;
        fallen += done.fallen;
        if deepest_m > DEPTH_MAX_M {
            return Err(NoInundation::TooDeep { depth_m: deepest_m, at_s: now.at_s });
        }
    }
    let mut stored = 0_i128;
    for strip in &strips {
        for row in strip.own.clone() {
            for (to, &depth) in outcome.depth_m[row * cols..].iter_mut().zip(strip.sheet.depths_of(row, cols)) {
                stored += units(depth);
                *to = shortened(depth);
            }
        }
    }
    let volume = |units: i128| metres(units) * area_m2;
    let asked: f64 = water.inflows.iter().map(|inflow| inflow.discharge_m3s.sum_until(course.duration_s)).sum();
    outcome.balance = Balance {
        started_m3: volume(started),
        asked_m3: asked + volume(fallen),
        came_m3: volume(given.iter().sum::<i128>() + fallen),
        left_m3: volume(gone),
        stayed_m3: volume(stored),
        lost_m3: volume(started + given.iter().sum::<i128>() + fallen - gone - stored),
    };
    outcome.finish(&progress);
    Ok(outcome)
}

#[expect(clippy::cast_possible_truncation, reason = "results need no more than f32")]
fn shortened(depth_m: f64) -> f32 {
    depth_m as f32
}

/// The longest step at which no wave goes further than the Courant number allows, seconds: also not in the water that comes meanwhile.
fn longest_step(
    water: &Water,
    per_value: &[f64],
    deepest_m: f64,
    from_s: f64,
    sizes_m: (f64, f64),
    courant: f64,
) -> f64 {
    let mut secs = STEP_S_MAX;
    let mut rises_m = 0.0;
    // Each pass takes the water of the pass before; the last step is no longer than the water of a longer one allows.
    for _ in 0..3 {
        let deep_m = deepest_m.max(DEPTH_FOR_STEP_M) + rises_m;
        secs = (courant * sizes_m.0.min(sizes_m.1) / (GRAVITY * deep_m).sqrt()).min(secs);
        let ahead_s = secs * STEPS_TOGETHER as f64;
        let most = |series: &super::Series| series.greatest_between(from_s, from_s + ahead_s) * ahead_s;
        let inflows = water.inflows.iter().zip(per_value).map(|(inflow, per)| most(&inflow.discharge_m3s) * per);
        let rain = water.rain.as_ref().map_or(0.0, |rain| most(&rain.mm_per_hour) / 3.6e6);
        rises_m = inflows.sum::<f64>() + rain;
    }
    secs
}

/// What a hand works on.
struct Strip {
    sheet: Sheet,
    /// Rows of the window whose result counts.
    own: Range<usize>,
    gifts: Vec<Gift>,
    /// Which part of the rain stays, by cell of the sheet; nothing without rain.
    share: Vec<f32>,
}

impl Strip {
    fn new(ground: &Ground, water: &Water, rows: Range<usize>, own: Range<usize>) -> Strip {
        let sheet = Sheet::new(ground, rows, &own);
        let cols = ground.grid().cols();
        let gift = |(inflow, water): (usize, &super::Inflow)| {
            let cells = water.cells.iter().filter_map(|cell| sheet.place_of(cell / cols, cell % cols)).collect();
            Gift { cells, inflow }
        };
        let gifts = water.inflows.iter().enumerate().map(gift).collect();
        let share = water.rain.as_ref().map_or(Vec::new(), |rain| shares(ground, rain, &sheet));
        Strip { sheet, own, gifts, share }
    }
}

fn shares(ground: &Ground, rain: &Rain, sheet: &Sheet) -> Vec<f32> {
    let cols = ground.grid().cols();
    let mut shares = vec![0.0; sheet.cells()];
    for row in sheet.window_rows() {
        for col in 0..cols {
            let cell = row * cols + col;
            if !ground.is_wall(cell)
                && let Some(at) = sheet.place_of(row, col)
            {
                shares[at] = rain.share.as_ref().map_or(1.0, |share| share[cell]);
            }
        }
    }
    shares
}

/// A step that all hands do.
struct Step {
    secs: f64,
    gifts_m: Vec<f64>,
    rain_m: Option<f64>,
}

/// Steps that all hands do before they meet.
struct Round {
    steps: Vec<Step>,
    at_s: f64,
}

impl Round {
    fn none() -> Round {
        Round { steps: Vec::new(), at_s: 0.0 }
    }
}

/// What came of a round.
#[derive(Default, Clone, Copy)]
struct Done {
    deepest_m: f64,
    wet: u64,
    /// Units that left over open sides, and that fell as rain.
    gone: i128,
    fallen: i128,
}

/// Lets each hand do a round on its strip, then takes over the rows of neighbours.
fn round(
    strips: &mut [Strip],
    now: &Round,
    sizes_m: (f64, f64),
    course: &Course,
    outcome: &mut Inundation,
    hands: &dyn Hands,
    progress: &mut Progress,
) -> Done {
    let cols = outcome.grid.cols();
    #[expect(clippy::cast_possible_truncation, reason = "a depth that counts as arrived")]
    let arrival_depth_m = course.arrival_depth_m as f32;
    let mut results = vec![Done::default(); strips.len()];
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut rest = Record {
        depth_m: &mut outcome.depth_max_m,
        arrival_s: &mut outcome.arrival_s,
        speed: &mut outcome.speed_max_ms,
        discharge: &mut outcome.discharge_max_m2s,
    };
    for (strip, result) in strips.iter_mut().zip(&mut results) {
        let mut record;
        (record, rest) = rest.split(strip.own.len() * cols);
        jobs.push(Box::new(move || {
            for step in &now.steps {
                let rain = step.rain_m.map(|metres| (metres, strip.share.as_slice(), &strip.own));
                let (left, fell) = strip.sheet.step(step.secs, sizes_m, &strip.gifts, &step.gifts_m, rain);
                result.gone += units(left);
                result.fallen += units(fell);
            }
            let (deepest_m, wet) = strip.sheet.note(&strip.own, cols, now.at_s, arrival_depth_m, &mut record);
            (result.deepest_m, result.wet) = (deepest_m, wet);
        }));
    }
    hands.together(jobs);
    exchange(strips);
    let mut all = Done::default();
    for done in results {
        all.deepest_m = all.deepest_m.max(done.deepest_m);
        all.wet += done.wet;
        all.gone += done.gone;
        all.fallen += done.fallen;
    }
    progress.simulated_s = now.at_s;
    progress.steps += now.steps.len() as u64;
    progress.wet_cells = all.wet;
    progress.cell_steps += all.wet * now.steps.len() as u64;
    all
}

/// The rows around each strip become what their owners made of them.
fn exchange(strips: &mut [Strip]) {
    for at in 1..strips.len() {
        let (before, after) = strips.split_at_mut(at);
        let (upper, lower) = (&mut before[at - 1], &mut after[0]);
        if lower.sheet.window_rows().start == 0 {
            lower.sheet.take_row(None, &upper.sheet);
        }
        for row in lower.sheet.window_rows().start..lower.own.start {
            lower.sheet.take_row(Some(row), &upper.sheet);
        }
        for row in upper.own.end..upper.sheet.window_rows().end {
            upper.sheet.take_row(Some(row), &lower.sheet);
        }
    }
}

/// Cuts the window into strips of about the same work.
fn cut_anew(strips: Vec<Strip>, ground: &Ground, water: &Water, hands: usize) -> Vec<Strip> {
    let rows = ground.grid().rows();
    let effort: Vec<usize> =
        strips.iter().flat_map(|strip| strip.own.clone().map(|row| strip.sheet.effort_of(row))).collect();
    let cuts = cuts(&effort, hands);
    let most = strips.iter().map(|strip| effort[strip.own.clone()].iter().sum::<usize>()).max().unwrap_or(0);
    let mean = effort.iter().sum::<usize>() as f64 / strips.len() as f64;
    if cuts.len() == strips.len() + 1 && most as f64 <= mean * UNEVEN_MAX {
        return strips;
    }
    let new = cuts.windows(2).map(|cut| {
        let own = cut[0]..cut[1];
        let all = own.start.saturating_sub(MARGIN_ROWS)..(own.end + MARGIN_ROWS).min(rows);
        let mut strip = Strip::new(ground, water, all.clone(), own);
        let owner = |row: usize| strips.iter().find(|strip| strip.own.contains(&row)).expect("every row has a strip");
        if all.start == 0 {
            strip.sheet.take_row(None, &owner(0).sheet);
        }
        for row in all {
            strip.sheet.take_row(Some(row), &owner(row).sheet);
        }
        strip
    });
    new.collect()
}

/// Rows at which strips begin and end, none narrower than the margin, so that a margin lies within one neighbour.
fn cuts(effort: &[usize], hands: usize) -> Vec<usize> {
    let rows = effort.len();
    let parts = hands.min(rows / MARGIN_ROWS).max(1);
    let all: usize = effort.iter().sum();
    let mut cuts = vec![0];
    let (mut sum, mut row) = (0, 0);
    for part in 1..parts {
        while row < rows && sum * parts < all * part {
            sum += effort[row];
            row += 1;
        }
        let least = cuts[part - 1] + MARGIN_ROWS;
        let most = rows - (parts - part) * MARGIN_ROWS;
        cuts.push(row.clamp(least, most));
    }
    cuts.push(rows);
    cuts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strips_cover_every_row_once_and_none_is_too_narrow(
            effort in prop::collection::vec(1..200_usize, 1..200),
            hands in 1..9_usize,
        ) {
            let cuts = cuts(&effort, hands);
            prop_assert_eq!((cuts[0], *cuts.last().unwrap()), (0, effort.len()));
            let narrow = if cuts.len() > 2 { MARGIN_ROWS } else { 1 };
            prop_assert!(cuts.windows(2).all(|cut| cut[1] >= cut[0] + narrow), "{cuts:?}");
        }
    }
}
