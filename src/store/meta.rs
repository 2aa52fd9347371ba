//! Facts about the database itself: its kind, its map, its demo.
//! Used by `app` at start and by the tools that look at a database from outside.
//! The kind is written once and never changed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{At, Fault, Tx};
use crate::{ground::Ground, id::ExerciseId, on};

impl Tx {
    /// One fact.
    pub async fn meta(&mut self, key: &str) -> Result<Option<String>, Fault> {
        on!(self, |conn| sqlx::query_scalar("select value from meta where key = $1")
            .bind(key)
            .fetch_optional(conn)
            .await)
    }

    /// Writes one fact.
    pub async fn put_meta(&mut self, key: &str, value: &str) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into meta (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value",
            )
            .bind(key)
            .bind(value)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// The files of a map that was kept.
    pub(crate) async fn map_files(&mut self, hash: &str) -> Result<Option<BTreeMap<String, String>>, Fault> {
        let files: Option<sqlx::types::Json<BTreeMap<String, String>>> = on!(self, |conn| {
            sqlx::query_scalar("select files from map_version where hash = $1").bind(hash).fetch_optional(conn).await
        })?;
        Ok(files.map(|files| files.0))
    }

    /// Keeps the map that is in use, once per content, so that every node has the same and the past can be drawn.
    pub(crate) async fn put_map(&mut self, hash: &str, files: &BTreeMap<String, String>, at: At) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into map_version (hash, files, recorded_at) values ($1, $2, $3) on conflict (hash) do nothing",
            )
            .bind(hash)
            .bind(sqlx::types::Json(files))
            .bind(at)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// The exercise to which everything in a demo database belongs.
    pub(crate) async fn demo_exercise(&mut self, ground: &Ground, now: Timestamp) -> Result<ExerciseId, Fault> {
        let known: Option<ExerciseId> =
            on!(self, |conn| sqlx::query_scalar("select id from exercise where kind = 'demo' limit 1")
                .fetch_optional(conn)
                .await)?;
        if let Some(id) = known {
            return Ok(id);
        }
        let id = ExerciseId::draw(&ground.ids, now);
        on!(self, |conn| {
            sqlx::query("insert into exercise (id, kind, name, started_at) values ($1, 'demo', 'demo', $2)")
                .bind(id)
                .bind(At(now))
                .execute(conn)
                .await
                .map(drop)
        })?;
        Ok(id)
    }
}
