//! Two nodes on one PostgreSQL database: what one commits, the workers and the open pages of the other hear of at once.
//! Workers look by themselves once an hour and the clock is a manual one: whatever happens here happens because a bell was heard.
//! On SQLite there is one process; there each story only sees that nothing is carried.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::ConnectInfo,
    http::Request,
};
use futures_util::StreamExt;
use hamyar::{
    assess::{Assess, rules::Rules},
    bell::{Across, Bell, Bells, LiveAudience, LiveEvent, RESET},
    broker::{Broker, Inbound},
    config::Config,
    deliver,
    ground::Ground,
    http,
    id::{Ids, SensorId},
    metrics,
    sensors::{self, Flag, Marks, NewReading, Quantity, Registered},
    store::Store,
    worker,
};
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    engines::on_both_engines,
    issue::Desk,
    mqtt::{Device, in_time},
};

/// A process of the city, with a broker and pages of its own.
struct Node {
    ground: Ground,
    across: Across,
    broker: Broker,
    router: Router,
    workers: CancellationToken,
    _sessions: tempfile::TempDir,
}

impl Node {
    async fn start(city: &Ground, stream: u64) -> Self {
        let Store::Postgres(pool) = &city.store else { panic!("nodes share a PostgreSQL database") };
        let own = PgPoolOptions::new().max_connections(6).connect_with((*pool.connect_options()).clone());
        let sessions = tempfile::tempdir().expect("a temporary directory");
        let mut config = Config::clone(&city.config);
        config.mqtt.listen = "127.0.0.1:0".parse().expect("an address");
        config.store.data_dir = sessions.path().display().to_string();
        let ground = Ground {
            store: Store::Postgres(own.await.expect("a pool of its own")),
            bells: Bells::new(64),
            ids: Ids::seeded(stream),
            config: Arc::new(config),
            ..city.clone()
        };
        ground.bells.name_stream(stream);
        let across = Across::start(&ground.bells, &ground.store, &ground.config.store).await.expect("PostgreSQL");
        let broker = Broker::start(&ground, Inbound::default()).await.expect("a broker on a free port");
        let router = http::router(http::App {
            outlet: broker.outlet(),
            ground: ground.clone(),
            assess: assess(&ground).await,
            metrics: Arc::new(metrics::install()),
            live_pages: Arc::new(http::live::LivePages::of(&ground.config.server)),
            stop: CancellationToken::new(),
        });
        let workers = CancellationToken::new();
        Self { ground, across, broker, router, workers, _sessions: sessions }
    }

    async fn stop(self) {
        self.workers.cancel();
        self.broker.stop().await;
        self.across.stop().await;
        self.ground.store.close().await;
    }

    /// Assesses whenever its bell rings, and by itself once an hour.
    async fn assesses(&self) {
        let assess = assess(&self.ground).await;
        self.works(Bell::Facts, move || {
            let assess = assess.clone();
            async move { assess.run_due().await }
        });
    }

    fn works<Fut>(&self, bell: Bell, run_due: impl FnMut() -> Fut + Send + 'static)
    where
        Fut: Future<Output = Result<usize, hamyar::store::Fault>> + Send + 'static,
    {
        let (bells, clock, stop) = (self.ground.bells.clone(), self.ground.clock.clone(), self.workers.clone());
        tokio::spawn(worker::run("a worker of the story", bells, bell, clock, Duration::from_hours(1), stop, run_due));
    }

    /// A page of this node, from now on or from where another one stopped.
    async fn page(&self, last_event: Option<&str>) -> Page {
        let address = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000)));
        let request = Request::builder().uri("/api/v1/live").extension(address);
        let request = match last_event {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let answer =
            self.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("a page");
        assert_eq!(answer.status(), 200);
        Page { stream: answer.into_body().into_data_stream(), text: String::new() }
    }

    fn hears(&self) -> Receiver<LiveEvent> {
        self.ground.bells.listen(None).1
    }
}

/// Server-sent events as they come.
struct Page {
    stream: BodyDataStream,
    text: String,
}

impl Page {
    /// The next event: kind, id, details.
    async fn next(&mut self) -> (String, String, String) {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    line.unwrap_or_default().to_owned()
                };
                return (field("event"), field("id"), field("data"));
            }
            let bytes = in_time("an event", self.stream.next()).await.expect("the page stays open").expect("bytes");
            self.text.push_str(std::str::from_utf8(&bytes).expect("UTF-8"));
        }
    }

    /// The id and the details of the next event of a kind.
    async fn hears(&mut self, kind: &str) -> (String, String) {
        loop {
            let (heard, id, about) = self.next().await;
            if heard == kind {
                return (id, about);
            }
        }
    }
}

/// The next live event of a kind.
async fn told(page: &mut Receiver<LiveEvent>, kind: &str) -> LiveEvent {
    in_time(kind, async {
        loop {
            let event = page.recv().await.expect("no event is missed");
            if event.kind == kind {
                return event;
            }
        }
    })
    .await
}

async fn assess(ground: &Ground) -> Assess {
    Assess::open(ground, Rules::embedded()).await.expect("assessment opens")
}

/// Tells a story of two nodes of one city.
async fn on_two_nodes<Fut: Future<Output = (Node, Node)>>(story: impl Fn(Node, Node) -> Fut) {
    on_both_engines(|ground| {
        let story = &story;
        async move {
            if let Store::Sqlite { .. } = &ground.store {
                let across = Across::start(&ground.bells, &ground.store, &ground.config.store).await;
                assert!(across.is_none(), "one process has nobody to tell");
                return;
            }
            let (one, other) = (Node::start(&ground, 11).await, Node::start(&ground, 22).await);
            let (one, other) = Box::pin(story(one, other)).await;
            one.stop().await;
            other.stop().await;
        }
    })
    .await;
}

/// A stage gauge and what it reads within four minutes of rising water, kept by this node.
async fn the_water_rises(node: &Node, bridge: SensorId) {
    let ground = &node.ground;
    for value in [0.6, 1.9, 1.95, 2.0] {
        ground.clock.advance(Duration::from_mins(1));
        let read_at = ground.now();
        let reading = NewReading {
            sensor: bridge,
            quantity: Quantity::StageM,
            read_at,
            value,
            flag: Flag::Good,
            marks: Marks::NONE,
        };
        let mut tx = ground.store.write_readings("keep readings").await.expect("a transaction");
        tx.put_readings(&[reading], read_at, None).await.expect("kept");
        tx.commit().await.expect("committed");
        ground.bells.ring(Bell::Facts);
    }
}

async fn gauges(node: &Node) -> Vec<Registered> {
    sensors::adopt_city(&node.ground).await.expect("the gauges of the map")
}

fn bridge(gauges: &[Registered]) -> &Registered {
    gauges.iter().find(|one| one.code.as_str() == "alusjerd-3").expect("on the map")
}

#[tokio::test]
async fn what_one_node_keeps_another_assesses_and_the_pages_of_the_first_hear_of_it() {
    on_two_nodes(|keeps, assesses| async move {
        let gauges = gauges(&keeps).await;
        assesses.assesses().await;
        let mut page = keeps.hears();
        the_water_rises(&keeps, bridge(&gauges).id).await;
        let event = told(&mut page, "proposal.changed").await;
        assert_eq!((event.stream, event.audience), (11, LiveAudience::Staff), "in the stream of the page's own node");
        let mut tx = keeps.ground.store.read("the incident").await.expect("a transaction");
        assert_eq!(tx.open_incidents(10).await.expect("incidents").len(), 1);
        drop(tx);
        (keeps, assesses)
    })
    .await;
}

#[tokio::test]
async fn a_page_hears_each_event_once_whichever_node_it_is_open_on() {
    on_two_nodes(|one, other| async move {
        let (mut here, mut there) = (one.hears(), other.hears());
        let public = LiveAudience::Public;
        one.ground.bells.tell(public, "zone.changed", json!({ "zone": "a" }));
        one.ground.bells.tell(public, "zone.changed", json!({ "zone": "b" }));
        assert_eq!(told(&mut there, "zone.changed").await.about["zone"], "a");
        assert_eq!(told(&mut there, "zone.changed").await.about["zone"], "b");
        // What comes from the other node comes after whatever could have come back.
        other.ground.bells.tell(public, "zone.changed", json!({ "zone": "c" }));
        for zone in ["a", "b", "c"] {
            assert_eq!(told(&mut here, "zone.changed").await.about["zone"], zone);
        }
        assert!(here.try_recv().is_err() && there.try_recv().is_ok_and(|event| event.about["zone"] == "c"));
        (one, other)
    })
    .await;
}

#[tokio::test]
async fn a_page_of_one_node_hears_of_an_alert_that_another_published_and_that_one_delivers_it() {
    on_two_nodes(|publishes, delivers| async move {
        let mut page = delivers.page(None).await;
        let ground = delivers.ground.clone();
        delivers.works(Bell::Broadcasts, move || {
            let ground = ground.clone();
            async move { deliver::expand_due(&ground).await }
        });
        let mut staff = publishes.hears();
        let desk = Desk::at(publishes.ground.clone()).await;
        let alert = desk.publishes(&desk.drafts(&["julan"]).await).await;
        let (id, about) = page.hears("alert.changed").await;
        assert!(about.contains(&alert.id.to_string()) && about.contains("live"), "{about}");
        assert_eq!(told(&mut staff, "delivery.changed").await.about["alert"], json!(alert.id));

        // A page that was cut off goes on where it was, on its own node …
        publishes.ground.bells.tell(LiveAudience::Public, "zone.changed", json!({ "zone": "julan" }));
        page.hears("zone.changed").await;
        drop(page);
        assert_eq!(delivers.page(Some(&id)).await.hears("zone.changed").await.1, r#"{"zone":"julan"}"#);
        // … and starts anew on another, which counts for itself.
        assert_eq!(publishes.page(Some(&id)).await.next().await.0, RESET);
        (publishes, delivers)
    })
    .await;
}

#[tokio::test]
async fn an_account_that_ends_on_one_node_is_cut_off_on_every_other_at_once() {
    on_two_nodes(|administers, other| async move {
        let gauges = gauges(&administers).await;
        let gauge = bridge(&gauges);
        // A node that starts now knows the gauge from its first look.
        let third = Node::start(&administers.ground, 33).await;
        let address = third.broker.address().expect("an embedded broker");
        let mut device = Device::new("alusjerd-3", address, &gauge.user, &gauge.secret);
        device.publishes(&format!("hamyar/v1/readings/{}", gauge.code), r#"{"stage_m":1.9}"#);
        device.answer().await.expect("it may publish");

        let mut tx = administers.ground.store.write("revoke").await.expect("a transaction");
        assert!(tx.revoke_mqtt_account(&gauge.user, administers.ground.now()).await.expect("an update"));
        tx.commit().await.expect("a commit");
        administers.ground.bells.ring(Bell::Accounts);
        device.answer().await.expect_err("the connection ends");
        third.stop().await;
        (administers, other)
    })
    .await;
}

#[tokio::test]
async fn a_lost_connection_between_nodes_loses_no_fact_and_its_pages_load_everything_again() {
    on_two_nodes(|keeps, assesses| async move {
        let gauges = gauges(&keeps).await;
        assesses.assesses().await;
        let (mut page, mut other_page) = (assesses.hears(), keeps.hears());
        let Store::Postgres(pool) = &keeps.ground.store else { panic!("on PostgreSQL") };
        let cut: i64 = sqlx::query_scalar(
            "select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
                                   where application_name = 'hamyar bells' and datname = current_database()) cut",
        )
        .fetch_one(pool)
        .await
        .expect("the connections of both nodes");
        assert_eq!(cut, 2);
        // Nobody hears anybody now, and facts come.
        the_water_rises(&keeps, bridge(&gauges).id).await;
        told(&mut page, "proposal.changed").await;
        told(&mut other_page, RESET).await;
        let told_after = json!({ "zone": "a", "level": "green" });
        assesses.ground.bells.tell(LiveAudience::Public, "zone.changed", told_after.clone());
        while told(&mut other_page, "zone.changed").await.about != told_after {}
        let everything = assesses.ground.bells.listen(Some((22, 1))).0.expect("all is kept");
        assert!(everything.iter().any(|event| event.kind == RESET), "{everything:?}");
        (keeps, assesses)
    })
    .await;
}
