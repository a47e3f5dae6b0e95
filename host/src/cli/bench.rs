//! `gyrus bench`

use super::Insecure;
use super::error::CliError;
use super::keygen::{find_parameters, warn_if_insecure};
use super::machine::{Machine, describe};
use super::output::{Output, bytes, seconds};
use crate::device::Statistics;
use crate::files;
use crate::session::{Lut, Session};
use crate::tfhe;
use clap::Args;
use gyrus_interface::{PRIMARY, layout};
use std::time::{Duration, Instant};

/// Single bootstraps that the latency is the median of.
const SINGLES: usize = 9;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of the parameter set; `gyrus info` lists them.
    #[arg(long, value_name = "NAME", default_value = PRIMARY)]
    parameters: String,
    /// Seconds to measure for, at least.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// Time of one bootstrap on its own: the median of [`SINGLES`].
fn latency(session: &Session, input: &[u64], table: &Lut) -> Result<Duration, CliError> {
    let mut times = [Duration::ZERO; SINGLES];
    for time in &mut times {
        let start = Instant::now();
        session.bootstrap(input, table)?;
        *time = start.elapsed();
    }
    times.sort_unstable();
    Ok(times[SINGLES / 2])
}

/// How the device's batches queued since it was opened.
fn queue(device: &Statistics, out: &mut Output) -> Result<(), CliError> {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let [half, most, nearly_all] =
        [50, 90, 99].map(|percent| milliseconds(device.latency.percentile(percent)));
    out.result(format_args!(
        "batches     {half:.2} ms the median, {most:.2} ms 90 %, {nearly_all:.2} ms 99 %, {:.2} ms the longest",
        milliseconds(device.latency.longest())
    ))?;
    out.result(format_args!(
        "queue       {:.1} batches in flight on average, {} at the most; {} times no room, {:.1} ms in all",
        device.mean_depth(),
        device.greatest_depth,
        device.stalls.times,
        milliseconds(device.stalls.time)
    ))?;
    out.result(format_args!(
        "interrupts  {} waits, {:.1} ms in all; {} spurious, {} lost",
        device.interrupt_waits.times,
        milliseconds(device.interrupt_waits.time),
        device.spurious_interrupts,
        device.lost_interrupts
    ))
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let set = find_parameters(&arguments.parameters, &arguments.insecure)?;
    warn_if_insecure(&set, out);
    let (client, evaluation) = files::generate_keys(&set)?;
    let machine = &arguments.machine;
    let session = machine.open(&evaluation, &arguments.insecure, out)?;
    let identity = session.statistics().identity;
    // Two full batches in each run: enough to keep the device busy while a batch is in transit.
    let batch = identity.preferred_batch.max(1);
    let count = 2 * batch;
    let words = vec![0; count];
    let list = client.with_key(|key| tfhe::encrypt_words(key, &words))?;
    let ciphertexts = tfhe::expand(&list, &set)?;
    let inputs: Vec<&[u64]> = ciphertexts.chunks_exact(set.big_lwe_size()).collect();
    let table = session.lut(&vec![1 << 60; layout::lut_words(&set)])?;
    let tables = vec![table.clone(); count];

    // Warms up: what is allocated or uploaded at first use is not measured.
    session.bootstrap_all(&inputs, &tables, &mut |_| ())?;
    let input = ciphertexts.get(..set.big_lwe_size()).unwrap_or_default();
    let latency = latency(&session, input, &table)?;

    let before = session.statistics();
    let goal = Duration::from_secs(arguments.seconds);
    let mut progress = out.progress("measuring", "s", arguments.seconds);
    let start = Instant::now();
    let mut done = 0_u64;
    while start.elapsed() < goal {
        session.bootstrap_all(&inputs, &tables, &mut |_| ())?;
        done += count as u64;
        progress.set(start.elapsed().as_secs().min(arguments.seconds));
    }
    let time = start.elapsed();
    drop(progress);
    let rate = done as f64 / time.as_secs_f64();
    let statistics = session.statistics();
    out.result(format_args!("device      {}", describe(&identity)))?;
    out.result(format_args!("threads     {}", machine.thread_count()))?;
    out.result(format_args!(
        "parameters  {}: n = {}, N = {}",
        set.name, set.lwe_dimension, set.polynomial_size
    ))?;
    out.result(format_args!(
        "key         {} resident on the device",
        bytes(statistics.device.key_bytes)
    ))?;
    out.result(format_args!(
        "batch       {batch} is what the device prefers; runs of {count} in {} batches",
        statistics.batches - before.batches
    ))?;
    out.result(format_args!(
        "latency     {:.1} ms for a single KS + PBS, the median of {SINGLES} after a warm-up",
        latency.as_secs_f64() * 1e3
    ))?;
    queue(&statistics.device, out)?;
    out.result(format_args!(
        "throughput  {rate:.1} PBS/s ({:.2} ms each): {done} in {}",
        1e3 / rate,
        seconds(time)
    ))
}
