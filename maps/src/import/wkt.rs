//! Geometries in well-known text, as a column of a CSV file has them.
//! Called by `csv` for each row.
//! No text makes it panic. Source: OGC 06-103r4 §7.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};

use super::record::{DEPTH_MAX, bounded};

/// A geometry in WKT, with or without `SRID=…;`, heights and measures, which are left out.
pub fn geometry(text: &str) -> Result<Geometry<f64>, String> {
    let text = text.trim();
    let text = match text.split_once(';') {
        Some((srid, rest)) if srid.to_ascii_uppercase().starts_with("SRID=") => rest,
        _ => text,
    };
    let mut words = Words { left: text };
    let geometry = words.geometry(0)?;
    if !words.left.trim().is_empty() {
        return Err(format!("its WKT goes on with “{:.20}”", words.left.trim()));
    }
    bounded(geometry)
}

struct Words<'a> {
    left: &'a str,
}

impl<'a> Words<'a> {
    fn word(&mut self) -> &'a str {
        let text = self.left.trim_start();
        let end = text.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(text.len());
        let (word, left) = text.split_at(end);
        self.left = left;
        word
    }

    fn eat(&mut self, mark: char) -> bool {
        let text = self.left.trim_start();
        match text.strip_prefix(mark) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, mark: char) -> Result<(), String> {
        if self.eat(mark) {
            return Ok(());
        }
        let there: String = self.left.trim_start().chars().take(20).collect();
        Err(format!("its WKT has “{there}” where “{mark}” is wanted"))
    }

    fn geometry(&mut self, depth: usize) -> Result<Geometry<f64>, String> {
        let kind = self.word().to_ascii_uppercase();
        // POINT Z (…), POINTZ (…) and POINT EMPTY.
        let mut empty = false;
        loop {
            let before = self.left;
            match self.word().to_ascii_uppercase().as_str() {
                "Z" | "M" | "ZM" => {}
                "EMPTY" => empty = true,
                _ => {
                    self.left = before;
                    break;
                }
            }
        }
        if empty {
            return Err("its geometry is empty".to_owned());
        }
        let kind = kind
            .strip_suffix("ZM")
            .or_else(|| kind.strip_suffix('Z'))
            .or_else(|| kind.strip_suffix('M'))
            .unwrap_or(&kind);
        Ok(match kind {
            "POINT" => {
                self.need('(')?;
                let coord = self.coord()?;
                self.need(')')?;
                Geometry::Point(Point(coord))
            }
            "LINESTRING" => Geometry::LineString(self.line()?),
            "POLYGON" => Geometry::Polygon(self.polygon()?),
            "MULTIPOINT" => Geometry::MultiPoint(MultiPoint(self.list(|words| {
                let bracket = words.eat('(');
                let coord = words.coord()?;
                if bracket {
                    words.need(')')?;
                }
                Ok(Point(coord))
            })?)),
            "MULTILINESTRING" => Geometry::MultiLineString(MultiLineString(self.list(Words::line)?)),
            "MULTIPOLYGON" => Geometry::MultiPolygon(MultiPolygon(self.list(Words::polygon)?)),
            "GEOMETRYCOLLECTION" if depth < DEPTH_MAX => {
                Geometry::GeometryCollection(GeometryCollection(self.list(|words| words.geometry(depth + 1))?))
            }
            "" => return Err("has no geometry".to_owned()),
            other => return Err(format!("its WKT is a {other:.30}, which is not known")),
        })
    }

    fn list<T>(&mut self, mut each: impl FnMut(&mut Words<'a>) -> Result<T, String>) -> Result<Vec<T>, String> {
        self.need('(')?;
        let mut parts = vec![each(self)?];
        while self.eat(',') {
            parts.push(each(self)?);
        }
        self.need(')')?;
        Ok(parts)
    }

    fn line(&mut self) -> Result<LineString<f64>, String> {
        self.list(Words::coord).map(LineString)
    }

    fn polygon(&mut self) -> Result<Polygon<f64>, String> {
        let mut rings = self.list(Words::line)?.into_iter();
        let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Ok(Polygon::new(exterior, rings.collect()))
    }

    fn coord(&mut self) -> Result<Coord<f64>, String> {
        let coord = Coord { x: self.number()?, y: self.number()? };
        // Heights and measures.
        for _ in 0..2 {
            let before = self.left;
            if self.number().is_err() {
                self.left = before;
                break;
            }
        }
        Ok(coord)
    }

    fn number(&mut self) -> Result<f64, String> {
        let text = self.left.trim_start();
        let end =
            text.find(|letter: char| !matches!(letter, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(text.len());
        let (word, left) = text.split_at(end);
        let number = word.parse::<f64>().map_err(|_| {
            format!("its WKT has “{:.20}” where a number is wanted", text.chars().take(20).collect::<String>())
        })?;
        self.left = left;
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_kinds_are_read() {
        for text in ["POINT (48.5 34.8)", "SRID=4326;point z(48.5 34.8 1850)", "POINTZ(48.5 34.8 1850)"] {
            assert_eq!(geometry(text), Ok(Geometry::Point(Point::new(48.5, 34.8))), "{text}");
        }
        for text in [
            "LINESTRING (0 0, 1 1e0)",
            "POLYGON ((0 0,4 0,0 4,0 0),(1 1,2 1,1 2,1 1))",
            "MULTIPOINT ((0 0),(1 1))",
            "MULTIPOINT (0 0,1 1)",
            "MULTILINESTRING ((0 0,1 1),(2 2,3 3))",
            "MULTIPOLYGON (((0 0,4 0,0 4,0 0)))",
            "GEOMETRYCOLLECTION (POINT (0 0),LINESTRING (0 0,1 1))",
        ] {
            assert!(geometry(text).is_ok(), "{text}: {:?}", geometry(text));
        }
        for (text, why) in [
            ("", "no geometry"),
            ("POINT EMPTY", "empty"),
            ("POINT (48.5)", "a number is wanted"),
            ("POINT (48.5 34.8", "“)” is wanted"),
            ("POINT (48.5 34.8) x", "goes on"),
            ("CIRCULARSTRING (0 0,1 1,2 0)", "CIRCULARSTRING"),
            ("POINT (1e999 0)", "no number"),
        ] {
            assert!(geometry(text).unwrap_err().contains(why), "{text}: {:?}", geometry(text));
        }
        assert!(geometry(&"GEOMETRYCOLLECTION(".repeat(10_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(POINT|POLYGON|MULTI|Z| |\\(|\\)|,|[0-9.e-]|\\PC){0,40}") {
            let _ = geometry(&text);
        }
    }
}
