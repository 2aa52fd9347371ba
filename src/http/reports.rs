//! Reports over HTTP: the public's report and its tracking, the desk's list, entry and decisions.
//! Called by the report page, the console and programs.
//! What a person wrote is shown to staff only, their address in part only; a repeat under one Idempotency-Key gets the same answer.

use std::net::SocketAddr;

use alerts::Hazard;
use axum::{
    Json,
    extract::{
        ConnectInfo, Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
};
use jiff::Timestamp;
use maps::{Position, Texts};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem, session::peer_address};
use crate::{
    id::{IncidentId, PersonId, ReportId, Secret},
    reports::{
        self as room, Action, Channel, Incoming, JudgeRefusal, Judgement, Listed, Mark, Receipt, Refusal, Status,
    },
    staff::{
        Operator, StaffMember,
        contact::{ContactKind, masked},
    },
    store::{Fault, Tx},
};

/// Reports on a page at most, and when nothing is asked.
const PAGE_MAX: i64 = 200;
const PAGE: i64 = 50;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(send, list))
        .routes(routes!(follow))
        .routes(routes!(write_down))
        .routes(routes!(look))
        .routes(routes!(verify))
        .routes(routes!(reject))
        .routes(routes!(close))
}

/// A report as the public or the desk writes it
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// What threatens; when missing, it is guessed from the words.
    #[schema(value_type = Option<String>, example = "flood")]
    hazard: Option<Hazard>,
    /// What is seen, in the person's own words.
    #[serde(default)]
    #[schema(example = "آب تا زانو بالا آمده")]
    words: String,
    /// Where, in the person's own words.
    #[schema(example = "میدان امام")]
    place_words: Option<String>,
    /// Longitude and latitude, WGS 84 degrees.
    #[schema(value_type = Option<Vec<f64>>, example = json!([48.5148, 34.7983]))]
    position: Option<[f64; 2]>,
    /// How far off the position may be, metres.
    accuracy_m: Option<f64>,
    /// Depth of water or snow, centimetres.
    depth_cm: Option<f64>,
    /// Where thanks and questions go.
    contact: Option<NewContact>,
    /// How the person is called.
    name: Option<String>,
    /// BCP 47; the language in which the person is answered.
    language: Option<String>,
    /// When it was seen; now, when missing.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    kind: ContactKind,
    address: String,
}

/// What the sender keeps
#[derive(Serialize, ToSchema)]
pub struct ReportReceipt {
    /// For the telephone; the last digit checks the others.
    number: String,
    /// With the number it shows what became of the report. Told once (and to a repeat under the same key).
    secret: String,
    /// What sets it apart.
    marks: Vec<Mark>,
    /// A thank-you by language.
    #[schema(value_type = Object)]
    thanks: Texts,
}

/// How a report stands
#[derive(Serialize, ToSchema)]
pub struct ReportFollowed {
    number: String,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    status: Status,
    /// The same in words, by language.
    #[schema(value_type = Object)]
    answer: Texts,
}

/// A report as staff sees it
#[derive(Serialize, ToSchema)]
pub struct ReportItem {
    id: ReportId,
    number: String,
    channel: Channel,
    #[schema(value_type = Option<String>)]
    hazard: Option<Hazard>,
    /// None once erased.
    words: Option<String>,
    place_words: Option<String>,
    /// Longitude and latitude.
    #[schema(value_type = Option<Vec<f64>>)]
    position: Option<[f64; 2]>,
    accuracy_m: Option<f64>,
    located_by: Option<room::Located>,
    zone: Option<String>,
    #[schema(value_type = Option<Object>)]
    zone_name: Option<Texts>,
    depth_cm: Option<f64>,
    #[schema(value_type = String, format = DateTime)]
    seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    status: Status,
    marks: Vec<Mark>,
    merged_into: Option<ReportId>,
    /// The incident to which it was counted.
    incident: Option<IncidentId>,
    sender_name: Option<String>,
    /// The sender's address in part.
    sender_masked: Option<String>,
}

/// What happened to a report
#[derive(Serialize, ToSchema)]
pub struct ReportStep {
    status: Status,
    action: Action,
    other: Option<ReportId>,
    by: Option<PersonId>,
    note: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// A report with its history
#[derive(Serialize, ToSchema)]
pub struct ReportWithHistory {
    #[serde(flatten)]
    report: ReportItem,
    history: Vec<ReportStep>,
}

/// A page of reports
#[derive(Serialize, ToSchema)]
pub struct ReportPage {
    items: Vec<ReportItem>,
    /// Give it as `after` for the next page.
    next: Option<String>,
}

/// Which reports.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Only those that stand so.
    #[param(inline)]
    status: Option<Status>,
    /// How many at most (200).
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<ReportId>,
}

/// The secret of a report.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FollowQuery {
    /// What was told when the report was sent.
    #[param(value_type = String)]
    secret: Secret,
}

/// Why.
#[derive(Deserialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub struct Note {
    note: Option<String>,
}

/// Report what you see
#[utoipa::path(post, path = "/reports", tag = "reports", request_body = NewReport,
    params(("Idempotency-Key" = Option<String>, Header, description = "a fresh key per report: a repeat gets the same answer")),
    responses((status = 201, body = ReportReceipt), (status = 200, description = "a repeat", body = ReportReceipt),
        (status = 422, body = Problem)))]
pub async fn send(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<NewReport>, JsonRejection>,
) -> Result<(StatusCode, Json<ReportReceipt>), Problem> {
    let Json(new) = body?;
    let mut incoming = incoming(Channel::Web, new, &headers)?;
    incoming.peer = Some(peer_address(&app, peer, &headers));
    Ok(receipt(room::receive(&app.ground, incoming).await?))
}

/// Write down what a caller says
#[utoipa::path(post, path = "/desk/reports", tag = "reports", request_body = NewReport,
    params(("Idempotency-Key" = Option<String>, Header, description = "a fresh key per report: a repeat gets the same answer")),
    responses((status = 201, body = ReportReceipt), (status = 200, description = "a repeat", body = ReportReceipt),
        (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn write_down(
    State(app): State<App>,
    by: Operator,
    headers: HeaderMap,
    body: Result<Json<NewReport>, JsonRejection>,
) -> Result<(StatusCode, Json<ReportReceipt>), Problem> {
    let Json(new) = body?;
    let mut incoming = incoming(Channel::Desk, new, &headers)?;
    incoming.by = Some(&by);
    Ok(receipt(room::receive(&app.ground, incoming).await?))
}

/// What became of my report
#[utoipa::path(get, path = "/reports/{number}", tag = "reports", params(("number" = String, Path), FollowQuery),
    responses((status = 200, body = ReportFollowed), (status = 404, body = Problem)))]
pub async fn follow(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<FollowQuery>, QueryRejection>,
) -> Result<Json<ReportFollowed>, Problem> {
    let (Path(number), Query(query)) = (path?, query?);
    let followed = room::follow(&app.ground, &number, &query.secret).await?;
    let followed = followed.ok_or_else(|| Problem::not_found("report with this number and secret"))?;
    Ok(Json(ReportFollowed {
        number: followed.number,
        received_at: followed.received_at,
        status: followed.status,
        answer: followed.answer,
    }))
}

/// Reports, the newest first
#[utoipa::path(get, path = "/reports", operation_id = "list_reports", tag = "reports", params(ReportQuery),
    responses((status = 200, body = ReportPage), (status = 403, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    _by: StaffMember,
    query: Result<Query<ReportQuery>, QueryRejection>,
) -> Result<Json<ReportPage>, Problem> {
    let Query(query) = query?;
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let mut tx = app.ground.store.read("list reports").await?;
    let reports = tx.reports_newest(query.status, query.after, limit).await?;
    let is_full = i64::try_from(reports.len()).is_ok_and(|count| count == limit);
    let next = reports.last().filter(|_| is_full).map(|last| last.report.id.to_string());
    let mut items = Vec::with_capacity(reports.len());
    for listed in reports {
        items.push(item(&app, &mut tx, listed).await?);
    }
    Ok(Json(ReportPage { items, next }))
}

/// One report with everything that happened to it
#[utoipa::path(get, path = "/desk/reports/{id}", tag = "reports", params(("id" = String, Path)),
    responses((status = 200, body = ReportWithHistory), (status = 404, body = Problem)))]
pub async fn look(
    State(app): State<App>,
    _by: StaffMember,
    path: Result<Path<ReportId>, PathRejection>,
) -> Result<Json<ReportWithHistory>, Problem> {
    let Path(id) = path?;
    let mut tx = app.ground.store.read("look at report").await?;
    let listed = tx.listed_report(id).await?.ok_or_else(|| Problem::not_found("report"))?;
    let history = tx.report_history(id).await?.into_iter().map(|row| ReportStep {
        status: row.status,
        action: row.action,
        other: row.other_id,
        by: row.by_person,
        note: row.note,
        at: row.recorded_at.0,
    });
    let history = history.collect();
    Ok(Json(ReportWithHistory { report: item(&app, &mut tx, listed).await?, history }))
}

/// Find a report true
#[utoipa::path(post, path = "/reports/{id}/verify", tag = "reports", params(("id" = String, Path)), request_body = Note,
    responses((status = 200, body = ReportItem), (status = 409, body = Problem)))]
pub async fn verify(
    State(app): State<App>,
    by: Operator,
    path: Result<Path<ReportId>, PathRejection>,
    body: Option<Json<Note>>,
) -> Result<Json<ReportItem>, Problem> {
    judged(&app, &by, path?, body, Judgement::Verified).await
}

/// Find a report wrong
#[utoipa::path(post, path = "/reports/{id}/reject", tag = "reports", params(("id" = String, Path)), request_body = Note,
    responses((status = 200, body = ReportItem), (status = 409, body = Problem)))]
pub async fn reject(
    State(app): State<App>,
    by: Operator,
    path: Result<Path<ReportId>, PathRejection>,
    body: Option<Json<Note>>,
) -> Result<Json<ReportItem>, Problem> {
    judged(&app, &by, path?, body, Judgement::Rejected).await
}

/// Close what was dealt with
#[utoipa::path(post, path = "/reports/{id}/close", tag = "reports", params(("id" = String, Path)), request_body = Note,
    responses((status = 200, body = ReportItem), (status = 409, body = Problem)))]
pub async fn close(
    State(app): State<App>,
    by: Operator,
    path: Result<Path<ReportId>, PathRejection>,
    body: Option<Json<Note>>,
) -> Result<Json<ReportItem>, Problem> {
    judged(&app, &by, path?, body, Judgement::Closed).await
}

fn incoming(channel: Channel, new: NewReport, headers: &HeaderMap) -> Result<Incoming<'static>, Problem> {
    let position = match new.position {
        None => None,
        Some([lon, lat]) => {
            Some(Position::new(lon, lat).map_err(|fault| Problem::unusable(vec![format!("position: {fault}")]))?)
        }
    };
    let key = headers.get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    Ok(Incoming {
        key,
        sender: new.contact.map(|contact| (contact.kind, contact.address)),
        name: new.name,
        language: new.language,
        hazard: new.hazard,
        place_words: new.place_words,
        position,
        accuracy_m: new.accuracy_m,
        depth_cm: new.depth_cm,
        at: new.at,
        ..Incoming::new(channel, new.words)
    })
}

fn receipt(receipt: Receipt) -> (StatusCode, Json<ReportReceipt>) {
    let status = if receipt.again { StatusCode::OK } else { StatusCode::CREATED };
    let body = ReportReceipt {
        number: receipt.number.as_str().to_owned(),
        secret: receipt.secret.reveal().to_owned(),
        marks: receipt.marks,
        thanks: receipt.thanks,
    };
    (status, Json(body))
}

async fn show(app: &App, id: ReportId) -> Result<Json<ReportItem>, Problem> {
    let mut tx = app.ground.store.read("look at report").await?;
    let listed = tx.listed_report(id).await?.ok_or_else(|| Problem::not_found("report"))?;
    Ok(Json(item(app, &mut tx, listed).await?))
}

async fn judged(
    app: &App,
    by: &Operator,
    Path(id): Path<ReportId>,
    body: Option<Json<Note>>,
    judgement: Judgement,
) -> Result<Json<ReportItem>, Problem> {
    let note = body.and_then(|Json(note)| note.note);
    room::judge(&app.ground, by, id, judgement, note.as_deref()).await?;
    show(app, id).await
}

async fn item(app: &App, tx: &mut Tx, listed: Listed) -> Result<ReportItem, Fault> {
    let Listed { report, name, sender } = listed;
    let zone_name = report.zone.as_ref().and_then(|code| app.ground.city.zone(code)).map(|zone| zone.name.clone());
    Ok(ReportItem {
        incident: tx.incident_of_report(report.id).await?,
        id: report.id,
        number: report.number,
        channel: report.channel,
        hazard: report.hazard,
        words: report.words,
        place_words: report.place_words,
        position: report.position.map(|position| [position.lon(), position.lat()]),
        accuracy_m: report.accuracy_m,
        located_by: report.located_by,
        zone: report.zone.map(String::from),
        zone_name,
        depth_cm: report.depth_cm,
        seen_at: report.seen_at,
        received_at: report.received_at,
        status: report.status,
        marks: report.marks,
        merged_into: report.merged_into,
        sender_name: name,
        sender_masked: sender.map(|(kind, address)| masked(kind, &address)),
    })
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unusable(faults) => Self::unusable(faults),
            Refusal::KeyReused => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "key-reused", Refusal::KeyReused.to_string())
            }
            Refusal::Store(fault) => fault.into(),
        }
    }
}

impl From<JudgeRefusal> for Problem {
    fn from(refusal: JudgeRefusal) -> Self {
        let title = refusal.to_string();
        match refusal {
            JudgeRefusal::Unknown => Self::not_found("report"),
            JudgeRefusal::WrongStatus { .. } => Self::conflict("wrong-stage", title),
            JudgeRefusal::Note => Self::unusable(vec![title]),
            JudgeRefusal::Store(fault) => fault.into(),
        }
    }
}
