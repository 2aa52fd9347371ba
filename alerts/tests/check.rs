//! Checks that `check` finds each rule that the schema does not express, where it is broken, and nothing else.
//! Run by the test command.
//! Each case breaks one rule of a document that has no findings; no rule of any profile is without its case.

#[path = "check/cases.rs"]
mod cases;

use std::collections::BTreeSet;

use alerts::Gravity::{self, Hint, Warning};
use alerts::cap::{
    Alert, Identifier, Language, ListItem, MsgType, Pair, Polygon, Reference, ResponseType, Scope, Status, Text,
};
use alerts::{Checker, Finding, Profile, Rules, check, xml};
use cases::{Break, alert, cases, earlier, good, info, text, time};
use geo_types::Coord;

/// What the document of an alert is said to be wrong in, under one profile.
fn findings(alert: &Alert, profile: Profile) -> Vec<Finding> {
    let read = xml::read(xml::write(alert).as_bytes()).expect("what we write is well-formed");
    Checker::of(profile).check_read(&read)
}

fn seen(findings: &[Finding]) -> Vec<(String, Gravity, String)> {
    findings.iter().map(|one| (one.code.to_string(), one.gravity, one.path.clone())).collect()
}

#[test]
fn a_good_alert_has_no_findings_under_its_profile() {
    for profile in Profile::ALL {
        assert_eq!(findings(&good(profile), profile), [], "{profile}");
    }
}

#[test]
fn a_document_that_breaks_one_rule_gives_exactly_this_finding() {
    let mut wrong = Vec::new();
    for profile in Profile::ALL {
        for (code, gravity, path, breaks) in cases(profile) {
            let mut broken = good(profile);
            breaks(&mut broken);
            let found = findings(&broken, profile);
            if seen(&found) != [((*code).to_owned(), *gravity, (*path).to_owned())] {
                wrong.push(format!("{profile} {code}: {found:#?}"));
            }
            // Of an alert that was not a document first, the same is said.
            if seen(&check(&broken, profile)) != seen(&found) {
                wrong.push(format!("{profile} {code}, without a document: {:#?}", check(&broken, profile)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_rule_of_any_profile_is_without_its_case_and_none_is_twice() {
    let mut known = BTreeSet::new();
    for profile in Profile::ALL {
        let rules = Rules::embedded(profile);
        let of_rules = rules.rules().iter().map(alerts::check::Rule::code);
        let all: BTreeSet<&str> = of_rules.chain(rules.raises().iter().map(alerts::check::Raise::code)).collect();
        let tried: BTreeSet<&str> = cases(profile).iter().map(|(code, ..)| *code).collect();
        // A shape that cannot be used exists only in a document; see `what_the_types_refuse_is_found_in_documents`.
        let untried: Vec<_> = all.difference(&tried).filter(|code| **code != "shape-form").collect();
        assert!(untried.is_empty(), "{profile}: {untried:?}");
        for rule in rules.rules() {
            assert!(known.insert(rule.code().to_owned()), "{} stands in two profiles", rule.code());
            for text in [rule.source(), rule.says(), rule.fix()] {
                assert!(!text.ends_with('.') && !text.is_empty(), "{}: {text}", rule.code());
            }
        }
        assert_eq!(rules.name(), profile.as_str());
        assert!(!rules.title().is_empty() && !rules.source().is_empty());
    }
}

#[test]
fn what_the_types_refuse_is_found_in_documents() {
    let document = xml::write(&Alert { references: vec![earlier(&alert())], msg_type: MsgType::Update, ..alert() });
    let checker = Checker::new([]);
    let found = |document: &str| checker.check_read(&xml::read(document.as_bytes()).expect("it still is an alert"));
    assert_eq!(found(&document), []);
    let polygon = "34,48 34,49 35,49 34,48";
    let cases = [
        ("/alert/identifier", "<identifier>urn:uuid:1", "<identifier>urn uuid 1"),
        ("/alert/identifier", "<identifier>urn:uuid:1", "<identifier>urn,uuid"),
        ("/alert/identifier", "<identifier>urn:uuid:1", "<identifier>urn&lt;uuid"),
        ("/alert/sender", "<sender>crisis@hamadan.ir", "<sender>crisis&amp;office"),
        ("/alert/sent", "<sent>2026-03-21T04:00:00+03:30", "<sent>2026-03-21T00:30:00Z"),
        ("/alert/sent", "<sent>2026-03-21T04:00:00+03:30", "<sent>2026-03-21T04:00:00.5+03:30"),
        ("/alert/references", "crisis@hamadan.ir,urn:uuid:0,2026-03-21T03:00:00+03:30", "urn:uuid:0"),
        ("/alert/info[1]/area[1]/polygon[1]", polygon, "34,48 34,49 34,48"),
        ("/alert/info[1]/area[1]/polygon[1]", polygon, "34,48 34,49 35,49 35,48"),
        ("/alert/info[1]/area[1]/polygon[1]", polygon, "94,48 34,49 35,49 94,48"),
        ("/alert/info[2]/language", "<language>en", "<language>english language"),
    ];
    for (path, from, to) in cases {
        let broken = document.replacen(from, to, 1);
        assert_ne!(broken, document, "{from}");
        let mut found = found(&broken);
        // Where the language can't be read, it is taken for en-US, and the letters of the text may differ.
        found.retain(|finding| finding.code != "language-script");
        let places: BTreeSet<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert!(places.iter().all(|place| place.starts_with(path)), "{to}: {found:#?}");
        assert!(found.iter().any(|finding| finding.gravity >= Warning && finding.path == path), "{to}: {found:#?}");
        let codes: BTreeSet<_> = found.iter().map(|finding| &finding.code).collect();
        assert_eq!(codes.len(), found.len(), "{to} is said once: {found:#?}");
    }
    // An element without anything in it says nothing, and loses nothing.
    let empty = found(&document.replacen(polygon, "", 1));
    assert!(empty.iter().any(|finding| finding.code == "element-empty" && finding.gravity == Hint), "{empty:#?}");
}

#[test]
fn a_signed_alert_is_no_worse_for_being_signed() {
    let signature = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo/></Signature></alert>";
    let signed = xml::write(&alert()).replace("</alert>", signature);
    let read = xml::read(signed.as_bytes()).expect("it still is an alert");
    assert!(read.signed);
    assert_eq!(Checker::of(Profile::City).check_read(&read), []);
}

#[test]
fn all_faults_are_found_at_once_and_the_worst_come_first() {
    let mut broken = alert();
    broken.scope = Scope::Private;
    broken.status = Status::Exercise;
    for info in &mut broken.infos {
        info.expires = None;
        info.contact = None;
    }
    broken.infos[0].audience = text("");
    let found = check(&broken, Profile::City);
    let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_ref()).collect();
    assert_eq!(
        codes,
        [
            "addresses-missing",
            "exercise-unnamed",
            "expires-missing",
            "expires-missing",
            "city-contact",
            "city-contact",
            "element-empty"
        ]
    );
    let each_later: Vec<bool> = found.windows(2).map(|pair| pair[0].gravity >= pair[1].gravity).collect();
    assert!(each_later.iter().all(|fine| *fine));
    assert!(found.iter().all(|finding| !finding.source.is_empty() && !finding.fix.is_empty()));
}

#[test]
fn two_later_references_are_two_findings() {
    let mut broken = alert();
    let later = |name: &str| Reference {
        identifier: Identifier::new(name).expect("a name"),
        sent: time("2026-03-22T04:00:00+03:30"),
        ..broken.reference()
    };
    broken.references = vec![later("a"), later("b")];
    let said: Vec<String> = check(&broken, Profile::Base).into_iter().map(|finding| finding.what).collect();
    assert_eq!(said, ["“a” was sent later than this alert", "“b” was sent later than this alert"]);
}

#[test]
fn several_profiles_are_checked_together_and_a_raised_rule_is_said_once() {
    let mut broken = good(Profile::Google);
    broken.infos[0].expires = None;
    let checker = Checker::new([Profile::Google, Profile::Base, Profile::Google, Profile::Ipaws].map(Rules::embedded));
    let codes: Vec<String> = checker.check(&broken).into_iter().map(|finding| finding.code.to_string()).collect();
    assert_eq!(codes.iter().filter(|code| *code == "expires-missing").count(), 1);
    assert!(codes.contains(&"ipaws-code".to_owned()));
    assert!(checker.check(&broken).iter().any(|finding| finding.source.starts_with("Google")));
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

#[test]
fn languages_that_others_write_are_told_from_letters_that_do_not_fit() {
    let with = |lang: Option<&str>, said: &str| {
        let mut alert = alert();
        alert.infos.truncate(1);
        alert.infos[0].language = lang.map(|lang| Language::new(lang).expect("a tag"));
        (alert.infos[0].event, alert.infos[0].headline) = (Text::new("x"), text(said));
        (alert.infos[0].description, alert.infos[0].instruction) = (None, None);
        check(&alert, Profile::Base).iter().any(|finding| finding.code == "language-script")
    };
    assert!(with(None, "هشدار سیل"));
    assert!(with(Some("en-GB"), "Предупреждение"));
    assert!(with(Some("fa"), "Flood warning"));
    assert!(!with(Some("fa-IR"), "هشدار سیل ABC"));
    // Serbian has two scripts, and a number is none.
    assert!(!with(Some("sr"), "Предупреждение") && !with(Some("sr-Latn"), "Upozorenje za grad"));
    assert!(!with(None, "137 137 137 137"));
}

#[test]
fn a_profile_of_one_s_own_is_checked_whole_when_it_is_read() {
    let faults = Rules::parse(
        r#"
        name = "Harbour"
        title = ""
        colour = "red"
        [[rule]]
        code = "expires-missing"
        severity = "fatal"
        kind = "present"
        element = "info/expiry"
        source = "order 7"
        says = "no end"
        fix = "say when"
        [[rule]]
        code = "a"
        severity = "error"
        kind = "wish"
        source = "order 7"
        says = "x"
        fix = "y"
        [[rule]]
        code = "b"
        severity = "error"
        kind = "count"
        element = "alert/note"
        name = "callsign"
        when = { msg_type = ["Alarm"], response_type = ["Shelter"], has = "info/web", weather = 1 }
        source = "order 7"
        says = "{value} of {count}"
        fix = "y"
        [[rule]]
        code = "b"
        severity = "hint"
        kind = "order"
        first = "info/web"
        then = "info/expires"
        min = 3
        source = "order 7"
        says = "x"
        fix = "y"
        [[rule]]
        code = "c"
        severity = "hint"
        kind = "form"
        elements = ["info/headline"]
        form = "utc-minus"
        says = "x"
        fix = "y"
        [[rule]]
        code = "d"
        severity = "hint"
        elements = ["info/headline", "info/hedline", "info/web", "info/wep"]
        source = "order 7"
        says = "x"
        fix = "y"
        [[rule]]
        code = "e"
        severity = "hint"
        kind = "present"
        elements = ["info/headline", "info/hedline", "alert/wep"]
        source = "order 7"
        says = "x"
        fix = "y"
        [[raise]]
        code = "nothing"
        severity = "error"
        source = "order 7"
        [[raise]]
        code = "expires-missing"
        severity = "hint"
        source = "order 7"
        "#,
    )
    .expect_err("it is full of faults");
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for start in [
        "name: “Harbour” is no name",
        "title: want a text",
        "source: missing",
        "colour: is no key here",
        "rule 1 (expires-missing): code: “expires-missing” is a rule of the standard",
        "rule 1 (expires-missing): severity: “fatal” is none of",
        "rule 1 (expires-missing): element: “info/expiry” is no element",
        "rule 2 (a): kind: “wish” is no kind of rule; known: present, absent",
        "rule 3 (b): name: only eventCode, parameter and geocode have names",
        "rule 3 (b): min: say min, max or both",
        "rule 3 (b): when: msg_type: “Alarm” is none of Alert",
        "rule 3 (b): when: response_type: belongs to an info",
        "rule 3 (b): when: has: “info/web” does not stand where the rule looks",
        "rule 3 (b): when: weather: is no key here",
        "rule 3 (b): says: “{value}” is not filled in here",
        "rule 4 (b): first: “info/web” is no time",
        "rule 4 (b): min: is no key here",
        "rule 5 (c): source: missing",
        "rule 5 (c): elements: “info/headline” cannot have the form utc-minus",
        "rule b: the code stands twice",
        "rule 6 (d): kind: missing",
        "rule 7 (e): elements: “info/hedline” is no element",
        "rule 7 (e): elements: “alert/wep” is no element",
        "raise 1 (nothing): code: “nothing” is no rule of the standard",
        "raise 2 (expires-missing): severity: “expires-missing” has the severity warning already",
    ] {
        assert_eq!(
            said.iter().filter(|fault| fault.starts_with(start)).count(),
            1,
            "{start} is not once among {said:#?}"
        );
    }
    assert_eq!(said.len(), 25, "{said:#?}");
    assert_eq!(Rules::parse("name = ").expect_err("no TOML").len(), 1);
}

#[test]
fn an_authority_s_own_rules_work_like_ours() {
    let rules = Rules::parse(
        r#"
        name = "harbour"
        title = "Alerts to ships"
        source = "order 7"
        [[rule]]
        code = "harbour-callsign"
        severity = "warning"
        kind = "count"
        element = "info/parameter"
        name = "callsign"
        min = 1
        max = 2
        when = { msg_type = ["Alert"], status = ["Actual"], response_type = ["Evacuate"], lacks = "info/audience" }
        source = "order 7, § 3"
        says = "{count} call signs in a message of type {msg_type}"
        fix = "name {min} or {max}"
        "#,
    )
    .expect("a sound profile");
    let checker = Checker::new([rules]);
    let found = checker.check(&alert());
    assert_eq!(found.len(), 2);
    assert_eq!(
        found[1].to_string(),
        "/alert/info[2]/parameter: warning harbour-callsign 0 call signs in a message of type Alert; name 1 or 2"
    );
    assert_eq!(found[1].source, "order 7, § 3");
    let changes: [Break; 4] = [
        |a| a.status = Status::Test,
        |a| a.infos.iter_mut().for_each(|info| info.response_types = vec![ResponseType::Avoid]),
        |a| a.infos.iter_mut().for_each(|info| info.audience = text("captains")),
        |a| a.infos.iter_mut().for_each(|info| info.parameters = vec![Pair::new("callsign", "EPAB")]),
    ];
    for change in changes {
        let mut other = alert();
        change(&mut other);
        assert_eq!(checker.check(&other), []);
    }
}

#[test]
fn a_hostile_alert_is_checked_to_its_end() {
    let mut alert = alert();
    alert.infos = vec![info("en"); 2_000];
    let edges = |i: u32| Coord { x: f64::from(i % 2), y: f64::from(i) * 1e-4 };
    let mut ring: Vec<Coord<f64>> = (0..50_000).map(edges).collect();
    ring.push(ring[0]);
    alert.infos[0].areas[0].polygons = vec![Polygon::new(ring).expect("closed")];
    alert.infos[1].parameters = vec![Pair::new("", ""); 20_000];
    let found = check(&alert, Profile::City);
    assert_eq!(found.iter().filter(|finding| finding.code == "pair-incomplete").count(), 20_000);
}

/// The corpora are not part of the project; where they are not, this is said.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = std::env::var_os("HAMYAR_CORPORA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"),
        std::path::PathBuf::from,
    );
    let mut open = vec![folder.join("cap")];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "xml" || ending == "cap") {
                files.push((path.display().to_string(), std::fs::read(&path).expect("a readable file")));
            }
        }
    }
    files.sort();
    if files.is_empty() {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no corpora (set HAMYAR_CORPORA)\n");
    }
    files
}

#[test]
fn the_files_of_others_are_checked_by_every_profile() {
    let checkers = Profile::ALL.map(|profile| (profile, Checker::of(profile)));
    for (name, bytes) in corpus() {
        let read = xml::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let codes = |wanted: Profile| -> Vec<String> {
            let (_, checker) = checkers.iter().find(|(profile, _)| *profile == wanted).expect("one of all");
            let found = checker.check_read(&read);
            assert!(found.iter().all(|one| one.path.starts_with('/') && !one.what.is_empty()), "{name}");
            found.into_iter().map(|one| one.code.to_string()).collect()
        };
        let by_base = codes(Profile::Base);
        for profile in Profile::ALL {
            assert!(codes(profile).len() >= by_base.len(), "{name}: {profile} hides what the standard says");
        }
        let expect = |part: &str, profile: Profile, code: &str, there: bool| {
            if name.contains(part) {
                assert_eq!(codes(profile).iter().any(|one| one == code), there, "{name}: {profile} {code}");
            }
        };
        // What is known of some of them.
        expect("oasis-examples", Profile::Ipaws, "ipaws-code", true);
        expect("mo-cap_monsoon", Profile::Base, "references-itself", true);
        expect("rs-2.49.0.0.688.0", Profile::MeteoAlarm, "meteoalarm-level", false);
        expect("rs-2.49.0.0.688.0", Profile::MeteoAlarm, "meteoalarm-level-form", false);
        expect("rs-2.49.0.0.688.0", Profile::MeteoAlarm, "meteoalarm-type-form", false);
        expect("/dwd/", Profile::Base, "expires-missing", false);
        expect("/dwd/", Profile::MeteoAlarm, "meteoalarm-level", true);
    }
}
