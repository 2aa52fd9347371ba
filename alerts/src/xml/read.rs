//! Reads CAP 1.0, 1.1 and 1.2 tolerantly: any prefix, any order, inside Atom, RSS or EDXL-DE.
//! Called for alerts of others and by `hamyar cap check`.
//! A fixable defect never loses an alert: it is repaired or kept, and reported as a finding.

use std::sync::Arc;

use super::decode::{Doubt, decode};
use super::reader::Reader;
use super::tree::{Limits, ReadError, Space, Tag, Tree, parse};
use crate::cap::Alert;
use crate::check::{Finding, Gravity};

/// Which CAP a document was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `http://www.incident.com/cap/1.0`.
    V1_0,
    /// `urn:oasis:names:tc:emergency:cap:1.1`.
    V1_1,
    /// `urn:oasis:names:tc:emergency:cap:1.2`.
    V1_2,
    /// No namespace or an unknown one.
    Unknown,
}

/// One alert that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The alert, repaired where needed. A `sent` of 1970-01-01T00:00:00-00:00 means that it is missing or could not be read; an
    /// error among the findings says which. No other time of the alert takes its place.
    pub alert: Alert,
    /// Which CAP it was written in.
    pub version: Version,
    /// Everything that was wrong with its form, about [`FINDINGS_MAX`] at most. Rules beyond the form are the business of [`crate::check()`].
    pub findings: Vec<Finding>,
    /// Whether an XML signature is there (it isn't verified here).
    pub signed: bool,
    /// The document as it came, shared by all alerts of one feed.
    pub raw: Arc<[u8]>,
}

/// Everything that one document holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Reads {
    /// The alerts that were read, in the order of the document; one at least.
    pub alerts: Vec<Read>,
    /// What stands where an alert should and could not be read. Who takes alerts in must say so: there is one more than it sees.
    pub unread: Vec<Unread>,
}

/// An alert of a feed that could not be read, beside others that could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// The element that holds it, as a path: `/rss/channel/item[2]/description`. Only the root after the first hundred.
    pub place: String,
    /// Why; bytes are counted within its own text.
    pub fault: ReadError,
}

impl Unread {
    /// The same as a finding of gravity error, `alert-unread`.
    pub fn finding(&self) -> Finding {
        let what = format!("an alert stands here and cannot be read: {}", self.fault);
        Finding::new(Gravity::Error, self.place.clone(), "alert-unread", what, "ask its sender for a sound one")
    }
}

impl Read {
    /// Whether the OASIS schema of CAP 1.2 accepts this alert as it was written.
    pub fn is_schema_valid(&self) -> bool {
        !self.findings.iter().any(|finding| finding.code.starts_with("schema-"))
    }
}

/// The most findings of one alert, but for one that says that there would be more and one that decides the verdict of the schema.
pub const FINDINGS_MAX: usize = 500;

/// Reads the first alert of a document. See [`read_all`]. What could not be read beside it stands among its findings.
///
/// ```
/// use alerts::cap::{Severity, Status};
///
/// let text = "\u{feff}<c:alert xmlns:c='urn:oasis:names:tc:emergency:cap:1.2'><c:identifier>flood 7</c:identifier>
///     <c:sender>crisis@hamadan.ir</c:sender><c:sent>2026-03-21T00:30:00Z</c:sent><c:status>Actual</c:status>
///     <c:msgType>Alert</c:msgType><c:scope>Public</c:scope><c:info><c:category>Met</c:category><c:event>سیل</c:event>
///     <c:urgency>Immediate</c:urgency><c:severity>severe</c:severity><c:certainty>Observed</c:certainty>
///     <c:area><c:areaDesc>کنار رود</c:areaDesc><c:polygon>34.8,48.5 oops</c:polygon></c:area></c:info></c:alert>";
/// let read = alerts::xml::read(text.as_bytes())?;
///
/// // The alert is there, mended, with its shape kept as it came …
/// let info = &read.alert.infos[0];
/// assert_eq!((read.alert.status, info.severity), (Status::Actual, Severity::Severe));
/// assert_eq!(read.alert.identifier.as_str(), "flood%207");
/// assert_eq!(read.alert.sent.as_str(), "2026-03-21T00:30:00-00:00");
/// assert_eq!(info.areas[0].unusable[0].raw(), "34.8,48.5 oops");
///
/// // … and everything that was wrong is said.
/// let codes: Vec<&str> = read.findings.iter().map(|finding| finding.code.as_ref()).collect();
/// assert_eq!(codes, ["name-form", "schema-time", "schema-word", "shape-form"]);
/// assert!(!read.is_schema_valid());
/// # Ok::<(), alerts::xml::ReadError>(())
/// ```
pub fn read(bytes: &[u8]) -> Result<Read, ReadError> {
    read_with(bytes, &Limits::default())
}

/// Reads the first alert of a document, with limits of one's own.
pub fn read_with(bytes: &[u8], limits: &Limits) -> Result<Read, ReadError> {
    let Reads { alerts, unread } = read_all(bytes, limits)?;
    let mut first = alerts.into_iter().next().ok_or(ReadError::NoAlert)?;
    first.findings.extend(unread.iter().take(PLACES_MAX).map(Unread::finding));
    Ok(first)
}

/// How many unread alerts get a whole path, since each costs a walk through the document.
const PLACES_MAX: usize = 100;

/// Reads every alert of a document: one alert, or a feed or envelope with some inside, as elements or as escaped text. O(n).
///
/// Errors: not XML, a DOCTYPE, an unknown entity, a limit (all of [`Limits`] hold for the whole document), or no alert at all.
/// A document whose tags do not fit together, or that ends too early, is mended where the alert says at least who, when, whether
/// it is real, and to whom; `schema-not-well-formed` is then among its findings.
/// A text of a feed that should be an alert and is none loses no other alert: it stands in [`Reads::unread`].
pub fn read_all(bytes: &[u8], limits: &Limits) -> Result<Reads, ReadError> {
    if bytes.len() > limits.bytes {
        return Err(ReadError::TooLarge { bytes: bytes.len(), max: limits.bytes });
    }
    let (text, doubt) = decode(bytes);
    let tree = parse(&text, limits)?;
    let mut document =
        Document { raw: Arc::from(bytes), doubt, limits, reads: Reads { alerts: Vec::new(), unread: Vec::new() } };
    document.alerts_of(&tree, true)?;
    let mut reads = document.reads;
    // Where a feed is cut, more alerts may have stood.
    if let Some(fault) = tree.broken.as_ref().filter(|_| reads.alerts.is_empty() || tree.node(0).tag != Tag::Alert) {
        reads.unread.push(Unread { place: tree.place(0), fault: fault.clone() });
    }
    if reads.alerts.is_empty() {
        return Err(reads.unread.pop().map_or(ReadError::NoAlert, |unread| unread.fault));
    }
    Ok(reads)
}

/// What is gathered from one document.
struct Document<'l> {
    raw: Arc<[u8]>,
    doubt: Option<Doubt>,
    limits: &'l Limits,
    reads: Reads,
}

impl Document<'_> {
    /// The outermost alerts of a tree; where `texts_too`, also those that feeds carry as escaped text or CDATA.
    fn alerts_of(&mut self, tree: &Tree<'_>, texts_too: bool) -> Result<(), ReadError> {
        // An `alert` of some other vocabulary may be the wrapper of real ones.
        let is_cap = |index: usize| tree.node(index).tag == Tag::Alert && tree.node(index).space.is_cap();
        let any_cap = (0..tree.nodes.len()).any(is_cap);
        let mut at = 0;
        while at < tree.nodes.len() {
            let node = tree.node(at);
            if node.tag == Tag::Alert && (!any_cap || node.space.is_cap()) {
                self.room()?;
                match &tree.broken {
                    Some(fault) if !has_head(tree, at) => {
                        self.reads.unread.push(Unread { place: tree.place(at), fault: fault.clone() });
                    }
                    _ => self.alert(tree, at),
                }
                at = node.end;
                continue;
            }
            if texts_too && is_document(&node.text) {
                self.inner(tree, at)?;
            }
            at += 1;
        }
        Ok(())
    }

    /// Whether one more alert is within the limit, read or not.
    fn room(&self) -> Result<(), ReadError> {
        if self.reads.alerts.len() + self.reads.unread.len() >= self.limits.alerts {
            return Err(ReadError::TooManyAlerts { max: self.limits.alerts });
        }
        Ok(())
    }

    /// An alert that stands as text inside a feed.
    fn inner(&mut self, tree: &Tree<'_>, index: usize) -> Result<(), ReadError> {
        match parse(tree.node(index).text.trim(), self.limits) {
            Ok(inner) => self.alerts_of(&inner, false),
            Err(fault) => {
                self.room()?;
                let index = if self.reads.unread.len() < PLACES_MAX { index } else { 0 };
                self.reads.unread.push(Unread { place: tree.place(index), fault });
                Ok(())
            }
        }
    }

    fn alert(&mut self, tree: &Tree<'_>, index: usize) {
        let version = match tree.node(index).space {
            Space::Cap12 => Version::V1_2,
            Space::Cap11 => Version::V1_1,
            Space::Cap10 => Version::V1_0,
            Space::None | Space::Other | Space::Signature => Version::Unknown,
        };
        let mut reader = Reader::new(tree, version, self.limits.positions, self.doubt);
        let (alert, signed) = reader.document(index, &self.raw);
        self.reads.alerts.push(Read { alert, version, findings: reader.findings, signed, raw: Arc::clone(&self.raw) });
    }
}

/// Whether an alert says who, when, whether it is real, and to whom. What was cut before that could be an exercise.
fn has_head(tree: &Tree<'_>, alert: usize) -> bool {
    let head = [Tag::Identifier, Tag::Sender, Tag::Sent, Tag::Status, Tag::MsgType, Tag::Scope];
    head.iter().all(|&tag| tree.children(alert).any(|child| tree.node(child).tag == tag))
}

/// Whether a text of a feed is a CAP document of its own.
fn is_document(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('<')
        && ["urn:oasis:names:tc:emergency:cap:", "http://www.incident.com/cap/"].iter().any(|uri| text.contains(uri))
}
