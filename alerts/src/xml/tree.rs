//! Parses any bytes into a small tree of elements, or refuses with a reason.
//! Called by `read`; knows XML and our bounds, nothing of CAP's meaning.
//! Refuses document types and entities, is bounded in size, depth and elements, and never panics.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// How much is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document. Google Public Alerts takes 900 kB; the largest known alerts (DWD, eight languages) have 400 kB.
    pub bytes: usize,
    /// Elements inside elements.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Positions of all polygons of one alert; polygons beyond are kept as unusable text.
    pub positions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 64, elements: 200_000, positions: 500_000 }
    }
}

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

/// One element.
#[derive(Debug)]
pub(super) struct Node {
    pub name: String,
    pub space: Space,
    /// Its own text, not that of its children, as it stands.
    pub text: String,
    /// Whether it has an attribute that no schema of CAP allows.
    pub attribute: bool,
    /// Indices into `Tree::nodes`, in order.
    pub children: Vec<usize>,
}

/// A whole document; node 0 is the root.
#[derive(Debug)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
    /// What had to be repaired before it was XML.
    pub repairs: Vec<&'static str>,
}

impl Tree {
    /// The text of a node and everything inside it.
    pub fn deep_text(&self, index: usize) -> Cow<'_, str> {
        let node = &self.nodes[index];
        if node.children.is_empty() {
            return Cow::Borrowed(&node.text);
        }
        // Depth is bounded by `Limits`, so is this recursion.
        let mut text = node.text.clone();
        for &child in &node.children {
            text.push(' ');
            text.push_str(&self.deep_text(child));
        }
        Cow::Owned(text)
    }
}

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Tree, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooLarge { bytes: bytes.len(), max: limits.bytes });
    }
    let mut repairs = Vec::new();
    let text = decode(bytes, &mut repairs);
    let mut reader = NsReader::from_str(&text);
    reader.config_mut().check_comments = false;
    let mut nodes: Vec<Node> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        let at = reader.buffer_position();
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(ReadError::NotXml { at, why: error.to_string() }),
        };
        match event {
            Event::Start(start) => {
                let node = node(&reader, &start);
                add(node, &mut nodes, &mut open, limits, at, true)?;
            }
            Event::Empty(start) => {
                let node = node(&reader, &start);
                add(node, &mut nodes, &mut open, limits, at, false)?;
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(part) => append(&part.xml10_content(), &open, &mut nodes, at)?,
            Event::CData(part) => append(&part.xml10_content(), &open, &mut nodes, at)?,
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref() {
                    Ok(Some(character)) => character,
                    Ok(None) => predefined(&reference.xml10_content())?,
                    Err(error) => return Err(ReadError::NotXml { at, why: error.to_string() }),
                };
                append(character.encode_utf8(&mut [0; 4]), &open, &mut nodes, at)?;
            }
            Event::DocType(_) => return Err(ReadError::Doctype),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if let Some(&index) = open.last() {
        return Err(ReadError::NotXml {
            at: text.len() as u64, why: format!("“{}” is not closed", nodes[index].name)
        });
    }
    if nodes.is_empty() {
        return Err(ReadError::NotXml { at: 0, why: "there is no element".to_owned() });
    }
    Ok(Tree { nodes, repairs })
}

fn predefined(name: &str) -> Result<char, ReadError> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(ReadError::Entity { name: name.chars().take(60).collect() }),
    }
}

fn node(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Node {
    let (space, name) = reader.resolver().resolve_element(start.name());
    let space = match space {
        ResolveResult::Bound(space) => match space.0 {
            "urn:oasis:names:tc:emergency:cap:1.2" => Space::Cap12,
            "urn:oasis:names:tc:emergency:cap:1.1" => Space::Cap11,
            "http://www.incident.com/cap/1.0" => Space::Cap10,
            "http://www.w3.org/2000/09/xmldsig#" => Space::Signature,
            _ => Space::Other,
        },
        ResolveResult::Unbound => Space::None,
        ResolveResult::Unknown(_) => Space::Other,
    };
    let attribute = start.attributes().with_checks(false).flatten().any(|attribute| {
        let key = attribute.key.as_ref();
        key != "xmlns" && !key.starts_with("xmlns:") && !key.starts_with("xsi:") && !key.starts_with("xml:")
    });
    Node { name: name.as_ref().to_owned(), space, text: String::new(), attribute, children: Vec::new() }
}

fn add(
    node: Node,
    nodes: &mut Vec<Node>,
    open: &mut Vec<usize>,
    limits: &Limits,
    at: u64,
    stays_open: bool,
) -> Result<(), ReadError> {
    let index = nodes.len();
    if index >= limits.elements {
        return Err(ReadError::TooMany { max: limits.elements });
    }
    if open.len() >= limits.depth {
        return Err(ReadError::TooDeep { max: limits.depth });
    }
    match open.last() {
        Some(&parent) => nodes[parent].children.push(index),
        None if index > 0 => {
            return Err(ReadError::NotXml { at, why: "a second element stands beside the root".to_owned() });
        }
        None => {}
    }
    nodes.push(node);
    if stays_open {
        open.push(index);
    }
    Ok(())
}

fn append(text: &str, open: &[usize], nodes: &mut [Node], at: u64) -> Result<(), ReadError> {
    match open.last() {
        Some(&index) => nodes[index].text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(ReadError::NotXml { at, why: "text stands outside of the root element".to_owned() }),
    }
    Ok(())
}

/// Bytes to text: UTF-8, UTF-16 with a mark, ISO-8859-1 when declared; bad bytes become U+FFFD.
fn decode<'b>(bytes: &'b [u8], repairs: &mut Vec<&'static str>) -> Cow<'b, str> {
    let utf_16 = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xff, 0xfe, ..] => return utf_16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => return utf_16(u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let declaration = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_ascii_lowercase();
    let declaration = declaration.split("?>").next().unwrap_or("");
    if declaration.starts_with("<?xml")
        && ["iso-8859-1", "latin1", "us-ascii"].iter().any(|name| declaration.contains(name))
    {
        return Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    repairs.push("some bytes are no UTF-8; they became U+FFFD");
    String::from_utf8_lossy(bytes)
}
