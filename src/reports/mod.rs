//! People tell us what they see: one door for the web, text messages, the desk and whatever comes later.
//! `http::reports` and `http::hooks` call [`receive`]; the desk calls [`verify`], [`reject`] and [`close`]; `assess` reads [`Report`]s by arrival.
//! A report has its number only after it is stored; too many reports are marked, never refused; what follows from them is not decided here.

pub mod channel;
mod follow;
mod judge;
mod locate;
mod number;
mod receive;
mod report;
mod store;
mod thanks;
mod words;

pub use channel::KeptSms;
pub use follow::{Followed, follow};
pub use judge::{JudgeRefusal, Judgement, judge};
pub use number::Number;
pub use receive::{Incoming, Receipt, Refusal, receive};
pub use report::{Channel, Located, Mark, Report, Status};
pub use store::{Action, HistoryRow, Listed};
pub use words::{guess_depth_cm, guess_hazard};
