//! `gyrus keygen`

use super::Insecure;
use super::error::CliError;
use super::output::{Output, bytes, seconds};
use crate::files::{self, Destination, Overwrite};
use clap::Args;
use gyrus_interface::{PRIMARY, ParameterSet, catalogue};
use std::path::PathBuf;
use std::time::Instant;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of the parameter set; `gyrus info` lists them.
    #[arg(long, value_name = "NAME", default_value = PRIMARY)]
    parameters: String,
    #[command(flatten)]
    insecure: Insecure,
    /// Where to write the client key. Secret: it never has to leave this machine.
    #[arg(long, value_name = "FILE")]
    client_key: PathBuf,
    /// Where to write the evaluation key, which the server needs.
    #[arg(long, value_name = "FILE")]
    evaluation_key: PathBuf,
    /// Replace existing files. Data encrypted with a replaced client key is lost.
    #[arg(long)]
    force: bool,
}

/// The parameter set of that name, if it may be used.
pub(super) fn find_parameters(name: &str, insecure: &Insecure) -> Result<ParameterSet, CliError> {
    let set = catalogue::find(name).ok_or_else(|| CliError::NoSuchParameters(name.to_owned()))?;
    set.admit(insecure.allowed)?;
    Ok(set)
}

/// Says so when the set protects nothing.
pub(super) fn warn_if_insecure(set: &ParameterSet, out: &mut Output) {
    if set.is_insecure() {
        out.warn(format_args!(
            "{} protects nothing; use it for tests only",
            set.name
        ));
    }
}

/// What to do with existing files.
pub(super) const fn overwrite(force: bool) -> Overwrite {
    if force {
        Overwrite::Replace
    } else {
        Overwrite::Refuse
    }
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let set = find_parameters(&arguments.parameters, &arguments.insecure)?;
    let client_file = Destination::new(&arguments.client_key, overwrite(arguments.force))?;
    let evaluation_file = Destination::new(&arguments.evaluation_key, overwrite(arguments.force))?
        .sparing(&[&arguments.client_key])?;
    warn_if_insecure(&set, out);
    let start = Instant::now();
    let (client, evaluation) = files::generate_keys(&set)?;
    out.remark(format_args!(
        "made keys for {} in {}",
        set.name,
        seconds(start.elapsed())
    ))?;
    // Both are complete before either gets its name: a pair is replaced as a pair.
    let evaluation_staged = evaluation.stage(&evaluation_file)?;
    let client_staged = client.stage(&client_file)?;
    let evaluation_bytes = evaluation_staged.publish()?;
    let client_bytes = client_staged.publish()?;
    out.result(format_args!("key pair        {}", client.key_id()))?;
    out.result(format_args!(
        "client key      {} ({}; secret, keep it here)",
        client_file.path().display(),
        bytes(client_bytes)
    ))?;
    out.result(format_args!(
        "evaluation key  {} ({}; for the server)",
        evaluation_file.path().display(),
        bytes(evaluation_bytes)
    ))
}
