//! What every room stands on: store, clock, ids, config, bells, the city's map and texts.
//! Built once by `app` (and by the tests' city in a box) and cloned into every part.
//! It decides nothing and knows no room.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use jiff::Timestamp;

use crate::{bell::Bells, clock::Clock, config::Config, id::ExerciseId, id::Ids, store::Store, terrain::Terrain};

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
    /// The shape of its ground; empty where nobody has worked it out.
    pub terrain: Terrain,
    /// What an alert says, per hazard and language.
    pub templates: Arc<alerts::template::Templates>,
    /// The standard's rules and the city's own, by which every alert is checked before it is published.
    pub checker: Arc<alerts::Checker>,
    /// Signs what is published; none when no key is configured, and in commands, which publish nothing.
    pub signer: Option<Arc<alerts::sign::Signer>>,
    /// Set in the demo's own database: everything here is invented, and says so.
    pub exercise: Option<ExerciseId>,
}

impl Ground {
    /// Now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The files of a directory and its folders as (path below it, text), sorted by name; at most two levels deep.
pub fn read_files(directory: &Path, endings: &[&str]) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    let mut folders = vec![(directory.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let (path, name) = (entry.path(), format!("{prefix}{}", entry.file_name().to_string_lossy()));
            if path.is_dir() && prefix.is_empty() {
                folders.push((path, format!("{name}/")));
            } else if path.extension().is_some_and(|ending| endings.iter().any(|known| ending == *known)) {
                files.push((name, std::fs::read_to_string(&path).with_context(|| path.display().to_string())?));
            }
        }
    }
    files.sort();
    Ok(files)
}
