//! SQL of what is no longer kept of delivery: old notices with their attempts and answers, old messages of the demo's inbox.
//! Called by `retention`, a bounded step at a time.
//! A notice of an alert that holds, one that is being sent, and one whose question or link is open stay, whatever their age.

use jiff::Timestamp;

use crate::{
    id::{NoticeId, PersonId},
    on,
    store::{At, Fault, Tx},
};

/// The notices to be removed before `$1`, at most `$2`, the oldest first.
///
/// One that others went out with goes after them. One that is still due has had nobody to send it for as long as that: its lane is gone.
macro_rules! old_notices {
    () => {
        "select n.id from notice n
         where n.made_at < $1
           and (n.due_at is null or n.due_at < $1)
           and (n.lease_until is null or n.lease_until < $1)
           and (n.expires_at is null or n.expires_at < $1)
           and (n.link_until is null or n.link_until < $1)
           and not exists (
               select 1 from broadcast b where b.id = n.broadcast_id and (b.ended_at is null or b.ended_at >= $1)
           )
           and not exists (select 1 from notice with_it where with_it.merged_into = n.id)
         order by n.made_at, n.id
         limit $2"
    };
}

impl Tx {
    /// Removes notices that were over before `before`, with their attempts and answers. Gives which.
    ///
    /// Who was told, why and what they answered last stays with the broadcast (`recipient`).
    pub async fn remove_notices(&mut self, before: Timestamp, limit: i64) -> Result<Vec<NoticeId>, Fault> {
        for statement in [
            concat!("delete from attempt where notice_id in (", old_notices!(), ")"),
            concat!("delete from answer where notice_id in (", old_notices!(), ")"),
        ] {
            on!(self, |conn| sqlx::query(statement).bind(At(before)).bind(limit).execute(conn).await.map(drop))?;
        }
        let removed = on!(self, |conn| {
            sqlx::query_scalar(concat!("delete from notice where id in (", old_notices!(), ") returning id"))
                .bind(At(before))
                .bind(limit)
                .fetch_all(conn)
                .await
        })?;
        on!(self, |conn| {
            sqlx::query(
                "delete from ask_back
                 where contact_id in (select contact_id from ask_back where expires_at < $1 order by expires_at limit $2)",
            )
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(drop)
        })?;
        Ok(removed)
    }

    /// Erases the texts that name a minor to their mentors: of what was sent nothing is left but that it was, of what still waits the name
    /// goes. Called when the minor is erased, while the name is still known.
    pub async fn erase_from_messages(&mut self, minor: PersonId, name: &str) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update notice
                 set subject = case when due_at is null then '—' else replace(subject, $2, '—') end,
                     body = case when due_at is null then '—' else replace(body, $2, '—') end,
                     sms = case when due_at is null then '—' else replace(sms, $2, '—') end
                 where broadcast_id in (select broadcast_id from recipient where person_id = $1)
                   and person_id <> $1
                   and cast(reasons as text) like '%mentor_of%' and cast(reasons as text) like '%' || $3 || '%'",
            )
            .bind(minor)
            .bind(name)
            .bind(minor.to_string())
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Removes messages of the demo's inbox that are older than `before`. Gives how many.
    pub async fn remove_sandbox_messages(&mut self, before: Timestamp, limit: i64) -> Result<u64, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "delete from sandbox_message
                 where id in (select id from sandbox_message where at < $1 order by at, id limit $2)",
            )
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })
    }
}
