//! Other programs: each in a directory, with a log there and a deadline.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;
use thiserror::Error;
use wait_timeout::ChildExt;

/// Why a program did not do its work.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// It is not installed.
    #[error("{} is missing: run scripts/setup --synth", program.display())]
    Missing {
        /// The program.
        program: PathBuf,
    },
    /// It ended with an error.
    #[error("{} failed ({status}), see {}: {last_line}", program.display(), log.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// All that it said.
        log: PathBuf,
        /// The last of it.
        last_line: String,
    },
    /// It did not end in time and was stopped.
    #[error("{} took more than {deadline:?} and was stopped; see {}", program.display(), log.display())]
    Deadline {
        /// The program.
        program: PathBuf,
        /// The time that it had.
        deadline: Duration,
        /// All that it said.
        log: PathBuf,
    },
    /// A file.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: std::io::Error,
    },
}

/// An error of a file.
pub(crate) fn file(path: &Path, source: std::io::Error) -> ProcessError {
    ProcessError::File {
        path: path.into(),
        source,
    }
}

/// Writes a file, and its directory if it is missing.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), ProcessError> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|error| file(directory, error))?;
    }
    fs::write(path, text).map_err(|error| file(path, error))
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String, ProcessError> {
    fs::read_to_string(path).map_err(|error| file(path, error))
}

/// Runs a program in a directory; all that it says goes to a file there, and is returned.
pub(crate) fn run(
    mut command: Command,
    directory: &Path,
    log: &str,
    deadline: Duration,
) -> Result<String, ProcessError> {
    let program = PathBuf::from(command.get_program());
    let log = directory.join(log);
    let output = File::create(&log).map_err(|error| file(&log, error))?;
    let errors = output.try_clone().map_err(|error| file(&log, error))?;
    let started = command
        .current_dir(directory)
        .stdout(output)
        .stderr(errors)
        .spawn();
    let mut child = started.map_err(|error| match error.kind() {
        ErrorKind::NotFound => ProcessError::Missing {
            program: program.clone(),
        },
        _ => file(&program, error),
    })?;
    let ended = child.wait_timeout(deadline);
    let Some(status) = ended.map_err(|error| file(&program, error))? else {
        child.kill().map_err(|error| file(&program, error))?;
        child.wait().map_err(|error| file(&program, error))?;
        return Err(ProcessError::Deadline {
            program,
            deadline,
            log,
        });
    };
    let said = fs::read(&log).map_err(|error| file(&log, error))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    if status.success() {
        return Ok(said);
    }
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    Err(ProcessError::Failed {
        program,
        status,
        last_line: lines.next_back().unwrap_or_default().to_owned(),
        log,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, milliseconds: u64) -> Result<String, ProcessError> {
        let directory = std::env::temp_dir().join(format!("gyrus-process-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let log = format!("{milliseconds}.log");
        run(
            command,
            &directory,
            &log,
            Duration::from_millis(milliseconds),
        )
    }

    #[test]
    fn programs_end_well_badly_late_or_are_not_there() {
        assert_eq!(
            shell("echo said; echo more >&2", 10_001).unwrap(),
            "said\nmore\n"
        );
        let error = shell("echo reason; echo; exit 3", 10_002).unwrap_err();
        assert!(
            matches!(&error, ProcessError::Failed { last_line, .. } if last_line == "reason"),
            "{error}"
        );
        let error = shell("sleep 60", 100).unwrap_err();
        assert!(matches!(error, ProcessError::Deadline { .. }), "{error}");
        let nowhere = Command::new("gyrus-no-such-program");
        let error = run(nowhere, &std::env::temp_dir(), "none.log", Duration::ZERO).unwrap_err();
        assert!(
            error.to_string().contains("scripts/setup --synth"),
            "{error}"
        );
    }
}
