//! Footprint: the shape of a danger on the ground and the zones that it reaches.
//! Made by `hazard`; stored by the service with every incident and frozen into alerts.
//! The shape is valid and bounded in vertices; zones are leaves, each once; map and terrain that it came from are named, or there is no footprint.

use geo_types::MultiPolygon;
use serde::{Deserialize, Serialize};

use crate::{City, ContentHash, GaugeCode, ReachCode, TerrainUsed, ZoneCode};

/// Most vertices of a footprint's shape.
pub const FOOTPRINT_VERTICES_MAX: usize = 800;

/// Whom to warn errs outward: a leaf zone that lies this near to the shape is affected, in metres.
pub const WARNING_MARGIN_M: f64 = 25.0;

/// The shape of a danger and the zones that it reaches.
///
/// Only a [`City`] makes one, or JSON that names map and terrain by whole hashes: so each can be traced to what it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
#[non_exhaustive]
pub struct Footprint {
    /// The closed shape, lon,lat; in JSON a GeoJSON `MultiPolygon`.
    #[serde(with = "crate::geojson_out::shape")]
    pub shape: MultiPolygon<f64>,
    /// Affected leaf zones, the soonest first, then by code.
    pub zones: Vec<AffectedZone>,
    /// How the shape was made.
    pub method: Method,
    /// Content hash of the map that it was made from.
    pub city_hash: ContentHash,
    /// The terrain that it was made from; none when the method asks no terrain.
    pub terrain: Option<TerrainUsed>,
}

impl Footprint {
    /// Of a city by a method; the method says on which terrain it works.
    pub(crate) fn of(city: &City, shape: MultiPolygon<f64>, zones: Vec<AffectedZone>, method: Method) -> Footprint {
        let terrain = method.terrain_hash().map(|hash| TerrainUsed {
            hash: ContentHash::new(hash).expect("a kept terrain is named by its SHA-256"),
            heights: city.terrain().cloned(),
        });
        Footprint { shape, zones, method, city_hash: city.hash.clone(), terrain }
    }
}

/// A footprint as it is kept; those kept before terrain was named have none.
#[derive(Deserialize)]
struct Stored {
    #[serde(with = "crate::geojson_out::shape")]
    shape: MultiPolygon<f64>,
    zones: Vec<AffectedZone>,
    method: Method,
    city_hash: ContentHash,
    #[serde(default)]
    terrain: Option<TerrainUsed>,
}

impl TryFrom<Stored> for Footprint {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Footprint, String> {
        let Stored { shape, zones, method, city_hash, terrain } = stored;
        let terrain = match (method.terrain_hash(), terrain) {
            (None, None) => None,
            (Some(hash), Some(terrain)) if terrain.hash == *hash => Some(terrain),
            (Some(hash), None) => {
                let hash = ContentHash::new(hash).map_err(|bad| bad.to_string())?;
                Some(TerrainUsed { hash, heights: None })
            }
            (None | Some(_), Some(_)) => return Err("the method works on another terrain than is named".to_owned()),
        };
        Ok(Footprint { shape, zones, method, city_hash, terrain })
    }
}

/// A leaf zone that the danger reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AffectedZone {
    /// Which zone.
    pub code: ZoneCode,
    /// Part of its area inside the shape, 0 to 1; 0 when only the margin touches it.
    pub share: f64,
    /// Minutes until the water reaches it, where that is known.
    pub minutes: Option<f64>,
}

/// How a footprint was made, with its parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Method {
    /// The river from the gauge on, widened to both sides.
    ReachBuffer {
        /// Metres to each side of the channel.
        half_width_m: f64,
        /// Metres along the channel.
        length_m: f64,
    },
    /// A circle.
    Radius {
        /// Its radius.
        metres: f64,
    },
    /// Zones of the gauge's height, and those near it.
    ElevationBand {
        /// Lower edge of the band above sea level.
        from_m: f64,
        /// Upper edge of the band above sea level.
        to_m: f64,
        /// Zones in the band count within this distance of the gauge.
        within_m: f64,
        /// Zones of any height count within this distance of the gauge.
        near_m: f64,
    },
    /// What a stage floods by the shape of the ground.
    Terrain {
        /// Metres above the channel.
        stage_m: f64,
        /// Standard error of the water's height above the ground, metres.
        error_m: f64,
        /// Least probability of being flooded.
        probability: f64,
        /// Content hash of the terrain.
        terrain_hash: String,
    },
    /// What lies under water that was seen to stand somewhere.
    Pond {
        /// Metres of water at the place.
        depth_m: f64,
        /// Standard error of the water's height above the ground, metres.
        error_m: f64,
        /// Least probability of being flooded.
        probability: f64,
        /// The ground is no basin; the shape ends where its limits do.
        open: bool,
        /// Content hash of the terrain.
        terrain_hash: String,
    },
    /// Whole zones, because nothing better is known.
    ZoneOnly,
}

impl Method {
    /// Content hash of the kept terrain on which the method works. Every method says so here, or that it works on none.
    pub fn terrain_hash(&self) -> Option<&str> {
        match self {
            Method::Terrain { terrain_hash, .. } | Method::Pond { terrain_hash, .. } => Some(terrain_hash),
            Method::ReachBuffer { .. } | Method::Radius { .. } | Method::ElevationBand { .. } | Method::ZoneOnly => {
                None
            }
        }
    }
}

/// Why a footprint could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoFootprint {
    /// The map has no such gauge.
    #[error("gauge “{0}” is not on this map")]
    UnknownGauge(GaugeCode),
    /// The map has no such reach.
    #[error("reach “{0}” is not on this map")]
    UnknownReach(ReachCode),
    /// The map has no such zone.
    #[error("zone “{0}” is not on this map")]
    UnknownZone(ZoneCode),
    /// The gauge stands on no reach.
    #[error("gauge “{0}” stands on no reach; name one in gauges.geojson")]
    GaugeWithoutReach(GaugeCode),
    /// The gauge has no height.
    #[error("gauge “{0}” has no elevation_m in gauges.geojson")]
    GaugeWithoutElevation(GaugeCode),
    /// The terrain was worked out with another version of the map.
    #[error("the terrain belongs to another map; work it out again from the heights")]
    TerrainOfOtherMap,
    /// The terrain has no channel, or no height, at that place.
    #[error("the terrain does not reach there")]
    OffTerrain,
    /// A length that makes no sense.
    #[error("{name} = {metres} m must be between {min} and {max} m")]
    BadLength {
        /// Which parameter.
        name: &'static str,
        /// What was given.
        metres: f64,
        /// Least that is taken.
        min: f64,
        /// Most that is taken.
        max: f64,
    },
}

/// Refuses a length that is out of range or no number.
pub(crate) fn length_within(name: &'static str, metres: f64, min: f64, max: f64) -> Result<f64, NoFootprint> {
    if (min..=max).contains(&metres) { Ok(metres) } else { Err(NoFootprint::BadLength { name, metres, min, max }) }
}
