//! Tokens of the staff's own programs, and ending the sign-ins of a person.
//! Used by staff for themselves, by programs they set up, and by administrators.
//! The secret of a token is in one answer only; what opens nothing any more is not listed.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{
        ConnectInfo, Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{HeaderMap, StatusCode},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem, session::peer_address};
use crate::{
    id::{PersonId, Secret, TokenId},
    staff::{
        self, Admin, PasswordRefusal, StaffMember, TokensAfter,
        tokens::{self as room, TokenFault},
    },
};

/// All routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(my_tokens, make_token))
        .routes(routes!(end_token))
        .routes(routes!(end_sign_ins))
        .routes(routes!(change_password))
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

/// A password to be changed
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    /// The one that holds now.
    #[schema(value_type = String)]
    current: Secret,
    /// At least 10 characters.
    #[schema(value_type = String)]
    new: Secret,
    /// Let the tokens of my programs open what they opened before; otherwise they end.
    #[serde(default)]
    keep_tokens: bool,
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

/// Change my password
///
/// Asked with a session's cookie. Ends all my sessions, this one too, and all my tokens unless they are to stay.
#[utoipa::path(post, path = "/me/password", tag = "session", request_body = PasswordBody,
    responses((status = 200, body = SignInsEnded), (status = 401, description = "the current password is wrong", body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn change_password(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    by: StaffMember,
    body: Result<Json<PasswordBody>, JsonRejection>,
) -> Result<Json<SignInsEnded>, Problem> {
    let Json(body) = body?;
    let tokens = if body.keep_tokens { TokensAfter::Stay } else { TokensAfter::End };
    let peer = peer_address(&app, peer, &headers);
    let ended = staff::change_own_password(&app.ground, &by, (&body.current, &body.new), tokens, &peer).await?;
    Ok(Json(SignInsEnded { sessions: ended.sessions, tokens: ended.tokens }))
}

impl From<PasswordRefusal> for Problem {
    fn from(refusal: PasswordRefusal) -> Self {
        match refusal {
            PasswordRefusal::SignIn(refusal) => refusal.into(),
            PasswordRefusal::New(fault) => fault.into(),
            PasswordRefusal::ByToken => Self::new(StatusCode::FORBIDDEN, "by-token", refusal.to_string()),
        }
    }
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
