//! A model as it is executed: words of biases, look-up tables, levels, and the noise of every tensor.

use super::error::ModelError;
use super::graph::{Function, Graph, Interval, Operation, TensorId, Weights};
use super::noise;
use super::scales::Units;
use gyrus_interface::ParameterSet;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value that enters a table keeps a distance of so many standard deviations of its noise from where
/// the table wraps around.
pub const MARGIN_DEVIATIONS: f64 = 4.5;
/// The least number of standard deviations of the noise that the range of a table's input has.
pub const LEAST_RESOLUTION: f64 = 12.0;
/// What of the torus a table tells apart.
pub(super) const HALF: f64 = 0.5;

/// A look-up table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it is called: its input's class, its function, its output's class.
    pub name: String,
    /// `N` words: entries for the phases from 0 to 1/2.
    pub words: Box<[u64]>,
}

/// A torus element as a word.
fn word(x: f64) -> u64 {
    let fraction = x - x.floor();
    // Below 2^64 but for a fraction that rounds up to 1, which saturates to almost 1.
    (fraction * 2_f64.powi(64)) as u64
}

/// The words of values, `unit` of the torus for 1.
#[must_use]
pub fn encode(unit: f64, values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| word(value * unit)).collect()
}

/// The values of words or phases, which are taken as signed.
#[must_use]
pub fn decode(unit: f64, phases: &[u64]) -> Vec<f64> {
    let one = unit * 2_f64.powi(64);
    let values = phases.iter();
    values
        .map(|phase| phase.cast_signed() as f64 / one)
        .collect()
}

/// A phase's distance from zero, from -1/2 to 1/2.
fn signed(phase: f64) -> f64 {
    phase - phase.round()
}

impl Table {
    /// The table of `factor * function`, of inputs within `range` times `unit`, whose outputs have the
    /// unit `output`. Half a torus around the middle of the range is told apart; a negacyclic table has
    /// `N` entries for the phases from 0 to 1/2, and their negatives for the others.
    fn new(
        name: String,
        size: usize,
        (unit, range): (f64, Interval),
        function: Function,
        factor: f64,
        output: f64,
    ) -> Self {
        let centre = range.centre() * unit;
        let least = function.domain_from(range.low);
        let entry = |index: usize| {
            let phase = index as f64 / (2 * size) as f64;
            let from_centre = signed(phase - centre);
            let (distance, sign) = if from_centre < -HALF / 2.0 {
                (from_centre + HALF, -1.0)
            } else if from_centre < HALF / 2.0 {
                (from_centre, 1.0)
            } else {
                (from_centre - HALF, -1.0)
            };
            let x = (range.centre() + distance / unit).max(least);
            word(sign * output * factor * function.evaluate(x))
        };
        Self {
            name,
            words: (0..size).map(entry).collect(),
        }
    }
}

/// How a tensor is made.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Input,
    /// Words to be added to the bodies.
    Linear(Vec<u64>),
    Table(Arc<Table>),
}

/// A graph without products, ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    graph: Graph,
    pub(super) steps: Vec<Step>,
    /// For each tensor how many tables are before it in a row, its own included.
    levels: Vec<usize>,
    noises: Noises,
    units: Vec<f64>,
}

/// The variance of the noise of each tensor, in torus squared; the largest of its elements.
#[derive(Debug, Clone, Default)]
struct Noises {
    tensors: Vec<f64>,
    classes: BTreeMap<String, f64>,
}

impl Noises {
    fn new(graph: &Graph, set: &ParameterSet, of_inputs: &BTreeMap<String, f64>) -> Self {
        let fresh = noise::encryption_variance(set);
        let bootstrapped = noise::bootstrap_variance(set);
        let mut noises = Self::default();
        for tensor in graph.tensors() {
            let of = |id: TensorId| noises.tensors.get(id.0).copied().unwrap_or(0.0);
            let variance = match &tensor.operation {
                Operation::Input => of_inputs.get(&tensor.class).copied().unwrap_or(fresh),
                Operation::Table { .. } | Operation::Product { .. } => bootstrapped,
                Operation::Linear { parts, .. } => {
                    let mut sums = vec![0.0; tensor.width];
                    for part in parts {
                        match &part.weights {
                            Weights::Dense { input, weights } => {
                                let variance = of(*input);
                                for (sum, (row, _)) in sums.iter_mut().zip(weights.rows()) {
                                    let norm: f64 = row.iter().map(|&w| f64::from(w).powi(2)).sum();
                                    *sum += norm * variance;
                                }
                            }
                            Weights::Sparse(rows) => {
                                for (sum, row) in sums.iter_mut().zip(rows) {
                                    *sum += row
                                        .iter()
                                        .map(|(e, w)| f64::from(*w).powi(2) * of(e.tensor))
                                        .sum::<f64>();
                                }
                            }
                        }
                    }
                    sums.into_iter().fold(0.0, f64::max)
                }
            };
            noises.tensors.push(variance);
            let largest = noises.classes.entry(tensor.class.clone()).or_insert(0.0);
            *largest = largest.max(variance);
        }
        noises
    }
}

impl Plan {
    /// Makes a graph without products ready.
    ///
    /// # Errors
    /// [`ModelError::Noise`] and [`ModelError::Resolution`]: a table's input is too noisy;
    /// [`ModelError::Uncalibrated`]: a tensor's class has no unit.
    pub fn new(graph: Graph, units: &Units, set: &ParameterSet) -> Result<Self, ModelError> {
        // What is kept from step to step has the noise of what is made in this one.
        let first = Noises::new(&graph, set, &BTreeMap::new());
        let noises = Noises::new(&graph, set, &first.classes);
        let size = set.polynomial_size.0;
        let mut tables: BTreeMap<String, Arc<Table>> = BTreeMap::new();
        let (mut steps, mut levels): (Vec<Step>, Vec<usize>) = Default::default();
        let mut of_tensors = Vec::new();
        for tensor in graph.tensors() {
            let unit = units.unit(&tensor.class)?;
            let reads = Graph::reads(&tensor.operation);
            let before = reads.iter().filter_map(|id| levels.get(id.0)).max();
            let before = before.copied().unwrap_or(0);
            let (step, level) = match &tensor.operation {
                Operation::Input => (Step::Input, 0),
                Operation::Linear { bias, .. } => {
                    let words = bias.iter().map(|bias| word(bias * unit)).collect();
                    (Step::Linear(words), before)
                }
                Operation::Table {
                    input,
                    function,
                    factor,
                } => {
                    let class = graph.class(*input);
                    let scale = (units.unit(class)?, units.range(class)?);
                    let variance = noises.tensors.get(input.0).copied().unwrap_or(0.0);
                    check_noise(class, scale, variance, set)?;
                    let name = format!("{class} > {function} > {}", tensor.class);
                    let table = tables.entry(name.clone()).or_insert_with(|| {
                        Arc::new(Table::new(name, size, scale, *function, *factor, unit))
                    });
                    (Step::Table(Arc::clone(table)), before + 1)
                }
                Operation::Product { .. } => {
                    return Err(ModelError::Unsupported {
                        layer: tensor.class.clone(),
                        what: "a product that is not taken apart".into(),
                    });
                }
            };
            steps.push(step);
            levels.push(level);
            of_tensors.push(unit);
        }
        Ok(Self {
            graph,
            steps,
            levels,
            noises,
            units: of_tensors,
        })
    }

    /// The graph.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// For each tensor how many tables are before it in a row, its own included.
    #[must_use]
    pub fn levels(&self) -> &[usize] {
        &self.levels
    }

    /// Bootstraps of each level, from the first one on.
    #[must_use]
    pub fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.levels.iter().copied().max().unwrap_or(0)];
        for (number, step) in self.steps.iter().enumerate() {
            let level = self.levels.get(number).copied().unwrap_or(0);
            if let (Step::Table(_), Some(width)) = (step, widths.get_mut(level.wrapping_sub(1))) {
                *width += self.graph.width(TensorId(number));
            }
        }
        widths
    }

    /// The tables, each once.
    #[must_use]
    pub fn tables(&self) -> Vec<Arc<Table>> {
        let tables = self.steps.iter().filter_map(|step| match step {
            Step::Table(table) => Some((table.name.as_str(), table)),
            _ => None,
        });
        let tables: BTreeMap<&str, &Arc<Table>> = tables.collect();
        tables.into_values().cloned().collect()
    }

    /// What of the torus stands for 1 in a tensor.
    #[must_use]
    pub fn unit(&self, id: TensorId) -> f64 {
        self.units.get(id.0).copied().unwrap_or(1.0)
    }

    /// Standard deviation of a tensor's noise, in fractions of the torus, by calculation.
    #[must_use]
    pub fn deviation(&self, id: TensorId) -> f64 {
        let variance = self.noises.tensors.get(id.0).copied();
        variance.unwrap_or(0.0).sqrt()
    }
}

/// Refuses a table's input that noise may carry across the border of the table's window, or whose range
/// is not much more than noise.
fn check_noise(
    class: &str,
    (unit, range): (f64, Interval),
    variance: f64,
    set: &ParameterSet,
) -> Result<(), ModelError> {
    let sigma = (variance + noise::switching_variance(set)).sqrt();
    let width = range.width() * unit;
    let limit = (HALF - width) / 2.0 / MARGIN_DEVIATIONS;
    let layer = class.to_owned();
    if sigma > limit {
        return Err(ModelError::Noise {
            layer,
            sigma,
            limit,
        });
    }
    // A range of next to nothing is a constant's.
    let constant = range.width() <= 1e-6 * range.reach().max(1e-6);
    if width < LEAST_RESOLUTION * sigma && !constant {
        return Err(ModelError::Resolution {
            layer,
            steps: width / sigma,
            limit: LEAST_RESOLUTION,
        });
    }
    Ok(())
}
