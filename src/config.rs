//! Settings: built-in defaults, a file over them, the environment over both.
//! Read once by `main`; every part takes the section it uses.
//! All faults are listed at once, each with its key and what it should be; nothing starts with a faulty configuration.

pub mod formats; // How messages of other devices are read.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::Deserialize;
use toml::{Table, Value};

use crate::id::{Ids, Secret};

/// The commented defaults, as `hamyar config` prints them.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// Tables whose keys are names that the operator chooses.
const OPEN_TABLES: [&str; 4] = ["sms.gateways", "webhooks", "sensors.formats", "sensors.mappings"];

/// Every setting, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// HTTP.
    pub server: Server,
    /// Databases.
    pub store: StoreSettings,
    /// The city.
    pub city: CitySettings,
    /// Logs.
    pub log: Log,
    /// MQTT.
    pub mqtt: Mqtt,
    /// Readings.
    pub sensors: Sensors,
    /// Reports.
    pub reports: Reports,
    /// Text messages.
    pub sms: Sms,
    /// Assessment.
    pub assess: Assess,
    /// Alerts.
    pub issue: Issue,
    /// Helpers.
    pub helpers: Helpers,
    /// Delivery.
    pub deliver: Deliver,
    /// Mail.
    pub email: Email,
    /// Systems that are told of events.
    pub webhooks: BTreeMap<String, Webhook>,
    /// Log-in.
    pub sign_in: SignIn,
    /// What is kept how long.
    pub retention: Retention,
}

/// Declares one section: its fields are its keys in defaults.toml, where each has its sentence.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($field:ident : $type:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "each key has its sentence in defaults.toml")]
        pub struct $name { $(pub $field: $type),+ }
    };
}

section!(
    /// `[server]`
    Server {
        listen: SocketAddr, admin_listen: String, public_url: String, tls_cert: String, tls_key: String,
        trusted_proxies: Vec<std::net::IpAddr>, body_bytes_max: usize, request_secs_max: u64, stop_secs_max: u64,
        live_pages_max: usize, live_pages_staff_percent: usize, live_pages_per_address_max: usize, live_kept_max: usize,
    }
);
section!(
    /// `[store]`
    StoreSettings { database: Secret, data_dir: String, connections_max: u32, hints_pace_ms: u64, hints_waiting_max: usize }
);
section!(
    /// `[city]`
    CitySettings {
        map_dir: String, terrain_dir: String, templates_dir: String, rules_dir: String, time_zone: String, languages: Vec<String>,
        country_code: String, service_number: String,
    }
);
section!(
    /// `[log]`
    Log { format: String, filter: String }
);
section!(
    /// `[mqtt]`
    Mqtt {
        listen: SocketAddr, tls_listen: String, broker: Secret, prefix: String, payload_bytes_max: usize,
        connections_max: usize, connections_per_address_max: usize, handshake_secs_max: u64, unacknowledged_max: u16,
    }
);
section!(
    /// `[sensors]`
    Sensors {
        batch_readings_max: usize, batch_wait_ms_max: u64, queue_messages_max: usize, readings_per_message_max: usize,
        future_secs_max: i64, age_days_max: i64, rejected_kept_max: i64, silent_after_intervals: f64,
        quality_file: String,
        formats: BTreeMap<String, formats::Format>, mappings: BTreeMap<String, formats::Mapping>,
    }
);
section!(
    /// `[reports]`
    Reports {
        per_sender_hour_max: i64, per_address_hour_max: i64, text_chars_max: usize, merge_minutes_max: i64, merge_metres_max: f64,
    }
);
section!(
    /// `[sms]`
    Sms { send_by: String, segments_max: usize, per_second_max: u32, gateways: BTreeMap<String, SmsGateway> }
);
section!(
    /// `[assess]`
    Assess {
        facts_per_step_max: i64, look_again_secs: u64, footprints_kept_max: usize, join_minutes_max: i64, join_metres_max: f64, zone_stale_minutes: i64,
        incident_quiet_minutes: i64, warn_margin_metres: f64, reach_half_width_metres: f64, report_radius_metres: f64,
        channel_half_width_metres: f64, report_near_metres: f64, stage_error_metres: f64,
        issue_without_person: Vec<String>,
    }
);
section!(
    /// `[issue]`
    Issue {
        sender: String, identifier_form: String, sender_name_fa: String, sender_name_en: String, contact: String,
        expires_hours: i64, geocode_name: String, polygon_points_max: usize,
        sign_key: String, sign_cert: String,
    }
);
section!(
    /// `[helpers]`
    Helpers { invitation_days: i64, quiet_from: String, quiet_until: String }
);
section!(
    /// `[deliver]`
    Deliver {
        expand_step_max: i64, claim_max: i64, lease_secs: i64, attempts_max: i64, retry_first_secs: i64,
        retry_longest_secs: i64, attempt_secs_max: u64, in_flight_max: usize, escalate_secs: i64, link_hours: i64,
        own_webhook_secs_max: u64, own_webhook_networks: Vec<String>,
    }
);
section!(
    /// `[email]`
    Email { server: String, user: String, password: Secret, from: String, reply_to: String, ca_file: String }
);
section!(
    /// `[sign_in]`
    SignIn {
        session_hours: i64, tries_per_name_max: i64, tries_per_address_max: i64, window_minutes: i64, code_digits: u32,
        code_minutes: i64, code_tries_max: i32,
    }
);

section!(
    /// `[retention]`
    Retention {
        notice_days: i64, report_person_days: i64, sign_in_days: i64, sms_days: i64, report_key_days: i64, rejected_days: i64,
        reading_days: i64, sandbox_days: i64, step_rows_max: i64, every_minutes: u64,
    }
);

/// `[sms.gateways.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmsGateway {
    /// How it speaks: "kannel".
    pub dialect: String,
    /// What it presents when it brings a message.
    pub secret: Secret,
    /// Where we send; empty: it only brings.
    #[serde(default)]
    pub send_url: String,
    /// Its log-in for sending.
    #[serde(default)]
    pub user: String,
    /// Its password for sending.
    #[serde(default = "no_secret")]
    pub password: Secret,
    /// The number that people see.
    #[serde(default)]
    pub sender: String,
    /// Where the gateway reaches us with its delivery reports; empty: `server.public_url`.
    #[serde(default)]
    pub hooks_url: String,
}

/// `[webhooks.NAME]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where events are posted.
    pub url: String,
    /// `whsec_…`, base64 of the key (Standard Webhooks).
    pub secret: Secret,
    /// Which events; empty: all.
    #[serde(default)]
    pub events: Vec<String>,
}

fn no_secret() -> Secret {
    Secret::new("")
}

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Dotted key.
    pub key: String,
    /// What is wrong and what it should be.
    pub what: String,
}

impl std::fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

impl Config {
    /// The built-in defaults alone.
    pub fn defaults() -> Self {
        Self::load(None, std::iter::empty()).expect("the built-in defaults are tested")
    }

    /// Defaults, then `file` (TOML text), then `environment` (`HAMYAR_SECTION__KEY`). Lists every fault at once.
    pub fn load(
        file: Option<&str>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<ConfigFault>> {
        Self::read(file, environment, |_| Vec::new())
    }

    /// As [`Config::load`], with what a service for a real city needs beside it: a CAP sender of its own, and, when it is to sign, a key
    /// that can be read.
    pub fn load_to_serve(
        file: Option<&str>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Vec<ConfigFault>> {
        Self::read(file, environment, |config| {
            let missing = config.issue.sender.is_empty().then(|| ConfigFault {
                key: "issue.sender".into(),
                what: "the CAP sender must be configured outside the demo: a domain name or an OID that is yours"
                    .into(),
            });
            // Only who serves must be able to read the key; `hamyar cap check` of somebody else need not.
            let signing = config.issue.signer().err().into_iter().flatten();
            missing.into_iter().chain(signing.map(|(key, what)| ConfigFault { key: key.into(), what })).collect()
        })
    }

    fn read(
        file: Option<&str>,
        environment: impl Iterator<Item = (String, String)>,
        more_faults: impl FnOnce(&Self) -> Vec<ConfigFault>,
    ) -> Result<Self, Vec<ConfigFault>> {
        let mut faults = Vec::new();
        let mut table: Table = DEFAULTS.parse().expect("the built-in defaults are tested");
        if let Some(text) = file {
            match text.parse::<Table>() {
                Ok(file) => overlay(&mut table, file, "", &mut faults),
                Err(fault) => {
                    faults.push(ConfigFault { key: "(file)".into(), what: fault.to_string().trim_end().to_owned() });
                }
            }
        }
        for (name, text) in environment {
            if let Some(key) = name.strip_prefix("HAMYAR_").filter(|key| key.contains("__")) {
                set(&mut table, &key.to_lowercase().split("__").collect::<Vec<_>>(), &text, &name, &mut faults);
            }
        }
        match table.try_into::<Self>() {
            Ok(config) => {
                faults.extend(config.faults());
                faults.extend(more_faults(&config));
                if faults.is_empty() { Ok(config) } else { Err(faults) }
            }
            Err(fault) => {
                if faults.is_empty() {
                    faults
                        .push(ConfigFault { key: "(settings)".into(), what: fault.to_string().trim_end().to_owned() });
                }
                Err(faults)
            }
        }
    }

    /// What the types can't say.
    fn faults(&self) -> Vec<ConfigFault> {
        let mut faults = Vec::new();
        let mut fault = |key: &str, what: String| faults.push(ConfigFault { key: key.into(), what });
        if self.server.tls_cert.is_empty() != self.server.tls_key.is_empty() {
            fault("server.tls_cert", "tls_cert and tls_key go together: give both or none".into());
        }
        if !self.server.admin_listen.is_empty() && self.server.admin_listen.parse::<SocketAddr>().is_err() {
            fault(
                "server.admin_listen",
                format!("“{}” is not an address like 127.0.0.1:9137", self.server.admin_listen),
            );
        }
        if !self.mqtt.tls_listen.is_empty() {
            if self.mqtt.tls_listen.parse::<SocketAddr>().is_err() {
                fault("mqtt.tls_listen", format!("“{}” is not an address like 0.0.0.0:8883", self.mqtt.tls_listen));
            }
            if self.server.tls_cert.is_empty() {
                fault("mqtt.tls_listen", "needs server.tls_cert and server.tls_key".into());
            }
        }
        if jiff::tz::TimeZone::get(&self.city.time_zone).is_err() {
            fault("city.time_zone", format!("“{}” is not an IANA time zone like Asia/Tehran", self.city.time_zone));
        }
        if self.city.languages.is_empty() {
            fault("city.languages", "at least one language is needed, such as [\"fa\", \"en\"]".into());
        }
        if !matches!(self.log.format.as_str(), "text" | "json") {
            fault("log.format", format!("“{}” is neither text nor json", self.log.format));
        }
        if self.mqtt.prefix.is_empty() || self.mqtt.prefix.contains(['#', '+']) || self.mqtt.prefix.ends_with('/') {
            fault("mqtt.prefix", format!("“{}” can't start topics: no # or +, no / at the end", self.mqtt.prefix));
        }
        if !self.sms.send_by.is_empty() {
            match self.sms.gateways.get(&self.sms.send_by) {
                None => fault("sms.send_by", format!("there is no [sms.gateways.{}]", self.sms.send_by)),
                Some(gateway) if gateway.send_url.is_empty() => {
                    fault("sms.send_by", format!("[sms.gateways.{}] has no send_url", self.sms.send_by));
                }
                Some(_) => {}
            }
        }
        for (name, gateway) in &self.sms.gateways {
            if gateway.dialect != "kannel" {
                fault(
                    &format!("sms.gateways.{name}.dialect"),
                    format!("“{}” is not known; known: kannel", gateway.dialect),
                );
            }
            if gateway.secret.reveal().len() < 16 {
                fault(&format!("sms.gateways.{name}.secret"), "needs at least 16 characters".into());
            }
        }
        if !self.issue.sender.is_empty()
            && let Err(what) = alerts::cap::Sender::new(&self.issue.sender)
        {
            fault("issue.sender", what.to_string());
        }
        let form = self.issue.identifier_form.as_str();
        let is_oid = alerts::lifecycle::IdentifierForm::WmoOid { prefix: form.into() }
            .identifier(jiff::Timestamp::UNIX_EPOCH, [0; 16])
            .is_ok();
        if form != "uuid" && !is_oid {
            fault("issue.identifier_form", format!("“{form}” is neither uuid nor an OID such as 2.49.0.1.364.900"));
        }
        if !(1..=168).contains(&self.issue.expires_hours) {
            fault("issue.expires_hours", "want 1 to 168 hours".into());
        }
        if self.issue.sign_key.is_empty() != self.issue.sign_cert.is_empty() {
            fault("issue.sign_key", "sign_key and sign_cert go together: give both or none".into());
        }
        if !self.assess.issue_without_person.is_empty() {
            fault(
                "assess.issue_without_person",
                "this version issues nothing without a person; leave it empty, two people publish".into(),
            );
        }
        for (key, text) in
            [("helpers.quiet_from", &self.helpers.quiet_from), ("helpers.quiet_until", &self.helpers.quiet_until)]
        {
            if text.parse::<jiff::civil::Time>().is_err() {
                fault(key, format!("“{text}” is not a time of day like 22:00"));
            }
        }
        if !(1..=90).contains(&self.server.live_pages_staff_percent) {
            fault("server.live_pages_staff_percent", "want 1 to 90 percent".into());
        }
        for text in &self.deliver.own_webhook_networks {
            if let Err(what) = text.parse::<crate::network::Network>() {
                fault("deliver.own_webhook_networks", what.to_string());
            }
        }
        self.retention.faults(self, &mut fault);
        let zeroes = [
            ("server.body_bytes_max", self.server.body_bytes_max),
            ("server.live_pages_max", self.server.live_pages_max),
            ("mqtt.payload_bytes_max", self.mqtt.payload_bytes_max),
            ("sensors.batch_readings_max", self.sensors.batch_readings_max),
            ("sensors.queue_messages_max", self.sensors.queue_messages_max),
            ("server.live_pages_per_address_max", self.server.live_pages_per_address_max),
            ("deliver.in_flight_max", self.deliver.in_flight_max),
            ("store.hints_waiting_max", self.store.hints_waiting_max),
            ("assess.footprints_kept_max", self.assess.footprints_kept_max),
        ];
        for (key, _) in zeroes.iter().filter(|(_, value)| *value == 0) {
            fault(key, "must be at least 1".into());
        }
        // A step of nobody would end a broadcast before anybody was told, and one of too many has more parameters than a query takes.
        if !(1..=10_000).contains(&self.deliver.expand_step_max) {
            fault("deliver.expand_step_max", "want 1 to 10000".into());
        }
        let counts = [
            ("assess.facts_per_step_max", self.assess.facts_per_step_max),
            ("deliver.claim_max", self.deliver.claim_max),
            ("deliver.lease_secs", self.deliver.lease_secs),
            ("deliver.attempts_max", self.deliver.attempts_max),
            ("sign_in.session_hours", self.sign_in.session_hours),
            ("sign_in.tries_per_name_max", self.sign_in.tries_per_name_max),
            ("sign_in.tries_per_address_max", self.sign_in.tries_per_address_max),
        ];
        for (key, _) in counts.iter().filter(|(_, value)| *value < 1) {
            fault(key, "must be at least 1".into());
        }
        if self.deliver.attempt_secs_max == 0 {
            fault("deliver.attempt_secs_max", "must be at least 1".into());
        }
        if self.deliver.own_webhook_secs_max == 0 {
            fault("deliver.own_webhook_secs_max", "must be at least 1".into());
        }
        if self.sms.per_second_max == 0 {
            fault("sms.per_second_max", "must be at least 1; with an empty sms.send_by no text message is sent".into());
        }
        faults
    }

    /// How others reach us, without a slash at the end.
    pub fn public_url(&self) -> String {
        if self.server.public_url.is_empty() {
            let scheme = if self.server.tls_cert.is_empty() { "http" } else { "https" };
            format!("{scheme}://{}", self.server.listen)
        } else {
            self.server.public_url.trim_end_matches('/').to_owned()
        }
    }

    /// The city's time zone.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.city.time_zone).expect("checked when the configuration was loaded")
    }
}

impl Retention {
    fn faults(&self, all: &Config, fault: &mut impl FnMut(&str, String)) {
        let days = [
            ("retention.report_person_days", self.report_person_days),
            ("retention.sign_in_days", self.sign_in_days),
            ("retention.sms_days", self.sms_days),
            ("retention.report_key_days", self.report_key_days),
            ("retention.rejected_days", self.rejected_days),
            ("retention.sandbox_days", self.sandbox_days),
        ];
        for (key, _) in days.iter().filter(|(_, days)| !(1..=36_500).contains(days)) {
            fault(key, "want 1 to 36500 days".into());
        }
        // An alert holds for a week at most, and its all-clear goes to whom its notices reached.
        if !(15..=36_500).contains(&self.notice_days) {
            fault("retention.notice_days", "want 15 to 36500 days".into());
        }
        if !(all.sensors.age_days_max.max(1)..=36_500).contains(&self.reading_days) {
            fault("retention.reading_days", "want at least sensors.age_days_max and at most 36500 days".into());
        }
        if !(1..=10_000).contains(&self.step_rows_max) {
            fault("retention.step_rows_max", "want 1 to 10000".into());
        }
        if self.every_minutes == 0 {
            fault("retention.every_minutes", "must be at least 1".into());
        }
    }
}

/// Lays `over` on `under`; names keys that are unknown or of another type.
impl Issue {
    /// Who signs what is published; `None` when nothing is signed. Reads the two files. Errors: each key with what is wrong with it.
    pub fn signer(&self) -> Result<Option<alerts::sign::Signer>, Vec<(&'static str, String)>> {
        if self.sign_key.is_empty() || self.sign_cert.is_empty() {
            return Ok(None);
        }
        let read = |key: &'static str, path: &str| {
            std::fs::read_to_string(path).map_err(|fault| (key, format!("{path} can't be read: {fault}")))
        };
        match (read("issue.sign_key", &self.sign_key), read("issue.sign_cert", &self.sign_cert)) {
            (Ok(key), Ok(certificate)) => alerts::sign::Signer::new(&key, &certificate, &Ids::of_the_system())
                .map(Some)
                .map_err(|fault| vec![("issue.sign_key", format!("with {}: {fault}", self.sign_cert))]),
            (key, certificate) => Err([key.err(), certificate.err()].into_iter().flatten().collect()),
        }
    }
}

fn overlay(under: &mut Table, over: Table, path: &str, faults: &mut Vec<ConfigFault>) {
    for (key, value) in over {
        let dotted = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let open = OPEN_TABLES.iter().any(|table| path == *table || path.starts_with(&format!("{table}.")));
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => overlay(under, over, &dotted, faults),
            (Some(known), value) if open || same_type(known, &value) => *known = value,
            (Some(Value::Float(known)), Value::Integer(value)) => *known = value as f64,
            (Some(known), value) => faults.push(ConfigFault {
                key: dotted,
                what: format!("want {}, like {known}, not {}", known.type_str(), value.type_str()),
            }),
            (None, value) if open => {
                under.insert(key, value);
            }
            (None, _) => faults
                .push(ConfigFault { key: dotted, what: "is not a setting; `hamyar config` prints all of them".into() }),
        }
    }
}

fn same_type(left: &Value, right: &Value) -> bool {
    left.type_str() == right.type_str()
}

/// Sets one key from the environment; the default's type says how the text is read. Lists are separated by commas.
fn set(table: &mut Table, path: &[&str], text: &str, name: &str, faults: &mut Vec<ConfigFault>) {
    let mut fault = |what: String| faults.push(ConfigFault { key: name.to_owned(), what });
    let (first, rest) = path.split_first().expect("a split string has at least one part");
    let open = OPEN_TABLES.iter().any(|open| open.rsplit('.').next() == Some(first));
    if !rest.is_empty() {
        match table.get_mut(*first) {
            Some(Value::Table(inner)) if open => {
                let (gateway, key) = (rest[0].to_owned(), rest.get(1..).unwrap_or_default().join("__"));
                let entry = inner.entry(gateway).or_insert_with(|| Value::Table(Table::new()));
                if let Value::Table(entry) = entry {
                    let value = if key == "events" { list(text) } else { Value::String(text.to_owned()) };
                    entry.insert(key, value);
                }
            }
            Some(Value::Table(inner)) => set(inner, rest, text, name, faults),
            Some(_) | None => fault("is not a setting; `hamyar config` prints all of them".into()),
        }
        return;
    }
    let Some(known) = table.get_mut(*first) else {
        return fault("is not a setting; `hamyar config` prints all of them".into());
    };
    let read = match known {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Array(_) => Some(list(text)),
        Value::Datetime(_) | Value::Table(_) => None,
    };
    match read {
        Some(value) => *known = value,
        None => fault(format!("want {}, like {known}", known.type_str())),
    }
}

fn list(text: &str) -> Value {
    Value::Array(
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| Value::String(word.into())).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> std::vec::IntoIter<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn the_defaults_are_complete_and_right() {
        assert_eq!(Config::defaults().server.listen.port(), 8137);
    }

    #[test]
    fn the_environment_goes_over_the_file_and_the_file_over_the_defaults() {
        let config = Config::load(
            Some("[server]\nlisten = \"127.0.0.1:1\"\n[mqtt]\nprefix = \"a/b\""),
            environment(&[("HAMYAR_SERVER__LISTEN", "127.0.0.1:2"), ("HAMYAR_CITY__LANGUAGES", "fa, en, ku")]),
        )
        .expect("a right configuration");
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!(config.mqtt.prefix, "a/b");
        assert_eq!(config.city.languages, ["fa", "en", "ku"]);
    }

    #[test]
    fn every_fault_is_listed_at_once() {
        let faults = Config::load(
            Some("[server]\nlisten = 5\nlissten = \"x\"\n[mqtt]\nprefix = \"a/#\""),
            environment(&[("HAMYAR_SENSORS__BATCH_READINGS_MAX", "many"), ("HAMYAR_NO__SUCH", "1")]),
        )
        .expect_err("a faulty configuration");
        let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
        for key in
            ["server.listen", "server.lissten", "HAMYAR_SENSORS__BATCH_READINGS_MAX", "HAMYAR_NO__SUCH", "mqtt.prefix"]
        {
            assert!(keys.contains(&key), "{key} in {keys:?}");
        }
    }

    #[test]
    fn what_is_accepted_today_is_not_removed_tomorrow() {
        let refused = |file: &str| {
            let faults = Config::load(Some(file), environment(&[])).expect_err("a faulty configuration");
            faults.into_iter().map(|fault| fault.key).collect::<Vec<_>>()
        };
        assert_eq!(refused("[sensors]\nage_days_max = 500"), ["retention.reading_days"]);
        assert_eq!(
            refused("[retention]\nnotice_days = 7\nreport_person_days = 0\nstep_rows_max = 0\nevery_minutes = 0"),
            [
                "retention.report_person_days",
                "retention.notice_days",
                "retention.step_rows_max",
                "retention.every_minutes"
            ]
        );
        assert_eq!(refused("[deliver]\nown_webhook_networks = [\"home\"]"), ["deliver.own_webhook_networks"]);
    }

    #[test]
    fn a_real_city_needs_a_sender_of_its_own_and_hears_of_it_with_the_other_faults() {
        let faults = Config::load_to_serve(
            Some("[issue]\nidentifier_form = \"2.49.x\"\n[assess]\nissue_without_person = [\"flood:red\"]"),
            environment(&[]),
        )
        .expect_err("a faulty configuration");
        let keys: Vec<_> = faults.iter().map(|fault| fault.key.as_str()).collect();
        assert_eq!(keys, ["issue.identifier_form", "assess.issue_without_person", "issue.sender"]);
        let right = Some("[issue]\nidentifier_form = \"2.49.0.1.364.900\"\nsender = \"hamadan.example\"");
        Config::load_to_serve(right, environment(&[])).expect("a right configuration");
    }

    #[test]
    fn a_key_for_signatures_that_cannot_be_used_is_listed_with_the_other_faults() {
        let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/alerts/tests/keys");
        let faults = |key: &str, cert: &str| {
            let file = format!("[issue]\nsign_key = {key:?}\nsign_cert = {cert:?}\nexpires_hours = 0\n");
            let faults = Config::load_to_serve(Some(&file), environment(&[])).expect_err("two faults at least");
            faults.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let cert = format!("{keys}/rsa.cert.pem");
        assert!(faults("", &cert).iter().any(|fault| fault.contains("go together")));
        let missing = faults("/nowhere/key.pem", "/nowhere/cert.pem");
        assert_eq!(
            missing.iter().filter(|fault| fault.contains("/nowhere/") && fault.contains("can't be read")).count(),
            2
        );
        let other = faults(&format!("{keys}/stranger.key.pem"), &cert);
        assert!(
            other.iter().any(|fault| fault.contains("issue.sign_key") && fault.contains("belongs to another key")),
            "{other:?}"
        );
        assert!(other.iter().any(|fault| fault.contains("issue.expires_hours")), "{other:?}");
        let right = format!("[issue]\nsign_key = \"{keys}/rsa.key.pem\"\nsign_cert = {cert:?}\n");
        let config = Config::load(Some(&right), environment(&[])).expect("a right configuration");
        assert!(config.issue.signer().is_ok_and(|signer| signer.is_some()));
    }

    #[test]
    fn gateways_are_named_by_the_operator_and_their_secrets_do_not_print() {
        let config = Config::load(
            Some("[sms]\nsend_by = \"town\"\n[sms.gateways.town]\ndialect = \"kannel\"\nsecret = \"0123456789abcdef\"\nsend_url = \"http://127.0.0.1:1/\""),
            environment(&[]),
        )
        .expect("a right configuration");
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
    }
}
