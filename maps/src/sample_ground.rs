//! The ground under the sample city, made by a recipe: no survey, no height model, only what the hand-drawn map says of heights.
//! Called by `City::sample_heights`, for the demo, tests and documentation.
//! The same on every machine, because nothing but sums, products, quotients and square roots goes in; approximate as the map is.

use geo_types::Coord;

use crate::position::Plane;
use crate::terrain::{Crs, Dem, Grid};
use crate::{City, ZoneKind};

/// Western and northern edge, degrees.
const CORNER: (f64, f64) = (48.19, 34.885);
/// Cell size in degrees: about 36.6 m both ways.
const STEP: (f64, f64) = (0.000_4, 0.000_33);
const COLS: usize = 1_090;
const ROWS: usize = 700;

/// Summit of Alvand, and its height in metres. Source: general knowledge, as for the rest of the sample.
const ALVAND: (Coord<f64>, f64) = (Coord { x: 48.4867, y: 34.6636 }, 3_584.0);
/// Saddle of the pass of Asadabad.
const PASS: Coord<f64> = Coord { x: 48.235, y: 34.83 };

/// Beyond so many metres a channel shapes the ground no more.
const CHANNEL_M_MAX: f64 = 800.0;

impl City {
    /// Heights under the [sample city](City::sample), from the pass of Asadabad to Jowraqan and up to Alvand, on cells of about 37 m: made
    /// by a recipe from the heights of the map's own gauges and zones, and just as approximate.
    ///
    /// The recipe: (1) a slope that falls 14 m/km to the north-north-east and steepens from 2.5 km above the city's middle; (2) Alvand as a
    /// hump to 3,584 m and a saddle at the pass; (3) valleys along the waterways, 17 m deep at the channel; (4) a smooth correction so that
    /// gauges and zones have the heights that the map gives them; (5) roughness of 0.3 m in the city, more in the mountains. O(cells).
    pub fn sample_heights() -> Dem {
        let city = City::sample();
        let grid = Grid::new((COLS, ROWS), CORNER, STEP, Crs::Degrees).expect("a grid on the earth, of a bounded size");
        let plane = Plane::at(city.center().coord());
        let away_m = away_from_channels(&city, &grid, &plane);
        let at = |cell: usize| {
            let (col, row) = ((cell % COLS) as f64 + 0.5, (cell / COLS) as f64 + 0.5);
            grid.degrees_at(col, row).expect("degrees are placed")
        };
        let summit = plane.metres(ALVAND.0);
        let rise_m = ALVAND.1 - slope(summit);
        let shaped = |cell: usize| {
            let metres = plane.metres(at(cell));
            slope(metres) + hump(metres - summit, rise_m) + saddle(metres - plane.metres(PASS)) - valley(away_m[cell])
        };

        let controls = controls(&city, &plane, |position| grid.cell_at(position).map(&shaped));
        let heights = (0..grid.cells()).map(|cell| {
            let metres = plane.metres(at(cell));
            let base = shaped(cell) + corrected(&controls, metres, metres - summit);
            let steep = ((base - 1_900.0) / 800.0).clamp(0.0, 1.0);
            let height = base + roughness(metres) * (0.3 + 9.0 * steep) * channel_calm(away_m[cell]);
            #[expect(clippy::cast_possible_truncation, reason = "centimetres of a mountain")]
            let height = ((height * 100.0).round() / 100.0) as f32;
            height
        });
        Dem::new(grid, heights.collect()).expect("one height for each cell")
    }
}

/// Metres around the summit within which nothing corrects the hump.
const SUMMIT_FREE_M: f64 = 4_000.0;

/// The slope of the plain: 1,832 m at the city's middle.
fn slope(metres: Coord<f64>) -> f64 {
    // Up is 65° north of east, reversed: cosine and sine, so that no library has to work them out.
    let (cos, sin) = (0.422_618, 0.906_308);
    let up = -(metres.x * cos + metres.y * sin) / 1_000.0;
    let aside = (metres.x * sin - metres.y * cos) / 1_000.0;
    let beyond = (up - 2.5).max(0.0);
    // Far up the slope is a plain again, for Alvand to stand on.
    let calm = beyond / 9.0;
    let steeper = 7.2 * beyond * beyond / (1.0 + calm * calm * calm * calm).sqrt();
    1_832.0 + 14.4 * up + steeper - 3.4 * aside
}

fn hump(from_summit: Coord<f64>, rise_m: f64) -> f64 {
    let far = (from_summit.x * from_summit.x + from_summit.y * from_summit.y) / (3_000.0 * 3_000.0);
    rise_m / ((1.0 + far) * (1.0 + far))
}

/// Higher to north and south of the pass, lower to east and west.
fn saddle(from_pass: Coord<f64>) -> f64 {
    let (x, y) = (from_pass.x / 1_000.0, from_pass.y / 1_000.0);
    let far = (x * x + y * y) / 9.0;
    (45.0 * y * y - 25.0 * x * x) / ((1.0 + far) * (1.0 + far))
}

/// How much lower the ground is for a channel at this distance.
fn valley(away_m: f64) -> f64 {
    let shape = |width_m: f64| 1.0 / (1.0 + (away_m / width_m) * (away_m / width_m));
    // What is left at the farthest distance is taken off everywhere, so that there is no step.
    let edge = |width_m: f64| 1.0 / (1.0 + (CHANNEL_M_MAX / width_m) * (CHANNEL_M_MAX / width_m));
    (5.0 * (shape(40.0) - edge(40.0)) + 12.0 * (shape(250.0) - edge(250.0))).max(0.0)
}

/// Channels are smooth.
fn channel_calm(away_m: f64) -> f64 {
    let near = away_m / 80.0;
    near * near / (1.0 + near * near)
}

/// Metres from each cell to the nearest channel, at most [`CHANNEL_M_MAX`].
fn away_from_channels(city: &City, grid: &Grid, plane: &Plane) -> Vec<f64> {
    let mut away2 = vec![CHANNEL_M_MAX * CHANNEL_M_MAX; grid.cells()];
    let (width, height) = grid.step_m();
    for edge in city.reaches().iter().flat_map(|reach| reach.line.lines()) {
        let corners = [edge.start, edge.end].map(|at| grid.cell_coord(at).expect("degrees are placed"));
        let span = |a: f64, b: f64, step_m: f64, count: usize| {
            let off = CHANNEL_M_MAX / step_m + 1.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the grid")]
            let cut = |value: f64| value.clamp(0.0, count as f64) as usize;
            cut(a.min(b) - off)..cut(a.max(b) + off)
        };
        let rows = span(corners[0].y, corners[1].y, height, grid.rows());
        let cols = span(corners[0].x, corners[1].x, width, grid.cols());
        let (start, end) = (plane.metres(edge.start), plane.metres(edge.end));
        let way = end - start;
        let length2 = (way.x * way.x + way.y * way.y).max(1e-9);
        for row in rows {
            for col in cols.clone() {
                let at = grid.degrees_at(col as f64 + 0.5, row as f64 + 0.5).expect("degrees are placed");
                let to = plane.metres(at) - start;
                let part = ((to.x * way.x + to.y * way.y) / length2).clamp(0.0, 1.0);
                let off = to - way * part;
                let known = &mut away2[row * grid.cols() + col];
                *known = known.min(off.x * off.x + off.y * off.y);
            }
        }
    }
    away2.into_iter().map(f64::sqrt).collect()
}

/// Where the map gives a height, and how far the shape is off there: stage gauges by their zero, other gauges and zones by their ground.
fn controls(city: &City, plane: &Plane, shaped: impl Fn(Coord<f64>) -> Option<f64>) -> Vec<(Coord<f64>, f64)> {
    let gauges = city.gauges().iter().map(|gauge| (gauge.position, gauge.datum_m.or(gauge.elevation_m)));
    let zones = city.leaves().filter(|zone| zone.kind != ZoneKind::Pass).map(|zone| (zone.label_at, zone.elevation_m));
    let known = gauges.chain(zones).filter_map(|(position, height_m)| {
        let off = height_m? - shaped(position.coord())?;
        Some((plane.metres(position.coord()), off))
    });
    known.collect()
}

/// The correction at a place: what is missing at the controls, the nearer the more, and nothing near the summit.
fn corrected(controls: &[(Coord<f64>, f64)], at: Coord<f64>, from_summit: Coord<f64>) -> f64 {
    // One weight for no correction, so that it fades far from all controls.
    let (mut sum, mut weights) = (0.0, 1.0 / (8.0_f64 * 8.0 * 8.0 * 8.0));
    for (control, off) in controls {
        let (x, y) = ((at.x - control.x) / 1_000.0, (at.y - control.y) / 1_000.0);
        let away2 = x * x + y * y + 0.000_4;
        let weight = 1.0 / (away2 * away2);
        sum += weight * off;
        weights += weight;
    }
    let far2 = (from_summit.x * from_summit.x + from_summit.y * from_summit.y) / (SUMMIT_FREE_M * SUMMIT_FREE_M);
    sum / weights * (far2 / (1.0 + far2))
}

/// From -1 to 1, smooth over some 150 m: numbers of a lattice, mixed by whole-number arithmetic.
fn roughness(metres: Coord<f64>) -> f64 {
    let (x, y) = (metres.x / 150.0 + 1_000.0, metres.y / 150.0 + 1_000.0);
    let (col, row) = (x.floor(), y.floor());
    let smooth = |part: f64| part * part * (3.0 - 2.0 * part);
    let (part_x, part_y) = (smooth(x - col), smooth(y - row));
    let value = |dx: f64, dy: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "lattice numbers from 0 to 2,000")]
        let (col, row) = ((col + dx) as u64, (row + dy) as u64);
        // SplitMix64.
        let mut mixed = (col << 32 | row).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed >> 44) as f64) / f64::from(1_u32 << 19) - 1.0
    };
    let across = |dy: f64| value(0.0, dy) * (1.0 - part_x) + value(1.0, dy) * part_x;
    across(0.0) * (1.0 - part_y) + across(1.0) * part_y
}
