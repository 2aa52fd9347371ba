//! Keeps a series of each quantity of each sensor in memory and has the tests of quality judge what comes.
//! Owned by the intake; filled from the store before the first batch, and again after a batch that could not be kept.
//! An opinion never throws a value away: at the most it makes it suspect. Only what can't be is refused, before this is asked.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    quality::{Judged, Limits, Mark, Marks, Series, Test},
    quantity::Quantity,
    reading::{Flag, LaterMarks, NewReading},
};
use crate::{ground::Ground, id::SensorId, store::Fault};

const EMBEDDED: &str = include_str!("quality/limits.toml");

/// However long the windows are, no more than this is read back at a start; what was flat for longer is known again that much later.
const FILLED_MAX: SignedDuration = SignedDuration::from_hours(6);

/// The numbers of the tests, by quantity.
pub type QualityLimits = BTreeMap<Quantity, Limits>;

/// The numbers that are built in.
pub fn embedded_limits() -> QualityLimits {
    parse(EMBEDDED).expect("a test reads them")
}

/// Reads the numbers of the tests from a file in the place of those that are built in. Errors name every contradiction.
pub fn read_limits(file: &str) -> anyhow::Result<QualityLimits> {
    let text = std::fs::read_to_string(file).with_context(|| format!("sensors.quality_file {file}"))?;
    parse(&text).with_context(|| format!("sensors.quality_file {file}"))
}

fn parse(text: &str) -> anyhow::Result<QualityLimits> {
    let limits: QualityLimits = toml::from_str(text)?;
    let faults: Vec<String> = limits
        .iter()
        .flat_map(|(quantity, limits)| limits.faults().into_iter().map(move |fault| format!("{quantity}.{fault}")))
        .collect();
    ensure!(faults.is_empty(), "{} fault(s): {}", faults.len(), faults.join("; "));
    Ok(limits)
}

/// All series.
#[derive(Debug)]
pub(super) struct Judge {
    limits: QualityLimits,
    zone: TimeZone,
    series: HashMap<(SensorId, Quantity), Series>,
    filled: bool,
    judged: Vec<Judged>,
}

impl Judge {
    pub(super) fn new(limits: QualityLimits, zone: TimeZone) -> Self {
        Self { limits, zone, series: HashMap::new(), filled: false, judged: Vec::new() }
    }

    /// Forgets all; the next batch reads it back.
    pub(super) fn forget(&mut self) {
        self.series.clear();
        self.filled = false;
    }

    /// Reads back what the next values are judged by, once.
    pub(super) async fn fill(&mut self, ground: &Ground, now: Timestamp) -> Result<(), Fault> {
        if self.filled {
            return Ok(());
        }
        let since = now.checked_sub(FILLED_MAX).unwrap_or(Timestamp::MIN);
        let mut tx = ground.store.read_readings("readings to judge by").await?;
        let (limits, zone, series, judged) = (&self.limits, &self.zone, &mut self.series, &mut self.judged);
        tx.read_since(since, |sensor, quantity, at, value| {
            let of = series.entry((sensor, quantity)).or_insert_with(|| start(limits, zone, quantity));
            of.take(at, value, judged);
        })
        .await?;
        self.filled = true;
        Ok(())
    }

    /// Has a reading judged; its marks and flag say what came of it. What is thought otherwise of earlier ones goes into `later`.
    pub(super) fn take(&mut self, reading: &mut NewReading, later: &mut Vec<LaterMarks>) {
        let key = (reading.sensor, reading.quantity);
        let series = self.series.entry(key).or_insert_with(|| start(&self.limits, &self.zone, reading.quantity));
        series.take(reading.read_at, reading.value, &mut self.judged);
        for one in &self.judged {
            match one.before {
                None => reading.marks = one.marks,
                // Nearly every value turns out not to stand out: that is no news.
                Some(before)
                    if before.of(Test::Spike) == Mark::NotEvaluated
                        && before.with(Test::Spike, Mark::Pass) == one.marks => {}
                Some(_) => later.push(LaterMarks {
                    sensor: reading.sensor,
                    quantity: reading.quantity,
                    read_at: one.at,
                    marks: one.marks,
                }),
            }
        }
        if reading.flag == Flag::Good && matches!(reading.marks.together(), Mark::Suspect | Mark::Fail) {
            reading.flag = Flag::Suspect;
        }
        count(reading.marks);
    }
}

fn start(limits: &QualityLimits, zone: &TimeZone, quantity: Quantity) -> Series {
    Series::new(limits.get(&quantity).cloned().unwrap_or_default(), zone.clone())
}

fn count(marks: Marks) {
    for test in Test::ALL {
        let word = match marks.of(test) {
            Mark::Suspect => "suspect",
            Mark::Fail => "fail",
            Mark::Pass | Mark::NotEvaluated | Mark::Missing => continue,
        };
        metrics::counter!("hamyar_quality_total", "test" => test.as_str(), "mark" => word).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_that_are_built_in_are_sound_and_refuse_nothing_that_intake_takes() {
        let limits = embedded_limits();
        for quantity in Quantity::ALL {
            let range = limits[&quantity].range.expect("every quantity has its range");
            let (possible, usual) = (quantity.possible(), quantity.usual());
            assert_eq!(range.fail, (*possible.start(), *possible.end()), "{quantity}");
            assert_eq!(range.suspect, Some((*usual.start(), *usual.end())), "{quantity}");
        }
    }

    #[test]
    fn a_file_with_contradictions_is_refused_with_all_of_them() {
        let text = "[stage_m]\ngap_secs = -1\n[wind_ms]\nspike = { suspect = 3.0, fail = 1.0 }\n";
        let fault = parse(text).expect_err("two contradictions").to_string();
        assert!(fault.contains("stage_m.gap_secs") && fault.contains("wind_ms.spike"), "{fault}");
        assert!(parse("[stage_ft]\n").is_err());
    }
}
