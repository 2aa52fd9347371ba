//! How work is shared among processors by a crate that starts no threads.
//! The caller hands in `Hands`; the command line's run on threads, tests use one or several.
//! A result never depends on how many hands there are.

use std::ops::Range;

/// A piece of work.
pub type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Who does several jobs, perhaps at once.
pub trait Hands {
    /// Into how many jobs work should be cut; at least 1.
    fn count(&self) -> usize;

    /// Does all jobs, in any order or at once, and returns when all are done.
    fn together(&self, jobs: Vec<Job<'_>>);
}

/// Does one job after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct OneHand;

impl Hands for OneHand {
    fn count(&self) -> usize {
        1
    }

    fn together(&self, jobs: Vec<Job<'_>>) {
        for job in jobs {
            job();
        }
    }
}

/// `length` rows in about equal parts, none empty; as many as there are hands, or rows.
pub(super) fn strips(length: usize, hands: usize) -> Vec<Range<usize>> {
    let parts = hands.clamp(1, length.max(1));
    (0..parts).map(|part| part * length / parts..(part + 1) * length / parts).collect()
}
