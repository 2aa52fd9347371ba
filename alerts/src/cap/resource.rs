//! Holds what a resource says of its file: media type, content in base64, SHA-1 digest.
//! Used by `alert` for `Resource`; read tolerantly and written strictly by `xml`.
//! A digest or a content that is none cannot be held; the reader says what stood there.

use std::ops::Deref;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::text::{NameFault, checked_text};
use super::{Text, Uri};
use crate::content::hex;

checked_text! {
    /// A media type `type/subtype`, parameters allowed (RFC 2045 §5.1, RFC 2046).
    MimeType, "media type", media_type_fault
}

impl MimeType {
    /// What a file is of which nothing is known (RFC 2046 §4.5.1).
    pub fn unknown() -> Self {
        Self::new("application/octet-stream").expect("it is type/subtype")
    }
}

impl Deref for MimeType {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

fn media_type_fault(text: &str) -> Option<&'static str> {
    let token = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or("");
    let of_two = kind.trim_end_matches(' ').split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    if !of_two {
        return Some("a media type is like image/png");
    }
    let parameters = parts.all(|parameter| {
        parameter.trim_matches(' ').split_once('=').is_some_and(|(name, value)| {
            let quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
            let inside = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
            token(name) && (token(value) || (quoted && inside))
        })
    });
    let ends = text.ends_with(' ');
    if parameters && !ends { None } else { Some("a parameter of a media type is like charset=utf-8") }
}

checked_text! {
    /// The SHA-1 digest of a resource's content, 40 hexadecimal digits (CAP 1.2 §3.2.3 `digest`; FIPS 180-2).
    ///
    /// SHA-1 is what the standard asks for. It finds damage on the way; it proves nothing about who made the file.
    Digest, "digest", |text| {
        let well = text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if well { None } else { Some("a digest is a SHA-1 of 40 hexadecimal digits") }
    }
}

impl Digest {
    /// The digest of a content. O(n).
    ///
    /// ```
    /// let digest = alerts::cap::Digest::of(b"abc");
    /// assert_eq!(digest.as_str(), "a9993e364706816aba3e25717850c26c9cd0d89d"); // FIPS 180-2, appendix A.1
    /// assert!(digest.matches(b"abc") && !digest.matches(b"abd"));
    /// ```
    pub fn of(content: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, content);
        Self::new(&hex(digest.as_ref())).expect("twenty bytes are 40 hexadecimal digits")
    }

    /// Whether a content has this digest, whatever the case of its letters. O(n).
    pub fn matches(&self, content: &[u8]) -> bool {
        self.eq_ignore_ascii_case(&Self::of(content))
    }
}

impl Deref for Digest {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

checked_text! {
    /// A resource's content in base64 (RFC 4648 §4), as `derefUri` carries it: without white space.
    Base64, "base64 content", |text| {
        if ENGINE.decode(text).is_ok() { None } else { Some("it is not base64 (RFC 4648)") }
    }
}

/// Padding may be missing and the last bits may be anything: both are common, and neither changes the content.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Base64 {
    /// The base64 of a content. O(n).
    pub fn of(content: &[u8]) -> Self {
        Self::new(&ENGINE.encode(content)).expect("an encoded content can be decoded")
    }

    /// The content. O(n).
    pub fn content(&self) -> Vec<u8> {
        ENGINE.decode(self.as_str()).expect("it was decoded when it was made")
    }
}

/// A file that belongs to an info block (§3.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// What it is, for people.
    pub description: Text,
    /// Its media type.
    pub mime_type: MimeType,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Where it is: absolute, or a name for what `deref_uri` holds.
    pub uri: Option<Uri>,
    /// Its content.
    pub deref_uri: Option<Base64>,
    /// The digest of its content.
    pub digest: Option<Digest>,
}

impl Resource {
    /// A file of which only its description and media type are known.
    pub fn new(description: &str, mime_type: MimeType) -> Self {
        Self { description: Text::new(description), mime_type, size: None, uri: None, deref_uri: None, digest: None }
    }

    /// A file at an address, with the size and digest of its content. O(n).
    pub fn at(description: &str, mime_type: MimeType, uri: Uri, content: &[u8]) -> Self {
        Self {
            size: u64::try_from(content.len()).ok(),
            uri: Some(uri),
            digest: Some(Digest::of(content)),
            ..Self::new(description, mime_type)
        }
    }

    /// A file inside the message, with its size and digest. O(n).
    ///
    /// ```
    /// use alerts::cap::{MimeType, Resource};
    ///
    /// let map = Resource::embedded("نقشه", MimeType::new("image/png")?, b"\x89PNG");
    /// assert_eq!((map.size, map.deref_uri.as_ref().map(|held| held.content())), (Some(4), Some(b"\x89PNG".to_vec())));
    /// # Ok::<(), alerts::cap::NameFault>(())
    /// ```
    pub fn embedded(description: &str, mime_type: MimeType, content: &[u8]) -> Self {
        Self {
            size: u64::try_from(content.len()).ok(),
            deref_uri: Some(Base64::of(content)),
            digest: Some(Digest::of(content)),
            ..Self::new(description, mime_type)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_have_two_parts() {
        for good in ["image/png", "image/png;type=map", "text/plain; charset=\"utf 8\"", "application/cap+xml"] {
            assert!(MimeType::new(good).is_ok(), "{good}");
        }
        for bad in ["", "png", "image/", "/png", "image/png;", "image/png; x", "a b/c", "image/png ", "تصویر/png"]
        {
            assert!(MimeType::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_content_comes_back_and_a_wrong_one_is_refused() {
        for content in [&b""[..], b"a", b"ab", b"abc", b"abcd"] {
            assert_eq!(Base64::of(content).content(), content);
        }
        assert_eq!(Base64::new("YQ").unwrap().content(), b"a", "padding may be missing");
        for bad in ["Y Q==", "Y", "Y*==", "سیل"] {
            assert!(Base64::new(bad).is_err(), "{bad}");
        }
        assert!(Digest::new("A9993E364706816ABA3E25717850C26C9CD0D89D").unwrap().matches(b"abc"));
        assert!(Digest::new("a9993e").is_err());
    }
}
