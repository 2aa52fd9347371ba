//! Checks the rules of the house that a machine can read from the text: arrows, purity, file sizes, headers, and that the documents are true.
//! Run by `make test`; it reads files only and needs no server.
//! Every rule here stands in docs/architecture.md or CONTRIBUTING.md; each failure lists every place at once.

mod rust;
mod sql;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use rust::Source;

/// The crates' sources and all tests, relative to the root.
const SOURCES: [&str; 14] = [
    "src",
    "maps/src",
    "alerts/src",
    "benches",
    "tests",
    "maps/tests",
    "alerts/tests",
    "alerts/benches",
    "alerts/fuzz/fuzz_targets",
    "maps/benches",
    "maps/examples",
    "maps/fuzz/fuzz_targets",
    "fuzz/src",
    "fuzz/fuzz_targets",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `directory` with this ending, sorted; nothing when the directory is not there.
fn files(directory: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(directory) = open.pop() {
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for path in entries.map(|entry| entry.expect("a readable directory").path()) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !matches!(name, "node_modules" | "dist" | "target") && !name.starts_with('.') {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources(directories: &[&str]) -> Vec<Source> {
    directories.iter().flat_map(|directory| files(directory, ".rs")).map(|path| Source::read(root(), &path)).collect()
}

#[track_caller]
fn none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

/// Rooms that talk to the outside. Nobody below may know them; `app` and `main` put everything together.
const TALK: [&str; 4] = ["cli", "http", "demo", "drill"];
/// Rooms that decide.
const DECIDE: [&str; 6] = ["sensors", "reports", "assess", "issue", "helpers", "deliver"];
/// What every room stands on.
const GROUND: [&str; 11] =
    ["store", "broker", "audit", "staff", "clock", "id", "config", "metrics", "bell", "worker", "ground"];

#[test]
fn arrows_point_down() {
    let mut faults = Vec::new();
    for source in sources(&["src"]) {
        let room = source.room();
        let forbidden: BTreeSet<&str> = if GROUND.contains(&room) {
            TALK.iter().chain(&DECIDE).copied().chain(["app", "retention"]).collect()
        } else if DECIDE.contains(&room) {
            TALK.iter().copied().chain(["app", "retention"]).collect()
        } else {
            continue;
        };
        for name in source.rooms_named().into_iter().filter(|name| forbidden.contains(name.as_str())) {
            faults.push(format!("{} names crate::{name}", source.path));
        }
    }
    none("an arrow points up; a table or a bell is missing", &faults);
}

#[test]
fn facts_come_before_judgement() {
    // Invariant 2. `sensors` and `reports` keep facts and ring a bell; what follows from them is not their business.
    let mut faults = Vec::new();
    for source in sources(&["src/sensors", "src/reports"]) {
        for name in source.rooms_named() {
            // A report's thank-you is an outbox row of the transaction that takes it (invariant 3), so `reports` knows the outbox.
            let its_outbox = name == "deliver" && source.room() == "reports";
            if matches!(name.as_str(), "assess" | "issue" | "deliver") && !its_outbox {
                faults.push(format!("{} names crate::{name}", source.path));
            }
        }
    }
    for source in sources(&["src/assess"]) {
        for name in source.rooms_named() {
            if matches!(name.as_str(), "issue" | "deliver") {
                faults.push(format!("{} names crate::{name}", source.path));
            }
        }
    }
    none("a room reaches for what comes after it", &faults);
}

#[test]
fn only_issue_writes_alerts() {
    // Invariant 5.
    let mut faults = Vec::new();
    for source in sources(&["src"]).into_iter().filter(|source| source.room() != "issue") {
        let text = source.code.to_lowercase();
        for statement in ["insert into alert", "update alert", "delete from alert"] {
            for (at, _) in text.match_indices(statement) {
                let table: String = text[at + statement.len() - "alert".len()..]
                    .chars()
                    .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                    .collect();
                if table == "alert" {
                    faults.push(format!("{}: {statement}", source.path));
                }
            }
        }
    }
    none("alerts change only through `issue`", &faults);
}

#[test]
fn the_audit_chain_is_given_no_personal_data() {
    // Invariant 18: facts of a decision are ids, digests and counts; what can be erased may not stand in a chain that can't.
    let personal =
        ["name", "phone", "address", "email", "text", "body", "login", "password", "secret", "position", "lon", "lat"];
    let mut faults = Vec::new();
    let mut decisions = 0;
    for source in sources(&["src"]) {
        for (at, _) in source.code.match_indices("facts") {
            let rest = &source.code[at..];
            let Some(begin) = rest.find("json!({").filter(|begin| *begin < 20) else { continue };
            let object = &rest[begin..rest.find("})").unwrap_or(rest.len())];
            decisions += 1;
            for key in object.split('"').skip(1).step_by(2).filter(|key| personal.contains(key)) {
                faults.push(format!("{} writes “{key}” into the facts of a decision", source.path));
            }
        }
    }
    assert!(decisions > 10, "the facts of decisions were found; only {decisions} were");
    none("the audit chain would hold personal data", &faults);
}

#[test]
fn only_channels_send() {
    // Invariant 4: what reaches a person leaves through a channel of `deliver`, from an outbox row. The gauges of the demo
    // are clients like any other, so the demo may be one.
    let homes = [
        ("lettre::", vec!["src/deliver/channel"]),
        ("rumqttc::", vec!["src/broker", "src/drill/demo"]),
        ("mqtt5::", vec!["src/broker"]),
    ];
    let mut faults = Vec::new();
    for source in sources(&["src"]) {
        for (library, homes) in &homes {
            if source.code.contains(library) && !homes.iter().any(|home| source.path.starts_with(home)) {
                faults.push(format!("{} uses {library} which belongs to {homes:?}", source.path));
            }
        }
    }
    none("a library for sending is used outside of its room", &faults);
}

#[test]
fn maps_and_alerts_are_pure_and_strangers() {
    let impure = [
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "std::path",
        "SystemTime",
        "Instant",
        "tokio",
        "sqlx",
        "axum",
        "rumqttc",
        "mqtt5",
        "reqwest",
        "lettre",
        "rand::",
    ];
    let mut faults = Vec::new();
    for (krate, stranger) in [("maps", "alerts"), ("alerts", "maps")] {
        let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("a manifest is TOML");
        for name in manifest["dependencies"].as_table().expect("a table").keys() {
            let heavy = [
                "tokio", "sqlx", "axum", "rumqttc", "mqtt5", "reqwest", "lettre", "rand", "uuid", "metrics", "tracing",
            ];
            if heavy.contains(&name.as_str()) || name == &format!("hamyar-{stranger}") {
                faults.push(format!("{krate}/Cargo.toml depends on {name}"));
            }
        }
        for source in sources(&[&format!("{krate}/src")]) {
            // A source of chance that the service hands in is not drawn from here.
            let code = source.code.replace("ring::rand::SecureRandom", "");
            for word in impure.iter().filter(|word| code.contains(**word)) {
                faults.push(format!("{} uses {word}", source.path));
            }
        }
    }
    none("`maps` and `alerts` take text and give text: no files, clock, network, and not each other", &faults);
}

#[test]
fn every_file_introduces_itself_and_stays_readable() {
    let mut faults = Vec::new();
    for source in sources(&SOURCES) {
        let header = source.text.lines().take_while(|line| line.starts_with("//!")).count();
        if header < 3 {
            faults.push(format!("{} does not open with three sentences (//!)", source.path));
        }
        let lines = source.text.lines().count();
        if lines > 700 {
            faults.push(format!("{} has {lines} lines; 700 is the end", source.path));
        }
    }
    none("files that a reader would stumble over", &faults);
}

#[test]
fn tests_do_not_wait_for_a_while() {
    let mut faults = Vec::new();
    for source in sources(&SOURCES).into_iter().filter(|source| !source.path.starts_with("tests/house/")) {
        let test_code = if source.path.contains("tests/") { &source.code } else { &source.tests };
        if test_code.contains("tokio::time::sleep") || test_code.contains("thread::sleep") {
            faults.push(source.path.clone());
        }
    }
    none("a test sleeps; let it wait for what it means", &faults);
}

#[test]
fn both_engines_have_the_same_tables_and_each_is_explained() {
    let directory = "src/store/migrations/sqlite";
    let mut faults = Vec::new();
    let steps = files(directory, ".sql");
    assert!(!steps.is_empty(), "there are migrations in {directory}");
    for path in steps {
        let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
        let twin = root().join(name.replacen("/sqlite/", "/postgres/", 1));
        let ours = fs::read_to_string(&path).expect("a readable migration");
        let Ok(theirs) = fs::read_to_string(&twin) else {
            faults.push(format!("{name} has no twin for PostgreSQL"));
            continue;
        };
        let (ours, theirs) = (sql::tables(&ours), sql::tables(&theirs));
        for table in &ours {
            if !table.explained {
                faults.push(format!("{name}: table {} has no sentence above it", table.name));
            }
            match theirs.iter().find(|twin| twin.name == table.name) {
                None => faults.push(format!("{name}: table {} is missing for PostgreSQL", table.name)),
                Some(twin) if twin.columns != table.columns => faults.push(format!(
                    "{name}: table {} has the columns {:?} here and {:?} for PostgreSQL",
                    table.name, table.columns, twin.columns
                )),
                Some(_) => {}
            }
        }
        for twin in theirs.iter().filter(|twin| ours.iter().all(|table| table.name != twin.name)) {
            faults.push(format!("{name}: table {} exists only for PostgreSQL", twin.name));
        }
    }
    none("migrations that say different things", &faults);
}

#[test]
fn documents_point_to_what_is_there() {
    let mut faults = Vec::new();
    let documents = [files(".", ".md"), files("docs", ".md")].concat().into_iter().collect::<BTreeSet<_>>();
    assert!(!documents.is_empty(), "there are documents");
    for path in documents {
        let text = fs::read_to_string(&path).expect("a readable document");
        let here = path.parent().expect("a file lies in a directory");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if !target.is_empty()
                && !target.contains("://")
                && !target.starts_with("mailto:")
                && !here.join(target).exists()
            {
                faults.push(format!("{}: {target}", path.strip_prefix(root()).expect("below the root").display()));
            }
        }
    }
    none("links to files that are not there", &faults);
}

#[test]
fn invariants_name_tests_that_exist() {
    // In docs/architecture.md a line that starts with "*Backed by*" names tests and lints in backticks.
    let text = fs::read_to_string(root().join("docs/architecture.md")).expect("docs/architecture.md");
    let code: String = sources(&SOURCES).into_iter().map(|source| source.text).collect();
    let clippy = fs::read_to_string(root().join("clippy.toml")).expect("clippy.toml");
    let mut faults = Vec::new();
    let mut named = 0;
    for line in text.lines().map(str::trim).filter(|line| line.starts_with("*Backed by*")) {
        for name in line.split('`').skip(1).step_by(2) {
            named += 1;
            let function = name.rsplit("::").next().unwrap_or(name);
            if !code.contains(&format!("fn {function}(")) && !clippy.contains(name) && !root().join(name).exists() {
                faults.push(name.to_owned());
            }
        }
    }
    assert!(named >= 19, "every invariant names what backs it; only {named} names were found");
    none("docs/architecture.md names tests or lints that do not exist", &faults);
}

#[test]
fn the_example_configuration_is_right() {
    let read = |name: &str| fs::read_to_string(root().join("deploy").join(name)).expect("an example");
    let secrets = read("hamyar.env.example")
        .lines()
        .map(|line| line.trim_start_matches("# ").to_owned())
        .filter_map(|line| line.split_once('=').map(|(name, text)| (name.to_owned(), text.to_owned())))
        .filter(|(name, _)| name.starts_with("HAMYAR_") && !name.contains(' '))
        .collect::<Vec<_>>();
    assert!(secrets.len() >= 4, "the example environment has its lines: {secrets:?}");
    let config = hamyar::config::Config::load(Some(&read("hamyar.toml")), secrets.into_iter())
        .unwrap_or_else(|faults| panic!("deploy/hamyar.toml is faulty: {faults:#?}"));
    assert!(!config.issue.sender.is_empty(), "the example shows that the CAP sender must be set");
}

#[test]
fn the_stored_api_document_is_the_one_that_is_served() {
    // The web part's types are made from the stored one; `make openapi` writes both anew.
    let served = serde_json::to_string_pretty(&hamyar::http::document()).expect("the document is JSON") + "\n";
    let path = root().join("docs/openapi.json");
    if std::env::var_os("HAMYAR_TEST_UPDATE").is_some() {
        fs::write(&path, &served).expect("docs/openapi.json can be written");
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    let first_difference = served.lines().zip(stored.lines()).position(|(served, stored)| served != stored);
    assert!(
        served == stored,
        "docs/openapi.json is not what the code serves (first difference at line {}); run `make openapi` and look at the change",
        first_difference.unwrap_or_else(|| stored.lines().count()) + 1,
    );
}
