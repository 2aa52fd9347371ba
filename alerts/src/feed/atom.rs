//! Writes an Atom feed.
//! Called by the service for `/cap/feed.atom` and the demo's `/cap/exercise.atom`.
//! What it writes is valid against the schema of RFC 4287 whatever the texts are.

use std::fmt::Write as _;

use super::{CAP_MEDIA_TYPE, Entry, FeedMeta, element, empty, machine_part, newest_first, rfc_3339, updated};
use crate::xml;

/// The Atom feed, newest entry first. O(n log n).
pub fn atom(meta: &FeedMeta, entries: &[Entry]) -> String {
    let mut page = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.2\" xmlns:georss=\"http://www.georss.org/georss\" xml:lang=\"",
    );
    xml::attribute(&mut page, &meta.lang);
    page.push_str("\">\n");
    element(&mut page, 1, "id", &uri(&meta.id));
    element(&mut page, 1, "title", &meta.title);
    element(&mut page, 1, "updated", &rfc_3339(updated(meta, entries)));
    page.push_str("  <author>\n");
    element(&mut page, 2, "name", &meta.author);
    page.push_str("  </author>\n");
    empty(
        &mut page,
        1,
        "link",
        &[("rel", "self"), ("type", "application/atom+xml"), ("hreflang", &meta.lang), ("href", &meta.self_url)],
    );
    empty(&mut page, 1, "link", &[("rel", "alternate"), ("type", "text/html"), ("href", &meta.site_url)]);
    for (lang, url) in &meta.others {
        let other = [("rel", "alternate"), ("type", "application/atom+xml"), ("hreflang", lang), ("href", url)];
        empty(&mut page, 1, "link", &other);
    }
    for entry in newest_first(entries) {
        one(&mut page, entry, &meta.lang);
    }
    page.push_str("</feed>\n");
    page
}

fn one(page: &mut String, entry: &Entry, lang: &str) {
    page.push_str("  <entry");
    if let Some(spoken) = entry.lang().filter(|spoken| *spoken != lang) {
        page.push_str(" xml:lang=\"");
        xml::attribute(page, spoken);
        page.push('"');
    }
    page.push_str(">\n");
    element(page, 2, "id", &uri(&entry.identifier));
    element(page, 2, "title", &entry.title);
    element(page, 2, "updated", &rfc_3339(entry.updated));
    element(page, 2, "published", &rfc_3339(entry.updated));
    page.push_str("    <author>\n");
    element(page, 3, "name", &entry.author);
    page.push_str("    </author>\n");
    empty(page, 2, "link", &[("rel", "alternate"), ("type", CAP_MEDIA_TYPE), ("href", &entry.url)]);
    if let Some(web) = entry.info.as_ref().and_then(|info| info.web.as_ref()) {
        empty(page, 2, "link", &[("rel", "related"), ("type", "text/html"), ("href", web.as_str())]);
    }
    for category in entry.info.iter().flat_map(|info| info.categories.iter()) {
        empty(page, 2, "category", &[("term", category.as_str())]);
    }
    element(page, 2, "summary", &entry.summary);
    machine_part(page, 2, entry);
    page.push_str("  </entry>\n");
}

/// Atom wants an IRI as id (RFC 3987): an identifier that names no scheme becomes a `urn:cap:`, and what an IRI can't hold is
/// percent-encoded.
fn uri(identifier: &str) -> String {
    let absolute = identifier.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    });
    let mut iri = String::from(if absolute { "" } else { "urn:cap:" });
    for c in identifier.chars() {
        if c <= ' ' || "\"<>\\^`{|}\u{7f}".contains(c) {
            let _ = write!(iri, "%{:02X}", u32::from(c));
        } else {
            iri.push(c);
        }
    }
    iri
}
