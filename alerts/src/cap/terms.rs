//! Lists the terms of the OASIS Event Terms List that a city under floods, snow and ice has use for.
//! Used for `eventCode`, by which a machine knows the event in whatever language the texts are.
//! Codes, terms and categories are those of the list; the Persian names are ours.
//!
//! Source: OASIS Event Terms List Version 1.2 (OASIS Emergency Management TC), 224 terms.

use super::{Category, Pair};

/// The `valueName` under which terms of the list stand in `eventCode`.
pub const EVENT_TERMS: &str = "OET:v1.2";

/// One term of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTerm {
    /// Its code, `OET-` and three digits.
    pub code: &'static str,
    /// The term in English, as it stands in the list.
    pub term: &'static str,
    /// The term in Persian.
    pub fa: &'static str,
    /// The categories of the list.
    pub categories: &'static [Category],
}

impl EventTerm {
    /// The term of a code. O(number of terms).
    ///
    /// ```
    /// use alerts::cap::{EventTerm, Pair};
    ///
    /// let term = EventTerm::of("OET-079").expect("it is in the list");
    /// assert_eq!((term.term, term.fa), ("flash flood", "سیل ناگهانی"));
    /// assert_eq!(term.pair(), Pair::new("OET:v1.2", "OET-079"));
    /// ```
    pub fn of(code: &str) -> Option<&'static Self> {
        TERMS.iter().find(|term| term.code == code)
    }

    /// As `eventCode`.
    pub fn pair(&self) -> Pair {
        Pair::new(EVENT_TERMS, self.code)
    }
}

const fn term(code: &'static str, term: &'static str, fa: &'static str, categories: &'static [Category]) -> EventTerm {
    EventTerm { code, term, fa, categories }
}

const MET: &[Category] = &[Category::Met];
const GEO: &[Category] = &[Category::Geo];
const INFRA: &[Category] = &[Category::Infra];
const TRANSPORT: &[Category] = &[Category::Transport];

/// The terms, by code.
pub const TERMS: &[EventTerm] = &[
    term("OET-018", "avalanche", "بهمن", GEO),
    term("OET-023", "blizzard", "کولاک", MET),
    term("OET-026", "blowing snow", "برف‌روبه", MET),
    term("OET-030", "bridge collapse", "فروریختن پل", TRANSPORT),
    term("OET-031", "building collapse", "فروریختن ساختمان", INFRA),
    term("OET-043", "cold", "سرما", MET),
    term("OET-052", "dam break", "شکستن سد", &[Category::Geo, Category::Met]),
    term("OET-056", "debris flow", "جریان واریزه", GEO),
    term("OET-068", "earthquake", "زمین‌لرزه", GEO),
    term("OET-079", "flash flood", "سیل ناگهانی", MET),
    term("OET-080", "flash freeze", "یخ‌بندان ناگهانی", MET),
    term("OET-081", "flood", "سیل", MET),
    term("OET-087", "freeze", "یخ‌بندان", MET),
    term("OET-089", "freezing rain", "باران یخ‌زن", MET),
    term("OET-103", "high water", "بالا آمدن آب", &[Category::Infra, Category::Transport]),
    term("OET-107", "ice", "یخ", MET),
    term("OET-109", "ice storm", "توفان یخ", MET),
    term("OET-119", "landslide", "زمین‌لغزش", GEO),
    term("OET-133", "mudslide", "رانش گل", GEO),
    term("OET-140", "overland flood", "آب‌گرفتگی", MET),
    term("OET-145", "power outage", "قطع برق", INFRA),
    term("OET-147", "practice", "تمرین", &[Category::Other]),
    term("OET-159", "rain", "باران", MET),
    term("OET-165", "road closure", "بسته شدن راه", TRANSPORT),
    term("OET-166", "road issue", "مشکل راه", TRANSPORT),
    term("OET-174", "school closing", "تعطیلی مدرسه", INFRA),
    term("OET-182", "snow", "برف", MET),
    term("OET-183", "snowstorm", "توفان برف", MET),
    term("OET-187", "storm", "توفان", MET),
    term("OET-188", "storm drain", "آبراه سطحی", INFRA),
    term("OET-194", "thunderstorm", "توفان تندری", MET),
    term("OET-214", "water main break", "شکستن لوله اصلی آب", INFRA),
    term("OET-222", "winter storm", "توفان زمستانی", MET),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_stand_once_and_in_order_and_those_of_our_hazards_are_there() {
        assert!(TERMS.windows(2).all(|two| two[0].code < two[1].code));
        for hazard in crate::Hazard::ALL {
            assert!(EventTerm::of(crate::content::event_code(hazard)).is_some(), "{hazard}");
        }
    }
}
