//! Reads and writes the protobuf of Sparkplug B payloads, and of protobuf only what they need.
//! Used by the decoder beside it; every length is checked against what is there, and nothing recurses.
//! What is not read (metadata, data sets, templates, extensions) is passed over whole.
//!
//! Source of field numbers and types: sparkplug_b.proto of the Sparkplug 3.0 specification, 6.4.

/// Metrics in one payload, and properties of one metric.
pub(super) const METRICS_MAX: usize = 5_000;
const PROPERTIES_MAX: usize = 64;

/// A payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Payload<'a> {
    pub(super) timestamp: Option<u64>,
    pub(super) metrics: Vec<Metric<'a>>,
    pub(super) seq: Option<u64>,
}

/// A metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Metric<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) alias: Option<u64>,
    pub(super) timestamp: Option<u64>,
    pub(super) datatype: Option<u64>,
    pub(super) is_null: bool,
    /// The property `engUnit`.
    pub(super) unit: Option<&'a str>,
    pub(super) value: Option<Value<'a>>,
}

/// A value, as it stands in the message: what it is says the data type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Int(u32),
    Long(u64),
    Float(f32),
    Double(f64),
    Boolean(bool),
    Text(&'a str),
    /// Bytes, data set, template or extension.
    Other,
}

/// Why bytes are no payload.
pub(super) type Fault = &'static str;

#[derive(Clone, Copy, Debug)]
enum Field<'a> {
    Varint(u64),
    Eight(u64),
    Four(u32),
    Bytes(&'a [u8]),
}

/// The fields of one protobuf message, in order.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let (head, rest) = self.0.split_at_checked(count).ok_or("it ends within a field")?;
        self.0 = rest;
        Ok(head)
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for place in 0..10 {
            let byte = self.take(1)?[0];
            let bits = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit.
            if place == 9 && bits > 1 {
                return Err("a number is longer than 64 bits");
            }
            value |= bits << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number is longer than 64 bits")
    }

    fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, Fault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Eight(u64::from_le_bytes(self.take(8)?.try_into().map_err(|_| "it ends within a field")?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| "it ends within a field")?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Four(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| "it ends within a field")?)),
            // Groups were taken out of protobuf long before Sparkplug.
            _ => return Err("a field has no wire type of Sparkplug's"),
        };
        match key >> 3 {
            0 => Err("a field has the number 0"),
            number => Ok(Some((number, field))),
        }
    }
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")
}

fn int(value: u64) -> Result<u32, Fault> {
    // Whoever writes a negative 32-bit number as 64 bits means the lower ones.
    let negative = value >= u64::MAX - u64::from(u32::MAX >> 1);
    let low = if negative { value & u64::from(u32::MAX) } else { value };
    u32::try_from(low).map_err(|_| "an int_value is longer than 32 bits")
}

/// Reads a payload.
pub(super) fn read(bytes: &[u8]) -> Result<Payload<'_>, Fault> {
    let mut payload = Payload::default();
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Varint(at)) => payload.timestamp = Some(at),
            (2, Field::Bytes(bytes)) => {
                if payload.metrics.len() == METRICS_MAX {
                    return Err(TOO_MANY);
                }
                payload.metrics.push(metric(bytes)?);
            }
            (3, Field::Varint(seq)) => payload.seq = Some(seq),
            (1..=3, _) => return Err("a field of the payload has another wire type than it should"),
            _ => {}
        }
    }
    Ok(payload)
}

/// The fault of a payload with too many metrics.
pub(super) const TOO_MANY: Fault = "it has too many metrics";

fn metric(bytes: &[u8]) -> Result<Metric<'_>, Fault> {
    let mut metric = Metric::default();
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Bytes(name)) => metric.name = Some(text(name)?),
            (2, Field::Varint(alias)) => metric.alias = Some(alias),
            (3, Field::Varint(at)) => metric.timestamp = Some(at),
            (4, Field::Varint(datatype)) => metric.datatype = Some(datatype),
            (7, Field::Varint(is_null)) => metric.is_null = is_null != 0,
            (9, Field::Bytes(properties)) => metric.unit = unit(properties)?,
            (10, Field::Varint(value)) => metric.value = Some(Value::Int(int(value)?)),
            (11, Field::Varint(value)) => metric.value = Some(Value::Long(value)),
            (12, Field::Four(bits)) => metric.value = Some(Value::Float(f32::from_bits(bits))),
            (13, Field::Eight(bits)) => metric.value = Some(Value::Double(f64::from_bits(bits))),
            (14, Field::Varint(value)) => metric.value = Some(Value::Boolean(value != 0)),
            (15, Field::Bytes(value)) => metric.value = Some(Value::Text(text(value)?)),
            (16..=19, Field::Bytes(_)) => metric.value = Some(Value::Other),
            // Whether it is historical or transient changes nothing: its own time says when it was.
            (5 | 6, Field::Varint(_)) | (8, Field::Bytes(_)) => {}
            (1..=19, _) => return Err("a field of a metric has another wire type than it should"),
            _ => {}
        }
    }
    Ok(metric)
}

/// The text of the property `engUnit`.
fn unit(bytes: &[u8]) -> Result<Option<&str>, Fault> {
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        let list = match number {
            1 => &mut keys,
            2 => &mut values,
            _ => continue,
        };
        let Field::Bytes(bytes) = field else { return Err("a property has another wire type than it should") };
        if list.len() == PROPERTIES_MAX {
            return Err("a metric has too many properties");
        }
        list.push(bytes);
    }
    if keys.len() != values.len() {
        return Err("the properties of a metric have not as many values as names");
    }
    let Some(at) = keys.iter().position(|key| *key == b"engUnit") else { return Ok(None) };
    let mut fields = Fields(values[at]);
    let mut found = None;
    while let Some((number, field)) = fields.next()? {
        if let (8, Field::Bytes(value)) = (number, field) {
            found = Some(text(value)?);
        }
    }
    Ok(found)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

fn put_number(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, field << 3);
    put_varint(out, value);
}

fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Writes a payload.
pub(super) fn write(payload: &Payload<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(at) = payload.timestamp {
        put_number(&mut out, 1, at);
    }
    for metric in &payload.metrics {
        let mut inner = Vec::new();
        write_metric(&mut inner, metric);
        put_bytes(&mut out, 2, &inner);
    }
    if let Some(seq) = payload.seq {
        put_number(&mut out, 3, seq);
    }
    out
}

fn write_metric(out: &mut Vec<u8>, metric: &Metric<'_>) {
    if let Some(name) = metric.name {
        put_bytes(out, 1, name.as_bytes());
    }
    for (field, number) in [(2, metric.alias), (3, metric.timestamp), (4, metric.datatype)] {
        if let Some(number) = number {
            put_number(out, field, number);
        }
    }
    if metric.is_null {
        put_number(out, 7, 1);
    }
    if let Some(unit) = metric.unit {
        let (mut value, mut properties) = (Vec::new(), Vec::new());
        // The type of the property: String.
        put_number(&mut value, 1, 12);
        put_bytes(&mut value, 8, unit.as_bytes());
        put_bytes(&mut properties, 1, b"engUnit");
        put_bytes(&mut properties, 2, &value);
        put_bytes(out, 9, &properties);
    }
    match metric.value {
        Some(Value::Int(value)) => put_number(out, 10, u64::from(value)),
        Some(Value::Long(value)) => put_number(out, 11, value),
        Some(Value::Float(value)) => {
            put_varint(out, 12 << 3 | 5);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Some(Value::Double(value)) => {
            put_varint(out, 13 << 3 | 1);
            out.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Some(Value::Boolean(value)) => put_number(out, 14, u64::from(value)),
        Some(Value::Text(value)) => put_bytes(out, 15, value.as_bytes()),
        Some(Value::Other) => put_bytes(out, 16, &[]),
        None => {}
    }
}
