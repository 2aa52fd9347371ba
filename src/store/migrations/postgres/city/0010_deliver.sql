-- From a decision to a telephone: broadcasts, whom they tell, notices, attempts, answers.

-- One alert to its audience. Written by the publishing transaction; expanded into notices in bounded steps.
create table broadcast (
    id           uuid    not null primary key,
    alert_id     uuid    not null unique,
    kind         text    not null check (kind in ('alert', 'update', 'all_clear', 'cancel')),
    -- The CAP identifier, frozen.
    identifier   text    not null,
    -- What the alert says, frozen: texts by language, zones, shapes.
    content      jsonb   not null,
    -- The published CAP message, byte for byte.
    cap_xml      text    not null,
    -- The frozen audience rule: zone codes, and alerts everyone told by which is told as well.
    zones        jsonb   not null,
    told_by      jsonb   not null,
    -- A threat to life, or the news that one has passed: quiet hours do not hold it back.
    urgent       boolean not null,
    published_at bigint  not null,
    expires_at   bigint  not null,
    -- When it was over: expired, replaced by a later alert, or cancelled. Null while it holds.
    ended_at     bigint,
    -- How far the audience has become notices: 'fan_out', 'told', 'zones', 'done', 'stopped'.
    step         text    not null check (step in ('fan_out', 'told', 'zones', 'done', 'stopped')),
    -- The last person of the step who has been told; null at its start.
    step_after   uuid,
    -- Everyone who is told, so far.
    people       integer not null,
    exercise_id  uuid
);
create index broadcast_to_expand on broadcast (published_at) where step in ('fan_out', 'told', 'zones');
create index broadcast_live on broadcast (expires_at) where ended_at is null;

-- Somebody whom a broadcast tells: one row per person, whatever number of channels it takes.
create table recipient (
    broadcast_id uuid    not null references broadcast (id),
    person_id    uuid    not null references person (id),
    -- Why this person is told, every reason: in a zone, mentor of, told by an earlier alert.
    reasons      jsonb   not null,
    told_at      bigint  not null,
    -- When the next contact is tried, unless an answer comes first. Null: answered, or no contact is left.
    escalate_at  bigint,
    -- The latest answer and when it came.
    answer       text,
    answered_at  bigint,
    primary key (broadcast_id, person_id)
);
create index recipient_to_escalate on recipient (escalate_at) where escalate_at is not null;
create index recipient_by_person on recipient (person_id);

-- One message to one person (or one system) by one channel. Nothing is sent except from here.
create table notice (
    id           uuid    not null primary key,
    -- What makes it one: the same key a second time makes no second notice.
    key          text    not null unique,
    broadcast_id uuid references broadcast (id),
    alert_id     uuid,
    report_id    uuid,
    -- Null for systems, and for people who wrote without an account.
    person_id    uuid references person (id),
    -- Null for systems.
    contact_id   uuid references contact (id),
    -- The system that is told, by its name in the configuration; null for people.
    target       text,
    channel      text    not null check (channel in ('mqtt', 'webhook', 'email', 'sms', 'live')),
    -- The queue it stands in: a channel, or one target of a channel. A stuck lane delays no other.
    lane         text    not null,
    -- 0 a threat to life, 1 a code that somebody waits for, 2 everything else.
    priority     integer not null,
    -- Why this person is told, every reason.
    reasons      jsonb   not null,
    -- BCP 47.
    language     text    not null,
    subject      text    not null,
    body         text    not null,
    -- The short text for SMS.
    sms          text    not null,
    -- What programs get (MQTT, webhook); null where the channel makes it from the texts.
    payload      jsonb,
    -- What is asked: 'receipt' or 'what_do_you_see'; null when no answer is wanted.
    question     text check (question in ('receipt', 'what_do_you_see')),
    -- A small number by which an SMS reply names this one among several open ones.
    reference    integer,
    -- SHA-256 of the secret in the link; null without a link.
    link_digest  bytea unique,
    link_until   bigint,
    -- Goes out with that one: a family's telephone rings once.
    merged_into  uuid references notice (id),
    state        text    not null check (state in ('waiting', 'sent', 'delivered', 'failed', 'withdrawn')),
    attempts     integer not null,
    -- Attempts that failed, or never ended, since it was last sent.
    failures     integer not null,
    made_at      bigint  not null,
    -- When it is sent next; null when there is nothing more to send.
    due_at       bigint,
    -- Who is sending it, and until when; a lease that ran out is free, and its late finish changes nothing.
    lease        uuid,
    lease_until  bigint,
    -- What went wrong last, as staff read it.
    last_error   text,
    -- What the gateway called it.
    receipt      text,
    sent_at      bigint,
    delivered_at bigint,
    answer       text,
    answered_at  bigint,
    -- After this it is no longer true and is not sent.
    expires_at   bigint,
    exercise_id  uuid
);
create index notice_due on notice (lane, priority, due_at) where due_at is not null;
create index notice_by_broadcast on notice (broadcast_id, id);
create index notice_by_contact on notice (contact_id, made_at);
create index notice_by_person on notice (person_id, made_at);
create index notice_merged on notice (merged_into) where merged_into is not null;

-- One try to send a notice.
create table attempt (
    id         uuid   not null primary key,
    notice_id  uuid   not null references notice (id),
    lane       text   not null,
    started_at bigint not null,
    -- Null while it runs, and for good when the worker died.
    ended_at   bigint,
    -- 'sent', 'retry', 'final', 'lost' (the lease had run out).
    verdict    text check (verdict in ('sent', 'retry', 'final', 'lost')),
    -- The receipt, or what went wrong.
    detail     text
);
create index attempt_by_notice on attempt (notice_id, started_at);
create index attempt_by_lane on attempt (lane, started_at);

-- What came back, every different answer once.
create table answer (
    id          uuid    not null primary key,
    notice_id   uuid    not null references notice (id),
    -- 'ack', 'safe', 'need_help', or '0' to '3' for what somebody sees.
    answer      text    not null,
    -- 'link', 'sms', 'api', 'mqtt'.
    via         text    not null check (via in ('link', 'sms', 'api', 'mqtt')),
    answered_at bigint  not null,
    -- It came after the notice had expired or its alert was over.
    late        boolean not null,
    exercise_id uuid,
    unique (notice_id, answer)
);

-- What an unclear SMS was answered with, so that the next number from that telephone is understood.
create table ask_back (
    contact_id uuid   not null primary key references contact (id),
    -- The answer that was given.
    answer     text   not null,
    -- Per line of the list, the notices that it means.
    options    jsonb  not null,
    asked_at   bigint not null,
    expires_at bigint not null
);

-- Zones whose retained message is not what holds now: `written` is behind `wanted`.
create table zone_board (
    zone    text   not null primary key,
    wanted  bigint not null,
    written bigint not null
);

-- What would have left the city, in the demo: the visible inbox.
create table sandbox_message (
    id         uuid   not null primary key,
    at         bigint not null,
    -- 'out' we sent it, 'in' a fake telephone did.
    direction  text   not null check (direction in ('out', 'in')),
    channel    text   not null,
    -- A number or mailbox of the demo's invented people.
    address    text   not null,
    subject    text   not null,
    body       text   not null,
    notice_id  uuid
);
create index sandbox_message_by_time on sandbox_message (at);
