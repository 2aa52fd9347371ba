//! Holds one thing that is wrong with an alert's content or a template: where, what, and what to do.
//! Returned by `content`, `template` and `compose`, shown to staff as it is.
//! Faults are always collected; nobody has to repair one to learn of the next.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault, shown as `place: what`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fault {
    /// The place, as a path of names: `wordings.fa.headline`, `fa/flood.toml: warning.sms`.
    pub at: String,
    /// What is wrong and, where known, what to do.
    pub what: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

impl std::error::Error for Fault {}
