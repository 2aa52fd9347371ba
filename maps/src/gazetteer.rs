//! The names of a city in the form in which they are compared: places, leaf zones and streets, each with all its spellings.
//! Made by `City::build`; asked by `search` for one name and by `locate` for names in running speech.
//! A name is compared by its letters without spaces, then by its sound, then with errors; the order of features does not matter.

use std::collections::BTreeMap;
use std::ops::Range;

use geo::Area;

use crate::position::Plane;
use crate::search::letters_alike;
use crate::street::Street;
use crate::{Place, PlaceCode, PlaceKind, Zone, fold};

/// Two letters name nothing.
pub(crate) const NAME_LENGTH_MIN: usize = 3;

/// Names of fewer letters are not taken with an error.
const ERROR_LENGTH_MIN: usize = 5;

/// A written name must have this part of its letters right.
const ALIKE_MIN: f64 = 0.8;

/// And of the letters that say which place, not what sort, this part.
const OWN_ALIKE_MIN: f64 = 0.75;

/// What of its surety a name keeps that only sounds alike.
const SOUND_KEPT: f64 = 0.95;

/// And one that has an error, on top of what the error costs.
const ERROR_KEPT: f64 = 0.92;

/// And the name of a street that is written without saying that it is one: it may be a person's.
const BARE_KEPT: f64 = 0.8;

/// Words that say what sort of place it is rather than which; they weigh less.
const KIND_WORDS: [&str; 66] = [
    "خیابان",
    "میدان",
    "بلوار",
    "کوچه",
    "کوی",
    "شهرک",
    "محله",
    "پل",
    "بیمارستان",
    "درمانگاه",
    "دبیرستان",
    "دبستان",
    "مدرسه",
    "مسجد",
    "پارک",
    "بوستان",
    "چهارراه",
    "جاده",
    "رود",
    "دره",
    "ایستگاه",
    "منطقه",
    "تپه",
    "ارامگاه",
    "مقبره",
    "سالن",
    "پست",
    "برق",
    "کمربندی",
    "گردنه",
    "سنجه",
    "بزرگراه",
    "اتوبان",
    "خیابانهای",
    "روستا",
    "روستای",
    "کلینیک",
    "پایانه",
    "of",
    "the",
    "street",
    "square",
    "boulevard",
    "bridge",
    "hospital",
    "school",
    "high",
    "primary",
    "park",
    "road",
    "station",
    "ring",
    "crossing",
    "clinic",
    "hall",
    "e",
    "pass",
    "valley",
    "avenue",
    "lane",
    "alley",
    "highway",
    "village",
    "neighbourhood",
    "neighborhood",
    "district",
];

/// Spoken and short forms, and the written word they stand for.
const SPOKEN: [(&str, &str); 32] = [
    ("خیابون", "خیابان"),
    ("خ", "خیابان"),
    ("خیابونه", "خیابان"),
    ("میدون", "میدان"),
    ("فلکه", "میدان"),
    ("بلوارو", "بلوار"),
    ("بیمارسون", "بیمارستان"),
    ("بیمارستون", "بیمارستان"),
    ("مریضخونه", "بیمارستان"),
    ("دبیرستون", "دبیرستان"),
    ("دبستون", "دبستان"),
    ("درمونگاه", "درمانگاه"),
    ("چارراه", "چهارراه"),
    ("دانشگا", "دانشگاه"),
    ("ایسگاه", "ایستگاه"),
    ("پایونه", "پایانه"),
    ("بوستون", "بوستان"),
    ("st", "street"),
    ("sq", "square"),
    ("meydan", "square"),
    ("meidan", "square"),
    ("khiaban", "street"),
    ("khiyaban", "street"),
    ("blvd", "boulevard"),
    ("bolvar", "boulevard"),
    ("pol", "bridge"),
    ("ave", "avenue"),
    ("str", "street"),
    ("rd", "road"),
    ("maydan", "square"),
    ("bimarestan", "hospital"),
    ("چهارراهی", "چهارراه"),
];

/// All names by which a place is found.
#[derive(Debug)]
pub(crate) struct Gazetteer {
    pub(crate) entries: Vec<Entry>,
    pub(crate) streets: Vec<Street>,
    /// All names, the shorter first: number of the entry, and which of its names.
    by_length: Vec<(u32, u32)>,
    /// Where names of each length begin in `by_length`; one more than the longest has letters.
    lengths: Vec<usize>,
    /// Joined name → entries that bear it.
    by_name: BTreeMap<String, Vec<u32>>,
    /// How it sounds → entries.
    by_sound: BTreeMap<String, Vec<u32>>,
    /// The own letters of a street's name → streets' entries.
    streets_by_own: BTreeMap<String, Vec<u32>>,
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) names: Vec<Name>,
    /// Number of the street that it is.
    pub(crate) street: Option<usize>,
    /// How far from its position somebody may be who is there, in metres.
    pub(crate) reach_m: f64,
}

/// A name in the form in which names are compared.
#[derive(Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) words: Vec<String>,
    /// The words without spaces, so that “بوعلی‌سینا”, “بو علی سینا” and “بوعلیسینا” are one.
    pub(crate) joined: Vec<char>,
    /// The letters of the words that say which place, not what sort.
    pub(crate) own: Vec<char>,
    /// The joined letters with those of one sound made one.
    pub(crate) sound: String,
    /// Which letters occur, one bit each of 64: tells most pairs apart before any letter is compared.
    letters: u64,
}

/// Entries that fit a piece of text equally well, and how sure that is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named {
    pub(crate) score: f64,
    /// By number, which is the order of codes within places, zones and streets.
    pub(crate) entries: Vec<u32>,
}

impl Name {
    pub(crate) fn of(text: &str) -> Name {
        Name::of_words(words(text))
    }

    pub(crate) fn of_words(words: Vec<String>) -> Name {
        let joined: Vec<char> = words.iter().flat_map(|word| word.chars()).collect();
        let own = words.iter().filter(|word| !is_kind_word(word)).flat_map(|word| word.chars()).collect();
        let letters = joined.iter().fold(0, |letters, &letter| letters | 1_u64 << (u32::from(letter) % 64));
        let sound = sound(&joined);
        Name { words, joined, own, sound, letters }
    }

    /// As [`letters_alike`] of the joined letters, but 0 where that could not reach `at_least`.
    pub(crate) fn alike(&self, other: &Name, at_least: f64) -> f64 {
        let longest = self.joined.len().max(other.joined.len());
        let edits_max = (1.0 - at_least) * longest as f64;
        // An edit changes at most two bits; letters that share a bit only make the difference smaller.
        if f64::from((self.letters ^ other.letters).count_ones()) > 2.0 * edits_max {
            return 0.0;
        }
        letters_alike(&self.joined, &other.joined)
    }
}

/// The words of a text: folded, spoken forms written out.
pub(crate) fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty()).map(written).collect()
}

fn written(word: &str) -> String {
    SPOKEN.iter().find(|(spoken, _)| *spoken == word).map_or(word, |(_, written)| written).to_owned()
}

/// Says what sort of place, not which.
pub(crate) fn is_kind_word(word: &str) -> bool {
    KIND_WORDS.contains(&word)
}

/// Letters that Persian speaks alike made one (ث ص س, ذ ض ظ ز, ط ت, ح ه, غ ق, ع ا), and the usual ways to write Persian with Latin letters
/// (oo ou u, ee i y, gh q, kh x, w v, single for double letters, no h at the end).
fn sound(joined: &[char]) -> String {
    let mut sound = String::with_capacity(joined.len() * 2);
    let mut at = 0;
    while at < joined.len() {
        let two = (joined[at], joined.get(at + 1).copied().unwrap_or(' '));
        let (letter, length) = match two {
            ('o', 'o' | 'u') => ('u', 2),
            ('e', 'e') => ('i', 2),
            ('g', 'h') => ('q', 2),
            ('k', 'h') => ('x', 2),
            ('p', 'h') => ('f', 2),
            ('c', 'k') => ('k', 2),
            ('ث' | 'ص', _) => ('س', 1),
            ('ذ' | 'ض' | 'ظ', _) => ('ز', 1),
            ('ط', _) => ('ت', 1),
            ('ح', _) => ('ه', 1),
            ('غ', _) => ('ق', 1),
            ('ع', _) => ('ا', 1),
            ('y', _) => ('i', 1),
            ('w', _) => ('v', 1),
            (other, _) => (other, 1),
        };
        let last_h = letter == 'h' && at + length == joined.len() && at > 0;
        if !sound.ends_with(letter) && !last_h {
            sound.push(letter);
        }
        at += length;
    }
    sound
}

impl Gazetteer {
    /// Takes the places, the leaf zones by their own names and aliases, and the streets that are not among the places.
    pub(crate) fn new(places: &[Place], zones: &[Zone], streets: Vec<Street>) -> Gazetteer {
        let mut gazetteer = Gazetteer {
            entries: Vec::new(),
            streets,
            by_length: Vec::new(),
            lengths: Vec::new(),
            by_name: BTreeMap::new(),
            by_sound: BTreeMap::new(),
            streets_by_own: BTreeMap::new(),
        };
        let mut taken = vec![false; gazetteer.streets.len()];
        for place in places {
            let street = (place.kind == PlaceKind::Street).then(|| gazetteer.street_of(place, &taken)).flatten();
            let names = place.name.values().chain(&place.aliases);
            let aliases = street.map(|street| &gazetteer.streets[street].aliases);
            let names = names_of(names.chain(aliases.into_iter().flatten()));
            let mut length_m = None;
            if let Some(street) = street {
                taken[street] = true;
                length_m = Some(gazetteer.streets[street].length_m);
            }
            let reach_m = reach_m(place.kind, length_m);
            gazetteer.entries.push(Entry { place: place.clone(), names, street, reach_m });
        }
        for zone in zones.iter().filter(|zone| zone.is_leaf) {
            let code = PlaceCode::new(zone.code.as_str()).expect("zone codes and place codes have one alphabet");
            let names = names_of(zone.name.values().chain(&zone.aliases));
            let area_m2 = Plane::at(zone.label_at.coord()).shape_in_metres(&zone.shape).unsigned_area();
            let place = Place {
                code,
                name: zone.name.clone(),
                aliases: zone.aliases.clone(),
                kind: PlaceKind::Zone,
                position: zone.label_at,
                capacity: None,
                phone: None,
            };
            let reach_m = (area_m2 / std::f64::consts::PI).sqrt().max(ZONE_REACH_M_MIN);
            gazetteer.entries.push(Entry { place, names, street: None, reach_m });
        }
        for (number, _) in taken.into_iter().enumerate().filter(|(_, taken)| !taken) {
            gazetteer.add_street(number);
        }
        gazetteer.order();
        gazetteer
    }

    /// The street of this place's name that is nearest to it, of those that no place has yet.
    fn street_of(&self, place: &Place, taken: &[bool]) -> Option<usize> {
        let names = names_of(place.name.values());
        let mut same: Vec<(f64, usize)> = Vec::new();
        for (number, street) in self.streets.iter().enumerate().filter(|(number, _)| !taken[*number]) {
            if names_of(street.name.values()).iter().any(|name| names.contains(name)) {
                same.push((place.position.metres_to(street.middle), number));
            }
        }
        same.into_iter().min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, number)| number)
    }

    /// A street that is in no list of places is found by its own name, under the code of its first road.
    fn add_street(&mut self, number: usize) {
        let street = &self.streets[number];
        // The code of a road may be that of a zone or place as well.
        let taken = self.entries.iter().any(|entry| entry.place.code == street.code);
        let code = if taken {
            PlaceCode::new(format!("{:.50}-street-{number}", street.code.as_str()))
                .expect("at most 64 characters of the alphabet")
        } else {
            street.code.clone()
        };
        let names = names_of(street.name.values().chain(&street.aliases));
        let reach_m = reach_m(PlaceKind::Street, Some(street.length_m));
        let place = Place {
            code,
            name: street.name.clone(),
            aliases: street.aliases.clone(),
            kind: PlaceKind::Street,
            position: street.middle,
            capacity: None,
            phone: None,
        };
        self.entries.push(Entry { place, names, street: Some(number), reach_m });
    }

    fn order(&mut self) {
        let short = |value: usize| u32::try_from(value).expect("three files of at most FEATURES_MAX features");
        for (number, entry) in self.entries.iter().enumerate() {
            let number = short(number);
            for (which, name) in entry.names.iter().enumerate() {
                self.by_length.push((number, short(which)));
                note(&mut self.by_name, name.joined.iter().collect(), number);
                note(&mut self.by_sound, name.sound.clone(), number);
                if entry.place.kind == PlaceKind::Street && name.own.len() >= NAME_LENGTH_MIN {
                    note(&mut self.streets_by_own, name.own.iter().collect(), number);
                }
            }
        }
        let length = |&(entry, name): &(u32, u32)| self.entries[entry as usize].names[name as usize].joined.len();
        self.by_length.sort_by_key(|place| (length(place), *place));
        let longest = self.by_length.last().map_or(0, length);
        self.lengths =
            (0..=longest + 1).map(|letters| self.by_length.partition_point(|place| length(place) < letters)).collect();
    }

    /// Names with this many letters.
    fn of_lengths(&self, letters: Range<usize>) -> &[(u32, u32)] {
        let at = |letters: usize| self.lengths[letters.min(self.lengths.len() - 1)];
        &self.by_length[at(letters.start)..at(letters.end)]
    }

    /// Who bears this name: exactly, by its sound, as a street without saying so, or with a small error; and how sure that is: longer
    /// names are surer.
    pub(crate) fn named(&self, piece: &Name) -> Option<Named> {
        let length = piece.joined.len();
        // “خیابان” alone names no street.
        if length < NAME_LENGTH_MIN || piece.own.is_empty() {
            return None;
        }
        let surety = 0.6 + 0.4 * (length as f64 / 12.0).min(1.0);
        let named = |entries: &[u32], kept: f64| Some(Named { score: surety * kept, entries: entries.to_vec() });
        if let Some(entries) = self.by_name.get(&piece.joined.iter().collect::<String>()) {
            return named(entries, 1.0);
        }
        if length >= ERROR_LENGTH_MIN
            && let Some(entries) = self.by_sound.get(&piece.sound)
        {
            return named(entries, SOUND_KEPT);
        }
        if piece.own.len() == length
            && let Some(entries) = self.streets_by_own.get(&piece.own.iter().collect::<String>())
        {
            return named(entries, BARE_KEPT);
        }
        if length < ERROR_LENGTH_MIN {
            return None;
        }
        let mut best: Option<Named> = None;
        let off = 1 + length / 8;
        for &(entry, which) in self.of_lengths(length.saturating_sub(off)..length + off + 1) {
            let name = &self.entries[entry as usize].names[which as usize];
            if name.own.is_empty() || (length < 8 && name.joined[0] != piece.joined[0]) {
                continue;
            }
            let alike = piece.alike(name, ALIKE_MIN);
            // A common “خیابان” must not make two streets one.
            if alike < ALIKE_MIN || letters_alike(&piece.own, &name.own) < OWN_ALIKE_MIN {
                continue;
            }
            // A name with an error is never as sure as one without.
            let score = surety * alike * ERROR_KEPT;
            match &mut best {
                Some(best) if best.score > score => {}
                Some(best) if best.score >= score => best.entries.push(entry),
                _ => best = Some(Named { score, entries: vec![entry] }),
            }
        }
        best.map(|mut best| {
            best.entries.sort_unstable();
            best.entries.dedup();
            best
        })
    }

    /// Is this exactly the name of something?
    pub(crate) fn is_name(&self, piece: &Name) -> bool {
        self.by_name.contains_key(&piece.joined.iter().collect::<String>())
    }

    /// The entry of the street that a piece of text names, whether or not it says that it is a street.
    pub(crate) fn street_named(&self, piece: &Name) -> Option<u32> {
        let own: String = piece.own.iter().collect();
        self.streets_by_own.get(&own).and_then(|entries| entries.first()).copied()
    }
}

fn note(names: &mut BTreeMap<String, Vec<u32>>, name: String, entry: u32) {
    let entries = names.entry(name).or_default();
    if entries.last() != Some(&entry) {
        entries.push(entry);
    }
}

fn names_of<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for name in texts.map(|text| Name::of(text)) {
        if !name.joined.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Metres from the middle of even the smallest neighbourhood to where somebody may be.
const ZONE_REACH_M_MIN: f64 = 300.0;

/// How far from its position somebody may be who is at a place of this kind. Source: ours, by the usual size of such places.
fn reach_m(kind: PlaceKind, street_m: Option<f64>) -> f64 {
    match kind {
        PlaceKind::Street => street_m.map_or(500.0, |length_m| (length_m / 2.0).max(150.0)),
        PlaceKind::Bridge => 75.0,
        PlaceKind::University | PlaceKind::Market | PlaceKind::Park => 300.0,
        PlaceKind::Zone => ZONE_REACH_M_MIN,
        PlaceKind::Square
        | PlaceKind::Hospital
        | PlaceKind::Clinic
        | PlaceKind::Ambulance
        | PlaceKind::CareHome
        | PlaceKind::School
        | PlaceKind::FireStation
        | PlaceKind::Police
        | PlaceKind::Shelter
        | PlaceKind::OperationsCentre
        | PlaceKind::Power
        | PlaceKind::Water
        | PlaceKind::Fuel
        | PlaceKind::Gas
        | PlaceKind::Telecom
        | PlaceKind::Station
        | PlaceKind::Landmark
        | PlaceKind::Office => 100.0,
    }
}
