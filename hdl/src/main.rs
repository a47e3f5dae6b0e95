//! The `gyrus-hdl` command: writes the accelerator's Verilog, waveforms of its units, and what they
//! cost.
//!
//! Exit codes: 0 when all went well, 1 when something failed, 2 when the command line was wrong.

use clap::{Parser, Subcommand};
use gyrus_hdl::blind_rotate::{BuildError, CoreParameters};
use gyrus_hdl::catalogue::{CORE, CatalogueError, Trace, find, summary};
use gyrus_hdl::emit::{EmitError, write_files};
use gyrus_hdl::report::{self, ReportError};
use gyrus_hdl::trace::TraceError;
use gyrus_hdl::verilate::{self, VerilateError};
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use thiserror::Error;

/// Cycles of a unit's waveform.
const UNIT_CYCLES: u64 = 256;

/// Verilog and waveforms of the Gyrus accelerator.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a design as Verilog, with a manifest of what is in it.
    #[command(after_help = summary())]
    Emit {
        /// Coefficients that the datapath takes in each cycle: a power of two from 2 to 128.
        #[arg(long)]
        lanes: usize,
        /// Ciphertexts in flight, 1 to 16; as many as keep the lanes busy unless given.
        #[arg(long)]
        slots: Option<usize>,
        /// Most decomposition levels, 1 to 3.
        #[arg(long)]
        levels: Option<usize>,
        /// Log2 of the largest polynomial's size N, 8 to 11; 11 unless given.
        #[arg(long)]
        max_log2_n: Option<usize>,
        /// 64-bit words of a beat of key memory: a divisor of 3 x lanes, at most 128.
        #[arg(long)]
        beat_words: Option<usize>,
        /// A single unit instead of the whole accelerator.
        #[arg(long, default_value = CORE, hide_default_value = true)]
        unit: String,
        /// Directory for the two files; made if need be.
        #[arg(long)]
        out: PathBuf,
    },
    /// Synthesise units and cores with open tools and print what they cost; takes a while.
    Report {
        /// Cores of so many lanes.
        #[arg(long, value_delimiter = ',', default_values_t = [8, 32, 128])]
        lanes: Vec<usize>,
        /// These units of the table alone, and no cores.
        #[arg(long, value_delimiter = ',', conflicts_with = "lanes")]
        units: Vec<String>,
        /// Directory for the tools' files and logs.
        #[arg(long, default_value = "target/report")]
        directory: PathBuf,
    },
    /// Simulate a unit under random operands, or a small rotation on the core, and write the waveform.
    #[command(after_help = summary())]
    Trace {
        /// The unit.
        #[arg(long)]
        unit: String,
        /// The file: VCD, of the core FST.
        #[arg(long)]
        out: PathBuf,
        /// Clock cycles; 256 of a unit and all of the core's unless given.
        #[arg(long)]
        cycles: Option<u64>,
        /// The core's lanes.
        #[arg(long, default_value_t = 4)]
        lanes: usize,
        /// Where the core is built.
        #[arg(long, default_value = "target/trace")]
        directory: PathBuf,
        /// Seed of the operands.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

#[derive(Debug, Error)]
enum CliError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    #[error(transparent)]
    Emit(#[from] EmitError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Trace(#[from] TraceError),
    #[error(transparent)]
    Verilate(#[from] VerilateError),
    #[error("cannot write the results")]
    Output(#[from] io::Error),
}

fn main() -> ExitCode {
    match run(Command::parse().action) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = format!("error: {error}\n");
            let mut cause = error.source();
            while let Some(error) = cause {
                text += &format!("  caused by: {error}\n");
                cause = error.source();
            }
            // When even this fails, the exit code still says it.
            let _ = io::stderr().lock().write_all(text.as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn run(action: Action) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    match action {
        Action::Emit {
            lanes,
            slots,
            levels,
            max_log2_n,
            beat_words,
            unit,
            out: directory,
        } => {
            let mut parameters = CoreParameters::for_lanes(lanes)?;
            parameters.slots = slots.unwrap_or(parameters.slots);
            parameters.levels = levels.unwrap_or(parameters.levels);
            parameters.max_log2_n = max_log2_n.unwrap_or(parameters.max_log2_n);
            parameters.beat_words = beat_words.unwrap_or(parameters.beat_words);
            let entry = find(&unit)?;
            let design = (entry.emit)(&entry.top(), &parameters)?;
            for path in design.write(&directory)? {
                writeln!(out, "{}", path.display())?;
            }
        }
        Action::Report {
            mut lanes,
            units: names,
            directory,
        } => {
            // Before the units, which take minutes.
            for &lanes in &lanes {
                CoreParameters::for_lanes(lanes)?;
            }
            let mut units = report::arithmetic()?;
            units.extend(report::datapath()?);
            if !names.is_empty() {
                units = report::select(units, &names)?;
                lanes.clear();
            }
            let options = report::Options::new(units, directory);
            writeln!(out, "{}", report::run(&options)?)?;
            for lanes in lanes {
                writeln!(out, "{}", report::core(&options, lanes)?)?;
            }
        }
        Action::Trace {
            unit,
            out: path,
            cycles,
            lanes,
            directory,
            seed,
        } => {
            let entry = find(&unit)?;
            match entry.trace.ok_or(CatalogueError::NoStimulus(unit))? {
                Trace::Operands(vcd) => {
                    let vcd = vcd(cycles.unwrap_or(UNIT_CYCLES), seed)?;
                    write_files(&[(&path, &vcd)])?;
                }
                Trace::Rotation => {
                    let parameters = CoreParameters::for_lanes(lanes)?;
                    let directory = directory.join(format!("core-{lanes}"));
                    let cycles = cycles.unwrap_or(u64::MAX / 2);
                    verilate::trace(&parameters, &directory, cycles, seed, &path)?;
                }
            }
            writeln!(out, "{}", path.display())?;
        }
    }
    Ok(())
}
