//! The emitted card as a shared library, to be driven a cycle at a time from within a program.
//!
//! The library exports three C functions: [`NEW`], [`CYCLE`] and [`FREE`]. A cycle takes the values of all
//! inputs but the clock, in the order of [`CardLibrary::inputs`], and gives those of all outputs before its rising
//! edge, in the order of [`CardLibrary::outputs`]; each port is a 64-bit word.

use super::build::{build, verilator_command};
use super::process::file_error;
use super::{Options, VerilateError};
use crate::card::CardParameters;
use crate::catalogue::emit_card;
use crate::emit::{Manifest, Port};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// `void *new(const char *trace)`: a card at power-on; the waveform goes to the file `trace`, if that is not
/// null. Null if the file cannot be written, or the library was built without waveforms.
pub const NEW: &str = "gyrus_card_new";

/// `void cycle(void *card, const uint64_t *inputs, uint64_t *outputs)`.
pub const CYCLE: &str = "gyrus_card_cycle";

/// `void free(void *card)`.
pub const FREE: &str = "gyrus_card_free";

/// The top module, and the C++ class of its simulation.
const TOP: &str = "gyrus_card";
const CLASS: &str = "Vcard";
const LIBRARY: &str = "libcard.so";

/// A card as a shared library.
#[derive(Debug)]
pub struct CardLibrary {
    path: PathBuf,
    inputs: Vec<String>,
    outputs: Vec<String>,
    build_time: Duration,
    /// Until the library has been opened nobody may build another one in its place.
    _lock: File,
}

impl CardLibrary {
    /// Builds a card in a directory of its own, or finds it built there. As long as this exists, others that want to
    /// build in that directory wait.
    ///
    /// # Errors
    /// The parameters are not those of a card, a program is missing, fails or takes too long, or the
    /// directory cannot be written.
    pub fn build(
        parameters: &CardParameters,
        directory: &Path,
        options: &Options,
    ) -> Result<Self, VerilateError> {
        let begin = Instant::now();
        let design = emit_card(TOP, parameters)?;
        let manifest = design.manifest();
        let directory = directory.join(if options.trace { "traced" } else { "plain" });
        fs::create_dir_all(&directory).map_err(file_error(&directory))?;
        let directory = directory.canonicalize().map_err(file_error(&directory))?;
        let mut verilator = verilator_command(options.trace, TOP, CLASS);
        verilator.args(["-CFLAGS", "-fPIC", "-LDFLAGS", "-shared", "-o", LIBRARY]);
        verilator.args(["card.v", "shim.cpp"]);
        let sources = vec![
            ("card.v", design.verilog()),
            ("shim.cpp", shim(&manifest, options.trace)),
        ];
        let library = directory.join("build").join(LIBRARY);
        let lock = build(&directory, &library, sources, verilator, CLASS, options)?;
        let named = |ports: Vec<&Port>| ports.into_iter().map(|port| port.name.clone()).collect();
        Ok(Self {
            path: library,
            inputs: named(inputs(&manifest)),
            outputs: named(outputs(&manifest)),
            build_time: begin.elapsed(),
            _lock: lock,
        })
    }

    /// The shared library.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the inputs, without the clock.
    #[must_use]
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Names of the outputs.
    #[must_use]
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// What [`CardLibrary::build`] took.
    #[must_use]
    pub const fn build_time(&self) -> Duration {
        self.build_time
    }
}

fn inputs(card: &Manifest) -> Vec<&Port> {
    let input = |port: &&Port| port.direction == "input" && port.name != "clock";
    card.ports.iter().filter(input).collect()
}

fn outputs(card: &Manifest) -> Vec<&Port> {
    let output = |port: &&Port| port.direction == "output";
    card.ports.iter().filter(output).collect()
}

/// A port's name as Verilator has it: two underscores have a meaning of their own there.
fn mangled(name: &str) -> String {
    name.replace("__", "___05F")
}

/// The C++ around the verilated card.
fn shim(card: &Manifest, trace: bool) -> String {
    let (mut set, mut get) = (String::new(), String::new());
    for (i, port) in inputs(card).into_iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(set, "    top.{} = inputs[{i}];", mangled(&port.name));
    }
    for (i, port) in outputs(card).into_iter().enumerate() {
        let _ = writeln!(get, "    outputs[{i}] = top.{};", mangled(&port.name));
    }
    let [include, member, open, dump, close] = if trace {
        [
            "#include \"verilated_fst_c.h\"\n",
            "    VerilatedFstC wave;\n    uint64_t now = 0;\n",
            "    if (trace) {
        card->context.traceEverOn(true);
        card->top.trace(&card->wave, 99);
        card->wave.open(trace);
        if (!card->wave.isOpen()) {
            delete card;
            return nullptr;
        }
    }
",
            "    if (card->wave.isOpen()) card->wave.dump(card->now++);\n",
            "    if (card->wave.isOpen()) card->wave.close();\n",
        ]
    } else {
        [
            "",
            "",
            "    if (trace) {\n        delete card;\n        return nullptr;\n    }\n",
            "",
            "",
        ]
    };
    format!(
        r#"#include "{CLASS}.h"
#include "verilated.h"
{include}#include <cstdint>
#include <new>

struct Simulation {{
    VerilatedContext context;
    {CLASS} top{{&context}};
{member}}};

extern "C" void *{NEW}(const char *trace) {{
    Simulation *card = new (std::nothrow) Simulation;
    if (!card) return nullptr;
{open}    return card;
}}

extern "C" void {CYCLE}(void *simulation, const uint64_t *inputs, uint64_t *outputs) {{
    Simulation *card = static_cast<Simulation *>(simulation);
    {CLASS} &top = card->top;
{set}    top.clock = 0;
    top.eval();
{dump}{get}    top.clock = 1;
    top.eval();
{dump}}}

extern "C" void {FREE}(void *simulation) {{
    Simulation *card = static_cast<Simulation *>(simulation);
{close}    card->top.final();
    delete card;
}}
"#
    )
}
