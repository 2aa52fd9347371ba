-- Facts about this database itself.
create table meta (
    -- 'kind' ('real' or 'demo'), 'city' (map hash in use), 'created_at' …
    key   text not null primary key,
    value text not null
);

-- Who decided what, when. Append-only; each row's hash covers the row before it, so that a gap or a change shows.
-- Ids and digests only: no personal data is in the chain.
create table audit (
    seq          bigint not null primary key,
    at           bigint not null,
    -- 'person', 'rule', 'system', 'command'.
    actor_kind   text   not null check (actor_kind in ('person', 'rule', 'system', 'command')),
    actor_id     text,
    -- A verb and its object: 'publish alert'.
    action       text   not null,
    subject_kind text   not null,
    subject_id   text   not null,
    -- Facts of the decision as JSON: ids, digests, counts. Never names, numbers, texts of people.
    facts        jsonb  not null,
    exercise_id  uuid,
    -- SHA-256 over the previous row's hash and this row's canonical text.
    hash         bytea  not null
);
