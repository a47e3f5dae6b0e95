//! Yosys as a child process with a deadline.

use crate::process::{self, ProcessError};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Yosys, and where it works.
#[derive(Debug, Clone)]
pub struct Tool {
    /// The program.
    pub yosys: PathBuf,
    /// Where its files go, and what is kept of earlier results.
    pub directory: PathBuf,
    /// What `synth_xilinx -family` takes.
    pub family: String,
    /// Processes at the same time.
    pub jobs: usize,
    /// The time that each has.
    pub deadline: Duration,
}

impl Tool {
    /// What Yosys says of its version: results of another are not the same.
    ///
    /// # Errors
    /// It is not there.
    pub fn version(&self) -> Result<String, ProcessError> {
        fs::create_dir_all(&self.directory)
            .map_err(|error| process::file(&self.directory, error))?;
        let mut command = Command::new(&self.yosys);
        command.arg("-V");
        let said = process::run(command, &self.directory, "version.log", self.deadline)?;
        Ok(said.trim().to_owned())
    }

    /// Synthesises a text in a directory of its own, there and gone; its netlist.
    pub(super) fn netlist(
        &self,
        name: &str,
        verilog: &str,
        top: &str,
    ) -> Result<String, ProcessError> {
        // Other processes may work beside this one.
        let directory = self
            .directory
            .join(format!("{name}-{}", std::process::id()));
        process::write(&directory.join("units.v"), verilog)?;
        let mut command = Command::new(&self.yosys);
        command.args(["-q", "-p", &self.script(top)]);
        process::run(command, &directory, "yosys.log", self.deadline)?;
        let netlist = process::read(&directory.join("netlist.json"))?;
        fs::remove_dir_all(&directory).map_err(|error| process::file(&directory, error))?;
        Ok(netlist)
    }

    /// What Yosys is told.
    pub(super) fn script(&self, top: &str) -> String {
        // Without wide multiplexers a LUT is a LUT, so that counts can be compared.
        format!(
            "read_verilog units.v; synth_xilinx -family {} -flatten -noiopad -noclkbuf -nowidelut -top {top}; \
             write_json netlist.json",
            self.family
        )
    }
}
