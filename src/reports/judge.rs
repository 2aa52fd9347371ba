//! What staff decide about a report: it is true, it is wrong, it is dealt with.
//! Called by `http::reports` for the desk.
//! Each decision is one transaction with its history row and its audit row; assessment looks at the report again after it.

use serde_json::json;

use super::{
    Report, Status,
    store::{Action, Change},
    words,
};
use crate::{
    audit::Decision,
    bell::{Bell, LiveAudience},
    ground::Ground,
    id::ReportId,
    staff::Operator,
    store::Fault,
};

/// The longest note, in characters.
const NOTE_CHARS_MAX: usize = 1_000;

/// Why a report can't be judged so.
#[derive(Debug, thiserror::Error)]
pub enum JudgeRefusal {
    /// There is none with this id.
    #[error("there is no such report")]
    Unknown,
    /// It stands where this can't follow.
    #[error("a report that is {} can't be {wanted}", .now.as_str())]
    WrongStatus {
        /// How it stands.
        now: Status,
        /// What was wanted.
        wanted: &'static str,
    },
    /// The note is too long.
    #[error("note: want at most {NOTE_CHARS_MAX} characters")]
    Note,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// What staff find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is true. From new or rejected: staff may learn better.
    Verified,
    /// It is wrong. From new or verified.
    Rejected,
    /// It has been dealt with. From new or verified.
    Closed,
}

impl Judgement {
    /// The decision's name in the audit and in transactions.
    const fn decision(self) -> &'static str {
        match self {
            Self::Verified => "verify report",
            Self::Rejected => "reject report",
            Self::Closed => "close report",
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Verified => Action::Verify,
            Self::Rejected => Action::Reject,
            Self::Closed => Action::Close,
        }
    }

    const fn from(self) -> [Status; 2] {
        match self {
            Self::Verified => [Status::New, Status::Rejected],
            Self::Rejected | Self::Closed => [Status::New, Status::Verified],
        }
    }

    const fn to(self) -> Status {
        match self {
            Self::Verified => Status::Verified,
            Self::Rejected => Status::Rejected,
            Self::Closed => Status::Closed,
        }
    }
}

/// Judges a report; the note says why, for staff.
pub async fn judge(
    ground: &Ground,
    by: &Operator,
    id: ReportId,
    judgement: Judgement,
    note: Option<&str>,
) -> Result<Report, JudgeRefusal> {
    let (decision, to) = (judgement.decision(), judgement.to());
    let note = words::clean(note.unwrap_or_default());
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(JudgeRefusal::Note);
    }
    let now = ground.now();
    let mut tx = ground.store.write(decision).await?;
    tx.lock(&format!("report {id}")).await?;
    let report = tx.report(id).await?.ok_or(JudgeRefusal::Unknown)?;
    if report.status == to {
        // Two of the staff pressed the same button.
        return Ok(report);
    }
    if !judgement.from().contains(&report.status) {
        return Err(JudgeRefusal::WrongStatus { now: report.status, wanted: to.as_str() });
    }
    tx.set_report_status(id, to).await?;
    let note = (!note.is_empty()).then_some(note);
    let change = Change {
        report: id,
        status: to,
        action: judgement.action(),
        other: None,
        by: Some(by.person()),
        note,
        at: now,
    };
    tx.add_report_history(&change).await?;
    let facts = json!({ "from": report.status, "to": to });
    tx.audit(
        now,
        &Decision {
            actor: by.actor(),
            action: decision,
            subject_kind: "report",
            subject_id: id.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    let report = tx.report(id).await?.ok_or(JudgeRefusal::Unknown)?;
    tx.commit().await?;
    ground.bells.ring(Bell::Facts);
    ground.bells.tell(LiveAudience::Staff, "report.changed", json!({ "id": id }));
    Ok(report)
}
