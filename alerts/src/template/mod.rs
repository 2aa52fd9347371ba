//! Holds the texts of the house in each language, read from template files that a city may override.
//! Loaded once by the service; used by `compose`, `message::notice` and [`Templates::say`].
//! What was loaded is complete: every text of every language is there, fits, and names only what it will be given.

pub(crate) mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::content::{HEADLINE_CHARS_MAX, LANGUAGES, TEXT_CHARS_MAX};
use crate::fault::Fault;
use crate::level::{Hazard, Level, word};
use crate::message::segments;
use pattern::{Pattern, Style, Values};

/// What is said about a hazard: which template speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A flood is possible.
    FloodWatch,
    /// A flood is likely.
    FloodWarning,
    /// A flash flood is here or minutes away.
    FlashFlood,
    /// Heavy snowfall.
    HeavySnow,
    /// Drifting snow, blizzard.
    SnowDrift,
    /// Snow load on roofs.
    RoofLoad,
    /// A pass or road is blocked by snow.
    BlockedPass,
    /// Ice on roads and paths.
    Ice,
    /// The danger has passed.
    AllClear,
    /// The warning was an error.
    Cancel,
}

impl Occasion {
    /// Every occasion.
    pub const ALL: [Self; 10] = [
        Self::FloodWatch,
        Self::FloodWarning,
        Self::FlashFlood,
        Self::HeavySnow,
        Self::SnowDrift,
        Self::RoofLoad,
        Self::BlockedPass,
        Self::Ice,
        Self::AllClear,
        Self::Cancel,
    ];

    /// The word used in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FloodWatch => "flood_watch",
            Self::FloodWarning => "flood_warning",
            Self::FlashFlood => "flash_flood",
            Self::HeavySnow => "heavy_snow",
            Self::SnowDrift => "snow_drift",
            Self::RoofLoad => "roof_load",
            Self::BlockedPass => "blocked_pass",
            Self::Ice => "ice",
            Self::AllClear => "all_clear",
            Self::Cancel => "cancel",
        }
    }

    /// What is usually said for a level of a hazard: yellow watch, orange warning, red flash flood; snow and ice have one text.
    pub const fn usual(hazard: Hazard, level: Level) -> Self {
        match (hazard, level) {
            (Hazard::Flood, Level::Unknown | Level::Green | Level::Yellow) => Self::FloodWatch,
            (Hazard::Flood, Level::Orange) => Self::FloodWarning,
            (Hazard::Flood, Level::Red) => Self::FlashFlood,
            (Hazard::Snow, _) => Self::HeavySnow,
            (Hazard::Ice, _) => Self::Ice,
        }
    }

    /// Whether this can be said of a hazard.
    pub const fn fits(self, hazard: Hazard) -> bool {
        match self {
            Self::FloodWatch | Self::FloodWarning | Self::FlashFlood => matches!(hazard, Hazard::Flood),
            Self::HeavySnow | Self::SnowDrift | Self::RoofLoad | Self::BlockedPass => matches!(hazard, Hazard::Snow),
            Self::Ice => matches!(hazard, Hazard::Ice),
            Self::AllClear | Self::Cancel => true,
        }
    }

    /// File and section of its template.
    const fn section(self, hazard: Hazard) -> (&'static str, &'static str) {
        match self {
            Self::FloodWatch => ("flood", "watch"),
            Self::FloodWarning => ("flood", "warning"),
            Self::FlashFlood => ("flood", "flash"),
            Self::HeavySnow => ("snow", "heavy"),
            Self::SnowDrift => ("snow", "drift"),
            Self::RoofLoad => ("snow", "roof_load"),
            Self::BlockedPass => ("snow", "blocked_pass"),
            Self::Ice => ("ice", "warning"),
            Self::AllClear => ("all-clear", hazard.as_str()),
            Self::Cancel => ("cancel", "cancel"),
        }
    }
}

word!(Occasion, "occasion");

macro_rules! keys {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$item_doc:meta])* $item:ident = $key:literal [$($slot:literal),*]),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$item_doc])* $item),+ }

        impl $name {
            /// Every one.
            $vis const ALL: &'static [Self] = &[$(Self::$item),+];

            /// Its name in the template file.
            $vis const fn key(self) -> &'static str {
                match self { $(Self::$item => $key),+ }
            }

            /// What may be filled in.
            $vis const fn slots(self) -> &'static [&'static str] {
                match self { $(Self::$item => &[$($slot),*]),+ }
            }
        }
    };
}

keys! {
    /// A short message around an alert; its doc names what is filled in.
    pub enum Phrase {
        /// Thanks for a report: `number`.
        ReportThanks = "report_thanks" ["number"],
        /// What became of a report: `number`, `outcome`.
        ReportOutcome = "report_outcome" ["number", "outcome"],
        /// A sign-in code: `code`, `minutes`.
        SignInCode = "sign_in_code" ["code", "minutes"],
        /// A mentor's invitation: `mentor`, `link`.
        Invitation = "invitation" ["mentor", "link"],
        /// “What do you see?”: `zone`.
        WhatDoYouSee = "what_do_you_see" ["zone"],
        /// “Are you all right?”
        Welfare = "welfare" [],
        /// A task: `task`, and `place` where known.
        Task = "task" ["task", "place"],
        /// An answer that could mean several notices: `options`, made of [`Phrase::AskBackOption`]s.
        AskBackNotices = "ask_back_notices" ["options"],
        /// An answer that could come from several people: `options`.
        AskBackPersons = "ask_back_persons" ["options"],
        /// One option: `digit`, `name`.
        AskBackOption = "ask_back_option" ["digit", "name"],
        /// The answer is recorded.
        AnswerRecorded = "answer_recorded" [],
        /// The answer was not understood.
        AnswerNotUnderstood = "answer_not_understood" [],
        /// A mentor's copy of a text message: `minor`, `text`.
        MentorCopy = "mentor_copy" ["minor", "text"],
        /// How to acknowledge: `reply`.
        ReplyLine = "reply_line" ["reply"],
        /// The same, as short as can be: `reply`.
        ReplyShort = "reply_short" ["reply"],
        /// Where to acknowledge: `link`.
        LinkLine = "link_line" ["link"],
        /// Whom to call: `contact`.
        ContactLine = "contact_line" ["contact"],
        /// What the desk should know: `level`.
        DeskLine = "desk_line" ["level"],
        /// What a mentor should do: `minor`.
        MentorLine = "mentor_line" ["minor"],
    }
}

keys! {
    /// A word that other texts are made of.
    pub(crate) enum Word {
        /// An exercise's mark around a text.
        Exercise = "exercise" ["text"],
        /// The mark alone.
        ExerciseMark = "exercise_mark" [],
        /// The first zones and how many more.
        ZonesMore = "zones_more" ["first", "n"],
        /// Before the last item of a list.
        ListAnd = "list_and" [],
        /// Metres.
        Metre = "metre" ["n"],
        /// Centimetres.
        Centimetre = "centimetre" ["n"],
        /// Millimetres.
        Millimetre = "millimetre" ["n"],
        /// Metres a second.
        MetrePerSecond = "metre_per_second" ["n"],
        /// Cubic metres a second.
        CubicMetrePerSecond = "cubic_metre_per_second" ["n"],
        /// Degrees Celsius.
        DegreeCelsius = "degree_celsius" ["n"],
    }
}

/// The texts of one alert, by field.
pub(crate) const FIELDS: [&str; 6] = ["headline", "description", "instruction", "minor_instruction", "sms", "spoken"];
/// What may be filled into them; the first six are always known.
const ALERT_SLOTS: [&str; 9] =
    ["zones", "zones_short", "level", "hazard", "expires", "contact", "onset", "place", "value"];
const ALWAYS_KNOWN: usize = 6;

/// The embedded files.
const EMBEDDED: [(&str, &str); 14] = [
    ("fa/flood.toml", include_str!("../../templates/fa/flood.toml")),
    ("fa/snow.toml", include_str!("../../templates/fa/snow.toml")),
    ("fa/ice.toml", include_str!("../../templates/fa/ice.toml")),
    ("fa/all-clear.toml", include_str!("../../templates/fa/all-clear.toml")),
    ("fa/cancel.toml", include_str!("../../templates/fa/cancel.toml")),
    ("fa/messages.toml", include_str!("../../templates/fa/messages.toml")),
    ("fa/words.toml", include_str!("../../templates/fa/words.toml")),
    ("en/flood.toml", include_str!("../../templates/en/flood.toml")),
    ("en/snow.toml", include_str!("../../templates/en/snow.toml")),
    ("en/ice.toml", include_str!("../../templates/en/ice.toml")),
    ("en/all-clear.toml", include_str!("../../templates/en/all-clear.toml")),
    ("en/cancel.toml", include_str!("../../templates/en/cancel.toml")),
    ("en/messages.toml", include_str!("../../templates/en/messages.toml")),
    ("en/words.toml", include_str!("../../templates/en/words.toml")),
];

/// The texts of one language by `file.section.field`; more than one where the first that fits is taken.
type Book = BTreeMap<String, Vec<Pattern>>;

/// Every text in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    books: BTreeMap<String, Book>,
}

impl Templates {
    /// The texts that come with the crate: Persian and English.
    pub fn embedded() -> Self {
        Self::load(std::iter::empty::<(&str, &str)>()).expect("the embedded templates are checked by a test")
    }

    /// The embedded files, each replaced by the given one of the same name (`fa/flood.toml`); more languages may be added.
    ///
    /// Errors: every unknown file, missing text, unknown place to fill in, text over length, and malformed pattern, all at once.
    pub fn load<N: AsRef<str>, T: AsRef<str>>(files: impl IntoIterator<Item = (N, T)>) -> Result<Self, Vec<Fault>> {
        let mut sources: BTreeMap<String, String> =
            EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        for (name, text) in files {
            sources.insert(name.as_ref().to_owned(), text.as_ref().to_owned());
        }
        let mut faults = Vec::new();
        let mut books: BTreeMap<String, Book> = BTreeMap::new();
        let file_names: BTreeSet<&str> =
            EMBEDDED.iter().filter_map(|(name, _)| name.split_once('/')).map(|(_, file)| file).collect();
        for (name, text) in &sources {
            let Some((lang, file)) = name.split_once('/').filter(|(_, file)| file_names.contains(file)) else {
                let known = file_names.iter().copied().collect::<Vec<_>>().join(", ");
                faults.push(Fault::new(name, format!("no such template; a name is a language, /, and one of {known}")));
                continue;
            };
            if let Err(error) = crate::cap::Language::new(lang) {
                faults.push(Fault::new(name, error.to_string()));
                continue;
            }
            let book = books.entry(lang.to_owned()).or_default();
            match text.parse::<toml::Table>() {
                Err(error) => faults.push(Fault::new(name, error.message().to_owned())),
                Ok(table) => collect(name, file.trim_end_matches(".toml"), &table, book, &mut faults),
            }
        }
        for (lang, book) in &books {
            check_book(lang, book, &mut faults);
        }
        if faults.is_empty() { Ok(Self { books }) } else { Err(faults) }
    }

    /// The languages, each with every text.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.books.keys().map(String::as_str)
    }

    /// A short message in a language (Persian when the language is not there), for a text message: without isolates.
    ///
    /// Errors: a value that the phrase needs and was not given.
    pub fn say(&self, phrase: Phrase, lang: &str, values: &[(&str, &str)]) -> Result<String, Fault> {
        self.phrase(phrase, lang, values, Style::Bare)
    }

    /// The same for a screen or a letter: with bidirectional isolates.
    pub fn write(&self, phrase: Phrase, lang: &str, values: &[(&str, &str)]) -> Result<String, Fault> {
        self.phrase(phrase, lang, values, Style::Isolated)
    }

    fn phrase(&self, phrase: Phrase, lang: &str, values: &[(&str, &str)], style: Style) -> Result<String, Fault> {
        let (lang, pattern) = self.pattern(lang, &format!("messages.{}", phrase.key()));
        for (slot, optional) in pattern.slots() {
            if !optional && !values.iter().any(|(name, _)| *name == slot) {
                return Err(Fault::new(
                    format!("messages.{}", phrase.key()),
                    format!("no value for {{{slot}}} was given"),
                ));
            }
        }
        let values = Values(values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect());
        Ok(pattern.fill(lang, &values, style))
    }

    /// A list of options for asking back: `1 Sara، 2 Reza`.
    pub fn options(&self, lang: &str, names: &[&str]) -> String {
        let all: Vec<String> = names
            .iter()
            .enumerate()
            .filter_map(|(i, name)| {
                self.say(Phrase::AskBackOption, lang, &[("digit", &(i + 1).to_string()), ("name", name)]).ok()
            })
            .collect();
        all.join(crate::calendar::list_comma(lang))
    }

    /// Marks a text as part of an exercise, once.
    pub fn marked_as_exercise(&self, lang: &str, text: &str) -> String {
        let mark = self.word(Word::ExerciseMark, lang);
        if text.trim_start().starts_with(mark.trim()) {
            return text.to_owned();
        }
        let (lang, pattern) = self.pattern(lang, &format!("words.{}", Word::Exercise.key()));
        pattern.fill(lang, &Values(vec![("text", text.to_owned())]), Style::Bare)
    }

    /// A text without an exercise's mark at its beginning, so that the mark can go before something else.
    pub(crate) fn without_mark<'t>(&self, lang: &str, text: &'t str) -> &'t str {
        let (lang, pattern) = self.pattern(lang, &format!("words.{}", Word::Exercise.key()));
        let mark = pattern.fill(lang, &Values(vec![("text", String::new())]), Style::Bare);
        text.strip_prefix(&mark).map_or(text, str::trim_start)
    }

    /// The patterns of one field of an occasion.
    pub(crate) fn field(&self, occasion: Occasion, hazard: Hazard, lang: &str, field: &str) -> &[Pattern] {
        let (file, section) = occasion.section(hazard);
        self.books.get(lang).and_then(|book| book.get(&format!("{file}.{section}.{field}"))).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn word(&self, word: Word, lang: &str) -> String {
        self.word_with(word, lang, &Values::default())
    }

    pub(crate) fn word_with(&self, word: Word, lang: &str, values: &Values<'_>) -> String {
        let (lang, pattern) = self.pattern(lang, &format!("words.{}", word.key()));
        pattern.fill(lang, values, Style::Bare)
    }

    /// The first pattern of a key in a language, in its primary language, or in Persian.
    fn pattern(&self, lang: &str, key: &str) -> (&str, &Pattern) {
        let primary = lang.split('-').next().unwrap_or(lang);
        let (lang, book) = self
            .books
            .get_key_value(lang)
            .or_else(|| self.books.get_key_value(primary))
            .or_else(|| self.books.get_key_value(LANGUAGES[0]))
            .expect("Persian is always loaded");
        let pattern = book.get(key).and_then(|patterns| patterns.first()).expect("every key was checked when loading");
        (lang, pattern)
    }
}

/// Puts the texts of a file into its language's book.
fn collect(name: &str, prefix: &str, table: &toml::Table, book: &mut Book, faults: &mut Vec<Fault>) {
    for (key, value) in table {
        let path = format!("{prefix}.{key}");
        let texts: Vec<&str> = match value {
            toml::Value::Table(inside) => {
                collect(name, &path, inside, book, faults);
                continue;
            }
            toml::Value::String(text) => vec![text],
            toml::Value::Array(items) if !items.is_empty() && items.iter().all(toml::Value::is_str) => {
                items.iter().filter_map(toml::Value::as_str).collect()
            }
            _ => {
                faults.push(Fault::new(format!("{name}: {path}"), "must be a text or a list of texts"));
                continue;
            }
        };
        let mut patterns = Vec::new();
        for text in texts {
            match Pattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => faults.push(Fault::new(format!("{name}: {path}"), why)),
            }
        }
        book.insert(path, patterns);
    }
}

/// Every text that a language must have, with what may be filled in and how many of these are always known.
fn wanted() -> BTreeMap<String, (&'static [&'static str], usize)> {
    let mut wanted = BTreeMap::new();
    for occasion in Occasion::ALL {
        for hazard in Hazard::ALL.into_iter().filter(|hazard| occasion.fits(*hazard)) {
            let (file, section) = occasion.section(hazard);
            for field in FIELDS {
                wanted.insert(format!("{file}.{section}.{field}"), (ALERT_SLOTS.as_slice(), ALWAYS_KNOWN));
            }
        }
    }
    for phrase in Phrase::ALL {
        let optional = usize::from(*phrase == Phrase::Task);
        wanted.insert(format!("messages.{}", phrase.key()), (phrase.slots(), phrase.slots().len() - optional));
    }
    for word in Word::ALL {
        wanted.insert(format!("words.{}", word.key()), (word.slots(), word.slots().len()));
    }
    wanted
}

/// Values of usual length, to measure texts with.
fn usual_values(lang: &str) -> Values<'static> {
    let fa = lang.starts_with("fa");
    let pick = |persian: &str, other: &str| if fa { persian.to_owned() } else { other.to_owned() };
    Values(vec![
        ("zones", pick("کنار رود شرقی", "River East")),
        ("zones_short", pick("کنار رود شرقی", "River East")),
        ("level", pick("نارنجی", "orange")),
        ("hazard", pick("یخبندان", "heavy snow")),
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

fn check_book(lang: &str, book: &Book, faults: &mut Vec<Fault>) {
    let wanted = wanted();
    let values = usual_values(lang);
    for key in wanted.keys().filter(|key| !book.contains_key(*key)) {
        let (file, path) = key.split_once('.').unwrap_or((key, ""));
        faults.push(Fault::new(format!("{lang}/{file}.toml: {path}"), "missing; every language has every text"));
    }
    for (key, patterns) in book {
        let (file, path) = key.split_once('.').unwrap_or((key, ""));
        let at = format!("{lang}/{file}.toml: {path}");
        let Some(&(slots, always_known)) = wanted.get(key) else {
            faults.push(Fault::new(at, "there is no such text; see the embedded file of the same name"));
            continue;
        };
        for pattern in patterns {
            for (slot, optional) in pattern.slots() {
                if !slots.contains(&slot) {
                    let known = if slots.is_empty() { "nothing".to_owned() } else { slots.join(", ") };
                    faults.push(Fault::new(&at, format!("{{{slot}}} is unknown here; {known} can be filled in")));
                } else if !optional && !slots[..always_known].contains(&slot) {
                    faults.push(Fault::new(&at, format!("{{{slot}}} is not always known; put its clause into [ ]")));
                }
            }
        }
        let Some(last) = patterns.last() else { continue };
        let text = last.fill(lang, &values, Style::Bare);
        let field = path.rsplit('.').next().unwrap_or(path);
        let is_alert = always_known == ALWAYS_KNOWN && slots.len() == ALERT_SLOTS.len();
        let chars = text.chars().count();
        if text.is_empty() && file != "words" {
            faults.push(Fault::new(&at, "empty"));
        }
        let chars_max = if is_alert && field == "headline" { HEADLINE_CHARS_MAX } else { TEXT_CHARS_MAX };
        if chars > chars_max {
            faults.push(Fault::new(
                &at,
                format!("{chars} characters with usual values; at most {chars_max} are allowed"),
            ));
        }
        let one_part = file == "messages" && !matches!(field, "desk_line" | "mentor_line");
        if (one_part || (is_alert && field == "sms")) && segments(&text).count > 1 {
            let units = segments(&text).units;
            faults
                .push(Fault::new(&at, format!("does not fit into one text message with usual values ({units} units)")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_templates_are_complete_in_every_language() {
        match Templates::load(std::iter::empty::<(&str, &str)>()) {
            Ok(templates) => assert_eq!(templates.languages().collect::<Vec<_>>(), ["en", "fa"]),
            Err(faults) => panic!("{faults:#?}"),
        }
    }

    #[test]
    fn every_fault_of_a_city_s_own_templates_is_listed_at_once() {
        let ice = "[warning]\nheadline = \"{zoness}\"\ndescription = \"{place}\"\ninstruction = \"{\"\nspoken = 3\nextra = \"x\"\n\
            minor_instruction = \"بمان\"\nsms = \"این متن برای یک پیام کوتاه بسیار بسیار بسیار بسیار بسیار بسیار بسیار بسیار بسیار بلند است\"";
        let faults =
            Templates::load([("fa/ice.toml", ice), ("fa/nothing.toml", ""), ("ku/ice.toml", "= broken")]).unwrap_err();
        let all = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for part in [
            "{zoness} is unknown",
            "{place} is not always known",
            "not closed by }",
            "must be a text",
            "no such text",
            "does not fit into one text message",
            "fa/nothing.toml: no such template",
            "ku/ice.toml:",
            "ku/flood.toml: watch.headline: missing",
        ] {
            assert!(all.contains(part), "“{part}” is not among\n{all}");
        }
    }

    #[test]
    fn phrases_are_said_in_the_language_of_the_person() {
        let templates = Templates::embedded();
        assert_eq!(
            templates.say(Phrase::ReportThanks, "fa", &[("number", "40187")]).unwrap(),
            "گزارش شما رسید؛ سپاس. شماره پیگیری: ۴۰۱۸۷"
        );
        assert!(
            templates
                .say(Phrase::SignInCode, "en-GB", &[("code", "12"), ("minutes", "1")])
                .unwrap()
                .contains("1 minute.")
        );
        assert!(
            templates
                .say(Phrase::SignInCode, "fa", &[("code", "482913"), ("minutes", "10")])
                .unwrap()
                .contains("482913")
        );
        assert!(templates.say(Phrase::SignInCode, "fa", &[]).unwrap_err().what.contains("{code}"));
        assert_eq!(templates.options("fa", &["سارا", "رضا"]), "۱ سارا، ۲ رضا");
        assert_eq!(
            templates.say(Phrase::Task, "en", &[("task", "Look")]).unwrap(),
            "A task for you: Look. Do you accept? 1 yes 2 no"
        );
    }

    #[test]
    fn an_exercise_is_marked_once_in_every_language() {
        let templates = Templates::embedded();
        let once = templates.marked_as_exercise("fa", "هشدار سیل");
        assert_eq!(once, "مانور: هشدار سیل");
        assert_eq!(templates.marked_as_exercise("fa", &once), once);
        assert_eq!(templates.marked_as_exercise("en", "Flood"), "EXERCISE: Flood");
    }
}
