//! Holds CAP's shapes: polygons, circles, heights.
//! Used by `alert` for areas; built by `content` from the city's map and by the reader from text.
//! Inside, a position is lon,lat (x,y) in WGS 84 degrees; CAP's text is lat,lon and is only made and read here.

use geo_types::{Coord, LineString};
use serde::{Deserialize, Serialize};

use super::{Text, decimal};

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
    /// More positions than may be read.
    #[error("the polygon has too many positions")]
    TooMany,
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
    pub fn new(mut ring: Vec<Coord<f64>>) -> Result<Self, GeometryFault> {
        if !ring.iter().all(|&at| on_globe(at)) {
            return Err(GeometryFault::OffTheGlobe);
        }
        if ring.len() < 4 {
            return Err(GeometryFault::TooFew);
        }
        if ring.first() != ring.last() {
            return Err(GeometryFault::NotClosed);
        }
        for at in &mut ring {
            *at = Coord { x: plain(at.x), y: plain(at.y) };
        }
        ring.shrink_to_fit();
        Ok(Self(ring))
    }

    /// Reads CAP's text: `lat,lon` pairs between any white space. O(n).
    pub fn parse(text: &str) -> Result<Self, GeometryFault> {
        Self::parse_at_most(text, usize::MAX)
    }

    /// The same for at most so many positions; [`GeometryFault::TooMany`] for more.
    pub fn parse_at_most(text: &str, positions_max: usize) -> Result<Self, GeometryFault> {
        // A pair has nine letters or more in every real polygon.
        let mut ring = Vec::with_capacity((text.len() / 9).min(positions_max));
        let bytes = text.as_bytes();
        let mut at = 0;
        loop {
            while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                at += 1;
            }
            if at == bytes.len() {
                break;
            }
            if ring.len() >= positions_max {
                return Err(GeometryFault::TooMany);
            }
            let Some((position, length)) = leading_position(&bytes[at..]) else {
                // White space beyond ASCII, such as the no-break space, is rare; what isn't a number there isn't one here.
                return Self::parse_words(text, positions_max);
            };
            ring.push(position);
            at += length;
        }
        Self::new(ring)
    }

    fn parse_words(text: &str, positions_max: usize) -> Result<Self, GeometryFault> {
        let mut ring = Vec::new();
        for word in text.split_whitespace() {
            if ring.len() >= positions_max {
                return Err(GeometryFault::TooMany);
            }
            ring.push(position(word)?);
        }
        Self::new(ring)
    }

    /// Reads what others write: strict, else left open or with spaces around its commas; says what was mended. O(n).
    pub(crate) fn mend(text: &str, positions_max: usize) -> Result<(Self, Option<&'static str>), GeometryFault> {
        let fault = match Self::parse_at_most(text, positions_max) {
            Ok(polygon) => return Ok((polygon, None)),
            Err(GeometryFault::NotNumbers) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                let together = words.join(" ").replace(" ,", ",").replace(", ", ",");
                match Self::parse_at_most(&together, positions_max) {
                    Ok(polygon) => return Ok((polygon, Some("spaces stood around the commas of a polygon"))),
                    Err(GeometryFault::NotClosed | GeometryFault::TooFew) => {
                        return Self::close(&together, positions_max);
                    }
                    Err(fault) => fault,
                }
            }
            Err(GeometryFault::NotClosed | GeometryFault::TooFew) => return Self::close(text, positions_max),
            Err(fault) => fault,
        };
        Err(fault)
    }

    /// Repeats the first position at the end, when there are three that differ: a shape is never invented.
    fn close(text: &str, positions_max: usize) -> Result<(Self, Option<&'static str>), GeometryFault> {
        let mut ring = text.split_whitespace().map(position).collect::<Result<Vec<_>, _>>()?;
        let mut corners: Vec<Coord<f64>> = Vec::with_capacity(3);
        for at in &ring {
            if corners.len() < 3 && !corners.contains(at) {
                corners.push(*at);
            }
        }
        let &[first, _, _] = corners.as_slice() else { return Err(GeometryFault::TooFew) };
        if ring.len() >= positions_max {
            return Err(GeometryFault::TooMany);
        }
        ring.push(first);
        Self::new(ring).map(|polygon| (polygon, Some("the polygon was not closed; its first position was repeated")))
    }

    /// CAP's text: `lat,lon` pairs separated by one space.
    pub fn to_cap_text(&self) -> String {
        let mut text = String::new();
        self.write_cap_text(&mut text);
        text
    }

    /// Appends CAP's text.
    pub(crate) fn write_cap_text(&self, into: &mut String) {
        into.reserve(self.0.len() * 20);
        for (i, at) in self.0.iter().enumerate() {
            if i > 0 {
                into.push(' ');
            }
            write_position(into, *at);
        }
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

/// A `lat,lon` pair at the start of `bytes`, followed by white space or the end, and how many bytes it takes.
fn leading_position(bytes: &[u8]) -> Option<(Coord<f64>, usize)> {
    let (y, comma) = decimal::read(bytes)?;
    if bytes.get(comma) != Some(&b',') {
        return None;
    }
    let (x, length) = decimal::read(&bytes[comma + 1..])?;
    let end = comma + 1 + length;
    bytes.get(end).is_none_or(u8::is_ascii_whitespace).then_some((Coord { x, y }, end))
}

fn position(pair: &str) -> Result<Coord<f64>, GeometryFault> {
    let (lat, lon) = pair.split_once(',').ok_or(GeometryFault::NotNumbers)?;
    match (decimal::parse(lat), decimal::parse(lon)) {
        (Some(y), Some(x)) => Ok(Coord { x, y }),
        _ => Err(GeometryFault::NotNumbers),
    }
}

fn write_position(into: &mut String, at: Coord<f64>) {
    decimal::write(into, at.y);
    into.push(',');
    decimal::write(into, at.x);
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
        Self::new(position(centre)?, decimal::parse(radius).ok_or(GeometryFault::NotNumbers)?)
    }

    /// Reads what others write: strict, else with spaces around its comma; says what was mended. O(n).
    pub(crate) fn mend(text: &str) -> Result<(Self, Option<&'static str>), GeometryFault> {
        match Self::parse(text) {
            Err(GeometryFault::NotNumbers) => {
                let (lat, rest) = text.split_once(',').ok_or(GeometryFault::NotNumbers)?;
                let together = format!("{},{}", lat.trim_end(), rest.trim_start());
                Self::parse(&together).map(|circle| (circle, Some("spaces stood around the comma of a circle")))
            }
            strict => strict.map(|circle| (circle, None)),
        }
    }

    /// CAP's text: `lat,lon radius`.
    pub fn to_cap_text(self) -> String {
        let mut text = String::new();
        self.write_cap_text(&mut text);
        text
    }

    /// Appends CAP's text.
    pub(crate) fn write_cap_text(self, into: &mut String) {
        write_position(into, self.centre);
        into.push(' ');
        decimal::write(into, self.radius_km);
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
#[serde(try_from = "UnusableText", into = "UnusableText")]
pub enum Unusable {
    /// The text of a `polygon`.
    Polygon(RawShape),
    /// The text of a `circle`.
    Circle(RawShape),
}

/// The text of a shape that can't be used, without white space at its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawShape(Text);

impl RawShape {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Unusable {
    /// The text of a polygon; `None` when it is empty or can be used, even if only mended.
    ///
    /// ```
    /// use alerts::cap::Unusable;
    ///
    /// assert_eq!(Unusable::polygon("34.8,48.5 oops").expect("it is no polygon").raw(), "34.8,48.5 oops");
    /// assert_eq!(Unusable::polygon("34.8,48.5 34.8,48.6 34.9,48.6 34.8,48.5"), None);
    /// ```
    pub fn polygon(raw: &str) -> Option<Self> {
        let text = Text::new(raw);
        let unusable = !text.is_empty() && Polygon::mend(&text, usize::MAX).is_err();
        unusable.then_some(Self::Polygon(RawShape(text)))
    }

    /// The text of a circle; `None` when it is empty or can be used, even if only mended.
    pub fn circle(raw: &str) -> Option<Self> {
        let text = Text::new(raw);
        let unusable = !text.is_empty() && Circle::mend(&text).is_err();
        unusable.then_some(Self::Circle(RawShape(text)))
    }

    /// The text of a polygon that is too large to be read.
    pub(crate) fn large_polygon(raw: &str) -> Self {
        Self::Polygon(RawShape(Text::new(raw)))
    }

    /// The text as it came.
    pub fn raw(&self) -> &str {
        match self {
            Self::Polygon(raw) | Self::Circle(raw) => raw.as_str(),
        }
    }
}

/// How an unusable shape is stored.
#[derive(Serialize, Deserialize)]
enum UnusableText {
    Polygon(Text),
    Circle(Text),
}

impl TryFrom<UnusableText> for Unusable {
    type Error = &'static str;

    fn try_from(text: UnusableText) -> Result<Self, &'static str> {
        let shape = match text {
            UnusableText::Polygon(text) => Self::polygon(&text),
            UnusableText::Circle(text) => Self::circle(&text),
        };
        shape.ok_or("a shape that can be used, or an empty one, is not unusable")
    }
}

impl From<Unusable> for UnusableText {
    fn from(shape: Unusable) -> Self {
        match shape {
            Unusable::Polygon(raw) => Self::Polygon(raw.0),
            Unusable::Circle(raw) => Self::Circle(raw.0),
        }
    }
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
        decimal::parse(text.trim()).and_then(Self::new)
    }

    /// Appends the decimal.
    pub(crate) fn write_cap_text(self, into: &mut String) {
        decimal::write(into, self.0);
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
    fn open_polygons_are_closed_and_shapes_are_not_invented() {
        let mend = |text| Polygon::mend(text, usize::MAX);
        assert_eq!(mend("1,1 1,2 1,1"), Err(GeometryFault::TooFew));
        assert_eq!(mend("1,1 1,2"), Err(GeometryFault::TooFew));
        assert_eq!(mend("1,1 1,1 1,1 1,2 1,2"), Err(GeometryFault::TooFew));
        assert_eq!(mend("1,1 1,2 2,2").unwrap().0.to_cap_text(), "1,1 1,2 2,2 1,1");
        assert_eq!(mend("1, 1 1 ,2 2,2 1,1").unwrap().0.to_cap_text(), "1,1 1,2 2,2 1,1");
        assert_eq!(mend("1, 1 1 , 2 2,2").unwrap().0.to_cap_text(), "1,1 1,2 2,2 1,1");
        assert_eq!(mend("\n1,1\t1,2  2,2 1,1 ").unwrap().1, None);
        assert_eq!(Polygon::mend("1,1 1,2 2,2", 3), Err(GeometryFault::TooMany));
    }

    #[test]
    fn shapes_that_mean_nothing_are_refused() {
        assert_eq!(Polygon::parse("1,1 1,2 2,2"), Err(GeometryFault::TooFew));
        assert_eq!(Polygon::parse("1,1 1,2 2,2 2,1"), Err(GeometryFault::NotClosed));
        assert_eq!(Polygon::parse("91,1 1,2 2,2 91,1"), Err(GeometryFault::OffTheGlobe));
        assert_eq!(Polygon::parse("1;1 1,2 2,2 1,1"), Err(GeometryFault::NotNumbers));
        assert_eq!(Polygon::parse("NaN,1 1,2 2,2 1,1"), Err(GeometryFault::NotNumbers));
        assert_eq!(Polygon::parse(""), Err(GeometryFault::TooFew));
        assert_eq!(Polygon::parse_at_most("1,1 1,2 2,2 1,1", 3), Err(GeometryFault::TooMany));
        assert_eq!(Polygon::parse("1,1\u{a0}1,2 2,2 1,1").map(|polygon| polygon.ring().len()), Ok(4));
        assert_eq!(Circle::parse("1,1 -2"), Err(GeometryFault::Radius));
        assert_eq!(Circle::parse("2,1 2,1"), Err(GeometryFault::NotNumbers));
        // Three numbers may be a place and a radius, or a place and a height.
        for text in ["2,1,5", "2, 1, 5", "2 , 1", "2 1 5", ", 2 1", "2, 1 -3"] {
            assert!(Circle::mend(text).is_err(), "{text}");
        }
        for text in ["2, 1 5", "2 ,1 5", " 2 ,\n1\t5 "] {
            let mended = Circle::mend(text).unwrap();
            assert_eq!((mended.0.to_cap_text().as_str(), mended.1.is_some()), ("2,1 5", true), "{text}");
        }
        assert_eq!(Circle::mend(" 2,1  5").unwrap().1, None);
        assert_eq!(Feet::parse("1e3"), None);
    }
}
