//! What an incident's water does to the city: who lives on the ground that it takes, what stands there, which roads it cuts, who is cut off.
//! Called by `http` for one incident at a time; pure over the map and the stored bands.
//! Only where terrain told the ground: a buffer along a river would cut roads that nothing threatens.

use geo::Intersects;
use geo_types::{MultiPolygon, Point};
use maps::{City, Closures, Isolation, Place, Water};

use super::Incident;

/// Who and what is on a piece of ground.
#[derive(Clone, Debug, PartialEq)]
pub struct OnGround<'c> {
    /// Residents, as if people lived evenly over their zone.
    pub people: u64,
    /// Critical places, in the order of the map.
    pub places: Vec<&'c Place>,
}

/// What an incident's water does.
#[derive(Clone, Debug, PartialEq)]
pub struct Consequences<'c> {
    /// On ground that is flooded with a probability of 0.8 or more.
    pub likely: OnGround<'c>,
    /// On ground that is flooded with a probability of 0.5 or more.
    pub possible: OnGround<'c>,
    /// What that does to the roads: of the possible ground, as long as no depth is known.
    pub isolation: Isolation,
}

impl Consequences<'_> {
    /// None when the incident has no bands, or its bands can't be read (the log says so). Tens of milliseconds in a large city.
    pub fn of<'c>(city: &'c City, incident: &Incident) -> Option<Consequences<'c>> {
        let bands = incident.bands.as_ref()?;
        let (likely, possible) = (shape(&bands["likely"])?, shape(&bands["possible"])?);
        let water = (!possible.0.is_empty()).then_some(Water::Outline(&possible));
        Some(Consequences {
            likely: on(city, &likely),
            possible: on(city, &possible),
            isolation: city.isolation(&Closures { water, ..Closures::default() }),
        })
    }
}

fn on<'c>(city: &'c City, shape: &MultiPolygon<f64>) -> OnGround<'c> {
    let people: f64 = city.shares(shape).iter().map(|share| share.people).sum();
    let critical = city.places().iter().filter(|place| place.kind.is_critical());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shares are 0 to 1")]
    OnGround {
        people: people.round() as u64,
        places: critical.filter(|place| shape.intersects(&Point::from(place.position))).collect(),
    }
}

fn shape(stored: &serde_json::Value) -> Option<MultiPolygon<f64>> {
    let geometry = serde_json::from_value::<geojson::Geometry>(stored.clone())
        .inspect_err(|fault| tracing::error!(%fault, "a stored band is no geometry: {fault}"))
        .ok()?;
    match geo_types::Geometry::try_from(geometry) {
        Ok(geo_types::Geometry::MultiPolygon(shape)) => Some(shape),
        Ok(geo_types::Geometry::Polygon(shape)) => Some(MultiPolygon(vec![shape])),
        _ => None,
    }
}
