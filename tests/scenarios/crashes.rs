//! What a kill must not lose: readings that were not acknowledged, notices that were under way.
//! The binary runs as a child process and is killed without warning; then it starts again on what lies on the disk.
//! A signal to stop is another matter: it ends in order, within ten seconds.

use hamyar::{
    app::Kind,
    clock::Clock,
    helpers::{NewHelper, Standing, put_helper},
    sensors::{self, Quantity, Registered},
    staff::contact::ContactKind,
};
use jiff::{Timestamp, ToSpan};
use serde_json::json;
use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    awaited,
    gauge::{Answer, Device},
    phone::Gateway,
    service::{House, Service},
    staff,
    web::Browser,
};

const GAUGE: &str = "moradbeyg-2";

/// Makes the gauges sensors, and gives the way in of one.
async fn gauge_of(house: &House) -> Registered {
    let ground = house.ground(Kind::Real).await;
    let registered = sensors::adopt_city(&ground).await.expect("the map's gauges are sensors");
    ground.store.close().await;
    registered.into_iter().find(|one| one.code.as_str() == GAUGE).expect("a gauge of the map")
}

fn device(service: &Service, account: &Registered) -> Device {
    Device::connect(service.mqtt, "hamyar/v1", GAUGE, account, "stage_m")
}

/// What is kept of the gauge around `at`.
async fn kept(house: &House, account: &Registered, at: Timestamp) -> Vec<f64> {
    let ground = house.ground(Kind::Real).await;
    let mut tx = ground.store.read_readings("what was kept").await.expect("a picture");
    let (from, until) = (at - 1.hour(), at + 1.hour());
    let points = tx.history(account.id, Quantity::StageM, from, until, 100).await.expect("the readings");
    drop(tx);
    ground.store.close().await;
    points.into_iter().map(|point| point.value).collect()
}

#[tokio::test]
async fn a_service_killed_between_receiving_and_acknowledging_a_reading_loses_nothing() {
    let house = House::new();
    let account = gauge_of(&house).await;
    let at = Clock::system().now();

    let service = house.serves().await;
    // Another program writes to the readings' file: what the service receives now, it can't commit yet.
    let options = SqliteConnectOptions::new().filename(house.path("data/readings.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    other.execute("begin immediate").await.unwrap();
    let mut gauge = device(&service, &account);
    gauge.sends(1.4, at).await;
    tokio::select! {
        answer = gauge.answer() => panic!("{answer:?} before the reading was kept"),
        () = service.counts("hamyar_mqtt_received_total", 1.0) => {}
    }
    service.dies().await;
    assert_eq!(awaited("the end of the connection", gauge.answer()).await, Answer::Broken);
    other.execute("rollback").await.unwrap();
    other.close().await.unwrap();
    assert!(kept(&house, &account, at).await.is_empty(), "nothing was acknowledged, nothing was kept");

    // The device was not told that it may forget the reading, so it sends it again, and once more.
    let service = house.serves().await;
    let mut gauge = device(&service, &account);
    gauge.reads(1.4, at).await;
    gauge.reads(1.4, at).await;
    service.dies().await;
    assert_eq!(kept(&house, &account, at).await, [1.4], "what was acknowledged is there, once");
}

#[tokio::test]
async fn a_service_killed_in_the_middle_of_sending_loses_nothing_and_a_helper_sees_each_notice_once() {
    const HELPERS: usize = 12;
    let gateway = Gateway::start().await;
    // A notice that nobody settled is taken up again after a second, not after a minute: this story is on the real clock.
    let house = House::new().sending_by(&gateway).set("DELIVER__LEASE_SECS", "1");
    let ground = house.ground(Kind::Real).await;
    for (login, role) in [("maryam", hamyar::staff::Role::Officer), ("naser", hamyar::staff::Role::Approver)] {
        staff::hire(&ground, login, &[role]).await;
    }
    let phones: Vec<String> = (0..HELPERS).map(|number| format!("+989990000{number:03}")).collect();
    for (number, phone) in phones.iter().enumerate() {
        let mut tx = ground.store.write("register helper").await.unwrap();
        let helper = NewHelper {
            name: format!("helper {number}"),
            language: "fa".into(),
            contacts: vec![(ContactKind::Phone, phone.clone())],
            zones: vec![maps::ZoneCode::new("bu-ali").unwrap()],
            ..NewHelper::default()
        };
        put_helper(&ground, &mut tx, &helper, None, Standing::CHECKED).await.unwrap();
        tx.commit().await.unwrap();
    }
    ground.store.close().await;

    gateway.answers_only(5);
    let service = house.serves().await;
    let maryam = Browser::sign_in(&service.root, "maryam", staff::PASSWORD).await;
    let naser = Browser::sign_in(&service.root, "naser", staff::PASSWORD).await;
    let draft = json!({ "hazard": "flood", "level": "orange", "zones": ["bu-ali"] });
    let alert = maryam.post("/alerts", draft).await.unwrap();
    let path = format!("/alerts/{}", alert["id"].as_str().unwrap());
    let seen = json!({ "content_hash": alert["content_hash"] });
    naser.post(&format!("{path}/approve"), seen).await.unwrap();
    maryam.post(&format!("{path}/publish"), json!({})).await.unwrap();
    gateway.was_asked(HELPERS).await;
    service.dies().await;

    gateway.answers_all();
    let service = house.serves().await;
    let maryam = Browser::sign_in(&service.root, "maryam", staff::PASSWORD).await;
    let everybody_is_told = async {
        loop {
            let delivery = maryam.get(&format!("{path}/delivery")).await;
            let sms = delivery["by_channel"].as_array().unwrap().iter().find(|channel| channel["channel"] == "sms");
            if sms.is_some_and(|sms| sms["sent"] == HELPERS) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    awaited("every notice to be sent", everybody_is_told).await;
    for phone in &phones {
        assert_eq!(gateway.shown(phone).len(), 1, "{phone} shows the warning once");
    }
    // Seven were never answered before the kill; they went out again, and the gateway knew them by their ids.
    assert!(gateway.requests() >= HELPERS + 7, "{} requests", gateway.requests());
    service.dies().await;
}

#[tokio::test]
async fn a_service_told_to_stop_ends_in_order_within_ten_seconds() {
    let house = House::new();
    let account = gauge_of(&house).await;
    let at = Clock::system().now();
    let service = house.serves().await;
    let mut gauge = device(&service, &account);
    gauge.reads(0.7, at).await;
    // A page stays open for live events; it must not hold the service.
    let page = Browser::new(&service.root).keeps_open("/live").await;
    assert_eq!(page.status(), 200);

    let stopping = tokio::time::timeout(std::time::Duration::from_secs(10), service.stops_on_sigterm()).await;
    assert!(stopping.expect("it stops within ten seconds").success());
    assert_eq!(kept(&house, &account, at).await, [0.7]);
}
