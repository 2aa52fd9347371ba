//! What a device sees when the service panics while it keeps a batch: no acknowledgement, an end, and a service that goes on.
//! The panic is made where the batch is counted, by a recorder of metrics that belongs to this story's thread alone.
//! Whatever was committed before the panic comes again and is known.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use rumqttc::v5::mqttbytes::v5::PubAckReason;

use crate::mqtt::{Device, House, stage, stage_gauge, topic};

/// Panics once when this metric is asked for, if it is armed.
struct Panics {
    at: &'static str,
    armed: Arc<AtomicBool>,
}

impl Panics {
    fn at(&self, key: &Key) {
        assert!(key.name() != self.at || !self.armed.swap(false, Ordering::SeqCst), "the story's own panic");
    }
}

impl Recorder for Panics {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.at(key);
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.at(key);
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.at(key);
        Histogram::noop()
    }
}

// One thread: the recorder is this thread's, and so are the broker and the batcher.
#[tokio::test(flavor = "current_thread")]
async fn a_batch_that_panics_is_not_acknowledged_its_sender_is_disconnected_and_the_next_is_kept() {
    let armed = Arc::new(AtomicBool::new(false));
    let recorder = Panics { at: "hamyar_readings_kept_total", armed: Arc::clone(&armed) };
    let _guard = metrics::set_default_local_recorder(&recorder);
    let house = House::new(&[]).await;
    let sensors = house.sensors().await;
    let broker = house.broker().await;
    let gauge = stage_gauge(&house, &sensors);
    let mut device = Device::of(gauge, &broker);
    let now = house.ground.now().as_millisecond();
    device.publishes(&topic(gauge), stage(now - 2));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success));

    armed.store(true, Ordering::SeqCst);
    device.publishes(&topic(gauge), stage(now - 1));
    let ended = device.answer().await.expect_err("no acknowledgement, but the end of the connection");
    assert!(!armed.load(Ordering::SeqCst), "it ended because of the panic: {ended}");

    // The device has it still and sends it again; then the next.
    device.publishes(&topic(gauge), stage(now - 1));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success), "the same reading again");
    device.publishes(&topic(gauge), stage(now));
    assert_eq!(device.answer().await, Ok(PubAckReason::Success));
    let kept: Vec<i64> = house.kept().await.iter().map(|reading| reading.read_at.as_millisecond()).collect();
    assert_eq!(kept, [now - 2, now - 1, now], "each is kept once");
    broker.stop().await;
}
