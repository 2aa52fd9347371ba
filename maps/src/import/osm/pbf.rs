//! Blocks of an OpenStreetMap file (`.osm.pbf`) and the elements in them.
//! Called by `read`, which goes over the file several times and takes only the kinds that it wants.
//! No bytes make it panic; a block is held at a time, and no block is larger than the format allows. Source: wiki.openstreetmap.org, “PBF Format”.

use std::io::{Read, Seek, SeekFrom};

use super::super::BadSource;
use super::super::fault::{FETCH_AGAIN, read_whole};
use super::wire::{Broken, Fields, Held, numbers, signed, sums};

/// Most bytes of the header of a block, by the format.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Most bytes of a block, packed or not, by the format.
const BLOCK_BYTES_MAX: usize = 32 << 20;
/// Extensions of the format that we can read.
const FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

pub(super) const NODES: u8 = 1;
pub(super) const WAYS: u8 = 2;
pub(super) const RELATIONS: u8 = 4;

/// Keys and values.
pub(super) type Tags<'a> = [(&'a str, &'a str)];

/// What takes the elements.
pub(super) trait Takes {
    /// Coordinates in ten-millionths of a degree.
    fn node(&mut self, id: i64, lon_e7: i32, lat_e7: i32, tags: &Tags<'_>) -> Result<(), BadSource>;
    fn way(&mut self, id: i64, nodes: &[i64], tags: &Tags<'_>) -> Result<(), BadSource>;
    /// Members: kind (0 node, 1 way, 2 relation) and id.
    fn relation(&mut self, id: i64, members: &[(u8, i64)], tags: &Tags<'_>) -> Result<(), BadSource>;
}

/// A block that was seen: where it is and what it holds.
struct Seen {
    at: u64,
    bytes: usize,
    kinds: u8,
}

/// Reads a file as often as is asked.
pub(super) struct Pbf<R> {
    input: R,
    seen: Vec<Seen>,
    /// Room that is used again for each block.
    packed: Vec<u8>,
    plain: Vec<u8>,
}

impl<R: Read + Seek> Pbf<R> {
    pub(super) fn new(input: R) -> Pbf<R> {
        Pbf { input, seen: Vec::new(), packed: Vec::new(), plain: Vec::new() }
    }

    /// Goes over the whole file, for the kinds that are wanted, and remembers what each block holds.
    pub(super) fn first(&mut self, wanted: u8, takes: &mut impl Takes) -> Result<(), BadSource> {
        let mut at = 0_u64;
        self.input.rewind().map_err(|fault| BadSource::read("start", &fault))?;
        self.seen.clear();
        loop {
            let here = format!("block {}, byte {at}", self.seen.len() + 1);
            let read = |fault| BadSource::read(&here, &fault);
            let broken = || BadSource::new(&here, "is no block of an .osm.pbf", FETCH_AGAIN);
            self.packed.clear();
            self.input.by_ref().take(4).read_to_end(&mut self.packed).map_err(read)?;
            if self.packed.is_empty() {
                if self.seen.is_empty() {
                    return Err(BadSource::new("start", "the file is empty", FETCH_AGAIN));
                }
                return Ok(());
            }
            let Ok(length) = self.packed.as_slice().try_into().map(u32::from_be_bytes) else {
                return Err(BadSource::new(here, "the file ends in the middle of it", FETCH_AGAIN));
            };
            let length = length as usize;
            if length > HEADER_BYTES_MAX {
                return Err(broken());
            }
            read_whole(&mut self.input, length, &mut self.packed).map_err(|fault| BadSource::read(&here, &fault))?;
            let (mut kind, mut bytes) = (Vec::new(), None);
            for field in Fields(&self.packed) {
                match field.map_err(|Broken| broken())? {
                    (1, Held::Bytes(name)) => kind = name.to_vec(),
                    (3, Held::Number(size)) => bytes = usize::try_from(size).ok(),
                    _ => {}
                }
            }
            let bytes = bytes.filter(|&bytes| bytes <= BLOCK_BYTES_MAX).ok_or_else(broken)?;
            at += 4 + length as u64;
            read_whole(&mut self.input, bytes, &mut self.packed).map_err(|fault| BadSource::read(&here, &fault))?;
            let mut kinds = 0;
            match kind.as_slice() {
                b"OSMHeader" => {
                    unpack(&self.packed, &mut self.plain, &here)?;
                    check_header(&self.plain, &here)?;
                }
                b"OSMData" => {
                    if self.seen.is_empty() {
                        return Err(BadSource::new(here, "data stands before the header", FETCH_AGAIN));
                    }
                    unpack(&self.packed, &mut self.plain, &here)?;
                    kinds = elements(&self.plain, wanted, takes, &here)?;
                }
                // Blocks of other kinds are to be passed over, says the format.
                _ if self.seen.is_empty() => return Err(broken()),
                _ => {}
            }
            self.seen.push(Seen { at, bytes, kinds });
            at += bytes as u64;
        }
    }

    /// Goes again over those blocks that hold what is wanted.
    pub(super) fn again(&mut self, wanted: u8, takes: &mut impl Takes) -> Result<(), BadSource> {
        for (number, seen) in self.seen.iter().enumerate().filter(|(_, seen)| seen.kinds & wanted != 0) {
            let here = format!("block {}, byte {}", number + 1, seen.at);
            self.input.seek(SeekFrom::Start(seen.at)).map_err(|fault| BadSource::read(&here, &fault))?;
            read_whole(&mut self.input, seen.bytes, &mut self.packed)
                .map_err(|fault| BadSource::read(&here, &fault))?;
            unpack(&self.packed, &mut self.plain, &here)?;
            elements(&self.plain, wanted, takes, &here)?;
        }
        Ok(())
    }
}

fn broken(here: &str) -> BadSource {
    BadSource::new(here, "does not fit together", FETCH_AGAIN)
}

/// The content of a block.
fn unpack(packed: &[u8], plain: &mut Vec<u8>, here: &str) -> Result<(), BadSource> {
    plain.clear();
    for field in Fields(packed) {
        match field.map_err(|Broken| broken(here))? {
            (1, Held::Bytes(bytes)) => {
                plain.extend_from_slice(bytes);
                return Ok(());
            }
            (3, Held::Bytes(bytes)) => {
                // What is announced is not believed; what comes out is bounded.
                let mut inflated = flate2::bufread::ZlibDecoder::new(bytes).take(BLOCK_BYTES_MAX as u64 + 1);
                inflated.read_to_end(plain).map_err(|_| BadSource::new(here, "can't be unpacked", FETCH_AGAIN))?;
                if plain.len() > BLOCK_BYTES_MAX {
                    return Err(BadSource::new(here, "is larger than the format allows", FETCH_AGAIN));
                }
                return Ok(());
            }
            (4..=7, Held::Bytes(_)) => {
                let fix = "pack it again: osmium cat IN.osm.pbf -o OUT.osm.pbf -f pbf,pbf_compression=zlib";
                return Err(BadSource::new(here, "is packed with something else than zlib", fix));
            }
            _ => {}
        }
    }
    Err(BadSource::new(here, "has no content", FETCH_AGAIN))
}

fn check_header(plain: &[u8], here: &str) -> Result<(), BadSource> {
    for field in Fields(plain) {
        if let (4, Held::Bytes(name)) = field.map_err(|Broken| broken(here))? {
            let name = String::from_utf8_lossy(name);
            if !FEATURES.contains(&name.as_ref()) {
                let what = format!("the file needs “{name:.60}”, which is not known here");
                let fix = "a plain extract is wanted: osmium cat, or osmium time-filter for one with history";
                return Err(BadSource::new(here, what, fix));
            }
        }
    }
    Ok(())
}

/// Degrees in ten-millionths from the numbers of a block.
struct Scale {
    granularity: i64,
    lon_offset: i64,
    lat_offset: i64,
}

impl Scale {
    fn e7(&self, offset: i64, number: i64, most: i32) -> Option<i32> {
        // In thousand-millionths first.
        let nano = number.checked_mul(self.granularity)?.checked_add(offset)?;
        i32::try_from(nano / 100).ok().filter(|value| (-most..=most).contains(value))
    }

    fn place(&self, lon: i64, lat: i64) -> Option<(i32, i32)> {
        Some((self.e7(self.lon_offset, lon, 1_800_000_000)?, self.e7(self.lat_offset, lat, 900_000_000)?))
    }
}

/// Hands out the elements of a block that are wanted; the answer is which kinds it holds.
fn elements(plain: &[u8], wanted: u8, takes: &mut impl Takes, here: &str) -> Result<u8, BadSource> {
    let bad = |Broken| broken(here);
    let mut texts: Vec<&str> = Vec::new();
    let mut groups: Vec<&[u8]> = Vec::new();
    let mut scale = Scale { granularity: 100, lon_offset: 0, lat_offset: 0 };
    for field in Fields(plain) {
        match field.map_err(bad)? {
            (1, Held::Bytes(table)) => {
                for text in Fields(table) {
                    if let (1, Held::Bytes(text)) = text.map_err(bad)? {
                        // What is no UTF-8 is no key that we look for.
                        texts.push(std::str::from_utf8(text).unwrap_or_default());
                    }
                }
            }
            (2, Held::Bytes(group)) => groups.push(group),
            (17, Held::Number(number)) => scale.granularity = number.cast_signed(),
            (19, Held::Number(number)) => scale.lat_offset = number.cast_signed(),
            (20, Held::Number(number)) => scale.lon_offset = number.cast_signed(),
            _ => {}
        }
    }
    let mut kinds = 0;
    let mut room = Room::default();
    for group in groups {
        for field in Fields(group) {
            let (number, Held::Bytes(bytes)) = field.map_err(bad)? else { continue };
            let kind = match number {
                1 | 2 => NODES,
                3 => WAYS,
                4 => RELATIONS,
                _ => continue,
            };
            kinds |= kind;
            if wanted & kind == 0 {
                continue;
            }
            match number {
                1 => node(bytes, &texts, &scale, takes, &mut room, here)?,
                2 => dense(bytes, &texts, &scale, takes, here)?,
                3 => way(bytes, &texts, takes, &mut room, here)?,
                _ => relation(bytes, &texts, takes, &mut room, here)?,
            }
        }
    }
    Ok(kinds)
}

/// Lists that are used again for each element.
#[derive(Default)]
struct Room {
    keys: Vec<u64>,
    values: Vec<u64>,
    ids: Vec<i64>,
    kinds: Vec<u8>,
    members: Vec<(u8, i64)>,
}

fn refill<T>(list: &mut Vec<T>, from: impl Iterator<Item = Result<T, Broken>>) -> Result<(), Broken> {
    list.clear();
    for one in from {
        list.push(one?);
    }
    Ok(())
}

fn tags<'a>(room: &Room, texts: &[&'a str]) -> Result<Vec<(&'a str, &'a str)>, Broken> {
    let text = |number: u64| usize::try_from(number).ok().and_then(|at| texts.get(at)).copied().ok_or(Broken);
    room.keys.iter().zip(&room.values).map(|(&key, &value)| Ok((text(key)?, text(value)?))).collect()
}

fn outside(here: &str, id: i64) -> BadSource {
    BadSource::new(format!("{here}, node {id}"), "does not lie on the earth", FETCH_AGAIN)
}

fn node(
    bytes: &[u8],
    texts: &[&str],
    scale: &Scale,
    takes: &mut impl Takes,
    room: &mut Room,
    here: &str,
) -> Result<(), BadSource> {
    let bad = |Broken| broken(here);
    let (mut id, mut lon, mut lat) = (0, 0, 0);
    room.keys.clear();
    room.values.clear();
    for field in Fields(bytes) {
        match field.map_err(bad)? {
            (1, Held::Number(number)) => id = signed(number),
            (8, Held::Number(number)) => lat = signed(number),
            (9, Held::Number(number)) => lon = signed(number),
            (2, Held::Bytes(packed)) => refill(&mut room.keys, numbers(packed)).map_err(bad)?,
            (3, Held::Bytes(packed)) => refill(&mut room.values, numbers(packed)).map_err(bad)?,
            _ => {}
        }
    }
    let (lon_e7, lat_e7) = scale.place(lon, lat).ok_or_else(|| outside(here, id))?;
    takes.node(id, lon_e7, lat_e7, &tags(room, texts).map_err(bad)?)
}

fn dense(bytes: &[u8], texts: &[&str], scale: &Scale, takes: &mut impl Takes, here: &str) -> Result<(), BadSource> {
    let bad = |Broken| broken(here);
    let (mut ids, mut lons, mut lats, mut words): (&[u8], &[u8], &[u8], &[u8]) = (&[], &[], &[], &[]);
    for field in Fields(bytes) {
        match field.map_err(bad)? {
            (1, Held::Bytes(packed)) => ids = packed,
            (8, Held::Bytes(packed)) => lats = packed,
            (9, Held::Bytes(packed)) => lons = packed,
            (10, Held::Bytes(packed)) => words = packed,
            _ => {}
        }
    }
    let (mut lons, mut lats, mut words) = (sums(lons), sums(lats), numbers(words));
    let text = |number: u64| usize::try_from(number).ok().and_then(|at| texts.get(at)).copied();
    let mut tags: Vec<(&str, &str)> = Vec::new();
    for id in sums(ids) {
        let id = id.map_err(bad)?;
        let (Some(lon), Some(lat)) = (lons.next(), lats.next()) else { return Err(broken(here)) };
        tags.clear();
        // Key, value, key, value, 0; without any tag in the block the whole list is left out.
        while let Some(key) = words.next() {
            let key = key.map_err(bad)?;
            if key == 0 {
                break;
            }
            let value = words.next().ok_or_else(|| broken(here))?.map_err(bad)?;
            let (Some(key), Some(value)) = (text(key), text(value)) else { return Err(broken(here)) };
            tags.push((key, value));
        }
        let place = scale.place(lon.map_err(bad)?, lat.map_err(bad)?);
        let (lon_e7, lat_e7) = place.ok_or_else(|| outside(here, id))?;
        takes.node(id, lon_e7, lat_e7, &tags)?;
    }
    Ok(())
}

fn way(bytes: &[u8], texts: &[&str], takes: &mut impl Takes, room: &mut Room, here: &str) -> Result<(), BadSource> {
    let bad = |Broken| broken(here);
    let mut id = 0;
    room.keys.clear();
    room.values.clear();
    room.ids.clear();
    for field in Fields(bytes) {
        match field.map_err(bad)? {
            (1, Held::Number(number)) => id = number.cast_signed(),
            (2, Held::Bytes(packed)) => refill(&mut room.keys, numbers(packed)).map_err(bad)?,
            (3, Held::Bytes(packed)) => refill(&mut room.values, numbers(packed)).map_err(bad)?,
            (8, Held::Bytes(packed)) => refill(&mut room.ids, sums(packed)).map_err(bad)?,
            _ => {}
        }
    }
    let tags = tags(room, texts).map_err(bad)?;
    takes.way(id, &room.ids, &tags)
}

fn relation(
    bytes: &[u8],
    texts: &[&str],
    takes: &mut impl Takes,
    room: &mut Room,
    here: &str,
) -> Result<(), BadSource> {
    let bad = |Broken| broken(here);
    let mut id = 0;
    room.keys.clear();
    room.values.clear();
    room.ids.clear();
    room.kinds.clear();
    for field in Fields(bytes) {
        match field.map_err(bad)? {
            (1, Held::Number(number)) => id = number.cast_signed(),
            (2, Held::Bytes(packed)) => refill(&mut room.keys, numbers(packed)).map_err(bad)?,
            (3, Held::Bytes(packed)) => refill(&mut room.values, numbers(packed)).map_err(bad)?,
            (9, Held::Bytes(packed)) => refill(&mut room.ids, sums(packed)).map_err(bad)?,
            (10, Held::Bytes(packed)) => {
                let kinds = numbers(packed).map(|kind| kind.map(|kind| u8::try_from(kind).unwrap_or(u8::MAX)));
                refill(&mut room.kinds, kinds).map_err(bad)?;
            }
            _ => {}
        }
    }
    let tags = tags(room, texts).map_err(bad)?;
    room.members.clear();
    room.members.extend(room.kinds.iter().copied().zip(room.ids.iter().copied()));
    takes.relation(id, &room.members, &tags)
}
