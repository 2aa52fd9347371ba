//! Two people publish: whoever wrote or changed an alert does not approve it, and an approval holds for one content only.
//! Staff act through the API with the cookies of real log-ins.
//! What is published never changes; it is updated, cleared or cancelled by another alert.

use crate::{city::City, staff::publish};

#[tokio::test]
async fn nobody_approves_what_they_adopted_or_edited() {
    let city = City::sample().start().await;
    let (maryam, reza) = (city.chief("maryam").await, city.chief("reza").await);
    let naser = city.approver("naser").await;
    city.gauge("moradbeyg-2").reads(1.4).await;
    city.wait_minutes(3).await;

    let draft = maryam.adopts(&maryam.sees_proposal("flood").await).await.unwrap();
    assert_eq!(maryam.approves(&draft).await.unwrap_err().word, "own-work");
    let edited = reza.edits(&draft, "سیل می‌آید؛ از رودخانه دور شوید").await.unwrap();
    assert_eq!(reza.approves(&edited).await.unwrap_err().word, "own-work");
    assert_eq!(maryam.approves(&edited).await.unwrap_err().word, "own-work");
    let approved = naser.approves(&edited).await.unwrap();
    assert_eq!(approved.stage(), "approved");
}

#[tokio::test]
async fn an_approval_is_for_the_content_that_was_read_and_an_edit_voids_it() {
    let city = City::sample().start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let sara = city.helper("sara in bu-ali").await;

    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    let edited = maryam.edits(&draft, "سیل در بوعلی؛ از رودخانه دور شوید").await.unwrap();
    assert_eq!(naser.approves(&draft).await.unwrap_err().word, "content-changed", "naser read the older content");
    assert_eq!(
        maryam.edits(&draft, "هشدار").await.unwrap_err().word,
        "content-changed",
        "an older page can't be saved"
    );

    naser.approves(&edited).await.unwrap();
    let edited_again = maryam.edits(&edited, "سیل در محلهٔ بوعلی؛ به جای بلند بروید").await.unwrap();
    assert_eq!(edited_again.stage(), "draft");
    assert_eq!(maryam.publishes(&edited_again).await.unwrap_err().word, "wrong-stage");
    sara.receives_nothing();

    let alert = publish(&edited_again, &maryam, &naser).await;
    assert_eq!(alert.stage(), "live");
    sara.receives_sms("سیل");
    assert_eq!(maryam.edits(&alert, "چیز دیگر").await.unwrap_err().word, "wrong-stage");
    assert_eq!(naser.publishes(&alert).await.unwrap_err().word, "no-right", "an approver does not publish");
}

#[tokio::test]
async fn an_alert_that_is_not_renewed_expires_and_leaves_the_feed() {
    let city = City::sample().start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    let alert = publish(&draft, &maryam, &naser).await;
    let feed = format!("{}/cap/feed.atom", city.root());
    let identifier = alert.0["identifier"].as_str().unwrap().to_owned();
    let (status, text) = city.anybody().opens(&feed).await;
    assert!(status == 200 && text.contains(&identifier), "{text}");

    city.hours_pass(7).await;
    assert_eq!(maryam.looks_at(&alert).await.stage(), "ended");
    let (_, text) = city.anybody().opens(&feed).await;
    assert!(!text.contains(&identifier), "{text}");
}
