//! `gyrus cycles` on the model: results that are checked, and figures that fit together; and the progress
//! of what takes long.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

mod cli_support;

use cli_support::{gyrus_fails, gyrus_ok};

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
    // One alone, two alone, those queued, those measured.
    assert_eq!(numbers(&run.stdout, "checked"), [3.0 + 5.0 * count]);
}

/// What a bootstrap takes, over the steps of its blind rotation.
fn cmux(stdout: &str, n: f64) {
    let (bootstrap, cmux) = (numbers(stdout, "sustained")[0], numbers(stdout, "CMUX")[0]);
    let range = (bootstrap - 0.51) / n - 0.0051..=(bootstrap + 0.51) / n + 0.0051;
    assert!(range.contains(&cmux), "{stdout}");
}

#[test]
fn cycles_of_a_cmux_beside_those_of_hpu_where_they_compare() {
    let directory = tempfile::tempdir().unwrap();
    let cycles = |set: &str| {
        let arguments = format!("cycles --device model --queued 1 --batches 1 {set}");
        gyrus_ok(directory.path(), &arguments).stdout
    };
    let toy = cycles("--parameters INSECURE_TOY_N256 --insecure-parameters");
    cmux(&toy, 32.0);
    assert!(!toy.contains("HPU"), "{toy}");
    assert!(toy.contains("nanoseconds of this computer"), "{toy}");
    let primary = cycles("");
    cmux(&primary, 879.0);
    for part in [
        "cycles a CMUX and ciphertext (HPU: 32)",
        "32 cycles a CMUX and ciphertext, 278 with two in flight",
        " over n (HPU: 278)",
    ] {
        assert!(primary.contains(part), "no '{part}' in:\n{primary}");
    }
}

/// The standard error is a file here.
#[test]
fn progress_comes_in_lines_where_there_is_no_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let lines = |arguments: &str| -> Vec<String> {
        let bench = "bench --device model --parameters INSECURE_TOY_N256 --insecure-parameters \
                     --seconds 4";
        let run = gyrus_ok(directory.path(), &format!("{bench} {arguments}"));
        let measuring = |line: &&str| line.starts_with("measuring: ");
        let lines = run.stderr.lines().filter(measuring);
        lines.map(str::to_owned).collect()
    };
    let each_second = lines("--progress-seconds 1");
    assert!((1..=4).contains(&each_second.len()), "{each_second:?}");
    let last = each_second.last().unwrap();
    assert!(
        last.contains("/4 s, ") && last.contains(" s left"),
        "{last}"
    );
    // Ten seconds are not over, and nothing was asked for.
    assert!(lines("").is_empty());
    assert!(lines("--progress-seconds 1 --quiet").is_empty());
}

/// What only the simulated logic can be told is not passed over in silence.
#[test]
fn options_of_the_logic_are_refused_by_other_devices() {
    let directory = tempfile::tempdir().unwrap();
    let toy = "--parameters INSECURE_TOY_N256 --insecure-parameters";
    let refused = |command: &str, options: &[&str]| {
        for device in ["--device model", "--device pcie:0000:03:00.0", ""] {
            let choice = device.strip_prefix("--device ").unwrap_or("auto");
            for option in options {
                let name = option.split(' ').next().unwrap();
                let why = format!("and the device is '{choice}'");
                let help = format!("give --device rtl, too, or leave {name} out");
                let arguments = format!("{command} {device} {option}");
                gyrus_fails(directory.path(), &arguments, &[name, &why, &help]);
            }
        }
    };
    let of_all = ["--lanes 8", "--trace waves.fst"];
    let of_cycles = ["--upload-keys", "--host-memory 300,1", "--card-memory 50,2"];
    refused(&format!("cycles {toy}"), &of_all);
    refused(&format!("cycles {toy}"), &of_cycles);
    refused(&format!("bench {toy}"), &of_all);
    refused("demo --images 1", &of_all);
    let both = format!("cycles {toy} --lanes 4 --upload-keys --device model");
    gyrus_fails(directory.path(), &both, &["--lanes, --upload-keys: only"]);
    gyrus_ok(
        directory.path(),
        "keygen --client-key client.key --evaluation-key evaluation.key",
    );
    gyrus_ok(
        directory.path(),
        "encrypt --client-key client.key --index 1 --out input.gyrus",
    );
    let infer = "infer --evaluation-key evaluation.key --input input.gyrus --out output.gyrus";
    refused(infer, &of_all);
}
