//! What can be wrong with a file.

use super::container::{FORMAT_VERSION, IMAGE_LIMIT, Kind};
use super::header::KeyId;
use gyrus_interface::ParameterError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a file was not read or written. Every message names the file and what is wrong with it;
/// [`FileError::help`] says what to do.
#[derive(Debug, Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("cannot {action} '{path}'")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A directory, a pipe, or something else that is not a file.
    #[error("'{path}' is not a regular file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file has no content.
    #[error("'{path}' is empty")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first bytes are not those of a Gyrus file.
    #[error("'{path}' is not a Gyrus file")]
    NotGyrus {
        /// The file.
        path: PathBuf,
    },
    /// Another version of the format.
    #[error("'{path}' has format version {found}, this program reads version {FORMAT_VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u16,
    },
    /// A kind number that this version does not define.
    #[error("'{path}' is of a kind that this program does not know (number {number})")]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// The number.
        number: u16,
    },
    /// A client key where something else was expected.
    #[error(
        "'{path}' IS A SECRET CLIENT KEY, but {wanted} was expected here; \
         nothing was read from it"
    )]
    SecretKey {
        /// The file.
        path: PathBuf,
        /// What was expected.
        wanted: Kind,
    },
    /// Another kind than expected.
    #[error("'{path}' holds {found}, but {wanted} was expected")]
    WrongKind {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: Kind,
        /// What was expected.
        wanted: Kind,
    },
    /// A length in the file is above the limit of its kind.
    #[error("'{path}' declares a {part} of {declared} bytes; at most {limit} are accepted")]
    Oversized {
        /// The file.
        path: PathBuf,
        /// Header or payload.
        part: &'static str,
        /// Declared bytes.
        declared: u64,
        /// Accepted bytes.
        limit: u64,
    },
    /// The file ends too early.
    #[error("'{path}' is truncated: it has {found} bytes of {expected}")]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        found: u64,
        /// The bytes that it declares.
        expected: u64,
    },
    /// The file goes on after its end.
    #[error("'{path}' has {extra} bytes after its end")]
    TrailingBytes {
        /// The file.
        path: PathBuf,
        /// How many.
        extra: u64,
    },
    /// The checksum is another one.
    #[error("'{path}' is corrupted: its checksum does not match its content")]
    Corrupted {
        /// The file.
        path: PathBuf,
    },
    /// The header is not what this version writes.
    #[error("the header of '{path}' is malformed")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The header and the payload contradict each other.
    #[error("the content of '{path}' is inconsistent: {reason}")]
    Inconsistent {
        /// The file.
        path: PathBuf,
        /// What contradicts what.
        reason: String,
    },
    /// Parameters that may not be used.
    #[error("the parameters of '{path}' are refused")]
    Parameters {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParameterError,
    },
    /// Two files with different parameter sets.
    #[error("'{path}' was made for parameter set '{found}', the keys for '{wanted}'")]
    OtherParameters {
        /// The file that does not fit.
        path: PathBuf,
        /// Its set.
        found: String,
        /// The set of the keys.
        wanted: String,
    },
    /// Two files of different key pairs.
    #[error("'{path}' belongs to another key pair ({found}) than the key ({wanted})")]
    OtherKey {
        /// The file that does not fit.
        path: PathBuf,
        /// Its key pair.
        found: KeyId,
        /// The key pair in use.
        wanted: KeyId,
    },
    /// Data made for another model.
    #[error("'{path}' was made for model {found}, not for {wanted}")]
    OtherModel {
        /// The file that does not fit.
        path: PathBuf,
        /// Its model.
        found: String,
        /// The model in use.
        wanted: String,
    },
    /// A client key that others may read.
    #[error("the permissions of client key '{path}' are too open ({mode:04o}): others can read it")]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The destination is there already.
    #[error("'{path}' exists already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The destination's directory is not there.
    #[error("the directory of '{path}' does not exist")]
    NoDirectory {
        /// The file.
        path: PathBuf,
    },
    /// Two names of one file, where one of them would be written.
    #[error("'{path}' and '{other}' are the same file")]
    SameFile {
        /// The file to be written.
        path: PathBuf,
        /// Its other name.
        other: PathBuf,
    },
    /// Something that is not a client key would replace one.
    #[error("'{path}' is a client key, which nothing but a new client key may replace")]
    ReplacesKey {
        /// The file.
        path: PathBuf,
    },
    /// More than a file of this kind may hold.
    #[error("{kind} with a {part} of {found} bytes is too large for a file: the limit is {limit}")]
    TooLarge {
        /// What would be stored.
        kind: Kind,
        /// Header or payload.
        part: &'static str,
        /// Its bytes.
        found: u64,
        /// Accepted bytes.
        limit: u64,
    },
    /// More images than a file may hold.
    #[error("{found} images are too many for one file: the limit is {IMAGE_LIMIT}")]
    TooManyImages {
        /// Number of images.
        found: usize,
    },
    /// A key or ciphertext that the format has no place for.
    #[error("cannot store this in a Gyrus file: {0}")]
    Unsupported(String),
}

impl FileError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "check the path".into()
            }
            Self::Io { .. } => "check the path, its permissions and the free space".into(),
            Self::NotAFile { .. } => "give the path of a file written by gyrus".into(),
            Self::Empty { .. } | Self::Truncated { .. } => {
                "copy the file again, or make it again; it was probably not written to the end"
                    .into()
            }
            Self::NotGyrus { .. } => {
                "give a file written by gyrus; text-mode transfers damage such files".into()
            }
            Self::Version { found, .. } if *found > FORMAT_VERSION => {
                "use a newer gyrus, or make the file again with this one".into()
            }
            Self::Version { .. } | Self::UnknownKind { .. } => {
                "make the file again with this version of gyrus".into()
            }
            Self::SecretKey { .. } => {
                "never give this file to anyone or to a server; if it has left your machine, make \
                 new keys with 'gyrus keygen'. The file to hand over is the evaluation key"
                    .into()
            }
            Self::WrongKind { wanted, .. } => {
                format!(
                    "check the order of the files; {wanted} is made by {}",
                    wanted.made_by()
                )
            }
            Self::Oversized { .. }
            | Self::TrailingBytes { .. }
            | Self::Corrupted { .. }
            | Self::Header { .. }
            | Self::Inconsistent { .. } => {
                "copy the file again from where it was made, or make it again".into()
            }
            Self::Parameters {
                source: ParameterError::Insecure(_),
                ..
            } => {
                "for tests only: give --insecure-parameters; otherwise make keys with a secure set \
                 ('gyrus info' lists them)"
                    .into()
            }
            Self::Parameters { .. } => {
                "make keys with one of the sets that 'gyrus info' lists".into()
            }
            Self::OtherParameters { .. } | Self::OtherKey { .. } => {
                "use files made with keys from the same 'gyrus keygen'".into()
            }
            Self::OtherModel { .. } => {
                "give the model that the data was encrypted for, or encrypt again for this one"
                    .into()
            }
            Self::TooOpen { path, .. } => format!("run: chmod 600 '{}'", path.display()),
            Self::Exists { .. } => "choose another name, or give --force to replace it".into(),
            Self::SameFile { .. } => "give different files".into(),
            Self::ReplacesKey { .. } => {
                "choose another name; data encrypted with a lost client key is lost too".into()
            }
            Self::TooLarge { .. } | Self::TooManyImages { .. } => {
                "divide the images between several files".into()
            }
            Self::NoDirectory { .. } => "make the directory first, or check the path".into(),
            Self::Unsupported(_) => "make keys with 'gyrus keygen'".into(),
        }
    }
}
