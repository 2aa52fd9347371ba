//! Reads CAP 1.0, 1.1 and 1.2 tolerantly: any prefix, any order, inside Atom, RSS or EDXL-DE.
//! Called for alerts of others and by `hamyar cap check`.
//! A fixable defect never loses an alert: it is repaired or kept, and reported as a finding.

use std::sync::Arc;

use super::tree::{Limits, Node, ReadError, Space, Tree, parse};
use super::values::{self, Repaired};
use crate::cap::{
    Alert, Area, CapTime, Categories, Category, Certainty, Circle, Feet, Identifier, Info, Language, ListItem, MsgType,
    Pair, Resource, ResponseType, Scope, Sender, Severity, Status, Text, Unusable, Urgency, Uri, xml_carries,
};
use crate::check::{Finding, Gravity};
use crate::content::hex;

/// Which CAP a document was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `http://www.incident.com/cap/1.0`.
    V1_0,
    /// `urn:oasis:names:tc:emergency:cap:1.1`.
    V1_1,
    /// `urn:oasis:names:tc:emergency:cap:1.2`.
    V1_2,
    /// No namespace or an unknown one.
    Unknown,
}

/// One alert that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The alert, repaired where needed.
    pub alert: Alert,
    /// Which CAP it was written in.
    pub version: Version,
    /// Everything that was wrong with its form. Rules beyond the form are the business of [`crate::check`].
    pub findings: Vec<Finding>,
    /// Whether an XML signature is there (it isn't verified here).
    pub signed: bool,
    /// The document as it came, shared by all alerts of one feed.
    pub raw: Arc<[u8]>,
}

impl Read {
    /// Whether the OASIS schema of CAP 1.2 accepts this alert as it was written.
    pub fn is_schema_valid(&self) -> bool {
        !self.findings.iter().any(|finding| finding.code.starts_with("schema-"))
    }
}

/// Reads the first alert of a document. See [`read_all`].
pub fn read(bytes: &[u8]) -> Result<Read, ReadError> {
    read_all(bytes, &Limits::default())?.into_iter().next().ok_or(ReadError::NoAlert)
}

/// Reads the first alert of a document, with limits of one's own.
pub fn read_with(bytes: &[u8], limits: &Limits) -> Result<Read, ReadError> {
    read_all(bytes, limits)?.into_iter().next().ok_or(ReadError::NoAlert)
}

/// Reads every alert of a document: one alert, or a feed or envelope with some inside. O(n).
///
/// Errors: not XML, a DOCTYPE, an unknown entity, a limit, or no alert at all.
pub fn read_all(bytes: &[u8], limits: &Limits) -> Result<Vec<Read>, ReadError> {
    let tree = parse(bytes, limits)?;
    let raw: Arc<[u8]> = Arc::from(bytes);
    let is_alert = |node: &Node| node.name == "alert" && node.space != Space::Signature;
    let alerts: Vec<usize> = (0..tree.nodes.len()).filter(|&index| is_alert(&tree.nodes[index])).collect();
    if alerts.is_empty() {
        return Err(ReadError::NoAlert);
    }
    Ok(alerts
        .into_iter()
        .map(|index| {
            let mut reader = Reader { tree: &tree, findings: Vec::new(), positions_left: limits.positions };
            let (alert, version, signed) = reader.document(index, bytes);
            Read { alert, version, findings: reader.findings, signed, raw: Arc::clone(&raw) }
        })
        .collect())
}

/// The elements of a sequence with their least and most number; order matters to the schema.
type Sequence = [(&'static str, usize, usize)];
const MANY: usize = usize::MAX;

const ALERT: &Sequence = &[
    ("identifier", 1, 1),
    ("sender", 1, 1),
    ("sent", 1, 1),
    ("status", 1, 1),
    ("msgType", 1, 1),
    ("source", 0, 1),
    ("scope", 1, 1),
    ("restriction", 0, 1),
    ("addresses", 0, 1),
    ("code", 0, MANY),
    ("note", 0, 1),
    ("references", 0, 1),
    ("incidents", 0, 1),
    ("info", 0, MANY),
    ("Signature", 0, MANY),
];
const INFO: &Sequence = &[
    ("language", 0, 1),
    ("category", 1, MANY),
    ("event", 1, 1),
    ("responseType", 0, MANY),
    ("urgency", 1, 1),
    ("severity", 1, 1),
    ("certainty", 1, 1),
    ("audience", 0, 1),
    ("eventCode", 0, MANY),
    ("effective", 0, 1),
    ("onset", 0, 1),
    ("expires", 0, 1),
    ("senderName", 0, 1),
    ("headline", 0, 1),
    ("description", 0, 1),
    ("instruction", 0, 1),
    ("web", 0, 1),
    ("contact", 0, 1),
    ("parameter", 0, MANY),
    ("resource", 0, MANY),
    ("area", 0, MANY),
];
const RESOURCE: &Sequence =
    &[("resourceDesc", 1, 1), ("mimeType", 1, 1), ("size", 0, 1), ("uri", 0, 1), ("derefUri", 0, 1), ("digest", 0, 1)];
const AREA: &Sequence = &[
    ("areaDesc", 1, 1),
    ("polygon", 0, MANY),
    ("circle", 0, MANY),
    ("geocode", 0, MANY),
    ("altitude", 0, 1),
    ("ceiling", 0, 1),
];
const PAIR: &Sequence = &[("valueName", 1, 1), ("value", 1, 1)];

struct Reader<'t> {
    tree: &'t Tree,
    findings: Vec<Finding>,
    positions_left: usize,
}

impl<'t> Reader<'t> {
    fn node(&self, index: usize) -> &'t Node {
        &self.tree.nodes[index]
    }

    fn report(&mut self, gravity: Gravity, path: &str, code: &'static str, what: impl Into<String>, fix: &'static str) {
        self.findings.push(Finding::new(gravity, path, code, what, fix));
    }

    fn document(&mut self, index: usize, bytes: &[u8]) -> (Alert, Version, bool) {
        let root = self.node(index);
        let version = match root.space {
            Space::Cap12 => Version::V1_2,
            Space::Cap11 => Version::V1_1,
            Space::Cap10 => Version::V1_0,
            Space::None | Space::Other | Space::Signature => Version::Unknown,
        };
        for repair in &self.tree.repairs {
            self.report(Gravity::Error, "/", "encoding", *repair, "write UTF-8");
        }
        match version {
            Version::V1_2 => {}
            Version::V1_1 | Version::V1_0 => {
                self.report(Gravity::Hint, "/alert", "schema-version", "an earlier version of CAP", "write CAP 1.2");
            }
            Version::Unknown => self.report(
                Gravity::Error,
                "/alert",
                "schema-namespace",
                "the alert is not in the namespace of CAP",
                "use urn:oasis:names:tc:emergency:cap:1.2",
            ),
        }
        self.sequence(index, "/alert", ALERT);
        let signed = root.children.iter().any(|&child| self.node(child).space == Space::Signature);
        let alert = self.alert(index, bytes);
        (alert, version, signed)
    }

    /// Reports everything in which the children of an element differ from the schema's sequence.
    fn sequence(&mut self, index: usize, path: &str, wanted: &Sequence) {
        let parent = self.node(index);
        if !parent.text.trim().is_empty() {
            self.report(
                Gravity::Error,
                path,
                "schema-text",
                "text stands between the elements",
                "put it into an element",
            );
        }
        if parent.attribute {
            self.report(
                Gravity::Error,
                path,
                "schema-attribute",
                "an attribute that CAP does not know",
                "leave it out",
            );
        }
        let mut reached = 0;
        let mut counts = vec![0_usize; wanted.len()];
        for &child in &parent.children {
            let node = self.node(child);
            let is_signature = node.space == Space::Signature;
            let place =
                wanted.iter().position(|(name, ..)| *name == node.name && (*name == "Signature") == is_signature);
            let Some(place) = place else {
                let what = format!("“{}” is no element of CAP here", short(&node.name));
                self.report(Gravity::Error, path, "schema-unknown-element", what, "leave it out, or use a parameter");
                continue;
            };
            if !is_signature && node.space != parent.space {
                let what = format!("“{}” is not in the namespace of its alert", node.name);
                self.report(Gravity::Error, path, "schema-element-namespace", what, "use one namespace");
            }
            if place < reached {
                let what = format!("“{}” stands after “{}”", node.name, wanted[reached].0);
                self.report(Gravity::Warning, path, "schema-order", what, "keep to the order of the schema");
            }
            reached = reached.max(place);
            counts[place] += 1;
        }
        for ((name, least, most), count) in wanted.iter().zip(counts) {
            if count < *least {
                self.report(
                    Gravity::Error,
                    &format!("{path}/{name}"),
                    "schema-missing",
                    format!("“{name}” is missing"),
                    "add it",
                );
            } else if count > *most {
                let what = format!("“{name}” stands {count} times; the first is taken");
                self.report(Gravity::Error, &format!("{path}/{name}"), "schema-twice", what, "write it once");
            }
        }
    }

    fn children(&self, index: usize, name: &str) -> Vec<usize> {
        let of_cap = |child: &usize| {
            let node = self.node(*child);
            node.name == name && node.space != Space::Signature
        };
        self.node(index).children.iter().copied().filter(of_cap).collect()
    }

    /// The raw text of the first child of a name.
    fn raw(&mut self, index: usize, name: &str, path: &str) -> Option<String> {
        let child = *self.children(index, name).first()?;
        Some(self.raw_of(child, &format!("{path}/{name}")))
    }

    /// The raw text of a leaf element.
    fn raw_of(&mut self, index: usize, path: &str) -> String {
        let node = self.node(index);
        if !node.children.is_empty() {
            self.report(Gravity::Error, path, "schema-child", "elements stand inside a text", "write plain text");
        }
        if node.attribute {
            self.report(
                Gravity::Error,
                path,
                "schema-attribute",
                "an attribute that CAP does not know",
                "leave it out",
            );
        }
        let text = self.tree.deep_text(index).into_owned();
        if !text.chars().all(xml_carries) {
            self.report(Gravity::Error, path, "schema-character", "a character that XML cannot carry", "leave it out");
        }
        text
    }

    fn text(&mut self, index: usize, name: &str, path: &str) -> Option<Text> {
        let text = Text::new(&self.raw(index, name, path)?);
        if text.is_empty() {
            self.report(
                Gravity::Hint,
                &format!("{path}/{name}"),
                "element-empty",
                format!("{name} is there but empty"),
                "leave it out",
            );
        }
        Some(text)
    }

    fn texts(&mut self, index: usize, name: &str, path: &str) -> Vec<Text> {
        let children = self.children(index, name);
        children.into_iter().map(|child| Text::new(&self.raw_of(child, &format!("{path}/{name}")))).collect()
    }

    /// A word of a vocabulary; `near` maps what others write.
    fn word<T: std::str::FromStr>(&mut self, raw: &str, path: &str, near: fn(&str) -> Option<T>) -> Option<T> {
        if let Ok(word) = raw.parse() {
            return Some(word);
        }
        let what = format!("“{}” is not one of CAP's words", short(raw));
        self.report(Gravity::Error, path, "schema-word", what, "use a word of the standard, spelled as it is there");
        let trimmed = raw.trim();
        trimmed.parse().ok().or_else(|| near(trimmed))
    }

    fn one_word<T: std::str::FromStr>(
        &mut self,
        index: usize,
        name: &str,
        path: &str,
        near: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let raw = self.raw(index, name, path)?;
        self.word(&raw, &format!("{path}/{name}"), near)
    }

    fn time(&mut self, index: usize, name: &str, path: &str) -> Option<CapTime> {
        let raw = self.raw(index, name, path)?;
        let path = format!("{path}/{name}");
        let time = values::time(&raw);
        match &time {
            Some(Repaired { repair: Some(repair), .. }) => {
                self.report(Gravity::Warning, &path, "schema-time", *repair, "write it like 2026-03-21T04:00:00+03:30");
            }
            Some(Repaired { repair: None, .. }) => {}
            None => {
                let what = format!("“{}” is no time", short(&raw));
                self.report(Gravity::Error, &path, "schema-time", what, "write it like 2026-03-21T04:00:00+03:30");
            }
        }
        time.map(|time| time.value)
    }

    fn uri(&mut self, index: usize, name: &str, path: &str) -> Option<Uri> {
        let raw = self.raw(index, name, path)?;
        let path = format!("{path}/{name}");
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            self.report(Gravity::Hint, &path, "element-empty", format!("{name} is there but empty"), "leave it out");
            return None;
        }
        let uri = values::uri(trimmed);
        let spaced = trimmed.contains(char::is_whitespace);
        let code = if spaced || uri.is_none() { "schema-uri" } else { "uri-form" };
        match &uri {
            Some(Repaired { repair: None, .. }) => {}
            Some(Repaired { repair: Some(repair), .. }) => {
                self.report(Gravity::Warning, &path, code, *repair, "write a URI (RFC 3986)");
            }
            None => self.report(
                Gravity::Error,
                &path,
                code,
                format!("“{}” is no web address", short(trimmed)),
                "write a URI (RFC 3986)",
            ),
        }
        uri.map(|uri| uri.value)
    }

    fn name<T>(&mut self, index: usize, name: &str, read: fn(&str) -> Option<Repaired<T>>) -> Option<T> {
        let raw = self.raw(index, name, "/alert")?;
        let path = format!("/alert/{name}");
        match read(&raw) {
            Some(Repaired { value, repair: None }) => Some(value),
            Some(Repaired { value, repair: Some(repair) }) => {
                self.report(Gravity::Warning, &path, "name-form", repair, "write it without these characters");
                Some(value)
            }
            None => {
                self.report(Gravity::Error, &path, "name-form", format!("{name} is there but empty"), "name it");
                None
            }
        }
    }

    fn list(&mut self, index: usize, name: &str) -> Vec<ListItem> {
        let Some(raw) = self.raw(index, name, "/alert") else { return Vec::new() };
        let items = values::list(&raw);
        if items.is_empty() {
            self.report(
                Gravity::Hint,
                &format!("/alert/{name}"),
                "element-empty",
                format!("{name} is there but empty"),
                "leave it out",
            );
        }
        items
    }

    fn alert(&mut self, index: usize, bytes: &[u8]) -> Alert {
        const PATH: &str = "/alert";
        let identifier = self.name(index, "identifier", values::identifier).unwrap_or_else(|| {
            let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
            Identifier::new(&format!("missing-{}", hex(&digest.as_ref()[..16]))).expect("hexadecimal digits are a name")
        });
        let sender = self
            .name(index, "sender", values::sender)
            .unwrap_or_else(|| Sender::new("missing").expect("a word is a name"));
        let infos: Vec<usize> = self.children(index, "info");
        let sent = self.time(index, "sent", PATH);
        let status = self.one_word(index, "status", PATH, near_status);
        let msg_type = self.one_word(index, "msgType", PATH, |_| None);
        let scope_is_there = !self.children(index, "scope").is_empty();
        let scope = self.one_word(index, "scope", PATH, |_| None);
        let mut references = Vec::new();
        if let Some(raw) = self.raw(index, "references", PATH) {
            for word in raw.split_whitespace() {
                let Some(Repaired { value, repair }) = values::reference(word) else {
                    let what = format!("“{}” is no reference", short(word));
                    let fix = "write sender,identifier,sent";
                    self.report(Gravity::Warning, "/alert/references", "references-form", what, fix);
                    continue;
                };
                if let Some(repair) = repair {
                    let fix = "repeat sent letter by letter";
                    self.report(Gravity::Warning, "/alert/references", "references-form", repair, fix);
                }
                references.push(value);
            }
        }
        let alert = Alert {
            // A status that nobody can read may be a real one, and a real one must not be lost.
            status: status.unwrap_or(Status::Actual),
            source: self.text(index, "source", PATH),
            // A scope that is there but can't be read is kept from the public.
            scope: scope.unwrap_or(if scope_is_there { Scope::Private } else { Scope::Public }),
            restriction: self.text(index, "restriction", PATH),
            addresses: self.list(index, "addresses"),
            codes: self.texts(index, "code", PATH),
            note: self.text(index, "note", PATH),
            references,
            incidents: self.list(index, "incidents"),
            infos: infos
                .iter()
                .enumerate()
                .map(|(i, &info)| self.info(info, &format!("/alert/info[{}]", i + 1)))
                .collect(),
            ..Alert::new(identifier, sender, epoch(), Status::Actual, msg_type.unwrap_or(MsgType::Alert))
        };
        let earliest = || alert.infos.iter().find_map(|info| info.effective.clone().or_else(|| info.onset.clone()));
        let sent = sent.or_else(earliest).unwrap_or_else(epoch);
        Alert { sent, ..alert }
    }

    fn info(&mut self, index: usize, path: &str) -> Info {
        self.sequence(index, path, INFO);
        let language = self.raw(index, "language", path).and_then(|raw| {
            let tag = Language::new(raw.trim());
            if let Err(error) = &tag {
                self.report(
                    Gravity::Warning,
                    &format!("{path}/language"),
                    "schema-language",
                    error.to_string(),
                    "write a BCP 47 tag",
                );
            }
            tag.ok()
        });
        let categories: Vec<Category> = self.words(index, "category", path);
        let categories = Categories::new(categories).unwrap_or_else(|| Categories::one(Category::Other));
        let resources = self.children(index, "resource");
        let areas = self.children(index, "area");
        Info {
            language,
            categories,
            event: self.text(index, "event", path).unwrap_or_default(),
            response_types: self.words::<ResponseType>(index, "responseType", path),
            urgency: self.one_word(index, "urgency", path, |_| None).unwrap_or(Urgency::Unknown),
            severity: self.one_word(index, "severity", path, |_| None).unwrap_or(Severity::Unknown),
            certainty: self.one_word(index, "certainty", path, near_certainty).unwrap_or(Certainty::Unknown),
            audience: self.text(index, "audience", path),
            event_codes: self.pairs(index, "eventCode", path),
            effective: self.time(index, "effective", path),
            onset: self.time(index, "onset", path),
            expires: self.time(index, "expires", path),
            sender_name: self.text(index, "senderName", path),
            headline: self.text(index, "headline", path),
            description: self.text(index, "description", path),
            instruction: self.text(index, "instruction", path),
            web: self.uri(index, "web", path),
            contact: self.text(index, "contact", path),
            parameters: self.pairs(index, "parameter", path),
            resources: resources
                .iter()
                .enumerate()
                .map(|(i, &one)| self.resource(one, &format!("{path}/resource[{}]", i + 1)))
                .collect(),
            areas: areas
                .iter()
                .enumerate()
                .map(|(i, &one)| self.area(one, &format!("{path}/area[{}]", i + 1)))
                .collect(),
        }
    }

    fn words<T: std::str::FromStr>(&mut self, index: usize, name: &str, path: &str) -> Vec<T> {
        let path = format!("{path}/{name}");
        let children = self.children(index, name);
        children
            .into_iter()
            .filter_map(|child| {
                let raw = self.raw_of(child, &path);
                self.word(&raw, &path, |_| None)
            })
            .collect()
    }

    fn pairs(&mut self, index: usize, name: &str, path: &str) -> Vec<Pair> {
        let children = self.children(index, name);
        let mut pairs = Vec::new();
        for (i, child) in children.into_iter().enumerate() {
            let path = format!("{path}/{name}[{}]", i + 1);
            self.sequence(child, &path, PAIR);
            let name = self.raw(child, "valueName", &path).unwrap_or_default();
            let value = self.raw(child, "value", &path).unwrap_or_default();
            pairs.push(Pair::new(&name, &value));
        }
        pairs
    }

    fn resource(&mut self, index: usize, path: &str) -> Resource {
        self.sequence(index, path, RESOURCE);
        let size = self.raw(index, "size", path).and_then(|raw| {
            let digits = raw.trim().strip_prefix('+').unwrap_or(raw.trim());
            let size = digits.parse();
            if size.is_err() {
                let unsigned = digits.strip_prefix('-').unwrap_or(digits);
                let whole = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
                let code = if whole { "size" } else { "schema-size" };
                self.report(
                    Gravity::Warning,
                    &format!("{path}/size"),
                    code,
                    "the size is no number of bytes",
                    "write digits only",
                );
            }
            size.ok()
        });
        Resource {
            description: self.text(index, "resourceDesc", path).unwrap_or_default(),
            mime_type: self.text(index, "mimeType", path).unwrap_or_else(|| Text::new("application/octet-stream")),
            size,
            uri: self.uri(index, "uri", path),
            deref_uri: self.text(index, "derefUri", path),
            digest: self.text(index, "digest", path),
        }
    }

    fn area(&mut self, index: usize, path: &str) -> Area {
        self.sequence(index, path, AREA);
        let mut area = Area::new("");
        area.description = self.text(index, "areaDesc", path).unwrap_or_default();
        for (i, child) in self.children(index, "polygon").into_iter().enumerate() {
            let path = format!("{path}/polygon[{}]", i + 1);
            let raw = self.raw_of(child, &path);
            let positions = raw.split_whitespace().count();
            if positions > self.positions_left {
                self.report(
                    Gravity::Error,
                    &path,
                    "shape-large",
                    "too many positions; kept as text",
                    "simplify the polygon",
                );
                area.unusable.push(Unusable::Polygon(Text::new(&raw)));
                continue;
            }
            self.positions_left -= positions;
            match values::polygon(&raw) {
                Ok(Repaired { value, repair }) => {
                    if let Some(repair) = repair {
                        self.report(
                            Gravity::Warning,
                            &path,
                            "shape-form",
                            repair,
                            "write lat,lon pairs, the last like the first",
                        );
                    }
                    area.polygons.push(value);
                }
                Err(fault) => {
                    self.report(
                        Gravity::Error,
                        &path,
                        "shape-form",
                        fault.to_string(),
                        "write lat,lon pairs, the last like the first",
                    );
                    area.unusable.push(Unusable::Polygon(Text::new(&raw)));
                }
            }
        }
        for (i, child) in self.children(index, "circle").into_iter().enumerate() {
            let path = format!("{path}/circle[{}]", i + 1);
            let raw = self.raw_of(child, &path);
            match Circle::parse(&raw) {
                Ok(circle) => area.circles.push(circle),
                Err(fault) => {
                    self.report(
                        Gravity::Error,
                        &path,
                        "shape-form",
                        fault.to_string(),
                        "write lat,lon and a radius in kilometres",
                    );
                    area.unusable.push(Unusable::Circle(Text::new(&raw)));
                }
            }
        }
        area.geocodes = self.pairs(index, "geocode", path);
        area.altitude = self.feet(index, "altitude", path);
        area.ceiling = self.feet(index, "ceiling", path);
        area
    }

    fn feet(&mut self, index: usize, name: &str, path: &str) -> Option<Feet> {
        let raw = self.raw(index, name, path)?;
        let feet = Feet::parse(&raw);
        if feet.is_none() {
            let what = format!("“{}” is no number of feet", short(&raw));
            self.report(Gravity::Warning, &format!("{path}/{name}"), "schema-decimal", what, "write a decimal number");
        }
        feet
    }
}

fn epoch() -> CapTime {
    CapTime::from_timestamp(jiff::Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC)
}

/// At most 60 characters of a text, for a finding.
fn short(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

/// What others write for a status. Never turns anything into less than it may be, except what clearly is practice.
fn near_status(text: &str) -> Option<Status> {
    match text.to_ascii_lowercase().as_str() {
        "excercise" | "exercise" | "drill" => Some(Status::Exercise),
        "test" => Some(Status::Test),
        "draft" => Some(Status::Draft),
        "system" => Some(Status::System),
        _ => None,
    }
}

/// CAP 1.0 had “Very Likely” where 1.1 has “Likely”.
fn near_certainty(text: &str) -> Option<Certainty> {
    if text.eq_ignore_ascii_case("very likely") { Some(Certainty::Likely) } else { None }
}
