//! Terrain as it is kept: for each cell how high it lies above the channel that its water reaches, and which part of which channel that is.
//! Made once from heights and a city's waterways; asked by footprints for each new stage.
//! Immutable, and named by the SHA-256 of its bytes, in which the hash of the map stands as well.

use std::ops::Range;

use geo_types::LineString;
use serde::{Deserialize, Serialize};

use super::burn;
use super::flow::{NO_DRAIN, Streams, directions, drains, height_above_drain, slope_degrees};
use super::grid::{BadGrid, Crs, Dem, Grid};
use super::hands::Hands;
use super::rating::{Curve, curves};
use crate::{City, ReachCode};

/// Length of the parts into which channels are cut, metres: each part may have a stage of its own.
pub const SEGMENT_M: f64 = 250.0;

/// Height above the channel, in centimetres, of a cell whose water reaches none.
pub(super) const DRY: u16 = u16::MAX;

/// Highest height above a channel that is told apart, in centimetres.
pub(super) const ABOVE_CM_MAX: u16 = u16::MAX - 1;

const MAGIC: &[u8; 8] = b"hamyrlf1";

/// What to make of heights.
#[derive(Debug, Clone, PartialEq)]
pub struct ReliefOptions {
    /// Metres by which mapped channels are cut into the ground, beyond what makes them fall all along, 0 to 1,000.
    ///
    /// 10 is ours: deeper than the walls of a city's streams, so that water that reaches a channel stays in it. (NOAA's AGREE cuts 1,000 m.)
    pub burn_m: f64,
    /// Culverts and covered channels, lon,lat in the direction of flow: the ground is opened along them so that water passes.
    pub culverts: Vec<LineString<f64>>,
    /// Standard error of a height above the channel, metres, 0 to 100: of differences over short distances, not of absolute heights.
    pub height_error_m: f64,
    /// Who says so.
    pub height_error_source: String,
}

impl Default for ReliefOptions {
    /// For a global model of 10 to 30 m cells after care for its datum: 0.5 m (facts on hazards, §1.1).
    fn default() -> ReliefOptions {
        ReliefOptions {
            burn_m: 10.0,
            culverts: Vec::new(),
            height_error_m: 0.5,
            height_error_source: "assumed: global model of 10 to 30 m cells".to_owned(),
        }
    }
}

/// Why terrain can't be kept or read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoRelief {
    /// The heights can't be placed on the map.
    #[error(
        "heights in {0} can't be placed on the map; wanted are degrees (EPSG 4326) or UTM on WGS 84 (EPSG 326xx, 327xx)"
    )]
    Unplaced(Crs),
    /// A number that makes no sense.
    #[error("{name} = {value} must be between {min} and {max}")]
    BadNumber {
        /// Which.
        name: &'static str,
        /// What was given.
        value: f64,
        /// Least that is taken.
        min: f64,
        /// Most that is taken.
        max: f64,
    },
    /// No waterway of the map crosses known heights.
    #[error("no waterway of the map “{0}” crosses the heights")]
    NoChannel(String),
    /// More parts of channels than can be told apart.
    #[error(
        "the waterways on these heights have more than {} parts of {SEGMENT_M} m; cut the heights into tiles",
        u16::MAX
    )]
    TooManySegments,
    /// Bytes that are no terrain.
    #[error("these bytes are no kept terrain: {0}")]
    BadBytes(String),
    /// The grid can't be.
    #[error(transparent)]
    Grid(#[from] BadGrid),
}

/// A part of a channel, and the cells whose water reaches it first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Of which reach.
    pub reach: ReachCode,
    /// Metres from the start of the reach to the start of this part.
    pub from_m: f64,
    /// Metres from the start of the reach to its end.
    pub to_m: f64,
    /// Rows that hold its cells.
    pub(super) rows: Range<usize>,
    /// Columns that hold its cells.
    pub(super) cols: Range<usize>,
}

/// Kept terrain of a tile. 8 bytes per cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Relief {
    pub(super) about: About,
    pub(super) grid: Grid,
    /// The ground, metres, NaN unknown.
    pub(super) ground_m: Vec<f32>,
    /// Centimetres above the channel, rounded down; 0 is a cell of a channel and no other, [`DRY`] reaches none.
    pub(super) above_cm: Vec<u16>,
    /// Which segment; `u16::MAX` for none.
    pub(super) segment: Vec<u16>,
    hash: String,
}

/// Everything but the cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) size: (usize, usize),
    /// Bits of numbers, because JSON's readers may be off by the last one.
    pub(super) corner_bits: (u64, u64),
    pub(super) step_bits: (u64, u64),
    pub(super) epsg: u16,
    pub(super) city_hash: String,
    pub(super) height_error_m: f64,
    pub(super) height_error_source: String,
    pub(super) segments: Vec<Segment>,
    pub(super) curves: Vec<Curve>,
}

impl Relief {
    /// Works out the terrain of `dem` with the waterways of `city`.
    ///
    /// Channels are cut into a copy of the ground so that they fall all along; hollows are filled; every cell's water is followed to the first
    /// cell of a channel. Heights above it are taken from the ground as it is. O(n); see [`fill`](super::fill), [`directions`].
    pub fn of(dem: &Dem, city: &City, options: &ReliefOptions, hands: &dyn Hands) -> Result<Relief, NoRelief> {
        let burn_m = within("burn_m", options.burn_m, 0.0, 1_000.0)?;
        let height_error_m = (within("height_error_m", options.height_error_m, 0.0, 100.0)? * 1e6).round() / 1e6;
        let grid = *dem.grid();
        if !grid.is_placed() {
            return Err(NoRelief::Unplaced(grid.crs()));
        }
        let channels = burn::channels(&grid, dem.heights_m(), city)?;
        if channels.cells.is_empty() {
            return Err(NoRelief::NoChannel(city.code().to_owned()));
        }
        let mut open = dem.heights_m().to_vec();
        burn::cut(&grid, &mut open, &options.culverts, &channels, burn_m);
        let filled = super::fill::fill(&grid, &open, hands);
        drop(open);
        let directions = directions(&grid, &filled, hands);
        drop(filled);
        let mapped: Vec<u32> = channels.cells.iter().map(|&(cell, _)| cell).collect();
        let streams = Streams { accumulation: &[], cells_min: None, mapped: &mapped };
        let drains = drains(&grid, &directions, streams, hands);
        drop(directions);
        let above_m = height_above_drain(dem.heights_m(), &drains, hands);
        let slopes = slope_degrees(&grid, dem.heights_m(), hands);

        let mut of_channel = vec![u16::MAX; grid.cells()];
        for &(cell, segment) in &channels.cells {
            of_channel[cell as usize] = segment;
        }
        let segment: Vec<u16> =
            drains.iter().map(|&drain| if drain == NO_DRAIN { u16::MAX } else { of_channel[drain as usize] }).collect();
        let above_cm = (0..).zip(&above_m).zip(&drains).map(|((cell, &above), &drain)| centimetres(above, cell, drain));
        let above_cm: Vec<u16> = above_cm.collect();
        let mut segments = channels.segments;
        bound(&grid, &segment, &mut segments);
        let curves = curves(&grid, city, &segments, &segment, &above_m, &slopes, &channels.falls);
        let about = About {
            size: (grid.cols(), grid.rows()),
            corner_bits: bits(grid.corner()),
            step_bits: bits(grid.step()),
            epsg: match grid.crs() {
                Crs::Projected(epsg) => epsg,
                Crs::Degrees | Crs::Metres => 4326,
            },
            city_hash: city.hash().to_owned(),
            height_error_m,
            height_error_source: options.height_error_source.clone(),
            segments,
            curves,
        };
        let mut relief =
            Relief { about, grid, ground_m: dem.heights_m().to_vec(), above_cm, segment, hash: String::new() };
        relief.hash = hash_of(&relief.to_bytes());
        Ok(relief)
    }

    /// Where the cells lie.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The ground as it is, neither filled nor burnt: metres, row-major, north first; NaN where nothing is known.
    pub fn heights_m(&self) -> &[f32] {
        &self.ground_m
    }

    /// SHA-256 of [`to_bytes`](Relief::to_bytes), 64 hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Hash of the map whose waterways were used.
    pub fn city_hash(&self) -> &str {
        &self.about.city_hash
    }

    /// Parts of channels on these heights, along each reach, reaches by code.
    pub fn segments(&self) -> &[Segment] {
        &self.about.segments
    }

    /// Standard error of a height above the channel, metres, and who says so.
    pub fn height_error_m(&self) -> (f64, &str) {
        (self.about.height_error_m, &self.about.height_error_source)
    }

    /// The synthetic rating curve of a reach, where one could be worked out.
    pub fn curve(&self, reach: &ReachCode) -> Option<&Curve> {
        self.about.curves.iter().find(|curve| curve.reach == *reach)
    }

    /// For keeping: `Relief::from_bytes(&relief.to_bytes())` gives the same terrain with the same hash. Little-endian; 8 bytes per cell.
    pub fn to_bytes(&self) -> Vec<u8> {
        let about = serde_json::to_vec(&self.about).expect("names and finite numbers are JSON");
        let mut bytes = Vec::with_capacity(MAGIC.len() + 8 + about.len() + self.grid.cells() * 8);
        bytes.extend(MAGIC);
        bytes.extend((about.len() as u64).to_le_bytes());
        bytes.extend(about);
        bytes.extend(self.ground_m.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(self.above_cm.iter().flat_map(|value| value.to_le_bytes()));
        bytes.extend(self.segment.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    /// Reads what [`to_bytes`](Relief::to_bytes) gave; anything else is refused, never a panic. O(n).
    pub fn from_bytes(bytes: &[u8]) -> Result<Relief, NoRelief> {
        let bad = |why: &str| NoRelief::BadBytes(why.to_owned());
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| bad("they begin otherwise"))?;
        let (length, rest) = rest.split_first_chunk::<8>().ok_or_else(|| bad("they end early"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| bad("too long"))?;
        let (about, rest) = rest.split_at_checked(length).ok_or_else(|| bad("they end early"))?;
        let about: About = serde_json::from_slice(about).map_err(|error| NoRelief::BadBytes(error.to_string()))?;
        let grid =
            Grid::new(about.size, numbers(about.corner_bits), numbers(about.step_bits), Crs::from_epsg(about.epsg))?;
        let cells = grid.cells();
        if rest.len() != cells * 8 || !grid.is_placed() {
            return Err(bad("another number of cells than they announce"));
        }
        let (ground, rest) = rest.split_at(cells * 4);
        let (above, segment) = rest.split_at(cells * 2);
        let ground_m = ground.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        let shorts =
            |bytes: &[u8]| bytes.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two)).collect::<Vec<u16>>();
        let segment = shorts(segment);
        let known = about.segments.len();
        if known >= usize::from(u16::MAX) || segment.iter().any(|&id| id != u16::MAX && usize::from(id) >= known) {
            return Err(bad("cells name parts of channels that are not there"));
        }
        let inside = |segment: &Segment| segment.rows.end <= grid.rows() && segment.cols.end <= grid.cols();
        if !about.segments.iter().all(inside) || !about.curves.iter().all(Curve::is_sound) {
            return Err(bad("parts of channels lie outside, or a curve falls"));
        }
        Ok(Relief { about, grid, ground_m, above_cm: shorts(above), segment, hash: hash_of(bytes) })
    }
}

fn bits((x, y): (f64, f64)) -> (u64, u64) {
    (x.to_bits(), y.to_bits())
}

fn numbers((x, y): (u64, u64)) -> (f64, f64) {
    (f64::from_bits(x), f64::from_bits(y))
}

pub(super) fn within(name: &'static str, value: f64, min: f64, max: f64) -> Result<f64, NoRelief> {
    // `contains` is false for NaN.
    if (min..=max).contains(&value) { Ok(value) } else { Err(NoRelief::BadNumber { name, value, min, max }) }
}

/// Rounded down, so that a cell is never flooded later than it should; 0 is kept for channels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
fn centimetres(above_m: f32, cell: u32, drain: u32) -> u16 {
    if drain == NO_DRAIN || above_m.is_nan() {
        DRY
    } else if drain == cell {
        0
    } else {
        (f64::from(above_m) * 100.0).floor().clamp(1.0, f64::from(ABOVE_CM_MAX)) as u16
    }
}

/// Notes for each segment which rows and columns hold its cells.
fn bound(grid: &Grid, segment: &[u16], segments: &mut [Segment]) {
    for (row, cells) in segment.chunks_exact(grid.cols()).enumerate() {
        let mut col = 0;
        for run in cells.chunk_by(|a, b| a == b) {
            if let Some(segment) = segments.get_mut(usize::from(run[0])) {
                grow(&mut segment.rows, row..row + 1);
                grow(&mut segment.cols, col..col + run.len());
            }
            col += run.len();
        }
    }
}

pub(super) fn grow(range: &mut Range<usize>, by: Range<usize>) {
    *range = if range.start >= range.end { by } else { range.start.min(by.start)..range.end.max(by.end) };
}

fn hash_of(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
        hex
    })
}
