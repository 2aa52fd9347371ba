//! Why a file of others can't be read on.
//! Made by every reader of this folder; the command puts the file's name before it.
//! It says where in the file, what is wrong and what to do, and it ends the import: nothing is written.

use std::io::{self, Read};

/// Most bytes that one feature of a file of others may take; what is larger is no feature of a city.
pub const FEATURE_BYTES_MAX: usize = 32 << 20;

/// What is wrong with a file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}; {fix}")]
pub struct BadSource {
    /// Where: `feature 3, byte 812`.
    pub at: String,
    /// What is wrong there.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

/// What to do about a file that ends too early.
pub(crate) const FETCH_AGAIN: &str = "the file is cut off or damaged: copy or export it again";

impl BadSource {
    pub(crate) fn new(at: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> BadSource {
        BadSource { at: at.into(), what: what.into(), fix: fix.into() }
    }

    /// A reader failed, or the file ended where more was announced.
    pub(crate) fn read(at: impl Into<String>, fault: &io::Error) -> BadSource {
        match fault.kind() {
            io::ErrorKind::UnexpectedEof => BadSource::new(at, "the file ends in the middle of it", FETCH_AGAIN),
            _ => BadSource::new(at, format!("can't be read: {fault}"), "look at the disk and the rights of the file"),
        }
    }
}

/// Reads exactly `length` bytes into `into`, taking memory only for what is really there, whatever length was announced.
pub(crate) fn read_whole(from: &mut impl Read, length: usize, into: &mut Vec<u8>) -> io::Result<()> {
    into.clear();
    from.by_ref().take(length as u64).read_to_end(into)?;
    if into.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
