//! Reads any bytes as the files of a city, and asks whatever city comes out what the service would ask.
//! Run by `maps/fuzz/run city`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader panic; faults are bounded and say what to do; a city that was built can be built again and answers everything.

#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::{CITY_FILE_NAMES, City, CityFiles, Closures, FAULTS_MAX, FLOOD_HALF_WIDTH_M, Passes, SnowSpread, Water};

/// Ends a file: the next bytes are the next of the files in the order of their names.
const NEXT_FILE: &str = "\u{1e}";

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let parts = text.split(NEXT_FILE).take(CITY_FILE_NAMES.len());
    let files: CityFiles =
        CITY_FILE_NAMES.iter().zip(parts).map(|(name, text)| ((*name).to_owned(), text.to_owned())).collect();
    let city = match City::build(&files) {
        Ok(city) => city,
        Err(faults) => {
            assert!(!faults.is_empty() && faults.len() <= FAULTS_MAX + 1, "faults are said, and bounded");
            assert!(
                faults.iter().all(|fault| !fault.file.is_empty() && !fault.what.is_empty() && !fault.fix.is_empty())
            );
            return;
        }
    };
    let again = City::build(city.files()).expect("the kept sources build the same city");
    assert_eq!(again.hash(), city.hash());
    assert_eq!(again.roads(), city.roads());

    for zone in city.leaves() {
        assert!(city.zone_at(zone.label_at).is_some(), "a label lies in some zone");
        if let Ok(footprint) = city.zones_footprint(std::slice::from_ref(&zone.code)) {
            let exposure = city.exposure(&footprint);
            assert!(exposure.inside <= exposure.warned);
            let water = Some(Water::Outline(&footprint.shape));
            let isolation = city.isolation(&Closures { water, passes: Passes::Closed, ..Closures::default() });
            assert!(isolation.people_cut_off <= city.leaves().map(|zone| zone.population).sum());
            let json = serde_json::to_string(&footprint).expect("a footprint is JSON");
            assert_eq!(serde_json::from_str::<maps::Footprint>(&json).expect("which reads back"), footprint);
        }
    }
    assert_eq!(city.isolation(&Closures::default()), maps::Isolation::default(), "nothing is closed, nothing is cut");
    for gauge in city.gauges() {
        // Whether there is one depends on the map; that it is answered does not.
        drop(city.flood_footprint(&gauge.code, FLOOD_HALF_WIDTH_M));
        drop(city.snow_footprint(&gauge.code, SnowSpread::default()));
    }
    for place in city.places().iter().take(3) {
        for name in place.name.values() {
            for text in [name.clone(), format!("تقاطع {name} و {name}"), format!("بین {name} و {name}")] {
                let score = city.locate_in_text(&text).map_or(0.0, |located| located.score);
                assert!((0.0..=1.0).contains(&score));
            }
        }
    }
    drop((
        city.roads_geojson(),
        city.places_geojson(),
        city.zones_geojson(),
        city.waterways_geojson(),
        city.gauges_geojson(),
    ));
});
