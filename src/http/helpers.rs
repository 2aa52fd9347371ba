//! Helpers over HTTP: the list, registration, invitations, contacts that are proved by a code, and a helper's own page.
//! Called by the console (staff, mentors), by the invitation's page and by the helper's page.
//! Addresses are shown in part; a mentor sees their own helpers only; a link shows by GET and acts by POST.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{
        ConnectInfo, Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
};
use jiff::Timestamp;
use maps::{Texts, ZoneCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem, session::peer_address};
use crate::{
    helpers::{
        self as room, HelperFault, HelperRow, InvitationRow, InviteRefusal, NewHelper, NewInvitation, Registered,
    },
    id::{InvitationId, PersonId, Secret, SquadId},
    staff::{
        Helper, Mentor, Registrar,
        contact::{ContactKind, masked},
        sign_in,
    },
    store::{Fault, Tx},
};

/// Helpers on a page at most, and when nothing is asked.
const PAGE_MAX: i64 = 500;
const PAGE: i64 = 100;

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, register))
        .routes(routes!(record_consent))
        .routes(routes!(change_zones))
        .routes(routes!(remove))
        .routes(routes!(erase))
        .routes(routes!(invite, invitations))
        .routes(routes!(take_back))
        .routes(routes!(show_invitation, accept))
        .routes(routes!(send_code_again))
        .routes(routes!(prove))
        .routes(routes!(me))
        .routes(routes!(change_my_zones))
        .routes(routes!(leave))
}

/// Who may see helpers: staff that registers them sees all, a mentor their own.
pub enum Viewer {
    /// All of them.
    Registrar,
    /// Those of one mentor.
    Mentor(PersonId),
}

impl axum::extract::FromRequestParts<App> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> Result<Self, Problem> {
        let caller = crate::staff::Caller::from_request_parts(parts, app).await?;
        if crate::staff::StaffMember::try_from_caller(caller.clone()).is_some() {
            return Ok(Self::Registrar);
        }
        let mentor = Mentor::try_from_caller(caller).ok_or_else(|| Problem::no_right("the staff or a mentor"))?;
        Ok(Self::Mentor(mentor.person()))
    }
}

/// An address, in part
#[derive(Serialize, ToSchema)]
pub struct ContactItem {
    kind: ContactKind,
    masked: String,
    /// Whether the helper proved to be reached there.
    verified: bool,
    /// 1 is tried first.
    preference: i32,
}

/// A helper
#[derive(Serialize, ToSchema)]
pub struct HelperItem {
    id: PersonId,
    name: String,
    /// BCP 47.
    language: String,
    minor: bool,
    mentor: Option<PersonId>,
    mentor_name: Option<String>,
    /// Codes of the home zones.
    #[schema(value_type = Vec<String>)]
    zones: Vec<ZoneCode>,
    contacts: Vec<ContactItem>,
    /// Until when a guardian has consented to tasks and questions.
    #[schema(value_type = Option<String>, format = DateTime)]
    consent_until: Option<Timestamp>,
    /// The squad's name.
    squad: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
}

/// A page of helpers
#[derive(Serialize, ToSchema)]
pub struct HelperPage {
    items: Vec<HelperItem>,
    next: Option<String>,
}

/// Which helpers.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HelperQuery {
    /// How many at most (500).
    limit: Option<i64>,
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    pub(super) after: Option<PersonId>,
}

/// An address to be reached at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactBody {
    kind: ContactKind,
    /// A telephone number or an e-mail address; not needed for MQTT, whose account is ours.
    #[serde(default)]
    address: String,
}

/// A helper to be registered
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HelperBody {
    name: String,
    /// BCP 47, one of the city's languages.
    language: String,
    #[serde(default)]
    minor: bool,
    /// Also a mentor.
    #[serde(default)]
    is_mentor: bool,
    mentor: Option<PersonId>,
    #[schema(value_type = Option<String>, format = DateTime)]
    consent_until: Option<Timestamp>,
    /// In order of preference.
    contacts: Vec<ContactBody>,
    #[schema(value_type = Vec<String>)]
    zones: Vec<ZoneCode>,
    squad: Option<SquadId>,
}

/// A helper who was registered
#[derive(Serialize, ToSchema)]
pub struct RegisteredBody {
    id: PersonId,
    #[schema(value_type = Vec<String>)]
    zones: Vec<ZoneCode>,
    /// Their account on our broker, when they chose MQTT.
    mqtt: Option<MqttBody>,
    /// What calls to their own programs are signed with.
    webhooks: Vec<WebhookBody>,
}

/// A webhook of a helper's own; the secret is shown once
#[derive(Serialize, ToSchema)]
pub struct WebhookBody {
    address: String,
    /// `whsec_…` (Standard Webhooks).
    secret: String,
}

/// An MQTT account; the secret is shown once
#[derive(Serialize, ToSchema)]
pub struct MqttBody {
    user: String,
    secret: String,
    /// Where notices come.
    notices: String,
    /// Where answers go.
    answers: String,
}

/// Until when a guardian has consented.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentBody {
    /// None takes it back.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Home zones.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZonesBody {
    #[schema(value_type = Vec<String>)]
    zones: Vec<ZoneCode>,
}

/// An invitation to be made
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationBody {
    /// Among which the helper may choose.
    #[schema(value_type = Vec<String>)]
    zones: Vec<ZoneCode>,
    #[serde(default)]
    minor: bool,
    squad: Option<SquadId>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Timestamp>,
}

/// An invitation that was made; link and secret are shown once
#[derive(Serialize, ToSchema)]
pub struct InvitationMade {
    id: InvitationId,
    link: String,
    secret: String,
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
}

/// An invitation of mine
#[derive(Serialize, ToSchema)]
pub struct InvitationItem {
    id: InvitationId,
    #[schema(value_type = Vec<String>)]
    zones: Vec<ZoneCode>,
    minor: bool,
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
    used: bool,
    taken_back: bool,
}

/// My invitations
#[derive(Serialize, ToSchema)]
pub struct InvitationPage {
    items: Vec<InvitationItem>,
    next: Option<String>,
}

/// A zone to choose
#[derive(Serialize, ToSchema)]
pub struct ZoneChoice {
    code: String,
    #[schema(value_type = Object)]
    name: Texts,
}

/// What an invitation is for
#[derive(Serialize, ToSchema)]
pub struct InvitationView {
    /// Who invites.
    mentor: String,
    zones: Vec<ZoneChoice>,
    minor: bool,
    languages: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    expires: Timestamp,
}

/// What an invited person says of themselves
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptBody {
    name: String,
    /// BCP 47.
    language: String,
    /// In order of preference.
    contacts: Vec<ContactBody>,
    /// Home zones among those of the invitation; none: all of them.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    zones: Vec<ZoneCode>,
}

/// Whose contact needs a new code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeAgainBody {
    person: PersonId,
    kind: ContactKind,
    address: String,
}

/// A code that proves a contact
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofBody {
    person: PersonId,
    kind: ContactKind,
    address: String,
    #[schema(value_type = String)]
    code: Secret,
}

/// Helpers
#[utoipa::path(get, path = "/helpers", operation_id = "list_helpers", tag = "helpers", params(HelperQuery),
    responses((status = 200, body = HelperPage), (status = 403, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    viewer: Viewer,
    query: Result<Query<HelperQuery>, QueryRejection>,
) -> Result<Json<HelperPage>, Problem> {
    let Query(query) = query?;
    let limit = page_limit(&query);
    let mentor = match viewer {
        Viewer::Registrar => None,
        Viewer::Mentor(mentor) => Some(mentor),
    };
    let helpers = app.ground.store.read("list helpers").await?.helpers_after(mentor, query.after, limit).await?;
    Ok(Json(page(&app, helpers, limit).await?))
}

/// Register a helper whose contacts staff has checked
#[utoipa::path(post, path = "/helpers", tag = "helpers", request_body = HelperBody,
    responses((status = 201, body = RegisteredBody), (status = 422, body = Problem)))]
pub async fn register(
    State(app): State<App>,
    by: Registrar,
    body: Result<Json<HelperBody>, JsonRejection>,
) -> Result<(StatusCode, Json<RegisteredBody>), Problem> {
    let Json(body) = body?;
    let new = NewHelper {
        name: body.name,
        language: body.language,
        minor: body.minor,
        is_mentor: body.is_mentor,
        mentor: body.mentor,
        guardian_consent_until: body.consent_until,
        contacts: contacts(body.contacts),
        zones: body.zones,
        squad: body.squad,
    };
    let registered = room::register(&app.ground, &by, &new).await?;
    Ok((StatusCode::CREATED, Json(present(&app, registered))))
}

/// Record a guardian's consent
#[utoipa::path(post, path = "/helpers/{id}/consent", tag = "helpers", params(("id" = String, Path)), request_body = ConsentBody,
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn record_consent(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
    body: Result<Json<ConsentBody>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (Path(id), Json(body)) = (path?, body?);
    room::consent(&app.ground, &by, id, body.until).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change a helper's home zones
#[utoipa::path(post, path = "/helpers/{id}/zones", tag = "helpers", params(("id" = String, Path)), request_body = ZonesBody,
    responses((status = 200, body = ZonesBody), (status = 422, body = Problem)))]
pub async fn change_zones(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
    body: Result<Json<ZonesBody>, JsonRejection>,
) -> Result<Json<ZonesBody>, Problem> {
    let (Path(id), Json(body)) = (path?, body?);
    Ok(Json(ZonesBody { zones: room::set_zones(&app.ground, &by, id, &body.zones).await? }))
}

/// End a helper's registration
#[utoipa::path(post, path = "/helpers/{id}/remove", tag = "helpers", params(("id" = String, Path)),
    responses((status = 204), (status = 409, description = "looks after minors", body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    room::remove(&app.ground, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Erase what is personal of a helper
#[utoipa::path(post, path = "/helpers/{id}/erase", tag = "helpers", params(("id" = String, Path)),
    responses((status = 204), (status = 409, description = "looks after minors", body = Problem)))]
pub async fn erase(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    room::erase(&app.ground, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invite a helper
#[utoipa::path(post, path = "/invitations", tag = "helpers", request_body = InvitationBody,
    responses((status = 201, body = InvitationMade), (status = 422, body = Problem)))]
pub async fn invite(
    State(app): State<App>,
    by: Mentor,
    body: Result<Json<InvitationBody>, JsonRejection>,
) -> Result<(StatusCode, Json<InvitationMade>), Problem> {
    let Json(body) = body?;
    let new = NewInvitation { zones: body.zones, minor: body.minor, squad: body.squad, expires: body.expires };
    let invited = room::invite(&app.ground, &by, &new).await?;
    let secret = invited.secret.reveal().to_owned();
    // Behind the `#` the secret stays out of every server's log.
    let link = format!("{}/helper#invitation={secret}", app.ground.config.public_url());
    Ok((StatusCode::CREATED, Json(InvitationMade { id: invited.id, link, secret, expires: invited.expires })))
}

/// My invitations, the newest first
#[utoipa::path(get, path = "/invitations", tag = "helpers", responses((status = 200, body = InvitationPage)))]
pub async fn invitations(State(app): State<App>, by: Mentor) -> Result<Json<InvitationPage>, Problem> {
    let mut tx = app.ground.store.read("list invitations").await?;
    let items = tx.invitations_of(by.person(), PAGE).await?.into_iter().map(invitation_item).collect();
    Ok(Json(InvitationPage { items, next: None }))
}

/// Take an invitation back
#[utoipa::path(post, path = "/invitations/{id}/take-back", tag = "helpers", params(("id" = String, Path)),
    responses((status = 204), (status = 410, body = Problem)))]
pub async fn take_back(
    State(app): State<App>,
    by: Mentor,
    path: Result<Path<InvitationId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    room::revoke(&app.ground, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an invitation is for
#[utoipa::path(get, path = "/invitations/{secret}", tag = "helpers", params(("secret" = String, Path)),
    responses((status = 200, body = InvitationView), (status = 410, body = Problem)))]
pub async fn show_invitation(
    State(app): State<App>,
    Path(secret): Path<String>,
) -> Result<Json<InvitationView>, Problem> {
    let shown = room::show(&app.ground, &Secret::new(secret)).await?;
    let zones = shown.zones.into_iter().map(|code| {
        let name = app.ground.city.zone(&code).map(|zone| zone.name.clone()).unwrap_or_default();
        ZoneChoice { code: code.into(), name }
    });
    Ok(Json(InvitationView {
        mentor: shown.mentor,
        zones: zones.collect(),
        minor: shown.minor,
        languages: app.ground.config.city.languages.clone(),
        expires: shown.expires,
    }))
}

/// Become a helper by an invitation
///
/// A code is sent to each telephone and e-mail address; `/contacts/verify` takes it.
#[utoipa::path(post, path = "/invitations/{secret}", tag = "helpers", params(("secret" = String, Path)), request_body = AcceptBody,
    responses((status = 201, body = RegisteredBody), (status = 410, body = Problem), (status = 422, body = Problem)))]
pub async fn accept(
    State(app): State<App>,
    Path(secret): Path<String>,
    body: Result<Json<AcceptBody>, JsonRejection>,
) -> Result<(StatusCode, Json<RegisteredBody>), Problem> {
    let Json(body) = body?;
    let new = NewHelper {
        name: body.name,
        language: body.language,
        contacts: contacts(body.contacts),
        zones: body.zones,
        ..NewHelper::default()
    };
    let registered = room::accept(&app.ground, &Secret::new(secret), &new).await?;
    Ok((StatusCode::CREATED, Json(present(&app, registered))))
}

/// Send a new code for a contact that is not proved yet
///
/// Always 202: whether the contact is known is not told.
#[utoipa::path(post, path = "/contacts/code", tag = "helpers", request_body = CodeAgainBody, responses((status = 202)))]
pub async fn send_code_again(
    State(app): State<App>,
    body: Result<Json<CodeAgainBody>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(body) = body?;
    room::send_code_again(&app.ground, body.person, body.kind, &body.address).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Prove a contact by the code that was sent to it
#[utoipa::path(post, path = "/contacts/verify", tag = "helpers", request_body = ProofBody,
    responses((status = 204), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn prove(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<ProofBody>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(body) = body?;
    let peer = peer_address(&app, peer, &headers);
    sign_in::prove_contact(&app.ground, body.kind, &body.address, &body.code, body.person, &peer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is known of me
#[utoipa::path(get, path = "/me", tag = "helpers", responses((status = 200, body = HelperItem), (status = 404, body = Problem)))]
pub async fn me(State(app): State<App>, by: Helper) -> Result<Json<HelperItem>, Problem> {
    let mut tx = app.ground.store.read("who am I").await?;
    let helper = tx.helper(by.person()).await?.ok_or_else(|| Problem::not_found("helper"))?;
    Ok(Json(item(&mut tx, helper).await?))
}

/// Change my home zones
#[utoipa::path(post, path = "/me/zones", tag = "helpers", request_body = ZonesBody,
    responses((status = 200, body = ZonesBody), (status = 422, body = Problem)))]
pub async fn change_my_zones(
    State(app): State<App>,
    by: Helper,
    body: Result<Json<ZonesBody>, JsonRejection>,
) -> Result<Json<ZonesBody>, Problem> {
    let Json(body) = body?;
    Ok(Json(ZonesBody { zones: room::set_own_zones(&app.ground, &by, &body.zones).await? }))
}

/// Leave: nothing is sent to me any more
#[utoipa::path(post, path = "/me/leave", tag = "helpers", responses((status = 204), (status = 409, body = Problem)))]
pub async fn leave(State(app): State<App>, by: Helper) -> Result<StatusCode, Problem> {
    room::leave(&app.ground, &by).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn page_limit(query: &HelperQuery) -> i64 {
    query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX)
}

pub(super) async fn page(app: &App, helpers: Vec<HelperRow>, limit: i64) -> Result<HelperPage, Fault> {
    let is_full = i64::try_from(helpers.len()).is_ok_and(|count| count == limit);
    let next = helpers.last().filter(|_| is_full).map(|last| last.person_id.to_string());
    let mut tx = app.ground.store.read("show helpers").await?;
    let mut items = Vec::with_capacity(helpers.len());
    for helper in helpers {
        items.push(item(&mut tx, helper).await?);
    }
    Ok(HelperPage { items, next })
}

async fn item(tx: &mut Tx, helper: HelperRow) -> Result<HelperItem, Fault> {
    let contacts = tx.contacts_of_person(helper.person_id).await?;
    let mentor_name = match helper.mentor_id {
        Some(mentor) => tx.person(mentor).await?.and_then(|mentor| mentor.name),
        None => None,
    };
    let squad = match helper.squad_id {
        Some(squad) => tx.squad(squad).await?.map(|squad| squad.name),
        None => None,
    };
    Ok(HelperItem {
        id: helper.person_id,
        name: helper.name.unwrap_or_default(),
        language: helper.language,
        minor: helper.minor,
        mentor: helper.mentor_id,
        mentor_name,
        zones: tx.zones_of_helper(helper.person_id).await?,
        contacts: contacts
            .into_iter()
            .map(|contact| ContactItem {
                kind: contact.kind,
                masked: masked(contact.kind, &contact.address),
                verified: contact.verified,
                preference: contact.preference,
            })
            .collect(),
        consent_until: helper.consent_until.map(|at| at.0),
        squad,
        joined_at: helper.joined_at.0,
    })
}

fn invitation_item(row: InvitationRow) -> InvitationItem {
    InvitationItem {
        id: row.id,
        zones: row.zones.0,
        minor: row.minor,
        expires: row.expires_at.0,
        used: row.used_at.is_some(),
        taken_back: row.revoked_at.is_some(),
    }
}

fn contacts(bodies: Vec<ContactBody>) -> Vec<(ContactKind, String)> {
    bodies.into_iter().map(|contact| (contact.kind, contact.address)).collect()
}

fn present(app: &App, registered: Registered) -> RegisteredBody {
    let prefix = &app.ground.config.mqtt.prefix;
    let mqtt = registered.mqtt.map(|(user, secret)| MqttBody {
        notices: format!("{prefix}/helpers/{user}/notices"),
        answers: format!("{prefix}/helpers/{user}/answers"),
        secret: secret.reveal().to_owned(),
        user,
    });
    let webhooks = registered.webhooks.into_iter().map(|(address, secret)| {
        let secret = secret.reveal().to_owned();
        WebhookBody { address, secret }
    });
    RegisteredBody { id: registered.person, zones: registered.zones, mqtt, webhooks: webhooks.collect() }
}

impl From<HelperFault> for Problem {
    fn from(fault: HelperFault) -> Self {
        let title = fault.to_string();
        match fault {
            HelperFault::Person(fault) => fault.into(),
            HelperFault::Zone(_)
            | HelperFault::Zones
            | HelperFault::Contacts
            | HelperFault::MentorNeeded
            | HelperFault::NotAMentor
            | HelperFault::MinorMentor
            | HelperFault::UnknownSquad => Self::unusable(vec![title]),
            HelperFault::Unknown => Self::not_found("helper"),
            HelperFault::LooksAfterMinors(_) => Self::conflict("looks-after-minors", title),
            HelperFault::Store(fault) => fault.into(),
        }
    }
}

impl From<InviteRefusal> for Problem {
    fn from(refusal: InviteRefusal) -> Self {
        let title = refusal.to_string();
        match refusal {
            InviteRefusal::Gone => Self::new(StatusCode::GONE, "invitation-gone", title),
            InviteRefusal::ZoneNotOffered(_) | InviteRefusal::NoContact | InviteRefusal::Expires(_) => {
                Self::unusable(vec![title])
            }
            InviteRefusal::TooMany => Self::conflict("too-many-invitations", title),
            InviteRefusal::Helper(fault) => fault.into(),
            InviteRefusal::Store(fault) => fault.into(),
        }
    }
}
