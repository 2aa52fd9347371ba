//! One look at the facts: new ones become signals, touched incidents are judged anew, zones and proposals follow.
//! Called by `Assess::run_due`, which has what is decided written; nothing here writes or holds a lock.
//! A fact is read once: the plan that moves the cursor is the one that says what was made of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alerts::{Hazard, Kind, Level, Texts};
use geo_types::MultiPolygon;
use jiff::Timestamp;
use maps::{Position, ZoneCode};
use serde_json::json;

use super::{
    Assess, Sensors,
    affected::Ground as Where,
    fuse::{self, Evidence, Judgement},
    incident::{Incident, IncidentStage, Proposal, ProposalState, ZoneHit},
    plan::{PROPOSALS_MAX, Plan, Record, Write},
    propose,
    rules::PerLevel,
    shapes::Joined,
    store::{Signal, Source},
    watch::{Limits, Watch},
};
use crate::{
    bell::LiveAudience,
    id::{IncidentId, ProposalId, ReportId, SensorId, SignalId},
    reports::{Report, Status},
    sensors::{Flag, Reading, Sensor, SensorState},
    store::{Fault, Tx},
};

/// Open incidents at once; a city has a handful.
const INCIDENTS_MAX: i64 = 200;
/// Signals of one incident that are judged; the newest count.
const SIGNALS_MAX: u16 = 400;

/// What is known of an incident beyond its row.
struct Picture {
    evidence: Vec<Evidence>,
    ground: Arc<Joined>,
    measure: Option<(Texts, alerts::Measure)>,
    place: Texts,
    last_sign_at: Timestamp,
}

/// An incident's row before this look: what people know.
struct Had {
    zones: Vec<ZoneHit>,
    last_sign_at: Timestamp,
}

/// What was read, and what has been made of it so far.
struct Look {
    tx: Tx,
    now: Timestamp,
    sensors: Arc<Sensors>,
    /// Open incidents with the zones and times of this look's signals.
    open: Vec<Incident>,
    had: BTreeMap<IncidentId, Had>,
    /// Of those incidents that were asked for: the oldest first, with this look's.
    signals: BTreeMap<IncidentId, Vec<Signal>>,
    /// Reports that became signals in this look.
    reported: BTreeSet<ReportId>,
    /// Incidents that a fact of this look concerns.
    touched: BTreeSet<IncidentId>,
    /// An incident changed in a way that may colour zones.
    recolour: bool,
    plan: Plan,
}

impl Assess {
    /// Reads what is new and decides what follows; `None` when there is nothing to do.
    ///
    /// Judges the incidents that new facts touch, and all open ones when `look_again_secs` have passed or a sensor's state changed.
    pub(super) async fn look(&self, now: Timestamp) -> Result<Option<Plan>, Fault> {
        let limit = self.ground.config.assess.facts_per_step_max;
        let mut tx = self.ground.store.read("look at facts").await?;
        let standing = tx.standing().await?;
        let mark = tx.sensors_mark().await?;
        let reports = tx.reports_after(standing.reports, limit).await?;
        let readings = {
            // Facts are only added, in order: whatever more there is by now comes after these.
            let mut tx = self.ground.store.read_readings("new readings").await?;
            tx.readings_after(standing.readings, limit).await?
        };
        let all = self.all_due(now, mark);
        if !all && readings.is_empty() && reports.is_empty() {
            return Ok(None);
        }
        let sensors = self.sensors(&mut tx, mark).await?;
        let mut look = Look {
            tx,
            now,
            sensors,
            open: Vec::new(),
            had: BTreeMap::new(),
            signals: BTreeMap::new(),
            reported: BTreeSet::new(),
            touched: BTreeSet::new(),
            recolour: all || !reports.is_empty(),
            plan: Plan::new(standing),
        };
        look.plan.judged_all = all.then_some(mark);
        (look.plan.readings, look.plan.reports) = (readings.len(), reports.len());
        look.plan.readings_to = readings.last().map(|last| last.arrival);
        look.plan.reports_to = reports.last().map(|last| last.arrival);

        let signals = self.watch_readings(&mut look, &readings).await?;
        if !all && signals.is_empty() && reports.is_empty() {
            // Most steps end here: every gauge stands where it stood.
            return Ok(Some(look.plan));
        }
        look.open = look.tx.open_incidents(INCIDENTS_MAX).await?;
        for incident in &look.open {
            let had = Had { zones: incident.zones.clone(), last_sign_at: incident.last_sign_at };
            look.had.insert(incident.id, had);
        }
        for signal in signals {
            // Falling back to green belongs to an incident that is open; without one there is nothing to say.
            let may_open = signal.level > Level::Green;
            self.join(&mut look, signal, may_open).await?;
        }
        for report in &reports {
            self.take_report(&mut look, report).await?;
        }
        let mut open = std::mem::take(&mut look.open);
        for incident in &mut open {
            if all || look.touched.contains(&incident.id) {
                self.judge_again(&mut look, incident).await?;
            }
        }
        open.retain(|incident| incident.stage != IncidentStage::Closed);
        self.forget_shapes(&open);
        if look.recolour {
            let Look { tx, sensors, plan, .. } = &mut look;
            self.colour_zones(tx, &open, sensors, now, plan).await?;
        }
        Ok(Some(look.plan))
    }

    /// Moves each sensor's watch; a crossing becomes a signal.
    async fn watch_readings(&self, look: &mut Look, readings: &[Reading]) -> Result<Vec<NewSignal>, Fault> {
        let mut watches: BTreeMap<(SensorId, &'static str), Watch> = BTreeMap::new();
        let mut signals = Vec::new();
        let sensors = Arc::clone(&look.sensors);
        for reading in readings {
            let quantity = reading.quantity.as_str();
            let Some(rule) = self.rules.of_quantity(quantity) else { continue };
            // A reading that failed its checks raises nothing; a quarantined sensor is not believed.
            let Some(sensor) = sensors.get(&reading.sensor).filter(|sensor| sensor.state != SensorState::Quarantine)
            else {
                continue;
            };
            if reading.flag == Flag::Fail {
                continue;
            }
            let own = sensor.thresholds.get(&reading.quantity).map(|own| PerLevel {
                yellow: own.yellow,
                orange: own.orange,
                red: own.red,
            });
            let limits = Limits::new(rule, own);
            let key = (sensor.id, quantity);
            if let std::collections::btree_map::Entry::Vacant(e) = watches.entry(key) {
                let known = look.tx.watch(sensor.id, quantity).await?.unwrap_or_else(Watch::new);
                e.insert(known);
            }
            let watch = watches.get_mut(&key).expect("it was put there just now");
            let Some(crossing) = watch.take(reading.value, reading.read_at, &limits) else { continue };
            signals.push(NewSignal {
                hazard: rule.hazard,
                source: Source::Sensor(sensor.id, quantity.to_owned()),
                level: crossing.to,
                value: Some(crossing.value),
                threshold: Some(crossing.threshold),
                position: sensor.position,
                at: reading.read_at,
                exercise_id: reading.exercise,
                ground: place_of(sensor, rule.hazard),
            });
        }
        let writes =
            watches.into_iter().map(|((sensor, quantity), watch)| Write::Watch(sensor, quantity.to_owned(), watch));
        look.plan.writes.extend(writes);
        Ok(signals)
    }

    async fn take_report(&self, look: &mut Look, report: &Report) -> Result<(), Fault> {
        if look.reported.contains(&report.id) {
            return Ok(());
        }
        if let Some(incident) = look.tx.incident_of_report(report.id).await? {
            // It is a sign already and stands otherwise now: its incident, when it is open, reads its standing by itself.
            look.touched.insert(incident);
            return Ok(());
        }
        let (Some(hazard), Some(position)) = (report.hazard, report.position) else { return Ok(()) };
        if !report.weighs() {
            return Ok(());
        }
        let signal = NewSignal {
            hazard,
            source: Source::Report(report.id),
            level: Level::Yellow,
            value: report.depth_cm,
            threshold: None,
            position,
            at: report.seen_at,
            exercise_id: report.exercise,
            ground: Where::Around(position),
        };
        look.reported.insert(report.id);
        self.join(look, signal, true).await
    }

    /// Puts a signal to the incident it belongs to: the same hazard, near in space, and still going on. Opens one when there is none.
    async fn join(&self, look: &mut Look, signal: NewSignal, may_open: bool) -> Result<(), Fault> {
        let settings = &self.ground.config.assess;
        let footprint = self.footprint(&signal.ground, signal.position);
        let codes: Vec<_> =
            footprint.iter().flat_map(|(_, footprint)| footprint.zones.iter().map(|zone| &zone.code)).collect();
        let mut home = None;
        for index in 0..look.open.len() {
            let incident = &look.open[index];
            if incident.hazard != signal.hazard || incident.exercise_id != signal.exercise_id {
                continue;
            }
            let minutes = signal.at.duration_since(incident.last_sign_at).as_secs_f64().abs() / 60.0;
            let going_on = incident.level > Level::Green || minutes <= settings.join_minutes_max as f64;
            if !going_on {
                continue;
            }
            let shares_zone = incident.zones.iter().any(|hit| codes.contains(&&hit.code));
            let id = incident.id;
            let is_home = shares_zone
                || look.signals_of(id).await?.iter().any(|other| {
                    other.source == signal.source || metres(other.position, signal.position) <= settings.join_metres_max
                });
            if is_home {
                home = Some(index);
                break;
            }
        }
        let index = match home {
            Some(index) => index,
            None if !may_open => return Ok(()),
            None => {
                let incident = self.new_incident(&signal, look.now);
                look.plan.writes.push(Write::NewIncident(Box::new(incident.clone())));
                look.had.insert(incident.id, Had { zones: Vec::new(), last_sign_at: incident.last_sign_at });
                look.signals.insert(incident.id, Vec::new());
                look.open.push(incident);
                look.open.len() - 1
            }
        };
        let incident = &mut look.open[index];
        let id = incident.id;
        incident.last_sign_at = incident.last_sign_at.max(signal.at);
        // So that the next signal of this look finds the zones of this one.
        for code in codes {
            if !incident.zones.iter().any(|hit| hit.code == *code) {
                incident.zones.push(ZoneHit { code: code.clone(), share: 0.0, minutes: None });
            }
        }
        let signal = Signal {
            id: SignalId::draw(&self.ground.ids, look.now),
            incident: id,
            source: signal.source,
            level: signal.level,
            value: signal.value,
            threshold: signal.threshold,
            position: signal.position,
            at: signal.at,
            exercise_id: signal.exercise_id,
        };
        look.plan.writes.push(Write::Signal(Box::new(signal.clone())));
        look.touched.insert(id);
        look.add_signal(signal).await
    }

    fn new_incident(&self, signal: &NewSignal, now: Timestamp) -> Incident {
        Incident {
            id: IncidentId::draw(&self.ground.ids, now),
            hazard: signal.hazard,
            started_at: signal.at,
            last_sign_at: signal.at,
            exercise_id: signal.exercise_id,
            version: 0,
            recorded_at: now,
            stage: IncidentStage::Candidate,
            level: Level::Green,
            log_odds_mnat: 0,
            zones: Vec::new(),
            footprint: None,
            bands: None,
            place: Texts::new(),
            reasons: Vec::new(),
            map_hash: self.ground.city.hash().to_owned(),
            rules_hash: self.rules.hash().to_owned(),
        }
    }

    /// Judges an incident by all its signals; a new version when anything that people see has changed.
    async fn judge_again(&self, look: &mut Look, incident: &mut Incident) -> Result<(), Fault> {
        let now = look.now;
        let had = look.had.remove(&incident.id).expect("every open incident was as it was");
        // With the zones of this look's signals, which were there to be found by the next signal.
        let joined = std::mem::replace(&mut incident.zones, had.zones);
        let picture = self.picture(look, incident).await?;
        let judgement = fuse::judge(incident.hazard, &picture.evidence, &self.rules, now);
        let quiet = now.duration_since(picture.last_sign_at).as_secs_f64() / 60.0
            >= self.ground.config.assess.incident_quiet_minutes as f64;
        let stage = if quiet && judgement.level == Level::Green {
            IncidentStage::Closed
        } else {
            judgement.stage.max_of(incident.stage)
        };
        let known: Vec<ZoneCode> = codes(&incident.zones).into_iter().cloned().collect();
        // A zone list that became empty keeps the last one: an all-clear is for those who were warned.
        let zones = &picture.ground.zones;
        let zones = if zones.is_empty() { joined } else { zones.clone() };
        let changed = incident.version == 0
            || incident.level != judgement.level
            || incident.stage != stage
            || known.iter().collect::<Vec<_>>() != codes(&zones)
            || evidence_of(&incident.reasons) != evidence_of(&judgement.reasons);
        let before = incident.level;
        let is_new = incident.version == 0;
        // A second report at the same place moves neither level nor zones, but it may be what makes the danger likely.
        let likely = self.rules.weights.likely;
        let became_likely = incident.log_odds_mnat < likely && judgement.log_odds_mnat >= likely;
        incident.last_sign_at = picture.last_sign_at;
        if changed {
            incident.version += 1;
            incident.recorded_at = now;
            incident.stage = stage;
            incident.level = judgement.level;
            incident.log_odds_mnat = judgement.log_odds_mnat;
            incident.zones = zones;
            incident.footprint = picture.ground.shape.as_ref().map(geometry).or(incident.footprint.take());
            // Only together with the footprint that they belong to.
            if picture.ground.shape.is_some() {
                incident.bands =
                    picture.ground.bands.as_ref().map(
                        |[likely, possible]| json!({ "likely": geometry(likely), "possible": geometry(possible) }),
                    );
            }
            incident.place.clone_from(&picture.place);
            incident.reasons.clone_from(&judgement.reasons);
            self.ground.city.hash().clone_into(&mut incident.map_hash);
            self.rules.hash().clone_into(&mut incident.rules_hash);
            look.recolour = true;
            look.plan.writes.push(Write::State(Box::new(incident.clone())));
            let facts = json!({
                "version": incident.version, "level": incident.level.as_str(), "stage": incident.stage.as_str(),
                "log_odds_mnat": incident.log_odds_mnat, "rules": self.rules.hash(), "map": self.ground.city.hash(),
            });
            self.record(look, "judge incident", "incident", incident.id.to_string(), facts, incident);
            look.plan.news.push((LiveAudience::Staff, "incident.changed", json!({ "id": incident.id })));
        }
        let closed_at = (stage == IncidentStage::Closed).then_some(now);
        if closed_at.is_some() || incident.last_sign_at != had.last_sign_at {
            let (incident, last_sign_at) = (incident.id, incident.last_sign_at);
            look.plan.writes.push(Write::Touch { incident, last_sign_at, closed_at });
        }
        if changed {
            let grown = is_new || became_likely || codes(&incident.zones).iter().any(|code| !known.contains(code));
            self.propose(look, incident, before, grown, &judgement, &picture).await?;
        }
        Ok(())
    }

    /// Everything that still counts for an incident: newest signal per sensor, reports that weigh, witnesses.
    async fn picture(&self, look: &mut Look, incident: &Incident) -> Result<Picture, Fault> {
        look.signals_of(incident.id).await?;
        let Look { tx, sensors, signals, .. } = look;
        let signals = &signals[&incident.id];
        let mut newest: BTreeMap<(SensorId, &str), &Signal> = BTreeMap::new();
        let mut evidence = Vec::new();
        let mut reached = Vec::new();
        let mut places = Vec::new();
        let mut measure = None;
        let mut last_sign_at = incident.started_at;
        for signal in signals {
            last_sign_at = last_sign_at.max(signal.at);
            match &signal.source {
                Source::Sensor(sensor, quantity) => {
                    // The oldest come first, so the newest stays.
                    newest.insert((*sensor, quantity), signal);
                }
                Source::Report(id) => {
                    let Some(report) = tx.report(*id).await?.filter(Report::weighs) else { continue };
                    evidence.push(Evidence::Report {
                        report: report.id,
                        number: report.number.clone(),
                        channel: report.channel.as_str(),
                        verified: report.status == Status::Verified,
                        depth_cm: report.depth_cm,
                        precise: report.accuracy_m.is_none_or(|metres| metres <= 150.0),
                        at: signal.at,
                    });
                    let depth = report.depth_cm.and_then(|depth| steps(depth, DEPTH_STEP_CM));
                    let ground = match (incident.hazard, depth) {
                        (Hazard::Flood, Some(depth)) => Where::Depth(signal.position, depth),
                        _ => Where::Around(signal.position),
                    };
                    reached.extend(self.reached(&ground, signal.position));
                    if let Some(zone) = report.zone.as_ref().and_then(|code| self.ground.city.zone(code)) {
                        places.push((Level::Yellow, zone.name.clone()));
                    }
                }
            }
        }
        for ((id, quantity), signal) in newest {
            let Some(sensor) = sensors.get(&id) else { continue };
            let value = signal.value.unwrap_or_default();
            if signal.level > Level::Green {
                evidence.push(Evidence::Above {
                    sensor: id,
                    name: sensor.name.clone(),
                    quantity: quantity.to_owned(),
                    value,
                    threshold: signal.threshold.unwrap_or_default(),
                    level: signal.level,
                    at: signal.at,
                });
                let ground = match (place_of(sensor, incident.hazard), steps(value * 100.0, STAGE_STEP_CM)) {
                    (Where::Stream(gauge), Some(stage)) if quantity == "stage_m" => Where::Stage(gauge, stage),
                    (ground, _) => ground,
                };
                reached.extend(self.reached(&ground, sensor.position));
                if places.iter().all(|(level, _)| *level <= signal.level) {
                    measure = unit(quantity).map(|unit| (sensor.name.clone(), alerts::Measure { value, unit }));
                }
                places.push((signal.level, sensor.name.clone()));
            } else if sensor.state == SensorState::Ok {
                evidence.push(Evidence::Below { sensor: id, name: sensor.name.clone(), at: signal.at });
            }
        }
        let ground = self.joined(incident.id, reached);
        let place =
            places.into_iter().max_by_key(|(level, _)| *level).map_or_else(|| incident.place.clone(), |(_, name)| name);
        Ok(Picture { evidence, ground, measure, place, last_sign_at })
    }

    /// Proposes an alert when the danger is likely and has grown, an update when it has changed after an alert, an all-clear when it is over.
    async fn propose(
        &self,
        look: &mut Look,
        incident: &Incident,
        before: Level,
        grown: bool,
        judgement: &Judgement,
        picture: &Picture,
    ) -> Result<(), Fault> {
        let now = look.now;
        let earlier = look.tx.proposals_of(incident.id, PROPOSALS_MAX).await?;
        let stood = earlier.iter().map(|proposal| (proposal.id, proposal.state)).collect();
        look.plan.proposals.push((incident.id, stood));
        // What staff knows of this incident: the newest adopted proposal that is not itself an all-clear.
        let told = earlier.iter().find(|proposal| proposal.state == ProposalState::Adopted);
        let warned = told.is_some_and(|proposal| proposal.kind != Kind::AllClear);
        let risen = incident.level > before;
        let kind = match (incident.level > Level::Green, warned) {
            (true, _) if judgement.log_odds_mnat < self.rules.weights.likely => None,
            (true, false) if risen || grown => Some(Kind::Alert),
            (true, true) if risen || grown || incident.level < before => Some(Kind::Update),
            (false, true) if before > Level::Green => Some(Kind::AllClear),
            _ => None,
        };
        let open: Vec<_> = earlier.iter().filter(|proposal| proposal.state == ProposalState::Open).collect();
        // What was proposed and is no longer so is withdrawn, even when nothing new is proposed.
        let stale = kind.is_some() || incident.level == Level::Green;
        if stale {
            for proposal in open {
                look.plan.writes.push(Write::Settle(proposal.id, ProposalState::Superseded));
                look.plan.news.push((LiveAudience::Staff, "proposal.changed", json!({ "id": proposal.id })));
            }
        }
        let Some(kind) = kind else { return Ok(()) };
        let worded = propose::content(
            &self.ground,
            &self.rules,
            incident,
            kind,
            picture.ground.shape.as_ref(),
            judgement.observed,
            picture.measure.clone(),
            now,
        );
        let content = match worded {
            Ok(content) => content,
            Err(why) => {
                // The incident itself is shown with its reasons; somebody has to mend texts or map.
                tracing::error!(incident.id = %incident.id, why, "an incident could not be worded as a proposal: {why}");
                return Ok(());
            }
        };
        let proposal = Proposal {
            id: ProposalId::draw(&self.ground.ids, now),
            incident: incident.id,
            kind,
            hazard: incident.hazard,
            level: incident.level,
            content,
            reasons: incident.reasons.clone(),
            made_at: now,
            state: ProposalState::Open,
            settled_by: None,
            exercise_id: incident.exercise_id,
        };
        let facts =
            json!({ "incident": incident.id, "version": incident.version, "content": proposal.content.hash_hex() });
        let id = proposal.id;
        look.plan.writes.push(Write::Proposal(Box::new(proposal)));
        self.record(look, "propose alert", "proposal", id.to_string(), facts, incident);
        look.plan.news.push((LiveAudience::Staff, "proposal.changed", json!({ "id": id })));
        Ok(())
    }

    fn record(
        &self,
        look: &mut Look,
        action: &'static str,
        subject_kind: &'static str,
        subject_id: String,
        facts: serde_json::Value,
        incident: &Incident,
    ) {
        let rule = self.rules.of_hazard(incident.hazard).map_or("reports", |rule| rule.id.as_str()).to_owned();
        let exercise = incident.exercise_id;
        let record = Record { rule, action, subject_kind, subject_id, facts, exercise };
        look.plan.writes.push(Write::Record(Box::new(record)));
    }
}

impl Look {
    /// The signs of an incident, the oldest first, at most the newest 400.
    async fn signals_of(&mut self, incident: IncidentId) -> Result<&[Signal], Fault> {
        if !self.signals.contains_key(&incident) {
            let signals = self.tx.signals(incident, i64::from(SIGNALS_MAX)).await?;
            self.signals.insert(incident, signals);
        }
        Ok(&self.signals[&incident])
    }

    /// Adds a sign where the tables will give it.
    async fn add_signal(&mut self, signal: Signal) -> Result<(), Fault> {
        self.signals_of(signal.incident).await?;
        let signals = self.signals.get_mut(&signal.incident).expect("it was read just now");
        let place = signals.partition_point(|known| (known.at, known.id) < (signal.at, signal.id));
        signals.insert(place, signal);
        if signals.len() > usize::from(SIGNALS_MAX) {
            signals.remove(0);
        }
        Ok(())
    }
}

/// A signal before it has an incident.
struct NewSignal {
    hazard: Hazard,
    source: Source,
    level: Level,
    value: Option<f64>,
    threshold: Option<f64>,
    position: Position,
    at: Timestamp,
    exercise_id: Option<crate::id::ExerciseId>,
    ground: Where,
}

impl IncidentStage {
    /// What is once confirmed stays so until it is over.
    fn max_of(self, before: Self) -> Self {
        match (self, before) {
            (Self::Closed, _) => Self::Closed,
            (Self::Confirmed, _) | (_, Self::Confirmed) => Self::Confirmed,
            (Self::Candidate, _) => Self::Candidate,
        }
    }
}

/// Where a sensor's signal points, by hazard.
pub(super) fn place_of(sensor: &Sensor, hazard: Hazard) -> Where {
    match (hazard, &sensor.gauge) {
        (Hazard::Flood, Some(gauge)) => Where::Stream(gauge.clone()),
        (Hazard::Snow | Hazard::Ice, Some(gauge)) => Where::Snow(gauge.clone()),
        (_, None) => Where::Around(sensor.position),
    }
}

/// Stages are taken in steps, upward, so that a river that rises by centimetres asks the terrain once in a while.
const STAGE_STEP_CM: f64 = 10.0;
const DEPTH_STEP_CM: f64 = 5.0;

/// A number of centimetres, up to the next step; none for what is no height of water above the ground.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie between 0 and 10,000")]
fn steps(cm: f64, step: f64) -> Option<u16> {
    let up = (cm / step).ceil() * step;
    (0.0..=10_000.0).contains(&up).then_some(up as u16)
}

fn codes(zones: &[ZoneHit]) -> Vec<&maps::ZoneCode> {
    let mut codes: Vec<_> = zones.iter().map(|hit| &hit.code).collect();
    codes.sort();
    codes
}

/// Which evidence a list of reasons rests on; fading weights alone are no news.
fn evidence_of(reasons: &[super::Reason]) -> Vec<(Option<uuid::Uuid>, &str)> {
    let mut evidence: Vec<_> =
        reasons.iter().map(|reason| (reason.evidence_id, reason.text.get("en").map_or("", String::as_str))).collect();
    evidence.sort_unstable();
    evidence
}

fn metres(left: Position, right: Position) -> f64 {
    use geo::{Distance, Haversine};
    Haversine.distance(geo_types::Point::new(left.lon(), left.lat()), geo_types::Point::new(right.lon(), right.lat()))
}

fn unit(quantity: &str) -> Option<alerts::Unit> {
    match quantity {
        "stage_m" => Some(alerts::Unit::Metre),
        "snow_depth_cm" => Some(alerts::Unit::Centimetre),
        "wind_ms" => Some(alerts::Unit::MetrePerSecond),
        "air_temp_c" => Some(alerts::Unit::DegreeCelsius),
        _ => None,
    }
}

fn geometry(shape: &MultiPolygon<f64>) -> serde_json::Value {
    serde_json::to_value(geojson::Geometry::from(shape)).expect("a geometry of finite numbers is JSON")
}
