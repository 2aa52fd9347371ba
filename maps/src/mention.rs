//! Reads names of places and streets in running speech, with what is said about them, as one place.
//! Called by `locate` when a text holds no coordinates near the city.
//! Every way to read the text is scored; the best is taken, of equal ones the one that stands first; doubt lowers the score, never hides.

use crate::gazetteer::{Entry, NAME_LENGTH_MIN, Name, Named, words};
use crate::phrase::{Said, is_said, said};
use crate::street::{End, Street};
use crate::{City, Located, LocatedBy, PlaceCode, PlaceKind, Position, Relation};

/// Most words that are looked at for names.
const WORDS_MAX: usize = 150;

/// Longest name, in words.
const NAME_WORDS_MAX: usize = 6;

/// Most names of one text that are put together; the surest are.
const MENTIONS_MAX: usize = 12;

/// A name that fits less surely than this is not taken.
const NAME_SCORE_MIN: f64 = 0.6;

/// A reading that is less sure than this is none.
const SCORE_MIN: f64 = 0.3;

/// Streets that do not meet count as crossing where they come this near to each other, metres: the two sides of a square.
const CROSSING_M_MAX: f64 = 250.0;

/// A place lies on a street when it is this near to it, metres.
const ON_STREET_M: f64 = 400.0;

/// Places this far apart are not one place, metres.
const APART_M: f64 = 1_000.0;

/// What of its score a reading keeps that has another one far away beside it, or contradicts itself.
const DOUBT_KEPT: f64 = 0.65;

/// What one keeps of which only the half was understood, as a crossing with a street that nobody knows.
const HALF_KEPT: f64 = 0.55;

/// What is gained when two names confirm each other.
const CONFIRMED: f64 = 0.08;

/// A name in the text.
#[derive(Debug)]
struct Mention {
    start: usize,
    end: usize,
    named: Named,
    /// The entry that is meant, of those that bear the name.
    entry: usize,
    /// The street that may be meant.
    street: Option<usize>,
    /// The entry of that street.
    street_entry: usize,
    /// Do several places far apart bear this name?
    doubtful: bool,
}

/// One way to understand the text.
#[derive(Debug)]
struct Reading {
    /// Which mentions it understands.
    names: Vec<usize>,
    score: f64,
    position: Position,
    accuracy_m: f64,
    by: LocatedBy,
}

/// Words and names of a text, and what stands between the names.
struct Text<'a> {
    city: &'a City,
    words: Vec<String>,
    mentions: Vec<Mention>,
    /// What is said before each mention, and after the last; one more than there are mentions.
    gaps: Vec<Vec<Said>>,
}

impl City {
    /// The place that the names in a text mean.
    pub(crate) fn name_in(&self, text: &str) -> Option<Located> {
        // A stroke or an ampersand between two streets is an “and”; folding would drop it.
        let text = text.replace(['&', '/', '×', '+'], " و ");
        let mut words = words(&text);
        words.truncate(WORDS_MAX);
        let text = Text::of(self, words);
        let best = first_best(text.readings());
        let Reading { score, position, accuracy_m, by, .. } = best.filter(|best| best.score >= SCORE_MIN)?;
        let zone = self.zone_at(position).map(|zone| zone.code.clone());
        Some(Located { position, zone, score: score.min(1.0), accuracy_m: accuracy_m.round(), by })
    }
}

impl<'a> Text<'a> {
    fn of(city: &'a City, words: Vec<String>) -> Text<'a> {
        let mentions = mentions(city, &words);
        let starts = mentions.iter().map(|mention| mention.start).chain([words.len()]);
        let ends = std::iter::once(0).chain(mentions.iter().map(|mention| mention.end));
        let gaps = ends.zip(starts).map(|(from, to)| said(&words[from..to])).collect();
        Text { city, words, mentions, gaps }
    }

    /// All readings: of two names together, with a third where it belongs to them, and of each name that stands alone.
    fn readings(&self) -> Vec<Reading> {
        let mut readings = Vec::new();
        let mut joined = vec![false; self.mentions.len()];
        for at in 0..self.mentions.len() {
            let together = [self.crossing(at), self.between(at), self.on_street(at)];
            for reading in together.into_iter().flatten() {
                // A name that is said together with another means that, however doubtful it is, and not the one place alone.
                reading.names.iter().for_each(|name| joined[*name] = true);
                readings.push(reading);
            }
        }
        readings.extend((0..joined.len()).filter(|at| !joined[*at]).filter_map(|at| self.alone(at)));
        readings
    }

    fn entry(&self, mention: &Mention) -> &'a Entry {
        &self.city.gazetteer.entries[mention.entry]
    }

    fn street(&self, mention: &Mention) -> Option<(&'a Street, PlaceCode)> {
        let code = || self.city.gazetteer.entries[mention.street_entry].place.code.clone();
        mention.street.map(|street| (&self.city.gazetteer.streets[street], code()))
    }

    fn matched(&self, from: &Mention, to: &Mention) -> String {
        self.words[from.start..to.end].join(" ")
    }

    /// «تقاطع بوعلی و شریعتی», «بوعلی تقاطع شریعتی», “Bu-Ali and Shariati intersection”.
    fn crossing(&self, at: usize) -> Option<Reading> {
        let (one, other) = (self.mentions.get(at)?, self.mentions.get(at + 1)?);
        let (before, between, after) = (&self.gaps[at], &self.gaps[at + 1], &self.gaps[at + 2]);
        let joined = between.as_slice() == [Said::And];
        // «چهارراه شریعتی» may be a name of its own, and yet mean the street when another follows.
        let named_so = |word: usize| said(&self.words[word..=word]) == [Said::Crossing];
        let said_before = joined && (before.last() == Some(&Said::Crossing) || named_so(one.start));
        let said_between = between.contains(&Said::Crossing)
            && between.iter().all(|said| matches!(said, Said::Crossing | Said::And | Said::Relation(Relation::Start)));
        let said_after = joined && (after.first() == Some(&Said::Crossing) || named_so(other.end - 1));
        if !(said_before || said_between || said_after) {
            return None;
        }
        let ((street, code), (crossed, crossed_code)) = (self.street(one)?, self.street(other)?);
        if street == crossed {
            return None;
        }
        let roads = self.city.roads();
        let score = one.named.score.min(other.named.score);
        let meetings = street.meetings(crossed, roads);
        let (position, accuracy_m, kept) = if let [first, rest @ ..] = meetings.as_slice() {
            // Two sides of a square or two carriageways are one crossing; two crossings far apart are a doubt.
            let apart_m = rest.iter().map(|other| first.metres_to(*other)).fold(0.0, f64::max);
            (*first, 50.0 + apart_m, if apart_m > CROSSING_M_MAX { HALF_KEPT } else { 1.0 })
        } else {
            let (middle, apart_m) = street.closest(crossed, roads)?;
            (middle, 50.0 + apart_m, if apart_m > CROSSING_M_MAX { HALF_KEPT * DOUBT_KEPT } else { 0.9 })
        };
        let by = LocatedBy::Crossing { streets: [code, crossed_code], matched: self.matched(one, other) };
        // Two streets that are both known, and meet: surer than either name.
        let score = (score + 2.0 * CONFIRMED).min(1.0) * kept;
        Some(Reading { names: vec![at, at + 1], score, position, accuracy_m, by })
    }

    /// «بین میدان جهاد و پل بوعلی», «خیابان بوعلی بین … و …», “between … and … on Bu-Ali Street”, «از … تا …».
    fn between(&self, at: usize) -> Option<Reading> {
        let (one, other) = (self.mentions.get(at)?, self.mentions.get(at + 1)?);
        let kept = match (self.gaps[at].last()?, self.gaps[at + 1].as_slice()) {
            (Said::Between, [Said::And | Said::To]) => 0.97,
            (Said::From, [Said::To]) => 0.85,
            _ => return None,
        };
        let (from, to) = (self.entry(one), self.entry(other));
        let before = at.checked_sub(1).map(|before| &self.mentions[before]);
        let street = before.filter(|_| matches!(self.gaps[at].as_slice(), [Said::Between | Said::From]));
        let after = self.mentions.get(at + 2).filter(|_| self.gaps[at + 2].as_slice() == [Said::On]);
        let on = street.or(after).and_then(|mention| Some((self.street(mention)?, mention)));
        let third = on.as_ref().map(|(_, mention)| if mention.start < one.start { at - 1 } else { at + 2 });
        let codes = [from.place.code.clone(), to.place.code.clone()];
        let mut score = one.named.score.min(other.named.score) * kept;
        let roads = self.city.roads();
        let (position, apart_m, street, matched) = if let Some(((street, code), mention)) = on {
            let end = |mention: &Mention, entry: &Entry| match self.street(mention) {
                Some((crossed, _)) if crossed != street => {
                    street.meetings(crossed, roads).first().copied().or_else(|| Some(street.closest(crossed, roads)?.0))
                }
                _ => Some(entry.place.position),
            };
            let (from, to) = (end(one, from)?, end(other, to)?);
            let ((from, from_m), (to, to_m)) = (street.nearest(roads, from)?, street.nearest(roads, to)?);
            if from_m.max(to_m) > ON_STREET_M {
                score *= DOUBT_KEPT;
            } else {
                score = (score + CONFIRMED).min(1.0);
            }
            let (position, _) = street.nearest(roads, middle(from, to)?)?;
            let (first, last) = if mention.start < one.start { (mention, other) } else { (one, mention) };
            (position, from.metres_to(to), Some(code), self.matched(first, last))
        } else {
            let (from, to) = (from.place.position, to.place.position);
            (middle(from, to)?, from.metres_to(to), None, self.matched(one, other))
        };
        // Between the two ends of the city is nowhere.
        let score = if apart_m > 3.0 * APART_M { score * DOUBT_KEPT } else { score };
        let by = LocatedBy::Between { places: codes, street, matched };
        let names = [at, at + 1].into_iter().chain(third).collect();
        Some(Reading { names, score, position, accuracy_m: (apart_m / 2.0).max(75.0), by })
    }

    /// «خیابان بوعلی روبروی بیمارستان سینا», “opposite Sina Hospital on Bu-Ali Street”.
    fn on_street(&self, at: usize) -> Option<Reading> {
        let (one, other) = (self.mentions.get(at)?, self.mentions.get(at + 1)?);
        let (relation, street, place) = match (self.gaps[at].last(), self.gaps[at + 1].as_slice()) {
            (said, [Said::On]) => (relation(said), other, one),
            (_, [Said::Relation(said)]) => (*said, one, other),
            (said, []) if self.entry(one).place.kind == PlaceKind::Street => (relation(said), one, other),
            _ => return None,
        };
        if matches!(relation, Relation::Toward | Relation::Start | Relation::Middle | Relation::End) {
            return None;
        }
        let (on, code) = self.street(street)?;
        let entry = self.entry(place);
        // A street that ends in another one, or lies in a zone, is not a place on it.
        if entry.street.is_some() {
            return None;
        }
        let (point, off_m) = on.nearest(self.city.roads(), entry.place.position)?;
        let score = place.named.score.max(street.named.score);
        let in_zone = entry.place.kind == PlaceKind::Zone;
        let near_m = if in_zone { entry.reach_m * 1.5 } else { ON_STREET_M };
        let (score, position, street) = if off_m <= near_m {
            ((score + CONFIRMED).min(1.0) * kept(relation), point, Some(code))
        } else {
            // The place is not on that street: one of the two was heard wrong.
            (place.named.score * DOUBT_KEPT * kept(relation), entry.place.position, None)
        };
        let matched = self.matched(one, other);
        let by = LocatedBy::Place { place: entry.place.code.clone(), relation, street, matched };
        let accuracy_m = entry.reach_m.min(near_m) + further_m(relation);
        Some(Reading { names: vec![at, at + 1], score, position, accuracy_m, by })
    }

    /// One place, and how the person stands to it.
    fn alone(&self, at: usize) -> Option<Reading> {
        let mention = self.mentions.get(at)?;
        let entry = self.entry(mention);
        let said = relation(self.gaps[at].last());
        let of_street = matches!(said, Relation::Start | Relation::Middle | Relation::End);
        let relation = if of_street && entry.street.is_none() { Relation::At } else { said };
        let (mut position, mut accuracy_m) = (entry.place.position, entry.reach_m + further_m(relation));
        if let Some((street, _)) = self.street(mention).filter(|_| entry.street.is_some()) {
            let (roads, center) = (self.city.roads(), self.city.center());
            let end = match relation {
                // People count a street from the middle of the city outward.
                Relation::Start => street.end(roads, End::Near, center),
                Relation::End => street.end(roads, End::Far, center),
                Relation::Middle => Some(street.middle),
                Relation::At
                | Relation::Near
                | Relation::Beside
                | Relation::Opposite
                | Relation::Behind
                | Relation::Before
                | Relation::After
                | Relation::Toward => None,
            };
            if let Some(end) = end {
                (position, accuracy_m) = (end, (street.length_m / 6.0).max(200.0));
            }
        }
        let mut score = mention.named.score * kept(relation);
        if mention.doubtful {
            score *= DOUBT_KEPT;
        }
        let half = |said: Option<&Said>| said == Some(&Said::Crossing);
        if half(self.gaps[at].last()) || half(self.gaps[at + 1].first()) {
            // A crossing, but with whom?
            score *= HALF_KEPT;
        }
        let mut confirmed = false;
        let mut doubted = false;
        for (other, rival) in self.mentions.iter().enumerate().filter(|(other, _)| *other != at) {
            let rival_entry = self.entry(rival);
            let apart_m = self.apart_m(entry, rival_entry);
            if self.gaps[other].last() == Some(&Said::Relation(Relation::Toward)) {
                continue;
            }
            if apart_m <= ON_STREET_M {
                confirmed = true;
                // Of a street and the neighbourhood that it passes, people mean where they meet.
                if entry.street.is_some() && rival_entry.place.kind == PlaceKind::Zone && relation == Relation::At {
                    let (street, _) = self.street(mention)?;
                    (position, _) = street.nearest(self.city.roads(), rival_entry.place.position)?;
                    accuracy_m = accuracy_m.min(rival_entry.reach_m);
                }
                // A place says more than the neighbourhood around it.
                if entry.place.kind == PlaceKind::Zone && rival_entry.place.kind != PlaceKind::Zone {
                    score -= 2.0 * CONFIRMED;
                }
            } else if apart_m > APART_M && rival.named.score > 0.8 * mention.named.score {
                doubted = true;
            }
        }
        score = if doubted { score * DOUBT_KEPT } else { score };
        score = if confirmed { (score + CONFIRMED).min(1.0) } else { score };
        if relation == Relation::Toward && self.mentions.len() > 1 {
            // Somewhere on the way; whatever else is named is nearer to where the person is.
            score = score.min(SCORE_MIN);
        }
        let matched = self.matched(mention, mention);
        let by = LocatedBy::Place { place: entry.place.code.clone(), relation, street: None, matched };
        Some(Reading { names: vec![at], score, position, accuracy_m, by })
    }

    /// Metres between two entries; of a street from its line, of a zone from its border.
    fn apart_m(&self, one: &Entry, other: &Entry) -> f64 {
        let roads = self.city.roads();
        let metres = |from: &Entry, to: &Entry| {
            let at = from.place.position;
            if to.place.kind == PlaceKind::Zone {
                return (at.metres_to(to.place.position) - to.reach_m).max(0.0);
            }
            let street = to.street.and_then(|street| self.city.gazetteer.streets[street].nearest(roads, at));
            street.map_or_else(|| at.metres_to(to.place.position), |(_, off_m)| off_m)
        };
        let zone_and_street = |zone: &Entry, street: &Entry| {
            let street = &self.city.gazetteer.streets[street.street?];
            (zone.place.kind == PlaceKind::Zone).then(|| {
                (street.nearest(roads, zone.place.position).map_or(f64::MAX, |(_, off)| off) - zone.reach_m).max(0.0)
            })
        };
        zone_and_street(one, other)
            .or_else(|| zone_and_street(other, one))
            .unwrap_or_else(|| metres(one, other).min(metres(other, one)))
    }
}

/// The best reading; of equal ones the first.
fn first_best(readings: impl IntoIterator<Item = Reading>) -> Option<Reading> {
    // Rounded, so that a last bit decides nothing.
    let score = |reading: &Reading| (reading.score * 1e6).round();
    readings.into_iter().reduce(|best, reading| if score(&reading) > score(&best) { reading } else { best })
}

fn middle(one: Position, other: Position) -> Option<Position> {
    let middle = (one.coord() + other.coord()) / 2.0;
    Position::new(middle.x, middle.y).ok()
}

fn relation(said: Option<&Said>) -> Relation {
    match said {
        Some(Said::Relation(relation)) => *relation,
        Some(Said::Crossing | Said::Between | Said::And | Said::From | Said::To | Said::On | Said::Other) | None => {
            Relation::At
        }
    }
}

/// What of its score a place keeps under a relation: the looser, the less it says.
fn kept(relation: Relation) -> f64 {
    match relation {
        Relation::At => 1.0,
        Relation::Beside | Relation::Opposite => 0.97,
        Relation::Behind => 0.95,
        Relation::Near => 0.93,
        Relation::Middle => 0.9,
        Relation::Before | Relation::After => 0.88,
        Relation::Start | Relation::End => 0.85,
        Relation::Toward => 0.45,
    }
}

/// Metres by which somebody may be further off under a relation. Source: ours, by how people use the words.
fn further_m(relation: Relation) -> f64 {
    match relation {
        Relation::At | Relation::Start | Relation::Middle | Relation::End => 0.0,
        Relation::Beside => 25.0,
        Relation::Opposite => 50.0,
        Relation::Behind => 75.0,
        Relation::Near | Relation::Before | Relation::After => 200.0,
        Relation::Toward => 2_000.0,
    }
}

/// The names in the words, none over another: the surest first, of equally sure ones the longer, then the earlier.
fn mentions(city: &City, words: &[String]) -> Vec<Mention> {
    let mut found: Vec<(usize, usize, Name, Named)> = Vec::new();
    for start in 0..words.len() {
        for end in start + 1..=words.len().min(start + NAME_WORDS_MAX) {
            let piece = Name::of_words(words[start..end].to_vec());
            if piece.joined.len() < NAME_LENGTH_MIN {
                continue;
            }
            let Some(named) = city.gazetteer.named(&piece) else { continue };
            // «سر شریعتی» is no misspelt name, and «به» no part of one.
            let cut = is_said(&words[start]) || is_said(&words[end - 1]);
            if named.score >= NAME_SCORE_MIN && (!cut || city.gazetteer.is_name(&piece)) {
                found.push((start, end, piece, named));
            }
        }
    }
    found.sort_by(|a, b| b.3.score.total_cmp(&a.3.score).then((b.1 - b.0).cmp(&(a.1 - a.0))).then(a.0.cmp(&b.0)));
    let mut taken: Vec<(usize, usize, Name, Named)> = Vec::new();
    for one in found {
        if taken.iter().all(|other| one.1 <= other.0 || other.1 <= one.0) {
            taken.push(one);
        }
    }
    taken.truncate(MENTIONS_MAX);
    taken.sort_by_key(|one| one.0);
    let first_of: Vec<Position> =
        taken.iter().map(|(.., named)| city.gazetteer.entries[named.entries[0] as usize].place.position).collect();
    taken.into_iter().enumerate().map(|(at, one)| mention(city, at, one, &first_of)).collect()
}

/// Of several places of one name the one is meant that is nearest to what else is named.
fn mention(
    city: &City,
    at: usize,
    (start, end, piece, named): (usize, usize, Name, Named),
    others: &[Position],
) -> Mention {
    let entries = &city.gazetteer.entries;
    let near = |entry: u32| {
        let position = entries[entry as usize].place.position;
        let others = others.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, other)| position.metres_to(*other)).fold(f64::INFINITY, f64::min)
    };
    let first = named.entries[0];
    let apart = named.entries.iter().any(|&entry| {
        let (one, two) = (&entries[first as usize], &entries[entry as usize]);
        one.place.position.metres_to(two.place.position) > APART_M.max(one.reach_m).max(two.reach_m)
    });
    let alone = others.len() < 2;
    let nearest = named.entries.iter().copied().min_by(|a, b| near(*a).total_cmp(&near(*b)).then(a.cmp(b)));
    let entry = if apart && !alone { nearest.unwrap_or(first) } else { first };
    let street_entry = named
        .entries
        .iter()
        .copied()
        .find(|entry| entries[*entry as usize].street.is_some())
        .or_else(|| city.gazetteer.street_named(&piece))
        .unwrap_or(entry) as usize;
    let doubtful = apart && (alone || near(entry) > APART_M);
    Mention { start, end, named, entry: entry as usize, street: entries[street_entry].street, street_entry, doubtful }
}
