-- Who may connect to the broker. The embedded broker reads this table; an external one has accounts of its own.
create table mqtt_account (
    -- What the client gives as its user name. A sensor's is its code.
    name          text   not null primary key,
    -- SHA-256 of its secret, which was drawn here and shown once.
    secret_digest blob  not null,
    -- What connects: 'sensor', 'helper' or 'service' (another program, an operator's tool).
    kind          text   not null check (kind in ('sensor', 'helper', 'service')),
    -- The sensor or person it stands for; null for a service.
    subject_id    blob,
    -- JSON list of topic filters it may publish on, as last will too.
    publish       text  not null,
    -- JSON list of topic filters it may subscribe to.
    subscribe     text  not null,
    created_at    bigint not null,
    -- When the secret was last changed.
    changed_at    bigint not null,
    -- Null while it may connect.
    revoked_at    bigint,
    exercise_id   blob references exercise (id)
);
create index mqtt_account_by_subject on mqtt_account (subject_id);
