//! Turns written text into what a voice can read: numbers, times and telephone numbers in words; no signs, addresses or direction marks.
//! Called by `compose` for the spoken texts, by `message` for everything that is made for a call, and by `template` for its check.
//! Persian and English speak their numbers; in other languages the digits stay, which voices of that language read by themselves.

use std::iter::Peekable;
use std::str::CharIndices;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::calendar::{Jalali, digit_value, digits, primary, weekday_name};
use crate::template::pattern::without_isolates;

const ONES_FA: [&str; 20] = [
    "صفر",
    "یک",
    "دو",
    "سه",
    "چهار",
    "پنج",
    "شش",
    "هفت",
    "هشت",
    "نه",
    "ده",
    "یازده",
    "دوازده",
    "سیزده",
    "چهارده",
    "پانزده",
    "شانزده",
    "هفده",
    "هجده",
    "نوزده",
];
const TENS_FA: [&str; 10] = ["", "", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود"];
const HUNDREDS_FA: [&str; 10] = ["", "صد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد"];
const ONES_EN: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS_EN: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
/// Nothing larger is said as one number.
const NUMBER_MAX: u64 = 999_999_999;
/// A run of at least so many digits without separators is a telephone number or a code: it is said digit by digit.
const CODE_DIGITS_MIN: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tongue {
    Persian,
    English,
}

fn tongue(lang: &str) -> Option<Tongue> {
    match primary(lang) {
        "fa" => Some(Tongue::Persian),
        "en" => Some(Tongue::English),
        _ => None,
    }
}

/// The text for a voice.
///
/// Numbers become words (decimals, thousands, `07:30`; long runs and runs that begin with a zero digit by digit), web
/// addresses and direction marks go, and of the signs only those stay that make a voice pause or rise. Saying it twice
/// changes nothing. O(n).
///
/// ```
/// use alerts::voice::spoken;
/// assert_eq!(spoken("fa", "تلفن کمک: \u{2068}۱۳۷\u{2069}"), "تلفن کمک: صد و سی و هفت");
/// assert_eq!(spoken("fa", "تا ساعت ۰۷:۳۰"), "تا ساعت هفت و نیم صبح");
/// assert_eq!(spoken("en", "Bridge 3 🌊 (1.93): see https://example.org/x"), "Bridge three one point nine three: see");
/// ```
pub fn spoken(lang: &str, text: &str) -> String {
    let text = without_isolates(text);
    let bare: Vec<&str> = text.split_whitespace().filter(|word| !is_address(word)).collect();
    let text = bare.join(" ");
    let mut said = String::with_capacity(text.len());
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let before = text[..at].chars().next_back();
        let minus = matches!(c, '-' | '\u{2212}')
            && before.is_none_or(char::is_whitespace)
            && rest.peek().is_some_and(|(_, next)| digit_value(*next).is_some());
        match (tongue(lang), digit_value(c)) {
            (Some(tongue), Some(_)) => {
                let end = run_end(&text, at, &mut rest);
                let run = digits("en", &text[at..end]);
                apart(&mut said);
                said.push_str(&run_words(tongue, &run));
                said.push(' ');
            }
            (Some(Tongue::Persian), None) if minus => said.push_str("منفی "),
            (Some(Tongue::English), None) if minus => said.push_str("minus "),
            (None, Some(_)) => said.push(c),
            (_, None) => push_letter(&mut said, lang, c),
        }
    }
    tidy(&said)
}

/// A telephone number for a voice: short Persian ones as people say them (صد و سی و هفت), all others digit by digit.
///
/// ```
/// use alerts::voice::telephone;
/// assert_eq!(telephone("fa", "137"), "صد و سی و هفت");
/// assert_eq!(telephone("en", "137"), "one three seven");
/// assert_eq!(telephone("en", "+98 81"), "plus nine eight, eight one");
/// ```
pub fn telephone(lang: &str, number: &str) -> String {
    let number = digits("en", &without_isolates(number));
    let Some(tongue) = tongue(lang) else { return number };
    let (plus, comma) = match tongue {
        Tongue::Persian => ("به‌علاوهٔ ", "، "),
        Tongue::English => ("plus ", ", "),
    };
    let groups: Vec<&str> = number
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '(' | ')' | '/' | '.'))
        .filter(|group| !group.is_empty())
        .collect();
    // Words among the digits (“137 or …”) are read as they are.
    if groups.iter().any(|group| group.chars().any(char::is_alphabetic)) {
        return spoken(lang, &number);
    }
    let said = groups.iter().map(|group| {
        let (sign, bare) = group.strip_prefix('+').map_or(("", *group), |bare| (plus, bare));
        let words = match tongue {
            Tongue::Persian if groups.len() == 1 && sign.is_empty() && bare.len() <= 3 && !bare.starts_with('0') => {
                run_words(tongue, bare)
            }
            Tongue::Persian | Tongue::English => one_by_one(tongue, bare),
        };
        format!("{sign}{words}")
    });
    said.collect::<Vec<_>>().join(comma)
}

/// A moment for a voice: `ساعت چهار بامداد شنبه، اول فروردین`; `four o'clock in the morning on Saturday, the twenty-first of
/// March`.
///
/// Other languages get the text of [`crate::calendar::when`].
///
/// ```
/// use alerts::voice::when;
/// use jiff::{Timestamp, tz::TimeZone};
/// let tehran = TimeZone::get("Asia/Tehran")?;
/// let at: Timestamp = "2026-03-21T00:30:00Z".parse()?;
/// assert_eq!(when("fa", at, &tehran), "ساعت چهار بامداد شنبه، اول فروردین");
/// assert_eq!(when("en", at, &tehran), "four o'clock in the morning on Saturday, the twenty-first of March");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn when(lang: &str, at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let (hour, minute) = (u64::from(local.hour().unsigned_abs()), u64::from(local.minute().unsigned_abs()));
    let written = || crate::calendar::when(lang, at, zone);
    let Some(tongue) = tongue(lang) else { return written() };
    let (clock, weekday) = (clock_words(tongue, hour, minute), weekday_name(lang, local.weekday()));
    match tongue {
        Tongue::Persian => match Jalali::from_gregorian(local.date()) {
            Some(day) => {
                let ordinal = ordinal_fa(u64::from(day.day().unsigned_abs()));
                format!("ساعت {clock} {weekday}، {ordinal} {}", day.month_name())
            }
            None => spoken(lang, &written()),
        },
        Tongue::English => {
            let month = crate::calendar::month_name_en(local.month());
            format!("{clock} on {weekday}, the {} of {month}", ordinal_en(u64::from(local.day().unsigned_abs())))
        }
    }
}

fn is_address(word: &str) -> bool {
    let word = word.trim_start_matches(['(', '<', '"', '\'', '«', '“']);
    ["http://", "https://", "www.", "mailto:"]
        .iter()
        .any(|start| word.get(..start.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(start)))
}

/// Where a number ends that begins at `at`: digits, and separators between digits.
fn run_end(text: &str, at: usize, rest: &mut Peekable<CharIndices<'_>>) -> usize {
    let mut end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    while let Some(&(next_at, next)) = rest.peek() {
        let after = text[next_at + next.len_utf8()..].chars().next();
        let separates = matches!(next, '.' | ',' | ':' | '٫' | '٬') && after.is_some_and(|c| digit_value(c).is_some());
        if digit_value(next).is_none() && !separates {
            break;
        }
        rest.next();
        end = next_at + next.len_utf8();
    }
    end
}

/// `1,234.5`, `07:30`, `137`, with Latin digits, in words.
fn run_words(tongue: Tongue, run: &str) -> String {
    let clock = run.split_once(':').and_then(|(hour, minute)| {
        let (hours, minutes): (u64, u64) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour.len() <= 2 && minute.len() == 2 && hours < 24 && minutes < 60)
            .then(|| clock_words(tongue, hours, minutes))
    });
    clock.or_else(|| number_words(tongue, run)).unwrap_or_else(|| one_by_one(tongue, run))
}

/// A decimal number; `None` when it is a code, or no number.
fn number_words(tongue: Tongue, run: &str) -> Option<String> {
    let run = run.replace('٫', ".").replace('٬', ",");
    let (whole, part) = run.split_once('.').map_or((run.as_str(), None), |(whole, part)| (whole, Some(part)));
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped = groups.len() > 1;
    if grouped && !groups[1..].iter().all(|group| group.len() == 3) {
        return None;
    }
    let plain = groups.concat();
    if (!grouped && plain.len() >= CODE_DIGITS_MIN) || (plain.len() > 1 && plain.starts_with('0')) {
        return None;
    }
    let number: u64 = plain.parse().ok().filter(|number| *number <= NUMBER_MAX)?;
    let words = match tongue {
        Tongue::Persian => cardinal_fa(number),
        Tongue::English => cardinal_en(number),
    };
    let Some(part) = part.map(|part| part.trim_end_matches('0')).filter(|part| !part.is_empty()) else {
        return Some(words);
    };
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(match tongue {
        Tongue::Persian => {
            let name = match part.len() {
                1 => "دهم",
                2 => "صدم",
                3 => "هزارم",
                _ => return Some(format!("{words} ممیز {}", one_by_one(tongue, part))),
            };
            format!("{words} ممیز {} {name}", cardinal_fa(part.parse().ok()?))
        }
        Tongue::English => format!("{words} point {}", one_by_one(tongue, part)),
    })
}

/// Each digit for itself; what separates them is a pause.
fn one_by_one(tongue: Tongue, run: &str) -> String {
    let (ones, comma) = match tongue {
        Tongue::Persian => (&ONES_FA, '،'),
        Tongue::English => (&ONES_EN, ','),
    };
    let mut words = String::new();
    for c in run.chars() {
        match digit_value(c).and_then(|value| ones.get(value as usize)) {
            Some(word) => {
                apart(&mut words);
                words.push_str(word);
            }
            None if !words.ends_with(comma) => words.push(comma),
            None => {}
        }
    }
    words
}

fn cardinal_fa(number: u64) -> String {
    let mut words = Vec::new();
    for (unit, name) in [(1_000_000, "میلیون"), (1_000, "هزار")] {
        match number / unit % 1_000 {
            0 => {}
            1 if unit == 1_000 => words.push(name.to_owned()),
            many => words.push(format!("{} {name}", cardinal_fa(many))),
        }
    }
    let (hundreds, rest) = (index(number / 100 % 10), index(number % 100));
    if hundreds > 0 {
        words.push(HUNDREDS_FA[hundreds].to_owned());
    }
    if rest >= 20 {
        words.push(TENS_FA[rest / 10].to_owned());
        if rest % 10 > 0 {
            words.push(ONES_FA[rest % 10].to_owned());
        }
    } else if rest > 0 || words.is_empty() {
        words.push(ONES_FA[rest].to_owned());
    }
    words.join(" و ")
}

fn cardinal_en(number: u64) -> String {
    let mut words = Vec::new();
    for (unit, name) in [(1_000_000, "million"), (1_000, "thousand"), (100, "hundred")] {
        let many = if unit == 100 { number / unit % 10 } else { number / unit % 1_000 };
        if many > 0 {
            words.push(format!("{} {name}", cardinal_en(many)));
        }
    }
    let rest = index(number % 100);
    if rest > 0 || words.is_empty() {
        let word = match (rest / 10, rest % 10) {
            (0 | 1, _) => ONES_EN[rest].to_owned(),
            (tens, 0) => TENS_EN[tens].to_owned(),
            (tens, ones) => format!("{}-{}", TENS_EN[tens], ONES_EN[ones]),
        };
        let and = if words.is_empty() { "" } else { "and " };
        words.push(format!("{and}{word}"));
    }
    words.join(" ")
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("less than a thousand")
}

/// اول، دوم، سوم، چهارم … سی‌ام، سی و یکم.
fn ordinal_fa(number: u64) -> String {
    let words = cardinal_fa(number);
    match number {
        1 => "اول".to_owned(),
        _ if number % 10 == 3 && number != 13 => format!("{}سوم", words.trim_end_matches("سه")),
        30 => "سی‌ام".to_owned(),
        _ => format!("{words}م"),
    }
}

/// first, second, third, … twenty-first, thirtieth.
fn ordinal_en(number: u64) -> String {
    let words = cardinal_en(number);
    let (before, last) = words.rfind(['-', ' ']).map_or(("", words.as_str()), |at| words.split_at(at + 1));
    let ordinal = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        _ => last.strip_suffix('y').map_or_else(|| format!("{last}th"), |stem| format!("{stem}ieth")),
    };
    format!("{before}{ordinal}")
}

/// A time of day: هفت و نیم صبح؛ seven thirty in the morning.
fn clock_words(tongue: Tongue, hour: u64, minute: u64) -> String {
    let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    match tongue {
        Tongue::Persian => {
            let part = match hour {
                0..5 => "بامداد",
                5..12 => "صبح",
                12 => "ظهر",
                13..16 => "بعدازظهر",
                16..19 => "عصر",
                _ => "شب",
            };
            // The hour after midnight is zero: “twelve at night” could be taken for either end of the day.
            let hour_words = cardinal_fa(if hour == 0 { 0 } else { twelve });
            match minute {
                0 => format!("{hour_words} {part}"),
                15 if hour > 0 => format!("{hour_words} و ربع {part}"),
                30 if hour > 0 => format!("{hour_words} و نیم {part}"),
                _ => format!("{hour_words} و {} دقیقهٔ {part}", cardinal_fa(minute)),
            }
        }
        Tongue::English => {
            let part = match hour {
                0 if minute == 0 => return "midnight".to_owned(),
                12 if minute == 0 => return "noon".to_owned(),
                0 | 22..24 => "at night",
                1..12 => "in the morning",
                12..18 => "in the afternoon",
                _ => "in the evening",
            };
            let hour = cardinal_en(twelve);
            match minute {
                0 => format!("{hour} o'clock {part}"),
                1..10 => format!("{hour} oh {} {part}", cardinal_en(minute)),
                _ => format!("{hour} {} {part}", cardinal_en(minute)),
            }
        }
    }
}

fn apart(said: &mut String) {
    if said.ends_with(|c: char| !c.is_whitespace()) {
        said.push(' ');
    }
}

/// Letters and what makes a voice pause; a few signs have words; the others are a space.
fn push_letter(said: &mut String, lang: &str, c: char) {
    let comma = crate::calendar::list_comma(lang);
    match c {
        '%' | '٪' => match tongue(lang) {
            Some(Tongue::Persian) => said.push_str(" درصد "),
            Some(Tongue::English) => said.push_str(" percent "),
            None => said.push(' '),
        },
        '&' => match tongue(lang) {
            Some(Tongue::Persian) => said.push_str(" و "),
            Some(Tongue::English) => said.push_str(" and "),
            None => said.push(' '),
        },
        '–' | '—' | '/' | '|' | '…' => said.push_str(comma),
        '.' | ',' | '!' | '?' | ':' | ';' | '،' | '؛' | '؟' | '\'' | '’' | '\u{200c}' | '-' | '\u{300}'..='\u{36f}' =>
        {
            said.push(c);
        }
        _ if c.is_alphabetic() => said.push(c),
        _ => said.push(' '),
    }
}

/// One space between words, none before a pause, one pause at a time, no pause at the beginning; hyphens and the like only
/// inside of words.
fn tidy(text: &str) -> String {
    let pause = |c: char| matches!(c, '.' | ',' | '!' | '?' | ':' | ';' | '،' | '؛' | '؟');
    let mut tidy = String::with_capacity(text.len());
    let mut apart = false;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let joins = matches!(c, '-' | '\'' | '’' | '\u{200c}');
        if c.is_whitespace() {
            apart = true;
        } else if pause(c) {
            if tidy.ends_with(|last: char| !pause(last)) {
                tidy.push(c);
            }
            apart = true;
        } else if !joins || (!apart && !tidy.is_empty() && rest.peek().is_some_and(|next| next.is_alphabetic())) {
            if apart && !tidy.is_empty() {
                tidy.push(' ');
            }
            apart = false;
            tidy.push(c);
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        for (number, fa, en) in [
            ("0", "صفر", "zero"),
            ("7", "هفت", "seven"),
            ("20", "بیست", "twenty"),
            ("93", "نود و سه", "ninety-three"),
            ("100", "صد", "one hundred"),
            ("137", "صد و سی و هفت", "one hundred and thirty-seven"),
            ("1000", "هزار", "one thousand"),
            ("1405", "هزار و چهارصد و پنج", "one thousand four hundred and five"),
            ("2,000,016", "دو میلیون و شانزده", "two million and sixteen"),
            ("12,345", "دوازده هزار و سیصد و چهل و پنج", "twelve thousand three hundred and forty-five"),
            ("1.93", "یک ممیز نود و سه صدم", "one point nine three"),
            ("0.5", "صفر ممیز پنج دهم", "zero point five"),
            ("1.50", "یک ممیز پنج دهم", "one point five"),
            ("007", "صفر صفر هفت", "zero zero seven"),
            ("08132", "صفر هشت یک سه دو", "zero eight one three two"),
            ("1.2.3", "یک، دو، سه", "one, two, three"),
            ("-12", "منفی دوازده", "minus twelve"),
        ] {
            assert_eq!(spoken("fa", number), fa, "{number}");
            assert_eq!(spoken("en", number), en, "{number}");
            assert_eq!(spoken("fa", &digits("fa", number)), fa, "{number}");
        }
        assert_eq!(spoken("ckb", "پرد ٣"), "پرد ٣", "a voice of that language reads its digits");
    }

    #[test]
    fn times_of_day_are_said_as_people_say_them() {
        for (clock, fa, en) in [
            ("00:00", "صفر بامداد", "midnight"),
            ("00:30", "صفر و سی دقیقهٔ بامداد", "twelve thirty at night"),
            ("04:15", "چهار و ربع بامداد", "four fifteen in the morning"),
            ("07:30", "هفت و نیم صبح", "seven thirty in the morning"),
            ("12:00", "دوازده ظهر", "noon"),
            ("13:05", "یک و پنج دقیقهٔ بعدازظهر", "one oh five in the afternoon"),
            ("17:10", "پنج و ده دقیقهٔ عصر", "five ten in the afternoon"),
            ("21:00", "نه شب", "nine o'clock in the evening"),
            ("25:00", "بیست و پنج، صفر صفر", "two five, zero zero"),
        ] {
            if clock != "25:00" {
                assert_eq!(spoken("fa", clock), fa, "{clock}");
            }
            assert_eq!(spoken("en", clock), en, "{clock}");
        }
    }

    #[test]
    fn days_of_the_month_are_said_as_people_say_them() {
        let fa = [1, 2, 3, 4, 13, 20, 21, 23, 30, 31].map(ordinal_fa);
        assert_eq!(
            fa,
            ["اول", "دوم", "سوم", "چهارم", "سیزدهم", "بیستم", "بیست و یکم", "بیست و سوم", "سی‌ام", "سی و یکم"]
        );
        let en = [1, 2, 3, 5, 8, 9, 12, 13, 20, 21, 30].map(ordinal_en);
        let expected = [
            "first",
            "second",
            "third",
            "fifth",
            "eighth",
            "ninth",
            "twelfth",
            "thirteenth",
            "twentieth",
            "twenty-first",
            "thirtieth",
        ];
        assert_eq!(en, expected);
    }

    #[test]
    fn what_no_voice_can_read_is_left_out() {
        assert_eq!(
            spoken("en", "Roads & paths (50% icy) – see https://example.org/a?b=1 or www.example.org. “Help”: 🆘"),
            "Roads and paths fifty percent icy, see or Help:"
        );
        assert_eq!(spoken("fa", "\u{2068}شهرک Ekbatan\u{2069} / فاز ۲ ."), "شهرک Ekbatan، فاز دو.");
        assert_eq!(spoken("fa", "می‌شود"), "می‌شود", "the half-space stays");
        assert_eq!(telephone("fa", "081-3251"), "صفر هشت یک، سه دو پنج یک");
        assert_eq!(telephone("en", "137 or 115"), "one hundred and thirty-seven or one hundred and fifteen");
    }

    proptest! {
        #[test]
        fn any_text_becomes_words_and_pauses_and_stays_so(text in "[آ-ی0-9۰-۹a-zé .,:/%()\u{2068}\u{2069}\u{202e}\u{200c}🌊=@#-]{0,60}") {
            for lang in ["fa", "en"] {
                let said = spoken(lang, &text);
                let odd = |c: char| !(c.is_alphabetic() || " .,:،-\u{200c}".contains(c)) || digit_value(c).is_some();
                prop_assert!(!said.contains(odd), "{:?}", said);
                prop_assert_eq!(spoken(lang, &said), said);
            }
        }
    }
}
