//! Finds where a report is: the position that was given, else a place in the words.
//! Called by `receive`.
//! A given position is never replaced by a guess; a place outside the map gives a position without a zone.

use maps::{City, LocatedBy, Position, ZoneCode};

use super::Located;

/// Words that fit a place less well than this point nowhere.
const SCORE_MIN: f64 = 0.6;
/// Where a report is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spot {
    pub position: Position,
    pub accuracy_m: Option<f64>,
    pub by: Located,
    pub zone: Option<ZoneCode>,
}

/// Locates by position, then by the words for the place, then by the report's own words.
pub(super) fn locate(
    city: &City,
    given: Option<(Position, Option<f64>)>,
    place_words: Option<&str>,
    words: &str,
) -> Option<Spot> {
    if let Some((position, accuracy_m)) = given {
        let zone = city.zone_at(position).map(|zone| zone.code.clone());
        return Some(Spot { position, accuracy_m, by: Located::Given, zone });
    }
    [place_words.unwrap_or_default(), words].into_iter().filter(|text| !text.is_empty()).find_map(|text| {
        let located = city.locate_in_text(text).filter(|located| located.score >= SCORE_MIN)?;
        let (by, accuracy_m) = match &located.by {
            // The person wrote coordinates: as good as given.
            LocatedBy::GeoUri | LocatedBy::MapLink | LocatedBy::Coordinates => (Located::Given, None),
            LocatedBy::Place { .. } | LocatedBy::Crossing { .. } | LocatedBy::Between { .. } => {
                (Located::Words, Some(located.accuracy_m))
            }
        };
        Some(Spot { position: located.position, accuracy_m, by, zone: located.zone })
    })
}
