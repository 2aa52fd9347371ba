//! Answers messages of other authorities: an Ack says that a message was received, an Error that it can't be used.
//! Called by whoever receives alerts of others.
//! An answer goes to the sender alone, names the message letter by letter, and is never an answer to an answer.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Refusal;
use crate::cap::{Alert, CapTime, Identifier, ListItem, MsgType, Scope, Sender, Status, Text};
use crate::fault::Fault;

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The message was received and accepted.
    Ack {
        /// More, if there is anything to say.
        note: Option<String>,
    },
    /// The message is rejected.
    Error {
        /// Why: CAP wants the explanation in the note.
        note: String,
    },
}

/// An answer, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The CAP message.
    pub alert: Alert,
    /// Its exact text.
    pub xml: String,
}

/// Answers a message of another authority (CAP 1.2 §3.2.1 `msgType`).
///
/// It has the status of what it answers, so that a test is answered by a test; the answer to an exercise names it in its note,
/// as the message did. It warns nobody and has no info, so one person may send it, or a machine.
/// `sent` is `at`, but never before the message itself: clocks of two authorities differ.
/// Errors: a message of our own, an answer, an Error without a note, a note with markup.
///
/// ```
/// use alerts::cap::{Alert, CapTime, Identifier, MsgType, Sender, Status};
/// use alerts::lifecycle::{Answer, answer};
/// let theirs = Alert::new(
///     Identifier::new("2.49.0.1.364.0.7")?, Sender::new("irimo@example.ir")?, CapTime::parse("2026-03-21T04:00:00+03:30")?,
///     Status::Actual, MsgType::Alert,
/// );
/// let refused = answer(
///     &theirs, Answer::Error { note: "the polygon is not closed".into() },
///     Identifier::new("urn:uuid:9")?, &Sender::new("crisis@hamadan.ir")?, &jiff::tz::TimeZone::UTC, "2026-03-21T00:31:00Z".parse()?,
/// )?;
/// assert!(refused.xml.contains("<references>irimo@example.ir,2.49.0.1.364.0.7,2026-03-21T04:00:00+03:30</references>"));
/// assert!(refused.xml.contains("<note>the polygon is not closed</note>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn answer(
    received: &Alert,
    answer: Answer,
    identifier: Identifier,
    sender: &Sender,
    tz: &TimeZone,
    at: Timestamp,
) -> Result<Answered, Refusal> {
    if received.sender == *sender {
        return Err(Refusal::OwnMessage);
    }
    match received.msg_type {
        MsgType::Alert | MsgType::Update | MsgType::Cancel => {}
        msg_type @ (MsgType::Ack | MsgType::Error) => return Err(Refusal::AnswerToAnswer { msg_type }),
    }
    let mut faults = Vec::new();
    let (msg_type, own) = match answer {
        Answer::Ack { note } => (MsgType::Ack, note.unwrap_or_default()),
        Answer::Error { note } => {
            if note.trim().is_empty() {
                faults.push(Fault::new("note", "empty; say why the message is rejected"));
            }
            (MsgType::Error, note)
        }
    };
    if let Some(tag) = crate::check::markup_in(&own) {
        faults.push(Fault::new("note", format!("“{tag}” looks like HTML; write plain text")));
    }
    let recipient = ListItem::new(received.sender.as_str());
    if let Err(fault) = &recipient {
        faults.push(Fault::new("addresses", fault.to_string()));
    }
    let (true, Ok(recipient)) = (faults.is_empty(), recipient) else { return Err(Refusal::Faulty(faults)) };
    let alert = Alert {
        scope: Scope::Private,
        addresses: vec![recipient],
        note: Some(Text::new(&note(received, own.trim()))).filter(|note| !note.is_empty()),
        references: vec![received.reference()],
        incidents: received.incidents.clone(),
        ..Alert::new(
            identifier,
            sender.clone(),
            CapTime::from_timestamp(at.max(received.sent.timestamp()), tz),
            received.status,
            msg_type,
        )
    };
    let xml = crate::xml::write(&alert);
    Ok(Answered { alert, xml })
}

/// What stands in the note: our own words, and the exercise that the message named in its own.
fn note(received: &Alert, own: &str) -> String {
    let exercise = match received.status {
        Status::Exercise => {
            let named = received.note.as_ref().filter(|note| !note.is_empty());
            named.map_or_else(|| received.identifier.to_string(), ToString::to_string)
        }
        Status::Actual | Status::System | Status::Test | Status::Draft => String::new(),
    };
    match (own, exercise.as_str()) {
        (own, "") => own.to_owned(),
        ("", exercise) => exercise.to_owned(),
        (own, exercise) => format!("{exercise}: {own}"),
    }
}
