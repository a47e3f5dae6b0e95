//! `gyrus demo`: client and server in one process.

use super::Insecure;
use super::data::{check_parameters, load_model};
use super::decrypt::{classes, phases};
use super::encrypt::encrypt;
use super::error::CliError;
use super::images::{self, Image};
use super::infer::infer;
use super::keygen::{find_parameters, warn_if_insecure};
use super::machine::{Machine, describe};
use super::output::{Output, bytes, milliseconds, seconds};
use crate::files::{self, stored_key_bytes};
use crate::model::{ModelError, Network, classify, noise};
use clap::Args;
use gyrus_interface::{PRIMARY, ParameterSet};
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Number of held-out images to classify.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    images: u32,
    /// Name of the parameter set; `gyrus info` lists them.
    #[arg(long, value_name = "NAME", default_value = PRIMARY)]
    parameters: String,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// Root mean square of the deviation of decrypted outputs from the exact ones, in fractions of the
/// torus: as measured, and as calculated.
struct NoiseCheck {
    measured: f64,
    calculated: f64,
}

fn check_noise(
    network: &Network,
    set: &ParameterSet,
    images: &[Image],
    exact: &[Vec<u64>],
    phases: &[u64],
) -> NoiseCheck {
    let count = phases.len().max(1) as f64;
    let measured = std::iter::zip(phases, exact.iter().flatten()).map(|(phase, exact)| {
        let deviation = phase.wrapping_sub(*exact).cast_signed() as f64 / 2_f64.powi(64);
        deviation * deviation
    });
    let calculated = images
        .iter()
        .flat_map(|image| noise::output_mean_squares(network, set, &image.values));
    NoiseCheck {
        measured: (measured.sum::<f64>() / count).sqrt(),
        calculated: (calculated.sum::<f64>() / count).sqrt(),
    }
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let start = Instant::now();
    let set = find_parameters(&arguments.parameters, &arguments.insecure)?;
    warn_if_insecure(&set, out);
    let network = load_model(None)?;
    check_parameters(&network, &set, out)?;
    let mut images = images::all_held_out(&network)?;
    let available = images.len();
    images.truncate(arguments.images as usize);
    if images.len() < arguments.images as usize {
        out.warn(format_args!(
            "only {available} held-out images come with the program"
        ));
    }
    let exact = images
        .iter()
        .map(|image| network.evaluate(&image.values))
        .collect::<Result<Vec<_>, ModelError>>()
        .map_err(CliError::Inference)?;

    out.remark(format_args!(
        "model       {}: {} bootstraps an image",
        network.reference(),
        network.bootstraps()
    ))?;
    out.remark(format_args!(
        "parameters  {}: n = {}, N = {}",
        set.name, set.lwe_dimension, set.polynomial_size
    ))?;
    let keys_start = Instant::now();
    let (client, evaluation) = files::generate_keys(&set)?;
    out.remark(format_args!(
        "keys        made in {}",
        seconds(keys_start.elapsed())
    ))?;
    let session = arguments
        .machine
        .open(&evaluation, &arguments.insecure, out)?;
    let identity = session.statistics().identity;
    out.remark(format_args!("device      {}", describe(&identity)))?;
    let input = encrypt(&client, &network, &images)?;
    out.remark(format_args!(
        "encrypted   {} images; the server's part starts\n",
        images.len()
    ))?;
    let inference = infer(&session, &network, &input, &arguments.machine, out)?;
    let phases = phases(&client, &inference.output)?;
    let decrypted = classes(&phases, &inference.output);

    out.result("image  truth  plaintext  decrypted")?;
    let (mut agree, mut correct, mut plain_correct) = (0, 0, 0);
    for ((image, exact), decrypted) in images.iter().zip(&exact).zip(decrypted) {
        let plain = classify(exact);
        let name = |class: usize| network.classes().get(class).map_or("?", String::as_str);
        out.result(format_args!(
            "{:>5}  {:>5}  {:>9}  {:>9}{}",
            image.number,
            image.label.map_or("?", name),
            name(plain),
            name(decrypted),
            if plain == decrypted { "" } else { "  differs" }
        ))?;
        agree += usize::from(plain == decrypted);
        correct += usize::from(image.label == Some(decrypted));
        plain_correct += usize::from(image.label == Some(plain));
    }
    let noise = check_noise(&network, &set, &images, &exact, &phases);
    let statistics = session.statistics();
    let count = images.len();
    out.result(format_args!(
        "\nagreement   {agree}/{count} decrypted answers equal the plaintext model's"
    ))?;
    out.result(format_args!(
        "accuracy    {correct}/{count} ({:.1}%) encrypted, {plain_correct}/{count} ({:.1}%) plaintext",
        percent(correct, count),
        percent(plain_correct, count)
    ))?;
    out.result(format_args!(
        "noise       at the outputs: measured 2^{:.2}, calculated 2^{:.2} of the torus (ratio {:.2})",
        noise.measured.log2(),
        noise.calculated.log2(),
        noise.measured / noise.calculated
    ))?;
    out.result(format_args!(
        "bootstraps  {} ({:.1} PBS/s), {} batches, the largest of {}",
        inference.bootstraps,
        inference.rate(),
        statistics.batches,
        statistics.largest_batch
    ))?;
    out.result(format_args!(
        "time        {} for inference, {} for everything",
        seconds(inference.time),
        seconds(start.elapsed())
    ))?;
    if let Some(cycles) = out.cycles() {
        out.result(format_args!(
            "cycles      {cycles} of the simulated card, {} at its {} MHz",
            milliseconds(Duration::from_secs_f64(
                cycles as f64 / identity.clock_hz as f64
            )),
            identity.clock_hz / 1_000_000
        ))?;
    }
    out.result(format_args!(
        "key size    evaluation key {} in a file, {} on the device",
        bytes(stored_key_bytes(&set) as u64),
        bytes(statistics.device.key_bytes)
    ))?;
    out.result(format_args!("ran on      {}", describe(&identity)))?;
    out.result(format_args!("parameters  {}", set.name))?;
    check_agreement(agree, count)
}

/// Refuses fewer than 98% of answers that equal the plaintext model's.
const fn check_agreement(agree: usize, count: usize) -> Result<(), CliError> {
    if 100 * agree < 98 * count {
        return Err(CliError::Disagreement { agree, count });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_fifty_answers_may_differ() {
        for (agree, count) in [(50, 50), (49, 50), (10, 10), (98, 100)] {
            assert!(check_agreement(agree, count).is_ok(), "{agree} of {count}");
        }
        for (agree, count) in [(48, 50), (48, 49), (9, 10), (97, 100), (0, 1)] {
            let error = check_agreement(agree, count).unwrap_err();
            assert!(error.to_string().contains("fewer than 98%"), "{error}");
        }
    }
}
