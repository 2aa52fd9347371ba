//! `hamyar sensor …`: register a sensor, try a payload, write readings out.
//! Called by `cli`.
//! A secret is printed once, when it is made.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use maps::{GaugeCode, Position, ReachCode};

use super::print;
use crate::{
    config::formats as config,
    ground::Ground,
    sensors::{self, Arrival, Format, Memory, Message, NewSensor, Presence, Quantity, SensorCode},
};

/// Readings written out per step.
const EXPORT_STEP: i64 = 5_000;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Register a sensor; prints its MQTT user and secret, this once
    Add {
        /// 1 to 64 of a-z, 0-9 and “-”; its MQTT user name, too
        code: SensorCode,
        /// The map's gauge that it is; gives place, name, quantity, reach, thresholds and interval
        #[arg(long)]
        gauge: Option<GaugeCode>,
        /// Name in Persian
        #[arg(long)]
        name_fa: Option<String>,
        /// Name in English
        #[arg(long)]
        name_en: Option<String>,
        /// What it measures: stage_m, snow_depth_cm, rain_mm …
        #[arg(long = "quantity")]
        quantities: Vec<Quantity>,
        /// Degrees east
        #[arg(long, allow_negative_numbers = true)]
        lon: Option<f64>,
        /// Degrees north
        #[arg(long, allow_negative_numbers = true)]
        lat: Option<f64>,
        /// The reach whose water it measures
        #[arg(long)]
        reach: Option<ReachCode>,
        /// Seconds between two readings when all is well
        #[arg(long)]
        interval_secs: Option<i32>,
    },
    /// Give a gateway of another system its account; prints its MQTT user and secret, this once
    Gateway {
        /// The name that `account` has in [sensors.formats]; it may bring the messages of those formats' topics
        name: SensorCode,
    },
    /// Show what would be read from a payload on standard input
    Try {
        /// A format: a name of [sensors.formats], or hamyar, senml, senml_cbor, mapped, sensorthings, chirpstack, the_things_stack,
        /// sparkplug_b, tasmota
        #[arg(long)]
        format: Option<String>,
        /// The topic on which it would come
        #[arg(long, default_value = "")]
        topic: String,
        /// A file with the keys of a [sensors.mappings.NAME]
        #[arg(long)]
        mapping: Option<PathBuf>,
        /// IANA zone of Tasmota's local times
        #[arg(long, default_value = "")]
        time_zone: String,
    },
    /// Write readings as CSV to standard output, in the order in which they came
    Export {
        /// Only this sensor
        #[arg(long)]
        sensor: Option<SensorCode>,
        /// Only readings from the last so many hours
        #[arg(long)]
        hours: Option<i64>,
    },
}

/// Does it.
pub async fn run(ground: &Ground, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Add { code, gauge, name_fa, name_en, quantities, lon, lat, reach, interval_secs } => {
            let gauge = match gauge {
                None => None,
                Some(gauge) => {
                    Some(ground.city.gauge(&gauge).with_context(|| format!("the map has no gauge “{gauge}”"))?)
                }
            };
            let mut name = gauge.map(|gauge| gauge.name.clone()).unwrap_or_default();
            let given = [("fa", name_fa), ("en", name_en)];
            name.extend(given.into_iter().filter_map(|(language, text)| Some((language.to_owned(), text?))));
            let position = match (lon, lat, gauge) {
                (Some(lon), Some(lat), _) => Position::new(lon, lat)?,
                (None, None, Some(gauge)) => gauge.position,
                _ => bail!("where does it stand? give --lon and --lat, or --gauge"),
            };
            let own = gauge.map(|gauge| Quantity::from(gauge.quantity));
            let new = NewSensor {
                code,
                name,
                quantities: if quantities.is_empty() { own.into_iter().collect() } else { quantities },
                position,
                reach: reach.or_else(|| gauge.and_then(|gauge| gauge.reach.clone())),
                gauge: gauge.map(|gauge| gauge.code.clone()),
                thresholds: BTreeMap::new(),
                expected_interval_secs: interval_secs
                    .or_else(|| gauge.and_then(|gauge| i32::try_from(gauge.expected_interval_secs).ok()))
                    .unwrap_or(300),
            };
            let registered = sensors::add_by_command(ground, new).await?;
            let prefix = &ground.config.mqtt.prefix;
            print(&format!(
                "sensor  {}\ntopic   {prefix}/readings/{}\nuser    {}\nsecret  {}",
                registered.id,
                registered.code,
                registered.user,
                registered.secret.reveal()
            ));
        }
        Command::Gateway { name } => {
            let formats = ground.config.sensors.formats.values();
            let own = formats.filter(|format| format.account == name.as_str());
            let topics: Vec<_> = own.map(|format| format.topic.clone()).collect();
            if topics.is_empty() {
                bail!("no [sensors.formats.NAME] has account = \"{name}\"");
            }
            let shown = topics.join(" ");
            let secret = sensors::add_gateway(ground, &name, topics).await?;
            print(&format!("topics  {shown}\nuser    {name}\nsecret  {}", secret.reveal()));
        }
        Command::Try { format, topic, mapping, time_zone } => {
            let format = chosen(ground, format.as_deref(), mapping.as_deref(), &time_zone)?;
            let mut payload = Vec::new();
            let most = u64::try_from(ground.config.mqtt.payload_bytes_max).unwrap_or(u64::MAX);
            std::io::stdin().take(most).read_to_end(&mut payload).context("standard input")?;
            print(&tried(ground, &format, Message { topic: &topic, payload: &payload }));
        }
        Command::Export { sensor, hours } => export(ground, sensor, hours).await?,
    }
    Ok(())
}

/// The format that is meant: ours, a configured one, or one of the words with a mapping from a file.
fn chosen(ground: &Ground, name: Option<&str>, mapping: Option<&Path>, time_zone: &str) -> anyhow::Result<Format> {
    let Some(name) = name else { return Ok(Format::Hamyar) };
    let settings = &ground.config.sensors;
    let read = |path: &Path| -> anyhow::Result<config::Mapping> {
        let text = std::fs::read_to_string(path).with_context(|| format!("mapping {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("mapping {}", path.display()))
    };
    let (given, mapping) = match settings.formats.get(name) {
        Some(given) if mapping.is_none() => (given.clone(), settings.mappings.get(&given.mapping).cloned()),
        Some(given) => (given.clone(), mapping.map(read).transpose()?),
        None => {
            let (format, time_zone) = (name.to_owned(), time_zone.to_owned());
            let given = config::Format { format, time_zone, ..config::Format::default() };
            (given, mapping.map(read).transpose()?)
        }
    };
    Format::new(&given, mapping.as_ref()).map_err(|faults| {
        let list: String = faults.iter().map(|(key, what)| format!("\n  {key}: {what}")).collect();
        anyhow::anyhow!("format {name} has {} fault(s):{list}", faults.len())
    })
}

fn tried(ground: &Ground, format: &Format, message: Message<'_>) -> String {
    let now = ground.now();
    let most = ground.config.sensors.readings_per_message_max;
    let decoded = format.decode(message, now, most, &mut Memory::default());
    let mut lines = Vec::new();
    let said = [
        decoded.device.as_ref().map(|device| format!("device {device}")),
        decoded.message_id.as_ref().map(|id| format!("message {id}")),
        decoded.sequence.map(|number| format!("number {number}")),
        decoded.battery_percent.map(|percent| format!("battery {percent} %")),
        decoded.presence.map(|presence| match presence {
            Presence::Online => "says that it is online".to_owned(),
            Presence::Offline => "says that it is offline".to_owned(),
        }),
        decoded.rebirth.as_ref().map(|wish| format!("its birth has to be asked for on {}", wish.topic)),
    ];
    lines.extend(said.into_iter().flatten());
    for claim in &decoded.claims {
        let when =
            claim.read_at.map_or_else(|| "when it comes (the payload gives no time)".into(), |at| at.to_string());
        let verdict = match sensors::plausible(claim, &ground.config.sensors, now) {
            Ok(flag) => format!("kept, {}", flag.as_str()),
            Err((reason, detail)) => format!("refused, {}: {detail}", reason.as_str()),
        };
        lines.push(format!("{} = {} {} at {when}: {verdict}", claim.quantity, claim.value, claim.quantity.unit()));
    }
    if decoded.claims.is_empty() && decoded.misread.is_empty() {
        lines.push("no reading in it".into());
    }
    lines.extend(decoded.misread.iter().map(|fault| format!("refused, {}: {}", fault.reason.as_str(), fault.detail)));
    lines.join("\n")
}

async fn export(ground: &Ground, only: Option<SensorCode>, hours: Option<i64>) -> anyhow::Result<()> {
    let mut tx = ground.store.read("export sensors").await?;
    let codes: BTreeMap<_, _> = tx.sensors().await?.into_iter().map(|sensor| (sensor.id, sensor.code)).collect();
    drop(tx);
    if let Some(only) = only.as_ref().filter(|only| !codes.values().any(|code| code == *only)) {
        bail!("no sensor “{only}” is in service");
    }
    let since = match hours {
        None => Timestamp::MIN,
        Some(hours) => {
            ground.now().checked_sub(SignedDuration::try_from_hours(hours).context("--hours is too large")?)?
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "sensor,quantity,read_at,received_at,value,flag")?;
    let mut after = Arrival::BEFORE_ALL;
    loop {
        // A short transaction per step, so that a long export holds nothing up.
        let mut tx = ground.store.read_readings("export readings").await?;
        let page = tx.readings_after(after, EXPORT_STEP).await?;
        drop(tx);
        let Some(last) = page.last() else { break };
        after = last.arrival;
        for reading in page.iter().filter(|reading| reading.read_at >= since) {
            let code = codes.get(&reading.sensor);
            if only.is_some() && only.as_ref() != code {
                continue;
            }
            let name = code.map_or_else(|| reading.sensor.to_string(), |code| code.as_str().to_owned());
            let (quantity, flag) = (reading.quantity, reading.flag.as_str());
            writeln!(out, "{name},{quantity},{},{},{},{flag}", reading.read_at, reading.received_at, reading.value)?;
        }
    }
    out.flush()?;
    Ok(())
}
