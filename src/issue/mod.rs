//! Proposals become alerts, by two people: draft, approve, publish, update, all-clear, cancel, extend, expire, discard.
//! Called by `http::alerts` and the demo; `deliver`, `http::cap` and the zone topics read alerts through `store`.
//! The only writer of alerts: each verb is one transaction with its history and audit row, and what was published never changes.

mod alert; // What an alert is here, and why a change is refused.
mod approve; // A second person agrees.
mod draft; // Adopt, draft, edit, discard; and drafts about what is live.
mod expire; // Time ends what is live.
mod publish; // The world is told.
mod store; // Their SQL.
mod words; // Contents from templates, made right for this city.

pub use alert::{Action, Alert, HistoryRow, Publication, Refusal};
pub use approve::approve;
pub use draft::{Expected, NewDraft, Sure, adopt, discard, draft, draft_all_clear, draft_cancel, draft_update, edit};
pub use expire::expire_due;
pub use publish::{DEMO_SENDER, publish, sender};

use serde_json::{Value, json};

use crate::{
    audit::{Actor, Decision},
    bell::LiveAudience,
    ground::Ground,
    store::{Fault, Tx},
};

/// Records a decision about `alert`: ids, digests and counts only.
async fn audit(
    ground: &Ground,
    tx: &mut Tx,
    actor: Actor,
    action: &'static str,
    alert: &Alert,
    more: Value,
) -> Result<(), Fault> {
    let mut facts = json!({
        "kind": alert.kind,
        "stage": alert.stage.name(),
        "revision": alert.revision,
        "content": alert.content.hash_hex(),
        "zones": alert.content.zones.len(),
    });
    if let (Value::Object(facts), Value::Object(more)) = (&mut facts, more) {
        facts.extend(more);
    }
    let decision = Decision {
        actor,
        action,
        subject_kind: "alert",
        subject_id: alert.id.to_string(),
        facts: &facts,
        exercise: alert.exercise,
    };
    tx.audit(ground.now(), &decision).await
}

/// Tells open pages: everybody about what was published, staff about drafts and about a drill of a real city.
fn tell(ground: &Ground, alert: &Alert) {
    let public = alert.publication.is_some() && alert.exercise == ground.exercise;
    let audience = if public { LiveAudience::Public } else { LiveAudience::Staff };
    ground.bells.tell(audience, "alert.changed", json!({ "id": alert.id, "stage": alert.stage.name() }));
}
