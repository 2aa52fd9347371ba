//! Says on MQTT what holds now: per zone a retained collection of its live alerts, for sirens, boards and applications.
//! Run by `app` (`start` once, then `run_due`); rung when a broadcast is put, and on its own when one runs out.
//! What is retained is rewritten until it is what holds; an empty collection, not an empty payload, says that there is no alert. The CAP
//! message of an alert that is over stands in no feed, so it is taken away (an empty payload), also when the service was away meanwhile.

use std::time::Duration;

use alerts::Level;
use serde_json::{Value, json};

use super::{
    Channel, Message, NewNotice, Priority, Reason,
    channel::{Channels, Publish, event_body},
    store::LiveBroadcast,
};
use crate::{
    bell::{Bell, LiveAudience},
    ground::Ground,
    id::{AlertId, ExerciseId, NoticeId},
    store::{Fault, Tx},
};

/// Boards written per step.
const BOARDS_STEP_MAX: i64 = 50;
/// Alerts that one zone's collection holds; more than a city ever has.
const LIVE_MAX: i64 = 200;

/// A CAP message that was taken away within this time before a start is taken away again: the broker may not have got it.
const CLEAR_AGAIN: Duration = Duration::from_hours(24 * 7);

/// Wants every zone of the map to be written again, and every live alert's CAP: the broker may have forgotten while we were away.
pub async fn start(ground: &Ground) -> Result<(), Fault> {
    let now = ground.now();
    let mut tx = ground.store.write("want boards").await?;
    tx.lock("zone boards").await?;
    for zone in ground.city.zones() {
        tx.want_board(zone.code.as_str()).await?;
    }
    for broadcast in tx.live_broadcasts(now, LIVE_MAX).await? {
        let again = format!("cap:{}:{}", broadcast.id, now.as_microsecond());
        put_cap(ground, &mut tx, &broadcast, again).await?;
    }
    tx.clear_caps_again(now - CLEAR_AGAIN).await?;
    tx.commit().await?;
    ground.bells.ring(Bell::Broadcasts);
    ground.bells.ring(Bell::Outbox);
    Ok(())
}

/// Ends what has run out, then writes some boards that are behind. 0 when every board says what holds.
pub async fn run_due(ground: &Ground, channels: &Channels) -> Result<usize, Fault> {
    let ended = end_due(ground).await?;
    let Some(publish) = channels.mqtt() else { return Ok(ended) };
    let ended = ended + clear_caps(ground, publish).await?;
    let now = ground.now();
    let mut tx = ground.store.read("boards behind").await?;
    let behind = tx.boards_behind(BOARDS_STEP_MAX).await?;
    if behind.is_empty() {
        return Ok(ended);
    }
    let live = tx.live_broadcasts(now, LIVE_MAX).await?;
    drop(tx);
    let mut written = Vec::with_capacity(behind.len());
    for (zone, version) in behind {
        let collection = collection(ground, &zone, &live);
        let topic = format!("{}zones/{zone}/alerts", prefix(ground, None));
        match publish.publish(topic, collection.to_string().into_bytes(), true).await {
            Ok(()) => written.push((zone, version)),
            Err(why) => {
                // It stays behind and is tried again after the idle period; the broker's fault is the same for the rest.
                tracing::warn!(zone, why, "the board of zone {zone} could not be written: {why}");
                metrics::counter!("hamyar_board_faults_total").increment(1);
                break;
            }
        }
    }
    let count = written.len();
    if count > 0 {
        let mut tx = ground.store.write("boards written").await?;
        for (zone, version) in written {
            tx.board_written(&zone, version).await?;
        }
        tx.commit().await?;
    }
    Ok(ended + count)
}

/// Takes the retained CAP messages of some alerts that are over from the broker. Gives how many.
async fn clear_caps(ground: &Ground, publish: &Publish) -> Result<usize, Fault> {
    let mut tx = ground.store.read("CAP messages that are over").await?;
    let over = tx.caps_to_clear(BOARDS_STEP_MAX).await?;
    drop(tx);
    let mut cleared = Vec::with_capacity(over.len());
    for cap in over {
        let topic = format!("{}alerts/{}/cap", prefix(ground, cap.exercise_id), cap.alert_id);
        // MQTT 5 §3.3.1.3: a retained message without a payload removes the one that is retained.
        if let Err(why) = publish.publish(topic, Vec::new(), true).await {
            tracing::warn!(alert.id = %cap.alert_id, why, "the retained CAP message of alert {} stays for now: {why}", cap.alert_id);
            metrics::counter!("hamyar_board_faults_total").increment(1);
            break;
        }
        cleared.push(cap.id);
    }
    let count = cleared.len();
    if count > 0 {
        let now = ground.now();
        let mut tx = ground.store.write("CAP messages taken away").await?;
        for broadcast in cleared {
            tx.cap_cleared(broadcast, now).await?;
        }
        tx.commit().await?;
        metrics::counter!("hamyar_cap_topics_cleared_total").increment(count as u64);
    }
    Ok(count)
}

/// Topics of a drill in a real city stand apart; those of the demo are the city's own, since the whole broker is the demo's.
pub(super) fn prefix(ground: &Ground, exercise: Option<ExerciseId>) -> String {
    let own = &ground.config.mqtt.prefix;
    match exercise {
        Some(drill) if ground.exercise != Some(drill) => format!("{own}/drills/{drill}/"),
        Some(_) | None => format!("{own}/"),
    }
}

/// Ends broadcasts whose time is over and tells systems so.
async fn end_due(ground: &Ground) -> Result<usize, Fault> {
    let now = ground.now();
    let mut tx = ground.store.read("broadcasts over").await?;
    let over = tx.broadcasts_over(now, 20).await?;
    drop(tx);
    if over.is_empty() {
        return Ok(0);
    }
    let mut tx = ground.store.write("end broadcasts").await?;
    for broadcast in &over {
        tx.end_broadcast(broadcast.alert_id, now).await?;
        put_event(ground, &mut tx, "alert.ended", broadcast, json!({ "how": "expired" })).await?;
    }
    tx.commit().await?;
    ground.bells.ring(Bell::Outbox);
    for broadcast in over.iter().filter(|broadcast| broadcast.exercise_id == ground.exercise) {
        ground.bells.tell(LiveAudience::Public, "alert.changed", json!({ "id": broadcast.alert_id, "stage": "ended" }));
    }
    Ok(over.len())
}

/// The GeoJSON of what holds in a zone. Drills of a real city are not in it.
fn collection(ground: &Ground, zone: &str, live: &[LiveBroadcast]) -> Value {
    let here: Vec<&LiveBroadcast> = live
        .iter()
        .filter(|broadcast| broadcast.exercise_id == ground.exercise)
        .filter(|broadcast| broadcast.content.zones.iter().any(|named| named.code == zone))
        .collect();
    let level = here.iter().map(|broadcast| broadcast.content.level).max();
    let features: Vec<Value> = here.iter().map(|broadcast| feature(ground, broadcast)).collect();
    json!({
        "type": "FeatureCollection",
        "zone": zone,
        "level": level.map(Level::as_str),
        "as_of": ground.now(),
        "exercise": ground.exercise.is_some(),
        "features": features,
    })
}

fn feature(ground: &Ground, broadcast: &LiveBroadcast) -> Value {
    // Content serialises its shape like the coordinates of a MultiPolygon, which is what GeoJSON wants.
    let content = serde_json::to_value(&broadcast.content.0).unwrap_or_default();
    json!({
        "type": "Feature",
        "id": broadcast.alert_id,
        "geometry": { "type": "MultiPolygon", "coordinates": content["polygons"] },
        "properties": about(ground, broadcast),
    })
}

/// What systems are told about an alert: nothing personal.
fn about(ground: &Ground, broadcast: &LiveBroadcast) -> Value {
    let content = &broadcast.content.0;
    let of = |text: fn(&alerts::Wording) -> &String| -> serde_json::Map<String, Value> {
        content.wordings.iter().map(|(language, wording)| (language.clone(), json!(text(wording)))).collect()
    };
    json!({
        "id": broadcast.alert_id,
        "identifier": broadcast.identifier,
        "kind": broadcast.kind,
        "hazard": content.hazard,
        "level": content.level,
        "severity": content.severity,
        "urgency": content.urgency,
        "certainty": content.certainty,
        "headline": of(|wording| &wording.headline),
        "instruction": of(|wording| &wording.instruction),
        "zones": content.zones.iter().map(|zone| zone.code.as_str()).collect::<Vec<_>>(),
        "published_at": broadcast.published_at.0,
        "expires_at": broadcast.expires_at.0,
        "exercise": broadcast.exercise_id.is_some(),
        "url": format!("{}/cap/alerts/{}.xml", ground.config.public_url(), broadcast.alert_id),
    })
}

/// The notices of a broadcast that go to systems: open pages, the alert's CAP topic, configured webhooks.
pub(super) async fn fan_out(
    ground: &Ground,
    tx: &mut Tx,
    broadcast: &LiveBroadcast,
    about_alerts: &[AlertId],
) -> Result<(), Fault> {
    put_cap(ground, tx, broadcast, format!("cap:{}", broadcast.id)).await?;
    let mut page = to_system(ground, broadcast, Channel::Live, "pages", format!("live:{}", broadcast.id));
    page.reasons = vec![Reason::OpenPage];
    let mut payload = about(ground, broadcast);
    payload["stage"] = json!("live");
    page.payload = Some(payload);
    // A drill in a real city is nothing for the public page.
    if broadcast.exercise_id == ground.exercise {
        tx.put_notice(&page).await?;
    }
    let (event, more) = match broadcast.kind.as_str() {
        "alert" => ("alert.published", json!({})),
        "update" => ("alert.updated", json!({ "about": about_alerts })),
        how => ("alert.ended", json!({ "how": how, "about": about_alerts })),
    };
    put_event(ground, tx, event, broadcast, more).await
}

async fn put_cap(ground: &Ground, tx: &mut Tx, broadcast: &LiveBroadcast, key: String) -> Result<(), Fault> {
    let Some(xml) = tx.cap_of(broadcast.id).await? else { return Ok(()) };
    let drill = match broadcast.exercise_id {
        Some(drill) if ground.exercise != Some(drill) => format!("drills/{drill}/"),
        Some(_) | None => String::new(),
    };
    let topic = format!("{drill}alerts/{}/cap", broadcast.alert_id);
    let mut notice = to_system(ground, broadcast, Channel::Mqtt, &topic, key);
    notice.message.body = xml;
    notice.reasons = vec![Reason::Configured("mqtt".into())];
    tx.put_notice(&notice).await.map(drop)
}

/// One notice per configured webhook that listens to `event`. Drills of a real city stay inside.
async fn put_event(
    ground: &Ground,
    tx: &mut Tx,
    event: &str,
    broadcast: &LiveBroadcast,
    more: Value,
) -> Result<(), Fault> {
    if broadcast.exercise_id != ground.exercise {
        return Ok(());
    }
    for (name, settings) in &ground.config.webhooks {
        if !settings.events.is_empty() && !settings.events.iter().any(|wanted| wanted == event) {
            continue;
        }
        let mut about = about(ground, broadcast);
        if let (Some(about), Some(more)) = (about.as_object_mut(), more.as_object()) {
            about.extend(more.clone());
        }
        let key = format!("webhook:{name}:{event}:{}", broadcast.id);
        let mut notice = to_system(ground, broadcast, Channel::Webhook, name, key);
        notice.payload = Some(event_body(event, ground.now(), &about));
        notice.reasons = vec![Reason::Configured(event.to_owned())];
        tx.put_notice(&notice).await?;
    }
    Ok(())
}

fn to_system(ground: &Ground, broadcast: &LiveBroadcast, channel: Channel, target: &str, key: String) -> NewNotice {
    let now = ground.now();
    NewNotice {
        id: NoticeId::draw(&ground.ids, now),
        key,
        person: None,
        contact: None,
        target: Some(target.to_owned()),
        channel,
        priority: Priority::Life,
        reasons: Vec::new(),
        message: Message { language: "en".into(), subject: broadcast.identifier.clone(), ..Message::default() },
        payload: None,
        broadcast: Some(broadcast.id),
        alert: Some(broadcast.alert_id),
        report: None,
        question: None,
        answer_by: None,
        made_at: now,
        due_at: now,
        // Systems want every stage in order, also late.
        expires_at: None,
        exercise: broadcast.exercise_id,
    }
}
