//! Loading and compiling language models.

use super::Insecure;
use super::data::read_file;
use super::error::CliError;
use super::keygen::find_parameters;
use crate::model::transformer::{self, ALL_BITS, BITS, Language, Transformer};
use crate::model::{FILE_LIMIT, ModelError};
use clap::Args;
use gyrus_interface::{ParameterSet, catalogue};
use std::path::{Path, PathBuf};

/// The language model of a command.
#[derive(Debug, Clone, Args)]
pub(super) struct ModelChoice {
    /// Language model: a .json file, with its weights beside it in a .safetensors file of the same name, or a
    /// checkpoint of llama2.c (.bin); the names model of this program when left out.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    checkpoint: Checkpoint,
}

/// What goes with a checkpoint of llama2.c.
#[derive(Debug, Clone, Args)]
pub(super) struct Checkpoint {
    /// The tokeniser of a checkpoint of llama2.c.
    #[arg(long, value_name = "FILE")]
    tokeniser: Option<PathBuf>,
    /// Bits of a weight of a checkpoint of llama2.c, the sign included.
    #[arg(long, value_name = "COUNT", default_value_t = BITS, value_parser = clap::value_parser!(u32).range(2..=15))]
    bits: u32,
}

impl ModelChoice {
    /// The model in a file, or that of this program.
    pub(super) const fn of(model: Option<PathBuf>, checkpoint: Checkpoint) -> Self {
        Self { model, checkpoint }
    }

    /// What the model is called in messages.
    fn name(&self) -> String {
        let path = self.model.as_ref();
        path.map_or_else(|| "names".into(), |path| path.display().to_string())
    }

    /// Reads the model.
    pub(super) fn load(&self) -> Result<Transformer, CliError> {
        let model = match &self.model {
            None => transformer::names(),
            Some(path) if path.extension().is_some_and(|extension| extension == "bin") => {
                let tokeniser = self
                    .checkpoint
                    .tokeniser
                    .as_ref()
                    .ok_or(CliError::NoTokeniser)?;
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                let (checkpoint, tokeniser) = (content(path)?, content(tokeniser)?);
                transformer::read_llama2c(&name, &checkpoint, &tokeniser, self.checkpoint.bits)
            }
            Some(path) => transformer::read(
                &content(path)?,
                &content(&path.with_extension("safetensors"))?,
            ),
        };
        model.map_err(|source| self.refused(source))
    }

    /// The parameter set of that name, or that of the model, if it may be used.
    pub(super) fn parameters(
        name: Option<&str>,
        model: &Transformer,
        insecure: &Insecure,
    ) -> Result<ParameterSet, CliError> {
        find_parameters(name.unwrap_or(&model.parameter_set), insecure)
    }

    /// Reads the model with weights as they were before they were rounded, if the file has them.
    pub(super) fn load_original(&self) -> Result<Transformer, CliError> {
        let mut choice = self.clone();
        choice.checkpoint.bits = ALL_BITS;
        choice.load()
    }

    /// Compiles a model for the parameters of these keys, or those that it was made for.
    pub(super) fn compile(
        &self,
        model: Transformer,
        set: Option<&ParameterSet>,
    ) -> Result<Language, CliError> {
        let own = || {
            catalogue::find(&model.parameter_set)
                .ok_or_else(|| self.refused(ModelError::ParameterSet(model.parameter_set.clone())))
        };
        let set = set.map_or_else(own, |set| Ok(set.clone()))?;
        Language::compile(model, &set).map_err(|source| self.refused(source))
    }

    fn refused(&self, source: ModelError) -> CliError {
        CliError::Model {
            model: self.name(),
            source,
        }
    }
}

fn content(path: &Path) -> Result<Vec<u8>, CliError> {
    let content = read_file(path, FILE_LIMIT).map_err(|source| CliError::ModelFile {
        path: path.to_path_buf(),
        source,
    })?;
    content.ok_or_else(|| CliError::Model {
        model: path.display().to_string(),
        source: ModelError::TooLarge { limit: FILE_LIMIT },
    })
}
