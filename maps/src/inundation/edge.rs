//! What flows over the sides of cells within one time step: the local-inertial equation, a block of sides at a time.
//! Called by `sheet` for whatever is wet; nothing here knows where a cell lies.
//! Turned around, the same water flows the other way to the bit; what lies level does not flow at all.

/// Sides that are worked out together; the lanes of a processor fill from them.
pub(super) const LANES: usize = 16;

/// Acceleration of gravity, m/s².
pub(super) const GRAVITY: f64 = 9.81;

/// Least depth of water over a side that flows, metres. Source: the default of LISFLOOD-FP (`depththresh`).
pub const DEPTH_MIN_M: f64 = 0.001;

/// Weight of a side's own last flow against its two neighbours'. Source: de Almeida et al. 2012, doi:10.1029/2011WR011570 (0.7 to 0.9 for
/// smooth beds; lower is smoother).
const THETA: f32 = 0.8;

/// Fastest flow over a side as a Froude number: the equation has no term for what is faster. Source: as the limiter of LISFLOOD-FP.
const FROUDE_MAX: f32 = 1.0;

/// The numbers of a time step for one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Length of the step, seconds.
    secs: f32,
    /// Seconds over the length of a cell in the direction of flow.
    pub(super) per_metre: f64,
    /// The same times gravity.
    push: f32,
}

impl Pace {
    #[expect(clippy::cast_possible_truncation, reason = "flows are kept as f32")]
    pub(super) fn new(secs: f64, cell_m: f64) -> Pace {
        let per_metre = secs / cell_m;
        Pace { secs: secs as f32, per_metre, push: (GRAVITY * per_metre) as f32 }
    }
}

/// A block of sides: on one hand cells `a`, on the other cells `b`; water from `a` to `b` counts as positive.
pub(super) struct Sides<'a> {
    pub(super) ground_a: &'a [f64; LANES],
    pub(super) depth_a: &'a [f64; LANES],
    pub(super) ground_b: &'a [f64; LANES],
    pub(super) depth_b: &'a [f64; LANES],
    /// What flowed over these sides, m²/s per metre of side.
    pub(super) flow: &'a [f32; LANES],
    /// What flowed over the sides before and behind, in the direction of flow.
    pub(super) before: &'a [f32; LANES],
    pub(super) behind: &'a [f32; LANES],
    /// Gravity times the square of Manning's n.
    pub(super) drag: &'a [f32; LANES],
}

/// Discharge over each side after a step, m²/s per metre of side.
///
/// Source: Bates, Horritt, Fewtrell 2010, doi:10.1016/j.jhydrol.2010.03.027, with the flow averaged over neighbours after de Almeida et al. 2012.
#[expect(clippy::cast_possible_truncation, reason = "differences of heights are exact before they become f32")]
pub(super) fn flow(sides: &Sides<'_>, pace: Pace) -> [f32; LANES] {
    let mut depth = [0.0_f32; LANES];
    let mut fall = [0.0_f32; LANES];
    for lane in 0..LANES {
        let (ground_a, ground_b) = (sides.ground_a[lane], sides.ground_b[lane]);
        let (level_a, level_b) = (ground_a + sides.depth_a[lane], ground_b + sides.depth_b[lane]);
        depth[lane] = (higher(level_a, level_b) - higher(ground_a, ground_b)) as f32;
        fall[lane] = (level_a - level_b) as f32;
    }
    let least = DEPTH_MIN_M as f32;
    let mut flow = [0.0_f32; LANES];
    for lane in 0..LANES {
        let wet = depth[lane] > least;
        let depth = if wet { depth[lane] } else { least };
        let last = sides.flow[lane];
        let mean = THETA * last + (1.0 - THETA) * 0.5 * (sides.before[lane] + sides.behind[lane]);
        // The fraction is multiplied through by depth^(7/3), which saves a division.
        let held = depth * depth * cube_root(depth);
        let pushed = (mean + pace.push * depth * fall[lane]) * held;
        let new = pushed / (held + pace.secs * sides.drag[lane] * last.abs());
        let fastest = FROUDE_MAX * depth * (GRAVITY as f32 * depth).sqrt();
        let new = if new > fastest { fastest } else { new };
        let new = if new < -fastest { -fastest } else { new };
        flow[lane] = if wet { new } else { 0.0 };
    }
    flow
}

/// Discharge of uniform flow out of a cell over an open side, m²/s per metre of side, at most critical.
///
/// Source: Manning's equation of a wide channel, q = h^(5/3) S^(1/2) / n; `drag` is gravity times n².
#[expect(clippy::cast_possible_truncation, reason = "flows are kept as f32")]
pub(super) fn outflow(depth_m: f64, slope: f32, drag: f32) -> f32 {
    if depth_m <= DEPTH_MIN_M {
        return 0.0;
    }
    let (depth, gravity) = (depth_m as f32, GRAVITY as f32);
    let root = cube_root(depth);
    let uniform = depth * root * root * (slope * gravity / drag).sqrt();
    let fastest = depth * (gravity * depth).sqrt();
    if uniform > fastest { fastest } else { uniform }
}

/// The cube root of a positive number to 3 parts in 100,000, from arithmetic that is the same on every machine.
///
/// A third of the exponent by shifts, then one step of Halley's method.
fn cube_root(value: f32) -> f32 {
    let bits = value.to_bits();
    let third = (bits >> 2) + (bits >> 4);
    let third = third + (third >> 4);
    let third = third + (third >> 8);
    let guess = f32::from_bits(third + 0x2a51_37a0);
    let cube = guess * guess * guess;
    guess * (cube + 2.0 * value) / (2.0 * cube + value)
}

/// The higher of two numbers; one instruction, since neither is NaN.
#[inline]
fn higher(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "small numbers; equal means the same number")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(level: (f64, f64), ground: (f64, f64), last: [f32; 3], drag: f32) -> f32 {
        let sides = Sides {
            ground_a: &[ground.0; LANES],
            depth_a: &[level.0; LANES],
            ground_b: &[ground.1; LANES],
            depth_b: &[level.1; LANES],
            flow: &[last[1]; LANES],
            before: &[last[0]; LANES],
            behind: &[last[2]; LANES],
            drag: &[drag; LANES],
        };
        flow(&sides, Pace::new(0.1, 2.0))[0]
    }

    proptest! {
        #[test]
        fn a_cube_root_is_one(value in 1e-3_f32..1e4) {
            let right = f64::from(value).cbrt();
            prop_assert!((f64::from(cube_root(value)) / right - 1.0).abs() < 3e-5);
        }

        #[test]
        fn the_same_water_turned_around_flows_the_other_way(
            depths in (0.0_f64..3.0, 0.0_f64..3.0),
            ground in (0.0_f64..2.0, 0.0_f64..2.0),
            last in [-3.0_f32..3.0, -3.0_f32..3.0, -3.0_f32..3.0],
            drag in 1e-4_f32..0.1,
        ) {
            let there = one(depths, ground, last, drag);
            let back = one((depths.1, depths.0), (ground.1, ground.0), [-last[2], -last[1], -last[0]], drag);
            prop_assert_eq!(there, -back);
        }

        #[test]
        fn flow_that_goes_on_as_it_was_obeys_manning(depth in 0.05_f64..3.0, slope in 1e-4_f64..2e-3, n in 0.02_f64..0.1) {
            let drag = (GRAVITY * n * n) as f32;
            let uniform = (depth.powf(5.0 / 3.0) * slope.sqrt() / n) as f32;
            let next = one((depth, depth), (1.0 + 2.0 * slope, 1.0), [uniform; 3], drag);
            // The side is as deep as the higher level over the higher ground, which here is the depth itself.
            prop_assert!((next / uniform - 1.0).abs() < 1e-3, "{uniform} becomes {next}");
        }
    }
}
