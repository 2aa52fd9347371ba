//! Measures one step of assessment over a bad night: 40 open incidents, 1,000 sensors, on SQLite.
//! Run by `cargo bench --bench assess_step` (add `--profile dev` for a quick look); prints how long a step takes and how long it holds the writer.
//! Time stands still but for the looks at everything, so that each row measures what it names and nothing else.

#![expect(clippy::disallowed_methods, reason = "a benchmark asks the monotonic clock; nothing here is decided by it")]
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use alerts::Hazard;
use anyhow::{Context, Result, ensure};
use hamyar::{
    assess::{Assess, rules::Rules},
    bell::Bells,
    clock::Clock,
    config::Config,
    ground::Ground,
    id::{Ids, SensorId},
    metrics,
    reports::{self, Channel, Incoming},
    sensors::{self, Flag, Marks, NewReading, NewSensor, Quantity, SensorCode},
    store::Store,
};
use maps::Position;

const SENSORS: usize = 1_000;
const INCIDENTS: usize = 40;
/// Reports that each incident rests on beside its gauge.
const REPORTS: usize = 5;
const ROUNDS: usize = 25;

/// A city at night.
struct City {
    ground: Ground,
    assess: Assess,
    sensors: Vec<SensorId>,
    micros: u64,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
}

#[tokio::main]
async fn main() -> Result<()> {
    let metrics = metrics::install();
    let directory = tempfile::tempdir()?;
    let ground = Ground {
        store: Store::open(&format!("sqlite://{}", directory.path().display()), 4).await?,
        clock: Clock::manual("2026-03-01T04:00:00Z".parse()?),
        ids: Ids::seeded(7),
        bells: Bells::new(64),
        config: Arc::new(Config::defaults()),
        city: Arc::new(maps::City::sample()),
        terrain: hamyar::terrain::Terrain::default(),
        templates: Arc::new(alerts::template::Templates::embedded()),
        checker: Arc::new(alerts::Checker::of(alerts::Profile::City)),
        exercise: None,
        signer: None,
    };
    let mut city = City {
        assess: Assess::open(&ground, Rules::embedded()).await?,
        ground,
        sensors: Vec::new(),
        micros: 0,
        metrics,
    };
    city.fill().await?;

    println!("{SENSORS} sensors, {INCIDENTS} open incidents with {REPORTS} reports each, SQLite, {ROUNDS} rounds");
    println!("{:<44} {:>12} {:>12} {:>16}", "step", "median ms", "longest ms", "writer held ms");
    for (row, count) in [("one reading, nothing crossed", 1), ("1,000 readings, nothing crossed", SENSORS)] {
        let mut measured = Vec::new();
        let held = city.held()?;
        for _ in 0..ROUNDS {
            city.read(INCIDENTS..INCIDENTS + count.min(SENSORS - INCIDENTS), 0.3).await?;
            measured.push(city.step().await?);
        }
        print(row, measured, held, city.held()?);
    }
    let (mut measured, held) = (Vec::new(), city.held()?);
    for round in 0..ROUNDS {
        city.report(round % INCIDENTS, 100 + round).await?;
        measured.push(city.step().await?);
    }
    print("one report that joins an incident", measured, held, city.held()?);
    let (mut measured, held) = (Vec::new(), city.held()?);
    for _ in 0..ROUNDS {
        city.ground.clock.advance(Duration::from_secs(6));
        measured.push(city.step().await?);
    }
    print("a look at everything, no new fact", measured, held, city.held()?);
    Ok(())
}

fn print(row: &str, mut measured: Vec<f64>, before: (f64, f64), after: (f64, f64)) {
    measured.sort_by(f64::total_cmp);
    let transactions = after.1 - before.1;
    let held = if transactions > 0.0 { 1_000.0 * (after.0 - before.0) / transactions } else { 0.0 };
    let (median, longest) = (measured[measured.len() / 2], measured[measured.len() - 1]);
    println!("{row:<44} {median:>12.2} {longest:>12.2} {held:>16.2}");
}

/// A grid whose points are a kilometre apart, north-west of the city, where nothing else is.
fn place(index: usize) -> Result<Position> {
    let (column, row) = ((index % 40) as f64, (index / 40) as f64);
    Ok(Position::new(48.20 + 0.012 * column, 34.95 + 0.01 * row)?)
}

impl City {
    async fn fill(&mut self) -> Result<()> {
        for index in 0..SENSORS {
            let new = NewSensor {
                code: SensorCode::new(format!("bench-{index}")).context("a code")?,
                name: alerts::texts([("fa", "سنجه"), ("en", "Gauge")]),
                quantities: vec![Quantity::StageM],
                position: place(index)?,
                reach: None,
                gauge: None,
                thresholds: [].into(),
                expected_interval_secs: 86_400,
            };
            self.sensors.push(sensors::add_by_command(&self.ground, new).await?.id);
        }
        for _ in 0..4 {
            self.ground.clock.advance(Duration::from_mins(5));
            self.read(0..INCIDENTS, 9.0).await?;
        }
        for incident in 0..INCIDENTS {
            for report in 0..REPORTS {
                self.report(incident, report).await?;
            }
        }
        self.read(0..SENSORS, 0.3).await?;
        while sensors::run_due(&self.ground).await? + self.assess.run_due().await? > 0 {}
        let mut tx = self.ground.store.read("open incidents").await?;
        let open = tx.open_incidents(1_000).await?.len();
        ensure!(open == INCIDENTS, "{open} incidents are open");
        Ok(())
    }

    async fn read(&mut self, of: std::ops::Range<usize>, value: f64) -> Result<()> {
        self.micros += 1;
        let read_at = self.ground.now() + Duration::from_micros(self.micros);
        let reading = |sensor: &SensorId| NewReading {
            sensor: *sensor,
            quantity: Quantity::StageM,
            read_at,
            value,
            flag: Flag::Good,
            marks: Marks::NONE,
        };
        let readings: Vec<_> = self.sensors[of].iter().map(reading).collect();
        let mut tx = self.ground.store.write_readings("keep readings").await?;
        tx.put_readings(&readings, self.ground.now(), None).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn report(&self, incident: usize, report: usize) -> Result<()> {
        let at = place(incident)?;
        let incoming = Incoming {
            hazard: Some(Hazard::Flood),
            sender: Some((hamyar::staff::contact::ContactKind::Phone, format!("0918{incident:03}{report:04}"))),
            key: Some(format!("{incident}-{report}")),
            position: Some(Position::new(at.lon() + 0.000_2 * (report % 7) as f64, at.lat())?),
            accuracy_m: Some(20.0),
            depth_cm: Some(60.0),
            ..Incoming::new(Channel::App, "آب بالا آمده است")
        };
        reports::receive(&self.ground, incoming).await?;
        Ok(())
    }

    /// One step; how many milliseconds it took.
    async fn step(&self) -> Result<f64> {
        let began = Instant::now();
        self.assess.run_due().await?;
        Ok(1_000.0 * began.elapsed().as_secs_f64())
    }

    /// How long deciding transactions of assessment have held the writer, in seconds, and how many there were.
    fn held(&self) -> Result<(f64, f64)> {
        let text = self.metrics.render();
        let number = |name: &str| -> Result<f64> {
            let line =
                text.lines().find_map(|line| line.strip_prefix(name)).context("the transactions are measured")?;
            Ok(line.trim().parse()?)
        };
        Ok((
            number("hamyar_transaction_seconds_sum{name=\"assess\"}")?,
            number("hamyar_transaction_seconds_count{name=\"assess\"}")?,
        ))
    }
}
