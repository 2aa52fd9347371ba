//! Models one CAP message: the alert, its infos, areas and resources.
//! Built by `content::Content::to_cap` and `xml::read`; written by `xml::write`.
//! Fields stand in the order of the schema; an empty list means that the element is absent.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::{
    CapTime, Category, Certainty, Circle, Feet, Identifier, Language, ListItem, MsgType, Polygon, Resource,
    ResponseType, Scope, Sender, Severity, Status, Text, Unusable, Urgency, Uri,
};

/// One CAP 1.2 message (§3.2.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Names this message among all of its sender.
    pub identifier: Identifier,
    /// Who sends it.
    pub sender: Sender,
    /// When it was sent, with the offset text that references repeat.
    pub sent: CapTime,
    /// How to handle it.
    pub status: Status,
    /// Its nature.
    pub msg_type: MsgType,
    /// The source of the alert: an operator or a device.
    pub source: Option<Text>,
    /// For whom it is.
    pub scope: Scope,
    /// The rule that limits distribution; with scope Restricted only.
    pub restriction: Option<Text>,
    /// The intended recipients; needed with scope Private.
    pub addresses: Vec<ListItem>,
    /// Special handling: profile markers and agreements.
    pub codes: Vec<Text>,
    /// The purpose or significance of the message; explains an Error, names an Exercise.
    pub note: Option<Text>,
    /// The earlier messages this one refers to.
    pub references: Vec<Reference>,
    /// The incidents it belongs to.
    pub incidents: Vec<ListItem>,
    /// What is said, one block for each language and event.
    pub infos: Vec<Info>,
}

impl Alert {
    /// A message with its required elements, scope Public, and nothing else.
    pub const fn new(identifier: Identifier, sender: Sender, sent: CapTime, status: Status, msg_type: MsgType) -> Self {
        Self {
            identifier,
            sender,
            sent,
            status,
            msg_type,
            source: None,
            scope: Scope::Public,
            restriction: None,
            addresses: Vec::new(),
            codes: Vec::new(),
            note: None,
            references: Vec::new(),
            incidents: Vec::new(),
            infos: Vec::new(),
        }
    }

    /// How later messages refer to this one.
    pub fn reference(&self) -> Reference {
        Reference { sender: self.sender.clone(), identifier: self.identifier.clone(), sent: self.sent.clone() }
    }

    /// The info block of a language: the exact tag, else the same primary language, else the first block.
    pub fn info_in(&self, lang: &str) -> Option<&Info> {
        let primary = |tag: &str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
        let spoken =
            |info: &Info| info.language.as_ref().map_or_else(|| "en-US".to_owned(), |tag| tag.as_str().to_owned());
        self.infos
            .iter()
            .find(|info| spoken(info).eq_ignore_ascii_case(lang))
            .or_else(|| self.infos.iter().find(|info| primary(&spoken(info)) == primary(lang)))
            .or_else(|| self.infos.first())
    }

    /// When the last info block expires; `None` as soon as one block names no end.
    pub fn expires(&self) -> Option<jiff::Timestamp> {
        let ends: Option<Vec<_>> =
            self.infos.iter().map(|info| info.expires.as_ref().map(CapTime::timestamp)).collect();
        ends?.into_iter().max()
    }
}

/// The triplet `sender,identifier,sent` by which one message names another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The earlier message's sender.
    pub sender: Sender,
    /// The earlier message's identifier.
    pub identifier: Identifier,
    /// The earlier message's `sent`, letter by letter.
    pub sent: CapTime,
}

impl Reference {
    /// Reads one triplet; `None` when it isn't three valid parts.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let reference = Self {
            sender: Sender::new(parts.next()?).ok()?,
            identifier: Identifier::new(parts.next()?).ok()?,
            sent: CapTime::parse(parts.next()?).ok()?,
        };
        parts.next().is_none().then_some(reference)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.sender, self.identifier, self.sent)
    }
}

/// One or more categories: the schema demands at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Category>", into = "Vec<Category>")]
pub struct Categories(Vec<Category>);

impl Categories {
    /// One category.
    pub fn one(category: Category) -> Self {
        Self(vec![category])
    }

    /// The given ones; `None` when there is none.
    pub fn new(categories: Vec<Category>) -> Option<Self> {
        if categories.is_empty() { None } else { Some(Self(categories)) }
    }
}

impl Deref for Categories {
    type Target = [Category];

    fn deref(&self) -> &[Category] {
        &self.0
    }
}

impl TryFrom<Vec<Category>> for Categories {
    type Error = &'static str;

    fn try_from(categories: Vec<Category>) -> Result<Self, &'static str> {
        Self::new(categories).ok_or("an info block needs at least one category")
    }
}

impl From<Categories> for Vec<Category> {
    fn from(categories: Categories) -> Self {
        categories.0
    }
}

/// A name and a value: `eventCode`, `parameter`, `geocode`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pair {
    /// `valueName`: whose code it is.
    pub name: Text,
    /// `value`: the code.
    pub value: Text,
}

impl Pair {
    /// A pair of texts.
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: Text::new(name), value: Text::new(value) }
    }
}

/// What is said about one event in one language (§3.2.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// The language of the texts; absent means `en-US`.
    pub language: Option<Language>,
    /// What kinds of event.
    pub categories: Categories,
    /// The event's name, in the block's language.
    pub event: Text,
    /// What the audience should do.
    pub response_types: Vec<ResponseType>,
    /// When it should act.
    pub urgency: Urgency,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub certainty: Certainty,
    /// For whom it is meant.
    pub audience: Option<Text>,
    /// Codes of the event, such as OASIS event terms.
    pub event_codes: Vec<Pair>,
    /// From when the information holds; absent means `sent`.
    pub effective: Option<CapTime>,
    /// When the event is expected to begin.
    pub onset: Option<CapTime>,
    /// Until when the information holds.
    pub expires: Option<CapTime>,
    /// The sender's name for people.
    pub sender_name: Option<Text>,
    /// A short headline, 160 characters as a goal.
    pub headline: Option<Text>,
    /// What happens.
    pub description: Option<Text>,
    /// What to do.
    pub instruction: Option<Text>,
    /// Where more can be read.
    pub web: Option<Uri>,
    /// Whom to ask.
    pub contact: Option<Text>,
    /// System-specific values.
    pub parameters: Vec<Pair>,
    /// Files that belong to it.
    pub resources: Vec<Resource>,
    /// Where it is.
    pub areas: Vec<Area>,
}

impl Info {
    /// A block with its required elements, urgency, severity and certainty unknown.
    pub fn new(category: Category, event: &str) -> Self {
        Self {
            language: None,
            categories: Categories::one(category),
            event: Text::new(event),
            response_types: Vec::new(),
            urgency: Urgency::Unknown,
            severity: Severity::Unknown,
            certainty: Certainty::Unknown,
            audience: None,
            event_codes: Vec::new(),
            effective: None,
            onset: None,
            expires: None,
            sender_name: None,
            headline: None,
            description: None,
            instruction: None,
            web: None,
            contact: None,
            parameters: Vec::new(),
            resources: Vec::new(),
            areas: Vec::new(),
        }
    }
}

/// Where: the union of the polygons, circles and geocodes (§3.2.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// The area in words.
    pub description: Text,
    /// Its polygons.
    pub polygons: Vec<Polygon>,
    /// Its circles.
    pub circles: Vec<Circle>,
    /// Shapes that were read but can't be used.
    pub unusable: Vec<Unusable>,
    /// Codes of places.
    pub geocodes: Vec<Pair>,
    /// The lower or only height.
    pub altitude: Option<Feet>,
    /// The upper height.
    pub ceiling: Option<Feet>,
}

impl Area {
    /// An area of which only the words are known.
    pub fn new(description: &str) -> Self {
        Self {
            description: Text::new(description),
            polygons: Vec::new(),
            circles: Vec::new(),
            unusable: Vec::new(),
            geocodes: Vec::new(),
            altitude: None,
            ceiling: None,
        }
    }
}
