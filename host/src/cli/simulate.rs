//! `gyrus simulate`: a language model in the clear, with the noise of encryption. Nothing here is encrypted.

use super::error::CliError;
use super::language::ModelChoice;
use super::output::{Output, seconds};
use crate::model::transformer::{simulate, write};
use clap::Args;
use gyrus_interface::catalogue;
use std::time::Instant;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Texts, which the model writes itself, in the clear, before it was rounded.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    texts: u16,
    /// Tokens of a text.
    #[arg(long, value_name = "COUNT", default_value_t = 101, value_parser = clap::value_parser!(u16).range(2..))]
    tokens: u16,
    /// Seed of texts and noise.
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    seed: u64,
    #[command(flatten)]
    model: ModelChoice,
    /// Name of the parameter set; that of the model when left out.
    #[arg(long, value_name = "NAME")]
    parameters: Option<String>,
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let start = Instant::now();
    let model = arguments.model.load()?;
    let original = arguments.model.load_original()?;
    let name = arguments
        .parameters
        .as_ref()
        .unwrap_or(&model.parameter_set);
    let set = catalogue::find(name).ok_or_else(|| CliError::NoSuchParameters(name.clone()))?;
    let language = arguments.model.compile(model, Some(&set))?;
    let length = usize::from(arguments.tokens).min(original.context);
    let texts = write(&original, arguments.texts.into(), length, arguments.seed)
        .map_err(CliError::Inference)?;
    let mut progress = out.progress("simulation", "positions", length as u64 - 1);
    let found = simulate(&language, &original, &texts, arguments.seed, &mut |done| {
        progress.set(done as u64);
    })
    .map_err(CliError::Inference)?;
    drop(progress);
    let mean = |sum: f64| sum / found.tokens.max(1) as f64;
    out.result(format_args!("model       {}", language.model().reference))?;
    out.result(format_args!("parameters  {}", set.name))?;
    out.result(format_args!(
        "texts       {} of {length} tokens, {} predictions, written by the model itself",
        texts.len(),
        found.tokens
    ))?;
    out.result(format_args!(
        "loss        {:.4} nats a token as it was trained, {:.4} with integer weights, {:.4} with noise",
        mean(found.original),
        mean(found.exact),
        mean(found.noisy)
    ))?;
    for (what, agreement) in [
        ("as it was trained", found.to_original),
        ("with integer weights", found.to_exact),
    ] {
        out.result(format_args!(
            "agreement   {:.1}% most probable tokens as the model {what}, mean KL divergence {:.4}",
            100.0 * agreement.same as f64 / agreement.tokens.max(1) as f64,
            agreement.mean_divergence()
        ))?;
    }
    out.result(format_args!(
        "bootstraps  {:.0} a token, had it been encrypted",
        found.bootstraps as f64 / found.tokens.max(1) as f64
    ))?;
    out.result(format_args!("time        {}", seconds(start.elapsed())))?;
    out.result("encrypted   false: this is a simulation in the clear")
}
