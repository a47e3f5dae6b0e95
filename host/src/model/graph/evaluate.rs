//! A graph in real numbers: what an encrypted run comes near to, and the ranges of its tensors.

use super::{Graph, Operation, TensorId, Weights};
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

    /// With these values, too.
    #[must_use]
    pub fn with(self, values: &[f64]) -> Self {
        values.iter().fold(self, |interval, &value| Self {
            low: interval.low.min(value),
            high: interval.high.max(value),
        })
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

/// The ranges of classes, as calibration saw them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranges(pub(in crate::model) BTreeMap<String, Interval>);

impl Ranges {
    /// The range of a class.
    ///
    /// # Errors
    /// [`ModelError::Uncalibrated`]: none of its values was seen, or they were no numbers.
    pub fn of(&self, class: &str) -> Result<Interval, ModelError> {
        match self.0.get(class) {
            Some(range) if range.low.is_finite() && range.high.is_finite() => Ok(*range),
            _ => Err(ModelError::Uncalibrated {
                layer: class.to_owned(),
            }),
        }
    }

    /// Takes a class' values in.
    pub(super) fn see(&mut self, class: &str, values: &[f64]) {
        match self.0.get_mut(class) {
            Some(range) => *range = range.with(values),
            None => {
                self.0
                    .insert(class.to_owned(), Interval::EMPTY.with(values));
            }
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
            let get = |id: TensorId| values.get(id.0).map_or(&[][..], Vec::as_slice);
            let at = |element: &super::Element| {
                get(element.tensor)
                    .get(element.index)
                    .copied()
                    .unwrap_or(0.0)
            };
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
                        match &part.weights {
                            Weights::Dense { input, weights } => {
                                for (sum, (row, _)) in sums.iter_mut().zip(weights.rows()) {
                                    let products = std::iter::zip(row, get(*input));
                                    let dot: f64 = products.map(|(&w, &x)| f64::from(w) * x).sum();
                                    *sum += part.step * dot;
                                }
                            }
                            Weights::Sparse(rows) => {
                                for (sum, row) in sums.iter_mut().zip(rows) {
                                    let products = row.iter();
                                    let dot: f64 =
                                        products.map(|(e, w)| f64::from(*w) * at(e)).sum();
                                    *sum += part.step * dot;
                                }
                            }
                        }
                    }
                    sums
                }
                Operation::Table {
                    input,
                    function,
                    factor,
                } => get(*input)
                    .iter()
                    .map(|&x| factor * function.evaluate(x))
                    .collect(),
                Operation::Product { factor, pairs } => pairs
                    .iter()
                    .map(|pairs| {
                        let products = pairs.iter();
                        factor * products.map(|(l, r)| at(l) * at(r)).sum::<f64>()
                    })
                    .collect(),
            };
            values.push(new);
        }
        Ok(values)
    }

    /// Takes the values of a run into the ranges of their classes.
    pub(in crate::model) fn observe(&self, values: &[Vec<f64>], ranges: &mut Ranges) {
        for (tensor, values) in self.tensors.iter().zip(values) {
            ranges.see(&tensor.class, values);
        }
    }
}
