//! The demo's own ends: the inbox for staff, and the gateway that takes its text messages and webhooks on loopback.
//! Used by the console's inbox page, and by the real channels of the demo.
//! Without the demo's database every route here is a 404.

use std::net::SocketAddr;

use axum::{
    Json,
    extract::{ConnectInfo, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::problem::Problem;
use crate::{
    deliver::{
        Channel,
        sandbox::{self, Direction, NewSandboxMessage},
    },
    ground::Ground,
    id::NoticeId,
    staff::{
        StaffMember,
        contact::{ContactKind, masked},
    },
};

/// Which page of the inbox.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many, 1 to 200; 50 when not given.
    limit: Option<i64>,
    /// What `next` of the page before said.
    after: Option<Uuid>,
}

/// The demo's inbox.
#[derive(Serialize, ToSchema)]
pub struct Inbox {
    items: Vec<Shown>,
    next: Option<Uuid>,
}

/// A message of the demo.
#[derive(Serialize, ToSchema)]
pub struct Shown {
    id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    channel: Channel,
    direction: Direction,
    to_masked: String,
    person_name: Option<String>,
    subject: String,
    body: String,
    notice: Option<NoticeId>,
}

/// The demo's inbox, newest first
#[utoipa::path(get, path = "/demo/inbox", tag = "demo", params(Page),
    responses((status = 200, body = Inbox), (status = 404, description = "this is no demo", body = Problem)))]
pub async fn inbox(
    State(ground): State<Ground>,
    _by: StaffMember,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Inbox>, Problem> {
    if ground.exercise.is_none() {
        return Err(Problem::not_found("inbox: this is no demo"));
    }
    let Query(page) = query?;
    let limit = page.limit.unwrap_or(50).clamp(1, 200);
    let messages = sandbox::inbox(&ground, page.after, limit).await?;
    let full = i64::try_from(messages.len()).is_ok_and(|count| count == limit);
    let next = messages.last().filter(|_| full).map(|message| message.id);
    let items = messages
        .into_iter()
        .map(|message| Shown {
            id: message.id,
            at: message.at(),
            channel: message.channel,
            direction: message.direction,
            to_masked: masked(
                match message.channel {
                    Channel::Sms | Channel::Live => ContactKind::Phone,
                    Channel::Email => ContactKind::Email,
                    Channel::Webhook => ContactKind::Webhook,
                    Channel::Mqtt => ContactKind::Mqtt,
                },
                &message.address,
            ),
            person_name: message.person_name,
            subject: message.subject,
            body: message.body,
            notice: message.notice_id,
        })
        .collect();
    Ok(Json(Inbox { items, next }))
}

/// What the SMS channel sends in Kannel's words.
#[derive(Deserialize)]
pub struct SendSms {
    to: String,
    text: String,
    #[serde(rename = "dlr-url")]
    dlr_url: Option<String>,
}

/// The demo's SMS gateway: takes a message as Kannel's `sendsms` does and keeps it for the inbox.
pub async fn send_sms(
    State(ground): State<Ground>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    query: Result<Query<SendSms>, QueryRejection>,
) -> Result<(StatusCode, &'static str), Problem> {
    refuse_outside(&ground, peer, &headers)?;
    let Query(sms) = query?;
    // The report's address carries the notice's id, as it would for a real gateway.
    let notice = sms
        .dlr_url
        .as_deref()
        .and_then(|url| reqwest::Url::parse(url).ok())
        .and_then(|url| url.query_pairs().find(|(name, _)| name == "id").and_then(|(_, id)| id.parse().ok()));
    let message = NewSandboxMessage {
        direction: Direction::Out,
        channel: Channel::Sms,
        address: &sms.to,
        subject: "",
        body: &sms.text,
        notice,
    };
    sandbox::keep(&ground, &message).await?;
    Ok((StatusCode::ACCEPTED, "0: Accepted for delivery"))
}

/// The demo's other system: takes a webhook and keeps it for the inbox.
pub async fn webhook(
    State(ground): State<Ground>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: String,
) -> Result<StatusCode, Problem> {
    refuse_outside(&ground, peer, &headers)?;
    let id = headers.get("webhook-id").and_then(|value| value.to_str().ok()).and_then(|id| id.parse().ok());
    let event: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let message = NewSandboxMessage {
        direction: Direction::Out,
        channel: Channel::Webhook,
        address: "http://demo",
        subject: event["type"].as_str().unwrap_or_default(),
        body: &body,
        notice: id,
    };
    sandbox::keep(&ground, &message).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A proxy on this machine comes from loopback too; what it brings from others says so.
fn refuse_outside(ground: &Ground, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Problem> {
    let is_brought = ["x-forwarded-for", "forwarded", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
    if ground.exercise.is_some() && peer.ip().is_loopback() && !is_brought {
        Ok(())
    } else {
        Err(Problem::not_found("page"))
    }
}
