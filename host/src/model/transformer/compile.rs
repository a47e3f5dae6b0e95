//! Compiling a transformer for a parameter set: ranges from calibration, scales from ranges, a plan for each position.

use super::{Reference, Transformer};
use crate::model::ModelError;
use crate::model::graph::{Balances, Graph, Ranges};
use crate::model::plan::{self, Plan};
use crate::model::run::{Bootstrapper, Ciphertext, Ciphertexts, RunProgress, Runner, State};
use crate::model::scales::Units;
use gyrus_interface::ParameterSet;
use rayon::prelude::*;
use std::sync::Arc;

/// One of so many calibration sequences is checked, not calibrated with.
const CHECKED: usize = 10;
/// By what part of what was seen ranges are wider where each value has its own.
const HEADROOM: f64 = 0.4;
/// A position with more than the first one before it.
const KIND: usize = 2;

/// Keys and values of the positions so far, but for the first one's, which are public, for each block.
#[derive(Debug, Clone)]
pub struct Cache<T> {
    blocks: Vec<[Vec<T>; 2]>,
}

impl<T: Clone> Cache<T> {
    /// Of no position.
    #[must_use]
    pub fn new(blocks: usize) -> Self {
        Self {
            blocks: vec![[Vec::new(), Vec::new()]; blocks],
        }
    }

    /// Positions that it holds.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.blocks.first().map_or(0, |[keys, _]| keys.len())
    }

    /// The position of the next token: the first token has position 0.
    #[must_use]
    pub fn next_position(&self) -> usize {
        self.positions() + 1
    }

    /// The inputs of a step, as [`Transformer::step`] has them in order.
    #[must_use]
    pub fn inputs(&self, token: T) -> Vec<T> {
        let cached = self.blocks.iter().flatten().flatten();
        std::iter::once(token).chain(cached.cloned()).collect()
    }

    /// Takes the outputs of a step in, keys and values of each block; what is in front of them, the logits if they
    /// are there, is returned.
    ///
    /// # Errors
    /// There are fewer than a step has.
    pub fn take(&mut self, mut outputs: Vec<T>) -> Result<Option<T>, ModelError> {
        let (found, wanted) = (outputs.len(), 2 * self.blocks.len());
        let Some(first) = found.checked_sub(wanted) else {
            return Err(ModelError::InputCount { found, wanted });
        };
        let new = outputs.split_off(first);
        for (of_block, output) in self.blocks.iter_mut().flatten().zip(new) {
            of_block.push(output);
        }
        Ok(outputs.pop())
    }
}

/// A compiled transformer.
#[derive(Debug)]
pub struct Language {
    model: Transformer,
    set: ParameterSet,
    balances: Balances,
    units: Units,
}

/// What a step is to give besides the keys and values that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Logits.
    Answer,
    /// Nothing: more of the prompt follows. Takes fewer bootstraps.
    Nothing,
}

impl Language {
    /// Compiles a model.
    ///
    /// # Errors
    /// A value of the checked sequences leaves its range, noise is too large, or a layer does not fit.
    pub fn compile(model: Transformer, set: &ParameterSet) -> Result<Self, ModelError> {
        let (calibrated, checked) = model
            .calibration
            .iter()
            .enumerate()
            .partition::<Vec<_>, _>(|(number, _)| number % CHECKED != CHECKED - 1);
        let longest = model.calibration.iter().map(Vec::len).max().unwrap_or(0);
        // One that attends to another token than the first has all classes that there are.
        let kinds = model.step(KIND.min(model.context.saturating_sub(1)))?;
        // Ranges of what products are made of, then also of their sums and differences.
        let mut ranges = Ranges::default();
        follow(&model, &calibrated, Graph::clone, &mut |graph, values| {
            graph.observe(values, &mut ranges);
            Ok(())
        })?;
        let balances = Balances::of(&[&kinds], &ranges)?;
        let kinds = kinds.expand(&balances);
        let expand = |graph: &Graph| graph.expand(&balances);
        let mut ranges = Ranges::default();
        follow(&model, &calibrated, expand, &mut |graph, values| {
            graph.observe(values, &mut ranges);
            Ok(())
        })?;
        if model.by_element {
            model.cover_gathered(&mut ranges)?;
        }
        // What is seen of one value is less than what is seen of all values of a tensor.
        let ranges = ranges.widened(if model.by_element { HEADROOM } else { 0.0 });
        let units = Units::of(&[&kinds], &ranges)?;
        follow(&model, &checked, expand, &mut |graph, values| {
            units.check(graph, values)
        })?;
        let language = Self {
            set: set.clone(),
            model,
            balances,
            units,
        };
        // Noise grows with what attention adds up: where the last token that was seen fits, all do.
        language.plan(longest.saturating_sub(1).max(1), Wanted::Answer)?;
        Ok(language)
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> &Transformer {
        &self.model
    }

    /// The parameter set that it was compiled for.
    #[must_use]
    pub const fn parameters(&self) -> &ParameterSet {
        &self.set
    }

    /// The plan of a position, from 1 on: the first token is public.
    ///
    /// # Errors
    /// There is no such position, or noise is too large.
    pub fn plan(&self, position: usize, wanted: Wanted) -> Result<Plan, ModelError> {
        let mut graph = self.model.step(position)?.expand(&self.balances);
        if wanted == Wanted::Nothing {
            let kept = graph.outputs().get(1..).unwrap_or_default().to_vec();
            graph = graph.of_outputs(&kept);
        }
        Plan::new(graph, &self.units, &self.set)
    }

    /// Units and ranges.
    #[must_use]
    pub const fn units(&self) -> &Units {
        &self.units
    }

    /// The words that the client encrypts for a token.
    ///
    /// # Errors
    /// There is no such token.
    pub fn encode(&self, token: usize) -> Result<Vec<u64>, ModelError> {
        let units = self.units.units("residual")?;
        Ok(plan::encode(&units, self.model.embed(token)?))
    }

    /// Logits from their phases.
    ///
    /// # Errors
    /// Never, unless the model has no logits.
    pub fn decode(&self, phases: &[u64]) -> Result<Vec<f64>, ModelError> {
        Ok(plan::decode(&self.units.units("logits")?, phases))
    }

    /// One step: a token's ciphertexts (or words) and those of the positions before to those of the logits, if
    /// they are wanted.
    ///
    /// # Errors
    /// There is no position left, or the run fails.
    pub fn step<B: Bootstrapper>(
        &self,
        runner: &mut Runner<B>,
        cache: &mut Cache<Ciphertexts>,
        token: Ciphertexts,
        wanted: Wanted,
        on_progress: &mut dyn FnMut(RunProgress),
    ) -> Result<Option<Ciphertexts>, ModelError> {
        let plan = self.plan(cache.next_position(), wanted)?;
        self.step_in(&plan, runner, cache, token, on_progress)
    }

    /// The same with the plan of this position.
    pub(super) fn step_in<B: Bootstrapper>(
        &self,
        plan: &Plan,
        runner: &mut Runner<B>,
        cache: &mut Cache<Ciphertexts>,
        token: Ciphertexts,
        on_progress: &mut dyn FnMut(RunProgress),
    ) -> Result<Option<Ciphertexts>, ModelError> {
        let inputs = plan.graph().inputs().into_iter().zip(cache.inputs(token));
        let state = State {
            level: 0,
            tensors: inputs.collect(),
        };
        let outputs = runner.run(plan, state, on_progress, &mut |_| Ok(()))?;
        cache.take(outputs)
    }
}

/// What is done with the values of a graph's tensors.
pub(super) type See<'a> = dyn FnMut(&Graph, &[Vec<f64>]) -> Result<(), ModelError> + 'a;

/// Follows sequences, each with the first token, in the clear, position by position, through `changed` graphs of the model.
pub(super) fn follow(
    model: &Transformer,
    sequences: &[(usize, &Vec<usize>)],
    changed: impl Fn(&Graph) -> Graph,
    see: &mut See<'_>,
) -> Result<(), ModelError> {
    let longest = sequences.iter().map(|(_, tokens)| tokens.len()).max();
    let mut texts = vec![Reference::new(model); sequences.len()];
    for position in 1..longest.unwrap_or(0).min(model.context) {
        let graph = changed(&model.step(position)?);
        let there = texts.par_iter_mut().zip(sequences);
        let values = there
            .filter_map(|(text, (_, tokens))| Some((text, *tokens.get(position)?)))
            .map(|(text, token)| Ok(text.step_in(&graph, token)?.1))
            .collect::<Result<Vec<_>, ModelError>>()?;
        for values in values {
            see(&graph, &values)?;
        }
    }
    Ok(())
}

/// Words in the clear as ciphertexts of one word.
#[must_use]
pub fn clear(words: &[u64]) -> Ciphertexts {
    words
        .iter()
        .map(|&word| Ciphertext::from([word]))
        .collect::<Vec<Arc<[u64]>>>()
}
