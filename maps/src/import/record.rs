//! One feature of a file of others, as it stands there.
//! Made by the readers, understood by `layer` with the help of a `Mapping`.
//! Numbers are finite; coordinates are still in the projection of the file.

use geo::CoordsIter;
use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde_json::{Map, Value};

use super::BadSource;
use crate::read::VERTICES_MAX;

/// Parts of parts of a collection go no deeper.
pub(crate) const DEPTH_MAX: usize = 8;

/// One feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where in the file: `feature 3`.
    pub label: String,
    /// The file's own name for it, when it has one.
    pub id: Option<String>,
    /// Its columns.
    pub properties: Map<String, Value>,
    /// Its shape, or why it has none that we can use.
    pub geometry: Result<Geometry<f64>, String>,
    /// What the reader had to assume to read it.
    pub note: Option<&'static str>,
}

/// Features of a file, one after the other; the first fault ends them.
pub type Records<'a> = Box<dyn Iterator<Item = Result<Record, BadSource>> + 'a>;

/// Refuses what is too large and what is no number.
pub(crate) fn bounded(geometry: Geometry<f64>) -> Result<Geometry<f64>, String> {
    if geometry.coords_count() > VERTICES_MAX {
        return Err(format!("has more than {VERTICES_MAX} vertices"));
    }
    if geometry.coords_iter().any(|coord| !coord.x.is_finite() || !coord.y.is_finite()) {
        return Err("has a coordinate that is no number".to_owned());
    }
    Ok(geometry)
}

/// Each coordinate of a geometry, changed or refused.
pub(crate) fn map_coords<E>(
    geometry: &Geometry<f64>,
    each: &impl Fn(Coord<f64>) -> Result<Coord<f64>, E>,
) -> Result<Geometry<f64>, E> {
    fn line<E>(
        line: &LineString<f64>,
        each: &impl Fn(Coord<f64>) -> Result<Coord<f64>, E>,
    ) -> Result<LineString<f64>, E> {
        line.0.iter().map(|&coord| each(coord)).collect::<Result<Vec<_>, E>>().map(LineString)
    }
    fn polygon<E>(
        polygon: &Polygon<f64>,
        each: &impl Fn(Coord<f64>) -> Result<Coord<f64>, E>,
    ) -> Result<Polygon<f64>, E> {
        let holes = polygon.interiors().iter().map(|ring| line(ring, each)).collect::<Result<_, E>>()?;
        Ok(Polygon::new(line(polygon.exterior(), each)?, holes))
    }
    Ok(match geometry {
        Geometry::Point(point) => Geometry::Point(Point(each(point.0)?)),
        Geometry::LineString(one) => Geometry::LineString(line(one, each)?),
        Geometry::Polygon(one) => Geometry::Polygon(polygon(one, each)?),
        Geometry::MultiPoint(points) => {
            let points = points.0.iter().map(|point| each(point.0).map(Point)).collect::<Result<_, E>>()?;
            Geometry::MultiPoint(MultiPoint(points))
        }
        Geometry::MultiLineString(lines) => Geometry::MultiLineString(MultiLineString(
            lines.0.iter().map(|one| line(one, each)).collect::<Result<_, E>>()?,
        )),
        Geometry::MultiPolygon(parts) => Geometry::MultiPolygon(MultiPolygon(
            parts.0.iter().map(|one| polygon(one, each)).collect::<Result<_, E>>()?,
        )),
        Geometry::GeometryCollection(parts) => Geometry::GeometryCollection(geo_types::GeometryCollection(
            parts.0.iter().map(|one| map_coords(one, each)).collect::<Result<_, E>>()?,
        )),
        Geometry::Line(one) => Geometry::Line(geo_types::Line { start: each(one.start)?, end: each(one.end)? }),
        Geometry::Rect(one) => Geometry::Polygon(polygon(&one.to_polygon(), each)?),
        Geometry::Triangle(one) => Geometry::Polygon(polygon(&one.to_polygon(), each)?),
    })
}

/// All areas of a geometry; none when it has none.
pub(crate) fn areas(geometry: Geometry<f64>) -> Option<MultiPolygon<f64>> {
    match geometry {
        Geometry::Polygon(one) => Some(MultiPolygon(vec![one])),
        Geometry::MultiPolygon(parts) if !parts.0.is_empty() => Some(parts),
        Geometry::GeometryCollection(parts) => {
            let all: Vec<Polygon<f64>> = parts.0.into_iter().filter_map(areas).flat_map(|parts| parts.0).collect();
            (!all.is_empty()).then_some(MultiPolygon(all))
        }
        _ => None,
    }
}

/// All lines of a geometry.
pub(crate) fn lines(geometry: Geometry<f64>) -> Vec<LineString<f64>> {
    match geometry {
        Geometry::LineString(one) => vec![one],
        Geometry::MultiLineString(many) => many.0,
        Geometry::GeometryCollection(parts) => parts.0.into_iter().flat_map(lines).collect(),
        _ => Vec::new(),
    }
}

/// A point that stands for a geometry: itself, or one that lies on it.
pub(crate) fn point_of(geometry: &Geometry<f64>) -> Option<Coord<f64>> {
    use geo::{Centroid, Contains, InteriorPoint};
    match geometry {
        Geometry::Point(point) => Some(point.0),
        Geometry::Polygon(_) | Geometry::MultiPolygon(_) => {
            let middle = geometry.centroid().filter(|middle| geometry.contains(middle));
            middle.or_else(|| geometry.interior_point()).or_else(|| geometry.centroid()).map(|point| point.0)
        }
        // Of a street the vertex in its middle, so that the point lies on it.
        Geometry::LineString(line) => line.0.get(line.0.len() / 2).copied(),
        other => other.centroid().map(|point| point.0),
    }
}
