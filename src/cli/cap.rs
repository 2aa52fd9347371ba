//! `hamyar cap check FILE…` says what is wrong with CAP documents; `hamyar cap verify --pin CERT FILE…` whether a known key signed them.
//! Used by people who make alerts or receive them, and by machines (`--json`); it reads no settings and opens no database.
//! Every finding of every file is shown; the exit code is 0 without errors, 1 with some, 2 when something could not be read.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use alerts::{
    Checker, Finding, Gravity, Profile, Rules,
    sign::{Pin, SIGNED_BYTES_MAX, verify},
    xml::{Limits, Unread, Version, read_all},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::print;
use crate::clock::Clock;

/// A profile's text is no longer than this.
const PROFILE_BYTES_MAX: u64 = 1 << 20;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check CAP documents, or feeds with some inside; - is standard input
    ///
    /// Prints FILE:PATH: SEVERITY CODE SENTENCE; FIX for each finding. Exit code: 0 no errors, 1 errors, 2 a file or profile
    /// could not be read.
    Check {
        /// Files to check
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        profiles: Profiles,
        /// One JSON document instead of sentences
        #[arg(long)]
        json: bool,
    },
    /// List the rules of the standard or of profiles, each with its source
    Rules {
        #[command(flatten)]
        profiles: Profiles,
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

/// Which rules.
#[derive(Debug, Args)]
pub struct Profiles {
    /// Rules beside those of the standard: base, ipaws, cap-au, meteoalarm, google, city, or a profile file; may be repeated
    #[arg(long = "profile", value_name = "NAME|FILE")]
    profiles: Vec<String>,
}

/// What was found in one file.
struct Checked {
    file: String,
    /// Why it could not be read at all.
    unreadable: Option<String>,
    alerts: Vec<CheckedAlert>,
    /// The alerts that stand in it beside these and could not be read.
    unread: Vec<Finding>,
}

struct CheckedAlert {
    identifier: String,
    version: Version,
    signed: bool,
    schema_valid: bool,
    findings: Vec<Finding>,
}

/// Does it; the exit code is the answer.
pub fn run(command: Command) -> ExitCode {
    match command {
        Command::Check { files, profiles, json } => {
            let rules = match profiles.read() {
                Ok(rules) => rules,
                Err(why) => return refuse(&why),
            };
            let checker = Checker::new(rules);
            let checked: Vec<Checked> =
                files.iter().map(|file| check_file(file, &checker, std::io::stdin().lock())).collect();
            if json {
                let all: Vec<Value> = checked.iter().map(Checked::json).collect();
                print(&format!("{:#}", Value::Array(all)));
            } else {
                print(&checked.iter().map(Checked::sentences).collect::<Vec<_>>().join("\n"));
            }
            ExitCode::from(verdict(&checked))
        }
        Command::Rules { profiles } => match profiles.read() {
            Ok(rules) if rules.is_empty() => {
                print(&listed(&Rules::embedded(Profile::Base)));
                ExitCode::SUCCESS
            }
            Ok(rules) => {
                print(&rules.iter().map(listed).collect::<Vec<_>>().join("\n"));
                ExitCode::SUCCESS
            }
            Err(why) => refuse(&why),
        },
        Command::Verify { files, pin } => verify_files(&files, &pin),
    }
}

fn verify_files(files: &[PathBuf], certificates: &[PathBuf]) -> ExitCode {
    let pin = |path: &PathBuf| {
        let pem = std::fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        Pin::new(&pem).map_err(|fault| format!("{}: {fault}", path.display()))
    };
    let pins: Vec<Pin> = match certificates.iter().map(pin).collect() {
        Ok(pins) => pins,
        Err(why) => return refuse(&why),
    };
    let now = Clock::system().now();
    let (mut unreadable, mut wrong) = (0, 0);
    for file in files {
        match bytes_of(file, SIGNED_BYTES_MAX, std::io::stdin().lock()) {
            Err(fault) => {
                unreadable += 1;
                print(&format!("{}: can't be read: {fault}", file.display()));
            }
            Ok(bytes) => match verify(&bytes, &pins, now) {
                Ok(verified) => {
                    let by = &pins[verified.pin];
                    print(&format!("{}: signed by {} ({})", file.display(), by.subject(), by.fingerprint()));
                }
                Err(fault) => {
                    wrong += 1;
                    print(&format!("{}: not verified: {fault}", file.display()));
                }
            },
        }
    }
    if wrong > 0 {
        print(&format!("{wrong} of {} file(s) are not verified", files.len()));
    }
    if unreadable > 0 { ExitCode::from(2) } else { ExitCode::from(u8::from(wrong > 0)) }
}

#[expect(clippy::print_stderr, reason = "the command line says on standard error what it cannot do")]
fn refuse(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(2)
}

/// 0 without errors, 1 with some, 2 when a file could not be read.
fn verdict(checked: &[Checked]) -> u8 {
    let wrong = |alert: &CheckedAlert| alert.findings.iter().any(|finding| finding.gravity == Gravity::Error);
    if checked.iter().any(|one| one.unreadable.is_some()) {
        2
    } else {
        u8::from(checked.iter().any(|one| !one.unread.is_empty() || one.alerts.iter().any(wrong)))
    }
}

impl Profiles {
    /// Every profile that was named, or everything that is wrong with those that are files.
    fn read(&self) -> Result<Vec<Rules>, String> {
        let mut rules = Vec::new();
        let mut faults = Vec::new();
        for name in &self.profiles {
            match name.parse::<Profile>() {
                Ok(profile) => rules.push(Rules::embedded(profile)),
                Err(unknown) => match profile_file(Path::new(name), &unknown.allowed) {
                    Ok(own) => rules.push(own),
                    Err(more) => faults.push(more),
                },
            }
        }
        if faults.is_empty() { Ok(rules) } else { Err(faults.join("\n")) }
    }
}

fn profile_file(path: &Path, known: &str) -> Result<Rules, String> {
    let shown = path.display();
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(PROFILE_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| format!("profile {shown}: it is none of {known}, and as a file can't be read: {error}"))?;
    Rules::parse(&text).map_err(|faults| {
        let list: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        format!("profile {shown} has {} fault(s):{list}", faults.len())
    })
}

fn check_file(file: &Path, checker: &Checker, stdin: impl Read) -> Checked {
    let name = file.display().to_string();
    let limits = Limits::default();
    let bytes = bytes_of(file, limits.bytes, stdin).map_err(|error| error.to_string());
    let read = bytes.and_then(|bytes| read_all(&bytes, &limits).map_err(|error| error.to_string()));
    match read {
        Err(fault) => Checked { file: name, unreadable: Some(fault), alerts: Vec::new(), unread: Vec::new() },
        Ok(reads) => {
            let unread = reads.unread.iter().map(Unread::finding).collect();
            let alerts = reads.alerts.into_iter().map(|read| CheckedAlert {
                identifier: read.alert.identifier.to_string(),
                version: read.version,
                signed: read.signed,
                schema_valid: read.is_schema_valid(),
                findings: checker.check_read(&read),
            });
            Checked { file: name, unreadable: None, alerts: alerts.collect(), unread }
        }
    }
}

/// One byte more than is allowed is read, so that the reader itself refuses what is too long.
fn bytes_of(file: &Path, bytes_max: usize, stdin: impl Read) -> std::io::Result<Vec<u8>> {
    let limit = bytes_max as u64 + 1;
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        stdin.take(limit).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl Checked {
    /// `FILE:PATH: SEVERITY CODE SENTENCE; FIX` for each finding, and a line for each alert.
    fn sentences(&self) -> String {
        let file = &self.file;
        if let Some(fault) = &self.unreadable {
            return format!("{file}: can't be read: {fault}");
        }
        let mut lines: Vec<String> = self.unread.iter().map(|finding| format!("{file}:{finding}")).collect();
        for (i, alert) in self.alerts.iter().enumerate() {
            // In a feed the path says in which of its alerts.
            let which = if self.alerts.len() > 1 { format!("/alert[{}]", i + 1) } else { "/alert".to_owned() };
            for finding in &alert.findings {
                let inside = finding.path.strip_prefix("/alert").map(|rest| format!("{which}{rest}"));
                let finding = Finding { path: inside.unwrap_or_else(|| finding.path.clone()), ..finding.clone() };
                lines.push(format!("{file}:{finding}"));
            }
            let count = |gravity| alert.findings.iter().filter(|finding| finding.gravity == gravity).count();
            let signed = if alert.signed { ", signed (not verified)" } else { "" };
            lines.push(format!(
                "{file}: {} · {}{signed} · {} errors, {} warnings, {} hints",
                alert.identifier,
                version_words(alert.version),
                count(Gravity::Error),
                count(Gravity::Warning),
                count(Gravity::Hint),
            ));
        }
        lines.join("\n")
    }

    fn json(&self) -> Value {
        json!({
            "file": self.file,
            "unreadable": self.unreadable,
            "unread": self.unread,
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

/// A profile for people: each rule with its severity, its sentence and who says so.
fn listed(rules: &Rules) -> String {
    let mut lines = vec![format!("{}: {} ({})", rules.name(), rules.title(), rules.source())];
    for rule in rules.rules() {
        lines.push(format!(
            "  {:7} {}: {}; {} [{}]",
            rule.gravity(),
            rule.code(),
            rule.says(),
            rule.fix(),
            rule.source()
        ));
    }
    for raise in rules.raises() {
        lines.push(format!("  {:7} {}: as the standard's rule [{}]", raise.gravity(), raise.code(), raise.source()));
    }
    lines.join("\n")
}

fn version_words(version: Version) -> &'static str {
    match version {
        Version::V1_0 => "CAP 1.0",
        Version::V1_1 => "CAP 1.1",
        Version::V1_2 => "CAP 1.2",
        Version::Unknown => "no known CAP namespace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALERT: &str = "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a</identifier><sender>b@c.ir</sender>\
        <sent>2026-03-21T04:00:00+03:30</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info>\
        <category>Met</category><event>Flood</event><urgency>Past</urgency><severity>Minor</severity><certainty>Likely</certainty>\
        <expires>2026-03-21T05:00:00+03:30</expires></info></alert>";

    fn checked(document: &str, profiles: &[&str]) -> Checked {
        let profiles = Profiles { profiles: profiles.iter().map(|&name| name.to_owned()).collect() };
        check_file(Path::new("-"), &Checker::new(profiles.read().unwrap()), document.as_bytes())
    }

    #[test]
    fn a_sound_alert_ends_with_0_one_with_errors_with_1_and_what_is_unreadable_with_2() {
        let sound = || checked(ALERT, &[]);
        let faulty = || checked(&ALERT.replace("<scope>Public", "<scope>Private"), &[]);
        assert_eq!(verdict(&[sound()]), 0);
        assert_eq!(verdict(&[sound(), faulty()]), 1);
        assert_eq!(verdict(&[faulty(), checked("no XML", &[]), sound()]), 2);
        let missing = check_file(Path::new("not/there.xml"), &Checker::new([]), std::io::empty());
        assert_eq!(verdict(&[missing]), 2);
        // A warning alone is no error.
        let warned = checked(&ALERT.replace("+03:30</sent>", "+00:00</sent>").replace("21T05", "22T05"), &[]);
        assert_eq!((warned.alerts[0].findings.len(), verdict(&[warned])), (1, 0));
    }

    #[test]
    fn people_read_file_path_severity_code_sentence_and_fix() {
        let faulty = checked(&ALERT.replace("<scope>Public", "<scope>Private"), &[]);
        assert_eq!(
            faulty.sentences(),
            "-:/alert/addresses: error addresses-missing a private alert names no recipient; list the recipients in addresses\n\
             -: a · CAP 1.2 · 1 errors, 0 warnings, 0 hints"
        );
        let feed = format!("<feed>{ALERT}{}</feed>", ALERT.replace("<scope>Public", "<scope>Private"));
        assert!(
            checked(&feed, &[]).sentences().contains("\n-:/alert[2]/addresses: error"),
            "in a feed, in which alert"
        );
    }

    #[test]
    fn an_alert_of_a_feed_that_cannot_be_read_is_shown_and_ends_with_1() {
        let item = |text: &str| format!("<item><description><![CDATA[{text}]]></description></item>");
        let feed = format!("<rss>{}{}</rss>", item(&ALERT.replace("Flood", "&flood;")), item(ALERT));
        let seen = checked(&feed, &[]);
        assert_eq!((seen.alerts.len(), seen.alerts[0].findings.len()), (1, 0), "the other alert is sound");
        assert!(
            seen.sentences().starts_with("-:/rss/item[1]/description: error alert-unread "),
            "{}",
            seen.sentences()
        );
        assert_eq!(seen.json()["unread"][0]["code"], "alert-unread");
        assert_eq!(verdict(&[seen]), 1);
    }

    #[test]
    fn machines_read_the_same_as_json() {
        let json = checked(&ALERT.replace("<scope>Public", "<scope>Private"), &["google", "ipaws"]).json();
        let findings = json["alerts"][0]["findings"].as_array().unwrap();
        assert_eq!(findings[0]["code"], "addresses-missing");
        for key in ["severity", "path", "code", "what", "fix", "source"] {
            assert!(findings.iter().all(|finding| finding[key].is_string()), "{key}");
        }
        assert!(findings.iter().any(|finding| finding["code"] == "ipaws-code"), "profiles are added up");
        assert!(findings.iter().any(|finding| finding["code"] == "google-web"));
        assert_eq!(json["unreadable"], Value::Null);
    }

    #[test]
    fn a_profile_file_is_read_like_a_named_one_and_its_faults_are_all_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("harbour.toml");
        let own = Profile::Google.text().replace("google-", "harbour-").replace("\"google\"", "\"harbour\"");
        std::fs::write(&path, &own).unwrap();
        let by_file = checked(ALERT, &[path.to_str().unwrap()]);
        assert!(by_file.alerts[0].findings.iter().any(|finding| finding.code == "harbour-web"));

        std::fs::write(&path, own.replace("severity = \"error\"", "severity = \"bad\"")).unwrap();
        let named = |name: &str| Profiles { profiles: vec![name.to_owned(), "nobody".to_owned()] }.read().unwrap_err();
        let said = named(path.to_str().unwrap());
        assert!(said.matches("is none of error, warning, hint").count() > 3, "{said}");
        assert!(said.contains("profile nobody: it is none of base, ipaws, cap-au, meteoalarm, google, city"), "{said}");
    }

    #[test]
    fn every_rule_is_listed_with_its_source() {
        for profile in Profile::ALL {
            let rules = Rules::embedded(profile);
            let said = listed(&rules);
            assert_eq!(said.lines().count(), 1 + rules.rules().len() + rules.raises().len());
            assert!(rules.rules().iter().all(|rule| said.contains(rule.source())));
        }
    }
}
