//! Reads what is wrong in real files: a test for each kind of fault that was counted in the alerts of eighty senders.
//! Run by the test command; every document here is made for its test.
//! In each, the alert comes out whole, and what is wrong is said by its code.

use alerts::cap::{Base64, CapTime, Category, Certainty, Pair, Scope, Severity, Status, Urgency, Uri};
use alerts::xml::{self, Limits, Read, ReadError, Version};

fn read(text: &str) -> Read {
    xml::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn codes(read: &Read) -> Vec<&str> {
    read.findings.iter().map(|finding| finding.code.as_ref()).collect()
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
    for broken in ["", "x", "<alert>", "<alert></b>", "<a>x</a", "<a x=1/>"] {
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
    assert_eq!(xml::read_all(feed.as_bytes(), &Limits::default()).unwrap().alerts.len(), 2);
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
    assert_eq!(read.version, Version::V1_0);
    assert_eq!(read.alert.infos[0].certainty, Certainty::Likely);
}

#[test]
fn a_time_with_a_fraction_and_no_offset_is_read_as_utc() {
    let read = read(&with_body("").replace("2026-03-21T04:00:00+03:30", "2026-03-21T00:30:00.123"));
    assert_eq!(read.alert.sent.as_str(), "2026-03-21T00:30:00-00:00");
    assert_eq!(codes(&read), ["schema-time"]);
}

#[test]
fn a_time_in_z_loses_no_alert_and_is_written_as_the_standard_wants() {
    // A well-known backend drops the whole alert, marks it as done and never looks again.
    let text = info_with("").replace(
        "<cap:certainty>Observed</cap:certainty>",
        "<cap:certainty>Observed</cap:certainty><cap:expires>2026-03-21T04:30:00Z</cap:expires>",
    );
    let read = read(&text);
    assert_eq!(read.alert.infos[0].expires.as_ref().map(CapTime::as_str), Some("2026-03-21T04:30:00-00:00"));
    assert!(xml::write(&read.alert).contains("<expires>2026-03-21T04:30:00-00:00</expires>"));
    assert_eq!(codes(&read), ["schema-time"]);
}

#[test]
fn empty_shapes_are_a_hint_and_nothing_else() {
    let read = read(&info_with("<polygon/><polygon> </polygon><circle/>"));
    let area = &read.alert.infos[0].areas[0];
    assert!(area.polygons.is_empty() && area.circles.is_empty() && area.unusable.is_empty());
    assert_eq!(codes(&read), ["element-empty"; 3]);
    assert!(read.is_schema_valid());
}

#[test]
fn a_circle_without_a_radius_is_a_point() {
    let read = read(&info_with("<circle>34.8,48.5 0</circle>"));
    assert_eq!(read.alert.infos[0].areas[0].circles[0].to_cap_text(), "34.8,48.5 0");
    assert_eq!(codes(&read), [""; 0]);
}

#[test]
fn an_info_without_a_language_speaks_english_of_america() {
    let read = read(&info_with(""));
    assert_eq!(read.alert.infos[0].language, None);
    assert!(read.alert.info_in("en").is_some() && read.is_schema_valid());
}

#[test]
fn a_language_that_is_empty_or_a_name_is_survived() {
    let with = |tag: &str| {
        read(&info_with("").replace("<cap:info>", &format!("<cap:info><cap:language>{tag}</cap:language>")))
    };
    let empty = with("");
    assert_eq!((empty.alert.infos[0].language.as_ref(), codes(&empty)), (None, vec!["element-empty"]));
    assert!(empty.is_schema_valid(), "the schema gives an empty element its default");
    for (tag, code) in
        [("English (US)", Some("schema-language")), ("fa_IR", Some("schema-language")), ("english", None), ("HI", None)]
    {
        let read = with(tag);
        assert_eq!(read.alert.infos[0].language.is_some(), code.is_none(), "{tag}");
        assert_eq!(codes(&read), code.into_iter().collect::<Vec<_>>(), "{tag}");
    }
}

#[test]
fn markup_in_a_text_is_read_in_its_order() {
    let with = |text: &str| {
        read(&info_with("").replace("<cap:area>", &format!("<cap:instruction>{text}</cap:instruction><cap:area>")))
    };
    let real = with("Go <b>up</b> the hill.<br/>Wait there<p>for us</p>.");
    assert_eq!(real.alert.infos[0].instruction.as_deref(), Some("Go up the hill.\nWait there\nfor us."));
    assert_eq!(codes(&real), ["schema-child"]);
    let escaped = with("Go&lt;br/&gt;up");
    assert_eq!(escaped.alert.infos[0].instruction.as_deref(), Some("Go<br/>up"));
    assert_eq!(codes(&escaped), [""; 0], "the schema allows it; `check` warns");
}

#[test]
fn empty_elements_are_hints() {
    let text = with_body("<note/>").replace("</cap:alert>", "");
    let info = info_with("").replace("<cap:area>", "<cap:instruction/><cap:contact></cap:contact><cap:area>");
    let info = &info[info.find("<cap:info>").unwrap()..];
    let read = read(&(text + info));
    assert_eq!(codes(&read), ["element-empty"; 3]);
    assert!(read.is_schema_valid());
}

#[test]
fn an_alert_without_expires_or_area_or_info_is_still_one() {
    // Alerts of MoWaS name no end, and a well-known service let them vanish; another refused alerts without an area.
    let read_one = read(&info_with("").replace("<cap:area><cap:areaDesc>x</cap:areaDesc></cap:area>", ""));
    assert!(read_one.alert.infos[0].areas.is_empty() && read_one.alert.expires().is_none());
    let bare = read(&with_body(""));
    assert!(bare.alert.infos.is_empty());
    assert_eq!((codes(&read_one), codes(&bare)), (vec![], vec![]));
}

#[test]
fn a_circle_made_of_two_corners_is_kept_as_text() {
    let read = read(&info_with("<circle>48.5,34.8 48.6,34.9</circle>"));
    assert_eq!(read.alert.infos[0].areas[0].unusable[0].raw(), "48.5,34.8 48.6,34.9");
    assert_eq!(codes(&read), ["shape-form"]);
}

#[test]
fn an_empty_urgency_is_unknown() {
    let read = read(&info_with("").replace("<cap:urgency>Immediate</cap:urgency>", "<cap:urgency/>"));
    assert_eq!(read.alert.infos[0].urgency, Urgency::Unknown);
    assert_eq!(codes(&read), ["schema-word"]);
}

#[test]
fn words_in_another_case_are_understood() {
    let read = read(&info_with("").replace("Severe", "SEVERE").replace("Met", "met").replace("Observed", " Observed "));
    let info = &read.alert.infos[0];
    assert_eq!(info.severity, Severity::Severe);
    assert_eq!((info.categories[0], info.certainty), (Category::Met, Certainty::Observed));
    assert_eq!(codes(&read), ["schema-word"; 3]);
}

#[test]
fn names_with_spaces_are_encoded_in_the_alert_and_in_what_refers_to_it() {
    let first = read(&with_body("").replace(">b<", ">Crisis Office<").replace(">a<", ">flood 1<"));
    let second = read(&with_body("<references>Crisis Office,flood 1,2026-03-21T04:00:00+03:30</references>"));
    assert_eq!(second.alert.references, [first.alert.reference()]);
    assert_eq!((codes(&first), codes(&second)), (vec!["name-form"; 2], vec!["references-form"]));
    assert!(first.is_schema_valid() && second.is_schema_valid(), "to the schema a name is any string");
}

#[test]
fn a_polygon_of_three_positions_is_kept_and_an_open_one_is_closed() {
    let read = read(&info_with("<polygon>1,1 1,2 1,1</polygon><polygon>1,1 1,2 2,2 2,1</polygon>"));
    let area = &read.alert.infos[0].areas[0];
    assert_eq!(area.unusable[0].raw(), "1,1 1,2 1,1");
    assert_eq!(area.polygons[0].to_cap_text(), "1,1 1,2 2,2 2,1 1,1");
    assert_eq!(codes(&read), ["shape-form"; 2]);
}

#[test]
fn the_wrong_namespace_is_said_and_survived() {
    let text = info_with("").replace("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:alerts:1.2");
    let read = read(&text);
    assert_eq!((read.version, read.alert.infos.len()), (Version::Unknown, 1));
    assert_eq!(codes(&read), ["schema-namespace"]);
}

#[test]
fn polygons_after_geocodes_are_read() {
    let geocode = "<geocode><valueName>EMMA_ID</valueName><value>RS001</value></geocode>";
    let read = read(&info_with(&format!("{geocode}<polygon>1,1 1,2 2,2 1,1</polygon>{geocode}")));
    let area = &read.alert.infos[0].areas[0];
    assert_eq!((area.polygons.len(), area.geocodes.len()), (1, 2));
    assert_eq!(codes(&read), ["schema-order"]);
}

#[test]
fn elements_that_nobody_knows_are_passed_over() {
    let read = read(&with_body("<reference>x</reference><note>n</note>"));
    assert_eq!(read.alert.note.as_deref(), Some("n"));
    assert_eq!(codes(&read), ["schema-unknown-element"]);
}

#[test]
fn an_alert_that_names_itself_is_read() {
    let read = read(&with_body("<references>b,a,2026-03-21T04:00:00+03:30</references>"));
    assert_eq!(read.alert.references, [read.alert.reference()]);
    assert!(
        alerts::check(&read.alert, alerts::Profile::Base).iter().any(|finding| finding.code == "references-itself")
    );
}

#[test]
fn references_of_plain_ids_are_reported_and_lose_nothing_else() {
    // As in the fixtures of a home automation for NINA: ids, joined by spaces and a comma.
    let read = read(&with_body("<references>mow.DE-1 mow.DE-2, mow.DE-3</references><incidents>flood</incidents>"));
    assert!(read.alert.references.is_empty());
    assert_eq!(read.alert.incidents[0].as_str(), "flood");
    assert_eq!(codes(&read), ["references-form"]);
    assert!(read.findings[0].what.contains("mow.DE-3"));
}

#[test]
fn a_reference_is_never_joined_with_what_stands_beside_it() {
    const SENT: &str = "2026-03-20T04:00:00+03:30";
    let with = |references: String| read(&with_body(&format!("<references>{references}</references>")));
    let said = |read: &Read| -> Vec<String> { read.alert.references.iter().map(ToString::to_string).collect() };
    let (one, two) = (format!("a@b.ir,x1,{SENT}"), format!("a@b.ir,x2,{SENT}"));
    for (text, expected, findings) in [
        (format!("old-1 {one}"), vec![&one], 1),
        (format!("{one}; {two}"), vec![&one, &two], 1),
        (format!("{one};{two}"), vec![&one, &two], 2),
        (format!("{one}, {two},"), vec![&one, &two], 2),
        (format!("{one} {two}"), vec![&one, &two], 0),
        (format!("old-1, {one} and {two} and"), vec![&one, &two], 3),
    ] {
        let read = with(text.clone());
        assert_eq!(
            (said(&read), codes(&read)),
            (expected.into_iter().cloned().collect(), vec!["references-form"; findings]),
            "{text}"
        );
    }
    // Two that run into one another are unread rather than a third that nobody sent.
    let ran = with(format!("{one},{two}"));
    assert_eq!((said(&ran), codes(&ran)), (vec![], vec!["references-form"]));
    // A space in the sender's own name is no such thing.
    let own = read(
        &with_body(&format!("<references>Crisis Office,x1,{SENT}</references>")).replace(">b<", ">Crisis Office<"),
    );
    assert_eq!(
        (said(&own), codes(&own)),
        (vec![format!("Crisis%20Office,x1,{SENT}")], vec!["name-form", "references-form"])
    );
}

#[test]
fn an_update_whose_references_are_all_unreadable_is_an_error() {
    use alerts::Gravity::{Error, Warning};
    let gravity = |msg_type: &str, references: &str| {
        let text = with_body(&format!("<references>{references}</references>"));
        let read = read(&text.replace(">Alert<", &format!(">{msg_type}<")));
        read.findings.iter().map(|finding| finding.gravity).max()
    };
    for msg_type in ["Update", "Cancel", "Ack", "Error"] {
        assert_eq!(gravity(msg_type, "a.1 a.2"), Some(Error), "{msg_type}");
        assert_eq!(
            gravity(msg_type, "b,a,2026-03-20T04:00:00+03:30 a.2"),
            Some(Warning),
            "{msg_type}: one could be read"
        );
    }
    assert_eq!(gravity("Alert", "a.1 a.2"), Some(Warning));
}

#[test]
fn what_the_schema_says_of_midnight_and_of_the_declaration_is_said() {
    let with = |sent: &str| read(&with_body("").replace("2026-03-21T04:00:00+03:30", sent));
    let midnight = with("2026-12-31T24:00:00+03:30");
    assert_eq!((midnight.alert.sent.as_str(), codes(&midnight)), ("2027-01-01T00:00:00+03:30", vec!["time-form"]));
    assert!(midnight.is_schema_valid());
    assert_eq!(codes(&with("2026-12-31T24:00:01+03:30")), ["schema-time"]);
    let text = with_body("");
    for (before, expected) in [
        ("<?xml version='1.0'?>", vec![]),
        ("\u{feff}<?xml version='1.0'?>", vec![]),
        ("<?xml version='1.0'?>\n<?xml-stylesheet href='x'?>", vec![]),
        ("\n<?xml version='1.0'?>", vec!["schema-prolog"]),
        ("<!-- c --><?xml version='1.0'?>", vec!["schema-prolog"]),
        ("<?xml version='1.0' encoding='x-unknown'?>", vec!["schema-encoding"]),
    ] {
        assert_eq!(codes(&read(&format!("{before}{text}"))), expected, "{before:?}");
    }
}

#[test]
fn a_sent_that_cannot_be_read_never_becomes_another_time() {
    let with = |sent: &str| {
        let effective = "</cap:certainty><cap:effective>2026-03-22T04:00:00+03:30</cap:effective>";
        read(&info_with("").replace("</cap:certainty>", effective).replace("2026-03-21T04:00:00+03:30", sent))
    };
    for text in [
        "Sat, 21 Mar 2026 04:00:00 +0330",
        "21 Mar 2026 04:00:00 +0330",
        "۲۰۲۶-۰۳-۲۱T۰۴:۰۰:۰۰+۰۳:۳۰",
        "٢٠٢٦-٠٣-٢١T٠٤:٠٠:٠٠+٠٣:٣٠",
    ] {
        let read = with(text);
        assert_eq!(
            (read.alert.sent.as_str(), codes(&read)),
            ("2026-03-21T04:00:00+03:30", vec!["schema-time"]),
            "{text}"
        );
    }
    for text in ["2026-02-30T04:00:00+03:30", "2026-03-21T04:00:00,03:30", "tomorrow", ""] {
        let read = with(text);
        assert_eq!(read.alert.sent.as_str(), "1970-01-01T00:00:00-00:00", "{text}: not known");
        assert_eq!((codes(&read), read.findings[0].gravity), (vec!["schema-time"], alerts::Gravity::Error), "{text}");
    }
}

#[test]
fn a_list_with_an_unbalanced_quote_or_an_empty_item_is_said() {
    for (list, items, findings) in [
        ("a \"b c\"", vec!["a", "b c"], 0),
        ("a \"b c", vec!["a", "b c"], 1),
        ("a b\"c", vec!["a", "bc"], 1),
        ("a \"\" b", vec!["a", "b"], 1),
        ("\"\"", vec![], 1),
    ] {
        for tag in ["addresses", "incidents"] {
            let read = read(&with_body(&format!("<{tag}>{list}</{tag}>")));
            let both = read.alert.addresses.iter().chain(&read.alert.incidents);
            assert_eq!(both.map(alerts::cap::ListItem::as_str).collect::<Vec<_>>(), items, "{tag}: {list}");
            assert_eq!(codes(&read), vec!["list-form"; findings], "{tag}: {list}");
        }
    }
}

#[test]
fn a_circle_with_a_space_after_its_comma_and_a_root_in_capitals_are_mended_and_said() {
    let read = read(&info_with("<circle>34.8, 48.5 10</circle>").replace("cap:alert", "cap:Alert"));
    assert_eq!(read.alert.infos[0].areas[0].circles[0].to_cap_text(), "34.8,48.5 10");
    assert_eq!(codes(&read), ["schema-unknown-element", "shape-form"]);
}

#[test]
fn a_circle_with_two_spaces_is_a_hint_only() {
    let read = read(&info_with("<circle>34.8,48.5  2</circle>"));
    assert_eq!(read.alert.infos[0].areas[0].circles.len(), 1);
    assert_eq!((codes(&read), read.findings[0].gravity), (vec!["circle-spaces"], alerts::Gravity::Hint));
}

#[test]
fn feeds_with_other_roots_and_envelopes_are_searched() {
    let alert = info_with("");
    let escaped = alert.replace('&', "&amp;").replace('<', "&lt;");
    for (what, text) in [
        ("a list", format!("<alerts>{alert}</alerts>")),
        ("a list that is called like an alert", format!("<alert>{alert}</alert>")),
        (
            "EDXL-DE",
            format!(
                "<EDXLDistribution xmlns='urn:oasis:names:tc:emergency:EDXL:DE:1.0'><contentObject><xmlContent><embeddedXMLContent>\
                 {alert}</embeddedXMLContent></xmlContent></contentObject></EDXLDistribution>"
            ),
        ),
        (
            "Atom",
            format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='text/xml'>{alert}</content></entry></feed>"
            ),
        ),
        (
            "RSS with escaped text",
            format!("<rss><channel><item><description>{escaped}</description></item></channel></rss>"),
        ),
        (
            "RSS with CDATA",
            format!("<rss><channel><item><description> <![CDATA[{alert}]]></description></item></channel></rss>"),
        ),
    ] {
        let all = xml::read_all(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{what}: {error}"));
        let all = all.alerts;
        assert_eq!(all.len(), 1, "{what}");
        assert_eq!((all[0].alert.infos[0].event.as_str(), codes(&all[0])), ("Flood", vec![]), "{what}");
        assert_eq!(&*all[0].raw, text.as_bytes(), "{what}: the bytes are kept as they came");
    }
}

#[test]
fn an_alert_of_a_feed_that_cannot_be_read_does_not_vanish_behind_a_sound_one() {
    let item = |text: &str| format!("<item><description><![CDATA[{text}]]></description></item>");
    let broken = with_body("<note>&file;</note>");
    let feed = format!("<rss><channel>{}{}{}</channel></rss>", item(&broken), item(&with_body("")), item(&broken));
    let all = xml::read_all(feed.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((all.alerts.len(), codes(&all.alerts[0])), (1, vec![]));
    let unread: Vec<(&str, &ReadError)> = all.unread.iter().map(|one| (one.place.as_str(), &one.fault)).collect();
    let why = &ReadError::Entity { name: "file".into() };
    assert_eq!(unread, [("/rss/channel/item[1]/description", why), ("/rss/channel/item[3]/description", why)]);
    // Who reads only the first alert learns of the others as well.
    assert_eq!(codes(&read(&feed)), ["alert-unread"; 2]);
    // And of very many, none is lost in the count.
    let many = format!("<rss>{}{}</rss>", item(&broken).repeat(300), item(&with_body("")));
    assert_eq!(xml::read_all(many.as_bytes(), &Limits::default()).unwrap().unread.len(), 300);
}

#[test]
fn what_stands_around_the_root_loses_no_alert() {
    let whole = info_with("<polygon>1,1 1,2 2,2 1,1</polygon>");
    let sound = read(&whole).alert;
    for (text, code) in [
        (format!("{whole}\nNNNN sent by gateway 7"), "schema-trailing"),
        (format!("{whole}</cap:alert>"), "schema-trailing"),
        (format!("{whole}<5"), "schema-trailing"),
        (format!("{whole}<!-- no end"), "schema-trailing"),
        (format!("HTTP/1.1 200 OK\r\n\r\n{whole}"), "schema-prolog"),
        (format!("</x>{whole}"), "schema-prolog"),
    ] {
        let read = read(&text);
        assert_eq!((&read.alert, codes(&read)), (&sound, vec![code]), "{text}");
    }
    // A second alert beside the root is not lost either.
    let two = xml::read_all(format!("{whole}{whole}").as_bytes(), &Limits::default()).unwrap();
    assert_eq!((two.alerts.len(), codes(&two.alerts[1])), (2, vec!["schema-trailing"]));
    assert_eq!(xml::read(format!("{whole}<!DOCTYPE x>").as_bytes()), Err(ReadError::Doctype));
}

#[test]
fn a_document_cut_short_loses_only_what_is_not_there() {
    let whole = info_with(
        "<polygon>1,1 1,2 2,2 3,3 1,1</polygon><geocode><valueName>ISO</valueName><value>IR-24</value></geocode>",
    );
    let sound = read(&whole).alert;
    let upto = |mark: &str| &whole[..whole.find(mark).unwrap()];
    for cut in [upto("</cap:alert>"), &whole[..whole.len() - 3], upto("</cap:area>"), upto("</cap:info>")] {
        let read = read(cut);
        assert_eq!((&read.alert, codes(&read)), (&sound, vec!["schema-not-well-formed"]), "{cut}");
    }
    // Half a polygon would be a wrong one.
    for cut in [upto(" 3,3"), upto(" 1,1</cap:polygon>"), upto("</cap:polygon>")] {
        let read = read(cut);
        assert!(read.alert.infos[0].areas[0].polygons.is_empty(), "{cut}");
        assert_eq!((read.alert.infos[0].severity, codes(&read)), (Severity::Severe, vec!["schema-not-well-formed"]));
    }
    // At every place, what comes out was there, and before its head is whole an alert is none.
    for end in 0..whole.len() {
        match xml::read(&whole.as_bytes()[..end]) {
            Ok(read) => {
                assert!(end > upto("</cap:scope>").len() && !read.is_schema_valid(), "{end}");
                assert_eq!((read.alert.status, &read.alert.sent), (sound.status, &sound.sent));
                for area in read.alert.infos.iter().flat_map(|info| &info.areas) {
                    assert!(
                        area.unusable.is_empty()
                            && (area.polygons.is_empty() || area.polygons == sound.infos[0].areas[0].polygons)
                    );
                }
            }
            Err(fault) => {
                assert!(end <= upto("</cap:scope>").len() + 1, "{end}: {fault}");
            }
        }
    }
}

#[test]
fn tags_that_do_not_fit_lose_no_alert_and_nothing_beside_them() {
    let whole = info_with("<polygon>1,1 1,2 2,2 1,1</polygon><circle>1,1 2</circle>");
    let sound = read(&whole).alert;
    for (tag, instead) in [
        ("</cap:areaDesc>", ""),
        ("</cap:polygon>", ""),
        ("</cap:polygon>", "</cap:polygn>"),
        ("</cap:area>", ""),
        ("</cap:info>", ""),
        ("</cap:severity>", "</cap:urgency>"),
        ("</cap:scope>", ""),
        ("</cap:circle>", "</cap:circle></b>"),
    ] {
        let read = read(&whole.replacen(tag, instead, 1));
        assert_eq!((&read.alert, codes(&read)), (&sound, vec!["schema-not-well-formed"]), "{tag} {instead}");
    }
    let info = &whole[whole.find("<cap:info>").unwrap()..whole.find("</cap:alert>").unwrap()];
    let open = info.replace("</cap:info>", "").replace("</cap:area>", "");
    let two = read(&whole.replace(info, &format!("{open}{info}")));
    assert_eq!((&two.alert.infos[0], &two.alert.infos[1]), (&sound.infos[0], &sound.infos[0]));
    let less = read(&with_body("<note>5 < 6, 4 <5</note>").replace("<cap: 6", "< 6").replace("<cap:5", "<5"));
    assert_eq!((less.alert.note.as_deref(), codes(&less)), (Some("5 < 6, 4 <5"), vec!["schema-not-well-formed"]));
}

#[test]
fn a_feed_that_is_cut_says_that_alerts_may_be_missing() {
    let feed = format!("<feed><entry>{0}</entry><entry>{0}</entry><entry>{0}", with_body(""));
    let cut = xml::read_all(feed.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((cut.alerts.len(), cut.unread.len(), cut.unread[0].place.as_str()), (3, 1, "/feed"));
    let cut = xml::read_all(&feed.as_bytes()[..feed.len() - 200], &Limits::default()).unwrap();
    assert_eq!((cut.alerts.len(), cut.unread[0].place.as_str()), (2, "/feed/entry[3]/alert"));
}

#[test]
fn an_empty_feed_is_no_crash() {
    for text in ["<feed xmlns='http://www.w3.org/2005/Atom'/>", "<rss><channel/></rss>", "<alerts></alerts>"] {
        assert_eq!(xml::read_all(text.as_bytes(), &Limits::default()), Err(ReadError::NoAlert));
    }
    let evil = "<rss><description>&lt;!DOCTYPE x&gt;&lt;alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'/&gt;</description></rss>";
    assert_eq!(xml::read(evil.as_bytes()), Err(ReadError::Doctype), "nor does one come in by the back door");
}

#[test]
fn bytes_that_are_no_text_cost_a_letter_and_not_the_alert() {
    let mut bytes = with_body("<note>a?b</note>").into_bytes();
    let at = bytes.windows(3).position(|three| three == b"a?b").unwrap();
    bytes[at + 1] = 0xff;
    let read = xml::read(&bytes).unwrap();
    assert_eq!(read.alert.note.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(codes(&read), ["schema-encoding"]);
}

#[test]
fn persian_in_the_encodings_of_older_programs_is_read() {
    let mut bytes = b"<?xml version='1.0' encoding='windows-1256'?>".to_vec();
    bytes.extend(with_body("<note>?</note>").into_bytes());
    let at = bytes.iter().rposition(|&byte| byte == b'?').unwrap();
    bytes.splice(at..=at, *b"\xd3\xed\xe1");
    assert_eq!(xml::read(&bytes).unwrap().alert.note.as_deref(), Some("سيل"));
}

#[test]
fn an_ampersand_that_stands_alone_is_kept() {
    let read = read(&with_body("<note>Search & Rescue</note>"));
    assert_eq!(read.alert.note.as_deref(), Some("Search & Rescue"));
    assert_eq!(codes(&read), ["schema-ampersand"]);
}

#[test]
fn a_line_break_inside_a_code_is_read() {
    let read = read(&with_body("<code>\n  IPAWSv1.0\n</code>"));
    assert_eq!(read.alert.codes[0], "IPAWSv1.0");
    assert_eq!(codes(&read), [""; 0]);
}

#[test]
fn sentences_of_cap_1_0_and_1_1_are_understood() {
    let old = info_with("<geocode>FIPS6=006109</geocode>")
        .replace("urn:oasis:names:tc:emergency:cap:1.2", "http://www.incident.com/cap/1.0")
        .replace("<cap:area>", "<cap:eventCode>SAME=TOR</cap:eventCode><cap:area>");
    let old = read(&old);
    assert_eq!(old.alert.infos[0].event_codes, [Pair::new("SAME", "TOR")]);
    assert_eq!(old.alert.infos[0].areas[0].geocodes, [Pair::new("FIPS6", "006109")]);
    let middle = info_with("")
        .replace("urn:oasis:names:tc:emergency:cap:1.2", "urn:oasis:names:tc:emergency:cap:1.1")
        .replace("<cap:area>", "<cap:resource><cap:resourceDesc>map</cap:resourceDesc></cap:resource><cap:area>");
    let middle = read(&middle);
    assert_eq!((middle.version, middle.alert.infos[0].resources.len()), (Version::V1_1, 1));
    assert_eq!(codes(&middle), ["schema-version"], "1.1 did not ask for a media type");
}

#[test]
fn what_a_resource_says_wrongly_is_reported() {
    let resource = "<resource><resourceDesc>map</resourceDesc><mimeType>png</mimeType><size>1 kB</size><uri>a b.png</uri>\
                    <derefUri>QUJ\nD</derefUri><digest>md5:1</digest></resource>";
    let resource = resource.replace("</", "</cap:").replace('<', "<cap:").replace("<cap:/cap:", "</cap:");
    let read = read(&info_with("").replace("<cap:area>", &format!("{resource}<cap:area>")));
    let resource = &read.alert.infos[0].resources[0];
    assert_eq!(&*resource.mime_type, "application/octet-stream");
    assert_eq!(resource.deref_uri.as_ref().map(Base64::content), Some(b"ABC".to_vec()));
    assert_eq!(resource.uri.as_ref().map(Uri::as_str), Some("a%20b.png"));
    assert_eq!((resource.size, &resource.digest), (None, &None));
    assert_eq!(codes(&read), ["mime-type", "schema-size", "schema-uri", "digest"]);
}

#[test]
fn a_signature_is_noticed_and_its_inside_left_alone() {
    let signature =
        "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'><SignatureValue>x</SignatureValue></Signature>";
    let signed = read(&with_body("").replace("</cap:alert>", &format!("{signature}</cap:alert>")));
    assert!(signed.signed && signed.is_schema_valid(), "{:?}", signed.findings);
    let early = read(&with_body("").replace("<cap:identifier>", &format!("{signature}<cap:identifier>")));
    assert!(early.signed && !early.is_schema_valid());
}

#[test]
fn a_flood_of_faults_is_cut_and_the_verdict_stays() {
    let many = "<circle>x</circle>".repeat(3_000);
    let valid = read(&info_with(&many));
    assert_eq!(valid.findings.len(), xml::FINDINGS_MAX + 1);
    assert_eq!(valid.findings.last().map(|finding| finding.code.as_ref()), Some("findings-many"));
    assert_eq!(valid.alert.infos[0].areas[0].unusable.len(), 3_000, "nothing is lost with the findings");
    assert!(valid.is_schema_valid());
    let invalid = read(&info_with(&format!("{many}<altitude>high</altitude>")));
    assert_eq!(invalid.findings.len(), xml::FINDINGS_MAX + 2);
    assert!(!invalid.is_schema_valid());
    let alerts = format!("<alerts>{}</alerts>", "<alert/>".repeat(6_000));
    assert_eq!(
        xml::read_all(alerts.as_bytes(), &Limits::default()),
        Err(ReadError::TooManyAlerts { max: Limits::default().alerts })
    );
}

#[test]
fn polygons_beyond_the_limit_are_kept_as_text() {
    let limits = Limits { positions: 5, ..Limits::default() };
    let text = info_with("<polygon>1,1 1,2 2,2 1,1</polygon><polygon>1,1 1,2 2,2 1,1</polygon>");
    let read = xml::read_with(text.as_bytes(), &limits).unwrap();
    let area = &read.alert.infos[0].areas[0];
    assert_eq!((area.polygons.len(), area.unusable[0].raw()), (1, "1,1 1,2 2,2 1,1"));
    assert_eq!(codes(&read), ["shape-large"]);
}
