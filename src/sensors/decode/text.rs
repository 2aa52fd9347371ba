//! Numbers and times as texts: Latin, Persian and Arabic digits, decimal point or comma, epochs, local times.
//! Used by mappings and by the decoders of other systems' messages.
//! What could mean two things is refused: a separator of thousands, a local hour that a clock showed twice.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{json::short, tree::Node};

/// How a time is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TimeForm {
    /// With an offset or Z.
    Rfc3339,
    /// Units per second of a number since 1970.
    Epoch(i32),
    /// Without an offset, in this zone.
    Local(TimeZone),
}

/// A finite number of a text.
pub(super) fn number(text: &str, decimal_comma: bool) -> Result<f64, &'static str> {
    let mut digits = maps::latin_digits(text.trim()).replace('\u{2212}', "-");
    if decimal_comma && digits.contains(',') {
        if digits.contains('.') || digits.matches(',').count() > 1 {
            return Err("has more than one decimal separator");
        }
        digits = digits.replace(',', ".");
    }
    // Rust's parser also takes “inf” and “NaN”.
    if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return Err("is a text that is no number");
    }
    let number: f64 = digits.parse().map_err(|_| "is a text that is no number")?;
    if number.is_finite() { Ok(number) } else { Err("is not a finite number") }
}

/// A finite number of a JSON value.
pub(super) fn number_of(node: &Node, decimal_comma: bool) -> Result<f64, &'static str> {
    match node {
        Node::Number(number) if number.is_finite() => Ok(*number),
        Node::Number(_) => Err("is not a finite number"),
        Node::Text(text) => number(text, decimal_comma),
        Node::Null => Err("is null"),
        Node::Bool(_) => Err("is true or false, not a number"),
        Node::List(_) | Node::Object(_) => Err("is an object or a list, not a number"),
    }
}

/// An RFC 3339 time; digits may be Persian or Arabic.
pub(super) fn rfc3339(text: &str) -> Result<Timestamp, String> {
    let latin = maps::latin_digits(text.trim());
    latin.parse().map_err(|_| format!("is “{}”, not RFC 3339 with an offset", short(text)))
}

/// A time since 1970 in units of 1/`per_second` s.
pub(super) fn epoch(number: f64, per_second: i32) -> Result<Timestamp, String> {
    // A double counts microseconds exactly for 285 years, which is what the key of a reading holds.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and jiff refuses what is out of its range"
    )]
    let micros = (number * (1e6 / f64::from(per_second))).round() as i64;
    Timestamp::from_microsecond(micros)
        .map_err(|_| format!("is {number}, outside of all calendars: is it in another unit than 1/{per_second} s?"))
}

/// A local time in a zone. An hour that does not exist or that the clock showed twice is refused.
pub(super) fn local(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let latin = maps::latin_digits(text.trim());
    let civil: DateTime =
        latin.parse().map_err(|_| format!("is “{}”, not a local time like 2026-03-01T07:30:00", short(text)))?;
    zone.to_ambiguous_timestamp(civil).unambiguous().map_err(|_| {
        let name = zone.iana_name().unwrap_or("its zone");
        format!("is “{}”, which the clocks of {name} showed twice or not at all", short(text))
    })
}

impl TimeForm {
    /// The time that a JSON value says.
    pub(super) fn read(&self, node: &Node) -> Result<Timestamp, String> {
        match (self, node) {
            (Self::Rfc3339, Node::Text(text)) => rfc3339(text),
            (Self::Local(zone), Node::Text(text)) => local(text, zone),
            (Self::Epoch(per_second), Node::Number(_) | Node::Text(_)) => epoch(number_of(node, false)?, *per_second),
            (Self::Rfc3339 | Self::Local(_), Node::Number(_))
            | (_, Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_)) => {
                Err(format!("is {}, not a time", node.kind()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn numbers_of_every_alphabet_and_nothing_that_could_be_two() {
        for (text, comma, wanted) in [
            ("1.284", false, 1.284),
            (" ۱٫۲۸۴ ", false, 1.284),
            ("١٫٢٨٤", false, 1.284),
            ("1,284", true, 1.284),
            ("-۴٫۵", true, -4.5),
            ("\u{2212}4.5", true, -4.5),
            ("1e-3", false, 0.001),
        ] {
            assert_eq!(number(text, comma), Ok(wanted), "{text}");
        }
        for (text, comma) in [
            ("1,284", false),
            ("1.284,5", true),
            ("1,2,3", true),
            ("NaN", false),
            ("inf", false),
            ("infinity", false),
            ("", false),
            ("1 284", false),
            ("۱٬۲۸۴", false),
            ("0x10", false),
            ("1e999", false),
            ("-", false),
        ] {
            assert!(number(text, comma).is_err(), "{text}");
        }
    }

    #[test]
    fn a_local_time_has_one_meaning_or_is_refused() {
        let tehran = zone("Asia/Tehran");
        assert_eq!(local("2026-03-01T07:30:00", &tehran), Ok(at("2026-03-01T04:00:00Z")));
        assert_eq!(local("۲۰۲۶-۰۳-۰۱ ۰۷:۳۰:۰۰", &tehran), Ok(at("2026-03-01T04:00:00Z")));
        // Iran has had no summer time since 2022 (tzdata 2022b); before, its clocks jumped.
        assert_eq!(local("2026-07-01T12:00:00", &tehran), Ok(at("2026-07-01T08:30:00Z")));
        assert_eq!(local("2021-07-01T12:00:00", &tehran), Ok(at("2021-07-01T07:30:00Z")));
        let berlin = zone("Europe/Berlin");
        for text in ["2026-10-25T02:30:00", "2026-03-29T02:30:00", "yesterday", "2026-02-30T00:00:00"] {
            assert!(local(text, &berlin).is_err(), "{text}");
        }
    }

    #[test]
    fn an_epoch_counts_in_its_unit() {
        let wanted = at("2026-03-01T04:00:00.25Z");
        for (number, per_second) in
            [(1_772_337_600.25, 1), (1_772_337_600_250.0, 1_000), (1_772_337_600_250_000.0, 1_000_000)]
        {
            assert_eq!(epoch(number, per_second), Ok(wanted));
        }
        let wrong = epoch(1_772_337_600_250.0, 1).expect_err("milliseconds are no seconds");
        assert!(wrong.contains("another unit"), "{wrong}");
        assert!(epoch(1e300, 1_000).is_err());
        let text = Node::Text("۱۷۷۲۳۳۷۶۰۰".into());
        assert_eq!(TimeForm::Epoch(1).read(&text), Ok(at("2026-03-01T04:00:00Z")));
        assert!(TimeForm::Rfc3339.read(&Node::Number(1.0)).is_err());
    }

    proptest! {
        #[test]
        fn persian_and_arabic_digits_mean_the_same(value in -1e6_f64..1e6) {
            let text = format!("{value:.3}");
            for zero in ['۰', '٠'] {
                let other: String = text
                    .chars()
                    .map(|letter| match letter {
                        '.' => '٫',
                        _ => letter.to_digit(10).and_then(|digit| char::from_u32(u32::from(zero) + digit)).unwrap_or(letter),
                    })
                    .collect();
                prop_assert_eq!(number(&other, false), number(&text, false));
            }
            prop_assert_eq!(number(&text.replace('.', ","), true), number(&text, false));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), comma in any::<bool>()) {
            let _ = number(&text, comma);
            let _ = rfc3339(&text);
            let _ = local(&text, &TimeZone::UTC);
        }
    }
}
