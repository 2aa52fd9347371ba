//! Codes of ours from what others call their features.
//! Called by `mapping` and by the readers of OpenStreetMap.
//! The same name always gives the same code, in this import and in the next.

use ring::digest::{SHA256, digest};

use crate::{CODE_LENGTH_MAX, latin_digits};

/// Hexadecimal digits of the digest that tells apart what letters can't.
const MARK_DIGITS: usize = 8;

/// A code from any text.
///
/// Letters become small, digits Latin, runs of everything else one “-”. Where that loses something that tells two names apart (letters
/// of another script, too many of them), eight digits of the text's SHA-256 follow.
pub fn code(text: &str) -> String {
    let text = text.trim();
    let mut plain = String::with_capacity(text.len().min(CODE_LENGTH_MAX));
    let mut lost = false;
    for letter in latin_digits(text).chars() {
        let small = letter.to_ascii_lowercase();
        if small.is_ascii_lowercase() || small.is_ascii_digit() {
            plain.push(small);
        } else {
            lost |= !letter.is_ascii() || !matches!(letter, '-' | '_' | ' ' | '/' | '.' | ':');
            if !plain.ends_with('-') && !plain.is_empty() {
                plain.push('-');
            }
        }
    }
    let plain = plain.trim_end_matches('-');
    if !lost && !plain.is_empty() && plain.len() <= CODE_LENGTH_MAX {
        return plain.to_owned();
    }
    let kept = &plain[..plain.len().min(CODE_LENGTH_MAX - MARK_DIGITS - 1)];
    let kept = kept.trim_end_matches('-');
    if kept.is_empty() { format!("x{}", mark(text)) } else { format!("{kept}-{}", mark(text)) }
}

/// Eight hexadecimal digits of a text's digest.
pub(crate) fn mark(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(MARK_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ZoneCode;

    #[test]
    fn a_code_is_what_it_was_or_says_whose_it_is() {
        for (text, wanted) in
            [("julan", "julan"), ("Julan East", "julan-east"), ("w123", "w123"), ("۱۲", "12"), ("  a_b ", "a-b")]
        {
            assert_eq!(code(text), wanted);
        }
        assert!(code("منطقه ۱").starts_with("1-") && code("منطقه ۱") != code("ناحیه ۱"));
        assert_eq!(code("جولان"), code("جولان"));
    }

    proptest! {
        #[test]
        fn whatever_it_is_called_the_code_is_a_code(text in "\\PC{0,90}|[a-zا-ی -]{0,90}") {
            prop_assert!(ZoneCode::new(code(&text)).is_ok());
            prop_assert_eq!(code(&code(&text)), code(&text));
        }
    }
}
