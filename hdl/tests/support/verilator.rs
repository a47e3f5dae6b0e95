//! Emitted Verilog under Verilator: writes the unit, a C++ harness and the stimuli to a directory
//! of its own below Cargo's directory for tests, builds, runs and reads the samples back.

use super::{Cycle, Sample, Unit, top};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Far above what any build or run here takes on a slow machine.
const DEADLINE: Duration = Duration::from_secs(900);

/// Runs the cycles on the Verilog text, whose top module is [`top`].
pub(crate) fn run<U: Unit>(name: &str, verilog: &str, cycles: &[Cycle]) -> Vec<Sample> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("verilator")
        .join(name);
    fs::create_dir_all(&directory).expect("a directory for the harness");
    let write = |file: &str, text: &str| write_if_changed(&directory, file, text);
    write("top.v", verilog);
    write("harness.cpp", &harness::<U>());
    write("stimuli.txt", &stimuli::<U>(cycles));

    // All warnings are errors; the text itself says which do not count. Optimisation of the C++ is
    // off: building takes longer than running.
    let mut build = Command::new("verilator");
    build.args([
        "--cc",
        "--exe",
        "--build",
        "-j",
        "1",
        "-Wall",
        "--prefix",
        "Vtop",
        "--top-module",
        &top::<U>(),
    ]);
    build.args(["-MAKEFLAGS", "OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"]);
    build.args(["-Mdir", "build", "-o", "harness", "top.v", "harness.cpp"]);
    finish(&directory, "build", build);
    let mut harness = Command::new(directory.join("build").join("harness"));
    harness.arg("stimuli.txt");
    parse(&finish(&directory, "run", harness))
}

/// Writes a file. An unchanged one keeps its time, so that an unchanged unit is not built again.
pub(crate) fn write_if_changed(directory: &Path, file: &str, text: &str) {
    let file = directory.join(file);
    if fs::read_to_string(&file).ok().as_deref() != Some(text) {
        fs::write(file, text).expect("a writable directory");
    }
}

/// Runs a command in the directory until the deadline; returns its standard output.
pub(crate) fn finish(directory: &Path, step: &str, mut command: Command) -> String {
    let log = |stream: &str| directory.join(format!("{step}.{stream}"));
    let create = |stream| File::create(log(stream)).expect("a writable directory");
    command
        .current_dir(directory)
        .stdout(create("out"))
        .stderr(create("err"));
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "{:?} is missing: run scripts/setup, or install Verilator 5 (Debian: apt-get install verilator g++ make)",
            command.get_program()
        ),
        Err(error) => panic!("cannot start {:?}: {error}", command.get_program()),
    };
    let start = Instant::now();
    let status: ExitStatus = loop {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            break status;
        }
        if start.elapsed() > DEADLINE {
            child.kill().expect("a child to kill");
            child.wait().expect("a child to wait for");
            panic!(
                "{step} in {} took more than {DEADLINE:?}",
                directory.display()
            );
        }
        sleep(Duration::from_millis(5));
    };
    let read = |stream| fs::read_to_string(log(stream)).expect("a readable log");
    let output = read("out");
    assert!(
        status.success(),
        "{step} in {} failed ({status}):\n{output}\n{}",
        directory.display(),
        read("err")
    );
    output
}

/// How many 64-bit words an operand takes in the stimuli, the lowest first.
fn words(width: usize) -> usize {
    width.div_ceil(64)
}

/// One line a cycle: valid, then the words of each operand, in hexadecimal.
fn stimuli<U: Unit>(cycles: &[Cycle]) -> String {
    let mut text = String::new();
    for cycle in cycles {
        write!(text, "{:x}", u8::from(cycle.valid)).expect("a string");
        for (port, operand) in U::OPERANDS.iter().zip(&cycle.operands) {
            for word in 0..words(port.width) {
                write!(text, " {:x}", (operand >> (64 * word)) as u64).expect("a string");
            }
        }
        text.push('\n');
    }
    text
}

/// The C++ program that plays the stimuli: the same cycle as the bench's.
fn harness<U: Unit>() -> String {
    let mut drive = String::new();
    for port in U::OPERANDS {
        let name = port.name;
        if port.width <= 64 {
            writeln!(drive, "        top.{name} = word();").expect("a string");
        } else {
            for half in 0..words(port.width) {
                let (low, high) = (2 * half, 2 * half + 1);
                writeln!(
                    drive,
                    "        w = word(); top.{name}[{low}] = w; top.{name}[{high}] = w >> 32;"
                )
                .expect("a string");
            }
        }
    }
    format!(
        r#"#include "Vtop.h"
#include "verilated.h"
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

static FILE *stimuli;

static uint64_t word() {{
    uint64_t w;
    if (std::fscanf(stimuli, "%" SCNx64, &w) != 1) std::exit(2);
    return w;
}}

int main(int argc, char **argv) {{
    if (argc != 2 || !(stimuli = std::fopen(argv[1], "r"))) return 1;
    VerilatedContext context;
    Vtop top{{&context}};
    unsigned valid;
    while (std::fscanf(stimuli, "%x", &valid) == 1) {{
        [[maybe_unused]] uint64_t w;
        top.valid_in = valid;
{drive}        top.clock = 0;
        top.eval();
        top.clock = 1;
        top.eval();
        std::printf("%x %" PRIx64 "\n", (unsigned)top.valid_out, (uint64_t)top.result);
    }}
    top.final();
    return 0;
}}
"#
    )
}

/// The samples that the harness printed.
fn parse(output: &str) -> Vec<Sample> {
    output
        .lines()
        .map(|line| {
            let (valid, result) = line.split_once(' ').expect("two fields");
            let result = u64::from_str_radix(result, 16).expect("a hexadecimal result");
            Sample {
                valid: valid == "1",
                result,
            }
        })
        .collect()
}
