//! What somebody who is not signed in can learn: every route of the API's own document, the live stream, and every retained topic.
//! The city is planted with people, contacts and reports under words that stand nowhere else; none of them may come back.
//! The demo's own ends answer on this machine and to nobody whom a proxy brings.

use std::collections::BTreeSet;

use hamyar::{
    bell::Bell,
    broker::accounts::{AccountKind, NewAccount},
    id::Secret,
};
use rumqttc::v5::{AsyncClient, Event, MqttOptions, mqttbytes::QoS, mqttbytes::v5::Packet};
use serde_json::{Value, json};

use crate::{
    awaited,
    city::{City, GATEWAY},
    staff::publish,
    web::Browser,
};

/// Words that would give somebody away, in the letters in which they are looked for.
struct Planted(BTreeSet<String>);

impl Planted {
    fn add(&mut self, word: impl Into<String>) {
        let word = plain(&word.into());
        assert!(word.chars().count() >= 5, "“{word}” may stand anywhere by chance");
        self.0.insert(word);
    }

    fn found_in(&self, text: &str) -> Vec<&str> {
        let text = plain(text);
        self.0.iter().map(String::as_str).filter(|word| text.contains(*word)).collect()
    }
}

/// Latin digits, lower case, no marks of direction.
fn plain(text: &str) -> String {
    maps::latin_digits(text)
        .to_lowercase()
        .chars()
        .filter(|letter| !matches!(letter, '\u{200e}'..='\u{200f}' | '\u{2066}'..='\u{2069}'))
        .collect()
}

/// What one route says to somebody without a log-in.
struct Said {
    route: String,
    status: u16,
    text: String,
}

/// Asks every route of the document, each parameter of a path filled with everything that could fit.
async fn every_route(city: &City, ids: &[String]) -> Vec<Said> {
    let document = serde_json::to_value(hamyar::http::document()).expect("JSON");
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut said = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let filled: Vec<String> =
            if path.contains('{') { ids.iter().map(|id| fill(path, id)).collect() } else { vec![path.clone()] };
        for method in methods.as_object().expect("methods").keys() {
            let Ok(verb) = method.to_uppercase().parse::<reqwest::Method>() else { continue };
            for path in &filled {
                let mut request = http.request(verb.clone(), format!("{}{path}", city.root()));
                if verb != reqwest::Method::GET {
                    request = request.header("content-type", "application/json").body("{}");
                }
                let answer = awaited(&format!("{verb} {path}"), request.send()).await.expect("the service answers");
                let status = answer.status().as_u16();
                let headers = format!("{:?}", answer.headers());
                // The stream does not end; it has a test of its own below.
                let text =
                    if path == "/api/v1/live" { String::new() } else { answer.text().await.expect("a whole answer") };
                said.push(Said { route: format!("{verb} {path}"), status, text: format!("{headers}\n{text}") });
            }
        }
    }
    said
}

fn fill(path: &str, id: &str) -> String {
    path.split('/')
        .map(|part| {
            if part.starts_with('{') {
                part.replacen(&part[..=part.find('}').expect("its end")], id, 1)
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// Everything that is retained below our topics, up to one that is published after all of it.
async fn every_retained_topic(city: &City) -> Vec<(String, String)> {
    let ground = city.ground();
    let prefix = &ground.config.mqtt.prefix;
    let board = NewAccount {
        name: "a-board".into(),
        secret_digest: Secret::new("the board's own secret").digest(),
        kind: AccountKind::Service,
        subject: None,
        publish: Vec::new(),
        subscribe: vec![format!("{prefix}/#")],
    };
    let mut tx = ground.store.write("make account").await.expect("a transaction");
    tx.put_mqtt_account(&board, ground.now(), None).await.expect("an account");
    tx.commit().await.expect("an account");
    ground.bells.ring(Bell::Accounts);
    let address = city.mqtt();
    let mut options = MqttOptions::new("a-board", address.ip().to_string(), address.port());
    options.set_credentials("a-board", "the board's own secret").set_max_packet_size(Some(2_000_000));
    let (client, mut events) = AsyncClient::new(options, 10);
    client.try_subscribe(format!("{prefix}/#"), QoS::AtLeastOnce).expect("room");
    let mut topics = Vec::new();
    awaited("every retained topic", async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::SubAck(_))) => {
                    // Retained ones come before anything that is published from here on.
                    city.says_on_mqtt(&format!("{prefix}/zones/the-last/alerts")).await;
                }
                Ok(Event::Incoming(Packet::Publish(message))) => {
                    let topic = String::from_utf8_lossy(&message.topic).into_owned();
                    if topic.ends_with("/the-last/alerts") {
                        return;
                    }
                    topics.push((topic, String::from_utf8_lossy(&message.payload).into_owned()));
                }
                // The account is known to the broker a moment after the bell; the client comes again.
                Ok(_) | Err(_) => {}
            }
        }
    })
    .await;
    topics
}

/// Every public event since the stream was opened, up to the alert's going live.
async fn every_event(mut stream: reqwest::Response) -> String {
    let mut heard = String::new();
    awaited("the alert on the live stream", async {
        while !heard.contains("\"stage\":\"live\"") {
            let chunk = stream.chunk().await.expect("the stream goes on").expect("the stream does not end");
            heard += std::str::from_utf8(&chunk).expect("text");
        }
    })
    .await;
    heard
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let items = value["items"].as_array().expect("items");
    items.iter().filter_map(|item| item[key].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn nobody_learns_a_report_s_number_or_anything_of_a_person_without_a_log_in() {
    let city = City::sample().at("2026-03-01 10:00").start().await;
    let stream = city.anybody().keeps_open("/live").await;
    let (maryam, naser) = (city.officer("maryam-zarringol").await, city.approver("naser-zarringol").await);
    let mut planted = Planted(BTreeSet::new());
    for name in ["zarringol", "khodayar-e-panhan", "golandam-e-panhan", "پنهان‌زاده", "panhan@mail.example"]
    {
        planted.add(name);
    }
    let helper = city.newcomer("golandam-e-panhan in imam-square").joins().await;
    planted.add(helper.id.to_string());
    planted.add(&helper.phone[3..]);
    let words = "آب تا زانو در میدان امام، همسایهٔ ما پنهان‌زاده گیر افتاده، ۵۰ سانت";
    for count in 0..6 {
        let phone = city.new_number();
        planted.add(&phone[3..]);
        let report = json!({
            "hazard": "flood", "words": words, "position": [48.5146, 34.7983], "depth_cm": 50,
            "name": format!("khodayar-e-panhan {count}"), "contact": { "kind": "phone", "address": phone },
        });
        let receipt = city.anybody().post("/reports", report).await.expect("a report on the web");
        planted.add(receipt["number"].as_str().unwrap());
        planted.add(receipt["secret"].as_str().unwrap());
        city.sms_from(&city.new_number(), words).await;
        city.settle().await;
    }
    let reports = maryam.sees("/reports").await;
    for number in texts(&reports, "number") {
        planted.add(number);
    }
    let proposal = maryam.sees_proposal("flood").await;
    assert!(!planted.found_in(&proposal.0.to_string()).is_empty(), "staff see on which reports a proposal rests");
    assert!(!planted.found_in(&reports.to_string()).is_empty(), "what is looked for can be found");
    let draft = maryam.adopts(&proposal).await.expect("a draft");
    let alert = publish(&draft, &maryam, &naser).await;
    helper.receives_sms("سیل").then_replies("3").await;

    for staff in [&maryam, &naser] {
        planted.add(staff.sees("/session").await["id"].as_str().unwrap());
    }
    let mut ids =
        vec!["imam-square".to_owned(), GATEWAY.to_owned(), alert.id().to_owned(), format!("{}.xml", alert.id())];
    ids.extend(texts(&reports, "id"));
    ids.extend(texts(&reports, "number"));
    ids.extend(texts(&maryam.sees("/incidents").await, "id"));
    ids.push(helper.id.to_string());
    // A refusal may repeat what was asked, so what is asked is left out of what is looked for, route by route.
    let said = every_route(&city, &ids).await;
    assert!(said.len() > 100, "the walk is a long one: {}", said.len());
    for one in &said {
        let found: Vec<&str> =
            planted.found_in(&one.text).into_iter().filter(|word| !one.route.contains(word)).collect();
        assert!(found.is_empty(), "{} ({}) says {found:?} to anybody:\n{}", one.route, one.status, one.text);
        assert!(one.status < 500, "{} fails: {}", one.route, one.text);
    }
    let open: BTreeSet<&str> = said.iter().filter(|one| one.status == 200).map(|one| one.route.as_str()).collect();
    for route in ["GET /api/v1/map", "GET /api/v1/zones", "GET /api/v1/alerts/public", "GET /cap/feed.atom"] {
        assert!(open.contains(route), "{route} is for everybody; open are {open:?}");
    }
    // The reason is still given.
    let zone = city.zone("imam-square").await;
    assert!(zone["reason"]["en"].as_str().unwrap().contains("reports from people"), "{zone:#}");
    assert!(zone["reason"]["fa"].as_str().unwrap().contains("گزارش مردم"), "{zone:#}");

    let heard = every_event(stream).await;
    assert_eq!(planted.found_in(&heard), Vec::<&str>::new(), "{heard}");
    let topics = every_retained_topic(&city).await;
    assert!(
        topics
            .iter()
            .any(|(topic, payload)| topic.ends_with("/zones/imam-square/alerts") && payload.contains(alert.id())),
        "{topics:?}"
    );
    for (topic, payload) in &topics {
        assert_eq!(planted.found_in(&format!("{topic} {payload}")), Vec::<&str>::new(), "{topic}: {payload}");
    }
}

#[tokio::test]
async fn the_demo_s_gateway_answers_on_this_machine_and_to_nobody_whom_a_proxy_brings() {
    let (demo, real) = (City::sample().invented().start().await, City::sample().start().await);
    let asks = async |city: &City, header: Option<(&str, &str)>| {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut sms = http.get(format!("{}/demo/gateway/sendsms?to=%2B989990000001&text=x", city.root()));
        let mut event = http.post(format!("{}/demo/gateway/webhook", city.root())).body("{}");
        if let Some((name, value)) = header {
            (sms, event) = (sms.header(name, value), event.header(name, value));
        }
        let sms = sms.send().await.expect("an answer").status().as_u16();
        (sms, event.send().await.expect("an answer").status().as_u16())
    };
    assert_eq!(asks(&demo, None).await, (202, 204));
    for header in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"), ("x-real-ip", "203.0.113.9")] {
        assert_eq!(asks(&demo, Some(header)).await, (404, 404), "{header:?}");
        // Not even when the proxy says that it speaks for this machine.
        assert_eq!(asks(&demo, Some((header.0, "127.0.0.1"))).await, (404, 404), "{header:?}");
    }
    assert_eq!(asks(&real, None).await, (404, 404), "a real city has no such ends");
}

#[tokio::test]
async fn whoever_asks_for_codes_without_end_is_refused_for_a_while_and_may_still_sign_in() {
    let city = City::sample().with(|config| config.sign_in.tries_per_address_max = 4).start().await;
    let sara = city.helper("sara in bu-ali").await;
    let asks = async |who: &Browser, number: &str| {
        who.post("/session/code", json!({ "kind": "phone", "address": number })).await.map_err(|refused| refused.word)
    };
    let somebody = city.anybody();
    // Known and unknown numbers count alike and are answered alike.
    for number in ["+989990009999", "not a number", &sara.phone, "+989990009998"] {
        assert_eq!(asks(&somebody, number).await, Ok(Value::Null), "{number}");
    }
    assert_eq!(asks(&somebody, &sara.phone).await, Err("too-many-tries".to_owned()));
    city.settle().await;
    sara.receives_sms("همیار");
    sara.receives_nothing();
    // Asking for codes uses up nobody's tries to sign in.
    city.officer("maryam").await;
    city.wait_silent_minutes(16).await;
    assert_eq!(asks(&somebody, &sara.phone).await, Ok(Value::Null), "the window has passed");
}
