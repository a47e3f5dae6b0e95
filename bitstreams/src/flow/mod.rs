//! The whole way, from a board's name to its files.

mod build;
mod check;
mod measure;
mod scripts;
mod table;
mod units;

pub use build::{Vivado, build};
pub use check::{Checked, check};
pub use measure::measure;
pub use units::units;

use crate::constraints::ConstraintError;
use crate::ecp5::Ecp5Error;
use crate::process::ProcessError;
use crate::resources::ChooseError;
use crate::synthesis::{SynthesisError, Tool};
use crate::tcl::TclError;
use crate::{Board, BoardError, ElaborateError, ShellError, all};
use gyrus_hdl::emit::EmitError;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// The time that a run of Yosys has.
const SYNTHESIS: Duration = Duration::from_secs(1800);

/// Why there is no bitstream, or no answer.
#[derive(Debug, Error)]
pub enum FlowError {
    /// No such board.
    #[error("there is no board '{name}'; choose one of: {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The boards' facts.
    #[error(transparent)]
    Board(#[from] BoardError),
    /// The card for the board.
    #[error(transparent)]
    Choose(#[from] ChooseError),
    /// Synthesis.
    #[error(transparent)]
    Synthesis(#[from] SynthesisError),
    /// A program, or a file.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The vendor's tool is not there.
    #[error(
        "{} is missing: install Vivado and source its settings64.sh, or name the program with --vivado; \
         --check does all that needs no vendor tools", program.display()
    )]
    NoVivado {
        /// The program.
        program: PathBuf,
    },
    /// The vendor's tool did not make a bitstream.
    #[error("Vivado made no bitstream; reports are in {}", directory.display())]
    Vivado {
        /// The directory.
        directory: PathBuf,
        /// What it said.
        source: ProcessError,
    },
    /// The vendor's tool ended well, but the image is not there.
    #[error("Vivado ended without an error, but {} is not there", .0.display())]
    NoImage(PathBuf),
    /// The board's owner has a kit that builds.
    #[error(
        "the kit of board '{0}' builds its image, not this command: --check makes the kit's directory, \
         bitstreams/{0}/README.md says how to go on"
    )]
    ByKit(String),
    /// The board has no scripts.
    #[error("there are no scripts for board '{0}'")]
    NoScripts(String),
    /// What others publish.
    #[error("published.toml cannot be read")]
    Published(#[source] toml::de::Error),
    /// By open tools.
    #[error(transparent)]
    Ecp5(#[from] Ecp5Error),
    /// The scripts for the vendor's tools.
    #[error("the scripts for the vendor's tools are wrong")]
    Tcl(#[from] TclError),
    /// The constraints.
    #[error("the constraints are wrong")]
    Constraints(#[from] ConstraintError),
    /// The card on its board.
    #[error(transparent)]
    Elaborate(#[from] ElaborateError),
    /// The shell around the custom logic.
    #[error(transparent)]
    Shell(#[from] ShellError),
    /// A design cannot be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// Output, or a file.
    #[error("cannot write {0}")]
    Write(String, #[source] std::io::Error),
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Order {
    /// The board.
    pub board: Board,
    /// The card's lanes, if not the best.
    pub lanes: Option<u32>,
    /// The card's clock, if not the board's.
    pub clock_mhz: Option<u32>,
    /// Where all files go.
    pub directory: PathBuf,
}

impl Order {
    /// The top module.
    fn top(&self) -> String {
        format!("gyrus_{}", self.board.name)
    }

    fn clock_mhz(&self) -> u32 {
        self.clock_mhz.unwrap_or(self.board.assumed.clock_mhz)
    }
}

/// The board of a name.
///
/// # Errors
/// [`FlowError::Unknown`] if there is none.
pub fn find(name: &str) -> Result<Board, FlowError> {
    let boards = all()?;
    let known = boards.iter().map(|board| board.name.clone()).collect();
    let found = boards.into_iter().find(|board| board.name == name);
    found.ok_or_else(|| FlowError::Unknown {
        name: name.to_owned(),
        known,
    })
}

/// Yosys for a family, on all cores.
fn tool(family: &str, directory: &Path) -> Tool {
    Tool {
        yosys: "yosys".into(),
        directory: directory.to_owned(),
        family: family.to_owned(),
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        deadline: SYNTHESIS,
    }
}

/// How far synthesis is: it can take minutes.
fn tell(lanes: usize, done: usize, known: usize) {
    eprintln!("synthesis of P = {lanes}: {done} of {known} units that are known so far");
}

fn written(error: std::io::Error) -> FlowError {
    FlowError::Write("what was found".to_owned(), error)
}
