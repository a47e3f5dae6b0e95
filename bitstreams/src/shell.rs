//! Boards with a shell: logic of the board's owner that has PCIe, around the custom logic that we make, and a kit that
//! builds it. What the shell's side looks like is in vendor/shells.toml; the custom logic's module is in the board's
//! folder, and has the card with its platform inside, the top module of other boards.

use crate::process::{self, ProcessError};
use crate::tcl::Parameters;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The custom logic's module, and the directory that the kit builds it in.
const CUSTOM_LOGIC: &str = "cl_gyrus";
/// Where the top module is in the kit's design, for constraints on places.
pub(crate) const PLACE: &str = "WRAPPER/CL/gyrus/";
/// Files of the custom logic, beside the top module: in the board's folder.
const SOURCES: [&str; 2] = ["cl_gyrus.sv", "gyrus_pcim.v"];
/// Constraints that the kit reads from the directory.
const CONSTRAINTS: [&str; 3] = [
    "cl_synth_user.xdc",
    "cl_timing_user.xdc",
    "small_shell_cl_pnr_user.xdc",
];

/// Why there is no custom logic.
#[derive(Debug, Error)]
pub enum ShellError {
    /// The list of shells is broken.
    #[error("vendor/shells.toml cannot be read")]
    List(#[from] Box<toml::de::Error>),
    /// A shell that is not in the list, or has no source there.
    #[error("shell '{0}' is not in the list, or has no source there")]
    Unknown(String),
    /// A file.
    #[error(transparent)]
    Process(#[from] ProcessError),
}

/// Bits of ports, by their names.
type Widths = BTreeMap<String, usize>;

/// A shell, as custom logic sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shell {
    /// What board.toml calls it.
    pub name: String,
    /// Where its ports were seen.
    pub source: String,
    /// The file with the ports, which the kit has and our module includes.
    pub header: String,
    /// Ports that the shell drives.
    pub inputs: Widths,
    /// Ports that the custom logic drives.
    pub outputs: Widths,
    /// Ports that both drive.
    pub inouts: Widths,
    /// Modules of the kit that custom logic uses.
    #[serde(rename = "module")]
    pub modules: Vec<Module>,
}

/// A module of a shell's kit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Where it was seen.
    pub source: String,
    /// Its parameters.
    pub parameters: Vec<String>,
    /// Ports.
    pub inputs: Widths,
    /// Ports.
    pub outputs: Widths,
    /// Ports.
    pub inouts: Widths,
}

/// A module around the top module.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Its name.
    pub top: String,
    /// Verilog files of it.
    pub sources: Vec<PathBuf>,
    /// What they use and others bring, as black boxes.
    pub stubs: PathBuf,
}

fn ports(inputs: &Widths, outputs: &Widths, inouts: &Widths) -> String {
    let kinds = [
        ("input", "logic", inputs),
        ("output", "logic", outputs),
        ("inout", "wire", inouts),
    ];
    let lines = kinds.iter().flat_map(|(direction, kind, ports)| {
        let line = move |(name, width): (&String, &usize)| {
            format!("    {direction} {kind} [{}:0] {name}", width.max(&1) - 1)
        };
        ports.iter().map(line)
    });
    lines.collect::<Vec<_>>().join(",\n")
}

impl Shell {
    /// The shell of a name.
    ///
    /// # Errors
    /// [`ShellError`] if there is none in the list.
    pub fn find(name: &str) -> Result<Self, ShellError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Shells {
            shell: Vec<Shell>,
        }
        let shells: Shells =
            toml::from_str(include_str!("../vendor/shells.toml")).map_err(Box::new)?;
        let found = shells.shell.into_iter().find(|shell| shell.name == name);
        let sourced = found.filter(|shell| {
            let modules = shell.modules.iter().map(|module| &module.source);
            modules
                .chain([&shell.source])
                .all(|source| !source.trim().is_empty())
        });
        sourced.ok_or_else(|| ShellError::Unknown(name.to_owned()))
    }

    /// Writes what stands for the kit's files when the custom logic is elaborated without it: the header with the
    /// ports, and black boxes of modules.
    ///
    /// # Errors
    /// [`ShellError`] if a file cannot be written.
    pub fn outside(
        &self,
        root: &Path,
        board: &str,
        directory: &Path,
    ) -> Result<Outside, ShellError> {
        let text = ports(&self.inputs, &self.outputs, &self.inouts);
        process::write(&directory.join(&self.header), &format!("{text}\n"))?;
        let mut text = String::new();
        for module in &self.modules {
            let parameters: Vec<String> = module
                .parameters
                .iter()
                .map(|name| format!("parameter {name} = 0"))
                .collect();
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "(* blackbox *)\nmodule {} #({}) (\n{}\n);\nendmodule",
                module.name,
                parameters.join(", "),
                ports(&module.inputs, &module.outputs, &module.inouts),
            );
        }
        let stubs = directory.join("shell_stub.sv");
        process::write(&stubs, &text)?;
        Ok(Outside {
            top: CUSTOM_LOGIC.to_owned(),
            sources: SOURCES
                .iter()
                .map(|file| root.join(board).join(file))
                .collect(),
            stubs,
        })
    }
}

/// The text of the file that the kit takes the IDs of PCI from. Its scripts want the halves parted by an underscore.
#[must_use]
fn ids(vendor: u16, device: u16) -> String {
    let id = format!("32'h{device:04X}_{vendor:04X}");
    format!(
        "// IDs of PCI, of the card and of its subsystem. Written by gyrus-bitstream.\n\
         `ifndef CL_ID_DEFINES\n`define CL_ID_DEFINES\n`define CL_SH_ID0 {id}\n`define CL_SH_ID1 {id}\n`endif\n"
    )
}

/// Makes the directory that the kit builds the custom logic in: its scripts, constraints and IDs. `root` is the folder
/// `bitstreams`.
///
/// # Errors
/// [`ProcessError`] if a file cannot be read or written.
pub(crate) fn assemble(
    root: &Path,
    parameters: &Parameters,
    directory: &Path,
) -> Result<PathBuf, ProcessError> {
    let folder = root.join(&parameters.board);
    let made = directory.join(CUSTOM_LOGIC);
    let scripts = made.join("build/scripts");
    process::write(&made.join("parameters.tcl"), &parameters.tcl())?;
    process::write(
        &made.join("design/cl_id_defines.vh"),
        &ids(parameters.vendor_id, parameters.device_id),
    )?;
    process::write(
        &scripts.join("encrypt.tcl"),
        &process::read(&folder.join("encrypt.tcl"))?,
    )?;
    let call = format!(
        "# Written by gyrus-bitstream.\nsource {{{}}}\n",
        folder.join("synth.tcl").display()
    );
    process::write(&scripts.join(format!("synth_{CUSTOM_LOGIC}.tcl")), &call)?;
    for file in CONSTRAINTS {
        let text = process::read(&folder.join(file))?;
        process::write(&made.join("build/constraints").join(file), &text)?;
    }
    Ok(made)
}

#[cfg(test)]
mod tests;
