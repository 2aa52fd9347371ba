//! The alert desk and the CAP feeds as browsers and aggregators meet them: over HTTP, with rights, tags and exact bytes.
//! Run by `make test`; requests go through the real router without a listener.
//! The demo's story has a database of its own kind: nothing of it stands in the city's feed.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use hamyar::{
    app::{self, Kind},
    assess::{Assess, rules::Rules},
    broker::{Broker, Inbound},
    clock::Clock,
    config::Config,
    ground::Ground,
    http,
    id::Secret,
    issue, metrics,
    staff::{NewPerson, Officer, Role, add_staff, sign_in},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::engines::{MORNING, on_both_engines};

pub struct Answer {
    pub status: StatusCode,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|fault| panic!("{fault}: {}", self.text))
    }

    fn problem(&self) -> String {
        self.json()["type"].as_str().expect("a problem's type").to_owned()
    }
}

pub struct Server {
    broker: Broker,
    _sessions: tempfile::TempDir,
    router: axum::Router,
    pub ground: Ground,
    tokens: BTreeMap<&'static str, String>,
}

impl Server {
    pub async fn over(ground: Ground) -> Self {
        let mut config = Config::clone(&ground.config);
        config.issue.sender = "crisis.hamadan.example".into();
        config.server.public_url = "https://hamyar.example".into();
        config.mqtt.listen = "127.0.0.1:0".parse().expect("an address");
        let sessions = tempfile::tempdir().expect("a temporary directory");
        config.store.data_dir = sessions.path().display().to_string();
        let ground = Ground { config: Arc::new(config), ..ground };
        let mut tokens = BTreeMap::new();
        let staff: [(&str, &[Role]); 3] =
            [("reza", &[Role::Officer, Role::Approver]), ("maryam", &[Role::Approver]), ("hamid", &[Role::Helper])];
        for (login, roles) in staff {
            tokens.insert(login, token(&ground, login, roles).await);
        }
        let broker = Broker::start(&ground, Inbound::default()).await.expect("a broker on a free port");
        let app = http::App {
            outlet: broker.outlet(),
            ground: ground.clone(),
            assess: Assess::open(&ground, Rules::embedded()).await.expect("the rules"),
            metrics: Arc::new(metrics::install()),
            live_pages: Arc::new(http::live::LivePages::of(&ground.config.server)),
            stop: tokio_util::sync::CancellationToken::new(),
        };
        Self { broker, _sessions: sessions, router: http::router(app), ground, tokens }
    }

    pub async fn ask(&self, who: &str, method: &str, path: &str, body: Option<Value>, tag: Option<&str>) -> Answer {
        self.ask_if(who, method, path, body, tag.map(|tag| (header::IF_NONE_MATCH, tag))).await
    }

    pub async fn ask_if(
        &self,
        who: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
        condition: Option<(header::HeaderName, &str)>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = self.tokens.get(who) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some((name, value)) = condition {
            request = request.header(name, value);
        }
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let response = self.router.clone().oneshot(request.expect("a request")).await.expect("an answer");
        let status = response.status();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
            .collect();
        let bytes = to_bytes(response.into_body(), 1 << 22).await.expect("a body");
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).expect("UTF-8") }
    }

    pub async fn get(&self, who: &str, path: &str) -> Answer {
        self.ask(who, "GET", path, None, None).await
    }

    pub async fn post(&self, who: &str, path: &str, body: Value) -> Answer {
        self.ask(who, "POST", path, Some(body), None).await
    }

    /// A flood warning, drafted by Reza, approved by Maryam, published by Reza.
    pub async fn publishes(&self, draft: &Value) -> Value {
        let id = draft["id"].as_str().expect("an id");
        let seen = json!({ "content_hash": draft["content_hash"] });
        let approved = self.post("maryam", &format!("/api/v1/alerts/{id}/approve"), seen).await;
        assert_eq!(approved.status, StatusCode::OK, "{}", approved.text);
        let live = self.ask("reza", "POST", &format!("/api/v1/alerts/{id}/publish"), None, None).await;
        assert_eq!(live.status, StatusCode::OK, "{}", live.text);
        live.json()
    }

    async fn drafts(&self) -> Value {
        self.drafts_for(&["julan", "bazaar"]).await
    }

    pub async fn drafts_for(&self, zones: &[&str]) -> Value {
        let new = json!({ "hazard": "flood", "level": "orange", "zones": zones });
        let draft = self.post("reza", "/api/v1/alerts", new).await;
        assert_eq!(draft.status, StatusCode::CREATED, "{}", draft.text);
        draft.json()
    }
}

async fn token(ground: &Ground, login: &str, roles: &[Role]) -> String {
    let new = NewPerson {
        name: login.to_owned(),
        language: "fa".into(),
        minor: false,
        roles: roles.to_vec(),
        contacts: Vec::new(),
        verified: true,
    };
    let password = Secret::new("a long password");
    let person = add_staff(ground, &new, login, &password).await.expect("a person");
    let caller = sign_in::by_password(ground, login, &password, "127.0.0.1").await.expect("the password fits").caller;
    let (_, secret) = sign_in::new_token(ground, person, "test", &caller).await.expect("a token");
    secret.reveal().to_owned()
}

#[tokio::test]
async fn the_desk_shows_what_each_may_do_and_the_feed_what_is_live() {
    on_both_engines(|ground| async move {
        let server = Server::over(ground).await;
        assert_eq!(server.get("nobody", "/api/v1/alerts").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(server.get("hamid", "/api/v1/alerts").await.status, StatusCode::FORBIDDEN);
        let empty = server.get("nobody", "/cap/feed.atom").await;
        assert_eq!((empty.status, empty.text.contains("<entry")), (StatusCode::OK, false), "{}", empty.text);

        let draft = server.drafts().await;
        let id = draft["id"].as_str().expect("an id").to_owned();
        assert_eq!((&draft["stage"], &draft["may"]["approve"]), (&json!("draft"), &json!(false)));
        assert!(draft["may"]["why_not"]["approve"]["fa"].as_str().is_some_and(|why| why.contains("نفر دوم")));
        assert_eq!(draft["sms"]["fa"]["segments"], json!(1));
        let seen = json!({ "content_hash": draft["content_hash"] });
        let hers = server.get("maryam", &format!("/api/v1/alerts/{id}")).await.json();
        assert_eq!((&hers["may"]["approve"], &hers["may"]["edit"]), (&json!(true), &json!(false)));

        // No helper approves, no author approves, nobody approves something else.
        let approve = format!("/api/v1/alerts/{id}/approve");
        assert_eq!(server.post("hamid", &approve, seen.clone()).await.status, StatusCode::FORBIDDEN);
        let own = server.post("reza", &approve, seen).await;
        assert_eq!((own.status, own.problem()), (StatusCode::FORBIDDEN, "/problems/own-work".into()));
        let other = server.post("maryam", &approve, json!({ "content_hash": "0".repeat(64) })).await;
        assert_eq!((other.status, other.problem()), (StatusCode::CONFLICT, "/problems/content-changed".into()));
        let nonsense = server.post("maryam", &approve, json!({ "content_hash": "xyz" })).await;
        assert_eq!(nonsense.status, StatusCode::UNPROCESSABLE_ENTITY);
        let early = server.post("reza", &format!("/api/v1/alerts/{id}/publish"), json!({})).await;
        assert_eq!((early.status, early.problem()), (StatusCode::CONFLICT, "/problems/wrong-stage".into()));
        let hidden = server.get("reza", &format!("/cap/alerts/{id}.xml")).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND, "a draft has no document");

        // What the desk shows can be sent back as it is.
        let same = json!({ "content": draft["content"], "expected_hash": draft["content_hash"] });
        let edited = server.ask("reza", "PUT", &format!("/api/v1/alerts/{id}/content"), Some(same), None).await;
        assert_eq!(edited.status, StatusCode::OK, "{}", edited.text);
        assert_eq!(edited.json()["content_hash"], draft["content_hash"]);

        let live = server.publishes(&draft).await;
        assert_eq!((&live["stage"], live["history"].as_array().expect("a list").len()), (&json!("live"), 4));
        let feed = server.get("nobody", "/cap/feed.atom?lang=en").await;
        let identifier = live["identifier"].as_str().expect("an identifier");
        assert!(feed.text.contains(identifier) && feed.text.contains("Flood warning for"), "{}", feed.text);
        assert!(feed.text.contains(&format!("https://hamyar.example/cap/alerts/{id}.xml")));
        assert!(server.get("nobody", "/cap/feed.rss").await.text.contains("هشدار سیل"));
        let tag = feed.headers["etag"].clone();
        let known = server.ask("nobody", "GET", "/cap/feed.atom?lang=en", None, Some(&tag)).await;
        assert_eq!((known.status, known.text.as_str()), (StatusCode::NOT_MODIFIED, ""));

        let document = server.get("nobody", &format!("/cap/alerts/{id}.xml")).await;
        assert_eq!(document.headers["content-type"], "application/cap+xml");
        assert!(document.headers["cache-control"].contains("immutable"));
        let public = server.get("nobody", "/api/v1/alerts/public").await.json();
        assert_eq!(public["items"][0]["identifier"], live["identifier"]);

        let cancel =
            server.post("reza", &format!("/api/v1/alerts/{id}/cancel"), json!({ "why": "a broken gauge" })).await;
        let cancel = server.publishes(&cancel.json()).await;
        let after = server.ask("nobody", "GET", "/cap/feed.atom?lang=en", None, Some(&tag)).await;
        assert_eq!(after.status, StatusCode::OK, "the tag is another one");
        assert!(
            after.text.contains(cancel["identifier"].as_str().expect("an identifier"))
                && !after.text.contains(identifier)
        );
        let then = server.get("nobody", &format!("/cap/alerts/{id}.xml")).await;
        assert_eq!(then.text, document.text, "what was published is served for ever, byte by byte");
        let ended = server.get("reza", &format!("/api/v1/alerts/{id}")).await.json();
        assert_eq!(
            (&ended["stage"], &ended["ending"], &ended["may"]["cancel"]),
            (&json!("ended"), &json!("cancelled"), &json!(false))
        );

        let page = server.get("reza", "/api/v1/alerts?limit=1").await.json();
        assert_eq!(page["items"][0]["id"], cancel["id"]);
        let next = format!("/api/v1/alerts?limit=1&after={}", page["next"].as_str().expect("another page"));
        assert_eq!(server.get("reza", &next).await.json()["items"][0]["id"], json!(id));
        assert_eq!(server.get("reza", "/api/v1/alerts?stage=sleeping").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            server.get("nobody", "/cap/exercise.atom").await.status,
            StatusCode::NOT_FOUND,
            "no demo, no such feed"
        );
    })
    .await;
}

#[tokio::test]
async fn tokens_are_listed_and_ended_by_their_owner_and_paths_that_are_none_are_named() {
    on_both_engines(|ground| async move {
        let server = Server::over(ground).await;
        let none = server.get("nobody", "/api/v1/nothing").await;
        assert_eq!((none.status, none.problem()), (StatusCode::NOT_FOUND, "/problems/not-found".into()));
        let tokens = server.get("reza", "/api/v1/me/tokens").await.json();
        assert_eq!(tokens["items"][0]["name"], json!("test"));
        assert_eq!(server.get("hamid", "/api/v1/me/tokens").await.status, StatusCode::FORBIDDEN);
        let by_token = server.post("reza", "/api/v1/me/tokens", json!({ "name": "another" })).await;
        assert_eq!((by_token.status, by_token.problem()), (StatusCode::FORBIDDEN, "/problems/by-token".into()));
        let path = format!("/api/v1/me/tokens/{}", tokens["items"][0]["id"].as_str().expect("an id"));
        assert_eq!(server.ask("maryam", "DELETE", &path, None, None).await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.ask("reza", "DELETE", &path, None, None).await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.get("reza", "/api/v1/me/tokens").await.status, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn a_warning_with_a_text_of_a_drill_in_it_is_refused_while_it_is_written() {
    on_both_engines(|ground| async move {
        let server = Server::over(ground).await;
        let draft = server.drafts().await;
        let path = format!("/api/v1/alerts/{}/content", draft["id"].as_str().expect("an id"));
        for (lang, field, text) in [
            ("en", "sms", "EXERCISE: Flood in Julan."),
            ("fa", "headline", "مانور: سیل در جولان"),
            ("fa", "spoken", "این فقط یک مانور است. سیل در جولان."),
        ] {
            let mut content = draft["content"].clone();
            content["wordings"][lang][field] = json!(text);
            let body = json!({ "content": content, "expected_hash": draft["content_hash"] });
            let refused = server.ask("reza", "PUT", &path, Some(body), None).await;
            assert_eq!(
                (refused.status, refused.problem()),
                (StatusCode::UNPROCESSABLE_ENTITY, "/problems/unusable".into())
            );
            let errors = refused.json()["errors"].clone();
            let place = format!("wordings.{lang}.{field}: says that it is an exercise");
            assert!(
                errors
                    .as_array()
                    .is_some_and(|all| all.len() == 1 && all[0].as_str().is_some_and(|one| one.starts_with(&place))),
                "{errors}"
            );
        }
        // Nothing was kept of it, and the alert as it was goes out.
        server.publishes(&draft).await;
    })
    .await;
}

#[tokio::test]
async fn an_exercise_says_so_everywhere_and_never_stands_in_the_city_s_feed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut config = Config::defaults();
    config.store.data_dir = directory.path().display().to_string();
    let ground = app::open_ground(Arc::new(config), Kind::Demo).await.expect("a demo's ground");
    let ground = Ground { clock: Clock::manual(MORNING.parse().expect("a time")), ..ground };
    let exercise = ground.exercise.expect("the demo is an exercise");
    let server = Server::over(ground).await;

    let draft = server.drafts().await;
    for (lang, mark, spoken) in
        [("fa", "مانور: ", "این فقط یک مانور است. "), ("en", "EXERCISE: ", "This is only a drill. ")]
    {
        for (field, text) in draft["content"]["wordings"][lang].as_object().expect("a wording") {
            let mark = if field == "spoken" { spoken } else { mark };
            assert!(text.as_str().expect("a text").starts_with(mark), "{lang} {field}: {text}");
        }
    }
    // An editor who takes the mark away finds it there again.
    let mut content = draft["content"].clone();
    content["wordings"]["en"]["headline"] = json!("Flood warning for Julan");
    let body = json!({ "content": content, "expected_hash": draft["content_hash"] });
    let path = format!("/api/v1/alerts/{}/content", draft["id"].as_str().expect("an id"));
    let edited = server.ask("reza", "PUT", &path, Some(body), None).await.json();
    assert_eq!(edited["content"]["wordings"]["en"]["headline"], json!("EXERCISE: Flood warning for Julan"));

    let live = server.publishes(&edited).await;
    let identifier = live["identifier"].as_str().expect("an identifier");
    let document = server.get("nobody", &format!("/cap/alerts/{}.xml", live["id"].as_str().expect("an id"))).await.text;
    assert!(document.contains("<status>Exercise</status>") && document.contains(&exercise.to_string()), "{document}");
    assert!(server.get("nobody", "/cap/exercise.atom").await.text.contains(identifier));
    assert!(!server.get("nobody", "/cap/feed.atom").await.text.contains("<entry"));

    // Without a configured sender the demo has one that nobody owns.
    let mut config = Config::clone(&server.ground.config);
    config.issue.sender = String::new();
    let nameless = Ground { config: Arc::new(config), ..server.ground.clone() };
    assert_eq!(issue::sender(&nameless).expect("a sender").as_str(), issue::DEMO_SENDER);
    let caller = sign_in::caller_of_token(&nameless, &Secret::new(server.tokens["reza"].as_str())).await;
    let caller = caller.expect("an answer").expect("a token's owner");
    assert!(Officer::try_from_caller(caller).is_some());
    let store = server.ground.store.clone();
    server.broker.stop().await;
    store.close().await;
}
