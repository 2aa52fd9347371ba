//! A city for stories of delivery: a gateway that speaks Kannel, a mail relay, a broker that remembers, a desk and helpers.
//! Used by the stories beside it.
//! Ports are the system's choice; what hangs is let go by the story.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use alerts::{
    Content, Facts, Hazard, Kind, Level, Occasion,
    cap::{Certainty, ResponseType, Severity, Urgency},
    compose,
};
use axum::{Router, extract::Query, http::StatusCode, routing::get};
use hamyar::{
    config::{Config, SmsGateway},
    deliver::{
        self, Audience, Channel, Channels, NewBroadcast, Publish,
        progress::{self, Progress},
        reply::{self, SmsReply},
        sandbox::smtp::{self, Mail},
    },
    ground::Ground,
    helpers::{self, NewHelper},
    id::{AlertId, BroadcastId, PersonId, Secret},
    staff::{Caller, NewPerson, Registrar, Role, StaffMember, add_staff, contact::ContactKind, sign_in},
};
use maps::ZoneCode;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What the gateway does with the next message.
#[derive(Clone)]
pub enum Does {
    /// Says this, at once.
    Says(u16, &'static str),
    /// Takes it, and says this only when it is let go.
    Hangs(Arc<Semaphore>, u16, &'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    pub to: String,
    pub text: String,
}

/// A gateway that speaks Kannel: takes what it is sent and answers as the story wants, "0: Accepted" when it wants nothing.
#[derive(Clone, Default)]
pub struct Gateway {
    pub taken: Arc<Mutex<Vec<Sms>>>,
    pub next: Arc<Mutex<VecDeque<Does>>>,
    pub knocked: Arc<tokio::sync::Notify>,
}

impl Gateway {
    pub async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let gateway = self.clone();
        let take = move |Query(query): Query<std::collections::HashMap<String, String>>| {
            let gateway = gateway.clone();
            async move {
                let sms = Sms { to: query["to"].clone(), text: query["text"].clone() };
                gateway.taken.lock().unwrap().push(sms);
                gateway.knocked.notify_one();
                let does = gateway.next.lock().unwrap().pop_front();
                let (status, text) = match does.unwrap_or(Does::Says(202, "0: Accepted for delivery")) {
                    Does::Says(status, text) => (status, text),
                    Does::Hangs(until, status, text) => {
                        until.acquire().await.unwrap().forget();
                        (status, text)
                    }
                };
                (StatusCode::from_u16(status).unwrap(), text)
            }
        };
        let app = Router::new().route("/sendsms", get(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/sendsms")
    }

    pub fn will(&self, does: impl IntoIterator<Item = Does>) {
        self.next.lock().unwrap().extend(does);
    }

    /// What came since the last time.
    pub fn takes(&self) -> Vec<Sms> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }
}

pub type Mqtt = Arc<Mutex<Vec<(String, String)>>>;

/// A city with its far ends.
pub struct City {
    pub ground: Ground,
    pub channels: Channels,
    pub gateway: Gateway,
    pub mails: Arc<Mutex<Vec<Mail>>>,
    pub mqtt: Mqtt,
    pub registrar: Registrar,
    pub staff: StaffMember,
    pub _stop: tokio_util::sync::DropGuard,
}

impl City {
    pub async fn at(ground: Ground) -> Self {
        Self::with(ground, |_| {}).await
    }

    pub async fn with(ground: Ground, change: impl FnOnce(&mut Config)) -> Self {
        let gateway = Gateway::default();
        let mails: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let (listener, relay) = smtp::bind().await.unwrap();
        let stop = CancellationToken::new();
        let inbox = Arc::clone(&mails);
        tokio::spawn(smtp::serve(listener, stop.clone(), move |mail| {
            inbox.lock().unwrap().push(mail);
            async { true }
        }));
        let mut config = Config::clone(&ground.config);
        config.sms.send_by = "town".into();
        config.sms.gateways.insert(
            "town".into(),
            SmsGateway {
                dialect: "kannel".into(),
                secret: Secret::new("0123456789abcdef"),
                send_url: gateway.start().await,
                user: "hamyar".into(),
                password: Secret::new("password"),
                sender: "137".into(),
                hooks_url: String::new(),
            },
        );
        config.email.server = format!("smtp://{relay}");
        config.email.from = "Hamyar <hamyar@example.org>".into();
        config.server.public_url = "https://example.org".into();
        change(&mut config);
        let ground = Ground { config: Arc::new(config), ..ground };
        let mqtt = Mqtt::default();
        let kept = Arc::clone(&mqtt);
        let publish = Publish::by(move |topic, payload, _| {
            kept.lock().unwrap().push((topic, String::from_utf8(payload).unwrap()));
            Box::pin(async { Ok(()) })
        });
        let channels = Channels::open(&ground.config, &ground.bells, Some(publish)).unwrap();
        let admin = NewPerson {
            name: "Maryam".into(),
            language: "fa".into(),
            minor: false,
            roles: vec![Role::Admin, Role::Officer],
            contacts: Vec::new(),
            verified: true,
        };
        let password = Secret::new("a long password");
        add_staff(&ground, &admin, "maryam", &password).await.unwrap();
        let caller = sign_in::by_password(&ground, "maryam", &password, "127.0.0.1").await.unwrap().caller;
        Self {
            registrar: Registrar::try_from_caller(caller.clone()).unwrap(),
            staff: StaffMember::try_from_caller(caller).unwrap(),
            ground,
            channels,
            gateway,
            mails,
            mqtt,
            _stop: stop.drop_guard(),
        }
    }

    pub async fn helper(&self, name: &str, zone: &str, contacts: &[(ContactKind, &str)]) -> PersonId {
        self.register(name, zone, contacts, NewHelper::default()).await
    }

    pub async fn register(
        &self,
        name: &str,
        zone: &str,
        contacts: &[(ContactKind, &str)],
        more: NewHelper,
    ) -> PersonId {
        let new = NewHelper {
            name: name.into(),
            language: "fa".into(),
            contacts: contacts.iter().map(|(kind, address)| (*kind, (*address).to_owned())).collect(),
            zones: vec![ZoneCode::new(zone).unwrap()],
            ..more
        };
        helpers::register(&self.ground, &self.registrar, &new).await.unwrap().person
    }

    pub fn content(&self, level: Level, zones: &[&str]) -> Content {
        let named: Vec<_> = zones
            .iter()
            .map(|code| {
                let zone = self.ground.city.zone(&ZoneCode::new(*code).unwrap()).unwrap();
                alerts::NamedZone { code: (*code).to_owned(), name: zone.name.clone() }
            })
            .collect();
        let expires = self.ground.now() + Duration::from_hours(6);
        let facts = Facts {
            hazard: Hazard::Flood,
            level,
            kind: Occasion::usual(Hazard::Flood, level),
            zones: named.iter().map(|zone| zone.name.clone()).collect(),
            place: None,
            measure: None,
            onset: None,
            expires,
            tz: self.ground.config.time_zone(),
            contact: "137".into(),
            exercise: false,
        };
        Content {
            hazard: Hazard::Flood,
            level,
            wordings: compose(&self.ground.templates, &facts).unwrap(),
            polygons: self.ground.city.zone(&ZoneCode::new(zones[0]).unwrap()).unwrap().shape.clone(),
            zones: named,
            response_types: vec![ResponseType::Avoid],
            urgency: Urgency::Immediate,
            severity: Severity::Severe,
            certainty: Certainty::Likely,
            effective: None,
            onset: None,
            expires,
            contact: "137".into(),
            web: None,
            event_code: alerts::content::event_code(Hazard::Flood).into(),
        }
    }

    pub fn broadcast(&self, level: Level, zones: &[&str]) -> NewBroadcast {
        let now = self.ground.now();
        NewBroadcast {
            id: BroadcastId::draw(&self.ground.ids, now),
            alert: AlertId::draw(&self.ground.ids, now),
            kind: Kind::Alert,
            identifier: format!("urn:uuid:{}", self.ground.ids.uuid(now)),
            content: self.content(level, zones),
            cap_xml: "<alert/>".into(),
            audience: Audience {
                zones: zones.iter().map(|zone| ZoneCode::new(*zone).unwrap()).collect(),
                also_everyone_told_by: Vec::new(),
            },
            supersedes: Vec::new(),
            published_at: now,
            exercise: None,
        }
    }

    pub async fn publishes(&self, broadcast: &NewBroadcast) {
        let mut tx = self.ground.store.write("publish").await.unwrap();
        assert!(tx.put_broadcast(broadcast).await.unwrap());
        tx.commit().await.unwrap();
    }

    /// Warns these zones of a danger to life.
    pub async fn warns(&self, zones: &[&str]) -> NewBroadcast {
        let broadcast = self.broadcast(Level::Orange, zones);
        self.publishes(&broadcast).await;
        broadcast
    }

    pub async fn expands(&self) {
        while deliver::expand_due(&self.ground).await.unwrap() > 0 {}
    }

    /// Everything that is due now, until nothing is.
    pub async fn works(&self) {
        loop {
            let mut done = deliver::expand_due(&self.ground).await.unwrap();
            for channel in Channel::ALL {
                done += deliver::run_due(&self.ground, &self.channels, channel).await.unwrap();
            }
            if done == 0 {
                return;
            }
        }
    }

    pub async fn sends(&self, channel: Channel) -> usize {
        deliver::run_due(&self.ground, &self.channels, channel).await.unwrap()
    }

    pub fn waits(&self, seconds: f64) {
        self.ground.clock.advance(Duration::from_secs_f64(seconds));
    }

    pub async fn progress(&self, broadcast: &NewBroadcast) -> Progress {
        progress::of_alert(&self.ground, &self.staff, broadcast.alert, None, 500).await.unwrap().unwrap()
    }

    /// Who has answered what, by name.
    pub async fn answers(&self, broadcast: &NewBroadcast) -> Vec<(String, String)> {
        let notices = self.progress(broadcast).await.notices.items;
        let mut answers: Vec<_> =
            notices.into_iter().filter_map(|notice| Some((notice.person_name?, notice.answer?))).collect();
        answers.sort();
        answers
    }

    /// Signs somebody in by a code for their first contact, drawn here so that it is known.
    pub async fn signs_in(&self, person: PersonId) -> Caller {
        let mut tx = self.ground.store.write("draw code").await.unwrap();
        let contact = tx.contacts_of_person(person).await.unwrap().remove(0);
        let code = sign_in::code_for(&self.ground, &mut tx, contact.contact_id).await.unwrap();
        tx.commit().await.unwrap();
        let address = &contact.address;
        sign_in::by_code(&self.ground, contact.kind, address, &code, None, "192.0.2.1").await.unwrap().caller
    }

    pub async fn hears(&self, from: &str, text: &str) -> SmsReply {
        reply::by_sms(&self.ground, from, text).await.unwrap()
    }

    pub fn mails(&self) -> Vec<Mail> {
        std::mem::take(&mut self.mails.lock().unwrap())
    }
}
