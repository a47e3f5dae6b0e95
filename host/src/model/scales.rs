//! The scales of a model's tensors: how much of the torus stands for 1, the *unit* of a class.
//!
//! A sum with integer weights fixes the ratios of the units of what it adds and of its output; a table's
//! output may have any unit, as the table holds it. So classes fall into components within which all ratios
//! are known (a union-find structure with ratios), and each component has one unit to choose: the largest
//! with which everything that enters a table fits its window, since the noise is the same for any.

use super::error::ModelError;
use super::graph::{Graph, Interval, Operation, Ranges, Weights};
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
    numbers: BTreeMap<String, usize>,
    /// For each class another one of its component, and its unit over that one's; itself at the root.
    parents: Vec<(usize, f64)>,
}

impl Scales {
    /// The ties of the sums of all graphs.
    pub(super) fn of(graphs: &[&Graph]) -> Result<Self, ModelError> {
        let mut scales = Self::default();
        for graph in graphs {
            for tensor in graph.tensors() {
                scales.number(&tensor.class);
                let Operation::Linear { parts, .. } = &tensor.operation else {
                    continue;
                };
                for part in parts {
                    let tie = |scales: &mut Self, id| {
                        scales.tie(graph.class(id), &tensor.class, part.step)
                    };
                    match &part.weights {
                        Weights::Dense { input, .. } => tie(&mut scales, *input)?,
                        Weights::Sparse(rows) => {
                            let mut ids: Vec<_> =
                                rows.iter().flatten().map(|(e, _)| e.tensor).collect();
                            ids.sort_unstable();
                            ids.dedup();
                            for id in ids {
                                tie(&mut scales, id)?;
                            }
                        }
                    }
                }
            }
        }
        Ok(scales)
    }

    fn number(&mut self, class: &str) -> usize {
        if let Some(&number) = self.numbers.get(class) {
            return number;
        }
        let number = self.parents.len();
        self.parents.push((number, 1.0));
        self.numbers.insert(class.to_owned(), number);
        number
    }

    /// The root of a class, and the class' unit over the root's.
    fn root(&self, mut number: usize) -> (usize, f64) {
        let mut ratio = 1.0;
        while let Some(&(parent, step)) = self.parents.get(number)
            && parent != number
        {
            ratio *= step;
            number = parent;
        }
        (number, ratio)
    }

    /// Says that `unit(a) = ratio * unit(b)`.
    ///
    /// # Errors
    /// [`ModelError::Scales`]: another ratio follows from what was said before.
    pub(super) fn tie(&mut self, a: &str, b: &str, ratio: f64) -> Result<(), ModelError> {
        let (a_number, b_number) = (self.number(a), self.number(b));
        let (a_root, a_ratio) = self.root(a_number);
        let (b_root, b_ratio) = self.root(b_number);
        let wanted = ratio * b_ratio / a_ratio;
        if !(wanted.is_finite() && wanted > 0.0) {
            return Err(ModelError::Scales {
                layer: b.to_owned(),
                input: a.to_owned(),
                wanted: ratio,
                found: f64::NAN,
            });
        }
        if a_root != b_root {
            if let Some(entry) = self.parents.get_mut(a_root) {
                *entry = (b_root, wanted);
            }
            return Ok(());
        }
        if (wanted - 1.0).abs() <= TOLERANCE {
            return Ok(());
        }
        Err(ModelError::Scales {
            layer: b.to_owned(),
            input: a.to_owned(),
            wanted: ratio,
            found: a_ratio / b_ratio,
        })
    }

    /// `unit(a) / unit(b)`, if it is tied.
    pub(super) fn ratio(&mut self, a: &str, b: &str) -> Option<f64> {
        let (a, b) = (self.number(a), self.number(b));
        let ((a_root, a_ratio), (b_root, b_ratio)) = (self.root(a), self.root(b));
        (a_root == b_root).then_some(a_ratio / b_ratio)
    }
}

/// Unit and range of every class.
#[derive(Debug, Clone, Default)]
pub struct Units(BTreeMap<String, (f64, Interval)>);

impl Units {
    /// The largest units with which everything fits, of graphs that share their classes.
    ///
    /// # Errors
    /// Scales contradict each other, or a class that enters a table was not calibrated.
    pub fn of(graphs: &[&Graph], ranges: &Ranges) -> Result<Self, ModelError> {
        let scales = Scales::of(graphs)?;
        let mut of_roots = BTreeMap::new();
        let mut demand = |class: &str, most: f64| {
            if let Some(&number) = scales.numbers.get(class) {
                let (root, ratio) = scales.root(number);
                let unit = of_roots.entry(root).or_insert(f64::INFINITY);
                *unit = f64::min(*unit, most / ratio);
            }
        };
        for graph in graphs {
            for tensor in graph.tensors() {
                if let Operation::Table { input, .. } = &tensor.operation {
                    let class = graph.class(*input);
                    let range = ranges.of(class)?;
                    // A constant, too, has to lie somewhere.
                    let width = range.width().max(1e-6 * range.reach()).max(1e-12);
                    demand(class, WINDOW / width);
                }
            }
            for &id in graph.outputs() {
                let class = graph.class(id);
                demand(class, WINDOW / ranges.of(class)?.reach().max(1e-12));
            }
        }
        let mut units = BTreeMap::new();
        for (class, &number) in &scales.numbers {
            let (root, ratio) = scales.root(number);
            let unit = ratio * of_roots.get(&root).copied().unwrap_or(1.0);
            let range = ranges.of(class)?;
            units.insert(class.clone(), (unit, range));
        }
        Ok(Self(units))
    }

    /// What of the torus stands for 1.
    ///
    /// # Errors
    /// [`ModelError::Uncalibrated`]: there is no such class.
    pub fn unit(&self, class: &str) -> Result<f64, ModelError> {
        Ok(self.entry(class)?.0)
    }

    /// The range that was seen.
    ///
    /// # Errors
    /// As [`Self::unit`].
    pub fn range(&self, class: &str) -> Result<Interval, ModelError> {
        Ok(self.entry(class)?.1)
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
            let class = graph.class(*input);
            let (unit, range) = self.entry(class)?;
            for (index, &value) in values.get(input.0).into_iter().flatten().enumerate() {
                let reach = ((value - range.centre()) * unit).abs();
                if reach.is_nan() || reach >= HALF / 2.0 {
                    return Err(ModelError::Wraps {
                        layer: class.to_owned(),
                        input: index,
                        reach,
                        limit: HALF / 2.0,
                    });
                }
            }
        }
        Ok(())
    }

    fn entry(&self, class: &str) -> Result<(f64, Interval), ModelError> {
        self.0
            .get(class)
            .copied()
            .ok_or_else(|| ModelError::Uncalibrated {
                layer: class.to_owned(),
            })
    }
}
