//! Messages that could not be kept, in a bounded table for staff to look at.
//! Filled by `accept` in the transaction that also keeps the good readings; shown by the API.
//! One row per reason, topic and account with a count, so that a device that repeats itself a million times fills one row.

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use super::reason::Reason;
use crate::{
    on,
    store::{At, Fault, ReadingsTx},
};

/// How much of a topic, a detail and a payload is kept.
const TOPIC_CHARS_MAX: usize = 200;
const DETAIL_CHARS_MAX: usize = 400;
const PAYLOAD_BYTES_MAX: usize = 1_000;

/// A message or value that is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub reason: Reason,
    /// Where it was published.
    pub topic: String,
    /// Who published; empty when that is not known.
    pub account: String,
    /// What was wrong, in words.
    pub detail: String,
    /// What was sent.
    pub payload: Vec<u8>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Rejected {
    /// Its number, for paging.
    pub id: i64,
    /// Why.
    pub reason: Reason,
    /// Where it was published.
    pub topic: String,
    /// Who published; empty when that is not known.
    pub account: String,
    /// What was wrong with the last one.
    pub detail: String,
    /// The last one's payload, cut.
    pub payload: Vec<u8>,
    /// When the first came.
    pub first_at: At,
    /// When the last came.
    pub last_at: At,
    /// How many came.
    pub count: i64,
}

impl ReadingsTx {
    /// Counts rejects and keeps at most `kept_max` rows, the newest.
    pub(super) async fn put_rejects(&mut self, rejects: &[Reject], at: Timestamp, kept_max: i64) -> Result<(), Fault> {
        if rejects.is_empty() {
            return Ok(());
        }
        let cut =
            |text: &str, chars: usize| text.chars().filter(|letter| *letter != '\0').take(chars).collect::<String>();
        // One statement per row, in one order on every node.
        let mut rows: BTreeMap<(Reason, String, String), (&Reject, i64)> = BTreeMap::new();
        for reject in rejects {
            metrics::counter!("hamyar_readings_rejected_total", "reason" => reject.reason.as_str()).increment(1);
            let key = (reject.reason, cut(&reject.topic, TOPIC_CHARS_MAX), reject.account.clone());
            let row = rows.entry(key).or_insert((reject, 0));
            *row = (reject, row.1 + 1);
        }
        for ((reason, topic, account), (reject, count)) in rows {
            let payload = &reject.payload[..reject.payload.len().min(PAYLOAD_BYTES_MAX)];
            on!(self.0, |conn| {
                sqlx::query(
                    "insert into rejected (reason, topic, account, detail, payload, first_at, last_at, count)
                     values ($1, $2, $3, $4, $5, $6, $6, $7)
                     on conflict (reason, topic, account) do update set
                         detail = excluded.detail,
                         payload = excluded.payload,
                         last_at = excluded.last_at,
                         count = rejected.count + excluded.count",
                )
                .bind(reason)
                .bind(topic.as_str())
                .bind(account.as_str())
                .bind(cut(&reject.detail, DETAIL_CHARS_MAX))
                .bind(payload)
                .bind(At(at))
                .bind(count)
                .execute(conn)
                .await
                .map(drop)
            })?;
        }
        let rows: i64 = on!(self.0, |conn| sqlx::query_scalar("select count(*) from rejected").fetch_one(conn).await)?;
        if rows > kept_max {
            on!(self.0, |conn| {
                sqlx::query("delete from rejected where id in (select id from rejected order by last_at, id limit $1)")
                    .bind(rows - kept_max)
                    .execute(conn)
                    .await
                    .map(drop)
            })?;
        }
        Ok(())
    }

    /// Removes what last came before `before`, at most `limit` rows, the oldest first. Gives how many.
    pub async fn remove_rejected(&mut self, before: Timestamp, limit: i64) -> Result<u64, Fault> {
        on!(self.0, |conn| {
            sqlx::query(
                "delete from rejected
                 where id in (select id from rejected where last_at < $1 order by last_at, id limit $2)",
            )
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })
    }

    /// What was not kept, the newest first; only of one reason when it is given.
    pub async fn rejected(&mut self, reason: Option<Reason>, limit: i64) -> Result<Vec<Rejected>, Fault> {
        on!(self.0, |conn| {
            sqlx::query_as(
                "select id, reason, topic, account, detail, payload, first_at, last_at, count
                 from rejected
                 where $1 is null or reason = $1
                 order by last_at desc, id desc
                 limit $2",
            )
            .bind(reason.map(Reason::as_str))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }
}
