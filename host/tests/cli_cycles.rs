//! `gyrus cycles` on the model: results that are checked, and figures that fit together.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::gyrus_ok;

/// The numbers in the line of `stdout` that starts with `word`.
fn numbers(stdout: &str, word: &str) -> Vec<f64> {
    let line = stdout.lines().find(|line| line.starts_with(word)).unwrap();
    line.split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|number| number.parse().ok())
        .collect()
}

#[test]
fn every_result_is_decrypted() {
    let directory = tempfile::tempdir().unwrap();
    let toy = "cycles --device model --parameters INSECURE_TOY_N256 --insecure-parameters \
               --queued 3 --batches 2";
    let run = gyrus_ok(directory.path(), toy);
    let [_, batches, count, queued, ..] = numbers(&run.stdout, "sustained")[..] else {
        panic!("{}", run.stdout)
    };
    assert_eq!((batches, queued), (2.0, 3.0));
    // One alone, those queued, those measured.
    assert_eq!(numbers(&run.stdout, "checked"), [1.0 + 5.0 * count]);
}
