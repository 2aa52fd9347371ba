//! Reads any bytes as CAP, and holds the reader and the writer to their promises for whatever comes out.
//! Run by `alerts/fuzz/run`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the reader panic; every alert that was read is written validly and reads back as itself.

#![no_main]

use std::sync::LazyLock;

use alerts::xml::{FINDINGS_MAX, Limits, Version, read, read_all, write};
use alerts::{Checker, Profile, Rules};
use libfuzzer_sys::fuzz_target;

/// Every profile at once, read once: a run has nowhere else to keep it.
static CHECKER: LazyLock<Checker> = LazyLock::new(|| Checker::new(Profile::ALL.map(Rules::embedded)));

fuzz_target!(|bytes: &[u8]| {
    let Ok(reads) = read_all(bytes, &Limits::default()) else { return };
    for one in reads.alerts {
        assert_eq!(&*one.raw, bytes, "the bytes are kept");
        assert!(one.findings.len() <= FINDINGS_MAX + 2, "findings are bounded");
        CHECKER.check_read(&one);

        let text = write(&one.alert);
        let again = read(text.as_bytes()).expect("what we write is well-formed");
        assert_eq!(again.alert, one.alert, "what was read reads back");
        assert!(again.is_schema_valid(), "what we write is valid: {:?}", again.findings);
        assert_eq!(again.version, Version::V1_2);
        assert_eq!(write(&again.alert), text, "the writer is byte-stable");
    }
});
