//! The demo's visible inbox: what would have left the city, kept in the database instead.
//! The demo's SMS gateway and mail relay are loopback ends of ours (`http::demo`, [`smtp`]), reached by the real channels.
//! Nothing here works on a real city's database: every function refuses without the demo's exercise.

pub mod smtp;

use std::{collections::BTreeMap, net::SocketAddr, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use uuid::Uuid;

use super::Channel;
use crate::{
    bell::LiveAudience,
    config::{Config, Email, SmsGateway, Webhook},
    ground::Ground,
    id::{Ids, NoticeId, Secret},
    store::{At, Fault, stored_text},
};

/// Messages kept; the oldest go first.
const KEPT_MAX: i64 = 2_000;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// We sent it.
    Out,
    /// One of the demo's invented people did.
    In,
}

impl Direction {
    /// The word in the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}

/// A word that is no direction.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no direction")]
pub struct UnknownDirection(String);

impl FromStr for Direction {
    type Err = UnknownDirection;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Out, Self::In]
            .into_iter()
            .find(|direction| direction.as_str() == word)
            .ok_or_else(|| UnknownDirection(word.to_owned()))
    }
}

stored_text!(Direction);

/// A message of the demo.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SandboxMessage {
    /// Sorts by time.
    pub id: Uuid,
    /// When it came or went.
    pub at: At,
    /// Which way.
    pub direction: Direction,
    /// How.
    pub channel: Channel,
    /// An invented number or mailbox.
    pub address: String,
    /// A mail's subject.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The notice that it was.
    pub notice_id: Option<NoticeId>,
    /// Whom the notice told.
    pub person_name: Option<String>,
    /// Whether the notice asks for an answer.
    pub asks: bool,
}

/// A message to be shown.
#[derive(Clone, Debug)]
pub struct NewSandboxMessage<'m> {
    /// Which way.
    pub direction: Direction,
    /// How.
    pub channel: Channel,
    /// An invented number or mailbox.
    pub address: &'m str,
    /// A mail's subject.
    pub subject: &'m str,
    /// The text.
    pub body: &'m str,
    /// The notice that it was, where the channel carries its id.
    pub notice: Option<NoticeId>,
}

/// The name of the demo's SMS gateway: people of the demo write to `/hooks/sms/demo`.
pub const GATEWAY: &str = "demo";

/// Turns every way out of the demo into loopback ends of ours: `listening` is our own HTTP address, `mail` that of [`smtp`].
///
/// Whatever gateways, relays and targets a configuration names, the demo reaches none of them.
pub fn settings(config: &mut Config, ids: &Ids, listening: SocketAddr, mail: SocketAddr) {
    config.sms.send_by = GATEWAY.into();
    let send_url = format!("http://{listening}/demo/gateway/sendsms");
    // The demo's telephones know the secret that was drawn for them before.
    let known = std::mem::take(&mut config.sms.gateways).remove(GATEWAY);
    let gateway = SmsGateway {
        dialect: "kannel".into(),
        secret: known.map_or_else(|| ids.secret(), |known| known.secret),
        send_url,
        user: String::new(),
        password: Secret::new(""),
        sender: config.city.service_number.clone(),
        hooks_url: String::new(),
    };
    config.sms.gateways.insert(GATEWAY.to_owned(), gateway);
    config.email = Email {
        server: format!("smtp://{mail}"),
        user: String::new(),
        password: Secret::new(""),
        from: "Hamyar <hamyar@demo.invalid>".into(),
        reply_to: String::new(),
        ca_file: String::new(),
    };
    config.webhooks = BTreeMap::from([(
        GATEWAY.to_owned(),
        Webhook {
            url: format!("http://{listening}/demo/gateway/webhook"),
            secret: Secret::new(format!("whsec_{}", STANDARD.encode(ids.secret().digest()))),
            events: Vec::new(),
        },
    )]);
}

/// Keeps a message of the demo. Does nothing on a real city's database.
pub async fn keep(ground: &Ground, message: &NewSandboxMessage<'_>) -> Result<(), Fault> {
    if ground.exercise.is_none() {
        return Ok(());
    }
    let now = ground.now();
    let mut tx = ground.store.write("keep sandbox message").await?;
    let known = match message.notice {
        Some(notice) => tx.notice_text(notice).await?,
        None => None,
    };
    // A mail arrives coded for the wire; its notice has the text as people read it.
    let (subject, body) = match (&known, message.channel) {
        (Some((subject, body)), Channel::Email) => (subject.as_str(), body.as_str()),
        _ => (message.subject, message.body),
    };
    let id = ground.ids.uuid(now);
    tx.put_sandbox_message(
        id,
        now,
        message.direction,
        message.channel,
        message.address,
        (subject, body),
        message.notice.filter(|_| known.is_some()),
        KEPT_MAX,
    )
    .await?;
    tx.commit().await?;
    ground.bells.tell(LiveAudience::Staff, "sandbox.changed", serde_json::json!({ "id": id }));
    Ok(())
}

/// The inbox, newest first. Empty on a real city's database.
pub async fn inbox(ground: &Ground, before: Option<Uuid>, limit: i64) -> Result<Vec<SandboxMessage>, Fault> {
    if ground.exercise.is_none() {
        return Ok(Vec::new());
    }
    let mut tx = ground.store.read("sandbox inbox").await?;
    tx.sandbox_messages(before, limit).await
}

impl SandboxMessage {
    /// When it came or went.
    pub fn at(&self) -> Timestamp {
        self.at.0
    }
}
