//! Works out the layers of a terrain as `hamyar maps terrain` does, without the rest of the service: DEM --out DIR --stream-cells N.
//! `tools/judges` runs it, so that other programs can judge the layers after a minute of building instead of many.
//! Only what the judges read is written.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use maps::terrain::{self, Crs, Grid, Hands, Job, LEAVES, Layer, Streams, UNKNOWN};

/// Two threads, so that what is judged was cut into strips.
struct Two;

impl Hands for Two {
    fn count(&self) -> usize {
        2
    }

    fn together(&self, jobs: Vec<Job<'_>>) {
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(job);
            }
        });
    }
}

fn write(out: &Path, name: &str, grid: &Grid, layer: Layer<'_>) {
    let file = File::create(out.join(format!("{name}.tif"))).expect("the folder can be written to");
    terrain::write_geotiff(BufWriter::new(file), grid, layer, name).expect("a GeoTIFF can be written");
}

fn main() {
    let words: Vec<String> = std::env::args().filter(|word| !matches!(word.as_str(), "maps" | "terrain")).collect();
    let [_, dem, flag, out, cells_flag, cells] = words.as_slice() else {
        panic!("DEM --out DIR --stream-cells N");
    };
    assert_eq!((flag.as_str(), cells_flag.as_str()), ("--out", "--stream-cells"));
    let (cells_min, out) = (cells.parse().expect("a number of cells"), Path::new(out));
    std::fs::create_dir_all(out).expect("the folder can be made");
    let input = BufReader::new(File::open(dem).expect("the heights can be opened"));
    let dem = if Path::new(dem).extension().is_some_and(|ending| ending == "asc") {
        terrain::read_ascii(input, None).expect("an ASCII grid")
    } else {
        terrain::read_geotiff(input, Some(Crs::Projected(32639))).expect("a GeoTIFF of heights")
    };
    let grid = *dem.grid();
    let filled = terrain::fill(&dem, &Two);
    let directions = terrain::directions(&grid, &filled, &Two);
    let accumulation = terrain::accumulation(&grid, &directions, &Two);
    let streams = Streams { accumulation: &accumulation, cells_min: Some(cells_min), mapped: &[] };
    let drains = terrain::drains(&grid, &directions, streams, &Two);
    let above = terrain::height_above_drain(dem.heights_m(), &drains, &Two);
    // ESRI's codes, which the judges know: powers of two from east, clockwise.
    let codes: Vec<u8> = directions
        .iter()
        .map(|&code| match code {
            LEAVES => 0,
            UNKNOWN => 247,
            direction => 1 << direction,
        })
        .collect();
    #[expect(clippy::cast_possible_truncation, reason = "exact to 2^24, which the judged grids stay below")]
    let cells: Vec<f32> =
        accumulation.iter().map(|&sum| if sum == 0 { f32::NAN } else { f64::from(sum) as f32 }).collect();
    write(out, "filled", &grid, Layer::Numbers(&filled));
    write(out, "direction", &grid, Layer::Codes(&codes, 247));
    write(out, "accumulation", &grid, Layer::Numbers(&cells));
    write(out, "hand", &grid, Layer::Numbers(&above));
}
