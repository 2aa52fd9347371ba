//! SenML JSON (RFC 8428): base fields, relative times, units.
//! Used by `decode` for a list whose records have `n` or `bn`, and by `format` for SenML JSON and CBOR by configuration.
//! A unit is turned into ours or refused by name; a field that must be understood (its name ends with `_`) spoils the message (4.4).

use jiff::{SignedDuration, Timestamp};

use super::{
    Claim, Decoded, Misread,
    json::{Record, Scalar, short},
    units,
};
use crate::sensors::quantity::Quantity;

/// Times below this are relative to now, others absolute (RFC 8428, 4.5.3).
const ABSOLUTE_FROM_SECS: f64 = 268_435_456.0;
/// Units by which a record tells where the device is (RFC 8428, 12.1).
const PLACE: [&str; 3] = ["lat", "lon", "alt"];
/// The version of RFC 8428.
const VERSION_MAX: f64 = 10.0;

pub(super) fn is_senml(records: &[Record]) -> bool {
    records.iter().any(|record| record.field("n").is_some() || record.field("bn").is_some())
}

/// Fields that hold for this record and those after it.
#[derive(Default)]
struct Base {
    name: String,
    secs: f64,
    unit: Option<String>,
    value: f64,
}

pub(super) fn decode(records: &[Record], now: Timestamp) -> Decoded {
    let mut decoded = Decoded::default();
    let mut base = Base::default();
    for record in records {
        if let Err(fault) = base.take(record) {
            // What comes after would stand on a wrong base.
            decoded.misread.push(fault);
            return decoded;
        }
        match base.claim(record, now) {
            Ok(Some(claim)) => decoded.claims.push(claim),
            Ok(None) => {}
            Err(fault) => decoded.misread.push(fault),
        }
    }
    decoded
}

fn number(record: &Record, name: &str) -> Result<Option<f64>, Misread> {
    record.field(name).map(Scalar::number).transpose().map_err(|why| Misread::payload(format!("SenML “{name}” {why}")))
}

fn text(record: &Record, name: &str) -> Result<Option<String>, Misread> {
    match record.field(name) {
        None => Ok(None),
        Some(Scalar::Text(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Misread::payload(format!("SenML “{name}” is not a text"))),
    }
}

impl Base {
    fn take(&mut self, record: &Record) -> Result<(), Misread> {
        if let Some((name, _)) = record.0.iter().find(|(name, _)| name.ends_with('_')) {
            return Err(Misread::payload(format!("SenML field “{}” must be understood and is not", short(name))));
        }
        if number(record, "bver")?.is_some_and(|version| version > VERSION_MAX) {
            return Err(Misread::payload("SenML “bver” is newer than 10"));
        }
        if number(record, "bs")?.is_some_and(|sum| sum != 0.0) {
            return Err(Misread::payload("SenML “bs”: sums are not read"));
        }
        if let Some(name) = text(record, "bn")? {
            self.name = name;
        }
        if let Some(secs) = number(record, "bt")? {
            self.secs = secs;
        }
        if let Some(unit) = text(record, "bu")? {
            self.unit = Some(unit);
        }
        if let Some(value) = number(record, "bv")? {
            self.value = value;
        }
        Ok(())
    }

    fn claim(&self, record: &Record, now: Timestamp) -> Result<Option<Claim>, Misread> {
        let name = format!("{}{}", self.name, text(record, "n")?.unwrap_or_default());
        let own_unit = text(record, "u")?;
        let unit = own_unit.as_deref().or(self.unit.as_deref());
        if unit.is_some_and(|unit| PLACE.contains(&unit)) {
            // A sensor's place is what it was registered with.
            return Ok(None);
        }
        for kind in ["vs", "vb", "vd", "s"] {
            if record.field(kind).is_some() {
                return Err(Misread::payload(format!(
                    "SenML “{kind}” of “{}”: only numbers (v) are read",
                    short(&name)
                )));
            }
        }
        let Some(value) = number(record, "v")? else {
            // A record of base fields alone.
            return Ok(None);
        };
        let (quantity, value) = in_our_unit(&name, unit, self.value + value)?;
        if !value.is_finite() {
            return Err(Misread::payload(format!("SenML value of “{}” is not a finite number", short(&name))));
        }
        let secs = self.secs + number(record, "t")?.unwrap_or(0.0);
        Ok(Some(Claim { quantity, value, read_at: Some(time(secs, now)?) }))
    }
}

fn time(secs: f64, now: Timestamp) -> Result<Timestamp, Misread> {
    let fault = || Misread::payload("SenML time (bt + t) is outside of all calendars");
    let start = if secs < ABSOLUTE_FROM_SECS { now } else { Timestamp::UNIX_EPOCH };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and jiff refuses what is out of its range"
    )]
    let micros = SignedDuration::from_micros((secs * 1e6).round() as i64);
    start.checked_add(micros).map_err(|_| fault())
}

/// The quantity that a name means, and the value in its unit.
///
/// The last part of a name (after `:` or `/`) is one of our names (`stage_m`), whose unit stands in it, or its stem (`stage`) with a
/// unit of SenML's registry (RFC 8428 12.1, RFC 8798).
fn in_our_unit(name: &str, unit: Option<&str>, value: f64) -> Result<(Quantity, f64), Misread> {
    let last = name.rsplit([':', '/']).next().unwrap_or(name);
    let stem = |quantity: Quantity| quantity.as_str().rsplit_once('_').map_or("", |(stem, _)| stem);
    let quantity = Quantity::ALL
        .into_iter()
        .find(|quantity| quantity.as_str() == last || stem(*quantity) == last)
        .ok_or_else(|| Misread::quantity(format!("SenML name “{}” is none of ours", short(name))))?;
    let full = quantity.as_str() == last;
    let Some(unit) = unit else {
        if full {
            return Ok((quantity, value));
        }
        return Err(Misread::quantity(format!("SenML “{}” has no unit", short(name))));
    };
    let fault = |what: &str| Misread::quantity(format!("SenML unit “{}” {what} {quantity}", short(unit)));
    if !UNITS.contains(&unit) {
        return Err(fault("does not fit"));
    }
    let turn = units::to_ours(unit, quantity).map_err(|_| fault("does not fit"))?;
    if full && !turn.changes_nothing() {
        return Err(fault("contradicts the name"));
    }
    Ok((quantity, turn.apply(value)))
}

/// Of SenML's registry the units that a quantity of ours can have; their UCUM codes are the same (RFC 8428 12.1, RFC 8798 for cm, mm, km, km/h, mV).
const UNITS: [&str; 12] = ["m", "cm", "mm", "km", "m3/s", "l/s", "m/s", "km/h", "V", "mV", "Cel", "K"];

/// Who measured: the part of the names before the last `:` or `/`, which must be the same in all records that have a value.
pub(super) fn device(records: &[Record]) -> Result<Option<String>, Misread> {
    let (mut base, mut base_unit) = (String::new(), String::new());
    let mut device: Option<String> = None;
    for record in records {
        if let Some(name) = text(record, "bn")? {
            base = name;
        }
        if let Some(unit) = text(record, "bu")? {
            base_unit = unit;
        }
        let unit = text(record, "u")?;
        if record.field("v").is_none() || PLACE.contains(&unit.as_deref().unwrap_or(&base_unit)) {
            continue;
        }
        let name = format!("{base}{}", text(record, "n")?.unwrap_or_default());
        let own = name.rsplit_once([':', '/']).map(|(device, _)| device.to_owned()).unwrap_or_default();
        match &device {
            Some(known) if *known != own => {
                let (one, other) = (short(known), short(&own));
                return Err(Misread::payload(format!("the SenML pack is of several devices, “{one}” and “{other}”")));
            }
            Some(_) => {}
            None => device = Some(own),
        }
    }
    Ok(device.filter(|device| !device.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::super::{Decoded, decode};
    use super::*;
    use crate::sensors::reason::Reason;

    const NOW: &str = "2026-03-01T04:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn read(payload: &str) -> Decoded {
        decode(payload.as_bytes(), at(NOW), 100)
    }

    #[test]
    fn base_fields_hold_for_what_follows() {
        let decoded = read(
            r#"[{"bn":"urn:dev:mac:0024befffe804ff1:","bt":1772337600,"bu":"m","n":"stage","v":1.9},
                {"n":"stage","t":-60,"v":1.85},{"n":"air_temp","u":"Cel","v":4.5},{"u":"lon","v":48.51},{"u":"lat","v":34.8}]"#,
        );
        assert_eq!(decoded.misread, []);
        let told: Vec<_> = decoded.claims.iter().map(|claim| (claim.quantity, claim.value, claim.read_at)).collect();
        assert_eq!(
            told,
            [
                (Quantity::StageM, 1.9, Some(at(NOW))),
                (Quantity::StageM, 1.85, Some(at("2026-03-01T03:59:00Z"))),
                (Quantity::AirTempC, 4.5, Some(at(NOW))),
            ]
        );
    }

    #[test]
    fn a_base_value_is_added_and_no_time_means_now() {
        let decoded = read(r#"[{"bn":"gauge/","bv":1,"n":"stage_m","v":0.5}]"#);
        assert_eq!((decoded.claims[0].value, decoded.claims[0].read_at), (1.5, Some(at(NOW))));
    }

    #[test]
    fn units_become_ours_or_are_refused_by_name() {
        for (record, value) in [
            (r#"[{"n":"stage","u":"cm","v":193}]"#, 1.93),
            (r#"[{"n":"snow_depth","u":"m","v":0.4}]"#, 40.0),
            (r#"[{"n":"rain","u":"mm","v":12}]"#, 12.0),
            (r#"[{"n":"wind","u":"km/h","v":36}]"#, 10.0),
            (r#"[{"n":"battery","u":"mV","v":3600}]"#, 3.6),
            (r#"[{"n":"stage_m","u":"m","v":2}]"#, 2.0),
        ] {
            assert_eq!(read(record).claims[0].value.to_bits(), f64::to_bits(value), "{record}");
        }
        for record in [
            r#"[{"n":"stage","u":"Pa","v":1}]"#,
            r#"[{"n":"stage","v":1}]"#,
            r#"[{"n":"stage_m","u":"cm","v":193}]"#,
            r#"[{"n":"humidity","u":"%RH","v":1}]"#,
        ] {
            let decoded = read(record);
            assert!(decoded.claims.is_empty(), "{record}");
            assert_eq!(decoded.misread[0].reason, Reason::UnknownQuantity, "{record}");
        }
    }

    #[test]
    fn what_must_be_understood_and_is_not_spoils_the_message() {
        for payload in [
            r#"[{"bn":"x:","n":"stage_m","v":1},{"n":"stage_m","v":2,"must_":1}]"#,
            r#"[{"bver":11,"n":"stage_m","v":1}]"#,
            r#"[{"n":"stage_m","vs":"high"}]"#,
        ] {
            assert_eq!(read(payload).misread[0].reason, Reason::BadPayload, "{payload}");
        }
    }
}
