//! Holds what people edit as a draft: hazard, level, texts, zones, shapes, times; and turns it into CAP.
//! Filled by `compose` and the service's assessment, edited in the console, approved by its hash, published by `issue`.
//! The hash of a content is the same after any number of trips through JSON or a database.

use std::collections::BTreeMap;

use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::area;
use crate::cap::{
    Alert, Area, CapTime, Categories, Category, Certainty, Identifier, Info, Language, ListItem, MsgType, Pair,
    Reference, ResponseType, Sender, Severity, Status, Text, Urgency, Uri,
};
use crate::fault::Fault;
use crate::level::{Hazard, Level, Texts, text_in};
use crate::message;

/// The longest headline in characters (CAP 1.2 §3.2.2: displays may cut after 160).
pub const HEADLINE_CHARS_MAX: usize = 160;
/// The longest description or instruction in characters.
pub const TEXT_CHARS_MAX: usize = 5_000;
/// The most SMS parts that one text may cost.
pub const SMS_SEGMENTS_MAX: usize = 3;
/// The most zones of one alert.
pub const ZONES_MAX: usize = 1_000;
/// The most positions in all polygons of one draft, before simplification.
pub const POSITIONS_MAX: usize = 50_000;
/// The languages that every alert must have, in the order in which CAP shows them.
pub const LANGUAGES: [&str; 2] = ["fa", "en"];

/// What is said in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// One line, at most 160 characters.
    pub headline: String,
    /// What happens, where, until when.
    pub description: String,
    /// What to do, for everybody.
    pub instruction: String,
    /// What a helper of age should do besides; empty: what everybody should.
    #[serde(default)]
    pub helper_instruction: String,
    /// The whole warning as a text message, one segment where at all possible.
    pub sms: String,
    /// What a minor helper should do: never anything that leads into danger.
    pub minor_instruction: String,
    /// What a mentor should do for their minors; may be empty.
    #[serde(default)]
    pub mentor_instruction: String,
    /// What the 137 desk should ask and answer; may be empty.
    #[serde(default)]
    pub desk_instruction: String,
    /// The warning for a voice: numbers in words, no signs, no addresses, no isolates.
    pub spoken: String,
}

impl Wording {
    /// Every text with its name, in the order in which people read them.
    ///
    /// ```
    /// let wording = alerts::Wording { headline: "Flood".into(), ..Default::default() };
    /// assert_eq!(wording.texts()[0], ("headline", "Flood"));
    /// ```
    pub fn texts(&self) -> [(&'static str, &str); 9] {
        [
            ("headline", &self.headline),
            ("description", &self.description),
            ("instruction", &self.instruction),
            ("helper_instruction", &self.helper_instruction),
            ("minor_instruction", &self.minor_instruction),
            ("mentor_instruction", &self.mentor_instruction),
            ("desk_instruction", &self.desk_instruction),
            ("sms", &self.sms),
            ("spoken", &self.spoken),
        ]
    }

    /// The same wording with each text changed; a text that is empty stays so.
    ///
    /// ```
    /// let wording = alerts::Wording { sms: "سیل".into(), ..Default::default() };
    /// let louder = wording.map(|text| format!("{text}!"));
    /// assert_eq!((louder.sms.as_str(), louder.headline.as_str()), ("سیل!", ""));
    /// ```
    #[must_use]
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        let change = |text: &String| if text.is_empty() { String::new() } else { change(text) };
        Self {
            headline: change(&self.headline),
            description: change(&self.description),
            instruction: change(&self.instruction),
            helper_instruction: change(&self.helper_instruction),
            sms: change(&self.sms),
            minor_instruction: change(&self.minor_instruction),
            mentor_instruction: change(&self.mentor_instruction),
            desk_instruction: change(&self.desk_instruction),
            spoken: change(&self.spoken),
        }
    }
}

/// Texts without which an alert can still be published.
const MAY_BE_EMPTY: [&str; 3] = ["helper_instruction", "mentor_instruction", "desk_instruction"];

/// A zone with its stable code and its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedZone {
    /// The zone's code, `[a-z0-9-]{1,64}`.
    pub code: String,
    /// Its names by language.
    pub name: Texts,
}

/// What an alert will say, before it is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// What threatens.
    pub hazard: Hazard,
    /// How badly, for display.
    pub level: Level,
    /// The texts by language; `fa` and `en` must be there.
    pub wordings: BTreeMap<String, Wording>,
    /// The zones that are warned.
    pub zones: Vec<NamedZone>,
    /// The threatened ground, lon,lat in WGS 84 degrees; JSON holds it like the `coordinates` of a GeoJSON MultiPolygon.
    #[serde(with = "coordinates")]
    pub polygons: MultiPolygon<f64>,
    /// What people should do, in CAP's words.
    pub response_types: Vec<ResponseType>,
    /// How soon.
    pub urgency: Urgency,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub certainty: Certainty,
    /// From when it holds; `None` is from publication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<Timestamp>,
    /// When the event is expected to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onset: Option<Timestamp>,
    /// Until when it holds.
    pub expires: Timestamp,
    /// Whom to call, for example `137`.
    pub contact: String,
    /// Where more can be read: an absolute address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
    /// The OASIS event term, for example `OET-081`; see [`event_code`].
    pub event_code: String,
}

/// The OASIS event term of a hazard. Source: OASIS Event Terms v1.2: 081 flood, 182 snow, 107 ice.
pub const fn event_code(hazard: Hazard) -> &'static str {
    match hazard {
        Hazard::Flood => "OET-081",
        Hazard::Snow => "OET-182",
        Hazard::Ice => "OET-107",
    }
}

/// The categories of a hazard. Source: OASIS Event Terms v1.2, terms 081, 182, 107.
fn categories(hazard: Hazard) -> Categories {
    Categories::new(match hazard {
        Hazard::Flood => vec![Category::Met, Category::Safety],
        Hazard::Snow | Hazard::Ice => vec![Category::Met, Category::Transport],
    })
    .expect("each list has at least one")
}

/// What publication adds to a content: who, when, which message it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The message's name, frozen from now on.
    pub identifier: Identifier,
    /// Who sends.
    pub sender: Sender,
    /// When, frozen from now on.
    pub sent: CapTime,
    /// Actual, or Exercise for drills and the demo.
    pub status: Status,
    /// The message's nature.
    pub msg_type: MsgType,
    /// All related messages that are still unexpired.
    pub references: Vec<Reference>,
    /// A note; an exercise must be named in it.
    pub note: Option<String>,
    /// The incidents it belongs to.
    pub incidents: Vec<String>,
    /// The sender's name for people, by language.
    pub sender_name: Texts,
    /// The zone in which times are written.
    pub tz: TimeZone,
    /// The `valueName` of our zone codes, for example `hamyar:zone`.
    pub geocode_scheme: String,
}

impl Content {
    /// The bytes that the hash is taken of: a JSON text with sorted keys, whole seconds, and positions in units of 1e-7 degrees.
    ///
    /// A position or a time that a database gives back a little differently therefore still has the same hash.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let ring = |ring: &LineString<f64>| ring.0.iter().map(|at| [grid(at.x), grid(at.y)]).collect::<Vec<_>>();
        let polygons: Vec<Vec<_>> = self
            .polygons
            .0
            .iter()
            .map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect())
            .collect();
        let canonical = (
            "hamyar content 1",
            (self.hazard, self.level, &self.wordings, &self.zones, polygons),
            (&self.response_types, self.urgency, self.severity, self.certainty),
            (self.effective.map(Timestamp::as_second), self.onset.map(Timestamp::as_second), self.expires.as_second()),
            (&self.contact, &self.web, &self.event_code),
        );
        serde_json::to_vec(&canonical).expect("strings, integers and lists always serialise")
    }

    /// SHA-256 of the canonical bytes.
    pub fn hash(&self) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.canonical_bytes());
        digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// The hash as 64 hexadecimal digits.
    pub fn hash_hex(&self) -> String {
        hex(&self.hash())
    }

    /// Everything that keeps this content from being published, all at once; empty when nothing does.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut fault = |at: String, what: String| faults.push(Fault { at, what });
        for lang in LANGUAGES {
            if !self.wordings.contains_key(lang) {
                fault(format!("wordings.{lang}"), "missing; every alert speaks Persian (fa) and English (en)".into());
            }
        }
        for (lang, wording) in &self.wordings {
            if let Err(error) = Language::new(lang) {
                fault(format!("wordings.{lang}"), error.to_string());
            }
            for (name, text) in wording.texts() {
                let chars_max = if name == "headline" { HEADLINE_CHARS_MAX } else { TEXT_CHARS_MAX };
                let chars = text.chars().count();
                if text.trim().is_empty() {
                    if !MAY_BE_EMPTY.contains(&name) {
                        fault(format!("wordings.{lang}.{name}"), "empty".into());
                    }
                } else if chars > chars_max {
                    fault(
                        format!("wordings.{lang}.{name}"),
                        format!("{chars} characters long; at most {chars_max} are allowed"),
                    );
                }
                if let Some(tag) = crate::check::markup_in(text) {
                    fault(
                        format!("wordings.{lang}.{name}"),
                        format!("“{tag}” looks like HTML, which CAP texts must not hold; write plain text"),
                    );
                }
            }
            let segments = message::segments(&wording.sms).count;
            if segments > SMS_SEGMENTS_MAX {
                fault(
                    format!("wordings.{lang}.sms"),
                    format!("needs {segments} text messages; at most {SMS_SEGMENTS_MAX} are allowed"),
                );
            }
        }
        if let (Some(fa), Some(en)) = (self.wordings.get("fa"), self.wordings.get("en"))
            && !fa.headline.trim().is_empty()
            && fa.headline == en.headline
        {
            fault("wordings.en.headline".into(), "the same text as in Persian; translate it".into());
        }
        if self.zones.is_empty() {
            fault("zones".into(), "no zone is warned; choose at least one".into());
        }
        if self.zones.len() > ZONES_MAX {
            fault("zones".into(), format!("{} zones; at most {ZONES_MAX} are allowed", self.zones.len()));
        }
        for (i, zone) in self.zones.iter().enumerate().take(ZONES_MAX) {
            if !is_zone_code(&zone.code) {
                fault(
                    format!("zones.{i}.code"),
                    format!("“{}” is no zone code ([a-z0-9-], 1 to 64 characters)", zone.code),
                );
            }
            if self.zones[..i].iter().any(|other| other.code == zone.code) {
                fault(format!("zones.{i}.code"), format!("“{}” stands twice", zone.code));
            }
            for lang in LANGUAGES {
                if zone.name.get(lang).is_none_or(|name| name.trim().is_empty()) {
                    fault(
                        format!("zones.{i}.name.{lang}"),
                        format!("zone “{}” has no name in this language", zone.code),
                    );
                }
            }
        }
        let positions: usize = self
            .polygons
            .0
            .iter()
            .flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()))
            .map(|ring| ring.0.len())
            .sum();
        if positions > POSITIONS_MAX {
            fault("polygons".into(), format!("{positions} positions; at most {POSITIONS_MAX} are allowed"));
        } else {
            for (i, polygon) in self.polygons.0.iter().enumerate() {
                if let Some(what) = area::fault(polygon) {
                    fault(format!("polygons.{i}"), what.to_string());
                }
            }
        }
        if self.level == Level::Unknown {
            fault("level".into(), "unknown; choose a level before anybody is warned".into());
        }
        if let Some(onset) = self.onset
            && self.expires <= onset
        {
            fault("expires".into(), "not after the onset".into());
        }
        if let Some(effective) = self.effective
            && self.expires <= effective
        {
            fault("expires".into(), "not after the beginning (effective)".into());
        }
        if self.contact.trim().is_empty() {
            fault("contact".into(), "empty; name a telephone number that people can call".into());
        }
        if let Some(web) = &self.web {
            match Uri::new(web) {
                Err(error) => fault("web".into(), error.to_string()),
                Ok(uri) if !uri.is_absolute() => {
                    fault("web".into(), format!("“{web}” is not a full address; begin with https://"));
                }
                Ok(_) => {}
            }
        }
        if !is_event_code(&self.event_code) {
            fault("event_code".into(), format!("“{}” is no OASIS event term; write it like OET-081", self.event_code));
        }
        faults
    }

    /// The CAP message: one info in Persian, then English, then the other languages; areas with polygons and zone codes.
    ///
    /// Polygons have at most 100 positions and never leave out threatened ground (see [`crate::area`]). Errors: every fault of the
    /// content and of the envelope. O(p²) in the positions of the largest polygon.
    pub fn to_cap(&self, envelope: &Envelope) -> Result<Alert, Vec<Fault>> {
        let mut faults = self.faults();
        faults.extend(envelope.faults());
        if self.expires <= envelope.sent.timestamp() {
            faults.push(Fault::new("expires", "already over at the time of sending"));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let time = |at: Timestamp| CapTime::from_timestamp(at, &envelope.tz);
        let polygons = area::to_cap(&self.polygons);
        let mut geocodes: Vec<Pair> =
            self.zones.iter().map(|zone| Pair::new(&envelope.geocode_scheme, &zone.code)).collect();
        geocodes.sort();
        let others = self.wordings.keys().map(String::as_str).filter(|lang| !LANGUAGES.contains(lang));
        let event_names = self.hazard.names();
        let infos = LANGUAGES.into_iter().chain(others).filter_map(|lang| {
            let wording = self.wordings.get(lang)?;
            let text = |text: &str| Some(Text::new(text)).filter(|text| !text.is_empty());
            let names: Vec<&str> = self.zones.iter().filter_map(|zone| text_in(&zone.name, lang)).collect();
            let mut parameters = Vec::new();
            if let Some(awareness) = self.level.awareness() {
                parameters.push(Pair::new("awareness_level", awareness));
            }
            Some(Info {
                language: Language::new(lang).ok(),
                categories: categories(self.hazard),
                event: Text::new(text_in(&event_names, lang).unwrap_or(self.hazard.as_str())),
                response_types: self.response_types.clone(),
                urgency: self.urgency,
                severity: self.severity,
                certainty: self.certainty,
                audience: None,
                event_codes: vec![Pair::new("OET:v1.2", &self.event_code)],
                effective: self.effective.map(time),
                onset: self.onset.map(time),
                expires: Some(time(self.expires)),
                sender_name: text_in(&envelope.sender_name, lang).and_then(text),
                headline: text(&wording.headline),
                description: text(&wording.description),
                instruction: text(&wording.instruction),
                web: self.web.as_deref().and_then(|web| Uri::new(web).ok()),
                contact: text(&self.contact),
                parameters,
                resources: Vec::new(),
                areas: vec![Area {
                    polygons: polygons.clone(),
                    geocodes: geocodes.clone(),
                    ..Area::new(&names.join(crate::calendar::list_comma(lang)))
                }],
            })
        });
        let infos = infos.collect();
        Ok(Alert {
            note: envelope.note.as_deref().map(Text::new).filter(|note| !note.is_empty()),
            references: envelope.references.clone(),
            incidents: envelope.incidents.iter().filter_map(|incident| ListItem::new(incident).ok()).collect(),
            infos,
            ..Alert::new(
                envelope.identifier.clone(),
                envelope.sender.clone(),
                envelope.sent.clone(),
                envelope.status,
                envelope.msg_type,
            )
        })
    }
}

impl Envelope {
    /// Everything that keeps this envelope from being used.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let related = match self.msg_type {
            MsgType::Alert => false,
            MsgType::Update | MsgType::Cancel | MsgType::Ack | MsgType::Error => true,
        };
        if related && self.references.is_empty() {
            faults.push(Fault::new(
                "envelope.references",
                format!("a message of type {} must name the messages it is about", self.msg_type),
            ));
        }
        for (i, reference) in self.references.iter().enumerate() {
            if reference.identifier == self.identifier && reference.sender == self.sender {
                faults.push(Fault::new(format!("envelope.references.{i}"), "the message names itself"));
            }
            if reference.sent.timestamp() > self.sent.timestamp() {
                faults.push(Fault::new(format!("envelope.references.{i}"), "a message cannot be about a later one"));
            }
        }
        if self.status == Status::Exercise && self.note.as_deref().is_none_or(|note| note.trim().is_empty()) {
            faults.push(Fault::new("envelope.note", "an exercise must be named in the note (CAP 1.2 §3.2.1)"));
        }
        for (i, incident) in self.incidents.iter().enumerate() {
            if let Err(error) = ListItem::new(incident) {
                faults.push(Fault::new(format!("envelope.incidents.{i}"), error.to_string()));
            }
        }
        if self.geocode_scheme.trim().is_empty() {
            faults.push(Fault::new("envelope.geocode_scheme", "empty; name the scheme of the zone codes"));
        }
        faults
    }
}

fn is_zone_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_event_code(code: &str) -> bool {
    code.strip_prefix("OET-").is_some_and(|digits| digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Degrees in units of 1e-7 (about 1 cm); not a number counts as 0, which `faults` refuses elsewhere.
#[expect(
    clippy::cast_possible_truncation,
    reason = "degrees times 1e7 fit into i64, and `as` saturates for what is no position"
)]
fn grid(degrees: f64) -> i64 {
    (degrees * 1e7).round() as i64
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// A MultiPolygon as nested lists of `[lon, lat]`, rounded to 1e-7 degrees.
mod coordinates {
    use serde::{Deserializer, Serializer};

    use super::{Coord, Deserialize, LineString, MultiPolygon, Polygon, Serialize, grid};

    type Rings = Vec<Vec<[f64; 2]>>;

    pub fn serialize<S: Serializer>(polygons: &MultiPolygon<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "at most 1.8e9, which f64 holds exactly")]
        let round = |degrees: f64| grid(degrees) as f64 / 1e7;
        let ring = |ring: &LineString<f64>| ring.0.iter().map(|at| [round(at.x), round(at.y)]).collect::<Vec<_>>();
        let all: Vec<Rings> = polygons
            .0
            .iter()
            .map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect())
            .collect();
        all.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MultiPolygon<f64>, D::Error> {
        let all: Vec<Rings> = Vec::deserialize(deserializer)?;
        let ring = |ring: Vec<[f64; 2]>| LineString::new(ring.into_iter().map(|[x, y]| Coord { x, y }).collect());
        Ok(MultiPolygon::new(
            all.into_iter()
                .map(|rings| {
                    let mut rings = rings.into_iter().map(ring);
                    let exterior = rings.next().unwrap_or_else(|| LineString::new(Vec::new()));
                    Polygon::new(exterior, rings.collect())
                })
                .collect(),
        ))
    }
}
