//! Finds places, zones and streets by name: the gazetteer with aliases, letter folding, letters of one sound, and typing errors.
//! Called by the desk's search box, by the report form, and by `locate`.
//! Scores run from 0 to 1; equal scores are ordered by code, so that one question always has one answer.

use crate::gazetteer::{Name, is_kind_word};
use crate::{City, Found, Place};

/// Longest question, in characters; the rest is not read.
const QUESTION_LENGTH_MAX: usize = 200;

/// Most places that one search gives.
const FOUND_MAX: usize = 100;

/// A place that fits less well than this is not shown.
const SCORE_MIN: f64 = 0.5;

/// A name that sounds the same though it is written otherwise.
const SOUND_SCORE: f64 = 0.95;

impl City {
    /// Places, leaf zones and streets whose name or alias fits, best first, at most `limit` (and at most 100).
    ///
    /// Letters are folded, spoken forms written out («خیابون» is «خیابان»), spaces and their absence forgiven, letters of one sound taken for each
    /// other, and so is about one typing error in four letters; the beginning of a word counts for the word. Score 1 is the very name; below 0.5 nothing is
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
    let by_sound = if wanted.sound == name.sound { SOUND_SCORE } else { 0.0 };
    by_words.max(whole).max(by_sound).min(0.99)
}

fn weight(word: &str) -> f64 {
    if is_kind_word(word) { 0.4 } else { 1.0 }
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
