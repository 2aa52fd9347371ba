//! Makes drafts: from a proposal, from a template, about what is live; lets them be edited and given up.
//! Called by `http::alerts`, `http::assess` (adopt) and the demo.
//! Whoever adopts, drafts or edits is an author; an edit must name the content it replaces, and voids an approval.

use alerts::{
    Content, Hazard, Impact, Kind, Level, Occasion,
    lifecycle::{Case, Ending, Refusal as Lifecycle, Stage},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tracing::info;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    alert::{Action, Alert, HistoryRow, Refusal},
    audit, tell, words,
};
use crate::{
    assess::ProposalState,
    bell::LiveAudience,
    ground::Ground,
    id::{AlertId, ExerciseId, IncidentId, PersonId, ProposalId},
    staff::Officer,
    store::Tx,
};

/// The longest reason that staff can give, in characters.
const WHY_CHARS_MAX: usize = 500;

/// How sure staff are of what they expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sure {
    /// Somebody of the staff sees it.
    Seen,
    /// More than about even.
    Likely,
    /// Up to about even.
    Possible,
    /// About none.
    Unlikely,
}

/// What staff expect: CAP's severity, urgency and certainty follow from it by the tables of `alerts::triple`.
///
/// What they don't say is taken from what the level usually means; the author corrects it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// How much harm where it is worst: minimal, minor, significant or severe.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub impact: Option<Impact>,
    /// In how many minutes it comes; 0: it is here.
    #[serde(default)]
    #[schema(maximum = 44_640)]
    pub in_minutes: Option<u32>,
    /// How sure that is.
    #[serde(default)]
    pub sure: Option<Sure>,
}

/// What staff begin on their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDraft {
    /// What threatens.
    pub hazard: Hazard,
    /// How badly: yellow, orange or red.
    pub level: Level,
    /// Which text speaks; `None`: what is usually said of the hazard at this level.
    pub occasion: Option<Occasion>,
    /// What is expected, as far as it is known.
    pub expected: Expected,
    /// Codes of the zones; a district stands for its neighbourhoods.
    pub zones: Vec<String>,
}

/// Makes a proposal a draft. Who adopts it is its first author.
///
/// When something of the same incident is live, a proposed warning becomes an update of it.
pub async fn adopt(ground: &Ground, by: &Officer, proposal: ProposalId) -> Result<Alert, Refusal> {
    let now = ground.now();
    let mut tx = ground.store.write("adopt proposal").await?;
    // Assessment settles proposals and writes audit rows in the other order.
    tx.lock("assess").await?;
    let known = tx.proposal(proposal).await?.ok_or(Refusal::NoSuchProposal)?;
    tx.lock_thread(known.incident.0).await?;
    if !tx.settle_proposal(proposal, ProposalState::Adopted, Some(by.person()), None, now).await? {
        let state = tx.proposal(proposal).await?.map_or("gone", |proposal| proposal.state.as_str());
        return Err(Refusal::ProposalNotOpen(state));
    }
    let start = Start {
        thread: known.incident.0,
        incident: Some(known.incident),
        proposal: Some(proposal),
        kind: known.kind,
        content: words::prepared(ground, known.content, known.exercise_id)?,
        exercise: known.exercise_id,
        action: Action::Adopted,
        about: None,
        why: None,
    };
    let alert = begin(ground, &mut tx, by, start, now).await?;
    audit(ground, &mut tx, by.actor(), "adopt proposal", &alert, json!({ "proposal": proposal })).await?;
    tx.commit().await?;
    tell(ground, &alert);
    ground.bells.tell(LiveAudience::Staff, "proposal.changed", json!({ "id": proposal }));
    info!(alert.id = %alert.id, %proposal, "adopted a proposal as draft {}", alert.id);
    Ok(alert)
}

/// Begins a warning from the template of its hazard and level.
pub async fn draft(ground: &Ground, by: &Officer, new: &NewDraft) -> Result<Alert, Refusal> {
    let now = ground.now();
    let id = AlertId::draw(&ground.ids, now);
    let content = words::from_template(ground, new)?;
    let mut tx = ground.store.write("draft alert").await?;
    let start = Start {
        thread: id.0,
        incident: None,
        proposal: None,
        kind: Kind::Alert,
        content,
        exercise: ground.exercise,
        action: Action::Drafted,
        about: None,
        why: None,
    };
    let alert = begin(ground, &mut tx, by, start, now).await?;
    audit(ground, &mut tx, by.actor(), "draft alert", &alert, json!({})).await?;
    tx.commit().await?;
    tell(ground, &alert);
    Ok(alert)
}

/// Begins an update of a live alert with its present content; with `expires`, an extension whose texts tell the new end.
pub async fn draft_update(
    ground: &Ground,
    by: &Officer,
    id: AlertId,
    expires: Option<Timestamp>,
    why: Option<&str>,
) -> Result<Alert, Refusal> {
    let content = move |ground: &Ground, alert: &Alert, _: &[&Alert]| {
        Ok(match expires {
            Some(expires) if expires <= ground.now() => {
                return Err(Refusal::Unusable(vec!["expires: is already over".into()]));
            }
            Some(expires) => words::extended(ground, &alert.content, expires),
            None => alert.content.clone(),
        })
    };
    draft_about(ground, by, id, Kind::Update, why, content).await
}

/// Begins the all-clear of everything that is live of the alert's matter: the danger has passed.
pub async fn draft_all_clear(ground: &Ground, by: &Officer, id: AlertId, why: Option<&str>) -> Result<Alert, Refusal> {
    let content = |ground: &Ground, alert: &Alert, live: &[&Alert]| {
        words::about_the_end(ground, live, Occasion::AllClear, alert.exercise)
    };
    draft_about(ground, by, id, Kind::AllClear, why, content).await
}

/// Begins the cancel of everything that is live of the alert's matter: it was issued in error.
pub async fn draft_cancel(ground: &Ground, by: &Officer, id: AlertId, why: Option<&str>) -> Result<Alert, Refusal> {
    let content = |ground: &Ground, alert: &Alert, live: &[&Alert]| {
        words::about_the_end(ground, live, Occasion::Cancel, alert.exercise)
    };
    draft_about(ground, by, id, Kind::Cancel, why, content).await
}

/// Replaces the content of a draft. `expected` is the hash of the content that the editor had before their eyes.
pub async fn edit(
    ground: &Ground,
    by: &Officer,
    id: AlertId,
    content: Content,
    expected: [u8; 32],
) -> Result<Alert, Refusal> {
    let now = ground.now();
    let mut tx = ground.store.write("edit alert").await?;
    let alert = tx.locked_alert(id).await?;
    let was_approved = matches!(alert.stage, Stage::Approved { .. });
    let content = words::regrounded(ground, &alert.content, words::prepared(ground, content, alert.exercise)?);
    let current = alert.content.hash();
    let case = alert.case(&[]).edit(content, by.person())?;
    if current != expected {
        return Err(Refusal::Stale);
    }
    let alert = Alert {
        stage: case.stage().clone(),
        content: case.content().clone(),
        authors: case.authors().to_vec(),
        revision: alert.revision + 1,
        approved: None,
        ..alert
    };
    tx.put_content(&alert, by.person(), now).await?;
    tx.put_step(&alert, &HistoryRow::new(&alert, now, Action::Edited, Some(by.person()))).await?;
    audit(ground, &mut tx, by.actor(), "edit alert", &alert, json!({ "voids_approval": was_approved })).await?;
    tx.commit().await?;
    tell(ground, &alert);
    Ok(alert)
}

/// Gives up a draft or an approved alert. What is live can't be discarded: it is cancelled.
pub async fn discard(ground: &Ground, by: &Officer, id: AlertId, why: Option<&str>) -> Result<Alert, Refusal> {
    let why = reason(why)?;
    let now = ground.now();
    let mut tx = ground.store.write("discard alert").await?;
    let alert = tx.locked_alert(id).await?;
    let case = alert.case(&[]).end(now, Ending::Discarded)?;
    let alert = Alert { stage: case.stage().clone(), ..alert };
    tx.end_alert(id, Ending::Discarded, now).await?;
    let step = HistoryRow::new(&alert, now, Action::Discarded, Some(by.person())).because(why);
    tx.put_step(&alert, &step).await?;
    audit(ground, &mut tx, by.actor(), "discard alert", &alert, json!({})).await?;
    tx.commit().await?;
    tell(ground, &alert);
    Ok(alert)
}

async fn draft_about(
    ground: &Ground,
    by: &Officer,
    id: AlertId,
    kind: Kind,
    why: Option<&str>,
    content: impl FnOnce(&Ground, &Alert, &[&Alert]) -> Result<Content, Refusal>,
) -> Result<Alert, Refusal> {
    let why = reason(why)?;
    let now = ground.now();
    let mut tx = ground.store.write("draft about alert").await?;
    let alert = tx.locked_alert(id).await?;
    if !alert.is_live_at(now) || alert.kind == Kind::Cancel {
        return Err(Refusal::NotLive);
    }
    let thread = tx.thread_alerts(alert.thread, now).await?;
    let live: Vec<&Alert> = thread.iter().filter(|other| can_be_ended(other, now)).collect();
    let start = Start {
        thread: alert.thread,
        incident: alert.incident,
        proposal: None,
        kind,
        content: content(ground, &alert, &live)?,
        exercise: alert.exercise,
        action: Action::Drafted,
        about: Some(id),
        why,
    };
    let begun = begin(ground, &mut tx, by, start, now).await?;
    audit(ground, &mut tx, by.actor(), "draft alert", &begun, json!({ "about": id })).await?;
    tx.commit().await?;
    tell(ground, &begun);
    Ok(begun)
}

/// What a newer message of the thread ends: everything live but a cancel, which stays until what it cancelled would be over.
pub(super) fn can_be_ended(alert: &Alert, at: Timestamp) -> bool {
    alert.is_live_at(at) && alert.kind != Kind::Cancel
}

/// The kind that a message has when it stands beside `others`: a warning beside something live is news of it.
pub(super) fn kind_beside(kind: Kind, id: AlertId, others: &[Alert], at: Timestamp) -> Kind {
    let mut others = others.iter().filter(|other| other.id != id);
    match kind {
        Kind::Alert if others.any(|other| can_be_ended(other, at)) => Kind::Update,
        // What it was about ran out or was cancelled meanwhile; the warning is still a warning.
        Kind::Update if others.all(Alert::is_withdrawn) => Kind::Alert,
        Kind::Alert | Kind::Update | Kind::AllClear | Kind::Cancel => kind,
    }
}

fn reason(why: Option<&str>) -> Result<Option<&str>, Refusal> {
    match why.map(str::trim).filter(|why| !why.is_empty()) {
        Some(why) if why.chars().count() > WHY_CHARS_MAX || why.contains('\0') => {
            Err(Refusal::Unusable(vec![format!("why: want at most {WHY_CHARS_MAX} characters")]))
        }
        other => Ok(other),
    }
}

struct Start<'a> {
    thread: Uuid,
    incident: Option<IncidentId>,
    proposal: Option<ProposalId>,
    kind: Kind,
    content: Content,
    exercise: Option<ExerciseId>,
    action: Action,
    about: Option<AlertId>,
    why: Option<&'a str>,
}

async fn begin(ground: &Ground, tx: &mut Tx, by: &Officer, start: Start<'_>, now: Timestamp) -> Result<Alert, Refusal> {
    // A draft from scratch is its own thread and has the thread's id; any other gets a new one.
    let fresh = start.incident.is_none() && start.about.is_none();
    let id = if fresh { AlertId(start.thread) } else { AlertId::draw(&ground.ids, now) };
    let others = tx.thread_alerts(start.thread, now).await?;
    let kind = kind_beside(start.kind, id, &others, now);
    let related = others.iter().filter_map(Alert::published).collect();
    let case: Case<PersonId> = match Case::adopt(kind, start.content, by.person(), related, now) {
        Err(Lifecycle::NothingToReference) => return Err(Refusal::NotLive),
        other => other?,
    };
    let alert = Alert {
        id,
        kind,
        stage: Stage::Draft,
        thread: start.thread,
        incident: start.incident,
        proposal: start.proposal,
        revision: 1,
        content: case.content().clone(),
        authors: case.authors().to_vec(),
        created_at: now,
        approved: None,
        publication: None,
        exercise: start.exercise,
    };
    tx.insert_alert(&alert, by.person()).await?;
    let mut step = HistoryRow::new(&alert, now, start.action, Some(by.person())).because(start.why);
    if let Some(about) = start.about {
        step = step.about(about);
    }
    tx.put_step(&alert, &step).await?;
    Ok(alert)
}
