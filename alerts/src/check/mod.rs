//! Checks an alert against the rules that the schema doesn't express, and against profiles, which are files of rules.
//! Called before publication, by `hamyar cap check`, and for alerts of others that were read.
//! Every fault is found at once, each with where, why, what to do, and who says so.
//!
//! # Profiles
//!
//! A profile is a TOML text. The rules of the standard ([`Profile::Base`]) always apply; a profile adds rules (`[[rule]]`) and
//! takes rules of the standard more seriously (`[[raise]]`). [`Rules::parse`] reads one, and lists every fault of it.
//!
//! ```toml
//! name = "harbour"                      # small letters, digits, hyphens
//! title = "Alerts to ships"
//! source = "Harbour master's order 7 of 2026"
//!
//! [[rule]]
//! code = "harbour-callsign"             # the stable name of the rule
//! severity = "error"                    # error, warning or hint
//! kind = "count"                        # what is demanded, from the table below
//! element = "info/parameter"
//! name = "callsign"
//! min = 1
//! when = { msg_type = ["Alert"] }       # only then; see below
//! source = "order 7, § 3"               # who says so
//! says = "there are {count} call signs" # what is wrong, a plain sentence
//! fix = "name the ships"                # what to do
//!
//! [[raise]]
//! code = "expires-missing"              # a rule of the standard
//! severity = "error"
//! source = "order 7, § 4"
//! ```
//!
//! | kind | demands | its keys | fills in |
//! |---|---|---|---|
//! | `present` | one of the elements is there and not empty | `element` or `elements` | |
//! | `absent` | the element is not there | `element` | `{value}` |
//! | `count` | so many values; of a pair, those with this `valueName` | `element`, `name`, `min`, `max` | `{count}` `{min}` `{max}` |
//! | `form` | each value has a form: `not-empty`, `plain-text`, `undamaged`, `absolute-uri`, `media-type`, `sha-1`, `base64`, `e-mail`, `utc-minus`, `local-offset`, `whole-pair` | `element` or `elements`, `form` | `{value}` |
//! | `picture` | each value looks like a picture: `9` a digit, `A` a capital letter, `*` anything | `element`, `name`, `pictures` | `{value}` |
//! | `one-of`, `none-of` | each value is, or is not, one of the words | `element`, `words` | `{value}` |
//! | `holds` | one of the values is this | `element`, `value` | `{value}` |
//! | `chars` | each value has at most so many characters | `element`, `max` | `{count}` `{max}` |
//! | `positions` | each polygon has at most so many positions | `max` | `{count}` `{max}` |
//! | `languages` | an info in each language, infos in so many languages | `languages`, `min` | `{value}` |
//! | `same` | the same values in all infos, or all of one language | `element`, `by_language` | `{other}` |
//! | `differ` | no two of the texts are the same | `elements` | `{other}` |
//! | `order` | one time before the other; an absent `effective` is `sent` | `first`, `then`, `may_equal` | |
//! | `references-others`, `references-earlier`, `references-once` | no reference to itself, to a later message, twice to one | | `{value}` |
//! | `usable-shapes`, `simple-polygons`, `wide-polygons`, `wide-circles`, `ceiling-above-altitude` | shapes and heights that mean an area | | |
//! | `digest-of-content` | the digest is that of the content | | |
//! | `translated`, `not-overridden` | no two languages with one text, no two answers to one question | | `{other}` |
//! | `written-in-its-language` | the letters are those of the language | | `{value}` |
//!
//! An element is written with its parent: `alert/note`, `info/expires`, `resource/uri`, `area/geocode`. `{msg_type}` is filled in
//! everywhere. `when` may have `msg_type`, `status`, `scope`, `response_type` (lists of CAP's words), `has` and `lacks` (an element).

mod crossing; // Whether a polygon crosses itself.
mod element; // CAP's elements by name, and their values.
mod form; // What values must look like.
mod judge; // Rules applied to an alert.
mod keys; // The keys of a profile's tables.
mod rules; // A profile read from its text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cap::Alert;
use crate::level::word;
use crate::xml::Read;
pub(crate) use form::markup_in;
use judge::{Found, judge};
pub use rules::{Raise, Rule, Rules};

/// How bad a finding is. Profiles and JSON call it severity; here that word is CAP's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gravity {
    /// Allowed, but better avoided.
    Hint,
    /// Against a recommendation; some receivers will misunderstand.
    Warning,
    /// Against the standard or the profile.
    Error,
}

impl Gravity {
    /// Each, the least first.
    pub const ALL: [Self; 3] = [Self::Hint, Self::Warning, Self::Error];

    /// The word used in profiles and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

word!(Gravity, "severity of a finding");

/// One thing that is wrong with an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    #[serde(rename = "severity")]
    pub gravity: Gravity,
    /// Where, as a path like `/alert/info[1]/area[2]/polygon[1]`; numbers count from 1.
    pub path: String,
    /// A stable name for machines; it begins with `schema-` when the OASIS schema refuses the document for it.
    pub code: Cow<'static, str>,
    /// What is wrong, a plain sentence.
    pub what: String,
    /// What to do.
    pub fix: Cow<'static, str>,
    /// Who says so: a section of the standard or of a profile. Empty where the reader says it, whose source is the schema.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub source: Cow<'static, str>,
}

impl Finding {
    /// A finding without a source.
    pub fn new(
        gravity: Gravity,
        path: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        what: impl Into<String>,
        fix: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (path, code, what, fix) = (path.into(), code.into(), what.into(), fix.into());
        Self { gravity, path, code, what, fix, source: Cow::Borrowed("") }
    }

    /// The same with its source.
    #[must_use]
    pub fn according_to(self, source: impl Into<Cow<'static, str>>) -> Self {
        Self { source: source.into(), ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {} {}; {}", self.path, self.gravity, self.code, self.what, self.fix)
    }
}

/// A profile that is part of this crate; others are read by [`Rules::parse`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// The standard alone.
    Base,
    /// United States: IPAWS Profile 1.0.
    Ipaws,
    /// Australia: CAP-AU 1.0.
    CapAu,
    /// Europe: what MeteoAlarm reads.
    #[serde(rename = "meteoalarm")]
    MeteoAlarm,
    /// What Google Public Alerts asks of its sources.
    Google,
    /// What our city asks of its own: Persian and English, an end, an instruction, headline ≤ 160, a contact, an area.
    City,
}

impl Profile {
    /// Every profile of this crate.
    pub const ALL: [Self; 6] = [Self::Base, Self::Ipaws, Self::CapAu, Self::MeteoAlarm, Self::Google, Self::City];

    /// Its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Ipaws => "ipaws",
            Self::CapAu => "cap-au",
            Self::MeteoAlarm => "meteoalarm",
            Self::Google => "google",
            Self::City => "city",
        }
    }

    /// Its text, from which one's own profile may start.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Base => include_str!("profiles/base.toml"),
            Self::Ipaws => include_str!("profiles/ipaws.toml"),
            Self::CapAu => include_str!("profiles/cap-au.toml"),
            Self::MeteoAlarm => include_str!("profiles/meteoalarm.toml"),
            Self::Google => include_str!("profiles/google.toml"),
            Self::City => include_str!("profiles/city.toml"),
        }
    }
}

word!(Profile, "profile");

/// Every finding by the standard and one profile of this crate, the worst first, then by rule and place.
///
/// Reads the profile's text each time; who checks many alerts keeps a [`Checker`].
///
/// ```
/// use alerts::cap::{Alert, CapTime, Identifier, MsgType, Sender, Status};
/// use alerts::{Profile, check};
/// let cancel = Alert::new(
///     Identifier::new("urn:uuid:2")?, Sender::new("crisis@hamadan.ir")?, CapTime::parse("2026-03-21T04:00:00+03:30")?,
///     Status::Actual, MsgType::Cancel,
/// );
/// let findings = check(&cancel, Profile::Base);
/// assert_eq!(findings[0].code, "references-missing");
/// assert_eq!(findings[0].path, "/alert/references");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(alert: &Alert, profile: Profile) -> Vec<Finding> {
    Checker::of(profile).check(alert)
}

/// The standard and any profiles, read once, for any number of alerts.
///
/// ```
/// use alerts::{Checker, Profile, Rules, xml};
/// let checker = Checker::new([Rules::embedded(Profile::Google), Rules::embedded(Profile::Ipaws)]);
/// let read = xml::read(b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>a</identifier><sender>b</sender>\
///     <sent>2026-03-21T04:00:00+03:30</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope></alert>")?;
/// let codes: Vec<_> = checker.check_read(&read).into_iter().map(|finding| finding.code).collect();
/// assert_eq!(codes, ["info-missing", "ipaws-code"]);
/// # Ok::<(), alerts::xml::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Checker {
    base: Rules,
    profiles: Vec<Rules>,
}

impl Checker {
    /// A checker by the standard and some profiles; naming the standard again, or a profile twice, changes nothing.
    pub fn new(profiles: impl IntoIterator<Item = Rules>) -> Self {
        let base = Rules::embedded(Profile::Base);
        let mut kept: Vec<Rules> = Vec::new();
        for profile in profiles {
            if profile != base && !kept.contains(&profile) {
                kept.push(profile);
            }
        }
        Self { base, profiles: kept }
    }

    /// A checker by the standard and one profile of this crate, to be kept by who checks more than one alert.
    ///
    /// ```
    /// use alerts::{Checker, Profile, Rules};
    /// let checker = Checker::of(Profile::City);
    /// assert_eq!(checker, Checker::new([Rules::embedded(Profile::City)]));
    /// ```
    pub fn of(profile: Profile) -> Self {
        Self::new([Rules::embedded(profile)])
    }

    /// Every finding about an alert, the worst first, then by rule and place.
    ///
    /// O(n) in the alert but for polygons (see [`Profile::Base`]'s `polygon-crosses`), whose edges are compared up to a limit.
    pub fn check(&self, alert: &Alert) -> Vec<Finding> {
        self.settled(Vec::new(), alert)
    }

    /// Every finding about a document that was read: the reader's about its form, and those of [`Checker::check`].
    ///
    /// What the reader found is not said again by a rule.
    pub fn check_read(&self, read: &Read) -> Vec<Finding> {
        self.settled(read.findings.clone(), &read.alert)
    }

    fn settled(&self, mut findings: Vec<Finding>, alert: &Alert) -> Vec<Finding> {
        let mut found = judge(alert, &self.base.rules);
        for Found { finding, .. } in &mut found {
            for raise in self.profiles.iter().flat_map(|profile| &profile.raises) {
                if raise.code == finding.code && raise.gravity > finding.gravity {
                    finding.gravity = raise.gravity;
                    finding.source = Cow::Owned(raise.source.clone());
                }
            }
        }
        found.extend(self.profiles.iter().flat_map(|profile| judge(alert, &profile.rules)));
        // One cause, one finding. What the reader said of a place is not said again by a rule, and that an element is empty is the
        // lesser half of that it is missing.
        let read: HashSet<(Cow<'static, str>, String)> =
            findings.iter().map(|finding| (finding.code.clone(), without_number(&finding.path).to_owned())).collect();
        let unreadable: HashSet<String> =
            findings.iter().filter(|finding| finding.code != EMPTY).map(|finding| finding.path.clone()).collect();
        let missing: HashSet<String> =
            found.iter().filter(|found| found.absence).map(|found| found.finding.path.clone()).collect();
        let said = |Found { finding, absence }: &Found| {
            read.contains(&(finding.code.clone(), without_number(&finding.path).to_owned()))
                || (*absence && unreadable.contains(&finding.path))
        };
        findings.extend(found.into_iter().filter(|found| !said(found)).map(|found| found.finding));
        findings.retain(|finding| finding.code != EMPTY || !missing.contains(&finding.path));
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.gravity));
        findings
    }
}

/// The code by which the reader and the standard's rules call an element that is there and empty.
const EMPTY: &str = "element-empty";

/// A path without the number at its end: the reader numbers a shape that a rule only knows by its parent.
fn without_number(path: &str) -> &str {
    path.strip_suffix(']').and_then(|path| path.rsplit_once('[')).map_or(path, |(path, _)| path)
}
