//! Decides what an alert may become: draft, approved, live, ended; and which message tells the world.
//! Called by the service's `issue`, the only writer of alerts, which keeps the case in its tables between the steps.
//! A change consumes the case and may refuse: no author approves his own work, an edit voids an approval, what is live never changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cap::{Alert, CapTime, Identifier, MsgType, NameFault, Reference, ResponseType, Sender, Urgency};
use crate::content::{Content, Envelope, hex};
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
    /// This stage can't end in this way.
    #[error("an alert that is {stage} cannot end as {how}")]
    WrongEnding {
        /// Where it stands.
        stage: &'static str,
        /// How it was to end.
        how: &'static str,
    },
    /// The content can't be published as it is.
    #[error("the content has {} fault(s): {}", .0.len(), .0.first().map_or_else(String::new, ToString::to_string))]
    Faulty(Vec<Fault>),
}

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
}

impl Published {
    /// What must be known of a CAP message.
    pub fn of(alert: &Alert) -> Self {
        Self {
            sender: alert.sender.clone(),
            identifier: alert.identifier.clone(),
            sent: alert.sent.clone(),
            expires: alert.expires(),
        }
    }
}

/// The references of a new message at a moment: *all* related messages that have not expired, oldest first, each once.
///
/// The caller leaves out what was cancelled, since that no longer says anything.
/// A message that was superseded is still referenced until it expires, since a recipient may have seen only that one
/// (so ask IPAWS, CAP-AU, CAP-CP and Google Public Alerts).
pub fn references(published: &[Published], at: Timestamp) -> Vec<Reference> {
    let mut live: Vec<&Published> =
        published.iter().filter(|one| one.expires.is_none_or(|expires| expires > at)).collect();
    live.sort_by(|a, b| (a.sent.timestamp(), &a.identifier).cmp(&(b.sent.timestamp(), &b.identifier)));
    live.dedup_by(|a, b| a.identifier == b.identifier && a.sender == b.sender);
    live.into_iter()
        .map(|one| Reference { sender: one.sender.clone(), identifier: one.identifier.clone(), sent: one.sent.clone() })
        .collect()
}

/// The form of identifiers, chosen in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierForm {
    /// `urn:uuid:…`.
    #[default]
    Uuid,
    /// `urn:oid:{prefix}.{seconds of the time}.{number}` with a prefix such as `2.49.0.1.364.0` (WMO register).
    WmoOid {
        /// The arc that was given to the sender, numbers and dots.
        prefix: String,
    },
}

impl IdentifierForm {
    /// The identifier of a message: unique whenever `unique` is, for any number of messages in one second.
    ///
    /// `unique` are the 16 bytes of a UUID that the caller drew. Errors: an OID prefix that is not numbers and dots.
    pub fn identifier(&self, sent: Timestamp, unique: [u8; 16]) -> Result<Identifier, NameFault> {
        match self {
            Self::Uuid => {
                let digits = hex(&unique);
                Identifier::new(&format!(
                    "urn:uuid:{}-{}-{}-{}-{}",
                    &digits[..8],
                    &digits[8..12],
                    &digits[12..16],
                    &digits[16..20],
                    &digits[20..]
                ))
            }
            Self::WmoOid { prefix } => {
                let arcs_are_numbers = prefix.split('.').all(|arc| {
                    !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'))
                });
                if !arcs_are_numbers {
                    return Err(NameFault {
                        what: "OID prefix",
                        text: prefix.chars().take(80).collect(),
                        why: "it must be numbers separated by dots",
                    });
                }
                let utc = jiff::tz::Offset::UTC.to_datetime(sent);
                let second = format!(
                    "{:04}{:02}{:02}{:02}{:02}{:02}",
                    utc.year(),
                    utc.month(),
                    utc.day(),
                    utc.hour(),
                    utc.minute(),
                    utc.second()
                );
                Identifier::new(&format!("urn:oid:{prefix}.{second}.{}", u128::from_be_bytes(unique)))
            }
        }
    }
}

/// One message on its way from a draft to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Case<P> {
    kind: Kind,
    stage: Stage<P>,
    authors: Vec<P>,
    content: Content,
    related: Vec<Published>,
}

/// What a publication brings about: the case is live, and this is what the world is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Release<P> {
    /// The case, live.
    pub case: Case<P>,
    /// The CAP message.
    pub alert: Alert,
    /// Its exact text, to be kept and served unchanged for ever.
    pub xml: String,
}

/// What publication needs to know beside the content; the references and the message type are the case's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// The message's name; see [`IdentifierForm`].
    pub identifier: Identifier,
    /// Who sends.
    pub sender: Sender,
    /// Actual, or Exercise.
    pub status: crate::cap::Status,
    /// A note; names the exercise.
    pub note: Option<String>,
    /// The incidents it belongs to.
    pub incidents: Vec<String>,
    /// The sender's name for people, by language.
    pub sender_name: crate::level::Texts,
    /// The zone in which times are written.
    pub tz: jiff::tz::TimeZone,
    /// The `valueName` of our zone codes.
    pub geocode_scheme: String,
}

impl<P: PartialEq + Clone> Case<P> {
    /// Makes a draft of a content; who adopts it is its first author.
    ///
    /// `related` are the published messages of the same incident; an update, all-clear or cancel needs one that is unexpired at `at`.
    pub fn adopt(
        kind: Kind,
        mut content: Content,
        by: P,
        related: Vec<Published>,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        if kind.needs_references() && references(&related, at).is_empty() {
            return Err(Refusal::NothingToReference);
        }
        kind.shape(&mut content);
        Ok(Self { kind, stage: Stage::Draft, authors: vec![by], content, related })
    }

    /// A case as it was stored. Nothing is checked: what was stored had been checked.
    pub const fn restored(
        kind: Kind,
        stage: Stage<P>,
        authors: Vec<P>,
        content: Content,
        related: Vec<Published>,
    ) -> Self {
        Self { kind, stage, authors, content, related }
    }

    /// Replaces the content; the editor becomes an author, and an approval is void.
    pub fn edit(self, mut content: Content, by: P) -> Result<Self, Refusal> {
        match self.stage {
            Stage::Draft | Stage::Approved { .. } => {}
            Stage::Live { .. } | Stage::Ended { .. } => return Err(self.wrong_stage("draft or approved")),
        }
        self.kind.shape(&mut content);
        let mut authors = self.authors;
        if !authors.contains(&by) {
            authors.push(by);
        }
        Ok(Self { stage: Stage::Draft, authors, content, ..self })
    }

    /// A second person agrees to the content whose hash he saw.
    pub fn approve(self, by: P, at: Timestamp, seen: [u8; 32]) -> Result<Self, Refusal> {
        match self.stage {
            Stage::Draft => {}
            Stage::Approved { .. } | Stage::Live { .. } | Stage::Ended { .. } => return Err(self.wrong_stage("draft")),
        }
        if self.authors.contains(&by) {
            return Err(Refusal::OwnWork);
        }
        let now = self.content.hash();
        if now != seen {
            return Err(Refusal::ContentChanged { approved: seen, now });
        }
        self.refuse_expired(at)?;
        let faults = self.content.faults();
        if !faults.is_empty() {
            return Err(Refusal::Faulty(faults));
        }
        Ok(Self { stage: Stage::Approved { by, at, content_hash: now }, ..self })
    }

    /// Tells the world: freezes identifier and `sent`, and makes the CAP text.
    pub fn publish(self, publication: Publication, at: Timestamp) -> Result<Release<P>, Refusal> {
        let approved = match &self.stage {
            Stage::Approved { content_hash, .. } => *content_hash,
            Stage::Draft | Stage::Live { .. } | Stage::Ended { .. } => return Err(self.wrong_stage("approved")),
        };
        let now = self.content.hash();
        if now != approved {
            return Err(Refusal::ContentChanged { approved, now });
        }
        self.refuse_expired(at)?;
        let references = if self.kind.needs_references() { references(&self.related, at) } else { Vec::new() };
        if self.kind.needs_references() && references.is_empty() {
            return Err(Refusal::NothingToReference);
        }
        let envelope = Envelope {
            identifier: publication.identifier,
            sender: publication.sender,
            sent: CapTime::from_timestamp(at, &publication.tz),
            status: publication.status,
            msg_type: self.kind.msg_type(),
            references,
            note: publication.note,
            incidents: publication.incidents,
            sender_name: publication.sender_name,
            tz: publication.tz,
            geocode_scheme: publication.geocode_scheme,
        };
        let alert = self.content.to_cap(&envelope).map_err(Refusal::Faulty)?;
        let xml = crate::xml::write(&alert);
        Ok(Release { case: Self { stage: Stage::Live { published_at: at }, ..self }, alert, xml })
    }

    /// Ends the case: what is live expires, is updated, cleared or cancelled; what is not published yet is discarded.
    pub fn end(self, at: Timestamp, how: Ending) -> Result<Self, Refusal> {
        let fits = match (&self.stage, how) {
            (Stage::Draft | Stage::Approved { .. }, Ending::Discarded)
            | (Stage::Live { .. }, Ending::Updated | Ending::AllClear | Ending::Cancelled | Ending::Expired) => true,
            (Stage::Ended { .. }, _) => return Err(self.wrong_stage("live, approved or draft")),
            (
                Stage::Draft | Stage::Approved { .. },
                Ending::Expired | Ending::Updated | Ending::AllClear | Ending::Cancelled,
            )
            | (Stage::Live { .. }, Ending::Discarded) => false,
        };
        if !fits {
            return Err(Refusal::WrongEnding { stage: self.stage.name(), how: how.as_str() });
        }
        if how == Ending::Expired && at < self.content.expires {
            return Err(Refusal::NotYetExpired { until: self.content.expires });
        }
        Ok(Self { stage: Stage::Ended { at, how }, ..self })
    }

    /// What it tells the world.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it stands.
    pub const fn stage(&self) -> &Stage<P> {
        &self.stage
    }

    /// Everybody who wrote or edited it, in order.
    pub fn authors(&self) -> &[P] {
        &self.authors
    }

    /// What it says.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The published messages of the same incident.
    pub fn related(&self) -> &[Published] {
        &self.related
    }

    const fn wrong_stage(&self, wanted: &'static str) -> Refusal {
        Refusal::WrongStage { stage: self.stage.name(), wanted }
    }

    fn refuse_expired(&self, at: Timestamp) -> Result<(), Refusal> {
        if self.content.expires <= at { Err(Refusal::Expired { at: self.content.expires }) } else { Ok(()) }
    }
}
