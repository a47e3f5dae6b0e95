//! The `gyrus-bitstream` command as people run it.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory of the test's own.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("a directory");
    directory
}

fn run(arguments: &[&str], out: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gyrus-bitstream"));
    command.args(arguments).arg("--out").arg(out);
    command.output().expect("the command starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A program that writes down what it was told, then does what `script` says.
fn stand_in(directory: &Path, script: &str) -> PathBuf {
    let path = directory.join("vivado");
    let told = directory.join("told");
    let text = format!(
        "#!/bin/sh\necho \"$@\" >>{}\n[ \"$1\" = -version ] && {{ echo 'Vivado v0'; exit 0; }}\n{script}\n",
        told.display()
    );
    let _ = fs::remove_file(told);
    fs::write(&path, text).expect("a script");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&path, mode).expect("a program");
    path
}

#[test]
fn an_oversized_card_is_refused() {
    let out = directory("oversized");
    let output = run(&["board", "u280", "--check", "--lanes", "128"], &out);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lut = said.lines().find(|line| line.starts_with("LUT"));
    assert!(lut.expect("a table").ends_with("DOES NOT FIT"), "{said}");
    assert!(
        said.contains("P = 128 DOES NOT FIT on board u280"),
        "{said}"
    );
}

#[test]
fn without_the_vendors_tool_it_says_so_at_once() {
    let out = directory("missing");
    let output = run(&["board", "u280", "--vivado", "/nonexistent/vivado"], &out);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("/nonexistent/vivado is missing"), "{said}");
    assert!(said.contains("--check"), "{said}");
}

#[test]
fn a_board_with_a_kit_of_its_own_is_not_built_here() {
    let output = run(&["board", "f2"], &directory("kit"));
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("bitstreams/f2/README.md"), "{said}");
}

/// The table in the repository is that of what was measured.
#[test]
fn the_table_of_units_is_as_measured() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gyrus-bitstream"));
    let output = command.arg("units").output().expect("the command starts");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("UNITS.md");
    let committed = fs::read_to_string(path).expect("bitstreams/UNITS.md");
    assert!(
        text(&output.stdout) == committed,
        "run scripts/bitstream units >bitstreams/UNITS.md"
    );
}

#[test]
fn what_no_board_is_called_is_refused() {
    let output = run(&["board", "u250", "--check"], &directory("unknown"));
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("u280, u55c, f2, v80, acorn"), "{said}");
}

/// The numbers of a line of the table of resources.
fn figures(said: &str, kind: &str) -> Vec<u64> {
    let line = said.lines().find(|line| {
        line.split_whitespace().next() == Some(kind) && line.split_whitespace().count() > 6
    });
    let line = line.unwrap_or_else(|| panic!("{kind}: {said}"));
    let numbers = line.split_whitespace().map(|word| word.replace(',', ""));
    numbers.filter_map(|word| word.parse().ok()).collect()
}

/// A small card: the check ends well, and finds what was measured. (The other boards' tops, constraints and scripts are
/// held to the same in the library's tests; what takes minutes for each is to synthesise their units.) The vendor's
/// tool gets the scripts; that it fails, or makes nothing, is found.
#[test]
fn a_card_that_fits_goes_to_the_vendors_tool() {
    let out = directory("fits");
    let small = ["board", "u280", "--lanes", "2"];
    let check = run(&[&small[..], &["--check"]].concat(), &out);
    let said = text(&check.stdout);
    assert!(check.status.success(), "{said}{}", text(&check.stderr));
    assert!(said.contains("P = 2 fits on board u280"), "{said}");
    assert!(said.contains("elaborated with the card"), "{said}");
    let measured = boards::resources::measured().expect("measured.toml");
    let cards = &mut measured.card.iter();
    let card = cards.find(|card| card.family == "xcup" && card.lanes == 2);
    let card = card.expect("a card of two lanes");
    let wanted = [("LUT", card.lut_places), ("FF", card.ff), ("DSP", card.dsp)];
    for (kind, known) in wanted {
        let near = figures(&said, kind)[0].abs_diff(known) * 100 <= known;
        assert!(near, "{known} in measured.toml, which may be old: {said}");
    }

    let build = |script: &str| {
        let program = stand_in(&out, script);
        let program = program.to_str().expect("a path");
        run(&[&small[..], &["--vivado", program]].concat(), &out)
    };
    let image = out.join("u280/gyrus_u280.bit");
    let _ = fs::remove_file(&image);
    let nothing = text(&build("exit 0").stderr);
    assert!(nothing.contains("gyrus_u280.bit is not there"), "{nothing}");
    let failed = text(&build("echo 'timing is not met'; exit 1").stderr);
    assert!(failed.contains("Vivado made no bitstream"), "{failed}");
    assert!(failed.contains("timing is not met"), "{failed}");
    let made = build(&format!("echo image >{}", image.display()));
    assert!(made.status.success(), "{}", text(&made.stderr));
    let told = fs::read_to_string(out.join("told")).expect("what it was told");
    let told = told.lines().next_back().unwrap_or_default();
    assert!(told.starts_with("-mode batch"), "{told}");
    assert!(
        told.contains("bitstreams/common/build.tcl -tclargs"),
        "{told}"
    );
    assert!(told.ends_with("u280/parameters.tcl"), "{told}");
}
