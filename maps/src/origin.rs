//! What something was made from: the hash of a map, and the terrain under it by name, version and hash.
//! Carried by the city (which terrain it stands on) and by every footprint (which map and which terrain it came from).
//! A content hash is 64 hexadecimal digits or it is refused; nothing here can be empty.

use serde::{Deserialize, Serialize};

/// SHA-256 of some content: 64 lower-case hexadecimal digits, checked; in JSON and TOML a plain string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(String);

/// A text that is no content hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a content hash: it has 64 digits of 0-9 and a-f")]
pub struct BadHash(String);

impl ContentHash {
    /// Takes a text that is a content hash, or says that it is none.
    pub fn new(text: impl Into<String>) -> Result<ContentHash, BadHash> {
        let text = text.into();
        if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(ContentHash(text))
        } else {
            Err(BadHash(text.chars().take(80).collect()))
        }
    }

    /// Something to put content into, piece by piece.
    pub(crate) fn hasher() -> ring::digest::Context {
        ring::digest::Context::new(&ring::digest::SHA256)
    }

    /// The hash of what was put in.
    pub(crate) fn finished(hasher: ring::digest::Context) -> ContentHash {
        use std::fmt::Write;
        ContentHash(hasher.finish().as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
            hex
        }))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ContentHash {
    type Error = BadHash;
    fn try_from(text: String) -> Result<ContentHash, BadHash> {
        ContentHash::new(text)
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> String {
        hash.0
    }
}

impl std::fmt::Display for ContentHash {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl PartialEq<str> for ContentHash {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for ContentHash {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// The terrain on which a city stands, as its `city.toml` names it; the heights themselves are kept elsewhere.
///
/// The hash is that of the heights ([`heights_hash`](crate::terrain::heights_hash)), not of what was worked out from them: that has the hash
/// of the map in it, and the map can't have its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerrainRef {
    /// What it is called.
    pub name: String,
    /// Which version, as its maker counts.
    pub version: String,
    /// Hash of the heights.
    pub heights: ContentHash,
}

/// The terrain that a footprint came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerrainUsed {
    /// Hash of the kept terrain ([`Relief::hash`](crate::terrain::Relief::hash)): heights, map and settings in one.
    pub hash: ContentHash,
    /// Which version of which heights, where the map says on what it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heights: Option<TerrainRef>,
}

/// Why a terrain does not belong to a city.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OtherTerrain {
    /// It was worked out with another version of the map.
    #[error("the terrain was worked out with another version of the map; work it out again from the heights")]
    OtherMap,
    /// It was worked out from other heights than `city.toml` names.
    #[error(
        "city.toml names the heights “{name}” version {version} ({wanted}), but the terrain was worked out from others ({found})"
    )]
    OtherHeights {
        /// What `city.toml` calls them.
        name: String,
        /// And which version.
        version: String,
        /// Hash in `city.toml`.
        wanted: ContentHash,
        /// Hash of the heights in the terrain.
        found: ContentHash,
    },
}

impl crate::City {
    /// The terrain that `city.toml` names, if it does.
    pub fn terrain(&self) -> Option<&TerrainRef> {
        self.about.terrain.as_ref()
    }

    /// Was this terrain worked out with this map, and from the heights that the map names? To be asked once, when the terrain is loaded.
    ///
    /// O(cells), for the hash of the heights.
    pub fn accepts(&self, relief: &crate::terrain::Relief) -> Result<(), OtherTerrain> {
        if relief.city_hash() != self.hash() {
            return Err(OtherTerrain::OtherMap);
        }
        let Some(TerrainRef { name, version, heights }) = self.terrain() else { return Ok(()) };
        let found = relief.heights_hash();
        if found == *heights {
            return Ok(());
        }
        let (name, version, wanted) = (name.clone(), version.clone(), heights.clone());
        Err(OtherTerrain::OtherHeights { name, version, wanted, found })
    }
}
