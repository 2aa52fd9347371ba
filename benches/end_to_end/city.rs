//! The city that is measured: a fresh SQLite database with the sample map, two of the staff, a thousand helpers, every gauge of the map.
//! Made once per benchmark through the rooms that register everybody; the service itself is started afterwards as a process of its own.
//! Secrets are drawn here and live as long as the benchmark.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use hamyar::{
    app::{self, Kind},
    config::Config,
    ground::Ground,
    helpers::{NewHelper, Standing, put_helper},
    id::Secret,
    sensors,
    staff::{NewPerson, Role, add_staff, contact::ContactKind, sign_in},
};

/// Where everybody lives whose telephone is counted.
pub const ZONE: &str = "bu-ali";

/// Everything that the rounds need to know.
pub struct City {
    pub http: SocketAddr,
    pub mqtt: SocketAddr,
    pub data: tempfile::TempDir,
    /// Bearer tokens: who drafts and publishes, who approves.
    pub officer: Secret,
    pub approver: Secret,
    /// MQTT accounts of helpers.
    pub telephones: Vec<Account>,
    /// Gauges, each of which can found an incident of its own.
    pub gauges: Vec<Gauge>,
}

#[derive(Clone)]
pub struct Account {
    pub user: String,
    pub secret: Secret,
}

/// A gauge's MQTT account and the stages at which its level becomes orange and red.
pub struct Gauge {
    pub account: Account,
    pub orange_m: f64,
    pub red_m: f64,
}

/// What is measured: the binary that was built with the benchmark, or another that HAMYAR_BENCH_BINARY names.
pub fn binary() -> PathBuf {
    std::env::var_os("HAMYAR_BENCH_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_hamyar").into(), PathBuf::from)
}

/// An address that is free now. Somebody could take it before the service does; then the start fails and says so.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl City {
    pub async fn found(helpers: usize) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let (http, mqtt) = (free_address()?, free_address()?);
        let settings = format!(
            "[server]\nlisten = \"{http}\"\nlive_pages_per_address_max = 5000\n[store]\ndata_dir = \"{}\"\n[mqtt]\nlisten = \"{mqtt}\"\n\
             [issue]\nsender = \"bench.example\"\n[log]\nfilter = \"warn\"\n",
            data.path().join("data").display(),
        );
        std::fs::write(data.path().join("hamyar.toml"), &settings)?;
        let config = Config::load(Some(&settings), std::iter::empty())
            .map_err(|faults| anyhow::anyhow!("the benchmark's settings: {faults:?}"))?;
        let ground = app::open_ground(Arc::new(config), Kind::Real).await?;
        let officer = member(&ground, "officer", vec![Role::Officer, Role::Operator]).await?;
        let approver = member(&ground, "approver", vec![Role::Approver]).await?;
        let telephones = telephones(&ground, helpers).await?;
        let gauges = gauges(&ground).await?;
        ground.store.close().await;
        Ok(Self { http, mqtt, data, officer, approver, telephones, gauges })
    }

    /// Starts the service; gives it and the time until it said that it was ready.
    pub async fn start(&self) -> Result<(Service, Duration)> {
        let began = Instant::now();
        let process = Command::new(binary())
            .args(["serve", "--config"])
            .arg(self.data.path().join("hamyar.toml"))
            .stdout(Stdio::null())
            .spawn()
            .context("the release binary starts")?;
        let mut service = Service(process);
        while !ready(self.http).await {
            if let Some(ended) = service.0.try_wait()? {
                bail!("the service ended before it was ready: {ended}");
            }
            ensure!(began.elapsed() < Duration::from_secs(30), "the service was not ready within 30 s");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok((service, began.elapsed()))
    }
}

/// A running service; ended when it is dropped.
pub struct Service(Child);

impl Service {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to stop, and gives how long that took.
    pub fn stop(mut self) -> Result<Duration> {
        let began = Instant::now();
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()?;
        let ended = self.0.wait()?;
        ensure!(ended.success(), "the service ended with {ended}");
        Ok(began.elapsed())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `GET /readyz` over a connection of its own, so that nothing is kept open beside the ones that are counted.
async fn ready(at: SocketAddr) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let Ok(mut stream) = tokio::net::TcpStream::connect(at).await else { return false };
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    stream.write_all(request.as_bytes()).await.is_ok()
        && stream.read_to_end(&mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

async fn member(ground: &Ground, login: &str, roles: Vec<Role>) -> Result<Secret> {
    let new = NewPerson {
        name: login.to_owned(),
        language: "en".to_owned(),
        minor: false,
        roles,
        contacts: Vec::new(),
        verified: true,
    };
    let password = ground.ids.secret();
    let person = add_staff(ground, &new, login, &password).await?;
    let caller = sign_in::by_password(ground, login, &password, "127.0.0.1").await?.caller;
    Ok(sign_in::new_token(ground, person, "benchmark", &caller).await?.1)
}

async fn telephones(ground: &Ground, count: usize) -> Result<Vec<Account>> {
    let zone = maps::ZoneCode::new(ZONE).context("a zone of the sample map")?;
    let mut accounts = Vec::new();
    let mut tx = ground.store.write("benchmark helpers").await?;
    for number in 0..count {
        let new = NewHelper {
            name: format!("Helper {number}"),
            language: "fa".to_owned(),
            contacts: vec![(ContactKind::Mqtt, String::new())],
            zones: vec![zone.clone()],
            ..NewHelper::default()
        };
        let registered = put_helper(ground, &mut tx, &new, None, Standing::CHECKED).await?;
        let (user, secret) = registered.mqtt.context("a helper who chose MQTT gets an account")?;
        accounts.push(Account { user, secret });
    }
    tx.commit().await?;
    Ok(accounts)
}

/// Gauges whose footprints share no zone, so that each founds an incident of its own: first those of the map's streams (with all that
/// lies downstream), then level sensors in the middle of zones (with a circle around).
async fn gauges(ground: &Ground) -> Result<Vec<Gauge>> {
    let settings = &ground.config.assess;
    let city = &ground.city;
    let mut used = BTreeSet::new();
    let mut free = |footprint: &maps::Footprint| {
        let zones: Vec<_> = footprint.zones.iter().map(|zone| zone.code.clone()).collect();
        let free = !zones.is_empty() && zones.iter().all(|zone| !used.contains(zone));
        used.extend(zones.into_iter().filter(|_| free));
        free
    };
    let mut gauges = Vec::new();
    for one in sensors::adopt_city(ground).await? {
        let Some(gauge) = city.gauges().iter().find(|gauge| gauge.code.as_str() == one.code.as_str()) else { continue };
        let Some(thresholds) = &gauge.thresholds else { continue };
        if city.flood_footprint(&gauge.code, settings.reach_half_width_metres).is_ok_and(|footprint| free(&footprint)) {
            let account = Account { user: one.user, secret: one.secret };
            gauges.push(Gauge { account, orange_m: thresholds.orange, red_m: thresholds.red });
        }
    }
    for zone in city.leaves() {
        let circle = city.radius_footprint(zone.label_at, settings.report_radius_metres);
        if !circle.is_ok_and(|footprint| free(&footprint)) {
            continue;
        }
        let new = sensors::NewSensor {
            code: sensors::SensorCode::new(format!("level-{}", zone.code))?,
            name: zone.name.clone(),
            quantities: vec![sensors::Quantity::StageM],
            position: zone.label_at,
            reach: None,
            gauge: None,
            thresholds: BTreeMap::from([(
                sensors::Quantity::StageM,
                maps::Thresholds { yellow: 0.8, orange: 1.2, red: 1.8, source: "benchmark".to_owned() },
            )]),
            expected_interval_secs: 300,
        };
        let one = sensors::add_by_command(ground, new).await?;
        gauges.push(Gauge { account: Account { user: one.user, secret: one.secret }, orange_m: 1.2, red_m: 1.8 });
    }
    ensure!(gauges.len() >= 10, "the sample map has room for ten incidents at once; only {} were found", gauges.len());
    Ok(gauges)
}
