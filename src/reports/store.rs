//! SQL of reports: the facts, what is personal about them, their history, the keys of repeats, text messages as they came.
//! Used by this room; `assess` reads by arrival, the desk lists.
//! History is append-only; what is personal stands in `report_person`, `sms_in` and the history's notes, and can be erased.

use alerts::Hazard;
use jiff::Timestamp;
use maps::{Position, ZoneCode};
use sqlx::types::Json;

use super::{Channel, Located, Mark, Report, Status, receive::sender_key};
use crate::{
    id::{ExerciseId, PersonId, ReportId},
    on,
    staff::contact::ContactKind,
    store::{Arrival, At, Engine, Fault, Tx, stored_text},
};

/// What happened to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReportAction)]
pub enum Action {
    /// It arrived.
    Receive,
    /// Another report of the same sender was added to it.
    Merge,
    /// Staff found it true.
    Verify,
    /// Staff found it wrong.
    Reject,
    /// It was dealt with.
    Close,
}

impl Action {
    const ALL: [Self; 5] = [Self::Receive, Self::Merge, Self::Verify, Self::Reject, Self::Close];

    fn as_str(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Merge => "merge",
            Self::Verify => "verify",
            Self::Reject => "reject",
            Self::Close => "close",
        }
    }
}

impl std::str::FromStr for Action {
    type Err = alerts::UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or_else(|| alerts::UnknownWord {
            word: text.to_owned(),
            what: "action on a report",
            allowed: Self::ALL.map(Self::as_str).join(", "),
        })
    }
}

stored_text!(Action);

/// A row to be.
pub(super) struct NewReport {
    pub id: ReportId,
    pub number: String,
    pub secret_digest: Vec<u8>,
    pub channel: Channel,
    pub hazard: Option<Hazard>,
    pub depth_cm: Option<f64>,
    pub position: Option<Position>,
    pub accuracy_m: Option<f64>,
    pub located_by: Option<Located>,
    pub zone: Option<ZoneCode>,
    pub status: Status,
    pub marks: Vec<Mark>,
    pub merged_into: Option<ReportId>,
    pub entered_by: Option<PersonId>,
    pub seen_at: Timestamp,
    pub received_at: Timestamp,
    pub exercise: Option<ExerciseId>,
}

/// What is personal about a report.
pub(super) struct NewReportPerson<'a> {
    pub report: ReportId,
    pub words: &'a str,
    pub place_words: Option<&'a str>,
    pub name: Option<&'a str>,
    pub sender: Option<&'a (ContactKind, String)>,
    pub peer: Option<&'a str>,
    pub language: &'a str,
    pub received_at: Timestamp,
}

/// A history row to be.
pub(super) struct Change {
    pub report: ReportId,
    pub status: Status,
    pub action: Action,
    pub other: Option<ReportId>,
    pub by: Option<PersonId>,
    pub note: Option<String>,
    pub at: Timestamp,
}

/// A report that the same sender sent a short while ago.
#[derive(Debug)]
pub(super) struct RecentOfSender {
    pub id: ReportId,
    pub number: super::Number,
    pub status: Status,
    pub hazard: Option<Hazard>,
    pub position: Option<Position>,
}

/// What a key was used for.
#[derive(sqlx::FromRow)]
pub(super) struct KnownKey {
    pub request_digest: Vec<u8>,
    pub report_id: ReportId,
    pub sealed_secret: Vec<u8>,
}

/// One thing that happened to a report.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HistoryRow {
    /// The status after it.
    pub status: Status,
    /// What happened.
    pub action: Action,
    /// The other report of a merge.
    pub other_id: Option<ReportId>,
    /// Who of the staff did it.
    pub by_person: Option<PersonId>,
    /// Why, in their words; none once erased.
    pub note: Option<String>,
    /// When.
    pub recorded_at: At,
}

/// A report as the desk lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The report.
    pub report: Report,
    /// How the sender is called; none when unknown or erased.
    pub name: Option<String>,
    /// The sender's address, whole: whoever shows it masks it.
    pub sender: Option<(ContactKind, String)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: ReportId,
    number: String,
    channel: Channel,
    hazard: Option<String>,
    depth_cm: Option<f64>,
    lon: Option<f64>,
    lat: Option<f64>,
    accuracy_m: Option<f64>,
    located_by: Option<Located>,
    zone: Option<String>,
    status: Status,
    marks: Json<Vec<Mark>>,
    merged_into: Option<ReportId>,
    entered_by: Option<PersonId>,
    seen_at: At,
    received_at: At,
    exercise_id: Option<ExerciseId>,
    words: Option<String>,
    place_words: Option<String>,
    name: Option<String>,
    sender_kind: Option<ContactKind>,
    sender_address: Option<String>,
    secret_digest: Vec<u8>,
    tx: i64,
    seq: i64,
}

/// Every column that a [`Row`] takes, from `report r` and its `report_person p`; the arrival follows.
macro_rules! columns {
    () => {
        "r.id, r.number, r.channel, r.hazard, r.depth_cm, r.lon, r.lat, r.accuracy_m, r.located_by, r.zone, r.status, r.marks,
         r.merged_into, r.entered_by, r.seen_at, r.received_at, r.exercise_id, r.secret_digest,
         p.words, p.place_words, p.name, p.sender_kind, p.sender_address"
    };
}

/// Reports with the arrival of their latest change.
macro_rules! reports_with_latest {
    ($rest:literal) => {
        concat!(
            "select ",
            columns!(),
            ", h.tx, h.seq
             from report r
             join report_person p on p.report_id = r.id
             join report_history h on h.report_id = r.id
                  and h.seq = (select max(latest.seq) from report_history latest where latest.report_id = r.id)
             ",
            $rest
        )
    };
}

/// Reports before `$1` whose personal part is still there, at most `$2`, the oldest first.
macro_rules! reports_to_erase {
    () => {
        "select report_id from report_person where received_at < $1 and erased_at is null order by received_at, report_id limit $2"
    };
}

/// Changes after a cursor; `$settled` bounds them where commits may overtake each other.
macro_rules! changes_after {
    ($settled:literal) => {
        concat!(
            "select ",
            columns!(),
            ", h.tx, h.seq
             from report_history h
             join report r on r.id = h.report_id
             join report_person p on p.report_id = r.id
             where (h.tx > $1 or (h.tx = $1 and h.seq > $2)) and r.status <> 'merged' ",
            $settled,
            " order by h.tx, h.seq limit $3"
        )
    };
}

impl Tx {
    /// Reports that arrived or changed after `after`, in the order of arrival, at most `limit`; merged ones are left out, because
    /// the report they were added to changed.
    ///
    /// A report comes again after each change, as it stands now, with the arrival of that change. postgres: only changes that no
    /// running transaction can precede are given.
    pub async fn reports_after(&mut self, after: Arrival, limit: i64) -> Result<Vec<Report>, Fault> {
        let text = match self.engine {
            Engine::Sqlite(_) => changes_after!(""),
            // postgres: no running transaction may still bring an earlier one.
            Engine::Postgres(_) => {
                changes_after!("and h.tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            }
        };
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(text).bind(after.tx).bind(after.seq).bind(limit).fetch_all(conn).await
        })?;
        rows.into_iter().map(|row| row.listed().map(|listed| listed.report)).collect()
    }

    /// One report.
    pub async fn report(&mut self, id: ReportId) -> Result<Option<Report>, Fault> {
        Ok(self.listed_report(id).await?.map(|listed| listed.report))
    }

    /// One report as the desk sees it.
    pub async fn listed_report(&mut self, id: ReportId) -> Result<Option<Listed>, Fault> {
        let row: Option<Row> = on!(self, |conn| {
            sqlx::query_as(reports_with_latest!("where r.id = $1")).bind(id).fetch_optional(conn).await
        })?;
        row.map(Row::listed).transpose()
    }

    /// The newest reports first, older than `before` when given, with this status when given.
    pub async fn reports_newest(
        &mut self,
        status: Option<Status>,
        before: Option<ReportId>,
        limit: i64,
    ) -> Result<Vec<Listed>, Fault> {
        // Ids are UUIDv7: newer ones sort after older ones on both engines. Unset filters are always true.
        let before = before.unwrap_or(ReportId(uuid::Uuid::max()));
        let (any, status) = (status.is_none(), status.unwrap_or(Status::New));
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(reports_with_latest!(
                "where r.id < $1 and ($2 or r.status = $3) order by r.id desc limit $4"
            ))
            .bind(before)
            .bind(any)
            .bind(status)
            .bind(limit)
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter().map(Row::listed).collect()
    }

    /// Everything that happened to a report, oldest first.
    pub async fn report_history(&mut self, id: ReportId) -> Result<Vec<HistoryRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select status, action, other_id, by_person, note, recorded_at
                 from report_history where report_id = $1 order by seq",
            )
            .bind(id)
            .fetch_all(conn)
            .await
        })
    }

    /// Erases what is personal about reports received before `before`: words, names, addresses, notes. Gives which.
    ///
    /// At most `limit`, the oldest first. What, where, when and what became of it stays.
    pub async fn erase_reports(
        &mut self,
        before: Timestamp,
        at: Timestamp,
        limit: i64,
    ) -> Result<Vec<ReportId>, Fault> {
        on!(self, |conn| {
            sqlx::query(concat!(
                "update report_history set note = null where note is not null and report_id in (",
                reports_to_erase!(),
                ")"
            ))
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(drop)
        })?;
        on!(self, |conn| {
            sqlx::query_scalar(concat!(
                "update report_person
                 set words = null, place_words = null, name = null, sender_kind = null, sender_address = null, peer = null,
                     language = null, erased_at = $3
                 where report_id in (",
                reports_to_erase!(),
                ") returning report_id"
            ))
            .bind(At(before))
            .bind(limit)
            .bind(At(at))
            .fetch_all(conn)
            .await
        })
    }

    /// Forgets the keys of reports received before `before`: a repeat after that is another report. Gives how many.
    pub async fn remove_report_keys(&mut self, before: Timestamp, limit: i64) -> Result<u64, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "delete from report_key
                 where (channel, key_digest) in (
                     select k.channel, k.key_digest
                     from report_key k
                     join report r on r.id = k.report_id
                     where r.received_at < $1
                     limit $2
                 )",
            )
            .bind(At(before))
            .bind(limit)
            .execute(conn)
            .await
            .map(|done| done.rows_affected())
        })
    }

    pub(super) async fn report_by_number(&mut self, number: &str) -> Result<Option<(Report, Vec<u8>)>, Fault> {
        let row: Option<Row> = on!(self, |conn| {
            sqlx::query_as(reports_with_latest!("where r.number = $1")).bind(number).fetch_optional(conn).await
        })?;
        row.map(|row| {
            let digest = row.secret_digest.clone();
            Ok((row.listed()?.report, digest))
        })
        .transpose()
    }

    /// False when the number is taken.
    pub(super) async fn insert_report(&mut self, new: &NewReport) -> Result<bool, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into report
                     (id, number, secret_digest, channel, hazard, depth_cm, lon, lat, accuracy_m, located_by, zone, status,
                      marks, merged_into, entered_by, seen_at, received_at, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
                 on conflict (number) do nothing",
            )
            .bind(new.id)
            .bind(new.number.as_str())
            .bind(new.secret_digest.as_slice())
            .bind(new.channel)
            .bind(new.hazard.map(Hazard::as_str))
            .bind(new.depth_cm)
            .bind(new.position.map(Position::lon))
            .bind(new.position.map(Position::lat))
            .bind(new.accuracy_m)
            .bind(new.located_by)
            .bind(new.zone.as_ref().map(ZoneCode::as_str))
            .bind(new.status)
            .bind(Json(&new.marks))
            .bind(new.merged_into)
            .bind(new.entered_by)
            .bind(At(new.seen_at))
            .bind(At(new.received_at))
            .bind(new.exercise)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() == 1)
        })
    }

    pub(super) async fn insert_report_person(&mut self, new: &NewReportPerson<'_>) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into report_person
                     (report_id, words, place_words, name, sender_kind, sender_address, peer, language, received_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(new.report)
            .bind(new.words)
            .bind(new.place_words)
            .bind(new.name)
            .bind(new.sender.map(|(kind, _)| *kind))
            .bind(new.sender.map(|(_, address)| address.as_str()))
            .bind(new.peer)
            .bind(new.language)
            .bind(At(new.received_at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn add_report_history(&mut self, change: &Change) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into report_history (report_id, status, action, other_id, by_person, note, recorded_at)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(change.report)
            .bind(change.status)
            .bind(change.action)
            .bind(change.other)
            .bind(change.by)
            .bind(change.note.as_deref())
            .bind(At(change.at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn set_report_status(&mut self, id: ReportId, status: Status) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update report set status = $2 where id = $1")
                .bind(id)
                .bind(status)
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// What a later report of the same sender adds: a place or a hazard where none was known, and the newest depth. The later
    /// report keeps its own row, so nothing of either is lost.
    pub(super) async fn fill_in(&mut self, earlier: ReportId, later: &NewReport) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update report
                 set hazard = coalesce(hazard, $2), depth_cm = coalesce($3, depth_cm),
                     accuracy_m = case when lon is null then $6 else accuracy_m end,
                     located_by = case when lon is null then $7 else located_by end,
                     zone = case when lon is null then $8 else zone end,
                     lon = coalesce(lon, $4), lat = coalesce(lat, $5)
                 where id = $1",
            )
            .bind(earlier)
            .bind(later.hazard.map(Hazard::as_str))
            .bind(later.depth_cm)
            .bind(later.position.map(Position::lon))
            .bind(later.position.map(Position::lat))
            .bind(later.accuracy_m)
            .bind(later.located_by)
            .bind(later.zone.as_ref().map(ZoneCode::as_str))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn recent_of_sender(
        &mut self,
        kind: ContactKind,
        address: &str,
        since: Timestamp,
    ) -> Result<Vec<RecentOfSender>, Fault> {
        const RECENT_MAX: i64 = 20;
        let rows: Vec<Row> = on!(self, |conn| {
            sqlx::query_as(reports_with_latest!(
                "where p.sender_address = $1 and p.sender_kind = $2 and p.received_at >= $3 and r.status in ('new', 'verified')
                 order by r.id desc limit $4"
            ))
            .bind(address)
            .bind(kind)
            .bind(At(since))
            .bind(RECENT_MAX)
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter()
            .map(|row| {
                let report = row.listed()?.report;
                Ok(RecentOfSender {
                    id: report.id,
                    number: super::Number::read(&report.number).ok_or_else(|| broken("number"))?,
                    status: report.status,
                    hazard: report.hazard,
                    position: report.position,
                })
            })
            .collect()
    }

    pub(super) async fn reports_of_sender_since(
        &mut self,
        kind: ContactKind,
        address: &str,
        since: Timestamp,
    ) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select count(*) from report_person where sender_address = $1 and sender_kind = $2 and received_at > $3",
            )
            .bind(address)
            .bind(kind)
            .bind(At(since))
            .fetch_one(conn)
            .await
        })
    }

    pub(super) async fn reports_of_peer_since(&mut self, peer: &str, since: Timestamp) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar("select count(*) from report_person where peer = $1 and received_at > $2")
                .bind(peer)
                .bind(At(since))
                .fetch_one(conn)
                .await
        })
    }

    pub(super) async fn put_report_key(
        &mut self,
        channel: Channel,
        key_digest: &[u8],
        request_digest: &[u8],
        report: ReportId,
        sealed_secret: &[u8],
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into report_key (channel, key_digest, request_digest, report_id, sealed_secret)
                 values ($1, $2, $3, $4, $5)",
            )
            .bind(channel)
            .bind(key_digest)
            .bind(request_digest)
            .bind(report)
            .bind(sealed_secret)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn report_of_key(
        &mut self,
        channel: Channel,
        key_digest: &[u8],
    ) -> Result<Option<KnownKey>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select request_digest, report_id, sealed_secret from report_key where channel = $1 and key_digest = $2",
            )
            .bind(channel)
            .bind(key_digest)
            .fetch_optional(conn)
            .await
        })
    }
}

impl Row {
    fn listed(self) -> Result<Listed, Fault> {
        let position = match (self.lon, self.lat) {
            (Some(lon), Some(lat)) => Some(Position::new(lon, lat).map_err(|_| broken("position"))?),
            _ => None,
        };
        let sender = self.sender_kind.zip(self.sender_address);
        let hazard: Option<Hazard> = self.hazard.map(|word| word.parse()).transpose().map_err(|_| broken("hazard"))?;
        let report = Report {
            id: self.id,
            arrival: Arrival { tx: self.tx, seq: self.seq },
            number: self.number,
            channel: self.channel,
            hazard,
            words: self.words,
            place_words: self.place_words,
            position,
            accuracy_m: self.accuracy_m,
            located_by: self.located_by,
            zone: self.zone.map(ZoneCode::new).transpose().map_err(|_| broken("zone"))?,
            depth_cm: self.depth_cm,
            status: self.status,
            marks: self.marks.0,
            merged_into: self.merged_into,
            sender_key: sender.as_ref().map(|(kind, address)| sender_key(*kind, address)),
            entered_by: self.entered_by,
            seen_at: self.seen_at.0,
            received_at: self.received_at.0,
            exercise: self.exercise_id,
        };
        Ok(Listed { report, name: self.name, sender })
    }
}

/// A column holds what this binary did not write.
fn broken(column: &str) -> Fault {
    Fault::Decode(format!("report.{column} holds what this binary does not know").into())
}

impl Tx {
    /// How many reports came from each zone since a moment: somebody is there and looks.
    pub async fn reports_by_zone(&mut self, since: Timestamp) -> Result<Vec<(maps::ZoneCode, usize)>, Fault> {
        let rows: Vec<(String, i64)> = on!(self, |conn| {
            sqlx::query_as(
                "select zone, count(*) from report where received_at >= $1 and zone is not null group by zone order by zone",
            )
            .bind(At(since))
            .fetch_all(conn)
            .await
        })?;
        rows.into_iter()
            .map(|(zone, count)| {
                let zone = maps::ZoneCode::new(zone).map_err(|error| Fault::Decode(Box::new(error)))?;
                Ok((zone, usize::try_from(count).unwrap_or(0)))
            })
            .collect()
    }
}
