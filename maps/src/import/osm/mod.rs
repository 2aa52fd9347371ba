//! A city from an extract of OpenStreetMap: zones, waterways, roads, places, and where people live.
//! Called by the command with an open `.osm.pbf` and a box.
//! The file is gone over three times; what is kept of it is what the box needs, and a coordinate is eight bytes.

mod make; // What was read becomes layers.
mod pbf; // Blocks and their elements.
mod pick; // What an element is to a city.
mod read; // Three times over the file.
mod wire; // Fields of a message.

use std::io::{Read, Seek};

use geo_types::Rect;

pub use pick::ZoneLevels;

use super::{BadSource, Made};

/// What is wanted of an extract.
#[derive(Debug, Clone, Default)]
pub struct OsmSettings {
    /// Only what touches this box, longitude and latitude; without it everything.
    pub bbox: Option<Rect<f64>>,
    /// Which administrative level is which kind of zone.
    pub zone_levels: ZoneLevels,
    /// Speed of a flood wave in metres a second.
    pub wave_m_s: f64,
}

/// The first bytes of an `.osm.pbf` after the length of the first header.
pub const PBF_MARK: [u8; 11] = *b"\x0a\x09OSMHeader";

/// Reads an extract.
///
/// Memory: 8 bytes for each node of the box while it is looked for, 16 for each that a kept way needs, 8 for each vertex of a kept way, and
/// the features themselves; a city of a million stays below 1 GB. Errors: the file is damaged, or the box holds more than that allows.
pub fn import(input: impl Read + Seek, settings: &OsmSettings) -> Result<Made, BadSource> {
    let extract = read::extract(input, settings)?;
    Ok(make::layers(extract, settings))
}
