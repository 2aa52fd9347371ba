//! The shape of the city's ground, as every node has it: kept in the database part by part, held in memory tile by tile.
//! Opened by `app` with the map it belongs to; asked by `assess` for what a stage or a depth floods. Without terrain buffers stand in.
//! Terrain names the map it was worked out with and is refused with any other, so a footprint never mixes two.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::{Context, ensure};
use maps::terrain::Relief;
use tracing::info;

use crate::{
    on,
    store::{At, Fault, Tx},
};

/// Bytes of one part in the database.
const PART_BYTES: usize = 1 << 20;

/// Tiles in memory. Cheap to clone; empty where the city has no terrain.
#[derive(Clone, Debug, Default)]
pub struct Terrain(Arc<RwLock<Arc<[Relief]>>>);

impl Terrain {
    /// The tiles as they are now, by hash.
    pub fn tiles(&self) -> Arc<[Relief]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts tiles in the place of those before.
    pub fn set(&self, mut tiles: Vec<Relief>) {
        tiles.sort_by(|left, right| left.hash().cmp(right.hash()));
        metrics::gauge!("hamyar_terrain_tiles").set(tiles.len() as f64);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = tiles.into();
    }
}

/// Reads the tiles of a directory (`*.terrain`, as `hamyar maps terrain --map` writes them) that belong to this map.
///
/// Errors name the file: one that can't be read, or belongs to another map.
pub fn read_tiles(directory: &Path, city: &maps::City) -> anyhow::Result<Vec<Relief>> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>())
        .with_context(|| format!("city.terrain_dir {}", directory.display()))?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "terrain"));
    files.sort();
    ensure!(
        !files.is_empty(),
        "city.terrain_dir {} holds no file ….terrain: `hamyar maps terrain DEM --map DIR --out DIR` writes one",
        directory.display()
    );
    files
        .iter()
        .map(|file| {
            let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
            let relief = Relief::from_bytes(&bytes).with_context(|| file.display().to_string())?;
            city.accepts(&relief).with_context(|| file.display().to_string())?;
            Ok(relief)
        })
        .collect()
}

/// The tiles that the database keeps of this map.
pub(crate) async fn kept_tiles(tx: &mut Tx, city: &maps::City) -> anyhow::Result<Vec<Relief>> {
    let mut tiles = Vec::new();
    for hash in tx.terrain_of_map(city.hash()).await? {
        let bytes = tx.terrain(&hash).await?;
        let relief = Relief::from_bytes(&bytes).with_context(|| format!("terrain {hash} of the database"))?;
        ensure!(relief.hash() == hash, "terrain {hash} of the database is another one ({})", relief.hash());
        tiles.push(relief);
    }
    Ok(tiles)
}

/// Keeps tiles, so that nodes without the files have them; those of this map that are no longer among them go.
pub(crate) async fn keep_tiles(tx: &mut Tx, city: &maps::City, tiles: &[Relief], at: At) -> Result<(), Fault> {
    let kept = tx.terrain_of_map(city.hash()).await?;
    for gone in kept.iter().filter(|hash| tiles.iter().all(|tile| tile.hash() != hash.as_str())) {
        tx.drop_terrain(gone).await?;
    }
    for tile in tiles.iter().filter(|tile| !kept.iter().any(|hash| hash == tile.hash())) {
        tx.put_terrain(city.hash(), tile.hash(), &tile.to_bytes(), at).await?;
        info!(terrain = tile.hash(), map = city.hash(), "keeps terrain of {} cells", tile.grid().cells());
    }
    Ok(())
}

impl Tx {
    async fn terrain_of_map(&mut self, map: &str) -> Result<Vec<String>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar("select hash from terrain where map_hash = $1 order by hash")
                .bind(map)
                .fetch_all(conn)
                .await
        })
    }

    async fn terrain(&mut self, hash: &str) -> Result<Vec<u8>, Fault> {
        let parts: Vec<Vec<u8>> = on!(self, |conn| {
            sqlx::query_scalar("select bytes from terrain_part where hash = $1 order by part")
                .bind(hash)
                .fetch_all(conn)
                .await
        })?;
        Ok(parts.concat())
    }

    async fn put_terrain(&mut self, map: &str, hash: &str, bytes: &[u8], at: At) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("insert into terrain (hash, map_hash, recorded_at) values ($1, $2, $3)")
                .bind(hash)
                .bind(map)
                .bind(at)
                .execute(conn)
                .await
                .map(drop)
        })?;
        for (part, some) in (0_i64..).zip(bytes.chunks(PART_BYTES)) {
            on!(self, |conn| {
                sqlx::query("insert into terrain_part (hash, part, bytes) values ($1, $2, $3)")
                    .bind(hash)
                    .bind(part)
                    .bind(some)
                    .execute(conn)
                    .await
                    .map(drop)
            })?;
        }
        Ok(())
    }

    async fn drop_terrain(&mut self, hash: &str) -> Result<(), Fault> {
        for statement in ["delete from terrain_part where hash = $1", "delete from terrain where hash = $1"] {
            on!(self, |conn| sqlx::query(statement).bind(hash).execute(conn).await.map(drop))?;
        }
        Ok(())
    }
}
