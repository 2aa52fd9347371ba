//! Universal Transverse Mercator on WGS 84, there and back.
//! Used by `grid` to place heights that are given in metres on the map, and by `import` for everything else that is.
//! Within a zone's six degrees it is right to a millimetre; farther out it only loses accuracy.

use geo_types::Coord;

/// One zone of UTM.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone {
    central_lon: f64,
    false_northing: f64,
}

/// The zone of an EPSG number: 32601 to 32660 north, 32701 to 32760 south.
pub(crate) fn zone_of(epsg: u16) -> Option<Zone> {
    let (number, false_northing) = match epsg {
        32601..=32660 => (epsg - 32600, 0.0),
        32701..=32760 => (epsg - 32700, 10_000_000.0),
        _ => return None,
    };
    Some(Zone { central_lon: f64::from(number) * 6.0 - 183.0, false_northing })
}

// Krüger's series to n^4. Source: NGA.SIG.0012_2.0.0_UTMUPS (2014), §3, and Karney 2011, doi:10.1007/s00190-011-0445-3, eq. 35 and 36.
const A: f64 = 6_378_137.0;
const F: f64 = 1.0 / 298.257_223_563;
const N: f64 = F / (2.0 - F);
const N2: f64 = N * N;
const N3: f64 = N2 * N;
const N4: f64 = N3 * N;
/// Radius of the circle that is as long as a meridian.
const RADIUS: f64 = A / (1.0 + N) * (1.0 + N2 / 4.0 + N4 / 64.0);
const ALPHA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 5.0 / 16.0 * N3 + 41.0 / 180.0 * N4,
    13.0 / 48.0 * N2 - 3.0 / 5.0 * N3 + 557.0 / 1440.0 * N4,
    61.0 / 240.0 * N3 - 103.0 / 140.0 * N4,
    49_561.0 / 161_280.0 * N4,
];
const BETA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 37.0 / 96.0 * N3 - 1.0 / 360.0 * N4,
    1.0 / 48.0 * N2 + 1.0 / 15.0 * N3 - 437.0 / 1440.0 * N4,
    17.0 / 480.0 * N3 - 37.0 / 840.0 * N4,
    4_397.0 / 161_280.0 * N4,
];
const SCALE: f64 = 0.9996;
const FALSE_EASTING: f64 = 500_000.0;
const ORDERS: [f64; 4] = [2.0, 4.0, 6.0, 8.0];

impl Zone {
    /// Easting and northing of a longitude and latitude.
    pub(crate) fn metres(self, degrees: Coord<f64>) -> Coord<f64> {
        let e = (F * (2.0 - F)).sqrt();
        let sin = degrees.y.clamp(-89.999_999, 89.999_999).to_radians().sin();
        let conformal = (sin.atanh() - e * (e * sin).atanh()).sinh();
        let (sin_lon, cos_lon) = (degrees.x - self.central_lon).to_radians().sin_cos();
        let xi = conformal.atan2(cos_lon);
        let eta = (sin_lon / conformal.hypot(cos_lon)).asinh();
        let mut x = eta;
        let mut y = xi;
        for (alpha, order) in ALPHA.iter().zip(ORDERS) {
            x += alpha * (order * xi).cos() * (order * eta).sinh();
            y += alpha * (order * xi).sin() * (order * eta).cosh();
        }
        Coord { x: FALSE_EASTING + SCALE * RADIUS * x, y: self.false_northing + SCALE * RADIUS * y }
    }

    /// Longitude and latitude of an easting and northing.
    pub(crate) fn degrees(self, metres: Coord<f64>) -> Coord<f64> {
        let e2 = F * (2.0 - F);
        let e = e2.sqrt();
        let xi = (metres.y - self.false_northing) / (SCALE * RADIUS);
        let eta = (metres.x - FALSE_EASTING) / (SCALE * RADIUS);
        let (mut across, mut along) = (eta, xi);
        for (beta, order) in BETA.iter().zip(ORDERS) {
            across -= beta * (order * xi).cos() * (order * eta).sinh();
            along -= beta * (order * xi).sin() * (order * eta).cosh();
        }
        let conformal = along.sin() / across.sinh().hypot(along.cos());
        // Newton's steps from the conformal to the geographic latitude (Karney 2011, eq. 19 to 21); two give full accuracy.
        let mut tan = conformal / (1.0 - e2);
        for _ in 0..3 {
            let secant = 1.0_f64.hypot(tan);
            let sigma = (e * (e * tan / secant).atanh()).sinh();
            let reached = tan * 1.0_f64.hypot(sigma) - sigma * secant;
            tan +=
                (conformal - reached) / 1.0_f64.hypot(reached) * (1.0 + (1.0 - e2) * tan * tan) / ((1.0 - e2) * secant);
        }
        let lon = self.central_lon + across.sinh().atan2(along.cos()).to_degrees();
        Coord { x: lon, y: tan.atan().to_degrees() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hamadan_lies_where_proj_says_and_comes_back() {
        // PROJ 9.5.1, EPSG 4326 to 32639 and 32731, to a micrometre.
        let known = [
            (32639, (48.5148, 34.7983), (272_641.254_789, 3_853_490.693_157)),
            (32639, (48.0, 36.0), (229_578.629_990, 3_988_111.962_343)),
            (32639, (53.9, 20.0), (803_455.096_157, 2_214_109.465_805)),
            (32731, (3.5, -45.25), (539_235.896_720, 4_989_155.573_640)),
        ];
        for (epsg, (lon, lat), (x, y)) in known {
            let zone = zone_of(epsg).expect("a zone of UTM");
            let there = zone.metres(Coord { x: lon, y: lat });
            assert!((there.x - x).abs() < 1e-3 && (there.y - y).abs() < 1e-3, "{there:?}");
            let back = zone.degrees(there);
            assert!((back.x - lon).abs() < 1e-9 && (back.y - lat).abs() < 1e-9, "{back:?}");
        }
        assert!(zone_of(4326).is_none() && zone_of(32661).is_none() && zone_of(32700).is_none());
    }

    #[test]
    fn a_quarter_of_the_meridian_has_its_known_length() {
        // 10,001,965.7293 m on WGS 84 (Karney 2011, §1: the quarter meridian), times the scale.
        let pole = zone_of(32731).expect("zone 31 south").metres(Coord { x: 3.0, y: -89.999_999 });
        let length = (10_000_000.0 - pole.y) / SCALE;
        assert!((length - 10_001_965.729).abs() < 0.2, "{length}");
    }
}
