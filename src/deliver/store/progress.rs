//! SQL of how far a broadcast is: counts by channel, by answer, and the notices page by page.
//! Used by `progress`.
//! Counts are of notices; people are counted once, however many channels it took.

use sqlx::types::Json;

use crate::{
    deliver::{Channel, Reason},
    id::{AlertId, BroadcastId, NoticeId, PersonId},
    on,
    staff::contact::ContactKind,
    store::{At, Fault, Tx},
};

/// Counts of one channel.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct ProgressRow {
    pub channel: Channel,
    pub waiting: i64,
    pub sending: i64,
    pub sent: i64,
    pub delivered: i64,
    pub failed: i64,
    pub withdrawn: i64,
    pub answered: i64,
}

/// One notice as staff see it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct NoticeRow {
    pub id: NoticeId,
    pub person_id: Option<PersonId>,
    pub person_name: Option<String>,
    pub kind: Option<ContactKind>,
    pub address: Option<String>,
    pub target: Option<String>,
    pub channel: Channel,
    pub state: String,
    pub attempts: i32,
    pub last_error: Option<String>,
    pub reasons: Json<Vec<Reason>>,
    pub due_at: Option<At>,
    pub sent_at: Option<At>,
    pub answer: Option<String>,
    pub answered_at: Option<At>,
    pub lease_until: Option<At>,
    pub merged: bool,
}

impl Tx {
    /// Id, step and people of an alert's broadcast.
    pub(in crate::deliver) async fn broadcast_of_alert(
        &mut self,
        alert: AlertId,
    ) -> Result<Option<(BroadcastId, String, i32)>, Fault> {
        on!(self, |conn| sqlx::query_as("select id, step, people from broadcast where alert_id = $1")
            .bind(alert)
            .fetch_optional(conn)
            .await)
    }

    pub(in crate::deliver) async fn progress_by_channel(
        &mut self,
        broadcast: BroadcastId,
    ) -> Result<Vec<ProgressRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select channel,
                     cast(sum(case when state = 'waiting' and lease is null then 1 else 0 end) as bigint) as waiting,
                     cast(sum(case when state = 'waiting' and lease is not null then 1 else 0 end) as bigint) as sending,
                     cast(sum(case when state = 'sent' then 1 else 0 end) as bigint) as sent,
                     cast(sum(case when state = 'delivered' then 1 else 0 end) as bigint) as delivered,
                     cast(sum(case when state = 'failed' then 1 else 0 end) as bigint) as failed,
                     cast(sum(case when state = 'withdrawn' then 1 else 0 end) as bigint) as withdrawn,
                     cast(sum(case when answer is not null then 1 else 0 end) as bigint) as answered
                 from notice
                 where broadcast_id = $1
                 group by channel
                 order by channel",
            )
            .bind(broadcast)
            .fetch_all(conn)
            .await
        })
    }

    /// People per latest answer; `None` is silence.
    pub(in crate::deliver) async fn people_by_answer(
        &mut self,
        broadcast: BroadcastId,
    ) -> Result<Vec<(Option<String>, i64)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as("select answer, count(*) from recipient where broadcast_id = $1 group by answer")
                .bind(broadcast)
                .fetch_all(conn)
                .await
        })
    }

    pub(in crate::deliver) async fn notices_of_broadcast(
        &mut self,
        broadcast: BroadcastId,
        after: Option<NoticeId>,
        limit: i64,
    ) -> Result<Vec<NoticeRow>, Fault> {
        let after = after.unwrap_or(NoticeId(uuid::Uuid::nil()));
        on!(self, |conn| {
            sqlx::query_as(
                "select n.id, n.person_id, p.name as person_name, c.kind, c.address, n.target, n.channel, n.state, n.attempts,
                     n.last_error, n.reasons, n.due_at, n.sent_at, n.answer, n.answered_at, n.lease_until,
                     n.merged_into is not null as merged
                 from notice n
                 left join person p on p.id = n.person_id
                 left join contact c on c.id = n.contact_id
                 where n.broadcast_id = $1 and n.id > $2
                 order by n.id
                 limit $3",
            )
            .bind(broadcast)
            .bind(after)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }
}
