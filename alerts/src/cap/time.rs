//! Holds a CAP date and time exactly as it is written, with its own offset text.
//! Used for `sent`, `effective`, `onset`, `expires` and inside references.
//! The text never has a fraction or `Z`, and is repeated letter by letter, because references match by text.

use std::fmt;
use std::str::FromStr;

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

/// A CAP time such as `2026-03-21T04:00:00+03:30`; UTC is written `-00:00`.
///
/// Two values are equal when their text is; compare moments with [`CapTime::timestamp`].
/// Source: CAP 1.2 §3.2.1 `sent`, §3.3.2, and the schema's pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CapTime {
    text: String,
    at: Timestamp,
}

/// Why a text is no CAP time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{text}” is not a CAP time: {why}; write it like 2026-03-21T04:00:00+03:30, UTC as -00:00")]
pub struct CapTimeFault {
    /// What was read, at most 60 characters of it.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl CapTime {
    /// Writes a moment in a zone: whole seconds (cut), whole minutes of offset (historic offsets with seconds are cut).
    ///
    /// Moments outside the years 1 to 9999 are moved to the nearest end, since four digits cannot say them.
    pub fn from_timestamp(at: Timestamp, zone: &TimeZone) -> Self {
        const MINUTES_MAX: i32 = 14 * 60; // XML schema 1.0 part 2 §3.2.7.3
        let seconds = at.as_second().clamp(FIRST_SECOND + 86_400, LAST_SECOND - 86_400);
        let at = Timestamp::from_second(seconds).expect("clamped to years that jiff knows");
        let minutes = (zone.to_offset(at).seconds() / 60).clamp(-MINUTES_MAX, MINUTES_MAX);
        let offset = Offset::from_seconds(minutes * 60).expect("at most 14 hours");
        let local = offset.to_datetime(at);
        let sign = if minutes > 0 { '+' } else { '-' };
        let minutes = minutes.unsigned_abs();
        let text = format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second(),
            minutes / 60,
            minutes % 60
        );
        Self { text, at }
    }

    /// Reads the strict form: `YYYY-MM-DDThh:mm:ss±hh:mm`, no fraction, no `Z`. Midnight is `00:00:00`; the `24:00:00` that the
    /// schema allows as well is mended by [`crate::xml::read`], so that each moment has one text.
    pub fn parse(text: &str) -> Result<Self, CapTimeFault> {
        let fault = |why| CapTimeFault { text: text.chars().take(60).collect(), why };
        let bytes = text.as_bytes();
        if bytes.len() != 25 || !text.is_ascii() {
            return Err(fault("it must have exactly 25 characters, without a fraction and with an offset"));
        }
        for (place, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (22, b':')] {
            if bytes[place] != mark {
                return Err(fault("date, time and offset are not separated as they should be"));
            }
        }
        let negative = match bytes[19] {
            b'+' => false,
            b'-' => true,
            _ => return Err(fault("the offset must begin with + or -")),
        };
        let number = |from: usize, to: usize| -> Option<i16> {
            bytes[from..to]
                .iter()
                .try_fold(0_i16, |sum, &byte| byte.is_ascii_digit().then(|| sum * 10 + i16::from(byte - b'0')))
        };
        let small = |from| number(from, from + 2).and_then(|n| i8::try_from(n).ok());
        let (
            Some(year),
            Some(month),
            Some(day),
            Some(hour),
            Some(minute),
            Some(second),
            Some(offset_hours),
            Some(offset_minutes),
        ) = (number(0, 4), small(5), small(8), small(11), small(14), small(17), small(20), small(23))
        else {
            return Err(fault("only digits may stand between the separators"));
        };
        if year == 0 {
            return Err(fault("there is no year 0000"));
        }
        if second > 59 || hour > 23 {
            return Err(fault("the time of day does not exist"));
        }
        let offset_minutes_all = i32::from(offset_hours) * 60 + i32::from(offset_minutes);
        if offset_minutes > 59 || offset_minutes_all > 14 * 60 {
            return Err(fault("the offset is larger than 14:00"));
        }
        let local = civil::DateTime::new(year, month, day, hour, minute, second, 0)
            .map_err(|_| fault("the day or the time of day does not exist"))?;
        let offset = Offset::from_seconds(if negative { -offset_minutes_all * 60 } else { offset_minutes_all * 60 })
            .map_err(|_| fault("the offset is too large"))?;
        let at = offset.to_timestamp(local).map_err(|_| fault("the moment is out of range"))?;
        Ok(Self { text: text.to_owned(), at })
    }

    /// The text, as it stands in the document.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The moment it names.
    pub const fn timestamp(&self) -> Timestamp {
        self.at
    }

    /// Whether UTC is written `+00:00`, which CAP wants as `-00:00`.
    pub fn writes_utc_wrongly(&self) -> bool {
        self.text.ends_with("+00:00")
    }
}

/// 0001-01-01T00:00:00Z, in seconds of the epoch.
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-30T22:00:00Z: jiff's last second.
const LAST_SECOND: i64 = 253_402_207_200;

impl fmt::Display for CapTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for CapTime {
    type Err = CapTimeFault;

    fn from_str(text: &str) -> Result<Self, CapTimeFault> {
        Self::parse(text)
    }
}

impl TryFrom<String> for CapTime {
    type Error = CapTimeFault;

    fn try_from(text: String) -> Result<Self, CapTimeFault> {
        Self::parse(&text)
    }
}

impl From<CapTime> for String {
    fn from(time: CapTime) -> Self {
        time.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_with_the_zone_s_own_offset_and_never_z() {
        let at: Timestamp = "2026-03-21T00:30:00.987Z".parse().unwrap();
        let tehran = TimeZone::get("Asia/Tehran").unwrap();
        assert_eq!(CapTime::from_timestamp(at, &tehran).as_str(), "2026-03-21T04:00:00+03:30");
        assert_eq!(CapTime::from_timestamp(at, &TimeZone::UTC).as_str(), "2026-03-21T00:30:00-00:00");
        let new_york = TimeZone::get("America/New_York").unwrap();
        assert_eq!(CapTime::from_timestamp(at, &new_york).as_str(), "2026-03-20T20:30:00-04:00");
    }

    #[test]
    fn every_moment_that_jiff_knows_can_be_written_and_read() {
        for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH, "1900-01-01T00:00:00Z".parse().unwrap()] {
            for zone in ["Asia/Tehran", "UTC", "Pacific/Kiritimati", "America/Anchorage"] {
                let time = CapTime::from_timestamp(at, &TimeZone::get(zone).unwrap());
                assert_eq!(CapTime::parse(time.as_str()).unwrap(), time, "{at} in {zone}");
            }
        }
    }

    #[test]
    fn what_is_not_the_strict_form_is_refused() {
        for text in [
            "2026-03-21T00:30:00Z",
            "2026-03-21T00:30:00.000-00:00",
            "2026-03-21T00:30:00",
            "2026-02-30T00:30:00+03:30",
            "2026-03-21T24:00:00+03:30",
            "2026-03-21T00:30:60+03:30",
            "2026-03-21T00:30:00,03:30",
            "2026-03-21T00:30:00+14:30",
            "0000-03-21T00:30:00+03:30",
            "2026-03-21T00:30:00+0۳:30",
            "",
        ] {
            assert!(CapTime::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_offset_text_is_kept_because_references_repeat_it() {
        let plus = CapTime::parse("2026-03-21T00:30:00+00:00").unwrap();
        let minus = CapTime::parse("2026-03-21T00:30:00-00:00").unwrap();
        assert_eq!(plus.timestamp(), minus.timestamp());
        assert_ne!(plus, minus);
        assert!(plus.writes_utc_wrongly() && !minus.writes_utc_wrongly());
    }
}
