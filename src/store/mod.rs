//! Opens the databases and hands out transactions; names no table of any room.
//! Called by `app` at start and by every room's own `store.rs`, which extends [`Tx`] (decisions) or [`ReadingsTx`] (readings).
//! A transaction that is dropped without `commit` leaves nothing behind; on SQLite a writer takes its lock at the start.

mod arrival;
mod at;
pub mod fold;
mod meta;
mod migrate;
mod rows;
mod text;

pub use arrival::Arrival;
pub use at::At;
pub use migrate::{MIGRATIONS, Schema, SchemaFault};
pub(crate) use rows::rows_max;
pub(crate) use text::stored_text;

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{clock::Clock, clock::Stopwatch};

/// Pages of 4 KiB in a log after which a commit folds it itself; before that, [`fold`] does it in a quiet moment.
const LOG_PAGES_MAX: u32 = 10_000;

/// What the engine refuses or can't do. Rooms pass it on; the edge logs it once.
pub type Fault = sqlx::Error;

/// The city's databases: SQLite (two files, each with one writer) or PostgreSQL (one database).
#[derive(Clone, Debug)]
pub enum Store {
    /// `city.db` holds everything that is decided, `readings.db` what sensors sent.
    Sqlite {
        /// Pools of `city.db`.
        city: Pools,
        /// Pools of `readings.db`.
        readings: Pools,
    },
    /// One database for both.
    Postgres(PgPool),
}

/// One writer, several readers: SQLite has one write lock, and a fair queue before it beats "database is locked".
#[derive(Clone, Debug)]
pub struct Pools {
    writer: SqlitePool,
    reader: SqlitePool,
    /// One connection, for [`fold`].
    folder: SqlitePool,
}

/// A transaction over everything that is decided.
#[derive(Debug)]
pub struct Tx {
    pub(crate) engine: Engine,
    name: &'static str,
    began: Stopwatch,
}

/// A transaction over readings. On SQLite it is another file: no transaction spans both.
#[derive(Debug)]
pub struct ReadingsTx(pub(crate) Tx);

/// Which engine a transaction runs on. Matched only by [`on!`] and where an engine has a much better way.
#[derive(Debug)]
pub enum Engine {
    /// SQLite.
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    /// PostgreSQL.
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// Runs one query text on whichever engine the transaction belongs to. Takes `&mut Tx` and a body over `conn`.
#[macro_export]
macro_rules! on {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match &mut $tx.engine {
            $crate::store::Engine::Sqlite(engine) => {
                let $conn = &mut **engine;
                $body
            }
            $crate::store::Engine::Postgres(engine) => {
                let $conn = &mut **engine;
                $body
            }
        }
    };
}

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// The URL is not one of ours.
    #[error("database {0}: want sqlite://DIRECTORY or postgres://…")]
    UnknownUrl(String),
    /// The directory can't be made or used.
    #[error("data directory {directory}: {fault}")]
    Directory {
        /// Which.
        directory: String,
        /// What the system said.
        fault: std::io::Error,
    },
    /// The engine refused.
    #[error("database: {0}")]
    Engine(#[from] sqlx::Error),
    /// The schema is not ours to use.
    #[error(transparent)]
    Schema(#[from] SchemaFault),
}

impl Store {
    /// Opens `url` (`sqlite://DIRECTORY` or `postgres://…`) and brings its schema up to date.
    ///
    /// Refuses a schema newer than this binary's.
    pub async fn open(url: &str, readers_max: u32) -> Result<Self, OpenFault> {
        let store = if let Some(directory) = url.strip_prefix("sqlite://") {
            Self::open_sqlite(Path::new(directory), readers_max).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::open_postgres(url, readers_max).await?
        } else {
            let scheme = url.split_once("://").map_or("(no scheme)", |(scheme, _)| scheme);
            return Err(OpenFault::UnknownUrl(format!("{scheme}://…")));
        };
        migrate::run(&store).await?;
        Ok(store)
    }

    async fn open_sqlite(directory: &Path, readers_max: u32) -> Result<Self, OpenFault> {
        new_directory(directory)
            .map_err(|fault| OpenFault::Directory { directory: directory.display().to_string(), fault })?;
        let city = Pools::open(&directory.join("city.db"), readers_max).await?;
        let readings = Pools::open(&directory.join("readings.db"), readers_max).await?;
        Ok(Self::Sqlite { city, readings })
    }

    async fn open_postgres(url: &str, connections_max: u32) -> Result<Self, OpenFault> {
        let options = PgConnectOptions::from_str(url)?.application_name("hamyar");
        let pool = PgPoolOptions::new()
            .max_connections(connections_max.max(4))
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options)
            .await?;
        Ok(Self::Postgres(pool))
    }

    /// Begins a deciding transaction. `name` names the decision in metrics and logs: "publish alert".
    pub async fn write(&self, name: &'static str) -> Result<Tx, Fault> {
        let engine = match self {
            Self::Sqlite { city, .. } => Engine::Sqlite(city.writer.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Engine::Postgres(pool.begin().await?),
        };
        Ok(Tx { engine, name, began: Clock::stopwatch() })
    }

    /// Begins a transaction that only reads: one consistent picture, and no writer waits for it.
    pub async fn read(&self, name: &'static str) -> Result<Tx, Fault> {
        let engine = match self {
            Self::Sqlite { city, .. } => Engine::Sqlite(city.reader.begin().await?),
            Self::Postgres(pool) => {
                Engine::Postgres(pool.begin_with("begin transaction isolation level repeatable read read only").await?)
            }
        };
        Ok(Tx { engine, name, began: Clock::stopwatch() })
    }

    /// Begins a transaction that keeps readings.
    pub async fn write_readings(&self, name: &'static str) -> Result<ReadingsTx, Fault> {
        let engine = match self {
            Self::Sqlite { readings, .. } => Engine::Sqlite(readings.writer.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Engine::Postgres(pool.begin().await?),
        };
        Ok(ReadingsTx(Tx { engine, name, began: Clock::stopwatch() }))
    }

    /// Begins a transaction that only reads readings.
    pub async fn read_readings(&self, name: &'static str) -> Result<ReadingsTx, Fault> {
        let engine = match self {
            Self::Sqlite { readings, .. } => Engine::Sqlite(readings.reader.begin().await?),
            Self::Postgres(pool) => {
                Engine::Postgres(pool.begin_with("begin transaction isolation level repeatable read read only").await?)
            }
        };
        Ok(ReadingsTx(Tx { engine, name, began: Clock::stopwatch() }))
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { city, readings } => {
                for pools in [city, readings] {
                    pools.folder.close().await;
                    pools.reader.close().await;
                    pools.writer.close().await;
                }
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Pools {
    async fn open(file: &Path, readers_max: u32) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Full: what was acknowledged survives a power cut (invariant 1).
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            .pragma("cache_size", "-8000")
            .pragma("wal_autocheckpoint", LOG_PAGES_MAX.to_string());
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.clone())
            .await?;
        let folder = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.clone())
            .await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(readers_max.max(1))
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.pragma("query_only", "on"))
            .await?;
        Ok(Self { writer, reader, folder })
    }

    /// The pool that writes, for backup and schema work.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.writer
    }
}

/// Makes a directory, and those above it, that nobody else may look into; one that is there stays as it is.
pub fn new_directory(directory: impl AsRef<std::path::Path>) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

impl Tx {
    /// Makes the decision durable.
    pub async fn commit(self) -> Result<(), Fault> {
        let (name, began) = (self.name, self.began);
        match self.engine {
            Engine::Sqlite(tx) => tx.commit().await?,
            Engine::Postgres(tx) => tx.commit().await?,
        }
        metrics::histogram!("hamyar_transaction_seconds", "name" => name).record(began.seconds());
        Ok(())
    }

    /// Lets one decision over `subject` run at a time. SQLite's writer is alone anyway; PostgreSQL takes an advisory lock
    /// that ends with the transaction.
    pub async fn lock(&mut self, subject: &str) -> Result<(), Fault> {
        match &mut self.engine {
            Engine::Sqlite(_) => Ok(()),
            // postgres: hashtextextended gives 64 bits; a collision only makes two decisions wait for each other.
            Engine::Postgres(tx) => sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
                .bind(subject)
                .execute(&mut **tx)
                .await
                .map(drop),
        }
    }
}

impl ReadingsTx {
    /// Makes the readings durable.
    pub async fn commit(self) -> Result<(), Fault> {
        self.0.commit().await
    }
}
