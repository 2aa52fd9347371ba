//! Says what an alert can be about: a hazard has several texts, of which one speaks.
//! Chosen by the service's assessment from what it knows, or by staff; used by `compose`.
//! An all-clear and a cancellation fit every hazard; every other occasion fits exactly one.

use serde::{Deserialize, Serialize};

use crate::level::{Hazard, Level, word};

/// What is said about a hazard: which template speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A flood is possible.
    FloodWatch,
    /// A flood is likely.
    FloodWarning,
    /// A flash flood is here or minutes away.
    FlashFlood,
    /// Heavy snowfall.
    HeavySnow,
    /// Drifting snow, blizzard.
    SnowDrift,
    /// Snow load on roofs.
    RoofLoad,
    /// A pass or road is blocked by snow.
    BlockedPass,
    /// Ice on roads and paths.
    Ice,
    /// The danger has passed.
    AllClear,
    /// The warning was an error.
    Cancel,
}

impl Occasion {
    /// Every occasion.
    pub const ALL: [Self; 10] = [
        Self::FloodWatch,
        Self::FloodWarning,
        Self::FlashFlood,
        Self::HeavySnow,
        Self::SnowDrift,
        Self::RoofLoad,
        Self::BlockedPass,
        Self::Ice,
        Self::AllClear,
        Self::Cancel,
    ];

    /// The word used in tables and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FloodWatch => "flood_watch",
            Self::FloodWarning => "flood_warning",
            Self::FlashFlood => "flash_flood",
            Self::HeavySnow => "heavy_snow",
            Self::SnowDrift => "snow_drift",
            Self::RoofLoad => "roof_load",
            Self::BlockedPass => "blocked_pass",
            Self::Ice => "ice",
            Self::AllClear => "all_clear",
            Self::Cancel => "cancel",
        }
    }

    /// What is usually said for a level of a hazard: yellow watch, orange warning, red flash flood; snow and ice have one text.
    ///
    /// ```
    /// use alerts::{Hazard, Level, Occasion};
    /// assert_eq!(Occasion::usual(Hazard::Flood, Level::Red), Occasion::FlashFlood);
    /// ```
    pub const fn usual(hazard: Hazard, level: Level) -> Self {
        match (hazard, level) {
            (Hazard::Flood, Level::Unknown | Level::Green | Level::Yellow) => Self::FloodWatch,
            (Hazard::Flood, Level::Orange) => Self::FloodWarning,
            (Hazard::Flood, Level::Red) => Self::FlashFlood,
            (Hazard::Snow, _) => Self::HeavySnow,
            (Hazard::Ice, _) => Self::Ice,
        }
    }

    /// Whether this can be said of a hazard.
    ///
    /// ```
    /// use alerts::{Hazard, Occasion};
    /// assert!(Occasion::RoofLoad.fits(Hazard::Snow) && !Occasion::RoofLoad.fits(Hazard::Flood));
    /// ```
    pub const fn fits(self, hazard: Hazard) -> bool {
        match self {
            Self::FloodWatch | Self::FloodWarning | Self::FlashFlood => matches!(hazard, Hazard::Flood),
            Self::HeavySnow | Self::SnowDrift | Self::RoofLoad | Self::BlockedPass => matches!(hazard, Hazard::Snow),
            Self::Ice => matches!(hazard, Hazard::Ice),
            Self::AllClear | Self::Cancel => true,
        }
    }

    /// Whether this warns of a danger, rather than saying that there is none (any more).
    ///
    /// ```
    /// use alerts::Occasion;
    /// assert!(Occasion::Ice.warns() && !Occasion::AllClear.warns() && !Occasion::Cancel.warns());
    /// ```
    pub const fn warns(self) -> bool {
        !matches!(self, Self::AllClear | Self::Cancel)
    }

    /// File and section of its template.
    pub(super) const fn section(self, hazard: Hazard) -> (&'static str, &'static str) {
        match self {
            Self::FloodWatch => ("flood", "watch"),
            Self::FloodWarning => ("flood", "warning"),
            Self::FlashFlood => ("flood", "flash"),
            Self::HeavySnow => ("snow", "heavy"),
            Self::SnowDrift => ("snow", "drift"),
            Self::RoofLoad => ("snow", "roof_load"),
            Self::BlockedPass => ("snow", "blocked_pass"),
            Self::Ice => ("ice", "warning"),
            Self::AllClear => ("all-clear", hazard.as_str()),
            Self::Cancel => ("cancel", "cancel"),
        }
    }
}

word!(Occasion, "occasion");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_fits_and_every_occasion_has_a_hazard() {
        for hazard in Hazard::ALL {
            for level in Level::ALL {
                assert!(Occasion::usual(hazard, level).fits(hazard));
            }
        }
        for occasion in Occasion::ALL {
            let hazards = Hazard::ALL.into_iter().filter(|hazard| occasion.fits(*hazard)).count();
            let expected = if matches!(occasion, Occasion::AllClear | Occasion::Cancel) { 3 } else { 1 };
            assert_eq!(hazards, expected, "{occasion}");
        }
    }
}
