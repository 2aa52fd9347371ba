//! Writes an RSS 2.0 channel.
//! Called by the service for `/cap/feed.rss`.
//! Its items are those of the Atom feed, in the same order; no item is left out and none is cut.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::{Entry, FeedMeta, element, empty, machine_part, newest_first, updated};
use crate::xml;

/// The RSS 2.0 channel, newest item first. O(n log n).
pub fn rss(meta: &FeedMeta, entries: &[Entry]) -> String {
    let mut page = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.2\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:georss=\"http://www.georss.org/georss\">\n<channel>\n",
    );
    let changed = rfc_822(updated(meta, entries));
    element(&mut page, 1, "title", &meta.title);
    element(&mut page, 1, "link", &meta.site_url);
    element(&mut page, 1, "description", &meta.title);
    element(&mut page, 1, "language", &meta.lang);
    element(&mut page, 1, "pubDate", &changed);
    element(&mut page, 1, "lastBuildDate", &changed);
    element(&mut page, 1, "dc:creator", &meta.author);
    let this = [("rel", "self"), ("type", "application/rss+xml"), ("hreflang", &*meta.lang), ("href", &*meta.self_url)];
    empty(&mut page, 1, "atom:link", &this);
    for (lang, url) in &meta.others {
        let other = [("rel", "alternate"), ("type", "application/rss+xml"), ("hreflang", lang), ("href", url)];
        empty(&mut page, 1, "atom:link", &other);
    }
    for entry in newest_first(entries) {
        page.push_str("  <item>\n");
        element(&mut page, 2, "title", &entry.title);
        element(&mut page, 2, "link", &entry.url);
        element(&mut page, 2, "description", &entry.summary);
        element(&mut page, 2, "dc:creator", &entry.author);
        for category in entry.info.iter().flat_map(|info| info.categories.iter()) {
            element(&mut page, 2, "category", category.as_str());
        }
        page.push_str("    <guid isPermaLink=\"false\">");
        xml::text(&mut page, &entry.identifier);
        page.push_str("</guid>\n");
        element(&mut page, 2, "pubDate", &rfc_822(entry.updated));
        machine_part(&mut page, 2, entry);
        page.push_str("  </item>\n");
    }
    page.push_str("</channel>\n</rss>\n");
    page
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
