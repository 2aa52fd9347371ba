//! Every store's story, told on SQLite and on PostgreSQL with the same words.
//! One binary; each room's stories are in a file of its own and begin with `on_both_engines`.
//! A story owns its database, stands on a manual clock and seeded ids, and leaves nothing behind.

#[path = "../certificates/mod.rs"]
mod certificates;

mod alert_desk;
mod assess;
mod assess_touched;
mod deliver;
mod engines;
mod feeds;
mod helpers;
mod issue;
mod mqtt;
mod mqtts;
mod nodes;
mod panics;
mod quality;
mod reports;
mod retention;
mod sensors;
mod sign_in;
