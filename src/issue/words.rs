//! The content of a draft: from a template, or from what staff sent, made right for this city.
//! Called by `draft` for every new content; publication takes what stands here unchanged.
//! Zones are the map's, with the map's names; in an exercise every text of every language says so.

use std::collections::{BTreeMap, BTreeSet};

use alerts::{
    Content, Evidence, Facts, Hazard, Impact, Level, NamedZone, Occasion, TimeToImpact, Wording,
    cap::{ResponseType, Severity, Status},
    compose,
    content::{POSITIONS_MAX, ZONES_MAX, event_code},
    triple,
};
use geo_types::{Coord, MultiPolygon, Polygon};
use jiff::{SignedDuration, Timestamp};
use maps::ZoneCode;

use super::{
    alert::{Alert, Refusal},
    draft::{NewDraft, Sure},
};
use crate::{ground::Ground, id::ExerciseId};

/// A message about an ending holds at least so long, so that receivers that ask now and then still see it.
const ENDING_HOLDS_AT_LEAST: SignedDuration = SignedDuration::from_hours(1);

/// A first content for a hazard in some zones: in the words of an occasion, and with what staff expect. Where they say nothing of
/// impact, time or certainty, it says what the level usually means; the author corrects it.
pub(super) fn from_template(ground: &Ground, new: &NewDraft) -> Result<Content, Refusal> {
    let (hazard, level, expected) = (new.hazard, new.level, new.expected);
    let occasion = new.occasion.unwrap_or(Occasion::usual(hazard, level));
    if !occasion.warns() || !occasion.fits(hazard) {
        return Err(Refusal::Unusable(vec![format!("occasion: “{occasion}” is no warning of {hazard}")]));
    }
    let (usual_impact, usual_time) = match level {
        Level::Unknown | Level::Green => {
            return Err(Refusal::Unusable(vec!["level: a warning needs yellow, orange or red".into()]));
        }
        Level::Yellow => (Impact::Minor, TimeToImpact::After(SignedDuration::from_mins(60))),
        Level::Orange => (Impact::Significant, TimeToImpact::After(SignedDuration::from_mins(60))),
        Level::Red => (Impact::Severe, TimeToImpact::Now),
    };
    let time = expected.in_minutes.map_or(usual_time, |minutes| match minutes {
        0 => TimeToImpact::Now,
        some => TimeToImpact::After(SignedDuration::from_mins(i64::from(some))),
    });
    // In the middle of what each word of the table means.
    let evidence = match expected.sure.unwrap_or(Sure::Likely) {
        Sure::Seen => Evidence::Observed,
        Sure::Likely => Evidence::Probability(0.75),
        Sure::Possible => Evidence::Probability(0.25),
        Sure::Unlikely => Evidence::Probability(0.0),
    };
    let answer = triple(Some(expected.impact.unwrap_or(usual_impact)), time, evidence);
    let zones = zones(ground, &new.zones)?;
    let settings = &ground.config.issue;
    let expires = ground.now() + SignedDuration::from_hours(settings.expires_hours);
    let polygons = zones.iter().flat_map(|(_, shape)| shape.0.clone()).collect();
    let zones: Vec<NamedZone> = zones.into_iter().map(|(zone, _)| zone).collect();
    Ok(Content {
        hazard,
        level,
        wordings: wordings(ground, hazard, level, occasion, &zones, expires, ground.exercise)?,
        zones,
        polygons: MultiPolygon::new(polygons),
        response_types: match level {
            Level::Unknown | Level::Green | Level::Yellow => vec![ResponseType::Monitor, ResponseType::Prepare],
            Level::Orange => vec![ResponseType::Prepare, ResponseType::Avoid],
            Level::Red => vec![ResponseType::Evacuate, ResponseType::Avoid],
        },
        urgency: answer.urgency,
        severity: answer.severity,
        certainty: answer.certainty,
        effective: None,
        onset: None,
        expires,
        contact: settings.contact.clone(),
        web: web(ground),
        event_code: event_code(hazard).to_owned(),
    })
}

/// What an all-clear or a cancel says about what is live: all its zones and ground, and that there is nothing to fear.
pub(super) fn about_the_end(
    ground: &Ground,
    live: &[&Alert],
    occasion: Occasion,
    exercise: Option<ExerciseId>,
) -> Result<Content, Refusal> {
    let newest = &live.last().ok_or(Refusal::NotLive)?.content;
    let (mut zones, mut polygons): (Vec<NamedZone>, Vec<_>) = (Vec::new(), Vec::new());
    for content in live.iter().rev().map(|alert| &alert.content) {
        zones.extend(
            content
                .zones
                .iter()
                .filter(|zone| zones.iter().all(|known| known.code != zone.code))
                .cloned()
                .collect::<Vec<_>>(),
        );
        polygons
            .extend(content.polygons.0.iter().filter(|shape| !polygons.contains(*shape)).cloned().collect::<Vec<_>>());
    }
    let over = live.iter().map(|alert| alert.content.expires).max().unwrap_or(newest.expires);
    let expires = over.max(ground.now() + ENDING_HOLDS_AT_LEAST);
    Ok(Content {
        // A display that looks at the level alone must not go on warning.
        level: Level::Green,
        severity: Severity::Minor,
        wordings: wordings(ground, newest.hazard, Level::Green, occasion, &zones, expires, exercise)?,
        zones,
        polygons: MultiPolygon::new(polygons),
        effective: None,
        onset: None,
        expires,
        ..newest.clone()
    })
}

/// The same content with a later end, also where its texts tell the end.
pub(super) fn extended(ground: &Ground, content: &Content, expires: Timestamp) -> Content {
    alerts::lifecycle::with_end(content, expires, &ground.config.time_zone())
}

/// Makes a content that came from outside the room right for this city, or says everything that can't be kept.
pub(super) fn prepared(ground: &Ground, content: Content, exercise: Option<ExerciseId>) -> Result<Content, Refusal> {
    let mut faults = Vec::new();
    let mut content = content;
    for zone in &mut content.zones {
        match ZoneCode::new(zone.code.as_str()).ok().and_then(|code| ground.city.zone(&code)) {
            Some(known) => zone.name.clone_from(&known.name),
            None => faults.push(format!("zones: the city has no zone “{}”", zone.code)),
        }
    }
    if content.zones.len() > ZONES_MAX {
        faults.push(format!("zones: {} zones; at most {ZONES_MAX} are allowed", content.zones.len()));
    }
    let positions: usize = content
        .polygons
        .0
        .iter()
        .map(|shape| shape.exterior().0.len() + shape.interiors().iter().map(|ring| ring.0.len()).sum::<usize>())
        .sum();
    if positions > POSITIONS_MAX {
        faults.push(format!("area: {positions} positions; at most {POSITIONS_MAX} are allowed"));
    }
    // A zero character can be kept by no PostgreSQL text; the others break CAP.
    let unwritable =
        |text: &str| text.contains(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'));
    for (lang, wording) in &content.wordings {
        for (name, text) in wording.texts() {
            if unwritable(text) || unwritable(lang) {
                faults.push(format!("wordings.{lang}.{name}: holds a control character"));
            }
        }
    }
    for (name, text) in
        [("contact", Some(&content.contact)), ("web", content.web.as_ref()), ("event_code", Some(&content.event_code))]
    {
        if text.is_some_and(|text| unwritable(text)) {
            faults.push(format!("{name}: holds a control character"));
        }
    }
    if exercise.is_none() {
        // Publication would refuse it; who writes it should hear of it while writing.
        let marked = ground.templates.wrongly_marked(&content.wordings, Status::Actual);
        faults.extend(marked.iter().map(ToString::to_string));
    }
    if !faults.is_empty() {
        return Err(Refusal::Unusable(faults));
    }
    if exercise.is_some() {
        for (lang, wording) in &mut content.wordings {
            *wording = ground.templates.marked_wording(lang, wording);
        }
    }
    Ok(content)
}

/// Lets the ground follow the zones when an editor changed the zones alone: what others read as polygons must not leave out a zone.
///
/// Ground that is exactly the old zones becomes the new zones; drawn ground keeps its shape and gains the zones that were added.
pub(super) fn regrounded(ground: &Ground, old: &Content, mut new: Content) -> Content {
    let codes = |content: &Content| content.zones.iter().map(|zone| zone.code.clone()).collect::<BTreeSet<_>>();
    let (was, will) = (codes(old), codes(&new));
    if was == will || !same_ground(&old.polygons, &new.polygons) {
        return new;
    }
    let shapes = |codes: &BTreeSet<String>| -> MultiPolygon<f64> {
        let known = codes.iter().filter_map(|code| ground.city.zone(&ZoneCode::new(code.as_str()).ok()?));
        MultiPolygon::new(known.flat_map(|zone| zone.shape.0.clone()).collect())
    };
    if same_ground(&old.polygons, &shapes(&was)) {
        new.polygons = shapes(&will);
    } else {
        new.polygons.0.extend(shapes(&will.difference(&was).cloned().collect()).0);
    }
    new
}

/// Whether two grounds have the same polygons in any order, up to the 1e-7 degrees in which they are kept.
fn same_ground(left: &MultiPolygon<f64>, right: &MultiPolygon<f64>) -> bool {
    let near = |a: &Coord<f64>, b: &Coord<f64>| (a.x - b.x).abs() < 2e-7 && (a.y - b.y).abs() < 2e-7;
    let same = |a: &Polygon<f64>, b: &Polygon<f64>| {
        let (a, b) = (a.exterior(), b.exterior());
        a.0.len() == b.0.len() && a.0.iter().zip(&b.0).all(|(a, b)| near(a, b))
    };
    left.0.len() == right.0.len() && left.0.iter().all(|one| right.0.iter().any(|other| same(one, other)))
}

fn zones<'g>(ground: &'g Ground, codes: &[String]) -> Result<Vec<(NamedZone, &'g MultiPolygon<f64>)>, Refusal> {
    let mut found: Vec<(NamedZone, &MultiPolygon<f64>)> = Vec::new();
    let mut unknown = Vec::new();
    for code in codes {
        let Some(zone) = ZoneCode::new(code.as_str()).ok().and_then(|code| ground.city.zone(&code)) else {
            unknown.push(code.chars().take(64).collect::<String>());
            continue;
        };
        // A district stands for its leaves: people are warned by leaves.
        let leaves = if zone.is_leaf { vec![zone] } else { ground.city.leaves_under(&zone.code) };
        for leaf in leaves {
            if found.iter().all(|(known, _)| known.code != leaf.code.as_str()) {
                found.push((NamedZone { code: leaf.code.as_str().to_owned(), name: leaf.name.clone() }, &leaf.shape));
            }
        }
    }
    if !unknown.is_empty() {
        return Err(Refusal::Unusable(
            unknown.iter().map(|code| format!("zones: the city has no zone “{code}”")).collect(),
        ));
    }
    if found.is_empty() || found.len() > ZONES_MAX {
        return Err(Refusal::Unusable(vec![format!("zones: want 1 to {ZONES_MAX} zones")]));
    }
    Ok(found)
}

fn wordings(
    ground: &Ground,
    hazard: Hazard,
    level: Level,
    occasion: Occasion,
    zones: &[NamedZone],
    expires: Timestamp,
    exercise: Option<ExerciseId>,
) -> Result<BTreeMap<String, Wording>, Refusal> {
    let facts = Facts {
        hazard,
        level,
        kind: occasion,
        zones: zones.iter().map(|zone| zone.name.clone()).collect(),
        place: None,
        measure: None,
        onset: None,
        expires,
        tz: ground.config.time_zone(),
        contact: ground.config.issue.contact.clone(),
        exercise: exercise.is_some(),
    };
    compose(&ground.templates, &facts)
        .map_err(|faults| Refusal::Unusable(faults.iter().map(ToString::to_string).collect()))
}

/// The console's address, when the operator says how others reach it.
fn web(ground: &Ground) -> Option<String> {
    let configured = !ground.config.server.public_url.is_empty();
    configured.then(|| format!("{}/", ground.config.public_url()))
}
