//! Compares the writer and the reader with the OASIS schema, through xmllint, on thousands of documents.
//! Run by the test command when the schema and xmllint are there; HAMYAR_CAP_GENERATED says how many documents.
//! What we write is valid, and of what is broken we say what the schema says: no more, no less.

use alerts::xml;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::{generated, tools};

fn how_many() -> usize {
    std::env::var("HAMYAR_CAP_GENERATED").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

fn documents(count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = generated::alert();
    (0..count).map(|_| xml::write(&strategy.new_tree(&mut runner).expect("an alert").current())).collect()
}

#[test]
fn every_alert_that_can_be_expressed_is_valid_against_the_oasis_schema() {
    let Some(schema) = tools::schema() else { return };
    let documents = documents(how_many());
    let invalid: Vec<String> =
        tools::verdicts(&schema, &documents).into_iter().filter(|(valid, _)| !valid).map(|(_, why)| why).collect();
    assert!(invalid.is_empty(), "{} of {} are invalid: {:#?}", invalid.len(), documents.len(), invalid.first());
}

/// One way to break a line `<name>value</name>` of a document.
type Break = (&'static str, fn(&str, &str) -> String);

const BREAKS: &[Break] = &[
    ("left out", |_, _| String::new()),
    ("written twice", |name, value| format!("<{name}>{value}</{name}><{name}>{value}</{name}>")),
    ("emptied", |name, _| format!("<{name}/>")),
    ("padded", |name, value| format!("<{name}>\n\t{value} </{name}>")),
    ("in small letters", |name, value| format!("<{name}>{}</{name}>", value.to_lowercase())),
    ("replaced", |name, _| format!("<{name}>x</{name}>")),
    ("preceded by a stranger", |name, value| format!("<strange>1</strange><{name}>{value}</{name}>")),
    ("preceded by text", |name, value| format!("text<{name}>{value}</{name}>")),
    ("given an attribute", |name, value| format!("<{name} id=\"1\">{value}</{name}>")),
    ("given a language", |name, value| format!("<{name} xml:lang=\"fa\">{value}</{name}>")),
    ("marked up", |name, value| format!("<{name}>{value}<b>!</b></{name}>")),
    ("in another namespace", |name, value| format!("<x:{name} xmlns:x=\"urn:x\">{value}</x:{name}>")),
    ("spelled otherwise", |name, value| format!("<{0}>{value}</{0}>", name.to_uppercase())),
    ("with a time in UTC", |name, _| format!("<{name}>2026-03-21T00:30:00Z</{name}>")),
    ("with a time of tenths", |name, _| format!("<{name}>2026-03-21T00:30:00.5+03:30</{name}>")),
    ("with a time of no day", |name, _| format!("<{name}>2026-02-30T00:30:00+03:30</{name}>")),
    ("with a number", |name, _| format!("<{name}>-12.5</{name}>")),
    ("with a whole number", |name, _| format!("<{name}>+12</{name}>")),
    ("with a bare ampersand", |name, value| format!("<{name}>{value} & more</{name}>")),
    ("with a control character", |name, value| format!("<{name}>{value}\u{1}</{name}>")),
    ("with a comment", |name, value| format!("<{name}><!-- c -->{value}<?p i?></{name}>")),
    ("as CDATA", |name, value| format!("<{name}><![CDATA[{}]]></{name}>", value.replace("&amp;", "&"))),
];

/// Breaks a document in one place, or moves one line; `None` when the place is no line of the form `<name>value</name>`.
fn broken(document: &str, place: prop::sample::Index, way: usize) -> Option<(String, String)> {
    let mut lines: Vec<String> = document.lines().map(str::to_owned).collect();
    let leaf = |line: &str| {
        let line = line.trim();
        let (name, rest) = line.strip_prefix('<')?.split_once('>')?;
        let value = rest.strip_suffix(&format!("</{name}>"))?;
        Some((name.to_owned(), value.to_owned()))
    };
    let at = place.index(lines.len());
    let (name, value) = leaf(&lines[at])?;
    let what = if let Some((what, rewrite)) = BREAKS.get(way) {
        lines[at] = rewrite(&name, &value);
        *what
    } else {
        leaf(lines.get(at + 1)?)?;
        lines.swap(at, at + 1);
        "moved down"
    };
    Some((format!("{name} {what}"), lines.join("\n")))
}

/// One way to break a part: the tag that opens it (`name`, or `name attributes`), its name, and the lines inside.
type PartBreak = (&'static str, fn(&str, &str, &str) -> String);

const PART_BREAKS: &[PartBreak] = &[
    ("left out", |_, _, _| String::new()),
    ("written twice", |open, name, inside| format!("<{open}>{inside}</{name}>").repeat(2)),
    ("emptied", |open, _, _| format!("<{open}/>")),
    ("with nothing but space", |open, name, _| format!("<{open}>\n</{name}>")),
    ("with text inside", |open, name, inside| format!("<{open}>text{inside}</{name}>")),
    ("with a comment", |open, name, inside| format!("<{open}><!-- c -->{inside}<?p i?></{name}>")),
    ("with a stranger inside", |open, name, inside| format!("<{open}>{inside}<strange/></{name}>")),
    ("inside itself", |open, name, inside| format!("<{open}><{name}>{inside}</{name}></{name}>")),
    ("inside a stranger", |open, name, inside| format!("<strange><{open}>{inside}</{name}></strange>")),
    ("given an attribute", |open, name, inside| format!("<{open} id=\"1\">{inside}</{name}>")),
    ("given a language", |open, name, inside| format!("<{open} xml:lang=\"fa\">{inside}</{name}>")),
    ("spelled otherwise", |open, name, inside| {
        let upper = name.to_uppercase();
        format!("<{}>{inside}</{upper}>", open.replacen(name, &upper, 1))
    }),
    ("in another namespace", |_, name, inside| format!("<x:{name} xmlns:x=\"urn:x\">{inside}</x:{name}>")),
    ("without a namespace", |_, name, inside| format!("<{name} xmlns=\"\">{inside}</{name}>")),
    ("in an earlier namespace", |_, name, inside| {
        format!("<{name} xmlns=\"urn:oasis:names:tc:emergency:cap:1.1\">{inside}</{name}>")
    }),
    ("with its lines turned around", |open, name, inside| {
        format!("<{open}>{}</{name}>", inside.lines().rev().collect::<Vec<_>>().join("\n"))
    }),
];

/// Breaks a document in one of its parts, the whole alert among them; `None` where that can't be compared.
fn with_a_broken_part(document: &str, place: prop::sample::Index, way: usize) -> Option<(String, String)> {
    let lines: Vec<&str> = document.lines().collect();
    let opens = |line: &str| {
        let open = line.trim().strip_prefix('<')?.strip_suffix('>')?;
        (!open.contains(['<', '>']) && !open.starts_with(['/', '?']) && !open.ends_with('/')).then(|| open.to_owned())
    };
    let parts: Vec<(usize, String)> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((at, opens(line)?))).collect();
    let (start, open) = &parts[place.index(parts.len())];
    let name = open.split(' ').next()?;
    let indent = lines[*start].len() - lines[*start].trim_start().len();
    let close = format!("{}</{name}>", &lines[*start][..indent]);
    let end = start + lines[*start..].iter().position(|line| *line == close)?;
    let inside = format!("\n{}\n", lines[start + 1..end].join("\n"));
    let (what, rewrite) = PART_BREAKS[way];
    // Of no alert nothing can be said, and of one inside of something else what the schema says of it alone.
    if name == "alert" && ["left out", "inside a stranger"].contains(&what) {
        return None;
    }
    if what.starts_with("with its lines") && lines[start + 1..end].iter().any(|line| opens(line).is_some()) {
        return None;
    }
    let whole = [lines[..*start].join("\n"), rewrite(open, name, &inside), lines[end + 1..].join("\n")].join("\n");
    Some((format!("{name} {what}"), whole.trim_start().to_owned()))
}

#[test]
fn of_an_alert_with_a_broken_part_we_say_what_the_schema_says() {
    let cases = |documents: &[String]| {
        let mut runner = TestRunner::deterministic();
        let places = any::<prop::sample::Index>();
        let mut place = || places.new_tree(&mut runner).expect("a place").current();
        let all = documents.iter().enumerate();
        all.filter_map(|(i, document)| with_a_broken_part(document, place(), i % PART_BREAKS.len())).collect()
    };
    judged(cases);
}

#[test]
fn of_a_broken_alert_we_say_what_the_schema_says() {
    let cases = |documents: &[String]| {
        let mut runner = TestRunner::deterministic();
        let places = any::<prop::sample::Index>();
        let mut place = || places.new_tree(&mut runner).expect("a place").current();
        let all = documents.iter().enumerate();
        all.filter_map(|(i, document)| broken(document, place(), i % (BREAKS.len() + 1))).collect()
    };
    judged(cases);
}

/// Compares our verdict of broken documents with that of the schema.
fn judged(cases: impl Fn(&[String]) -> Vec<(String, String)>) {
    let Some(schema) = tools::schema() else { return };
    let cases = cases(&documents(how_many() * 2));
    assert!(cases.len() > how_many() / 2, "most places can be broken: {}", cases.len());
    let (names, texts): (Vec<String>, Vec<String>) = cases.into_iter().unzip();
    let mut differ = Vec::new();
    let mut invalid = 0;
    for ((name, text), (valid, complaint)) in names.iter().zip(&texts).zip(tools::verdicts(&schema, &texts)) {
        invalid += usize::from(!valid);
        let read = xml::read(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        if read.is_schema_valid() != valid {
            let ours: Vec<&str> = read.findings.iter().map(|finding| finding.code.as_ref()).collect();
            differ.push(format!("{name}: the schema says {valid} ({complaint}), we say {ours:?}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ: {:#?}", differ.len(), texts.len(), &differ[..differ.len().min(20)]);
    assert!(invalid > texts.len() / 4, "breaking must break something: {invalid} of {}", texts.len());
}
