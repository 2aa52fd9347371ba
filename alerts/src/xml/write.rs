//! Writes an alert as CAP 1.2, elements in the schema's order, one per line.
//! Called at publication; its text is what is served, signed and kept for ever.
//! The same alert always gives the same bytes.

use super::escape;
use crate::cap::{Alert, Area, Base64, CapTime, Feet, Info, Language, ListItem, Pair, Resource, Unusable, Uri};

/// The namespace of CAP 1.2.
pub const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";

/// The CAP 1.2 document of an alert: UTF-8, two spaces for each depth, `\n` line ends. O(n).
///
/// ```
/// use alerts::cap::{Alert, CapTime, Identifier, MsgType, Sender, Status};
///
/// let sent = CapTime::parse("2026-03-21T04:00:00+03:30")?;
/// let alert = Alert::new(Identifier::new("urn:uuid:1")?, Sender::new("crisis@hamadan.ir")?, sent, Status::Test, MsgType::Alert);
/// let text = alerts::xml::write(&alert);
/// assert!(text.contains("\n  <sent>2026-03-21T04:00:00+03:30</sent>\n"));
/// assert_eq!(alerts::xml::read(text.as_bytes())?.alert, alert);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write(alert: &Alert) -> String {
    let mut page = Page { text: String::with_capacity(size_of_text(alert)), depth: 1 };
    page.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"");
    page.text.push_str(NAMESPACE);
    page.text.push_str("\">\n");
    page.element("identifier", alert.identifier.as_str());
    page.element("sender", alert.sender.as_str());
    page.element("sent", alert.sent.as_str());
    page.element("status", alert.status.as_str());
    page.element("msgType", alert.msg_type.as_str());
    page.maybe("source", alert.source.as_deref());
    page.element("scope", alert.scope.as_str());
    page.maybe("restriction", alert.restriction.as_deref());
    page.maybe("addresses", list(&alert.addresses).as_deref());
    for code in &alert.codes {
        page.element("code", code);
    }
    page.maybe("note", alert.note.as_deref());
    if !alert.references.is_empty() {
        let all: Vec<String> = alert.references.iter().map(ToString::to_string).collect();
        page.element("references", &all.join(" "));
    }
    page.maybe("incidents", list(&alert.incidents).as_deref());
    for info in &alert.infos {
        page.block("info", |page| page.info(info));
    }
    page.text.push_str("</alert>\n");
    page.text
}

/// About how long the document will be, so that it need not be moved while it grows.
fn size_of_text(alert: &Alert) -> usize {
    let areas = alert.infos.iter().flat_map(|info| &info.areas);
    let shapes = areas.map(|area| 400 + area.polygons.iter().map(|polygon| polygon.ring().len() * 20).sum::<usize>());
    1_024 + alert.infos.len() * 4_096 + shapes.sum::<usize>()
}

/// Items separated by spaces, in double quotes where an item has white space; `None` for an empty list.
fn list(items: &[ListItem]) -> Option<String> {
    let quoted = items.iter().map(|item| {
        let item = item.as_str();
        if item.chars().any(char::is_whitespace) { format!("\"{item}\"") } else { item.to_owned() }
    });
    let quoted: Vec<String> = quoted.collect();
    if quoted.is_empty() { None } else { Some(quoted.join(" ")) }
}

struct Page {
    text: String,
    depth: usize,
}

impl Page {
    fn open(&mut self, name: &str) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
    }

    fn close(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn element(&mut self, name: &str, value: &str) {
        self.open(name);
        escape::text(&mut self.text, value);
        self.close(name);
    }

    fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.element(name, value);
        }
    }

    /// An element of digits and marks that need no escape.
    fn plain(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        self.open(name);
        write(&mut self.text);
        self.close(name);
    }

    fn block(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.open(name);
        self.text.push('\n');
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
        self.close(name);
    }

    fn pair(&mut self, name: &str, pair: &Pair) {
        self.block(name, |page| {
            page.element("valueName", &pair.name);
            page.element("value", &pair.value);
        });
    }

    fn info(&mut self, info: &Info) {
        self.maybe("language", info.language.as_ref().map(Language::as_str));
        for category in info.categories.iter() {
            self.element("category", category.as_str());
        }
        self.element("event", &info.event);
        for response in &info.response_types {
            self.element("responseType", response.as_str());
        }
        self.element("urgency", info.urgency.as_str());
        self.element("severity", info.severity.as_str());
        self.element("certainty", info.certainty.as_str());
        self.maybe("audience", info.audience.as_deref());
        for code in &info.event_codes {
            self.pair("eventCode", code);
        }
        self.maybe("effective", info.effective.as_ref().map(CapTime::as_str));
        self.maybe("onset", info.onset.as_ref().map(CapTime::as_str));
        self.maybe("expires", info.expires.as_ref().map(CapTime::as_str));
        self.maybe("senderName", info.sender_name.as_deref());
        self.maybe("headline", info.headline.as_deref());
        self.maybe("description", info.description.as_deref());
        self.maybe("instruction", info.instruction.as_deref());
        self.maybe("web", info.web.as_ref().map(Uri::as_str));
        self.maybe("contact", info.contact.as_deref());
        for parameter in &info.parameters {
            self.pair("parameter", parameter);
        }
        for resource in &info.resources {
            self.block("resource", |page| page.resource(resource));
        }
        for area in &info.areas {
            self.block("area", |page| page.area(area));
        }
    }

    fn resource(&mut self, resource: &Resource) {
        self.element("resourceDesc", &resource.description);
        self.element("mimeType", &resource.mime_type);
        self.maybe("size", resource.size.map(|size| size.to_string()).as_deref());
        self.maybe("uri", resource.uri.as_ref().map(Uri::as_str));
        self.maybe("derefUri", resource.deref_uri.as_ref().map(Base64::as_str));
        self.maybe("digest", resource.digest.as_deref());
    }

    fn area(&mut self, area: &Area) {
        self.element("areaDesc", &area.description);
        for polygon in &area.polygons {
            self.plain("polygon", |text| polygon.write_cap_text(text));
        }
        for unusable in &area.unusable {
            if let Unusable::Polygon(raw) = unusable {
                self.element("polygon", raw.as_str());
            }
        }
        for circle in &area.circles {
            self.plain("circle", |text| circle.write_cap_text(text));
        }
        for unusable in &area.unusable {
            if let Unusable::Circle(raw) = unusable {
                self.element("circle", raw.as_str());
            }
        }
        for geocode in &area.geocodes {
            self.pair("geocode", geocode);
        }
        self.feet("altitude", area.altitude);
        self.feet("ceiling", area.ceiling);
    }

    fn feet(&mut self, name: &str, feet: Option<Feet>) {
        if let Some(feet) = feet {
            self.plain(name, |text| feet.write_cap_text(text));
        }
    }
}
