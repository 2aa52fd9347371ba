//! The invented people of the demo: two officers, an operator, two mentors, forty helpers of whom ten are minors.
//! Registered by `demo::prepare` through the rooms that register everybody.
//! Names are common ones and numbers are from no operator's range; nobody real is meant.

/// A helper of the demo.
#[derive(Clone, Copy, Debug)]
pub struct Invented {
    /// Persian name.
    pub name: &'static str,
    /// Zone on the sample map.
    pub zone: &'static str,
    /// BCP 47.
    pub language: &'static str,
    /// Under 18: has one of the two mentors.
    pub minor: bool,
}

const fn adult(name: &'static str, zone: &'static str) -> Invented {
    Invented { name, zone, language: "fa", minor: false }
}

const fn minor(name: &'static str, zone: &'static str) -> Invented {
    Invented { name, zone, language: "fa", minor: true }
}

const fn english(name: &'static str, zone: &'static str) -> Invented {
    Invented { name, zone, language: "en", minor: false }
}

/// The two mentors; each looks after five of the minors.
pub const MENTORS: [Invented; 2] = [adult("پروانه کریمی", "motekhassesin"), adult("حمید سعیدی", "bu-ali")];

/// The forty helpers.
pub const HELPERS: [Invented; 40] = [
    adult("علی رضایی", "moradbeyg"),
    adult("زهرا محمدی", "moradbeyg"),
    minor("آرش نوری", "moradbeyg"),
    adult("محمد حسینی", "motekhassesin"),
    adult("فاطمه احمدی", "motekhassesin"),
    minor("نگار صادقی", "motekhassesin"),
    adult("رضا کاظمی", "kuy-ostadan"),
    adult("مریم جعفری", "kuy-ostadan"),
    minor("پارسا رستمی", "kuy-ostadan"),
    english("Daniel Petrosyan", "daneshgah"),
    adult("لیلا موسوی", "daneshgah"),
    adult("حسن قاسمی", "etemadieh"),
    adult("سمیه رحیمی", "etemadieh"),
    minor("ستایش اکبری", "saeedieh"),
    adult("مهدی ابراهیمی", "saeedieh"),
    adult("اعظم نظری", "bu-ali"),
    adult("جواد حیدری", "bu-ali"),
    minor("امیرعلی ملکی", "bu-ali"),
    adult("نرگس یوسفی", "imam-square"),
    adult("سعید شریفی", "imam-square"),
    adult("طاهره زمانی", "bazaar"),
    adult("اکبر بهرامی", "bazaar"),
    minor("هستی مرادی", "julan"),
    adult("کبری طاهری", "julan"),
    adult("یعقوب سلیمانی", "kababian"),
    adult("سکینه فتحی", "kababian"),
    minor("ماهان عزیزی", "baba-taher"),
    english("Anahit Sarkisian", "baba-taher"),
    adult("ناصر خسروی", "hesar"),
    adult("معصومه داودی", "hesar"),
    adult("قدرت اسدی", "khidr"),
    minor("یلدا کرمی", "khidr"),
    adult("منصور بیگی", "hegmataneh"),
    adult("شهلا امینی", "charmsazi"),
    minor("بنیامین صفری", "shokrieh"),
    adult("ایرج شاکری", "dizaj"),
    adult("فرشته هاشمی", "hesar-emam"),
    adult("بهرام ولی‌پور", "abbasabad-ganjnameh"),
    minor("رها جلالی", "maryanaj"),
    adult("یوسف گودرزی", "asadabad-pass"),
];

/// What citizens write while the water rises: minute after the cloudburst, sender, words.
pub const TEXT_MESSAGES: [(f64, &str, &str); 5] = [
    (9.0, "09990000201", "سلام، آب رودخانه مرادبیگ خیلی بالا اومده، کنار دره مرادبیگ"),
    (13.0, "09990000202", "سیل توی کوی متخصصین، حدود ۳۰ سانت آب تو کوچه‌ست"),
    (16.0, "۰۹۹۹۰۰۰۰۲۰۳", "پل کمربندی مرادبیگ رو آب گرفته ۵۰ سانت"),
    (19.0, "09990000204", "آب رسیده به خیابان بوعلی، ماشین‌ها گیر کردن"),
    (22.0, "09990000205", "میدان امام داره آب میگیره، عمق ۲۰ سانتی متر"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_the_forty_are_minors_and_every_zone_is_on_the_map() {
        assert_eq!(HELPERS.iter().filter(|helper| helper.minor).count(), 10);
        let city = maps::City::sample();
        for helper in HELPERS.iter().chain(&MENTORS) {
            assert!(city.leaves().any(|zone| zone.code.as_str() == helper.zone), "{}", helper.zone);
        }
    }

    #[test]
    fn every_text_message_names_a_place_of_the_map() {
        let city = maps::City::sample();
        for (_, _, words) in TEXT_MESSAGES {
            assert!(city.locate_in_text(words).is_some(), "{words}");
        }
    }
}
