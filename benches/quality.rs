//! How many readings a second one core judges by all tests of quality, beside `ioos_qc` on the same values.
//! Run by `make bench PART=quality`, which writes the rival's figures (tools/bench-quality.py) below ours.
//! Processor time of one thread; the series is a river's stage each minute with floods, noise and faults, made here from a fixed seed.

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]
#![expect(clippy::unwrap_used, reason = "a benchmark that can not go on names its line")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::{fmt::Write as _, hint::black_box, time::Instant};

use hamyar::sensors::quality::{
    Climate, FlatLine, Limits, Mark, Rate, Season, Series, Span, Spike, SpikeBy, Still, StillBy, Test,
};
use jiff::{Timestamp, tz::TimeZone};

const READINGS: usize = 1_000_000;
const ROUNDS: usize = 7;
const BEGIN: i64 = 1_772_323_200;

fn limits() -> Limits {
    Limits {
        gap_secs: Some(600.0),
        range: Some(Span { fail: (-0.5, 6.0), suspect: Some((0.0, 3.0)) }),
        climate: Climate(vec![Season { months: (1, 12), suspect: (-0.2, 4.0), fail: None }]),
        spike: Some(Spike { suspect: 0.5, fail: 1.5, by: SpikeBy::Differential }),
        rate: Some(Rate { suspect: 0.002, fail: Some(0.05) }),
        flat_line: Some(FlatLine { suspect_secs: 10_800.0, fail_secs: 21_600.0, tolerance: 0.0015 }),
        still: Some(Still { window_secs: 21_600.0, values_min: 36, suspect: 0.001, fail: 0.0005, by: StillBy::Std }),
    }
}

/// Stage in metres, one value a minute: a wave every five days, noise of millimetres, some spikes and stuck stretches.
fn river() -> Vec<f64> {
    let mut state = 7_u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut values = Vec::with_capacity(READINGS);
    let mut stuck = 0;
    for minute in 0..READINGS {
        let wave = (minute as f64 / 7_200.0 * std::f64::consts::TAU).sin().max(0.0).powi(8) * 2.5;
        let mut value = ((0.3 + wave + (draw() - 0.5) * 0.006) * 1e4).round() / 1e4;
        if draw() < 0.000_05 {
            stuck = 600;
        }
        if stuck > 0 {
            stuck -= 1;
            value = values.last().copied().unwrap_or(value);
        } else if draw() < 0.000_1 {
            value += 1.0 + draw();
        }
        values.push(value);
    }
    values
}

fn main() {
    let values = river();
    let times: Vec<Timestamp> =
        (0_i64..).take(READINGS).map(|minute| Timestamp::from_second(BEGIN + 60 * minute).unwrap()).collect();
    let mut seconds = Vec::new();
    let mut counts = [0_usize; 10];
    for round in 0..ROUNDS {
        let mut series = Series::new(limits(), TimeZone::get("Asia/Tehran").unwrap());
        let mut judged = Vec::new();
        let began = Instant::now();
        for (at, value) in times.iter().zip(&values) {
            series.take(*at, *value, &mut judged);
            black_box(&judged);
            if round == 0 {
                for one in &judged {
                    if one.before.is_none() || one.marks.of(Test::Spike) > Mark::NotEvaluated {
                        counts[usize::from(one.marks.together().number())] += 1;
                    }
                }
            }
        }
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.remove(0);
    seconds.sort_by(f64::total_cmp);
    let median = seconds[seconds.len() / 2];
    println!("| quality of {READINGS} readings, one a minute, windows of 6 h | readings/s, one thread |");
    println!("|---|---|");
    println!(
        "| Hamyar, all eight tests, one value after the other | {:.2} M (goal ≥ 2 M) |",
        READINGS as f64 / median / 1e6
    );
    println!("\nopinions said: {} suspect, {} fail", counts[3], counts[4]);
    if let Some(directory) = std::env::var_os("HAMYAR_BENCH_QUALITY_DIR") {
        let mut text = String::from("t,v\n");
        for (at, value) in times.iter().zip(&values) {
            writeln!(text, "{},{value}", at.as_second()).unwrap();
        }
        std::fs::write(std::path::Path::new(&directory).join("river.csv"), text).unwrap();
    }
}
