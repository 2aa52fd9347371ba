//! Hamyar (همیار): a city's crisis-management and disaster alert system.
//!
//! A reading or a report comes in, becomes a signal, signals become an incident, an incident a proposed alert; two people make it
//! an alert; helpers are told, answer and act. The modules stand in the order of that story; `docs/architecture.md` walks one
//! reading and one alert through them. Arrows point down: edges call decisions, decisions call the ground.

// The story.
pub mod assess; // Facts become incidents, incidents proposals.
pub mod deliver; // Alerts reach telephones, and answers come back.
pub mod drill;
pub mod helpers; // Who is told, and what a minor may be asked.
pub mod issue; // Proposals become alerts, by two people.
pub mod reports; // People tell us what they see.
pub mod sensors; // Readings arrive over MQTT and are kept. // The same story on invented input.

// The edges.
pub mod cli; // The command line.
pub mod http; // Pages, API, feeds, hooks.
pub mod retention; // What is no longer kept is removed.

// The ground.
pub mod app; // Starts the parts in order and stops them in reverse.
pub mod audit; // Who decided what: a chain of ids and digests.
pub mod bell; // Wakes workers and open pages.
pub mod broker; // MQTT: embedded, or a client of an external one.
pub mod clock; // The only file that asks the time.
pub mod config; // Settings, all faults at once.
pub mod ground; // What every room stands on.
pub mod id; // The only file that draws at random.
pub mod metrics; // Prometheus.
pub mod network; // Whose an address is, and whether it is public.
pub mod staff; // People, contacts, rights, log-in.
pub mod store; // Two engines, one SQL text.
pub mod terrain; // The shape of the ground, the same on every node.
pub mod worker; // Runs a part's work when its bell rings.
