//! `gyrus bench`

use super::Insecure;
use super::error::CliError;
use super::keygen::{find_parameters, warn_if_insecure};
use super::machine::{Machine, describe};
use super::output::{Output, bytes, seconds};
use crate::files;
use crate::tfhe;
use clap::Args;
use gyrus_interface::{PRIMARY, layout};
use std::time::{Duration, Instant};

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

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let set = find_parameters(&arguments.parameters, &arguments.insecure)?;
    warn_if_insecure(&set, out);
    let (client, evaluation) = files::generate_keys(&set)?;
    let session = arguments.machine.open(&evaluation, out)?;
    let identity = session.statistics().identity;
    // Two full batches in each run: enough to keep the device busy while a batch is in transit.
    let count = 2 * identity.preferred_batch.max(1);
    let words = vec![0; count];
    let list = client.with_key(|key| tfhe::encrypt_words(key, &words))?;
    let ciphertexts = tfhe::expand(&list, &set)?;
    let inputs: Vec<&[u64]> = ciphertexts.chunks_exact(set.big_lwe_size()).collect();
    let table = session.lut(&vec![1 << 60; layout::lut_words(&set)])?;
    let tables = vec![table; count];

    let first = Instant::now();
    for input in inputs.iter().take(1) {
        session.bootstrap_all(&[*input], tables.get(..1).unwrap_or(&[]), &mut |_| ())?;
    }
    let latency = first.elapsed();
    session.bootstrap_all(&inputs, &tables, &mut |_| ())?;

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
    out.result(format_args!("parameters  {}", set.name))?;
    out.result(format_args!(
        "key         {} resident on the device",
        bytes(statistics.device.key_bytes)
    ))?;
    out.result(format_args!(
        "latency     {:.1} ms for a single KS + PBS",
        latency.as_secs_f64() * 1e3
    ))?;
    out.result(format_args!(
        "throughput  {rate:.1} PBS/s ({:.2} ms each): {done} in {}, runs of {count}, {} threads",
        1e3 / rate,
        seconds(time),
        arguments.machine.thread_count()
    ))
}
