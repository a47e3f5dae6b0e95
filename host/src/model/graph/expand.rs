//! Products of ciphertexts as differences of squares: `ab = ((a + cb)^2 - (a - cb)^2) / 4c`, two bootstraps.
//!
//! The factor `c` lets both operands fill the table's input alike. Where both have one scale already, since they
//! are sums of the same tensors, it is what that asks for.

use super::{Element, Function, Graph, Operation, Part, Ranges, TensorId, Weights};
use crate::model::ModelError;
use crate::model::scales::Scales;
use std::collections::BTreeMap;

/// For each class of products how many times the right operand is taken.
#[derive(Debug, Clone, Default)]
pub struct Balances(BTreeMap<String, f64>);

impl Balances {
    /// Those of graphs that share their classes.
    ///
    /// # Errors
    /// An operand was not seen in calibration, or scales contradict each other.
    pub fn of(graphs: &[&Graph], ranges: &Ranges) -> Result<Self, ModelError> {
        let mut scales = Scales::of(graphs)?;
        let mut balances = BTreeMap::new();
        let tensors = graphs
            .iter()
            .flat_map(|graph| graph.tensors.iter().map(move |tensor| (graph, tensor)));
        for (graph, tensor) in tensors {
            let Operation::Product { pairs, .. } = &tensor.operation else {
                continue;
            };
            let Some((left, right)) = graph.operands(pairs) else {
                continue;
            };
            if balances.contains_key(&tensor.class) {
                continue;
            }
            let balance = match scales.ratio(&right, &left) {
                Some(ratio) => ratio,
                None => {
                    let largest = |class: &str| {
                        let range = ranges.of(class)?;
                        Ok::<f64, ModelError>(range.reach().max(f64::MIN_POSITIVE))
                    };
                    let balance = largest(&left)? / largest(&right)?;
                    // unit(right) = balance * unit(left)
                    scales.tie(&right, &left, balance)?;
                    balance
                }
            };
            balances.insert(tensor.class.clone(), balance);
        }
        Ok(Self(balances))
    }
}

impl Graph {
    /// The classes of a product's operands.
    fn operands(&self, pairs: &[Vec<(Element, Element)>]) -> Option<(String, String)> {
        let (left, right) = pairs.iter().flatten().next()?;
        let class = |element: &Element| self.class(element.tensor).to_owned();
        Some((class(left), class(right)))
    }

    /// The graph with its products taken apart.
    #[must_use]
    pub fn expand(&self, balances: &Balances) -> Self {
        let mut graph = Self::default();
        let mut ids: Vec<TensorId> = Vec::with_capacity(self.tensors.len());
        for tensor in &self.tensors {
            let new = |id: TensorId| ids.get(id.0).copied().unwrap_or(id);
            let operation = tensor.operation.on(new);
            if let Operation::Product { factor, pairs } = &operation {
                let balance = balances.0.get(&tensor.class).copied().unwrap_or(1.0);
                ids.push(graph.squares(&tensor.class, *factor, balance, pairs));
                continue;
            }
            ids.push(graph.push(&tensor.class, tensor.width, operation));
        }
        let outputs = self.outputs.iter();
        graph.outputs = outputs.filter_map(|id| ids.get(id.0).copied()).collect();
        graph
    }

    fn squares(
        &mut self,
        class: &str,
        factor: f64,
        balance: f64,
        pairs: &[Vec<(Element, Element)>],
    ) -> TensorId {
        let factor = factor / (4.0 * balance);
        let count = pairs.iter().map(Vec::len).sum();
        let [plus, minus] = [("plus", 1), ("minus", -1)].map(|(sign, weight)| {
            let all = || pairs.iter().flatten();
            let part = |step, rows| Part {
                step,
                weights: Weights::Sparse(rows),
            };
            let left = all().map(|&(left, _)| vec![(left, 1)]).collect();
            let right = all().map(|&(_, right)| vec![(right, weight)]).collect();
            let parts = vec![part(1.0, left), part(balance, right)];
            let sum = self.linear(&format!("{class}.{sign}"), parts, vec![0.0; count]);
            let square = format!("{class}.{sign}.square");
            self.scaled_table(&square, sum, Function::Square, factor)
        });
        let mut first = 0;
        let rows = pairs
            .iter()
            .map(|pairs| {
                let own = first..first + pairs.len();
                first = own.end;
                let element =
                    move |tensor, weight| move |index| (Element { tensor, index }, weight);
                let signs = own.clone().map(element(plus, 1));
                signs.chain(own.map(element(minus, -1))).collect()
            })
            .collect();
        let part = Part {
            step: 1.0,
            weights: Weights::Sparse(rows),
        };
        self.linear(class, vec![part], vec![0.0; pairs.len()])
    }
}
