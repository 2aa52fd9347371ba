//! What a device sees of the broker: who may come in, what an acknowledgement means, and what happens when nothing can be kept.
//! Real sockets on ports of the system's choice; the external broker is Debian's mosquitto, from HAMYAR_TEST_MOSQUITTO or /usr/sbin.
//! Nothing waits for a while: each step waits for the event that it means, and a deadline only names a hang.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hamyar::{
    bell::{Bell, Bells},
    broker::{Broker, Inbound, NotKept, Offered, Publish, Receive},
    clock::Clock,
    config::Config,
    ground::Ground,
    id::{Ids, Secret},
    sensors::{self, Arrival, Intake, Reading, Registered},
    store::Store,
};
use rumqttc::v5::{
    AsyncClient, Event, EventLoop, MqttOptions,
    mqttbytes::{
        QoS,
        v5::{Packet, PubAckReason},
    },
};

/// Longer than anything here takes; reaching it is a failure.
const HANG: Duration = Duration::from_secs(30);

pub(crate) async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(HANG, work).await.unwrap_or_else(|_| panic!("{what}: still waiting after {HANG:?}"))
}

/// A ground with a broker of its own.
pub struct House {
    pub ground: Ground,
    directory: tempfile::TempDir,
}

impl House {
    pub async fn new(settings: &[(&str, String)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let place = directory.path().display().to_string();
        let always = [("HAMYAR_MQTT__LISTEN", "127.0.0.1:0".to_owned()), ("HAMYAR_STORE__DATA_DIR", place.clone())];
        let environment = always.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), value.clone()));
        let config = Config::load(None, environment).expect("settings");
        let ground = Ground {
            store: Store::open(&format!("sqlite://{place}"), 4).await.expect("a new database"),
            clock: Clock::system(),
            ids: Ids::seeded(7),
            bells: Bells::new(64),
            config: Arc::new(config),
            city: Arc::new(maps::City::sample()),
            terrain: hamyar::terrain::Terrain::default(),
            templates: Arc::new(alerts::template::Templates::embedded()),
            checker: Arc::new(alerts::Checker::of(alerts::Profile::City)),
            signer: None,
            exercise: None,
        };
        Self { ground, directory }
    }

    pub async fn sensors(&self) -> Vec<Registered> {
        sensors::adopt_city(&self.ground).await.expect("the sample city has gauges")
    }

    pub fn inbound(&self, receiver: Arc<dyn Receive>) -> Inbound {
        let prefix = &self.ground.config.mqtt.prefix;
        Inbound::new()
            .route(format!("{prefix}/readings/+"), Arc::clone(&receiver))
            .route(format!("{prefix}/sensors/+/status"), receiver)
    }

    pub async fn broker(&self) -> Broker {
        let (intake, _batches) = Intake::start(&self.ground);
        Broker::start(&self.ground, self.inbound(Arc::new(intake))).await.expect("a broker")
    }

    pub async fn kept(&self) -> Vec<Reading> {
        let mut tx = self.ground.store.read_readings("kept").await.expect("a transaction");
        tx.readings_after(Arrival::BEFORE_ALL, 10_000).await.expect("readings")
    }

    /// Waits until `count` readings are kept: each commit rings.
    async fn keeps(&self, count: usize) {
        let mut ear = self.ground.bells.ear(Bell::Facts);
        in_time(&format!("{count} readings"), async {
            while self.kept().await.len() < count {
                ear.heard().await;
            }
        })
        .await;
    }
}

/// A device: an MQTT 5 client that says what it was answered.
pub(crate) struct Device {
    client: AsyncClient,
    events: EventLoop,
}

impl Device {
    pub(crate) fn new(name: &str, address: SocketAddr, user: &str, secret: &Secret) -> Self {
        let mut options = MqttOptions::new(name, address.ip().to_string(), address.port());
        options.set_credentials(user, secret.reveal()).set_max_packet_size(Some(1_000_000));
        let (client, events) = AsyncClient::new(options, 1_000);
        Self { client, events }
    }

    pub fn of(sensor: &Registered, broker: &Broker) -> Self {
        let address = broker.address().expect("an embedded broker");
        Self::new(sensor.code.as_str(), address, &sensor.user, &sensor.secret)
    }

    pub(crate) fn publishes(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.client.try_publish(topic, QoS::AtLeastOnce, false, payload.into()).expect("room in the queue");
    }

    /// The reason in the next PUBACK, or why the connection ended.
    pub(crate) async fn answer(&mut self) -> Result<PubAckReason, String> {
        in_time("an answer", async {
            loop {
                match self.events.poll().await {
                    Ok(Event::Incoming(Packet::PubAck(ack))) => return Ok(ack.reason),
                    Ok(_) => {}
                    Err(fault) => return Err(fault.to_string()),
                }
            }
        })
        .await
    }
}

pub fn topic(sensor: &Registered) -> String {
    format!("hamyar/v1/readings/{}", sensor.code)
}

pub fn stage(millis: i64) -> String {
    format!("{{\"t\":{millis},\"stage_m\":1.93}}")
}

/// A stage gauge of the sample city.
pub fn stage_gauge<'a>(house: &House, sensors: &'a [Registered]) -> &'a Registered {
    let measures_stage = |sensor: &&Registered| {
        let code = maps::GaugeCode::new(sensor.code.as_str()).expect("a gauge's code");
        house.ground.city.gauge(&code).is_some_and(|gauge| gauge.quantity == maps::Quantity::StageM)
    };
    sensors.iter().find(measures_stage).expect("the sample city has a stage gauge")
}

#[tokio::test]
async fn an_acknowledged_reading_is_committed() {
    let house = House::new(&[]).await;
    let sensors = house.sensors().await;
    let broker = house.broker().await;
    let gauge = stage_gauge(&house, &sensors);
    let mut device = Device::of(gauge, &broker);
    let now = house.ground.now().as_millisecond();
    for millis in now - 5..now {
        device.publishes(&topic(gauge), stage(millis));
    }
    for count in 1..=5 {
        assert_eq!(device.answer().await, Ok(PubAckReason::Success));
        assert!(house.kept().await.len() >= count, "an acknowledgement came before its commit");
    }
    // What can't be kept does not block what can: it is refused into the table, and acknowledged.
    for bad in ["", "{", "{\"t\":4102444800000,\"stage_m\":1}", "{\"stage_m\":1e6}", "{\"depth\":1}"] {
        device.publishes(&topic(gauge), bad);
        assert_eq!(device.answer().await, Ok(PubAckReason::Success), "{bad}");
    }
    let mut tx = house.ground.store.read_readings("rejected").await.expect("a transaction");
    let reasons: Vec<_> =
        tx.rejected(None, 10).await.expect("rejects").iter().map(|row| (row.reason.as_str(), row.count)).collect();
    for expected in [("bad_payload", 2), ("future", 1), ("implausible", 1), ("unknown_quantity", 1)] {
        assert!(reasons.contains(&expected), "{expected:?} in {reasons:?}");
    }
    drop(tx);
    broker.stop().await;
}

#[tokio::test]
async fn only_the_owner_comes_in_and_only_on_its_own_topic() {
    let house = House::new(&[]).await;
    let sensors = house.sensors().await;
    let broker = house.broker().await;
    let (own, other) = (&sensors[0], &sensors[1]);
    let address = broker.address().expect("an address");

    let mut stranger = Device::new("stranger", address, &own.user, &other.secret);
    let refused = stranger.answer().await.expect_err("a wrong secret");
    assert!(refused.contains("BadUserNamePassword"), "{refused}");

    let mut device = Device::of(own, &broker);
    device.publishes(&topic(other), stage(0));
    assert_eq!(device.answer().await, Ok(PubAckReason::NotAuthorized));
    assert!(house.kept().await.is_empty());

    // MQTT 3.1.1 has no word for a refusal: the connection ends without an acknowledgement.
    let mut options = rumqttc::MqttOptions::new("old", address.ip().to_string(), address.port());
    options.set_credentials(&own.user, own.secret.reveal());
    let (client, mut events) = rumqttc::AsyncClient::new(options, 10);
    client.try_publish(topic(other), rumqttc::QoS::AtLeastOnce, false, stage(0)).expect("room");
    let acknowledged = in_time("the end", async {
        loop {
            match events.poll().await {
                Ok(rumqttc::Event::Incoming(rumqttc::Packet::PubAck(_))) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    })
    .await;
    assert!(!acknowledged, "a refused message was acknowledged to an old client");
    broker.stop().await;
}

#[tokio::test]
async fn nobody_takes_another_account_s_client_id() {
    let house = House::new(&[]).await;
    let sensors = house.sensors().await;
    let broker = house.broker().await;
    let address = broker.address().expect("an address");
    let gauge = stage_gauge(&house, &sensors);
    let other = sensors.iter().find(|sensor| sensor.user != gauge.user).expect("another sensor");
    let mut device = Device::new("field-box", address, &gauge.user, &gauge.secret);
    device.publishes(&topic(gauge), stage(house.ground.now().as_millisecond()));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success));

    // The client asks for a clean start: without a check it would wipe the session and cut the connection.
    for id in ["field-box", gauge.user.as_str()] {
        let refused = Device::new(id, address, &other.user, &other.secret).answer().await.expect_err(id);
        assert!(refused.contains("ClientIdentifierNotValid"), "{id}: {refused}");
    }
    device.publishes(&topic(gauge), stage(house.ground.now().as_millisecond() - 1));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success), "the owner is still connected");
    broker.stop().await;
}

#[tokio::test]
async fn a_new_secret_ends_the_old_connection_at_once() {
    let house = House::new(&[]).await;
    let sensors = house.sensors().await;
    let broker = house.broker().await;
    let gauge = stage_gauge(&house, &sensors);
    let mut device = Device::of(gauge, &broker);
    device.publishes(&topic(gauge), stage(house.ground.now().as_millisecond()));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success));

    let mut tx = house.ground.store.write("revoke").await.expect("a transaction");
    assert!(tx.revoke_mqtt_account(&gauge.user, house.ground.now()).await.expect("an update"));
    tx.commit().await.expect("a commit");
    house.ground.bells.ring(Bell::Accounts);
    device.answer().await.expect_err("the connection ends");
    let refused = device.answer().await.expect_err("and the old secret opens nothing");
    assert!(refused.contains("BadUserNamePassword"), "{refused}");
    broker.stop().await;
}

/// A receiver that can keep nothing until it is repaired.
struct Broken {
    repaired: AtomicBool,
    intake: Intake,
}

impl Receive for Broken {
    fn offer(&self, publish: Publish) -> Offered<'_> {
        Box::pin(async move {
            if self.repaired.load(Ordering::SeqCst) {
                self.intake.offer(publish).await
            } else {
                Err(NotKept("the disk is full".into()))
            }
        })
    }
}

#[tokio::test]
async fn what_is_not_committed_is_not_acknowledged_and_comes_again() {
    let house = House::new(&[]).await;
    let sensors = house.sensors().await;
    let gauge = stage_gauge(&house, &sensors);
    let (intake, _batches) = Intake::start(&house.ground);
    let broken = Arc::new(Broken { repaired: AtomicBool::new(false), intake });
    let broker = Broker::start(&house.ground, house.inbound(broken.clone())).await.expect("a broker");
    let mut device = Device::of(gauge, &broker);
    device.publishes(&topic(gauge), stage(house.ground.now().as_millisecond()));
    device.answer().await.expect_err("disconnected without an acknowledgement");
    assert!(house.kept().await.is_empty());

    broken.repaired.store(true, Ordering::SeqCst);
    device.publishes(&topic(gauge), stage(house.ground.now().as_millisecond()));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success));
    assert!(!house.kept().await.is_empty());
    broker.stop().await;
}

#[tokio::test]
async fn a_last_will_makes_a_sensor_silent() {
    let house = House::new(&[]).await;
    let sensors = house.sensors().await;
    let broker = house.broker().await;
    let gauge = stage_gauge(&house, &sensors);
    let address = broker.address().expect("an address");
    let mut options = MqttOptions::new("with-will", address.ip().to_string(), address.port());
    let will_topic = format!("hamyar/v1/sensors/{}/status", gauge.code);
    options
        .set_credentials(&gauge.user, gauge.secret.reveal())
        .set_last_will(rumqttc::v5::mqttbytes::v5::LastWill::new(will_topic, "offline", QoS::AtLeastOnce, true, None));
    let (client, events) = AsyncClient::new(options, 10);
    let mut device = Device { client, events };
    device.publishes(&topic(gauge), stage(house.ground.now().as_millisecond()));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success));
    assert_eq!(sensors::run_due(&house.ground).await.expect("a look"), 1);

    let mut ear = house.ground.bells.ear(Bell::Facts);
    // The cable is cut: no good-bye.
    drop(device);
    in_time("the last will", ear.heard()).await;
    assert_eq!(sensors::run_due(&house.ground).await.expect("a look"), 1);
    let mut tx = house.ground.store.read("states").await.expect("a transaction");
    let states = tx.sensor_states(gauge.id, 10).await.expect("states");
    let told: Vec<_> = states.iter().map(|change| (change.state.as_str(), change.reason.as_str())).collect();
    assert_eq!(told, [("never", "registered"), ("ok", "heard"), ("silent", "last will")]);
    drop(tx);
    broker.stop().await;
}

/// Debian's mosquitto with a directory of its own.
struct Mosquitto {
    program: PathBuf,
    directory: PathBuf,
    port: u16,
    child: Child,
}

impl Mosquitto {
    /// `None` when there is none here, in one plain line; under CI=true that is a failure.
    #[expect(clippy::print_stdout, reason = "says what was left out")]
    async fn start(directory: &Path) -> Option<Self> {
        let named = std::env::var_os("HAMYAR_TEST_MOSQUITTO").map(PathBuf::from);
        let program = named.unwrap_or_else(|| PathBuf::from("/usr/sbin/mosquitto"));
        if !program.exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "mosquitto is missing: CI=true wants every story");
            println!("skipped: mosquitto is not here (HAMYAR_TEST_MOSQUITTO)");
            return None;
        }
        // Mosquitto can't say which port it chose; one that was free a moment ago is asked for.
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let directory = directory.join("mosquitto");
        std::fs::create_dir_all(&directory).expect("a directory");
        let mut settings = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\nmax_queued_messages 0\n",
            directory.display()
        );
        if std::env::var("USER").as_deref() == Ok("root") || std::env::var("HOME").as_deref() == Ok("/root") {
            settings += "user root\n";
        }
        std::fs::write(directory.join("conf"), settings).expect("a file");
        let child = Self::spawn(&program, &directory, port).await;
        Some(Self { program, directory, port, child })
    }

    async fn spawn(program: &Path, directory: &Path, port: u16) -> Child {
        let child = Command::new(program)
            .arg("-c")
            .arg(directory.join("conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto starts");
        in_time("mosquitto", async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        child
    }

    async fn again(&mut self) {
        self.child = Self::spawn(&self.program, &self.directory, self.port).await;
    }

    /// SIGKILL, and its disk is empty afterwards.
    fn forgets(&mut self) {
        self.child.kill().expect("a running mosquitto");
        self.child.wait().expect("its end");
        std::fs::remove_file(self.directory.join("mosquitto.db")).expect("what it had kept");
    }

    /// SIGTERM: sessions and messages are written.
    fn stop(&mut self) {
        let done = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        assert!(done.success());
        self.child.wait().expect("its end");
    }

    fn device(&self, name: &str) -> Device {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        Device::new(name, address, "anybody", &Secret::new("anything"))
    }

    fn url(&self) -> (&'static str, String) {
        ("HAMYAR_MQTT__BROKER", format!("mqtt://hamyar:secret@127.0.0.1:{}", self.port))
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn readings_come_through_an_external_broker_that_stops_dies_and_carries_too_much() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let Some(mut mosquitto) = Mosquitto::start(place.path()).await else { return };
    let house = House::new(&[mosquitto.url(), ("HAMYAR_MQTT__PAYLOAD_BYTES_MAX", "4096".into())]).await;
    let sensors = house.sensors().await;
    let gauge = stage_gauge(&house, &sensors);
    let now = house.ground.now().as_millisecond();
    let broker = house.broker().await;
    in_time("a broker that never knew us", broker.outlet().forgot()).await;
    let mut device = mosquitto.device("gauges");
    let mut millis = now - 100_000;
    let mut publish = async |device: &mut Device, count: usize| {
        for _ in 0..count {
            millis += 1;
            device.publishes(&topic(gauge), stage(millis));
        }
        for _ in 0..count {
            device.answer().await.expect("the broker takes it");
        }
    };
    // Subscribed once the first has come.
    in_time("the subscription", async {
        while house.kept().await.is_empty() {
            publish(&mut device, 1).await;
        }
    })
    .await;
    let start = house.kept().await.len();

    // One message above our limit must not be sent to us again and again for ever.
    device.publishes(&topic(gauge), vec![b'x'; 20_000]);
    device.answer().await.expect("the broker takes it");
    publish(&mut device, 300).await;
    house.keeps(start + 300).await;

    // We are away; the broker keeps our session, and restarts meanwhile.
    broker.stop().await;
    publish(&mut device, 50).await;
    mosquitto.stop();
    mosquitto.again().await;
    let broker = house.broker().await;
    house.keeps(start + 350).await;

    // The broker dies and forgets our subscription and what was retained: we subscribe, and write, again.
    mosquitto.forgets();
    mosquitto.again().await;
    in_time("a broker that knows us no more", broker.outlet().forgot()).await;
    let mut device = mosquitto.device("gauges-2");
    let before = house.kept().await.len();
    in_time("a reading after the crash", async {
        while house.kept().await.len() == before {
            publish(&mut device, 1).await;
        }
    })
    .await;
    broker.stop().await;
    assert!(house.directory.path().join("mqtt-client-id").exists());
}
