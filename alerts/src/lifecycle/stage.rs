//! Names where an alert stands, what it tells the world, how it ends, and why a change is refused.
//! Used by `Case`, by the service's tables and by its API.
//! Each stage carries what it knows and nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cap::{MsgType, ResponseType, Status, Urgency};
use crate::content::{Content, hex};
use crate::fault::Fault;
use crate::level::word;

/// What a case tells the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A first warning.
    Alert,
    /// New facts; it supersedes what it references.
    Update,
    /// The danger has passed: a CAP Update with responseType AllClear and urgency Past.
    AllClear,
    /// The warning was issued in error. A danger that has passed is an all-clear instead.
    Cancel,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Alert, Self::Update, Self::AllClear, Self::Cancel];

    /// The word used in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Update => "update",
            Self::AllClear => "all_clear",
            Self::Cancel => "cancel",
        }
    }

    /// The CAP message type.
    pub const fn msg_type(self) -> MsgType {
        match self {
            Self::Alert => MsgType::Alert,
            Self::Update | Self::AllClear => MsgType::Update,
            Self::Cancel => MsgType::Cancel,
        }
    }

    /// Whether the message is about earlier ones, which it then must reference.
    pub const fn needs_references(self) -> bool {
        match self {
            Self::Alert => false,
            Self::Update | Self::AllClear | Self::Cancel => true,
        }
    }

    /// Gives a content the response types and the urgency that this kind demands.
    ///
    /// All-clear: AllClear and Past. Cancel: None and Past, since nothing is to be done any more. The others keep what they have.
    pub fn shape(self, content: &mut Content) {
        match self {
            Self::Alert | Self::Update => {}
            Self::AllClear => {
                content.response_types = vec![ResponseType::AllClear];
                content.urgency = Urgency::Past;
            }
            Self::Cancel => {
                content.response_types = vec![ResponseType::None];
                content.urgency = Urgency::Past;
            }
        }
    }

    /// How the messages that this one references end when it goes live; `None` when it references nothing.
    pub const fn ends_related_as(self) -> Option<Ending> {
        match self {
            Self::Alert => None,
            Self::Update => Some(Ending::Updated),
            Self::AllClear => Some(Ending::AllClear),
            Self::Cancel => Some(Ending::Cancelled),
        }
    }
}

word!(Kind, "kind of alert");

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Its time was over.
    Expired,
    /// A newer message took its place.
    Updated,
    /// The danger passed.
    AllClear,
    /// It was issued in error.
    Cancelled,
    /// It was never published.
    Discarded,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 5] = [Self::Expired, Self::Updated, Self::AllClear, Self::Cancelled, Self::Discarded];

    /// The word used in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Updated => "updated",
            Self::AllClear => "all_clear",
            Self::Cancelled => "cancelled",
            Self::Discarded => "discarded",
        }
    }
}

word!(Ending, "ending");

/// Where a case stands; each stage carries what it knows. `P` names a person (the service's staff id).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "stage")]
pub enum Stage<P> {
    /// Being written.
    Draft,
    /// A second person agreed to exactly this content.
    Approved {
        /// Who agreed.
        by: P,
        /// When.
        at: Timestamp,
        /// To what.
        content_hash: [u8; 32],
    },
    /// Told to the world.
    Live {
        /// When; the same moment as CAP `sent`.
        published_at: Timestamp,
    },
    /// Over.
    Ended {
        /// When.
        at: Timestamp,
        /// How.
        how: Ending,
    },
}

impl<P> Stage<P> {
    /// The word used in tables and JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved { .. } => "approved",
            Self::Live { .. } => "live",
            Self::Ended { .. } => "ended",
        }
    }
}

/// Why a change was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The case stands somewhere else.
    #[error("the alert is {stage}; this needs one that is {wanted}")]
    WrongStage {
        /// Where it stands.
        stage: &'static str,
        /// Where it would have to stand.
        wanted: &'static str,
    },
    /// The person wrote or edited it.
    #[error("who wrote or edited an alert cannot approve it; ask a second person")]
    OwnWork,
    /// What was approved is not what is there now.
    #[error("the content changed: {} was looked at, {} is there now; look at it again", hex(&approved[..4]), hex(&now[..4]))]
    ContentChanged {
        /// The hash that was seen or approved.
        approved: [u8; 32],
        /// The hash of what is there.
        now: [u8; 32],
    },
    /// An update, all-clear or cancel without anything that is still live.
    #[error("nothing to refer to: every earlier message of this incident is over; issue a new alert")]
    NothingToReference,
    /// Its time is over.
    #[error("the alert expired at {at}; set a later end")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// Its time is not over yet.
    #[error("the alert holds until {until}; it cannot expire before")]
    NotYetExpired {
        /// Until when.
        until: Timestamp,
    },
    /// An extension that ends no later than what it extends.
    #[error("the alert already holds until {until}; an extension needs a later end")]
    NotLater {
        /// Until when.
        until: Timestamp,
    },
    /// An all-clear or a cancel has nothing that could be updated, extended, cleared or cancelled.
    #[error("a message of kind {kind} warns of nothing; begin from the warning, or issue a new alert")]
    NotAWarning {
        /// What it is.
        kind: Kind,
    },
    /// An answer to a message of one's own.
    #[error("the message is our own; only messages of others are answered")]
    OwnMessage,
    /// An answer to an answer, which would be answered in its turn.
    #[error("the message is itself an answer ({msg_type}); answers are not answered")]
    AnswerToAnswer {
        /// Ack or Error.
        msg_type: MsgType,
    },
    /// This stage can't end in this way.
    #[error("an alert that is {stage} cannot end as {how}")]
    WrongEnding {
        /// Where it stands.
        stage: &'static str,
        /// How it was to end.
        how: &'static str,
    },
    /// Texts of a drill in a message that is not one, or the reverse: who reads one of them alone would be misled.
    #[error("the message is {status}, and {} of its texts would mislead: {}", .faults.len(), .faults.first().map_or_else(String::new, ToString::to_string))]
    DrillMark {
        /// What the message is.
        status: Status,
        /// Each such text by language and field (`wordings.fa.sms`), and what to do.
        faults: Vec<Fault>,
    },
    /// The content can't be published as it is.
    #[error("the content has {} fault(s): {}", .0.len(), .0.first().map_or_else(String::new, ToString::to_string))]
    Faulty(Vec<Fault>),
}
