//! Models the OASIS Common Alerting Protocol (CAP) 1.2, all of it, with types that refuse what the standard forbids.
//! Built by `content`, written and read by `xml`, judged by `check`, listed by `feed`.
//! Whatever a value of these types can hold, `xml::write` turns into a document that is valid against the OASIS schema.
//!
//! Source of names, order and cardinality: OASIS Common Alerting Protocol Version 1.2 (1 July 2010), §3.2, and its XML schema.

mod alert;
mod geometry;
mod text;
mod time;
mod words;

pub use alert::{Alert, Area, Categories, Info, Pair, Reference, Resource};
pub use geometry::{Circle, Feet, GeometryFault, Polygon, Unusable};
pub(crate) use text::xml_carries;
pub use text::{Identifier, Language, ListItem, NameFault, Sender, Text, Uri};
pub use time::{CapTime, CapTimeFault};
pub use words::{Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency};
