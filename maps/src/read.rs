//! Reads the city's files: TOML and GeoJSON become raw features, every fault with its place.
//! Called by `City::build` only, and for one geometry by `Footprint`'s JSON.
//! Never panics on any input; sizes are bounded before anything is built; positions are checked before they become shapes.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use serde_json::{Map, Value};

use crate::fault::{At, Faults};
use crate::{Position, Texts};

/// Most bytes of one file of a city.
pub const FILE_BYTES_MAX: usize = 64 << 20;
/// Most features in one file.
pub const FEATURES_MAX: usize = 100_000;
/// Most vertices of one feature.
pub const VERTICES_MAX: usize = 100_000;
/// Most characters of one text in a property.
pub const TEXT_LENGTH_MAX: usize = 500;
/// Most entries of a list or of a language map.
pub const LIST_LENGTH_MAX: usize = 60;

/// What is wrong, and what to do.
pub(crate) type Wrong = (String, String);

fn wrong<T>(what: impl Into<String>, fix: impl Into<String>) -> Result<T, Wrong> {
    Err((what.into(), fix.into()))
}

/// One feature of a collection, not yet understood.
pub(crate) struct Feature<'a> {
    file: &'a str,
    /// Its code, or `#3` when it has none.
    pub(crate) label: String,
    properties: Option<&'a Map<String, Value>>,
    geometry: &'a Value,
}

/// Parses JSON text within bounds; faults name line and column.
pub(crate) fn json(file: &str, text: &str, faults: &mut Faults) -> Option<Value> {
    if text.len() > FILE_BYTES_MAX {
        faults.add(
            At::file(file),
            format!("has {} bytes", text.len()),
            format!("the most is {FILE_BYTES_MAX}; split or simplify it"),
        );
        return None;
    }
    match serde_json::from_str(text.trim_start_matches('\u{FEFF}')) {
        Ok(value) => Some(value),
        Err(error) => {
            faults.add(At::file(file), format!("is not JSON: {error}"), "save it as GeoJSON (RFC 7946) in UTF-8");
            None
        }
    }
}

/// The features of a parsed `FeatureCollection`.
pub(crate) fn features<'a>(file: &'a str, collection: &'a Value, faults: &mut Faults) -> Vec<Feature<'a>> {
    let kind = collection.get("type").and_then(Value::as_str);
    let list = collection.get("features").and_then(Value::as_array).filter(|_| kind == Some("FeatureCollection"));
    let Some(list) = list else {
        let fix = "give it \"type\": \"FeatureCollection\" and a list \"features\"";
        faults.add(At::file(file), "is not a GeoJSON FeatureCollection", fix);
        return Vec::new();
    };
    if list.len() > FEATURES_MAX {
        faults.add(At::file(file), format!("has {} features", list.len()), format!("the most is {FEATURES_MAX}"));
        return Vec::new();
    }
    let mut features = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let properties = value.get("properties").and_then(Value::as_object);
        let label = properties
            .and_then(|properties| properties.get("code"))
            .and_then(Value::as_str)
            .map_or_else(|| format!("#{}", index + 1), |code| code.chars().take(80).collect());
        if value.get("type").and_then(Value::as_str) != Some("Feature") {
            faults.add(At::file(file).feature(&label), "is not a Feature", "give it \"type\": \"Feature\"");
            continue;
        }
        if properties.is_none() {
            faults.add(
                At::file(file).feature(&label).property("properties"),
                "is missing",
                "give it an object with at least a code",
            );
        }
        features.push(Feature { file, label, properties, geometry: value.get("geometry").unwrap_or(&Value::Null) });
    }
    features
}

impl<'a> Feature<'a> {
    /// A table of settings, read with the same words as a feature.
    pub(crate) fn of_table(file: &'a str, table: &'a Value) -> Feature<'a> {
        Feature { file, label: String::new(), properties: table.as_object(), geometry: &Value::Null }
    }

    /// A table within a table of settings, by its name.
    pub(crate) fn of_part(file: &'a str, name: &str, table: &'a Value) -> Feature<'a> {
        Feature { label: name.to_owned(), ..Feature::of_table(file, table) }
    }

    pub(crate) fn at<'s>(&'s self, property: &'s str) -> At<'s> {
        At::file(self.file).feature(&self.label).property(property)
    }

    /// Is the property there, whatever it holds?
    pub(crate) fn has(&self, property: &str) -> bool {
        self.properties.and_then(|properties| properties.get(property)).is_some_and(|value| !value.is_null())
    }

    /// A required property, read by `parse`; a fault and `None` when it is missing or wrong.
    pub(crate) fn need<T>(
        &self,
        property: &str,
        faults: &mut Faults,
        parse: impl FnOnce(&'a Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        match self.properties.and_then(|properties| properties.get(property)) {
            None | Some(Value::Null) => {
                faults.add(self.at(property), "is missing", "every feature of this file needs it");
                None
            }
            Some(value) => self.parsed(property, value, faults, parse),
        }
    }

    /// An optional property; missing and null are `None` without a fault.
    pub(crate) fn may<T>(
        &self,
        property: &str,
        faults: &mut Faults,
        parse: impl FnOnce(&'a Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        match self.properties.and_then(|properties| properties.get(property)) {
            None | Some(Value::Null) => None,
            Some(value) => self.parsed(property, value, faults, parse),
        }
    }

    fn parsed<T>(
        &self,
        property: &str,
        value: &'a Value,
        faults: &mut Faults,
        parse: impl FnOnce(&'a Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        parse(value).map_err(|(what, fix)| faults.add(self.at(property), what, fix)).ok()
    }

    /// The geometry, read by `parse`.
    pub(crate) fn geometry<T>(
        &self,
        faults: &mut Faults,
        parse: impl FnOnce(&'a Value) -> Result<T, Wrong>,
    ) -> Option<T> {
        self.parsed("geometry", self.geometry, faults, parse)
    }
}

/// A code type from a text.
pub(crate) fn code<T: std::str::FromStr<Err = crate::BadCode>>(value: &Value) -> Result<T, Wrong> {
    match value.as_str() {
        Some(text) => text
            .parse()
            .map_err(|bad: crate::BadCode| (bad.to_string(), "choose a short Latin name, as “river-east”".to_owned())),
        None => wrong("is not a text", "write it in quotes"),
    }
}

/// A bounded, non-empty text.
pub(crate) fn text(value: &Value) -> Result<String, Wrong> {
    match value.as_str().map(str::trim) {
        Some("") => wrong("is empty", "fill it in or leave it out"),
        Some(text) if text.chars().count() > TEXT_LENGTH_MAX => {
            wrong("is too long", format!("the most is {TEXT_LENGTH_MAX} characters"))
        }
        Some(text) => Ok(text.to_owned()),
        None => wrong("is not a text", "write it in quotes"),
    }
}

/// Texts by language; at least one.
pub(crate) fn texts(value: &Value) -> Result<Texts, Wrong> {
    const FIX: &str = "write {\"fa\": \"…\", \"en\": \"…\"}";
    let Some(map) = value.as_object() else { return wrong("is not a map of language to text", FIX) };
    if map.is_empty() || map.len() > LIST_LENGTH_MAX {
        return wrong("has no language, or too many", FIX);
    }
    map.iter()
        .map(|(language, value)| {
            let tag_fits = (2..=35).contains(&language.len())
                && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !tag_fits {
                return wrong(format!("“{language:.40}” is not a language tag"), "use BCP 47 tags, as fa, en, ckb");
            }
            Ok((language.clone(), text(value)?))
        })
        .collect()
}

/// A telephone number as people dial it: 2 to 25 characters, digits with `+`, `-`, parentheses and spaces.
pub(crate) fn phone(value: &Value) -> Result<String, Wrong> {
    let number = crate::latin_digits(&text(value)?);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let fits = (2..=20).contains(&digits)
        && number.chars().count() <= 25
        && number.chars().all(|letter| letter.is_ascii_digit() || "+-() ".contains(letter));
    if fits {
        Ok(number)
    } else {
        wrong("is not a telephone number", "write digits, as “137” or “+98 81 3825 0000”")
    }
}

/// A bounded list of texts.
pub(crate) fn text_list(value: &Value) -> Result<Vec<String>, Wrong> {
    match value.as_array() {
        Some(list) if list.len() <= LIST_LENGTH_MAX => list.iter().map(text).collect(),
        Some(_) => wrong("has too many entries", format!("the most is {LIST_LENGTH_MAX}")),
        None => wrong("is not a list of texts", "write [\"…\", \"…\"]"),
    }
}

/// A number from `min` to `max`.
pub(crate) fn number(min: f64, max: f64) -> impl Fn(&Value) -> Result<f64, Wrong> {
    move |value| match value.as_f64() {
        Some(number) if (min..=max).contains(&number) => Ok(number),
        Some(number) => wrong(format!("{number} is out of range"), format!("it must be from {min} to {max}")),
        None => wrong("is not a number", format!("write a number from {min} to {max}, without quotes or unit")),
    }
}

/// True or false.
pub(crate) fn flag(value: &Value) -> Result<bool, Wrong> {
    value.as_bool().map_or_else(|| wrong("is neither true nor false", "write it without quotes"), Ok)
}

/// A whole number from `min` to `max`.
pub(crate) fn whole(min: u64, max: u64) -> impl Fn(&Value) -> Result<u64, Wrong> {
    move |value| match value.as_u64() {
        Some(number) if (min..=max).contains(&number) => Ok(number),
        _ => {
            wrong("is not a whole number in range", format!("write a whole number from {min} to {max}, without quotes"))
        }
    }
}

/// One of a fixed list of words.
pub(crate) fn one_of<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Result<T, Wrong> {
    move |value| {
        let given = value.as_str().unwrap_or_default();
        words.iter().find(|(word, _)| *word == given).map(|(_, kind)| *kind).ok_or_else(|| {
            let known = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            (format!("“{given:.40}” is not known"), format!("use one of {known}"))
        })
    }
}

/// A `Point`.
pub(crate) fn point(geometry: &Value) -> Result<Position, Wrong> {
    let coordinates = coordinates(geometry, &["Point"])?.1;
    let coord = position(coordinates)?;
    Position::new(coord.x, coord.y).map_err(|bad| (bad.to_string(), "check the position".to_owned()))
}

/// A `LineString` of at least two different points.
pub(crate) fn line(geometry: &Value) -> Result<LineString<f64>, Wrong> {
    let (_, coordinates) = coordinates(geometry, &["LineString"])?;
    let mut left = VERTICES_MAX;
    let mut line = positions(coordinates, &mut left)?;
    line.0.dedup();
    if line.0.len() < 2 {
        return wrong("the line has fewer than two different points", "draw it from source to mouth");
    }
    Ok(line)
}

/// A `Polygon` or `MultiPolygon` whose rings are closed; exterior rings are turned anticlockwise, interior ones clockwise.
pub(crate) fn shape_from_geometry(geometry: &Value) -> Result<MultiPolygon<f64>, Wrong> {
    use geo::orient::{Direction, Orient};
    let (kind, coordinates) = coordinates(geometry, &["Polygon", "MultiPolygon"])?;
    let mut left = VERTICES_MAX;
    let shape = if kind == "Polygon" {
        MultiPolygon(vec![polygon(coordinates, &mut left)?])
    } else {
        let Some(parts) = coordinates.as_array() else {
            return wrong("coordinates are not a list", "see RFC 7946 §3.1.7");
        };
        MultiPolygon(parts.iter().map(|part| polygon(part, &mut left)).collect::<Result<_, _>>()?)
    };
    Ok(shape.orient(Direction::Default))
}

/// As [`shape_from_geometry`], but rings that are not closed are closed and those without area are left out, with a note for each
/// sort of thing that was done; the rings are not turned.
pub(crate) fn shape_to_mend(geometry: &Value) -> Result<(MultiPolygon<f64>, Vec<&'static str>), Wrong> {
    let (kind, coordinates) = coordinates(geometry, &["Polygon", "MultiPolygon"])?;
    let lone = [coordinates.clone()];
    let parts = match (kind, coordinates.as_array()) {
        ("Polygon", _) => &lone[..],
        (_, Some(parts)) => parts.as_slice(),
        (_, None) => return wrong("coordinates are not a list", "see RFC 7946 §3.1.7"),
    };
    let mut left = VERTICES_MAX;
    let mut notes = Vec::new();
    let mut note = |note: &'static str| {
        if !notes.contains(&note) {
            notes.push(note);
        }
    };
    let mut shape = Vec::with_capacity(parts.len().min(16));
    for part in parts {
        let Some(list) = part.as_array() else {
            return wrong("a polygon is not a list of rings", "see RFC 7946 §3.1.6");
        };
        let mut rings = Vec::with_capacity(list.len().min(16));
        for (number, value) in list.iter().enumerate() {
            let mut ring = positions(value, &mut left)?;
            if ring.0.first() != ring.0.last() {
                ring.close();
                note("a ring was not closed (first and last points differ); it was closed by a straight line");
            }
            ring.0.dedup();
            if ring.0.len() >= 4 {
                rings.push(ring);
                continue;
            }
            note("a ring had fewer than three different points; it was left out");
            if number == 0 {
                // Without an exterior there is nothing for holes to be in.
                break;
            }
        }
        let mut rings = rings.into_iter();
        if let Some(exterior) = rings.next() {
            shape.push(Polygon::new(exterior, rings.collect()));
        }
    }
    if shape.is_empty() {
        return wrong("no ring has three different points", "draw its outline again");
    }
    Ok((MultiPolygon(shape), notes))
}

fn coordinates<'a>(geometry: &'a Value, kinds: &[&'static str]) -> Result<(&'static str, &'a Value), Wrong> {
    let given = geometry.get("type").and_then(Value::as_str).unwrap_or("null");
    match (kinds.iter().find(|kind| **kind == given), geometry.get("coordinates")) {
        (Some(kind), Some(coordinates)) => Ok((kind, coordinates)),
        (Some(_), None) => wrong("has no coordinates", "see RFC 7946 §3.1"),
        (None, _) => wrong(format!("is a {given:.40}"), format!("draw it as {}", kinds.join(" or "))),
    }
}

fn polygon(value: &Value, left: &mut usize) -> Result<Polygon<f64>, Wrong> {
    let Some(list) = value.as_array() else { return wrong("a polygon is not a list of rings", "see RFC 7946 §3.1.6") };
    let mut rings = Vec::with_capacity(list.len().min(16));
    for value in list {
        let mut ring = positions(value, left)?;
        if ring.0.first() != ring.0.last() {
            return wrong("a ring is not closed (first and last points differ)", "repeat the first point at the end");
        }
        ring.0.dedup();
        if ring.0.len() < 4 {
            return wrong("a ring has fewer than three different points", "draw it again");
        }
        rings.push(ring);
    }
    if rings.is_empty() {
        return wrong("a polygon has no ring", "draw its outline");
    }
    let exterior = rings.remove(0);
    Ok(Polygon::new(exterior, rings))
}

fn positions(value: &Value, left: &mut usize) -> Result<LineString<f64>, Wrong> {
    let Some(list) = value.as_array() else {
        return wrong("coordinates are not a list of positions", "see RFC 7946 §3.1.1");
    };
    if list.len() > *left {
        return wrong("has too many vertices", format!("the most is {VERTICES_MAX}; simplify it"));
    }
    *left -= list.len();
    list.iter().map(position).collect()
}

fn position(value: &Value) -> Result<Coord<f64>, Wrong> {
    let Some([lon, lat, ..]) = value.as_array().map(Vec::as_slice) else {
        return wrong("a position is not a list of two numbers", "write [longitude, latitude]");
    };
    match (lon.as_f64(), lat.as_f64()) {
        (Some(lon), Some(lat)) => Position::new(lon, lat)
            .map(Position::coord)
            .map_err(|bad| (bad.to_string(), "write [longitude, latitude] in degrees".to_owned())),
        _ => wrong("a position is not a list of two numbers", "write [longitude, latitude]"),
    }
}
