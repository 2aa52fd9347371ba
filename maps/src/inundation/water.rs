//! The water that comes: over time at cells, as rain, and what stands there at the beginning.
//! Made by whoever wants a flood refined; read by `run`.
//! What has flowed in by a time is a whole amount that never falls, the same for each cell of an inflow, however long the steps are.

use super::NoInundation;
use super::amount::nearest_units;

/// Most points of a series.
pub const POINTS_MAX: usize = 100_000;

/// Greatest value of a series: cubic metres per second, or millimetres per hour.
pub const VALUE_MAX: f64 = 1e6;

/// Greatest depth of water at the beginning, metres.
pub const STANDING_MAX_M: f64 = 1_000.0;

/// A value over time, linear between its points, and before and after them as at the first and the last.
///
/// A series that is too short thus errs outward: the water goes on coming.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    points: Vec<(f64, f64)>,
    /// Integral from the first point to each.
    sums: Vec<f64>,
}

impl Series {
    /// Points as seconds since the beginning, rising, with their values, 0 to [`VALUE_MAX`].
    pub fn new(points: Vec<(f64, f64)>) -> Result<Series, NoInundation> {
        if points.is_empty() || points.len() > POINTS_MAX {
            return Err(NoInundation::BadWater(format!("{} points; a series has 1 to {POINTS_MAX}", points.len())));
        }
        for (at, value) in &points {
            if !at.is_finite() || at.abs() > 1e9 || !(0.0..=VALUE_MAX).contains(value) {
                return Err(NoInundation::BadWater(format!(
                    "{value} at {at} s; values lie between 0 and {VALUE_MAX}, times within a billion seconds"
                )));
            }
        }
        if let Some(pair) = points.windows(2).find(|pair| pair[1].0 <= pair[0].0) {
            let (first, second) = (pair[0].0, pair[1].0);
            return Err(NoInundation::BadWater(format!("{second} s comes after {first} s; times rise")));
        }
        let mut sum = 0.0;
        let mut sums = vec![0.0];
        for pair in points.windows(2) {
            sum += (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0;
            sums.push(sum);
        }
        Ok(Series { points, sums })
    }

    /// The same value all the time.
    pub fn constant(value: f64) -> Result<Series, NoInundation> {
        Series::new(vec![(0.0, value)])
    }

    /// The value at a time.
    pub fn at(&self, secs: f64) -> f64 {
        let after = self.points.partition_point(|point| point.0 <= secs);
        let Some(&(end, end_value)) = self.points.get(after) else { return self.points[after - 1].1 };
        let Some(&(start, start_value)) = after.checked_sub(1).and_then(|at| self.points.get(at)) else {
            return end_value;
        };
        start_value + (end_value - start_value) * ((secs - start) / (end - start))
    }

    /// The integral from the beginning (0 s) to a time.
    pub fn sum_until(&self, secs: f64) -> f64 {
        self.sum_since_first(secs) - self.sum_since_first(0.0)
    }

    fn sum_since_first(&self, secs: f64) -> f64 {
        let Some(before) = self.points.partition_point(|point| point.0 <= secs).checked_sub(1) else {
            return (secs - self.points[0].0) * self.points[0].1;
        };
        let (start, value) = self.points[before];
        self.sums[before] + (secs - start) * (value + self.at(secs)) / 2.0
    }

    /// The greatest value between two times.
    pub(super) fn greatest_between(&self, from: f64, to: f64) -> f64 {
        let first = self.points.partition_point(|point| point.0 <= from);
        let end = self.points.partition_point(|point| point.0 < to);
        let within = self.points.get(first..end).unwrap_or_default().iter().map(|point| point.1);
        within.fold(self.at(from).max(self.at(to)), f64::max)
    }
}

/// Water that comes into cells, each of them getting the same part: a burst main, a stream at the edge of the window.
#[derive(Debug, Clone, PartialEq)]
pub struct Inflow {
    /// Cells of the window (row-major), each once.
    pub cells: Vec<usize>,
    /// Cubic metres per second into all of them together.
    pub discharge_m3s: Series,
}

/// Rain that runs off, on every cell that is no wall.
#[derive(Debug, Clone, PartialEq)]
pub struct Rain {
    /// Millimetres per hour, after what seeps away.
    pub mm_per_hour: Series,
    /// Which part of it stays on the ground, 0 to 1, for each cell of the window; none: all of it everywhere.
    pub share: Option<Vec<f32>>,
}

/// All the water of a flood.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Water {
    /// What comes into cells.
    pub inflows: Vec<Inflow>,
    /// What falls.
    pub rain: Option<Rain>,
    /// What stands there at the beginning: metres of depth for each cell of the window; none: nothing.
    pub standing_m: Option<Vec<f32>>,
}

/// How deep the water of one source has made each of its cells by a time, in units of `amount`.
pub(super) fn units_until(series: &Series, metres_per_value: f64, secs: f64) -> i64 {
    nearest_units(series.sum_until(secs) * metres_per_value)
}

impl Water {
    pub(super) fn check(&self, is_wall: impl Fn(usize) -> bool, cells: usize) -> Result<(), NoInundation> {
        for inflow in &self.inflows {
            let mut sorted = inflow.cells.clone();
            sorted.sort_unstable();
            let fault = if inflow.cells.is_empty() {
                Some("an inflow needs a cell".to_owned())
            } else if let Some(cell) = inflow.cells.iter().find(|cell| **cell >= cells) {
                Some(format!("water comes into cell {cell} of {cells}"))
            } else if let Some(cell) = inflow.cells.iter().find(|cell| is_wall(**cell)) {
                Some(format!("water comes into cell {cell}, which is a wall"))
            } else {
                sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| format!("cell {} stands twice", pair[0]))
            };
            if let Some(fault) = fault {
                return Err(NoInundation::BadWater(fault));
            }
        }
        if let Some(share) = self.rain.as_ref().and_then(|rain| rain.share.as_ref())
            && (share.len() != cells || !share.iter().all(|part| (0.0..=1.0).contains(part)))
        {
            return Err(NoInundation::BadWater(format!("shares of rain are {cells} numbers between 0 and 1")));
        }
        if let Some(standing) = &self.standing_m
            && (standing.len() != cells
                || !standing.iter().all(|depth| (0.0..=STANDING_MAX_M).contains(&f64::from(*depth))))
        {
            return Err(NoInundation::BadWater(format!(
                "standing water is {cells} depths between 0 and {STANDING_MAX_M} m"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_goes_on_beyond_its_ends_and_its_sum_is_the_area_under_it() {
        let series = Series::new(vec![(10.0, 2.0), (20.0, 4.0), (40.0, 0.0)]).unwrap();
        for (secs, value, sum) in
            [(0.0, 2.0, 0.0), (10.0, 2.0, 20.0), (15.0, 3.0, 32.5), (30.0, 2.0, 80.0), (50.0, 0.0, 90.0)]
        {
            assert!((series.at(secs) - value).abs() < 1e-12, "at {secs}: {}", series.at(secs));
            assert!((series.sum_until(secs) - sum).abs() < 1e-9, "until {secs}: {}", series.sum_until(secs));
        }
        assert!((series.greatest_between(12.0, 45.0) - 4.0).abs() < 1e-12);
        assert!((series.greatest_between(12.0, 15.0) - 3.0).abs() < 1e-12);
        let late = Series::new(vec![(-5.0, 1.0), (5.0, 3.0)]).unwrap();
        assert!((late.sum_until(10.0) - (12.5 + 15.0)).abs() < 1e-9);
    }

    #[test]
    fn what_makes_no_series_is_refused() {
        for points in [vec![], vec![(0.0, -1.0)], vec![(0.0, f64::NAN)], vec![(1.0, 1.0), (1.0, 2.0)]] {
            assert!(matches!(Series::new(points), Err(NoInundation::BadWater(_))));
        }
    }
}
