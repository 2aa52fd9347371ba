//! Checks an alert against the rules that the schema doesn't express, and against our city's profile.
//! Called before publication, by `hamyar cap check`, and for alerts of others that were read.
//! Every fault is found at once, each with where, why, and what to do.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::cap::{Alert, Area, CapTime, Info, MsgType, Resource, Scope, Status, Urgency};
use crate::content::HEADLINE_CHARS_MAX;

/// How bad a finding is.
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

/// One thing that is wrong with an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub gravity: Gravity,
    /// Where, as a path like `/alert/info[1]/area[2]/polygon`.
    pub path: String,
    /// A stable name for machines; it begins with `schema-` when the OASIS schema refuses the document for it.
    pub code: &'static str,
    /// What is wrong, a plain sentence.
    pub what: String,
    /// What to do.
    pub fix: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}); {}", self.path, self.what, self.code, self.fix)
    }
}

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The standard alone.
    Base,
    /// The standard and what our city asks: Persian and English, an end, an instruction, headline ≤ 160, a contact, an area.
    City,
}

/// Every finding, in the order of the document. O(n).
pub fn check(alert: &Alert, profile: Profile) -> Vec<Finding> {
    let mut page = Findings(Vec::new());
    page.alert(alert);
    for (i, info) in alert.infos.iter().enumerate() {
        page.info(alert, info, &format!("/alert/info[{}]", i + 1));
    }
    page.languages(alert);
    match profile {
        Profile::Base => {}
        Profile::City => page.city(alert),
    }
    page.0
}

/// The first thing in a text that looks like an HTML tag or entity (CAP 1.2 §3.3.3 wants plain text).
pub(crate) fn markup_in(text: &str) -> Option<&str> {
    for (start, c) in text.char_indices() {
        let rest = &text[start..];
        let (end, inside): (char, fn(char) -> bool) = match c {
            '<' => ('>', |c| {
                c.is_ascii_alphanumeric() || matches!(c, '/' | ' ' | '=' | '"' | '\'' | '-' | ':' | '.' | '#' | ';')
            }),
            '&' => (';', |c| c.is_ascii_alphanumeric() || c == '#'),
            _ => continue,
        };
        let body = &rest[1..];
        if let Some(length) = body.find(|c| !inside(c) || c == end)
            && body[length..].starts_with(end)
            && body
                .starts_with(|c: char| c.is_ascii_alphabetic() || (c == '/' && end == '>') || (c == '#' && end == ';'))
        {
            return Some(&rest[..length + 2]);
        }
    }
    None
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, gravity: Gravity, path: &str, code: &'static str, what: impl Into<String>, fix: &'static str) {
        self.0.push(Finding { gravity, path: path.to_owned(), code, what: what.into(), fix });
    }

    fn alert(&mut self, alert: &Alert) {
        use Gravity::{Error, Hint, Warning};
        self.time(&alert.sent, "/alert/sent");
        match alert.scope {
            Scope::Private if alert.addresses.is_empty() => {
                self.add(
                    Error,
                    "/alert/addresses",
                    "addresses-missing",
                    "a private alert names no recipient",
                    "list the recipients in addresses",
                );
            }
            Scope::Restricted if alert.restriction.is_none() => {
                self.add(
                    Error,
                    "/alert/restriction",
                    "restriction-missing",
                    "a restricted alert names no restriction",
                    "say the rule in restriction",
                );
            }
            Scope::Public | Scope::Private if alert.restriction.is_some() => {
                self.add(
                    Error,
                    "/alert/restriction",
                    "restriction-out-of-scope",
                    "a restriction stands in an alert that is not restricted",
                    "use scope Restricted, or leave it out",
                );
            }
            Scope::Public | Scope::Private | Scope::Restricted => {}
        }
        match alert.msg_type {
            MsgType::Update | MsgType::Cancel if alert.references.is_empty() => {
                self.add(
                    Error,
                    "/alert/references",
                    "references-missing",
                    format!("a message of type {} names no earlier message", alert.msg_type),
                    "name every related message that is still unexpired",
                );
            }
            MsgType::Ack | MsgType::Error if alert.references.is_empty() => {
                self.add(
                    Error,
                    "/alert/references",
                    "references-missing",
                    "an answer does not say to which message",
                    "name the message that is answered",
                );
            }
            MsgType::Alert | MsgType::Update | MsgType::Cancel | MsgType::Ack | MsgType::Error => {}
        }
        if alert.msg_type == MsgType::Error && alert.note.is_none() {
            self.add(
                Error,
                "/alert/note",
                "error-unexplained",
                "an Error message has no note",
                "say in the note what is wrong",
            );
        }
        if alert.status == Status::Exercise && alert.note.is_none() {
            self.add(
                Warning,
                "/alert/note",
                "exercise-unnamed",
                "an exercise is not named",
                "name the exercise in the note",
            );
        }
        let mut seen = HashSet::new();
        for reference in &alert.references {
            if reference.identifier == alert.identifier && reference.sender == alert.sender {
                self.add(
                    Error,
                    "/alert/references",
                    "references-itself",
                    "the alert references itself",
                    "leave its own identifier out",
                );
            }
            if reference.sent.timestamp() > alert.sent.timestamp() {
                self.add(
                    Error,
                    "/alert/references",
                    "references-later",
                    format!("“{}” was sent later than this alert", reference.identifier),
                    "correct the time of the reference",
                );
            }
            if !seen.insert(reference) {
                self.add(
                    Hint,
                    "/alert/references",
                    "references-twice",
                    format!("“{}” is referenced twice", reference.identifier),
                    "name it once",
                );
            }
        }
        let answers = matches!(alert.msg_type, MsgType::Ack | MsgType::Error);
        if alert.infos.is_empty() && !answers && alert.msg_type != MsgType::Cancel {
            self.add(
                Warning,
                "/alert/info",
                "info-missing",
                "the alert says nothing: it has no info",
                "add an info block for each language",
            );
        }
    }

    fn info(&mut self, alert: &Alert, info: &Info, path: &str) {
        use Gravity::{Error, Hint, Warning};
        if info.event.is_empty() {
            self.add(Error, &format!("{path}/event"), "event-empty", "the event has no name", "name the event");
        }
        let times = [("effective", &info.effective), ("onset", &info.onset), ("expires", &info.expires)];
        for (name, time) in times {
            if let Some(time) = time {
                self.time(time, &format!("{path}/{name}"));
            }
        }
        let expires_path = format!("{path}/expires");
        match &info.expires {
            None => self.add(
                Warning,
                &expires_path,
                "expires-missing",
                "nobody knows until when it holds",
                "say when it expires",
            ),
            Some(expires) => {
                let effective = info.effective.as_ref().unwrap_or(&alert.sent);
                if expires.timestamp() <= effective.timestamp() {
                    self.add(
                        Error,
                        &expires_path,
                        "expires-before-effective",
                        "it expires before it begins",
                        "correct expires or effective",
                    );
                }
                if info.onset.as_ref().is_some_and(|onset| expires.timestamp() < onset.timestamp()) {
                    self.add(
                        Warning,
                        &expires_path,
                        "expires-before-onset",
                        "it expires before the event begins",
                        "correct expires or onset",
                    );
                }
            }
        }
        let texts = [
            ("event", Some(&info.event)),
            ("audience", info.audience.as_ref()),
            ("senderName", info.sender_name.as_ref()),
            ("headline", info.headline.as_ref()),
            ("description", info.description.as_ref()),
            ("instruction", info.instruction.as_ref()),
            ("contact", info.contact.as_ref()),
        ];
        for (name, text) in texts {
            let Some(text) = text else { continue };
            if name != "event" && text.is_empty() {
                self.add(
                    Hint,
                    &format!("{path}/{name}"),
                    "element-empty",
                    format!("{name} is there but empty"),
                    "leave the element out",
                );
            }
            if let Some(tag) = markup_in(text) {
                self.add(
                    Warning,
                    &format!("{path}/{name}"),
                    "markup",
                    format!("“{tag}” looks like HTML"),
                    "write plain text",
                );
            }
            if text.contains('\u{fffd}') {
                self.add(
                    Warning,
                    &format!("{path}/{name}"),
                    "text-damaged",
                    "a character was lost (U+FFFD)",
                    "write the text again",
                );
            }
        }
        if let Some(headline) = &info.headline {
            let chars = headline.chars().count();
            if chars > HEADLINE_CHARS_MAX {
                self.add(
                    Hint,
                    &format!("{path}/headline"),
                    "headline-long",
                    format!("the headline has {chars} characters"),
                    "stay within 160",
                );
            }
        }
        if info.headline.is_some()
            && info.headline == info.description
            && info.headline.as_ref().is_some_and(|text| !text.is_empty())
        {
            self.add(
                Hint,
                &format!("{path}/description"),
                "text-repeated",
                "headline and description are the same",
                "let the description say more",
            );
        }
        if info.web.as_ref().is_some_and(|web| !web.is_absolute()) {
            self.add(
                Error,
                &format!("{path}/web"),
                "web-relative",
                "the address has no scheme",
                "write the full address",
            );
        }
        for (i, resource) in info.resources.iter().enumerate() {
            self.resource(resource, &format!("{path}/resource[{}]", i + 1));
        }
        for (i, area) in info.areas.iter().enumerate() {
            self.area(area, &format!("{path}/area[{}]", i + 1));
        }
    }

    fn resource(&mut self, resource: &Resource, path: &str) {
        use Gravity::{Error, Warning};
        let well_formed = resource.mime_type.split_once('/').is_some_and(|(kind, sub)| {
            let token = |word: &str| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
            };
            token(kind.trim()) && token(sub.split(';').next().unwrap_or("").trim())
        });
        if !well_formed {
            self.add(
                Warning,
                &format!("{path}/mimeType"),
                "mime-type",
                format!("“{}” is no media type", resource.mime_type.as_str()),
                "write type/subtype (RFC 2046)",
            );
        }
        if resource.uri.as_ref().is_some_and(|uri| !uri.is_absolute()) && resource.deref_uri.is_none() {
            self.add(
                Error,
                &format!("{path}/uri"),
                "uri-relative",
                "a relative address without content cannot be fetched",
                "write the full address, or add derefUri",
            );
        }
        if resource
            .digest
            .as_ref()
            .is_some_and(|digest| digest.len() != 40 || !digest.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            self.add(
                Warning,
                &format!("{path}/digest"),
                "digest",
                "the digest is no SHA-1 in hexadecimal",
                "write 40 hexadecimal digits",
            );
        }
    }

    fn area(&mut self, area: &Area, path: &str) {
        use Gravity::{Error, Hint, Warning};
        if area.description.is_empty() {
            self.add(
                Error,
                &format!("{path}/areaDesc"),
                "area-unnamed",
                "the area is not described in words",
                "name the area",
            );
        }
        for unusable in &area.unusable {
            let name = match unusable {
                crate::cap::Unusable::Polygon(_) => "polygon",
                crate::cap::Unusable::Circle(_) => "circle",
            };
            self.add(
                Error,
                &format!("{path}/{name}"),
                "shape-unusable",
                format!("a {name} cannot be used as it is"),
                "correct its positions",
            );
        }
        for circle in &area.circles {
            if circle.radius_km() == 0.0 {
                self.add(Hint, &format!("{path}/circle"), "circle-zero", "a circle has no radius", "give it a radius");
            }
        }
        if area.polygons.is_empty() && area.circles.is_empty() && area.geocodes.is_empty() {
            self.add(
                Warning,
                path,
                "area-words-only",
                "the area is only words; no machine can tell who is inside",
                "add a polygon, a circle or a geocode",
            );
        }
        match (area.altitude, area.ceiling) {
            (None, Some(_)) => self.add(
                Error,
                &format!("{path}/ceiling"),
                "ceiling-alone",
                "a ceiling stands without altitude",
                "give the altitude too",
            ),
            (Some(altitude), Some(ceiling)) if ceiling < altitude => {
                self.add(
                    Error,
                    &format!("{path}/ceiling"),
                    "ceiling-low",
                    "the ceiling is below the altitude",
                    "correct the heights (feet)",
                );
            }
            (None | Some(_), None) | (Some(_), Some(_)) => {}
        }
    }

    fn time(&mut self, time: &CapTime, path: &str) {
        if time.writes_utc_wrongly() {
            self.add(Gravity::Warning, path, "utc-plus", "UTC is written +00:00", "write UTC as -00:00");
        }
    }

    fn languages(&mut self, alert: &Alert) {
        // Each is compared with each, so a hostile alert with thousands of infos is compared in part only.
        const INFOS_MAX: usize = 64;
        for (i, info) in alert.infos.iter().take(INFOS_MAX).enumerate() {
            for (j, other) in alert.infos[..i].iter().enumerate() {
                let translated = info.language.is_some() && other.language.is_some() && info.language != other.language;
                let same = |a: &Option<crate::cap::Text>, b: &Option<crate::cap::Text>| {
                    a == b && a.as_ref().is_some_and(|text| text.chars().count() > 20)
                };
                if translated && (same(&info.headline, &other.headline) || same(&info.description, &other.description))
                {
                    self.add(
                        Gravity::Hint,
                        &format!("/alert/info[{}]", i + 1),
                        "not-translated",
                        format!("the same text as in info[{}], under another language", j + 1),
                        "translate it",
                    );
                }
            }
        }
    }

    fn city(&mut self, alert: &Alert) {
        use Gravity::{Error, Warning};
        if matches!(alert.msg_type, MsgType::Ack | MsgType::Error) {
            return;
        }
        for lang in crate::content::LANGUAGES {
            let there = alert
                .infos
                .iter()
                .any(|info| info.language.as_ref().is_some_and(|tag| tag.as_str().split('-').next() == Some(lang)));
            if !there {
                self.add(
                    Error,
                    "/alert/info",
                    "city-language",
                    format!("no info in “{lang}”"),
                    "every alert of the city speaks fa and en",
                );
            }
        }
        for (i, info) in alert.infos.iter().enumerate() {
            let path = format!("/alert/info[{}]", i + 1);
            let missing = |text: &Option<crate::cap::Text>| text.as_ref().is_none_or(|text| text.is_empty());
            for (name, absent) in [
                ("headline", missing(&info.headline)),
                ("description", missing(&info.description)),
                ("instruction", missing(&info.instruction)),
                ("contact", missing(&info.contact)),
                ("senderName", missing(&info.sender_name)),
                ("expires", info.expires.is_none()),
                ("area", info.areas.is_empty()),
                ("eventCode", info.event_codes.is_empty()),
                ("responseType", info.response_types.is_empty()),
            ] {
                if absent {
                    self.add(
                        Error,
                        &format!("{path}/{name}"),
                        "city-missing",
                        format!("{name} is missing"),
                        "the city's profile wants it in every info",
                    );
                }
            }
            if info.headline.as_ref().is_some_and(|headline| headline.chars().count() > HEADLINE_CHARS_MAX) {
                self.add(
                    Error,
                    &format!("{path}/headline"),
                    "city-headline-long",
                    "the headline has more than 160 characters",
                    "shorten it",
                );
            }
            let clears = info.response_types.contains(&crate::cap::ResponseType::AllClear);
            if clears && (info.urgency != Urgency::Past || alert.msg_type != MsgType::Update) {
                self.add(
                    Error,
                    &path,
                    "city-all-clear",
                    "an all-clear must be an Update with urgency Past",
                    "use msgType Update and urgency Past",
                );
            }
            for (j, area) in info.areas.iter().enumerate() {
                if area.polygons.iter().any(|polygon| polygon.ring().len() > crate::area::POSITIONS_MAX) {
                    self.add(
                        Warning,
                        &format!("{path}/area[{}]/polygon", j + 1),
                        "city-polygon-rich",
                        "a polygon has more than 100 positions",
                        "simplify it outward",
                    );
                }
            }
        }
    }
}
