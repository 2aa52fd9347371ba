//! Turns the elements of one alert into an `Alert`, and every difference from the schema into a finding.
//! Called by `read` for each alert of a document.
//! Whatever is wrong inside, an alert comes out; what was wrong with it stands in the findings.

use std::borrow::Cow;
use std::fmt;

use super::decode::Doubt;
use super::read::{FINDINGS_MAX, Version};
use super::schema::{ALERT, AREA, INFO, PAIR, RESOURCE, RESOURCE_BEFORE_1_2, Sequence};
use super::tree::{Node, Tag, Tree};
use super::values::{self, Repaired};
use super::words::{CATEGORY, CERTAINTY, MSG_TYPE, RESPONSE_TYPE, SCOPE, SEVERITY, STATUS, URGENCY, Words};
use crate::cap::{
    Alert, Area, Base64, CapTime, Categories, Category, Certainty, Circle, Digest, Feet, GeometryFault, Identifier,
    Info, Language, ListItem, MimeType, MsgType, Pair, Polygon, Resource, Scope, Sender, Severity, Status, Text,
    Unusable, Urgency, Uri, xml_carries,
};
use crate::check::{Finding, Gravity};
use crate::content::hex;

/// Where a finding is: written only when there is one.
#[derive(Clone, Copy)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    name: &'p str,
    /// Which of several, from 1; 0 when there is only one.
    number: usize,
}

impl<'p> Path<'p> {
    const fn root(name: &'p str) -> Self {
        Self { parent: None, name, number: 0 }
    }

    const fn child(&'p self, name: &'p str) -> Self {
        Self { parent: Some(self), name, number: 0 }
    }

    const fn nth(&'p self, name: &'p str, index: usize) -> Self {
        Self { parent: Some(self), name, number: index + 1 }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        write!(f, "/{}", self.name)?;
        if self.number > 0 { write!(f, "[{}]", self.number) } else { Ok(()) }
    }
}

/// The first child of each name; 0 where there is none, since the root is nobody's child.
struct Fields([usize; Tag::COUNT]);

impl Fields {
    fn get(&self, tag: Tag) -> Option<usize> {
        Some(self.0[tag as usize]).filter(|&index| index != 0)
    }
}

/// Reads the alerts of one tree, one after the other.
pub(super) struct Reader<'t> {
    tree: &'t Tree<'t>,
    version: Version,
    pub findings: Vec<Finding>,
    positions_left: usize,
    doubt: Option<Doubt>,
    /// Whether one of the findings is a fault to the schema.
    schema_refuses: bool,
    /// Whether findings were left out.
    is_cut: bool,
}

impl<'t> Reader<'t> {
    pub const fn new(tree: &'t Tree<'t>, version: Version, positions_max: usize, doubt: Option<Doubt>) -> Self {
        Self {
            tree,
            version,
            findings: Vec::new(),
            positions_left: positions_max,
            doubt,
            schema_refuses: false,
            is_cut: false,
        }
    }

    fn node(&self, index: usize) -> &'t Node<'t> {
        self.tree.node(index)
    }

    #[cold]
    fn report(
        &mut self,
        gravity: Gravity,
        path: Path<'_>,
        code: &'static str,
        what: impl Into<String>,
        fix: &'static str,
    ) {
        // The verdict of the schema must not depend on how much else is wrong, so its first fault always has a place.
        let decides = code.starts_with("schema-") && !self.schema_refuses;
        self.schema_refuses |= decides;
        if self.findings.len() < FINDINGS_MAX || decides {
            self.findings.push(Finding::new(gravity, path.to_string(), code, what, fix));
        } else if !self.is_cut {
            self.is_cut = true;
            let what = format!("more than {FINDINGS_MAX} things are wrong with its form; the rest is left out");
            self.findings.push(Finding::new(Gravity::Warning, "/alert", "findings-many", what, "mend these first"));
        }
    }

    /// The alert at an index, and whether it carries a signature.
    pub fn document(&mut self, index: usize, raw: &[u8]) -> (Alert, bool) {
        const ROOT: Path<'static> = Path::root("alert");
        use Gravity::{Error, Hint};
        if let Some(doubt) = self.doubt {
            let code = match doubt {
                Doubt::Lost | Doubt::Unknown => "schema-encoding",
                Doubt::Declared => "encoding",
            };
            self.report(Error, ROOT, code, doubt.what(), "write UTF-8");
        }
        if self.tree.has_bare_ampersand {
            let what = "“&” stands alone in the document and was taken as it is";
            self.report(Error, ROOT, "schema-ampersand", what, "write &amp;");
        }
        if self.tree.has_prolog {
            let what = "something stands before the document's declaration or its root element";
            self.report(Error, ROOT, "schema-prolog", what, "begin with the declaration, or with the root element");
        }
        if self.tree.has_trailing {
            let what = "something stands after the end of the document's root element";
            self.report(Error, ROOT, "schema-trailing", what, "end with the root element");
        }
        if let Some(fault) = &self.tree.broken {
            let what = format!("the document was mended, and something may be missing: {fault}");
            self.report(Error, ROOT, "schema-not-well-formed", what, "ask its sender for a whole one");
        }
        match self.version {
            Version::V1_2 => {}
            Version::V1_1 | Version::V1_0 => {
                self.report(Hint, ROOT, "schema-version", "an earlier version of CAP", "write CAP 1.2");
            }
            Version::Unknown => {
                let what = "the alert is not in the namespace of CAP";
                self.report(Error, ROOT, "schema-namespace", what, "use urn:oasis:names:tc:emergency:cap:1.2");
            }
        }
        let root = self.node(index);
        if !root.exact {
            let what = format!("“{}” is spelled “{}”", short(root.name), root.tag.name());
            self.report(Error, ROOT, "schema-unknown-element", what, "spell it as the standard does");
        }
        let fields = self.sequence(index, ROOT, ALERT);
        let alert = self.alert(index, &fields, ROOT, raw);
        (alert, fields.get(Tag::Signature).is_some())
    }

    /// Reports everything in which the children of an element differ from the schema's sequence; finds the first of each.
    fn sequence(&mut self, index: usize, path: Path<'_>, wanted: &Sequence) -> Fields {
        use Gravity::{Error, Warning};
        let parent = self.node(index);
        let mut fields = Fields([0; Tag::COUNT]);
        let mut stray_text = !is_blank(&parent.text);
        let mut reached = 0;
        for child in self.tree.children(index) {
            let node = self.node(child);
            if node.tag == Tag::Text {
                stray_text |= !is_blank(&node.text);
                continue;
            }
            // In a document that keeps the order, the place is where the last one was, or soon after.
            let later = wanted[reached..].iter().position(|place| place.tag == node.tag).map(|step| reached + step);
            let Some(at) = later.or_else(|| wanted.iter().position(|place| place.tag == node.tag)) else {
                let what = format!("“{}” is no element of CAP here", short(node.name));
                self.report(Error, path, "schema-unknown-element", what, "leave it out, or use a parameter");
                continue;
            };
            if node.tag != Tag::Signature {
                if node.space != parent.space {
                    let what = format!("“{}” is not in the namespace of its alert", short(node.name));
                    self.report(Error, path, "schema-element-namespace", what, "use one namespace");
                }
                if !node.exact {
                    let what = format!("“{}” is spelled “{}”", short(node.name), node.tag.name());
                    self.report(Error, path, "schema-unknown-element", what, "spell it as the standard does");
                }
            }
            if at < reached {
                let what = format!("“{}” stands after “{}”", node.tag.name(), wanted[reached].tag.name());
                self.report(Warning, path, "schema-order", what, "keep to the order of the schema");
            }
            reached = reached.max(at);
            let first = &mut fields.0[node.tag as usize];
            if *first == 0 {
                *first = child;
            } else if !wanted[at].many {
                let what = format!("“{}” stands more than once; the first is taken", node.tag.name());
                self.report(Error, path.child(node.tag.name()), "schema-twice", what, "write it once");
            }
        }
        if stray_text {
            self.report(Error, path, "schema-text", "text stands between the elements", "put it into an element");
        }
        self.attribute(parent, path);
        for place in wanted.iter().filter(|place| place.required) {
            if fields.get(place.tag).is_none() {
                let what = format!("“{}” is missing", place.tag.name());
                self.report(Error, path.child(place.tag.name()), "schema-missing", what, "add it");
            }
        }
        fields
    }

    fn attribute(&mut self, node: &Node<'_>, path: Path<'_>) {
        if node.attribute {
            let what = "an attribute that CAP does not know";
            self.report(Gravity::Error, path, "schema-attribute", what, "leave it out");
        }
    }

    /// All children of a name, from the first on.
    fn all(&self, index: usize, fields: &Fields, tag: Tag) -> impl Iterator<Item = usize> + use<'t> {
        let tree = self.tree;
        let end = tree.node(index).end;
        let step = move |at: usize| (at < end).then_some(at);
        std::iter::successors(fields.get(tag), move |&at| step(tree.node(at).end))
            .filter(move |&at| tree.node(at).tag == tag)
    }

    /// The raw text of a leaf element.
    fn raw(&mut self, index: usize, path: Path<'_>) -> Cow<'t, str> {
        let node = self.node(index);
        if node.end != index + 1 {
            self.report(Gravity::Error, path, "schema-child", "elements stand inside a text", "write plain text");
        }
        self.attribute(node, path);
        let text = self.tree.deep_text(index);
        if self.tree.has_odd && !text.chars().all(xml_carries) {
            let what = "a character that XML cannot carry";
            self.report(Gravity::Error, path, "schema-character", what, "leave it out");
        }
        text
    }

    /// The text of a leaf element, trimmed.
    fn text_of(&mut self, index: usize, path: Path<'_>) -> Text {
        let raw = self.raw(index, path);
        if self.tree.has_odd { Text::new(&raw) } else { Text::of_carried(raw) }
    }

    fn empty(&mut self, path: Path<'_>) {
        let what = format!("{} is there but empty", path.name);
        self.report(Gravity::Hint, path, "element-empty", what, "leave it out");
    }

    fn text(&mut self, fields: &Fields, tag: Tag, path: Path<'_>) -> Option<Text> {
        let index = fields.get(tag)?;
        let path = path.child(tag.name());
        let text = self.text_of(index, path);
        if text.is_empty() {
            self.empty(path);
        }
        Some(text)
    }

    /// The raw text of the first child of a name.
    fn raw_field(&mut self, fields: &Fields, tag: Tag, path: Path<'_>) -> Option<Cow<'t, str>> {
        let index = fields.get(tag)?;
        Some(self.raw(index, path.child(tag.name())))
    }

    /// A word of a vocabulary; `near` maps what others write.
    fn word<T>(&mut self, raw: &str, path: Path<'_>, words: Words<T>) -> Option<T> {
        if let Some(word) = (words.exact)(raw) {
            return Some(word);
        }
        let what = format!("“{}” is not one of CAP's words", short(raw));
        self.report(Gravity::Error, path, "schema-word", what, "use a word of the standard, spelled as it is there");
        (words.near)(raw.trim())
    }

    fn one_word<T>(&mut self, fields: &Fields, tag: Tag, path: Path<'_>, words: Words<T>) -> Option<T> {
        let raw = self.raw_field(fields, tag, path)?;
        self.word(&raw, path.child(tag.name()), words)
    }

    fn words<T>(&mut self, index: usize, fields: &Fields, tag: Tag, path: Path<'_>, words: Words<T>) -> Vec<T> {
        let path = path.child(tag.name());
        self.all(index, fields, tag)
            .filter_map(|child| {
                let raw = self.raw(child, path);
                self.word(&raw, path, words)
            })
            .collect()
    }

    fn time(&mut self, fields: &Fields, tag: Tag, path: Path<'_>) -> Option<CapTime> {
        const FIX: &str = "write it like 2026-03-21T04:00:00+03:30";
        let raw = self.raw_field(fields, tag, path)?;
        let path = path.child(tag.name());
        if let Some(time) = values::midnight(&raw) {
            let what = "24:00:00 was read as 00:00:00 of the next day";
            self.report(Gravity::Warning, path, "time-form", what, FIX);
            return Some(time);
        }
        let time = values::any_time(&raw);
        match &time {
            Some(Repaired { repair: Some(repair), .. }) => {
                self.report(Gravity::Warning, path, "schema-time", *repair, FIX);
            }
            Some(Repaired { repair: None, .. }) => {}
            None => {
                let what = format!("“{}” is no time", short(&raw));
                self.report(Gravity::Error, path, "schema-time", what, FIX);
            }
        }
        time.map(|time| time.value)
    }

    fn uri(&mut self, fields: &Fields, tag: Tag, path: Path<'_>) -> Option<Uri> {
        const FIX: &str = "write a URI (RFC 3986)";
        let raw = self.raw_field(fields, tag, path)?;
        let path = path.child(tag.name());
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            self.empty(path);
            return None;
        }
        let uri = values::uri(trimmed);
        let spaced = trimmed.contains(char::is_whitespace);
        let code = if spaced || uri.is_none() { "schema-uri" } else { "uri-form" };
        match &uri {
            Some(Repaired { repair: None, .. }) => {}
            Some(Repaired { repair: Some(repair), .. }) => self.report(Gravity::Warning, path, code, *repair, FIX),
            None => {
                self.report(Gravity::Error, path, code, format!("“{}” is no web address", short(trimmed)), FIX);
            }
        }
        uri.map(|uri| uri.value)
    }

    fn name<T>(
        &mut self,
        fields: &Fields,
        tag: Tag,
        path: Path<'_>,
        read: fn(&str) -> Option<Repaired<T>>,
    ) -> Option<T> {
        let raw = self.raw_field(fields, tag, path)?;
        let path = path.child(tag.name());
        if let Some(Repaired { value, repair }) = read(&raw) {
            if let Some(repair) = repair {
                self.report(Gravity::Warning, path, "name-form", repair, "write it without these characters");
            }
            return Some(value);
        }
        let what = format!("{} is there but empty", tag.name());
        self.report(Gravity::Error, path, "name-form", what, "name it");
        None
    }

    fn list(&mut self, fields: &Fields, tag: Tag, path: Path<'_>) -> Vec<ListItem> {
        const FIX: &str = "separate the items by spaces, and enclose one that has spaces in double quotes";
        let Some(raw) = self.raw_field(fields, tag, path) else { return Vec::new() };
        let path = path.child(tag.name());
        let list = values::list(&raw);
        if list.items.is_empty() && list.unread.is_empty() {
            self.empty(path);
        }
        if list.has_stray_quote {
            let what = "a double quote encloses no item and was left out";
            self.report(Gravity::Warning, path, "list-form", what, FIX);
        }
        for item in list.unread {
            let what = format!("“{}” is no item and was left out", short(&item));
            self.report(Gravity::Warning, path, "list-form", what, FIX);
        }
        list.items
    }

    fn alert(&mut self, index: usize, fields: &Fields, path: Path<'_>, raw: &[u8]) -> Alert {
        let identifier = self.name(fields, Tag::Identifier, path, values::identifier).unwrap_or_else(|| {
            let digest = ring::digest::digest(&ring::digest::SHA256, raw);
            Identifier::new(&format!("missing-{}", hex(&digest.as_ref()[..16]))).expect("hexadecimal digits are a name")
        });
        let sender = self
            .name(fields, Tag::Sender, path, values::sender)
            .unwrap_or_else(|| Sender::new("missing").expect("a word is a name"));
        let sent = self.time(fields, Tag::Sent, path);
        let status = self.one_word(fields, Tag::Status, path, STATUS);
        let msg_type = self.one_word(fields, Tag::MsgType, path, MSG_TYPE);
        let scope = self.one_word(fields, Tag::Scope, path, SCOPE);
        let references = self.references(fields, path, &sender, msg_type);
        let codes: Vec<usize> = self.all(index, fields, Tag::Code).collect();
        let infos = self.all(index, fields, Tag::Info).enumerate();
        Alert {
            // A status that nobody can read may be a real one, and a real one must not be lost.
            status: status.unwrap_or(Status::Actual),
            source: self.text(fields, Tag::Source, path),
            // A scope that is there but can't be read is kept from the public.
            scope: scope.unwrap_or(if fields.get(Tag::Scope).is_some() { Scope::Private } else { Scope::Public }),
            restriction: self.text(fields, Tag::Restriction, path),
            addresses: self.list(fields, Tag::Addresses, path),
            codes: codes.into_iter().map(|code| self.text_of(code, path.child("code"))).collect(),
            note: self.text(fields, Tag::Note, path),
            references,
            incidents: self.list(fields, Tag::Incidents, path),
            infos: infos.map(|(i, info)| self.info(info, path.nth("info", i))).collect(),
            ..Alert::new(
                identifier,
                sender,
                sent.unwrap_or_else(not_known),
                Status::Actual,
                msg_type.unwrap_or(MsgType::Alert),
            )
        }
    }

    fn references(
        &mut self,
        fields: &Fields,
        path: Path<'_>,
        sender: &Sender,
        msg_type: Option<MsgType>,
    ) -> Vec<crate::cap::Reference> {
        const CODE: &str = "references-form";
        let Some(raw) = self.raw_field(fields, Tag::References, path) else { return Vec::new() };
        let path = path.child(Tag::References.name());
        let references = values::references(&raw, Some(sender));
        if references.read.is_empty() && references.unread.is_empty() {
            self.empty(path);
        }
        // An update that updates nothing known leaves the old message standing.
        let is_lost = references.read.is_empty() && msg_type != Some(MsgType::Alert);
        let gravity = if is_lost { Gravity::Error } else { Gravity::Warning };
        for unread in references.unread {
            let what = format!("“{}” is no reference", short(&unread));
            self.report(gravity, path, CODE, what, "write sender,identifier,sent");
        }
        for repair in references.read.iter().filter_map(|one| one.repair) {
            self.report(Gravity::Warning, path, CODE, repair, "repeat sender, identifier and sent letter by letter");
        }
        references.read.into_iter().map(|one| one.value).collect()
    }

    fn info(&mut self, index: usize, path: Path<'_>) -> Info {
        let fields = &self.sequence(index, path, INFO);
        let categories: Vec<Category> = self.words(index, fields, Tag::Category, path, CATEGORY);
        Info {
            language: self.language(fields, path),
            categories: Categories::new(categories).unwrap_or_else(|| Categories::one(Category::Other)),
            event: self.text(fields, Tag::Event, path).unwrap_or_default(),
            response_types: self.words(index, fields, Tag::ResponseType, path, RESPONSE_TYPE),
            urgency: self.one_word(fields, Tag::Urgency, path, URGENCY).unwrap_or(Urgency::Unknown),
            severity: self.one_word(fields, Tag::Severity, path, SEVERITY).unwrap_or(Severity::Unknown),
            certainty: self.one_word(fields, Tag::Certainty, path, CERTAINTY).unwrap_or(Certainty::Unknown),
            audience: self.text(fields, Tag::Audience, path),
            event_codes: self.pairs(index, fields, Tag::EventCode, path),
            effective: self.time(fields, Tag::Effective, path),
            onset: self.time(fields, Tag::Onset, path),
            expires: self.time(fields, Tag::Expires, path),
            sender_name: self.text(fields, Tag::SenderName, path),
            headline: self.text(fields, Tag::Headline, path),
            description: self.text(fields, Tag::Description, path),
            instruction: self.text(fields, Tag::Instruction, path),
            web: self.uri(fields, Tag::Web, path),
            contact: self.text(fields, Tag::Contact, path),
            parameters: self.pairs(index, fields, Tag::Parameter, path),
            resources: (self.all(index, fields, Tag::Resource).enumerate())
                .map(|(i, one)| self.resource(one, path.nth("resource", i)))
                .collect(),
            areas: (self.all(index, fields, Tag::Area).enumerate())
                .map(|(i, one)| self.area(one, path.nth("area", i)))
                .collect(),
        }
    }

    fn language(&mut self, fields: &Fields, path: Path<'_>) -> Option<Language> {
        let raw = self.raw_field(fields, Tag::Language, path)?;
        let path = path.child("language");
        if raw.is_empty() {
            // The schema gives an empty element its default, en-US, which is also what an absent one means.
            self.empty(path);
            return None;
        }
        match Language::new(raw.trim()) {
            Ok(tag) => Some(tag),
            Err(fault) => {
                self.report(Gravity::Warning, path, "schema-language", fault.to_string(), "write a BCP 47 tag");
                None
            }
        }
    }

    fn pairs(&mut self, index: usize, fields: &Fields, tag: Tag, path: Path<'_>) -> Vec<Pair> {
        let pairs = self.all(index, fields, tag).enumerate();
        pairs.map(|(i, child)| self.pair(child, path.nth(tag.name(), i))).collect()
    }

    fn pair(&mut self, index: usize, path: Path<'_>) -> Pair {
        let fields = &self.sequence(index, path, PAIR);
        if fields.get(Tag::ValueName).is_none()
            && fields.get(Tag::Value).is_none()
            && let Some(pair) = values::pair(&self.tree.deep_text(index))
        {
            return pair;
        }
        let mut part = |tag: Tag| match fields.get(tag) {
            Some(index) => self.text_of(index, path.child(tag.name())),
            None => Text::default(),
        };
        Pair { name: part(Tag::ValueName), value: part(Tag::Value) }
    }

    fn resource(&mut self, index: usize, path: Path<'_>) -> Resource {
        let before = matches!(self.version, Version::V1_0 | Version::V1_1);
        let fields = &self.sequence(index, path, if before { RESOURCE_BEFORE_1_2 } else { RESOURCE });
        Resource {
            description: self.text(fields, Tag::ResourceDesc, path).unwrap_or_default(),
            mime_type: self.mime_type(fields, path),
            size: self.size(fields, path),
            uri: self.uri(fields, Tag::Uri, path),
            deref_uri: self.deref_uri(fields, path),
            digest: self.digest(fields, path),
        }
    }

    fn mime_type(&mut self, fields: &Fields, path: Path<'_>) -> MimeType {
        let Some(raw) = self.raw_field(fields, Tag::MimeType, path) else { return MimeType::unknown() };
        MimeType::new(raw.trim()).unwrap_or_else(|_| {
            let what = format!("“{}” is no media type", short(&raw));
            self.report(Gravity::Warning, path.child("mimeType"), "mime-type", what, "write type/subtype (RFC 2046)");
            MimeType::unknown()
        })
    }

    fn size(&mut self, fields: &Fields, path: Path<'_>) -> Option<u64> {
        let raw = self.raw_field(fields, Tag::Size, path)?;
        let digits = raw.trim().strip_prefix('+').unwrap_or(raw.trim());
        let size = digits.parse();
        if size.is_err() {
            let unsigned = digits.strip_prefix('-').unwrap_or(digits);
            let whole = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
            let code = if whole { "size" } else { "schema-size" };
            let what = "the size is no number of bytes";
            self.report(Gravity::Warning, path.child("size"), code, what, "write digits only");
        }
        size.ok()
    }

    fn deref_uri(&mut self, fields: &Fields, path: Path<'_>) -> Option<Base64> {
        let raw = self.raw_field(fields, Tag::DerefUri, path)?;
        let path = path.child("derefUri");
        if is_blank(&raw) {
            self.empty(path);
        }
        let content = values::base64(&raw);
        if content.is_none() {
            let what = "the content of the resource cannot be decoded";
            self.report(Gravity::Warning, path, "deref-uri", what, "write base64 (RFC 4648)");
        }
        content
    }

    fn digest(&mut self, fields: &Fields, path: Path<'_>) -> Option<Digest> {
        let raw = self.raw_field(fields, Tag::Digest, path)?;
        let path = path.child("digest");
        if is_blank(&raw) {
            self.empty(path);
            return None;
        }
        let digest = Digest::new(raw.trim());
        if digest.is_err() {
            let what = format!("“{}” is no SHA-1 in hexadecimal", short(&raw));
            self.report(Gravity::Warning, path, "digest", what, "write 40 hexadecimal digits");
        }
        digest.ok()
    }

    fn area(&mut self, index: usize, path: Path<'_>) -> Area {
        let fields = &self.sequence(index, path, AREA);
        let mut area = Area::new("");
        area.description = self.text(fields, Tag::AreaDesc, path).unwrap_or_default();
        for (i, child) in self.all(index, fields, Tag::Polygon).enumerate() {
            self.polygon(child, path.nth("polygon", i), &mut area);
        }
        for (i, child) in self.all(index, fields, Tag::Circle).enumerate() {
            self.circle(child, path.nth("circle", i), &mut area);
        }
        area.geocodes = self.pairs(index, fields, Tag::Geocode, path);
        area.altitude = self.feet(fields, Tag::Altitude, path);
        area.ceiling = self.feet(fields, Tag::Ceiling, path);
        area
    }

    fn polygon(&mut self, index: usize, path: Path<'_>, area: &mut Area) {
        const FIX: &str = "write lat,lon pairs, the last like the first";
        let raw = self.raw(index, path);
        match Polygon::mend(&raw, self.positions_left) {
            Ok((polygon, repair)) => {
                self.positions_left -= polygon.ring().len();
                area.polygons.push(polygon);
                if let Some(repair) = repair {
                    self.report(Gravity::Warning, path, "shape-form", repair, FIX);
                }
            }
            Err(GeometryFault::TooMany) => {
                let what = "too many positions; kept as text";
                self.report(Gravity::Error, path, "shape-large", what, "simplify the polygon");
                area.unusable.push(Unusable::large_polygon(&raw));
            }
            Err(fault) => match Unusable::polygon(&raw) {
                Some(shape) => {
                    self.report(Gravity::Error, path, "shape-form", fault.to_string(), FIX);
                    area.unusable.push(shape);
                }
                None => self.empty(path),
            },
        }
    }

    fn circle(&mut self, index: usize, path: Path<'_>, area: &mut Area) {
        const FIX: &str = "write lat,lon and a radius in kilometres";
        let raw = self.raw(index, path);
        match Circle::mend(&raw) {
            Ok((circle, Some(repair))) => {
                area.circles.push(circle);
                self.report(Gravity::Warning, path, "shape-form", repair, FIX);
            }
            Ok((circle, None)) => {
                area.circles.push(circle);
                let is_spaced =
                    raw.trim().split_once(char::is_whitespace).is_some_and(|(_, radius)| radius != radius.trim_start());
                if is_spaced {
                    let what = "more than one space stands before the radius, where some readers lose the circle";
                    self.report(Gravity::Hint, path, "circle-spaces", what, "write one space");
                }
            }
            Err(fault) => match Unusable::circle(&raw) {
                Some(shape) => {
                    self.report(Gravity::Error, path, "shape-form", fault.to_string(), FIX);
                    area.unusable.push(shape);
                }
                None => self.empty(path),
            },
        }
    }

    fn feet(&mut self, fields: &Fields, tag: Tag, path: Path<'_>) -> Option<Feet> {
        let raw = self.raw_field(fields, tag, path)?;
        let feet = Feet::parse(&raw);
        if feet.is_none() {
            let what = format!("“{}” is no number of feet", short(&raw));
            let fix = "write a decimal number";
            self.report(Gravity::Warning, path.child(tag.name()), "schema-decimal", what, fix);
        }
        feet
    }
}

/// What [`super::Read::alert`] says of a `sent` that is not known: another time of the alert would be an invented one.
fn not_known() -> CapTime {
    CapTime::from_timestamp(jiff::Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC)
}

/// At most 60 characters of a text, for a finding.
fn short(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace()) || text.trim().is_empty()
}
