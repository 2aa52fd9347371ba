//! The ground and its water, held against their definitions, which are slow and plain.
//! Small grids of few heights, so that hollows, flats, ties and unknown cells are everywhere.
//! What is computed must not depend on how many hands compute it.

#![expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "small grids; equal means the same number")]

use std::collections::VecDeque;

use maps::terrain::{self, Crs, Dem, Grid, Hands, Job, LEAVES, NO_DRAIN, OneHand, Streams, UNKNOWN};
use proptest::prelude::*;

/// The directions of a code: rows down, columns right.
const STEPS: [(isize, isize); 8] = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)];

/// As many jobs as asked, the last one first, so that whoever relies on an order is found out.
struct Several(usize);

impl Hands for Several {
    fn count(&self) -> usize {
        self.0
    }

    fn together(&self, jobs: Vec<Job<'_>>) {
        jobs.into_iter().rev().for_each(|job| job());
    }
}

fn grids() -> impl Strategy<Value = Dem> {
    (1..12_usize, 1..12_usize).prop_flat_map(|(cols, rows)| {
        let height = prop_oneof![12 => (0..6_u8).prop_map(f32::from), 1 => Just(f32::NAN), 2 => -3.0_f32..9.0];
        prop::collection::vec(height, cols * rows).prop_map(move |heights| {
            let grid = Grid::new((cols, rows), (0.0, 0.0), (10.0, 10.0), Crs::Metres).expect("made by this test");
            Dem::new(grid, heights).expect("made by this test")
        })
    })
}

fn neighbours(grid: &Grid, cell: usize) -> Vec<(u8, usize)> {
    let (row, col) = (cell / grid.cols(), cell % grid.cols());
    (0..)
        .zip(STEPS)
        .filter_map(|(direction, (down, right))| {
            let (row, col) = (row.checked_add_signed(down)?, col.checked_add_signed(right)?);
            (row < grid.rows() && col < grid.cols()).then_some((direction, row * grid.cols() + col))
        })
        .collect()
}

fn leaves(dem: &Dem, cell: usize) -> bool {
    let around = neighbours(dem.grid(), cell);
    around.len() < 8 || around.iter().any(|&(_, next)| dem.heights_m()[next].is_nan())
}

/// The least level at which each cell's water gets out, by lowering an all too high surface until nothing changes.
fn filled_by_definition(dem: &Dem) -> Vec<f32> {
    let ground = dem.heights_m();
    let mut level: Vec<f32> = (0..ground.len())
        .map(|cell| if ground[cell].is_nan() || leaves(dem, cell) { ground[cell] } else { f32::INFINITY })
        .collect();
    loop {
        let mut changed = false;
        for cell in 0..ground.len() {
            for (_, next) in neighbours(dem.grid(), cell) {
                let through = level[next].max(ground[cell]);
                if through < level[cell] {
                    level[cell] = through;
                    changed = true;
                }
            }
        }
        if !changed {
            return level;
        }
    }
}

/// Steepest descent; on flats the first neighbour in order with the fewest steps to go.
fn directions_by_definition(dem: &Dem, filled: &[f32]) -> Vec<u8> {
    let grid = dem.grid();
    let mut codes: Vec<Option<u8>> = (0..filled.len())
        .map(|cell| {
            if filled[cell].is_nan() {
                return Some(UNKNOWN);
            }
            if leaves(dem, cell) {
                return Some(LEAVES);
            }
            let mut best: Option<(f32, u8)> = None;
            for (direction, next) in neighbours(grid, cell) {
                let weight = if direction % 2 == 0 { 1.0 } else { (1.0 / 2.0_f64.sqrt()) as f32 };
                let fall = (filled[cell] - filled[next]) * weight;
                if fall > 0.0 && best.is_none_or(|(steepest, _)| fall > steepest) {
                    best = Some((fall, direction));
                }
            }
            best.map(|(_, direction)| direction)
        })
        .collect();
    let mut steps: Vec<u32> = codes.iter().map(|code| if code.is_some() { 0 } else { u32::MAX }).collect();
    let mut open: VecDeque<usize> = (0..filled.len()).filter(|&cell| steps[cell] == 0).collect();
    while let Some(cell) = open.pop_front() {
        for (_, next) in neighbours(grid, cell) {
            if filled[next] == filled[cell] && steps[next] == u32::MAX {
                steps[next] = steps[cell] + 1;
                open.push_back(next);
            }
        }
    }
    for cell in 0..filled.len() {
        if codes[cell].is_none() {
            let least = neighbours(grid, cell)
                .into_iter()
                .filter(|&(_, next)| filled[next] == filled[cell])
                .min_by_key(|&(direction, next)| (steps[next], direction));
            codes[cell] = least.map(|(direction, _)| direction);
        }
    }
    codes.into_iter().map(|code| code.expect("water finds a way from every filled cell")).collect()
}

/// The cells that water passes from a cell on, itself included.
fn way(grid: &Grid, directions: &[u8], from: usize) -> Vec<usize> {
    let mut way = vec![from];
    let mut cell = from;
    while directions[cell] < LEAVES {
        let next = neighbours(grid, cell).into_iter().find(|&(direction, _)| direction == directions[cell]);
        cell = next.expect("no water flows off the grid but by leaving").1;
        way.push(cell);
        assert!(way.len() <= directions.len(), "water runs in a circle");
    }
    way
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn filled_ground_is_the_lowest_from_which_all_water_gets_out(dem in grids()) {
        let by_definition = bits(&filled_by_definition(&dem));
        for hands in 1..8 {
            prop_assert_eq!(&bits(&terrain::fill(&dem, &Several(hands))), &by_definition, "{} hands", hands);
        }
    }

    #[test]
    fn water_takes_the_steepest_way_and_the_shortest_over_flats(dem in grids()) {
        let filled = terrain::fill(&dem, &OneHand);
        let directions = terrain::directions(dem.grid(), &filled, &OneHand);
        prop_assert_eq!(&directions, &directions_by_definition(&dem, &filled));
        for hands in 2..5 {
            prop_assert_eq!(&directions, &terrain::directions(dem.grid(), &filled, &Several(hands)));
        }
    }

    #[test]
    fn what_gathers_in_a_cell_is_everything_whose_way_passes_it(dem in grids()) {
        let directions = terrain::directions(dem.grid(), &terrain::fill(&dem, &OneHand), &OneHand);
        let mut expected = vec![0_u32; directions.len()];
        for cell in (0..directions.len()).filter(|&cell| directions[cell] != UNKNOWN) {
            for passed in way(dem.grid(), &directions, cell) {
                expected[passed] += 1;
            }
        }
        for hands in 1..5 {
            prop_assert_eq!(&expected, &terrain::accumulation(dem.grid(), &directions, &Several(hands)));
        }
    }

    #[test]
    fn a_cell_drains_to_the_first_stream_on_its_way(
        dem in grids(),
        least in prop::option::of(1..12_u32),
        mapped in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let directions = terrain::directions(dem.grid(), &terrain::fill(&dem, &OneHand), &OneHand);
        let accumulation = terrain::accumulation(dem.grid(), &directions, &OneHand);
        let mapped: Vec<u32> = mapped.iter().map(|at| at.index(directions.len()) as u32).collect();
        let streams = Streams { accumulation: &accumulation, cells_min: least, mapped: &mapped };
        let is_stream = |cell: usize| {
            mapped.contains(&(cell as u32)) || least.is_some_and(|least| accumulation[cell] >= least)
        };
        let expected: Vec<u32> = (0..directions.len())
            .map(|cell| {
                if directions[cell] == UNKNOWN { return NO_DRAIN; }
                let first = way(dem.grid(), &directions, cell).into_iter().find(|&cell| is_stream(cell));
                first.map_or(NO_DRAIN, |cell| cell as u32)
            })
            .collect();
        for hands in 1..5 {
            let drains = terrain::drains(dem.grid(), &directions, streams, &Several(hands));
            prop_assert_eq!(&expected, &drains);
            let above = terrain::height_above_drain(dem.heights_m(), &drains, &Several(hands));
            for (cell, &drain) in drains.iter().enumerate() {
                let height = (drain != NO_DRAIN).then(|| dem.heights_m()[cell] - dem.heights_m()[drain as usize]);
                prop_assert_eq!(height.unwrap_or(f32::NAN).to_bits(), above[cell].to_bits());
            }
        }
    }

    #[test]
    fn steepness_does_not_depend_on_hands(dem in grids()) {
        let one = terrain::slope_degrees(dem.grid(), dem.heights_m(), &OneHand);
        prop_assert_eq!(bits(&one), bits(&terrain::slope_degrees(dem.grid(), dem.heights_m(), &Several(3))));
        prop_assert!(one.iter().zip(dem.heights_m()).all(|(slope, height)| slope.is_nan() == height.is_nan()));
    }
}

#[test]
fn a_plane_is_as_steep_as_it_was_made() {
    let grid = Grid::new((5, 5), (0.0, 0.0), (10.0, 10.0), Crs::Metres).expect("made by this test");
    // 10 m down per cell to the south, which is 45 degrees.
    let heights = (0..25).map(|cell| -((cell / 5) as f32) * 10.0).collect();
    let slope =
        terrain::slope_degrees(&grid, Dem::new(grid, heights).expect("made by this test").heights_m(), &OneHand);
    assert!((slope[12] - 45.0).abs() < 1e-4, "{}", slope[12]);
}

#[test]
fn the_real_sample_drains_whole() {
    let folder = std::env::var_os("HAMYAR_CORPORA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"),
        std::path::PathBuf::from,
    );
    let Ok(file) = std::fs::File::open(folder.join("hazard/landlab_SRTMGL3_boulder.asc")) else {
        // The corpora are not part of the project, so their absence is no failure even under CI.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no corpora (set HAMYAR_CORPORA)\n");
        return;
    };
    let dem = terrain::read_ascii(std::io::BufReader::new(file), None).expect("made by this test");
    assert_eq!((dem.grid().cols(), dem.grid().rows(), dem.grid().crs()), (240, 144, Crs::Degrees));
    let filled = terrain::fill(&dem, &OneHand);
    assert_eq!(bits(&filled), bits(&filled_by_definition(&dem)));
    for hands in [2, 3, 7] {
        assert_eq!(bits(&filled), bits(&terrain::fill(&dem, &Several(hands))), "{hands} hands");
    }
    let directions = terrain::directions(dem.grid(), &filled, &Several(2));
    let accumulation = terrain::accumulation(dem.grid(), &directions, &Several(2));
    let left: u32 = directions.iter().zip(&accumulation).filter(|(code, _)| **code == LEAVES).map(|(_, sum)| sum).sum();
    assert_eq!(left as usize, dem.grid().cells(), "all water leaves, none twice");
}
