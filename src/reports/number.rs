//! The number that a person is told on the telephone: digits, of which the last checks the others.
//! Drawn by `receive`, read back by `follow` and by the desk.
//! One wrong digit, or two neighbours swapped, never gives another valid number.

use crate::id::Ids;

/// Digits of a number, the check digit included, as long as there are numbers left.
const DIGITS_MIN: u32 = 7;

/// The quasigroup of Damm's check digit: totally anti-symmetric, of order 10.
/// Source: H. Michael Damm, “Total anti-symmetrische Quasigruppen”, doctoral thesis, Marburg 2004, p. 111.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

/// A report's number: checked, without leading zero, so that it survives spreadsheets and hearing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Draws one. `tries` is how many were already taken: after some, numbers get longer, so that drawing always ends.
    pub fn draw(ids: &Ids, tries: u32) -> Self {
        let digits = DIGITS_MIN - 1 + tries / 8;
        let least = 10_u64.pow(digits.min(17) - 1);
        Self::with_check_digit(&(least + ids.below(9 * least)).to_string())
    }

    fn with_check_digit(digits: &str) -> Self {
        Self(format!("{digits}{}", interim(digits)))
    }

    /// Reads what a person typed or said: digits of three alphabets, spaces and dashes. `None` when it can't be one of ours.
    pub fn read(text: &str) -> Option<Self> {
        let digits: String =
            maps::latin_digits(text).chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
        let ok = (DIGITS_MIN as usize..=18).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && interim(&digits) == 0;
        ok.then_some(Self(digits))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In Persian digits, for Persian texts.
    pub fn in_persian(&self) -> String {
        self.0
            .bytes()
            .map(|byte| char::from_u32(0x06F0 + u32::from(byte - b'0')).expect("ten Persian digits follow U+06F0"))
            .collect()
    }
}

/// Damm's interim digit; 0 after a right check digit. Wants ASCII digits.
fn interim(digits: &str) -> u8 {
    digits.bytes().fold(0, |interim, byte| DAMM[usize::from(interim)][usize::from(byte - b'0')])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Number> {
        let ids = Ids::seeded(137);
        (0..300).map(|tries| Number::draw(&ids, tries / 10)).collect()
    }

    #[test]
    fn the_published_example_checks() {
        // Damm's example: 572 has the check digit 4.
        assert_eq!(interim("572"), 4);
        assert_eq!(interim("5724"), 0);
    }

    #[test]
    fn every_single_wrong_digit_is_found() {
        for number in some() {
            for at in 0..number.0.len() {
                for digit in b'0'..=b'9' {
                    let mut wrong = number.0.clone().into_bytes();
                    if wrong[at] == digit {
                        continue;
                    }
                    wrong[at] = digit;
                    let wrong = String::from_utf8(wrong).unwrap();
                    assert_eq!(Number::read(&wrong), None, "{} read as {wrong}", number.0);
                }
            }
        }
    }

    #[test]
    fn every_swap_of_neighbours_is_found() {
        for number in some() {
            for at in 1..number.0.len() {
                let mut wrong = number.0.clone().into_bytes();
                wrong.swap(at - 1, at);
                let wrong = String::from_utf8(wrong).unwrap();
                if wrong != number.0 {
                    assert_eq!(Number::read(&wrong), None, "{} read as {wrong}", number.0);
                }
            }
        }
    }

    #[test]
    fn a_number_is_read_as_people_write_it() {
        let number = Number::draw(&Ids::seeded(1), 0);
        assert_eq!(number.as_str().len(), 7);
        assert!(!number.as_str().starts_with('0'));
        assert_eq!(Number::read(&format!(" {}-{} ", &number.0[..3], &number.0[3..])), Some(number.clone()));
        assert_eq!(Number::read(&number.in_persian()), Some(number));
        for text in ["", "12", "abcdefg", "00000000000000000000000"] {
            assert_eq!(Number::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_grow_when_the_short_ones_are_taken() {
        assert_eq!(Number::draw(&Ids::seeded(1), 8).as_str().len(), 8);
        assert!(Number::read(Number::draw(&Ids::seeded(1), 1_000).as_str()).is_some());
    }
}
