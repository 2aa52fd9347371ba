//! Measures how fast CAP is read and written, beside the tools that people use for it, in one run and in turn.
//! Run by `make bench`; reads the alerts of others from HAMYAR_CORPORA and says so when they are not there.
//! The rivals are installed into a folder that is gone afterwards; a rival that cannot be had is left out and named.

#![expect(clippy::disallowed_methods, reason = "a benchmark asks the monotonic clock; nothing here is decided by it")]
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use alerts::cap::Alert;
use alerts::xml;
use serde_json::{Value, json};

/// Rounds, each with every contestant once, forward and backward by turns; the median counts.
const ROUNDS: usize = 7;
/// How long one contestant works in one round, in seconds; at least one pass over the files.
const SECS_PER_TURN: f64 = 0.4;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Tools of Python with the packages that their environments need.
const RIVALS: [(&str, &str, &[&str]); 3] = [
    ("lxml", "lxml: tree and verdict, no values", &["lxml", "xmlschema"]),
    ("xmlschema", "lxml + xmlschema", &["lxml", "xmlschema"]),
    ("cap-tools", "cap-tools", &["cap-tools", "lxml"]),
];

fn main() -> Fallible<()> {
    let Some(folder) = std::env::var_os("HAMYAR_CORPORA").map(|folder| PathBuf::from(folder).join("cap")) else {
        println!("cap: left out, since the alerts of others are not here (set HAMYAR_CORPORA to their folder)");
        return Ok(());
    };
    let files = valid_files(&folder)?;
    let largest = files.iter().max_by_key(|file| file.bytes.len()).ok_or("no file is valid")?;
    let sets: [(String, Vec<&File>); 2] = [
        (format!("largest, {} bytes, 8 languages", largest.bytes.len()), vec![largest]),
        (
            format!("all {}, {} bytes", files.len(), files.iter().map(|file| file.bytes.len()).sum::<usize>()),
            files.iter().collect(),
        ),
    ];
    let place = tempfile::tempdir()?;
    let mut rivals = Vec::new();
    for (tool, title, packages) in RIVALS {
        match Rival::start(tool, title, packages, place.path(), &folder.join("CAP-v1.2.xsd")) {
            Ok(rival) => rivals.push(rival),
            Err(fault) => println!("cap: {title} is left out: {fault}"),
        }
    }
    let titles: String = rivals.iter().map(|rival| format!(" {} |", rival.title)).collect();
    println!("| CAP | Hamyar |{titles}\n|---|---|{}", "---|".repeat(rivals.len()));
    for task in [Task::Read, Task::Write] {
        for (what, set) in &sets {
            println!("{}", row(task, what, set, &mut rivals)?);
        }
    }
    let mut versions: Vec<&str> = rivals.iter().map(|rival| rival.versions.as_str()).collect();
    versions.dedup();
    println!("\nProcessor time, median of {ROUNDS} rounds; {}", versions.join("; "));
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Read,
    Write,
}

/// A file that the schema calls valid, so that every tool can read it.
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
    alert: Alert,
}

fn valid_files(folder: &Path) -> Fallible<Vec<File>> {
    let table = std::fs::read_to_string(folder.join("EXPECTED-xmllint.tsv"))?;
    let mut files = Vec::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        if columns.get(2) == Some(&"valid") {
            let path = folder.join(columns[0]);
            let bytes = std::fs::read(&path)?;
            let alert = xml::read(&bytes)?.alert;
            files.push(File { path, bytes, alert });
        }
    }
    Ok(files)
}

/// One row of the table: every contestant in turn, several times.
fn row(task: Task, what: &str, set: &[&File], rivals: &mut [Rival]) -> Fallible<String> {
    let mut took: Vec<Vec<f64>> = vec![Vec::new(); rivals.len() + 1];
    for round in 0..ROUNDS {
        let forward = 0..=rivals.len();
        let turns: Vec<usize> = if round % 2 == 0 { forward.collect() } else { forward.rev().collect() };
        for turn in turns {
            let secs = match turn.checked_sub(1) {
                None => ours(task, set)?,
                Some(rival) => rivals[rival].turn(task, set)?,
            };
            took[turn].push(secs);
        }
    }
    let medians: Vec<f64> = took.iter_mut().map(|secs| median(secs)).collect();
    let bytes: usize = match task {
        Task::Read => set.iter().map(|file| file.bytes.len()).sum(),
        Task::Write => set.iter().map(|file| xml::write(&file.alert).len()).sum(),
    };
    let name = if task == Task::Read { "read" } else { "write" };
    let mine = format!("{:.2} ms, {:.0} MB/s", medians[0] * 1e3, bytes as f64 / medians[0] / 1e6);
    let theirs: String =
        medians[1..].iter().map(|secs| format!(" {:.2} ms, {:.1} × that |", secs * 1e3, secs / medians[0])).collect();
    Ok(format!("| {name} {what} | {mine} |{theirs}"))
}

fn median(secs: &mut [f64]) -> f64 {
    secs.sort_by(f64::total_cmp);
    secs[secs.len() / 2]
}

/// Seconds for one pass over the files. Reading holds alert, findings and a copy of the bytes, and drops them again.
fn ours(task: Task, set: &[&File]) -> Fallible<f64> {
    let (begin, worked_before) = (Instant::now(), processor_secs()?);
    let mut passes = 0_u32;
    while passes == 0 || begin.elapsed().as_secs_f64() < SECS_PER_TURN {
        for file in set {
            match task {
                Task::Read => drop(black_box(xml::read(black_box(&file.bytes)))),
                Task::Write => drop(black_box(xml::write(black_box(&file.alert)))),
            }
        }
        passes += 1;
    }
    Ok((processor_secs()? - worked_before) / f64::from(passes))
}

/// Seconds that this thread had a processor: what is measured for every contestant, so that other work on the machine counts
/// for none. Linux only.
fn processor_secs() -> Fallible<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos: u64 = text.split_whitespace().next().ok_or("an empty schedstat")?.parse()?;
    Ok(nanos as f64 / 1e9)
}

/// A tool in a process of its own.
struct Rival {
    title: &'static str,
    versions: String,
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Rival {
    fn start(tool: &str, title: &'static str, packages: &[&str], place: &Path, schema: &Path) -> Fallible<Self> {
        let home = place.join(packages.join("+"));
        let python = home.join("bin/python");
        if !python.exists() {
            done(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
            done(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        }
        let listed = done(Command::new(&python).args(["-m", "pip", "freeze"]))?;
        let versions = listed.lines().filter(|line| packages.iter().any(|name| line.starts_with(name)));
        let versions = versions.collect::<Vec<_>>().join(", ").replace("==", " ");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/cap/rivals.py");
        let mut process = Command::new(&python)
            .arg(script)
            .args([tool.as_ref(), schema.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(process.stdout.take().ok_or("no standard output")?);
        Ok(Self { title, versions, process, orders, answers })
    }

    /// Seconds of a processor for one pass over the files, as the tool's own process measures them.
    fn turn(&mut self, task: Task, set: &[&File]) -> Fallible<f64> {
        let files: Vec<&Path> = set.iter().map(|file| file.path.as_path()).collect();
        let task = if task == Task::Read { "read" } else { "write" };
        writeln!(self.orders, "{}", json!({ "task": task, "files": files, "secs": SECS_PER_TURN }))?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line).map_err(|_| format!("{} gave no answer", self.title))?;
        answer["secs_per_pass"].as_f64().ok_or_else(|| format!("{} answered {line}", self.title).into())
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The output of a command that succeeded.
fn done(command: &mut Command) -> Fallible<String> {
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} failed: {}", said.lines().last().unwrap_or("")).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
