//! `gyrus infer`

use super::Insecure;
use super::data::{check_parameters, load_model};
use super::error::CliError;
use super::keygen::{overwrite, warn_if_insecure};
use super::machine::{Machine, describe};
use super::output::{Output, bytes, seconds};
use crate::files::{Destination, EncryptedInput, EncryptedOutput, EvaluationKeyFile};
use crate::model::{self, Executor, Network};
use crate::session::Session;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The evaluation key.
    #[arg(long, value_name = "FILE")]
    evaluation_key: PathBuf,
    /// The encrypted images.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The model to run; the digits model of this program when left out.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Where to write the encrypted answers.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// Encrypted answers, and what they took.
pub(super) struct Inference {
    pub(super) output: EncryptedOutput,
    pub(super) bootstraps: usize,
    pub(super) time: Duration,
}

impl Inference {
    pub(super) fn rate(&self) -> f64 {
        self.bootstraps as f64 / self.time.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Runs `network` on `input`.
pub(super) fn infer(
    session: &Session,
    network: &Network,
    input: &EncryptedInput,
    machine: &Machine,
    out: &Output,
) -> Result<Inference, CliError> {
    let executor =
        Executor::new(network, session, machine.threads()).map_err(CliError::Inference)?;
    let bootstraps = executor.bootstraps(input.images());
    let mut progress = out.progress("inference", "bootstraps", bootstraps as u64);
    let start = Instant::now();
    let words = executor
        .run(input.lists(), &mut |done| progress.set(done as u64))
        .map_err(CliError::Inference)?;
    let time = start.elapsed();
    Ok(Inference {
        output: EncryptedOutput::new(input, network.outputs(), words)?,
        bootstraps,
        time,
    })
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    // Everything that can be wrong is looked at before the long computation.
    let inputs = [&arguments.evaluation_key, &arguments.input];
    let inputs = inputs.into_iter().chain(&arguments.model);
    let kept: Vec<&Path> = inputs.map(PathBuf::as_path).collect();
    let destination =
        Destination::new(&arguments.out, overwrite(arguments.force))?.sparing(&kept)?;
    let network = load_model(arguments.model.as_deref())?;
    let key = EvaluationKeyFile::read(&arguments.evaluation_key, arguments.insecure.allowed)?;
    let input = EncryptedInput::read(&arguments.input, arguments.insecure.allowed)?;
    input.check_key(&arguments.input, key.parameters(), key.key_id())?;
    input.check_model(&arguments.input, network.reference())?;
    check_parameters(&network, key.parameters(), out)?;
    if input.inputs() != network.inputs() {
        let (found, wanted) = (input.inputs(), network.inputs());
        return Err(CliError::Inference(model::ModelError::InputCount {
            found,
            wanted,
        }));
    }
    EncryptedOutput::check_size(
        key.parameters(),
        key.key_id(),
        network.reference(),
        input.images(),
        network.outputs(),
    )?;
    warn_if_insecure(key.parameters(), out);
    let session = arguments.machine.open(&key, &arguments.insecure, out)?;
    out.remark(format_args!(
        "device      {}",
        describe(&session.statistics().identity)
    ))?;
    let inference = infer(&session, &network, &input, &arguments.machine, out)?;
    let size = inference.output.write(&destination)?;
    out.result(format_args!(
        "{} images, {} bootstraps in {} ({:.1} PBS/s); encrypted answers in {} ({})",
        input.images(),
        inference.bootstraps,
        seconds(inference.time),
        inference.rate(),
        destination.path().display(),
        bytes(size)
    ))
}
