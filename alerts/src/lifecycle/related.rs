//! Knows what was published about a matter, and which of it a new message must reference.
//! Called by `Case` at adoption and publication.
//! The references are exactly the related messages that still say something, each letter by letter as it was published.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cap::{Alert, CapTime, Identifier, MsgType, Reference, Sender};

/// A message that was published, as later messages must know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Who sent it.
    pub sender: Sender,
    /// Its name.
    pub identifier: Identifier,
    /// When it was sent, letter by letter.
    pub sent: CapTime,
    /// Until when it holds; `None` when it names no end.
    pub expires: Option<Timestamp>,
    /// It says nothing any more: it was cancelled, or it is itself the cancel of others.
    #[serde(default)]
    pub withdrawn: bool,
}

impl Published {
    /// What must be known of a CAP message.
    pub fn of(alert: &Alert) -> Self {
        Self {
            sender: alert.sender.clone(),
            identifier: alert.identifier.clone(),
            sent: alert.sent.clone(),
            expires: alert.expires(),
            withdrawn: alert.msg_type == MsgType::Cancel,
        }
    }

    /// The same, cancelled.
    #[must_use]
    pub fn cancelled(self) -> Self {
        Self { withdrawn: true, ..self }
    }

    /// Whether it still says something: it was not withdrawn, and its time is not over.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        !self.withdrawn && self.expires.is_none_or(|expires| expires > at)
    }
}

/// The references of a new message at a moment: *all* related messages that still say something, oldest first, each once.
///
/// A message that was superseded is still referenced until it expires, since a recipient may have seen only that one
/// (so ask IPAWS, CAP-AU, CAP-CP and Google Public Alerts). What was cancelled, and the cancel itself, are not.
///
/// ```
/// use alerts::cap::{CapTime, Identifier, Sender};
/// use alerts::lifecycle::{Published, references};
/// let message = |identifier: &str, sent: &str| Published {
///     sender: Sender::new("crisis@hamadan.ir").expect("a name"),
///     identifier: Identifier::new(identifier).expect("a name"),
///     sent: CapTime::parse(sent).expect("a time"),
///     expires: Some("2026-03-21T04:30:00Z".parse().expect("a moment")),
///     withdrawn: false,
/// };
/// let known = [
///     message("b", "2026-03-21T05:00:00+03:30"),
///     message("a", "2026-03-21T04:00:00+03:30"),
///     message("in-error", "2026-03-21T04:10:00+03:30").cancelled(),
/// ];
/// let names = |at: &str| references(&known, at.parse().expect("a moment")).iter().map(|one| one.identifier.to_string()).collect::<Vec<_>>();
/// assert_eq!(names("2026-03-21T02:00:00Z"), ["a", "b"]);
/// assert!(names("2026-03-21T04:30:00Z").is_empty());
/// ```
pub fn references(published: &[Published], at: Timestamp) -> Vec<Reference> {
    let mut live: Vec<&Published> = published.iter().filter(|one| one.holds_at(at)).collect();
    live.sort_by(|a, b| (a.sent.timestamp(), &a.identifier).cmp(&(b.sent.timestamp(), &b.identifier)));
    live.dedup_by(|a, b| a.identifier == b.identifier && a.sender == b.sender);
    live.into_iter()
        .map(|one| Reference { sender: one.sender.clone(), identifier: one.identifier.clone(), sent: one.sent.clone() })
        .collect()
}
