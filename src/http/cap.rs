//! What we told the world, for programs: the CAP documents and their feeds.
//! Read by aggregators, apps and other cities; anybody may.
//! All that is live, Actual and public stands in the city's feeds, nothing else; a document is served byte by byte as it was published.

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
use jiff::{
    Timestamp,
    fmt::rfc2822::{DateTimeParser, DateTimePrinter},
};
use serde::Deserialize;
use tracing::error;
use utoipa::IntoParams;

use super::{App, alerts::cap_url, problem::Problem};
use crate::{
    ground::Ground,
    id::{ExerciseId, hex},
    issue::Alert,
    store::Fault,
};

/// So long after a change its time is told (RFC 9110 §8.8.2.2). Before, another one of the same second may still be on its way to the
/// database, and who asks by time would take the feed that holds it for the one without.
const CHANGE_IS_SETTLED_AFTER: jiff::SignedDuration = jiff::SignedDuration::from_secs(60);

/// How the feed speaks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// BCP 47; the city's first language when it is not given or none of the city's.
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
    Ok(answer(
        &headers,
        CAP_MEDIA_TYPE,
        "public, max-age=31536000, immutable",
        Some(publication.at),
        publication.cap_xml,
    ))
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
    let languages = &ground.config.city.languages;
    let lang = spoken(query.lang.as_deref(), languages).to_owned();
    let (live, updated) = live_of(ground, exercise).await?;
    let root = ground.config.public_url();
    let entries: Vec<Entry> = live.iter().filter_map(|alert| entry(alert, &lang, &root)).collect();
    let address = |lang: &str| format!("{root}/cap/{name}?lang={lang}");
    let settings = &ground.config.issue;
    let author = texts([("fa", settings.sender_name_fa.as_str()), ("en", settings.sender_name_en.as_str())]);
    let title = match exercise {
        None => texts([("fa", "هشدارهای جاری"), ("en", "Live alerts")]),
        Some(_) => texts([("fa", "مانور: هشدارهای ساختگی"), ("en", "EXERCISE: invented alerts")]),
    };
    let city = maps::text_in(ground.city.name(), &lang);
    let meta = FeedMeta {
        // A feed of its own for each language, with an id of its own, so that who reads two takes them for two.
        id: address(&lang),
        title: format!("{} · {city}", text_in(&title, &lang).unwrap_or_default()),
        self_url: address(&lang),
        others: languages.iter().filter(|other| **other != lang).map(|other| (other.clone(), address(other))).collect(),
        site_url: format!("{root}/"),
        author: text_in(&author, &lang).unwrap_or_default().to_owned(),
        lang,
        updated,
    };
    let changed = Some(updated).filter(|updated| ground.now().duration_since(*updated) >= CHANGE_IS_SETTLED_AFTER);
    Ok(answer(headers, media_type, "public, max-age=10", changed, write(&meta, &entries)))
}

/// The city's language that a reader asks for: the tag itself, else the same primary language, else the city's first.
fn spoken<'l>(asked: Option<&str>, languages: &'l [String]) -> &'l str {
    let primary = |tag: &str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    let asked = asked.unwrap_or_default();
    let found = languages
        .iter()
        .find(|lang| lang.eq_ignore_ascii_case(asked))
        .or_else(|| languages.iter().find(|lang| primary(lang) == primary(asked)))
        .or_else(|| languages.first());
    found.map_or("fa", String::as_str)
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
    let url = cap_url(root, alert.id);
    let read = match xml::read(publication.cap_xml.as_bytes()) {
        Ok(read) => read,
        Err(fault) => {
            error!(alert.id = %alert.id, %fault, "the feeds lack alert {}: its document can't be read: {fault}", alert.id);
            return None;
        }
    };
    if alert.exercise.is_some() {
        Entry::of_exercise(&read.alert, lang, &url)
    } else {
        Entry::of(&read.alert, lang, &url)
    }
}

/// The text with its tag, or 304 when the caller has it already. `changed` is when it last did, when that can be told to the second.
fn answer(
    headers: &HeaderMap,
    media_type: &'static str,
    cache: &'static str,
    changed: Option<Timestamp>,
    text: String,
) -> Response {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    // Weak, because the same text may travel compressed.
    let tag = format!("W/\"{}\"", hex(&digest.as_ref()[..16]));
    let mut common = vec![(header::ETAG, tag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    let told = changed.and_then(|changed| DateTimePrinter::new().timestamp_to_rfc9110_string(&changed).ok());
    common.extend(told.map(|at| (header::LAST_MODIFIED, at)));
    let mut response = if has_already(headers, &tag, changed) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media_type)], text).into_response()
    };
    for (name, value) in common {
        response.headers_mut().insert(name, value.parse().expect("hexadecimal digits, dates and our own words"));
    }
    response
}

/// RFC 9110 §13.1.2: weak comparison with any of the listed tags; §13.1.3: only without tags, the time.
fn has_already(headers: &HeaderMap, tag: &str, changed: Option<Timestamp>) -> bool {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
        let since = since.and_then(|since| DateTimeParser::new().parse_timestamp(since).ok());
        // The very time we gave: one that somebody made up may lie after changes that they have never seen.
        return since.zip(changed).is_some_and(|(since, changed)| changed.as_second() == since.as_second());
    }
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let listed = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|list| list.split(',')).any(|one| one.trim() == "*" || opaque(one) == opaque(tag))
}
