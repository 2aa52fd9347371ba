//! Writes dates, times and numbers for people: Solar Hijri dates, local time, Persian digits, plural forms.
//! Called by `compose` and `template`.
//! Nothing here knows what time it is; every moment is given.

use fixed_decimal::Decimal;
use icu_plurals::{PluralCategory, PluralRules};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A day of the Solar Hijri calendar (hijri-ye shamsi), the civil calendar of Iran since 1 Farvardin 1304 (21 March
/// 1925).
///
/// Range: the years 1303 to 1478 (1924-03-21 to 2100-03-20); the year 1303 is counted back by the same rule. Outside,
/// conversion returns `None` instead of a guess.
///
/// Algorithm: K. M. Borkowski, “The Persian calendar for 3000 years”, Earth, Moon and Planets 74 (1996), 223–230: leap years
/// follow a 33-year pattern (8 leap years in 33) that breaks at the tabulated years, so as to follow the legal rule, by which
/// the year begins on the day whose noon at 52.5° E comes next after the March equinox. Proof for the range, day by day and in
/// both directions, against an implementation that shares nothing with this one (ICU's `persian` calendar by way of Node's
/// `Intl`): `tests/calendar.rs`, all 63,918 days from 1925-01-01 to 2099-12-31.
///
/// ```
/// use alerts::calendar::Jalali;
/// use jiff::civil::date;
/// let day = Jalali::from_gregorian(date(2026, 3, 21)).expect("within the range");
/// assert_eq!((day.year(), day.month(), day.day(), day.month_name()), (1405, 1, 1, "فروردین"));
/// assert_eq!(day.to_gregorian(), date(2026, 3, 21));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jalali {
    year: i16,
    month: i8,
    day: i8,
}

/// The first year of the range.
pub const YEAR_MIN: i16 = 1303;
/// The last year of the range.
pub const YEAR_MAX: i16 = 1478;

const MONTHS: [&str; 12] =
    ["فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"];
const WEEKDAYS_FA: [&str; 7] = ["دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"];
const WEEKDAYS_EN: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The day of March on which a Solar Hijri year begins; Borkowski 1996, table 2 and §4, cut to the breaks around our range.
fn nowruz_in_march(year: i16) -> i8 {
    // Years at which the 33-year pattern of leap years breaks.
    const BREAKS: [i32; 20] =
        [-61, 9, 38, 199, 426, 686, 756, 818, 1111, 1181, 1210, 1635, 2060, 2097, 2192, 2262, 2324, 2394, 2456, 3178];
    let year = i32::from(year);
    let gregorian = year + 621;
    let (mut leaps, mut start, mut jump) = (-14, BREAKS[0], 0);
    for &next in &BREAKS[1..] {
        jump = next - start;
        if year < next {
            break;
        }
        leaps += jump / 33 * 8 + jump % 33 / 4;
        start = next;
    }
    let n = year - start;
    leaps += n / 33 * 8 + (n % 33 + 3) / 4;
    if jump % 33 == 4 && jump - n == 4 {
        leaps += 1;
    }
    let gregorian_leaps = gregorian / 4 - (gregorian / 100 + 1) * 3 / 4 - 150;
    i8::try_from(20 + leaps - gregorian_leaps).expect("Nowruz falls on 20 to 22 March in our range")
}

/// The Gregorian date of 1 Farvardin.
fn nowruz(year: i16) -> Date {
    Date::new(year + 621, 3, nowruz_in_march(year)).expect("a day of March")
}

impl Jalali {
    /// A day; `None` outside the range or when the day does not exist (30 Esfand only in leap years).
    ///
    /// ```
    /// use alerts::calendar::Jalali;
    /// assert!(Jalali::new(1403, 12, 30).is_some());
    /// assert!(Jalali::new(1404, 12, 30).is_none());
    /// ```
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        let exists = (YEAR_MIN..=YEAR_MAX).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day);
        exists.then_some(Self { year, month, day })
    }

    /// The day of a Gregorian date; `None` outside the range.
    pub fn from_gregorian(date: Date) -> Option<Self> {
        let mut year = date.year().checked_sub(621)?;
        if !(YEAR_MIN - 1..=YEAR_MAX + 1).contains(&year) {
            return None;
        }
        if date < nowruz(year) {
            year -= 1;
        }
        let mut left = (date - nowruz(year)).get_days();
        for month in 1..=12 {
            let days = i32::from(days_of(year, month));
            if left < days {
                return Self::new(year, month, i8::try_from(left + 1).ok()?);
            }
            left -= days;
        }
        None
    }

    /// The Gregorian date.
    pub fn to_gregorian(self) -> Date {
        let before: i32 = (1..self.month).map(|month| i32::from(days_of(self.year, month))).sum();
        nowruz(self.year).checked_add((before + i32::from(self.day) - 1).days()).expect("a day between 1925 and 2100")
    }

    /// The year, 1303 to 1478.
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The month, 1 (Farvardin) to 12 (Esfand).
    pub const fn month(self) -> i8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> i8 {
        self.day
    }

    /// The month's Persian name.
    pub fn month_name(self) -> &'static str {
        MONTHS[usize::try_from(self.month - 1).expect("1 to 12")]
    }
}

/// Whether Esfand has 30 days.
///
/// ```
/// use alerts::calendar::is_leap;
/// assert!(is_leap(1403) && !is_leap(1404) && is_leap(1408));
/// ```
pub fn is_leap(year: i16) -> bool {
    (nowruz(year + 1) - nowruz(year)).get_days() == 366
}

fn days_of(year: i16, month: i8) -> i8 {
    match month {
        1..=6 => 31,
        7..=11 => 30,
        _ if is_leap(year) => 30,
        _ => 29,
    }
}

/// Whether a language is written from right to left in Arabic letters.
pub(crate) fn is_rtl(lang: &str) -> bool {
    matches!(primary(lang), "fa" | "ar" | "ckb" | "ur" | "ps" | "azb" | "glk" | "lrc" | "mzn" | "sd" | "ug" | "he")
}

/// What stands between the items of a list.
pub(crate) fn list_comma(lang: &str) -> &'static str {
    if is_rtl(lang) && primary(lang) != "he" { "، " } else { ", " }
}

pub(crate) fn primary(lang: &str) -> &str {
    lang.split('-').next().unwrap_or(lang)
}

/// The zero of a language's usual digits. Source: CLDR 48, `defaultNumberingSystem` of each language (`arabext`, `arab`, else
/// `latn`); South Azerbaijani and Gilaki, which CLDR does not have, write as Persian does.
fn zero(lang: &str) -> char {
    match primary(lang) {
        "fa" | "azb" | "glk" | "lrc" | "mzn" | "ps" => '۰',
        "ckb" | "sd" => '٠',
        _ => '0',
    }
}

/// The value of a Latin, Persian or Arabic digit.
pub(crate) fn digit_value(c: char) -> Option<u32> {
    match c {
        '0'..='9' => Some(u32::from(c) - u32::from('0')),
        '۰'..='۹' => Some(u32::from(c) - u32::from('۰')),
        '٠'..='٩' => Some(u32::from(c) - u32::from('٠')),
        _ => None,
    }
}

/// Turns the digits of a text into those of the language: ۰–۹ for Persian, 0–9 for English. Everything else stays.
///
/// ```
/// use alerts::calendar::digits;
/// assert_eq!(digits("fa", "137, پل ٣"), "۱۳۷, پل ۳");
/// assert_eq!(digits("en", "۱۳۷"), "137");
/// ```
pub fn digits(lang: &str, text: &str) -> String {
    let zero = u32::from(zero(lang));
    text.chars().map(|c| digit_value(c).and_then(|value| char::from_u32(zero + value)).unwrap_or(c)).collect()
}

/// A number as people write it: at most two decimals, none that are zero; Persian has ۱٬۲۳۴٫۵, English 1,234.5.
///
/// ```
/// use alerts::calendar::number;
/// assert_eq!(number("fa", 1234.5), "۱٬۲۳۴٫۵");
/// assert_eq!(number("en", -12.0), "−12");
/// ```
pub fn number(lang: &str, value: f64) -> String {
    let fixed = format!("{:.2}", value.abs());
    let (whole, part) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let part = part.trim_end_matches('0');
    let (group, point) = if zero(lang) == '0' { (',', '.') } else { ('٬', '٫') };
    let mut text = String::new();
    if value < 0.0 && (whole != "0" || !part.is_empty()) {
        text.push('\u{2212}');
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if !part.is_empty() {
        text.push(point);
        text.push_str(part);
    }
    digits(lang, &text)
}

/// A moment in words: `شنبه ۱ فروردین ۱۴۰۵ ساعت ۰۴:۰۰`, `Saturday 21 March 2026, 04:00`.
///
/// Persian uses the Solar Hijri calendar (the Gregorian one outside its range), English the Gregorian one; a language whose
/// names of days and months are not known here gets `2026-03-21 04:00`, which says the same everywhere. See
/// [`crate::voice::when`] for voices.
///
/// ```
/// use alerts::calendar::when;
/// use jiff::{Timestamp, tz::TimeZone};
/// let tehran = TimeZone::get("Asia/Tehran")?;
/// let at: Timestamp = "2026-03-21T00:30:00Z".parse()?;
/// assert_eq!(when("fa", at, &tehran), "شنبه ۱ فروردین ۱۴۰۵ ساعت ۰۴:۰۰");
/// assert_eq!(when("en", at, &tehran), "Saturday 21 March 2026, 04:00");
/// assert_eq!(when("de", at, &tehran), "2026-03-21 04:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn when(lang: &str, at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let weekday = weekday_name(lang, local.weekday());
    let clock = format!("{:02}:{:02}", local.hour(), local.minute());
    let text = match (primary(lang), Jalali::from_gregorian(local.date())) {
        ("fa", Some(day)) => format!("{weekday} {} {} {} ساعت {clock}", day.day, day.month_name(), day.year),
        ("fa", None) => format!("{weekday} {} ساعت {clock}", local.date()),
        ("en", _) => {
            format!("{weekday} {} {} {}, {clock}", local.day(), month_name_en(local.month()), local.year())
        }
        _ => format!("{} {clock}", local.date()),
    };
    digits(lang, &text)
}

/// The weekday's name in Persian, else in English.
pub(crate) fn weekday_name(lang: &str, day: Weekday) -> &'static str {
    let names = if primary(lang) == "fa" { &WEEKDAYS_FA } else { &WEEKDAYS_EN };
    names[usize::try_from(day.to_monday_zero_offset()).expect("0 to 6")]
}

/// The English name of a Gregorian month, 1 to 12.
pub(crate) fn month_name_en(month: i8) -> &'static str {
    MONTHS_EN[usize::try_from(month - 1).expect("1 to 12")]
}

/// The plural category of a number as it is written (at most two decimals), in CLDR's words: `zero`, `one`, `two`, `few`,
/// `many`, `other`.
///
/// Source: CLDR's cardinal rules by way of `icu_plurals`; a language that CLDR does not have has `other` alone.
///
/// ```
/// use alerts::calendar::plural;
/// assert_eq!((plural("fa", 0.5), plural("fa", 1.0), plural("fa", 1.93)), ("one", "one", "other"));
/// assert_eq!((plural("en", 0.5), plural("en", 1.0), plural("en", 2.0)), ("other", "one", "other"));
/// assert_eq!(plural("ar", 11.0), "many");
/// ```
pub fn plural(lang: &str, value: f64) -> &'static str {
    let written = number("en", value.abs()).replace(',', "").parse::<Decimal>();
    match (plural_rules(lang), written) {
        (Some(rules), Ok(written)) => category_name(rules.category_for(&written)),
        _ => "other",
    }
}

/// The categories that a language has, in CLDR's words and order.
pub(crate) fn plural_categories(lang: &str) -> Vec<&'static str> {
    plural_rules(lang).map_or_else(|| vec!["other"], |rules| rules.categories().map(category_name).collect())
}

fn plural_rules(lang: &str) -> Option<PluralRules> {
    let locale = lang.parse::<icu_locale_core::Locale>().ok()?;
    PluralRules::try_new_cardinal(locale.into()).ok()
}

const fn category_name(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_agree() {
        for (gregorian, jalali) in [
            ("2026-03-21", (1405, 1, 1)),
            ("2025-03-20", (1403, 12, 30)),
            ("2025-03-21", (1404, 1, 1)),
            ("2021-03-20", (1399, 12, 30)),
            ("1979-02-11", (1357, 11, 22)),
            ("2000-01-01", (1378, 10, 11)),
            ("1925-03-21", (1304, 1, 1)),
            ("2099-12-31", (1478, 10, 11)),
        ] {
            let date: Date = gregorian.parse().unwrap();
            let (year, month, day) = jalali;
            let expected = Jalali::new(year, month, day).unwrap();
            assert_eq!(Jalali::from_gregorian(date), Some(expected), "{gregorian}");
            assert_eq!(expected.to_gregorian(), date);
        }
        assert_eq!(Jalali::new(1404, 12, 30), None, "1404 is no leap year");
        assert_eq!(Jalali::from_gregorian(Date::constant(1900, 1, 1)), None);
        assert_eq!(Jalali::from_gregorian(Date::constant(2101, 1, 1)), None);
    }

    #[test]
    fn every_day_of_the_range_goes_there_and_back_in_order() {
        let mut date = nowruz(YEAR_MIN);
        let end = nowruz(YEAR_MAX + 1);
        let mut last: Option<Jalali> = None;
        while date < end {
            let day = Jalali::from_gregorian(date).unwrap();
            assert_eq!(day.to_gregorian(), date);
            assert!(last.is_none_or(|last| last < day));
            last = Some(day);
            date = date.tomorrow().unwrap();
        }
        assert_eq!(last.map(|day| day.year), Some(YEAR_MAX));
    }

    #[test]
    fn moments_numbers_and_digits_are_written_for_people() {
        let tehran = TimeZone::get("Asia/Tehran").unwrap();
        let at: Timestamp = "2026-03-21T00:30:00Z".parse().unwrap();
        assert_eq!(when("fa", at, &tehran), "شنبه ۱ فروردین ۱۴۰۵ ساعت ۰۴:۰۰");
        assert_eq!(when("en", at, &tehran), "Saturday 21 March 2026, 04:00");
        assert_eq!(number("fa", 1_234_567.89), "۱٬۲۳۴٬۵۶۷٫۸۹");
        assert_eq!(number("en", 1.9), "1.9");
        assert_eq!(number("en", -0.001), "0");
        assert_eq!(digits("en", "۱۳۷ ٠٩"), "137 09");
        assert_eq!(
            [0.0, -0.5, 1.0, -1.0, 1.5, 2.0].map(|n| plural("fa", n)),
            ["one", "one", "one", "one", "other", "other"]
        );
        assert_eq!([0.0, 1.0, 1.01, 1_001.0].map(|n| plural("en-GB", n)), ["other", "one", "other", "other"]);
        assert_eq!(plural_categories("ar"), ["zero", "one", "two", "few", "many", "other"]);
        assert_eq!(plural_categories("fa"), ["one", "other"]);
    }
}
