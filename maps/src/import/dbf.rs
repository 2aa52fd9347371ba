//! Rows of a dBASE table, which is where a Shapefile keeps its columns.
//! Called by `shapefile` for each shape.
//! No bytes make it panic. Source: dBASE III and IV file structure; language drivers as in Esri's and GDAL's documentation.

use std::io::Read;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1256};
use serde_json::{Map, Value};

use super::BadSource;
use super::fault::{FETCH_AGAIN, read_whole};

/// Reads rows.
pub struct Dbf<R> {
    rows: R,
    count: u32,
    read: u32,
    row_bytes: usize,
    columns: Vec<Column>,
    letters: Letters,
    buffer: Vec<u8>,
}

struct Column {
    name: String,
    kind: u8,
    from: usize,
    length: usize,
}

/// How bytes become letters.
#[derive(Debug, Clone, Copy)]
struct Letters {
    told: Option<&'static Encoding>,
    guessed: bool,
}

impl Letters {
    /// Without being told: UTF-8 where it is that, else what Windows uses for Persian.
    fn text(&mut self, bytes: &[u8]) -> String {
        if let Some(encoding) = self.told {
            // A column of fixed width may end in the middle of a letter of UTF-8.
            let whole = if encoding == UTF_8 { without_half_letter(bytes) } else { bytes };
            return encoding.decode_without_bom_handling(whole).0.into_owned();
        }
        if let Ok(text) = std::str::from_utf8(without_half_letter(bytes)) {
            return text.to_owned();
        }
        self.guessed = true;
        WINDOWS_1256.decode_without_bom_handling(bytes).0.into_owned()
    }
}

fn without_half_letter(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(fault) if fault.error_len().is_none() => &bytes[..fault.valid_up_to()],
        _ => bytes,
    }
}

/// The encoding that people and `.cpg` files mean: `UTF-8`, `1256`, `cp1256`, `ANSI 1256`, `65001`, `ISO-8859-6`, `88596`.
pub fn encoding(name: &str) -> Result<&'static Encoding, String> {
    let name = name.trim().trim_start_matches('\u{FEFF}');
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let label = match digits.as_str() {
        "65001" => "utf-8".to_owned(),
        "874" | "1250" | "1251" | "1252" | "1253" | "1254" | "1255" | "1256" | "1257" | "1258" => {
            format!("windows-{digits}")
        }
        _ if digits.len() == 5 && digits.starts_with("8859") => format!("iso-8859-{}", &digits[4..]),
        _ => name.to_owned(),
    };
    Encoding::for_label(label.as_bytes())
        .ok_or_else(|| format!("the encoding “{name:.40}” is not known; name one as UTF-8 or windows-1256"))
}

impl<R: Read> Dbf<R> {
    /// Reads the header. `told` is what a `.cpg` or the person says; else the table's own language driver, else a guess.
    pub fn open(mut rows: R, told: Option<&'static Encoding>) -> Result<Dbf<R>, BadSource> {
        let bad = |what: &str| BadSource::new(".dbf, header", what, FETCH_AGAIN);
        let read = |fault| BadSource::read(".dbf, header", &fault);
        let mut header = Vec::new();
        read_whole(&mut rows, 32, &mut header).map_err(read)?;
        let count = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let header_bytes = usize::from(u16::from_le_bytes([header[8], header[9]]));
        let row_bytes = usize::from(u16::from_le_bytes([header[10], header[11]]));
        let driver = header[29];
        let Some(rest) = header_bytes.checked_sub(32) else { return Err(bad("is no dBASE table")) };
        read_whole(&mut rows, rest, &mut header).map_err(read)?;
        let mut letters = Letters { told: told.or_else(|| driver_encoding(driver)), guessed: false };
        let mut columns = Vec::new();
        // The first byte of a row says whether it was deleted.
        let mut from = 1;
        for field in header.chunks_exact(32).take_while(|field| field[0] != 0x0D) {
            let name = field[..11].split(|&byte| byte == 0).next().unwrap_or_default();
            let length = usize::from(field[16]);
            columns.push(Column { name: letters.text(name).trim().to_owned(), kind: field[11], from, length });
            from += length;
        }
        if from > row_bytes {
            return Err(bad("its columns are longer than its rows"));
        }
        Ok(Dbf { rows, count, read: 0, row_bytes, columns, letters, buffer: Vec::new() })
    }

    /// The next row, deleted or not, for each has its shape; none after the last.
    pub fn next_row(&mut self) -> Result<Option<Map<String, Value>>, BadSource> {
        if self.read >= self.count {
            return Ok(None);
        }
        self.read += 1;
        let here = format!(".dbf, row {}", self.read);
        read_whole(&mut self.rows, self.row_bytes, &mut self.buffer).map_err(|fault| BadSource::read(here, &fault))?;
        self.letters.guessed = false;
        let mut row = Map::new();
        for column in &self.columns {
            let bytes = &self.buffer[column.from..column.from + column.length];
            let text = self.letters.text(bytes);
            let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
            if text.is_empty() {
                continue;
            }
            let value = match column.kind {
                b'N' | b'F' => match text.parse::<i64>() {
                    Ok(whole) => Value::from(whole),
                    // Asterisks mean that the number did not fit.
                    Err(_) => match text.parse::<f64>().ok().and_then(serde_json::Number::from_f64) {
                        Some(number) => Value::Number(number),
                        None => continue,
                    },
                },
                b'L' => match text {
                    "T" | "t" | "Y" | "y" => Value::Bool(true),
                    "F" | "f" | "N" | "n" => Value::Bool(false),
                    _ => continue,
                },
                _ => Value::String(text.to_owned()),
            };
            row.insert(column.name.clone(), value);
        }
        Ok(Some(row))
    }

    /// Were letters of the last row taken for those of Windows for Persian (1256) because nothing said what they are?
    pub fn guessed_letters(&self) -> bool {
        self.letters.guessed
    }
}

/// What the language driver of the header means, as far as it is one that we can read.
fn driver_encoding(driver: u8) -> Option<&'static Encoding> {
    let label = match driver {
        0x7E => "windows-1256",
        0x7D => "windows-1255",
        0xC8 => "windows-1250",
        0xC9 => "windows-1251",
        0xCA => "windows-1254",
        0xCB => "windows-1253",
        // 0x03 and 0x57 say 1252, and stand in the tables of people who meant nothing by it; 0 says nothing.
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(driver: u8, rows: &[&[u8]]) -> Vec<u8> {
        let mut header = vec![3, 126, 1, 1];
        header.extend(u32::try_from(rows.len()).unwrap().to_le_bytes());
        header.extend((32 + 64 + 1_u16).to_le_bytes());
        header.extend((1 + 10 + 6_u16).to_le_bytes());
        header.resize(29, 0);
        header.push(driver);
        header.resize(32, 0);
        for (name, kind, length) in [("NAME_FA", b'C', 10), ("POP", b'N', 6)] {
            let mut field = name.as_bytes().to_vec();
            field.resize(11, 0);
            field.push(kind);
            field.resize(16, 0);
            field.push(length);
            field.resize(32, 0);
            header.extend(field);
        }
        header.push(0x0D);
        for row in rows {
            header.push(b' ');
            let mut row = row.to_vec();
            row.resize(16, b' ');
            header.extend(row);
        }
        header
    }

    fn first(bytes: &[u8], told: Option<&str>) -> (Map<String, Value>, bool) {
        let mut dbf = Dbf::open(bytes, told.map(|name| encoding(name).unwrap())).unwrap();
        let row = dbf.next_row().unwrap().unwrap();
        (row, dbf.guessed_letters())
    }

    #[test]
    fn persian_is_read_as_the_table_the_cpg_or_a_guess_says() {
        let windows = WINDOWS_1256.encode("جولان").0.into_owned();
        for (driver, told, guessed) in
            [(0x7E, None, false), (0, Some("1256"), false), (0, Some("ANSI 1256"), false), (0x57, None, true)]
        {
            let (row, was_guessed) = first(&table(driver, &[&windows]), told);
            assert_eq!(row["NAME_FA"], "جولان");
            assert_eq!(was_guessed, guessed);
        }
        // The last letter of ten bytes of UTF-8 is cut in half.
        let (row, _) = first(&table(0, &["aجولان".as_bytes()]), None);
        assert_eq!(row["NAME_FA"], "aجولا");
        assert!(encoding("klingon").unwrap_err().contains("windows-1256"));
        assert_eq!(encoding("ISO 88596").unwrap().name(), "ISO-8859-6");
    }

    #[test]
    fn numbers_are_numbers_and_stars_are_none() {
        let rows: [&[u8]; 4] = [b"a           120", b"b          1.50", b"c          ****", b""];
        let bytes = table(0, &rows);
        let mut dbf = Dbf::open(bytes.as_slice(), None).unwrap();
        let mut pops = Vec::new();
        while let Some(row) = dbf.next_row().unwrap() {
            pops.push(row.get("POP").cloned());
        }
        assert_eq!(pops, [Some(Value::from(120)), Some(Value::from(1.5)), None, None]);
        let cut = Dbf::open(&bytes[..bytes.len() - 1], None).and_then(|mut dbf| {
            while dbf.next_row()?.is_some() {}
            Ok(())
        });
        assert!(cut.unwrap_err().to_string().starts_with(".dbf, row 4: the file ends"));
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(changes in prop::collection::vec((0..140_usize, any::<u8>()), 0..6), keep in 0..160_usize) {
            let mut bytes = table(0, &[b"a           120", b"b          1.50"]);
            for (at, byte) in changes {
                if let Some(there) = bytes.get_mut(at) {
                    *there = byte;
                }
            }
            bytes.truncate(keep);
            if let Ok(mut dbf) = Dbf::open(bytes.as_slice(), None) {
                // A table of zero-length rows announces at most four thousand million of them.
                for _ in 0..100 {
                    if !matches!(dbf.next_row(), Ok(Some(_))) {
                        break;
                    }
                }
            }
        }
    }
}
