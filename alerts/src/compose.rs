//! Words an alert from facts: hazard, level, occasion, zones, what was measured, times.
//! Called by the service's assessment for a proposal and by staff for a draft from scratch.
//! Every language of the templates speaks; an exercise is marked in each text of each language.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::content::{HEADLINE_CHARS_MAX, LANGUAGES, Wording};
use crate::fault::Fault;
use crate::level::{Hazard, Level, Texts, text_in, word};
use crate::message::{Segments, segments};
use crate::template::pattern::{Pattern, Style, Values, isolated};
use crate::template::{Occasion, Phrase, Templates, Word};

/// The unit of a measured value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Metres.
    Metre,
    /// Centimetres.
    Centimetre,
    /// Millimetres.
    Millimetre,
    /// Metres a second.
    MetrePerSecond,
    /// Cubic metres a second.
    CubicMetrePerSecond,
    /// Degrees Celsius.
    DegreeCelsius,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 6] = [
        Self::Metre,
        Self::Centimetre,
        Self::Millimetre,
        Self::MetrePerSecond,
        Self::CubicMetrePerSecond,
        Self::DegreeCelsius,
    ];

    /// The word used in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        self.word().key()
    }

    const fn word(self) -> Word {
        match self {
            Self::Metre => Word::Metre,
            Self::Centimetre => Word::Centimetre,
            Self::Millimetre => Word::Millimetre,
            Self::MetrePerSecond => Word::MetrePerSecond,
            Self::CubicMetrePerSecond => Word::CubicMetrePerSecond,
            Self::DegreeCelsius => Word::DegreeCelsius,
        }
    }
}

word!(Unit, "unit");

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
}

/// What an alert is worded from.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What threatens.
    pub hazard: Hazard,
    /// How badly.
    pub level: Level,
    /// Which template speaks; see [`Occasion::usual`].
    pub kind: Occasion,
    /// The names of the zones, each by language; the most threatened first.
    pub zones: Vec<Texts>,
    /// The place or gauge that the measure belongs to.
    pub place: Option<Texts>,
    /// What was measured there.
    pub measure: Option<Measure>,
    /// When the event is expected to begin.
    pub onset: Option<Timestamp>,
    /// Until when the alert holds.
    pub expires: Timestamp,
    /// The zone in which times are told.
    pub tz: TimeZone,
    /// Whom to call, for example `137`.
    pub contact: String,
    /// Whether it is an exercise.
    pub exercise: bool,
}

/// The wording of every language of the templates.
///
/// Headlines stay within 160 characters and text messages within one segment as long as a shorter text or fewer zone names allow it.
/// Errors: every fault of the facts at once.
pub fn compose(templates: &Templates, facts: &Facts) -> Result<BTreeMap<String, Wording>, Vec<Fault>> {
    let faults = facts.faults();
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(templates.languages().map(|lang| (lang.to_owned(), wording(templates, facts, lang))).collect())
}

impl Facts {
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        if !self.kind.fits(self.hazard) {
            faults.push(Fault::new("kind", format!("“{}” cannot be said of {}", self.kind, self.hazard)));
        }
        if self.zones.is_empty() {
            faults.push(Fault::new("zones", "no zone is named"));
        }
        for (i, zone) in self.zones.iter().enumerate() {
            for lang in LANGUAGES {
                if zone.get(lang).is_none_or(|name| name.trim().is_empty()) {
                    faults.push(Fault::new(format!("zones.{i}.{lang}"), "the zone has no name in this language"));
                }
            }
        }
        if self.measure.is_some_and(|measure| !measure.value.is_finite()) {
            faults.push(Fault::new("measure", "is no number"));
        }
        if self.contact.trim().is_empty() {
            faults.push(Fault::new("contact", "empty; name a telephone number that people can call"));
        }
        if self.onset.is_some_and(|onset| self.expires <= onset) {
            faults.push(Fault::new("expires", "not after the onset"));
        }
        faults
    }
}

fn wording(templates: &Templates, facts: &Facts, lang: &str) -> Wording {
    let field = |name| templates.field(facts.kind, facts.hazard, lang, name);
    let mark = |text: String| if facts.exercise { templates.marked_as_exercise(lang, &text) } else { text };
    let whole = |name, style| {
        let values = values(templates, facts, lang, style, usize::MAX);
        mark(field(name).first().map_or_else(String::new, |pattern| pattern.fill(lang, &values, style)))
    };
    let texts = |name, style| -> Vec<String> {
        let variants = field(name).iter().flat_map(|pattern: &Pattern| {
            [usize::MAX, 2, 1]
                .map(|zones_max| mark(pattern.fill(lang, &values(templates, facts, lang, style, zones_max), style)))
        });
        variants.collect()
    };
    // Helpers answer by text message, and the words that say how should not cost a second one.
    let reply =
        templates.say(Phrase::ReplyShort, lang, &[("reply", "1")]).map_or(0, |reply| segments(&reply).units + 1);
    let leaves_room = |text: &String| {
        let cost = segments(text);
        cost.count <= 1 && cost.units + reply <= Segments::single(cost.coding)
    };
    let one_part = |text: &String| segments(text).count <= 1;
    Wording {
        headline: first_that(
            &texts("headline", Style::Isolated),
            &[&|text| text.chars().count() <= HEADLINE_CHARS_MAX],
        ),
        description: whole("description", Style::Isolated),
        instruction: whole("instruction", Style::Isolated),
        sms: first_that(&texts("sms", Style::Bare), &[&leaves_room, &one_part]),
        minor_instruction: whole("minor_instruction", Style::Isolated),
        spoken: whole("spoken", Style::Bare),
    }
}

/// The first text that passes the first wish, else the first that passes the second, …, else the shortest.
fn first_that(texts: &[String], wishes: &[&dyn Fn(&String) -> bool]) -> String {
    wishes
        .iter()
        .find_map(|wish| texts.iter().find(|text| wish(text)))
        .or_else(|| texts.iter().min_by_key(|text| text.chars().count()))
        .cloned()
        .unwrap_or_default()
}

/// What is filled in, with at most `zones_max` zone names before “and … more”.
fn values(templates: &Templates, facts: &Facts, lang: &str, style: Style, zones_max: usize) -> Values<'static> {
    let name = |texts: &Texts| {
        let name = calendar::digits(lang, text_in(texts, lang).unwrap_or_default());
        match style {
            Style::Isolated => isolated(lang, &name),
            Style::Bare => name,
        }
    };
    let names: Vec<String> = facts.zones.iter().map(name).collect();
    let mut values = Values::default();
    values.set("zones", listed(templates, lang, &names, zones_max));
    values.set("zones_short", listed(templates, lang, &names, 1));
    values.set("level", in_sentence(lang, &facts.level.names()));
    values.set("hazard", in_sentence(lang, &facts.hazard.names()));
    values.set("expires", calendar::when(lang, facts.expires, &facts.tz));
    values.set("contact", facts.contact.trim());
    if let Some(onset) = facts.onset {
        values.set("onset", calendar::when(lang, onset, &facts.tz));
    }
    if let Some(place) = &facts.place {
        values.set("place", name(place));
    }
    if let Some(measure) = facts.measure {
        let number = Values(vec![("n", calendar::number(lang, measure.value))]);
        values.set("value", templates.word_with(measure.unit.word(), lang, &number));
    }
    values
}

/// A name as it stands inside a sentence: English names of hazards and levels begin small there.
fn in_sentence(lang: &str, names: &Texts) -> String {
    text_in(names, lang).unwrap_or_default().to_lowercase()
}

/// `a، b و c`, or `a و ۲ ناحیهٔ دیگر` when there are more than `max`.
fn listed(templates: &Templates, lang: &str, names: &[String], max: usize) -> String {
    let comma = calendar::list_comma(lang);
    if names.len() > max {
        let values = Values(vec![("first", names[..max].join(comma)), ("n", (names.len() - max).to_string())]);
        return templates.word_with(Word::ZonesMore, lang, &values);
    }
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {} {last}", first.join(comma), templates.word(Word::ListAnd, lang)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::texts;

    fn facts() -> Facts {
        Facts {
            hazard: Hazard::Flood,
            level: Level::Orange,
            kind: Occasion::FloodWarning,
            zones: vec![
                texts([("fa", "کنار رود شرقی"), ("en", "River East")]),
                texts([("fa", "بازار"), ("en", "Bazaar")]),
            ],
            place: Some(texts([("fa", "پل ۳"), ("en", "Bridge 3")])),
            measure: Some(Measure { value: 1.93, unit: Unit::Metre }),
            onset: None,
            expires: "2026-03-21T04:00:00Z".parse().unwrap(),
            tz: TimeZone::get("Asia/Tehran").unwrap(),
            contact: "137".into(),
            exercise: false,
        }
    }

    #[test]
    fn a_flood_warning_speaks_both_languages() {
        let wordings = compose(&Templates::embedded(), &facts()).unwrap();
        let (fa, en) = (&wordings["fa"], &wordings["en"]);
        assert_eq!(fa.headline, "هشدار سیل در کنار رود شرقی و بازار");
        assert_eq!(en.headline, "Flood warning for River East and Bazaar");
        assert!(
            fa.description.contains("آب در \u{2068}پل ۳\u{2069} به \u{2068}۱٫۹۳ متر\u{2069} رسیده است."),
            "{}",
            fa.description
        );
        assert!(fa.description.contains("\u{2068}شنبه ۱ فروردین ۱۴۰۵ ساعت ۰۷:۳۰\u{2069}"), "{}", fa.description);
        assert!(en.description.contains("The water at Bridge 3 has reached 1.93 m."), "{}", en.description);
        assert_eq!(segments(&fa.sms).count, 1, "{}", fa.sms);
        assert!(
            fa.sms.contains("۱۳۷") && !fa.sms.contains('\u{2068}') && !fa.spoken.contains('\u{2068}'),
            "{}",
            fa.sms
        );
    }

    #[test]
    fn every_occasion_fits_into_one_text_message_even_for_ten_zones_and_an_exercise() {
        let zones: Vec<Texts> = (1..=10)
            .map(|i| texts([("fa", &*format!("محلهٔ بلند شماره {i}")), ("en", &*format!("Long Quarter {i}"))]))
            .collect();
        let mut long = Vec::new();
        for hazard in Hazard::ALL {
            for kind in Occasion::ALL.into_iter().filter(|kind| kind.fits(hazard)) {
                for exercise in [false, true] {
                    let facts = Facts { hazard, kind, exercise, zones: zones.clone(), ..facts() };
                    for (lang, wording) in compose(&Templates::embedded(), &facts).unwrap() {
                        if segments(&wording.sms).count != 1 {
                            long.push(format!("{kind} {lang}: {}", wording.sms));
                        }
                        assert!(wording.headline.chars().count() <= 160, "{kind} {lang}: {}", wording.headline);
                        let mark = if lang == "fa" { "مانور" } else { "EXERCISE" };
                        assert_eq!(wording.sms.starts_with(mark), exercise);
                        assert_eq!(wording.headline.starts_with(mark), exercise);
                        for text in
                            [&wording.description, &wording.instruction, &wording.minor_instruction, &wording.spoken]
                        {
                            assert!(!text.is_empty() && !text.contains(['{', '[', ']', '}']), "{kind} {lang}: {text}");
                            assert_eq!(text.starts_with(mark), exercise);
                        }
                    }
                }
            }
        }
        assert!(long.is_empty(), "{long:#?}");
    }

    #[test]
    fn facts_that_make_no_sense_are_listed_at_once() {
        let facts = Facts {
            hazard: Hazard::Snow,
            zones: vec![texts([("fa", "بازار")])],
            measure: Some(Measure { value: f64::NAN, unit: Unit::Metre }),
            contact: " ".into(),
            ..facts()
        };
        let faults = compose(&Templates::embedded(), &facts).unwrap_err();
        assert_eq!(
            faults.iter().map(|fault| fault.at.as_str()).collect::<Vec<_>>(),
            ["kind", "zones.0.en", "measure", "contact"]
        );
    }
}
