//! Carries bells and live events to the other nodes of a city and back, by PostgreSQL's LISTEN and NOTIFY.
//! Started by `app`; with SQLite there is one process, and nothing to carry.
//! Hints leave after the commit they speak of, bounded and together; whatever may have been lost is made up for by one look at everything.

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{
    sync::{Notify, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{BELLS, Bell, Bells, LiveAudience, RESET};
use crate::{
    config,
    store::{Fault, Store},
};

/// The channel. Notifications stay within their database, and a database is one city.
const CHANNEL: &str = "hamyar";
/// Under this name the connection stands in `pg_stat_activity`.
const APPLICATION: &str = "hamyar bells";
/// PostgreSQL takes less than 8,000 bytes (documentation of NOTIFY).
const PAYLOAD_BYTES_MAX: usize = 7_900;
/// The longest name of a live event that is believed.
const KIND_BYTES_MAX: usize = 64;
/// The live event that comes by the thousand, and of which a page needs only the last.
const FREQUENT: &str = "reading.kept";
/// A connection on which nothing happened for so long is asked whether it lives: a cut network says nothing by itself.
const QUIET: Duration = Duration::from_secs(20);
/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);
/// Pauses between attempts to connect: the first, doubled up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_LONGEST: Duration = Duration::from_secs(15);
/// How long the server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A live event on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    audience: LiveAudience,
    kind: Cow<'static, str>,
    about: Value,
}

impl Told {
    fn reset() -> Self {
        Self { audience: LiveAudience::Public, kind: RESET.into(), about: json!({}) }
    }
}

/// One notification.
#[derive(Debug, Serialize, Deserialize)]
struct Hint {
    /// The sender's stream, by which it knows its own.
    from: u64,
    /// In words, so that a node that does not know one of them yet still hears the others.
    bells: Vec<String>,
    told: Vec<Told>,
}

/// What waits to be carried to the other nodes. Takes nothing while nobody carries.
#[derive(Debug, Default)]
pub(super) struct Outward {
    waiting: Mutex<Option<Waiting>>,
    wake: Notify,
}

#[derive(Debug)]
struct Waiting {
    rung: [bool; BELLS.len()],
    told: VecDeque<Told>,
    told_max: usize,
    /// Readings are told summarily until all this has left.
    summed: bool,
}

impl Outward {
    fn open(&self, told_max: usize) {
        let waiting = Waiting { rung: [false; BELLS.len()], told: VecDeque::new(), told_max, summed: false };
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiting);
    }

    fn close(&self) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = waiting.as_mut() {
            change(waiting);
            self.wake.notify_one();
        }
    }

    pub(super) fn ring(&self, bell: Bell) {
        self.change(|waiting| waiting.rung[bell.index()] = true);
    }

    pub(super) fn tell(&self, audience: LiveAudience, kind: &'static str, about: &Value) {
        self.change(|waiting| waiting.tell(audience, kind, about));
    }

    /// What was handed out may not have arrived: the others look at everything once.
    fn lost(&self) {
        self.change(|waiting| {
            waiting.rung = [true; BELLS.len()];
            waiting.reset();
        });
    }

    /// Waits until something waits.
    async fn wanted(&self) {
        loop {
            // Made before looking; a ring in between leaves its permit.
            let woken = self.wake.notified();
            let is_empty = |waiting: &Waiting| waiting.told.is_empty() && !waiting.rung.contains(&true);
            if self.waiting.lock().unwrap_or_else(PoisonError::into_inner).as_ref().is_some_and(|one| !is_empty(one)) {
                return;
            }
            woken.await;
        }
    }

    /// Takes what waits, as payloads that fit.
    fn take(&self, from: u64) -> Vec<String> {
        let (rung, told) = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(waiting) = waiting.as_mut() else { return Vec::new() };
            waiting.summed = false;
            (std::mem::take(&mut waiting.rung), std::mem::take(&mut waiting.told))
        };
        payloads(from, rung, told)
    }
}

impl Waiting {
    /// The same event twice is one: it says that something changed, not how often.
    fn tell(&mut self, audience: LiveAudience, kind: &'static str, about: &Value) {
        let told = |about: Value| Told { audience, kind: Cow::Borrowed(kind), about };
        let is_frequent = kind == FREQUENT;
        let is_known = self.is_reset()
            || (is_frequent && self.summed)
            // Two readings are never the same, so they are not compared.
            || (!is_frequent && self.told.iter().any(|known| {
                known.kind == kind && known.audience == audience && known.about == *about
            }));
        if is_known {
            return;
        }
        if self.told.len() >= self.told_max {
            metrics::counter!("hamyar_hints_thinned_total").increment(1);
            self.told.retain(|known| known.kind != FREQUENT);
            // Without details a page fetches what it shows.
            self.told.push_back(Told { audience: LiveAudience::Staff, kind: FREQUENT.into(), about: json!({}) });
            self.summed = true;
            if is_frequent {
                return;
            }
        }
        if self.told.len() >= self.told_max {
            self.reset();
        } else {
            self.told.push_back(told(about.clone()));
        }
    }

    fn is_reset(&self) -> bool {
        self.told.front().is_some_and(|told| told.kind == RESET)
    }

    fn reset(&mut self) {
        self.told = [Told::reset()].into();
        self.summed = false;
    }
}

/// Packs hints into as few payloads as hold them. An event too large for one becomes a reset.
fn payloads(from: u64, rung: [bool; BELLS.len()], told: VecDeque<Told>) -> Vec<String> {
    let bells: Vec<String> =
        BELLS.into_iter().filter(|bell| rung[bell.index()]).map(|bell| bell.as_str().to_owned()).collect();
    let empty = |bells| Hint { from, bells, told: Vec::new() };
    let text = |hint: &Hint| serde_json::to_string(hint).expect("a hint is JSON");
    let mut hint = empty(bells);
    let mut bytes = text(&hint).len();
    let mut payloads = Vec::new();
    for mut one in told {
        let size = |one: &Told| serde_json::to_string(one).expect("an event is JSON").len() + 1;
        if text(&empty(Vec::new())).len() + size(&one) > PAYLOAD_BYTES_MAX {
            one = Told::reset();
        }
        if bytes + size(&one) > PAYLOAD_BYTES_MAX {
            payloads.push(text(&hint));
            hint = empty(Vec::new());
            bytes = text(&hint).len();
        }
        bytes += size(&one);
        hint.told.push(one);
    }
    if !hint.bells.is_empty() || !hint.told.is_empty() {
        payloads.push(text(&hint));
    }
    payloads
}

impl Bells {
    /// Takes what another node says; our own has been heard before it left.
    fn hear(&self, payload: &str) {
        let Ok(hint) = serde_json::from_str::<Hint>(payload) else {
            // A later version's: what it says is not understood, but it is not nothing.
            metrics::counter!("hamyar_hints_total", "way" => "unreadable").increment(1);
            return self.look_at_everything();
        };
        if hint.from == self.stream() {
            return;
        }
        metrics::counter!("hamyar_hints_total", "way" => "heard").increment(1);
        for bell in BELLS.into_iter().filter(|bell| hint.bells.iter().any(|heard| heard == bell.as_str())) {
            self.ring_here(bell);
        }
        for told in hint.told {
            if told.kind.len() <= KIND_BYTES_MAX {
                self.tell_here(told.audience, told.kind, told.about);
            }
        }
    }

    /// Rings every bell of this process and has its pages load everything again.
    fn look_at_everything(&self) {
        for bell in BELLS {
            self.ring_here(bell);
        }
        let Told { audience, kind, about } = Told::reset();
        self.tell_here(audience, kind, about);
    }
}

/// The running connection to the other nodes.
#[derive(Debug)]
pub struct Across {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Across {
    /// Starts carrying; returns when this process hears the others, or when the first attempt failed and others will follow.
    /// None with SQLite.
    pub async fn start(bells: &Bells, store: &Store, settings: &config::StoreSettings) -> Option<Self> {
        let Store::Postgres(pool) = store else { return None };
        let options = PgConnectOptions::clone(&pool.connect_options()).application_name(APPLICATION);
        bells.0.outward.open(settings.hints_waiting_max);
        let stop = CancellationToken::new();
        let (tried, first) = oneshot::channel();
        let carrier = Carrier {
            bells: bells.clone(),
            options,
            pace: Duration::from_millis(settings.hints_pace_ms),
            worked: false,
        };
        let task = tokio::spawn({
            let stop = stop.clone();
            async move {
                let outward = carrier.bells.clone();
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = carrier.run(tried) => {}
                }
                outward.0.outward.close();
            }
        });
        // The sender lives as long as the task, or has spoken.
        let _ = first.await;
        Some(Self { stop, task })
    }

    /// Stops carrying.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

struct Carrier {
    bells: Bells,
    options: PgConnectOptions,
    pace: Duration,
    /// Something has gone over the connection of now.
    worked: bool,
}

impl Carrier {
    /// Connects, carries, and connects again, for ever.
    async fn run(mut self, tried: oneshot::Sender<()>) {
        let mut tried = Some(tried);
        let mut pause = PAUSE_FIRST;
        loop {
            self.worked = false;
            let Err(fault) = self.connected(&mut tried).await;
            metrics::gauge!("hamyar_hints_connected").set(0.0);
            metrics::counter!("hamyar_hint_connections_lost_total").increment(1);
            warn!(%fault, "other nodes are not heard and look by themselves until the connection is back: {fault}");
            // Nobody waits any more when an earlier attempt has spoken.
            tried.take().map(|tried| tried.send(()));
            pause = if self.worked { PAUSE_FIRST } else { (2 * pause).min(PAUSE_LONGEST) };
            tokio::time::sleep(pause).await;
        }
    }

    /// Carries over one connection until it fails.
    async fn connected(&mut self, tried: &mut Option<oneshot::Sender<()>>) -> Result<std::convert::Infallible, Fault> {
        // A pool of its own for each connection: one that hangs keeps nobody waiting.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ANSWER)
            .max_lifetime(None)
            .idle_timeout(None)
            .connect_with(self.options.clone())
            .await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        // What must be made up for after a loss is made up for here.
        listener.eager_reconnect(false);
        // A hint has nothing that would have to survive a power cut.
        answered(sqlx::query("set synchronous_commit = off").execute(&mut listener)).await?;
        answered(listener.listen(CHANNEL)).await?;
        metrics::gauge!("hamyar_hints_connected").set(1.0);
        info!("other nodes are heard");
        // Whatever they said until now was missed.
        self.bells.look_at_everything();
        tried.take().map(|tried| tried.send(()));
        let fault = self.carry(&mut listener).await;
        drop(listener);
        // The rest of the connection is of no interest.
        let _ = tokio::time::timeout(GOODBYE, pool.close()).await;
        fault
    }

    async fn carry(&mut self, listener: &mut PgListener) -> Result<std::convert::Infallible, Fault> {
        let bells = self.bells.clone();
        let outward = &bells.0.outward;
        let paced = tokio::time::sleep(Duration::ZERO);
        tokio::pin!(paced);
        loop {
            let wanted = async {
                paced.as_mut().await;
                outward.wanted().await;
            };
            tokio::select! {
                // Losing the race leaves a half-read message where it is.
                heard = listener.try_recv() => match heard? {
                    Some(notification) => bells.hear(notification.payload()),
                    None => return Err(Fault::Io(std::io::ErrorKind::ConnectionAborted.into())),
                },
                () = wanted => {
                    let payloads = outward.take(bells.stream());
                    metrics::counter!("hamyar_hints_total", "way" => "sent").increment(payloads.len() as u64);
                    debug!(payloads = payloads.len(), "hints to the other nodes");
                    // postgres: one statement and so one short transaction; only at its end NOTIFY holds the server's one lock for it.
                    let notify = sqlx::query("select pg_notify($1, payload) from unnest($2::text[]) payload");
                    if let Err(fault) = answered(notify.bind(CHANNEL).bind(payloads).execute(&mut *listener)).await {
                        outward.lost();
                        return Err(fault);
                    }
                    paced.set(tokio::time::sleep(self.pace));
                }
                () = tokio::time::sleep(QUIET) => {
                    answered(sqlx::query("select 1").execute(&mut *listener)).await?;
                }
            }
            self.worked = true;
        }
    }
}

/// What the server answers; no answer in time is a fault.
async fn answered<T>(asked: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout(ANSWER, asked).await.unwrap_or_else(|_| Err(Fault::Io(std::io::ErrorKind::TimedOut.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outward(told_max: usize) -> Outward {
        let outward = Outward::default();
        outward.open(told_max);
        outward
    }

    fn read(payloads: &[String]) -> Vec<Hint> {
        payloads.iter().map(|payload| serde_json::from_str(payload).expect("our own")).collect()
    }

    fn kinds(payloads: &[String]) -> Vec<String> {
        read(payloads).into_iter().flat_map(|hint| hint.told).map(|told| told.kind.into_owned()).collect()
    }

    #[test]
    fn what_is_said_twice_before_it_leaves_is_carried_once() {
        let outward = outward(10);
        for _ in 0..5 {
            outward.ring(Bell::Outbox);
            outward.tell(LiveAudience::Staff, "delivery.changed", &json!({ "alert": 1 }));
        }
        let payloads = outward.take(7);
        let [hint] = &read(&payloads)[..] else { panic!("one payload, not {payloads:?}") };
        assert_eq!((hint.from, &hint.bells[..], hint.told.len()), (7, &["outbox".to_owned()][..], 1));
        assert!(outward.take(7).is_empty(), "it has left");
    }

    #[test]
    fn every_payload_fits_and_what_fits_in_none_becomes_a_reset() {
        let outward = outward(1_000);
        outward.ring(Bell::Facts);
        for id in 0..200 {
            outward.tell(LiveAudience::Staff, "report.received", &json!({ "id": id, "about": "x".repeat(100) }));
        }
        outward.tell(LiveAudience::Public, "zone.changed", &json!({ "words": "ب".repeat(4_000) }));
        let payloads = outward.take(u64::MAX);
        assert!(payloads.len() > 1);
        assert!(payloads.iter().all(|payload| payload.len() <= PAYLOAD_BYTES_MAX), "{payloads:?}");
        let kinds = kinds(&payloads);
        assert_eq!(kinds.iter().filter(|kind| *kind == "report.received").count(), 200);
        assert_eq!(kinds.last().map(String::as_str), Some(RESET));
        assert_eq!(read(&payloads).iter().filter(|hint| !hint.bells.is_empty()).count(), 1, "a bell rings once");
    }

    #[test]
    fn too_many_readings_are_told_summarily_and_push_nothing_else_out() {
        let outward = outward(10);
        outward.tell(LiveAudience::Public, "alert.changed", &json!({ "id": 1 }));
        for value in 0..1_000 {
            outward.tell(LiveAudience::Staff, FREQUENT, &json!({ "value": value }));
        }
        outward.tell(LiveAudience::Staff, "report.received", &json!({ "id": 2 }));
        let told: Vec<_> = read(&outward.take(7)).into_iter().flat_map(|hint| hint.told).collect();
        let has = |kind: &str, about: Value| told.iter().any(|told| told.kind == kind && told.about == about);
        assert!(told.len() <= 10);
        assert!(has("alert.changed", json!({ "id": 1 })) && has("report.received", json!({ "id": 2 })), "{told:?}");
        assert!(has(FREQUENT, json!({})), "{told:?}");
    }

    #[test]
    fn too_much_of_anything_else_has_pages_load_everything_again() {
        let outward = outward(3);
        for id in 0..10 {
            outward.tell(LiveAudience::Staff, "report.received", &json!({ "id": id }));
        }
        assert_eq!(kinds(&outward.take(7)), [RESET]);
    }

    #[test]
    fn nothing_waits_while_nobody_carries() {
        let outward = Outward::default();
        outward.ring(Bell::Facts);
        outward.open(10);
        assert!(outward.take(7).is_empty());
        outward.ring(Bell::Facts);
        outward.close();
        outward.ring(Bell::Facts);
        assert!(outward.take(7).is_empty());
    }

    #[tokio::test]
    async fn a_node_hears_others_and_not_itself() {
        let bells = Bells::new(16);
        bells.name_stream(1);
        let mut ear = bells.ear(Bell::Accounts);
        let (_, mut page) = bells.listen(None);
        let hint = |from| {
            let told = vec![Told {
                audience: LiveAudience::Public,
                kind: "zone.changed".into(),
                about: json!({ "zone": "a" }),
            }];
            let words = vec!["accounts".to_owned(), "a bell of the next version".to_owned()];
            serde_json::to_string(&Hint { from, bells: words, told }).expect("JSON")
        };
        bells.hear(&hint(1));
        assert!(page.try_recv().is_err(), "its own, which its pages know");
        bells.hear(&hint(2));
        ear.heard().await;
        let event = page.try_recv().expect("an event");
        assert_eq!((event.stream, event.seq, event.kind.as_ref()), (1, 1, "zone.changed"));
        bells.hear("what nobody understands");
        assert_eq!(page.try_recv().expect("an event").kind, RESET);
    }
}
