//! Judging what new facts touch gives what judging everything in every step gives.
//! Both are fed the same invented facts: readings that rise and fall, silent and quarantined gauges, reports that are doubted and believed.
//! Chance is seeded and time is the manual clock's, so that a difference can be told again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use alerts::Hazard;
use hamyar::{
    assess::{Assess, Incident, rules::Rules},
    config::Config,
    ground::Ground,
    id::{Ids, ReportId, SensorId},
    reports::{self, Channel, Incoming, Judgement},
    sensors::{self, Flag, Marks, NewReading, Quantity},
    staff::{Admin, Operator, Role},
};
use serde_json::{Value, json};

use crate::{engines::on_both_engines, issue::caller};

/// Rounds of a story; each brings a few facts.
const ROUNDS: usize = 30;

/// What differs between two tellings.
#[derive(Clone, Copy)]
enum Judging {
    /// All open incidents in every step.
    Everything,
    /// What the facts touch, and everything every five seconds.
    Touched,
}

/// How time passes between rounds, in seconds.
type Pace = [u64; 5];

struct City {
    ground: Ground,
    assess: Assess,
    chance: Ids,
    operator: Operator,
    admin: Admin,
    gauges: Vec<(SensorId, Quantity, f64)>,
    reports: Vec<ReportId>,
    quarantined: Vec<SensorId>,
}

impl City {
    async fn start(ground: Ground, judging: Judging, seed: u64) -> Self {
        let mut config = Config::clone(&ground.config);
        config.assess.look_again_secs = match judging {
            Judging::Everything => 0,
            Judging::Touched => 5,
        };
        // Several steps for the facts of one moment.
        config.assess.facts_per_step_max = 2;
        let ground = Ground { config: Arc::new(config), ..ground };
        sensors::adopt_city(&ground).await.expect("the gauges of the map");
        let mut tx = ground.store.read("gauges").await.expect("a transaction");
        let known = tx.sensors().await.expect("sensors");
        drop(tx);
        let gauges = known
            .into_iter()
            .flat_map(|sensor| {
                let red = |quantity| sensor.thresholds.get(&quantity).map(|given| given.red);
                let of = |quantity| red(quantity).map(|red| (sensor.id, quantity, red));
                sensor.quantities.iter().filter_map(|quantity| of(*quantity)).collect::<Vec<_>>()
            })
            .filter(|(_, quantity, _)| matches!(quantity, Quantity::StageM | Quantity::SnowDepthCm))
            .collect();
        let sara = caller(&ground, "sara", &[Role::Operator, Role::Admin]).await;
        Self {
            assess: Assess::open(&ground, Rules::embedded()).await.expect("assessment opens"),
            operator: Operator::try_from_caller(sara.clone()).expect("an operator"),
            admin: Admin::try_from_caller(sara).expect("an administrator"),
            chance: Ids::seeded(seed),
            ground,
            gauges,
            reports: Vec::new(),
            quarantined: Vec::new(),
        }
    }

    fn pick(&self, below: usize) -> usize {
        usize::try_from(self.chance.below(below as u64)).expect("below a usize")
    }

    async fn settle(&self) {
        let (ground, assess) = (&self.ground, &self.assess);
        while sensors::run_due(ground).await.expect("the watch runs") + assess.run_due().await.expect("assessment runs")
            > 0
        {}
    }

    async fn play(&mut self, pace: &Pace) {
        for round in 0..ROUNDS {
            self.ground.clock.advance(Duration::from_secs(pace[self.pick(pace.len())]));
            for fact in 0..=self.pick(4) {
                match self.pick(10) {
                    0..=4 => self.gauge_reads(u64::try_from(fact).expect("small")).await,
                    5..=6 => self.somebody_reports(round * 10 + fact).await,
                    7..=8 => self.the_desk_judges().await,
                    _ => self.a_gauge_is_put_aside_or_back().await,
                }
            }
            self.settle().await;
        }
        // A look at everything at the end, for what time alone changed.
        self.ground.clock.advance(Duration::from_secs(10));
        self.settle().await;
    }

    /// Four readings over as many minutes, the last one now: a level that holds, or one that is left.
    async fn gauge_reads(&self, micros: u64) {
        let (sensor, quantity, red) = self.gauges[self.pick(self.gauges.len())];
        let value = red * [0.1, 0.1, 0.7, 0.9, 1.2][self.pick(5)];
        let now = self.ground.now() + Duration::from_micros(micros);
        let spread = [60, 900][self.pick(2)];
        let reading = |step: u64| {
            let read_at = now - Duration::from_secs(spread * (3 - step));
            NewReading { sensor, quantity, read_at, value, flag: Flag::Good, marks: Marks::NONE }
        };
        let readings: Vec<_> = (0..4).map(reading).collect();
        let mut tx = self.ground.store.write_readings("keep readings").await.expect("a transaction");
        tx.put_readings(&readings, self.ground.now(), None).await.expect("kept");
        tx.commit().await.expect("committed");
    }

    async fn somebody_reports(&mut self, key: usize) {
        let zones: Vec<_> = self.ground.city.leaves().collect();
        let zone = zones[self.pick(zones.len())];
        let incoming = Incoming {
            hazard: Some([Hazard::Flood, Hazard::Flood, Hazard::Snow][self.pick(3)]),
            sender: Some((hamyar::staff::contact::ContactKind::Phone, format!("0918{key:07}"))),
            key: Some(key.to_string()),
            place_words: Some(zone.name["fa"].clone()),
            depth_cm: [None, Some(20.0), Some(80.0), Some(200.0)][self.pick(4)],
            ..Incoming::new(Channel::Web, "آب بالا آمده است")
        };
        let received = reports::receive(&self.ground, incoming).await.expect("received");
        self.reports.push(received.id);
    }

    async fn the_desk_judges(&self) {
        let Some(report) = (!self.reports.is_empty()).then(|| self.reports[self.pick(self.reports.len())]) else {
            return;
        };
        // A report that stands where this can't follow is left as it is, in both tellings.
        let judgement = [Judgement::Verified, Judgement::Rejected, Judgement::Closed][self.pick(3)];
        let _ = reports::judge(&self.ground, &self.operator, report, judgement, None).await;
    }

    async fn a_gauge_is_put_aside_or_back(&mut self) {
        if let Some(sensor) = self.quarantined.pop() {
            sensors::release(&self.ground, &self.admin, sensor).await.expect("it was put aside");
        } else {
            let (sensor, ..) = self.gauges[self.pick(self.gauges.len())];
            sensors::quarantine(&self.ground, &self.admin, sensor).await.expect("it was in service");
            self.quarantined.push(sensor);
        }
    }

    /// Everything that people can see of assessment, the history included.
    async fn everything(&self) -> Value {
        let mut tx = self.ground.store.read("everything").await.expect("a transaction");
        let mut incidents = Vec::new();
        for incident in tx.incidents(None, 1_000).await.expect("incidents") {
            let history = tx.incident_history(incident.id, 1_000).await.expect("history");
            incidents.push(history.iter().map(exactly).collect::<Vec<_>>());
        }
        let zones: Vec<_> = tx
            .zone_states(None)
            .await
            .expect("zones")
            .into_iter()
            .map(|zone| json!([zone.zone, zone.level, zone.hazard, zone.incident, zone.recorded_at, zone.reason]))
            .collect();
        let proposals: Vec<_> = tx
            .proposals(None, 10_000)
            .await
            .expect("proposals")
            .into_iter()
            .map(|one| {
                json!([one.incident, one.kind, one.level, one.state.as_str(), one.made_at, one.content.hash_hex()])
            })
            .collect();
        assert!(incidents.len() > 3 && proposals.len() > 3 && zones.len() > 10, "a story in which something happens");
        json!({ "incidents": incidents, "zones": zones, "proposals": proposals })
    }

    /// What holds now: levels, zones and evidence, without weights, which are written when something else changes.
    async fn what_holds(&self) -> Value {
        let mut tx = self.ground.store.read("what holds").await.expect("a transaction");
        let incidents: Vec<_> = tx
            .incidents(None, 1_000)
            .await
            .expect("incidents")
            .into_iter()
            .map(|incident| {
                let reasons: Vec<_> = incident.reasons.iter().map(|reason| (reason.at, &reason.text)).collect();
                let mut reasons: Vec<_> = reasons.into_iter().map(|reason| json!(reason).to_string()).collect();
                reasons.sort();
                json!([incident.hazard, incident.started_at, incident.level, incident.stage, incident.zones, reasons])
            })
            .collect();
        let zones: Vec<_> = tx
            .zone_states(None)
            .await
            .expect("zones")
            .into_iter()
            .map(|zone| json!([zone.zone, zone.level, zone.hazard]))
            .collect();
        assert!(incidents.len() > 3 && zones.len() > 10, "a story in which something happens");
        json!({ "incidents": incidents, "zones": zones })
    }
}

fn exactly(incident: &Incident) -> Value {
    json!({
        "id": incident.id, "hazard": incident.hazard, "started_at": incident.started_at, "version": incident.version,
        "last_sign_at": incident.last_sign_at, "recorded_at": incident.recorded_at, "stage": incident.stage,
        "level": incident.level, "log_odds_mnat": incident.log_odds_mnat, "zones": incident.zones,
        "footprint": incident.footprint, "place": incident.place, "reasons": incident.reasons,
    })
}

/// Tells the story of a seed with both ways of judging on both engines; gives what came out, with the names of the tellings.
async fn tellings(seed: u64, pace: Pace, exact: bool) -> Vec<Value> {
    let outcomes = Mutex::new(Vec::new());
    for judging in [Judging::Everything, Judging::Touched] {
        on_both_engines(|ground| {
            let outcomes = &outcomes;
            async move {
                let mut city = City::start(ground, judging, seed).await;
                city.play(&pace).await;
                let outcome = if exact { city.everything().await } else { city.what_holds().await };
                outcomes.lock().expect("no teller panicked").push(outcome);
            }
        })
        .await;
    }
    outcomes.into_inner().expect("no teller panicked")
}

/// One story, or as many as HAMYAR_TEST_SEEDS says.
fn seeds(first: u64) -> std::ops::Range<u64> {
    let count = std::env::var("HAMYAR_TEST_SEEDS").map_or(1, |count| count.parse().expect("a number of seeds"));
    first..first + count
}

fn assert_same(seed: u64, outcomes: &[Value]) {
    for outcome in &outcomes[1..] {
        for part in ["incidents", "zones", "proposals"] {
            let (first, other) = (&outcomes[0][part], &outcome[part]);
            let differs = |index: usize| first.get(index) != other.get(index);
            if let Some(index) = (0..10_000).find(|index| differs(*index)) {
                panic!("seed {seed}, {part} {index}:\n{:?}\n{:?}", first.get(index), other.get(index));
            }
        }
    }
}

#[tokio::test]
async fn judging_what_facts_touch_gives_what_judging_everything_gives_to_the_letter() {
    // Whenever time moves it moves far enough for a look at everything; the other steps of the moment judge what is touched.
    for seed in seeds(1) {
        assert_same(seed, &tellings(seed, [0, 0, 20, 120, 1_500], true).await);
    }
}

#[tokio::test]
async fn between_two_looks_at_everything_nothing_but_fading_waits() {
    for seed in seeds(101) {
        assert_same(seed, &tellings(seed, [0, 1, 2, 4, 90], false).await);
    }
}
