//! Tells systems of reports: `report.received` and `report.closed` become webhook notices, from the reports' own arrival sequence.
//! Run by `app` on `Bell::Facts`; nothing runs where no webhook is configured.
//! Ids, places and states only: a report's words and its sender stay here.

use serde_json::json;

use super::{Channel, Message, NewNotice, Priority, Reason, channel::event_body};
use crate::{
    bell::Bell,
    ground::Ground,
    id::NoticeId,
    reports::{Report, Status},
    store::{Arrival, Fault, Tx},
};

/// Where the reading of reports stands.
const CURSOR: &str = "deliver.reports";
const STEP_MAX: i64 = 200;
/// Older news than this is not told: a webhook that is configured today hears of today's reports.
const AGE_SECS_MAX: i64 = 3_600;

/// Puts the events of some reports into the outbox. 0 when there are none.
pub async fn run_due(ground: &Ground) -> Result<usize, Fault> {
    let listens = |event: &str| {
        ground.config.webhooks.values().any(|hook| hook.events.is_empty() || hook.events.iter().any(|one| one == event))
    };
    if !listens("report.received") && !listens("report.closed") {
        return Ok(0);
    }
    let mut tx = ground.store.write("tell of reports").await?;
    tx.lock("deliver reports").await?;
    let after = tx.meta(CURSOR).await?.and_then(|text| read_cursor(&text)).unwrap_or(Arrival { tx: 0, seq: 0 });
    let reports = tx.reports_after(after, STEP_MAX).await?;
    let Some(last) = reports.last() else { return Ok(0) };
    let cursor = format!("{}:{}", last.arrival.tx, last.arrival.seq);
    for report in &reports {
        let event = match report.status {
            Status::New => "report.received",
            Status::Closed => "report.closed",
            Status::Verified | Status::Rejected | Status::Merged => continue,
        };
        let fresh = ground.now().duration_since(report.received_at).as_secs() <= AGE_SECS_MAX;
        if (fresh || event == "report.closed") && report.exercise == ground.exercise {
            put(ground, &mut tx, event, report).await?;
        }
    }
    tx.put_meta(CURSOR, &cursor).await?;
    tx.commit().await?;
    ground.bells.ring(Bell::Outbox);
    Ok(reports.len())
}

fn read_cursor(text: &str) -> Option<Arrival> {
    let (tx, seq) = text.split_once(':')?;
    Some(Arrival { tx: tx.parse().ok()?, seq: seq.parse().ok()? })
}

async fn put(ground: &Ground, tx: &mut Tx, event: &str, report: &Report) -> Result<(), Fault> {
    let now = ground.now();
    let about = json!({
        "id": report.id,
        "channel": report.channel,
        "hazard": report.hazard,
        "zone": report.zone,
        "depth_cm": report.depth_cm,
        "status": report.status,
        "received_at": report.received_at,
        "exercise": report.exercise.is_some(),
    });
    for (name, settings) in &ground.config.webhooks {
        if !settings.events.is_empty() && !settings.events.iter().any(|wanted| wanted == event) {
            continue;
        }
        tx.put_notice(&NewNotice {
            id: NoticeId::draw(&ground.ids, now),
            // A report changes several times; each system hears once that it came and once that it was closed.
            key: format!("webhook:{name}:{event}:{}", report.id),
            person: None,
            contact: None,
            target: Some(name.clone()),
            channel: Channel::Webhook,
            priority: Priority::Ordinary,
            reasons: vec![Reason::Configured(event.to_owned())],
            message: Message { language: "en".into(), subject: event.to_owned(), ..Message::default() },
            payload: Some(event_body(event, now, &about)),
            broadcast: None,
            alert: None,
            report: Some(report.id),
            question: None,
            answer_by: None,
            made_at: now,
            due_at: now,
            expires_at: None,
            exercise: report.exercise,
        })
        .await?;
    }
    Ok(())
}
