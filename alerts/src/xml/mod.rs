//! Writes CAP strictly and reads it tolerantly.
//! Called by `lifecycle` at publication, by the feed's readers and `hamyar cap check`.
//! What is written is valid against the OASIS schema and reads back as the same alert.

mod escape;
mod write;

pub(crate) use escape::{attribute, text};
pub use write::write;
