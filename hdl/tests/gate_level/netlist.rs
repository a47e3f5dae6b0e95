//! From emitted Verilog to gates.

use super::support::verilator::{finish, write_if_changed};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What Verilator says of Yosys' netlists and models, none of which a bench would not find.
const WAIVERS: [&str; 11] = [
    "ASSIGNDLY",
    "BLKSEQ",
    "COMBDLY",
    "DECLFILENAME",
    "INITIALDLY",
    "LATCH",
    "PINCONNECTEMPTY",
    "PINMISSING",
    "UNDRIVEN",
    "UNUSED",
    "WIDTH",
];

/// A name of a module that is a memory, as the emitter gives them.
fn is_memory(name: &str) -> bool {
    ["gyrus_ram_", "gyrus_rom_", "gyrus_delay_"]
        .iter()
        .any(|kind| name.starts_with(kind))
}

/// The modules of an emitted text that are memories.
fn memories(verilog: &str) -> Vec<(&str, &str)> {
    let modules = verilog.split("\nmodule ").skip(1);
    modules
        .filter_map(|text| {
            let name = text.split(' ').next()?;
            let (text, _) = text.split_once("\nendmodule")?;
            is_memory(name).then_some((name, text))
        })
        .collect()
}

/// Where Yosys keeps its models: `share/yosys` beside the directory of its program.
fn share() -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    let program = std::env::split_paths(&path)
        .map(|directory| directory.join("yosys"))
        .find(|program| program.exists())
        .expect("yosys: run scripts/setup");
    let program = program.canonicalize().expect("a path without links");
    let prefix = program.ancestors().nth(2).expect("a directory of programs");
    prefix.join("share/yosys")
}

/// What Yosys' models say of the carries of a CARRY4, and of those between the parts of a DSP block's adder; and the
/// same bit by bit.
const CARRIES: [(&str, &str); 3] = [
    (
        "output [3:0] CO,",
        "output [3:0] CO /* verilator split_var */,",
    ),
    (
        "wire [3:0] int_carry_in, int_carry_out, ext_carry_out;",
        "wire [3:0] int_carry_in /* verilator split_var */, int_carry_out /* verilator split_var */, ext_carry_out;",
    ),
    (
        "assign int_carry_in[3:1] = int_carry_out[2:0];",
        "assign int_carry_in[1] = int_carry_out[0];
         assign int_carry_in[2] = int_carry_out[1];
         assign int_carry_in[3] = int_carry_out[2];",
    ),
];

/// The models of the cells, with each of the carries as a signal of its own.
///
/// As vectors they depend on themselves. Verilator (5.006) then gives up the order in which they follow from one
/// another, and computes wrong ones where a carry of a CARRY4 runs through bits whose S is constant. It says so
/// (`UNOPTFLAT`), which is therefore an error here; nets of the netlist are bits for the same reason.
fn models(text: &str) -> String {
    CARRIES
        .iter()
        .fold(text.to_owned(), |text, (vector, bits)| {
            assert_eq!(text.matches(vector).count(), 1, "{vector} in the models");
            text.replace(vector, bits)
        })
}

/// The gates of an emitted text whose top module is `top`, with the models of the cells.
pub(crate) fn netlist(name: &str, verilog: &str) -> String {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("netlist")
        .join(name);
    std::fs::create_dir_all(&directory).expect("a directory for the netlist");
    write_if_changed(&directory, "top.v", verilog);
    let memories = memories(verilog);
    let boxes: String = memories
        .iter()
        .map(|(name, _)| format!("blackbox {name}; "))
        .collect();
    let script = format!(
        "read_verilog top.v; {boxes}\
         synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -nowidelut -top top; \
         splitnets; opt_clean -purge; rename -hide w:*; write_verilog -noattr netlist.v"
    );
    let mut yosys = Command::new("yosys");
    yosys.args(["-q", "-p", &script]);
    finish(&directory, "synthesis", yosys);
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file of Verilog");
    let gates = read(&directory.join("netlist.v"));
    let models = models(&read(&share().join("xilinx/cells_sim.v")));
    let waivers: String = WAIVERS
        .iter()
        .map(|warning| format!("/* verilator lint_off {warning} */\n"))
        .collect();
    let memories: String = memories
        .iter()
        .map(|(_, text)| format!("module {text}\nendmodule\n"))
        .collect();
    format!("{waivers}{gates}\n{memories}\n{models}")
}

/// The same with one bit of one LUT wrong: an exclusive or that is 1 where both operands are 0.
pub(crate) fn faulty(name: &str, verilog: &str) -> String {
    let gates = netlist(name, verilog);
    let right = "LUT2 #(\n    .INIT(4'h6)";
    assert!(gates.contains(right), "{name}: an exclusive or");
    gates.replacen(right, "LUT2 #(\n    .INIT(4'h7)", 1)
}
