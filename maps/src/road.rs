//! Roads: what carries people, ploughs and ambulances, piece by piece.
//! Made by `City::build`; drawn by the console, walked by the road graph, named by what people write.
//! A piece is one thing all along: a bridge, a tunnel, a ford or plain ground; it takes time, and meets others only at common points.

use geo_types::LineString;
use serde::{Deserialize, Serialize};

use crate::{RoadCode, Texts};

/// A piece of a road.
///
/// Pieces of one street bear one name. Two pieces meet where they have a common point (to 7 decimals of a degree, about a centimetre): at an
/// end or at a vertex between. Lines that merely cross in the drawing do not meet; one of them then passes over the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Road {
    /// Stable code.
    pub code: RoadCode,
    /// Name by language; empty where the road has none.
    pub name: Texts,
    /// Other names and spellings, in any language.
    pub aliases: Vec<String>,
    /// How large it is.
    pub class: RoadClass,
    /// What it lies on.
    pub bed: RoadBed,
    /// Leads over a mountain pass: snow closes it first.
    pub pass: bool,
    /// May be driven in the direction of its line only.
    pub one_way: bool,
    /// Minutes that a car needs from end to end on a dry day.
    pub minutes: f64,
    /// Length in metres.
    pub length_m: f64,
    /// Height of its highest point above sea level, in metres, where that is known.
    pub elevation_m: Option<f64>,
    /// Its middle line.
    pub line: LineString<f64>,
}

/// What a piece of road lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadBed {
    /// On the ground.
    Ground,
    /// Over water or another road.
    Bridge,
    /// Under the ground, or under another road.
    Tunnel,
    /// Through the water.
    Ford,
}

/// How large a road is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadClass {
    /// Between cities.
    Trunk,
    /// A main street or ring.
    Primary,
    /// A collecting street.
    Secondary,
    /// A street through a neighbourhood.
    Tertiary,
    /// A street that people live on.
    Residential,
    /// Into a yard or along a building.
    Service,
    /// Unpaved.
    Track,
}

impl RoadClass {
    /// All classes, with the word that stands in the file.
    pub const ALL: [(&'static str, RoadClass); 7] = [
        ("trunk", RoadClass::Trunk),
        ("primary", RoadClass::Primary),
        ("secondary", RoadClass::Secondary),
        ("tertiary", RoadClass::Tertiary),
        ("residential", RoadClass::Residential),
        ("service", RoadClass::Service),
        ("track", RoadClass::Track),
    ];

    /// Kilometres per hour that are taken where the map says neither speed nor minutes. Source: ours, provisional: below Iran's limits
    /// (30 to 60 in a city, 95 and more between cities), as traffic is.
    pub fn speed_kmh(self) -> f64 {
        match self {
            RoadClass::Trunk => 70.0,
            RoadClass::Primary => 40.0,
            RoadClass::Secondary => 35.0,
            RoadClass::Tertiary => 30.0,
            RoadClass::Residential => 20.0,
            RoadClass::Service | RoadClass::Track => 15.0,
        }
    }
}
