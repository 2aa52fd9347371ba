//! Writes features of a city's file, each checked by the very reader of the city.
//! Called by every maker of a layer with properties and a shape in degrees.
//! A feature that the city would refuse is left out and counted; a property that it would refuse is left out of its feature and noted.

use std::collections::BTreeMap;

use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point};
use serde_json::{Map, Value, json};

use super::Report;
use crate::fault::Faults;
use crate::read::FEATURES_MAX;
use crate::{features, read};

/// Coordinates are written to this part of a degree, a centimetre; neighbours that share a point still do.
const STEPS_PER_DEGREE: f64 = 1e7;

/// The lines of one file of a city.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// By code, so that two imports of one source are one text.
    by_code: BTreeMap<String, String>,
}

/// Which of the city's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Zone,
    Reach,
    Gauge,
    Place,
    Road,
}

impl Kind {
    pub(crate) fn file(self) -> &'static str {
        match self {
            Kind::Zone => "zones.geojson",
            Kind::Reach => "waterways.geojson",
            Kind::Gauge => "gauges.geojson",
            Kind::Place => "places.geojson",
            Kind::Road => "roads.geojson",
        }
    }

    /// Without these a feature is nothing; any other can be left out.
    fn needs(self, property: &str) -> bool {
        match property {
            "code" | "name" | "geometry" | "properties" => true,
            "kind" => matches!(self, Kind::Zone | Kind::Place),
            "class" => self == Kind::Road,
            "travel_minutes" => self == Kind::Reach,
            "quantity" | "expected_interval_secs" => self == Kind::Gauge,
            _ => false,
        }
    }
}

impl Lines {
    /// Is the code free?
    pub(crate) fn is_free(&self, code: &str) -> bool {
        !self.by_code.contains_key(code)
    }

    /// A code that is free: itself, or with the first number behind it that is.
    pub(crate) fn free(&self, code: String) -> String {
        if self.is_free(&code) {
            return code;
        }
        // One of so many numbers is free among so many codes.
        let numbers = 2..=self.by_code.len() + 2;
        let free = numbers.map(|number| format!("{code}-{number}")).find(|code| self.is_free(code));
        free.unwrap_or(code)
    }

    /// Puts a feature, if the city would take it.
    pub(crate) fn put(
        &mut self,
        kind: Kind,
        mut properties: Map<String, Value>,
        geometry: &Value,
        label: &str,
        report: &mut Report,
    ) -> bool {
        if self.by_code.len() >= FEATURES_MAX {
            report.skip(format!("there is room for {FEATURES_MAX} features in {}", kind.file()), label);
            return false;
        }
        let code = properties.get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
        let feature = loop {
            let feature = json!({ "type": "Feature", "properties": properties, "geometry": geometry });
            match refused(kind, &feature) {
                None => break feature,
                // A road needs no name of its own to be a road.
                Some((property, _)) if kind == Kind::Road && property == "name" && !properties.contains_key("name") => {
                    report.note("has no name; “unnamed road” was written", label);
                    properties.insert("name".to_owned(), json!({ "fa": "راه بی‌نام", "en": "unnamed road" }));
                }
                Some((property, what)) if !kind.needs(&property) && properties.contains_key(&property) => {
                    report.note(format!("{property} {what}; it was left out"), label);
                    properties.remove(&property);
                }
                Some((property, what)) => {
                    report.skip(format!("{property} {what}"), label);
                    return false;
                }
            }
        };
        if !self.is_free(&code) {
            report.skip("its code stands twice", label);
            return false;
        }
        let text = |property: &str| {
            feature.pointer(&format!("/properties/{property}")).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let name: crate::Texts = feature
            .pointer("/properties/name")
            .and_then(|name| serde_json::from_value(name.clone()).ok())
            .unwrap_or_default();
        let what = ["kind", "class", "quantity", "flows_into"]
            .iter()
            .map(|property| text(property))
            .find(|text| !text.is_empty());
        report.show([
            code.clone(),
            crate::text_in(&name, "fa").to_owned(),
            what.unwrap_or_default(),
            whereabouts(geometry),
        ]);
        report.made += 1;
        self.by_code.insert(code, feature.to_string());
        true
    }

    /// The file: one feature a line.
    pub(crate) fn text(self) -> String {
        let mut text = "{\"type\": \"FeatureCollection\", \"features\": [".to_owned();
        for (number, line) in self.by_code.into_values().enumerate() {
            text.push_str(if number > 0 { ",\n" } else { "\n" });
            text.push_str(&line);
        }
        text.push_str("\n]}\n");
        text
    }
}

/// The property and why the city would refuse the feature.
fn refused(kind: Kind, feature: &Value) -> Option<(String, String)> {
    let collection = json!({ "type": "FeatureCollection", "features": [feature] });
    let mut faults = Faults::default();
    let read = read::features(kind.file(), &collection, &mut faults);
    let taken = read.first().is_some_and(|feature| match kind {
        Kind::Zone => features::read_zone(feature, &mut faults).is_some(),
        Kind::Reach => features::read_reach(feature, &mut faults).is_some(),
        Kind::Gauge => features::read_gauge(feature, &mut faults).is_some(),
        Kind::Place => features::read_place(feature, &mut faults).is_some(),
        Kind::Road => features::read_road(feature, &mut faults).is_some(),
    });
    match faults.into_list().into_iter().next() {
        Some(fault) => Some((fault.property.unwrap_or_else(|| "geometry".to_owned()), fault.what)),
        None if taken => None,
        None => Some(("geometry".to_owned(), "can't be used".to_owned())),
    }
}

fn whereabouts(geometry: &Value) -> String {
    let mut at = &geometry["coordinates"];
    while let Some(Value::Array(_)) = at.get(0) {
        at = &at[0];
    }
    match (at.get(0).and_then(Value::as_f64), at.get(1).and_then(Value::as_f64)) {
        (Some(lon), Some(lat)) => format!("{lon:.5}, {lat:.5}"),
        _ => String::new(),
    }
}

/// A coordinate as it is written.
pub(crate) fn rounded(coord: Coord<f64>) -> Coord<f64> {
    let round = |degrees: f64| (degrees * STEPS_PER_DEGREE).round() / STEPS_PER_DEGREE;
    Coord { x: round(coord.x), y: round(coord.y) }
}

pub(crate) fn point_value(point: Coord<f64>) -> Value {
    let Coord { x, y } = rounded(point);
    json!({ "type": "Point", "coordinates": [x, y] })
}

pub(crate) fn line_value(line: &LineString<f64>) -> Value {
    json!({ "type": "LineString", "coordinates": coords_value(line) })
}

pub(crate) fn areas_value(areas: &MultiPolygon<f64>) -> Value {
    let rings = |polygon: &geo_types::Polygon<f64>| -> Vec<Value> {
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(coords_value).collect()
    };
    match areas.0.as_slice() {
        [only] => json!({ "type": "Polygon", "coordinates": rings(only) }),
        parts => json!({ "type": "MultiPolygon", "coordinates": parts.iter().map(rings).collect::<Vec<_>>() }),
    }
}

fn coords_value(line: &LineString<f64>) -> Value {
    let mut coords: Vec<Coord<f64>> = line.0.iter().map(|&coord| rounded(coord)).collect();
    coords.dedup();
    Value::Array(coords.into_iter().map(|coord| json!([coord.x, coord.y])).collect())
}

/// The point that stands for a geometry, as a geometry of its own.
pub(crate) fn as_point(geometry: &Geometry<f64>) -> Option<Point<f64>> {
    super::record::point_of(geometry).map(Point)
}
