//! Readings of a station become what happened in the last hours.
//! Called with any readings in any order; those after the moment, and what no station could measure, are passed over.
//! Only differences of time count, so that the same readings a year later tell the same.

use serde::{Deserialize, Serialize};

use super::NoSnow;
use super::limits::Limits;

/// Most readings at once: three days of one a minute, twice.
pub const READINGS_MAX: usize = 10_000;

const HOUR_S: i64 = 3_600;

/// Readings of air and wind this old still tell of now, hours. Source: ours; stations report hourly.
const NOW_H: i64 = 2;

/// What a station measured at a moment. What is missing, or not plausible, is none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reading {
    /// Seconds since any beginning.
    pub at_s: i64,
    /// Depth of snow on the ground, centimetres.
    pub depth_cm: Option<f64>,
    /// Temperature of the air, °C.
    pub air_c: Option<f64>,
    /// Relative humidity, percent.
    pub humidity_percent: Option<f64>,
    /// Mean wind, m/s, at 10 m or what comes near to it.
    pub wind_ms: Option<f64>,
    /// Strongest gust since the reading before, m/s.
    pub gust_ms: Option<f64>,
    /// What fell since the reading before, snow melted, millimetres.
    pub fallen_mm: Option<f64>,
    /// Is that rain (glaze included) as seen by a person or an instrument? None: nobody looked, so the air decides.
    pub liquid: Option<bool>,
}

/// A quantity that a threshold may be set on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Quantity {
    /// New snow of the last 6 hours.
    #[serde(rename = "new_snow_6h")]
    NewSnow6h,
    /// Of the last 12 hours.
    #[serde(rename = "new_snow_12h")]
    NewSnow12h,
    /// Of the last 24 hours.
    #[serde(rename = "new_snow_24h")]
    NewSnow24h,
    /// Of the last 48 hours.
    #[serde(rename = "new_snow_48h")]
    NewSnow48h,
    /// New snow of the last 24 hours that can drift.
    #[serde(rename = "loose_snow_24h")]
    LooseSnow24h,
    /// Of the last 48 hours.
    #[serde(rename = "loose_snow_48h")]
    LooseSnow48h,
    /// Depth on the ground.
    #[serde(rename = "depth")]
    Depth,
    /// Weight on the ground as part of what buildings are made for.
    #[serde(rename = "load_share")]
    LoadShare,
    /// Strongest mean wind of the last hours.
    #[serde(rename = "wind")]
    Wind,
    /// Strongest gust of the last hours.
    #[serde(rename = "gust")]
    Gust,
    /// Temperature of the air now.
    #[serde(rename = "air")]
    Air,
    /// Highest of the last 3 hours.
    #[serde(rename = "air_max_3h")]
    AirMax3h,
    /// Highest of the last 24 hours.
    #[serde(rename = "air_max_24h")]
    AirMax24h,
    /// Rain (not snow) of the last 3 hours.
    #[serde(rename = "rain_3h")]
    Rain3h,
    /// When it thaws, how much warmer it is than the coldest of the last 12 hours; else 0.
    #[serde(rename = "warming_12h")]
    Warming12h,
}

impl Quantity {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::NewSnow6h => "new_snow_6h",
            Quantity::NewSnow12h => "new_snow_12h",
            Quantity::NewSnow24h => "new_snow_24h",
            Quantity::NewSnow48h => "new_snow_48h",
            Quantity::LooseSnow24h => "loose_snow_24h",
            Quantity::LooseSnow48h => "loose_snow_48h",
            Quantity::Depth => "depth",
            Quantity::LoadShare => "load_share",
            Quantity::Wind => "wind",
            Quantity::Gust => "gust",
            Quantity::Air => "air",
            Quantity::AirMax3h => "air_max_3h",
            Quantity::AirMax24h => "air_max_24h",
            Quantity::Rain3h => "rain_3h",
            Quantity::Warming12h => "warming_12h",
        }
    }

    /// Its unit.
    pub fn unit(self) -> &'static str {
        match self {
            Quantity::NewSnow6h
            | Quantity::NewSnow12h
            | Quantity::NewSnow24h
            | Quantity::NewSnow48h
            | Quantity::LooseSnow24h
            | Quantity::LooseSnow48h
            | Quantity::Depth => "cm",
            Quantity::LoadShare => "%",
            Quantity::Wind | Quantity::Gust => "m/s",
            Quantity::Air | Quantity::AirMax3h | Quantity::AirMax24h | Quantity::Warming12h => "C",
            Quantity::Rain3h => "mm",
        }
    }

    /// Does it grow with snow?
    pub fn is_snow(self) -> bool {
        match self {
            Quantity::NewSnow6h
            | Quantity::NewSnow12h
            | Quantity::NewSnow24h
            | Quantity::NewSnow48h
            | Quantity::LooseSnow24h
            | Quantity::LooseSnow48h
            | Quantity::Depth
            | Quantity::LoadShare => true,
            Quantity::Wind
            | Quantity::Gust
            | Quantity::Air
            | Quantity::AirMax3h
            | Quantity::AirMax24h
            | Quantity::Rain3h
            | Quantity::Warming12h => false,
        }
    }
}

/// How much the snow rose within a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NewSnow {
    /// Hours that were asked for.
    pub hours: u32,
    /// Greatest rise within them, centimetres, 0 when there was none.
    pub cm: f64,
    /// Hours between the first and the last reading that it rests on: what fell outside is not in it.
    pub covered_h: f64,
}

/// What happened at a station in the last hours.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// New snow of 6, 12, 24 and 48 hours, where it was measured.
    pub new_snow: [Option<NewSnow>; 4],
    /// Depth now, centimetres.
    pub depth_cm: Option<f64>,
    /// Weight on the ground as part of what buildings are made for, percent; set by who knows the zone.
    pub load_percent: Option<f64>,
    /// Strongest mean wind and gust of the last 2 hours, m/s.
    pub wind_ms: Option<f64>,
    /// See `wind_ms`.
    pub gust_ms: Option<f64>,
    /// Air now, its highest of 3 and of 24 hours, and its lowest of 12, °C.
    pub air_c: Option<f64>,
    /// See `air_c`.
    pub air_max_3h_c: Option<f64>,
    /// See `air_c`.
    pub air_max_24h_c: Option<f64>,
    /// See `air_c`.
    pub air_min_12h_c: Option<f64>,
    /// Relative humidity now, percent.
    pub humidity_percent: Option<f64>,
    /// What fell in 3 and 24 hours, melted, millimetres, and how much of the 3 hours' was rain.
    pub fallen_3h_mm: Option<f64>,
    /// See `fallen_3h_mm`.
    pub fallen_24h_mm: Option<f64>,
    /// See `fallen_3h_mm`.
    pub rain_3h_mm: Option<f64>,
}

/// Hours of [`Summary::new_snow`].
const WINDOWS_H: [u32; 4] = [6, 12, 24, 48];

impl Summary {
    /// From readings in any order, as seen at `now_s`.
    ///
    /// Depth is the median of three readings, because ultrasonic gauges jump: hourly changes of 2 to 6 cm at the 99th percentile (Senator Beck,
    /// facts on hazards, §3). New snow of a time is the greatest rise within it from one such median to a later one that shares no more than one
    /// reading with it, so that snow that settles or blows away between does not hide what fell. Of several readings of one moment the median
    /// counts. O(n log n). Errors: more than [`READINGS_MAX`] readings.
    pub fn of(readings: &[Reading], now_s: i64, limits: &Limits) -> Result<Summary, NoSnow> {
        if readings.len() > READINGS_MAX {
            return Err(NoSnow::TooMany { given: readings.len() });
        }
        let recent = |hours: i64, of: &dyn Fn(&Reading) -> Option<f64>, (min, max): (f64, f64)| -> Vec<(i64, f64)> {
            // Ages do not overflow whatever the stamps are.
            let age = |reading: &Reading| i128::from(now_s) - i128::from(reading.at_s);
            let mut found: Vec<(i64, f64)> = readings
                .iter()
                .filter(|reading| (0..=i128::from(hours * HOUR_S)).contains(&age(reading)))
                .filter_map(|reading| {
                    of(reading).filter(|value| (min..=max).contains(value)).map(|value| (reading.at_s, value))
                })
                .collect();
            found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            found.chunk_by(|a, b| a.0 == b.0).map(|same| same[same.len() / 2]).collect()
        };
        let depths = recent(48, &|reading| reading.depth_cm, (0.0, 2_000.0));
        let air = |hours| recent(hours, &|reading| reading.air_c, (-80.0, 60.0));
        let fallen = |hours| recent(hours, &|reading| reading.fallen_mm, (0.0, 500.0));
        let wind = recent(NOW_H, &|reading| reading.wind_ms, (0.0, 120.0));
        let gust = recent(NOW_H, &|reading| reading.gust_ms, (0.0, 150.0));
        let humidity =
            recent(NOW_H, &|reading| reading.humidity_percent, (0.0, 110.0)).last().map(|last| last.1.min(100.0));
        let sum = |values: &[(i64, f64)]| (!values.is_empty()).then(|| values.iter().map(|value| value.1).sum());
        let now = air(NOW_H).last().map(|last| last.1);
        let air_3h = air(3);
        let fallen_3h = fallen(3);
        // Below freezing only who sees it can tell rain from snow; else the air decides.
        let liquid = |at_s: i64| {
            readings.iter().filter(|reading| reading.at_s == at_s).filter_map(|reading| reading.liquid).max()
        };
        let rain_3h_mm = (!fallen_3h.is_empty()
            && (!air_3h.is_empty() || fallen_3h.iter().all(|fallen| liquid(fallen.0).is_some())))
        .then(|| {
            let rain = |&(at_s, mm): &(i64, f64)| match liquid(at_s) {
                Some(true) => mm,
                Some(false) => 0.0,
                None => {
                    // Of two readings equally near the earlier.
                    let nearest = air_3h.iter().min_by_key(|(air_s, _)| (air_s.abs_diff(at_s), *air_s));
                    nearest.map_or(0.0, |(_, air_c)| mm * (1.0 - limits.snow_share(*air_c, humidity)))
                }
            };
            fallen_3h.iter().map(rain).sum()
        });
        Ok(Summary {
            new_snow: WINDOWS_H.map(|hours| new_snow(&depths, hours, now_s)),
            depth_cm: median_of_last(&depths, now_s),
            load_percent: None,
            wind_ms: greatest(&wind),
            gust_ms: greatest(&gust),
            air_c: now,
            air_max_3h_c: greatest(&air_3h),
            air_max_24h_c: greatest(&air(24)),
            air_min_12h_c: air(12).iter().map(|value| value.1).min_by(f64::total_cmp),
            humidity_percent: humidity,
            fallen_3h_mm: sum(&fallen_3h),
            fallen_24h_mm: sum(&fallen(24)),
            rain_3h_mm,
        })
    }

    /// The value of a quantity, where it is known.
    pub fn value(&self, quantity: Quantity) -> Option<f64> {
        let new = |at: usize| self.new_snow[at].map(|new| new.cm);
        match quantity {
            Quantity::NewSnow6h => new(0),
            Quantity::NewSnow12h => new(1),
            // New snow of a day or two is taken as loose: what has settled or frozen together is not told apart.
            Quantity::NewSnow24h | Quantity::LooseSnow24h => new(2),
            Quantity::NewSnow48h | Quantity::LooseSnow48h => new(3),
            Quantity::Depth => self.depth_cm,
            Quantity::LoadShare => self.load_percent,
            Quantity::Wind => self.wind_ms,
            Quantity::Gust => self.gust_ms,
            Quantity::Air => self.air_c,
            Quantity::AirMax3h => self.air_max_3h_c,
            Quantity::AirMax24h => self.air_max_24h_c,
            Quantity::Rain3h => self.rain_3h_mm,
            Quantity::Warming12h => {
                let (now, lowest) = self.air_c.zip(self.air_min_12h_c)?;
                Some(if now > 0.0 { now - lowest } else { 0.0 })
            }
        }
    }
}

fn greatest(values: &[(i64, f64)]) -> Option<f64> {
    values.iter().map(|value| value.1).max_by(f64::total_cmp)
}

fn median(three: &[(i64, f64)]) -> f64 {
    let mut values: Vec<f64> = three.iter().map(|value| value.1).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Depth now: the median of the last three readings of the last 6 hours.
fn median_of_last(depths: &[(i64, f64)], now_s: i64) -> Option<f64> {
    let first = depths.partition_point(|depth| now_s.saturating_sub(depth.0) > 6 * HOUR_S);
    let last = &depths[first.max(depths.len().saturating_sub(3))..];
    (!last.is_empty()).then(|| median(last))
}

/// Greatest rise between two medians of three, the later at least two readings after the earlier.
///
/// With snow added that never goes again the later median gains at least what its first reading gained, the earlier at most what its last did, and
/// that one is no later: so the rise never shrinks.
fn new_snow(depths: &[(i64, f64)], hours: u32, now_s: i64) -> Option<NewSnow> {
    let first = depths.partition_point(|depth| now_s.saturating_sub(depth.0) > i64::from(hours) * HOUR_S);
    let depths = &depths[first..];
    let medians: Vec<f64> = depths.windows(3).map(median).collect();
    // Two medians are needed that share one reading at most.
    if medians.len() < 3 {
        return None;
    }
    let (mut lowest, mut rise) = (f64::INFINITY, 0.0_f64);
    for at in 2..medians.len() {
        lowest = lowest.min(medians[at - 2]);
        rise = rise.max(medians[at] - lowest);
    }
    let covered_h = (depths[depths.len() - 1].0 - depths[0].0) as f64 / HOUR_S as f64;
    Some(NewSnow { hours, cm: rise, covered_h })
}
