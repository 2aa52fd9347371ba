//! Quality of readings by the tests of QARTOD, as they come: each value is judged beside those before it, and again when a later one tells more.
//! Called by `accept` for each reading that can be; the same series gives the same flags in whatever order it comes.
//! Nothing is thrown away here: a flag is an opinion about a value, one per test, and a new extreme is never called a fault for being new.
//!
//! Tests, flags and their precedence are those of the manuals of the U.S. Integrated Ocean Observing System for water level (v2.1, 2021) and
//! in-situ currents; on evenly spaced series they equal `ioos_qc` 3.0.0. Windows are true times, so uneven and late series are judged as well.

mod limits;
mod series;
mod window;

pub use limits::{BadLimits, Climate, FlatLine, Limits, Rate, Season, Span, Spike, SpikeBy, Still, StillBy};
pub use series::{Judged, Series};

/// An opinion on one value by one test, with the numbers of QARTOD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mark {
    /// Nothing speaks against it.
    Pass = 1,
    /// The test could not be made, or not yet.
    NotEvaluated = 2,
    /// Of interest: possible, and unusual.
    Suspect = 3,
    /// It can't be.
    Fail = 4,
    /// There is no value.
    Missing = 9,
}

impl Mark {
    /// The number of QARTOD.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// How much it counts when opinions are put together: fail over suspect over pass over not evaluated over missing.
    fn weight(self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::NotEvaluated => 1,
            Self::Pass => 2,
            Self::Suspect => 3,
            Self::Fail => 4,
        }
    }

    /// The one that counts most.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }
}

/// The tests that look at a value and its neighbours in time. What a message must fulfil (syntax, location, time gap) is looked at where it
/// comes in, and what neighbours say where all sensors are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test {
    /// Time since the value before.
    Gap,
    /// Within what can be, and what is usual.
    GrossRange,
    /// Within what is usual at this time of the year.
    Climatology,
    /// Far from both neighbours, to the same side.
    Spike,
    /// Faster than it can change.
    RateOfChange,
    /// The same value for too long.
    FlatLine,
    /// Hardly moves for too long.
    Attenuated,
    /// Unlike sensors that should say the same.
    Neighbour,
}

impl Test {
    /// All of them, in the order of [`Marks`].
    pub const ALL: [Self; 8] = [
        Self::Gap,
        Self::GrossRange,
        Self::Climatology,
        Self::Spike,
        Self::RateOfChange,
        Self::FlatLine,
        Self::Attenuated,
        Self::Neighbour,
    ];

    /// The word in the API and on the page of health.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::GrossRange => "gross_range",
            Self::Climatology => "climatology",
            Self::Spike => "spike",
            Self::RateOfChange => "rate_of_change",
            Self::FlatLine => "flat_line",
            Self::Attenuated => "attenuated",
            Self::Neighbour => "neighbour",
        }
    }
}

/// The opinions of all tests on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Marks([Mark; Test::ALL.len()]);

impl Marks {
    /// No test was made.
    pub const NONE: Self = Self([Mark::NotEvaluated; Test::ALL.len()]);

    /// What one test says.
    pub fn of(self, test: Test) -> Mark {
        self.0[test as usize]
    }

    /// The same with what one test says.
    #[must_use]
    pub fn with(mut self, test: Test, mark: Mark) -> Self {
        self.0[test as usize] = mark;
        self
    }

    /// All opinions together, by the precedence of `qartod_compare`.
    pub fn together(self) -> Mark {
        self.0.iter().fold(Mark::Missing, |together, mark| together.or(*mark))
    }

    /// Four bits for each test, the first one lowest: how they are stored.
    pub fn packed(self) -> i64 {
        self.0.iter().rev().fold(0, |packed, mark| packed << 4 | i64::from(mark.number()))
    }

    /// Reads what was stored; bits that mean nothing are a test that was not made.
    pub fn unpacked(packed: i64) -> Self {
        let mut marks = Self::NONE;
        for (place, mark) in marks.0.iter_mut().enumerate() {
            *mark = match packed >> (4 * place) & 0xf {
                1 => Mark::Pass,
                3 => Mark::Suspect,
                4 => Mark::Fail,
                9 => Mark::Missing,
                _ => Mark::NotEvaluated,
            };
        }
        marks
    }
}

#[cfg(test)]
mod tests;
