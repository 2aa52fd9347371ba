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

use super::alert::{Action, Alert, HistoryRow, Publication, Refusal};
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
    why: Option<String>,
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

    /// When the set of live alerts last changed before `at`: a publication, an end, or a time that was over.
    pub async fn live_changed_at(&mut self, at: Timestamp) -> Result<Option<Timestamp>, Fault> {
        let (published, ended, over): (Option<At>, Option<At>, Option<At>) = on!(self, |conn| {
            sqlx::query_as(
                "select max(published_at), max(ended_at), max(case when expires_at <= $1 then expires_at end)
                 from alert
                 where published_at is not null",
            )
            .bind(At(at))
            .fetch_one(conn)
            .await
        })?;
        Ok(published.max(ended).max(over).map(|at| at.0))
    }

    /// Alerts, the newest draft first; `stage` narrows, `after` is the last id of the page before.
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
                "select recorded_at, action, by_person, revision, other_alert, why
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
                why: row.why,
            })
            .collect())
    }

    /// The alerts of a thread that were published and whose time is not over, live or superseded, oldest first: what a new message
    /// must reference.
    pub(super) async fn thread_alerts(&mut self, thread: Uuid, at: Timestamp) -> Result<Vec<Alert>, Fault> {
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(
                "select * from alert
                 where thread_id = $1 and published_at is not null and expires_at > $2
                 order by published_at, id
                 limit $3",
            )
            .bind(thread)
            .bind(At(at))
            .bind(ALERTS_MAX)
            .fetch_all(conn)
            .await
        })?;
        self.all_whole(rows).await
    }

    /// The alert, with its thread to itself until the transaction ends: one decision about a matter at a time.
    pub(super) async fn locked_alert(&mut self, id: AlertId) -> Result<Alert, Refusal> {
        let thread: Option<Uuid> = on!(self, |conn| sqlx::query_scalar("select thread_id from alert where id = $1")
            .bind(id)
            .fetch_optional(conn)
            .await)?;
        self.lock_thread(thread.ok_or(Refusal::NoSuchAlert)?).await?;
        self.alert(id).await?.ok_or(Refusal::NoSuchAlert)
    }

    pub(super) async fn lock_thread(&mut self, thread: Uuid) -> Result<(), Fault> {
        self.lock(&format!("alert thread {thread}")).await
    }

    /// Live alerts whose time is over: id and thread, the longest over first.
    pub(super) async fn expired_alerts(&mut self, at: Timestamp, limit: i64) -> Result<Vec<(AlertId, Uuid)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select id, thread_id from alert where stage = 'live' and expires_at <= $1 order by expires_at, id limit $2",
            )
            .bind(At(at))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// Keeps a new draft and its first content.
    pub(super) async fn insert_alert(&mut self, alert: &Alert, by: PersonId) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into alert
                     (id, kind, stage, thread_id, incident_id, proposal_id, revision, content, content_hash, expires_at,
                      authors, created_at, exercise_id)
                 values ($1, $2, 'draft', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            )
            .bind(alert.id)
            .bind(alert.kind.as_str())
            .bind(alert.thread)
            .bind(alert.incident)
            .bind(alert.proposal)
            .bind(alert.revision)
            .bind(Json(&alert.content))
            .bind(alert.content.hash().to_vec())
            .bind(At(alert.content.expires))
            .bind(Json(&alert.authors))
            .bind(At(alert.created_at))
            .bind(alert.exercise)
            .execute(conn)
            .await
            .map(drop)
        })?;
        self.put_revision(alert, by, alert.created_at).await
    }

    /// Replaces the content of a draft or an approved alert, which is a draft again.
    pub(super) async fn put_content(&mut self, alert: &Alert, by: PersonId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update alert
                 set stage = 'draft', revision = $2, content = $3, content_hash = $4, expires_at = $5, authors = $6,
                     approved_by = null, approved_at = null, approved_hash = null
                 where id = $1 and stage in ('draft', 'approved')",
            )
            .bind(alert.id)
            .bind(alert.revision)
            .bind(Json(&alert.content))
            .bind(alert.content.hash().to_vec())
            .bind(At(alert.content.expires))
            .bind(Json(&alert.authors))
            .execute(conn)
            .await
            .map(drop)
        })?;
        self.put_revision(alert, by, at).await
    }

    async fn put_revision(&mut self, alert: &Alert, by: PersonId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into alert_revision (alert_id, revision, content, content_hash, written_by, recorded_at)
                 values ($1, $2, $3, $4, $5, $6)",
            )
            .bind(alert.id)
            .bind(alert.revision)
            .bind(Json(&alert.content))
            .bind(alert.content.hash().to_vec())
            .bind(by)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn put_approval(
        &mut self,
        id: AlertId,
        by: PersonId,
        at: Timestamp,
        hash: [u8; 32],
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update alert
                 set stage = 'approved', approved_by = $2, approved_at = $3, approved_hash = $4
                 where id = $1 and stage = 'draft'",
            )
            .bind(id)
            .bind(by)
            .bind(At(at))
            .bind(hash.to_vec())
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Freezes what was published, its zones and its references.
    pub(super) async fn put_publication(&mut self, alert: &Alert, publication: &Publication) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update alert
                 set stage = 'live', kind = $2, published_by = $3, published_at = $4, identifier = $5, sender = $6,
                     sent = $7, cap_xml = $8
                 where id = $1 and stage = 'approved'",
            )
            .bind(alert.id)
            .bind(alert.kind.as_str())
            .bind(publication.by)
            .bind(At(publication.at))
            .bind(publication.reference.identifier.as_str())
            .bind(publication.reference.sender.as_str())
            .bind(publication.reference.sent.as_str())
            .bind(publication.cap_xml.as_str())
            .execute(conn)
            .await
            .map(drop)
        })?;
        for zone in &alert.content.zones {
            on!(self, |conn| {
                sqlx::query("insert into alert_zone (alert_id, zone_code) values ($1, $2)")
                    .bind(alert.id)
                    .bind(zone.code.as_str())
                    .execute(conn)
                    .await
                    .map(drop)
            })?;
        }
        for (position, (about, ended)) in (1_i32..).zip(&publication.about) {
            on!(self, |conn| {
                sqlx::query("insert into alert_reference (alert_id, position, about_id, ended) values ($1, $2, $3, $4)")
                    .bind(alert.id)
                    .bind(position)
                    .bind(*about)
                    .bind(*ended)
                    .execute(conn)
                    .await
                    .map(drop)
            })?;
        }
        Ok(())
    }

    pub(super) async fn end_alert(&mut self, id: AlertId, how: Ending, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update alert set stage = 'ended', ending = $2, ended_at = $3 where id = $1 and stage <> 'ended'",
            )
            .bind(id)
            .bind(how.as_str())
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Adds a step to the history of `alert`, as it stands after the step.
    pub(super) async fn put_step(&mut self, alert: &Alert, step: &HistoryRow) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into alert_history (alert_id, recorded_at, action, by_person, revision, stage, other_alert, why)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(alert.id)
            .bind(At(step.at))
            .bind(step.action)
            .bind(step.by)
            .bind(step.revision)
            .bind(alert.stage.name())
            .bind(step.other)
            .bind(step.why.as_deref())
            .execute(conn)
            .await
            .map(drop)
        })
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
