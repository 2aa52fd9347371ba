//! Delivery on both engines: leases, back-off, lanes, audiences, answers.
//! Run by `make test`; the far ends are a gateway, a mail relay and a broker of the test's own, on ports of the system's choosing.
//! Time moves only by the manual clock; what hangs is let go by the story, so nothing here waits for a while.

#![expect(clippy::unwrap_used, reason = "a story that can not go on names its line")]

use std::sync::Arc;

use alerts::{Kind, Level};
use hamyar::{
    deliver::{
        self, Audience, Channel,
        applications::by_mqtt,
        progress::{self, Progress},
        reply::{self, Answer, SmsReply},
    },
    helpers::{self, NewHelper, Standing},
    id::Secret,
    staff::{contact::ContactKind, sign_in},
    store::Store,
};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::engines::on_both_engines;

mod applications;
mod city;
mod kept;

use city::{City, Does};

/// The secret in a text's link.
fn secret_in(text: &str) -> Secret {
    let start = text.find("/n/").expect("a link") + 3;
    Secret::new(
        text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect::<String>(),
    )
}

const SARA: &[(ContactKind, &str)] = &[(ContactKind::Phone, "09990000001")];

#[tokio::test]
async fn a_lost_lease_is_sent_again_and_its_late_end_changes_nothing() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        let broadcast = city.warns(&["julan"]).await;
        city.expands().await;

        let let_go = Arc::new(Semaphore::new(0));
        city.gateway.will([Does::Hangs(Arc::clone(&let_go), 400, "bad"), Does::Says(202, "0: Accepted for delivery")]);
        let (ground, channels) = (city.ground.clone(), city.channels.clone());
        let slow = tokio::spawn(async move { deliver::run_due(&ground, &channels, Channel::Sms).await });
        city.gateway.knocked.notified().await;
        assert_eq!(city.sends(Channel::Sms).await, 0, "the first worker holds the lease");

        city.waits(city.ground.config.deliver.lease_secs as f64 + 1.0);
        assert_eq!(city.sends(Channel::Sms).await, 1, "the lease has run out: another worker takes it");
        let_go.add_permits(1);
        assert_eq!(slow.await.unwrap().unwrap(), 1);

        let sent = city.gateway.takes();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0], sent[1], "the same notice, with the same link");
        let notice = sms(&city.progress(&broadcast).await);
        // A final failure that comes too late would have made it "failed".
        assert_eq!((notice.state.as_str(), notice.attempts, notice.last_error), ("sent", 2, None));
    })
    .await;
}

fn sms(progress: &Progress) -> progress::NoticeProgress {
    let mut found = progress.notices.items.iter().filter(|notice| notice.channel == Channel::Sms);
    let one = found.next().expect("one text message").clone();
    assert!(found.next().is_none(), "one text message only");
    one
}

#[tokio::test]
async fn pauses_between_attempts_double_and_a_notice_is_given_up_with_its_reason() {
    on_both_engines(async |ground| {
        let city = City::with(ground, |config| config.deliver.attempts_max = 4).await;
        city.helper("سارا", "julan", SARA).await;
        let broadcast = city.warns(&["julan"]).await;
        city.expands().await;
        city.gateway.will(std::iter::repeat_n(Does::Says(503, "Temporal failure"), 4));

        assert_eq!(city.sends(Channel::Sms).await, 1);
        for pause in [2.0, 4.0, 8.0] {
            // Jitter is a factor of 0.5 to 1.5.
            city.waits(pause * 0.49);
            assert_eq!(city.sends(Channel::Sms).await, 0, "too early after a pause of {pause} s");
            city.waits(pause * 1.01);
            assert_eq!(city.sends(Channel::Sms).await, 1, "late enough after a pause of {pause} s");
        }
        city.waits(3_600.0);
        assert_eq!(city.sends(Channel::Sms).await, 0, "given up");
        let notice = sms(&city.progress(&broadcast).await);
        assert_eq!((notice.state.as_str(), notice.attempts), ("failed", 4));
        assert!(notice.last_error.unwrap().contains("503: Temporal failure"));
    })
    .await;
}

#[tokio::test]
async fn a_channel_that_hangs_delays_no_other() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        city.helper("رضا", "julan", &[(ContactKind::Email, "reza@example.org")]).await;
        city.warns(&["julan"]).await;
        city.expands().await;

        let let_go = Arc::new(Semaphore::new(0));
        city.gateway.will([Does::Hangs(Arc::clone(&let_go), 202, "0: Accepted for delivery")]);
        let (ground, channels) = (city.ground.clone(), city.channels.clone());
        let stuck = tokio::spawn(async move { deliver::run_due(&ground, &channels, Channel::Sms).await });
        city.gateway.knocked.notified().await;

        assert_eq!(city.sends(Channel::Email).await, 1);
        let mails = city.mails();
        assert_eq!(mails[0].to, ["reza@example.org"]);
        assert!(mails[0].notice().is_some(), "a mail carries its notice's id");
        assert!(mails[0].text.contains("multipart/alternative"));
        assert!(!stuck.is_finished());
        let_go.add_permits(1);
        assert_eq!(stuck.await.unwrap().unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_says_nonsense_costs_nobody_a_second_message() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        for index in 0..4 {
            let number = format!("099900002{index:02}");
            city.helper("همیار", "julan", &[(ContactKind::Phone, &number)]).await;
        }
        let broadcast = city.warns(&["julan"]).await;
        city.expands().await;
        // PostgreSQL keeps no NUL; what one answer holds must not keep the others from being settled.
        city.gateway.will([Does::Says(503, "busy\0\u{7}")]);
        assert_eq!(city.sends(Channel::Sms).await, 4);
        let notices = city.progress(&broadcast).await.notices.items;
        let texts: Vec<_> = notices.iter().filter(|notice| notice.channel == Channel::Sms).collect();
        assert_eq!(texts.iter().filter(|notice| notice.state == "sent").count(), 3);
        let why: Vec<_> = texts.iter().filter_map(|notice| notice.last_error.as_deref()).collect();
        assert!(why.len() == 1 && why[0].contains("busy") && !why[0].contains('\0'), "{why:?}");
        city.gateway.takes();
        city.waits(city.ground.config.deliver.lease_secs as f64 + 5.0);
        assert_eq!(city.sends(Channel::Sms).await, 1, "only the one that was refused is sent again");
    })
    .await;
}

#[tokio::test]
async fn hundreds_of_helpers_are_told_once_each_in_one_step() {
    // More than one statement holds: 28 values a notice, 8,000 a statement.
    const HELPERS: usize = 300;
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        let mut tx = city.ground.store.write("register").await.unwrap();
        for index in 0..HELPERS {
            let new = NewHelper {
                name: format!("Helper {index}"),
                language: "en".into(),
                contacts: vec![(ContactKind::Mqtt, String::new())],
                zones: vec![maps::ZoneCode::new("julan").unwrap()],
                ..NewHelper::default()
            };
            helpers::put_helper(&city.ground, &mut tx, &new, None, Standing::CHECKED).await.unwrap();
        }
        tx.commit().await.unwrap();

        let broadcast = city.warns(&["julan"]).await;
        assert_eq!(deliver::expand_due(&city.ground).await.unwrap(), 1, "systems");
        assert_eq!(deliver::expand_due(&city.ground).await.unwrap(), 1, "people");
        assert_eq!(usize::try_from(city.progress(&broadcast).await.people.told).unwrap(), HELPERS);
        assert_eq!(city.sends(Channel::Mqtt).await, HELPERS + 1, "every helper, and the alert's own topic");
        let topics: std::collections::BTreeSet<String> =
            std::mem::take(&mut *city.mqtt.lock().unwrap()).into_iter().map(|(topic, _)| topic).collect();
        assert_eq!(topics.len(), HELPERS + 1, "nobody twice");
        assert_eq!(city.sends(Channel::Mqtt).await, 0, "settled");
    })
    .await;
}

#[tokio::test]
async fn one_expansion_and_two_make_the_same_notices() {
    on_both_engines(async |ground| {
        let city = City::with(ground, |config| config.deliver.expand_step_max = 2).await;
        for index in 0..7 {
            let number = format!("099900001{index:02}");
            city.helper("همیار", "julan", &[(ContactKind::Phone, &number)]).await;
        }
        city.helper("دور", "bazaar", &[(ContactKind::Phone, "09990000999")]).await;
        let broadcast = city.warns(&["julan"]).await;
        let (left, right) = tokio::join!(city.expands(), city.expands());
        assert_eq!((left, right), ((), ()));
        city.works().await;
        let sent = city.gateway.takes();
        assert_eq!(sent.len(), 7, "{sent:?}");
        assert!(sent.iter().all(|sms| !sms.to.ends_with("0999")), "somebody of another zone was told");

        let mut tx = city.ground.store.write("publish").await.unwrap();
        assert!(!tx.put_broadcast(&broadcast).await.unwrap(), "an alert has one broadcast");
        tx.commit().await.unwrap();
        city.works().await;
        assert_eq!(city.gateway.takes(), []);
        let progress = city.progress(&broadcast).await;
        assert!(progress.broadcast.expanded);
        assert_eq!((progress.people.told, progress.people.silent), (7, 7));
        let told = &progress.notices.items.iter().find(|notice| notice.person.is_some()).unwrap();
        assert!(told.reason["fa"].contains("ناحیه") && told.contact_masked.as_deref().unwrap().starts_with('…'));
    })
    .await;
}

#[tokio::test]
async fn a_minors_mentor_is_told_together_with_the_minor() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        let mentor = NewHelper { is_mentor: true, ..NewHelper::default() };
        let mentor = city.register("پروانه", "dizaj", &[(ContactKind::Phone, "09990000300")], mentor).await;
        let minor = NewHelper { minor: true, mentor: Some(mentor), ..NewHelper::default() };
        city.register("آرش", "julan", &[(ContactKind::Email, "arash@example.org")], minor).await;
        let broadcast = city.warns(&["julan"]).await;
        city.works().await;

        let sent = city.gateway.takes();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].to, "+989990000300");
        assert!(sent[0].text.contains("آرش"), "{}", sent[0].text);
        assert_eq!(city.mails().len(), 1);
        let progress = city.progress(&broadcast).await;
        let told = progress.notices.items.iter().find(|notice| notice.person == Some(mentor)).unwrap();
        assert_eq!((told.reason["fa"].as_str(), told.reason["en"].as_str()), ("مربی آرش", "mentor of آرش"));
        assert_eq!(progress.people.told, 2);
    })
    .await;
}

#[tokio::test]
async fn a_familys_telephone_rings_once_and_is_asked_whose_answer_it_is() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        for name in ["سارا", "علی"] {
            city.helper(name, "julan", SARA).await;
        }
        let broadcast = city.warns(&["julan"]).await;
        city.works().await;
        assert_eq!(city.gateway.takes().len(), 1);
        assert_eq!(city.progress(&broadcast).await.people.told, 2);

        assert_eq!(city.hears("09990000001", "۱").await, SmsReply::AskedBack);
        city.works().await;
        let asked = city.gateway.takes();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].text.contains("سارا") && asked[0].text.contains("علی"), "{}", asked[0].text);
        assert_eq!(city.answers(&broadcast).await, []);

        // Digits may be of any alphabet; the third line is everybody.
        assert_eq!(city.hears("+98 999 000 0001", "٣").await, SmsReply::Answered);
        let both = [("سارا".to_owned(), "ack".to_owned()), ("علی".to_owned(), "ack".to_owned())];
        assert_eq!(city.answers(&broadcast).await, both);
        // Everybody has answered: a cry for help still finds its place, and is asked whose it is.
        assert_eq!(city.hears("09990000001", "كمك").await, SmsReply::AskedBack);
        assert_eq!(city.hears("09990000001", "1").await, SmsReply::Answered);
        let helped: Vec<_> =
            city.answers(&broadcast).await.into_iter().filter(|(_, answer)| answer == "need_help").collect();
        assert_eq!(helped.len(), 1);
        assert_eq!(city.hears("09990000001", "آب به حیاط رسیده").await, SmsReply::NotAnAnswer);
        assert_eq!(city.hears("09990000055", "1").await, SmsReply::NotAnAnswer, "a telephone that was asked nothing");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_could_mean_two_alerts_is_asked_back_unless_it_names_one() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        let first = city.warns(&["julan"]).await;
        city.works().await;
        city.waits(60.0);
        let second = city.warns(&["julan"]).await;
        city.works().await;
        let sent = city.gateway.takes();
        assert!(sent[1].text.contains("۱ ۱۱"), "the second message says which number names it: {}", sent[1].text);

        assert_eq!(city.hears("09990000001", "1").await, SmsReply::AskedBack);
        assert_eq!((city.answers(&first).await, city.answers(&second).await), (vec![], vec![]));
        assert_eq!(city.hears("09990000001", "۲ ۱۱").await, SmsReply::Answered);
        assert_eq!(city.answers(&second).await, [("سارا".to_owned(), "safe".to_owned())]);
        assert_eq!(city.answers(&first).await, []);
        // Only one is open now.
        assert_eq!(city.hears("09990000001", "رسید").await, SmsReply::Answered);
        assert_eq!(city.answers(&first).await, [("سارا".to_owned(), "ack".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_link_shows_and_only_its_form_answers() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        let broadcast = city.warns(&["julan"]).await;
        city.works().await;
        let secret = secret_in(&city.gateway.takes()[0].text);
        let page = reply::page_of_link(&city.ground, &secret).await.unwrap();
        let html = deliver::page::of_link(&page);
        assert!(html.contains("dir=\"rtl\"") && html.contains("<form method=\"post\">"), "{html}");
        assert_eq!(city.answers(&broadcast).await, [], "opening answers nothing");

        for _ in 0..2 {
            reply::by_link(&city.ground, &secret, Answer::NeedHelp, None).await.unwrap();
        }
        assert_eq!(city.answers(&broadcast).await, [("سارا".to_owned(), "need_help".to_owned())]);
        let progress = city.progress(&broadcast).await;
        assert_eq!(progress.people.answered["need_help"], 1);
        assert!(reply::page_of_link(&city.ground, &Secret::new("no-such-secret")).await.is_err());
        city.waits(73.0 * 3600.0);
        assert!(reply::page_of_link(&city.ground, &secret).await.is_err(), "a link has an end");
    })
    .await;
}

#[tokio::test]
async fn silence_is_followed_by_the_next_contact_and_the_all_clear_comes_where_the_warning_was_answered() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        let both = &[(ContactKind::Phone, "09990000001"), (ContactKind::Email, "sara@example.org")];
        city.helper("سارا", "julan", both).await;
        city.helper("رضا", "bazaar", &[(ContactKind::Phone, "09990000002")]).await;
        city.helper("دور", "dizaj", &[(ContactKind::Phone, "09990000003")]).await;
        let warning = city.warns(&["julan", "bazaar"]).await;
        city.works().await;
        assert_eq!((city.gateway.takes().len(), city.mails().len()), (2, 0));

        city.waits(city.ground.config.deliver.escalate_secs as f64);
        city.works().await;
        assert_eq!(city.gateway.takes(), []);
        let mails = city.mails();
        assert_eq!(mails.len(), 1);
        let notice = mails[0].notice().unwrap();
        assert_eq!(
            notice,
            city.progress(&warning).await.notices.items.iter().find(|n| n.channel == Channel::Email).unwrap().id
        );
        city.waits(3_600.0);
        city.works().await;
        assert_eq!((city.gateway.takes().len(), city.mails().len()), (0, 0), "no contact is left to try");

        // Sara answers by the mail's link, whose body is coded for the wire; the notice tells its own secret only to its reader.
        let answered = sara_answers_herself(&city, notice).await;
        assert!(answered);

        let mut all_clear = city.broadcast(Level::Green, &["julan"]);
        all_clear.kind = Kind::AllClear;
        all_clear.audience = Audience { zones: Vec::new(), also_everyone_told_by: vec![warning.alert] };
        all_clear.supersedes = vec![warning.alert];
        city.publishes(&all_clear).await;
        city.works().await;
        let sent = city.gateway.takes();
        assert_eq!(sent.iter().map(|sms| sms.to.as_str()).collect::<Vec<_>>(), ["+989990000002"]);
        let mails = city.mails();
        assert_eq!(mails.iter().map(|mail| mail.to[0].as_str()).collect::<Vec<_>>(), ["sara@example.org"]);
        assert_eq!(city.progress(&all_clear).await.people.told, 2);
    })
    .await;
}

/// Answers as the helper's own page does.
async fn sara_answers_herself(city: &City, notice: hamyar::id::NoticeId) -> bool {
    deliver::send_sign_in_code(&city.ground, ContactKind::Email, "sara@example.org").await.unwrap();
    city.works().await;
    let mail = city.mails().pop().unwrap();
    let code: String = decoded(&mail.text).chars().filter(char::is_ascii_digit).take(6).collect();
    let signed_in =
        sign_in::by_code(&city.ground, ContactKind::Email, "sara@example.org", &Secret::new(code), None, "127.0.0.1")
            .await
            .unwrap();
    let sara = hamyar::staff::Helper::try_from_caller(signed_in.caller).unwrap();
    let mine = reply::notices_of(&city.ground, &sara, None, 10).await.unwrap();
    assert!(mine.iter().any(|told| told.id == notice));
    reply::by_helper(&city.ground, &sara, notice, Answer::Safe).await.is_ok()
}

/// The plain part of a mail, base64 or quoted-printable undone.
fn decoded(mail: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let (_, plain) = mail.split_once("text/plain").expect("a plain part");
    let (head, body) = plain.split_once("\n\n").expect("a body");
    let body = body.split("\n--").next().unwrap();
    if head.contains("base64") {
        return String::from_utf8(STANDARD.decode(body.replace(['\n', ' '], "")).unwrap()).unwrap();
    }
    let joined = body.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'=' && tail.len() >= 2 {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn what_waits_of_a_cancelled_alert_is_not_sent() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        let warning = city.warns(&["julan"]).await;
        city.expands().await;
        let mut cancel = city.broadcast(Level::Orange, &["julan"]);
        cancel.kind = Kind::Cancel;
        cancel.audience = Audience { zones: Vec::new(), also_everyone_told_by: vec![warning.alert] };
        cancel.supersedes = vec![warning.alert];
        city.publishes(&cancel).await;
        city.works().await;
        assert_eq!(city.gateway.takes(), [], "nobody was warned, so nobody is told that it was an error");
        assert_eq!(sms(&city.progress(&warning).await).state, "withdrawn");
    })
    .await;
}

#[tokio::test]
async fn quiet_hours_hold_back_what_is_no_threat_to_life() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        // 04:00 UTC is 07:30 in Hamadan; sixteen hours later it is night.
        city.waits(16.0 * 3600.0);
        city.publishes(&city.broadcast(Level::Yellow, &["julan"])).await;
        city.works().await;
        assert_eq!(city.gateway.takes(), []);
        city.warns(&["julan"]).await;
        city.works().await;
        assert_eq!(city.gateway.takes().len(), 1, "a threat to life does not wait");
        // It held for six hours from half past eleven: in the morning it is no longer true, and is not sent.
        city.waits(8.0 * 3600.0);
        city.works().await;
        assert_eq!(city.gateway.takes(), []);
    })
    .await;
}

#[tokio::test]
async fn a_zones_board_says_what_holds_and_that_nothing_does() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        deliver::board::start(&city.ground).await.unwrap();
        let drain = async || while deliver::board::run_due(&city.ground, &city.channels).await.unwrap() > 0 {};
        drain().await;
        let board = |code: &str| -> serde_json::Value {
            let all = city.mqtt.lock().unwrap();
            let topic = format!("hamyar/v1/zones/{code}/alerts");
            serde_json::from_str(&all.iter().rev().find(|(name, _)| *name == topic).expect("a board").1).unwrap()
        };
        assert_eq!(
            (board("julan")["level"].clone(), board("julan")["features"].as_array().unwrap().len()),
            (serde_json::Value::Null, 0)
        );

        let warning = city.warns(&["julan"]).await;
        city.works().await;
        drain().await;
        assert_eq!(board("julan")["level"], "orange");
        assert_eq!(board("julan")["features"][0]["id"], warning.alert.to_string());
        assert_eq!(board("julan")["features"][0]["geometry"]["type"], "MultiPolygon");
        assert_eq!(board("bazaar")["features"].as_array().unwrap().len(), 0);
        let cap = format!("hamyar/v1/alerts/{}/cap", warning.alert);
        assert!(city.mqtt.lock().unwrap().iter().any(|(topic, payload)| *topic == cap && payload == "<alert/>"));

        city.waits(6.0 * 3600.0);
        drain().await;
        assert_eq!(board("julan")["features"].as_array().unwrap().len(), 0, "it has run out");
        let as_of: Timestamp = board("julan")["as_of"].as_str().unwrap().parse().unwrap();
        assert_eq!(as_of, city.ground.now());
    })
    .await;
}

#[tokio::test]
async fn one_contact_gets_few_codes_and_strangers_none() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        for _ in 0..5 {
            deliver::send_sign_in_code(&city.ground, ContactKind::Phone, "0999 000 0001").await.unwrap();
        }
        deliver::send_sign_in_code(&city.ground, ContactKind::Phone, "09990000777").await.unwrap();
        city.works().await;
        let sent = city.gateway.takes();
        assert_eq!(sent.len(), 3, "{sent:?}");
        let code: String = sent[2].text.chars().filter(char::is_ascii_digit).take(6).collect();
        let signed_in =
            sign_in::by_code(&city.ground, ContactKind::Phone, "09990000001", &Secret::new(code), None, "127.0.0.1")
                .await;
        assert!(signed_in.is_ok(), "the last code that was sent is the one that fits");
    })
    .await;
}

#[tokio::test]
async fn the_text_of_a_code_is_gone_once_nothing_more_is_sent_of_it() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", SARA).await;
        let code = async || deliver::send_sign_in_code(&city.ground, ContactKind::Phone, "09990000001").await.unwrap();
        code().await;
        city.works().await;
        city.gateway.will([Does::Says(503, "Temporal failure")]);
        code().await;
        city.sends(Channel::Sms).await;
        city.warns(&["julan"]).await;
        city.works().await;
        let sent = city.gateway.takes();
        assert_eq!(sent.len(), 3);

        // Nothing but the table itself shows what is kept; the statements are the same on both engines.
        let Store::Postgres(pool) = &city.ground.store else { return };
        let kept = async || -> Vec<String> {
            let statement = "select sms || body from notice where channel = 'sms' order by made_at, id";
            sqlx::query_scalar(statement).fetch_all(pool).await.unwrap()
        };
        // Notices of one moment come in no order that means anything.
        let keeps = |kept: &[String], text: &str| kept.iter().any(|kept| kept.contains(text));
        let before = kept().await;
        assert!(!keeps(&before, &sent[0].text), "it was sent");
        assert!(keeps(&before, &sent[1].text), "it is to be sent again");
        assert!(keeps(&before, &sent[2].text), "a warning is kept");
        city.waits(3_600.0);
        city.works().await;
        let after = kept().await;
        assert!(!keeps(&after, &sent[1].text), "the second code is no longer true");
        assert!(keeps(&after, &sent[2].text), "a warning is kept");
    })
    .await;
}

#[tokio::test]
async fn the_all_clear_is_published_until_the_application_says_that_it_came() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", &[(ContactKind::Mqtt, "")]).await;
        let warning = city.warns(&["julan"]).await;
        city.works().await;
        let mut all_clear = city.broadcast(Level::Green, &["julan"]);
        all_clear.kind = Kind::AllClear;
        all_clear.audience = Audience { zones: Vec::new(), also_everyone_told_by: vec![warning.alert] };
        all_clear.supersedes = vec![warning.alert];
        city.publishes(&all_clear).await;
        city.works().await;
        // The account is ours to name.
        let account_of = |topic: &str| {
            topic.strip_prefix("hamyar/v1/helpers/").and_then(|rest| rest.strip_suffix("/notices")).map(str::to_owned)
        };
        let account =
            city.mqtt.lock().unwrap().iter().find_map(|(topic, _)| account_of(topic)).expect("she was warned");
        let published = || -> Vec<serde_json::Value> {
            let all = city.mqtt.lock().unwrap();
            let mine = all.iter().filter(|(topic, _)| account_of(topic).is_some());
            let notices = mine.map(|(_, payload)| serde_json::from_str::<serde_json::Value>(payload).unwrap());
            notices.filter(|notice| notice["alert"] == all_clear.alert.to_string()).collect()
        };
        assert_eq!(published().len(), 1);
        city.waits(31.0);
        city.works().await;
        assert_eq!(published().len(), 2, "published is not read");
        assert_eq!(published()[1]["answers"], serde_json::json!(["ack"]));

        let says = async |answer: &str| {
            let said = serde_json::json!({ "notice": published()[0]["id"], "answer": answer }).to_string();
            by_mqtt(&city.ground, &account, said.as_bytes()).await
        };
        assert!(says("safe").await.is_err(), "it does not ask that");
        says("ack").await.unwrap();
        city.waits(3_600.0);
        city.works().await;
        assert_eq!(published().len(), 2, "it came");
    })
    .await;
}

#[tokio::test]
async fn a_mentor_is_told_of_a_minor_who_is_found_later_too() {
    on_both_engines(async |ground| {
        let city = City::with(ground, |config| config.deliver.expand_step_max = 1).await;
        let mentor = NewHelper { is_mentor: true, ..NewHelper::default() };
        let mentor = city.register("پروانه", "dizaj", &[(ContactKind::Phone, "09990000300")], mentor).await;
        for (name, mail) in [("آرش", "arash@example.org"), ("نیما", "nima@example.org")] {
            city.waits(1.0);
            let minor = NewHelper { minor: true, mentor: Some(mentor), ..NewHelper::default() };
            city.register(name, "julan", &[(ContactKind::Email, mail)], minor).await;
        }
        let broadcast = city.warns(&["julan"]).await;
        city.works().await;
        let sent = city.gateway.takes();
        assert_eq!(sent.len(), 2, "{sent:?}");
        assert!(sent[0].text.contains("آرش") && sent[1].text.contains("نیما"), "{sent:?}");
        assert_eq!(city.progress(&broadcast).await.people.told, 3);

        // It is one question to one person: nothing is asked back.
        assert_eq!(city.hears("09990000300", "1").await, SmsReply::Answered);
        let twice = [("پروانه".to_owned(), "ack".to_owned()), ("پروانه".to_owned(), "ack".to_owned())];
        assert_eq!(city.answers(&broadcast).await, twice);
    })
    .await;
}
