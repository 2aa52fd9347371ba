//! Live events for open pages (server-sent events), resumable by `Last-Event-ID`.
//! Read by the console and by the public page; staff see staff events, others the public ones.
//! A page that missed more than is kept is told to load everything again. The number of open pages is bounded, in all and from one
//! address; a share of the places is kept for staff, so that strangers never take the console's.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response, Sse, sse::Event},
};
use futures_util::{StreamExt, stream};
use tokio::sync::broadcast::error::RecvError;

use super::{App, problem::Problem, session::peer_address};
use crate::{
    bell::{LiveAudience, LiveEvent},
    config, network,
    staff::{Caller, StaffMember},
};

/// When a page that found no place may ask for one again, in seconds; until then it asks for what it shows. As in web/src/live/line.ts.
const ASK_AGAIN_SECS: &str = "20";

/// Whose page it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// Somebody of the staff.
    Staff,
    /// Somebody else who is signed in: a helper, a mentor.
    SignedIn,
    /// Nobody we know, from this address.
    Anybody(String),
}

/// Why a page finds no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// All places that this visitor may take are taken.
    Full,
    /// Too many pages of one address are open.
    Address,
}

/// The places for open pages.
#[derive(Debug)]
pub struct LivePages {
    all_max: usize,
    /// For all but staff.
    others_max: usize,
    per_address_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    staff: usize,
    others: usize,
    /// Anonymous pages by address; an address without one is not in it, so it is as bounded as the pages are.
    by_address: HashMap<String, usize>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub struct Place {
    pages: Arc<LivePages>,
    visitor: Visitor,
}

impl LivePages {
    /// As many places as configured; at least one of them is for staff.
    pub fn of(settings: &config::Server) -> Self {
        let all_max = settings.live_pages_max;
        let for_staff = (all_max * settings.live_pages_staff_percent).div_ceil(100);
        Self {
            all_max,
            others_max: all_max - for_staff.min(all_max),
            per_address_max: settings.live_pages_per_address_max,
            taken: Mutex::default(),
        }
    }

    /// Takes a place.
    pub fn take(self: &Arc<Self>, visitor: Visitor) -> Result<Place, NoPlace> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.staff + taken.others >= self.all_max {
            return Err(NoPlace::Full);
        }
        match &visitor {
            Visitor::Staff => taken.staff += 1,
            Visitor::SignedIn | Visitor::Anybody(_) if taken.others >= self.others_max => return Err(NoPlace::Full),
            Visitor::SignedIn => taken.others += 1,
            Visitor::Anybody(address) => {
                let of_address = taken.by_address.get(address).copied().unwrap_or(0);
                if of_address >= self.per_address_max {
                    return Err(NoPlace::Address);
                }
                taken.by_address.insert(address.clone(), of_address + 1);
                taken.others += 1;
            }
        }
        metrics::gauge!("hamyar_live_pages", "visitor" => visitor.kind()).increment(1.0);
        Ok(Place { pages: Arc::clone(self), visitor })
    }
}

impl Visitor {
    fn kind(&self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::SignedIn => "signed_in",
            Self::Anybody(_) => "anybody",
        }
    }
}

impl NoPlace {
    fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Address => "address",
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.pages.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.visitor {
            Visitor::Staff => taken.staff -= 1,
            Visitor::SignedIn => taken.others -= 1,
            Visitor::Anybody(address) => {
                taken.others -= 1;
                let left = taken.by_address.get(address).map_or(0, |count| count - 1);
                if left == 0 {
                    taken.by_address.remove(address);
                } else {
                    taken.by_address.insert(address.clone(), left);
                }
            }
        }
        metrics::gauge!("hamyar_live_pages", "visitor" => self.visitor.kind()).decrement(1.0);
    }
}

/// What changes, as it changes
///
/// Event names are kinds of change, data is JSON with ids. After `reset` a page loads everything again.
#[utoipa::path(get, path = "/live", tag = "live",
    params(("Last-Event-ID" = Option<String>, Header, description = "the last event that was seen")),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = 503, description = "no place is free; Retry-After says when to ask again", body = Problem)))]
pub async fn live(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    caller: Option<Caller>,
    headers: HeaderMap,
) -> Response {
    let visitor = match caller.map(StaffMember::try_from_caller) {
        Some(Some(_)) => Visitor::Staff,
        Some(None) => Visitor::SignedIn,
        None => Visitor::Anybody(network::customer(&peer_address(&app, peer, &headers))),
    };
    let staff = visitor == Visitor::Staff;
    let place = match app.live_pages.take(visitor) {
        Ok(place) => place,
        Err(why) => {
            metrics::counter!("hamyar_live_pages_refused_total", "why" => why.as_str()).increment(1);
            let title =
                "too many pages are open: ask for what you show every few seconds, and for live events again later";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-pages", title);
            return ([(header::RETRY_AFTER, ASK_AGAIN_SECS)], problem).into_response();
        }
    };
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
    let stop = app.stop.clone();
    let later = stream::unfold((receiver, place, stop), move |(mut receiver, place, stop)| async move {
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
            return Some((event, (receiver, place, stop)));
        }
    });
    let events = stream::iter(first).chain(later).map(Ok::<_, Infallible>);
    let keep_alive = axum::response::sse::KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(keep_alive).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten places, two of them for staff, three for one address.
    fn pages() -> Arc<LivePages> {
        let mut settings = config::Config::defaults().server;
        (settings.live_pages_max, settings.live_pages_staff_percent) = (10, 20);
        settings.live_pages_per_address_max = 3;
        Arc::new(LivePages::of(&settings))
    }

    fn from(address: &str) -> Visitor {
        Visitor::Anybody(address.to_owned())
    }

    #[test]
    fn strangers_never_take_the_places_of_staff() {
        let pages = pages();
        let mut open: Vec<Place> =
            (0..8).map(|number| pages.take(from(&format!("192.0.2.{number}"))).expect("a place")).collect();
        assert_eq!(pages.take(from("192.0.2.99")).err(), Some(NoPlace::Full));
        assert_eq!(pages.take(Visitor::SignedIn).err(), Some(NoPlace::Full));
        open.push(pages.take(Visitor::Staff).expect("a place for staff"));
        open.push(pages.take(Visitor::Staff).expect("another"));
        assert_eq!(pages.take(Visitor::Staff).err(), Some(NoPlace::Full), "ten are ten");
        open.remove(0);
        let _back = pages.take(from("192.0.2.99")).expect("a page that was closed leaves its place");
    }

    #[test]
    fn one_address_takes_few_places_and_gives_them_back() {
        let pages = pages();
        let mut open: Vec<Place> = (0..3).map(|_| pages.take(from("192.0.2.1")).expect("a place")).collect();
        assert_eq!(pages.take(from("192.0.2.1")).err(), Some(NoPlace::Address));
        open.push(pages.take(Visitor::SignedIn).expect("who is signed in counts for no address"));
        open.push(pages.take(from("192.0.2.2")).expect("another address"));
        open.clear();
        let taken = pages.taken.lock().expect("no panic");
        assert_eq!((taken.staff, taken.others, taken.by_address.len()), (0, 0, 0), "nothing is left behind");
    }
}
