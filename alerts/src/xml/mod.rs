//! Writes CAP strictly and reads it tolerantly.
//! Called by `lifecycle` at publication, by the feed's readers and `hamyar cap check`.
//! What is written is valid against the OASIS schema and reads back as the same alert.

mod escape;
mod read;
mod tree;
mod values;
mod write;

pub(crate) use escape::{attribute, text};
pub use read::{Read, Version, read, read_all, read_with};
pub use tree::{Limits, ReadError};
pub use write::{NAMESPACE, write};
