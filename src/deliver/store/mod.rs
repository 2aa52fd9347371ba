//! SQL of the outbox: putting broadcasts and notices.
//! `Tx::put_notice` and `Tx::put_broadcast` are called by every room that has something to say; the rest by this room.
//! A notice's key is unique, so that the same thing said twice is one notice.

mod answers; // What came back.
mod boards; // Which zones' retained messages are behind.
mod outbox; // Claiming, finishing.
mod progress; // How far it is.
mod prune; // What is no longer kept.
mod sandbox; // The demo's inbox.
mod told; // Who is told.

pub(super) use answers::Candidate;
pub(super) use boards::LiveBroadcast;
pub(super) use outbox::{Claimed, Ended, Outcome};
pub(super) use progress::NoticeRow;
pub(super) use told::{Questions, ToExpand};

use std::collections::HashSet;

use alerts::Content;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, types::Json};

use super::{NewBroadcast, NewNotice};
use crate::{
    id::{AlertId, ContactId, NoticeId, Secret},
    on,
    store::{At, Engine, Fault, Tx, rows_max},
};

/// Values of one notice in `put_notices`.
const COLUMNS: usize = 28;

impl Tx {
    /// Puts a notice into the outbox. False when one with this key is there already.
    pub async fn put_notice(&mut self, notice: &NewNotice) -> Result<bool, Fault> {
        Ok(self.put_notices(std::slice::from_ref(notice)).await?.contains(&notice.id))
    }

    /// Puts notices into the outbox. Gives those that are new; the key of the others is there already.
    pub async fn put_notices(&mut self, notices: &[NewNotice]) -> Result<HashSet<NoticeId>, Fault> {
        let mut put = HashSet::with_capacity(notices.len());
        for some in notices.chunks(rows_max(COLUMNS)) {
            let text = format!(
                "insert into notice
                     (id, key, broadcast_id, alert_id, report_id, person_id, contact_id, target, channel, lane, priority,
                      reasons, language, subject, body, sms, payload, question, link_digest, link_until, reference,
                      made_at, due_at, expires_at, exercise_id, state, attempts, failures)
                 values {}
                 on conflict (key) do nothing
                 returning id",
                self.places().rows(some.len(), COLUMNS)
            );
            let ids: Vec<NoticeId> = on!(self, |conn| {
                let mut query = sqlx::query_scalar(AssertSqlSafe(text));
                for notice in some {
                    debug_assert!(!notice.reasons.is_empty(), "a notice says why this person is told");
                    let answer_by = notice.answer_by.as_ref();
                    query = query
                        .bind(notice.id)
                        .bind(notice.key.as_str())
                        .bind(notice.broadcast)
                        .bind(notice.alert)
                        .bind(notice.report)
                        .bind(notice.person)
                        .bind(notice.contact)
                        .bind(notice.target.as_deref())
                        .bind(notice.channel)
                        .bind(notice.lane())
                        .bind(notice.priority as i32)
                        .bind(Json(&notice.reasons))
                        .bind(notice.message.language.as_str())
                        .bind(notice.message.subject.as_str())
                        .bind(notice.message.body.as_str())
                        .bind(notice.message.sms.as_str())
                        .bind(notice.payload.as_ref().map(Json))
                        .bind(notice.question)
                        .bind(answer_by.map(|by| by.link_digest.as_slice()))
                        .bind(answer_by.map(|by| At(by.link_until)))
                        .bind(answer_by.and_then(|by| by.reference))
                        .bind(At(notice.made_at))
                        .bind(At(notice.due_at))
                        .bind(notice.expires_at.map(At))
                        .bind(notice.exercise)
                        .bind("waiting")
                        .bind(0_i32)
                        .bind(0_i32);
                }
                query.fetch_all(conn).await
            })?;
            put.extend(ids);
        }
        Ok(put)
    }

    /// Puts a broadcast into the outbox, and takes out what still waits of the alerts that it supersedes.
    ///
    /// False when this alert has its broadcast already. After the commit the caller rings `Bell::Broadcasts`.
    pub async fn put_broadcast(&mut self, new: &NewBroadcast) -> Result<bool, Fault> {
        let put: Option<AlertId> = on!(self, |conn| {
            sqlx::query_scalar(
                "insert into broadcast
                     (id, alert_id, kind, identifier, content, cap_xml, zones, told_by, urgent, published_at, expires_at,
                      step, people, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'fan_out', 0, $12)
                 on conflict (alert_id) do nothing
                 returning alert_id",
            )
            .bind(new.id)
            .bind(new.alert)
            .bind(new.kind.as_str())
            .bind(new.identifier.as_str())
            .bind(Json(&new.content))
            .bind(new.cap_xml.as_str())
            .bind(Json(&new.audience.zones))
            .bind(Json(&new.audience.also_everyone_told_by))
            .bind(new.urgent())
            .bind(At(new.published_at))
            .bind(At(new.content.expires))
            .bind(new.exercise)
            .fetch_optional(conn)
            .await
        })?;
        if put.is_none() {
            return Ok(false);
        }
        for alert in &new.supersedes {
            self.end_broadcast(*alert, new.published_at).await?;
        }
        self.want_boards_of(&new.content).await?;
        Ok(true)
    }

    /// The broadcast of `alert` is over: its expansion stops and what waits of it is not sent. What is being sent goes through.
    pub(super) async fn end_broadcast(&mut self, alert: AlertId, at: Timestamp) -> Result<(), Fault> {
        // Before the broadcast's own row, so that whoever ends several never waits in a circle.
        self.lock("zone boards").await?;
        let content: Option<Json<Content>> = on!(self, |conn| {
            sqlx::query_scalar(
                "update broadcast
                 set ended_at = $2, step = case when step = 'done' then step else 'stopped' end
                 where alert_id = $1 and ended_at is null
                 returning content",
            )
            .bind(alert)
            .bind(At(at))
            .fetch_optional(conn)
            .await
        })?;
        let Some(Json(content)) = content else { return Ok(()) };
        if let Engine::Postgres(conn) = &mut self.engine {
            // postgres: in the order in which they are settled, so that neither waits for the other in a circle.
            sqlx::query(
                "select id from notice
                 where alert_id = $1 and person_id is not null and due_at is not null
                 order by id for no key update",
            )
            .bind(alert)
            .execute(&mut **conn)
            .await?;
        }
        // A notice without a person goes to systems, which want every stage; one that is being sent keeps its lease, and is not repeated.
        on!(self, |conn| {
            sqlx::query(
                "update notice
                 set due_at = null, state = case when attempts = 0 then 'withdrawn' else state end
                 where alert_id = $1 and person_id is not null and due_at is not null",
            )
            .bind(alert)
            .execute(conn)
            .await
            .map(drop)
        })?;
        self.settle_merged().await?;
        on!(self, |conn| {
            sqlx::query(
                "update recipient set escalate_at = null
                 where broadcast_id in (select id from broadcast where alert_id = $1)",
            )
            .bind(alert)
            .execute(conn)
            .await
            .map(drop)
        })?;
        self.want_boards_of(&content).await
    }

    /// The retained messages of a content's zones are to be written again.
    pub async fn want_boards_of(&mut self, content: &Content) -> Result<(), Fault> {
        // Two decisions about the same zones in another order would wait for each other in a circle.
        self.lock("zone boards").await?;
        for zone in &content.zones {
            on!(self, |conn| {
                sqlx::query(
                    "insert into zone_board (zone, wanted, written) values ($1, 1, 0)
                     on conflict (zone) do update set wanted = zone_board.wanted + 1",
                )
                .bind(zone.code.as_str())
                .execute(conn)
                .await
                .map(drop)
            })?;
        }
        Ok(())
    }

    /// How many thank-yous for reports a contact has got since then.
    pub async fn thanks_put_since(&mut self, contact: ContactId, since: Timestamp) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select count(*) from notice where contact_id = $1 and made_at > $2 and key like 'thanks:%'",
            )
            .bind(contact)
            .bind(At(since))
            .fetch_one(conn)
            .await
        })
    }

    /// What the call to a helper's own program is signed with: the secret of whom the notice tells, at the contact it goes to.
    pub(super) async fn webhook_secret_of(&mut self, notice: NoticeId) -> Result<Option<Secret>, Fault> {
        let secret: Option<Option<String>> = on!(self, |conn| {
            sqlx::query_scalar(
                "select pc.webhook_secret
                 from notice n
                 join person_contact pc on pc.person_id = n.person_id and pc.contact_id = n.contact_id
                 where n.id = $1",
            )
            .bind(notice)
            .fetch_optional(conn)
            .await
        })?;
        Ok(secret.flatten().map(Secret::new))
    }

    /// How many one-time codes a contact has got since then.
    pub(super) async fn codes_sent_since(&mut self, contact: ContactId, since: Timestamp) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select count(*) from notice where contact_id = $1 and made_at > $2 and key like 'code:%'",
            )
            .bind(contact)
            .bind(At(since))
            .fetch_one(conn)
            .await
        })
    }
}
