//! `gyrus cycles`: what bootstraps take in cycles of the card's clock.

use super::Insecure;
use super::error::CliError;
use super::keygen::{find_parameters, warn_if_insecure};
use super::machine::{Machine, describe};
use super::output::Output;
use crate::device::{Batch, Counters, Device, LutSlot};
use crate::files;
use crate::tfhe;
use clap::Args;
use gyrus_interface::{PRIMARY, ParameterSet, layout};
use std::time::{Duration, Instant};

/// Longest wait for a batch; simulated logic is slow.
const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of the parameter set; `gyrus info` lists them.
    #[arg(long, value_name = "NAME", default_value = PRIMARY)]
    parameters: String,
    /// Batches in flight.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    queued: u8,
    /// Batches to measure, behind the first.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    batches: u16,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// Waits for a batch that went well.
fn finish(device: &mut dyn Device) -> Result<(), CliError> {
    let finished = device.wait(Instant::now() + DEADLINE)?;
    finished.outputs?;
    Ok(())
}

/// Cycles of one bootstrap with nothing else in flight.
fn single(device: &mut dyn Device, batch: &Batch, set: &ParameterSet) -> Result<u64, CliError> {
    let batch = Batch {
        inputs: batch.inputs[..set.big_lwe_size()].to_vec(),
        luts: batch.luts[..1].to_vec(),
        ..batch.clone()
    };
    let before = device.counters()?.cycles;
    device.submit(batch)?;
    finish(device)?;
    Ok(device.counters()?.cycles - before)
}

/// What the counters say of some batches in the middle of a queue.
fn sustained(
    device: &mut dyn Device,
    batch: &Batch,
    queued: usize,
    batches: usize,
    out: &Output,
) -> Result<Counters, CliError> {
    let mut progress = out.progress("measuring", "batches", (batches + 1) as u64);
    let mut to_submit = queued + batches;
    for _ in 0..queued {
        device.submit(batch.clone())?;
        to_submit -= 1;
    }
    finish(device)?;
    let before = device.counters()?;
    for done in 0..batches {
        progress.set(done as u64 + 1);
        if to_submit > 0 {
            device.submit(batch.clone())?;
            to_submit -= 1;
        }
        finish(device)?;
    }
    let after = device.counters()?;
    for _ in 0..queued - 1 {
        finish(device)?;
    }
    Ok(after.since(&before))
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let set = find_parameters(&arguments.parameters, &arguments.insecure)?;
    warn_if_insecure(&set, out);
    let (client, evaluation) = files::generate_keys(&set)?;
    let key = tfhe::import_evaluation_key_as(evaluation.compressed(), set.clone())?;
    let mut device = arguments.machine.device(out)?;
    let device = device.as_mut();
    let identity = device.identity().clone();
    let deadline = Instant::now() + DEADLINE;
    device.load_keys(&key, &mut |_, _| (), deadline)?;
    let table = vec![1 << 60; layout::lut_words(&set)];
    device.load_luts(LutSlot(0), &[&table], deadline)?;

    let count = identity.preferred_batch.max(1);
    let list = client.with_key(|key| tfhe::encrypt_words(key, &vec![0; count]))?;
    let batch = Batch {
        inputs: tfhe::expand(&list, &set)?,
        luts: vec![LutSlot(0); count],
        samples: 1,
        stride: 0,
    };
    let queued = usize::from(arguments.queued).min(identity.max_in_flight);
    let batches = usize::from(arguments.batches);
    let alone = single(device, &batch, &set)?;
    let counted = sustained(device, &batch, queued, batches, out)?;

    let clock = identity.clock_hz as f64;
    let bootstraps = (batches * count) as f64;
    let seconds = counted.cycles as f64 / clock;
    let share = |cycles: u64| 100.0 * cycles as f64 / counted.cycles.max(1) as f64;
    let gigabytes = |bytes: u64| bytes as f64 / seconds / 1e9;
    out.result(format_args!("device      {}", describe(&identity)))?;
    out.result(format_args!(
        "parameters  {}: n = {}, N = {}",
        set.name, set.lwe_dimension, set.polynomial_size
    ))?;
    out.result(format_args!(
        "alone       {alone} cycles for a KS + PBS with nothing else in flight: {:.1} us at {:.0} MHz",
        alone as f64 / clock * 1e6,
        clock / 1e6
    ))?;
    out.result(format_args!(
        "sustained   {:.0} cycles a KS + PBS, {batches} batches of {count} with {queued} in flight: \
         {:.0} PBS/s at {:.0} MHz",
        counted.cycles as f64 / bootstraps,
        bootstraps / seconds,
        clock / 1e6
    ))?;
    out.result(format_args!(
        "core        takes coefficients in {:.2}% of the cycles, waits for its key in {:.2}%",
        share(counted.turn_cycles),
        share(counted.key_wait_cycles)
    ))?;
    out.result(format_args!(
        "keys        {:.1} GB/s of the bootstrapping key, {:.1} GB/s of the key switching key",
        gigabytes(counted.key_bytes),
        gigabytes(counted.keyswitch_key_bytes)
    ))?;
    out.result(format_args!(
        "host        {:.2} GB/s read, {:.2} GB/s written",
        gigabytes(counted.host_bytes_read),
        gigabytes(counted.host_bytes_written)
    ))?;
    if set.name != PRIMARY {
        // HPU's figures are of this set.
        return Ok(());
    }
    out.result(
        "reference   HPU (V80, 400 MHz, n = 879): 14,167 PBS/s, 847 us a batch of 12, 611 us at \
         least (tfhe-rs documentation)",
    )
}
