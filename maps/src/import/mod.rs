//! Maps of others become a city: files of a GIS, tables, extracts of OpenStreetMap, heights.
//! Called by the command `hamyar maps import`, which opens the files and writes what comes of them.
//! Every reader is bounded and never panics; each feature is made, or counted with the reason why not; codes stay the same from import to import.

mod fault; // Why a file can't be read on.
mod record; // One feature of a file.

mod crs; // In which projection it is.
mod csv; // Rows of a table.
mod dbf; // Columns of a Shapefile.
mod flatbuffer; // Tables of a FlatGeobuf.
mod flatgeobuf; // Features of a FlatGeobuf.
mod geojson; // Features of a GeoJSON file.
mod rings; // Which ring is a hole.
mod shapefile; // Shapes of a Shapefile.
mod wkb; // Geometries in binary.
mod wkt; // Geometries in text.

mod mapping; // Columns become properties.
mod naming; // Names become codes.
mod report; // What was done with each.

mod emit; // A feature as the city takes it.
mod layer; // Features become a layer.
mod network; // Lines become a network.
mod people; // Buildings become residents.
mod zones; // Drafts become zones.

mod city; // Layers become a city.
mod heights; // Heights for the city's box.
mod osm; // A city from OpenStreetMap.

pub use city::{CityAbout, Whole, put_together};
pub use crs::Projection;
pub use csv::{Csv, Place};
pub use dbf::{Dbf, encoding};
pub use fault::{BadSource, FEATURE_BYTES_MAX};
pub use flatgeobuf::{FGB_MARK, FlatGeobuf};
pub use geojson::GeoJson;
pub use heights::{HEIGHTS_MARGIN_M, cut_heights};
pub use layer::{Layer, Made, Settings, WAVE_M_S, make};
pub use mapping::Mapping;
pub use naming::code;
pub use osm::{OsmSettings, PBF_MARK, ZoneLevels, import as import_osm};
pub use people::{Building, PERSONS_PER_BUILDING, People, share_out};
pub use record::{Record, Records};
pub use report::{Count, PREVIEW_ROWS, Report};
pub use shapefile::{SHP_MARK, Shapefile};
pub use wkb::{geometry as wkb_geometry, geopackage_geometry};
pub use wkt::geometry as wkt_geometry;
