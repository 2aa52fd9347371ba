//! How far a broadcast is, for staff: counts by channel, people by answer, and every notice with its reason.
//! Called by `http::delivery`.
//! Contacts are shown in part; who is silent is as visible as who answered.

use std::collections::BTreeMap;

use alerts::Texts;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Channel, Reason, store::NoticeRow};
use crate::{
    ground::Ground,
    id::{AlertId, NoticeId, PersonId},
    staff::{StaffMember, contact::masked},
    store::{Fault, Tx},
};

/// How far an alert's broadcast is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Progress {
    /// How far its audience has become notices.
    pub broadcast: BroadcastProgress,
    /// Notices by channel.
    pub by_channel: Vec<ChannelProgress>,
    /// People, each once.
    pub people: PeopleProgress,
    /// Every notice, page by page.
    pub notices: NoticesPage,
}

/// How far the audience has become notices.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BroadcastProgress {
    /// "fan_out", "told", "zones", "done", "stopped".
    pub state: String,
    /// Everybody who is told has their notice.
    pub expanded: bool,
    /// How many people, so far.
    pub people: i32,
}

/// Notices of one channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "counts of notices in the state that the field names")]
pub struct ChannelProgress {
    pub channel: Channel,
    pub waiting: i64,
    pub sending: i64,
    pub sent: i64,
    pub delivered: i64,
    pub failed: i64,
    pub withdrawn: i64,
    pub answered: i64,
}

/// People by their latest answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeopleProgress {
    /// Everybody who is told.
    pub told: i64,
    /// Answer to people.
    pub answered: BTreeMap<String, i64>,
    /// Who has not answered.
    pub silent: i64,
}

/// A page of notices.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NoticesPage {
    /// In the order of their making.
    pub items: Vec<NoticeProgress>,
    /// Pass it as `after` for what follows; null at the end.
    pub next: Option<NoticeId>,
}

/// One notice as staff see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NoticeProgress {
    /// Which.
    pub id: NoticeId,
    /// Who; null for systems.
    pub person: Option<PersonId>,
    /// Their name; null for systems and once erased.
    pub person_name: Option<String>,
    /// Where, in part; a system's name.
    pub contact_masked: Option<String>,
    /// How.
    pub channel: Channel,
    /// "waiting", "sending", "sent", "delivered", "failed", "withdrawn".
    pub state: String,
    /// It went out with another person's message to the same telephone.
    pub merged: bool,
    /// How often it was tried.
    pub attempts: i32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Why this person is told, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    pub reason: Texts,
    /// When it is sent next.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Timestamp>,
    /// When it left first.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub sent_at: Option<Timestamp>,
    /// The latest answer.
    pub answer: Option<String>,
    /// When it came.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Timestamp>,
}

/// How far an alert's broadcast is; `None` before it is published. `after` and `limit` page through the notices.
pub async fn of_alert(
    ground: &Ground,
    _by: &StaffMember,
    alert: AlertId,
    after: Option<NoticeId>,
    limit: i64,
) -> Result<Option<Progress>, Fault> {
    let mut tx = ground.store.read("delivery progress").await?;
    let Some((broadcast, step, people)) = tx.broadcast_of_alert(alert).await? else { return Ok(None) };
    let by_channel = tx
        .progress_by_channel(broadcast)
        .await?
        .into_iter()
        .map(|row| ChannelProgress {
            channel: row.channel,
            waiting: row.waiting,
            sending: row.sending,
            sent: row.sent,
            delivered: row.delivered,
            failed: row.failed,
            withdrawn: row.withdrawn,
            answered: row.answered,
        })
        .collect();
    let answers = tx.people_by_answer(broadcast).await?;
    let silent = answers.iter().filter(|(answer, _)| answer.is_none()).map(|(_, count)| count).sum();
    let told = answers.iter().map(|(_, count)| count).sum();
    let answered = answers.into_iter().filter_map(|(answer, count)| Some((answer?, count))).collect();
    let rows = tx.notices_of_broadcast(broadcast, after, limit).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| full).map(|row| row.id);
    let now = ground.now();
    let mut names = BTreeMap::new();
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        learn_names(&mut tx, &row, &mut names).await?;
        items.push(present(ground, row, &names, now));
    }
    Ok(Some(Progress {
        broadcast: BroadcastProgress { expanded: step == "done", state: step, people },
        by_channel,
        people: PeopleProgress { told, answered, silent },
        notices: NoticesPage { items, next },
    }))
}

/// Names of the minors whose mentors are told.
async fn learn_names(
    tx: &mut Tx,
    row: &NoticeRow,
    names: &mut BTreeMap<PersonId, Option<String>>,
) -> Result<(), Fault> {
    for reason in row.reasons.iter() {
        if let Reason::MentorOf(minor) = reason
            && !names.contains_key(minor)
        {
            let name = tx.person(*minor).await?.and_then(|person| person.name);
            names.insert(*minor, name);
        }
    }
    Ok(())
}

fn present(
    ground: &Ground,
    row: NoticeRow,
    names: &BTreeMap<PersonId, Option<String>>,
    now: Timestamp,
) -> NoticeProgress {
    let mut reason = Texts::new();
    for one in row.reasons.iter() {
        for (language, text) in one.texts(&ground.city, |person| names.get(&person).cloned().flatten()) {
            let all: &mut String = reason.entry(language.clone()).or_default();
            if !all.is_empty() {
                all.push_str(if language == "fa" { "؛ " } else { "; " });
            }
            all.push_str(&text);
        }
    }
    let sending = row.state == "waiting" && row.lease_until.is_some_and(|until| until.0 > now);
    NoticeProgress {
        id: row.id,
        person: row.person_id,
        person_name: row.person_name,
        contact_masked: match (row.kind, &row.address) {
            (Some(kind), Some(address)) => Some(masked(kind, address)),
            _ => row.target,
        },
        channel: row.channel,
        state: if sending { "sending".into() } else { row.state },
        merged: row.merged,
        attempts: row.attempts,
        last_error: row.last_error,
        reason,
        due_at: row.due_at.map(|at| at.0),
        sent_at: row.sent_at.map(|at| at.0),
        answer: row.answer,
        answered_at: row.answered_at.map(|at| at.0),
    }
}
