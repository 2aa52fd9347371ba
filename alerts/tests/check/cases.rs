//! Alerts without findings, and one way to break each rule of each profile.
//! Used by `check`.
//! Each case breaks one rule and no other; its place and severity stand beside it.

use alerts::Gravity::{self, Error, Hint, Warning};
use alerts::Profile;
use alerts::cap::{
    Alert, Area, Base64, CapTime, Categories, Category, Certainty, Circle, Digest, Feet, Identifier, Info, Language,
    MimeType, MsgType, Pair, Polygon, Reference, Resource, ResponseType, Scope, Sender, Severity, Status, Text,
    Urgency, Uri,
};
use geo_types::Coord;

pub(crate) fn time(text: &str) -> CapTime {
    CapTime::parse(text).expect("a time of this test")
}

#[expect(clippy::unnecessary_wraps, reason = "every field it fills is optional")]
pub(crate) fn text(text: &str) -> Option<Text> {
    Some(Text::new(text))
}

pub(crate) fn info(lang: &str) -> Info {
    let mut area = Area::new(if lang == "fa" { "کنار رود" } else { "River East" });
    area.polygons = vec![Polygon::parse("34,48 34,49 35,49 34,48").expect("closed")];
    area.geocodes = vec![Pair::new("hamyar:zone", "river-east")];
    Info {
        language: Language::new(lang).ok(),
        response_types: vec![ResponseType::Evacuate],
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Observed,
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

/// An alert without findings under the standard and the city's profile.
pub(crate) fn alert() -> Alert {
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

/// An alert without findings under a profile.
pub(crate) fn good(profile: Profile) -> Alert {
    let mut alert = alert();
    match profile {
        Profile::Base | Profile::City => {}
        Profile::Ipaws => {
            alert.codes = vec![Text::new("IPAWSv1.0")];
            for info in &mut alert.infos {
                info.event_codes.push(Pair::new("SAME", "FFW"));
                info.areas[0].geocodes.push(Pair::new("SAME", "024001"));
            }
        }
        Profile::CapAu => {
            alert.codes = vec![Text::new("urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU:1.0")];
            for info in &mut alert.infos {
                info.event_codes.push(Pair::new(AU_EVENTS, "flashFlood"));
                info.areas[0].geocodes.push(Pair::new("http://www.iso.org/iso/country_codes.html", "AU-NSW"));
            }
        }
        Profile::MeteoAlarm => {
            for info in &mut alert.infos {
                info.parameters = vec![
                    Pair::new("awareness_level", "3; orange; Severe"),
                    Pair::new("awareness_type", "12; flooding"),
                ];
                info.areas[0].geocodes.push(Pair::new("EMMA_ID", "RS001"));
            }
        }
        Profile::Google => {
            for info in &mut alert.infos {
                info.web = Uri::new("https://hamadan.ir/alerts/1").ok();
            }
        }
    }
    alert
}

const AU_EVENTS: &str = "https://govshare.gov.au/xmlui/handle/10772/6495";

pub(crate) fn earlier(alert: &Alert) -> Reference {
    Reference {
        identifier: Identifier::new("urn:uuid:0").expect("a name"),
        sent: time("2026-03-21T03:00:00+03:30"),
        ..alert.reference()
    }
}

fn picture() -> Resource {
    Resource {
        description: Text::new("map"),
        mime_type: MimeType::new("image/png").expect("a media type"),
        size: None,
        uri: Uri::new("https://hamadan.ir/map.png").ok(),
        deref_uri: None,
        digest: None,
    }
}

/// How to break an alert.
pub(crate) type Break = fn(&mut Alert);

/// The standard's rules: code, gravity, place, and how to break it.
const BASE: &[(&str, Gravity, &str, Break)] = &[
    ("utc-plus", Warning, "/alert/sent", |a| a.sent = time("2026-03-21T00:30:00+00:00")),
    ("utc-plus", Warning, "/alert/info[2]/expires", |a| a.infos[1].expires = Some(time("2026-03-21T04:30:00+00:00"))),
    ("addresses-missing", Error, "/alert/addresses", |a| a.scope = Scope::Private),
    ("restriction-missing", Error, "/alert/restriction", |a| a.scope = Scope::Restricted),
    ("restriction-out-of-scope", Error, "/alert/restriction", |a| a.restriction = text("staff only")),
    ("references-missing", Error, "/alert/references", |a| a.msg_type = MsgType::Update),
    ("references-missing", Error, "/alert/references", |a| a.msg_type = MsgType::Cancel),
    ("references-missing", Error, "/alert/references", |a| a.msg_type = MsgType::Ack),
    ("references-itself", Error, "/alert/references", |a| a.references = vec![a.reference()]),
    ("references-later", Error, "/alert/references", |a| {
        a.references = vec![Reference { sent: time("2026-03-21T04:00:01+03:30"), ..earlier(a) }];
    }),
    ("references-twice", Hint, "/alert/references", |a| a.references = vec![earlier(a), earlier(a)]),
    ("error-unexplained", Error, "/alert/note", |a| {
        (a.msg_type, a.references) = (MsgType::Error, vec![earlier(a)]);
    }),
    ("exercise-unnamed", Warning, "/alert/note", |a| a.status = Status::Exercise),
    ("info-missing", Warning, "/alert/info", |a| a.infos.clear()),
    ("event-empty", Error, "/alert/info[1]/event", |a| a.infos[0].event = Text::new("")),
    ("expires-missing", Warning, "/alert/info[1]/expires", |a| a.infos[0].expires = None),
    ("expires-before-effective", Error, "/alert/info[1]/expires", |a| {
        a.infos[0].effective = Some(time("2026-03-21T08:00:00+03:30"));
    }),
    ("expires-before-effective", Error, "/alert/info[2]/expires", |a| {
        // No effective is sent, and an alert that expires as it is sent is over.
        a.infos[1].expires = Some(a.sent.clone());
    }),
    ("expires-before-onset", Warning, "/alert/info[1]/expires", |a| {
        a.infos[0].onset = Some(time("2026-03-21T08:00:01+03:30"));
    }),
    ("headline-long", Hint, "/alert/info[1]/headline", |a| a.infos[0].headline = text(&"س".repeat(161))),
    ("text-repeated", Hint, "/alert/info[1]/description", |a| a.infos[0].description = a.infos[0].headline.clone()),
    ("text-repeated", Hint, "/alert/info[1]/instruction", |a| a.infos[0].instruction = a.infos[0].description.clone()),
    ("markup", Warning, "/alert/info[1]/instruction", |a| a.infos[0].instruction = text("بروید<br/>بالا")),
    ("markup", Warning, "/alert/info[2]/instruction", |a| a.infos[1].instruction = text("go&nbsp;up")),
    ("markup", Warning, "/alert/info[2]/area[1]/areaDesc", |a| {
        a.infos[1].areas[0].description = text("<b>x</b>").unwrap_or_default();
    }),
    ("text-damaged", Warning, "/alert/info[1]/description", |a| a.infos[0].description = text("سیل\u{fffd}")),
    ("element-empty", Hint, "/alert/info[1]/audience", |a| a.infos[0].audience = text("")),
    ("pair-incomplete", Warning, "/alert/info[1]/eventCode[2]", |a| a.infos[0].event_codes.push(Pair::new("SAME", ""))),
    ("pair-incomplete", Warning, "/alert/info[1]/area[1]/geocode[2]", |a| {
        a.infos[0].areas[0].geocodes.push(Pair::new("", "0"));
    }),
    ("web-relative", Error, "/alert/info[1]/web", |a| a.infos[0].web = Uri::new("alerts/1").ok()),
    ("not-translated", Hint, "/alert/info[3]", |a| {
        let mut de = info("fa");
        de.language = Language::new("ckb").ok();
        a.infos.push(de);
    }),
    ("language-script", Warning, "/alert/info[1]/language", |a| a.infos[0].language = None),
    ("info-overrides", Warning, "/alert/info[3]", |a| a.infos.push(Info { severity: Severity::Minor, ..info("en") })),
    ("resource-unnamed", Error, "/alert/info[1]/resource[1]/resourceDesc", |a| {
        a.infos[0].resources = vec![Resource { description: Text::new(""), ..picture() }];
    }),
    ("uri-relative", Error, "/alert/info[1]/resource[2]/uri", |a| {
        a.infos[0].resources = vec![picture(), Resource { uri: Uri::new("map.png").ok(), ..picture() }];
    }),
    ("digest-differs", Error, "/alert/info[1]/resource[1]/digest", |a| {
        let (content, digest) = (Base64::of(b"abc"), Digest::of(b"abd"));
        a.infos[0].resources = vec![Resource { deref_uri: Some(content), digest: Some(digest), ..picture() }];
    }),
    ("area-unnamed", Error, "/alert/info[1]/area[1]/areaDesc", |a| a.infos[0].areas[0].description = Text::new("")),
    ("area-words-only", Warning, "/alert/info[1]/area[2]", |a| a.infos[0].areas.push(Area::new("جایی"))),
    ("polygon-crosses", Warning, "/alert/info[2]/area[1]/polygon[2]", |a| {
        let bow_tie = Polygon::parse("34,48 35,49 34,49 35,48 34,48").expect("closed");
        a.infos[1].areas[0].polygons.push(bow_tie);
    }),
    ("polygon-flat", Warning, "/alert/info[1]/area[1]/polygon[2]", |a| {
        let place = Polygon::parse("34.8,48.5 34.8,48.5 34.8,48.5 34.8,48.5").expect("closed");
        a.infos[0].areas[0].polygons.push(place);
    }),
    ("polygon-flat", Warning, "/alert/info[2]/area[1]/polygon[1]", |a| {
        a.infos[1].areas[0].polygons = vec![Polygon::parse("34,48 34.5,48.5 35,49 34,48").expect("closed")];
    }),
    ("circle-zero", Hint, "/alert/info[1]/area[1]/circle[1]", |a| {
        a.infos[0].areas[0].circles = vec![Circle::new(Coord { x: 48.0, y: 34.0 }, 0.0).expect("on the globe")];
    }),
    ("ceiling-alone", Error, "/alert/info[1]/area[1]/altitude", |a| a.infos[0].areas[0].ceiling = Feet::new(1.0)),
    ("ceiling-low", Error, "/alert/info[1]/area[1]/ceiling", |a| {
        (a.infos[0].areas[0].altitude, a.infos[0].areas[0].ceiling) = (Feet::new(2.0), Feet::new(1.0));
    }),
];

const IPAWS: &[(&str, Gravity, &str, Break)] = &[
    ("ipaws-code", Error, "/alert/code", |a| a.codes.clear()),
    ("ipaws-offset", Warning, "/alert/sent", |a| a.sent = time("2026-03-21T00:30:00-00:00")),
    ("ipaws-offset", Warning, "/alert/info[1]/expires", |a| {
        a.infos[0].expires = Some(time("2026-03-21T04:30:00-00:00"));
    }),
    ("expires-missing", Error, "/alert/info[1]/expires", |a| a.infos[0].expires = None),
    ("ipaws-area", Error, "/alert/info[1]/area", |a| a.infos[0].areas.clear()),
    ("ipaws-category-differs", Error, "/alert/info[2]/category", |a| {
        a.infos[1].categories = Categories::one(Category::Geo);
    }),
    ("ipaws-event-code-differs", Error, "/alert/info[2]/eventCode", |a| {
        a.infos[1].event_codes[1] = Pair::new("SAME", "FFA");
    }),
    ("ipaws-event-code", Error, "/alert/info[1]/eventCode", |a| {
        a.infos.pop();
        a.infos[0].event_codes.pop();
    }),
    ("ipaws-event-code", Error, "/alert/info[1]/eventCode", |a| {
        a.infos.pop();
        a.infos[0].event_codes.push(Pair::new("SAME", "FFA"));
    }),
    ("ipaws-event-code-form", Error, "/alert/info[1]/eventCode[2]", |a| {
        a.infos.pop();
        a.infos[0].event_codes[1] = Pair::new("SAME", "flood");
    }),
    ("ipaws-geocode", Warning, "/alert/info[1]/area[1]/geocode", |a| {
        a.infos[0].areas[0].geocodes.pop();
    }),
    ("ipaws-geocode-form", Warning, "/alert/info[1]/area[1]/geocode[2]", |a| {
        a.infos[0].areas[0].geocodes[1] = Pair::new("SAME", "24001");
    }),
    ("ipaws-effective-ignored", Hint, "/alert/info[1]/effective", |a| a.infos[0].effective = Some(a.sent.clone())),
    ("ipaws-onset-ignored", Hint, "/alert/info[1]/onset", |a| a.infos[0].onset = Some(a.sent.clone())),
    ("ipaws-description", Warning, "/alert/info[1]/description", |a| a.infos[0].description = None),
    ("ipaws-instruction", Warning, "/alert/info[1]/instruction", |a| a.infos[0].instruction = None),
];

const CAP_AU: &[(&str, Gravity, &str, Break)] = &[
    ("cap-au-code", Error, "/alert/code", |a| a.codes = vec![Text::new("IPAWSv1.0")]),
    ("info-missing", Error, "/alert/info", |a| a.infos.clear()),
    ("cap-au-cancel-info", Error, "/alert/info", |a| {
        (a.msg_type, a.references) = (MsgType::Cancel, vec![earlier(a)]);
        a.infos.clear();
    }),
    ("cap-au-category-differs", Error, "/alert/info[2]/category", |a| {
        a.infos[1].categories = Categories::new(vec![Category::Met, Category::Geo]).expect("two");
    }),
    ("cap-au-event-code-differs", Error, "/alert/info[2]/eventCode", |a| {
        a.infos[1].event_codes[1] = Pair::new(AU_EVENTS, "flood");
    }),
    ("cap-au-event-differs", Error, "/alert/info[3]/event", |a| {
        a.infos.push(Info { event: Text::new("Storm"), ..a.infos[1].clone() });
    }),
    ("cap-au-event-code", Error, "/alert/info[1]/eventCode", |a| {
        a.infos.pop();
        a.infos[0].event_codes.pop();
    }),
    ("cap-au-cancel-effective", Error, "/alert/info[1]/effective", |a| {
        (a.msg_type, a.references) = (MsgType::Cancel, vec![earlier(a)]);
        a.infos[0].effective = Some(a.sent.clone());
    }),
    ("cap-au-area", Error, "/alert/info[1]/area", |a| a.infos[0].areas.clear()),
    ("cap-au-shape", Hint, "/alert/info[1]/area[1]", |a| a.infos[0].areas[0].polygons.clear()),
    ("cap-au-geocode", Hint, "/alert/info[1]/area[1]/geocode", |a| {
        a.infos[0].areas[0].geocodes.pop();
    }),
    ("cap-au-sender", Warning, "/alert/sender", |a| a.sender = Sender::new("bom.gov.au").expect("a name")),
    ("cap-au-test", Hint, "/alert/status", |a| a.status = Status::Test),
    ("cap-au-sender-name", Warning, "/alert/info[1]/senderName", |a| a.infos[0].sender_name = None),
    ("cap-au-response-type", Warning, "/alert/info[1]/responseType", |a| a.infos[0].response_types.clear()),
    ("cap-au-instruction", Warning, "/alert/info[1]/instruction", |a| a.infos[0].instruction = None),
];

const METEOALARM: &[(&str, Gravity, &str, Break)] = &[
    ("meteoalarm-level", Error, "/alert/info[1]/parameter", |a| {
        a.infos[0].parameters.remove(0);
    }),
    ("meteoalarm-level-form", Error, "/alert/info[1]/parameter[1]", |a| {
        a.infos[0].parameters[0] = Pair::new("awareness_level", "orange");
    }),
    ("meteoalarm-type", Error, "/alert/info[1]/parameter", |a| {
        a.infos[0].parameters.push(Pair::new("awareness_type", "10; Rain"));
    }),
    ("meteoalarm-type-form", Error, "/alert/info[1]/parameter[2]", |a| {
        a.infos[0].parameters[1] = Pair::new("awareness_type", "flooding");
    }),
    ("meteoalarm-geocode", Warning, "/alert/info[1]/area[1]/geocode", |a| {
        a.infos[0].areas[0].geocodes.pop();
    }),
    ("meteoalarm-english", Error, "/alert/info", |a| {
        a.infos[1] =
            Info {
                event: Text::new("آو"), headline: None, description: None, instruction: None, ..a.infos[1].clone()
            };
        a.infos[1].language = Language::new("ckb").ok();
    }),
    ("meteoalarm-languages", Warning, "/alert/info", |a| {
        a.infos.remove(0);
    }),
];

const GOOGLE: &[(&str, Gravity, &str, Break)] = &[
    ("info-missing", Error, "/alert/info", |a| a.infos.clear()),
    ("google-cancel-info", Error, "/alert/info", |a| {
        (a.msg_type, a.references) = (MsgType::Cancel, vec![earlier(a)]);
        a.infos.clear();
    }),
    ("google-category-differs", Error, "/alert/info[2]/category", |a| {
        a.infos[1].categories = Categories::one(Category::Geo);
    }),
    ("google-event-code-differs", Error, "/alert/info[2]/eventCode", |a| a.infos[1].event_codes.clear()),
    ("google-event-differs", Error, "/alert/info[3]/event", |a| {
        a.infos.push(Info { event: Text::new("Storm"), ..a.infos[1].clone() });
    }),
    ("google-description", Error, "/alert/info[1]/description", |a| a.infos[0].description = None),
    ("google-web", Error, "/alert/info[1]/web", |a| a.infos[0].web = None),
    ("expires-missing", Error, "/alert/info[1]/expires", |a| a.infos[0].expires = None),
    ("google-area", Error, "/alert/info[1]/area", |a| a.infos[0].areas.clear()),
    ("area-words-only", Error, "/alert/info[1]/area[2]", |a| a.infos[0].areas.push(Area::new("جایی"))),
    ("polygon-crosses", Error, "/alert/info[2]/area[1]/polygon[1]", |a| {
        a.infos[1].areas[0].polygons = vec![Polygon::parse("34,48 35,49 34,49 35,48 34,48").expect("closed")];
    }),
    ("polygon-flat", Error, "/alert/info[1]/area[1]/polygon[1]", |a| {
        let place = Polygon::parse("34.8,48.5 34.8,48.5 34.8,48.5 34.8,48.5").expect("closed");
        a.infos[0].areas[0].polygons = vec![place];
    }),
    ("google-shape", Hint, "/alert/info[1]/area[1]", |a| a.infos[0].areas[0].polygons.clear()),
    ("circle-zero", Warning, "/alert/info[1]/area[1]/circle[1]", |a| {
        a.infos[0].areas[0].circles = vec![Circle::new(Coord { x: 48.0, y: 34.0 }, 0.0).expect("on the globe")];
    }),
    ("google-offset", Warning, "/alert/sent", |a| a.sent = time("2026-03-21T00:30:00-00:00")),
    ("google-offset", Warning, "/alert/info[1]/onset", |a| a.infos[0].onset = Some(time("2026-03-21T01:30:00-00:00"))),
    ("google-sender-name", Warning, "/alert/info[1]/senderName", |a| a.infos[0].sender_name = None),
    ("google-response-type", Warning, "/alert/info[1]/responseType", |a| a.infos[0].response_types.clear()),
    ("google-instruction", Warning, "/alert/info[1]/instruction", |a| a.infos[0].instruction = None),
    ("google-contact", Warning, "/alert/info[1]/contact", |a| a.infos[0].contact = None),
    ("google-headline-long", Warning, "/alert/info[1]/headline", |a| a.infos[0].headline = text(&"س".repeat(140))),
    ("text-repeated", Warning, "/alert/info[1]/description", |a| a.infos[0].description = a.infos[0].headline.clone()),
    ("google-urgency-unknown", Warning, "/alert/info[1]/urgency", |a| a.infos[0].urgency = Urgency::Unknown),
    ("google-severity-unknown", Warning, "/alert/info[1]/severity", |a| a.infos[0].severity = Severity::Unknown),
    ("google-certainty-unknown", Warning, "/alert/info[1]/certainty", |a| a.infos[0].certainty = Certainty::Unknown),
];

const CITY: &[(&str, Gravity, &str, Break)] = &[
    ("city-language", Error, "/alert/info", |a| {
        a.infos.pop();
    }),
    ("city-language-unnamed", Error, "/alert/info[2]/language", |a| a.infos[1].language = None),
    ("expires-missing", Error, "/alert/info[1]/expires", |a| a.infos[0].expires = None),
    ("headline-long", Error, "/alert/info[1]/headline", |a| a.infos[0].headline = text(&"س".repeat(161))),
    ("area-words-only", Error, "/alert/info[1]/area[2]", |a| a.infos[0].areas.push(Area::new("جایی"))),
    ("exercise-unnamed", Error, "/alert/note", |a| a.status = Status::Exercise),
    ("city-headline", Error, "/alert/info[1]/headline", |a| a.infos[0].headline = None),
    ("city-description", Error, "/alert/info[1]/description", |a| a.infos[0].description = None),
    ("city-instruction", Error, "/alert/info[1]/instruction", |a| a.infos[0].instruction = None),
    // There and empty is missing, and is said once.
    ("city-instruction", Error, "/alert/info[1]/instruction", |a| a.infos[0].instruction = text("")),
    ("city-contact", Error, "/alert/info[2]/contact", |a| a.infos[1].contact = None),
    ("city-sender-name", Error, "/alert/info[1]/senderName", |a| a.infos[0].sender_name = None),
    ("city-response-type", Error, "/alert/info[1]/responseType", |a| a.infos[0].response_types.clear()),
    ("city-event-code", Error, "/alert/info[1]/eventCode", |a| a.infos[0].event_codes.clear()),
    ("city-area", Error, "/alert/info[1]/area", |a| a.infos[0].areas.clear()),
    ("city-all-clear-urgency", Error, "/alert/info[1]/urgency", |a| {
        (a.msg_type, a.references) = (MsgType::Update, vec![earlier(a)]);
        a.infos[0].response_types = vec![ResponseType::AllClear];
    }),
    ("city-all-clear-update", Error, "/alert/info[1]/responseType[1]", |a| {
        a.infos[0].response_types = vec![ResponseType::AllClear];
        a.infos[0].urgency = Urgency::Past;
    }),
    ("polygon-flat", Error, "/alert/info[1]/area[1]/polygon[1]", |a| {
        let place = Polygon::parse("34.8,48.5 34.8,48.5 34.8,48.5 34.8,48.5").expect("closed");
        a.infos[0].areas[0].polygons = vec![place];
    }),
    ("city-polygon-rich", Warning, "/alert/info[1]/area[1]/polygon[1]", |a| {
        let mut ring: Vec<Coord<f64>> = (0..100_u32)
            .map(|i| (f64::from(i) * std::f64::consts::TAU / 100.0).sin_cos())
            .map(|(y, x)| Coord { x, y })
            .collect();
        ring.push(ring[0]);
        a.infos[0].areas[0].polygons = vec![Polygon::new(ring).expect("closed")];
    }),
];

pub(crate) const fn cases(profile: Profile) -> &'static [(&'static str, Gravity, &'static str, Break)] {
    match profile {
        Profile::Base => BASE,
        Profile::Ipaws => IPAWS,
        Profile::CapAu => CAP_AU,
        Profile::MeteoAlarm => METEOALARM,
        Profile::Google => GOOGLE,
        Profile::City => CITY,
    }
}
