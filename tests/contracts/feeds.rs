//! What aggregators and other cities get: complete feeds, documents with our signature, and no answer that hides a change.
//! Run by `make test`; requests go through the real router, on SQLite and on PostgreSQL.
//! The feeds are read by feed-rs, the signatures verified with a pinned certificate alone.

use std::{collections::BTreeSet, io::Write as _, process::Command, sync::Arc, time::Duration};

use alerts::sign::{Pin, Unverified, verify};
use axum::http::{StatusCode, header};
use hamyar::{config::Config, ground::Ground, issue};
use serde_json::{Value, json};

use crate::{alert_desk::Server, engines::on_both_engines};

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/alerts/tests/keys");
/// Neighbourhoods of the sample city.
const ZONES: [&str; 5] = ["julan", "bazaar", "imam-square", "hesar", "pastur"];

/// The identifiers in a feed, as another's reader finds them.
async fn listed(server: &Server, path: &str) -> BTreeSet<String> {
    let answer = server.get("nobody", path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    let feed =
        feed_rs::parser::parse(answer.text.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {}", answer.text));
    let all: BTreeSet<String> = feed.entries.iter().map(|entry| entry.id.clone()).collect();
    assert_eq!(all.len(), feed.entries.len(), "each once");
    all
}

async fn public(server: &Server) -> BTreeSet<String> {
    let public = server.get("nobody", "/api/v1/alerts/public").await.json();
    let items = public["items"].as_array().expect("a list");
    items.iter().map(|item| item["identifier"].as_str().expect("an identifier").to_owned()).collect()
}

fn identifier(alert: &Value) -> String {
    alert["identifier"].as_str().expect("an identifier").to_owned()
}

fn id(alert: &Value) -> &str {
    alert["id"].as_str().expect("an id")
}

const FEEDS: [&str; 5] =
    ["/cap/feed.atom", "/cap/feed.rss", "/cap/feed.atom?lang=en", "/cap/feed.rss?lang=fa", "/cap/feed.rss?lang=en-GB"];

#[tokio::test]
async fn both_feeds_hold_every_live_public_alert_and_a_cancel_until_the_cancelled_would_have_expired() {
    on_both_engines(|ground| async move {
        let server = Server::over(ground).await;
        // Some aggregators show ten; we hold back none. All in one second.
        let mut live = Vec::new();
        for round in 0..4 {
            for zone in ZONES {
                live.push(server.publishes(&server.drafts_for(&[zone]).await).await);
            }
            assert_eq!(live.len(), (round + 1) * ZONES.len());
        }
        let mut wanted: BTreeSet<String> = live.iter().map(identifier).collect();
        assert_eq!(wanted.len(), 20, "identifiers are unique within a second");
        assert_eq!(public(&server).await, wanted);
        for feed in FEEDS {
            assert_eq!(listed(&server, feed).await, wanted, "{feed}");
        }

        // Five hours later, an hour before the end, one turns out to be an error.
        server.ground.clock.advance(Duration::from_hours(5));
        let cancel = server
            .post("reza", &format!("/api/v1/alerts/{}/cancel", id(&live[7])), json!({ "why": "a broken gauge" }))
            .await;
        let cancel = cancel.json();
        // Nobody can let the cancel leave the feeds before a reader who was away would drop the warning by itself.
        let mut early = cancel["content"].clone();
        early["expires"] = json!((server.ground.now() + jiff::SignedDuration::from_mins(10)).to_string());
        let body = json!({ "content": early, "expected_hash": cancel["content_hash"] });
        let short =
            server.ask("reza", "PUT", &format!("/api/v1/alerts/{}/content", id(&cancel)), Some(body), None).await;
        assert_eq!(short.status, StatusCode::OK, "{}", short.text);
        let seen = json!({ "content_hash": short.json()["content_hash"] });
        assert_eq!(
            server.post("maryam", &format!("/api/v1/alerts/{}/approve", id(&cancel)), seen).await.status,
            StatusCode::OK
        );
        let refused = server.post("reza", &format!("/api/v1/alerts/{}/publish", id(&cancel)), json!({})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains("holds until"), "{}", refused.text);
        let body = json!({ "content": cancel["content"], "expected_hash": short.json()["content_hash"] });
        let again =
            server.ask("reza", "PUT", &format!("/api/v1/alerts/{}/content", id(&cancel)), Some(body), None).await;
        let cancel = server.publishes(&again.json()).await;
        wanted.remove(&identifier(&live[7]));
        wanted.insert(identifier(&cancel));
        for feed in FEEDS {
            assert_eq!(listed(&server, feed).await, wanted, "{feed}");
        }

        // A minute before the cancelled would have expired the cancel is there; at the end everything is over.
        server.ground.clock.advance(Duration::from_mins(59));
        assert!(listed(&server, "/cap/feed.atom").await.contains(&identifier(&cancel)));
        while issue::expire_due(&server.ground).await.expect("a step") > 0 {}
        server.ground.clock.advance(Duration::from_hours(24));
        for feed in FEEDS {
            assert_eq!(listed(&server, feed).await, BTreeSet::new(), "{feed}");
        }
    })
    .await;
}

#[tokio::test]
async fn each_language_has_a_feed_of_its_own_that_names_the_others() {
    on_both_engines(|ground| async move {
        let server = Server::over(ground).await;
        server.publishes(&server.drafts_for(&["julan"]).await).await;
        let feed = |path: &'static str| {
            let server = &server;
            async move { server.get("nobody", path).await.text }
        };
        let (persian, english) = (feed("/cap/feed.atom").await, feed("/cap/feed.atom?lang=en").await);
        assert!(
            persian.contains("xml:lang=\"fa\"") && persian.contains("هشدار سیل") && !persian.contains("Flood warning")
        );
        assert!(
            english.contains("xml:lang=\"en\"")
                && english.contains("Flood warning")
                && !english.contains("هشدار سیل در")
        );
        assert!(persian.contains("hreflang=\"en\" href=\"https://hamyar.example/cap/feed.atom?lang=en\""), "{persian}");
        assert!(persian.contains("<id>https://hamyar.example/cap/feed.atom?lang=fa</id>"), "{persian}");
        assert!(persian.contains("<cap:severity>") && persian.contains("<georss:polygon>"), "{persian}");
        assert_eq!(persian, feed("/cap/feed.atom?lang=de").await, "a language that nobody here speaks is the first");
        assert_eq!(persian, feed("/cap/feed.atom?lang=fa-IR").await);
        assert!(feed("/cap/feed.rss?lang=en").await.contains("<language>en</language>"));
    })
    .await;
}

#[tokio::test]
async fn who_asks_by_time_never_misses_a_change_of_the_same_second() {
    on_both_engines(|ground| async move {
        let server = Server::over(ground).await;
        let ask = |since: Option<String>| {
            let server = &server;
            async move {
                let condition = since.as_deref().map(|since| (header::IF_MODIFIED_SINCE, since));
                server.ask_if("nobody", "GET", "/cap/feed.rss", None, condition).await
            }
        };
        server.publishes(&server.drafts_for(&["julan"]).await).await;
        let at_once = ask(None).await;
        assert_eq!(at_once.headers.get("last-modified"), None, "another change of the same second may be on its way");
        assert!(at_once.headers.contains_key("etag"));
        server.ground.clock.advance(Duration::from_mins(1));
        let later = ask(None).await;
        assert_eq!(later.text, at_once.text, "the same content, the same bytes");
        let told = later.headers["last-modified"].clone();
        let known = ask(Some(told.clone())).await;
        assert_eq!((known.status, known.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        // Another warning, and a caller that was there a moment before it.
        server.publishes(&server.drafts_for(&["bazaar"]).await).await;
        let changed = ask(Some(told.clone())).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert_eq!(ask(Some("yesterday".into())).await.status, StatusCode::OK, "what is no date says nothing");
        // A tag that differs counts for more than a time.
        let both =
            server.ask_if("nobody", "GET", "/cap/feed.rss", None, Some((header::IF_NONE_MATCH, "\"other\""))).await;
        assert_eq!(both.status, StatusCode::OK);
        // An end changes the feed as well.
        server.ground.clock.advance(Duration::from_hours(7));
        let over = ask(Some(told)).await;
        assert_eq!(over.status, StatusCode::OK);
        assert!(!over.text.contains("<item>"));
    })
    .await;
}

/// What xmllint says of a document; it is there whenever the tests run as CI does (see `issue`).
fn judge(document: &str) {
    let Ok(schema) = std::env::var("HAMYAR_CAP_XSD") else { return };
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(document.as_bytes()).expect("a written file");
    let verdict = Command::new("xmllint").args(["--noout", "--nonet", "--schema", &schema]).arg(file.path()).output();
    let verdict = verdict.expect("xmllint runs");
    assert!(verdict.status.success(), "{}\n{document}", String::from_utf8_lossy(&verdict.stderr));
}

#[tokio::test]
async fn with_a_key_every_document_is_signed_at_publication_and_stays_as_it_is() {
    on_both_engines(|ground| async move {
        let mut config = Config::clone(&ground.config);
        config.issue.sign_key = format!("{KEYS}/p256.key.pem");
        config.issue.sign_cert = format!("{KEYS}/p256.cert.pem");
        let signer = config.issue.signer().expect("a key and its certificate").map(Arc::new);
        let server = Server::over(Ground { config: Arc::new(config), signer, ..ground }).await;
        let certificate =
            |name: &str| std::fs::read_to_string(format!("{KEYS}/{name}.cert.pem")).expect("a certificate");
        let pins = [Pin::new(&certificate("p256")).expect("a certificate")];
        let received_at = "2027-01-01T00:00:00Z".parse().expect("a time");

        let live = server.publishes(&server.drafts_for(&["julan"]).await).await;
        let path = format!("/cap/alerts/{}.xml", id(&live));
        let document = server.get("nobody", &path).await.text;
        judge(&document);
        let verified = verify(document.as_bytes(), &pins, received_at).expect("our signature");
        let alert = verified.read().expect("an alert").alert;
        assert_eq!(alert.identifier.as_str(), identifier(&live));
        assert_eq!(
            verify(document.replace("<status>Actual", "<status>Test").as_bytes(), &pins, received_at),
            Err(Unverified::Changed)
        );
        let stranger = [Pin::new(&certificate("stranger")).expect("a certificate")];
        assert_eq!(verify(document.as_bytes(), &stranger, received_at), Err(Unverified::Stranger { pins: 1 }));

        // Its end is signed too; the first document stays byte by byte, though each ECDSA signature differs.
        let clear = server.post("reza", &format!("/api/v1/alerts/{}/all-clear", id(&live)), json!({})).await.json();
        let clear = server.publishes(&clear).await;
        let end = server.get("nobody", &format!("/cap/alerts/{}.xml", id(&clear))).await.text;
        assert!(verify(end.as_bytes(), &pins, received_at).is_ok());
        assert_eq!(server.get("nobody", &path).await.text, document);
        assert_eq!(listed(&server, "/cap/feed.atom").await, BTreeSet::from([identifier(&clear)]));
    })
    .await;
}

#[tokio::test]
async fn without_a_key_documents_are_not_signed() {
    on_both_engines(|ground| async move {
        let server = Server::over(ground).await;
        let live = server.publishes(&server.drafts_for(&["julan"]).await).await;
        let document = server.get("nobody", &format!("/cap/alerts/{}.xml", id(&live))).await.text;
        let now = server.ground.now();
        assert_eq!(verify(document.as_bytes(), &[], now), Err(Unverified::Unsigned));
    })
    .await;
}
