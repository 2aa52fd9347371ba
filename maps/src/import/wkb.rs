//! Geometries in well-known binary, alone and as the blobs of a GeoPackage.
//! Called for each row by the command, which opens the GeoPackage.
//! No bytes make it panic or take more memory than they could hold. Source: OGC 06-103r4 §8 (WKB), OGC 12-128r19 §2.1.3 (GeoPackage).

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};

use super::record::{DEPTH_MAX, bounded};

/// The geometry of a GeoPackage's blob, and the number of its reference system; none when it is empty.
pub fn geopackage_geometry(blob: &[u8]) -> Result<(Option<Geometry<f64>>, i32), String> {
    let mut bytes = Bytes { left: blob, big: true };
    if bytes.take(2)? != b"GP" {
        return Err("its blob is no GeoPackage geometry".to_owned());
    }
    let (_version, flags) = (bytes.byte()?, bytes.byte()?);
    if flags & 0x20 != 0 {
        return Err("its geometry is of an extension".to_owned());
    }
    bytes.big = flags & 1 == 0;
    let system = bytes.int()?.cast_signed();
    let envelope = match (flags >> 1) & 7 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err("its blob has an envelope that is not known".to_owned()),
    };
    bytes.take(envelope)?;
    if flags & 0x10 != 0 {
        return Ok((None, system));
    }
    geometry(bytes.left).map(|geometry| (Some(geometry), system))
}

/// A geometry in WKB: ISO or extended, with or without heights and measures, which are left out.
pub fn geometry(bytes: &[u8]) -> Result<Geometry<f64>, String> {
    bounded(Bytes { left: bytes, big: false }.geometry(0)?)
}

struct Bytes<'a> {
    left: &'a [u8],
    big: bool,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, left) = self.left.split_at_checked(count).ok_or("its geometry is cut off")?;
        self.left = left;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn int(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?.try_into().map_err(|_| "its geometry is cut off")?;
        Ok(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn number(&mut self) -> Result<f64, String> {
        let bytes = self.take(8)?.try_into().map_err(|_| "its geometry is cut off")?;
        Ok(if self.big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) })
    }

    /// A count of things of at least `size` bytes each, of which there can't be more than fit.
    fn count(&mut self, size: usize) -> Result<usize, String> {
        let count = self.int()? as usize;
        if count > self.left.len() / size {
            return Err(format!("its geometry announces {count} parts, and is cut off"));
        }
        Ok(count)
    }

    fn geometry(&mut self, depth: usize) -> Result<Geometry<f64>, String> {
        self.big = match self.byte()? {
            0 => true,
            1 => false,
            other => return Err(format!("its geometry has byte order {other}")),
        };
        let code = self.int()?;
        // Extended WKB marks heights, measures and a reference system in the highest bits, ISO adds thousands.
        let (flags, code) = (code >> 29, code & 0x1FFF_FFFF);
        if flags & 1 != 0 {
            self.int()?;
        }
        let (thousands, kind) = (code / 1000, code % 1000);
        let more = match thousands {
            0 => usize::from(flags & 4 != 0) + usize::from(flags & 2 != 0),
            1 | 2 => 1,
            3 => 2,
            _ => return Err(format!("its geometry is of type {code}, which is not known")),
        };
        Ok(match kind {
            1 => Geometry::Point(Point(self.coord(more)?)),
            2 => Geometry::LineString(self.line(more)?),
            3 => Geometry::Polygon(self.polygon(more)?),
            4..=7 if depth < DEPTH_MAX => {
                let count = self.count(5)?;
                let mut parts = Vec::with_capacity(count.min(1024));
                for _ in 0..count {
                    parts.push(self.geometry(depth + 1)?);
                }
                collected(kind, parts)?
            }
            other => {
                return Err(format!("its geometry is of type {other}, which is not known (curves? linearise them)"));
            }
        })
    }

    fn coord(&mut self, more: usize) -> Result<Coord<f64>, String> {
        let coord = Coord { x: self.number()?, y: self.number()? };
        self.take(8 * more)?;
        Ok(coord)
    }

    fn line(&mut self, more: usize) -> Result<LineString<f64>, String> {
        let count = self.count(16 + 8 * more)?;
        (0..count).map(|_| self.coord(more)).collect::<Result<Vec<_>, _>>().map(LineString)
    }

    fn polygon(&mut self, more: usize) -> Result<Polygon<f64>, String> {
        let count = self.count(4)?;
        let mut rings = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            rings.push(self.line(more)?);
        }
        let mut rings = rings.into_iter();
        let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Ok(Polygon::new(exterior, rings.collect()))
    }
}

fn collected(kind: u32, parts: Vec<Geometry<f64>>) -> Result<Geometry<f64>, String> {
    fn all<T>(parts: Vec<Geometry<f64>>) -> Result<Vec<T>, String>
    where
        T: TryFrom<Geometry<f64>>,
    {
        parts
            .into_iter()
            .map(|part| T::try_from(part).map_err(|_| "its geometry has a part of another type".to_owned()))
            .collect()
    }
    Ok(match kind {
        4 => Geometry::MultiPoint(MultiPoint(all::<Point<f64>>(parts)?)),
        5 => Geometry::MultiLineString(MultiLineString(all::<LineString<f64>>(parts)?)),
        6 => Geometry::MultiPolygon(MultiPolygon(all::<Polygon<f64>>(parts)?)),
        _ => Geometry::GeometryCollection(GeometryCollection(parts)),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `MULTIPOLYGON Z (((0 0 9, 4 0 9, 0 4 9, 0 0 9)))` as ISO WKB, little endian.
    fn multipolygon() -> Vec<u8> {
        let mut bytes = vec![1];
        bytes.extend(1006_u32.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.push(1);
        bytes.extend(1003_u32.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(4_u32.to_le_bytes());
        for number in [0.0, 0.0, 9.0, 4.0, 0.0, 9.0, 0.0, 4.0, 9.0, 0.0, 0.0, 9.0_f64] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    fn blob(flags: u8, envelope: usize) -> Vec<u8> {
        let mut bytes = b"GP\0".to_vec();
        bytes.push(flags);
        bytes.extend(32639_u32.to_le_bytes());
        bytes.extend(std::iter::repeat_n(0, envelope));
        bytes.extend(multipolygon());
        bytes
    }

    #[test]
    fn a_blob_of_a_geopackage_is_read_whatever_its_envelope() {
        for (flags, envelope) in [(1, 0), (3, 32), (5, 48), (7, 48), (9, 64)] {
            let (geometry, system) = geopackage_geometry(&blob(flags, envelope)).unwrap();
            assert_eq!(system, 32639);
            let Some(Geometry::MultiPolygon(parts)) = geometry else { panic!("{geometry:?}") };
            assert_eq!(parts.0[0].exterior().0[1], Coord { x: 4.0, y: 0.0 });
        }
        assert_eq!(geopackage_geometry(&blob(0x11, 0)), Ok((None, 32639)));
        assert!(geopackage_geometry(&blob(0x21, 0)).unwrap_err().contains("extension"));
        assert!(geopackage_geometry(b"no").is_err());
    }

    #[test]
    fn what_is_cut_off_or_lies_about_its_length_is_refused() {
        let whole = multipolygon();
        for length in 0..whole.len() {
            assert!(geometry(&whole[..length]).unwrap_err().contains("cut off"), "{length}");
        }
        let mut lies = whole.clone();
        lies[18..22].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(geometry(&lies).unwrap_err().contains("announces"));
        let mut curve = whole;
        curve[1..5].copy_from_slice(&10_u32.to_le_bytes());
        assert!(geometry(&curve).unwrap_err().contains("curves"));
        // Nested without end.
        let nested: Vec<u8> = [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(1000);
        assert!(geometry(&nested).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..97_usize, byte in any::<u8>()) {
            let _ = geometry(&bytes);
            let mut bytes = multipolygon();
            if let Some(there) = bytes.get_mut(at) {
                *there = byte;
            }
            let _ = geometry(&bytes);
        }
    }
}
