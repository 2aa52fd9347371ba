//! Live events for open pages (server-sent events), resumable by `Last-Event-ID`.
//! Read by the console and by the public page; staff see staff events, others the public ones.
//! A page that missed more than is kept is told to load everything again; the number of open pages is bounded.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use futures_util::{StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;

use super::{App, problem::Problem};
use crate::{
    bell::{LiveAudience, LiveEvent},
    staff::{Caller, StaffMember},
};

/// What changes, as it changes
///
/// Event names are kinds of change, data is JSON with ids. After `reset` a page loads everything again.
#[utoipa::path(get, path = "/live", tag = "live",
    params(("Last-Event-ID" = Option<String>, Header, description = "the last event that was seen")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 503, body = Problem)))]
pub async fn live(State(app): State<App>, caller: Option<Caller>, headers: HeaderMap) -> Result<Response, Problem> {
    let staff = caller.and_then(StaffMember::try_from_caller).is_some();
    let page = Arc::clone(&app.live_pages).try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-many-pages",
            "too many pages are open; try again in a minute",
        )
    })?;
    let after = headers.get("last-event-id").and_then(|value| value.to_str().ok()).map(|id| {
        let known = id.split_once('-').and_then(|(stream, seq)| Some((stream.parse().ok()?, seq.parse().ok()?)));
        // An id that we can't have given is of no stream of ours: the page starts anew.
        known.unwrap_or((u64::MAX, u64::MAX))
    });
    let (missed, receiver) = app.ground.bells.listen(after);
    let reset = missed.is_none().then(|| Event::default().event("reset").data("{}"));
    let missed = missed.unwrap_or_default();
    let first: Vec<_> =
        reset.into_iter().chain(missed.iter().filter(|event| visible(event, staff)).map(present)).collect();
    metrics::gauge!("hamyar_live_pages").increment(1.0);
    let guard = (page, OpenPage);
    let stop = app.stop.clone();
    let later = stream::unfold((receiver, guard, stop), move |(mut receiver, guard, stop)| async move {
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => return None,
                heard = receiver.recv() => heard,
            };
            let event = match heard {
                Ok(event) if visible(&event, staff) => present(&event),
                Ok(_) => continue,
                // This page was too slow for the stream: it starts anew.
                Err(RecvError::Lagged(_)) => Event::default().event("reset").data("{}"),
                Err(RecvError::Closed) => return None,
            };
            return Some((event, (receiver, guard, stop)));
        }
    });
    let events = stream::iter(first).chain(later).map(Ok::<_, Infallible>);
    let keep_alive = axum::response::sse::KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events).keep_alive(keep_alive).into_response())
}

struct OpenPage;

impl Drop for OpenPage {
    fn drop(&mut self) {
        metrics::gauge!("hamyar_live_pages").decrement(1.0);
    }
}

fn visible(event: &LiveEvent, staff: bool) -> bool {
    match event.audience {
        LiveAudience::Public => true,
        LiveAudience::Staff => staff,
    }
}

fn present(event: &LiveEvent) -> Event {
    Event::default()
        .id(format!("{}-{}", event.stream, event.seq))
        .event(event.kind.as_ref())
        .data(event.about.to_string())
}
