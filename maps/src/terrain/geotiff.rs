//! Reads heights from a GeoTIFF and writes what was worked out as GeoTIFF.
//! Called by the command `hamyar maps terrain`, which opens the files.
//! No input makes the reader panic; what it can't use it refuses with a sentence that says what.

use std::io::{Read, Seek, Write};

use tiff::{
    ColorType, TiffError,
    decoder::{Decoder, DecodingResult, Limits},
    encoder::{TiffEncoder, colortype},
    tags::Tag,
};

use super::ascii::BadDem;
use super::grid::{BadGrid, CELLS_MAX, Crs, Dem, Grid, SIDE_MAX};

/// GDAL's tag of the value that means “unknown”, as text. Source: GDAL, “GTiff: internal nodata value”.
const NO_DATA: Tag = Tag::GdalNodata;

// Keys of the GeoKey directory. Source: OGC 19-008r4 (GeoTIFF 1.1), §7.
const MODEL_TYPE: u16 = 1024;
const RASTER_TYPE: u16 = 1025;
const GEODETIC_CRS: u16 = 2048;
const PROJECTED_CRS: u16 = 3072;
const PROJECTED: u16 = 1;
const GEOGRAPHIC: u16 = 2;
const PIXEL_IS_AREA: u16 = 1;
const PIXEL_IS_POINT: u16 = 2;

/// What stands in a written file where nothing is known.
pub const NO_VALUE: f32 = -9999.0;

/// Heights from a GeoTIFF of one band: 8 to 64 bit integers or floats, strips or tiles, plain, deflate or LZW, north up.
///
/// The place comes from ModelPixelScale and ModelTiepoint or from a ModelTransformation without rotation, coordinates from the GeoKeys;
/// `crs` goes over what the file says. PixelIsPoint is moved by half a cell. Values that equal `GDAL_NODATA`, and NaN, are unknown.
/// Cost: O(cells); the values are held once in their own type and once as f32. Source: OGC 19-008r4.
pub fn read_geotiff(input: impl Read + Seek, crs: Option<Crs>) -> Result<Dem, BadDem> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = CELLS_MAX * 8;
    limits.intermediate_buffer_size = 1 << 28;
    limits.ifd_value_size = 1 << 24;
    let mut decoder = Decoder::new(input)?.with_limits(limits);
    let (cols, rows) = decoder.dimensions()?;
    let (cols, rows) = (cols as usize, rows as usize);
    if cols == 0 || rows == 0 || cols > SIDE_MAX || rows > SIDE_MAX || cols * rows > CELLS_MAX {
        return Err(BadGrid::Size { cols, rows }.into());
    }
    match decoder.colortype()? {
        ColorType::Gray(_) => {}
        other => return Err(BadDem::Unsupported(format!("has {other:?} where one band of heights is wanted"))),
    }
    let grid = place(&mut decoder, (cols, rows), crs)?;
    let no_data = decoder.get_tag_ascii_string(NO_DATA).ok().and_then(|text| {
        let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
        text.parse::<f64>().ok()
    });
    let heights_m = heights(decoder.read_image()?, no_data);
    Ok(Dem::new(grid, heights_m)?)
}

fn place<R: Read + Seek>(decoder: &mut Decoder<R>, size: (usize, usize), crs: Option<Crs>) -> Result<Grid, BadDem> {
    let keys = decoder.find_tag_unsigned_vec::<u16>(Tag::GeoKeyDirectoryTag)?.unwrap_or_default();
    let key = |wanted: u16| {
        // Header of four words, then four for each key: id, where (0: here), count, value.
        keys.chunks_exact(4).skip(1).find(|entry| entry[0] == wanted && entry[1] == 0).map(|entry| entry[3])
    };
    let told = match (key(MODEL_TYPE), key(PROJECTED_CRS), key(GEODETIC_CRS)) {
        (Some(PROJECTED), Some(epsg), _) => Crs::from_epsg(epsg),
        (Some(GEOGRAPHIC), _, None | Some(4326)) => Crs::Degrees,
        (Some(GEOGRAPHIC), _, Some(other)) if crs.is_none() => {
            return Err(BadDem::Unsupported(format!(
                "is in degrees of EPSG {other}; WGS 84 (4326) is wanted; name it if the difference does not matter"
            )));
        }
        _ => Crs::Metres,
    };
    let numbers = |decoder: &mut Decoder<R>, tag| match decoder.find_tag(tag) {
        Ok(Some(value)) => value.into_f64_vec().map_err(BadDem::from),
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(BadDem::from(error)),
    };
    let scale = numbers(decoder, Tag::ModelPixelScaleTag)?;
    let tie = numbers(decoder, Tag::ModelTiepointTag)?;
    let matrix = numbers(decoder, Tag::ModelTransformationTag)?;
    let (mut west, mut north, step_x, step_y) = match (scale.as_slice(), tie.as_slice(), matrix.as_slice()) {
        ([step_x, step_y, ..], [col, row, _, x, y, ..], _) => (x - col * step_x, y + row * step_y, *step_x, *step_y),
        (_, _, [step_x, skew_x, _, x, skew_y, step_y, _, y, ..]) => {
            if *skew_x != 0.0 || *skew_y != 0.0 {
                return Err(BadDem::Unsupported("is rotated; warp it to north up".to_owned()));
            }
            (*x, *y, *step_x, -*step_y)
        }
        _ => return Err(BadDem::Unsupported("does not say where it lies (no tie point with scale)".to_owned())),
    };
    if key(RASTER_TYPE) == Some(PIXEL_IS_POINT) {
        west -= step_x / 2.0;
        north += step_y / 2.0;
    }
    Ok(Grid::new(size, (west, north), (step_x, step_y), crs.unwrap_or(told))?)
}

#[expect(clippy::cast_possible_truncation, reason = "heights are kept as f32, to 0.5 mm at 4,000 m")]
#[expect(clippy::float_cmp, reason = "nodata is a mark, not a measure")]
fn heights(image: DecodingResult, no_data: Option<f64>) -> Vec<f32> {
    fn all<T: Copy>(values: &[T], wide: impl Fn(T) -> f64, no_data: Option<f64>) -> Vec<f32> {
        let height = |&value: &T| {
            let value = wide(value);
            if no_data == Some(value) { f32::NAN } else { value as f32 }
        };
        values.iter().map(height).collect()
    }
    match image {
        DecodingResult::F32(mut values) => {
            // GDAL writes the mark as a double; the cells hold it as a float.
            if let Some(mark) = no_data.map(|mark| mark as f32) {
                for value in &mut values {
                    if *value == mark {
                        *value = f32::NAN;
                    }
                }
            }
            values
        }
        DecodingResult::F64(values) => all(&values, |value| value, no_data),
        DecodingResult::F16(values) => all(&values, f64::from, no_data),
        DecodingResult::U8(values) => all(&values, f64::from, no_data),
        DecodingResult::U16(values) => all(&values, f64::from, no_data),
        DecodingResult::U32(values) => all(&values, f64::from, no_data),
        DecodingResult::U64(values) => all(&values, |value| value as f64, no_data),
        DecodingResult::I8(values) => all(&values, f64::from, no_data),
        DecodingResult::I16(values) => all(&values, f64::from, no_data),
        DecodingResult::I32(values) => all(&values, f64::from, no_data),
        DecodingResult::I64(values) => all(&values, |value| value as f64, no_data),
    }
}

/// One value per cell, as it is written.
#[derive(Debug, Clone, Copy)]
pub enum Layer<'a> {
    /// Numbers; NaN is written as [`NO_VALUE`].
    Numbers(&'a [f32]),
    /// Codes, with the one that means “unknown”.
    Codes(&'a [u8], u8),
}

/// Writes a layer as an uncompressed GeoTIFF (north up, PixelIsArea) with `about` as its ImageDescription.
///
/// Fails when the layer has another length than the grid has cells, when the file would exceed 4 GiB, and when writing fails.
pub fn write_geotiff(out: impl Write + Seek, grid: &Grid, layer: Layer<'_>, about: &str) -> Result<(), TiffError> {
    let mut encoder = TiffEncoder::new(out)?;
    match layer {
        Layer::Numbers(values) => {
            let mut image = encoder.new_image::<colortype::Gray32Float>(width(grid.cols()), width(grid.rows()))?;
            describe(image.encoder(), grid, about, &NO_VALUE.to_string())?;
            check_length(values.len(), grid)?;
            let mut strip = Vec::new();
            let mut rest = values;
            while !rest.is_empty() {
                let next = usize::try_from(image.next_strip_sample_count()).unwrap_or(usize::MAX).min(rest.len());
                let (now, later) = rest.split_at(next);
                strip.clear();
                strip.extend(now.iter().map(|value| if value.is_nan() { NO_VALUE } else { *value }));
                image.write_strip(&strip)?;
                rest = later;
            }
            image.finish()
        }
        Layer::Codes(codes, unknown) => {
            let mut image = encoder.new_image::<colortype::Gray8>(width(grid.cols()), width(grid.rows()))?;
            describe(image.encoder(), grid, about, &unknown.to_string())?;
            check_length(codes.len(), grid)?;
            image.write_data(codes)
        }
    }
}

fn check_length(given: usize, grid: &Grid) -> Result<(), TiffError> {
    if given == grid.cells() {
        return Ok(());
    }
    let fault = BadGrid::Length { given, cells: grid.cells() };
    Err(TiffError::IoError(std::io::Error::new(std::io::ErrorKind::InvalidInput, fault.to_string())))
}

fn width(side: usize) -> u32 {
    u32::try_from(side).expect("a grid has at most SIDE_MAX columns and rows")
}

fn describe<W: Write + Seek, K: tiff::encoder::TiffKind>(
    directory: &mut tiff::encoder::DirectoryEncoder<'_, W, K>,
    grid: &Grid,
    about: &str,
    unknown: &str,
) -> Result<(), TiffError> {
    let ((west, north), (step_x, step_y)) = (grid.corner(), grid.step());
    // ASCII tags hold ASCII.
    let about: String = about.chars().filter(char::is_ascii).collect();
    directory.write_tag(Tag::ImageDescription, about.as_str())?;
    directory.write_tag(Tag::ModelPixelScaleTag, &[step_x, step_y, 0.0][..])?;
    directory.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, west, north, 0.0][..])?;
    directory.write_tag(NO_DATA, unknown)?;
    let mut keys = vec![[1, 1, 1, 0], [RASTER_TYPE, 0, 1, PIXEL_IS_AREA]];
    match grid.crs() {
        Crs::Degrees => keys.extend([[MODEL_TYPE, 0, 1, GEOGRAPHIC], [GEODETIC_CRS, 0, 1, 4326]]),
        Crs::Projected(epsg) => keys.extend([[MODEL_TYPE, 0, 1, PROJECTED], [PROJECTED_CRS, 0, 1, epsg]]),
        Crs::Metres => keys.push([MODEL_TYPE, 0, 1, PROJECTED]),
    }
    // Keys stand in ascending order, and the header says how many there are.
    keys[1..].sort_unstable();
    keys[0][3] = u16::try_from(keys.len() - 1).expect("a handful of keys");
    directory.write_tag(Tag::GeoKeyDirectoryTag, keys.concat().as_slice())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn written(crs: Crs) -> Vec<u8> {
        let grid = Grid::new((5, 4), (48.0, 35.0), (0.25, 0.125), crs).unwrap();
        let mut heights: Vec<f32> = (0..20_u8).map(f32::from).collect();
        heights[7] = f32::NAN;
        let mut file = Cursor::new(Vec::new());
        write_geotiff(&mut file, &grid, Layer::Numbers(&heights), "heights, metres").unwrap();
        file.into_inner()
    }

    #[test]
    fn what_was_written_reads_the_same() {
        for crs in [Crs::Degrees, Crs::Projected(32639), Crs::Metres] {
            let dem = read_geotiff(Cursor::new(written(crs)), None).unwrap();
            assert_eq!(dem.grid(), &Grid::new((5, 4), (48.0, 35.0), (0.25, 0.125), crs).unwrap());
            assert!(dem.heights_m()[7].is_nan());
            assert_eq!(dem.heights_m()[8..], (8..20_u8).map(f32::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn codes_are_written_as_bytes_with_their_mark() {
        let grid = Grid::new((2, 1), (0.0, 1.0), (1.0, 1.0), Crs::Metres).unwrap();
        let mut file = Cursor::new(Vec::new());
        write_geotiff(&mut file, &grid, Layer::Codes(&[4, 247], 247), "codes").unwrap();
        file.set_position(0);
        let back = read_geotiff(file, None).unwrap();
        assert!(back.heights_m()[0].to_bits() == 4.0_f32.to_bits() && back.heights_m()[1].is_nan());
        let short = write_geotiff(Cursor::new(Vec::new()), &grid, Layer::Codes(&[4], 247), "codes");
        assert!(short.unwrap_err().to_string().contains("1 heights for 2 cells"));
    }

    #[test]
    fn a_picture_is_refused() {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file).unwrap();
        encoder.write_image::<colortype::RGB8>(1, 1, &[1, 2, 3]).unwrap();
        file.set_position(0);
        assert!(read_geotiff(file, None).unwrap_err().to_string().contains("one band of heights"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_geotiff(Cursor::new(&bytes), None);
            let mut marked = b"II*\0\x08\0\0\0".to_vec();
            marked.extend(bytes);
            let _ = read_geotiff(Cursor::new(marked), None);
        }

        #[test]
        fn no_damaged_file_makes_the_reader_panic(
            changes in prop::collection::vec((0..420_usize, any::<u8>()), 1..6),
            keep in 8..600_usize,
        ) {
            let mut bytes = written(Crs::Degrees);
            for (at, byte) in changes {
                if let Some(there) = bytes.get_mut(at) {
                    *there = byte;
                }
            }
            bytes.truncate(keep);
            if let Ok(dem) = read_geotiff(Cursor::new(bytes), None) {
                prop_assert_eq!(dem.heights_m().len(), dem.grid().cells());
            }
        }
    }
}
