//! Escapes text for XML element content and attributes.
//! Used by the CAP writer and by the feeds.
//! Whatever is put in, the result is well-formed XML 1.0; a carriage return survives line-end normalisation.

/// Escapes element content; characters that XML 1.0 can't carry become U+FFFD.
pub(crate) fn text(into: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            // Needed after "]]" only; always writing it is simpler and byte-stable.
            '>' => into.push_str("&gt;"),
            '\r' => into.push_str("&#13;"),
            c if crate::cap::xml_carries(c) => into.push(c),
            _ => into.push('\u{fffd}'),
        }
    }
}

/// Escapes an attribute's value for double quotes.
pub(crate) fn attribute(into: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' => into.push_str("&quot;"),
            '\n' => into.push_str("&#10;"),
            '\t' => into.push_str("&#9;"),
            c => text(into, c.encode_utf8(&mut [0; 4])),
        }
    }
}
