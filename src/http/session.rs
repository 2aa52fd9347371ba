//! Log-in, log-out, and who is asking.
//! Used by the console (name and password) and the helper's page (one-time code).
//! The cookie is HttpOnly and SameSite=Strict; answers never tell whether a name or number is known.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
};
use axum_extra::extract::{CookieJar, cookie::Cookie};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    problem::Problem,
    rights::{COOKIE, same_origin},
};
use crate::{
    deliver,
    id::{PersonId, Secret},
    staff::{Caller, Role, contact::ContactKind, sign_in as room},
};

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The log-in name.
    login: String,
    #[schema(value_type = String)]
    password: Secret,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub struct Me {
    id: PersonId,
    name: String,
    /// BCP 47.
    language: String,
    roles: Vec<Role>,
    /// Everything here is invented: the demo.
    exercise: bool,
}

/// Where a one-time code is sent.
#[derive(Deserialize, ToSchema)]
pub struct AskCode {
    kind: ContactKind,
    /// A telephone number or e-mail address.
    address: String,
}

/// A one-time code.
#[derive(Deserialize, ToSchema)]
pub struct Code {
    kind: ContactKind,
    address: String,
    #[schema(value_type = String)]
    code: Secret,
    /// Which of the people of this telephone; needed only when there are several.
    person: Option<PersonId>,
}

/// Sign in with name and password
#[utoipa::path(post, path = "/session", tag = "session", request_body = Credentials,
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 429, body = Problem)))]
pub async fn sign_in(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    jar: CookieJar,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<(CookieJar, Json<Me>), Problem> {
    let Json(credentials) = body?;
    same_origin(&headers, &app.ground.config.public_url())?;
    let address = peer_address(&app, peer, &headers);
    let signed_in = room::by_password(&app.ground, &credentials.login, &credentials.password, &address).await?;
    Ok(welcome(&app, jar, &signed_in))
}

/// Who am I
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub async fn who_am_i(State(app): State<App>, caller: Caller) -> Json<Me> {
    Json(me(&app, &caller))
}

/// Sign out
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub async fn sign_out(
    State(app): State<App>,
    caller: Caller,
    jar: CookieJar,
) -> Result<(StatusCode, CookieJar), Problem> {
    room::sign_out(&app.ground, &caller).await?;
    Ok((StatusCode::NO_CONTENT, jar.remove(Cookie::build(COOKIE).path("/"))))
}

/// Ask for a one-time code
///
/// Always 202: whether the address is known is not told.
#[utoipa::path(post, path = "/session/code", tag = "session", request_body = AskCode,
    responses((status = 202), (status = 429, body = Problem)))]
pub async fn ask_code(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Result<Json<AskCode>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(ask) = body?;
    room::count_ask(&app.ground, &peer_address(&app, peer, &headers)).await?;
    deliver::send_sign_in_code(&app.ground, ask.kind, &ask.address).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Sign in with a one-time code
#[utoipa::path(post, path = "/session/code/verify", tag = "session", request_body = Code,
    responses((status = 200, body = Me), (status = 401, body = Problem), (status = 409, description = "several people use this contact", body = Problem)))]
pub async fn sign_in_by_code(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    jar: CookieJar,
    body: Result<Json<Code>, JsonRejection>,
) -> Result<(CookieJar, Json<Me>), Problem> {
    let Json(code) = body?;
    same_origin(&headers, &app.ground.config.public_url())?;
    let peer = peer_address(&app, peer, &headers);
    let signed_in = room::by_code(&app.ground, code.kind, &code.address, &code.code, code.person, &peer).await?;
    Ok(welcome(&app, jar, &signed_in))
}

/// The address that asks: the peer's, or what a trusted proxy says.
pub fn peer_address(app: &App, peer: SocketAddr, headers: &HeaderMap) -> String {
    let trusted = &app.ground.config.server.trusted_proxies;
    if trusted.contains(&peer.ip()) {
        let forwarded = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).unwrap_or_default();
        // From the right, the first address that is not a proxy of ours: what stands further left can be invented.
        let client = forwarded
            .rsplit(',')
            .filter_map(|text| text.trim().parse().ok())
            .find(|address| !trusted.contains(address));
        if let Some(client) = client {
            return client.to_string();
        }
    }
    peer.ip().to_string()
}

fn welcome(app: &App, jar: CookieJar, signed_in: &room::SignedIn) -> (CookieJar, Json<Me>) {
    let seconds = signed_in.expires.duration_since(app.ground.now()).as_secs();
    let secure = if app.ground.config.public_url().starts_with("https://") { "; Secure" } else { "" };
    let secret = signed_in.secret.reveal();
    let cookie =
        Cookie::parse(format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"))
            .expect("base64url and our own attributes make a cookie");
    let me = me(app, &signed_in.caller);
    (jar.add(cookie), Json(me))
}

fn me(app: &App, caller: &Caller) -> Me {
    Me {
        id: caller.person(),
        name: caller.name().to_owned(),
        language: caller.language().to_owned(),
        roles: caller.roles().iter().copied().collect(),
        exercise: app.ground.exercise.is_some(),
    }
}
