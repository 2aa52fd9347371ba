//! The city's map and the level of every zone, for everybody.
//! Read by the console, by the public page and by other programs.
//! A map that is only approximate says so; a zone nobody watches is unknown, never green.

use std::collections::BTreeMap;

use alerts::{Hazard, Level, Texts};
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem};
use crate::{assess::Watched, id::IncidentId};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(map)).routes(routes!(zones))
}

/// The city and its geography. Geometry is GeoJSON, lon,lat.
#[derive(Serialize, ToSchema)]
pub struct MapView {
    /// Name, and what must be said about the map wherever it shows.
    city: CityView,
    /// Where a map opens: lon, lat.
    center: [f64; 2],
    /// West, south, east, north.
    bounds: [f64; 4],
    /// Content hash of the map: with the same hash everything here is the same.
    hash: String,
    /// Everything is invented: this is the demo, and every page says so.
    exercise: bool,
    /// Zones as a FeatureCollection.
    #[schema(value_type = Object)]
    zones: serde_json::Value,
    /// Streams as a FeatureCollection.
    #[schema(value_type = Object)]
    waterways: serde_json::Value,
    /// Roads as a FeatureCollection.
    #[schema(value_type = Object)]
    roads: serde_json::Value,
    /// Places as a FeatureCollection.
    #[schema(value_type = Object)]
    places: serde_json::Value,
}

/// Name of the city, and whether its map is only roughly right.
#[derive(Serialize, ToSchema)]
pub struct CityView {
    #[schema(value_type = BTreeMap<String, String>)]
    name: Texts,
    approximate: bool,
    /// IANA name of the zone in which people read times, for example Asia/Tehran.
    time_zone: String,
    /// Must be shown with the map.
    #[schema(value_type = BTreeMap<String, String>)]
    label: Texts,
}

/// The levels of all zones at one moment.
#[derive(Serialize, ToSchema)]
pub struct ZonesView {
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    items: Vec<ZoneView>,
}

/// One zone and its level.
#[derive(Serialize, ToSchema)]
pub struct ZoneView {
    code: String,
    #[schema(value_type = BTreeMap<String, String>)]
    name: Texts,
    /// unknown, green, yellow, orange, red.
    #[schema(value_type = String)]
    level: Level,
    /// flood, snow, ice.
    #[schema(value_type = Option<String>)]
    hazard: Option<Hazard>,
    incident: Option<IncidentId>,
    /// Since when it has this level.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Why, in words.
    #[schema(value_type = BTreeMap<String, String>)]
    reason: Texts,
    watched: Watched,
    population: u64,
}

/// Which moment.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AsOf {
    /// A moment in the past; now when it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// The map of the city
#[utoipa::path(get, path = "/map", tag = "map", responses((status = 200, body = MapView), (status = 304)))]
pub async fn map(State(app): State<App>, headers: HeaderMap) -> Response {
    let city = &app.ground.city;
    let etag = format!("\"{}\"", city.hash());
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let (center, bounds) = (city.center(), city.bounds());
    let value = |collection| serde_json::to_value(collection).unwrap_or_default();
    let view = MapView {
        city: CityView {
            name: city.name().clone(),
            approximate: city.approximate(),
            time_zone: app.ground.config.city.time_zone.clone(),
            label: city.label().clone(),
        },
        center: [center.lon(), center.lat()],
        bounds: [bounds.min().x, bounds.min().y, bounds.max().x, bounds.max().y],
        hash: city.hash().to_owned(),
        exercise: app.ground.exercise.is_some(),
        zones: value(city.zones_geojson()),
        waterways: value(city.waterways_geojson()),
        roads: value(city.roads_geojson()),
        places: value(city.places_geojson()),
    };
    ([(header::ETAG, etag), (header::CACHE_CONTROL, "no-cache".to_owned())], Json(view)).into_response()
}

/// The level of every zone, now or at any moment in the past
#[utoipa::path(get, path = "/zones", tag = "map", params(AsOf), responses((status = 200, body = ZonesView), (status = 400, body = Problem)))]
pub async fn zones(
    State(app): State<App>,
    query: Result<Query<AsOf>, QueryRejection>,
) -> Result<Json<ZonesView>, Problem> {
    let Query(AsOf { at }) = query?;
    let now = app.ground.now();
    let mut tx = app.ground.store.read("zone levels").await?;
    let states: BTreeMap<_, _> =
        tx.zone_states(at).await?.into_iter().map(|state| (state.zone.clone(), state)).collect();
    let watched = app.assess.watched_now(&mut tx, at.unwrap_or(now)).await?;
    let items = app
        .ground
        .city
        .leaves()
        .map(|zone| {
            let state = states.get(zone.code.as_str());
            ZoneView {
                code: zone.code.to_string(),
                name: zone.name.clone(),
                level: state.map_or(Level::Unknown, |state| state.level),
                hazard: state.and_then(|state| state.hazard),
                incident: state.and_then(|state| state.incident),
                since: state.map(|state| state.recorded_at),
                reason: state.map(|state| state.reason.clone()).unwrap_or_default(),
                watched: watched.get(&zone.code).copied().unwrap_or_default(),
                population: zone.population,
            }
        })
        .collect();
    Ok(Json(ZonesView { as_of: at.unwrap_or(now), items }))
}
