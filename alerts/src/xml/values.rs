//! Reads CAP's values from the text of an element, repairing what can be repaired.
//! Called by `read`, which turns each repair into a finding.
//! A value that could be read strictly is never changed.

use std::fmt::Write as _;

use jiff::fmt::temporal::Pieces;

use crate::cap::{CapTime, GeometryFault, Identifier, ListItem, Polygon, Reference, Sender, Uri};

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

/// The characters that a name can't hold, percent-encoded, so that the same wrong name always becomes the same right one.
fn encoded(text: &str) -> String {
    let mut name = String::new();
    for c in text.trim().chars().take(300) {
        if c.is_whitespace() || c.is_control() || matches!(c, ',' | '<' | '&' | '\u{fffe}' | '\u{ffff}') {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(name, "%{byte:02X}");
            }
        } else {
            name.push(c);
        }
    }
    name
}

const NAME_REPAIR: &str = "spaces, commas, < and & are not allowed here and were percent-encoded";

pub(super) fn identifier(text: &str) -> Option<Repaired<Identifier>> {
    match Identifier::new(text) {
        Ok(name) => Some(Repaired::right(name)),
        Err(_) => Some(Repaired::mended(Identifier::new(&encoded(text)).ok()?, NAME_REPAIR)),
    }
}

pub(super) fn sender(text: &str) -> Option<Repaired<Sender>> {
    match Sender::new(text) {
        Ok(name) => Some(Repaired::right(name)),
        Err(_) => Some(Repaired::mended(Sender::new(&encoded(text)).ok()?, NAME_REPAIR)),
    }
}

/// One reference; its time may need repair.
pub(super) fn reference(text: &str) -> Option<Repaired<Reference>> {
    if let Some(reference) = Reference::parse(text) {
        return Some(Repaired::right(reference));
    }
    let (sender, rest) = text.split_once(',')?;
    let (identifier, sent) = rest.rsplit_once(',')?;
    let reference = Reference {
        sender: Sender::new(sender).ok()?,
        identifier: Identifier::new(identifier).ok()?,
        sent: time(sent)?.value,
    };
    Some(Repaired::mended(reference, "the time of the reference was not in CAP's form and was written anew"))
}

/// Items separated by white space; an item in double quotes may hold white space. What can't be an item is left out.
pub(super) fn list(text: &str) -> Vec<ListItem> {
    let mut items = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (item, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        items.extend(ListItem::new(&crate::cap::Text::new(item).replace('"', "")).ok());
        rest = after.trim_start();
    }
    items
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

/// A polygon: strict, else with spaces around its commas or left open.
pub(super) fn polygon(text: &str) -> Result<Repaired<Polygon>, GeometryFault> {
    match Polygon::parse(text) {
        Ok(polygon) => return Ok(Repaired::right(polygon)),
        Err(GeometryFault::NotClosed) => {
            if let Some(first) = text.split_whitespace().next()
                && let Ok(polygon) = Polygon::parse(&format!("{text} {first}"))
            {
                return Ok(Repaired::mended(polygon, "the polygon was not closed; its first position was repeated"));
            }
        }
        Err(_) => {}
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let together = words.join(" ").replace(" ,", ",").replace(", ", ",");
    Polygon::parse(&together).map(|polygon| Repaired::mended(polygon, "spaces stood around the commas of a polygon"))
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
        let items: Vec<String> = list(" a \"two words\" b\"c \"open").iter().map(ToString::to_string).collect();
        assert_eq!(items, ["a", "two words", "bc", "open"]);
    }

    #[test]
    fn open_polygons_are_closed_and_short_ones_are_not_invented() {
        assert_eq!(polygon("1,1 1,2 2,2").map(|_| ()), Err(GeometryFault::TooFew));
        assert!(polygon("1,1 1,2 2,2 2,1").unwrap().repair.is_some());
        assert!(polygon("1, 1 1 ,2 2,2 1,1").unwrap().repair.is_some());
        assert!(polygon("\n1,1\t1,2  2,2 1,1 ").unwrap().repair.is_none());
    }
}
