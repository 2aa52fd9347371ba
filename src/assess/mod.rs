//! Facts become signals, signals near in space and time an incident, an incident a proposed alert.
//! Woken by the bell after readings and reports were kept; `issue` adopts what is proposed.
//! Nothing here publishes anything; every level has its reasons; the same facts give the same result.

mod affected;
mod consequences;
mod fuse;
mod incident;
mod plan;
mod propose;
pub mod rules;
mod shapes;
mod step;
mod store;
mod watch;
mod words;
mod zones;

pub use consequences::{Consequences, OnGround};
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
    ground::Ground,
    id::{ProposalId, SensorId},
    sensors::Sensor,
    staff::Officer,
    store::{Fault, Tx},
};
use rules::{RuleFault, Rules};
use shapes::Shapes;

/// How often a step looks again when another node was faster, before it lets the worker begin anew.
const LOOKS_MAX: usize = 3;

/// Assessment: the ground, the rules, and what it remembers between steps (hints only; the tables are the truth).
#[derive(Clone, Debug)]
pub struct Assess {
    ground: Ground,
    rules: Arc<Rules>,
    memory: Arc<Mutex<Memory>>,
    shapes: Arc<Mutex<Shapes>>,
}

/// Sensors in service.
type Sensors = BTreeMap<SensorId, Sensor>;
/// What changes when sensors do.
type SensorsMark = (i64, i64);

#[derive(Debug, Default)]
struct Memory {
    /// When all open incidents were judged, and over which sensors.
    judged_all: Option<(Timestamp, SensorsMark)>,
    /// The sensors as of this mark.
    sensors: Option<(SensorsMark, Arc<Sensors>)>,
    /// Which zones a sensor watches; a pure function of map and sensor, kept because it costs geometry.
    cover: BTreeMap<SensorId, Vec<maps::ZoneCode>>,
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
        Ok(Self { ground: ground.clone(), rules: Arc::new(rules), memory: Arc::default(), shapes: Arc::default() })
    }

    /// The rules in use.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Takes a bounded number of new facts into account. Gives how many there were; 0 when nothing is left to do.
    ///
    /// Everything is read and thought without a write lock; what is decided is then written in one transaction, unless another node
    /// decided something meanwhile. Then this one looks again.
    pub async fn run_due(&self) -> Result<usize, Fault> {
        let now = self.ground.now();
        for _ in 0..LOOKS_MAX {
            let Some(plan) = self.look(now).await? else { return Ok(0) };
            let (judged_all, facts) = (plan.judged_all, plan.facts());
            if self.keep(plan, now).await? {
                if let Some(mark) = judged_all {
                    self.memory.lock().unwrap_or_else(PoisonError::into_inner).judged_all = Some((now, mark));
                }
                return Ok(facts);
            }
            metrics::counter!("hamyar_assess_overtaken_total").increment(1);
        }
        // Others get on with it. There may be work left: the worker asks again at once.
        Ok(1)
    }

    /// Whether every open incident has to be judged, whatever the facts touch.
    fn all_due(&self, now: Timestamp, mark: SensorsMark) -> bool {
        let again = Duration::from_secs(self.ground.config.assess.look_again_secs);
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.judged_all.is_none_or(|(at, known)| {
            known != mark || Duration::try_from(now.duration_since(at)).is_ok_and(|since| since >= again)
        })
    }

    /// The sensors in service, read again only when they changed.
    async fn sensors(&self, tx: &mut Tx, mark: SensorsMark) -> Result<Arc<Sensors>, Fault> {
        let known = self.memory.lock().unwrap_or_else(PoisonError::into_inner).sensors.clone();
        if let Some((_, sensors)) = known.filter(|(known, _)| *known == mark) {
            return Ok(sensors);
        }
        let sensors = Arc::new(tx.sensors().await?.into_iter().map(|sensor| (sensor.id, sensor)).collect());
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.sensors = Some((mark, Arc::clone(&sensors)));
        Ok(sensors)
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
