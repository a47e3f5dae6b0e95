//! A model as it is executed: words of biases, look-up tables, levels, and the noise of every tensor.

use super::error::ModelError;
use super::graph::{Element, Function, Graph, Interval, Operation, Part, TensorId, Weights, at};
use super::noise;
use super::scales::Units;
use gyrus_interface::ParameterSet;
use std::collections::{BTreeMap, BTreeSet};
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

/// The words of values, `units` of the torus for 1: one for all, or one per value.
#[must_use]
pub fn encode(units: &[f64], values: &[f64]) -> Vec<u64> {
    let values = values.iter().enumerate();
    values
        .map(|(index, value)| word(value * at(units, index)))
        .collect()
}

/// The values of words or phases, which are taken as signed.
#[must_use]
pub fn decode(units: &[f64], phases: &[u64]) -> Vec<f64> {
    let phases = phases.iter().enumerate();
    phases
        .map(|(index, phase)| phase.cast_signed() as f64 / 2_f64.powi(64) / at(units, index))
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
    /// The table of each value.
    Table(Vec<Arc<Table>>),
}

/// A graph without products, ready to run.
#[derive(Debug, Clone)]
pub struct Plan {
    graph: Graph,
    pub(super) steps: Vec<Step>,
    /// For each tensor how many tables are before it in a row, its own included.
    levels: Vec<usize>,
    noises: Noises,
    /// For each table's tensor the least range of an input over its noise.
    resolutions: Vec<f64>,
}

/// The variance of the noise of values, in torus squared.
#[derive(Debug, Clone, Default)]
struct Noises {
    /// For each value of each tensor.
    tensors: Vec<Vec<f64>>,
    /// For each kind of values the largest.
    kinds: BTreeMap<(String, usize), f64>,
}

impl Noises {
    fn new(
        graph: &Graph,
        (units, set): (&Units, &ParameterSet),
        of_inputs: &BTreeMap<(String, usize), f64>,
    ) -> Self {
        let switching = noise::switching_variance(set);
        let fresh = noise::encryption_variance(set);
        let bootstrapped = noise::bootstrap_variance(set);
        let mut noises = Self::default();
        for (number, tensor) in graph.tensors().iter().enumerate() {
            let node = |index| {
                let tensor = TensorId(number);
                let (class, kind) = graph.node(Element { tensor, index });
                (class.to_owned(), kind)
            };
            let variances: Vec<f64> = match &tensor.operation {
                Operation::Input => (0..tensor.width)
                    .map(|index| of_inputs.get(&node(index)).copied().unwrap_or(fresh))
                    .collect(),
                // Beyond the bounds of a clipped value noise of the table's input comes out again.
                Operation::Table {
                    input,
                    function: Function::Excess { .. },
                    ..
                } => graph
                    .elements(*input)
                    .enumerate()
                    .map(|(index, element)| {
                        let own = Element {
                            tensor: TensorId(number),
                            index,
                        };
                        let unit = |element| units.entry(graph.node(element)).map(|(unit, _)| unit);
                        let zoom = match (unit(own), unit(element)) {
                            (Ok(own), Ok(input)) => own / input,
                            _ => 0.0,
                        };
                        bootstrapped + zoom.powi(2) * switching
                    })
                    .collect(),
                Operation::Table { .. } | Operation::Product { .. } | Operation::Clip { .. } => {
                    vec![bootstrapped; tensor.width]
                }
                Operation::Linear { parts, .. } => {
                    let mut sums = vec![0.0; tensor.width];
                    for part in parts {
                        noises.add(part, &mut sums);
                    }
                    sums
                }
            };
            // Only what is kept from step to step is asked for by its kind.
            if graph.outputs().contains(&TensorId(number)) {
                for (index, &variance) in variances.iter().enumerate() {
                    let largest = noises.kinds.entry(node(index)).or_insert(0.0);
                    *largest = largest.max(variance);
                }
            }
            noises.tensors.push(variances);
        }
        noises
    }

    fn of(&self, element: Element) -> f64 {
        let variances = self.tensors.get(element.tensor.0);
        let variance = variances.and_then(|variances| variances.get(element.index));
        variance.copied().unwrap_or(0.0)
    }

    /// Adds what a part of a sum adds to its outputs.
    fn add(&self, part: &Part, sums: &mut [f64]) {
        match &part.weights {
            Weights::Dense { input, weights, .. } => {
                let variances = self.tensors.get(input.0).map_or(&[][..], Vec::as_slice);
                for (sum, (row, _)) in sums.iter_mut().zip(weights.rows()) {
                    let products = row.iter().zip(variances);
                    *sum += products
                        .map(|(&w, v)| f64::from(w).powi(2) * v)
                        .sum::<f64>();
                }
            }
            Weights::Sparse(rows) => {
                for (sum, row) in sums.iter_mut().zip(rows) {
                    let products = row.iter().map(|&(e, w)| f64::from(w).powi(2) * self.of(e));
                    *sum += products.sum::<f64>();
                }
            }
        }
    }
}

/// What tells tables of one function apart.
type TableKey = [u64; 5];

impl Plan {
    /// Makes a graph without products ready.
    ///
    /// # Errors
    /// [`ModelError::Noise`] and [`ModelError::Resolution`]: a table's input is too noisy;
    /// [`ModelError::Uncalibrated`]: a tensor's class has no unit.
    pub fn new(graph: Graph, units: &Units, set: &ParameterSet) -> Result<Self, ModelError> {
        // What is kept from step to step has the noise of what is made in this one.
        let first = Noises::new(&graph, (units, set), &BTreeMap::new());
        let noises = Noises::new(&graph, (units, set), &first.kinds);
        let size = set.polynomial_size.0;
        let mut tables: BTreeMap<(String, TableKey), Arc<Table>> = BTreeMap::new();
        let (mut steps, mut levels): (Vec<Step>, Vec<usize>) = Default::default();
        let mut resolutions = Vec::new();
        for (number, tensor) in graph.tensors().iter().enumerate() {
            let own = |index| {
                let tensor = TensorId(number);
                units.entry(graph.node(Element { tensor, index }))
            };
            let reads = Graph::reads(&tensor.operation);
            let before = reads.iter().filter_map(|id| levels.get(id.0)).max();
            let before = before.copied().unwrap_or(0);
            let mut resolution = f64::INFINITY;
            let (step, level) = match &tensor.operation {
                Operation::Input => (Step::Input, 0),
                Operation::Linear { bias, .. } => {
                    let words = bias.iter().enumerate();
                    let words = words.map(|(index, bias)| Ok(word(bias * own(index)?.0)));
                    let words = words.collect::<Result<_, ModelError>>()?;
                    (Step::Linear(words), before)
                }
                Operation::Table {
                    input,
                    function,
                    factors,
                } => {
                    let class = graph.class(*input);
                    let name = format!("{class} > {function} > {}", tensor.class);
                    let mut table = |element: Element| {
                        let scale = units.entry(graph.node(element))?;
                        let own_resolution = check_noise(class, scale, noises.of(element), set)?;
                        resolution = resolution.min(own_resolution);
                        let (output, _) = own(element.index)?;
                        let factor = at(factors, element.index);
                        let (unit, range) = scale;
                        let key = [unit, range.low, range.high, factor, output].map(f64::to_bits);
                        let table = tables.entry((name.clone(), key)).or_insert_with(|| {
                            let name = name.clone();
                            Arc::new(Table::new(name, size, scale, *function, factor, output))
                        });
                        Ok(Arc::clone(table))
                    };
                    let tables = graph.elements(*input).map(&mut table);
                    let tables = tables.collect::<Result<_, ModelError>>()?;
                    (Step::Table(tables), before + 1)
                }
                Operation::Product { .. } | Operation::Clip { .. } => {
                    return Err(ModelError::Unsupported {
                        layer: tensor.class.clone(),
                        what: "an operation that is not taken apart".into(),
                    });
                }
            };
            steps.push(step);
            levels.push(level);
            resolutions.push(resolution);
        }
        Ok(Self {
            graph,
            steps,
            levels,
            noises,
            resolutions,
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

    /// How many standard deviations of its noise the range of a table's input has, at the least.
    #[must_use]
    pub fn resolution(&self, id: TensorId) -> f64 {
        self.resolutions.get(id.0).copied().unwrap_or(f64::INFINITY)
    }

    /// Number of different tables.
    #[must_use]
    pub fn tables(&self) -> usize {
        let tables = self.steps.iter().flat_map(|step| match step {
            Step::Table(tables) => tables.as_slice(),
            _ => &[],
        });
        tables.map(Arc::as_ptr).collect::<BTreeSet<_>>().len()
    }

    /// The largest standard deviation of a tensor's noise, in fractions of the torus, by calculation.
    #[must_use]
    pub fn deviation(&self, id: TensorId) -> f64 {
        let variances = self.noises.tensors.get(id.0).into_iter().flatten();
        variances.copied().fold(0.0, f64::max).sqrt()
    }
}

/// The range of a table's input over its noise. Refuses one that noise may carry across the border of the table's
/// window, or whose range is not much more than noise.
fn check_noise(
    class: &str,
    (unit, range): (f64, Interval),
    variance: f64,
    set: &ParameterSet,
) -> Result<f64, ModelError> {
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
    let resolution = width / sigma;
    // A range of next to nothing is a constant's.
    let constant = range.width() <= 1e-6 * range.reach().max(1e-6);
    if resolution < LEAST_RESOLUTION && !constant {
        return Err(ModelError::Resolution {
            layer,
            steps: resolution,
            limit: LEAST_RESOLUTION,
        });
    }
    Ok(if constant { f64::INFINITY } else { resolution })
}
