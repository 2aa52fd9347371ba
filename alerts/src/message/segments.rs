//! Counts text messages exactly and cuts them where telephones allow it.
//! Called through `message` by everything that has to know what a text costs.
//! No cut falls inside a surrogate pair or an escape sequence.

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
/// ```
/// use alerts::message::{segments, Coding};
/// assert_eq!(segments("سیل!").coding, Coding::Ucs2);
/// assert_eq!(segments(&"س".repeat(70)).count, 1);
/// assert_eq!(segments(&"س".repeat(71)).count, 2);
/// ```
pub fn segments(text: &str) -> Segments {
    let coding = coding_of(text);
    let units: usize = text.chars().map(|c| units_of(c, coding)).sum();
    Segments { coding, units, count: parts(text).len() }
}

/// The parts in which a text is sent; joined they are the text. An empty text has none.
pub fn parts(text: &str) -> Vec<&str> {
    let coding = coding_of(text);
    let units: usize = text.chars().map(|c| units_of(c, coding)).sum();
    if units == 0 {
        return Vec::new();
    }
    if units <= Segments::single(coding) {
        return vec![text];
    }
    let mut parts = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (at, c) in text.char_indices() {
        let units = units_of(c, coding);
        if used + units > Segments::part(coding) {
            parts.push(&text[start..at]);
            (start, used) = (at, 0);
        }
        used += units;
    }
    parts.push(&text[start..]);
    parts
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
                let units: usize = part.chars().map(|c| units_of(c, coding)).sum();
                prop_assert!(units <= Segments::single(coding));
            }
        }
    }
}
