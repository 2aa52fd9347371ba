//! What is no longer kept: each kind goes after its own time and not before, in steps, and what was decided stays.
//! Run on both engines by `make test`; years pass on the manual clock.
//! Notices, which need channels, have their story in `deliver/kept.rs`.

use std::{sync::Arc, time::Duration};

use hamyar::{
    config::Config,
    ground::Ground,
    id::Secret,
    reports::{self, Channel, Incoming},
    retention,
    sensors::{self, Arrival, Flag, Marks, NewReading, Quantity},
    staff::{
        Admin, NewPerson, Role, StaffMember, add_staff,
        contact::ContactKind,
        sign_in,
        tokens::{self, Ended},
    },
};

use crate::engines::on_both_engines;

/// Lets days pass and removes what is no longer kept, until nothing is. Gives how many rows went.
async fn days_pass(ground: &Ground, days: u64) -> usize {
    ground.clock.advance(Duration::from_hours(24 * days));
    let mut rows = 0;
    loop {
        match retention::run_due(ground).await.expect("a step of each kind") {
            0 => return rows,
            some => rows += some,
        }
    }
}

fn from(phone: &str, words: &str, key: &str) -> Incoming<'static> {
    let mut incoming = Incoming::new(Channel::Web, words);
    incoming.key = Some(key.to_owned());
    incoming.sender = Some((ContactKind::Phone, phone.to_owned()));
    incoming
}

async fn audit_rows(ground: &Ground) -> i64 {
    let mut tx = ground.store.read("audit").await.expect("a transaction");
    tx.verify_audit().await.expect("an unbroken chain")
}

#[tokio::test]
async fn what_is_personal_of_a_report_goes_after_its_time_and_the_facts_stay() {
    on_both_engines(|ground| async move {
        let first =
            reports::receive(&ground, from("09181234567", "آب میدان امام، خانهٔ علی", "one")).await.expect("taken");
        let repeated =
            reports::receive(&ground, from("09181234567", "آب میدان امام، خانهٔ علی", "one")).await.expect("taken");
        assert_eq!(repeated.id, first.id, "the same key is the same report");
        days_pass(&ground, 80).await;
        let second = reports::receive(&ground, from("09181234567", "برف در گنجنامه", "two")).await.expect("taken");

        let rows = audit_rows(&ground).await;
        assert_eq!(days_pass(&ground, 9).await, 1, "after 89 days a key of the second report went, and nothing else");
        assert_eq!(audit_rows(&ground).await, rows, "nothing personal was removed");
        assert!(days_pass(&ground, 2).await > 0);
        assert_eq!(audit_rows(&ground).await, rows + 1, "one row says that it was, and nothing of what");

        let mut tx = ground.store.read("look").await.expect("a transaction");
        let old = tx.listed_report(first.id).await.expect("a query").expect("the report stays");
        assert_eq!((old.report.words, old.report.place_words, old.name, old.sender), (None, None, None, None));
        assert!(old.report.zone.is_some() && old.report.hazard.is_some() && old.report.position.is_some());
        assert_eq!(old.report.number, first.number.as_str());
        assert_eq!(tx.report_history(first.id).await.expect("history").len(), 1);
        let young = tx.listed_report(second.id).await.expect("a query").expect("the report");
        assert!(young.report.words.is_some() && young.sender.is_some());
        let contact = tx.find_contact(ContactKind::Phone, "+989181234567").await.expect("a query");
        assert!(contact.is_some(), "the same telephone was thanked again since");
        drop(tx);

        assert!(days_pass(&ground, 90).await > 0);
        let mut tx = ground.store.read("look").await.expect("a transaction");
        let contact = tx.find_contact(ContactKind::Phone, "+989181234567").await.expect("a query");
        assert!(contact.is_none(), "nobody knows the stranger's number any more");
        drop(tx);
        let again =
            reports::receive(&ground, from("09181234567", "آب میدان امام، خانهٔ علی", "one")).await.expect("taken");
        assert_ne!(again.id, first.id, "keys are kept for some days only");
    })
    .await;
}

#[tokio::test]
async fn one_step_removes_no_more_than_it_may() {
    on_both_engines(|ground| async move {
        let mut config = Config::clone(&ground.config);
        config.retention.step_rows_max = 2;
        let ground = Ground { config: Arc::new(config), ..ground };
        let sensor = sensors::adopt_city(&ground).await.expect("gauges")[0].id;
        let reading = |minute: i64, value: f64| {
            let read_at = ground.now() + jiff::SignedDuration::from_mins(minute);
            NewReading { sensor, quantity: Quantity::StageM, read_at, value, flag: Flag::Good, marks: Marks::NONE }
        };
        let keep = async |readings: &[NewReading]| {
            let mut tx = ground.store.write_readings("keep readings").await.expect("a transaction");
            tx.put_readings(readings, ground.now(), None).await.expect("kept");
            tx.commit().await.expect("a commit");
        };
        let kept = async || -> Vec<f64> {
            let mut tx = ground.store.read_readings("look").await.expect("a transaction");
            let readings = tx.readings_after(Arrival::BEFORE_ALL, 100).await.expect("readings");
            readings.into_iter().map(|reading| reading.value).collect()
        };
        keep(&[0, 1, 2, 3, 4].map(|minute| reading(minute, 1.0 + minute as f64))).await;
        // Disagrees with the first.
        keep(&[reading(0, 9.0)]).await;
        assert_eq!(days_pass(&ground, 399).await, 0, "everything is still kept");
        // Late data of a device time that is past, kept today.
        keep(&[reading(-24 * 60 * 399 - 1, 0.5)]).await;
        ground.clock.advance(Duration::from_hours(48));
        assert_eq!(retention::run_due(&ground).await.expect("a step"), 3, "two readings and one conflict");
        assert_eq!(kept().await, [3.0, 4.0, 5.0, 0.5]);
        assert_eq!(days_pass(&ground, 0).await, 3);
        assert_eq!(kept().await, [0.5], "what came today is looked at before it goes");
        let mut tx = ground.store.read_readings("look").await.expect("a transaction");
        let latest = tx.latest(&[sensor]).await.expect("latest values");
        assert_eq!(latest[0].value.to_bits(), 5.0_f64.to_bits(), "the latest value stays");
        assert_eq!(tx.conflicts(sensor).await.expect("a count"), 0);
        drop(tx);
        assert_eq!(days_pass(&ground, 401).await, 1);
        assert_eq!(kept().await, Vec::<f64>::new());
    })
    .await;
}

#[tokio::test]
async fn sign_ins_that_ended_go_after_their_time_and_open_ones_stay() {
    on_both_engines(|ground| async move {
        let new = NewPerson {
            name: "لیلا".into(),
            language: "fa".into(),
            minor: false,
            roles: vec![Role::Admin],
            contacts: Vec::new(),
            verified: true,
        };
        let password = Secret::new("a long password");
        let leila = add_staff(&ground, &new, "leila", &password).await.expect("staff");
        let signed_in = sign_in::by_password(&ground, "leila", &password, "192.0.2.9").await.expect("signed in");
        let by = StaffMember::try_from_caller(signed_in.caller.clone()).expect("of the staff");
        let (_, open) = tokens::make_own(&ground, &by, "board").await.expect("a token");
        let (ended, _) = tokens::make_own(&ground, &by, "old").await.expect("a token");
        tokens::end_own(&ground, &by, ended).await.expect("ended");
        let wrong = Secret::new("a wrong password");
        sign_in::by_password(&ground, "leila", &wrong, "192.0.2.9").await.expect_err("wrong");

        ground.clock.advance(Duration::from_mins(1));
        let rows = audit_rows(&ground).await;
        assert_eq!(
            days_pass(&ground, 90).await,
            1,
            "the token that was ended went; the session lasted twelve hours longer"
        );
        assert_eq!(days_pass(&ground, 1).await, 1, "the session");
        assert_eq!(audit_rows(&ground).await, rows + 2);
        let caller = sign_in::caller_of_token(&ground, &open).await.expect("an answer").expect("an open token opens");
        let admin = Admin::try_from_caller(caller).expect("an administrator");
        let ended = tokens::end_sign_ins(&ground, &admin, leila).await.expect("an answer").expect("a person");
        assert_eq!(ended, Ended { sessions: 0, tokens: 1 });
    })
    .await;
}
