//! Words an alert from facts: hazard, level, occasion, zones, what was measured, times.
//! Called by the service's assessment for a proposal and by staff for a draft from scratch.
//! Every language of the templates speaks; an exercise is marked in each text of each language.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::content::{HEADLINE_CHARS_MAX, LANGUAGES, TEXT_CHARS_MAX, Wording};
use crate::fault::Fault;
use crate::level::{Hazard, Level, Texts, text_in, word};
use crate::message::{segments, shortened};
use crate::template::pattern::{Pattern, Style, Values, clean, isolated};
use crate::template::{Occasion, Phrase, Templates, Word};
use crate::voice;

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

    const fn spoken_word(self) -> Word {
        match self {
            Self::Metre => Word::MetreSpoken,
            Self::Centimetre => Word::CentimetreSpoken,
            Self::Millimetre => Word::MillimetreSpoken,
            Self::MetrePerSecond => Word::MetrePerSecondSpoken,
            Self::CubicMetrePerSecond => Word::CubicMetrePerSecondSpoken,
            Self::DegreeCelsius => Word::DegreeCelsiusSpoken,
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

/// The most zone names that a voice reads out.
const SPOKEN_ZONES_MAX: usize = 3;
/// What a zone's name may be cut to where nothing else makes a text fit, in characters; six are still short where each takes two units.
const NAME_CHARS: [usize; 5] = [60, 30, 18, 10, 6];

/// The wording of every language of the templates.
///
/// Headlines stay within 160 characters, and text messages within one segment: where the names are too long for every text of
/// the template, fewer zones are named, and at last the first name is cut at the end of a word. The level chooses no words;
/// the occasion does.
///
/// Errors: every fault of the facts at once.
///
/// ```
/// use alerts::{Facts, Hazard, Level, Measure, Occasion, Templates, Unit, compose, message::segments, texts};
/// use jiff::tz::TimeZone;
///
/// let facts = Facts {
///     hazard: Hazard::Flood,
///     level: Level::Orange,
///     kind: Occasion::FloodWarning,
///     zones: vec![texts([("fa", "بازار"), ("en", "Bazaar")])],
///     place: Some(texts([("fa", "پل ۳"), ("en", "Bridge 3")])),
///     measure: Some(Measure { value: 1.93, unit: Unit::Metre }),
///     onset: None,
///     expires: "2026-03-21T04:00:00Z".parse()?,
///     tz: TimeZone::get("Asia/Tehran")?,
///     contact: "137".into(),
///     exercise: false,
/// };
/// let wordings = compose(&Templates::embedded(), &facts).map_err(|faults| faults[0].clone())?;
/// assert_eq!(wordings["fa"].sms, "هشدار سیل: بازار. به جای بلند بروید و وارد آب نشوید.");
/// assert_eq!(segments(&wordings["fa"].sms).count, 1);
/// assert!(wordings["en"].spoken.ends_with("For help call one three seven."));
///
/// let drill = compose(&Templates::embedded(), &Facts { exercise: true, ..facts }).map_err(|faults| faults[0].clone())?;
/// assert!(drill["fa"].sms.starts_with("مانور: "));
/// assert!(drill["en"].spoken.starts_with("This is only a drill. "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compose(templates: &Templates, facts: &Facts) -> Result<BTreeMap<String, Wording>, Vec<Fault>> {
    let faults = facts.faults();
    if !faults.is_empty() {
        return Err(faults);
    }
    let wording = |lang: &str| {
        let wording = wording(templates, facts, lang);
        if facts.exercise { templates.marked_wording(lang, &wording) } else { wording }
    };
    Ok(templates.languages().map(|lang| (lang.to_owned(), wording(lang))).collect())
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
                if zone.get(lang).is_none_or(|name| clean(name).is_empty()) {
                    faults.push(Fault::new(format!("zones.{i}.{lang}"), "the zone has no name in this language"));
                }
            }
        }
        if self.measure.is_some_and(|measure| !measure.value.is_finite()) {
            faults.push(Fault::new("measure", "is no number"));
        }
        if clean(&self.contact).is_empty() {
            faults.push(Fault::new("contact", "empty; name a telephone number that people can call"));
        }
        if self.onset.is_some_and(|onset| self.expires <= onset) {
            faults.push(Fault::new("expires", "not after the onset"));
        }
        faults
    }
}

fn wording(templates: &Templates, facts: &Facts, lang: &str) -> Wording {
    let bench = Bench { templates, facts, lang, filled: RefCell::new(Vec::new()) };
    let written = |field| {
        let fits = |text: &str| text.chars().count() <= TEXT_CHARS_MAX - MARK_CHARS_MAX;
        bench.best(field, Style::Isolated, &[usize::MAX, 20, 1], &[&fits])
    };
    // Helpers answer by text message, and the words that say how should not cost a second one; nor should an exercise's mark.
    let reply = templates.say(Phrase::ReplyShort, lang, &[("reply", "1")]).unwrap_or_default();
    let marked = |text: &str| if facts.exercise { templates.marked_as_exercise(lang, text) } else { text.to_owned() };
    let short = |text: &str| marked(text).chars().count() <= HEADLINE_CHARS_MAX;
    let one_part = |text: &str| segments(&marked(text)).count <= 1;
    let leaves_room = |text: &str| segments(&format!("{} {reply}", marked(text))).count <= 1;
    let bearable = |text: &str| text.chars().count() <= TEXT_CHARS_MAX - MARK_CHARS_MAX;
    Wording {
        headline: bench.best("headline", Style::Isolated, &[usize::MAX, 2, 1], &[&short]),
        description: written("description"),
        instruction: written("instruction"),
        helper_instruction: written("helper_instruction"),
        minor_instruction: written("minor_instruction"),
        mentor_instruction: written("mentor_instruction"),
        desk_instruction: written("desk_instruction"),
        sms: bench.best("sms", Style::Bare, &[usize::MAX, 2, 1], &[&leaves_room, &one_part]),
        spoken: voice::spoken(lang, &bench.best("spoken", Style::Spoken, &[SPOKEN_ZONES_MAX, 1], &[&bearable])),
    }
}

/// The room that is kept for an exercise's mark.
const MARK_CHARS_MAX: usize = 200;

/// How values are made: the style, the most zones that are named, the most characters of a name.
type Cut = (Style, usize, usize);

/// Where the texts of one language are filled in; values that several texts need are made once.
struct Bench<'f> {
    templates: &'f Templates,
    facts: &'f Facts,
    lang: &'f str,
    filled: RefCell<Vec<(Cut, Rc<Values<'static>>)>>,
}

impl Bench<'_> {
    /// The first text of a field that passes the first wish, else the first that passes the second, …: of the template's
    /// texts with ever fewer zones, then of its last text with ever shorter names; else the shortest of all.
    fn best(&self, field: &str, style: Style, zones_max: &[usize], wishes: &[&dyn Fn(&str) -> bool]) -> String {
        let patterns = self.templates.field(self.facts.kind, self.facts.hazard, self.lang, field);
        let fill = |pattern: &Pattern, zones, chars| pattern.fill(self.lang, &self.values(style, zones, chars), style);
        let first = |texts: &[String]| wishes.iter().find_map(|wish| texts.iter().find(|text| wish(text)).cloned());
        // Nearly always the first text fits.
        if let (Some(pattern), Some(zones), Some(wish)) = (patterns.first(), zones_max.first(), wishes.first()) {
            let text = fill(pattern, *zones, usize::MAX);
            if wish(&text) {
                return text;
            }
        }
        let mut texts: Vec<String> = patterns
            .iter()
            .flat_map(|pattern| zones_max.iter().map(|zones| fill(pattern, *zones, usize::MAX)))
            .collect();
        if let Some(text) = first(&texts) {
            return text;
        }
        let cut: Vec<String> =
            patterns.last().into_iter().flat_map(|last| NAME_CHARS.map(|chars| fill(last, 1, chars))).collect();
        first(&cut).unwrap_or_else(|| {
            texts.extend(cut);
            texts.into_iter().min_by_key(|text| text.chars().count()).unwrap_or_default()
        })
    }

    fn values(&self, style: Style, zones_max: usize, chars_max: usize) -> Rc<Values<'static>> {
        let key = (style, zones_max, chars_max);
        if let Some((_, known)) = self.filled.borrow().iter().find(|(known, _)| *known == key) {
            return Rc::clone(known);
        }
        let values = Rc::new(values(self.templates, self.facts, self.lang, style, (zones_max, chars_max)));
        self.filled.borrow_mut().push((key, Rc::clone(&values)));
        values
    }
}

/// What is filled in: at most `zones_max` zone names before “and … more”, each of at most `chars_max` characters.
fn values(
    templates: &Templates,
    facts: &Facts,
    lang: &str,
    style: Style,
    (zones_max, chars_max): (usize, usize),
) -> Values<'static> {
    let name = |texts: &Texts| {
        let name = shortened(&clean(text_in(texts, lang).unwrap_or_default()), chars_max);
        match style {
            Style::Isolated => isolated(lang, &calendar::digits(lang, &name)),
            Style::Bare => calendar::digits(lang, &name),
            Style::Spoken => voice::spoken(lang, &name),
        }
    };
    let moment = |at| match style {
        Style::Isolated | Style::Bare => calendar::when(lang, at, &facts.tz),
        Style::Spoken => voice::when(lang, at, &facts.tz),
    };
    let names: Vec<String> = facts.zones.iter().map(name).collect();
    let mut values = Values::default();
    values.set("zones", listed(templates, lang, style, &names, zones_max));
    values.set("zones_short", listed(templates, lang, style, &names, 1));
    values.set("level", in_sentence(lang, &facts.level.names()));
    values.set("hazard", in_sentence(lang, &facts.hazard.names()));
    values.set("expires", moment(facts.expires));
    let contact = shortened(&clean(&facts.contact), chars_max);
    values.set("contact", if style == Style::Spoken { voice::telephone(lang, &contact) } else { contact });
    if let Some(onset) = facts.onset {
        values.set("onset", moment(onset));
    }
    if let Some(place) = &facts.place {
        values.set("place", name(place));
    }
    if let Some(measure) = facts.measure {
        let said = match style {
            Style::Isolated | Style::Bare => {
                let (word, value) = match measure.unit {
                    Unit::DegreeCelsius if measure.value < 0.0 => (Word::DegreesBelowZero, -measure.value),
                    unit => (unit.word(), measure.value),
                };
                templates.word_with(word, lang, &Values(vec![("n", calendar::number(lang, value))]), Style::Bare)
            }
            Style::Spoken => spoken_measure(templates, lang, measure),
        };
        values.set("value", said);
    }
    values
}

/// A measure for a voice; metres and centimetres apart, as people say them: one metre and ninety-three centimetres.
fn spoken_measure(templates: &Templates, lang: &str, measure: Measure) -> String {
    let say = |value: f64, unit: Unit| templates.word_spoken(unit.spoken_word(), lang, &calendar::number(lang, value));
    let centimetres = (measure.value * 100.0).round();
    let (metres, rest) = ((centimetres / 100.0).trunc(), centimetres % 100.0);
    match measure.unit {
        Unit::Metre if centimetres > 0.0 && metres < 100.0 && rest > 0.0 => {
            let rest = say(rest, Unit::Centimetre);
            if metres < 1.0 { rest } else { pair(templates, lang, &say(metres, Unit::Metre), &rest) }
        }
        Unit::DegreeCelsius if measure.value < 0.0 => {
            templates.word_spoken(Word::DegreesBelowZeroSpoken, lang, &calendar::number(lang, -measure.value))
        }
        unit => say(measure.value, unit),
    }
}

/// A name as it stands inside a sentence: English names of hazards and levels begin small there.
fn in_sentence(lang: &str, names: &Texts) -> String {
    text_in(names, lang).unwrap_or_default().to_lowercase()
}

fn pair(templates: &Templates, lang: &str, first: &str, last: &str) -> String {
    format!("{first} {} {last}", templates.word(Word::ListAnd, lang))
}

/// `a، b و c`, or `a و ۲ ناحیهٔ دیگر` when there are more than `max` and that is shorter.
fn listed(templates: &Templates, lang: &str, style: Style, names: &[String], max: usize) -> String {
    let comma = calendar::list_comma(lang);
    let all = match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => pair(templates, lang, &first.join(comma), last),
    };
    if names.len() <= max {
        return all;
    }
    let values = Values(vec![("first", names[..max].join(comma)), ("n", (names.len() - max).to_string())]);
    let some = templates.word_with(Word::ZonesMore, lang, &values, style);
    if all.chars().count() <= some.chars().count() { all } else { some }
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
        assert_eq!(fa.sms, "سیل: کنار رود شرقی و بازار. به جای بلند بروید.");
        assert!(fa.instruction.contains("\u{2068}۱۳۷\u{2069}"), "{}", fa.instruction);
        assert!(!fa.sms.contains('\u{2068}') && !fa.spoken.contains('\u{2068}'), "{}", fa.sms);
    }

    #[test]
    fn a_voice_says_numbers_in_words_and_tells_a_drill_in_a_sentence() {
        let wordings = compose(&Templates::embedded(), &Facts { exercise: true, ..facts() }).unwrap();
        assert_eq!(
            wordings["fa"].spoken,
            "این فقط یک مانور است. هشدار سیل در کنار رود شرقی و بازار. همین حالا از رودخانه دور شوید و به جای بلند بروید. اگر نمی‌توانید یا آب راه را بسته است، به طبقهٔ بالا بروید. پیاده یا با خودرو \
             وارد آب نشوید. برای کمک با شمارهٔ صد و سی و هفت تماس بگیرید."
        );
        let templates = Templates::embedded();
        let said = |lang, value| spoken_measure(&templates, lang, Measure { value, unit: Unit::Metre });
        assert_eq!(said("fa", 1.93), "یک متر و نود و سه سانتی‌متر");
        assert_eq!(said("en", 1.01), "one metre and one centimetre");
        assert_eq!(said("fa", 0.7), "هفتاد سانتی‌متر");
        assert_eq!(said("en", 2.0), "two metres");
        assert_eq!(said("en", -0.2), "minus zero point two metres");
        let frost = Measure { value: -12.0, unit: Unit::DegreeCelsius };
        assert_eq!(spoken_measure(&templates, "fa", frost), "دوازده درجه زیر صفر");
        assert_eq!(spoken_measure(&templates, "en", frost), "twelve degrees below zero");
    }

    #[test]
    fn many_zones_are_named_as_far_as_a_text_bears_them() {
        let zone = |i: usize| texts([("fa", &*format!("محلهٔ {i}")), ("en", &*format!("Quarter {i}"))]);
        let facts = Facts { zones: (1..=400).map(zone).collect(), ..facts() };
        let en = &compose(&Templates::embedded(), &facts).unwrap()["en"];
        assert_eq!(en.headline, "Flood warning for Quarter 1, Quarter 2 and 398 more zones");
        assert_eq!(
            en.sms,
            "Flood warning: Quarter 1, Quarter 2 and 398 more zones. Go to high ground now. Stay out of the water. Help: 137."
        );
        assert!(en.description.contains("Quarter 20 and 380 more zones"), "{}", en.description);
        assert!(en.spoken.starts_with("Flood warning for Quarter one, Quarter two, Quarter three and three hundred and ninety-seven more zones."), "{}", en.spoken);
    }

    #[test]
    fn a_name_too_long_for_every_text_is_cut_at_a_word() {
        let zone = texts([("fa", &*"شهرک بلندنام ".repeat(20)), ("en", &*"Long-named Quarter ".repeat(20))]);
        let fa = &compose(&Templates::embedded(), &Facts { zones: vec![zone], ..facts() }).unwrap()["fa"];
        assert_eq!(fa.sms, "سیل: شهرک بلندنام شهرک بلندنام… به جای بلند بروید.");
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
