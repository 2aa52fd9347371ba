//! Models the OASIS Common Alerting Protocol (CAP) 1.2, all of it, with types that refuse what the standard forbids.
//! Built by `content`, written and read by `xml`, judged by `check`, listed by `feed`.
//! Whatever a value of these types can hold, `xml::write` turns into a document that is valid against the OASIS schema.
//!
//! Source of names, order and cardinality: OASIS Common Alerting Protocol Version 1.2 (1 July 2010), §3.2, and its XML schema.

mod alert; // The message, its blocks and areas.
mod resource; // Files that belong to it.
mod terms; // Events as codes.

mod geometry; // Shapes and heights.
mod text; // Free text, names, lists, languages, addresses.
mod time; // Moments with their own offset text.
mod words; // The closed vocabularies.

mod decimal; // Numbers, exactly and fast.

pub use alert::{Alert, Area, Categories, Info, Pair, Reference};
pub use geometry::{Circle, Feet, GeometryFault, Polygon, RawShape, Unusable};
pub use resource::{Base64, Digest, MimeType, Resource};
pub use terms::{EVENT_TERMS, EventTerm, TERMS};
pub(crate) use text::xml_carries;
pub use text::{Identifier, Language, ListItem, NameFault, Sender, Text, Uri};
pub use time::{CapTime, CapTimeFault};
pub use words::{Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency};
