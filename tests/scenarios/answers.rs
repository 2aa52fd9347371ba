//! What helpers answer, and how: by the link in a message, by text message, from a telephone that several people share.
//! Links are opened and forms are sent over real HTTP; text messages come in by the gateway's hook.
//! An answer that could mean several things is asked back, never guessed.

use crate::{
    city::City,
    staff::{Alert, Staff, publish},
};

async fn warn(city: &City, zones: &[&str]) -> (Staff, Alert) {
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let draft = maryam.drafts("flood", "orange", zones).await.expect("a draft");
    let alert = publish(&draft, &maryam, &naser).await;
    (maryam, alert)
}

#[tokio::test]
async fn an_opened_link_does_not_acknowledge_and_posting_its_form_does() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let sara = city.helper("sara in bu-ali").await;
    let (maryam, alert) = warn(&city, &["bu-ali"]).await;
    let link = sara.receives_sms("سیل").link();

    let browser = city.anybody();
    for _ in 0..2 {
        let (status, page) = browser.opens(&link).await;
        assert_eq!(status, 200);
        assert!(page.contains("method=\"post\"") && page.contains("dir=\"rtl\""), "{page}");
    }
    city.settle().await;
    let delivery = maryam.sees_delivery(&alert).await;
    assert_eq!(delivery["people"]["silent"], 1, "a preview answers for nobody: {delivery:#}");

    // The browser follows to the page, which now shows the answer.
    let (status, page) = browser.submits(&link, &[("answer", "safe")]).await;
    assert!(status == 200 && page.contains("class=\"done\""), "{status} {page}");
    let delivery = maryam.sees_delivery(&alert).await;
    assert_eq!((&delivery["people"]["answered"]["safe"], &delivery["people"]["silent"]), (&1.into(), &0.into()));

    let (status, _) = browser.opens(&format!("{link}x")).await;
    assert_eq!(status, 404, "a link that is none shows nothing");
}

#[tokio::test]
async fn an_answer_from_a_telephone_of_two_is_asked_back() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let sara = city.helper("sara in bu-ali").await;
    let ali = city.newcomer("ali in bu-ali").with_the_phone_of(&sara).joins().await;
    let (maryam, alert) = warn(&city, &["bu-ali"]).await;

    // One telephone, one message; it can't be told apart whose answer this is.
    sara.receives_sms("سیل").then_replies("۱").await;
    let delivery = maryam.sees_delivery(&alert).await;
    assert_eq!(delivery["people"]["silent"], 2, "nothing is guessed: {delivery:#}");
    let question = sara.receives_sms("ali");
    assert!(question.text().contains("sara"), "{}", question.text());

    // Whichever line names Ali.
    let line = if question.text().find("ali") < question.text().find("sara") { "1" } else { "2" };
    question.then_replies(line).await;
    let delivery = maryam.sees_delivery(&alert).await;
    let items = delivery["notices"]["items"].as_array().unwrap();
    let answered: Vec<_> = items.iter().filter(|notice| notice["answer"] == "ack").collect();
    assert_eq!(answered.len(), 1, "{delivery:#}");
    assert_eq!(answered[0]["person_name"], "ali");
    ali.receives_nothing();
}

#[tokio::test]
async fn an_answer_that_could_mean_two_warnings_is_asked_back() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let sara = city.helper("sara in bu-ali").await;
    let (maryam, flood) = warn(&city, &["bu-ali"]).await;
    let naser = city.approver("hadi").await;
    let snow = maryam.drafts("snow", "orange", &["bu-ali"]).await.unwrap();
    let snow = publish(&snow, &maryam, &naser).await;
    sara.receives_sms("سیل");
    let second = sara.receives_sms("برف");

    sara.writes("1").await;
    for alert in [&flood, &snow] {
        assert_eq!(maryam.sees_delivery(alert).await["people"]["silent"], 1, "nothing is guessed");
    }
    sara.receives_sms("کدام").then_replies("2").await;
    let silent = async |alert| maryam.sees_delivery(alert).await["people"]["silent"].as_i64().unwrap();
    assert_eq!(silent(&flood).await + silent(&snow).await, 1, "one of the two is answered");

    // The second warning said how to answer it: with its number.
    let reply = second.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(reply.contains("1 ") || reply.contains("۱ "), "{reply}");
}

#[tokio::test]
async fn an_answer_in_any_words_but_an_answer_is_a_report() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let sara = city.helper("sara in bu-ali").await;
    let (maryam, alert) = warn(&city, &["bu-ali"]).await;
    sara.receives_sms("سیل").then_replies("پل کمربندی مرادبیگ رو آب گرفته").await;
    assert_eq!(maryam.sees_delivery(&alert).await["people"]["silent"], 1);
    let reports = maryam.sees("/reports").await;
    assert_eq!(reports["items"].as_array().unwrap().len(), 1, "{reports:#}");
    sara.receives_sms("گزارش");
}
