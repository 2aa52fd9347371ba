//! Writes small files of heights for the fuzzer to begin with: of each kind that we read, and can write.
//! Run by `maps/fuzz/run`, with the two folders to write to.
//! The same files each time.

use std::path::Path;

use maps::terrain::{Crs, Grid, Layer, write_geotiff};
use tiff::encoder::{Compression, TiffEncoder, colortype};

fn main() {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let [geotiff, ascii] = folders.as_slice() else { panic!("seeds GEOTIFF-FOLDER ASCII-FOLDER") };
    for (name, side, step, crs) in [("degrees", 5, 0.001, Crs::Degrees), ("utm", 9, 10.0, Crs::Projected(32639))] {
        let grid = Grid::new((side, side), (48.5, 34.8), (step, step), crs).expect("a grid");
        let heights: Vec<f32> = (0..side * side).map(|cell| if cell == 3 { f32::NAN } else { cell as f32 * 1.5 }).collect();
        let codes: Vec<u8> = (0..side * side).map(|cell| cell as u8).collect();
        for (kind, layer) in [("numbers", Layer::Numbers(&heights)), ("codes", Layer::Codes(&codes, 247))] {
            let file = std::fs::File::create(Path::new(geotiff).join(format!("{name}-{kind}.tif"))).expect("a folder");
            write_geotiff(file, &grid, layer, "a seed").expect("a GeoTIFF");
        }
    }
    // What others write: other types, packed, in strips of one row.
    for (name, pack) in [("plain", Compression::Uncompressed), ("lzw", Compression::Lzw), ("deflate", Compression::Deflate(Default::default()))] {
        let file = std::fs::File::create(Path::new(geotiff).join(format!("{name}.tif"))).expect("a folder");
        let mut encoder = TiffEncoder::new(file).expect("a TIFF").with_compression(pack);
        let mut image = encoder.new_image::<colortype::GrayI16>(6, 4).expect("an image");
        image.rows_per_strip(1).expect("strips");
        let tags = image.encoder();
        tags.write_tag(tiff::tags::Tag::ModelPixelScaleTag, [10.0_f64, 10.0, 0.0].as_slice()).expect("a tag");
        tags.write_tag(tiff::tags::Tag::ModelTiepointTag, [0.0_f64, 0.0, 0.0, 250_000.0, 3_850_000.0, 0.0].as_slice()).expect("a tag");
        tags.write_tag(tiff::tags::Tag::GdalNodata, "-32768").expect("a tag");
        image.write_data(&(0..24).collect::<Vec<i16>>()).expect("heights");
    }
    for (name, text) in [
        ("corner", "ncols 3\nnrows 2\nxllcorner 48.5\nyllcorner 34.5\ncellsize 0.01\nNODATA_value -9999\n1 2 3\n4 -9999 6.5\n"),
        ("center", "NCOLS 2\nNROWS 2\nXLLCENTER 250000\nYLLCENTER 3850000\nDX 10\nDY 20\n1e3 nan\n-4 0.5\n"),
    ] {
        std::fs::write(Path::new(ascii).join(format!("{name}.asc")), text).expect("a folder");
    }
}
