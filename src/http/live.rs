//! Live events for open pages (server-sent events), resumable by `Last-Event-ID`.
//! Read by the console and by the public page; staff see staff events, others the public ones.
//! A page that missed more than is kept is told to load everything again. The number of open pages is bounded, in all and by address or
//! person; a share of the places is kept for staff, so that strangers never take the console's.

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
use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast::error::RecvError;

use super::{App, problem::Problem, rights::caller_of, session::peer_address};
use crate::{
    bell::{LiveAudience, LiveEvent},
    config,
    id::PersonId,
    network,
    staff::{Caller, StaffMember},
};

/// When a page that found no place may ask for one again, in seconds; until then it asks for what it shows. As in web/src/live/line.ts.
const ASK_AGAIN_SECS: &str = "20";

/// Open pages of one person who is not staff.
const PER_PERSON_MAX: usize = 20;

/// How long an open page of the staff goes on without its rights being looked at again.
const RIGHTS_HOLD: SignedDuration = SignedDuration::from_secs(5);

/// Whose page it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Visitor {
    /// Somebody of the staff.
    Staff,
    /// Somebody else who is signed in: a helper, a mentor.
    SignedIn(PersonId),
    /// Nobody we know, from this address.
    Anybody(String),
}

/// Why a page finds no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPlace {
    /// All places that this visitor may take are taken.
    Full,
    /// Too many pages of one address, or of one person who is not staff, are open.
    TooMany,
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
    /// Pages by who opened them; who has none is not in it, so it is as bounded as the pages are.
    by_visitor: HashMap<Visitor, usize>,
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
        if visitor == Visitor::Staff {
            taken.staff += 1;
        } else {
            if taken.others >= self.others_max {
                return Err(NoPlace::Full);
            }
            let open = taken.by_visitor.get(&visitor).copied().unwrap_or(0);
            let most = match visitor {
                Visitor::SignedIn(_) => self.per_address_max.min(PER_PERSON_MAX),
                _ => self.per_address_max,
            };
            if open >= most {
                return Err(NoPlace::TooMany);
            }
            taken.by_visitor.insert(visitor.clone(), open + 1);
            taken.others += 1;
        }
        metrics::gauge!("hamyar_live_pages", "visitor" => visitor.kind()).increment(1.0);
        Ok(Place { pages: Arc::clone(self), visitor })
    }
}

impl Visitor {
    fn kind(&self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::SignedIn(_) => "signed_in",
            Self::Anybody(_) => "anybody",
        }
    }
}

impl NoPlace {
    fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TooMany => "too_many",
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.pages.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if self.visitor == Visitor::Staff {
            taken.staff -= 1;
        } else {
            taken.others -= 1;
            let left = taken.by_visitor.get(&self.visitor).map_or(0, |count| count - 1);
            if left == 0 {
                taken.by_visitor.remove(&self.visitor);
            } else {
                taken.by_visitor.insert(self.visitor.clone(), left);
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
    let visitor = match caller {
        Some(caller) if StaffMember::try_from_caller(caller.clone()).is_some() => Visitor::Staff,
        Some(caller) => Visitor::SignedIn(caller.person()),
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
    let rights = Rights { seen_at: app.ground.now(), app, headers };
    let later = stream::unfold((receiver, place, rights), move |(mut receiver, place, mut rights)| async move {
        let stop = rights.app.stop.clone();
        loop {
            let heard = tokio::select! {
                () = stop.cancelled() => return None,
                heard = receiver.recv() => heard,
            };
            let event = match heard {
                Ok(event) if !visible(&event, staff) => continue,
                // Who is no longer of the staff hears nothing more; the page asks again and is told what it may see.
                Ok(event) if event.audience == LiveAudience::Staff && !rights.hold().await => return None,
                Ok(event) => present(&event),
                // This page was too slow for the stream: it starts anew.
                Err(RecvError::Lagged(_)) => Event::default().event("reset").data("{}"),
                Err(RecvError::Closed) => return None,
            };
            return Some((event, (receiver, place, rights)));
        }
    });
    let events = stream::iter(first).chain(later).map(Ok::<_, Infallible>);
    let keep_alive = axum::response::sse::KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(events).keep_alive(keep_alive).into_response()
}

/// By what right a page of the staff is open.
struct Rights {
    app: App,
    headers: HeaderMap,
    seen_at: Timestamp,
}

impl Rights {
    /// Whether the page is still one of the staff's: asked of the store now and then, so that a dismissal, a log-out or a new password also
    /// ends what was open before.
    async fn hold(&mut self) -> bool {
        let now = self.app.ground.now();
        if now.duration_since(self.seen_at) < RIGHTS_HOLD {
            return true;
        }
        self.seen_at = now;
        // A store that does not answer ends the page too: it comes back.
        let caller = caller_of(&self.headers, &self.app).await.ok().flatten();
        caller.is_some_and(|caller| StaffMember::try_from_caller(caller).is_some())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Ids;

    /// Ten places, two of them for staff, three for one address.
    fn pages() -> Arc<LivePages> {
        let mut settings = config::Config::defaults().server;
        (settings.live_pages_max, settings.live_pages_staff_percent) = (10, 20);
        settings.live_pages_per_address_max = 3;
        Arc::new(LivePages::of(&settings))
    }

    fn helper() -> Visitor {
        Visitor::SignedIn(PersonId::draw(&Ids::system(), Timestamp::UNIX_EPOCH))
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
        assert_eq!(pages.take(helper()).err(), Some(NoPlace::Full));
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
        assert_eq!(pages.take(from("192.0.2.1")).err(), Some(NoPlace::TooMany));
        let helper = helper();
        open.extend((0..3).map(|_| pages.take(helper.clone()).expect("who is signed in counts for no address")));
        assert_eq!(pages.take(helper).err(), Some(NoPlace::TooMany), "but for themselves");
        open.push(pages.take(from("192.0.2.2")).expect("another address"));
        open.clear();
        let taken = pages.taken.lock().expect("no panic");
        assert_eq!((taken.staff, taken.others, taken.by_visitor.len()), (0, 0, 0), "nothing is left behind");
    }
}
