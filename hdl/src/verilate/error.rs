//! Why a core cannot be verilated or a batch not be run.

use crate::blind_rotate::BuildError;
use crate::catalogue::CatalogueError;
use crate::emit::EmitError;
use crate::ntt::ShapeError;
use gyrus_interface::ImageError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Why a core cannot be verilated or a batch not be run.
#[derive(Debug, Error)]
pub enum VerilateError {
    /// No such lanes or polynomial size.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The core cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The card cannot be built or written.
    #[error(transparent)]
    Card(#[from] CatalogueError),
    /// The key has no image for it.
    #[error(transparent)]
    Key(#[from] ImageError),
    /// It cannot be written as Verilog.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// A program that is not installed.
    #[error("'{0}' is missing: run scripts/setup, or install Verilator 5, g++ and make")]
    Missing(String),
    /// A program that cannot be started.
    #[error("cannot run '{program}'")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program that took too long.
    #[error("{step} in '{directory}' took more than {deadline:?}")]
    Deadline {
        /// What was done.
        step: &'static str,
        /// Where.
        directory: PathBuf,
        /// How long it had.
        deadline: Duration,
    },
    /// A program that failed.
    #[error("{step} in '{directory}' failed: {message}")]
    Failed {
        /// What was done.
        step: &'static str,
        /// Where.
        directory: PathBuf,
        /// The end of what it said.
        message: String,
    },
    /// A file that cannot be read or written.
    #[error("cannot use '{path}'")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A batch that the core cannot run.
    #[error("the batch does not fit the core: {0}")]
    Job(String),
    /// The harness reported something else than measurements.
    #[error("the harness reported no '{0}'")]
    Report(&'static str),
}
