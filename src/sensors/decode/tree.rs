//! Reads JSON of any shape into a bounded tree, and finds places in it by JSON Pointer (RFC 6901).
//! Used by mappings and by the decoders of other systems' messages; our own format reads flat records instead (`json`).
//! A key that stands twice in one object is refused: which of the two is meant can't be known.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::{Misread, json::short};
use crate::sensors::reason::Reason;

/// Values in one message, however they are nested.
const NODES_MAX: usize = 20_000;
/// Objects and lists within each other.
const DEPTH_MAX: usize = 16;
/// Keys of one object.
const KEYS_MAX: usize = 256;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The value at the end of a path of keys.
    pub(super) fn path(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// A text, or a whole number as one: identifiers are sent as either.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text.clone()),
            Self::Number(_) => self.count().map(|number| number.to_string()),
            Self::Null | Self::Bool(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// A whole number from 0 to 2⁵³, which a double holds exactly.
    pub(super) fn count(&self) -> Option<u64> {
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is whole and within the range"
            )]
            Self::Number(number) if (0.0..=9_007_199_254_740_992.0).contains(number) && number.fract() == 0.0 => {
                Some(*number as u64)
            }
            Self::Number(_) | Self::Null | Self::Bool(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Marks the error of a message that is too large, which serde can only carry as text.
const TOO_MANY: &str = "too many values";

/// Reads a payload.
pub(super) fn read(payload: &[u8]) -> Result<Node, Misread> {
    let mut json = serde_json::Deserializer::from_slice(payload);
    let left = Cell::new(NODES_MAX);
    Seed { left: &left, depth: 0 }.deserialize(&mut json).and_then(|node| json.end().map(|()| node)).map_err(|fault| {
        let detail = fault.to_string();
        let reason = if detail.starts_with(TOO_MANY) { Reason::TooMany } else { Reason::BadPayload };
        Misread { reason, detail: format!("not the JSON of readings: {detail}") }
    })
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    left: &'a Cell<usize>,
    depth: usize,
}

impl Seed<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format!("nested more than {DEPTH_MAX} deep")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Node, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(D::Error::custom(format!("{TOO_MANY}: at most {NODES_MAX}")));
        };
        self.left.set(left);
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(inner)? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let inner = self.deeper()?;
        let mut fields: Vec<(String, Node)> = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(format!("“{}” stands twice in one object", short(&name))));
            }
            if fields.len() == KEYS_MAX {
                return Err(A::Error::custom(format!("an object has more than {KEYS_MAX} keys")));
            }
            fields.push((name, map.next_value_seed(inner)?));
        }
        Ok(Node::Object(fields))
    }
}

/// A place in a message (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    text: String,
    steps: Vec<String>,
}

impl Pointer {
    /// Takes a text that is a JSON Pointer: empty, or steps that each begin with `/`.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let fault = |why: &str| Err(format!("“{text}” is no JSON Pointer: {why}"));
        let mut steps = Vec::new();
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return fault("it is empty or begins with /");
        }
        for part in parts {
            let without = part.replace("~0", "").replace("~1", "");
            if without.contains('~') {
                return fault("a ~ is written ~0, a / within a name ~1");
            }
            steps.push(part.replace("~1", "/").replace("~0", "~"));
        }
        if steps.len() > DEPTH_MAX {
            return fault("it is deeper than any message");
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// What stands there.
    pub(super) fn find<'a>(&self, root: &'a Node) -> Option<&'a Node> {
        self.steps.iter().try_fold(root, |node, step| match node {
            Node::List(nodes) => {
                let plain = step == "0" || !step.starts_with('0');
                step.parse::<usize>().ok().filter(|_| plain && !step.starts_with('+')).and_then(|at| nodes.get(at))
            }
            Node::Object(_) | Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => node.get(step),
        })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.is_empty() { f.write_str("the payload") } else { write!(f, "“{}”", self.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_6901_point_where_it_says() {
        let text = br#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#;
        let root = read(text).expect("JSON");
        let at = |pointer: &str| Pointer::new(pointer).expect("a pointer").find(&root).cloned();
        assert_eq!(at(""), Some(root.clone()));
        assert_eq!(at("/foo/0"), Some(Node::Text("bar".into())));
        for (pointer, value) in [
            ("/", 0.0),
            ("/a~1b", 1.0),
            ("/c%d", 2.0),
            ("/e^f", 3.0),
            ("/g|h", 4.0),
            ("/i\\j", 5.0),
            ("/ ", 7.0),
            ("/m~0n", 8.0),
        ] {
            assert_eq!(at(pointer), Some(Node::Number(value)), "{pointer}");
        }
        for nothing in ["/foo/2", "/foo/01", "/foo/-", "/foo/+1", "/foo/bar/x", "/nowhere"] {
            assert_eq!(at(nothing), None, "{nothing}");
        }
        assert!(Pointer::new("foo").is_err() && Pointer::new("/a~2").is_err() && Pointer::new("/a~").is_err());
    }

    #[test]
    fn what_is_too_deep_too_large_or_doubled_is_refused_by_name() {
        let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(deep(DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(read(deep(DEPTH_MAX + 1).as_bytes()).expect_err("too deep").reason, Reason::BadPayload);
        let many = format!("[{}]", vec!["1"; NODES_MAX].join(","));
        assert_eq!(read(many.as_bytes()).expect_err("too many").reason, Reason::TooMany);
        let doubled = read(br#"{"a":{"x":1,"x":2}}"#).expect_err("doubled");
        assert!(doubled.detail.contains("“x” stands twice"), "{doubled:?}");
        assert!(read(b"1 2").is_err() && read(b"").is_err() && read(b"\xff").is_err());
    }
}
