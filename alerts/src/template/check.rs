//! Checks the texts of one language: that every one is there, fits, names only what it will be given, and is written as its language is.
//! Called by `template` when it loads, for the embedded texts and for a city's own alike.
//! Every fault is listed, each with file, key, and what to do; none hides another.

use std::collections::BTreeMap;

use super::keys::{Phrase, Word};
use super::pattern::{Pattern, Style, Values};
use super::{Book, Occasion};
use crate::content::{HEADLINE_CHARS_MAX, TEXT_CHARS_MAX};
use crate::fault::Fault;
use crate::level::Hazard;
use crate::message::{Segments, segments};
use crate::{calendar, voice};

/// The texts of one alert, by field.
const FIELDS: [&str; 9] = [
    "headline",
    "description",
    "instruction",
    "helper_instruction",
    "minor_instruction",
    "mentor_instruction",
    "desk_instruction",
    "sms",
    "spoken",
];
/// What may be filled into them; the first six are always known.
const ALERT_SLOTS: [&str; 9] =
    ["zones", "zones_short", "level", "hazard", "expires", "contact", "onset", "place", "value"];
const ALWAYS_KNOWN: usize = 6;

/// What is wanted of one text.
struct Wanted {
    /// What may be filled in.
    slots: &'static [&'static str],
    /// How many of these, from the first, are always known.
    always_known: usize,
    /// One of these must be filled in, or the text says too little; empty: nothing must.
    needs: &'static [&'static str],
    form: Form,
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Headline,
    /// An alert's text message: room for an exercise's mark and an answer's words.
    AlertSms,
    /// A message of its own.
    Sms,
    Letter,
    Spoken,
    Word,
}

/// The form of a phrase, and what it cannot do without.
fn of_phrase(phrase: Phrase) -> Wanted {
    use Phrase::{DeskLine, MentorLine, MinorWasTold, Task, TaskSpoken, WelfareSpoken, WhatDoYouSeeSpoken};
    let form = match phrase {
        DeskLine | MentorLine | MinorWasTold => Form::Letter,
        WhatDoYouSeeSpoken | WelfareSpoken | TaskSpoken => Form::Spoken,
        _ => Form::Sms,
    };
    let needs: &[&str] = match phrase {
        Phrase::ReportThanks => &["number"],
        Phrase::ReportOutcome => &["outcome"],
        Phrase::SignInCode => &["code"],
        Phrase::Invitation | Phrase::LinkLine => &["link"],
        Phrase::WhatDoYouSee | WhatDoYouSeeSpoken => &["zone"],
        Task | TaskSpoken => &["task"],
        Phrase::AskBackNotices | Phrase::AskBackPersons => &["options"],
        Phrase::AskBackOption => &["digit"],
        Phrase::MentorCopy | MinorWasTold => &["text"],
        Phrase::ReplyLine | Phrase::ReplyShort => &["reply"],
        Phrase::ContactLine => &["contact"],
        DeskLine => &["level"],
        MentorLine => &["minor"],
        Phrase::Welfare | WelfareSpoken | Phrase::AnswerRecorded | Phrase::AnswerNotUnderstood => &[],
    };
    let optional = usize::from(matches!(phrase, Task | TaskSpoken));
    Wanted { slots: phrase.slots(), always_known: phrase.slots().len() - optional, needs, form }
}

/// Every text that a language must have.
fn wanted() -> BTreeMap<String, Wanted> {
    let mut wanted = BTreeMap::new();
    for occasion in Occasion::ALL {
        for hazard in Hazard::ALL.into_iter().filter(|hazard| occasion.fits(*hazard)) {
            let (file, section) = occasion.section(hazard);
            for field in FIELDS {
                let (form, needs): (_, &[&str]) = match field {
                    "headline" => (Form::Headline, &["zones", "zones_short"]),
                    "sms" => (Form::AlertSms, &["zones", "zones_short"]),
                    "spoken" => (Form::Spoken, &["zones", "zones_short"]),
                    "description" => (Form::Letter, &["zones", "zones_short"]),
                    _ => (Form::Letter, &[]),
                };
                let one = Wanted { slots: &ALERT_SLOTS, always_known: ALWAYS_KNOWN, needs, form };
                wanted.insert(format!("{file}.{section}.{field}"), one);
            }
        }
    }
    for phrase in Phrase::ALL {
        wanted.insert(format!("messages.{}", phrase.key()), of_phrase(*phrase));
    }
    for word in Word::ALL {
        let one =
            Wanted { slots: word.slots(), always_known: word.slots().len(), needs: word.slots(), form: Form::Word };
        wanted.insert(format!("words.{}", word.key()), one);
    }
    wanted
}

/// Values of usual length, to measure texts with.
fn usual_values(lang: &str) -> Values<'static> {
    let fa = calendar::primary(lang) == "fa";
    let pick = |persian: &str, other: &str| if fa { persian.to_owned() } else { other.to_owned() };
    Values(vec![
        ("zones", pick("کنار رود شرقی", "River East")),
        ("zones_short", pick("کنار رود شرقی", "River East")),
        ("level", pick("نارنجی", "orange")),
        ("hazard", pick("برف سنگین", "heavy snow")),
        ("expires", pick("شنبه ۱ فروردین ۱۴۰۵ ساعت ۰۴:۰۰", "Saturday 21 March 2026, 04:00")),
        ("contact", "137".to_owned()),
        ("number", "40187".to_owned()),
        ("code", "482913".to_owned()),
        ("minutes", "10".to_owned()),
        ("zone", pick("کنار رود", "River East")),
        ("reply", "1".to_owned()),
        ("digit", "1".to_owned()),
        ("name", pick("سارا", "Sara")),
        ("minor", pick("سارا", "Sara")),
        ("n", "2".to_owned()),
        ("first", pick("کنار رود", "River East")),
    ])
}

/// Lists what is wrong with a language's texts.
pub(super) fn book(lang: &str, book: &Book, faults: &mut Vec<Fault>) {
    let wanted = wanted();
    let place = |key: &str| {
        let (file, path) = key.split_once('.').unwrap_or((key, ""));
        format!("{lang}/{file}.toml: {path}")
    };
    let mut lacking: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for key in wanted.keys().filter(|key| !book.contains_key(*key)) {
        lacking.entry(key.split('.').next().unwrap_or(key)).or_default().push(key);
    }
    for (file, keys) in lacking {
        if book.keys().any(|key| key.split('.').next() == Some(file)) {
            let missing = |key: &&String| Fault::new(place(key), "missing; every language has every text, so write it");
            faults.extend(keys.iter().map(missing));
        } else {
            let what =
                format!("missing, with all its {} texts; copy and translate the embedded fa/{file}.toml", keys.len());
            faults.push(Fault::new(format!("{lang}/{file}.toml"), what));
        }
    }
    let room = room(lang, book);
    for (key, patterns) in book {
        let at = place(key);
        let Some(wanted) = wanted.get(key) else {
            faults
                .push(Fault::new(at, "there is no such text; take it out, or see the embedded file of the same name"));
            continue;
        };
        let mut fault = |what: String| faults.push(Fault::new(&at, what));
        for pattern in patterns {
            places(pattern, wanted, &mut fault);
            plurals(lang, pattern, &mut fault);
            letters(lang, pattern, wanted.form, &mut fault);
        }
        if let Some(last) = patterns.last() {
            measures(lang, last, wanted.form, &room, &mut fault);
        }
    }
    marks(lang, book, faults);
}

/// What may and what must be filled in.
fn places(pattern: &Pattern, wanted: &Wanted, fault: &mut impl FnMut(String)) {
    let used = pattern.slots();
    for (slot, optional) in &used {
        if !wanted.slots.contains(slot) {
            let known = if wanted.slots.is_empty() { "nothing".to_owned() } else { wanted.slots.join(", ") };
            fault(format!("{{{slot}}} is unknown here; {known} can be filled in"));
        } else if !optional && !wanted.slots[..wanted.always_known].contains(slot) {
            fault(format!("{{{slot}}} is not always known; put its clause into [ ]"));
        }
    }
    let said = |need: &&str| used.iter().any(|(slot, optional)| slot == need && !optional);
    if !wanted.needs.is_empty() && !wanted.needs.iter().any(said) {
        let needs: Vec<String> = wanted.needs.iter().map(|need| format!("{{{need}}}")).collect();
        fault(format!("does not say {}; write it into this text, outside of [ ]", needs.join(" or ")));
    }
}

/// A plural has the forms of its language, neither more nor fewer.
fn plurals(lang: &str, pattern: &Pattern, fault: &mut impl FnMut(String)) {
    let has = calendar::plural_categories(lang);
    for (slot, forms) in pattern.plurals() {
        if let Some(odd) = forms.iter().find(|form| !has.contains(form)) {
            fault(format!(
                "{{{slot}?…}} has a form “{odd}”, which the language does not have; it has {}",
                has.join(", ")
            ));
        }
        let lacking: Vec<&str> = has.iter().copied().filter(|form| !forms.contains(form)).collect();
        if !lacking.is_empty() {
            fault(format!("{{{slot}?…}} has no form for {}; add {}=…", lacking.join(", "), lacking.join("=…, ")));
        }
    }
}

/// What is written here in letters that the language, a telephone or a voice does not want.
fn letters(lang: &str, pattern: &Pattern, form: Form, fault: &mut impl FnMut(String)) {
    for text in pattern.literals() {
        for (letter, what) in [
            ('\u{200b}', "a zero-width space, which breaks words; take it out, or write a half-space (U+200C)"),
            ('\u{ad}', "a soft hyphen; take it out"),
            ('\u{a0}', "a no-break space; write a space"),
            ('\u{feff}', "a byte order mark; take it out"),
        ] {
            if text.contains(letter) {
                fault(format!("holds {what}"));
            }
        }
        if text.contains(|c: char| matches!(c, '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}')) {
            fault("holds a direction mark; take it out: isolates are set when the text is filled in".to_owned());
        }
        if text.contains("  ") {
            fault("holds two spaces in a row; write one".to_owned());
        }
        if let Some(tag) = crate::check::markup_in(text) {
            fault(format!("“{tag}” looks like HTML; write plain text"));
        }
        if calendar::primary(lang) == "fa" {
            for (letter, right) in [('ي', 'ی'), ('ى', 'ی'), ('ك', 'ک'), ('ة', 'ه'), ('ـ', ' ')] {
                if text.contains(letter) {
                    let remedy = if right == ' ' { "take it out".to_owned() } else { format!("write “{right}”") };
                    fault(format!("“{letter}” (U+{:04X}) is no Persian letter; {remedy}", u32::from(letter)));
                }
            }
            for (sign, right) in [(',', '،'), (';', '؛'), ('?', '؟')] {
                if text.contains(sign) {
                    fault(format!("“{sign}” is no Persian sign; write “{right}”"));
                }
            }
        }
        let right = calendar::digits(lang, text);
        if let Some((odd, digit)) = text.chars().zip(right.chars()).find(|(is, should)| is != should) {
            fault(format!("“{odd}” is no digit of this language; write “{digit}”"));
        }
        if form == Form::Spoken
            && let Some(odd) = text.chars().find(|c| !c.is_whitespace() && !speakable(lang, *c))
        {
            fault(format!("a voice cannot read “{odd}”; write it in words"));
        }
    }
}

fn speakable(lang: &str, c: char) -> bool {
    // Between two letters, since some signs are read only inside of a word.
    let between = format!("a{c}a");
    calendar::digit_value(c).is_none() && voice::spoken(lang, &between).replace(' ', "") == between
}

/// The units that an exercise's mark and the words that say how to answer take of an alert's text message.
fn room(lang: &str, book: &Book) -> String {
    let values = Values(vec![("text", String::new()), ("reply", "1".to_owned())]);
    let said = |key: String| {
        book.get(&key)
            .and_then(|patterns| patterns.last())
            .map_or_else(String::new, |pattern| pattern.fill(lang, &values, Style::Bare))
    };
    let mark = said(format!("words.{}", Word::Exercise.key()));
    let reply = said(format!("messages.{}", Phrase::ReplyShort.key()));
    format!("{mark}  {reply}")
}

/// Lengths, with values of usual length; `room` is what else goes into an alert's text message.
fn measures(lang: &str, pattern: &Pattern, form: Form, room: &str, fault: &mut impl FnMut(String)) {
    let text = pattern.fill(lang, &usual_values(lang), Style::Bare);
    let chars = text.chars().count();
    if pattern.slots().is_empty() && text.is_empty() {
        fault("empty; write the text".to_owned());
    }
    let chars_max = if form == Form::Headline { HEADLINE_CHARS_MAX } else { TEXT_CHARS_MAX };
    if chars > chars_max {
        fault(format!("{chars} characters with usual values; shorten it to {chars_max}"));
    }
    let (whole, with) = match form {
        Form::AlertSms => (format!("{text}{room}"), ", an exercise's mark and an answer's words"),
        Form::Sms => (text, ""),
        Form::Headline | Form::Letter | Form::Spoken | Form::Word => return,
    };
    let cost = segments(&whole);
    if cost.count > 1 {
        let units_max = Segments::single(cost.coding);
        fault(format!(
            "does not fit into one text message with usual values{with} ({} units; shorten it by {}, or add a shorter text to the list)",
            cost.units,
            cost.units - units_max
        ));
    }
}

/// An exercise's mark must stand first, and be known again.
fn marks(lang: &str, book: &Book, faults: &mut Vec<Fault>) {
    let said = |word: Word| {
        let values = Values(vec![("text", "…".to_owned())]);
        let pattern = book.get(&format!("words.{}", word.key())).and_then(|patterns| patterns.first());
        pattern.map(|pattern| pattern.fill(lang, &values, Style::Bare))
    };
    let (Some(whole), Some(mark), Some(spoken)) =
        (said(Word::Exercise), said(Word::ExerciseMark), said(Word::ExerciseSpoken))
    else {
        return; // told as missing
    };
    let known = whole.starts_with(&mark) && whole.len() > mark.len();
    if !mark.is_empty() && !known {
        let at = format!("{lang}/words.toml: {}", Word::Exercise.key());
        faults.push(Fault::new(at, format!("does not begin with the exercise's mark; write “{mark}: {{text}}”")));
    }
    for (word, text) in [(Word::Exercise, &whole), (Word::ExerciseSpoken, &spoken)] {
        if text.contains('…') && !(text.ends_with('…') && text.trim().chars().count() > 1) {
            let at = format!("{lang}/words.toml: {}", word.key());
            faults.push(Fault::new(at, "the mark of an exercise stands before the text; put {text} at the end"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::template::Templates;

    /// The faults of one file in place of the embedded one, as lines.
    fn faults(name: &str, text: &str) -> String {
        let faults = Templates::load([(name, text)]).map(|_| ()).unwrap_err();
        faults.iter().map(|fault| format!("{fault}\n")).collect()
    }

    #[track_caller]
    fn lists(all: &str, parts: &[&str]) {
        for part in parts {
            assert!(all.contains(part), "“{part}” is not among\n{all}");
        }
    }

    #[test]
    fn every_fault_of_a_city_s_own_templates_is_listed_at_once() {
        let ice = "[warning]\nheadline = \"{zoness}\"\ndescription = \"{place}\"\ninstruction = \"{\"\nspoken = 3\nextra = \"x\"\n\
            minor_instruction = \"بمان\"\nsms = \"{zones} این متن برای یک پیام کوتاه بسیار بسیار بسیار بسیار بسیار بسیار بسیار بسیار بلند است\"";
        let faults = Templates::load([("fa/ice.toml", ice), ("fa/nothing.toml", ""), ("ku/ice.toml", "\n= broken")])
            .unwrap_err();
        let all: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
        lists(
            &all,
            &[
                "fa/ice.toml: warning.headline: {zoness} is unknown here; zones, zones_short,",
                "fa/ice.toml: warning.headline: does not say {zones} or {zones_short}",
                "fa/ice.toml: warning.description: {place} is not always known; put its clause into [ ]",
                "fa/ice.toml: warning.instruction: a { is not closed by }",
                "fa/ice.toml: warning.spoken: must be a text",
                "fa/ice.toml: warning.extra: there is no such text",
                "fa/ice.toml: warning.helper_instruction: missing",
                "fa/ice.toml: warning.sms: does not fit into one text message with usual values, an exercise's mark",
                "fa/nothing.toml: no such template",
                "ku/ice.toml: line 2 is no TOML",
                "ku/flood.toml: missing, with all its 27 texts; copy and translate the embedded fa/flood.toml",
            ],
        );
    }

    #[test]
    fn letters_of_another_keyboard_are_named_with_the_right_ones() {
        let cancel = include_str!("../../templates/fa/cancel.toml")
            .replace("پوزش می‌خواهیم.", "پوزش مي‌خواهیم، شمارۀ 5 ٣ ,<b>")
            .replace("لازم نیست کاری بکنید", "لازم  نیست\u{2068} کاری/");
        lists(
            &faults("fa/cancel.toml", &cancel),
            &[
                "cancel.description: “ي” (U+064A) is no Persian letter; write “ی”",
                "cancel.description: “5” is no digit of this language; write “۵”",
                "cancel.description: “,” is no Persian sign; write “،”",
                "cancel.description: “<b>” looks like HTML",
                "cancel.instruction: holds two spaces in a row",
                "cancel.instruction: holds a direction mark",
                "cancel.spoken: a voice cannot read “5”; write it in words",
            ],
        );
    }

    #[test]
    fn plurals_have_the_forms_of_their_language() {
        let words = include_str!("../../templates/en/words.toml");
        lists(
            &faults(
                "en/words.toml",
                &words.replace("{n?one={n} metre|other={n} metres}\"", "{n?two={n} m|other={n} m}\""),
            ),
            &[
                "metre_spoken: {n?…} has a form “two”, which the language does not have; it has one, other",
                "metre_spoken: {n?…} has no form for one; add one=…",
            ],
        );
    }

    #[test]
    fn a_mark_that_would_not_be_known_again_is_refused() {
        let words = include_str!("../../templates/fa/words.toml");
        lists(
            &faults("fa/words.toml", &words.replace("\"مانور: {text}\"", "\"تمرین: {text} ، مانور\"")),
            &[
                "words.toml: exercise: does not begin with the exercise's mark; write “مانور: {text}”",
                "put {text} at the end",
            ],
        );
        lists(
            &faults("fa/words.toml", &words.replace("\"مانور: {text}\"", "\"مانور\"")),
            &["words.toml: exercise: does not say {text}"],
        );
        // White space that a telephone may show as nothing marks nothing.
        lists(
            &faults("fa/words.toml", &words.replace("\"این فقط یک مانور است. {text}\"", "\"\u{3000}{text}\"")),
            &["words.toml: exercise_spoken: the mark of an exercise stands before the text"],
        );
        let messages = include_str!("../../templates/en/messages.toml");
        lists(
            &faults("en/messages.toml", &messages.replace("code: {code}", "code")),
            &["messages.toml: sign_in_code: does not say {code}; write it into this text"],
        );
    }

    #[test]
    fn a_language_of_the_city_joins_when_it_is_complete() {
        let files = ["flood", "snow", "ice", "all-clear", "cancel", "messages", "words"];
        let english = |name: &str| std::fs::read_to_string(format!("templates/en/{name}.toml")).unwrap();
        let whole = files.map(|name| (format!("en-GB/{name}.toml"), english(name)));
        let templates = Templates::load(whole.clone()).unwrap();
        assert_eq!(templates.languages().collect::<Vec<_>>(), ["en", "en-GB", "fa"]);
        let parts = Templates::load(whole[..6].to_vec()).unwrap_err();
        assert_eq!(parts.iter().map(|fault| fault.at.as_str()).collect::<Vec<_>>(), ["en-GB/words.toml"]);
    }
}
