//! `gyrus inspect`: what a language model takes, before it is run.

use super::Insecure;
use super::boards;
use super::error::CliError;
use super::language::{Checkpoint, ModelChoice};
use super::machine::{Machine, describe};
use super::output::{Output, bytes, seconds};
use crate::files::{self, stored_key_bytes};
use crate::model::graph::{Operation, TensorId};
use crate::model::noise;
use crate::model::plan::Plan;
use crate::model::transformer::Wanted;
use clap::Args;
use gyrus_interface::ParameterSet;
use gyrus_sim::timing::{Submission, TimingModel, Work};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Bootstraps that are measured.
const MEASURED: usize = 64;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Language model: a .json file, with its weights beside it in a .safetensors file of the same name, or a
    /// checkpoint of llama2.c (.bin); the names model of this program when left out.
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    #[command(flatten)]
    checkpoint: Checkpoint,
    /// Number of the token whose step is shown: it attends to all before it, and to the one that every text begins
    /// with.
    #[arg(long, value_name = "T", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    position: u32,
    /// Name of the parameter set; that of the model when left out.
    #[arg(long, value_name = "NAME")]
    parameters: Option<String>,
    /// Measure bootstraps on the device, too.
    #[arg(long)]
    measure: bool,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// Tables of one kind: those that share a look-up table.
struct Kind {
    name: String,
    bootstraps: usize,
    levels: (usize, usize),
    /// Standard deviations of noise that the range of the input has.
    resolution: f64,
}

fn kinds(plan: &Plan) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for (number, tensor) in plan.graph().tensors().iter().enumerate() {
        let Operation::Table {
            input, function, ..
        } = &tensor.operation
        else {
            continue;
        };
        let class = plan.graph().class(*input);
        let name = format!("{class} > {function}");
        let level = plan.levels().get(number).copied().unwrap_or(0);
        let resolution = plan.resolution(TensorId(number));
        match kinds.iter_mut().find(|kind| kind.name == name) {
            Some(kind) => {
                kind.bootstraps += tensor.width;
                kind.levels.0 = kind.levels.0.min(level);
                kind.levels.1 = kind.levels.1.max(level);
                kind.resolution = kind.resolution.min(resolution);
            }
            None => kinds.push(Kind {
                name,
                bootstraps: tensor.width,
                levels: (level, level),
                resolution,
            }),
        }
    }
    kinds
}

/// Time of the levels' bootstraps on each board, in seconds; none if the board's card is not built for the set.
fn predictions(
    set: &ParameterSet,
    widths: &[usize],
) -> Result<Vec<(String, Option<f64>)>, CliError> {
    let mut predictions = Vec::new();
    for board in boards::all()?
        .iter()
        .filter(|board| board.memory.is_finite())
    {
        let parameters = board.card(board.lanes, board.clock)?;
        let model = TimingModel::on_board(&parameters, board.pcie, board.memory)?;
        let batch = parameters.core.slots.max(1);
        let cycles = widths.iter().try_fold(0, |cycles, &width| {
            let jobs = (0..width.div_ceil(batch))
                .map(|job| Work::of(batch.min(width - job * batch) as u64));
            let jobs: Vec<Work> = jobs.collect();
            let run = model.run(set, &jobs, Submission::AtOnce).ok()?;
            Some(cycles + run.cycles)
        });
        let clock = f64::from(board.clock) * 1e6;
        let name = format!(
            "{}, {} lanes at {} MHz",
            board.name, board.lanes, board.clock
        );
        predictions.push((name, cycles.map(|cycles| cycles as f64 / clock)));
    }
    Ok(predictions)
}

/// Bootstraps a second of the device, and its name.
fn measure(
    arguments: &Arguments,
    set: &ParameterSet,
    out: &Output,
) -> Result<(String, f64), CliError> {
    let (client, evaluation) = files::generate_keys(set)?;
    let session = arguments
        .machine
        .open(&evaluation, &arguments.insecure, out)?;
    let lut = session.lut(&vec![0; set.polynomial_size.0])?;
    let input = client.with_key(|key| crate::tfhe::encrypt_words(key, &[0; MEASURED]))?;
    let words = crate::tfhe::expand(&input, set)?;
    let inputs: Vec<&[u64]> = words.chunks_exact(set.big_lwe_size()).collect();
    let luts = vec![lut; inputs.len()];
    session.bootstrap_all(&inputs, &luts, &mut |_| ())?;
    let start = Instant::now();
    session.bootstrap_all(&inputs, &luts, &mut |_| ())?;
    let rate = MEASURED as f64 / start.elapsed().as_secs_f64();
    Ok((describe(&session.statistics().identity), rate))
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let choice = ModelChoice::of(arguments.model.clone(), arguments.checkpoint.clone());
    let model = choice.load()?;
    let name = arguments.parameters.as_deref();
    let set = ModelChoice::parameters(name, &model, &arguments.insecure)?;
    let language = choice.compile(model, Some(&set))?;
    let model = language.model();
    let position = arguments.position as usize;
    let plan = language.plan(position, Wanted::Answer);
    let plan = plan.map_err(CliError::Inference)?;
    let widths = plan.widths();
    let bootstraps: usize = widths.iter().sum();

    out.result(format_args!("model       {}", model.reference))?;
    out.result(format_args!(
        "            {} blocks of {} values, {} heads, {} positions, {} tokens",
        model.blocks.len(),
        model.dimension(),
        model.heads,
        model.context,
        model.vocabulary.tokens.len()
    ))?;
    let shown: Vec<String> = model
        .vocabulary
        .tokens
        .iter()
        .take(40)
        .map(|token| format!("{token:?}"))
        .collect();
    let more = if model.vocabulary.tokens.len() > shown.len() {
        ", ..."
    } else {
        ""
    };
    out.result(format_args!("vocabulary  {}{more}", shown.join(" ")))?;
    out.result(format_args!(
        "parameters  {}: n = {}, N = {}, l = {}",
        set.name, set.lwe_dimension, set.polynomial_size, set.pbs.level_count
    ))?;
    out.result(format_args!(
        "noise       of a table's input 2^{:.2} of the torus, of its output 2^{:.2} (calculated)\n",
        noise::switching_variance(&set).log2() / 2.0,
        noise::bootstrap_variance(&set).log2() / 2.0
    ))?;
    out.result(format_args!(
        "token {position}: tables{:>45}{:>12}{:>22}",
        "bootstraps", "levels", "range over noise"
    ))?;
    for kind in kinds(&plan) {
        let (first, last) = kind.levels;
        let levels = if first == last {
            format!("{first}")
        } else {
            format!("{first}-{last}")
        };
        out.result(format_args!(
            "  {:<45}{:>14}{levels:>12}{:>22.0}",
            kind.name, kind.bootstraps, kind.resolution
        ))?;
    }
    let widest = widths.iter().max().copied().unwrap_or(0);
    let narrowest = widths.iter().min().copied().unwrap_or(0);
    out.result(format_args!(
        "  together {bootstraps} bootstraps in {} levels, the widest of {widest}, the narrowest of {narrowest}; {} look-up tables\n",
        widths.len(),
        plan.tables()
    ))?;
    let size = set.big_lwe_size() as u64 * 8;
    out.result(format_args!(
        "keys        evaluation key {}",
        bytes(stored_key_bytes(&set) as u64)
    ))?;
    out.result(format_args!(
        "traffic     a token {} to the server, {} back",
        bytes(8 * (model.dimension() as u64 + 2)),
        bytes(model.vocabulary.tokens.len() as u64 * size)
    ))?;
    let cached = 2 * model.blocks.len() * model.kv_heads * model.head_size();
    out.result(format_args!(
        "cache       {} a token, on the server\n",
        bytes(cached as u64 * size)
    ))?;
    out.result("predicted time of this token")?;
    if arguments.measure {
        let (device, rate) = measure(arguments, &set, out)?;
        let time = Duration::from_secs_f64(bootstraps as f64 / rate);
        out.result(format_args!(
            "  {device}: {} ({rate:.1} PBS/s, measured here)",
            seconds(time)
        ))?;
    } else {
        out.result("  this machine: give --measure")?;
    }
    for (board, time) in predictions(&set, &widths)? {
        match time {
            Some(time) => out.result(format_args!(
                "  {board}: {:.1} ms ({:.0} PBS/s; by the cycle model, level by level)",
                time * 1e3,
                bootstraps as f64 / time
            ))?,
            None => out.result(format_args!("  {board}: not built for these parameters"))?,
        }
    }
    Ok(())
}
