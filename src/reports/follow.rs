//! Tells a person what became of their report.
//! Called by `http::reports` with the number and the secret that only the sender has.
//! A wrong number and a wrong secret get the same answer; nothing of anybody's words is shown.

use jiff::Timestamp;
use maps::Texts;

use alerts::texts;

use super::{Number, Status};
use crate::{ground::Ground, id::Secret, store::Fault};

/// How a report stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// Its number.
    pub number: String,
    /// When it reached us.
    pub received_at: Timestamp,
    /// How it stands; of a merged one, how the earlier one stands.
    pub status: Status,
    /// The same in words.
    pub answer: Texts,
}

/// What became of the report with this number and secret; `None` when there is none.
pub async fn follow(ground: &Ground, number: &str, secret: &Secret) -> Result<Option<Followed>, Fault> {
    let Some(number) = Number::read(number) else { return Ok(None) };
    let mut tx = ground.store.read("follow report").await?;
    let Some((report, digest)) = tx.report_by_number(number.as_str()).await? else { return Ok(None) };
    // Digests are compared, so how long it takes tells nothing about the secret.
    if digest != secret.digest() {
        return Ok(None);
    }
    let status = match report.merged_into {
        Some(earlier) => tx.report(earlier).await?.map_or(report.status, |earlier| earlier.status),
        None => report.status,
    };
    Ok(Some(Followed { number: report.number, received_at: report.received_at, status, answer: answer(status) }))
}

fn answer(status: Status) -> Texts {
    match status {
        Status::New => texts([
            ("fa", "گزارش شما رسیده و در صف بررسی است. سپاس."),
            ("en", "Your report has arrived and will be looked at. Thank you."),
        ]),
        Status::Verified => texts([
            ("fa", "گزارش شما تأیید شد و به کار گرفته می‌شود. سپاس."),
            ("en", "Your report was confirmed and is being used. Thank you."),
        ]),
        Status::Rejected => texts([
            ("fa", "گزارش شما بررسی شد ولی تأیید نشد. اگر خطر هست دوباره گزارش دهید یا زنگ بزنید."),
            ("en", "Your report was looked at but not confirmed. If there is danger, report again or call."),
        ]),
        Status::Merged => texts([
            ("fa", "گزارش شما به گزارش پیشین‌تان افزوده شد. سپاس."),
            ("en", "Your report was added to your earlier one. Thank you."),
        ]),
        Status::Closed => texts([
            ("fa", "به گزارش شما رسیدگی شد. سپاس."),
            ("en", "What you reported has been dealt with. Thank you."),
        ]),
    }
}
