//! Lists the sequences of the OASIS schema: which elements an element has, in which order, how often.
//! Called by `reader`, which reports every difference and reads on.
//! Source: the XML schema of CAP 1.2 (OASIS, 1 July 2010).

use super::tree::Tag;

/// One place in a sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub tag: Tag,
    /// Whether the schema demands it.
    pub required: bool,
    /// Whether it may stand several times.
    pub many: bool,
}

const fn one(tag: Tag) -> Place {
    Place { tag, required: true, many: false }
}

const fn maybe(tag: Tag) -> Place {
    Place { tag, required: false, many: false }
}

const fn any(tag: Tag) -> Place {
    Place { tag, required: false, many: true }
}

pub(super) type Sequence = [Place];

pub(super) const ALERT: &Sequence = &[
    one(Tag::Identifier),
    one(Tag::Sender),
    one(Tag::Sent),
    one(Tag::Status),
    one(Tag::MsgType),
    maybe(Tag::Source),
    one(Tag::Scope),
    maybe(Tag::Restriction),
    maybe(Tag::Addresses),
    any(Tag::Code),
    maybe(Tag::Note),
    maybe(Tag::References),
    maybe(Tag::Incidents),
    any(Tag::Info),
    any(Tag::Signature),
];

pub(super) const INFO: &Sequence = &[
    maybe(Tag::Language),
    Place { tag: Tag::Category, required: true, many: true },
    one(Tag::Event),
    any(Tag::ResponseType),
    one(Tag::Urgency),
    one(Tag::Severity),
    one(Tag::Certainty),
    maybe(Tag::Audience),
    any(Tag::EventCode),
    maybe(Tag::Effective),
    maybe(Tag::Onset),
    maybe(Tag::Expires),
    maybe(Tag::SenderName),
    maybe(Tag::Headline),
    maybe(Tag::Description),
    maybe(Tag::Instruction),
    maybe(Tag::Web),
    maybe(Tag::Contact),
    any(Tag::Parameter),
    any(Tag::Resource),
    any(Tag::Area),
];

pub(super) const RESOURCE: &Sequence = &[
    one(Tag::ResourceDesc),
    one(Tag::MimeType),
    maybe(Tag::Size),
    maybe(Tag::Uri),
    maybe(Tag::DerefUri),
    maybe(Tag::Digest),
];

/// CAP 1.0 and 1.1 did not demand a media type.
pub(super) const RESOURCE_BEFORE_1_2: &Sequence = &[
    one(Tag::ResourceDesc),
    maybe(Tag::MimeType),
    maybe(Tag::Size),
    maybe(Tag::Uri),
    maybe(Tag::DerefUri),
    maybe(Tag::Digest),
];

pub(super) const AREA: &Sequence = &[
    one(Tag::AreaDesc),
    any(Tag::Polygon),
    any(Tag::Circle),
    any(Tag::Geocode),
    maybe(Tag::Altitude),
    maybe(Tag::Ceiling),
];

pub(super) const PAIR: &Sequence = &[one(Tag::ValueName), one(Tag::Value)];
