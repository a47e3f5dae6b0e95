//! `gyrus decrypt`

use super::Insecure;
use super::data::load_model;
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
    /// The model, for the names of its classes; the digits model of this program when left out.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Numbers of the images, as they were given to `gyrus encrypt`. Encrypted files do not hold
    /// them: they would tell the server what is in the images.
    #[arg(long, value_name = "NUMBER", num_args = 1..)]
    index: Vec<usize>,
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
    let network = load_model(arguments.model.as_deref())?;
    if arguments.model.is_some() {
        output.check_model(&arguments.input, network.reference())?;
    }
    let known = network.reference() == output.model();
    let names = if known { network.classes() } else { &[] };
    let numbers: Vec<usize> = match arguments.index.as_slice() {
        [] => (0..output.images()).collect(),
        numbers if numbers.len() == output.images() => numbers.to_vec(),
        numbers => {
            return Err(CliError::ImageNumbers {
                answers: output.images(),
                numbers: numbers.len(),
            });
        }
    };
    out.remark(format_args!("answers of model {}", output.model()))?;
    for (number, class) in numbers
        .iter()
        .zip(classes(&phases(&key, &output)?, &output))
    {
        match names.get(class) {
            Some(name) => out.result(format_args!("image {number}: {name}"))?,
            None => out.result(format_args!("image {number}: class {class}"))?,
        }
    }
    Ok(())
}
