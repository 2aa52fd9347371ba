//! In which format a message is, and the decoder of each: chosen by the configuration for a sensor or for a topic filter.
//! Made once at the start (every fault of every format and mapping listed at once), used by `accept` and `hamyar sensor try`.
//! Without configuration everything is our own format, read by `decode`.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Decoded, Message, Misread, bounded, cbor, chirpstack, decode,
    json::{self, Records, short},
    mapping::{self, Mapping},
    senml, sensorthings, sparkplug, tasmota, things_stack,
};
use crate::{config::formats as settings, sensors::reason::Reason};

/// One way to read messages.
#[derive(Clone, Debug)]
pub enum Format {
    /// Our own plain JSON, or SenML JSON with our names.
    Hamyar,
    /// SenML JSON; the part of the names before ours is the device.
    Senml,
    /// SenML CBOR (RFC 8428, 6); as SenML JSON.
    SenmlCbor,
    /// JSON of any shape, or bare numbers.
    Mapped(Mapping),
    /// OGC SensorThings API 1.1 Observations.
    SensorThings(Mapping),
    /// Events of ChirpStack v4.
    ChirpStack(Mapping),
    /// Uplinks of The Things Stack v3; without a mapping their normalized payload.
    TheThingsStack(Option<Mapping>),
    /// Sparkplug B.
    SparkplugB(Mapping),
    /// Tasmota, with the zone of its local times.
    Tasmota(Mapping, TimeZone),
}

/// The words for formats.
pub const WORDS: [&str; 9] = [
    "hamyar",
    "senml",
    "senml_cbor",
    "mapped",
    "sensorthings",
    "chirpstack",
    "the_things_stack",
    "sparkplug_b",
    "tasmota",
];

/// What decoders remember between messages. One per stream of messages that come in order.
#[derive(Debug, Default)]
pub struct Memory {
    edges: sparkplug::Edges,
}

impl Format {
    /// Makes a format of its settings and of the mapping that they name.
    ///
    /// Errors: every fault at once, as a key (of the format, or below `mapping.`) and what is wrong.
    pub fn new(given: &settings::Format, mapping: Option<&settings::Mapping>) -> Result<Self, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let word = given.format.as_str();
        if !WORDS.contains(&word) {
            faults.push(("format".into(), format!("“{}” is none of {}", short(word), WORDS.join(", "))));
        }
        let by_name = matches!(word, "sensorthings" | "sparkplug_b");
        let mapping = mapping.and_then(|mapping| {
            let below = |(key, what): (String, String)| (format!("mapping.{key}"), what);
            Mapping::new(mapping, by_name).map_err(|found| faults.extend(found.into_iter().map(below))).ok()
        });
        let takes_none = matches!(word, "hamyar" | "senml" | "senml_cbor");
        if takes_none && mapping.is_some() {
            faults.push(("mapping".into(), format!("{word} has its own names and units and takes no mapping")));
        }
        let zone = match (word, given.time_zone.as_str()) {
            ("tasmota", name) => mapping::zone(name).map_err(|what| faults.push(("time_zone".into(), what))).ok(),
            (_, "") => None,
            _ => {
                faults.push(("time_zone".into(), "is for tasmota only; a mapping has its own".into()));
                None
            }
        };
        let needs_one = !takes_none && WORDS.contains(&word) && word != "the_things_stack";
        if needs_one && mapping.is_none() && !faults.iter().any(|(key, _)| key.starts_with("mapping")) {
            faults.push(("mapping".into(), format!("{word} needs one: which value is which quantity")));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(match (word, mapping, zone) {
            ("senml", ..) => Self::Senml,
            ("senml_cbor", ..) => Self::SenmlCbor,
            ("mapped", Some(mapping), _) => Self::Mapped(mapping),
            ("sensorthings", Some(mapping), _) => Self::SensorThings(mapping),
            ("chirpstack", Some(mapping), _) => Self::ChirpStack(mapping),
            ("the_things_stack", mapping, _) => Self::TheThingsStack(mapping),
            ("sparkplug_b", Some(mapping), _) => Self::SparkplugB(mapping),
            ("tasmota", Some(mapping), Some(zone)) => Self::Tasmota(mapping, zone),
            _ => Self::Hamyar,
        })
    }

    /// Reads a message. `now` is what relative times count from; `records_max` bounds records and values.
    pub fn decode(&self, message: Message<'_>, now: Timestamp, records_max: usize, memory: &mut Memory) -> Decoded {
        let decoded = match self {
            Self::Hamyar => return decode(message.payload, now, records_max),
            Self::Senml => match json::read(message.payload, records_max) {
                Ok(Records { records, .. }) => named(&records, now),
                Err(fault) => Decoded { misread: vec![fault], ..Decoded::default() },
            },
            Self::SenmlCbor => match cbor::read(message.payload, records_max) {
                Ok(records) => named(&records, now),
                Err(fault) => Decoded { misread: vec![fault], ..Decoded::default() },
            },
            Self::Mapped(mapping) => mapping.decode(message, records_max),
            Self::SensorThings(mapping) => sensorthings::decode(message, mapping),
            Self::ChirpStack(mapping) => chirpstack::decode(message, mapping, records_max),
            Self::TheThingsStack(mapping) => things_stack::decode(message, mapping.as_ref(), records_max),
            Self::SparkplugB(mapping) => sparkplug::decode(message, mapping, &mut memory.edges, records_max),
            Self::Tasmota(mapping, zone) => tasmota::decode(message, mapping, zone, records_max),
        };
        bounded(decoded, records_max)
    }
}

/// SenML whose names tell the device: all of one message must be of one.
fn named(records: &[json::Record], now: Timestamp) -> Decoded {
    let mut decoded = senml::decode(records, now);
    match senml::device(records) {
        Ok(device) => decoded.device = device,
        Err(fault) => decoded = Decoded { misread: vec![fault], ..Decoded::default() },
    }
    if decoded.claims.is_empty() && decoded.misread.is_empty() {
        decoded.misread.push(Misread::payload("there is no value in it"));
    }
    decoded
}

/// A configured format: which messages it reads, and whose they are.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the operator named it.
    pub name: String,
    /// How its messages are read.
    pub format: Format,
    /// Topic filter of its messages; empty: none.
    pub topic: String,
    /// The only account that may bring them; empty: any.
    pub account: String,
    /// The device in its own words to the code of our sensor.
    pub devices: BTreeMap<String, String>,
}

impl Source {
    /// The code of the sensor whose message it is: the one that the device's name stands for, or the name itself.
    ///
    /// Names of LoRaWAN devices differ in upper and lower case only by accident; everything else is compared as it is.
    pub fn sensor_of<'a>(&'a self, device: &'a str) -> &'a str {
        let same = |known: &str| match self.format {
            Format::ChirpStack(_) => known.eq_ignore_ascii_case(device),
            _ => known == device,
        };
        self.devices.iter().find(|(known, _)| same(known)).map_or(device, |(_, sensor)| sensor.as_str())
    }
}

/// Every configured format. Default: none, everything is ours.
#[derive(Clone, Debug, Default)]
pub struct Formats {
    sources: Vec<Source>,
    of_sensor: BTreeMap<String, usize>,
}

impl Formats {
    /// Checks `[sensors.formats]` and `[sensors.mappings]`. Errors: every fault at once, as its dotted key and what is wrong.
    pub fn new(
        formats: &BTreeMap<String, settings::Format>,
        mappings: &BTreeMap<String, settings::Mapping>,
        is_code: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<(String, String)>> {
        let mut faults = Vec::new();
        let mut all = Self::default();
        for (name, given) in formats {
            let key = |key: &str| format!("sensors.formats.{name}.{key}");
            let mapping = mappings.get(&given.mapping);
            if !given.mapping.is_empty() && mapping.is_none() {
                faults.push((key("mapping"), format!("there is no [sensors.mappings.{}]", given.mapping)));
                continue;
            }
            if given.topic.is_empty() && given.sensors.is_empty() {
                faults.push((key("topic"), "give a topic filter, or the sensors whose messages are read so".into()));
            }
            if !given.topic.is_empty() && !is_filter(&given.topic) {
                let want = "want one like application/+/device/+/event/+ that begins with a word";
                faults.push((key("topic"), format!("“{}” is no topic filter of one system: {want}", given.topic)));
            }
            let topic_tells = ["sensorthings", "chirpstack", "the_things_stack", "sparkplug_b", "tasmota"]
                .contains(&given.format.as_str());
            if topic_tells && !given.sensors.is_empty() {
                let what = format!("{} has topics of its own: give topic and devices instead", given.format);
                faults.push((key("sensors"), what));
            }
            if given.topic.is_empty() && !given.account.is_empty() {
                faults.push((key("account"), "is for messages of a topic filter".into()));
            }
            let codes = given.sensors.iter().chain(given.devices.values());
            for code in codes.filter(|code| !is_code(code)) {
                faults.push((key("sensors"), format!("“{}” is no sensor's code", short(code))));
            }
            for sensor in &given.sensors {
                if all.of_sensor.insert(sensor.clone(), all.sources.len()).is_some() {
                    faults.push((key("sensors"), format!("“{}” has two formats", short(sensor))));
                }
            }
            match Format::new(given, mapping) {
                Ok(format) => all.sources.push(Source {
                    name: name.clone(),
                    format,
                    topic: given.topic.clone(),
                    account: given.account.clone(),
                    devices: given.devices.clone(),
                }),
                Err(found) => {
                    let of_mapping = format!("sensors.mappings.{}.", given.mapping);
                    faults.extend(found.into_iter().map(|(below, what)| match below.strip_prefix("mapping.") {
                        Some(below) => (format!("{of_mapping}{below}"), what),
                        None => (key(&below), what),
                    }));
                }
            }
        }
        for name in mappings.keys().filter(|name| !formats.values().any(|format| format.mapping == **name)) {
            let what = "no [sensors.formats.NAME] uses it".to_owned();
            faults.push((format!("sensors.mappings.{name}"), what));
        }
        faults.sort();
        faults.dedup();
        if faults.is_empty() { Ok(all) } else { Err(faults) }
    }

    /// The format of a sensor's own topic; none: ours.
    pub fn of_sensor(&self, code: &str) -> Option<&Source> {
        self.of_sensor.get(code).and_then(|at| self.sources.get(*at))
    }

    /// All of them, in the order of their names.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }
}

/// Whether a text is a topic filter of MQTT (4.7.1 of MQTT 5), and none that takes everybody's messages.
fn is_filter(text: &str) -> bool {
    let levels: Vec<&str> = text.split('/').collect();
    !text.starts_with(['$', '+', '#'])
        && levels.iter().enumerate().all(|(at, level)| match *level {
            "+" => true,
            "#" => at + 1 == levels.len(),
            word => !word.contains(['+', '#', '\0']),
        })
}

/// A fault without anything else.
impl Decoded {
    pub(super) fn fault(reason: Reason, detail: impl Into<String>) -> Self {
        Self { misread: vec![Misread { reason, detail: detail.into() }], ..Self::default() }
    }
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;
