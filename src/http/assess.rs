//! Incidents with their reasons, and what is proposed about them, for staff.
//! Read by the console; an officer dismisses a proposal here and adopts it in `http::alerts`.
//! Every level is shown with the evidence it rests on.

use std::sync::Arc;

use alerts::{Hazard, Kind, Level, Texts};
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
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem};
use crate::{
    assess::{self, Consequences, DismissRefusal, Incident, IncidentStage, Proposal, ProposalState, Reason},
    id::{IncidentId, ProposalId},
    staff::{Officer, StaffMember},
};

/// Rows of a page at most.
const PAGE_MAX: i64 = 200;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(incidents))
        .routes(routes!(incident))
        .routes(routes!(proposals))
        .routes(routes!(dismiss))
}

/// An incident as it is thought of since `recorded_at`.
#[derive(Serialize, ToSchema)]
pub struct IncidentView {
    id: IncidentId,
    #[schema(value_type = String)]
    hazard: Hazard,
    #[schema(value_type = String)]
    level: Level,
    state: IncidentStage,
    /// Probability that the danger is real, 0 to 1.
    probability: f64,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    place: Texts,
    zones: Vec<IncidentZone>,
    reasons: Vec<Reason>,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    changed_at: Timestamp,
    /// GeoJSON geometry.
    #[schema(value_type = Option<Object>)]
    footprint: Option<serde_json::Value>,
    /// By the terrain, where there is some: `likely` (flooded with a probability of 0.8 or more) and `possible` (0.5), GeoJSON geometries.
    /// The footprint is whom to warn, and wider.
    #[schema(value_type = Option<Object>)]
    bands: Option<serde_json::Value>,
    /// Residents of its zones.
    people: u64,
    version: i64,
    map_hash: String,
    rules_hash: String,
}

/// A zone of an incident.
#[derive(Serialize, ToSchema)]
pub struct IncidentZone {
    code: String,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    name: Texts,
    /// Part of its area in the footprint, 0 to 1.
    share: f64,
    /// Minutes until the water is there, where known.
    minutes: Option<f64>,
}

/// What assessment proposes.
#[derive(Serialize, ToSchema)]
pub struct ProposalView {
    id: ProposalId,
    incident: IncidentId,
    /// alert, update, all_clear.
    #[schema(value_type = String)]
    kind: Kind,
    #[schema(value_type = String)]
    hazard: Hazard,
    #[schema(value_type = String)]
    level: Level,
    #[schema(value_type = String, format = DateTime)]
    made_at: Timestamp,
    state: ProposalState,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headline: Texts,
    reasons: Vec<Reason>,
    /// What the alert would say.
    #[schema(value_type = Object)]
    content: alerts::Content,
}

/// Incidents, the newest first.
#[derive(Serialize, ToSchema)]
pub struct IncidentPage {
    items: Vec<IncidentView>,
    /// Give it as `after` for the next page.
    next: Option<String>,
}

/// What an incident's water does to the city, as far as the terrain tells.
#[derive(Serialize, ToSchema)]
pub struct ConsequencesView {
    /// On ground that is likely flooded.
    likely: OnGroundView,
    /// On ground that may be flooded.
    possible: OnGroundView,
    /// Roads that the water of the possible ground cuts, named ones first.
    cut_roads: Vec<OnMap>,
    /// Hospitals, fire stations and operations centres that stand in it.
    lost: Vec<OnMap>,
    /// Residents of zones from which no road leads to any of these any more.
    people_cut_off: u64,
    /// Zones that are worse off than on a dry day, those that are cut off first.
    zones: Vec<IsolatedZoneView>,
}

/// Who and what is on a piece of ground.
#[derive(Serialize, ToSchema)]
pub struct OnGroundView {
    /// Residents, as if people lived evenly over their zone.
    people: u64,
    /// Critical places.
    places: Vec<OnMap>,
}

/// Something on the map.
#[derive(Serialize, ToSchema)]
pub struct OnMap {
    code: String,
    /// What sort of place it is; none for roads.
    kind: Option<String>,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    name: Texts,
}

/// A zone that is worse off than on a dry day.
#[derive(Serialize, ToSchema)]
pub struct IsolatedZoneView {
    code: String,
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    name: Texts,
    people: u64,
    /// No road is left to any hospital, fire station or operations centre.
    cut_off: bool,
    /// `hospital`, `fire_station`, `operations_centre`: to which the whole zone has no road any more.
    without: Vec<String>,
    /// Bridges on which it newly hangs: what to guard first.
    depends_on: Vec<OnMap>,
}

/// One incident, and everything that was thought of it before, the newest first.
#[derive(Serialize, ToSchema)]
pub struct IncidentHistory {
    now: IncidentView,
    /// None where no terrain tells.
    consequences: Option<ConsequencesView>,
    history: Vec<IncidentView>,
}

/// Proposals, the newest first.
#[derive(Serialize, ToSchema)]
pub struct ProposalPage {
    items: Vec<ProposalView>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Rows, 1 to 200.
    limit: Option<i64>,
    /// The last id of the page before.
    after: Option<IncidentId>,
}

/// Which proposals.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhichProposals {
    /// open, adopted, dismissed, superseded; all when it is not given.
    state: Option<ProposalState>,
    /// Rows, 1 to 200.
    limit: Option<i64>,
}

/// Why a proposal is declined.
#[derive(Deserialize, ToSchema)]
pub struct Dismissal {
    /// 3 to 500 characters.
    why: String,
}

/// Incidents
#[utoipa::path(get, path = "/incidents", tag = "assess", params(Page), responses((status = 200, body = IncidentPage), (status = 401, body = Problem)))]
pub async fn incidents(
    State(app): State<App>,
    _: StaffMember,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Json<IncidentPage>, Problem> {
    let Query(page) = query?;
    let limit = page.limit.unwrap_or(50).clamp(1, PAGE_MAX);
    let mut tx = app.ground.store.read("incidents").await?;
    let rows = tx.incidents(page.after, limit).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == limit);
    let next = rows.last().filter(|_| full).map(|incident| incident.id.to_string());
    Ok(Json(IncidentPage { items: rows.into_iter().map(|incident| view(&app, incident)).collect(), next }))
}

/// One incident with its history
#[utoipa::path(get, path = "/incidents/{id}", tag = "assess", params(("id" = IncidentId, Path)),
    responses((status = 200, body = IncidentHistory), (status = 404, body = Problem)))]
pub async fn incident(
    State(app): State<App>,
    _: StaffMember,
    id: Result<Path<IncidentId>, PathRejection>,
) -> Result<Json<IncidentHistory>, Problem> {
    let Path(id) = id?;
    let mut tx = app.ground.store.read("incident").await?;
    let mut versions = tx.incident_history(id, PAGE_MAX).await?.into_iter();
    let now = versions.next().ok_or_else(|| Problem::not_found("incident"))?;
    drop(tx);
    let city = Arc::clone(&app.ground.city);
    // Not on a thread that others wait for: a large city's roads take their time.
    let (now, consequences) = tokio::task::spawn_blocking(move || {
        let consequences = Consequences::of(&city, &now).map(|found| consequences_view(&city, found));
        (now, consequences)
    })
    .await
    .map_err(|fault| Problem::fault(&fault))?;
    let history = versions.map(|incident| view(&app, incident)).collect();
    Ok(Json(IncidentHistory { now: view(&app, now), consequences, history }))
}

/// Proposed alerts
#[utoipa::path(get, path = "/proposals", tag = "assess", params(WhichProposals),
    responses((status = 200, body = ProposalPage), (status = 401, body = Problem)))]
pub async fn proposals(
    State(app): State<App>,
    _: StaffMember,
    query: Result<Query<WhichProposals>, QueryRejection>,
) -> Result<Json<ProposalPage>, Problem> {
    let Query(which) = query?;
    let mut tx = app.ground.store.read("proposals").await?;
    let rows = tx.proposals(which.state, which.limit.unwrap_or(50).clamp(1, PAGE_MAX)).await?;
    Ok(Json(ProposalPage { items: rows.into_iter().map(ProposalView::of).collect() }))
}

/// Decline a proposal, with the reason
#[utoipa::path(post, path = "/proposals/{id}/dismiss", tag = "assess", params(("id" = ProposalId, Path)), request_body = Dismissal,
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn dismiss(
    State(app): State<App>,
    officer: Officer,
    id: Result<Path<ProposalId>, PathRejection>,
    body: Result<Json<Dismissal>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (Path(id), Json(dismissal)) = (id?, body?);
    assess::dismiss(&app.ground, &officer, id, &dismissal.why).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<DismissRefusal> for Problem {
    fn from(refusal: DismissRefusal) -> Self {
        let title = refusal.to_string();
        match refusal {
            DismissRefusal::Unknown => Self::not_found("proposal"),
            DismissRefusal::NotOpen => Self::conflict("not-open", title),
            DismissRefusal::NoReason => Self::unusable(vec![title]),
            DismissRefusal::Store(fault) => fault.into(),
        }
    }
}

impl ProposalView {
    fn of(proposal: Proposal) -> Self {
        let headline = proposal
            .content
            .wordings
            .iter()
            .map(|(language, wording)| (language.clone(), wording.headline.clone()))
            .collect();
        Self {
            id: proposal.id,
            incident: proposal.incident,
            kind: proposal.kind,
            hazard: proposal.hazard,
            level: proposal.level,
            made_at: proposal.made_at,
            state: proposal.state,
            headline,
            reasons: proposal.reasons,
            content: proposal.content,
        }
    }
}

fn consequences_view(city: &maps::City, found: Consequences<'_>) -> ConsequencesView {
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let place = |place: &maps::Place| OnMap {
        code: place.code.to_string(),
        kind: serde_json::to_value(place.kind).ok().map(word),
        name: place.name.clone(),
    };
    let road = |code: &maps::RoadCode| OnMap {
        code: code.to_string(),
        kind: None,
        name: city.road(code).map(|road| road.name.clone()).unwrap_or_default(),
    };
    let on = |ground: assess::OnGround<'_>| OnGroundView {
        people: ground.people,
        places: ground.places.into_iter().map(place).collect(),
    };
    let isolation = found.isolation;
    let mut cut_roads: Vec<OnMap> = isolation.cut.iter().map(|cut| road(&cut.road)).collect();
    cut_roads.sort_by(|left, right| left.name.is_empty().cmp(&right.name.is_empty()).then(left.code.cmp(&right.code)));
    let mut zones: Vec<IsolatedZoneView> = isolation
        .zones
        .iter()
        .map(|zone| {
            let lost = zone.needs.iter().filter(|need| need.left <= 0.0);
            let bridges: std::collections::BTreeSet<_> = zone.needs.iter().flat_map(|need| &need.bridges).collect();
            IsolatedZoneView {
                code: zone.code.to_string(),
                name: city.zone(&zone.code).map(|known| known.name.clone()).unwrap_or_default(),
                people: zone.people,
                cut_off: zone.cut_off,
                without: lost.filter_map(|need| serde_json::to_value(need.need).ok().map(word)).collect(),
                depends_on: bridges.into_iter().map(road).collect(),
            }
        })
        .collect();
    zones.sort_by(|left, right| right.cut_off.cmp(&left.cut_off).then(left.code.cmp(&right.code)));
    ConsequencesView {
        likely: on(found.likely),
        possible: on(found.possible),
        cut_roads,
        lost: isolation.lost.iter().filter_map(|code| city.place(code)).map(place).collect(),
        people_cut_off: isolation.people_cut_off,
        zones,
    }
}

fn view(app: &App, incident: Incident) -> IncidentView {
    let city = &app.ground.city;
    let people = city.population(incident.zones.iter().map(|hit| &hit.code));
    let zones = incident.zones.into_iter().map(|hit| IncidentZone {
        name: city.zone(&hit.code).map(|zone| zone.name.clone()).unwrap_or_default(),
        code: hit.code.to_string(),
        share: hit.share,
        minutes: hit.minutes,
    });
    IncidentView {
        id: incident.id,
        hazard: incident.hazard,
        level: incident.level,
        state: incident.stage,
        probability: assess::probability(incident.log_odds_mnat),
        place: incident.place,
        zones: zones.collect(),
        reasons: incident.reasons,
        started_at: incident.started_at,
        changed_at: incident.recorded_at,
        footprint: incident.footprint,
        bands: incident.bands,
        people,
        version: incident.version,
        map_hash: incident.map_hash,
        rules_hash: incident.rules_hash,
    }
}
