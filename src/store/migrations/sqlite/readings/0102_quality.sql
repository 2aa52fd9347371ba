-- What the tests of quality thought of a reading when it came: four bits for each test (sensors::quality). Null: none was made.
alter table reading add column marks bigint;

-- What they think since a later reading told more. Marks are never rewritten: each is another version. That a value that was not yet
-- known to stand out turned out not to is said nowhere, because it happens to nearly every value.
create table reading_mark (
    sensor_id blob not null,
    quantity  text   not null,
    read_at   bigint not null,
    -- 1 is the first that differs from what stands with the reading.
    version   bigint not null,
    marks     bigint not null,
    judged_at bigint not null,
    primary key (read_at, sensor_id, quantity, version)
);
