//! The invented flood: the stage at each gauge, minute by minute of its own time.
//! Played by `demo::play` over MQTT; tested alone.
//! Invented from the shape of real flash floods (a steep rise, a slower fall), not measured anywhere.

use std::f64::consts::E;

/// When the wave passes a gauge and how high it gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wave {
    /// Code of the gauge on the sample map.
    pub gauge: &'static str,
    /// Metres on an ordinary day.
    pub base_m: f64,
    /// Metres above that at the crest.
    pub crest_m: f64,
    /// Minutes after the cloudburst at which the crest is reached.
    pub crest_minute: f64,
}

/// The cloudburst falls above Moradbeyg and reaches the city centre; other streams only swell.
pub const WAVES: [Wave; 12] = [
    Wave { gauge: "moradbeyg-1", base_m: 0.31, crest_m: 1.55, crest_minute: 14.0 },
    Wave { gauge: "moradbeyg-2", base_m: 0.42, crest_m: 1.62, crest_minute: 20.0 },
    Wave { gauge: "alusjerd-1", base_m: 0.28, crest_m: 0.55, crest_minute: 16.0 },
    Wave { gauge: "alusjerd-2", base_m: 0.37, crest_m: 0.74, crest_minute: 21.0 },
    Wave { gauge: "alusjerd-3", base_m: 0.58, crest_m: 1.71, crest_minute: 25.0 },
    Wave { gauge: "alusjerd-4", base_m: 0.63, crest_m: 1.18, crest_minute: 30.0 },
    Wave { gauge: "alusjerd-5", base_m: 0.66, crest_m: 0.49, crest_minute: 38.0 },
    Wave { gauge: "khidr-1", base_m: 0.25, crest_m: 0.24, crest_minute: 15.0 },
    Wave { gauge: "khidr-2", base_m: 0.33, crest_m: 0.29, crest_minute: 22.0 },
    Wave { gauge: "abbasabad-1", base_m: 0.29, crest_m: 0.18, crest_minute: 18.0 },
    Wave { gauge: "abbasabad-2", base_m: 0.34, crest_m: 0.21, crest_minute: 24.0 },
    Wave { gauge: "abbasabad-3", base_m: 0.45, crest_m: 0.27, crest_minute: 32.0 },
];

/// Metres at `minute` after the cloudburst (before it when negative). `hold_minutes`: how long the crest stands before the fall.
pub fn stage_m(wave: &Wave, minute: f64, hold_minutes: f64) -> f64 {
    let since_crest = minute - wave.crest_minute;
    let part = if since_crest <= 0.0 {
        // An S-curve that starts from nothing and ends at the crest.
        let x = (minute / wave.crest_minute).clamp(0.0, 1.0);
        x * x * (3.0 - 2.0 * x)
    } else if since_crest <= hold_minutes {
        1.0
    } else {
        // Recession: a third is left after ten minutes.
        E.powf(-(since_crest - hold_minutes) / 9.0)
    };
    // Ripples of a centimetre, so that a plot looks like water and no test for a stuck gauge fires.
    let ripple = 0.01 * (minute * 1.7 + wave.base_m * 40.0).sin();
    ((wave.base_m + wave.crest_m * part + ripple) * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wave_rises_stands_and_falls_and_reaches_the_lower_gauges_later() {
        let [upper, ..] = WAVES;
        assert!((stage_m(&upper, -60.0, 0.0) - upper.base_m).abs() < 0.02);
        assert!((stage_m(&upper, 14.0, 0.0) - upper.base_m - upper.crest_m).abs() < 0.02);
        assert!((stage_m(&upper, 40.0, 26.0) - upper.base_m - upper.crest_m).abs() < 0.02);
        assert!(stage_m(&upper, 80.0, 0.0) < upper.base_m + 0.05);
        let centre = WAVES.iter().find(|wave| wave.gauge == "alusjerd-3").expect("it is there");
        assert!(stage_m(centre, 8.0, 0.0) - centre.base_m < stage_m(&upper, 8.0, 0.0) - upper.base_m);
    }

    #[test]
    fn every_wave_stands_at_a_gauge_of_the_sample_map() {
        let city = maps::City::sample();
        for wave in WAVES {
            assert!(city.gauges().iter().any(|gauge| gauge.code.as_str() == wave.gauge), "{}", wave.gauge);
        }
    }
}
