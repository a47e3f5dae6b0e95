//! The emitted core under Verilator, fast enough for a whole blind rotation.
//!
//! [`Core::build`] writes the core's Verilog, a top module around it ([`rig`]) and a C++ harness to
//! a directory and makes a program of them; [`Core::run`] runs a batch with it. The harness plays
//! the world around the core: streams, and the memory that holds the key. Words move in binary
//! files, so that the rotations are most of the time.
//!
//! A build is kept: the same text with the same options in the same directory is not built again.
//! Programs that build hold a lock on the directory, and every one that is started has a deadline.

mod build;
mod card;
mod error;
mod job;
mod process;
mod rig;
mod rotation;

pub use card::{CYCLE, CardLibrary, FREE, NEW};
pub use error::VerilateError;
pub use job::{Job, Memory, Outcome, Wave};
pub use rotation::{Rotation, Sizes, Turns, trace};

pub use crate::blind_rotate::CoreParameters;
use crate::emit;
use build::{build, verilator_command};
use process::file_error;
use rust_hdl::prelude::Block;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The C++ program around the verilated core.
const HARNESS: &str = include_str!("harness.cpp");

/// The C++ class of the simulation.
const CLASS: &str = "Vrig";

/// How to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// For jobs with a [`Job::wave`]; slower, and a program of its own.
    pub trace: bool,
    /// Let the C++ compilers do what they can for this machine: worth it for runs of many millions of cycles,
    /// if the design is not too large.
    pub optimise: bool,
    /// C++ compilers at once.
    pub compilers: usize,
    /// For each step of the build.
    pub deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            trace: false,
            optimise: false,
            compilers: 1,
            deadline: Duration::from_secs(1200),
        }
    }
}

impl Options {
    /// With as many C++ compilers at once as there are cores.
    #[must_use]
    pub fn all_cores() -> Self {
        Self {
            compilers: std::thread::available_parallelism().map_or(1, Into::into),
            ..Self::default()
        }
    }
}

/// A core as a program.
#[derive(Debug)]
pub struct Core {
    parameters: CoreParameters,
    /// The datapath's, see [`crate::blind_rotate::Latencies::total`].
    latency: usize,
    directory: PathBuf,
    harness: PathBuf,
    traced: bool,
    build_time: Duration,
    runs: AtomicUsize,
}

impl Core {
    /// Builds a core in a directory of its own, or finds it built there.
    ///
    /// # Errors
    /// The parameters are not those of a core, a program is missing, fails or takes too long, or
    /// the directory cannot be written.
    pub fn build(
        parameters: &CoreParameters,
        directory: &Path,
        options: &Options,
    ) -> Result<Self, VerilateError> {
        let begin = Instant::now();
        let mut block = parameters.build()?;
        block.connect_all();
        let design = emit::verilog(&block, "gyrus_core")?;

        // A waveform needs other C++, so its program has a place of its own.
        let directory = directory.join(if options.trace { "traced" } else { "plain" });
        fs::create_dir_all(&directory).map_err(file_error(&directory))?;
        // Programs run elsewhere, so names have to be absolute.
        let directory = directory.canonicalize().map_err(file_error(&directory))?;
        let mut verilator = verilator_command(options.trace, rig::RIG, CLASS);
        verilator.args(["-o", "harness", "core.v", "rig.v", "harness.cpp"]);
        let sources = vec![
            ("core.v", design.verilog()),
            ("rig.v", rig::rig(&design.manifest(), parameters.beat_words)),
            ("harness.cpp", HARNESS.to_owned()),
        ];
        let harness = directory.join("build").join("harness");
        build(&directory, &harness, sources, verilator, CLASS, options)?;
        Ok(Self {
            parameters: *parameters,
            latency: block.latencies().total(),
            directory,
            harness,
            traced: options.trace,
            build_time: begin.elapsed(),
            runs: AtomicUsize::new(0),
        })
    }

    /// Runs a batch, from a core's first cycle on.
    ///
    /// # Errors
    /// The batch does not fit the core, the core misbehaves or does not end, or files cannot be
    /// written.
    pub fn run(&self, job: &Job<'_>) -> Result<Outcome, VerilateError> {
        let name = format!(
            "run-{}-{}",
            std::process::id(),
            self.runs.fetch_add(1, Ordering::Relaxed)
        );
        let directory = self.directory.join(name);
        let outcome = job::run(self, job, &directory)?;
        // Keys are large. What failed stays, for whoever looks into it.
        fs::remove_dir_all(&directory).map_err(file_error(&directory))?;
        Ok(outcome)
    }

    /// What [`Core::build`] took.
    #[must_use]
    pub const fn build_time(&self) -> Duration {
        self.build_time
    }

    /// The datapath's latency, in cycles.
    #[must_use]
    pub const fn latency(&self) -> usize {
        self.latency
    }
}
