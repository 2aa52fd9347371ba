//! Records of any file become one layer of a city.
//! Called by the command with the features of a GeoJSON, Shapefile, GeoPackage, FlatGeobuf or CSV file.
//! Each feature is made or counted with the reason why not; a fault of the file ends it.

use geo::{Area, BoundingRect};
use geo_types::{Coord, Geometry, LineString, Rect};
use serde_json::{Map, Value, json};

use super::emit::{Kind, Lines, as_point, line_value, point_value};
use super::network::{self, Line, key_of};
use super::record::{areas, lines, map_coords};
use super::zones::{self, Draft};
use super::{BadSource, Building, Mapping, Projection, Record, Report, code};
use crate::position::Plane;
use crate::{JOIN_TOLERANCE_M, Position, RoadClass, walk};

/// What the features of a file become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Pieces of the city that people live in.
    Zones,
    /// The water's ways.
    Waterways,
    /// Where something is measured.
    Gauges,
    /// What people call places.
    Places,
    /// Roads.
    Roads,
    /// Buildings, which are not kept: they tell where people live.
    Buildings,
}

impl Layer {
    /// All layers, with the word of the command line.
    pub const ALL: [(&'static str, Layer); 6] = [
        ("zones", Layer::Zones),
        ("waterways", Layer::Waterways),
        ("gauges", Layer::Gauges),
        ("places", Layer::Places),
        ("roads", Layer::Roads),
        ("buildings", Layer::Buildings),
    ];
}

/// How records are understood.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What they become.
    pub layer: Layer,
    /// Which column is what.
    pub mapping: Mapping,
    /// In what their coordinates are.
    pub projection: Projection,
    /// Only what touches this box, in degrees.
    pub bbox: Option<Rect<f64>>,
    /// Speed of a flood wave where a waterway does not tell its travel time.
    pub wave_m_s: f64,
}

/// Speed of a flood wave when nobody measured it, as in the sample city: 1.7 to 2.8 m/s in streams through a city.
pub const WAVE_M_S: f64 = 2.0;

/// What came of a file.
#[derive(Debug, Default)]
pub struct Made {
    /// Files of a city: name and text.
    pub files: Vec<(&'static str, String)>,
    /// Buildings.
    pub buildings: Vec<Building>,
    /// What happened to the features of each layer.
    pub reports: Vec<(&'static str, Report)>,
}

/// Makes a layer of records.
pub fn make(
    records: impl Iterator<Item = Result<Record, BadSource>>,
    mut settings: Settings,
) -> Result<Made, BadSource> {
    let mut report = Report::default();
    let mut made = Made::default();
    let mut out = Lines::default();
    let mut drafts = Vec::new();
    let mut ways: Vec<Line<Map<String, Value>>> = Vec::new();
    let layer = settings.layer;
    let mut projected = false;
    let mut first_outside = None;
    for record in records {
        let record = record?;
        report.read += 1;
        let label = record.label.clone();
        if let Some(note) = record.note {
            report.note(note, &label);
        }
        let properties = settings.mapping.apply(&record.properties);
        let geometry = match record.geometry {
            Ok(geometry) => geometry,
            Err(why) => {
                report.skip(why, &label);
                continue;
            }
        };
        let geometry = match map_coords(&geometry, &|coord| settings.projection.degrees(coord)) {
            Ok(geometry) => {
                projected = true;
                geometry
            }
            Err(why) => {
                report.skip("does not lie on the earth in this projection", &label);
                first_outside.get_or_insert((label, why));
                continue;
            }
        };
        if !settings.bbox.is_none_or(|bbox| touches(&geometry, bbox)) {
            report.skip("lies outside of the box", &label);
            continue;
        }
        let properties = with_code(properties, record.id.as_deref(), &label, &mut report);
        match layer {
            Layer::Zones => match areas(geometry) {
                Some(shape) => drafts.push(Draft { label, properties, shape }),
                None => report.skip("is no area", &label),
            },
            Layer::Waterways | Layer::Roads => {
                let lines = lines(geometry);
                if lines.is_empty() {
                    report.skip("is no line", &label);
                }
                let source = text(&properties, "code");
                let about = with_pace(properties, &lines);
                for (number, line) in lines.into_iter().enumerate() {
                    let code = if number == 0 { source.clone() } else { format!("{source}-p{}", number + 1) };
                    let mut coords = line.0;
                    coords.dedup_by_key(|coord| key_of(*coord));
                    let keys = coords.iter().map(|&coord| key_of(coord)).collect();
                    ways.push(Line { code, keys, coords, about: about.clone() });
                }
            }
            Layer::Gauges | Layer::Places => match as_point(&geometry) {
                Some(point) => {
                    let kind = if layer == Layer::Gauges { Kind::Gauge } else { Kind::Place };
                    out.put(kind, properties, &point_value(point.0), &label, &mut report);
                }
                None => report.skip("has no place", &label),
            },
            Layer::Buildings => match building(&geometry, properties.get("levels").and_then(Value::as_f64)) {
                Some(building) => {
                    report.made += 1;
                    made.buildings.push(building);
                }
                None => report.skip("has no place", &label),
            },
        }
    }
    if let (false, Some((label, why))) = (projected, first_outside) {
        return Err(BadSource::new(label, why, "name the projection of the file with --crs"));
    }
    if let Some(what) = settings.mapping.never_found().filter(|_| report.read > 0) {
        return Err(BadSource::new("columns", what, "mend --map"));
    }
    let (name, lines) = match layer {
        Layer::Zones => ("zones", Some((Kind::Zone, zones::lines(drafts, &mut report)))),
        Layer::Waterways => {
            ("waterways", Some((Kind::Reach, reaches(ways, settings.wave_m_s, JOIN_TOLERANCE_M, &mut report))))
        }
        Layer::Roads => ("roads", Some((Kind::Road, roads(ways, &mut report)))),
        Layer::Gauges => ("gauges", Some((Kind::Gauge, out))),
        Layer::Places => ("places", Some((Kind::Place, out))),
        Layer::Buildings => ("buildings", None),
    };
    if let Some((kind, lines)) = lines {
        made.files.push((kind.file(), lines.text()));
    }
    made.reports.push((name, report));
    Ok(made)
}

/// Minutes a metre, kept until a waterway is split.
const PACE: &str = "minutes_per_m";

/// A travel time is that of the whole; when it is split, each piece gets its part.
fn with_pace(mut properties: Map<String, Value>, lines: &[LineString<f64>]) -> Map<String, Value> {
    let length_m: f64 = lines.iter().map(walk::length_m).sum();
    if let Some(minutes) = properties.get("travel_minutes").and_then(Value::as_f64).filter(|_| length_m > 0.0) {
        properties.remove("travel_minutes");
        properties.insert(PACE.to_owned(), json!(minutes / length_m));
    }
    properties
}

pub(crate) fn text(properties: &Map<String, Value>, property: &str) -> String {
    properties.get(property).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The code: what the person or the file says, else the file's own name of the feature, else its name, else its number.
fn with_code(
    mut properties: Map<String, Value>,
    id: Option<&str>,
    label: &str,
    report: &mut Report,
) -> Map<String, Value> {
    if !text(&properties, "code").is_empty() {
        return properties;
    }
    let name = properties.get("name").and_then(Value::as_object).and_then(|names| {
        names.get("en").or_else(|| names.get("fa")).or_else(|| names.values().next()).and_then(Value::as_str)
    });
    let made = match (id, name) {
        (Some(id), _) => code(id),
        (None, Some(name)) => {
            report.note("has no code; one was made of its name (--map code=COLUMN is steadier)", label);
            code(name)
        }
        (None, None) => {
            report.note(
                "has neither code nor name; its number is its code and changes with the file (--map code=COLUMN)",
                label,
            );
            code(label)
        }
    };
    properties.insert("code".to_owned(), Value::String(made));
    properties
}

fn touches(geometry: &Geometry<f64>, bbox: Rect<f64>) -> bool {
    geometry.bounding_rect().is_some_and(|rect| {
        rect.min().x <= bbox.max().x
            && rect.max().x >= bbox.min().x
            && rect.min().y <= bbox.max().y
            && rect.max().y >= bbox.min().y
    })
}

/// Where it is and how much floor it has; a point is one storey of a hundred square metres.
fn building(geometry: &Geometry<f64>, levels: Option<f64>) -> Option<Building> {
    const POINT_M2: f64 = 100.0;
    let at = as_point(geometry)?.0;
    let position = Position::new(at.x, at.y).ok()?;
    let ground_m2 =
        areas(geometry.clone()).map_or(POINT_M2, |shape| Plane::at(at).shape_in_metres(&shape).unsigned_area());
    Some(Building { at: position, floor_m2: ground_m2 * storeys(levels) })
}

/// Storeys: those that are told, within reason; else one.
pub(crate) fn storeys(levels: Option<f64>) -> f64 {
    levels.filter(|levels| levels.is_finite()).map_or(1.0, |levels| levels.clamp(1.0, 100.0))
}

/// Reaches with their way on and their travel times.
///
/// Pieces of one source bear its code as a property and follow each other; what the source says flows into another is believed.
pub(crate) fn reaches(ways: Vec<Line<Map<String, Value>>>, wave_m_s: f64, gap_m: f64, report: &mut Report) -> Lines {
    let pieces = network::pieces(ways);
    let same = |property: &str, piece: &Map<String, Value>, next: &Map<String, Value>| {
        piece.contains_key(property) && piece.get(property) == next.get(property)
    };
    let told = |piece: &Map<String, Value>, next: &Map<String, Value>| {
        piece.contains_key("flows_into") && piece.get("flows_into") == next.get("code")
    };
    let size = |about: &Map<String, Value>| match text(about, "class").as_str() {
        "river" => 0,
        "" | "stream" => 1,
        "canal" => 2,
        _ => 3,
    };
    let flow = network::flow(&pieces, gap_m, |piece, next| {
        if same("code", piece, next) || told(piece, next) {
            return u8::from(!same("code", piece, next));
        }
        2 + u8::from(!same("name", piece, next)) * 8 + size(next)
    });
    let mut lines = Lines::default();
    // Codes first, for what flows into a piece names it.
    let mut codes: Vec<String> = Vec::with_capacity(pieces.len());
    let mut taken = std::collections::HashSet::new();
    for piece in &pieces {
        let mut code = piece.code.clone();
        let mut number = 2;
        while !taken.insert(code.clone()) {
            code = format!("{}-{number}", piece.code);
            number += 1;
        }
        codes.push(code);
    }
    let usable: Vec<bool> = pieces.iter().map(|piece| is_line(&piece.line)).collect();
    // A piece that is shorter than a centimetre is passed through.
    let into = |mut number: usize| {
        let mut next = flow.into[number];
        while let Some(after) = next.filter(|&after| !usable[after]) {
            if after == number {
                return None;
            }
            number = after;
            next = flow.into[number];
        }
        next
    };
    for (number, piece) in pieces.iter().enumerate() {
        let code = &codes[number];
        if !usable[number] {
            report.skip("is shorter than a centimetre", code);
            continue;
        }
        let mut properties = piece.about.clone();
        let next = into(number).filter(|&next| {
            let next = &pieces[next].about;
            !properties.contains_key("flows_into") || same("code", &piece.about, next) || told(&piece.about, next)
        });
        if let Some(next) = next {
            properties.insert("flows_into".to_owned(), json!(codes[next]));
        }
        if !properties.contains_key("name") {
            report.note("has no name; “waterway” and its code were written", code);
            properties
                .insert("name".to_owned(), json!({ "fa": format!("آبراهه {code}"), "en": format!("waterway {code}") }));
        }
        let told = properties.remove(PACE).and_then(|pace| pace.as_f64());
        if told.is_none() {
            report
                .note(format!("travel times were worked out with a flood wave of {wave_m_s} m/s (--wave-speed)"), code);
        }
        let pace = told.unwrap_or(1.0 / wave_m_s / 60.0);
        let minutes = (walk::length_m(&piece.line) * pace * 1e3).round() / 1e3;
        properties.insert("travel_minutes".to_owned(), json!(minutes.max(0.1)));
        properties.insert("code".to_owned(), json!(code));
        lines.put(Kind::Reach, properties, &line_value(&piece.line), code, report);
    }
    for &fork in &flow.forks {
        report
            .note("the water parts at its end; the way of the same name, then the larger one, was taken", &codes[fork]);
    }
    for &circle in &flow.circles {
        report.note("its way on led round in a circle and was left out", &codes[circle]);
    }
    lines
}

/// Does anything of it remain when it is written to a centimetre?
fn is_line(line: &LineString<f64>) -> bool {
    line.0.windows(2).any(|two| key_of(two[0]) != key_of(two[1]))
}

/// Roads between junctions.
pub(crate) fn roads(ways: Vec<Line<Map<String, Value>>>, report: &mut Report) -> Lines {
    let mut lines = Lines::default();
    let mut pieces = network::pieces(ways);
    // Should there be no room for all, the smallest go without.
    let rank = |piece: &network::Piece<Map<String, Value>>| {
        let class = text(&piece.about, "class");
        RoadClass::ALL.iter().position(|(word, _)| *word == class)
    };
    pieces.sort_by_key(rank);
    for piece in pieces {
        let code = lines.free(piece.code);
        if !is_line(&piece.line) {
            report.skip("is shorter than a centimetre", &code);
            continue;
        }
        let mut properties = piece.about;
        properties.insert("code".to_owned(), json!(code));
        lines.put(Kind::Road, properties, &line_value(&piece.line), &code, report);
    }
    lines
}

/// An area as a building.
pub(crate) fn building_of(ring: &[Coord<f64>], levels: Option<f64>) -> Option<Building> {
    let shape = geo_types::Polygon::new(LineString(ring.to_vec()), Vec::new());
    let rect = shape.bounding_rect()?;
    let at = rect.center();
    let plane = Plane::at(at);
    let metres = plane.line_in_metres(shape.exterior());
    let ground_m2 = geo_types::Polygon::new(metres, Vec::new()).unsigned_area();
    Some(Building { at: Position::new(at.x, at.y).ok()?, floor_m2: ground_m2 * storeys(levels) })
}
