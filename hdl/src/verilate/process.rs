//! Programs with a deadline.

use super::VerilateError;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Characters of a program's last words that go into an error.
const LAST_WORDS: usize = 2000;

/// Where a program's standard error goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Errors {
    /// Into a file, for the error message.
    Kept,
    /// To this process's own: progress for whoever waits.
    Shown,
}

/// Runs a program in a directory until the deadline; returns its standard output. Its streams are
/// kept in files named for the step.
pub(super) fn finish(
    directory: &Path,
    step: &'static str,
    mut command: Command,
    deadline: Duration,
    errors: Errors,
) -> Result<String, VerilateError> {
    let log = |stream: &str| directory.join(format!("{step}.{stream}"));
    command
        .current_dir(directory)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(create(&log("out"))?);
    if errors == Errors::Kept {
        command.stderr(create(&log("err"))?);
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let start = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => VerilateError::Missing(program.clone()),
        _ => VerilateError::Start {
            program: program.clone(),
            source,
        },
    };
    let mut child = command.spawn().map_err(start)?;
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(start)? {
            break status;
        }
        if begin.elapsed() > deadline {
            kill_group(&mut child);
            child.wait().map_err(start)?;
            return Err(VerilateError::Deadline {
                step,
                directory: directory.to_owned(),
                deadline,
            });
        }
        sleep(Duration::from_millis(5));
    };
    let output = read(&log("out"))?;
    if status.success() {
        return Ok(output);
    }
    let mut said = output;
    if errors == Errors::Kept {
        said += &read(&log("err"))?;
    }
    let from = said.floor_char_boundary(said.len().saturating_sub(LAST_WORDS));
    Err(VerilateError::Failed {
        step,
        directory: directory.to_owned(),
        message: format!("{status}\n{}", &said[from..]),
    })
}

/// Ends a program and those that it started.
fn kill_group(child: &mut Child) {
    let group = format!("-{}", child.id());
    let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
    if !killed.is_ok_and(|status| status.success()) {
        // It may have ended by itself just now, which its caller's wait finds out.
        let _ = child.kill();
    }
}

fn create(path: &Path) -> Result<File, VerilateError> {
    File::create(path).map_err(file_error(path))
}

fn read(path: &Path) -> Result<String, VerilateError> {
    fs::read_to_string(path).map_err(file_error(path))
}

/// An error about this file.
pub(super) fn file_error(path: &Path) -> impl Fn(std::io::Error) -> VerilateError + use<> {
    let path = PathBuf::from(path);
    move |source| VerilateError::File {
        path: path.clone(),
        source,
    }
}
