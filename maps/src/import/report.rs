//! What an import did with each feature, counted.
//! Filled by every step of this folder, printed by the command.
//! Nothing is left out or changed without being counted here with its reason and one example; sizes are bounded.

use std::collections::BTreeMap;

/// Most different reasons that are told apart; what lies beyond is counted under one.
const REASONS_MAX: usize = 40;
/// Most rows of a preview.
pub const PREVIEW_ROWS: usize = 8;

/// How often, and where first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub times: u64,
    /// The first feature that it happened to.
    pub first: String,
}

/// What happened to the features of one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Features of the file that were looked at.
    pub read: u64,
    /// Features of the layer that came of them.
    pub made: u64,
    /// Reasons why features were left out.
    pub skipped: BTreeMap<String, Count>,
    /// What was changed or assumed.
    pub noted: BTreeMap<String, Count>,
    /// The first features that were made: code, name, what it is, where.
    pub preview: Vec<[String; 4]>,
}

impl Report {
    pub(crate) fn skip(&mut self, reason: impl Into<String>, label: &str) {
        count(&mut self.skipped, reason.into(), label);
    }

    pub(crate) fn note(&mut self, what: impl Into<String>, label: &str) {
        count(&mut self.noted, what.into(), label);
    }

    pub(crate) fn show(&mut self, row: [String; 4]) {
        if self.preview.len() < PREVIEW_ROWS {
            self.preview.push(row);
        }
    }

    /// How many features were left out.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().map(|count| count.times).sum()
    }
}

fn count(counts: &mut BTreeMap<String, Count>, reason: String, label: &str) {
    let reason =
        if counts.len() < REASONS_MAX || counts.contains_key(&reason) { reason } else { "other reasons".to_owned() };
    counts.entry(reason).or_insert_with(|| Count { times: 0, first: label.to_owned() }).times += 1;
}
