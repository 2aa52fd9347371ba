//! Notices from the reader's side: the signed link, the helper's own list, the gateway's receipts.
//! Opened from text messages and mails; used by the helper's page.
//! GET shows and POST acts: programs that preview a link open it, and must not answer for anybody.

use axum::{
    Form, Json,
    extract::{
        Path, Query, State,
        rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection},
    },
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{delivery::Page, problem::Problem};
use crate::{
    deliver::{
        page,
        reply::{self, Answer, AnswerRefusal, Told},
    },
    ground::Ground,
    id::{NoticeId, PersonId, Secret},
    staff::Helper,
};

impl From<AnswerRefusal> for Problem {
    fn from(refusal: AnswerRefusal) -> Self {
        let title = refusal.to_string();
        match refusal {
            AnswerRefusal::NoNotice => Self::new(StatusCode::NOT_FOUND, "no-such-notice", title),
            AnswerRefusal::NotAsked => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-asked", title),
            AnswerRefusal::WhichPerson => Self::conflict("which-person", title),
            AnswerRefusal::Store(fault) => fault.into(),
        }
    }
}

/// A page of a secret: kept by nobody on the way, and its address is told to no other site.
fn private(status: StatusCode, html: String) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    (status, headers, Html(html)).into_response()
}

/// What a link shows
///
/// An HTML page in the reader's language, without script. Opening it answers nothing.
#[utoipa::path(get, path = "/n/{secret}", tag = "notices",
    params(("secret" = String, Path, description = "from the message")),
    responses((status = 200, content_type = "text/html", body = String), (status = 404, content_type = "text/html", body = String)))]
pub async fn show_link(State(ground): State<Ground>, Path(secret): Path<String>) -> Result<Response, Problem> {
    match reply::page_of_link(&ground, &Secret::new(secret)).await {
        Ok(shown) => Ok(private(StatusCode::OK, page::of_link(&shown))),
        Err(AnswerRefusal::Store(fault)) => Err(fault.into()),
        Err(_) => Ok(private(StatusCode::NOT_FOUND, page::gone())),
    }
}

/// An answer by the form of a link's page.
#[derive(Deserialize, ToSchema)]
pub struct LinkAnswer {
    answer: Answer,
    /// Which of the people of this message; needed only when there are several.
    who: Option<PersonId>,
}

/// Answer by a link's form
///
/// Leads back to the page, which then shows the answer. The secret is the right to answer.
#[utoipa::path(post, path = "/n/{secret}", tag = "notices",
    params(("secret" = String, Path, description = "from the message")),
    request_body(content = LinkAnswer, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "recorded"), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn answer_link(
    State(ground): State<Ground>,
    Path(secret): Path<String>,
    form: Result<Form<LinkAnswer>, FormRejection>,
) -> Result<Redirect, Problem> {
    let Form(answer) = form?;
    reply::by_link(&ground, &Secret::new(&*secret), answer.answer, answer.who).await?;
    Ok(Redirect::to(&format!("/n/{secret}")))
}

/// What a helper was told.
#[derive(Serialize, ToSchema)]
pub struct MyNotices {
    items: Vec<Told>,
    /// Pass it as `after` for what came before; null at the end.
    next: Option<NoticeId>,
}

/// What I was told, newest first
#[utoipa::path(get, path = "/me/notices", tag = "notices", params(Page),
    responses((status = 200, body = MyNotices), (status = 403, body = Problem)))]
pub async fn my_notices(
    State(ground): State<Ground>,
    by: Helper,
    query: Result<Query<Page>, QueryRejection>,
) -> Result<Json<MyNotices>, Problem> {
    let Query(page) = query?;
    let items = reply::notices_of(&ground, &by, page.after(), page.limit()).await?;
    let full = i64::try_from(items.len()).is_ok_and(|count| count == page.limit());
    let next = items.last().filter(|_| full).map(|last| last.id);
    Ok(Json(MyNotices { items, next }))
}

/// An answer.
#[derive(Deserialize, ToSchema)]
pub struct MyAnswer {
    answer: Answer,
}

/// Answer one of my notices
#[utoipa::path(post, path = "/me/notices/{id}/answer", tag = "notices", request_body = MyAnswer,
    params(("id" = NoticeId, Path, description = "the notice")),
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn answer(
    State(ground): State<Ground>,
    by: Helper,
    path: Result<Path<NoticeId>, PathRejection>,
    body: Result<Json<MyAnswer>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (Path(notice), Json(body)) = (path?, body?);
    reply::by_helper(&ground, &by, notice, body.answer).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A gateway's word on a message that it took.
#[derive(Deserialize)]
pub struct Receipt {
    id: NoticeId,
    status: u32,
    secret: Secret,
}

/// Takes a delivery report of an SMS gateway (Kannel's dlr-url). Answered with empty text; a wrong secret learns nothing but 404.
pub async fn receipt(
    State(ground): State<Ground>,
    Path(gateway): Path<String>,
    query: Result<Query<Receipt>, QueryRejection>,
) -> Result<StatusCode, Problem> {
    let Query(receipt) = query?;
    let known = reply::receipt(&ground, &gateway, &receipt.secret, receipt.id, receipt.status).await?;
    Ok(if known { StatusCode::OK } else { StatusCode::NOT_FOUND })
}
