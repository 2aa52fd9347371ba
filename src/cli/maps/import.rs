//! `hamyar maps import`: a file of a GIS, a table, an extract of OpenStreetMap or heights become part of a city's directory.
//! Called with the arguments of the command line; it opens files, and no database of ours.
//! Nothing is written before the whole city has been built and found without fault; then it appears whole, or not at all.

use std::{collections::BTreeMap, path::PathBuf};

use ::maps::{
    City, CityFiles,
    import::{
        CityAbout, Layer, Made, Mapping, OsmSettings, People, Projection, Settings, WAVE_M_S, ZoneLevels, code,
        cut_heights, encoding, import_osm, make, put_together,
    },
    terrain::{self, Crs},
};
use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;

use super::{
    progress::Progress,
    sources::{self, Format},
    write::{Content, write_city},
};
use crate::ground::read_files;

/// Name of the heights in a city's directory.
const HEIGHTS: &str = "terrain.tif";

/// Who made OpenStreetMap, which its licence (ODbL 1.0, §4.3) wants said wherever the map shows.
const OSM_LABEL: [(&str, &str); 2] = [
    ("fa", "دادهٔ نقشه: © مشارکت‌کنندگان OpenStreetMap (مجوز ODbL)"),
    ("en", "Map data © OpenStreetMap contributors (ODbL)"),
];

/// What is imported, as what, and where to.
#[derive(Debug, Args)]
pub struct Import {
    /// A GeoJSON, Shapefile (.shp), GeoPackage, FlatGeobuf, CSV, OpenStreetMap (.osm.pbf), GeoTIFF or ESRI ASCII file
    file: PathBuf,
    /// The city's directory; made when it is missing
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// What the features are: zones, waterways, gauges, places, roads or buildings (an extract of OpenStreetMap holds all, heights are heights)
    #[arg(long = "as", value_name = "LAYER", value_parser = layer)]
    layer: Option<Layer>,
    /// Which column is which property: name_fa=NAME_FA,code=ID,population=POP; of a table also wkt= or lon=,lat=
    #[arg(long, value_name = "PROPERTY=COLUMN,…")]
    map: Vec<String>,
    /// A property that is the same for every feature: kind=district
    #[arg(long, value_name = "PROPERTY=VALUE")]
    set: Vec<String>,
    /// What a word of the file means: kind:بیمارستان=hospital
    #[arg(long, value_name = "PROPERTY:WORD=VALUE")]
    word: Vec<String>,
    /// The projection of the file, when it does not say or is wrong: EPSG:4326, EPSG:3857, EPSG:32639 and the other UTM zones
    #[arg(long, value_name = "EPSG", value_parser = Projection::from_name)]
    crs: Option<Projection>,
    /// The table of a GeoPackage that has several
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// The letters of a Shapefile or CSV: UTF-8, windows-1256 …
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    encoding: Option<&'static encoding_rs::Encoding>,
    /// Only what touches this box: west,south,east,north in degrees
    #[arg(long, value_name = "W,S,E,N", value_parser = bbox, allow_hyphen_values = true)]
    bbox: Option<geo_types::Rect<f64>>,
    /// Replace files of the directory that are there already
    #[arg(long)]
    replace: bool,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Short Latin name of a new city
    #[arg(long, value_name = "CODE")]
    city: Option<String>,
    /// Name of a new city by language: fa=همدان,en=Hamadan
    #[arg(long, value_name = "LANGUAGE=NAME,…")]
    city_name: Option<String>,
    /// Time zone of a new city: Asia/Tehran
    #[arg(long, value_name = "NAME")]
    time_zone: Option<String>,
    /// Residents of the whole city, shared out over zones that do not tell their own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    residents: Option<u64>,
    /// Without --residents: persons in a building on average (an assumption; 4 unless told)
    #[arg(long, value_name = "N", value_parser = positive, conflicts_with = "residents")]
    persons_per_building: Option<f64>,
    /// Speed of a flood wave, metres a second, where a waterway does not tell its travel time
    #[arg(long, value_name = "M/S", value_parser = positive, default_value_t = WAVE_M_S)]
    wave_speed: f64,
    /// Which administrative levels of OpenStreetMap are which zones
    #[arg(long, value_name = "LEVEL=KIND,…", default_value = "8=city,9=district,10=neighbourhood")]
    zone_levels: ZoneLevels,
}

fn layer(text: &str) -> Result<Layer, String> {
    let known = || Layer::ALL.map(|(word, _)| word).join(", ");
    Layer::ALL
        .iter()
        .find(|(word, _)| *word == text)
        .map(|(_, layer)| *layer)
        .ok_or_else(|| format!("one of {}", known()))
}

fn bbox(text: &str) -> Result<geo_types::Rect<f64>, String> {
    let numbers: Vec<f64> = text.split(',').map_while(|number| number.trim().parse().ok()).collect();
    match numbers.as_slice() {
        [west, south, east, north]
            if west < east
                && south < north
                && (-180.0..=180.0).contains(west)
                && *east <= 180.0
                && *south >= -90.0
                && *north <= 90.0 =>
        {
            Ok(geo_types::Rect::new((*west, *south), (*east, *north)))
        }
        _ => Err("write it as west,south,east,north in degrees: 48.40,34.70,48.65,34.90".to_owned()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number| (0.01..=10_000.0).contains(number)).ok_or_else(|| "a number above 0".to_owned())
}

/// Does it; the answer is what to print.
pub async fn run(asked: Import) -> anyhow::Result<String> {
    let shown = asked.file.display().to_string();
    let format = sources::format(&asked.file)?;
    let present: CityFiles = if asked.into.is_dir() {
        read_files(&asked.into, &["toml", "geojson"])?.into_iter().collect()
    } else {
        ensure!(!asked.into.exists(), "{} is no directory", asked.into.display());
        CityFiles::new()
    };
    if format == Format::Heights {
        return heights(&asked, &present);
    }
    let about = about(&asked, &present, format)?;
    let people = match (asked.residents, asked.persons_per_building) {
        (Some(total), _) => Some(People::Total(total)),
        (None, Some(persons)) => Some(People::PerBuilding(persons)),
        (None, None) => None,
    };
    let made = match format {
        Format::Osm => {
            ensure!(asked.layer.is_none(), "an extract of OpenStreetMap becomes all layers; leave --as out");
            let settings =
                OsmSettings { bbox: asked.bbox, zone_levels: asked.zone_levels.clone(), wave_m_s: asked.wave_speed };
            let input = Progress::open(&asked.file)?;
            tokio::task::spawn_blocking(move || import_osm(input, &settings)).await?
        }
        _ => layer_of(&asked, format).await?,
    };
    let made = made.with_context(|| format!("{shown}: nothing was imported"))?;
    let any = made.reports.iter().any(|(_, report)| report.made > 0) || !made.buildings.is_empty();
    ensure!(any, "{shown}: {}", nothing(&made));
    let (files, city, reports) = put_together(present.clone(), made, about.as_ref(), people).map_err(|faults| {
        let list: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        let missing = if present.contains_key("zones.geojson") || format == Format::Osm {
            ""
        } else {
            "\n  (a city begins with its zones: import them first, with --as zones)"
        };
        anyhow!(
            "{shown}: what would come of it is no city, so nothing was written; {} fault(s):{list}{missing}",
            faults.len()
        )
    })?;
    let new: BTreeMap<String, Content> = files
        .into_iter()
        .filter(|(name, text)| present.get(name) != Some(text))
        .map(|(name, text)| (name, Content::Text(text)))
        .collect();
    let said = super::words::told(&asked.file, &reports, &city);
    finish(&asked, &new, &present, &said)
}

/// The last step, for every sort of file: says what would be replaced, and writes unless told not to.
fn finish(asked: &Import, new: &BTreeMap<String, Content>, present: &CityFiles, said: &str) -> anyhow::Result<String> {
    let there = |name: &str| present.contains_key(name) || asked.into.join(name).exists();
    let taken: Vec<&str> = new.keys().map(String::as_str).filter(|name| there(name)).collect();
    let names: Vec<&str> = new.keys().map(String::as_str).collect();
    let (names, into) = (names.join(", "), asked.into.display());
    if asked.dry_run {
        let replace =
            if taken.is_empty() { String::new() } else { format!("; --replace is needed for {}", taken.join(", ")) };
        return Ok(format!("{said}\nwould be written to {into}: {names}{replace}\nnothing was written (--dry-run)"));
    }
    if !taken.is_empty() && !asked.replace {
        bail!(
            "{said}\n{} in {into}: there already; say --replace to replace it. Nothing was written",
            taken.join(", ")
        );
    }
    if new.is_empty() {
        return Ok(format!("{said}\n{into} holds exactly this already; nothing was written"));
    }
    write_city(&asked.into, new)?;
    Ok(format!("{said}\nwritten to {into}: {names}"))
}

fn nothing(made: &Made) -> String {
    let mut text = "no feature could be used, so nothing was written".to_owned();
    for (name, report) in &made.reports {
        for (reason, count) in &report.skipped {
            let (times, first) = (count.times, &count.first);
            text.extend(["\n  ", name, &format!(": {times} left out: {reason} ({first})")]);
        }
    }
    text
}

/// What a new city is called; of one that is there, nothing.
fn about(asked: &Import, present: &CityFiles, format: Format) -> anyhow::Result<Option<CityAbout>> {
    if present.contains_key("city.toml") {
        let given = [("--city", &asked.city), ("--city-name", &asked.city_name), ("--time-zone", &asked.time_zone)];
        for (flag, value) in given {
            ensure!(value.is_none(), "{flag}: {} has a city.toml already; change it there", asked.into.display());
        }
        return Ok(None);
    }
    let (Some(name), Some(time_zone)) = (&asked.city_name, &asked.time_zone) else {
        bail!("a new city needs --city-name fa=…,en=… and --time-zone Asia/Tehran");
    };
    ensure!(
        jiff::tz::TimeZone::get(time_zone).is_ok(),
        "--time-zone {time_zone}: no such time zone; write one as Asia/Tehran"
    );
    let mut names = ::maps::Texts::new();
    for entry in name.split(',') {
        let (language, name) =
            entry.split_once('=').with_context(|| format!("--city-name: “{entry}”: write it as fa=…,en=…"))?;
        names.insert(language.trim().to_owned(), name.trim().to_owned());
    }
    let label = match format {
        Format::Osm => OSM_LABEL.iter().map(|(language, text)| ((*language).to_owned(), (*text).to_owned())).collect(),
        _ => ::maps::Texts::new(),
    };
    let code = asked.city.clone().unwrap_or_else(|| code(::maps::text_in(&names, "en")));
    Ok(Some(CityAbout { code, name: names, time_zone: time_zone.clone(), label }))
}

async fn layer_of(asked: &Import, format: Format) -> anyhow::Result<Result<Made, ::maps::import::BadSource>> {
    let known = Layer::ALL.map(|(word, _)| word).join(", ");
    let layer = asked.layer.with_context(|| format!("say what the features are: --as {known}"))?;
    let mut mapping = Mapping::default();
    let given = |fault: String| anyhow!(fault);
    asked.map.iter().try_for_each(|text| mapping.map(text)).map_err(given)?;
    asked.set.iter().try_for_each(|text| mapping.set(text)).map_err(given)?;
    asked.word.iter().try_for_each(|text| mapping.word(text)).map_err(given)?;
    let opening = sources::Opening {
        path: asked.file.clone(),
        encoding: asked.encoding,
        place: mapping.place(),
        table: asked.table.clone(),
        crs: asked.crs,
    };
    let settings = |projection| Settings { layer, mapping, projection, bbox: asked.bbox, wave_m_s: asked.wave_speed };
    if format == Format::GeoPackage {
        return super::geopackage::import(&opening, settings).await;
    }
    let shown = asked.file.display().to_string();
    // Records hold an open file and are read in one go, away from the threads that serve.
    tokio::task::block_in_place(|| {
        let (records, projection) = sources::open(&opening, format).with_context(|| shown.clone())?;
        Ok(make(records, settings(projection)))
    })
}

/// Heights are cut to the city's box, so zones come first.
fn heights(asked: &Import, present: &CityFiles) -> anyhow::Result<String> {
    ensure!(asked.layer.is_none(), "a file of heights becomes heights; leave --as out");
    ensure!(
        present.contains_key("zones.geojson") || asked.bbox.is_some(),
        "heights are cut to the city: import its zones first, or give --bbox"
    );
    let box_ = match asked.bbox {
        Some(bbox) => bbox,
        None => City::build(present)
            .map_err(|faults| {
                anyhow!("{} has {} fault(s); `hamyar maps check` lists them", asked.into.display(), faults.len())
            })?
            .bounds(),
    };
    let crs = asked.crs.map(|crs| Crs::from_epsg(u16::try_from(crs.epsg()).unwrap_or(0)));
    let dem = super::read(&asked.file, crs)?;
    let (cut, how) =
        cut_heights(&dem, box_).map_err(|why| anyhow!("{}: {why}; nothing was written", asked.file.display()))?;
    let mut bytes = std::io::Cursor::new(Vec::new());
    terrain::write_geotiff(&mut bytes, cut.grid(), terrain::Layer::Numbers(cut.heights_m()), "heights, metres")?;
    let (width, height) = cut.grid().step_m();
    let known = cut.heights_m().iter().filter(|height| !height.is_nan()).count();
    let said = format!(
        "{}: {} by {} cells of {width:.2} by {height:.2} m, {known} known; {how}",
        asked.file.display(),
        cut.grid().cols(),
        cut.grid().rows()
    );
    ensure!(known > 0, "{said}: not one height is known; nothing was written");
    finish(asked, &BTreeMap::from([(HEIGHTS.to_owned(), Content::Bytes(bytes.into_inner()))]), present, &said)
}

#[cfg(test)]
mod tests;
