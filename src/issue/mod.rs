//! Proposals become alerts, by two people: draft, approve, publish, update, all-clear, cancel, extend, expire, discard.
//! Called by `http::alerts` and the demo; `deliver`, `http::cap` and the zone topics read alerts through `store`.
//! The only writer of alerts: each verb is one transaction with its history and audit row, and what was published never changes.

mod alert;
mod store;

pub use alert::{Action, Alert, HistoryRow, Publication, Refusal};
