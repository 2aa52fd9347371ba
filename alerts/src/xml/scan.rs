//! Cuts a text into the marks of XML 1.0: starts and ends of elements, and the text between, references resolved.
//! Called by `tree`; it borrows from the text and looks for the next mark with `memchr` instead of letter by letter.
//! Refuses document types and entities beyond XML's five; a bare `&` is taken as itself and remembered.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memmem};

use super::tree::ReadError;
use crate::cap::xml_carries;

/// The next piece of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'d> {
    /// `<name …>`, or `<name …/>` when `empty`. Its attributes stand in [`Scanner::attributes`] until the next piece.
    Start {
        /// Prefix and local name.
        name: &'d str,
        /// Whether it ends at once.
        empty: bool,
    },
    /// `</name>`.
    End {
        /// Prefix and local name.
        name: &'d str,
    },
    /// Text or CDATA, line ends as `\n`.
    Text(Cow<'d, str>),
    /// The end of the document.
    Done,
}

/// Reads pieces one after the other.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing that was seen; they are not states")]
pub(super) struct Scanner<'d> {
    text: &'d str,
    at: usize,
    /// Names and raw values of the last start, in order.
    pub attributes: Vec<(&'d str, &'d str)>,
    /// Whether the document may hold characters that XML cannot carry, as they are or as references.
    pub has_odd: bool,
    /// Whether a `&` stood alone.
    pub has_bare_ampersand: bool,
    /// Whether an XML declaration stands anywhere but at the very start.
    pub has_late_declaration: bool,
    has_return: bool,
}

impl<'d> Scanner<'d> {
    pub fn new(text: &'d str) -> Self {
        Self {
            text,
            at: 0,
            attributes: Vec::new(),
            has_odd: has_odd(text.as_bytes()),
            has_bare_ampersand: false,
            has_late_declaration: false,
            has_return: memchr(b'\r', text.as_bytes()).is_some(),
        }
    }

    /// Where the next piece begins, in bytes of the text.
    pub const fn at(&self) -> usize {
        self.at
    }

    fn not_xml(&self, why: &'static str) -> ReadError {
        ReadError::NotXml { at: self.at as u64, why: why.to_owned() }
    }

    /// The next piece; comments and processing instructions are passed over.
    pub fn next(&mut self) -> Result<Piece<'d>, ReadError> {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [] => return Ok(Piece::Done),
                [b'<', b'/', ..] => return self.end(),
                [b'<', b'!', b'-', b'-', ..] => self.skip(4, b"-->", "a comment has no end")?,
                [b'<', b'!', b'[', b'C', b'D', b'A', b'T', b'A', b'[', ..] => {
                    let from = self.at + 9;
                    self.skip(9, b"]]>", "a CDATA section has no end")?;
                    return Ok(Piece::Text(self.lines(&self.text[from..self.at - 3])));
                }
                [b'<', b'!', ..] if rest.get(2..9).is_some_and(|word| word.eq_ignore_ascii_case(b"DOCTYPE")) => {
                    return Err(ReadError::Doctype);
                }
                [b'<', b'!', ..] => return Err(self.not_xml("“<!” begins neither a comment nor a CDATA section")),
                [b'<', b'?', b'x', b'm', b'l', b' ' | b'\t' | b'\n' | b'\r', ..] if self.at > 0 => {
                    self.has_late_declaration = true;
                    self.skip(2, b"?>", "a processing instruction has no end")?;
                }
                [b'<', b'?', ..] => self.skip(2, b"?>", "a processing instruction has no end")?,
                [b'<', ..] => return self.start(),
                _ => return self.characters(),
            }
        }
    }

    /// After a fault: passes over a `<` that begins no mark, as in “5 < 6”, and gives it as text.
    pub fn bare_less(&mut self) -> Option<&'d str> {
        let rest = &self.text.as_bytes()[self.at..];
        let begins_none =
            matches!(rest, [b'<', b' ' | b'\t' | b'\n' | b'\r' | b'=' | b'<' | b'-' | b'.' | b'0'..=b'9', ..]);
        begins_none.then(|| {
            self.at += 1;
            &self.text[self.at - 1..self.at]
        })
    }

    fn skip(&mut self, before: usize, mark: &[u8], why: &'static str) -> Result<(), ReadError> {
        let from = self.at + before;
        match memmem::find(&self.text.as_bytes()[from..], mark) {
            Some(length) => {
                self.at = from + length + mark.len();
                Ok(())
            }
            None => Err(self.not_xml(why)),
        }
    }

    fn end(&mut self) -> Result<Piece<'d>, ReadError> {
        let from = self.at + 2;
        let Some(length) = memchr(b'>', &self.text.as_bytes()[from..]) else {
            return Err(self.not_xml("an end tag has no end"));
        };
        let name = self.text[from..from + length].trim_ascii_end();
        self.at = from + length + 1;
        Ok(Piece::End { name })
    }

    fn start(&mut self) -> Result<Piece<'d>, ReadError> {
        let bytes = self.text.as_bytes();
        let from = self.at + 1;
        let length = name_length(&bytes[from..]);
        if length == 0 || matches!(bytes[from], b'0'..=b'9' | b'-' | b'.') {
            return Err(self.not_xml("“<” is not followed by a name; in a text it is written &lt;"));
        }
        let name = &self.text[from..from + length];
        self.attributes.clear();
        let mut at = from + length;
        loop {
            let space = bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            at += space;
            match bytes.get(at..) {
                Some([b'>', ..]) => {
                    self.at = at + 1;
                    return Ok(Piece::Start { name, empty: false });
                }
                Some([b'/', b'>', ..]) => {
                    self.at = at + 2;
                    return Ok(Piece::Start { name, empty: true });
                }
                Some([_, ..]) if space > 0 => at = self.attribute(at)?,
                Some(_) | None => return Err(self.not_xml("a start tag has no end")),
            }
        }
    }

    /// Keeps the attribute that begins at `at` and says where it ends.
    fn attribute(&mut self, at: usize) -> Result<usize, ReadError> {
        let bytes = self.text.as_bytes();
        let blank = |at: usize| at + bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let name_end = at + name_length(&bytes[at..]);
        let equals = blank(name_end);
        let open = blank((equals + 1).min(bytes.len()));
        let (Some(b'='), Some(&quote @ (b'"' | b'\''))) = (bytes.get(equals), bytes.get(open)) else {
            return Err(self.not_xml("an attribute is not written name=\"value\""));
        };
        let from = open + 1;
        let Some(length) = memchr(quote, &bytes[from..]).filter(|_| name_end > at) else {
            return Err(self.not_xml("an attribute has no name or its value has no end"));
        };
        let value = &self.text[from..from + length];
        if memchr2(b'<', b'&', value.as_bytes()).is_some() {
            if value.contains('<') {
                return Err(self.not_xml("“<” stands in the value of an attribute"));
            }
            // Nothing is made of the value, but an entity may not hide in it.
            self.resolve(value, &mut String::new())?;
        }
        self.attributes.push((&self.text[at..name_end], value));
        Ok(from + length + 1)
    }

    fn characters(&mut self) -> Result<Piece<'d>, ReadError> {
        let from = self.at;
        let bytes = self.text.as_bytes();
        let first = memchr2(b'<', b'&', &bytes[from..]).map_or(bytes.len(), |length| from + length);
        if bytes.get(first) != Some(&b'&') {
            self.at = first;
            return Ok(Piece::Text(self.lines(&self.text[from..first])));
        }
        let end = memchr(b'<', &bytes[first..]).map_or(bytes.len(), |length| first + length);
        let mut resolved = String::with_capacity(end - from);
        self.resolve(&self.text[from..end], &mut resolved)?;
        self.at = end;
        Ok(Piece::Text(Cow::Owned(resolved)))
    }

    /// Appends a text with its references resolved and its line ends as `\n`.
    fn resolve(&mut self, text: &'d str, into: &mut String) -> Result<(), ReadError> {
        let mut rest = text;
        while let Some(at) = memchr(b'&', rest.as_bytes()) {
            into.push_str(&self.lines(&rest[..at]));
            rest = &rest[at + 1..];
            let Some(name) = reference(rest) else {
                self.has_bare_ampersand = true;
                into.push('&');
                continue;
            };
            into.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => match name.strip_prefix('#') {
                    Some(number) => self.numbered(number),
                    None => return Err(ReadError::Entity { name: name.chars().take(60).collect() }),
                },
            });
            rest = &rest[name.len() + 1..];
        }
        into.push_str(&self.lines(rest));
        Ok(())
    }

    /// The character of `&#…;`; U+FFFD when there is none, which is remembered as odd.
    fn numbered(&mut self, number: &str) -> char {
        let value = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        match value.ok().and_then(char::from_u32) {
            Some(c) if xml_carries(c) => c,
            _ => {
                self.has_odd = true;
                // U+0000 is what no text can carry either, so that the reader finds the place.
                '\0'
            }
        }
    }

    /// Line ends as XML wants them (XML 1.0 §2.11).
    fn lines(&self, text: &'d str) -> Cow<'d, str> {
        if !self.has_return || memchr(b'\r', text.as_bytes()).is_none() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    }
}

/// How many bytes of a name begin here: up to white space, a mark, or the end.
fn name_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| ENDS_NAME[usize::from(byte)]).unwrap_or(bytes.len())
}

/// The bytes that no name holds.
const ENDS_NAME: [bool; 256] = {
    let mut ends = [false; 256];
    let marks = b" \t\n\r>/=<\"'&!?";
    let mut at = 0;
    while at < marks.len() {
        ends[marks[at] as usize] = true;
        at += 1;
    }
    ends
};

/// The name between `&` and `;`, when what follows the `&` has the form of a reference.
fn reference(after: &str) -> Option<&str> {
    const NAME_BYTES_MAX: usize = 64;
    let bytes = after.as_bytes();
    let within = &bytes[..bytes.len().min(NAME_BYTES_MAX)];
    let end = memchr(b';', within)?;
    let name = &after[..end];
    let plain = |text: &str| {
        text.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | ':'))
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.'))
    };
    let numbered = |text: &str| match text.strip_prefix('x') {
        Some(digits) => !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
    };
    name.strip_prefix('#').map_or_else(|| plain(name), numbered).then_some(name)
}

/// Whether a character may be there that XML cannot carry: a control, U+FFFE or U+FFFF. O(n), many bytes at a time.
fn has_odd(bytes: &[u8]) -> bool {
    let control = |byte: u8| u8::from(byte < 0x20 && byte != b'\t' && byte != b'\n' && byte != b'\r');
    let controls = bytes.chunks(4_096).any(|chunk| chunk.iter().fold(0, |odd, &byte| odd | control(byte)) != 0);
    controls
        || memmem::find(bytes, b"\xef\xbf")
            .is_some_and(|at| bytes[at..].windows(3).any(|three| matches!(three, [0xef, 0xbf, 0xbe | 0xbf])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Result<Vec<String>, ReadError> {
        let mut scanner = Scanner::new(text);
        let mut all = Vec::new();
        loop {
            all.push(match scanner.next()? {
                Piece::Start { name, empty } => {
                    let attributes: String =
                        scanner.attributes.iter().map(|(name, value)| format!(" {name}={value}")).collect();
                    format!("<{name}{attributes}{}>", if empty { "/" } else { "" })
                }
                Piece::End { name } => format!("</{name}>"),
                Piece::Text(text) => text.into_owned(),
                Piece::Done => return Ok(all),
            });
        }
    }

    #[test]
    fn a_document_falls_into_its_pieces() {
        let text = "<?xml version='1.0'?><a x='1'\n y = \"a>b\" ><!-- <c> --><b/>&lt;&#x633;&#1587;&amp;<![CDATA[<&amp;>]]></a\n>";
        assert_eq!(pieces(text).unwrap(), ["<a x=1 y=a>b>", "<b/>", "<سس&", "<&amp;>", "</a>"]);
    }

    #[test]
    fn line_ends_become_one_and_a_written_return_stays() {
        assert_eq!(pieces("<a>1\r\n2\r3&#13;\n</a>").unwrap(), ["<a>", "1\n2\n3\r\n", "</a>"]);
    }

    #[test]
    fn a_bare_ampersand_is_itself_and_an_entity_is_refused() {
        let mut scanner = Scanner::new("<a>Search & Rescue; R&D &; &# &#x; &#12a;</a>");
        scanner.next().unwrap();
        assert_eq!(scanner.next().unwrap(), Piece::Text("Search & Rescue; R&D &; &# &#x; &#12a;".into()));
        assert!(scanner.has_bare_ampersand);
        for text in ["<a>&nbsp;</a>", "<a x='&file;'/>"] {
            assert!(matches!(pieces(text), Err(ReadError::Entity { .. })), "{text}");
        }
        assert_eq!(pieces("<!doctype html><a/>"), Err(ReadError::Doctype));
    }

    #[test]
    fn characters_that_xml_cannot_carry_are_noticed() {
        for text in ["<a>\u{1}</a>", "<a>&#1;</a>", "<a>&#xFFFF;</a>", "<a>&#99999999;</a>", "<a>\u{fffe}</a>"] {
            let mut scanner = Scanner::new(text);
            while scanner.next().unwrap() != Piece::Done {}
            assert!(scanner.has_odd, "{text:?}");
        }
        assert!(!Scanner::new("<a>\t\r\n سیل \u{fffd}\u{10ffff}</a>").has_odd);
    }

    #[test]
    fn what_is_not_closed_is_refused() {
        for text in [
            "<",
            "<a",
            "<a x",
            "<a x=1>",
            "<a x='",
            "<a x='<'/>",
            "<!--",
            "<![CDATA[",
            "<?x",
            "</a",
            "<1/>",
            "<a/b>",
            "<!x>",
        ] {
            assert!(matches!(pieces(text), Err(ReadError::NotXml { .. })), "{text}");
        }
    }

    /// The same document as quick-xml cuts it: names, and texts between tags as one.
    fn second_opinion(text: &str) -> Option<Vec<String>> {
        use quick_xml::events::Event;
        let mut reader = quick_xml::Reader::from_str(text);
        let mut all = vec![String::new()];
        loop {
            let more = match reader.read_event().ok()? {
                Event::Start(start) => format!("<{}>", start.name().as_ref()),
                Event::Empty(start) => format!("<{}/>", start.name().as_ref()),
                Event::End(end) => format!("</{}>", end.name().as_ref()),
                Event::Text(text) => text.xml10_content().into_owned(),
                Event::CData(text) => text.xml10_content().into_owned(),
                Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                    Some(c) => c.to_string(),
                    None => match &*reference.xml10_content() {
                        "amp" => "&".to_owned(),
                        "lt" => "<".to_owned(),
                        _ => return None,
                    },
                },
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
                Event::DocType(_) => return None,
                Event::Eof => return Some(all),
            };
            all.last_mut()?.push_str(&more);
        }
    }

    fn ours(text: &str) -> Result<Vec<String>, ReadError> {
        let mut scanner = Scanner::new(text);
        let mut all = String::new();
        loop {
            let more = match scanner.next()? {
                Piece::Start { name, empty } => format!("<{name}{}>", if empty { "/" } else { "" }),
                Piece::End { name } => format!("</{name}>"),
                Piece::Text(text) => text.into_owned(),
                Piece::Done => return Ok(vec![all]),
            };
            all.push_str(&more);
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 4_000, failure_persistence: None, ..Default::default() })]

        #[test]
        fn documents_fall_apart_as_another_parser_sees_them(pieces in proptest::collection::vec(proptest::sample::select(vec![
            "<a>", "</a>", "<a >", "</a\n>", "<b/>", "<b x='1' y=\"&lt;>\"/>", "<c:d xmlns:c='u'>", "</c:d>", "text", " ", "\r\n", "\r",
            "سیل", "&amp;", "&lt;", "&#65;", "&#x633;", "&#13;", "<![CDATA[<x>&amp;\r]]>", "<!-- <a> & -->", "<?p <a> ?>", "]]", ">", "'",
        ]), 0..12)) {
            let text = format!("<r>{}</r>", pieces.concat());
            // quick-xml looks after the nesting as well, which here is the tree's business.
            if let Some(theirs) = second_opinion(&text) {
                proptest::prop_assert_eq!(ours(&text).expect("both read it"), theirs);
            }
        }
    }
}
