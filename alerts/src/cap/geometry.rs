//! Holds CAP's shapes: polygons, circles, heights.
//! Used by `alert` for areas; built by `content` from the city's map and by the reader from text.
//! Inside, a position is lon,lat (x,y) in WGS 84 degrees; CAP's text is lat,lon and is only made and read here.

use std::fmt::Write as _;

use geo_types::{Coord, LineString};
use serde::{Deserialize, Serialize};

use super::Text;

/// Why a shape can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GeometryFault {
    /// Something that is no number, or a pair without its comma.
    #[error("it is not made of numbers in lat,lon pairs")]
    NotNumbers,
    /// A latitude beyond ±90 or a longitude beyond ±180.
    #[error("a position lies outside ±90 latitude or ±180 longitude")]
    OffTheGlobe,
    /// Fewer than four positions.
    #[error("a polygon needs at least four positions, the last repeating the first")]
    TooFew,
    /// First and last differ.
    #[error("the polygon is not closed: its first and last positions differ")]
    NotClosed,
    /// A negative or infinite radius.
    #[error("the radius is negative or no number")]
    Radius,
}

fn on_globe(at: Coord<f64>) -> bool {
    (-90.0..=90.0).contains(&at.y) && (-180.0..=180.0).contains(&at.x)
}

/// -0 and 0 are one place; without this they would be written differently.
fn plain(number: f64) -> f64 {
    if number == 0.0 { 0.0 } else { number }
}

/// A closed ring of at least four positions; CAP polygons have no holes (CAP 1.2 §3.2.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Polygon(Vec<Coord<f64>>);

impl Polygon {
    /// Checks a ring of lon,lat positions (WGS 84 degrees). O(n).
    pub fn new(ring: Vec<Coord<f64>>) -> Result<Self, GeometryFault> {
        if !ring.iter().all(|&at| on_globe(at)) {
            return Err(GeometryFault::OffTheGlobe);
        }
        if ring.len() < 4 {
            return Err(GeometryFault::TooFew);
        }
        if ring.first() != ring.last() {
            return Err(GeometryFault::NotClosed);
        }
        Ok(Self(ring.into_iter().map(|at| Coord { x: plain(at.x), y: plain(at.y) }).collect()))
    }

    /// Reads CAP's text: `lat,lon` pairs between any white space.
    pub fn parse(text: &str) -> Result<Self, GeometryFault> {
        Self::new(text.split_whitespace().map(position).collect::<Result<_, _>>()?)
    }

    /// CAP's text: `lat,lon` pairs separated by one space.
    pub fn to_cap_text(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 20);
        for at in &self.0 {
            let gap = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{gap}{},{}", at.y, at.x);
        }
        text
    }

    /// The positions, lon,lat, first and last equal.
    pub fn ring(&self) -> &[Coord<f64>] {
        &self.0
    }

    /// As a polygon for geometry.
    pub fn to_geo(&self) -> geo_types::Polygon<f64> {
        geo_types::Polygon::new(LineString::new(self.0.clone()), Vec::new())
    }
}

impl TryFrom<String> for Polygon {
    type Error = GeometryFault;

    fn try_from(text: String) -> Result<Self, GeometryFault> {
        Self::parse(&text)
    }
}

impl From<Polygon> for String {
    fn from(polygon: Polygon) -> Self {
        polygon.to_cap_text()
    }
}

/// A decimal of CAP (`xs:decimal`): no exponent, no infinity.
fn decimal(text: &str) -> Option<f64> {
    let plain_digits = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+'));
    if plain_digits { text.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

fn position(pair: &str) -> Result<Coord<f64>, GeometryFault> {
    let (lat, lon) = pair.split_once(',').ok_or(GeometryFault::NotNumbers)?;
    match (decimal(lat), decimal(lon)) {
        (Some(y), Some(x)) => Ok(Coord { x, y }),
        _ => Err(GeometryFault::NotNumbers),
    }
}

/// A point with a radius in kilometres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Circle {
    centre: Coord<f64>,
    radius_km: f64,
}

impl Circle {
    /// Checks a centre (lon,lat, WGS 84 degrees) and a radius in kilometres; 0 is allowed and names a point.
    pub fn new(centre: Coord<f64>, radius_km: f64) -> Result<Self, GeometryFault> {
        if !on_globe(centre) {
            return Err(GeometryFault::OffTheGlobe);
        }
        // `contains` is false for NaN and infinity, so both are refused as well. No circle is larger than the earth.
        if !(0.0..=20_040.0).contains(&radius_km) {
            return Err(GeometryFault::Radius);
        }
        Ok(Self { centre: Coord { x: plain(centre.x), y: plain(centre.y) }, radius_km: plain(radius_km) })
    }

    /// Reads CAP's text: `lat,lon radius`.
    pub fn parse(text: &str) -> Result<Self, GeometryFault> {
        let mut words = text.split_whitespace();
        let (Some(centre), Some(radius), None) = (words.next(), words.next(), words.next()) else {
            return Err(GeometryFault::NotNumbers);
        };
        Self::new(position(centre)?, decimal(radius).ok_or(GeometryFault::NotNumbers)?)
    }

    /// CAP's text: `lat,lon radius`.
    pub fn to_cap_text(self) -> String {
        format!("{},{} {}", self.centre.y, self.centre.x, self.radius_km)
    }

    /// The centre, lon,lat.
    pub const fn centre(&self) -> Coord<f64> {
        self.centre
    }

    /// The radius in kilometres.
    pub const fn radius_km(&self) -> f64 {
        self.radius_km
    }
}

impl TryFrom<String> for Circle {
    type Error = GeometryFault;

    fn try_from(text: String) -> Result<Self, GeometryFault> {
        Self::parse(&text)
    }
}

impl From<Circle> for String {
    fn from(circle: Circle) -> Self {
        circle.to_cap_text()
    }
}

/// A shape that was read but can't be used; its text is kept, never dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unusable {
    /// The text of a `polygon`.
    Polygon(Text),
    /// The text of a `circle`.
    Circle(Text),
}

/// Feet above mean sea level (WGS 84), as CAP's `altitude` and `ceiling` want it.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Feet(f64);

impl Feet {
    /// At most a thousand million feet, kept to 1e-4 feet (validators read no more than 24 digits of a decimal).
    pub fn new(feet: f64) -> Option<Self> {
        // `contains` is false for NaN and infinity, so both are refused as well.
        (-1e9..=1e9).contains(&feet).then(|| Self(plain((feet * 1e4).round() / 1e4)))
    }

    /// Reads a decimal.
    pub fn parse(text: &str) -> Option<Self> {
        decimal(text.trim()).and_then(Self::new)
    }

    /// The number of feet.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Feet {
    type Error = GeometryFault;

    fn try_from(feet: f64) -> Result<Self, GeometryFault> {
        Self::new(feet).ok_or(GeometryFault::NotNumbers)
    }
}

impl From<Feet> for f64 {
    fn from(feet: Feet) -> Self {
        feet.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cap_writes_latitude_first_and_we_hold_longitude_first() {
        let polygon = Polygon::parse(" 34.80,48.50\n34.80,48.52\t34.82,48.52  34.80,48.50 ").unwrap();
        assert_eq!(polygon.ring()[0], Coord { x: 48.50, y: 34.80 });
        assert_eq!(polygon.to_cap_text(), "34.8,48.5 34.8,48.52 34.82,48.52 34.8,48.5");
        let circle = Circle::parse("34.8,48.51  2.5").unwrap();
        assert_eq!((circle.centre().x, circle.radius_km()), (48.51, 2.5));
        assert_eq!(circle.to_cap_text(), "34.8,48.51 2.5");
    }

    #[test]
    fn shapes_that_mean_nothing_are_refused() {
        assert_eq!(Polygon::parse("1,1 1,2 2,2"), Err(GeometryFault::TooFew));
        assert_eq!(Polygon::parse("1,1 1,2 2,2 2,1"), Err(GeometryFault::NotClosed));
        assert_eq!(Polygon::parse("91,1 1,2 2,2 91,1"), Err(GeometryFault::OffTheGlobe));
        assert_eq!(Polygon::parse("1;1 1,2 2,2 1,1"), Err(GeometryFault::NotNumbers));
        assert_eq!(Polygon::parse("NaN,1 1,2 2,2 1,1"), Err(GeometryFault::NotNumbers));
        assert_eq!(Polygon::parse(""), Err(GeometryFault::TooFew));
        assert_eq!(Circle::parse("1,1 -2"), Err(GeometryFault::Radius));
        assert_eq!(Circle::parse("2,1 2,1"), Err(GeometryFault::NotNumbers));
        assert_eq!(Feet::parse("1e3"), None);
    }
}
