//! Finds the place that a free text means: coordinates and links to maps here, names of places and streets in `mention`.
//! Called for every report that has no position of its own, and by the desk while it writes down a call.
//! Reads a bounded part of the text, never fails, and says what it went by, how sure it is and how far off it may be.

use crate::{City, Located, LocatedBy, Position, latin_digits};

/// Longest text that is read, in characters: more than the longest chain of SMS parts that gateways join.
const TEXT_LENGTH_MAX: usize = 2_000;

/// How far off a position may be that a telephone or a link gave, metres. Source: ours; a telephone under open sky is right to about 10 m.
const COORDINATES_REACH_M: f64 = 30.0;

/// Coordinates this many degrees outside the box of the zones are still taken for a report of this city.
const NEAR_DEGREES: f64 = 0.5;

impl City {
    /// The place that a text means, or none.
    ///
    /// In this order: a `geo:` URI (RFC 5870), a link to a map service, and a pair of decimal degrees (latitude first, or the other
    /// way where only that lies in the city), each with digits of any of the three alphabets, if near the city; then names of places, zones
    /// and streets, with what is said about them: a crossing, between two, on a street opposite something; at last coordinates far away,
    /// with a score of 0.3. What is said badly, twice over, or about two places far apart, scores low. Cost: linear in words times names.
    ///
    /// ```
    /// # let city = maps::City::sample();
    /// let located = city.locate_in_text("آب تو خیابون بوعلی بالا اومده").unwrap();
    /// assert!(matches!(located.by, maps::LocatedBy::Place { place, .. } if place.as_str() == "st-bu-ali"));
    /// let located = city.locate_in_text("تقاطع شریعتی و کمربندی میانی").unwrap();
    /// assert!(matches!(located.by, maps::LocatedBy::Crossing { .. }) && located.accuracy_m < 150.0);
    /// let located = city.locate_in_text("اینجا آب بالا اومده ۳۴٫۷۹۸۳، ۴۸٫۵۱۴۸").unwrap();
    /// assert_eq!(located.position, maps::Position::new(48.5148, 34.7983).unwrap());
    /// ```
    pub fn locate_in_text(&self, text: &str) -> Option<Located> {
        let text: String = text.chars().take(TEXT_LENGTH_MAX).collect();
        let coordinates = self.coordinates_in(&latin_digits(&text));
        match coordinates {
            Some(located) if self.is_near(located.position) => Some(located),
            far => self.name_in(&text).or(far.map(|located| Located { score: 0.3, ..located })),
        }
    }

    fn coordinates_in(&self, text: &str) -> Option<Located> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = lower.find("geo:") {
            let uri = lower[at + 4..].split(char::is_whitespace).next().unwrap_or_default();
            if let Some(pair) = pairs(uri, 3).first() {
                // RFC 5870 fixes the order; nothing is guessed.
                if let Ok(position) = Position::new(pair.second, pair.first) {
                    return Some(self.located(position, 1.0, LocatedBy::GeoUri));
                }
            }
        }
        for link in lower
            .split(char::is_whitespace)
            .filter(|word| word.contains("http://") || word.contains("https://") || word.contains("www."))
        {
            let link = link.replace("%2c", ",").replace("%20", " ");
            let mut pairs = pairs(&link, 14);
            pairs.retain(|pair| pair.places >= 2);
            // Google's place (!3d…!4d…) is better than its view (@…), which stands first.
            pairs.sort_by_key(|pair| !pair.between.contains("!4d"));
            for pair in &pairs {
                let lat_second = pair.between.contains("lat") || pair.between.contains("!3d");
                let settled = if lat_second {
                    Position::new(pair.first, pair.second).ok()
                } else {
                    self.settle(pair.first, pair.second)
                };
                if let Some(position) = settled {
                    return Some(self.located(position, 0.95, LocatedBy::MapLink));
                }
            }
        }
        let bare =
            pairs(&lower, 8).into_iter().filter(|pair| pair.places >= 2 && pair.between.chars().all(may_stand_between));
        bare.filter_map(|pair| self.settle(pair.first, pair.second))
            .find(|position| self.is_near(*position))
            .map(|position| self.located(position, 0.9, LocatedBy::Coordinates))
    }

    /// Latitude first, unless only the other order lies near the city.
    fn settle(&self, first: f64, second: f64) -> Option<Position> {
        let usual = Position::new(second, first).ok();
        let turned = Position::new(first, second).ok().filter(|position| self.is_near(*position));
        match usual {
            Some(position) if self.is_near(position) => Some(position),
            usual => turned.or(usual),
        }
    }

    fn is_near(&self, position: Position) -> bool {
        let bounds = self.bounds();
        (bounds.min().x - NEAR_DEGREES..=bounds.max().x + NEAR_DEGREES).contains(&position.lon())
            && (bounds.min().y - NEAR_DEGREES..=bounds.max().y + NEAR_DEGREES).contains(&position.lat())
    }

    fn located(&self, position: Position, score: f64, by: LocatedBy) -> Located {
        let zone = self.zone_at(position).map(|zone| zone.code.clone());
        Located { position, zone, score, accuracy_m: COORDINATES_REACH_M, by }
    }
}

/// May stand between the two numbers of a bare pair.
fn may_stand_between(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(letter, ',' | '،' | ';' | '؛' | '/' | '|' | '°' | 'n' | 'e' | '\u{200E}' | '\u{200F}')
}

/// Two decimal numbers that stand close together.
struct Pair<'a> {
    first: f64,
    second: f64,
    /// The fewer decimal places of the two.
    places: usize,
    between: &'a str,
}

/// All neighbouring decimal numbers with at most `gap_max` characters between them.
fn pairs(text: &str, gap_max: usize) -> Vec<Pair<'_>> {
    let numbers = decimal_numbers(text);
    numbers
        .windows(2)
        .filter_map(|two| {
            let [(first, first_places, _, end), (second, second_places, start, _)] = two else { return None };
            let between = &text[*end..*start];
            (between.chars().count() <= gap_max && !between.is_empty()).then_some(Pair {
                first: *first,
                second: *second,
                places: (*first_places).min(*second_places),
                between,
            })
        })
        .collect()
}

/// Numbers with at least one decimal: value, decimal places, and where they start and end in bytes.
fn decimal_numbers(text: &str) -> Vec<(f64, usize, usize, usize)> {
    let bytes = text.as_bytes();
    let mut numbers = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = if at > 0 && bytes[at - 1] == b'-' { at - 1 } else { at };
        let whole = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let has_point = at + 1 < bytes.len() && bytes[at] == b'.' && bytes[at + 1].is_ascii_digit();
        if !has_point {
            continue;
        }
        let point = at;
        at += 1;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        // Degrees have at most three digits before the point; a version or an address has another point behind.
        let dotted = at + 1 < bytes.len() && bytes[at] == b'.' && bytes[at + 1].is_ascii_digit();
        if point - whole <= 3 && !dotted && at - point <= 18 {
            // All bytes of the number are ASCII, so the cut is on letters' borders.
            if let Ok(value) = text[start..at].parse() {
                numbers.push((value, at - point - 1, start, at));
            }
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(city: &City, text: &str) -> String {
        match city.locate_in_text(text) {
            Some(Located { by: LocatedBy::Place { place, .. }, .. }) => place.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn people_write_as_they_speak() {
        let city = City::sample();
        for (text, code) in [
            ("آب تو خیابون بوعلی بالا اومده", "st-bu-ali"),
            ("سلام. رودخونه زير پل مركزي داره سرريز ميكنه", "br-central"),
            ("کوچه پشت بیمارستان بعثت پر آب شده کمک کنید", "hosp-besat"),
            ("تو محله کبابیان برق رفته و آب اومده تو زیرزمین", "kababian"),
            ("میدون امام یخ زده", "sq-imam"),
            ("گردنه اسداباد بسته شده برف سنگین", "pass-shelter"),
            ("سیل توی شهرک فرهنگیان", "shahrak-farhangian"),
            ("دره مرادبيگ آب زیاد شده", "moradbeyg"),
            ("water is rising near Bu-Ali Street please help", "st-bu-ali"),
            ("جولان", "julan"),
            ("نزديك ترمينال ماشينها گير كردن", "bus-terminal"),
            ("بیمارستان فرشچیانو آب گرفت", "hosp-farshchian"),
            ("کوی اساتید برف زیاده", "kuy-ostadan"),
            ("نزدیک پل بوعلیه", "br-bu-ali"),
        ] {
            assert_eq!(place(&city, text), code, "{text}");
        }
    }

    #[test]
    fn a_text_without_a_place_gives_none() {
        let city = City::sample();
        for text in [
            "",
            "سلام",
            "خیابان پر آب شده",
            "کمک کنید لطفا",
            "۱",
            "شماره من 09181234567 است",
            "137",
            "خیابان شهید بهشتی",
            "گردنه بسته است",
        ] {
            assert_eq!(city.locate_in_text(text), None, "{text}");
        }
    }

    #[test]
    fn coordinates_are_read_in_every_dress() {
        let city = City::sample();
        for (text, by) in [
            ("geo:34.7983,48.5148;u=35", LocatedBy::GeoUri),
            ("اینجا GEO:34.7983,48.5148?z=16 آب اومده", LocatedBy::GeoUri),
            ("34.7983,48.5148", LocatedBy::Coordinates),
            ("موقعیت ۳۴٫۷۹۸۳ ، ۴۸٫۵۱۴۸ است", LocatedBy::Coordinates),
            ("٣٤.٧٩٨٣ ٤٨.٥١٤٨", LocatedBy::Coordinates),
            ("48.5148, 34.7983", LocatedBy::Coordinates),
            ("34.7983° N, 48.5148° E", LocatedBy::Coordinates),
            ("https://maps.google.com/?q=34.7983,48.5148", LocatedBy::MapLink),
            ("https://maps.google.com/?q=34.7983%2C48.5148", LocatedBy::MapLink),
            ("https://www.google.com/maps/place/x/@34.70,48.40,15z/data=!3d34.7983!4d48.5148", LocatedBy::MapLink),
            ("https://www.openstreetmap.org/?mlat=34.7983&mlon=48.5148#map=15/34.70/48.40", LocatedBy::MapLink),
            ("https://www.openstreetmap.org/#map=15/34.7983/48.5148", LocatedBy::MapLink),
            ("https://nshn.ir/?lat=34.7983&lng=48.5148", LocatedBy::MapLink),
            ("https://balad.ir/location?latitude=34.7983&longitude=48.5148", LocatedBy::MapLink),
            ("https://yandex.com/maps/?ll=48.5148%2C34.7983&z=14", LocatedBy::MapLink),
        ] {
            let located = city.locate_in_text(text).unwrap_or_else(|| panic!("nothing in {text}"));
            assert_eq!(located.by, by, "{text}");
            assert_eq!(located.position, Position::new(48.5148, 34.7983).unwrap(), "{text}");
            assert!(located.zone.is_some());
        }
    }

    #[test]
    fn numbers_that_are_no_place_are_left_alone() {
        let city = City::sample();
        for text in
            ["قیمت 12.50 و 13.75 تومان", "آب 1.20 متر، دیروز 0.85 متر", "نسخه 34.79.48.51", "192.168.10.20 10.20.30.40"]
        {
            assert_eq!(city.locate_in_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_in_the_city_beats_coordinates_far_away() {
        let city = City::sample();
        assert_eq!(place(&city, "geo:35.6892,51.3890 میدان امام"), "sq-imam");
        let far = city.locate_in_text("geo:35.6892,51.3890").unwrap();
        assert_eq!((far.zone, far.score, far.by), (None, 0.3, LocatedBy::GeoUri));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "(\\PC{0,20}|geo:|https://|[-0-9۰-۹.,،/!=&@% ]{0,30}|میدان|[ا-ی ]{0,20}){0,8}") {
            let city = CITY.with(std::rc::Rc::clone);
            if let Some(located) = city.locate_in_text(&text) {
                prop_assert!((0.0..=1.0).contains(&located.score));
            }
            for found in city.search(&text, 5) {
                prop_assert!((0.5..=1.0).contains(&found.score));
            }
        }
    }

    std::thread_local! {
        static CITY: std::rc::Rc<City> = std::rc::Rc::new(City::sample());
    }
}
