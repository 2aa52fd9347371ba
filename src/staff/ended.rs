//! SQL of what is over: sign-ins that ended, contacts of strangers whom nothing is sent to any more.
//! Called by `retention`, a bounded step at a time.
//! What still opens something, and an address that belongs to a person, is never touched here.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    id::ContactId,
    on,
    store::{At, Fault, Tx},
};

impl Tx {
    /// Removes sessions and tokens that ended before `before`, codes that ran out before it, and failed tries before `tried_before`.
    ///
    /// At most `limit` of each, those that ended first. Gives the ids of the sessions and tokens.
    pub async fn remove_sign_ins(
        &mut self,
        before: Timestamp,
        tried_before: Timestamp,
        limit: i64,
    ) -> Result<Vec<Uuid>, Fault> {
        let mut ids: Vec<Uuid> = Vec::new();
        for statement in [
            "delete from session
             where id in (
                 select id from session where expires_at < $1 or revoked_at < $1 order by expires_at, id limit $2
             )
             returning id",
            "delete from bearer_token
             where id in (
                 select id from bearer_token where expires_at < $1 or revoked_at < $1 order by created_at, id limit $2
             )
             returning id",
        ] {
            let removed: Vec<Uuid> =
                on!(self, |conn| sqlx::query_scalar(statement).bind(At(before)).bind(limit).fetch_all(conn).await)?;
            ids.extend(removed);
        }
        for (statement, before) in [
            (
                "delete from sign_in_code
                 where contact_id in (
                     select contact_id from sign_in_code where expires_at < $1 order by expires_at limit $2
                 )",
                before,
            ),
            (
                "delete from sign_in_failure
                 where (key, failed_at) in (
                     select key, failed_at from sign_in_failure where failed_at < $1 order by failed_at limit $2
                 )",
                tried_before,
            ),
        ] {
            on!(self, |conn| sqlx::query(statement).bind(At(before)).bind(limit).execute(conn).await.map(drop))?;
        }
        Ok(ids)
    }

    /// Erases addresses that came before `before`, belong to nobody we know, and to which nothing was sent since: those of people who
    /// reported and were thanked. Gives which, at most `limit`, the oldest first.
    pub async fn erase_strangers(
        &mut self,
        before: Timestamp,
        at: Timestamp,
        limit: i64,
    ) -> Result<Vec<ContactId>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "update contact set address = null, erased_at = $2
                 where id in (
                     select c.id from contact c
                     where c.created_at < $1 and c.erased_at is null
                       and not exists (select 1 from person_contact pc where pc.contact_id = c.id)
                       and not exists (select 1 from notice n where n.contact_id = c.id and n.made_at >= $1)
                     order by c.created_at, c.id
                     limit $3
                 )
                 returning id",
            )
            .bind(At(before))
            .bind(At(at))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }
}
