//! A broadcast: one published alert to its audience, as a frozen rule that is expanded later, in bounded steps.
//! Put by `issue` in the transaction that publishes; expanded by `expand_due` while delivery already runs.
//! An alert has one broadcast; its texts, zones and CAP message never change.

use alerts::{Content, Kind, Level};
use jiff::Timestamp;
use maps::ZoneCode;

use crate::id::{AlertId, BroadcastId, ExerciseId};

/// Who is told: the rule, not the people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Everyone whose home zone is one of these.
    pub zones: Vec<ZoneCode>,
    /// And everyone whom these alerts told, on the channel that reached them.
    pub also_everyone_told_by: Vec<AlertId>,
}

/// A broadcast to be put into the outbox by the publishing transaction.
#[derive(Clone, Debug)]
pub struct NewBroadcast {
    /// Ours.
    pub id: BroadcastId,
    /// The alert that is published.
    pub alert: AlertId,
    /// A first warning, news, all-clear, or issued in error.
    pub kind: Kind,
    /// The CAP identifier.
    pub identifier: String,
    /// What the alert says.
    pub content: Content,
    /// The published CAP message.
    pub cap_xml: String,
    /// Who is told.
    pub audience: Audience,
    /// Alerts that this one replaces or ends: what of theirs still waits is not sent any more.
    pub supersedes: Vec<AlertId>,
    /// When it was published.
    pub published_at: Timestamp,
    /// The drill or demo it belongs to.
    pub exercise: Option<ExerciseId>,
}

impl NewBroadcast {
    /// Whether quiet hours do not hold it back: a threat to life (orange and above), or the news that a warning no longer holds.
    /// Somebody who left a house at night wants to hear at night that it is over.
    pub(super) fn urgent(&self) -> bool {
        match self.kind {
            Kind::Alert | Kind::Update => self.content.level >= Level::Orange,
            Kind::AllClear | Kind::Cancel => true,
        }
    }
}
