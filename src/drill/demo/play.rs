//! Plays the flood: each sensor connects by its own MQTT account and publishes; people text what they see.
//! Started by `app` once the service is ready; ends with it.
//! Each second stands for most of a minute of the flood; the sensors' clocks are right, only the demo's dwell times are shorter (`demo::rules`).

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rumqttc::{AsyncClient, MqttOptions, QoS};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::{
    flood::{self, WAVES, Wave},
    people::TEXT_MESSAGES,
    phones,
};
use crate::{ground::Ground, sensors};

/// Real time per minute of the flood.
const MINUTE: Duration = Duration::from_millis(1_500);
/// Minutes of quiet before the cloudburst, so that a newcomer sees the map first.
const QUIET_MINUTES: f64 = 4.0;
/// How long the water stands after the first alert, in minutes of the flood.
const STANDING_MINUTES: f64 = 24.0;
/// Minutes after which nothing changes any more.
const OVER_MINUTES: f64 = 120.0;
/// Real time between readings when nothing changes.
const IDLE: Duration = Duration::from_secs(15);

/// Where the service is reached.
#[derive(Clone, Debug)]
pub struct Doors {
    /// `http://127.0.0.1:8137`, without a slash at the end.
    pub url: String,
    /// The embedded broker.
    pub mqtt: SocketAddr,
    /// One client for all invented people.
    pub http: reqwest::Client,
}

struct Sensor {
    code: String,
    quantity: &'static str,
    client: AsyncClient,
    wave: Option<&'static Wave>,
}

/// Plays until the service stops.
pub async fn play(ground: Ground, doors: Doors, sensors: Vec<sensors::Registered>, stop: CancellationToken) {
    let sensors = connect(&ground, &doors, sensors, &stop);
    look_back(&ground, &sensors, ground.now()).await;
    let telephones = tokio::spawn(phones::answer(ground.clone(), doors.clone(), stop.clone()));
    info!("demo: 24 hours of quiet readings are in; the cloudburst comes in a few seconds");

    let mut minute = -QUIET_MINUTES;
    // Until somebody has put an alert out the crest stands; then the water falls.
    let mut falls_at: Option<f64> = None;
    let mut texted = 0;
    while !stop.is_cancelled() {
        let crest = WAVES.iter().map(|wave| wave.crest_minute).fold(0.0, f64::max);
        let hold = |wave: &Wave| falls_at.map_or(f64::INFINITY, |at| at - wave.crest_minute);
        publish(&ground, &sensors, ground.now(), |wave| flood::stage_m(wave, minute, hold(wave)), minute).await;
        while let Some((_, from, words)) = TEXT_MESSAGES.get(texted).filter(|(at, ..)| *at <= minute) {
            texted += 1;
            if let Err(fault) = phones::send(&ground, &doors, from, words, &format!("demo-{texted}")).await {
                debug!(%fault, "demo: a text message did not get through: {fault}");
            }
        }
        if falls_at.is_none() && minute >= crest && alert_is_live(&ground).await {
            falls_at = Some(minute + STANDING_MINUTES);
            info!("demo: an alert is out; the water begins to fall");
        }
        let over = falls_at.is_some_and(|at| minute > at + OVER_MINUTES);
        tokio::select! {
            () = stop.cancelled() => break,
            () = ground.clock.sleep(if over { IDLE } else { MINUTE }) => {}
        }
        minute += 1.0;
    }
    let _ = telephones.await;
}

fn connect(ground: &Ground, doors: &Doors, sensors: Vec<sensors::Registered>, stop: &CancellationToken) -> Vec<Sensor> {
    let quantities: BTreeMap<&str, &'static str> =
        ground.city.gauges().iter().map(|gauge| (gauge.code.as_str(), gauge.quantity.as_str())).collect();
    sensors
        .into_iter()
        .filter_map(|registered| {
            let code = registered.code.as_str().to_owned();
            let quantity = *quantities.get(code.as_str())?;
            let mut options = MqttOptions::new(format!("demo-{code}"), doors.mqtt.ip().to_string(), doors.mqtt.port());
            options.set_credentials(registered.user, registered.secret.reveal());
            options.set_keep_alive(Duration::from_secs(30));
            let (client, mut events) = AsyncClient::new(options, 16);
            let (clock, stop) = (ground.clock.clone(), stop.clone());
            tokio::spawn(async move {
                loop {
                    let polled = tokio::select! {
                        () = stop.cancelled() => return,
                        polled = events.poll() => polled,
                    };
                    if polled.is_err() {
                        clock.sleep(Duration::from_secs(1)).await;
                    }
                }
            });
            let wave = WAVES.iter().find(|wave| wave.gauge == code);
            Some(Sensor { code, quantity, client, wave })
        })
        .collect()
}

/// The 24 hours before: a quiet day, one reading in ten minutes.
async fn look_back(ground: &Ground, sensors: &[Sensor], until: Timestamp) {
    const READINGS: i32 = 144;
    for sensor in sensors {
        let readings: Vec<Value> = (1..=READINGS)
            .rev()
            .map(|back| {
                let minute = -10.0 * f64::from(back) - QUIET_MINUTES;
                let at = until - SignedDuration::from_mins(10 * i64::from(back));
                let mut value = quiet(sensor, minute);
                if let Some(wave) = sensor.wave {
                    value = flood::stage_m(wave, minute, 0.0);
                }
                json!({ "t": at.as_millisecond(), sensor.quantity: value })
            })
            .collect();
        send(ground, sensor, Value::Array(readings)).await;
    }
}

async fn publish(ground: &Ground, sensors: &[Sensor], at: Timestamp, stage: impl Fn(&Wave) -> f64, minute: f64) {
    for sensor in sensors {
        let value = sensor.wave.map_or_else(|| quiet(sensor, minute), &stage);
        send(ground, sensor, json!({ "t": at.as_millisecond(), sensor.quantity: value })).await;
    }
}

/// What gauges without a wave show: rain as a rising counter, snow and air that hardly change.
fn quiet(sensor: &Sensor, minute: f64) -> f64 {
    let value = match (sensor.quantity, sensor.code.as_str()) {
        ("rain_mm", "rain-moradbeyg") => 214.0 + 38.0 * ((minute + 10.0) / 25.0).clamp(0.0, 1.0),
        ("rain_mm", _) => 187.0 + 6.0 * ((minute + 10.0) / 40.0).clamp(0.0, 1.0),
        ("snow_depth_cm", _) => 6.0 + 0.3 * (minute / 300.0).sin(),
        ("air_temp_c", "temp-asadabad") => 1.5 + 2.0 * (minute / 230.0).sin(),
        ("air_temp_c", _) => 9.0 + 3.0 * (minute / 230.0).sin(),
        _ => 0.0,
    };
    (value * 100.0).round() / 100.0
}

async fn send(ground: &Ground, sensor: &Sensor, payload: Value) {
    let topic = format!("{}/readings/{}", ground.config.mqtt.prefix, sensor.code);
    if let Err(fault) = sensor.client.publish(topic, QoS::AtLeastOnce, false, payload.to_string()).await {
        debug!(sensor = sensor.code, %fault, "demo: a reading was not sent: {fault}");
    }
}

async fn alert_is_live(ground: &Ground) -> bool {
    let Ok(mut tx) = ground.store.read("is an alert live").await else { return false };
    tx.live_alerts(ground.now()).await.is_ok_and(|alerts| !alerts.is_empty())
}
