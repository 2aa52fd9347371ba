//! The sample city, embedded: Hamadan, drawn by hand from general knowledge.
//! Called by `City::sample`; the demo, the tests and the documentation run on it.
//! It is approximate and says so in its own label; nobody may plan by it.

use crate::CityFiles;

/// The files of `data/hamadan`.
pub(crate) fn files() -> CityFiles {
    CityFiles::from(
        [
            ("city.toml", include_str!("../data/hamadan/city.toml")),
            ("zones.geojson", include_str!("../data/hamadan/zones.geojson")),
            ("waterways.geojson", include_str!("../data/hamadan/waterways.geojson")),
            ("gauges.geojson", include_str!("../data/hamadan/gauges.geojson")),
            ("places.geojson", include_str!("../data/hamadan/places.geojson")),
            ("roads.geojson", include_str!("../data/hamadan/roads.geojson")),
        ]
        .map(|(name, text)| (name.to_owned(), text.to_owned())),
    )
}
