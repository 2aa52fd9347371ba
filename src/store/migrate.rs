//! Brings a database's schema up to date, and refuses one that is newer than this binary.
//! Called by `Store::open` and by the test that compares both engines' tables.
//! A migration is never edited after a release; expand first, contract a release later.

use sqlx::{
    SqlSafeStr,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
};

use super::Store;

/// Which of the two SQLite files a migration belongs to. On PostgreSQL both are one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Everything that is decided.
    City,
    /// What sensors sent.
    Readings,
}

/// One step of the schema, in the text of each engine.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    number: i64,
    name: &'static str,
    schema: Schema,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! step {
    ($number:literal, $schema:ident, $folder:literal, $name:literal) => {
        Step {
            number: $number,
            name: $name,
            schema: Schema::$schema,
            sqlite: include_str!(concat!("migrations/sqlite/", $folder, "/", $name, ".sql")),
            postgres: include_str!(concat!("migrations/postgres/", $folder, "/", $name, ".sql")),
        }
    };
}

/// Every step, in order.
pub const MIGRATIONS: &[Step] = &[
    step!(1, City, "city", "0001_people"),
    step!(2, City, "city", "0002_audit"),
    step!(3, City, "city", "0003_places"),
    step!(4, City, "city", "0004_broker"),
    step!(5, City, "city", "0005_sensors"),
    step!(6, City, "city", "0006_reports"),
    step!(7, City, "city", "0007_assess"),
    step!(8, City, "city", "0008_issue"),
    step!(9, City, "city", "0009_helpers"),
    step!(10, City, "city", "0010_deliver"),
    step!(15, City, "city", "0015_keep"),
    step!(16, City, "city", "0016_questions"),
    step!(17, City, "city", "0017_terrain"),
    step!(101, Readings, "readings", "0101_readings"),
    step!(102, Readings, "readings", "0102_quality"),
];

/// Why a schema can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaFault {
    /// Somebody ran a newer binary on it.
    #[error(
        "the database has schema step {0}, which this binary does not know: it is newer; start the newer binary or restore a backup"
    )]
    Newer(i64),
    /// A released step was edited, or the engine refused.
    #[error("schema: {0}")]
    Engine(MigrateError),
}

impl From<MigrateError> for SchemaFault {
    fn from(fault: MigrateError) -> Self {
        match fault {
            MigrateError::VersionMissing(number) => Self::Newer(number),
            other => Self::Engine(other),
        }
    }
}

pub(super) async fn run(store: &Store) -> Result<(), SchemaFault> {
    match store {
        Store::Sqlite { city, readings } => {
            migrate(city.writer(), |step| (step.schema == Schema::City).then_some(step.sqlite)).await?;
            migrate(readings.writer(), |step| (step.schema == Schema::Readings).then_some(step.sqlite)).await
        }
        Store::Postgres(pool) => migrate(pool, |step| Some(step.postgres)).await,
    }
}

async fn migrate<'a, A>(target: A, text: impl Fn(&Step) -> Option<&'static str>) -> Result<(), SchemaFault>
where
    A: sqlx::Acquire<'a>,
    <A::Connection as std::ops::Deref>::Target: Migrate,
{
    let steps = MIGRATIONS
        .iter()
        .filter_map(|step| {
            let sql = text(step)?.into_sql_str();
            Some(Migration::new(step.number, step.name.into(), MigrationType::Simple, sql, false))
        })
        .collect();
    Ok(Migrator::with_migrations(steps).run(target).await?)
}
