//! An alert as this room keeps it, what happened to it, and why a change can be refused.
//! Read by `deliver`, `http` and the verbs of this room; made only by `store`.
//! What an alert may become is decided by `alerts::lifecycle`; this file carries what a city's database adds to it.

use std::str::FromStr;

use alerts::{
    Finding, Kind,
    cap::Reference,
    content::Content,
    lifecycle::{Case, Ending, Published, Stage},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    id::{AlertId, ExerciseId, IncidentId, PersonId, ProposalId},
    store::{Fault, stored_text},
};

/// One CAP message of ours, from draft to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Which.
    pub id: AlertId,
    /// What it tells the world.
    pub kind: Kind,
    /// Where it stands.
    pub stage: Stage<PersonId>,
    /// Messages about one matter share it: the incident's id, or the id of the first alert.
    pub thread: Uuid,
    /// The incident it is about.
    pub incident: Option<IncidentId>,
    /// The proposal it was adopted from.
    pub proposal: Option<ProposalId>,
    /// Number of the content, from 1.
    pub revision: i32,
    /// What it says; frozen once live.
    pub content: Content,
    /// Everybody who wrote or edited it, in order.
    pub authors: Vec<PersonId>,
    /// When it was drafted.
    pub created_at: Timestamp,
    /// Who agreed to it and when; stays after publication, and is void after an edit.
    pub approved: Option<(PersonId, Timestamp)>,
    /// Set once it is published.
    pub publication: Option<Publication>,
    /// The drill or demo it belongs to.
    pub exercise: Option<ExerciseId>,
}

/// What was told to the world. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Who published it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// How later messages name it: sender, identifier, sent.
    pub reference: Reference,
    /// The exact CAP document.
    pub cap_xml: String,
    /// The alerts it references, oldest first, and whether it ended them.
    pub about: Vec<(AlertId, bool)>,
}

impl Alert {
    /// Whether it is live and its time is not over: expiry is carried out by a worker, and the moment counts, not the worker.
    pub fn is_live_at(&self, at: Timestamp) -> bool {
        matches!(self.stage, Stage::Live { .. }) && self.content.expires > at
    }

    /// Whether it tells of a danger: an all-clear and a cancel do not.
    pub fn warns(&self) -> bool {
        match self.kind {
            Kind::Alert | Kind::Update => true,
            Kind::AllClear | Kind::Cancel => false,
        }
    }

    /// How and when it ended.
    pub fn ended(&self) -> Option<(Ending, Timestamp)> {
        match self.stage {
            Stage::Ended { at, how } => Some((how, at)),
            Stage::Draft | Stage::Approved { .. } | Stage::Live { .. } => None,
        }
    }

    /// The alerts that its publication ended.
    pub fn superseded(&self) -> Vec<AlertId> {
        let about = self.publication.iter().flat_map(|publication| &publication.about);
        about.filter(|(_, ended)| *ended).map(|(id, _)| *id).collect()
    }

    /// Whether it says nothing any more though its time is not over: it was cancelled, or is itself a cancel.
    pub fn is_withdrawn(&self) -> bool {
        self.kind == Kind::Cancel || matches!(self.stage, Stage::Ended { how: Ending::Cancelled, .. })
    }

    /// As later messages must know it; `None` before publication.
    pub fn published(&self) -> Option<Published> {
        let publication = self.publication.as_ref()?;
        let Reference { sender, identifier, sent } = publication.reference.clone();
        let (expires, withdrawn) = (Some(self.content.expires), self.is_withdrawn());
        Some(Published { sender, identifier, sent, expires, withdrawn })
    }

    /// The case that decides what this alert may become; `related` are the other published alerts of its thread.
    pub(super) fn case(&self, related: &[Self]) -> Case<PersonId> {
        let related = related.iter().filter(|other| other.id != self.id).filter_map(Self::published).collect();
        Case::restored(self.kind, self.stage.clone(), self.authors.clone(), self.content.clone(), related)
    }
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A proposal became a draft.
    Adopted,
    /// Staff began it.
    Drafted,
    /// Its content was replaced.
    Edited,
    /// A second person agreed.
    Approved,
    /// The world was told.
    Published,
    /// A newer message took its place.
    Updated,
    /// The danger passed.
    Cleared,
    /// It was issued in error.
    Cancelled,
    /// Its time was over.
    Expired,
    /// It was given up before publication.
    Discarded,
}

impl Action {
    const ALL: [Self; 10] = [
        Self::Adopted,
        Self::Drafted,
        Self::Edited,
        Self::Approved,
        Self::Published,
        Self::Updated,
        Self::Cleared,
        Self::Cancelled,
        Self::Expired,
        Self::Discarded,
    ];

    /// The word in the store and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Drafted => "drafted",
            Self::Edited => "edited",
            Self::Approved => "approved",
            Self::Published => "published",
            Self::Updated => "updated",
            Self::Cleared => "cleared",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Discarded => "discarded",
        }
    }

    /// What happened to an alert that ended so.
    pub(super) fn of(ending: Ending) -> Self {
        match ending {
            Ending::Expired => Self::Expired,
            Ending::Updated => Self::Updated,
            Ending::AllClear => Self::Cleared,
            Ending::Cancelled => Self::Cancelled,
            Ending::Discarded => Self::Discarded,
        }
    }
}

/// A word that is no action.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is nothing that happens to an alert")]
pub struct UnknownAction(String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

stored_text!(Action);

/// One step of an alert's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub action: Action,
    /// Who did it; `None` when time did.
    pub by: Option<PersonId>,
    /// The content's number at that moment.
    pub revision: i32,
    /// The other alert of the story.
    pub other: Option<AlertId>,
    /// The reason that staff gave.
    pub why: Option<String>,
}

impl HistoryRow {
    pub(super) fn new(alert: &Alert, at: Timestamp, action: Action, by: Option<PersonId>) -> Self {
        Self { at, action, by, revision: alert.revision, other: None, why: None }
    }

    pub(super) fn about(self, other: AlertId) -> Self {
        Self { other: Some(other), ..self }
    }

    pub(super) fn because(self, why: Option<&str>) -> Self {
        Self { why: why.map(str::to_owned), ..self }
    }
}

/// Why something was not done to an alert.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such alert.
    #[error("there is no such alert")]
    NoSuchAlert,
    /// There is no such proposal.
    #[error("there is no such proposal")]
    NoSuchProposal,
    /// Somebody was faster, or the facts moved on.
    #[error("the proposal is {0}; only an open one can be adopted")]
    ProposalNotOpen(&'static str),
    /// An update, all-clear or cancel of something that is not live, or not any more.
    #[error("nothing of this matter is live any more, so there is nothing to update, clear or cancel")]
    NotLive,
    /// Its stage, its authors or its content do not allow it.
    #[error(transparent)]
    Lifecycle(#[from] alerts::lifecycle::Refusal),
    /// The editor did not see the newest content.
    #[error("somebody else changed the content since you read it; read it again")]
    Stale,
    /// An all-clear or cancel that was approved before something of the matter was published, which it would end unseen.
    #[error(
        "a newer message of this matter was published since this was approved; look at it, edit this and have it approved again"
    )]
    Overtaken,
    /// What was sent can't be kept.
    #[error("the content can't be kept: {}", .0.join("; "))]
    Unusable(Vec<String>),
    /// The finished message breaks the standard or the city's profile.
    #[error("the CAP message would be wrong: {}", .0.first().map_or_else(String::new, ToString::to_string))]
    NotCap(Vec<Finding>),
    /// `issue.sender` is empty.
    #[error("the CAP sender is not configured: set issue.sender to a domain name or an OID that is yours")]
    NoSender,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}
