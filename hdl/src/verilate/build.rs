//! From texts to a program or a library, unless that was done before.

use super::process::{Errors, file_error, finish};
use super::{Options, VerilateError};
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often a lock that somebody else holds is tried.
const LOOK: Duration = Duration::from_millis(50);

/// Makes `product` of Verilog and C++ texts, by name, in a directory, with a command for Verilator that names them;
/// nobody else builds there as long as the file that is returned is open.
pub(super) fn build(
    directory: &Path,
    product: &Path,
    mut sources: Vec<(&str, String)>,
    verilator: Command,
    class: &str,
    options: &Options,
) -> Result<File, VerilateError> {
    let lock = lock(directory, options.deadline)?;
    let machine = if options.optimise {
        machine()
    } else {
        String::new()
    };
    let commands = format!(
        "{verilator:?}\n{:?}\n{machine}",
        make_command(1, class, options.optimise)
    );
    sources.push(("commands", commands));
    if !up_to_date(directory, product, &sources)? {
        let deadline = options.deadline;
        let make = make_command(options.compilers, class, options.optimise);
        finish(directory, "verilator", verilator, deadline, Errors::Kept)?;
        finish(directory, "make", make, deadline, Errors::Kept)?;
        let built = directory.join("built");
        fs::write(&built, "").map_err(file_error(&built))?;
    }
    Ok(lock)
}

fn lock(directory: &Path, deadline: Duration) -> Result<File, VerilateError> {
    let path = directory.join("lock");
    let file = File::create(&path).map_err(file_error(&path))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(file_error(&path)(error)),
            Err(TryLockError::WouldBlock) if start.elapsed() < deadline => sleep(LOOK),
            Err(TryLockError::WouldBlock) => {
                return Err(VerilateError::Deadline {
                    step: "another build",
                    directory: directory.to_owned(),
                    deadline,
                });
            }
        }
    }
}

/// What this machine's processor can do: what is optimised for it may not run on another one. Empty where the
/// kernel does not say.
fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = text.lines().find(|line| line.starts_with("flags"));
    flags.unwrap_or_default().to_owned()
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
pub(super) fn verilator_command(trace: bool, top: &str, class: &str) -> Command {
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
