//! Tokens of the staff's own programs, and ending the sign-ins of a person.
//! Used by staff for themselves, by programs they set up, and by administrators.
//! The secret of a token is in one answer only; what opens nothing any more is not listed.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::StatusCode,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem};
use crate::{
    id::{PersonId, TokenId},
    staff::{
        Admin, StaffMember,
        tokens::{self as room, TokenFault},
    },
};

/// All routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(my_tokens, make_token)).routes(routes!(end_token)).routes(routes!(end_sign_ins))
}

/// A token to be made
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// What it is for, 1 to 100 characters.
    name: String,
}

/// A token that was made; it is shown once
#[derive(Serialize, ToSchema)]
pub struct TokenMade {
    id: TokenId,
    /// Sent as `Authorization: Bearer …`.
    token: String,
}

/// A token of mine
#[derive(Serialize, ToSchema)]
pub struct TokenItem {
    id: TokenId,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created: Timestamp,
}

/// My open tokens
#[derive(Serialize, ToSchema)]
pub struct TokenPage {
    items: Vec<TokenItem>,
    /// Always null: there are few.
    next: Option<String>,
}

/// What was ended
#[derive(Serialize, ToSchema)]
pub struct SignInsEnded {
    sessions: u64,
    tokens: u64,
}

/// My open tokens, oldest first
#[utoipa::path(get, path = "/me/tokens", tag = "session",
    responses((status = 200, body = TokenPage), (status = 403, body = Problem)))]
pub async fn my_tokens(State(app): State<App>, by: StaffMember) -> Result<Json<TokenPage>, Problem> {
    let tokens = room::own(&app.ground, &by).await?;
    let item = |token: room::Token| TokenItem { id: token.id, name: token.name, created: token.created_at };
    Ok(Json(TokenPage { items: tokens.into_iter().map(item).collect(), next: None }))
}

/// Make a token for a program that acts as me
///
/// Asked with a session's cookie: a token can't make tokens.
#[utoipa::path(post, path = "/me/tokens", tag = "session", request_body = TokenBody,
    responses((status = 201, body = TokenMade), (status = 403, body = Problem),
        (status = 409, description = "too many open tokens", body = Problem), (status = 422, body = Problem)))]
pub async fn make_token(
    State(app): State<App>,
    by: StaffMember,
    body: Result<Json<TokenBody>, JsonRejection>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    let Json(body) = body?;
    let (id, secret) = room::make_own(&app.ground, &by, &body.name).await?;
    Ok((StatusCode::CREATED, Json(TokenMade { id, token: secret.reveal().to_owned() })))
}

/// End a token of mine
#[utoipa::path(delete, path = "/me/tokens/{id}", tag = "session", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn end_token(
    State(app): State<App>,
    by: StaffMember,
    path: Result<Path<TokenId>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    if room::end_own(&app.ground, &by, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("open token of yours"))
    }
}

/// End all sessions and tokens of a person
///
/// Their password stays: `hamyar staff password` sets a new one.
#[utoipa::path(delete, path = "/people/{id}/sessions", tag = "session", params(("id" = String, Path)),
    responses((status = 200, body = SignInsEnded), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn end_sign_ins(
    State(app): State<App>,
    by: Admin,
    path: Result<Path<PersonId>, PathRejection>,
) -> Result<Json<SignInsEnded>, Problem> {
    let Path(id) = path?;
    let ended = room::end_sign_ins(&app.ground, &by, id).await?.ok_or_else(|| Problem::not_found("person"))?;
    Ok(Json(SignInsEnded { sessions: ended.sessions, tokens: ended.tokens }))
}

impl From<TokenFault> for Problem {
    fn from(fault: TokenFault) -> Self {
        let title = fault.to_string();
        match fault {
            TokenFault::Name => Self::unusable(vec![title]),
            TokenFault::TooMany => Self::conflict("too-many-tokens", title),
            TokenFault::ByToken => Self::new(StatusCode::FORBIDDEN, "by-token", title),
            TokenFault::NoSuchLogin(_) => Self::not_found("person of the staff"),
            TokenFault::Store(fault) => fault.into(),
        }
    }
}
