//! Positions on the earth, and the local plane on which metres are measured.
//! Called by everything that has a place; the plane by everything that has a distance.
//! A `Position` is finite and in range; degrees never reach a calculation that means metres.

use geo_types::{Coord, LineString, MultiPolygon, Point, Polygon};
use serde::{Deserialize, Serialize};

/// A place on the earth in WGS 84 degrees, longitude first (x, y), checked.
///
/// In JSON `{"lon": 48.5148, "lat": 34.7983}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPosition", into = "RawPosition")]
pub struct Position {
    lon: f64,
    lat: f64,
}

/// Numbers that are not a position.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "longitude {lon}, latitude {lat} is not a position: longitude is -180 to 180, latitude -90 to 90 (is the order lon, lat?)"
)]
pub struct BadPosition {
    lon: f64,
    lat: f64,
}

impl Position {
    /// Longitude and latitude in degrees, in this order; refuses NaN, infinities and what is out of range.
    pub fn new(lon: f64, lat: f64) -> Result<Position, BadPosition> {
        // `contains` is false for NaN, so NaN is refused as well.
        if (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) {
            Ok(Position { lon, lat })
        } else {
            Err(BadPosition { lon, lat })
        }
    }

    /// Degrees east of Greenwich.
    pub fn lon(self) -> f64 {
        self.lon
    }

    /// Degrees north of the equator.
    pub fn lat(self) -> f64 {
        self.lat
    }

    /// Metres to `other` on a sphere of the mean radius (haversine, geo's 6,371,008.8 m; within 0.6 % of the ellipsoid).
    pub fn metres_to(self, other: Position) -> f64 {
        use geo::{Distance, Haversine};
        Haversine.distance(Point::from(self), Point::from(other))
    }

    /// As a coordinate, x = longitude, y = latitude.
    pub fn coord(self) -> Coord<f64> {
        Coord { x: self.lon, y: self.lat }
    }
}

impl From<Position> for Point<f64> {
    fn from(position: Position) -> Point<f64> {
        Point(position.coord())
    }
}

impl std::fmt::Display for Position {
    /// Latitude first, as people and `geo:` links write it.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.5},{:.5}", self.lat, self.lon)
    }
}

#[derive(Serialize, Deserialize)]
struct RawPosition {
    lon: f64,
    lat: f64,
}

impl TryFrom<RawPosition> for Position {
    type Error = BadPosition;
    fn try_from(raw: RawPosition) -> Result<Position, BadPosition> {
        Position::new(raw.lon, raw.lat)
    }
}

impl From<Position> for RawPosition {
    fn from(position: Position) -> RawPosition {
        RawPosition { lon: position.lon, lat: position.lat }
    }
}

/// A local plane in metres: equirectangular, scaled with the WGS 84 radii of curvature at its origin.
///
/// East is x, north is y. Within 20 km of the origin at latitude 35° lengths are right to 0.25 % (the scale of x changes with
/// tan(latitude) per radian of latitude). Source of the radii: NGA.STND.0036 (WGS 84), a = 6,378,137 m, f = 1/298.257223563.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    origin: Coord<f64>,
    metres_per_lon: f64,
    metres_per_lat: f64,
}

impl Plane {
    pub(crate) fn at(origin: Coord<f64>) -> Plane {
        const A: f64 = 6_378_137.0;
        const E2: f64 = 0.006_694_379_990_14;
        // At the very pole a degree of longitude has no length; the plane stays invertible.
        let lat = origin.y.clamp(-89.9, 89.9).to_radians();
        let w2 = 1.0 - E2 * lat.sin().powi(2);
        let across = A / w2.sqrt();
        let along = A * (1.0 - E2) / w2.powf(1.5);
        Plane { origin, metres_per_lon: (across * lat.cos()).to_radians(), metres_per_lat: along.to_radians() }
    }

    pub(crate) fn metres(&self, degrees: Coord<f64>) -> Coord<f64> {
        // The short way round: what lies just beyond the 180th meridian is near.
        let mut east = degrees.x - self.origin.x;
        if east.abs() > 180.0 {
            east -= 360.0_f64.copysign(east);
        }
        Coord { x: east * self.metres_per_lon, y: (degrees.y - self.origin.y) * self.metres_per_lat }
    }

    pub(crate) fn degrees(&self, metres: Coord<f64>) -> Coord<f64> {
        Coord { x: self.origin.x + metres.x / self.metres_per_lon, y: self.origin.y + metres.y / self.metres_per_lat }
    }

    pub(crate) fn line_in_metres(&self, line: &LineString<f64>) -> LineString<f64> {
        line.coords().map(|&degrees| self.metres(degrees)).collect()
    }

    pub(crate) fn shape_in_metres(&self, shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        map_shape(shape, |degrees| self.metres(degrees))
    }

    pub(crate) fn shape_in_degrees(&self, shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
        map_shape(shape, |metres| self.degrees(metres))
    }

    /// Width and height in degrees of `metres` at the origin, for widening bounding boxes.
    pub(crate) fn margin_degrees(&self, metres: f64) -> Coord<f64> {
        Coord { x: metres / self.metres_per_lon, y: metres / self.metres_per_lat }
    }
}

fn map_shape(shape: &MultiPolygon<f64>, each: impl Fn(Coord<f64>) -> Coord<f64>) -> MultiPolygon<f64> {
    let ring = |line: &LineString<f64>| line.coords().map(|&coord| each(coord)).collect::<LineString<f64>>();
    shape
        .iter()
        .map(|polygon| Polygon::new(ring(polygon.exterior()), polygon.interiors().iter().map(ring).collect()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_place_is_refused() {
        assert!(Position::new(48.5148, 34.7983).is_ok());
        for (lon, lat) in [(f64::NAN, 0.0), (0.0, f64::INFINITY), (181.0, 0.0), (0.0, -90.5)] {
            assert!(Position::new(lon, lat).is_err());
        }
        assert!(serde_json::from_str::<Position>(r#"{"lon": 34.8, "lat": 148.5}"#).is_err());
    }

    #[test]
    fn the_plane_agrees_with_the_geodesic_across_the_city() {
        use geo::{Distance, Geodesic};
        let square = Position::new(48.5148, 34.7983).unwrap();
        let plane = Plane::at(square.coord());
        for (lon, lat) in [(48.60, 34.80), (48.5148, 34.90), (48.42, 34.72)] {
            let there = Position::new(lon, lat).unwrap();
            let flat = plane.metres(there.coord());
            let exact = Geodesic.distance(Point::from(square), Point::from(there));
            assert!((flat.x.hypot(flat.y) / exact - 1.0).abs() < 0.0025, "{lon},{lat}");
            let back = plane.degrees(flat);
            assert!((back.x - lon).abs() < 1e-12 && (back.y - lat).abs() < 1e-12);
        }
    }
}
