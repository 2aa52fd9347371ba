//! What we told the world, for programs: the CAP documents and their feeds.
//! Read by aggregators, apps and other cities; anybody may.
//! Only what is live, Actual and public stands in the city's feed; a document is served byte by byte as it was published.

use alerts::{
    cap::Scope,
    feed::{self, CAP_MEDIA_TYPE, Entry, FeedMeta},
    text_in, texts, xml,
};
use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{App, alerts::cap_url, problem::Problem};
use crate::{
    ground::Ground,
    id::{ExerciseId, hex},
    issue::Alert,
    store::Fault,
};

/// How the feed speaks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// BCP 47; the city's first language when it is not given.
    lang: Option<String>,
}

/// Live alerts as an Atom feed
#[utoipa::path(get, path = "/cap/feed.atom", tag = "cap", params(FeedQuery),
    responses((status = 200, content_type = "application/atom+xml", body = String), (status = 304)))]
pub async fn atom(
    State(app): State<App>,
    query: Result<Query<FeedQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&app.ground, query?.0, &headers, None, "feed.atom", "application/atom+xml; charset=utf-8", feed::atom).await
}

/// Live alerts as an RSS channel
#[utoipa::path(get, path = "/cap/feed.rss", tag = "cap", params(FeedQuery),
    responses((status = 200, content_type = "application/rss+xml", body = String), (status = 304)))]
pub async fn rss(
    State(app): State<App>,
    query: Result<Query<FeedQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&app.ground, query?.0, &headers, None, "feed.rss", "application/rss+xml; charset=utf-8", feed::rss).await
}

/// The demo's alerts as an Atom feed: everything in it is invented
#[utoipa::path(get, path = "/cap/exercise.atom", tag = "cap", params(FeedQuery),
    responses((status = 200, content_type = "application/atom+xml", body = String), (status = 304), (status = 404, body = Problem)))]
pub async fn exercise(
    State(app): State<App>,
    query: Result<Query<FeedQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let demo = app.ground.exercise.ok_or_else(|| Problem::not_found("feed: it is the demo's"))?;
    let media_type = "application/atom+xml; charset=utf-8";
    serve(&app.ground, query?.0, &headers, Some(demo), "exercise.atom", media_type, feed::atom).await
}

/// One CAP document, as it was published
#[utoipa::path(get, path = "/cap/alerts/{file}", tag = "cap", params(("file" = String, Path, description = "the alert's id and .xml")),
    responses((status = 200, content_type = "application/cap+xml", body = String), (status = 304), (status = 404, body = Problem)))]
pub async fn document(
    State(app): State<App>,
    file: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(file) = file?;
    let missing = || Problem::not_found("alert");
    let id = file.strip_suffix(".xml").and_then(|id| id.parse().ok()).ok_or_else(missing)?;
    let mut tx = app.ground.store.read("serve alert").await?;
    let alert = tx.alert(id).await?.ok_or_else(missing)?;
    // A drill's alert is nobody's business outside; in the demo's database everything is the demo's.
    if alert.exercise != app.ground.exercise {
        return Err(missing());
    }
    let publication = alert.publication.ok_or_else(missing)?;
    let is_public = xml::read(publication.cap_xml.as_bytes()).is_ok_and(|read| read.alert.scope == Scope::Public);
    if !is_public {
        return Err(missing());
    }
    Ok(answer(&headers, CAP_MEDIA_TYPE, "public, max-age=31536000, immutable", publication.at, publication.cap_xml))
}

async fn serve(
    ground: &Ground,
    query: FeedQuery,
    headers: &HeaderMap,
    exercise: Option<ExerciseId>,
    name: &str,
    media_type: &'static str,
    write: fn(&FeedMeta, &[Entry]) -> String,
) -> Result<Response, Problem> {
    let first = ground.config.city.languages.first().map_or("fa", String::as_str);
    let lang = query.lang.filter(|lang| alerts::cap::Language::new(lang).is_ok()).unwrap_or_else(|| first.to_owned());
    let (live, updated) = live_of(ground, exercise).await?;
    let root = ground.config.public_url();
    let entries: Vec<Entry> = live.iter().filter_map(|alert| entry(alert, &lang, &root)).collect();
    let settings = &ground.config.issue;
    let author = texts([("fa", settings.sender_name_fa.as_str()), ("en", settings.sender_name_en.as_str())]);
    let title = match exercise {
        None => texts([("fa", "هشدارهای جاری"), ("en", "Live alerts")]),
        Some(_) => texts([("fa", "مانور: هشدارهای ساختگی"), ("en", "EXERCISE: invented alerts")]),
    };
    let city = maps::text_in(ground.city.name(), &lang);
    let self_url = format!("{root}/cap/{name}?lang={lang}");
    let meta = FeedMeta {
        id: format!("{root}/cap/{name}"),
        title: format!("{} · {city}", text_in(&title, &lang).unwrap_or_default()),
        self_url,
        site_url: format!("{root}/"),
        author: text_in(&author, &lang).unwrap_or_default().to_owned(),
        lang,
        updated,
    };
    Ok(answer(headers, media_type, "public, max-age=10", updated, write(&meta, &entries)))
}

/// What is live now, and when that last changed.
async fn live_of(ground: &Ground, exercise: Option<ExerciseId>) -> Result<(Vec<Alert>, Timestamp), Fault> {
    let now = ground.now();
    let mut tx = ground.store.read("feed").await?;
    let live = tx.live_alerts(now).await?.into_iter().filter(|alert| alert.exercise == exercise).collect();
    let updated = tx.live_changed_at(now).await?.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok((live, updated))
}

fn entry(alert: &Alert, lang: &str, root: &str) -> Option<Entry> {
    let publication = alert.publication.as_ref()?;
    let read = xml::read(publication.cap_xml.as_bytes()).ok()?;
    Entry::of(&read.alert, lang, &cap_url(root, alert.id))
}

/// The text with its tag, or 304 when the caller has it already.
fn answer(
    headers: &HeaderMap,
    media_type: &'static str,
    cache: &'static str,
    changed: Timestamp,
    text: String,
) -> Response {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    // Weak, because the same text may travel compressed.
    let tag = format!("W/\"{}\"", hex(&digest.as_ref()[..16]));
    let mut common = vec![(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    common.extend(
        DateTimePrinter::new().timestamp_to_rfc9110_string(&changed).ok().map(|at| (header::LAST_MODIFIED, at)),
    );
    let mut response = if has_already(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media_type)], text).into_response()
    };
    for (name, value) in common {
        response.headers_mut().insert(name, value.parse().expect("hexadecimal digits, dates and our own words"));
    }
    response
}

/// RFC 9110 §13.1.2: weak comparison with any of the listed tags.
fn has_already(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let listed = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|list| list.split(',')).any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}
