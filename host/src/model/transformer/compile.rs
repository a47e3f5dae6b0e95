//! Compiling a transformer for a parameter set: ranges from calibration, scales from ranges, a plan for each position.

use super::{Reference, Transformer};
use crate::model::ModelError;
use crate::model::graph::{Balances, Graph, Interval, Ranges};
use crate::model::plan::Plan;
use crate::model::run::{Bootstrapper, Ciphertext, Ciphertexts, RunProgress, Runner, State};
use crate::model::scales::Units;
use gyrus_interface::ParameterSet;
use std::sync::Arc;

/// One of so many calibration sequences is checked, not calibrated with.
const CHECKED: usize = 10;

/// Keys and values of the positions so far, for each block.
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

    /// The inputs of a step, as [`Transformer::step`] has them in order.
    #[must_use]
    pub fn inputs(&self, token: T) -> Vec<T> {
        let cached = self.blocks.iter().flatten().flatten();
        std::iter::once(token).chain(cached.cloned()).collect()
    }

    /// Takes the outputs of a step in; returns the logits.
    ///
    /// # Errors
    /// There are not as many as a step has.
    pub fn take(&mut self, outputs: Vec<T>) -> Result<T, ModelError> {
        let (found, wanted) = (outputs.len(), 1 + 2 * self.blocks.len());
        let mut outputs = outputs.into_iter();
        match outputs.next() {
            Some(logits) if found == wanted => {
                for (of_block, output) in self.blocks.iter_mut().flatten().zip(outputs) {
                    of_block.push(output);
                }
                Ok(logits)
            }
            _ => Err(ModelError::InputCount { found, wanted }),
        }
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

/// The plan of a position.
#[derive(Debug, Clone)]
pub struct StepPlan {
    /// The plan.
    pub plan: Plan,
}

impl Language {
    /// Compiles a model.
    ///
    /// # Errors
    /// A value of the checked sequences leaves its range, noise is too large, or a layer does not fit.
    pub fn compile(model: Transformer, set: &ParameterSet) -> Result<Self, ModelError> {
        let longest = model.calibration.iter().map(Vec::len).max().unwrap_or(0);
        let graphs = (0..longest.min(model.context))
            .map(|position| model.step(position))
            .collect::<Result<Vec<_>, _>>()?;
        let (calibrated, checked) = model
            .calibration
            .iter()
            .enumerate()
            .partition::<Vec<_>, _>(|(number, _)| number % CHECKED != CHECKED - 1);
        // Ranges of what products are made of, then also of their sums and differences.
        let ranges = observe(&model, &graphs, &calibrated)?;
        let kinds: Vec<&Graph> = kinds(&graphs).collect();
        let balances = Balances::of(&kinds, &ranges)?;
        let graphs: Vec<Graph> = graphs.iter().map(|graph| graph.expand(&balances)).collect();
        let ranges = observe(&model, &graphs, &calibrated)?;
        let kinds: Vec<&Graph> = self::kinds(&graphs).collect();
        let units = Units::of(&kinds, &ranges)?;
        let plans = graphs
            .into_iter()
            .map(|graph| Plan::new(graph, &units, set))
            .collect::<Result<Vec<_>, _>>()?;
        for (_, tokens) in checked {
            let mut text = Reference::new(&model);
            for (&token, plan) in tokens.iter().zip(&plans) {
                let (_, values) = text.step_in(plan.graph(), token)?;
                plan.check(&units, &values)?;
            }
        }
        Ok(Self {
            set: set.clone(),
            model,
            balances,
            units,
        })
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

    /// The plan of a position, from 0 on.
    ///
    /// # Errors
    /// There is no such position, or noise is too large.
    pub fn plan(&self, position: usize) -> Result<StepPlan, ModelError> {
        let graph = self.model.step(position)?.expand(&self.balances);
        let plan = Plan::new(graph, &self.units, &self.set)?;
        Ok(StepPlan { plan })
    }

    /// The range of a class of tensors, as calibration saw it.
    ///
    /// # Errors
    /// [`ModelError::Uncalibrated`]: there is no such class.
    pub fn range(&self, class: &str) -> Result<Interval, ModelError> {
        self.units.range(class)
    }

    /// The words that the client encrypts for a token.
    ///
    /// # Errors
    /// There is no such token.
    pub fn encode(&self, token: usize) -> Result<Vec<u64>, ModelError> {
        let unit = self.units.unit("residual")?;
        let vector = self.model.embed(token)?;
        Ok(crate::model::plan::encode(unit, vector))
    }

    /// Logits from their phases.
    ///
    /// # Errors
    /// Never, unless the model has no logits.
    pub fn decode(&self, phases: &[u64]) -> Result<Vec<f64>, ModelError> {
        Ok(crate::model::plan::decode(
            self.units.unit("logits")?,
            phases,
        ))
    }

    /// One step: a token's ciphertexts (or words) and those of the positions before to those of the logits.
    ///
    /// # Errors
    /// There is no position left, or the run fails.
    pub fn step<B: Bootstrapper>(
        &self,
        runner: &mut Runner<B>,
        cache: &mut Cache<Ciphertexts>,
        token: Ciphertexts,
        on_progress: &mut dyn FnMut(RunProgress),
    ) -> Result<Ciphertexts, ModelError> {
        let StepPlan { plan } = self.plan(cache.positions())?;
        let inputs = plan.graph().inputs().into_iter().zip(cache.inputs(token));
        let state = State {
            level: 0,
            tensors: inputs.collect(),
        };
        let outputs = runner.run(&plan, state, on_progress, &mut |_| Ok(()))?;
        cache.take(outputs)
    }
}

/// The graphs of two positions have all classes that there are: of one without, and one with others before it.
fn kinds(graphs: &[Graph]) -> impl Iterator<Item = &Graph> {
    graphs
        .first()
        .into_iter()
        .chain(graphs.get(1..).and_then(<[Graph]>::last))
}

/// The ranges of all classes over sequences.
fn observe(
    model: &Transformer,
    graphs: &[Graph],
    sequences: &[(usize, &Vec<usize>)],
) -> Result<Ranges, ModelError> {
    let mut ranges = Ranges::default();
    for (_, tokens) in sequences {
        let mut text = Reference::new(model);
        for (&token, graph) in tokens.iter().zip(graphs) {
            let (_, values) = text.step_in(graph, token)?;
            graph.observe(&values, &mut ranges);
        }
    }
    Ok(ranges)
}

/// Words in the clear as ciphertexts of one word.
#[must_use]
pub fn clear(words: &[u64]) -> Ciphertexts {
    words
        .iter()
        .map(|&word| Ciphertext::from([word]))
        .collect::<Vec<Arc<[u64]>>>()
}
