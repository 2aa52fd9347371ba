//! Zones: the pieces of the city that people live in and are warned by.
//! Made by `City::build`; read by everyone.
//! A zone's code is stable across map versions; zones without children are leaves, and only leaves are warned, joined and counted.

use geo_types::MultiPolygon;
use serde::{Deserialize, Serialize};

use crate::{Position, Texts, ZoneCode};

/// A piece of the city.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// Stable code.
    pub code: ZoneCode,
    /// Name by language.
    pub name: Texts,
    /// Other names and spellings, in any language, by which it is found.
    pub aliases: Vec<String>,
    /// What sort of zone it is.
    pub kind: ZoneKind,
    /// The zone that holds this one, as a district holds a neighbourhood.
    pub parent: Option<ZoneCode>,
    /// Residents; of a parent without a figure of its own, the sum of its leaves.
    pub population: u64,
    /// Typical height of the streets above sea level, in metres.
    pub elevation_m: Option<f64>,
    /// The closed shape, lon,lat, exterior rings anticlockwise.
    pub shape: MultiPolygon<f64>,
    /// A point that lies inside the shape, for labels and for "about here".
    pub label_at: Position,
    /// Has no children: people are warned by leaves.
    pub is_leaf: bool,
}

/// What sort of zone it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// The whole city.
    City,
    /// A municipal district.
    District,
    /// A neighbourhood.
    Neighbourhood,
    /// A mountain pass.
    Pass,
    /// A village or small town outside the built-up city.
    Village,
}

impl ZoneKind {
    /// All kinds, with the word that stands in the file.
    pub const ALL: [(&'static str, ZoneKind); 5] = [
        ("city", ZoneKind::City),
        ("district", ZoneKind::District),
        ("neighbourhood", ZoneKind::Neighbourhood),
        ("pass", ZoneKind::Pass),
        ("village", ZoneKind::Village),
    ];
}

/// A zone and the part of it that a shape covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ZoneShare {
    /// Which zone.
    pub code: ZoneCode,
    /// Part of its area, 0 to 1.
    pub share: f64,
    /// Residents on that part if they lived evenly.
    pub people: f64,
}
