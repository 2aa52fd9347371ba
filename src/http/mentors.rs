//! Mentors over HTTP: who looks after whom, and which minors nobody looks after.
//! Called by the console.
//! What a mentor may do ends with the answer to the request that ends it, in their open sessions too.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    App,
    helpers::{HelperPage, HelperQuery, page, page_limit},
    problem::Problem,
};
use crate::{
    helpers as room,
    id::PersonId,
    staff::{Registrar, StaffMember},
};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(without_mentor))
        .routes(routes!(assign_mentor))
        .routes(routes!(appoint))
        .routes(routes!(end))
}

/// Who looks after a helper.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MentorChoice {
    /// None: nobody.
    mentor: Option<PersonId>,
}

/// A mentor who was assigned
#[derive(Serialize, ToSchema)]
pub struct MentorAssigned {
    /// Whether the mentor before looks after nobody any more, and has therefore stopped being one.
    mentorship_ended: bool,
}

/// A mentorship that was ended
#[derive(Serialize, ToSchema)]
pub struct MentorshipEnded {
    /// The minors who are now without a mentor.
    minors: Vec<PersonId>,
}

/// Minors without a mentor
///
/// They are warned like everybody; nothing is asked of them until somebody looks after them.
#[utoipa::path(get, path = "/helpers/without-mentor", tag = "helpers", params(HelperQuery),
    responses((status = 200, body = HelperPage), (status = 403, body = Problem)))]
pub async fn without_mentor(
    State(app): State<App>,
    by: StaffMember,
    query: Result<Query<HelperQuery>, QueryRejection>,
) -> Result<Json<HelperPage>, Problem> {
    let Query(query) = query?;
    let limit = page_limit(&query);
    let minors = room::minors_without_mentor(&app.ground, &by, query.after, limit).await?;
    Ok(Json(page(&app, minors, limit).await?))
}

/// Give a helper another mentor, or none
///
/// A mentor whose last helper is taken away stops being one: the role ends, open invitations are taken back.
#[utoipa::path(post, path = "/helpers/{id}/mentor", tag = "helpers", params(("id" = String, Path)), request_body = MentorChoice,
    responses((status = 200, body = MentorAssigned), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn assign_mentor(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
    body: Result<Json<MentorChoice>, JsonRejection>,
) -> Result<Json<MentorAssigned>, Problem> {
    let (Path(id), Json(body)) = (path?, body?);
    let mentorship_ended = room::assign_mentor(&app.ground, &by, id, body.mentor).await?;
    Ok(Json(MentorAssigned { mentorship_ended }))
}

/// Make somebody a mentor
#[utoipa::path(post, path = "/mentors/{id}/appoint", tag = "helpers", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 422, description = "a minor", body = Problem)))]
pub async fn appoint(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    room::appoint(&app.ground, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a mentorship
///
/// At once, also when minors are left without a mentor: these are named.
#[utoipa::path(post, path = "/mentors/{id}/end", tag = "helpers", params(("id" = String, Path)),
    responses((status = 200, body = MentorshipEnded), (status = 422, description = "no mentor", body = Problem)))]
pub async fn end(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
) -> Result<Json<MentorshipEnded>, Problem> {
    let Path(id) = path?;
    Ok(Json(MentorshipEnded { minors: room::end_mentorship(&app.ground, &by, id).await? }))
}
