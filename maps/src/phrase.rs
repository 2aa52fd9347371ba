//! Words that say how a person stands to a place: «روبروی», «نرسیده به», “between … and …”, «تقاطع … و …».
//! Asked by `locate` about the words around the names that it has found.
//! Knows spoken and written forms in Persian and English, longest first; whatever it does not know separates.

use crate::Relation;
use crate::gazetteer::is_kind_word;

/// What the words between two names say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// How the person stands to the place that follows.
    Relation(Relation),
    /// Two streets meet.
    Crossing,
    /// The place lies between the two that follow.
    Between,
    /// «و», «با», “and”.
    And,
    /// «از», “from”.
    From,
    /// «تا», “to”.
    To,
    /// The street that follows is where the place before it lies.
    On,
    /// Something else.
    Other,
}

/// Phrases as folded words, with what they say. Of those that fit the one with the most words is taken.
const PHRASES: [(&[&str], Said); 109] = {
    use Relation as R;
    use Said::{And, Between, Crossing, From, On, Relation as Is, To};
    [
        (&["نزدیک"], Is(R::Near)),
        (&["نزدیک", "به"], Is(R::Near)),
        (&["نزدیکی"], Is(R::Near)),
        (&["نزدیکیهای"], Is(R::Near)),
        (&["نزدیکی", "های"], Is(R::Near)),
        (&["نزدیکای"], Is(R::Near)),
        (&["حوالی"], Is(R::Near)),
        (&["اطراف"], Is(R::Near)),
        (&["حدود"], Is(R::Near)),
        (&["محدوده"], Is(R::Near)),
        (&["دور", "و", "بر"], Is(R::Near)),
        (&["دوروبر"], Is(R::Near)),
        (&["near"], Is(R::Near)),
        (&["near", "to"], Is(R::Near)),
        (&["nearby"], Is(R::Near)),
        (&["close", "to"], Is(R::Near)),
        (&["around"], Is(R::Near)),
        (&["in", "the", "area", "of"], Is(R::Near)),
        (&["کنار"], Is(R::Beside)),
        (&["در", "کنار"], Is(R::Beside)),
        (&["بغل"], Is(R::Beside)),
        (&["جنب"], Is(R::Beside)),
        (&["پهلوی"], Is(R::Beside)),
        (&["چسبیده", "به"], Is(R::Beside)),
        (&["جلوی"], Is(R::Beside)),
        (&["جلو"], Is(R::Beside)),
        (&["دم"], Is(R::Beside)),
        (&["دم", "در"], Is(R::Beside)),
        (&["beside"], Is(R::Beside)),
        (&["next", "to"], Is(R::Beside)),
        (&["by"], Is(R::Beside)),
        (&["in", "front", "of"], Is(R::Beside)),
        (&["outside"], Is(R::Beside)),
        (&["روبروی"], Is(R::Opposite)),
        (&["روبرو"], Is(R::Opposite)),
        (&["روبه", "روی"], Is(R::Opposite)),
        (&["روبه", "رو"], Is(R::Opposite)),
        (&["روبهروی"], Is(R::Opposite)),
        (&["رو", "به", "روی"], Is(R::Opposite)),
        (&["رو", "به", "رو"], Is(R::Opposite)),
        (&["رو", "بروی"], Is(R::Opposite)),
        (&["مقابل"], Is(R::Opposite)),
        (&["در", "مقابل"], Is(R::Opposite)),
        (&["opposite"], Is(R::Opposite)),
        (&["opposite", "to"], Is(R::Opposite)),
        (&["across", "from"], Is(R::Opposite)),
        (&["facing"], Is(R::Opposite)),
        (&["پشت"], Is(R::Behind)),
        (&["behind"], Is(R::Behind)),
        (&["at", "the", "back", "of"], Is(R::Behind)),
        (&["نرسیده", "به"], Is(R::Before)),
        (&["نرسیده"], Is(R::Before)),
        (&["مانده", "به"], Is(R::Before)),
        (&["مونده", "به"], Is(R::Before)),
        (&["قبل"], Is(R::Before)),
        (&["قبل", "از"], Is(R::Before)),
        (&["پیش", "از"], Is(R::Before)),
        (&["پایینتر", "از"], Is(R::Before)),
        (&["پایین", "تر", "از"], Is(R::Before)),
        (&["before"], Is(R::Before)),
        (&["just", "before"], Is(R::Before)),
        (&["below"], Is(R::Before)),
        (&["بعد"], Is(R::After)),
        (&["بعد", "از"], Is(R::After)),
        (&["بعداز"], Is(R::After)),
        (&["پس", "از"], Is(R::After)),
        (&["رد", "شده", "از"], Is(R::After)),
        (&["بالاتر", "از"], Is(R::After)),
        (&["بالا", "تر", "از"], Is(R::After)),
        (&["after"], Is(R::After)),
        (&["past"], Is(R::After)),
        (&["beyond"], Is(R::After)),
        (&["به", "سمت"], Is(R::Toward)),
        (&["به", "طرف"], Is(R::Toward)),
        (&["به", "سوی"], Is(R::Toward)),
        (&["سمت"], Is(R::Toward)),
        (&["طرف"], Is(R::Toward)),
        (&["جهت"], Is(R::Toward)),
        (&["toward"], Is(R::Toward)),
        (&["towards"], Is(R::Toward)),
        (&["on", "the", "way", "to"], Is(R::Toward)),
        (&["in", "the", "direction", "of"], Is(R::Toward)),
        (&["ابتدای"], Is(R::Start)),
        (&["اول"], Is(R::Start)),
        (&["اوایل"], Is(R::Start)),
        (&["سر"], Is(R::Start)),
        (&["start", "of"], Is(R::Start)),
        (&["beginning", "of"], Is(R::Start)),
        (&["وسط"], Is(R::Middle)),
        (&["اواسط"], Is(R::Middle)),
        (&["middle", "of"], Is(R::Middle)),
        (&["انتهای"], Is(R::End)),
        (&["اخر"], Is(R::End)),
        (&["ته"], Is(R::End)),
        (&["end", "of"], Is(R::End)),
        (&["تقاطع"], Crossing),
        (&["چهارراه"], Crossing),
        (&["نبش"], Crossing),
        (&["intersection"], Crossing),
        (&["crossing"], Crossing),
        (&["junction"], Crossing),
        (&["corner"], Crossing),
        (&["بین"], Between),
        (&["between"], Between),
        (&["و"], And),
        (&["and"], And),
        (&["از"], From),
        (&["تا"], To),
        (&["on"], On),
    ]
};

/// Further words for what [`PHRASES`] has.
const MORE: [(&[&str], Said); 17] = {
    use Relation as R;
    use Said::{And, Between, Crossing, From, On, Relation as Is, To};
    [
        (&["مابین"], Between),
        (&["ما", "بین"], Between),
        (&["در", "بین"], Between),
        (&["حد", "فاصل"], Between),
        (&["حدفاصل"], Between),
        (&["با"], And),
        (&["at"], And),
        (&["from"], From),
        (&["to"], To),
        (&["crossroads"], Crossing),
        (&["سهراه"], Crossing),
        (&["سه", "راه"], Crossing),
        (&["چهار", "راه"], Crossing),
        (&["سر", "نبش"], Crossing),
        (&["داخل"], On),
        (&["inside"], Is(R::At)),
        (&["روی"], Is(R::At)),
    ]
};

/// Small words that neither say anything here nor separate.
const FILLERS: [&str; 14] =
    ["در", "توی", "تو", "دو", "های", "ی", "همان", "همون", "the", "of", "in", "streets", "st", "just"];

/// What a run of words says, in order; small words and words for sorts of place are passed over.
pub(crate) fn said(words: &[String]) -> Vec<Said> {
    let mut said = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if let Some((what, length)) = phrase_at(&words[at..]) {
            said.push(what);
            at += length;
        } else {
            if !is_small(&words[at]) {
                said.push(Said::Other);
            }
            at += 1;
        }
    }
    said
}

fn phrase_at(words: &[String]) -> Option<(Said, usize)> {
    let fits =
        |phrase: &[&str]| phrase.len() <= words.len() && phrase.iter().zip(words).all(|(one, other)| one == other);
    let all = PHRASES.iter().chain(&MORE).filter(|(phrase, _)| fits(phrase));
    all.max_by_key(|(phrase, _)| phrase.len()).map(|(phrase, what)| (*what, phrase.len()))
}

fn is_small(word: &str) -> bool {
    FILLERS.contains(&word) || is_kind_word(word)
}

/// May a name not begin or end with this word, unless it is written so?
pub(crate) fn is_said(word: &str) -> bool {
    FILLERS.contains(&word) || PHRASES.iter().chain(&MORE).any(|(phrase, _)| phrase.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gazetteer::words;

    #[test]
    fn phrases_are_understood_in_every_spelling() {
        use Relation::{After, Before, Opposite, Toward};
        for (text, wanted) in [
            ("روبه‌روی", Opposite),
            ("رو به روی", Opposite),
            ("روبروي", Opposite),
            ("مقابلِ", Opposite),
            ("نرسيده به", Before),
            ("قبل از", Before),
            ("بعد از", After),
            ("across from", Opposite),
            ("به سمتِ", Toward),
        ] {
            assert_eq!(said(&words(text)), [Said::Relation(wanted)], "{text}");
        }
        assert_eq!(said(&words("تقاطع خیابان")), [Said::Crossing]);
        assert_eq!(said(&words("از")), [Said::From]);
        assert_eq!(said(&words("سیل و")), [Said::Other, Said::And]);
    }

    #[test]
    fn each_phrase_stands_once_and_is_written_as_folding_leaves_it() {
        let all: Vec<&[&str]> = PHRASES.iter().chain(&MORE).map(|(phrase, _)| *phrase).collect();
        for (index, phrase) in all.iter().enumerate() {
            assert!(!all[..index].contains(phrase), "{phrase:?} stands twice");
            assert_eq!(words(&phrase.join(" ")), *phrase, "folding changes it, so that nothing could match");
        }
    }
}
