//! What is kept of sensors and readings: once per key, in the order of commits, and with the newest at hand.
//! Run on both engines by `make test`.
//! The story of two transactions that overlap is the reason for `Arrival`: no reading slips past the cursor of assessment.

use std::time::Duration;

use hamyar::{
    ground::Ground,
    id::SensorId,
    sensors::{self, Arrival, Flag, Marks, NewReading, Quantity, Reading, SensorState},
    store::Store,
};
use jiff::Timestamp;

use crate::engines::on_both_engines;

async fn any_sensor(ground: &Ground) -> SensorId {
    sensors::adopt_city(ground).await.expect("the sample city has gauges")[0].id
}

fn stage(ground: &Ground, sensor: SensorId, minutes: i64, value: f64) -> NewReading {
    let read_at = ground.now() + jiff::SignedDuration::from_mins(minutes);
    NewReading { sensor, quantity: Quantity::StageM, read_at, value, flag: Flag::Good, marks: Marks::NONE }
}

async fn keep(ground: &Ground, readings: &[NewReading]) -> sensors::Kept {
    let mut tx = ground.store.write_readings("keep readings").await.expect("a transaction");
    let kept = tx.put_readings(readings, ground.now(), None).await.expect("readings are kept");
    tx.commit().await.expect("a commit");
    kept
}

async fn after(ground: &Ground, arrival: Arrival, limit: i64) -> Vec<Reading> {
    let mut tx = ground.store.read_readings("read after").await.expect("a transaction");
    tx.readings_after(arrival, limit).await.expect("readings")
}

fn values(readings: &[Reading]) -> Vec<f64> {
    readings.iter().map(|reading| reading.value).collect()
}

#[tokio::test]
async fn a_gauge_of_the_map_becomes_a_sensor_once() {
    on_both_engines(|ground| async move {
        let registered = sensors::adopt_city(&ground).await.expect("gauges");
        assert_eq!(registered.len(), ground.city.gauges().len());
        assert!(sensors::adopt_city(&ground).await.expect("gauges").is_empty());

        let mut tx = ground.store.read("sensors").await.expect("a transaction");
        let known = tx.sensors().await.expect("sensors");
        assert_eq!(known.len(), registered.len());
        for sensor in &known {
            let gauge = ground.city.gauge(sensor.gauge.as_ref().expect("a gauge")).expect("on the map");
            assert_eq!(sensor.quantities, [Quantity::from(gauge.quantity)]);
            assert_eq!(sensor.thresholds.values().next(), gauge.thresholds.as_ref());
            assert_eq!((sensor.position, &sensor.name), (gauge.position, &gauge.name));
            assert_eq!((sensor.state, sensor.state_since), (SensorState::Never, ground.now()));
            assert_eq!(tx.sensor(sensor.id).await.expect("a sensor").as_ref(), Some(sensor));
        }
        // Each has an account that may write its own topics and read nothing.
        let accounts = tx.mqtt_accounts().await.expect("accounts");
        let first = &registered[0];
        let account = accounts.iter().find(|account| account.name == first.user).expect("an account");
        assert_eq!(account.secret_digest, first.secret.digest());
        assert_eq!(account.publish[0], format!("hamyar/v1/readings/{}", first.code));
        assert!(account.subscribe.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_reading_is_kept_once_and_a_second_value_is_a_conflict() {
    on_both_engines(|ground| async move {
        let sensor = any_sensor(&ground).await;
        let first = [stage(&ground, sensor, 0, 1.93), stage(&ground, sensor, 1, 1.95)];
        assert_eq!(keep(&ground, &first).await.new.len(), 2);

        // The same again, and twice within one batch; then another value for a time that has one.
        let again = keep(&ground, &[first[0], first[1], first[1]]).await;
        assert_eq!((again.new.len(), again.again, again.conflicts), (0, 3, 0));
        let other = keep(&ground, &[stage(&ground, sensor, 0, 2.5), stage(&ground, sensor, 2, 1.99)]).await;
        assert_eq!((other.new.len(), other.again, other.conflicts), (1, 0, 1));
        // Two values for a new time in one batch: the first stands.
        let both = keep(&ground, &[stage(&ground, sensor, 3, 2.0), stage(&ground, sensor, 3, 2.1)]).await;
        assert_eq!((both.new.len(), both.again, both.conflicts), (1, 0, 1));

        let all = after(&ground, Arrival::BEFORE_ALL, 100).await;
        assert_eq!(values(&all), [1.93, 1.95, 1.99, 2.0]);
        let mut tx = ground.store.read_readings("conflicts").await.expect("a transaction");
        assert_eq!(tx.conflicts(sensor).await.expect("a count"), 2);
    })
    .await;
}

#[tokio::test]
async fn a_cursor_pages_through_readings_in_the_order_of_commits() {
    on_both_engines(|ground| async move {
        let sensor = any_sensor(&ground).await;
        // 250 in one batch: more than one statement on SQLite.
        let batch: Vec<_> =
            (0..250).map(|minute| stage(&ground, sensor, minute, 1.0 + minute as f64 / 1000.0)).collect();
        keep(&ground, &batch).await;
        // Late data: an older device time, kept later.
        keep(&ground, &[stage(&ground, sensor, -600, 0.5)]).await;

        let (mut arrival, mut seen) = (Arrival::BEFORE_ALL, Vec::new());
        loop {
            let page = after(&ground, arrival, 60).await;
            let Some(last) = page.last() else { break };
            assert!(page.is_sorted_by(|left, right| left.arrival < right.arrival));
            arrival = last.arrival;
            seen.extend(page);
        }
        assert_eq!(seen.len(), 251);
        assert_eq!(values(&seen[250..]), [0.5]);
    })
    .await;
}

#[tokio::test]
async fn of_two_overlapping_transactions_neither_is_overtaken() {
    on_both_engines(|ground| async move {
        let sensors = sensors::adopt_city(&ground).await.expect("the sample city has gauges");
        let (one, other) = (sensors[0].id, sensors[1].id);
        keep(&ground, &[stage(&ground, one, 0, 1.0)]).await;
        let cursor = after(&ground, Arrival::BEFORE_ALL, 10).await[0].arrival;

        let mut early = ground.store.write_readings("early").await.expect("a transaction");
        early.put_readings(&[stage(&ground, one, 1, 1.1)], ground.now(), None).await.expect("kept");
        if matches!(ground.store, Store::Postgres(_)) {
            // A transaction that began later commits first. Were it shown now, the cursor would stand behind the early one.
            keep(&ground, &[stage(&ground, other, 2, 1.2)]).await;
            assert!(after(&ground, cursor, 10).await.is_empty());
            early.commit().await.expect("a commit");
        } else {
            // SQLite has one writer: the other waits for its turn.
            early.commit().await.expect("a commit");
            keep(&ground, &[stage(&ground, other, 2, 1.2)]).await;
        }
        // Both are read, each once, whatever the size of the steps.
        let first = after(&ground, cursor, 1).await;
        let second = after(&ground, first[0].arrival, 1).await;
        assert_eq!((values(&first), values(&second)), (vec![1.1], vec![1.2]));
        assert!(after(&ground, second[0].arrival, 10).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_newest_reading_is_at_hand_and_late_data_does_not_replace_it() {
    on_both_engines(|ground| async move {
        let sensor = any_sensor(&ground).await;
        keep(&ground, &[stage(&ground, sensor, 0, 1.0), stage(&ground, sensor, 5, 1.5)]).await;
        ground.clock.advance(Duration::from_mins(1));
        let late = NewReading {
            read_at: ground.now() - jiff::SignedDuration::from_hours(3),
            ..stage(&ground, sensor, 0, 9.0)
        };
        keep(&ground, &[late]).await;

        let mut tx = ground.store.read_readings("latest").await.expect("a transaction");
        let latest = tx.latest(&[sensor]).await.expect("the latest");
        assert_eq!(latest.len(), 1);
        assert_eq!((latest[0].value, latest[0].quantity), (1.5, Quantity::StageM));
        // It was heard all the same.
        assert_eq!(latest[0].heard_at, ground.now());
        assert_eq!(tx.latest_of_all().await.expect("the latest"), latest);
        assert!(tx.latest(&[]).await.expect("nobody").is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_history_holds_its_peak_however_few_points_are_asked_for() {
    on_both_engines(|ground| async move {
        let sensor = any_sensor(&ground).await;
        let mut batch: Vec<_> = (0..600).map(|minute| stage(&ground, sensor, minute, 1.0)).collect();
        batch[417].value = 3.2;
        keep(&ground, &batch).await;
        let (from, until): (Timestamp, Timestamp) = (ground.now(), ground.now() + Duration::from_hours(10));

        let mut tx = ground.store.read_readings("history").await.expect("a transaction");
        let points = tx.history(sensor, Quantity::StageM, from, until, 20).await.expect("points");
        assert!(points.len() <= 20);
        assert!(points.iter().any(|point| point.value > 3.1));
        let all = tx.history(sensor, Quantity::StageM, from, until, 1_000).await.expect("points");
        assert_eq!(all.len(), 600);
        assert!(tx.history(sensor, Quantity::RainMm, from, until, 20).await.expect("points").is_empty());
    })
    .await;
}
