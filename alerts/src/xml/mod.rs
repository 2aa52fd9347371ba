//! Writes CAP strictly and reads it tolerantly.
//! Called by `lifecycle` at publication, by the feed's readers and `hamyar cap check`.
//! What is written is valid against the OASIS schema and reads back as the same alert.

mod decode; // Bytes become text.
mod scan; // Text becomes tags and characters.
mod tree; // Tags become elements, within bounds.

mod read; // Alerts are found in documents and feeds.
mod reader; // Elements become an alert and its findings.
mod schema; // Which elements belong where.
mod values; // Texts become values, repaired where that is safe.
mod words; // Words become those of CAP.

mod escape; // Text becomes XML.
mod write; // An alert becomes a document.

pub(crate) use escape::{attribute, text};
pub use read::{FINDINGS_MAX, Read, Reads, Unread, Version, read, read_all, read_with};
pub use tree::{Limits, ReadError};
pub use write::{NAMESPACE, write};
