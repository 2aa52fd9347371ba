//! Holds one text with places to fill in: `{name}`, `[left out when unknown]`, `{n?one=…|other=…}`.
//! Parsed and checked by `template` when it loads, filled by `compose` and for notices.
//! Filling never fails: a place without value outside of brackets is caught by the check of the caller's facts.

use crate::calendar;

/// What may be filled in, by name. Numbers stand as ASCII digits or as the language writes them.
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
    /// For text messages and voices: letters only.
    Bare,
}

/// These hold what machines or fingers repeat letter by letter, so their digits stay as they are.
const LITERAL: [&str; 3] = ["code", "link", "text"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Slot(String),
    Optional(Vec<Part>),
    Plural { slot: String, one: Vec<Part>, other: Vec<Part> },
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
                    Part::Plural { slot, one, other } => {
                        into.push((slot, optional));
                        walk(one, optional, into);
                        walk(other, optional, into);
                    }
                }
            }
        }
        let mut slots = Vec::new();
        walk(&self.0, false, &mut slots);
        slots
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
            *rest = rest.strip_prefix("one=").ok_or("after {name? stands one=")?;
            let one = parts(rest, &['|', '}'])?;
            *rest = rest.strip_prefix("|other=").ok_or("after the form for one stands |other=")?;
            let other = parts(rest, &['}'])?;
            *rest = rest.strip_prefix('}').ok_or("a { is not closed by }")?;
            Ok(Part::Plural { slot: name, one, other })
        }
        _ => Err(format!("after {{{name} stands neither }} nor ?")),
    }
}

fn fill(parts: &[Part], lang: &str, values: &Values<'_>, style: Style, into: &mut String) {
    for part in parts {
        match part {
            Part::Text(text) => into.push_str(text),
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
            Part::Plural { slot, one, other } => {
                let number =
                    values.get(slot).and_then(|value| calendar::digits("en", value).parse().ok()).unwrap_or(0.0);
                fill(if calendar::is_one(lang, number) { one } else { other }, lang, values, style, into);
            }
        }
    }
}

fn value_text(name: &str, value: &str, lang: &str, style: Style) -> String {
    let text = if LITERAL.contains(&name) { value.to_owned() } else { calendar::digits(lang, value) };
    match style {
        Style::Bare => text,
        Style::Isolated if name == "text" => text,
        Style::Isolated => isolated(lang, &text),
    }
}

/// Wraps a value in a first-strong isolate (U+2068 … U+2069) when it has digits or letters of the other direction.
///
/// Source: Unicode Standard Annex #9, §2.4.2 and §6.3: inserted values belong in isolates.
pub(crate) fn isolated(lang: &str, value: &str) -> String {
    let rtl = calendar::is_rtl(lang);
    let foreign = |c: char| {
        let arabic_or_hebrew = matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}');
        let digit = c.is_ascii_digit() || matches!(c, '۰'..='۹' | '٠'..='٩');
        if rtl { digit || (c.is_alphabetic() && !arabic_or_hebrew) } else { arabic_or_hebrew }
    };
    if !value.contains('\u{2068}') && value.chars().any(foreign) {
        format!("\u{2068}{value}\u{2069}")
    } else {
        value.to_owned()
    }
}

/// A text without bidirectional controls, for text messages and voices.
pub(crate) fn without_isolates(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'))
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
    }

    #[test]
    fn malformed_patterns_are_refused_with_a_sentence() {
        for bad in
            ["{zones", "zones}", "[a", "a]", "{}", "{Zones}", "{n?one=a}", "{n?other=a|one=b}", "{a{b}}", "{a[b}"]
        {
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
