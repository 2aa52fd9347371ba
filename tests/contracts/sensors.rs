//! What is kept of sensors and readings: once per key, in the order of commits, and with the newest at hand.
//! Run on both engines by `make test`.
//! The story of two transactions that overlap is the reason for `Arrival`: no reading slips past the cursor of assessment.

use std::{sync::Arc, time::Duration};

use hamyar::{
    broker::Publish,
    config::Config,
    ground::Ground,
    id::SensorId,
    sensors::{self, Arrival, Flag, Intake, Marks, NewReading, Quantity, Reading, SensorState},
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

const CHIRPSTACK: &str = r#"
[sensors.formats.lora]
format = "chirpstack"
topic = "application/+/device/+/event/+"
account = "chirpstack"
mapping = "ultrasonic"
devices = { "a84041ffff123456" = "moradbeyg-2", "a84041ffff999999" = "nowhere-1" }
[sensors.mappings.ultrasonic]
# From the bridge down to the water.
[[sensors.mappings.ultrasonic.fields]]
at = "/object/distance_mm"
quantity = "stage_m"
unit = "mm"
scale = -1.0
offset = 4000.0
"#;

fn uplink(device: &str, object: &str) -> Vec<u8> {
    format!(
        r#"{{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-a5c902f9202d","time":"2026-03-01T03:59:00+00:00",
        "deviceInfo":{{"deviceName":"moradbeyg","devEui":"{device}"}},"fCnt":12,"fPort":2,"object":{object}}}"#
    )
    .into_bytes()
}

#[tokio::test]
async fn a_gateway_of_another_system_brings_what_its_devices_measured() {
    on_both_engines(|mut ground| async move {
        ground.config = Arc::new(Config::load(Some(CHIRPSTACK), std::iter::empty()).expect("right settings"));
        let registered = sensors::adopt_city(&ground).await.expect("gauges");
        let gauge = registered.iter().find(|sensor| sensor.code.as_str() == "moradbeyg-2").expect("a gauge");
        let (intake, batches) = Intake::start(&ground);
        assert_eq!(intake.filters().collect::<Vec<_>>(), ["application/+/device/+/event/+"]);
        let offer = async |account: &str, device: &str, event: &str, payload: Vec<u8>| {
            let topic = format!("application/6bd0c4b6/device/{device}/event/{event}");
            let publish = Publish { topic, payload, account: Some(account.into()) };
            intake.offer(publish).await.expect("it is committed, whatever it says");
        };
        let known = "a84041ffff123456";
        let level = r#"{"distance_mm":2070}"#;
        offer("chirpstack", known, "up", uplink(known, level)).await;
        // Brought twice, and from a join: nothing new.
        offer("chirpstack", known, "up", uplink(known, level)).await;
        offer("chirpstack", known, "join", b"{}".to_vec()).await;
        // By another account, of a sensor or not; of devices that are no sensor's; of one that names another.
        offer("stranger", known, "up", uplink(known, level)).await;
        offer("chirpstack", "a84041ffff000000", "up", uplink("a84041ffff000000", level)).await;
        offer("chirpstack", "a84041ffff999999", "up", uplink("a84041ffff999999", level)).await;
        offer("chirpstack", known, "up", uplink("a84041ffff999999", level)).await;
        offer("chirpstack", known, "up", uplink(known, r#"{"distance_mm":"far"}"#)).await;
        offer("chirpstack", known, "status", uplink(known, "{}")).await;
        batches.stop().await;

        let kept = after(&ground, Arrival::BEFORE_ALL, 100).await;
        let told: Vec<_> = kept.iter().map(|reading| (reading.sensor, reading.quantity, reading.value)).collect();
        assert_eq!(told, [(gauge.id, Quantity::StageM, 1.93)]);
        assert_eq!(kept[0].read_at, "2026-03-01T03:59:00Z".parse().expect("a time"));
        let mut tx = ground.store.read_readings("rejects").await.expect("a transaction");
        let mut rejects: Vec<_> = tx.rejected(None, 100).await.expect("rejects");
        rejects.sort_by_key(|row| (row.reason, row.topic.clone()));
        let reasons: Vec<_> = rejects.iter().map(|row| (row.reason.as_str(), row.count)).collect();
        // The two that can't be read share one row: same reason, topic and account.
        let wanted = [("bad_topic", 1), ("unknown_sensor", 1), ("unknown_sensor", 1), ("bad_payload", 2)];
        assert_eq!(reasons, wanted, "{rejects:?}");
        let statuses = tx.statuses().await.expect("statuses");
        assert_eq!(statuses.iter().map(|status| status.said.as_str()).collect::<Vec<_>>(), ["battery 0 %"]);
    })
    .await;
}

#[tokio::test]
async fn a_sensor_may_speak_another_format_on_its_own_topic_but_for_nobody_else() {
    on_both_engines(|mut ground| async move {
        let file = r#"
            [sensors.formats.logger]
            format = "mapped"
            sensors = ["moradbeyg-2"]
            mapping = "logger"
            devices = { "17" = "moradbeyg-2" }
            [sensors.mappings.logger]
            device = "/id"
            time = "/at"
            time_form = "local"
            time_zone = "Asia/Tehran"
            [[sensors.mappings.logger.fields]]
            at = "/pegel"
            quantity = "stage_m"
            unit = "cm"
        "#;
        ground.config = Arc::new(Config::load(Some(file), std::iter::empty()).expect("right settings"));
        sensors::adopt_city(&ground).await.expect("gauges");
        let (intake, batches) = Intake::start(&ground);
        for payload in [
            r#"{"id":17,"at":"2026-03-01T07:29:00","pegel":"۱۹۳"}"#,
            r#"{"id":18,"at":"2026-03-01T07:29:30","pegel":500}"#,
            r#"{"t":"2026-03-01T03:59:00Z","stage_m":5}"#,
        ] {
            let topic = "hamyar/v1/readings/moradbeyg-2".to_owned();
            let publish = Publish { topic, payload: payload.into(), account: Some("moradbeyg-2".into()) };
            intake.offer(publish).await.expect("it is committed");
        }
        batches.stop().await;
        assert_eq!(values(&after(&ground, Arrival::BEFORE_ALL, 100).await), [1.93]);
        let mut tx = ground.store.read_readings("rejects").await.expect("a transaction");
        let mut reasons: Vec<_> =
            tx.rejected(None, 100).await.expect("rejects").iter().map(|row| row.reason.as_str()).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, ["bad_payload", "unknown_sensor"]);
    })
    .await;
}

#[tokio::test]
async fn a_gateway_gets_an_account_that_nobody_else_has() {
    on_both_engines(|ground| async move {
        let registered = sensors::adopt_city(&ground).await.expect("gauges");
        let name = sensors::SensorCode::new("chirpstack").expect("a name");
        let topics = vec!["application/+/device/+/event/+".to_owned()];
        let first = sensors::add_gateway(&ground, &name, topics.clone()).await.expect("an account");
        let second = sensors::add_gateway(&ground, &name, topics.clone()).await.expect("a new secret");
        assert_ne!(first.reveal(), second.reveal());
        let taken = sensors::add_gateway(&ground, &registered[0].code, topics.clone()).await;
        assert!(matches!(taken, Err(sensors::Refusal::Taken(_))), "{taken:?}");
        let mut tx = ground.store.read("accounts").await.expect("a transaction");
        let accounts = tx.mqtt_accounts().await.expect("accounts");
        let account = accounts.iter().find(|account| account.name == "chirpstack").expect("an account");
        assert_eq!((&account.publish, account.subscribe.len()), (&topics, 0));
        assert_eq!(account.secret_digest, second.digest());
    })
    .await;
}

#[test]
fn formats_that_can_not_work_are_refused_with_every_fault() {
    let file = r#"
        [sensors.formats.a]
        format = "sparkplug_b"
        topic = "spBv1.0/#"
        [sensors.formats.b]
        format = "mapped"
        topic = "b/+"
        mapping = "m"
        [sensors.mappings.m]
        [[sensors.mappings.m.fields]]
        at = "x"
        quantity = "stage_m"
        unit = "°C"
    "#;
    let config = Config::load(Some(file), std::iter::empty()).expect("its types are right");
    let faults = sensors::formats(&config.sensors).expect_err("faulty formats");
    let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "sensors.formats.a.mapping",
            "sensors.mappings.m.fields[0].at",
            "sensors.mappings.m.fields[0].unit",
            "sensors.formats.a.format"
        ]
    );
}
