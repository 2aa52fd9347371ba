//! SQL of text messages as the gateways brought them.
//! Used by `channel::sms`.
//! What a message said is forgotten here once a report or an answer holds it; its key stays, so that a repeat is known.

use jiff::Timestamp;

use crate::{
    id::{ExerciseId, ReportId},
    on,
    store::{At, Fault, Tx},
};

/// A text message that was kept and not looked at yet.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeptSms {
    /// The gateway that brought it.
    pub gateway: String,
    /// Its natural key, 32 bytes.
    pub key_digest: Vec<u8>,
    /// When it came.
    pub received_at: At,
    /// When it was sent, as the gateway says.
    pub sent_at: Option<At>,
    /// Who sent it, as the gateway wrote it.
    pub sender: Option<String>,
    /// What it says.
    pub words: Option<String>,
    /// False: `words` shows bytes.
    pub readable: bool,
}

impl Tx {
    /// Keeps a text message. `None` when it is new; else whether it has been looked at already.
    pub(super) async fn keep_sms(
        &mut self,
        sms: &KeptSms,
        exercise: Option<ExerciseId>,
    ) -> Result<Option<bool>, Fault> {
        let kept: bool = on!(self, |conn| {
            sqlx::query(
                "insert into sms_in (gateway, key_digest, received_at, sent_at, state, sender, words, readable, exercise_id)
                 values ($1, $2, $3, $8, 'kept', $4, $5, $6, $7)
                 on conflict (gateway, key_digest) do nothing",
            )
            .bind(sms.gateway.as_str())
            .bind(sms.key_digest.as_slice())
            .bind(sms.received_at)
            .bind(sms.sender.as_deref())
            .bind(sms.words.as_deref())
            .bind(sms.readable)
            .bind(exercise)
            .bind(sms.sent_at)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() == 1)
        })?;
        if kept {
            return Ok(None);
        }
        on!(self, |conn| {
            sqlx::query_scalar("select state <> 'kept' from sms_in where gateway = $1 and key_digest = $2")
                .bind(sms.gateway.as_str())
                .bind(sms.key_digest.as_slice())
                .fetch_optional(conn)
                .await
        })
    }

    /// Remembers what a text message became, and forgets what it said: the report or the answer holds that.
    pub(super) async fn settle_sms(&mut self, sms: &KeptSms, report: Option<ReportId>) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update sms_in set state = $3, report_id = $4, sender = null, words = null
                 where gateway = $1 and key_digest = $2",
            )
            .bind(sms.gateway.as_str())
            .bind(sms.key_digest.as_slice())
            .bind(if report.is_some() { "report" } else { "answer" })
            .bind(report)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Forgets the keys of text messages that came before `before` and were looked at: gateways repeat within days. Gives how many.
    pub async fn remove_sms(&mut self, before: Timestamp, limit: i64) -> Result<u64, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "delete from sms_in
                 where (gateway, key_digest) in (
                     select gateway, key_digest from sms_in
                     where state in ('answer', 'report') and received_at < $1
                     order by received_at
                     limit $2
                 )",
            )
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })
    }

    /// Text messages that were kept before `before` and never looked at: the service was stopped in between.
    pub(super) async fn sms_left(&mut self, before: Timestamp, limit: i64) -> Result<Vec<KeptSms>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select gateway, key_digest, received_at, sent_at, sender, words, readable
                 from sms_in where state = 'kept' and received_at < $1 order by received_at limit $2",
            )
            .bind(At(before))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }
}
