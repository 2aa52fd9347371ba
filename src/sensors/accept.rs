//! From a message to rows that are committed: identify, check, keep, and only then answer.
//! The broker offers messages ([`Intake`]); one batcher per process takes them in batches and commits each batch once.
//! Every message is answered after the commit of its batch: kept, or refused into the table of rejects, so that none blocks the queue.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

use super::{
    decode::{Claim, Decoded, Formats, Memory, Message, Presence, Source, decode},
    judge::{Judge, QualityLimits, embedded_limits},
    quality::Marks,
    quantity::Quantity,
    reading::{Flag, NewReading},
    rejected::{Reason, Reject},
    sensor::{Sensor, SensorCode, SensorState},
    topic::{self, Address},
};
use crate::{
    bell::{Bell, Ear, LiveAudience},
    broker::{self, NotKept, Offered, Publish, Receive},
    clock::Clock,
    config,
    ground::Ground,
    store::Fault,
};

/// Sensors are read again when the bell of accounts rings, on whichever node; after so long even when a ring was missed.
const REREAD: SignedDuration = SignedDuration::from_secs(20);
/// Live events told per batch; pages fetch the rest.
const TOLD_MAX: usize = 50;
/// What is kept of a status.
const STATUS_CHARS_MAX: usize = 200;

/// Takes messages and answers when they are committed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    queue: mpsc::Sender<Waiting>,
    ground: Ground,
    formats: Arc<Formats>,
}

/// A message that waits for its batch.
struct Waiting {
    publish: Publish,
    read: Read,
    answer: oneshot::Sender<Result<(), NotKept>>,
}

/// What could be read of a message before it is known whose it is.
enum Read {
    Readings(SensorCode, Decoded),
    Status(SensorCode, String),
    /// Somebody else's message that says nothing of ours: it is acknowledged, and nothing is kept.
    Nothing,
    Refused(Reason, String),
}

/// Makes decoders of `[sensors.formats]` and `[sensors.mappings]`. Errors: every fault at once.
pub fn formats(settings: &config::Sensors) -> Result<Formats, Vec<config::ConfigFault>> {
    let is_code = |text: &str| SensorCode::new(text).is_ok();
    let formats = Formats::new(&settings.formats, &settings.mappings, is_code);
    let faults = formats.as_ref().err().cloned().unwrap_or_default();
    // What must be answered with a command to the device is not taken while nobody gives that command.
    let unanswered = settings.formats.iter().filter(|(_, format)| format.format == "sparkplug_b").map(|(name, _)| {
        let what =
            "sparkplug_b is read by `hamyar sensor try` only: the service can't yet ask an edge node for its birth";
        (format!("sensors.formats.{name}.format"), what.to_owned())
    });
    let faults: Vec<_> =
        faults.into_iter().chain(unanswered).map(|(key, what)| config::ConfigFault { key, what }).collect();
    match formats {
        Ok(formats) if faults.is_empty() => Ok(formats),
        Ok(_) | Err(_) => Err(faults),
    }
}

impl Intake {
    /// Topic filters of messages in other formats, beside our own topics.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        self.formats.sources().iter().map(|source| source.topic.as_str()).filter(|topic| !topic.is_empty())
    }

    /// Starts the batcher. Panics when [`formats`] has faults, which the settings are checked for first.
    pub fn start(ground: &Ground) -> (Self, Batches) {
        Self::start_with(ground, embedded_limits())
    }

    /// Starts the batcher with other numbers for the tests of quality.
    pub fn start_with(ground: &Ground, limits: QualityLimits) -> (Self, Batches) {
        let (queue, waiting) = mpsc::channel(ground.config.sensors.queue_messages_max);
        let stop = CancellationToken::new();
        let batcher = Batcher {
            sensors: Registry { ear: ground.bells.ear(Bell::Accounts), known: HashMap::new(), read_at: None },
            judge: Judge::new(limits, ground.config.time_zone()),
            ground: ground.clone(),
        };
        let task = tokio::spawn(batcher.run(waiting, stop.clone()));
        let formats = formats(&ground.config.sensors).expect("checked when the settings were loaded");
        (Self { queue, ground: ground.clone(), formats: Arc::new(formats) }, Batches { stop, task })
    }

    /// Offers a message. `Ok` when it is committed, as readings, as a status, or as a reject with its reason.
    ///
    /// Waits while the queue is full. Err: it was not committed and must be sent again.
    pub async fn offer(&self, publish: Publish) -> Result<(), NotKept> {
        let began = Clock::stopwatch();
        let read = self.read(&publish);
        let (answer, answered) = oneshot::channel();
        let closed = || NotKept("the service is stopping".into());
        self.queue.send(Waiting { publish, read, answer }).await.map_err(|_| closed())?;
        let kept = answered.await.unwrap_or_else(|_| Err(closed()));
        metrics::histogram!("hamyar_reading_kept_seconds").record(began.seconds());
        kept
    }

    fn read(&self, publish: &Publish) -> Read {
        let config = &self.ground.config;
        match topic::parse(&config.mqtt.prefix, &publish.topic) {
            Ok(Address::Readings(sensor)) => match self.formats.of_sensor(sensor.as_str()) {
                None => {
                    let decoded = decode(&publish.payload, self.ground.now(), config.sensors.readings_per_message_max);
                    Read::Readings(sensor, decoded)
                }
                Some(source) => self.read_own(publish, source, sensor),
            },
            Ok(Address::Status(sensor)) => {
                let status = String::from_utf8_lossy(&publish.payload);
                let printable = |letter: &char| !letter.is_control();
                Read::Status(sensor, status.chars().filter(printable).take(STATUS_CHARS_MAX).collect())
            }
            Err(fault) => {
                match self.formats.sources().iter().find(|source| broker::covers(&source.topic, &publish.topic)) {
                    Some(source) => self.read_foreign(publish, source),
                    None => Read::Refused(Reason::BadTopic, fault),
                }
            }
        }
    }

    fn decode(&self, publish: &Publish, source: &Source) -> Decoded {
        let message = Message { topic: &publish.topic, payload: &publish.payload };
        let most = self.ground.config.sensors.readings_per_message_max;
        // The formats that need what came before are not taken (see `formats`).
        source.format.decode(message, self.ground.now(), most, &mut Memory::default())
    }

    /// A message on a sensor's own topic: what it says of its device must be that sensor.
    fn read_own(&self, publish: &Publish, source: &Source, sensor: SensorCode) -> Read {
        let decoded = self.decode(publish, source);
        match decoded.device.as_deref() {
            Some(device) if source.sensor_of(device) != sensor.as_str() => {
                let device = short(device);
                let detail =
                    format!("the payload is of device “{device}”, which is not {sensor} in format {}", source.name);
                Read::Refused(Reason::UnknownSensor, detail)
            }
            Some(_) | None => Read::Readings(sensor, decoded),
        }
    }

    /// A message on a topic of another system: whose it is says the message.
    fn read_foreign(&self, publish: &Publish, source: &Source) -> Read {
        if let Some(account) = publish.account.as_ref().filter(|_| !source.account.is_empty())
            && *account != source.account
        {
            let detail = format!("account “{account}” does not bring the messages of format {}", source.name);
            return Read::Refused(Reason::BadTopic, detail);
        }
        let decoded = self.decode(publish, source);
        let Some(device) = decoded.device.clone() else {
            return match decoded.misread.into_iter().next() {
                Some(fault) => Read::Refused(fault.reason, fault.detail),
                None if decoded.claims.is_empty() => Read::Nothing,
                None => {
                    let detail = format!("neither topic nor payload names the device (format {})", source.name);
                    Read::Refused(Reason::UnknownSensor, detail)
                }
            };
        };
        if let Ok(code) = SensorCode::new(source.sensor_of(&device)) {
            Read::Readings(code, decoded)
        } else {
            let (device, name) = (short(&device), &source.name);
            let detail = format!("device “{device}” is no sensor's; name it in sensors.formats.{name}.devices");
            Read::Refused(Reason::UnknownSensor, detail)
        }
    }
}

/// The beginning of a name that somebody sent.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What a message in another format says of its device beside its readings.
fn status_in(decoded: &Decoded) -> Option<String> {
    match (decoded.presence, decoded.battery_percent) {
        (Some(Presence::Offline), _) => Some("offline".into()),
        (Some(Presence::Online), None) => Some("online".into()),
        (_, Some(percent)) => Some(format!("battery {percent} %")),
        (None, None) => None,
    }
}

impl Receive for Intake {
    fn offer(&self, publish: Publish) -> Offered<'_> {
        Box::pin(Intake::offer(self, publish))
    }
}

/// The running batcher.
#[derive(Debug)]
pub struct Batches {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Batches {
    /// Takes nothing more, keeps and answers what waits, and ends.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

struct Batcher {
    ground: Ground,
    judge: Judge,
    sensors: Registry,
}

impl Batcher {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>, stop: CancellationToken) {
        let settings = self.ground.config.sensors.clone();
        let wait = Duration::from_millis(settings.batch_wait_ms_max);
        // A lone sender waits for nobody; under load a batch waits a moment for more, because a commit costs the same for many.
        let mut last_batch = 1;
        loop {
            let first = tokio::select! {
                biased;
                first = queue.recv() => first,
                () = stop.cancelled(), if !queue.is_closed() => {
                    // What is in the queue is still taken out and kept.
                    queue.close();
                    continue;
                }
            };
            let Some(first) = first else { return };
            let mut readings = first.weight();
            let mut batch = vec![first];
            let patience = tokio::time::sleep(if last_batch > 1 { wait } else { Duration::ZERO });
            tokio::pin!(patience);
            while readings < settings.batch_readings_max {
                let next = match queue.try_recv() {
                    Ok(next) => next,
                    Err(mpsc::error::TryRecvError::Disconnected) => break,
                    Err(mpsc::error::TryRecvError::Empty) if last_batch <= 1 => break,
                    Err(mpsc::error::TryRecvError::Empty) => tokio::select! {
                        next = queue.recv() => match next { Some(next) => next, None => break },
                        () = &mut patience => break,
                    },
                };
                readings += next.weight();
                batch.push(next);
            }
            last_batch = batch.len();
            metrics::gauge!("hamyar_intake_queue").set(queue.len() as f64);
            metrics::histogram!("hamyar_intake_batch").record(batch.len() as f64);
            // A panic ends this batch only: nothing of it is committed, and its senders send it again.
            let kept = if let Ok(kept) = AssertUnwindSafe(self.keep(&batch)).catch_unwind().await {
                if kept.is_err() {
                    // The series hold values that nobody kept.
                    self.judge.forget();
                }
                kept.map_err(|fault| {
                    error!(%fault, messages = batch.len(), "a batch of messages could not be kept: {fault}");
                    NotKept(fault.to_string())
                })
            } else {
                // What a panic left half done in memory is read anew.
                self.sensors.read_at = None;
                self.judge.forget();
                metrics::counter!("hamyar_intake_panics_total").increment(1);
                error!(messages = batch.len(), "keeping a batch of messages panicked");
                Err(NotKept("the service failed; it has been logged".into()))
            };
            for waiting in batch {
                // Its sender may have gone; then nobody waits for the answer.
                let _ = waiting.answer.send(kept.clone());
            }
        }
    }

    async fn keep(&mut self, batch: &[Waiting]) -> Result<(), Fault> {
        let now = self.ground.now();
        self.sensors.refresh(&self.ground, batch, now).await?;
        let settings = &self.ground.config.sensors;
        let mut found = Found::default();
        for waiting in batch {
            found.sort_in(waiting, &self.sensors, settings, now);
        }
        self.judge.fill(&self.ground, now).await?;
        let mut later = Vec::new();
        for reading in &mut found.readings {
            self.judge.take(reading, &mut later);
        }
        let mut tx = self.ground.store.write_readings("keep readings").await?;
        let kept = tx.put_readings(&found.readings, now, self.ground.exercise).await?;
        tx.put_marks(&later, now).await?;
        for (sensor, status) in &found.statuses {
            tx.put_status(sensor.id, status, now).await?;
        }
        tx.put_rejects(&found.rejects, now, settings.rejected_kept_max).await?;
        tx.commit().await?;

        metrics::counter!("hamyar_readings_kept_total").increment(kept.new.len() as u64);
        metrics::counter!("hamyar_readings_again_total").increment(kept.again as u64);
        metrics::counter!("hamyar_readings_conflicting_total").increment(kept.conflicts as u64);
        debug!(messages = batch.len(), kept = kept.new.len(), rejected = found.rejects.len(), "kept a batch");
        self.tell(&kept.new, !found.statuses.is_empty());
        Ok(())
    }

    fn tell(&self, new: &[NewReading], statuses: bool) {
        let bells = &self.ground.bells;
        if !new.is_empty() || statuses {
            bells.ring(Bell::Facts);
        }
        let mut newest: HashMap<_, &NewReading> = HashMap::new();
        for reading in new {
            let entry = newest.entry((reading.sensor, reading.quantity)).or_insert(reading);
            if reading.read_at > entry.read_at {
                *entry = reading;
            }
        }
        for reading in newest.into_values().take(TOLD_MAX) {
            let about = json!({
                "sensor": reading.sensor,
                "quantity": reading.quantity,
                "value": reading.value,
                "read_at": reading.read_at,
            });
            bells.tell(LiveAudience::Staff, "reading.kept", about);
        }
    }
}

impl Waiting {
    /// How many rows it will be, about.
    fn weight(&self) -> usize {
        match &self.read {
            Read::Readings(_, decoded) => decoded.claims.len().max(1),
            Read::Status(..) | Read::Nothing | Read::Refused(..) => 1,
        }
    }

    fn sensor(&self) -> Option<&SensorCode> {
        match &self.read {
            Read::Readings(sensor, _) | Read::Status(sensor, _) => Some(sensor),
            Read::Nothing | Read::Refused(..) => None,
        }
    }

    /// The sensor whose account brought it, when that is not the one that it is of: a sensor speaks for nobody else.
    fn other_sensor(&self, code: &SensorCode, sensors: &Registry) -> Option<SensorCode> {
        let account = SensorCode::new(self.publish.account.clone()?).ok()?;
        (account != *code && sensors.known.contains_key(&account)).then_some(account)
    }

    fn reject(&self, reason: Reason, detail: impl Into<String>) -> Reject {
        Reject {
            reason,
            topic: self.publish.topic.clone(),
            account: self.publish.account.clone().unwrap_or_default(),
            detail: detail.into(),
            payload: self.publish.payload.clone(),
        }
    }
}

/// What a batch holds.
#[derive(Default)]
struct Found {
    readings: Vec<NewReading>,
    statuses: Vec<(Arc<Sensor>, String)>,
    rejects: Vec<Reject>,
}

impl Found {
    fn sort_in(&mut self, waiting: &Waiting, sensors: &Registry, settings: &config::Sensors, now: Timestamp) {
        let (code, decoded) = match &waiting.read {
            Read::Nothing => return,
            Read::Refused(reason, detail) => return self.rejects.push(waiting.reject(*reason, detail)),
            Read::Readings(code, decoded) => (code, Some(decoded)),
            Read::Status(code, _) => (code, None),
        };
        let Some(sensor) = sensors.known.get(code) else {
            let detail = format!("no sensor “{code}” is in service; add it with `hamyar sensor add`");
            return self.rejects.push(waiting.reject(Reason::UnknownSensor, detail));
        };
        if let Some(other) = waiting.other_sensor(code, sensors) {
            let detail = format!("the account is of sensor {other}, the message of {code}");
            return self.rejects.push(waiting.reject(Reason::UnknownSensor, detail));
        }
        match (decoded, &waiting.read) {
            (Some(decoded), _) => {
                self.statuses.extend(status_in(decoded).map(|status| (Arc::clone(sensor), status)));
                let misread = decoded.misread.iter().map(|fault| waiting.reject(fault.reason, &fault.detail));
                self.rejects.extend(misread);
                for claim in &decoded.claims {
                    match identify(claim, sensor).and_then(|()| plausible(claim, settings, now)) {
                        Ok(flag) => self.readings.push(reading(claim, sensor, flag, now)),
                        Err((reason, detail)) => self.rejects.push(waiting.reject(reason, detail)),
                    }
                }
            }
            (None, Read::Status(_, status)) => self.statuses.push((Arc::clone(sensor), status.clone())),
            (None, Read::Readings(..) | Read::Nothing | Read::Refused(..)) => {}
        }
    }
}

type Refused = (Reason, String);

/// Whether the sensor measures what is claimed. Every device may tell of its battery.
fn identify(claim: &Claim, sensor: &Sensor) -> Result<(), Refused> {
    if claim.quantity == Quantity::BatteryV || sensor.quantities.contains(&claim.quantity) {
        Ok(())
    } else {
        Err((Reason::UnknownQuantity, format!("sensor {} was not registered for {}", sensor.code, claim.quantity)))
    }
}

/// Whether a value can be and its time is worth keeping; gives the flag, or the reason and what is wrong in words.
pub fn plausible(claim: &Claim, settings: &config::Sensors, now: Timestamp) -> Result<Flag, Refused> {
    let (quantity, value) = (claim.quantity, claim.value);
    let possible = quantity.possible();
    // `contains` is false for NaN, so NaN is refused as well.
    if !possible.contains(&value) {
        let (from, to) = (possible.start(), possible.end());
        return Err((
            Reason::Implausible,
            format!("{quantity} {value} is outside of {from} to {to} {}", quantity.unit()),
        ));
    }
    if let Some(read_at) = claim.read_at {
        let ahead = read_at.duration_since(now);
        if ahead > SignedDuration::from_secs(settings.future_secs_max) {
            return Err((
                Reason::Future,
                format!("{read_at} is {} s ahead of us: is the device's clock right?", ahead.as_secs()),
            ));
        }
        if -ahead > SignedDuration::from_hours(24) * i32::try_from(settings.age_days_max).unwrap_or(i32::MAX) {
            let hint = if read_at.as_second() < 100_000_000 { ": epoch seconds instead of milliseconds?" } else { "" };
            return Err((Reason::TooOld, format!("{read_at} is more than {} days ago{hint}", settings.age_days_max)));
        }
    }
    Ok(if quantity.usual().contains(&value) { Flag::Good } else { Flag::Suspect })
}

fn reading(claim: &Claim, sensor: &Sensor, flag: Flag, now: Timestamp) -> NewReading {
    let flag = if sensor.state == SensorState::Quarantine { Flag::Fail } else { flag };
    // Microseconds are what is stored; the key must be the same before and after.
    let read_at = claim.read_at.unwrap_or(now);
    let read_at = Timestamp::from_microsecond(read_at.as_microsecond()).unwrap_or(now);
    // Minus zero and zero are one value.
    let value = if claim.value == 0.0 { 0.0 } else { claim.value };
    NewReading { sensor: sensor.id, quantity: claim.quantity, read_at, value, flag, marks: Marks::NONE }
}

/// Sensors in memory.
struct Registry {
    ear: Ear,
    known: HashMap<SensorCode, Arc<Sensor>>,
    read_at: Option<Timestamp>,
}

impl Registry {
    /// Reads all sensors when a bell rang or a while passed, and those of this batch that are not known.
    async fn refresh(&mut self, ground: &Ground, batch: &[Waiting], now: Timestamp) -> Result<(), Fault> {
        let rang = self.ear.heard().now_or_never().is_some();
        let stale = self.read_at.is_none_or(|read_at| now.duration_since(read_at) >= REREAD);
        if rang || stale {
            // Not read until it is read: a fault here leaves the next batch to try again.
            self.read_at = None;
            let mut tx = ground.store.read("read sensors").await?;
            let sensors = tx.sensors().await?;
            self.known = sensors.into_iter().map(|sensor| (sensor.code.clone(), Arc::new(sensor))).collect();
            self.read_at = Some(now);
            return Ok(());
        }
        let missing: std::collections::BTreeSet<&SensorCode> =
            batch.iter().filter_map(Waiting::sensor).filter(|code| !self.known.contains_key(*code)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut tx = ground.store.read("read new sensors").await?;
        for code in missing {
            if let Some(sensor) = tx.sensor_by_code(code).await? {
                self.known.insert(code.clone(), Arc::new(sensor));
            }
        }
        Ok(())
    }
}
