//! Reads every text of the house for every occasion, level, language, audience and form, with any names, numbers and signs that a city may have.
//! Run by the test command; `cargo run -p hamyar-alerts --example texts` prints the same texts for a person.
//! Names of tests are sentences about what people read and hear.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use alerts::cap::{Certainty, ResponseType, Severity, Urgency};
use alerts::content::{HEADLINE_CHARS_MAX, SMS_SEGMENTS_MAX, TEXT_CHARS_MAX};
use alerts::message::{Audience, Coding, Extras, Form, notice, segments};
use alerts::{
    Content, Facts, Hazard, Level, Measure, NamedZone, Occasion, Phrase, Templates, Texts, Unit, compose, texts, voice,
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

const NOW: Timestamp = Timestamp::constant(1_774_053_000, 0); // 2026-03-21T00:30:00Z
const MARKS: [(&str, &str, &str); 2] =
    [("fa", "مانور: ", "این فقط یک مانور است. "), ("en", "EXERCISE: ", "This is only a drill. ")];
const DIRECTION_MARKS: fn(char) -> bool =
    |c| matches!(c, '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}');

fn facts(hazard: Hazard, kind: Occasion, zones: Vec<Texts>) -> Facts {
    Facts {
        hazard,
        level: Level::Orange,
        kind,
        zones,
        place: Some(texts([("fa", "پل ۳"), ("en", "Bridge 3")])),
        measure: Some(Measure { value: 1.93, unit: Unit::Metre }),
        onset: Some(NOW + 1.hour()),
        expires: NOW + 4.hours(),
        tz: TimeZone::get("Asia/Tehran").unwrap(),
        contact: "137".into(),
        exercise: false,
    }
}

fn content(templates: &Templates, facts: &Facts) -> Content {
    Content {
        hazard: facts.hazard,
        level: facts.level,
        wordings: compose(templates, facts).unwrap(),
        zones: facts.zones.iter().map(|name| NamedZone { code: "z".into(), name: name.clone() }).collect(),
        polygons: geo_types::MultiPolygon::new(Vec::new()),
        response_types: vec![ResponseType::Monitor],
        urgency: Urgency::Expected,
        severity: Severity::Severe,
        certainty: Certainty::Likely,
        effective: None,
        onset: facts.onset,
        expires: facts.expires,
        contact: facts.contact.clone(),
        web: None,
        event_code: alerts::content::event_code(facts.hazard).to_owned(),
    }
}

fn occasions() -> impl Iterator<Item = (Hazard, Occasion)> {
    Hazard::ALL.into_iter().flat_map(|hazard| {
        Occasion::ALL.into_iter().filter(move |kind| kind.fits(hazard)).map(move |kind| (hazard, kind))
    })
}

/// Sentences and clauses.
fn clauses(text: &str) -> Vec<&str> {
    text.split(['.', '؛', ';', '!', ':']).map(str::trim).filter(|clause| !clause.is_empty()).collect()
}

#[test]
fn every_alert_is_one_text_message_with_room_for_the_answer_in_every_zone_of_the_sample_city() {
    let templates = Templates::embedded();
    let names =
        [("عباس‌آباد و گنج‌نامه", "Abbasabad and Ganjnameh"), ("گردنهٔ اسدآباد", "Asadabad Pass"), ("بازار", "Bazaar")];
    let mut long = Vec::new();
    for (hazard, kind) in occasions() {
        for (fa, en) in names {
            for exercise in [false, true] {
                let facts = Facts { exercise, ..facts(hazard, kind, vec![texts([("fa", fa), ("en", en)])]) };
                let content = content(&templates, &facts);
                for lang in ["fa", "en"] {
                    let extras = Extras { reply: Some("1"), exercise, ..Extras::default() };
                    let said = notice(&templates, &content, Audience::Helper, lang, Form::Sms, &extras).unwrap();
                    if segments(&said.body).count != 1 || !said.body.contains(if lang == "fa" { fa } else { en }) {
                        long.push(format!("{kind} of {hazard}: {}", said.body));
                    }
                }
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn a_minor_is_told_to_go_nowhere_but_to_safety() {
    let templates = Templates::embedded();
    // Whatever moves must move to one of these; and these are never asked of a minor.
    let safe = [
        "به جای بلند",
        "به طبقهٔ بالا",
        "به خانه",
        "از ساختمان بیرون",
        "high ground",
        "upper floor",
        "go home",
        "out of the building",
    ];
    let moves = [" برو", "برگرد", " بیا ", "Go ", "go ", "come "];
    let not = ["نرو", "برنگرد", "do not go", "Do not go"];
    let asked = ["گزارش", "سر بزن", "کمک کن", "نگاه کن", "ببین", "بشمار", "eport", "help ", "look", "check", "count"];
    let mut told = 0;
    for (hazard, kind) in occasions() {
        let content = content(&templates, &facts(hazard, kind, vec![texts([("fa", "بازار"), ("en", "Bazaar")])]));
        for (lang, wording) in &content.wordings {
            assert!(wording.minor_instruction != wording.instruction, "{kind} {lang}");
            for clause in clauses(&wording.minor_instruction) {
                let padded = format!("{clause} ");
                if moves.iter().any(|word| padded.contains(word)) && !not.iter().any(|word| padded.contains(word)) {
                    assert!(safe.iter().any(|place| clause.contains(place)), "{kind} {lang}: {clause}");
                    told += 1;
                }
                assert!(!asked.iter().any(|word| padded.contains(word)), "{kind} {lang}: {clause}");
            }
            // Minors read the same text message as everybody.
            for clause in
                clauses(&wording.sms).into_iter().filter(|clause| clause.contains("بروید") || clause.contains("Go "))
            {
                let safe = ["به جای بلند", "آهسته", "high ground", "slowly"];
                assert!(safe.iter().any(|word| clause.contains(word)), "{kind} {lang}: {clause}");
            }
        }
    }
    assert!(told >= 8, "only {told} sentences move a minor; does this test still read the texts?");
}

#[test]
fn a_minor_reads_and_hears_nothing_that_is_meant_for_others() {
    let templates = Templates::embedded();
    for (hazard, kind) in occasions() {
        let content = content(&templates, &facts(hazard, kind, vec![texts([("fa", "بازار"), ("en", "Bazaar")])]));
        for (lang, wording) in &content.wordings {
            for form in Form::ALL {
                let said = notice(&templates, &content, Audience::MinorHelper, lang, form, &Extras::default()).unwrap();
                for other in [
                    &wording.instruction,
                    &wording.helper_instruction,
                    &wording.mentor_instruction,
                    &wording.desk_instruction,
                ] {
                    assert!(!said.body.contains(other.as_str()), "{kind} {lang} {form:?}: {}", said.body);
                    assert!(!said.body.contains(&voice::spoken(lang, other)), "{kind} {lang} {form:?}: {}", said.body);
                }
                assert!(form == Form::Sms || said.body.contains(&voice_or(form, lang, &wording.minor_instruction)));
            }
        }
    }
}

fn voice_or(form: Form, lang: &str, text: &str) -> String {
    if form == Form::Spoken { voice::spoken(lang, text) } else { text.to_owned() }
}

#[test]
fn every_number_in_a_text_message_says_what_it_is_for() {
    let templates = Templates::embedded();
    let (mut helps, mut answers) = (0, 0);
    for (hazard, kind) in occasions() {
        // From a name that leaves room for everything to one that leaves room for nothing.
        for letters in (1..40).step_by(3) {
            let zone = texts([("fa", &*"ب".repeat(letters)), ("en", &*"B".repeat(letters))]);
            for exercise in [false, true] {
                let content = content(&templates, &Facts { exercise, ..facts(hazard, kind, vec![zone.clone()]) });
                for (lang, desk, labels) in [
                    ("fa", "۱۳۷", ["کمک: ", "خسارت: ", "پرسش: "]),
                    ("en", "137", ["Help: ", "Damage: ", "Questions: "]),
                ] {
                    let extras = Extras { reply: Some("1"), exercise, ..Extras::default() };
                    let said = notice(&templates, &content, Audience::Public, lang, Form::Sms, &extras).unwrap().body;
                    if let Some((before, _)) = said.split_once(desk) {
                        assert!(labels.iter().any(|label| before.ends_with(label)), "{kind} {lang}: {said}");
                        helps += 1;
                    }
                    let answer = if lang == "fa" {
                        said.ends_with("دیدید؟ ۱ بفرستید") || said.ends_with("اگر این پیام را دیدید، ۱ بفرستید.")
                    } else {
                        said.ends_with("Seen? Send 1") || said.ends_with("Send 1 when you have seen this.")
                    };
                    assert!(answer, "{kind} {lang}: {said}");
                    answers += 1;
                }
            }
        }
    }
    assert!(helps > answers / 4, "only {helps} of {answers} messages name the desk; does this test still read them?");
}

#[test]
fn a_mentor_reads_and_hears_what_the_minor_was_told() {
    let templates = Templates::embedded();
    for (hazard, kind) in occasions() {
        let content = content(&templates, &facts(hazard, kind, vec![texts([("fa", "بازار"), ("en", "Bazaar")])]));
        for (lang, name) in [("fa", "سارا"), ("en", "Sara")] {
            for form in [Form::Sms, Form::Spoken] {
                let said = |audience, minor| {
                    let extras = Extras { minor, ..Extras::default() };
                    notice(&templates, &content, audience, lang, form, &extras).unwrap().body
                };
                let (minor, mentor) = (said(Audience::MinorHelper, None), said(Audience::Mentor, Some(name)));
                assert_eq!(mentor.split_once(": ").map(|(_, told)| told), Some(minor.as_str()), "{kind} {mentor}");
                assert!(mentor.starts_with(if lang == "fa" { "به سارا گفتیم" } else { "We told Sara" }), "{mentor}");
            }
        }
    }
}

#[test]
fn the_desk_reads_what_to_ask_before_what_the_public_was_told() {
    let templates = Templates::embedded();
    for (hazard, kind) in occasions() {
        let content = content(&templates, &facts(hazard, kind, vec![texts([("fa", "بازار"), ("en", "Bazaar")])]));
        for lang in ["fa", "en"] {
            let wording = &content.wordings[lang];
            let said = notice(&templates, &content, Audience::Desk, lang, Form::Full, &Extras::default()).unwrap().body;
            let public =
                if lang == "fa" { "متن زیر برای مردم" } else { "The text below was sent to the public" };
            let order =
                [&wording.headline, &wording.desk_instruction, public, &wording.description, &wording.instruction]
                    .map(|text| said.find(text).unwrap_or_else(|| panic!("{kind} {lang} lacks {text}: {said}")));
            assert!(order.is_sorted(), "{kind} {lang}: {said}");
        }
    }
}

#[test]
fn an_all_clear_says_that_it_is_over_and_what_still_is_dangerous() {
    let templates = Templates::embedded();
    for hazard in Hazard::ALL {
        let content =
            content(&templates, &facts(hazard, Occasion::AllClear, vec![texts([("fa", "بازار"), ("en", "Bazaar")])]));
        for (lang, over, still) in [
            ("fa", &["گذشته است", "پایان"], &["هنوز", "دور بمانید", "نایستید"]),
            ("en", &["has passed", "All clear"], &["till", "remain", "eep"]),
        ] {
            let wording = &content.wordings[lang];
            for text in [&wording.description, &wording.sms, &wording.spoken] {
                assert!(over.iter().any(|word| text.contains(word)), "{hazard} {lang}: {text}");
                assert!(still.iter().any(|word| text.contains(word)), "{hazard} {lang}: {text}");
            }
            assert!(over.iter().any(|word| wording.headline.contains(word)));
        }
    }
}

#[test]
fn every_audience_has_words_of_its_own_in_every_alert() {
    let templates = Templates::embedded();
    for (hazard, kind) in occasions() {
        let content = content(&templates, &facts(hazard, kind, vec![texts([("fa", "بازار"), ("en", "Bazaar")])]));
        for lang in ["fa", "en"] {
            let said = Audience::ALL.map(|audience| {
                let minor = (audience == Audience::Mentor).then_some("Sara");
                let extras = Extras { minor, ..Extras::default() };
                notice(&templates, &content, audience, lang, Form::Full, &extras).unwrap().body
            });
            for (i, one) in said.iter().enumerate() {
                assert!(said[..i].iter().all(|other| other != one), "{kind} {lang}: {one}");
            }
        }
    }
}

#[test]
fn questions_and_tasks_have_words_for_telephones_and_for_voices_and_say_that_they_are_drills() {
    let templates = Templates::embedded();
    let values = [("zone", "بازار 12"), ("task", "زنگ بزنید"), ("place", "کوچهٔ 7")];
    for (written, said) in [
        (Phrase::Welfare, Phrase::WelfareSpoken),
        (Phrase::WhatDoYouSee, Phrase::WhatDoYouSeeSpoken),
        (Phrase::Task, Phrase::TaskSpoken),
    ] {
        for (lang, mark, spoken_mark) in MARKS {
            let sms = templates.marked_as_exercise(lang, &templates.say(written, lang, &values).unwrap());
            assert!(sms.starts_with(mark) && segments(&sms).count <= 2, "{sms}");
            assert!(sms.contains(if lang == "fa" { "۱" } else { "1" }), "{sms}");
            let call = templates.spoken_as_exercise(lang, &templates.speak(said, lang, &values).unwrap());
            assert!(call.starts_with(spoken_mark), "{call}");
            assert!(!call.contains(is_digit), "{call}");
        }
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '۰'..='۹' | '٠'..='٩')
}

/// Every isolate is closed, no other direction mark is there, and what would not flow with the language stands in an isolate.
fn flows(lang: &str, text: &str) -> Result<(), String> {
    let mut depth = 0_i32;
    for c in text.chars() {
        match c {
            '\u{2068}' => depth += 1,
            '\u{2069}' => depth -= 1,
            _ if DIRECTION_MARKS(c) => return Err(format!("a stray U+{:04X}", u32::from(c))),
            _ => {}
        }
        let arabic = matches!(c, '\u{600}'..='\u{6ff}') && c.is_alphabetic();
        let foreign = if lang == "fa" { is_digit(c) || (c.is_alphabetic() && !arabic) } else { arabic };
        if depth < 0 || (foreign && depth == 0) {
            return Err(format!("“{c}” stands outside of an isolate"));
        }
    }
    if depth == 0 { Ok(()) } else { Err("an isolate is not closed".to_owned()) }
}

/// Names as cities have them, and worse: long, Latin, mixed, with emoji, digits of three scripts, and direction marks.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[آ-ی]{2,12}( [آ-ی\u{200c}]{2,10}){0,3}",
        2 => "[A-Z][a-zé'’]{1,12}( [A-Z][a-z-]{1,14}){0,3}",
        2 => "[آ-ی]{2,8} [0-9۰-۹٠-٩]{1,4}",
        1 => "[آ-ی]{2,5} [A-Za-z]{2,8} ?[0-9]{0,3}[آ-ی]{0,4}",
        1 => "[آ-یa-z]{1,4}[🌊👨‍👩‍👧🇮🇷e\u{301}\u{200c} ]{1,40}",
        1 => "[آ-یa-z]{1,3}[\u{202e}\u{2066}\u{2068}\u{2069}\u{200f}\n\t آ-ی0-9]{1,30}",
        1 => "[آ-یA-Z]{1,20}( [آ-یa-z]{1,30}){3,12}",
    ]
}

fn zone() -> impl Strategy<Value = Texts> {
    (name(), name()).prop_map(|(fa, en)| texts([("fa", fa.as_str()), ("en", en.as_str())]))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn whatever_the_names_and_numbers_are_every_text_fits_flows_and_can_be_said(
        zones in prop::collection::vec(zone(), 1..12),
        place in prop::option::of(zone()),
        measure in prop::option::of((-60.0..5_000.0_f64, 0..Unit::ALL.len())),
        level in prop::sample::select(&Level::ALL[2..]),
        hours in 1_i64..400,
        exercise: bool,
        reply in prop::option::of(prop::sample::select(&["1", "12", "1 48213"][..])),
    ) {
        let templates = Templates::embedded();
        for (hazard, kind) in occasions() {
            let facts = Facts {
                level,
                zones: zones.clone(),
                place: place.clone(),
                measure: measure.map(|(value, unit)| Measure { value, unit: Unit::ALL[unit] }),
                onset: None,
                expires: NOW + hours.hours(),
                exercise,
                ..facts(hazard, kind, Vec::new())
            };
            let content = content(&templates, &facts);
            for (lang, written_mark, spoken_mark) in MARKS {
                let wording = &content.wordings[lang];
                for (field, text) in wording.texts() {
                    let at = format!("{hazard} {kind} {lang} {field}: {text:?}");
                    prop_assert!(!text.is_empty() && !text.contains(['{', '}', '[', ']']), "{}", at);
                    prop_assert!(text.chars().count() <= if field == "headline" { HEADLINE_CHARS_MAX } else { TEXT_CHARS_MAX }, "{}", at);
                    prop_assert_eq!(text.starts_with(if field == "spoken" { spoken_mark } else { written_mark }), exercise, "{}", at);
                    let other_digits: fn(char) -> bool =
                        if lang == "fa" { |c| is_digit(c) && !matches!(c, '۰'..='۹') } else { |c| is_digit(c) && !c.is_ascii_digit() };
                    prop_assert!(!text.contains(other_digits), "{}", at);
                    match field {
                        "sms" => {
                            // An English text with letters that make it UCS-2 has less than half the room.
                            let narrow = lang == "en" && segments(text).coding == Coding::Ucs2;
                            prop_assert!(segments(text).count <= if narrow { 2 } else { 1 }, "{}", at);
                            prop_assert!(!text.contains(DIRECTION_MARKS), "{}", at);
                        }
                        "spoken" => {
                            let known = |c: char| c.is_alphabetic() || matches!(c, ' ' | '.' | ',' | '!' | '?' | ':' | ';' | '،' | '؛' | '؟' | '\'' | '’' | '-' | '\u{200c}' | '\u{301}');
                            prop_assert!(text.chars().all(|c| known(c) && !is_digit(c)), "{}", at);
                        }
                        _ => prop_assert_eq!(flows(lang, text), Ok(()), "{}", at),
                    }
                }
                for audience in Audience::ALL {
                    let minor = (audience == Audience::Mentor).then_some("Sara");
                    for form in Form::ALL {
                        let extras = Extras { reply, link: (form == Form::Full).then_some("https://example.org/n/7Kq2"), minor, exercise };
                        let said = notice(&templates, &content, audience, lang, form, &extras).unwrap();
                        let at = format!("{hazard} {kind} {lang} {audience:?} {form:?}: {:?}", said.body);
                        let mark = if form == Form::Spoken { spoken_mark } else { written_mark };
                        prop_assert_eq!(said.body.starts_with(mark), exercise, "{}", at);
                        match form {
                            Form::Sms => {
                                prop_assert!(segments(&said.body).count < SMS_SEGMENTS_MAX, "{}", at);
                                prop_assert!(!said.body.contains(DIRECTION_MARKS), "{}", at);
                            }
                            Form::Full => prop_assert_eq!(flows(lang, &said.body), Ok(()), "{}", at),
                            Form::Spoken => prop_assert!(!said.body.contains(is_digit) && !said.body.contains(DIRECTION_MARKS), "{}", at),
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_name_that_is_cut_is_cut_between_letters(zone in zone(), which in 0_usize..64) {
        let templates = Templates::embedded();
        let all: Vec<_> = occasions().collect();
        let (hazard, kind) = all[which % all.len()];
        let content = content(&templates, &facts(hazard, kind, vec![zone.clone()]));
        for (lang, wording) in &content.wordings {
            let bare: String = zone[lang].chars().filter(|c| !DIRECTION_MARKS(*c)).collect();
            let name = alerts::calendar::digits(lang, &bare.split_whitespace().collect::<Vec<_>>().join(" "));
            if wording.sms.contains(&name) {
                continue;
            }
            let whole_letters = name.grapheme_indices(true).map(|(at, _)| name[..at].trim_end());
            let kept = whole_letters.filter(|kept| ["…", "..."].iter().any(|dots| wording.sms.contains(&format!("{kept}{dots}"))));
            prop_assert!(kept.count() > 0, "{}: {:?} of {:?}", kind, wording.sms, name);
        }
    }
}
