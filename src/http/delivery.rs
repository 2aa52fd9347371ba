//! How far an alert's delivery is, for staff.
//! Shown by the console's alert page, which asks again on `delivery.changed`.
//! Contacts are shown in part.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::problem::Problem;
use crate::{
    deliver::progress::{self, Progress},
    ground::Ground,
    id::{AlertId, NoticeId},
    staff::StaffMember,
};

/// Notices on one page at most.
pub const PAGE_MAX: i64 = 500;

/// Which page of notices.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// How many, 1 to 500; 100 when not given.
    limit: Option<i64>,
    /// What `next` of the page before said.
    after: Option<NoticeId>,
}

impl Page {
    /// How many, within bounds.
    pub fn limit(&self) -> i64 {
        self.limit.unwrap_or(100).clamp(1, PAGE_MAX)
    }

    /// Where the page begins.
    pub fn after(&self) -> Option<NoticeId> {
        self.after
    }
}

/// How far an alert's delivery is
///
/// 404 before publication: an alert that is not published tells nobody.
#[utoipa::path(get, path = "/alerts/{id}/delivery", tag = "delivery",
    params(("id" = AlertId, Path, description = "the alert"), Page),
    responses((status = 200, body = Progress), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn delivery(
    State(ground): State<Ground>,
    by: StaffMember,
    path: Result<Path<AlertId>, PathRejection>,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Progress>, Problem> {
    let (Path(alert), Query(page)) = (path?, query?);
    let progress = progress::of_alert(&ground, &by, alert, page.after, page.limit()).await?;
    progress.map(Json).ok_or_else(|| Problem::not_found("published alert"))
}
