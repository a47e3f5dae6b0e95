//! Every kind of broken input to `gyrus infer` ends in a clear error: an exit code other than 0, a
//! message that names the fault, advice, no panic, and no file left behind.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

#[path = "../cli_support/mod.rs"]
mod cli_support;
mod envelopes;
mod headers;
mod models;

use cli_support::{
    DECRYPT, ENCRYPT, INFER, KEYGEN, gyrus, gyrus_fails, gyrus_ok, join, listing, split, toy_files,
    toy_model,
};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

/// What the command is run with in place of the sound arguments.
struct Case {
    name: &'static str,
    /// The option whose file is replaced, and by what.
    option: &'static str,
    value: &'static str,
    /// Makes the file that `value` names, from the sound files in the directory.
    make: Box<dyn Fn(&Path)>,
    /// Parts of the message.
    says: Vec<&'static str>,
    code: i32,
}

fn case(
    name: &'static str,
    option: &'static str,
    says: &[&'static str],
    make: impl Fn(&Path) -> Vec<u8> + 'static,
) -> Case {
    Case {
        name,
        option,
        value: "broken",
        make: Box::new(move |directory| {
            let content = make(directory);
            std::fs::write(directory.join("broken"), content).unwrap();
        }),
        says: says.to_vec(),
        code: 1,
    }
}

/// A case without a file of its own.
fn value_case(
    name: &'static str,
    option: &'static str,
    value: &'static str,
    says: &[&'static str],
) -> Case {
    Case {
        name,
        option,
        value,
        make: Box::new(|_| ()),
        says: says.to_vec(),
        code: 1,
    }
}

fn read(directory: &Path, file: &str) -> Vec<u8> {
    std::fs::read(directory.join(file)).unwrap()
}

fn argument_cases() -> Vec<Case> {
    let usage = |mut case: Case| {
        case.code = 2;
        case
    };
    vec![
        value_case(
            "output in a missing directory",
            "--out",
            "missing/output.gyr",
            &["the directory of 'missing/output.gyr' does not exist"],
        ),
        value_case(
            "output is a directory",
            "--out",
            ".",
            &["'.' is not a regular file"],
        ),
        value_case(
            "output exists",
            "--out",
            "input.gyr",
            &["'input.gyr' exists already", "--force"],
        ),
        usage(value_case(
            "unknown device",
            "--device",
            "abacus",
            &["unknown device 'abacus'"],
        )),
        usage(value_case(
            "no threads",
            "--threads",
            "0",
            &["invalid value '0'", "1..=1024"],
        )),
        usage(value_case(
            "too many threads",
            "--threads",
            "1025",
            &["invalid value '1025'", "1..=1024"],
        )),
    ]
}

#[test]
fn broken_input_gets_a_clear_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    toy_files(path);
    let sound = [
        ("--evaluation-key", "evaluation.key"),
        ("--input", "input.gyr"),
        ("--model", "model.json"),
        ("--out", "output.gyr"),
        ("--device", "model"),
        ("--threads", "1"),
    ];
    let arguments = |option: &str, value: &str| {
        let given = sound.map(|(name, sound)| {
            let value = if name == option { value } else { sound };
            format!(" {name} {value}")
        });
        format!("infer --insecure-parameters{}", given.concat())
    };
    // The control: the same command on sound files works.
    gyrus_ok(path, &arguments("--out", "sound.gyr"));

    let cases: Vec<Case> = [
        envelopes::cases(),
        envelopes::kinds(),
        headers::cases(),
        models::cases(),
        argument_cases(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(cases.len() >= 20);
    let mut faults = Vec::new();
    for case in &cases {
        (case.make)(path);
        let before = listing(path);
        let start = Instant::now();
        let run = gyrus(path, &arguments(case.option, case.value));
        let mut fault = |what: &str| {
            let (code, out, err) = (run.code, &run.stdout, &run.stderr);
            faults.push(format!(
                "{}: {what} (exit code {code:?})\n{out}{err}",
                case.name
            ));
        };
        if run.code != Some(case.code) {
            fault("another exit code");
        }
        if !run.stderr.starts_with("error: ") || run.stderr.contains("panicked") {
            fault("no orderly error");
        }
        if !run.stderr.contains("help: ") && case.code != 2 {
            fault("no advice");
        }
        for part in case.says.iter().filter(|part| !run.stderr.contains(**part)) {
            fault(&format!("it does not say '{part}'"));
        }
        if listing(path) != before {
            fault("files were left behind");
        }
        if start.elapsed() > Duration::from_secs(60) {
            fault("slow");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{} kinds of broken input", cases.len());
}

#[test]
fn insecure_parameters_need_the_flag() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    toy_files(path);
    let without = |command: &str| command.replace("--insecure-parameters", "");
    let infer = without(&format!("{INFER} --out output.gyr"));
    let refused = "the parameters of 'evaluation.key' are refused";
    gyrus_fails(
        path,
        &infer,
        &[refused, "is insecure", "--insecure-parameters"],
    );
    assert!(!path.join("output.gyr").exists());
    gyrus_fails(path, &without(KEYGEN), &["is insecure"]);
    // With the flag, on the other commands that open a session.
    gyrus_ok(
        path,
        "bench --seconds 1 --parameters INSECURE_TOY_N256 --insecure-parameters",
    );
}

#[test]
fn a_model_for_another_polynomial_size_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    toy_files(directory.path());
    // The digits model is for N = 2048; the toy keys have N = 256.
    gyrus_fails(
        directory.path(),
        &format!("{ENCRYPT} --index 0 --out digits.gyr"),
        &["was made for polynomial size 2048, the keys have 256"],
    );
}

#[test]
fn files_of_two_key_pairs_do_not_mix() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    toy_files(first.path());
    toy_files(second.path());
    for (from, to) in [("input.gyr", "other.gyr"), ("client.key", "other.key")] {
        std::fs::copy(second.path().join(from), first.path().join(to)).unwrap();
    }
    let infer = format!("{INFER} --out output.gyr");
    gyrus_fails(
        first.path(),
        &infer.replace("input.gyr", "other.gyr"),
        &["'other.gyr' belongs to another key pair"],
    );
    gyrus_ok(first.path(), &infer);
    gyrus_fails(
        first.path(),
        &DECRYPT.replace("client.key", "other.key"),
        &["'output.gyr' belongs to another key pair"],
    );
}

/// The toy model with `outputs` outputs instead of two.
fn wide_model(outputs: usize) -> String {
    let mut model = toy_model();
    model["layers"][2]["outputs"] = json!(outputs);
    model["layers"][2]["weights"] = json!(vec![[1, -1]; outputs]);
    model["layers"][2]["bias"] = json!(vec![0; outputs]);
    model["output"]["classes"] = json!(vec!["class"; outputs]);
    model.to_string()
}

#[test]
fn answers_that_do_not_fit_a_file_are_refused_before_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    toy_files(path);
    // 10,000 images of 105 answers of 257 words: 11 MB above 2 GiB.
    let model = wide_model(105);
    let (header, _) = split(&read(path, "input.gyr"));
    let input = |rows: usize| {
        let mut header = header.clone();
        header["rows"] = json!(rows);
        header["model"]["hash"] = json!(blake3::hash(model.as_bytes()).to_hex().as_str());
        let payload = vec![0; rows * (16 + 2 * 8)];
        join(3, &serde_json::to_vec(&header).unwrap(), &payload)
    };
    std::fs::write(path.join("model.json"), &model).unwrap();
    std::fs::write(path.join("input.gyr"), input(10_000)).unwrap();
    let infer = format!("{INFER} --out output.gyr");
    let large = ["payload of 2158800000 bytes", "the limit is 2147483648"];
    let run = gyrus_fails(path, &infer, &large);
    assert!(!run.stdout.contains("device"), "{}", run.stdout);
    std::fs::write(path.join("images.csv"), "1, 2\n".repeat(10_000)).unwrap();
    let encrypt = format!("{ENCRYPT} --images images.csv --out large.gyr");
    gyrus_fails(path, &format!("{encrypt} --model model.json"), &large);
    // Both kinds have the same limit on the number of images.
    std::fs::write(path.join("input.gyr"), input(10_001)).unwrap();
    let many = ["10001 images are too many", "the limit is 10000"];
    gyrus_fails(path, &infer, &many);
    std::fs::write(path.join("images.csv"), "1, 2\n".repeat(10_001)).unwrap();
    std::fs::write(path.join("model.json"), toy_model().to_string()).unwrap();
    gyrus_fails(path, &format!("{encrypt} --model model.json"), &many);
    for file in ["output.gyr", "large.gyr"] {
        assert!(!path.join(file).exists(), "{file} is there");
    }
}
