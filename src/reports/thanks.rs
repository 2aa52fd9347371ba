//! Thanks whoever reported: in the answer, and by a notice to their contact.
//! Called by `receive` inside its transaction.
//! What is marked or joins an earlier report is not thanked by notice, and an unproved contact twice a day at most: nobody makes us write to a stranger again and again.

use std::time::Duration;

use alerts::template::Phrase;
use jiff::{Timestamp, ToSpan};
use maps::Texts;

use super::Number;
use crate::{
    deliver::{Message, NewNotice, Reason},
    ground::Ground,
    id::{ContactId, NoticeId, ReportId, Secret},
    staff::contact::ContactKind,
    store::{Fault, Tx},
};

/// A thank-you that could not be sent for so long is of no use any more.
const HOURS_MAX: i64 = 24;
/// Thank-yous within a day to a contact that nobody has proved to be theirs: anybody can type in a stranger's number.
const UNVERIFIED_PER_DAY_MAX: i64 = 2;

/// The thank-you in every language of the city.
pub(super) fn texts(ground: &Ground, number: &Number) -> Texts {
    let languages = &ground.config.city.languages;
    languages.iter().map(|language| (language.clone(), words(ground, number, language))).collect()
}

/// What is thanked for.
pub(super) struct Thanked<'a> {
    pub report: ReportId,
    pub number: &'a Number,
    pub secret: &'a Secret,
    /// BCP 47.
    pub language: &'a str,
}

/// Puts the thank-you into the outbox: by SMS or e-mail; other kinds of contact are programs and wait for no thanks.
pub(super) async fn put(
    ground: &Ground,
    tx: &mut Tx,
    thanked: &Thanked<'_>,
    (kind, address): (ContactKind, &str),
    now: Timestamp,
) -> Result<(), Fault> {
    match kind {
        // Short and bulk numbers are machines, which answer for ever.
        ContactKind::Phone if !address.starts_with('+') => return Ok(()),
        ContactKind::Phone | ContactKind::Email => {}
        ContactKind::Webhook | ContactKind::Mqtt => return Ok(()),
    }
    let contact = tx.contact_of(ContactId::draw(&ground.ids, now), kind, address, now, ground.exercise).await?;
    let day_ago = now - Duration::from_hours(24);
    if tx.people_of_contact(contact).await?.is_empty()
        && tx.thanks_put_since(contact, day_ago).await? >= UNVERIFIED_PER_DAY_MAX
    {
        metrics::counter!("hamyar_report_thanks_left_out_total").increment(1);
        return Ok(());
    }
    let Thanked { report, number, secret, language } = *thanked;
    let thanks = words(ground, number, language);
    // Behind the `#` it stays in the reader's browser: no server's log, ours included, ever holds it.
    let link = format!("{}/report#{}.{}", ground.config.public_url(), number.as_str(), secret.reveal());
    let message = Message {
        language: language.to_owned(),
        subject: thanks.clone(),
        body: format!("{thanks}\n{link}"),
        sms: format!("{thanks}\n{link}"),
    };
    let id = NoticeId::draw(&ground.ids, now);
    let key = format!("thanks:{report}");
    let mut notice = NewNotice::to_contact(id, key, (contact, kind), Reason::Reported(report), message, now);
    notice.report = Some(report);
    notice.expires_at = now.checked_add(HOURS_MAX.hours()).ok();
    notice.exercise = ground.exercise;
    tx.put_notice(&notice).await.map(drop)
}

fn words(ground: &Ground, number: &Number, language: &str) -> String {
    let digits = if language.starts_with("fa") { number.in_persian() } else { number.as_str().to_owned() };
    // Templates are checked when they are loaded; where a city's own one can't be said, the number alone is told.
    ground.templates.say(Phrase::ReportThanks, language, &[("number", &digits)]).unwrap_or(digits)
}
