//! From emitted Verilog to gates.

use super::support::verilator::{finish, write_if_changed};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What Verilator says of Yosys' netlists and models, none of which a bench would not find.
const WAIVERS: [&str; 12] = [
    "ASSIGNDLY",
    "BLKSEQ",
    "COMBDLY",
    "DECLFILENAME",
    "INITIALDLY",
    "LATCH",
    "PINCONNECTEMPTY",
    "PINMISSING",
    "UNDRIVEN",
    "UNOPTFLAT",
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
         write_verilog -noattr netlist.v"
    );
    let mut yosys = Command::new("yosys");
    yosys.args(["-q", "-p", &script]);
    finish(&directory, "synthesis", yosys);
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file of Verilog");
    let gates = read(&directory.join("netlist.v"));
    let models = read(&share().join("xilinx/cells_sim.v"));
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
