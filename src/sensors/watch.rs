//! Finds sensors that fell silent and those that speak again.
//! Run by `app` every few seconds and after new facts; tests call `run_due` themselves.
//! States are append-only: what was known of a sensor at any past moment can be asked for (invariants 15 and 16).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::sensor::{Sensor, SensorState};
use crate::{
    bell::{Bell, LiveAudience},
    ground::Ground,
    id::SensorId,
    on,
    store::{At, Fault, ReadingsTx},
};

/// State changes per step.
const CHANGES_MAX: usize = 500;

/// What a device said of itself, and when.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Status {
    /// Whose.
    pub sensor_id: SensorId,
    /// As it was sent, cut: "online", "offline" …
    #[sqlx(rename = "status")]
    pub said: String,
    /// When it came.
    pub received_at: At,
}

/// Records at most 500 changes of state. Gives their number; 0 when every sensor is as it was known to be.
pub async fn run_due(ground: &Ground) -> Result<usize, Fault> {
    let now = ground.now();
    let mut tx = ground.store.read_readings("who was heard").await?;
    let mut heard: HashMap<SensorId, Timestamp> = HashMap::new();
    for latest in tx.latest_of_all().await? {
        let entry = heard.entry(latest.sensor).or_insert(latest.heard_at);
        *entry = (*entry).max(latest.heard_at);
    }
    let statuses: HashMap<SensorId, Status> =
        tx.statuses().await?.into_iter().map(|status| (status.sensor_id, status)).collect();
    drop(tx);

    let intervals = ground.config.sensors.silent_after_intervals;
    let changes = |sensors: Vec<Sensor>| -> Vec<(Sensor, SensorState, &'static str)> {
        sensors
            .into_iter()
            .filter_map(|sensor| {
                let status = statuses.get(&sensor.id);
                let (state, reason) = judge(&sensor, heard.get(&sensor.id).copied(), status, now, intervals)?;
                Some((sensor, state, reason))
            })
            .take(CHANGES_MAX)
            .collect()
    };
    let mut tx = ground.store.read("watch sensors").await?;
    let sensors = tx.sensors().await?;
    drop(tx);
    count_states(&sensors);
    if changes(sensors).is_empty() {
        return Ok(0);
    }
    let mut tx = ground.store.write("watch sensors").await?;
    // Another node may have recorded the same meanwhile: look again where only one can.
    tx.lock("watch sensors").await?;
    let changed = changes(tx.sensors().await?);
    for (sensor, state, reason) in &changed {
        tx.put_sensor_state(sensor.id, *state, reason, now).await?;
    }
    tx.commit().await?;
    for (sensor, state, reason) in &changed {
        let about = json!({ "sensor": sensor.id, "state": state, "reason": reason });
        ground.bells.tell(LiveAudience::Staff, "sensor.changed", about);
    }
    if !changed.is_empty() {
        // Coverage changed: what a zone's colour rests on.
        ground.bells.ring(Bell::Facts);
    }
    Ok(changed.len())
}

/// The state that a sensor should be known in, when it is another than it is.
fn judge(
    sensor: &Sensor,
    heard: Option<Timestamp>,
    status: Option<&Status>,
    now: Timestamp,
    intervals: f64,
) -> Option<(SensorState, &'static str)> {
    let offline = status.filter(|status| {
        status.said.eq_ignore_ascii_case("offline") && heard.is_none_or(|heard| status.received_at.0 >= heard)
    });
    let (state, reason) = match (sensor.state, heard, offline) {
        // Only staff take it out of quarantine.
        (SensorState::Quarantine, _, _) | (_, None, None) => return None,
        (_, _, Some(_)) => (SensorState::Silent, "last will"),
        (_, Some(heard), None) => {
            let patience = SignedDuration::from_secs_f64(intervals * f64::from(sensor.expected_interval_secs));
            if now.duration_since(heard) > patience {
                (SensorState::Silent, "overdue")
            } else {
                (SensorState::Ok, "heard")
            }
        }
    };
    (state != sensor.state).then_some((state, reason))
}

fn count_states(sensors: &[Sensor]) {
    for state in [SensorState::Never, SensorState::Ok, SensorState::Silent, SensorState::Quarantine] {
        let count = sensors.iter().filter(|sensor| sensor.state == state).count();
        metrics::gauge!("hamyar_sensors", "state" => state.as_str()).set(count as f64);
    }
}

impl ReadingsTx {
    /// Keeps what a device says of itself.
    pub(super) async fn put_status(&mut self, sensor: SensorId, status: &str, at: Timestamp) -> Result<(), Fault> {
        on!(self.0, |conn| {
            sqlx::query(
                "insert into sensor_status (sensor_id, status, received_at) values ($1, $2, $3)
                 on conflict (sensor_id) do update set status = excluded.status, received_at = excluded.received_at",
            )
            .bind(sensor)
            .bind(status)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// What every device last said of itself.
    pub async fn statuses(&mut self) -> Result<Vec<Status>, Fault> {
        on!(self.0, |conn| {
            sqlx::query_as("select sensor_id, status, received_at from sensor_status order by sensor_id")
                .fetch_all(conn)
                .await
        })
    }
}
