//! Turns a broadcast into notices, a bounded step at a time, while delivery already runs; and tries the next contact of who is silent.
//! Run by `app` on `Bell::Broadcasts`; several instances may run.
//! A person is told once per broadcast and contact whatever is repeated; a minor's mentor is told in the same transaction as the minor.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use alerts::Kind;
use jiff::{Timestamp, ToSpan, civil};
use maps::ZoneCode;
use serde_json::json;

use super::{
    Channel, NewNotice, Priority, Question, Reason, board,
    store::{LiveBroadcast, ToExpand},
    words::{self, Reader},
};
use crate::{
    audit::{Actor, Decision},
    bell::{Bell, LiveAudience},
    ground::Ground,
    helpers,
    id::{ContactId, NoticeId, PersonId},
    staff::contact::ContactKind,
    store::{Fault, Tx},
};

/// Somebody who is to be told, with the ways to reach them in order.
#[derive(Clone, Debug)]
struct Told {
    person: PersonId,
    name: String,
    language: String,
    minor: bool,
    mentor: Option<PersonId>,
    contacts: Vec<(ContactId, ContactKind)>,
    reason: Reason,
}

/// The minors whom a message to their mentor names.
#[derive(Clone, Copy, Debug, Default)]
struct Minors<'m> {
    names: &'m [String],
    /// The first of those found after the mentor was told: what makes this message another one.
    found_later: Option<PersonId>,
}

/// One step: the most urgent unfinished broadcast, or else people whose next contact is due. 0 when there is neither.
pub async fn expand_due(ground: &Ground) -> Result<usize, Fault> {
    let now = ground.now();
    let limit = ground.config.deliver.expand_step_max;
    let mut tx = ground.store.write("expand broadcast").await?;
    let Some(broadcast) = tx.broadcast_to_expand().await? else {
        drop(tx);
        return escalate_due(ground).await;
    };
    let mut told = 0;
    match broadcast.step.as_str() {
        "fan_out" => {
            board::fan_out(ground, &mut tx, &live(&broadcast), &broadcast.told_by).await?;
            tx.set_step(broadcast.id, if broadcast.told_by.is_empty() { "zones" } else { "told" }, None).await?;
        }
        "told" => {
            // One earlier alert after the other; within one, by person. Who stands in two is told once.
            let reached = everyone_told_by(&mut tx, &broadcast, limit).await?;
            let last = reached.last().map(|told| told.person);
            told += tell(ground, &mut tx, &broadcast, &reached, now).await?;
            match last {
                Some(last) => tx.set_step(broadcast.id, "told", Some(last)).await?,
                None => tx.set_step(broadcast.id, "zones", None).await?,
            }
        }
        _ => {
            let people = if broadcast.zones.is_empty() {
                Vec::new()
            } else {
                in_zones(ground, &mut tx, &broadcast.zones, broadcast.step_after, limit).await?
            };
            let last = people.last().map(|told| told.person);
            told += tell(ground, &mut tx, &broadcast, &people, now).await?;
            match last {
                Some(last) => tx.set_step(broadcast.id, "zones", Some(last)).await?,
                None => finish(&mut tx, &broadcast, now).await?,
            }
        }
    }
    tx.commit().await?;
    metrics::counter!("hamyar_told_total").increment(told as u64);
    ground.bells.ring(Bell::Outbox);
    ground.bells.tell(LiveAudience::Staff, "delivery.changed", json!({ "alert": broadcast.alert_id }));
    Ok(1)
}

async fn finish(tx: &mut Tx, broadcast: &ToExpand, now: Timestamp) -> Result<(), Fault> {
    tx.set_step(broadcast.id, "done", None).await?;
    let people = tx.broadcast(broadcast.id).await?.map_or(0, |done| done.people);
    tx.audit(
        now,
        &Decision {
            actor: Actor::System,
            action: "expand broadcast",
            subject_kind: "broadcast",
            subject_id: broadcast.id.to_string(),
            facts: &json!({ "alert": broadcast.alert_id, "people": people }),
            exercise: broadcast.exercise_id,
        },
    )
    .await
}

/// Who lives or helps in the zones, by person.
async fn in_zones(
    ground: &Ground,
    tx: &mut Tx,
    zones: &[ZoneCode],
    after: Option<PersonId>,
    limit: i64,
) -> Result<Vec<Told>, Fault> {
    // Helpers choose leaf zones; an alert may name a district. A code that the map has lost is asked for as it is.
    let mut leaves: Vec<ZoneCode> = Vec::new();
    for code in zones {
        let under = ground.city.leaves_under(code);
        leaves.extend(under.iter().map(|zone| zone.code.clone()));
        if under.is_empty() {
            leaves.push(code.clone());
        }
    }
    leaves.sort();
    leaves.dedup();
    let people = tx.audience_after(&leaves, after, limit).await?;
    Ok(people
        .into_iter()
        .map(|found| Told {
            person: found.person,
            name: found.name,
            language: found.language,
            minor: found.minor,
            mentor: found.mentor,
            contacts: found.contacts.iter().map(|contact| (contact.contact, contact.kind)).collect(),
            reason: match found.reason {
                helpers::Reason::InZone(zone) => Reason::InZone(zone),
                helpers::Reason::MentorOf(minor) => Reason::MentorOf(minor),
            },
        })
        .collect())
}

/// Whom the earlier alerts told, by person over all of them, each with the contacts that reached them first.
async fn everyone_told_by(tx: &mut Tx, broadcast: &ToExpand, limit: i64) -> Result<Vec<Told>, Fault> {
    let mut people: BTreeMap<PersonId, Told> = BTreeMap::new();
    for alert in broadcast.told_by.iter() {
        for found in tx.reached_after(*alert, broadcast.step_after, limit).await? {
            people.entry(found.person_id).or_insert_with(|| Told {
                person: found.person_id,
                name: found.name.unwrap_or_default(),
                language: found.language,
                minor: found.minor,
                // The mentor was told with the minor, and is reached by the same rule; `tell` makes sure.
                mentor: None,
                contacts: Vec::new(),
                reason: Reason::WasToldBy(found.alert_id),
            });
        }
    }
    // Each alert gave its first `limit` people; only up to the limit is nobody missing between them.
    let mut people: Vec<Told> = people.into_values().collect();
    people.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    for told in &mut people {
        told.contacts = contacts_of(tx, broadcast, told.person).await?;
        if told.minor {
            told.mentor = tx.mentor_of(told.person).await?;
        }
    }
    Ok(people)
}

/// The verified contacts of a person, the preferred one first.
async fn verified(tx: &mut Tx, person: PersonId) -> Result<Vec<(ContactId, ContactKind)>, Fault> {
    let contacts = tx.contacts_of_person(person).await?;
    Ok(contacts
        .into_iter()
        .filter(|contact| contact.verified)
        .map(|contact| (contact.contact_id, contact.kind))
        .collect())
}

/// The contacts of a person for this broadcast: those by which the earlier alerts reached them, then the verified ones in order.
async fn contacts_of(
    tx: &mut Tx,
    broadcast: &ToExpand,
    person: PersonId,
) -> Result<Vec<(ContactId, ContactKind)>, Fault> {
    let mut contacts = Vec::new();
    for alert in broadcast.told_by.iter() {
        contacts.extend(tx.contacts_that_reached(*alert, person).await?);
    }
    contacts.extend(verified(tx, person).await?);
    let mut seen = BTreeSet::new();
    contacts.retain(|(contact, _)| seen.insert(*contact));
    Ok(contacts)
}

/// Tells these people and the mentors of the minors among them. Gives how many were told for the first time.
async fn tell(
    ground: &Ground,
    tx: &mut Tx,
    broadcast: &ToExpand,
    people: &[Told],
    now: Timestamp,
) -> Result<usize, Fault> {
    // Mentors first: one message names all minors of this step, and none of them is told before their mentor.
    let mut mentors: BTreeMap<PersonId, Vec<&Told>> = BTreeMap::new();
    for told in people.iter().filter(|told| told.minor) {
        if let Some(mentor) = told.mentor {
            mentors.entry(mentor).or_default().push(told);
        }
    }
    let mut count = 0;
    for (mentor, minors) in mentors {
        let mut found = Vec::new();
        for minor in &minors {
            if !tx.is_recipient(broadcast.id, minor.person).await? {
                found.push(*minor);
            }
        }
        let Some(person) = tx.person(mentor).await? else { continue };
        let Some(name) = person.name else { continue };
        let mut reasons: Vec<Reason> = minors.iter().map(|minor| Reason::MentorOf(minor.person)).collect();
        // A mentor who lives there as well is told both in one message.
        reasons.extend(people.iter().find(|told| told.person == mentor).map(|told| told.reason.clone()));
        let told = Told {
            person: mentor,
            name,
            language: person.language,
            minor: person.minor,
            mentor: None,
            contacts: contacts_of(tx, broadcast, mentor).await?,
            reason: reasons[0].clone(),
        };
        let names: Vec<String> = minors.iter().map(|minor| minor.name.clone()).collect();
        if tell_one(ground, tx, broadcast, &told, &reasons, &names, now).await? {
            count += 1;
        } else {
            tell_again(ground, tx, broadcast, &told, &found, now).await?;
        }
    }
    for told in people {
        count +=
            usize::from(tell_one(ground, tx, broadcast, told, std::slice::from_ref(&told.reason), &[], now).await?);
    }
    Ok(count)
}

/// Tells a mentor who was told before of minors who were found since: what went out names others.
async fn tell_again(
    ground: &Ground,
    tx: &mut Tx,
    broadcast: &ToExpand,
    mentor: &Told,
    found: &[&Told],
    now: Timestamp,
) -> Result<(), Fault> {
    let Some(first) = found.first() else { return Ok(()) };
    // Where this broadcast has reached them already, the surest first.
    let mut contacts = tx.contacts_that_reached(broadcast.alert_id, mentor.person).await?;
    contacts.extend(&mentor.contacts);
    let Some(contact) = contacts.first() else { return Ok(()) };
    let names: Vec<String> = found.iter().map(|minor| minor.name.clone()).collect();
    let reasons: Vec<Reason> = found.iter().map(|minor| Reason::MentorOf(minor.person)).collect();
    let minors = Minors { names: &names, found_later: Some(first.person) };
    let due_at = due(ground, broadcast, now);
    put_one(ground, tx, broadcast, mentor, *contact, &reasons, minors, (now, due_at)).await?;
    if words::asks(kind(broadcast)) {
        let next = due_at + Duration::from_secs(ground.config.deliver.escalate_secs.unsigned_abs());
        tx.set_escalation(broadcast.id, mentor.person, Some(next)).await?;
    }
    Ok(())
}

/// Makes one person a recipient with a notice to their first contact. False when they were told already.
async fn tell_one(
    ground: &Ground,
    tx: &mut Tx,
    broadcast: &ToExpand,
    told: &Told,
    reasons: &[Reason],
    mentor_of: &[String],
    now: Timestamp,
) -> Result<bool, Fault> {
    let due_at = due(ground, broadcast, now);
    let escalate_at = due_at + Duration::from_secs(ground.config.deliver.escalate_secs.unsigned_abs());
    let asks = words::asks(kind(broadcast));
    let next = (asks && told.contacts.len() > 1).then_some(escalate_at);
    if !tx.tell(broadcast.id, told.person, reasons, now, next).await? {
        return Ok(false);
    }
    let Some(contact) = told.contacts.first() else {
        // Staff see somebody whom no notice reaches: a recipient without one.
        metrics::counter!("hamyar_unreachable_total").increment(1);
        return Ok(true);
    };
    let minors = Minors { names: mentor_of, found_later: None };
    put_one(ground, tx, broadcast, told, *contact, reasons, minors, (now, due_at)).await?;
    Ok(true)
}

#[expect(clippy::too_many_arguments, reason = "one notice needs who, where, why and when; they come from two callers")]
async fn put_one(
    ground: &Ground,
    tx: &mut Tx,
    broadcast: &ToExpand,
    told: &Told,
    (contact, contact_kind): (ContactId, ContactKind),
    reasons: &[Reason],
    minors: Minors<'_>,
    (now, due_at): (Timestamp, Timestamp),
) -> Result<(), Fault> {
    let kind = kind(broadcast);
    let channel = Channel::of(contact_kind);
    let question = words::asks(kind).then_some(Question::Receipt);
    let secret = ground.ids.short_secret();
    let link = format!("{}/n/{}", ground.config.public_url(), secret.reveal());
    let (open, ever) = tx.questions_at(contact, now).await?;
    // Two digits name a question among those of one telephone; they come round after ninety.
    let reference = i32::try_from(10 + ever % 90).expect("10 to 99");
    // What went to this telephone before does not name these minors.
    let joins = channel == Channel::Sms && minors.names.is_empty();
    let head = if joins { tx.head_notice(broadcast.id, contact).await? } else { None };
    let reply = if open > 0 && head.is_none() { format!("1 {reference}") } else { "1".to_owned() };
    let reader =
        Reader { language: &told.language, minor: told.minor, mentor_of: minors.names, link: &link, reply: &reply };
    let id = NoticeId::draw(&ground.ids, now);
    let found_later = minors.found_later.map(|minor| format!(":{minor}")).unwrap_or_default();
    let key = format!("b:{}:{}:{contact}{found_later}", broadcast.id, told.person);
    let put = tx
        .put_notice(&NewNotice {
            id,
            key,
            person: Some(told.person),
            contact: Some(contact),
            target: None,
            channel,
            priority: if broadcast.urgent { Priority::Life } else { Priority::Ordinary },
            reasons: reasons.to_vec(),
            message: words::of_alert(ground, &broadcast.content, kind, broadcast.exercise_id.is_some(), &reader),
            payload: None,
            broadcast: Some(broadcast.id),
            alert: Some(broadcast.alert_id),
            report: None,
            question,
            made_at: now,
            due_at,
            expires_at: Some(broadcast.expires_at.0),
            exercise: broadcast.exercise_id,
        })
        .await?;
    if !put {
        return Ok(());
    }
    let until = now + Duration::from_secs(3_600 * ground.config.deliver.link_hours.unsigned_abs());
    tx.set_link(id, &secret.digest(), until, question.map(|_| reference)).await?;
    if let Some(head) = head {
        tx.merge_notice(id, head).await?;
    }
    Ok(())
}

/// Tries the next contact of people who did not answer in time, or whose contact turned out to be lost.
async fn escalate_due(ground: &Ground) -> Result<usize, Fault> {
    let now = ground.now();
    let mut tx = ground.store.read("recipients to escalate").await?;
    let any = !tx.recipients_to_escalate(now, 1).await?.is_empty();
    drop(tx);
    if !any {
        return Ok(0);
    }
    let mut tx = ground.store.write("escalate").await?;
    tx.lock("escalate").await?;
    let due = tx.recipients_to_escalate(now, ground.config.deliver.claim_max).await?;
    let count = due.len();
    for silent in due {
        let Some(broadcast) = tx.broadcast(silent.broadcast_id).await? else { continue };
        let tried = tx.contacts_tried(silent.broadcast_id, silent.person_id).await?;
        let left: Vec<_> = verified(&mut tx, silent.person_id)
            .await?
            .into_iter()
            .filter(|(contact, _)| !tried.contains(contact))
            .collect();
        let over = broadcast.expires_at.0 <= now || broadcast.step == "stopped";
        let Some(contact) = left.first().filter(|_| !over) else {
            tx.set_escalation(silent.broadcast_id, silent.person_id, None).await?;
            continue;
        };
        let told = Told {
            person: silent.person_id,
            name: silent.name.unwrap_or_default(),
            language: silent.language,
            minor: silent.minor,
            mentor: None,
            contacts: Vec::new(),
            reason: silent.reasons.first().cloned().unwrap_or(Reason::WasToldBy(broadcast.alert_id)),
        };
        let mut names = Vec::new();
        for reason in silent.reasons.iter() {
            if let Reason::MentorOf(minor) = reason {
                names.extend(tx.person(*minor).await?.and_then(|minor| minor.name));
            }
        }
        let minors = Minors { names: &names, found_later: None };
        let due_at = self::due(ground, &broadcast, now);
        put_one(ground, &mut tx, &broadcast, &told, *contact, &silent.reasons, minors, (now, due_at)).await?;
        let next = due_at + Duration::from_secs(ground.config.deliver.escalate_secs.unsigned_abs());
        // News that asks nothing goes on to the next contact only when this one fails.
        let waits = left.len() > 1 && words::asks(kind(&broadcast));
        tx.set_escalation(silent.broadcast_id, silent.person_id, waits.then_some(next)).await?;
    }
    tx.commit().await?;
    metrics::counter!("hamyar_escalations_total").increment(count as u64);
    ground.bells.ring(Bell::Outbox);
    Ok(count)
}

/// Now, or the end of the quiet hours for what is no threat to life.
fn due(ground: &Ground, broadcast: &ToExpand, now: Timestamp) -> Timestamp {
    if broadcast.urgent {
        return now;
    }
    let settings = &ground.config.helpers;
    let time = |text: &str| text.parse::<civil::Time>().expect("checked when the configuration was loaded");
    after_quiet(now, &ground.config.time_zone(), time(&settings.quiet_from), time(&settings.quiet_until))
}

fn after_quiet(now: Timestamp, zone: &jiff::tz::TimeZone, from: civil::Time, until: civil::Time) -> Timestamp {
    let local = now.to_zoned(zone.clone());
    let time = local.time();
    let quiet = if from <= until { from <= time && time < until } else { time >= from || time < until };
    if !quiet {
        return now;
    }
    let date = if time < until { local.date() } else { local.date().saturating_add(1.day()) };
    date.to_datetime(until).to_zoned(zone.clone()).map_or(now, |end| end.timestamp())
}

fn kind(broadcast: &ToExpand) -> Kind {
    broadcast.kind.parse().expect("the column's check allows only kinds")
}

fn live(broadcast: &ToExpand) -> LiveBroadcast {
    LiveBroadcast {
        id: broadcast.id,
        alert_id: broadcast.alert_id,
        kind: broadcast.kind.clone(),
        identifier: broadcast.identifier.clone(),
        content: broadcast.content.clone(),
        published_at: broadcast.published_at,
        expires_at: broadcast.expires_at,
        exercise_id: broadcast.exercise_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_end_in_the_morning_of_the_city() {
        let tehran = jiff::tz::TimeZone::get("Asia/Tehran").expect("a zone");
        let (from, until) = (civil::time(22, 0, 0, 0), civil::time(7, 0, 0, 0));
        let after = |text: &str| after_quiet(text.parse().expect("a time"), &tehran, from, until).to_string();
        // 23:30 in Tehran is 20:00 UTC; the morning is the next day's.
        assert_eq!(after("2026-03-01T20:00:00Z"), "2026-03-02T03:30:00Z");
        // 02:30 in Tehran: the same day's morning.
        assert_eq!(after("2026-03-01T23:00:00Z"), "2026-03-02T03:30:00Z");
        assert_eq!(after("2026-03-01T12:00:00Z"), "2026-03-01T12:00:00Z");
        // Seven o'clock itself is not quiet.
        assert_eq!(after("2026-03-02T03:30:00Z"), "2026-03-02T03:30:00Z");
    }
}
