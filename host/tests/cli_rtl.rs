//! `--device rtl`: the card's logic, built, run, traced; and what is missing where it cannot be built.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::{Run, gyrus_with};
use std::path::Path;

/// Two lanes, the smallest set, one batch at a time.
const CYCLES: &str = "cycles --device rtl --lanes 2 --parameters INSECURE_TOY_N256 \
                      --insecure-parameters --queued 1 --batches 1";

/// Runs with a cache directory of the tests' own.
fn rtl(directory: &Path, arguments: &str, more: &[(&str, &Path)]) -> Run {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-rtl");
    let mut variables = vec![("XDG_CACHE_HOME", cache.as_path())];
    variables.extend(more);
    gyrus_with(directory, arguments, &variables)
}

#[test]
fn a_waveform_and_the_counters() {
    let directory = tempfile::tempdir().unwrap();
    let run = rtl(
        directory.path(),
        &format!("{CYCLES} --trace waves.fst"),
        &[],
    );
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    for part in [
        "rtl (2 lanes, verilated)",
        "INSECURE_TOY_N256",
        "cycles a KS + PBS",
        "cycles a CMUX and ciphertext",
        "results, decrypted, are right",
    ] {
        assert!(run.stdout.contains(part), "{part} in:\n{}", run.stdout);
    }
    assert!(
        !run.stdout.contains("HPU"),
        "HPU's figures are of another set"
    );
    let waves = std::fs::read(directory.path().join("waves.fst")).unwrap();
    // An FST's header block: its kind and its length (GTKWave's fstapi.h).
    assert_eq!(waves[..9], [0, 0, 0, 0, 0, 0, 0, 1, 73]);
    let time = |at: usize| u64::from_be_bytes(waves[at..at + 8].try_into().unwrap());
    let (begin, end) = (time(9), time(17));
    assert!(end > begin + 10_000, "a wave from {begin} to {end}");
}

#[test]
fn without_verilator_it_says_what_to_install() {
    let directory = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let (path, cache) = (empty.path(), empty.path());
    let variables = [("PATH", path), ("XDG_CACHE_HOME", cache)];
    let run = gyrus_with(directory.path(), CYCLES, &variables);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    for part in ["verilator", "scripts/setup"] {
        assert!(run.stderr.contains(part), "{part} in:\n{}", run.stderr);
    }
}
