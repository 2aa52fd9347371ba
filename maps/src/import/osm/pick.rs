//! What an element of OpenStreetMap is to a city, by its tags.
//! Called by `read` for every element with tags.
//! Meanings are those of wiki.openstreetmap.org; what the city's own readers do not know is never made.

use serde_json::{Map, Value, json};

use super::super::mapping::{aliases, language_of};
use super::pbf::Tags;
use crate::{PlaceKind, RoadClass};

pub(super) fn tag<'a>(tags: &Tags<'a>, key: &str) -> Option<&'a str> {
    tags.iter().find(|(there, _)| *there == key).map(|(_, value)| *value).filter(|value| !value.is_empty())
}

fn is(tags: &Tags<'_>, key: &str) -> bool {
    tag(tags, key).is_some_and(|value| value != "no")
}

/// The sort of waterway, when it is one whose water floods: a river, stream, canal or drain. A ditch is not.
pub(super) fn waterway(tags: &Tags<'_>) -> Option<&'static str> {
    ["river", "stream", "canal", "drain"].into_iter().find(|class| tag(tags, "waterway") == Some(class))
}

/// The class of a road: that of the city which comes nearest, or why it is none.
pub(super) fn road(tags: &Tags<'_>) -> Option<Result<&'static str, String>> {
    let highway = tag(tags, "highway")?;
    let wanted: &[&str] = match highway {
        "motorway" | "motorway_link" | "trunk" | "trunk_link" => &["trunk"],
        "primary" | "primary_link" => &["primary"],
        "secondary" | "secondary_link" => &["secondary"],
        "tertiary" | "tertiary_link" => &["tertiary", "secondary"],
        "unclassified" | "residential" | "living_street" | "road" => &["residential"],
        "service" => &["service"],
        "track" => &["track"],
        // Steps, paths and what is only planned carry no ambulance; stops and lamps are no roads at all.
        _ => return Some(Err(format!("highway={highway:.40} is no road for cars"))),
    };
    if tag(tags, "area") == Some("yes") {
        return Some(Err("is an area, not a line".to_owned()));
    }
    let known =
        wanted.iter().find_map(|wanted| RoadClass::ALL.iter().map(|(word, _)| *word).find(|word| word == wanted));
    Some(known.ok_or_else(|| format!("highway={highway:.40} is smaller than the city's roads")))
}

/// What a road lies on, at most one of `bridge`, `tunnel` and `ford`.
pub(super) fn bed(tags: &Tags<'_>) -> Option<&'static str> {
    ["bridge", "tunnel", "ford"].into_iter().find(|bed| is(tags, bed))
}

/// In which direction a road may be driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Both,
    Forward,
    Backward,
}

pub(super) fn direction(tags: &Tags<'_>) -> Direction {
    let implied = tag(tags, "junction") == Some("roundabout") || tag(tags, "highway") == Some("motorway");
    match tag(tags, "oneway") {
        Some("yes" | "true" | "1") => Direction::Forward,
        Some("-1" | "reverse") => Direction::Backward,
        None if implied => Direction::Forward,
        _ => Direction::Both,
    }
}

/// The kind of a place, the best that the city knows; none when it is no place that people name or that a crisis needs.
pub(super) fn place(tags: &Tags<'_>) -> Option<&'static str> {
    let at = |key: &str| tag(tags, key).unwrap_or_default();
    let named = tags.iter().any(|(key, _)| *key == "name" || key.starts_with("name:"));
    let wanted: &[&str] = match (at("amenity"), at("emergency"), at("social_facility")) {
        ("hospital", ..) => &["hospital"],
        ("clinic" | "doctors" | "health_post", ..) => &["clinic", "hospital"],
        ("school" | "kindergarten", ..) => &["school"],
        ("university" | "college", ..) => &["university"],
        ("fire_station", ..) => &["fire_station"],
        ("police", ..) => &["police"],
        // An amenity=shelter is a roof at a bus stop; only what is said to be for emergencies is a shelter.
        ("refugee_site", ..) | (_, "assembly_point" | "shelter" | "disaster_shelter", _) | (_, _, "shelter") => {
            &["shelter"]
        }
        (_, "ambulance_station", _) => &["ambulance"],
        (_, _, "nursing_home" | "assisted_living" | "group_home") | ("nursing_home", ..) => &["care_home"],
        ("fuel", ..) => &["fuel"],
        ("marketplace", ..) if named => &["market"],
        ("bus_station", ..) if named => &["station"],
        ("townhall" | "courthouse", ..) if named => &["office"],
        ("place_of_worship", ..) if named => &["landmark"],
        _ => match (at("power"), at("man_made"), at("telecom")) {
            ("substation", ..) if at("substation") != "minor_distribution" => &["power"],
            ("plant", ..) => &["power"],
            (_, "water_works" | "water_tower" | "reservoir_covered" | "pumping_station", _) => &["water"],
            (_, _, "exchange") => &["telecom"],
            _ if !named => return None,
            _ if at("place") == "square" => &["square"],
            (_, "bridge", _) => &["bridge"],
            _ if matches!(at("railway"), "station" | "halt") => &["station"],
            _ if matches!(at("leisure"), "park" | "garden") => &["park"],
            _ if matches!(at("tourism"), "museum" | "attraction") || is(tags, "historic") => &["landmark"],
            _ if at("office") == "government" => &["office"],
            _ => return None,
        },
    };
    let readable = PlaceKind::ALL.iter().filter(|(_, kind)| *kind != PlaceKind::Zone).map(|(word, _)| *word);
    wanted.iter().find_map(|wanted| readable.clone().find(|word| word == wanted))
}

/// What a place without a name is called, by kind, where it matters all the same.
pub(super) fn kind_name(kind: &str) -> Option<Value> {
    let (fa, en) = match kind {
        "hospital" => ("بیمارستان", "Hospital"),
        "clinic" => ("درمانگاه", "Clinic"),
        "school" => ("مدرسه", "School"),
        "university" => ("دانشگاه", "University"),
        "fire_station" => ("ایستگاه آتش‌نشانی", "Fire station"),
        "police" => ("کلانتری", "Police station"),
        "shelter" => ("پناهگاه", "Shelter"),
        "ambulance" => ("پایگاه اورژانس", "Ambulance base"),
        "care_home" => ("خانهٔ سالمندان", "Care home"),
        "fuel" => ("پمپ بنزین", "Filling station"),
        "power" => ("پست برق", "Substation"),
        "water" => ("تأسیسات آب", "Waterworks"),
        "telecom" => ("مرکز مخابرات", "Telephone exchange"),
        _ => return None,
    };
    Some(json!({ "fa": fa, "en": en }))
}

/// Which administrative level is which kind of zone, as `8=city,9=district,10=neighbourhood`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneLevels(Vec<(String, &'static str)>);

impl Default for ZoneLevels {
    /// As OpenStreetMap has Iran's: 8 cities, 9 their districts, 10 neighbourhoods.
    fn default() -> ZoneLevels {
        ZoneLevels(vec![("8".to_owned(), "city"), ("9".to_owned(), "district"), ("10".to_owned(), "neighbourhood")])
    }
}

impl std::str::FromStr for ZoneLevels {
    type Err = String;

    fn from_str(text: &str) -> Result<ZoneLevels, String> {
        let level = |entry: &str| {
            let (level, kind) = entry.split_once('=')?;
            let level = level.trim().parse::<u8>().ok().filter(|level| (1..=12).contains(level))?;
            let kind = crate::ZoneKind::ALL.iter().map(|(word, _)| *word).find(|word| *word == kind.trim())?;
            Some((level.to_string(), kind))
        };
        let levels: Option<Vec<_>> = text.split(',').map(level).collect();
        levels.map(ZoneLevels).ok_or_else(|| format!("“{text:.60}”: write it as 8=city,9=district,10=neighbourhood"))
    }
}

/// The kind of a zone; none when it is none.
pub(super) fn zone(tags: &Tags<'_>, levels: &ZoneLevels) -> Option<&'static str> {
    if tag(tags, "boundary") == Some("administrative") {
        let level = tag(tags, "admin_level")?;
        return levels.0.iter().find(|(there, _)| there == level).map(|(_, kind)| *kind);
    }
    match tag(tags, "place")? {
        "neighbourhood" | "quarter" | "suburb" => Some("neighbourhood"),
        "borough" => Some("district"),
        "village" | "hamlet" => Some("village"),
        _ => None,
    }
}

/// A building in which people may live.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dwelling {
    /// Its storeys, where they are told.
    pub(super) levels: Option<f64>,
}

/// A building in which people may live; none where the tag says that nobody does.
pub(super) fn dwelling(tags: &Tags<'_>) -> Option<Dwelling> {
    let building = tag(tags, "building")?;
    let lived_in = matches!(
        building,
        "yes"
            | "apartments"
            | "house"
            | "residential"
            | "detached"
            | "semidetached_house"
            | "terrace"
            | "bungalow"
            | "dormitory"
            | "hut"
            | "cabin"
            | "farm"
            | "static_caravan"
            | "tent"
    );
    // A building=yes that is a school or a shop is not a home.
    let other_use = building == "yes"
        && ["amenity", "shop", "office", "industrial", "man_made", "power", "leisure", "tourism"]
            .iter()
            .any(|key| is(tags, key));
    (lived_in && !other_use)
        .then(|| Dwelling { levels: tag(tags, "building:levels").and_then(|levels| levels.parse().ok()) })
}

/// Names by language, and what else it is called.
pub(super) fn names(tags: &Tags<'_>) -> (Map<String, Value>, Vec<String>) {
    let mut names = Map::new();
    let mut others = Vec::new();
    for language in ["fa", "en"] {
        if let Some(name) = tag(tags, &format!("name:{language}")) {
            names.insert(language.to_owned(), json!(name));
        }
    }
    if let Some(name) = tag(tags, "name") {
        let language = language_of(name);
        match names.get(&language).and_then(Value::as_str) {
            None => drop(names.insert(language, json!(name))),
            Some(there) if there != name => others.push(name.to_owned()),
            Some(_) => {}
        }
    }
    for (key, value) in tags {
        let alias = ["alt_name", "old_name", "short_name", "official_name", "loc_name", "nat_name"]
            .iter()
            .any(|name| key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')));
        let other_language = key.strip_prefix("name:").is_some_and(|tag| !matches!(tag, "fa" | "en") && tag.len() <= 3);
        if alias || other_language {
            others.extend(aliases(value));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    others.retain(|other| other.chars().count() <= crate::read::TEXT_LENGTH_MAX && seen.insert(other.clone()));
    others.truncate(crate::read::LIST_LENGTH_MAX);
    (names, others)
}

/// Name and aliases as properties.
pub(super) fn named(tags: &Tags<'_>) -> Map<String, Value> {
    let (names, others) = names(tags);
    let mut properties = Map::new();
    if !names.is_empty() {
        properties.insert("name".to_owned(), Value::Object(names));
    }
    if !others.is_empty() {
        properties.insert("aliases".to_owned(), json!(others));
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_mean_what_the_wiki_says() {
        assert_eq!(waterway(&[("waterway", "river")]), Some("river"));
        assert_eq!(waterway(&[("waterway", "ditch")]), None);
        assert_eq!(road(&[("highway", "primary_link")]), Some(Ok("primary")));
        assert!(road(&[("highway", "steps")]).unwrap().is_err());
        assert!(road(&[("highway", "primary"), ("area", "yes")]).unwrap().is_err());
        assert_eq!(bed(&[("bridge", "viaduct"), ("tunnel", "no")]), Some("bridge"));
        assert_eq!(direction(&[("oneway", "-1")]), Direction::Backward);
        assert_eq!(direction(&[("junction", "roundabout")]), Direction::Forward);
        assert_eq!(direction(&[("junction", "roundabout"), ("oneway", "no")]), Direction::Both);
        assert_eq!(place(&[("amenity", "hospital")]), Some("hospital"));
        assert_eq!(place(&[("amenity", "shelter"), ("shelter_type", "public_transport")]), None);
        assert_eq!(place(&[("emergency", "assembly_point")]), Some("shelter"));
        assert_eq!(place(&[("power", "substation"), ("substation", "minor_distribution")]), None);
        assert_eq!(place(&[("leisure", "park")]), None, "a park without a name is nobody's landmark");
        assert_eq!(place(&[("leisure", "park"), ("name", "پارک مردم")]), Some("park"));
        assert_eq!(
            dwelling(&[("building", "apartments"), ("building:levels", "5")]),
            Some(Dwelling { levels: Some(5.0) })
        );
        assert_eq!(dwelling(&[("building", "yes"), ("amenity", "school")]), None);
        assert_eq!(dwelling(&[("building", "warehouse")]), None);
        let levels: ZoneLevels = "7=city, 9=district".parse().unwrap();
        assert_eq!(zone(&[("boundary", "administrative"), ("admin_level", "7")], &levels), Some("city"));
        assert_eq!(zone(&[("boundary", "administrative"), ("admin_level", "2")], &levels), None);
        assert!("7=country".parse::<ZoneLevels>().is_err() && "x".parse::<ZoneLevels>().is_err());
    }

    #[test]
    fn names_keep_their_language_and_the_rest_are_aliases() {
        let tags = [
            ("name", "بوعلی"),
            ("name:en", "Bu-Ali"),
            ("alt_name", "شریعتی;بوعلی سینا"),
            ("name:ar", "أبو علي"),
            ("old_name:en", "Avicenna"),
        ];
        assert_eq!(
            Value::Object(named(&tags)),
            json!({"name": {"en": "Bu-Ali", "fa": "بوعلی"}, "aliases": ["شریعتی", "بوعلی سینا", "أبو علي", "Avicenna"]})
        );
        assert!(named(&[("highway", "primary")]).is_empty());
    }
}
