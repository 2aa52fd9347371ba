//! Drainage enforcement: mapped channels and culverts are cut into the ground, so that water takes the way that it is known to take.
//! Called by `relief` before hollows are filled.
//! Along a cut line the ground never rises in the direction of flow; what lies beside it is untouched.

use geo::{Euclidean, Length};
use geo_types::{Coord, LineString};

use super::grid::Grid;
use super::relief::{NoRelief, SEGMENT_M, Segment};
use crate::position::Plane;
use crate::{City, ReachCode};

/// Channels as cells.
pub(super) struct Channels {
    /// Cells with the index of their segment, each cell once, in the order of reaches by code and then along them.
    pub(super) cells: Vec<(u32, u16)>,
    pub(super) segments: Vec<Segment>,
    /// For each reach the fall of the ground from its first known cell to its last, and the length between, both metres.
    pub(super) falls: Vec<(ReachCode, f64, f64)>,
    /// Cells of each reach in the direction of flow, those of other reaches too.
    ways: Vec<Vec<u32>>,
}

/// The cells that a line passes, in order, each with metres from its start; steps of at most half a cell, so that neighbours touch.
pub(crate) fn along(grid: &Grid, line: &LineString<f64>) -> Vec<(u32, f64)> {
    let mut cells: Vec<(u32, f64)> = Vec::new();
    let Some(first) = line.coords().next() else { return cells };
    let plane = Plane::at(*first);
    let mut metres = 0.0;
    for piece in line.lines() {
        let length = Euclidean.length(&geo_types::Line::new(plane.metres(piece.start), plane.metres(piece.end)));
        let (Some(from), Some(to)) = (grid.cell_coord(piece.start), grid.cell_coord(piece.end)) else { return cells };
        // What lies far outside of the grid is not walked cell by cell.
        let span = (to.x - from.x).abs().max((to.y - from.y).abs()).min(4.0e6);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 8 million")]
        let steps = (span * 2.0).ceil().max(1.0) as u32;
        for step in 0..=steps {
            let part = f64::from(step) / f64::from(steps);
            let there = Coord {
                x: piece.start.x + (piece.end.x - piece.start.x) * part,
                y: piece.start.y + (piece.end.y - piece.start.y) * part,
            };
            if let Some(cell) = grid.cell_at(there) {
                let cell = u32::try_from(cell).expect("a grid has at most CELLS_MAX cells");
                if cells.last().is_none_or(|&(last, _)| last != cell) {
                    cells.push((cell, metres + length * part));
                }
            }
        }
        metres += length;
    }
    cells
}

/// The city's reaches as cells of known height. A cell that several reaches pass belongs to the first by code.
pub(super) fn channels(grid: &Grid, ground: &[f32], city: &City) -> Result<Channels, NoRelief> {
    let mut found = Channels { cells: Vec::new(), segments: Vec::new(), falls: Vec::new(), ways: Vec::new() };
    let mut taken = vec![false; grid.cells()];
    for reach in city.reaches() {
        let mut way = along(grid, &reach.line);
        way.retain(|&(cell, _)| !ground[cell as usize].is_nan());
        let mut last_part = None;
        for &(cell, metres) in &way {
            if std::mem::replace(&mut taken[cell as usize], true) {
                continue;
            }
            let part = (metres / SEGMENT_M).floor();
            if last_part != Some(part.to_bits()) {
                last_part = Some(part.to_bits());
                let (from_m, to_m) = (part * SEGMENT_M, (part + 1.0) * SEGMENT_M);
                found.segments.push(Segment { reach: reach.code.clone(), from_m, to_m, rows: 0..0, cols: 0..0 });
            }
            // The last number means that there is none.
            let index = u16::try_from(found.segments.len() - 1).ok().filter(|index| *index < u16::MAX);
            found.cells.push((cell, index.ok_or(NoRelief::TooManySegments)?));
        }
        if let (Some(&(first, from_m)), Some(&(last, to_m))) = (way.first(), way.last()) {
            let fall = f64::from(ground[first as usize]) - f64::from(ground[last as usize]);
            found.falls.push((reach.code.clone(), fall, to_m - from_m));
        }
        found.ways.push(way.into_iter().map(|(cell, _)| cell).collect());
    }
    Ok(found)
}

/// Cuts culverts to their own depth and channels `burn_m` deeper than what makes them fall all along.
pub(super) fn cut(grid: &Grid, ground: &mut [f32], culverts: &[LineString<f64>], channels: &Channels, burn_m: f64) {
    for culvert in culverts {
        let way: Vec<u32> = along(grid, culvert).into_iter().map(|(cell, _)| cell).collect();
        fall_along(ground, &way);
    }
    for way in &channels.ways {
        fall_along(ground, way);
    }
    #[expect(clippy::cast_possible_truncation, reason = "metres as f32, as heights are kept")]
    let deeper = burn_m as f32;
    for &(cell, _) in &channels.cells {
        ground[cell as usize] -= deeper;
    }
}

/// Lowers cells to the lowest before them on the way.
fn fall_along(ground: &mut [f32], way: &[u32]) {
    let mut lowest = f32::INFINITY;
    for &cell in way {
        let height = &mut ground[cell as usize];
        // `min` passes over NaN, and what is unknown stays so.
        lowest = lowest.min(*height);
        if !height.is_nan() {
            *height = lowest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terrain::Crs;

    #[test]
    #[expect(clippy::float_cmp, reason = "small whole numbers are exact")]
    fn a_culvert_opens_the_wall_and_a_channel_is_cut_below_it() {
        let grid = Grid::new((5, 1), (48.0, 35.0), (0.1, 0.1), Crs::Degrees).unwrap();
        let line = LineString::from(vec![(48.05, 34.95), (48.45, 34.95)]);
        let channels =
            Channels { cells: vec![(4, 0)], segments: Vec::new(), falls: Vec::new(), ways: vec![vec![3, 4]] };
        let mut ground = [5.0, 6.0, 9.0, 4.0, f32::NAN];
        cut(&grid, &mut ground, std::slice::from_ref(&line), &channels, 2.0);
        assert_eq!(ground[..4], [5.0, 5.0, 5.0, 4.0]);
        let mut ground = [5.0, 6.0, 9.0, 4.0, 4.5];
        cut(&grid, &mut ground, &[], &channels, 2.0);
        assert_eq!(ground, [5.0, 6.0, 9.0, 4.0, 2.0]);
        assert_eq!(along(&grid, &line).iter().map(|(cell, _)| *cell).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }
}
