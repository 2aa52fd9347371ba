//! A client of an external broker: takes what is published there, acknowledges it after the commit, and gives messages out.
//! Started by `Broker::start` when `mqtt.broker` names one; several instances share the work (`$share/hamyar/…`) where the broker can.
//! Acknowledgements go in the order of arrival and only on the connection that brought the message; what was not acknowledged comes again.

use std::{
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesOrdered};
use rumqttc::{
    Outgoing, Transport,
    v5::{
        AsyncClient, Event, EventLoop, MqttOptions,
        mqttbytes::{
            QoS,
            v5::{ConnAck, Filter, Packet, Publish as Packet5, SubscribeReasonCode},
        },
    },
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::{BrokerFault, Inbound, Publish};
use crate::{
    ground::Ground,
    id::{Ids, Secret},
};

/// The broker keeps our session, and what comes meanwhile, for so long: a week's outage of ours loses nothing.
const SESSION_SECS: u32 = 7 * 86_400;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Messages on their way out; a full queue is `BrokerFault::Busy`, and the outbox tries again.
const OUTGOING_MAX: usize = 1_000;
/// Topic, packet id, properties: what a packet has besides its payload.
const HEADER_BYTES_MAX: usize = 2_048;
const BACK_OFF_FIRST: Duration = Duration::from_millis(250);
const BACK_OFF_LONGEST: Duration = Duration::from_secs(30);

/// Where an external broker is: `mqtt://USER:SECRET@HOST:PORT` or `mqtts://…`.
#[derive(Clone, Debug)]
pub struct BrokerUrl {
    host: String,
    port: u16,
    tls: bool,
    log_in: Option<(String, Secret)>,
}

/// A text that is no broker's URL. It is not repeated: it may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("mqtt.broker: {0}; want mqtt://USER:SECRET@HOST:PORT or mqtts://…")]
pub struct BadBrokerUrl(&'static str);

impl FromStr for BrokerUrl {
    type Err = BadBrokerUrl;

    fn from_str(text: &str) -> Result<Self, BadBrokerUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(BadBrokerUrl("there is no scheme"))?;
        let tls = match scheme {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(BadBrokerUrl("the scheme is neither mqtt nor mqtts")),
        };
        let (log_in, place) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((log_in, place)) => {
                let (user, secret) = log_in.split_once(':').ok_or(BadBrokerUrl("there is a user but no secret"))?;
                let bad = BadBrokerUrl("a % in user or secret is not followed by two hexadecimal digits");
                let secret = Secret::new(unescaped(secret).ok_or(bad.clone())?);
                (Some((unescaped(user).ok_or(bad)?, secret)), place)
            }
        };
        let place = place.trim_end_matches('/');
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| BadBrokerUrl("the port is not a number"))?)
            }
            _ => (place, if tls { 8883 } else { 1883 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.contains('/') {
            return Err(BadBrokerUrl("there is no host"));
        }
        Ok(Self { host: host.to_owned(), port, tls, log_in })
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Publishes to the external broker. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Client {
    client: AsyncClient,
    line: Arc<Line>,
}

/// What both tasks and all clients know of the connection.
#[derive(Debug, Default)]
struct Line {
    connected: AtomicBool,
    /// Counts connections: an acknowledgement belongs to the connection that brought the message.
    generation: AtomicU64,
    /// Something was not kept: the connection is dropped, so that the broker sends it again.
    again: Notify,
    /// The broker does not know our session.
    forgot: Notify,
}

impl Client {
    pub(super) fn connected(&self) -> bool {
        self.line.connected.load(Ordering::Relaxed)
    }

    pub(super) async fn forgot(&self) {
        self.line.forgot.notified().await;
    }

    pub(super) fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) -> Result<(), BrokerFault> {
        if !self.connected() {
            return Err(BrokerFault::NotConnected);
        }
        self.client.try_publish(topic, QoS::AtLeastOnce, retain, payload).map_err(|_| BrokerFault::Busy)
    }
}

/// The running connection.
#[derive(Debug)]
pub(super) struct External {
    client: Client,
    stop: CancellationToken,
    tasks: [JoinHandle<()>; 2],
}

impl External {
    pub(super) async fn start(ground: &Ground, url: &BrokerUrl, inbound: Inbound) -> Result<Self, BrokerFault> {
        let settings = &ground.config.mqtt;
        let id = client_id(ground, Path::new(&ground.config.store.data_dir)).await?;
        let mut options = MqttOptions::new(id, &url.host, url.port);
        let packet_bytes_max = u32::try_from(settings.payload_bytes_max + HEADER_BYTES_MAX).unwrap_or(u32::MAX);
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_clean_start(false)
            .set_session_expiry_interval(Some(SESSION_SECS))
            .set_manual_acks(true)
            .set_receive_maximum(Some(settings.unacknowledged_max.max(1)))
            // Told to the broker, which keeps larger ones from us. Without it the client would break off at the first large message,
            // be sent the same again, and never get any further.
            .set_max_packet_size(Some(packet_bytes_max));
        if let Some((user, secret)) = &url.log_in {
            options.set_credentials(user, secret.reveal());
        }
        if url.tls {
            options.set_transport(Transport::tls_with_default_config());
        }
        let (client, events) = AsyncClient::new(options, OUTGOING_MAX);
        let client = Client { client, line: Arc::default() };
        let stop = CancellationToken::new();
        // As many as the broker may send unacknowledged, so that QoS 1 always finds room.
        let (arrived, arrivals) = mpsc::channel(usize::from(settings.unacknowledged_max.max(1)) + 1);
        let filters = inbound.filters().map(str::to_owned).collect();
        let poll =
            Poll { ground: ground.clone(), client: client.clone(), arrived, filters, subscribed: false, shared: false };
        let tasks = [
            tokio::spawn(poll.run(events, stop.clone())),
            tokio::spawn(keep(client.clone(), inbound, arrivals, usize::from(settings.unacknowledged_max.max(1)))),
        ];
        info!(host = %url.host, port = url.port, "MQTT: connecting to {}:{}", url.host, url.port);
        Ok(Self { client, stop, tasks })
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// The name under which the broker knows us, drawn once and kept, so that our session is found again after a restart.
async fn client_id(ground: &Ground, directory: &Path) -> Result<String, BrokerFault> {
    let file = directory.join("mqtt-client-id");
    let fault = |fault: std::io::Error| BrokerFault::Sessions {
        directory: file.display().to_string(),
        fault: fault.to_string(),
    };
    match tokio::fs::read_to_string(&file).await {
        Ok(id) if !id.trim().is_empty() => Ok(id.trim().to_owned()),
        _ => {
            let id = format!("hamyar-{}", ground.ids.uuid(ground.now()).simple());
            tokio::fs::create_dir_all(directory).await.map_err(&fault)?;
            tokio::fs::write(&file, &id).await.map_err(&fault)?;
            Ok(id)
        }
    }
}

/// A message with the connection that brought it.
struct Arrived {
    generation: u64,
    packet: Packet5,
}

/// Turns the crank of the connection. It never waits for its own client.
struct Poll {
    ground: Ground,
    client: Client,
    arrived: mpsc::Sender<Arrived>,
    filters: Vec<String>,
    subscribed: bool,
    shared: bool,
}

impl Poll {
    async fn run(mut self, mut events: EventLoop, stop: CancellationToken) {
        let mut pause = BACK_OFF_FIRST;
        loop {
            let event = tokio::select! {
                () = stop.cancelled() => break,
                () = self.client.line.again.notified() => {
                    events.clean();
                    self.lost();
                    let wait = spread(&self.ground.ids, pause);
                    pause = (pause * 2).min(BACK_OFF_LONGEST);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.ground.clock.sleep(wait) => continue,
                    }
                }
                event = events.poll() => event,
            };
            match event {
                Ok(Event::Incoming(packet)) => {
                    if matches!(packet, Packet::PingResp(_) | Packet::SubAck(_)) {
                        pause = BACK_OFF_FIRST;
                    }
                    self.incoming(packet);
                }
                Ok(Event::Outgoing(Outgoing::Disconnect)) => break,
                Ok(Event::Outgoing(_)) => {}
                Err(fault) => {
                    self.lost();
                    metrics::counter!("hamyar_mqtt_connection_faults_total").increment(1);
                    let wait = spread(&self.ground.ids, pause);
                    warn!(%fault, "the external broker is away, next try in {:.1} s: {fault}", wait.as_secs_f64());
                    pause = (pause * 2).min(BACK_OFF_LONGEST);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.ground.clock.sleep(wait) => {}
                    }
                }
            }
            self.subscribe();
        }
        self.lost();
        // Says good-bye if that goes at once; the session stays with the broker either way.
        if self.client.client.try_disconnect().is_ok() {
            let farewell =
                async { while !matches!(events.poll().await, Err(_) | Ok(Event::Outgoing(Outgoing::Disconnect))) {} };
            let _ = tokio::time::timeout(Duration::from_millis(500), farewell).await;
        }
    }

    fn lost(&mut self) {
        self.client.line.connected.store(false, Ordering::Relaxed);
        self.subscribed = true;
        metrics::gauge!("hamyar_mqtt_connected").set(0.0);
    }

    fn incoming(&mut self, packet: Packet) {
        match packet {
            Packet::ConnAck(connack) => self.connected(&connack),
            Packet::SubAck(suback) => {
                let refused = |code: &SubscribeReasonCode| !matches!(code, SubscribeReasonCode::Success(_));
                if suback.return_codes.iter().any(refused) {
                    error!("the external broker refuses our subscriptions: {:?}", suback.return_codes);
                    metrics::counter!("hamyar_mqtt_refused_total", "what" => "subscribe").increment(1);
                }
            }
            Packet::Publish(packet) => {
                metrics::counter!("hamyar_mqtt_received_total").increment(1);
                let generation = self.client.line.generation.load(Ordering::Relaxed);
                if self.arrived.try_send(Arrived { generation, packet }).is_err() {
                    // Only QoS 0 can find no room, and QoS 0 promises nothing.
                    metrics::counter!("hamyar_mqtt_dropped_total").increment(1);
                }
            }
            Packet::Disconnect(disconnect) => {
                warn!("the external broker ended the connection: {:?}", disconnect.reason_code);
            }
            _ => {}
        }
    }

    fn connected(&mut self, connack: &ConnAck) {
        self.client.line.generation.fetch_add(1, Ordering::Relaxed);
        self.client.line.connected.store(true, Ordering::Relaxed);
        metrics::gauge!("hamyar_mqtt_connected").set(1.0);
        let shared = connack.properties.as_ref().and_then(|given| given.shared_subscription_available);
        self.shared = shared != Some(0);
        self.subscribed = false;
        info!(session = connack.session_present, shared = self.shared, "MQTT: connected to the external broker");
        if !connack.session_present {
            // What was on its way out is gone, and perhaps what was retained.
            self.client.line.forgot.notify_one();
        }
    }

    /// Subscribes after every connection: even a session that is present may have lost its subscriptions.
    fn subscribe(&mut self) {
        if self.subscribed || self.filters.is_empty() {
            return;
        }
        let filter = |path: &String| {
            let path = if self.shared { format!("$share/hamyar/{path}") } else { path.clone() };
            Filter::new(path, QoS::AtLeastOnce)
        };
        // Without room in the queue it is tried again after the next event.
        self.subscribed = self.client.client.try_subscribe_many(self.filters.iter().map(filter)).is_ok();
    }
}

fn spread(ids: &Ids, pause: Duration) -> Duration {
    pause.mul_f64(ids.jitter())
}

/// Offers what arrived to its receiver and acknowledges it, in order, when it was kept.
async fn keep(client: Client, inbound: Inbound, mut arrivals: mpsc::Receiver<Arrived>, together_max: usize) {
    let mut offered = FuturesOrdered::new();
    loop {
        tokio::select! {
            arrived = arrivals.recv(), if offered.len() < together_max => match arrived {
                Some(arrived) => offered.push_back(offer(&inbound, arrived)),
                // The connection has ended for good. What is still offered comes again with the session.
                None => return,
            },
            Some((arrived, kept)) = offered.next() => {
                let stale = arrived.generation != client.line.generation.load(Ordering::Relaxed);
                match kept {
                    Ok(()) if stale => debug!("an acknowledgement of an earlier connection is left out"),
                    Ok(()) => {
                        // The queue is drained by the other task, so this can't wait for itself.
                        if let Err(fault) = client.client.ack(&arrived.packet).await {
                            debug!(%fault, "an acknowledgement could not be sent: {fault}");
                        }
                    }
                    Err(fault) => {
                        metrics::counter!("hamyar_mqtt_not_kept_total").increment(1);
                        warn!("a message was not kept and will be asked for again: {fault}");
                        if !stale {
                            // From here on nothing of this connection is acknowledged.
                            client.line.generation.fetch_add(1, Ordering::Relaxed);
                            client.line.again.notify_one();
                        }
                    }
                }
            }
        }
    }
}

async fn offer(inbound: &Inbound, arrived: Arrived) -> (Arrived, Result<(), super::NotKept>) {
    let kept = match std::str::from_utf8(&arrived.packet.topic) {
        Ok(topic) => match inbound.receiver(topic) {
            Some(receiver) => {
                let payload = arrived.packet.payload.to_vec();
                receiver.offer(Publish { topic: topic.to_owned(), payload, account: None }).await
            }
            None => Ok(()),
        },
        // MQTT allows UTF-8 only; nobody could take it.
        Err(_) => Ok(()),
    };
    (arrived, kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brokers_url_is_read() {
        let url: BrokerUrl = "mqtts://hamyar:a%40b%3Ac@broker.example".parse().expect("a URL");
        assert_eq!((url.host.as_str(), url.port, url.tls), ("broker.example", 8883, true));
        let (user, secret) = url.log_in.expect("a log-in");
        assert_eq!((user.as_str(), secret.reveal()), ("hamyar", "a@b:c"));
        let url: BrokerUrl = "mqtt://[::1]:1884/".parse().expect("a URL");
        assert_eq!((url.host.as_str(), url.port, url.tls), ("::1", 1884, false));
        let url: BrokerUrl = "mqtt://[::1]".parse().expect("a URL");
        assert_eq!((url.host.as_str(), url.port), ("::1", 1883));
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_a_secret() {
        for text in
            ["", "broker", "http://x", "mqtt://", "mqtt://user@host", "mqtt://u:%zz@host", "mqtt://u:s3cret@host:x"]
        {
            let fault = text.parse::<BrokerUrl>().expect_err(text).to_string();
            assert!(!fault.contains("s3cret"), "{fault}");
        }
    }
}
