//! Generates alerts: every value that the model can hold, with preference for what is awkward in XML.
//! Used by the tests of the writer, the reader and the schema.
//! Nothing is left out: a field that is never generated would be a field that is never judged.

use alerts::cap::{
    Alert, Area, Base64, CapTime, Categories, Category, Certainty, Circle, Digest, Feet, Identifier, Info, Language,
    ListItem, MimeType, MsgType, Pair, Polygon, Reference, Resource, ResponseType, Scope, Sender, Severity, Status,
    Text, Unusable, Urgency, Uri,
};
use geo_types::Coord;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![
        "[ \\r\\n\\t<>&\"']{0,4}[a-zآ-ی۰-۹ \u{200c}\u{2068}\u{2069}]{0,30}]]>?".prop_map(|text| Text::new(&text)),
        any::<String>().prop_map(|text| Text::new(&text)),
    ]
}

fn maybe_text() -> impl Strategy<Value = Option<Text>> {
    option::of(text())
}

fn identifier() -> impl Strategy<Value = Identifier> {
    "[a-z0-9.:;@#\"'>آ-ی-]{1,20}"
        .prop_map(|name| Identifier::new(&name).expect("the pattern has no forbidden character"))
}

fn sender() -> impl Strategy<Value = Sender> {
    "[a-z0-9.@>\"-]{1,20}".prop_map(|name| Sender::new(&name).expect("the pattern has no forbidden character"))
}

fn time() -> impl Strategy<Value = CapTime> {
    let zones = select(vec!["Asia/Tehran", "UTC", "America/St_Johns", "Pacific/Kiritimati", "Africa/Monrovia"]);
    (any::<i64>(), zones).prop_map(|(second, zone)| {
        let at = Timestamp::from_second(second % 200_000_000_000).expect("within the years that jiff knows");
        CapTime::from_timestamp(at, &TimeZone::get(zone).expect("a bundled zone"))
    })
}

fn items() -> impl Strategy<Value = Vec<ListItem>> {
    vec(
        "[a-z<&آ-ی]{1,5}( [a-z\n]{0,3}[a-z]){0,2}"
            .prop_map(|item| ListItem::new(&item).expect("no quote, no outer space")),
        0..4,
    )
}

fn uri() -> impl Strategy<Value = Uri> {
    prop_oneof![
        "https?://([a-z0-9:]{1,5}@)?[a-z.-]{1,9}(:[0-9]{1,5})?(/[a-z0-9@:~!$&'()*+,;=.%-]{0,9}){0,3}(\\?[a-z0-9/?=&]{0,9})?(#[a-z0-9/?]{0,5})?",
        "[a-zA-Z0-9:/?#@%.~+_-]{1,20}",
    ]
    .prop_filter_map("no web address", |text| Uri::new(&text).ok())
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    vec((text(), text()).prop_map(|(name, value)| Pair { name, value }), 0..3)
}

fn position() -> impl Strategy<Value = Coord<f64>> {
    (-180.0..=180.0_f64, -90.0..=90.0_f64).prop_map(|(x, y)| Coord { x, y })
}

fn polygon() -> impl Strategy<Value = Polygon> {
    vec(position(), 3..12).prop_map(|mut ring| {
        ring.push(ring[0]);
        Polygon::new(ring).expect("closed, four positions, on the globe")
    })
}

fn unusable() -> impl Strategy<Value = Unusable> {
    prop_oneof![
        "[0-9., a-zآ-ی<&]{0,30}".prop_filter_map("it can be used", |raw| Unusable::polygon(&raw)),
        "[0-9., a-zآ-ی<&]{0,30}".prop_filter_map("it can be used", |raw| Unusable::circle(&raw)),
        select(vec!["34,48 34,49 34,48", "91,1 1,2 2,2 91,1"])
            .prop_map(|raw| Unusable::polygon(raw).expect("no polygon")),
        select(vec!["34,48 35,49", "34,48 -1"]).prop_map(|raw| Unusable::circle(raw).expect("no circle")),
    ]
}

/// Polygons and circles apart, as the reader keeps them: CAP writes all polygons before all circles.
fn unusables() -> impl Strategy<Value = Vec<Unusable>> {
    vec(unusable(), 0..3).prop_map(|mut shapes| {
        shapes.sort_by_key(|shape| matches!(shape, Unusable::Circle(_)));
        shapes
    })
}

fn area() -> impl Strategy<Value = Area> {
    let circle = (position(), 0.0..500.0_f64).prop_map(|(at, km)| Circle::new(at, km).expect("on the globe"));
    let feet = || option::of((-2e4..6e4_f64).prop_map(|feet| Feet::new(feet).expect("a height")));
    (text(), vec(polygon(), 0..3), vec(circle, 0..3), unusables(), pairs(), feet(), feet()).prop_map(
        |(description, polygons, circles, unusable, geocodes, altitude, ceiling)| Area {
            description,
            polygons,
            circles,
            unusable,
            geocodes,
            altitude,
            ceiling,
        },
    )
}

fn mime_type() -> impl Strategy<Value = MimeType> {
    "[a-z]{1,6}/[a-zA-Z0-9.+-]{1,9}( ?; ?[a-z]{1,4}=([a-z0-9]{1,4}|\"[a-z ]{0,4}\")){0,2}"
        .prop_filter_map("no media type", |text| MimeType::new(&text).ok())
}

fn resource() -> impl Strategy<Value = Resource> {
    let content = || option::of(vec(any::<u8>(), 0..40));
    (text(), mime_type(), option::of(any::<u64>()), option::of(uri()), content(), content()).prop_map(
        |(description, mime_type, size, uri, content, other)| Resource {
            size,
            uri,
            deref_uri: content.map(|content| Base64::of(&content)),
            digest: other.map(|content| Digest::of(&content)),
            ..Resource::new(&description, mime_type)
        },
    )
}

fn info() -> impl Strategy<Value = Info> {
    let language =
        option::of("[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8}){0,2}".prop_map(|tag| Language::new(&tag).expect("BCP 47 form")));
    let words = (
        vec(select(Category::ALL.to_vec()), 1..4),
        vec(select(ResponseType::ALL.to_vec()), 0..4),
        select(Urgency::ALL.to_vec()),
        select(Severity::ALL.to_vec()),
        select(Certainty::ALL.to_vec()),
    );
    let times = (option::of(time()), option::of(time()), option::of(time()));
    let texts = (text(), maybe_text(), maybe_text(), maybe_text(), maybe_text(), maybe_text(), maybe_text());
    let rest = (pairs(), pairs(), option::of(uri()), vec(resource(), 0..2), vec(area(), 0..3));
    (language, words, times, texts, rest).prop_map(|(language, words, times, texts, rest)| Info {
        language,
        categories: Categories::new(words.0).expect("at least one"),
        event: texts.0,
        response_types: words.1,
        urgency: words.2,
        severity: words.3,
        certainty: words.4,
        audience: texts.1,
        event_codes: rest.0,
        effective: times.0,
        onset: times.1,
        expires: times.2,
        sender_name: texts.2,
        headline: texts.3,
        description: texts.4,
        instruction: texts.5,
        web: rest.2,
        contact: texts.6,
        parameters: rest.1,
        resources: rest.3,
        areas: rest.4,
    })
}

pub fn alert() -> impl Strategy<Value = Alert> {
    let reference =
        (sender(), identifier(), time()).prop_map(|(sender, identifier, sent)| Reference { sender, identifier, sent });
    let head = (identifier(), sender(), time());
    let words = (select(Status::ALL.to_vec()), select(MsgType::ALL.to_vec()), select(Scope::ALL.to_vec()));
    let texts = (maybe_text(), maybe_text(), vec(text(), 0..3), maybe_text());
    (head, words, texts, items(), items(), vec(reference, 0..3), vec(info(), 0..3)).prop_map(
        |(head, words, texts, addresses, incidents, references, infos)| Alert {
            source: texts.0,
            scope: words.2,
            restriction: texts.1,
            addresses,
            codes: texts.2,
            note: texts.3,
            references,
            incidents,
            infos,
            ..Alert::new(head.0, head.1, head.2, words.0, words.1)
        },
    )
}
