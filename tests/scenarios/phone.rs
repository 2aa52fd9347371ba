//! A fake SMS gateway in Kannel's words, and what arrived at each telephone.
//! Started by `city` and by stories with a child process; the service sends to it over real HTTP.
//! A telephone shows each message once: repeats carry the id of the first, and the gateway knows them by it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    routing::get,
};
use tokio::sync::{Semaphore, watch};

/// A text message as a telephone shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// The id by which a repeat is known.
    pub id: String,
    /// What it says.
    pub text: String,
}

/// How the gateway behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Works,
    /// Answers 503 to everything.
    Down,
}

#[derive(Debug, Default)]
struct Inboxes {
    /// By telephone, in the order of arrival.
    shown: BTreeMap<String, Vec<Sms>>,
    /// Ids that were shown.
    known: BTreeSet<String>,
    /// How much of each was read by the story.
    read: BTreeMap<String, usize>,
    /// Numbers that do not exist.
    dead: BTreeSet<String>,
}

/// The gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    inboxes: Mutex<Inboxes>,
    mood: Mutex<Mood>,
    /// Requests that came, repeats included.
    requests: watch::Sender<usize>,
    /// How many more requests are answered; the others wait.
    answers: Semaphore,
}

impl Gateway {
    /// Listens on a loopback port of the system's choosing, until the test's runtime ends.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let gateway = Self(Arc::new(Inner {
            address: listener.local_addr().expect("a bound port"),
            inboxes: Mutex::default(),
            mood: Mutex::new(Mood::Works),
            requests: watch::Sender::new(0),
            answers: Semaphore::new(Semaphore::MAX_PERMITS),
        }));
        let router = Router::new().route("/sendsms", get(send)).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        gateway
    }

    /// Where the service sends.
    pub fn url(&self) -> String {
        format!("http://{}/sendsms", self.0.address)
    }

    /// From now on it answers 503.
    pub fn breaks_down(&self) {
        *self.0.mood.lock().expect("no story panics with it") = Mood::Down;
    }

    /// It works again.
    pub fn is_repaired(&self) {
        *self.0.mood.lock().expect("no story panics with it") = Mood::Works;
    }

    /// A number that no operator has.
    pub fn has_no_number(&self, phone: &str) {
        self.inboxes(|inboxes| inboxes.dead.insert(phone.to_owned()));
    }

    /// Answers so many more requests; later ones are taken but wait for their answer until [`Gateway::answers_all`].
    pub fn answers_only(&self, count: usize) {
        self.0.answers.forget_permits(Semaphore::MAX_PERMITS);
        self.0.answers.add_permits(count);
    }

    /// Answers everything, also what waits.
    pub fn answers_all(&self) {
        self.0.answers.add_permits(Semaphore::MAX_PERMITS - self.0.answers.available_permits());
    }

    /// Waits until so many requests have come in all.
    pub async fn was_asked(&self, count: usize) {
        let mut requests = self.0.requests.subscribe();
        let what = format!("{count} requests to the SMS gateway");
        let _ = crate::awaited(&what, requests.wait_for(|have| *have >= count)).await;
    }

    /// Requests so far, repeats included.
    pub fn requests(&self) -> usize {
        *self.0.requests.borrow()
    }

    /// The next message that this telephone shows.
    pub fn next(&self, phone: &str) -> Option<Sms> {
        self.inboxes(|inboxes| {
            let read = inboxes.read.entry(phone.to_owned()).or_default();
            let sms = inboxes.shown.get(phone)?.get(*read)?.clone();
            *read += 1;
            Some(sms)
        })
    }

    /// Everything that this telephone ever showed.
    pub fn shown(&self, phone: &str) -> Vec<Sms> {
        self.inboxes(|inboxes| inboxes.shown.get(phone).cloned().unwrap_or_default())
    }

    fn inboxes<T>(&self, with: impl FnOnce(&mut Inboxes) -> T) -> T {
        with(&mut self.0.inboxes.lock().expect("no story panics with it"))
    }
}

async fn send(
    State(gateway): State<Gateway>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> (StatusCode, &'static str) {
    let part = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let (to, text, receipt) = (part("to"), part("text"), part("dlr-url"));
    // Our id stands in the address to which delivery is reported.
    let id = receipt.split(['?', '&']).find_map(|part| part.strip_prefix("id=")).unwrap_or_default().to_owned();
    let down = *gateway.0.mood.lock().expect("no story panics with it") == Mood::Down;
    let dead = gateway.inboxes(|inboxes| {
        let dead = inboxes.dead.contains(&to);
        if !down && !dead && inboxes.known.insert(id.clone()) {
            inboxes.shown.entry(to.clone()).or_default().push(Sms { id, text });
        }
        dead
    });
    gateway.0.requests.send_modify(|count| *count += 1);
    if down {
        return (StatusCode::SERVICE_UNAVAILABLE, "out of order");
    }
    gateway.0.answers.acquire().await.expect("it is never closed").forget();
    if dead { (StatusCode::ACCEPTED, "4: Not routable") } else { (StatusCode::ACCEPTED, "0: Accepted for delivery") }
}
