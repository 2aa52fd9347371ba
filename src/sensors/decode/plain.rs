//! Plain JSON: `{"t": …, "stage_m": 1.93}` or a list of such; names are `{quantity}_{unit}`.
//! Used by `decode` for everything that is not SenML.
//! `t` is RFC 3339 or epoch milliseconds; without it a reading counts from when it came, and a repeat can't be told from a new one.

use jiff::Timestamp;

use super::{
    Claim, Decoded, Misread,
    json::{Record, Scalar, short},
};
use crate::sensors::quantity::Quantity;

pub(super) fn decode(records: &[Record]) -> Decoded {
    let mut decoded = Decoded::default();
    for record in records {
        let read_at = match record.field("t").map(time).transpose() {
            Ok(read_at) => read_at,
            Err(fault) => {
                // Without its time nothing in the record can be placed.
                decoded.misread.push(fault);
                continue;
            }
        };
        for (name, value) in record.0.iter().filter(|(name, _)| name != "t") {
            match (name.parse::<Quantity>(), value.number()) {
                (Ok(quantity), Ok(value)) => decoded.claims.push(Claim { quantity, value, read_at }),
                (Ok(_), Err(why)) => decoded.misread.push(Misread::payload(format!("“{name}” {why}"))),
                (Err(fault), _) => decoded.misread.push(Misread::quantity(fault.to_string())),
            }
        }
    }
    decoded
}

fn time(value: &Scalar) -> Result<Timestamp, Misread> {
    let fault = |why: &str| Misread::payload(format!("“t” {why}; want RFC 3339 with an offset, or epoch milliseconds"));
    if let Scalar::Text(text) = value {
        let text = maps::latin_digits(text.trim());
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(time);
        }
        if text.parse::<f64>().is_err() {
            return Err(fault(&format!("is “{}”", short(&text))));
        }
    }
    let millis = value.number().map_err(fault)?;
    // A double counts milliseconds exactly for 285,000 years.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and jiff refuses what is out of its range"
    )]
    let micros = (millis * 1_000.0).round() as i64;
    Timestamp::from_microsecond(micros).map_err(|_| fault("is outside of all calendars"))
}

#[cfg(test)]
mod tests {
    use super::super::{Decoded, decode};
    use super::*;
    use crate::sensors::reason::Reason;

    fn read(payload: &str) -> Decoded {
        decode(payload.as_bytes(), Timestamp::UNIX_EPOCH, 100)
    }

    #[test]
    fn one_record_and_a_list_and_both_kinds_of_time() {
        let at: Timestamp = "2026-03-01T04:00:00Z".parse().expect("a time");
        for payload in [
            r#"{"t":"2026-03-01T07:30:00+03:30","stage_m":1.93}"#,
            r#"[{"t":1772337600000,"stage_m":1.93}]"#,
            r#"{"t":"۱۷۷۲۳۳۷۶۰۰۰۰۰","stage_m":"۱٫۹۳"}"#,
            r#"{"t":"1772337600000","stage_m":"١٫٩٣"}"#,
        ] {
            let claim = Claim { quantity: Quantity::StageM, value: 1.93, read_at: Some(at) };
            assert_eq!(read(payload), Decoded { claims: vec![claim], ..Decoded::default() }, "{payload}");
        }
    }

    #[test]
    fn without_a_time_a_reading_has_none() {
        assert_eq!(read(r#"{"rain_mm":12}"#).claims[0].read_at, None);
    }

    #[test]
    fn what_is_no_number_is_refused_and_the_rest_is_kept() {
        let decoded = read(r#"{"stage_m":1.9,"air_temp_c":"NaN","wind_ms":null,"rain_mm":"inf","battery_v":{"v":3}}"#);
        assert_eq!(decoded.claims.len(), 1);
        assert_eq!(decoded.misread.len(), 4);
        assert!(decoded.misread.iter().all(|fault| fault.reason == Reason::BadPayload));
    }

    #[test]
    fn an_unknown_name_is_told_and_the_rest_is_kept() {
        let decoded = read(r#"{"stage_cm":193,"stage_m":1.93}"#);
        assert_eq!(decoded.claims.len(), 1);
        assert_eq!(decoded.misread[0].reason, Reason::UnknownQuantity);
        assert!(decoded.misread[0].detail.contains("stage_cm"));
    }

    #[test]
    fn a_doubled_key_and_a_bad_time_spoil_the_record() {
        for payload in
            [r#"{"stage_m":1,"stage_m":2}"#, r#"{"t":"yesterday","stage_m":1}"#, r#"{"t":1e300,"stage_m":1}"#]
        {
            let decoded = read(payload);
            assert!(decoded.claims.is_empty(), "{payload}");
            assert_eq!(decoded.misread[0].reason, Reason::BadPayload, "{payload}");
        }
    }
}
