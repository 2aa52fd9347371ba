//! Kept terrain under the sample city: a made valley along its streams, with noise, so that every answer can be checked by a plain walk.
//! A higher stage, a deeper pond, a lower probability: each floods at least as much.
//! What is kept reads back the same, names its map, and does not depend on how many hands made it.

#![expect(clippy::cast_possible_truncation, reason = "small grids and small heights")]

use std::sync::LazyLock;

use geo::{Contains, CoordsIter, Distance, Euclidean, Validation};
use geo_types::{Coord, MultiLineString, Point};
use maps::terrain::{Bands, Crs, Dem, Extent, Grid, Hands, Job, NoRelief, OneHand, PondLimits, Relief, ReliefOptions};
use maps::{City, FOOTPRINT_VERTICES_MAX, Method, NoFootprint, Position};
use proptest::prelude::*;

const COLS: usize = 90;
const ROWS: usize = 80;

struct Backwards(usize);

impl Hands for Backwards {
    fn count(&self) -> usize {
        self.0
    }

    fn together(&self, jobs: Vec<Job<'_>>) {
        jobs.into_iter().rev().for_each(|job| job());
    }
}

/// Ground that rises from the streams, falls to the north and is rough.
fn valley(city: &City) -> Dem {
    let bounds = city.bounds();
    let step = ((bounds.max().x - bounds.min().x) / COLS as f64, (bounds.max().y - bounds.min().y) / ROWS as f64);
    let grid =
        Grid::new((COLS, ROWS), (bounds.min().x, bounds.max().y), step, Crs::Degrees).expect("made by this test");
    let streams = MultiLineString(city.reaches().iter().map(|reach| reach.line.clone()).collect());
    let mut state = 7_u32;
    let heights = (0..COLS * ROWS)
        .map(|cell| {
            let at =
                grid.degrees_at((cell % COLS) as f64 + 0.5, (cell / COLS) as f64 + 0.5).expect("made by this test");
            let away_m = Euclidean.distance(&Point(at), &streams) * 1e5;
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (1_800.0 - (at.y - bounds.min().y) * 3_000.0 + away_m * 0.01 + f64::from(state >> 24) / 128.0) as f32
        })
        .collect();
    Dem::new(grid, heights).expect("made by this test")
}

/// Made once, because many small questions are asked of it.
static SAMPLE: LazyLock<(City, Relief)> = LazyLock::new(|| {
    let city = City::sample();
    let relief = Relief::of(&valley(&city), &city, &ReliefOptions::default(), &OneHand).expect("made by this test");
    (city, relief)
});

static BOWL: LazyLock<(Relief, Position)> = LazyLock::new(|| bowl(&SAMPLE.0));

fn stage_gauge(city: &City) -> &maps::Gauge {
    city.gauges().iter().find(|gauge| gauge.reach.is_some()).expect("made by this test")
}

fn cells(extent: &Extent) -> Vec<(usize, usize)> {
    (0..ROWS * COLS).map(|cell| (cell / COLS, cell % COLS)).filter(|&(row, col)| extent.holds(row, col)).collect()
}

#[test]
fn terrain_is_the_same_whoever_works_it_out_and_reads_back_the_same() {
    let (city, one) = &*SAMPLE;
    assert!(one.segments().len() > city.reaches().len() && one.city_hash() == city.hash());
    for hands in 2..4 {
        assert_eq!(
            one,
            &Relief::of(&valley(city), city, &ReliefOptions::default(), &Backwards(hands)).expect("made by this test")
        );
    }
    let bytes = one.to_bytes();
    assert_eq!(&Relief::from_bytes(&bytes).expect("made by this test"), one);
    let deeper = ReliefOptions { burn_m: 20.0, height_error_m: 0.4, ..ReliefOptions::default() };
    assert_ne!(Relief::of(&valley(city), city, &deeper, &OneHand).expect("made by this test").hash(), one.hash());
}

#[test]
fn three_footprints_hold_each_other_and_name_terrain_and_map() {
    let (city, relief) = &*SAMPLE;
    let gauge = stage_gauge(city);
    let banded = city.stage_footprint(relief, &gauge.code, 3.0, 0.3).expect("made by this test");
    let all = [banded.likely.as_ref(), banded.possible.as_ref(), banded.unlikely.as_ref()];
    let mut areas = Vec::new();
    for (footprint, least) in all.into_iter().zip(Bands::PROBABILITIES) {
        let footprint = footprint.expect("three metres are certain somewhere");
        assert!(footprint.shape.is_valid() && footprint.shape.coords_count() <= FOOTPRINT_VERTICES_MAX);
        assert_eq!(footprint.city_hash, city.hash());
        let Method::Terrain { probability, terrain_hash, error_m, .. } = &footprint.method else {
            panic!("{:?}", footprint.method)
        };
        assert_eq!((*probability, terrain_hash.as_str()), (least, relief.hash()));
        assert!((error_m - 0.5_f64.hypot(0.3)).abs() < 1e-4);
        areas.push(geo::Area::unsigned_area(&footprint.shape));
    }
    assert!(areas.is_sorted() && areas[0] < areas[2], "{areas:?}");
    let zones: Vec<_> =
        banded.possible.as_ref().expect("made by this test").zones.iter().map(|zone| &zone.code).collect();
    assert!(zones.contains(&gauge.zone.as_ref().expect("made by this test")), "the gauge's own zone is reached");
    // As JSON it comes back the same.
    let text = serde_json::to_string(&banded).expect("made by this test");
    assert_eq!(serde_json::from_str::<maps::BandedFootprint>(&text).expect("made by this test"), banded);
    // Little water with a large error is certain nowhere.
    assert_eq!(city.stage_footprint(relief, &gauge.code, 0.2, 1.0).expect("made by this test").likely, None);
}

#[test]
fn terrain_of_another_map_and_places_off_it_are_refused() {
    let (city, relief) = &*SAMPLE;
    let mut files = city.files().clone();
    files.entry("city.toml".to_owned()).and_modify(|text| text.push_str("\n# another version\n"));
    let other = City::build(&files).expect("made by this test");
    let gauge = stage_gauge(city);
    assert_eq!(other.stage_footprint(relief, &gauge.code, 1.0, 0.1), Err(NoFootprint::TerrainOfOtherMap));
    let away = Position::new(0.0, 0.0).expect("made by this test");
    assert_eq!(city.depth_footprint(relief, away, 0.4, PondLimits::default()), Err(NoFootprint::OffTerrain));
    let far = Grid::new((3, 3), (10.0, 10.0), (0.1, 0.1), Crs::Degrees).expect("made by this test");
    let far = Dem::new(far, vec![1.0; 9]).expect("made by this test");
    let refused = Relief::of(&far, city, &ReliefOptions::default(), &OneHand).unwrap_err();
    assert!(matches!(refused, NoRelief::NoChannel(_)));
    let unplaced = Dem::new(far.grid().with_crs(Crs::Metres).expect("made by this test"), vec![1.0; 9])
        .expect("made by this test");
    assert!(matches!(Relief::of(&unplaced, city, &ReliefOptions::default(), &OneHand), Err(NoRelief::Unplaced(_))));
}

#[test]
fn a_discharge_gives_a_stage_that_rises_with_it() {
    let (city, relief) = &*SAMPLE;
    let curves: Vec<_> = city.reaches().iter().filter_map(|reach| relief.curve(&reach.code)).collect();
    assert!(!curves.is_empty());
    for curve in curves {
        let most = *curve.discharge_m3s.last().expect("made by this test");
        let stages: Vec<f64> = (0..=10)
            .map(|part| curve.stage_at((most * f64::from(part) / 10.0).min(most)).expect("made by this test"))
            .collect();
        assert!(stages.is_sorted_by(|a, b| a < b), "{stages:?}");
    }
}

/// A bowl of 1 m around the middle of a plain.
fn bowl(city: &City) -> (Relief, Position) {
    let bounds = city.bounds();
    let step = 0.0002;
    let side = 101_usize;
    let gauge = stage_gauge(city).position;
    let west = gauge.lon() - step * side as f64 / 2.0;
    let north = (gauge.lat() + step * side as f64 / 2.0).min(bounds.max().y + 1.0);
    let grid = Grid::new((side, side), (west, north), (step, step), Crs::Degrees).expect("made by this test");
    let heights = (0..side * side).map(|cell| {
        let away = ((cell / side) as f64 - 50.0).hypot((cell % side) as f64 - 50.0);
        (100.0 - (1.0 - away / 8.0).max(0.0)) as f32
    });
    let dem = Dem::new(grid, heights.collect()).expect("made by this test");
    let middle = dem.grid().degrees_at(50.5, 50.5).expect("made by this test");
    let options = ReliefOptions { height_error_m: 0.05, ..ReliefOptions::default() };
    (
        Relief::of(&dem, city, &options, &OneHand).expect("made by this test"),
        Position::new(middle.x, middle.y).expect("made by this test"),
    )
}

#[test]
fn water_that_was_seen_fills_its_basin_and_says_when_there_is_none() {
    let (city, (relief, middle)) = (&SAMPLE.0, &*BOWL);
    let middle = *middle;
    let limits = PondLimits { depth_error_m: 0.05, ..PondLimits::default() };
    let pond = relief.ponded(middle, 0.4, limits).expect("made by this test");
    assert!(!pond.open);
    // Half a metre of a cone that is 8 cells wide at 1 m: cells within 0.4 · 8 of the middle.
    let expected = (0..101 * 101_i32)
        .filter(|cell| f64::from(cell / 101 - 50).hypot(f64::from(cell % 101 - 50)) <= 0.4 * 8.0 + 1e-4)
        .count();
    assert_eq!(pond.bands.possible.cells(), expected);
    assert!(pond.bands.unlikely.covers(&pond.bands.possible) && pond.bands.possible.covers(&pond.bands.likely));
    let brim = relief.ponded(middle, 1.5, limits).expect("made by this test");
    assert!(brim.open, "above the brim the water goes on");
    let (banded, open) = city.depth_footprint(relief, middle, 0.4, limits).expect("made by this test");
    assert!(!open && banded.possible.expect("made by this test").shape.contains(&Point::from(middle)));
}

#[test]
fn metres_of_a_projection_are_placed_like_degrees() {
    let grid = Grid::new((10, 10), (270_000.0, 3_855_000.0), (100.0, 100.0), Crs::Projected(32639))
        .expect("made by this test");
    let corner = grid.degrees_at(3.25, 7.5).expect("made by this test");
    let back = grid.cell_coord(corner).expect("made by this test");
    assert!((back.x - 3.25).abs() < 1e-6 && (back.y - 7.5).abs() < 1e-6);
    assert_eq!(grid.cell_at(corner), Some(73));
    assert_eq!(grid.cell_at(Coord { x: 0.0, y: 0.0 }), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn raising_a_stage_never_shrinks_what_is_flooded(low in 0.0..6.0_f64, more in 0.0..3.0_f64, every in 1..4_usize) {
        let relief = &SAMPLE.1;
        let chosen: Vec<_> = relief.segments().iter().step_by(every).cloned().collect();
        let at = |stage: f64| relief.flooded(|segment| chosen.contains(segment).then_some(stage));
        let (less, most) = (at(low), at(low + more));
        prop_assert!(most.covers(&less) && less.cells() <= most.cells());
        for (row, col) in cells(&less) {
            prop_assert!(most.holds(row, col));
        }
        // The shape around it holds each cell, however coarse.
        for block in [1, 4] {
            let shape = less.shape(block);
            for (row, col) in cells(&less).into_iter().step_by(7) {
                let middle = relief.grid().degrees_at(col as f64 + 0.5, row as f64 + 0.5).expect("made by this test");
                prop_assert!(shape.contains(&Point(middle)));
            }
        }
    }

    #[test]
    fn a_deeper_pond_never_floods_less(
        row in 0..101_usize,
        col in 0..101_usize,
        low in 0.0..2.0_f64,
        more in 0.0..1.0_f64,
        volume_m3 in 0.0..20_000.0_f64,
    ) {
        let relief = &BOWL.0;
        let at = relief.grid().degrees_at(col as f64 + 0.5, row as f64 + 0.5).expect("made by this test");
        let at = Position::new(at.x, at.y).expect("made by this test");
        let limits = PondLimits { volume_m3, ..PondLimits::default() };
        let less = relief.ponded(at, low, limits).expect("made by this test");
        let most = relief.ponded(at, low + more, limits).expect("made by this test");
        for (less, most) in less.bands.extents().into_iter().zip(most.bands.extents()) {
            prop_assert!(most.covers(less));
        }
        prop_assert!(less.bands.possible.holds(row, col));
    }

    #[test]
    fn no_damaged_bytes_make_the_reader_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5), keep in any::<prop::sample::Index>()) {
        let relief = &BOWL.0;
        let mut bytes = relief.to_bytes();
        for (at, byte) in changes {
            // Mostly in what says how to read the rest.
            let at = at.index(bytes.len().min(3_000));
            bytes[at] = byte;
        }
        if let Ok(read) = Relief::from_bytes(&bytes) {
            let _ = read.flooded(|_| Some(1.0));
        }
        bytes.truncate(keep.index(bytes.len()));
        prop_assert!(Relief::from_bytes(&bytes).is_err());
    }
}
