//! Runs a board's scripts under the recording stub.

use super::TclError;
use super::list::List;
use crate::process;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The time that tclsh has; it needs less than a second.
const DEADLINE: Duration = Duration::from_secs(120);

/// A command that a script said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    /// Its name.
    pub(crate) command: String,
    /// The file of constraints that it is in; empty in scripts.
    pub(crate) constraints: String,
    /// Its options, each with the elements of its value.
    pub(crate) options: BTreeMap<String, Vec<String>>,
    /// Its other arguments, each as the elements of a list.
    pub(crate) arguments: Vec<Vec<String>>,
}

impl Call {
    /// The first element of an argument.
    pub(crate) fn word(&self, argument: usize) -> Result<&str, TclError> {
        let word = self.arguments.get(argument).and_then(|list| list.first());
        word.map(String::as_str)
            .ok_or_else(|| self.error(format!("argument {argument} is missing")))
    }

    /// The value of an option.
    pub(crate) fn option(&self, option: &str) -> Result<&str, TclError> {
        let value = self.options.get(option).and_then(|list| list.first());
        value
            .map(String::as_str)
            .ok_or_else(|| self.error(format!("option {option} is missing")))
    }

    /// The elements of an argument.
    pub(crate) fn list(&self, argument: usize) -> &[String] {
        self.arguments.get(argument).map_or(&[], Vec::as_slice)
    }

    /// What is wrong with it.
    pub(crate) fn error(&self, what: String) -> TclError {
        TclError::Call {
            command: self.command.clone(),
            what,
        }
    }
}

/// The kind and the name of an object.
pub(crate) fn object(text: &str) -> (&str, &str) {
    text.split_once(':').unwrap_or(("", text))
}

/// A script with its arguments.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) file: PathBuf,
    pub(super) arguments: Vec<PathBuf>,
}

/// What is said with paths that have this worst slack, ns.
pub(super) fn run(
    list: &List,
    root: &Path,
    script: &Script,
    directory: &Path,
    slack: f64,
) -> Result<Vec<Call>, TclError> {
    let commands = directory.join("commands.tcl");
    process::write(&commands, &list.for_recorder())?;
    let log = log_of(directory, slack);
    let mut tclsh = Command::new("tclsh");
    tclsh.arg(root.join("check/record.tcl"));
    tclsh.args([&commands, &log]);
    tclsh.arg(slack.to_string());
    tclsh.arg(&script.file).args(&script.arguments);
    process::run(tclsh, directory, "tclsh.log", DEADLINE)?;
    read(&log)
}

/// The record of a run.
pub(super) fn log_of(directory: &Path, slack: f64) -> PathBuf {
    directory.join(if slack < 0.0 {
        "late.json"
    } else {
        "calls.json"
    })
}

/// Reads a record.
pub(super) fn read(log: &Path) -> Result<Vec<Call>, TclError> {
    let text = process::read(log)?;
    let calls = text.lines().enumerate().map(|(number, line)| {
        serde_json::from_str(line).map_err(|source| TclError::Log {
            log: log.into(),
            line: number + 1,
            source,
        })
    });
    calls.collect()
}
