//! `gyrus encrypt`

use super::Insecure;
use super::data::{check_parameters, load_model};
use super::error::CliError;
use super::images::{self, Image};
use super::keygen::overwrite;
use super::output::{Output, bytes};
use crate::files::{ClientSecret, Destination, EncryptedInput, EncryptedOutput};
use crate::model::Network;
use crate::tfhe;
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The client key.
    #[arg(long, value_name = "FILE")]
    client_key: PathBuf,
    /// The model that the images are for; the digits model of this program when left out.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// Where to write the encrypted images.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace an existing file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    insecure: Insecure,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// Images to encrypt: JSON as models/digits/heldout.json, or one image of comma-separated
    /// integers per line.
    #[arg(long, value_name = "FILE")]
    images: Option<PathBuf>,
    /// Numbers of held-out images that come with the program.
    #[arg(long, value_name = "NUMBER", num_args = 1..)]
    index: Vec<usize>,
}

/// Encrypts `images` for `network`. Refuses at once what would make answers that do not fit a file.
pub(super) fn encrypt(
    key: &ClientSecret,
    network: &Network,
    images: &[Image],
) -> Result<EncryptedInput, CliError> {
    let reference = network.reference().clone();
    let (set, count) = (key.parameters(), images.len());
    EncryptedOutput::check_size(set, key.key_id(), &reference, count, network.outputs())?;
    let lists = key.with_key(|key| {
        images
            .iter()
            .map(|image| Ok(tfhe::encrypt_words(key, &network.encode(&image.values))?))
            .collect::<Result<Vec<_>, CliError>>()
    })?;
    Ok(EncryptedInput::new(
        set.clone(),
        key.key_id(),
        reference,
        lists,
    )?)
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let inputs = [&arguments.model, &arguments.source.images];
    let inputs = inputs.into_iter().flatten().map(PathBuf::as_path);
    let kept: Vec<&Path> = inputs.chain([arguments.client_key.as_path()]).collect();
    let destination =
        Destination::new(&arguments.out, overwrite(arguments.force))?.sparing(&kept)?;
    let network = load_model(arguments.model.as_deref())?;
    let images = match &arguments.source.images {
        Some(path) => images::read(path, &network)?,
        None => images::held_out(&arguments.source.index, &network)?,
    };
    let key = ClientSecret::read(&arguments.client_key, arguments.insecure.allowed)?;
    check_parameters(&network, key.parameters(), out)?;
    let size = encrypt(&key, &network, &images)?.write(&destination)?;
    out.result(format_args!(
        "encrypted {} images of {} values for model {} to {} ({})",
        images.len(),
        network.inputs(),
        network.reference(),
        destination.path().display(),
        bytes(size)
    ))
}
