//! Places of the gazetteer: squares, streets, hospitals, schools, bridges, with the names people call them by.
//! Made by `City::build`; found by `City::search` and `City::locate_in_text`.
//! A place lies where its position says, in the language-neutral sense: names are texts, kinds are ours.

use serde::{Deserialize, Serialize};

use crate::{PlaceCode, Position, Texts, ZoneCode};

/// A named place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Stable code.
    pub code: PlaceCode,
    /// Name by language.
    pub name: Texts,
    /// Other names and spellings, in any language.
    pub aliases: Vec<String>,
    /// What sort of place it is.
    pub kind: PlaceKind,
    /// Where it is; of a street, its middle.
    pub position: Position,
}

/// What sort of place it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A square or roundabout.
    Square,
    /// A street or boulevard.
    Street,
    /// A bridge or culvert.
    Bridge,
    /// A hospital or clinic.
    Hospital,
    /// A school.
    School,
    /// A university or college.
    University,
    /// A fire station.
    FireStation,
    /// A police station.
    Police,
    /// A shelter: sports hall, mosque or hall that is opened in a crisis.
    Shelter,
    /// An electric substation.
    Power,
    /// A bus or railway station.
    Station,
    /// A market or bazaar.
    Market,
    /// A park or garden.
    Park,
    /// A monument, tomb, museum or shrine.
    Landmark,
    /// A public office.
    Office,
    /// A zone, found by its own name.
    Zone,
}

impl PlaceKind {
    /// All kinds, with the word that stands in the file. `zone` is made from the zones, never read.
    pub const ALL: [(&'static str, PlaceKind); 16] = [
        ("square", PlaceKind::Square),
        ("street", PlaceKind::Street),
        ("bridge", PlaceKind::Bridge),
        ("hospital", PlaceKind::Hospital),
        ("school", PlaceKind::School),
        ("university", PlaceKind::University),
        ("fire_station", PlaceKind::FireStation),
        ("police", PlaceKind::Police),
        ("shelter", PlaceKind::Shelter),
        ("power", PlaceKind::Power),
        ("station", PlaceKind::Station),
        ("market", PlaceKind::Market),
        ("park", PlaceKind::Park),
        ("landmark", PlaceKind::Landmark),
        ("office", PlaceKind::Office),
        ("zone", PlaceKind::Zone),
    ];

    /// Is it a place whose loss makes a crisis worse: hospital, school, fire station, shelter, power?
    pub fn is_critical(self) -> bool {
        match self {
            PlaceKind::Hospital
            | PlaceKind::School
            | PlaceKind::FireStation
            | PlaceKind::Shelter
            | PlaceKind::Power => true,
            PlaceKind::Square
            | PlaceKind::Street
            | PlaceKind::Bridge
            | PlaceKind::University
            | PlaceKind::Police
            | PlaceKind::Station
            | PlaceKind::Market
            | PlaceKind::Park
            | PlaceKind::Landmark
            | PlaceKind::Office
            | PlaceKind::Zone => false,
        }
    }
}

/// A place that fits a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The place.
    pub place: Place,
    /// Where it is.
    pub position: Position,
    /// How well it fits, 0 to 1; 1 is the very name.
    pub score: f64,
    /// The leaf zone in which it lies.
    pub zone: Option<ZoneCode>,
}

/// Where a free text points to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Located {
    /// The position.
    pub position: Position,
    /// The leaf zone in which it lies; none outside the map.
    pub zone: Option<ZoneCode>,
    /// How sure, 0 to 1.
    pub score: f64,
    /// What in the text said so.
    pub by: LocatedBy,
}

/// What in a text gave the position away.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LocatedBy {
    /// A `geo:` URI (RFC 5870).
    GeoUri,
    /// A link to a map service.
    MapLink,
    /// A pair of decimal degrees.
    Coordinates,
    /// The name of a place; `matched` is the folded part of the text.
    Place {
        /// Code of the place.
        place: PlaceCode,
        /// The words of the text that named it, folded.
        matched: String,
    },
}
