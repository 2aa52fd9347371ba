-- What people tell us. What is personal (who, in which words, from where) stands in tables of its own and can be erased;
-- what is left are facts: what, where, when, and what became of it.

-- One report of one person by one channel.
create table report (
    id            blob    not null primary key,
    -- What the person is told: digits, the last one a check digit (Damm).
    number        text    not null unique,
    -- SHA-256 of the secret by which the person follows it.
    secret_digest blob   not null,
    channel       text    not null check (channel in ('web', 'sms', 'desk', 'app', 'open311')),
    -- 'flood', 'snow', 'ice'; null when neither the person nor the words say.
    hazard        text,
    -- Depth of water or snow in centimetres.
    depth_cm      real,
    -- WGS 84 degrees; both or none.
    lon           real,
    lat           real,
    -- How far off the position may be, in metres; null = unknown.
    accuracy_m    real,
    -- How the position is known.
    located_by    text check (located_by in ('given', 'words')),
    -- The leaf zone that holds the position, by its stable code; null outside the map or when nobody knows where.
    zone          text,
    -- Where it stands now; report_history says how it came there.
    status        text    not null check (status in ('new', 'verified', 'rejected', 'merged', 'closed')),
    -- What sets it apart, as a JSON list of words: 'many_from_sender', 'many_from_address', 'unreadable', 'cut'.
    marks         text   not null,
    -- The earlier report of the same sender that this one belongs to.
    merged_into   blob references report (id),
    -- Who wrote it down at the desk; null when it came by itself.
    entered_by    blob references person (id),
    -- When the person saw it, as far as we know.
    seen_at       bigint  not null,
    received_at   bigint  not null,
    exercise_id   blob references exercise (id)
);
create index report_by_time on report (received_at);

-- What is personal about a report. Erased after the retention period or on demand: every column but the key becomes null.
create table report_person (
    report_id      blob   not null primary key references report (id),
    -- The report in the person's own words.
    words          text,
    -- The place in the person's own words.
    place_words    text,
    name           text,
    -- Who sent it: kind and address of the contact, made uniform.
    sender_kind    text,
    sender_address text,
    -- The network address it came from.
    peer           text,
    -- BCP 47; the language in which the person is answered.
    language       text,
    received_at    bigint not null,
    erased_at      bigint
);
create index report_person_by_sender on report_person (sender_address, received_at);
create index report_person_by_peer on report_person (peer, received_at);

-- What happened to a report, append-only. Each row is an arrival: assessment looks at a report again after each.
create table report_history (
    seq         integer primary key autoincrement,
    -- Always 0: SQLite's only writer numbers rows in the order of commits (store::Arrival).
    tx          bigint  not null default 0,
    report_id   blob    not null references report (id),
    -- The status after it.
    status      text    not null check (status in ('new', 'verified', 'rejected', 'merged', 'closed')),
    -- 'receive', 'merge' (another report was added to this one), 'verify', 'reject', 'close'.
    action      text    not null check (action in ('receive', 'merge', 'verify', 'reject', 'close')),
    -- The other report of a merge.
    other_id    blob references report (id),
    -- The member of staff who did it; null when nobody did.
    by_person   blob references person (id),
    -- Why, in the staff's words; null once erased.
    note        text,
    recorded_at bigint  not null
);
create index report_history_by_report on report_history (report_id, seq);
create index report_history_by_arrival on report_history (tx, seq);

-- Keys by which senders name their requests, so that a repeat gets the same answer.
create table report_key (
    channel        text  not null,
    -- SHA-256 of the key.
    key_digest     blob not null,
    -- SHA-256 of what was sent: another text under the same key is refused.
    request_digest blob not null,
    report_id      blob  not null references report (id),
    -- The tracking secret, sealed with the key itself, which only the sender has.
    sealed_secret  blob not null,
    primary key (channel, key_digest)
);

-- Text messages as the gateways brought them, kept before they are acknowledged.
create table sms_in (
    gateway     text   not null,
    -- SHA-256 of the operator's id with sender and text; without an id, of sender, text and minute.
    key_digest  blob  not null,
    received_at bigint not null,
    -- When it was sent, as the gateway says.
    sent_at     bigint,
    -- 'kept' (not yet looked at), 'report', 'answer' (to a notice, or nothing to keep: it was empty).
    state       text   not null check (state in ('kept', 'answer', 'report')),
    report_id   blob references report (id),
    -- What it said, until it is looked at; then the report or the answer holds it.
    sender      text,
    words       text,
    -- False when its letters could not be read; `words` then shows its bytes.
    readable    boolean not null,
    exercise_id blob references exercise (id),
    primary key (gateway, key_digest)
);
create index sms_in_by_state on sms_in (state, received_at);
