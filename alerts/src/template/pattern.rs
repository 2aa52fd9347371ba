//! Holds one text with places to fill in: `{name}`, `[left out when unknown]`, `{n?one=…|other=…}`.
//! Parsed and checked by `template` when it loads, filled by `compose` and for notices.
//! Filling never fails: a place without value outside of brackets is caught by the check of the caller's facts.

use crate::{calendar, voice};

/// What may be filled in, by name. Numbers stand as ASCII digits or as the language writes them; no value has direction marks
/// but those of [`isolated`].
#[derive(Debug, Default, Clone)]
pub(crate) struct Values<'v>(pub Vec<(&'v str, String)>);

impl<'v> Values<'v> {
    pub fn set(&mut self, name: &'v str, value: impl Into<String>) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, value.into()));
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }
}

/// How a text is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// For screens: numbers and foreign words stand in bidirectional isolates.
    Isolated,
    /// For text messages: letters only.
    Bare,
    /// For voices: numbers in words.
    Spoken,
}

/// The plural categories of CLDR.
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

/// These hold what machines or fingers repeat letter by letter, so their digits stay as they are.
const LITERAL: [&str; 3] = ["code", "link", "text"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(String),
    Optional(Vec<Part>),
    Plural { slot: String, forms: Vec<(&'static str, Vec<Part>)> },
}

/// A parsed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Part>);

impl Pattern {
    /// Parses; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let parts = parts(&mut rest, &[])?;
        Ok(Self(parts))
    }

    /// Every name that is used, with whether it stands inside brackets everywhere.
    pub fn slots(&self) -> Vec<(&str, bool)> {
        fn walk<'p>(parts: &'p [Part], optional: bool, into: &mut Vec<(&'p str, bool)>) {
            for part in parts {
                match part {
                    Part::Text(_) => {}
                    Part::Slot(name) => into.push((name, optional)),
                    Part::Optional(inside) => walk(inside, true, into),
                    Part::Plural { slot, forms } => {
                        into.push((slot, optional));
                        for (_, form) in forms {
                            walk(form, optional, into);
                        }
                    }
                }
            }
        }
        let mut slots = Vec::new();
        walk(&self.0, false, &mut slots);
        slots
    }

    /// Everything that is written here for people, without the places to fill in.
    pub fn literals(&self) -> Vec<&str> {
        fn walk<'p>(parts: &'p [Part], into: &mut Vec<&'p str>) {
            for part in parts {
                match part {
                    Part::Text(text) => into.push(text),
                    Part::Slot(_) => {}
                    Part::Optional(inside) => walk(inside, into),
                    Part::Plural { forms, .. } => {
                        for (_, form) in forms {
                            walk(form, into);
                        }
                    }
                }
            }
        }
        let mut literals = Vec::new();
        walk(&self.0, &mut literals);
        literals
    }

    /// The plural forms of each place that has them, in CLDR's words.
    pub fn plurals(&self) -> Vec<(&str, Vec<&'static str>)> {
        fn walk<'p>(parts: &'p [Part], into: &mut Vec<(&'p str, Vec<&'static str>)>) {
            for part in parts {
                match part {
                    Part::Text(_) | Part::Slot(_) => {}
                    Part::Optional(inside) => walk(inside, into),
                    Part::Plural { slot, forms } => {
                        into.push((slot, forms.iter().map(|(name, _)| *name).collect()));
                        for (_, form) in forms {
                            walk(form, into);
                        }
                    }
                }
            }
        }
        let mut plurals = Vec::new();
        walk(&self.0, &mut plurals);
        plurals
    }

    /// The text with its values.
    pub fn fill(&self, lang: &str, values: &Values<'_>, style: Style) -> String {
        let mut text = String::new();
        fill(&self.0, lang, values, style, &mut text);
        text.trim().to_owned()
    }
}

/// Reads parts until one of `stops` (kept in `rest`) or the end.
fn parts(rest: &mut &str, stops: &[char]) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut text = String::new();
    while let Some(c) = rest.chars().next() {
        if stops.contains(&c) {
            break;
        }
        *rest = &rest[c.len_utf8()..];
        match c {
            '{' => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(slot(rest)?);
            }
            '[' => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                let inside = self::parts(rest, &[']'])?;
                *rest = rest.strip_prefix(']').ok_or("a [ is not closed by ]")?;
                parts.push(Part::Optional(inside));
            }
            '}' | ']' => return Err(format!("a {c} closes nothing")),
            _ => text.push(c),
        }
    }
    parts.push(Part::Text(text));
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    Ok(parts)
}

fn slot(rest: &mut &str) -> Result<Part, String> {
    let end = rest.find(['}', '?', '{', '[', ']']).ok_or("a { is not closed by }")?;
    let name = rest[..end].trim().to_owned();
    let mark = &rest[end..=end];
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
        return Err(format!("“{name}” is no name of a place to fill in (a-z and _)"));
    }
    *rest = &rest[end + 1..];
    match mark {
        "}" => Ok(Part::Slot(name)),
        "?" => {
            let mut forms: Vec<(&'static str, Vec<Part>)> = Vec::new();
            loop {
                let category = CATEGORIES
                    .into_iter()
                    .find(|category| rest.strip_prefix(category).is_some_and(|after| after.starts_with('=')));
                let Some(category) = category else {
                    return Err(format!(
                        "after {{{name}? and each | stands a plural form and =, one of {}",
                        CATEGORIES.join(", ")
                    ));
                };
                if forms.iter().any(|(known, _)| *known == category) {
                    return Err(format!("the form {category} of {{{name}}} stands twice"));
                }
                *rest = &rest[category.len() + 1..];
                forms.push((category, parts(rest, &['|', '}'])?));
                match rest.strip_prefix('|') {
                    Some(after) => *rest = after,
                    None => break,
                }
            }
            *rest = rest.strip_prefix('}').ok_or("a { is not closed by }")?;
            if forms.last().is_none_or(|(category, _)| *category != "other") {
                return Err(format!(
                    "the last plural form of {{{name}}} is other=, for every number that has no form of its own"
                ));
            }
            Ok(Part::Plural { slot: name, forms })
        }
        _ => Err(format!("after {{{name} stands neither }} nor ?")),
    }
}

fn fill(parts: &[Part], lang: &str, values: &Values<'_>, style: Style, into: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => {
                // A name that was cut, or that ends in a full stop of its own, needs no second one.
                let stopped = into.trim_end_matches('\u{2069}').ends_with(['.', '…']);
                let text = text.strip_prefix('.').filter(|_| stopped).unwrap_or(text);
                match style {
                    Style::Isolated => into.push_str(&isolated_runs(lang, text)),
                    Style::Bare | Style::Spoken => into.push_str(text),
                }
            }
            Part::Slot(name) => {
                if let Some(value) = values.get(name) {
                    into.push_str(&value_text(name, value, lang, style));
                }
            }
            Part::Optional(inside) => {
                let known = |part: &Part| match part {
                    Part::Slot(name) | Part::Plural { slot: name, .. } => values.get(name).is_some(),
                    Part::Text(_) | Part::Optional(_) => true,
                };
                if inside.iter().all(known) {
                    fill(inside, lang, values, style, into);
                }
            }
            Part::Plural { slot, forms } => {
                let category = calendar::plural(lang, values.get(slot).map_or(0.0, as_number));
                let form = forms.iter().find(|(name, _)| *name == category).or(forms.last());
                if let Some((_, form)) = form {
                    fill(form, lang, values, style, into);
                }
            }
        }
    }
}

/// The number that a value is written as, in whatever digits; 0 when it is none.
fn as_number(value: &str) -> f64 {
    let plain: String = calendar::digits("en", &without_isolates(value))
        .chars()
        .filter(|c| !matches!(c, '٬' | ','))
        .map(|c| if c == '٫' { '.' } else { c })
        .collect();
    plain.replace('\u{2212}', "-").parse().unwrap_or(0.0)
}

fn value_text(name: &str, value: &str, lang: &str, style: Style) -> String {
    let text = || if LITERAL.contains(&name) { value.to_owned() } else { calendar::digits(lang, value) };
    match style {
        Style::Bare => text(),
        Style::Spoken => voice::spoken(lang, value),
        Style::Isolated if name == "text" => value.to_owned(),
        Style::Isolated => isolated(lang, &text()),
    }
}

fn is_arabic_or_hebrew(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Wraps a value in a first-strong isolate (U+2068 … U+2069) when it has digits or letters of the other direction.
///
/// A value that has an isolate already is a list of such values, and stays.
pub(crate) fn isolated(lang: &str, value: &str) -> String {
    if !value.contains('\u{2068}') && value.chars().any(|c| is_foreign(lang, c)) {
        format!("\u{2068}{value}\u{2069}")
    } else {
        value.to_owned()
    }
}

/// Whether a letter or digit would not flow with the text of a language by itself.
fn is_foreign(lang: &str, c: char) -> bool {
    if calendar::is_rtl(lang) {
        calendar::digit_value(c).is_some() || (c.is_alphabetic() && !is_arabic_or_hebrew(c))
    } else {
        is_arabic_or_hebrew(c) && c.is_alphabetic()
    }
}

/// Wraps each run of numbers and foreign words within a text in an isolate of its own; a unit or sign within the run belongs
/// to it.
fn isolated_runs(lang: &str, text: &str) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c| is_foreign(lang, c)) {
        let run = &rest[start..];
        // To the last foreign letter before one of the language itself.
        let own = run.find(|c: char| c.is_alphabetic() && !is_foreign(lang, c)).unwrap_or(run.len());
        let end =
            run[..own].char_indices().rfind(|(_, c)| is_foreign(lang, *c)).map_or(own, |(at, c)| at + c.len_utf8());
        done.push_str(&rest[..start]);
        done.push('\u{2068}');
        done.push_str(&run[..end]);
        done.push('\u{2069}');
        rest = &run[end..];
    }
    done.push_str(rest);
    done
}

/// A value from outside as it may stand in a text: without direction marks and control characters, one space for each run of
/// white space.
pub(crate) fn clean(value: &str) -> String {
    let bare = without_isolates(value);
    bare.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A text without bidirectional controls, for text messages and voices.
pub(crate) fn without_isolates(text: &str) -> String {
    text.chars()
        .filter(
            |c| !matches!(c, '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}'),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pattern: &str, lang: &str, values: &[(&str, &str)]) -> String {
        let mut all = Values::default();
        for (name, value) in values {
            all.set(name, *value);
        }
        Pattern::parse(pattern).unwrap().fill(lang, &all, Style::Bare)
    }

    #[test]
    fn places_are_filled_and_unknown_ones_leave_with_their_brackets() {
        let pattern = "Flood in {zones}.[ Water at {place}: {value}.] Call {contact}";
        assert_eq!(filled(pattern, "en", &[("zones", "A"), ("contact", "137")]), "Flood in A. Call 137");
        let all = [("zones", "A"), ("place", "bridge"), ("value", "2 m"), ("contact", "137")];
        assert_eq!(filled(pattern, "en", &all), "Flood in A. Water at bridge: 2 m. Call 137");
    }

    #[test]
    fn plural_forms_follow_the_language() {
        let pattern = "{n?one={n} zone|other={n} zones}";
        assert_eq!(filled(pattern, "en", &[("n", "1")]), "1 zone");
        assert_eq!(filled(pattern, "en", &[("n", "۲")]), "2 zones");
        assert_eq!(filled("{n?one=یک|other={n}}", "fa", &[("n", "3")]), "۳");
        let arabic = "{n?zero=صفر|one=واحد|two=اثنان|few=قليل|many=كثير|other=آخر}";
        let forms = ["0", "1", "٢", "3", "11", "100"].map(|n| filled(arabic, "ar", &[("n", n)]));
        assert_eq!(forms, ["صفر", "واحد", "اثنان", "قليل", "كثير", "آخر"]);
    }

    #[test]
    fn what_stands_in_the_text_itself_is_isolated_run_by_run() {
        assert_eq!(isolated_runs("fa", "در ۳۰ سانتی‌متر آب"), "در \u{2068}۳۰\u{2069} سانتی‌متر آب");
        assert_eq!(
            isolated_runs("fa", "به ۰۸۱-۳۲۵۱ یا Hamyar App زنگ"),
            "به \u{2068}۰۸۱-۳۲۵۱\u{2069} یا \u{2068}Hamyar App\u{2069} زنگ"
        );
        assert_eq!(isolated_runs("en", "call 137"), "call 137");
        assert_eq!(clean(" پل\u{202e}\n\u{2068}۳ "), "پل ۳");
    }

    #[test]
    fn malformed_patterns_are_refused_with_a_sentence() {
        for bad in [
            "{zones",
            "zones}",
            "[a",
            "a]",
            "{}",
            "{Zones}",
            "{n?one=a}",
            "{n?other=a|one=b}",
            "{a{b}}",
            "{a[b}",
            "{n?one=a|one=b|other=c}",
            "{n?any=a|other=b}",
        ] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_and_latin_words_stand_in_isolates_inside_persian() {
        assert_eq!(isolated("fa", "۱۳۷"), "\u{2068}۱۳۷\u{2069}");
        assert_eq!(isolated("fa", "Ekbatan"), "\u{2068}Ekbatan\u{2069}");
        assert_eq!(isolated("fa", "اکباتان"), "اکباتان");
        assert_eq!(isolated("en", "اکباتان"), "\u{2068}اکباتان\u{2069}");
        assert_eq!(without_isolates(&isolated("fa", "۱۳۷")), "۱۳۷");
    }
}
