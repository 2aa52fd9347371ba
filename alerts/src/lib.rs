//! What an alert is, may become, and says. Pure: no I/O, no clock, no async.
//!
//! # The Common Alerting Protocol in five minutes
//!
//! CAP 1.2 (OASIS, 2010; also ITU-T X.1303 bis) is the one format in which sirens, broadcasters, telephones and other
//! authorities take a warning. A message is one [`cap::Alert`]:
//!
//! - **Who and when**: `identifier`, `sender`, `sent`. These three make a [`cap::Reference`], by which later messages
//!   name earlier ones, letter by letter. So a [`cap::CapTime`] keeps its own text, with an offset and never `Z`.
//! - **What kind**: `status` (Actual, Exercise, …), `msgType` (Alert, Update, Cancel, Ack, Error), `scope`.
//! - **What is said**: one [`cap::Info`] for each language, with the three answers that machines act on: `urgency`
//!   (how soon), `severity` (how bad), `certainty` (how sure); see [`triple()`] for where they come from.
//! - **Where**: one or more [`cap::Area`]s: the union of polygons (`lat,lon` in CAP's text, lon,lat in this crate), circles
//!   and geocodes.
//!
//! An **Update** takes the place of what it references. A danger that has *passed* is an Update with `responseType`
//! AllClear and urgency Past; a **Cancel** says that a warning was issued *in error*. [`lifecycle`] knows this.
//!
//! # From facts to a feed
//!
//! ```
//! use alerts::cap::{Sender, Status};
//! use alerts::feed::{Entry, FeedMeta, atom};
//! use alerts::lifecycle::{Case, IdentifierForm, Publication};
//! use alerts::{check, compose, content, texts, triple, xml};
//! use alerts::{Content, Evidence, Facts, Hazard, Impact, Kind, Level, Measure, NamedZone, Occasion, Profile, Templates, TimeToImpact, Unit};
//! use geo_types::polygon;
//! use jiff::{Timestamp, ToSpan, tz::TimeZone};
//!
//! let now: Timestamp = "2026-03-21T00:30:00Z".parse()?;
//! let expires = now + 4.hours();
//! let tz = TimeZone::get("Asia/Tehran")?;
//! let zone = texts([("fa", "کنار رود شرقی"), ("en", "River East")]);
//!
//! // Facts become words in every language of the templates.
//! let templates = Templates::embedded();
//! let wordings = compose(&templates, &Facts {
//!     hazard: Hazard::Flood,
//!     level: Level::Orange,
//!     kind: Occasion::FloodWarning,
//!     zones: vec![zone.clone()],
//!     place: Some(texts([("fa", "پل سوم"), ("en", "Third Bridge")])),
//!     measure: Some(Measure { value: 1.93, unit: Unit::Metre }),
//!     onset: None,
//!     expires,
//!     tz: tz.clone(),
//!     contact: "137".into(),
//!     exercise: false,
//! }).map_err(|faults| faults[0].clone())?;
//! assert_eq!(wordings["fa"].headline, "هشدار سیل در کنار رود شرقی");
//!
//! // Words, ground and judgement are the content that people edit and approve.
//! let answer = triple(Some(Impact::Significant), TimeToImpact::Now, Evidence::Observed);
//! let draft = Content {
//!     hazard: Hazard::Flood,
//!     level: Level::Orange,
//!     wordings,
//!     zones: vec![NamedZone { code: "river-east".into(), name: zone }],
//!     polygons: vec![polygon![(x: 48.51, y: 34.79), (x: 48.53, y: 34.79), (x: 48.53, y: 34.81), (x: 48.51, y: 34.79)]].into(),
//!     response_types: vec![alerts::cap::ResponseType::Evacuate],
//!     urgency: answer.urgency,
//!     severity: answer.severity,
//!     certainty: answer.certainty,
//!     effective: None,
//!     onset: None,
//!     expires,
//!     contact: "137".into(),
//!     web: None,
//!     event_code: content::event_code(Hazard::Flood).into(),
//! };
//!
//! // Two people: who adopts it cannot approve it, and an edit would void the approval.
//! let case = Case::adopt(Kind::Alert, draft, "reza", vec![], now)?;
//! let seen = case.content().hash();
//! assert!(case.clone().approve("reza", now, seen).is_err());
//! let case = case.approve("maryam", now, seen)?;
//! let release = case.publish(&templates, Publication {
//!     identifier: IdentifierForm::Uuid.identifier(now, [7; 16])?,
//!     sender: Sender::new("crisis@hamadan.ir")?,
//!     status: Status::Actual,
//!     note: None,
//!     incidents: vec![],
//!     sender_name: texts([("fa", "ستاد بحران همدان"), ("en", "Hamadan crisis office")]),
//!     tz,
//!     geocode_scheme: "hamyar:zone".into(),
//! }, now)?;
//! assert!(release.xml.contains("<sent>2026-03-21T04:00:00+03:30</sent>"));
//! assert!(check(&release.alert, Profile::City).is_empty());
//! assert_eq!(xml::read(release.xml.as_bytes())?.alert, release.alert);
//!
//! // And the world can subscribe.
//! let entry = Entry::of(&release.alert, "fa", "https://hamadan.ir/cap/alerts/1.xml").expect("it is public");
//! let feed = atom(&FeedMeta {
//!     id: "https://hamadan.ir/cap/feed.atom".into(),
//!     title: "هشدارهای همدان".into(),
//!     self_url: "https://hamadan.ir/cap/feed.atom".into(),
//!     site_url: "https://hamadan.ir/".into(),
//!     author: "ستاد بحران همدان".into(),
//!     lang: "fa".into(),
//!     others: vec![],
//!     updated: now,
//! }, &[entry]);
//! assert!(feed.contains("application/cap+xml"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fault; // What is wrong, where, and what to do.
mod level; // What threatens, how badly, and text in several languages.
mod triple; // From impact, time and evidence to severity, urgency and certainty.

pub mod calendar; // Dates, times and numbers for people.
mod compose; // From facts to words in every language.
pub mod feed; // All live alerts as Atom and RSS.
pub mod template; // The texts of the house, overridable by a city.
pub mod voice; // The same for ears.

pub mod content; // What people edit as a draft.
pub mod lifecycle; // Draft, approved, live, ended: stages that refuse.

pub mod area; // Threatened ground as polygons that others can use.
pub mod cap; // The Common Alerting Protocol 1.2 as types.
pub mod check; // The rules that the schema does not express, and profiles.
pub mod sign; // Who said it: XML signatures with pinned keys.
pub mod xml; // CAP as text, out and in.

pub mod message; // What one telephone gets.

pub use check::{Checker, Finding, Gravity, Profile, Rules, check};
pub use compose::{Facts, Measure, Unit, compose};
pub use content::{Content, Envelope, NamedZone, Wording};
pub use fault::Fault;
pub use level::{Hazard, Level, Texts, UnknownWord, text_in, texts};
pub use lifecycle::Kind;
pub use template::{Occasion, Phrase, Templates};
pub use triple::{Evidence, Impact, TimeToImpact, Triple, triple};
