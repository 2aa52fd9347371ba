//! Where a city's data lies: SQLite in a directory that goes with it, or a database of its own on the tests' PostgreSQL.
//! Used by `city`; the server is named by HAMYAR_TEST_POSTGRES, which the test command sets.
//! Without that server a story that needs it says so in one plain line; under CI=true that is a failure.

use hamyar::{clock::Clock, id::Ids};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// A database on the tests' PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    /// A new one; none when there is no server.
    #[expect(clippy::print_stdout, reason = "a story that is not told has to say so")]
    pub async fn create() -> Option<Self> {
        let Ok(server) = std::env::var("HAMYAR_TEST_POSTGRES") else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "HAMYAR_TEST_POSTGRES is not set: under CI=true stories of PostgreSQL have to be told"
            );
            println!("skipped: HAMYAR_TEST_POSTGRES is not set");
            return None;
        };
        let name = format!("hamyar_city_{}", Ids::system().uuid(Clock::system().now()).simple());
        let mut admin = PgConnection::connect(&server).await.expect("the server of HAMYAR_TEST_POSTGRES");
        sqlx::query(AssertSqlSafe(format!("create database {name}")))
            .execute(&mut admin)
            .await
            .expect("a new database");
        Some(Self { server, name })
    }

    /// Its URL: the server's with another database, `postgres://user@host/THIS?…`.
    pub fn url(&self) -> String {
        let (base, query) =
            self.server.split_once('?').map_or((self.server.as_str(), ""), |(base, query)| (base, query));
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let after_scheme = base.find("://").map_or(0, |at| at + 3);
        let host_end = base[after_scheme..].find('/').map_or(base.len(), |at| after_scheme + at);
        format!("{}/{}{query}", &base[..host_end], self.name)
    }

    /// Every reading that was kept has been assessed. A reader sees a reading once no older transaction runs, in whichever
    /// database of the server.
    pub async fn everything_is_assessed(&self) -> bool {
        let mut city = PgConnection::connect(&self.url()).await.expect("the city's database");
        let behind: i64 = sqlx::query_scalar(
            "select count(*) from reading r
             where not exists (select 1 from assess_cursor c
                               where c.facts = 'readings' and (r.arrival_tx, r.arrival_seq) <= (c.tx, c.seq))",
        )
        .fetch_one(&mut city)
        .await
        .expect("a count");
        behind == 0
    }

    /// Takes it away.
    pub async fn drop(self) {
        let mut admin = PgConnection::connect(&self.server).await.expect("the server of HAMYAR_TEST_POSTGRES");
        sqlx::query(AssertSqlSafe(format!("drop database {} with (force)", self.name)))
            .execute(&mut admin)
            .await
            .expect("the city's database goes with it");
    }
}
