//! Runs a part's work whenever there may be some: its bell rang, or its idle period passed.
//! Used by `app` for every background part; tests call the parts' `run_due` themselves and need no loop.
//! One bounded piece of work at a time; a failing piece, a panic included, is logged once and tried again after a pause, and never ends the loop.

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    bell::{Bell, Bells},
    clock::Clock,
};

/// Calls `run_due` until it finds nothing more to do, then waits for the bell or `idle`.
pub async fn run<Fut, E>(
    name: &'static str,
    bells: Bells,
    bell: Bell,
    clock: Clock,
    idle: Duration,
    stop: CancellationToken,
    mut run_due: impl FnMut() -> Fut,
) where
    Fut: Future<Output = Result<usize, E>>,
    E: std::fmt::Display,
{
    // Taken before the first look, so that no ring between looking and waiting is missed.
    let mut ear = bells.ear(bell);
    while !stop.is_cancelled() {
        // A panic ends one piece, never the part: a part that is silently gone would be noticed too late.
        let pause = match AssertUnwindSafe(async { run_due().await }).catch_unwind().await {
            Ok(Ok(0)) => idle,
            Ok(Ok(_)) => continue,
            Err(_) => {
                error!(worker = name, "{name} panicked over a piece of work and will try again");
                metrics::counter!("hamyar_worker_faults_total", "worker" => name).increment(1);
                idle.max(Duration::from_secs(1))
            }
            Ok(Err(fault)) => {
                error!(worker = name, %fault, "{name} could not do its work and will try again: {fault}");
                metrics::counter!("hamyar_worker_faults_total", "worker" => name).increment(1);
                idle.max(Duration::from_secs(1))
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = ear.heard() => {}
            () = clock.sleep(pause) => {}
        }
    }
}
