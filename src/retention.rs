//! Removes what is no longer kept: each kind after its own time (`[retention]`), in bounded steps, the oldest first.
//! Run by `app` every `retention.every_minutes`; several nodes may run it, one step at a time over all of them.
//! What was decided stays: alerts with their documents, incidents, reports without what is personal, history, the audit. A step that
//! removes something personal says so in the audit, by count and digest.

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde_json::json;
use tracing::info;
use uuid::Uuid;

use crate::{
    audit::{Actor, Decision},
    config,
    ground::Ground,
    id::hex,
    store::Fault,
};

/// What is kept for a time among what is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Notices,
    ReportPersons,
    Strangers,
    SignIns,
    TextMessages,
    ReportKeys,
    Sandbox,
}

/// What is kept for a time of what devices sent; on SQLite it is another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Rejected,
    Readings,
}

/// What one step removed.
enum Removed {
    /// Nothing personal.
    Plain(u64),
    /// Something personal: which.
    Personal(Vec<Uuid>),
}

impl Kept {
    const ALL: [Self; 7] = [
        Self::Notices,
        Self::ReportPersons,
        Self::Strangers,
        Self::SignIns,
        Self::TextMessages,
        Self::ReportKeys,
        Self::Sandbox,
    ];

    /// Its name in metrics and in the audit, its decision there and in the names of transactions, and its days.
    fn about(self, settings: &config::Retention) -> (&'static str, &'static str, i64) {
        match self {
            Self::Notices => ("notices", "remove notices", settings.notice_days),
            Self::ReportPersons => ("report_persons", "erase reports", settings.report_person_days),
            Self::Strangers => ("strangers", "erase strangers", settings.report_person_days),
            Self::SignIns => ("sign_ins", "remove sign-ins", settings.sign_in_days),
            Self::TextMessages => ("text_messages", "remove text messages", settings.sms_days),
            Self::ReportKeys => ("report_keys", "remove report keys", settings.report_key_days),
            Self::Sandbox => ("sandbox", "remove sandbox messages", settings.sandbox_days),
        }
    }
}

/// One bounded step of each kind. Gives how many rows were removed or erased, 0 when everything that is there is still kept.
///
/// A kind whose step fails does not hold up the others; the first fault is given when nothing else was done.
pub async fn run_due(ground: &Ground) -> Result<usize, Fault> {
    let mut removed = 0;
    let mut first_fault = None;
    let mut count = |what: &'static str, step: Result<u64, Fault>| match step {
        Ok(0) => {}
        Ok(rows) => {
            metrics::counter!("hamyar_retention_removed_total", "what" => what).increment(rows);
            info!(what, rows, "no longer kept: {rows} of {what}");
            removed += usize::try_from(rows).unwrap_or(usize::MAX);
        }
        Err(fault) => {
            first_fault.get_or_insert(fault);
        }
    };
    for kept in Kept::ALL {
        count(kept.about(&ground.config.retention).0, decided(ground, kept).await);
    }
    count("rejected", sent(ground, Sent::Rejected).await);
    count("readings", sent(ground, Sent::Readings).await);
    match first_fault {
        Some(fault) if removed == 0 => Err(fault),
        Some(_) | None => Ok(removed),
    }
}

async fn decided(ground: &Ground, kept: Kept) -> Result<u64, Fault> {
    let settings = &ground.config.retention;
    let (what, action, days) = kept.about(settings);
    let now = ground.now();
    let (before, limit) = (days_ago(now, days), settings.step_rows_max);
    let mut tx = ground.store.write(action).await?;
    // Of several nodes one removes at a time.
    tx.lock("retention").await?;
    let removed = match kept {
        Kept::Notices => personal(tx.remove_notices(before, limit).await?, |id| id.0),
        Kept::ReportPersons => personal(tx.erase_reports(before, now, limit).await?, |id| id.0),
        Kept::Strangers => personal(tx.erase_strangers(before, now, limit).await?, |id| id.0),
        Kept::SignIns => {
            let window = jiff::SignedDuration::from_mins(ground.config.sign_in.window_minutes);
            let tried_before = now.checked_sub(window).unwrap_or(Timestamp::MIN);
            Removed::Personal(tx.remove_sign_ins(before, tried_before, limit).await?)
        }
        Kept::TextMessages => Removed::Plain(tx.remove_sms(before, limit).await?),
        Kept::ReportKeys => Removed::Plain(tx.remove_report_keys(before, limit).await?),
        Kept::Sandbox => Removed::Plain(tx.remove_sandbox_messages(before, limit).await?),
    };
    let rows = match removed {
        Removed::Plain(rows) => rows,
        Removed::Personal(ids) if ids.is_empty() => 0,
        Removed::Personal(ids) => {
            let rows = ids.len() as u64;
            let facts = json!({ "rows": rows, "before": before, "digest": digest(ids) });
            let decision = Decision {
                actor: Actor::System,
                action,
                subject_kind: "retention",
                subject_id: what.to_owned(),
                facts: &facts,
                exercise: ground.exercise,
            };
            tx.audit(now, &decision).await?;
            rows
        }
    };
    tx.commit().await?;
    Ok(rows)
}

fn personal<Id>(ids: Vec<Id>, uuid: impl Fn(Id) -> Uuid) -> Removed {
    Removed::Personal(ids.into_iter().map(uuid).collect())
}

async fn sent(ground: &Ground, sent: Sent) -> Result<u64, Fault> {
    let settings = &ground.config.retention;
    let (action, days) = match sent {
        Sent::Rejected => ("remove rejected", settings.rejected_days),
        Sent::Readings => ("remove readings", settings.reading_days),
    };
    let (before, limit) = (days_ago(ground.now(), days), settings.step_rows_max);
    let mut tx = ground.store.write_readings(action).await?;
    let rows = match sent {
        Sent::Rejected => tx.remove_rejected(before, limit).await?,
        Sent::Readings => tx.remove_readings(before, limit).await?,
    };
    tx.commit().await?;
    Ok(rows)
}

fn days_ago(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

/// SHA-256 over the sorted ids: with a backup in hand it can be shown what a step removed.
fn digest(mut ids: Vec<Uuid>) -> String {
    ids.sort_unstable();
    let mut context = Context::new(&SHA256);
    for id in &ids {
        context.update(id.as_bytes());
    }
    hex(context.finish().as_ref())
}
