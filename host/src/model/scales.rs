//! The scales of a model's tensors: how much of the torus stands for 1, the *unit* of a kind of values of a
//! class.
//!
//! A sum with integer weights fixes the ratios of the units of what it adds and of its output; a table's
//! output may have any unit, as the table holds it. So classes fall into components within which all ratios
//! are known (a union-find structure with ratios), and each component has one unit to choose: the largest
//! with which everything that enters a table fits its window, since the noise is the same for any.

use super::error::ModelError;
use super::graph::{
    Element, Graph, Interval, Node, Operation, Part, Ranges, TensorId, Weights, at,
};
use super::plan::HALF;
use std::collections::BTreeMap;

/// What values of a table's input may take of the torus: 10% of the half that a table tells apart stay
/// free for noise and for values beyond those that were seen.
pub const WINDOW: f64 = 0.45;
/// Ratios that differ by less are equal.
const TOLERANCE: f64 = 1e-6;

/// Which units are tied to which.
#[derive(Debug, Clone, Default)]
pub(super) struct Scales {
    /// For each class the numbers of its kinds.
    numbers: BTreeMap<String, Vec<Option<usize>>>,
    /// For each kind another one of its component, and its unit over that one's; itself at the root.
    parents: Vec<(usize, f64)>,
}

impl Scales {
    /// The ties of the sums of all graphs.
    pub(super) fn of(graphs: &[&Graph]) -> Result<Self, ModelError> {
        let mut scales = Self::default();
        for graph in graphs {
            for (number, tensor) in graph.tensors().iter().enumerate() {
                let own = |index| Element {
                    tensor: TensorId(number),
                    index,
                };
                for index in 0..tensor.width {
                    scales.number(graph.node(own(index)));
                }
                let Operation::Linear { parts, .. } = &tensor.operation else {
                    continue;
                };
                for part in parts {
                    for output in 0..tensor.width {
                        scales.tie_output(graph, part, own(output), output)?;
                    }
                }
            }
        }
        Ok(scales)
    }

    /// The ties of an output of a part of a sum.
    fn tie_output(
        &mut self,
        graph: &Graph,
        part: &Part,
        own: Element,
        output: usize,
    ) -> Result<(), ModelError> {
        let (own, step) = (graph.node(own), at(&part.steps, output));
        match &part.weights {
            Weights::Dense { input, columns, .. } => graph.elements(*input).try_for_each(|input| {
                let ratio = step * at(columns, input.index);
                self.tie(graph.node(input), own, ratio)
            }),
            Weights::Sparse(rows) => rows
                .get(output)
                .into_iter()
                .flatten()
                .try_for_each(|&(input, _)| self.tie(graph.node(input), own, step)),
        }
    }

    fn number(&mut self, (class, kind): Node<'_>) -> usize {
        let kinds = match self.numbers.get_mut(class) {
            Some(kinds) => kinds,
            None => self.numbers.entry(class.to_owned()).or_default(),
        };
        if kind >= kinds.len() {
            kinds.resize(kind + 1, None);
        }
        let new = self.parents.len();
        let number = kinds
            .get_mut(kind)
            .map_or(new, |kind| *kind.get_or_insert(new));
        if number == new {
            self.parents.push((new, 1.0));
        }
        number
    }

    /// The root of a kind, and the kind's unit over the root's. Makes the way there short for the next time.
    fn root(&mut self, number: usize) -> (usize, f64) {
        let (mut root, mut ratio) = (number, 1.0);
        while let Some(&(parent, step)) = self.parents.get(root)
            && parent != root
        {
            ratio *= step;
            root = parent;
        }
        if let Some(entry) = self.parents.get_mut(number) {
            *entry = (root, ratio);
        }
        (root, ratio)
    }

    /// Says that `unit(a) = ratio * unit(b)`.
    ///
    /// # Errors
    /// [`ModelError::Scales`]: another ratio follows from what was said before.
    pub(super) fn tie(&mut self, a: Node<'_>, b: Node<'_>, ratio: f64) -> Result<(), ModelError> {
        let (a_number, b_number) = (self.number(a), self.number(b));
        let (a_root, a_ratio) = self.root(a_number);
        let (b_root, b_ratio) = self.root(b_number);
        let wanted = ratio * b_ratio / a_ratio;
        let is_number = wanted.is_finite() && wanted > 0.0;
        if is_number && a_root != b_root {
            if let Some(entry) = self.parents.get_mut(a_root) {
                *entry = (b_root, wanted);
            }
            return Ok(());
        }
        if is_number && (wanted - 1.0).abs() <= TOLERANCE {
            return Ok(());
        }
        Err(ModelError::Scales {
            layer: b.0.to_owned(),
            input: a.0.to_owned(),
            wanted: ratio,
            found: if is_number {
                a_ratio / b_ratio
            } else {
                f64::NAN
            },
        })
    }

    /// `unit(a) / unit(b)`, if it is tied.
    pub(super) fn ratio(&mut self, a: Node<'_>, b: Node<'_>) -> Option<f64> {
        let (a, b) = (self.number(a), self.number(b));
        let ((a_root, a_ratio), (b_root, b_ratio)) = (self.root(a), self.root(b));
        (a_root == b_root).then_some(a_ratio / b_ratio)
    }
}

/// Unit and range of every kind of values.
#[derive(Debug, Clone, Default)]
pub struct Units(BTreeMap<String, Vec<Option<(f64, Interval)>>>);

impl Units {
    /// The largest units with which everything fits, of graphs that share their classes.
    ///
    /// # Errors
    /// Scales contradict each other, or a class that enters a table was not calibrated.
    pub fn of(graphs: &[&Graph], ranges: &Ranges) -> Result<Self, ModelError> {
        let mut scales = Scales::of(graphs)?;
        let mut of_roots = BTreeMap::new();
        let mut demand = |scales: &mut Scales, node: Node<'_>, most: f64| {
            let number = scales.number(node);
            let (root, ratio) = scales.root(number);
            let unit = of_roots.entry(root).or_insert(f64::INFINITY);
            *unit = f64::min(*unit, most / ratio);
        };
        for graph in graphs {
            for tensor in graph.tensors() {
                if let Operation::Table { input, .. } = &tensor.operation {
                    for element in graph.elements(*input) {
                        let (class, kind) = graph.node(element);
                        let range = ranges.of(class, kind)?;
                        // A constant, too, has to lie somewhere.
                        let width = range.width().max(1e-6 * range.reach()).max(1e-12);
                        demand(&mut scales, (class, kind), WINDOW / width);
                    }
                }
            }
            for &id in graph.outputs() {
                for element in graph.elements(id) {
                    let (class, kind) = graph.node(element);
                    let reach = ranges.of(class, kind)?.reach().max(1e-12);
                    demand(&mut scales, (class, kind), WINDOW / reach);
                }
            }
        }
        let mut units = BTreeMap::new();
        for (class, numbers) in scales.numbers.clone() {
            let unit = |(kind, number): (usize, &Option<usize>)| {
                let Some(number) = number else {
                    return Ok(None);
                };
                let (root, ratio) = scales.root(*number);
                let unit = ratio * of_roots.get(&root).copied().unwrap_or(1.0);
                Ok(Some((unit, ranges.of(&class, kind)?)))
            };
            let of_kinds = numbers.iter().enumerate().map(unit);
            let of_kinds = of_kinds.collect::<Result<_, ModelError>>()?;
            units.insert(class, of_kinds);
        }
        Ok(Self(units))
    }

    /// Unit and range of what has the scale of a value.
    ///
    /// # Errors
    /// [`ModelError::Uncalibrated`]: there is no such kind.
    pub(super) fn entry(&self, (class, kind): Node<'_>) -> Result<(f64, Interval), ModelError> {
        self.0
            .get(class)
            .and_then(|kinds| kinds.get(kind).copied().flatten())
            .ok_or_else(|| ModelError::Uncalibrated {
                layer: class.to_owned(),
            })
    }

    /// What of the torus stands for 1, of each kind of a class.
    ///
    /// # Errors
    /// As [`Self::entry`].
    pub fn units(&self, class: &str) -> Result<Vec<f64>, ModelError> {
        let kinds = self.0.get(class).map_or(0, Vec::len);
        let units = (0..kinds.max(1)).map(|kind| Ok(self.entry((class, kind))?.0));
        units.collect()
    }

    /// Checks values of a run in real numbers against the windows of the tables that they enter.
    ///
    /// # Errors
    /// [`ModelError::Wraps`]: one would read the entry of another.
    pub fn check(&self, graph: &Graph, values: &[Vec<f64>]) -> Result<(), ModelError> {
        for tensor in graph.tensors() {
            let Operation::Table { input, .. } = &tensor.operation else {
                continue;
            };
            for (index, &value) in values.get(input.0).into_iter().flatten().enumerate() {
                let tensor = *input;
                let node = graph.node(Element { tensor, index });
                let (unit, range) = self.entry(node)?;
                let reach = ((value - range.centre()) * unit).abs();
                if reach.is_nan() || reach >= HALF / 2.0 {
                    return Err(ModelError::Wraps {
                        layer: node.0.to_owned(),
                        input: index,
                        reach,
                        limit: HALF / 2.0,
                    });
                }
            }
        }
        Ok(())
    }
}
