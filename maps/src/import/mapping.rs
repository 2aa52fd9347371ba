//! Columns of a file of others become properties of ours.
//! Made by the command from `--map`, `--set` and `--word`; applied to each record by `layer`.
//! A column that was named and never found is a fault, so that a misspelt name does not silently lose what it holds.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Place, code};
use crate::latin_digits;

/// Properties that are taken from a column of the same name when nothing else is said.
const OWN_NAMES: [&str; 20] = [
    "code",
    "name",
    "aliases",
    "kind",
    "parent",
    "population",
    "elevation_m",
    "flows_into",
    "travel_minutes",
    "quantity",
    "reach",
    "datum_m",
    "thresholds",
    "expected_interval_secs",
    "class",
    "bridge",
    "tunnel",
    "ford",
    "oneway",
    "levels",
];
/// Of these the values are codes of features.
const CODES: [&str; 4] = ["code", "parent", "flows_into", "reach"];
/// Of these the values are numbers.
const NUMBERS: [&str; 4] = ["elevation_m", "travel_minutes", "datum_m", "levels"];
/// Of these the values are whole numbers.
const WHOLES: [&str; 2] = ["population", "expected_interval_secs"];
/// Of these the values are true or false.
const FLAGS: [&str; 4] = ["bridge", "tunnel", "ford", "oneway"];
/// Most entries that one may give.
const ENTRIES_MAX: usize = 100;

/// Which column becomes which property.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    columns: BTreeMap<String, String>,
    constants: BTreeMap<String, String>,
    words: BTreeMap<(String, String), String>,
    found: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Mapping {
    /// `name_fa=NAME_FA,code=ID`: property = column, parted by commas.
    pub fn map(&mut self, text: &str) -> Result<(), String> {
        for entry in text.split(',').filter(|entry| !entry.trim().is_empty()) {
            let (property, column) = parted(entry, '=', "--map name_fa=COLUMN,code=COLUMN")?;
            self.columns.insert(property, column);
        }
        self.bounded()
    }

    /// `kind=district`: property = value, for every feature.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (property, value) = parted(text, '=', "--set kind=district")?;
        self.constants.insert(property, value);
        self.bounded()
    }

    /// `kind:بیمارستان=hospital`: what a value of the file means.
    pub fn word(&mut self, text: &str) -> Result<(), String> {
        const HOW: &str = "--word kind:WORD=hospital";
        let (property, rest) = parted(text, ':', HOW)?;
        let (word, meaning) = rest.rsplit_once('=').ok_or_else(|| format!("“{text:.60}”: write it as {HOW}"))?;
        self.words.insert((property, crate::fold(word)), meaning.trim().to_owned());
        self.bounded()
    }

    fn bounded(&self) -> Result<(), String> {
        let entries = self.columns.len() + self.constants.len() + self.words.len();
        if entries > ENTRIES_MAX { Err(format!("more than {ENTRIES_MAX} columns, values and words")) } else { Ok(()) }
    }

    /// The columns that say where a row of a table lies.
    pub fn place(&self) -> Place {
        let column = |name: &str| self.columns.get(name).cloned();
        Place { wkt: column("wkt"), x: column("lon"), y: column("lat") }
    }

    /// Properties of ours from the columns of a record.
    pub(crate) fn apply(&mut self, columns: &Map<String, Value>) -> Map<String, Value> {
        if self.seen.len() < ENTRIES_MAX {
            self.seen.extend(columns.keys().take(ENTRIES_MAX).cloned());
        }
        let mut properties = Map::new();
        let mut names = Map::new();
        for name in OWN_NAMES {
            if let Some(value) = columns.get(name).filter(|_| !self.columns.contains_key(name)) {
                self.put(&mut properties, &mut names, name, value);
            }
        }
        for (name, value) in columns {
            if let Some(language) =
                name.strip_prefix("name_").or_else(|| name.strip_prefix("name:")).filter(|tag| tag.len() == 2)
            {
                self.put(&mut properties, &mut names, &format!("name_{language}"), value);
            }
        }
        for (property, value) in &self.constants {
            self.put(&mut properties, &mut names, property, &Value::String(value.clone()));
        }
        let mut found = Vec::new();
        for (property, column) in &self.columns {
            if let Some(value) = columns.get(column) {
                found.push(column.clone());
                self.put(&mut properties, &mut names, property, value);
            }
        }
        self.found.extend(found);
        if !names.is_empty() {
            properties.insert("name".to_owned(), Value::Object(names));
        }
        properties
    }

    /// A named column that no record had, and what columns there were.
    pub(crate) fn never_found(&self) -> Option<String> {
        let place = ["wkt", "lon", "lat"];
        let (_, column) = self
            .columns
            .iter()
            .find(|(property, column)| !place.contains(&property.as_str()) && !self.found.contains(*column))?;
        let there = self.seen.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        Some(format!("no feature has a column “{column}”; there are {there:.400}"))
    }

    fn put(&self, properties: &mut Map<String, Value>, names: &mut Map<String, Value>, property: &str, value: &Value) {
        let Some(value) = unpacked(value) else { return };
        if let Some(language) = property.strip_prefix("name_") {
            if let Some(text) = plain(&value) {
                names.insert(language.to_owned(), Value::String(text));
            }
            return;
        }
        if property == "name" {
            match value {
                Value::Object(map) => names.extend(map),
                other => {
                    if let Some(text) = plain(&other) {
                        names.entry(language_of(&text)).or_insert(Value::String(text));
                    }
                }
            }
            return;
        }
        let text = plain(&value);
        let value = match (property, text) {
            (_, Some(text)) if CODES.contains(&property) => Value::String(code(&text)),
            ("aliases", Some(text)) => Value::from(aliases(&text)),
            (_, Some(text)) if FLAGS.contains(&property) => match flag(&text) {
                Some(flag) => Value::Bool(flag),
                None => Value::String(text),
            },
            (_, Some(text)) if NUMBERS.contains(&property) => match number(&text) {
                // Whole numbers stay whole, as whoever wrote them wrote them.
                Some(number) if number.fract() == 0.0 => text.parse::<i64>().map_or(Value::from(number), Value::from),
                Some(number) => Value::from(number),
                None => Value::String(text),
            },
            (_, Some(text)) if WHOLES.contains(&property) => match number(&text) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the guard")]
                Some(number) if (0.0..=1e15).contains(&number) => Value::from(number.round() as u64),
                _ => Value::String(text),
            },
            ("kind" | "class" | "quantity", Some(text)) => Value::String(self.meaning(property, &text)),
            _ => value,
        };
        properties.insert(property.to_owned(), value);
    }

    fn meaning(&self, property: &str, text: &str) -> String {
        match self.words.get(&(property.to_owned(), crate::fold(text))) {
            Some(meaning) => meaning.clone(),
            None => text.trim().to_lowercase().replace([' ', '-'], "_"),
        }
    }
}

fn parted(entry: &str, mark: char, how: &str) -> Result<(String, String), String> {
    let parts = entry.split_once(mark).map(|(one, other)| (one.trim(), other.trim()));
    match parts.filter(|(property, value)| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        !property.is_empty() && property.len() <= 40 && property.bytes().all(plain) && !value.is_empty()
    }) {
        Some((property, value)) => Ok((property.to_owned(), value.to_owned())),
        None => Err(format!("“{entry:.60}”: write it as {how}")),
    }
}

/// A value, or what stands as JSON in a text: tables without columns of maps and lists keep them so.
fn unpacked(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            Some(serde_json::from_str(text).unwrap_or_else(|_| value.clone()))
        }
        other => Some(other.clone()),
    }
}

/// The text of a plain value; a whole number without its decimals.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => Some(format!("{float:.0}")),
            _ => Some(number.to_string()),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(text: &str) -> Option<f64> {
    latin_digits(text).replace(['٬', '_'], "").trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "t" | "1" | "بله" => Some(true),
        "false" | "no" | "n" | "f" | "0" | "خیر" => Some(false),
        _ => None,
    }
}

/// Parted by semicolons or bars, as OpenStreetMap and tables do.
///
/// GDAL writes a list as `(2:one,other)` where a format has none; it is taken as that when the number is right.
pub(crate) fn aliases(text: &str) -> Vec<String> {
    let of_gdal = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).and_then(|text| text.split_once(':'));
    let listed = of_gdal
        .filter(|(count, list)| count.parse() == Ok(list.split(',').count()))
        .map(|(_, list)| list.replace(',', ";"));
    let mut list: Vec<String> = Vec::new();
    for alias in
        listed.as_deref().unwrap_or(text).split([';', '؛', '|']).map(str::trim).filter(|alias| !alias.is_empty())
    {
        if list.iter().all(|there| there != alias) {
            list.push(alias.to_owned());
        }
    }
    list
}

/// Persian when it has a letter of the Arabic script, else English: for names whose language nobody says.
pub(crate) fn language_of(text: &str) -> String {
    let arabic =
        |letter: char| matches!(letter, '\u{0600}'..='\u{06FF}' | '\u{0750}'..='\u{077F}' | '\u{FB50}'..='\u{FEFC}');
    if text.chars().any(arabic) { "fa" } else { "en" }.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn columns(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn columns_become_properties() {
        let mut mapping = Mapping::default();
        mapping.map("name_fa=NAME_FA, name_en=NAME_EN,code=ID,population=POP,kind=TYPE").unwrap();
        mapping.set("parent=Hamadan").unwrap();
        mapping.word("kind:محله=neighbourhood").unwrap();
        let made = mapping.apply(&columns(&json!({
            "NAME_FA": "جولان", "NAME_EN": "Julan", "ID": 12.0, "POP": "۱۲٬۰۰۰", "TYPE": "محله", "OTHER": 1
        })));
        assert_eq!(
            Value::Object(made),
            json!({"parent": "hamadan", "code": "12", "kind": "neighbourhood", "population": 12000, "name": {"en": "Julan", "fa": "جولان"}})
        );
        assert_eq!(mapping.never_found(), None);
    }

    #[test]
    fn what_a_table_keeps_as_json_is_unpacked_and_own_names_are_known() {
        let mut mapping = Mapping::default();
        let made = mapping.apply(&columns(&json!({
            "code": "julan", "name": "{ \"fa\": \"جولان\" }", "aliases": "[ \"کوی جولان\" ]", "bridge": "yes", "elevation_m": "1,8"
        })));
        assert_eq!(
            Value::Object(made),
            json!({"code": "julan", "aliases": ["کوی جولان"], "elevation_m": "1,8", "bridge": true, "name": {"fa": "جولان"}})
        );
        assert_eq!(aliases("(2:کوی جولان,Julan)"), ["کوی جولان", "Julan"]);
        assert_eq!(aliases("(3:a,b)"), ["(3:a,b)"]);
        let made = mapping.apply(&columns(&json!({"name": "Julan", "name:fa": "جولان", "aliases": "a; b;a"})));
        assert_eq!(Value::Object(made), json!({"aliases": ["a", "b"], "name": {"en": "Julan", "fa": "جولان"}}));
    }

    #[test]
    fn a_misspelt_column_is_told() {
        let mut mapping = Mapping::default();
        mapping.map("code=IDD").unwrap();
        mapping.apply(&columns(&json!({"ID": 1})));
        assert!(mapping.never_found().unwrap().contains("“IDD”; there are ID"));
        assert!(mapping.map("code").unwrap_err().contains("--map"));
        assert!(mapping.map("Code=x").is_err());
        assert!(mapping.word("kind:x").unwrap_err().contains("--word"));
    }
}
