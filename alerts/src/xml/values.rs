//! Reads CAP's values from the text of an element, repairing what can be repaired.
//! Called by `read`, which turns each repair into a finding.
//! A value that could be read strictly is never changed.

use std::fmt::Write as _;

use jiff::fmt::temporal::Pieces;

use crate::cap::{Base64, CapTime, Identifier, ListItem, NameFault, Pair, Reference, Sender, Uri};
use crate::content::hex;

/// A value with what had to be repaired, if anything.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Repaired<T> {
    pub value: T,
    /// A sentence, or `None` when the text was right.
    pub repair: Option<&'static str>,
}

impl<T> Repaired<T> {
    const fn right(value: T) -> Self {
        Self { value, repair: None }
    }

    const fn mended(value: T, repair: &'static str) -> Self {
        Self { value, repair: Some(repair) }
    }
}

/// A time: strict, else with `Z`, a fraction, a missing offset (read as UTC), missing seconds, or a space instead of `T`.
pub(super) fn time(text: &str) -> Option<Repaired<CapTime>> {
    let text = text.trim();
    if let Ok(time) = CapTime::parse(text) {
        return Some(Repaired::right(time));
    }
    let pieces = Pieces::parse(text.get(..64).unwrap_or(text)).ok()?;
    let (date, time) = (pieces.date(), pieces.time()?);
    let (offset, repair) = match pieces.to_numeric_offset() {
        Some(offset) => (offset.seconds() / 60, "the time was not in CAP's form and was written anew"),
        None => (0, "the time has no offset and was read as UTC"),
    };
    let sign = if offset > 0 { '+' } else { '-' };
    let minutes = offset.unsigned_abs();
    let written = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        minutes / 60,
        minutes % 60
    );
    Some(Repaired::mended(CapTime::parse(&written).ok()?, repair))
}

/// The time of an element: as [`time()`], else as in e-mail (RFC 2822), or with Persian or Arabic digits.
pub(super) fn any_time(text: &str) -> Option<Repaired<CapTime>> {
    if let Some(time) = time(text) {
        return Some(time);
    }
    let text = text.trim();
    // The longest that is a time has some forty letters.
    let text = text.get(..100).unwrap_or(text);
    let latin: String = text.chars().map(latin_digit).collect();
    if let Some(time) = (latin != text).then(|| time(&latin)).flatten() {
        return Some(Repaired::mended(time.value, "the time was not in Latin digits"));
    }
    let mail = jiff::fmt::rfc2822::parse(&latin).ok()?;
    let time = CapTime::from_timestamp(mail.timestamp(), mail.time_zone());
    Some(Repaired::mended(time, "the time was in the form of e-mail and was written anew"))
}

/// A digit of Persian or Arabic as the one of ASCII; else the letter itself.
fn latin_digit(c: char) -> char {
    let zero = match c {
        '۰'..='۹' => '۰',
        '٠'..='٩' => '٠',
        _ => return c,
    };
    char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c)
}

/// The end of a day, `T24:00:00`, which the schema allows: the start of the next day.
pub(super) fn midnight(text: &str) -> Option<CapTime> {
    let (date, offset) = text.trim().split_once("T24:00:00")?;
    let date: jiff::civil::Date = date.parse().ok()?;
    CapTime::parse(&format!("{}T00:00:00{offset}", date.tomorrow().ok()?)).ok()
}

/// A name in which what it can't hold is percent-encoded, so that the same wrong name always becomes the same right one.
fn name<T>(text: &str, new: fn(&str) -> Result<T, NameFault>) -> Option<Repaired<T>> {
    if let Ok(name) = new(text) {
        return Some(Repaired::right(name));
    }
    let text = text.trim();
    let mut encoded = String::new();
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() || matches!(c, ',' | '<' | '&' | '\u{fffe}' | '\u{ffff}') {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(encoded, "%{byte:02X}");
            }
        } else {
            encoded.push(c);
        }
    }
    if let Ok(name) = new(&encoded) {
        return Some(Repaired::mended(name, "spaces, commas, < and & are not allowed here and were percent-encoded"));
    }
    // What is too long is cut, with a digest so that two of them stay two.
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let start: String = encoded.chars().take(64).collect();
    let cut = (!encoded.is_empty()).then(|| new(&format!("{start}~{}", hex(&digest.as_ref()[..16]))).ok())??;
    Some(Repaired::mended(cut, "it is longer than 1,000 characters and was cut"))
}

pub(super) fn identifier(text: &str) -> Option<Repaired<Identifier>> {
    name(text, Identifier::new)
}

pub(super) fn sender(text: &str) -> Option<Repaired<Sender>> {
    name(text, Sender::new)
}

/// References as they could be read, and pieces of text that are none.
#[derive(Debug, Default, PartialEq)]
pub(super) struct References {
    pub read: Vec<Repaired<Reference>>,
    pub unread: Vec<String>,
}

/// References separated by white space; names with spaces and times with a space between are put together again. O(n).
///
/// A word that is a whole reference stays one: what stands before it is no part of its sender, but for the alert's `own` one.
pub(super) fn references(text: &str, own: Option<&Sender>) -> References {
    /// A triplet of longer names was never seen; without an end, each word would be tried with all before it.
    const PENDING_BYTES_MAX: usize = 600;
    let mut all = References::default();
    let mut pending = String::new();
    for word in text.split_whitespace() {
        let strict = strict_references(word);
        if !pending.is_empty() {
            pending.push(' ');
        }
        let before = pending.len();
        pending.push_str(word);
        let joined = || reference(pending.trim_end_matches([',', ';']));
        if let Some(strict) = strict {
            let is_own = |joined: &Repaired<Reference>| Some(&joined.value.sender) == own;
            if let Some(joined) = (before > 0).then(joined).flatten().filter(is_own) {
                all.read.push(joined);
            } else {
                pending.truncate(before.saturating_sub(1));
                all.unread.extend((!pending.is_empty()).then(|| std::mem::take(&mut pending)));
                all.read.extend(strict);
            }
            pending.clear();
        } else if let Some(reference) = joined() {
            all.read.push(reference);
            pending.clear();
        } else if pending.len() > PENDING_BYTES_MAX {
            all.unread.push(std::mem::take(&mut pending));
        }
    }
    if !pending.is_empty() {
        all.unread.push(pending);
    }
    all
}

/// The references that a word is made of, when each of them is right but for what separates them.
fn strict_references(word: &str) -> Option<Vec<Repaired<Reference>>> {
    if let Some(reference) = Reference::parse(word) {
        return Some(vec![Repaired::right(reference)]);
    }
    let one = |text| {
        let reference = Reference::parse(text)?;
        Some(Repaired::mended(reference, "references are separated by a semicolon or a comma"))
    };
    word.trim_end_matches([',', ';']).split(';').map(one).collect()
}

/// One reference whose names or time need repair. `None` also where a name would swallow another reference.
fn reference(text: &str) -> Option<Repaired<Reference>> {
    let (from, rest) = text.split_once(',')?;
    let (named, sent) = rest.rsplit_once(',')?;
    if named.split([',', ';', ' ']).any(|part| time(part).is_some()) {
        return None;
    }
    let (from, named, sent) = (sender(from.trim())?, identifier(named.trim())?, time(sent)?);
    let repair = from.repair.or(named.repair).or(sent.repair).unwrap_or("spaces stand inside a reference");
    Some(Repaired::mended(Reference { sender: from.value, identifier: named.value, sent: sent.value }, repair))
}

/// `valueName=value`, as CAP 1.0 wrote its pairs.
pub(super) fn pair(text: &str) -> Option<Pair> {
    let (name, value) = text.trim().split_once('=')?;
    Some(Pair::new(name, value))
}

/// Content in base64; white space inside is left out.
pub(super) fn base64(text: &str) -> Option<Base64> {
    let text = text.trim();
    if text.contains(char::is_whitespace) {
        return Base64::new(&text.split_whitespace().collect::<String>()).ok();
    }
    Base64::new(text).ok()
}

/// The items of a list, with what is wrong with its form.
#[derive(Debug, Default, PartialEq)]
pub(super) struct List {
    pub items: Vec<ListItem>,
    /// Items that cannot be one, and were left out.
    pub unread: Vec<String>,
    /// Whether double quotes stand where they enclose no item; they were left out.
    pub has_stray_quote: bool,
}

/// Items separated by white space; an item in double quotes may hold white space. What can't be an item is left out and named.
pub(super) fn list(text: &str) -> List {
    let mut list = List::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (item, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or_else(|| {
                list.has_stray_quote = true;
                (quoted, "")
            }),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        list.has_stray_quote |= item.contains('"');
        match ListItem::new(&crate::cap::Text::new(item).replace('"', "")) {
            Ok(item) => list.items.push(item),
            Err(_) => list.unread.push(item.to_owned()),
        }
        rest = after.trim_start();
    }
    list
}

/// A web address; what must be percent-encoded is.
pub(super) fn uri(text: &str) -> Option<Repaired<Uri>> {
    let text = text.trim();
    if let Ok(uri) = Uri::new(text) {
        return Some(Repaired::right(uri));
    }
    let mut encoded = String::new();
    for c in text.chars().take(4_000) {
        if c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`' | '[' | ']') {
            encoded.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    Some(Repaired::mended(Uri::new(&encoded).ok()?, "the address holds characters that must be percent-encoded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_others_write_are_read() {
        for (text, expected) in [
            ("2026-03-21T04:00:00+03:30", "2026-03-21T04:00:00+03:30"),
            (" 2026-03-21T00:30:00Z ", "2026-03-21T00:30:00-00:00"),
            ("2026-03-21T00:30:00.123-04:00", "2026-03-21T00:30:00-04:00"),
            ("2026-03-21 00:30:00", "2026-03-21T00:30:00-00:00"),
            ("2026-03-21T00:30+0330", "2026-03-21T00:30:00+03:30"),
        ] {
            assert_eq!(time(text).map(|time| time.value.to_string()).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(time("tomorrow"), None);
        assert!(time("2026-03-21T04:00:00+03:30").unwrap().repair.is_none());
    }

    #[test]
    fn lists_keep_quoted_items_together() {
        let items: Vec<String> = list(" a \"two words\" b\"c \"open").items.iter().map(ToString::to_string).collect();
        assert_eq!(items, ["a", "two words", "bc", "open"]);
    }

    #[test]
    fn references_with_faults_inside_are_put_together_again() {
        let references = references(
            "a,b,2026-03-21T04:00:00+03:30 the office,no 1,2026-03-21T00:30:00Z a, c, 2026-03-21 00:30:00-00:00 id-1 id-2,",
            None,
        );
        let read: Vec<String> = references.read.iter().map(|one| one.value.to_string()).collect();
        assert_eq!(
            read,
            [
                "a,b,2026-03-21T04:00:00+03:30",
                "the%20office,no%201,2026-03-21T00:30:00-00:00",
                "a,c,2026-03-21T00:30:00-00:00"
            ]
        );
        assert!(references.read[0].repair.is_none() && references.read[2].repair.is_some());
        assert_eq!(references.unread, ["id-1 id-2,"]);
    }

    #[test]
    fn names_too_long_are_cut_and_stay_different() {
        let long = |last| identifier(&("a".repeat(2_000) + last)).unwrap().value;
        assert_ne!(long("1"), long("2"));
        assert_eq!(long("1"), long("1"));
        assert_eq!(identifier(" \n"), None);
        assert_eq!(identifier("two  words").unwrap().value.as_str(), "two%20%20words");
    }
}
