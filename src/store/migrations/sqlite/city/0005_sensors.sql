-- What measures at one place. What is said of it here does not change; its state has a history of its own.
create table sensor (
    id                     blob    not null primary key,
    -- [a-z0-9-]{1,64}: stands in topics, payloads and files.
    code                   text    not null unique,
    -- Language (BCP 47) to name.
    name                   text   not null,
    -- JSON list of what it measures: 'stage_m', 'snow_depth_cm' …
    quantities             text   not null,
    -- WGS 84 degrees.
    lon                    real not null,
    lat                    real not null,
    -- Code of the leaf zone it stands in; null outside of all zones.
    zone                   text,
    -- Code of the reach whose water it measures.
    reach                  text,
    -- Code of the map's gauge it is.
    gauge                  text,
    -- JSON: quantity to {yellow, orange, red, source}, in the quantity's unit.
    thresholds             text   not null,
    -- Seconds between two readings when all is well.
    expected_interval_secs integer not null check (expected_interval_secs > 0),
    created_at             bigint  not null,
    -- When it was taken out of service; its readings stay.
    retired_at             bigint,
    exercise_id            blob references exercise (id)
);

-- What was known of a sensor, and since when. Append-only; the last row of a sensor is its state now.
create table sensor_state (
    seq         integer primary key autoincrement,
    sensor_id   blob   not null references sensor (id),
    -- 'never' heard, 'ok', 'silent', or put aside by staff ('quarantine').
    state       text   not null check (state in ('never', 'ok', 'silent', 'quarantine')),
    -- Why, in a word for programs: 'registered', 'heard', 'overdue', 'last will', 'staff'.
    reason      text   not null,
    recorded_at bigint not null
);
create index sensor_state_by_sensor on sensor_state (sensor_id, seq);
