//! Starts what takes readings, the broker that brings them, and the watch over silent sensors.
//! Called by `App::build` before anything that publishes.
//! Stopped in reverse: first nothing more comes in, then what waits is kept and answered.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Stops, spawn_worker};
use crate::{
    bell::Bell,
    broker::{Broker, Inbound, NotKept, Offered, Outlet, Publish, Receive},
    deliver::{self, applications::Applications, reply::AnswerRefusal},
    ground::Ground,
    sensors,
};

/// Pause before what is retained is asked for again, when the store failed.
const AGAIN: Duration = Duration::from_secs(5);

/// What others need of the running broker.
pub(super) struct Mqtt {
    pub(super) outlet: Outlet,
    /// Where the embedded broker listens; none with an external one.
    pub(super) address: Option<SocketAddr>,
}

impl Mqtt {
    /// How delivery publishes.
    pub(super) fn publish(&self) -> deliver::Publish {
        let outlet = self.outlet.clone();
        deliver::Publish::by(move |topic, payload, retain| {
            let outlet = outlet.clone();
            Box::pin(async move { outlet.publish(&topic, payload, retain).await.map_err(|fault| fault.to_string()) })
        })
    }
}

/// Starts all three.
pub(super) async fn start(ground: &Ground, stops: &mut Stops) -> anyhow::Result<Mqtt> {
    let limits = match ground.config.sensors.quality_file.as_str() {
        "" => sensors::embedded_limits(),
        file => sensors::read_limits(file)?,
    };
    let (intake, batches) = sensors::Intake::start_with(ground, limits);
    stops.push("intake of readings", move || batches.stop());
    let (applications, recording) = Applications::start(ground);
    stops.push("answers by MQTT", move || recording.stop());
    let (prefix, intake) = (&ground.config.mqtt.prefix, Arc::new(intake));
    let mut inbound = Inbound::new()
        .route(format!("{prefix}/readings/+"), intake.clone())
        .route(format!("{prefix}/sensors/+/status"), intake.clone())
        .route(format!("{prefix}/helpers/+/answers"), Arc::new(Answers(applications)));
    for filter in intake.filters() {
        inbound = inbound.route(filter, intake.clone());
    }
    let broker = Broker::start(ground, inbound).await?;
    let mqtt = Mqtt { outlet: broker.outlet(), address: broker.address() };
    stops.push("mqtt", move || broker.stop());
    spawn_worker(stops, ground, "watch sensors", Bell::Facts, Duration::from_secs(5), {
        let ground = ground.clone();
        move || {
            let ground = ground.clone();
            async move { sensors::run_due(&ground).await }
        }
    });
    Ok(mqtt)
}

/// Writes what is retained again whenever an external broker has forgotten us, until stopped.
pub(super) async fn write_again(ground: Ground, outlet: Outlet, stop: CancellationToken) {
    let forgotten = async {
        loop {
            outlet.forgot().await;
            while let Err(fault) = deliver::board::start(&ground).await {
                warn!(%fault, "what is retained could not be asked for again: {fault}; next try in {} s", AGAIN.as_secs());
                ground.clock.sleep(AGAIN).await;
            }
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = forgotten => {}
    }
}

/// Routes what helpers' applications answer over MQTT.
struct Answers(Applications);

impl Receive for Answers {
    fn offer(&self, publish: Publish) -> Offered<'_> {
        Box::pin(async move {
            // The topic's account: only its owner may publish there.
            let account = publish.topic.rsplit('/').nth(1).unwrap_or_default();
            match self.0.offer(account, publish.payload).await {
                Ok(()) => Ok(()),
                Err(AnswerRefusal::Store(fault)) => Err(NotKept(fault.to_string())),
                Err(refusal) => {
                    metrics::counter!("hamyar_answers_refused_total", "channel" => "mqtt").increment(1);
                    tracing::debug!("an answer over MQTT was refused: {refusal}");
                    Ok(())
                }
            }
        })
    }
}
