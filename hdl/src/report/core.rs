//! What a whole core costs.
//!
//! Yosys synthesises each module of the emitted core once and counts it as often as it stands there,
//! so 128 lanes take little longer than 8. Nothing is optimised across modules: a butterfly whose
//! factor is fixed is counted like one whose factor changes, so LUT counts are upper bounds. RAMs,
//! ROMs and long delays are left out of the synthesis and counted by calculation: up to
//! [`DISTRIBUTED`] words in LUTs, 64 bits of a word column each, more in block RAM of 512 words of
//! 36 bits per 18 Kbit.

use super::{Cells, Options, ReportError, tool, yosys_script};
use crate::blind_rotate::CoreParameters;
use crate::catalogue::{CORE, find};
use crate::emit::Manifest;
use crate::ntt::arrangement::MAX_LOG2_N;
use crate::verilate::{self, Core, Sizes, Turns};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Deepest memory that is counted as distributed.
const DISTRIBUTED: u64 = 64;

/// Iterations of the two runs whose difference is the steady state.
const ITERATIONS: [usize; 2] = [6, 14];

/// The same for one ciphertext, whose degrees make a difference.
const ITERATIONS_ALONE: [usize; 2] = [4, 132];

/// Longest delay that is a shift register in the emitted text.
const SHIFT_REGISTER: u64 = 16;

/// A core.
#[derive(Clone, Debug)]
pub struct CoreRow {
    /// What it is built with.
    pub parameters: CoreParameters,
    /// Cycles of a turn at one level and N = 2048, (k+1) l N / P.
    pub turn: u64,
    /// What turns of a full batch took on the emitted core under Verilator.
    pub measured: Turns,
    /// The same with one ciphertext in flight, with random degrees.
    pub measured_alone: Turns,
    /// Cycles from a turn of a ciphertext to its next, on average over degrees, with no other in
    /// flight: the datapath's latency and what the order of words adds.
    pub alone: f64,
    /// The emitted design's manifest.
    pub manifest: Manifest,
    /// Cells on UltraScale+.
    pub cells: Cells,
}

/// Reports on the core of so many lanes.
///
/// # Errors
///
/// If a tool is missing, fails, takes too long or says something unknown, a file cannot be written,
/// or there is no such core.
pub fn core(options: &Options, lanes: usize) -> Result<CoreRow, ReportError> {
    let parameters = CoreParameters::for_lanes(lanes)?;
    let design = (find(CORE)?.emit)("top", &parameters)?;
    let manifest = design.manifest();
    let shape = parameters.shape()?;
    let turn = shape.pass_cycles(MAX_LOG2_N) as u64;
    let latencies = parameters.build()?.latencies();
    let alone = latencies.alone(&shape, MAX_LOG2_N);

    let unit = format!("core_{lanes}");
    let directory = options.directory.join(&unit);
    let [measured, measured_alone] = measure(&parameters, &directory, options.deadline)?;
    tool::write(&directory, "top.v", &design.verilog())?;
    let memories: Vec<&String> = manifest
        .instances_of
        .keys()
        .filter(|name| Memory::of(name).is_some())
        .collect();
    let list = memories
        .iter()
        .map(|name| name.as_str())
        .collect::<Vec<_>>();
    let script = format!(
        "read_verilog top.v; blackbox {}; synth_xilinx -family xcup -nowidelut -noiopad -top top; \
         tee -q -o cells.txt stat -top top",
        list.join(" ")
    );
    yosys_script(options, &unit, &directory, "xcup", &script)?;
    let mut cells = parse_hierarchy(&tool::read(&directory.join("cells.txt"))?)?;
    for name in memories {
        if let (Some(memory), Some(&count)) = (Memory::of(name), manifest.instances_of.get(name)) {
            memory.add_to(&mut cells, count);
        }
    }
    Ok(CoreRow {
        parameters,
        turn,
        measured,
        measured_alone,
        alone,
        manifest,
        cells,
    })
}

/// Turns of a full batch, and of one ciphertext.
fn measure(
    parameters: &CoreParameters,
    directory: &Path,
    deadline: Duration,
) -> Result<[Turns; 2], ReportError> {
    let build = verilate::Options {
        deadline,
        ..verilate::Options::all_cores()
    };
    let core = Core::build(parameters, directory, &build)?;
    let sizes = Sizes {
        log2_n: MAX_LOG2_N,
        n: 0,
        base_log: 23,
        levels: 1,
        ciphertexts: parameters.slots,
    };
    let alone = Sizes {
        ciphertexts: 1,
        ..sizes
    };
    Ok([
        core.turns(sizes, ITERATIONS, deadline)?,
        core.turns(alone, ITERATIONS_ALONE, deadline)?,
    ])
}

/// A memory of the emitted text, by the name of its module.
struct Memory {
    width: u64,
    depth: u64,
}

impl Memory {
    /// `gyrus_ram_64x192`, `gyrus_rom_64x32_v2`, `gyrus_delay_72x256`.
    fn of(module: &str) -> Option<Self> {
        let (kind, shape) = module.strip_prefix("gyrus_")?.split_once('_')?;
        let shape = shape.split('_').next()?;
        let (width, depth) = shape.split_once('x')?;
        let (width, depth) = (width.parse().ok()?, depth.parse().ok()?);
        match kind {
            "ram" | "rom" => Some(Self { width, depth }),
            "delay" if depth > SHIFT_REGISTER => Some(Self { width, depth }),
            _ => None,
        }
    }

    fn add_to(&self, cells: &mut Cells, count: u64) {
        if self.depth <= DISTRIBUTED {
            cells.memory_lut += count * self.width * self.depth.div_ceil(64);
        } else {
            cells.ram18 += count * self.width.div_ceil(36) * self.depth.div_ceil(512);
        }
    }
}

/// Reads the totals of Yosys' `stat -top`.
///
/// # Errors
///
/// If the text has none, or an unknown cell.
pub fn parse_hierarchy(text: &str) -> Result<Cells, ReportError> {
    const WHAT: &str = "Yosys' cell counts of a hierarchy";
    let bad = |why: String| ReportError::Output { what: WHAT, why };
    let (_, totals) = text
        .split_once("=== design hierarchy ===")
        .ok_or_else(|| bad("no design hierarchy".to_owned()))?;
    let (_, totals) = totals
        .split_once("Number of cells:")
        .ok_or_else(|| bad("no number of cells".to_owned()))?;
    let mut counts = BTreeMap::new();
    for line in totals.lines().skip(1) {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(count)) = (words.next(), words.next()) {
            let count: u64 = count
                .parse()
                .map_err(|_| bad(format!("no number in '{line}'")))?;
            if Memory::of(name).is_none() {
                counts.insert(name.to_owned(), count);
            }
        }
    }
    super::parse::cells(&counts)
}

impl fmt::Display for CoreRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CoreParameters {
            lanes,
            slots,
            levels,
            beat_words,
            ..
        } = self.parameters;
        writeln!(
            f,
            "core, P = {lanes}: {slots} ciphertexts in flight, up to {levels} levels, key beats of \
             {beat_words} words"
        )?;
        writeln!(
            f,
            "  cycles a CMUX and ciphertext, full batch (k = l = 1, N = 2048)  {}, measured: {} cycles \
             for {} turns under Verilator",
            self.turn, self.measured.cycles, self.measured.turns
        )?;
        writeln!(
            f,
            "  cycles a CMUX, one ciphertext in flight, mean over degrees      {:.1}, measured: {:.1} \
             over {} turns",
            self.alone,
            self.measured_alone.cycles as f64 / self.measured_alone.turns as f64,
            self.measured_alone.turns
        )?;
        writeln!(f, "  64-bit multipliers  {}", self.manifest.multipliers)?;
        let Cells {
            dsp,
            lut,
            ff,
            memory_lut,
            ram18,
            ..
        } = self.cells;
        writeln!(
            f,
            "  UltraScale+, Yosys  {dsp} DSP, {lut} LUT and {memory_lut} LUT as memory, {ff} FF, \
             {} block RAM of 36 Kbit",
            ram18.div_ceil(2)
        )?;
        writeln!(
            f,
            "  memory bits         {}",
            self.manifest.memory_bits.total
        )?;
        for (purpose, bits) in &self.manifest.memory_bits.by_purpose {
            writeln!(f, "    {purpose:16} {bits:10}")?;
        }
        Ok(())
    }
}
