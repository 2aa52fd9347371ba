//! Reads SenML CBOR (RFC 8428, 6) into the same flat records as SenML JSON.
//! Used by `format`; what the records mean is told by `senml`, so that both representations are read alike.
//! Labels are integers as the RFC has them, or texts of extensions; nothing nests, and nothing is read beyond the limits.

use minicbor::{
    Decoder,
    data::{Tag, Type},
};

use super::{
    Misread,
    json::{FIELDS_MAX, Record, Scalar, short},
};
use crate::sensors::reason::Reason;

/// Labels of RFC 8428, table 6.
const LABELS: [(i64, &str); 15] = [
    (-6, "bs"),
    (-5, "bv"),
    (-4, "bu"),
    (-3, "bt"),
    (-2, "bn"),
    (-1, "bver"),
    (0, "n"),
    (1, "u"),
    (2, "v"),
    (3, "vs"),
    (4, "vb"),
    (5, "s"),
    (6, "t"),
    (7, "ut"),
    (8, "vd"),
];

/// The tag of a decimal fraction (RFC 8949, 3.4.4).
const DECIMAL_FRACTION: u64 = 4;

/// Reads a payload with at most `records_max` records.
pub(super) fn read(payload: &[u8], records_max: usize) -> Result<Vec<Record>, Misread> {
    let mut cbor = Decoder::new(payload);
    let fault = |what: String| Misread::payload(format!("not SenML CBOR: {what}"));
    let told = cbor.array().map_err(|what| fault(what.to_string()))?;
    let mut records = Vec::new();
    loop {
        match told {
            Some(count) if records.len() as u64 == count => break,
            None if cbor.datatype().map_err(|what| fault(what.to_string()))? == Type::Break => {
                cbor.set_position(cbor.position() + 1);
                break;
            }
            Some(_) | None => {}
        }
        if records.len() == records_max {
            let detail = format!("too many records: at most {records_max}");
            return Err(Misread { reason: Reason::TooMany, detail });
        }
        records.push(record(&mut cbor).map_err(fault)?);
    }
    if cbor.position() != payload.len() {
        return Err(fault("there are bytes after its end".into()));
    }
    Ok(records)
}

fn record(cbor: &mut Decoder<'_>) -> Result<Record, String> {
    let told = cbor.map().map_err(|what| what.to_string())?;
    let mut record = Record::default();
    let mut read = 0_u64;
    loop {
        match told {
            Some(count) if read == count => return Ok(record),
            None if cbor.datatype().map_err(|what| what.to_string())? == Type::Break => {
                cbor.set_position(cbor.position() + 1);
                return Ok(record);
            }
            Some(_) | None => {}
        }
        read += 1;
        if read > FIELDS_MAX as u64 {
            return Err(format!("a record has more than {FIELDS_MAX} fields"));
        }
        let name = label(cbor)?;
        let value = scalar(cbor)?;
        if record.field(&name).is_some() {
            return Err(format!("“{}” stands twice in one record", short(&name)));
        }
        record.0.push((name, value));
    }
}

fn label(cbor: &mut Decoder<'_>) -> Result<String, String> {
    match cbor.datatype().map_err(|what| what.to_string())? {
        Type::String => {
            let name = cbor.str().map_err(|what| what.to_string())?;
            // As a text it would stand beside its integer (RFC 8428, 6: labels of the RFC are integers).
            if LABELS.iter().any(|(_, known)| *known == name) {
                return Err(format!("label “{name}” must be an integer"));
            }
            Ok(name.to_owned())
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            let label = cbor.i64().map_err(|what| what.to_string())?;
            // An unknown label is one that need not be understood; those that must are texts that end with `_`.
            let known = LABELS.iter().find(|(number, _)| *number == label);
            Ok(known.map_or_else(|| format!("label {label}"), |(_, name)| (*name).to_owned()))
        }
        other => Err(format!("a label is {other}, not an integer or a text")),
    }
}

fn scalar(cbor: &mut Decoder<'_>) -> Result<Scalar, String> {
    let fault = |what: minicbor::decode::Error| what.to_string();
    Ok(match cbor.datatype().map_err(fault)? {
        Type::Bool => Scalar::Bool(cbor.bool().map_err(fault)?),
        Type::Null => {
            cbor.null().map_err(fault)?;
            Scalar::Null
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Scalar::Number(cbor.u64().map_err(fault)? as f64),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
            Scalar::Number(i128::from(cbor.int().map_err(fault)?) as f64)
        }
        Type::F16 => Scalar::Number(f64::from(cbor.f16().map_err(fault)?)),
        Type::F32 => Scalar::Number(f64::from(cbor.f32().map_err(fault)?)),
        Type::F64 => Scalar::Number(cbor.f64().map_err(fault)?),
        Type::String => Scalar::Text(cbor.str().map_err(fault)?.to_owned()),
        Type::Bytes => {
            cbor.bytes().map_err(fault)?;
            Scalar::Nested
        }
        Type::Tag if cbor.probe().tag().map_err(fault)? == Tag::new(DECIMAL_FRACTION) => decimal(cbor)?,
        Type::Tag | Type::Array | Type::ArrayIndef | Type::Map | Type::MapIndef => {
            cbor.skip().map_err(fault)?;
            Scalar::Nested
        }
        other => return Err(format!("a value is {other}")),
    })
}

/// A decimal fraction `[exponent, mantissa]`, rounded once: the number that the same digits are in JSON.
fn decimal(cbor: &mut Decoder<'_>) -> Result<Scalar, String> {
    let fault = |what: minicbor::decode::Error| what.to_string();
    cbor.tag().map_err(fault)?;
    if cbor.array().map_err(fault)? != Some(2) {
        return Err("a decimal fraction is not a pair".into());
    }
    let exponent = cbor.i64().map_err(fault)?;
    let mantissa = i128::from(cbor.int().map_err(fault)?);
    let number = format!("{mantissa}e{exponent}").parse().map_err(|_| "a decimal fraction is no number".to_owned())?;
    Ok(Scalar::Number(number))
}

#[cfg(test)]
#[path = "cbor_tests.rs"]
mod tests;
