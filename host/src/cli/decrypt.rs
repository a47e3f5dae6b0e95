//! `gyrus decrypt`

use super::Insecure;
use super::error::CliError;
use super::output::Output;
use crate::files::{ClientSecret, EncryptedOutput};
use crate::model::classify;
use crate::tfhe;
use clap::Args;
use std::path::PathBuf;
use zeroize::Zeroizing;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The client key.
    #[arg(long, value_name = "FILE")]
    client_key: PathBuf,
    /// The encrypted answers.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    #[command(flatten)]
    insecure: Insecure,
}

/// Decrypts answers to phases, `[images][outputs]`. Phases carry noise that depends on the key:
/// they are for measurements on the client's side and must not be handed on.
pub(super) fn phases(
    key: &ClientSecret,
    output: &EncryptedOutput,
) -> Result<Zeroizing<Vec<u64>>, CliError> {
    Ok(key.with_key(|key| tfhe::decrypt_phases(key, output.words()))?)
}

/// The class of every image.
pub(super) fn classes(phases: &[u64], output: &EncryptedOutput) -> Vec<usize> {
    phases
        .chunks_exact(output.outputs())
        .map(classify)
        .collect()
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let key = ClientSecret::read(&arguments.client_key, arguments.insecure.allowed)?;
    let output = EncryptedOutput::read(&arguments.input, arguments.insecure.allowed)?;
    output.check_key(&arguments.input, key.parameters(), key.key_id())?;
    out.remark(format_args!("answers of model {}", output.model()))?;
    for (image, class) in classes(&phases(&key, &output)?, &output).iter().enumerate() {
        out.result(format_args!("image {image}: {class}"))?;
    }
    Ok(())
}
