//! Mends outlines that are not valid, where it is clear what was meant, and says so.
//! Called for the shapes of zones; everybody else's shapes are taken as they are or refused.
//! Errs outward: every place that an outline goes round stays in. Corners keep their exact coordinates, so neighbours still fit.

use std::borrow::Cow;

use geo::orient::{Direction, Orient};
use geo::{Area, BooleanOps, Validation, algorithm::bool_ops::FillRule};
use geo_types::{Coord, LineString, MultiPolygon, Polygon};

use crate::index::exact;
use crate::meridian;

/// Mending moves a corner by at most this many degrees (a tenth of a millimetre); it is then put back.
const MOVED_DEGREES_MAX: f64 = 1e-9;

/// A zone encloses more than this, in square degrees: about a square millimetre.
const AREA_MIN: f64 = 1e-16;

/// A valid shape, oriented, and what had to be done for it; or the reason why nothing could be.
pub(crate) fn mended(shape: MultiPolygon<f64>) -> Result<(MultiPolygon<f64>, Vec<&'static str>), String> {
    let mut notes = Vec::new();
    let mut shape = match meridian::at_home(&shape) {
        Cow::Owned(cut) => {
            notes.push("crosses the 180th meridian; it was cut there");
            cut
        }
        Cow::Borrowed(_) => shape,
    };
    if without_spikes(&mut shape) {
        notes.push("the outline ran back along itself; the spike was left out");
    }
    let fault = match shape.check_validation() {
        Ok(()) if shape.unsigned_area() >= AREA_MIN => return Ok((shape.orient(Direction::Default), notes)),
        Ok(()) => return Err("the outline encloses nothing".to_owned()),
        Err(fault) => fault.to_string(),
    };
    let corners: Vec<Coord<f64>> = exact::rings(&shape).flat_map(|ring| ring.0.iter().copied()).collect();
    let parts: Vec<MultiPolygon<f64>> = shape.iter().map(part).collect();
    let mut whole = together(&parts).orient(Direction::Default);
    put_back(&mut whole, &corners);
    if whole.unsigned_area() < AREA_MIN || !whole.is_valid() {
        return Err(fault);
    }
    notes.push("the outline crossed or touched itself; every place that it went round was kept");
    Ok((whole, notes))
}

/// What the exterior goes round in either direction, without what the holes go round.
fn part(polygon: &Polygon<f64>) -> MultiPolygon<f64> {
    let gone_round = |ring: &LineString<f64>| {
        let alone = MultiPolygon(vec![Polygon::new(ring.clone(), vec![])]);
        alone.union_with_fill_rule(&MultiPolygon(Vec::new()), FillRule::NonZero)
    };
    let holes: Vec<MultiPolygon<f64>> = polygon.interiors().iter().map(gone_round).collect();
    gone_round(polygon.exterior()).difference(&together(&holes))
}

fn together(shapes: &[MultiPolygon<f64>]) -> MultiPolygon<f64> {
    shapes.iter().fold(MultiPolygon(Vec::new()), |whole, shape| whole.union(shape))
}

/// Leaves out corners where a ring turns back to where it came from, and rings that are then nothing.
fn without_spikes(shape: &mut MultiPolygon<f64>) -> bool {
    let mut found = false;
    let mut mend = |ring: &mut LineString<f64>| {
        let mut corners = std::mem::take(&mut ring.0);
        corners.pop();
        loop {
            let count = corners.len();
            let at = |number: usize| corners[number % count];
            let spike = (0..count).find(|&number| count > 2 && at(number) == at(number + 2));
            let Some(spike) = spike else { break };
            // The tip, and one of the two corners that are one.
            let (tip, again) = ((spike + 1) % count, (spike + 2) % count);
            corners.remove(tip.max(again));
            corners.remove(tip.min(again));
            found = true;
        }
        if let Some(&first) = corners.first().filter(|_| corners.len() > 2) {
            corners.push(first);
            ring.0 = corners;
        }
    };
    for polygon in &mut shape.0 {
        polygon.exterior_mut(&mut mend);
        polygon.interiors_mut(|rings| rings.iter_mut().for_each(&mut mend));
    }
    if found {
        shape.0.retain(|polygon| !polygon.exterior().0.is_empty());
        for polygon in &mut shape.0 {
            let holes = polygon.interiors().iter().filter(|ring| !ring.0.is_empty()).cloned().collect();
            *polygon = Polygon::new(polygon.exterior().clone(), holes);
        }
    }
    found
}

/// Puts corners that mending has moved by its rounding back to where they were drawn.
fn put_back(shape: &mut MultiPolygon<f64>, corners: &[Coord<f64>]) {
    let back = |ring: &mut LineString<f64>| {
        for coord in &mut ring.0 {
            let off = |corner: &Coord<f64>| (corner.x - coord.x).abs().max((corner.y - coord.y).abs());
            let nearest = corners.iter().min_by(|a, b| off(a).total_cmp(&off(b)));
            if let Some(&corner) = nearest.filter(|corner| off(corner) <= MOVED_DEGREES_MAX) {
                *coord = corner;
            }
        }
        ring.0.dedup();
    };
    for polygon in &mut shape.0 {
        polygon.exterior_mut(back);
        polygon.interiors_mut(|rings| rings.iter_mut().for_each(back));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(coords: &[(f64, f64)]) -> MultiPolygon<f64> {
        let ring: LineString<f64> = coords.iter().map(|&(x, y)| Coord { x: 48.0 + x, y: 34.0 + y }).collect();
        MultiPolygon(vec![Polygon::new(ring, vec![])])
    }

    #[test]
    fn what_is_valid_is_not_touched() {
        let square = shape(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]);
        assert_eq!(mended(square.clone()), Ok((square, vec![])));
    }

    #[test]
    fn a_bow_tie_keeps_both_halves_and_its_exact_corners() {
        let (whole, notes) = mended(shape(&[(0.0, 0.0), (0.3, 0.3), (0.3, 0.0), (0.0, 0.3)])).unwrap();
        assert_eq!(notes.len(), 1);
        assert!(whole.is_valid() && (whole.unsigned_area() - 0.045).abs() < 1e-9);
        let corners: Vec<Coord<f64>> = exact::rings(&whole).flat_map(|ring| ring.0.clone()).collect();
        for (x, y) in [(0.0, 0.0), (0.3, 0.3), (0.3, 0.0), (0.0, 0.3)] {
            assert!(corners.contains(&Coord { x: 48.0 + x, y: 34.0 + y }), "{x},{y}");
        }
    }

    #[test]
    fn a_place_that_is_gone_round_twice_stays_in() {
        // A loop within the outline, drawn in the same direction.
        let twice = [(0.0, 0.0), (0.4, 0.0), (0.4, 0.4), (0.2, 0.4), (0.2, 0.1), (0.3, 0.1), (0.3, 0.5), (0.0, 0.5)];
        let (whole, _) = mended(shape(&twice)).unwrap();
        assert!(exact::holds(&whole, Coord { x: 48.25, y: 34.2 }));
    }

    #[test]
    fn a_spike_goes_and_what_is_nothing_is_refused() {
        let (whole, notes) =
            mended(shape(&[(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.9, 0.9), (0.5, 0.5), (0.0, 0.5)])).unwrap();
        assert_eq!(notes, ["the outline ran back along itself; the spike was left out"]);
        assert_eq!(whole.0[0].exterior().0.len(), 5);
        assert!(mended(shape(&[(0.0, 0.0), (0.5, 0.5), (0.0, 0.0), (0.5, 0.5)])).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_is_drawn_is_mended_or_refused(
            dots in prop::collection::vec((0_u8..9, 0_u8..9), 1..12),
        ) {
            let coords: Vec<(f64, f64)> = dots.iter().map(|&(x, y)| (f64::from(x) / 16.0, f64::from(y) / 16.0)).collect();
            if let Ok((whole, _)) = mended(shape(&coords)) {
                prop_assert!(whole.is_valid() && !whole.0.is_empty());
            }
        }
    }
}
