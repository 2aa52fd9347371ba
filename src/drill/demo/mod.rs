//! (being built)
pub mod flood;
pub mod people;
