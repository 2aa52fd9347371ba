-- People and how to reach them. Personal data lives here and only here, and can be erased.

-- A drill or the demo. Everything that is not real carries its id; null means real.
create table exercise (
    id          uuid   not null primary key,
    -- 'demo' or 'drill'.
    kind        text   not null check (kind in ('demo', 'drill')),
    name        text   not null,
    started_at  bigint not null,
    -- Null while it runs.
    ended_at    bigint
);

-- Somebody we know: staff, helper, mentor, or a citizen with an account.
create table person (
    id          uuid    not null primary key,
    -- Null once erased.
    name        text,
    -- BCP 47; the language in which this person is written to.
    language    text    not null,
    -- Under 18: the rules of `helpers::minors` hold.
    minor       boolean not null,
    created_at  bigint  not null,
    -- When the personal data was erased; the row stays, because decisions name its id.
    erased_at   bigint,
    exercise_id uuid references exercise (id)
);

-- What a person may do. A row per grant; a revoked grant stays.
create table person_role (
    person_id  uuid   not null references person (id),
    role       text   not null check (role in ('helper', 'mentor', 'operator', 'officer', 'approver', 'admin')),
    granted_at bigint not null,
    -- Null when the command line granted it.
    granted_by uuid references person (id),
    revoked_at bigint,
    primary key (person_id, role, granted_at)
);

-- An address by which somebody can be reached. A family telephone serves several persons.
create table contact (
    id          uuid   not null primary key,
    kind        text   not null check (kind in ('phone', 'email', 'webhook', 'mqtt')),
    -- E.164 or an opaque short number; an address; a URL; an MQTT account. Null once erased.
    address     text,
    created_at  bigint not null,
    erased_at   bigint,
    exercise_id uuid references exercise (id),
    unique (kind, address)
);

-- Who is reached by which contact, in order of preference (1 first).
create table person_contact (
    person_id   uuid    not null references person (id),
    contact_id  uuid    not null references contact (id),
    preference  integer not null,
    -- When this person proved to be reached there; null = not yet.
    verified_at bigint,
    primary key (person_id, contact_id)
);
create index person_contact_by_contact on person_contact (contact_id);

-- The name and password by which staff log in.
create table credential (
    person_id     uuid   not null primary key references person (id),
    -- Lower case; what is typed at log-in.
    login         text   not null unique,
    -- PHC string, argon2id.
    password_hash text   not null,
    changed_at    bigint not null
);

-- A log-in in a browser. The cookie holds the secret, the row its SHA-256.
create table session (
    id          uuid   not null primary key,
    digest      bytea  not null unique,
    person_id   uuid   not null references person (id),
    created_at  bigint not null,
    expires_at  bigint not null,
    revoked_at  bigint
);
create index session_by_person on session (person_id);

-- A secret for a program that acts as a person.
create table bearer_token (
    id         uuid   not null primary key,
    digest     bytea  not null unique,
    person_id  uuid   not null references person (id),
    -- What it is for, in the owner's words.
    name       text   not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint
);

-- A one-time code sent to a verified contact, by which a helper signs in. One open code per contact.
create table sign_in_code (
    contact_id uuid    not null primary key references contact (id),
    digest     bytea   not null,
    created_at bigint  not null,
    expires_at bigint  not null,
    -- Wrong tries so far; at the limit the code is void.
    tries      integer not null
);

-- Failed log-ins per key ('login:NAME' or 'address:IP'), for throttling. Rows older than the window are pruned.
create table sign_in_failure (
    key       text   not null,
    failed_at bigint not null
);
create index sign_in_failure_by_key on sign_in_failure (key, failed_at);
