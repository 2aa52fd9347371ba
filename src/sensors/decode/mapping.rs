//! Reads messages of any shape by a mapping from the configuration: where each value stands, in which unit, and when it was measured.
//! Made when the service starts, with every fault listed at once; used alone and by the decoders of other systems' messages.
//! A field that is not there or is null is no value; one that is there and can't be read is told by name.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Claim, Decoded, Message, Misread,
    json::short,
    text::{self, TimeForm},
    tree::{self, Node, Pointer},
    units::{self, Turn},
};
use crate::{
    config::formats as settings,
    sensors::{quantity::Quantity, reason::Reason},
};

/// A checked mapping.
#[derive(Clone, Debug)]
pub struct Mapping {
    body: Body,
    topic: Option<Template>,
    records: Option<Pointer>,
    device: Option<Pointer>,
    sequence: Option<Pointer>,
    time: Option<(Pointer, TimeForm)>,
    decimal_comma: bool,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Json,
    Text,
}

/// One value of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// As the operator wrote it: for formats whose values have names instead of places.
    pub(super) at: String,
    pointer: Option<Pointer>,
    named: Option<String>,
    pub(super) quantity: Quantity,
    /// The UCUM code.
    pub(super) unit: String,
    turn: Turn,
    scale: f64,
    offset: f64,
    missing: Vec<f64>,
}

impl Field {
    /// The device's number in our unit; none when it says that it has no value.
    pub(super) fn value(&self, number: f64) -> Result<Option<f64>, String> {
        if self.missing.contains(&number) {
            return Ok(None);
        }
        let value = self.turn.apply(number * self.scale + self.offset);
        if value.is_finite() { Ok(Some(value)) } else { Err("is not a finite number in our unit".into()) }
    }
}

/// Levels of a topic with names, such as `sensors/{device}/{quantity}`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Template(Vec<Level>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Level {
    Word(String),
    Device,
    Quantity,
    Any,
}

/// What a topic said by a template.
#[derive(Debug, Default, PartialEq, Eq)]
struct FromTopic<'a> {
    device: Option<&'a str>,
    quantity: Option<&'a str>,
}

impl Template {
    fn new(text: &str) -> Result<Self, String> {
        let mut levels = Vec::new();
        for word in text.split('/') {
            let level = match word {
                "{device}" => Level::Device,
                "{quantity}" => Level::Quantity,
                _ if word.starts_with('{') && word.ends_with('}') => Level::Any,
                _ if word.is_empty() || word.contains(['{', '}', '+', '#']) => {
                    return Err(format!("“{text}” is no template: each level is a word or {{name}}"));
                }
                _ => Level::Word(word.to_owned()),
            };
            if matches!(level, Level::Device | Level::Quantity) && levels.contains(&level) {
                return Err(format!("“{text}” has {word} twice"));
            }
            levels.push(level);
        }
        Ok(Self(levels))
    }

    fn read<'a>(&self, topic: &'a str) -> Option<FromTopic<'a>> {
        let mut words = topic.split('/');
        let mut found = FromTopic::default();
        for level in &self.0 {
            let word = words.next()?;
            match level {
                Level::Word(known) if known == word => {}
                Level::Word(_) => return None,
                Level::Device => found.device = Some(word),
                Level::Quantity => found.quantity = Some(word),
                Level::Any => {}
            }
        }
        words.next().is_none().then_some(found)
    }
}

/// The IANA zone of a name.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("“{name}” is not an IANA time zone like Asia/Tehran"))
}

impl Mapping {
    /// Checks a mapping. `by_name`: its values stand under names (metrics, Datastreams), not at places.
    ///
    /// Errors: every fault at once, as the key below the mapping's own and what is wrong.
    pub fn new(given: &settings::Mapping, by_name: bool) -> Result<Self, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let mut fault = |key: &str, what: String| faults.push((key.to_owned(), what));
        let body = match given.payload.as_str() {
            "json" => Body::Json,
            "text" => Body::Text,
            other => {
                fault("payload", format!("“{other}” is neither json nor text"));
                Body::Json
            }
        };
        let topic = match given.topic.as_str() {
            "" => None,
            text => Template::new(text).map_err(|what| fault("topic", what)).ok(),
        };
        let mut pointer = |key: &str, text: Option<&String>| {
            text.and_then(|text| Pointer::new(text).map_err(|what| fault(key, what)).ok())
        };
        let records = pointer("records", given.records.as_ref());
        let device = pointer("device", given.device.as_ref());
        let sequence = pointer("sequence", given.sequence.as_ref());
        let at = pointer("time", given.time.as_ref());
        let form = match given.time_form.as_str() {
            "rfc3339" => Some(TimeForm::Rfc3339),
            "epoch_s" => Some(TimeForm::Epoch(1)),
            "epoch_ms" => Some(TimeForm::Epoch(1_000)),
            "epoch_us" => Some(TimeForm::Epoch(1_000_000)),
            "local" => zone(&given.time_zone).map_err(|what| fault("time_zone", what)).ok().map(TimeForm::Local),
            "none" => None,
            other => {
                let known = "rfc3339, epoch_s, epoch_ms, epoch_us, local or none";
                fault("time_form", format!("“{other}” is none of {known}"));
                None
            }
        };
        if given.time_form == "none" && given.time.is_some() {
            fault("time", "is given, but time_form is none".into());
        }
        if given.time_form != "local" && !given.time_zone.is_empty() {
            fault("time_zone", "is for time_form = \"local\" only".into());
        }
        if body == Body::Text && (records.is_some() || device.is_some() || sequence.is_some() || at.is_some()) {
            fault("payload", "text is a bare number: it has no records, device, sequence or time in it".into());
        }
        if given.fields.is_empty() {
            fault("fields", "nothing is read: want at least one [[…fields]]".into());
        }
        let by_topic = topic.as_ref().is_some_and(|template| template.0.contains(&Level::Quantity));
        let mut fields = Vec::new();
        for (at, field) in given.fields.iter().enumerate() {
            match check(field, by_name, by_topic) {
                Ok(field) => fields.push(field),
                Err(found) => {
                    faults.extend(found.into_iter().map(|(key, what)| (format!("fields[{at}].{key}"), what)));
                }
            }
        }
        for (at, field) in fields.iter().enumerate() {
            let same = |other: &Field| (&other.at, &other.named) == (&field.at, &field.named);
            if fields[..at].iter().any(same) {
                faults.push(("fields".into(), format!("“{}” is read twice", field.at)));
            }
        }
        let time = at.zip(form);
        if faults.is_empty() {
            let decimal_comma = given.decimal_comma;
            Ok(Self { body, topic, records, device, sequence, time, decimal_comma, fields })
        } else {
            Err(faults)
        }
    }

    /// The field of a name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.at == name)
    }

    /// Whether numbers in texts have a decimal comma.
    pub(super) fn decimal_comma(&self) -> bool {
        self.decimal_comma
    }

    /// The units in which a quantity is told.
    pub(super) fn units_of(&self, quantity: Quantity) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |field| field.quantity == quantity).map(|field| field.unit.as_str())
    }

    /// Reads a message that is nobody's format but the mapping's.
    pub(super) fn decode(&self, message: Message<'_>, records_max: usize) -> Decoded {
        let from_topic = match &self.topic {
            None => FromTopic::default(),
            Some(template) => match template.read(message.topic) {
                Some(found) => found,
                None => return Decoded::fault(Reason::BadTopic, "the topic does not fit the mapping's template"),
            },
        };
        let root = match self.body {
            Body::Json => tree::read(message.payload),
            Body::Text => std::str::from_utf8(message.payload)
                .map(|text| Node::Text(text.to_owned()))
                .map_err(|_| Misread::payload("not a text in UTF-8")),
        };
        let root = match root {
            Ok(root) => root,
            Err(fault) => return Decoded { misread: vec![fault], ..Decoded::default() },
        };
        let mut decoded = Decoded { device: from_topic.device.map(str::to_owned), ..Decoded::default() };
        self.read_into(&mut decoded, &root, None, from_topic.quantity, records_max);
        decoded
    }

    /// Reads the fields of a message of another format, whose own time is `read_at`.
    pub(super) fn read_into(
        &self,
        decoded: &mut Decoded,
        root: &Node,
        read_at: Option<Timestamp>,
        quantity: Option<&str>,
        records_max: usize,
    ) {
        let one = std::slice::from_ref(root);
        let records = match self.records.as_ref().map(|place| (place, place.find(root))) {
            None => one,
            Some((_, Some(Node::List(records)))) => records.as_slice(),
            Some((place, found)) => {
                let is = found.map_or("is missing", Node::kind);
                return decoded.misread.push(Misread::payload(format!("{place} {is}, not a list of records")));
            }
        };
        if records.len() > records_max {
            let detail = format!("{} records in one message; at most {records_max}", records.len());
            return decoded.misread.push(Misread { reason: Reason::TooMany, detail });
        }
        decoded.sequence = decoded.sequence.or(self.sequence.as_ref().and_then(|place| place.find(root)?.count()));
        let mut found = 0;
        for record in records {
            // A name in the record itself says more than one beside the list.
            let claimed = self.device.as_ref().map(|place| (place, place.find(record).or_else(|| place.find(root))));
            if let Some((place, claimed)) = claimed
                && let Err(fault) = name(place, claimed, &mut decoded.device)
            {
                // Whose the values are can't be known: none of them is taken.
                decoded.claims.clear();
                return decoded.misread.push(fault);
            }
            let read_at = match self.time_of(record) {
                Ok(own) => own.or(read_at),
                Err(fault) => {
                    // Without its time nothing in the record can be placed.
                    decoded.misread.push(fault);
                    found += 1;
                    continue;
                }
            };
            for field in self.fields.iter().filter(|field| field.is_meant(quantity)) {
                let Some((place, node)) = field.pointer.as_ref().and_then(|place| Some((place, place.find(record)?)))
                else {
                    continue;
                };
                found += 1;
                if *node == Node::Null {
                    continue;
                }
                let value = text::number_of(node, self.decimal_comma).map_err(str::to_owned);
                match value.and_then(|number| field.value(number)) {
                    Ok(Some(value)) => decoded.claims.push(Claim { quantity: field.quantity, value, read_at }),
                    Ok(None) => {}
                    Err(why) => decoded.misread.push(Misread::payload(format!("{place} {why}"))),
                }
            }
        }
        if found == 0 && decoded.misread.is_empty() {
            let detail = quantity.map_or_else(
                || "none of the mapping's fields is in it".to_owned(),
                |word| format!("the topic's “{}” is none of the mapping's fields", short(word)),
            );
            decoded.misread.push(Misread::quantity(detail));
        }
    }

    fn time_of(&self, record: &Node) -> Result<Option<Timestamp>, Misread> {
        let Some((place, form)) = &self.time else { return Ok(None) };
        let fault = |why: &str| Misread::payload(format!("time at {place} {why}"));
        // A device that should tell the time and does not may be sending what it kept: it is not taken for fresh.
        let node = place.find(record).ok_or_else(|| fault("is missing"))?;
        form.read(node).map(Some).map_err(|why| fault(&why))
    }
}

/// Takes the device's name, which must be the same wherever it stands.
fn name(place: &Pointer, found: Option<&Node>, known: &mut Option<String>) -> Result<(), Misread> {
    let Some(name) = found.and_then(Node::name) else {
        return Err(Misread::payload(format!("the device's name at {place} is missing")));
    };
    match known {
        Some(known) if *known != name => {
            let (one, other) = (short(known), short(&name));
            Err(Misread::payload(format!("the message is of several devices, “{one}” and “{other}”")))
        }
        _ => {
            *known = Some(name);
            Ok(())
        }
    }
}

impl Field {
    fn is_meant(&self, quantity: Option<&str>) -> bool {
        match (&self.named, quantity) {
            (Some(named), Some(word)) => named == word,
            (Some(_), None) => false,
            (None, _) => true,
        }
    }
}

fn check(given: &settings::Field, by_name: bool, by_topic: bool) -> Result<Field, Vec<(&'static str, String)>> {
    let mut faults = Vec::new();
    let pointer = if by_name {
        if given.at.is_empty() {
            faults.push(("at", "want the name under which the value is sent".into()));
        }
        None
    } else {
        Pointer::new(&given.at).map_err(|what| faults.push(("at", what))).ok()
    };
    let quantity = given.quantity.parse::<Quantity>();
    let turn = match &quantity {
        Ok(quantity) => units::to_ours(&given.unit, *quantity).map_err(|what| faults.push(("unit", what))).ok(),
        Err(what) => {
            faults.push(("quantity", what.to_string()));
            None
        }
    };
    if !given.scale.is_finite() || given.scale == 0.0 {
        faults.push(("scale", "want a finite number that is not 0".into()));
    }
    if !given.offset.is_finite() {
        faults.push(("offset", "want a finite number".into()));
    }
    let named = if by_topic {
        Some(if given.named.is_empty() { given.quantity.clone() } else { given.named.clone() })
    } else {
        if !given.named.is_empty() {
            faults.push(("named", "needs {quantity} in the mapping's topic".into()));
        }
        None
    };
    match (quantity, turn) {
        (Ok(quantity), Some(turn)) if faults.is_empty() => Ok(Field {
            at: given.at.clone(),
            pointer,
            named,
            quantity,
            unit: given.unit.clone(),
            turn,
            scale: given.scale,
            offset: given.offset,
            missing: given.missing.clone(),
        }),
        _ => Err(faults),
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
