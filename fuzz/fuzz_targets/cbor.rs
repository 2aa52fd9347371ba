//! Reads any bytes as SenML CBOR.
//! Run by `fuzz/run cbor`; a run that stops has found a defect, and its input becomes a test.
//! No bytes make the decoder panic, give more than may be, or give a value that is no number.

#![no_main]

use hamyar_fuzz::{promises, sensors::decode::Format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|payload: &[u8]| promises(&Format::SenmlCbor, "", payload, &mut Default::default()));
