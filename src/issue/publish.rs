//! Tells the world: freezes identifier, time and text of an approved alert, ends what it supersedes, and puts its broadcast.
//! Called by `http::alerts` and the demo.
//! All of it is one transaction; the bells ring after the commit. The XML that is kept is what everybody gets, for ever.

use alerts::{
    Gravity, Kind,
    cap::{Sender, Status},
    lifecycle::{self, IdentifierForm},
    texts,
};
use jiff::Timestamp;
use maps::ZoneCode;
use serde_json::json;
use tracing::{error, info};

use super::{
    alert::{Action, Alert, HistoryRow, Publication, Refusal},
    audit,
    draft::{can_be_ended, kind_beside},
    tell,
};
use crate::{
    bell::Bell,
    deliver::{Audience, NewBroadcast},
    ground::Ground,
    id::{AlertId, BroadcastId, Ids, hex},
    staff::Officer,
    store::{Fault, Tx},
};

/// The sender of a demo that configures none: a name that nobody can own (RFC 2606).
pub const DEMO_SENDER: &str = "demo.hamyar.invalid";

/// The configured CAP sender; in the demo a name of its own when there is none.
pub fn sender(ground: &Ground) -> Result<Sender, Refusal> {
    let configured = ground.config.issue.sender.as_str();
    match (configured, ground.exercise) {
        ("", None) => Err(Refusal::NoSender),
        ("", Some(_)) => Ok(Sender::new(DEMO_SENDER).expect("a host name is a sender")),
        (sender, _) => Sender::new(sender).map_err(|_| Refusal::NoSender),
    }
}

/// Publishes an approved alert.
///
/// An alert beside something live of the same matter goes out as its update. Refuses what the standard or the city's profile forbid.
pub async fn publish(ground: &Ground, by: &Officer, id: AlertId) -> Result<Alert, Refusal> {
    let now = ground.now();
    let sender = sender(ground)?;
    let mut tx = ground.store.write("publish alert").await?;
    let draft = tx.locked_alert(id).await?;
    let others = tx.thread_alerts(draft.thread, now).await?;
    let draft = Alert { kind: kind_beside(draft.kind, id, &others, now), ..draft };
    let superseded: Vec<&Alert> = others.iter().filter(|other| can_be_ended(other, now)).collect();
    if matches!(draft.kind, Kind::AllClear | Kind::Cancel) && superseded.is_empty() {
        return Err(Refusal::NotLive);
    }
    refuse_overtaken(&draft, &superseded)?;
    refuse_short_ending(&draft, &superseded)?;
    let release = draft.case(&others).publish(&ground.templates, envelope(ground, &draft, sender, now)?, now)?;
    let findings = ground.checker.check(&release.alert);
    let errors: Vec<_> = findings.into_iter().filter(|finding| finding.gravity == Gravity::Error).collect();
    if !errors.is_empty() {
        return Err(Refusal::NotCap(errors));
    }
    let named = |other: &&Alert| {
        other.publication.as_ref().is_some_and(|published| release.alert.references.contains(&published.reference))
    };
    let cap_xml = signed(ground, release.xml);
    let about = others.iter().filter(named).map(|other| (other.id, can_be_ended(other, now))).collect();
    let publication = Publication { by: by.person(), at: now, reference: release.alert.reference(), cap_xml, about };
    let alert = Alert { stage: release.case.stage().clone(), publication: Some(publication.clone()), ..draft };
    tx.put_publication(&alert, &publication).await?;
    tx.put_step(&alert, &HistoryRow::new(&alert, now, Action::Published, Some(by.person()))).await?;
    let ended = end_superseded(&mut tx, by, &alert, &superseded, now).await?;
    put_broadcast(ground, &mut tx, &alert, &publication).await?;
    let facts = json!({
        "identifier": publication.reference.identifier,
        "document": sha256_hex(&publication.cap_xml),
        "references": publication.about.iter().map(|(id, _)| id).collect::<Vec<_>>(),
        "ends": ended.iter().map(|alert| alert.id).collect::<Vec<_>>(),
    });
    audit(ground, &mut tx, by.actor(), "publish alert", &alert, facts).await?;
    tx.commit().await?;
    ground.bells.ring(Bell::Broadcasts);
    for ended in &ended {
        tell(ground, ended);
    }
    tell(ground, &alert);
    info!(alert.id = %alert.id, kind = %alert.kind, ends = ended.len(), "published alert {}", publication.reference.identifier);
    metrics::counter!("hamyar_alerts_published_total", "kind" => alert.kind.as_str()).increment(1);
    Ok(alert)
}

/// What the approver of an ending had before their eyes was live then: it must not end a newer warning that nobody looked at.
fn refuse_overtaken(draft: &Alert, superseded: &[&Alert]) -> Result<(), Refusal> {
    let ends = match draft.kind {
        Kind::AllClear | Kind::Cancel => true,
        Kind::Alert | Kind::Update => false,
    };
    let Some((_, approved_at)) = draft.approved.filter(|_| ends) else { return Ok(()) };
    let newer = |other: &&Alert| other.publication.as_ref().is_some_and(|published| published.at > approved_at);
    if superseded.iter().any(newer) { Err(Refusal::Overtaken) } else { Ok(()) }
}

/// Feeds show an ending for as long as it holds, and must show it until what it ends would have expired: a reader who was away
/// until then would go on warning.
fn refuse_short_ending(draft: &Alert, superseded: &[&Alert]) -> Result<(), Refusal> {
    let until = match draft.kind {
        Kind::AllClear | Kind::Cancel => superseded.iter().map(|other| other.content.expires).max(),
        Kind::Alert | Kind::Update => None,
    };
    match until {
        Some(until) if draft.content.expires < until => Err(Refusal::Unusable(vec![format!(
            "expires: what this ends holds until {until}, so it can't hold for less, or feeds would drop it too early"
        )])),
        Some(_) | None => Ok(()),
    }
}

/// The document with the city's signature, when it has a key. A warning is not withheld for want of a signature.
fn signed(ground: &Ground, xml: String) -> String {
    let Some(signer) = &ground.signer else { return xml };
    let (_, not_after) = signer.pin().period();
    if !signer.pin().is_valid_at(ground.now()) {
        // Who pins our key still sees that it is ours; others refuse it, and somebody has to know.
        error!(%not_after, "an alert is signed with a certificate that does not hold now: renew issue.sign_cert");
        metrics::counter!("hamyar_alerts_signed_out_of_period_total").increment(1);
    }
    match signer.sign(&xml, &Ids::of_the_system()) {
        Ok(signed) => signed,
        Err(fault) => {
            error!(%fault, "an alert was published without a signature: {fault}");
            metrics::counter!("hamyar_alerts_unsigned_total").increment(1);
            xml
        }
    }
}

/// Whom it is for: the people of its zones, and everybody who was told what it is about.
async fn put_broadcast(ground: &Ground, tx: &mut Tx, alert: &Alert, publication: &Publication) -> Result<(), Fault> {
    let zones = alert.content.zones.iter().filter_map(|zone| ZoneCode::new(zone.code.as_str()).ok()).collect();
    let broadcast = NewBroadcast {
        id: BroadcastId::draw(&ground.ids, publication.at),
        alert: alert.id,
        kind: alert.kind,
        identifier: publication.reference.identifier.to_string(),
        content: alert.content.clone(),
        cap_xml: publication.cap_xml.clone(),
        audience: Audience { zones, also_everyone_told_by: publication.about.iter().map(|(id, _)| *id).collect() },
        supersedes: alert.superseded(),
        published_at: publication.at,
        exercise: alert.exercise,
    };
    tx.put_broadcast(&broadcast).await.map(drop)
}

fn sha256_hex(text: &str) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

/// What publication adds to the content.
fn envelope(ground: &Ground, alert: &Alert, sender: Sender, now: Timestamp) -> Result<lifecycle::Publication, Refusal> {
    let settings = &ground.config.issue;
    let form = match settings.identifier_form.as_str() {
        "uuid" => IdentifierForm::Uuid,
        prefix => IdentifierForm::WmoOid { prefix: prefix.to_owned() },
    };
    let identifier = form
        .identifier(now, ground.ids.uuid(now).into_bytes())
        .map_err(|fault| Refusal::Unusable(vec![format!("issue.identifier_form: {fault}")]))?;
    Ok(lifecycle::Publication {
        identifier,
        sender,
        status: if alert.exercise.is_some() { Status::Exercise } else { Status::Actual },
        note: alert.exercise.map(|exercise| format!("مانور / Exercise {exercise}")),
        incidents: alert.incident.iter().map(ToString::to_string).collect(),
        sender_name: texts([("fa", settings.sender_name_fa.as_str()), ("en", settings.sender_name_en.as_str())]),
        tz: ground.config.time_zone(),
        geocode_scheme: settings.geocode_name.clone(),
    })
}

async fn end_superseded(
    tx: &mut Tx,
    by: &Officer,
    newer: &Alert,
    superseded: &[&Alert],
    now: Timestamp,
) -> Result<Vec<Alert>, Refusal> {
    let Some(how) = newer.kind.ends_related_as() else { return Ok(Vec::new()) };
    let mut ended = Vec::with_capacity(superseded.len());
    for older in superseded {
        let case = older.case(&[]).end(now, how)?;
        let older = Alert { stage: case.stage().clone(), ..(*older).clone() };
        tx.end_alert(older.id, how, now).await?;
        let step = HistoryRow::new(&older, now, Action::of(how), Some(by.person())).about(newer.id);
        tx.put_step(&older, &step).await?;
        ended.push(older);
    }
    Ok(ended)
}
