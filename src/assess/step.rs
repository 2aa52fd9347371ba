//! One step of assessment: new facts become signals, touched incidents are judged anew, zones and proposals follow.
//! Called by `Assess::run_due`; everything a step decides is one transaction with its audit rows.
//! A fact is read once: the cursor moves in the same transaction as what was made of it.

use std::collections::BTreeMap;

use alerts::{Hazard, Kind, Level, Texts};
use geo_types::MultiPolygon;
use jiff::Timestamp;
use maps::{Position, ZoneCode};
use serde_json::json;

use super::{
    Assess,
    affected::{self, Ground as Where},
    fuse::{self, Evidence, Judgement},
    incident::{Incident, IncidentStage, Proposal, ProposalState, ZoneHit},
    propose,
    rules::PerLevel,
    store::{Signal, Source},
    watch::{Limits, Watch},
};
use crate::{
    audit::{Actor, Decision},
    bell::LiveAudience,
    id::{IncidentId, ProposalId, SensorId, SignalId},
    reports::{Report, Status},
    sensors::{Flag, Reading, Sensor, SensorState},
    store::{Fault, Tx},
};

/// Open incidents at once; a city has a handful.
const INCIDENTS_MAX: i64 = 200;
/// Signals of one incident that are judged; the newest count.
const SIGNALS_MAX: i64 = 400;

/// What a step tells open pages once it is committed.
type News = Vec<(LiveAudience, &'static str, serde_json::Value)>;

/// What is known of an incident beyond its row.
struct Picture {
    evidence: Vec<Evidence>,
    shape: Option<MultiPolygon<f64>>,
    zones: Vec<ZoneHit>,
    measure: Option<(Texts, alerts::Measure)>,
    place: Texts,
    last_sign_at: Timestamp,
}

impl Assess {
    pub(super) async fn step(&self, now: Timestamp) -> Result<usize, Fault> {
        let limit = self.ground.config.assess.facts_per_step_max;
        let mut tx = self.ground.store.write("assess").await?;
        tx.lock("assess").await?;
        let readings_from = tx.assess_cursor("readings").await?;
        let readings = {
            let mut tx = self.ground.store.read_readings("new readings").await?;
            tx.readings_after(readings_from, limit).await?
        };
        let reports_from = tx.assess_cursor("reports").await?;
        let reports = tx.reports_after(reports_from, limit).await?;
        let sensors: BTreeMap<SensorId, Sensor> =
            tx.sensors().await?.into_iter().map(|sensor| (sensor.id, sensor)).collect();
        let mut open = tx.open_incidents(INCIDENTS_MAX).await?;
        // As people know them: `join` adds the zones of new signals before the incidents are judged.
        let had: BTreeMap<IncidentId, Vec<ZoneCode>> =
            open.iter().map(|incident| (incident.id, codes(&incident.zones).into_iter().cloned().collect())).collect();
        let mut news = News::new();

        self.watch_readings(&mut tx, &readings, &sensors, &mut open, now).await?;
        for report in &reports {
            self.take_report(&mut tx, report, &mut open, now).await?;
        }
        for incident in &mut open {
            let had = had.get(&incident.id).map_or(&[][..], Vec::as_slice);
            self.judge_again(&mut tx, incident, had, &sensors, now, &mut news).await?;
        }
        open.retain(|incident| incident.stage != IncidentStage::Closed);
        self.colour_zones(&mut tx, &open, &sensors, now, &mut news).await?;

        if let Some(last) = readings.last() {
            tx.move_cursor("readings", last.arrival, now).await?;
        }
        if let Some(last) = reports.last() {
            tx.move_cursor("reports", last.arrival, now).await?;
        }
        tx.commit().await?;
        metrics::counter!("hamyar_facts_assessed_total", "facts" => "readings").increment(readings.len() as u64);
        metrics::counter!("hamyar_facts_assessed_total", "facts" => "reports").increment(reports.len() as u64);
        for (audience, kind, about) in news {
            self.ground.bells.tell(audience, kind, about);
        }
        Ok(readings.len() + reports.len())
    }

    /// Moves each sensor's watch; a crossing becomes a signal.
    async fn watch_readings(
        &self,
        tx: &mut Tx,
        readings: &[Reading],
        sensors: &BTreeMap<SensorId, Sensor>,
        open: &mut Vec<Incident>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let mut watches: BTreeMap<(SensorId, &'static str), Watch> = BTreeMap::new();
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
                let known = tx.watch(sensor.id, quantity).await?.unwrap_or_else(Watch::new);
                e.insert(known);
            }
            let watch = watches.get_mut(&key).expect("it was put there just now");
            let Some(crossing) = watch.take(reading.value, reading.read_at, &limits) else { continue };
            let signal = NewSignal {
                hazard: rule.hazard,
                source: Source::Sensor(sensor.id, quantity.to_owned()),
                level: crossing.to,
                value: Some(reading.value),
                threshold: Some(crossing.threshold),
                position: sensor.position,
                at: reading.read_at,
                exercise_id: reading.exercise,
                ground: place_of(sensor, rule.hazard),
            };
            // Falling back to green belongs to an incident that is open; without one there is nothing to say.
            self.join(tx, signal, open, now, crossing.to > Level::Green).await?;
        }
        for ((sensor, quantity), watch) in &watches {
            tx.put_watch(*sensor, quantity, watch).await?;
        }
        Ok(())
    }

    async fn take_report(
        &self,
        tx: &mut Tx,
        report: &Report,
        open: &mut Vec<Incident>,
        now: Timestamp,
    ) -> Result<(), Fault> {
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
        self.join(tx, signal, open, now, true).await.map(drop)
    }

    /// Puts a signal to the incident it belongs to: the same hazard, near in space, and still going on. Opens one when there is none.
    async fn join(
        &self,
        tx: &mut Tx,
        signal: NewSignal,
        open: &mut Vec<Incident>,
        now: Timestamp,
        may_open: bool,
    ) -> Result<(), Fault> {
        if let Source::Report(report) = &signal.source
            && tx.has_signal_of_report(*report).await?
        {
            // Judged again: the incident it belongs to, open or closed, reads its standing by itself.
            return Ok(());
        }
        let settings = &self.ground.config.assess;
        let footprint = affected::footprint(&self.ground.city, &signal.ground, signal.position, settings);
        let codes: Vec<_> =
            footprint.iter().flat_map(|footprint| footprint.zones.iter().map(|zone| &zone.code)).collect();
        let mut home = None;
        for (index, incident) in open.iter().enumerate() {
            if incident.hazard != signal.hazard || incident.exercise_id != signal.exercise_id {
                continue;
            }
            let minutes = signal.at.duration_since(incident.last_sign_at).as_secs_f64().abs() / 60.0;
            let going_on = incident.level > Level::Green || minutes <= settings.join_minutes_max as f64;
            if !going_on {
                continue;
            }
            let known = tx.signals(incident.id, SIGNALS_MAX).await?;
            let near = known.iter().any(|other| {
                other.source == signal.source || metres(other.position, signal.position) <= settings.join_metres_max
            });
            if near || incident.zones.iter().any(|hit| codes.contains(&&hit.code)) {
                home = Some(index);
                break;
            }
        }
        let index = match home {
            Some(index) => index,
            None if !may_open => return Ok(()),
            None => {
                let incident = self.new_incident(&signal, now);
                tx.insert_incident(&incident).await?;
                open.push(incident);
                open.len() - 1
            }
        };
        let incident = &mut open[index];
        let signal = Signal {
            id: SignalId::draw(&self.ground.ids, now),
            incident: incident.id,
            source: signal.source,
            level: signal.level,
            value: signal.value,
            threshold: signal.threshold,
            position: signal.position,
            at: signal.at,
            exercise_id: signal.exercise_id,
        };
        if tx.put_signal(&signal, now).await? {
            incident.last_sign_at = incident.last_sign_at.max(signal.at);
            // So that the next signal of this step finds the zones of this one.
            for code in codes {
                if !incident.zones.iter().any(|hit| hit.code == *code) {
                    incident.zones.push(ZoneHit { code: code.clone(), share: 0.0, minutes: None });
                }
            }
        }
        Ok(())
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
            place: Texts::new(),
            reasons: Vec::new(),
            map_hash: self.ground.city.hash().to_owned(),
            rules_hash: self.rules.hash().to_owned(),
        }
    }

    /// Judges an incident by all its signals; writes a new version when anything that people see has changed. `had` are its zones
    /// before this step.
    async fn judge_again(
        &self,
        tx: &mut Tx,
        incident: &mut Incident,
        had: &[ZoneCode],
        sensors: &BTreeMap<SensorId, Sensor>,
        now: Timestamp,
        news: &mut News,
    ) -> Result<(), Fault> {
        let picture = self.picture(tx, incident, sensors).await?;
        let judgement = fuse::judge(incident.hazard, &picture.evidence, &self.rules, now);
        let quiet = now.duration_since(picture.last_sign_at).as_secs_f64() / 60.0
            >= self.ground.config.assess.incident_quiet_minutes as f64;
        let stage = if quiet && judgement.level == Level::Green {
            IncidentStage::Closed
        } else {
            judgement.stage.max_of(incident.stage)
        };
        // A zone list that became empty keeps the last one: an all-clear is for those who were warned.
        let zones = if picture.zones.is_empty() { incident.zones.clone() } else { picture.zones.clone() };
        let changed = incident.version == 0
            || incident.level != judgement.level
            || incident.stage != stage
            || had.iter().collect::<Vec<_>>() != codes(&zones)
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
            incident.footprint = picture.shape.as_ref().map(geometry).or(incident.footprint.take());
            incident.place.clone_from(&picture.place);
            incident.reasons.clone_from(&judgement.reasons);
            self.ground.city.hash().clone_into(&mut incident.map_hash);
            self.rules.hash().clone_into(&mut incident.rules_hash);
            tx.put_incident_state(incident).await?;
            let facts = json!({
                "version": incident.version, "level": incident.level.as_str(), "stage": incident.stage.as_str(),
                "log_odds_mnat": incident.log_odds_mnat, "rules": self.rules.hash(), "map": self.ground.city.hash(),
            });
            self.record(tx, "judge incident", "incident", incident.id.to_string(), &facts, incident, now).await?;
            news.push((LiveAudience::Staff, "incident.changed", json!({ "id": incident.id })));
        }
        let closed_at = (stage == IncidentStage::Closed).then_some(now);
        tx.touch_incident(incident.id, incident.last_sign_at, closed_at).await?;
        if changed {
            let grown = is_new || became_likely || codes(&incident.zones).iter().any(|code| !had.contains(code));
            self.propose(tx, incident, before, grown, &judgement, &picture, now, news).await?;
        }
        Ok(())
    }

    /// Everything that still counts for an incident: newest signal per sensor, reports that weigh, witnesses.
    async fn picture(
        &self,
        tx: &mut Tx,
        incident: &Incident,
        sensors: &BTreeMap<SensorId, Sensor>,
    ) -> Result<Picture, Fault> {
        let settings = &self.ground.config.assess;
        let signals = tx.signals(incident.id, SIGNALS_MAX).await?;
        let mut newest: BTreeMap<(SensorId, &str), &Signal> = BTreeMap::new();
        let mut evidence = Vec::new();
        let mut footprints = Vec::new();
        let mut places = Vec::new();
        let mut measure = None;
        let mut last_sign_at = incident.started_at;
        for signal in &signals {
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
                    footprints.extend(affected::footprint(
                        &self.ground.city,
                        &Where::Around(signal.position),
                        signal.position,
                        settings,
                    ));
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
                let ground = place_of(sensor, incident.hazard);
                footprints.extend(affected::footprint(&self.ground.city, &ground, sensor.position, settings));
                if places.iter().all(|(level, _)| *level <= signal.level) {
                    measure = unit(quantity).map(|unit| (sensor.name.clone(), alerts::Measure { value, unit }));
                }
                places.push((signal.level, sensor.name.clone()));
            } else if sensor.state == SensorState::Ok {
                evidence.push(Evidence::Below { sensor: id, name: sensor.name.clone(), at: signal.at });
            }
        }
        let (shape, zones) = affected::join(&self.ground.city, &footprints, settings);
        let place =
            places.into_iter().max_by_key(|(level, _)| *level).map_or_else(|| incident.place.clone(), |(_, name)| name);
        Ok(Picture { evidence, shape, zones, measure, place, last_sign_at })
    }

    /// Proposes an alert when the danger is likely and has grown, an update when it has changed after an alert, an all-clear when it is over.
    #[expect(
        clippy::too_many_arguments,
        reason = "one call, and each argument is a different thing known at this moment"
    )]
    async fn propose(
        &self,
        tx: &mut Tx,
        incident: &Incident,
        before: Level,
        grown: bool,
        judgement: &Judgement,
        picture: &Picture,
        now: Timestamp,
        news: &mut News,
    ) -> Result<(), Fault> {
        let earlier = tx.proposals_of(incident.id, 50).await?;
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
                tx.settle_proposal(proposal.id, ProposalState::Superseded, None, None, now).await?;
                news.push((LiveAudience::Staff, "proposal.changed", json!({ "id": proposal.id })));
            }
        }
        let Some(kind) = kind else { return Ok(()) };
        let worded = propose::content(
            &self.ground,
            &self.rules,
            incident,
            kind,
            picture.shape.as_ref(),
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
        tx.insert_proposal(&proposal).await?;
        let facts =
            json!({ "incident": incident.id, "version": incident.version, "content": proposal.content.hash_hex() });
        self.record(tx, "propose alert", "proposal", proposal.id.to_string(), &facts, incident, now).await?;
        news.push((LiveAudience::Staff, "proposal.changed", json!({ "id": proposal.id })));
        metrics::counter!("hamyar_proposals_total", "hazard" => incident.hazard.as_str()).increment(1);
        tracing::info!(
            proposal.id = %proposal.id, incident.id = %incident.id, level = incident.level.as_str(), zones = incident.zones.len(),
            "proposed a {} alert, {}, for {} zones", incident.hazard.as_str(), incident.level.as_str(), incident.zones.len()
        );
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "an audit row has that many columns")]
    async fn record(
        &self,
        tx: &mut Tx,
        action: &'static str,
        subject_kind: &'static str,
        subject_id: String,
        facts: &serde_json::Value,
        incident: &Incident,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let rule = self.rules.of_hazard(incident.hazard).map_or("reports", |rule| rule.id.as_str());
        let decision = Decision {
            actor: Actor::Rule(rule.to_owned()),
            action,
            subject_kind,
            subject_id,
            facts,
            exercise: incident.exercise_id,
        };
        tx.audit(now, &decision).await
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
