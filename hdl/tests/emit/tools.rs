//! Other tools take the Verilog as it is.

use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::catalogue::{CORE, DESIGNS, find};
use gyrus_hdl::emit::{Design, LINT_WAIVERS};
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Command, Output};

/// All designs of the catalogue, and two of the tests' own.
fn designs() -> Vec<(String, Design)> {
    let parameters = CoreParameters::for_lanes(8).expect("a number of lanes");
    let mut designs = vec![
        ("bank".to_owned(), super::bank::design()),
        ("mixer".to_owned(), super::mixer::design()),
    ];
    for entry in DESIGNS {
        let name = entry.top();
        let design = (entry.emit)(&name, &parameters).expect("a design");
        designs.push((name, design));
    }
    designs
}

fn directory(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs a tool to its end.
fn output(command: &mut Command, package: &str) -> Output {
    match command.output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "{:?} is missing: install it (Debian: apt-get install {package})",
            command.get_program()
        ),
        Err(error) => panic!("cannot start {:?}: {error}", command.get_program()),
    }
}

/// Runs a tool, which must find nothing to say against its input.
fn run(command: &mut Command, package: &str) {
    let output = output(command, package);
    let text = |stream: &[u8]| String::from_utf8_lossy(stream).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[test]
fn verilator_has_no_warnings() {
    for (_, design) in designs() {
        let [verilog, _] = design.write(&directory("lint")).expect("files");
        run(
            Command::new("verilator")
                .args(["--lint-only", "-Wall"])
                .arg(verilog),
            "verilator",
        );
    }
}

/// The widest core; `.ci/run` has it linted.
#[test]
fn the_widest_core_is_the_same_each_time() {
    let parameters = CoreParameters::for_lanes(128).expect("a number of lanes");
    let core = find(CORE).expect("the core");
    let [first, second] = [(); 2].map(|()| {
        let design = (core.emit)("gyrus_core_128", &parameters).expect("a design");
        assert_eq!(design.manifest().multipliers, 448);
        design
    });
    assert!(first.verilog() == second.verilog());
}

/// The narrowest core has both rows in a lane, one beside the other, unlike all others.
#[test]
fn verilator_has_no_warnings_at_2_lanes() {
    let parameters = CoreParameters::for_lanes(2).expect("a number of lanes");
    let core = find(CORE).expect("the core");
    let design = (core.emit)("gyrus_core_2", &parameters).expect("a design");
    let [verilog, _] = design.write(&directory("lint_2")).expect("files");
    run(
        Command::new("verilator")
            .args(["--lint-only", "-Wall"])
            .arg(verilog),
        "verilator",
    );
}

/// No warning is off without need: some design has it.
#[test]
fn verilator_has_a_warning_for_each_waiver() {
    let directory = directory("waivers");
    fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("design.v");
    for (warning, _) in LINT_WAIVERS {
        let line = format!("/* verilator lint_off {warning} */\n");
        let needed = designs().into_iter().any(|(_, design)| {
            let text = design.verilog();
            assert!(text.contains(&line), "{warning} is in the header");
            fs::write(&file, text.replace(&line, "")).expect("a writable directory");
            let mut command = Command::new("verilator");
            command.args(["--lint-only", "-Wall"]).arg(&file);
            let output = output(&mut command, "verilator");
            let found = String::from_utf8_lossy(&output.stderr).contains(&format!("-{warning}"));
            found && !output.status.success()
        });
        assert!(needed, "no design has the warning {warning}");
    }
}

/// Elaborates every second design from the number `first` on: Yosys has one thread, so two tests share them.
fn elaborate_and_check(first: usize) {
    for (name, design) in designs().into_iter().skip(first).step_by(2) {
        let [verilog, _] = design.write(&directory("yosys")).expect("files");
        let script = format!(
            "read_verilog {}; hierarchy -check -top {name}; proc; check -assert",
            verilog.display()
        );
        run(Command::new("yosys").args(["-q", "-p", &script]), "yosys");
    }
}

#[test]
fn yosys_elaborates_and_checks_one_half() {
    elaborate_and_check(0);
}

#[test]
fn yosys_elaborates_and_checks_the_other_half() {
    elaborate_and_check(1);
}
