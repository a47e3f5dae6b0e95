//! Running a plan, level by level: sums on the host's cores, the tables of a level as one batch on a
//! [`Bootstrapper`]. That is a session with a device, or words in the clear, with or without the noise
//! that a session would add: one executor for all, as a word in the clear is a ciphertext of one word.

use super::error::ModelError;
use super::graph::{Operation, TensorId, Weights};
use super::plan::{Plan, Step, Table};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Bytes of ciphertexts that are handed over at a time: bounds the memory, and still makes runs of
/// several hundred bootstraps.
const GROUP_BYTES: usize = 64 << 20;

/// A ciphertext: mask words and a body; or a body alone, in the clear.
pub type Ciphertext = Arc<[u64]>;
/// The ciphertexts of a tensor.
pub type Ciphertexts = Vec<Ciphertext>;

/// What puts ciphertexts through tables.
pub trait Bootstrapper {
    /// Words of a ciphertext.
    fn ciphertext_words(&self) -> usize;

    /// `inputs[i]` through `tables[i]`. Calls `on_progress` with the number of those done.
    ///
    /// # Errors
    /// The device failed.
    fn bootstrap(
        &mut self,
        inputs: Ciphertexts,
        tables: &[Arc<Table>],
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Ciphertexts, ModelError>;
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunProgress {
    /// The level that is being computed, from 1 on; and how many there are.
    pub level: usize,
    /// Levels.
    pub levels: usize,
    /// Bootstraps done.
    pub done: usize,
    /// Bootstraps of the run.
    pub total: usize,
}

/// What a run has come to: tensors that are still needed.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Levels that are done.
    pub level: usize,
    /// The tensors.
    pub tensors: BTreeMap<TensorId, Ciphertexts>,
}

/// Runs plans.
pub struct Runner<B> {
    machine: B,
    /// Of its own: a device may block threads of rayon's global pool.
    pool: rayon::ThreadPool,
}

impl<B: Bootstrapper> Runner<B> {
    /// With so many threads for the sums; one per core when `None`.
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn new(machine: B, threads: Option<NonZeroUsize>) -> Result<Self, ModelError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads.map_or(0, NonZeroUsize::get))
            .thread_name(|i| format!("gyrus-linear-{i}"))
            .build()
            .map_err(|e| ModelError::Threads(e.to_string()))?;
        Ok(Self { machine, pool })
    }

    /// What puts ciphertexts through tables.
    pub const fn machine(&self) -> &B {
        &self.machine
    }

    /// Runs a plan from `state`, which begins with the inputs at level 0; returns the plan's outputs.
    /// Calls `on_level` behind each level with what has to be kept to go on from there.
    ///
    /// # Errors
    /// An input is missing or of another shape, the device failed, or `on_level` did.
    pub fn run(
        &mut self,
        plan: &Plan,
        mut state: State,
        on_progress: &mut dyn FnMut(RunProgress),
        on_level: &mut dyn FnMut(&State) -> Result<(), ModelError>,
    ) -> Result<Vec<Ciphertexts>, ModelError> {
        let widths = plan.widths();
        let last_reads = last_reads(plan);
        let mut progress = RunProgress {
            level: state.level,
            levels: widths.len(),
            done: widths.iter().take(state.level.saturating_sub(1)).sum(),
            total: widths.iter().sum(),
        };
        self.check(plan, &state)?;
        for level in state.level..=widths.len() {
            progress.level = level;
            on_progress(progress);
            if level > 0 {
                let done = progress.done;
                let mut report = |now| {
                    progress.done = done + now;
                    on_progress(progress);
                };
                self.tables(plan, level, &mut state, &mut report)?;
            }
            self.sums(plan, level, &mut state)?;
            state.level = level;
            state.tensors.retain(|id, _| {
                plan.graph().outputs().contains(id)
                    || last_reads.get(id).is_some_and(|&last| last > level)
            });
            if level < widths.len() {
                // The state behind a level's sums, so that one that begins with level 0 has them, too.
                state.level = level + 1;
                on_level(&state)?;
            }
        }
        let outputs = plan.graph().outputs().iter();
        outputs
            .map(|id| state.tensors.get(id).cloned().ok_or_else(missing))
            .collect()
    }

    /// Checks the shapes of what a run begins with.
    fn check(&self, plan: &Plan, state: &State) -> Result<(), ModelError> {
        let size = self.machine.ciphertext_words();
        for (id, words) in &state.tensors {
            let (found, wanted) = (words.len(), plan.graph().width(*id));
            if found != wanted {
                return Err(ModelError::InputCount { found, wanted });
            }
            if let Some(wrong) = words.iter().find(|words| words.len() != size) {
                return Err(ModelError::CiphertextSize {
                    found: wrong.len(),
                    wanted: size,
                });
            }
        }
        Ok(())
    }

    /// The tables of a level.
    fn tables(
        &mut self,
        plan: &Plan,
        level: usize,
        state: &mut State,
        report: &mut dyn FnMut(usize),
    ) -> Result<(), ModelError> {
        let mut inputs: Ciphertexts = Vec::new();
        let mut tables = Vec::new();
        let mut targets = Vec::new();
        for (number, (tensor, step)) in plan.graph().tensors().iter().zip(&plan.steps).enumerate() {
            if let (Operation::Table { input, .. }, Step::Table(own)) = (&tensor.operation, step)
                && plan.levels().get(number) == Some(&level)
            {
                let words = state.tensors.get(input).ok_or_else(missing)?;
                inputs.extend(words.iter().cloned());
                tables.extend(own.iter().cloned());
                targets.push((TensorId(number), words.len()));
            }
        }
        let group = (GROUP_BYTES / 8 / self.machine.ciphertext_words()).max(1);
        let mut outputs = Vec::with_capacity(inputs.len());
        for (inputs, tables) in inputs.chunks(group).zip(tables.chunks(group)) {
            let done = outputs.len();
            let mut add = |now| report(done + now);
            outputs.extend(self.machine.bootstrap(inputs.to_vec(), tables, &mut add)?);
            report(outputs.len());
        }
        let mut outputs = outputs.into_iter();
        for (id, width) in targets {
            state
                .tensors
                .insert(id, outputs.by_ref().take(width).collect());
        }
        Ok(())
    }

    /// The sums of a level.
    fn sums(&self, plan: &Plan, level: usize, state: &mut State) -> Result<(), ModelError> {
        let size = self.machine.ciphertext_words();
        for (number, (tensor, step)) in plan.graph().tensors().iter().zip(&plan.steps).enumerate() {
            let (Operation::Linear { parts, .. }, Step::Linear(bias)) = (&tensor.operation, step)
            else {
                continue;
            };
            if plan.levels().get(number) != Some(&level)
                || state.tensors.contains_key(&TensorId(number))
            {
                continue;
            }
            let mut sums = vec![0; tensor.width * size];
            for part in parts {
                self.pool
                    .install(|| add(&part.weights, state, size, &mut sums))?;
            }
            let words = sums.chunks_exact_mut(size).zip(bias).map(|(sum, bias)| {
                if let Some(body) = sum.last_mut() {
                    *body = body.wrapping_add(*bias);
                }
                Arc::from(&*sum)
            });
            state.tensors.insert(TensorId(number), words.collect());
        }
        Ok(())
    }
}

fn missing() -> ModelError {
    ModelError::InputCount {
        found: 0,
        wanted: 1,
    }
}

/// For each tensor the last level in which it is read.
fn last_reads(plan: &Plan) -> BTreeMap<TensorId, usize> {
    let mut last = BTreeMap::new();
    for (tensor, &level) in plan.graph().tensors().iter().zip(plan.levels()) {
        for id in super::graph::Graph::reads(&tensor.operation) {
            let entry = last.entry(id).or_insert(level);
            *entry = level.max(*entry);
        }
    }
    last
}

/// Adds weighted ciphertexts to sums.
fn add(weights: &Weights, state: &State, size: usize, sums: &mut [u64]) -> Result<(), ModelError> {
    let tensor = |id: &TensorId| state.tensors.get(id).ok_or_else(missing);
    match weights {
        Weights::Dense { input, weights, .. } => {
            let words = tensor(input)?.concat();
            let new = weights.apply(&words, size)?;
            for (sum, new) in sums.iter_mut().zip(new) {
                *sum = sum.wrapping_add(new);
            }
        }
        Weights::Sparse(rows) => {
            for (element, _) in rows.iter().flatten() {
                tensor(&element.tensor)?
                    .get(element.index)
                    .ok_or_else(missing)?;
            }
            sums.par_chunks_exact_mut(size)
                .zip(rows)
                .for_each(|(sum, row)| {
                    for (element, weight) in row {
                        let words = state.tensors.get(&element.tensor);
                        let words = words.and_then(|words| words.get(element.index));
                        let weight = i64::from(*weight).cast_unsigned();
                        for (sum, word) in
                            sum.iter_mut().zip(words.into_iter().flat_map(|w| w.iter()))
                        {
                            *sum = sum.wrapping_add(word.wrapping_mul(weight));
                        }
                    }
                });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::graph::{Balances, Function, Graph, Ranges};
    use crate::model::machine::Clear;
    use crate::model::scales::Units;
    use gyrus_interface::{PRIMARY, catalogue};

    /// A norm, a maximum and two functions of eight values.
    fn plan(values: &[f64]) -> Plan {
        let set = catalogue::find(PRIMARY).unwrap();
        let mut graph = Graph::new(false);
        let input = graph.input("input", values.len());
        let normed = graph.rms_norm("normed", input, 0.01);
        let curved = graph.table("curved", normed, Function::Tanh);
        let largest = graph.maximum("largest", &[curved, input, normed]).unwrap();
        let last = graph.table("last", largest, Function::Silu);
        graph.output(last);
        graph.output(curved);
        let given = BTreeMap::from([(input, values.to_vec())]);
        let mut ranges = Ranges::default();
        graph.observe(&graph.evaluate(&given).unwrap(), &mut ranges);
        let graph = graph.expand(&Balances::of(&[&graph], &ranges).unwrap());
        let mut ranges = Ranges::default();
        graph.observe(&graph.evaluate(&given).unwrap(), &mut ranges);
        let units = Units::of(&[&graph], &ranges).unwrap();
        Plan::new(graph, &units, &set).unwrap()
    }

    #[test]
    fn a_run_goes_on_from_any_level() {
        let values = [0.3, -1.0, 2.0, 0.7, -0.2, 1.1, -1.9, 0.05];
        let plan = plan(&values);
        let input = plan.graph().inputs()[0];
        let words = (0..8)
            .map(|word: u64| Ciphertext::from([word << 58]))
            .collect();
        let start = State {
            level: 0,
            tensors: BTreeMap::from([(input, words)]),
        };
        let mut runner = Runner::new(Clear::exact(), None).unwrap();
        let mut states = vec![start.clone()];
        let mut seen = RunProgress::default();
        let whole = runner.run(&plan, start, &mut |now| seen = now, &mut |state| {
            states.push(state.clone());
            Ok(())
        });
        let whole = whole.unwrap();
        let widths = plan.widths();
        assert_eq!(states.len(), widths.len() + 1);
        let all = widths.iter().sum();
        assert_eq!(
            (seen.done, seen.total, seen.level),
            (all, all, widths.len())
        );
        for state in states {
            let level = state.level;
            let mut first = None;
            let outputs = runner.run(
                &plan,
                state,
                &mut |now| {
                    first.get_or_insert(now.done);
                },
                &mut |_| Ok(()),
            );
            assert_eq!(outputs.unwrap(), whole, "{level}");
            let before: usize = widths.iter().take(level.saturating_sub(1)).sum();
            assert_eq!(first, Some(before), "{level}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let plan = plan(&[1.0, 2.0]);
        let input = plan.graph().inputs()[0];
        let mut runner = Runner::new(Clear::exact(), None).unwrap();
        let mut run = |tensors: BTreeMap<TensorId, Ciphertexts>| {
            let state = State { level: 0, tensors };
            runner
                .run(&plan, state, &mut |_| (), &mut |_| Ok(()))
                .err()
                .unwrap()
        };
        let word = Ciphertext::from([0]);
        let error = run(BTreeMap::new());
        assert!(
            matches!(error, ModelError::InputCount { found: 0, .. }),
            "{error}"
        );
        let error = run(BTreeMap::from([(input, vec![word.clone(); 3])]));
        assert!(
            matches!(
                error,
                ModelError::InputCount {
                    found: 3,
                    wanted: 2
                }
            ),
            "{error}"
        );
        let error = run(BTreeMap::from([(
            input,
            vec![word, Ciphertext::from([0, 0])],
        )]));
        assert!(
            matches!(
                error,
                ModelError::CiphertextSize {
                    found: 2,
                    wanted: 1
                }
            ),
            "{error}"
        );
    }
}
