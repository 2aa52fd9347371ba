//! Judges the CAP reader and writer from outside: generated alerts, the OASIS schema, files that others wrote.
//! Run by the test command; corpora and schema are looked for where the environment says.
//! A judge that is not there is said plainly; under CI its absence is a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

use alerts::cap::{
    Alert, Area, CapTime, Categories, Category, Certainty, Circle, Feet, Identifier, Info, Language, ListItem, MsgType,
    Pair, Polygon, Reference, Resource, ResponseType, Scope, Sender, Severity, Status, Text, Urgency, Uri,
};
use alerts::xml::{self, Limits, ReadError};
use geo_types::Coord;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

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

fn area() -> impl Strategy<Value = Area> {
    let circle = (position(), 0.0..500.0_f64).prop_map(|(at, km)| Circle::new(at, km).expect("on the globe"));
    let feet = || option::of((-2e4..6e4_f64).prop_map(|feet| Feet::new(feet).expect("a height")));
    (text(), vec(polygon(), 0..3), vec(circle, 0..3), pairs(), feet(), feet()).prop_map(
        |(description, polygons, circles, geocodes, altitude, ceiling)| Area {
            description,
            polygons,
            circles,
            unusable: vec![],
            geocodes,
            altitude,
            ceiling,
        },
    )
}

fn resource() -> impl Strategy<Value = Resource> {
    (text(), text(), option::of(any::<u64>()), option::of(uri()), maybe_text(), maybe_text()).prop_map(
        |(description, mime_type, size, uri, deref_uri, digest)| Resource {
            description,
            mime_type,
            size,
            uri,
            deref_uri,
            digest,
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

fn alert() -> impl Strategy<Value = Alert> {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_as_the_same_alert(alert in alert()) {
        let text = xml::write(&alert);
        let read = xml::read(text.as_bytes()).expect("what we write is well-formed");
        prop_assert_eq!(&read.alert, &alert);
        prop_assert!(read.is_schema_valid(), "{:?}", read.findings);
        prop_assert_eq!(xml::write(&read.alert), text, "the writer is byte-stable");
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = xml::read(&bytes);
    }

    #[test]
    fn no_damage_to_an_alert_makes_the_reader_panic(alert in alert(), cuts in vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) {
        let mut bytes = xml::write(&alert).into_bytes();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = xml::read(&bytes);
        bytes.truncate(bytes.len() / 2);
        prop_assert!(xml::read(&bytes).is_err(), "half a document is no document");
    }
}

fn under_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Says that a judge is missing; under CI that is a failure.
fn skipped(what: &str) {
    assert!(!under_ci(), "{what}; under CI every judge must be there");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("skipped: {what}\n").as_bytes());
}

fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("HAMYAR_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"), PathBuf::from);
    folder.join("cap").is_dir().then_some(folder)
}

/// The files of the corpora with the verdict of xmllint and the OASIS schema.
fn corpus_files() -> Option<Vec<(String, Vec<u8>, bool)>> {
    let folder = corpora()?.join("cap");
    let table = std::fs::read_to_string(folder.join("EXPECTED-xmllint.tsv")).expect("the table of verdicts");
    let files = table.lines().skip(1).filter(|line| !line.is_empty()).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let bytes = std::fs::read(folder.join(columns[0])).expect(columns[0]);
        (columns[0].to_owned(), bytes, columns[2] == "valid")
    });
    Some(files.collect())
}

#[test]
fn the_files_of_others_read_with_the_verdict_of_the_schema() {
    let Some(files) = corpus_files() else {
        // The corpora are not part of the project, so their absence is no failure even under CI.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no corpora (set HAMYAR_CORPORA)\n");
        return;
    };
    assert!(files.len() >= 30, "{}", files.len());
    let mut wrong = Vec::new();
    for (name, bytes, valid) in files {
        let read = xml::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!read.alert.infos.is_empty(), "{name}");
        if read.is_schema_valid() != valid {
            let why: Vec<String> =
                read.findings.iter().filter(|f| f.code.starts_with("schema-")).map(ToString::to_string).collect();
            wrong.push(format!("{name}: xmllint says valid={valid}, we say {why:?}"));
        }
        // What was tolerated on reading is written strictly, and nothing more is lost.
        let again = xml::read(xml::write(&read.alert).as_bytes())
            .unwrap_or_else(|error| panic!("{name}, written anew: {error}"));
        assert_eq!(again.alert, read.alert, "{name}");
        assert!(again.is_schema_valid(), "{name}: {:?}", again.findings);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_alert_that_can_be_expressed_is_valid_against_the_oasis_schema() {
    let Some(schema) = std::env::var_os("HAMYAR_CAP_XSD").map(PathBuf::from).filter(|path| path.is_file()) else {
        return skipped("the OASIS schema is not there (set HAMYAR_CAP_XSD to CAP-v1.2.xsd)");
    };
    if Command::new("xmllint").arg("--version").output().is_err() {
        return skipped("xmllint is not there (Debian: libxml2-utils)");
    }
    let count: usize = std::env::var("HAMYAR_CAP_GENERATED").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut runner = TestRunner::deterministic();
    let strategy = alert();
    let mut names = Vec::new();
    for i in 0..count {
        let alert = strategy.new_tree(&mut runner).expect("an alert").current();
        let name = format!("{i}.xml");
        std::fs::write(folder.path().join(&name), xml::write(&alert)).expect("a temporary file");
        names.push(name);
    }
    for some in names.chunks(500) {
        let output = Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema"])
            .arg(&schema)
            .args(some)
            .current_dir(folder.path())
            .output()
            .expect("xmllint runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let valid = said.lines().filter(|line| line.ends_with(" validates")).count();
        let complaints: String =
            said.lines().filter(|line| !line.ends_with(" validates")).take(20).collect::<Vec<_>>().join("\n");
        assert_eq!(valid, some.len(), "{complaints}");
    }
}

fn with_body(body: &str) -> String {
    format!(
        "<cap:alert xmlns:cap=\"urn:oasis:names:tc:emergency:cap:1.2\"><cap:identifier>a</cap:identifier><cap:sender>b</cap:sender>\
         <cap:sent>2026-03-21T04:00:00+03:30</cap:sent><cap:status>Actual</cap:status><cap:msgType>Alert</cap:msgType>\
         <cap:scope>Public</cap:scope>{}</cap:alert>",
        body.replace("</", "</cap:").replace('<', "<cap:").replace("<cap:/cap:", "</cap:")
    )
}

fn info_with(area: &str) -> String {
    with_body(&format!(
        "<info><category>Met</category><event>Flood</event><urgency>Immediate</urgency><severity>Severe</severity>\
         <certainty>Observed</certainty><area><areaDesc>x</areaDesc>{area}</area></info>"
    ))
}

#[test]
fn a_doctype_or_a_foreign_entity_is_refused_and_nothing_is_fetched() {
    let evil = "<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://localhost:8080/\"> %p;]><alert/>";
    assert_eq!(xml::read(evil.as_bytes()), Err(ReadError::Doctype));
    let entity = with_body("<note>&file;</note>");
    assert_eq!(xml::read(entity.as_bytes()), Err(ReadError::Entity { name: "file".into() }));
}

#[test]
fn documents_beyond_the_limits_are_refused() {
    let deep = "<a>".repeat(100) + &"</a>".repeat(100);
    assert!(matches!(xml::read(deep.as_bytes()), Err(ReadError::TooDeep { .. })));
    let small = Limits { bytes: 10, ..Limits::default() };
    assert!(matches!(xml::read_with(b"<alert></alert>", &small), Err(ReadError::TooLarge { bytes: 15, max: 10 })));
    let wide = format!("<a>{}</a>", "<b/>".repeat(300_000));
    assert!(matches!(xml::read(wide.as_bytes()), Err(ReadError::TooMany { .. })));
    assert_eq!(xml::read(b"<rss></rss>"), Err(ReadError::NoAlert));
    for broken in ["", "x", "<alert>", "<alert></b>", "<alert/><alert/>"] {
        assert!(matches!(xml::read(broken.as_bytes()), Err(ReadError::NotXml { .. })), "{broken}");
    }
}

#[test]
fn a_polygon_with_line_breaks_and_double_spaces_is_read() {
    // Two well-known consumers split on a single space and lose the polygon.
    let read = xml::read(info_with("<polygon>\n 34,48\t34,49\n\n35,49  34,48 </polygon>").as_bytes()).unwrap();
    assert_eq!(read.alert.infos[0].areas[0].polygons[0].to_cap_text(), "34,48 34,49 35,49 34,48");
    assert!(read.findings.is_empty(), "{:?}", read.findings);
}

#[test]
fn shapes_that_cannot_be_used_are_kept_as_they_are() {
    let read =
        xml::read(info_with("<polygon>34,48 34,49 34,48</polygon><circle>34,48 35,49</circle>").as_bytes()).unwrap();
    assert_eq!(read.alert.infos[0].areas[0].unusable.len(), 2);
    assert_eq!(read.findings.iter().filter(|finding| finding.code == "shape-form").count(), 2);
    assert!(read.is_schema_valid(), "to the schema a shape is any string");
}

#[test]
fn a_geocode_keeps_its_name_and_its_value() {
    // A well-known backend overwrites the one with the other.
    let read =
        xml::read(info_with("<geocode><value>IR-24</value><valueName>ISO</valueName></geocode>").as_bytes()).unwrap();
    assert_eq!(read.alert.infos[0].areas[0].geocodes, [Pair::new("ISO", "IR-24")]);
    assert!(read.findings.iter().any(|finding| finding.code == "schema-order"));
}

#[test]
fn an_exercise_spelled_wrongly_never_becomes_actual() {
    let read = xml::read(with_body("").replace(">Actual<", ">Excercise<").as_bytes()).unwrap();
    assert_eq!(read.alert.status, Status::Exercise);
    assert!(!read.is_schema_valid());
}

#[test]
fn an_actual_alert_survives_every_fixable_defect_at_once() {
    let text = with_body("")
        .replace(">a<", "> two words <")
        .replace("2026-03-21T04:00:00+03:30", "2026-03-21T00:30:00.5Z")
        .replace("<cap:scope>Public</cap:scope>", "<cap:restriction/><cap:scope> Public </cap:scope><cap:bogus/>");
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(text.into_bytes());
    let read = xml::read(&bytes).unwrap();
    assert_eq!(read.alert.identifier.as_str(), "two%20words");
    assert_eq!(read.alert.sent.as_str(), "2026-03-21T00:30:00-00:00");
    assert_eq!((read.alert.status, read.alert.scope), (Status::Actual, Scope::Public));
    let codes: Vec<&str> = read.findings.iter().map(|finding| finding.code.as_ref()).collect();
    for code in ["name-form", "schema-time", "schema-order", "schema-unknown-element", "schema-word"] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
}

#[test]
fn alerts_inside_a_feed_and_in_latin_1_are_found() {
    let feed = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content>{0}</content></entry><entry>{0}</entry></feed>",
        with_body("")
    );
    assert_eq!(xml::read_all(feed.as_bytes(), &Limits::default()).unwrap().len(), 2);
    let mut latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>".to_vec();
    latin.extend(
        with_body("<note>M?nchen</note>").into_bytes().iter().map(|&byte| if byte == b'?' { 0xfc } else { byte }),
    );
    let read = xml::read(&latin).unwrap();
    assert_eq!(read.alert.note.as_deref(), Some("München"));
}

#[test]
fn earlier_versions_are_read() {
    let old = info_with("")
        .replace("urn:oasis:names:tc:emergency:cap:1.2", "http://www.incident.com/cap/1.0")
        .replace("Observed", "Very Likely");
    let read = xml::read(old.as_bytes()).unwrap();
    assert_eq!(read.version, xml::Version::V1_0);
    assert_eq!(read.alert.infos[0].certainty, Certainty::Likely);
}
