//! Lists alerts as an Atom feed (RFC 4287) or an RSS 2.0 channel.
//! Called by the service with *all* live public alerts; the caller keeps a Cancel until what it cancelled would have expired.
//! Private and Restricted alerts can't become an entry, and the same entries always give the same bytes.
//!
//! Source of the mapping: OASIS “Example Practices: CAP Feeds Version 1.0” (CN02, 2014) and the shape that NWS and WMO tools read.

use geo_types::Coord;
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::cap::{Alert, Category, Polygon, Scope};
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
    /// When an entry last changed.
    pub updated: Timestamp,
}

/// One alert in a feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The alert's identifier.
    pub identifier: String,
    /// Its headline.
    pub title: String,
    /// When it was sent.
    pub updated: Timestamp,
    /// What it says.
    pub summary: String,
    /// The sender's name.
    pub author: String,
    /// Where its CAP document is.
    pub url: String,
    /// Its categories.
    pub categories: Vec<Category>,
    /// Its polygons.
    pub polygons: Vec<Polygon>,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
}

impl Entry {
    /// The entry of an alert in a language; `None` for one that is not for the public.
    pub fn of(alert: &Alert, lang: &str, url: &str) -> Option<Self> {
        match alert.scope {
            Scope::Public => {}
            Scope::Private | Scope::Restricted => return None,
        }
        let info = alert.info_in(lang);
        let text = |pick: fn(&crate::cap::Info) -> Option<&crate::cap::Text>| {
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
            categories: info.map(|info| info.categories.to_vec()).unwrap_or_default(),
            polygons: info
                .map(|info| info.areas.iter().flat_map(|area| area.polygons.clone()).collect())
                .unwrap_or_default(),
            expires: alert.expires(),
        })
    }
}

/// The Atom feed, newest entry first. O(n log n).
pub fn atom(meta: &FeedMeta, entries: &[Entry]) -> String {
    let mut page = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:georss=\"http://www.georss.org/georss\" xml:lang=\"",
    );
    xml::attribute(&mut page, &meta.lang);
    page.push_str("\">\n");
    element(&mut page, 1, "id", &uri(&meta.id));
    element(&mut page, 1, "title", &meta.title);
    element(&mut page, 1, "updated", &rfc_3339(meta.updated));
    page.push_str("  <author>\n");
    element(&mut page, 2, "name", &meta.author);
    page.push_str("  </author>\n");
    link(&mut page, 1, "self", "application/atom+xml", &meta.self_url);
    link(&mut page, 1, "alternate", "text/html", &meta.site_url);
    for entry in newest_first(entries) {
        page.push_str("  <entry>\n");
        element(&mut page, 2, "id", &uri(&entry.identifier));
        element(&mut page, 2, "title", &entry.title);
        element(&mut page, 2, "updated", &rfc_3339(entry.updated));
        page.push_str("    <author>\n");
        element(&mut page, 3, "name", &entry.author);
        page.push_str("    </author>\n");
        link(&mut page, 2, "alternate", CAP_MEDIA_TYPE, &entry.url);
        for category in &entry.categories {
            page.push_str("    <category term=\"");
            page.push_str(category.as_str());
            page.push_str("\"/>\n");
        }
        element(&mut page, 2, "summary", &entry.summary);
        for polygon in &entry.polygons {
            element(&mut page, 2, "georss:polygon", &spaced(polygon.ring()));
        }
        page.push_str("  </entry>\n");
    }
    page.push_str("</feed>\n");
    page
}

/// The RSS 2.0 channel, newest item first. O(n log n).
pub fn rss(meta: &FeedMeta, entries: &[Entry]) -> String {
    let mut page = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:georss=\"http://www.georss.org/georss\">\n<channel>\n",
    );
    element(&mut page, 1, "title", &meta.title);
    element(&mut page, 1, "link", &meta.site_url);
    element(&mut page, 1, "description", &meta.title);
    element(&mut page, 1, "language", &meta.lang);
    element(&mut page, 1, "pubDate", &rfc_822(meta.updated));
    page.push_str("  <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"");
    xml::attribute(&mut page, &meta.self_url);
    page.push_str("\"/>\n");
    for entry in newest_first(entries) {
        page.push_str("  <item>\n");
        element(&mut page, 2, "title", &entry.title);
        element(&mut page, 2, "link", &entry.url);
        element(&mut page, 2, "description", &entry.summary);
        for category in &entry.categories {
            element(&mut page, 2, "category", category.as_str());
        }
        page.push_str("    <guid isPermaLink=\"false\">");
        xml::text(&mut page, &entry.identifier);
        page.push_str("</guid>\n");
        element(&mut page, 2, "pubDate", &rfc_822(entry.updated));
        for polygon in &entry.polygons {
            element(&mut page, 2, "georss:polygon", &spaced(polygon.ring()));
        }
        page.push_str("  </item>\n");
    }
    page.push_str("</channel>\n</rss>\n");
    page
}

fn newest_first(entries: &[Entry]) -> Vec<&Entry> {
    let mut all: Vec<&Entry> = entries.iter().collect();
    all.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.identifier.cmp(&b.identifier)));
    all
}

fn element(page: &mut String, depth: usize, name: &str, value: &str) {
    for _ in 0..depth {
        page.push_str("  ");
    }
    page.push('<');
    page.push_str(name);
    page.push('>');
    xml::text(page, value);
    page.push_str("</");
    page.push_str(name);
    page.push_str(">\n");
}

fn link(page: &mut String, depth: usize, rel: &str, media_type: &str, href: &str) {
    for _ in 0..depth {
        page.push_str("  ");
    }
    for (text, value) in [("<link rel=\"", rel), ("\" type=\"", media_type), ("\" href=\"", href)] {
        page.push_str(text);
        xml::attribute(page, value);
    }
    page.push_str("\"/>\n");
}

/// Atom wants an IRI as id; an identifier that names no scheme becomes a `urn:cap:`.
fn uri(identifier: &str) -> String {
    let absolute = identifier.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    if absolute { identifier.to_owned() } else { format!("urn:cap:{identifier}") }
}

/// `lat lon lat lon …`, as GeoRSS-Simple wants it.
fn spaced(ring: &[Coord<f64>]) -> String {
    ring.iter().map(|at| format!("{} {}", at.y, at.x)).collect::<Vec<_>>().join(" ")
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

fn rfc_822(at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let utc = Offset::UTC.to_datetime(at);
    let day = DAYS[usize::try_from(utc.weekday().to_monday_zero_offset()).expect("0 to 6")];
    let month = MONTHS[usize::try_from(utc.month() - 1).expect("0 to 11")];
    format!(
        "{day}, {:02} {month} {:04} {:02}:{:02}:{:02} +0000",
        utc.day(),
        utc.year(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cap::{CapTime, Identifier, Info, MsgType, Sender, Status, Text};

    fn alert(number: usize) -> Alert {
        let mut info = Info::new(Category::Met, "سیل");
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
    fn what_is_not_public_cannot_be_listed() {
        for scope in [Scope::Private, Scope::Restricted] {
            assert_eq!(Entry::of(&Alert { scope, ..alert(1) }, "fa", "x"), None);
        }
    }
}
