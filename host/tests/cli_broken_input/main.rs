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

use cli_support::{gyrus, gyrus_ok, listing, toy_files};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// What the command is run with in place of the sound arguments.
struct Case {
    name: &'static str,
    /// The option whose file is replaced, and by what.
    option: &'static str,
    value: Value,
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
        value: json!("broken"),
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
    value: &str,
    says: &[&'static str],
) -> Case {
    Case {
        name,
        option,
        value: json!(value),
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
            &["invalid value '0'"],
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
    let arguments = |option: &str, value: &str| -> Vec<String> {
        let mut arguments = vec!["infer".to_owned(), "--insecure-parameters".to_owned()];
        for (name, sound) in sound {
            arguments.push(name.to_owned());
            arguments.push(if name == option { value } else { sound }.to_owned());
        }
        arguments
    };
    fn strs(arguments: &[String]) -> Vec<&str> {
        arguments.iter().map(String::as_str).collect()
    }
    // The control: the same command on sound files works.
    gyrus_ok(path, &strs(&arguments("--out", "sound.gyr")));

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
        let run = gyrus(
            path,
            &strs(&arguments(case.option, case.value.as_str().unwrap())),
        );
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
    toy_files(directory.path());
    let run = gyrus(
        directory.path(),
        &[
            "infer",
            "--evaluation-key",
            "evaluation.key",
            "--input",
            "input.gyr",
            "--model",
            "model.json",
            "--out",
            "output.gyr",
        ],
    );
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("the parameters of 'evaluation.key' are refused"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("is insecure"), "{}", run.stderr);
    assert!(
        run.stderr.contains("--insecure-parameters"),
        "{}",
        run.stderr
    );
    assert!(!directory.path().join("output.gyr").exists());
    let run = gyrus(
        directory.path(),
        &[
            "keygen",
            "--parameters",
            "INSECURE_TOY_N256",
            "--client-key",
            "c",
            "--evaluation-key",
            "e",
        ],
    );
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("is insecure"), "{}", run.stderr);
}

#[test]
fn a_model_for_another_polynomial_size_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    toy_files(directory.path());
    // The digits model is for N = 2048; the toy keys have N = 256.
    let run = gyrus(
        directory.path(),
        &[
            "encrypt",
            "--insecure-parameters",
            "--client-key",
            "client.key",
            "--index",
            "0",
            "--out",
            "digits.gyr",
        ],
    );
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("was made for polynomial size 2048, the keys have 256"),
        "{}",
        run.stderr
    );
}

#[test]
fn files_of_two_key_pairs_do_not_mix() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    toy_files(first.path());
    toy_files(second.path());
    std::fs::copy(
        second.path().join("input.gyr"),
        first.path().join("other.gyr"),
    )
    .unwrap();
    let run = gyrus(
        first.path(),
        &[
            "infer",
            "--insecure-parameters",
            "--evaluation-key",
            "evaluation.key",
            "--input",
            "other.gyr",
            "--model",
            "model.json",
            "--out",
            "output.gyr",
        ],
    );
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("'other.gyr' belongs to another key pair"),
        "{}",
        run.stderr
    );
    gyrus_ok(
        first.path(),
        &[
            "infer",
            "--insecure-parameters",
            "--evaluation-key",
            "evaluation.key",
            "--input",
            "input.gyr",
            "--model",
            "model.json",
            "--out",
            "output.gyr",
        ],
    );
    let key = second.path().join("client.key");
    let run = gyrus(
        first.path(),
        &[
            "decrypt",
            "--insecure-parameters",
            "--client-key",
            key.to_str().unwrap(),
            "--input",
            "output.gyr",
        ],
    );
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr
            .contains("'output.gyr' belongs to another key pair"),
        "{}",
        run.stderr
    );
}
