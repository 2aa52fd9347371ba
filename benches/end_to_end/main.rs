//! Measures the whole way on the release binary: reading to proposal, publication to the last telephone, memory, start, size.
//! Run by `make bench`; prints the table of docs/benchmarks.md. The service runs as its own process, as in a city; everything else is a client.
//! Nothing is measured inside the service, and a round that does not end is a failure, not a missing value.

#![expect(clippy::disallowed_methods, reason = "a benchmark asks the monotonic clock; nothing here is decided by it")]
#![expect(clippy::print_stdout, reason = "the table is the result")]

mod city;
mod figures;
mod mqtt;
mod sse;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use city::{Account, City, Gauge, ZONE};
use figures::{Series, Table, megabytes, millis, resident_bytes};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

/// Connected recipients.
const RECIPIENTS: usize = 1000;
/// Publications per kind of recipient.
const ROUNDS: usize = 25;
/// Starts of the service.
const STARTS: usize = 5;
/// A round that takes longer has failed.
const ROUND_SECS_MAX: u64 = 20;

#[tokio::main]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok().context("nobody installed a provider before")?;
    let city = City::found(RECIPIENTS).await?;
    let mut table = Table::default();

    let mut starts = Series::default();
    // The first start is not counted: it writes the broker's files and warms the disk's cache.
    city.start().await?.0.stop()?;
    for _ in 1..STARTS {
        let (service, took) = city.start().await?;
        service.stop()?;
        starts.push(took);
    }
    let (service, took) = city.start().await?;
    starts.push(took);
    table.series("start to ready", &starts, "≤ 1 s", "existing database, until /readyz answers 200");

    // Background parts have had their first turn by then.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let resident = resident_bytes(service.id()).context("resident memory is read from /proc")?;
    table.row("idle memory", &megabytes(resident), "", "≤ 80 MB", "resident, sample city, 5 s after the start");

    // `cargo bench --bench end_to_end -- telephones` measures that part only.
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let wanted = |part: &str| wanted.as_deref().is_none_or(|wanted| part.contains(wanted));
    if wanted("proposals") {
        table.series(
            "reading to proposal",
            &readings_to_proposals(&city).await?,
            "p99 ≤ 250 ms",
            "from MQTT publish (QoS 1) of the reading that completes the dwell to the staff page's event",
        );
    }
    if wanted("telephones") {
        table.series(
            "publication to the last of 1,000 telephones (MQTT)",
            &publications_to_telephones(&city).await?,
            "p99 ≤ 250 ms",
            "from POST publish to the last notice received by MQTT (QoS 1); each answered afterwards",
        );
    }
    if wanted("pages") {
        table.series(
            "publication to the last of 1,000 open pages",
            &publications_to_pages(&city).await?,
            "p99 ≤ 250 ms",
            "from POST publish to the last server-sent event",
        );
    }
    let loaded = resident_bytes(service.id()).context("resident memory is read from /proc")?;
    table.row("memory after that", &megabytes(loaded), "", "", "resident, after all rounds");
    let stopped = service.stop()?;
    table.row("stop", &millis(stopped), "", "≤ 10 s", "SIGTERM to exit");
    let binary = std::fs::metadata(city::binary())?.len();
    table.row("release binary", &megabytes(binary), "", "≤ 40 MB", "stripped, web part included if it was built");
    println!("{}", table.text());
    Ok(())
}

/// Every gauge rises to orange, then to red; each time the second reading, two and a half minutes later, completes the dwell.
async fn readings_to_proposals(city: &City) -> Result<Series> {
    let mut page = sse::Page::open(city.http, Some(city.officer.reveal())).await?;
    let mut series = Series::default();
    let began = jiff::Timestamp::now() - Duration::from_mins(20);
    for (pass, raise) in [|gauge: &Gauge| gauge.orange_m, |gauge: &Gauge| gauge.red_m].into_iter().enumerate() {
        for gauge in &city.gauges {
            let Account { user, secret } = &gauge.account;
            let mut device = mqtt::Client::connect(city.mqtt, user, user, secret.reveal()).await?;
            let topic = format!("hamyar/v1/readings/{user}");
            let at = |minutes: f64| began + Duration::from_secs_f64(60.0 * (6.0 * pass as f64 + minutes));
            let reading =
                |minutes: f64, stage: f64| json!({ "t": at(minutes).to_string(), "stage_m": stage }).to_string();
            device.publish(&topic, reading(0.0, raise(gauge) + 0.02).as_bytes()).await?;
            let completing = reading(2.5, raise(gauge) + 0.05);
            let sent = Instant::now();
            let publishing = device.publish(&topic, completing.as_bytes());
            let proposed = async {
                while page.next().await?.kind != "proposal.changed" {}
                std::io::Result::Ok(sent.elapsed())
            };
            let both = async { tokio::try_join!(publishing, proposed) };
            let Ok(done) = timeout(Duration::from_secs(ROUND_SECS_MAX), both).await else {
                bail!("no proposal followed the readings of {user} in pass {pass}");
            };
            series.push(done?.1);
            quiet(&mut page).await?;
        }
    }
    Ok(series)
}

/// Reads on until nothing has come for a moment, so that the next round does not take this one's echo for its own.
async fn quiet(page: &mut sse::Page) -> Result<()> {
    while let Ok(event) = timeout(Duration::from_millis(400), page.next()).await {
        event?;
    }
    Ok(())
}

/// One alert from draft to approval; publication is left to the round.
async fn approved(city: &City, http: &reqwest::Client) -> Result<String> {
    let draft = post(
        city,
        http,
        city.officer.reveal(),
        "alerts",
        &json!({ "hazard": "flood", "level": "orange", "zones": [ZONE] }),
    )
    .await?;
    let id = draft["id"].as_str().context("a draft has an id")?.to_owned();
    let seen = json!({ "content_hash": draft["content_hash"] });
    post(city, http, city.approver.reveal(), &format!("alerts/{id}/approve"), &seen).await?;
    Ok(id)
}

async fn post(city: &City, http: &reqwest::Client, token: &str, path: &str, body: &Value) -> Result<Value> {
    let url = format!("http://{}/api/v1/{path}", city.http);
    let answer = http.post(url).bearer_auth(token).json(body).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status.is_success(), "POST {path}: {status} {text}");
    Ok(serde_json::from_str(&text)?)
}

/// What a recipient saw: who, the alert's id within the text, and when.
struct Seen {
    who: usize,
    text: String,
    at: Instant,
}

/// Publishes `ROUNDS` alerts; each round ends when every recipient has told of that alert.
async fn rounds(city: &City, seen: &mut mpsc::Receiver<Seen>) -> Result<Series> {
    let http = reqwest::Client::builder().build()?;
    let mut series = Series::default();
    for round in 0..=ROUNDS {
        let id = approved(city, &http).await?;
        let path = format!("alerts/{id}/publish");
        let sent = Instant::now();
        let publishing = post(city, &http, city.officer.reveal(), &path, &Value::Null);
        let mut missing = RECIPIENTS;
        let everyone = async {
            let mut last = sent;
            let mut told = vec![false; RECIPIENTS];
            while missing > 0 {
                let seen = seen.recv().await.context("recipients are connected")?;
                if seen.text.contains(&id) && !std::mem::replace(&mut told[seen.who], true) {
                    missing -= 1;
                    last = last.max(seen.at);
                }
            }
            anyhow::Ok(last)
        };
        let both = async { tokio::try_join!(publishing, everyone) };
        let Ok(done) = timeout(Duration::from_secs(ROUND_SECS_MAX), both).await else {
            bail!("round {round}: {missing} of {RECIPIENTS} recipients were not told within {ROUND_SECS_MAX} s");
        };
        // The first round warms caches and statement plans, as the first alert after a start does; it is not counted.
        if round > 0 {
            series.push(done?.1 - sent);
        } else {
            done?;
        }
        // Answers of this round are taken before the next one begins.
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    Ok(series)
}

async fn publications_to_telephones(city: &City) -> Result<Series> {
    let (tell, mut seen) = mpsc::channel(4 * RECIPIENTS);
    let mut telephones = JoinSet::new();
    for (who, Account { user, secret }) in city.telephones.iter().cloned().enumerate() {
        let mut client = mqtt::Client::connect(city.mqtt, &user, &user, secret.reveal()).await?;
        client.subscribe(&format!("hamyar/v1/helpers/{user}/notices")).await?;
        let tell = tell.clone();
        telephones.spawn(async move {
            while let Ok(message) = client.next().await {
                let at = Instant::now();
                let text = String::from_utf8_lossy(&message).into_owned();
                if tell.send(Seen { who, text, at }).await.is_err() {
                    break;
                }
                // A person takes a moment to press the key; until then the network is quiet. What a telephone does with a message
                // would not take the service's processor, so it is done afterwards.
                tokio::time::sleep(Duration::from_millis(600)).await;
                let notice =
                    serde_json::from_slice::<Value>(&message).map(|notice| notice["id"].clone()).unwrap_or_default();
                let answer = json!({ "notice": notice, "answer": "ack" }).to_string();
                if client.publish(&format!("hamyar/v1/helpers/{user}/answers"), answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        });
    }
    let series = rounds(city, &mut seen).await;
    telephones.shutdown().await;
    series
}

async fn publications_to_pages(city: &City) -> Result<Series> {
    let (tell, mut seen) = mpsc::channel(4 * RECIPIENTS);
    let mut pages = JoinSet::new();
    for who in 0..RECIPIENTS {
        let mut page = sse::Page::open(city.http, None).await?;
        let tell = tell.clone();
        pages.spawn(async move {
            while let Ok(event) = page.next().await {
                let at = Instant::now();
                if event.kind == "alert.changed" && tell.send(Seen { who, text: event.data, at }).await.is_err() {
                    break;
                }
            }
        });
    }
    let series = rounds(city, &mut seen).await;
    pages.shutdown().await;
    series
}
