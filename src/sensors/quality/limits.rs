//! What the tests go by: numbers per quantity, from a file in which each has its unit and its source, and a sensor's own in their place.
//! Read at start and when a sensor's own change; used by `series`.
//! A test without numbers is not made, and says so by its flag.

use jiff::civil;
use serde::Deserialize;

/// What can be, and what is usual, in the unit of the quantity.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Outside of it a value fails.
    pub fail: (f64, f64),
    /// Outside of it a value is suspect; lies within `fail`.
    pub suspect: Option<(f64, f64)>,
}

/// How a value is compared with its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpikeBy {
    /// With the mean of both. Marks the neighbours of a spike as well.
    Average,
    /// The lesser of both steps, when they go opposite ways.
    #[default]
    Differential,
}

/// When a value stands out from both neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spike {
    /// Above this it is suspect, in the unit of the quantity.
    pub suspect: f64,
    /// Above this it fails.
    pub fail: f64,
    /// How.
    #[serde(default)]
    pub by: SpikeBy,
}

/// How fast a value may change, in its unit per second.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Above this it is suspect.
    pub suspect: f64,
    /// Above this it fails; never where there is none.
    pub fail: Option<f64>,
}

/// For how long a value may stay the same.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlatLine {
    /// Seconds after which it is suspect.
    pub suspect_secs: f64,
    /// Seconds after which it fails.
    pub fail_secs: f64,
    /// Values that lie less far apart than this are the same, in the unit of the quantity.
    pub tolerance: f64,
}

/// What is measured of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StillBy {
    /// The standard deviation (of all values, not of a sample).
    Std,
    /// The greatest less the least.
    #[default]
    Range,
}

/// How little a value may move.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Still {
    /// Seconds of the window.
    pub window_secs: f64,
    /// Fewer values in the window tell nothing.
    pub values_min: usize,
    /// Below this it is suspect, in the unit of the quantity.
    pub suspect: f64,
    /// Below this it fails; less than `suspect`.
    pub fail: f64,
    /// What is measured.
    #[serde(default)]
    pub by: StillBy,
}

/// What is usual in a part of the year.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// First and last month, 1 to 12; a season may go over the end of the year.
    pub months: (i8, i8),
    /// Outside of it a value is suspect.
    pub suspect: (f64, f64),
    /// Outside of it a value fails; never where there is none.
    pub fail: Option<(f64, f64)>,
}

/// What is usual through the year. A month that no season names is not evaluated; the first season that names it counts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Climate(pub Vec<Season>);

impl Climate {
    /// The season of a day.
    pub fn at(&self, day: civil::Date) -> Option<&Season> {
        let month = day.month();
        self.0.iter().find(|season| {
            let (from, to) = season.months;
            if from <= to { (from..=to).contains(&month) } else { month >= from || month <= to }
        })
    }
}

/// The numbers of all tests for one quantity. Those that are missing are not made.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A value that comes later than this after the one before, in seconds, is suspect.
    pub gap_secs: Option<f64>,
    /// Gross range.
    pub range: Option<Span>,
    /// Climatology.
    #[serde(default)]
    pub climate: Climate,
    /// Spike.
    pub spike: Option<Spike>,
    /// Rate of change.
    pub rate: Option<Rate>,
    /// Flat line.
    pub flat_line: Option<FlatLine>,
    /// Attenuated signal.
    pub still: Option<Still>,
}

/// Numbers that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {what}")]
pub struct BadLimits {
    /// Which.
    pub key: &'static str,
    /// What is wrong, and what is wanted.
    pub what: String,
}

impl Limits {
    /// Every contradiction at once.
    pub fn faults(&self) -> Vec<BadLimits> {
        let mut faults = Vec::new();
        let mut want = |holds: bool, key: &'static str, what: &str| {
            if !holds {
                faults.push(BadLimits { key, what: what.to_owned() });
            }
        };
        let rises = |(from, to): (f64, f64)| from <= to && from.is_finite() && to.is_finite();
        let within = |(from, to): (f64, f64), (least, most): (f64, f64)| least <= from && to <= most;
        let positive = |value: f64| value > 0.0 && value.is_finite();
        want(self.gap_secs.is_none_or(positive), "gap_secs", "must be more than 0");
        if let Some(Span { fail, suspect }) = self.range {
            want(rises(fail), "range.fail", "wants two numbers, the lesser first");
            want(suspect.is_none_or(|span| rises(span) && within(span, fail)), "range.suspect", "must lie within fail");
        }
        for season in &self.climate.0 {
            let months = [season.months.0, season.months.1];
            want(months.iter().all(|month| (1..=12).contains(month)), "climate.months", "are 1 to 12");
            want(rises(season.suspect), "climate.suspect", "wants two numbers, the lesser first");
            let outer = season.fail.is_none_or(|fail| rises(fail) && within(season.suspect, fail));
            want(outer, "climate.fail", "must hold suspect");
        }
        if let Some(spike) = self.spike {
            want(positive(spike.suspect) && spike.suspect <= spike.fail, "spike", "wants 0 < suspect ≤ fail");
        }
        if let Some(rate) = self.rate {
            let ordered = positive(rate.suspect) && rate.fail.is_none_or(|fail| rate.suspect <= fail);
            want(ordered, "rate", "wants 0 < suspect ≤ fail, per second");
        }
        if let Some(flat) = self.flat_line {
            let ordered =
                positive(flat.suspect_secs) && flat.suspect_secs <= flat.fail_secs && flat.fail_secs.is_finite();
            want(ordered, "flat_line", "wants 0 < suspect_secs ≤ fail_secs");
            want(positive(flat.tolerance), "flat_line.tolerance", "must be more than 0");
        }
        if let Some(still) = self.still {
            want(positive(still.window_secs), "still.window_secs", "must be more than 0");
            want(still.values_min >= 2, "still.values_min", "must be at least 2");
            want(0.0 <= still.fail && still.fail <= still.suspect, "still", "wants 0 ≤ fail ≤ suspect");
        }
        faults
    }

    /// Seconds of the past that a new value is judged by.
    pub fn memory_secs(&self) -> f64 {
        let flat = self.flat_line.map_or(0.0, |flat| flat.fail_secs);
        let still = self.still.map_or(0.0, |still| still.window_secs);
        flat.max(still)
    }
}
