//! Words a proposal from an incident: what the alert would say, to whom, and why.
//! Called by `assess` when an incident reaches people, grows, changes its level, or is over after an alert.
//! A proposal is never an alert: an officer adopts it, and another person approves it.

use std::time::Duration;

use alerts::{
    Content, Evidence, Facts, Hazard, Kind, Level, NamedZone, Occasion, TimeToImpact, Unit, cap::ResponseType, triple,
};
use geo_types::MultiPolygon;
use jiff::{SignedDuration, Timestamp};
use maps::ZoneKind;

use super::{
    fuse::probability,
    incident::Incident,
    rules::{ImpactWord, Rules},
};
use crate::ground::Ground;

/// What the alert would say. Errors are faults of templates or map data, in words.
#[expect(clippy::too_many_arguments, reason = "each is a different thing that the text rests on")]
pub fn content(
    ground: &Ground,
    rules: &Rules,
    incident: &Incident,
    kind: Kind,
    shape: Option<&MultiPolygon<f64>>,
    observed: bool,
    measure: Option<(alerts::Texts, alerts::Measure)>,
    now: Timestamp,
) -> Result<Content, String> {
    let city = &ground.city;
    let over = kind == Kind::AllClear;
    let zones: Vec<NamedZone> = incident
        .zones
        .iter()
        .filter_map(|hit| city.zone(&hit.code))
        .map(|zone| NamedZone { code: zone.code.to_string(), name: zone.name.clone() })
        .collect();
    let rule = rules.of_hazard(incident.hazard);
    let hours = rule.map_or(ground.config.issue.expires_hours as f64, |rule| rule.alert.expires_after.value);
    let expires = now + Duration::from_secs_f64(3600.0 * hours);
    let expires = Timestamp::from_second(expires.as_second()).expect("a valid time stays valid without its fraction");
    let passes_only =
        incident.zones.iter().filter_map(|hit| city.zone(&hit.code)).all(|zone| zone.kind == ZoneKind::Pass);
    let occasion = match &measure {
        _ if over => Occasion::AllClear,
        measured => occasion(incident.hazard, incident.level, passes_only, measured.as_ref().map(|(_, m)| m.unit)),
    };
    let (place, measure) = measure.filter(|_| !over).unzip();
    let facts = Facts {
        hazard: incident.hazard,
        level: incident.level,
        kind: occasion,
        zones: zones.iter().map(|zone| zone.name.clone()).collect(),
        place,
        measure,
        onset: None,
        expires,
        tz: ground.config.time_zone(),
        contact: ground.config.issue.contact.clone(),
        exercise: incident.exercise_id.is_some(),
    };
    let say = |faults: Vec<alerts::Fault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let wordings = alerts::compose(&ground.templates, &facts).map_err(say)?;
    let impact = rule.and_then(|rule| rule.impact.of(incident.level)).copied().unwrap_or(ImpactWord::Minimal);
    let soonest = incident.zones.iter().filter_map(|hit| hit.minutes).min_by(f64::total_cmp);
    let when = match soonest {
        _ if over => TimeToImpact::Passed,
        Some(minutes) => TimeToImpact::After(SignedDuration::from_secs_f64(60.0 * minutes)),
        None => TimeToImpact::Now,
    };
    let evidence =
        if observed { Evidence::Observed } else { Evidence::Probability(probability(incident.log_odds_mnat)) };
    let answer = triple(Some(impact.impact()), when, evidence);
    Ok(Content {
        hazard: incident.hazard,
        level: if over { Level::Green } else { incident.level },
        wordings,
        zones,
        polygons: shape.cloned().unwrap_or_else(|| MultiPolygon::new(Vec::new())),
        response_types: response_types(over, incident.level),
        urgency: answer.urgency,
        severity: answer.severity,
        certainty: answer.certainty,
        effective: None,
        onset: None,
        expires,
        contact: ground.config.issue.contact.clone(),
        web: Some(format!("{}/", ground.config.public_url())),
        event_code: alerts::content::event_code(incident.hazard).to_owned(),
    })
}

/// Which text speaks. Snow has several: on a pass that is red, the road is what matters; where wind was measured, the drift.
///
/// Source for the pass: more than 60 cm at the Asadabad pass closed it (see `rules/snow.toml`, threshold red). Load on roofs
/// needs the snow's density, which nobody measures here: an officer chooses that text.
fn occasion(hazard: Hazard, level: Level, passes_only: bool, measured: Option<Unit>) -> Occasion {
    match (hazard, level, measured) {
        (Hazard::Snow, _, Some(Unit::MetrePerSecond)) => Occasion::SnowDrift,
        (Hazard::Snow, Level::Red, _) if passes_only => Occasion::BlockedPass,
        (Hazard::Flood | Hazard::Snow | Hazard::Ice, ..) => Occasion::usual(hazard, level),
    }
}

/// What people should do, in CAP's words.
fn response_types(over: bool, level: Level) -> Vec<ResponseType> {
    match level {
        _ if over => vec![ResponseType::AllClear],
        Level::Unknown | Level::Green | Level::Yellow => vec![ResponseType::Monitor, ResponseType::Prepare],
        Level::Orange => vec![ResponseType::Prepare, ResponseType::Avoid],
        Level::Red => vec![ResponseType::Evacuate, ResponseType::Avoid],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_the_snow_chooses_the_words() {
        use Occasion::{BlockedPass, FlashFlood, HeavySnow, SnowDrift};
        let depth = Some(Unit::Centimetre);
        assert_eq!(occasion(Hazard::Snow, Level::Red, true, depth), BlockedPass);
        assert_eq!(occasion(Hazard::Snow, Level::Orange, true, depth), HeavySnow, "likely to close is not closed");
        assert_eq!(occasion(Hazard::Snow, Level::Red, false, depth), HeavySnow, "the town is more than its pass");
        assert_eq!(occasion(Hazard::Snow, Level::Orange, false, Some(Unit::MetrePerSecond)), SnowDrift);
        assert_eq!(occasion(Hazard::Flood, Level::Red, true, Some(Unit::MetrePerSecond)), FlashFlood);
    }
}
