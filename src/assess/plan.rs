//! What a step has decided and not yet written, and what it rests on.
//! Filled while `assess` looks, without holding a write lock; written here in one transaction.
//! A plan whose ground has moved meanwhile is not written: the step looks again.

use jiff::Timestamp;
use serde_json::Value;
use tracing::info;

use super::{
    Assess, SensorsMark,
    incident::{Incident, Proposal, ProposalState},
    store::{Signal, Standing, ZoneState},
    watch::Watch,
};
use crate::{
    audit::{Actor, Decision},
    bell::LiveAudience,
    id::{ExerciseId, IncidentId, ProposalId, SensorId},
    store::{Arrival, Fault},
};

/// Proposals of one incident that a step looks at, the newest.
pub(super) const PROPOSALS_MAX: i64 = 50;

/// What open pages are told once it is committed.
pub(super) type News = Vec<(LiveAudience, &'static str, Value)>;

/// One thing to write.
#[derive(Debug)]
pub(super) enum Write {
    Watch(SensorId, String, Watch),
    NewIncident(Box<Incident>),
    Signal(Box<Signal>),
    State(Box<Incident>),
    Touch { incident: IncidentId, last_sign_at: Timestamp, closed_at: Option<Timestamp> },
    Settle(ProposalId, ProposalState),
    Proposal(Box<Proposal>),
    Zone(Box<ZoneState>),
    Record(Box<Record>),
}

/// An audit row.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) rule: String,
    pub(super) action: &'static str,
    pub(super) subject_kind: &'static str,
    pub(super) subject_id: String,
    pub(super) facts: Value,
    pub(super) exercise: Option<ExerciseId>,
}

/// What a step wants.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) rests_on: Standing,
    /// Set when every open incident was judged: over these sensors.
    pub(super) judged_all: Option<SensorsMark>,
    /// Proposals that were looked at, by incident, with what each stood at.
    pub(super) proposals: Vec<(IncidentId, Vec<(ProposalId, ProposalState)>)>,
    /// In this order.
    pub(super) writes: Vec<Write>,
    pub(super) news: News,
    pub(super) readings: usize,
    pub(super) reports: usize,
    pub(super) readings_to: Option<Arrival>,
    pub(super) reports_to: Option<Arrival>,
}

impl Plan {
    pub(super) fn new(rests_on: Standing) -> Self {
        Self {
            rests_on,
            judged_all: None,
            proposals: Vec::new(),
            writes: Vec::new(),
            news: News::new(),
            readings: 0,
            reports: 0,
            readings_to: None,
            reports_to: None,
        }
    }

    /// How many facts it takes into account.
    pub(super) fn facts(&self) -> usize {
        self.readings + self.reports
    }
}

impl Assess {
    /// Writes a plan in one transaction; `false` when what it rests on has moved. A plan of nothing takes no lock.
    pub(super) async fn keep(&self, plan: Plan, now: Timestamp) -> Result<bool, Fault> {
        if plan.writes.is_empty() && plan.facts() == 0 {
            return Ok(true);
        }
        let mut tx = self.ground.store.write("assess").await?;
        tx.lock("assess").await?;
        if tx.standing().await? != plan.rests_on {
            return Ok(false);
        }
        for (incident, known) in &plan.proposals {
            // Staff adopt and dismiss under the same lock: what is the same here stays so until the commit.
            let proposals = tx.proposals_of(*incident, PROPOSALS_MAX).await?;
            if !proposals.iter().map(|proposal| (proposal.id, proposal.state)).eq(known.iter().copied()) {
                return Ok(false);
            }
        }
        for write in &plan.writes {
            match write {
                Write::Watch(sensor, quantity, watch) => tx.put_watch(*sensor, quantity, watch).await?,
                Write::NewIncident(incident) => tx.insert_incident(incident).await?,
                Write::Signal(signal) => {
                    // A report is one sign: it was looked up, and only a step of assessment adds signs.
                    tx.put_signal(signal, now).await.map(drop)?;
                }
                Write::State(incident) => tx.put_incident_state(incident).await?,
                Write::Touch { incident, last_sign_at, closed_at } => {
                    tx.touch_incident(*incident, *last_sign_at, *closed_at).await?;
                }
                Write::Settle(proposal, state) => {
                    tx.settle_proposal(*proposal, *state, None, None, now).await.map(drop)?;
                }
                Write::Proposal(proposal) => tx.insert_proposal(proposal).await?,
                Write::Zone(state) => tx.put_zone_state(state, self.ground.exercise).await?,
                Write::Record(record) => {
                    let decision = Decision {
                        actor: Actor::Rule(record.rule.clone()),
                        action: record.action,
                        subject_kind: record.subject_kind,
                        subject_id: record.subject_id.clone(),
                        facts: &record.facts,
                        exercise: record.exercise,
                    };
                    tx.audit(now, &decision).await?;
                }
            }
        }
        if let Some(to) = plan.readings_to {
            tx.move_cursor("readings", to, now).await?;
        }
        if let Some(to) = plan.reports_to {
            tx.move_cursor("reports", to, now).await?;
        }
        tx.commit().await?;
        metrics::counter!("hamyar_facts_assessed_total", "facts" => "readings").increment(plan.readings as u64);
        metrics::counter!("hamyar_facts_assessed_total", "facts" => "reports").increment(plan.reports as u64);
        for write in &plan.writes {
            if let Write::Proposal(proposal) = write {
                let (hazard, level) = (proposal.hazard.as_str(), proposal.level.as_str());
                metrics::counter!("hamyar_proposals_total", "hazard" => hazard).increment(1);
                info!(
                    proposal.id = %proposal.id, incident.id = %proposal.incident, level,
                    "proposed a {hazard} alert, {level}, for {} zones", proposal.content.zones.len()
                );
            }
        }
        for (audience, kind, about) in plan.news {
            self.ground.bells.tell(audience, kind, about);
        }
        Ok(true)
    }
}
