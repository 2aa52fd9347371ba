//! Sparkplug B: messages of edge nodes and their devices (`spBv1.0/GROUP/TYPE/EDGE[/DEVICE]`), in the order in which they come.
//! Used by `format`; what births told (aliases, data types, sequence) is kept in [`Edges`], which belongs to the caller and is bounded.
//! After a gap an alias is no longer believed and a rebirth is asked for; values under their names are always taken.
//!
//! Source: Sparkplug 3.0.0 (Eclipse Foundation), 4.1 (topics), 5 (sequence, births, deaths), 6.4 (payload).

mod wire;

use std::collections::HashMap;

use jiff::Timestamp;

use self::wire::{Metric, Payload, Value};
use super::{Claim, Decoded, Message, Misread, Presence, json::short, mapping::Mapping, text, units};
use crate::sensors::reason::Reason;

/// Edge nodes that are remembered; beyond that the one heard longest ago is forgotten, and asked for its birth when it speaks.
const EDGES_MAX: usize = 2_000;
/// Metrics of one edge node and all of its devices, and letters of a name.
const KNOWN_MAX: usize = 5_000;
const NAME_BYTES_MAX: usize = 256;

/// A wish that an edge node tells everything anew, for the caller to publish (QoS 0, not retained: 5.12 of the specification).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebirth {
    /// Where to.
    pub topic: String,
}

impl Rebirth {
    /// The command `Node Control/Rebirth`.
    pub fn payload(now: Timestamp) -> Vec<u8> {
        let timestamp = u64::try_from(now.as_millisecond()).ok();
        let metric = Metric {
            name: Some("Node Control/Rebirth"),
            timestamp,
            datatype: Some(datatype::BOOLEAN),
            value: Some(Value::Boolean(true)),
            ..Metric::default()
        };
        wire::write(&Payload { timestamp, metrics: vec![metric], seq: None })
    }
}

/// Data types that may hold a reading (6.4.16).
mod datatype {
    pub(super) const INT8: u64 = 1;
    pub(super) const INT16: u64 = 2;
    pub(super) const INT32: u64 = 3;
    pub(super) const INT64: u64 = 4;
    pub(super) const UINT8: u64 = 5;
    pub(super) const UINT64: u64 = 8;
    pub(super) const FLOAT: u64 = 9;
    pub(super) const DOUBLE: u64 = 10;
    pub(super) const BOOLEAN: u64 = 11;
    pub(super) const STRING: u64 = 12;
    pub(super) const TEXT: u64 = 14;
}

/// What births told. Bounded; owned by whoever decodes.
#[derive(Debug, Default)]
pub struct Edges {
    known: HashMap<String, Edge>,
    /// Counts messages, so that the edge heard longest ago can be found.
    turn: u64,
}

#[derive(Debug, Default)]
struct Edge {
    heard: u64,
    seq: u64,
    bd_seq: Option<u64>,
    /// Whether nothing was missed since its birth.
    whole: bool,
    /// Aliases hold for the whole edge node.
    aliases: HashMap<u64, Known>,
    /// Data types by device (empty: the node itself) and name.
    types: HashMap<(String, String), u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    device: String,
    name: String,
}

impl Edge {
    /// Takes what a birth says of its metrics, instead of what an earlier one of the same device said.
    fn take(&mut self, device: &str, payload: &Payload<'_>) -> Result<(), Misread> {
        self.aliases.retain(|_, known| known.device != device);
        self.types.retain(|(known, _), _| known != device);
        for metric in &payload.metrics {
            let Some(name) = metric.name.filter(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX) else {
                return Err(Misread::payload("a metric of a birth has no name, or too long a one"));
            };
            if self.types.len() == KNOWN_MAX {
                let detail = format!("births of one edge node tell of more than {KNOWN_MAX} metrics");
                return Err(Misread { reason: Reason::TooMany, detail });
            }
            if let Some(datatype) = metric.datatype {
                self.types.insert((device.to_owned(), name.to_owned()), datatype);
            }
            let Some(alias) = metric.alias else { continue };
            let known = Known { device: device.to_owned(), name: name.to_owned() };
            if self.aliases.insert(alias, known).is_some() {
                // Which of the two is meant can't be known: neither is believed.
                self.aliases.remove(&alias);
                return Err(Misread::payload(format!("alias {alias} stands for two metrics")));
            }
        }
        Ok(())
    }
}

/// A topic: `spBv1.0/GROUP/TYPE/EDGE[/DEVICE]`.
struct Address<'a> {
    edge: String,
    kind: &'a str,
    device: Option<&'a str>,
}

impl<'a> Address<'a> {
    fn new(topic: &'a str) -> Option<Self> {
        let levels: Vec<&str> = topic.split('/').collect();
        let (group, kind, edge, device) = match levels.as_slice() {
            ["spBv1.0", group, kind @ ("NBIRTH" | "NDEATH" | "NDATA" | "NCMD"), edge] => (*group, *kind, *edge, None),
            ["spBv1.0", group, kind @ ("DBIRTH" | "DDEATH" | "DDATA" | "DCMD"), edge, device] => {
                (*group, *kind, *edge, Some(*device))
            }
            _ => return None,
        };
        let filled = |text: &str| !text.is_empty() && text.len() <= NAME_BYTES_MAX;
        (filled(group) && filled(edge) && device.is_none_or(filled)).then(|| Self {
            edge: format!("{group}/{edge}"),
            kind,
            device,
        })
    }

    fn name(&self) -> String {
        self.device.map_or_else(|| self.edge.clone(), |device| format!("{}/{device}", self.edge))
    }

    fn rebirth(&self) -> Option<Rebirth> {
        let (group, edge) = self.edge.split_once('/')?;
        Some(Rebirth { topic: format!("spBv1.0/{group}/NCMD/{edge}") })
    }
}

/// Reads one message, and takes from births what later messages leave out.
///
/// The device is `GROUP/EDGE` or `GROUP/EDGE/DEVICE`; the death of an edge node is also that of its devices.
pub(super) fn decode(message: Message<'_>, mapping: &Mapping, edges: &mut Edges, records_max: usize) -> Decoded {
    if message.topic.starts_with("spBv1.0/STATE/") {
        return Decoded::default();
    }
    let Some(address) = Address::new(message.topic) else {
        return Decoded::fault(Reason::BadTopic, "want the topic spBv1.0/GROUP/TYPE/EDGE or …/TYPE/EDGE/DEVICE");
    };
    // What we or others ask of a node is no reading.
    if matches!(address.kind, "NCMD" | "DCMD") {
        return Decoded::default();
    }
    let payload = match wire::read(message.payload) {
        Ok(payload) => payload,
        Err(why) => {
            let reason = if why == wire::TOO_MANY { Reason::TooMany } else { Reason::BadPayload };
            return Decoded::fault(reason, format!("not a Sparkplug B payload: {why}"));
        }
    };
    if payload.metrics.len() > records_max {
        let detail = format!("{} metrics in one message; at most {records_max}", payload.metrics.len());
        return Decoded::fault(Reason::TooMany, detail);
    }
    let mut decoded = Decoded { device: Some(address.name()), sequence: payload.seq, ..Decoded::default() };
    match address.kind {
        "NDEATH" => {
            // A will that was set for an earlier session says nothing of this one (5.4.1).
            let stale = edges.known.get(&address.edge).is_some_and(|edge| edge.bd_seq != bd_seq(&payload));
            if !stale {
                edges.known.remove(&address.edge);
                decoded.presence = Some(Presence::Offline);
            }
            // A will carries no sequence.
            decoded.sequence = None;
            return decoded;
        }
        "NBIRTH" => born(&address, &payload, edges, &mut decoded),
        _ => follow(&address, &payload, edges, &mut decoded),
    }
    if address.kind == "DDEATH" {
        decoded.presence = Some(Presence::Offline);
        return decoded;
    }
    values(&address, &payload, mapping, edges.known.get(&address.edge), &mut decoded);
    decoded
}

fn bd_seq(payload: &Payload<'_>) -> Option<u64> {
    let metric = payload.metrics.iter().find(|metric| metric.name == Some("bdSeq"))?;
    match metric.value? {
        Value::Int(value) => Some(u64::from(value)),
        Value::Long(value) => Some(value),
        Value::Float(_) | Value::Double(_) | Value::Boolean(_) | Value::Text(_) | Value::Other => None,
    }
}

fn born(address: &Address<'_>, payload: &Payload<'_>, edges: &mut Edges, decoded: &mut Decoded) {
    if !edges.known.contains_key(&address.edge) && edges.known.len() >= EDGES_MAX {
        let oldest = edges.known.iter().min_by_key(|(_, edge)| edge.heard).map(|(name, _)| name.clone());
        oldest.map(|name| edges.known.remove(&name));
    }
    edges.turn += 1;
    let mut edge = Edge { heard: edges.turn, bd_seq: bd_seq(payload), ..Edge::default() };
    // The specification wants 0; what counts is that the next follows.
    edge.seq = payload.seq.unwrap_or(0).min(255);
    edge.whole = payload.seq.is_none_or(|seq| seq <= 255);
    if let Err(fault) = edge.take("", payload) {
        decoded.misread.push(fault);
        edge.whole = false;
    }
    edges.known.insert(address.edge.clone(), edge);
    decoded.presence = Some(Presence::Online);
}

/// Follows the sequence of one edge node and its devices.
fn follow(address: &Address<'_>, payload: &Payload<'_>, edges: &mut Edges, decoded: &mut Decoded) {
    edges.turn += 1;
    let heard = edges.turn;
    let Some(edge) = edges.known.get_mut(&address.edge) else {
        decoded.rebirth = address.rebirth();
        return;
    };
    edge.heard = heard;
    match payload.seq {
        Some(seq) if seq == (edge.seq + 1) % 256 => edge.seq = seq,
        // The broker brought it twice.
        Some(seq) if seq == edge.seq => {}
        Some(seq) => {
            edge.seq = seq.min(255);
            edge.whole = false;
        }
        None => edge.whole = false,
    }
    if address.kind == "DBIRTH" {
        if let Err(fault) = edge.take(address.device.unwrap_or_default(), payload) {
            decoded.misread.push(fault);
            edge.whole = false;
        }
        decoded.presence = Some(Presence::Online);
    }
    if !edge.whole {
        decoded.rebirth = address.rebirth();
    }
}

fn values(address: &Address<'_>, payload: &Payload<'_>, mapping: &Mapping, edge: Option<&Edge>, decoded: &mut Decoded) {
    let device = address.device.unwrap_or_default();
    for metric in &payload.metrics {
        let by_alias = || {
            let known = edge.filter(|edge| edge.whole)?.aliases.get(&metric.alias?)?;
            (known.device == device).then_some(known.name.as_str())
        };
        let Some(name) = metric.name.filter(|name| !name.is_empty()).or_else(by_alias) else {
            let alias = metric.alias.map_or_else(|| "none".to_owned(), |alias| alias.to_string());
            let detail = format!("a metric has no name, and its alias ({alias}) is not known: its birth is asked for");
            decoded.misread.push(Misread::quantity(detail));
            decoded.rebirth = address.rebirth();
            continue;
        };
        let Some(field) = mapping.field(name) else { continue };
        if metric.is_null {
            continue;
        }
        if let Some(unit) = metric.unit.filter(|unit| units::of_code(unit).is_some() && *unit != field.unit) {
            let (name, unit, known) = (short(name), short(unit), &field.unit);
            let detail = format!("the unit of “{name}” is “{unit}”, the mapping's “{known}”");
            decoded.misread.push(Misread::quantity(detail));
            continue;
        }
        let birth = || edge?.types.get(&(device.to_owned(), name.to_owned())).copied();
        let number = number(metric, metric.datatype.or_else(birth), mapping.decimal_comma());
        let read_at = metric.timestamp.or(payload.timestamp).map(time).transpose();
        let value = number.and_then(|number| field.value(number));
        match (value, read_at) {
            (Ok(Some(value)), Ok(read_at)) => {
                decoded.claims.push(Claim { quantity: field.quantity, value, read_at });
            }
            (Ok(None), _) => {}
            (Err(why), _) | (_, Err(why)) => {
                decoded.misread.push(Misread::payload(format!("“{}” {why}", short(name))));
            }
        }
    }
}

fn time(millis: u64) -> Result<Timestamp, String> {
    let millis = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    millis.ok_or_else(|| "has a time outside of all calendars".into())
}

/// The number of a value of a data type; a value that does not fit its type is refused.
fn number(metric: &Metric<'_>, datatype: Option<u64>, decimal_comma: bool) -> Result<f64, String> {
    let datatype = datatype.ok_or("has no data type, and no birth told it")?;
    let value = metric.value.ok_or("has no value")?;
    let number = match (datatype, value) {
        (datatype::INT8..=datatype::INT32, Value::Int(bits)) => f64::from(signed(bits, datatype)?),
        (datatype::INT64, Value::Long(bits)) => bits.cast_signed() as f64,
        (datatype::UINT8..datatype::UINT64, Value::Int(value)) => f64::from(value),
        // Some write UInt32 as long_value; the number is the same.
        (datatype::UINT8..=datatype::UINT64, Value::Long(value)) => value as f64,
        (datatype::FLOAT, Value::Float(value)) => f64::from(value),
        (datatype::DOUBLE, Value::Double(value)) => value,
        (datatype::STRING | datatype::TEXT, Value::Text(value)) => text::number(value, decimal_comma)?,
        (_, _) => return Err(format!("is of data type {datatype} and holds no number of that type")),
    };
    if number.is_finite() { Ok(number) } else { Err("is not a finite number".into()) }
}

/// A number in two's complement, alone in its lower bits or extended to 32.
fn signed(bits: u32, datatype: u64) -> Result<i32, String> {
    let whole = bits.cast_signed();
    let (lower, from, to) = match datatype {
        datatype::INT8 => (i32::from(bits.to_le_bytes()[0].cast_signed()), i32::from(i8::MIN), i32::from(u8::MAX)),
        datatype::INT16 => {
            let [low, high, ..] = bits.to_le_bytes();
            (i32::from(i16::from_le_bytes([low, high])), i32::from(i16::MIN), i32::from(u16::MAX))
        }
        _ => return Ok(whole),
    };
    if (from..=to).contains(&whole) { Ok(lower) } else { Err(format!("is {whole}, which its data type can't hold")) }
}

#[cfg(test)]
mod tests;
