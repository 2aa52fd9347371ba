//! What is wrong with a map, in words that tell its maker what to do.
//! Made by the readers and by `City::build`; shown by `hamyar maps check` and by the service at start.
//! All faults of all files come at once, up to a bound, and each names file, feature and property.

use serde::Serialize;

/// Most faults that are listed; what lies beyond is counted in one last line.
pub const FAULTS_MAX: usize = 200;

/// One thing that is wrong with the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Name of the file, as `zones.geojson`.
    pub file: String,
    /// Code of the feature, or `#3` (counted from 1) when it has none.
    pub feature: Option<String>,
    /// Property of the feature, or `geometry`.
    pub property: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Fault {
    fn at(at: At<'_>, what: String, fix: String) -> Fault {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Fault { file: at.file.to_owned(), feature: said(at.feature), property: said(at.property), what, fix }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.file)?;
        if let Some(feature) = &self.feature {
            write!(out, ", feature “{feature}”")?;
        }
        if let Some(property) = &self.property {
            write!(out, ", {property}")?;
        }
        write!(out, ": {}; {}", self.what, self.fix)
    }
}

/// A bounded list of faults.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    listed: Vec<Fault>,
    beyond: usize,
    notes: Vec<Fault>,
}

impl Faults {
    pub(crate) fn add(&mut self, at: At<'_>, what: impl Into<String>, fix: impl Into<String>) {
        if self.listed.len() >= FAULTS_MAX {
            self.beyond += 1;
            return;
        }
        self.listed.push(Fault::at(at, what.into(), fix.into()));
    }

    /// Notes what was mended, which is no fault; at most [`FAULTS_MAX`] are kept.
    pub(crate) fn note(&mut self, at: At<'_>, what: impl Into<String>, fix: impl Into<String>) {
        if self.notes.len() < FAULTS_MAX {
            self.notes.push(Fault::at(at, what.into(), fix.into()));
        }
    }

    /// The notes in an order that does not depend on the order of features.
    pub(crate) fn take_notes(&mut self) -> Vec<Fault> {
        let mut notes = std::mem::take(&mut self.notes);
        notes.sort_by(|a, b| (&a.file, &a.feature, &a.what).cmp(&(&b.file, &b.feature, &b.what)));
        notes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    pub(crate) fn into_list(mut self) -> Vec<Fault> {
        if self.beyond > 0 {
            self.listed.push(Fault {
                file: "(all)".to_owned(),
                feature: None,
                property: None,
                what: format!("{} more faults are not listed", self.beyond),
                fix: "mend the listed ones and check again".to_owned(),
            });
        }
        self.listed
    }
}

/// Where a fault is; an empty text means "not said".
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) file: &'a str,
    pub(crate) feature: &'a str,
    pub(crate) property: &'a str,
}

impl<'a> At<'a> {
    pub(crate) fn file(file: &'a str) -> At<'a> {
        At { file, feature: "", property: "" }
    }

    pub(crate) fn feature(self, feature: &'a str) -> At<'a> {
        At { feature, ..self }
    }

    pub(crate) fn property(self, property: &'a str) -> At<'a> {
        At { property, ..self }
    }
}
