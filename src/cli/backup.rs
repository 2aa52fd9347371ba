//! `hamyar backup` and `hamyar restore`: the whole city in one directory, while the service runs.
//! Called by `cli`; SQLite copies itself, PostgreSQL is asked through its own pg_dump and pg_restore.
//! A restore never writes over an existing database, and what was decided never knows more than the readings beside it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use super::print;
use crate::{
    app,
    config::Config,
    id::hex,
    store::{Store, new_directory},
};

/// What a backup is of, beside its files.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// The version of the binary that made it.
    version: String,
    /// "sqlite" or "postgres".
    engine: String,
    /// "real" or "demo".
    kind: String,
    /// RFC 3339.
    made_at: String,
    /// File name to hex SHA-256.
    files: std::collections::BTreeMap<String, String>,
}

/// Readings and reports are read again from so far back after a restore to PostgreSQL: transaction ids start anew in another
/// cluster, and taking a fact into account twice changes nothing.
const READ_AGAIN: i64 = 100_000;

/// Copies the databases into the new directory `to`.
pub async fn backup(config: Config, to: &Path) -> anyhow::Result<()> {
    ensure!(!to.exists(), "{} exists: a backup is a new directory", to.display());
    let url = existing(&config)?;
    let ground_store = Store::open(&url, config.store.connections_max).await?;
    let mut tx = ground_store.read("kind of database").await?;
    let kind = tx.meta("kind").await?.unwrap_or_else(|| "real".into());
    drop(tx);
    new_directory(to).with_context(|| to.display().to_string())?;
    let (engine, names): (&str, &[&str]) = match &ground_store {
        Store::Sqlite { city, readings } => {
            // The city first: its cursor then never runs ahead of the readings that are copied after it.
            for (pools, name) in [(city, "city.db"), (readings, "readings.db")] {
                let file = to.join(name);
                let file = file.to_str().context("the directory's name is not UTF-8")?;
                sqlx::query("vacuum into $1").bind(file).execute(pools.writer()).await?;
            }
            ("sqlite", &["city.db", "readings.db"])
        }
        Store::Postgres(_) => {
            let dump = to.join("hamyar.dump");
            run("pg_dump", &["--format=custom", "--no-owner", "--file", path(&dump)?], &url).await?;
            ("postgres", &["hamyar.dump"])
        }
    };
    let mut files = std::collections::BTreeMap::new();
    for name in names {
        files.insert((*name).to_owned(), digest(&to.join(name))?);
    }
    let manifest = Manifest {
        version: env!("CARGO_PKG_VERSION").into(),
        engine: engine.into(),
        kind,
        made_at: crate::clock::Clock::system().now().to_string(),
        files,
    };
    std::fs::write(to.join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
    ground_store.close().await;
    print(&format!("backed up to {}", to.display()));
    Ok(())
}

/// Puts a backup in the place of a database that does not exist yet (SQLite) or is empty (PostgreSQL).
pub async fn restore(config: Config, from: &Path) -> anyhow::Result<()> {
    let manifest: Manifest = serde_json::from_slice(
        &std::fs::read(from.join("manifest.json"))
            .with_context(|| format!("{}: no manifest.json, so no backup", from.display()))?,
    )?;
    for (name, known) in &manifest.files {
        ensure!(digest(&from.join(name))? == *known, "{name} is not what was backed up: its digest differs");
    }
    let url = app::database_url(&config);
    if let Some(directory) = url.strip_prefix("sqlite://") {
        ensure!(manifest.engine == "sqlite", "this is a backup of {}; give --database postgres://…", manifest.engine);
        let directory = PathBuf::from(directory);
        new_directory(&directory).with_context(|| directory.display().to_string())?;
        let names = ["city.db", "readings.db"];
        for name in names.iter().flat_map(|name| [(*name).to_owned(), format!("{name}-wal")]) {
            ensure!(
                !directory.join(&name).exists(),
                "{} exists: a restore never writes over a database",
                directory.join(name).display()
            );
        }
        for name in names {
            std::fs::copy(from.join(name), directory.join(name)).with_context(|| name.to_owned())?;
        }
    } else {
        ensure!(manifest.engine == "postgres", "this is a backup of {}; give --data DIR", manifest.engine);
        let dump = from.join("hamyar.dump");
        run("pg_restore", &["--no-owner", "--exit-on-error", "--single-transaction", path(&dump)?], &url).await?;
    }
    // Opening it checks the schema, and brings an older one up to date.
    let store = Store::open(&url, config.store.connections_max).await?;
    if let Store::Postgres(pool) = &store {
        // postgres: arrivals are ordered by transaction ids, which start anew here.
        for statement in ["update reading set arrival_tx = 0", "update report_history set tx = 0"] {
            sqlx::query(statement).execute(pool).await?;
        }
        sqlx::query("update assess_cursor set tx = 0, seq = greatest(seq - $1, 0)")
            .bind(READ_AGAIN)
            .execute(pool)
            .await?;
    }
    let mut tx = store.read("verify restored audit").await?;
    let rows = tx.verify_audit().await?;
    drop(tx);
    store.close().await;
    print(&format!(
        "restored a {} database of {}; its audit chain of {rows} rows holds",
        manifest.kind, manifest.made_at
    ));
    Ok(())
}

/// Looks a database over: schema, kind, audit chain.
pub async fn doctor(config: Config) -> anyhow::Result<()> {
    let url = existing(&config)?;
    let store = Store::open(&url, config.store.connections_max).await?;
    let mut tx = store.read("doctor").await?;
    let kind = tx.meta("kind").await?.unwrap_or_else(|| "new".into());
    let rows = tx.verify_audit().await?;
    drop(tx);
    if let Store::Sqlite { city, readings } = &store {
        for (pools, name) in [(city, "city.db"), (readings, "readings.db")] {
            let found: String = sqlx::query_scalar("pragma quick_check").fetch_one(pools.writer()).await?;
            ensure!(found == "ok", "{name} is damaged: {found}; restore a backup");
        }
    }
    let place = match &store {
        Store::Sqlite { .. } => format!("SQLite in {}", url.trim_start_matches("sqlite://")),
        // Its URL holds a password.
        Store::Postgres(_) => "PostgreSQL".to_owned(),
    };
    store.close().await;
    print(&format!(
        "settings: no fault\ndatabase: {place}\nschema: up to date\nkind: {kind}\naudit chain: {rows} rows, unbroken"
    ));
    Ok(())
}

/// The database that the settings mean. One of SQLite must be there: opening would make it, and whoever mistyped the directory would be
/// told that a new, empty city is well.
fn existing(config: &Config) -> anyhow::Result<String> {
    let url = app::database_url(config);
    if let Some(directory) = url.strip_prefix("sqlite://") {
        ensure!(
            Path::new(directory).join("city.db").exists(),
            "there is no database in {directory}: --config, --data or --database say where it is; `hamyar serve` makes a new one"
        );
    }
    Ok(url)
}

fn digest(file: &Path) -> anyhow::Result<String> {
    use std::io::Read;
    let mut reader = std::fs::File::open(file).with_context(|| file.display().to_string())?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            read => context.update(&buffer[..read]),
        }
    }
    Ok(hex(context.finish().as_ref()))
}

fn path(file: &Path) -> anyhow::Result<&str> {
    file.to_str().context("the directory's name is not UTF-8")
}

/// Runs one of PostgreSQL's own programs on a database. The password travels by the environment: arguments stand in the process list.
async fn run(program: &str, arguments: &[&str], url: &str) -> anyhow::Result<()> {
    let mut url = reqwest::Url::parse(url).context("database URL")?;
    let password = url.password().map(str::to_owned);
    let mut command = tokio::process::Command::new(program);
    if let Some(password) = password {
        url.set_password(None).map_err(|()| anyhow::anyhow!("database URL: it has a password but no host"))?;
        let plain: Vec<u8> = percent_decoded(&password);
        command.env("PGPASSWORD", String::from_utf8(plain).context("database password")?);
    }
    command.args(arguments).arg("--dbname").arg(url.as_str()).stdin(Stdio::null());
    let done = command
        .output()
        .await
        .with_context(|| format!("{program}: not to be found; install PostgreSQL's client programs"))?;
    if !done.status.success() {
        bail!("{program}: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(value) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            plain.push(value);
            at += 3;
        } else {
            plain.push(bytes[at]);
            at += 1;
        }
    }
    plain
}
