//! A bench for blocks with any ports: run by hand in the Rust-HDL simulation, cycle by cycle, then
//! replayed on the emitted Verilog under Verilator, which has to give the same outputs.
//!
//! A cycle is: set the inputs, settle, sample the outputs, raise the clock, lower the clock. So a
//! sample shows what the block says in the cycle, to the inputs of the same cycle where there is a
//! path without a register, and a pipeline of latency L answers in the sample of cycle i + L.
//! Transfers on a valid/ready port happen where both are high in the sample.
//!
//! With the environment variable GYRUS_WAVES set to a directory, every bench writes the waveform of
//! its Rust-HDL simulation there, as DIRECTORY/TEST-NUMBER.vcd.

use super::FromWord;
use super::library::Library;
use super::verilator::{finish, write_if_changed};
use rust_hdl::core::vcd_probe::VCDProbe;
use rust_hdl::prelude::{
    Bits, Block, In, Out, Signal, Synth, check_all, simulate, write_vcd_change, write_vcd_dump,
    write_vcd_header,
};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A port or a group of ports as words of at most 128 bits.
pub(crate) trait Pins {
    /// Names and widths, for the field's name.
    fn describe(&self, field: &str, to: &mut Vec<(String, usize)>);
    fn set(&mut self, words: &mut dyn Iterator<Item = u128>);
    fn get(&self, words: &mut Vec<u128>);
}

/// Values of one port.
pub(crate) trait Word: FromWord + Copy {
    const WIDTH: usize;
    fn word(self) -> u128;
}

impl Word for bool {
    const WIDTH: usize = 1;
    fn word(self) -> u128 {
        self.into()
    }
}

impl<const N: usize> Word for Bits<N> {
    const WIDTH: usize = N;
    fn word(self) -> u128 {
        self.to_u128()
    }
}

macro_rules! pins {
    ($direction: ty) => {
        impl<T: Word + Synth> Pins for Signal<$direction, T> {
            fn describe(&self, field: &str, to: &mut Vec<(String, usize)>) {
                to.push((field.to_owned(), T::WIDTH));
            }

            fn set(&mut self, words: &mut dyn Iterator<Item = u128>) {
                self.next = T::from_word(words.next().expect("a word for each input"));
            }

            fn get(&self, words: &mut Vec<u128>) {
                words.push(self.val().word());
            }
        }
    };
}

pins!(In);
pins!(Out);

impl<P: Pins> Pins for Vec<P> {
    fn describe(&self, field: &str, to: &mut Vec<(String, usize)>) {
        for (i, pins) in self.iter().enumerate() {
            pins.describe(&format!("{field}${i}"), to);
        }
    }

    fn set(&mut self, words: &mut dyn Iterator<Item = u128>) {
        for pins in self {
            pins.set(words);
        }
    }

    fn get(&self, words: &mut Vec<u128>) {
        for pins in self {
            pins.get(words);
        }
    }
}

/// A block with a port `clock` and others; [`dut!`](crate::dut) writes it.
pub(crate) trait Dut: Block {
    fn inputs(&self) -> Vec<(String, usize)>;
    fn outputs(&self) -> Vec<(String, usize)>;
    fn set_clock(&mut self, level: bool);
    fn drive(&mut self, words: &[u128]);
    fn sample(&self) -> Vec<u128>;
}

/// Implements [`Dut`]: `dut!(Block { valid_in, x => valid_out, y })`. Fields that are vectors of
/// ports take a word for each.
#[macro_export]
macro_rules! dut {
    ($block: ty { $($input: ident),* => $($output: ident),* }) => {
        impl $crate::support::bench::Dut for $block {
            fn inputs(&self) -> Vec<(String, usize)> {
                let mut ports = Vec::new();
                $($crate::support::bench::Pins::describe(
                    &self.$input, stringify!($input), &mut ports);)*
                ports
            }

            fn outputs(&self) -> Vec<(String, usize)> {
                let mut ports = Vec::new();
                $($crate::support::bench::Pins::describe(
                    &self.$output, stringify!($output), &mut ports);)*
                ports
            }

            fn set_clock(&mut self, level: bool) {
                self.clock.next = level.into();
            }

            fn drive(&mut self, words: &[u128]) {
                let mut words = words.iter().copied();
                $($crate::support::bench::Pins::set(&mut self.$input, &mut words);)*
                assert!(words.next().is_none(), "an input for each word");
            }

            fn sample(&self) -> Vec<u128> {
                let mut words = Vec::new();
                $($crate::support::bench::Pins::get(&self.$output, &mut words);)*
                words
            }
        }
    };
}

/// More passes than any signal here needs to settle.
const PASSES: usize = 1000;

/// A block under test and the record of what went in and out.
pub(crate) struct Bench<D: Dut> {
    block: D,
    wave: Option<Wave>,
    inputs: Vec<Vec<u128>>,
    outputs: Vec<Vec<u128>>,
}

impl<D: Dut> Bench<D> {
    pub(crate) fn new(mut block: D) -> Self {
        block.connect_all();
        check_all(&block).expect("a connected block without loops");
        block.set_clock(false);
        let wave = Wave::new(&block);
        Self {
            block,
            wave,
            inputs: Vec::new(),
            outputs: Vec::new(),
        }
    }

    fn settle(&mut self) {
        assert!(
            simulate(&mut self.block, PASSES),
            "cycle {} does not settle",
            self.inputs.len()
        );
    }

    /// The outputs with these inputs, before the rising edge; not recorded.
    pub(crate) fn peek(&mut self, inputs: &[u128]) -> Vec<u128> {
        self.block.drive(inputs);
        self.settle();
        self.block.sample()
    }

    /// One cycle; the outputs before its rising edge.
    pub(crate) fn cycle(&mut self, inputs: &[u128]) -> Vec<u128> {
        let outputs = self.peek(inputs);
        self.trace(0);
        self.block.set_clock(true);
        self.settle();
        self.trace(1);
        self.block.set_clock(false);
        self.settle();
        self.inputs.push(inputs.to_vec());
        self.outputs.push(outputs.clone());
        outputs
    }

    /// Half a cycle of the waveform.
    fn trace(&mut self, half: u64) {
        if let Some(wave) = &mut self.wave {
            wave.write(&self.block, 2 * self.inputs.len() as u64 + half);
        }
    }

    /// Only the emitted Verilog: its outputs for these cycles.
    pub(crate) fn verilog_only(mut self, name: &str, cycles: &[Vec<u128>]) -> Vec<Vec<u128>> {
        self.inputs = cycles.to_vec();
        self.replay_text(name, &emit(&self.block))
    }

    /// Replays the recorded cycles on the emitted Verilog; panics at the first difference.
    pub(crate) fn replay(self, name: &str) {
        let verilated = self.replay_text(name, &emit(&self.block));
        same(name, &verilated, &self.outputs);
    }

    /// The same on what is made of the emitted Verilog; the outputs.
    pub(crate) fn replay_on(self, name: &str, change: fn(&str, &str) -> String) -> Vec<Vec<u128>> {
        let changed = self.replay_text(name, &change(name, &emit(&self.block)));
        same(name, &changed, &self.outputs);
        changed
    }

    /// The outputs of a Verilog text, whose top module is `top`, for the recorded inputs.
    pub(crate) fn replay_text(&self, name: &str, verilog: &str) -> Vec<Vec<u128>> {
        let (inputs, outputs) = (self.block.inputs(), self.block.outputs());
        let directory = build(name, verilog, &inputs, &outputs);
        let stimuli: String = self
            .inputs
            .iter()
            .map(|words| line(words, &inputs))
            .collect();
        write_if_changed(&directory, "stimuli.txt", &stimuli);
        let mut harness = Command::new(directory.join("build").join("harness"));
        harness
            .arg("stimuli.txt")
            .arg(self.inputs.len().to_string());
        let printed = finish(&directory, "run", harness);
        printed.lines().map(parse).collect()
    }

    /// The emitted Verilog alone, to be run cycle by cycle as the block would be.
    pub(crate) fn verilated(self, name: &str) -> Verilated {
        let (inputs, outputs) = (self.block.inputs(), self.block.outputs());
        let directory = build(name, &emit(&self.block), &inputs, &outputs);
        let mut child = Command::new(directory.join("build").join("harness"))
            .args(["/dev/stdin", &u32::MAX.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the harness that was built");
        let stdout = child.stdout.take().expect("a pipe");
        Verilated {
            stdin: child.stdin.take().expect("a pipe"),
            stdout: BufReader::new(stdout),
            child,
            inputs,
        }
    }
}

/// Emitted Verilog that runs under Verilator.
pub(crate) struct Verilated {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    inputs: Vec<(String, usize)>,
}

impl Verilated {
    /// One cycle; the outputs before its rising edge.
    pub(crate) fn cycle(&mut self, inputs: &[u128]) -> Vec<u128> {
        assert_eq!(inputs.len(), self.inputs.len(), "an input for each word");
        let text = line(inputs, &self.inputs);
        let sent = self.stdin.write_all(text.as_bytes());
        sent.expect("a harness that reads");
        let mut answer = String::new();
        let read = self.stdout.read_line(&mut answer);
        assert!(read.expect("an answer") > 0, "the harness has ended");
        parse(&answer)
    }
}

impl Drop for Verilated {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A bench's waveform.
struct Wave(Option<VCDProbe<BufWriter<File>>>);

impl Wave {
    /// If one is asked for.
    fn new(block: &impl Block) -> Option<Self> {
        static BENCHES: AtomicUsize = AtomicUsize::new(0);
        let directory = PathBuf::from(std::env::var_os("GYRUS_WAVES")?);
        std::fs::create_dir_all(&directory).expect("a directory for waveforms");
        let test = std::thread::current().name().unwrap_or("bench").to_owned();
        let number = BENCHES.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}.vcd", test.replace("::", "-"));
        let file = File::create(directory.join(name)).expect("a file for the waveform");
        let probe = write_vcd_header(BufWriter::new(file), block);
        Some(Self(Some(write_vcd_dump(probe, block))))
    }

    /// A half cycle takes 2 ns: 250 MHz.
    fn write(&mut self, block: &impl Block, half_cycles: u64) {
        let mut probe = self.0.take().expect("a writer");
        probe.timestamp(2000 * half_cycles).expect("room for it");
        self.0 = Some(write_vcd_change(probe, block));
    }
}

/// Builds a harness around a Verilog text; its directory.
fn build(
    name: &str,
    verilog: &str,
    inputs: &[(String, usize)],
    outputs: &[(String, usize)],
) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join("replay")
        .join(name);
    std::fs::create_dir_all(&directory).expect("a directory for the harness");
    write_if_changed(&directory, "top.v", verilog);
    write_if_changed(&directory, "bench.v", &wrapper(inputs, outputs));
    write_if_changed(&directory, "harness.cpp", &harness(inputs, outputs));
    let mut translate = Command::new("verilator");
    // All warnings are errors; the text itself says which do not count. The C++ is not
    // optimised: building takes longer than running.
    translate.args(["--cc", "--exe", "--top-module", "bench", "-Wall", "-O3"]);
    translate.args(["-Mdir", "build", "-o", "harness"]);
    translate.args(["bench.v", "top.v", "harness.cpp"]);
    finish(&directory, "translate", translate);
    let build = directory.join("build");
    let library = Library::new(&directory);
    library.put_into(&build);
    let mut make = Command::new("make");
    make.args(["-C", "build", "-f", "Vbench.mk", "-j", "1", "OPT_FAST=-O0"]);
    make.args(["OPT_SLOW=-O0", "OPT_GLOBAL=-O1"]);
    finish(&directory, "build", make);
    library.take_from(&build);
    directory
}

/// The inputs of a cycle as the harness reads them.
fn line(words: &[u128], inputs: &[(String, usize)]) -> String {
    let mut text = String::new();
    for (word, (_, width)) in words.iter().zip(inputs) {
        for half in 0..width.div_ceil(64) {
            write!(text, "{:x} ", (word >> (64 * half)) as u64).expect("a string");
        }
    }
    text.push('\n');
    text
}

/// The outputs of a cycle as the harness prints them.
fn parse(line: &str) -> Vec<u128> {
    line.split_whitespace()
        .map(|word| u128::from_str_radix(word, 16).expect("hexadecimal"))
        .collect()
}

/// Panics at the first cycle in which Verilator's outputs are others than Rust-HDL's.
fn same(name: &str, verilated: &[Vec<u128>], expected: &[Vec<u128>]) {
    assert_eq!(verilated.len(), expected.len(), "{name}: cycles");
    for (i, (verilated, expected)) in verilated.iter().zip(expected).enumerate() {
        assert_eq!(
            verilated, expected,
            "{name}: Verilator and Rust-HDL differ in cycle {i}"
        );
    }
}

/// The block's Verilog as users get it, with `top` as its top module.
fn emit(block: &impl Block) -> String {
    let design = gyrus_hdl::emit::verilog(block, "top");
    design.expect("a block that can be written").verilog()
}

/// A module `bench` around `top` with ports `i0`, `i1`, .. and `o0`, `o1`, ..
fn wrapper(inputs: &[(String, usize)], outputs: &[(String, usize)]) -> String {
    let mut text = String::from("module bench(input wire clock");
    let mut connections = String::from(".clock(clock)");
    for (direction, letter, ports) in [("input", "i", inputs), ("output", "o", outputs)] {
        for (i, (name, width)) in ports.iter().enumerate() {
            write!(text, ",\n  {direction} wire [{}:0] {letter}{i}", width - 1).expect("a string");
            let name = name.replace('$', "__");
            write!(connections, ",\n  .{name}({letter}{i})").expect("a string");
        }
    }
    format!("{text});\n  top dut({connections});\nendmodule\n")
}

/// The C++ program that plays the stimuli and prints the outputs.
fn harness(inputs: &[(String, usize)], outputs: &[(String, usize)]) -> String {
    let mut drive = String::new();
    for (i, (_, width)) in inputs.iter().enumerate() {
        if *width <= 64 {
            writeln!(drive, "        top.i{i} = word();").expect("a string");
        } else {
            for word in 0..width.div_ceil(32) {
                let from = if word % 2 == 0 {
                    "w = word()"
                } else {
                    "w >> 32"
                };
                writeln!(drive, "        top.i{i}[{word}] = {from};").expect("a string");
            }
            if width.div_ceil(32) < 2 * width.div_ceil(64) {
                // The upper half of the last word lies beyond the port.
                writeln!(drive, "        (void)w;").expect("a string");
            }
        }
    }
    let mut print = String::new();
    for (i, (_, width)) in outputs.iter().enumerate() {
        if *width <= 64 {
            writeln!(
                print,
                r#"        std::printf("%" PRIx64 " ", (uint64_t)top.o{i});"#
            )
            .expect("a string");
        } else {
            for word in (0..width.div_ceil(32)).rev() {
                writeln!(
                    print,
                    r#"        std::printf("%08x", (unsigned)top.o{i}[{word}]);"#
                )
                .expect("a string");
            }
            writeln!(print, r#"        std::putchar(' ');"#).expect("a string");
        }
    }
    format!(
        r#"#include "Vbench.h"
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
    if (argc != 3 || !(stimuli = std::fopen(argv[1], "r"))) return 1;
    VerilatedContext context;
    Vbench top{{&context}};
    for (long cycles = std::atol(argv[2]); cycles > 0; --cycles) {{
        [[maybe_unused]] uint64_t w;
{drive}        top.clock = 0;
        top.eval();
{print}        std::putchar('\n');
        std::fflush(stdout);
        top.clock = 1;
        top.eval();
    }}
    top.final();
    return 0;
}}
"#
    )
}
