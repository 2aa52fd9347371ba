//! What citizens report: by text message in Persian digits, by the web, again and again.
//! Text messages come in by the gateway's hook, as a gateway brings them.
//! Everybody who reports gets a number; nobody is answered twice for one message.

use std::time::Duration;

use hamyar::bell::LiveAudience;
use serde_json::json;

use crate::{
    awaited,
    city::{City, GATEWAY, GATEWAY_SECRET},
    staff::publish,
};

#[tokio::test]
async fn a_text_message_in_persian_digits_gets_a_number_and_is_found_on_the_map() {
    let city = City::sample().start().await;
    let operator = city.operator("soraya").await;
    // The sender's number, too, is written in Persian digits.
    city.sms_from("۰۹۹۹۱۲۳۴۵۶۷", "سیل توی میدان امام، عمق ۴۰ سانت").await;

    let reports = operator.sees("/reports").await;
    let report = &reports["items"][0];
    assert_eq!(
        (&report["channel"], &report["hazard"], &report["depth_cm"]),
        (&json!("sms"), &json!("flood"), &json!(40.0))
    );
    assert_eq!(report["zone"], "imam-square", "{report:#}");
    let position = report["position"].as_array().unwrap();
    let (lon, lat) = (position[0].as_f64().unwrap(), position[1].as_f64().unwrap());
    let place = maps::Position::new(lon, lat).unwrap();
    assert_eq!(city.ground().city.zone_at(place).unwrap().code.as_str(), "imam-square");
    assert!(report["sender_masked"].as_str().unwrap().ends_with("4567"), "{report:#}");
    assert!(!reports.to_string().contains("9991234567"), "the number is not shown whole");

    let thanks = city.gateway().next("+989991234567").expect("a thank-you");
    let number = report["number"].as_str().unwrap();
    assert!(maps::latin_digits(&thanks.text).contains(number), "{} in “{}”", number, thanks.text);
    assert!(thanks.text.chars().any(|letter| ('۰'..='۹').contains(&letter)), "{}", thanks.text);
    // Whoever holds the link can follow the report; the number alone shows nothing.
    let secret = thanks.text.rsplit('.').next().unwrap();
    let followed = city.anybody().get(&format!("/reports/{number}?secret={secret}")).await;
    assert_eq!(followed["number"], number);
}

#[tokio::test]
async fn a_message_that_the_gateway_brings_twice_is_one_report() {
    let city = City::sample().start().await;
    let operator = city.operator("soraya").await;
    let address = format!("{}/hooks/sms/{GATEWAY}", city.root());
    let fields = [("from", "09991234567"), ("text", "برف سنگین در گنجنامه"), ("id", "77"), ("secret", GATEWAY_SECRET)];
    for _ in 0..2 {
        let (status, _) = city.anybody().submits(&address, &fields).await;
        assert_eq!(status, 200);
        city.settle().await;
    }
    let (status, _) =
        city.anybody().submits(&address, &[("from", "1"), ("text", "x"), ("secret", "a wrong secret")]).await;
    assert_eq!(status, 403);
    assert_eq!(operator.sees("/reports").await["items"].as_array().unwrap().len(), 1);
    assert!(city.gateway().next("+989991234567").is_some(), "thanked");
    assert!(city.gateway().next("+989991234567").is_none(), "once");
}

#[tokio::test]
async fn one_report_alone_proposes_nothing_and_several_from_one_place_do() {
    let city = City::sample().start().await;
    let maryam = city.officer("maryam").await;
    let words = "آب میدان امام را گرفته، ۵۰ سانت";
    city.sms_from(&city.new_number(), words).await;
    maryam.sees_no_proposal().await;

    for _ in 0..5 {
        let number = city.new_number();
        city.sms_from(&number, words).await;
        let report = json!({ "hazard": "flood", "words": words, "position": [48.5146, 34.7983], "depth_cm": 50 });
        city.anybody().post("/reports", report).await.expect("a report on the web");
        city.settle().await;
    }
    let proposal = maryam.sees_proposal("flood").await;
    assert!(proposal.zones().iter().any(|zone| zone == "imam-square"), "{:?}", proposal.zones());
}

#[tokio::test]
async fn a_year_later_nobody_can_tell_who_reported_and_everybody_what_was_decided() {
    let city = City::sample().start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    city.sms_from("09991234567", "سیل توی میدان امام، عمق ۴۰ سانت").await;
    let draft = maryam.drafts("flood", "orange", &["imam-square"]).await.unwrap();
    let alert = publish(&draft, &maryam, &naser).await;
    let address = format!("{}/cap/alerts/{}.xml", city.root(), alert.id());
    let published = city.anybody().opens(&address).await;
    assert_eq!(published.0, 200);
    let audited = async || city.ground().store.read("audit").await.unwrap().verify_audit().await.unwrap();

    city.hours_pass(24 * 500).await;
    let before = audited().await;
    while hamyar::retention::run_due(city.ground()).await.unwrap() > 0 {}
    assert!(audited().await > before, "the audit says that something personal went");

    let operator = city.operator("soraya").await;
    let report = operator.sees("/reports").await["items"][0].clone();
    assert_eq!((&report["words"], &report["sender_masked"]), (&json!(null), &json!(null)), "{report:#}");
    assert_eq!((&report["zone"], &report["depth_cm"]), (&json!("imam-square"), &json!(40.0)), "{report:#}");
    assert_eq!(city.anybody().opens(&address).await, published, "letter by letter");
    let seen = operator.sees(&format!("/alerts/{}", alert.id())).await;
    assert_eq!(seen["stage"], "ended", "{seen:#}");
}

#[tokio::test]
async fn pages_of_strangers_never_keep_staff_from_theirs() {
    let city = City::sample()
        .with(|config| {
            (config.server.live_pages_max, config.server.live_pages_staff_percent) = (4, 25);
            config.server.live_pages_per_address_max = 2;
        })
        .start()
        .await;
    let maryam = city.officer("maryam").await;
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(city.anybody().keeps_open("/live").await);
    }
    assert!(open.iter().all(|page| page.status() == 200));
    let refused = city.anybody().keeps_open("/live").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "20");
    assert!(refused.text().await.unwrap().contains("/problems/too-many-pages"));
    for _ in 0..2 {
        open.push(maryam.browser().keeps_open("/live").await);
    }
    assert!(open.iter().all(|page| page.status() == 200), "staff find their places");
}

#[tokio::test]
async fn an_open_page_of_the_staff_ends_with_the_right_to_it_before_it_tells_anything_more() {
    let city = City::sample().start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let mut hers = maryam.browser().keeps_open("/live").await;
    let mut his = naser.browser().keeps_open("/live").await;
    maryam.browser().signs_out().await;
    city.ground().clock.advance(Duration::from_secs(6));
    city.ground().bells.tell(LiveAudience::Staff, "delivery.changed", json!({ "alert": "of-this-story" }));

    let mut heard = String::new();
    awaited("the end of her page", async {
        while let Some(chunk) = hers.chunk().await.expect("a stream that ends in order") {
            heard += std::str::from_utf8(&chunk).expect("text");
        }
    })
    .await;
    assert!(!heard.contains("of-this-story"), "{heard}");
    awaited("the news on his page", async {
        let mut heard = String::new();
        while !heard.contains("of-this-story") {
            let chunk = his.chunk().await.expect("the stream goes on").expect("he is still of the staff");
            heard += std::str::from_utf8(&chunk).expect("text");
        }
    })
    .await;
}
