//! Reads a profile: a TOML text of rules from a small closed vocabulary, each with code, severity, source and sentence.
//! Called by `mod` for the embedded profiles, and by whoever has a profile of its own.
//! A profile is taken whole or not at all: every fault of the text is listed at once.

use std::collections::BTreeMap;

use super::element::{Element, Level};
use super::keys::Keys;
use super::{Gravity, Profile};
use crate::cap::{MsgType, ResponseType, Scope, Status};
use crate::fault::Fault;

/// A set of rules, made of a profile's text. The rules of the standard (`base`) always apply beside it.
///
/// ```
/// let rules = alerts::Rules::parse(r#"
///     name = "harbour"
///     title = "Alerts to ships"
///     source = "Harbour master's order 7 of 2026"
///
///     [[rule]]
///     code = "harbour-web"
///     severity = "error"
///     kind = "present"
///     element = "info/web"
///     source = "order 7, § 3"
///     says = "no web address"
///     fix = "name the page with the sea chart"
///
///     [[raise]]
///     code = "expires-missing"
///     severity = "error"
///     source = "order 7, § 4"
/// "#).expect("a sound profile");
/// assert_eq!(rules.name(), "harbour");
/// assert!(alerts::Rules::parse("name = 1").is_err());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    name: String,
    title: String,
    source: String,
    pub(super) rules: Vec<Rule>,
    pub(super) raises: Vec<Raise>,
}

/// One rule of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(super) code: String,
    pub(super) gravity: Gravity,
    pub(super) source: String,
    pub(super) says: String,
    pub(super) fix: String,
    pub(super) when: When,
    pub(super) need: Need,
}

impl Rule {
    /// Its stable name for machines.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How bad it is to break it.
    pub const fn gravity(&self) -> Gravity {
        self.gravity
    }

    /// Where it stands: a section of the standard, a profile, an order.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What is wrong when it is broken; words in braces are filled in.
    pub fn says(&self) -> &str {
        &self.says
    }

    /// What to do then.
    pub fn fix(&self) -> &str {
        &self.fix
    }
}

/// A rule of the standard that a profile takes more seriously.
#[derive(Debug, Clone, PartialEq)]
pub struct Raise {
    pub(super) code: String,
    pub(super) gravity: Gravity,
    pub(super) source: String,
}

impl Raise {
    /// The code of the standard's rule.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How bad it is to break it under this profile.
    pub const fn gravity(&self) -> Gravity {
        self.gravity
    }

    /// Where the profile says so.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// To which messages a rule applies; an empty list is all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct When {
    pub(super) msg_types: Vec<MsgType>,
    pub(super) statuses: Vec<Status>,
    pub(super) scopes: Vec<Scope>,
    pub(super) response_types: Vec<ResponseType>,
    pub(super) has: Option<Element>,
    pub(super) lacks: Option<Element>,
}

/// What a rule demands: the closed vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Need {
    /// At least one of the elements is there and not empty.
    Present(Vec<Element>),
    /// The element is not there.
    Absent(Element),
    /// So many values; of a pair, those of these names.
    Count { element: Element, names: Vec<String>, min: usize, max: usize },
    /// Every value has a form.
    Form { elements: Vec<Element>, form: Form },
    /// Every value (of a pair, those of these names) looks like one of the pictures: `9` a digit, `A` a capital letter, `*` anything.
    Picture { element: Element, names: Vec<String>, pictures: Vec<String> },
    /// Every value is one of these.
    OneOf { element: Element, words: Vec<String> },
    /// No value is one of these.
    NoneOf { element: Element, words: Vec<String> },
    /// One of the values is this one.
    Holds { element: Element, value: String },
    /// Every value has at most so many characters.
    Chars { element: Element, max: usize },
    /// Every polygon has at most so many positions.
    Positions { max: usize },
    /// There is an info in each of these languages, and infos in at least so many languages.
    Languages { languages: Vec<String>, min: usize },
    /// The values are the same in all infos, or in all infos of one language.
    Same { element: Element, by_language: bool },
    /// No two of the texts of one info are the same.
    Differ(Vec<Element>),
    /// The one time is before the other (or the same moment); an absent `effective` is `sent`.
    Order { first: Element, then: Element, may_equal: bool },
    /// What only code can say.
    Special(Special),
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum $name { $($(#[$item_doc])* $item),+ }

        impl $name {
            pub(super) const ALL: [Self; [$($word),+].len()] = [$(Self::$item),+];

            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$item => $word),+ }
            }

            fn parse(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    /// A form of a value.
    Form {
        NotEmpty = "not-empty",
        PlainText = "plain-text",
        Undamaged = "undamaged",
        AbsoluteUri = "absolute-uri",
        MediaType = "media-type",
        Sha1 = "sha-1",
        Base64 = "base64",
        EMail = "e-mail",
        /// UTC is written `-00:00`.
        UtcMinus = "utc-minus",
        /// The offset is not zero.
        LocalOffset = "local-offset",
        /// A pair has a `valueName` and a `value`.
        WholePair = "whole-pair",
    }
}

words! {
    /// A rule without parameters.
    Special {
        ReferencesOthers = "references-others",
        ReferencesEarlier = "references-earlier",
        ReferencesOnce = "references-once",
        UsableShapes = "usable-shapes",
        SimplePolygons = "simple-polygons",
        WidePolygons = "wide-polygons",
        WideCircles = "wide-circles",
        CeilingAboveAltitude = "ceiling-above-altitude",
        DigestOfContent = "digest-of-content",
        Translated = "translated",
        WrittenInItsLanguage = "written-in-its-language",
        NotOverridden = "not-overridden",
    }
}

/// The words that a sentence may have in braces, by kind of rule; `{msg_type}` is always allowed.
const fn filled(need: &Need) -> &'static [&'static str] {
    match need {
        Need::Positions { .. } | Need::Chars { .. } => &["count", "max"],
        Need::Count { .. } => &["count", "min", "max"],
        Need::Absent(_)
        | Need::Form { .. }
        | Need::Picture { .. }
        | Need::OneOf { .. }
        | Need::NoneOf { .. }
        | Need::Holds { .. }
        | Need::Languages { .. } => &["value"],
        Need::Same { .. } | Need::Differ(_) => &["other"],
        Need::Present(_) | Need::Order { .. } => &[],
        Need::Special(special) => match special {
            Special::ReferencesOthers
            | Special::ReferencesEarlier
            | Special::ReferencesOnce
            | Special::WrittenInItsLanguage => &["value"],
            Special::Translated | Special::NotOverridden => &["other"],
            Special::UsableShapes
            | Special::SimplePolygons
            | Special::WidePolygons
            | Special::WideCircles
            | Special::CeilingAboveAltitude
            | Special::DigestOfContent => &[],
        },
    }
}

/// Every kind of rule with parameters; the others are [`Special`].
const KINDS: [&str; 14] = [
    "present",
    "absent",
    "count",
    "form",
    "picture",
    "one-of",
    "none-of",
    "holds",
    "chars",
    "positions",
    "languages",
    "same",
    "differ",
    "order",
];

impl Rules {
    /// The rules of a profile that is part of this crate. Parses its text, so who checks many alerts keeps the result.
    pub fn embedded(profile: Profile) -> Self {
        Self::parse(profile.text()).expect("the embedded profiles are checked by a test")
    }

    /// Reads a profile from its text. Errors: every fault of it at once, each with its place.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let base: BTreeMap<String, Gravity> = if text == Profile::Base.text() {
            BTreeMap::new()
        } else {
            Self::embedded(Profile::Base).rules.into_iter().map(|rule| (rule.code, rule.gravity)).collect()
        };
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| vec![Fault::new("profile", error.to_string().trim())])?;
        let mut faults = Vec::new();
        let mut top = Keys::new(&table, String::new(), &mut faults);
        let name = top.code("name");
        let (title, source) = (top.text("title"), top.text("source"));
        let rule_tables = top.tables("rule");
        let raise_tables = top.tables("raise");
        top.no_others();
        let mut rules = Vec::new();
        for (i, table) in rule_tables.iter().enumerate() {
            rules.extend(rule(table, i, &base, &mut faults));
        }
        let mut raises = Vec::new();
        for (i, table) in raise_tables.iter().enumerate() {
            let mut keys = Keys::new(table, place("raise", i, table), &mut faults);
            let code = keys.text("code");
            let (gravity, source) = (keys.gravity(), keys.text("source"));
            keys.no_others();
            match code.as_ref().map(|code| (code, base.get(code))) {
                Some((code, None)) => {
                    keys.fault("code", format!("“{code}” is no rule of the standard; `hamyar cap rules` lists them"));
                }
                Some((code, Some(own))) if gravity.is_some_and(|gravity| gravity <= *own) => {
                    keys.fault(
                        "severity",
                        format!("“{code}” has the severity {own} already; a profile only raises it"),
                    );
                }
                Some((_, Some(_))) | None => {}
            }
            if let (Some(code), Some(gravity), Some(source)) = (code, gravity, source) {
                raises.push(Raise { code, gravity, source });
            }
        }
        for (i, rule) in rules.iter().enumerate() {
            if rules[..i].iter().any(|other: &Rule| other.code == rule.code) {
                faults.push(Fault::new(format!("rule {}", rule.code), "the code stands twice"));
            }
        }
        for (i, raise) in raises.iter().enumerate() {
            if raises[..i].iter().any(|other: &Raise| other.code == raise.code) {
                faults.push(Fault::new(format!("raise {}", raise.code), "the code stands twice"));
            }
        }
        if faults.is_empty()
            && let (Some(name), Some(title), Some(source)) = (name, title, source)
        {
            return Ok(Self { name, title, source, rules, raises });
        }
        Err(faults)
    }

    /// The profile's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The document that it was made from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Its rules, in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules of the standard that it takes more seriously.
    pub fn raises(&self) -> &[Raise] {
        &self.raises
    }
}

/// `rule 3 (harbour-web)`, numbered from 1.
fn place(what: &str, i: usize, table: &toml::Table) -> String {
    let code = table.get("code").and_then(toml::Value::as_str);
    let code = code.map_or_else(String::new, |code| format!(" ({})", code.chars().take(60).collect::<String>()));
    format!("{what} {}{code}", i + 1)
}

fn rule(table: &toml::Table, i: usize, base: &BTreeMap<String, Gravity>, faults: &mut Vec<Fault>) -> Option<Rule> {
    let mut keys = Keys::new(table, place("rule", i, table), faults);
    let code = keys.code("code");
    if let Some(code) = &code {
        if base.contains_key(code) {
            keys.fault("code", format!("“{code}” is a rule of the standard; take another name, or raise it"));
        }
        if code.starts_with("schema-") {
            keys.fault("code", "“schema-” is for what the OASIS schema refuses".into());
        }
    }
    let (gravity, source) = (keys.gravity(), keys.text("source"));
    let (says, fix) = (keys.text("says"), keys.text("fix"));
    let need = need(&mut keys);
    let when = keys.table("when").map(|table| when(table, need.as_ref(), &mut keys)).unwrap_or_default();
    keys.no_others();
    let need = need?;
    for (key, sentence) in [("says", &says), ("fix", &fix)] {
        for word in sentence.iter().flat_map(|sentence| braced(sentence)) {
            if word != "msg_type" && !filled(&need).contains(&word) {
                let known: Vec<String> =
                    filled(&need).iter().chain(&["msg_type"]).map(|word| format!("{{{word}}}")).collect();
                keys.fault(key, format!("“{{{word}}}” is not filled in here; known: {}", known.join(", ")));
            }
        }
    }
    Some(Rule { code: code?, gravity: gravity?, source: source?, says: says?, fix: fix?, when, need })
}

/// What stands in braces.
fn braced(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest))
}

fn need(keys: &mut Keys<'_, '_>) -> Option<Need> {
    let Some(kind) = keys.text("kind") else {
        // Without it the other keys can't be judged.
        keys.forgive();
        return None;
    };
    if let Some(special) = Special::parse(&kind) {
        return Some(Need::Special(special));
    }
    Some(match kind.as_str() {
        "present" => Need::Present(keys.elements()?),
        "absent" => Need::Absent(keys.element("element")?),
        "count" => {
            let element = keys.element("element");
            let names = keys.names(element);
            let (min, max) = (keys.number("min").unwrap_or(0), keys.number("max").unwrap_or(usize::MAX));
            if min > max || (min, max) == (0, usize::MAX) {
                keys.fault("min", "say min, max or both, min not above max".into());
            }
            Need::Count { element: element?, names, min, max }
        }
        "form" => {
            let elements = keys.any_elements();
            let word = keys.text("form");
            let form = word.as_deref().and_then(Form::parse);
            if let (Some(word), None) = (&word, form) {
                let known: Vec<&str> = Form::ALL.map(Form::as_str).into();
                keys.fault("form", format!("“{word}” is no form; known: {}", known.join(", ")));
            }
            let (elements, form) = (elements?, form?);
            for element in &elements {
                let fits = match form {
                    Form::UtcMinus | Form::LocalOffset => element.is_time(),
                    Form::WholePair => element.is_pair(),
                    Form::NotEmpty
                    | Form::PlainText
                    | Form::Undamaged
                    | Form::AbsoluteUri
                    | Form::MediaType
                    | Form::Sha1
                    | Form::Base64
                    | Form::EMail => true,
                };
                if !fits {
                    keys.fault("elements", format!("“{}” cannot have the form {}", element.full_name(), form.as_str()));
                }
            }
            Need::Form { elements, form }
        }
        "picture" => {
            let element = keys.element("element");
            let names = keys.names(element);
            let pictures = keys.texts("pictures");
            Need::Picture { element: element?, names, pictures: pictures? }
        }
        "one-of" | "none-of" => {
            let (element, words) = (keys.element("element"), keys.texts("words"));
            let (element, words) = (element?, words?);
            if kind == "one-of" { Need::OneOf { element, words } } else { Need::NoneOf { element, words } }
        }
        "holds" => {
            let (element, value) = (keys.element("element"), keys.text("value"));
            Need::Holds { element: element?, value: value? }
        }
        "chars" => {
            let (element, max) = (keys.element("element"), keys.needed_number("max"));
            Need::Chars { element: element?, max: max? }
        }
        "positions" => Need::Positions { max: keys.needed_number("max")? },
        "languages" => {
            let languages = if keys.there("languages") { keys.texts("languages") } else { Some(Vec::new()) };
            let min = keys.number("min").unwrap_or(0);
            let languages = languages?;
            if languages.is_empty() && min == 0 {
                keys.fault("languages", "name languages, or how many at least (min)".into());
            }
            for lang in &languages {
                if crate::cap::Language::new(lang).is_err() {
                    keys.fault("languages", format!("“{lang}” is no language tag"));
                }
            }
            Need::Languages { languages, min }
        }
        "same" => {
            let by_language = keys.flag("by_language");
            let element = keys.element("element")?;
            if element.level() != Level::Info {
                keys.fault("element", format!("“{}” is not an element of an info", element.full_name()));
            }
            Need::Same { element, by_language }
        }
        "differ" => Need::Differ(keys.elements()?),
        "order" => {
            let may_equal = keys.flag("may_equal");
            let (first, then) = (keys.element("first"), keys.element("then"));
            let (first, then) = (first?, then?);
            for (key, element) in [("first", first), ("then", then)] {
                if !element.is_time() {
                    keys.fault(key, format!("“{}” is no time", element.full_name()));
                }
            }
            Need::Order { first, then, may_equal }
        }
        _ => {
            let known = KINDS.into_iter().chain(Special::ALL.map(Special::as_str));
            let known: Vec<&str> = known.collect();
            keys.fault("kind", format!("“{kind}” is no kind of rule; known: {}", known.join(", ")));
            // Its other keys can't be judged.
            keys.forgive();
            return None;
        }
    })
}

fn when(table: &toml::Table, need: Option<&Need>, rule: &mut Keys<'_, '_>) -> When {
    let mut keys = Keys::new(table, format!("{}: when", rule.at), rule.faults);
    let when = When {
        msg_types: keys.words("msg_type", MsgType::ALL.map(MsgType::as_str), &MsgType::ALL),
        statuses: keys.words("status", Status::ALL.map(Status::as_str), &Status::ALL),
        scopes: keys.words("scope", Scope::ALL.map(Scope::as_str), &Scope::ALL),
        response_types: keys.words("response_type", ResponseType::ALL.map(ResponseType::as_str), &ResponseType::ALL),
        has: if keys.there("has") { keys.element("has") } else { None },
        lacks: if keys.there("lacks") { keys.element("lacks") } else { None },
    };
    keys.no_others();
    let level = need.map(Need::level);
    let seen_from = |level: Level, element: Level| match (level, element) {
        (_, Level::Alert) | (Level::Info | Level::Resource | Level::Area, Level::Info) => true,
        (one, other) => one == other,
    };
    for (key, element) in [("has", when.has), ("lacks", when.lacks)] {
        if let (Some(level), Some(element)) = (level, element)
            && !seen_from(level, element.level())
        {
            keys.fault(key, format!("“{}” does not stand where the rule looks", element.full_name()));
        }
    }
    if level == Some(Level::Alert) && !when.response_types.is_empty() {
        keys.fault("response_type", "belongs to an info, and the rule is about the whole alert".into());
    }
    when
}

impl Need {
    /// Where the rule looks: once for each parent of this level. A form may have elements of several levels; the highest counts.
    pub(super) fn level(&self) -> Level {
        let highest = |elements: &[Element]| {
            let order = [Level::Alert, Level::Info, Level::Resource, Level::Area];
            order.into_iter().find(|level| elements.iter().any(|one| one.level() == *level)).unwrap_or(Level::Alert)
        };
        match self {
            Self::Present(elements) | Self::Differ(elements) | Self::Form { elements, .. } => highest(elements),
            Self::Absent(element)
            | Self::Count { element, .. }
            | Self::Picture { element, .. }
            | Self::OneOf { element, .. }
            | Self::NoneOf { element, .. }
            | Self::Holds { element, .. }
            | Self::Chars { element, .. }
            | Self::Same { element, .. } => element.level(),
            Self::Order { first, then, .. } => {
                if first.level() == Level::Alert {
                    then.level()
                } else {
                    first.level()
                }
            }
            Self::Languages { .. } => Level::Alert,
            Self::Positions { .. } => Level::Area,
            Self::Special(special) => match special {
                Special::ReferencesOthers | Special::ReferencesEarlier | Special::ReferencesOnce => Level::Alert,
                Special::Translated | Special::WrittenInItsLanguage | Special::NotOverridden => Level::Info,
                Special::DigestOfContent => Level::Resource,
                Special::UsableShapes
                | Special::SimplePolygons
                | Special::WidePolygons
                | Special::WideCircles
                | Special::CeilingAboveAltitude => Level::Area,
            },
        }
    }
}
