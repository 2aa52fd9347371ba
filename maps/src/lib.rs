//! A city's geography: shapes in, shapes out.
//!
//! This crate knows where the city's zones, streams, gauges, places and roads are, which zone holds a point, where flood water
//! goes from a gauge and when it is where, which zones a snow gauge speaks for, and what place a person means in a text message.
//! It is pure: it is handed text and gives back values; it opens no file, asks no clock, draws no chance number and spawns
//! nothing. Positions are WGS 84 degrees, longitude first; lengths are metres on a local plane.
//!
//! ```
//! use maps::{City, GaugeCode};
//!
//! let city = City::sample(); // Hamadan, hand-drawn and approximate: `city.label()` says so
//!
//! // A person writes; where is it?
//! let located = city.locate_in_text("میدان امام").expect("the square is in the gazetteer");
//! let zone = city.zone_at(located.position).expect("the square lies in the city");
//! assert_eq!(located.zone.as_ref(), Some(&zone.code));
//!
//! // A gauge rises; whom does the water reach, and when?
//! let gauge = city.gauges().iter().find(|gauge| gauge.reach.is_some()).expect("the sample has stage gauges");
//! let footprint = city.flood_footprint(&gauge.code, maps::FLOOD_HALF_WIDTH_M)?;
//! for affected in &footprint.zones {
//!     println!("{} in {:?} min, {:.0} % of it", affected.code, affected.minutes, affected.share * 100.0);
//! }
//! println!("{} people", city.population(footprint.zones.iter().map(|affected| &affected.code)));
//! # Ok::<(), maps::NoFootprint>(())
//! ```

mod code; // What things are called by machines.
mod position; // Where something is.
mod text; // How two people spell one name.

mod fault; // What is wrong with a map.
mod features; // Raw features become zones, reaches, gauges, places.
mod read; // TOML and GeoJSON become raw features.
mod repair; // Outlines that cross themselves are mended.

mod gauge; // Where something is measured.
mod place; // What people call places.
mod river; // The water's ways.
mod zone; // The pieces that people live in.

pub mod inundation; // Water over the ground, through time.
pub mod snow; // What snow and cold mean, by height.
pub mod terrain; // The shape of the ground, and where water goes over it.

mod build; // All of them become a city.
mod city; // The whole.
mod sample; // Hamadan, drawn by hand.

mod index; // Which zone holds a point, which zones a shape touches.
mod locate; // Which place a person means.
mod meridian; // Two longitudes for one place.
mod near; // Which places are near.
mod overlap; // How much of a zone a shape covers.
mod search; // Which place bears a name.

mod exposure; // Who and what is there.
mod footprint; // A danger on the ground.
mod hazard; // How far water and snow reach.
mod walk; // What lies downstream.

mod geojson_out; // The map for others.

pub use city::{CITY_FILE_NAMES, City, CityFiles, Road, RoadClass};
pub use code::{BadCode, CODE_LENGTH_MAX, GaugeCode, PlaceCode, ReachCode, ZoneCode};
pub use exposure::Exposure;
pub use fault::{FAULTS_MAX, Fault};
pub use footprint::{AffectedZone, FOOTPRINT_VERTICES_MAX, Footprint, Method, NoFootprint, WARNING_MARGIN_M};
pub use gauge::{Gauge, Quantity, Thresholds};
pub use geojson_out::shape_geometry;
pub use hazard::{BandedFootprint, FLOOD_HALF_WIDTH_M, FLOOD_LENGTH_M, SnowSpread};
pub use near::NearPlace;
pub use place::{Found, Located, LocatedBy, Place, PlaceKind};
pub use position::{BadPosition, Position};
pub use river::{Downstream, DownstreamPart, GaugeOnTheWay, JOIN_TOLERANCE_M, Reach, ZoneOnTheWay};
pub use text::{Texts, fold, latin_digits, text_in};
pub use zone::{Zone, ZoneKind, ZoneShare};
