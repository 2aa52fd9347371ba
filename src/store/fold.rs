//! Folds SQLite's logs into their files in moments when nothing is decided.
//! Started by `app`; without it a commit that makes the log long would fold it itself, and whoever is to be warned would wait for that.
//! A log that is not folded is only longer: nothing is lost with it, and a commit still folds one that grew far too long.

use std::time::Duration;

use sqlx::SqlitePool;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Fault, Store};

/// How often it is looked; a file that nobody wrote to for so long is quiet. Short, so that what one alert wrote is folded before the next.
const LOOK: Duration = Duration::from_millis(250);

/// Looks between two times: a second for decisions, five for readings, which trickle in for ever and would wear a small disk out.
const CITY_RESTS: u32 = 4;
const READINGS_REST: u32 = 20;

/// Looks after which a log is folded although the file is never quiet: 20 s.
const LOOKS_MAX: u32 = 80;

/// Folds until stopped.
pub async fn run(store: Store, stop: CancellationToken) {
    let Store::Sqlite { city, readings } = store else { return };
    let mut logs = [Log::of(city.folder, CITY_RESTS), Log::of(readings.folder, READINGS_REST)];
    // The disk's own time, not the city's clock.
    while tokio::time::timeout(LOOK, stop.cancelled()).await.is_err() {
        for log in &mut logs {
            if let Err(fault) = log.look().await {
                warn!(%fault, "a log of the database could not be folded: {fault}; it is tried again");
            }
        }
    }
}

/// The log of one file.
#[derive(Debug)]
struct Log {
    folder: SqlitePool,
    /// What the file was at the last look, and when it was folded.
    seen: i64,
    folded: i64,
    /// Looks since then, and how many there are at least.
    looks: u32,
    rest: u32,
}

impl Log {
    fn of(folder: SqlitePool, rest: u32) -> Self {
        Self { folder, seen: 0, folded: 0, looks: 0, rest }
    }

    /// Folds when others wrote since the last time, but not since the last look. True when it folded.
    async fn look(&mut self) -> Result<bool, Fault> {
        // Changes with every commit of another connection; this pool has one connection, which never writes.
        let now: i64 = sqlx::query_scalar("pragma data_version").fetch_one(&self.folder).await?;
        let quiet = now == self.seen;
        self.seen = now;
        self.looks = self.looks.saturating_add(1);
        if now == self.folded || self.looks < self.rest || (!quiet && self.looks < LOOKS_MAX) {
            return Ok(false);
        }
        // Passive: it waits for nobody, and nobody waits for it. What readers still need is left for the next time.
        sqlx::query("pragma wal_checkpoint(passive)").execute(&self.folder).await?;
        (self.folded, self.looks) = (now, 0);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_is_folded_when_nobody_writes_and_in_the_end_also_when_somebody_always_does() {
        let directory = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", directory.path().display());
        let store = Store::open(&url, 1).await.expect("a store");
        let Store::Sqlite { city, .. } = &store else { unreachable!() };
        let mut log = Log::of(city.folder.clone(), 2);
        let write = async |number: i64| {
            sqlx::query("create table if not exists scribble (number integer)").execute(&city.writer).await.unwrap();
            sqlx::query("insert into scribble values ($1)").bind(number).execute(&city.writer).await.unwrap();
        };
        for _ in 0..4 {
            log.look().await.unwrap();
        }
        write(0).await;
        assert!(!log.look().await.unwrap(), "somebody just wrote");
        assert!(log.look().await.unwrap(), "now it is quiet");
        assert!(!log.look().await.unwrap(), "there is nothing new");
        let file = std::fs::read(directory.path().join("city.db")).unwrap();
        assert!(file.windows(8).any(|part| part == b"scribble"), "what was written is in the file itself");

        for number in 2..LOOKS_MAX {
            write(i64::from(number)).await;
            assert!(!log.look().await.unwrap(), "look {number}");
        }
        write(-1).await;
        assert!(log.look().await.unwrap(), "it was put off often enough");
        write(-2).await;
        assert!(!log.look().await.unwrap());
        assert!(log.look().await.unwrap(), "quiet, and rested");
    }
}
