//! Lemmas about emitted Verilog, proved or refuted by Yosys' SAT solver.

use gyrus_hdl::emit;
use rust_hdl::prelude::Block;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Far above what any lemma here takes on a slow machine.
const DEADLINE: Duration = Duration::from_secs(120);

/// The modulus as Verilog, wide and signed enough for any sum below.
const MODULUS: &str = "localparam signed [79:0] Q = 80'sh0_ffff_ffff_0000_0001;\n";

/// What becomes of a unit's registers.
#[derive(Clone, Copy)]
pub(crate) enum Registers {
    /// Outputs are free: a lemma about one pipeline step.
    Cut,
    /// Outputs are inputs: a lemma about the whole pipeline as one function.
    Collapsed,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Proved,
    Refuted,
}

/// Whether the body, which is put into the unit's emitted top module and assumes and asserts things
/// about its signals, holds for all values of the free ones.
fn verdict(
    mut block: impl Block,
    name: &str,
    registers: Registers,
    body: &str,
    mutation: Option<(&str, &str)>,
) -> Verdict {
    block.connect_all();
    let mut verilog = emit::verilog(&block, "top")
        .expect("a unit that can be written")
        .verilog();
    if let Some((from, to)) = mutation {
        assert!(verilog.contains(from), "{name}: {from} is in the Verilog");
        verilog = verilog.replace(from, to);
    }
    // The top module comes last.
    let (before, after) = verilog.rsplit_once("endmodule").expect("a module");
    let verilog = format!("{before}{MODULUS}{body}\nendmodule{after}");
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("formal")
        .join(name);
    fs::create_dir_all(&directory).expect("a directory for the lemma");
    fs::write(directory.join("lemma.sv"), verilog).expect("a writable directory");
    fs::write(
        directory.join("wire.v"),
        "(* techmap_celltype = \"$dff\" *)\nmodule wire_dff (input CLK, input [WIDTH-1:0] D, output [WIDTH-1:0] Q);\n\
         parameter WIDTH = 1;\nparameter CLK_POLARITY = 1;\nassign Q = D;\nendmodule\n",
    )
    .expect("a writable directory");
    let registers = match registers {
        Registers::Cut => "delete t:$dff; setundef -undriven -expose",
        Registers::Collapsed => "techmap -map wire.v",
    };
    // The first `sat` asks for a counterexample; `-falsify` of nothing but assumptions finds one
    // if and only if the assumptions are satisfiable, so that no lemma holds for want of a case.
    let script = format!(
        "read_verilog -sv -formal lemma.sv; prep -flatten -top top; {registers}; \
         setattr -unset init; opt -full; select -assert-none t:$dff; \
         tee -o sat.log sat -set-assumes -prove-asserts -show-inputs; \
         delete t:$assert; tee -o vacuity.log sat -set-assumes -show-inputs"
    );
    let log = |file: &str| File::create(directory.join(file)).expect("a writable directory");
    let mut child = Command::new("yosys")
        .args(["-q", "-p", &script])
        .current_dir(&directory)
        .stdout(log("yosys.out"))
        .stderr(log("yosys.err"))
        .spawn()
        .unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!(
                "yosys is missing: run scripts/setup, or install it (Debian: apt-get install yosys)"
            ),
            _ => panic!("cannot start yosys: {error}"),
        });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            break status;
        }
        if start.elapsed() > DEADLINE {
            child.kill().expect("a child to kill");
            child.wait().expect("a child to wait for");
            panic!("{name} took more than {DEADLINE:?}");
        }
        sleep(Duration::from_millis(5));
    };
    let read = |file: &str| fs::read_to_string(directory.join(file)).unwrap_or_default();
    assert!(status.success(), "{name}: {}", read("yosys.err"));
    assert!(
        read("vacuity.log").contains("SAT solving finished - model found"),
        "{name}: the assumptions contradict each other"
    );
    let sat = read("sat.log");
    match (
        sat.contains("SAT proof finished - no model found: SUCCESS!"),
        sat.contains("SAT proof finished - model found: FAIL!"),
    ) {
        (true, false) => Verdict::Proved,
        (false, true) => Verdict::Refuted,
        _ => panic!("{name}: Yosys gave no verdict:\n{sat}"),
    }
}

/// The lemma must hold.
pub(crate) fn prove(block: impl Block, name: &str, registers: Registers, body: &str) {
    let verdict = verdict(block, name, registers, body, None);
    assert_eq!(verdict, Verdict::Proved, "{name}");
}

/// The lemma must fail once the emitted Verilog is mutated.
pub(crate) fn refute(
    block: impl Block,
    name: &str,
    registers: Registers,
    body: &str,
    mutation: (&str, &str),
) {
    let verdict = verdict(block, name, registers, body, Some(mutation));
    assert_eq!(verdict, Verdict::Refuted, "{name}");
}
