//! A notice: one message to one person (or one system) by one channel, with the reason for it.
//! Made by every room that has something to say, through `Tx::put_notice` in the transaction that decides it.
//! A notice with the same key exists once; a notice without a reason can't be made.

use std::str::FromStr;

use alerts::{Texts, texts};
use jiff::Timestamp;
use maps::{City, ZoneCode};
use serde::{Deserialize, Serialize};

use crate::{
    id::{AlertId, BroadcastId, ContactId, ExerciseId, NoticeId, PersonId, ReportId},
    staff::contact::ContactKind,
    store::stored_text,
};

/// How a notice leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// To a helper's own topic on our broker; settled by the helper's answer.
    Mqtt,
    /// To a system, as a signed Standard Webhook.
    Webhook,
    /// By SMTP.
    Email,
    /// By an SMS gateway.
    Sms,
    /// To open pages.
    Live,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Mqtt, Self::Webhook, Self::Email, Self::Sms, Self::Live];

    /// The word in the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mqtt => "mqtt",
            Self::Webhook => "webhook",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Live => "live",
        }
    }

    /// The channel that reaches a contact of this kind.
    pub const fn of(kind: ContactKind) -> Self {
        match kind {
            ContactKind::Phone => Self::Sms,
            ContactKind::Email => Self::Email,
            ContactKind::Webhook => Self::Webhook,
            ContactKind::Mqtt => Self::Mqtt,
        }
    }
}

/// A word of the store that this binary does not know.
#[derive(Debug, thiserror::Error)]
#[error("“{word}” is no {what}")]
pub struct UnknownStored {
    what: &'static str,
    word: String,
}

impl FromStr for Channel {
    type Err = UnknownStored;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == word)
            .ok_or_else(|| UnknownStored { what: "channel", word: word.to_owned() })
    }
}

/// What is asked of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Did it arrive, are you safe, do you need help? Answers: ack, safe, need_help.
    Receipt,
    /// What do you see? Answers: 0 nothing, 1 a little, 2 much, 3 dangerous.
    WhatDoYouSee,
}

impl Question {
    /// The word in the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::WhatDoYouSee => "what_do_you_see",
        }
    }
}

impl FromStr for Question {
    type Err = UnknownStored;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Receipt, Self::WhatDoYouSee]
            .into_iter()
            .find(|question| question.as_str() == word)
            .ok_or_else(|| UnknownStored { what: "question", word: word.to_owned() })
    }
}

stored_text!(Channel, Question);

/// What goes first when a channel can't send everything at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A threat to life.
    Life = 0,
    /// Somebody waits for it: a one-time code.
    Awaited = 1,
    /// Everything else.
    Ordinary = 2,
}

/// Why this person is told. Names are looked up when it is shown, so that nothing personal is frozen here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
pub enum Reason {
    /// Lives or helps in a zone that is warned.
    InZone(ZoneCode),
    /// Looks after this helper, who is told.
    MentorOf(PersonId),
    /// Was told by an earlier alert, which this one is about.
    WasToldBy(AlertId),
    /// Sent this report.
    Reported(ReportId),
    /// Asked for a one-time code.
    AskedForCode,
    /// Sent an answer that could mean several things.
    Unclear,
    /// A system that the configuration names, and which event it listens to.
    Configured(String),
    /// Every open page.
    OpenPage,
}

impl Reason {
    /// The reason in words. `name` gives a person's name where it is known.
    pub fn texts(&self, city: &City, name: impl Fn(PersonId) -> Option<String>) -> Texts {
        let pair = |fa: String, en: String| [("fa".to_owned(), fa), ("en".to_owned(), en)].into_iter().collect();
        match self {
            Self::InZone(code) => {
                let named = |language| {
                    city.zone(code)
                        .map_or_else(|| code.as_str().to_owned(), |zone| maps::text_in(&zone.name, language).to_owned())
                };
                pair(format!("در ناحیهٔ {}", named("fa")), format!("in zone {}", named("en")))
            }
            Self::MentorOf(person) => match name(*person) {
                Some(name) => pair(format!("مربی {name}"), format!("mentor of {name}")),
                None => texts([("fa", "مربی یک همیار"), ("en", "mentor of a helper")]),
            },
            Self::WasToldBy(_) => {
                texts([("fa", "هشدار پیشین به او رسیده بود"), ("en", "was told by the earlier alert")])
            }
            Self::Reported(_) => texts([("fa", "گزارش داده بود"), ("en", "sent a report")]),
            Self::AskedForCode => texts([("fa", "رمز ورود خواسته بود"), ("en", "asked for a sign-in code")]),
            Self::Unclear => texts([("fa", "پاسخش روشن نبود"), ("en", "sent an unclear answer")]),
            Self::Configured(event) => {
                pair(format!("سامانهٔ ثبت‌شده برای {event}"), format!("a configured system, for {event}"))
            }
            Self::OpenPage => texts([("fa", "صفحهٔ باز"), ("en", "an open page")]),
        }
    }
}

/// What a person reads, in their language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// BCP 47.
    pub language: String,
    /// One line.
    pub subject: String,
    /// The whole text, for e-mail and pages.
    pub body: String,
    /// The short text, for SMS.
    pub sms: String,
}

/// How a notice is found again when its answer comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerBy {
    /// SHA-256 of the secret in its link.
    pub link_digest: Vec<u8>,
    /// Until when the link can be used.
    pub link_until: Timestamp,
    /// The two digits that name its question among those of one telephone; none when nothing is asked.
    pub reference: Option<i32>,
}

/// Queues of helpers' own webhooks. Within one, `deliver.in_flight_max` calls are made side by side and the next are taken when these
/// have ended, so a program that hangs holds up an eighth of the others, for `deliver.own_webhook_secs_max` before each of its pauses.
pub(super) const OWN_WEBHOOK_LANES: u8 = 8;

/// The name of such a queue; no configured webhook can have it, since theirs have a colon.
pub(super) fn own_webhook_lane(number: u8) -> String {
    format!("webhook#{number}")
}

/// A notice to be put into the outbox.
#[derive(Clone, Debug)]
pub struct NewNotice {
    /// Ours; the idempotency key of everything that leaves.
    pub id: NoticeId,
    /// What makes it one: a second notice with the same key is not made. `thanks:{report}`.
    pub key: String,
    /// Who is told; none for systems and for people without an account.
    pub person: Option<PersonId>,
    /// Where they are reached; none for systems.
    pub contact: Option<ContactId>,
    /// The system that is told, by its name in the configuration; none for people.
    pub target: Option<String>,
    /// How.
    pub channel: Channel,
    /// What goes first.
    pub priority: Priority,
    /// Why; at least one.
    pub reasons: Vec<Reason>,
    /// The text.
    pub message: Message,
    /// What programs get instead of text.
    pub payload: Option<serde_json::Value>,
    /// The broadcast it belongs to.
    pub broadcast: Option<BroadcastId>,
    /// The alert it is about.
    pub alert: Option<AlertId>,
    /// The report it is about.
    pub report: Option<ReportId>,
    /// What is asked; none when no answer is wanted.
    pub question: Option<Question>,
    /// Its link and number; none when neither stands in the text.
    pub answer_by: Option<AnswerBy>,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it is sent at the earliest.
    pub due_at: Timestamp,
    /// After this it is no longer true and is not sent.
    pub expires_at: Option<Timestamp>,
    /// The drill or demo it belongs to.
    pub exercise: Option<ExerciseId>,
}

impl NewNotice {
    /// A notice to a contact, due at once, with ordinary priority and without a question; change the fields that differ.
    pub fn to_contact(
        id: NoticeId,
        key: String,
        (contact, kind): (ContactId, ContactKind),
        reason: Reason,
        message: Message,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            key,
            person: None,
            contact: Some(contact),
            target: None,
            channel: Channel::of(kind),
            priority: Priority::Ordinary,
            reasons: vec![reason],
            message,
            payload: None,
            broadcast: None,
            alert: None,
            report: None,
            question: None,
            answer_by: None,
            made_at: at,
            due_at: at,
            expires_at: None,
            exercise: None,
        }
    }

    /// The queue it stands in: its channel, or one target of it. Helpers' own webhooks share a few queues, by contact.
    pub(super) fn lane(&self) -> String {
        match (self.channel, &self.target) {
            (Channel::Webhook, Some(target)) => format!("webhook:{target}"),
            // The last byte of an id is drawn at random.
            (Channel::Webhook, None) => {
                own_webhook_lane(self.contact.map_or(0, |contact| contact.0.as_bytes()[15]) % OWN_WEBHOOK_LANES)
            }
            (channel, _) => channel.as_str().to_owned(),
        }
    }
}
