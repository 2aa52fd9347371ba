//! `hamyar maps check|import|terrain`: looks a city's map over, makes one of the files of others, works out from heights where water goes.
//! Used by the people who make the map; it reads files, opens no database and sends nothing.
//! What is written appears only whole: a run that fails leaves no file of its own behind.

mod geopackage; // Tables of a GeoPackage.
mod import; // Files of others become a city.
mod progress; // How far it is.
mod sources; // Which file is what.
mod words; // What was done.
mod write; // All files or none.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Seek, Write},
    path::{Path, PathBuf},
};

use ::maps::terrain::{self, Crs, Dem, Grid, Hands, Job, Layer, Relief, ReliefOptions, Streams};
use ::maps::{City, PlaceKind, RoadBed};
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use geo_types::LineString;

use super::print;
use crate::app;

/// The code table of the written directions: Esri's powers of two. Source: Esri, “How Flow Direction works”.
const ESRI_CODES: [u8; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
/// Written where water leaves the grid.
const ESRI_LEAVES: u8 = 0;
/// Written where the height is unknown.
const ESRI_UNKNOWN: u8 = 247;

/// What to do with a map.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List every fault of a map directory
    Check {
        /// Holds city.toml and the GeoJSON files
        directory: String,
    },
    /// Make a city's files of those of others
    ///
    /// Zones come first, for a city begins with them; then waterways, gauges, places and roads, each from its file. An extract of
    /// OpenStreetMap gives all of them but gauges. Buildings tell where people live; heights are cut to the city. Nothing is written
    /// unless `check` would accept the whole directory; docs/maps.md shows the way from nothing to a city.
    Import(Box<import::Import>),
    /// Work out from heights where water goes
    ///
    /// Writes filled.tif, direction.tif, accumulation.tif, hand.tif and slope.tif (GeoTIFF, north up). filled and hand are metres,
    /// accumulation is a number of cells (exact to 16,777,216), slope is degrees: all float32 with -9999 where unknown. direction is uint8:
    /// 1 E, 2 SE, 4 S, 8 SW, 16 W, 32 NW, 64 N, 128 NE, 0 water leaves the grid, 247 unknown.
    Terrain(Terrain),
}

/// Of which heights, and where to.
#[derive(Debug, Args)]
pub struct Terrain {
    /// Heights in metres: a GeoTIFF (one band, north up) or an ESRI ASCII grid
    dem: PathBuf,
    /// Where the files are written; made when it is missing, files of the same names are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Cells through which the water of at least so many cells passes are streams
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    stream_cells: u32,
    /// What the coordinates are (4326, 32639 …), when the file does not say or is wrong
    #[arg(long, value_name = "NUMBER")]
    epsg: Option<u16>,
    /// The city's map: also writes city.terrain, by which a stage floods ground (put its directory into city.terrain_dir)
    #[arg(long, value_name = "DIR")]
    map: Option<PathBuf>,
    /// With --map: GeoJSON lines of culverts and covered channels, in the direction of flow
    #[arg(long, value_name = "FILE", requires = "map")]
    culverts: Option<PathBuf>,
    /// With --map: standard error of a height above the channel, metres (of short differences, not of absolute heights)
    #[arg(long, value_name = "METRES", default_value_t = 0.5)]
    height_error: f64,
    /// Processors to work with; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
}

/// Does it.
pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Check { directory } => {
            print(&found(&app::load_city(&directory)?));
            Ok(())
        }
        Command::Import(asked) => {
            print(&import::run(*asked).await?);
            Ok(())
        }
        Command::Terrain(asked) => {
            print(&work_out(&asked)?);
            Ok(())
        }
    }
}

/// What a map without faults holds, and what should be looked at all the same.
fn found(city: &City) -> String {
    let mut lines = vec![format!("{} ({}): no fault", city.code(), maps::text_in(city.name(), "en"))];
    let leaves = city.leaves().count();
    let people: u64 = city.leaves().map(|zone| zone.population).sum();
    lines.push(format!("zones       {} in {} parents, {people} residents", leaves, city.zones().len() - leaves));
    let unbound = city.reaches().iter().filter(|reach| reach.flows_into.is_none()).count();
    lines.push(format!("waterways   {} reaches, {unbound} of them leave the map", city.reaches().len()));
    let levelled = city.gauges().iter().filter(|gauge| gauge.datum_m.is_some()).count();
    let told = city.gauges().iter().filter(|gauge| gauge.thresholds.is_some()).count();
    let gauges = city.gauges().len();
    lines.push(format!("gauges      {gauges}, {levelled} with a levelled zero, {told} with thresholds"));
    let roads = city.roads();
    let kilometres = roads.iter().map(|road| road.length_m).sum::<f64>() / 1_000.0;
    let bed = |bed| roads.iter().filter(|road| road.bed == bed).count();
    lines.push(format!(
        "roads       {} pieces, {kilometres:.1} km: {} bridges, {} tunnels, {} fords, {} over passes, {} one-way",
        roads.len(),
        bed(RoadBed::Bridge),
        bed(RoadBed::Tunnel),
        bed(RoadBed::Ford),
        roads.iter().filter(|road| road.pass).count(),
        roads.iter().filter(|road| road.one_way).count()
    ));
    let graph = city.road_graph();
    let pieces = graph.pieces().into_iter().max().map_or(0, |last| last + 1);
    let (edges, nodes) = (graph.edges().len(), graph.nodes().len());
    lines.push(format!("road graph  {edges} edges between {nodes} nodes, in {pieces} connected piece(s)"));
    lines.push(format!("places      {}", city.places().len()));
    for (word, kind) in PlaceKind::ALL.into_iter().filter(|(_, kind)| kind.is_critical()) {
        let of: Vec<_> = city.places().iter().filter(|place| place.kind == kind).collect();
        let capacity: u64 = of.iter().filter_map(|place| place.capacity).map(u64::from).sum();
        let capacity = if capacity > 0 { format!(", capacity {capacity}") } else { String::new() };
        lines.push(format!("  {word:<18}{}{capacity}", of.len()));
    }
    for access in city.zone_access() {
        let zone = format!("zone “{}”", access.code);
        match access.nearest_m {
            Some(metres) => {
                lines.push(format!("{zone} has no road node in it; the nearest is {metres:.0} m from its middle"));
            }
            None if access.nodes == 0 => lines.push(format!("{zone} has no road")),
            None => {}
        }
        if !access.without.is_empty() && access.nodes > 0 {
            let needs: Vec<&str> = access.without.iter().map(|need| need.kind().as_str()).collect();
            lines.push(format!("{zone} has no road to any {}", needs.join(", ")));
        }
    }
    let notes = city.notes();
    lines.push(format!("notes       {}", if notes.is_empty() { "none".to_owned() } else { notes.len().to_string() }));
    lines.extend(notes.iter().map(|note| format!("  {note}")));
    if let Some(terrain) = city.terrain() {
        lines.push(format!("terrain     “{}” version {}, heights {}", terrain.name, terrain.version, terrain.heights));
    }
    lines.push(format!("hash        {}", city.hash()));
    lines.join("\n")
}

/// Threads that live as long as the jobs.
struct Threads(usize);

impl Hands for Threads {
    fn count(&self) -> usize {
        self.0
    }

    fn together(&self, jobs: Vec<Job<'_>>) {
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(job);
            }
        });
    }
}

/// Each layer is written as soon as it is there and forgotten when no later one needs it.
fn work_out(asked: &Terrain) -> anyhow::Result<String> {
    let dem = read(&asked.dem, asked.epsg.map(Crs::from_epsg))?;
    let grid = *dem.grid();
    let hands = Threads(match asked.threads {
        Some(count) => usize::from(count),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    });
    let mut out = Whole::in_directory(&asked.out)?;

    let filled = terrain::fill(&dem, &hands);
    out.write("filled.tif", &grid, Layer::Numbers(&filled), "ground with hollows filled, metres")?;
    let directions = terrain::directions(&grid, &filled, &hands);
    let raised = filled.iter().zip(dem.heights_m()).filter(|(filled, ground)| filled > ground).count();
    drop(filled);

    let esri: Vec<u8> = directions.iter().map(|&code| esri_code(code)).collect();
    let table =
        "direction of flow (D8): 1 E, 2 SE, 4 S, 8 SW, 16 W, 32 NW, 64 N, 128 NE, 0 leaves the grid, 247 unknown";
    out.write("direction.tif", &grid, Layer::Codes(&esri, ESRI_UNKNOWN), table)?;
    drop(esri);

    let accumulation = terrain::accumulation(&grid, &directions, &hands);
    #[expect(clippy::cast_possible_truncation, reason = "told in the description: exact to 2^24")]
    let cells: Vec<f32> =
        accumulation.iter().map(|&sum| if sum == 0 { f32::NAN } else { f64::from(sum) as f32 }).collect();
    out.write("accumulation.tif", &grid, Layer::Numbers(&cells), "cells whose water passes, itself included")?;
    drop(cells);

    let streams = Streams { accumulation: &accumulation, cells_min: Some(asked.stream_cells), mapped: &[] };
    let drains = terrain::drains(&grid, &directions, streams, &hands);
    drop(directions);
    drop(accumulation);
    let above = terrain::height_above_drain(dem.heights_m(), &drains, &hands);
    drop(drains);
    let about = format!("height above nearest drainage, metres; streams gather at least {} cells", asked.stream_cells);
    out.write("hand.tif", &grid, Layer::Numbers(&above), &about)?;
    let reach = above.iter().filter(|height| height.is_finite()).count();
    drop(above);

    let slope = terrain::slope_degrees(&grid, dem.heights_m(), &hands);
    out.write("slope.tif", &grid, Layer::Numbers(&slope), "steepness of the ground, degrees (Horn 1981)")?;
    drop(slope);
    let kept = match &asked.map {
        Some(map) => Some(keep(asked, map, &dem, &hands, &mut out)?),
        None => None,
    };
    out.publish()?;

    let (width, height) = grid.step_m();
    let known = dem.heights_m().iter().filter(|height| !height.is_nan()).count();
    Ok(format!(
        "{}: {} by {} cells of {width:.2} by {height:.2} m, {}\nheights {}\n{known} cells known, {raised} raised, {reach} reach a stream\n{}written to {}",
        asked.dem.display(),
        grid.cols(),
        grid.rows(),
        grid.crs(),
        terrain::heights_hash(&dem),
        kept.unwrap_or_default(),
        asked.out.display()
    ))
}

/// What the service needs of these heights and this map.
fn keep(asked: &Terrain, map: &Path, dem: &Dem, hands: &Threads, out: &mut Whole) -> anyhow::Result<String> {
    let city = app::load_city(&map.display().to_string())?;
    let culverts = match &asked.culverts {
        Some(file) => lines(file)?,
        None => Vec::new(),
    };
    let options = ReliefOptions {
        culverts,
        height_error_m: asked.height_error,
        height_error_source: format!("given with --height-error for {}", asked.dem.display()),
        ..ReliefOptions::default()
    };
    let relief = Relief::of(dem, &city, &options, hands)?;
    city.accepts(&relief)?;
    out.write_bytes("city.terrain", &relief.to_bytes())?;
    Ok(format!("terrain {}: {} parts of channels, for map {}\n", relief.hash(), relief.segments().len(), city.hash()))
}

/// The lines of a GeoJSON file, lon,lat.
fn lines(file: &Path) -> anyhow::Result<Vec<LineString<f64>>> {
    let shown = file.display();
    let text = fs::read_to_string(file).with_context(|| format!("culverts {shown}"))?;
    let collection: geojson::FeatureCollection = text.parse().with_context(|| format!("culverts {shown}"))?;
    let mut lines = Vec::new();
    for (number, feature) in collection.features.into_iter().enumerate() {
        let geometry =
            feature.geometry.with_context(|| format!("culverts {shown}: feature {number} has no geometry"))?;
        match geo_types::Geometry::<f64>::try_from(geometry)? {
            geo_types::Geometry::LineString(line) => lines.push(line),
            geo_types::Geometry::MultiLineString(parts) => lines.extend(parts),
            _ => bail!("culverts {shown}: feature {number} is no line"),
        }
    }
    Ok(lines)
}

fn esri_code(code: u8) -> u8 {
    match code {
        terrain::LEAVES => ESRI_LEAVES,
        terrain::UNKNOWN => ESRI_UNKNOWN,
        direction => ESRI_CODES[usize::from(direction)],
    }
}

/// A GeoTIFF is known by its first bytes, whatever its name.
fn read(path: &Path, crs: Option<Crs>) -> anyhow::Result<Dem> {
    let shown = path.display();
    let mut file = File::open(path).with_context(|| format!("heights {shown} can't be opened"))?;
    ensure!(file.metadata()?.is_file(), "heights {shown}: is no file");
    let mut first = Vec::new();
    Read::by_ref(&mut file).take(4).read_to_end(&mut first)?;
    file.rewind()?;
    let input = BufReader::new(file);
    let dem = match first.as_slice() {
        b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+" => terrain::read_geotiff(input, crs),
        _ => terrain::read_ascii(input, crs),
    };
    let dem = dem.with_context(|| format!("heights {shown}"))?;
    if dem.heights_m().iter().all(|height| height.is_nan()) {
        bail!("heights {shown}: not one height is known");
    }
    Ok(dem)
}

/// Files that get their names when all of them are written; until then they stand under other names and go when this is dropped.
struct Whole {
    directory: PathBuf,
    written: Vec<(PathBuf, PathBuf)>,
}

impl Whole {
    fn in_directory(directory: &Path) -> anyhow::Result<Whole> {
        fs::create_dir_all(directory).with_context(|| format!("directory {} can't be made", directory.display()))?;
        Ok(Whole { directory: directory.to_owned(), written: Vec::new() })
    }

    fn write(&mut self, name: &str, grid: &Grid, layer: Layer<'_>, about: &str) -> anyhow::Result<()> {
        let partial = self.directory.join(format!(".{name}.{}.partial", std::process::id()));
        // Remembered first, so that it goes again whatever happens.
        self.written.push((partial.clone(), self.directory.join(name)));
        let write = || -> anyhow::Result<()> {
            let mut out = BufWriter::new(File::create(&partial)?);
            terrain::write_geotiff(&mut out, grid, layer, about)?;
            out.flush()?;
            out.into_inner()?.sync_all()?;
            Ok(())
        };
        write().with_context(|| format!("{name} can't be written to {}", self.directory.display()))
    }

    fn write_bytes(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let partial = self.directory.join(format!(".{name}.{}.partial", std::process::id()));
        self.written.push((partial.clone(), self.directory.join(name)));
        let write = || -> std::io::Result<()> {
            let mut out = File::create(&partial)?;
            out.write_all(bytes)?;
            out.sync_all()
        };
        write().with_context(|| format!("{name} can't be written to {}", self.directory.display()))
    }

    fn publish(&mut self) -> anyhow::Result<()> {
        for (partial, name) in &self.written {
            fs::rename(partial, name).with_context(|| format!("{} can't be put in place", name.display()))?;
        }
        self.written.clear();
        Ok(())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        for (partial, _) in &self.written {
            // What was never made can't be removed, and there is nobody to tell.
            let _ = fs::remove_file(partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A valley that falls to the south with a hollow in it.
    const VALLEY: &str = "ncols 5\nnrows 5\nxllcorner 250000\nyllcorner 3850000\ncellsize 10\nNODATA_value -9999\n\
        9 8 7 8 9\n9 7 6 7 9\n9 6 2 6 9\n9 5 4 5 9\n9 4 3 4 9\n";

    fn asked(folder: &Path, text: &str) -> Terrain {
        let dem = folder.join("valley.asc");
        fs::write(&dem, text).unwrap();
        let out = folder.join("out");
        let (map, culverts, height_error) = (None, None, 0.5);
        Terrain { dem, out, stream_cells: 4, epsg: Some(32639), map, culverts, height_error, threads: Some(2) }
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(directory)
            .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default();
        names.sort();
        names
    }

    fn layer(folder: &Path, name: &str) -> Vec<f32> {
        read(&folder.join("out").join(name), None).unwrap().heights_m().to_vec()
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "small whole numbers are exact")]
    fn heights_become_five_files_that_say_where_water_goes() {
        let folder = tempfile::tempdir().unwrap();
        let said = work_out(&asked(folder.path(), VALLEY)).unwrap();
        assert!(said.contains("5 by 5 cells of 10.00 by 10.00 m, metres (EPSG 32639)"), "{said}");
        assert!(said.contains("25 cells known, 1 raised"), "{said}");
        assert_eq!(
            names(&folder.path().join("out")),
            ["accumulation.tif", "direction.tif", "filled.tif", "hand.tif", "slope.tif"]
        );
        assert_eq!(layer(folder.path(), "filled.tif")[12], 4.0, "the hollow is filled to its way out");
        let directions = layer(folder.path(), "direction.tif");
        assert_eq!((directions[12], directions[17], directions[22]), (4.0, 4.0, 0.0), "south, south, off the map");
        assert_eq!(layer(folder.path(), "accumulation.tif")[22], 10.0);
        assert_eq!(layer(folder.path(), "hand.tif")[12], 0.0);
        assert!(layer(folder.path(), "slope.tif").iter().all(|slope| (0.0..90.0).contains(slope)));
        // A GeoTIFF that we wrote is heights like any other, and a second run replaces the first.
        let again = Terrain {
            dem: folder.path().join("out/filled.tif"),
            epsg: None,
            threads: Some(1),
            ..asked(folder.path(), VALLEY)
        };
        assert!(work_out(&again).unwrap().contains("25 cells known, 0 raised"));
        assert_eq!(layer(folder.path(), "direction.tif"), directions);
    }

    #[test]
    fn a_checked_map_tells_what_it_holds_and_what_to_look_at() {
        let said = found(&City::sample());
        for line in [
            "hamadan (Hamadan): no fault",
            "zones       36 in 5 parents",
            "waterways   13 reaches, 2 of them leave the map",
            "in 1 connected piece(s)",
            "1 fords, 1 over passes",
            "  hospital          7, capacity ",
            "  operations_centre 2",
            "  waterways.geojson, feature “maryanaj”: no stage gauge stands on or above",
            "terrain     “hamadan-recipe” version 1, heights ",
            &format!("hash        {}", City::sample().hash()),
        ] {
            assert!(said.contains(line), "“{line}” is missing in\n{said}");
        }
    }

    #[test]
    fn a_run_that_fails_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        for (text, why) in [
            (VALLEY.replace("9 4 3 4 9\n", ""), "20 heights for 25 cells"),
            (VALLEY.replace("9 8 7", "9 x 7"), "“x” is no number"),
            ("ncols 1\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 1\n-9999\n".to_owned(), "not one height is known"),
            ("II*\0 and nothing more".to_owned(), "GeoTIFF"),
        ] {
            let said = format!("{:#}", work_out(&asked(folder.path(), &text)).unwrap_err());
            assert!(said.contains(why) && said.contains("valley.asc"), "{said}");
        }
        assert!(names(&folder.path().join("out")).is_empty());
        // A name that is taken by a directory can't be replaced; what was written goes again.
        fs::create_dir_all(folder.path().join("out/accumulation.tif/taken")).unwrap();
        fs::create_dir_all(folder.path().join("out/filled.tif/taken")).unwrap();
        assert!(work_out(&asked(folder.path(), VALLEY)).is_err());
        assert_eq!(names(&folder.path().join("out")), ["accumulation.tif", "filled.tif"]);
    }

    #[test]
    fn with_a_map_the_service_s_own_terrain_is_written_too() {
        let folder = tempfile::tempdir().unwrap();
        let map = folder.path().join("map");
        fs::create_dir(&map).unwrap();
        for (name, text) in City::sample().files() {
            fs::write(map.join(name), text).unwrap();
        }
        let heights = City::sample_heights();
        let mut bytes = std::io::Cursor::new(Vec::new());
        terrain::write_geotiff(&mut bytes, heights.grid(), Layer::Numbers(heights.heights_m()), "heights").unwrap();
        let mut asked = asked(folder.path(), VALLEY);
        asked.dem = folder.path().join("heights.tif");
        fs::write(&asked.dem, bytes.into_inner()).unwrap();
        (asked.map, asked.epsg, asked.stream_cells) = (Some(map), None, 1_000);
        let said = work_out(&asked).unwrap();
        assert!(said.contains("parts of channels"), "{said}");

        let city = City::sample();
        let tiles = crate::terrain::read_tiles(&asked.out, &city).unwrap();
        assert_eq!(tiles.len(), 1);
        let gauge = city.gauges().iter().find(|gauge| gauge.code.as_str() == "moradbeyg-2").unwrap();
        let banded = city.stage_footprint(&tiles[0], &gauge.code, 1.8, 0.3).unwrap();
        assert!(banded.possible.is_some(), "a stage floods ground of the terrain that was written");
    }
}
