//! Gauges of the map, each a real MQTT client with its own account.
//! Used by stories through `City::gauge`; `City::wait_minutes` lets them report again.
//! Publishing returns with the broker's PUBACK, which comes after the commit: what a story has read is kept.

use std::{net::SocketAddr, time::Duration};

use hamyar::{
    id::SensorId,
    sensors::{Flag, Marks, NewReading, Registered},
    store::ReadingsTx,
};
use jiff::{Timestamp, ToSpan};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};

use crate::{awaited, city::City};

/// A gauge of a city.
#[derive(Clone)]
pub struct Gauge {
    pub(crate) city: City,
    pub(crate) code: String,
}

impl Gauge {
    /// It measures this now and, while minutes pass, again every minute.
    pub async fn reads(&self, value: f64) {
        self.city.publishes(&self.code, value).await;
        self.city.settle().await;
    }

    /// A minute passes, and it measures this; from then on again every minute.
    pub async fn reads_next(&self, value: f64) {
        self.city.wait_silent_minutes(1).await;
        self.reads(value).await;
    }

    /// Publishes something that is no reading; it is acknowledged all the same, so that it does not come again for ever.
    pub async fn sends_in_vain(&self, payload: &str) {
        self.city.publishes_bytes(&self.code, payload).await;
        self.city.settle().await;
    }

    /// Which sensor it is.
    pub fn sensor_id(&self) -> SensorId {
        self.city.account(&self.code).id
    }

    /// Puts a reading into a transaction of the story's own, so many minutes after the city's clock.
    pub async fn is_kept_in(&self, tx: &mut ReadingsTx, value: f64, minute: i64) {
        let now = self.city.ground().now();
        let reading = NewReading {
            sensor: self.sensor_id(),
            quantity: self.city.quantity(&self.code),
            read_at: now + minute.minutes(),
            value,
            flag: Flag::Good,
            marks: Marks::NONE,
        };
        tx.put_readings(&[reading], now, None).await.expect("a reading is put");
    }
}

/// A device that is connected.
pub struct Device {
    client: AsyncClient,
    events: EventLoop,
    topic: String,
    quantity: &'static str,
    last: f64,
}

/// What became of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The broker acknowledged.
    Acknowledged,
    /// The connection broke before.
    Broken,
}

impl Device {
    /// Connects with the first publish.
    pub fn connect(broker: SocketAddr, prefix: &str, code: &str, account: &Registered, quantity: &'static str) -> Self {
        let mut options = MqttOptions::new(format!("device-{code}"), broker.ip().to_string(), broker.port());
        options.set_credentials(&account.user, account.secret.reveal());
        // Between readings nobody looks after the connection; the longest keep-alive leaves it open.
        options.set_keep_alive(Duration::from_secs(u64::from(u16::MAX)));
        let (client, events) = AsyncClient::new(options, 8);
        Self { client, events, topic: format!("{prefix}/readings/{code}"), quantity, last: f64::NAN }
    }

    /// Publishes a reading and waits for its PUBACK.
    pub async fn reads(&mut self, value: f64, at: Timestamp) {
        self.sends(value, at).await;
        let what = format!("the PUBACK of a reading on {}", self.topic);
        assert_eq!(awaited(&what, self.answer()).await, Answer::Acknowledged, "{what}");
    }

    /// Publishes anything and waits for its PUBACK.
    pub async fn publishes(&mut self, payload: &str) {
        self.client.publish(&self.topic, QoS::AtLeastOnce, false, payload).await.expect("the client takes it");
        let what = format!("the PUBACK of “{payload}” on {}", self.topic);
        assert_eq!(awaited(&what, self.answer()).await, Answer::Acknowledged, "{what}");
    }

    /// The last value again, as of `at`.
    pub async fn repeats(&mut self, at: Timestamp) {
        self.reads(self.last, at).await;
    }

    /// Hands a reading to the client; nothing leaves before [`Device::answer`] is waited for.
    pub async fn sends(&mut self, value: f64, at: Timestamp) {
        self.last = value;
        let payload = format!(r#"{{"t":"{at}","{}":{value}}}"#, self.quantity);
        self.client.publish(&self.topic, QoS::AtLeastOnce, false, payload).await.expect("the client takes it");
    }

    /// Works on the connection until the publish is answered or the connection breaks.
    pub async fn answer(&mut self) -> Answer {
        loop {
            match self.events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) => return Answer::Acknowledged,
                Ok(_) => {}
                Err(_) => return Answer::Broken,
            }
        }
    }
}
