//! Figures and how they are shown: quantiles of a series, memory of a process, one Markdown table.
//! Used by the benchmark only.
//! A quantile is an observed value (nearest rank), never interpolated.

use std::{fmt::Write, time::Duration};

/// Durations of the same thing, repeated.
#[derive(Default)]
pub struct Series(Vec<Duration>);

impl Series {
    pub fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest observed value that at least `percent` of the values do not exceed.
    pub fn quantile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted[rank - 1]
    }
}

/// Resident memory of a process in bytes, from /proc (Linux).
pub fn resident_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? * 1024)
}

/// Rows of the table in docs/benchmarks.md.
#[derive(Default)]
pub struct Table(String);

impl Table {
    pub fn row(&mut self, what: &str, p50: &str, p99: &str, goal: &str, how: &str) {
        let _ = writeln!(self.0, "| {what} | {p50} | {p99} | {goal} | {how} |");
    }

    pub fn series(&mut self, what: &str, series: &Series, goal: &str, how: &str) {
        let how = format!("{} rounds; {how}", series.len());
        self.row(what, &millis(series.quantile(50)), &millis(series.quantile(99)), goal, &how);
    }

    pub fn text(&self) -> String {
        format!("| figure | p50 | p99 | goal | how |\n|---|---|---|---|---|\n{}", self.0)
    }
}

pub fn millis(took: Duration) -> String {
    format!("{:.1} ms", took.as_secs_f64() * 1000.0)
}

pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1_000_000.0)
}
