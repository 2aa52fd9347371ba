-- What assessment made of readings and reports. States are append-only: any past moment can be asked for.

-- How far the facts have been read, by arrival and not by time, which late data would slip past.
create table assess_cursor (
    -- 'readings' or 'reports'.
    facts    text   not null primary key check (facts in ('readings', 'reports')),
    -- The transaction of the last fact (0 on SQLite) and its number.
    tx       bigint not null,
    seq      bigint not null,
    moved_at bigint not null
);

-- The rules in use, by content, since when.
create table rule_state (
    version     integer primary key autoincrement,
    -- Hex SHA-256 of the rule files.
    hash        text   not null,
    -- File name to text.
    files       text  not null,
    recorded_at bigint not null
);

-- Where each sensor stands against its thresholds: the memory of hysteresis and dwell.
create table watch (
    sensor_id blob   not null,
    quantity  text   not null,
    -- The level that holds now.
    level     text   not null check (level in ('green', 'yellow', 'orange', 'red')),
    -- Runs above and below thresholds, as `assess::watch` writes them.
    memory    text  not null,
    -- Device time of the newest reading that was taken into account.
    read_at   bigint not null,
    primary key (sensor_id, quantity)
);

-- What happens somewhere, from the first sign to the last.
create table incident (
    id          blob   not null primary key,
    hazard      text   not null check (hazard in ('flood', 'snow', 'ice')),
    started_at  bigint not null,
    -- The last time a sign came.
    last_sign_at bigint not null,
    closed_at   bigint,
    exercise_id blob
);
create index incident_open on incident (hazard, started_at) where closed_at is null;

-- What was thought of an incident, from when on. The newest version is what is thought now.
create table incident_state (
    incident_id   blob    not null references incident (id),
    version       bigint  not null,
    recorded_at   bigint  not null,
    state         text    not null check (state in ('candidate', 'confirmed', 'closed')),
    level         text    not null check (level in ('green', 'yellow', 'orange', 'red')),
    -- Thousandths of a natural log-odds: integers give the same result on every machine.
    log_odds_mnat integer not null,
    -- Zone codes with share and minutes.
    zones         text   not null,
    -- GeoJSON geometry of the footprint; null when no ground is known.
    footprint     text,
    -- Where, per language.
    place         text   not null,
    -- The evidence in words, each with its weight.
    reasons       text   not null,
    -- Content hashes of the map and the rules this rests on.
    map_hash      text    not null,
    rules_hash    text    not null,
    primary key (incident_id, version)
);

-- A sign: a sensor crossed a threshold, or somebody reported. Belongs to one incident.
create table signal (
    id          blob    not null primary key,
    incident_id blob    not null references incident (id),
    kind        text    not null check (kind in ('sensor', 'report')),
    sensor_id   blob,
    quantity    text,
    report_id   blob,
    -- What it says by itself.
    level       text    not null check (level in ('green', 'yellow', 'orange', 'red')),
    value       real,
    -- The threshold that was crossed, in the unit of the quantity.
    threshold   real,
    lon         real not null,
    lat         real not null,
    -- When it was so (device or report time), and when we learned it.
    at          bigint  not null,
    recorded_at bigint  not null,
    exercise_id blob
);
create index signal_by_incident on signal (incident_id, at);
-- A report is one sign, however often its row is read.
create unique index signal_of_report on signal (report_id) where report_id is not null;

-- The level of a zone, from when on. Append-only; the newest row holds.
create table zone_state (
    version     integer primary key autoincrement,
    zone        text   not null,
    recorded_at bigint not null,
    level       text   not null check (level in ('unknown', 'green', 'yellow', 'orange', 'red')),
    hazard      text,
    incident_id blob,
    -- Why, per language.
    reason      text  not null,
    exercise_id blob
);
create index zone_state_by_zone on zone_state (zone, version);

-- An alert that assessment proposes. Who adopts it as a draft is its author.
create table proposal (
    id          blob   not null primary key,
    incident_id blob   not null references incident (id),
    -- 'alert', 'update' or 'all_clear'.
    kind        text   not null check (kind in ('alert', 'update', 'all_clear')),
    hazard      text   not null,
    level       text   not null,
    -- `alerts::Content`.
    content     text  not null,
    reasons     text  not null,
    made_at     bigint not null,
    state       text   not null check (state in ('open', 'adopted', 'dismissed', 'superseded')),
    settled_at  bigint,
    -- Who adopted or dismissed it; null when a newer one took its place.
    settled_by  blob references person (id),
    -- Why it was dismissed, in the officer's words.
    why         text,
    exercise_id blob
);
create index proposal_open on proposal (made_at) where state = 'open';
create index proposal_by_incident on proposal (incident_id, made_at);
