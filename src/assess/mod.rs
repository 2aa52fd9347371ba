//! Facts become signals, signals near in space and time an incident, an incident a proposed alert.
//! Woken by the bell after readings and reports were kept; `issue` adopts what is proposed.
//! Nothing here publishes anything; every level has its reasons; the same facts give the same result.

mod incident;
pub mod rules;
mod store;
mod watch;

pub use incident::{Incident, IncidentStage, Proposal, ProposalState, Reason, ZoneHit};
pub use store::ZoneState;
