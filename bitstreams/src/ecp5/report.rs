//! The report of a build.

use super::capacity::{BLOCK_RAMS, MULTIPLIERS, Needs};
use super::route::Route;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// A step of the build and its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timed {
    /// The step.
    pub step: &'static str,
    /// What it took.
    pub time: Duration,
}

/// What came of a build.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The command that made it.
    pub command: String,
    /// The tools' versions.
    pub versions: Vec<String>,
    /// nextpnr's seed.
    pub seed: u32,
    /// Cycles of a bit on the serial line.
    pub bit_cycles: u16,
    /// What the core takes by calculation.
    pub needs: Needs,
    /// What other cores would.
    pub candidates: Vec<Needs>,
    /// What nextpnr says of its own time.
    pub stages: Vec<String>,
    /// The routed design.
    pub route: Route,
    /// The steps' times.
    pub times: Vec<Timed>,
}

/// The lines in which nextpnr says how long it placed and routed.
pub(super) fn placer_times(log: &str) -> Vec<String> {
    let time = |line: &&str| {
        line.contains("ime ") && line.ends_with('s') && !line.contains(" at iteration")
    };
    let text = |line: &str| line.trim_start_matches("Info:").trim().to_owned();
    log.lines().filter(time).map(text).collect()
}

/// Kinds of cells: nextpnr's name, and what they are.
const KINDS: [(&str, &str); 6] = [
    (
        "TRELLIS_COMB",
        "LUTs of four inputs, carries and LUT RAM among them",
    ),
    ("TRELLIS_FF", "flip-flops"),
    ("TRELLIS_RAMW", "write ports of LUT RAM"),
    ("DP16KD", "block RAMs of 18 kbit"),
    ("MULT18X18D", "multipliers of 18 x 18 bits"),
    ("EHXPLLL", "PLLs"),
];

impl Display for Report {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let Self { needs, route, .. } = self;
        let core = needs.parameters;
        writeln!(to, "Made by: {}", self.command)?;
        for version in &self.versions {
            writeln!(to, "  {version}")?;
        }
        writeln!(to, "  seed {}", self.seed)?;
        writeln!(
            to,
            "FPGA: LFE5U-85F-6BG381C, on a ULX3S; serial line of {} cycles a bit",
            self.bit_cycles
        )?;
        writeln!(
            to,
            "Core: {} lanes, N up to {}, l up to {}, ciphertexts in flight {}, key beats of one word\n",
            core.lanes,
            1 << core.max_log2_n,
            core.levels,
            core.slots
        )?;

        let verdict = if route.meets_timing() {
            "met"
        } else {
            "NOT MET"
        };
        writeln!(
            to,
            "Clock: {:.2} MHz from the PLL, {:.2} MHz achieved: timing is {verdict}\n",
            route.clock_mhz, route.achieved_mhz
        )?;
        let critical = &route.critical;
        writeln!(
            to,
            "Critical path: {:.2} ns, {:.2} in logic and {:.2} in routing",
            critical.logic + critical.routing,
            critical.logic,
            critical.routing
        )?;
        writeln!(to, "  from {}\n  to   {}", critical.from, critical.to)?;
        let mut total = 0.0;
        for step in &critical.steps {
            total += step.nanoseconds;
            let cells = if step.cells > 1 {
                format!(" through {} cells", step.cells)
            } else {
                String::new()
            };
            let (kind, time) = (&step.kind, step.nanoseconds);
            writeln!(
                to,
                "  {kind:8} {time:6.2} {total:6.2}  to {}{cells}",
                step.to
            )?;
        }

        writeln!(to, "\nUsed, of what the FPGA has:")?;
        for (kind, about) in KINDS {
            if let Some(cells) = route.used.get(kind) {
                let share = 100.0 * cells.used as f64 / cells.available.max(1) as f64;
                writeln!(
                    to,
                    "  {:6} of {:6} {share:5.1}%  {kind}: {about}",
                    cells.used, cells.available
                )?;
            }
        }

        writeln!(to, "\nRun time, seconds:")?;
        for Timed { step, time } in &self.times {
            writeln!(to, "  {:7.1}  {step}", time.as_secs_f64())?;
        }
        for stage in &self.stages {
            writeln!(to, "           {stage}")?;
        }

        writeln!(
            to,
            "\nWhat fits, by calculation (the FPGA has {BLOCK_RAMS} block RAMs, {MULTIPLIERS} multipliers):"
        )?;
        writeln!(to, "  lanes     N  l  in flight  block RAMs  multipliers")?;
        for needs in self.candidates.iter().chain([&self.needs]) {
            let core = needs.parameters;
            let fits = if needs.check().is_ok() {
                "fits"
            } else {
                "too large"
            };
            writeln!(
                to,
                "  {:5} {:5} {:2} {:10} {:11} {:12}  {fits}",
                core.lanes,
                1 << core.max_log2_n,
                core.levels,
                core.slots,
                needs.block_rams,
                needs.multipliers
            )?;
        }
        writeln!(to, "\nBits of memory of this core, by purpose:")?;
        for (purpose, bits) in &self.needs.bits {
            writeln!(to, "  {bits:8}  {purpose}")?;
        }
        Ok(())
    }
}
