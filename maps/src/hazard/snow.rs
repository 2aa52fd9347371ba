//! Where snow lies that a gauge measures: zones of about its height around it, and whatever is close to it.
//! Called by assessment when a snow threshold is crossed.
//! Snow is taken to be even within the band, which is as much as one gauge can say; every zone in it counts wholly.

use crate::footprint::length_within;
use crate::{AffectedZone, City, Footprint, GaugeCode, Method, NoFootprint};

/// How far from a snow gauge its reading is believed.
///
/// Source: ours, provisional. The air is 6.5 °C/km cooler upward, so that 150 m are about 1 °C: the width of the step from rain to
/// snow (facts on hazards, §3).
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the postfix is the unit, metres")]
pub struct SnowSpread {
    /// Zones count whose height differs from the gauge's by at most this, metres.
    pub band_m: f64,
    /// They must come this near to the gauge, metres.
    pub within_m: f64,
    /// Zones of any or unknown height count that come this near to the gauge, metres.
    pub near_m: f64,
}

impl Default for SnowSpread {
    fn default() -> SnowSpread {
        SnowSpread { band_m: 150.0, within_m: 12_000.0, near_m: 1_000.0 }
    }
}

impl City {
    /// Leaf zones that the reading of a snow gauge speaks for.
    ///
    /// Zones whose `elevation_m` lies within `band_m` of the gauge's and that come within `within_m` of it, and all zones that come
    /// within `near_m`. Each counts wholly (share 1). Errors: unknown gauge, gauge without elevation, length out of range.
    pub fn snow_footprint(&self, gauge: &GaugeCode, spread: SnowSpread) -> Result<Footprint, NoFootprint> {
        let band_m = length_within("band_m", spread.band_m, 0.0, 2_000.0)?;
        let within_m = length_within("within_m", spread.within_m, 0.0, 100_000.0)?;
        let near_m = length_within("near_m", spread.near_m, 0.0, 100_000.0)?;
        let found = self.gauge(gauge).ok_or_else(|| NoFootprint::UnknownGauge(gauge.clone()))?;
        let height_m = found.elevation_m.ok_or_else(|| NoFootprint::GaugeWithoutElevation(gauge.clone()))?;

        let around = self.index.within(&self.zones, found.position.coord(), within_m.max(near_m));
        let zones: Vec<AffectedZone> = around
            .into_iter()
            .map(|(index, metres)| (&self.zones[index], metres))
            .filter(|(zone, metres)| {
                let in_band = zone.elevation_m.is_some_and(|zone_m| (zone_m - height_m).abs() <= band_m);
                *metres <= near_m || (in_band && *metres <= within_m)
            })
            .map(|(zone, _)| AffectedZone { code: zone.code.clone(), share: 1.0, minutes: None })
            .collect();
        let shape = self.union_of(zones.iter().map(|zone| &zone.code));
        let method = Method::ElevationBand { from_m: height_m - band_m, to_m: height_m + band_m, within_m, near_m };
        Ok(self.footprint(shape, zones, method))
    }
}
