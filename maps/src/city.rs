//! The city: zones, waterways, gauges, places and roads in one checked whole.
//! Built once by the service from files or from the map that its database keeps; shared by every room.
//! What is built is whole (no dangling code), immutable, and named by the content hash of its sources; the order of features does not matter.

use std::collections::BTreeMap;

use geo_types::{MultiPolygon, Rect};

use crate::gazetteer::Gazetteer;
use crate::index::ZoneIndex;
use crate::isolation::Access;
use crate::near::PlaceIndex;

use crate::road_graph::RoadGraph;
use crate::{
    ContentHash, Fault, Gauge, GaugeCode, Place, PlaceCode, Position, Reach, ReachCode, Road, RoadCode, TerrainRef,
    Texts, Zone, ZoneCode, ZoneShare,
};

/// The sources of a city: file name → text.
///
/// `city.toml` and `zones.geojson` must be there; `waterways.geojson`, `gauges.geojson`, `places.geojson` and `roads.geojson` may be.
pub type CityFiles = BTreeMap<String, String>;

/// Names of the files that a city may have, in the order in which they are read.
pub const CITY_FILE_NAMES: [&str; 6] =
    ["city.toml", "zones.geojson", "waterways.geojson", "gauges.geojson", "places.geojson", "roads.geojson"];

/// A city's geography.
#[derive(Debug)]
pub struct City {
    pub(crate) files: CityFiles,
    pub(crate) hash: ContentHash,
    pub(crate) about: About,
    pub(crate) bounds: Rect<f64>,
    /// Sorted by code, as are the next ones, so that answers do not depend on the order of features.
    pub(crate) zones: Vec<Zone>,
    pub(crate) reaches: Vec<Reach>,
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) places: Vec<Place>,
    pub(crate) roads: Vec<Road>,
    pub(crate) road_graph: RoadGraph,
    pub(crate) access: Access,
    pub(crate) index: ZoneIndex,
    pub(crate) places_near: PlaceIndex,
    pub(crate) notes: Vec<Fault>,
    pub(crate) gazetteer: Gazetteer,
}

/// What `city.toml` says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct About {
    pub(crate) code: String,
    pub(crate) name: Texts,
    pub(crate) time_zone: String,
    pub(crate) center: Position,
    pub(crate) approximate: bool,
    pub(crate) label: Texts,
    pub(crate) terrain: Option<TerrainRef>,
}

impl City {
    /// Reads and checks the files; on any fault nothing is built and all faults come back.
    ///
    /// Cost: about linear in the bytes, plus an overlap check of neighbouring leaves.
    pub fn build(files: &CityFiles) -> Result<City, Vec<Fault>> {
        crate::build::build(files)
    }

    /// The sample city, Hamadan, hand-drawn and approximate.
    pub fn sample() -> City {
        City::build(&crate::sample::files()).expect("a test of this crate builds the sample city")
    }

    /// The sources, for keeping: `City::build(city.files())` gives the same city with the same hash.
    pub fn files(&self) -> &CityFiles {
        &self.files
    }

    /// SHA-256 of the sources (names, lengths and texts), 64 hexadecimal digits.
    pub fn hash(&self) -> &str {
        self.hash.as_str()
    }

    /// What was mended in the sources while they were read, and what looks wrong without being a fault, with what to do about it.
    pub fn notes(&self) -> &[Fault] {
        &self.notes
    }

    /// Short Latin name of the city, as `hamadan`.
    pub fn code(&self) -> &str {
        &self.about.code
    }

    /// Name of the city by language.
    pub fn name(&self) -> &Texts {
        &self.about.name
    }

    /// IANA name of the city's time zone, as `Asia/Tehran`; not checked here.
    pub fn time_zone(&self) -> &str {
        &self.about.time_zone
    }

    /// Where a map of the city opens.
    pub fn center(&self) -> Position {
        self.about.center
    }

    /// Box around all zones, lon,lat.
    pub fn bounds(&self) -> Rect<f64> {
        self.bounds
    }

    /// Is the map only roughly right? Then its [label](City::label) must show wherever the map shows.
    pub fn approximate(&self) -> bool {
        self.about.approximate
    }

    /// What people must be told about the map, by language; empty when there is nothing to say.
    pub fn label(&self) -> &Texts {
        &self.about.label
    }

    /// All zones, parents too, by code.
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Zones without children, by code: the ones people are warned in.
    pub fn leaves(&self) -> impl Iterator<Item = &Zone> {
        self.zones.iter().filter(|zone| zone.is_leaf)
    }

    /// The zone of that code.
    pub fn zone(&self, code: &ZoneCode) -> Option<&Zone> {
        let index = self.zones.binary_search_by(|zone| zone.code.cmp(code)).ok()?;
        Some(&self.zones[index])
    }

    /// The leaves under a zone, by code; of a leaf, itself; of an unknown code, none.
    pub fn leaves_under(&self, code: &ZoneCode) -> Vec<&Zone> {
        match self.zone(code) {
            Some(leaf) if leaf.is_leaf => vec![leaf],
            Some(_) => self.leaves().filter(|leaf| self.is_under(leaf, code)).collect(),
            None => Vec::new(),
        }
    }

    fn is_under(&self, zone: &Zone, code: &ZoneCode) -> bool {
        // `build` refuses cycles of parents, so the climb ends.
        let mut climb = Some(zone);
        while let Some(zone) = climb {
            if zone.code == *code {
                return true;
            }
            climb = zone.parent.as_ref().and_then(|parent| self.zone(parent));
        }
        false
    }

    /// All reaches, by code.
    pub fn reaches(&self) -> &[Reach] {
        &self.reaches
    }

    /// The reach of that code.
    pub fn reach(&self, code: &ReachCode) -> Option<&Reach> {
        let index = self.reaches.binary_search_by(|reach| reach.code.cmp(code)).ok()?;
        Some(&self.reaches[index])
    }

    /// All gauges, by code.
    pub fn gauges(&self) -> &[Gauge] {
        &self.gauges
    }

    /// The gauge of that code.
    pub fn gauge(&self, code: &GaugeCode) -> Option<&Gauge> {
        let index = self.gauges.binary_search_by(|gauge| gauge.code.cmp(code)).ok()?;
        Some(&self.gauges[index])
    }

    /// All places of the gazetteer, by code.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The place of that code.
    pub fn place(&self, code: &PlaceCode) -> Option<&Place> {
        let index = self.places.binary_search_by(|place| place.code.cmp(code)).ok()?;
        Some(&self.places[index])
    }

    /// All pieces of roads, by code.
    pub fn roads(&self) -> &[Road] {
        &self.roads
    }

    /// The piece of road of that code.
    pub fn road(&self, code: &RoadCode) -> Option<&Road> {
        let index = self.roads.binary_search_by(|road| road.code.cmp(code)).ok()?;
        Some(&self.roads[index])
    }

    /// The roads as a graph.
    pub fn road_graph(&self) -> &RoadGraph {
        &self.road_graph
    }

    /// The leaf zone that holds a position; exactly one for every point of the tiling, always the same.
    ///
    /// Half-open: a point on a shared edge belongs to the zone on its east (of a level edge: north) side. The outer border of the
    /// map belongs to the map. Exact (robust predicates). Cost: a handful of edges, however large the map.
    pub fn zone_at(&self, position: Position) -> Option<&Zone> {
        self.index.holder(position).map(|index| &self.zones[index])
    }

    /// The leaf zone that holds each position, as [`City::zone_at`] gives it, in their order: for imports, history and new maps.
    ///
    /// From a thousand positions on they are sorted by where they are, which is several times faster than asking one by one.
    /// Memory: 8 bytes a position for the answer and at most 8 MB beside it.
    ///
    /// ```
    /// # let city = maps::City::sample();
    /// let squares = [maps::Position::new(48.5148, 34.7983).unwrap(), maps::Position::new(0.0, 0.0).unwrap()];
    /// let zones = city.zones_at(&squares);
    /// assert_eq!(zones[0], city.zone_at(squares[0]));
    /// assert_eq!(zones[1], None);
    /// ```
    pub fn zones_at(&self, positions: &[Position]) -> Vec<Option<&Zone>> {
        self.index.holders(positions, None, |index| Some(&self.zones[index]))
    }

    /// Bytes of the index that answers which zones, beside the zones themselves.
    pub fn index_bytes(&self) -> usize {
        self.index.bytes()
    }

    /// Leaf zones whose closed shape comes within `margin_m` metres of the closed `shape` (lon,lat), by code.
    ///
    /// With a margin of 0 a common point is enough; this is whom to warn, so it errs outward. What touches is decided exactly, in
    /// degrees; the margin is measured on a plane at each edge of the shape. Longitudes beyond ±180 are taken as they are meant.
    pub fn zones_touching(&self, shape: &MultiPolygon<f64>, margin_m: f64) -> Vec<&Zone> {
        self.index.touching(&self.zones, shape, margin_m.max(0.0)).into_iter().map(|index| &self.zones[index]).collect()
    }

    /// Leaf zones whose closed shape comes within `metres` of a position, nearest first.
    pub fn zones_within(&self, position: Position, metres: f64) -> Vec<&Zone> {
        self.index
            .within(&self.zones, position.coord(), metres.max(0.0))
            .into_iter()
            .map(|(index, _)| &self.zones[index])
            .collect()
    }

    /// Part of each leaf zone that a shape (lon,lat) covers, by code; zones that it only touches have share 0.
    pub fn shares(&self, shape: &MultiPolygon<f64>) -> Vec<ZoneShare> {
        let touching = self.zones_touching(shape, 0.0);
        touching.into_iter().map(|zone| zone_share(zone, shape)).collect()
    }
}

/// Part of a zone that a shape covers.
pub(crate) fn zone_share(zone: &Zone, shape: &MultiPolygon<f64>) -> ZoneShare {
    let share = crate::overlap::covered(&zone.shape, &crate::meridian::at_home(shape));
    ZoneShare { code: zone.code.clone(), share, people: share * zone.population as f64 }
}
