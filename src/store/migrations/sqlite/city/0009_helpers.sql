-- Who is told, and what a minor may be asked. Names and contacts stand with the person (0001) and are erased there.

-- Helpers who act together, under one mentor.
create table squad (
    id          blob   not null primary key,
    name        text   not null,
    mentor_id   blob references person (id),
    created_at  bigint not null,
    exercise_id blob references exercise (id)
);

-- A mentor's invitation: a secret link that one person can use once.
create table invitation (
    id          blob    not null primary key,
    -- SHA-256 of the link's secret, which is shown once.
    digest      blob   not null unique,
    -- Who invites, and becomes the mentor.
    mentor_id   blob    not null references person (id),
    -- Codes of the leaf zones that the helper may choose as home, as a JSON list; at least one.
    zones       text   not null,
    -- The invitation is for somebody under 18.
    minor       boolean not null,
    squad_id    blob references squad (id),
    created_at  bigint  not null,
    expires_at  bigint  not null,
    used_at     bigint,
    used_by     blob references person (id),
    revoked_at  bigint,
    exercise_id blob references exercise (id)
);
create index invitation_by_mentor on invitation (mentor_id, created_at);

-- A registered helper.
create table helper (
    person_id      blob   not null primary key references person (id),
    -- Looks after this helper; a minor always has one, and the mentor is told of every message.
    mentor_id      blob references person (id),
    -- Until when a guardian has consented to tasks and questions (minors); null = no consent is on file.
    consent_until  bigint,
    squad_id       blob references squad (id),
    invitation_id  blob references invitation (id),
    joined_at      bigint not null,
    -- When they left; null = active.
    left_at        bigint,
    exercise_id    blob references exercise (id)
);
create index helper_by_mentor on helper (mentor_id);

-- The zones that a helper wants to be told about: where they live, work, learn. A row per choice; a withdrawn choice stays.
create table helper_zone (
    person_id   blob   not null references helper (person_id),
    -- Code of a leaf zone, stable across map versions.
    zone        text   not null,
    recorded_at bigint not null,
    withdrawn_at bigint,
    primary key (person_id, zone, recorded_at)
);
create index helper_zone_by_zone on helper_zone (zone, person_id);
