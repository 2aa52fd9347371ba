//! An incident as it is known at one moment, the reasons for its level, and what is proposed about it.
//! Written by `assess`, read by `http::assess` and, for proposals, by `issue`.
//! A level always has its reasons, in words, each with the evidence it rests on (invariant 11).

use std::str::FromStr;

use alerts::{Content, Hazard, Kind, Level, Texts};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    id::{ExerciseId, IncidentId, PersonId, ProposalId},
    store::stored_text,
};

/// One piece of evidence, in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// "sensor", "report", "silent_witness", "rule".
    pub kind: String,
    /// The sensor or report it rests on.
    pub evidence_id: Option<uuid::Uuid>,
    /// When it was so.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What it adds to the log-odds, in thousandths.
    pub weight_mnat: i32,
    /// In words, per language.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub text: Texts,
}

/// A zone of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ZoneHit {
    /// Zone code.
    #[schema(value_type = String)]
    pub code: maps::ZoneCode,
    /// Part of its area inside the footprint, 0 to 1; 0 when only the margin touches it.
    pub share: f64,
    /// Minutes until the water reaches it, where known.
    pub minutes: Option<f64>,
}

/// How far an incident is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStage {
    /// One source.
    Candidate,
    /// Two independent sources, or verified by the desk.
    Confirmed,
    /// Over.
    Closed,
}

impl IncidentStage {
    /// The word in the store and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Confirmed => "confirmed",
            Self::Closed => "closed",
        }
    }
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProposalState {
    /// Waits for an officer.
    Open,
    /// An officer made it a draft.
    Adopted,
    /// An officer declined it.
    Dismissed,
    /// A newer one took its place.
    Superseded,
}

impl ProposalState {
    /// The word in the store and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Adopted => "adopted",
            Self::Dismissed => "dismissed",
            Self::Superseded => "superseded",
        }
    }
}

/// A word in the store that this binary does not know.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no known state")]
pub struct UnknownState(String);

impl FromStr for IncidentStage {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Candidate, Self::Confirmed, Self::Closed]
            .into_iter()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

impl FromStr for ProposalState {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Open, Self::Adopted, Self::Dismissed, Self::Superseded]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}

stored_text!(IncidentStage, ProposalState);

/// What is thought of an incident from `recorded_at` on.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Which.
    pub id: IncidentId,
    /// Of what.
    pub hazard: Hazard,
    /// The first sign.
    pub started_at: Timestamp,
    /// The newest sign.
    pub last_sign_at: Timestamp,
    /// The drill or demo it belongs to.
    pub exercise_id: Option<ExerciseId>,
    /// Counts up with every change.
    pub version: i64,
    /// When this was thought first.
    pub recorded_at: Timestamp,
    /// How far it is believed.
    pub stage: IncidentStage,
    /// How bad.
    pub level: Level,
    /// Log-odds in thousandths.
    pub log_odds_mnat: i32,
    /// Which zones.
    pub zones: Vec<ZoneHit>,
    /// GeoJSON geometry of the ground.
    pub footprint: Option<serde_json::Value>,
    /// `{likely, possible}`: GeoJSON geometries of the ground that is flooded with a probability of 0.8 and of 0.5 or more.
    pub bands: Option<serde_json::Value>,
    /// Where, per language.
    pub place: Texts,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Content hash of the map.
    pub map_hash: String,
    /// Content hash of the rules.
    pub rules_hash: String,
}

/// An alert that assessment proposes. `issue` makes it a draft when an officer adopts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Which.
    pub id: ProposalId,
    /// About what.
    pub incident: IncidentId,
    /// Alert, Update or AllClear; never Cancel, which is for what was issued in error.
    pub kind: Kind,
    /// Of what.
    pub hazard: Hazard,
    /// How bad.
    pub level: Level,
    /// What the alert would say.
    pub content: Content,
    /// Why.
    pub reasons: Vec<Reason>,
    /// When.
    pub made_at: Timestamp,
    /// Where it stands.
    pub state: ProposalState,
    /// Who adopted or dismissed it.
    pub settled_by: Option<PersonId>,
    /// The drill or demo it belongs to.
    pub exercise_id: Option<ExerciseId>,
}
