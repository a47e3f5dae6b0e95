//! Counts by unit against Yosys' own of the design as one.

use super::*;
use crate::process;
use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::catalogue::find;
use gyrus_hdl::report::{Cells, parse_cells};
use std::process::Command;

/// Yosys, in a directory of this test's own.
fn tool(name: &str) -> Tool {
    Tool {
        yosys: "yosys".into(),
        directory: std::env::temp_dir()
            .join(format!("gyrus-synthesis-{}-{name}", std::process::id())),
        family: "xcup".to_owned(),
        jobs: 2,
        deadline: std::time::Duration::from_secs(600),
    }
}

/// The design flattened, its memories left out, counted by `stat`.
fn as_one(tool: &Tool, text: &str, top: &str) -> Cells {
    let directory = tool.directory.join("as-one");
    process::write(&directory.join("top.v"), text).unwrap();
    let memories = text.split("\nmodule ").skip(1).filter_map(|module| {
        let name = module.split(' ').next()?;
        let kinds = ["gyrus_ram_", "gyrus_rom_", "gyrus_delay_"];
        kinds
            .iter()
            .any(|kind| name.starts_with(kind))
            .then_some(name)
    });
    let boxes: String = memories.map(|name| format!("blackbox {name}; ")).collect();
    let script = format!(
        "read_verilog top.v; {boxes}synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nowidelut -top {top}; \
         delete t:gyrus_*; tee -q -o stat.json stat -json"
    );
    let mut yosys = Command::new(&tool.yosys);
    yosys.args(["-q", "-p", &script]);
    process::run(yosys, &directory, "yosys.log", tool.deadline).unwrap();
    parse_cells(&process::read(&directory.join("stat.json")).unwrap()).unwrap()
}

fn emitted(unit: &str) -> (String, String) {
    let entry = find(unit).unwrap();
    let parameters = CoreParameters::for_lanes(2).unwrap();
    let design = (entry.emit)(&entry.top(), &parameters).unwrap();
    (design.verilog(), entry.top())
}

/// A unit by itself is the design as one.
#[test]
fn a_unit_is_counted_as_yosys_counts_it() {
    let tool = tool("unit");
    let (text, top) = emitted("forward_butterfly");
    let found = synthesise(&tool, &text, &top, &mut |_, _| ()).unwrap();
    let one = as_one(&tool, &text, &top);
    let total = &found.total;
    assert_eq!((total.lut, total.ff, total.dsp), (one.lut, one.ff, one.dsp));
    assert!(total.memories.is_empty() && total.paired <= total.lut && total.paired > 0);
    // The same from what was kept of it.
    let again = synthesise(&tool, &text, &top, &mut |_, _| ()).unwrap();
    assert_eq!(again, found);
    std::fs::remove_dir_all(tool.directory).unwrap();
}

/// Units, glue and memories: little more than the design as one, and all that is inside.
#[test]
fn many_units_take_little_more_than_the_design_as_one() {
    let tool = tool("transform");
    let (text, top) = emitted("forward_transform");
    let found = synthesise(&tool, &text, &top, &mut |_, _| ()).unwrap();
    let one = as_one(&tool, &text, &top);
    let total = &found.total;
    assert_eq!(total.dsp, one.dsp);
    let near = |found: u64, one: u64| {
        found as f64 >= 0.95 * one as f64 && found as f64 <= 1.25 * one as f64
    };
    assert!(near(total.lut, one.lut), "{} and {}", total.lut, one.lut);
    assert!(near(total.ff, one.ff), "{} and {}", total.ff, one.ff);
    // Parts are all of it, each once.
    let mut sum = Synthesis::default();
    for part in found.parts.values() {
        sum.add(part, 1);
    }
    assert_eq!((sum.lut, sum.ff, sum.dsp), (total.lut, total.ff, total.dsp));
    assert_eq!(sum.memories, total.memories);
    assert_eq!(memories(&text, &top).unwrap(), total.memories);
    std::fs::remove_dir_all(tool.directory).unwrap();
}

#[test]
fn what_is_no_emitted_text_is_refused() {
    let tool = tool("broken");
    let (text, top) = emitted("forward_butterfly");
    let refused = |text: &str, top: &str| synthesise(&tool, text, top, &mut |_, _| ()).unwrap_err();
    assert!(matches!(
        refused(&text, "gyrus_other"),
        SynthesisError::NoModule(_)
    ));
    let cut = &text[..text.len() / 2];
    assert!(matches!(refused(cut, &top), SynthesisError::Text(_)));
    std::fs::remove_dir_all(tool.directory).unwrap();
}
