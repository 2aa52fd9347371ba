//! Finds places by name: the gazetteer with aliases, letter folding and tolerance for typing errors.
//! Called by the desk's search box, by the report form, and by `locate`.
//! Scores run from 0 to 1; equal scores are ordered by code, so that one question always has one answer.

use std::collections::BTreeMap;

use crate::{City, Found, Place, PlaceCode, PlaceKind, Zone, fold};

/// Longest question, in characters; the rest is not read.
const QUESTION_LENGTH_MAX: usize = 200;

/// Most places that one search gives.
const FOUND_MAX: usize = 100;

/// A place that fits less well than this is not shown.
const SCORE_MIN: f64 = 0.5;

/// Words that say what sort of place it is rather than which; they weigh less.
const KIND_WORDS: [&str; 51] = [
    "خیابان",
    "میدان",
    "بلوار",
    "کوچه",
    "کوی",
    "شهرک",
    "محله",
    "پل",
    "بیمارستان",
    "درمانگاه",
    "دبیرستان",
    "دبستان",
    "مدرسه",
    "مسجد",
    "پارک",
    "بوستان",
    "چهارراه",
    "جاده",
    "رود",
    "دره",
    "ایستگاه",
    "منطقه",
    "تپه",
    "ارامگاه",
    "مقبره",
    "سالن",
    "پست",
    "برق",
    "کمربندی",
    "گردنه",
    "سنجه",
    "of",
    "the",
    "street",
    "square",
    "boulevard",
    "bridge",
    "hospital",
    "school",
    "high",
    "primary",
    "park",
    "road",
    "station",
    "ring",
    "crossing",
    "clinic",
    "hall",
    "e",
    "pass",
    "valley",
];

/// Spoken and short forms, and the written word they stand for.
const SPOKEN: [(&str, &str); 26] = [
    ("خیابون", "خیابان"),
    ("خ", "خیابان"),
    ("خیابونه", "خیابان"),
    ("میدون", "میدان"),
    ("فلکه", "میدان"),
    ("بلوارو", "بلوار"),
    ("بیمارسون", "بیمارستان"),
    ("بیمارستون", "بیمارستان"),
    ("مریضخونه", "بیمارستان"),
    ("دبیرستون", "دبیرستان"),
    ("دبستون", "دبستان"),
    ("درمونگاه", "درمانگاه"),
    ("چارراه", "چهارراه"),
    ("دانشگا", "دانشگاه"),
    ("ایسگاه", "ایستگاه"),
    ("پایونه", "پایانه"),
    ("بوستون", "بوستان"),
    ("st", "street"),
    ("sq", "square"),
    ("meydan", "square"),
    ("meidan", "square"),
    ("khiaban", "street"),
    ("khiyaban", "street"),
    ("blvd", "boulevard"),
    ("bolvar", "boulevard"),
    ("pol", "bridge"),
];

/// All names by which a place is found.
#[derive(Debug)]
pub(crate) struct Gazetteer {
    pub(crate) entries: Vec<Entry>,
    /// Joined name → entries that bear it.
    pub(crate) by_name: BTreeMap<String, Vec<usize>>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) names: Vec<Name>,
}

/// A name in the form in which names are compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) words: Vec<String>,
    /// The words without spaces, so that “بوعلی‌سینا”, “بو علی سینا” and “بوعلیسینا” are one.
    pub(crate) joined: Vec<char>,
    /// The letters of the words that say which place, not what sort.
    pub(crate) own: Vec<char>,
    /// Which letters occur, one bit each of 64: tells most pairs apart before any letter is compared.
    letters: u64,
}

impl Name {
    pub(crate) fn of(text: &str) -> Name {
        Name::of_words(words(text))
    }

    pub(crate) fn of_words(words: Vec<String>) -> Name {
        let joined: Vec<char> = words.iter().flat_map(|word| word.chars()).collect();
        let own = words.iter().filter(|word| !is_kind_word(word)).flat_map(|word| word.chars()).collect();
        let letters = joined.iter().fold(0, |letters, &letter| letters | 1_u64 << (u32::from(letter) % 64));
        Name { words, joined, own, letters }
    }

    /// As [`letters_alike`] of the joined letters, but 0 where that could not reach `at_least`.
    pub(crate) fn alike(&self, other: &Name, at_least: f64) -> f64 {
        let longest = self.joined.len().max(other.joined.len());
        let edits_max = (1.0 - at_least) * longest as f64;
        // An edit changes at most two bits; letters that share a bit only make the difference smaller.
        if f64::from((self.letters ^ other.letters).count_ones()) > 2.0 * edits_max {
            return 0.0;
        }
        letters_alike(&self.joined, &other.joined)
    }
}

/// The words of a text: folded, spoken forms written out.
pub(crate) fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).map(written).collect()
}

fn written(word: &str) -> String {
    SPOKEN.iter().find(|(spoken, _)| *spoken == word).map_or(word, |(_, written)| written).to_owned()
}

/// Says what sort of place, not which.
pub(crate) fn is_kind_word(word: &str) -> bool {
    KIND_WORDS.contains(&word)
}

fn weight(word: &str) -> f64 {
    if is_kind_word(word) { 0.4 } else { 1.0 }
}

impl Gazetteer {
    /// Takes the places and, by their own names and aliases, the leaf zones.
    pub(crate) fn new(places: &[Place], zones: &[Zone]) -> Gazetteer {
        let zones = zones.iter().filter(|zone| zone.is_leaf).map(|zone| Place {
            code: PlaceCode::new(zone.code.as_str()).expect("zone codes and place codes have one alphabet"),
            name: zone.name.clone(),
            aliases: zone.aliases.clone(),
            kind: PlaceKind::Zone,
            position: zone.label_at,
        });
        let entries: Vec<Entry> = places
            .iter()
            .cloned()
            .chain(zones)
            .map(|place| {
                let mut names: Vec<Name> = Vec::new();
                for name in place.name.values().chain(&place.aliases).map(|name| Name::of(name)) {
                    if !name.joined.is_empty() && !names.contains(&name) {
                        names.push(name);
                    }
                }
                Entry { place, names }
            })
            .collect();
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for name in &entry.names {
                by_name.entry(name.joined.iter().collect()).or_default().push(index);
            }
        }
        Gazetteer { entries, by_name }
    }
}

impl City {
    /// Places and leaf zones whose name or alias fits, best first, at most `limit` (and at most 100).
    ///
    /// Letters are folded, spoken forms written out («خیابون» is «خیابان»), spaces and their absence forgiven, and so is about one
    /// typing error in four letters; the beginning of a word counts for the word. Score 1 is the very name; below 0.5 nothing is
    /// shown. Cost: linear in the number of names.
    ///
    /// ```
    /// # let city = maps::City::sample();
    /// assert_eq!(city.search("خيابون بو علي", 5)[0].place.code.as_str(), "st-bu-ali");
    /// assert_eq!(city.search("Baba Tahir Square", 5)[0].place.code.as_str(), "sq-baba-taher");
    /// ```
    pub fn search(&self, text: &str, limit: usize) -> Vec<Found> {
        let wanted: String = text.chars().take(QUESTION_LENGTH_MAX).collect();
        let wanted = Name::of(&wanted);
        if wanted.joined.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<(f64, &Place)> = self
            .gazetteer
            .entries
            .iter()
            .map(|entry| {
                let score = entry.names.iter().map(|name| likeness(&wanted, name)).fold(0.0, f64::max);
                (score, &entry.place)
            })
            .filter(|(score, _)| *score >= SCORE_MIN)
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.code.cmp(&b.1.code)));
        found.truncate(limit.min(FOUND_MAX));
        found
            .into_iter()
            .map(|(score, place)| Found {
                place: place.clone(),
                position: place.position,
                score,
                zone: self.zone_at(place.position).map(|zone| zone.code.clone()),
            })
            .collect()
    }
}

/// How like a question is to a name, 0 to 1; 1 only for the same letters.
fn likeness(wanted: &Name, name: &Name) -> f64 {
    if wanted.joined == name.joined {
        return 1.0;
    }
    let asked = coverage(&wanted.words, &name.words);
    let named = coverage(&name.words, &wanted.words);
    // What was asked must be found; what the name has beyond it matters less.
    let by_words = 0.7 * asked + 0.3 * named;
    let whole = wanted.alike(name, SCORE_MIN);
    by_words.max(whole).min(0.99)
}

/// Weighted part of the words of `these` that `those` have.
fn coverage(these: &[String], those: &[String]) -> f64 {
    let (mut sum, mut of) = (0.0, 0.0);
    for word in these {
        let best = those.iter().map(|other| word_alike(word, other)).fold(0.0, f64::max);
        sum += weight(word) * best;
        of += weight(word);
    }
    if of > 0.0 { sum / of } else { 0.0 }
}

fn word_alike(one: &str, other: &str) -> f64 {
    if one == other {
        return 1.0;
    }
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if short.len() >= 2 && long.starts_with(short) {
        return 0.7 + 0.25 * short.len() as f64 / long.len() as f64;
    }
    let alike = letters_alike(&a, &b);
    // Below about one error in four letters two words are just two words.
    if alike >= 0.72 { alike } else { 0.0 }
}

/// 1 minus the edits per letter (insert, delete, replace, swap of neighbours), 0 to 1.
pub(crate) fn letters_alike(one: &[char], other: &[char]) -> f64 {
    let longest = one.len().max(other.len());
    if longest == 0 {
        return 1.0;
    }
    // The difference in length is the least number of edits: most pairs end here.
    if one.len().abs_diff(other.len()) * 2 > longest {
        return 0.0;
    }
    1.0 - edits(one, other) as f64 / longest as f64
}

/// Optimal string alignment distance (Levenshtein with swaps of neighbours), in O(n·m) time and three rows.
fn edits(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    let mut row = last.clone();
    for i in 1..=one.len() {
        row[0] = i;
        for j in 1..=other.len() {
            let replace = usize::from(one[i - 1] != other[j - 1]);
            row[j] = (last[j - 1] + replace).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> (String, f64) {
        let found = City::sample().search(text, 3);
        found.first().map_or((String::new(), 0.0), |found| (found.place.code.to_string(), found.score))
    }

    #[test]
    fn the_very_name_scores_one_in_any_spelling() {
        for text in ["بیمارستان بعثت", "بيمارستان  بعثت", "بیمارستون بعثت", "Besat Hospital"]
        {
            assert_eq!(first(text), ("hosp-besat".to_owned(), 1.0), "{text}");
        }
        assert_eq!(first("گنجنامه").0, "ganjnameh");
        assert_eq!(first("حصار امام").0, "hesar-emam");
        assert_eq!(first("شیرسنگی").0, "stone-lion");
    }

    #[test]
    fn a_typing_error_is_forgiven_and_costs_score() {
        for (text, code) in [
            ("بیمارستان بعثط", "hosp-besat"),
            ("کبابیا", "kababian"),
            ("میدان بابطاهر", "sq-baba-taher"),
            ("hegmatane hill", "hegmataneh-hill"),
        ] {
            let (found, score) = first(text);
            assert_eq!(found, code, "{text}");
            assert!((0.6..1.0).contains(&score), "{text}: {score}");
        }
    }

    #[test]
    fn nonsense_finds_nothing() {
        for text in ["", "  ", "‌", "qwrtzpsdf", "۹۹۹۹۹", "؟!"] {
            assert!(City::sample().search(text, 5).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_limit_and_the_order_hold() {
        let found = City::sample().search("میدان", 4);
        assert_eq!(found.len(), 4);
        assert!(found.is_sorted_by(|a, b| (b.score, &a.place.code) <= (a.score, &b.place.code)));
        assert!(City::sample().search(&"میدان ".repeat(10_000), usize::MAX).len() <= FOUND_MAX);
    }

    #[test]
    fn a_swap_is_one_edit() {
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        assert_eq!(edits(&letters("بوعلی"), &letters("بعولی")), 1);
        assert_eq!(edits(&letters("kitten"), &letters("sitting")), 3);
        assert_eq!(edits(&[], &letters("abc")), 3);
    }
}
