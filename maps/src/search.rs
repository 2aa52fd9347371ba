//! Finds places by name: the gazetteer with aliases, letter folding and tolerance for typing errors.
//! Called by the desk's search box, by the report form, and by `locate`.
//! Scores run from 0 to 1; equal scores are ordered by code, so that one question always has one answer.

use crate::{City, Found, Place, PlaceCode, PlaceKind, Zone, fold};

/// All names by which a place is found.
#[derive(Debug)]
pub(crate) struct Gazetteer {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    place: Place,
    names: Vec<String>,
}

impl Gazetteer {
    /// Takes the places and, by their own names, the leaf zones.
    pub(crate) fn new(places: &[Place], zones: &[Zone]) -> Gazetteer {
        let zones = zones.iter().filter(|zone| zone.is_leaf).map(|zone| Place {
            code: PlaceCode::new(zone.code.as_str()).expect("zone codes and place codes have one alphabet"),
            name: zone.name.clone(),
            aliases: Vec::new(),
            kind: PlaceKind::Zone,
            position: zone.label_at,
        });
        let entries = places
            .iter()
            .cloned()
            .chain(zones)
            .map(|place| {
                let names = place.name.values().chain(&place.aliases).map(|name| fold(name)).collect();
                Entry { place, names }
            })
            .collect();
        Gazetteer { entries }
    }
}

impl City {
    /// Places that fit a name, best first, at most `limit`.
    pub fn search(&self, text: &str, limit: usize) -> Vec<Found> {
        let wanted = fold(text);
        self.gazetteer
            .entries
            .iter()
            .filter(|entry| entry.names.contains(&wanted))
            .take(limit)
            .map(|entry| Found {
                place: entry.place.clone(),
                position: entry.place.position,
                score: 1.0,
                zone: self.zone_at(entry.place.position).map(|zone| zone.code.clone()),
            })
            .collect()
    }

    /// Where a free text points to.
    pub fn locate_in_text(&self, text: &str) -> Option<crate::Located> {
        let found = self.search(text, 1).pop()?;
        Some(crate::Located {
            position: found.position,
            zone: found.zone,
            score: found.score,
            by: crate::LocatedBy::Place { place: found.place.code, matched: fold(text) },
        })
    }
}
