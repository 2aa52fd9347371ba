-- What a telephone was asked, found without reading the notices themselves: a thousand people are told in one step.

-- The number that was given last at a contact.
drop index notice_by_contact;
create index notice_by_contact on notice (contact_id, made_at, reference);

-- What has run out among what is due is found without reading it.
drop index notice_due;
create index notice_due on notice (lane, priority, due_at, expires_at) where due_at is not null;

-- Questions that nobody has answered. What is over in the meantime is passed over by its time.
create index notice_open on notice (contact_id, expires_at, broadcast_id, reference, merged_into)
    where question is not null and answer is null and state <> 'withdrawn';
