//! The values of the last so many seconds: how many, the least, the greatest, and how far they lie from their mean.
//! Used by `series`, one for each length; values come in the order of their times.
//! Each value enters and leaves once: amortised O(1), whatever the length.

use std::collections::VecDeque;

/// Values after which sums are taken anew, so that what adding and taking away loses never adds up.
const AFRESH: u32 = 4_096;

/// A window that ends with the newest value.
#[derive(Clone, Debug)]
pub(super) struct Window {
    micros: i64,
    /// Whether a value exactly as old as the window is long still belongs to it.
    closed: bool,
    /// Sums are kept only where they are asked for.
    sums: bool,
    values: VecDeque<(i64, f64)>,
    /// Candidates for the least and the greatest, the oldest first.
    least: VecDeque<(i64, f64)>,
    greatest: VecDeque<(i64, f64)>,
    /// Sums of values less the first one, and of its squares.
    origin: f64,
    sum: f64,
    squares: f64,
    since_afresh: u32,
}

impl Window {
    #[expect(clippy::cast_possible_truncation, reason = "limits are checked; beyond 292,000 years it saturates")]
    pub(super) fn new(secs: f64, closed: bool, sums: bool) -> Self {
        Self {
            micros: (secs * 1e6).round() as i64,
            closed,
            sums,
            values: VecDeque::new(),
            least: VecDeque::new(),
            greatest: VecDeque::new(),
            origin: 0.0,
            sum: 0.0,
            squares: 0.0,
            since_afresh: 0,
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.least.clear();
        self.greatest.clear();
        (self.sum, self.squares, self.since_afresh) = (0.0, 0.0, 0);
    }

    /// Moves the end to `at` without a value.
    pub(super) fn move_to(&mut self, at: i64) {
        let gone = |old: i64, window: &Self| {
            let age = at.saturating_sub(old);
            if window.closed { age > window.micros } else { age >= window.micros }
        };
        while let Some(&(old, value)) = self.values.front().filter(|(old, _)| gone(*old, self)) {
            self.values.pop_front();
            if self.sums {
                let off = value - self.origin;
                self.sum -= off;
                self.squares -= off * off;
                self.since_afresh += 1;
            }
            for side in [&mut self.least, &mut self.greatest] {
                if side.front().is_some_and(|(candidate, _)| *candidate <= old) {
                    side.pop_front();
                }
            }
        }
    }

    /// Takes a value that is newer than all before; it is finite.
    pub(super) fn take(&mut self, at: i64, value: f64) {
        self.move_to(at);
        if self.sums {
            if self.values.is_empty() {
                (self.origin, self.sum, self.squares, self.since_afresh) = (value, 0.0, 0.0, 0);
            } else if self.since_afresh >= AFRESH {
                self.afresh();
            }
            let off = value - self.origin;
            self.sum += off;
            self.squares += off * off;
        }
        self.values.push_back((at, value));
        while self.least.back().is_some_and(|(_, other)| *other >= value) {
            self.least.pop_back();
        }
        self.least.push_back((at, value));
        while self.greatest.back().is_some_and(|(_, other)| *other <= value) {
            self.greatest.pop_back();
        }
        self.greatest.push_back((at, value));
    }

    fn afresh(&mut self) {
        // A middle value as origin keeps squares small.
        self.origin = self.values[self.values.len() / 2].1;
        let offs = self.values.iter().map(|(_, value)| value - self.origin);
        (self.sum, self.squares) = offs.fold((0.0, 0.0), |(sum, squares), off| (sum + off, squares + off * off));
        self.since_afresh = 0;
    }

    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// The greatest less the least; none without values.
    pub(super) fn range(&self) -> Option<f64> {
        Some(self.greatest.front()?.1 - self.least.front()?.1)
    }

    /// Standard deviation of the values as a whole (not of a sample); none without values. Only of windows with sums.
    pub(super) fn deviation(&self) -> Option<f64> {
        let count = self.values.len() as f64;
        if count == 0.0 {
            return None;
        }
        // Where all values are the same, what rounding left of the sums must not look like movement.
        if self.range()? == 0.0 {
            return Some(0.0);
        }
        let mean = self.sum / count;
        Some((self.squares / count - mean * mean).max(0.0).sqrt())
    }
}
