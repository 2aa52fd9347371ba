//! Waterways as a directed graph: reaches that flow into each other, with travel times.
//! Made by `City::build`; asked by the flood footprint and by whoever wants to know what lies downstream.
//! The graph has no cycle, each reach ends where the next begins, and walking it only ever goes down.

use geo_types::LineString;

use crate::{GaugeCode, Position, ReachCode, Texts, ZoneCode};

/// How far the end of a reach may lie from the start of the reach that it flows into, in metres.
pub const JOIN_TOLERANCE_M: f64 = 30.0;

/// A stretch of a waterway between two confluences or gauges.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// Stable code.
    pub code: ReachCode,
    /// Name by language.
    pub name: Texts,
    /// The channel, in the direction of flow.
    pub line: LineString<f64>,
    /// The reach that continues it; none where it leaves the map.
    pub flows_into: Option<ReachCode>,
    /// Minutes that a flood wave needs from its start to its end.
    pub travel_minutes: f64,
    /// Length in metres.
    pub length_m: f64,
}

/// The river from a point on: parts in the direction of flow, and the zones it passes.
#[derive(Debug, Clone, PartialEq)]
pub struct Downstream {
    /// Where on the channel the walk starts (the point of the reach nearest to the asked position).
    pub from: Position,
    /// Metres between the asked position and the channel.
    pub offset_m: f64,
    /// The parts of the reaches that were walked, in order.
    pub parts: Vec<DownstreamPart>,
    /// Leaf zones that the channel passes or bounds, by the time the water reaches them.
    pub zones: Vec<ZoneOnTheWay>,
    /// Stage gauges on the way, by the time the water reaches them; one that stands where the walk starts is the first.
    pub gauges: Vec<GaugeOnTheWay>,
    /// Metres walked.
    pub length_m: f64,
    /// Minutes that a flood wave needs for them.
    pub minutes: f64,
}

/// A part of one reach, as it was walked.
#[derive(Debug, Clone, PartialEq)]
pub struct DownstreamPart {
    /// Which reach.
    pub reach: ReachCode,
    /// The walked part of its line.
    pub line: LineString<f64>,
    /// Minutes from the start of the walk to the start of this part.
    pub minutes_at_start: f64,
    /// Minutes from the start of the walk to the end of this part.
    pub minutes_at_end: f64,
}

/// A leaf zone that the water reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneOnTheWay {
    /// Which zone.
    pub code: ZoneCode,
    /// Minutes from the start of the walk until the flood wave reaches it.
    pub minutes: f64,
    /// Metres along the channel until it is reached.
    pub metres: f64,
}

/// A stage gauge that the water reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct GaugeOnTheWay {
    /// Which gauge.
    pub code: GaugeCode,
    /// Minutes from the start of the walk until the flood wave reaches it.
    pub minutes: f64,
    /// Metres along the channel until it is reached.
    pub metres: f64,
}
