//! SQL of the audience: whose turn it is in an expansion, who has been told and where, who is to be tried elsewhere.
//! Used by `expand`.
//! A person is a recipient of a broadcast once; a second reason is added to the first.

use alerts::Content;
use jiff::Timestamp;
use maps::ZoneCode;
use sqlx::types::Json;

use crate::{
    deliver::Reason,
    id::{AlertId, BroadcastId, ContactId, ExerciseId, NoticeId, PersonId},
    on,
    staff::contact::ContactKind,
    store::{At, Engine, Fault, Tx},
};

/// A broadcast whose expansion is not done.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct ToExpand {
    pub id: BroadcastId,
    pub alert_id: AlertId,
    pub kind: String,
    pub identifier: String,
    pub content: Json<Content>,
    pub zones: Json<Vec<ZoneCode>>,
    pub told_by: Json<Vec<AlertId>>,
    pub urgent: bool,
    pub published_at: At,
    pub expires_at: At,
    pub step: String,
    pub step_after: Option<PersonId>,
    pub people: i32,
    pub exercise_id: Option<ExerciseId>,
}

/// Somebody whom an earlier alert told.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct Reached {
    pub person_id: PersonId,
    pub alert_id: AlertId,
    pub name: Option<String>,
    pub language: String,
    pub minor: bool,
}

/// Somebody whose next contact is to be tried.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct Due {
    pub broadcast_id: BroadcastId,
    pub person_id: PersonId,
    pub name: Option<String>,
    pub language: String,
    pub minor: bool,
    pub reasons: Json<Vec<Reason>>,
}

const TO_EXPAND: &str =
    "select id, alert_id, kind, identifier, content, zones, told_by, urgent, published_at, expires_at, step,
     step_after, people, exercise_id
 from broadcast ";

impl Tx {
    /// The most urgent unfinished broadcast; the caller's transaction holds it alone.
    pub(in crate::deliver) async fn broadcast_to_expand(&mut self) -> Result<Option<ToExpand>, Fault> {
        let which = "where step in ('fan_out', 'told', 'zones') order by urgent desc, published_at, id limit 1";
        match &mut self.engine {
            Engine::Sqlite(conn) => {
                sqlx::query_as(sqlx::AssertSqlSafe(format!("{TO_EXPAND}{which}"))).fetch_optional(&mut **conn).await
            }
            // postgres: another worker takes the next broadcast meanwhile.
            Engine::Postgres(conn) => {
                sqlx::query_as(sqlx::AssertSqlSafe(format!("{TO_EXPAND}{which} for update skip locked")))
                    .fetch_optional(&mut **conn)
                    .await
            }
        }
    }

    /// One broadcast.
    pub(in crate::deliver) async fn broadcast(&mut self, id: BroadcastId) -> Result<Option<ToExpand>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{TO_EXPAND}where id = $1"))).bind(id).fetch_optional(conn).await
        })
    }

    pub(in crate::deliver) async fn set_step(
        &mut self,
        broadcast: BroadcastId,
        step: &str,
        after: Option<PersonId>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update broadcast
                 set step = $2, step_after = $3,
                     people = (select count(*) from recipient r where r.broadcast_id = broadcast.id)
                 where id = $1",
            )
            .bind(broadcast)
            .bind(step)
            .bind(after)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Whether somebody is a recipient.
    pub(in crate::deliver) async fn is_recipient(
        &mut self,
        broadcast: BroadcastId,
        person: PersonId,
    ) -> Result<bool, Fault> {
        let found: Option<PersonId> = on!(self, |conn| {
            sqlx::query_scalar("select person_id from recipient where broadcast_id = $1 and person_id = $2")
                .bind(broadcast)
                .bind(person)
                .fetch_optional(conn)
                .await
        })?;
        Ok(found.is_some())
    }

    /// Makes somebody a recipient. False when they were one already; then the reasons are added.
    pub(in crate::deliver) async fn tell(
        &mut self,
        broadcast: BroadcastId,
        person: PersonId,
        reasons: &[Reason],
        at: Timestamp,
        escalate_at: Option<Timestamp>,
    ) -> Result<bool, Fault> {
        let known: Option<Json<Vec<Reason>>> = on!(self, |conn| {
            sqlx::query_scalar("select reasons from recipient where broadcast_id = $1 and person_id = $2")
                .bind(broadcast)
                .bind(person)
                .fetch_optional(conn)
                .await
        })?;
        if let Some(Json(mut known)) = known {
            let before = known.len();
            for reason in reasons {
                // A mentor of a whole school is told why with the first fifty.
                if !known.contains(reason) && known.len() < 50 {
                    known.push(reason.clone());
                }
            }
            if known.len() > before {
                on!(self, |conn| {
                    sqlx::query("update recipient set reasons = $3 where broadcast_id = $1 and person_id = $2")
                        .bind(broadcast)
                        .bind(person)
                        .bind(Json(&known))
                        .execute(conn)
                        .await
                        .map(drop)
                })?;
            }
            return Ok(false);
        }
        on!(self, |conn| {
            sqlx::query(
                "insert into recipient (broadcast_id, person_id, reasons, told_at, escalate_at)
                 values ($1, $2, $3, $4, $5)",
            )
            .bind(broadcast)
            .bind(person)
            .bind(Json(reasons))
            .bind(At(at))
            .bind(escalate_at.map(At))
            .execute(conn)
            .await
            .map(drop)
        })?;
        Ok(true)
    }

    /// Whoever an alert told for certain or perhaps: at least one attempt was made, or it went out with another's.
    pub(in crate::deliver) async fn reached_after(
        &mut self,
        alert: AlertId,
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<Reached>, Fault> {
        let after = after.unwrap_or(PersonId(uuid::Uuid::nil()));
        on!(self, |conn| {
            sqlx::query_as(
                "select r.person_id, b.alert_id, p.name, p.language, p.minor
                 from broadcast b
                 join recipient r on r.broadcast_id = b.id
                 join person p on p.id = r.person_id
                 where b.alert_id = $1 and r.person_id > $2 and p.erased_at is null
                   and exists (
                       select 1 from notice n
                       where n.broadcast_id = b.id and n.person_id = r.person_id and n.attempts > 0
                   )
                 order by r.person_id
                 limit $3",
            )
            .bind(alert)
            .bind(after)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// The contacts by which an alert reached somebody, the surest first: answered, delivered, sent, tried.
    pub(in crate::deliver) async fn contacts_that_reached(
        &mut self,
        alert: AlertId,
        person: PersonId,
    ) -> Result<Vec<(ContactId, ContactKind)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select c.id, c.kind
                 from notice n
                 join contact c on c.id = n.contact_id
                 where n.alert_id = $1 and n.person_id = $2 and n.attempts > 0 and c.address is not null
                   and exists (select 1 from person_contact pc where pc.person_id = $2 and pc.contact_id = c.id)
                 order by case when n.answer is not null then 0 when n.state = 'delivered' then 1 when n.state = 'sent' then 2 else 3 end,
                     n.made_at desc
                 limit 10",
            )
            .bind(alert)
            .bind(person)
            .fetch_all(conn)
            .await
        })
    }

    /// The notice of this broadcast that goes to this contact already: a family's telephone rings once.
    pub(in crate::deliver) async fn head_notice(
        &mut self,
        broadcast: BroadcastId,
        contact: ContactId,
    ) -> Result<Option<NoticeId>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select id from notice
                 where broadcast_id = $1 and contact_id = $2 and channel = 'sms' and merged_into is null
                   and state in ('waiting', 'sent', 'delivered')
                 order by made_at, id
                 limit 1",
            )
            .bind(broadcast)
            .bind(contact)
            .fetch_optional(conn)
            .await
        })
    }

    /// Lets a notice go out with another one to the same telephone.
    pub(in crate::deliver) async fn merge_notice(&mut self, id: NoticeId, head: NoticeId) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update notice
                 set merged_into = $2, due_at = null,
                     state = (select h.state from notice h where h.id = $2),
                     attempts = (select h.attempts from notice h where h.id = $2),
                     sent_at = (select h.sent_at from notice h where h.id = $2),
                     reference = (select h.reference from notice h where h.id = $2)
                 where id = $1",
            )
            .bind(id)
            .bind(head)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// How many questions stand open at a contact, and how many it was ever asked.
    pub(in crate::deliver) async fn questions_at(
        &mut self,
        contact: ContactId,
        now: Timestamp,
    ) -> Result<(i64, i64), Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select cast(coalesce(sum(case when answer is null and state <> 'withdrawn' and (expires_at is null or expires_at > $2)
                         and not exists (select 1 from broadcast b where b.id = notice.broadcast_id and b.ended_at is not null)
                     then 1 else 0 end), 0) as bigint),
                     count(*)
                 from notice
                 where contact_id = $1 and question is not null and merged_into is null",
            )
            .bind(contact)
            .bind(At(now))
            .fetch_one(conn)
            .await
        })
    }

    pub(in crate::deliver) async fn set_link(
        &mut self,
        notice: NoticeId,
        digest: &[u8],
        until: Timestamp,
        reference: Option<i32>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update notice set link_digest = $2, link_until = $3, reference = $4 where id = $1")
                .bind(notice)
                .bind(digest)
                .bind(At(until))
                .bind(reference)
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// Recipients who did not answer in time. What is over is told to nobody any more.
    pub(in crate::deliver) async fn recipients_to_escalate(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Due>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select r.broadcast_id, r.person_id, p.name, p.language, p.minor, r.reasons
                 from recipient r
                 join person p on p.id = r.person_id
                 join broadcast b on b.id = r.broadcast_id
                 where r.escalate_at <= $1 and b.ended_at is null
                 order by r.escalate_at
                 limit $2",
            )
            .bind(At(now))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    pub(in crate::deliver) async fn set_escalation(
        &mut self,
        broadcast: BroadcastId,
        person: PersonId,
        at: Option<Timestamp>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update recipient set escalate_at = $3 where broadcast_id = $1 and person_id = $2")
                .bind(broadcast)
                .bind(person)
                .bind(at.map(At))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// Contacts of a person that this broadcast has tried.
    pub(in crate::deliver) async fn contacts_tried(
        &mut self,
        broadcast: BroadcastId,
        person: PersonId,
    ) -> Result<Vec<ContactId>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select contact_id from notice where broadcast_id = $1 and person_id = $2 and contact_id is not null",
            )
            .bind(broadcast)
            .bind(person)
            .fetch_all(conn)
            .await
        })
    }
}
