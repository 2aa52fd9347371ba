-- The shape of the ground, by content, so that every node has the same.
create table terrain (
    -- Hex SHA-256 of the bytes.
    hash        text   not null primary key,
    -- Of the map it was worked out with.
    map_hash    text   not null,
    recorded_at bigint not null
);
create index terrain_by_map on terrain (map_hash);

-- Its bytes, a mebibyte in each row but the last.
create table terrain_part (
    hash  text   not null references terrain (hash),
    part  bigint not null,
    bytes bytea   not null,
    primary key (hash, part)
);

-- GeoJSON geometries of the ground that is flooded with a probability of 0.8 and of 0.5 or more; null where no terrain tells.
alter table incident_state add column bands jsonb;
