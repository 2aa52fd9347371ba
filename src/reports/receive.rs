//! The one door for reports: checks, locates, joins with the sender's earlier one, numbers, stores, thanks.
//! Called by `http` for the web and the desk, by the SMS hook, and by drills; later channels come through here too.
//! Nothing is refused for being too much (it is marked), a repeat under one key gets the same answer, and the number is told only after the commit.

use std::{fmt::Write, time::Duration};

use alerts::Hazard;
use jiff::Timestamp;
use maps::{Position, Texts};
use ring::digest::{SHA256, digest};
use serde_json::json;

use super::{
    Channel, Mark, Number, Status,
    locate::{Spot, locate},
    store::{Action, Change, NewReport, NewReportPerson, RecentOfSender},
    thanks, words,
};
use crate::{
    audit::{Actor, Decision},
    bell::{Bell, LiveAudience},
    ground::Ground,
    id::{PersonId, ReportId, Secret, hex},
    staff::{
        Operator,
        contact::{AddressFault, ContactKind, uniform},
    },
    store::{Fault, Tx},
};

/// The longest name and the longest words for a place, in characters.
const SHORT_TEXT_CHARS_MAX: usize = 200;
/// The longest idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 200;
/// Nothing deeper is believed, centimetres.
const DEPTH_CM_MAX: f64 = 1_000.0;
/// Free numbers are many; after so many taken ones something is broken.
const NUMBER_TRIES_MAX: u32 = 64;

/// What comes in by any channel.
#[derive(Clone, Debug)]
pub struct Incoming<'a> {
    /// How it came.
    pub channel: Channel,
    /// The sender's key for this request: a repeat under the same key gets the same answer.
    pub key: Option<String>,
    /// Who sent it; not uniform yet.
    pub sender: Option<(ContactKind, String)>,
    /// How they are called.
    pub name: Option<String>,
    /// BCP 47; the language in which they are answered. Default: the city's first.
    pub language: Option<String>,
    /// The network address it came from.
    pub peer: Option<String>,
    /// What threatens, when they said so; else it is guessed from the words.
    pub hazard: Option<Hazard>,
    /// What they say.
    pub words: String,
    /// Where, in their words.
    pub place_words: Option<String>,
    /// Where, in degrees.
    pub position: Option<Position>,
    /// How far off that position may be, metres.
    pub accuracy_m: Option<f64>,
    /// How deep, centimetres, when they said so; else it is guessed from the words.
    pub depth_cm: Option<f64>,
    /// When they saw it; none or the future means now.
    pub at: Option<Timestamp>,
    /// Its letters could not be read; `words` shows what came.
    pub unreadable: bool,
    /// Who writes it down at the desk. Their reports are not counted against any limit.
    pub by: Option<&'a Operator>,
}

impl Incoming<'_> {
    /// A report that says nothing but words; set the fields that are known.
    pub fn new(channel: Channel, words: impl Into<String>) -> Self {
        Self {
            channel,
            key: None,
            sender: None,
            name: None,
            language: None,
            peer: None,
            hazard: None,
            words: words.into(),
            place_words: None,
            position: None,
            accuracy_m: None,
            depth_cm: None,
            at: None,
            unreadable: false,
            by: None,
        }
    }
}

/// What the sender is told.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Which; for us.
    pub id: ReportId,
    /// For the telephone: digits with a check digit.
    pub number: Number,
    /// For following it.
    pub secret: Secret,
    /// This was a repeat; nothing was stored.
    pub again: bool,
    /// What sets it apart.
    pub marks: Vec<Mark>,
    /// A thank-you by language.
    pub thanks: Texts,
}

/// Why a report can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Parts of it can't be used; all of them are listed.
    #[error("the report can't be used: {}", .0.join("; "))]
    Unusable(Vec<String>),
    /// The key was used for something else.
    #[error("this idempotency key was already used for another report; draw a new key for a new report")]
    KeyReused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Takes a report. One transaction; rings [`Bell::Facts`] and tells `report.received` to staff.
///
/// Errors: [`Refusal::Unusable`] lists every part that can't be used; [`Refusal::KeyReused`].
pub async fn receive(ground: &Ground, incoming: Incoming<'_>) -> Result<Receipt, Refusal> {
    let checked = check(ground, &incoming)?;
    let now = ground.now();
    let mut tx = ground.store.write("receive report").await?;
    if let Some(key) = &checked.key {
        tx.lock(&format!("report key {}", hex(&digest_of(key.as_bytes())))).await?;
        if let Some(receipt) = answer_again(ground, &mut tx, &checked, key).await? {
            return Ok(receipt);
        }
    }
    let mut marks = checked.marks.clone();
    let mut earlier = None;
    if let Some((kind, address)) = &checked.sender {
        tx.lock(&format!("report sender {}", sender_key(*kind, address))).await?;
        earlier = join(ground, &mut tx, &checked, *kind, address, now).await?;
    }
    if checked.by.is_none() {
        marks.extend(limits(ground, &mut tx, &checked, now).await?);
    }
    let secret = ground.ids.short_secret();
    let id = ReportId::draw(&ground.ids, now);
    let number = insert(ground, &mut tx, &checked, id, &secret, &marks, earlier.as_ref(), now).await?;
    if let Some(key) = &checked.key {
        let sealed = seal(&secret, key, id);
        tx.put_report_key(checked.channel, &digest_of(key.as_bytes()), &checked.request_digest, id, &sealed).await?;
    }
    let told = earlier.as_ref().map_or(&number, |earlier| &earlier.number);
    let withheld = marks.iter().any(|mark| mark.withholds());
    let thanks = thanks::texts(ground, told);
    // What is added to an earlier report was thanked with it: two machines that thank each other end here.
    if let Some((kind, address)) = checked.sender.as_ref().filter(|_| !withheld && earlier.is_none()) {
        let thanked = thanks::Thanked { report: id, number: &number, secret: &secret, language: &checked.language };
        thanks::put(ground, &mut tx, &thanked, (*kind, address), now).await?;
    }
    let facts = json!({
        "channel": checked.channel, "zone": checked.spot.as_ref().and_then(|spot| spot.zone.as_ref()),
        "marks": marks, "merged_into": earlier.as_ref().map(|earlier| earlier.id),
    });
    tx.audit(
        now,
        &Decision {
            actor: checked.by.map_or(Actor::System, Actor::Person),
            action: "receive report",
            subject_kind: "report",
            subject_id: id.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    tx.commit().await?;
    metrics::counter!("hamyar_reports_total", "channel" => checked.channel.as_str()).increment(1);
    for mark in &marks {
        metrics::counter!("hamyar_reports_marked_total", "mark" => mark.as_str()).increment(1);
    }
    ground.bells.ring(Bell::Facts);
    ground.bells.ring(Bell::Outbox);
    ground.bells.tell(LiveAudience::Staff, "report.received", json!({ "id": id }));
    Ok(Receipt { id, number, secret, again: false, marks, thanks })
}

/// What has been checked: every text clean and bounded, every number in range, the place looked up.
#[derive(Debug)]
struct Checked {
    channel: Channel,
    key: Option<String>,
    sender: Option<(ContactKind, String)>,
    name: Option<String>,
    language: String,
    peer: Option<String>,
    hazard: Option<Hazard>,
    words: String,
    place_words: Option<String>,
    spot: Option<Spot>,
    depth_cm: Option<f64>,
    seen_at: Timestamp,
    marks: Vec<Mark>,
    by: Option<PersonId>,
    request_digest: Vec<u8>,
}

fn check(ground: &Ground, incoming: &Incoming<'_>) -> Result<Checked, Refusal> {
    let mut faults = Vec::new();
    let mut marks = Vec::new();
    let chars_max = ground.config.reports.text_chars_max;
    let (words, was_cut) = words::cut(words::clean(&incoming.words), chars_max);
    if was_cut {
        match incoming.channel {
            // The sender of a text message can't be asked to shorten it.
            Channel::Sms => marks.push(Mark::Cut),
            Channel::Web | Channel::Desk | Channel::App | Channel::Open311 => {
                faults.push(format!("words: want at most {chars_max} characters"));
            }
        }
    }
    let mut short = |what: &str, text: &Option<String>| {
        let text = words::clean(text.as_deref().unwrap_or_default());
        if text.chars().count() > SHORT_TEXT_CHARS_MAX {
            faults.push(format!("{what}: want at most {SHORT_TEXT_CHARS_MAX} characters"));
        }
        (!text.is_empty()).then_some(text)
    };
    let (place_words, name) = (short("place_words", &incoming.place_words), short("name", &incoming.name));
    if words.is_empty() && place_words.is_none() && incoming.position.is_none() && incoming.hazard.is_none() {
        faults.push("words: say what you see, or where".into());
    }
    if incoming.depth_cm.is_some_and(|depth| !(0.0..=DEPTH_CM_MAX).contains(&depth)) {
        faults.push(format!("depth_cm: want 0 to {DEPTH_CM_MAX}"));
    }
    if incoming.accuracy_m.is_some_and(|metres| !(0.0..=100_000.0).contains(&metres)) {
        faults.push("accuracy_m: want 0 to 100000".into());
    }
    if incoming.key.as_ref().is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
        faults.push(format!("idempotency key: want 1 to {KEY_BYTES_MAX} bytes"));
    }
    let sender = match sender(ground, incoming) {
        Ok(sender) => sender,
        Err(fault) => {
            faults.push(format!("contact: {fault}"));
            None
        }
    };
    if !faults.is_empty() {
        return Err(Refusal::Unusable(faults));
    }
    if incoming.unreadable {
        marks.push(Mark::Unreadable);
    }
    let readable = if incoming.unreadable { "" } else { words.as_str() };
    let given = incoming.position.map(|position| (position, incoming.accuracy_m));
    let languages = &ground.config.city.languages;
    let language = incoming.language.as_ref().filter(|language| languages.contains(language)).or(languages.first());
    let now = ground.now();
    Ok(Checked {
        channel: incoming.channel,
        key: incoming.key.clone(),
        name,
        language: language.cloned().unwrap_or_else(|| "fa".into()),
        peer: incoming.peer.clone(),
        hazard: incoming.hazard.or_else(|| words::guess_hazard(readable)),
        spot: locate(&ground.city, given, place_words.as_deref(), readable),
        depth_cm: incoming.depth_cm.or_else(|| words::guess_depth_cm(readable)),
        seen_at: incoming.at.filter(|at| *at <= now).unwrap_or(now),
        marks,
        by: incoming.by.map(|by| by.person()),
        request_digest: request_digest(incoming, sender.as_ref()),
        sender,
        words,
        place_words,
    })
}

fn sender(ground: &Ground, incoming: &Incoming<'_>) -> Result<Option<(ContactKind, String)>, AddressFault> {
    let Some((kind, address)) = &incoming.sender else { return Ok(None) };
    match (incoming.channel, uniform(*kind, address, &ground.config.city.country_code)) {
        (_, Ok(address)) => Ok(Some((*kind, address))),
        // Text messages come from alphanumeric senders too; they can't be answered, but what they say is kept.
        (Channel::Sms, Err(_)) => Ok(None),
        (Channel::Web | Channel::Desk | Channel::App | Channel::Open311, Err(fault)) => Err(fault),
    }
}

/// What the same key must have come with. Each part with its length before it, so that no two requests read alike.
fn request_digest(incoming: &Incoming<'_>, sender: Option<&(ContactKind, String)>) -> Vec<u8> {
    let mut text = String::new();
    let mut part = |part: &str| {
        write!(text, "{}:{part};", part.len()).expect("a String takes everything");
    };
    part(&incoming.words);
    part(incoming.place_words.as_deref().unwrap_or_default());
    part(incoming.hazard.map_or("", Hazard::as_str));
    part(&incoming.position.map(|position| position.to_string()).unwrap_or_default());
    part(&incoming.depth_cm.map(|depth| depth.to_string()).unwrap_or_default());
    part(sender.map_or("", |(_, address)| address.as_str()));
    digest_of(text.as_bytes())
}

/// The answer to a repeat; `None` when the key is new.
async fn answer_again(ground: &Ground, tx: &mut Tx, checked: &Checked, key: &str) -> Result<Option<Receipt>, Refusal> {
    let Some(known) = tx.report_of_key(checked.channel, &digest_of(key.as_bytes())).await? else { return Ok(None) };
    if known.request_digest != checked.request_digest {
        return Err(Refusal::KeyReused);
    }
    let report = tx.report(known.report_id).await?.ok_or(Fault::RowNotFound)?;
    let told = match report.merged_into {
        Some(earlier) => tx.report(earlier).await?.ok_or(Fault::RowNotFound)?.number,
        None => report.number.clone(),
    };
    let number = |digits: &str| Number::read(digits).ok_or(Fault::RowNotFound);
    metrics::counter!("hamyar_reports_repeated_total", "channel" => checked.channel.as_str()).increment(1);
    Ok(Some(Receipt {
        id: report.id,
        number: number(&report.number)?,
        secret: unseal(&known.sealed_secret, key, report.id),
        again: true,
        marks: report.marks,
        thanks: thanks::texts(ground, &number(&told)?),
    }))
}

/// The sender's earlier report that this one belongs to: near in time and place, and of no other hazard.
async fn join(
    ground: &Ground,
    tx: &mut Tx,
    checked: &Checked,
    kind: ContactKind,
    address: &str,
    now: Timestamp,
) -> Result<Option<RecentOfSender>, Fault> {
    let settings = &ground.config.reports;
    if checked.marks.contains(&Mark::Unreadable) {
        return Ok(None);
    }
    let since = now - Duration::from_secs(60 * settings.merge_minutes_max.unsigned_abs());
    let recent = tx.recent_of_sender(kind, address, since).await?;
    Ok(recent.into_iter().find(|earlier| {
        let hazards_fit = match (earlier.hazard, checked.hazard) {
            (Some(earlier), Some(hazard)) => earlier == hazard,
            (None, _) | (_, None) => true,
        };
        // Without a place it is more about what the person has just told.
        let near = match (earlier.position, &checked.spot) {
            (Some(earlier), Some(spot)) => earlier.metres_to(spot.position) <= settings.merge_metres_max,
            (None, _) | (_, None) => true,
        };
        hazards_fit && near
    }))
}

async fn limits(ground: &Ground, tx: &mut Tx, checked: &Checked, now: Timestamp) -> Result<Vec<Mark>, Fault> {
    let settings = &ground.config.reports;
    let since = now - Duration::from_hours(1);
    let mut marks = Vec::new();
    if let Some((kind, address)) = &checked.sender
        && tx.reports_of_sender_since(*kind, address, since).await? >= settings.per_sender_hour_max
    {
        marks.push(Mark::ManyFromSender);
    }
    if let Some(peer) = &checked.peer
        && tx.reports_of_peer_since(peer, since).await? >= settings.per_address_hour_max
    {
        marks.push(Mark::ManyFromAddress);
    }
    Ok(marks)
}

#[expect(clippy::too_many_arguments, reason = "one row from everything that was found out about it")]
async fn insert(
    ground: &Ground,
    tx: &mut Tx,
    checked: &Checked,
    id: ReportId,
    secret: &Secret,
    marks: &[Mark],
    earlier: Option<&RecentOfSender>,
    now: Timestamp,
) -> Result<Number, Fault> {
    let spot = checked.spot.as_ref();
    let mut new = NewReport {
        id,
        number: String::new(),
        secret_digest: secret.digest(),
        channel: checked.channel,
        hazard: checked.hazard,
        depth_cm: checked.depth_cm,
        position: spot.map(|spot| spot.position),
        accuracy_m: spot.and_then(|spot| spot.accuracy_m),
        located_by: spot.map(|spot| spot.by),
        zone: spot.and_then(|spot| spot.zone.clone()),
        status: if earlier.is_some() { Status::Merged } else { Status::New },
        marks: marks.to_vec(),
        merged_into: earlier.map(|earlier| earlier.id),
        entered_by: checked.by,
        seen_at: checked.seen_at,
        received_at: now,
        exercise: ground.exercise,
    };
    let mut tries = 0;
    let number = loop {
        let number = Number::draw(&ground.ids, tries);
        number.as_str().clone_into(&mut new.number);
        if tx.insert_report(&new).await? {
            break number;
        }
        tries += 1;
        if tries > NUMBER_TRIES_MAX {
            return Err(Fault::Protocol("no free number for a report was found".into()));
        }
    };
    let person = NewReportPerson {
        report: id,
        words: &checked.words,
        place_words: checked.place_words.as_deref(),
        name: checked.name.as_deref(),
        sender: checked.sender.as_ref(),
        peer: checked.peer.as_deref(),
        language: &checked.language,
        received_at: now,
    };
    tx.insert_report_person(&person).await?;
    let by = checked.by;
    tx.add_report_history(&Change {
        report: id,
        status: new.status,
        action: Action::Receive,
        other: new.merged_into,
        by,
        note: None,
        at: now,
    })
    .await?;
    if let Some(earlier) = earlier {
        tx.fill_in(earlier.id, &new).await?;
        let change = Change {
            report: earlier.id,
            status: earlier.status,
            action: Action::Merge,
            other: Some(id),
            by,
            note: None,
            at: now,
        };
        tx.add_report_history(&change).await?;
    }
    Ok(number)
}

/// What two reports of one sender have in common; tells nothing of the address to whoever sees it beside others.
pub(super) fn sender_key(kind: ContactKind, address: &str) -> String {
    hex(&digest_of(format!("{}:{address}", kind.as_str()).as_bytes()))[..16].to_owned()
}

pub(super) fn digest_of(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// The secret under the sender's own key, so that a repeat can be told it again while the store alone can't tell it.
fn seal(secret: &Secret, key: &str, id: ReportId) -> Vec<u8> {
    let pad = pad(key, id);
    secret.reveal().bytes().zip(pad).map(|(byte, pad)| byte ^ pad).collect()
}

fn unseal(sealed: &[u8], key: &str, id: ReportId) -> Secret {
    let bytes: Vec<u8> = sealed.iter().zip(pad(key, id)).map(|(byte, pad)| byte ^ pad).collect();
    Secret::new(String::from_utf8_lossy(&bytes))
}

/// 32 bytes, used for one secret only: the report's id is part of it. A short secret has 16.
fn pad(key: &str, id: ReportId) -> [u8; 32] {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
    let tag = ring::hmac::sign(&key, id.0.as_bytes());
    tag.as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::id::Ids;

    #[test]
    fn a_sealed_secret_opens_with_its_key_only() {
        let ids = Ids::seeded(5);
        let (secret, id) = (ids.short_secret(), ReportId::draw(&ids, Timestamp::UNIX_EPOCH));
        let sealed = seal(&secret, "one key", id);
        assert_eq!(unseal(&sealed, "one key", id), secret);
        assert_ne!(unseal(&sealed, "another key", id), secret);
        assert_ne!(sealed, secret.reveal().as_bytes());
    }
}
