//! What gauges bring about: water that rises, snow that lies, devices that are wrong or silent.
//! Each test is one sentence; the gauges are MQTT clients with accounts of their own.
//! Nobody is told anything before two people have agreed.

use std::collections::BTreeMap;

use maps::terrain::{OneHand, Relief, ReliefOptions};
use serde_json::Value;

use crate::{city::City, database::Postgres, staff::publish};

#[tokio::test]
async fn a_rising_river_warns_only_the_helpers_downstream() {
    let city = City::sample().at("2026-03-01 04:00").start().await;
    the_river_rises(&city).await;
}

#[tokio::test]
async fn a_rising_river_warns_the_same_helpers_on_postgresql() {
    let Some(postgres) = Postgres::create().await else { return };
    let city = City::sample().at("2026-03-01 04:00").on(postgres).start().await;
    the_river_rises(&city).await;
    city.ends().await;
}

async fn the_river_rises(city: &City) {
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let sara = city.helper("sara in bu-ali").await;
    let reza = city.helper("reza in moradbeyg").await;
    let ali = city.helper("ali in maryanaj").await;

    city.gauge("moradbeyg-2").reads(1.4).await;
    city.wait_minutes(10).await;
    let proposal = maryam.sees_proposal("flood").await;
    assert_eq!((proposal.kind(), proposal.level()), ("alert", "orange"));
    assert_eq!(city.level("bu-ali").await, "orange");
    sara.receives_nothing();

    let draft = maryam.adopts(&proposal).await.expect("a draft");
    let alert = publish(&draft, &maryam, &naser).await;
    sara.receives_sms("سیل").then_replies("1").await;
    for other in [&sara, &reza, &ali] {
        other.receives_nothing();
    }
    let delivery = maryam.sees_delivery(&alert).await;
    assert_eq!(delivery["people"]["told"], 1, "{delivery:#}");
    assert_eq!(delivery["people"]["answered"]["ack"], 1, "{delivery:#}");
}

#[tokio::test]
async fn where_the_ground_is_known_water_takes_what_lies_low_and_what_goes_on_rising_is_told_again() {
    let city = City::sample().at("2026-03-01 04:00").start().await;
    let maryam = city.officer("maryam").await;
    let map = &city.ground().city;
    let relief = Relief::of(&maps::City::sample_heights(), map, &ReliefOptions::default(), &OneHand).unwrap();
    city.ground().terrain.set(vec![relief]);

    city.gauge("moradbeyg-2").reads(2.0).await;
    city.wait_minutes(10).await;
    maryam.sees_proposal("flood").await;
    let seen = maryam.sees("/incidents").await;
    let first = &seen["items"][0];
    let ground = |incident: &Value, band: &str| -> f64 {
        let shape: geo_types::MultiPolygon<f64> =
            serde_json::from_value::<geojson::Geometry>(incident["bands"][band].clone()).unwrap().try_into().unwrap();
        geo::Area::unsigned_area(&shape)
    };
    let (likely, possible) = (ground(first, "likely"), ground(first, "possible"));
    assert!(0.0 < likely && likely <= possible, "{likely} {possible}");
    assert_eq!(first["level"], "red", "{first:#}");

    // Within the same level the river comes up another two metres: other ground, told again.
    city.gauge("moradbeyg-2").reads(4.0).await;
    city.wait_minutes(10).await;
    let seen = maryam.sees(&format!("/incidents/{}", first["id"].as_str().unwrap())).await;
    let now = &seen["now"];
    assert_eq!(now["level"], "red");
    assert!(now["version"].as_i64() > first["version"].as_i64(), "{now:#}");
    assert!(ground(now, "possible") > possible, "a higher river takes more ground");
    let (here, there) = (&seen["consequences"]["likely"]["people"], &seen["consequences"]["possible"]["people"]);
    assert!(here.as_u64() <= there.as_u64() && there.as_u64() > Some(0), "{here} {there}");
    assert!(!seen["consequences"]["cut_roads"].as_array().unwrap().is_empty(), "{:#}", seen["consequences"]);
}

#[tokio::test]
async fn deep_snow_warns_the_zones_of_its_height() {
    let city = City::sample().at("2026-01-20 08:00").start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let sara = city.helper("sara in moradbeyg").await;
    let ali = city.helper("ali in bazaar").await;

    city.gauge("snow-moradbeyg").reads(45.0).await;
    city.wait_minutes(10).await;
    maryam.sees_no_proposal().await;
    city.wait_minutes(15).await;
    let proposal = maryam.sees_proposal("snow").await;
    assert_eq!(proposal.level(), "orange");
    let zones = proposal.zones();
    assert!(zones.iter().any(|zone| zone == "moradbeyg"), "{zones:?}");
    assert!(!zones.iter().any(|zone| zone == "bazaar"), "200 m below the gauge: {zones:?}");

    publish(&maryam.adopts(&proposal).await.unwrap(), &maryam, &naser).await;
    sara.receives_sms("برف");
    ali.receives_nothing();
}

#[tokio::test]
async fn a_lone_faulty_gauge_proposes_nothing_by_one_reading() {
    let city = City::sample().start().await;
    let maryam = city.officer("maryam").await;
    let gauge = city.gauge("moradbeyg-2");
    gauge.reads(0.4).await;
    city.wait_minutes(5).await;
    gauge.reads_next(9.5).await;
    gauge.reads_next(0.4).await;
    city.wait_minutes(10).await;
    maryam.sees_no_proposal().await;
    assert_eq!(maryam.sees("/incidents").await["items"].as_array().unwrap().len(), 0);
    assert_eq!(city.level("bu-ali").await, "green");
}

#[tokio::test]
async fn a_message_that_nobody_can_read_is_shown_to_staff_and_blocks_nothing() {
    let city = City::sample().start().await;
    let maryam = city.officer("maryam").await;
    let gauge = city.gauge("moradbeyg-2");
    gauge.reads(0.4).await;
    for payload in
        ["", "{", r#"{"stage_m":"high"}"#, r#"{"stage_m":1e9}"#, r#"{"t":"2027-01-01T00:00:00Z","stage_m":1.4}"#]
    {
        gauge.sends_in_vain(payload).await;
    }
    gauge.reads_next(0.5).await;
    let rejected = maryam.sees("/sensors/rejected").await;
    // One line per sensor and reason, with its count, so that a broken device can't flood the table.
    let items = rejected["items"].as_array().unwrap();
    let counts: BTreeMap<_, _> = items.iter().map(|item| (item["reason"].as_str().unwrap(), &item["count"])).collect();
    let wanted = [("bad_payload", &3.into()), ("future", &1.into()), ("implausible", &1.into())];
    assert_eq!(counts, BTreeMap::from(wanted), "{rejected:#}");
    let sensors = maryam.sees("/sensors").await;
    let sensor = sensors["items"].as_array().unwrap().iter().find(|sensor| sensor["code"] == "moradbeyg-2").unwrap();
    assert_eq!(sensor["quantities"][0]["latest"]["value"], 0.5, "{sensor:#}");
}

#[tokio::test]
async fn a_river_that_falls_is_proposed_as_over_only_after_its_dwell() {
    let city = City::sample().start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let gauge = city.gauge("moradbeyg-2");
    gauge.reads(1.4).await;
    city.wait_minutes(3).await;
    let draft = maryam.adopts(&maryam.sees_proposal("flood").await).await.unwrap();
    publish(&draft, &maryam, &naser).await;

    gauge.reads_next(0.4).await;
    city.wait_minutes(20).await;
    maryam.sees_no_proposal().await;
    assert_eq!(city.level("bu-ali").await, "orange");
    city.wait_minutes(15).await;
    assert_eq!(maryam.sees_proposal("flood").await.kind(), "all_clear");
    assert_eq!(city.level("bu-ali").await, "green");
}

#[tokio::test]
async fn a_zone_that_nobody_and_nothing_watches_is_unknown_not_green() {
    let city = City::sample().start().await;
    assert_eq!(city.level("bu-ali").await, "unknown");
    city.gauge("moradbeyg-2").reads(0.4).await;
    assert_eq!(city.level("bu-ali").await, "green", "the gauge watches the river that flows through it");
    assert_eq!(city.level("maryanaj").await, "unknown", "no gauge stands at its stream");
    // The gauge falls silent: what it last said is no sign of safety.
    city.wait_silent_minutes(60).await;
    assert_eq!(city.level("bu-ali").await, "unknown");
}

#[tokio::test]
async fn readings_of_two_overlapping_transactions_of_postgresql_are_both_assessed() {
    let Some(postgres) = Postgres::create().await else { return };
    let city = City::sample().on(postgres).start().await;
    let maryam = city.officer("maryam").await;
    let (upper, lower) = (city.gauge("khidr-2"), city.gauge("moradbeyg-2"));

    // Two nodes keep readings at the same time; the one that began later commits first.
    let mut slow = city.ground().store.write_readings("keep readings").await.unwrap();
    for minute in 0..=3 {
        upper.is_kept_in(&mut slow, 1.4, minute).await;
    }
    let mut quick = city.ground().store.write_readings("keep readings").await.unwrap();
    for minute in 0..=3 {
        lower.is_kept_in(&mut quick, 1.4, minute).await;
    }
    quick.commit().await.unwrap();
    // Assessment looks while the older transaction is still open: it must not run past it.
    while city.assess().run_due().await.unwrap() > 0 {}
    slow.commit().await.unwrap();
    city.settle().await;

    let incidents = maryam.sees("/incidents").await;
    let reasons = incidents.to_string();
    for gauge in [&upper, &lower] {
        assert!(reasons.contains(&gauge.sensor_id().to_string()), "{} is a reason: {incidents:#}", gauge.code);
    }
    drop((maryam, upper, lower));
    city.ends().await;
}
