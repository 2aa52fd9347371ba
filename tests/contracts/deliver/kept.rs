//! What is left behind when an alert is over: notices go after their time, the retained CAP message at once; and helpers' own programs,
//! which are called signed, within reach, and side by side.
//! Part of the stories of delivery; on both engines.
//! The far ends are programs of the test's own on loopback, which the configuration has to allow.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use alerts::Level;
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use base64::{Engine, engine::general_purpose::STANDARD};
use hamyar::{
    deliver::{self, Channel},
    helpers::{self, NewHelper, NewInvitation, Registered},
    id::Secret,
    retention,
    staff::{Mentor, contact::ContactKind, sign_in},
    store::Store,
};
use maps::ZoneCode;
use ring::hmac;
use tokio::sync::Semaphore;

use super::{SARA, city::City};
use crate::engines::on_both_engines;

const DAY: f64 = 86_400.0;

async fn drains(city: &City) {
    while deliver::board::run_due(&city.ground, &city.channels).await.unwrap() > 0 {}
}

#[tokio::test]
async fn old_notices_go_and_those_of_a_live_alert_stay_whatever_their_age() {
    on_both_engines(async |ground| {
        let city = City::with(ground, |config| config.retention.step_rows_max = 1).await;
        for name in ["سارا", "علی"] {
            city.helper(name, "julan", SARA).await;
        }
        let over = city.warns(&["julan"]).await;
        city.works().await;
        city.hears("09990000001", "1").await;
        city.works().await;
        city.waits(6.0 * 3600.0);
        drains(&city).await;
        // A warning that holds for two years is no warning of ours; it stands for everything that is live.
        let mut live = city.broadcast(Level::Orange, &["julan"]);
        live.content.expires = city.ground.now() + std::time::Duration::from_hours(24 * 730);
        city.publishes(&live).await;
        city.works().await;
        let (told, of_live) = (city.progress(&over).await, city.progress(&live).await.notices.items.len());
        assert!(told.notices.items.len() >= 3 && of_live >= 3, "two people and the systems");

        let removes = async || {
            while retention::run_due(&city.ground).await.unwrap() > 0 {}
        };
        city.waits(399.0 * DAY);
        removes().await;
        assert_eq!(city.progress(&over).await.notices.items.len(), told.notices.items.len());
        // The time counts from when the last of it was over: a link can be used for three days.
        city.waits(4.0 * DAY);
        let before = city.ground.store.read("audit").await.unwrap().verify_audit().await.unwrap();
        retention::run_due(&city.ground).await.unwrap();
        removes().await;
        assert!(city.ground.store.read("audit").await.unwrap().verify_audit().await.unwrap() > before);
        let left = city.progress(&over).await;
        assert_eq!(left.notices.items.len(), 0);
        assert_eq!(
            (left.people.told, &left.people.answered),
            (told.people.told, &told.people.answered),
            "history stays"
        );
        assert_eq!(city.progress(&live).await.notices.items.len(), of_live);
    })
    .await;
}

#[tokio::test]
async fn the_retained_cap_message_is_taken_away_when_its_alert_is_over() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        let warning = city.warns(&["julan"]).await;
        city.works().await;
        drains(&city).await;
        let topic = format!("hamyar/v1/alerts/{}/cap", warning.alert);
        let said = |topic: &str| -> Vec<String> {
            let all = city.mqtt.lock().unwrap();
            all.iter().filter(|(name, _)| name == topic).map(|(_, payload)| payload.clone()).collect()
        };
        assert_eq!(said(&topic), ["<alert/>"]);

        // The service is away when it runs out, and finds out at its start.
        city.waits(7.0 * 3600.0);
        deliver::board::start(&city.ground).await.unwrap();
        city.works().await;
        drains(&city).await;
        assert_eq!(said(&topic), ["<alert/>", ""]);
        drains(&city).await;
        assert_eq!(said(&topic).len(), 2, "it is taken away once");
        // Another start: the broker may have been away as well, and not got it.
        deliver::board::start(&city.ground).await.unwrap();
        drains(&city).await;
        assert_eq!(said(&topic), ["<alert/>", "", ""]);
        city.waits(8.0 * DAY);
        deliver::board::start(&city.ground).await.unwrap();
        drains(&city).await;
        assert_eq!(said(&topic).len(), 3, "that is enough");

        // A message that could not be sent in time is sent late, and only then taken away.
        let late = city.warns(&["bazaar"]).await;
        let topic = format!("hamyar/v1/alerts/{}/cap", late.alert);
        city.expands().await;
        city.waits(7.0 * 3600.0);
        drains(&city).await;
        assert_eq!(said(&topic), Vec::<String>::new());
        city.works().await;
        drains(&city).await;
        assert_eq!(said(&topic), ["<alert/>", ""]);
    })
    .await;
}

/// What a call brought: headers and body.
type Call = (HashMap<String, String>, String);

/// A helper's own program: keeps what it is called with; hangs while it is told to.
#[derive(Clone, Default)]
struct Program {
    calls: Arc<Mutex<Vec<Call>>>,
    hangs: Arc<Mutex<Option<Arc<Semaphore>>>>,
    knocked: Arc<tokio::sync::Notify>,
}

impl Program {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let program = self.clone();
        let take = move |headers: HeaderMap, body: Bytes| {
            let program = program.clone();
            async move {
                let headers =
                    headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
                program.calls.lock().unwrap().push((headers.collect(), String::from_utf8(body.to_vec()).unwrap()));
                program.knocked.notify_one();
                let hangs = program.hangs.lock().unwrap().clone();
                if let Some(hangs) = hangs {
                    hangs.acquire().await.unwrap().forget();
                }
            }
        };
        let app = Router::new().route("/hook", post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/hook")
    }
}

async fn register(city: &City, name: &str, contacts: &[(ContactKind, &str)]) -> Registered {
    let new = NewHelper {
        name: name.into(),
        language: "fa".into(),
        contacts: contacts.iter().map(|(kind, address)| (*kind, (*address).to_owned())).collect(),
        zones: vec![ZoneCode::new("julan").unwrap()],
        ..NewHelper::default()
    };
    helpers::register(&city.ground, &city.registrar, &new).await.unwrap()
}

#[tokio::test]
async fn a_helpers_own_program_knows_by_its_secret_that_a_call_is_ours() {
    on_both_engines(async |ground| {
        let city = City::with(ground, |config| config.deliver.own_webhook_networks = vec!["127.0.0.1".into()]).await;
        let program = Program::default();
        let url = program.start().await;
        let sara = register(&city, "سارا", &[(ContactKind::Webhook, &url)]).await;
        let reza = register(&city, "رضا", &[(ContactKind::Webhook, &url)]).await;
        assert_eq!((sara.webhooks.len(), &sara.webhooks[0].0), (1, &url));
        let secrets: Vec<&str> = [&sara, &reza].map(|one| one.webhooks[0].1.reveal()).to_vec();
        assert_ne!(secrets[0], secrets[1], "two who use one program have a secret each");
        city.warns(&["julan"]).await;
        city.works().await;

        let calls = program.calls.lock().unwrap().clone();
        assert_eq!(calls.len(), 2);
        let fits = |secret: &str, (headers, body): &Call| {
            // Standard Webhooks 1.0.0, "Signature scheme": msg_id.timestamp.payload under the bytes that `whsec_` stands before.
            let key =
                hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap());
            let signed = format!("{}.{}.{body}", headers["webhook-id"], headers["webhook-timestamp"]);
            let signature = headers["webhook-signature"].strip_prefix("v1,").unwrap();
            hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(signature).unwrap()).is_ok()
        };
        for secret in secrets {
            assert_eq!(calls.iter().filter(|call| fits(secret, call)).count(), 1, "each is signed for its own reader");
        }
        assert_eq!(calls[0].0["webhook-timestamp"], city.ground.now().as_second().to_string());

        // What is erased signs nothing: it is gone with the contact.
        helpers::erase(&city.ground, &city.registrar, sara.person).await.unwrap();
        city.warns(&["julan"]).await;
        city.works().await;
        assert_eq!(program.calls.lock().unwrap().len(), 3, "reza alone is called");
    })
    .await;
}

#[tokio::test]
async fn a_webhook_that_leads_into_our_own_network_is_not_called_and_the_next_contact_is_tried() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        let program = Program::default();
        let url = program.start().await;
        register(&city, "سارا", &[(ContactKind::Webhook, &url), SARA[0]]).await;
        let by_name = url.replace("127.0.0.1", "localhost");
        register(&city, "رضا", &[(ContactKind::Webhook, &by_name)]).await;
        let warning = city.warns(&["julan"]).await;
        city.works().await;
        assert_eq!(program.calls.lock().unwrap().len(), 0, "nothing of ours was reached");
        assert_eq!(city.gateway.takes().len(), 1, "sara was told by her telephone");
        let notices = city.progress(&warning).await.notices.items;
        let errors: Vec<String> = notices.into_iter().filter_map(|notice| notice.last_error).collect();
        assert!(errors.iter().any(|error| error.contains("not a public one")), "{errors:?}");
        assert!(errors.iter().any(|error| error.contains("no public address")), "{errors:?}");
    })
    .await;
}

#[tokio::test]
async fn a_program_that_hangs_delays_no_other_helpers() {
    on_both_engines(async |ground| {
        let city = City::with(ground, |config| config.deliver.own_webhook_networks = vec!["127.0.0.1".into()]).await;
        let (dead, alive) = (Program::default(), Program::default());
        let let_go = Arc::new(Semaphore::new(0));
        *dead.hangs.lock().unwrap() = Some(Arc::clone(&let_go));
        register(&city, "سارا", &[(ContactKind::Webhook, &dead.start().await)]).await;
        for number in 0..3 {
            let url = format!("{}?of={number}", alive.start().await);
            register(&city, "همیار", &[(ContactKind::Webhook, &url)]).await;
        }
        city.warns(&["julan"]).await;
        city.expands().await;
        let (ground, channels) = (city.ground.clone(), city.channels.clone());
        let stuck = tokio::spawn(async move { deliver::run_due(&ground, &channels, Channel::Webhook).await });
        dead.knocked.notified().await;
        while alive.calls.lock().unwrap().len() < 3 {
            alive.knocked.notified().await;
        }
        assert!(!stuck.is_finished(), "the dead one still hangs");
        let_go.add_permits(1);
        assert_eq!(stuck.await.unwrap().unwrap(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_minor_who_is_erased_is_named_in_no_message_any_more() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        let mentor = NewHelper { is_mentor: true, ..NewHelper::default() };
        let mentor = city.register("پروانه", "dizaj", &[(ContactKind::Phone, "09990000300")], mentor).await;
        let minor = NewHelper { minor: true, mentor: Some(mentor), ..NewHelper::default() };
        let arash = city.register("آرش", "julan", &[(ContactKind::Email, "arash@example.org")], minor).await;
        let sent = city.warns(&["julan"]).await;
        city.works().await;
        assert!(city.gateway.takes()[0].text.contains("آرش"));
        // Of a second warning her message still waits.
        city.warns(&["julan"]).await;
        city.expands().await;

        helpers::erase(&city.ground, &city.registrar, arash).await.unwrap();
        assert_eq!(city.progress(&sent).await.people.told, 2, "that they were told stays");
        if let Store::Postgres(pool) = &city.ground.store {
            // Nothing but the table itself shows what is kept; the statements are the same on both engines.
            let statement = "select subject || sms || body from notice where person_id is not null";
            let texts: Vec<String> = sqlx::query_scalar(statement).fetch_all(pool).await.unwrap();
            assert!(texts.len() >= 4 && texts.iter().all(|text| !text.contains("آرش")), "{texts:?}");
        }
        city.works().await;
        let late = city.gateway.takes();
        assert!(late.len() == 1 && !late[0].text.contains("آرش") && late[0].text.contains("/n/"), "{late:?}");
    })
    .await;
}

#[tokio::test]
async fn a_program_that_came_with_an_invitation_is_called_once_its_owner_has_read_a_code_there() {
    on_both_engines(async |ground| {
        let city = City::with(ground, |config| config.deliver.own_webhook_networks = vec!["127.0.0.1".into()]).await;
        let program = Program::default();
        let url = program.start().await;
        let mentor = NewHelper { is_mentor: true, ..NewHelper::default() };
        let parvaneh = [(ContactKind::Email, "parvaneh@example.org")];
        let parvaneh = city.register("پروانه", "dizaj", &parvaneh, mentor).await;
        let parvaneh = city.signs_in(parvaneh).await;
        let zones = vec![ZoneCode::new("julan").unwrap()];
        let new = NewInvitation { zones: zones.clone(), minor: false, squad: None, expires: None };
        let invited = helpers::invite(&city.ground, &Mentor::try_from_caller(parvaneh).unwrap(), &new).await.unwrap();
        let contacts = [(ContactKind::Email, "negar@example.org"), (ContactKind::Webhook, url.as_str())];
        let negar = NewHelper {
            name: "نگار".into(),
            language: "fa".into(),
            contacts: contacts.map(|(kind, address)| (kind, address.to_owned())).to_vec(),
            zones,
            ..NewHelper::default()
        };
        let person = helpers::accept(&city.ground, &invited.secret, &negar).await.unwrap().person;
        city.works().await;
        let (_, said) = program.calls.lock().unwrap().pop().expect("a call with the code");
        city.warns(&["julan"]).await;
        city.works().await;
        assert!(program.calls.lock().unwrap().is_empty(), "until it is read there, nothing else is said");

        let code: String = said.split(|c: char| !c.is_ascii_digit()).find(|part| part.len() == 6).unwrap().to_owned();
        let code = Secret::new(code);
        sign_in::prove_contact(&city.ground, ContactKind::Webhook, &url, &code, person, "192.0.2.1").await.unwrap();
        city.warns(&["julan"]).await;
        city.works().await;
        assert_eq!(program.calls.lock().unwrap().len(), 1);
    })
    .await;
}
