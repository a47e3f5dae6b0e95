//! Reading models and other clear files.

use super::error::CliError;
use super::output::Output;
use crate::model::{self, Network};
use gyrus_interface::ParameterSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The content of a regular file, or `None` when it has more than `limit` bytes.
pub(super) fn read_file(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    // Looked at by name first: opening a pipe would block until someone writes to it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut content = Vec::new();
    File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)?;
    Ok((content.len() as u64 <= limit).then_some(content))
}

/// The model in `path`, or the digits model that comes with the program.
pub(super) fn load_model(path: Option<&Path>) -> Result<Network, CliError> {
    let Some(path) = path else {
        return model::digits().map_err(|source| CliError::Model {
            model: "digits".into(),
            source,
        });
    };
    let content = read_file(path, model::FILE_LIMIT).map_err(|source| CliError::ModelFile {
        path: path.to_path_buf(),
        source,
    })?;
    let network = match content {
        Some(content) => model::parse(&content),
        None => Err(model::ModelError::TooLarge {
            limit: model::FILE_LIMIT,
        }),
    };
    network.map_err(|source| CliError::Model {
        model: path.display().to_string(),
        source,
    })
}

/// Refuses keys of another polynomial size than the model's, and says so when they are of another
/// parameter set: the tables fit then, but the noise is not what the model was made for.
pub(super) fn check_parameters(
    network: &Network,
    set: &ParameterSet,
    out: &mut Output,
) -> Result<(), CliError> {
    model::check_parameters(network, set).map_err(CliError::Inference)?;
    if network.parameter_set() != set.name {
        out.warn(format_args!(
            "model {} was made for parameter set {}, the keys are for {}; the noise differs, and \
             answers may too",
            network.reference(),
            network.parameter_set(),
            set.name
        ));
    }
    Ok(())
}
