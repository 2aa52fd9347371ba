//! Lines become a network: split where they meet, put together where they only continue.
//! Called for waterways and roads, from whatever file they come.
//! Direction is kept; a place is split only where something meets, and the code of a piece comes from its source and where it begins.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use geo_types::{Coord, LineString};

use super::naming::mark;
use crate::position::Plane;

/// Which place a vertex is: two lines meet where they have the same.
pub(crate) type Key = u64;

/// A line of the source.
#[derive(Debug, Clone)]
pub(crate) struct Line<A> {
    /// Code of its source.
    pub(crate) code: String,
    /// One for each coordinate.
    pub(crate) keys: Vec<Key>,
    pub(crate) coords: Vec<Coord<f64>>,
    /// What is said about it; lines that continue each other are put together when they say the same.
    pub(crate) about: A,
}

/// A piece of the network.
#[derive(Debug, Clone)]
pub(crate) struct Piece<A> {
    pub(crate) code: String,
    pub(crate) from: Key,
    pub(crate) to: Key,
    pub(crate) line: LineString<f64>,
    pub(crate) about: A,
}

/// The key of a place that has no name: its coordinates, to 1e-7 degrees.
pub(crate) fn key_of(coord: Coord<f64>) -> Key {
    #[expect(clippy::cast_possible_truncation, reason = "180 degrees in ten-millionths fit")]
    let whole = |degrees: f64| u64::from(((degrees * 1e7).round() as i32).cast_unsigned());
    (whole(coord.x) << 32) | whole(coord.y)
}

/// Splits lines where they meet and puts pieces together that only continue each other. O(vertices log vertices).
///
/// Lines meet at a vertex that two of them have, or that one has twice. A piece that starts where its source does bears the source's
/// code; others bear it with a mark of the place where they begin.
pub(crate) fn pieces<A: PartialEq + Clone>(lines: Vec<Line<A>>) -> Vec<Piece<A>> {
    // How many lines pass or end at each place: 1 in the middle of one line, more where something meets.
    let mut uses: HashMap<Key, u32> = HashMap::new();
    for line in &lines {
        for &key in &line.keys {
            *uses.entry(key).or_default() += 1;
        }
    }
    let mut pieces = Vec::with_capacity(lines.len());
    for line in lines {
        let last = line.keys.len().saturating_sub(1);
        let mut from = 0;
        for to in 1..=last {
            if to < last && uses[&line.keys[to]] < 2 {
                continue;
            }
            let code = if from == 0 { line.code.clone() } else { piece_code(&line.code, line.keys[from]) };
            pieces.push(Piece {
                code,
                from: line.keys[from],
                to: line.keys[to],
                line: LineString(line.coords[from..=to].to_vec()),
                about: line.about.clone(),
            });
            from = to;
        }
    }
    joined(pieces)
}

fn piece_code(code: &str, from: Key) -> String {
    format!("{code}-{}", mark(&from.to_string()))
}

/// Puts two pieces together where one ends, one starts, nothing else meets, and both say the same.
fn joined<A: PartialEq>(pieces: Vec<Piece<A>>) -> Vec<Piece<A>> {
    let mut ends: HashMap<Key, (u32, u32)> = HashMap::new();
    let mut starts_at: HashMap<Key, usize> = HashMap::new();
    for (number, piece) in pieces.iter().enumerate() {
        ends.entry(piece.from).or_default().0 += 1;
        ends.entry(piece.to).or_default().1 += 1;
        starts_at.insert(piece.from, number);
    }
    let next = |piece: &Piece<A>| (ends[&piece.to] == (1, 1)).then(|| starts_at[&piece.to]);
    let mut continues: Vec<Option<usize>> = vec![None; pieces.len()];
    let mut is_continued_from = vec![false; pieces.len()];
    for (number, piece) in pieces.iter().enumerate() {
        if let Some(after) = next(piece).filter(|&after| after != number && pieces[after].about == piece.about) {
            continues[number] = Some(after);
            is_continued_from[after] = true;
        }
    }
    let mut left: Vec<Option<Piece<A>>> = pieces.into_iter().map(Some).collect();
    let mut whole = Vec::with_capacity(left.len());
    // Chains first, then what is left: rings, which begin nowhere, so each at the piece with the least code.
    let mut begins: Vec<usize> = (0..left.len()).filter(|&number| !is_continued_from[number]).collect();
    let mut rings: Vec<usize> = (0..left.len()).filter(|&number| is_continued_from[number]).collect();
    rings.sort_by(|&one, &other| {
        let code = |number: usize| left[number].as_ref().map(|piece| piece.code.clone());
        code(one).cmp(&code(other))
    });
    begins.extend(rings);
    for begin in begins {
        let Some(mut piece) = left[begin].take() else { continue };
        let mut follow = continues[begin];
        while let Some(after) = follow {
            let Some(more) = left[after].take() else { break };
            piece.to = more.to;
            piece.line.0.extend_from_slice(&more.line.0[1..]);
            follow = continues[after];
        }
        whole.push(piece);
    }
    whole
}

/// For each piece the one that its water flows into, and what was odd about it.
pub(crate) struct Flow {
    pub(crate) into: Vec<Option<usize>>,
    /// Places where more than one piece goes on, of which the water takes one.
    pub(crate) forks: Vec<usize>,
    /// Pieces whose way on was given up because it led round in a circle.
    pub(crate) circles: Vec<usize>,
}

/// Where the water of each piece goes on: where another starts at its end; of several the one that `rank` puts first, then by code.
///
/// Where none starts at its very end, the one that starts nearest, if that is within `gap_m`: lines that were drawn by hand.
pub(crate) fn flow<A>(pieces: &[Piece<A>], gap_m: f64, rank: impl Fn(&A, &A) -> u8) -> Flow {
    let mut starts: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (number, piece) in pieces.iter().enumerate() {
        starts.entry(piece.from).or_default().push(number);
    }
    let mut starts_by_lat: Vec<(f64, usize)> =
        pieces.iter().enumerate().filter_map(|(number, piece)| Some((piece.line.0.first()?.y, number))).collect();
    starts_by_lat.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut flow = Flow { into: Vec::with_capacity(pieces.len()), forks: Vec::new(), circles: Vec::new() };
    for (number, piece) in pieces.iter().enumerate() {
        let onward = starts.get(&piece.to).map(Vec::as_slice).unwrap_or_default();
        if onward.len() > 1 {
            flow.forks.push(number);
        }
        let best = onward.iter().copied().filter(|&next| next != number).min_by(|&one, &other| {
            let order = |next: usize| (rank(&piece.about, &pieces[next].about), &pieces[next].code);
            order(one).cmp(&order(other))
        });
        let near = || nearest_start(pieces, &starts_by_lat, number, gap_m);
        flow.into.push(best.or_else(near));
    }
    // Each piece has at most one way on, so a walk either ends or comes round; done ones need not be walked again.
    let mut done = vec![false; pieces.len()];
    for begin in 0..pieces.len() {
        let mut way = Vec::new();
        let mut on_way = BTreeSet::new();
        let mut here = begin;
        while !done[here] && on_way.insert(here) {
            way.push(here);
            match flow.into[here] {
                Some(next) if on_way.contains(&next) => {
                    flow.into[here] = None;
                    flow.circles.push(here);
                }
                Some(next) => here = next,
                None => {}
            }
        }
        for piece in way {
            done[piece] = true;
        }
    }
    flow
}

fn nearest_start<A>(pieces: &[Piece<A>], starts_by_lat: &[(f64, usize)], of: usize, gap_m: f64) -> Option<usize> {
    let end = *pieces[of].line.0.last().filter(|_| gap_m > 0.0)?;
    let plane = Plane::at(end);
    let margin = plane.margin_degrees(gap_m).y;
    let from = starts_by_lat.partition_point(|(lat, _)| *lat < end.y - margin);
    let near = starts_by_lat[from..].iter().take_while(|(lat, _)| *lat <= end.y + margin);
    let apart = near.filter(|(_, number)| *number != of).filter_map(|&(_, number)| {
        let metres = plane.metres(*pieces[number].line.0.first()?);
        Some((metres.x.hypot(metres.y), number))
    });
    apart
        .filter(|(metres, _)| *metres <= gap_m)
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(code: &str, keys: &[Key], name: &'static str) -> Line<&'static str> {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let coords = keys.iter().map(|&key| Coord { x: key as f64, y: 0.0 }).collect();
        Line { code: code.to_owned(), keys: keys.to_vec(), coords, about: name }
    }

    fn told(pieces: &[Piece<&str>]) -> Vec<(String, Key, Key, usize)> {
        pieces.iter().map(|piece| (piece.code.clone(), piece.from, piece.to, piece.line.0.len())).collect()
    }

    #[test]
    fn a_brook_that_meets_a_river_splits_it_and_halves_of_one_way_are_joined() {
        let lines =
            vec![line("w1", &[1, 2, 3], "river"), line("w2", &[3, 4, 5], "river"), line("w3", &[9, 4], "brook")];
        let pieces = pieces(lines);
        let second = piece_code("w2", 4);
        assert_eq!(told(&pieces), [("w1".to_owned(), 1, 4, 4), (second.clone(), 4, 5, 2), ("w3".to_owned(), 9, 4, 2)]);
        let flow = flow(&pieces, 0.0, |_, _| 0);
        assert_eq!(flow.into, [Some(1), None, Some(1)]);
        assert!(flow.forks.is_empty() && flow.circles.is_empty());
    }

    #[test]
    fn of_two_ways_on_the_same_name_is_taken_and_a_circle_is_opened() {
        let lines = vec![
            line("a", &[1, 2], "river"),
            line("b", &[2, 3], "canal"),
            line("c", &[2, 4], "river"),
            line("d", &[3, 1], "canal"),
        ];
        let pieces = pieces(lines);
        let by_name = |piece: &&str, next: &&str| u8::from(piece != next);
        let flow = flow(&pieces, 0.0, by_name);
        let at = |code: &str| pieces.iter().position(|piece| piece.code == code).unwrap();
        assert_eq!(flow.into[at("a")], Some(at("c")));
        assert_eq!(flow.forks, [at("a")]);
        let ring = flow_of_ring();
        assert_eq!(ring.circles.len(), 1);
        assert_eq!(ring.into.iter().filter(|into| into.is_some()).count(), 2);
    }

    fn flow_of_ring() -> Flow {
        let piece =
            |code: &str, from, to| Piece { code: code.to_owned(), from, to, line: LineString(vec![]), about: () };
        flow(&[piece("a", 1, 2), piece("b", 2, 3), piece("c", 3, 1)], 0.0, |(), ()| 0)
    }

    #[test]
    fn a_roundabout_and_a_line_that_crosses_itself_are_split_where_they_meet_themselves() {
        let pieces = pieces(vec![line("r", &[1, 2, 3, 1], "x"), line("s", &[5, 6, 7, 6, 8], "x")]);
        assert_eq!(pieces.len(), 4);
        assert_eq!(told(&pieces)[0], ("r".to_owned(), 1, 1, 4));
        let codes: BTreeSet<&str> = pieces.iter().map(|piece| piece.code.as_str()).collect();
        assert_eq!(codes.len(), 3, "6→7 and 6→8 begin at one place of one line, which is told later");
    }

    #[test]
    fn ends_that_nearly_meet_flow_on_and_farther_ones_do_not() {
        let piece = |code: &str, west: f64, from: Key| Piece {
            code: code.to_owned(),
            from,
            to: from + 1,
            line: LineString::from(vec![(west, 34.8), (west + 0.01, 34.8)]),
            about: (),
        };
        // 20 m and 200 m at this latitude.
        let pieces = [piece("a", 48.0, 1), piece("b", 48.010_22, 3), piece("c", 48.022_4, 5)];
        assert_eq!(flow(&pieces, 30.0, |(), ()| 0).into, [Some(1), None, None]);
        assert_eq!(flow(&pieces, 0.0, |(), ()| 0).into, [None, None, None]);
    }

    #[test]
    fn places_to_a_centimetre_are_one() {
        let here = Coord { x: 48.514_800_01, y: -34.798_3 };
        assert_eq!(key_of(here), key_of(Coord { x: 48.514_800_02, ..here }));
        assert_ne!(key_of(here), key_of(Coord { x: 48.514_801, ..here }));
    }
}
