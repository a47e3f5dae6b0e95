//! Child processes with a deadline.

use super::ReportError;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

fn file(path: &Path, source: std::io::Error) -> ReportError {
    ReportError::File {
        path: path.into(),
        source,
    }
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, ReportError> {
    fs::read_to_string(path).map_err(|error| file(path, error))
}

/// Writes a file, and its directory if it is missing.
pub(super) fn write(directory: &Path, name: &str, text: &str) -> Result<(), ReportError> {
    fs::create_dir_all(directory).map_err(|error| file(directory, error))?;
    let path = directory.join(name);
    fs::write(&path, text).map_err(|error| file(&path, error))
}

/// Runs a command in a directory, its output going to `<step>.log` there.
pub(super) fn run(
    mut command: Command,
    directory: &Path,
    step: &str,
    unit: &str,
    deadline: Duration,
) -> Result<(), ReportError> {
    let log = directory.join(format!("{step}.log"));
    let output = File::create(&log).map_err(|error| file(&log, error))?;
    let errors = output.try_clone().map_err(|error| file(&log, error))?;
    let tool = Path::new(command.get_program()).to_path_buf();
    command.current_dir(directory).stdout(output).stderr(errors);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => ReportError::Missing { tool: tool.clone() },
        _ => file(&tool, error),
    })?;
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| file(&tool, error))? {
            break status;
        }
        if start.elapsed() > deadline {
            child.kill().map_err(|error| file(&tool, error))?;
            child.wait().map_err(|error| file(&tool, error))?;
            return Err(ReportError::Deadline {
                tool,
                unit: unit.into(),
                deadline,
            });
        }
        sleep(Duration::from_millis(10));
    };
    if status.success() {
        return Ok(());
    }
    Err(ReportError::Failed {
        tool,
        unit: unit.into(),
        status,
        last_line: read(&log)?.lines().next_back().unwrap_or_default().into(),
        log,
    })
}
