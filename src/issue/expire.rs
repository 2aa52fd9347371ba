//! Ends live alerts whose time is over.
//! Looped by `app` through `worker`; tests call it on their clock.
//! What counts is the moment, not the worker: readers of live alerts leave out what is over even before it is ended here.

use std::collections::BTreeSet;

use alerts::lifecycle::{Ending, Stage};
use serde_json::json;
use tracing::info;

use super::{
    alert::{Action, Alert, HistoryRow},
    audit, tell,
};
use crate::{audit::Actor, bell::Bell, ground::Ground, store::Fault};

/// Alerts that one step ends at most.
const STEP_MAX: i64 = 50;

/// Ends what is over, one bounded piece; gives how many, 0 when nothing is due.
pub async fn expire_due(ground: &Ground) -> Result<usize, Fault> {
    let now = ground.now();
    let mut tx = ground.store.read("find expired alerts").await?;
    let due = tx.expired_alerts(now, STEP_MAX).await?;
    drop(tx);
    if due.is_empty() {
        return Ok(0);
    }
    let mut tx = ground.store.write("expire alerts").await?;
    // In one order and before anything else, so that two instances never wait for each other.
    for thread in due.iter().map(|(_, thread)| *thread).collect::<BTreeSet<_>>() {
        tx.lock_thread(thread).await?;
    }
    let mut ended = Vec::with_capacity(due.len());
    for (id, _) in due {
        let Some(alert) = tx.alert(id).await? else { continue };
        // Somebody may have ended it between the two transactions.
        let Ok(case) = alert.case(&[]).end(now, Ending::Expired) else { continue };
        let alert = Alert { stage: case.stage().clone(), ..alert };
        tx.end_alert(id, Ending::Expired, now).await?;
        tx.put_step(&alert, &HistoryRow::new(&alert, now, Action::Expired, None)).await?;
        tx.want_boards_of(&alert.content).await?;
        ended.push(alert);
    }
    // Last, as in every other decision: whoever holds the end of the audit chain waits for nothing else.
    for alert in &ended {
        audit(ground, &mut tx, Actor::System, "expire alert", alert, json!({})).await?;
    }
    tx.commit().await?;
    if !ended.is_empty() {
        ground.bells.ring(Bell::Broadcasts);
    }
    for alert in &ended {
        debug_assert!(matches!(alert.stage, Stage::Ended { .. }), "only ended alerts are told");
        tell(ground, alert);
        info!(alert.id = %alert.id, "alert {} expired", alert.id);
    }
    Ok(ended.len())
}
