//! Reads JSON into flat records of named scalars, and nothing more than that.
//! Used by the plain decoder and by SenML's; both formats are one object or a list of objects without nesting.
//! A key that stands twice in one record is refused: which of the two is meant can't be known.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::Misread;
use crate::sensors::reason::Reason;

/// One field's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Number(f64),
    Text(String),
    Bool(bool),
    Null,
    /// An object or a list.
    Nested,
}

impl Scalar {
    /// A finite number, also from a text with Latin, Persian or Arabic digits.
    pub(super) fn number(&self) -> Result<f64, &'static str> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(text) => maps::latin_digits(text.trim()).parse().map_err(|_| "is a text that is no number")?,
            Self::Bool(_) => return Err("is true or false, not a number"),
            Self::Null => return Err("is null"),
            Self::Nested => return Err("is an object or a list, not a number"),
        };
        // `NaN` and `inf` are numbers to Rust's parser.
        if number.is_finite() { Ok(number) } else { Err("is not a finite number") }
    }
}

/// One object: its fields in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record(pub(super) Vec<(String, Scalar)>);

impl Record {
    pub(super) fn field(&self, name: &str) -> Option<&Scalar> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// A payload: one object or a list of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Records {
    pub(super) is_list: bool,
    pub(super) records: Vec<Record>,
}

/// Marks the error of a list that is too long, which serde can only carry as text.
const TOO_MANY: &str = "too many records";

/// Reads a payload with at most `records_max` records.
pub(super) fn read(payload: &[u8], records_max: usize) -> Result<Records, Misread> {
    let mut json = serde_json::Deserializer::from_slice(payload);
    let records = json
        .deserialize_any(RecordsVisitor { records_max })
        .and_then(|records| json.end().map(|()| records))
        .map_err(|fault| {
            let detail = fault.to_string();
            let reason = if detail.starts_with(TOO_MANY) { Reason::TooMany } else { Reason::BadPayload };
            Misread { reason, detail: format!("not the JSON of readings: {detail}") }
        })?;
    Ok(records)
}

struct RecordsVisitor {
    records_max: usize,
}

impl<'de> Visitor<'de> for RecordsVisitor {
    type Value = Records;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Records, A::Error> {
        Ok(Records { is_list: false, records: vec![RecordVisitor.visit_map(map)?] })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Records, A::Error> {
        let mut records = Vec::new();
        while let Some(record) = list.next_element::<Record>()? {
            if records.len() == self.records_max {
                return Err(A::Error::custom(format!("{TOO_MANY}: at most {}", self.records_max)));
            }
            records.push(record);
        }
        Ok(Records { is_list: true, records })
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

/// Fields of one record: more than this is no reading of ours.
pub(super) const FIELDS_MAX: usize = 64;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        while let Some((name, value)) = map.next_entry::<String, Scalar>()? {
            if record.field(&name).is_some() {
                return Err(A::Error::custom(format!("“{}” stands twice in one record", short(&name))));
            }
            if record.0.len() == FIELDS_MAX {
                return Err(A::Error::custom(format!("a record has more than {FIELDS_MAX} fields")));
            }
            record.0.push((name, value));
        }
        Ok(record)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nested)
    }
}

/// The beginning of a text that somebody sent, for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
