//! Where SMS gateways bring messages: `/hooks/sms/{gateway}`, GET or POST.
//! Called by gateways with their secret; `app` calls [`run_due`] for what was kept but not looked at before a stop.
//! A message is kept before it is acknowledged; the answer is empty text, for repeats too; secrets never reach a log.

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use tracing::warn;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{App, problem::Problem};
use crate::{
    deliver::reply::{self, SmsReply},
    ground::Ground,
    id::Secret,
    reports::{
        self, Channel, Incoming, KeptSms, Refusal,
        channel::sms::{self, Kept, Parts},
    },
    staff::contact::ContactKind,
    store::Fault,
};

/// Bring a text message
///
/// For SMS gateways, in Kannel's words: from, to, text, coding, charset, ts, id, smsc; as query, form or JSON object, with the
/// gateway's secret as `secret` or `password`, or as bearer token. Answered with empty text.
#[utoipa::path(post, path = "/hooks/sms/{gateway}", tag = "hooks", request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    params(("gateway" = String, Path, description = "its name in the configuration")),
    responses((status = 200, content_type = "text/plain", body = String), (status = 403, body = Problem)))]
pub async fn bring_sms(
    State(app): State<App>,
    Path(gateway): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let parts = parts(&headers, &body, query.as_deref().unwrap_or_default())?;
    prove(&app.ground, &gateway, &headers, &parts)?;
    match sms::keep(&app.ground, &gateway, sms::read(&parts)).await? {
        // Kept is acknowledged, whatever comes of it: should this fail, `run_due` looks at it again.
        Kept::New(kept) => {
            if let Err(fault) = take(&app.ground, &kept).await {
                metrics::counter!("hamyar_sms_in_left_total").increment(1);
                warn!(%fault, gateway, "a text message was kept and will be looked at again: {fault}");
            }
        }
        Kept::Again => metrics::counter!("hamyar_sms_in_repeated_total").increment(1),
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "").into_response())
}

/// Bring a text message in the address line
///
/// The same for gateways that know only GET, as Kannel's `get-url`. It keeps what it is told, under the message's own key.
#[utoipa::path(get, path = "/hooks/sms/{gateway}", tag = "hooks",
    params(("gateway" = String, Path, description = "its name in the configuration"), ("from" = Option<String>, Query), ("text" = Option<String>, Query),
        ("id" = Option<String>, Query), ("secret" = Option<String>, Query)),
    responses((status = 200, content_type = "text/plain", body = String), (status = 403, body = Problem)))]
pub async fn bring_sms_by_query(
    state: State<App>,
    path: Path<String>,
    query: RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    bring_sms(state, path, query, headers, Bytes::new()).await
}

/// The routes of this file.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(bring_sms, bring_sms_by_query))
}

/// Looks again at messages that were kept before the service stopped. One bounded piece; gives how many.
pub async fn run_due(ground: &Ground) -> Result<usize, Fault> {
    let mut taken = 0;
    let mut last_fault = None;
    for kept in &sms::left(ground).await? {
        // One that can't be taken does not hold up those behind it.
        match take(ground, kept).await {
            Ok(()) => taken += 1,
            Err(fault) => {
                warn!(%fault, gateway = %kept.gateway, "a kept text message could not be looked at: {fault}");
                last_fault = Some(fault);
            }
        }
    }
    match last_fault {
        Some(fault) if taken == 0 => Err(fault),
        Some(_) | None => Ok(taken),
    }
}

/// Makes of a kept message what it is: an answer to a notice, else a report.
async fn take(ground: &Ground, kept: &KeptSms) -> Result<(), Fault> {
    let words = kept.words.clone().unwrap_or_default();
    if let Some(sender) = kept.sender.as_ref().filter(|_| kept.readable) {
        match reply::by_sms(ground, sender, &words).await? {
            SmsReply::Answered | SmsReply::AskedBack => return sms::settle(ground, kept, None).await,
            SmsReply::NotAnAnswer => {}
        }
    }
    let mut incoming = Incoming::new(Channel::Sms, words);
    incoming.key = Some(sms::report_key(kept));
    incoming.sender = kept.sender.clone().map(|sender| (ContactKind::Phone, sender));
    incoming.at = kept.sent_at.map(|at| at.0);
    incoming.unreadable = !kept.readable;
    match reports::receive(ground, incoming).await {
        Ok(receipt) => sms::settle(ground, kept, Some(receipt.id)).await,
        // Nothing but spaces: there is nothing to keep.
        Err(Refusal::Unusable(_) | Refusal::KeyReused) => {
            metrics::counter!("hamyar_sms_in_empty_total").increment(1);
            sms::settle(ground, kept, None).await
        }
        Err(Refusal::Store(fault)) => Err(fault),
    }
}

fn parts(headers: &HeaderMap, body: &[u8], query: &str) -> Result<Parts, Problem> {
    let query = Parts::from_form(query.as_bytes());
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if body.is_empty() {
        Ok(query)
    } else if kind.contains("json") {
        let unreadable = || Problem::new(StatusCode::BAD_REQUEST, "unreadable", "the body is no JSON object");
        Ok(Parts::from_json(body).ok_or_else(unreadable)?.and(query))
    } else {
        Ok(Parts::from_form(body).and(query))
    }
}

/// An unknown gateway and a wrong secret get the same answer.
fn prove(ground: &Ground, gateway: &str, headers: &HeaderMap, parts: &Parts) -> Result<(), Problem> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix("Bearer "))
        .map(str::to_owned);
    let given = bearer.or_else(|| parts.text(&["secret", "password"])).map(Secret::new);
    let known = ground.config.sms.gateways.get(gateway);
    // Digests are compared: how long that takes tells nothing about the secret.
    let fits = known.zip(given).is_some_and(|(known, given)| known.secret.digest() == given.digest());
    if fits {
        Ok(())
    } else {
        metrics::counter!("hamyar_sms_in_refused_total").increment(1);
        Err(Problem::new(StatusCode::FORBIDDEN, "no-gateway", "this gateway is unknown or its secret is wrong"))
    }
}
