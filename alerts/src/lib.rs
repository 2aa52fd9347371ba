//! What an alert is, may become, and says. Pure: no I/O, no clock, no async.

mod fault; // What is wrong, where, and what to do.
mod level; // What threatens, how badly, and text in several languages.
mod triple; // From impact, time and evidence to severity, urgency and certainty.

pub mod calendar; // Dates, times and numbers for people.
mod compose; // From facts to words in every language.
pub mod template; // The texts of the house, overridable by a city.

pub mod content; // What people edit as a draft.
pub mod lifecycle; // Draft, approved, live, ended: stages that refuse.

pub mod area; // Threatened ground as polygons that others can use.
pub mod cap; // The Common Alerting Protocol 1.2 as types.
mod check; // The rules that the schema does not express.
pub mod xml; // CAP as text, out and in.

pub mod message; // What one telephone gets.

pub use check::{Finding, Gravity, Profile, check};
pub use compose::{Facts, Measure, Unit, compose};
pub use content::{Content, Envelope, NamedZone, Wording};
pub use fault::Fault;
pub use level::{Hazard, Level, Texts, UnknownWord, text_in, texts};
pub use lifecycle::Kind;
pub use template::{Occasion, Phrase, Templates};
pub use triple::{Evidence, Impact, TimeToImpact, Triple, triple};
