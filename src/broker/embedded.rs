//! Our own MQTT broker: the crate `mqtt5` without its listeners, behind our accounts, our front and the commit-before-PUBACK hook.
//! Started by `Broker::start` when no external broker is named.
//! A message that has a receiver is acknowledged only after the receiver kept it; when it was not kept, the socket is shut first,
//! so that the acknowledgement can't leave. The crate's own rate limiter stays off: it acknowledges what it drops.

use std::{net::SocketAddr, path::Path, pin::Pin, sync::Arc, time::Duration};

use mqtt5::{
    QoS,
    broker::{
        DynamicStorage, FileBackend, StorageBackend,
        config::BrokerConfig,
        events::{BrokerEventHandler, ClientPublishEvent, PublishAction, RetainedSetEvent},
        resource_monitor::{ResourceLimits, ResourceMonitor},
        router::MessageRouter,
        storage::QueueLimits,
        sys_topics::BrokerStats,
    },
    packet::publish::PublishPacket,
};
use tokio::{net::TcpListener, sync::broadcast, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::{
    BrokerFault, Inbound, Publish,
    auth::Accounts,
    connections::Connections,
    front::{Front, acceptor},
};
use crate::{bell::Bell, ground::Ground};

/// How long a client that went away keeps its subscriptions and what waits for it.
const SESSION_SECS_MAX: u64 = 7 * 86_400;
/// What waits for one client that is away: messages and bytes.
const QUEUED_MESSAGES_MAX: usize = 1_000;
const QUEUED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Far above what zones, alerts and sensors retain; an account can retain only on its own topics.
const RETAINED_MESSAGES_MAX: usize = 200_000;
const SUBSCRIPTIONS_PER_CLIENT_MAX: usize = 200;
/// Packets of one client that the broker works on at once.
const RECEIVE_MAX: u16 = 256;
/// How often sessions that ended are swept.
const SWEEP: Duration = Duration::from_mins(10);
/// How long clients may take to be told that the service stops.
const GOODBYE: Duration = Duration::from_secs(2);
/// Topic, packet id, properties: what a packet has besides its payload.
const HEADER_BYTES_MAX: usize = 2_048;

/// Publishes into the embedded broker. Cheap to clone.
#[derive(Clone)]
pub(super) struct Router(Arc<MessageRouter>);

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Router")
    }
}

impl Router {
    pub(super) async fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) -> Result<(), BrokerFault> {
        let mut packet = PublishPacket::new(topic, payload, QoS::AtLeastOnce);
        packet.retain = retain;
        self.0.route_message(&packet, None).await;
        Ok(())
    }
}

/// The running broker.
pub(super) struct Embedded {
    router: Router,
    storage: Arc<DynamicStorage>,
    connections: Connections,
    goodbye: broadcast::Sender<()>,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Embedded {
    pub(super) async fn start(ground: &Ground, inbound: Inbound) -> Result<Self, BrokerFault> {
        let settings = &ground.config.mqtt;
        // Whatever can't be had is found out before anything runs.
        let (listener, address) = listen(settings.listen).await?;
        let tls = match settings.tls_listen.parse::<SocketAddr>() {
            Ok(wanted) => {
                let acceptor = acceptor(&ground.config.server.tls_cert, &ground.config.server.tls_key)?;
                let (listener, address) = listen(wanted).await?;
                Some((listener, address, acceptor))
            }
            Err(_) => None,
        };
        let directory = Path::new(&ground.config.store.data_dir).join("mqtt");
        let sessions = |fault: mqtt5::error::MqttError| BrokerFault::Sessions {
            directory: directory.display().to_string(),
            fault: fault.to_string(),
        };
        let limits = QueueLimits { max_messages: QUEUED_MESSAGES_MAX, max_bytes: QUEUED_BYTES_MAX };
        let storage = FileBackend::with_queue_limits(&directory, limits).await.map_err(&sessions)?;
        let storage = Arc::new(DynamicStorage::File(storage));

        let connections = Connections::new(settings.connections_max, settings.connections_per_address_max);
        let ear = ground.bells.ear(Bell::Accounts);
        let accounts = Accounts::read(ground, connections.clone(), Arc::clone(&storage)).await?;
        let hooks: Arc<dyn BrokerEventHandler> = Arc::new(Hooks { inbound, connections: connections.clone() });
        let config = Arc::new(broker_config(ground, Arc::clone(&hooks)));
        let router = MessageRouter::with_storage(Arc::clone(&storage))
            .with_fallback_queue_limits(limits)
            .with_event_handler(hooks)
            .with_retained_limits(RETAINED_MESSAGES_MAX, settings.payload_bytes_max.max(1_048_576));
        let router = Arc::new(router);
        let session_secs = u32::try_from(SESSION_SECS_MAX).unwrap_or(u32::MAX);
        router.recover_sessions(session_secs).await.map_err(&sessions)?;
        storage.cleanup_expired().await.map_err(&sessions)?;
        router.initialize().await.map_err(&sessions)?;

        let (goodbye, _) = broadcast::channel(1);
        let front = Front {
            auth: Arc::new(accounts.clone()),
            stats: Arc::new(BrokerStats::new()),
            resources: Arc::new(ResourceMonitor::new(resource_limits(&config))),
            router: Arc::clone(&router),
            storage: Arc::clone(&storage),
            connections: connections.clone(),
            goodbye: goodbye.clone(),
            handshake_max: Duration::from_secs(settings.handshake_secs_max),
            config,
        };
        let stop = CancellationToken::new();
        let mut tasks = vec![
            tokio::spawn(accounts.keep_fresh(ground.clone(), ear, stop.clone())),
            tokio::spawn(sweep(Arc::clone(&router), Arc::clone(&storage), ground.clone(), stop.clone())),
        ];
        let tls_address = tls.as_ref().map(|(_, address, _)| *address);
        if let Some((listener, _, acceptor)) = tls {
            tasks.push(tokio::spawn(front.clone().accept(listener, Some(acceptor), stop.clone())));
        }
        tasks.push(tokio::spawn(front.accept(listener, None, stop.clone())));
        Ok(Self { router: Router(router), storage, connections, goodbye, address, tls_address, stop, tasks })
    }

    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
        // No receiver is no fault: nobody is connected.
        let _ = self.goodbye.send(());
        if tokio::time::timeout(GOODBYE, self.connections.none()).await.is_err() {
            // Those that wait for something else; their messages were not acknowledged and will come again.
            self.connections.cut_all();
            if tokio::time::timeout(GOODBYE, self.connections.none()).await.is_err() {
                warn!("some MQTT connections did not end in time");
            }
        }
        if let Err(fault) = self.storage.shutdown().await {
            error!(%fault, "the broker's sessions could not be written: {fault}");
        }
    }
}

async fn listen(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), BrokerFault> {
    let fault = |fault| BrokerFault::Listen { address: wanted, fault };
    let listener = TcpListener::bind(wanted).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    Ok((listener, address))
}

fn broker_config(ground: &Ground, hooks: Arc<dyn BrokerEventHandler>) -> BrokerConfig {
    let settings = &ground.config.mqtt;
    BrokerConfig {
        bind_addresses: Vec::new(),
        max_clients: settings.connections_max,
        session_expiry_interval: Duration::from_secs(SESSION_SECS_MAX),
        max_packet_size: settings.payload_bytes_max + HEADER_BYTES_MAX,
        topic_alias_maximum: 16,
        max_subscriptions_per_client: SUBSCRIPTIONS_PER_CLIENT_MAX,
        max_retained_messages: RETAINED_MESSAGES_MAX,
        client_channel_capacity: 1_000,
        server_receive_maximum: Some(RECEIVE_MAX),
        sys_topics_enabled: false,
        event_handler: Some(hooks),
        ..BrokerConfig::default()
    }
}

/// The front counts connections; here 0 means that the crate's own limiter of messages is off.
fn resource_limits(config: &BrokerConfig) -> ResourceLimits {
    ResourceLimits {
        max_connections: config.max_clients,
        max_connections_per_ip: config.max_clients,
        max_message_rate_per_client: 0,
        max_bandwidth_per_client: 0,
        ..ResourceLimits::default()
    }
}

async fn sweep(router: Arc<MessageRouter>, storage: Arc<DynamicStorage>, ground: Ground, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = ground.clock.sleep(SWEEP) => {}
        }
        if let Err(fault) = storage.cleanup_expired().await {
            error!(%fault, "the broker's old sessions could not be swept: {fault}");
        }
        router.sweep_sessions().await;
    }
}

struct Hooks {
    inbound: Inbound,
    connections: Connections,
}

impl Hooks {
    async fn receive(&self, event: ClientPublishEvent) -> PublishAction {
        let Some(receiver) = self.inbound.receiver(&event.topic) else { return PublishAction::Continue };
        let publish = Publish {
            topic: event.topic.to_string(),
            payload: event.payload.to_vec(),
            account: event.user_id.as_deref().map(str::to_owned),
        };
        match receiver.offer(publish).await {
            Ok(()) => PublishAction::Continue,
            Err(fault) => {
                metrics::counter!("hamyar_mqtt_not_kept_total").increment(1);
                warn!("a message was not kept, its client is disconnected without an acknowledgement: {fault}");
                // The broker has no way to say “no” from here. The socket is shut before we return: the acknowledgement that the
                // broker writes now fails, and the connection ends on the broker's ordinary path, will and session included.
                self.connections.cut(|client| *client.id == *event.client_id);
                PublishAction::Handled
            }
        }
    }

    /// A last will does not pass `on_client_publish`; it is retained, so it passes here.
    async fn hear_retained(&self, event: RetainedSetEvent) {
        if event.cleared || !event.topic.ends_with("/status") {
            return;
        }
        let Some(receiver) = self.inbound.receiver(&event.topic) else { return };
        let publish = Publish { topic: event.topic.to_string(), payload: event.payload.to_vec(), account: None };
        if let Err(fault) = receiver.offer(publish).await {
            debug!("a last will was not kept: {fault}");
        }
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl BrokerEventHandler for Hooks {
    fn on_client_publish(&self, event: ClientPublishEvent) -> Answer<'_, PublishAction> {
        metrics::counter!("hamyar_mqtt_received_total").increment(1);
        Box::pin(self.receive(event))
    }

    fn on_retained_set(&self, event: RetainedSetEvent) -> Answer<'_, ()> {
        Box::pin(self.hear_retained(event))
    }
}
