//! One quantity of one sensor through time: takes values as they come and says what the tests think of them.
//! Kept in memory by `accept` for each sensor; filled from the store after a start.
//! Values may come late: what lies after a late value is judged again, and only what changed is said.

use std::collections::VecDeque;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Limits, Mark, Marks, Test,
    limits::{SpikeBy, StillBy},
    window::Window,
};

/// Values that a series keeps at most, whatever its windows: two weeks of a value each minute. Older ones are forgotten first.
const KEPT_MAX: usize = 20_160;

/// A value with what the tests think of it now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// When the device measured.
    pub at: Timestamp,
    /// What each test says.
    pub marks: Marks,
    /// What was thought of it before, when it was judged already.
    pub before: Option<Marks>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    /// Microseconds since 1970.
    at: i64,
    /// NaN where the device said that it has no value.
    value: f64,
    marks: Marks,
}

/// One quantity of one sensor.
#[derive(Clone, Debug)]
pub struct Series {
    limits: Limits,
    zone: TimeZone,
    kept: VecDeque<Kept>,
    /// The first value that ever came: before it nothing was the same for long.
    began: i64,
    flat_suspect: Option<Window>,
    flat_fail: Option<Window>,
    still: Option<Window>,
}

impl Series {
    /// Nothing has come yet. `zone` is the city's, by which the months of the climate go.
    pub fn new(limits: Limits, zone: TimeZone) -> Self {
        let flat = |secs: fn(&super::FlatLine) -> f64| {
            limits.flat_line.as_ref().map(|flat| Window::new(secs(flat), true, false))
        };
        let still = limits.still.map(|still| Window::new(still.window_secs, false, still.by == StillBy::Std));
        let (flat_suspect, flat_fail) = (flat(|flat| flat.suspect_secs), flat(|flat| flat.fail_secs));
        Self { limits, zone, kept: VecDeque::new(), began: i64::MAX, flat_suspect, flat_fail, still }
    }

    /// Takes a value of a device time; NaN where the device says that there is none. Gives what the tests think of it, and of those values
    /// of which they think otherwise now.
    ///
    /// A value in the order of time costs O(1); a late one as much as there are values after it within the windows. A second value of the same
    /// time, and one older than all that is kept, is not judged: the first stands.
    pub fn take(&mut self, at: Timestamp, value: f64, judged: &mut Vec<Judged>) {
        judged.clear();
        let at = at.as_microsecond();
        if self.kept.back().is_none_or(|newest| newest.at < at) {
            self.began = self.began.min(at);
            self.enter(at, value);
            let place = self.kept.len();
            self.kept.push_back(Kept { at, value, marks: Marks::NONE });
            self.judge(place);
            judged.push(self.judged(place, None));
            // Only now it is known whether the one before stood out.
            if place > 0 {
                self.judge_spike(place - 1, judged);
            }
            self.forget(at);
            return;
        }
        let place = self.kept.partition_point(|kept| kept.at < at);
        if self.kept.get(place).is_some_and(|kept| kept.at == at) || (place == 0 && self.began < at) {
            return;
        }
        self.began = self.began.min(at);
        self.kept.insert(place, Kept { at, value, marks: Marks::NONE });
        self.judge_from(place, judged);
    }

    /// Values that are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Judges all values from `place` on again, the windows filled anew with what lies before.
    fn judge_from(&mut self, place: usize, judged: &mut Vec<Judged>) {
        for window in self.windows() {
            window.clear();
        }
        for index in 0..self.kept.len() {
            let Kept { at, value, marks } = self.kept[index];
            self.enter(at, value);
            if index < place {
                continue;
            }
            self.judge(index);
            let spike = self.spike(index);
            self.kept[index].marks = self.kept[index].marks.with(Test::Spike, spike);
            if index == place || self.kept[index].marks != marks {
                judged.push(self.judged(index, (index != place).then_some(marks)));
            }
        }
        if place > 0 {
            self.judge_spike(place - 1, judged);
        }
    }

    fn windows(&mut self) -> impl Iterator<Item = &mut Window> {
        [&mut self.flat_suspect, &mut self.flat_fail, &mut self.still].into_iter().flatten()
    }

    fn enter(&mut self, at: i64, value: f64) {
        for window in self.windows() {
            if value.is_nan() {
                window.move_to(at);
            } else {
                window.take(at, value);
            }
        }
    }

    fn judged(&self, place: usize, before: Option<Marks>) -> Judged {
        let Kept { at, marks, .. } = self.kept[place];
        Judged { at: time(at), marks, before }
    }

    /// Judges a value whose windows end with it, by everything but what comes after.
    fn judge(&mut self, place: usize) {
        let Kept { at, value, .. } = self.kept[place];
        let before = place.checked_sub(1).map(|before| self.kept[before]);
        let marks = if value.is_nan() {
            Test::ALL.into_iter().fold(Marks::NONE, |marks, test| marks.with(test, Mark::Missing))
        } else {
            Marks::NONE
                .with(Test::Gap, self.gap(at, before))
                .with(Test::GrossRange, self.gross_range(value))
                .with(Test::Climatology, self.climatology(at, value))
                .with(Test::RateOfChange, self.rate(at, value, before))
                .with(Test::FlatLine, self.flat_line(at))
                .with(Test::Attenuated, self.attenuated())
        };
        self.kept[place].marks = marks;
    }

    fn gap(&self, at: i64, before: Option<Kept>) -> Mark {
        match (self.limits.gap_secs, before) {
            (Some(secs), Some(before)) => suspect_if(seconds(at - before.at) > secs),
            _ => Mark::NotEvaluated,
        }
    }

    fn gross_range(&self, value: f64) -> Mark {
        let Some(range) = self.limits.range else { return Mark::NotEvaluated };
        outside(value, range.suspect, Some(range.fail))
    }

    fn climatology(&self, at: i64, value: f64) -> Mark {
        if self.limits.climate.0.is_empty() {
            return Mark::NotEvaluated;
        }
        let day = time(at).to_zoned(self.zone.clone()).date();
        let season = self.limits.climate.at(day);
        season.map_or(Mark::NotEvaluated, |season| outside(value, Some(season.suspect), season.fail))
    }

    fn rate(&self, at: i64, value: f64, before: Option<Kept>) -> Mark {
        let Some(rate) = self.limits.rate else { return Mark::NotEvaluated };
        // As `ioos_qc` has it: what can't be compared passes.
        let Some(before) = before.filter(|before| !before.value.is_nan()) else { return Mark::Pass };
        let per_second = (value - before.value).abs() / seconds(at - before.at);
        above(per_second, rate.suspect, rate.fail)
    }

    fn flat_line(&self, at: i64) -> Mark {
        let Some(flat) = self.limits.flat_line else { return Mark::NotEvaluated };
        let flat_for = |window: &Option<Window>, secs: f64| {
            // Whoever began later than the window has not been the same for as long.
            seconds(at.saturating_sub(self.began)) >= secs
                && window.as_ref().and_then(Window::range).is_some_and(|range| range < flat.tolerance)
        };
        if flat_for(&self.flat_fail, flat.fail_secs) {
            Mark::Fail
        } else {
            suspect_if(flat_for(&self.flat_suspect, flat.suspect_secs))
        }
    }

    fn attenuated(&self) -> Mark {
        let (Some(still), Some(window)) = (self.limits.still, &self.still) else { return Mark::NotEvaluated };
        if window.count() < still.values_min {
            return Mark::NotEvaluated;
        }
        let moved = match still.by {
            StillBy::Std => window.deviation(),
            StillBy::Range => window.range(),
        };
        match moved {
            None => Mark::NotEvaluated,
            Some(moved) if moved < still.fail => Mark::Fail,
            Some(moved) => suspect_if(moved < still.suspect),
        }
    }

    /// Judges a value by its neighbours again, and says so when that changes what is thought of it.
    fn judge_spike(&mut self, place: usize, judged: &mut Vec<Judged>) {
        let mark = self.spike(place);
        let kept = &mut self.kept[place];
        let before = kept.marks;
        if before.of(Test::Spike) != mark {
            kept.marks = before.with(Test::Spike, mark);
            judged.push(self.judged(place, Some(before)));
        }
    }

    /// Whether a value stands out from both neighbours. The newest can't be told: it may be the beginning of something.
    fn spike(&self, place: usize) -> Mark {
        let Some(limits) = self.limits.spike else { return Mark::NotEvaluated };
        let value = self.kept[place].value;
        if value.is_nan() {
            return Mark::Missing;
        }
        let (Some(before), Some(after)) = (place.checked_sub(1), self.kept.get(place + 1)) else {
            return Mark::NotEvaluated;
        };
        let (before, after) = (self.kept[before].value, after.value);
        let off = match limits.by {
            SpikeBy::Average => (value - f64::midpoint(before, after)).abs(),
            SpikeBy::Differential => {
                let (there, back) = (value - before, after - value);
                if there.is_nan() || back.is_nan() {
                    f64::NAN
                } else if there * back >= 0.0 {
                    0.0
                } else {
                    there.abs().min(back.abs())
                }
            }
        };
        if off.is_nan() { Mark::NotEvaluated } else { above(off, limits.suspect, Some(limits.fail)) }
    }

    /// Forgets what no window reaches any more, with a reserve for late values.
    fn forget(&mut self, newest: i64) {
        let reserve = (self.limits.memory_secs() * 2e6).max(3_600e6);
        // Values in the order of time come one by one, so this loop runs about once each time.
        while self.kept.len() > 3 && (self.kept.len() > KEPT_MAX || (newest - self.kept[0].at) as f64 > reserve) {
            self.kept.pop_front();
        }
    }
}

fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

fn time(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).expect("it came from a time")
}

fn suspect_if(is: bool) -> Mark {
    if is { Mark::Suspect } else { Mark::Pass }
}

fn above(value: f64, suspect: f64, fail: Option<f64>) -> Mark {
    if fail.is_some_and(|fail| value > fail) { Mark::Fail } else { suspect_if(value > suspect) }
}

fn outside(value: f64, suspect: Option<(f64, f64)>, fail: Option<(f64, f64)>) -> Mark {
    let is_outside = |(from, to): (f64, f64)| value < from || value > to;
    if fail.is_some_and(is_outside) { Mark::Fail } else { suspect_if(suspect.is_some_and(is_outside)) }
}
