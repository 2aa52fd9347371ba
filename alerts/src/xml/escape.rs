//! Escapes text for XML element content and attributes.
//! Used by the CAP writer and by the feeds.
//! Whatever is put in, the result is well-formed XML 1.0; a carriage return survives line-end normalisation.

use crate::cap::xml_carries;

/// Escapes element content; characters that XML 1.0 can't carry become U+FFFD. O(n), plain runs copied whole.
pub(crate) fn text(into: &mut String, text: &str) {
    escape(into, text, TEXT);
}

/// Escapes an attribute's value for double quotes.
pub(crate) fn attribute(into: &mut String, value: &str) {
    escape(into, value, ATTRIBUTE);
}

const TEXT: u8 = 1;
const ATTRIBUTE: u8 = 2;

/// For each byte, in which places the character that begins with it may need something else than a copy.
const SPECIAL: [u8; 256] = {
    let mut special = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = TEXT | ATTRIBUTE;
        byte += 1;
    }
    special[b'\t' as usize] = ATTRIBUTE;
    special[b'\n' as usize] = ATTRIBUTE;
    special[b'"' as usize] = ATTRIBUTE;
    special[b'&' as usize] = TEXT | ATTRIBUTE;
    special[b'<' as usize] = TEXT | ATTRIBUTE;
    special[b'>' as usize] = TEXT | ATTRIBUTE;
    // U+F000 to U+FFFF, of which XML can't carry the last two.
    special[0xef] = TEXT | ATTRIBUTE;
    special
};

fn escape(into: &mut String, text: &str, place: u8) {
    into.reserve(text.len());
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| SPECIAL[usize::from(byte)] & place != 0) {
        into.push_str(&rest[..at]);
        let mut letters = rest[at..].chars();
        match letters.next() {
            Some('&') => into.push_str("&amp;"),
            Some('<') => into.push_str("&lt;"),
            // Needed after "]]" only; always writing it is simpler and byte-stable.
            Some('>') => into.push_str("&gt;"),
            Some('"') => into.push_str("&quot;"),
            Some('\r') => into.push_str("&#13;"),
            Some('\n') => into.push_str("&#10;"),
            Some('\t') => into.push_str("&#9;"),
            Some(c) if xml_carries(c) => into.push(c),
            Some(_) | None => into.push('\u{fffd}'),
        }
        rest = letters.as_str();
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(raw: &str) -> (String, String) {
        let (mut content, mut value) = (String::new(), String::new());
        text(&mut content, raw);
        attribute(&mut value, raw);
        (content, value)
    }

    #[test]
    fn marks_are_escaped_and_letters_are_not() {
        let (content, value) = both("سیل < & > \" ' \t\r\n]]>");
        assert_eq!(content, "سیل &lt; &amp; &gt; \" ' \t&#13;\n]]&gt;");
        assert_eq!(value, "سیل &lt; &amp; &gt; &quot; ' &#9;&#13;&#10;]]&gt;");
    }

    #[test]
    fn what_xml_cannot_carry_becomes_a_mark_for_the_lost() {
        assert_eq!(
            both("a\u{0}\u{1f}\u{fffe}\u{ffff}\u{fffd}\u{f000}\u{7f}b").0,
            "a\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{f000}\u{7f}b"
        );
    }
}
