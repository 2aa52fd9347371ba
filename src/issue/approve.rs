//! A second person agrees to a draft.
//! Called by `http::alerts` and the demo.
//! Nobody who wrote or edited it can; what is agreed to is the content whose hash the approver sent.

use serde_json::json;

use super::{
    alert::{Action, Alert, HistoryRow, Refusal},
    audit, tell,
};
use crate::{ground::Ground, id::AlertId, staff::Approver};

/// Approves the content with the hash `seen`.
pub async fn approve(ground: &Ground, by: &Approver, id: AlertId, seen: [u8; 32]) -> Result<Alert, Refusal> {
    let now = ground.now();
    let mut tx = ground.store.write("approve alert").await?;
    let alert = tx.locked_alert(id).await?;
    let case = alert.case(&[]).approve(by.person(), now, seen)?;
    let alert = Alert { stage: case.stage().clone(), approved: Some((by.person(), now)), ..alert };
    tx.put_approval(id, by.person(), now, seen).await?;
    tx.put_step(&alert, &HistoryRow::new(&alert, now, Action::Approved, Some(by.person()))).await?;
    audit(ground, &mut tx, by.actor(), "approve alert", &alert, json!({})).await?;
    tx.commit().await?;
    tell(ground, &alert);
    Ok(alert)
}
