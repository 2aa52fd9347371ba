//! Facts become signals, signals near in space and time an incident, an incident a proposed alert.
//! Woken by the bell after readings and reports were kept; `issue` adopts what is proposed.
//! Nothing here publishes anything; every level has its reasons; the same facts give the same result.

mod affected;
mod fuse;
mod incident;
mod propose;
pub mod rules;
mod step;
mod store;
mod watch;
mod words;
mod zones;

pub use fuse::probability;
pub use incident::{Incident, IncidentStage, Proposal, ProposalState, Reason, ZoneHit};
pub use store::ZoneState;
pub use zones::Watched;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::json;

use crate::{
    audit::{Actor, Decision},
    bell::Bell,
    ground::Ground,
    id::ProposalId,
    staff::Officer,
    store::Fault,
};
use rules::{RuleFault, Rules};

/// Incidents are looked at again after this long even when no fact came: evidence fades, zones grow stale.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Assessment: the ground, the rules, and what it remembers between steps (hints only; the tables are the truth).
#[derive(Clone, Debug)]
pub struct Assess {
    ground: Ground,
    rules: Arc<Rules>,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    looked_at: Option<Timestamp>,
    rings: u64,
    /// Which zones a sensor watches; a pure function of map and sensor, kept because it costs geometry.
    cover: BTreeMap<crate::id::SensorId, Vec<maps::ZoneCode>>,
}

/// Why assessment can't start.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// The rule files are faulty.
    #[error("the rules have {} fault(s): {}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rules(Vec<RuleFault>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Why a proposal can't be dismissed.
#[derive(Debug, thiserror::Error)]
pub enum DismissRefusal {
    /// There is none.
    #[error("there is no such proposal")]
    Unknown,
    /// Somebody was faster.
    #[error("the proposal is not open any more")]
    NotOpen,
    /// No reason was given.
    #[error("say why, in 3 to 500 characters: it is kept beside the proposal")]
    NoReason,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// The rules of a directory, or the built-in ones.
pub fn load_rules(directory: &str) -> anyhow::Result<Rules> {
    if directory.is_empty() {
        return Ok(Rules::embedded());
    }
    let files = crate::ground::read_files(Path::new(directory), &["toml"])?;
    Rules::load(files.into_iter().collect()).map_err(|faults| {
        let list: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        anyhow::anyhow!("the rules in {directory} have {} fault(s):{list}", faults.len())
    })
}

impl Assess {
    /// Takes the rules into use and records them when they are new.
    pub async fn open(ground: &Ground, rules: Rules) -> Result<Self, OpenFault> {
        let mut tx = ground.store.write("take rules into use").await?;
        tx.lock("assess").await?;
        if tx.newest_rules().await?.as_deref() != Some(rules.hash()) {
            tx.put_rules(&rules, ground.now()).await?;
            let facts = json!({ "rules": rules.hash() });
            let decision = Decision {
                actor: Actor::System,
                action: "take rules into use",
                subject_kind: "rules",
                subject_id: rules.hash().to_owned(),
                facts: &facts,
                exercise: ground.exercise,
            };
            tx.audit(ground.now(), &decision).await?;
        }
        tx.commit().await?;
        Ok(Self { ground: ground.clone(), rules: Arc::new(rules), memory: Arc::default() })
    }

    /// The rules in use.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Takes a bounded number of new facts into account. Gives how many there were; 0 when nothing is left to do.
    pub async fn run_due(&self) -> Result<usize, Fault> {
        let now = self.ground.now();
        let rings = self.ground.bells.rings(Bell::Facts);
        let again = {
            let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.rings != rings
                || memory.looked_at.is_none_or(|at| now.duration_since(at) >= LOOK_AGAIN.try_into().expect("5 s"))
        };
        if !again && !self.facts_wait().await? {
            return Ok(0);
        }
        let done = self.step(now).await?;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.rings = rings;
        memory.looked_at = Some(now);
        Ok(done)
    }

    /// Looks without taking the write lock.
    async fn facts_wait(&self) -> Result<bool, Fault> {
        let mut tx = self.ground.store.read("do facts wait").await?;
        let readings = tx.assess_cursor("readings").await?;
        let reports = tx.assess_cursor("reports").await?;
        if !tx.reports_after(reports, 1).await?.is_empty() {
            return Ok(true);
        }
        drop(tx);
        let mut tx = self.ground.store.read_readings("do readings wait").await?;
        Ok(!tx.readings_after(readings, 1).await?.is_empty())
    }
}

/// An officer declines a proposal, with the reason.
pub async fn dismiss(ground: &Ground, by: &Officer, id: ProposalId, why: &str) -> Result<(), DismissRefusal> {
    let why = why.trim();
    if !(3..=500).contains(&why.chars().count()) {
        return Err(DismissRefusal::NoReason);
    }
    let now = ground.now();
    let mut tx = ground.store.write("dismiss proposal").await?;
    tx.lock("assess").await?;
    let proposal = tx.proposal(id).await?.ok_or(DismissRefusal::Unknown)?;
    if !tx.settle_proposal(id, ProposalState::Dismissed, Some(by.person()), Some(why), now).await? {
        return Err(DismissRefusal::NotOpen);
    }
    let facts = json!({ "incident": proposal.incident });
    let decision = Decision {
        actor: by.actor(),
        action: "dismiss proposal",
        subject_kind: "proposal",
        subject_id: id.to_string(),
        facts: &facts,
        exercise: proposal.exercise_id,
    };
    tx.audit(now, &decision).await?;
    tx.commit().await?;
    ground.bells.tell(crate::bell::LiveAudience::Staff, "proposal.changed", json!({ "id": id }));
    Ok(())
}
