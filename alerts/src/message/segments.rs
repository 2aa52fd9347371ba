//! Counts text messages exactly and cuts them where telephones allow it.
//! Called through `message` by everything that has to know what a text costs.
//! No cut falls inside a surrogate pair, an escape sequence, a grapheme cluster, or an isolate.

use unicode_segmentation::UnicodeSegmentation;

/// How a text is coded in a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// The default alphabet of 3GPP TS 23.038, seven bits.
    Gsm7,
    /// Sixteen bits; one letter outside the default alphabet turns the whole text into it.
    Ucs2,
}

/// What a text costs as SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segments {
    /// How it is coded.
    pub coding: Coding,
    /// Its length in units: septets, or UTF-16 units.
    pub units: usize,
    /// How many messages it needs; 0 for an empty text.
    pub count: usize,
}

impl Segments {
    /// The units that one message holds when the text fits into it.
    ///
    /// ```
    /// use alerts::message::{Coding, Segments};
    /// assert_eq!([Coding::Gsm7, Coding::Ucs2].map(Segments::single), [160, 70]);
    /// assert_eq!([Coding::Gsm7, Coding::Ucs2].map(Segments::part), [153, 67]);
    /// ```
    pub const fn single(coding: Coding) -> usize {
        match coding {
            Coding::Gsm7 => 160,
            Coding::Ucs2 => 70,
        }
    }

    /// The units that each part of a longer text holds (6 bytes are taken by the header of 3GPP TS 23.040 §9.2.3.24.1).
    pub const fn part(coding: Coding) -> usize {
        match coding {
            Coding::Gsm7 => 153,
            Coding::Ucs2 => 67,
        }
    }
}

/// The default alphabet, 3GPP TS 23.038 §6.2.1; the extension table stands in `GSM7_EXTENSION`.
const GSM7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table, §6.2.1.1: each costs an escape and itself.
const GSM7_EXTENSION: &str = "\u{c}^{}\\[~]|€";

fn septets(c: char) -> Option<usize> {
    if GSM7.contains(c) {
        Some(1)
    } else if GSM7_EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

fn coding_of(text: &str) -> Coding {
    if text.chars().all(|c| septets(c).is_some()) { Coding::Gsm7 } else { Coding::Ucs2 }
}

fn units_of(c: char, coding: Coding) -> usize {
    match coding {
        Coding::Gsm7 => septets(c).unwrap_or(1),
        Coding::Ucs2 => c.len_utf16(),
    }
}

/// Counts exactly. O(n).
///
/// Coding and units are those of the standards; the count is that of [`parts`]. Judged in `tests/sms.rs` against two independent
/// libraries on thousands of random texts.
///
/// ```
/// use alerts::message::{segments, Coding};
/// assert_eq!(segments("سیل!").coding, Coding::Ucs2);
/// assert_eq!(segments(&"س".repeat(70)).count, 1);
/// assert_eq!(segments(&"س".repeat(71)).count, 2);
/// assert_eq!(segments("{x}").units, 5); // a brace is an escape and a letter
/// ```
pub fn segments(text: &str) -> Segments {
    let coding = coding_of(text);
    let units = units_in(text, coding);
    Segments { coding, units, count: parts(text).len() }
}

/// The parts in which a text is sent; joined they are the text. An empty text has none.
///
/// No part ends inside a letter as people see it (a grapheme cluster of UAX #29: a family of emoji, a letter with its vowel
/// signs, a letter and its half-space), nor inside a bidirectional isolate, as long as the letter or the isolate is shorter
/// than a part; never inside a surrogate pair or an escape sequence.
///
/// ```
/// use alerts::message::parts;
/// let text = format!("{}👨‍👩‍👧 خانواده", "س".repeat(66));
/// assert_eq!(parts(&text)[1], "👨‍👩‍👧 خانواده"); // the family stays together, though its first person would have fitted
/// ```
pub fn parts(text: &str) -> Vec<&str> {
    let coding = coding_of(text);
    let units = units_in(text, coding);
    if units == 0 {
        return Vec::new();
    }
    if units <= Segments::single(coding) {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, piece) in pieces(text, coding, Segments::part(coding)) {
        let units = units_in(piece, coding);
        if used + units > Segments::part(coding) {
            parts.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += units;
    }
    parts.push(&text[start..]);
    parts
}

/// The text, cut to at most `chars_max` characters with `…` (`...` where the text is of GSM 7-bit letters, so that it stays
/// so) when it is longer.
///
/// The cut falls where [`parts`] would cut, and at the end of a word when one ends in the last third. Empty when not even the
/// dots fit.
///
/// ```
/// use alerts::message::shortened;
/// assert_eq!(shortened("هشدار سیل در کنار رود شرقی", 20), "هشدار سیل در کنار…");
/// assert_eq!(shortened("River East", 10), "River East");
/// assert_eq!(shortened("River East", 9), "River...");
/// ```
pub fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let dots = if coding_of(text) == Coding::Gsm7 { "..." } else { "…" };
    let Some(room) = chars_max.checked_sub(dots.chars().count()) else { return String::new() };
    let (mut end, mut chars) = (0, 0);
    for (at, piece) in pieces(text, Coding::Ucs2, usize::MAX) {
        chars += piece.chars().count();
        if chars > room {
            break;
        }
        end = at + piece.len();
    }
    let kept = &text[..end];
    let word_end = kept.rfind(char::is_whitespace).filter(|at| {
        let inside_word = text[end..].chars().next().is_some_and(|c| !c.is_whitespace());
        // Not inside an isolate: a cut at its space would leave it open.
        inside_word && 3 * at >= 2 * end && !isolate_is_open(&kept[..*at])
    });
    format!("{}{dots}", kept[..word_end.unwrap_or(end)].trim_end())
}

fn isolate_is_open(text: &str) -> bool {
    let opened = text.chars().filter(|c| matches!(c, '\u{2066}'..='\u{2068}')).count();
    opened > text.chars().filter(|c| *c == '\u{2069}').count()
}

fn units_in(text: &str, coding: Coding) -> usize {
    text.chars().map(|c| units_of(c, coding)).sum()
}

/// What stays together, with where it begins: isolates of at most `units_max` units, else grapheme clusters of at most that,
/// else characters.
fn pieces(text: &str, coding: Coding, units_max: usize) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if let Some(length) = isolate_length(rest)
            && units_in(&rest[..length], coding) <= units_max
        {
            pieces.push((at, &rest[..length]));
            at += length;
            continue;
        }
        let cluster = rest.graphemes(true).next().unwrap_or(rest);
        if units_in(cluster, coding) <= units_max {
            pieces.push((at, cluster));
        } else {
            pieces.extend(cluster.char_indices().map(|(i, c)| (at + i, &cluster[i..i + c.len_utf8()])));
        }
        at += cluster.len();
    }
    pieces
}

/// The bytes of the isolate that a text begins with, to its end; `None` when it begins with none or the isolate is not closed.
fn isolate_length(text: &str) -> Option<usize> {
    if !text.starts_with(['\u{2066}', '\u{2067}', '\u{2068}']) {
        return None;
    }
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '\u{2066}'..='\u{2068}' => depth += 1,
            '\u{2069}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(text: &str) -> usize {
        segments(text).count
    }

    #[test]
    fn counts_equal_those_of_smpplib() {
        // smpplib.gsm.make_parts 2.2.4: 71 Persian letters = 2 parts, 134 = 2, 135 = 3; braces count two; an emoji two units.
        assert_eq!([70, 71, 134, 135].map(|n| count(&"س".repeat(n))), [1, 2, 2, 3]);
        assert_eq!([160, 161, 306, 307].map(|n| count(&"a".repeat(n))), [1, 2, 2, 3]);
        assert_eq!([80, 81].map(|n| count(&"€".repeat(n))), [1, 2]);
        assert_eq!([35, 36].map(|n| count(&"🌊".repeat(n))), [1, 2]);
        assert_eq!(count(""), 0);
    }

    #[test]
    fn one_letter_outside_the_alphabet_turns_the_whole_text() {
        assert_eq!(segments(&"a".repeat(100)).count, 1);
        assert_eq!(segments(&format!("{}س", "a".repeat(100))), Segments { coding: Coding::Ucs2, units: 101, count: 2 });
    }

    #[test]
    fn a_pair_is_never_cut() {
        // 66 letters and an emoji: the pair would straddle unit 67.
        let text = format!("{}🌊{}", "س".repeat(66), "س".repeat(10));
        assert_eq!(parts(&text)[0].chars().count(), 66);
        let text = format!("{}€{}", "a".repeat(152), "a".repeat(20));
        assert_eq!(parts(&text)[0].len(), 152);
    }

    proptest! {
        #[test]
        fn parts_joined_are_the_text_and_none_is_too_long(text in "[سa€🌊 {]{0,400}") {
            let coding = segments(&text).coding;
            prop_assert_eq!(parts(&text).concat(), text.clone());
            for part in parts(&text) {
                prop_assert!(units_in(part, coding) <= Segments::single(coding));
            }
        }

        #[test]
        fn no_part_ends_inside_a_letter_or_an_isolate(text in "([سی\u{200c}e\u{301}🌊👨‍👩 ]|\u{2068}[۰-۹a]{1,5}\u{2069}){60,300}") {
            let letters: Vec<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            let mut at = 0;
            for part in parts(&text) {
                // A run of joiners may be longer than a part; it is cut between characters.
                let long = part.graphemes(true).any(|letter| letter.encode_utf16().count() > 60);
                prop_assert!(long || letters.contains(&at), "{:?} begins inside a letter", part);
                prop_assert!(!isolate_is_open(part), "{:?} ends inside an isolate", part);
                at += part.len();
            }
        }

        #[test]
        fn a_shortened_text_fits_and_is_the_beginning(text in "([سی\u{200c}a🌊 ]|\u{2068}[۰-۹]{1,5}\u{2069}){0,60}", chars_max in 0_usize..80) {
            let short = shortened(&text, chars_max);
            prop_assert!(short.chars().count() <= chars_max);
            prop_assert!(!isolate_is_open(&short));
            let kept = short.trim_end_matches("...").trim_end_matches('…');
            prop_assert!(text.starts_with(kept));
            prop_assert_eq!(short == text, text.chars().count() <= chars_max);
        }
    }
}
