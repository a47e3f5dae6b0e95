//! f2/gyrus_pcim.v between a card and a shell that do what they may, at random (check/pcim.sv), by Verilator: it keeps
//! the shell's rules and loses nothing. A module with a bug does not.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use wait_timeout::ChildExt;

const DEADLINE: Duration = Duration::from_secs(300);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a program said.
fn run(mut command: Command, directory: &Path) -> String {
    let log = directory.join("log");
    command.current_dir(directory).stderr(Stdio::null());
    let mut child = command
        .stdout(File::create(&log).unwrap())
        .spawn()
        .expect("a program is missing: run scripts/setup");
    if child.wait_timeout(DEADLINE).unwrap().is_none() {
        child.kill().unwrap();
        panic!("not done in {DEADLINE:?}");
    }
    fs::read_to_string(&log).unwrap()
}

/// The first line of what a simulation of the module says.
fn verdict(name: &str, text: &str) -> String {
    let directory = std::env::temp_dir().join(format!("gyrus-pcim-{}-{name}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("gyrus_pcim.v"), text).unwrap();
    fs::copy(
        folder().join("check/pcim.sv"),
        directory.join("pcim_test.sv"),
    )
    .unwrap();
    let mut build = Command::new("verilator");
    build.args([
        "--binary",
        "--timing",
        "-Wno-fatal",
        "-Wno-lint",
        "-CFLAGS",
        "-O0",
    ]);
    build.args(["--top-module", "pcim_test", "pcim_test.sv", "gyrus_pcim.v"]);
    run(build, &directory);
    let said = run(
        Command::new(directory.join("obj_dir/Vpcim_test")),
        &directory,
    );
    fs::remove_dir_all(directory).unwrap();
    said.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_shells_rules_are_kept_and_nothing_is_lost() {
    let text = fs::read_to_string(folder().join("f2/gyrus_pcim.v")).unwrap();
    let said = verdict("as-it-is", &text);
    assert!(said.starts_with("PASSED: 20000 reads"), "{said}");
    for (name, from, to, expected) in [
        (
            "one-id",
            "{13'd0, free_slot}",
            "16'd0",
            "two reads with one ID",
        ),
        (
            "not-taken",
            "m_rready = 1'b1",
            "m_rready = s_rready",
            "words of a read are not taken",
        ),
        (
            "early",
            "addresses != 3'd0 & whole != 6'd0",
            "addresses != 3'd0",
            "another word is written",
        ),
        (
            "too-many",
            "wire room = ~taken[3];",
            "wire room = 1'b1;",
            "two reads with one ID",
        ),
        (
            "as-they-come",
            "< arrived[turn]",
            "< 4'd8",
            "another word, or out of order",
        ),
        (
            "narrow",
            "m_awsize = 3'd6",
            "m_awsize = 3'd3",
            "a write of narrow beats",
        ),
        (
            "lost",
            "s_wready = ~words[5]",
            "s_wready = 1'b1",
            "another word is written",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let said = verdict(name, &text.replacen(from, to, 1));
        assert_eq!(said, format!("FAILED: {expected}"), "{name}");
    }
}
