//! Assessment's story: facts in, incidents with reasons, zone levels and proposals out, the same on both engines.
//! Readings are put into the store as the intake does; reports come through their one door.
//! Time is the manual clock's; nothing waits.

use alerts::{Hazard, Kind, Level};
use hamyar::{
    assess::{Assess, IncidentStage, ProposalState, rules::Rules},
    ground::Ground,
    id::SensorId,
    reports::{self, Channel, Incoming},
    sensors::{self, Flag, Marks, NewReading, Quantity},
};
use jiff::Timestamp;
use std::time::Duration;

use crate::engines::on_both_engines;

async fn assess(ground: &Ground) -> Assess {
    Assess::open(ground, Rules::embedded()).await.expect("assessment opens")
}

/// A sensor of the sample map by its code.
async fn sensor(ground: &Ground, code: &str) -> SensorId {
    let mut tx = ground.store.read("a sensor").await.expect("a transaction");
    tx.sensors().await.expect("sensors").into_iter().find(|sensor| sensor.code.as_str() == code).expect("on the map").id
}

async fn reads(ground: &Ground, sensor: SensorId, quantity: Quantity, value: f64, read_at: Timestamp) {
    let mut tx = ground.store.write_readings("keep readings").await.expect("a transaction");
    let reading = NewReading { sensor, quantity, read_at, value, flag: Flag::Good, marks: Marks::NONE };
    tx.put_readings(&[reading], ground.now(), ground.exercise).await.expect("kept");
    tx.commit().await.expect("committed");
}

async fn settle(ground: &Ground, assess: &Assess) {
    while sensors::run_due(ground).await.expect("the watch runs") + assess.run_due().await.expect("assessment runs") > 0
    {
    }
}

/// Readings one minute apart, each assessed when it comes.
async fn play(ground: &Ground, assess: &Assess, sensor: SensorId, quantity: Quantity, values: &[f64]) {
    for value in values {
        ground.clock.advance(Duration::from_mins(1));
        reads(ground, sensor, quantity, *value, ground.now()).await;
        settle(ground, assess).await;
    }
}

#[tokio::test]
async fn a_rising_gauge_becomes_an_incident_with_reasons_and_a_proposal() {
    on_both_engines(|ground| async move {
        sensors::adopt_city(&ground).await.expect("the gauges of the map");
        let assess = assess(&ground).await;
        let bridge = sensor(&ground, "alusjerd-3").await;
        play(&ground, &assess, bridge, Quantity::StageM, &[0.6, 1.9, 1.95]).await;
        let mut tx = ground.store.read("nothing yet").await.expect("a transaction");
        assert!(tx.proposals(None, 10).await.expect("proposals").is_empty(), "the dwell is not complete");
        drop(tx);
        play(&ground, &assess, bridge, Quantity::StageM, &[2.0]).await;

        let mut tx = ground.store.read("the incident").await.expect("a transaction");
        let incidents = tx.open_incidents(10).await.expect("incidents");
        let [incident] = incidents.as_slice() else { panic!("one incident, not {}", incidents.len()) };
        assert_eq!((incident.hazard, incident.level), (Hazard::Flood, Level::Orange));
        assert_eq!(incident.stage, IncidentStage::Candidate, "one gauge alone is not confirmed");
        assert!(incident.reasons[0].text["fa"].contains("۲ متر"), "{:?}", incident.reasons);
        let proposals = tx.proposals(Some(ProposalState::Open), 10).await.expect("proposals");
        let [proposal] = proposals.as_slice() else { panic!("one proposal, not {}", proposals.len()) };
        assert_eq!(proposal.kind, Kind::Alert);
        assert!(proposal.content.faults().is_empty(), "{:?}", proposal.content.faults());
        assert!(proposal.content.zones.iter().any(|zone| zone.code == "imam-square"));
        assert!(!proposal.content.zones.iter().any(|zone| zone.code == "moradbeyg"), "upstream is not warned");
        let zones = tx.zone_states(None).await.expect("zones");
        let level = |code: &str| zones.iter().find(|state| state.zone == code).map(|state| state.level);
        assert_eq!(level("imam-square"), Some(Level::Orange));
        assert_eq!(level("asadabad-pass"), Some(Level::Unknown), "nobody watches the pass");
        assert!(tx.verify_audit().await.expect("the chain holds") >= 3);
    })
    .await;
}

#[tokio::test]
async fn the_past_can_be_asked_for() {
    on_both_engines(|ground| async move {
        sensors::adopt_city(&ground).await.expect("the gauges of the map");
        let assess = assess(&ground).await;
        let bridge = sensor(&ground, "alusjerd-3").await;
        play(&ground, &assess, bridge, Quantity::StageM, &[0.6]).await;
        let quiet = ground.now();
        play(&ground, &assess, bridge, Quantity::StageM, &[1.9, 1.95, 2.0]).await;
        let mut tx = ground.store.read("then and now").await.expect("a transaction");
        let level = |states: Vec<hamyar::assess::ZoneState>| {
            states.into_iter().find(|state| state.zone == "imam-square").map(|state| state.level)
        };
        assert_eq!(level(tx.zone_states(Some(quiet)).await.expect("zones")), Some(Level::Green));
        assert_eq!(level(tx.zone_states(None).await.expect("zones")), Some(Level::Orange));
    })
    .await;
}

#[tokio::test]
async fn facts_are_taken_into_account_once_and_late_ones_change_nothing() {
    on_both_engines(|ground| async move {
        sensors::adopt_city(&ground).await.expect("the gauges of the map");
        let assess = assess(&ground).await;
        let bridge = sensor(&ground, "alusjerd-3").await;
        play(&ground, &assess, bridge, Quantity::StageM, &[0.6, 0.7]).await;
        // Three hours old and high: a buffer that was sent late.
        for minutes in [180, 175, 170] {
            reads(&ground, bridge, Quantity::StageM, 2.4, ground.now() - Duration::from_secs(60 * minutes)).await;
        }
        settle(&ground, &assess).await;
        let mut tx = ground.store.read("still quiet").await.expect("a transaction");
        assert!(tx.open_incidents(10).await.expect("incidents").is_empty());
        drop(tx);
        // A new process reads on where the old one stopped.
        let again = self::assess(&ground).await;
        assert_eq!(again.run_due().await.expect("assessment runs"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_gauge_that_falls_withdraws_the_proposal() {
    on_both_engines(|ground| async move {
        sensors::adopt_city(&ground).await.expect("the gauges of the map");
        let assess = assess(&ground).await;
        let bridge = sensor(&ground, "alusjerd-3").await;
        play(&ground, &assess, bridge, Quantity::StageM, &[0.6, 1.9, 1.95, 2.0]).await;
        play(&ground, &assess, bridge, Quantity::StageM, &[0.7; 32]).await;
        let mut tx = ground.store.read("withdrawn").await.expect("a transaction");
        let states: Vec<_> =
            tx.proposals(None, 10).await.expect("proposals").into_iter().map(|proposal| proposal.state).collect();
        assert_eq!(states, [ProposalState::Superseded], "nobody was warned, so nobody is told that it is over");
        let zones = tx.zone_states(None).await.expect("zones");
        assert!(zones.iter().all(|state| state.level <= Level::Green));
    })
    .await;
}

#[tokio::test]
async fn reports_of_several_people_make_an_incident_and_one_voice_only_yellow() {
    on_both_engines(|ground| async move {
        let assess = assess(&ground).await;
        let tells = |phone: &'static str, key: &'static str| Incoming {
            hazard: Some(Hazard::Flood),
            sender: Some((hamyar::staff::contact::ContactKind::Phone, phone.into())),
            key: Some(key.into()),
            ..Incoming::new(Channel::Web, "سیل، ۶۰ سانت آب در میدان امام")
        };
        let first = reports::receive(&ground, tells("09181111111", "a")).await.expect("received");
        settle(&ground, &assess).await;
        let incident = |ground: Ground| async move {
            let mut tx = ground.store.read("the incident").await.expect("a transaction");
            tx.open_incidents(10).await.expect("incidents").into_iter().next().expect("one incident")
        };
        assert_eq!(incident(ground.clone()).await.level, Level::Yellow);
        // The same message again is the same report.
        let again = reports::receive(&ground, tells("09181111111", "a")).await.expect("received");
        assert_eq!(again.number, first.number);
        for (phone, key) in [("09182222222", "b"), ("09183333333", "c"), ("09184444444", "d")] {
            ground.clock.advance(Duration::from_mins(1));
            reports::receive(&ground, tells(phone, key)).await.expect("received");
            settle(&ground, &assess).await;
        }
        let incident = incident(ground.clone()).await;
        assert_eq!(incident.stage, IncidentStage::Confirmed);
        assert_eq!(incident.level, Level::Orange);
        assert_eq!(incident.reasons.len(), 4);
        let mut tx = ground.store.read("the proposal").await.expect("a transaction");
        assert!(!tx.proposals(Some(ProposalState::Open), 10).await.expect("proposals").is_empty());
    })
    .await;
}
