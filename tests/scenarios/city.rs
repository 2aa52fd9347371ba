//! A city in a box: the real ground, rooms, broker and HTTP on a manual clock, with fake telephones and mailboxes around it.
//! Every story starts one; what people of the story do (`staff`, `people`, `gauge`) ends by [`City::settle`].
//! No worker loops run: the rooms' own `run_due` are called until nothing is due, so that a story never waits and never guesses.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hamyar::{
    app,
    assess::Assess,
    broker::{Broker, Inbound},
    clock::Clock,
    config::{Config, SmsGateway},
    deliver::{self, Channel, Channels},
    ground::Ground,
    http,
    id::{Ids, Secret},
    issue, metrics, sensors,
};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    awaited,
    database::Postgres,
    gauge::{Device, Gauge},
    mail::Relay,
    phone::Gateway,
    staff::{Staff, sign_up},
    web::Browser,
};

/// The gateway's name in the settings and in its hook.
pub const GATEWAY: &str = "town";
/// What the gateway presents when it brings a message.
pub const GATEWAY_SECRET: &str = "the gateway's own secret";
/// More rounds than any story needs; beyond them something is due for ever.
const ROUNDS_MAX: usize = 10_000;

type Change = Box<dyn FnOnce(&mut Config)>;

/// A city that is about to start.
pub struct Plan {
    at: Timestamp,
    postgres: Option<Postgres>,
    kind: app::Kind,
    changes: Vec<Change>,
}

/// A city in a box. Cheap to clone; clones are one city.
#[derive(Clone)]
pub struct City(Arc<Inner>);

struct Inner {
    ground: Ground,
    assess: Assess,
    channels: Channels,
    broker: Broker,
    gateway: Gateway,
    relay: Relay,
    root: String,
    /// User and secret by sensor code.
    accounts: BTreeMap<String, sensors::Registered>,
    devices: tokio::sync::Mutex<BTreeMap<String, Device>>,
    numbers: AtomicU32,
    postgres: Option<Postgres>,
    stop: CancellationToken,
    /// Goes with the city.
    _directory: TempDir,
}

impl City {
    /// Hamadan as it comes with the service, at four in the morning of 1 March 2026, on SQLite.
    pub fn sample() -> Plan {
        Plan { at: local("2026-03-01 04:00"), postgres: None, kind: app::Kind::Real, changes: Vec::new() }
    }

    /// The ground, for what no page shows.
    pub fn ground(&self) -> &Ground {
        &self.0.ground
    }

    /// Assessment, for steps taken one by one.
    pub fn assess(&self) -> &Assess {
        &self.0.assess
    }

    /// The SMS gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.0.gateway
    }

    /// The mail relay.
    pub fn relay(&self) -> &Relay {
        &self.0.relay
    }

    /// Where pages and API are.
    pub fn root(&self) -> &str {
        &self.0.root
    }

    /// Where the broker listens.
    pub fn mqtt(&self) -> SocketAddr {
        self.0.broker.address().expect("the broker is the embedded one")
    }

    /// The service publishes something on this topic.
    pub async fn says_on_mqtt(&self, topic: &str) {
        self.0.broker.outlet().publish(topic, b"{}".to_vec(), false).await.expect("the broker takes it");
    }

    /// Somebody who is not signed in.
    pub fn anybody(&self) -> Browser {
        Browser::new(self.root())
    }

    /// A telephone number that nobody has yet.
    pub fn new_number(&self) -> String {
        // 0999 is given to no operator.
        format!("+98999{:07}", 1_000_000 + self.0.numbers.fetch_add(1, Ordering::Relaxed))
    }

    /// Somebody who drafts and publishes.
    pub async fn officer(&self, name: &str) -> Staff {
        sign_up(self, name, &[hamyar::staff::Role::Officer]).await
    }

    /// Somebody who approves.
    pub async fn approver(&self, name: &str) -> Staff {
        sign_up(self, name, &[hamyar::staff::Role::Approver]).await
    }

    /// Somebody who may both draft and approve: only their own work is kept from them.
    pub async fn chief(&self, name: &str) -> Staff {
        sign_up(self, name, &[hamyar::staff::Role::Officer, hamyar::staff::Role::Approver]).await
    }

    /// Somebody at the 137 desk.
    pub async fn operator(&self, name: &str) -> Staff {
        sign_up(self, name, &[hamyar::staff::Role::Operator]).await
    }

    /// The gauge with this code on the map.
    pub fn gauge(&self, code: &str) -> Gauge {
        assert!(self.0.accounts.contains_key(code), "the map has a gauge {code}");
        Gauge { city: self.clone(), code: code.to_owned() }
    }

    /// Lets minutes pass: every gauge that was read reports again each minute, and what follows is done each minute.
    pub async fn wait_minutes(&self, minutes: u32) {
        for _ in 0..minutes {
            self.0.ground.clock.advance(Duration::from_mins(1));
            self.gauges_report().await;
            self.settle().await;
        }
    }

    /// Lets minutes pass in which every gauge is silent; what is due is done each minute.
    pub async fn wait_silent_minutes(&self, minutes: u32) {
        for _ in 0..minutes {
            self.0.ground.clock.advance(Duration::from_mins(1));
            self.settle().await;
        }
    }

    /// Lets hours pass in one step, with every gauge silent; then does what is due.
    pub async fn hours_pass(&self, hours: u64) {
        self.0.ground.clock.advance(Duration::from_hours(hours));
        self.settle().await;
    }

    async fn gauges_report(&self) {
        let at = self.0.ground.now();
        for device in self.0.devices.lock().await.values_mut() {
            device.repeats(at).await;
        }
    }

    /// A gauge publishes; returns when the broker has acknowledged, which means that the reading is committed.
    pub(crate) async fn publishes(&self, code: &str, value: f64) {
        let at = self.0.ground.now();
        let mut devices = self.0.devices.lock().await;
        if !devices.contains_key(code) {
            let account = &self.0.accounts[code];
            let address = self.mqtt();
            let prefix = &self.0.ground.config.mqtt.prefix;
            devices
                .insert(code.to_owned(), Device::connect(address, prefix, code, account, self.quantity(code).as_str()));
        }
        devices.get_mut(code).expect("it is connected").reads(value, at).await;
    }

    /// A gauge that is connected publishes something else than a reading.
    pub(crate) async fn publishes_bytes(&self, code: &str, payload: &str) {
        let mut devices = self.0.devices.lock().await;
        devices.get_mut(code).expect("it has read something before").publishes(payload).await;
    }

    /// The sensor's way in.
    pub(crate) fn account(&self, code: &str) -> &sensors::Registered {
        &self.0.accounts[code]
    }

    pub(crate) fn quantity(&self, code: &str) -> sensors::Quantity {
        let gauge = self.0.ground.city.gauges().iter().find(|gauge| gauge.code.as_str() == code);
        gauge.expect("a gauge of the map").quantity.into()
    }

    /// Does everything that is due now, until nothing is.
    pub async fn settle(&self) {
        for _ in 0..ROUNDS_MAX {
            let done = awaited("everything that is due", self.round()).await;
            if done == 0 && self.everything_is_assessed().await {
                return;
            }
        }
        panic!("something is due for ever");
    }

    async fn round(&self) -> usize {
        let Inner { ground, assess, channels, .. } = &*self.0;
        let mut done = 0;
        done += http::hooks::run_due(ground).await.expect("the hooks look again");
        done += sensors::run_due(ground).await.expect("sensors are watched");
        done += assess.run_due().await.expect("facts are assessed");
        done += issue::expire_due(ground).await.expect("alerts expire");
        done += deliver::expand_due(ground).await.expect("broadcasts become notices");
        for channel in Channel::ALL {
            done += deliver::run_due(ground, channels, channel).await.expect("notices are sent");
        }
        done + deliver::board::run_due(ground, channels).await.expect("boards are written")
    }

    async fn everything_is_assessed(&self) -> bool {
        match &self.0.postgres {
            Some(postgres) => postgres.everything_is_assessed().await,
            None => true,
        }
    }

    /// The level of a zone, as everybody sees it.
    pub async fn level(&self, zone: &str) -> String {
        self.zone(zone).await["level"].as_str().expect("a level").to_owned()
    }

    /// A zone, as everybody sees it.
    pub async fn zone(&self, code: &str) -> Value {
        let zones = self.anybody().get("/zones").await;
        let items = zones["items"].as_array().expect("zones");
        items.iter().find(|zone| zone["code"] == code).unwrap_or_else(|| panic!("no zone {code}")).clone()
    }

    /// Somebody sends a text message to the city.
    pub async fn sms_from(&self, number: &str, text: &str) {
        let address = format!("{}/hooks/sms/{GATEWAY}", self.root());
        let id = self.0.numbers.fetch_add(1, Ordering::Relaxed).to_string();
        let fields = [("from", number), ("to", "137"), ("text", text), ("id", &id), ("secret", GATEWAY_SECRET)];
        let (status, said) = self.anybody().submits(&address, &fields).await;
        assert_eq!((status, said.as_str()), (200, ""), "the gateway brings a message");
        self.settle().await;
    }

    /// Takes the city's database on the tests' server away, once the city has stopped.
    pub async fn ends(self) {
        self.0.stop.cancel();
        let inner = Arc::into_inner(self.0).expect("nobody of the story holds the city any more");
        inner.broker.stop().await;
        inner.ground.store.close().await;
        if let Some(postgres) = inner.postgres {
            postgres.drop().await;
        }
    }
}

impl Plan {
    /// When it starts, in the city's own time: "2026-03-01 04:00".
    #[must_use]
    pub fn at(mut self, time: &str) -> Self {
        self.at = local(time);
        self
    }

    /// On this database of the tests' PostgreSQL.
    #[must_use]
    pub fn on(mut self, postgres: Postgres) -> Self {
        self.postgres = Some(postgres);
        self
    }

    /// With other settings.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Config) + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    /// In a database of the demo, where everything is invented.
    #[must_use]
    pub fn invented(mut self) -> Self {
        self.kind = app::Kind::Demo;
        self
    }

    /// Starts it: every gauge of the map is a sensor, nobody is there yet.
    pub async fn start(self) -> City {
        let stop = CancellationToken::new();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (gateway, relay) = (Gateway::start().await, Relay::start(stop.clone()).await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let listen = listener.local_addr().expect("a bound port");

        let mut config = settings(&gateway, &relay);
        config.server.listen = listen;
        config.store.data_dir = directory.path().display().to_string();
        if let Some(postgres) = &self.postgres {
            config.store.database = Secret::new(postgres.url());
        }
        for change in self.changes {
            change(&mut config);
        }
        let opened = app::open_ground(Arc::new(config), self.kind).await.expect("a new database");
        let ground = Ground { clock: Clock::manual(self.at), ids: Ids::seeded(7), ..opened };
        let registered = sensors::adopt_city(&ground).await.expect("the map's gauges are sensors");
        let accounts = registered.into_iter().map(|one| (one.code.as_str().to_owned(), one)).collect();

        let (intake, _batches) = sensors::Intake::start(&ground);
        let prefix = ground.config.mqtt.prefix.clone();
        let intake = Arc::new(intake);
        let inbound = Inbound::new()
            .route(format!("{prefix}/readings/+"), intake.clone())
            .route(format!("{prefix}/sensors/+/status"), intake);
        let broker = Broker::start(&ground, inbound).await.expect("the broker starts");
        let outlet = broker.outlet();
        let publish = deliver::Publish::by(move |topic, payload, retain| {
            let outlet = outlet.clone();
            Box::pin(async move { outlet.publish(&topic, payload, retain).await.map_err(|fault| fault.to_string()) })
        });
        let channels = Channels::open(&ground.config, &ground.bells, Some(publish)).expect("the channels open");
        let assess = Assess::open(&ground, hamyar::assess::load_rules("").expect("the built-in rules"));
        let assess = assess.await.expect("assessment opens");
        deliver::board::start(&ground).await.expect("boards are wanted");

        let router = http::router(http::App {
            ground: ground.clone(),
            assess: assess.clone(),
            outlet: broker.outlet(),
            metrics: Arc::new(metrics::install()),
            live_pages: Arc::new(http::live::LivePages::of(&ground.config.server)),
            stop: stop.clone(),
        });
        let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>());
        tokio::spawn(serving.with_graceful_shutdown(stop.clone().cancelled_owned()).into_future());

        let root = ground.config.public_url();
        let city = City(Arc::new(Inner {
            ground,
            assess,
            channels,
            broker,
            gateway,
            relay,
            root,
            accounts,
            devices: tokio::sync::Mutex::default(),
            numbers: AtomicU32::new(1),
            postgres: self.postgres,
            stop,
            _directory: directory,
        }));
        city.settle().await;
        city
    }
}

/// Settings of a real city that sends by fake ways.
fn settings(gateway: &Gateway, relay: &Relay) -> Config {
    let mut config = Config::defaults();
    config.mqtt.listen = "127.0.0.1:0".parse().expect("an address");
    config.issue.sender = "hamadan.example".into();
    config.sms.send_by = GATEWAY.into();
    config.sms.per_second_max = 1_000;
    config.sms.gateways.insert(
        GATEWAY.into(),
        SmsGateway {
            dialect: "kannel".into(),
            secret: Secret::new(GATEWAY_SECRET),
            send_url: gateway.url(),
            user: String::new(),
            password: Secret::new(""),
            sender: "137".into(),
            hooks_url: String::new(),
        },
    );
    config.email.server = relay.url();
    config.email.from = "hamyar@hamadan.example".into();
    config
}

/// A time of the city's own clock.
pub fn local(time: &str) -> Timestamp {
    let time: jiff::civil::DateTime = time.parse().expect("a local time, such as 2026-03-01 04:00");
    time.in_tz("Asia/Tehran").expect("a time of this zone").timestamp()
}
