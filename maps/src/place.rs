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
    /// How many it takes: beds of a hospital, pupils of a school, people of a shelter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// Its telephone number as people dial it: digits, with `+`, `-` and spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
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
    /// A hospital.
    Hospital,
    /// A clinic or health house, without beds for the night.
    Clinic,
    /// An ambulance base (115).
    Ambulance,
    /// A home for people who can't leave by themselves.
    CareHome,
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
    /// Where a crisis is led from: the city's or province's operations centre, a Red Crescent base.
    OperationsCentre,
    /// An electric substation or power plant.
    Power,
    /// Waterworks: a well field, tank, treatment or pumping station.
    Water,
    /// A filling station or fuel store.
    Fuel,
    /// A gas pressure-reducing station.
    Gas,
    /// A telephone exchange or main mast.
    Telecom,
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
    pub const ALL: [(&'static str, PlaceKind); 24] = [
        ("square", PlaceKind::Square),
        ("street", PlaceKind::Street),
        ("bridge", PlaceKind::Bridge),
        ("hospital", PlaceKind::Hospital),
        ("clinic", PlaceKind::Clinic),
        ("ambulance", PlaceKind::Ambulance),
        ("care_home", PlaceKind::CareHome),
        ("school", PlaceKind::School),
        ("university", PlaceKind::University),
        ("fire_station", PlaceKind::FireStation),
        ("police", PlaceKind::Police),
        ("shelter", PlaceKind::Shelter),
        ("operations_centre", PlaceKind::OperationsCentre),
        ("power", PlaceKind::Power),
        ("water", PlaceKind::Water),
        ("fuel", PlaceKind::Fuel),
        ("gas", PlaceKind::Gas),
        ("telecom", PlaceKind::Telecom),
        ("station", PlaceKind::Station),
        ("market", PlaceKind::Market),
        ("park", PlaceKind::Park),
        ("landmark", PlaceKind::Landmark),
        ("office", PlaceKind::Office),
        ("zone", PlaceKind::Zone),
    ];

    /// The word that stands in files and in JSON.
    pub fn as_str(self) -> &'static str {
        PlaceKind::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Is it a place whose loss makes a crisis worse: who heals, shelters, leads or helps, who must be helped, and what all of them live on?
    pub fn is_critical(self) -> bool {
        match self {
            PlaceKind::Hospital
            | PlaceKind::Clinic
            | PlaceKind::Ambulance
            | PlaceKind::CareHome
            | PlaceKind::School
            | PlaceKind::FireStation
            | PlaceKind::Police
            | PlaceKind::Shelter
            | PlaceKind::OperationsCentre
            | PlaceKind::Power
            | PlaceKind::Water
            | PlaceKind::Fuel
            | PlaceKind::Gas
            | PlaceKind::Telecom => true,
            PlaceKind::Square
            | PlaceKind::Street
            | PlaceKind::Bridge
            | PlaceKind::University
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
    /// How sure it is that this is what the person means, 0 to 1.
    pub score: f64,
    /// If it is, how far from the position that may be, in metres: a bridge is a point, a street is long.
    pub accuracy_m: f64,
    /// What in the text said so.
    pub by: LocatedBy,
}

/// What in a text gave the position away. `matched` is the part of the text that was understood, folded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LocatedBy {
    /// A `geo:` URI (RFC 5870).
    GeoUri,
    /// A link to a map service.
    MapLink,
    /// A pair of decimal degrees.
    Coordinates,
    /// The name of a place.
    Place {
        /// Code of the place.
        place: PlaceCode,
        /// How the person stands to it.
        relation: Relation,
        /// The street on which they are, where they say so: “Bu-Ali Street, opposite Sina Hospital”.
        street: Option<PlaceCode>,
        /// What was understood.
        matched: String,
    },
    /// Where two streets meet, or come nearest to each other.
    Crossing {
        /// Their codes.
        streets: [PlaceCode; 2],
        /// What was understood.
        matched: String,
    },
    /// Between two places, or two streets.
    Between {
        /// Their codes.
        places: [PlaceCode; 2],
        /// The street on which they are, where they say so.
        street: Option<PlaceCode>,
        /// What was understood.
        matched: String,
    },
}

/// How a person stands to the place that they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// At it, in it, under it; or nothing is said.
    At,
    /// Somewhere near it: «نزدیک», «حوالی».
    Near,
    /// Beside it: «کنار», «جنب».
    Beside,
    /// On the other side of the street: «روبروی», «مقابل».
    Opposite,
    /// Behind it: «پشت».
    Behind,
    /// Before one comes to it, from a side that is not said: «نرسیده به», «قبل از».
    Before,
    /// Beyond it, seen from a side that is not said: «بعد از», «بالاتر از».
    After,
    /// On the way to it, perhaps far away: «به سمت».
    Toward,
    /// At the beginning of a street: «ابتدای», «اول».
    Start,
    /// In the middle of a street: «وسط».
    Middle,
    /// At the end of a street: «انتهای», «ته».
    End,
}
