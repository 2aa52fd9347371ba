-- Alerts from draft to end. Written by `issue` and by nothing else.

-- One CAP message of ours, and where it stands.
create table alert (
    id            blob    not null primary key,
    -- What it tells the world: a first warning, news, that the danger passed, or that it was issued in error.
    kind          text    not null check (kind in ('alert', 'update', 'all_clear', 'cancel')),
    stage         text    not null check (stage in ('draft', 'approved', 'live', 'ended')),
    -- How it ended; null before.
    ending        text    check (ending in ('expired', 'updated', 'all_clear', 'cancelled', 'discarded')),
    -- Messages about one matter share it: the incident's id, or the id of the first alert. References are made within it.
    thread_id     blob    not null,
    -- The incident it is about; null when staff wrote it on their own.
    incident_id   blob,
    -- The proposal it was adopted from; null for any other draft.
    proposal_id   blob    unique,
    -- Number of the current content in alert_revision, from 1.
    revision      integer not null,
    -- The current content; frozen once live.
    content       text   not null,
    -- SHA-256 of the content's canonical text (`alerts::Content::hash`).
    content_hash  blob   not null,
    -- Until when the content holds.
    expires_at    bigint  not null,
    -- Ids of everybody who wrote or edited it, in order, as a JSON list. None of them can approve it.
    authors       text   not null,
    created_at    bigint  not null,
    -- The approval that is in force; all three or none. An edit clears them, the history keeps them.
    approved_by   blob    references person (id),
    approved_at   bigint,
    approved_hash blob,
    -- Publication: all or none, and never changed.
    published_by  blob    references person (id),
    published_at  bigint,
    identifier    text    unique,
    sender        text,
    -- CAP `sent`, letter by letter, since references repeat it.
    sent          text,
    -- The exact document that was published.
    cap_xml       text,
    ended_at      bigint,
    -- The drill or demo it belongs to; null means real.
    exercise_id   blob    references exercise (id),
    check ((stage = 'ended') = (ending is not null)),
    check ((stage = 'ended') = (ended_at is not null)),
    check ((published_at is null) = (cap_xml is null)),
    check (stage <> 'live' or published_at is not null),
    check (stage <> 'approved' or approved_by is not null)
);
create index alert_by_stage on alert (stage, expires_at);
create index alert_by_thread on alert (thread_id);
create index alert_by_publication on alert (published_at);

-- Every content an alert ever had, with who wrote it. Append-only.
create table alert_revision (
    alert_id     blob    not null references alert (id),
    revision     integer not null,
    content      text   not null,
    content_hash blob   not null,
    written_by   blob    not null references person (id),
    recorded_at  bigint  not null,
    primary key (alert_id, revision)
);

-- What happened to an alert, in order. Append-only: with alert_revision, any past moment can be asked for.
create table alert_history (
    seq         integer primary key autoincrement,
    alert_id    blob    not null references alert (id),
    recorded_at bigint  not null,
    action      text    not null check (action in
                    ('adopted', 'drafted', 'edited', 'approved', 'published', 'updated', 'cleared', 'cancelled', 'expired', 'discarded')),
    -- Null when time did it.
    by_person   blob    references person (id),
    -- The content at that moment.
    revision    integer not null,
    -- Where it stood afterwards.
    stage       text    not null,
    -- The other alert of the story: what this one was drafted about, or what ended it.
    other_alert blob    references alert (id),
    -- The reason that staff gave, for staff.
    why         text
);
create index alert_history_by_alert on alert_history (alert_id, seq);

-- The zones of a published alert, frozen.
create table alert_zone (
    alert_id  blob not null references alert (id),
    zone_code text not null,
    primary key (alert_id, zone_code)
);
create index alert_zone_by_zone on alert_zone (zone_code);

-- Which of our alerts a published one references, in CAP's order; frozen.
create table alert_reference (
    alert_id blob    not null references alert (id),
    position integer not null,
    about_id blob    not null references alert (id),
    -- Whether the one referenced was live until then, and ended by this.
    ended    boolean not null,
    primary key (alert_id, position)
);
create index alert_reference_by_about on alert_reference (about_id);
