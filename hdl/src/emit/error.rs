//! Why a block cannot be emitted.

use rust_hdl::core::check_error::CheckError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a block cannot be emitted. A `module` is given as the path of its instance.
#[derive(Debug, Error)]
pub enum EmitError {
    /// Rust-HDL's own checks refuse the block.
    #[error("the block fails the checks of Rust-HDL: {0}")]
    Check(String),
    /// A block uses something that this printer does not write.
    #[error("{module}: cannot write {what} in Verilog")]
    Unsupported {
        /// The instance.
        module: String,
        /// What it uses.
        what: String,
    },
    /// The logic of a block names a signal that it does not have.
    #[error("{module}: there is no signal, constant or state '{name}'")]
    UnknownName {
        /// The instance.
        module: String,
        /// The name as Rust-HDL gives it.
        name: String,
    },
    /// A name is not an identifier of Verilog, or a reserved word.
    #[error("{module}: '{name}' cannot be a Verilog name: {reason}")]
    IllegalName {
        /// The instance, or the design.
        module: String,
        /// The name.
        name: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// Two things of one module have the same Verilog name.
    #[error("{module}: two things have the Verilog name '{name}'; rename a field")]
    NameCollision {
        /// The instance.
        module: String,
        /// The name.
        name: String,
    },
    /// A clock that is not the port `clock`, forwarded unchanged.
    #[error("{module}: clock '{name}' {reason}; a design has one clock, the port 'clock'")]
    Clock {
        /// The instance.
        module: String,
        /// The clock signal.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A block written in Verilog declares an array that the manifest cannot account for.
    #[error("{module}: an array without a line '// memory: ..' (see gyrus_hdl::memory::Shape)")]
    UncountedMemory {
        /// The instance.
        module: String,
    },
    /// A file cannot be written.
    #[error("cannot write '{path}'")]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The manifest cannot be written as JSON.
    #[error("cannot write the manifest as JSON")]
    Manifest(#[from] serde_json::Error),
}

impl From<CheckError> for EmitError {
    fn from(error: CheckError) -> Self {
        let (what, mut names) = match error {
            CheckError::OpenSignal(open) => ("undriven signals", open.into_values().collect()),
            CheckError::LogicLoops(names) => ("signals read before they are driven", names),
            CheckError::WritesToInputs(names) => ("inputs driven from inside", names),
        };
        names.sort_by(|a, b| (&a.path, &a.name).cmp(&(&b.path, &b.name)));
        names.dedup();
        let list: Vec<String> = names
            .iter()
            .map(|name| format!("{}.{}", name.path.replace('$', "."), name.name))
            .collect();
        Self::Check(format!("{what}: {}", list.join(", ")))
    }
}
