//! The alert desk: drafts, approval, publication, and what the public sees of it.
//! Read and written by the console; the list of public alerts is for everybody.
//! The answer says for each step whether this caller may take it and, if not, why; the rooms decide again when it is taken.

use std::collections::BTreeMap;

use alerts::{Content, Hazard, Kind, Level, NamedZone, Occasion, Texts, lifecycle::Ending, message::segments};
use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{App, alert_steps::May, problem::Problem};
use crate::{
    ground::Ground,
    id::{AlertId, IncidentId, PersonId, ProposalId},
    issue::{self, Action, Alert},
    staff::{Approver, Caller, Officer, StaffMember},
    store::{Fault, Tx},
};

/// Rows of a page when the caller names no number, and at most.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 200;

/// An alert as staff see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Alert)]
pub struct AlertView {
    id: AlertId,
    /// draft, approved, live or ended.
    stage: &'static str,
    /// expired, updated, all_clear, cancelled or discarded; null until it ended.
    #[schema(value_type = Option<String>)]
    ending: Option<Ending>,
    /// alert, update, all_clear or cancel.
    #[schema(value_type = String)]
    kind: Kind,
    #[schema(value_type = String)]
    hazard: Hazard,
    #[schema(value_type = String)]
    level: Level,
    #[schema(value_type = Object)]
    content: Content,
    /// SHA-256 of the content, hexadecimal: what an approval is bound to.
    content_hash: String,
    /// Counts up with every edit.
    revision: i32,
    authors: Vec<Named>,
    approved_by: Option<Named>,
    #[schema(value_type = Option<String>, format = DateTime)]
    approved_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    published_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The CAP identifier; null until publication.
    identifier: Option<String>,
    /// The CAP references as published: "sender,identifier,sent".
    references: Vec<String>,
    /// The alerts that its publication ended.
    supersedes: Vec<AlertId>,
    incident: Option<IncidentId>,
    proposal: Option<ProposalId>,
    may: May,
    /// What the text message costs, per language.
    sms: BTreeMap<String, SmsCost>,
    history: Vec<Step>,
    /// Everything about it is invented.
    exercise: bool,
}

/// Somebody of the staff.
#[derive(Clone, Serialize, ToSchema)]
pub struct Named {
    id: PersonId,
    name: String,
}

/// What a text costs as a text message.
#[derive(Serialize, ToSchema)]
pub struct SmsCost {
    /// Septets, or UTF-16 units.
    units: usize,
    segments: usize,
}

/// What happened to an alert.
#[derive(Serialize, ToSchema)]
pub struct Step {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    action: Action,
    /// Null when time did it.
    by_name: Option<String>,
    revision: i32,
    /// The other alert of the story.
    other: Option<AlertId>,
    why: Option<String>,
}

/// A page of alerts.
#[derive(Serialize, ToSchema)]
pub struct AlertPage {
    items: Vec<AlertView>,
    /// Give it as `after` for the next page; null at the end.
    next: Option<AlertId>,
}

/// Which alerts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// draft, approved, live or ended; all when it is not given.
    stage: Option<String>,
    limit: Option<i64>,
    after: Option<AlertId>,
}

/// A live alert as everybody sees it.
#[derive(Serialize, ToSchema)]
pub struct PublicAlert {
    id: AlertId,
    #[schema(value_type = String)]
    kind: Kind,
    #[schema(value_type = String)]
    hazard: Hazard,
    #[schema(value_type = String)]
    level: Level,
    #[schema(value_type = BTreeMap<String, String>)]
    headline: Texts,
    #[schema(value_type = BTreeMap<String, String>)]
    description: Texts,
    #[schema(value_type = BTreeMap<String, String>)]
    instruction: Texts,
    #[schema(value_type = Vec<Object>)]
    zones: Vec<NamedZone>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    published_at: Timestamp,
    identifier: String,
    /// Its CAP document.
    url: String,
    exercise: bool,
}

/// Every live alert.
#[derive(Serialize, ToSchema)]
pub struct PublicAlerts {
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    items: Vec<PublicAlert>,
}

/// A draft that staff begin.
#[derive(Deserialize, ToSchema)]
pub struct NewDraft {
    #[schema(value_type = String)]
    hazard: Hazard,
    /// yellow, orange or red.
    #[schema(value_type = String)]
    level: Level,
    /// Which text speaks: flood_watch, flood_warning, flash_flood, heavy_snow, snow_drift, roof_load, blocked_pass or ice; without it, what is usually said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    occasion: Option<Occasion>,
    /// What is expected; what is left out is what the level usually means.
    #[serde(default)]
    expected: issue::Expected,
    /// Zone codes.
    zones: Vec<String>,
}

/// A content instead of another.
#[derive(Deserialize, ToSchema)]
pub struct NewContent {
    #[schema(value_type = Object)]
    content: Content,
    /// The hash of the content that the editor read.
    expected_hash: String,
}

/// What the approver read.
#[derive(Deserialize, ToSchema)]
pub struct Seen {
    /// The hash of the content that was read.
    content_hash: String,
}

/// Why, in the words of staff; and for an update a later end.
#[derive(Default, Deserialize, ToSchema)]
pub struct Why {
    why: Option<String>,
    /// Extends the alert: the texts tell the new end.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
}

/// Alerts, newest first
#[utoipa::path(get, path = "/alerts", operation_id = "list_alerts", tag = "alerts", params(AlertQuery), responses((status = 200, body = AlertPage)))]
pub async fn list(
    State(app): State<App>,
    staff: StaffMember,
    query: Result<Query<AlertQuery>, QueryRejection>,
) -> Result<Json<AlertPage>, Problem> {
    let Query(query) = query?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    if let Some(stage) = &query.stage
        && !["draft", "approved", "live", "ended"].contains(&stage.as_str())
    {
        return Err(Problem::unusable(vec!["stage: want draft, approved, live or ended".into()]));
    }
    let mut tx = app.ground.store.read("list alerts").await?;
    let alerts = tx.alerts_page(query.stage.as_deref(), query.after, limit).await?;
    let full = alerts.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    let next = alerts.last().filter(|_| full).map(|alert| alert.id);
    let mut names = Names::default();
    let mut items = Vec::with_capacity(alerts.len());
    for alert in alerts {
        items.push(view(&app.ground, &mut tx, &mut names, &staff, alert).await?);
    }
    Ok(Json(AlertPage { items, next }))
}

/// Live alerts, for everybody
#[utoipa::path(get, path = "/alerts/public", tag = "alerts", responses((status = 200, body = PublicAlerts)))]
pub async fn public(State(app): State<App>) -> Result<Json<PublicAlerts>, Problem> {
    let now = app.ground.now();
    let mut tx = app.ground.store.read("public alerts").await?;
    let live = tx.live_alerts(now).await?;
    let root = app.ground.config.public_url();
    let shown = live.into_iter().filter(|alert| alert.exercise == app.ground.exercise);
    let items = shown.filter_map(|alert| public_view(&root, alert)).collect();
    Ok(Json(PublicAlerts { as_of: now, items }))
}

/// One alert
#[utoipa::path(get, path = "/alerts/{id}", tag = "alerts", responses((status = 200, body = AlertView), (status = 404, body = Problem)))]
pub async fn show(
    State(app): State<App>,
    staff: StaffMember,
    id: Result<Path<AlertId>, PathRejection>,
) -> Result<Json<AlertView>, Problem> {
    let Path(id) = id?;
    let mut tx = app.ground.store.read("show alert").await?;
    let alert = tx.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?;
    Ok(Json(view(&app.ground, &mut tx, &mut Names::default(), &staff, alert).await?))
}

/// Make a proposal a draft
#[utoipa::path(post, path = "/proposals/{id}/adopt", tag = "alerts", responses((status = 201, body = AlertView), (status = 409, body = Problem)))]
pub async fn adopt(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<ProposalId>, PathRejection>,
) -> Result<(StatusCode, Json<AlertView>), Problem> {
    let Path(id) = id?;
    let alert = issue::adopt(&app.ground, &officer, id).await?;
    created(&app, &officer, alert).await
}

/// Begin a draft from the template of a hazard and level
#[utoipa::path(post, path = "/alerts", tag = "alerts", request_body = NewDraft, responses((status = 201, body = AlertView), (status = 422, body = Problem)))]
pub async fn draft(
    State(app): State<App>,
    officer: Officer,
    body: Result<Json<NewDraft>, JsonRejection>,
) -> Result<(StatusCode, Json<AlertView>), Problem> {
    let Json(NewDraft { hazard, level, occasion, expected, zones }) = body?;
    let new = issue::NewDraft { hazard, level, occasion, expected, zones };
    let alert = issue::draft(&app.ground, &officer, &new).await?;
    created(&app, &officer, alert).await
}

/// Replace the content of a draft
///
/// The editor becomes an author, and an approval is void.
#[utoipa::path(put, path = "/alerts/{id}/content", tag = "alerts", request_body = NewContent,
    responses((status = 200, body = AlertView), (status = 409, description = "somebody else edited it, or it is published", body = Problem), (status = 422, body = Problem)))]
pub async fn edit(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<AlertId>, PathRejection>,
    body: Result<Json<NewContent>, JsonRejection>,
) -> Result<Json<AlertView>, Problem> {
    let (Path(id), Json(new)) = (id?, body?);
    let expected = hash("expected_hash", &new.expected_hash)?;
    let alert = issue::edit(&app.ground, &officer, id, new.content, expected).await?;
    shown(&app, &officer, alert).await
}

/// Approve a draft that somebody else wrote
#[utoipa::path(post, path = "/alerts/{id}/approve", tag = "alerts", request_body = Seen,
    responses((status = 200, body = AlertView), (status = 403, description = "one's own work", body = Problem), (status = 409, description = "the content is another one", body = Problem)))]
pub async fn approve(
    State(app): State<App>,
    approver: Approver,
    id: Result<Path<AlertId>, PathRejection>,
    body: Result<Json<Seen>, JsonRejection>,
) -> Result<Json<AlertView>, Problem> {
    let (Path(id), Json(seen)) = (id?, body?);
    let alert = issue::approve(&app.ground, &approver, id, hash("content_hash", &seen.content_hash)?).await?;
    shown(&app, &approver, alert).await
}

/// Publish an approved alert
#[utoipa::path(post, path = "/alerts/{id}/publish", tag = "alerts",
    responses((status = 200, body = AlertView), (status = 409, body = Problem), (status = 422, description = "the CAP message would be wrong", body = Problem)))]
pub async fn publish(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<AlertId>, PathRejection>,
) -> Result<Json<AlertView>, Problem> {
    let Path(id) = id?;
    let alert = issue::publish(&app.ground, &officer, id).await?;
    shown(&app, &officer, alert).await
}

/// Begin an update of a live alert
///
/// With `expires` it is an extension: the same texts with the new end.
#[utoipa::path(post, path = "/alerts/{id}/update", tag = "alerts", request_body = Option<Why>, responses((status = 201, body = AlertView), (status = 409, body = Problem)))]
pub async fn update(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<AlertId>, PathRejection>,
    body: Option<Json<Why>>,
) -> Result<(StatusCode, Json<AlertView>), Problem> {
    let (Path(id), Why { why, expires }) = (id?, body.unwrap_or_default().0);
    let alert = issue::draft_update(&app.ground, &officer, id, expires, why.as_deref()).await?;
    created(&app, &officer, alert).await
}

/// Begin the all-clear: the danger has passed
#[utoipa::path(post, path = "/alerts/{id}/all-clear", tag = "alerts", request_body = Option<Why>, responses((status = 201, body = AlertView), (status = 409, body = Problem)))]
pub async fn all_clear(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<AlertId>, PathRejection>,
    body: Option<Json<Why>>,
) -> Result<(StatusCode, Json<AlertView>), Problem> {
    let (Path(id), Why { why, .. }) = (id?, body.unwrap_or_default().0);
    let alert = issue::draft_all_clear(&app.ground, &officer, id, why.as_deref()).await?;
    created(&app, &officer, alert).await
}

/// Begin the cancel: it was issued in error
#[utoipa::path(post, path = "/alerts/{id}/cancel", tag = "alerts", request_body = Option<Why>, responses((status = 201, body = AlertView), (status = 409, body = Problem)))]
pub async fn cancel(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<AlertId>, PathRejection>,
    body: Option<Json<Why>>,
) -> Result<(StatusCode, Json<AlertView>), Problem> {
    let (Path(id), Why { why, .. }) = (id?, body.unwrap_or_default().0);
    let alert = issue::draft_cancel(&app.ground, &officer, id, why.as_deref()).await?;
    created(&app, &officer, alert).await
}

/// Give up a draft
#[utoipa::path(post, path = "/alerts/{id}/discard", tag = "alerts", request_body = Option<Why>, responses((status = 200, body = AlertView), (status = 409, body = Problem)))]
pub async fn discard(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<AlertId>, PathRejection>,
    body: Option<Json<Why>>,
) -> Result<Json<AlertView>, Problem> {
    let (Path(id), Why { why, .. }) = (id?, body.unwrap_or_default().0);
    let alert = issue::discard(&app.ground, &officer, id, why.as_deref()).await?;
    shown(&app, &officer, alert).await
}

/// Where an alert's CAP document is served.
pub(super) fn cap_url(root: &str, id: AlertId) -> String {
    format!("{root}/cap/alerts/{id}.xml")
}

async fn shown(app: &App, caller: &Caller, alert: Alert) -> Result<Json<AlertView>, Problem> {
    let mut tx = app.ground.store.read("show alert").await?;
    Ok(Json(view(&app.ground, &mut tx, &mut Names::default(), caller, alert).await?))
}

async fn created(app: &App, caller: &Caller, alert: Alert) -> Result<(StatusCode, Json<AlertView>), Problem> {
    Ok((StatusCode::CREATED, shown(app, caller, alert).await?))
}

/// Names of staff that were looked up already.
#[derive(Default)]
struct Names(BTreeMap<PersonId, String>);

impl Names {
    async fn of(&mut self, tx: &mut Tx, id: PersonId) -> Result<Named, Fault> {
        if let Some(name) = self.0.get(&id) {
            return Ok(Named { id, name: name.clone() });
        }
        // Somebody who was erased has no name any more.
        let name = tx.person(id).await?.and_then(|person| person.name).unwrap_or_else(|| "—".to_owned());
        self.0.insert(id, name.clone());
        Ok(Named { id, name })
    }
}

async fn view(
    ground: &Ground,
    tx: &mut Tx,
    names: &mut Names,
    caller: &Caller,
    alert: Alert,
) -> Result<AlertView, Fault> {
    let mut authors = Vec::with_capacity(alert.authors.len());
    for author in &alert.authors {
        authors.push(names.of(tx, *author).await?);
    }
    let approved_by = match alert.approved {
        Some((by, _)) => Some(names.of(tx, by).await?),
        None => None,
    };
    let mut history = Vec::new();
    for row in tx.alert_history(alert.id).await? {
        let by_name = match row.by {
            Some(by) => Some(names.of(tx, by).await?.name),
            None => None,
        };
        let (at, action, revision, other, why) = (row.at, row.action, row.revision, row.other, row.why);
        history.push(Step { at, action, by_name, revision, other, why });
    }
    let mut references = Vec::new();
    for (about, _) in alert.publication.iter().flat_map(|publication| &publication.about) {
        let reference = tx.alert(*about).await?.and_then(|about| about.publication);
        references.extend(reference.map(|publication| publication.reference.to_string()));
    }
    let cost = |text: &str| {
        let cost = segments(text);
        SmsCost { units: cost.units, segments: cost.count }
    };
    let wordings = &alert.content.wordings;
    Ok(AlertView {
        id: alert.id,
        stage: alert.stage.name(),
        ending: alert.ended().map(|(how, _)| how),
        kind: alert.kind,
        hazard: alert.content.hazard,
        level: alert.content.level,
        content_hash: alert.content.hash_hex(),
        revision: alert.revision,
        authors,
        approved_by,
        approved_at: alert.approved.map(|(_, at)| at),
        published_at: alert.publication.as_ref().map(|publication| publication.at),
        expires_at: alert.content.expires,
        ended_at: alert.ended().map(|(_, at)| at),
        identifier: alert.publication.as_ref().map(|publication| publication.reference.identifier.to_string()),
        references,
        supersedes: alert.superseded(),
        incident: alert.incident,
        proposal: alert.proposal,
        may: May::of(&alert, caller, ground.now()),
        sms: wordings.iter().map(|(lang, wording)| (lang.clone(), cost(&wording.sms))).collect(),
        history,
        exercise: alert.exercise.is_some(),
        content: alert.content,
    })
}

fn public_view(root: &str, alert: Alert) -> Option<PublicAlert> {
    let publication = alert.publication?;
    let texts = |pick: fn(&alerts::Wording) -> &String| -> Texts {
        alert.content.wordings.iter().map(|(lang, wording)| (lang.clone(), pick(wording).clone())).collect()
    };
    Some(PublicAlert {
        id: alert.id,
        kind: alert.kind,
        hazard: alert.content.hazard,
        level: alert.content.level,
        headline: texts(|wording| &wording.headline),
        description: texts(|wording| &wording.description),
        instruction: texts(|wording| &wording.instruction),
        zones: alert.content.zones,
        expires_at: alert.content.expires,
        published_at: publication.at,
        identifier: publication.reference.identifier.to_string(),
        url: cap_url(root, alert.id),
        exercise: alert.exercise.is_some(),
    })
}

/// 64 hexadecimal digits as 32 bytes.
fn hash(name: &str, text: &str) -> Result<[u8; 32], Problem> {
    let unusable = || Problem::unusable(vec![format!("{name}: want the 64 hexadecimal digits of the content's hash")]);
    if text.len() != 64 || !text.is_ascii() {
        return Err(unusable());
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| unusable())?;
    }
    Ok(bytes)
}
