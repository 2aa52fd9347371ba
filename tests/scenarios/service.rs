//! The built binary as a child process, on the machine's clock, in a directory of its own.
//! Used by stories about crashes, signals, settings and the command line; the ground beside it is opened only while it is down.
//! A child ends with its handle; what it said is shown when it ends before it is ready.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::Arc,
};

use hamyar::{app, config::Config, ground::Ground};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{awaited, city::GATEWAY, phone::Gateway};

/// A place where the binary runs: directory and settings.
pub struct House {
    directory: TempDir,
    settings: Vec<(String, String)>,
}

/// A running `hamyar serve`.
pub struct Service {
    child: Child,
    /// Where pages and API are.
    pub root: String,
    /// Where the embedded broker listens.
    pub mqtt: SocketAddr,
}

impl House {
    /// A real city's settings with ports of the system's choosing.
    pub fn new() -> Self {
        let house = Self { directory: tempfile::tempdir().expect("a temporary directory"), settings: Vec::new() };
        let data = house.path("data").display().to_string();
        house
            .set("STORE__DATA_DIR", data)
            .set("SERVER__LISTEN", "127.0.0.1:0")
            .set("MQTT__LISTEN", "127.0.0.1:0")
            .set("ISSUE__SENDER", "hamadan.example")
            .set("LOG__FORMAT", "json")
    }

    /// With one setting more: `SECTION__KEY`.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.settings.retain(|(known, _)| known != &format!("HAMYAR_{key}"));
        self.settings.push((format!("HAMYAR_{key}"), value.into()));
        self
    }

    /// Sends text messages by this gateway.
    #[must_use]
    pub fn sending_by(self, gateway: &Gateway) -> Self {
        let name = GATEWAY.to_uppercase();
        self.set("SMS__SEND_BY", GATEWAY)
            .set("SMS__PER_SECOND_MAX", "1000")
            .set(&format!("SMS__GATEWAYS__{name}__DIALECT"), "kannel")
            .set(&format!("SMS__GATEWAYS__{name}__SECRET"), crate::city::GATEWAY_SECRET)
            .set(&format!("SMS__GATEWAYS__{name}__SEND_URL"), gateway.url())
    }

    /// Below the house's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The same ground that the binary would open. Only while it is down.
    pub async fn ground(&self, kind: app::Kind) -> Ground {
        let config = Config::load(None, self.settings.iter().cloned()).expect("right settings");
        app::open_ground(Arc::new(config), kind).await.expect("the database opens")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hamyar"));
        // Nothing of whoever runs the tests reaches the service; PATH is for programs that it calls.
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs(self.settings.iter().cloned()).args(arguments).current_dir(self.directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs a tool to its end.
    pub async fn runs(&self, arguments: &[&str]) -> Output {
        let what = format!("the end of hamyar {}", arguments.join(" "));
        awaited(&what, self.command(arguments).output()).await.expect("the binary starts")
    }

    /// Starts `serve` and waits until it is ready.
    pub async fn serves(&self) -> Service {
        let mut child = self.command(&["serve"]).stderr(Stdio::inherit()).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is ours")).lines();
        let mut said = Vec::new();
        let (mut root, mut mqtt) = (None, None);
        let ready = async {
            while let Some(line) = lines.next_line().await.expect("text") {
                let fields = serde_json::from_str::<Value>(&line).unwrap_or_default()["fields"].take();
                let message = fields["message"].as_str().unwrap_or_default();
                if let Some(address) = message.strip_prefix("MQTT listens on ") {
                    mqtt = address.parse().ok();
                } else if message.starts_with("ready") {
                    root = fields["listening"].as_str().map(|address| format!("http://{address}"));
                    return;
                }
                said.push(line);
            }
            panic!("hamyar serve ended before it was ready:\n{}", said.join("\n"));
        };
        awaited("hamyar serve to be ready", ready).await;
        // Its output is read to the end, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (root, mqtt) = (root.expect("it said where it listens"), mqtt.expect("it said where MQTT listens"));
        Service { child, root, mqtt }
    }
}

impl Service {
    /// SIGKILL: no part of it gets to say goodbye.
    pub async fn dies(mut self) {
        self.child.kill().await.expect("it is ours to kill");
    }

    /// SIGTERM, and waits for its end.
    pub async fn stops_on_sigterm(mut self) -> std::process::ExitStatus {
        let id = self.child.id().expect("it runs").to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill is a program");
        assert!(told.success(), "the signal was sent");
        awaited("the service to stop", self.child.wait()).await.expect("it ends")
    }

    /// Waits until a counter of /metrics is at least this.
    pub async fn counts(&self, metric: &str, least: f64) {
        let browser = crate::web::Browser::new(&self.root);
        let address = format!("{}/metrics", self.root);
        let counted = async {
            loop {
                let (_, text) = browser.opens(&address).await;
                let sum: f64 = text
                    .lines()
                    .filter(|line| line.split(['{', ' ']).next() == Some(metric))
                    .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                    .sum();
                if sum >= least {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        awaited(&format!("{metric} to be {least}"), counted).await;
    }
}

/// What a tool said on both its outputs.
pub fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A path as an argument.
pub fn argument(path: &Path) -> &str {
    path.to_str().expect("a temporary directory's name is UTF-8")
}
