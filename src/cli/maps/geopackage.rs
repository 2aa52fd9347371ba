//! Reads a table of a GeoPackage, which is a SQLite file, row by row.
//! Called by `import`; what stands in the blobs is read by `maps::import`.
//! The file is opened for reading only and nothing of it is run: a view, which is a query of somebody else, is refused.

use std::path::Path;

use ::maps::import::{BadSource, Made, Projection, Record, Settings, geopackage_geometry, make};
use anyhow::{Context, bail, ensure};
use futures_util::TryStreamExt;
use serde_json::{Map, Value};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Row, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteRow},
};

use super::sources::Opening;

/// Rows that wait for the reader.
const WAITING_ROWS_MAX: usize = 256;

/// A table of features.
struct Table {
    name: String,
    column: String,
    system: i64,
}

/// Reads a table and makes a layer of it. The outer error is about the file or the arguments, the inner one about a feature.
pub async fn import(
    asked: &Opening,
    settings: impl FnOnce(Projection) -> Settings,
) -> anyhow::Result<Result<Made, BadSource>> {
    let shown = asked.path.display().to_string();
    let mut connection =
        open(&asked.path).await.with_context(|| format!("{shown}: is no GeoPackage that can be read"))?;
    let table = table(&mut connection, asked.table.as_deref()).await.with_context(|| shown.clone())?;
    let projection = match asked.crs {
        Some(crs) => crs,
        None => projection(&mut connection, table.system).await.with_context(|| shown.clone())?,
    };
    let settings = settings(projection);
    // Rows come from the connection, and are understood on a thread of their own that waits for them.
    let (rows, mut waiting) = tokio::sync::mpsc::channel::<Result<Record, BadSource>>(WAITING_ROWS_MAX);
    let reader = tokio::task::spawn_blocking(move || make(std::iter::from_fn(|| waiting.blocking_recv()), settings));
    let query = format!("select * from {}", quoted(&table.name));
    let mut stream = sqlx::query(AssertSqlSafe(query)).fetch(&mut connection);
    let mut count = 0_u64;
    loop {
        count += 1;
        let next = match stream.try_next().await {
            Ok(Some(row)) => Ok(record(&row, &table, count)),
            Ok(None) => break,
            Err(fault) => {
                let fix = "the file is damaged: copy or export it again";
                Err(BadSource {
                    at: format!("feature {count}"),
                    what: format!("can't be read: {fault}"),
                    fix: fix.to_owned(),
                })
            }
        };
        let ends = next.is_err();
        // A reader that has given up says why below.
        if rows.send(next).await.is_err() || ends {
            break;
        }
    }
    drop(rows);
    Ok(reader.await?)
}

async fn open(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        // Nothing is locked and no journal is looked for: the file may lie where nobody may write.
        .immutable(true)
        .pragma("trusted_schema", "off")
        .disable_statement_logging()
        .connect()
        .await
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn table(connection: &mut SqliteConnection, wanted: Option<&str>) -> anyhow::Result<Table> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select columns.table_name, columns.column_name, columns.srs_id
         from gpkg_geometry_columns columns
         join gpkg_contents contents on contents.table_name = columns.table_name and contents.data_type = 'features'
         join sqlite_master master on master.name = columns.table_name and master.type = 'table'
         order by columns.table_name
         limit 1000",
    )
    .fetch_all(&mut *connection)
    .await
    .context("is no GeoPackage, or is damaged: export it again with ogr2ogr OUT.gpkg IN")?;
    let names = rows.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", ");
    let found = if let Some(wanted) = wanted {
        rows.iter().find(|(name, ..)| name == wanted)
    } else {
        ensure!(rows.len() <= 1, "holds {names}: say which with --table");
        rows.first()
    };
    match found {
        Some((name, column, system)) => Ok(Table { name: name.clone(), column: column.clone(), system: *system }),
        None if rows.is_empty() => bail!("holds no table of features"),
        None => bail!("holds no table of that name, but {names}"),
    }
}

async fn projection(connection: &mut SqliteConnection, system: i64) -> anyhow::Result<Projection> {
    let row: Option<(String, i64, String)> = sqlx::query_as(
        "select organization, organization_coordsys_id, definition from gpkg_spatial_ref_sys where srs_id = $1",
    )
    .bind(system)
    .fetch_optional(connection)
    .await
    .context("its reference systems can't be read")?;
    let projection = match row {
        Some((organization, number, _)) if organization.eq_ignore_ascii_case("EPSG") => {
            Projection::from_name(&number.to_string())
        }
        Some((_, _, definition)) => Projection::from_wkt(&definition),
        None => Err(format!("reference system {system} is not in the file")),
    };
    projection.map_err(|why| anyhow::anyhow!("{why}; or say which it is with --crs"))
}

fn record(row: &SqliteRow, table: &Table, count: u64) -> Record {
    let mut properties = Map::new();
    let mut id = None;
    let mut geometry = Err("has no geometry".to_owned());
    for column in row.columns() {
        let (name, at) = (column.name(), column.ordinal());
        if name == table.column {
            geometry = match row.try_get::<Option<&[u8]>, _>(at) {
                Ok(Some(blob)) => {
                    geopackage_geometry(blob).and_then(|(shape, _)| shape.ok_or("its geometry is empty".to_owned()))
                }
                Ok(None) => Err("has no geometry".to_owned()),
                Err(_) => Err("its geometry is no blob".to_owned()),
            };
            continue;
        }
        let value = value(row, at);
        // The key of the table, which stays the same as long as the file does.
        if matches!(name, "fid" | "ogc_fid" | "id") && id.is_none() {
            id = value.as_i64().map(|number| format!("{}-{number}", table.name));
        }
        if !value.is_null() {
            properties.insert(name.to_owned(), value);
        }
    }
    Record { label: format!("feature {count}"), id, properties, geometry, note: None }
}

/// A value by the type that it has in this row, whatever its column says.
fn value(row: &SqliteRow, at: usize) -> Value {
    let Ok(raw) = row.try_get_raw(at) else { return Value::Null };
    // Nothing is not the number 0: a column's declared type would make it one.
    if raw.is_null() {
        return Value::Null;
    }
    let kind = raw.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" | "INT4" | "BIGINT" => row.try_get_unchecked::<i64, _>(at).map_or(Value::Null, Value::from),
        "BOOLEAN" => row.try_get_unchecked::<bool, _>(at).map_or(Value::Null, Value::from),
        "REAL" => row
            .try_get_unchecked::<f64, _>(at)
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or(Value::Null, Value::Number),
        "BLOB" | "NULL" => Value::Null,
        _ => row.try_get_unchecked::<String, _>(at).map_or(Value::Null, Value::from),
    }
}
