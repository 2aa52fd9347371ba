//! Says what threatens (`Hazard`), how badly (`Level`), and holds text in several languages (`Texts`).
//! Called by every part of this crate and by the service for zones, incidents and alerts.
//! `Unknown` always sorts lowest but is never shown or treated as green: silence is not safety.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Text for people: BCP 47 language tag → text. Persian is `fa`, English `en`.
pub type Texts = BTreeMap<String, String>;

/// The text of `lang`, else of the same primary language, else Persian, else English, else any.
///
/// `None` only for an empty map. O(log n) in the usual case.
///
/// ```
/// use alerts::{text_in, texts};
/// let name = texts([("fa", "سیل"), ("en", "Flood")]);
/// assert_eq!(text_in(&name, "en-GB"), Some("Flood"));
/// assert_eq!(text_in(&name, "ckb"), Some("سیل"));
/// ```
pub fn text_in<'t>(texts: &'t Texts, lang: &str) -> Option<&'t str> {
    let primary = lang.split('-').next().unwrap_or(lang);
    texts
        .get(lang)
        .or_else(|| texts.get(primary))
        .or_else(|| texts.get("fa"))
        .or_else(|| texts.get("en"))
        .or_else(|| texts.values().next())
        .map(String::as_str)
}

/// Text of several languages from pairs, for literals: `texts([("fa", "سیل"), ("en", "Flood")])`.
pub fn texts<'t>(pairs: impl IntoIterator<Item = (&'t str, &'t str)>) -> Texts {
    pairs.into_iter().map(|(lang, text)| (lang.to_owned(), text.to_owned())).collect()
}

/// A word that is not one of the allowed ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{word}” is not a {what}; use one of {allowed}")]
pub struct UnknownWord {
    /// What was read.
    pub word: String,
    /// What it should have been.
    pub what: &'static str,
    /// The allowed words, separated by commas.
    pub allowed: String,
}

/// What threatens the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hazard {
    /// Water where it should not be: a river over its banks, a flash flood.
    Flood,
    /// Snowfall, drift, load on roofs, blocked roads.
    Snow,
    /// Ice on roads and paths, glaze, hard frost.
    Ice,
}

impl Hazard {
    /// Every hazard, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::Flood, Self::Snow, Self::Ice];

    /// The word used in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::Snow => "snow",
            Self::Ice => "ice",
        }
    }

    /// The hazard's name in Persian and English, as CAP `event` shows it.
    ///
    /// ```
    /// assert_eq!(alerts::Hazard::Ice.names()["fa"], "یخبندان");
    /// ```
    pub fn names(self) -> Texts {
        match self {
            Self::Flood => texts([("fa", "سیل"), ("en", "Flood")]),
            Self::Snow => texts([("fa", "برف سنگین"), ("en", "Heavy snow")]),
            Self::Ice => texts([("fa", "یخبندان"), ("en", "Ice")]),
        }
    }
}

/// How badly a zone is affected. Ordered for display: `Unknown` lowest, `Red` highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing and nobody watches: not green.
    Unknown,
    /// Watched, and nothing dangerous is known.
    Green,
    /// Be aware: disruption is possible.
    Yellow,
    /// Be prepared: damage is likely, agencies stand by.
    Orange,
    /// Act: danger to life.
    Red,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Green, Self::Yellow, Self::Orange, Self::Red];

    /// The word used in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
        }
    }

    /// The level's name in Persian and English.
    ///
    /// ```
    /// assert_eq!(alerts::Level::Red.names()["fa"], "قرمز");
    /// ```
    pub fn names(self) -> Texts {
        match self {
            Self::Unknown => texts([("fa", "نامعلوم"), ("en", "Unknown")]),
            Self::Green => texts([("fa", "سبز"), ("en", "Green")]),
            Self::Yellow => texts([("fa", "زرد"), ("en", "Yellow")]),
            Self::Orange => texts([("fa", "نارنجی"), ("en", "Orange")]),
            Self::Red => texts([("fa", "قرمز"), ("en", "Red")]),
        }
    }

    /// The value of the MeteoAlarm parameter `awareness_level`, `None` for `Unknown`.
    ///
    /// ```
    /// assert_eq!(alerts::Level::Orange.awareness(), Some("3; orange; Severe"));
    /// ```
    ///
    /// Source of the form: MeteoAlarm CAP profile, as seen in published Austrian and Serbian alerts (“2; yellow; Moderate”).
    pub const fn awareness(self) -> Option<&'static str> {
        match self {
            Self::Unknown => None,
            Self::Green => Some("1; green; Minor"),
            Self::Yellow => Some("2; yellow; Moderate"),
            Self::Orange => Some("3; orange; Severe"),
            Self::Red => Some("4; red; Extreme"),
        }
    }
}

macro_rules! word {
    ($type:ty, $what:literal) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::UnknownWord;

            fn from_str(word: &str) -> Result<Self, $crate::UnknownWord> {
                Self::ALL.into_iter().find(|one| one.as_str() == word).ok_or_else(|| $crate::UnknownWord {
                    word: word.chars().take(60).collect(),
                    what: $what,
                    allowed: Self::ALL.map(Self::as_str).join(", "),
                })
            }
        }
    };
}
pub(crate) use word;

word!(Hazard, "hazard");
word!(Level, "level");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_sorts_below_green_and_red_on_top() {
        let mut levels = [Level::Red, Level::Unknown, Level::Green];
        levels.sort();
        assert_eq!(levels, [Level::Unknown, Level::Green, Level::Red]);
    }

    #[test]
    fn words_read_back_and_others_name_the_choices() {
        for level in Level::ALL {
            assert_eq!(level.as_str().parse::<Level>().unwrap(), level);
            assert_eq!(serde_json::to_string(&level).unwrap(), format!("\"{level}\""));
        }
        for hazard in Hazard::ALL {
            assert_eq!(hazard.as_str().parse::<Hazard>().unwrap(), hazard);
        }
        let error = "fire".parse::<Hazard>().unwrap_err().to_string();
        assert!(error.contains("flood, snow, ice"), "{error}");
    }

    #[test]
    fn a_missing_language_falls_back_to_a_related_one() {
        let map = texts([("en", "Flood"), ("fa", "سیل")]);
        assert_eq!(text_in(&map, "fa-IR"), Some("سیل"));
        assert_eq!(text_in(&map, "de"), Some("سیل"));
        assert_eq!(text_in(&Texts::new(), "de"), None);
    }
}
