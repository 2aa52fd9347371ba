//! Sentences about the city: each test is one, told in a city in a box.
//! The box stands on a manual clock, with fake telephones and mailboxes and the real broker, store and HTTP; nothing sleeps, nothing is tried twice.
//! Stories about crashes, signals and settings run the built binary as a child process on the machine's clock.

#[path = "../certificates/mod.rs"]
mod certificates; // A throw-away authority.
mod city; // The box.
mod database; // Where its data lies.
mod gauge; // Devices that publish.
mod mail; // A mail relay.
mod people; // Helpers and citizens with telephones.
mod phone; // An SMS gateway.
mod programs; // Other people's programs.
mod service; // The built binary.
mod staff; // Officers and approvers at their consoles.
mod web; // A browser without a screen.

mod answers; // What helpers answer.
mod commands; // What the binary says and refuses.
mod crashes; // What a kill must not lose.
mod delivery; // Who is told, by which way.
mod desk; // Two people publish.
mod fronts; // nginx and Caddy before it.
mod kannel; // Kannel itself as the gateway.
mod openness; // What anybody may learn.
mod relay; // A mail relay that is strict.
mod rising; // What gauges bring about.
mod telling; // What citizens report.

use std::{future::Future, time::Duration};

/// The longest that anything in these stories may take; only a fault takes so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// Waits for something and names it when it does not come.
async fn awaited<T>(what: &str, coming: impl Future<Output = T>) -> T {
    let come = tokio::time::timeout(PATIENCE, coming).await;
    come.unwrap_or_else(|_| panic!("waited {} s in vain for {what}", PATIENCE.as_secs()))
}
