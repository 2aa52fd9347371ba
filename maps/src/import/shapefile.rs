//! Features of a Shapefile: shapes from the `.shp`, columns from the `.dbf` beside it.
//! Called by the command, which opens both; the index (`.shx`) is not needed.
//! No bytes make it panic; a record is held at a time. Source: ESRI Shapefile Technical Description (1998).

use std::io::Read;

use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, Point};

use super::dbf::Dbf;
use super::fault::{FETCH_AGAIN, read_whole};
use super::record::bounded;
use super::{BadSource, FEATURE_BYTES_MAX, Record, rings};
use crate::read::VERTICES_MAX;

/// What the first bytes of a `.shp` say.
pub const SHP_MARK: [u8; 4] = 9994_u32.to_be_bytes();

/// Said of rows that are read by a guess.
const GUESSED: &str = "nothing says in which letters its texts are; windows-1256 was taken (--encoding)";

/// Reads shapes with their columns.
pub struct Shapefile<S, D> {
    shapes: S,
    columns: Option<Dbf<D>>,
    /// Bytes read of the shapes, and how many the header announces.
    at: u64,
    length: u64,
    count: u64,
    buffer: Vec<u8>,
    ended: bool,
}

impl<S: Read, D: Read> Shapefile<S, D> {
    /// Reads the header. Without a `.dbf` the features have no columns.
    pub fn open(mut shapes: S, columns: Option<Dbf<D>>) -> Result<Shapefile<S, D>, BadSource> {
        let mut header = Vec::new();
        read_whole(&mut shapes, 100, &mut header).map_err(|fault| BadSource::read("header", &fault))?;
        if header[..4] != SHP_MARK || int_le(&header, 28) != Some(1000) {
            return Err(BadSource::new("header", "is no Shapefile", "name the .shp of the Shapefile"));
        }
        let words = u32::from_be_bytes([header[24], header[25], header[26], header[27]]);
        let length = u64::from(words) * 2;
        Ok(Shapefile { shapes, columns, at: 100, length, count: 0, buffer: Vec::new(), ended: false })
    }

    fn step(&mut self) -> Result<Option<Record>, BadSource> {
        if self.at >= self.length {
            return Ok(None);
        }
        let start = self.at;
        let here = format!("feature {}, byte {start}", self.count + 1);
        read_whole(&mut self.shapes, 8, &mut self.buffer).map_err(|fault| BadSource::read(&here, &fault))?;
        let words = u32::from_be_bytes([self.buffer[4], self.buffer[5], self.buffer[6], self.buffer[7]]);
        let length = words as usize * 2;
        if length > FEATURE_BYTES_MAX || start + 8 + length as u64 > self.length {
            let what = format!("announces {length} bytes, which is more than there is room for");
            return Err(BadSource::new(here, what, FETCH_AGAIN));
        }
        read_whole(&mut self.shapes, length, &mut self.buffer).map_err(|fault| BadSource::read(&here, &fault))?;
        self.at += 8 + length as u64;
        self.count += 1;
        let mut note = None;
        let properties = match &mut self.columns {
            Some(columns) => {
                let row = columns.next_row()?.ok_or_else(|| {
                    BadSource::new(&here, "the .dbf has fewer rows than the .shp has shapes", FETCH_AGAIN)
                })?;
                note = columns.guessed_letters().then_some(GUESSED);
                row
            }
            None => serde_json::Map::new(),
        };
        let geometry = shape(&self.buffer).and_then(bounded);
        Ok(Some(Record { label: format!("feature {}", self.count), id: None, properties, geometry, note }))
    }
}

impl<S: Read, D: Read> Iterator for Shapefile<S, D> {
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

fn int_le(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(i32::from_le_bytes(bytes)).ok()
}

fn coord(bytes: &[u8], at: usize) -> Option<Coord<f64>> {
    let number = |at: usize| Some(f64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    Some(Coord { x: number(at)?, y: number(at + 8)? })
}

/// The content of one record; heights and measures follow after the coordinates and are not read.
fn shape(content: &[u8]) -> Result<Geometry<f64>, String> {
    const CUT: &str = "its shape is shorter than it says";
    let kind = int_le(content, 0).ok_or(CUT)?;
    match kind {
        0 => Err("has no geometry".to_owned()),
        1 | 11 | 21 => Ok(Geometry::Point(Point(coord(content, 4).ok_or(CUT)?))),
        8 | 18 | 28 => {
            let count = int_le(content, 36).ok_or(CUT)?;
            let points = points(content, 40, count).ok_or(CUT)?;
            Ok(Geometry::MultiPoint(MultiPoint(points.into_iter().map(Point).collect())))
        }
        3 | 5 | 13 | 15 | 23 | 25 => {
            let (parts, count) = (int_le(content, 36).ok_or(CUT)?, int_le(content, 40).ok_or(CUT)?);
            if count > VERTICES_MAX {
                return Err(format!("has more than {VERTICES_MAX} vertices"));
            }
            let starts: Vec<usize> =
                (0..parts.min(count)).map(|part| int_le(content, 44 + 4 * part)).collect::<Option<_>>().ok_or(CUT)?;
            let points = points(content, 44 + 4 * parts, count).ok_or(CUT)?;
            let mut lines = Vec::with_capacity(starts.len());
            for (number, &start) in starts.iter().enumerate() {
                let end = starts.get(number + 1).copied().unwrap_or(count);
                lines.push(LineString(points.get(start..end).ok_or("its parts are out of order")?.to_vec()));
            }
            if matches!(kind, 5 | 15 | 25) {
                return rings::areas(lines).map(Geometry::MultiPolygon);
            }
            match lines.len() {
                0 => Err("has no part".to_owned()),
                1 => Ok(Geometry::LineString(lines.remove(0))),
                _ => Ok(Geometry::MultiLineString(MultiLineString(lines))),
            }
        }
        other => Err(format!("its shape is of type {other}, which is not known")),
    }
}

fn points(content: &[u8], at: usize, count: usize) -> Option<Vec<Coord<f64>>> {
    // Never more than there is room for.
    if count > content.len() / 16 {
        return None;
    }
    (0..count).map(|number| coord(content, at + 16 * number)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A ring with a hole, as one polygon record, and the end of the file after it.
    fn file() -> Vec<u8> {
        let rings = [
            [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (0.0, 0.0)],
            [(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 2.0), (1.0, 1.0)],
        ];
        let mut content = 5_i32.to_le_bytes().to_vec();
        content.extend([0; 32]);
        content.extend(2_i32.to_le_bytes());
        content.extend(10_i32.to_le_bytes());
        content.extend(0_i32.to_le_bytes());
        content.extend(5_i32.to_le_bytes());
        for (x, y) in rings.concat() {
            content.extend(f64::to_le_bytes(x));
            content.extend(f64::to_le_bytes(y));
        }
        let mut file = SHP_MARK.to_vec();
        file.resize(100, 0);
        file[28..32].copy_from_slice(&1000_i32.to_le_bytes());
        file.extend(1_i32.to_be_bytes());
        file.extend(u32::try_from(content.len() / 2).unwrap().to_be_bytes());
        file.extend(content);
        let words = u32::try_from(file.len() / 2).unwrap();
        file[24..28].copy_from_slice(&words.to_be_bytes());
        file
    }

    fn all(bytes: &[u8]) -> Result<Vec<Record>, BadSource> {
        Shapefile::<_, &[u8]>::open(bytes, None)?.collect()
    }

    #[test]
    fn a_ring_with_a_hole_is_one_area() {
        let read = all(&file()).unwrap();
        let Ok(Geometry::MultiPolygon(parts)) = &read[0].geometry else { panic!("{:?}", read[0]) };
        assert_eq!((parts.0.len(), parts.0[0].interiors().len()), (1, 1));
    }

    #[test]
    fn what_is_cut_off_or_lies_about_its_length_is_said() {
        let whole = file();
        for length in 0..whole.len() {
            assert!(all(&whole[..length]).is_err(), "{length}");
        }
        let mut lies = whole.clone();
        lies[104..108].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(all(&lies).unwrap_err().to_string().contains("feature 1, byte 100: announces"));
        // Inside of a record it is the feature that can't be used, not the file.
        let mut lies = whole;
        lies[148..152].copy_from_slice(&i32::MAX.to_le_bytes());
        assert!(all(&lies).unwrap()[0].geometry.is_err());
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(changes in prop::collection::vec((0..320_usize, any::<u8>()), 1..6), keep in 0..400_usize) {
            let mut bytes = file();
            for (at, byte) in changes {
                if let Some(there) = bytes.get_mut(at) {
                    *there = byte;
                }
            }
            bytes.truncate(keep);
            let _ = all(&bytes);
        }
    }
}
