//! A graph in real numbers: what an encrypted run comes near to, and the ranges of its tensors.

use super::{Element, Graph, Operation, Part, TensorId, Weights, at};
use crate::model::ModelError;
use std::collections::BTreeMap;

/// Smallest and largest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

impl Interval {
    /// No value.
    pub const EMPTY: Self = Self {
        low: f64::INFINITY,
        high: f64::NEG_INFINITY,
    };

    /// With this value, too.
    #[must_use]
    pub const fn with(self, value: f64) -> Self {
        Self {
            low: self.low.min(value),
            high: self.high.max(value),
        }
    }

    /// Largest magnitude.
    #[must_use]
    pub fn reach(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// From the smallest to the largest.
    #[must_use]
    pub fn width(self) -> f64 {
        self.high - self.low
    }

    /// In the middle between them.
    #[must_use]
    pub fn centre(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

/// The ranges of the kinds of values of classes, as calibration saw them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranges(BTreeMap<String, Vec<Interval>>);

impl Ranges {
    /// All ranges wider, by this part of their width in all.
    #[must_use]
    pub fn widened(mut self, part: f64) -> Self {
        for range in self.0.values_mut().flatten() {
            let more = part / 2.0 * range.width();
            *range = Interval {
                low: range.low - more,
                high: range.high + more,
            };
        }
        self
    }

    /// Makes the range of a kind of values cover another range, too, if it was seen at all.
    pub(in crate::model) fn cover(&mut self, class: &str, kind: usize, other: Interval) {
        let seen = self.0.get_mut(class).and_then(|kinds| kinds.get_mut(kind));
        if let Some(range) = seen {
            *range = range.with(other.low).with(other.high);
        }
    }

    /// The range of a kind of values of a class.
    ///
    /// # Errors
    /// [`ModelError::Uncalibrated`]: none of them was seen, or they were no numbers.
    pub fn of(&self, class: &str, kind: usize) -> Result<Interval, ModelError> {
        match self.0.get(class).and_then(|kinds| kinds.get(kind)) {
            Some(range) if range.low.is_finite() && range.high.is_finite() => Ok(*range),
            _ => Err(ModelError::Uncalibrated {
                layer: class.to_owned(),
            }),
        }
    }
}

impl Graph {
    /// The values of all tensors, those of the inputs given.
    ///
    /// # Errors
    /// [`ModelError::InputCount`] when an input is missing or has another width.
    pub fn evaluate(
        &self,
        inputs: &BTreeMap<TensorId, Vec<f64>>,
    ) -> Result<Vec<Vec<f64>>, ModelError> {
        let mut values: Vec<Vec<f64>> = Vec::with_capacity(self.tensors.len());
        for (number, tensor) in self.tensors.iter().enumerate() {
            let new = match &tensor.operation {
                Operation::Input => {
                    let given = inputs.get(&TensorId(number));
                    let found = given.map_or(0, Vec::len);
                    match given {
                        Some(given) if found == tensor.width => given.clone(),
                        _ => {
                            let wanted = tensor.width;
                            return Err(ModelError::InputCount { found, wanted });
                        }
                    }
                }
                Operation::Linear { parts, bias } => {
                    let mut sums = bias.clone();
                    for part in parts {
                        add(part, &values, &mut sums);
                    }
                    sums
                }
                Operation::Table {
                    input,
                    function,
                    factors,
                } => of(&values, *input)
                    .iter()
                    .enumerate()
                    .map(|(index, &x)| at(factors, index) * function.evaluate(x))
                    .collect(),
                Operation::Clip { input, low, high } => of(&values, *input)
                    .iter()
                    .map(|x| x.max(*low).min(*high))
                    .collect(),
                Operation::Product { factor, pairs } => pairs
                    .iter()
                    .map(|pairs| {
                        let products = pairs.iter();
                        let products =
                            products.map(|&(l, r)| value(&values, l) * value(&values, r));
                        factor * products.sum::<f64>()
                    })
                    .collect(),
            };
            values.push(new);
        }
        Ok(values)
    }

    /// Takes the values of a run into the ranges of their classes.
    pub(in crate::model) fn observe(&self, values: &[Vec<f64>], ranges: &mut Ranges) {
        for (number, (tensor, values)) in self.tensors.iter().zip(values).enumerate() {
            let seen = match ranges.0.get_mut(&tensor.class) {
                Some(seen) => seen,
                None => ranges.0.entry(tensor.class.clone()).or_default(),
            };
            for (index, &value) in values.iter().enumerate() {
                let tensor = TensorId(number);
                let kind = self.kind(Element { tensor, index });
                if kind >= seen.len() {
                    seen.resize(kind + 1, Interval::EMPTY);
                }
                if let Some(range) = seen.get_mut(kind) {
                    *range = range.with(value);
                }
            }
        }
    }
}

fn of(values: &[Vec<f64>], id: TensorId) -> &[f64] {
    values.get(id.0).map_or(&[], Vec::as_slice)
}

fn value(values: &[Vec<f64>], element: Element) -> f64 {
    let value = of(values, element.tensor).get(element.index);
    value.copied().unwrap_or(0.0)
}

/// Adds a part of a linear operation to its outputs.
fn add(part: &Part, values: &[Vec<f64>], sums: &mut [f64]) {
    let steps = (0..).map(|output| at(&part.steps, output));
    let sums = sums.iter_mut().zip(steps);
    match &part.weights {
        Weights::Dense {
            input,
            weights,
            columns,
        } => {
            let scaled = of(values, *input).iter().enumerate();
            let scaled: Vec<f64> = scaled.map(|(i, x)| at(columns, i) * x).collect();
            for ((sum, step), (row, _)) in sums.zip(weights.rows()) {
                let products = std::iter::zip(row, &scaled);
                *sum += step * products.map(|(&w, x)| f64::from(w) * x).sum::<f64>();
            }
        }
        Weights::Sparse(rows) => {
            for ((sum, step), row) in sums.zip(rows) {
                let products = row.iter().map(|&(e, w)| f64::from(w) * value(values, e));
                *sum += step * products.sum::<f64>();
            }
        }
    }
}
