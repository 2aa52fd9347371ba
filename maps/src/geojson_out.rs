//! The map as GeoJSON (RFC 7946) for the web map and for other systems.
//! Called by the service's HTTP rooms; the shape form also by `Footprint`'s JSON.
//! Each collection carries the map's hash and says whether it is approximate.

use geo_types::{LineString, MultiPolygon, Polygon};
use serde_json::{Value, json};

use crate::{City, Position, RoadBed};

impl City {
    /// All zones as a `FeatureCollection` of `MultiPolygon`s: code, name, kind, parent, population, elevation_m, leaf, label_at.
    pub fn zones_geojson(&self) -> Value {
        self.collection(self.zones().iter().map(|zone| {
            feature(
                zone.code.as_str(),
                &shape_geometry(&zone.shape),
                &json!({
                    "code": zone.code, "name": zone.name, "kind": zone.kind, "parent": zone.parent,
                    "population": zone.population, "elevation_m": zone.elevation_m, "leaf": zone.is_leaf,
                    "label_at": [zone.label_at.lon(), zone.label_at.lat()],
                }),
            )
        }))
    }

    /// All reaches as a `FeatureCollection` of `LineString`s in the direction of flow: code, name, flows_into, travel_minutes.
    pub fn waterways_geojson(&self) -> Value {
        self.collection(self.reaches().iter().map(|reach| {
            feature(
                reach.code.as_str(),
                &line_geometry(&reach.line),
                &json!({
                    "code": reach.code, "name": reach.name, "flows_into": reach.flows_into,
                    "travel_minutes": reach.travel_minutes, "length_m": reach.length_m.round(),
                }),
            )
        }))
    }

    /// All places as a `FeatureCollection` of `Point`s: code, name, kind, critical, zone, and capacity and phone where known.
    pub fn places_geojson(&self) -> Value {
        self.collection(self.places().iter().map(|place| {
            feature(
                place.code.as_str(),
                &point_geometry(place.position),
                &json!({
                    "code": place.code, "name": place.name, "kind": place.kind, "critical": place.kind.is_critical(),
                    "zone": self.zone_at(place.position).map(|zone| &zone.code),
                    "capacity": place.capacity, "phone": place.phone,
                }),
            )
        }))
    }

    /// All gauges as a `FeatureCollection` of `Point`s: code, name, quantity, reach, zone, datum_m, elevation_m, thresholds.
    pub fn gauges_geojson(&self) -> Value {
        self.collection(self.gauges().iter().map(|gauge| {
            feature(
                gauge.code.as_str(),
                &point_geometry(gauge.position),
                &json!({
                    "code": gauge.code, "name": gauge.name, "quantity": gauge.quantity, "reach": gauge.reach,
                    "zone": gauge.zone, "datum_m": gauge.datum_m, "elevation_m": gauge.elevation_m,
                    "thresholds": gauge.thresholds, "expected_interval_secs": gauge.expected_interval_secs,
                }),
            )
        }))
    }

    /// All roads as a `FeatureCollection` of `LineString`s: code, name, class, bridge, tunnel, ford, pass, one_way, minutes, length_m,
    /// elevation_m.
    pub fn roads_geojson(&self) -> Value {
        self.collection(self.roads().iter().map(|road| {
            feature(
                road.code.as_str(),
                &line_geometry(&road.line),
                &json!({
                    "code": road.code, "name": road.name, "class": road.class,
                    "bridge": road.bed == RoadBed::Bridge, "tunnel": road.bed == RoadBed::Tunnel,
                    "ford": road.bed == RoadBed::Ford, "pass": road.pass, "one_way": road.one_way,
                    "minutes": (road.minutes * 100.0).round() / 100.0, "length_m": road.length_m.round(),
                    "elevation_m": road.elevation_m,
                }),
            )
        }))
    }

    fn collection(&self, features: impl Iterator<Item = Value>) -> Value {
        json!({
            "type": "FeatureCollection",
            "map": self.hash(),
            "approximate": self.approximate(),
            "label": self.label(),
            "features": features.collect::<Vec<_>>(),
        })
    }
}

fn feature(id: &str, geometry: &Value, properties: &Value) -> Value {
    json!({ "type": "Feature", "id": id, "geometry": geometry, "properties": properties })
}

fn point_geometry(position: Position) -> Value {
    json!({ "type": "Point", "coordinates": [position.lon(), position.lat()] })
}

fn line_geometry(line: &LineString<f64>) -> Value {
    json!({ "type": "LineString", "coordinates": ring(line) })
}

/// A shape as a GeoJSON geometry: `Polygon` when it has one part, else `MultiPolygon`.
pub fn shape_geometry(shape: &MultiPolygon<f64>) -> Value {
    match shape.0.as_slice() {
        [only] => json!({ "type": "Polygon", "coordinates": rings(only) }),
        parts => json!({ "type": "MultiPolygon", "coordinates": parts.iter().map(rings).collect::<Vec<_>>() }),
    }
}

fn rings(polygon: &Polygon<f64>) -> Vec<Value> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect()
}

fn ring(line: &LineString<f64>) -> Value {
    Value::Array(line.coords().map(|coord| json!([coord.x, coord.y])).collect())
}

/// Serde form of a shape: a GeoJSON geometry.
pub(crate) mod shape {
    use geo_types::MultiPolygon;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(shape: &MultiPolygon<f64>, out: S) -> Result<S::Ok, S::Error> {
        super::shape_geometry(shape).serialize(out)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<MultiPolygon<f64>, D::Error> {
        let value = serde_json::Value::deserialize(from)?;
        crate::read::shape_from_geometry(&value).map_err(|fault| D::Error::custom(format!("{}; {}", fault.0, fault.1)))
    }
}
