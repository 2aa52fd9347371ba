//! Squads over HTTP: forming one, and who acts with it.
//! Called by the console.
//! A helper belongs to one squad at most.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem};
use crate::{
    helpers as room,
    id::{PersonId, SquadId},
    staff::Registrar,
};

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(assign_squad)).routes(routes!(form_squad))
}

/// Which squad.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SquadChoice {
    /// None: no squad.
    squad: Option<SquadId>,
}

/// A squad to be formed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SquadBody {
    name: String,
    mentor: Option<PersonId>,
}

/// A squad that was formed
#[derive(Serialize, ToSchema)]
pub struct SquadItem {
    id: SquadId,
}

/// Put a helper into a squad
#[utoipa::path(post, path = "/helpers/{id}/squad", tag = "helpers", params(("id" = String, Path)), request_body = SquadChoice,
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn assign_squad(
    State(app): State<App>,
    by: Registrar,
    path: Result<Path<PersonId>, PathRejection>,
    body: Result<Json<SquadChoice>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (Path(id), Json(body)) = (path?, body?);
    room::assign(&app.ground, &by, id, body.squad).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Form a squad
#[utoipa::path(post, path = "/squads", tag = "helpers", request_body = SquadBody,
    responses((status = 201, body = SquadItem), (status = 422, body = Problem)))]
pub async fn form_squad(
    State(app): State<App>,
    by: Registrar,
    body: Result<Json<SquadBody>, JsonRejection>,
) -> Result<(StatusCode, Json<SquadItem>), Problem> {
    let Json(body) = body?;
    let id = room::form(&app.ground, &by, &body.name, body.mentor).await?;
    Ok((StatusCode::CREATED, Json(SquadItem { id })))
}
