//! The queue of rims: gives back the lowest first.
//! Used by `fill` alone, which never puts in what is lower than what it took out last.
//! Heights are sorted coarsely when they come and finely when their turn comes, so that most of the queue is never touched.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Most steps of height into which the range is cut.
const STEPS: usize = 1 << 15;

/// A monotone priority queue of cells by height.
pub(super) struct Rims {
    lowest: f32,
    steps_per_metre: f32,
    later: Vec<Vec<u64>>,
    now: BinaryHeap<Reverse<u64>>,
    step: usize,
}

impl Rims {
    /// For heights among these.
    pub(super) fn new(heights: &[f32]) -> Rims {
        // `min` and `max` pass over NaN.
        let (lowest, highest) =
            heights.iter().fold((f32::MAX, f32::MIN), |(low, high), height| (low.min(*height), high.max(*height)));
        let range = (highest - lowest).max(f32::MIN_POSITIVE);
        let steps = heights.len().clamp(1, STEPS);
        let steps_per_metre = (steps as f32 / range).min(f32::MAX);
        Rims { lowest, steps_per_metre, later: vec![Vec::new(); steps], now: BinaryHeap::new(), step: 0 }
    }

    pub(super) fn push(&mut self, height: f32, cell: u32) {
        let entry = u64::from(ordered(height)) << 32 | u64::from(cell);
        let step = self.step_of(height);
        if step <= self.step {
            self.now.push(Reverse(entry));
        } else {
            self.later[step].push(entry);
        }
    }

    /// The lowest, of equals the one with the lower index.
    pub(super) fn pop(&mut self) -> Option<u32> {
        while self.now.is_empty() {
            self.step += 1;
            let next = self.later.get_mut(self.step)?;
            self.now = std::mem::take(next).into_iter().map(Reverse).collect();
        }
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the cell")]
        self.now.pop().map(|Reverse(entry)| entry as u32)
    }

    /// Never falls with height: a product with a positive number and a cut are monotone in floats as well.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` stops at the ends of the range")]
    fn step_of(&self, height: f32) -> usize {
        (((height - self.lowest) * self.steps_per_metre) as usize).min(self.later.len() - 1)
    }
}

/// The bits of a float in an order that is the order of the numbers.
pub(super) fn ordered(height: f32) -> u32 {
    let bits = height.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
}

/// The float whose [`ordered`] bits these are.
pub(super) fn height_of(ordered: u32) -> f32 {
    f32::from_bits(if ordered >> 31 == 1 { ordered & 0x7fff_ffff } else { !ordered })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_lowest_comes_first_whatever_the_heights(heights in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::ZERO, 1..60)) {
            let mut rims = Rims::new(&heights);
            for (cell, height) in (0..).zip(&heights) {
                rims.push(*height, cell);
            }
            let order: Vec<f32> = std::iter::from_fn(|| rims.pop()).map(|cell| heights[cell as usize]).collect();
            prop_assert_eq!(order.len(), heights.len());
            prop_assert!(order.is_sorted());
        }
    }
}
