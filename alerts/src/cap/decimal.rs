//! Reads and writes CAP's decimal numbers exactly and fast.
//! Called by `geometry` for positions, radii and heights; a large alert has tens of thousands of them.
//! Whatever the short way can't do exactly goes the long way of the standard library; both give the same values and texts.

use std::fmt::Write as _;

/// Powers of ten that a double holds exactly (10^22 is the last).
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Fifteen digits are always below 2^53, so that a double holds them exactly.
const DIGITS_MAX: usize = 15;
/// Decimals that the short way of writing tries: a millionth of a degree is eleven centimetres, and one more.
const DECIMALS_MAX: usize = 7;

/// A decimal at the start of `bytes` (`xs:decimal`: no exponent, no infinity) and how many bytes it takes.
pub(super) fn read(bytes: &[u8]) -> Option<(f64, usize)> {
    let (negative, first) = match bytes.first() {
        Some(b'-') => (true, 1),
        Some(b'+') => (false, 1),
        _ => (false, 0),
    };
    let mut whole: u64 = 0;
    let mut at = first;
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let mut digits = at - first;
    let mut decimals = 0;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let from = at;
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        decimals = at - from;
        digits += decimals;
    }
    if digits == 0 {
        return None;
    }
    let number = if digits <= DIGITS_MAX {
        // Both are exact, so the one rounding of the division gives the nearest double (Clinger 1990, doi:10.1145/93542.93557).
        let number = whole as f64 / POWERS[decimals];
        if negative { -number } else { number }
    } else {
        std::str::from_utf8(&bytes[..at]).ok()?.parse().ok()?
    };
    number.is_finite().then_some((number, at))
}

/// A text that is one decimal and nothing else.
pub(super) fn parse(text: &str) -> Option<f64> {
    read(text.as_bytes()).filter(|(_, length)| *length == text.len()).map(|(number, _)| number)
}

/// Appends the shortest decimal that reads back as the same number: what `Display` writes.
pub(super) fn write(into: &mut String, number: f64) {
    let scaled = (number.abs() * POWERS[DECIMALS_MAX]).round();
    // Below 10^15 no two decimals of so many digits are the same double: one that reads back is the shortest, but for zeros.
    #[expect(clippy::float_cmp, reason = "only the very same double may be written the short way")]
    let reads_back = scaled / POWERS[DECIMALS_MAX] == number.abs();
    if number == 0.0 || scaled >= 1e15 || !reads_back {
        let _ = write!(into, "{number}");
        return;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, not negative and below 10^15")]
    let mut rest = scaled as u64;
    let mut digits = [b'0'; 24];
    let mut at = digits.len();
    let mut left = DECIMALS_MAX;
    while left > 0 && rest.is_multiple_of(10) {
        rest /= 10;
        left -= 1;
    }
    for _ in 0..left {
        at -= 1;
        digits[at] = digit(rest);
        rest /= 10;
    }
    if left > 0 {
        at -= 1;
        digits[at] = b'.';
    }
    loop {
        at -= 1;
        digits[at] = digit(rest);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0.0 {
        at -= 1;
        digits[at] = b'-';
    }
    into.push_str(std::str::from_utf8(&digits[at..]).expect("digits, a point and a sign are ASCII"));
}

/// The last digit of a number.
const fn digit(number: u64) -> u8 {
    b"0123456789"[(number % 10) as usize]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(number: f64) -> String {
        let mut text = String::new();
        write(&mut text, number);
        text
    }

    #[test]
    fn only_decimals_are_read() {
        for (text, number) in
            [("34.8", 34.8), ("+5.", 5.0), ("-.5", -0.5), ("007", 7.0), ("0.1000000000000000055511", 0.1)]
        {
            assert_eq!(parse(text), Some(number), "{text}");
        }
        for text in ["", "-", ".", "1e3", "NaN", "inf", "1.2.3", " 1", "1 ", "--1", "۱"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"9".repeat(400)), None, "no double holds it");
        assert_eq!(read(b"48.51,34.8"), Some((48.51, 5)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_decimal_is_read_as_the_standard_library_reads_it(text in "[-+]?[0-9]{1,12}(\\.[0-9]{0,20})?") {
            prop_assert_eq!(parse(&text), text.parse().ok());
        }

        #[test]
        fn a_number_is_written_as_the_standard_library_writes_it(number in prop_oneof![
            -180.0..180.0_f64,
            (-1_800_000_000_i32..1_800_000_000).prop_map(|millionths| f64::from(millionths) / 1e7),
            (-180_000_i32..180_000, 0_i32..7).prop_map(|(digits, places)| f64::from(digits) / 10_f64.powi(places)),
            (-180_000_i32..180_000).prop_map(|digits| f64::from(digits) * 1e-9),
            any::<f64>().prop_filter("finite", |number| number.is_finite()),
        ]) {
            prop_assert_eq!(written(number), number.to_string());
        }
    }
}
