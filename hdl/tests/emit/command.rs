//! The `gyrus-hdl` command.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// 2^64 - 2^32 + 1, written out independently of the crate.
const Q: u128 = (1 << 64) - (1 << 32) + 1;

fn gyrus_hdl(arguments: &[&str], out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gyrus-hdl"));
    command.args(arguments).arg("--out").arg(out);
    command.output().expect("the command of this crate")
}

/// A directory that does not exist.
fn directory(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("command")
        .join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).expect("a directory to remove");
    }
    directory
}

#[test]
fn emit_writes_two_files() {
    let directory = directory("emit");
    let out = directory.join("deep");
    for _ in 0..2 {
        let output = gyrus_hdl(&["emit", "--lanes", "8", "--unit", "mul_mod"], &out);
        assert!(output.status.success(), "{output:?}");
    }
    let mut files: Vec<_> = fs::read_dir(&out)
        .expect("a directory")
        .map(|file| file.expect("a file").file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["gyrus_mul_mod.json", "gyrus_mul_mod.v"]);
    let read = |file: &str| fs::read_to_string(out.join(file)).expect("a file");
    let manifest: serde_json::Value =
        serde_json::from_str(&read("gyrus_mul_mod.json")).expect("JSON");
    assert_eq!(manifest["multipliers"], 1);
    assert_eq!(manifest["latencies"]["result"], 6);
    assert_eq!(manifest["lines"], read("gyrus_mul_mod.v").lines().count());
}

#[test]
fn bad_arguments_write_nothing_and_say_why() {
    let refuse = |arguments: &[&str], reason: &str| {
        let directory = directory("refused");
        let output = gyrus_hdl(arguments, &directory);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(reason), "{error}");
        assert!(!directory.exists());
    };
    let known = "core, card, forward_transform, inverse_transform, mac, accumulator, key_store";
    refuse(&["emit", "--lanes", "8", "--unit", "divider"], known);
    refuse(&["trace", "--unit", "divider"], known);
    let traced = "core, forward_butterfly, inverse_butterfly, mul_lazy, normalise, add_mod";
    refuse(&["trace", "--unit", "mac"], traced);
    for lanes in ["0", "1", "3", "256"] {
        let reason = format!("{lanes} lanes: must be a power of two from 2 to 128");
        refuse(&["emit", "--lanes", lanes, "--unit", "mul_mod"], &reason);
    }
}

/// A waveform: for each signal of the outermost block its values, one at the end of each time.
fn read_vcd(text: &str) -> HashMap<String, Vec<u128>> {
    let (header, changes) = text.split_once("$enddefinitions $end").expect("a header");
    let mut depth = 0;
    let mut names = HashMap::new();
    for line in header.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["$scope", "module", _, "$end"] => depth += 1,
            ["$upscope", "$end"] => depth -= 1,
            ["$var", "wire", _, id, name, "$end"] if depth == 1 => {
                names.insert(id, name.to_owned());
            }
            ["$var", "wire", ..] | ["$timescale", ..] | [] => {}
            _ => panic!("'{line}' in the header"),
        }
    }
    assert_eq!(depth, 0, "all scopes end");
    let mut now: HashMap<&str, u128> = HashMap::new();
    let mut waves: HashMap<String, Vec<u128>> = HashMap::new();
    let mut sample = |now: &HashMap<&str, u128>| {
        for (id, name) in &names {
            waves.entry(name.clone()).or_default().push(now[id]);
        }
    };
    let mut time = None;
    for line in changes.lines() {
        if let Some(next) = line.strip_prefix('#') {
            let next: u64 = next.parse().expect("a time");
            assert!(time.is_none_or(|time| time < next), "time goes on");
            if time.replace(next).is_some() {
                sample(&now);
            }
        } else if let Some((bits, id)) = line.strip_prefix('b').and_then(|b| b.split_once(' ')) {
            now.insert(id, u128::from_str_radix(bits, 2).expect("bits"));
        } else if !line.is_empty() && !line.starts_with('$') {
            let (bit, id) = line.split_at(1);
            now.insert(id, bit.parse().expect("a bit"));
        }
    }
    sample(&now);
    waves
}

#[test]
fn trace_writes_the_waveform_of_a_calculation() {
    const CYCLES: usize = 100;
    const LATENCY: usize = 2;
    let out = directory("trace").join("add.vcd");
    let cycles = CYCLES.to_string();
    let arguments = ["trace", "--unit", "add_mod", "--cycles", &cycles];
    let output = gyrus_hdl(&arguments, &out);
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(&out).expect("a waveform");
    let waves = read_vcd(&text);

    // Two times a cycle: with the clock low, then high.
    assert_eq!(waves["clock"], [0, 1].repeat(CYCLES));
    let after_edge = |name: &str, cycle: usize| waves[name][2 * cycle + 1];
    let mut answers = 0;
    for cycle in LATENCY - 1..CYCLES {
        let entered = cycle + 1 - LATENCY;
        assert_eq!(
            after_edge("valid_out", cycle),
            after_edge("valid_in", entered)
        );
        if after_edge("valid_out", cycle) == 1 {
            let sum = (after_edge("a", entered) + after_edge("b", entered)) % Q;
            assert_eq!(after_edge("result", cycle), sum, "cycle {cycle}");
            answers += 1;
        }
    }
    assert!(answers > CYCLES / 2, "most cycles have an answer");

    gyrus_hdl(&arguments, &out);
    let again = fs::read_to_string(&out).expect("a waveform");
    assert_eq!(again, text, "the same seed gives the same waveform");
    gyrus_hdl(&[&arguments[..], &["--seed", "2"]].concat(), &out);
    let other = fs::read_to_string(&out).expect("a waveform");
    assert_ne!(other, text, "another seed gives another");
}
