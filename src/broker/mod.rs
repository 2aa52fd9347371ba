//! MQTT: the embedded broker, or a client of an external one, behind one face.
//! Started by `app`; `sensors` takes what comes in ([`Inbound`]), `deliver` gives what goes out ([`Outlet`]).
//! Nothing is acknowledged before whoever takes it has kept it (invariant 1); limits delay or disconnect, never drop what was acknowledged.

pub mod accounts; // Who may connect.
mod auth; // Who connects, and what it may touch.
mod connections; // Every open socket, so that it can be cut.
mod embedded; // Our own broker.
mod external; // A client of somebody else's.
mod front; // Accepts connections, plain and TLS.
mod rights; // Topic filters.

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use tracing::info;

use crate::ground::Ground;

pub use external::{BadBrokerUrl, BrokerUrl};
pub use rights::covers;

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Where to.
    pub topic: String,
    /// What. At most `mqtt.payload_bytes_max` and a header.
    pub payload: Vec<u8>,
    /// The account that published; an external broker does not tell.
    pub account: Option<String>,
}

/// Why a message is not acknowledged: it could not be kept, and its sender shall send it again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the message could not be kept: {0}")]
pub struct NotKept(pub String);

/// What a [`Receive`] answers, when it has.
pub type Offered<'a> = Pin<Box<dyn Future<Output = Result<(), NotKept>> + Send + 'a>>;

/// Takes messages of some topics. The answer comes when the message is committed, and only then is it acknowledged.
pub trait Receive: Send + Sync + 'static {
    /// Offers one message. A full queue makes the answer wait, which holds the sender back.
    fn offer(&self, publish: Publish) -> Offered<'_>;
}

/// Who takes what comes in. Cheap to clone.
#[derive(Clone, Default)]
pub struct Inbound(Vec<(String, Arc<dyn Receive>)>);

impl Inbound {
    /// Nobody takes anything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends what matches `filter` (a whole topic filter, prefix included) to `receiver`. The first route that matches takes.
    #[must_use]
    pub fn route(mut self, filter: impl Into<String>, receiver: Arc<dyn Receive>) -> Self {
        self.0.push((filter.into(), receiver));
        self
    }

    fn receiver(&self, topic: &str) -> Option<&Arc<dyn Receive>> {
        self.0.iter().find(|(filter, _)| covers(filter, topic)).map(|(_, receiver)| receiver)
    }

    fn filters(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(filter, _)| filter.as_str())
    }
}

impl std::fmt::Debug for Inbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.filters()).finish()
    }
}

/// Why the broker can't start or a message can't go out.
#[derive(Debug, thiserror::Error)]
pub enum BrokerFault {
    /// The address can't be listened on.
    #[error("MQTT can't listen on {address}: {fault}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        fault: std::io::Error,
    },
    /// The certificate or its key can't be used.
    #[error("mqtt.tls_listen: {0}")]
    Certificate(String),
    /// The directory of sessions can't be used.
    #[error("the broker's sessions in {directory}: {fault}")]
    Sessions {
        /// Which.
        directory: String,
        /// What went wrong.
        fault: String,
    },
    /// The external broker's URL can't be used.
    #[error(transparent)]
    Url(#[from] BadBrokerUrl),
    /// The external broker can't be reached now.
    #[error("the external broker is not connected")]
    NotConnected,
    /// More is to be published than the connection takes.
    #[error("the external broker takes no more at the moment")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::store::Fault),
}

/// Gives messages out. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outlet(Way);

#[derive(Clone, Debug)]
enum Way {
    Embedded(embedded::Router),
    External(external::Client),
}

impl Outlet {
    /// Whether messages can go out now.
    pub fn connected(&self) -> bool {
        match &self.0 {
            Way::Embedded(_) => true,
            Way::External(client) => client.connected(),
        }
    }

    /// Returns when an external broker does not know us any more: after the first connection, and after one that lost what it kept.
    ///
    /// What is retained has to be written again. For one caller at a time.
    pub async fn forgot(&self) {
        match &self.0 {
            // What ours retains is on our own disk.
            Way::Embedded(_) => std::future::pending().await,
            Way::External(client) => client.forgot().await,
        }
    }

    /// Publishes with QoS 1. The answer means that the broker has it, not that anybody read it: what must be read is published
    /// again until it is answered (invariant 6).
    pub async fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) -> Result<(), BrokerFault> {
        metrics::counter!("hamyar_mqtt_published_total").increment(1);
        match &self.0 {
            Way::Embedded(router) => router.publish(topic, payload, retain).await,
            Way::External(client) => client.publish(topic, payload, retain),
        }
    }
}

/// A running broker, or a running connection to one.
#[derive(Debug)]
pub struct Broker(Running);

#[derive(Debug)]
enum Running {
    Embedded(embedded::Embedded),
    External(external::External),
}

impl Broker {
    /// Starts what the settings ask for: `mqtt.broker` names an external broker, else ours listens on `mqtt.listen`.
    ///
    /// When this returns, the embedded broker accepts connections; an external one is connected to in the background.
    pub async fn start(ground: &Ground, inbound: Inbound) -> Result<Self, BrokerFault> {
        let url = ground.config.mqtt.broker.reveal();
        if url.is_empty() {
            let embedded = embedded::Embedded::start(ground, inbound).await?;
            info!(address = %embedded.address(), "MQTT listens on {}", embedded.address());
            Ok(Self(Running::Embedded(embedded)))
        } else {
            Ok(Self(Running::External(external::External::start(ground, &url.parse()?, inbound).await?)))
        }
    }

    /// Gives messages out.
    pub fn outlet(&self) -> Outlet {
        match &self.0 {
            Running::Embedded(embedded) => Outlet(Way::Embedded(embedded.router())),
            Running::External(external) => Outlet(Way::External(external.client())),
        }
    }

    /// Where the embedded broker listens without TLS.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Running::Embedded(embedded) => Some(embedded.address()),
            Running::External(_) => None,
        }
    }

    /// Where the embedded broker listens with TLS.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        match &self.0 {
            Running::Embedded(embedded) => embedded.tls_address(),
            Running::External(_) => None,
        }
    }

    /// Disconnects everybody, writes sessions to disk and ends.
    pub async fn stop(self) {
        match self.0 {
            Running::Embedded(embedded) => embedded.stop().await,
            Running::External(external) => external.stop().await,
        }
    }
}
