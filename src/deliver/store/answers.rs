//! SQL of answers: which notices an answer could mean, recording it, what was asked back.
//! Used by `reply`.
//! The same answer twice is one; another answer later is another row, and the latest is what counts.

use jiff::Timestamp;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    deliver::Question,
    id::{AlertId, BroadcastId, ContactId, ExerciseId, NoticeId, PersonId},
    on,
    store::{At, Fault, Tx},
};

/// A notice that an answer could be about.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct Candidate {
    pub id: NoticeId,
    pub broadcast_id: Option<BroadcastId>,
    pub alert_id: Option<AlertId>,
    pub person_id: Option<PersonId>,
    pub name: Option<String>,
    pub language: String,
    pub subject: String,
    pub body: String,
    pub question: Option<Question>,
    pub reference: Option<i32>,
    pub answer: Option<String>,
    pub made_at: At,
    pub link_until: Option<At>,
    /// Its time or its alert is over.
    pub over: bool,
    pub exercise_id: Option<ExerciseId>,
}

/// Columns of a candidate; `$1` is now.
macro_rules! candidates {
    ($rest:literal) => {
        concat!(
            "select n.id, n.broadcast_id, n.alert_id, n.person_id, p.name, n.language, n.subject, n.body, n.question, n.reference,
                 n.answer, n.made_at, n.link_until, n.exercise_id,
                 (coalesce(n.expires_at, $1 + 1) <= $1
                     or exists (select 1 from broadcast b where b.id = n.broadcast_id and b.ended_at is not null)) as over
             from notice n
             left join person p on p.id = n.person_id ",
            $rest
        )
    };
}

impl Tx {
    /// Questions that went to a contact since then, newest first; those of a family's telephone one per person.
    pub(in crate::deliver) async fn asked_at_contact(
        &mut self,
        contact: ContactId,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<Vec<Candidate>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(candidates!(
                "where n.contact_id = $2 and n.question is not null and n.attempts > 0 and n.made_at > $3
                 order by n.made_at desc, n.id
                 limit 60"
            ))
            .bind(At(now))
            .bind(contact)
            .bind(At(since))
            .fetch_all(conn)
            .await
        })
    }

    /// The notice of a link, and those that went out with it.
    pub(in crate::deliver) async fn notices_of_link(
        &mut self,
        digest: &[u8],
        now: Timestamp,
    ) -> Result<Vec<Candidate>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(candidates!(
                "where n.link_digest = $2 or n.merged_into = (select h.id from notice h where h.link_digest = $2)
                 order by case when n.link_digest = $2 then 0 else 1 end, n.id
                 limit 20"
            ))
            .bind(At(now))
            .bind(digest)
            .fetch_all(conn)
            .await
        })
    }

    /// What a person was told, newest first; `after` is the id of the last one seen.
    pub(in crate::deliver) async fn notices_of_person(
        &mut self,
        person: PersonId,
        after: Option<NoticeId>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Candidate>, Fault> {
        let after = after.unwrap_or(NoticeId(Uuid::max()));
        on!(self, |conn| {
            sqlx::query_as(candidates!(
                "where n.person_id = $2 and n.id < $3 and n.attempts > 0 and n.key not like 'code:%'
                 order by n.id desc
                 limit $4"
            ))
            .bind(At(now))
            .bind(person)
            .bind(after)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// One notice.
    pub(in crate::deliver) async fn candidate(
        &mut self,
        notice: NoticeId,
        now: Timestamp,
    ) -> Result<Option<Candidate>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(candidates!("where n.id = $2")).bind(At(now)).bind(notice).fetch_optional(conn).await
        })
    }

    /// Whether a notice went to this MQTT account.
    pub(in crate::deliver) async fn notice_is_at(&mut self, notice: NoticeId, address: &str) -> Result<bool, Fault> {
        let found: Option<NoticeId> = on!(self, |conn| {
            sqlx::query_scalar(
                "select n.id from notice n join contact c on c.id = n.contact_id
                 where n.id = $1 and c.kind = 'mqtt' and c.address = $2",
            )
            .bind(notice)
            .bind(address)
            .fetch_optional(conn)
            .await
        })?;
        Ok(found.is_some())
    }

    /// Records an answer. False when the same one is there already.
    ///
    /// It proves that the notice arrived, ends its repetition and the escalation, and takes out what still waits for this person.
    pub(in crate::deliver) async fn put_answer(
        &mut self,
        id: Uuid,
        about: &Candidate,
        answer: &str,
        via: &str,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        let put: Option<NoticeId> = on!(self, |conn| {
            sqlx::query_scalar(
                "insert into answer (id, notice_id, answer, via, answered_at, late, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (notice_id, answer) do nothing
                 returning notice_id",
            )
            .bind(id)
            .bind(about.id)
            .bind(answer)
            .bind(via)
            .bind(At(at))
            .bind(about.over)
            .bind(about.exercise_id)
            .fetch_optional(conn)
            .await
        })?;
        if put.is_none() {
            return Ok(false);
        }
        on!(self, |conn| {
            sqlx::query(
                "update notice
                 set answer = $2, answered_at = $3, state = 'delivered', delivered_at = coalesce(delivered_at, $3),
                     due_at = case when channel = 'mqtt' then null else due_at end
                 where id = $1",
            )
            .bind(about.id)
            .bind(answer)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })?;
        let (Some(broadcast), Some(person)) = (about.broadcast_id, about.person_id) else { return Ok(true) };
        on!(self, |conn| {
            sqlx::query(
                "update recipient set answer = $3, answered_at = $4, escalate_at = null
                 where broadcast_id = $1 and person_id = $2",
            )
            .bind(broadcast)
            .bind(person)
            .bind(answer)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })?;
        // Somebody else's message may go out with theirs, and a mentor's later message names another minor: these still have to go.
        on!(self, |conn| {
            sqlx::query(
                "update notice
                 set due_at = null, state = case when attempts = 0 then 'withdrawn' else state end
                 where broadcast_id = $1 and person_id = $2 and due_at is not null
                   and (id = $3 or key not like 'b:%:%:%:%')
                   and not exists (
                       select 1 from notice other
                       where other.merged_into = notice.id and other.answer is null
                   )",
            )
            .bind(broadcast)
            .bind(person)
            .bind(about.id)
            .execute(conn)
            .await
            .map(drop)
        })?;
        Ok(true)
    }

    pub(in crate::deliver) async fn put_ask_back(
        &mut self,
        contact: ContactId,
        answer: &str,
        options: &[Vec<NoticeId>],
        at: Timestamp,
        expires: Timestamp,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into ask_back (contact_id, answer, options, asked_at, expires_at) values ($1, $2, $3, $4, $5)
                 on conflict (contact_id) do update
                 set answer = excluded.answer, options = excluded.options, asked_at = excluded.asked_at, expires_at = excluded.expires_at",
            )
            .bind(contact)
            .bind(answer)
            .bind(Json(options))
            .bind(At(at))
            .bind(At(expires))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// What was asked back at a contact, and has not run out.
    pub(in crate::deliver) async fn ask_back(
        &mut self,
        contact: ContactId,
        now: Timestamp,
    ) -> Result<Option<(String, Json<Vec<Vec<NoticeId>>>)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as("select answer, options from ask_back where contact_id = $1 and expires_at > $2")
                .bind(contact)
                .bind(At(now))
                .fetch_optional(conn)
                .await
        })
    }

    /// How often a contact was asked back since then.
    pub(in crate::deliver) async fn asked_back_since(
        &mut self,
        contact: ContactId,
        since: Timestamp,
    ) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select count(*) from notice where contact_id = $1 and made_at > $2 and key like 'ask:%'",
            )
            .bind(contact)
            .bind(At(since))
            .fetch_one(conn)
            .await
        })
    }

    pub(in crate::deliver) async fn drop_ask_back(&mut self, contact: ContactId) -> Result<(), Fault> {
        on!(self, |conn| sqlx::query("delete from ask_back where contact_id = $1")
            .bind(contact)
            .execute(conn)
            .await
            .map(drop))
    }
}
