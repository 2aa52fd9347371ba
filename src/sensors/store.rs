//! SQL of sensors: who they are and how they are heard (city), what they sent (readings).
//! Used by this room, by `assess` (readings after a cursor, latest, history) and by the API.
//! Readings are kept in batches; a key that is already there stays as it was.

use std::collections::{BTreeMap, HashSet};

use futures_util::TryStreamExt;
use jiff::Timestamp;
use maps::{GaugeCode, Position, ReachCode, Texts, Thresholds, ZoneCode};
use sqlx::{QueryBuilder, Sqlite, types::Json};
use uuid::Uuid;

use super::{
    quantity::Quantity,
    reading::{Arrival, Flag, LaterMarks, Latest, NewReading, Point, Reading},
    sensor::{Sensor, SensorCode, SensorState},
    thin::Thinner,
};
use crate::{
    id::{ExerciseId, SensorId},
    on,
    store::{At, Engine, Fault, ReadingsTx, Tx},
};

/// Rows of one SQLite insert: constant, so that the statement cache holds one statement; the rest goes row by row.
const CHUNK_ROWS: usize = 100;

#[derive(sqlx::FromRow)]
struct SensorRow {
    id: SensorId,
    code: SensorCode,
    name: Json<Texts>,
    quantities: Json<Vec<Quantity>>,
    lon: f64,
    lat: f64,
    zone: Option<String>,
    reach: Option<String>,
    gauge: Option<String>,
    thresholds: Json<BTreeMap<Quantity, Thresholds>>,
    expected_interval_secs: i32,
    state: SensorState,
    state_since: At,
    exercise_id: Option<ExerciseId>,
}

impl TryFrom<SensorRow> for Sensor {
    type Error = Fault;

    fn try_from(row: SensorRow) -> Result<Self, Fault> {
        let decode = |fault: Box<dyn std::error::Error + Send + Sync>| Fault::Decode(fault);
        Ok(Self {
            id: row.id,
            code: row.code,
            name: row.name.0,
            quantities: row.quantities.0,
            position: Position::new(row.lon, row.lat).map_err(|fault| decode(fault.into()))?,
            zone: row.zone.map(ZoneCode::new).transpose().map_err(|fault| decode(fault.into()))?,
            reach: row.reach.map(ReachCode::new).transpose().map_err(|fault| decode(fault.into()))?,
            gauge: row.gauge.map(GaugeCode::new).transpose().map_err(|fault| decode(fault.into()))?,
            thresholds: row.thresholds.0,
            expected_interval_secs: row.expected_interval_secs,
            state: row.state,
            state_since: row.state_since.0,
            exercise: row.exercise_id,
        })
    }
}

/// One change of a sensor's state, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct StateChange {
    /// Whether it was heard.
    pub state: SensorState,
    /// Why, in a word for programs.
    pub reason: String,
    /// Since when we know.
    pub recorded_at: At,
}

const SENSORS: &str = "select s.id, s.code, s.name, s.quantities, s.lon, s.lat, s.zone, s.reach, s.gauge, s.thresholds,
        s.expected_interval_secs, st.state, st.recorded_at as state_since, s.exercise_id
 from sensor s
 join sensor_state st on st.sensor_id = s.id
     and st.seq = (select max(seq) from sensor_state newest where newest.sensor_id = s.id)
 where s.retired_at is null";

impl Tx {
    /// Every sensor in service, by code, with its state now.
    pub async fn sensors(&mut self) -> Result<Vec<Sensor>, Fault> {
        let rows: Vec<SensorRow> = on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{SENSORS} order by s.code"))).fetch_all(conn).await
        })?;
        rows.into_iter().map(Sensor::try_from).collect()
    }

    /// Two numbers that change whenever what [`Tx::sensors`] gives does: how many sensors are in service, and their states' numbers
    /// added up. A sensor's row is never changed, only its state.
    pub async fn sensors_mark(&mut self) -> Result<(i64, i64), Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select count(*), cast(coalesce(sum(newest), 0) as bigint)
                 from (select (select max(seq) from sensor_state st where st.sensor_id = s.id) as newest
                       from sensor s
                       where s.retired_at is null) states",
            )
            .fetch_one(conn)
            .await
        })
    }

    /// One sensor in service.
    pub async fn sensor(&mut self, id: SensorId) -> Result<Option<Sensor>, Fault> {
        let row: Option<SensorRow> = on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{SENSORS} and s.id = $1"))).bind(id).fetch_optional(conn).await
        })?;
        row.map(Sensor::try_from).transpose()
    }

    /// One sensor in service, by its code.
    pub async fn sensor_by_code(&mut self, code: &SensorCode) -> Result<Option<Sensor>, Fault> {
        let row: Option<SensorRow> = on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{SENSORS} and s.code = $1")))
                .bind(code.as_str())
                .fetch_optional(conn)
                .await
        })?;
        row.map(Sensor::try_from).transpose()
    }

    /// Registers a sensor with its first state, 'never'. `false` when the code is taken.
    pub(super) async fn insert_sensor(&mut self, sensor: &Sensor, at: Timestamp) -> Result<bool, Fault> {
        let inserted = on!(self, |conn| {
            sqlx::query(
                "insert into sensor
                     (id, code, name, quantities, lon, lat, zone, reach, gauge, thresholds, expected_interval_secs,
                      created_at, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 on conflict (code) do nothing",
            )
            .bind(sensor.id)
            .bind(sensor.code.as_str())
            .bind(Json(&sensor.name))
            .bind(Json(&sensor.quantities))
            .bind(sensor.position.lon())
            .bind(sensor.position.lat())
            .bind(sensor.zone.as_ref().map(ZoneCode::as_str))
            .bind(sensor.reach.as_ref().map(ReachCode::as_str))
            .bind(sensor.gauge.as_ref().map(GaugeCode::as_str))
            .bind(Json(&sensor.thresholds))
            .bind(sensor.expected_interval_secs)
            .bind(At(at))
            .bind(sensor.exercise)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() > 0)
        })?;
        if inserted {
            self.put_sensor_state(sensor.id, sensor.state, "registered", at).await?;
        }
        Ok(inserted)
    }

    /// Records that a sensor's state changed.
    pub(super) async fn put_sensor_state(
        &mut self,
        sensor: SensorId,
        state: SensorState,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("insert into sensor_state (sensor_id, state, reason, recorded_at) values ($1, $2, $3, $4)")
                .bind(sensor)
                .bind(state)
                .bind(reason)
                .bind(At(at))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// The states of a sensor, oldest first, at most `limit` of the newest.
    pub async fn sensor_states(&mut self, sensor: SensorId, limit: i64) -> Result<Vec<StateChange>, Fault> {
        let mut states: Vec<StateChange> = on!(self, |conn| {
            sqlx::query_as(
                "select state, reason, recorded_at from sensor_state where sensor_id = $1 order by seq desc limit $2",
            )
            .bind(sensor)
            .bind(limit)
            .fetch_all(conn)
            .await
        })?;
        states.reverse();
        Ok(states)
    }
}

/// A device time of one quantity of one sensor: what a reading is known by.
type Key = (i64, Uuid, String);

fn key(reading: &NewReading) -> Key {
    (reading.read_at.as_microsecond(), reading.sensor.0, reading.quantity.as_str().to_owned())
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Those that are new.
    pub new: Vec<NewReading>,
    /// How many were there already, with the same value.
    pub again: usize,
    /// How many disagree with what is there; the first value stands.
    pub conflicts: usize,
}

#[derive(sqlx::FromRow)]
struct ReadingRow {
    arrival_tx: i64,
    arrival_seq: i64,
    sensor_id: SensorId,
    quantity: Quantity,
    read_at: At,
    received_at: At,
    value: f64,
    flag: Flag,
    exercise_id: Option<ExerciseId>,
}

#[derive(sqlx::FromRow)]
struct LatestRow {
    sensor_id: SensorId,
    quantity: Quantity,
    read_at: At,
    received_at: At,
    value: f64,
    flag: Flag,
    heard_at: At,
}

impl From<LatestRow> for Latest {
    fn from(row: LatestRow) -> Self {
        Self {
            sensor: row.sensor_id,
            quantity: row.quantity,
            read_at: row.read_at.0,
            received_at: row.received_at.0,
            value: row.value,
            flag: row.flag,
            heard_at: row.heard_at.0,
        }
    }
}

impl ReadingsTx {
    /// Keeps a batch: new keys are inserted, known ones compared, and the latest values brought up to date.
    ///
    /// O(n log n) for n readings, few statements. Every node writes keys in the same order, so two batches never wait for each other
    /// in a circle.
    pub async fn put_readings(
        &mut self,
        readings: &[NewReading],
        received_at: Timestamp,
        exercise: Option<ExerciseId>,
    ) -> Result<Kept, Fault> {
        let mut firsts: BTreeMap<Key, NewReading> = BTreeMap::new();
        let mut seconds: Vec<NewReading> = Vec::new();
        for reading in readings {
            match firsts.entry(key(reading)) {
                std::collections::btree_map::Entry::Vacant(free) => {
                    free.insert(*reading);
                }
                std::collections::btree_map::Entry::Occupied(_) => seconds.push(*reading),
            }
        }
        let rows: Vec<NewReading> = firsts.values().copied().collect();
        let inserted = self.insert_readings(&rows, received_at, exercise).await?;
        let mut kept = Kept::default();
        for (known, reading) in &firsts {
            if inserted.contains(known) {
                kept.new.push(*reading);
            } else {
                seconds.push(*reading);
            }
        }
        for reading in seconds {
            let stands = match firsts.get(&key(&reading)).filter(|_| inserted.contains(&key(&reading))) {
                Some(first) => Some(first.value),
                None => self.value_at(&reading).await?,
            };
            // Equal to the bit: a device that repeats itself sends the same text.
            if stands.is_some_and(|value| value.to_bits() != reading.value.to_bits()) {
                self.put_conflict(&reading, received_at).await?;
                kept.conflicts += 1;
            } else {
                kept.again += 1;
            }
        }
        self.put_latest(readings, received_at).await?;
        Ok(kept)
    }

    async fn insert_readings(
        &mut self,
        rows: &[NewReading],
        received_at: Timestamp,
        exercise: Option<ExerciseId>,
    ) -> Result<HashSet<Key>, Fault> {
        let returned: Vec<(i64, Uuid, String)> = match &mut self.0.engine {
            Engine::Sqlite(tx) => {
                let mut returned = Vec::with_capacity(rows.len());
                let (full, rest) = rows.split_at(rows.len() / CHUNK_ROWS * CHUNK_ROWS);
                for chunk in full.chunks(CHUNK_ROWS).chain(rest.chunks(1)) {
                    let mut insert: QueryBuilder<Sqlite> = QueryBuilder::new(
                        "insert into reading (sensor_id, quantity, read_at, received_at, value, flag, marks, exercise_id) ",
                    );
                    insert.push_values(chunk, |mut row, reading| {
                        row.push_bind(reading.sensor)
                            .push_bind(reading.quantity)
                            .push_bind(At(reading.read_at))
                            .push_bind(At(received_at))
                            .push_bind(reading.value)
                            .push_bind(reading.flag)
                            .push_bind(reading.marks.packed())
                            .push_bind(exercise);
                    });
                    insert.push(
                        " on conflict (read_at, sensor_id, quantity) do nothing returning read_at, sensor_id, quantity",
                    );
                    returned.extend(insert.build_query_as::<Key>().fetch_all(&mut **tx).await?);
                }
                returned
            }
            // postgres: UNNEST keeps a whole batch in one round trip (facts: 3 to 4 times faster than row by row on TCP).
            Engine::Postgres(tx) => {
                sqlx::query_as(
                    "insert into reading
                         (arrival_tx, sensor_id, quantity, read_at, received_at, value, flag, marks, exercise_id)
                     select pg_current_xact_id()::text::bigint, r.sensor_id, r.quantity, r.read_at, $6, r.value, r.flag, r.marks, $7
                     from unnest($1::uuid[], $2::text[], $3::bigint[], $4::double precision[], $5::text[], $8::bigint[])
                         as r (sensor_id, quantity, read_at, value, flag, marks)
                     on conflict (read_at, sensor_id, quantity) do nothing
                     returning read_at, sensor_id, quantity",
                )
                .bind(rows.iter().map(|reading| reading.sensor.0).collect::<Vec<_>>())
                .bind(rows.iter().map(|reading| reading.quantity.as_str().to_owned()).collect::<Vec<_>>())
                .bind(rows.iter().map(|reading| reading.read_at.as_microsecond()).collect::<Vec<_>>())
                .bind(rows.iter().map(|reading| reading.value).collect::<Vec<_>>())
                .bind(rows.iter().map(|reading| reading.flag.as_str().to_owned()).collect::<Vec<_>>())
                .bind(At(received_at))
                .bind(exercise)
                .bind(rows.iter().map(|reading| reading.marks.packed()).collect::<Vec<_>>())
                .fetch_all(&mut **tx)
                .await?
            }
        };
        Ok(returned.into_iter().collect())
    }

    async fn value_at(&mut self, reading: &NewReading) -> Result<Option<f64>, Fault> {
        on!(self.0, |conn| {
            sqlx::query_scalar("select value from reading where read_at = $1 and sensor_id = $2 and quantity = $3")
                .bind(At(reading.read_at))
                .bind(reading.sensor)
                .bind(reading.quantity)
                .fetch_optional(conn)
                .await
        })
    }

    async fn put_conflict(&mut self, reading: &NewReading, received_at: Timestamp) -> Result<(), Fault> {
        on!(self.0, |conn| {
            sqlx::query(
                "insert into reading_conflict (sensor_id, quantity, read_at, value, received_at, count)
                 values ($1, $2, $3, $4, $5, 1)
                 on conflict (read_at, sensor_id, quantity) do update set
                     value = excluded.value,
                     received_at = excluded.received_at,
                     count = reading_conflict.count + 1",
            )
            .bind(reading.sensor)
            .bind(reading.quantity)
            .bind(At(reading.read_at))
            .bind(reading.value)
            .bind(At(received_at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// How often a device disagreed with itself about one device time.
    pub async fn conflicts(&mut self, sensor: SensorId) -> Result<i64, Fault> {
        on!(self.0, |conn| {
            sqlx::query_scalar(
                "select cast(coalesce(sum(count), 0) as bigint) from reading_conflict where sensor_id = $1",
            )
            .bind(sensor)
            .fetch_one(conn)
            .await
        })
    }

    async fn put_latest(&mut self, readings: &[NewReading], received_at: Timestamp) -> Result<(), Fault> {
        // The newest of each quantity, in one order on every node.
        let mut newest: BTreeMap<(SensorId, Quantity), NewReading> = BTreeMap::new();
        for reading in readings {
            let entry = newest.entry((reading.sensor, reading.quantity)).or_insert(*reading);
            if reading.read_at > entry.read_at {
                *entry = *reading;
            }
        }
        for reading in newest.values() {
            on!(self.0, |conn| {
                sqlx::query(
                    "insert into latest_reading (sensor_id, quantity, read_at, received_at, value, flag, heard_at)
                     values ($1, $2, $3, $4, $5, $6, $4)
                     on conflict (sensor_id, quantity) do update set
                         read_at = case when excluded.read_at > latest_reading.read_at
                             then excluded.read_at else latest_reading.read_at end,
                         received_at = case when excluded.read_at > latest_reading.read_at
                             then excluded.received_at else latest_reading.received_at end,
                         value = case when excluded.read_at > latest_reading.read_at
                             then excluded.value else latest_reading.value end,
                         flag = case when excluded.read_at > latest_reading.read_at
                             then excluded.flag else latest_reading.flag end,
                         heard_at = excluded.heard_at",
                )
                .bind(reading.sensor)
                .bind(reading.quantity)
                .bind(At(reading.read_at))
                .bind(At(received_at))
                .bind(reading.value)
                .bind(reading.flag)
                .execute(conn)
                .await
                .map(drop)
            })?;
        }
        Ok(())
    }

    /// Readings that came after a cursor, in the order of their commits, at most `limit`.
    ///
    /// On PostgreSQL nothing of or after the oldest running transaction is given, so that a transaction that commits later can't be
    /// overtaken by the cursor; what it holds comes with a later call. The oldest of the whole server: a long writing transaction in
    /// another of its databases holds this one's readers back as well.
    pub async fn readings_after(&mut self, after: Arrival, limit: i64) -> Result<Vec<Reading>, Fault> {
        let rows: Vec<ReadingRow> = match &mut self.0.engine {
            Engine::Sqlite(tx) => sqlx::query_as(
                "select arrival_tx, arrival_seq, sensor_id, quantity, read_at, received_at, value, flag, exercise_id
                     from reading
                     where arrival_seq > $1
                     order by arrival_seq
                     limit $2",
            )
            .bind(after.seq)
            .bind(limit)
            .fetch_all(&mut **tx)
            .await?,
            // postgres: several writers at once, hence the bound.
            Engine::Postgres(tx) => sqlx::query_as(
                "select arrival_tx, arrival_seq, sensor_id, quantity, read_at, received_at, value, flag, exercise_id
                     from reading
                     where (arrival_tx, arrival_seq) > ($1, $2)
                       and arrival_tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                     order by arrival_tx, arrival_seq
                     limit $3",
            )
            .bind(after.tx)
            .bind(after.seq)
            .bind(limit)
            .fetch_all(&mut **tx)
            .await?,
        };
        Ok(rows
            .into_iter()
            .map(|row| Reading {
                arrival: Arrival { tx: row.arrival_tx, seq: row.arrival_seq },
                sensor: row.sensor_id,
                quantity: row.quantity,
                read_at: row.read_at.0,
                received_at: row.received_at.0,
                value: row.value,
                flag: row.flag,
                exercise: row.exercise_id,
            })
            .collect())
    }

    /// The newest reading of each quantity of these sensors.
    pub async fn latest(&mut self, sensors: &[SensorId]) -> Result<Vec<Latest>, Fault> {
        const QUERY: &str =
            "select sensor_id, quantity, read_at, received_at, value, flag, heard_at from latest_reading";
        let rows: Vec<LatestRow> = match &mut self.0.engine {
            Engine::Sqlite(tx) => {
                let mut rows = Vec::new();
                for chunk in sensors.chunks(1_000) {
                    let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(QUERY);
                    query.push(" where sensor_id in (");
                    let mut list = query.separated(", ");
                    for sensor in chunk {
                        list.push_bind(*sensor);
                    }
                    query.push(") order by sensor_id, quantity");
                    rows.extend(query.build_query_as::<LatestRow>().persistent(false).fetch_all(&mut **tx).await?);
                }
                rows
            }
            // postgres: one array instead of a list of any length.
            Engine::Postgres(tx) => {
                sqlx::query_as(sqlx::AssertSqlSafe(format!(
                    "{QUERY} where sensor_id = any($1) order by sensor_id, quantity"
                )))
                .bind(sensors.iter().map(|sensor| sensor.0).collect::<Vec<_>>())
                .fetch_all(&mut **tx)
                .await?
            }
        };
        Ok(rows.into_iter().map(Latest::from).collect())
    }

    /// The newest reading of each quantity of every sensor.
    pub async fn latest_of_all(&mut self) -> Result<Vec<Latest>, Fault> {
        let rows: Vec<LatestRow> = on!(self.0, |conn| {
            sqlx::query_as(
                "select sensor_id, quantity, read_at, received_at, value, flag, heard_at
                 from latest_reading
                 order by sensor_id, quantity",
            )
            .fetch_all(conn)
            .await
        })?;
        Ok(rows.into_iter().map(Latest::from).collect())
    }

    /// Removes readings whose device time and arrival both lie before `before`, and what disagreed with them; latest values stay.
    ///
    /// At most `limit` of each, the oldest first: O(limit · log n), since the key begins with the time. Gives how many.
    pub async fn remove_readings(&mut self, before: Timestamp, limit: i64) -> Result<u64, Fault> {
        let readings = match &mut self.0.engine {
            Engine::Sqlite(tx) => sqlx::query(
                "delete from reading
                 where arrival_seq in (
                     select arrival_seq from reading where read_at < $1 and received_at < $1 order by read_at limit $2
                 )",
            )
            .bind(At(before))
            .bind(limit)
            .execute(&mut **tx)
            .await?
            .rows_affected(),
            // postgres: the key is the time; the arrival has no index of its own.
            Engine::Postgres(tx) => sqlx::query(
                "delete from reading
                 using (
                     select read_at, sensor_id, quantity from reading
                     where read_at < $1 and received_at < $1
                     order by read_at
                     limit $2
                 ) as old
                 where reading.read_at = old.read_at and reading.sensor_id = old.sensor_id and reading.quantity = old.quantity",
            )
            .bind(At(before))
            .bind(limit)
            .execute(&mut **tx)
            .await?
            .rows_affected(),
        };
        let conflicts = on!(self.0, |conn| {
            sqlx::query(
                "delete from reading_conflict
                 where (read_at, sensor_id, quantity) in (
                     select read_at, sensor_id, quantity from reading_conflict
                     where read_at < $1 and received_at < $1
                     order by read_at
                     limit $2
                 )",
            )
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })?;
        let marks = on!(self.0, |conn| {
            sqlx::query(
                "delete from reading_mark
                 where (read_at, sensor_id, quantity, version) in (
                     select read_at, sensor_id, quantity, version from reading_mark
                     where read_at < $1 and judged_at < $1
                     order by read_at
                     limit $2
                 )",
            )
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })?;
        Ok(readings + conflicts + marks)
    }

    /// The readings of one quantity of one sensor with `from` ≤ device time < `until`, oldest first, at most `points_max` (≥ 4).
    ///
    /// More are thinned to the least and the greatest value of each of `points_max / 2` equal stretches of time, so that no peak is
    /// lost. O(readings of all sensors in that time): the key begins with the time.
    pub async fn history(
        &mut self,
        sensor: SensorId,
        quantity: Quantity,
        from: Timestamp,
        until: Timestamp,
        points_max: usize,
    ) -> Result<Vec<Point>, Fault> {
        let mut thinner = Thinner::new(from, until, points_max);
        on!(self.0, |conn| {
            let mut rows = sqlx::query_as::<_, (At, f64, Flag)>(
                "select read_at, value, flag
                 from reading
                 where read_at >= $1 and read_at < $2 and sensor_id = $3 and quantity = $4
                 order by read_at",
            )
            .bind(At(from))
            .bind(At(until))
            .bind(sensor)
            .bind(quantity)
            .fetch(conn);
            while let Some((read_at, value, flag)) = rows.try_next().await? {
                thinner.add(Point { read_at: read_at.0, value, flag });
            }
        });
        Ok(thinner.points())
    }

    /// Writes down what is thought of readings since later ones told more, each as another version.
    pub(super) async fn put_marks(&mut self, later: &[LaterMarks], at: Timestamp) -> Result<(), Fault> {
        for one in later {
            on!(self.0, |conn| {
                sqlx::query(
                    "insert into reading_mark (sensor_id, quantity, read_at, version, marks, judged_at)
                     select $1, $2, $3, coalesce(max(version), 0) + 1, $4, $5
                     from reading_mark where read_at = $3 and sensor_id = $1 and quantity = $2",
                )
                .bind(one.sensor)
                .bind(one.quantity)
                .bind(At(one.read_at))
                .bind(one.marks.packed())
                .bind(At(at))
                .execute(conn)
                .await
                .map(drop)
            })?;
        }
        Ok(())
    }

    /// Everything that was read since then, the oldest first, handed to `take`: what the tests of quality judge the next values by.
    pub(super) async fn read_since(
        &mut self,
        since: Timestamp,
        mut take: impl FnMut(SensorId, Quantity, Timestamp, f64),
    ) -> Result<(), Fault> {
        on!(self.0, |conn| {
            let mut rows = sqlx::query_as::<_, (SensorId, Quantity, At, f64)>(
                "select sensor_id, quantity, read_at, value from reading where read_at >= $1 order by read_at",
            )
            .bind(At(since))
            .fetch(conn);
            while let Some((sensor, quantity, read_at, value)) = rows.try_next().await? {
                take(sensor, quantity, read_at.0, value);
            }
        });
        Ok(())
    }

    /// How often each opinion was had of what was read since then, by sensor and quantity; the newest opinion on each reading counts.
    pub async fn marks_since(&mut self, since: Timestamp) -> Result<Vec<(SensorId, Quantity, i64, i64)>, Fault> {
        on!(self.0, |conn| {
            sqlx::query_as(
                "select r.sensor_id, r.quantity, coalesce(m.marks, r.marks), count(*)
                 from reading r
                 left join reading_mark m on m.read_at = r.read_at and m.sensor_id = r.sensor_id and m.quantity = r.quantity
                     and m.version = (
                         select max(version) from reading_mark newest
                         where newest.read_at = r.read_at and newest.sensor_id = r.sensor_id and newest.quantity = r.quantity
                     )
                 where r.read_at >= $1 and r.marks is not null
                 group by r.sensor_id, r.quantity, coalesce(m.marks, r.marks)
                 order by r.sensor_id, r.quantity",
            )
            .bind(At(since))
            .fetch_all(conn)
            .await
        })
    }
}
