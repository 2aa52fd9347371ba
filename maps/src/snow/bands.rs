//! What a station tells of other heights: colder upward, so snow there while rain falls here.
//! Called with a station's summary and the edges of bands, for zones, roads and slopes above it.
//! Warmth is carried over by one lapse rate and snow by the share that falls as such; depth only where a station is near in height.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::severity::{Severity, severity};
use super::summary::{NewSnow, Summary};
use super::{NoSnow, within};

/// A station's depth is taken for heights this near to its own, metres. Source: ours, as [`SnowSpread`](crate::SnowSpread).
const DEPTH_NEAR_M: f64 = 150.0;

/// Below this share of snow at the station its new snow tells nothing of what fell above.
const SHARE_MIN: f64 = 0.2;

/// What falls at a height.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Fall {
    /// Temperature of the air there, °C.
    pub air_c: f64,
    /// Which part of what falls is snow, 0 to 1.
    pub snow_share: f64,
}

/// Wet-bulb temperature, °C, of air of a relative humidity (percent); without one the air is taken as saturated, as it nearly is when
/// something falls.
///
/// Source: Stull 2011, doi:10.1175/JAMC-D-11-0143.1, eq. 1, at sea level pressure; within 1 °C between 5 and 99 % and -20 and 50 °C, and never
/// above the air itself here.
fn wet_bulb_c(air_c: f64, humidity_percent: Option<f64>) -> f64 {
    let Some(humidity) = humidity_percent.filter(|humidity| *humidity < 99.0) else { return air_c };
    let humidity = humidity.max(5.0);
    let wet = air_c * (0.151_977 * (humidity + 8.313_659).sqrt()).atan() + (air_c + humidity).atan()
        - (humidity - 1.676_331).atan()
        + 0.003_918_38 * humidity.powf(1.5) * (0.023_101 * humidity).atan()
        - 4.686_035;
    wet.min(air_c)
}

impl Limits {
    /// Which part of what falls through air is snow, 0 to 1: all of it up to one wet-bulb temperature, none from another on, linear between.
    pub fn snow_share(&self, air_c: f64, humidity_percent: Option<f64>) -> f64 {
        let (snow, rain) = (self.numbers.all_snow.value, self.numbers.all_rain.value);
        ((rain - wet_bulb_c(air_c, humidity_percent)) / (rain - snow)).clamp(0.0, 1.0)
    }

    /// Temperature at another height, °C, from one that was measured.
    pub fn air_at(&self, air_c: f64, measured_at_m: f64, elevation_m: f64) -> f64 {
        air_c - self.numbers.lapse.value * (elevation_m - measured_at_m) / 1_000.0
    }

    /// Height above which at least half of what falls is snow, metres above the sea: the snow line.
    ///
    /// Searched between 500 m below the sea and 9,000 m above; none when it lies beyond.
    pub fn snow_line_m(&self, air_c: f64, measured_at_m: f64, humidity_percent: Option<f64>) -> Option<f64> {
        let half =
            |elevation_m: f64| self.snow_share(self.air_at(air_c, measured_at_m, elevation_m), humidity_percent) >= 0.5;
        let (mut low, mut high) = (-500.0, 9_000.0);
        if half(low) || !half(high) {
            return None;
        }
        // Colder upward: the share never falls with height.
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if half(middle) { high = middle } else { low = middle }
        }
        Some(high)
    }
}

/// What falls at a height, from the air at another.
pub fn fall_at(
    limits: &Limits,
    air_c: f64,
    humidity_percent: Option<f64>,
    measured_at_m: f64,
    elevation_m: f64,
) -> Fall {
    let air_c = limits.air_at(air_c, measured_at_m, elevation_m);
    Fall { air_c, snow_share: limits.snow_share(air_c, humidity_percent) }
}

/// Depth at a height from stations as (metres above the sea, centimetres), in any order: linear between two, a station's own within 150 m of its
/// height, else unknown.
pub fn depth_between(stations: &[(f64, f64)], elevation_m: f64) -> Option<f64> {
    let below = stations
        .iter()
        .filter(|station| station.0 <= elevation_m)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let above = stations
        .iter()
        .filter(|station| station.0 >= elevation_m)
        .min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    match (below, above) {
        (Some(below), Some(above)) if above.0 > below.0 => {
            Some(below.1 + (above.1 - below.1) * (elevation_m - below.0) / (above.0 - below.0))
        }
        (Some(only), _) | (_, Some(only)) => ((only.0 - elevation_m).abs() <= DEPTH_NEAR_M).then_some(only.1),
        (None, None) => None,
    }
}

/// A station with what happened there.
#[derive(Debug, Clone, PartialEq)]
pub struct Station {
    /// Height above the sea, metres.
    pub elevation_m: f64,
    /// What happened there.
    pub summary: Summary,
}

/// A band of heights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Lower edge, metres above the sea; none for the lowest band.
    pub from_m: Option<f64>,
    /// Upper edge; none for the highest.
    pub to_m: Option<f64>,
    /// The height that it is judged at: its middle, or 250 m beyond the edge of one that has no end.
    pub judged_at_m: f64,
    /// Air, and how much of what falls is snow; none when no temperature is known.
    pub fall: Option<Fall>,
    /// Depth of snow on the ground, centimetres, where it is known.
    pub depth_cm: Option<f64>,
    /// New snow of 6, 12, 24 and 48 hours, where it can be told.
    pub new_snow: [Option<NewSnow>; 4],
    /// How bad it is there.
    pub severity: Severity,
}

impl Station {
    /// What happened at another height, as far as this station tells.
    ///
    /// Air by the lapse rate. New snow by the shares of snow there and here; where too little of it fell as snow here, by what fell in all, which is
    /// known for 24 hours; else unknown. Wind as here. Depth by `depths` (other stations' too, see [`depth_between`]). Weight is not carried over.
    pub fn at(&self, elevation_m: f64, depths: &[(f64, f64)], limits: &Limits) -> Summary {
        let here = &self.summary;
        let shift = |air: Option<f64>| air.map(|air| limits.air_at(air, self.elevation_m, elevation_m));
        let share = |air: Option<f64>| air.map(|air| limits.snow_share(air, here.humidity_percent));
        let (here_share, there_share) = (share(here.air_c), share(shift(here.air_c)));
        let same_height = (elevation_m - self.elevation_m).abs() < 1.0;
        let by_share = |new: Option<NewSnow>| {
            let (there, here_share) = (there_share?, here_share.filter(|share| *share >= SHARE_MIN)?);
            new.map(|new| NewSnow { cm: new.cm * there / here_share, ..new })
        };
        let new_snow = if same_height {
            here.new_snow
        } else if here_share.is_some_and(|share| share < SHARE_MIN) {
            let by_amount = here.fallen_24h_mm.zip(there_share).map(|(fallen_mm, share)| NewSnow {
                hours: 24,
                cm: fallen_mm * share * limits.numbers.snow_per_rain.value,
                covered_h: 24.0,
            });
            [None, None, by_amount, None]
        } else {
            here.new_snow.map(by_share)
        };
        let rain_3h_mm = if same_height {
            here.rain_3h_mm
        } else {
            here.fallen_3h_mm.zip(there_share).map(|(fallen, share)| fallen * (1.0 - share))
        };
        Summary {
            new_snow,
            depth_cm: if same_height { here.depth_cm } else { depth_between(depths, elevation_m) },
            load_percent: None,
            air_c: shift(here.air_c),
            air_max_3h_c: shift(here.air_max_3h_c),
            air_max_24h_c: shift(here.air_max_24h_c),
            air_min_12h_c: shift(here.air_min_12h_c),
            rain_3h_mm,
            ..here.clone()
        }
    }

    /// Bands between edges (metres above the sea, rising, at most 20), each judged. Errors: edges that do not rise or are no heights.
    pub fn bands(&self, edges_m: &[f64], depths: &[(f64, f64)], limits: &Limits) -> Result<Vec<Band>, NoSnow> {
        within("number of edges", edges_m.len() as f64, 1.0, 20.0)?;
        for edge in edges_m {
            within("edge of a band", *edge, -500.0, 9_000.0)?;
        }
        if let Some(pair) = edges_m.windows(2).find(|pair| pair[1] <= pair[0]) {
            return Err(NoSnow::BadNumber { name: "edge of a band", value: pair[1], min: pair[0], max: 9_000.0 });
        }
        let froms = std::iter::once(None).chain(edges_m.iter().copied().map(Some));
        let tos = edges_m.iter().copied().map(Some).chain(std::iter::once(None));
        let band = |(from_m, to_m): (Option<f64>, Option<f64>)| {
            let judged_at_m = match (from_m, to_m) {
                (Some(from), Some(to)) => f64::midpoint(from, to),
                (Some(from), None) => from + 250.0,
                (None, Some(to)) => to - 250.0,
                (None, None) => self.elevation_m,
            };
            let summary = self.at(judged_at_m, depths, limits);
            let fall = self
                .summary
                .air_c
                .map(|air| fall_at(limits, air, self.summary.humidity_percent, self.elevation_m, judged_at_m));
            let severity = severity(&summary, judged_at_m, limits);
            Band { from_m, to_m, judged_at_m, fall, depth_cm: summary.depth_cm, new_snow: summary.new_snow, severity }
        };
        Ok(froms.zip(tos).map(band).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wet_thermometer_shows_what_stull_says() {
        // The paper's own example: 20 °C at 50 % is 13.7 °C.
        assert!((wet_bulb_c(20.0, Some(50.0)) - 13.7).abs() < 0.05);
        assert!((wet_bulb_c(20.0, None) - 20.0).abs() < 1e-12 && wet_bulb_c(-30.0, Some(3.0)) <= -30.0);
    }
}
