//! Holds CAP's texts: free text, identifiers and senders, list items, languages, web addresses.
//! Used by `alert` for its fields; the tolerant reader repairs into these and reports what it changed.
//! No value of these types can make a document that XML or the OASIS schema refuses.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Why a name, list item, language or address was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} “{text}”: {why}")]
pub struct NameFault {
    /// What it should have been, for example `identifier`.
    pub what: &'static str,
    /// What was given, at most 80 characters of it.
    pub text: String,
    /// Why it was refused.
    pub why: &'static str,
}

impl NameFault {
    pub(super) fn new(what: &'static str, text: &str, why: &'static str) -> Self {
        Self { what, text: text.chars().take(80).collect(), why }
    }
}

/// Whether XML 1.0 (fifth edition, production 2 `Char`) can carry a character.
pub(crate) const fn xml_carries(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// Free text: without white space at its ends, without characters that XML can't carry.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Text(String);

impl Text {
    /// Trims, and puts U+FFFD in the place of what XML 1.0 cannot carry (most control characters).
    pub fn new(text: &str) -> Self {
        let trimmed = text.trim();
        if trimmed.chars().all(xml_carries) {
            return Self(trimmed.to_owned());
        }
        Self(trimmed.chars().map(|c| if xml_carries(c) { c } else { '\u{fffd}' }).collect())
    }

    /// Trims a text of which it is known that XML can carry all of it.
    pub(crate) fn of_carried(text: std::borrow::Cow<'_, str>) -> Self {
        let trimmed = text.trim();
        if trimmed.len() == text.len() { Self(text.into_owned()) } else { Self(trimmed.to_owned()) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $fault:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and keeps the text as it is; the error says why it can't be.
            pub fn new(text: &str) -> Result<Self, NameFault> {
                let fault: fn(&str) -> Option<&'static str> = $fault;
                match fault(text) {
                    Some(why) => Err(NameFault::new($what, text, why)),
                    None => Ok(Self(text.to_owned())),
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameFault;

            fn from_str(text: &str) -> Result<Self, NameFault> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameFault;

            fn try_from(text: String) -> Result<Self, NameFault> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

pub(super) use checked_text;

fn name_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("it is empty")
    } else if text.chars().count() > 1_000 {
        Some("it is longer than 1,000 characters")
    } else if text.chars().any(|c| c.is_whitespace() || c == ',' || c == '<' || c == '&') {
        Some("spaces, commas, < and & are not allowed, since references are made of it")
    } else if !text.chars().all(xml_carries) {
        Some("it holds a control character")
    } else {
        None
    }
}

checked_text! {
    /// The number or string that names one message of one sender (CAP 1.2 §3.2.1 `identifier`): no spaces, commas, `<`, `&`.
    Identifier, "identifier", name_fault
}
checked_text! {
    /// Who sends, unique worldwide (CAP 1.2 §3.2.1 `sender`): no spaces, commas, `<`, `&`.
    Sender, "sender", name_fault
}
checked_text! {
    /// One item of `addresses` or `incidents`; written in double quotes when it has a space, so it can hold no double quote.
    ListItem, "list item", |text| {
        if text.is_empty() || text != text.trim() {
            Some("it is empty or has spaces at its ends")
        } else if text.contains('"') {
            Some("a double quote cannot be written inside a quoted item")
        } else if !text.chars().all(xml_carries) {
            Some("it holds a control character")
        } else {
            None
        }
    }
}
checked_text! {
    /// A language tag of BCP 47 form: letters and digits in groups of one to eight, separated by hyphens (XML schema `xs:language`).
    Language, "language", |text| {
        let well = text.split('-').enumerate().all(|(i, part)| {
            (1..=8).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphabetic() || (i > 0 && b.is_ascii_digit()))
        });
        if well { None } else { Some("a language tag is like fa or en-US") }
    }
}
checked_text! {
    /// A web address: a URI reference of RFC 3986, absolute or relative, not empty.
    Uri, "web address", uri_fault
}

impl Uri {
    /// Whether it names its scheme, so that it can be retrieved without a base.
    pub fn is_absolute(&self) -> bool {
        scheme_end(&self.0).is_some()
    }
}

/// The index of the colon after a scheme, when there is one.
fn scheme_end(text: &str) -> Option<usize> {
    let colon = text.find(':')?;
    let scheme = &text.as_bytes()[..colon];
    (scheme.first()?.is_ascii_alphabetic()
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')))
    .then_some(colon)
}

/// RFC 3986 appendix A, with IP literals in brackets left out on purpose: an alert's address has a name.
fn uri_fault(text: &str) -> Option<&'static str> {
    const UNRESERVED_AND_SUB: &[u8] = b"-._~!$&'()*+,;=";
    let bytes = text.as_bytes();
    if text.is_empty() {
        return Some("it is empty");
    }
    for (i, &byte) in bytes.iter().enumerate() {
        let fine = byte.is_ascii_alphanumeric() || UNRESERVED_AND_SUB.contains(&byte) || b":/?#@%".contains(&byte);
        if !fine {
            return Some("it holds a character that must be percent-encoded (RFC 3986)");
        }
        if byte == b'%'
            && !(bytes.get(i + 1).is_some_and(u8::is_ascii_hexdigit)
                && bytes.get(i + 2).is_some_and(u8::is_ascii_hexdigit))
        {
            return Some("a % must be followed by two hexadecimal digits");
        }
    }
    if text.matches('#').count() > 1 {
        return Some("it has more than one #");
    }
    let rest = scheme_end(text).map_or(text, |colon| &text[colon + 1..]);
    let hierarchy = rest.split(['?', '#']).next().unwrap_or("");
    if let Some(after) = hierarchy.strip_prefix("//") {
        let authority = after.split('/').next().unwrap_or("");
        let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = host_port.split_once(':').unwrap_or((host_port, ""));
        if authority.matches('@').count() > 1 || !port.bytes().all(|b| b.is_ascii_digit()) || port.len() > 5 {
            return Some("its host or port is malformed");
        }
        if host.is_empty() && scheme_end(text).is_some_and(|colon| text[..colon].starts_with("http")) {
            return Some("it has no host");
        }
    } else if scheme_end(text).is_none() && hierarchy.split('/').next().is_some_and(|first| first.contains(':')) {
        return Some("what stands before its first colon is no scheme");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_senders_hold_nothing_that_breaks_a_reference() {
        for bad in ["", "a b", "a,b", "a<b", "a&b", "a\u{a0}b", "a\u{0}b"] {
            assert!(Identifier::new(bad).is_err(), "{bad:?}");
            assert!(Sender::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Identifier::new("urn:oid:2.49.0.1.364.0").unwrap().as_str(), "urn:oid:2.49.0.1.364.0");
    }

    #[test]
    fn text_is_trimmed_and_cleaned_of_what_xml_cannot_carry() {
        assert_eq!(Text::new(" \n سیل\u{0}\u{1f} آمد \t"), "سیل\u{fffd}\u{fffd} آمد");
        assert_eq!(Text::new("a\r\nb"), "a\r\nb");
    }

    #[test]
    fn web_addresses_are_uri_references() {
        for good in [
            "https://hamadan.ir/alerts?a=1#x",
            "tel:+98137",
            "urn:uuid:1-2",
            "map.png",
            "//cdn/x",
            "mailto:a@b.ir",
            "https://a:8080/%D8%B3",
        ] {
            assert!(Uri::new(good).is_ok(), "{good}");
        }
        for bad in
            ["", "https://", "https://a:b/", "https://a b/", "https://سیل.ir/", "a%zz", "a#b#c", "1:2", "http://[::1]/"]
        {
            assert!(Uri::new(bad).is_err(), "{bad}");
        }
        assert!(Uri::new("https://a").unwrap().is_absolute());
        assert!(!Uri::new("a/b:c").unwrap().is_absolute());
    }

    #[test]
    fn languages_have_bcp_47_form() {
        assert!(Language::new("fa-IR").is_ok());
        for bad in ["", "fa_IR", "fa-", "فارسی", "persianlanguage", "1a"] {
            assert!(Language::new(bad).is_err(), "{bad}");
        }
    }
}
