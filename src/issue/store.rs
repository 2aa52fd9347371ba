//! SQL of alerts, their contents, their history, and what references what.
//! Reading is open to other rooms; writing is private to this room.
//! A published row changes only in its stage and its end; revisions and history only grow.

use alerts::{
    Kind,
    cap::{CapTime, Reference},
    content::Content,
    lifecycle::{Ending, Stage},
};
use jiff::Timestamp;
use sqlx::types::Json;
use uuid::Uuid;

use super::alert::{Action, Alert, HistoryRow, Publication};
use crate::{
    id::{AlertId, ExerciseId, IncidentId, PersonId, ProposalId},
    on,
    store::{At, Fault, Tx},
};

/// The most alerts that one question gives.
const ALERTS_MAX: i64 = 1_000;

#[derive(sqlx::FromRow)]
struct Row {
    id: AlertId,
    kind: String,
    stage: String,
    ending: Option<String>,
    thread_id: Uuid,
    incident_id: Option<IncidentId>,
    proposal_id: Option<ProposalId>,
    revision: i32,
    content: Json<Content>,
    authors: Json<Vec<PersonId>>,
    created_at: At,
    approved_by: Option<PersonId>,
    approved_at: Option<At>,
    approved_hash: Option<Vec<u8>>,
    published_by: Option<PersonId>,
    published_at: Option<At>,
    identifier: Option<String>,
    sender: Option<String>,
    sent: Option<String>,
    cap_xml: Option<String>,
    ended_at: Option<At>,
    exercise_id: Option<ExerciseId>,
}

#[derive(sqlx::FromRow)]
struct HistoryStored {
    recorded_at: At,
    action: Action,
    by_person: Option<PersonId>,
    revision: i32,
    other_alert: Option<AlertId>,
}

fn undecodable(fault: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Decode(Box::new(fault))
}

impl Row {
    fn stage(&self) -> Result<Stage<PersonId>, Fault> {
        let stage = match self.stage.as_str() {
            "draft" => Some(Stage::Draft),
            "approved" => self.approved_by.zip(self.approved_at).zip(self.approved_hash.as_deref()).and_then(
                |((by, at), hash)| Some(Stage::Approved { by, at: at.0, content_hash: hash.try_into().ok()? }),
            ),
            "live" => self.published_at.map(|at| Stage::Live { published_at: at.0 }),
            "ended" => match (&self.ending, self.ended_at) {
                (Some(how), Some(at)) => {
                    Some(Stage::Ended { at: at.0, how: how.parse::<Ending>().map_err(undecodable)? })
                }
                (None, _) | (_, None) => None,
            },
            _ => None,
        };
        stage.ok_or_else(|| Fault::Decode(format!("alert {}: its row does not fit its stage", self.id).into()))
    }

    fn publication(&self, about: Vec<(AlertId, bool)>) -> Result<Option<Publication>, Fault> {
        let (Some(by), Some(at), Some(identifier), Some(sender), Some(sent), Some(cap_xml)) =
            (self.published_by, self.published_at, &self.identifier, &self.sender, &self.sent, &self.cap_xml)
        else {
            return Ok(None);
        };
        let reference = Reference {
            sender: sender.parse().map_err(undecodable)?,
            identifier: identifier.parse().map_err(undecodable)?,
            sent: CapTime::parse(sent).map_err(undecodable)?,
        };
        Ok(Some(Publication { by, at: at.0, reference, cap_xml: cap_xml.clone(), about }))
    }
}

impl Tx {
    /// One alert.
    pub async fn alert(&mut self, id: AlertId) -> Result<Option<Alert>, Fault> {
        let row: Option<Row> =
            on!(self, |conn| sqlx::query_as("select * from alert where id = $1").bind(id).fetch_optional(conn).await)?;
        match row {
            Some(row) => self.whole(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Every alert that is live at `at`, oldest first: warnings, all-clears and cancels. At most 1,000.
    pub async fn live_alerts(&mut self, at: Timestamp) -> Result<Vec<Alert>, Fault> {
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(
                "select * from alert where stage = 'live' and expires_at > $1 order by published_at, id limit $2",
            )
            .bind(At(at))
            .bind(ALERTS_MAX)
            .fetch_all(conn)
            .await
        })?;
        self.all_whole(rows).await
    }

    /// Every alert that is live at `at` and names the zone, oldest first. At most 1,000.
    pub async fn live_alerts_of_zone(&mut self, zone: &str, at: Timestamp) -> Result<Vec<Alert>, Fault> {
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(
                "select * from alert
                 where stage = 'live' and expires_at > $2
                   and exists (select 1 from alert_zone z where z.alert_id = alert.id and z.zone_code = $1)
                 order by published_at, id
                 limit $3",
            )
            .bind(zone)
            .bind(At(at))
            .bind(ALERTS_MAX)
            .fetch_all(conn)
            .await
        })?;
        self.all_whole(rows).await
    }

    /// The alerts that are not over, then those that are, newest first; `stage` narrows, `after` is the last id of the page before.
    pub async fn alerts_page(
        &mut self,
        stage: Option<&str>,
        after: Option<AlertId>,
        limit: i64,
    ) -> Result<Vec<Alert>, Fault> {
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(
                "select * from alert
                 where ($1 is null or stage = $1) and ($2 is null or id < $2)
                 order by id desc
                 limit $3",
            )
            .bind(stage)
            .bind(after)
            .bind(limit.clamp(1, ALERTS_MAX))
            .fetch_all(conn)
            .await
        })?;
        self.all_whole(rows).await
    }

    /// What happened to an alert, in order.
    pub async fn alert_history(&mut self, id: AlertId) -> Result<Vec<HistoryRow>, Fault> {
        let rows: Vec<HistoryStored> = on!(self, |conn| {
            sqlx::query_as(
                "select recorded_at, action, by_person, revision, other_alert
                 from alert_history
                 where alert_id = $1
                 order by seq",
            )
            .bind(id)
            .fetch_all(conn)
            .await
        })?;
        Ok(rows
            .into_iter()
            .map(|row| HistoryRow {
                at: row.recorded_at.0,
                action: row.action,
                by: row.by_person,
                revision: row.revision,
                other: row.other_alert,
            })
            .collect())
    }

    async fn all_whole(&mut self, rows: Vec<Row>) -> Result<Vec<Alert>, Fault> {
        let mut alerts = Vec::with_capacity(rows.len());
        for row in rows {
            alerts.push(self.whole(row).await?);
        }
        Ok(alerts)
    }

    async fn whole(&mut self, row: Row) -> Result<Alert, Fault> {
        let about: Vec<(AlertId, bool)> = if row.published_at.is_some() {
            on!(self, |conn| {
                sqlx::query_as("select about_id, ended from alert_reference where alert_id = $1 order by position")
                    .bind(row.id)
                    .fetch_all(conn)
                    .await
            })?
        } else {
            Vec::new()
        };
        Ok(Alert {
            id: row.id,
            kind: row.kind.parse::<Kind>().map_err(undecodable)?,
            stage: row.stage()?,
            thread: row.thread_id,
            incident: row.incident_id,
            proposal: row.proposal_id,
            revision: row.revision,
            approved: row.approved_by.zip(row.approved_at.map(|at| at.0)),
            publication: row.publication(about)?,
            content: row.content.0,
            authors: row.authors.0,
            created_at: row.created_at.0,
            exercise: row.exercise_id,
        })
    }
}
