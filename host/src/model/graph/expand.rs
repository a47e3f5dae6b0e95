//! Products of ciphertexts as differences of squares: `ab = ((a + cb)^2 - (a - cb)^2) / 4c`, two bootstraps.
//!
//! And clipping: a value's range is far wider than what matters of it, so it comes with much noise. Of `x` times an integer
//! `k` only the part modulo the torus is there, which is precise but ambiguous; adding `k` times what `x` exceeds the bounds
//! by, from a table that is exactly 0 within them, makes it unambiguous. One bootstrap; the noise within the bounds is
//! that of a range `k` times narrower.
//!
//! The factor `c` lets both operands fill the table's input alike. Where both have one scale already, since they
//! are sums of the same tensors, it is what that asks for.

use super::{Element, Function, Graph, Node, Operation, Part, Ranges, Tensor, TensorId, Weights};
use crate::model::ModelError;
use crate::model::scales::Scales;
use std::collections::BTreeMap;

/// A class of products, and the kinds of its operands.
type Operands = (String, usize, usize);

/// For each kind of products how many times the right operand is taken.
#[derive(Debug, Clone, Default)]
pub struct Balances {
    products: BTreeMap<Operands, f64>,
    /// For each class and kind of clipped values by what integer they are multiplied.
    clips: BTreeMap<(String, usize), i32>,
}

/// The largest integer that a clipped value is multiplied by: beyond the bounds noise is multiplied, too, and has to stay
/// within the margin.
const LARGEST_ZOOM: f64 = 4.0;

impl Balances {
    /// Those of graphs that share their classes.
    ///
    /// # Errors
    /// An operand was not seen in calibration, or scales contradict each other.
    pub fn of(graphs: &[&Graph], ranges: &Ranges) -> Result<Self, ModelError> {
        let mut scales = Scales::of(graphs)?;
        let mut balances = Self::default();
        let tensors = graphs
            .iter()
            .flat_map(|graph| graph.tensors.iter().map(move |tensor| (graph, tensor)));
        for (graph, tensor) in tensors {
            if let Operation::Clip { input, low, high } = tensor.operation {
                for element in graph.elements(input) {
                    let (class, kind) = graph.node(element);
                    let range = ranges.of(class, kind)?;
                    let within = (range.high.min(high) - range.low.max(low)).max(1e-12);
                    let zoom = (range.width() / within).floor().clamp(1.0, LARGEST_ZOOM);
                    let key = (tensor.class.clone(), kind);
                    balances.clips.insert(key, zoom as i32);
                }
            }
            let Operation::Product { pairs, .. } = &tensor.operation else {
                continue;
            };
            for &(left, right) in pairs.iter().flatten() {
                let operands = graph.operands(&tensor.class, left, right);
                if balances.products.contains_key(&operands) {
                    continue;
                }
                let (left, right) = (graph.node(left), graph.node(right));
                let balance = match scales.ratio(right, left) {
                    Some(ratio) => ratio,
                    None => {
                        let largest = |(class, kind): Node<'_>| {
                            let range = ranges.of(class, kind)?;
                            Ok::<f64, ModelError>(range.reach().max(f64::MIN_POSITIVE))
                        };
                        let balance = largest(left)? / largest(right)?;
                        // unit(right) = balance * unit(left)
                        scales.tie(right, left, balance)?;
                        balance
                    }
                };
                balances.products.insert(operands, balance);
            }
        }
        Ok(balances)
    }
}

impl Graph {
    fn operands(&self, class: &str, left: Element, right: Element) -> Operands {
        (class.to_owned(), self.kind(left), self.kind(right))
    }

    /// The graph with its products taken apart.
    #[must_use]
    pub fn expand(&self, balances: &Balances) -> Self {
        let mut graph = Self::new(self.by_element);
        let mut ids: Vec<TensorId> = Vec::with_capacity(self.tensors.len());
        for tensor in &self.tensors {
            let new = |id: TensorId| ids.get(id.0).copied().unwrap_or(id);
            let operation = tensor.operation.on(new);
            if let Operation::Product { factor, pairs } = &operation {
                ids.push(graph.squares(&tensor.class, *factor, balances, pairs));
                continue;
            }
            if let Operation::Clip { input, low, high } = operation {
                ids.push(graph.zoom(&tensor.class, input, (low, high), balances));
                continue;
            }
            ids.push(TensorId(graph.tensors.len()));
            graph.tensors.push(Tensor {
                operation,
                ..tensor.clone()
            });
        }
        let outputs = self.outputs.iter();
        graph.outputs = outputs.filter_map(|id| ids.get(id.0).copied()).collect();
        graph
    }

    fn zoom(
        &mut self,
        class: &str,
        input: TensorId,
        (low, high): (f64, f64),
        balances: &Balances,
    ) -> TensorId {
        let zoom = |element: Element| {
            let zoom = balances.clips.get(&(class.to_owned(), self.kind(element)));
            zoom.copied().unwrap_or(1)
        };
        let elements: Vec<(Element, i32)> = self.elements(input).map(|e| (e, zoom(e))).collect();
        let mut parts = vec![Part {
            steps: elements
                .iter()
                .map(|(_, zoom)| f64::from(*zoom).recip())
                .collect(),
            weights: Weights::Sparse(elements.iter().map(|&element| vec![element]).collect()),
        }];
        let bias = vec![0.0; elements.len()];
        // Where the range is not much wider than the bounds nothing is gained.
        if elements.iter().any(|(_, zoom)| *zoom > 1) {
            let excess = Function::Excess { low, high };
            let excess = self.table(&format!("{class}.excess"), input, excess);
            let rows = self.elements(excess).map(|element| vec![(element, 1)]);
            parts.push(Part {
                steps: vec![1.0],
                weights: Weights::Sparse(rows.collect()),
            });
        }
        self.linear(class, parts, bias)
    }

    fn squares(
        &mut self,
        class: &str,
        factor: f64,
        balances: &Balances,
        pairs: &[Vec<(Element, Element)>],
    ) -> TensorId {
        let all = || pairs.iter().flatten();
        let balance = |&(left, right): &(Element, Element)| {
            let balance = balances.products.get(&self.operands(class, left, right));
            balance.copied().unwrap_or(1.0)
        };
        let steps: Vec<f64> = all().map(balance).collect();
        let factors: Vec<f64> = steps.iter().map(|step| factor / (4.0 * step)).collect();
        // Sums of the same kinds of operands are of one kind, wherever they stand.
        let rights = all().map(|(_, right)| self.kind(*right) + 1).max();
        let kind = |&(left, right): &(Element, Element)| {
            self.kind(left) * rights.unwrap_or(1) + self.kind(right)
        };
        let kinds: Vec<usize> = all().map(kind).collect();
        let [plus, minus] = [("plus", 1), ("minus", -1)].map(|(sign, weight)| {
            let left = all().map(|&(left, _)| vec![(left, 1)]).collect();
            let right = all().map(|&(_, right)| vec![(right, weight)]).collect();
            let parts = vec![
                Part {
                    steps: vec![1.0],
                    weights: Weights::Sparse(left),
                },
                Part {
                    steps: steps.clone(),
                    weights: Weights::Sparse(right),
                },
            ];
            let bias = vec![0.0; kinds.len()];
            let sum = self.linear(&format!("{class}.{sign}"), parts, bias);
            let square = format!("{class}.{sign}.square");
            let square = self.scaled_table(&square, sum, Function::Square, factors.clone());
            for id in [sum, square] {
                if let Some(tensor) = self.tensors.get_mut(id.0) {
                    tensor.kinds.clone_from(&kinds);
                }
            }
            square
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
            steps: vec![1.0],
            weights: Weights::Sparse(rows),
        };
        self.linear(class, vec![part], vec![0.0; pairs.len()])
    }
}
