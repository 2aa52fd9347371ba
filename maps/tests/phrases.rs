//! What people write about where they are, as the desk of the sample city would get it: crossings, between, opposite, before, on the way to.
//! Run by `cargo nextest run -p hamyar-maps`.
//! Every text says which place is meant and how near the answer must come; what can't be known must come out with a low score.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use maps::{City, Located, LocatedBy, Position, Relation};

std::thread_local! {
    static CITY: &'static City = Box::leak(Box::new(City::sample()));
}

fn city() -> &'static City {
    CITY.with(|city| *city)
}

fn located(text: &str) -> Located {
    city().locate_in_text(text).unwrap_or_else(|| panic!("nowhere: {text}"))
}

fn place(code: &str) -> Position {
    city().place(&maps::PlaceCode::new(code).unwrap()).unwrap().position
}

/// The middle of the point of the road's line that is nearest.
fn metres_to_road(code: &str, from: Position) -> f64 {
    let roads = city().roads().iter().filter(|road| road.code.as_str().starts_with(code));
    let points = roads.flat_map(|road| {
        road.line
            .lines()
            .flat_map(|line| (0..=20).map(move |part| line.start + (line.end - line.start) * (f64::from(part) / 20.0)))
    });
    points.map(|at| from.metres_to(Position::new(at.x, at.y).unwrap())).fold(f64::INFINITY, f64::min)
}

#[test]
fn crossings_of_two_streets_are_where_they_meet() {
    for (text, one, other) in [
        ("تقاطع شریعتی و کمربندی میانی آب بالا زده", "shariati", "inner-ring"),
        ("تصادف شده تقاطع خیابان باباطاهر با کمربندی شهر", "baba-taher", "outer-ring"),
        ("چهارراه مهدیه و تختی رو آب گرفته", "mahdieh", "takhti"),
        ("چهار راه کبابيان و تختي يخ زده", "kababian", "takhti"),
        ("خیابان مهدیه، تقاطع تختی", "mahdieh", "takhti"),
        ("نبش خیابان تختی و کمربندی شهر", "takhti", "outer-ring"),
        ("شهدا تقاطع کمربندی میانی برف مانده", "shohada", "inner-ring"),
        ("corner of Takhti and Mahdieh is flooded", "takhti", "mahdieh"),
        ("Shariati and Inner Ring intersection", "shariati", "inner-ring"),
        ("the junction of Baba Taher Street & City Ring Road", "baba-taher", "outer-ring"),
        ("car stuck at crossing of Ekbatan St / Inner Ring", "ekbatan", "inner-ring"),
    ] {
        let found = located(text);
        assert!(matches!(found.by, LocatedBy::Crossing { .. }), "{text}: {found:?}");
        assert!(found.score >= 0.75, "{text}: {found:?}");
        for code in [one, other] {
            let off = metres_to_road(code, found.position);
            assert!(off <= 30.0, "{text}: {off} m from {code}; {found:?}");
        }
        assert!(found.accuracy_m <= 300.0 && found.zone.is_some(), "{text}: {found:?}");
    }
}

#[test]
fn streets_that_meet_in_a_square_cross_there() {
    let square = place("sq-imam");
    for text in ["تقاطع بوعلی و شریعتی", "تقاطع خیابون بوعلی با خیابون شریعتی", "crossing of Bu-Ali and Shariati"]
    {
        let found = located(text);
        assert!(matches!(found.by, LocatedBy::Crossing { .. }), "{text}: {found:?}");
        assert!(found.position.metres_to(square) <= found.accuracy_m.max(150.0), "{text}: {found:?}");
    }
}

#[test]
fn between_two_places_is_in_the_middle() {
    for (text, one, other) in [
        ("بین میدان جهاد و پل بوعلی", "sq-jahad", "br-bu-ali"),
        ("آب گرفتگی حد فاصل میدان فلسطین تا پل شهدا", "sq-felestin", "br-shohada"),
        ("مابین میدان عاشورا و پل تختی", "sq-ashura", "br-takhti"),
        ("از میدان پاسداران تا میدان عاشورا یخبندان است", "sq-pasdaran", "sq-ashura"),
        ("flooding between Jahad Square and Bu-Ali Bridge", "sq-jahad", "br-bu-ali"),
    ] {
        let found = located(text);
        assert!(matches!(found.by, LocatedBy::Between { .. }), "{text}: {found:?}");
        let (to_one, to_other) = (found.position.metres_to(place(one)), found.position.metres_to(place(other)));
        assert!((to_one - to_other).abs() < 5.0, "{text}: {to_one} and {to_other} m");
        assert!((found.accuracy_m - to_one).abs() < 5.0 || found.accuracy_m <= 75.0, "{text}: {found:?}");
        assert!(found.score >= 0.65, "{text}: {found:?}");
    }
}

#[test]
fn between_on_a_street_is_on_that_street() {
    for text in [
        "خیابان بوعلی بین آرامگاه بوعلی سینا و میدان جهاد",
        "خیابون بوعلی حدفاصل میدان بوعلی تا میدان جهاد پر آب شده",
        "between Bu-Ali Square and Jahad Square on Bu-Ali Street",
    ] {
        let found = located(text);
        let LocatedBy::Between { street: Some(street), .. } = &found.by else { panic!("{text}: {found:?}") };
        assert_eq!(street.as_str(), "st-bu-ali");
        assert!(metres_to_road("bu-ali", found.position) < 15.0, "{text}: {found:?}");
        let (one, other) = (found.position.metres_to(place("sq-bu-ali")), found.position.metres_to(place("sq-jahad")));
        let apart = place("sq-bu-ali").metres_to(place("sq-jahad"));
        assert!(one < apart && other < apart, "{text}: {one} and {other} m of {apart}");
        assert!(found.score >= 0.7, "{text}: {found:?}");
    }
}

#[test]
fn relations_keep_the_place_and_say_how_far_off_it_may_be() {
    use Relation::{After, At, Before, Behind, Beside, Near, Opposite};
    for (text, code, relation) in [
        ("میدان باباطاهر یخ زده", "sq-baba-taher", At),
        ("نزدیک بیمارستان بعثت", "hosp-besat", Near),
        ("حوالی میدان فلسطین آب بالاست", "sq-felestin", Near),
        ("کنار پل شهدا دیوار ریخته", "br-shohada", Beside),
        ("جنب ورزشگاه تختی", "shelter-takhti", Beside),
        ("جلوی شهرداری مرکزی برف سنگینه", "city-hall", Beside),
        ("روبروی بیمارستان سینا", "hosp-sina", Opposite),
        ("روبه‌روی دانشگاه بوعلی سینا", "uni-bu-ali", Opposite),
        ("رو به روي ترمینال", "bus-terminal", Opposite),
        ("مقابل مسجد جامع همدان", "grand-mosque", Opposite),
        ("پشت بیمارستان فرشچیان", "hosp-farshchian", Behind),
        ("نرسیده به پل مرکزی", "br-central", Before),
        ("نرسيده به ميدان جهاد", "sq-jahad", Before),
        ("قبل از میدان عاشورا", "sq-ashura", Before),
        ("بعد از میدان پاسداران", "sq-pasdaran", After),
        ("بالاتر از میدان هگمتانه", "sq-hegmataneh", After),
        ("water near Besat Hospital", "hosp-besat", Near),
        ("next to the Grand Bazaar", "bazaar-main", Beside),
        ("opposite Sina Hospital", "hosp-sina", Opposite),
        ("across from the Bus Terminal", "bus-terminal", Opposite),
        ("behind Farshchian Hospital", "hosp-farshchian", Behind),
        ("just before Central Bridge", "br-central", Before),
        ("past Jahad Square", "sq-jahad", After),
    ] {
        let found = located(text);
        let LocatedBy::Place { place: found_place, relation: found_relation, .. } = &found.by else {
            panic!("{text}: {found:?}")
        };
        assert_eq!((found_place.as_str(), *found_relation), (code, relation), "{text}");
        assert!(found.score >= 0.7, "{text}: {found:?}");
        assert!(found.position.metres_to(place(code)) <= found.accuracy_m, "{text}: {found:?}");
        let loose = matches!(relation, Near | Before | After);
        assert_eq!(
            found.accuracy_m >= 250.0,
            loose || code == "bazaar-main" || code == "uni-bu-ali",
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_street_and_a_place_on_it_are_one_spot() {
    for (text, street, code) in [
        ("خیابان تختی روبروی میدان عاشورا", "st-takhti", "sq-ashura"),
        ("خیابان شریعتی نرسیده به چهارراه شریعتی", "st-shariati", "sq-shariati"),
        ("خیابون شهدا بعد از میدون فلسطین", "st-shohada", "sq-felestin"),
        ("خیابان بوعلی، کنار آرامگاه بوعلی سینا", "st-bu-ali", "tomb-bu-ali"),
        ("بلوار جهان‌نما جنب دانشگاه علوم پزشکی", "st-jahan-nama", "uni-medical"),
        ("opposite the Avicenna Mausoleum on Bu-Ali Street", "st-bu-ali", "tomb-bu-ali"),
        ("Takhti Street, next to Ashura Square", "st-takhti", "sq-ashura"),
    ] {
        let found = located(text);
        let LocatedBy::Place { place: on, street: Some(found_street), .. } = &found.by else {
            panic!("{text}: {found:?}")
        };
        assert_eq!((found_street.as_str(), on.as_str()), (street, code), "{text}");
        assert!(found.score >= 0.8 && found.position.metres_to(place(code)) < 400.0, "{text}: {found:?}");
        assert!(metres_to_road(&street[3..], found.position) < 15.0, "{text}: {found:?}");
    }
}

#[test]
fn a_place_that_is_not_on_the_named_street_is_doubted() {
    // Besat Hospital lies in the east, Takhti Street in the west.
    let found = located("خیابان تختی روبروی بیمارستان بعثت");
    assert!(found.score < 0.7, "{found:?}");
    let agreed = located("روبروی بیمارستان بعثت");
    assert!(found.score < agreed.score - 0.2);
}

#[test]
fn ends_and_middle_of_a_street_are_far_apart() {
    let (start, end) = (located("اول خیابان بوعلی"), located("انتهای خیابان بوعلی"));
    assert!(start.position.metres_to(place("sq-imam")) < 250.0, "{start:?}");
    assert!(end.position.metres_to(place("sq-imam")) > 4_000.0, "{end:?}");
    let whole = located("خیابان بوعلی");
    assert!(whole.accuracy_m > 1_500.0 && start.accuracy_m < whole.accuracy_m, "a street is long: {whole:?}");
    assert!(matches!(start.by, LocatedBy::Place { relation: Relation::Start, .. }));
    assert!(located("the end of Takhti Street").position.metres_to(place("sq-imam")) > 4_000.0);
    assert!(located("وسط خیابان تختی").position.metres_to(place("sq-imam")) > 1_000.0);
}

#[test]
fn where_somebody_is_going_is_not_where_they_are() {
    let toward = located("به سمت میدان جهاد");
    assert!(toward.score < 0.6 && toward.accuracy_m >= 2_000.0, "{toward:?}");
    for text in ["جاده تهران به سمت میدان امام برف سنگین", "گیر کردیم پل تختی به طرف بیمارستان بعثت"]
    {
        let found = located(text);
        let LocatedBy::Place { place, .. } = &found.by else { panic!("{text}: {found:?}") };
        assert!(matches!(place.as_str(), "st-tehran-road" | "br-takhti"), "{text}: {found:?}");
    }
}

#[test]
fn what_cannot_be_known_scores_low() {
    for text in [
        // A crossing with a street that nobody knows.
        "تقاطع شریعتی و خیابان هنرستان",
        "چهارراه بوعلی و گلستان",
        "intersection of Shariati and Elm",
        // Two places at two ends of the city, and nothing that joins them.
        "تو کبابیان برق رفته دیزج هم رفته",
        "مریانج و جورقان",
        // Streets that run nowhere near each other.
        "تقاطع بلوار ارم و خیابان تختی",
        // The boulevard meets the ring twice, far apart.
        "تقاطع بلوار ارم و کمربندی شهر",
        // Between the two ends of the city is nowhere.
        "بین مریانج و جورقان",
        // Only the way there.
        "به سمت گنج‌نامه",
    ] {
        let score = city().locate_in_text(text).map_or(0.0, |located| located.score);
        assert!(score < 0.6, "{text}: {score}");
    }
}

#[test]
fn two_names_that_belong_together_confirm_each_other() {
    let alone = located("جولان");
    let both = located("محله جولان، دبستان جولان");
    let LocatedBy::Place { place, .. } = &both.by else { panic!("{both:?}") };
    assert_eq!(place.as_str(), "school-julan", "the school says more than the neighbourhood around it");
    assert!(both.score > alone.score && both.accuracy_m < alone.accuracy_m);
    // Of a street and the neighbourhood that it passes, the part in it.
    let street = located("کبابیان خیابان تختی");
    assert!(metres_to_road("takhti", street.position) < 15.0, "{street:?}");
    assert!(street.accuracy_m < located("خیابان تختی").accuracy_m);
}

#[test]
fn letters_of_one_sound_and_other_ways_to_write_persian_are_forgiven() {
    for (text, code) in [
        ("بیمارستان بعصت", "hosp-besat"),
        ("بیمارستان بعثط", "hosp-besat"),
        ("میدان فلصطین", "sq-felestin"),
        ("ميدان عاشورا", "sq-ashura"),
        ("میدان قاعم", "sq-qaem"),
        ("Besaat Hospital", "hosp-besat"),
        ("Baba Tahir Square", "sq-baba-taher"),
        ("Meydan Imam", "sq-imam"),
        ("Felesteen Square", "sq-felestin"),
    ] {
        let found = located(text);
        let LocatedBy::Place { place, .. } = &found.by else { panic!("{text}: {found:?}") };
        assert_eq!(place.as_str(), code, "{text}");
        assert!(found.score >= 0.6, "{text}: {found:?}");
        let exact = city().search(&city().place(place).unwrap().name["fa"], 1)[0].score;
        assert!((exact - 1.0).abs() < 1e-9);
    }
}

#[test]
fn streets_that_only_the_roads_know_are_found_by_name() {
    // No place of the gazetteer stands for it.
    let found = located("خیابان اصلی پاستور رو آب گرفته");
    let LocatedBy::Place { place, .. } = &found.by else { panic!("{found:?}") };
    assert_eq!(place.as_str(), "main-pastur");
    let searched = &city().search("Pastur Main Street", 1)[0];
    assert_eq!((searched.place.code.as_str(), searched.place.kind), ("main-pastur", maps::PlaceKind::Street));
    // A piece of road and a neighbourhood may bear one code; what is found still has a code of its own.
    let codes: Vec<_> = city().search("خیابان", 100).into_iter().map(|found| found.place.code).collect();
    let mut once = codes.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), codes.len());
}
