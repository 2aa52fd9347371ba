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
mod origin; // What something was made from.
mod position; // Where something is.
mod text; // How two people spell one name.

mod fault; // What is wrong with a map.
mod features; // Raw features become zones, reaches, gauges, places.
mod read; // TOML and GeoJSON become raw features.
mod repair; // Outlines that cross themselves are mended.

mod gauge; // Where something is measured.
mod place; // What people call places.
mod river; // The water's ways.
mod road; // What carries people.
mod zone; // The pieces that people live in.

pub mod inundation; // Water over the ground, through time.
pub mod snow; // What snow and cold mean, by height.
pub mod terrain; // The shape of the ground, and where water goes over it.

mod river_check; // What is wrong with waterways and gauges.
mod road_check; // What looks wrong about roads.
mod road_graph; // Where roads meet.
mod street; // Roads of one name.

mod build; // All of them become a city.
mod city; // The whole.
mod sample; // Hamadan, drawn by hand.
mod sample_ground; // The ground under it, by a recipe.

mod gazetteer; // What everything is called.
mod index; // Which zone holds a point, which zones a shape touches.
mod locate; // Which place a person means.
mod mention; // The names in what they say.
mod meridian; // Two longitudes for one place.
mod near; // Which places are near.
mod overlap; // How much of a zone a shape covers.
mod phrase; // How people say where they are.
mod search; // Which place bears a name.

mod exposure; // Who and what is there.
mod footprint; // A danger on the ground.
mod hazard; // How far water and snow reach.
mod isolation; // Who is cut off.
mod road_cut; // What can't be passed.
mod walk; // What lies downstream.

mod geojson_out; // The map for others.
pub mod import; // Maps of others become a city.

pub use city::{CITY_FILE_NAMES, City, CityFiles};
pub use code::{BadCode, CODE_LENGTH_MAX, GaugeCode, PlaceCode, ReachCode, RoadCode, ZoneCode};
pub use exposure::{BandedExposure, ExposedZone, Exposure};
pub use fault::{FAULTS_MAX, Fault};
pub use footprint::{AffectedZone, FOOTPRINT_VERTICES_MAX, Footprint, Method, NoFootprint, WARNING_MARGIN_M};
pub use gauge::{Gauge, Quantity, Thresholds};
pub use geojson_out::shape_geometry;
pub use hazard::{BandedFootprint, FLOOD_HALF_WIDTH_M, FLOOD_LENGTH_M, SnowSpread};
pub use isolation::{CutRoad, IsolatedNeed, IsolatedZone, Isolation, Need, ZoneAccess};
pub use near::NearPlace;
pub use origin::{BadHash, ContentHash, OtherTerrain, TerrainRef, TerrainUsed};
pub use place::{Found, Located, LocatedBy, Place, PlaceKind, Relation};
pub use position::{BadPosition, Position};
pub use river::{Downstream, DownstreamPart, GaugeOnTheWay, JOIN_TOLERANCE_M, Reach, ZoneOnTheWay};
pub use road::{Road, RoadBed, RoadClass};
pub use road_cut::{CUT_DEPTH_M, Closures, CutBy, DepthGrid, Depths, Passes, Water};
pub use road_graph::{RoadEdge, RoadGraph};
pub use text::{Texts, fold, latin_digits, text_in};
pub use zone::{Zone, ZoneKind, ZoneShare};
