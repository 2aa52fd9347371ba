//! Writes an alert as CAP 1.2, elements in the schema's order, one per line.
//! Called at publication; its text is what is served, signed and kept for ever.
//! The same alert always gives the same bytes.

use super::escape;
use crate::cap::{Alert, Area, CapTime, Info, ListItem, Pair, Resource, Unusable};

/// The namespace of CAP 1.2.
pub const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";

/// The CAP 1.2 document of an alert: UTF-8, two spaces for each depth, `\n` line ends. O(n).
pub fn write(alert: &Alert) -> String {
    let mut page = Page { text: String::with_capacity(4_096), depth: 1 };
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
    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }

    fn element(&mut self, name: &str, value: &str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        escape::text(&mut self.text, value);
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.element(name, value);
        }
    }

    fn block(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        self.text.push_str(">\n");
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.indent();
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }

    fn pair(&mut self, name: &str, pair: &Pair) {
        self.block(name, |page| {
            page.element("valueName", &pair.name);
            page.element("value", &pair.value);
        });
    }

    fn info(&mut self, info: &Info) {
        self.maybe("language", info.language.as_ref().map(crate::cap::Language::as_str));
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
        self.maybe("web", info.web.as_ref().map(crate::cap::Uri::as_str));
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
        self.maybe("uri", resource.uri.as_ref().map(crate::cap::Uri::as_str));
        self.maybe("derefUri", resource.deref_uri.as_deref());
        self.maybe("digest", resource.digest.as_deref());
    }

    fn area(&mut self, area: &Area) {
        self.element("areaDesc", &area.description);
        for polygon in &area.polygons {
            self.element("polygon", &polygon.to_cap_text());
        }
        for unusable in &area.unusable {
            if let Unusable::Polygon(raw) = unusable {
                self.element("polygon", raw);
            }
        }
        for circle in &area.circles {
            self.element("circle", &circle.to_cap_text());
        }
        for unusable in &area.unusable {
            if let Unusable::Circle(raw) = unusable {
                self.element("circle", raw);
            }
        }
        for geocode in &area.geocodes {
            self.pair("geocode", geocode);
        }
        self.maybe("altitude", area.altitude.map(|feet| feet.get().to_string()).as_deref());
        self.maybe("ceiling", area.ceiling.map(|feet| feet.get().to_string()).as_deref());
    }
}
