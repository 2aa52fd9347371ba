//! The ground under the demo's city: made by the sample's recipe while the service already runs.
//! Called once by `app`; until it is done, buffers along the streams stand in, as in a city without terrain.
//! On a thread of its own, which nobody waits for: it holds nothing, and ends with the process.

use maps::{
    City,
    terrain::{OneHand, Relief, ReliefOptions},
};
use tracing::{info, warn};

use crate::{clock::Clock, ground::Ground};

/// Works the terrain out and puts it in use.
pub fn lay(ground: &Ground) {
    let ground = ground.clone();
    std::thread::spawn(move || {
        let began = Clock::stopwatch();
        let options = ReliefOptions {
            height_error_source: "assumed: the sample's ground is made by a recipe".into(),
            ..ReliefOptions::default()
        };
        match Relief::of(&City::sample_heights(), &ground.city, &options, &OneHand) {
            Ok(relief) => {
                info!(terrain = relief.hash(), secs = began.seconds(), "demo: the city's ground is laid");
                ground.terrain.set(vec![relief]);
            }
            Err(fault) => warn!(%fault, "demo: the city's ground could not be laid: {fault}"),
        }
    });
}
