//! Which steps of an alert's life this caller may take now, and why not, in words.
//! Used by `http::alerts` so that a page shows only what will work.
//! It is a courtesy, not a guard: the room decides again when the step is taken.

use std::collections::BTreeMap;

use alerts::{Kind, Texts, lifecycle::Stage, texts};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    issue::Alert,
    staff::{Caller, Role},
};

/// What this caller may do with an alert now.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "one answer per step, as the page shows its buttons")]
pub struct May {
    edit: bool,
    approve: bool,
    publish: bool,
    update: bool,
    all_clear: bool,
    cancel: bool,
    discard: bool,
    /// For each step that won't, the reason per language.
    #[schema(value_type = BTreeMap<String, BTreeMap<String, String>>)]
    why_not: BTreeMap<&'static str, Texts>,
}

/// Why a step can't be taken.
#[derive(Clone, Copy)]
enum Hindrance {
    Officer,
    Approver,
    OwnWork,
    Published,
    AlreadyApproved,
    NotApproved,
    NotLive,
    Ended,
    Over,
}

impl Hindrance {
    fn words(self) -> Texts {
        match self {
            Self::Officer => {
                texts([("fa", "این کار به نقش «افسر هشدار» نیاز دارد."), ("en", "This needs the right of an officer.")])
            }
            Self::Approver => texts([
                ("fa", "این کار به نقش «تأییدکننده» نیاز دارد."),
                ("en", "This needs the right of an approver."),
            ]),
            Self::OwnWork => texts([
                ("fa", "شما این پیش‌نویس را نوشته یا ویرایش کرده‌اید؛ تأیید با نفر دوم است."),
                ("en", "You wrote or edited this draft; a second person has to approve it."),
            ]),
            Self::Published => texts([
                ("fa", "این هشدار منتشر شده است و تغییر نمی‌کند؛ آن را به‌روز یا لغو کنید."),
                ("en", "This alert is published and does not change any more; update or cancel it."),
            ]),
            Self::AlreadyApproved => {
                texts([("fa", "این هشدار پیش‌تر تأیید شده است."), ("en", "This alert is approved already.")])
            }
            Self::NotApproved => {
                texts([("fa", "هنوز نفر دومی آن را تأیید نکرده است."), ("en", "No second person has approved it yet.")])
            }
            Self::NotLive => texts([("fa", "این هشدار جاری نیست."), ("en", "This alert is not live.")]),
            Self::Ended => texts([("fa", "این هشدار پایان یافته است."), ("en", "This alert has ended.")]),
            Self::Over => texts([
                ("fa", "زمان پایان این پیش‌نویس گذشته است؛ زمان دیگری بگذارید."),
                ("en", "The end of this draft has passed; set a later one."),
            ]),
        }
    }
}

impl May {
    /// What `caller` may do with `alert` at `now`.
    pub fn of(alert: &Alert, caller: &Caller, now: Timestamp) -> Self {
        let has = |role: Role, hindrance| if caller.roles().contains(&role) { Ok(()) } else { Err(hindrance) };
        let officer = has(Role::Officer, Hindrance::Officer);
        let approver = has(Role::Approver, Hindrance::Approver);
        let unpublished = match alert.stage {
            Stage::Draft | Stage::Approved { .. } => Ok(()),
            Stage::Live { .. } => Err(Hindrance::Published),
            Stage::Ended { .. } => Err(Hindrance::Ended),
        };
        let is_draft = match alert.stage {
            Stage::Approved { .. } => Err(Hindrance::AlreadyApproved),
            Stage::Draft | Stage::Live { .. } | Stage::Ended { .. } => unpublished,
        };
        let is_approved = match alert.stage {
            Stage::Draft => Err(Hindrance::NotApproved),
            Stage::Approved { .. } | Stage::Live { .. } | Stage::Ended { .. } => unpublished,
        };
        let others_work = if alert.authors.contains(&caller.person()) { Err(Hindrance::OwnWork) } else { Ok(()) };
        let in_time = if alert.content.expires > now { Ok(()) } else { Err(Hindrance::Over) };
        let live = match alert.kind {
            Kind::Alert | Kind::Update | Kind::AllClear if alert.is_live_at(now) => Ok(()),
            Kind::Alert | Kind::Update | Kind::AllClear | Kind::Cancel => Err(Hindrance::NotLive),
        };
        let about_live = officer.and(live);
        let mut why_not = BTreeMap::new();
        let mut step = |name, answer: Result<(), Hindrance>| {
            if let Err(hindrance) = answer {
                why_not.insert(name, hindrance.words());
            }
            answer.is_ok()
        };
        Self {
            edit: step("edit", officer.and(unpublished)),
            approve: step("approve", approver.and(is_draft).and(others_work).and(in_time)),
            publish: step("publish", officer.and(is_approved).and(in_time)),
            update: step("update", about_live),
            all_clear: step("all_clear", about_live),
            cancel: step("cancel", about_live),
            discard: step("discard", officer.and(unpublished)),
            why_not,
        }
    }
}
