//! Lists alerts as an Atom feed (RFC 4287) or an RSS 2.0 channel, with CAP and GeoRSS elements for programs.
//! Called by the service with *all* live public alerts; the caller keeps a Cancel until what it cancelled would have expired.
//! Private and Restricted alerts can't become an entry, an exercise only of its own feed; the same entries always give the same bytes.
//!
//! An entry's id is the alert's identifier and its time is `sent`, so neither ever changes; a later message is another entry. A feed
//! says when it last changed itself ([`FeedMeta::updated`]), and never that it changed before its newest entry did.
//!
//! | CAP | Atom | RSS |
//! |---|---|---|
//! | identifier | id, as a URI | guid |
//! | sent | updated, published | pubDate |
//! | headline, else event | title | title |
//! | description, else note | summary | description |
//! | senderName, else sender | author/name | dc:creator |
//! | category | category | category |
//! | web | link rel=related | |
//! | polygon, circle | georss:polygon, georss:circle | the same |
//! | status, msgType, event, urgency, severity, certainty, onset, expires, areaDesc, geocode | cap:… | the same |
//!
//! Source of the mapping: OASIS “Example Practices: CAP Feeds Version 1.0” (CN02, 2014) and the shape that NWS and WMO tools read;
//! GeoRSS-Simple (OGC 17-002r1): `lat lon lat lon …`, a circle's radius in metres.

mod atom; // RFC 4287.
mod rss; // RSS 2.0.

use jiff::Timestamp;
use jiff::tz::Offset;

pub use atom::atom;
pub use rss::rss;

use crate::cap::{Alert, Circle, Info, MsgType, Polygon, Scope, Status};
use crate::xml;

/// The media type of a CAP document in a feed.
pub const CAP_MEDIA_TYPE: &str = "application/cap+xml";

/// What the feed says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedMeta {
    /// Its name for ever: a URI.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its address.
    pub self_url: String,
    /// The page that shows the same for people.
    pub site_url: String,
    /// Who publishes it.
    pub author: String,
    /// Its language, BCP 47.
    pub lang: String,
    /// The same feed in other languages: language and address.
    pub others: Vec<(String, String)>,
    /// When the set of its entries last changed: also when one left.
    pub updated: Timestamp,
}

/// One alert in a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    identifier: String,
    title: String,
    updated: Timestamp,
    summary: String,
    author: String,
    url: String,
    status: Status,
    msg_type: MsgType,
    /// What it says in the feed's language, or in the nearest it has.
    info: Option<Info>,
}

impl Entry {
    /// The entry of a real alert in a language; `None` for one that is not for the public, for answers (Ack, Error),
    /// and for exercises, tests and drafts.
    ///
    /// `url` is where its CAP document is.
    pub fn of(alert: &Alert, lang: &str, url: &str) -> Option<Self> {
        (alert.status == Status::Actual).then(|| Self::any(alert, lang, url)).flatten()
    }

    /// The entry of an exercise, for a feed of exercises only; `None` for everything else.
    pub fn of_exercise(alert: &Alert, lang: &str, url: &str) -> Option<Self> {
        (alert.status == Status::Exercise).then(|| Self::any(alert, lang, url)).flatten()
    }

    fn any(alert: &Alert, lang: &str, url: &str) -> Option<Self> {
        match alert.scope {
            Scope::Public => {}
            Scope::Private | Scope::Restricted => return None,
        }
        match alert.msg_type {
            MsgType::Alert | MsgType::Update | MsgType::Cancel => {}
            MsgType::Ack | MsgType::Error => return None,
        }
        let info = alert.info_in(lang);
        let text = |pick: fn(&Info) -> Option<&crate::cap::Text>| {
            info.and_then(pick).map(ToString::to_string).filter(|text| !text.is_empty())
        };
        let event = || info.map_or_else(|| alert.msg_type.to_string(), |info| info.event.to_string());
        Some(Self {
            identifier: alert.identifier.to_string(),
            title: text(|info| info.headline.as_ref()).unwrap_or_else(event),
            updated: alert.sent.timestamp(),
            summary: text(|info| info.description.as_ref())
                .or_else(|| alert.note.as_ref().map(ToString::to_string))
                .unwrap_or_else(event),
            author: text(|info| info.sender_name.as_ref()).unwrap_or_else(|| alert.sender.to_string()),
            url: url.to_owned(),
            status: alert.status,
            msg_type: alert.msg_type,
            info: info.cloned(),
        })
    }

    /// The alert's identifier.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The language that it speaks, which is not the feed's when the alert does not speak that.
    fn lang(&self) -> Option<&str> {
        self.info.as_ref().map(|info| info.language.as_ref().map_or("en-US", crate::cap::Language::as_str))
    }
}

/// The newest first; of one second, by identifier, so that the bytes are stable.
fn newest_first(entries: &[Entry]) -> Vec<&Entry> {
    let mut all: Vec<&Entry> = entries.iter().collect();
    all.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.identifier.cmp(&b.identifier)));
    all
}

/// When a feed changed: when its caller says, and never before its newest entry.
fn updated(meta: &FeedMeta, entries: &[Entry]) -> Timestamp {
    entries.iter().map(|entry| entry.updated).fold(meta.updated, Timestamp::max)
}

/// What programs read: CAP's own elements and the shapes.
fn machine_part(page: &mut String, depth: usize, entry: &Entry) {
    element(page, depth, "cap:status", entry.status.as_str());
    element(page, depth, "cap:msgType", entry.msg_type.as_str());
    let Some(info) = &entry.info else { return };
    element(page, depth, "cap:event", &info.event);
    element(page, depth, "cap:urgency", info.urgency.as_str());
    element(page, depth, "cap:severity", info.severity.as_str());
    element(page, depth, "cap:certainty", info.certainty.as_str());
    for (name, time) in [("cap:effective", &info.effective), ("cap:onset", &info.onset), ("cap:expires", &info.expires)]
    {
        if let Some(time) = time {
            element(page, depth, name, time.as_str());
        }
    }
    for area in &info.areas {
        element(page, depth, "cap:areaDesc", &area.description);
        for geocode in &area.geocodes {
            indent(page, depth);
            page.push_str("<cap:geocode>\n");
            element(page, depth + 1, "cap:valueName", &geocode.name);
            element(page, depth + 1, "cap:value", &geocode.value);
            indent(page, depth);
            page.push_str("</cap:geocode>\n");
        }
    }
    for polygon in info.areas.iter().flat_map(|area| &area.polygons) {
        element(page, depth, "georss:polygon", &spaced(polygon));
    }
    for circle in info.areas.iter().flat_map(|area| &area.circles) {
        element(page, depth, "georss:circle", &round(*circle));
    }
}

fn indent(page: &mut String, depth: usize) {
    for _ in 0..depth {
        page.push_str("  ");
    }
}

fn element(page: &mut String, depth: usize, name: &str, value: &str) {
    indent(page, depth);
    page.push('<');
    page.push_str(name);
    page.push('>');
    xml::text(page, value);
    page.push_str("</");
    page.push_str(name);
    page.push_str(">\n");
}

/// An element without content.
fn empty(page: &mut String, depth: usize, name: &str, attributes: &[(&str, &str)]) {
    indent(page, depth);
    page.push('<');
    page.push_str(name);
    for (name, value) in attributes {
        page.push(' ');
        page.push_str(name);
        page.push_str("=\"");
        xml::attribute(page, value);
        page.push('"');
    }
    page.push_str("/>\n");
}

/// `lat lon lat lon …`.
fn spaced(polygon: &Polygon) -> String {
    polygon.ring().iter().map(|at| format!("{} {}", at.y, at.x)).collect::<Vec<_>>().join(" ")
}

/// `lat lon metres`.
fn round(circle: Circle) -> String {
    let centre = circle.centre();
    format!("{} {} {}", centre.y, centre.x, (circle.radius_km() * 1_000.0).round())
}

fn rfc_3339(at: Timestamp) -> String {
    let utc = Offset::UTC.to_datetime(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cap::{CapTime, Category, Identifier, Language, Sender, Text};

    fn alert(number: usize) -> Alert {
        let mut info = Info::new(Category::Met, "سیل");
        info.language = Some(Language::new("fa").unwrap());
        info.headline = Some(Text::new("هشدار سیل <پل ۳> & بازار"));
        Alert {
            infos: vec![info],
            ..Alert::new(
                Identifier::new(&format!("urn:uuid:{number}")).unwrap(),
                Sender::new("crisis@hamadan.ir").unwrap(),
                CapTime::parse(&format!("2026-03-21T04:00:{:02}+03:30", number % 60)).unwrap(),
                Status::Actual,
                MsgType::Alert,
            )
        }
    }

    fn meta() -> FeedMeta {
        FeedMeta {
            id: "https://hamadan.ir/cap/feed.atom".into(),
            title: "هشدارهای همدان".into(),
            self_url: "https://hamadan.ir/cap/feed.atom?lang=fa&x=1".into(),
            site_url: "https://hamadan.ir/".into(),
            author: "ستاد بحران".into(),
            lang: "fa".into(),
            others: vec![("en".into(), "https://hamadan.ir/cap/feed.atom?lang=en".into())],
            updated: "2026-03-21T00:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn all_live_alerts_are_listed_newest_first_and_escaped() {
        // Peers drop the sixth warning; a feed of ours has no such limit.
        let entries: Vec<Entry> =
            (0..50).filter_map(|i| Entry::of(&alert(i), "fa", "https://hamadan.ir/cap/1.xml")).collect();
        let feed = atom(&meta(), &entries);
        assert_eq!(feed.matches("<entry>").count(), 50);
        assert!(feed.contains("هشدار سیل &lt;پل ۳&gt; &amp; بازار"));
        assert!(feed.contains("href=\"https://hamadan.ir/cap/feed.atom?lang=fa&amp;x=1\""));
        assert!(feed.find("urn:uuid:49<").unwrap() < feed.find("urn:uuid:1<").unwrap());
        assert!(feed.contains("<updated>2026-03-21T00:30:49Z</updated>"));
        let channel = rss(&meta(), &entries);
        assert_eq!(channel.matches("<item>").count(), 50);
        assert!(channel.contains("<pubDate>Sat, 21 Mar 2026 00:30:49 +0000</pubDate>"));
    }

    #[test]
    fn what_is_not_public_cannot_be_listed_and_an_exercise_only_among_exercises() {
        for scope in [Scope::Private, Scope::Restricted] {
            assert_eq!(Entry::of(&Alert { scope, ..alert(1) }, "fa", "x"), None);
            let exercise = Alert { scope, status: Status::Exercise, ..alert(1) };
            assert_eq!(Entry::of_exercise(&exercise, "fa", "x"), None);
        }
        for status in Status::ALL {
            let one = Alert { status, ..alert(1) };
            assert_eq!(Entry::of(&one, "fa", "x").is_some(), status == Status::Actual, "{status}");
            assert_eq!(Entry::of_exercise(&one, "fa", "x").is_some(), status == Status::Exercise, "{status}");
        }
    }

    #[test]
    fn an_answer_to_a_message_of_others_is_no_news_for_the_public() {
        for msg_type in MsgType::ALL {
            let listed = !matches!(msg_type, MsgType::Ack | MsgType::Error);
            let one = Alert { msg_type, ..alert(1) };
            assert_eq!(Entry::of(&one, "fa", "x").is_some(), listed, "{msg_type}");
            let exercise = Alert { status: Status::Exercise, ..one };
            assert_eq!(Entry::of_exercise(&exercise, "fa", "x").is_some(), listed, "{msg_type}");
        }
    }

    #[test]
    fn a_feed_never_says_that_it_is_older_than_its_newest_entry_and_its_bytes_know_no_order() {
        let mut entries: Vec<Entry> = (0..90).filter_map(|i| Entry::of(&alert(i), "fa", "x")).collect();
        let early = FeedMeta { updated: Timestamp::UNIX_EPOCH, ..meta() };
        let (feed, channel) = (atom(&early, &entries), rss(&early, &entries));
        assert!(feed.contains("<title>هشدارهای همدان</title>\n  <updated>2026-03-21T00:30:59Z</updated>"), "{feed}");
        assert!(channel.contains("<lastBuildDate>Sat, 21 Mar 2026 00:30:59 +0000</lastBuildDate>"));
        entries.reverse();
        entries.rotate_left(17);
        assert_eq!((atom(&early, &entries), rss(&early, &entries)), (feed, channel));
    }
}
