//! The examples of `deploy/` for nginx and Caddy in front of the city: pages, open streams, real addresses, and what their logs say.
//! Runs where Debian's `nginx` and `caddy` are installed; only ports, certificates and the places of logs differ from the examples.
//! Clients come from addresses of their own in 127.0.0.0/8, so that one can be told from the other.

use std::path::Path;

use hamyar::bell::LiveAudience;
use serde_json::json;
use tokio::process::Child;

use crate::{
    awaited,
    certificates::Authority,
    city::{City, GATEWAY},
    programs::{adapted, command, free_ports, here, started},
};

/// What must stand in no log.
const SECRET: &str = "Zm9yLXRoZS1yZWFkZXItb25seQ";
/// Codes that one address may ask for in these stories.
const ASKS_MAX: i64 = 3;

/// A proxy before a city.
struct Front {
    root: String,
    authority: Authority,
    directory: tempfile::TempDir,
    _child: Child,
}

impl Front {
    /// nginx with `deploy/nginx.conf`; `None` where it is not installed.
    async fn nginx(city: &City) -> Option<Self> {
        let [nginx] = here(["/usr/sbin/nginx"])?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let authority = Authority::new(directory.path(), "authority");
        let own = authority.signs(directory.path(), "own", &["localhost"]);
        let [tls, plain] = free_ports();
        let place = directory.path().display().to_string();
        let site = adapted(
            include_str!("../../deploy/nginx.conf"),
            &[
                ("listen 443 ssl http2;", &format!("listen 127.0.0.1:{tls} ssl http2;")),
                ("    listen [::]:443 ssl http2;\n", ""),
                ("listen 80;", &format!("listen 127.0.0.1:{plain};")),
                ("    listen [::]:80;\n", ""),
                ("server_name hamyar.example.org;", "server_name localhost;"),
                ("/etc/letsencrypt/live/hamyar.example.org/fullchain.pem", &own.file.display().to_string()),
                ("/etc/letsencrypt/live/hamyar.example.org/privkey.pem", &own.key.display().to_string()),
                ("/var/log/nginx", &place),
                ("http://127.0.0.1:8137", city.root()),
            ],
        );
        std::fs::write(directory.path().join("site.conf"), site).expect("a file");
        // One process without privileges of its own; what it writes by itself stays in the directory.
        let own_places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {place}/{name};"))
            .join(" ");
        let whole = format!(
            "daemon off; master_process off; pid {place}/pid; error_log {place}/start.log warn;\nevents {{ }}\n\
             http {{ access_log off; {own_places} include {place}/site.conf; }}\n"
        );
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, whole).expect("a file");
        let file = file.to_str().expect("a readable path");
        let start_log = format!("{place}/start.log");
        let checked = command(&nginx, &["-t", "-q", "-c", file, "-e", &start_log]).output().await.expect("nginx runs");
        assert!(checked.status.success(), "{}", std::fs::read_to_string(&start_log).unwrap_or_default());
        let child = started(command(&nginx, &["-c", file, "-e", &start_log]), tls).await;
        Some(Self { root: format!("https://localhost:{tls}"), authority, directory, _child: child })
    }

    /// Caddy with `deploy/Caddyfile`; `None` where it is not installed.
    async fn caddy(city: &City) -> Option<Self> {
        let [caddy] = here(["/usr/bin/caddy"])?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let authority = Authority::new(directory.path(), "authority");
        let own = authority.signs(directory.path(), "own", &["localhost"]);
        let [tls] = free_ports();
        let place = directory.path().display().to_string();
        let upstream = city.root().trim_start_matches("http://");
        let site = adapted(
            include_str!("../../deploy/Caddyfile"),
            &[
                (
                    "{\n\tlog {\n\t\tformat filter {\n\t\t\twrap console",
                    "{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {\n\t\tformat filter {\n\t\t\twrap console",
                ),
                (
                    "hamyar.example.org {",
                    &format!(
                        "https://localhost:{tls} {{\n\tbind 127.0.0.1\n\ttls {} {}",
                        own.file.display(),
                        own.key.display()
                    ),
                ),
                ("127.0.0.1:8137", upstream),
                (
                    "\tlog {\n\t\tformat filter {\n\t\t\twrap json",
                    &format!("\tlog {{\n\t\toutput file {place}/hamyar.log\n\t\tformat filter {{\n\t\t\twrap json"),
                ),
            ],
        );
        let file = directory.path().join("Caddyfile");
        std::fs::write(&file, site).expect("a file");
        let said = std::fs::File::create(directory.path().join("said.log")).expect("a file");
        let mut run =
            command(&caddy, &["run", "--adapter", "caddyfile", "--config", file.to_str().expect("a readable path")]);
        run.stderr(said)
            .env("HOME", directory.path())
            .env("XDG_DATA_HOME", directory.path())
            .env("XDG_CONFIG_HOME", directory.path());
        let child = started(run, tls).await;
        Some(Self { root: format!("https://localhost:{tls}"), authority, directory, _child: child })
    }

    /// Somebody at this address, who believes the front's authority and follows nothing.
    fn client(&self, address: &str) -> reqwest::Client {
        let pem = std::fs::read(&self.authority.file).expect("the authority's file");
        let authority = reqwest::Certificate::from_pem(&pem).expect("a certificate");
        client(address).tls_certs_only([authority]).build().expect("a client")
    }

    /// Everything that any log of the front says, once it speaks of this.
    async fn logs(&self, until: &str) -> String {
        awaited(&format!("the log to say {until}"), async {
            loop {
                let all: String = std::fs::read_dir(self.directory.path())
                    .expect("the directory")
                    .map(|entry| entry.expect("an entry").path())
                    .filter(|path| path.extension().is_some_and(|end| end == "log"))
                    .map(|path| std::fs::read_to_string(path).expect("a log is text"))
                    .collect();
                if all.contains(until) {
                    return all;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

fn client(address: &str) -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .local_address(Some(address.parse().expect("an address")))
        .timeout(crate::PATIENCE)
}

async fn city() -> City {
    let plan = City::sample().with(|config| {
        config.server.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
        config.sign_in.tries_per_address_max = ASKS_MAX;
    });
    plan.start().await
}

/// Asks for a code with an invented address in the header; gives the status.
async fn asks(client: &reqwest::Client, root: &str, invented: &str) -> u16 {
    let asked = client
        .post(format!("{root}/api/v1/session/code"))
        .header("x-forwarded-for", invented)
        .header("content-type", "application/json")
        .body(json!({ "kind": "phone", "address": "+989990000000" }).to_string());
    asked.send().await.expect("an answer").status().as_u16()
}

async fn shows_pages_and_streams_and_counts_real_addresses(city: City, front: Front) {
    let root = &front.root;
    let reader = front.client("127.0.0.2");
    let page = reader.get(format!("{root}/")).send().await.expect("a page");
    assert_eq!(page.status(), 200);
    let hsts = page.headers().get("strict-transport-security").expect("browsers come back by TLS only");
    assert!(hsts.to_str().expect("a readable header").contains("max-age=31536000"), "{hsts:?}");
    assert!(page.text().await.expect("a whole page").to_lowercase().contains("<!doctype html"));
    for inside in ["/metrics", "/healthz", "/readyz"] {
        assert_eq!(reader.get(format!("{root}{inside}")).send().await.expect("an answer").status(), 404, "{inside}");
    }

    // Each line of an open stream arrives while the stream goes on.
    let mut stream = reader.get(format!("{root}/api/v1/live")).send().await.expect("a stream");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    for count in 1..=3 {
        city.ground().bells.tell(LiveAudience::Public, "zone.changed", json!({ "count": count }));
        let mut heard = String::new();
        while !heard.contains(&format!("\"count\":{count}")) {
            let chunk = awaited("a line of the stream", stream.chunk()).await.expect("the stream goes on");
            heard += std::str::from_utf8(&chunk.expect("the stream does not end")).expect("text");
        }
    }
    drop(stream);

    // A limit is per real address: what a client invents changes nothing, and nobody uses up another's tries.
    for count in 0..ASKS_MAX {
        assert_eq!(asks(&reader, root, &format!("203.0.113.{count}")).await, 202);
    }
    assert_eq!(asks(&reader, root, "203.0.113.77").await, 429, "the same client under another invented address");
    assert_eq!(
        asks(&front.client("127.0.0.3"), root, "127.0.0.2").await,
        202,
        "another client, with the first one's address"
    );
    // Whoever comes by no proxy is believed nothing.
    let direct = client("127.0.0.4").build().expect("a client");
    for count in 0..ASKS_MAX {
        assert_eq!(asks(&direct, city.root(), &format!("203.0.113.{count}")).await, 202);
    }
    assert_eq!(asks(&direct, city.root(), "203.0.113.77").await, 429);

    logs_show_no_secret(city, &front, &reader).await;
}

async fn logs_show_no_secret(city: City, front: &Front, reader: &reqwest::Client) {
    let root = &front.root;
    let paths = [
        format!("/n/{SECRET}"),
        format!("/n/{SECRET}?from={SECRET}"),
        format!("/api/v1/invitations/{SECRET}"),
        format!("/api/v1/reports/1234?secret={SECRET}"),
        format!("/hooks/sms/{GATEWAY}?from=1&text=x&secret={SECRET}"),
        format!("/hooks/receipts/{GATEWAY}?id=1&status=1&secret={SECRET}"),
    ];
    for path in &paths {
        let asked = reader.get(format!("{root}{path}")).header("referer", format!("{root}/n/{SECRET}"));
        asked.header("cookie", format!("a={SECRET}")).send().await.expect("an answer");
    }
    let answered = reader.post(format!("{root}/n/{SECRET}")).form(&[("answer", "ack")]).send().await;
    answered.expect("an answer");
    // While the service is away the proxies have errors to tell.
    city.ends().await;
    for path in &paths {
        assert_eq!(reader.get(format!("{root}{path}")).send().await.expect("an answer").status(), 502);
    }
    reader.get(format!("{root}/the-last-page")).send().await.expect("an answer");
    let logs = front.logs("the-last-page").await;
    assert!(logs.contains("/n/-"), "requests are logged: {logs}");
    assert!(!logs.contains(SECRET), "a secret is in the log: {}", lines_with(&logs, SECRET));
    assert!(Path::new(front.directory.path()).join("hamyar.log").exists());
}

fn lines_with(logs: &str, word: &str) -> String {
    logs.lines().filter(|line| line.contains(word)).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn nginx_before_the_city_passes_streams_on_tells_real_addresses_and_logs_no_secret() {
    let city = city().await;
    if let Some(front) = Front::nginx(&city).await {
        shows_pages_and_streams_and_counts_real_addresses(city, front).await;
    }
}

#[tokio::test]
async fn caddy_before_the_city_passes_streams_on_tells_real_addresses_and_logs_no_secret() {
    let city = city().await;
    if let Some(front) = Front::caddy(&city).await {
        shows_pages_and_streams_and_counts_real_addresses(city, front).await;
    }
}
