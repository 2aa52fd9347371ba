//! The ways out: one file per channel, each turns a claimed notice into one attempt with a verdict.
//! Opened once by `app` and used by `send`; nothing else in the service talks to gateways, relays and targets.
//! A channel may be asked to send the same notice twice: everything that leaves carries the notice's id.

mod email;
mod mqtt;
mod reach;
mod sms;
mod webhook;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    Channel,
    notice::{OWN_WEBHOOK_LANES, own_webhook_lane},
    store::Claimed,
};
use crate::{
    bell::{Bells, LiveAudience},
    config::Config,
    ground::Ground,
    id::Secret,
};

pub use mqtt::{Publish, Published};
pub(super) use webhook::event_body;

/// What became of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It left; the receipt is what the other side called it.
    Sent {
        /// The other side's word for it, if it gave one.
        receipt: Option<String>,
    },
    /// It did not, and may later.
    Retry {
        /// Not before this long, when the other side said so.
        after: Option<Duration>,
        /// What went wrong, as staff read it.
        why: String,
    },
    /// It did not, and never will.
    Final {
        /// What went wrong, as staff read it.
        why: String,
    },
}

impl Verdict {
    fn retry(why: impl Into<String>) -> Self {
        Self::Retry { after: None, why: why.into() }
    }

    fn last(why: impl Into<String>) -> Self {
        Self::Final { why: why.into() }
    }
}

/// Why the channels can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum ChannelFault {
    /// The mail settings.
    #[error("email: {0}")]
    Email(String),
    /// A webhook's secret.
    #[error("webhooks.{0}.secret: want whsec_ and base64 of 24 to 64 bytes (Standard Webhooks)")]
    WebhookSecret(String),
    /// The HTTP client.
    #[error("HTTP client: {0}")]
    Http(#[from] reqwest::Error),
}

/// Every way out that is configured. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Channels(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sms: Option<sms::Gateway>,
    email: Option<email::Relay>,
    webhooks: BTreeMap<String, webhook::Target>,
    mqtt: Option<Publish>,
    http: reqwest::Client,
    /// For helpers' own webhooks: reaches the public internet only.
    own_http: reqwest::Client,
    reach: reach::Reach,
    bells: Bells,
}

impl Channels {
    /// Opens what is configured. `mqtt` publishes on our broker.
    pub fn open(config: &Config, bells: &Bells, mqtt: Option<Publish>) -> Result<Self, ChannelFault> {
        // One crypto provider for the process; a second call finds the first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(config.deliver.attempt_secs_max))
            // A target that redirects could send our secrets elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("hamyar")
            .build()?;
        let reach = reach::Reach::of(config);
        let own_limit = Duration::from_secs(config.deliver.own_webhook_secs_max);
        let own_http = reqwest::Client::builder()
            .connect_timeout(own_limit.min(Duration::from_secs(5)))
            .timeout(own_limit)
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up itself, and reach what we may not.
            .no_proxy()
            .dns_resolver(reach.clone())
            .user_agent("hamyar")
            .build()?;
        let webhooks = config
            .webhooks
            .iter()
            .map(|(name, settings)| {
                let key = webhook::key(&settings.secret).ok_or_else(|| ChannelFault::WebhookSecret(name.clone()))?;
                Ok((name.clone(), webhook::Target { url: settings.url.clone(), key }))
            })
            .collect::<Result<_, ChannelFault>>()?;
        Ok(Self(Arc::new(Inner {
            sms: sms::Gateway::of(config),
            email: email::Relay::of(config).map_err(ChannelFault::Email)?,
            webhooks,
            mqtt,
            http,
            own_http,
            reach,
            bells: bells.clone(),
        })))
    }

    /// Our own broker, when one is connected.
    pub(super) fn mqtt(&self) -> Option<&Publish> {
        self.0.mqtt.as_ref()
    }

    /// The queues of a channel: each is worked off by itself.
    pub fn lanes(&self, channel: Channel) -> Vec<String> {
        match channel {
            Channel::Webhook => {
                let configured = self.0.webhooks.keys().map(|name| format!("webhook:{name}"));
                configured.chain((0..OWN_WEBHOOK_LANES).map(own_webhook_lane)).collect()
            }
            Channel::Mqtt | Channel::Email | Channel::Sms | Channel::Live => vec![channel.as_str().to_owned()],
        }
    }

    /// One attempt.
    pub(super) async fn attempt(&self, ground: &Ground, notice: &Claimed) -> Verdict {
        match notice.channel {
            Channel::Live => {
                let about = notice.payload.as_ref().map_or(serde_json::Value::Null, |payload| payload.0.clone());
                self.0.bells.tell(LiveAudience::Public, "alert.changed", about);
                Verdict::Sent { receipt: None }
            }
            Channel::Mqtt => match &self.0.mqtt {
                Some(publish) => mqtt::attempt(ground, publish, notice).await,
                None => Verdict::retry("no MQTT broker is connected"),
            },
            Channel::Sms => match (&self.0.sms, address(notice)) {
                (_, None) => Verdict::last("the contact was erased"),
                (None, _) => Verdict::last("no SMS gateway is configured (sms.send_by)"),
                (Some(gateway), Some(to)) => sms::attempt(&self.0.http, gateway, to, notice).await,
            },
            Channel::Email => match (&self.0.email, address(notice)) {
                (_, None) => Verdict::last("the contact was erased"),
                (None, _) => Verdict::last("no mail server is configured (email.server)"),
                (Some(relay), Some(to)) => email::attempt(relay, to, notice).await,
            },
            Channel::Webhook => match &notice.target {
                Some(name) => match self.0.webhooks.get(name) {
                    Some(target) => webhook::attempt(&self.0.http, ground, target, notice).await,
                    None => Verdict::last(format!("there is no [webhooks.{name}] any more")),
                },
                // A helper's own program.
                None => match address(notice) {
                    None => Verdict::last("the contact was erased"),
                    Some(url) => webhook::attempt_own(&self.0.own_http, &self.0.reach, ground, url, notice).await,
                },
            },
        }
    }
}

fn address(notice: &Claimed) -> Option<&str> {
    notice.contact.as_ref().map(|(_, address)| address.as_str())
}

/// A secret as a query parameter or password; empty is none.
fn present(secret: &Secret) -> Option<&str> {
    (!secret.reveal().is_empty()).then(|| secret.reveal())
}

/// What a failed request is called: never with its address, which holds secrets.
fn request_fault(fault: reqwest::Error) -> String {
    let fault = fault.without_url();
    let kind = if fault.is_timeout() {
        "no answer in time"
    } else if fault.is_connect() {
        "can't connect"
    } else {
        "the request failed"
    };
    let mut source = std::error::Error::source(&fault);
    let mut deepest = String::new();
    while let Some(inner) = source {
        deepest = inner.to_string();
        source = inner.source();
    }
    if deepest.is_empty() { kind.to_owned() } else { format!("{kind}: {deepest}") }
}

/// What a server says to wait: `Retry-After` in seconds, an hour at most.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds: u64 = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(3_600)))
}
