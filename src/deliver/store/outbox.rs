//! SQL of sending: claim what is due by a lease, settle it under the same lease.
//! Used by `send` only.
//! A claim counts the attempt before it is made; a finish whose lease is no longer held changes nothing.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, types::Json};
use uuid::Uuid;

use crate::{
    deliver::{Channel, Question},
    id::{AlertId, AttemptId, ContactId, ExerciseId, NoticeId},
    on,
    staff::contact::ContactKind,
    store::{At, Engine, Fault, Tx, rows_max},
};

/// A notice that this worker may send until its lease runs out.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct Claimed {
    pub id: NoticeId,
    pub alert_id: Option<AlertId>,
    pub contact_id: Option<ContactId>,
    pub target: Option<String>,
    pub channel: Channel,
    pub language: String,
    pub subject: String,
    pub body: String,
    pub sms: String,
    pub payload: Option<Json<Value>>,
    pub question: Option<Question>,
    pub priority: i32,
    pub due_at: Option<At>,
    pub attempts: i32,
    pub failures: i32,
    pub made_at: At,
    pub expires_at: Option<At>,
    pub exercise_id: Option<ExerciseId>,
    /// Filled after the claim; none for systems, and when the contact was erased.
    #[sqlx(skip)]
    pub contact: Option<(ContactKind, String)>,
    #[sqlx(skip)]
    pub attempt: Option<AttemptId>,
}

/// How an attempt ended, as it is stored.
#[derive(Clone, Debug)]
pub(in crate::deliver) enum Outcome {
    /// It left; sent again at `again_at`, when that is set.
    Sent { receipt: Option<String>, again_at: Option<Timestamp> },
    /// It did not, and is tried again.
    Retry { why: String, at: Timestamp },
    /// It did not, and is not tried again.
    Final { why: String },
}

/// One attempt that has ended.
#[derive(Clone, Debug)]
pub(in crate::deliver) struct Ended {
    pub notice: NoticeId,
    pub attempt: AttemptId,
    pub outcome: Outcome,
}

/// Values of one attempt in `settled!`.
const SETTLED_COLUMNS: usize = 7;

/// Binds what became of one attempt: notice, state, next time, error, receipt, time sent, failures.
macro_rules! settled {
    ($query:ident, $one:expr, $at:expr) => {{
        let (state, due_at, why, receipt, failures) = match &$one.outcome {
            Outcome::Sent { receipt, again_at } => ("sent", *again_at, None, receipt.as_deref(), 0_i32),
            Outcome::Retry { why, at } => ("waiting", Some(*at), Some(why.as_str()), None, 1),
            Outcome::Final { why } => ("failed", None, Some(why.as_str()), None, 1),
        };
        $query
            .bind($one.notice)
            .bind(state)
            .bind(due_at.map(At))
            .bind(why)
            .bind(receipt)
            .bind((state == "sent").then_some(At($at)))
            .bind(failures)
    }};
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Retry { .. } => "retry",
            Self::Final { .. } => "final",
        }
    }
}

/// Blanks both texts of a one-time code or a thank-you once nothing more is sent of it: their secrets are not kept beyond their use.
macro_rules! blank_secrets {
    ($settled:literal) => {
        concat!(
            "body = case when (key like 'code:%' or key like 'thanks:%') and ",
            $settled,
            " then '' else body end, sms = case when (key like 'code:%' or key like 'thanks:%') and ",
            $settled,
            " then '' else sms end"
        )
    };
}

/// What a claim takes: marked for each engine, since PostgreSQL lets several workers claim without waiting for each other.
macro_rules! claim {
    ($skip:literal) => {
        concat!(
            "update notice
             set lease = $1, lease_until = $2, attempts = attempts + 1,
                 state = case when state = 'failed' then 'waiting' else state end,
                 failures = failures + case when lease is null then 0 else 1 end
             where id in (
                 select id from notice
                 where lane = $3 and due_at <= $4 and (lease_until is null or lease_until <= $4)
                 order by priority, due_at
                 limit $5 ",
            $skip,
            ")
             returning id, alert_id, contact_id, target, channel, language, subject, body, sms, payload, question,
                 priority, due_at, attempts, failures, made_at, expires_at, exercise_id"
        )
    };
}

impl Tx {
    /// Whether anything of a lane is due: asked of a reader, so that an idle lane holds up no writer.
    pub(in crate::deliver) async fn anything_due(&mut self, lane: &str, now: Timestamp) -> Result<bool, Fault> {
        let due: Option<NoticeId> = on!(self, |conn| {
            sqlx::query_scalar(
                "select id from notice
                 where lane = $1 and due_at <= $2 and (lease_until is null or lease_until <= $2)
                 limit 1",
            )
            .bind(lane)
            .bind(At(now))
            .fetch_optional(conn)
            .await
        })?;
        Ok(due.is_some())
    }

    /// Takes up to `limit` due notices of a lane, until `until`. Those no longer true are withdrawn first.
    pub(in crate::deliver) async fn claim_notices(
        &mut self,
        lane: &str,
        lease: Uuid,
        now: Timestamp,
        until: Timestamp,
        limit: i64,
    ) -> Result<Vec<Claimed>, Fault> {
        let over = on!(self, |conn| {
            sqlx::query(concat!(
                "update notice
                 set due_at = null,
                     state = case when state <> 'waiting' then state when attempts = 0 then 'withdrawn' else 'failed' end,
                     last_error = case when state = 'waiting' then coalesce(last_error, 'it was no longer true before it could be sent') else last_error end, ",
                blank_secrets!("true"),
                " where lane = $1 and due_at <= $2 and expires_at <= $2 and (lease_until is null or lease_until <= $2)",
            ))
            .bind(lane)
            .bind(At(now))
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })?;
        if over > 0 {
            self.settle_merged().await?;
        }
        let mut claimed: Vec<Claimed> = match &mut self.engine {
            Engine::Sqlite(conn) => {
                sqlx::query_as(claim!(""))
                    .bind(lease)
                    .bind(At(until))
                    .bind(lane)
                    .bind(At(now))
                    .bind(limit)
                    .fetch_all(&mut **conn)
                    .await?
            }
            // postgres: rows that another worker is claiming are passed over.
            Engine::Postgres(conn) => {
                sqlx::query_as(claim!("for update skip locked"))
                    .bind(lease)
                    .bind(At(until))
                    .bind(lane)
                    .bind(At(now))
                    .bind(limit)
                    .fetch_all(&mut **conn)
                    .await?
            }
        };
        // What an update returns is in no order.
        claimed.sort_by_key(|notice| (notice.priority, notice.due_at.map(|at| at.0)));
        let contacts: Vec<ContactId> = claimed.iter().filter_map(|notice| notice.contact_id).collect();
        let addresses = self.contact_addresses(&contacts).await?;
        for notice in &mut claimed {
            notice.contact = notice.contact_id.and_then(|contact| addresses.get(&contact).cloned());
        }
        Ok(claimed)
    }

    /// What was to go out with a notice that no longer goes out shares its fate.
    pub(in crate::deliver) async fn settle_merged(&mut self) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update notice
                 set state = (select h.state from notice h where h.id = notice.merged_into)
                 where merged_into is not null and state = 'waiting'
                   and exists (
                       select 1 from notice h
                       where h.id = notice.merged_into and h.due_at is null and h.state in ('withdrawn', 'failed')
                   )",
            )
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(in crate::deliver) async fn begin_attempts(
        &mut self,
        begun: &[(AttemptId, NoticeId)],
        lane: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        for some in begun.chunks(rows_max(4)) {
            let text = format!(
                "insert into attempt (id, notice_id, lane, started_at) values {}",
                self.places().rows(some.len(), 4)
            );
            on!(self, |conn| {
                let mut query = sqlx::query(AssertSqlSafe(text));
                for (attempt, notice) in some {
                    query = query.bind(*attempt).bind(*notice).bind(lane).bind(At(at));
                }
                query.execute(conn).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// Gives back what was claimed and never tried: it is due at once.
    pub(in crate::deliver) async fn release(&mut self, lease: Uuid, untried: &[NoticeId]) -> Result<(), Fault> {
        for some in untried.chunks(rows_max(1)) {
            let mut places = self.places();
            let text = format!(
                "update notice set lease = null, lease_until = null, attempts = attempts - 1
                 where id in ({}) and lease = {}",
                places.list(some.len()),
                places.one(),
            );
            on!(self, |conn| {
                let mut query = sqlx::query(AssertSqlSafe(text));
                for notice in some {
                    query = query.bind(*notice);
                }
                query.bind(lease).execute(conn).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// How many attempts a lane began since then: what its limit per second is measured by, over every node.
    pub(in crate::deliver) async fn attempts_since(&mut self, lane: &str, since: Timestamp) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar("select count(*) from attempt where lane = $1 and started_at > $2")
                .bind(lane)
                .bind(At(since))
                .fetch_one(conn)
                .await
        })
    }

    /// Settles attempts made under one lease. Gives the notices whose lease was held; of the others only the attempt is marked, the
    /// notice is another's.
    ///
    /// A notice that was withdrawn while it was being sent (`due_at` is null) is not due again, whatever became of the attempt.
    pub(in crate::deliver) async fn finish_attempts(
        &mut self,
        lease: Uuid,
        ended: &[Ended],
        at: Timestamp,
    ) -> Result<HashSet<NoticeId>, Fault> {
        if let Engine::Postgres(conn) = &mut self.engine {
            // postgres: in one order with whoever ends an alert meanwhile, so that neither waits for the other in a circle.
            let ids: Vec<Uuid> = ended.iter().map(|one| one.notice.0).collect();
            sqlx::query("select id from notice where id = any($1) order by id for no key update")
                .bind(ids)
                .execute(&mut **conn)
                .await?;
        }
        let mut held = HashSet::with_capacity(ended.len());
        for some in ended.chunks(rows_max(SETTLED_COLUMNS)) {
            held.extend(self.settle_notices(lease, some, at).await?);
            self.settle_attempts(some, &held, at).await?;
        }
        let kept: Vec<&Ended> = ended.iter().filter(|one| held.contains(&one.notice)).collect();
        for some in kept.chunks(rows_max(SETTLED_COLUMNS)) {
            self.settle_companions(some, at).await?;
        }
        for one in kept {
            if matches!(one.outcome, Outcome::Final { .. }) {
                self.try_next_contact(one.notice, at).await?;
            }
        }
        Ok(held)
    }

    async fn settle_notices(&mut self, lease: Uuid, ended: &[Ended], at: Timestamp) -> Result<Vec<NoticeId>, Fault> {
        let mut places = self.places();
        // What the gateway reported while we still waited for its answer stays, delivered or failed; a repeated message that fails was
        // sent before and stays so.
        let text = format!(
            concat!(
                "with ended (notice_id, now_state, next_at, why, got, left_at, failed) as (values {})
                 update notice
                 set lease = null, lease_until = null,
                     state = case when state in ('delivered', 'withdrawn') or (state = 'sent' and now_state <> 'sent')
                             or (state = 'failed' and now_state = 'sent')
                         then state else now_state end,
                     due_at = case when due_at is null then null else next_at end,
                     last_error = case when state = 'failed' and now_state = 'sent' then last_error else why end,
                     receipt = coalesce(got, receipt), sent_at = coalesce(sent_at, left_at),
                     failures = case when failed = 0 then 0 else failures + failed end, ",
                blank_secrets!("(due_at is null or now_state <> 'waiting')"),
                " from ended
                 where id = ended.notice_id and lease = {}
                 returning id",
            ),
            places.rows(ended.len(), SETTLED_COLUMNS),
            places.one(),
        );
        on!(self, |conn| {
            let mut query = sqlx::query_scalar(AssertSqlSafe(text));
            for one in ended {
                query = settled!(query, one, at);
            }
            query.bind(lease).fetch_all(conn).await
        })
    }

    async fn settle_attempts(&mut self, ended: &[Ended], held: &HashSet<NoticeId>, at: Timestamp) -> Result<(), Fault> {
        let mut places = self.places();
        let text = format!(
            "with ended (attempt_id, word, said) as (values {})
             update attempt
             set ended_at = {}, verdict = word, detail = said
             from ended
             where id = ended.attempt_id",
            places.rows(ended.len(), 3),
            places.one(),
        );
        on!(self, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for one in ended {
                let word = if held.contains(&one.notice) { one.outcome.word() } else { "lost" };
                let said = match &one.outcome {
                    Outcome::Sent { receipt, .. } => receipt.as_deref(),
                    Outcome::Retry { why, .. } | Outcome::Final { why } => Some(why.as_str()),
                };
                query = query.bind(one.attempt).bind(word).bind(said);
            }
            query.bind(At(at)).execute(conn).await.map(drop)
        })
    }

    /// What goes out with these notices shares their fate.
    async fn settle_companions(&mut self, ended: &[&Ended], at: Timestamp) -> Result<(), Fault> {
        let text = format!(
            "with ended (notice_id, now_state, next_at, why, got, left_at, failed) as (values {})
             update notice
             set state = case when now_state = 'sent' and exists (select 1 from notice h where h.id = ended.notice_id and h.state = 'failed')
                     then 'failed' else now_state end,
                 attempts = attempts + 1, last_error = why, sent_at = coalesce(sent_at, left_at)
             from ended
             where merged_into = ended.notice_id and state in ('waiting', 'sent')",
            self.places().rows(ended.len(), SETTLED_COLUMNS)
        );
        on!(self, |conn| {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for one in ended {
                query = settled!(query, one, at);
            }
            query.execute(conn).await.map(drop)
        })
    }

    /// The gateway says what became of a message: delivered, or not after all. Of the target it was sent by; others change nothing.
    pub(in crate::deliver) async fn settle_receipt(
        &mut self,
        notice: NoticeId,
        delivered: bool,
        why: &str,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        let state = if delivered { "delivered" } else { "failed" };
        let known = on!(self, |conn| {
            sqlx::query(concat!(
                "update notice
                 set state = $2, due_at = case when $2 = 'delivered' then null else due_at end,
                     delivered_at = case when $2 = 'delivered' then coalesce(delivered_at, $3) else delivered_at end,
                     last_error = $4, ",
                blank_secrets!("$2 = 'delivered'"),
                " where (id = $1 or merged_into = $1) and channel = 'sms' and attempts > 0 and state in ('waiting', 'sent')",
            ))
            .bind(notice)
            .bind(state)
            .bind(At(at))
            .bind((!delivered).then_some(why))
            .execute(conn)
            .await
            .map(|done| done.rows_affected() > 0)
        })?;
        if known && !delivered {
            self.try_next_contact(notice, at).await?;
        }
        Ok(known)
    }

    /// This contact is lost: the next one of each person it was for is tried now, not after the wait for an answer.
    async fn try_next_contact(&mut self, notice: NoticeId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update recipient set escalate_at = $2
                 where answer is null
                   and exists (select 1 from broadcast b where b.id = recipient.broadcast_id and b.ended_at is null)
                   and exists (
                       select 1 from notice n
                       where (n.id = $1 or n.merged_into = $1)
                         and n.broadcast_id = recipient.broadcast_id and n.person_id = recipient.person_id
                   )",
            )
            .bind(notice)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }
}
