//! The level of every zone: from incidents where there are any, green where somebody watches, unknown where nobody does.
//! Called at the end of each step of assessment.
//! Silence is not safety (invariant 15): a zone without a working sensor or a recent report is unknown, never green.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
    time::Duration,
};

use alerts::{Hazard, Level};
use jiff::Timestamp;
use maps::ZoneCode;
use serde_json::json;

use super::{
    Assess, affected,
    incident::Incident,
    plan::{Plan, Write},
    step::place_of,
    store::ZoneState,
    words,
};
use crate::{
    bell::LiveAudience,
    id::SensorId,
    sensors::{Sensor, SensorState},
    store::{Fault, Tx},
};

/// Who watches a zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Watched {
    /// Working sensors that see it.
    pub sensors: usize,
    /// Reports from it within `zone_stale_minutes`.
    pub reports: usize,
}

impl Assess {
    /// Colours every zone whose level is another than it was; `plan` takes what is to be written.
    pub(super) async fn colour_zones(
        &self,
        tx: &mut Tx,
        open: &[Incident],
        sensors: &BTreeMap<SensorId, Sensor>,
        now: Timestamp,
        plan: &mut Plan,
    ) -> Result<(), Fault> {
        let known: BTreeMap<String, ZoneState> =
            tx.zone_states(None).await?.into_iter().map(|state| (state.zone.clone(), state)).collect();
        let watched = self.watched(tx, sensors, now).await?;
        for zone in self.ground.city.leaves() {
            let worst = open
                .iter()
                .filter(|incident| {
                    // A drill's incident colours no zone of the real city.
                    incident.exercise_id == self.ground.exercise
                        && incident.level > Level::Green
                        && incident.zones.iter().any(|hit| hit.code == zone.code)
                })
                .max_by_key(|incident| (incident.level, incident.id));
            let by = watched.get(&zone.code).copied().unwrap_or_default();
            let (level, hazard, incident, reason) = match worst {
                Some(worst) => {
                    let reason = words::zone_in_incident(worst.hazard, worst.level, &worst.reasons);
                    (worst.level, Some(worst.hazard), Some(worst.id), reason)
                }
                None if by.sensors + by.reports > 0 => {
                    (Level::Green, None, None, words::zone_watched(by.sensors, by.reports))
                }
                None => (Level::Unknown, None, None, words::zone_unwatched()),
            };
            let same = known
                .get(zone.code.as_str())
                .is_some_and(|state| (state.level, state.hazard, state.incident) == (level, hazard, incident));
            if same {
                continue;
            }
            let state = ZoneState { zone: zone.code.to_string(), recorded_at: now, level, hazard, incident, reason };
            plan.writes.push(Write::Zone(Box::new(state)));
            plan.news.push((
                LiveAudience::Public,
                "zone.changed",
                json!({ "zone": zone.code, "level": level.as_str() }),
            ));
        }
        Ok(())
    }

    /// Who watches which zone, for those who look.
    pub async fn watched_now(&self, tx: &mut Tx, now: Timestamp) -> Result<BTreeMap<ZoneCode, Watched>, Fault> {
        let sensors = tx.sensors().await?.into_iter().map(|sensor| (sensor.id, sensor)).collect();
        self.watched(tx, &sensors, now).await
    }

    /// Who watches which zone now.
    pub(super) async fn watched(
        &self,
        tx: &mut Tx,
        sensors: &BTreeMap<SensorId, Sensor>,
        now: Timestamp,
    ) -> Result<BTreeMap<ZoneCode, Watched>, Fault> {
        let mut watched: BTreeMap<ZoneCode, Watched> = BTreeMap::new();
        for sensor in sensors.values().filter(|sensor| sensor.state == SensorState::Ok) {
            for code in self.cover(sensor) {
                watched.entry(code).or_default().sensors += 1;
            }
        }
        // Anybody may ask for any moment, the first of the calendar included.
        let stale = Duration::from_secs(60 * self.ground.config.assess.zone_stale_minutes.unsigned_abs());
        let since = now.checked_sub(stale).unwrap_or(Timestamp::MIN);
        for (code, reports) in tx.reports_by_zone(since).await? {
            watched.entry(code).or_default().reports += reports;
        }
        Ok(watched)
    }

    /// The zones a sensor speaks for: its own, and those its water or snow would reach.
    fn cover(&self, sensor: &Sensor) -> Vec<ZoneCode> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory
            .cover
            .entry(sensor.id)
            .or_insert_with(|| {
                let settings = &self.ground.config.assess;
                let hazards: BTreeSet<Hazard> = sensor
                    .quantities
                    .iter()
                    .filter_map(|quantity| self.rules.of_quantity(quantity.as_str()))
                    .map(|rule| rule.hazard)
                    .collect();
                let mut codes: BTreeSet<ZoneCode> = sensor.zone.iter().cloned().collect();
                for hazard in hazards {
                    let ground = place_of(sensor, hazard);
                    let footprint = affected::footprint(&self.ground.city, &ground, sensor.position, settings);
                    codes.extend(footprint.into_iter().flat_map(|footprint| footprint.zones).map(|zone| zone.code));
                }
                codes.into_iter().collect()
            })
            .clone()
    }
}
