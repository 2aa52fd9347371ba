//! Composes the service: opens the ground, starts every part in order, stops them in reverse.
//! Called by `cli` and by tests that want the whole service; rooms never call it.
//! Each part pushes its stop beside its start; stopping ends within `server.stop_secs_max` plus two seconds and loses nothing.

mod mqtt; // Intake, broker, watch.

use std::{future::Future, net::SocketAddr, path::Path, pin::Pin, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use maps::terrain::Relief;
use tokio::signal::unix::SignalKind;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    assess::{self, Assess},
    bell::{Across, Bell, Bells},
    broker::Outlet,
    clock::Clock,
    config::Config,
    deliver::{self, Channel, Channels},
    drill::demo,
    ground::{Ground, read_files},
    http,
    id::Ids,
    issue, metrics, retention,
    store::{At, Store, Tx},
    terrain::{self, Terrain},
    worker,
};

/// How long before the certificate's end the log begins to say so: time enough for others to pin the next one.
const SIGN_CERT_WARNED_BEFORE: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// Which kind of database this service works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A city's own.
    Real,
    /// The demo's: everything in it is invented.
    Demo,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Demo => "demo",
        }
    }
}

/// Stops, in the order of their starts.
#[derive(Default)]
pub struct Stops(Vec<(&'static str, Stop)>);

type Stop = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl std::fmt::Debug for Stops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Stops {
    /// Remembers how to stop what was just started.
    pub fn push<Fut: Future<Output = ()> + Send + 'static>(
        &mut self,
        name: &'static str,
        stop: impl FnOnce() -> Fut + Send + 'static,
    ) {
        self.0.push((name, Box::new(move || Box::pin(stop()))));
    }

    /// Stops everything, the last started first, within `all`. A part that does not end in time is left behind and named; even then
    /// each one after it gets a moment.
    async fn stop(self, all: Duration) {
        let began = Clock::stopwatch();
        for (name, stop) in self.0.into_iter().rev() {
            let left = all.saturating_sub(Duration::from_secs_f64(began.seconds())).max(Duration::from_millis(200));
            if tokio::time::timeout(left, stop()).await.is_err() {
                warn!(part = name, "{name} did not stop in time and is left behind");
            }
        }
    }
}

/// A running service.
#[derive(Debug)]
pub struct App {
    /// What it stands on.
    pub ground: Ground,
    /// Where the console and the API are served.
    pub listening: SocketAddr,
    /// Where the embedded broker listens; none with an external one.
    pub mqtt: Option<SocketAddr>,
    stops: Stops,
}

impl App {
    /// Opens the ground and starts every part; when this returns, the service is ready.
    pub async fn build(mut config: Config, kind: Kind) -> anyhow::Result<Self> {
        let handle = metrics::install();
        let listener = std::net::TcpListener::bind(config.server.listen)
            .with_context(|| format!("server.listen {}", config.server.listen))?;
        // Port 0 is the system's choice; links and the demo's ends need the real one.
        config.server.listen = listener.local_addr()?;
        let demo_mail = match kind {
            Kind::Real => None,
            Kind::Demo => {
                let (mail, address) = deliver::sandbox::smtp::bind().await?;
                deliver::sandbox::settings(&mut config, &Ids::system(), listener.local_addr()?, address);
                Some(mail)
            }
        };
        let mut ground = open_ground(Arc::new(config), kind).await?;
        ground.signer = open_signer(&ground.config, &ground.clock)?;
        let mut stops = Stops::default();
        stops.push("store", {
            let store = ground.store.clone();
            move || async move { store.close().await }
        });
        let fold = CancellationToken::new();
        let folding = tokio::spawn(crate::store::fold::run(ground.store.clone(), fold.clone()));
        stops.push("fold logs", move || async move {
            fold.cancel();
            let _ = folding.await;
        });
        // Before any part that takes an ear: what it hears from its first look on is everything.
        if let Some(across) = Across::start(&ground.bells, &ground.store, &ground.config.store).await {
            stops.push("bells of other nodes", move || across.stop());
        }
        let mqtt = mqtt::start(&ground, &mut stops).await?;
        let rules = match kind {
            Kind::Real => assess::load_rules(&ground.config.city.rules_dir)?,
            Kind::Demo => demo::rules().map_err(assess::OpenFault::Rules)?,
        };
        let assess = Assess::open(&ground, rules).await?;
        spawn_worker(&mut stops, &ground, "assess", Bell::Facts, Duration::from_millis(500), {
            let assess = assess.clone();
            move || {
                let assess = assess.clone();
                async move { assess.run_due().await }
            }
        });
        spawn_worker(&mut stops, &ground, "expire alerts", Bell::Broadcasts, Duration::from_secs(1), {
            let ground = ground.clone();
            move || {
                let ground = ground.clone();
                async move { issue::expire_due(&ground).await }
            }
        });
        spawn_worker(&mut stops, &ground, "text messages left", Bell::Facts, Duration::from_mins(1), {
            let ground = ground.clone();
            move || {
                let ground = ground.clone();
                async move { http::hooks::run_due(&ground).await }
            }
        });
        let rest = Duration::from_secs(60 * ground.config.retention.every_minutes);
        // Nothing rings when something has become old, so it listens to bells that nobody rings.
        let unrung = Ground { bells: Bells::new(1), ..ground.clone() };
        spawn_worker(&mut stops, &unrung, "retention", Bell::Facts, rest, {
            let ground = ground.clone();
            move || {
                let ground = ground.clone();
                async move { retention::run_due(&ground).await }
            }
        });
        if let Some(mail) = demo_mail {
            let stop = CancellationToken::new();
            tokio::spawn(deliver::sandbox::smtp::into_inbox(mail, ground.clone(), stop.clone()));
            stops.push("demo mail", move || async move { stop.cancel() });
        }
        start_delivery(&ground, &mqtt, &mut stops).await?;
        let listening = serve_http(&ground, assess, mqtt.outlet, handle, listener, &mut stops).await?;
        info!(%listening, "ready: {}", ground.config.public_url());
        Ok(Self { ground, listening, mqtt: mqtt.address, stops })
    }

    /// Plays the demo in a service that was built for it; with `auto` both officers are played too. Gives the two people to log in as.
    pub async fn play_demo(&mut self, auto: bool) -> anyhow::Result<demo::Cast> {
        demo::lay(&self.ground);
        let cast = demo::prepare(&self.ground).await?;
        let doors = demo::Doors {
            url: format!("http://{}", self.listening),
            mqtt: self.mqtt.context("the demo uses the embedded broker")?,
            http: reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?,
        };
        let stop = CancellationToken::new();
        let play = tokio::spawn(demo::play(self.ground.clone(), doors.clone(), cast.sensors.clone(), stop.clone()));
        let officers = if auto {
            let officers = demo::Officers::sign_in(doors, self.ground.clock.clone(), &cast).await?;
            Some(tokio::spawn(officers.work(stop.clone())))
        } else {
            None
        };
        self.stops.push("demo", move || async move {
            stop.cancel();
            let _ = play.await;
            if let Some(officers) = officers {
                let _ = officers.await;
            }
        });
        Ok(cast)
    }

    /// Runs until `until`, then stops.
    pub async fn run(self, until: impl Future<Output = &'static str>) -> anyhow::Result<()> {
        let why = until.await;
        info!("stopping: {why}");
        self.stop().await;
        info!("stopped");
        Ok(())
    }

    /// Stops every part in reverse.
    pub async fn stop(self) {
        self.stops.stop(Duration::from_secs(self.ground.config.server.stop_secs_max)).await;
    }
}

/// Opens store, city and templates; checks that the database is of the kind that is wanted.
pub async fn open_ground(config: Arc<Config>, kind: Kind) -> anyhow::Result<Ground> {
    let clock = Clock::system();
    let city = load_city(&config.city.map_dir)?;
    let tiles = match config.city.terrain_dir.as_str() {
        "" => None,
        directory => Some(terrain::read_tiles(Path::new(directory), &city)?),
    };
    let templates = load_templates(&config.city.templates_dir)?;
    let store = Store::open(&database_url(&config), config.store.connections_max).await?;
    let bells = Bells::new(config.server.live_kept_max);
    let ids = Ids::system();
    bells.name_stream(ids.below(u64::MAX));
    let mut ground = Ground {
        store,
        clock,
        ids,
        bells,
        config,
        city: Arc::new(city),
        terrain: Terrain::default(),
        templates: Arc::new(templates),
        checker: Arc::new(alerts::Checker::of(alerts::Profile::City)),
        signer: None,
        exercise: None,
    };
    mark(&mut ground, kind).await?;
    same_terrain(&ground, tiles).await?;
    Ok(ground)
}

/// What was read from files is kept in the database for every node; who has no files takes what is kept of this map.
async fn same_terrain(ground: &Ground, tiles: Option<Vec<Relief>>) -> anyhow::Result<()> {
    let tiles = if let Some(tiles) = tiles {
        let mut tx = ground.store.write("keep terrain").await?;
        tx.lock("terrain").await?;
        terrain::keep_tiles(&mut tx, &ground.city, &tiles, At(ground.now())).await?;
        tx.commit().await?;
        tiles
    } else {
        let mut tx = ground.store.read("terrain").await?;
        terrain::kept_tiles(&mut tx, &ground.city).await?
    };
    for tile in &tiles {
        let (error_m, source) = tile.height_error_m();
        info!(terrain = tile.hash(), error_m, source, "terrain of {} cells is in use", tile.grid().cells());
    }
    ground.terrain.set(tiles);
    Ok(())
}

/// Who signs what is published. A certificate that has run out is told but no reason to stand still: warnings go out with it.
fn open_signer(config: &Config, clock: &Clock) -> anyhow::Result<Option<Arc<alerts::sign::Signer>>> {
    let signer = config.issue.signer().map_err(|faults| {
        let list: Vec<String> = faults.into_iter().map(|(key, what)| format!("{key}: {what}")).collect();
        anyhow::anyhow!(list.join("; "))
    })?;
    if let Some(signer) = &signer {
        let (not_before, not_after) = signer.pin().period();
        let now = clock.now();
        if !signer.pin().is_valid_at(now) {
            warn!(%not_before, %not_after, "the certificate of issue.sign_cert does not hold now: others will refuse our signatures");
        } else if !signer.pin().is_valid_at(now + SIGN_CERT_WARNED_BEFORE) {
            warn!(%not_after, "the certificate of issue.sign_cert ends soon: give others the next one in time");
        }
        info!(fingerprint = signer.pin().fingerprint(), "published alerts are signed");
    }
    Ok(signer.map(Arc::new))
}

/// Marks a new database with its kind, and refuses one of the other kind (invariant 14).
async fn mark(ground: &mut Ground, kind: Kind) -> anyhow::Result<()> {
    let now = ground.now();
    let mut tx = ground.store.write("mark database").await?;
    tx.lock("meta").await?;
    match tx.meta("kind").await? {
        None => tx.put_meta("kind", kind.as_str()).await?,
        Some(found) if found == kind.as_str() => {}
        Some(found) => bail!(
            "this database is a {found} database and {}: give another --data or --database",
            match kind {
                Kind::Real => "`serve` without --demo does not touch it",
                Kind::Demo => "the demo would mix invented things into it",
            }
        ),
    }
    if kind == Kind::Real {
        same_map(ground, &mut tx, At(now)).await?;
    } else {
        tx.put_map(ground.city.hash(), ground.city.files(), At(now)).await?;
    }
    if kind == Kind::Demo {
        ground.exercise = Some(tx.demo_exercise(ground, now).await?);
    }
    tx.commit().await?;
    Ok(())
}

/// The map of the files is kept in the database; a node without files takes the one that was kept last, so that all work on the same.
async fn same_map(ground: &mut Ground, tx: &mut Tx, at: At) -> anyhow::Result<()> {
    let kept = tx.meta("map").await?.filter(|kept| kept != ground.city.hash());
    if let Some(kept) = kept.filter(|_| ground.config.city.map_dir.is_empty()) {
        let files = tx.map_files(&kept).await?.with_context(|| format!("the database has lost its map {kept}"))?;
        let city = maps::City::build(&files).map_err(|faults| map_faults("the map of the database", &faults))?;
        info!(map = city.hash(), "takes the map of {} that the database keeps", city.code());
        ground.city = Arc::new(city);
        return Ok(());
    }
    tx.put_map(ground.city.hash(), ground.city.files(), at).await?;
    Ok(tx.put_meta("map", ground.city.hash()).await?)
}

/// The database that the settings mean.
pub fn database_url(config: &Config) -> String {
    match config.store.database.reveal() {
        "" => format!("sqlite://{}", config.store.data_dir),
        url => url.to_owned(),
    }
}

/// The map of a directory, or the sample city; every fault is listed.
pub fn load_city(directory: &str) -> anyhow::Result<maps::City> {
    if directory.is_empty() {
        return Ok(maps::City::sample());
    }
    let files = read_files(Path::new(directory), &["toml", "geojson"])?;
    let city = maps::City::build(&files.into_iter().collect())
        .map_err(|faults| map_faults(&format!("the map in {directory}"), &faults))?;
    for note in city.notes() {
        tracing::warn!(map = directory, "look at the map: {note}");
    }
    Ok(city)
}

fn map_faults(which: &str, faults: &[maps::Fault]) -> anyhow::Error {
    let list: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
    anyhow::anyhow!("{which} has {} fault(s):{list}", faults.len())
}

fn load_templates(directory: &str) -> anyhow::Result<alerts::template::Templates> {
    if directory.is_empty() {
        return Ok(alerts::template::Templates::embedded());
    }
    let files = read_files(Path::new(directory), &["toml"])?;
    alerts::template::Templates::load(files).map_err(|faults| {
        let list: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        anyhow::anyhow!("the templates in {directory} have {} fault(s):{list}", faults.len())
    })
}

/// Starts a background part and pushes its stop.
fn spawn_worker<Fut, E>(
    stops: &mut Stops,
    ground: &Ground,
    name: &'static str,
    bell: Bell,
    idle: Duration,
    run_due: impl FnMut() -> Fut + Send + 'static,
) where
    Fut: Future<Output = Result<usize, E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let stop = CancellationToken::new();
    let task =
        tokio::spawn(worker::run(name, ground.bells.clone(), bell, ground.clock.clone(), idle, stop.clone(), run_due));
    stops.push(name, move || async move {
        stop.cancel();
        let _ = task.await;
    });
}

/// Delivery: the expander, the boards, and a worker per lane, so that a stuck one delays no other.
async fn start_delivery(ground: &Ground, mqtt: &mqtt::Mqtt, stops: &mut Stops) -> anyhow::Result<()> {
    let channels = Channels::open(&ground.config, &ground.bells, Some(mqtt.publish()))?;
    spawn_worker(stops, ground, "expand", Bell::Broadcasts, Duration::from_secs(1), {
        let ground = ground.clone();
        move || {
            let ground = ground.clone();
            async move { deliver::expand_due(&ground).await }
        }
    });
    deliver::board::start(ground).await?;
    let stop = CancellationToken::new();
    let again = tokio::spawn(mqtt::write_again(ground.clone(), mqtt.outlet.clone(), stop.clone()));
    stops.push("boards again", move || async move {
        stop.cancel();
        let _ = again.await;
    });
    spawn_worker(stops, ground, "boards", Bell::Broadcasts, Duration::from_secs(1), {
        let (ground, channels) = (ground.clone(), channels.clone());
        move || {
            let (ground, channels) = (ground.clone(), channels.clone());
            async move { deliver::board::run_due(&ground, &channels).await }
        }
    });
    spawn_worker(stops, ground, "events", Bell::Facts, Duration::from_secs(2), {
        let ground = ground.clone();
        move || {
            let ground = ground.clone();
            async move { deliver::events::run_due(&ground).await }
        }
    });
    for channel in Channel::ALL {
        for lane in channels.lanes(channel) {
            let (ground_of, channels) = (ground.clone(), channels.clone());
            spawn_worker(stops, ground, channel.as_str(), Bell::Outbox, Duration::from_millis(500), move || {
                let (ground, channels, lane) = (ground_of.clone(), channels.clone(), lane.clone());
                async move { deliver::run_lane(&ground, &channels, &lane).await }
            });
        }
    }
    Ok(())
}

async fn serve_http(
    ground: &Ground,
    assess: Assess,
    outlet: Outlet,
    handle: metrics_exporter_prometheus::PrometheusHandle,
    listener: std::net::TcpListener,
    stops: &mut Stops,
) -> anyhow::Result<SocketAddr> {
    let settings = &ground.config.server;
    let stop = CancellationToken::new();
    let app = http::App {
        ground: ground.clone(),
        assess,
        outlet,
        metrics: Arc::new(handle),
        live_pages: Arc::new(http::live::LivePages::of(settings)),
        stop: stop.clone(),
    };
    listener.set_nonblocking(true)?;
    let listening = listener.local_addr()?;
    serve_admin(&app, listening, stops)?;
    let service = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum_server::Handle::new();
    let task = if settings.tls_cert.is_empty() {
        let server = axum_server::from_tcp(listener)?.handle(server.clone());
        tokio::spawn(async move { server.serve(service).await })
    } else {
        let tls = axum_server::tls_rustls::RustlsConfig::from_pem_file(&settings.tls_cert, &settings.tls_key)
            .await
            .context("server.tls_cert and server.tls_key")?;
        let server = axum_server::from_tcp_rustls(listener, tls)?.handle(server.clone());
        tokio::spawn(async move { server.serve(service).await })
    };
    let deadline = Duration::from_secs(settings.stop_secs_max.saturating_sub(1));
    stops.push("http", move || async move {
        // Open streams end first; then requests in flight get the rest of the time.
        stop.cancel();
        server.graceful_shutdown(Some(deadline));
        let _ = task.await;
    });
    Ok(listening)
}

/// Serves metrics and health on a listener of their own, when one is configured.
fn serve_admin(app: &http::App, main: SocketAddr, stops: &mut Stops) -> anyhow::Result<()> {
    let Ok(wanted) = app.ground.config.server.admin_listen.parse::<SocketAddr>() else {
        if !main.ip().is_loopback() {
            info!("metrics and health are served nowhere: {main} is not loopback and server.admin_listen is not set");
        }
        return Ok(());
    };
    let listener = std::net::TcpListener::bind(wanted).with_context(|| format!("server.admin_listen {wanted}"))?;
    listener.set_nonblocking(true)?;
    let handle = axum_server::Handle::new();
    let server = axum_server::from_tcp(listener)?.handle(handle.clone());
    let service = http::health::router(app.clone()).into_make_service();
    let task = tokio::spawn(async move { server.serve(service).await });
    stops.push("metrics and health", move || async move {
        handle.graceful_shutdown(Some(Duration::from_secs(1)));
        let _ = task.await;
    });
    Ok(())
}

/// Logs as configured. Called once by the command line.
pub fn log(config: &Config) {
    use tracing_subscriber::{EnvFilter, fmt, prelude::*};
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_new(&config.log.filter))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    // A second call in one process (tests) keeps the first.
    let _ = if config.log.format == "json" {
        registry.with(fmt::layer().json()).try_init()
    } else {
        registry.with(fmt::layer()).try_init()
    };
}

/// Listens to SIGTERM and Ctrl-C from this call on; what is given waits for one of them and says which.
pub fn until_signal() -> impl Future<Output = &'static str> {
    let listen = |kind| tokio::signal::unix::signal(kind).expect("a process may listen to its own signals");
    let mut terminate = listen(SignalKind::terminate());
    let mut interrupt = listen(SignalKind::interrupt());
    async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "Ctrl-C",
        }
    }
}
