//! Where slopes are steep enough for avalanches, and whether the weather loads them: a hint for staff, never a forecast for the public.
//! Called with the steepness of a terrain window and what a station tells of its height.
//! The hint comes wrapped in `StaffOnly`, which can be neither written as JSON nor printed; taking it out is an act with a name.

use super::bands::Station;
use super::limits::Limits;
use super::severity::Reason;
use super::summary::Quantity;
use crate::terrain::Grid;

/// A value that staff may see and nobody else.
///
/// It has no `Serialize`, no `Display`, and its `Debug` shows nothing, so it does not get into a feed, an alert or a log by being part of
/// something that does:
///
/// ```compile_fail
/// fn published<T: serde::Serialize>(_: &T) {}
/// fn feed(hint: &maps::snow::StaffOnly<f64>) {
///     published(hint);
/// }
/// ```
#[derive(Clone, PartialEq)]
pub struct StaffOnly<T>(T);

impl<T> StaffOnly<T> {
    /// For who must not show it to the public.
    pub fn new(value: T) -> StaffOnly<T> {
        StaffOnly(value)
    }

    /// The value, for a page or a message that only staff can open.
    pub fn for_staff(&self) -> &T {
        &self.0
    }
}

impl<T> std::fmt::Debug for StaffOnly<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StaffOnly(…)")
    }
}

/// Steep ground between two heights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steep {
    /// Lower edge, metres above the sea.
    pub from_m: f64,
    /// Upper edge.
    pub to_m: f64,
    /// Ground whose steepness lies where avalanches start, square metres (on the map).
    pub area_m2: f64,
    /// All ground of known height between the edges, square metres.
    pub all_m2: f64,
}

/// What speaks for avalanches in a band of heights.
#[derive(Debug, Clone, PartialEq)]
pub struct AvalancheHint {
    /// How much ground is steep.
    pub steep: Steep,
    /// What loads or loosens it: new snow, wind, warming; empty when nothing that is known does.
    pub because: Vec<Reason>,
    /// What would be needed to know.
    pub missing: Vec<Quantity>,
}

/// For each band between edges (metres above the sea, rising) that has steep ground: how much, and what the weather does there.
///
/// `slopes_degrees` and `heights_m` are grids of the same window ([`slope_degrees`](crate::terrain::slope_degrees)); NaN where nothing is known.
/// Cells much larger than 30 m hide steep ground. O(cells).
pub fn avalanche_hint(
    grid: &Grid,
    heights_m: &[f32],
    slopes_degrees: &[f32],
    edges_m: &[f64],
    station: &Station,
    limits: &Limits,
) -> StaffOnly<Vec<AvalancheHint>> {
    let numbers = &limits.avalanche;
    let (width, height) = grid.step_m();
    let steep_range = numbers.slope_from.value..=numbers.slope_to.value;
    let mut bands: Vec<Steep> =
        edges_m.windows(2).map(|pair| Steep { from_m: pair[0], to_m: pair[1], area_m2: 0.0, all_m2: 0.0 }).collect();
    for (ground, slope) in heights_m.iter().zip(slopes_degrees) {
        let ground = f64::from(*ground);
        // NaN lies in no band.
        if let Some(band) = bands.iter_mut().find(|band| ground >= band.from_m && ground < band.to_m) {
            band.all_m2 += width * height;
            if steep_range.contains(&f64::from(*slope)) {
                band.area_m2 += width * height;
            }
        }
    }
    let hint = |steep: Steep| {
        let middle_m = f64::midpoint(steep.from_m, steep.to_m);
        let there = station.at(middle_m, &[], limits);
        let (mut because, mut missing) = (Vec::new(), Vec::new());
        let mut ask = |quantity: Quantity, value: Option<f64>, least: f64, source: &str| match value {
            Some(value) if value >= least => because.push(Reason {
                quantity,
                value,
                unit: quantity.unit().to_owned(),
                at_least: Some(least),
                at_most: None,
                source: source.to_owned(),
            }),
            Some(_) => {}
            None => missing.push(quantity),
        };
        let new_snow = there.value(Quantity::NewSnow24h);
        ask(Quantity::NewSnow24h, new_snow, numbers.new_snow_24h.value, &numbers.new_snow_24h.source);
        // Wind loads slopes only where snow lies loose.
        let loose = there.value(Quantity::LooseSnow48h).or(new_snow);
        let wind = there.wind_ms.filter(|_| loose.is_none_or(|loose| loose >= 1.0));
        let wind = wind.or(there.wind_ms.map(|_| 0.0));
        ask(Quantity::Wind, wind, numbers.wind.value, &numbers.wind.source);
        let warming = there.value(Quantity::Warming12h);
        ask(Quantity::Warming12h, warming, numbers.warming.value, &numbers.warming.source);
        AvalancheHint { steep, because, missing }
    };
    StaffOnly(bands.into_iter().filter(|band| band.area_m2 > 0.0).map(hint).collect())
}
