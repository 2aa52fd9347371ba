//! The shape of the ground: heights become ways of water, and a water level becomes flooded ground.
//! Readers and the steps of flow are called by the command `hamyar maps terrain`; the stored result by footprints.
//! Grids are row-major, the northernmost row first; heights are metres, NaN where nothing is known.

mod ascii; // Heights from an ESRI ASCII grid.
mod geotiff; // Heights from a GeoTIFF, and results into one.
mod grid; // Where cells lie.
pub(crate) mod utm; // Metres become degrees.

mod hands; // Who does the work.
mod neighbours; // Who lies beside whom.

mod fill; // No hollow without a way out.
mod flow; // Directions, gathering, drains, heights above them.
mod rims; // The lowest way out first.
mod spill; // Where strips meet.

mod identity; // By what heights are known.

mod burn; // Channels and culverts are cut in.
mod rating; // From a discharge to a stage.
mod relief; // What is kept.

mod extent; // From a stage to flooded cells.
mod outline; // From flooded cells to shapes.

pub(crate) use burn::along as cells_along;

pub use ascii::{BadDem, read_ascii};
pub use extent::{BAND_ERRORS, Bands, Extent, POND_RADIUS_M_MAX, Pond, PondLimits};
pub use flow::{
    LEAVES, NO_DRAIN, Streams, UNKNOWN, accumulation, directions, drains, height_above_drain, slope_degrees,
};
pub use geotiff::{Layer, NO_VALUE, read_geotiff, write_geotiff};
pub use grid::{BadGrid, CELLS_MAX, Crs, Dem, Grid, SIDE_MAX};
pub use hands::{Hands, Job, OneHand};
pub use identity::heights_hash;
pub use rating::{Curve, FALL_MIN, MANNING_N, STAGE_STEP_M};
pub use relief::{NoRelief, Relief, ReliefOptions, SEGMENT_M, Segment};

/// The ground with every hollow filled, metres, NaN where nothing is known: the lowest surface from which all water can leave.
///
/// Water leaves at the edge of the grid and beside unknown cells. Every cell has the least, over all ways out, of the greatest height on the
/// way, which is one number whatever the method. See [`directions`] for flats. O(n + m log m) with m cells on the rims of hollows and on the borders between hands.
/// Source: Barnes, Lehman, Mulla 2014, doi:10.1016/j.cageo.2013.04.024.
pub fn fill(dem: &Dem, hands: &dyn Hands) -> Vec<f32> {
    fill::fill(dem.grid(), dem.heights_m(), hands)
}
