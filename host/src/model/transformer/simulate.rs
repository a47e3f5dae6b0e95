//! Texts in the clear, with the noise that encrypted runs have: how good a model is under encryption, without a
//! ciphertext anywhere. Nothing here is encrypted.

use super::text::{Agreement, probabilities};
use super::{Cache, Language, Reference, Transformer, Wanted, clear};
use crate::model::ModelError;
use crate::model::machine::Clear;
use crate::model::run::{Ciphertexts, Runner};
use rayon::prelude::*;
use std::num::NonZeroUsize;

/// What a simulation has found.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Simulation {
    /// Tokens predicted.
    pub tokens: usize,
    /// Sum over them of -ln of the probability that the original model gave the token that came, in nats.
    pub original: f64,
    /// The same of the compiled model, with integer weights, without noise.
    pub exact: f64,
    /// The same with noise.
    pub noisy: f64,
    /// Answers with noise against those of the original model.
    pub to_original: Agreement,
    /// Against the compiled model without noise.
    pub to_exact: Agreement,
    /// Bootstraps that an encrypted run would take.
    pub bootstraps: usize,
}

/// One text.
struct Text<'a> {
    original: Reference<'a>,
    exact: Reference<'a>,
    cache: Cache<Ciphertexts>,
    runner: Runner<Clear>,
}

/// Runs texts through `language` with noise drawn from `seed`, next to it and `original` without noise. The
/// two have one vocabulary. Calls `on_progress` with the positions done.
///
/// # Errors
/// The models do not fit the texts.
pub fn simulate(
    language: &Language,
    original: &Transformer,
    texts: &[Vec<usize>],
    seed: u64,
    on_progress: &mut dyn FnMut(usize),
) -> Result<Simulation, ModelError> {
    let mut all = (0..texts.len() as u64)
        .map(|number| {
            let noise = Clear::noisy(language.parameters(), seed.wrapping_add(number))?;
            Ok(Text {
                original: Reference::new(original),
                exact: Reference::new(language.model()),
                cache: Cache::new(language.model().blocks.len()),
                runner: Runner::new(noise, NonZeroUsize::new(1))?,
            })
        })
        .collect::<Result<Vec<_>, ModelError>>()?;
    let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
    let mut found = Simulation::default();
    for position in 1..longest.saturating_sub(1) {
        let graph = language.model().step(position)?;
        let original_graph = original.step(position)?;
        let plan = language.plan(position, Wanted::Answer)?;
        let bootstraps: usize = plan.widths().iter().sum();
        let there = all.par_iter_mut().zip(texts);
        let answers = there
            .filter_map(|(text, tokens)| {
                Some((text, *tokens.get(position)?, *tokens.get(position + 1)?))
            })
            .map(|(text, token, next)| {
                let (original, _) = text.original.step_in(&original_graph, token)?;
                let (exact, _) = text.exact.step_in(&graph, token)?;
                let words = clear(&language.encode(token)?);
                let (runner, cache) = (&mut text.runner, &mut text.cache);
                let noisy = language.step_in(&plan, runner, cache, words, &mut |_| ())?;
                let noisy = language.decode(&noisy.unwrap_or_default().concat())?;
                Ok((original, exact, noisy, next))
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        for (original, exact, noisy, next) in answers {
            let surprise = |logits: &[f64]| {
                let probability = probabilities(logits, 1.0).get(next).copied();
                -probability.unwrap_or(0.0).max(f64::MIN_POSITIVE).ln()
            };
            found.tokens += 1;
            found.original += surprise(&original);
            found.exact += surprise(&exact);
            found.noisy += surprise(&noisy);
            found.to_original.add(&original, &noisy);
            found.to_exact.add(&exact, &noisy);
            found.bootstraps += bootstraps;
        }
        on_progress(position + 1);
    }
    Ok(found)
}
