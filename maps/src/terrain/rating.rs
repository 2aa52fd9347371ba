//! Synthetic rating curves: from a discharge to a stage, where no gauge tells the stage.
//! Made by `relief` for each reach; used when only a discharge is known.
//! A curve rises all along; what lies beyond its end is not guessed.

use serde::{Deserialize, Serialize};

use super::grid::Grid;
use super::relief::Segment;
use crate::{City, ReachCode};

/// Step of stage between two points of a curve, metres (1 foot). Source: NOAA-OWP inundation-mapping, config/params_template.env.
pub const STAGE_STEP_M: f64 = 0.3048;

/// Points of a curve, up to 25.3 m. Source: as above (25 m).
const POINTS: usize = 84;

/// Manning's roughness of channel and banks together. Source: as above; the largest source of error of such a curve
/// (Johnson et al. 2019, doi:10.5194/nhess-19-2405-2019).
pub const MANNING_N: f64 = 0.06;

/// Least fall of a channel per length. Source: as above.
pub const FALL_MIN: f64 = 0.001;

/// Discharge by stage of one reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Of which reach.
    pub reach: ReachCode,
    /// Stage, metres above the channel; from 0, rising.
    pub stage_m: Vec<f64>,
    /// Discharge, cubic metres per second, at each stage; from 0, rising.
    pub discharge_m3s: Vec<f64>,
}

impl Curve {
    /// Stage in metres above the channel at a discharge, linear between points; none for what is negative, no number or beyond the curve.
    pub fn stage_at(&self, discharge_m3s: f64) -> Option<f64> {
        // NaN is no part of any range.
        if !(0.0..=*self.discharge_m3s.last()?).contains(&discharge_m3s) {
            return None;
        }
        let after = self.discharge_m3s.partition_point(|point| *point < discharge_m3s).max(1);
        let (low, high) = (self.discharge_m3s[after - 1], *self.discharge_m3s.get(after)?);
        let part = if high > low { (discharge_m3s - low) / (high - low) } else { 0.0 };
        Some(self.stage_m[after - 1] + part * (self.stage_m[after] - self.stage_m[after - 1]))
    }

    pub(super) fn is_sound(&self) -> bool {
        let rises = |points: &[f64]| points.first() == Some(&0.0) && points.windows(2).all(|pair| pair[0] < pair[1]);
        self.stage_m.len() == self.discharge_m3s.len() && rises(&self.stage_m) && rises(&self.discharge_m3s)
    }
}

/// For each reach of some length: at each stage the volume V and bed B of the water over its cells, A = V/L, R = V/B,
/// Q = A R^(2/3) S^(1/2) / n.
///
/// Source: Zheng et al. 2018, doi:10.1111/1752-1688.12661, eq. 2 to 7. A curve ends before it would fall.
pub(super) fn curves(
    grid: &Grid,
    city: &City,
    segments: &[Segment],
    segment: &[u16],
    above_m: &[f32],
    slopes: &[f32],
    falls: &[(ReachCode, f64, f64)],
) -> Vec<Curve> {
    let (width, height) = grid.step_m();
    let cell_m2 = width * height;
    let reach_of: Vec<usize> = segments
        .iter()
        .map(|segment| city.reaches().binary_search_by(|reach| reach.code.cmp(&segment.reach)).unwrap_or(usize::MAX))
        .collect();
    // For each reach and step of stage: cells that get wet in it, the sum of their heights, and their bed.
    let mut wet = vec![[(0.0_f64, 0.0_f64, 0.0_f64); POINTS]; city.reaches().len()];
    for ((&id, &above), &slope) in segment.iter().zip(above_m).zip(slopes) {
        let Some(steps) = reach_of.get(usize::from(id)).and_then(|&reach| wet.get_mut(reach)) else { continue };
        let above = f64::from(above.max(0.0));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative; `get_mut` checks it"
        )]
        let step = (above / STAGE_STEP_M) as usize + 1;
        if let Some((count, heights, bed)) = steps.get_mut(step) {
            *count += 1.0;
            *heights += above;
            let steepness = f64::from(if slope.is_nan() { 0.0 } else { slope }).to_radians();
            *bed += cell_m2 / steepness.cos().max(0.01);
        }
    }
    let mut curves = Vec::new();
    for (reach, steps) in city.reaches().iter().zip(&wet) {
        let Some((_, fall, length)) = falls.iter().find(|(code, _, _)| *code == reach.code) else { continue };
        if *length < width.max(height) {
            continue;
        }
        let steep = (fall / length).max(FALL_MIN);
        let mut curve = Curve { reach: reach.code.clone(), stage_m: vec![0.0], discharge_m3s: vec![0.0] };
        let (mut count, mut heights, mut bed) = (0.0, 0.0, 0.0);
        for (step, added) in steps.iter().enumerate().skip(1) {
            count += added.0;
            heights += added.1;
            bed += added.2;
            // Few enough digits that JSON's readers give the same number.
            let stage = (step as f64 * STAGE_STEP_M * 1e4).round() / 1e4;
            let volume = (count * stage - heights) * cell_m2;
            if bed <= 0.0 || volume <= 0.0 {
                break;
            }
            let discharge = volume / length * (volume / bed).powf(2.0 / 3.0) * steep.sqrt() / MANNING_N;
            let discharge = (discharge * 1e6).round() / 1e6;
            if discharge <= *curve.discharge_m3s.last().unwrap_or(&0.0) {
                break;
            }
            curve.stage_m.push(stage);
            curve.discharge_m3s.push(discharge);
        }
        if curve.stage_m.len() > 1 {
            curves.push(curve);
        }
    }
    curves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_discharge_lies_between_the_points_of_the_curve_or_is_not_guessed() {
        let curve =
            Curve { reach: "r-1".parse().unwrap(), stage_m: vec![0.0, 1.0, 2.0], discharge_m3s: vec![0.0, 10.0, 40.0] };
        assert!(curve.is_sound());
        assert_eq!(curve.stage_at(0.0), Some(0.0));
        assert_eq!(curve.stage_at(5.0), Some(0.5));
        assert_eq!(curve.stage_at(25.0), Some(1.5));
        assert_eq!(curve.stage_at(40.0), Some(2.0));
        assert_eq!(curve.stage_at(41.0), None);
        assert_eq!(curve.stage_at(f64::NAN), None);
    }
}
