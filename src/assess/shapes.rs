//! Footprints and joined shapes that were computed once, so that a step computes none twice.
//! Called by `assess` while it looks; filled as signals come, forgotten with their incidents.
//! Everything here is a pure function of map, settings and signals: what is forgotten is computed again and is the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use geo_types::MultiPolygon;
use maps::{Footprint, GaugeCode, Position};

use super::{
    Assess,
    affected::{self, Ground as Where},
    incident::{Incident, ZoneHit},
};
use crate::id::IncidentId;

/// What one footprint depends on beside the map and the settings, which do not change while the service runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    from: From,
    /// The bits of longitude and latitude.
    at: (u64, u64),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum From {
    Stream(GaugeCode),
    Snow(GaugeCode),
    Around,
}

impl Spot {
    fn new(ground: &Where, at: Position) -> Self {
        let bits = |position: Position| (position.lon().to_bits(), position.lat().to_bits());
        match ground {
            Where::Stream(gauge) => Self { from: From::Stream(gauge.clone()), at: bits(at) },
            Where::Snow(gauge) => Self { from: From::Snow(gauge.clone()), at: bits(at) },
            Where::Around(position) => Self { from: From::Around, at: bits(*position) },
        }
    }
}

/// The ground of an incident and its zones.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) shape: Option<MultiPolygon<f64>>,
    pub(super) zones: Vec<ZoneHit>,
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    footprints: BTreeMap<Spot, Option<Arc<Footprint>>>,
    joined: BTreeMap<IncidentId, (Vec<Spot>, Arc<Joined>)>,
}

impl Assess {
    /// The footprint of one signal, and by what it is known.
    pub(super) fn footprint(&self, ground: &Where, at: Position) -> Option<(Spot, Arc<Footprint>)> {
        let spot = Spot::new(ground, at);
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shapes.footprints.get(&spot) {
            return known.clone().map(|footprint| (spot, footprint));
        }
        let settings = &self.ground.config.assess;
        let footprint = affected::footprint(&self.ground.city, ground, at, settings).map(Arc::new);
        if shapes.footprints.len() >= settings.footprints_kept_max {
            // Far more places than open incidents have: the next steps find again what they need.
            shapes.footprints.clear();
        }
        shapes.footprints.insert(spot.clone(), footprint.clone());
        metrics::gauge!("hamyar_footprints_kept").set(shapes.footprints.len() as f64);
        footprint.map(|footprint| (spot, footprint))
    }

    /// The ground and the zones of an incident with these footprints, in this order.
    pub(super) fn joined(&self, incident: IncidentId, footprints: Vec<(Spot, Arc<Footprint>)>) -> Arc<Joined> {
        let (spots, footprints): (Vec<_>, Vec<_>) = footprints.into_iter().unzip();
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, joined)) = shapes.joined.get(&incident)
            && *known == spots
        {
            return Arc::clone(joined);
        }
        let (shape, zones) = affected::join(&self.ground.city, &footprints, &self.ground.config.assess);
        let joined = Arc::new(Joined { shape, zones });
        shapes.joined.insert(incident, (spots, Arc::clone(&joined)));
        joined
    }

    /// Keeps the joined shapes of open incidents only.
    pub(super) fn forget_shapes(&self, open: &[Incident]) {
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        shapes.joined.retain(|known, _| open.iter().any(|incident| incident.id == *known));
    }
}
