//! Reads reports as each channel writes them; what is read goes through the one door (`receive`).
//! Called by `http::hooks`.
//! Reading never fails with a panic and never drops a message: what can't be read is kept as it came.

pub mod sms;
mod store;

pub use store::KeptSms;
