-- What retention looks for, when a retained CAP message was taken away, and how helpers' own programs know that a call is ours.

-- What calls to this person's own program are signed with ('whsec_…', Standard Webhooks). Only webhooks have one. It stands in clear,
-- because a signature is made with it; it goes with the row when the person is erased.
alter table person_contact add column webhook_secret text;

-- When the alert's retained CAP message was taken away; null while it may still be there.
alter table broadcast add column cap_cleared_at bigint;
create index broadcast_cap_kept on broadcast (ended_at) where cap_cleared_at is null and ended_at is not null;

create index notice_by_time on notice (made_at);
create index report_person_kept on report_person (received_at) where erased_at is null;
create index contact_kept on contact (created_at) where erased_at is null;
create index helper_without_mentor on helper (person_id) where mentor_id is null and left_at is null;
