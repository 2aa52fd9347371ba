//! The two officers of `--demo-auto`: one adopts and publishes, the other approves, each by their own log-in and the API.
//! Played beside `demo::play` for screenshots, tests and talks; without the flag the newcomer does this by hand.
//! They have no door of their own: what the API refuses them is refused.

use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, Method, header};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::{Cast, Login, play::Doors};
use crate::clock::Clock;

/// How long an officer reads before acting, so that people who watch can follow.
const READING: Duration = Duration::from_secs(2);
/// Updates are adopted no more often than this.
const BETWEEN_UPDATES: Duration = Duration::from_secs(25);

/// Two people at their desks.
#[derive(Debug)]
pub struct Officers {
    doors: Doors,
    clock: Clock,
    officer: String,
    approver: String,
}

impl Officers {
    /// Logs both in.
    pub async fn sign_in(doors: Doors, clock: Clock, cast: &Cast) -> anyhow::Result<Self> {
        let officer = cookie(&doors, &cast.officer).await?;
        let approver = cookie(&doors, &cast.approver).await?;
        Ok(Self { doors, clock, officer, approver })
    }

    /// Acts on proposals until the service stops.
    pub async fn work(self, stop: CancellationToken) {
        let mut published_at = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep(READING) => {}
            }
            let now = self.clock.now();
            let rested = published_at.is_none_or(|at: jiff::Timestamp| {
                now.duration_since(at) >= BETWEEN_UPDATES.try_into().expect("25 s is a duration")
            });
            match self.act(rested).await {
                Ok(Some(alert)) => {
                    info!(alert, "demo: both officers have put an alert out");
                    published_at = Some(now);
                }
                Ok(None) => {}
                Err(fault) => debug!(%fault, "demo: the officers could not act and will look again: {fault:#}"),
            }
        }
    }

    /// Takes the newest proposal that is worth it through both pairs of eyes.
    async fn act(&self, rested: bool) -> anyhow::Result<Option<String>> {
        let open = self.call(&self.officer, Method::GET, "proposals?state=open", None).await?;
        let worth = |proposal: &&Value| match proposal["kind"].as_str() {
            Some("alert") => matches!(proposal["level"].as_str(), Some("orange" | "red")),
            Some("all_clear") => true,
            _ => rested,
        };
        let Some(proposal) = open["items"].as_array().and_then(|items| items.iter().find(worth)) else {
            return Ok(None);
        };
        let id = proposal["id"].as_str().context("a proposal has an id")?;
        let draft = self.call(&self.officer, Method::POST, &format!("proposals/{id}/adopt"), Some(json!({}))).await?;
        let alert = draft["id"].as_str().context("a draft has an id")?;
        self.clock.sleep(READING).await;
        let seen = json!({ "content_hash": draft["content_hash"] });
        self.call(&self.approver, Method::POST, &format!("alerts/{alert}/approve"), Some(seen)).await?;
        self.call(&self.officer, Method::POST, &format!("alerts/{alert}/publish"), Some(json!({}))).await?;
        Ok(Some(alert.to_owned()))
    }

    async fn call(&self, cookie: &str, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let mut request =
            self.doors.http.request(method, format!("{}/api/v1/{path}", self.doors.url)).header(header::COOKIE, cookie);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status} {text}");
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

async fn cookie(doors: &Doors, login: &Login) -> anyhow::Result<String> {
    let body = json!({ "login": login.login, "password": login.password.reveal() });
    let http: &Client = &doors.http;
    let answer = http.post(format!("{}/api/v1/session", doors.url)).json(&body).send().await?.error_for_status()?;
    let cookie = answer.headers().get(header::SET_COOKIE).context("a log-in answers with a cookie")?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}
