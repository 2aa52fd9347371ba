//! Registers sensors and gives each its MQTT account.
//! Called by the API, the command line, the demo and tests.
//! A sensor and its account are made in one transaction; its secret is shown once.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    quantity::Quantity,
    sensor::{NewSensor, Sensor, SensorCode, SensorState},
};
use crate::{
    audit::{Actor, Decision},
    bell::{Bell, LiveAudience},
    broker::accounts::{AccountKind, NewAccount},
    ground::Ground,
    id::{Secret, SensorId},
    staff::Admin,
    store::{Fault, Tx},
};

/// Why something can't be done with a sensor.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The code is used by another sensor or another MQTT account.
    #[error("“{0}” is taken by another sensor or MQTT account")]
    Taken(SensorCode),
    /// Nothing is measured.
    #[error("a sensor measures at least one quantity and each once")]
    Quantities,
    /// No name in any language.
    #[error("name: want 1 to 100 characters in at least one language")]
    Name,
    /// The interval makes no sense.
    #[error("expected interval: want 1 second to 31 days, not {0} seconds")]
    Interval(i32),
    /// Thresholds must rise and belong to what is measured.
    #[error("thresholds of {0}: want it among the quantities, and yellow < orange < red (falling for air_temp_c)")]
    Thresholds(Quantity),
    /// The map knows no such reach or gauge.
    #[error("the city's map has no {0} “{1}”")]
    NotOnTheMap(&'static str, String),
    /// There is no such sensor.
    #[error("there is no such sensor")]
    Unknown,
    /// It already is what it should become.
    #[error("the sensor is already {0}")]
    Already(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// A sensor's way in: shown once.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Which.
    pub id: SensorId,
    /// Its code.
    pub code: SensorCode,
    /// Its MQTT user name.
    pub user: String,
    /// Its MQTT password.
    pub secret: Secret,
}

/// Registers a sensor by an administrator.
pub async fn add(ground: &Ground, by: &Admin, new: NewSensor) -> Result<Registered, Refusal> {
    register(ground, by.actor(), new).await
}

/// Registers a sensor from the server's command line.
pub async fn add_by_command(ground: &Ground, new: NewSensor) -> Result<Registered, Refusal> {
    register(ground, Actor::Command, new).await
}

/// Gives a gateway of another system its account, from the server's command line: it may bring the messages of these topic filters, and
/// read nothing. A second time it gives a new secret and the new filters.
pub async fn add_gateway(ground: &Ground, name: &SensorCode, topics: Vec<String>) -> Result<Secret, Refusal> {
    let mut tx = ground.store.write("add gateway").await?;
    tx.lock("sensors").await?;
    let taken = match tx.mqtt_account_subject(name.as_str()).await? {
        None | Some((AccountKind::Service, None)) => false,
        // An account of a sensor or a helper must not change hands.
        Some((AccountKind::Sensor | AccountKind::Helper | AccountKind::Service, _)) => true,
    };
    if taken || tx.sensor_by_code(name).await?.is_some() {
        return Err(Refusal::Taken(name.clone()));
    }
    let secret = ground.ids.secret();
    let account = NewAccount {
        name: name.as_str().to_owned(),
        secret_digest: secret.digest(),
        kind: AccountKind::Service,
        subject: None,
        publish: topics,
        subscribe: Vec::new(),
    };
    tx.put_mqtt_account(&account, ground.now(), ground.exercise).await?;
    let facts = json!({ "account": name });
    tx.audit(
        ground.now(),
        &Decision {
            actor: Actor::Command,
            action: "add gateway",
            subject_kind: "mqtt account",
            subject_id: name.as_str().to_owned(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    tx.commit().await?;
    tell(ground);
    Ok(secret)
}

/// Registers every gauge of the city's map that is no sensor yet, under the gauge's code. For the demo and for tests.
///
/// Those that are there already keep their secrets and are not in the answer.
pub async fn adopt_city(ground: &Ground) -> Result<Vec<Registered>, Refusal> {
    let mut registered = Vec::new();
    let mut tx = ground.store.write("adopt gauges").await?;
    tx.lock("sensors").await?;
    for gauge in ground.city.gauges() {
        let code = SensorCode::new(gauge.code.as_str()).expect("a gauge's code is of the same form");
        if tx.sensor_by_code(&code).await?.is_some() {
            continue;
        }
        let new = NewSensor {
            code,
            name: gauge.name.clone(),
            quantities: vec![gauge.quantity.into()],
            position: gauge.position,
            reach: gauge.reach.clone(),
            gauge: Some(gauge.code.clone()),
            thresholds: BTreeMap::new(),
            expected_interval_secs: i32::try_from(gauge.expected_interval_secs).unwrap_or(i32::MAX),
        };
        registered.push(put(ground, &mut tx, new).await?);
    }
    if registered.is_empty() {
        return Ok(registered);
    }
    let facts = json!({ "sensors": registered.iter().map(|one| one.id).collect::<Vec<_>>() });
    audit(ground, &mut tx, Actor::System, "adopt gauges", ground.city.hash().to_owned(), &facts).await?;
    tx.commit().await?;
    tell(ground);
    Ok(registered)
}

/// Gives a sensor a new secret; the old one ends at once and its device is disconnected.
pub async fn rotate_secret(ground: &Ground, by: &Admin, id: SensorId) -> Result<Registered, Refusal> {
    let mut tx = ground.store.write("rotate sensor secret").await?;
    let sensor = tx.sensor(id).await?.ok_or(Refusal::Unknown)?;
    let registered = give_account(ground, &mut tx, id, sensor.code).await?;
    audit(ground, &mut tx, by.actor(), "rotate sensor secret", id.to_string(), &json!({})).await?;
    tx.commit().await?;
    tell(ground);
    Ok(registered)
}

/// Puts a sensor aside: its readings are kept with the flag `fail`, and nothing is concluded from them.
pub async fn quarantine(ground: &Ground, by: &Admin, id: SensorId) -> Result<(), Refusal> {
    put_aside(ground, by, id, SensorState::Quarantine, "quarantine sensor").await
}

/// Takes a sensor back; `watch` finds out whether it is heard.
pub async fn release(ground: &Ground, by: &Admin, id: SensorId) -> Result<(), Refusal> {
    put_aside(ground, by, id, SensorState::Silent, "release sensor").await
}

async fn put_aside(
    ground: &Ground,
    by: &Admin,
    id: SensorId,
    state: SensorState,
    action: &'static str,
) -> Result<(), Refusal> {
    let mut tx = ground.store.write(action).await?;
    tx.lock(&format!("sensor {id}")).await?;
    let sensor = tx.sensor(id).await?.ok_or(Refusal::Unknown)?;
    match (sensor.state == SensorState::Quarantine, state == SensorState::Quarantine) {
        (true, true) => return Err(Refusal::Already("in quarantine")),
        (false, false) => return Err(Refusal::Already("in service")),
        (true, false) | (false, true) => {}
    }
    tx.put_sensor_state(id, state, "staff", ground.now()).await?;
    audit(ground, &mut tx, by.actor(), action, id.to_string(), &json!({})).await?;
    tx.commit().await?;
    tell(ground);
    Ok(())
}

async fn register(ground: &Ground, actor: Actor, new: NewSensor) -> Result<Registered, Refusal> {
    let mut tx = ground.store.write("add sensor").await?;
    tx.lock("sensors").await?;
    let registered = put(ground, &mut tx, new).await?;
    audit(ground, &mut tx, actor, "add sensor", registered.id.to_string(), &json!({ "code": registered.code })).await?;
    tx.commit().await?;
    tell(ground);
    Ok(registered)
}

async fn put(ground: &Ground, tx: &mut Tx, new: NewSensor) -> Result<Registered, Refusal> {
    let now = ground.now();
    let sensor = checked(ground, new)?;
    let code = sensor.code.clone();
    // An account of that name may belong to a helper or a program; it must not change hands.
    if tx.mqtt_account_subject(code.as_str()).await?.is_some() || !tx.insert_sensor(&sensor, now).await? {
        return Err(Refusal::Taken(code));
    }
    give_account(ground, tx, sensor.id, code).await
}

async fn give_account(ground: &Ground, tx: &mut Tx, id: SensorId, code: SensorCode) -> Result<Registered, Refusal> {
    let prefix = &ground.config.mqtt.prefix;
    let secret = ground.ids.secret();
    let account = NewAccount {
        name: code.as_str().to_owned(),
        secret_digest: secret.digest(),
        kind: AccountKind::Sensor,
        subject: Some(id.0),
        publish: vec![format!("{prefix}/readings/{code}"), format!("{prefix}/sensors/{code}/status")],
        subscribe: Vec::new(),
    };
    tx.put_mqtt_account(&account, ground.now(), ground.exercise).await?;
    Ok(Registered { id, user: account.name, code, secret })
}

/// Checks what is to be registered and completes it from the map: the zone, the gauge's thresholds.
fn checked(ground: &Ground, new: NewSensor) -> Result<Sensor, Refusal> {
    let now = ground.now();
    let unique: std::collections::BTreeSet<_> = new.quantities.iter().collect();
    if new.quantities.is_empty() || unique.len() != new.quantities.len() {
        return Err(Refusal::Quantities);
    }
    let named = |text: &String| (1..=100).contains(&text.trim().chars().count()) && !text.contains(char::is_control);
    if new.name.is_empty() || !new.name.values().all(named) {
        return Err(Refusal::Name);
    }
    if !(1..=31 * 86_400).contains(&new.expected_interval_secs) {
        return Err(Refusal::Interval(new.expected_interval_secs));
    }
    if let Some(reach) = new.reach.as_ref().filter(|reach| ground.city.reach(reach).is_none()) {
        return Err(Refusal::NotOnTheMap("reach", reach.as_str().to_owned()));
    }
    let gauge = match &new.gauge {
        None => None,
        Some(code) => {
            Some(ground.city.gauge(code).ok_or_else(|| Refusal::NotOnTheMap("gauge", code.as_str().to_owned()))?)
        }
    };
    let mut thresholds = new.thresholds;
    if thresholds.is_empty()
        && let Some((gauge, given)) = gauge.and_then(|gauge| Some((gauge, gauge.thresholds.clone()?)))
    {
        thresholds.insert(gauge.quantity.into(), given);
    }
    for (quantity, given) in &thresholds {
        let rises = given.yellow < given.orange && given.orange < given.red;
        let falls = given.yellow > given.orange && given.orange > given.red;
        let ordered = if *quantity == Quantity::AirTempC { falls || rises } else { rises };
        if !ordered || !new.quantities.contains(quantity) {
            return Err(Refusal::Thresholds(*quantity));
        }
    }
    Ok(Sensor {
        id: SensorId::draw(&ground.ids, now),
        code: new.code,
        name: new.name,
        quantities: new.quantities,
        zone: ground.city.zone_at(new.position).map(|zone| zone.code.clone()),
        position: new.position,
        reach: new.reach,
        gauge: new.gauge,
        thresholds,
        expected_interval_secs: new.expected_interval_secs,
        state: SensorState::Never,
        state_since: now,
        exercise: ground.exercise,
    })
}

async fn audit(
    ground: &Ground,
    tx: &mut Tx,
    actor: Actor,
    action: &'static str,
    subject_id: String,
    facts: &serde_json::Value,
) -> Result<(), Fault> {
    tx.audit(
        ground.now(),
        &Decision { actor, action, subject_kind: "sensor", subject_id, facts, exercise: ground.exercise },
    )
    .await
}

fn tell(ground: &Ground) {
    ground.bells.ring(Bell::Accounts);
    ground.bells.tell(LiveAudience::Staff, "sensor.changed", json!({}));
}
