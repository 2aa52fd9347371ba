//! The judge is `ioos_qc` 3.0.0: its flags for a real stage with injected faults, in the corpora; beside it what uneven and late series say.
//! Run by `make test`; the comparison needs HAMYAR_CORPORA, and says so when it is left out.
//! Nothing here knows how windows are kept.

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;

fn at(secs: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a time of a test")]
    Timestamp::from_microsecond((secs * 1e6) as i64).unwrap()
}

/// What is thought of each value in the end.
fn in_the_end(limits: &Limits, values: &[(f64, f64)]) -> Vec<(i64, Marks)> {
    let mut series = Series::new(limits.clone(), TimeZone::UTC);
    let mut marks = std::collections::BTreeMap::new();
    let mut judged = Vec::new();
    for (secs, value) in values {
        series.take(at(*secs), *value, &mut judged);
        for one in &judged {
            let known = marks.insert(one.at.as_microsecond(), one.marks);
            assert_eq!(known, one.before, "what was thought before is what was said before");
            assert_ne!(known, Some(one.marks), "said only when it changed");
        }
    }
    marks.into_iter().collect()
}

fn corpus() -> Limits {
    Limits {
        range: Some(Span { fail: (-0.5, 6.0), suspect: Some((0.0, 3.0)) }),
        spike: Some(Spike { suspect: 0.5, fail: 1.5, by: SpikeBy::Average }),
        rate: Some(Rate { suspect: 0.002, fail: None }),
        flat_line: Some(FlatLine { suspect_secs: 10_800.0, fail_secs: 21_600.0, tolerance: 0.0015 }),
        still: Some(Still { window_secs: 21_600.0, values_min: 36, suspect: 0.001, fail: 0.0005, by: StillBy::Std }),
        ..Limits::default()
    }
}

#[test]
fn every_flag_of_a_real_series_is_the_one_that_ioos_qc_gives() {
    let Some(folder) = std::env::var_os("HAMYAR_CORPORA").map(std::path::PathBuf::from) else {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no corpora (set HAMYAR_CORPORA)\n");
        return;
    };
    let input = std::fs::read_to_string(folder.join("hazard/qartod_input.csv")).unwrap();
    let values: Vec<(f64, f64)> = input
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            (cells.next().unwrap().parse().unwrap(), cells.next().unwrap().parse().unwrap_or(f64::NAN))
        })
        .collect();
    let expected = std::fs::read_to_string(folder.join("hazard/qartod_expected.csv")).unwrap();
    let expected: Vec<Vec<u8>> = expected
        .lines()
        .skip(1)
        .map(|line| line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect())
        .collect();
    assert!(values.len() > 4_000 && values.len() == expected.len());

    let by_average = in_the_end(&corpus(), &values);
    let mut limits = corpus();
    limits.spike = limits.spike.map(|spike| Spike { by: SpikeBy::Differential, ..spike });
    limits.still = limits.still.map(|still| Still { suspect: 0.003, fail: 0.001, by: StillBy::Range, ..still });
    let by_difference = in_the_end(&limits, &values);
    let mut differ = Vec::new();
    // The corpus is the first half of a longer series: what comes after its last value is not here.
    for (row, expected) in expected[..expected.len() - 1].iter().enumerate() {
        let (average, difference) = (by_average[row].1, by_difference[row].1);
        let spikes = [average.of(Test::Spike), difference.of(Test::Spike)];
        let first_five = [
            average.of(Test::GrossRange),
            spikes[0],
            spikes[1],
            average.of(Test::RateOfChange),
            average.of(Test::FlatLine),
        ];
        let together = first_five.iter().fold(Mark::Missing, |together, mark| together.or(*mark));
        let ours =
            [&first_five[..], &[average.of(Test::Attenuated), difference.of(Test::Attenuated), together]].concat();
        let ours: Vec<u8> = ours.into_iter().map(Mark::number).collect();
        if ours != *expected {
            differ.push((row + 2, values[row], ours, expected.clone()));
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {} rows differ, the first: {:?}",
        differ.len(),
        expected.len(),
        &differ[..differ.len().min(12)]
    );
}

fn spike_only() -> Limits {
    Limits { spike: Some(Spike { suspect: 0.5, fail: 1.5, by: SpikeBy::Differential }), ..Limits::default() }
}

#[test]
fn a_new_extreme_is_never_called_a_spike_before_the_next_value_tells() {
    let mut series = Series::new(spike_only(), TimeZone::UTC);
    let mut judged = Vec::new();
    for (secs, value) in [(0.0, 0.3), (60.0, 0.3), (120.0, 5.0)] {
        series.take(at(secs), value, &mut judged);
    }
    assert_eq!(
        (judged.len(), judged[0].marks.of(Test::Spike)),
        (2, Mark::NotEvaluated),
        "the newest and the one before"
    );
    // The river stays up: it was none.
    series.take(at(180.0), 5.1, &mut judged);
    assert_eq!(judged[1].marks.of(Test::Spike), Mark::Pass);
    // One value stands alone: now it is known.
    for (secs, value) in [(240.0, 9.0), (300.0, 5.1)] {
        series.take(at(secs), value, &mut judged);
    }
    let told = judged[1];
    assert_eq!((told.at, told.before.is_some(), told.marks.of(Test::Spike)), (at(240.0), true, Mark::Fail));
}

#[test]
fn a_sensor_that_sends_only_changes_is_judged_by_time_and_not_by_the_number_of_its_values() {
    let limits = Limits {
        flat_line: Some(FlatLine { suspect_secs: 3_600.0, fail_secs: 7_200.0, tolerance: 0.001 }),
        ..Limits::default()
    };
    // Every ten minutes, then nothing for hours, then the same value once more: it was the same for two hours.
    let marks = in_the_end(&limits, &[(0.0, 1.0), (600.0, 1.0), (4_200.0, 1.0), (7_800.0, 1.0), (7_860.0, 1.2)]);
    let flat: Vec<Mark> = marks.iter().map(|(_, marks)| marks.of(Test::FlatLine)).collect();
    assert_eq!(flat, [Mark::Pass, Mark::Pass, Mark::Suspect, Mark::Fail, Mark::Pass]);
}

#[test]
fn a_gap_and_what_is_unusual_for_the_season_are_suspect() {
    let limits = Limits {
        gap_secs: Some(600.0),
        climate: Climate(vec![Season { months: (11, 3), suspect: (-25.0, 20.0), fail: Some((-40.0, 35.0)) }]),
        ..Limits::default()
    };
    let january = 1_768_000_000.0;
    let july = january + 180.0 * 86_400.0;
    let marks =
        in_the_end(&limits, &[(january, 12.0), (january + 300.0, 22.0), (january + 1_200.0, 36.0), (july, 36.0)]);
    let of = |test| marks.iter().map(|(_, marks)| marks.of(test)).collect::<Vec<_>>();
    assert_eq!(of(Test::Gap), [Mark::NotEvaluated, Mark::Pass, Mark::Suspect, Mark::Suspect]);
    assert_eq!(of(Test::Climatology), [Mark::Pass, Mark::Suspect, Mark::Fail, Mark::NotEvaluated]);
}

#[test]
fn numbers_that_contradict_each_other_are_all_named() {
    let limits = Limits {
        gap_secs: Some(0.0),
        range: Some(Span { fail: (0.0, 1.0), suspect: Some((-1.0, 2.0)) }),
        spike: Some(Spike { suspect: 2.0, fail: 1.0, by: SpikeBy::Average }),
        flat_line: Some(FlatLine { suspect_secs: 2.0, fail_secs: 1.0, tolerance: 0.0 }),
        ..Limits::default()
    };
    let keys: Vec<_> = limits.faults().into_iter().map(|fault| fault.key).collect();
    assert_eq!(keys, ["gap_secs", "range.suspect", "spike", "flat_line", "flat_line.tolerance"]);
    assert_eq!(corpus().faults(), []);
}

fn values() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let value = prop_oneof![8 => (0_i32..40).prop_map(|tenths| f64::from(tenths) / 10.0), 1 => Just(f64::NAN)];
    prop::collection::vec((1_i32..60, value), 1..60).prop_map(|steps| {
        let mut secs = 0.0;
        let later = |(step, value)| {
            secs += f64::from(step);
            (secs, value)
        };
        steps.into_iter().map(later).collect()
    })
}

/// All tests, with windows that hold some of the values.
fn short() -> Limits {
    Limits {
        gap_secs: Some(600.0),
        range: Some(Span { fail: (0.2, 3.8), suspect: Some((0.5, 3.5)) }),
        spike: Some(Spike { suspect: 0.5, fail: 1.5, by: SpikeBy::Differential }),
        rate: Some(Rate { suspect: 0.01, fail: Some(0.05) }),
        flat_line: Some(FlatLine { suspect_secs: 600.0, fail_secs: 1_500.0, tolerance: 0.5 }),
        still: Some(Still { window_secs: 1_800.0, values_min: 3, suspect: 0.8, fail: 0.3, by: StillBy::Std }),
        ..Limits::default()
    }
}

proptest! {
    #[test]
    fn the_order_in_which_values_come_changes_nothing_in_the_end(values in values(), seed in any::<u64>()) {
        let in_order = in_the_end(&short(), &values);
        // The first value stays the first, since what lies before all that is known is not judged.
        let mut shuffled = values[1..].to_vec();
        let mut state = seed | 1;
        for index in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(index, (state >> 33) as usize % (index + 1));
        }
        shuffled.insert(0, values[0]);
        prop_assert_eq!(in_the_end(&short(), &shuffled), in_order);
    }

    #[test]
    fn a_value_twice_is_a_value_once(values in values()) {
        let twice: Vec<_> = values.iter().flat_map(|value| [*value, *value]).collect();
        prop_assert_eq!(in_the_end(&short(), &twice), in_the_end(&short(), &values));
    }

    #[test]
    fn what_is_stored_of_marks_reads_back(numbers in prop::collection::vec(prop::sample::select(vec![1_i64, 2, 3, 4, 9]), 8)) {
        let packed = numbers.iter().rev().fold(0, |packed, number| packed << 4 | number);
        let marks = Marks::unpacked(packed);
        prop_assert_eq!(marks.packed(), packed);
        let read: Vec<i64> = Test::ALL.iter().map(|test| i64::from(marks.of(*test).number())).collect();
        prop_assert_eq!(read, numbers);
    }
}
