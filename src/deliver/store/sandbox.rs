//! SQL of the demo's inbox: what would have left the city.
//! Used by `sandbox`, only in a demo database.
//! Bounded: the oldest messages go first.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    deliver::{
        Channel,
        sandbox::{Direction, SandboxMessage},
    },
    id::NoticeId,
    on,
    store::{At, Fault, Tx},
};

impl Tx {
    #[expect(clippy::too_many_arguments, reason = "one row, every column named at its only caller")]
    pub(in crate::deliver) async fn put_sandbox_message(
        &mut self,
        id: Uuid,
        at: Timestamp,
        direction: Direction,
        channel: Channel,
        address: &str,
        (subject, body): (&str, &str),
        notice: Option<NoticeId>,
        kept_max: i64,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into sandbox_message (id, at, direction, channel, address, subject, body, notice_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(id)
            .bind(At(at))
            .bind(direction)
            .bind(channel)
            .bind(address)
            .bind(subject)
            .bind(body)
            .bind(notice)
            .execute(conn)
            .await
            .map(drop)
        })?;
        on!(self, |conn| {
            sqlx::query(
                "delete from sandbox_message
                 where id in (select id from sandbox_message order by at desc, id desc limit 100 offset $1)",
            )
            .bind(kept_max)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// The inbox, newest first, with the name of the person where the notice tells it.
    pub(in crate::deliver) async fn sandbox_messages(
        &mut self,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<SandboxMessage>, Fault> {
        let before = before.unwrap_or(Uuid::max());
        on!(self, |conn| {
            sqlx::query_as(
                "select m.id, m.at, m.direction, m.channel, m.address, m.subject, m.body, m.notice_id, p.name as person_name,
                        n.question is not null as asks
                 from sandbox_message m
                 left join notice n on n.id = m.notice_id
                 left join person p on p.id = n.person_id
                 where m.id < $1
                 order by m.id desc
                 limit $2",
            )
            .bind(before)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// Subject and text of a notice, for a channel's fake that saw only its id.
    pub(in crate::deliver) async fn notice_text(
        &mut self,
        notice: NoticeId,
    ) -> Result<Option<(String, String)>, Fault> {
        on!(self, |conn| sqlx::query_as("select subject, body from notice where id = $1")
            .bind(notice)
            .fetch_optional(conn)
            .await)
    }
}
