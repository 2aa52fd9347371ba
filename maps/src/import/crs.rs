//! In which projection a file of others is, and from it to longitude and latitude.
//! Used by the command, which asks the file or the person, and by `layer` for every coordinate.
//! WGS 84 degrees, Web Mercator and the UTM zones are known; everything else is refused with what to do, never guessed.

use geo_types::Coord;

use crate::terrain::utm;

/// A projection that we can undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Projection {
    /// Degrees of longitude and latitude on WGS 84 (EPSG 4326; longitude first, as files have it).
    Degrees,
    /// Web Mercator (EPSG 3857), metres.
    WebMercator,
    /// A UTM zone on WGS 84 by its EPSG number, 32601 to 32660 north, 32701 to 32760 south; metres.
    Utm(u16),
}

/// What to do about a projection that is not known.
pub(crate) const CONVERT: &str =
    "known are EPSG 4326, 3857, 32601 to 32660 and 32701 to 32760; convert it: ogr2ogr -t_srs EPSG:4326 OUT IN";

/// Radius of the sphere of Web Mercator. Source: EPSG method 1024 (semi-major axis of WGS 84).
const MERCATOR_RADIUS_M: f64 = 6_378_137.0;

impl Projection {
    /// From an EPSG number; none when it is not known.
    pub fn from_epsg(epsg: u32) -> Option<Projection> {
        match epsg {
            // 4979 is 4326 with heights.
            4326 | 4979 => Some(Projection::Degrees),
            // 900913 and 102100 are what others called it before it had a number.
            3857 | 900_913 | 102_100 | 102_113 | 3785 => Some(Projection::WebMercator),
            _ => u16::try_from(epsg).ok().filter(|&epsg| utm::zone_of(epsg).is_some()).map(Projection::Utm),
        }
    }

    /// From what people and files write: `EPSG:32639`, `32639`, `urn:ogc:def:crs:EPSG::32639`, `CRS84`.
    pub fn from_name(name: &str) -> Result<Projection, String> {
        let name = name.trim();
        if name.to_ascii_uppercase().ends_with("CRS84") {
            return Ok(Projection::Degrees);
        }
        let number = name.rsplit([':', '/']).next().unwrap_or(name);
        match number.parse() {
            Ok(epsg) => Projection::from_epsg(epsg).ok_or_else(|| format!("EPSG {epsg} is not known here; {CONVERT}")),
            Err(_) => Err(format!("“{name:.60}” is no EPSG number; write --crs EPSG:32639")),
        }
    }

    /// From well-known text, as a `.prj` file or a GeoPackage has it.
    pub fn from_wkt(text: &str) -> Result<Projection, String> {
        let text = text.trim();
        if let Some(epsg) = outer_authority(text) {
            return Projection::from_epsg(epsg).ok_or_else(|| format!("EPSG {epsg} is not known here; {CONVERT}"));
        }
        let name = text.split('"').nth(1).unwrap_or_default();
        let plain: String =
            name.to_lowercase().replace(['_', '/', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        let refused = || format!("the projection “{name:.60}” is not known here; {CONVERT}");
        if matches!(plain.as_str(), "gcs wgs 1984" | "wgs 84" | "wgs84" | "wgs 1984") {
            return Ok(Projection::Degrees);
        }
        if plain.starts_with("wgs 1984 web mercator") || plain == "wgs 84 pseudo mercator" {
            return Ok(Projection::WebMercator);
        }
        let zone = ["wgs 1984 utm zone ", "wgs 84 utm zone "].iter().find_map(|start| plain.strip_prefix(start));
        let zone = zone.ok_or_else(refused)?;
        let (number, base) = match (zone.strip_suffix('n'), zone.strip_suffix('s')) {
            (Some(number), _) => (number, 32600),
            (_, Some(number)) => (number, 32700),
            (None, None) => return Err(refused()),
        };
        let number: u32 = number.trim().parse().map_err(|_| refused())?;
        Projection::from_epsg(base + number).filter(|_| (1..=60).contains(&number)).ok_or_else(refused)
    }

    /// Its EPSG number.
    pub fn epsg(self) -> u32 {
        match self {
            Projection::Degrees => 4326,
            Projection::WebMercator => 3857,
            Projection::Utm(epsg) => u32::from(epsg),
        }
    }

    /// Longitude and latitude of a coordinate of the file; or why it can't lie there.
    ///
    /// UTM by Krüger's series to n^4 ([within a millimetre](crate::terrain) of PROJ in and near the zone), Web Mercator exactly.
    pub fn degrees(self, there: Coord<f64>) -> Result<Coord<f64>, String> {
        let looks_like_degrees = there.x.abs() <= 180.0 && there.y.abs() <= 90.0;
        let degrees = match self {
            Projection::Degrees => {
                if !looks_like_degrees {
                    let Coord { x, y } = there;
                    return Err(format!("{x}, {y} are no longitude and latitude; metres? then name them with --crs"));
                }
                return Ok(there);
            }
            Projection::WebMercator => Coord {
                x: (there.x / MERCATOR_RADIUS_M).to_degrees(),
                y: (there.y / MERCATOR_RADIUS_M).sinh().atan().to_degrees(),
            },
            Projection::Utm(epsg) => {
                let Coord { x, y } = there;
                // Beyond this the zone means another place than the series.
                if !(-500_000.0..=1_500_000.0).contains(&x) || !(-10_100_000.0..=10_100_000.0).contains(&y) {
                    return Err(format!("{x}, {y} do not lie in a UTM zone; is EPSG {epsg} right?"));
                }
                let mut degrees =
                    utm::zone_of(epsg).ok_or_else(|| format!("EPSG {epsg} is no UTM zone"))?.degrees(there);
                // The outermost zones reach over the 180th meridian.
                if degrees.x.abs() > 180.0 {
                    degrees.x -= 360.0_f64.copysign(degrees.x);
                }
                degrees
            }
        };
        if looks_like_degrees && there != (Coord { x: 0.0, y: 0.0 }) {
            let Coord { x, y } = there;
            return Err(format!("{x}, {y} look like degrees where metres are wanted; try --crs EPSG:4326"));
        }
        if (-180.0..=180.0).contains(&degrees.x) && (-90.0..=90.0).contains(&degrees.y) {
            Ok(degrees)
        } else {
            Err(format!("{}, {} do not lie on the earth in EPSG {}", there.x, there.y, self.epsg()))
        }
    }
}

impl std::fmt::Display for Projection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EPSG:{}", self.epsg())
    }
}

/// The number of the outermost `AUTHORITY["EPSG","32639"]` or `ID["EPSG",32639]`, which is the last thing in the text.
fn outer_authority(text: &str) -> Option<u32> {
    let inner = text.strip_suffix(']')?.trim_end();
    let inner = inner.strip_suffix(']')?.trim_end();
    let (_, last) = inner.rsplit_once('[')?;
    let (authority, number) = last.split_once(',')?;
    if authority.trim().trim_matches('"') != "EPSG" {
        return None;
    }
    number.trim().trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_write_is_understood() {
        for name in [
            "EPSG:32639",
            "32639",
            "epsg:32639",
            "urn:ogc:def:crs:EPSG::32639",
            "http://www.opengis.net/def/crs/EPSG/0/32639",
        ] {
            assert_eq!(Projection::from_name(name), Ok(Projection::Utm(32639)), "{name}");
        }
        assert_eq!(Projection::from_name("urn:ogc:def:crs:OGC:1.3:CRS84"), Ok(Projection::Degrees));
        assert!(Projection::from_name("EPSG:23039").unwrap_err().contains("ogr2ogr"));
        assert!(Projection::from_name("metres").unwrap_err().contains("--crs"));
        let esri = |name: &str| {
            format!(
                "PROJCS[\"{name}\",GEOGCS[\"GCS_WGS_1984\",DATUM[\"D_WGS_1984\",SPHEROID[\"WGS_1984\",6378137.0,298.257223563]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]],UNIT[\"Meter\",1.0]]"
            )
        };
        assert_eq!(Projection::from_wkt(&esri("WGS_1984_UTM_Zone_39N")), Ok(Projection::Utm(32639)));
        assert_eq!(Projection::from_wkt(&esri("WGS_1984_UTM_Zone_1S")), Ok(Projection::Utm(32701)));
        assert!(Projection::from_wkt(&esri("WGS_1984_UTM_Zone_99N")).is_err());
        assert_eq!(Projection::from_wkt(&esri("WGS_1984_Web_Mercator_Auxiliary_Sphere")), Ok(Projection::WebMercator));
        assert!(Projection::from_wkt(&esri("ED_1950_UTM_Zone_39N")).unwrap_err().contains("ED_1950_UTM_Zone_39N"));
        let authority = "PROJCS[\"x\",GEOGCS[\"WGS 84\",AUTHORITY[\"EPSG\",\"4326\"]],AUTHORITY[\"EPSG\",\"32639\"]]";
        assert_eq!(Projection::from_wkt(authority), Ok(Projection::Utm(32639)));
        let inner_only = "PROJCS[\"Local grid\",GEOGCS[\"WGS 84\",AUTHORITY[\"EPSG\",\"4326\"]],UNIT[\"Meter\",1.0]]";
        assert!(
            Projection::from_wkt(inner_only).is_err(),
            "the projection of the degrees inside is not that of the whole"
        );
        assert!(Projection::from_wkt("").is_err());
    }

    #[test]
    fn coordinates_in_the_wrong_projection_are_refused() {
        let square = Coord { x: 48.5148, y: 34.7983 };
        let metres = Coord { x: 272_641.254_789, y: 3_853_490.693_157 };
        assert_eq!(Projection::Degrees.degrees(square), Ok(square));
        assert!(Projection::Degrees.degrees(metres).unwrap_err().contains("--crs"));
        assert!(Projection::Utm(32639).degrees(square).unwrap_err().contains("EPSG:4326"));
        assert!(Projection::WebMercator.degrees(square).unwrap_err().contains("EPSG:4326"));
        assert!(Projection::WebMercator.degrees(Coord { x: 4e7, y: 0.0 }).is_err());
        assert!(Projection::Degrees.degrees(Coord { x: f64::NAN, y: 0.0 }).is_err());
        let back = Projection::Utm(32639).degrees(metres).unwrap();
        assert!((back.x - square.x).abs() < 1e-9 && (back.y - square.y).abs() < 1e-9);
    }

    #[test]
    fn web_mercator_lies_where_proj_says() {
        // PROJ 9.1.1, cs2cs EPSG:4326 to EPSG:3857, to a micrometre.
        for ((lon, lat), (x, y)) in MERCATOR {
            let degrees = Projection::WebMercator.degrees(Coord { x, y }).unwrap();
            assert!((degrees.x - lon).abs() < 1e-11 && (degrees.y - lat).abs() < 1e-11, "{degrees:?}");
        }
    }

    #[test]
    fn utm_lies_where_proj_says() {
        // PROJ 9.1.1, cs2cs EPSG:4326 to the zone, to a micrometre; the last lies four degrees outside of its zone.
        let known = [
            (32638, (47.9, 34.7983), (765_317.330_257, 3_854_509.482_270)),
            (32640, (54.5, -0.5), (221_734.221_704, -55_318.039_977)),
            (32601, (-179.2, 70.25), (417_045.686_273, 7_795_252.030_390)),
            (32660, (179.9, 51.0), (703_473.827_818, 5_653_828.236_663)),
            (32721, (-57.1, -33.45), (490_706.124_134, 6_298_819.737_667)),
            (32760, (176.2, -44.0), (435_860.635_067, 5_127_816.096_678)),
            (32639, (44.5, 34.7983), (-95_034.764_152, 3_869_986.838_841)),
        ];
        for (epsg, (lon, lat), (x, y)) in known {
            let degrees = Projection::Utm(epsg).degrees(Coord { x, y }).unwrap();
            // A millimetre is 9e-9 degrees of latitude.
            assert!((degrees.x - lon).abs() < 9e-9 && (degrees.y - lat).abs() < 9e-9, "{epsg}: {degrees:?}");
        }
    }

    /// Longitude and latitude, and the metres that PROJ gives for them.
    const MERCATOR: [((f64, f64), (f64, f64)); 3] = [
        ((48.5148, 34.7983), (5_400_642.831_937_509, 4_136_504.590_449_1)),
        ((-122.4194, 37.7749), (-13_627_665.271_218_073, 4_547_675.354_340_558)),
        ((3.5, -45.25), (389_618.217_776_457, -5_660_965.110_251_664)),
    ];
}
