//! Features of a GeoJSON file, one after the other.
//! Called by the command with an open file; a file may be far larger than what is held of it at a time.
//! No bytes make it panic; one feature is held at a time, and none larger than `FEATURE_BYTES_MAX`.

use std::io::{BufRead, ErrorKind};

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use serde_json::{Map, Value};

use super::fault::FETCH_AGAIN;
use super::record::{DEPTH_MAX, bounded};
use super::{BadSource, FEATURE_BYTES_MAX, Projection, Record};

/// What to do about a text that is no GeoJSON.
const SAVE_AGAIN: &str = "save it as a GeoJSON FeatureCollection (RFC 7946) in UTF-8";

/// Reads the features of a `FeatureCollection`.
pub struct GeoJson<R> {
    input: R,
    /// Bytes read.
    at: u64,
    /// Features begun.
    count: u64,
    buffer: Vec<u8>,
    projection: Result<Projection, String>,
    ended: bool,
}

impl<R: BufRead> GeoJson<R> {
    /// Reads up to the features; what stands before them may name a projection (GeoJSON 2008, as ogr2ogr writes it).
    pub fn open(input: R) -> Result<GeoJson<R>, BadSource> {
        let mut file =
            GeoJson { input, at: 0, count: 0, buffer: Vec::new(), projection: Ok(Projection::Degrees), ended: false };
        for mark in [0xEF, 0xBB, 0xBF] {
            if file.peek()? != Some(mark) {
                break;
            }
            file.bump();
        }
        if file.skip_space()? != Some(b'{') {
            return Err(file.bad("is not a JSON object", SAVE_AGAIN));
        }
        file.bump();
        loop {
            match file.skip_space()? {
                Some(b'"') => {}
                Some(b',') => {
                    file.bump();
                    continue;
                }
                Some(b'}') => return Err(file.bad("has no features", SAVE_AGAIN)),
                Some(_) => return Err(file.bad("is not JSON", SAVE_AGAIN)),
                None => return Err(file.bad("the file ends before its features", FETCH_AGAIN)),
            }
            let key: String = file.value()?;
            if file.skip_space()? != Some(b':') {
                return Err(file.bad("is not JSON", SAVE_AGAIN));
            }
            file.bump();
            if key == "features" {
                if file.skip_space()? != Some(b'[') {
                    return Err(file.bad("“features” is not a list", SAVE_AGAIN));
                }
                file.bump();
                return Ok(file);
            }
            file.skip_space()?;
            let value: Value = file.value()?;
            match key.as_str() {
                "crs" => file.projection = projection(&value),
                "type" if value != "FeatureCollection" => {
                    return Err(file.bad(format!("is a {value:.40}, not a FeatureCollection"), SAVE_AGAIN));
                }
                _ => {}
            }
        }
    }

    /// What the file says about its projection; degrees when it says nothing.
    pub fn projection(&self) -> Result<Projection, String> {
        self.projection.clone()
    }

    fn bad(&self, what: impl Into<String>, fix: &str) -> BadSource {
        let feature = if self.count > 0 { format!("feature {}, ", self.count) } else { String::new() };
        BadSource::new(format!("{feature}byte {}", self.at), what, fix)
    }

    fn peek(&mut self) -> Result<Option<u8>, BadSource> {
        loop {
            match self.input.fill_buf() {
                Ok(chunk) => return Ok(chunk.first().copied()),
                Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
                Err(fault) => return Err(BadSource::read(format!("byte {}", self.at), &fault)),
            }
        }
    }

    fn bump(&mut self) {
        self.input.consume(1);
        self.at += 1;
    }

    fn skip_space(&mut self) -> Result<Option<u8>, BadSource> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.bump(),
                other => return Ok(other),
            }
        }
    }

    /// The next JSON value, cut out by its brackets and quotes and then read by a parser.
    fn value<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, BadSource> {
        self.buffer.clear();
        let start = self.at;
        let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
        'value: loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(fault) if fault.kind() == ErrorKind::Interrupted => continue,
                Err(fault) => return Err(BadSource::read(format!("byte {}", self.at), &fault)),
            };
            if chunk.is_empty() {
                return Err(self.bad("the file ends in the middle of it", FETCH_AGAIN));
            }
            let mut used = 0;
            let mut whole = false;
            for &byte in chunk {
                if in_text {
                    used += 1;
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            in_text = false;
                            if depth == 0 {
                                whole = true;
                                break;
                            }
                        }
                        _ => {}
                    }
                    continue;
                }
                match byte {
                    b'"' => in_text = true,
                    b'{' | b'[' => depth += 1,
                    // A bare number or word ends before what follows it.
                    b'}' | b']' | b',' if depth == 0 => {
                        whole = true;
                        break;
                    }
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            used += 1;
                            whole = true;
                            break;
                        }
                    }
                    _ => {}
                }
                used += 1;
            }
            if self.buffer.len() + used > FEATURE_BYTES_MAX {
                let what = format!("has more than {FEATURE_BYTES_MAX} bytes");
                return Err(self.bad(what, "split or simplify it"));
            }
            self.buffer.extend_from_slice(&chunk[..used]);
            self.input.consume(used);
            self.at += used as u64;
            if whole {
                break 'value;
            }
        }
        serde_json::from_slice(&self.buffer).map_err(|fault| {
            let feature = if self.count > 0 { format!("feature {}, ", self.count) } else { String::new() };
            BadSource::new(format!("{feature}from byte {start}"), format!("is not JSON: {fault}"), SAVE_AGAIN)
        })
    }

    fn step(&mut self) -> Result<Option<Record>, BadSource> {
        loop {
            match self.skip_space()? {
                Some(b',') => self.bump(),
                Some(b']') => return Ok(None),
                Some(_) => break,
                None => return Err(self.bad("the file ends before its features do", FETCH_AGAIN)),
            }
        }
        self.count += 1;
        let mut value: Value = self.value()?;
        let label = format!("feature {}", self.count);
        let id = match value.get("id") {
            Some(Value::String(id)) => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        let geometry = match value.get("geometry") {
            Some(geometry) => geometry_of(geometry, 0).and_then(bounded),
            None => Err("is not a Feature with a geometry".to_owned()),
        };
        let properties = match value.get_mut("properties").map(Value::take) {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        Ok(Some(Record { label, id, properties, geometry, note: None }))
    }
}

impl<R: BufRead> Iterator for GeoJson<R> {
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

/// `{"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32639"}}`, which RFC 7946 gave up and GIS still write.
fn projection(crs: &Value) -> Result<Projection, String> {
    match crs.pointer("/properties/name").and_then(Value::as_str) {
        Some(name) => Projection::from_name(name),
        None if crs.is_null() => Ok(Projection::Degrees),
        None => Err("its “crs” has no name; write --crs EPSG:4326 if it is in degrees".to_owned()),
    }
}

/// Reads a GeoJSON geometry.
pub(crate) fn geometry_of(value: &Value, depth: usize) -> Result<Geometry<f64>, String> {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or("null");
    let coordinates = || value.get("coordinates").ok_or_else(|| format!("a {kind:.40} without coordinates"));
    Ok(match kind {
        "Point" => Geometry::Point(Point(position(coordinates()?)?)),
        "MultiPoint" => Geometry::MultiPoint(MultiPoint(line(coordinates()?)?.0.into_iter().map(Point).collect())),
        "LineString" => Geometry::LineString(line(coordinates()?)?),
        "MultiLineString" => Geometry::MultiLineString(MultiLineString(list(coordinates()?, line)?)),
        "Polygon" => Geometry::Polygon(polygon(coordinates()?)?),
        "MultiPolygon" => Geometry::MultiPolygon(MultiPolygon(list(coordinates()?, polygon)?)),
        "GeometryCollection" if depth < DEPTH_MAX => {
            let parts = value.get("geometries").ok_or("a GeometryCollection without geometries")?;
            Geometry::GeometryCollection(GeometryCollection(list(parts, |part| geometry_of(part, depth + 1))?))
        }
        "null" => return Err("has no geometry".to_owned()),
        other => return Err(format!("its geometry is a {other:.40}, which is not known")),
    })
}

fn list<T>(value: &Value, each: impl Fn(&Value) -> Result<T, String>) -> Result<Vec<T>, String> {
    value.as_array().ok_or_else(|| "its coordinates are not lists of numbers".to_owned())?.iter().map(each).collect()
}

fn position(value: &Value) -> Result<Coord<f64>, String> {
    match value.as_array().map(Vec::as_slice) {
        Some([x, y, ..]) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => Ok(Coord { x, y }),
            _ => Err("a coordinate is no number".to_owned()),
        },
        _ => Err("a position has fewer than two numbers".to_owned()),
    }
}

fn line(value: &Value) -> Result<LineString<f64>, String> {
    list(value, position).map(LineString)
}

fn polygon(value: &Value) -> Result<Polygon<f64>, String> {
    let mut rings = list(value, line)?.into_iter();
    let exterior = rings.next().ok_or("a polygon has no ring")?;
    Ok(Polygon::new(exterior, rings.collect()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TWO: &str = r#"{"type":"FeatureCollection","name":"x \" ] }",
        "crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::32639"}},
        "features":[ {"type":"Feature","id":7,"properties":{"NAME":"ا}"},"geometry":{"type":"Point","coordinates":[1,2,3]}},
        {"type":"Feature","properties":null,"geometry":null} ]}"#;

    fn all(text: &str) -> Result<Vec<Record>, BadSource> {
        GeoJson::open(text.as_bytes())?.collect()
    }

    #[test]
    fn features_come_one_by_one_with_the_projection_of_the_file() {
        let file = GeoJson::open(TWO.as_bytes()).unwrap();
        assert_eq!(file.projection(), Ok(Projection::Utm(32639)));
        let read: Vec<Record> = file.collect::<Result<_, _>>().unwrap();
        assert_eq!(read[0].id.as_deref(), Some("7"));
        assert_eq!(read[0].properties["NAME"], "ا}");
        assert_eq!(read[0].geometry, Ok(Geometry::Point(Point::new(1.0, 2.0))));
        assert_eq!(read[1].geometry, Err("has no geometry".to_owned()));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let said = |text: &str| all(text).unwrap_err().to_string();
        for length in (20..TWO.len() - 2).filter(|&length| TWO.is_char_boundary(length)) {
            assert!(said(&TWO[..length]).contains("byte "), "cut at {length}");
        }
        assert!(said(&TWO[..TWO.len() - 40]).starts_with("feature 2, byte "));
        assert!(said(&TWO.replace("[1,2,3]", "[1,2,,3]")).starts_with("feature 1, from byte "));
        assert!(said("[]").contains("not a JSON object"));
        assert!(said(r#"{"type":"Feature","features":[]}"#).contains("not a FeatureCollection"));
        assert!(said(r#"{"features":{}}"#).contains("not a list"));
        let deep = format!(r#"{{"features":[{}"#, "[".repeat(100_000));
        assert!(said(&deep).contains("ends"));
        let deep = format!(r#"{{"features":[{}{}]}}"#, "[".repeat(1_000), "]".repeat(1_000));
        assert!(said(&deep).contains("recursion"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = GeoJson::open(bytes.as_slice()).map(Iterator::count);
        }

        #[test]
        fn no_damage_makes_it_panic(at in 0..TWO.len(), byte in any::<u8>()) {
            let mut bytes = TWO.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = GeoJson::open(bytes.as_slice()).map(Iterator::count);
        }
    }
}
