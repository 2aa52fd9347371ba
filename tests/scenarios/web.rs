//! A browser without a screen: asks over real HTTP, keeps its cookie, reads JSON.
//! Used by staff, helpers and citizens of the stories.
//! A refusal is given back as the problem that the service said, with its stable word.

use reqwest::{Method, StatusCode, header};
use serde_json::Value;

/// What was refused: the word of the problem (`own-work`); the rest is for whoever reads a failed story.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The last part of the problem's type.
    pub word: String,
    title: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.word, self.title)
    }
}

/// A browser at one service.
#[derive(Clone, Debug)]
pub struct Browser {
    root: String,
    http: reqwest::Client,
    cookie: Option<String>,
}

impl Browser {
    /// Nobody is signed in.
    pub fn new(root: impl Into<String>) -> Self {
        // One crypto provider for the process; a second call finds the first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().timeout(crate::PATIENCE).build().expect("a client");
        Self { root: root.into(), http, cookie: None }
    }

    /// Signs in with name and password.
    pub async fn sign_in(root: impl Into<String>, login: &str, password: &str) -> Self {
        let credentials = serde_json::json!({ "login": login, "password": password });
        Self::new(root).signed_in("/session", credentials).await
    }

    /// The same browser with the cookie that a log-in gave.
    pub async fn signed_in(mut self, path: &str, proof: Value) -> Self {
        let request = self.http.post(format!("{}/api/v1{path}", self.root));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(proof.to_string());
        let response = request.send().await.expect("the service answers");
        assert_eq!(response.status(), StatusCode::OK, "somebody signs in");
        let cookie = response.headers().get(header::SET_COOKIE).expect("a cookie").to_str().expect("a readable cookie");
        self.cookie = cookie.split(';').next().map(str::to_owned);
        self
    }

    /// GET of an API path, such as `/zones`; refusals are faults of the story.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await.unwrap_or_else(|refused| panic!("GET {path}: {refused}"))
    }

    /// POST to an API path.
    pub async fn post(&self, path: &str, body: Value) -> Result<Value, Refused> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Signs out on this browser; what else holds the cookie is signed out with it.
    pub async fn signs_out(&self) {
        let gone = self.ask(Method::DELETE, "/session", None).await;
        gone.unwrap_or_else(|refused| panic!("DELETE /session: {refused}"));
    }

    /// PUT to an API path.
    pub async fn put(&self, path: &str, body: Value) -> Result<Value, Refused> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Refused> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.root));
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.expect("the service answers");
        let status = response.status();
        let text = response.text().await.expect("a whole answer");
        let said: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        if status.is_success() {
            return Ok(said);
        }
        let word = said["type"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
        Err(Refused { word, title: said["title"].as_str().unwrap_or(&text).to_owned() })
    }

    /// GET of a page or document by its whole address: status and text.
    pub async fn opens(&self, address: &str) -> (u16, String) {
        let response = self.http.get(address).send().await.expect("the service answers");
        (response.status().as_u16(), response.text().await.expect("a whole answer"))
    }

    /// GET of an API path whose answer does not end.
    pub async fn keeps_open(&self, path: &str) -> reqwest::Response {
        let mut request = self.http.get(format!("{}/api/v1{path}", self.root));
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        request.send().await.expect("the service answers")
    }

    /// POST of a form by its whole address: status and text.
    pub async fn submits(&self, address: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let response = self.http.post(address).form(fields).send().await.expect("the service answers");
        (response.status().as_u16(), response.text().await.expect("a whole answer"))
    }
}
