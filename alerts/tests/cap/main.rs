//! Judges the CAP reader and writer from outside: generated alerts, the OASIS schema, files that others wrote.
//! Run by the test command; corpora and schema are looked for where the environment says.
//! A judge that is not there is said plainly; under CI its absence is a failure.

mod faults;
mod generated;
mod schema;
mod tools;

use alerts::cap::{Category, EventTerm, TERMS};
use alerts::xml;
use proptest::collection::vec;
use proptest::prelude::*;
use tools::{corpora, no_corpora};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_as_the_same_alert(alert in generated::alert()) {
        let text = xml::write(&alert);
        let read = xml::read(text.as_bytes()).expect("what we write is well-formed");
        prop_assert_eq!(&read.alert, &alert);
        prop_assert!(read.is_schema_valid(), "{:?}", read.findings);
        prop_assert_eq!(xml::write(&read.alert), text, "the writer is byte-stable");
    }

    #[test]
    fn what_is_stored_as_json_comes_back(alert in generated::alert()) {
        let json = serde_json::to_string(&alert).expect("an alert is JSON");
        prop_assert_eq!(serde_json::from_str::<alerts::cap::Alert>(&json).expect("it reads back"), alert);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..400)) {
        let _ = xml::read(&bytes);
    }

    #[test]
    fn no_damage_to_an_alert_makes_the_reader_panic(alert in generated::alert(), cuts in vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)) {
        let mut bytes = xml::write(&alert).into_bytes();
        for (at, byte) in cuts {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = xml::read(&bytes);
        bytes.truncate(bytes.len() / 2);
        prop_assert!(!xml::read(&bytes).is_ok_and(|read| read.is_schema_valid()), "half a document is no whole one");
    }
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
    let Some(files) = corpus_files() else { return no_corpora() };
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
fn our_event_terms_are_those_of_the_oasis_list() {
    let Some(folder) = corpora() else { return no_corpora() };
    let list = std::fs::read_to_string(folder.join("vocab/oasis-event-terms-v1.2.json")).expect("the stored list");
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("JSON");
    for EventTerm { code, term, categories, .. } in TERMS {
        let theirs = list.iter().find(|one| one["code"] == *code).unwrap_or_else(|| panic!("{code} is in the list"));
        assert_eq!(theirs["term"], *term, "{code}");
        let words: Vec<&str> = categories.iter().copied().map(Category::as_str).collect();
        assert_eq!(theirs["categories"], serde_json::json!(words), "{code}");
    }
}
