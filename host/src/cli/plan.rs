//! `gyrus plan`

use super::boards::{self, Board};
use super::error::CliError;
use super::output::Output;
use clap::Args;
use gyrus_interface::{PRIMARY, ParameterSet, catalogue};
use gyrus_sim::rtl::CardParameters;
use gyrus_sim::timing::{
    CARD_LATENCY, HOST_LATENCY, Prediction, Submission, Sustained, TimingModel, Work,
};
use serde_json::{Value, json};

/// What Zama publishes of HPU: <https://docs.zama.org/tfhe-rs/get-started/benchmarks/hpu/hpu-programmable-bootstrapping>,
/// for the primary parameters (n = 879) on one V80 at 400 MHz.
const HPU_RATE: f64 = 14_167.0;
const HPU_BATCH: u64 = 12;
const HPU_BATCH_MICROSECONDS: f64 = 847.0;
const HPU_LEAST_MICROSECONDS: f64 = 611.0;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of the parameter set; `gyrus info` lists them.
    #[arg(long, value_name = "NAME", default_value = PRIMARY)]
    set: String,
    /// Board: u280, u55c, f2, v80, acorn or custom.
    #[arg(long, value_name = "NAME", default_value = "v80")]
    board: String,
    /// Coefficients that the card takes a cycle; by default what is assumed for the board.
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u32).range(1..))]
    lanes: Option<u32>,
    /// Clock; by default what is assumed for the board.
    #[arg(long, value_name = "MHZ", value_parser = clap::value_parser!(u32).range(1..=2000))]
    clock: Option<u32>,
    /// Ciphertexts of a job; by default as many as are rotated at once.
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u64).range(1..=256))]
    batch: Option<u64>,
    /// Jobs that are handed over at once.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    jobs: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A card on a board.
struct Plan {
    set: ParameterSet,
    board: Board,
    parameters: CardParameters,
    model: TimingModel,
    clock: f64,
    batch: u64,
}

/// What is predicted.
struct Figures {
    sustained: Sustained,
    /// Cycles.
    single: u64,
    one_batch: u64,
    jobs: Prediction,
}

impl Plan {
    fn new(arguments: &Arguments) -> Result<Self, CliError> {
        let sets = || {
            catalogue::secure_sets()
                .into_iter()
                .chain([catalogue::toy()])
        };
        let set = sets().find(|set| set.name == arguments.set);
        let set = set.ok_or_else(|| CliError::Unknown {
            what: "parameter set",
            name: arguments.set.clone(),
            known: sets().map(|set| set.name).collect(),
        })?;
        let boards = boards::all()?;
        let known = boards.iter().map(|board| board.name.clone()).collect();
        let board = boards
            .into_iter()
            .find(|board| board.name == arguments.board)
            .ok_or_else(|| CliError::Unknown {
                what: "board",
                name: arguments.board.clone(),
                known,
            })?;
        let lanes = arguments.lanes.unwrap_or(board.lanes);
        let clock_mhz = arguments.clock.unwrap_or(board.clock);
        let parameters = board.card(lanes, clock_mhz)?;
        let clock = f64::from(clock_mhz) * 1e6;
        Ok(Self {
            model: TimingModel::on_board(&parameters, board.pcie, board.memory)?,
            batch: arguments.batch.unwrap_or(parameters.core.slots as u64),
            set,
            board,
            parameters,
            clock,
        })
    }

    /// So many jobs, handed over at once.
    fn run(&self, jobs: usize, batch: u64) -> Result<Prediction, CliError> {
        let jobs = vec![Work::of(batch); jobs];
        Ok(self.model.run(&self.set, &jobs, Submission::AtOnce)?)
    }

    fn figures(&self, jobs: usize) -> Result<Figures, CliError> {
        Ok(Figures {
            sustained: self.model.sustained(&self.set, self.batch)?,
            single: self.run(1, 1)?.cycles,
            one_batch: self.run(1, self.batch)?.cycles,
            jobs: self.run(jobs, self.batch)?,
        })
    }

    fn microseconds(&self, cycles: u64) -> f64 {
        cycles as f64 / self.clock * 1e6
    }
}

/// A number for people: thousands apart.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate beside the board's.
fn beside(used: f64, board: f64) -> String {
    if board.is_finite() {
        format!(
            "{used:.2} GB/s of {board} GB/s ({:.1}%)",
            100.0 * used / board
        )
    } else {
        format!("{used:.2} GB/s")
    }
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let plan = Plan::new(arguments)?;
    let figures = plan.figures(arguments.jobs as usize)?;
    if arguments.json {
        return out.result(json(&plan, &figures));
    }
    table(&plan, &figures, out)
}

fn table(plan: &Plan, figures: &Figures, out: &mut Output) -> Result<(), CliError> {
    let (core, board) = (plan.parameters.core, &plan.board);
    let microseconds = |cycles| plan.microseconds(cycles);
    let jobs = figures.jobs.completions.len();
    out.result(format_args!("board       {} ({})", board.title, board.part))?;
    out.result(format_args!(
        "card        {} lanes at {:.0} MHz (assumed), {} ciphertexts in flight",
        core.lanes,
        plan.clock / 1e6,
        core.slots
    ))?;
    out.result(format_args!(
        "parameters  {}: n = {}, N = {}, l = {}",
        plan.set.name, plan.set.lwe_dimension, plan.set.polynomial_size, plan.set.pbs.level_count
    ))?;
    let mut row = |what: &str, ours: String, hpu: &str| {
        out.result(
            format_args!("{what:<38} {ours:<44} {hpu}")
                .to_string()
                .trim_end(),
        )
    };
    row("", "predicted".into(), "HPU, published")?;
    let hpu = format!("{} PBS/s", grouped(HPU_RATE));
    let rate = format!("{} PBS/s", grouped(figures.sustained.rate));
    row(&format!("sustained, jobs of {}", plan.batch), rate, &hpu)?;
    let utilisation = format!("{:.1}%", 100.0 * figures.sustained.utilisation);
    row("  of the core's cycles in use", utilisation, "")?;
    row(
        "  both keys, from card memory",
        beside(
            figures.sustained.key + figures.sustained.keyswitch,
            board.memory,
        ),
        "",
    )?;
    let parts = format!(
        "{:.2} + {:.2} GB/s",
        figures.sustained.key, figures.sustained.keyswitch
    );
    row("    bootstrapping + key switching", parts, "")?;
    row(
        "  read over PCIe",
        beside(figures.sustained.from_host, board.pcie),
        "",
    )?;
    row(
        "  written over PCIe",
        beside(figures.sustained.to_host, board.pcie),
        "",
    )?;
    let least = format!("{HPU_LEAST_MICROSECONDS:.0} us at the least");
    let cycles = |cycles: u64| {
        format!(
            "{:.0} us ({} cycles)",
            microseconds(cycles),
            grouped(cycles as f64)
        )
    };
    row("a single PBS, alone", cycles(figures.single), &least)?;
    let batch = format!("{HPU_BATCH_MICROSECONDS:.0} us for {HPU_BATCH}");
    row(
        &format!("a job of {}, alone", plan.batch),
        cycles(figures.one_batch),
        &batch,
    )?;
    row(
        &format!("{jobs} jobs of {} at once", plan.batch),
        cycles(figures.jobs.cycles),
        "",
    )?;
    let rate = figures.jobs.bootstraps as f64 / microseconds(figures.jobs.cycles) * 1e6;
    let share = 100.0 * figures.jobs.utilisation();
    let text = format!("{} PBS/s, {share:.1}% of the cycles in use", grouped(rate));
    row("", text, "")?;
    let beats = match plan.model.beat_cycles() {
        1 => "a beat in every cycle".to_owned(),
        cycles => format!("a beat in {cycles} cycles"),
    };
    out.result(format_args!(
        "\nThese are predictions of the cycle model. Tests hold it within 3% of the RTL in simulation for 4 lanes, \
         N up to 512, and\nfor 8 lanes at production size; for the primary set with 32 and 128 lanes it was compared by \
         hand (README): within\n0.1% sustained, 1.3% for a single PBS. Nothing was measured on silicon. Assumed are the clock, \
         {HOST_LATENCY:.0} ns to host memory, {CARD_LATENCY:.0} ns to card\nmemory, and {beats} from each of \
         its channels (the board's rate, shared as if both keys were\nread at full pace all the time). A single \
         PBS and a job alone wait for the key switch, then for the rotation; queued\nones overlap.\n\
         HPU: batches that follow each other on one V80 at 400 MHz, n = 879;\n\
         docs.zama.org/tfhe-rs/get-started/benchmarks/hpu/hpu-programmable-bootstrapping"
    ))
}

fn json(plan: &Plan, figures: &Figures) -> Value {
    let rate = |value: f64| value.is_finite().then_some(value);
    json!({
        "board": plan.board.name,
        "part": plan.board.part,
        "lanes": plan.parameters.core.lanes,
        "slots": plan.parameters.core.slots,
        "clock_mhz": plan.clock / 1e6,
        "parameter_set": plan.set.name,
        "predicted": true,
        "assumed": {
            "host_latency_ns": HOST_LATENCY,
            "card_latency_ns": CARD_LATENCY,
            "card_beat_cycles": plan.model.beat_cycles(),
        },
        "batch": plan.batch,
        "sustained": {
            "pbs_per_second": figures.sustained.rate,
            "utilisation": figures.sustained.utilisation,
            "bootstrapping_key_gb_per_second": figures.sustained.key,
            "keyswitch_key_gb_per_second": figures.sustained.keyswitch,
            "memory_gb_per_second": rate(plan.board.memory),
            "host_read_gb_per_second": figures.sustained.from_host,
            "host_write_gb_per_second": figures.sustained.to_host,
            "pcie_gb_per_second": rate(plan.board.pcie),
        },
        "single": {
            "cycles": figures.single,
            "microseconds": plan.microseconds(figures.single),
        },
        "one_batch": {
            "cycles": figures.one_batch,
            "microseconds": plan.microseconds(figures.one_batch),
        },
        "jobs": {
            "count": figures.jobs.completions.len(),
            "cycles": figures.jobs.cycles,
            "microseconds": plan.microseconds(figures.jobs.cycles),
            "utilisation": figures.jobs.utilisation(),
            "key_wait_cycles": figures.jobs.key_wait_cycles,
            "keyswitch_cycles": figures.jobs.keyswitch_cycles,
            "keyswitch_wait_cycles": figures.jobs.keyswitch_wait_cycles,
        },
        "hpu_published": {
            "pbs_per_second": HPU_RATE,
            "batch": HPU_BATCH,
            "batch_microseconds": HPU_BATCH_MICROSECONDS,
            "least_microseconds": HPU_LEAST_MICROSECONDS,
        },
    })
}
