//! Takes the keys of a profile's tables: each of its kind, and every fault noted with its place.
//! Called by `rules` only.
//! A key that nobody asked for is a fault, so that a slip of the pen never silently loses a rule.

use std::collections::BTreeSet;

use super::Gravity;
use super::element::Element;
use crate::fault::Fault;

/// The keys of one table: each is asked for once, and what nobody asked for is a fault.
pub(super) struct Keys<'t, 'f> {
    table: &'t toml::Table,
    pub(super) at: String,
    pub(super) faults: &'f mut Vec<Fault>,
    asked: BTreeSet<&'static str>,
    forgiving: bool,
}

impl<'t, 'f> Keys<'t, 'f> {
    pub(super) const fn new(table: &'t toml::Table, at: String, faults: &'f mut Vec<Fault>) -> Self {
        Self { table, at, faults, asked: BTreeSet::new(), forgiving: false }
    }

    pub(super) fn fault(&mut self, key: &str, what: String) {
        let at = if self.at.is_empty() { key.to_owned() } else { format!("{}: {key}", self.at) };
        self.faults.push(Fault::new(at, what));
    }

    fn value(&mut self, key: &'static str) -> Option<&'t toml::Value> {
        self.asked.insert(key);
        self.table.get(key)
    }

    pub(super) fn there(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn forgive(&mut self) {
        self.forgiving = true;
    }

    pub(super) fn no_others(&mut self) {
        let table = self.table;
        if self.forgiving {
            return;
        }
        for key in table.keys().filter(|key| !self.asked.contains(key.as_str())).collect::<Vec<_>>() {
            self.fault(key, "is no key here".into());
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key) {
            Some(toml::Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Some(_) => {
                self.fault(key, "want a text that is not empty".into());
                None
            }
            None => {
                self.fault(key, "missing".into());
                None
            }
        }
    }

    pub(super) fn code(&mut self, key: &'static str) -> Option<String> {
        let code = self.text(key)?;
        let well = code.len() <= 60
            && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && code.starts_with(|c: char| c.is_ascii_lowercase());
        if !well {
            self.fault(key, format!("“{code}” is no name: small letters, digits and hyphens, at most 60"));
            return None;
        }
        Some(code)
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let list = self.value(key).and_then(toml::Value::as_array);
        let texts: Option<Vec<String>> =
            list.and_then(|list| list.iter().map(|one| one.as_str().map(str::to_owned)).collect());
        let texts = texts.filter(|texts| !texts.is_empty() && texts.iter().all(|text| !text.trim().is_empty()));
        if texts.is_none() {
            self.fault(key, "want a list of texts".into());
        }
        texts
    }

    pub(super) fn number(&mut self, key: &'static str) -> Option<usize> {
        let value = self.value(key)?;
        let number =
            value.as_integer().and_then(|number| usize::try_from(number).ok()).filter(|number| *number <= 1_000_000);
        if number.is_none() {
            self.fault(key, "want a whole number from 0 to 1,000,000".into());
        }
        number
    }

    pub(super) fn needed_number(&mut self, key: &'static str) -> Option<usize> {
        if !self.there(key) {
            self.fault(key, "missing".into());
        }
        self.number(key)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        match self.value(key) {
            Some(toml::Value::Boolean(flag)) => *flag,
            None => false,
            Some(_) => {
                self.fault(key, "want true or false".into());
                false
            }
        }
    }

    pub(super) fn gravity(&mut self) -> Option<Gravity> {
        let word = self.text("severity")?;
        let gravity = word.parse();
        if gravity.is_err() {
            self.fault("severity", format!("“{word}” is none of error, warning, hint"));
        }
        gravity.ok()
    }

    fn element_of(&mut self, key: &str, text: &str) -> Option<Element> {
        let element = Element::parse(text);
        if element.is_none() {
            self.fault(key, format!("“{text}” is no element; write it like info/expires or alert/note"));
        }
        element
    }

    pub(super) fn element(&mut self, key: &'static str) -> Option<Element> {
        let text = self.text(key)?;
        self.element_of(key, &text)
    }

    /// One `element` or several `elements`.
    pub(super) fn any_elements(&mut self) -> Option<Vec<Element>> {
        if self.there("element") {
            return Some(vec![self.element("element")?]);
        }
        let texts = self.texts("elements")?;
        // All are looked at before one that is none ends it.
        let elements: Vec<Option<Element>> = texts.iter().map(|text| self.element_of("elements", text)).collect();
        elements.into_iter().collect()
    }

    /// As `any_elements`, all children of the same parent.
    pub(super) fn elements(&mut self) -> Option<Vec<Element>> {
        let elements = self.any_elements()?;
        if elements.iter().any(|one| one.level() != elements[0].level()) {
            self.fault("elements", "want children of one parent".into());
        }
        Some(elements)
    }

    /// The `valueName`s of a pair: one text or a list.
    pub(super) fn names(&mut self, element: Option<Element>) -> Vec<String> {
        if !self.there("name") {
            return Vec::new();
        }
        let names = if self.table.get("name").is_some_and(toml::Value::is_array) {
            self.texts("name").unwrap_or_default()
        } else {
            self.text("name").into_iter().collect()
        };
        if element.is_some_and(|element| !element.is_pair()) {
            self.fault("name", "only eventCode, parameter and geocode have names".into());
        }
        names
    }

    pub(super) fn words<T: Copy, const N: usize>(
        &mut self,
        key: &'static str,
        known: [&str; N],
        all: &[T; N],
    ) -> Vec<T> {
        if !self.there(key) {
            return Vec::new();
        }
        let mut words = Vec::new();
        for text in self.texts(key).unwrap_or_default() {
            match known.iter().position(|word| *word == text) {
                Some(i) => words.push(all[i]),
                None => self.fault(key, format!("“{text}” is none of {}", known.join(", "))),
            }
        }
        words
    }

    pub(super) fn table(&mut self, key: &'static str) -> Option<&'t toml::Table> {
        let value = self.value(key)?;
        if !value.is_table() {
            self.fault(key, "want a table".into());
        }
        value.as_table()
    }

    pub(super) fn tables(&mut self, key: &'static str) -> Vec<&'t toml::Table> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let tables: Option<Vec<&toml::Table>> =
            value.as_array().and_then(|list| list.iter().map(toml::Value::as_table).collect());
        if tables.is_none() {
            self.fault(key, format!("want [[{key}]] tables"));
        }
        tables.unwrap_or_default()
    }
}
