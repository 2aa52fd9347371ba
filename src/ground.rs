//! What every room stands on: store, clock, ids, config, bells, the city's map and texts.
//! Built once by `app` (and by the tests' city in a box) and cloned into every part.
//! It decides nothing and knows no room.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{bell::Bells, clock::Clock, config::Config, id::ExerciseId, id::Ids, store::Store};

/// The ground. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Databases.
    pub store: Store,
    /// The only source of time.
    pub clock: Clock,
    /// The only source of chance.
    pub ids: Ids,
    /// Wakes workers and pages.
    pub bells: Bells,
    /// Checked settings.
    pub config: Arc<Config>,
    /// The city's geography.
    pub city: Arc<maps::City>,
    /// What an alert says, per hazard and language.
    pub templates: Arc<alerts::template::Templates>,
    /// Set in the demo's own database: everything here is invented, and says so.
    pub exercise: Option<ExerciseId>,
}

impl Ground {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
