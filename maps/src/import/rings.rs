//! Rings become areas: which ring goes round which, and which is a hole.
//! Called for Shapefiles, whose rings are only listed, and for relations of OpenStreetMap.
//! Direction does not matter: a ring inside an odd number of others is a hole, as both formats draw it.

use geo::{Area, BoundingRect, CoordinatePosition, coordinate_position::CoordPos};
use geo_types::{Coord, LineString, MultiPolygon, Polygon, Rect};

/// Most rings of one area.
pub(crate) const RINGS_MAX: usize = 10_000;

struct Ring {
    shape: Polygon<f64>,
    rect: Rect<f64>,
    area: f64,
}

/// Areas of closed rings. O(rings²) boxes, and a test of a few vertices where one box lies in another.
pub(crate) fn areas(rings: Vec<LineString<f64>>) -> Result<MultiPolygon<f64>, String> {
    if rings.len() > RINGS_MAX {
        return Err(format!("has more than {RINGS_MAX} rings"));
    }
    let mut rings: Vec<Ring> = rings
        .into_iter()
        .filter(|ring| ring.0.len() >= 4)
        .filter_map(|ring| {
            let shape = Polygon::new(ring, Vec::new());
            let rect = shape.bounding_rect()?;
            let area = shape.unsigned_area();
            (area > 0.0).then_some(Ring { shape, rect, area })
        })
        .collect();
    if rings.is_empty() {
        return Err("has no ring that encloses anything".to_owned());
    }
    // Whatever goes round a ring comes before it.
    rings.sort_by(|one, other| other.area.total_cmp(&one.area));
    let mut depths: Vec<usize> = Vec::with_capacity(rings.len());
    // For each ring the part that it begins, or the part in which it is a hole.
    let mut parts: Vec<usize> = Vec::with_capacity(rings.len());
    let mut areas: Vec<(LineString<f64>, Vec<LineString<f64>>)> = Vec::new();
    for number in 0..rings.len() {
        let around = (0..number).rev().find(|&other| goes_round(&rings[other], &rings[number]));
        let depth = around.map_or(0, |other| depths[other] + 1);
        depths.push(depth);
        let ring = rings[number].shape.exterior().clone();
        if let Some(other) = around.filter(|_| depth % 2 == 1) {
            parts.push(parts[other]);
            areas[parts[other]].1.push(ring);
        } else {
            parts.push(areas.len());
            areas.push((ring, Vec::new()));
        }
    }
    Ok(areas.into_iter().map(|(exterior, holes)| Polygon::new(exterior, holes)).collect())
}

/// Does the larger ring go round the smaller? They do not cross; they may touch.
fn goes_round(large: &Ring, small: &Ring) -> bool {
    let (outer, inner) = (large.rect, small.rect);
    let within = outer.min().x <= inner.min().x
        && outer.min().y <= inner.min().y
        && outer.max().x >= inner.max().x
        && outer.max().y >= inner.max().y;
    if !within {
        return false;
    }
    let ring = &small.shape.exterior().0;
    let middles = ring.windows(2).map(|two| Coord { x: two[0].x.midpoint(two[1].x), y: two[0].y.midpoint(two[1].y) });
    for coord in ring.iter().copied().chain(middles) {
        match large.shape.coordinate_position(&coord) {
            CoordPos::Inside => return true,
            CoordPos::Outside => return false,
            CoordPos::OnBoundary => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(west: f64, south: f64, side: f64) -> LineString<f64> {
        let (east, north) = (west + side, south + side);
        LineString::from(vec![(west, south), (east, south), (east, north), (west, north), (west, south)])
    }

    #[test]
    fn an_island_in_a_hole_is_a_part_of_its_own_in_whatever_direction_it_is_drawn() {
        for turn in [false, true] {
            let mut rings =
                vec![square(2.0, 2.0, 1.0), square(0.0, 0.0, 5.0), square(1.0, 1.0, 3.0), square(9.0, 9.0, 1.0)];
            if turn {
                for ring in &mut rings {
                    ring.0.reverse();
                }
            }
            let areas = areas(rings).unwrap();
            assert_eq!(areas.0.len(), 3);
            assert!((areas.unsigned_area() - (25.0 - 9.0 + 1.0 + 1.0)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_hole_that_touches_its_outline_is_a_hole_and_a_neighbour_is_none() {
        let touching = areas(vec![square(0.0, 0.0, 4.0), square(0.0, 0.0, 1.0)]).unwrap();
        assert_eq!(touching.0.len(), 1);
        assert!((touching.unsigned_area() - 15.0).abs() < 1e-12);
        let beside = areas(vec![square(0.0, 0.0, 4.0), square(4.0, 0.0, 1.0)]).unwrap();
        assert_eq!(beside.0.len(), 2);
        assert!(areas(vec![LineString(vec![])]).is_err());
    }
}
