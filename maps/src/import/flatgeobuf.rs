//! Features of a FlatGeobuf file, in the order in which they stand there.
//! Called by the command with an open file; the spatial index inside is passed over.
//! No bytes make it panic; a feature is held at a time. Source: flatgeobuf.org/schema, version 3; FlatBuffers internals.

use std::io::Read;

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use serde_json::{Map, Number, Value};

use super::fault::{FETCH_AGAIN, read_whole};
use super::flatbuffer::{Table, Torn, table};
use super::record::{DEPTH_MAX, bounded};
use super::{BadSource, FEATURE_BYTES_MAX, Projection, Record};

/// The first bytes of a FlatGeobuf file of version 3; the eighth is a patch number.
pub const FGB_MARK: [u8; 7] = *b"fgb\x03fgb";

/// Most bytes of the header.
const HEADER_BYTES_MAX: usize = 1 << 20;
/// Bytes of a node of the index: a box and an offset.
const NODE_BYTES: u64 = 40;

/// Reads features.
pub struct FlatGeobuf<R> {
    input: R,
    at: u64,
    count: u64,
    /// How many features the header announces; 0: it does not say.
    announced: u64,
    buffer: Vec<u8>,
    /// Type of all geometries; 0: each says its own.
    kind: u8,
    columns: Vec<(String, u8)>,
    projection: Result<Projection, String>,
    ended: bool,
}

impl<R: Read> FlatGeobuf<R> {
    /// Reads the header and passes over the index.
    pub fn open(mut input: R) -> Result<FlatGeobuf<R>, BadSource> {
        let read = |fault| BadSource::read("header", &fault);
        let cut = |Torn| BadSource::new("header", "does not fit together", FETCH_AGAIN);
        let mut buffer = Vec::new();
        read_whole(&mut input, 12, &mut buffer).map_err(read)?;
        if buffer[..7] != FGB_MARK {
            return Err(BadSource::new(
                "header",
                "is no FlatGeobuf of version 3",
                "export it again: ogr2ogr OUT.fgb IN",
            ));
        }
        let length = u32::from_le_bytes([buffer[8], buffer[9], buffer[10], buffer[11]]) as usize;
        if length > HEADER_BYTES_MAX {
            return Err(BadSource::new("header", format!("announces {length} bytes"), FETCH_AGAIN));
        }
        read_whole(&mut input, length, &mut buffer).map_err(read)?;
        let mut at = 12 + length as u64;
        let header = table(&buffer).map_err(cut)?;
        let kind = header.byte(2).map_err(cut)?.unwrap_or(0);
        let columns = columns(&header, 7).map_err(cut)?;
        let count = header.long(8).map_err(cut)?.unwrap_or(0);
        let node_size = header.short(9).map_err(cut)?.unwrap_or(16);
        let projection = match header.table(10).map_err(cut)? {
            None => Ok(Projection::Degrees),
            Some(crs) => match crs.int(1).map_err(cut)?.unwrap_or(0) {
                0 => match crs.text(4).map_err(cut)? {
                    Some(wkt) => Projection::from_wkt(wkt),
                    None => Ok(Projection::Degrees),
                },
                code => Projection::from_name(&code.to_string()),
            },
        };
        if count > 0 && node_size > 0 {
            let index = index_bytes(count, node_size).ok_or(Torn).map_err(cut)?;
            let passed = std::io::copy(&mut input.by_ref().take(index), &mut std::io::sink()).map_err(read)?;
            if passed < index {
                return Err(BadSource::new("index", "the file ends in the middle of it", FETCH_AGAIN));
            }
            at += index;
        }
        Ok(FlatGeobuf {
            input,
            at,
            count: 0,
            announced: count,
            buffer: Vec::new(),
            kind,
            columns,
            projection,
            ended: false,
        })
    }

    /// What the header says about the projection; degrees when it says nothing.
    pub fn projection(&self) -> Result<Projection, String> {
        self.projection.clone()
    }

    fn step(&mut self) -> Result<Option<Record>, BadSource> {
        let here = format!("feature {}, byte {}", self.count + 1, self.at);
        self.buffer.clear();
        let read = |fault| BadSource::read(&here, &fault);
        self.input.by_ref().take(4).read_to_end(&mut self.buffer).map_err(read)?;
        if self.buffer.is_empty() {
            if self.count < self.announced {
                let what = format!("the file ends, and the header announces {} features", self.announced);
                return Err(BadSource::new(here, what, FETCH_AGAIN));
            }
            return Ok(None);
        }
        let Ok(length) = self.buffer.as_slice().try_into().map(u32::from_le_bytes) else {
            return Err(BadSource::new(here, "the file ends in the middle of it", FETCH_AGAIN));
        };
        let length = length as usize;
        if length > FEATURE_BYTES_MAX {
            return Err(BadSource::new(here, format!("announces {length} bytes"), FETCH_AGAIN));
        }
        read_whole(&mut self.input, length, &mut self.buffer).map_err(|fault| BadSource::read(&here, &fault))?;
        self.at += 4 + length as u64;
        self.count += 1;
        let cut = |Torn| BadSource::new(&here, "does not fit together", FETCH_AGAIN);
        let feature = table(&self.buffer).map_err(cut)?;
        let geometry = match feature.table(0).map_err(cut)? {
            Some(shape) => geometry(&shape, self.kind, 0).map_err(cut)?.and_then(bounded),
            None => Err("has no geometry".to_owned()),
        };
        let own = columns(&feature, 2).map_err(cut)?;
        let known = if own.is_empty() { &self.columns } else { &own };
        let properties = match feature.bytes(1).map_err(cut)? {
            Some(bytes) => properties(bytes, known).map_err(cut)?,
            None => Map::new(),
        };
        Ok(Some(Record { label: format!("feature {}", self.count), id: None, properties, geometry, note: None }))
    }
}

impl<R: Read> Iterator for FlatGeobuf<R> {
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

/// Bytes of the packed R-tree: all features, then each level above them.
fn index_bytes(count: u64, node_size: u16) -> Option<u64> {
    let node_size = u64::from(node_size.max(2));
    let (mut level, mut nodes) = (count, count);
    while level > 1 {
        level = level.div_ceil(node_size);
        nodes = nodes.checked_add(level)?;
    }
    // A lone feature has its box and the root's.
    nodes.checked_add(u64::from(count == 1))?.checked_mul(NODE_BYTES)
}

fn columns(of: &Table<'_>, field: usize) -> Result<Vec<(String, u8)>, Torn> {
    let name = |column: &Table<'_>| column.text(0)?.map(str::to_owned).ok_or(Torn);
    of.tables(field)?.iter().map(|column| Ok((name(column)?, column.byte(1)?.unwrap_or(0)))).collect()
}

/// Pairs of column number and value, one after the other.
fn properties(mut bytes: &[u8], columns: &[(String, u8)]) -> Result<Map<String, Value>, Torn> {
    fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], Torn> {
        let (taken, left) = bytes.split_at_checked(count).ok_or(Torn)?;
        *bytes = left;
        Ok(taken)
    }
    fn fixed<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Torn> {
        take(bytes, N)?.try_into().map_err(|_| Torn)
    }
    let mut properties = Map::new();
    while !bytes.is_empty() {
        let column = usize::from(u16::from_le_bytes(fixed(&mut bytes)?));
        let (name, kind) = columns.get(column).ok_or(Torn)?;
        let value = match kind {
            0 => Value::from(i8::from_le_bytes(fixed(&mut bytes)?)),
            1 => Value::from(u8::from_le_bytes(fixed(&mut bytes)?)),
            2 => Value::Bool(fixed::<1>(&mut bytes)? != [0]),
            3 => Value::from(i16::from_le_bytes(fixed(&mut bytes)?)),
            4 => Value::from(u16::from_le_bytes(fixed(&mut bytes)?)),
            5 => Value::from(i32::from_le_bytes(fixed(&mut bytes)?)),
            6 => Value::from(u32::from_le_bytes(fixed(&mut bytes)?)),
            7 => Value::from(i64::from_le_bytes(fixed(&mut bytes)?)),
            8 => Value::from(u64::from_le_bytes(fixed(&mut bytes)?)),
            9 => number(f64::from(f32::from_le_bytes(fixed(&mut bytes)?))),
            10 => number(f64::from_le_bytes(fixed(&mut bytes)?)),
            11..=14 => {
                let length = u32::from_le_bytes(fixed(&mut bytes)?) as usize;
                let bytes = take(&mut bytes, length)?;
                if *kind == 14 {
                    continue;
                }
                Value::String(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => return Err(Torn),
        };
        properties.insert(name.clone(), value);
    }
    Ok(properties)
}

fn number(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// What the shape is, or why it is one that we can't use.
fn geometry(of: &Table<'_>, kind: u8, depth: usize) -> Result<Result<Geometry<f64>, String>, Torn> {
    let kind = if kind == 0 { of.byte(6)?.unwrap_or(0) } else { kind };
    if (6..=7).contains(&kind) {
        if depth >= DEPTH_MAX {
            return Ok(Err("its parts are nested too deep".to_owned()));
        }
        let mut parts = Vec::new();
        for part in of.tables(7)? {
            match geometry(&part, if kind == 6 { 3 } else { 0 }, depth + 1)? {
                Ok(part) => parts.push(part),
                Err(why) => return Ok(Err(why)),
            }
        }
        if kind == 7 {
            return Ok(Ok(Geometry::GeometryCollection(GeometryCollection(parts))));
        }
        let polygons = parts.into_iter().filter_map(|part| Polygon::try_from(part).ok()).collect();
        return Ok(Ok(Geometry::MultiPolygon(MultiPolygon(polygons))));
    }
    let points: Vec<Coord<f64>> = of.doubles(1)?.chunks_exact(2).map(|xy| Coord { x: xy[0], y: xy[1] }).collect();
    let Some(&first) = points.first() else { return Ok(Err("its geometry is empty".to_owned())) };
    let ends = of.ints(0)?;
    let parts = || -> Result<Vec<LineString<f64>>, Torn> {
        if ends.is_empty() {
            return Ok(vec![LineString(points.clone())]);
        }
        let mut from = 0;
        let mut parts = Vec::with_capacity(ends.len());
        for &end in &ends {
            parts.push(LineString(points.get(from..end as usize).ok_or(Torn)?.to_vec()));
            from = end as usize;
        }
        Ok(parts)
    };
    Ok(Ok(match kind {
        1 => Geometry::Point(Point(first)),
        2 => Geometry::LineString(LineString(points)),
        3 => {
            let mut rings = parts()?.into_iter();
            Geometry::Polygon(Polygon::new(rings.next().ok_or(Torn)?, rings.collect()))
        }
        4 => Geometry::MultiPoint(MultiPoint(points.into_iter().map(Point).collect())),
        5 => Geometry::MultiLineString(MultiLineString(parts()?)),
        other => {
            return Ok(Err(format!("its geometry is of type {other}, which is not known (curves? linearise them)")));
        }
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A table as FlatBuffers lays it out: where its fields are, then the fields; and behind it what they point to.
    fn built(fields: &[(usize, Field)]) -> Vec<u8> {
        let slots = fields.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
        let fields_bytes = 4 + 2 * slots;
        // Root offset, list of fields, padding to eight bytes, the table with eight bytes for each field.
        let at = (4 + fields_bytes).next_multiple_of(8);
        let mut bytes = vec![0; at + 8 * (fields.len() + 1)];
        bytes[..4].copy_from_slice(&u32::try_from(at).unwrap().to_le_bytes());
        bytes[4..6].copy_from_slice(&u16::try_from(fields_bytes).unwrap().to_le_bytes());
        bytes[at..at + 4].copy_from_slice(&u32::try_from(at - 4).unwrap().to_le_bytes());
        for (place, (number, field)) in fields.iter().enumerate() {
            let offset = 8 * (place + 1);
            let slot = 8 + 2 * number;
            bytes[slot..slot + 2].copy_from_slice(&u16::try_from(offset).unwrap().to_le_bytes());
            let here = at + offset;
            let behind = |bytes: &mut Vec<u8>, more: &[u8]| {
                while bytes.len() % 8 != 4 {
                    bytes.push(0);
                }
                let there = u32::try_from(bytes.len() - here).unwrap();
                bytes[here..here + 4].copy_from_slice(&there.to_le_bytes());
                bytes.extend_from_slice(more);
            };
            match field {
                Field::Byte(byte) => bytes[here] = *byte,
                Field::Short(short) => bytes[here..here + 2].copy_from_slice(&short.to_le_bytes()),
                Field::Long(long) => bytes[here..here + 8].copy_from_slice(&long.to_le_bytes()),
                Field::Vector(count, content) => {
                    let mut vector = u32::try_from(*count).unwrap().to_le_bytes().to_vec();
                    vector.extend_from_slice(content);
                    behind(&mut bytes, &vector);
                }
                Field::Table(table) => {
                    // A table that begins with its own root offset is moved as a whole.
                    let inner = u32::from_le_bytes(table[..4].try_into().unwrap()) as usize;
                    behind(&mut bytes, table);
                    let there = bytes.len() - table.len() + inner - here;
                    bytes[here..here + 4].copy_from_slice(&u32::try_from(there).unwrap().to_le_bytes());
                }
            }
        }
        bytes
    }

    enum Field {
        Byte(u8),
        Short(u16),
        Long(u64),
        Vector(usize, Vec<u8>),
        Table(Vec<u8>),
    }

    /// Two points, of which the second has a name; the columns stand in the features.
    fn file() -> Vec<u8> {
        let doubles = |numbers: &[f64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
        let header = built(&[(2, Field::Byte(1)), (8, Field::Long(2)), (9, Field::Short(0))]);
        let mut file = b"fgb\x03fgb\x00".to_vec();
        let part = |bytes: &[u8], file: &mut Vec<u8>| {
            file.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
            file.extend_from_slice(bytes);
        };
        part(&header, &mut file);
        for (x, y) in [(48.5, 34.8), (48.6, 34.9)] {
            let shape = built(&[(1, Field::Vector(2, doubles(&[x, y])))]);
            part(&built(&[(0, Field::Table(shape))]), &mut file);
        }
        file
    }

    fn all(bytes: &[u8]) -> Result<Vec<Record>, BadSource> {
        FlatGeobuf::open(bytes)?.collect()
    }

    #[test]
    fn points_are_read_and_what_is_cut_off_is_told() {
        let whole = file();
        let read = all(&whole).unwrap();
        assert_eq!(read[1].geometry, Ok(Geometry::Point(Point::new(48.6, 34.9))));
        for length in 0..whole.len() {
            assert!(all(&whole[..length]).is_err(), "{length}");
        }
        let second = whole.len() - (whole.len() - 12 - 4 * 2) / 3;
        assert!(all(&whole[..second]).is_err());
        let mut lies = whole.clone();
        let at = 12 + u32::from_le_bytes(whole[8..12].try_into().unwrap()) as usize;
        lies[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(all(&lies).unwrap_err().to_string().starts_with(&format!("feature 1, byte {at}: announces")));
        assert!(all(b"fgb\x02fgb\x00").is_err());
    }

    #[test]
    fn an_index_is_as_long_as_the_format_says() {
        // 179 features at 16 a node: 179 + 12 + 1 nodes; a lone one has its root beside it.
        assert_eq!(index_bytes(179, 16), Some(192 * 40));
        assert_eq!(index_bytes(1, 16), Some(80));
        assert_eq!(index_bytes(u64::MAX, 2), None);
    }

    proptest! {
        #[test]
        fn no_damage_makes_it_panic(changes in prop::collection::vec((0..300_usize, any::<u8>()), 1..6), keep in 0..400_usize) {
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
