//! common/gyrus_interrupt.v keeps what check/interrupt.sv says, for ever, gyrus_msi.v what msi.sv says and f2/gyrus_shell.v
//! what shell.sv says: Yosys proves it by induction. A module with a bug does not.

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

/// Whether a module's text is proved to have the properties of a file in check/, whose module is `<file>_properties`.
fn proved(file: &str, name: &str, text: &str) -> bool {
    let directory =
        std::env::temp_dir().join(format!("gyrus-{file}-{}-{name}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("module.v"), text).unwrap();
    let properties = folder().join(format!("check/{file}.sv"));
    fs::copy(properties, directory.join("properties.sv")).unwrap();
    let script = format!(
        "read_verilog -formal module.v properties.sv; prep -flatten -top {file}_properties; async2sync; dffunmap; \
         sat -tempinduct -prove-asserts -maxsteps 100"
    );
    let log = directory.join("log");
    let mut yosys = Command::new("yosys");
    yosys.args(["-p", &script]).current_dir(&directory);
    yosys
        .stdout(File::create(&log).unwrap())
        .stderr(Stdio::null());
    let mut yosys = yosys.spawn().expect("yosys is missing: run scripts/setup");
    let status = yosys.wait_timeout(DEADLINE).unwrap();
    if status.is_none() {
        yosys.kill().unwrap();
        panic!("no proof of {name} in {DEADLINE:?}");
    }
    let said = said(&log);
    fs::remove_dir_all(directory).unwrap();
    let (yes, no) = (
        "Induction step proven: SUCCESS!",
        "model found for base case: FAIL!",
    );
    assert!(said.contains(yes) != said.contains(no), "{said}");
    said.contains(yes)
}

fn said(log: &Path) -> String {
    String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned()
}

/// A module keeps what a file of properties says, and none with a bug does: each has a text, and what stands in its
/// place.
fn keeps_its_promises(properties: &str, module: &str, bugs: &[(&str, &str, &str)]) {
    let text = fs::read_to_string(folder().join(module)).unwrap();
    assert!(proved(properties, "as-it-is", &text));
    for (name, from, to) in bugs {
        assert!(text.contains(from), "{from}");
        let wrong = text.replacen(from, to, 1);
        assert!(!proved(properties, name, &wrong), "{name}");
    }
}

#[test]
fn the_interrupt_keeps_its_promises() {
    let bugs = [
        ("not-again", "wire late = &cycles;", "wire late = 1'b0;"),
        (
            "no-gap",
            "wire ready = |cycles[RETRY_LOG2-1:4];",
            "wire ready = 1'b1;",
        ),
        (
            "unacknowledged",
            "(acknowledged | usr_irq_ack[0]) & ~level",
            "~level",
        ),
        ("stays-seen", "acknowledged <= 1'b0;\n            if", "if"),
        ("always", "if (level) begin", "if (1'b1) begin"),
        ("never", "if (level) begin", "if (1'b0) begin"),
        ("twice", "if (m_axil_awready) address_offered <= 1'b0;", ""),
        ("other-register", "32'h1000_2004", "32'h1000_2008"),
    ];
    keeps_its_promises("interrupt", "common/gyrus_interrupt.v", &bugs);
}

#[test]
fn the_message_keeps_its_promises() {
    let bugs = [
        ("not-again", "wire late = &cycles;", "wire late = 1'b0;"),
        ("too-soon", "wire late = &cycles;", "wire late = cycles[3];"),
        ("ungranted", "(granted | msi_grant) & ~level", "~level"),
        ("long", "request <= 1'b0;\n            granted", "granted"),
        ("always", "due = level & msi_enable", "due = msi_enable"),
        ("never", "due = level & msi_enable", "due = 1'b0"),
        ("off", "= request & msi_enable;", "= request;"),
        (
            "stays-granted",
            "else begin\n            granted <= 1'b0;",
            "else begin",
        ),
        ("vector", "msi_vector = 5'd0", "msi_vector = 5'd1"),
    ];
    keeps_its_promises("msi", "common/gyrus_msi.v", &bugs);
}

#[test]
fn the_shells_interrupt_keeps_its_promises() {
    let bugs = [
        ("not-again", "wire late = &cycles;", "wire late = 1'b0;"),
        ("unacknowledged", "level & ~waiting", "level"),
        (
            "two-cycles",
            "request <= send;",
            "request <= send | request & level;",
        ),
        ("never-fell", "if (~level) fell <= 1'b1;", ""),
        ("not-forgotten", "(!aresetn | resetting)", "(!aresetn)"),
        ("no-answer", "done <= resetting & ~done;", "done <= 1'b0;"),
        (
            "always-answer",
            "done <= resetting & ~done;",
            "done <= resetting;",
        ),
        ("at-once", "(fell | late)", "1'b1"),
    ];
    keeps_its_promises("shell", "f2/gyrus_shell.v", &bugs);
}
