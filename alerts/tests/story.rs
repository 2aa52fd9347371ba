//! Follows alerts from a draft to their end, and their words to one telephone.
//! Run by the test command.
//! Names of tests are sentences about the city.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use alerts::cap::{
    CapTime, Certainty, Identifier, MsgType, Reference, ResponseType, Sender, Severity, Status, Urgency,
};
use alerts::content::{Envelope, event_code};
use alerts::lifecycle::{Case, Ending, IdentifierForm, Publication, Published, Refusal, Release, Stage, references};
use alerts::message::{Audience, Extras, Form, notice, segments};
use alerts::{
    Content, Facts, Hazard, Kind, Level, Measure, NamedZone, Occasion, Profile, Templates, Texts, Unit, check, compose,
    texts, xml,
};
use geo_types::{MultiPolygon, polygon};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::constant(1_774_053_000, 0); // 2026-03-21T00:30:00Z, 04:00 in Hamadan

fn river_east() -> Texts {
    texts([("fa", "کنار رود شرقی"), ("en", "River East")])
}

fn tehran() -> TimeZone {
    TimeZone::get("Asia/Tehran").unwrap()
}

fn content_for(occasion: Occasion, exercise: bool) -> Content {
    let facts = Facts {
        hazard: Hazard::Flood,
        level: Level::Orange,
        kind: occasion,
        zones: vec![river_east()],
        place: Some(texts([("fa", "پل ۳"), ("en", "Bridge 3")])),
        measure: Some(Measure { value: 1.93, unit: Unit::Metre }),
        onset: None,
        expires: NOW + 4.hours(),
        tz: tehran(),
        contact: "137".into(),
        exercise,
    };
    Content {
        hazard: facts.hazard,
        level: facts.level,
        wordings: compose(&Templates::embedded(), &facts).unwrap(),
        zones: vec![NamedZone { code: "river-east".into(), name: river_east() }],
        polygons: MultiPolygon::new(vec![polygon![(x: 48.51, y: 34.79), (x: 48.53, y: 34.79), (x: 48.53, y: 34.81)]]),
        response_types: vec![ResponseType::Evacuate, ResponseType::Avoid],
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Observed,
        effective: None,
        onset: Some(NOW + 20.minutes()),
        expires: facts.expires,
        contact: facts.contact,
        web: Some("https://hamadan.ir/alerts".into()),
        event_code: event_code(Hazard::Flood).into(),
    }
}

fn content() -> Content {
    content_for(Occasion::FloodWarning, false)
}

fn publication(number: u8) -> Publication {
    Publication {
        identifier: IdentifierForm::Uuid.identifier(NOW, [number; 16]).unwrap(),
        sender: Sender::new("crisis@hamadan.ir").unwrap(),
        status: Status::Actual,
        note: None,
        incidents: vec!["2026-03 flood".into()],
        sender_name: texts([("fa", "ستاد بحران همدان"), ("en", "Hamadan crisis office")]),
        tz: tehran(),
        geocode_scheme: "hamyar:zone".into(),
    }
}

fn published(
    kind: Kind,
    content: Content,
    related: Vec<Published>,
    at: Timestamp,
    number: u8,
) -> Release<&'static str> {
    let case = Case::adopt(kind, content, "reza", related, at).unwrap();
    let seen = case.content().hash();
    case.approve("maryam", at, seen).unwrap().publish(&Templates::embedded(), publication(number), at).unwrap()
}

#[test]
fn nobody_approves_what_they_adopted_or_edited() {
    let case = Case::adopt(Kind::Alert, content(), "reza", vec![], NOW).unwrap();
    let seen = case.content().hash();
    assert_eq!(case.clone().approve("reza", NOW, seen), Err(Refusal::OwnWork));
    let edited = case.edit(content(), "maryam").unwrap();
    assert_eq!(edited.authors(), ["reza", "maryam"]);
    assert_eq!(edited.clone().approve("maryam", NOW, seen), Err(Refusal::OwnWork));
    assert_eq!(edited.clone().approve("reza", NOW, seen), Err(Refusal::OwnWork));
    assert!(edited.approve("sara", NOW, seen).is_ok());
}

#[test]
fn an_edit_voids_the_approval_and_only_what_was_seen_is_approved() {
    let case = Case::adopt(Kind::Alert, content(), "reza", vec![], NOW).unwrap();
    let seen = case.content().hash();
    let mut changed = content();
    changed.level = Level::Red;
    let edited = case.approve("maryam", NOW, seen).unwrap().edit(changed, "reza").unwrap();
    assert_eq!(edited.stage(), &Stage::Draft);
    assert!(matches!(
        edited.clone().publish(&Templates::embedded(), publication(1), NOW),
        Err(Refusal::WrongStage { .. })
    ));
    assert!(matches!(edited.approve("maryam", NOW, seen), Err(Refusal::ContentChanged { .. })));
}

#[test]
fn a_content_that_was_changed_behind_the_approval_is_not_published() {
    let approved_hash = content().hash();
    let mut changed = content();
    changed.contact = "110".into();
    let stage = Stage::Approved { by: "maryam", at: NOW, content_hash: approved_hash };
    let case = Case::restored(Kind::Alert, stage, vec!["reza"], changed, vec![]);
    assert!(
        matches!(case.publish(&Templates::embedded(), publication(1), NOW), Err(Refusal::ContentChanged { approved, .. }) if approved == approved_hash)
    );
}

#[test]
fn what_is_published_is_valid_by_the_city_s_own_profile_and_reads_back() {
    let release = published(Kind::Alert, content(), vec![], NOW, 1);
    assert_eq!(release.case.stage(), &Stage::Live { published_at: NOW });
    assert_eq!(check(&release.alert, Profile::City), []);
    let read = xml::read(release.xml.as_bytes()).unwrap();
    assert_eq!(read.alert, release.alert);
    assert_eq!(read.findings, []);
    let languages: Vec<&str> =
        release.alert.infos.iter().map(|info| info.language.as_ref().unwrap().as_str()).collect();
    assert_eq!(languages, ["fa", "en"]);
    for part in [
        "<sent>2026-03-21T04:00:00+03:30</sent>",
        "<expires>2026-03-21T08:00:00+03:30</expires>",
        "<valueName>OET:v1.2</valueName>\n      <value>OET-081</value>",
        "<value>3; orange; Severe</value>",
        "<polygon>34.79,48.51 34.79,48.53 34.81,48.53 34.79,48.51</polygon>",
        "<valueName>hamyar:zone</valueName>\n        <value>river-east</value>",
        "<incidents>\"2026-03 flood\"</incidents>",
    ] {
        assert!(release.xml.contains(part), "{part} is not in\n{}", release.xml);
    }
    assert!(matches!(release.case.edit(content(), "reza"), Err(Refusal::WrongStage { stage: "live", .. })));
}

#[test]
fn an_update_references_all_messages_that_are_still_unexpired_and_nothing_else() {
    let first = published(Kind::Alert, content(), vec![], NOW, 1);
    let second_at = NOW + 1.hour();
    let second = published(Kind::Update, content(), vec![Published::of(&first.alert)], second_at, 2);
    assert_eq!(second.alert.msg_type, MsgType::Update);
    assert_eq!(second.alert.references, [first.alert.reference()]);
    // The first was superseded, but who saw only that one must learn of the end as well.
    let related = vec![Published::of(&second.alert), Published::of(&first.alert)];
    let mut later = content_for(Occasion::AllClear, false);
    later.expires = NOW + 9.hours();
    let third = published(Kind::AllClear, later.clone(), related.clone(), NOW + 2.hours(), 3);
    assert_eq!(third.alert.references, [first.alert.reference(), second.alert.reference()]);
    assert_eq!(references(&related, NOW + 5.hours()), []);
    assert_eq!(Case::adopt(Kind::AllClear, later, "reza", related, NOW + 5.hours()), Err(Refusal::NothingToReference));
}

#[test]
fn an_all_clear_is_an_update_and_a_cancel_is_for_errors() {
    let first = published(Kind::Alert, content(), vec![], NOW, 1);
    let related = vec![Published::of(&first.alert)];
    let clear = published(Kind::AllClear, content_for(Occasion::AllClear, false), related.clone(), NOW, 2);
    let info = &clear.alert.infos[0];
    assert_eq!((clear.alert.msg_type, info.urgency), (MsgType::Update, Urgency::Past));
    assert_eq!(info.response_types, [ResponseType::AllClear]);
    assert_eq!(check(&clear.alert, Profile::City), []);
    let cancel = published(Kind::Cancel, content_for(Occasion::Cancel, false), related, NOW, 3);
    assert_eq!(cancel.alert.msg_type, MsgType::Cancel);
    assert_eq!(cancel.alert.infos[0].response_types, [ResponseType::None]);
    assert_eq!(
        [Kind::Alert, Kind::Update, Kind::AllClear, Kind::Cancel].map(Kind::ends_related_as),
        [None, Some(Ending::Updated), Some(Ending::AllClear), Some(Ending::Cancelled)]
    );
}

#[test]
fn each_stage_ends_only_as_it_can() {
    let live = || published(Kind::Alert, content(), vec![], NOW, 1).case;
    let draft = || Case::adopt(Kind::Alert, content(), "reza", vec![], NOW).unwrap();
    for how in Ending::ALL {
        assert_eq!(draft().end(NOW, how).is_ok(), how == Ending::Discarded, "{how}");
        assert_eq!(live().end(NOW + 9.hours(), how).is_ok(), how != Ending::Discarded, "{how}");
    }
    assert!(matches!(live().end(NOW, Ending::Expired), Err(Refusal::NotYetExpired { .. })));
    let ended = live().end(NOW, Ending::Cancelled).unwrap();
    assert!(matches!(ended.end(NOW, Ending::Cancelled), Err(Refusal::WrongStage { stage: "ended", .. })));
}

#[test]
fn an_expired_or_faulty_draft_is_refused() {
    let case = Case::adopt(Kind::Alert, content(), "reza", vec![], NOW).unwrap();
    let seen = case.content().hash();
    assert!(matches!(case.approve("maryam", NOW + 4.hours(), seen), Err(Refusal::Expired { .. })));
    let mut faulty = content();
    faulty.wordings.remove("en");
    faulty.zones.clear();
    let case = Case::adopt(Kind::Alert, faulty, "reza", vec![], NOW).unwrap();
    let seen = case.content().hash();
    let Err(Refusal::Faulty(faults)) = case.approve("maryam", NOW, seen) else { panic!("it has faults") };
    assert_eq!(faults.iter().map(|fault| fault.at.as_str()).collect::<Vec<_>>(), ["wordings.en", "zones"]);
}

/// A content that two people agreed to, told with a status.
fn told(content: Content, status: Status) -> Result<Release<&'static str>, Refusal> {
    let case = Case::adopt(Kind::Alert, content, "reza", vec![], NOW).unwrap();
    let seen = case.content().hash();
    let publication = Publication { status, note: Some("مانور / Exercise".into()), ..publication(1) };
    case.approve("maryam", NOW, seen).unwrap().publish(&Templates::embedded(), publication, NOW)
}

/// The places of the texts for which a publication was refused.
fn misleading(told: Result<Release<&'static str>, Refusal>) -> Vec<String> {
    match told {
        Ok(_) => Vec::new(),
        Err(Refusal::DrillMark { faults, .. }) => faults.into_iter().map(|fault| fault.at).collect(),
        Err(other) => panic!("{other}"),
    }
}

/// Each text of each language of a content, replaced alone by that of another.
fn with_one_text_of(content: &Content, other: &Content, mut then: impl FnMut(&str, Content)) {
    let fields = content.wordings["fa"].texts().map(|(field, _)| field);
    for lang in ["fa", "en"] {
        for (i, field) in fields.iter().enumerate() {
            let (mine, theirs) = (content.wordings[lang].texts()[i].1, other.wordings[lang].texts()[i].1);
            let swapped =
                content.wordings[lang].map(|text| if text == mine { theirs.to_owned() } else { text.to_owned() });
            let mut changed = content.clone();
            changed.wordings.insert(lang.to_owned(), swapped);
            then(&format!("wordings.{lang}.{field}"), changed);
        }
    }
}

#[test]
fn no_text_of_a_drill_goes_out_as_actual() {
    let (warning, drill) = (content(), content_for(Occasion::FloodWarning, true));
    assert_eq!(misleading(told(warning.clone(), Status::Actual)), Vec::<String>::new());
    assert_eq!(misleading(told(drill.clone(), Status::Actual)).len(), 18, "nine texts in each of two languages");
    with_one_text_of(&warning, &drill, |place, content| {
        assert_eq!(misleading(told(content, Status::Actual)), [place], "one text of a drill was left in it");
    });
    // As editors write it, in either language and in the wrong one.
    for text in [
        "Exercise: flood.",
        "exercise – flood.",
        " EXERCISE 12: flood.",
        "مانور: سیل",
        "مانور، سیل",
        "\u{2068}مانور\u{2069}: سیل",
    ] {
        let mut content = warning.clone();
        content.wordings.get_mut("en").unwrap().headline = text.into();
        assert_eq!(misleading(told(content, Status::Actual)), ["wordings.en.headline"], "{text}");
    }
}

#[test]
fn no_text_of_a_warning_goes_out_as_a_drill() {
    let (warning, drill) = (content(), content_for(Occasion::FloodWarning, true));
    for status in [Status::Exercise, Status::Test] {
        assert_eq!(misleading(told(drill.clone(), status)), Vec::<String>::new());
        assert_eq!(misleading(told(warning.clone(), status)).len(), 18);
        with_one_text_of(&drill, &warning, |place, content| {
            assert_eq!(misleading(told(content, status)), [place], "one text does not say that it is a drill");
        });
    }
    let refused = told(warning, Status::Exercise).unwrap_err().to_string();
    assert!(refused.starts_with("the message is Exercise, and 18 of its texts would mislead: wordings.en.headline: does not say that it is an exercise; begin it with “EXERCISE:”"), "{refused}");
    // A mark in another language than the text's is not read.
    let mut foreign = drill;
    let en = foreign.wordings.get_mut("en").unwrap();
    en.sms = en.sms.replace("EXERCISE: ", "مانور: ");
    assert_eq!(misleading(told(foreign, Status::Exercise)), ["wordings.en.sms"]);
}

#[test]
fn a_warning_is_not_taken_for_a_drill_for_a_word_that_looks_like_the_mark() {
    for text in [
        "Exercise caution: ice on bridges",
        "EXERCISES of the fire brigade end; flood warning",
        "مانورهای آتش‌نشانی لغو شد؛ هشدار سیل",
        "Flood. This is no exercise: go now",
    ] {
        let mut content = content();
        content.wordings.get_mut("en").unwrap().headline = text.into();
        assert_eq!(misleading(told(content.clone(), Status::Actual)), Vec::<String>::new(), "{text}");
        // And a drill with it is marked all the same.
        let marked = Templates::embedded().marked_wording("en", &content.wordings["en"]);
        assert_eq!(marked.headline, format!("EXERCISE: {text}"));
    }
}

#[test]
fn any_number_of_alerts_in_one_second_have_identifiers_of_their_own() {
    let oid = IdentifierForm::WmoOid { prefix: "2.49.0.1.364.0".into() };
    for form in [IdentifierForm::Uuid, oid.clone()] {
        let names: std::collections::HashSet<String> =
            (0_u128..1_000).map(|n| form.identifier(NOW, n.to_be_bytes()).unwrap().to_string()).collect();
        assert_eq!(names.len(), 1_000);
    }
    assert_eq!(oid.identifier(NOW, 7_u128.to_be_bytes()).unwrap().as_str(), "urn:oid:2.49.0.1.364.0.20260321003000.7");
    assert_eq!(
        IdentifierForm::Uuid.identifier(NOW, [7; 16]).unwrap().as_str(),
        "urn:uuid:07070707-0707-0707-0707-070707070707"
    );
    for prefix in ["", "2.49.", "a.b", "2.049"] {
        assert!(IdentifierForm::WmoOid { prefix: prefix.into() }.identifier(NOW, [0; 16]).is_err(), "{prefix}");
    }
}

#[test]
fn every_fault_of_a_draft_and_its_envelope_is_listed_at_once() {
    let mut faulty = content();
    let fa = faulty.wordings.get_mut("fa").unwrap();
    fa.headline = "س".repeat(161);
    fa.instruction = "برو <br/> بالا".into();
    fa.sms = "س".repeat(300);
    faulty.zones.push(NamedZone { code: "River East".into(), name: texts([("fa", "x")]) });
    faulty.contact = String::new();
    faulty.web = Some("hamadan.ir".into());
    faulty.event_code = "FLOOD".into();
    faulty.level = Level::Unknown;
    faulty.expires = NOW - 1.hour();
    let own = Reference {
        sender: Sender::new("a").unwrap(),
        identifier: Identifier::new("x").unwrap(),
        sent: CapTime::from_timestamp(NOW + 1.hour(), &tehran()),
    };
    let envelope = Envelope {
        identifier: Identifier::new("x").unwrap(),
        sender: Sender::new("a").unwrap(),
        sent: CapTime::from_timestamp(NOW, &tehran()),
        status: Status::Exercise,
        msg_type: MsgType::Update,
        references: vec![own],
        note: None,
        incidents: vec!["\"".into()],
        sender_name: Texts::new(),
        tz: tehran(),
        geocode_scheme: " ".into(),
    };
    let faults = faulty.to_cap(&envelope).unwrap_err();
    let places: Vec<&str> = faults.iter().map(|fault| fault.at.as_str()).collect();
    for place in [
        "wordings.fa.headline",
        "wordings.fa.instruction",
        "wordings.fa.sms",
        "zones.1.code",
        "zones.1.name.en",
        "contact",
        "web",
        "event_code",
        "level",
        "expires",
        "envelope.references.0",
        "envelope.note",
        "envelope.incidents.0",
        "envelope.geocode_scheme",
    ] {
        assert!(places.contains(&place), "{place} is not among {places:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_hash_survives_a_trip_through_a_database(
        ring in prop::collection::vec((48.0..49.0_f64, 34.0..35.0_f64), 3..30),
        nanos in 0_i64..1_000_000_000,
    ) {
        let mut content = content();
        content.polygons = MultiPolygon::new(vec![geo_types::Polygon::new(ring.into(), vec![])]);
        content.expires += nanos.nanoseconds();
        let hash = content.hash();
        let mut back: Content = serde_json::from_str(&serde_json::to_string(&content).unwrap()).unwrap();
        // The database keeps microseconds.
        back.expires = Timestamp::from_microsecond(back.expires.as_microsecond()).unwrap();
        prop_assert_eq!(back.hash(), hash);
        let again: Content = serde_json::from_value(serde_json::to_value(&back).unwrap()).unwrap();
        prop_assert_eq!(again.hash_hex(), content.hash_hex());
    }
}

#[test]
fn the_hash_changes_with_everything_that_is_said() {
    let original = content().hash();
    let changes: [fn(&mut Content); 8] = [
        |c| c.level = Level::Red,
        |c| c.wordings.get_mut("en").unwrap().sms.push('.'),
        |c| c.zones[0].code.push('x'),
        |c| c.polygons.0[0].exterior_mut(|ring| ring.0[1].x += 1e-6),
        |c| c.urgency = Urgency::Future,
        |c| c.expires += 1.second(),
        |c| c.contact.push('0'),
        |c| c.response_types.clear(),
    ];
    for change in changes {
        let mut changed = content();
        change(&mut changed);
        assert_ne!(changed.hash(), original);
    }
}

#[test]
fn a_helper_s_text_message_is_one_segment_and_says_how_to_answer() {
    let templates = Templates::embedded();
    let extras = Extras { reply: Some("1"), ..Extras::default() };
    for lang in ["fa", "en"] {
        let notice = notice(&templates, &content(), Audience::Helper, lang, Form::Sms, &extras).unwrap();
        assert_eq!(segments(&notice.body).count, 1, "{}", notice.body);
        assert!(notice.body.contains(if lang == "fa" { "۱ بفرستید" } else { "Send 1 when" }), "{}", notice.body);
        assert!(!notice.body.contains(['\u{2068}', '\u{2069}']), "{}", notice.body);
    }
}

#[test]
fn a_minor_reads_what_is_safe_for_minors_and_the_mentor_is_told() {
    let templates = Templates::embedded();
    let content = content();
    let (adult, minor) = (&content.wordings["fa"].instruction, &content.wordings["fa"].minor_instruction);
    let said =
        |audience, form, extras: &Extras<'_>| notice(&templates, &content, audience, "fa", form, extras).unwrap().body;
    let for_minor = said(Audience::MinorHelper, Form::Full, &Extras::default());
    assert!(for_minor.contains(minor.as_str()) && !for_minor.contains(adult.as_str()), "{for_minor}");
    assert!(said(Audience::MinorHelper, Form::Spoken, &Extras::default()).contains("تنها بیرون نرو"));
    let extras = Extras { minor: Some("سارا"), ..Extras::default() };
    assert!(said(Audience::Mentor, Form::Sms, &extras).starts_with("به سارا گفتیم: "));
    let for_mentor = said(Audience::Mentor, Form::Full, &extras);
    assert!(for_mentor.contains("سارا") && for_mentor.contains(minor.as_str()), "{for_mentor}");
    assert!(said(Audience::Desk, Form::Full, &Extras::default()).contains("نارنجی"));
}

#[test]
fn every_notice_of_an_exercise_says_so_first_and_once() {
    let templates = Templates::embedded();
    let extras = Extras { exercise: true, reply: Some("1"), minor: Some("Sara"), link: Some("https://hamadan.ir/a/x") };
    for marked in [false, true] {
        let content = content_for(Occasion::FloodWarning, marked);
        for audience in Audience::ALL {
            for form in Form::ALL {
                for (lang, written, spoken) in
                    [("fa", "مانور: ", "این فقط یک مانور است. "), ("en", "EXERCISE: ", "This is only a drill. ")]
                {
                    let notice = notice(&templates, &content, audience, lang, form, &extras).unwrap();
                    let mark = if form == Form::Spoken { spoken } else { written };
                    assert!(notice.body.starts_with(mark), "{audience:?} {form:?}: {}", notice.body);
                    assert!(notice.subject.starts_with(written), "{}", notice.subject);
                    if form != Form::Full || !marked {
                        // In a long notice each paragraph of a marked draft has its own mark.
                        let marks = [written, spoken].map(|mark| notice.body.matches(mark).count());
                        assert_eq!(marks.iter().sum::<usize>(), 1, "{audience:?} {form:?}: {}", notice.body);
                    }
                }
            }
        }
    }
}

#[test]
fn a_language_that_is_not_there_falls_back_to_persian() {
    let said = |lang| {
        notice(&Templates::embedded(), &content(), Audience::Public, lang, Form::Full, &Extras::default()).unwrap()
    };
    assert_eq!(said("ku"), said("fa"));
    assert_eq!(said("en-GB"), said("en"));
}
