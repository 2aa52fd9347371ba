//! Gives a story a ground of its own on each engine: a directory for SQLite, a database for PostgreSQL.
//! Called first by every story; PostgreSQL's server is named by HAMYAR_TEST_POSTGRES (the test command starts one).
//! Without that server a story is told on SQLite alone, in one plain line; under CI=true that is a failure.

use std::{future::Future, sync::Arc};

use hamyar::{bell::Bells, clock::Clock, config::Config, ground::Ground, id::Ids, store::Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// When stories begin, unless they move the clock: a spring morning.
pub const MORNING: &str = "2026-03-01T04:00:00Z";

/// Tells one story twice. Each time the ground is new: no map row, no person, a manual clock at [`MORNING`], ids from seed 7.
#[expect(clippy::print_stdout, reason = "what is left out is said where the test's output is read")]
pub async fn on_both_engines<Fut: Future<Output = ()>>(story: impl Fn(Ground) -> Fut) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let ground = ground(&format!("sqlite://{}", directory.path().display())).await;
    let store = ground.store.clone();
    // On the heap: a long story's future is too large for the stack of every caller.
    Box::pin(story(ground)).await;
    store.close().await;

    let Ok(server) = std::env::var("HAMYAR_TEST_POSTGRES") else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "HAMYAR_TEST_POSTGRES is not set: under CI=true every story is told on PostgreSQL too"
        );
        println!("skipped on PostgreSQL: HAMYAR_TEST_POSTGRES is not set");
        return;
    };
    let name = format!("hamyar_story_{}", Ids::system().uuid(Clock::system().now()).simple());
    let mut admin = PgConnection::connect(&server).await.expect("the server of HAMYAR_TEST_POSTGRES");
    // One story at a time on the server: a transaction that runs in another story's database holds back what `readings_after` shows in
    // this one (its bound is the oldest transaction of the whole server). The lock ends with the connection.
    sqlx::query("select pg_advisory_lock(137)").execute(&mut admin).await.expect("the server's turn");
    sqlx::query(AssertSqlSafe(format!("create database {name}"))).execute(&mut admin).await.expect("a new database");
    let ground = self::ground(&with_database(&server, &name)).await;
    let store = ground.store.clone();
    Box::pin(story(ground)).await;
    store.close().await;
    sqlx::query(AssertSqlSafe(format!("drop database {name} with (force)")))
        .execute(&mut admin)
        .await
        .expect("the story's database goes with it");
}

async fn ground(url: &str) -> Ground {
    Ground {
        store: Store::open(url, 4).await.expect("a new database"),
        clock: Clock::manual(MORNING.parse().expect("a time")),
        ids: Ids::seeded(7),
        bells: Bells::new(64),
        config: Arc::new(Config::defaults()),
        city: Arc::new(maps::City::sample()),
        terrain: hamyar::terrain::Terrain::default(),
        templates: Arc::new(alerts::template::Templates::embedded()),
        checker: Arc::new(alerts::Checker::of(alerts::Profile::City)),
        signer: None,
        exercise: None,
    }
}

/// The server's URL with another database: `postgres://user@host/THIS?…`.
fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let after_scheme = base.find("://").map_or(0, |at| at + 3);
    let host_end = base[after_scheme..].find('/').map_or(base.len(), |at| after_scheme + at);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{name}{query}", &base[..host_end])
}

#[test]
fn a_database_is_named_within_the_servers_url() {
    assert_eq!(with_database("postgres://u@h/postgres?host=/tmp/x", "a"), "postgres://u@h/a?host=/tmp/x");
    assert_eq!(with_database("postgres://u:p@h:5432", "a"), "postgres://u:p@h:5432/a");
}
