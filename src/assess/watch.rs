//! Where a sensor stands against its thresholds: hysteresis and dwell, as a pure step from one reading to the next.
//! Called by `assess` for each new reading; its memory is a row of table `watch`.
//! Time is the device's time of the reading, so late batches and replays give the same result; older readings change nothing.

use alerts::Level;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::{PerLevel, ThresholdRule};

/// The levels above green, the lowest first.
const RAISED: [Level; 3] = [Level::Yellow, Level::Orange, Level::Red];

/// The limits of one sensor, in the unit of its quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// A level is raised at this value.
    pub raise_at: PerLevel<f64>,
    /// A level is left below `raise_at` minus this.
    pub clear_below: f64,
    /// While a level holds, a value this far above the one that was told last is told again.
    pub again_above: f64,
    /// Readings in a row that a level needs.
    pub raise_readings: u32,
    /// Minutes that a level needs.
    pub raise_minutes: f64,
    /// Minutes below before a level is left.
    pub clear_minutes: f64,
}

impl Limits {
    /// A gauge's own thresholds where the map gives them, the rule's otherwise.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be at least 1 when the rule was read"
    )]
    pub fn new(rule: &ThresholdRule, own: Option<PerLevel<f64>>) -> Self {
        let thresholds = &rule.thresholds;
        Self {
            raise_at: own.unwrap_or(PerLevel {
                yellow: thresholds.yellow.value,
                orange: thresholds.orange.value,
                red: thresholds.red.value,
            }),
            clear_below: rule.hysteresis.clear_below.value,
            again_above: rule.again.rise.value,
            raise_readings: rule.dwell.raise_readings.value as u32,
            raise_minutes: rule.dwell.raise_after.value,
            clear_minutes: rule.dwell.clear_after.value,
        }
    }

    fn raise_at(&self, level: Level) -> f64 {
        self.raise_at.of(level).copied().unwrap_or(f64::NEG_INFINITY)
    }
}

/// Readings in a row above a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Run {
    since: Timestamp,
    readings: u32,
}

/// What is remembered of one sensor and quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// The level that holds.
    pub level: Level,
    /// Runs above yellow, orange, red.
    above: [Option<Run>; 3],
    /// Since when the value has been low enough to leave the level.
    below_since: Option<Timestamp>,
    /// The value that was told last while a level holds, and the run far above it with its least value.
    #[serde(default)]
    told: Option<f64>,
    #[serde(default)]
    further: Option<(Run, f64)>,
    /// Device time of the newest reading.
    pub read_at: Timestamp,
}

/// What a reading changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// Before.
    pub from: Level,
    /// Now; the same when the value rose further while the level holds.
    pub to: Level,
    /// The threshold that was crossed, in the unit of the quantity.
    pub threshold: f64,
    /// The value that tells it, in the unit of the quantity.
    pub value: f64,
}

impl Watch {
    /// Nothing known yet: green, until readings say otherwise.
    pub fn new() -> Self {
        Self {
            level: Level::Green,
            above: [None; 3],
            below_since: None,
            told: None,
            further: None,
            read_at: Timestamp::MIN,
        }
    }

    /// Takes a reading into account. A reading that is not newer than the last one changes nothing. O(1).
    pub fn take(&mut self, value: f64, read_at: Timestamp, limits: &Limits) -> Option<Crossing> {
        if read_at <= self.read_at {
            return None;
        }
        self.read_at = read_at;
        let minutes = |since: Timestamp| read_at.duration_since(since).as_secs_f64() / 60.0;
        let mut held = Level::Green;
        for (index, level) in RAISED.into_iter().enumerate() {
            self.above[index] = (value >= limits.raise_at(level)).then(|| {
                let run = self.above[index].unwrap_or(Run { since: read_at, readings: 0 });
                Run { readings: run.readings.saturating_add(1), ..run }
            });
            let holds = |run: Run| run.readings >= limits.raise_readings && minutes(run.since) >= limits.raise_minutes;
            if self.above[index].is_some_and(holds) {
                held = level;
            }
        }
        let from = self.level;
        if held > from {
            self.level = held;
            self.below_since = None;
            (self.told, self.further) = (Some(value), None);
            return Some(Crossing { from, to: held, threshold: limits.raise_at(held), value });
        }
        // The level that this value would keep, were it raised already.
        let kept = RAISED
            .into_iter()
            .rev()
            .find(|level| *level <= from && value >= limits.raise_at(*level) - limits.clear_below)
            .unwrap_or(Level::Green);
        if kept >= from {
            self.below_since = None;
            return self.risen_further(value, read_at, limits);
        }
        self.further = None;
        let since = *self.below_since.get_or_insert(read_at);
        if minutes(since) < limits.clear_minutes {
            return None;
        }
        self.level = kept;
        self.below_since = None;
        self.told = (kept > Level::Green).then_some(value);
        Some(Crossing { from, to: kept, threshold: limits.raise_at(from) - limits.clear_below, value })
    }

    /// While a level holds: a value that has gone on rising, as often and as long as a level itself needs. The least of the run is told.
    fn risen_further(&mut self, value: f64, read_at: Timestamp, limits: &Limits) -> Option<Crossing> {
        // Without what was told (a level from before it was remembered) this reading is where it begins.
        let told = *self.told.get_or_insert(value);
        if self.level == Level::Green || value < told + limits.again_above {
            self.further = None;
            return None;
        }
        let (run, least) = self.further.unwrap_or((Run { since: read_at, readings: 0 }, value));
        let run = Run { readings: run.readings.saturating_add(1), ..run };
        let least = least.min(value);
        let minutes = read_at.duration_since(run.since).as_secs_f64() / 60.0;
        if run.readings < limits.raise_readings || minutes < limits.raise_minutes {
            self.further = Some((run, least));
            return None;
        }
        (self.told, self.further) = (Some(least), None);
        let threshold = limits.raise_at(self.level);
        Some(Crossing { from: self.level, to: self.level, threshold, value: least })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits() -> Limits {
        Limits {
            raise_at: PerLevel { yellow: 1.2, orange: 1.8, red: 2.5 },
            clear_below: 0.1,
            again_above: 0.25,
            raise_readings: 2,
            raise_minutes: 5.0,
            clear_minutes: 30.0,
        }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_772_337_600 + 60 * minute).expect("a time in 2026")
    }

    fn play(readings: &[(i64, f64)]) -> (Watch, Vec<Crossing>) {
        let mut watch = Watch::new();
        let crossings =
            readings.iter().filter_map(|(minute, value)| watch.take(*value, at(*minute), &limits())).collect();
        (watch, crossings)
    }

    #[test]
    fn one_high_reading_raises_nothing() {
        assert_eq!(play(&[(0, 0.8), (1, 9.0), (2, 0.8)]).0.level, Level::Green);
        assert_eq!(play(&[(0, 9.0), (60, 0.8)]).0.level, Level::Green);
    }

    #[test]
    fn a_level_holds_when_it_was_exceeded_long_enough_and_often_enough() {
        let (watch, crossings) = play(&[(0, 1.3), (4, 1.9), (5, 1.9), (9, 1.9)]);
        assert_eq!(watch.level, Level::Orange);
        assert_eq!(crossings.iter().map(|crossing| crossing.to).collect::<Vec<_>>(), [Level::Yellow, Level::Orange]);
    }

    #[test]
    fn between_the_thresholds_a_level_stays_and_far_below_for_long_it_is_left() {
        let rising = [(0, 1.3), (5, 1.3)];
        let hovering = [(10, 1.15), (50, 1.12), (90, 1.15)];
        assert_eq!(play(&[&rising[..], &hovering].concat()).0.level, Level::Yellow);
        assert_eq!(play(&[&rising[..], &[(10, 1.0), (30, 1.0)]].concat()).0.level, Level::Yellow);
        assert_eq!(play(&[&rising[..], &[(10, 1.0), (40, 1.0)]].concat()).0.level, Level::Green);
        // One reading above in between starts the wait anew.
        assert_eq!(play(&[&rising[..], &[(10, 1.0), (20, 1.3), (41, 1.0)]].concat()).0.level, Level::Yellow);
    }

    #[test]
    fn water_that_goes_on_rising_is_told_again_and_one_high_reading_is_not() {
        let red = [(0, 2.6), (5, 2.6)];
        let told = |more: &[(i64, f64)]| -> Vec<f64> {
            let (watch, crossings) = play(&[&red[..], more].concat());
            assert_eq!(watch.level, Level::Red);
            crossings.iter().map(|crossing| crossing.value).collect()
        };
        assert_eq!(told(&[(6, 9.0), (7, 2.7), (8, 9.0), (9, 2.6)]), [2.6]);
        assert_eq!(told(&[(10, 2.8), (15, 2.8), (20, 2.8)]), [2.6], "not far enough");
        // The least of the run is what has surely been reached; from there on it counts again.
        assert_eq!(told(&[(10, 3.1), (15, 2.9), (20, 3.2), (25, 3.3)]), [2.6, 2.9, 3.2]);
        // After a fall below, the way back up is no news until it is higher than what was told.
        assert_eq!(told(&[(10, 3.0), (15, 3.0), (20, 2.5), (40, 3.0), (45, 3.0)]), [2.6, 3.0]);
    }

    #[test]
    fn an_old_reading_changes_nothing() {
        let (watch, _) = play(&[(0, 1.3), (5, 1.3)]);
        let mut later = watch.clone();
        assert_eq!(later.take(9.0, at(3), &limits()), None);
        assert_eq!(later, watch);
    }

    proptest! {
        #[test]
        fn a_lone_reading_between_low_ones_never_raises(value in -5.0..30.0_f64, gap in 1_i64..600) {
            let (watch, crossings) = play(&[(0, 0.5), (gap, value), (2 * gap, 0.5), (3 * gap, 0.5)]);
            prop_assert_eq!(watch.level, Level::Green);
            prop_assert!(crossings.is_empty());
        }

        #[test]
        fn higher_water_never_gives_a_lower_level(
            values in proptest::collection::vec(0.0..4.0_f64, 1..40), more in 0.0..2.0_f64
        ) {
            let lower: Vec<_> = (0_i64..).zip(values.iter().copied()).map(|(index, value)| (3 * index, value)).collect();
            let higher: Vec<_> = lower.iter().map(|(minute, value)| (*minute, value + more)).collect();
            prop_assert!(play(&higher).0.level >= play(&lower).0.level);
        }
    }
}
