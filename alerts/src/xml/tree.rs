//! Builds a flat tree of elements from a document, mending what is not well-formed, or refuses it with a reason.
//! Called by `read`; knows the names and namespaces of CAP and our bounds, nothing of CAP's meaning.
//! Names and texts are borrowed from the document; it is bounded in size, depth and elements, and no bytes make it panic.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::scan::{Piece, Scanner};
use super::schema::{ALERT, AREA, INFO, PAIR, RESOURCE, Sequence};

/// How much is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document. Google Public Alerts takes 900 kB; the largest known alerts (DWD, eight languages) have 400 kB.
    pub bytes: usize,
    /// Elements inside elements.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Alerts in one document.
    pub alerts: usize,
    /// Positions of all polygons of one alert; polygons beyond are kept as unusable text.
    pub positions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 64, elements: 200_000, alerts: 5_000, positions: 500_000 }
    }
}

/// Namespaces in scope at one place; no real document has more than a handful.
const NAMESPACES_MAX: usize = 256;

/// Why a document was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More bytes than the limit.
    #[error("the document has {bytes} bytes; at most {max} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Elements nested deeper than the limit.
    #[error("elements are nested more than {max} deep")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// More elements than the limit.
    #[error("the document has more than {max} elements")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// More alerts than the limit.
    #[error("the document has more than {max} alerts")]
    TooManyAlerts {
        /// The limit.
        max: usize,
    },
    /// A document type declaration, which could read files or the network, or grow without end.
    #[error("the document has a DOCTYPE, which is never read; remove it")]
    Doctype,
    /// An entity other than the five of XML and character references.
    #[error("the entity “&{name};” is not one of XML's own; write the character itself")]
    Entity {
        /// Its name.
        name: String,
    },
    /// Not well-formed.
    #[error("not well-formed XML at byte {at}: {why}")]
    NotXml {
        /// Where.
        at: u64,
        /// Why.
        why: String,
    },
    /// No `alert` element anywhere.
    #[error("there is no CAP alert in the document")]
    NoAlert,
}

/// Which namespace an element stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Cap12,
    Cap11,
    Cap10,
    Signature,
    None,
    Other,
}

impl Space {
    fn of(uri: &str) -> Self {
        match uri {
            "urn:oasis:names:tc:emergency:cap:1.2" => Self::Cap12,
            "urn:oasis:names:tc:emergency:cap:1.1" => Self::Cap11,
            "http://www.incident.com/cap/1.0" => Self::Cap10,
            "http://www.w3.org/2000/09/xmldsig#" => Self::Signature,
            "" => Self::None,
            _ => Self::Other,
        }
    }

    /// Whether it is one of CAP's.
    pub const fn is_cap(self) -> bool {
        matches!(self, Self::Cap12 | Self::Cap11 | Self::Cap10)
    }
}

macro_rules! tags {
    ($($tag:ident $name:literal),+ $(,)?) => {
        /// The elements of CAP by name; everything else is `Unknown`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Tag { $($tag),+, Unknown, Text }

        impl Tag {
            const ALL: &[Self] = &[$(Self::$tag),+];
            /// How many there are, for tables.
            pub const COUNT: usize = Self::ALL.len() + 2;

            /// The name as CAP writes it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$tag => $name,)+
                    Self::Unknown | Self::Text => "",
                }
            }
        }
    };
}

tags! {
    Alert "alert", Identifier "identifier", Sender "sender", Sent "sent", Status "status", MsgType "msgType",
    Source "source", Scope "scope", Restriction "restriction", Addresses "addresses", Code "code", Note "note",
    References "references", Incidents "incidents", Info "info", Signature "Signature",
    Language "language", Category "category", Event "event", ResponseType "responseType", Urgency "urgency",
    Severity "severity", Certainty "certainty", Audience "audience", EventCode "eventCode", Effective "effective",
    Onset "onset", Expires "expires", SenderName "senderName", Headline "headline", Description "description",
    Instruction "instruction", Web "web", Contact "contact", Parameter "parameter", Resource "resource", Area "area",
    ResourceDesc "resourceDesc", MimeType "mimeType", Size "size", Uri "uri", DerefUri "derefUri", Digest "digest",
    AreaDesc "areaDesc", Polygon "polygon", Circle "circle", Geocode "geocode", Altitude "altitude", Ceiling "ceiling",
    ValueName "valueName", Value "value",
}

/// The tag of each name at the place that [`Tag::place`] gives it.
const TAGS: [Tag; 128] = {
    let mut tags = [Tag::Unknown; 128];
    let mut at = 0;
    while at < Tag::ALL.len() {
        let place = Tag::place(Tag::ALL[at].name().as_bytes());
        assert!(matches!(tags[place], Tag::Unknown), "two names of CAP have one place: choose other factors");
        tags[place] = Tag::ALL[at];
        at += 1;
    }
    tags
};

impl Tag {
    /// A place in [`TAGS`] that no other name of CAP has (a perfect hash; the compiler checks it), so that one comparison tells.
    const fn place(name: &[u8]) -> usize {
        if name.is_empty() {
            return 0;
        }
        let letters = 51 * name[0] as usize + 61 * name[name.len() - 1] as usize + name[name.len() / 2] as usize;
        (26 * name.len() + letters) % 128
    }

    fn of(name: &str) -> Self {
        let tag = TAGS[Self::place(name.as_bytes())];
        if tag.name() == name { tag } else { Self::Unknown }
    }

    /// Whether CAP wants text in it, and no elements.
    const fn is_leaf(self) -> bool {
        !matches!(
            self,
            Self::Alert
                | Self::Info
                | Self::Resource
                | Self::Area
                | Self::EventCode
                | Self::Parameter
                | Self::Geocode
                | Self::Signature
                | Self::Unknown
                | Self::Text
        )
    }

    /// Whether a part of its text still serves people when the document ends inside it; half a polygon or time is a wrong one.
    const fn is_prose(self) -> bool {
        matches!(
            self,
            Self::Note
                | Self::Event
                | Self::SenderName
                | Self::Headline
                | Self::Description
                | Self::Instruction
                | Self::Contact
                | Self::AreaDesc
        )
    }

    /// Whether an element that is nowhere closed can hold a child. What it cannot hold stands after it.
    fn may_hold(self, child: Self) -> bool {
        let among = |sequence: &Sequence| sequence.iter().any(|place| place.tag == child);
        match (self, child) {
            (_, Self::Unknown | Self::Text) | (Self::Unknown | Self::Text | Self::Signature, _) => true,
            (Self::Alert, _) => child != Self::Alert,
            (Self::Info, _) => child != Self::Alert && (among(INFO) || !among(ALERT)),
            (Self::Area, _) => among(AREA),
            (Self::Resource, _) => among(RESOURCE),
            (Self::EventCode | Self::Parameter | Self::Geocode, _) => among(PAIR),
            _ => false,
        }
    }
}

/// One element, or a text between elements ([`Tag::Text`]).
#[derive(Debug)]
pub(super) struct Node<'d> {
    /// The local name as it stands.
    pub name: &'d str,
    /// Its own text before its first child.
    pub text: Cow<'d, str>,
    /// The index after its last descendant; its first child, if any, is the next node.
    pub end: usize,
    pub tag: Tag,
    pub space: Space,
    /// Whether the name is spelled as CAP spells it.
    pub exact: bool,
    /// Whether it has an attribute that no schema of CAP allows.
    pub attribute: bool,
}

/// A whole document; node 0 is the root, and every node is followed by its descendants.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that was seen; they are not states")]
pub(super) struct Tree<'d> {
    pub nodes: Vec<Node<'d>>,
    /// Whether a text may hold what XML cannot carry.
    pub has_odd: bool,
    /// Whether a `&` stood alone.
    pub has_bare_ampersand: bool,
    /// What had to be mended, if the marks of the document do not fit together: the first such place.
    pub broken: Option<ReadError>,
    /// Whether something stands before the root, or the declaration is not the very first.
    pub has_prolog: bool,
    /// Whether something stands after the root.
    pub has_trailing: bool,
}

impl<'d> Tree<'d> {
    pub fn node(&self, index: usize) -> &Node<'d> {
        &self.nodes[index]
    }

    /// The children of a node in order.
    pub fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[index].end;
        let step = move |at: usize| (at < end).then_some(at);
        std::iter::successors(step(index + 1), move |&at| step(self.nodes[at].end))
    }

    /// The path of a node, `/rss/channel/item[2]/description`. O(n): for what is reported, not for what is read.
    #[cold]
    pub fn place(&self, index: usize) -> String {
        let mut path = String::new();
        let root = |at: usize| (at < self.nodes.len()).then_some(at);
        let mut level: Vec<usize> = std::iter::successors(root(0), |&at| root(self.nodes[at].end)).collect();
        while let Some(&on) = level.iter().find(|&&at| (at..self.nodes[at].end).contains(&index)) {
            let name = self.nodes[on].name;
            if !name.is_empty() {
                let same = |upto: usize| level.iter().filter(|&&at| at <= upto && self.nodes[at].name == name).count();
                path.push('/');
                path.extend(name.chars().take(60));
                if same(usize::MAX) > 1 {
                    let _ = write!(path, "[{}]", same(on));
                }
            }
            if on == index {
                break;
            }
            level = self.children(on).collect();
        }
        path
    }

    /// The text of a node and everything inside it, in order; lines for elements that break lines in HTML.
    pub fn deep_text(&self, index: usize) -> Cow<'_, str> {
        let node = &self.nodes[index];
        if node.end == index + 1 {
            return Cow::Borrowed(&node.text);
        }
        let mut text = node.text.to_string();
        for inner in &self.nodes[index + 1..node.end] {
            let breaks = ["br", "p", "li", "div", "tr"].iter().any(|name| inner.name.eq_ignore_ascii_case(name));
            if breaks && !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&inner.text);
        }
        Cow::Owned(text)
    }
}

/// Parses a text. O(n).
///
/// Where tags do not fit together or the document ends too early, what is open is closed, and [`Tree::broken`] says where.
pub(super) fn parse<'d>(text: &'d str, limits: &Limits) -> Result<Tree<'d>, ReadError> {
    let mut scanner = Scanner::new(text);
    let mut builder = Builder {
        // A CAP element has some forty bytes with its end.
        nodes: Vec::with_capacity((text.len() / 40).min(limits.elements) + 1),
        open: Vec::with_capacity(16),
        bindings: Vec::new(),
        leaves: 0,
        broken: None,
        has_prolog: false,
        has_trailing: false,
        limits,
    };
    loop {
        let at = scanner.at() as u64;
        match scanner.next() {
            Ok(Piece::Start { name, empty }) => builder.start(name, empty, &scanner.attributes, at)?,
            Ok(Piece::End { name }) => builder.end(name, at),
            Ok(Piece::Text(text)) => builder.text(text)?,
            Ok(Piece::Done) => break,
            Err(fault @ ReadError::NotXml { .. }) => {
                let is_outside = builder.open.is_empty() && !builder.nodes.is_empty();
                if is_outside {
                    builder.has_trailing = true;
                    break;
                }
                builder.broken.get_or_insert(fault);
                let Some(less) = scanner.bare_less() else { break };
                builder.text(Cow::Borrowed(less))?;
            }
            Err(fault) => return Err(fault),
        }
    }
    builder.close_all(text, scanner.at());
    if builder.nodes.is_empty() {
        let none = || ReadError::NotXml { at: 0, why: "there is no element".to_owned() };
        return Err(builder.broken.unwrap_or_else(none));
    }
    Ok(Tree {
        nodes: builder.nodes,
        has_odd: scanner.has_odd,
        has_bare_ampersand: scanner.has_bare_ampersand,
        broken: builder.broken,
        has_prolog: builder.has_prolog || scanner.has_late_declaration,
        has_trailing: builder.has_trailing,
    })
}

/// A prefix that was bound to a namespace at some depth.
struct Binding<'d> {
    prefix: &'d str,
    space: Space,
    depth: usize,
}

struct Builder<'d, 'l> {
    nodes: Vec<Node<'d>>,
    /// Open elements with their names as written.
    open: Vec<(usize, &'d str)>,
    bindings: Vec<Binding<'d>>,
    /// How many of the open elements should hold text only; in them even white space between elements counts.
    leaves: usize,
    broken: Option<ReadError>,
    has_prolog: bool,
    has_trailing: bool,
    limits: &'l Limits,
}

impl<'d> Builder<'d, '_> {
    fn start(
        &mut self,
        qualified: &'d str,
        empty: bool,
        attributes: &[(&'d str, &'d str)],
        at: u64,
    ) -> Result<(), ReadError> {
        let index = self.nodes.len();
        if index >= self.limits.elements {
            return Err(ReadError::TooMany { max: self.limits.elements });
        }
        if self.open.len() >= self.limits.depth {
            return Err(ReadError::TooDeep { max: self.limits.depth });
        }
        // A second root may be an alert as well, so it is read.
        self.has_trailing |= self.open.is_empty() && index > 0;
        let mut attribute = false;
        for &(name, value) in attributes {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) if rest.starts_with(':') => &rest[1..],
                _ => {
                    // The schema language's own attributes may stand everywhere; `xml:lang` and others may not.
                    attribute |= !name.starts_with("xsi:");
                    continue;
                }
            };
            if self.bindings.len() >= NAMESPACES_MAX {
                return Err(ReadError::NotXml { at, why: "more than 256 namespaces are in scope".to_owned() });
            }
            self.bindings.push(Binding { prefix, space: Space::of(value), depth: self.open.len() });
        }
        let (prefix, name) = qualified.split_once(':').unwrap_or(("", qualified));
        // Two empty prefixes are the usual case, and comparing their no bytes costs more than all else here: memcmp of the
        // C library reads at an empty slice's address with a masked load that faults inside.
        let same = |binding: &&Binding<'_>| match prefix {
            "" => binding.prefix.is_empty(),
            prefix => binding.prefix == prefix,
        };
        let space = match self.bindings.iter().rev().find(same) {
            Some(binding) => binding.space,
            None if prefix.is_empty() => Space::None,
            None => Space::Other,
        };
        let mut tag = Tag::of(name);
        let exact = tag != Tag::Unknown;
        if !exact && space.is_cap() {
            tag = Tag::ALL.iter().copied().find(|tag| tag.name().eq_ignore_ascii_case(name)).unwrap_or(Tag::Unknown);
        }
        // Only a signature's own elements stand in its namespace, and nothing else is called so.
        if (space == Space::Signature) != (tag == Tag::Signature) {
            tag = Tag::Unknown;
        }
        self.nodes.push(Node { name, text: Cow::Borrowed(""), end: index + 1, tag, space, exact, attribute });
        if empty {
            self.unbind();
        } else {
            self.leaves += usize::from(tag.is_leaf());
            self.open.push((index, qualified));
        }
        Ok(())
    }

    fn end(&mut self, qualified: &str, at: u64) {
        match self.open.pop() {
            Some((index, name)) if name == qualified => {
                let end = self.nodes.len();
                let node = &mut self.nodes[index];
                node.end = end;
                self.leaves -= usize::from(node.tag.is_leaf());
                self.unbind();
            }
            Some(last) => {
                self.open.push(last);
                self.mismatch(qualified, at);
            }
            None if self.nodes.is_empty() => self.has_prolog = true,
            None => self.has_trailing = true,
        }
    }

    /// An end tag that does not close the last element: it closes that of its name with all inside, or is passed over.
    #[cold]
    fn mismatch(&mut self, qualified: &str, at: u64) {
        let last = self.open.last().map_or("", |&(_, name)| name);
        let why = format!("“{}” is open and “{}” is closed", short(last), short(qualified));
        self.broken.get_or_insert(ReadError::NotXml { at, why });
        if let Some(from) = self.open.iter().rposition(|&(_, name)| name == qualified) {
            while self.open.len() > from + 1 {
                self.close();
            }
            self.end(qualified, at);
        }
    }

    /// Closes the last open element though no tag does, before what it cannot hold. Whether it reached to the last node.
    fn close(&mut self) -> Option<(usize, bool)> {
        let (index, _) = self.open.pop()?;
        let nodes = self.nodes.len();
        let tag = self.nodes[index].tag;
        let mut end = index + 1;
        while end < nodes && tag.may_hold(self.nodes[end].tag) {
            end = self.nodes[end].end;
        }
        self.nodes[index].end = end;
        self.leaves -= usize::from(tag.is_leaf());
        self.unbind();
        Some((index, end == nodes))
    }

    /// Closes what is open where reading ended, at a byte. A value that was cut is left out; prose stays as far as it goes.
    fn close_all(&mut self, text: &str, at: usize) {
        let Some(&(_, name)) = self.open.last() else { return };
        let why = format!("“{}” is not closed", short(name));
        self.broken.get_or_insert(ReadError::NotXml { at: text.len() as u64, why });
        // Inside of an end tag, the value before it is whole.
        let mut is_whole = text[at..].starts_with("</");
        while let Some((index, is_last)) = self.close() {
            let tag = self.nodes[index].tag;
            if is_last && !is_whole && tag.is_leaf() && !tag.is_prose() {
                self.nodes.truncate(index);
            }
            is_whole = false;
        }
    }

    /// Forgets the prefixes of the element that just ended.
    fn unbind(&mut self) {
        let depth = self.open.len();
        while self.bindings.last().is_some_and(|binding| binding.depth >= depth) {
            self.bindings.pop();
        }
    }

    fn text(&mut self, text: Cow<'d, str>) -> Result<(), ReadError> {
        let Some(&(index, _)) = self.open.last() else {
            if !text.trim().is_empty() {
                *(if self.nodes.is_empty() { &mut self.has_prolog } else { &mut self.has_trailing }) = true;
            }
            return Ok(());
        };
        let last = self.nodes.len() - 1;
        // Before the first child it is the element's own text; after it, a node of its own keeps the order.
        if last == index {
            let own = &mut self.nodes[last].text;
            if own.is_empty() {
                *own = text;
            } else {
                own.to_mut().push_str(&text);
            }
        } else if self.leaves > 0 || !text.trim().is_empty() {
            if self.nodes.len() >= self.limits.elements {
                return Err(ReadError::TooMany { max: self.limits.elements });
            }
            let end = self.nodes.len() + 1;
            self.nodes.push(Node {
                name: "",
                text,
                end,
                tag: Tag::Text,
                space: Space::None,
                exact: true,
                attribute: false,
            });
        }
        Ok(())
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_mixed_text_is_kept() {
        let text = "<note>Go <b>up</b> <i>now</i><br/>and<p>wait</p> here<!-- --> too</note>";
        let tree = parse(text, &Limits::default()).unwrap();
        assert_eq!(tree.deep_text(0), "Go up now\nand\nwait here too");
    }

    #[test]
    fn prefixes_hold_where_they_are_declared() {
        let text = "<a xmlns='urn:oasis:names:tc:emergency:cap:1.2'><x:b xmlns:x='http://www.incident.com/cap/1.0'><x:c/></x:b><x:d/>\
                    <e xmlns=''/><f/></a>";
        let tree = parse(text, &Limits::default()).unwrap();
        let spaces: Vec<Space> = tree.nodes.iter().map(|node| node.space).collect();
        assert_eq!(
            spaces,
            [Space::Cap12, Space::Cap10, Space::Cap10, Space::Other, Space::None, Space::Cap12],
            "a, x:b, x:c, x:d, e, f"
        );
        let many: String = (0..300).map(|i| format!(" xmlns:p{i}='u'")).collect();
        assert!(matches!(parse(&format!("<a{many}/>"), &Limits::default()), Err(ReadError::NotXml { .. })));
    }

    #[test]
    fn a_text_after_a_grandchild_belongs_to_the_parent() {
        let tree = parse("<a><b><c/>s</b>t</a>", &Limits::default()).unwrap();
        assert_eq!((tree.nodes[3].tag, tree.nodes[4].tag), (Tag::Text, Tag::Text));
        assert_eq!(tree.children(0).collect::<Vec<_>>(), [1, 4]);
        assert_eq!(tree.children(1).collect::<Vec<_>>(), [2, 3]);
    }
}
