//! Walks down the river from a point and notes which zones the water reaches, and when.
//! Called by the flood footprint and by whoever asks what lies downstream.
//! Minutes never fall along the walk; a zone is noted once, when the water first comes within reach of it.

use geo::{BoundingRect, Distance, Euclidean, Intersects};
use geo_types::{Coord, Line, LineString, MultiPolygon, Rect};

use crate::footprint::{NoFootprint, WARNING_MARGIN_M, length_within};
use crate::index::widened;
use crate::position::Plane;
use crate::river::{Downstream, DownstreamPart, GaugeOnTheWay, Reach, ZoneOnTheWay};
use crate::{City, Gauge, GaugeCode, Position, Quantity, ReachCode};

/// The walk looks around itself in steps of at most this length, in metres; times are right to within one.
const STEP_M: f64 = 20.0;

/// Longest walk, in metres.
const WALK_M_MAX: f64 = 500_000.0;

/// A piece of the walk: where, and how far and how late it begins.
struct Step {
    piece: Line<f64>,
    metres: f64,
    minutes: f64,
}

impl City {
    /// The river from a point on, down to where it leaves the map or for `reach_m_max` metres (1 to 500,000).
    ///
    /// The walk starts at the point of the reach that is nearest to `from`. Zones are those that the channel passes or comes within
    /// [`WARNING_MARGIN_M`] of, by time. Travel time is spread evenly over a reach. Errors: unknown reach, length out of range.
    ///
    /// ```
    /// # let city = maps::City::sample();
    /// let gauge = city.gauges().iter().find(|gauge| gauge.reach.is_some()).unwrap();
    /// let way = city.downstream(gauge.reach.as_ref().unwrap(), gauge.position, 5_000.0).unwrap();
    /// assert!(way.zones.is_sorted_by(|a, b| a.minutes <= b.minutes));
    /// ```
    pub fn downstream(&self, reach: &ReachCode, from: Position, reach_m_max: f64) -> Result<Downstream, NoFootprint> {
        self.downstream_within(reach, from, reach_m_max, WARNING_MARGIN_M)
    }

    /// As [`City::downstream`], with the zones that come within `zone_margin_m` of the channel.
    pub(crate) fn downstream_within(
        &self,
        reach: &ReachCode,
        from: Position,
        reach_m_max: f64,
        zone_margin_m: f64,
    ) -> Result<Downstream, NoFootprint> {
        let left_m = length_within("reach_m_max", reach_m_max, 1.0, WALK_M_MAX)?;
        let first = self.reach(reach).ok_or_else(|| NoFootprint::UnknownReach(reach.clone()))?;
        let plane = Plane::at(from.coord());
        let mut line = plane.line_in_metres(&first.line);
        let (start_m, offset_m) = nearest_on(&line, plane.metres(from.coord()));

        let mut reach = first;
        let mut skip_m = start_m;
        let mut walked = Downstream {
            from,
            offset_m,
            parts: Vec::new(),
            zones: Vec::new(),
            gauges: Vec::new(),
            length_m: 0.0,
            minutes: 0.0,
        };
        let mut steps = Vec::new();
        // `build` refuses cycles; the bound on reaches is for the reader's peace.
        for _ in 0..=self.reaches().len() {
            let cut = part_of(&line, skip_m, left_m - walked.length_m);
            let minutes_per_m = reach.travel_minutes / length_of(&line).max(1e-9);
            note_steps(&cut, &walked, minutes_per_m, &mut steps);
            let part_m = length_of(&cut);
            for (code, gauge_m) in self.stage_gauges_on(reach, &plane, &line) {
                let on_m = gauge_m - skip_m;
                if (-0.01..=part_m + 0.01).contains(&on_m) {
                    let (metres, minutes) =
                        (walked.length_m + on_m.max(0.0), walked.minutes + on_m.max(0.0) * minutes_per_m);
                    walked.gauges.push(GaugeOnTheWay { code, minutes, metres });
                }
            }
            let minutes_at_end = walked.minutes + part_m * minutes_per_m;
            walked.parts.push(DownstreamPart {
                reach: reach.code.clone(),
                line: cut.coords().map(|&metres| plane.degrees(metres)).collect(),
                minutes_at_start: walked.minutes,
                minutes_at_end,
            });
            walked.length_m += part_m;
            walked.minutes = minutes_at_end;
            let Some(next) = reach.flows_into.as_ref().and_then(|code| self.reach(code)) else { break };
            // A rounding short of the length is the length.
            if walked.length_m > left_m - 0.01 {
                break;
            }
            reach = next;
            line = plane.line_in_metres(&reach.line);
            skip_m = 0.0;
        }
        if let Some(step) = steps.first() {
            let start = plane.degrees(step.piece.start);
            walked.from = Position::new(start.x, start.y).unwrap_or(from);
        }
        walked.zones = self.zones_along(&plane, &steps, zone_margin_m);
        Ok(walked)
    }

    /// The stage gauges of a reach, by their metres along its line.
    fn stage_gauges_on(&self, reach: &Reach, plane: &Plane, line: &LineString<f64>) -> Vec<(GaugeCode, f64)> {
        let on_reach = |gauge: &&Gauge| gauge.quantity == Quantity::StageM && gauge.reach.as_ref() == Some(&reach.code);
        let mut gauges: Vec<(GaugeCode, f64)> = self
            .gauges()
            .iter()
            .filter(on_reach)
            .map(|gauge| (gauge.code.clone(), nearest_on(line, plane.metres(gauge.position.coord())).0))
            .collect();
        gauges.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        gauges
    }

    fn zones_along(&self, plane: &Plane, steps: &[Step], margin_m: f64) -> Vec<ZoneOnTheWay> {
        let ends = steps.iter().flat_map(|step| [step.piece.start, step.piece.end]);
        let path: LineString<f64> = ends.map(|metres| plane.degrees(metres)).collect();
        let Some(rect) = path.bounding_rect() else { return Vec::new() };
        let near = self.index.near(widened(rect, plane.margin_degrees(margin_m)));
        let mut zones: Vec<ZoneOnTheWay> = near
            .into_iter()
            .filter_map(|index| {
                let zone = &self.zones[index];
                let step = first_within(steps, &plane.shape_in_metres(&zone.shape), margin_m)?;
                Some(ZoneOnTheWay { code: zone.code.clone(), minutes: step.minutes, metres: step.metres })
            })
            .collect();
        zones.sort_by(|a, b| a.metres.total_cmp(&b.metres).then_with(|| a.code.cmp(&b.code)));
        zones
    }
}

/// The first step that comes within `margin_m` of a shape, all in metres.
fn first_within<'a>(steps: &'a [Step], shape: &MultiPolygon<f64>, margin_m: f64) -> Option<&'a Step> {
    let rect = widened(shape.bounding_rect()?, Coord { x: margin_m, y: margin_m });
    steps.iter().find(|step| {
        let piece = Rect::new(step.piece.start, step.piece.end);
        piece.intersects(&rect) && Euclidean.distance(&step.piece, shape) <= margin_m
    })
}

/// The pieces of a part, cut at its vertices and every [`STEP_M`] between them.
fn note_steps(part: &LineString<f64>, walked: &Downstream, minutes_per_m: f64, steps: &mut Vec<Step>) {
    let mut along = 0.0;
    let mut note = |piece: Line<f64>, along: f64| {
        steps.push(Step { piece, metres: walked.length_m + along, minutes: walked.minutes + along * minutes_per_m });
    };
    for edge in part.lines() {
        let way = edge.end - edge.start;
        let length = way.x.hypot(way.y);
        let mut done = 0.0;
        while done < length {
            let next = (done + STEP_M).min(length);
            note(Line::new(edge.start + way * (done / length), edge.start + way * (next / length)), along + done);
            done = next;
        }
        along += length;
    }
    if let [only] = part.0.as_slice() {
        note(Line::new(*only, *only), 0.0);
    }
}

/// Metres along a line to its point nearest to `point`, and the distance to it.
pub(crate) fn nearest_on(line: &LineString<f64>, point: Coord<f64>) -> (f64, f64) {
    let mut best = (0.0, f64::INFINITY);
    let mut along = 0.0;
    for edge in line.lines() {
        let way = edge.end - edge.start;
        let length = way.x.hypot(way.y);
        let to = point - edge.start;
        let part = if length > 0.0 { ((to.x * way.x + to.y * way.y) / (length * length)).clamp(0.0, 1.0) } else { 0.0 };
        let off = to - way * part;
        let distance = off.x.hypot(off.y);
        if distance < best.1 {
            best = (along + part * length, distance);
        }
        along += length;
    }
    best
}

/// The part of a line from `skip_m` on, at most `take_m` long; at least one point.
fn part_of(line: &LineString<f64>, skip_m: f64, take_m: f64) -> LineString<f64> {
    let end_m = skip_m + take_m;
    let mut part = Vec::new();
    let mut along = 0.0;
    for edge in line.lines() {
        let way = edge.end - edge.start;
        let length = way.x.hypot(way.y);
        let next = along + length;
        if next >= skip_m && along <= end_m && length > 0.0 {
            let at = |metres: f64| edge.start + way * ((metres - along) / length).clamp(0.0, 1.0);
            let (first, last) = (at(skip_m.max(along)), at(end_m.min(next)));
            if part.last() != Some(&first) {
                part.push(first);
            }
            if part.last() != Some(&last) {
                part.push(last);
            }
        }
        along = next;
    }
    if part.is_empty() {
        // A start at the very mouth, lost to rounding.
        part.extend(line.0.last());
    }
    LineString(part)
}

pub(crate) fn length_of(line: &LineString<f64>) -> f64 {
    line.lines().map(|edge| (edge.end - edge.start).x.hypot((edge.end - edge.start).y)).sum()
}

/// Length of a line in degrees, in metres, on a plane at its first point.
pub(crate) fn length_m(line: &LineString<f64>) -> f64 {
    line.0.first().map_or(0.0, |&start| length_of(&Plane::at(start).line_in_metres(line)))
}

/// Metres between the end of a reach and the start of another.
pub(crate) fn gap_m(upper: &Reach, lower: &Reach) -> f64 {
    match (upper.line.0.last(), lower.line.0.first()) {
        (Some(&end), Some(&start)) => {
            let apart = Plane::at(end).metres(start);
            apart.x.hypot(apart.y)
        }
        _ => f64::INFINITY,
    }
}
