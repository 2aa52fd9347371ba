//! Sends one-time codes for log-in to a verified contact.
//! Called by `http::session`; the answer to the page never tells whether the contact is known.
//! Code and notice are one transaction; a contact gets a bounded number of codes within the throttling window.

use std::time::Duration;

use alerts::calendar;

use super::{Message, NewNotice, Priority, Reason};
use crate::{
    bell::Bell,
    ground::Ground,
    id::{ContactId, NoticeId},
    staff::{Person, contact::ContactKind, sign_in},
    store::{Fault, Tx},
};

/// Codes that one contact may get within `sign_in.window_minutes`: enough for a lost message or two, too few to annoy.
const CODES_PER_WINDOW_MAX: i64 = 3;

/// Puts a one-time code for a verified contact into the outbox; does nothing for an unknown one, or when it got too many already.
pub async fn send_sign_in_code(ground: &Ground, kind: ContactKind, address: &str) -> Result<(), Fault> {
    match kind {
        ContactKind::Phone | ContactKind::Email => {}
        // Programs have tokens; a code is for people.
        ContactKind::Webhook | ContactKind::Mqtt => return Ok(()),
    }
    let mut tx = ground.store.write("send sign-in code").await?;
    let Some((contact, person)) = sign_in::who_is_reached(ground, &mut tx, kind, address).await? else {
        return Ok(());
    };
    if put_code(ground, &mut tx, &person, (contact, kind)).await? {
        tx.commit().await?;
        ground.bells.ring(Bell::Outbox);
    }
    Ok(())
}

/// Draws a one-time code for a contact and puts it into the outbox: to sign in by, or to prove that the contact is theirs.
///
/// False when the contact got too many already: then nothing is drawn, and the code that was sent before stays the valid one.
pub async fn put_code(
    ground: &Ground,
    tx: &mut Tx,
    person: &Person,
    (contact, kind): (ContactId, ContactKind),
) -> Result<bool, Fault> {
    let now = ground.now();
    let settings = &ground.config.sign_in;
    tx.lock(&format!("code {contact}")).await?;
    let since = now - Duration::from_secs(60 * settings.window_minutes.unsigned_abs());
    if tx.codes_sent_since(contact, since).await? >= CODES_PER_WINDOW_MAX {
        metrics::counter!("hamyar_sign_in_codes_throttled_total").increment(1);
        return Ok(false);
    }
    let code = sign_in::code_for(ground, tx, contact).await?;
    let id = NoticeId::draw(&ground.ids, now);
    let message = message(&person.language, code.reveal(), settings.code_minutes);
    let mut notice =
        NewNotice::to_contact(id, format!("code:{id}"), (contact, kind), Reason::AskedForCode, message, now);
    notice.person = Some(person.id);
    notice.priority = Priority::Awaited;
    notice.expires_at = Some(now + Duration::from_secs(60 * settings.code_minutes.unsigned_abs()));
    notice.exercise = ground.exercise;
    tx.put_notice(&notice).await
}

fn message(language: &str, code: &str, minutes: i64) -> Message {
    let (subject, body) = if language.starts_with("fa") {
        // The code itself keeps ASCII digits: telephones offer to fill those in.
        let minutes = calendar::digits(language, &minutes.to_string());
        (
            "رمز ورود همیار",
            format!("رمز ورود همیار: {code}\nتا {minutes} دقیقه اعتبار دارد. این رمز را به هیچ‌کس نگویید."),
        )
    } else {
        ("Hamyar sign-in code", format!("Hamyar sign-in code: {code}\nValid for {minutes} minutes. Tell it to nobody."))
    };
    Message { language: language.to_owned(), subject: subject.to_owned(), sms: body.clone(), body }
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_persian_message_says_its_minutes_in_persian_digits_and_keeps_the_code_as_telephones_fill_it_in() {
        let persian = message("fa", "482913", 10);
        assert!(persian.body.contains("تا ۱۰ دقیقه"), "{}", persian.body);
        assert!(persian.sms.contains("482913"));
        let english = message("en", "482913", 10);
        assert!(english.body.contains("Valid for 10 minutes"), "{}", english.body);
    }
}
