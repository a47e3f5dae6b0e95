//! The emitted core under Verilator, fast enough for a whole blind rotation.
//!
//! [`Core::build`] writes the core's Verilog, a top module around it ([`rig`]) and a C++ harness to
//! a directory and makes a program of them; [`Core::run`] runs a batch with it. The harness plays
//! the world around the core: streams, and the memory that holds the key. Words move in binary
//! files, so that the rotations are most of the time.
//!
//! A build is kept: the same text with the same options in the same directory is not built again.
//! Programs that build hold a lock on the directory, and every one that is started has a deadline.

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
use process::{Errors, file_error, finish};
use rust_hdl::prelude::Block;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
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
        let path = directory.join("lock");
        let lock = File::create(&path).map_err(file_error(&path))?;
        lock.lock().map_err(file_error(&path))?;
        let mut verilator = verilator_command(options.trace, rig::RIG, CLASS);
        verilator.args(["-o", "harness", "core.v", "rig.v", "harness.cpp"]);
        let sources = [
            ("core.v", design.verilog()),
            ("rig.v", rig::rig(&design.manifest(), parameters.beat_words)),
            ("harness.cpp", HARNESS.to_owned()),
            (
                "commands",
                format!(
                    "{verilator:?}\n{:?}\n",
                    make_command(1, CLASS, options.optimise)
                ),
            ),
        ];
        let harness = directory.join("build").join("harness");
        if !up_to_date(&directory, &harness, &sources)? {
            let deadline = options.deadline;
            let make = make_command(options.compilers, CLASS, options.optimise);
            finish(&directory, "verilator", verilator, deadline, Errors::Kept)?;
            finish(&directory, "make", make, deadline, Errors::Kept)?;
            let built = directory.join("built");
            fs::write(&built, "").map_err(file_error(&built))?;
        }
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

/// Whether `product` was made of these texts, by name, with the last of them the commands. If it was not,
/// they are written, and what was there before is gone.
fn up_to_date(
    directory: &Path,
    product: &Path,
    sources: &[(&str, String)],
) -> Result<bool, VerilateError> {
    let built = directory.join("built");
    let same = |(name, text): &(&str, String)| {
        fs::read(directory.join(name)).is_ok_and(|found| found == text.as_bytes())
    };
    if built.exists() && product.exists() && sources.iter().all(same) {
        return Ok(true);
    }
    remove(&built)?;
    for (name, text) in sources {
        let path = directory.join(name);
        fs::write(&path, text).map_err(file_error(&path))?;
    }
    let build = directory.join("build");
    if build.exists() {
        fs::remove_dir_all(&build).map_err(file_error(&build))?;
    }
    Ok(false)
}

/// Verilog to C++: all but the product's name and the sources.
fn verilator_command(trace: bool, top: &str, class: &str) -> Command {
    let mut command = Command::new("verilator");
    command.args(["--cc", "--exe", "--top-module", top, "--prefix", class]);
    command.args(["-O3", "--x-assign", "fast", "--x-initial", "fast"]);
    // The emitter's tests hold the text to the lint; here it is only translated.
    command.args(["-Wno-lint", "-Wno-fatal", "--output-split", "20000"]);
    if trace {
        command.arg("--trace-fst");
    }
    command.args(["--Mdir", "build"]);
    command
}

/// C++ to a program. What runs once is not worth optimising.
fn make_command(compilers: usize, class: &str, optimise: bool) -> Command {
    let mut command = Command::new("make");
    command.args(["-C", "build", "-f", &format!("{class}.mk")]);
    command.args(["-j", &compilers.to_string()]);
    command.arg(if optimise {
        "OPT_FAST=-O3 -march=native"
    } else {
        "OPT_FAST=-O1"
    });
    command.args(["OPT_SLOW=-O0", "OPT_GLOBAL=-O2"]);
    command
}

fn remove(path: &Path) -> Result<(), VerilateError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(file_error(path)(error)),
        _ => Ok(()),
    }
}
