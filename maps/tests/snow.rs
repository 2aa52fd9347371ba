//! Snow as people know it: it falls, settles, drifts, weighs and blocks; thresholds are data and more snow is never less bad.
//! A real winter of Grand Mesa is read from the corpora where they are.
//! Time stamps are only differences, and the order in which readings come in tells nothing.

use geo_types::LineString;
use maps::City;
use maps::snow::{
    Age, COMPONENTS, ComponentKind, Limits, NoSnow, Quantity, READINGS_MAX, Reading, RoadInSnow, RoadState, RoofLoad,
    Severity, Station, Summary, avalanche_hint, depth_between, load_kn_m2, roads_in_snow, severity,
};
use maps::terrain::{self, Crs, Grid, OneHand};
use proptest::prelude::*;

const HOUR: i64 = 3_600;
const HAMADAN_M: f64 = 1_850.0;

/// One reading an hour up to `now`, the last at `now`.
fn hourly(now_s: i64, depths_cm: &[f64], rest: impl Fn(usize, Reading) -> Reading) -> Vec<Reading> {
    let hours_ago = (0..depths_cm.len()).rev();
    depths_cm
        .iter()
        .zip(hours_ago)
        .enumerate()
        .map(|(at, (depth_cm, ago))| {
            let at_s = now_s - i64::try_from(ago).expect("few hours") * HOUR;
            rest(at, Reading { at_s, depth_cm: Some(*depth_cm), ..Reading::default() })
        })
        .collect()
}

fn summary(readings: &[Reading], now_s: i64) -> Summary {
    Summary::of(readings, now_s, &Limits::default()).expect("few readings")
}

fn degree(found: &Severity, kind: ComponentKind) -> u8 {
    found.components.iter().find(|component| component.component == kind).expect("all are there").degree
}

fn judged(readings: &[Reading], now_s: i64) -> Severity {
    severity(&summary(readings, now_s), HAMADAN_M, &Limits::default())
}

#[test]
fn snow_that_fell_and_settled_is_still_new_snow() {
    // 45 cm in ten hours, then it sinks by 10.
    let mut depths: Vec<f64> = (0..=30).map(|hour: i32| f64::from((hour - 8).clamp(0, 10)) * 4.5 + 12.0).collect();
    for (after, depth) in depths[19..].iter_mut().enumerate() {
        *depth -= after as f64;
    }
    let found = summary(&hourly(0, &depths, |_, reading| reading), 0);
    let new: Vec<f64> = found.new_snow.iter().map(|new| new.expect("enough readings").cm).collect();
    assert!(new.is_sorted() && new[0] < 1.0 && new[2] > 40.0, "{new:?}");
    assert!(found.new_snow.iter().all(|new| new.expect("enough").covered_h <= f64::from(new.expect("enough").hours)));
    let found = judged(&hourly(0, &depths, |_, reading| reading), 0);
    assert_eq!(degree(&found, ComponentKind::SnowAmount), 3, "more than 40 cm in 24 h is DWD's level 3");
    let amount = &found.components[0];
    assert!(
        amount.reasons.iter().any(|reason| reason.quantity == Quantity::NewSnow24h && reason.source.contains("DWD"))
    );
}

#[test]
fn one_jump_of_a_gauge_is_no_snow() {
    let mut depths = vec![20.0; 25];
    depths[12] = 95.0;
    depths[20] = 0.0;
    let found = summary(&hourly(0, &depths, |_, reading| reading), 0);
    assert!(found.new_snow.iter().flatten().all(|new| new.cm < 0.01), "{:?}", found.new_snow);
    assert_eq!(judged(&hourly(0, &depths, |_, reading| reading), 0).overall, 0);
}

#[test]
fn what_nobody_measured_is_unknown_and_not_harmless() {
    let found = judged(&[], 0);
    assert_eq!((found.overall, found.perhaps), (0, Some(5)));
    assert_eq!(found.components.iter().map(|component| component.component).collect::<Vec<_>>(), COMPONENTS);
    assert!(found.components.iter().all(|component| component.perhaps.is_some() && !component.missing.is_empty()));
    // A thermometer alone settles frost, and nothing else but what needs warmth.
    let cold = [Reading { at_s: 0, air_c: Some(-12.0), ..Reading::default() }];
    let found = judged(&cold, 0);
    let frost = found.components.last().expect("frost is the last");
    assert_eq!((frost.component, frost.degree, frost.perhaps), (ComponentKind::Frost, 4, None));
    assert_eq!(found.components[5].perhaps, None, "no flash freeze: it was never above freezing");
}

#[test]
fn drift_needs_loose_snow_and_wind_and_dry_snow_drifts_sooner() {
    let falling: Vec<f64> = (0..=24).map(|hour| f64::from(hour) * 0.6).collect();
    let windy = |air_c: f64, wind_ms: f64, gust_ms: f64| {
        let readings = hourly(0, &falling, |_, reading| Reading {
            air_c: Some(air_c),
            wind_ms: Some(wind_ms),
            gust_ms: Some(gust_ms),
            ..reading
        });
        let found = judged(&readings, 0);
        (degree(&found, ComponentKind::BlowingSnow), degree(&found, ComponentKind::GroundBlizzard))
    };
    assert_eq!(windy(-4.0, 7.0, 12.0), (0, 0));
    assert_eq!(windy(-4.0, 8.0, 12.0), (2, 2));
    assert_eq!(windy(0.5, 8.0, 12.0), (0, 0), "wet snow needs more");
    assert_eq!(windy(0.5, 10.0, 12.0), (2, 0));
    assert_eq!(windy(-4.0, 11.0, 18.0), (3, 3), "more than 10 cm of loose snow and 8 Beaufort");
}

#[test]
fn wet_streets_that_freeze_and_rain_on_frozen_ground_are_told_apart() {
    let still = vec![5.0; 25];
    let of = |air: &dyn Fn(usize) -> f64, liquid: Option<bool>| {
        let readings =
            hourly(0, &still, |at, reading| Reading { air_c: Some(air(at)), fallen_mm: Some(0.6), liquid, ..reading });
        let found = judged(&readings, 0);
        (degree(&found, ComponentKind::Ice), degree(&found, ComponentKind::FlashFreeze))
    };
    assert_eq!(of(&|at| if at < 23 { 3.0 } else { -2.0 }, None), (0, 2));
    assert_eq!(of(&|_| -1.0, Some(true)), (3, 0), "somebody saw that it rains");
    assert_eq!(of(&|_| -1.0, None), (0, 0), "by the air alone it snows");
    assert_eq!(of(&|_| 4.0, None), (0, 0));
}

#[test]
fn sixty_centimetres_of_settled_snow_are_most_of_what_hamadans_roofs_bear() {
    let limits = Limits::default();
    assert!((load_kn_m2(&limits, 60.0, Age::Settled, None).expect("a depth") - 1.2).abs() < 1e-12);
    let zone = City::sample().leaves().next().expect("the sample has zones").code.clone();
    let of = |depth_cm, age, swe_mm| RoofLoad::of(&limits, zone.clone(), 4, depth_cm, age, swe_mm).expect("a depth");
    assert!((of(60.0, Age::Settled, None).percent - 80.0).abs() < 1e-9);
    // Weighed snow counts, whatever its depth: 153 mm of water are 1.5 kN/m².
    assert!((of(20.0, Age::Fresh, Some(153.0)).percent - 100.0).abs() < 0.1);
    let mut there = Summary { load_percent: Some(of(60.0, Age::Settled, None).percent), ..Summary::default() };
    assert_eq!(degree(&severity(&there, HAMADAN_M, &limits), ComponentKind::SnowLoad), 3);
    there.load_percent = Some(of(60.0, Age::Wet, None).percent);
    assert_eq!(degree(&severity(&there, HAMADAN_M, &limits), ComponentKind::SnowLoad), 5);
    let no_zone = RoofLoad::of(&limits, zone.clone(), 9, 1.0, Age::Old, None);
    assert!(matches!(no_zone, Err(NoSnow::BadNumber { name: "load zone", .. })), "{no_zone:?}");
    assert!(load_kn_m2(&limits, f64::NAN, Age::Old, None).is_err());
}

#[test]
fn it_rains_in_the_city_and_snows_on_alvand() {
    let limits = Limits::default();
    let readings: Vec<Reading> = (0..=24)
        .map(|hour| Reading {
            at_s: hour * HOUR,
            depth_cm: Some(0.0),
            air_c: Some(3.0),
            humidity_percent: Some(98.9),
            fallen_mm: Some(2.0),
            ..Reading::default()
        })
        .collect();
    let station = Station { elevation_m: HAMADAN_M, summary: summary(&readings, 24 * HOUR) };
    let bands = station.bands(&[2_000.0, 2_500.0], &[(HAMADAN_M, 0.0)], &limits).expect("edges rise");
    assert_eq!(bands.len(), 3);
    let shares: Vec<f64> = bands.iter().map(|band| band.fall.expect("a temperature").snow_share).collect();
    assert!(shares.is_sorted() && shares[0] < 0.01 && shares[2] > 0.99, "{shares:?}");
    // 50 mm fell: half a metre of snow where it was cold enough, as far as one station can tell.
    let up = bands[2].new_snow[2].expect("by what fell").cm;
    assert!((up - 50.0).abs() < 0.5 && bands[2].severity.overall >= 3, "{up}");
    assert_eq!(bands[2].depth_cm, None, "nobody measured the depth up there");
    assert!(bands[2].severity.perhaps.is_some());
    assert_eq!(bands[0].severity.overall, 0);
    // 3 °C at 1,850 m and 6.5 °C/km: 1 °C, where half is snow, lies some 308 m higher.
    let line = limits.snow_line_m(3.0, HAMADAN_M, None).expect("below 9,000 m");
    assert!((line - 2_157.7).abs() < 1.0, "{line}");
    assert!(station.bands(&[2_500.0, 2_000.0], &[], &limits).is_err());
}

#[test]
fn depths_are_told_between_stations_and_not_far_from_one() {
    let stations = [(1_850.0, 10.0), (2_850.0, 110.0)];
    assert_eq!(depth_between(&stations, 2_350.0), Some(60.0));
    assert_eq!(depth_between(&stations, 1_750.0), Some(10.0));
    assert_eq!(depth_between(&stations, 1_600.0), None);
    assert_eq!(depth_between(&stations, 3_300.0), None);
    assert_eq!(depth_between(&[], 1_850.0), None);
}

#[test]
fn a_pass_is_closed_before_the_street_below_it() {
    let limits = Limits::default();
    // 46 cm in a day, at -1 °C, with a gale.
    let falling: Vec<f64> = (0..=26).map(|hour| f64::from(hour) * 2.0).collect();
    let readings = hourly(0, &falling, |_, reading| Reading {
        air_c: Some(0.9),
        humidity_percent: Some(100.0),
        wind_ms: Some(9.0),
        gust_ms: Some(20.0),
        fallen_mm: Some(2.0),
        ..reading
    });
    let station = Station { elevation_m: HAMADAN_M, summary: summary(&readings, 0) };
    let road = |code: &str, highest_m, closed_from| RoadInSnow {
        code: code.to_owned(),
        line: LineString::from(vec![(48.2, 34.8), (48.3, 34.8)]),
        highest_m,
        closed_from,
    };
    let roads =
        [road("street", 1_850.0, Some(5)), road("asadabad", 2_200.0, None), road("ganjnameh", 2_300.0, Some(3))];
    let (blocked, unknown) = roads_in_snow(&roads, &station, &[], &limits).expect("heights");
    let states: Vec<(&str, RoadState)> = blocked.iter().map(|road| (road.code.as_str(), road.state)).collect();
    assert_eq!(
        states,
        [("asadabad", RoadState::Closed), ("ganjnameh", RoadState::Closed), ("street", RoadState::ClosingLikely)]
    );
    assert!(
        blocked
            .iter()
            .all(|road| !road.because.is_empty()
                && road.because[0].reasons.iter().all(|reason| !reason.source.is_empty()))
    );
    assert!(unknown.is_empty());
    // Cold alone closes no road.
    let cold: Vec<Reading> = hourly(0, &[10.0; 26], |_, reading| Reading {
        air_c: Some(-20.0),
        wind_ms: Some(1.0),
        gust_ms: Some(2.0),
        fallen_mm: Some(0.0),
        ..reading
    });
    let frozen = Station { elevation_m: HAMADAN_M, summary: summary(&cold, 0) };
    assert_eq!(severity(&frozen.summary, HAMADAN_M, &limits).overall, 4);
    assert!(roads_in_snow(&roads, &frozen, &[], &limits).expect("heights").0.is_empty());
    // Without a station nothing is known to be open.
    let silent = Station { elevation_m: HAMADAN_M, summary: Summary::default() };
    let (blocked, unknown) = roads_in_snow(&roads, &silent, &[], &limits).expect("heights");
    assert_eq!((blocked.len(), unknown.len()), (0, 3));
}

#[test]
fn steep_slopes_with_new_snow_are_a_hint_that_does_not_show_itself() {
    // 40 degrees down to the south in the upper half, flat below.
    let grid = Grid::new((20, 40), (250_000.0, 3_850_000.0), (20.0, 20.0), Crs::Projected(32639)).expect("a grid");
    let drop = 20.0 * 40.0_f32.to_radians().tan();
    let heights: Vec<f32> = (0..800).map(|cell: u16| 3_000.0 - f32::from((cell / 20).min(20)) * drop).collect();
    let slopes = terrain::slope_degrees(&grid, &heights, &OneHand);
    let falling: Vec<f64> = (0..=26).map(|hour| f64::from(hour) * 1.5).collect();
    let readings = hourly(0, &falling, |_, reading| Reading { air_c: Some(-3.0), wind_ms: Some(9.0), ..reading });
    let station = Station { elevation_m: HAMADAN_M, summary: summary(&readings, 0) };
    let hint = avalanche_hint(&grid, &heights, &slopes, &[2_000.0, 2_700.0, 3_100.0], &station, &Limits::default());
    assert_eq!(format!("{hint:?}"), "StaffOnly(…)");
    let bands = hint.for_staff();
    assert_eq!(bands.len(), 1 + usize::from(bands.len() > 1));
    let highest = bands.last().expect("steep ground");
    assert!(highest.steep.area_m2 > 0.5 * highest.steep.all_m2);
    let because: Vec<Quantity> = highest.because.iter().map(|reason| reason.quantity).collect();
    assert_eq!(because, [Quantity::NewSnow24h, Quantity::Wind]);
    assert_eq!(highest.missing, []);
    let flat = avalanche_hint(&grid, &[2_500.0; 800], &[0.0; 800], &[2_000.0, 3_000.0], &station, &Limits::default());
    assert!(flat.for_staff().is_empty());
}

#[test]
fn too_many_readings_are_refused_with_what_to_do() {
    let error = Summary::of(&vec![Reading::default(); READINGS_MAX + 1], 0, &Limits::default()).expect_err("too many");
    assert!(error.to_string().contains("leave out what is older"));
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let reading = (
        -60..2_i64,
        prop::option::weighted(0.9, -5.0_f64..150.0),
        prop::option::weighted(0.9, -25.0_f64..8.0),
        prop::option::weighted(0.8, 0.0_f64..30.0),
        prop::option::weighted(0.8, 0.0_f64..6.0),
        prop::option::weighted(0.3, any::<bool>()),
    );
    let reading = reading.prop_map(|(hours, depth_cm, air_c, wind_ms, fallen_mm, liquid)| Reading {
        at_s: hours * HOUR,
        depth_cm,
        air_c,
        humidity_percent: air_c.map(|air| 60.0 + air),
        wind_ms,
        gust_ms: wind_ms.map(|wind| wind * 1.5),
        fallen_mm,
        liquid,
    });
    prop::collection::vec(reading, 0..50)
}

proptest! {
    #[test]
    fn when_it_happened_does_not_matter(readings in readings(), later in -4_000_000_000_i64..4_000_000_000) {
        let moved: Vec<Reading> = readings.iter().map(|reading| Reading { at_s: reading.at_s + later, ..*reading }).collect();
        prop_assert_eq!(summary(&readings, 0), summary(&moved, later));
    }

    #[test]
    fn the_order_of_readings_does_not_matter(readings in readings(), keys in prop::collection::vec(any::<u32>(), 50)) {
        let mut keyed: Vec<_> = keys.into_iter().zip(readings.clone()).collect();
        keyed.sort_by_key(|pair| pair.0);
        let shuffled: Vec<Reading> = keyed.into_iter().map(|pair| pair.1).collect();
        prop_assert_eq!(summary(&readings, 0), summary(&shuffled, 0));
    }

    #[test]
    fn more_snow_never_lowers_a_degree(
        readings in readings(),
        fell in prop::collection::vec((-60..2_i64, 0.0_f64..40.0), 0..6),
        load in prop::option::of(0.0_f64..200.0),
        elevation_m in 200.0_f64..3_500.0,
    ) {
        // Snow that falls at some time and stays raises every later depth. Depths that are no depths stay out of both.
        let more: Vec<Reading> = readings
            .iter()
            .map(|reading| {
                let added: f64 = fell.iter().filter(|fall| fall.0 * HOUR <= reading.at_s).map(|fall| fall.1).sum();
                Reading { depth_cm: reading.depth_cm.map(|depth| if depth < 0.0 { depth - added } else { depth + added }), ..*reading }
            })
            .collect();
        let limits = Limits::default();
        let judge = |readings: &[Reading], load_percent| severity(&Summary { load_percent, ..summary(readings, 0) }, elevation_m, &limits);
        let (before, after) = (judge(&readings, load), judge(&more, load.map(|load| load * 1.3)));
        prop_assert!(after.overall >= before.overall);
        for (before, after) in before.components.iter().zip(&after.components) {
            prop_assert!(after.degree >= before.degree, "{before:?} becomes {after:?}");
        }
    }

    #[test]
    fn higher_up_a_larger_share_is_snow(air_c in -20.0_f64..25.0, humidity in prop::option::of(5.0_f64..100.0), low in 0.0_f64..3_000.0, more in 0.0_f64..1_500.0) {
        let limits = Limits::default();
        let share = |elevation_m| limits.snow_share(limits.air_at(air_c, HAMADAN_M, elevation_m), humidity);
        prop_assert!(share(low + more) >= share(low) - 1e-9);
        if let Some(line) = limits.snow_line_m(air_c, HAMADAN_M, humidity) {
            prop_assert!(share(line + 1.0) >= 0.5 && share(line - 1.0) <= 0.5);
        }
    }
}

/// Seconds since 1 January 2017 of `2017-01-DD hh:mm:ss`.
fn seconds_of(stamp: &str) -> Option<i64> {
    let (date, time) = stamp.split_once(' ')?;
    let day: i64 = date.strip_prefix("2017-01-")?.parse().ok()?;
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes) = (parts.next()??, parts.next()??);
    Some((day - 1) * 24 * HOUR + hours * HOUR + minutes * 60)
}

#[test]
fn a_real_january_on_grand_mesa_has_its_storms_and_no_jumps() {
    let folder = std::env::var_os("HAMYAR_CORPORA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"),
        std::path::PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(folder.join("hazard/snow_SNEX_Met_LSOS_hourly_2017-01.csv")) else {
        // The corpora are not part of the project, so their absence is no failure even under CI.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no corpora (set HAMYAR_CORPORA)\n");
        return;
    };
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let column = |name: &str| names.iter().position(|other| *other == name).expect("a known column");
    let (humidity, air, wind, depth) =
        (column("RH_10ft"), column("AirTC_10ft_Avg"), column("WSms_10ft_Avg"), column("SnowDepthFilter(m)"));
    let readings: Vec<Reading> = lines
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            // -9999 is not plausible and so unknown.
            let number = |at: usize| cells.get(at)?.parse::<f64>().ok();
            Some(Reading {
                at_s: seconds_of(cells.first()?)?,
                depth_cm: number(depth).map(|metres| metres * 100.0),
                air_c: number(air),
                humidity_percent: number(humidity),
                wind_ms: number(wind),
                ..Reading::default()
            })
        })
        .collect();
    assert!(readings.len() > 300, "{} readings", readings.len());
    let last_h = readings.iter().map(|reading| reading.at_s).max().expect("some") / HOUR;
    let limits = Limits::default();
    let mut worst = 0;
    let mut most = 0.0_f64;
    for hour in 48..=last_h {
        let now_s = hour * HOUR;
        let found = summary(&readings, now_s);
        let day = found.new_snow[2].expect("measured every hour");
        let shorter = found.new_snow[0].expect("measured every hour");
        assert!(shorter.cm <= day.cm && (0.0..80.0).contains(&day.cm), "hour {hour}: {day:?}");
        most = most.max(day.cm);
        let found = severity(&found, 3_033.0, &limits);
        worst = worst.max(degree(&found, ComponentKind::SnowAmount));
        assert!(found.components[0].perhaps.is_none(), "hour {hour}: new snow is known");
    }
    // The snow grew from 0.98 m by some 40 cm in two weeks, most of it on 5 January.
    assert!((20.0..70.0).contains(&most) && (2..=3).contains(&worst), "most in a day {most} cm, degree {worst}");
}
