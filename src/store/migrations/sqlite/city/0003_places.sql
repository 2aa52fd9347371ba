-- The map this city uses, by content, so that every node works on the same one. Zone codes stay stable across versions.
create table map_version (
    -- Hex SHA-256 of the files.
    hash        text   not null primary key,
    -- File name to text, as imported.
    files       text  not null,
    recorded_at bigint not null
);
