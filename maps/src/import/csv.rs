//! Rows of a CSV file with a shape: a column of WKT, or two of longitude and latitude.
//! Called by the command with an open file and the letters that it is written in.
//! No bytes make it panic; a row is held at a time, and none larger than `FEATURE_BYTES_MAX`.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use encoding_rs::Encoding;
use geo_types::{Geometry, Point};
use serde_json::{Map, Value};

use super::{BadSource, FEATURE_BYTES_MAX, Record, wkt};
use crate::latin_digits;

/// Columns that hold a shape, x and y, when nothing else is said.
const WKT_NAMES: [&str; 5] = ["wkt", "geometry", "geom", "the_geom", "shape"];
const X_NAMES: [&str; 6] = ["lon", "lng", "long", "longitude", "x", "طول"];
const Y_NAMES: [&str; 5] = ["lat", "latitude", "y", "عرض", "عرض جغرافیایی"];

/// What to do about a table that does not say where its rows lie.
const NAME_COLUMNS: &str = "name them: --map wkt=COLUMN or --map lon=COLUMN,lat=COLUMN";

/// Where a row says where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Column of WKT.
    pub wkt: Option<String>,
    /// Column of longitude or easting.
    pub x: Option<String>,
    /// Column of latitude or northing.
    pub y: Option<String>,
}

enum Columns {
    Wkt(usize),
    Two(usize, usize),
}

/// Reads rows.
pub struct Csv<R: Read> {
    rows: csv::Reader<Metered<R>>,
    left: Rc<Cell<usize>>,
    names: Vec<String>,
    place: Columns,
    letters: &'static Encoding,
    count: u64,
    row: csv::ByteRecord,
    ended: bool,
}

/// Ends the file where a row has grown beyond all reason.
struct Metered<R> {
    input: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        match self.left.get().checked_sub(count) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other("a row has more than 32 MB; is a quote left open?")),
        }
        Ok(count)
    }
}

impl<R: BufRead> Csv<R> {
    /// Reads the first row, which names the columns. The delimiter is the one that stands in it most often: comma, semicolon, tab or bar.
    pub fn open(mut input: R, letters: &'static Encoding, place: &Place) -> Result<Csv<R>, BadSource> {
        let first = input.fill_buf().map_err(|fault| BadSource::read("row 1", &fault))?;
        let first = first.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let often = |mark: u8| first.split(|&byte| byte == mark).count();
        let delimiter = [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|&mark| often(mark)).unwrap_or(b',');
        let left = Rc::new(Cell::new(FEATURE_BYTES_MAX));
        let metered = Metered { input, left: Rc::clone(&left) };
        let mut rows = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(metered);
        let header = rows.byte_headers().map_err(|fault| bad(1, &fault))?;
        let names: Vec<String> =
            header.iter().map(|name| letters.decode(name).0.trim().trim_start_matches('\u{FEFF}').to_owned()).collect();
        let place = columns(&names, place)?;
        Ok(Csv { rows, left, names, place, letters, count: 1, row: csv::ByteRecord::new(), ended: false })
    }

    fn step(&mut self) -> Result<Option<Record>, BadSource> {
        self.left.set(FEATURE_BYTES_MAX);
        self.count += 1;
        if !self.rows.read_byte_record(&mut self.row).map_err(|fault| bad(self.count, &fault))? {
            return Ok(None);
        }
        let text = |column: usize| {
            let text = self.letters.decode_without_bom_handling(self.row.get(column).unwrap_or_default()).0;
            text.trim().to_owned()
        };
        let (shape, geometry) = match self.place {
            Columns::Wkt(column) => ([column, column], wkt::geometry(&text(column))),
            Columns::Two(x, y) => ([x, y], point(&text(x), &text(y))),
        };
        let mut properties = Map::new();
        for (column, name) in self.names.iter().enumerate().filter(|(column, _)| !shape.contains(column)) {
            let value = text(column);
            if !value.is_empty() {
                properties.insert(name.clone(), Value::String(value));
            }
        }
        Ok(Some(Record { label: format!("row {}", self.count), id: None, properties, geometry, note: None }))
    }
}

impl<R: BufRead> Iterator for Csv<R> {
    type Item = Result<Record, BadSource>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.step().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn bad(row: u64, fault: &csv::Error) -> BadSource {
    let here = fault.position().map_or_else(|| format!("row {row}"), |at| format!("row {row}, byte {}", at.byte()));
    match fault.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => BadSource::new(
            here,
            format!("has {len} columns where the first row has {expected_len}"),
            "quote texts that hold the delimiter, or export it again",
        ),
        _ => {
            BadSource::new(here, format!("can't be read: {fault}"), "export it again as CSV with a first row of names")
        }
    }
}

fn columns(names: &[String], place: &Place) -> Result<Columns, BadSource> {
    let told = |name: &Option<String>| -> Result<Option<usize>, BadSource> {
        let Some(name) = name else { return Ok(None) };
        let column = names.iter().position(|there| there == name);
        column.map(Some).ok_or_else(|| {
            let what = format!("has no column “{name:.60}”, but {:.300}", names.join(", "));
            BadSource::new("row 1", what, NAME_COLUMNS)
        })
    };
    let usual = |usual: &[&str]| names.iter().position(|name| usual.contains(&name.to_lowercase().as_str()));
    if let Some(column) = told(&place.wkt)? {
        return Ok(Columns::Wkt(column));
    }
    if let (Some(x), Some(y)) = (told(&place.x)?, told(&place.y)?) {
        return Ok(Columns::Two(x, y));
    }
    if let (Some(x), Some(y)) = (usual(&X_NAMES), usual(&Y_NAMES)) {
        return Ok(Columns::Two(x, y));
    }
    if let Some(column) = usual(&WKT_NAMES) {
        return Ok(Columns::Wkt(column));
    }
    let what = format!("no column says where a row lies; there are {:.300}", names.join(", "));
    Err(BadSource::new("row 1", what, NAME_COLUMNS))
}

fn point(x: &str, y: &str) -> Result<Geometry<f64>, String> {
    let number = |text: &str| {
        let plain = latin_digits(text);
        // A comma is the decimal mark where columns are parted by something else.
        let parsed = plain.parse::<f64>().or_else(|_| plain.replacen(',', ".", 1).parse());
        parsed.ok().filter(|number| number.is_finite()).ok_or_else(|| {
            if text.is_empty() { "has no coordinates".to_owned() } else { format!("“{text:.30}” is no coordinate") }
        })
    };
    Ok(Geometry::Point(Point::new(number(x)?, number(y)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8], place: &Place) -> Result<Vec<Record>, BadSource> {
        Csv::open(text, encoding_rs::UTF_8, place)?.collect()
    }

    #[test]
    fn rows_lie_where_two_columns_or_wkt_say() {
        let place = Place::default();
        for text in [
            "\u{FEFF}name;lon;lat\nپل;48,5;34,8\n",
            "name,Longitude,Latitude\r\nپل,۴۸٫۵,۳۴٫۸\r\n",
            "WKT\tname\nPOINT (48.5 34.8)\tپل\n",
            "x|y|name\n48.5|34.8|پل\n",
        ] {
            let read = all(text.as_bytes(), &place).unwrap();
            assert_eq!(read[0].geometry, Ok(Geometry::Point(Point::new(48.5, 34.8))), "{text}");
            assert_eq!(read[0].properties["name"], "پل");
            assert_eq!(read[0].properties.len(), 1);
        }
        let told = Place { x: Some("E".to_owned()), y: Some("N".to_owned()), wkt: None };
        assert!(all(b"E,N\n272641,3853490\n", &told).unwrap()[0].geometry.is_ok());
        let bad = all(b"lon,lat\n,\nx,1\n", &place).unwrap();
        assert_eq!(bad[0].geometry, Err("has no coordinates".to_owned()));
        assert_eq!(bad[1].geometry, Err("“x” is no coordinate".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_row() {
        let said = |text: &str| all(text.as_bytes(), &Place::default()).unwrap_err().to_string();
        assert!(said("a,b\n1,2\n").contains("--map lon="));
        assert!(said("lon,lat\n1,2\n1,2,3\n").starts_with("row 3, byte 12: has 3 columns"));
        let told = Place { wkt: Some("nowhere".to_owned()), ..Place::default() };
        assert!(all(b"lon,lat\n1,2\n", &told).unwrap_err().to_string().contains("nowhere"));
        let endless = format!("lon,lat\n\"{}", "x".repeat(FEATURE_BYTES_MAX + 100_000));
        assert!(said(&endless).contains("quote left open"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in "(lon,lat\n)?[0-9,;\"\n\\PC]{0,60}") {
            let _ = all(text.as_bytes(), &Place::default());
        }
    }
}
