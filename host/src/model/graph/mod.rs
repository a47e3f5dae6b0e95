//! A model as a graph of tensors: what is computed, in real numbers, without scales or ciphertexts.
//!
//! Everything an encrypted model does comes down to two operations: [`Operation::Linear`], sums with integer
//! weights, which cost no bootstrap, and [`Operation::Table`], a function of each element, one bootstrap each.
//! Two more, [`Operation::Product`] and [`Operation::Clip`], are taken apart into those by [`Graph::expand`]; maximum, softmax and
//! normalisations are built of these in [`blocks`].
//!
//! Tensors carry the name of their *class*: the keys of all positions are of one, say. What has one class has one
//! scale; where a graph is *by element*, each [`Graph::kind`] of values within a class has its own.

mod blocks;
mod evaluate;
mod expand;
mod function;
#[cfg(test)]
mod tests;

pub use evaluate::{Interval, Ranges};
pub use expand::Balances;
pub use function::Function;

use super::network::Linear;
use std::sync::Arc;

/// Names a tensor of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub(crate) usize);

/// One value of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Element {
    /// The tensor.
    pub tensor: TensorId,
    /// Its index there.
    pub index: usize,
}

/// A kind of values of a class: what has a scale.
pub(super) type Node<'a> = (&'a str, usize);

/// One number for all indices, or one for each; 1 if there is none.
#[must_use]
pub(super) fn at(numbers: &[f64], index: usize) -> f64 {
    match numbers {
        [all] => *all,
        _ => numbers.get(index).copied().unwrap_or(1.0),
    }
}

/// Integer sums, before their steps.
#[derive(Debug, Clone)]
pub enum Weights {
    /// All of a tensor into each output.
    Dense {
        /// The tensor.
        input: TensorId,
        /// Its weights; the biases are zero.
        weights: Arc<Linear>,
        /// What each input is multiplied by: one for all, or one per input.
        columns: Vec<f64>,
    },
    /// A few elements into each output.
    Sparse(Vec<Vec<(Element, i32)>>),
}

/// A part of a linear operation: integer sums times real steps.
#[derive(Debug, Clone)]
pub struct Part {
    /// The value of an integer weight of 1: one for all outputs, or one per output.
    pub steps: Vec<f64>,
    /// The sums, one per output.
    pub weights: Weights,
}

/// What a tensor is computed from.
#[derive(Debug, Clone)]
pub enum Operation {
    /// It is given: encrypted by the client, or kept from an earlier step.
    Input,
    /// `output[o] = sum over parts of step * sum(weight * element) + bias[o]`.
    Linear {
        /// The parts.
        parts: Vec<Part>,
        /// One per output.
        bias: Vec<f64>,
    },
    /// `output[i] = factor[i] * function(input[i])`.
    Table {
        /// The tensor.
        input: TensorId,
        /// The function.
        function: Function,
        /// Times this: one for all, or one per value.
        factors: Vec<f64>,
    },
    /// `output[i] = min(max(input[i], low), high)`: what follows works with the range between the bounds alone, and
    /// so with less noise.
    Clip {
        /// The tensor.
        input: TensorId,
        /// The bounds.
        low: f64,
        /// The upper one.
        high: f64,
    },
    /// `output[o] = factor * sum(left * right)`.
    Product {
        /// Times this.
        factor: f64,
        /// Factors of each output. Those on the left are of one class, those on the right too.
        pairs: Vec<Vec<(Element, Element)>>,
    },
}

impl Operation {
    /// The same on other tensors.
    fn on(&self, new: impl Fn(TensorId) -> TensorId) -> Self {
        let moved = |element: Element| Element {
            tensor: new(element.tensor),
            ..element
        };
        match self {
            Self::Input => Self::Input,
            Self::Linear { parts, bias } => Self::Linear {
                parts: parts
                    .iter()
                    .map(|part| Part {
                        steps: part.steps.clone(),
                        weights: match &part.weights {
                            Weights::Dense {
                                input,
                                weights,
                                columns,
                            } => Weights::Dense {
                                input: new(*input),
                                weights: Arc::clone(weights),
                                columns: columns.clone(),
                            },
                            Weights::Sparse(rows) => Weights::Sparse(
                                rows.iter()
                                    .map(|row| row.iter().map(|&(e, w)| (moved(e), w)).collect())
                                    .collect(),
                            ),
                        },
                    })
                    .collect(),
                bias: bias.clone(),
            },
            Self::Table {
                input,
                function,
                factors,
            } => Self::Table {
                input: new(*input),
                function: *function,
                factors: factors.clone(),
            },
            Self::Clip { input, low, high } => Self::Clip {
                input: new(*input),
                low: *low,
                high: *high,
            },
            Self::Product { factor, pairs } => Self::Product {
                factor: *factor,
                pairs: pairs
                    .iter()
                    .map(|pairs| pairs.iter().map(|&(l, r)| (moved(l), moved(r))).collect())
                    .collect(),
            },
        }
    }
}

/// A tensor.
#[derive(Debug, Clone)]
pub struct Tensor {
    /// Its class.
    pub class: String,
    /// Number of values.
    pub width: usize,
    /// The kind of each value, if that is not its index.
    pub kinds: Vec<usize>,
    /// Where they come from.
    pub operation: Operation,
}

/// Tensors, each computed from earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    pub(super) tensors: Vec<Tensor>,
    /// Tensors that are wanted in the end.
    pub(super) outputs: Vec<TensorId>,
    /// Whether each kind of values of a class has a scale of its own.
    pub(super) by_element: bool,
}

impl Graph {
    /// Without tensors.
    #[must_use]
    pub fn new(by_element: bool) -> Self {
        Self {
            by_element,
            ..Self::default()
        }
    }

    /// All tensors, in order.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Those that are wanted.
    #[must_use]
    pub fn outputs(&self) -> &[TensorId] {
        &self.outputs
    }

    /// Number of values of a tensor; 0 of one that is not there.
    #[must_use]
    pub fn width(&self, id: TensorId) -> usize {
        self.tensors.get(id.0).map_or(0, |tensor| tensor.width)
    }

    /// The class of a tensor.
    #[must_use]
    pub fn class(&self, id: TensorId) -> &str {
        self.tensors
            .get(id.0)
            .map_or("", |tensor| tensor.class.as_str())
    }

    /// Which scale of its class a value has.
    pub(super) fn kind(&self, element: Element) -> usize {
        let tensor = self.tensors.get(element.tensor.0);
        match tensor {
            Some(tensor) if self.by_element => {
                let kind = tensor.kinds.get(element.index).copied();
                kind.unwrap_or(element.index)
            }
            _ => 0,
        }
    }

    /// What has the scale of a value.
    pub(super) fn node(&self, element: Element) -> Node<'_> {
        (self.class(element.tensor), self.kind(element))
    }

    fn push(&mut self, class: &str, width: usize, operation: Operation) -> TensorId {
        self.tensors.push(Tensor {
            class: class.to_owned(),
            width,
            kinds: Vec::new(),
            operation,
        });
        TensorId(self.tensors.len() - 1)
    }

    /// A tensor that is given.
    pub fn input(&mut self, class: &str, width: usize) -> TensorId {
        self.push(class, width, Operation::Input)
    }

    /// The tensors that are given, in order.
    #[must_use]
    pub fn inputs(&self) -> Vec<TensorId> {
        let given = |tensor: &Tensor| matches!(tensor.operation, Operation::Input);
        let tensors = self.tensors.iter().enumerate();
        tensors
            .filter(|(_, tensor)| given(tensor))
            .map(|(number, _)| TensorId(number))
            .collect()
    }

    /// Wants a tensor in the end.
    pub fn output(&mut self, id: TensorId) {
        self.outputs.push(id);
    }

    /// Sums with integer weights.
    pub fn linear(&mut self, class: &str, parts: Vec<Part>, bias: Vec<f64>) -> TensorId {
        self.push(class, bias.len(), Operation::Linear { parts, bias })
    }

    /// A function of each value: a bootstrap each.
    pub fn table(&mut self, class: &str, input: TensorId, function: Function) -> TensorId {
        self.scaled_table(class, input, function, vec![1.0])
    }

    /// A function of each value, times factors: one for all, or one per value.
    pub fn scaled_table(
        &mut self,
        class: &str,
        input: TensorId,
        function: Function,
        factors: Vec<f64>,
    ) -> TensorId {
        let width = self.width(input);
        self.push(
            class,
            width,
            Operation::Table {
                input,
                function,
                factors,
            },
        )
    }

    /// Each value, brought between two bounds.
    pub fn clip(&mut self, class: &str, input: TensorId, low: f64, high: f64) -> TensorId {
        let width = self.width(input);
        self.push(class, width, Operation::Clip { input, low, high })
    }

    /// Sums of products.
    pub fn product(
        &mut self,
        class: &str,
        factor: f64,
        pairs: Vec<Vec<(Element, Element)>>,
    ) -> TensorId {
        self.push(class, pairs.len(), Operation::Product { factor, pairs })
    }

    /// All elements of a tensor.
    pub fn elements(&self, tensor: TensorId) -> impl Iterator<Item = Element> + use<> {
        (0..self.width(tensor)).map(move |index| Element { tensor, index })
    }

    /// Tensors that an operation reads.
    pub(super) fn reads(operation: &Operation) -> Vec<TensorId> {
        let mut reads = match operation {
            Operation::Input => Vec::new(),
            Operation::Table { input, .. } | Operation::Clip { input, .. } => vec![*input],
            Operation::Linear { parts, .. } => parts
                .iter()
                .flat_map(|part| match &part.weights {
                    Weights::Dense { input, .. } => vec![*input],
                    Weights::Sparse(rows) => rows.iter().flatten().map(|(e, _)| e.tensor).collect(),
                })
                .collect(),
            Operation::Product { pairs, .. } => pairs
                .iter()
                .flatten()
                .flat_map(|(left, right)| [left.tensor, right.tensor])
                .collect(),
        };
        reads.sort_unstable();
        reads.dedup();
        reads
    }

    /// The graph of some outputs only: inputs, and what these outputs are computed from.
    #[must_use]
    pub fn of_outputs(&self, outputs: &[TensorId]) -> Self {
        let mut needed: Vec<bool> = self
            .tensors
            .iter()
            .map(|tensor| matches!(tensor.operation, Operation::Input))
            .collect();
        for id in outputs {
            if let Some(needed) = needed.get_mut(id.0) {
                *needed = true;
            }
        }
        for (number, tensor) in self.tensors.iter().enumerate().rev() {
            if needed.get(number) == Some(&true) {
                for id in Self::reads(&tensor.operation) {
                    if let Some(needed) = needed.get_mut(id.0) {
                        *needed = true;
                    }
                }
            }
        }
        let mut graph = Self::new(self.by_element);
        let mut ids: Vec<TensorId> = Vec::with_capacity(self.tensors.len());
        for (tensor, needed) in self.tensors.iter().zip(needed) {
            let new = |id: TensorId| ids.get(id.0).copied().unwrap_or(id);
            let id = TensorId(graph.tensors.len());
            if needed {
                graph.tensors.push(Tensor {
                    operation: tensor.operation.on(new),
                    ..tensor.clone()
                });
            }
            ids.push(id);
        }
        let outputs = outputs.iter().filter_map(|id| ids.get(id.0).copied());
        graph.outputs = outputs.collect();
        graph
    }

    /// Bootstraps that the graph takes, products expanded or not.
    #[must_use]
    pub fn bootstraps(&self) -> usize {
        let cost = |tensor: &Tensor| match &tensor.operation {
            Operation::Input | Operation::Linear { .. } => 0,
            Operation::Table { .. } | Operation::Clip { .. } => tensor.width,
            Operation::Product { pairs, .. } => 2 * pairs.iter().map(Vec::len).sum::<usize>(),
        };
        self.tensors.iter().map(cost).sum()
    }
}
