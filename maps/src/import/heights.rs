//! Heights of a GeoTIFF or an ESRI ASCII grid, cut to a city's box and, where needed, brought into another projection.
//! Called by the command with what the readers of `terrain` have read.
//! Heights in degrees and in UTM keep their cells exactly; those in Web Mercator are worked out anew between the four cells around.

use geo_types::{Coord, Rect};

use super::Projection;
use super::crs::CONVERT;
use crate::position::Plane;
use crate::terrain::{BadGrid, CELLS_MAX, Crs, Dem, Grid, utm};

/// So much ground around the city is kept: the slopes whose water comes into it.
pub const HEIGHTS_MARGIN_M: f64 = 5_000.0;

/// Heights for a city's box (longitude and latitude), and a sentence about what was done to them.
pub fn cut_heights(dem: &Dem, city: Rect<f64>) -> Result<(Dem, String), String> {
    let margin = Plane::at(city.center()).margin_degrees(HEIGHTS_MARGIN_M);
    let wanted = Rect::new(
        Coord { x: city.min().x - margin.x, y: city.min().y - margin.y },
        Coord { x: city.max().x + margin.x, y: city.max().y + margin.y },
    );
    match dem.grid().crs() {
        Crs::Projected(epsg) if Projection::from_epsg(u32::from(epsg)) == Some(Projection::WebMercator) => {
            let cut = from_mercator(dem, wanted)?;
            let said = format!("brought from EPSG {epsg} into {}, between the four cells around", cut.grid().crs());
            Ok((cut, said))
        }
        crs if dem.grid().is_placed() => {
            let cut = window(dem, wanted)?;
            Ok((cut, format!("cells kept as they are, in {crs}")))
        }
        Crs::Metres => {
            Err("the heights do not say in which projection they are; name it with --crs EPSG:32639".to_owned())
        }
        Crs::Degrees | Crs::Projected(_) => Err(format!(
            "heights in {} can't be placed; {}",
            dem.grid().crs(),
            CONVERT.replace("ogr2ogr -t_srs EPSG:4326 OUT IN", "gdalwarp -t_srs EPSG:4326 IN OUT")
        )),
    }
}

/// The corners of a box, and points between them, for its edges bend in another projection.
fn rim(rect: Rect<f64>) -> impl Iterator<Item = Coord<f64>> {
    const STEPS: i32 = 16;
    (0..=STEPS).flat_map(move |step| {
        let part = f64::from(step) / f64::from(STEPS);
        let (x, y) = (rect.min().x + part * rect.width(), rect.min().y + part * rect.height());
        [(x, rect.min().y), (x, rect.max().y), (rect.min().x, y), (rect.max().x, y)].map(Coord::from)
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the grid")]
fn window(dem: &Dem, wanted: Rect<f64>) -> Result<Dem, String> {
    let grid = dem.grid();
    let (cols, rows) = (grid.cols() as f64, grid.rows() as f64);
    let mut box_ = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for coord in rim(wanted) {
        let Some(at) = grid.cell_coord(coord) else { continue };
        box_ = [box_[0].min(at.x), box_[1].min(at.y), box_[2].max(at.x), box_[3].max(at.y)];
    }
    let (left, right) = (box_[0].floor().clamp(0.0, cols) as usize, box_[2].ceil().clamp(0.0, cols) as usize);
    let (top, bottom) = (box_[1].floor().clamp(0.0, rows) as usize, box_[3].ceil().clamp(0.0, rows) as usize);
    if left >= right || top >= bottom {
        return Err("the heights do not lie where the city is; is --crs right?".to_owned());
    }
    let ((west, north), (step_x, step_y)) = (grid.corner(), grid.step());
    let corner = (west + left as f64 * step_x, north - top as f64 * step_y);
    let cut =
        Grid::new((right - left, bottom - top), corner, (step_x, step_y), grid.crs()).map_err(|bad| bad.to_string())?;
    let heights = dem.heights_m();
    let rows = (top..bottom).flat_map(|row| &heights[row * grid.cols() + left..row * grid.cols() + right]);
    Dem::new(cut, rows.copied().collect()).map_err(|bad| bad.to_string())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked by `Grid::new`")]
fn from_mercator(dem: &Dem, wanted: Rect<f64>) -> Result<Dem, String> {
    let from = dem.grid();
    let middle = wanted.center();
    let number = ((middle.x + 180.0) / 6.0).floor().clamp(0.0, 59.0) as u16 + 1;
    let epsg = if middle.y < 0.0 { 32700 } else { 32600 } + number;
    let zone = utm::zone_of(epsg).ok_or("the city lies in no UTM zone")?;
    // As wide as a cell of the source is on the ground.
    let step = from.step().0 * middle.y.to_radians().cos();
    let mut box_ = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for coord in rim(wanted) {
        let at = zone.metres(coord);
        box_ = [box_[0].min(at.x), box_[1].min(at.y), box_[2].max(at.x), box_[3].max(at.y)];
    }
    let (west, north) = ((box_[0] / step).floor() * step, (box_[3] / step).ceil() * step);
    let size = (((box_[2] - west) / step).ceil(), ((north - box_[1]) / step).ceil());
    if size.0 * size.1 > CELLS_MAX as f64 {
        return Err(BadGrid::Size { cols: size.0 as usize, rows: size.1 as usize }.to_string());
    }
    let to = Grid::new((size.0 as usize, size.1 as usize), (west, north), (step, step), Crs::Projected(epsg))
        .map_err(|bad| bad.to_string())?;
    let mut heights = Vec::with_capacity(to.cells());
    for row in 0..to.rows() {
        for col in 0..to.cols() {
            let metres = Coord { x: west + (col as f64 + 0.5) * step, y: north - (row as f64 + 0.5) * step };
            heights.push(between(dem, mercator(zone.degrees(metres))));
        }
    }
    if heights.iter().all(|height| height.is_nan()) {
        return Err("the heights do not lie where the city is; is --crs right?".to_owned());
    }
    Dem::new(to, heights).map_err(|bad| bad.to_string())
}

/// Web Mercator metres of a longitude and latitude. Source: EPSG method 1024.
fn mercator(degrees: Coord<f64>) -> Coord<f64> {
    const RADIUS_M: f64 = 6_378_137.0;
    Coord { x: RADIUS_M * degrees.x.to_radians(), y: RADIUS_M * degrees.y.to_radians().tan().asinh() }
}

/// The height at a place of the grid, between the middles of the four cells around; unknown where one of them is.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie inside the grid")]
fn between(dem: &Dem, at: Coord<f64>) -> f32 {
    let grid = dem.grid();
    let ((west, north), (step_x, step_y)) = (grid.corner(), grid.step());
    let (x, y) = ((at.x - west) / step_x - 0.5, (north - at.y) / step_y - 0.5);
    let (cols, rows) = (grid.cols() as f64, grid.rows() as f64);
    if x < -0.5 || y < -0.5 || x > cols - 0.5 || y > rows - 0.5 {
        return f32::NAN;
    }
    // Half a cell beyond the outermost middles their heights are taken.
    let (x, y) = (x.clamp(0.0, cols - 1.0), y.clamp(0.0, rows - 1.0));
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right, bottom) = ((left + 1).min(grid.cols() - 1), (top + 1).min(grid.rows() - 1));
    let height = |col: usize, row: usize| f64::from(dem.heights_m()[row * grid.cols() + col]);
    let (part_x, part_y) = (x.fract(), y.fract());
    let mix = |one: f64, other: f64, part: f64| if part == 0.0 { one } else { one + (other - one) * part };
    let upper = mix(height(left, top), height(right, top), part_x);
    let lower = mix(height(left, bottom), height(right, bottom), part_x);
    mix(upper, lower, part_y) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn city() -> Rect<f64> {
        Rect::new((48.45, 34.75), (48.57, 34.85))
    }

    /// A plane that rises to the east and to the north, a metre for each hundred metres of its own projection.
    fn plane(size: usize, corner: (f64, f64), step: f64, crs: Crs, per_unit: f64) -> Dem {
        let grid = Grid::new((size, size), corner, (step, step), crs).unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "heights of a test")]
        let heights = (0..size * size)
            .map(|cell| {
                (((cell % size) as f64 + 0.5) * step * per_unit - ((cell / size) as f64 + 0.5) * step * per_unit
                    + 2_000.0) as f32
            })
            .collect();
        Dem::new(grid, heights).unwrap()
    }

    #[test]
    fn degrees_are_cut_and_keep_their_cells() {
        let dem = plane(100, (48.0, 35.2), 0.01, Crs::Degrees, 100.0);
        let (cut, said) = cut_heights(&dem, city()).unwrap();
        assert!(said.contains("kept as they are"));
        assert!(cut.grid().cells() < dem.grid().cells() / 8);
        for (lon, lat) in [(48.4512, 34.7534), (48.5677, 34.8461), (48.5148, 34.7983)] {
            let degrees = Coord { x: lon, y: lat };
            let height = |dem: &Dem| dem.heights_m()[dem.grid().cell_at(degrees).unwrap()];
            assert_eq!(height(&cut).to_bits(), height(&dem).to_bits());
        }
    }

    #[test]
    fn web_mercator_is_brought_into_the_zone_of_the_city() {
        let dem = plane(400, (5_380_000.0, 4_160_000.0), 100.0, Crs::Projected(3857), 0.01);
        let (cut, said) = cut_heights(&dem, city()).unwrap();
        assert!(said.contains("32639"), "{said}");
        assert_eq!(cut.grid().crs(), Crs::Projected(32639));
        let square = Coord { x: 48.5148, y: 34.7983 };
        let height = cut.heights_m()[cut.grid().cell_at(square).unwrap()];
        let metres = mercator(square);
        let wanted = (metres.x - 5_380_000.0) * 0.01 - (4_160_000.0 - metres.y) * 0.01 + 2_000.0;
        // The middle of the cell lies within 60 m of the square, which is a metre of this plane.
        assert!((f64::from(height) - wanted).abs() < 1.0, "{height}, wanted {wanted}");
        assert!(
            (mercator(square).x - 5_400_642.831_937_509).abs() < 1e-6
                && (mercator(square).y - 4_136_504.590_449_1).abs() < 1e-6
        );
    }

    #[test]
    fn what_can_not_be_placed_is_refused_with_what_to_do() {
        let elsewhere = plane(10, (0.0, 10.0), 0.01, Crs::Degrees, 1.0);
        assert!(cut_heights(&elsewhere, city()).unwrap_err().contains("do not lie where the city is"));
        let unnamed = plane(10, (250_000.0, 3_860_000.0), 1_000.0, Crs::Metres, 1.0);
        assert!(cut_heights(&unnamed, city()).unwrap_err().contains("--crs"));
        let other = plane(10, (250_000.0, 3_860_000.0), 1_000.0, Crs::Projected(23039), 1.0);
        assert!(cut_heights(&other, city()).unwrap_err().contains("gdalwarp"));
    }
}
