//! Checks that `check` finds each rule that the schema does not express, where it is broken, and nothing else.
//! Run by the test command.
//! Each case breaks one rule of an alert that has no findings.

use alerts::cap::{
    Alert, Area, CapTime, Category, Circle, Feet, Identifier, Info, Language, ListItem, MimeType, MsgType, Pair,
    Polygon, Resource, ResponseType, Scope, Sender, Status, Text, Urgency, Uri,
};
use alerts::{Gravity, Profile, check};
use geo_types::Coord;

fn time(text: &str) -> CapTime {
    CapTime::parse(text).expect("a time of this test")
}

#[expect(clippy::unnecessary_wraps, reason = "every field it fills is optional")]
fn text(text: &str) -> Option<Text> {
    Some(Text::new(text))
}

fn info(lang: &str) -> Info {
    let mut area = Area::new(if lang == "fa" { "کنار رود" } else { "River East" });
    area.polygons = vec![Polygon::parse("34,48 34,49 35,49 34,48").expect("closed")];
    area.geocodes = vec![Pair::new("hamyar:zone", "river-east")];
    Info {
        language: Language::new(lang).ok(),
        response_types: vec![ResponseType::Evacuate],
        urgency: Urgency::Immediate,
        event_codes: vec![Pair::new("OET:v1.2", "OET-081")],
        expires: Some(time("2026-03-21T08:00:00+03:30")),
        sender_name: text(if lang == "fa" { "ستاد بحران" } else { "Crisis office" }),
        headline: text(if lang == "fa" {
            "هشدار سیل در کنار رود شرقی"
        } else {
            "Flood warning for River East"
        }),
        description: text(if lang == "fa" {
            "آب در کنار رود شرقی بالا آمده است."
        } else {
            "The water in River East is high."
        }),
        instruction: text(if lang == "fa" { "به جای بلند بروید." } else { "Go to high ground." }),
        contact: text("137"),
        areas: vec![area],
        ..Info::new(Category::Met, if lang == "fa" { "سیل" } else { "Flood" })
    }
}

fn alert() -> Alert {
    Alert {
        infos: vec![info("fa"), info("en")],
        ..Alert::new(
            Identifier::new("urn:uuid:1").expect("a name"),
            Sender::new("crisis@hamadan.ir").expect("a name"),
            time("2026-03-21T04:00:00+03:30"),
            Status::Actual,
            MsgType::Alert,
        )
    }
}

#[test]
fn a_good_alert_has_no_findings() {
    assert_eq!(check(&alert(), Profile::City), []);
}

/// How to break an alert.
type Break = Box<dyn Fn(&mut Alert)>;

#[test]
fn each_broken_rule_is_found_by_its_name() {
    let resource = || Resource::new("map", MimeType::new("image/png").expect("a media type"));
    let cases: Vec<(&str, Break)> = vec![
        ("addresses-missing", Box::new(|a| a.scope = Scope::Private)),
        ("restriction-missing", Box::new(|a| a.scope = Scope::Restricted)),
        ("restriction-out-of-scope", Box::new(|a| a.restriction = text("x"))),
        ("references-missing", Box::new(|a| a.msg_type = MsgType::Update)),
        ("references-missing", Box::new(|a| a.msg_type = MsgType::Ack)),
        ("error-unexplained", Box::new(|a| a.msg_type = MsgType::Error)),
        ("exercise-unnamed", Box::new(|a| a.status = Status::Exercise)),
        ("references-itself", Box::new(|a| a.references = vec![a.reference()])),
        (
            "references-later",
            Box::new(|a| {
                let mut later = a.reference();
                later.identifier = Identifier::new("other").expect("a name");
                later.sent = time("2026-03-21T04:00:01+03:30");
                a.references = vec![later];
            }),
        ),
        ("info-missing", Box::new(|a| a.infos.clear())),
        ("event-empty", Box::new(|a| a.infos[0].event = Text::new(""))),
        ("expires-missing", Box::new(|a| a.infos[0].expires = None)),
        ("expires-before-effective", Box::new(|a| a.infos[0].effective = Some(time("2026-03-21T09:00:00+03:30")))),
        ("expires-before-onset", Box::new(|a| a.infos[0].onset = Some(time("2026-03-21T09:00:00+03:30")))),
        ("markup", Box::new(|a| a.infos[0].instruction = text("go<br/>up"))),
        ("markup", Box::new(|a| a.infos[0].instruction = text("go&nbsp;up"))),
        ("element-empty", Box::new(|a| a.infos[0].audience = text(""))),
        ("text-damaged", Box::new(|a| a.infos[0].description = text("a\u{fffd}"))),
        ("headline-long", Box::new(|a| a.infos[0].headline = text(&"س".repeat(161)))),
        ("city-headline-long", Box::new(|a| a.infos[0].headline = text(&"س".repeat(161)))),
        ("text-repeated", Box::new(|a| a.infos[0].description = a.infos[0].headline.clone())),
        ("web-relative", Box::new(|a| a.infos[0].web = Uri::new("alerts/1").ok())),
        (
            "uri-relative",
            Box::new(move |a| a.infos[0].resources = vec![Resource { uri: Uri::new("map.png").ok(), ..resource() }]),
        ),
        ("area-unnamed", Box::new(|a| a.infos[0].areas[0].description = Text::new(""))),
        ("area-words-only", Box::new(|a| a.infos[0].areas = vec![Area::new("somewhere")])),
        (
            "circle-zero",
            Box::new(|a| {
                a.infos[0].areas[0].circles = vec![Circle::new(Coord { x: 48.0, y: 34.0 }, 0.0).expect("on the globe")];
            }),
        ),
        ("ceiling-alone", Box::new(|a| a.infos[0].areas[0].ceiling = Feet::new(1.0))),
        (
            "ceiling-low",
            Box::new(|a| {
                a.infos[0].areas[0].altitude = Feet::new(2.0);
                a.infos[0].areas[0].ceiling = Feet::new(1.0);
            }),
        ),
        ("utc-plus", Box::new(|a| a.sent = time("2026-03-21T00:30:00+00:00"))),
        ("not-translated", Box::new(|a| a.infos[1].description = a.infos[0].description.clone())),
        (
            "city-language",
            Box::new(|a| {
                a.infos.pop();
            }),
        ),
        ("city-missing", Box::new(|a| a.infos[1].contact = None)),
        ("city-all-clear", Box::new(|a| a.infos[0].response_types = vec![ResponseType::AllClear])),
    ];
    for (code, breaks) in cases {
        let mut broken = alert();
        breaks(&mut broken);
        let findings = check(&broken, Profile::City);
        assert!(findings.iter().any(|finding| finding.code == code), "{code} is not among {findings:?}");
    }
}

#[test]
fn text_that_only_resembles_markup_is_left_alone() {
    for fine in ["water < 2 m & rising", "a <- b -> c", "AT&T; no", "2 < 3 and 5 > 4", "salt & pepper;"] {
        let mut alert = alert();
        alert.infos[1].description = text(fine);
        let found: Vec<_> =
            check(&alert, Profile::City).into_iter().filter(|finding| finding.code == "markup").collect();
        // “&T;” has the very form of an entity, so that one is reported, as a warning.
        assert_eq!(found.len(), usize::from(fine.contains("&T;")), "{fine}: {found:?}");
        assert!(found.iter().all(|finding| finding.gravity == Gravity::Warning));
    }
}

#[test]
fn the_base_profile_asks_nothing_of_the_city() {
    let mut foreign = alert();
    foreign.infos.pop();
    foreign.infos[0].contact = None;
    assert_eq!(check(&foreign, Profile::Base), []);
    foreign.scope = Scope::Private;
    foreign.addresses = vec![ListItem::new("desk one").expect("a list item")];
    assert_eq!(check(&foreign, Profile::Base), []);
}
