//! Sends what the outbox holds, one lane at a time: claim by lease, attempt, settle.
//! Started once per lane by `app`; several instances may run; tests call `run_due` until nothing is due.
//! A notice is settled once per lease; a lost lease is sent again, so channels must bear repeats (every message carries our id).

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, future, stream};
use jiff::Timestamp;
use tokio::sync::mpsc;
use tracing::{error, warn};
use uuid::Uuid;

use super::{
    Channel,
    channel::{Channels, Verdict},
    store::{Claimed, Ended, Outcome},
};
use crate::{
    bell::{Bell, LiveAudience},
    ground::Ground,
    id::{AttemptId, NoticeId},
    store::Fault,
};

/// How long after a published MQTT notice it is published again, at first; the pause doubles up to `retry_longest_secs`.
const REPUBLISH_FIRST_SECS: i64 = 30;

/// How long ended attempts wait for another one to be settled with, and how long in all: while attempts end one after the other, the
/// processor is theirs. The network's time, as the attempts themselves.
const SETTLE_AFTER: Duration = Duration::from_millis(20);
const SETTLE_WITHIN: Duration = Duration::from_millis(200);

/// Pauses before a group that could not be settled is settled again.
const SETTLE_AGAIN: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(500), Duration::from_secs(2)];

/// What others say is kept up to so many characters.
const SAID_CHARS_MAX: usize = 500;

/// Sends what is due of one channel, every lane of it side by side. Gives the number of attempts.
pub async fn run_due(ground: &Ground, channels: &Channels, channel: Channel) -> Result<usize, Fault> {
    let lanes = channels.lanes(channel);
    let sent = future::join_all(lanes.iter().map(|lane| run_lane(ground, channels, lane))).await;
    sent.into_iter().sum()
}

/// Sends one bounded piece of what is due of one lane. Gives the number of attempts, 0 when nothing is due.
pub async fn run_lane(ground: &Ground, channels: &Channels, lane: &str) -> Result<usize, Fault> {
    let claimed = claim(ground, lane).await?;
    let count = claimed.len();
    if count == 0 {
        return Ok(0);
    }
    let settings = &ground.config.deliver;
    let limit = Duration::from_secs(settings.attempt_secs_max);
    let lease = claimed[0].1;
    let untried: Mutex<HashSet<NoticeId>> = Mutex::new(claimed.iter().map(|(notice, _)| notice.id).collect());
    let claimed = claimed.into_iter().map(|(notice, _)| notice);
    // While what was sent can't be written, nothing more is sent: it would only be sent again.
    let unwritten = AtomicBool::new(false);
    let attempts =
        stream::iter(claimed).take_while(|_| future::ready(!unwritten.load(Ordering::Relaxed))).map(|notice| {
            untried.lock().unwrap_or_else(PoisonError::into_inner).remove(&notice.id);
            async move {
                // The network's own time, not the city's clock: on a manual clock a dead gateway would otherwise never end.
                let verdict = tokio::time::timeout(limit, channels.attempt(ground, &notice))
                    .await
                    .unwrap_or_else(|_| Verdict::Retry { after: None, why: "no answer in time".into() });
                (notice, verdict)
            }
        });
    // What ends within a moment is settled together: one commit for many, none waits for the slowest, and no attempt waits for a commit.
    let (end, mut ended) = mpsc::channel(count);
    let mut attempts = attempts.buffer_unordered(in_flight(ground, lane));
    let attempting = async move {
        while let Some(one) = attempts.next().await {
            if end.send(one).await.is_err() {
                break;
            }
        }
    };
    let settling = async {
        let (mut group, mut worst) = (Vec::new(), None);
        while ended.recv_many(&mut group, count).await > 0 {
            // Nothing is lost when a moment ends in between: what was received is in the group.
            let more = async {
                while let Ok(1..) = tokio::time::timeout(SETTLE_AFTER, ended.recv_many(&mut group, count)).await {}
            };
            let _ = tokio::time::timeout(SETTLE_WITHIN, more).await;
            let fault = settle_surely(ground, lane, lease, &std::mem::take(&mut group), &unwritten).await.err();
            worst = fault.or(worst);
        }
        worst
    };
    let ((), fault) = future::join(attempting, settling).await;
    let untried = untried.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !untried.is_empty() {
        let mut tx = ground.store.write("release notices").await?;
        tx.release(lease, &untried.into_iter().collect::<Vec<_>>()).await?;
        tx.commit().await?;
    }
    fault.map_or(Ok(count), Err)
}

/// Settles a group; when that fails, again after pauses, then one by one, so that one text that the store refuses takes no other with it.
///
/// What is not settled in the end is sent again when its lease has run out.
async fn settle_surely(
    ground: &Ground,
    lane: &str,
    lease: Uuid,
    group: &[(Claimed, Verdict)],
    unwritten: &AtomicBool,
) -> Result<(), Fault> {
    for pause in SETTLE_AGAIN {
        match settle(ground, lane, lease, group).await {
            Ok(()) => {
                unwritten.store(false, Ordering::Relaxed);
                return Ok(());
            }
            Err(fault) => warn!(lane, %fault, "{} attempts by {lane} could not be settled yet: {fault}", group.len()),
        }
        unwritten.store(true, Ordering::Relaxed);
        tokio::time::sleep(pause).await;
    }
    let (mut worst, mut in_a_row) = (None, 0);
    for one in group {
        match settle(ground, lane, lease, std::slice::from_ref(one)).await {
            Ok(()) => in_a_row = 0,
            Err(fault) => {
                error!(lane, notice.id = %one.0.id, %fault, "an attempt by {lane} was not settled: {fault}");
                worst = Some(fault);
                in_a_row += 1;
            }
        }
        // The store is away, not the text wrong.
        if in_a_row == 3 {
            break;
        }
    }
    worst.map_or(Ok(()), Err)
}

/// Attempts of one lane at once. The broker inside takes everything at once: nothing outside is waited for.
fn in_flight(ground: &Ground, lane: &str) -> usize {
    let settings = &ground.config.deliver;
    if lane == Channel::Mqtt.as_str() && ground.config.mqtt.broker.reveal().is_empty() {
        usize::try_from(settings.claim_max).unwrap_or(usize::MAX).max(settings.in_flight_max)
    } else {
        settings.in_flight_max
    }
}

/// Notices that one claim takes at most: what is sure to end within its lease, however slow the other side is.
fn claim_max(ground: &Ground, lane: &str) -> i64 {
    let settings = &ground.config.deliver;
    let rounds = (settings.lease_secs.unsigned_abs() / settings.attempt_secs_max.max(1)).saturating_sub(1).max(1);
    let in_time = u64::try_from(in_flight(ground, lane)).unwrap_or(u64::MAX).saturating_mul(rounds);
    settings.claim_max.min(i64::try_from(in_time).unwrap_or(i64::MAX))
}

async fn claim(ground: &Ground, lane: &str) -> Result<Vec<(Claimed, Uuid)>, Fault> {
    let now = ground.now();
    let settings = &ground.config.deliver;
    if !ground.store.read("anything due").await?.anything_due(lane, now).await? {
        return Ok(Vec::new());
    }
    let mut tx = ground.store.write("claim notices").await?;
    let mut limit = claim_max(ground, lane);
    if lane == Channel::Sms.as_str() {
        // Gateways and operators punish bursts; counted in the store, one node after the other, so that several keep to it together.
        tx.lock("sms pace").await?;
        let used = tx.attempts_since(lane, now - Duration::from_secs(1)).await?;
        limit = limit.min(i64::from(ground.config.sms.per_second_max) - used);
    }
    if limit <= 0 {
        return Ok(Vec::new());
    }
    let lease = ground.ids.uuid(now);
    let until = now + Duration::from_secs(settings.lease_secs.unsigned_abs());
    let mut claimed = tx.claim_notices(lane, lease, now, until, limit).await?;
    let mut begun = Vec::with_capacity(claimed.len());
    for notice in &mut claimed {
        let attempt = AttemptId::draw(&ground.ids, now);
        notice.attempt = Some(attempt);
        begun.push((attempt, notice.id));
    }
    tx.begin_attempts(&begun, lane, now).await?;
    tx.commit().await?;
    Ok(claimed.into_iter().map(|notice| (notice, lease)).collect())
}

async fn settle(ground: &Ground, lane: &str, lease: Uuid, group: &[(Claimed, Verdict)]) -> Result<(), Fault> {
    let now = ground.now();
    let mut alerts = std::collections::BTreeSet::new();
    let mut tx = ground.store.write("settle notices").await?;
    let ended: Vec<Ended> = group
        .iter()
        .map(|(notice, verdict)| Ended {
            notice: notice.id,
            attempt: notice.attempt.expect("every claimed notice has its attempt"),
            outcome: outcome(ground, notice, verdict.clone(), now),
        })
        .collect();
    let held = tx.finish_attempts(lease, &ended, now).await?;
    tx.commit().await?;
    for ((notice, _), Ended { outcome, .. }) in group.iter().zip(&ended) {
        let word = match (outcome, held.contains(&notice.id)) {
            (_, false) => "lost",
            (Outcome::Sent { .. }, true) => "sent",
            (Outcome::Retry { .. }, true) => "retry",
            (Outcome::Final { why }, true) => {
                warn!(notice.id = %notice.id, lane, why, "gave up notice {} by {lane}: {why}", notice.id);
                "final"
            }
        };
        metrics::counter!("hamyar_attempts_total", "lane" => lane.to_owned(), "verdict" => word).increment(1);
        alerts.extend(notice.alert_id);
    }
    if group.iter().any(|(_, verdict)| matches!(verdict, Verdict::Final { .. })) {
        // The next contact of these people is due now.
        ground.bells.ring(Bell::Broadcasts);
    }
    for alert in alerts {
        ground.bells.tell(LiveAudience::Staff, "delivery.changed", serde_json::json!({ "alert": alert }));
    }
    Ok(())
}

/// What the store keeps of a verdict: when it is tried or repeated, and when it is given up.
fn outcome(ground: &Ground, notice: &Claimed, verdict: Verdict, now: Timestamp) -> Outcome {
    let settings = &ground.config.deliver;
    match verdict {
        Verdict::Sent { receipt } => {
            let personal = notice.channel == Channel::Mqtt && notice.target.is_none();
            // Published is not read, also where nothing is asked: until the application answers, or it is no longer true.
            let repeats = personal && (notice.question.is_some() || notice.expires_at.is_some());
            let again_at = repeats.then(|| {
                let pause = doubled(REPUBLISH_FIRST_SECS, settings.retry_longest_secs, notice.attempts - 1);
                now + Duration::from_secs_f64(pause)
            });
            Outcome::Sent { receipt: receipt.map(|receipt| said(&receipt)), again_at }
        }
        Verdict::Final { why } => Outcome::Final { why: said(&why) },
        Verdict::Retry { why, .. } if i64::from(notice.failures) + 1 >= settings.attempts_max => {
            Outcome::Final { why: format!("given up after {} attempts; the last: {}", notice.failures + 1, said(&why)) }
        }
        Verdict::Retry { after, why } => {
            let pause = doubled(settings.retry_first_secs, settings.retry_longest_secs, notice.failures);
            let pause = Duration::from_secs_f64(pause * ground.ids.jitter());
            Outcome::Retry { why: said(&why), at: now + after.map_or(pause, |after| after.max(pause)) }
        }
    }
}

/// What the other side said, as it can be kept and shown: without control characters (PostgreSQL keeps no NUL), and not without end.
fn said(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SAID_CHARS_MAX).collect()
}

/// `first` seconds, doubled `times` times, `longest` at most.
fn doubled(first: i64, longest: i64, times: i32) -> f64 {
    (first.max(1) as f64 * 2_f64.powi(times.clamp(0, 30))).min(longest.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::doubled;

    #[test]
    #[expect(clippy::float_cmp, reason = "powers of two are exact")]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<f64> = (0..6).map(|times| doubled(2, 30, times)).collect();
        assert_eq!(pauses, [2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(doubled(2, 900, i32::MAX), 900.0);
    }
}
