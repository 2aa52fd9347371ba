//! Finds the judges that live outside of the project: the corpora, the OASIS schema, xmllint.
//! Used by the tests of the CAP reader and writer.
//! A judge that is not there is said plainly; under CI its absence is a failure.

use std::path::{Path, PathBuf};
use std::process::Command;

fn under_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true" || value == "1")
}

/// Says that a judge is missing; under CI that is a failure.
pub fn skipped(what: &str) {
    assert!(!under_ci(), "{what}; under CI every judge must be there");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("skipped: {what}\n").as_bytes());
}

pub fn corpora() -> Option<PathBuf> {
    let folder = std::env::var_os("HAMYAR_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpora"), PathBuf::from);
    folder.join("cap").is_dir().then_some(folder)
}

/// The corpora are not part of the project, so their absence is no failure even under CI.
pub fn no_corpora() {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no corpora (set HAMYAR_CORPORA)\n");
}

/// The OASIS schema, when it and xmllint are there.
pub fn schema() -> Option<PathBuf> {
    let Some(schema) = std::env::var_os("HAMYAR_CAP_XSD").map(PathBuf::from).filter(|path| path.is_file()) else {
        skipped("the OASIS schema is not there (set HAMYAR_CAP_XSD to CAP-v1.2.xsd)");
        return None;
    };
    if Command::new("xmllint").arg("--version").output().is_err() {
        skipped("xmllint is not there (Debian: libxml2-utils)");
        return None;
    }
    Some(schema)
}

/// What xmllint and the schema say of documents: whether each is valid, and the complaints.
pub fn verdicts(schema: &Path, documents: &[String]) -> Vec<(bool, String)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut verdicts = Vec::new();
    for (start, some) in documents.chunks(500).enumerate() {
        let names: Vec<String> = (0..some.len()).map(|i| format!("d{}.xml", start * 500 + i)).collect();
        for (name, document) in names.iter().zip(some) {
            std::fs::write(folder.path().join(name), document).expect("a temporary file");
        }
        let output = Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema"])
            .arg(schema)
            .args(&names)
            .current_dir(folder.path())
            .output()
            .expect("xmllint runs");
        let said = String::from_utf8_lossy(&output.stderr);
        for name in &names {
            let valid = said.lines().any(|line| line == format!("{name} validates"));
            let about = said.lines().filter(|line| line.starts_with(&format!("{name}:"))).take(5);
            verdicts.push((valid, about.collect::<Vec<_>>().join("\n")));
        }
    }
    verdicts
}
