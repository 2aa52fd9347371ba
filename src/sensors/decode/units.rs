//! Units of measurement by their UCUM codes, and how a value of one becomes a value of another.
//! Used by mappings (when they are checked) and by SenML; a unit that is not in the table is refused by name.
//! Factors are exact fractions, so that 193 cm are 1.93 m to the last bit.

use crate::sensors::quantity::Quantity;

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    Length,
    Discharge,
    Speed,
    RainRate,
    Temperature,
    Voltage,
    Share,
    Pressure,
}

impl Dimension {
    fn word(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Discharge => "discharge",
            Self::Speed => "speed",
            Self::RainRate => "rain rate",
            Self::Temperature => "temperature",
            Self::Voltage => "voltage",
            Self::Share => "share",
            Self::Pressure => "pressure",
        }
    }
}

/// A unit: `(value + before) * numerator / denominator` is the value in the dimension's first unit of [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    /// The UCUM code, case-sensitive.
    pub(super) code: &'static str,
    pub(super) dimension: Dimension,
    before: f64,
    numerator: u64,
    denominator: u64,
}

const fn unit(code: &'static str, dimension: Dimension, numerator: u64, denominator: u64) -> Unit {
    Unit { code, dimension, before: 0.0, numerator, denominator }
}

/// The units that matter here.
///
/// Source of codes and factors: The Unified Code for Units of Measure, ucum-essence 2.1. International foot 0.3048 m, inch 25.4 mm, mile
/// 1,609.344 m, nautical mile 1,852 m, US survey foot 1200/3937 m, US gallon 231 cubic inches, conventional mercury 133.322 Pa per mm,
/// conventional water 9.80665 kPa per m, pound 0.45359237 kg under 9.80665 m/s² per square inch, 0 °C = 273.15 K, °F = 9/5 °C + 32.
/// A litre on a square metre is a millimetre of rain.
pub(super) const TABLE: [Unit; 60] = [
    unit("m", Dimension::Length, 1, 1),
    unit("cm", Dimension::Length, 1, 100),
    unit("mm", Dimension::Length, 1, 1_000),
    unit("dm", Dimension::Length, 1, 10),
    unit("km", Dimension::Length, 1_000, 1),
    unit("um", Dimension::Length, 1, 1_000_000),
    unit("L/m2", Dimension::Length, 1, 1_000),
    unit("l/m2", Dimension::Length, 1, 1_000),
    unit("[in_i]", Dimension::Length, 127, 5_000),
    unit("[ft_i]", Dimension::Length, 381, 1_250),
    unit("[yd_i]", Dimension::Length, 1_143, 1_250),
    unit("[mi_i]", Dimension::Length, 201_168, 125),
    unit("[ft_us]", Dimension::Length, 1_200, 3_937),
    unit("m3/s", Dimension::Discharge, 1, 1),
    unit("m3/min", Dimension::Discharge, 1, 60),
    unit("m3/h", Dimension::Discharge, 1, 3_600),
    unit("m3/d", Dimension::Discharge, 1, 86_400),
    unit("L/s", Dimension::Discharge, 1, 1_000),
    unit("l/s", Dimension::Discharge, 1, 1_000),
    unit("L/min", Dimension::Discharge, 1, 60_000),
    unit("l/min", Dimension::Discharge, 1, 60_000),
    unit("L/h", Dimension::Discharge, 1, 3_600_000),
    unit("l/h", Dimension::Discharge, 1, 3_600_000),
    unit("dm3/s", Dimension::Discharge, 1, 1_000),
    unit("[ft_i]3/s", Dimension::Discharge, 55_306_341, 1_953_125_000),
    unit("[gal_us]/min", Dimension::Discharge, 473_176_473, 7_500_000_000_000),
    unit("m/s", Dimension::Speed, 1, 1),
    unit("cm/s", Dimension::Speed, 1, 100),
    unit("km/h", Dimension::Speed, 5, 18),
    unit("m/min", Dimension::Speed, 1, 60),
    unit("[kn_i]", Dimension::Speed, 463, 900),
    unit("[mi_i]/h", Dimension::Speed, 1_397, 3_125),
    unit("[ft_i]/s", Dimension::Speed, 381, 1_250),
    unit("mm/h", Dimension::RainRate, 1, 1),
    unit("mm/min", Dimension::RainRate, 60, 1),
    unit("mm/d", Dimension::RainRate, 1, 24),
    unit("[in_i]/h", Dimension::RainRate, 127, 5),
    unit("Cel", Dimension::Temperature, 1, 1),
    Unit { before: -273.15, ..unit("K", Dimension::Temperature, 1, 1) },
    Unit { before: -32.0, ..unit("[degF]", Dimension::Temperature, 5, 9) },
    unit("V", Dimension::Voltage, 1, 1),
    unit("mV", Dimension::Voltage, 1, 1_000),
    unit("uV", Dimension::Voltage, 1, 1_000_000),
    unit("kV", Dimension::Voltage, 1_000, 1),
    unit("%", Dimension::Share, 1, 1),
    unit("1", Dimension::Share, 100, 1),
    unit("[ppth]", Dimension::Share, 1, 10),
    unit("Pa", Dimension::Pressure, 1, 1),
    unit("hPa", Dimension::Pressure, 100, 1),
    unit("kPa", Dimension::Pressure, 1_000, 1),
    unit("MPa", Dimension::Pressure, 1_000_000, 1),
    unit("mbar", Dimension::Pressure, 100, 1),
    unit("bar", Dimension::Pressure, 100_000, 1),
    unit("m[H2O]", Dimension::Pressure, 196_133, 20),
    unit("cm[H2O]", Dimension::Pressure, 196_133, 2_000),
    unit("mm[H2O]", Dimension::Pressure, 196_133, 20_000),
    unit("mm[Hg]", Dimension::Pressure, 66_661, 500),
    unit("[in_i'Hg]", Dimension::Pressure, 8_465_947, 2_500),
    unit("[psi]", Dimension::Pressure, 8_896_443_230_521, 1_290_320_000),
    unit("atm", Dimension::Pressure, 101_325, 1),
];

/// Turns a value of one unit into another's: `(value + before) * times / by + after`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    before: f64,
    times: f64,
    by: f64,
    after: f64,
}

impl Turn {
    /// The value in the other unit; rounded twice at most.
    pub(super) fn apply(self, value: f64) -> f64 {
        (value + self.before) * self.times / self.by + self.after
    }

    /// Whether the two units are the same.
    pub(super) fn changes_nothing(self) -> bool {
        self == Self { before: 0.0, times: 1.0, by: 1.0, after: 0.0 }
    }
}

/// The unit of a UCUM code.
pub(super) fn of_code(code: &str) -> Option<&'static Unit> {
    TABLE.iter().find(|unit| unit.code == code)
}

/// The unit that a quantity of ours is kept in.
pub(super) fn of_quantity(quantity: Quantity) -> &'static Unit {
    let code = match quantity {
        Quantity::StageM => "m",
        Quantity::DischargeM3s => "m3/s",
        Quantity::RainMm => "mm",
        Quantity::SnowDepthCm => "cm",
        Quantity::AirTempC => "Cel",
        Quantity::WindMs => "m/s",
        Quantity::BatteryV => "V",
    };
    of_code(code).expect("the units of our quantities are in the table")
}

/// From one unit to another; none when they measure different things.
pub(super) fn between(from: &Unit, to: &Unit) -> Option<Turn> {
    if from.dimension != to.dimension {
        return None;
    }
    let times = u128::from(from.numerator) * u128::from(to.denominator);
    let by = u128::from(from.denominator) * u128::from(to.numerator);
    let common = greatest_common(times, by);
    let after = if to.before == 0.0 { 0.0 } else { -to.before };
    Some(Turn { before: from.before, times: (times / common) as f64, by: (by / common) as f64, after })
}

/// From the unit of a UCUM code to the unit of our quantity; a unit that is unknown or does not fit is refused by name.
pub(super) fn to_ours(code: &str, quantity: Quantity) -> Result<Turn, String> {
    let ours = of_quantity(quantity);
    let fitting = || {
        let known = TABLE.iter().filter(|unit| unit.dimension == ours.dimension).map(|unit| unit.code);
        known.collect::<Vec<_>>().join(" ")
    };
    let shown: String = code.chars().take(32).collect();
    let Some(unit) = of_code(code) else {
        return Err(format!("unit “{shown}” is no UCUM code that is known; for {quantity} want one of {}", fitting()));
    };
    between(unit, ours).ok_or_else(|| {
        let (has, wants) = (unit.dimension.word(), ours.dimension.word());
        format!("unit “{shown}” is one of {has}, {quantity} is a {wants}; want one of {}", fitting())
    })
}

fn greatest_common(left: u128, right: u128) -> u128 {
    if right == 0 { left } else { greatest_common(right, left % right) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ours(value: f64, code: &str, quantity: Quantity) -> f64 {
        to_ours(code, quantity).expect("a unit that fits").apply(value)
    }

    #[test]
    fn values_of_the_field_are_exact() {
        for (value, code, quantity, wanted) in [
            (193.0, "cm", Quantity::StageM, 1.93),
            (1_930.0, "mm", Quantity::StageM, 1.93),
            (1.0, "[ft_i]", Quantity::StageM, 0.3048),
            (10.0, "[ft_i]", Quantity::StageM, 3.048),
            (1.0, "[in_i]", Quantity::RainMm, 25.4),
            (12.5, "L/m2", Quantity::RainMm, 12.5),
            (0.4, "m", Quantity::SnowDepthCm, 40.0),
            (32.0, "[degF]", Quantity::AirTempC, 0.0),
            (-40.0, "[degF]", Quantity::AirTempC, -40.0),
            (212.0, "[degF]", Quantity::AirTempC, 100.0),
            (273.15, "K", Quantity::AirTempC, 0.0),
            (36.0, "km/h", Quantity::WindMs, 10.0),
            (1.0, "[mi_i]/h", Quantity::WindMs, 0.447_04),
            (9.0, "[kn_i]", Quantity::WindMs, 4.63),
            (3_600.0, "mV", Quantity::BatteryV, 3.6),
            (1_000.0, "[ft_i]3/s", Quantity::DischargeM3s, 28.316_846_592),
            (1.0, "[gal_us]/min", Quantity::DischargeM3s, 6.309_019_64e-5),
            (7_200.0, "m3/h", Quantity::DischargeM3s, 2.0),
        ] {
            let got = ours(value, code, quantity);
            assert_eq!(got.to_bits(), f64::to_bits(wanted), "{value} {code}: {got}, want {wanted}");
        }
    }

    #[test]
    fn pressures_agree_with_their_definitions() {
        let pascal = of_code("Pa").expect("a unit");
        for (code, wanted) in
            [("[psi]", 6_894.757_293_168_361), ("[in_i'Hg]", 3_386.378_8), ("mm[Hg]", 133.322), ("m[H2O]", 9_806.65)]
        {
            let turn = between(of_code(code).expect("a unit"), pascal).expect("both are pressures");
            assert!((turn.apply(1.0) - wanted).abs() < 1e-9, "{code}: {}", turn.apply(1.0));
        }
    }

    #[test]
    fn every_code_stands_once_and_every_factor_is_exact() {
        for (at, unit) in TABLE.iter().enumerate() {
            assert!(TABLE[at + 1..].iter().all(|other| other.code != unit.code), "{} stands twice", unit.code);
            assert!(unit.numerator < 1 << 53 && unit.denominator < 1 << 53, "{} is no exact double", unit.code);
        }
    }

    #[test]
    fn a_unit_that_is_unknown_or_does_not_fit_is_refused_by_name() {
        let unknown = to_ours("°C", Quantity::AirTempC).expect_err("no UCUM code");
        assert!(unknown.contains("“°C”") && unknown.contains("Cel K [degF]"), "{unknown}");
        let other = to_ours("hPa", Quantity::StageM).expect_err("a pressure is no stage");
        assert!(other.contains("pressure") && other.contains("length"), "{other}");
        assert!(to_ours("mm/h", Quantity::RainMm).is_err(), "a rate is no amount");
        assert!(to_ours("%", Quantity::BatteryV).is_err(), "a share is no voltage");
        assert!(to_ours("", Quantity::StageM).is_err());
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(from in 0..TABLE.len(), to in 0..TABLE.len(), value in -1e4_f64..1e4) {
            let (from, to) = (&TABLE[from], &TABLE[to]);
            match (between(from, to), between(to, from)) {
                (Some(there), Some(back)) => {
                    let again = back.apply(there.apply(value));
                    // Offsets cost what the larger of the two numbers costs.
                    prop_assert!((again - value).abs() <= 1e-12 * value.abs().max(600.0), "{} {} {again}", from.code, to.code);
                }
                (there, back) => prop_assert!(there.is_none() && back.is_none() && from.dimension != to.dimension),
            }
        }
    }
}
