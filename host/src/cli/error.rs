//! Why a command failed, and what to do about it.

use crate::device::DeviceChoice;
use crate::files::FileError;
use crate::model::ModelError;
use crate::remote::RemoteError;
use crate::session::SessionError;
use crate::tfhe::{ImportError, WordsError};
use boards::BoardError;
use gyrus_interface::{DeviceError, ParameterError};
use gyrus_sim::timing::TimingError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

#[derive(Debug, Error)]
pub(super) enum CliError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("model '{model}' cannot be used")]
    Model { model: String, source: ModelError },
    #[error("cannot read model '{path}'")]
    ModelFile { path: PathBuf, source: io::Error },
    #[error("cannot read images '{path}'")]
    ImagesFile { path: PathBuf, source: io::Error },
    #[error("images '{path}' cannot be used: {reason}")]
    Images { path: PathBuf, reason: String },
    #[error("there is no held-out image {index}; they are numbered from 0 to {last}")]
    NoSuchImage { index: usize, last: usize },
    #[error("'{0}' is not a parameter set")]
    NoSuchParameters(String),
    #[error("there is no {what} '{name}'")]
    Unknown {
        what: &'static str,
        name: String,
        known: Vec<String>,
    },
    #[error("the boards cannot be listed")]
    Boards(#[from] BoardError),
    #[error("there is no such card")]
    Timing(#[from] TimingError),
    #[error("the parameter set is refused")]
    Parameters(#[from] ParameterError),
    #[error("the evaluation key cannot be used")]
    Import(#[from] ImportError),
    #[error("the ciphertexts do not fit the key")]
    Words(#[from] WordsError),
    #[error("device '{choice}' cannot be used")]
    Device {
        choice: DeviceChoice,
        source: DeviceError,
    },
    #[error("the device failed")]
    Measure(#[from] DeviceError),
    #[error("{options}: only the simulated logic can be told so, and the device is '{choice}'")]
    NoLogic {
        options: String,
        choice: DeviceChoice,
    },
    #[error("the bootstraps failed")]
    Session(#[from] SessionError),
    #[error("inference failed")]
    Inference(#[source] ModelError),
    #[error(
        "only {agree} of {count} decrypted answers equal the plaintext model's, fewer than 98%"
    )]
    Disagreement { agree: usize, count: usize },
    #[error("{wrong} of {count} results of the device are wrong")]
    WrongResults { wrong: usize, count: usize },
    #[error("the encrypted answers have {answers} images, --index names {numbers}")]
    ImageNumbers { answers: usize, numbers: usize },
    #[error("the server's part failed")]
    Remote(#[from] RemoteError),
    #[error("a checkpoint of llama2.c comes with a tokeniser")]
    NoTokeniser,
    #[error("a client key alone computes nothing")]
    NoServer,
    #[error("cannot write the results")]
    Output(#[from] io::Error),
}

impl CliError {
    /// What the user can do about it.
    pub(super) fn help(&self) -> String {
        match self {
            Self::File(error) => error.help(),
            Self::Model { source, .. } | Self::Inference(source) => source.help(),
            Self::ModelFile { .. } => {
                "check the path; without --model the digits model of this program is used".into()
            }
            Self::ImagesFile { .. } => "check the path".into(),
            Self::Images { .. } => {
                "give a .json file in the format of models/digits/heldout.json, or a text file \
                 with the integers of one image per line, separated by commas"
                    .into()
            }
            Self::NoSuchImage { .. } => "choose other numbers for --index".into(),
            Self::NoSuchParameters(_) => "'gyrus info' lists the parameter sets".into(),
            Self::Unknown { known, .. } => format!("one of {}", known.join(", ")),
            Self::Boards(_) => "this is a fault of this program: report it".into(),
            Self::Timing(_) => {
                "try other --lanes (2, 4, 8, 16, 32, 64 or 128), --set or --batch".into()
            }
            Self::Parameters(ParameterError::Insecure(_)) => {
                "for tests only: give --insecure-parameters".into()
            }
            Self::Parameters(_) => "'gyrus info' lists the parameter sets".into(),
            Self::Import(_) | Self::Words(_) => "make new keys with 'gyrus keygen'".into(),
            Self::Device { .. } => "'gyrus info' lists the devices; try --device model".into(),
            Self::NoLogic { options, .. } => {
                format!("give --device rtl, too, or leave {options} out")
            }
            Self::Session(_) | Self::Measure(_) => {
                "try again, or use another device (--device)".into()
            }
            Self::Disagreement { .. } => {
                "with parameters that the model was made for, this is a fault of the device or of \
                 this program; compare with --device model, and report it"
                    .into()
            }
            Self::WrongResults { .. } => {
                "this is a fault of the device or of this program: its figures are worth nothing; \
                 compare with --device model, and report it"
                    .into()
            }
            Self::ImageNumbers { .. } => {
                "give the numbers that 'gyrus encrypt' was given, in the same order".into()
            }
            Self::Remote(error) => error.help(),
            Self::NoTokeniser => "give --tokeniser, too".into(),
            Self::NoServer => "give --connect, too".into(),
            Self::Output(_) => "check the terminal, the pipe or the free space".into(),
        }
    }
}
