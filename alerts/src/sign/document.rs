//! Parses a signed document and gives the canonical forms that digests and signatures are made over.
//! Used by `signer` and `verify`; the tree and the canonicalisation are uppsala's and bergshamra's, the bounds are ours.
//! Refuses document types, and is bounded in bytes, depth, attributes and namespaces before anything costly happens.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use quick_xml::events::Event;
use uppsala::{Document, NodeId, NodeKind, Parser};

use super::DSIG;
use super::verify::{SIGNED_BYTES_MAX, Unverified};

/// CAP nests four elements deep, a signature with its certificate four more.
const DEPTH_MAX: u32 = 32;
/// Namespace declarations of a whole document. CAP needs one, a signature two; the cost of canonicalisation grows with them.
const NAMESPACES_MAX: usize = 64;
/// Attributes of one element. Checking that none stands twice takes quadratic time.
const ATTRIBUTES_MAX: usize = 64;
/// Prefixes that a canonicalisation may be told to keep.
const PREFIXES_MAX: usize = 16;

/// How a node set becomes bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Canonical {
    mode: C14nMode,
    prefixes: Vec<String>,
}

impl Canonical {
    /// Exclusive canonicalisation without extra prefixes: what we write.
    pub fn exclusive() -> Self {
        Self { mode: C14nMode::Exclusive, prefixes: Vec::new() }
    }

    /// What applies when a reference names no canonicalisation (XML-DSig §4.4.3.2).
    pub fn inclusive() -> Self {
        Self { mode: C14nMode::Inclusive, prefixes: Vec::new() }
    }

    /// The one that an element with `Algorithm` and perhaps `InclusiveNamespaces` asks for.
    pub fn of(tree: &Tree<'_>, element: NodeId) -> Result<Self, Unverified> {
        let name = tree.algorithm(element)?;
        let mode = match C14nMode::from_uri(name) {
            Some(mode) if !mode.with_comments() => mode,
            Some(_) | None => return Err(Unverified::Algorithm { name: name.chars().take(80).collect(), weak: false }),
        };
        let mut prefixes = Vec::new();
        for child in tree.elements(element) {
            let inside = tree.document.element(child).ok_or(Unverified::Form("an element"))?;
            if !(mode.is_exclusive() && inside.matches_name_ns(super::EXCLUSIVE, "InclusiveNamespaces")) {
                return Err(Unverified::Form("a canonicalisation has a part that is not known"));
            }
            prefixes.extend(inside.get_attribute("PrefixList").unwrap_or("").split_whitespace().map(str::to_owned));
        }
        if prefixes.len() > PREFIXES_MAX {
            return Err(Unverified::Form("a canonicalisation names too many prefixes"));
        }
        Ok(Self { mode, prefixes })
    }

    fn bytes(&self, document: &Document<'_>, nodes: &NodeSet) -> Result<Vec<u8>, Unverified> {
        canonicalize_doc(document, self.mode, Some(nodes), &self.prefixes)
            .map_err(|_| Unverified::Form("the document has no canonical form"))
    }
}

/// A document as a tree.
pub(super) struct Tree<'x> {
    document: Document<'x>,
    /// The root element.
    pub root: NodeId,
}

impl<'x> Tree<'x> {
    /// Parses UTF-8 text within the bounds; the root must be a CAP alert.
    pub fn parse(bytes: &'x [u8]) -> Result<Self, Unverified> {
        if bytes.len() > SIGNED_BYTES_MAX {
            return Err(Unverified::TooLarge { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
            .map_err(|_| Unverified::Form("the document is not UTF-8"))?;
        if text.matches("xmlns").take(NAMESPACES_MAX + 1).count() > NAMESPACES_MAX {
            return Err(Unverified::Form("the document declares too many namespaces"));
        }
        match most_attributes(text) {
            Some(most) if most <= ATTRIBUTES_MAX => {}
            Some(_) => return Err(Unverified::Form("an element has too many attributes")),
            None => return Err(Unverified::Form("the document is not well-formed XML")),
        }
        let document = Parser::new()
            .with_forbid_dtd(true)
            .with_max_depth(DEPTH_MAX)
            .parse(text)
            .map_err(|_| Unverified::Form("the document is not well-formed XML without a document type"))?;
        let root = document.document_element().ok_or(Unverified::Form("the document has no element"))?;
        let is_alert = document.element(root).is_some_and(|root| {
            &*root.name.local_name == "alert"
                && matches!(
                    root.name.namespace_uri.as_deref(),
                    Some(
                        "urn:oasis:names:tc:emergency:cap:1.2"
                            | "urn:oasis:names:tc:emergency:cap:1.1"
                            | "http://www.incident.com/cap/1.0"
                    )
                )
        });
        if is_alert {
            Ok(Self { document, root })
        } else {
            Err(Unverified::Form("the root element is not a CAP alert"))
        }
    }

    /// The signatures among the root's children, in order.
    pub fn signatures(&self) -> Vec<NodeId> {
        self.elements(self.root).filter(|&child| self.is(child, "Signature")).collect()
    }

    /// The children of an element that are elements.
    pub fn elements(&self, of: NodeId) -> impl Iterator<Item = NodeId> {
        self.document.children_iter(of).filter(|&child| self.document.element(child).is_some())
    }

    /// Whether an element is the signature namespace's of a name.
    pub fn is(&self, element: NodeId, name: &str) -> bool {
        self.document.element(element).is_some_and(|element| element.matches_name_ns(DSIG, name))
    }

    /// An attribute that is in no namespace.
    pub fn attribute(&self, element: NodeId, name: &str) -> Option<&str> {
        let all = &self.document.element(element)?.attributes;
        let found = all.iter().find(|one| one.name.namespace_uri.is_none() && &*one.name.local_name == name)?;
        Some(&found.value)
    }

    /// The `Algorithm` of an element.
    pub fn algorithm(&self, element: NodeId) -> Result<&str, Unverified> {
        self.attribute(element, "Algorithm").ok_or(Unverified::Form("an algorithm has no name"))
    }

    /// The text of an element that holds nothing but text.
    pub fn text(&self, element: NodeId) -> Result<String, Unverified> {
        let mut whole = String::new();
        for child in self.document.children_iter(element) {
            match self.document.node_kind(child) {
                Some(NodeKind::Text(text)) => whole.push_str(text),
                _ => return Err(Unverified::Form("a value of the signature holds more than text")),
            }
        }
        Ok(whole)
    }

    /// The canonical form of an element and what is inside of it, comments left out.
    pub fn canonical_part(&self, part: NodeId, form: &Canonical) -> Result<Vec<u8>, Unverified> {
        form.bytes(&self.document, &NodeSet::tree_without_comments(part, &self.document))
    }

    /// The canonical form of the whole document without one of its signatures, comments left out.
    pub fn canonical_without(&self, signature: Option<NodeId>, form: &Canonical) -> Result<Vec<u8>, Unverified> {
        let mut nodes = NodeSet::all_without_comments(&self.document);
        let mut out: Vec<NodeId> = signature.into_iter().collect();
        while let Some(node) = out.pop() {
            nodes.remove_id(node);
            out.extend(self.document.children_iter(node));
            out.extend(self.document.get_attribute_nodes(node));
        }
        form.bytes(&self.document, &nodes)
    }
}

/// The most attributes that one element has; `None` when the text is not XML enough to tell. O(n).
fn most_attributes(text: &str) -> Option<usize> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut most = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => most = most.max(tag.attributes().with_checks(false).count()),
            Event::Eof => return Some(most),
            _ => {}
        }
    }
}
