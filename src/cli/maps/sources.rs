//! Opens the files that are imported: which format it is, what lies beside it, in which projection it is.
//! Called by `import`; the formats themselves are read by `maps::import`.
//! A format is known by its first bytes where it has any, else by its name; what is not known is refused with what to do.

use std::{
    fs::{self, File},
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use ::maps::import::{
    BadSource, Csv, Dbf, FGB_MARK, FlatGeobuf, GeoJson, PBF_MARK, Place, Projection, Records, SHP_MARK, Shapefile,
    encoding,
};
use anyhow::{Context, anyhow, bail, ensure};
use encoding_rs::Encoding;

use super::progress::Progress;

/// Most bytes of a `.prj` or `.cpg`.
const SIDE_BYTES_MAX: u64 = 64 << 10;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    GeoJson,
    Shapefile,
    GeoPackage,
    FlatGeobuf,
    Csv,
    Osm,
    Heights,
}

/// What is opened, and what is known about it.
pub struct Opening {
    pub path: PathBuf,
    pub encoding: Option<&'static Encoding>,
    pub place: Place,
    pub table: Option<String>,
    pub crs: Option<Projection>,
}

/// The format of a file.
pub fn format(path: &Path) -> anyhow::Result<Format> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown} can't be opened"))?;
    ensure!(file.metadata()?.is_file(), "{shown} is no file");
    let mut first = Vec::new();
    file.take(64).read_to_end(&mut first).with_context(|| format!("{shown} can't be read"))?;
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase().to_string_lossy().into_owned());
    let text = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&first).trim_ascii_start();
    Ok(match ending.as_deref() {
        _ if first.starts_with(&SHP_MARK) => Format::Shapefile,
        _ if first.starts_with(&FGB_MARK) => Format::FlatGeobuf,
        _ if first.starts_with(b"SQLite format 3\0") => Format::GeoPackage,
        _ if first.get(4..4 + PBF_MARK.len()) == Some(&PBF_MARK) => Format::Osm,
        _ if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|mark| first.starts_with(*mark)) => Format::Heights,
        _ if text.to_ascii_lowercase().starts_with(b"ncols") => Format::Heights,
        _ if text.starts_with(b"{") => Format::GeoJson,
        Some("csv" | "tsv" | "txt") => Format::Csv,
        Some("pbf" | "gpkg" | "fgb" | "shp" | "geojson" | "json" | "tif" | "tiff" | "asc") => {
            bail!("{shown} is not what its name says, or is damaged: copy or export it again")
        }
        Some("dbf" | "shx" | "prj" | "cpg") => bail!("{shown} is a part of a Shapefile: name its .shp"),
        Some("zip" | "gz" | "7z" | "bz2") => bail!("{shown} is packed: unpack it first"),
        Some("osm") => bail!("{shown} is OpenStreetMap as XML: osmium cat IN.osm -o OUT.osm.pbf"),
        _ => bail!(
            "{shown} is none of GeoJSON, Shapefile, GeoPackage, FlatGeobuf, CSV, .osm.pbf, GeoTIFF and ESRI ASCII: ogr2ogr -t_srs EPSG:4326 OUT.gpkg IN"
        ),
    })
}

/// Its features, and their projection.
pub fn open(asked: &Opening, format: Format) -> anyhow::Result<(Records<'static>, Projection)> {
    let input = BufReader::new(Progress::open(&asked.path)?);
    let told = |by_file: Result<Projection, String>| match asked.crs {
        Some(crs) => Ok(crs),
        None => by_file.map_err(|why| anyhow!("{why}; or say which it is with --crs")),
    };
    Ok(match format {
        Format::GeoJson => {
            let file = GeoJson::open(input)?;
            let projection = told(file.projection())?;
            (Box::new(file), projection)
        }
        Format::FlatGeobuf => {
            let file = FlatGeobuf::open(input)?;
            let projection = told(file.projection())?;
            (Box::new(file), projection)
        }
        Format::Csv => {
            let file = Csv::open(input, asked.encoding.unwrap_or(encoding_rs::UTF_8), &asked.place)?;
            (Box::new(file), told(Ok(Projection::Degrees))?)
        }
        Format::Shapefile => shapefile(asked, input)?,
        Format::GeoPackage | Format::Osm | Format::Heights => bail!("{} is read in another way", asked.path.display()),
    })
}

fn shapefile(asked: &Opening, input: BufReader<Progress>) -> anyhow::Result<(Records<'static>, Projection)> {
    let projection = match (asked.crs, side_text(&asked.path, "prj")?) {
        (Some(crs), _) => crs,
        (None, Some(wkt)) => {
            Projection::from_wkt(&wkt).map_err(|why| anyhow!("its .prj: {why}; or say which it is with --crs"))?
        }
        (None, None) => bail!("there is no .prj beside it that says in which projection it is: say --crs EPSG:32639"),
    };
    let letters = match (asked.encoding, side_text(&asked.path, "cpg")?) {
        (Some(letters), _) => Some(letters),
        (None, Some(name)) => Some(encoding(&name).map_err(|why| anyhow!("its .cpg: {why}, with --encoding"))?),
        (None, None) => None,
    };
    let columns = match beside(&asked.path, "dbf")? {
        Some(path) => {
            let file = File::open(&path).with_context(|| format!("{} can't be opened", path.display()))?;
            Some(Dbf::open(BufReader::new(file), letters)?)
        }
        None => bail!("there is no .dbf beside it, which holds its columns: copy all parts of the Shapefile"),
    };
    let file: Shapefile<_, BufReader<File>> = Shapefile::open(input, columns)?;
    let records: Box<dyn Iterator<Item = Result<_, BadSource>>> = Box::new(file);
    Ok((records, projection))
}

/// The file of the same name with another ending, in whatever case it is written.
fn beside(path: &Path, ending: &str) -> anyhow::Result<Option<PathBuf>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(directory).with_context(|| format!("{} can't be read", directory.display()))? {
        let other = entry?.path();
        if other.file_stem() == path.file_stem()
            && other.extension().is_some_and(|there| there.eq_ignore_ascii_case(ending))
        {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

fn side_text(path: &Path, ending: &str) -> anyhow::Result<Option<String>> {
    let Some(path) = beside(path, ending)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let file = File::open(&path).with_context(|| format!("{} can't be opened", path.display()))?;
    file.take(SIDE_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    Ok((!text.is_empty()).then_some(text))
}
