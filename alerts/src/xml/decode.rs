//! Turns the bytes of a document into text: UTF-8, UTF-16, ISO-8859-1, windows-1252, windows-1256.
//! Called by `read` before anything else is looked at.
//! Every input gives a text; what had to be guessed or was lost is reported, never silently repaired.

use std::borrow::Cow;

/// How far into the document its own name for its encoding may stand.
const DECLARATION_BYTES_MAX: usize = 200;

/// What was wrong with the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Bytes that are no text became U+FFFD; an XML parser refuses them.
    Lost,
    /// The declared encoding is not the real one; an XML parser may take it all the same.
    Declared,
    /// The declared encoding is one that nobody knows; an XML parser refuses it.
    Unknown,
}

impl Doubt {
    pub const fn what(self) -> &'static str {
        match self {
            Self::Lost => "some bytes are no text in the document's encoding; they became U+FFFD",
            Self::Declared => "the document is not in the encoding that it declares, or that is not read here",
            Self::Unknown => "the document declares an encoding that is not known",
        }
    }
}

/// Bytes to text. O(n); text in UTF-8 is not copied.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Option<Doubt>) {
    match bytes {
        [0xff, 0xfe, rest @ ..] => return utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf_16(rest, u16::from_be_bytes),
        [b'<', 0, _, 0, ..] => return utf_16(bytes, u16::from_le_bytes),
        [0, b'<', 0, _, ..] => return utf_16(bytes, u16::from_be_bytes),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let utf_8 = std::str::from_utf8(bytes);
    match (declared(bytes), utf_8) {
        (Declared::Utf8, Ok(text)) => (Cow::Borrowed(text), None),
        // A text in one byte for each letter is UTF-8 by chance only when it is ASCII.
        (Declared::Bytes(_), Ok(text)) => (Cow::Borrowed(text), (!text.is_ascii()).then_some(Doubt::Declared)),
        (Declared::Foreign, Ok(text)) => (Cow::Borrowed(text), Some(Doubt::Declared)),
        (Declared::Strange, Ok(text)) => (Cow::Borrowed(text), Some(Doubt::Unknown)),
        (Declared::Bytes(letter), Err(_)) => (Cow::Owned(bytes.iter().map(|&byte| letter(byte)).collect()), None),
        (Declared::Utf8 | Declared::Foreign | Declared::Strange, Err(_)) => {
            (String::from_utf8_lossy(bytes), Some(Doubt::Lost))
        }
    }
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (Cow<'static, str>, Option<Doubt>) {
    let pairs = bytes.chunks_exact(2);
    let odd = !pairs.remainder().is_empty();
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    let mut lost = odd;
    let text: String = char::decode_utf16(units)
        .map(|letter| {
            letter.unwrap_or_else(|_| {
                lost = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    (Cow::Owned(text), lost.then_some(Doubt::Lost))
}

/// What the XML declaration names.
enum Declared {
    /// UTF-8, or nothing, which means the same.
    Utf8,
    /// One byte for each letter.
    Bytes(fn(u8) -> char),
    /// One that XML parsers know and that is not read here.
    Foreign,
    /// Anything else.
    Strange,
}

fn declared(bytes: &[u8]) -> Declared {
    let start = &bytes[..bytes.len().min(DECLARATION_BYTES_MAX)];
    let Some(start) = start.trim_ascii_start().strip_prefix(b"<?xml") else { return Declared::Utf8 };
    let text: String = start.iter().map(|&byte| char::from(byte.to_ascii_lowercase())).collect();
    let text = text.split("?>").next().unwrap_or("");
    let Some((_, rest)) = text.split_once("encoding") else { return Declared::Utf8 };
    let rest = rest.trim_start().strip_prefix('=').unwrap_or("").trim_start();
    let name = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next().unwrap_or(""),
        _ => "",
    };
    match name.trim() {
        // A declaration of UTF-16 in a document that is not is an old habit of some tools.
        "" | "utf-8" | "utf8" | "utf-16" => Declared::Utf8,
        // ISO-8859-1 and ASCII are read as windows-1252, as in browsers (WHATWG Encoding Standard §4.2): the controls that
        // ISO-8859-1 has at 0x80 to 0x9F never stand in a text, the typographic quotes of windows-1252 do.
        "iso-8859-1" | "iso8859-1" | "latin1" | "latin-1" | "us-ascii" | "ascii" | "windows-1252" | "cp1252" => {
            Declared::Bytes(|byte| match byte {
                0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
                _ => char::from(byte),
            })
        }
        "windows-1256" | "cp1256" => Declared::Bytes(|byte| match byte {
            0x80.. => WINDOWS_1256[usize::from(byte - 0x80)],
            _ => char::from(byte),
        }),
        name if FOREIGN.iter().any(|start| name.starts_with(start)) => Declared::Foreign,
        _ => Declared::Strange,
    }
}

/// How the names of encodings begin that iconv, and with it most XML parsers, knows (IANA character sets).
const FOREIGN: &[&str] = &[
    "iso-8859-",
    "iso8859-",
    "windows-125",
    "cp",
    "ibm",
    "koi8-",
    "mac",
    "tis-620",
    "gb",
    "big5",
    "euc-",
    "shift_jis",
    "sjis",
    "iso-2022-",
    "utf-",
    "ucs-",
    "iso-10646-",
    "ebcdic",
];

/// Bytes 0x80 to 0x9F. Source: WHATWG Encoding Standard, index windows-1252.
#[rustfmt::skip]
const WINDOWS_1252: [char; 32] = [
    '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
];

/// Bytes 0x80 to 0xFF: Persian and Arabic texts of older Windows programs. Source: WHATWG Encoding Standard, index windows-1256.
#[rustfmt::skip]
const WINDOWS_1256: [char; 128] = [
    '\u{20ac}', '\u{67e}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}', '\u{2030}', '\u{679}', '\u{2039}', '\u{152}', '\u{686}', '\u{698}', '\u{688}',
    '\u{6af}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{6a9}', '\u{2122}', '\u{691}', '\u{203a}', '\u{153}', '\u{200c}', '\u{200d}', '\u{6ba}',
    '\u{a0}', '\u{60c}', '\u{a2}', '\u{a3}', '\u{a4}', '\u{a5}', '\u{a6}', '\u{a7}', '\u{a8}', '\u{a9}', '\u{6be}', '\u{ab}', '\u{ac}', '\u{ad}', '\u{ae}', '\u{af}',
    '\u{b0}', '\u{b1}', '\u{b2}', '\u{b3}', '\u{b4}', '\u{b5}', '\u{b6}', '\u{b7}', '\u{b8}', '\u{b9}', '\u{61b}', '\u{bb}', '\u{bc}', '\u{bd}', '\u{be}', '\u{61f}',
    '\u{6c1}', '\u{621}', '\u{622}', '\u{623}', '\u{624}', '\u{625}', '\u{626}', '\u{627}', '\u{628}', '\u{629}', '\u{62a}', '\u{62b}', '\u{62c}', '\u{62d}', '\u{62e}', '\u{62f}',
    '\u{630}', '\u{631}', '\u{632}', '\u{633}', '\u{634}', '\u{635}', '\u{636}', '\u{d7}', '\u{637}', '\u{638}', '\u{639}', '\u{63a}', '\u{640}', '\u{641}', '\u{642}', '\u{643}',
    '\u{e0}', '\u{644}', '\u{e2}', '\u{645}', '\u{646}', '\u{647}', '\u{648}', '\u{e7}', '\u{e8}', '\u{e9}', '\u{ea}', '\u{eb}', '\u{649}', '\u{64a}', '\u{ee}', '\u{ef}',
    '\u{64b}', '\u{64c}', '\u{64d}', '\u{64e}', '\u{f4}', '\u{64f}', '\u{650}', '\u{f7}', '\u{651}', '\u{f9}', '\u{652}', '\u{fb}', '\u{fc}', '\u{200e}', '\u{200f}', '\u{6d2}',
];

#[cfg(test)]
mod tests {
    use super::*;

    fn one_byte(name: &str, body: &[u8]) -> String {
        let bytes = [format!("<?xml version='1.0' encoding='{name}'?>").as_bytes(), body].concat();
        let (text, doubt) = decode(&bytes);
        assert_eq!(doubt, None);
        text.split_once("?>").unwrap().1.to_owned()
    }

    #[test]
    fn old_encodings_are_read_by_their_name() {
        assert_eq!(one_byte("ISO-8859-1", b"M\xfcnchen"), "München");
        assert_eq!(one_byte("Windows-1252", b"\x93a\x94 \x80"), "“a” €");
        assert_eq!(one_byte("windows-1256", b"\xd3\xed\xe1 \x81\xe1\x9d\x98"), "سيل پل\u{200c}ک");
    }

    #[test]
    fn utf_16_is_read_with_its_mark_and_without() {
        for mark in ["\u{feff}", ""] {
            let text = format!("{mark}<a>سیل 🌊</a>");
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for bytes in [little, big] {
                assert_eq!(decode(&bytes), (Cow::Borrowed("<a>سیل 🌊</a>"), None));
                assert_eq!(decode(&bytes[..bytes.len() - 1]).1, Some(Doubt::Lost));
            }
        }
    }

    #[test]
    fn what_is_lost_or_declared_wrongly_is_said() {
        assert_eq!(decode("\u{feff}<a/>".as_bytes()), (Cow::Borrowed("<a/>"), None));
        assert_eq!(decode(b"<a>\xff</a>"), (Cow::Borrowed("<a>\u{fffd}</a>"), Some(Doubt::Lost)));
        let text = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>سیل</a>";
        assert_eq!(decode(text.as_bytes()), (Cow::Borrowed(text), Some(Doubt::Declared)));
        let text = "<?xml version=\"1.0\" encoding=\"EBCDIC\"?><a>é</a>";
        assert_eq!(decode(text.as_bytes()).1, Some(Doubt::Declared));
        for (name, doubt) in [("x-unknown", Doubt::Unknown), ("KOI8-R", Doubt::Declared)] {
            let text = format!("<?xml version='1.0' encoding='{name}'?><a>all ASCII</a>");
            assert_eq!(decode(text.as_bytes()).1, Some(doubt));
        }
    }
}
