//! Who is told, and by which way: mentors with minors, everybody who got the warning when it is over, nobody twice.
//! Telephones and mailboxes are fake; queues, channels and the SMTP and HTTP between are real.
//! A channel that fails delays no other.

use crate::{
    city::{City, GATEWAY, GATEWAY_SECRET},
    staff::publish,
};

#[tokio::test]
async fn a_minors_mentor_is_told_with_the_minor() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let parvin = city.mentor("parvin in maryanaj").await;
    let nima = city.minor("nima in bu-ali", &parvin).await;
    let hamid = city.mentor("hamid in maryanaj").await;

    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    publish(&draft, &maryam, &naser).await;
    nima.receives_sms("سیل");
    parvin.receives_sms("nima");
    parvin.receives_nothing();
    hamid.receives_nothing();
}

#[tokio::test]
async fn a_cancel_reaches_everyone_who_got_the_warning_on_the_channel_that_reached_them() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let sara = city.helper("sara in bu-ali").await;
    let leila = city.newcomer("leila in bu-ali").with_a_mailbox().joins().await;
    let reza = city.helper("reza in maryanaj").await;
    city.gateway().has_no_number(&leila.phone);

    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    let alert = publish(&draft, &maryam, &naser).await;
    sara.receives_sms("سیل").then_replies("1").await;
    leila.receives_mail("سیل");
    city.wait_minutes(1).await;

    // Sara has moved since; she was warned, so she is told all the same.
    sara.moves_to("maryanaj").await;
    let draft = maryam.cancels(&alert).await.unwrap();
    publish(&draft, &maryam, &naser).await;
    assert_eq!(maryam.looks_at(&alert).await.0["ending"], "cancelled");
    sara.receives_sms("");
    leila.receives_mail("");
    for person in [&sara, &leila, &reza] {
        person.receives_nothing();
    }
}

#[tokio::test]
async fn an_all_clear_reaches_everyone_who_got_the_warning_or_its_update() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let sara = city.helper("sara in bu-ali").await;
    let leila = city.newcomer("leila in bu-ali").with_a_mailbox().joins().await;
    let reza = city.helper("reza in maryanaj").await;
    city.gateway().has_no_number(&leila.phone);

    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    let alert = publish(&draft, &maryam, &naser).await;
    sara.receives_sms("سیل");
    leila.receives_mail("سیل");
    let update = publish(&maryam.updates(&alert).await.unwrap(), &maryam, &naser).await;
    assert_eq!(maryam.looks_at(&alert).await.0["ending"], "updated");
    sara.receives_sms("سیل");
    leila.receives_mail("سیل");
    sara.moves_to("maryanaj").await;

    let clear = publish(&maryam.clears(&update).await.unwrap(), &maryam, &naser).await;
    assert_eq!(maryam.looks_at(&update).await.0["ending"], "all_clear");
    sara.receives_sms("");
    leila.receives_mail("");
    for person in [&sara, &leila, &reza] {
        person.receives_nothing();
    }
    let (_, cap) = city.anybody().opens(&format!("{}/cap/alerts/{}.xml", city.root(), clear.id())).await;
    assert!(
        cap.contains("<msgType>Update</msgType>") && cap.contains("<responseType>AllClear</responseType>"),
        "{cap}"
    );
}

#[tokio::test]
async fn a_failure_that_is_reported_before_the_gateway_has_answered_is_not_forgotten() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let leila = city.newcomer("leila in bu-ali").with_a_mailbox().joins().await;
    city.gateway().answers_only(0);
    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    // Kannel reports what the operator refuses before its own answer has reached us.
    let reported = async {
        city.gateway().was_asked(1).await;
        let id = city.gateway().shown(&leila.phone)[0].id.clone();
        let mut report = reqwest::Url::parse(&format!("{}/hooks/receipts/{GATEWAY}", city.root())).unwrap();
        report.query_pairs_mut().extend_pairs([("secret", GATEWAY_SECRET), ("id", &id), ("status", "16")]);
        assert_eq!(city.anybody().opens(report.as_str()).await.0, 200);
        city.gateway().answers_all();
    };
    let (alert, ()) = tokio::join!(publish(&draft, &maryam, &naser), reported);
    let delivery = maryam.sees_delivery(&alert).await;
    let notices = delivery["notices"]["items"].as_array().unwrap();
    let sms = notices.iter().find(|notice| notice["channel"] == "sms").unwrap();
    assert_eq!(sms["state"], "failed", "{sms:#}");
    assert!(sms["last_error"].as_str().unwrap().contains("could not be delivered"), "{sms:#}");
    leila.receives_mail("سیل");
}

#[tokio::test]
async fn a_gateway_outage_delays_nothing_else_and_what_waited_arrives_when_it_is_back() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let sara = city.helper("sara in bu-ali").await;
    let leila = city.newcomer("leila in bu-ali").reached_by_mail_first().joins().await;
    city.gateway().breaks_down();

    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    let alert = publish(&draft, &maryam, &naser).await;
    leila.receives_mail("سیل");
    sara.receives_nothing();
    let delivery = maryam.sees_delivery(&alert).await;
    let sms = delivery["by_channel"].as_array().unwrap().iter().find(|channel| channel["channel"] == "sms").unwrap();
    assert_eq!((&sms["waiting"], &sms["sent"]), (&1.into(), &0.into()), "staff see what waits: {sms}");
    city.wait_minutes(1).await;
    sara.receives_nothing();

    city.gateway().is_repaired();
    city.wait_minutes(2).await;
    sara.receives_sms("سیل").then_replies("1").await;
    sara.receives_nothing();
    let delivery = maryam.sees_delivery(&alert).await;
    assert_eq!(delivery["people"]["answered"]["ack"], 1, "{delivery:#}");
}
