//! From a danger to the ground that it covers.
//! Called by the service's assessment through `City`.
//! Every footprint says by which method it was made and from which map.

mod flood; // The river from a gauge on, widened.
mod shape; // Shapes that are valid, bounded and never too small.
mod snow; // Zones of the gauge's height.
mod stage; // What a stage floods by the shape of the ground.

pub use flood::{FLOOD_HALF_WIDTH_M, FLOOD_LENGTH_M};
pub use snow::SnowSpread;
pub use stage::BandedFootprint;
