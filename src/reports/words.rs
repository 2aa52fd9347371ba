//! Reads what it can from a person's words: what threatens, and how deep it is.
//! Called by `receive` when the sender did not say it in fields of their own.
//! A guess comes from the tables below and from nothing else; words that are not there give none.

use alerts::Hazard;
use maps::{fold, latin_digits};

/// Words that name a hazard. Compared on folded text, at the beginning of a word, so that سیلاب and سیلابی are both سیل.
/// The first hazard with a word in the text is taken: a flood of meltwater is a flood.
const HAZARD_WORDS: [(Hazard, &[&str]); 3] = [
    (
        Hazard::Flood,
        &[
            "سیل",
            "طغیان",
            "ابگرفت",
            "اب گرفت",
            "اب امد",
            "اب بالا",
            "اب زد",
            "رودخانه",
            "flood",
            "overflow",
            "inundat",
            "river",
        ],
    ),
    (Hazard::Snow, &["برف", "کولاک", "بهمن", "snow", "blizzard", "avalanche"]),
    (Hazard::Ice, &["یخ", "ice", "icy", "frost", "freez", "frozen"]),
];

/// Words that mean water when nothing more exact was said. Compared as whole words: آبی (blue) is not water.
const WATER_WORDS: [&str; 4] = ["اب", "water", "باران", "rain"];

/// Depths that people measure on their bodies, in centimetres: the middle of the band that the word names on an adult.
/// Source: the anchors of the “ankle, knee, waist, chest” scale in use for crowd-sourced flood reports (adult of 1.70 m).
const BODY_DEPTHS_CM: [(&[&str], f64); 7] = [
    (&["مچ", "قوزک", "ankle"], 10.0),
    (&["ساق", "calf", "shin"], 30.0),
    (&["زانو", "knee"], 50.0),
    (&["ران", "thigh"], 75.0),
    (&["کمر", "waist", "hip"], 100.0),
    (&["سینه", "chest"], 130.0),
    (&["گردن", "neck"], 150.0),
];

/// Units of depth, in centimetres. Compared as whole words after a number; “سانت”, “سانتی”, “سانتیمتر” are all in use.
const UNITS_CM: [(&[&str], f64); 4] = [
    (&["cm", "سانت", "سانتی", "سانتیمتر", "سانتی متر", "centimetre", "centimetres", "centimeter", "centimeters"], 1.0),
    (&["mm", "میلیمتر", "میلی متر", "millimetre", "millimetres"], 0.1),
    (&["m", "متر", "metre", "metres", "meter", "meters"], 100.0),
    (&["inch", "inches", "اینچ"], 2.54),
];

/// Nothing deeper is believed, centimetres.
const DEPTH_CM_MAX: f64 = 1_000.0;

/// What threatens, by the words. O(words).
///
/// ```
/// use hamyar::reports::guess_hazard;
/// assert_eq!(guess_hazard("سیلاب به خیابان ما آمده"), Some(alerts::Hazard::Flood));
/// assert_eq!(guess_hazard("پیراهن آبی گم شده"), None);
/// ```
pub fn guess_hazard(text: &str) -> Option<Hazard> {
    let folded = format!(" {}", fold(text));
    let named = HAZARD_WORDS
        .iter()
        .find(|(_, words)| words.iter().any(|word| folded.contains(&format!(" {}", fold(word)))))
        .map(|(hazard, _)| *hazard);
    named.or_else(|| {
        let water = folded.split(' ').any(|word| WATER_WORDS.contains(&word));
        water.then_some(Hazard::Flood)
    })
}

/// How deep, in centimetres, by the words: a number with a unit, else a part of the body. O(words).
///
/// ```
/// use hamyar::reports::guess_depth_cm;
/// assert_eq!(guess_depth_cm("۴۰ سانت آب در کوچه است"), Some(40.0));
/// assert_eq!(guess_depth_cm("آب تا زانو رسیده"), Some(50.0));
/// ```
pub fn guess_depth_cm(text: &str) -> Option<f64> {
    let text = latin_digits(text).to_lowercase();
    depth_with_unit(&text).or_else(|| {
        let folded = fold(&text);
        let words: Vec<_> = folded.split(' ').collect();
        BODY_DEPTHS_CM
            .iter()
            // “زانوی”, “knees”: the bare word, or with one letter more.
            .find(|(names, _)| {
                words.iter().any(|word| {
                    names.iter().any(|name| {
                        word.strip_prefix(name).is_some_and(|rest| rest.chars().count() <= 1 && !rest.contains('ن'))
                    })
                })
            })
            .map(|(_, depth_cm)| *depth_cm)
    })
}

fn depth_with_unit(text: &str) -> Option<f64> {
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let tail = &rest[start..];
        let end = tail
            .find(|letter: char| !(letter.is_ascii_digit() || matches!(letter, '.' | '/' | '٫')))
            .unwrap_or(tail.len());
        // “1/5 متر” is how one and a half is often written.
        let number: Option<f64> = tail[..end].trim_end_matches(['.', '/']).replace(['/', '٫'], ".").parse().ok();
        let after = fold(&tail[end..]);
        let depth_cm = number.and_then(|number| unit_cm(&after).map(|unit| number * unit));
        if let Some(depth_cm) = depth_cm.filter(|depth_cm| (0.0..=DEPTH_CM_MAX).contains(depth_cm)) {
            return Some(depth_cm);
        }
        rest = &tail[end..];
    }
    None
}

fn unit_cm(after: &str) -> Option<f64> {
    UNITS_CM
        .iter()
        .find(|(names, _)| {
            names
                .iter()
                .any(|name| after.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
        })
        .map(|(_, cm)| *cm)
}

/// A text as it is kept: control and direction characters gone (they could hide or reorder words), line ends and tabs kept as
/// spaces, trimmed. The zero-width non-joiner stays: Persian needs it.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => clean.push(' '),
            '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {}
            other if other.is_control() => {}
            other => clean.push(other),
        }
    }
    clean.trim().to_owned()
}

/// The first `chars_max` characters, and whether something was cut.
pub(super) fn cut(text: String, chars_max: usize) -> (String, bool) {
    match text.char_indices().nth(chars_max) {
        None => (text, false),
        Some((at, _)) => (text[..at].to_owned(), true),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hazards_are_read_from_words_of_two_languages() {
        for (text, hazard) in [
            ("سيلاب در خيابان", Some(Hazard::Flood)),
            ("آب‌گرفتگی زیرگذر", Some(Hazard::Flood)),
            ("کوچه پر از آب است", Some(Hazard::Flood)),
            ("There is water in our cellar", Some(Hazard::Flood)),
            ("برف سنگین در گنجنامه", Some(Hazard::Snow)),
            ("Heavy SNOW on the pass", Some(Hazard::Snow)),
            ("خیابان یخ زده", Some(Hazard::Ice)),
            ("یخبندان", Some(Hazard::Ice)),
            ("the road is icy", Some(Hazard::Ice)),
            ("سگ گم شده", None),
            ("در شرکت برق کار می‌کنم", None),
            ("", None),
        ] {
            assert_eq!(guess_hazard(text), hazard, "{text}");
        }
    }

    #[test]
    fn depths_are_read_as_people_say_them() {
        for (text, depth_cm) in [
            ("۴۰ سانت", Some(40.0)),
            ("٤٠ سانتی‌متر", Some(40.0)),
            ("40 cm of water", Some(40.0)),
            ("40cm", Some(40.0)),
            ("حدود ۱٫۵ متر", Some(150.0)),
            ("1/5 متر", Some(150.0)),
            ("یک ماشین و ۲ نفر، آب ۳۰ سانتی متر", Some(30.0)),
            ("تا زانو", Some(50.0)),
            ("knee deep", Some(50.0)),
            ("آب تا کمر", Some(100.0)),
            ("پلاک ۴۰", None),
            ("5000 متر دورتر", None),
            ("رانندگان گیر کرده‌اند", None),
            ("", None),
        ] {
            assert_eq!(guess_depth_cm(text), depth_cm, "{text}");
        }
    }

    #[test]
    fn a_kept_text_hides_nothing() {
        assert_eq!(clean("  سیل\u{202e}\r\nدر\u{0} می\u{200c}دان\t"), "سیل  در می\u{200c}دان");
        assert_eq!(cut("سیل آمد".into(), 3), ("سیل".into(), true));
        assert_eq!(cut("سیل".into(), 3), ("سیل".into(), false));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in any::<String>()) {
            let _ = guess_hazard(&text);
            prop_assert!(guess_depth_cm(&text).is_none_or(|depth| (0.0..=DEPTH_CM_MAX).contains(&depth)));
            prop_assert!(!clean(&text).contains(char::is_control));
        }
    }
}
