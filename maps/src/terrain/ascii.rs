//! Reads heights from an ESRI ASCII grid (`.asc`).
//! Called by the command `hamyar maps terrain` with an open file, by tests with bytes.
//! No input makes it panic or take more memory than the grid that its header announces and its own limits allow.

use std::io::BufRead;

use super::grid::{BadGrid, CELLS_MAX, Crs, Dem, Grid};

/// A line, or a number, is no longer than this many bytes; a line of numbers is read in parts.
const WORD_BYTES_MAX: usize = 64;

/// Cells that are reserved before their numbers have been seen, so that a header alone takes little memory.
const RESERVED_CELLS: usize = 1 << 20;

/// Why a file of heights can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BadDem {
    /// The file could not be read.
    #[error("can't be read: {0}")]
    Read(#[from] std::io::Error),
    /// The header of an ESRI ASCII grid has a fault.
    #[error("header: {0}")]
    Header(String),
    /// A height is no number.
    #[error("height {position} (counted from 1): “{word}” is no number")]
    Height {
        /// Which value of the file.
        position: usize,
        /// What stands there.
        word: String,
    },
    /// The grid can't be.
    #[error(transparent)]
    Grid(#[from] BadGrid),
    /// The file is no GeoTIFF that we can read.
    #[error("GeoTIFF: {0}")]
    Tiff(#[from] tiff::TiffError),
    /// The GeoTIFF is read, but we can't use what it says.
    #[error("GeoTIFF: {0}")]
    Unsupported(String),
}

/// Heights from an ESRI ASCII grid.
///
/// Header keys in any order and case: `ncols`, `nrows`, `xllcorner` or `xllcenter`, `yllcorner` or `yllcenter`, `cellsize` (or `dx`
/// and `dy`), and `NODATA_value` (−9999 when it is left out). Then one number per cell, the northernmost row first. The format names no
/// coordinates: pass what they are, or none to have them taken as degrees when the grid lies within ±180 and ±90 with cells below 0.1, else
/// as metres. Cost: O(bytes). Source: Esri, “ArcGIS Desktop: Esri ASCII raster format”.
pub fn read_ascii(input: impl BufRead, crs: Option<Crs>) -> Result<Dem, BadDem> {
    let mut words = Words { input, word: Vec::with_capacity(WORD_BYTES_MAX) };
    let mut header = Header::default();
    let first = loop {
        let Some(word) = words.next()? else {
            return Err(BadDem::Header("the file ends before the first height".to_owned()));
        };
        if word.starts_with(|letter: char| letter.is_ascii_alphabetic()) && !is_nan(&word) {
            let key = word.to_ascii_lowercase();
            let value = words.next()?.ok_or_else(|| BadDem::Header(format!("{key} has no value")))?;
            header.take(&key, &value)?;
        } else {
            break word;
        }
    };
    let grid = header.grid(crs)?;
    let no_data = header.no_data.unwrap_or(-9999.0);
    let mut heights_m = Vec::with_capacity(grid.cells().min(RESERVED_CELLS));
    let mut word = first;
    loop {
        heights_m.push(height(&word, no_data, heights_m.len() + 1)?);
        match words.next()? {
            Some(next) if heights_m.len() < grid.cells() => word = next,
            Some(_) => return Err(BadGrid::Length { given: heights_m.len() + 1, cells: grid.cells() }.into()),
            None => break,
        }
    }
    Ok(Dem::new(grid, heights_m)?)
}

fn is_nan(word: &str) -> bool {
    word.eq_ignore_ascii_case("nan")
}

fn height(word: &str, no_data: f64, position: usize) -> Result<f32, BadDem> {
    let bad = || BadDem::Height { position, word: word.to_owned() };
    let value: f64 = word.parse().map_err(|_| bad())?;
    #[expect(clippy::float_cmp, reason = "nodata is a mark, written the same in header and body")]
    if value == no_data || value.is_nan() {
        return Ok(f32::NAN);
    }
    #[expect(clippy::cast_possible_truncation, reason = "heights are kept as f32, to 0.5 mm at 4,000 m")]
    let metres = value as f32;
    if metres.is_finite() { Ok(metres) } else { Err(bad()) }
}

#[derive(Debug, Default)]
struct Header {
    cols: Option<usize>,
    rows: Option<usize>,
    /// Value, and whether it is the middle of the cell.
    west: Option<(f64, bool)>,
    south: Option<(f64, bool)>,
    step_x: Option<f64>,
    step_y: Option<f64>,
    no_data: Option<f64>,
}

impl Header {
    fn take(&mut self, key: &str, value: &str) -> Result<(), BadDem> {
        let bad = || BadDem::Header(format!("{key} “{value}” is no number that it could be"));
        let number = || value.parse::<f64>().map_err(|_| bad());
        let count = || value.parse::<usize>().map_err(|_| bad());
        match key {
            "ncols" => self.cols = Some(count()?),
            "nrows" => self.rows = Some(count()?),
            "xllcorner" => self.west = Some((number()?, false)),
            "xllcenter" => self.west = Some((number()?, true)),
            "yllcorner" => self.south = Some((number()?, false)),
            "yllcenter" => self.south = Some((number()?, true)),
            "cellsize" => {
                self.step_x = Some(number()?);
                self.step_y = self.step_x;
            }
            "dx" => self.step_x = Some(number()?),
            "dy" => self.step_y = Some(number()?),
            "nodata_value" | "nodata" => self.no_data = Some(number()?),
            _ => return Err(BadDem::Header(format!("“{key}” is no key of an ESRI ASCII grid"))),
        }
        Ok(())
    }

    fn grid(&self, crs: Option<Crs>) -> Result<Grid, BadDem> {
        fn need<T: Copy>(value: Option<T>, key: &str) -> Result<T, BadDem> {
            value.ok_or_else(|| BadDem::Header(format!("{key} is missing")))
        }
        let (cols, rows) = (need(self.cols, "ncols")?, need(self.rows, "nrows")?);
        if cols.checked_mul(rows).is_none_or(|cells| cells > CELLS_MAX) {
            return Err(BadGrid::Size { cols, rows }.into());
        }
        let (step_x, step_y) = (need(self.step_x, "cellsize")?, need(self.step_y, "cellsize")?);
        let half = |middle: bool, step: f64| if middle { step / 2.0 } else { 0.0 };
        let (west, middle) = need(self.west, "xllcorner")?;
        let west = west - half(middle, step_x);
        let (south, middle) = need(self.south, "yllcorner")?;
        let north = south - half(middle, step_y) + rows as f64 * step_y;
        let degrees = (-180.0..=180.0).contains(&west) && (-90.0..=90.0).contains(&north) && step_x < 0.1;
        let crs = crs.unwrap_or(if degrees { Crs::Degrees } else { Crs::Metres });
        Ok(Grid::new((cols, rows), (west, north), (step_x, step_y), crs)?)
    }
}

/// What stands between white space, one after the other.
struct Words<R> {
    input: R,
    word: Vec<u8>,
}

impl<R: BufRead> Words<R> {
    fn next(&mut self) -> Result<Option<String>, BadDem> {
        self.word.clear();
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            let start = if self.word.is_empty() {
                chunk.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(chunk.len())
            } else {
                0
            };
            let rest = &chunk[start..];
            let length = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            if self.word.len() + length > WORD_BYTES_MAX {
                return Err(BadDem::Header(format!(
                    "a word has more than {WORD_BYTES_MAX} bytes; is this an ASCII grid?"
                )));
            }
            self.word.extend_from_slice(&rest[..length]);
            let ended = length < rest.len();
            self.input.consume(start + length);
            if ended && !self.word.is_empty() {
                break;
            }
        }
        if self.word.is_empty() {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&self.word).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: &str =
        "NCOLS 3\nnrows 2\nxllcenter 48.5\nyllcenter 34.5\ncellsize 0.01\nNODATA_value -1\n1 2 3\n4 -1 6.5\n";

    #[test]
    fn heights_come_north_first_and_nodata_is_unknown() {
        let dem = read_ascii(SMALL.as_bytes(), None).unwrap();
        let (west, north) = dem.grid().corner();
        assert!((west - 48.495).abs() < 1e-12 && (north - 34.515).abs() < 1e-12);
        assert_eq!(dem.grid().crs(), Crs::Degrees);
        assert_eq!(dem.heights_m()[..4], [1.0, 2.0, 3.0, 4.0]);
        assert!(dem.heights_m()[4].is_nan() && dem.heights_m()[5].to_bits() == 6.5_f32.to_bits());
        let metres = read_ascii(SMALL.as_bytes(), Some(Crs::Projected(32639))).unwrap();
        assert_eq!(metres.grid().crs(), Crs::Projected(32639));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |text: &str| read_ascii(text.as_bytes(), None).unwrap_err().to_string();
        assert!(said(&SMALL.replace("6.5", "six")).contains("height 6"));
        assert!(said(&SMALL.replace("6.5", "")).contains("5 heights for 6 cells"));
        assert!(said(&SMALL.replace("6.5", "6 7")).contains("7 heights for 6 cells"));
        assert!(said(&SMALL.replace("cellsize 0.01", "")).contains("cellsize is missing"));
        assert!(said(&SMALL.replace("NCOLS 3", "ncols 99999999999")).contains("at most"));
        assert!(said("").contains("ends before"));
        assert!(said(&"x".repeat(1000)).contains("64 bytes"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_ascii(bytes.as_slice(), None);
        }

        #[test]
        fn no_damaged_file_makes_the_reader_panic(at in 0..SMALL.len(), byte in any::<u8>(), keep in 0..SMALL.len()) {
            let mut bytes = SMALL.as_bytes().to_vec();
            bytes[at] = byte;
            bytes.truncate(keep.max(1));
            if let Ok(dem) = read_ascii(bytes.as_slice(), None) {
                prop_assert_eq!(dem.heights_m().len(), dem.grid().cells());
            }
        }
    }
}
