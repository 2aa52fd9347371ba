//! Applies the rules of a profile to an alert.
//! Called by `mod`; says nothing of what a rule means for people, which stands in the profile's text.
//! Bounded: a hostile alert costs time in proportion to its size, since what compares pairs has a limit.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::element::{Element, Level, Parent, Value};
use super::rules::{Form, Need, Rule, Special, When};
use super::{Finding, crossing, form};
use crate::cap::{Alert, CapTime, Info};

/// Infos that are compared with each other, the first ones; the largest known alerts have eight.
const INFOS_COMPARED_MAX: usize = 64;
/// Characters of a value that a sentence shows.
const VALUE_CHARS_MAX: usize = 60;

/// A finding, and whether it says that something is missing.
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) absence: bool,
}

/// Everything in which an alert breaks some rules, in the order of the rules, then of the document.
pub(super) fn judge(alert: &Alert, rules: &[Rule]) -> Vec<Found> {
    let mut judge = Judge { alert, found: Vec::new(), comparisons_left: crossing::COMPARISONS_MAX };
    for rule in rules {
        judge.rule(rule);
    }
    judge.found
}

struct Judge<'a> {
    alert: &'a Alert,
    found: Vec<Found>,
    comparisons_left: usize,
}

/// What a sentence may be filled with.
#[derive(Default)]
struct Fill<'v> {
    value: &'v str,
    other: &'v str,
    count: usize,
    min: usize,
    max: usize,
}

impl<'a> Judge<'a> {
    fn add(&mut self, rule: &Rule, path: String, fill: &Fill<'_>) {
        let (what, fix) = (self.sentence(&rule.says, fill), self.sentence(&rule.fix, fill));
        let finding = Finding::new(rule.gravity, path, rule.code.clone(), what, fix).according_to(rule.source.clone());
        self.found.push(Found { finding, absence: matches!(rule.need, Need::Present(_)) });
    }

    /// A sentence of a rule with the words in braces filled in.
    fn sentence(&self, sentence: &str, fill: &Fill<'_>) -> String {
        let mut said = String::with_capacity(sentence.len() + 16);
        let mut rest = sentence;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}').unwrap_or((after, ""));
            said.push_str(before);
            match word {
                "value" => said.extend(fill.value.trim().chars().take(VALUE_CHARS_MAX)),
                "other" => said.push_str(fill.other),
                "count" => said.push_str(&fill.count.to_string()),
                "min" => said.push_str(&fill.min.to_string()),
                "max" => said.push_str(&fill.max.to_string()),
                "msg_type" => said.push_str(self.alert.msg_type.as_str()),
                other => said.push_str(other),
            }
            rest = after;
        }
        said + rest
    }

    fn rule(&mut self, rule: &Rule) {
        // A form may be asked of elements of several levels, and each is looked at where it stands.
        if let Need::Form { elements, form } = &rule.need {
            for &element in elements {
                for parent in self.parents(element.level(), &rule.when) {
                    self.form(rule, &parent, element, *form);
                }
            }
            return;
        }
        if let Need::Same { element, by_language } = &rule.need {
            return self.same(rule, *element, *by_language);
        }
        if rule.need == Need::Special(Special::Translated) {
            return self.translated(rule);
        }
        if rule.need == Need::Special(Special::NotOverridden) {
            return self.not_overridden(rule);
        }
        for parent in self.parents(rule.need.level(), &rule.when) {
            self.at(rule, &parent);
        }
    }

    fn parents(&self, level: Level, when: &When) -> Vec<Parent<'a>> {
        let alert = self.alert;
        let for_message = among(&when.msg_types, &alert.msg_type)
            && among(&when.statuses, &alert.status)
            && among(&when.scopes, &alert.scope);
        if !for_message {
            return Vec::new();
        }
        let mut parents = Parent::all(alert, level);
        parents.retain(|parent| {
            let responds = |info: &Info| info.response_types.iter().any(|word| when.response_types.contains(word));
            (when.response_types.is_empty() || parent.info.is_some_and(|(_, info)| responds(info)))
                && when.has.is_none_or(|element| parent.has(element))
                && when.lacks.is_none_or(|element| !parent.has(element))
        });
        parents
    }

    fn at(&mut self, rule: &Rule, parent: &Parent<'a>) {
        match &rule.need {
            Need::Present(elements) => {
                if !elements.iter().any(|element| parent.has(*element)) {
                    let path = if let [element] = elements[..] { parent.path_of(element) } else { parent.path() };
                    self.add(rule, path, &Fill::default());
                }
            }
            Need::Absent(element) => {
                if let Some(value) = parent.values(*element).first() {
                    self.add(rule, parent.path_of(*element), &Fill { value: &value.text, ..Fill::default() });
                }
            }
            Need::Count { element, names, min, max } => {
                let count = named(parent.values(*element), names).count();
                if !(*min..=*max).contains(&count) {
                    let fill = Fill { count, min: *min, max: *max, ..Fill::default() };
                    self.add(rule, parent.path_of(*element), &fill);
                }
            }
            Need::Picture { element, names, pictures } => {
                for value in named(parent.values(*element), names) {
                    if !pictures.iter().any(|picture| form::resembles(&value.text, picture)) {
                        self.about(rule, parent, *element, &value);
                    }
                }
            }
            Need::OneOf { element, words } => {
                for value in parent.values(*element) {
                    if !words.iter().any(|word| *word == value.text) {
                        self.about(rule, parent, *element, &value);
                    }
                }
            }
            Need::NoneOf { element, words } => {
                for value in parent.values(*element) {
                    if words.iter().any(|word| *word == value.text) {
                        self.about(rule, parent, *element, &value);
                    }
                }
            }
            Need::Holds { element, value } => {
                if !parent.values(*element).iter().any(|one| one.text == *value) {
                    self.add(rule, parent.path_of(*element), &Fill { value, ..Fill::default() });
                }
            }
            Need::Chars { element, max } => {
                for value in parent.values(*element) {
                    let count = value.text.chars().count();
                    if count > *max {
                        let path = parent.path_of_value(*element, value.index);
                        self.add(rule, path, &Fill { count, max: *max, ..Fill::default() });
                    }
                }
            }
            Need::Positions { max } => {
                let polygons = parent.area.map_or(&[][..], |(_, area)| &area.polygons);
                for (i, polygon) in polygons.iter().enumerate() {
                    let count = polygon.ring().len();
                    if count > *max {
                        let path = parent.path_of_value(Element::Polygon, i);
                        self.add(rule, path, &Fill { count, max: *max, ..Fill::default() });
                    }
                }
            }
            Need::Languages { languages, min } => self.languages(rule, languages, *min),
            Need::Differ(elements) => {
                let texts: Vec<(Element, Cow<'a, str>)> = elements
                    .iter()
                    .filter_map(|element| Some((*element, parent.values(*element).into_iter().next()?.text)))
                    .filter(|(_, text)| !text.is_empty())
                    .collect();
                for (i, (element, text)) in texts.iter().enumerate() {
                    if let Some((other, _)) = texts[..i].iter().find(|(_, known)| known == text) {
                        let fill = Fill { other: other.name(), ..Fill::default() };
                        self.add(rule, parent.path_of(*element), &fill);
                    }
                }
            }
            Need::Order { first, then, may_equal } => {
                if let (Some(first), Some(second)) = (time_of(parent, *first), time_of(parent, *then)) {
                    let (first, second) = (first.timestamp(), second.timestamp());
                    if second < first || (second == first && !may_equal) {
                        self.add(rule, parent.path_of(*then), &Fill::default());
                    }
                }
            }
            Need::Special(special) => self.special(rule, parent, *special),
            Need::Form { .. } | Need::Same { .. } => unreachable!("`rule` takes these itself"),
        }
    }

    fn about(&mut self, rule: &Rule, parent: &Parent<'_>, element: Element, value: &Value<'_>) {
        let path = parent.path_of_value(element, value.index);
        self.add(rule, path, &Fill { value: &value.text, ..Fill::default() });
    }

    fn form(&mut self, rule: &Rule, parent: &Parent<'a>, element: Element, form: Form) {
        for value in parent.values(element) {
            if let Some(wrong) = form::wrong(&value, form) {
                let path = parent.path_of_value(element, value.index);
                self.add(rule, path, &Fill { value: wrong, ..Fill::default() });
            }
        }
    }

    fn languages(&mut self, rule: &Rule, languages: &[String], min: usize) {
        let spoken: BTreeSet<String> = self.alert.infos.iter().map(primary_language).collect();
        let path = || "/alert/info".to_owned();
        for lang in languages.iter().filter(|lang| !spoken.contains(&primary(lang))) {
            self.add(rule, path(), &Fill { value: lang, ..Fill::default() });
        }
        if spoken.len() < min {
            self.add(
                rule,
                path(),
                &Fill { value: &spoken.into_iter().collect::<Vec<_>>().join(", "), ..Fill::default() },
            );
        }
    }

    /// The values of an element as a set, so that their order does not matter.
    fn same(&mut self, rule: &Rule, element: Element, by_language: bool) {
        let mut firsts: BTreeMap<String, (String, Values<'a>)> = BTreeMap::new();
        for parent in self.parents(Level::Info, &rule.when) {
            let Some((_, info)) = parent.info else { continue };
            let group = if by_language { info_language(info) } else { String::new() };
            let values: Values<'a> = parent.values(element).into_iter().map(|value| (value.name, value.text)).collect();
            match firsts.get(&group) {
                None => {
                    firsts.insert(group, (parent.path(), values));
                }
                Some((_, first)) if *first == values => {}
                Some((other, _)) => {
                    let other = short_path(other).to_owned();
                    self.add(rule, parent.path_of(element), &Fill { other: &other, ..Fill::default() });
                }
            }
        }
    }

    /// The same longer text under two languages.
    fn translated(&mut self, rule: &Rule) {
        const CHARS_MIN: usize = 20; // Names of places and streets are the same in many languages.
        let same = |a: Option<&crate::cap::Text>, b: Option<&crate::cap::Text>| {
            a == b && a.is_some_and(|text| text.chars().count() > CHARS_MIN)
        };
        let parents = self.parents(Level::Info, &rule.when);
        for (i, parent) in parents.iter().take(INFOS_COMPARED_MAX).enumerate() {
            let Some((_, info)) = parent.info else { continue };
            let twin = parents[..i].iter().find(|other| {
                other.info.is_some_and(|(_, other)| {
                    info_language(other) != info_language(info)
                        && (same(info.headline.as_ref(), other.headline.as_ref())
                            || same(info.description.as_ref(), other.description.as_ref())
                            || same(info.instruction.as_ref(), other.instruction.as_ref()))
                })
            });
            if let Some(twin) = twin {
                self.add(rule, parent.path(), &Fill { other: short_path(&twin.path()), ..Fill::default() });
            }
        }
    }

    /// A later info of one language, event and area that answers one of the three questions otherwise.
    fn not_overridden(&mut self, rule: &Rule) {
        let parents = self.parents(Level::Info, &rule.when);
        for (i, parent) in parents.iter().take(INFOS_COMPARED_MAX).enumerate() {
            let Some((_, info)) = parent.info else { continue };
            let earlier = parents[..i].iter().find(|other| {
                other.info.is_some_and(|(_, other)| {
                    info_language(other) == info_language(info)
                        && other.event == info.event
                        && !info.areas.is_empty()
                        && other.areas == info.areas
                        && (other.onset.as_ref(), other.effective.as_ref())
                            == (info.onset.as_ref(), info.effective.as_ref())
                        && (other.urgency, other.severity, other.certainty)
                            != (info.urgency, info.severity, info.certainty)
                })
            });
            if let Some(earlier) = earlier {
                self.add(rule, parent.path(), &Fill { other: short_path(&earlier.path()), ..Fill::default() });
            }
        }
    }

    fn special(&mut self, rule: &Rule, parent: &Parent<'a>, special: Special) {
        match special {
            Special::ReferencesOthers | Special::ReferencesEarlier | Special::ReferencesOnce => {
                self.references(rule, special);
            }
            Special::WrittenInItsLanguage => {
                if let Some((_, info)) = parent.info
                    && form::other_script(info, &primary_language(info))
                {
                    let lang = info.language.as_ref().map_or("en-US (none is named)", crate::cap::Language::as_str);
                    self.add(rule, parent.path_of(Element::Language), &Fill { value: lang, ..Fill::default() });
                }
            }
            Special::DigestOfContent => {
                if let Some((_, resource)) = parent.resource
                    && form::digest_differs(resource)
                {
                    self.add(rule, parent.path_of(Element::Digest), &Fill::default());
                }
            }
            Special::UsableShapes => {
                for shape in parent.area.map_or(&[][..], |(_, area)| &area.unusable) {
                    let element = match shape {
                        crate::cap::Unusable::Polygon(_) => Element::Polygon,
                        crate::cap::Unusable::Circle(_) => Element::Circle,
                    };
                    self.add(rule, parent.path_of(element), &Fill::default());
                }
            }
            Special::SimplePolygons => {
                let polygons = parent.area.map_or(&[][..], |(_, area)| &area.polygons);
                for (i, polygon) in polygons.iter().enumerate() {
                    if crossing::crosses_itself(polygon.ring(), &mut self.comparisons_left) {
                        self.add(rule, parent.path_of_value(Element::Polygon, i), &Fill::default());
                    }
                }
            }
            Special::WidePolygons => {
                let polygons = parent.area.map_or(&[][..], |(_, area)| &area.polygons);
                for (i, polygon) in polygons.iter().enumerate() {
                    if crossing::is_flat(polygon.ring()) {
                        self.add(rule, parent.path_of_value(Element::Polygon, i), &Fill::default());
                    }
                }
            }
            Special::WideCircles => {
                let circles = parent.area.map_or(&[][..], |(_, area)| &area.circles);
                for (i, circle) in circles.iter().enumerate() {
                    if circle.radius_km() == 0.0 {
                        self.add(rule, parent.path_of_value(Element::Circle, i), &Fill::default());
                    }
                }
            }
            Special::CeilingAboveAltitude => {
                if let Some((_, area)) = parent.area
                    && let (Some(altitude), Some(ceiling)) = (area.altitude, area.ceiling)
                    && ceiling < altitude
                {
                    self.add(rule, parent.path_of(Element::Ceiling), &Fill::default());
                }
            }
            Special::Translated | Special::NotOverridden => unreachable!("`rule` takes these itself"),
        }
    }

    fn references(&mut self, rule: &Rule, special: Special) {
        let alert = self.alert;
        let mut seen = HashSet::new();
        for reference in &alert.references {
            let broken = match special {
                Special::ReferencesOthers => {
                    reference.identifier == alert.identifier && reference.sender == alert.sender
                }
                Special::ReferencesEarlier => reference.sent.timestamp() > alert.sent.timestamp(),
                Special::ReferencesOnce => !seen.insert((&reference.sender, &reference.identifier)),
                Special::UsableShapes
                | Special::SimplePolygons
                | Special::WidePolygons
                | Special::WideCircles
                | Special::CeilingAboveAltitude
                | Special::DigestOfContent
                | Special::Translated
                | Special::WrittenInItsLanguage
                | Special::NotOverridden => unreachable!("only rules about references come here"),
            };
            if broken {
                let fill = Fill { value: reference.identifier.as_str(), ..Fill::default() };
                self.add(rule, "/alert/references".to_owned(), &fill);
            }
        }
    }
}

/// The values of an element, of pairs with their names.
type Values<'a> = BTreeSet<(Option<&'a str>, Cow<'a, str>)>;

fn among<T: PartialEq>(list: &[T], one: &T) -> bool {
    list.is_empty() || list.contains(one)
}

fn named<'a>(values: Vec<Value<'a>>, names: &[String]) -> impl Iterator<Item = Value<'a>> {
    values
        .into_iter()
        .filter(move |value| names.is_empty() || value.name.is_some_and(|own| names.iter().any(|name| name == own)))
}

/// The time of an element; an absent `effective` is `sent` (CAP 1.2 §3.2.2).
fn time_of<'a>(parent: &Parent<'a>, element: Element) -> Option<&'a CapTime> {
    if element == Element::Sent {
        return Some(&parent.alert.sent);
    }
    let (_, info) = parent.info?;
    if element == Element::Effective {
        return Some(info.effective.as_ref().unwrap_or(&parent.alert.sent));
    }
    // The profile's reader lets no other element stand here than a time.
    if element == Element::Onset { info.onset.as_ref() } else { info.expires.as_ref() }
}

/// `info[2]` of `/alert/info[2]`.
fn short_path(path: &str) -> &str {
    path.strip_prefix("/alert/").unwrap_or(path)
}

fn primary(lang: &str) -> String {
    lang.split('-').next().unwrap_or(lang).to_ascii_lowercase()
}

/// The language of an info in small letters; none is `en-us` (CAP 1.2 §3.2.2).
fn info_language(info: &Info) -> String {
    info.language.as_ref().map_or_else(|| "en-us".to_owned(), |lang| lang.as_str().to_ascii_lowercase())
}

fn primary_language(info: &Info) -> String {
    primary(&info_language(info))
}
