//! Turns a rain gauge's counter into the rain between two readings, across roll-overs and resets.
//! Pure: kept by whoever follows a gauge; the readings themselves stay as the device counted.
//! A fall of the counter is rain only when as much rain can have fallen; jitter and swapped readings are not.

use jiff::Timestamp;

/// The heaviest rain that is believed, millimetres per hour, and what a burst may add to it at any time.
///
/// Sources: WMO World Weather and Climate Extremes Archive: 305 mm within an hour at Holt, Missouri (22 June 1947), 31.2 mm within a minute at
/// Unionville, Maryland (4 July 1956). The margin above them is ours.
const MM_PER_HOUR_MAX: f64 = 450.0;
const BURST_MM: f64 = 40.0;

/// Follows one counter.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RainCounter {
    /// The value at which the device's counter is 0 again; none when it never gets there.
    rolls_over_at_mm: Option<f64>,
    last: Option<(Timestamp, f64)>,
}

/// What the counter's next value means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rain {
    /// The first value: nothing is known of the rain before it.
    First,
    /// So many millimetres fell.
    Fell(f64),
    /// So many millimetres fell, and the counter passed its maximum.
    RolledOver(f64),
    /// The counter began anew and has counted so many millimetres since; what fell before that is not known.
    Reset(f64),
    /// Not later than the last value: it changes nothing.
    Late,
    /// No rain explains it; counting goes on from here.
    Unexplained,
}

impl RainCounter {
    /// A counter that is 0 again at `rolls_over_at_mm`, or never.
    pub fn new(rolls_over_at_mm: Option<f64>) -> Self {
        // What is no positive number is no maximum.
        Self { rolls_over_at_mm: rolls_over_at_mm.filter(|at| at.is_finite() && *at > 0.0), last: None }
    }

    /// Takes the next value, in millimetres.
    pub fn take(&mut self, read_at: Timestamp, total_mm: f64) -> Rain {
        let Some((before, last_mm)) = self.last else {
            self.last = Some((read_at, total_mm));
            return Rain::First;
        };
        if read_at <= before {
            return Rain::Late;
        }
        self.last = Some((read_at, total_mm));
        let hours = read_at.duration_since(before).as_secs_f64() / 3_600.0;
        let may_fall = MM_PER_HOUR_MAX * hours + BURST_MM;
        let can_be = |mm: f64| (0.0..=may_fall).contains(&mm);
        if total_mm >= last_mm {
            let fell = total_mm - last_mm;
            return if can_be(fell) { Rain::Fell(fell) } else { Rain::Unexplained };
        }
        let rolled = self
            .rolls_over_at_mm
            .filter(|at| *at >= last_mm)
            .map(|at| at - last_mm + total_mm)
            .filter(|mm| can_be(*mm));
        match rolled {
            Some(mm) => Rain::RolledOver(mm),
            // A counter that fell by a little did not begin anew: it would have counted all it shows since.
            None if can_be(total_mm) && total_mm < last_mm / 2.0 => Rain::Reset(total_mm),
            None => Rain::Unexplained,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_counter_tells_of_rain_roll_over_and_reset() {
        let mut counter = RainCounter::new(Some(655.36));
        assert_eq!(counter.take(minute(0), 640.0), Rain::First);
        assert_eq!(counter.take(minute(10), 652.0), Rain::Fell(12.0));
        assert_eq!(counter.take(minute(20), 652.0), Rain::Fell(0.0));
        assert_eq!(counter.take(minute(15), 700.0), Rain::Late);
        let Rain::RolledOver(mm) = counter.take(minute(30), 1.0) else { panic!("it rolled over") };
        assert!((mm - 4.36).abs() < 1e-9, "{mm}");
        assert_eq!(counter.take(minute(40), 9.0), Rain::Fell(8.0));
        // Not near its maximum: it began anew.
        assert_eq!(counter.take(minute(50), 0.5), Rain::Reset(0.5));
    }

    #[test]
    fn jitter_and_jumps_are_not_rain() {
        let mut counter = RainCounter::new(None);
        counter.take(minute(0), 500.0);
        assert_eq!(counter.take(minute(5), 499.8), Rain::Unexplained);
        assert_eq!(counter.take(minute(10), 500.0), Rain::Fell(0.199_999_999_999_988_63));
        // 900 mm in five minutes: another counter, or a broken one.
        assert_eq!(counter.take(minute(15), 1_400.0), Rain::Unexplained);
        // A reset after which 200 mm fell within five minutes can't be.
        assert_eq!(counter.take(minute(20), 200.0), Rain::Unexplained);
        assert_eq!(counter.take(minute(25), 201.0), Rain::Fell(1.0));
        let mut broken = RainCounter::new(Some(f64::NAN));
        broken.take(minute(0), 10.0);
        assert_eq!(broken.take(minute(1), f64::NAN), Rain::Unexplained);
    }

    proptest! {
        /// A device's counter wraps; what it tells adds up to what fell.
        #[test]
        fn what_fell_adds_up_across_roll_overs(fell in prop::collection::vec(0.0_f64..20.0, 1..200)) {
            let at = 100.0;
            let mut counter = RainCounter::new(Some(at));
            let (mut total, mut sum) = (0.0, 0.0);
            counter.take(minute(0), total);
            for (step, mm) in (1..).zip(&fell) {
                total = (total + mm) % at;
                match counter.take(minute(step * 10), total) {
                    Rain::Fell(mm) | Rain::RolledOver(mm) => sum += mm,
                    other => prop_assert!(false, "{other:?} after {mm} mm"),
                }
            }
            prop_assert!((sum - fell.iter().sum::<f64>()).abs() < 1e-6);
        }
    }
}
