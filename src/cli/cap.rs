//! `hamyar cap check FILE…` says what is wrong with CAP documents; `hamyar cap verify --pin CERT FILE…` whether a known key signed them.
//! Used by people who make alerts or receive them, and by machines (`--json`); it opens no database.
//! Every finding of every file is shown; the answer is 1 when one of them is an error.

use std::{io::Read, path::PathBuf};

use alerts::{
    Finding, Gravity, Profile, check,
    sign::{Pin, SIGNED_BYTES_MAX, verify},
    xml::{Limits, Version, read_all},
};
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::print;
use crate::clock::Clock;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check CAP documents, or feeds with some inside; - is standard input
    Check {
        /// Files to check
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Which rules: the standard alone, or also what this city asks of its own alerts
        #[arg(long, value_enum, default_value_t = Rules::Base)]
        profile: Rules,
        /// One JSON document instead of sentences
        #[arg(long)]
        json: bool,
    },
    /// Verify the signatures of CAP documents with certificates that you have from their senders; - is standard input
    Verify {
        /// Files to verify
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A certificate (PEM) whose key is believed; may be given several times. What a document brings along is not
        #[arg(long, required = true, value_name = "CERT")]
        pin: Vec<PathBuf>,
    },
}

/// A set of rules.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Rules {
    /// CAP 1.2.
    Base,
    /// CAP 1.2 in Persian and English, with an end, an instruction, a contact and an area.
    City,
}

/// What was found in one file.
struct Checked {
    file: String,
    /// Why it could not be read at all.
    unreadable: Option<String>,
    alerts: Vec<CheckedAlert>,
}

struct CheckedAlert {
    identifier: String,
    version: Version,
    signed: bool,
    schema_valid: bool,
    findings: Vec<Finding>,
}

/// Does it; a file with an error is an error.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Check { files, profile, json } => check_files(&files, profile, json),
        Command::Verify { files, pin } => verify_files(&files, &pin),
    }
}

fn verify_files(files: &[PathBuf], certificates: &[PathBuf]) -> anyhow::Result<()> {
    let pin = |path: &PathBuf| {
        let pem = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Pin::new(&pem).with_context(|| path.display().to_string())
    };
    let pins: Vec<Pin> = certificates.iter().map(pin).collect::<anyhow::Result<_>>()?;
    let now = Clock::system().now();
    let mut wrong = 0;
    for file in files {
        let verdict = bytes_of(file, SIGNED_BYTES_MAX).and_then(|bytes| Ok(verify(&bytes, &pins, now)?));
        match verdict {
            Ok(verified) => {
                let by = &pins[verified.pin];
                print(&format!("{}: signed by {} ({})", file.display(), by.subject(), by.fingerprint()));
            }
            Err(fault) => {
                wrong += 1;
                print(&format!("{}: not verified: {fault:#}", file.display()));
            }
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} file(s) are not verified", files.len());
    }
    Ok(())
}

fn check_files(files: &[PathBuf], profile: Rules, json: bool) -> anyhow::Result<()> {
    let profile = match profile {
        Rules::Base => Profile::Base,
        Rules::City => Profile::City,
    };
    let checked: Vec<Checked> = files.iter().map(|file| check_file(file, profile)).collect();
    if json {
        print(&serde_json::to_string_pretty(&checked.iter().map(Checked::json).collect::<Vec<_>>())?);
    } else {
        for one in &checked {
            print(&one.sentences());
        }
    }
    let wrong = checked.iter().filter(|one| one.is_wrong()).count();
    if wrong > 0 {
        bail!("{wrong} of {} file(s) have errors", checked.len());
    }
    Ok(())
}

fn check_file(file: &PathBuf, profile: Profile) -> Checked {
    let name = file.display().to_string();
    let limits = Limits::default();
    let read = bytes_of(file, limits.bytes).and_then(|bytes| Ok(read_all(&bytes, &limits)?));
    match read {
        Err(fault) => Checked { file: name, unreadable: Some(format!("{fault:#}")), alerts: Vec::new() },
        Ok(reads) => {
            let alerts = reads.into_iter().map(|read| {
                let schema_valid = read.is_schema_valid();
                let mut findings = read.findings;
                // What was repaired while reading may be found again by the rules: once is enough.
                for finding in check(&read.alert, profile) {
                    if !findings.iter().any(|known| known.path == finding.path && known.code == finding.code) {
                        findings.push(finding);
                    }
                }
                findings.sort_by_key(|finding| std::cmp::Reverse(finding.gravity));
                CheckedAlert {
                    identifier: read.alert.identifier.to_string(),
                    version: read.version,
                    signed: read.signed,
                    schema_valid,
                    findings,
                }
            });
            Checked { file: name, unreadable: None, alerts: alerts.collect() }
        }
    }
}

/// One byte more than is allowed is read, so that the reader itself refuses what is too long.
fn bytes_of(file: &PathBuf, bytes_max: usize) -> anyhow::Result<Vec<u8>> {
    let limit = bytes_max as u64 + 1;
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().take(limit).read_to_end(&mut bytes).context("standard input")?;
    } else {
        std::fs::File::open(file).context("can't be opened")?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl Checked {
    fn is_wrong(&self) -> bool {
        let errors = |alert: &CheckedAlert| alert.findings.iter().any(|finding| finding.gravity == Gravity::Error);
        self.unreadable.is_some() || self.alerts.iter().any(errors)
    }

    fn sentences(&self) -> String {
        if let Some(fault) = &self.unreadable {
            return format!("{}: can't be read: {fault}", self.file);
        }
        let mut lines = Vec::new();
        for alert in &self.alerts {
            let count = |gravity| alert.findings.iter().filter(|finding| finding.gravity == gravity).count();
            let signed = if alert.signed { ", signed (not verified)" } else { "" };
            lines.push(format!(
                "{}: {} · {}{signed} · {} errors, {} warnings, {} hints",
                self.file,
                alert.identifier,
                version_words(alert.version),
                count(Gravity::Error),
                count(Gravity::Warning),
                count(Gravity::Hint),
            ));
            lines.extend(
                alert.findings.iter().map(|finding| format!("  {:7} {finding}", gravity_word(finding.gravity))),
            );
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        json!({
            "file": self.file,
            "unreadable": self.unreadable,
            "alerts": self.alerts.iter().map(|alert| json!({
                "identifier": alert.identifier,
                "version": version_words(alert.version),
                "signed": alert.signed,
                "schema_valid": alert.schema_valid,
                "findings": alert.findings,
            })).collect::<Vec<_>>(),
        })
    }
}

fn version_words(version: Version) -> &'static str {
    match version {
        Version::V1_0 => "CAP 1.0",
        Version::V1_1 => "CAP 1.1",
        Version::V1_2 => "CAP 1.2",
        Version::Unknown => "no known CAP namespace",
    }
}

fn gravity_word(gravity: Gravity) -> &'static str {
    match gravity {
        Gravity::Hint => "hint",
        Gravity::Warning => "warning",
        Gravity::Error => "error",
    }
}
