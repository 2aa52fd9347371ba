//! The demo: the sample city, invented people, and a flood that comes down while somebody watches.
//! Started by `cli` with `serve --demo`; `--demo-auto` plays both officers too.
//! It works in its own marked database, on loopback only, and comes in by the doors that everybody uses: MQTT, text messages, the API.

mod flood;
mod ground;
mod officers;
mod people;
mod phones;
mod play;

pub use ground::lay;
pub use officers::Officers;
pub use play::{Doors, play};

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use maps::ZoneCode;

use crate::{
    assess::rules::{RuleFault, Rules},
    config::Config,
    ground::Ground,
    helpers::{self, NewHelper},
    id::Secret,
    sensors,
    staff::{NewPerson, Registrar, Role, add_staff, contact::ContactKind, sign_in},
};

/// Two people to log in as.
#[derive(Clone, Debug)]
pub struct Cast {
    /// Drafts and publishes.
    pub officer: Login,
    /// Approves what the other wrote.
    pub approver: Login,
    /// The sensors' ways in; empty when they were made by an earlier run of the demo.
    pub sensors: Vec<sensors::Registered>,
}

/// A name and a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// What is typed at log-in.
    pub login: &'static str,
    /// Drawn at every start.
    pub password: Secret,
}

/// Settings of the demo: its own directory below the data directory, loopback only. Its channels end in the sandbox
/// (`deliver::sandbox::settings`), whatever the settings say for the real city.
pub fn configure(mut config: Config) -> anyhow::Result<Config> {
    let loopback = |what: &str, address: SocketAddr| {
        ensure!(
            address.ip().is_loopback(),
            "{what} is {address}: the demo listens on loopback only, since everything in it is invented"
        );
        Ok(())
    };
    loopback("server.listen", config.server.listen)?;
    loopback("mqtt.listen", config.mqtt.listen)?;
    ensure!(config.mqtt.tls_listen.is_empty(), "mqtt.tls_listen: the demo has no TLS listener");
    ensure!(config.mqtt.broker.reveal().is_empty(), "mqtt.broker: the demo uses the embedded broker");
    ensure!(config.city.map_dir.is_empty(), "city.map_dir: the demo plays on the sample city");
    if let Some(address) = config.server.admin_listen.parse().ok().filter(|_| !config.server.admin_listen.is_empty()) {
        loopback("server.admin_listen", address)?;
    }
    config.store.data_dir = format!("{}/demo", config.store.data_dir.trim_end_matches('/'));
    if config.issue.sender.is_empty() {
        config.issue.sender = "demo@hamyar.invalid".into();
    }
    Ok(config)
}

/// The built-in rules with shorter dwell times: the demo's flood passes in minutes. Thresholds and weights are the real ones, and the
/// database records these rules like any others.
pub fn rules() -> Result<Rules, Vec<RuleFault>> {
    const SHORTER: [(&str, f64); 2] = [("raise_after", 0.1), ("clear_after", 0.3)];
    let mut files = Rules::embedded().files().clone();
    for name in ["flood.toml", "snow.toml"] {
        let Some(mut rule) = files.get(name).and_then(|text| text.parse::<toml::Table>().ok()) else { continue };
        if let Some(toml::Value::Table(dwell)) = rule.get_mut("dwell") {
            for (key, minutes) in SHORTER {
                if let Some(toml::Value::Table(number)) = dwell.get_mut(key) {
                    number.insert("value".into(), minutes.into());
                    number.insert("source".into(), "demo: minutes of a flood pass in seconds".into());
                }
            }
        }
        files.insert(name.into(), rule.to_string());
    }
    Rules::load(files)
}

/// Removes what an earlier demo left, so that each one starts on a quiet day. Touches nothing that is not marked as a demo's.
pub async fn start_anew(config: &Config) -> anyhow::Result<()> {
    if !config.store.database.reveal().is_empty() {
        return Ok(());
    }
    let directory = std::path::Path::new(&config.store.data_dir);
    if !directory.join("city.db").exists() {
        return Ok(());
    }
    let store = crate::store::Store::open(&crate::app::database_url(config), 1).await?;
    let mut tx = store.read("kind of database").await?;
    let kind = tx.meta("kind").await?;
    drop(tx);
    store.close().await;
    ensure!(
        kind.as_deref() == Some("demo"),
        "{} holds a database that is not a demo's: give another --data",
        directory.display()
    );
    std::fs::remove_dir_all(directory).with_context(|| directory.display().to_string())
}

/// Makes the people and the sensors.
pub async fn prepare(ground: &Ground) -> anyhow::Result<Cast> {
    ensure!(ground.exercise.is_some(), "the demo works only in a demo's database");
    let password = || Secret::new(format!("hamadan-{}", ground.ids.digits(6).reveal()));
    let officer = Login { login: "officer", password: password() };
    let approver = Login { login: "approver", password: password() };
    let mut tx = ground.store.read("is the demo prepared").await?;
    let prepared = !tx.people_with_role(Role::Helper, 1).await?.is_empty();
    drop(tx);
    if prepared {
        for login in [&officer, &approver] {
            let tokens = crate::staff::TokensAfter::End;
            crate::staff::set_password(ground, login.login, &login.password, tokens).await?;
        }
        return Ok(Cast { officer, approver, sensors: sensors::adopt_city(ground).await? });
    }
    let staff = |name: &str, roles: Vec<Role>| NewPerson {
        name: name.into(),
        language: "fa".into(),
        minor: false,
        roles,
        contacts: Vec::new(),
        verified: true,
    };
    let first = staff("مریم احمدپور", vec![Role::Officer, Role::Operator, Role::Admin]);
    add_staff(ground, &first, officer.login, &officer.password).await?;
    let second = staff("رضا توکلی", vec![Role::Approver, Role::Officer]);
    add_staff(ground, &second, approver.login, &approver.password).await?;
    let signed_in = sign_in::by_password(ground, officer.login, &officer.password, "demo").await?;
    let registrar = Registrar::try_from_caller(signed_in.caller).context("the officer may register helpers")?;

    let mut mentors = Vec::new();
    for (index, mentor) in people::MENTORS.iter().enumerate() {
        let new = NewHelper { is_mentor: true, ..helper(mentor, &phones::number(300 + index), index)? };
        mentors.push(helpers::register(ground, &registrar, &new).await?.person);
    }
    let in_a_year = ground.now() + std::time::Duration::from_hours(8760);
    for (index, invented) in people::HELPERS.iter().enumerate() {
        let mut new = helper(invented, &phones::number(100 + index), index)?;
        if invented.minor {
            new.mentor = Some(mentors[index % mentors.len()]);
            new.guardian_consent_until = Some(in_a_year);
        }
        helpers::register(ground, &registrar, &new).await?;
    }
    Ok(Cast { officer, approver, sensors: sensors::adopt_city(ground).await? })
}

/// Most are reached by text message, every seventh first by mail.
fn helper(invented: &people::Invented, phone: &str, index: usize) -> anyhow::Result<NewHelper> {
    let phone = (ContactKind::Phone, phone.to_owned());
    let contacts = if index % 7 == 3 && !invented.minor {
        vec![(ContactKind::Email, format!("helper{index}@hamadan.invalid")), phone]
    } else {
        vec![phone]
    };
    Ok(NewHelper {
        name: invented.name.into(),
        language: invented.language.into(),
        minor: invented.minor,
        contacts,
        zones: vec![ZoneCode::new(invented.zone)?],
        ..NewHelper::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demos_rules_differ_in_their_dwell_times_alone() {
        let (demo, real) = (rules().expect("rules"), Rules::embedded());
        let [demo, real] = [&demo, &real].map(|rules| rules.of_quantity("stage_m").expect("a rule").clone());
        assert!(demo.dwell.raise_after.value < real.dwell.raise_after.value);
        assert_eq!(
            (&demo.thresholds, &demo.hysteresis, &demo.impact),
            (&real.thresholds, &real.hysteresis, &real.impact)
        );
    }
}
