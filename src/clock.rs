//! The only file that asks what time it is.
//! Everything that needs the time or has to wait takes a [`Clock`]; tests give it a manual one.
//! On a manual clock nothing happens by itself: time moves only by [`Clock::advance`].

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::watch;

/// Tells the time and waits for it. Cheap to clone; clones share one time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands at `at` until it is advanced.
    pub fn manual(at: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(watch::Sender::new(at))))
    }

    /// Now, with the microsecond precision in which times are stored.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the time")]
    pub fn now(&self) -> Timestamp {
        let now = match &self.0 {
            Kind::System => Timestamp::now(),
            Kind::Manual(at) => *at.borrow(),
        };
        Timestamp::from_microsecond(now.as_microsecond()).expect("a valid time stays valid when truncated")
    }

    /// Moves a manual clock forward and wakes whoever waits for a moment now past. The system clock is not moved.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(at) = &self.0 {
            at.send_modify(|at| *at = at.checked_add(by).unwrap_or(Timestamp::MAX));
        }
    }

    /// Waits until `at`. Returns at once when it is past.
    pub async fn until(&self, at: Timestamp) {
        match &self.0 {
            Kind::System => {
                let wait = at.duration_since(self.now());
                if let Ok(wait) = Duration::try_from(wait) {
                    tokio::time::sleep(wait).await;
                }
            }
            Kind::Manual(time) => {
                let mut time = time.subscribe();
                // The sender lives in `self`, so the channel can't close while we wait.
                let _ = time.wait_for(|now| *now >= at).await;
            }
        }
    }

    /// Waits for `period`.
    pub async fn sleep(&self, period: Duration) {
        self.until(self.now().checked_add(period).unwrap_or(Timestamp::MAX)).await;
    }

    /// A stopwatch for metrics: monotonic, never used for decisions.
    #[expect(clippy::disallowed_methods, reason = "durations for metrics come from the monotonic clock")]
    pub fn stopwatch() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }
}

/// Measures how long something took.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Seconds since the stopwatch was made.
    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_those_who_wait_only_when_it_is_moved() {
        let clock = Clock::manual("2026-03-01T04:00:00Z".parse().expect("a time"));
        let later = clock.now() + Duration::from_mins(1);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.until(later).await }
        });
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(Duration::from_secs(1));
        waiting.await.expect("the waiter ends");
        assert_eq!(clock.now(), later);
    }
}
