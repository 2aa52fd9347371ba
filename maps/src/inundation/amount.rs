//! Heights and amounts of water as whole multiples of a small unit, so that sums are exact whatever their order.
//! Used by everything in this folder that adds water to water.
//! While heights stay within ±65 km no sum or difference of amounts is ever rounded: what leaves one cell arrives in another to the bit.

/// The unit is 2^-36 m, 15 picometres.
const UNITS_PER_METRE: f64 = (1_u64 << 36) as f64;

/// 1.5 · 2^16: adding it leaves no bits below the unit.
const ROUNDS: f64 = 98_304.0;

/// Ground through which nothing flows: no water is ever as high.
pub(super) const WALL_M: f64 = 32_768.0;

/// Ground and water stay below this, metres.
pub(super) const HEIGHT_MAX_M: f64 = 20_000.0;

/// The nearest whole multiple of the unit, of equals the even one; for at most ±32 km.
#[inline]
pub(super) fn whole(metres: f64) -> f64 {
    (metres + ROUNDS) - ROUNDS
}

/// The nearest number of units, of any length.
#[expect(clippy::cast_possible_truncation, reason = "`as` stops at the ends of the range, far above any flood")]
pub(super) fn nearest_units(metres: f64) -> i64 {
    (metres * UNITS_PER_METRE).round() as i64
}

/// Units of a whole amount.
#[expect(clippy::cast_possible_truncation, reason = "a whole amount below 2^17 m has at most 53 bits")]
pub(super) fn units(metres: f64) -> i128 {
    i128::from((metres * UNITS_PER_METRE) as i64)
}

/// Metres of an amount in units.
pub(super) fn metres(units: i128) -> f64 {
    units as f64 / UNITS_PER_METRE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        #[expect(clippy::float_cmp, reason = "exactness is what is tested")]
        fn sums_of_whole_amounts_are_exact_in_any_order(parts in prop::collection::vec(-100.0_f64..100.0, 1..100)) {
            let parts: Vec<f64> = parts.into_iter().map(whole).collect();
            let forward: f64 = parts.iter().sum();
            let backward: f64 = parts.iter().rev().sum();
            prop_assert_eq!(forward, backward);
            prop_assert_eq!(units(forward), parts.iter().map(|part| units(*part)).sum::<i128>());
            prop_assert_eq!(metres(units(forward)), forward);
        }

        #[test]
        #[expect(clippy::float_cmp, reason = "exactness is what is tested")]
        fn rounding_is_the_same_downward(metres in -20_000.0_f64..20_000.0) {
            prop_assert_eq!(whole(-metres), -whole(metres));
            prop_assert!((whole(metres) - metres).abs() <= 0.5 / UNITS_PER_METRE);
        }
    }
}
