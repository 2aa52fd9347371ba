//! Names CAP's elements as rules name them, and gives their values in an alert.
//! Used by `rules`, which reads the names, and by `judge`, which asks for the values.
//! A place is kept as numbers and becomes a path only when there is something to report.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::cap::{Alert, Area, Base64, CapTime, Info, Language, Pair, Resource, Unusable, Uri};

/// Whose child an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Alert,
    Info,
    Resource,
    Area,
}

macro_rules! elements {
    ($($element:ident = $level:ident / $name:literal),+ $(,)?) => {
        /// An element of CAP 1.2; `info/expires` is the `expires` of each info.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Element { $($element),+ }

        impl Element {
            const ALL: [Self; [$($name),+].len()] = [$(Self::$element),+];

            /// Its own name.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$element => $name),+ }
            }

            /// Whose child it is.
            pub(super) const fn level(self) -> Level {
                match self { $(Self::$element => Level::$level),+ }
            }
        }
    };
}

elements! {
    Identifier = Alert / "identifier",
    Sender = Alert / "sender",
    Sent = Alert / "sent",
    Status = Alert / "status",
    MsgType = Alert / "msgType",
    Source = Alert / "source",
    Scope = Alert / "scope",
    Restriction = Alert / "restriction",
    Addresses = Alert / "addresses",
    Code = Alert / "code",
    Note = Alert / "note",
    References = Alert / "references",
    Incidents = Alert / "incidents",
    Info = Alert / "info",
    Language = Info / "language",
    Category = Info / "category",
    Event = Info / "event",
    ResponseType = Info / "responseType",
    Urgency = Info / "urgency",
    Severity = Info / "severity",
    Certainty = Info / "certainty",
    Audience = Info / "audience",
    EventCode = Info / "eventCode",
    Effective = Info / "effective",
    Onset = Info / "onset",
    Expires = Info / "expires",
    SenderName = Info / "senderName",
    Headline = Info / "headline",
    Description = Info / "description",
    Instruction = Info / "instruction",
    Web = Info / "web",
    Contact = Info / "contact",
    Parameter = Info / "parameter",
    Resource = Info / "resource",
    Area = Info / "area",
    ResourceDesc = Resource / "resourceDesc",
    MimeType = Resource / "mimeType",
    Size = Resource / "size",
    Uri = Resource / "uri",
    DerefUri = Resource / "derefUri",
    Digest = Resource / "digest",
    AreaDesc = Area / "areaDesc",
    Polygon = Area / "polygon",
    Circle = Area / "circle",
    Geocode = Area / "geocode",
    Altitude = Area / "altitude",
    Ceiling = Area / "ceiling",
}

impl Element {
    /// The element of a name such as `info/expires`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|element| element.full_name() == text)
    }

    /// As rules write it.
    pub(super) fn full_name(self) -> String {
        let parent = match self.level() {
            Level::Alert => "alert",
            Level::Info => "info",
            Level::Resource => "resource",
            Level::Area => "area",
        };
        format!("{parent}/{}", self.name())
    }

    /// Whether it is made of a `valueName` and a `value`.
    pub(super) const fn is_pair(self) -> bool {
        matches!(self, Self::EventCode | Self::Parameter | Self::Geocode)
    }

    /// Whether it is a CAP time.
    pub(super) const fn is_time(self) -> bool {
        matches!(self, Self::Sent | Self::Effective | Self::Onset | Self::Expires)
    }

    /// Whether it may stand several times, so that its places are numbered.
    const fn repeats(self) -> bool {
        matches!(
            self,
            Self::Code
                | Self::Info
                | Self::Category
                | Self::ResponseType
                | Self::EventCode
                | Self::Parameter
                | Self::Resource
                | Self::Area
                | Self::Polygon
                | Self::Circle
                | Self::Geocode
        )
    }
}

/// One alert, info, resource or area, with what stands around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parent<'a> {
    pub(super) alert: &'a Alert,
    /// The info it is or is in, with its number from 0.
    pub(super) info: Option<(usize, &'a Info)>,
    pub(super) resource: Option<(usize, &'a Resource)>,
    pub(super) area: Option<(usize, &'a Area)>,
}

/// A value of an element: its number among its like, the `valueName` of a pair, and the text.
#[derive(Debug, Clone)]
pub(super) struct Value<'a> {
    pub(super) index: usize,
    pub(super) name: Option<&'a str>,
    pub(super) text: Cow<'a, str>,
}

impl<'a> Parent<'a> {
    pub(super) const fn alert(alert: &'a Alert) -> Self {
        Self { alert, info: None, resource: None, area: None }
    }

    /// Every parent of one level.
    pub(super) fn all(alert: &'a Alert, level: Level) -> Vec<Self> {
        let top = Self::alert(alert);
        let infos = || alert.infos.iter().enumerate().map(move |info| Self { info: Some(info), ..top });
        match level {
            Level::Alert => vec![top],
            Level::Info => infos().collect(),
            Level::Resource => infos()
                .flat_map(|parent| {
                    let resources = parent.info.map_or(&[][..], |(_, info)| &info.resources);
                    resources.iter().enumerate().map(move |one| Self { resource: Some(one), ..parent })
                })
                .collect(),
            Level::Area => infos()
                .flat_map(|parent| {
                    let areas = parent.info.map_or(&[][..], |(_, info)| &info.areas);
                    areas.iter().enumerate().map(move |one| Self { area: Some(one), ..parent })
                })
                .collect(),
        }
    }

    /// Its path, for example `/alert/info[1]/area[2]`.
    pub(super) fn path(&self) -> String {
        let mut path = String::from("/alert");
        for (name, number) in [
            ("info", self.info.map(|(i, _)| i)),
            ("resource", self.resource.map(|(i, _)| i)),
            ("area", self.area.map(|(i, _)| i)),
        ] {
            if let Some(i) = number {
                let _ = write!(path, "/{name}[{}]", i + 1);
            }
        }
        path
    }

    /// The path of an element as such, whether it is there or not.
    pub(super) fn path_of(&self, element: Element) -> String {
        format!("{}/{}", self.path(), element.name())
    }

    /// The path of one value of an element.
    pub(super) fn path_of_value(&self, element: Element, index: usize) -> String {
        let path = self.path_of(element);
        if element.repeats() { format!("{path}[{}]", index + 1) } else { path }
    }

    /// Whether an element that stands here or above has a value that is not empty.
    pub(super) fn has(&self, element: Element) -> bool {
        self.values(element).iter().any(|value| !value.text.trim().is_empty())
    }

    /// The values of an element that stands here or above, in the order of the document; none where it cannot stand.
    ///
    /// Of an info, resource, area or shape only that it is there; of a shape that can't be used, its text.
    pub(super) fn values(&self, element: Element) -> Vec<Value<'a>> {
        let alert = self.alert;
        let info = self.info.map(|(_, info)| info);
        let resource = self.resource.map(|(_, resource)| resource);
        let area = self.area.map(|(_, area)| area);
        let texts: Vec<Cow<'a, str>> = match element {
            Element::Identifier => one(alert.identifier.as_str()),
            Element::Sender => one(alert.sender.as_str()),
            Element::Sent => one(alert.sent.as_str()),
            Element::Status => one(alert.status.as_str()),
            Element::MsgType => one(alert.msg_type.as_str()),
            Element::Source => maybe(alert.source.as_deref()),
            Element::Scope => one(alert.scope.as_str()),
            Element::Restriction => maybe(alert.restriction.as_deref()),
            Element::Addresses => alert.addresses.iter().map(|item| Cow::Borrowed(item.as_str())).collect(),
            Element::Code => alert.codes.iter().map(|code| Cow::Borrowed(code.as_str())).collect(),
            Element::Note => maybe(alert.note.as_deref()),
            Element::References => alert.references.iter().map(|one| Cow::Owned(one.to_string())).collect(),
            Element::Incidents => alert.incidents.iter().map(|item| Cow::Borrowed(item.as_str())).collect(),
            Element::Info => alert.infos.iter().map(|_| Cow::Borrowed("info")).collect(),
            Element::Language => of(info, |info| maybe(info.language.as_ref().map(Language::as_str))),
            Element::Category => {
                of(info, |info| info.categories.iter().map(|word| Cow::Borrowed(word.as_str())).collect())
            }
            Element::Event => of(info, |info| one(info.event.as_str())),
            Element::ResponseType => {
                of(info, |info| info.response_types.iter().map(|word| Cow::Borrowed(word.as_str())).collect())
            }
            Element::Urgency => of(info, |info| one(info.urgency.as_str())),
            Element::Severity => of(info, |info| one(info.severity.as_str())),
            Element::Certainty => of(info, |info| one(info.certainty.as_str())),
            Element::Audience => of(info, |info| maybe(info.audience.as_deref())),
            Element::EventCode => return of_pairs(info.map_or(&[], |info| &info.event_codes)),
            Element::Effective => of(info, |info| maybe(info.effective.as_ref().map(CapTime::as_str))),
            Element::Onset => of(info, |info| maybe(info.onset.as_ref().map(CapTime::as_str))),
            Element::Expires => of(info, |info| maybe(info.expires.as_ref().map(CapTime::as_str))),
            Element::SenderName => of(info, |info| maybe(info.sender_name.as_deref())),
            Element::Headline => of(info, |info| maybe(info.headline.as_deref())),
            Element::Description => of(info, |info| maybe(info.description.as_deref())),
            Element::Instruction => of(info, |info| maybe(info.instruction.as_deref())),
            Element::Web => of(info, |info| maybe(info.web.as_ref().map(Uri::as_str))),
            Element::Contact => of(info, |info| maybe(info.contact.as_deref())),
            Element::Parameter => return of_pairs(info.map_or(&[], |info| &info.parameters)),
            Element::Resource => of(info, |info| info.resources.iter().map(|_| Cow::Borrowed("resource")).collect()),
            Element::Area => of(info, |info| info.areas.iter().map(|_| Cow::Borrowed("area")).collect()),
            Element::ResourceDesc => of(resource, |resource| one(resource.description.as_str())),
            Element::MimeType => of(resource, |resource| one(resource.mime_type.as_str())),
            Element::Size => {
                of(resource, |resource| resource.size.iter().map(|size| Cow::Owned(size.to_string())).collect())
            }
            Element::Uri => of(resource, |resource| maybe(resource.uri.as_ref().map(Uri::as_str))),
            Element::DerefUri => of(resource, |resource| maybe(resource.deref_uri.as_ref().map(Base64::as_str))),
            Element::Digest => of(resource, |resource| maybe(resource.digest.as_deref())),
            Element::AreaDesc => of(area, |area| one(area.description.as_str())),
            Element::Polygon => of(area, |area| {
                let usable = area.polygons.iter().map(|_| Cow::Borrowed("polygon"));
                usable.chain(unusable(area, |shape| matches!(shape, Unusable::Polygon(_)))).collect()
            }),
            Element::Circle => of(area, |area| {
                let usable = area.circles.iter().map(|_| Cow::Borrowed("circle"));
                usable.chain(unusable(area, |shape| matches!(shape, Unusable::Circle(_)))).collect()
            }),
            Element::Geocode => return of_pairs(area.map_or(&[], |area| &area.geocodes)),
            Element::Altitude => {
                of(area, |area| area.altitude.iter().map(|feet| Cow::Owned(feet.get().to_string())).collect())
            }
            Element::Ceiling => {
                of(area, |area| area.ceiling.iter().map(|feet| Cow::Owned(feet.get().to_string())).collect())
            }
        };
        texts.into_iter().enumerate().map(|(index, text)| Value { index, name: None, text }).collect()
    }
}

fn of<'a, T>(parent: Option<&'a T>, read: impl FnOnce(&'a T) -> Vec<Cow<'a, str>>) -> Vec<Cow<'a, str>> {
    parent.map_or_else(Vec::new, read)
}

fn one(text: &str) -> Vec<Cow<'_, str>> {
    vec![Cow::Borrowed(text)]
}

fn maybe(text: Option<&str>) -> Vec<Cow<'_, str>> {
    text.into_iter().map(Cow::Borrowed).collect()
}

fn unusable(area: &Area, wanted: fn(&Unusable) -> bool) -> impl Iterator<Item = Cow<'_, str>> {
    area.unusable.iter().filter(move |shape| wanted(shape)).map(|shape| match shape {
        Unusable::Polygon(text) | Unusable::Circle(text) => Cow::Borrowed(text.as_str()),
    })
}

fn of_pairs(pairs: &[Pair]) -> Vec<Value<'_>> {
    pairs
        .iter()
        .enumerate()
        .map(|(index, pair)| Value { index, name: Some(pair.name.as_str()), text: Cow::Borrowed(pair.value.as_str()) })
        .collect()
}
