//! Judges the counting of text messages from outside: two libraries that share nothing with this one or each other.
//! Run by the test command; `smpplib` (PyPI) stands in the directory `HAMYAR_TEST_SMPPLIB`, `split-sms` (npm) below `HAMYAR_TEST_NODE_MODULES`.
//! A judge that is not there is said plainly; under CI its absence is a failure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use alerts::message::{Coding, parts, segments};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use unicode_segmentation::UnicodeSegmentation as _;

/// Texts of many kinds and lengths, the same ones at every run.
fn random_texts(count: usize) -> Vec<String> {
    let strategy = prop_oneof![
        "[ -~]{0,400}",
        "[@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ¿äöñüà\n\ra-z0-9 ]{0,400}",
        "[a-z {}\\[\\]~^|€\\\\]{0,400}",
        "[آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی \u{200c}۰-۹.،]{0,300}",
        "[سیل 🌊🆘👨‍👩‍👧🇮🇷a-z]{0,300}",
        "\\PC{0,200}",
        // Around the edges.
        "[a-z]{150,164}",
        "[a-z€]{150,164}",
        "[آ-ی]{64,72}",
        "[آ-ی🌊]{64,72}",
        "[a-z]{300,312}",
        "[آ-ی]{130,138}",
    ];
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What a program answers to the texts: one line of JSON for each.
fn judged<T: serde::de::DeserializeOwned>(command: &mut Command, texts: &[String]) -> Vec<T> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(serde_json::to_string(texts).unwrap().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the judge failed");
    let answers: Vec<T> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answers.len(), texts.len());
    answers
}

fn skipped(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "under CI no judge may be left out: {why}");
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// smpplib says coding, units, and parts; it cuts by the byte, so its count is a lower bound that is reached unless a cut
/// would fall inside a letter.
#[test]
fn coding_and_units_equal_those_of_smpplib_on_thousands_of_texts() {
    let Some(library) = std::env::var_os("HAMYAR_TEST_SMPPLIB") else {
        return skipped("smpplib is not there (pip install --target DIR smpplib; HAMYAR_TEST_SMPPLIB=DIR)");
    };
    let program = "
import json, sys
from smpplib import gsm, consts
answers = []
for text in json.load(sys.stdin):
    parts, coding, _ = gsm.make_parts(text)
    header = 6 if len(parts) > 1 else 0
    septets = coding == consts.SMPP_ENCODING_DEFAULT
    units = sum(len(part) - header for part in parts) // (1 if septets else 2)
    answers.append([septets, units, len(parts) if text else 0])
json.dump(answers, sys.stdout)
";
    // Its table has a grave accent in every empty place: one that it takes for a letter of the alphabet, and § and form feed
    // that it does not know.
    let texts: Vec<String> =
        random_texts(12_000).into_iter().filter(|text| !text.contains(['`', '§', '\u{c}', '\u{1b}'])).collect();
    let answers: Vec<(bool, usize, usize)> =
        judged(Command::new("python3").args(["-c", program]).env("PYTHONPATH", library), &texts);
    let mut exact = 0;
    for (text, (septets, units, count)) in texts.iter().zip(answers) {
        let ours = segments(text);
        assert_eq!((ours.coding == Coding::Gsm7, ours.units), (septets, units), "{text:?}");
        if may_be_cut_anywhere(text, ours.coding) {
            assert_eq!(ours.count, count, "{text:?}");
            exact += 1;
        } else {
            assert!(ours.count >= count, "{text:?}");
        }
    }
    assert!(exact >= 2_000, "only {exact} texts have a count that must be equal");
}

/// Whether every letter is one unit, so that no cut can fall inside one.
fn may_be_cut_anywhere(text: &str, coding: Coding) -> bool {
    text.graphemes(true).all(|letter| match coding {
        Coding::Gsm7 => letter != "\r\n" && !letter.contains(['^', '{', '}', '\\', '[', ']', '~', '|', '€']),
        Coding::Ucs2 => letter.encode_utf16().count() == 1,
    })
}

/// split-sms cuts neither pairs nor escapes, as we do; of letters made of several characters it knows nothing.
#[test]
fn parts_equal_those_of_split_sms_on_thousands_of_texts() {
    let Some(modules) = std::env::var_os("HAMYAR_TEST_NODE_MODULES") else {
        return skipped(
            "split-sms is not there (npm install --prefix DIR split-sms; HAMYAR_TEST_NODE_MODULES=DIR/node_modules)",
        );
    };
    let program = "
const { split } = require('split-sms');
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const answers = texts.map((text) => {
  const { characterSet, parts } = split(text);
  return [characterSet === 'GSM', parts.map((part) => part.content)];
});
process.stdout.write(JSON.stringify(answers));
";
    let texts: Vec<String> = random_texts(12_000).into_iter().filter(|text| !text.is_empty()).collect();
    let answers: Vec<(bool, Vec<String>)> =
        judged(Command::new("node").args(["-e", program]).env("NODE_PATH", modules), &texts);
    let mut long = 0;
    for (text, (septets, judged)) in texts.iter().zip(answers) {
        let ours = segments(text);
        assert_eq!(ours.coding == Coding::Gsm7, septets, "{text:?}");
        let pairs_at_most = text.graphemes(true).all(|letter| letter.chars().count() == 1);
        if pairs_at_most && !text.contains(['\u{2066}', '\u{2067}', '\u{2068}']) {
            assert_eq!(parts(text), judged, "{text:?}");
            long += usize::from(ours.count > 1);
        } else {
            assert!(ours.count >= judged.len(), "{text:?}");
        }
    }
    assert!(long >= 1_000, "only {long} texts of several parts were compared letter by letter");
}
