//! Turns a broadcast into notices, a bounded step at a time, while delivery already runs; and tries the next contact of who is silent.
//! Run by `app` on `Bell::Broadcasts`; several instances may run.
//! A person is told once per broadcast and contact whatever is repeated; a minor's mentor is told in the same transaction as the minor.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use alerts::Kind;
use jiff::{Timestamp, ToSpan, civil};
use maps::ZoneCode;
use serde_json::json;

use super::{
    AnswerBy, Channel, Message, NewNotice, Priority, Question, Reason, board,
    store::{LiveBroadcast, Questions, ToExpand},
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

/// Where somebody is reached, and by what kind of address.
type Contact = (ContactId, ContactKind);

/// Somebody who is to be told, with the ways to reach them in order.
#[derive(Clone, Debug)]
struct Told {
    person: PersonId,
    name: String,
    language: String,
    minor: bool,
    mentor: Option<PersonId>,
    contacts: Vec<Contact>,
    reason: Reason,
}

/// The minors whom a message to their mentor names.
#[derive(Clone, Debug, Default)]
struct Minors {
    names: Vec<String>,
    /// The first of those found after the mentor was told: what makes this message another one.
    found_later: Option<PersonId>,
}

impl Minors {
    fn of(minors: &[&Told], found_later: Option<PersonId>) -> Self {
        Self { names: minors.iter().map(|minor| minor.name.clone()).collect(), found_later }
    }
}

/// Who is told what for.
#[derive(Clone, Debug)]
struct Telling {
    told: Told,
    /// Every reason; at least one.
    reasons: Vec<Reason>,
    minors: Minors,
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
    if broadcast.step == "fan_out" {
        // By itself: whatever is wrong with the people's step, sirens and systems are told.
        board::fan_out(ground, &mut tx, &live(&broadcast), &broadcast.told_by).await?;
        tx.set_step(broadcast.id, if broadcast.told_by.is_empty() { "zones" } else { "told" }, None).await?;
        tx.commit().await?;
        ground.bells.ring(Bell::Outbox);
        return Ok(1);
    }
    let step = broadcast.step.as_str();
    // One earlier alert after the other; within one, by person. Who stands in two is told once.
    let people = match step {
        "told" => everyone_told_by(&mut tx, &broadcast, limit).await?,
        _ if broadcast.zones.is_empty() => Vec::new(),
        _ => in_zones(ground, &mut tx, &broadcast.zones, broadcast.step_after, limit).await?,
    };
    let told = tell(ground, &mut tx, &broadcast, &people, now).await?;
    // Fewer than could be: nobody comes after them.
    let whole = people.len() < usize::try_from(limit).unwrap_or(usize::MAX);
    match people.last() {
        Some(last) if !whole => tx.set_step(broadcast.id, step, Some(last.person)).await?,
        _ if step == "told" => tx.set_step(broadcast.id, "zones", None).await?,
        _ => finish(&mut tx, &broadcast, now).await?,
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
    let ids: Vec<PersonId> = people.iter().map(|told| told.person).collect();
    let mut contacts = contacts_of(tx, broadcast, &ids).await?;
    for told in &mut people {
        told.contacts = contacts.remove(&told.person).unwrap_or_default();
        if told.minor {
            told.mentor = tx.mentor_of(told.person).await?;
        }
    }
    Ok(people)
}

/// The verified contacts of people, the preferred one first.
async fn verified(tx: &mut Tx, people: &[PersonId]) -> Result<HashMap<PersonId, Vec<Contact>>, Fault> {
    let contacts = tx.verified_contacts(people).await?;
    let bare = |found: Vec<helpers::Reached>| found.iter().map(|one| (one.contact, one.kind)).collect();
    Ok(contacts.into_iter().map(|(person, found)| (person, bare(found))).collect())
}

/// The contacts of people for this broadcast: those by which the earlier alerts reached them, then the verified ones in order.
async fn contacts_of(
    tx: &mut Tx,
    broadcast: &ToExpand,
    people: &[PersonId],
) -> Result<HashMap<PersonId, Vec<Contact>>, Fault> {
    let mut contacts: HashMap<PersonId, Vec<Contact>> = HashMap::new();
    for alert in broadcast.told_by.iter() {
        for (person, reached) in tx.contacts_that_reached(*alert, people).await? {
            contacts.entry(person).or_default().extend(reached);
        }
    }
    for (person, verified) in verified(tx, people).await? {
        contacts.entry(person).or_default().extend(verified);
    }
    for ways in contacts.values_mut() {
        let mut seen = BTreeSet::new();
        ways.retain(|(contact, _)| seen.insert(*contact));
    }
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
    let due_at = due(ground, broadcast, now);
    let escalate_at = due_at + Duration::from_secs(ground.config.deliver.escalate_secs.unsigned_abs());
    let asks = words::asks(kind(broadcast));
    // Mentors first: one message names all minors of this step, and none of them is told before their mentor.
    let mut telling: Vec<Telling> = Vec::new();
    let mut again: Vec<Telling> = Vec::new();
    for (mentor, minors) in mentors_of(tx, broadcast, people).await? {
        let reason = |minor: &&Told| Reason::MentorOf(minor.person);
        let mut reasons: Vec<Reason> = minors.all.iter().map(reason).collect();
        // A mentor who lives there as well is told both in one message.
        reasons.extend(people.iter().find(|told| told.person == mentor.person).map(|told| told.reason.clone()));
        if let Some(first) = minors.found.first() {
            again.push(Telling {
                reasons: minors.found.iter().map(reason).collect(),
                minors: Minors::of(&minors.found, Some(first.person)),
                told: mentor.clone(),
            });
        }
        telling.push(Telling { reasons, minors: Minors::of(&minors.all, None), told: mentor });
    }
    let mentors: HashSet<PersonId> = telling.iter().map(|one| one.told.person).collect();
    telling.extend(people.iter().filter(|told| !mentors.contains(&told.person)).map(|told| Telling {
        reasons: vec![told.reason.clone()],
        minors: Minors::default(),
        told: told.clone(),
    }));

    let recipients: Vec<_> = telling
        .iter()
        .map(|one| {
            let next = (asks && one.told.contacts.len() > 1).then_some(escalate_at);
            (one.told.person, one.reasons.clone(), next)
        })
        .collect();
    let new = tx.tell(broadcast.id, &recipients, now).await?;
    telling.retain(|one| new.contains(&one.told.person));
    // Who was told before is told of minors who were found since: what went out names others.
    again.retain(|one| !new.contains(&one.told.person));
    for one in &mut again {
        let reached = tx.contacts_that_reached(broadcast.alert_id, &[one.told.person]).await?;
        // Where this broadcast has reached them already, the surest first.
        if let Some(contact) = reached.get(&one.told.person).and_then(|contacts| contacts.first()) {
            one.told.contacts.insert(0, *contact);
        }
        if asks && !one.told.contacts.is_empty() {
            tx.set_escalation(broadcast.id, one.told.person, Some(escalate_at)).await?;
        }
    }
    telling.extend(again);
    put(ground, tx, broadcast, &telling, (now, due_at)).await?;
    Ok(new.len())
}

/// The minors of one mentor within a step.
struct Wards<'p> {
    all: Vec<&'p Told>,
    /// Those who were no recipients before.
    found: Vec<&'p Told>,
}

/// The mentors of the minors among these people, each with their minors.
async fn mentors_of<'p>(
    tx: &mut Tx,
    broadcast: &ToExpand,
    people: &'p [Told],
) -> Result<Vec<(Told, Wards<'p>)>, Fault> {
    let mut wards: BTreeMap<PersonId, Vec<&Told>> = BTreeMap::new();
    for told in people.iter().filter(|told| told.minor) {
        if let Some(mentor) = told.mentor {
            wards.entry(mentor).or_default().push(told);
        }
    }
    let minors: Vec<PersonId> = wards.values().flatten().map(|minor| minor.person).collect();
    let known = tx.recipients_among(broadcast.id, &minors).await?;
    let ids: Vec<PersonId> = wards.keys().copied().collect();
    let mut contacts = contacts_of(tx, broadcast, &ids).await?;
    let mut mentors = Vec::with_capacity(wards.len());
    for (mentor, all) in wards {
        let Some(person) = tx.person(mentor).await? else { continue };
        let Some(name) = person.name else { continue };
        let found: Vec<&Told> = all.iter().copied().filter(|minor| !known.contains(&minor.person)).collect();
        let told = Told {
            person: mentor,
            name,
            language: person.language,
            minor: person.minor,
            mentor: None,
            contacts: contacts.remove(&mentor).unwrap_or_default(),
            reason: Reason::MentorOf(all[0].person),
        };
        mentors.push((told, Wards { all, found }));
    }
    Ok(mentors)
}

/// Puts a notice to the first contact of each into the outbox. Who has no contact stays a recipient without a notice, which staff see.
async fn put(
    ground: &Ground,
    tx: &mut Tx,
    broadcast: &ToExpand,
    telling: &[Telling],
    (now, due_at): (Timestamp, Timestamp),
) -> Result<(), Fault> {
    let contacts: BTreeSet<ContactId> =
        telling.iter().filter_map(|one| one.told.contacts.first()).map(|(contact, _)| *contact).collect();
    let contacts: Vec<ContactId> = contacts.into_iter().collect();
    let mut questions = tx.questions_at(&contacts, now).await?;
    let mut heads = tx.head_notices(broadcast.id, &contacts).await?;
    let mut notices = Vec::with_capacity(telling.len());
    let mut merges = Vec::new();
    let mut worded = Worded::new();
    for one in telling {
        let Some((contact, contact_kind)) = one.told.contacts.first().copied() else {
            metrics::counter!("hamyar_unreachable_total").increment(1);
            continue;
        };
        let channel = Channel::of(contact_kind);
        // What went to this telephone before does not name these minors.
        let joins = channel == Channel::Sms && one.minors.names.is_empty();
        let head = heads.get(&contact).copied().filter(|_| joins);
        let asked = questions.entry(contact).or_default();
        let notice =
            compose(ground, broadcast, one, (contact, channel), (asked, head.is_some()), (now, due_at), &mut worded);
        if let Some(head) = head {
            merges.push((notice.id, head));
        } else {
            if notice.question.is_some() {
                asked.open += 1;
            }
            if channel == Channel::Sms {
                heads.entry(contact).or_insert(notice.id);
            }
        }
        notices.push(notice);
    }
    let put = tx.put_notices(&notices).await?;
    for (id, head) in merges {
        if put.contains(&id) {
            tx.merge_notice(id, head).await?;
        }
    }
    Ok(())
}

/// What was worded in a step, by language, minor or not, minors that are named, and how to answer: with the link that it was worded with.
type Worded = HashMap<(String, bool, Vec<String>, String), (String, Message)>;

/// The words of one person. Most people of a step read the same but for their link, and every link is as long as any other; so words are
/// made once, and then only the link is exchanged.
fn message(
    ground: &Ground,
    broadcast: &ToExpand,
    one: &Telling,
    (link, reply): (&str, &str),
    worded: &mut Worded,
) -> Message {
    let told = &one.told;
    let key = (told.language.clone(), told.minor, one.minors.names.clone(), reply.to_owned());
    let (its_link, message) = worded.entry(key).or_insert_with(|| {
        let reader = Reader { language: &told.language, minor: told.minor, mentor_of: &one.minors.names, link, reply };
        let exercise = broadcast.exercise_id.is_some();
        (link.to_owned(), words::of_alert(ground, &broadcast.content, kind(broadcast), exercise, &reader))
    });
    Message {
        language: message.language.clone(),
        subject: message.subject.clone(),
        body: message.body.replace(its_link.as_str(), link),
        sms: message.sms.replace(its_link.as_str(), link),
    }
}

/// The notice of one person; `asked` are the questions of that telephone so far, and whether this one joins a message that goes there.
fn compose(
    ground: &Ground,
    broadcast: &ToExpand,
    one: &Telling,
    (contact, channel): (ContactId, Channel),
    (asked, joins): (&mut Questions, bool),
    (now, due_at): (Timestamp, Timestamp),
    worded: &mut Worded,
) -> NewNotice {
    let kind = kind(broadcast);
    let told = &one.told;
    let question = words::asks(kind).then_some(Question::Receipt);
    let secret = ground.ids.short_secret();
    let link = format!("{}/n/{}", ground.config.public_url(), secret.reveal());
    let reference = question.map(|_| asked.next_reference());
    let reply = match reference {
        Some(reference) if asked.open > 0 && !joins => format!("1 {reference}"),
        _ => "1".to_owned(),
    };
    let found_later = one.minors.found_later.map(|minor| format!(":{minor}")).unwrap_or_default();
    let link_hours = Duration::from_hours(ground.config.deliver.link_hours.unsigned_abs());
    NewNotice {
        id: NoticeId::draw(&ground.ids, now),
        key: format!("b:{}:{}:{contact}{found_later}", broadcast.id, told.person),
        person: Some(told.person),
        contact: Some(contact),
        target: None,
        channel,
        priority: if broadcast.urgent { Priority::Life } else { Priority::Ordinary },
        reasons: one.reasons.clone(),
        message: message(ground, broadcast, one, (&link, &reply), worded),
        payload: None,
        broadcast: Some(broadcast.id),
        alert: Some(broadcast.alert_id),
        report: None,
        question,
        answer_by: Some(AnswerBy { link_digest: secret.digest(), link_until: now + link_hours, reference }),
        made_at: now,
        due_at,
        expires_at: Some(broadcast.expires_at.0),
        exercise: broadcast.exercise_id,
    }
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
        let mut left = verified(&mut tx, &[silent.person_id]).await?.remove(&silent.person_id).unwrap_or_default();
        left.retain(|(contact, _)| !tried.contains(contact));
        let over = broadcast.expires_at.0 <= now || broadcast.step == "stopped";
        let more = left.len() > 1;
        if left.is_empty() || over {
            tx.set_escalation(silent.broadcast_id, silent.person_id, None).await?;
            continue;
        }
        let told = Told {
            person: silent.person_id,
            name: silent.name.unwrap_or_default(),
            language: silent.language,
            minor: silent.minor,
            mentor: None,
            contacts: left,
            reason: silent.reasons.first().cloned().unwrap_or(Reason::WasToldBy(broadcast.alert_id)),
        };
        let mut names = Vec::new();
        for reason in silent.reasons.iter() {
            if let Reason::MentorOf(minor) = reason {
                names.extend(tx.person(*minor).await?.and_then(|minor| minor.name));
            }
        }
        let due_at = self::due(ground, &broadcast, now);
        let telling = Telling { told, reasons: silent.reasons.0, minors: Minors { names, found_later: None } };
        put(ground, &mut tx, &broadcast, &[telling], (now, due_at)).await?;
        let next = due_at + Duration::from_secs(ground.config.deliver.escalate_secs.unsigned_abs());
        // News that asks nothing goes on to the next contact only when this one fails.
        let waits = more && words::asks(kind(&broadcast));
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
