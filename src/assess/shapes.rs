//! Footprints and joined shapes that were computed once, so that a step computes none twice.
//! Called by `assess` while it looks; filled as signals come, forgotten with their incidents.
//! Everything here is a pure function of map, settings and signals: what is forgotten is computed again and is the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use geo_types::MultiPolygon;
use maps::{Footprint, GaugeCode, Position, terrain::Relief};

use super::{
    Assess,
    affected::{self, Ground as Where, Reached},
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
    Stage(GaugeCode, u16),
    Depth(u16),
}

impl Spot {
    fn new(ground: &Where, at: Position) -> Self {
        let bits = |position: Position| (position.lon().to_bits(), position.lat().to_bits());
        match ground {
            Where::Stream(gauge) => Self { from: From::Stream(gauge.clone()), at: bits(at) },
            Where::Snow(gauge) => Self { from: From::Snow(gauge.clone()), at: bits(at) },
            Where::Around(position) => Self { from: From::Around, at: bits(*position) },
            Where::Stage(gauge, cm) => Self { from: From::Stage(gauge.clone(), *cm), at: bits(at) },
            Where::Depth(position, cm) => Self { from: From::Depth(*cm), at: bits(*position) },
        }
    }
}

/// The ground of an incident and its zones.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) shape: Option<MultiPolygon<f64>>,
    /// Flooded with a probability of 0.8 or more, and of 0.5 or more; none where no terrain tells.
    pub(super) bands: Option<[MultiPolygon<f64>; 2]>,
    pub(super) zones: Vec<ZoneHit>,
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    footprints: BTreeMap<Spot, Option<Arc<Footprint>>>,
    reached: BTreeMap<Spot, Option<Arc<Reached>>>,
    /// The hashes of the terrain that these rest on.
    terrain: Vec<String>,
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

    /// What one signal reaches, by the terrain where there is some, and by what it is known.
    pub(super) fn reached(&self, ground: &Where, at: Position) -> Option<(Spot, Arc<Reached>)> {
        let spot = Spot::new(ground, at);
        let tiles = self.ground.terrain.tiles();
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if !tiles.iter().map(Relief::hash).eq(shapes.terrain.iter().map(String::as_str)) {
            // Other terrain came: what was computed without it is computed again.
            shapes.terrain = tiles.iter().map(|tile| tile.hash().to_owned()).collect();
            shapes.reached.clear();
            shapes.joined.clear();
        }
        if let Some(known) = shapes.reached.get(&spot) {
            return known.clone().map(|reached| (spot, reached));
        }
        let settings = &self.ground.config.assess;
        let reached = affected::reached(&self.ground.city, &tiles, ground, at, settings).map(Arc::new);
        if shapes.reached.len() >= settings.footprints_kept_max {
            shapes.reached.clear();
        }
        shapes.reached.insert(spot.clone(), reached.clone());
        reached.map(|reached| (spot, reached))
    }

    /// The ground and the zones of an incident whose signals reach this, in this order.
    pub(super) fn joined(&self, incident: IncidentId, reached: Vec<(Spot, Arc<Reached>)>) -> Arc<Joined> {
        let (spots, reached): (Vec<_>, Vec<_>) = reached.into_iter().unzip();
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, joined)) = shapes.joined.get(&incident)
            && *known == spots
        {
            return Arc::clone(joined);
        }
        let (shape, zones) = affected::join(&self.ground.city, &reached, &self.ground.config.assess);
        let joined = Arc::new(Joined { shape, bands: affected::join_bands(&reached), zones });
        shapes.joined.insert(incident, (spots, Arc::clone(&joined)));
        joined
    }

    /// Keeps the joined shapes of open incidents only.
    pub(super) fn forget_shapes(&self, open: &[Incident]) {
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        shapes.joined.retain(|known, _| open.iter().any(|incident| incident.id == *known));
    }
}
