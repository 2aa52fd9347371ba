//! Residents of zones from buildings: where nobody counted people, they are thought to live where there is floor to live on.
//! Called by the command after zones and buildings are known.
//! Zones whose residents the source tells keep them; what is estimated is marked so (`population_from`) and may be estimated again.

use serde_json::{Value, json};

use super::Report;
use crate::{City, CityFiles, Fault, Position};

/// Persons in a building when nothing is known but how many buildings there are. An assumption, not a measurement: four is a household or
/// two in a small house, and far too few for a tower. Give the residents of the whole city where they are known.
pub const PERSONS_PER_BUILDING: f64 = 4.0;

/// A building in which people may live.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Building {
    /// Where its middle is.
    pub at: Position,
    /// Floor area, square metres: what it covers times its storeys.
    pub floor_m2: f64,
}

/// How many people are shared out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum People {
    /// So many in each building on average.
    PerBuilding(f64),
    /// So many in the whole city, those of zones that tell their own included.
    Total(u64),
}

/// Shares people out over the leaf zones that do not tell their own, by the floor area of the buildings in them.
///
/// Without any building by the area of the zones. Errors: the files are no city.
pub fn share_out(
    files: &mut CityFiles,
    buildings: &[Building],
    people: People,
    report: &mut Report,
) -> Result<(), Vec<Fault>> {
    use geo::GeodesicArea;
    const FILE: &str = "zones.geojson";
    let city = City::build(files)?;
    let mut collection: Value = files.get(FILE).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let told: std::collections::BTreeSet<String> = collection["features"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|feature| &feature["properties"])
        .filter(|properties| properties["population"].is_u64() && properties["population_from"].is_null())
        .filter_map(|properties| properties["code"].as_str().map(str::to_owned))
        .collect();
    let leaves: Vec<&crate::Zone> = city.leaves().collect();
    let number = |code: &str| leaves.iter().position(|zone| zone.code.as_str() == code);
    let mut floors = vec![0.0; leaves.len()];
    let mut counts = vec![0_u64; leaves.len()];
    let positions: Vec<Position> = buildings.iter().map(|building| building.at).collect();
    let mut by_code = std::collections::BTreeMap::new();
    for (zone, building) in city.zones_at(&positions).into_iter().zip(buildings) {
        let Some(zone) = zone else {
            report.skip("lies in no zone", &format!("building at {}", building.at));
            continue;
        };
        let Some(at) = *by_code.entry(zone.code.as_str()).or_insert_with(|| number(zone.code.as_str())) else {
            continue;
        };
        floors[at] += building.floor_m2;
        counts[at] += 1;
        report.made += 1;
    }
    let open: Vec<usize> = (0..leaves.len()).filter(|&at| !told.contains(leaves[at].code.as_str())).collect();
    let known: u64 = leaves.iter().filter(|zone| told.contains(zone.code.as_str())).map(|zone| zone.population).sum();
    let total = match people {
        People::Total(total) => total.saturating_sub(known) as f64,
        People::PerBuilding(persons) => open.iter().map(|&at| counts[at]).sum::<u64>() as f64 * persons,
    };
    let mut weights: Vec<f64> = open.iter().map(|&at| floors[at]).collect();
    let mut from = "buildings";
    if weights.iter().sum::<f64>() <= 0.0 {
        weights = open.iter().map(|&at| leaves[at].shape.geodesic_area_unsigned()).collect();
        from = "area";
        report.note("no building lies in a zone; residents were shared out by area", "");
    }
    let shares = whole_shares(total, &weights);
    let given: std::collections::BTreeMap<&str, u64> =
        open.iter().zip(shares).map(|(&at, share)| (leaves[at].code.as_str(), share)).collect();
    for feature in collection["features"].as_array_mut().into_iter().flatten() {
        let properties = &mut feature["properties"];
        let Some(&share) = properties["code"].as_str().and_then(|code| given.get(code)) else { continue };
        properties["population"] = json!(share);
        properties["population_from"] = json!(from);
    }
    let lines: Vec<String> = collection["features"].as_array().into_iter().flatten().map(Value::to_string).collect();
    let text = format!("{{\"type\": \"FeatureCollection\", \"features\": [\n{}\n]}}\n", lines.join(",\n"));
    report.note(format!("{total:.0} residents were shared out over {} zones by {from}", open.len()), "");
    files.insert(FILE.to_owned(), text);
    Ok(())
}

/// Whole numbers in the proportion of the weights that add up to the total (largest remainders).
fn whole_shares(total: f64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    if sum <= 0.0 {
        return vec![0; weights.len()];
    }
    let exact: Vec<f64> = weights.iter().map(|weight| total * weight / sum).collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "residents of a city")]
    let mut shares: Vec<u64> = exact.iter().map(|share| share.floor() as u64).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|&one, &other| exact[other].fract().total_cmp(&exact[one].fract()).then(one.cmp(&other)));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "residents of a city")]
    let missing = (total.round() as u64).saturating_sub(shares.iter().sum());
    order.into_iter().take(usize::try_from(missing).unwrap_or(usize::MAX)).for_each(|at| shares[at] += 1);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        assert_eq!(whole_shares(10.0, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(whole_shares(1_000_001.0, &[3.0, 1.0]), [750_001, 250_000]);
        assert_eq!(whole_shares(5.0, &[0.0]), [0]);
    }

    #[test]
    fn residents_go_where_floors_are_and_those_that_are_told_stay() {
        let square = |code: &str, west: f64, more: Value| {
            let mut properties = json!({"code": code, "name": {"en": code}, "kind": "neighbourhood"});
            properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [[[west, 34.0], [west + 0.1, 34.0], [west + 0.1, 34.1], [west, 34.1], [west, 34.0]]]}})
        };
        let zones = json!({"type": "FeatureCollection", "features": [
            square("a", 48.0, json!({"population": 0, "population_from": "unknown"})),
            square("b", 48.1, json!({"population": 7, "population_from": "buildings"})),
            square("c", 48.2, json!({"population": 500})),
        ]});
        let mut files = CityFiles::from([
            (
                "city.toml".to_owned(),
                "code = \"x\"\ntime_zone = \"UTC\"\ncenter = [48.1, 34.05]\n[name]\nen = \"X\"\n".to_owned(),
            ),
            ("zones.geojson".to_owned(), zones.to_string()),
        ]);
        let at = |lon, floor_m2| Building { at: Position::new(lon, 34.05).unwrap(), floor_m2 };
        let mut report = Report::default();
        let buildings = [at(48.05, 300.0), at(48.15, 100.0), at(48.25, 9_000.0), at(50.0, 1.0)];
        share_out(&mut files, &buildings, People::Total(900), &mut report).unwrap();
        let population = |files: &CityFiles| -> Vec<u64> {
            City::build(files).unwrap().zones().iter().map(|zone| zone.population).collect()
        };
        assert_eq!(population(&files), [300, 100, 500]);
        assert_eq!(report.skipped["lies in no zone"].times, 1);
        share_out(&mut files, &buildings, People::PerBuilding(4.0), &mut report).unwrap();
        assert_eq!(population(&files), [6, 2, 500], "estimates are estimated again");
        share_out(&mut files, &[], People::Total(700), &mut report).unwrap();
        assert_eq!(population(&files), [100, 100, 500], "without buildings by area");
    }
}
