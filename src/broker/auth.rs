//! Proves who connects to the embedded broker and judges every topic it touches.
//! Called by the broker for each connection, publish, will and subscription; accounts are kept in memory and read again when they change.
//! A changed or revoked account is effective at once: its connections are cut, and a cut client can't come back on the old terms.

use std::{
    collections::HashMap,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use mqtt5::{
    broker::{
        DynamicStorage, StorageBackend,
        auth::{AuthProvider, AuthResult},
    },
    error::Result,
    packet::connect::ConnectPacket,
    protocol::v5::reason_codes::ReasonCode,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    accounts::Account,
    connections::{Client, Connections},
    rights::covers,
};
use crate::{bell::Ear, ground::Ground, id::Secret, store::Fault};

/// Accounts are read again when their bell rings, on whichever node; after so long even when a ring was missed.
const REREAD: Duration = Duration::from_secs(20);

/// Accounts in memory. Cheap to clone.
#[derive(Clone)]
pub(super) struct Accounts {
    known: Arc<RwLock<HashMap<String, Account>>>,
    connections: Connections,
    sessions: Arc<DynamicStorage>,
}

impl Accounts {
    /// Reads the accounts.
    pub(super) async fn read(
        ground: &Ground,
        connections: Connections,
        sessions: Arc<DynamicStorage>,
    ) -> std::result::Result<Self, Fault> {
        let accounts = Self { known: Arc::default(), connections, sessions };
        accounts.reread(ground).await?;
        Ok(accounts)
    }

    /// Reads the accounts again and cuts the connections of those that changed or ended.
    async fn reread(&self, ground: &Ground) -> std::result::Result<(), Fault> {
        let mut tx = ground.store.read("read MQTT accounts").await?;
        let now: HashMap<String, Account> =
            tx.mqtt_accounts().await?.into_iter().map(|account| (account.name.clone(), account)).collect();
        let before = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *known, now.clone())
        };
        let changed = |client: &Client| before.get(&client.account) != now.get(&client.account);
        let cut = self.connections.cut(changed);
        if cut > 0 {
            debug!(connections = cut, "cut {cut} connections whose accounts changed");
        }
        Ok(())
    }

    /// Keeps the accounts fresh until `stop`. The ear was taken before the accounts were first read.
    pub(super) async fn keep_fresh(self, ground: Ground, mut ear: Ear, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = ear.heard() => {}
                () = ground.clock.sleep(REREAD) => {}
            }
            if let Err(fault) = self.reread(&ground).await {
                // The old accounts stay; the next bell or period tries again.
                error!(%fault, "MQTT accounts could not be read again: {fault}");
            }
        }
    }

    fn account<T>(&self, name: &str, look: impl FnOnce(&Account) -> T) -> Option<T> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(name).map(look)
    }

    fn prove(&self, connect: &ConnectPacket, peer: SocketAddr) -> std::result::Result<String, &'static str> {
        let name = connect.username.as_deref().ok_or("no user name")?;
        let password = connect.password.as_deref().ok_or("no password")?;
        let password = std::str::from_utf8(password).map_err(|_| "wrong")?;
        let client = Client {
            id: connect.client_id.clone(),
            account: name.to_owned(),
            protocol_version: connect.protocol_version,
        };
        // Named before it is judged: an account that changes from here on finds this connection and cuts it.
        if !self.connections.name(peer, client) {
            return Err("not accepted by us");
        }
        let digest = Secret::new(password).digest();
        let will = connect.will.as_ref().map(|will| will.topic.as_str());
        let judged = self.account(name, |account| {
            if account.secret_digest != digest {
                Err("wrong")
            } else if will.is_some_and(|topic| !may(&account.publish, topic)) {
                Err("its last will is on a topic it may not publish on")
            } else {
                Ok(())
            }
        });
        match judged {
            None => Err("wrong"),
            Some(Err(why)) => Err(why),
            Some(Ok(())) => Ok(name.to_owned()),
        }
    }

    /// Whether a client id is another account's: it is that account's name, or that account's session bears it.
    ///
    /// The broker compares the users only of a session that is resumed; a clean start would wipe anybody's.
    async fn is_taken(&self, client_id: &str, account: &str) -> bool {
        if client_id.is_empty() || client_id == account {
            return false;
        }
        if self.account(client_id, |_| ()).is_some() {
            return true;
        }
        match self.sessions.get_session(client_id).await {
            Ok(session) => session
                .and_then(|session| session.user_id)
                // The session of an account that ended keeps nobody out.
                .is_some_and(|owner| owner != account && self.account(&owner, |_| ()).is_some()),
            Err(fault) => {
                error!(%fault, "a session could not be looked up, its client is refused: {fault}");
                true
            }
        }
    }

    fn may_publish(&self, client_id: &str, user: Option<&str>, topic: &str) -> bool {
        let may = user.and_then(|name| self.account(name, |account| may(&account.publish, topic))).unwrap_or(false);
        if !may {
            metrics::counter!("hamyar_mqtt_refused_total", "what" => "publish").increment(1);
            if self.connections.speaks_old(client_id) {
                // MQTT 3 has no word for “refused” but a plain acknowledgement; the connection ends instead.
                self.connections.cut(|client| client.id == client_id);
            }
        }
        may
    }

    fn may_subscribe(&self, user: Option<&str>, filter: &str) -> bool {
        let may = user.and_then(|name| self.account(name, |account| may(&account.subscribe, filter))).unwrap_or(false);
        if !may {
            metrics::counter!("hamyar_mqtt_refused_total", "what" => "subscribe").increment(1);
        }
        may
    }
}

fn may(filters: &[String], wanted: &str) -> bool {
    filters.iter().any(|filter| covers(filter, wanted))
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for Accounts {
    fn authenticate<'a>(&'a self, connect: &'a ConnectPacket, peer: SocketAddr) -> Answer<'a, Result<AuthResult>> {
        Box::pin(async move {
            Ok(match self.prove(connect, peer) {
                Ok(account) if self.is_taken(&connect.client_id, &account).await => {
                    metrics::counter!("hamyar_mqtt_refused_total", "what" => "client_id").increment(1);
                    warn!(%peer, account, "refused an MQTT connection from {peer}: its client id is another account's");
                    AuthResult::fail(ReasonCode::ClientIdentifierNotValid)
                }
                Ok(account) => AuthResult::success_with_user(account),
                Err(why) => {
                    metrics::counter!("hamyar_mqtt_refused_total", "what" => "connect").increment(1);
                    warn!(%peer, "refused an MQTT connection from {peer}: {why}");
                    AuthResult::fail(ReasonCode::BadUsernameOrPassword)
                }
            })
        })
    }

    fn authorize_publish<'a>(&'a self, client_id: &str, user: Option<&'a str>, topic: &'a str) -> Answer<'a, bool> {
        let may = self.may_publish(client_id, user, topic);
        Box::pin(std::future::ready(may))
    }

    fn authorize_subscribe<'a>(&'a self, _client_id: &str, user: Option<&'a str>, filter: &'a str) -> Answer<'a, bool> {
        let may = self.may_subscribe(user, filter);
        Box::pin(std::future::ready(may))
    }
}
