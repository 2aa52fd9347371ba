//! Judges the Solar Hijri calendar from outside: Node's `Intl`, whose `persian` calendar is ICU's, for every day of 175 years.
//! Run by the test command; needs `node`, which the project needs anyway.
//! Every day is compared in both directions, and the days are counted.

use std::process::Command;

use alerts::calendar::{Jalali, digits, number, plural};
use jiff::civil::{Date, date};

/// Prints `yyyy-mm-dd year month day` for each day from the first argument to the second.
const PROGRAM: &str = r"
const form = new Intl.DateTimeFormat('en-u-ca-persian-nu-latn', { timeZone: 'UTC', year: 'numeric', month: 'numeric', day: 'numeric' });
if (form.resolvedOptions().calendar !== 'persian') throw new Error('this node has no Persian calendar');
const lines = [];
for (let day = Date.parse(process.argv[1]); day <= Date.parse(process.argv[2]); day += 86400000) {
  const part = Object.fromEntries(form.formatToParts(day).map(({ type, value }) => [type, value]));
  lines.push(`${new Date(day).toISOString().slice(0, 10)} ${parseInt(part.year)} ${part.month} ${part.day}`);
}
console.log(lines.join('\n'));
";

/// Runs a program in node and gives what it prints.
fn node(program: &str, arguments: &[&str]) -> String {
    let output = Command::new("node")
        .args(["-e", program])
        .args(arguments)
        .output()
        .expect("node runs (the project needs Node 20.19 or later)");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn digits_numbers_and_plural_forms_equal_those_of_node_in_every_language_that_a_city_here_may_add() {
    let program = r"
for (const language of ['fa', 'en', 'ar', 'ckb', 'ku', 'az', 'ps', 'ur', 'sd', 'mzn', 'lrc', 'tr', 'hy', 'ru'])
  for (const value of [0, 0.5, 1, 1.25, 2, 3, 5, 11, 21, 100, 1001, 1234.5, 2000000]) {
    // A language that CLDR has no plural rules for would get those of the machine.
    const rules = Intl.PluralRules.supportedLocalesOf(language).length && new Intl.PluralRules(language);
    const form = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
    console.log([language, value, form.format(7), form.format(value), rules ? rules.select(value) : 'other'].join('\t'));
  }
";
    let mut compared = 0;
    for line in node(program, &[]).lines() {
        let words: Vec<&str> = line.split('\t').collect();
        let [lang, value, seven, written, form] = words[..] else { panic!("node printed {line}") };
        let value: f64 = value.parse().expect("a number");
        assert_eq!(digits(lang, "7"), seven, "{lang}");
        assert_eq!(plural(lang, value), form, "{lang} {value}");
        if ["fa", "en"].contains(&lang) {
            assert_eq!(number(lang, value), written, "{lang} {value}");
        }
        compared += 1;
    }
    assert_eq!(compared, 14 * 13);
}

#[test]
fn every_day_from_1925_to_2099_equals_the_calendar_of_icu_in_both_directions() {
    let text = node(PROGRAM, &["1925-01-01", "2099-12-31"]);
    let mut expected = date(1925, 1, 1);
    let mut days = 0;
    let mut wrong = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [gregorian, year, month, day] = words[..] else { panic!("node printed {line}") };
        let gregorian: Date = gregorian.parse().expect("a date");
        let number = |word: &str| word.parse::<i16>().expect("a number");
        let (year, month, day) = (number(year), number(month), number(day));
        assert_eq!(gregorian, expected, "every day follows the one before");
        let judged = Jalali::new(year, i8::try_from(month).expect("1 to 12"), i8::try_from(day).expect("1 to 31"));
        let ours = Jalali::from_gregorian(gregorian);
        if judged.is_none() || ours != judged || judged.map(Jalali::to_gregorian) != Some(gregorian) {
            wrong.push(format!("{line}: we say {ours:?}"));
        }
        days += 1;
        expected = expected.tomorrow().expect("a day");
    }
    assert!(wrong.is_empty(), "{} days differ: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    // 175 years, 43 of them leap years.
    assert_eq!(days, 175 * 365 + 43);
}
