//! The vendor's tool, after everything that can be checked without it.

use super::{FlowError, Order, check, scripts, written};
use crate::Image;
use crate::process::{self, ProcessError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What Vivado has to say its version, from a cold disk.
const VERSION_DEADLINE: Duration = Duration::from_secs(300);

/// The vendor's tool.
#[derive(Debug, Clone)]
pub struct Vivado {
    /// The program.
    pub program: PathBuf,
    /// The time that it has.
    pub deadline: Duration,
}

/// Checks a board's card, then makes its bitstream. Whether the card fits; if it does not, nothing is made.
///
/// # Errors
/// [`FlowError`]: a check failed, Vivado is missing, or ended with an error (timing that is not met is one).
pub fn build(order: &Order, vivado: &Vivado, out: &mut dyn Write) -> Result<bool, FlowError> {
    let absent = || FlowError::NoVivado {
        program: vivado.program.clone(),
    };
    if order.board.programming.image == Image::Dcp {
        return Err(FlowError::ByKit(order.board.name.clone()));
    }
    let directory = order.directory.join(&order.board.name);
    // A path holds in any directory, a name is looked up.
    let program = match vivado.program.components().count() {
        0 | 1 => vivado.program.clone(),
        _ => std::path::absolute(&vivado.program)
            .map_err(|error| process::file(&vivado.program, error))?,
    };
    // Whether it is there, before minutes of checks.
    let mut version = Command::new(&program);
    version.arg("-version");
    process::write(&directory.join("vivado_version.log"), "")?;
    let deadline = VERSION_DEADLINE.min(vivado.deadline);
    let said = match process::run(version, &directory, "vivado_version.log", deadline) {
        Err(ProcessError::Missing { .. }) => return Err(absent()),
        other => other?,
    };
    writeln!(out, "tool     {}", said.lines().next().unwrap_or_default()).map_err(written)?;
    let checked = check(order, out)?;
    if !checked.fits {
        return Ok(false);
    }
    let parameters = checked
        .parameters
        .ok_or_else(|| FlowError::NoScripts(order.board.name.clone()))?;
    let script = Path::new(scripts::ROOT).join("common/build.tcl");
    writeln!(
        out,
        "\nvivado   at work for hours; its log: {}",
        directory.join("vivado.log").display()
    )
    .map_err(written)?;
    let mut command = Command::new(&program);
    command.args([
        "-mode",
        "batch",
        "-nojournal",
        "-log",
        "vivado_tool.log",
        "-source",
    ]);
    command.arg(script).arg("-tclargs").arg(parameters);
    let made = process::run(command, &directory, "vivado.log", vivado.deadline);
    made.map_err(|source| FlowError::Vivado {
        directory: directory.clone(),
        source,
    })?;
    let image = directory.join(format!(
        "{}.{}",
        order.top(),
        order.board.programming.image.extension()
    ));
    if !image.exists() {
        return Err(FlowError::NoImage(image));
    }
    writeln!(out, "\nmade     {}", image.display()).map_err(written)?;
    Ok(true)
}
