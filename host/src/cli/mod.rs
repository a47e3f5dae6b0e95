//! The `gyrus` command.
//!
//! Results go to the standard output, progress and errors to the standard error. Exit codes: 0 when
//! all went well, 1 when something failed, 2 when the command line was wrong.

mod bench;
mod boards;
mod cycles;
mod data;
mod decrypt;
mod demo;
mod encrypt;
mod error;
mod generate;
mod images;
mod infer;
mod info;
mod inspect;
mod keygen;
mod language;
mod lines;
mod machine;
mod output;
mod plan;
mod serve;
mod simulate;

use clap::{Args, Parser, Subcommand};
use error::CliError;
use output::Output;
use std::process::ExitCode;
use std::time::Duration;

/// Encrypted inference on the Gyrus accelerator for TFHE.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Command {
    /// Print results and errors only.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Seconds between two lines of progress, where the standard error is no terminal.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    progress_seconds: u16,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a client key (secret) and its evaluation key (for the server).
    Keygen(keygen::Arguments),
    /// Encrypt images with the client key.
    Encrypt(encrypt::Arguments),
    /// Run a model on encrypted images, with the evaluation key only.
    Infer(infer::Arguments),
    /// Decrypt the answers with the client key.
    Decrypt(decrypt::Arguments),
    /// Show devices, parameter sets and key sizes.
    Info(info::Arguments),
    /// Measure bootstraps per second on a device.
    Bench(bench::Arguments),
    /// Measure bootstraps in cycles of a card's clock; with --device rtl those of the real logic.
    Cycles(cycles::Arguments),
    /// Predict what a card on a board would do; no card and no key is needed.
    Plan(plan::Arguments),
    /// Let a language model continue an encrypted prompt.
    Generate(generate::Arguments),
    /// Serve a language model to clients elsewhere, with the evaluation key only.
    Serve(serve::Arguments),
    /// Run texts through a language model in the clear, with the noise of encryption: how good it would be. Nothing
    /// is encrypted.
    Simulate(simulate::Arguments),
    /// Show what a language model takes: bootstraps, levels, noise, sizes, time.
    Inspect(inspect::Arguments),
    /// All of it in one go, on handwritten digits that come with the program.
    Demo(demo::Arguments),
}

/// The permission to use parameters that protect nothing.
#[derive(Debug, Args)]
struct Insecure {
    /// Accept INSECURE_... parameter sets; for tests, they protect nothing.
    #[arg(long = "insecure-parameters")]
    allowed: bool,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let command = Command::parse();
    let mut out = Output::new(
        command.quiet,
        Duration::from_secs(command.progress_seconds.into()),
    );
    let result = match command.action {
        Action::Keygen(arguments) => keygen::run(&arguments, &mut out),
        Action::Encrypt(arguments) => encrypt::run(&arguments, &mut out),
        Action::Infer(arguments) => infer::run(&arguments, &mut out),
        Action::Decrypt(arguments) => decrypt::run(&arguments, &mut out),
        Action::Info(arguments) => info::run(&arguments, &mut out),
        Action::Bench(arguments) => bench::run(&arguments, &mut out),
        Action::Cycles(arguments) => cycles::run(&arguments, &mut out),
        Action::Plan(arguments) => plan::run(&arguments, &mut out),
        Action::Generate(arguments) => generate::run(&arguments, &mut out),
        Action::Serve(arguments) => serve::run(&arguments, &mut out),
        Action::Simulate(arguments) => simulate::run(&arguments, &mut out),
        Action::Inspect(arguments) => inspect::run(&arguments, &mut out),
        Action::Demo(arguments) => demo::run(&arguments, &mut out),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads our output has seen enough, as with `gyrus info | head -1`.
        Err(CliError::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            out.error(&error);
            ExitCode::FAILURE
        }
    }
}
