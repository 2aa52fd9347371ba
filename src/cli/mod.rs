//! The command line: `serve` and the tools around it.
//! Called by `main` with the parsed arguments; a tool opens the ground without listeners and ends.
//! Every setting can be given by a file, by the environment or by a flag; what a flag says goes over everything.

pub mod backup;
pub mod cap;
pub mod maps;
pub mod sensor;
pub mod staff;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::{app, config::Config, drill::demo, id::Secret};

/// A city's crisis-management and disaster alert system.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Flags that override settings.
#[derive(Debug, Args)]
struct Settings {
    /// Settings file (TOML); `hamyar config` prints all settings with their defaults
    #[arg(long, global = true, env = "HAMYAR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where SQLite files and broker sessions live
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<String>,
    /// sqlite://DIRECTORY or postgres://…
    #[arg(long, global = true, value_name = "URL")]
    database: Option<String>,
    /// Where the console and the API are served
    #[arg(long, global = true, value_name = "ADDR")]
    listen: Option<String>,
    /// Where metrics and health are served
    #[arg(long, global = true, value_name = "ADDR")]
    admin_listen: Option<String>,
    /// How others reach us
    #[arg(long, global = true, value_name = "URL")]
    public_url: Option<String>,
    /// Certificate chain (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    tls_cert: Option<String>,
    /// Private key (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    tls_key: Option<String>,
    /// Where the embedded broker listens
    #[arg(long, global = true, value_name = "ADDR")]
    mqtt_listen: Option<String>,
    /// Where the embedded broker listens with TLS
    #[arg(long, global = true, value_name = "ADDR")]
    mqtts_listen: Option<String>,
    /// An external broker: mqtt://… or mqtts://…
    #[arg(long, global = true, value_name = "URL")]
    mqtt_broker: Option<String>,
    /// The first levels of every topic
    #[arg(long, global = true, value_name = "TOPIC")]
    mqtt_prefix: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service
    Serve {
        /// Play a simulated flood in a database of its own; approve and publish by your own clicks
        #[arg(long)]
        demo: bool,
        /// As --demo, and play both officers too
        #[arg(long)]
        demo_auto: bool,
    },
    /// Print every setting with its default and its meaning
    Config,
    /// Copy the databases into a new directory, while the service runs
    Backup {
        /// A directory that does not exist yet
        to: PathBuf,
    },
    /// Put a backup in the place of a database that does not exist yet
    Restore {
        /// A directory that `backup` made
        from: PathBuf,
    },
    /// Look the database over: schema, damage, audit chain
    Doctor,
    /// The city's map
    Maps {
        #[command(subcommand)]
        command: maps::Command,
    },
    /// CAP documents, ours or others'
    Cap {
        #[command(subcommand)]
        command: cap::Command,
    },
    /// What measures
    Sensor {
        #[command(subcommand)]
        command: sensor::Command,
    },
    /// People who work here
    Staff {
        #[command(subcommand)]
        command: staff::Command,
    },
}

impl Settings {
    /// Flags as if they were environment variables: one way to override, one way to name faults.
    fn overrides(&self) -> Vec<(String, String)> {
        let flag = |key: &str, value: &Option<String>| value.clone().map(|value| (format!("HAMYAR_{key}"), value));
        [
            flag("STORE__DATA_DIR", &self.data),
            flag("STORE__DATABASE", &self.database),
            flag("SERVER__LISTEN", &self.listen),
            flag("SERVER__ADMIN_LISTEN", &self.admin_listen),
            flag("SERVER__PUBLIC_URL", &self.public_url),
            flag("SERVER__TLS_CERT", &self.tls_cert),
            flag("SERVER__TLS_KEY", &self.tls_key),
            flag("MQTT__LISTEN", &self.mqtt_listen),
            flag("MQTT__TLS_LISTEN", &self.mqtts_listen),
            flag("MQTT__BROKER", &self.mqtt_broker),
            flag("MQTT__PREFIX", &self.mqtt_prefix),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// `to_serve`: with what only a service for a real city needs.
    fn load(&self, to_serve: bool) -> anyhow::Result<Config> {
        let file = self
            .config
            .as_ref()
            .map(|path| std::fs::read_to_string(path).with_context(|| format!("settings file {}", path.display())))
            .transpose()?;
        let environment =
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        let environment = environment.chain(self.overrides());
        let config = if to_serve {
            Config::load_to_serve(file.as_deref(), environment)
        } else {
            Config::load(file.as_deref(), environment)
        };
        let config = config.and_then(|config| crate::sensors::formats(&config.sensors).map(|_| config));
        config.map_err(|faults| {
            let list: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
            anyhow::anyhow!("the settings have {} fault(s); nothing was started:{list}", faults.len())
        })
    }
}

impl Cli {
    /// Does what was asked; the exit code is the answer of a tool that gives one.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        // A document of others and a map are looked over without any settings of ours.
        if let Command::Cap { command } = self.command {
            return Ok(cap::run(command));
        }
        if let Command::Maps { command } = self.command {
            maps::run(command).await?;
            return Ok(ExitCode::SUCCESS);
        }
        self.run_with_settings().await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn run_with_settings(self) -> anyhow::Result<()> {
        let to_serve = matches!(self.command, Command::Serve { demo: false, demo_auto: false });
        let config = self.settings.load(to_serve)?;
        match self.command {
            Command::Config => print(crate::config::DEFAULTS),
            Command::Serve { demo, demo_auto } => {
                app::log(&config);
                // From here on, so that a signal during the start ends in order too.
                let stop = app::until_signal();
                if demo || demo_auto {
                    let config = demo::configure(config)?;
                    demo::start_anew(&config).await?;
                    let mut app = app::App::build(config, app::Kind::Demo).await?;
                    let cast = app.play_demo(demo_auto).await?;
                    print(&invitation(app.listening, &cast, demo_auto));
                    return app.run(stop).await;
                }
                let app = app::App::build(config, app::Kind::Real).await?;
                app.run(stop).await?;
            }
            Command::Backup { to } => backup::backup(config, &to).await?,
            Command::Restore { from } => backup::restore(config, &from).await?,
            Command::Doctor => backup::doctor(config).await?,
            Command::Maps { .. } | Command::Cap { .. } => unreachable!("`run` takes them before settings are read"),
            Command::Sensor { command } => {
                let ground = app::open_ground(Arc::new(config), app::Kind::Real).await?;
                sensor::run(&ground, command).await?;
                ground.store.close().await;
            }
            Command::Staff { command } => {
                let ground = app::open_ground(Arc::new(config), app::Kind::Real).await?;
                staff::run(&ground, command).await?;
                ground.store.close().await;
            }
        }
        Ok(())
    }
}

/// Where to look and whom to log in as.
fn invitation(listening: std::net::SocketAddr, cast: &demo::Cast, auto: bool) -> String {
    let (officer, approver) = (&cast.officer, &cast.approver);
    let next = if auto {
        "  Both officers are played: watch. An alert is in the feed within two minutes."
    } else {
        "  A cloudburst falls above Moradbeyg in a few seconds. When an alert is proposed, adopt it as the officer,\n  \
         approve it as the approver (another browser or a private window), publish it as the officer."
    };
    format!(
        "\n  Hamyar plays a flood on the sample city. Everything is invented; nothing leaves this machine.\n\n  \
         Console          http://{listening}/\n  \
         Report page      http://{listening}/report\n  \
         Helper's page    http://{listening}/helper\n  \
         Alerts (CAP)     http://{listening}/cap/exercise.atom\n\n  \
         Log in as        {}  {}\n  \
         and as           {}  {}\n\n{next}\n",
        officer.login,
        officer.password.reveal(),
        approver.login,
        approver.password.reveal(),
    )
}

/// Prints to standard output, which is what the tools are for. A reader that has seen enough (`hamyar config | head`) is no fault.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    if let Err(fault) = writeln!(std::io::stdout(), "{}", text.trim_end()) {
        assert!(fault.kind() == std::io::ErrorKind::BrokenPipe, "standard output: {fault}");
    }
}

/// Reads a secret from standard input, so that it stands in no process list and no shell history.
pub(crate) fn secret_from_stdin() -> anyhow::Result<Secret> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("standard input")?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("a secret is read from standard input, and there was none");
    }
    Ok(Secret::new(secret))
}
