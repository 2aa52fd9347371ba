//! Folds Persian, Arabic and Latin text to one spelling for search, and reads digits of three alphabets.
//! Called by the gazetteer, and by the service wherever a person's text is compared or a number is read from it.
//! Folding is idempotent, never fails, and is for comparing only: what people see stays as they wrote it.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Text for people: BCP 47 language tag to string; `fa` and `en` are the house's two.
pub type Texts = BTreeMap<String, String>;

/// The text in `language`, else in Persian, else in English, else in whatever language there is; empty when there is none.
pub fn text_in<'a>(texts: &'a Texts, language: &str) -> &'a str {
    texts
        .get(language)
        .or_else(|| texts.get("fa"))
        .or_else(|| texts.get("en"))
        .or_else(|| texts.values().next())
        .map_or("", String::as_str)
}

/// Search form of a text: what two spellings of one name have in common.
///
/// Compatibility decomposition (NFKD) undoes presentation forms; marks, hamza carriers and kashida go; Arabic ي ى ك ة become
/// Persian ی ک ه; the zero-width non-joiner and its lookalikes, punctuation and runs of space become one space; digits of all
/// alphabets become ASCII; Latin letters become lower case. O(n). Idempotent: `fold(fold(t)) == fold(t)`.
///
/// ```
/// assert_eq!(maps::fold("عباس‌آباد"), maps::fold("عباس اباد"));
/// assert_eq!(maps::fold("كوي اعتماديّه، ۱۲"), "کوی اعتمادیه 12");
/// ```
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for raw in text.nfkd() {
        if is_combining_mark(raw) {
            continue;
        }
        for letter in raw.to_lowercase() {
            match fold_letter(letter) {
                Folded::Drop => {}
                Folded::Letter(letter) => folded.push(letter),
                Folded::Space => {
                    if !folded.is_empty() && !folded.ends_with(' ') {
                        folded.push(' ');
                    }
                }
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

enum Folded {
    Letter(char),
    Space,
    Drop,
}

fn fold_letter(letter: char) -> Folded {
    match letter {
        // NFKD has already taken the hamza off أ إ آ ؤ ئ ۀ; the carriers remain.
        'ي' | 'ى' | 'ے' | 'ې' | 'ۍ' => Folded::Letter('ی'),
        'ك' | 'ڪ' => Folded::Letter('ک'),
        'ة' | 'ە' | 'ہ' | 'ھ' | 'ۃ' => Folded::Letter('ه'),
        'ٱ' => Folded::Letter('ا'),
        // A lone hamza, kashida, direction marks, soft hyphen and variation selectors carry no sound.
        'ء'
        | 'ـ'
        | '\u{00AD}'
        | '\u{200D}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}'
        | '\u{FEFF}' => Folded::Drop,
        digit if digit_value(digit).is_some() => {
            Folded::Letter(digit_value(digit).expect("the guard has just found a digit"))
        }
        other if is_combining_mark(other) => Folded::Drop,
        other if other.is_alphanumeric() => Folded::Letter(other),
        // Space, punctuation, ZWNJ and its lookalikes U+00AC, U+200B, U+00A0.
        _ => Folded::Space,
    }
}

/// Persian (۰–۹) and Arabic-Indic (٠–٩) digits as ASCII digits, and the Arabic decimal separator `٫` as a point; the rest unchanged.
///
/// ```
/// assert_eq!(maps::latin_digits("سطح آب ۱٫۹۳ متر"), "سطح آب 1.93 متر");
/// ```
pub fn latin_digits(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\u{066B}' => '.',
            other => digit_value(other).unwrap_or(other),
        })
        .collect()
}

/// The ASCII digit for a digit of one of the three alphabets.
fn digit_value(letter: char) -> Option<char> {
    let zero = match letter {
        '0'..='9' => '0',
        '\u{06F0}'..='\u{06F9}' => '\u{06F0}',
        '\u{0660}'..='\u{0669}' => '\u{0660}',
        _ => return None,
    };
    char::from_digit(u32::from(letter) - u32::from(zero), 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_keyboards_write_one_name() {
        assert_eq!(fold("كبابيان"), fold("کبابیان"));
        assert_eq!(fold("میدانِ امـام"), fold("ميدان امام"));
        assert_eq!(fold("مراد‌بیگ"), "مراد بیگ");
        assert_eq!(fold("مراد\u{00AC}بیگ"), "مراد بیگ");
        assert_eq!(fold("أمید، مؤمن؛ رئیس"), "امید مومن رییس");
        assert_eq!(fold("مدرسة"), "مدرسه");
        assert_eq!(fold("ﻫﻤﺪﺍﻥ"), "همدان", "presentation forms");
        assert_eq!(fold("  Bu-Ali  Sina "), "bu ali sina");
        assert_eq!(fold("École"), "ecole");
        assert_eq!(fold("…"), "");
    }

    #[test]
    fn digits_of_three_alphabets_are_read() {
        assert_eq!(latin_digits("۰۱۲۳۴۵۶۷۸۹ ٠١٢٣٤٥٦٧٨٩ 0"), "0123456789 0123456789 0");
        assert_eq!(fold("۱۳۷"), "137");
    }

    #[test]
    fn a_text_falls_back_to_persian_then_english() {
        let texts = Texts::from([("fa".into(), "پل".into()), ("en".into(), "bridge".into())]);
        assert_eq!(text_in(&texts, "en"), "bridge");
        assert_eq!(text_in(&texts, "ckb"), "پل");
        assert_eq!(text_in(&Texts::new(), "fa"), "");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,40}|[\\u{0600}-\\u{06FF}\\u{FB50}-\\u{FEFF} \\u{200b}-\\u{200f}]{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
