//! SQL of assessment: cursors, watches, signals, incidents, zone levels, proposals.
//! Used by this room; `issue` reads and settles proposals, `http` reads all.
//! States are only ever added; the newest version of a thing is what is thought now.

use std::str::FromStr;

use alerts::{Hazard, Kind, Level, Texts};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::types::Json;

use super::{
    incident::{Incident, IncidentStage, Proposal, ProposalState, Reason, ZoneHit},
    watch::Watch,
};
use crate::{
    id::{ExerciseId, IncidentId, PersonId, ProposalId, ReportId, SensorId, SignalId},
    on,
    store::{Arrival, At, Fault, Tx},
};

/// A sign that belongs to an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal {
    /// Which.
    pub id: SignalId,
    /// Of which incident.
    pub incident: IncidentId,
    /// What it rests on.
    pub source: Source,
    /// What it says by itself.
    pub level: Level,
    /// The reading, in the unit of its quantity; the reported depth in cm.
    pub value: Option<f64>,
    /// The threshold that was crossed.
    pub threshold: Option<f64>,
    /// Where.
    pub position: maps::Position,
    /// When it was so.
    pub at: Timestamp,
    /// The drill or demo it belongs to.
    pub exercise_id: Option<ExerciseId>,
}

/// How far assessment has come, in the numbers that only its own steps change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) readings: Arrival,
    pub(super) reports: Arrival,
    /// The newest state of any zone.
    zones: i64,
    /// Open incidents with their newest versions.
    incidents: Vec<(IncidentId, i64)>,
}

/// What a signal rests on.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A sensor crossed a threshold.
    Sensor(SensorId, String),
    /// Somebody reported.
    Report(ReportId),
}

/// The level of a zone since some moment.
#[derive(Clone, Debug, PartialEq)]
pub struct ZoneState {
    /// Zone code.
    pub zone: String,
    /// Since when.
    pub recorded_at: Timestamp,
    /// How bad.
    pub level: Level,
    /// From what.
    pub hazard: Option<Hazard>,
    /// From which incident.
    pub incident: Option<IncidentId>,
    /// Why, per language.
    pub reason: Texts,
}

#[derive(sqlx::FromRow)]
struct IncidentRow {
    id: IncidentId,
    hazard: String,
    started_at: At,
    last_sign_at: At,
    exercise_id: Option<ExerciseId>,
    version: i64,
    recorded_at: At,
    state: IncidentStage,
    level: String,
    log_odds_mnat: i32,
    zones: Json<Vec<ZoneHit>>,
    footprint: Option<Json<Value>>,
    bands: Option<Json<Value>>,
    place: Json<Texts>,
    reasons: Json<Vec<Reason>>,
    map_hash: String,
    rules_hash: String,
}

#[derive(sqlx::FromRow)]
struct ProposalRow {
    id: ProposalId,
    incident_id: IncidentId,
    kind: String,
    hazard: String,
    level: String,
    content: Json<alerts::Content>,
    reasons: Json<Vec<Reason>>,
    made_at: At,
    state: ProposalState,
    settled_by: Option<PersonId>,
    exercise_id: Option<ExerciseId>,
}

#[derive(sqlx::FromRow)]
struct SignalRow {
    id: SignalId,
    incident_id: IncidentId,
    sensor_id: Option<SensorId>,
    quantity: Option<String>,
    report_id: Option<ReportId>,
    level: String,
    value: Option<f64>,
    threshold: Option<f64>,
    lon: f64,
    lat: f64,
    at: At,
    exercise_id: Option<ExerciseId>,
}

#[derive(sqlx::FromRow)]
struct ZoneRow {
    zone: String,
    recorded_at: At,
    level: String,
    hazard: Option<String>,
    incident_id: Option<IncidentId>,
    reason: Json<Texts>,
}

/// Reads a word of a pure crate from a row; a word this binary does not know is a fault, never a default.
fn word<T: FromStr>(text: &str) -> Result<T, Fault>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error: T::Err| Fault::Decode(Box::new(error)))
}

impl IncidentRow {
    fn incident(self) -> Result<Incident, Fault> {
        Ok(Incident {
            id: self.id,
            hazard: word(&self.hazard)?,
            started_at: self.started_at.0,
            last_sign_at: self.last_sign_at.0,
            exercise_id: self.exercise_id,
            version: self.version,
            recorded_at: self.recorded_at.0,
            stage: self.state,
            level: word(&self.level)?,
            log_odds_mnat: self.log_odds_mnat,
            zones: self.zones.0,
            footprint: self.footprint.map(|footprint| footprint.0),
            bands: self.bands.map(|bands| bands.0),
            place: self.place.0,
            reasons: self.reasons.0,
            map_hash: self.map_hash,
            rules_hash: self.rules_hash,
        })
    }
}

impl ProposalRow {
    fn proposal(self) -> Result<Proposal, Fault> {
        Ok(Proposal {
            id: self.id,
            incident: self.incident_id,
            kind: kind_of(&self.kind)?,
            hazard: word(&self.hazard)?,
            level: word(&self.level)?,
            content: self.content.0,
            reasons: self.reasons.0,
            made_at: self.made_at.0,
            state: self.state,
            settled_by: self.settled_by,
            exercise_id: self.exercise_id,
        })
    }
}

impl ZoneRow {
    fn state(self) -> Result<ZoneState, Fault> {
        Ok(ZoneState {
            zone: self.zone,
            recorded_at: self.recorded_at.0,
            level: word(&self.level)?,
            hazard: self.hazard.as_deref().map(word).transpose()?,
            incident: self.incident_id,
            reason: self.reason.0,
        })
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Alert => "alert",
        Kind::Update => "update",
        Kind::AllClear => "all_clear",
        Kind::Cancel => "cancel",
    }
}

fn kind_of(text: &str) -> Result<Kind, Fault> {
    [Kind::Alert, Kind::Update, Kind::AllClear, Kind::Cancel]
        .into_iter()
        .find(|kind| kind_word(*kind) == text)
        .ok_or_else(|| Fault::Decode(format!("“{text}” is no kind of alert").into()))
}

const INCIDENT: &str =
    "select i.id, i.hazard, i.started_at, i.last_sign_at, i.exercise_id, s.version, s.recorded_at, s.state, s.level,
            s.log_odds_mnat, s.zones, s.footprint, s.bands, s.place, s.reasons, s.map_hash, s.rules_hash
     from incident i
     join incident_state s on s.incident_id = i.id";

impl Tx {
    /// How far facts of one sort ('readings', 'reports') have been read.
    pub(super) async fn assess_cursor(&mut self, facts: &'static str) -> Result<Arrival, Fault> {
        let row: Option<(i64, i64)> = on!(self, |conn| {
            sqlx::query_as("select tx, seq from assess_cursor where facts = $1").bind(facts).fetch_optional(conn).await
        })?;
        Ok(row.map_or(Arrival::BEFORE_ALL, |(tx, seq)| Arrival { tx, seq }))
    }

    /// Where assessment stands.
    pub(super) async fn standing(&mut self) -> Result<Standing, Fault> {
        let readings = self.assess_cursor("readings").await?;
        let reports = self.assess_cursor("reports").await?;
        let zones: i64 = on!(self, |conn| {
            sqlx::query_scalar("select coalesce(max(version), 0) from zone_state").fetch_one(conn).await
        })?;
        let incidents = on!(self, |conn| {
            sqlx::query_as(
                "select s.incident_id, max(s.version)
                 from incident i
                 join incident_state s on s.incident_id = i.id
                 where i.closed_at is null
                 group by s.incident_id
                 order by s.incident_id",
            )
            .fetch_all(conn)
            .await
        })?;
        Ok(Standing { readings, reports, zones, incidents })
    }

    pub(super) async fn move_cursor(&mut self, facts: &'static str, to: Arrival, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into assess_cursor (facts, tx, seq, moved_at) values ($1, $2, $3, $4)
                 on conflict (facts) do update set tx = excluded.tx, seq = excluded.seq, moved_at = excluded.moved_at",
            )
            .bind(facts)
            .bind(to.tx)
            .bind(to.seq)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn newest_rules(&mut self) -> Result<Option<String>, Fault> {
        on!(self, |conn| sqlx::query_scalar("select hash from rule_state order by version desc limit 1")
            .fetch_optional(conn)
            .await)
    }

    pub(super) async fn put_rules(&mut self, rules: &super::rules::Rules, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("insert into rule_state (hash, files, recorded_at) values ($1, $2, $3)")
                .bind(rules.hash())
                .bind(Json(rules.files()))
                .bind(At(at))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    pub(super) async fn watch(&mut self, sensor: SensorId, quantity: &str) -> Result<Option<Watch>, Fault> {
        let row: Option<Json<Watch>> = on!(self, |conn| {
            sqlx::query_scalar("select memory from watch where sensor_id = $1 and quantity = $2")
                .bind(sensor)
                .bind(quantity)
                .fetch_optional(conn)
                .await
        })?;
        Ok(row.map(|memory| memory.0))
    }

    pub(super) async fn put_watch(&mut self, sensor: SensorId, quantity: &str, watch: &Watch) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into watch (sensor_id, quantity, level, memory, read_at) values ($1, $2, $3, $4, $5)
                 on conflict (sensor_id, quantity) do update
                 set level = excluded.level, memory = excluded.memory, read_at = excluded.read_at",
            )
            .bind(sensor)
            .bind(quantity)
            .bind(watch.level.as_str())
            .bind(Json(watch))
            .bind(At(watch.read_at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// False when this report is a sign of some incident already.
    pub(super) async fn put_signal(&mut self, signal: &Signal, recorded_at: Timestamp) -> Result<bool, Fault> {
        let (kind, sensor, quantity, report) = match &signal.source {
            Source::Sensor(sensor, quantity) => ("sensor", Some(*sensor), Some(quantity.as_str()), None),
            Source::Report(report) => ("report", None, None, Some(*report)),
        };
        let rows = on!(self, |conn| {
            sqlx::query(
                "insert into signal
                     (id, incident_id, kind, sensor_id, quantity, report_id, level, value, threshold, lon, lat, at, recorded_at, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
                 on conflict do nothing",
            )
            .bind(signal.id)
            .bind(signal.incident)
            .bind(kind)
            .bind(sensor)
            .bind(quantity)
            .bind(report)
            .bind(signal.level.as_str())
            .bind(signal.value)
            .bind(signal.threshold)
            .bind(signal.position.lon())
            .bind(signal.position.lat())
            .bind(At(signal.at))
            .bind(At(recorded_at))
            .bind(signal.exercise_id)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }

    /// The signs of an incident, the oldest first, at most `limit` of the newest.
    pub(super) async fn signals(&mut self, incident: IncidentId, limit: i64) -> Result<Vec<Signal>, Fault> {
        let rows: Vec<SignalRow> = on!(self, |conn| {
            sqlx::query_as(
                "select id, incident_id, sensor_id, quantity, report_id, level, value, threshold, lon, lat, at, exercise_id
                 from signal
                 where incident_id = $1
                 order by at desc, id desc
                 limit $2",
            )
            .bind(incident)
            .bind(limit)
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter()
            .rev()
            .map(|row| {
                let source = match (row.sensor_id, row.quantity, row.report_id) {
                    (Some(sensor), Some(quantity), _) => Source::Sensor(sensor, quantity),
                    (_, _, Some(report)) => Source::Report(report),
                    _ => return Err(Fault::Decode("a signal rests on nothing".into())),
                };
                Ok(Signal {
                    id: row.id,
                    incident: row.incident_id,
                    source,
                    level: word(&row.level)?,
                    value: row.value,
                    threshold: row.threshold,
                    position: maps::Position::new(row.lon, row.lat).map_err(|error| Fault::Decode(Box::new(error)))?,
                    at: row.at.0,
                    exercise_id: row.exercise_id,
                })
            })
            .collect()
    }

    pub(super) async fn insert_incident(&mut self, incident: &Incident) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into incident (id, hazard, started_at, last_sign_at, exercise_id) values ($1, $2, $3, $4, $5)",
            )
            .bind(incident.id)
            .bind(incident.hazard.as_str())
            .bind(At(incident.started_at))
            .bind(At(incident.last_sign_at))
            .bind(incident.exercise_id)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn touch_incident(
        &mut self,
        incident: IncidentId,
        last_sign_at: Timestamp,
        closed_at: Option<Timestamp>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update incident set last_sign_at = $2, closed_at = $3 where id = $1")
                .bind(incident)
                .bind(At(last_sign_at))
                .bind(closed_at.map(At))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    pub(super) async fn put_incident_state(&mut self, incident: &Incident) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into incident_state
                     (incident_id, version, recorded_at, state, level, log_odds_mnat, zones, footprint, bands, place, reasons, map_hash,
                      rules_hash)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            )
            .bind(incident.id)
            .bind(incident.version)
            .bind(At(incident.recorded_at))
            .bind(incident.stage)
            .bind(incident.level.as_str())
            .bind(incident.log_odds_mnat)
            .bind(Json(&incident.zones))
            .bind(incident.footprint.as_ref().map(Json))
            .bind(incident.bands.as_ref().map(Json))
            .bind(Json(&incident.place))
            .bind(Json(&incident.reasons))
            .bind(&incident.map_hash)
            .bind(&incident.rules_hash)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// The incident to which a report was counted.
    pub async fn incident_of_report(&mut self, report: ReportId) -> Result<Option<IncidentId>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar("select incident_id from signal where report_id = $1")
                .bind(report)
                .fetch_optional(conn)
                .await
        })
    }

    /// Incidents that are not over, the oldest first; when there are more than `limit`, the worst and the latest, so that many small
    /// ones can't hide a flood.
    pub async fn open_incidents(&mut self, limit: i64) -> Result<Vec<Incident>, Fault> {
        let rows: Vec<IncidentRow> = on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "{INCIDENT}
                 where i.closed_at is null
                   and s.version = (select max(version) from incident_state newest where newest.incident_id = i.id)
                 order by case s.level when 'red' then 0 when 'orange' then 1 when 'yellow' then 2 else 3 end,
                     i.last_sign_at desc, i.id
                 limit $1"
            )))
            .bind(limit)
            .fetch_all(conn)
            .await
        })?;
        let mut incidents: Vec<Incident> = rows.into_iter().map(IncidentRow::incident).collect::<Result<_, _>>()?;
        incidents.sort_by_key(|incident| (incident.started_at, incident.id));
        Ok(incidents)
    }

    /// Incidents as they are now, the newest first; `after` is the last one of the page before.
    pub async fn incidents(&mut self, after: Option<IncidentId>, limit: i64) -> Result<Vec<Incident>, Fault> {
        let rows: Vec<IncidentRow> = on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!(
                "{INCIDENT}
                 where s.version = (select max(version) from incident_state newest where newest.incident_id = i.id)
                   and ($1 is null or i.id < $1)
                 order by i.id desc
                 limit $2"
            )))
            .bind(after)
            .bind(limit)
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter().map(IncidentRow::incident).collect()
    }

    /// Everything that was thought of an incident, the newest first.
    pub async fn incident_history(&mut self, incident: IncidentId, limit: i64) -> Result<Vec<Incident>, Fault> {
        let rows: Vec<IncidentRow> = on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{INCIDENT} where i.id = $1 order by s.version desc limit $2")))
                .bind(incident)
                .bind(limit)
                .fetch_all(conn)
                .await
        })?;
        rows.into_iter().map(IncidentRow::incident).collect()
    }

    /// The level of every zone that ever had one, by code; `at`: as it was then.
    pub async fn zone_states(&mut self, at: Option<Timestamp>) -> Result<Vec<ZoneState>, Fault> {
        let rows: Vec<ZoneRow> = on!(self, |conn| {
            sqlx::query_as(
                "select zone, recorded_at, level, hazard, incident_id, reason
                 from zone_state
                 where version in (select max(version) from zone_state where $1 is null or recorded_at <= $1 group by zone)
                 order by zone",
            )
            .bind(at.map(At))
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter().map(ZoneRow::state).collect()
    }

    pub(super) async fn put_zone_state(
        &mut self,
        state: &ZoneState,
        exercise: Option<ExerciseId>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into zone_state (zone, recorded_at, level, hazard, incident_id, reason, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&state.zone)
            .bind(At(state.recorded_at))
            .bind(state.level.as_str())
            .bind(state.hazard.map(alerts::Hazard::as_str))
            .bind(state.incident)
            .bind(Json(&state.reason))
            .bind(exercise)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn insert_proposal(&mut self, proposal: &Proposal) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into proposal (id, incident_id, kind, hazard, level, content, reasons, made_at, state, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(proposal.id)
            .bind(proposal.incident)
            .bind(kind_word(proposal.kind))
            .bind(proposal.hazard.as_str())
            .bind(proposal.level.as_str())
            .bind(Json(&proposal.content))
            .bind(Json(&proposal.reasons))
            .bind(At(proposal.made_at))
            .bind(proposal.state)
            .bind(proposal.exercise_id)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// One proposal.
    pub async fn proposal(&mut self, id: ProposalId) -> Result<Option<Proposal>, Fault> {
        let row: Option<ProposalRow> = on!(self, |conn| {
            sqlx::query_as(
                "select id, incident_id, kind, hazard, level, content, reasons, made_at, state, settled_by, exercise_id
                 from proposal where id = $1",
            )
            .bind(id)
            .fetch_optional(conn)
            .await
        })?;
        row.map(ProposalRow::proposal).transpose()
    }

    /// Proposals, the newest first; of one state when it is given.
    pub async fn proposals(&mut self, state: Option<ProposalState>, limit: i64) -> Result<Vec<Proposal>, Fault> {
        let rows: Vec<ProposalRow> = on!(self, |conn| {
            sqlx::query_as(
                "select id, incident_id, kind, hazard, level, content, reasons, made_at, state, settled_by, exercise_id
                 from proposal
                 where $1 is null or state = $1
                 order by made_at desc, id desc
                 limit $2",
            )
            .bind(state)
            .bind(limit)
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter().map(ProposalRow::proposal).collect()
    }

    /// The proposals of an incident, the newest first.
    pub(super) async fn proposals_of(&mut self, incident: IncidentId, limit: i64) -> Result<Vec<Proposal>, Fault> {
        let rows: Vec<ProposalRow> = on!(self, |conn| {
            sqlx::query_as(
                "select id, incident_id, kind, hazard, level, content, reasons, made_at, state, settled_by, exercise_id
                 from proposal
                 where incident_id = $1
                 order by made_at desc, id desc
                 limit $2",
            )
            .bind(incident)
            .bind(limit)
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter().map(ProposalRow::proposal).collect()
    }

    /// Settles an open proposal; false when it is not open any more.
    pub async fn settle_proposal(
        &mut self,
        id: ProposalId,
        state: ProposalState,
        by: Option<PersonId>,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        let rows = on!(self, |conn| {
            sqlx::query("update proposal set state = $2, settled_by = $3, why = $4, settled_at = $5 where id = $1 and state = 'open'")
                .bind(id)
                .bind(state)
                .bind(by)
                .bind(why)
                .bind(At(at))
                .execute(conn)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }
}
