//! Time and memory of importing an extract of OpenStreetMap.
//! Run by `make bench PART=import`, which makes the extract of an invented city of a million (tools/bench-osm.py) or is told of one.
//! One run per process, so that the peak is that of one import; without `HAMYAR_BENCH_OSM` it only says what it needs.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::{fs::File, io::BufReader, time::Instant};

use maps::import::{CityAbout, OsmSettings, People, ZoneLevels, import_osm, put_together};

fn main() {
    let Some(path) = std::env::var_os("HAMYAR_BENCH_OSM") else {
        println!("import: HAMYAR_BENCH_OSM names no .osm.pbf; `make bench PART=import` makes one");
        return;
    };
    let settings = OsmSettings { bbox: None, zone_levels: ZoneLevels::default(), wave_m_s: 2.0 };
    #[expect(clippy::disallowed_methods, reason = "a benchmark asks the time")]
    let start = Instant::now();
    let made = import_osm(BufReader::new(File::open(path).expect("the extract")), &settings).expect("a whole extract");
    let read = start.elapsed();
    for (layer, report) in &made.reports {
        println!("  {layer}: {} of {}, {} left out", report.made, report.read, report.skipped_total());
    }
    let about = CityAbout {
        code: "testville".to_owned(),
        name: [("en".to_owned(), "Testville".to_owned())].into(),
        time_zone: "UTC".to_owned(),
        ..CityAbout::default()
    };
    let city = put_together(maps::CityFiles::new(), made, Some(&about), Some(People::Total(1_000_000)));
    let (_, city, _) = city.unwrap_or_else(|faults| panic!("a city: {faults:?}"));
    println!(
        "import: layers in {:.1} s, the checked city in {:.1} s, {} zones, {} roads, peak {} MB",
        read.as_secs_f64(),
        start.elapsed().as_secs_f64(),
        city.zones().len(),
        city.roads().len(),
        peak_mb()
    );
}

/// The most memory that this process has had at once; 0 where the system does not tell.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().map_or(0, |kilobytes| kilobytes / 1024)
}
