//! Sensors: who they are, what they last said, their plots, what could not be kept, and how they are registered.
//! Used by the console and by administrators.
//! A sensor's secret is in one answer only, the one that made it.

use std::collections::{BTreeMap, HashMap};

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use jiff::{SignedDuration, Timestamp};
use maps::{GaugeCode, Position, ReachCode, Texts, Thresholds};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem};
use crate::{
    id::SensorId,
    sensors::{self as room, Flag, NewSensor, Quantity, Reason, Refusal, Registered, Sensor, SensorCode, SensorState},
    staff::{Admin, StaffMember},
};

/// Points of one plot.
const POINTS_MAX: usize = 500;
/// The longest plot, in hours: a month.
const HOURS_MAX: i64 = 24 * 31;
/// Rejects shown at once.
const REJECTED_SHOWN_MAX: i64 = 200;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(rejected))
        .routes(routes!(unknown))
        .routes(routes!(readings))
        .routes(routes!(states))
        .routes(routes!(rotate))
        .routes(routes!(quarantine))
        .routes(routes!(release))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let title = refusal.to_string();
        match refusal {
            Refusal::Store(fault) => fault.into(),
            Refusal::Unknown => Self::not_found("sensor"),
            Refusal::Taken(_) => Self::conflict("taken", title),
            Refusal::Already(_) => Self::conflict("already", title),
            Refusal::Quantities
            | Refusal::Name
            | Refusal::Interval(_)
            | Refusal::Thresholds(_)
            | Refusal::NotOnTheMap(..) => Self::unusable(vec![title]),
        }
    }
}

/// All sensors.
#[derive(Serialize, ToSchema)]
pub struct SensorsView {
    items: Vec<SensorView>,
    next: Option<String>,
}

/// One sensor.
#[derive(Serialize, ToSchema)]
pub struct SensorView {
    id: SensorId,
    code: String,
    #[schema(value_type = BTreeMap<String, String>)]
    name: Texts,
    /// lon, lat.
    position: [f64; 2],
    zone: Option<String>,
    reach: Option<String>,
    gauge: Option<String>,
    quantities: Vec<QuantityView>,
    state: SensorState,
    #[schema(value_type = String, format = DateTime)]
    state_since: Timestamp,
    /// Seconds between two readings when all is well.
    expected_interval_secs: i32,
}

/// What a sensor measures.
#[derive(Serialize, ToSchema)]
pub struct QuantityView {
    quantity: Quantity,
    /// As people write it.
    unit: &'static str,
    latest: Option<LatestView>,
    thresholds: Option<ThresholdsView>,
}

/// The newest reading.
#[derive(Serialize, ToSchema)]
pub struct LatestView {
    value: f64,
    #[schema(value_type = String, format = DateTime)]
    read_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    flag: Flag,
}

/// The values at which it matters.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ThresholdsView {
    yellow: f64,
    orange: f64,
    red: f64,
    /// Who says so.
    source: String,
}

/// Every sensor with its newest readings
#[utoipa::path(get, path = "/sensors", operation_id = "list_sensors", tag = "sensors", responses((status = 200, body = SensorsView), (status = 403, body = Problem)))]
pub async fn list(State(app): State<App>, _staff: StaffMember) -> Result<Json<SensorsView>, Problem> {
    let mut tx = app.ground.store.read("list sensors").await?;
    let sensors = tx.sensors().await?;
    drop(tx);
    let mut tx = app.ground.store.read_readings("list latest readings").await?;
    let mut latest: HashMap<(SensorId, Quantity), LatestView> = HashMap::new();
    for newest in tx.latest_of_all().await? {
        let (value, read_at, received_at, flag) = (newest.value, newest.read_at, newest.received_at, newest.flag);
        latest.insert((newest.sensor, newest.quantity), LatestView { value, read_at, received_at, flag });
    }
    let items = sensors.into_iter().map(|sensor| present(sensor, &mut latest)).collect();
    Ok(Json(SensorsView { items, next: None }))
}

fn present(sensor: Sensor, latest: &mut HashMap<(SensorId, Quantity), LatestView>) -> SensorView {
    let mut quantities = sensor.quantities.clone();
    // A battery is told of without having been registered.
    if !quantities.contains(&Quantity::BatteryV) && latest.contains_key(&(sensor.id, Quantity::BatteryV)) {
        quantities.push(Quantity::BatteryV);
    }
    let quantities = quantities
        .into_iter()
        .map(|quantity| QuantityView {
            quantity,
            unit: quantity.unit(),
            latest: latest.remove(&(sensor.id, quantity)),
            thresholds: sensor.thresholds.get(&quantity).map(|known| ThresholdsView {
                yellow: known.yellow,
                orange: known.orange,
                red: known.red,
                source: known.source.clone(),
            }),
        })
        .collect();
    SensorView {
        id: sensor.id,
        code: sensor.code.into(),
        name: sensor.name,
        position: [sensor.position.lon(), sensor.position.lat()],
        zone: sensor.zone.map(String::from),
        reach: sensor.reach.map(String::from),
        gauge: sensor.gauge.map(String::from),
        quantities,
        state: sensor.state,
        state_since: sensor.state_since,
        expected_interval_secs: sensor.expected_interval_secs,
    }
}

/// Which plot.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlotQuery {
    /// What: "stage_m", "snow_depth_cm" …
    quantity: Quantity,
    /// How far back from now, 1 to 744.
    #[serde(default = "a_day")]
    hours: i64,
}

fn a_day() -> i64 {
    24
}

/// A plot.
#[derive(Serialize, ToSchema)]
pub struct PlotView {
    quantity: Quantity,
    unit: &'static str,
    /// Epoch milliseconds, value, flag; at most 500, thinned so that no peak is lost.
    #[schema(value_type = Vec<Object>)]
    points: Vec<(i64, f64, Flag)>,
}

/// The readings of one sensor, for a plot
#[utoipa::path(get, path = "/sensors/{id}/readings", tag = "sensors", params(("id" = SensorId, Path), PlotQuery),
    responses((status = 200, body = PlotView), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn readings(
    State(app): State<App>,
    _staff: StaffMember,
    id: Result<Path<SensorId>, PathRejection>,
    query: Result<Query<PlotQuery>, QueryRejection>,
) -> Result<Json<PlotView>, Problem> {
    let (Path(id), Query(PlotQuery { quantity, hours })) = (id?, query?);
    known(&app, id).await?;
    let ahead = SignedDuration::from_secs(app.ground.config.sensors.future_secs_max + 1);
    let now = app.ground.now();
    let from = now - SignedDuration::from_hours(hours.clamp(1, HOURS_MAX));
    let mut tx = app.ground.store.read_readings("plot readings").await?;
    let points = tx.history(id, quantity, from, now + ahead, POINTS_MAX).await?;
    let points = points.into_iter().map(|point| (point.read_at.as_millisecond(), point.value, point.flag)).collect();
    Ok(Json(PlotView { quantity, unit: quantity.unit(), points }))
}

async fn known(app: &App, id: SensorId) -> Result<Sensor, Problem> {
    let mut tx = app.ground.store.read("show sensor").await?;
    tx.sensor(id).await?.ok_or_else(|| Problem::not_found("sensor"))
}

/// The states of a sensor.
#[derive(Serialize, ToSchema)]
pub struct StatesView {
    items: Vec<StateView>,
    next: Option<String>,
}

/// One state.
#[derive(Serialize, ToSchema)]
pub struct StateView {
    state: SensorState,
    /// "registered", "heard", "overdue", "last will", "staff".
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
}

/// How a sensor was heard, oldest first, the last 200 changes
#[utoipa::path(get, path = "/sensors/{id}/states", tag = "sensors", params(("id" = SensorId, Path)),
    responses((status = 200, body = StatesView), (status = 404, body = Problem)))]
pub async fn states(
    State(app): State<App>,
    _staff: StaffMember,
    id: Result<Path<SensorId>, PathRejection>,
) -> Result<Json<StatesView>, Problem> {
    let Path(id) = id?;
    known(&app, id).await?;
    let mut tx = app.ground.store.read("sensor states").await?;
    let items = tx.sensor_states(id, 200).await?;
    let items = items
        .into_iter()
        .map(|change| StateView { state: change.state, reason: change.reason, recorded_at: change.recorded_at.0 })
        .collect();
    Ok(Json(StatesView { items, next: None }))
}

/// What could not be kept.
#[derive(Serialize, ToSchema)]
pub struct RejectedView {
    items: Vec<RejectView>,
    next: Option<String>,
}

/// Messages with one fault, from one account, on one topic.
#[derive(Serialize, ToSchema)]
pub struct RejectView {
    reason: Reason,
    /// What was wrong with the last one.
    detail: String,
    topic: String,
    account: String,
    #[schema(value_type = String, format = DateTime)]
    first_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_at: Timestamp,
    count: i64,
    /// The last one's payload as text, cut.
    payload: String,
}

/// Messages that could not be kept, the newest first
#[utoipa::path(get, path = "/sensors/rejected", tag = "sensors", responses((status = 200, body = RejectedView)))]
pub async fn rejected(State(app): State<App>, _staff: StaffMember) -> Result<Json<RejectedView>, Problem> {
    rejects(&app, None).await
}

/// Messages of sensors that nobody registered, the newest first
#[utoipa::path(get, path = "/sensors/unknown", tag = "sensors", responses((status = 200, body = RejectedView)))]
pub async fn unknown(State(app): State<App>, _staff: StaffMember) -> Result<Json<RejectedView>, Problem> {
    rejects(&app, Some(Reason::UnknownSensor)).await
}

async fn rejects(app: &App, reason: Option<Reason>) -> Result<Json<RejectedView>, Problem> {
    let mut tx = app.ground.store.read_readings("list rejects").await?;
    let items = tx.rejected(reason, REJECTED_SHOWN_MAX).await?;
    let items = items
        .into_iter()
        .map(|row| RejectView {
            reason: row.reason,
            detail: row.detail,
            topic: row.topic,
            account: row.account,
            first_at: row.first_at.0,
            last_at: row.last_at.0,
            count: row.count,
            payload: String::from_utf8_lossy(&row.payload).into_owned(),
        })
        .collect();
    Ok(Json(RejectedView { items, next: None }))
}

/// A sensor to be registered.
#[derive(Deserialize, ToSchema)]
pub struct NewSensorBody {
    /// 1 to 64 of a-z, 0-9 and “-”; its MQTT user name, too.
    code: String,
    #[schema(value_type = BTreeMap<String, String>)]
    name: Texts,
    quantities: Vec<Quantity>,
    /// lon, lat.
    position: [f64; 2],
    reach: Option<String>,
    gauge: Option<String>,
    /// Per quantity; those of the gauge when not given.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, ThresholdsView>)]
    thresholds: BTreeMap<Quantity, ThresholdsView>,
    expected_interval_secs: i32,
}

/// A sensor's way in. The secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct SecretView {
    id: SensorId,
    code: String,
    /// MQTT user name.
    user: String,
    /// MQTT password.
    secret: String,
}

impl From<Registered> for SecretView {
    fn from(registered: Registered) -> Self {
        Self {
            id: registered.id,
            code: registered.code.into(),
            user: registered.user,
            secret: registered.secret.reveal().to_owned(),
        }
    }
}

/// Register a sensor
#[utoipa::path(post, path = "/sensors", tag = "sensors", request_body = NewSensorBody,
    responses((status = 201, body = SecretView), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn add(
    State(app): State<App>,
    admin: Admin,
    body: Result<Json<NewSensorBody>, JsonRejection>,
) -> Result<(StatusCode, Json<SecretView>), Problem> {
    let Json(body) = body?;
    let registered = room::add(&app.ground, &admin, checked(body)?).await?;
    Ok((StatusCode::CREATED, Json(registered.into())))
}

/// Reads what was sent; lists every fault at once.
fn checked(body: NewSensorBody) -> Result<NewSensor, Problem> {
    fn take<T, E: std::fmt::Display>(read: Result<T, E>, faults: &mut Vec<String>) -> Option<T> {
        read.map_err(|fault| faults.push(fault.to_string())).ok()
    }
    let mut faults = Vec::new();
    let code = take(SensorCode::new(body.code), &mut faults);
    let position = take(Position::new(body.position[0], body.position[1]), &mut faults);
    let reach = take(body.reach.map(ReachCode::new).transpose(), &mut faults);
    let gauge = take(body.gauge.map(GaugeCode::new).transpose(), &mut faults);
    let thresholds = body
        .thresholds
        .into_iter()
        .map(|(quantity, given)| {
            let ThresholdsView { yellow, orange, red, source } = given;
            (quantity, Thresholds { yellow, orange, red, source })
        })
        .collect();
    match (code, position, reach, gauge) {
        (Some(code), Some(position), Some(reach), Some(gauge)) => Ok(NewSensor {
            code,
            name: body.name,
            quantities: body.quantities,
            position,
            reach,
            gauge,
            thresholds,
            expected_interval_secs: body.expected_interval_secs,
        }),
        _ => Err(Problem::unusable(faults)),
    }
}

/// Give a sensor a new secret
///
/// The old one ends at once, and its device is disconnected.
#[utoipa::path(post, path = "/sensors/{id}/secret", tag = "sensors", params(("id" = SensorId, Path)),
    responses((status = 200, body = SecretView), (status = 404, body = Problem)))]
pub async fn rotate(
    State(app): State<App>,
    admin: Admin,
    id: Result<Path<SensorId>, PathRejection>,
) -> Result<Json<SecretView>, Problem> {
    let Path(id) = id?;
    Ok(Json(room::rotate_secret(&app.ground, &admin, id).await?.into()))
}

/// Put a sensor aside: its readings are kept, and nothing is concluded from them
#[utoipa::path(post, path = "/sensors/{id}/quarantine", tag = "sensors", params(("id" = SensorId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn quarantine(
    State(app): State<App>,
    admin: Admin,
    id: Result<Path<SensorId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id?;
    room::quarantine(&app.ground, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a sensor back into service
#[utoipa::path(post, path = "/sensors/{id}/release", tag = "sensors", params(("id" = SensorId, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn release(
    State(app): State<App>,
    admin: Admin,
    id: Result<Path<SensorId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id?;
    room::release(&app.ground, &admin, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
