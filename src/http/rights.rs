//! Turns a cookie or a bearer token into a right: an extractor per right.
//! Handlers name the right they need as an argument and can't be reached without it.
//! A request that changes something by cookie must come from our own pages (Origin is checked), so no other site can act for its reader.

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, Method, header, request::Parts},
};
use axum_extra::extract::CookieJar;

use super::{App, problem::Problem};
use crate::{
    id::Secret,
    staff::{Admin, Approver, Caller, Helper, Mentor, Officer, Operator, Registrar, StaffMember, sign_in},
};

/// The session cookie.
pub const COOKIE: &str = "hamyar_session";

async fn caller(parts: &Parts, app: &App) -> Result<Option<Caller>, Problem> {
    let by_cookie = bearer(&parts.headers).is_none() && CookieJar::from_headers(&parts.headers).get(COOKIE).is_some();
    if by_cookie && !matches!(parts.method, Method::GET | Method::HEAD) {
        same_origin(&parts.headers, &app.ground.config.public_url())?;
    }
    caller_of(&parts.headers, app).await
}

/// Who asks with these headers, as it is now. Of a request that only reads; whatever changes something also asks where it comes from.
pub(super) async fn caller_of(headers: &HeaderMap, app: &App) -> Result<Option<Caller>, Problem> {
    if let Some(token) = bearer(headers) {
        return Ok(sign_in::caller_of_token(&app.ground, &token).await?);
    }
    let jar = CookieJar::from_headers(headers);
    let Some(cookie) = jar.get(COOKIE) else { return Ok(None) };
    Ok(sign_in::caller_of_session(&app.ground, &Secret::new(cookie.value())).await?)
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}

/// Refuses what another site's page sends with our cookie. Browsers send `Origin` with every POST, PUT and DELETE.
pub fn same_origin(headers: &HeaderMap, public_url: &str) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        // No browser page: a program that was given the cookie.
        return Ok(());
    };
    let host = origin.split_once("://").map_or("", |(_, host)| host);
    if origin == public_url || text(header::HOST).is_some_and(|own| own == host) {
        Ok(())
    } else {
        Err(Problem::new(
            axum::http::StatusCode::FORBIDDEN,
            "other-origin",
            "this request came from another site's page",
        ))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        caller(parts, app).await?.ok_or_else(Problem::sign_in_first)
    }
}

impl OptionalFromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Problem> {
        caller(parts, app).await
    }
}

macro_rules! extract {
    ($($right:ident: $word:literal),+ $(,)?) => {$(
        impl FromRequestParts<App> for $right {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
                let caller = caller(parts, app).await?.ok_or_else(Problem::sign_in_first)?;
                Self::try_from_caller(caller).ok_or_else(|| Problem::no_right($word))
            }
        }
    )+};
}

extract! {
    Helper: "a helper",
    Mentor: "a mentor",
    Operator: "an operator",
    Officer: "an officer",
    Approver: "an approver",
    Admin: "an administrator",
    Registrar: "an administrator or an officer",
    StaffMember: "the staff",
}
