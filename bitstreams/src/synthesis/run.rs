//! Yosys as a child process with a deadline.

use super::SynthesisError;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use wait_timeout::ChildExt;

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

fn file(path: &Path, source: std::io::Error) -> SynthesisError {
    SynthesisError::File {
        path: path.into(),
        source,
    }
}

impl Tool {
    /// What Yosys says of its version: results of another are not the same.
    /// What Yosys says of its version.
    ///
    /// # Errors
    /// It is not there.
    pub fn version(&self) -> Result<String, SynthesisError> {
        let output = Command::new(&self.yosys).arg("-V").output();
        let output = output.map_err(|error| self.not_started(error))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn not_started(&self, error: std::io::Error) -> SynthesisError {
        match error.kind() {
            ErrorKind::NotFound => SynthesisError::Missing(self.yosys.clone()),
            _ => file(&self.yosys, error),
        }
    }

    /// Synthesises a text in a directory of its own, there and gone; its netlist.
    pub(super) fn netlist(
        &self,
        name: &str,
        verilog: &str,
        top: &str,
    ) -> Result<String, SynthesisError> {
        // Other processes may work beside this one.
        let directory = self
            .directory
            .join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|error| file(&directory, error))?;
        let units = directory.join("units.v");
        fs::write(&units, verilog).map_err(|error| file(&units, error))?;
        let log = directory.join("yosys.log");
        let output = File::create(&log).map_err(|error| file(&log, error))?;
        let errors = output.try_clone().map_err(|error| file(&log, error))?;
        let mut child = Command::new(&self.yosys)
            .args(["-q", "-p", &self.script(top)])
            .current_dir(&directory)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| self.not_started(error))?;
        let ended = child.wait_timeout(self.deadline);
        let Some(status) = ended.map_err(|error| file(&self.yosys, error))? else {
            child.kill().map_err(|error| file(&self.yosys, error))?;
            child.wait().map_err(|error| file(&self.yosys, error))?;
            return Err(SynthesisError::Deadline(self.deadline));
        };
        if !status.success() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let last_line = said.lines().next_back().unwrap_or_default().to_owned();
            return Err(SynthesisError::Failed {
                status,
                log,
                last_line,
            });
        }
        let netlist = directory.join("netlist.json");
        let text = fs::read_to_string(&netlist).map_err(|error| file(&netlist, error))?;
        fs::remove_dir_all(&directory).map_err(|error| file(&directory, error))?;
        Ok(text)
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
