//! A board's scripts for the vendor's tools, run without them.
//!
//! The scripts run under plain tclsh, with a stub of the tool that writes down what they say
//! (bitstreams/check/record.tcl). What they said is held against a list of what the tool knows (bitstreams/vendor/): names
//! of commands, options, IPs, properties and their values, pins and interfaces; every pin that has to be is connected,
//! and once; every segment that a master reaches has an address, and no two overlap; steps come in their order, and no
//! bitstream is written when timing is not met.

mod addresses;
mod design;
mod error;
mod list;
mod memory;
mod parameters;
mod ports;
pub(crate) mod record;
mod steps;
mod wiring;

pub use error::TclError;
pub use parameters::Parameters;
pub use ports::{Pin, Port};

use crate::process::{self, ProcessError};
use crate::{Image, shell};
use design::Design;
use list::List;
use record::{Call, Script};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The file that the scripts are told by.
pub(crate) const PARAMETERS: &str = "parameters.tcl";

/// Slack of a design that meets its timing, and of one that does not, ns.
const SLACKS: (f64, f64) = (0.1, -0.001);

/// The block design around a card.
#[derive(Debug)]
pub struct Platform {
    /// The ports of its module, 'platform'.
    pub ports: Vec<Port>,
    /// Those of its ports that go to the board's pins.
    pub pins: Vec<Pin>,
    /// Bits of these that a memory controller's own project places, each with the package's pin.
    pub placed: BTreeMap<String, String>,
    /// Its cells.
    pub cells: Vec<String>,
    /// Verilog files that are read.
    pub sources: Vec<PathBuf>,
    /// What constraints said.
    pub(crate) constraints: Vec<Call>,
}

/// Runs a board's scripts and checks what they say. `root` is the folder `bitstreams`; what is made goes to
/// `directory`.
///
/// # Errors
/// [`TclError`]: tclsh is missing, a script ends with an error, or says something wrong.
pub fn check(root: &Path, parameters: &Parameters, directory: &Path) -> Result<Platform, TclError> {
    let list = List::load()?;
    let script = script(root, parameters, directory)?;
    let calls = record::run(&list, root, &script, directory, SLACKS.0)?;
    steps::check(&calls, parameters.image)?;
    let design = Design::new(&list, &calls)?;
    wiring::check(&design)?;
    addresses::check(&design)?;
    let (ports, mut pins) = ports::expand(&list, &design)?;
    let placed = memory::place(&design, parameters, &pins)?;
    match parameters.image {
        // The shell has the pins, and its kit says what timing was met.
        Image::Dcp => pins.clear(),
        image => refuses_bad_timing(&list, root, &script, directory, image)?,
    }
    let sources = calls.iter().filter(|call| call.command == "read_verilog");
    let sources = sources.flat_map(|call| call.list(0)).map(PathBuf::from);
    let sources = sources.collect();
    let constraints = calls
        .into_iter()
        .filter(|call| !call.constraints.is_empty());
    Ok(Platform {
        ports,
        pins,
        placed,
        cells: design.cells.into_keys().collect(),
        sources,
        constraints: constraints.collect(),
    })
}

/// The script that a build begins with, and its argument.
fn script(root: &Path, parameters: &Parameters, directory: &Path) -> Result<Script, TclError> {
    if parameters.image == Image::Dcp {
        return Ok(Script {
            file: root.join("check/hdk/build_all.tcl"),
            arguments: vec![shell::assemble(root, parameters, directory)?],
        });
    }
    let argument = directory.join(PARAMETERS);
    process::write(&argument, &parameters.tcl())?;
    Ok(Script {
        file: root.join("common/build.tcl"),
        arguments: vec![argument],
    })
}

/// With a path that is too slow the scripts end with an error, and write no bitstream.
fn refuses_bad_timing(
    list: &List,
    root: &Path,
    script: &Script,
    directory: &Path,
    image: Image,
) -> Result<(), TclError> {
    match record::run(list, root, script, directory, SLACKS.1) {
        Err(TclError::Process(ProcessError::Failed { last_line, .. }))
            if last_line.contains("timing is not met") => {}
        Err(error) => return Err(error),
        Ok(_) => return Err(TclError::TimingIgnored),
    }
    let calls = record::read(&record::log_of(directory, SLACKS.1))?;
    if calls.iter().any(|call| call.command == steps::last(image)) {
        return Err(TclError::TimingIgnored);
    }
    Ok(())
}

#[cfg(test)]
mod shell_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod tests_7series;
#[cfg(test)]
mod versal_tests;
