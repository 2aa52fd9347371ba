//! Holds the texts of the house in each language, read from template files that a city may override.
//! Loaded once by the service; used by `compose`, `message::notice` and [`Templates::say`].
//! What was loaded is complete: every text of every language is there, fits, and names only what it will be given.

mod check;
mod keys;
mod occasion;
pub(crate) mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use crate::cap::Status;
use crate::content::{LANGUAGES, Wording};
use crate::fault::Fault;
use crate::level::Hazard;
use crate::voice;
pub use keys::Phrase;
pub(crate) use keys::Word;
pub use occasion::Occasion;
use pattern::{Pattern, Style, Values, clean, without_isolates};

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
    /// Errors, all at once, each with file, key, and what to do: unknown file, text or place to fill in; missing text,
    /// language, plural form or place that a text cannot do without; malformed pattern; text over length (an SMS with an
    /// exercise's mark and the words that say how to answer); what a voice cannot read; letters and signs of another writing
    /// (ي for ی, digits); an exercise's mark that would not be recognised.
    ///
    /// ```
    /// use alerts::Templates;
    /// let faults = Templates::load([("fa/words.toml", "metre = \"{m} متر\"")]).unwrap_err();
    /// assert!(faults.iter().any(|fault| fault.to_string() == "fa/words.toml: metre: {m} is unknown here; n can be filled in"));
    /// assert!(faults.iter().any(|fault| fault.to_string().starts_with("fa/words.toml: list_and: missing")));
    /// ```
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
                Err(error) => {
                    let line =
                        error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
                    faults.push(Fault::new(name, format!("line {line} is no TOML: {}", error.message())));
                }
                Ok(table) => collect(name, file.trim_end_matches(".toml"), &table, book, &mut faults),
            }
        }
        for (lang, book) in &books {
            check::book(lang, book, &mut faults);
        }
        if faults.is_empty() { Ok(Self { books }) } else { Err(faults) }
    }

    /// The languages, each with every text.
    ///
    /// ```
    /// assert_eq!(alerts::Templates::embedded().languages().collect::<Vec<_>>(), ["en", "fa"]);
    /// ```
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.books.keys().map(String::as_str)
    }

    /// A short message in a language (Persian when the language is not there), for a text message: without isolates.
    ///
    /// Errors: a value that the phrase needs and was not given.
    ///
    /// ```
    /// use alerts::{Phrase, Templates};
    /// let templates = Templates::embedded();
    /// assert_eq!(templates.say(Phrase::ReplyShort, "fa", &[("reply", "1")])?, "دیدید؟ ۱ بفرستید");
    /// assert!(templates.say(Phrase::SignInCode, "fa", &[]).is_err());
    /// # Ok::<(), alerts::Fault>(())
    /// ```
    pub fn say(&self, phrase: Phrase, lang: &str, values: &[(&str, &str)]) -> Result<String, Fault> {
        self.phrase(phrase, lang, values, Style::Bare)
    }

    /// The same for a screen or a letter: with bidirectional isolates.
    ///
    /// ```
    /// use alerts::{Phrase, Templates};
    /// let line = Templates::embedded().write(Phrase::ContactLine, "fa", &[("contact", "137")])?;
    /// assert_eq!(line, "تلفن: \u{2068}۱۳۷\u{2069}");
    /// # Ok::<(), alerts::Fault>(())
    /// ```
    pub fn write(&self, phrase: Phrase, lang: &str, values: &[(&str, &str)]) -> Result<String, Fault> {
        self.phrase(phrase, lang, values, Style::Isolated)
    }

    /// The same for a call: numbers in words. See the phrases whose names end in `Spoken`.
    ///
    /// ```
    /// use alerts::{Phrase, Templates};
    /// let said = Templates::embedded().speak(Phrase::WhatDoYouSeeSpoken, "en", &[("zone", "Quarter 12")])?;
    /// assert!(said.contains("what you see in Quarter twelve"));
    /// # Ok::<(), alerts::Fault>(())
    /// ```
    pub fn speak(&self, phrase: Phrase, lang: &str, values: &[(&str, &str)]) -> Result<String, Fault> {
        self.phrase(phrase, lang, values, Style::Spoken)
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
        // A whole text that is passed on (`text`) keeps its isolates; every other value is one name or number.
        let kept = |name: &str, value: &str| if name == "text" { value.to_owned() } else { clean(value) };
        let values = Values(values.iter().map(|(name, value)| (*name, kept(name, value))).collect());
        Ok(pattern.fill(lang, &values, style))
    }

    /// A list of options for asking back.
    ///
    /// ```
    /// assert_eq!(alerts::Templates::embedded().options("fa", &["سارا", "رضا"]), "۱ سارا، ۲ رضا");
    /// ```
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

    /// Marks a text as part of an exercise at its beginning, once.
    ///
    /// ```
    /// let templates = alerts::Templates::embedded();
    /// assert_eq!(templates.marked_as_exercise("fa", "هشدار سیل"), "مانور: هشدار سیل");
    /// assert_eq!(templates.marked_as_exercise("fa", "مانور: هشدار سیل"), "مانور: هشدار سیل");
    /// ```
    pub fn marked_as_exercise(&self, lang: &str, text: &str) -> String {
        let is_marked = self.without_mark(lang, text).len() < text.trim_start().len();
        if is_marked { text.to_owned() } else { self.around(Word::Exercise, lang, text) }
    }

    /// The same for a text that a voice reads: a whole sentence says that it is a drill.
    ///
    /// ```
    /// let templates = alerts::Templates::embedded();
    /// assert_eq!(templates.spoken_as_exercise("en", "Flood warning."), "This is only a drill. Flood warning.");
    /// assert_eq!(templates.spoken_as_exercise("en", "EXERCISE: Flood warning."), "This is only a drill. Flood warning.");
    /// ```
    pub fn spoken_as_exercise(&self, lang: &str, text: &str) -> String {
        self.around(Word::ExerciseSpoken, lang, self.without_mark(lang, text))
    }

    /// Every text of a wording, marked as part of an exercise, once; an empty text stays empty.
    ///
    /// ```
    /// use alerts::{Templates, Wording};
    /// let wording = Wording { sms: "Flood.".into(), spoken: "Flood.".into(), ..Wording::default() };
    /// let marked = Templates::embedded().marked_wording("en", &wording);
    /// assert_eq!((marked.sms.as_str(), marked.spoken.as_str()), ("EXERCISE: Flood.", "This is only a drill. Flood."));
    /// assert_eq!(marked.headline, "");
    /// ```
    pub fn marked_wording(&self, lang: &str, wording: &Wording) -> Wording {
        let mut marked = wording.map(|text| self.marked_as_exercise(lang, text));
        if !wording.spoken.is_empty() {
            marked.spoken = self.spoken_as_exercise(lang, &wording.spoken);
        }
        marked
    }

    /// The texts in which a message's status and the mark of an exercise disagree, by their place (`wordings.fa.sms`).
    ///
    /// Who reads one text alone must not take a drill for a warning, nor a warning for a drill. An exercise or a test wants the
    /// mark of its own language in every text that is not empty, exactly as [`Templates::marked_wording`] sets it; what is
    /// actual bears no mark of any language, in small letters or capital. Nobody acts upon a system message or a draft, so these
    /// may say what they like.
    ///
    /// ```
    /// use alerts::{Templates, Wording, cap::Status, texts};
    /// let templates = Templates::embedded();
    /// let wordings = [("en".to_owned(), Wording { sms: "EXERCISE: Flood.".into(), spoken: "Flood.".into(), ..Wording::default() })].into();
    /// let places = |status| templates.wrongly_marked(&wordings, status).into_iter().map(|fault| fault.at).collect::<Vec<_>>();
    /// assert_eq!(places(Status::Actual), ["wordings.en.sms"]);
    /// assert_eq!(places(Status::Exercise), ["wordings.en.spoken"]);
    /// ```
    pub fn wrongly_marked(&self, wordings: &BTreeMap<String, Wording>, status: Status) -> Vec<Fault> {
        let drill = match status {
            Status::Exercise | Status::Test => true,
            Status::Actual => false,
            Status::System | Status::Draft => return Vec::new(),
        };
        let mut faults = Vec::new();
        for (lang, wording) in wordings {
            let marked = self.marked_wording(lang, wording);
            for ((field, text), (_, marked)) in wording.texts().into_iter().zip(marked.texts()) {
                let at = || format!("wordings.{lang}.{field}");
                if drill && text != marked {
                    let mark =
                        self.around(if field == "spoken" { Word::ExerciseSpoken } else { Word::Exercise }, lang, "");
                    faults.push(Fault::new(
                        at(),
                        format!("does not say that it is an exercise; begin it with “{}”", mark.trim()),
                    ));
                } else if !drill && self.languages().any(|lang| self.begins_as_exercise(lang, text)) {
                    faults.push(Fault::new(
                        at(),
                        "says that it is an exercise, and nobody would act upon it; take the mark out",
                    ));
                }
            }
        }
        faults
    }

    /// A text without an exercise's mark at its beginning, so that the mark can go before something else.
    pub(crate) fn without_mark<'t>(&self, lang: &str, text: &'t str) -> &'t str {
        let mut bare = text;
        while let Some(rest) =
            [Word::Exercise, Word::ExerciseSpoken].into_iter().find_map(|word| self.bare_of(word, lang, bare))
        {
            bare = rest;
        }
        bare
    }

    /// Whether people would take a text for one of an exercise: it begins with the sentence for voices, or with the mark's word and
    /// a sign after it, in small letters or capital. “Exercise caution” is no mark.
    fn begins_as_exercise(&self, lang: &str, text: &str) -> bool {
        let letters = |text: &str| without_isolates(text).trim_start().to_lowercase();
        let text = letters(text);
        let follows = |mark: &str| text.strip_prefix(&letters(mark)).map(str::trim_start);
        let word = self.word(Word::ExerciseMark, lang);
        follows(word.trim()).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic() || c == '\u{200c}'))
            || follows(self.around(Word::ExerciseSpoken, lang, "").trim()).is_some()
    }

    fn around(&self, word: Word, lang: &str, text: &str) -> String {
        let (lang, pattern) = self.pattern(lang, &format!("words.{}", word.key()));
        pattern.fill(lang, &Values(vec![("text", text.to_owned())]), Style::Bare)
    }

    /// What follows a mark, when the text begins with it.
    fn bare_of<'t>(&self, word: Word, lang: &str, text: &'t str) -> Option<&'t str> {
        let mark = self.around(word, lang, "");
        let mark = mark.trim_end();
        let rest = text.trim_start().strip_prefix(mark)?;
        // A mark without a sign at its end is not the beginning of a longer word.
        let goes_on = mark.ends_with(char::is_alphabetic) && rest.starts_with(char::is_alphabetic);
        (!goes_on).then(|| rest.trim_start())
    }

    /// The patterns of one field of an occasion.
    pub(crate) fn field(&self, occasion: Occasion, hazard: Hazard, lang: &str, field: &str) -> &[Pattern] {
        let (file, section) = occasion.section(hazard);
        self.books.get(lang).and_then(|book| book.get(&format!("{file}.{section}.{field}"))).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn word(&self, word: Word, lang: &str) -> String {
        self.word_with(word, lang, &Values::default(), Style::Bare)
    }

    pub(crate) fn word_with(&self, word: Word, lang: &str, values: &Values<'_>, style: Style) -> String {
        let (lang, pattern) = self.pattern(lang, &format!("words.{}", word.key()));
        pattern.fill(lang, values, style)
    }

    /// A word with a number, for a voice.
    pub(crate) fn word_spoken(&self, word: Word, lang: &str, number: &str) -> String {
        let (lang, pattern) = self.pattern(lang, &format!("words.{}", word.key()));
        voice::spoken(lang, &pattern.fill(lang, &Values(vec![("n", number.to_owned())]), Style::Spoken))
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

/// Puts the texts of a file into its language's book; what cannot be read stands there empty, so that it is not told as
/// missing too.
fn collect(name: &str, prefix: &str, table: &toml::Table, book: &mut Book, faults: &mut Vec<Fault>) {
    for (key, value) in table {
        let path = format!("{prefix}.{key}");
        let at = format!("{name}: {}", path.split_once('.').map_or(path.as_str(), |(_, inside)| inside));
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
                faults.push(Fault::new(at, "must be a text or a list of texts; write it in quotes"));
                book.insert(path, Vec::new());
                continue;
            }
        };
        let mut patterns = Vec::new();
        for text in texts {
            match Pattern::parse(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => faults.push(Fault::new(&at, why)),
            }
        }
        book.insert(path, patterns);
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
    fn phrases_are_said_in_the_language_of_the_person() {
        let templates = Templates::embedded();
        assert_eq!(
            templates.say(Phrase::ReportThanks, "fa", &[("number", "40187")]).unwrap(),
            "گزارش شما رسید؛ سپاس. شمارهٔ پیگیری: ۴۰۱۸۷"
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
            "A task for you, only if it is safe: Look. Do you accept? 1 yes 2 no"
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
