//! SQL of what holds now, for systems: live alerts per zone, broadcasts that are over.
//! Used by `board`.
//! A zone's board is behind while `written` is below `wanted`; the writer sets it to what it saw, so a change while it writes is not lost.

use alerts::Content;
use jiff::Timestamp;
use sqlx::types::Json;

use crate::{
    id::{AlertId, BroadcastId, ExerciseId},
    on,
    store::{At, Fault, Tx},
};

/// An alert that is over, whose CAP message may still be retained.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct RetainedCap {
    pub id: BroadcastId,
    pub alert_id: AlertId,
    pub exercise_id: Option<ExerciseId>,
}

/// A broadcast that holds.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct LiveBroadcast {
    pub id: BroadcastId,
    pub alert_id: AlertId,
    pub kind: String,
    pub identifier: String,
    pub content: Json<Content>,
    pub published_at: At,
    pub expires_at: At,
    pub exercise_id: Option<ExerciseId>,
}

impl Tx {
    /// Zones whose retained message is behind, with the version that is wanted.
    pub(in crate::deliver) async fn boards_behind(&mut self, limit: i64) -> Result<Vec<(String, i64)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as("select zone, wanted from zone_board where written < wanted order by zone limit $1")
                .bind(limit)
                .fetch_all(conn)
                .await
        })
    }

    pub(in crate::deliver) async fn board_written(&mut self, zone: &str, version: i64) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update zone_board set written = $2 where zone = $1 and written < $2")
                .bind(zone)
                .bind(version)
                .execute(conn)
                .await
                .map(drop)
        })
    }

    pub(in crate::deliver) async fn want_board(&mut self, zone: &str) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into zone_board (zone, wanted, written) values ($1, 1, 0)
                 on conflict (zone) do update set wanted = zone_board.wanted + 1",
            )
            .bind(zone)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Every broadcast that holds at `now`, oldest first. A cancelled matter has no live alert, so a Cancel is none.
    pub(in crate::deliver) async fn live_broadcasts(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<LiveBroadcast>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select id, alert_id, kind, identifier, content, published_at, expires_at, exercise_id
                 from broadcast
                 where ended_at is null and expires_at > $1 and kind <> 'cancel'
                 order by published_at, id
                 limit $2",
            )
            .bind(At(now))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// Broadcasts whose time is over but that are not ended yet.
    pub(in crate::deliver) async fn broadcasts_over(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<LiveBroadcast>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select id, alert_id, kind, identifier, content, published_at, expires_at, exercise_id
                 from broadcast
                 where ended_at is null and expires_at <= $1
                 order by expires_at
                 limit $2",
            )
            .bind(At(now))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// Alerts that are over and whose retained CAP message was not taken away yet, those that ended first.
    ///
    /// Not while the message itself may still go out: a late one would be retained after it was taken away.
    pub(in crate::deliver) async fn caps_to_clear(&mut self, limit: i64) -> Result<Vec<RetainedCap>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select b.id, b.alert_id, b.exercise_id
                 from broadcast b
                 where b.ended_at is not null and b.cap_cleared_at is null
                   and not exists (
                       select 1 from notice n
                       where n.broadcast_id = b.id and n.channel = 'mqtt' and n.person_id is null and n.due_at is not null
                   )
                 order by b.ended_at, b.id
                 limit $1",
            )
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    pub(in crate::deliver) async fn cap_cleared(&mut self, broadcast: BroadcastId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update broadcast set cap_cleared_at = $2 where id = $1 and cap_cleared_at is null")
                .bind(broadcast)
                .bind(At(at))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// What was taken away since then is to be taken away again.
    pub(in crate::deliver) async fn clear_caps_again(&mut self, since: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| sqlx::query("update broadcast set cap_cleared_at = null where cap_cleared_at > $1")
            .bind(At(since))
            .execute(conn)
            .await
            .map(drop))
    }

    /// Published CAP messages that hold, to be written again after a start.
    pub(in crate::deliver) async fn cap_of(&mut self, broadcast: BroadcastId) -> Result<Option<String>, Fault> {
        on!(self, |conn| sqlx::query_scalar("select cap_xml from broadcast where id = $1")
            .bind(broadcast)
            .fetch_optional(conn)
            .await)
    }
}
