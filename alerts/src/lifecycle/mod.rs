//! Decides what an alert may become: draft, approved, live, ended; and which message tells the world.
//! Called by the service's `issue`, the only writer of alerts, which keeps the case in its tables between the steps.
//! A change consumes the case and may refuse: no author approves his own work, an edit voids an approval, what is live never changes.
//!
//! ```text
//!            edit             edit voids the approval
//!           ┌────┐          ┌──────────────────────────┐
//!           │    ▼          ▼                          │
//!  adopt ─▶ draft ── approve (no author, the content seen) ─▶ approved ── publish ─▶ live ─▶ ended
//!           │                                          │                              expired, updated,
//!           └───────────────── discard ────────────────┘                              all clear, cancelled
//! ```
//!
//! What is live is never changed; another message is issued about it, which goes the same way: [`Case::follow_up`] begins an
//! update, an all-clear (the danger passed: a CAP Update with AllClear and Past) or a cancel (it was issued in error),
//! [`Case::extension`] an update with a later end. Each references *all* related messages that still say something
//! ([`references`]). To the messages of other authorities one answers with an Ack or an Error ([`answer`]).

mod answer; // Ack and Error, to messages of others.
mod identifier; // The names of messages.
mod related; // What was published about a matter, and what of it is referenced.
mod stage; // Where an alert stands, and why a change is refused.

use jiff::{Timestamp, tz::TimeZone};

use crate::cap::{Alert, CapTime, Identifier, Sender};
use crate::content::{Content, Envelope};
use crate::template::Templates;
use crate::{calendar, voice};

pub use answer::{Answer, Answered, answer};
pub use identifier::IdentifierForm;
pub use related::{Published, references};
pub use stage::{Ending, Kind, Refusal, Stage};

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
    pub tz: TimeZone,
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
    ///
    /// `templates` know the mark of an exercise, by which no text of a drill goes out as actual and none of a warning as a
    /// drill ([`Templates::wrongly_marked`]). Errors: it is not approved, or not what was approved; its time is over; what it is
    /// about is over; its texts and its status disagree; anything that CAP can't hold.
    pub fn publish(
        self,
        templates: &Templates,
        publication: Publication,
        at: Timestamp,
    ) -> Result<Release<P>, Refusal> {
        let approved = match &self.stage {
            // Approval already refused them; a case that was stored and came back is looked at once more.
            Stage::Approved { by, .. } if self.authors.contains(by) => return Err(Refusal::OwnWork),
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
        let faults = templates.wrongly_marked(&self.content.wordings, publication.status);
        if !faults.is_empty() {
            return Err(Refusal::DrillMark { status: publication.status, faults });
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

    /// Begins a message about this one, which is live: an update, an all-clear or a cancel; see [`Case::adopt`].
    ///
    /// `related` are the published messages of the matter, this one among them. Errors: it is not live, or warns of nothing itself.
    pub fn follow_up(
        &self,
        kind: Kind,
        content: Content,
        by: P,
        related: Vec<Published>,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        match self.stage {
            Stage::Live { .. } => {}
            Stage::Draft | Stage::Approved { .. } | Stage::Ended { .. } => return Err(self.wrong_stage("live")),
        }
        match self.kind {
            Kind::Alert | Kind::Update => Self::adopt(kind, content, by, related, at),
            Kind::AllClear | Kind::Cancel => Err(Refusal::NotAWarning { kind: self.kind }),
        }
    }

    /// Begins the extension of a live warning: an update that says the same with a later end, also where its texts tell the end.
    ///
    /// `tz` is the zone in which the texts tell times. Errors: as [`Case::follow_up`]; and the end is not later.
    pub fn extension(
        &self,
        until: Timestamp,
        tz: &TimeZone,
        by: P,
        related: Vec<Published>,
        at: Timestamp,
    ) -> Result<Self, Refusal> {
        if until <= self.content.expires {
            return Err(Refusal::NotLater { until: self.content.expires });
        }
        self.follow_up(Kind::Update, with_end(&self.content, until, tz), by, related, at)
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

/// The same content with another end, also where its texts tell the end in words (see [`calendar::when`]).
///
/// Texts in which the end was reworded by hand are left as they are: who edits the draft sees them.
pub fn with_end(content: &Content, until: Timestamp, tz: &TimeZone) -> Content {
    let wordings = content.wordings.iter().map(|(lang, wording)| {
        let told = |at| (calendar::when(lang, at, tz), voice::when(lang, at, tz));
        let ((was, was_said), (will, will_be_said)) = (told(content.expires), told(until));
        (lang.clone(), wording.map(|text| text.replace(&was, &will).replace(&was_said, &will_be_said)))
    });
    Content { expires: until, wordings: wordings.collect(), ..content.clone() }
}
