//! Features of a FlatGeobuf file, in the order in which they stand there.
//! Called by the command with an open file; the spatial index inside is passed over.
//! No bytes make it panic; a feature is held at a time. Source: flatgeobuf.org/schema, version 3; FlatBuffers internals.

use std::io::Read;

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use serde_json::{Map, Number, Value};

use super::fault::{FETCH_AGAIN, read_whole};
use super::flatbuffer::{Table, table};
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
        let cut = || BadSource::new("header", "does not fit together", FETCH_AGAIN);
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
        let header = table(&buffer).ok_or_else(cut)?;
        let kind = header.byte(2).ok_or_else(cut)?.unwrap_or(0);
        let columns = columns(&header, 7).ok_or_else(cut)?;
        let count = header.long(8).ok_or_else(cut)?.unwrap_or(0);
        let node_size = header.short(9).ok_or_else(cut)?.unwrap_or(16);
        let projection = match header.table(10).ok_or_else(cut)? {
            None => Ok(Projection::Degrees),
            Some(crs) => match crs.int(1).ok_or_else(cut)?.unwrap_or(0) {
                0 => match crs.text(4).ok_or_else(cut)? {
                    Some(wkt) => Projection::from_wkt(wkt),
                    None => Ok(Projection::Degrees),
                },
                code => Projection::from_name(&code.to_string()),
            },
        };
        if count > 0 && node_size > 0 {
            let index = index_bytes(count, node_size).ok_or_else(cut)?;
            let passed = std::io::copy(&mut input.by_ref().take(index), &mut std::io::sink()).map_err(read)?;
            if passed < index {
                return Err(BadSource::new("index", "the file ends in the middle of it", FETCH_AGAIN));
            }
            at += index;
        }
        Ok(FlatGeobuf { input, at, count: 0, buffer: Vec::new(), kind, columns, projection, ended: false })
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
        let cut = || BadSource::new(&here, "does not fit together", FETCH_AGAIN);
        let feature = table(&self.buffer).ok_or_else(cut)?;
        let geometry = match feature.table(0).ok_or_else(cut)? {
            Some(shape) => geometry(&shape, self.kind, 0).ok_or_else(cut)?.and_then(bounded),
            None => Err("has no geometry".to_owned()),
        };
        let own = columns(&feature, 2).ok_or_else(cut)?;
        let known = if own.is_empty() { &self.columns } else { &own };
        let properties = match feature.bytes(1).ok_or_else(cut)? {
            Some(bytes) => properties(bytes, known).ok_or_else(cut)?,
            None => Map::new(),
        };
        Ok(Some(Record { label: format!("feature {}", self.count), id: None, properties, geometry }))
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

fn columns(of: &Table<'_>, field: usize) -> Option<Vec<(String, u8)>> {
    let Some(tables) = of.tables(field)? else { return Some(Vec::new()) };
    tables.into_iter().map(|column| Some((column.text(0)??.to_owned(), column.byte(1)?.unwrap_or(0)))).collect()
}

/// Pairs of column number and value, one after the other.
fn properties(mut bytes: &[u8], columns: &[(String, u8)]) -> Option<Map<String, Value>> {
    fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
        let (taken, left) = bytes.split_at_checked(count)?;
        *bytes = left;
        Some(taken)
    }
    fn fixed<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        take(bytes, N)?.try_into().ok()
    }
    let mut properties = Map::new();
    while !bytes.is_empty() {
        let column = usize::from(u16::from_le_bytes(fixed(&mut bytes)?));
        let (name, kind) = columns.get(column)?;
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
            _ => return None,
        };
        properties.insert(name.clone(), value);
    }
    Some(properties)
}

fn number(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// None when the bytes do not fit together; an error when the shape is one that we can't use.
fn geometry(of: &Table<'_>, kind: u8, depth: usize) -> Option<Result<Geometry<f64>, String>> {
    let kind = if kind == 0 { of.byte(6)?.unwrap_or(0) } else { kind };
    if (6..=7).contains(&kind) {
        if depth >= DEPTH_MAX {
            return Some(Err("its parts are nested too deep".to_owned()));
        }
        let mut parts = Vec::new();
        for part in of.tables(7)?.unwrap_or_default() {
            match geometry(&part, if kind == 6 { 3 } else { 0 }, depth + 1)? {
                Ok(part) => parts.push(part),
                Err(why) => return Some(Err(why)),
            }
        }
        if kind == 7 {
            return Some(Ok(Geometry::GeometryCollection(GeometryCollection(parts))));
        }
        let polygons = parts.into_iter().filter_map(|part| Polygon::try_from(part).ok()).collect();
        return Some(Ok(Geometry::MultiPolygon(MultiPolygon(polygons))));
    }
    let points: Vec<Coord<f64>> =
        of.doubles(1)?.unwrap_or_default().chunks_exact(2).map(|xy| Coord { x: xy[0], y: xy[1] }).collect();
    if points.is_empty() {
        return Some(Err("its geometry is empty".to_owned()));
    }
    let ends = of.ints(0)?.unwrap_or_default();
    let parts = || -> Option<Vec<LineString<f64>>> {
        if ends.is_empty() {
            return Some(vec![LineString(points.clone())]);
        }
        let mut from = 0;
        let mut parts = Vec::with_capacity(ends.len());
        for &end in &ends {
            parts.push(LineString(points.get(from..end as usize)?.to_vec()));
            from = end as usize;
        }
        Some(parts)
    };
    Some(Ok(match kind {
        1 => Geometry::Point(Point(points[0])),
        2 => Geometry::LineString(LineString(points)),
        3 => {
            let mut rings = parts()?.into_iter();
            Geometry::Polygon(Polygon::new(rings.next()?, rings.collect()))
        }
        4 => Geometry::MultiPoint(MultiPoint(points.into_iter().map(Point).collect())),
        5 => Geometry::MultiLineString(MultiLineString(parts()?)),
        other => {
            return Some(Err(format!("its geometry is of type {other}, which is not known (curves? linearise them)")));
        }
    }))
}
