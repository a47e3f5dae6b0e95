//! Decoder-only transformers: weights, a step's graph, and what compiling one for a parameter set gives.

mod compile;
mod file;
mod llama2c;
mod reference;
mod server;
mod simulate;
mod step;
mod text;
mod vocabulary;

pub use compile::{Cache, Language, Wanted, clear};
pub use file::{NAMES, names, read};
pub use llama2c::{ALL_BITS, BITS, read_llama2c};
pub use reference::{Reference, write};
pub use server::Conversation;
pub use simulate::{Simulation, simulate};
pub use text::{Agreement, divergence, most_probable, probabilities, sample};
pub use vocabulary::{Cut, Vocabulary};

use super::error::ModelError;
use super::graph::{Element, Function, Graph, Part, TensorId, Weights, at};
use super::network::Linear;
use crate::files::ModelReference;
use std::sync::Arc;

/// A linear layer in real numbers: integers times a step of each row and one of each column, or nearly so.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Values in.
    pub inputs: usize,
    /// `[outputs][inputs]`.
    pub weights: Vec<f64>,
    /// The value of an integer weight of 1: one for all outputs, or one per output.
    pub steps: Vec<f64>,
    /// Times this: one for all inputs, or one per input.
    pub columns: Vec<f64>,
    /// One per output.
    pub bias: Vec<f64>,
}

impl Projection {
    /// Values out.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Some of the outputs of a layer with one step.
    fn rows(&self, rows: std::ops::Range<usize>) -> Self {
        let weights = rows.start * self.inputs..rows.end * self.inputs;
        Self {
            weights: self.weights.get(weights).unwrap_or_default().to_vec(),
            bias: self.bias.get(rows).unwrap_or_default().to_vec(),
            ..self.clone()
        }
    }

    /// The integer weights.
    fn integers(&self, name: &str) -> Result<Arc<Linear>, ModelError> {
        let inputs = self.inputs.max(1);
        let rounded = self.weights.iter().enumerate().map(|(number, weight)| {
            let step = at(&self.steps, number / inputs) * at(&self.columns, number % inputs);
            weight / step
        });
        // Out of range saturates, and is refused.
        let weights = rounded.map(|weight| weight.round() as i32).collect();
        let bias = vec![0; self.outputs()];
        Linear::new(name, self.inputs, weights, bias).map(Arc::new)
    }

    /// The layer on a tensor, with what else is added to it.
    fn apply(
        &self,
        graph: &mut Graph,
        class: &str,
        input: TensorId,
        more: Option<TensorId>,
    ) -> Result<TensorId, ModelError> {
        let (found, wanted) = (graph.width(input), self.inputs);
        if found != wanted {
            return Err(ModelError::Shape {
                layer: class.to_owned(),
                what: "its input".into(),
                found,
                wanted,
            });
        }
        let weights = Weights::Dense {
            input,
            weights: self.integers(class)?,
            columns: self.columns.clone(),
        };
        let mut parts = vec![Part {
            steps: self.steps.clone(),
            weights,
        }];
        if let Some(more) = more {
            parts.push(copy(graph.elements(more)));
        }
        Ok(graph.linear(class, parts, self.bias.clone()))
    }
}

/// Each of these into an output of its own.
fn copy(elements: impl Iterator<Item = Element>) -> Part {
    Part {
        steps: vec![1.0],
        weights: Weights::Sparse(elements.map(|element| vec![(element, 1)]).collect()),
    }
}

/// How a model knows where a token stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Positions {
    /// A vector for each position, added to the token's.
    Learned(Vec<Vec<f64>>),
    /// Queries and keys are turned by an angle that grows with the position (Su et al., "RoFormer", 2021), in
    /// pairs of neighbours, as llama2.c has them.
    Rotary,
}

/// One block.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// To the queries of all heads.
    pub query: Projection,
    /// To the keys of all key/value heads.
    pub key: Projection,
    /// To their values.
    pub value: Projection,
    /// From the heads back.
    pub output: Projection,
    /// Into the hidden layer.
    pub up: Projection,
    /// What the hidden layer is multiplied by, through the activation (Shazeer, "GLU Variants", 2020).
    pub gate: Option<Projection>,
    /// Back from it.
    pub down: Projection,
}

/// What follows from the token that every text begins with. No secret is in it, so it is computed in the clear, and
/// ciphertexts of the tokens behind it attend to constants. Its values are much larger than those of other tokens in
/// many models; scales need not make room for them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Public {
    /// Keys and values of each block.
    pub blocks: Vec<[Vec<f64>; 2]>,
    /// Logits.
    pub logits: Vec<f64>,
}

/// A decoder-only transformer with RMSNorm in front of each half of a block. Gains of norms are part of the weights
/// behind them.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformer {
    /// Name and hash of its file.
    pub reference: ModelReference,
    /// The parameter set that it was made for.
    pub parameter_set: String,
    /// Its tokens.
    pub vocabulary: Vocabulary,
    /// Positions.
    pub context: usize,
    /// Heads of queries; of keys and values, each of which serves as many of the others.
    pub heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Added to the mean square of what is normalised.
    pub epsilon: f64,
    /// Between the two halves of the second half of a block.
    pub activation: Function,
    /// Whether what the last block gives is normalised.
    pub last_norm: bool,
    /// Whether each value of a tensor has a scale of its own, and so a table; otherwise a tensor has one.
    pub by_element: bool,
    /// The positions.
    pub positions: Positions,
    /// Vector of each token, `[vocabulary][dimension]`.
    pub embedding: Vec<Vec<f64>>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// To the logits.
    pub head: Projection,
    /// What follows from the first token.
    pub public: Public,
    /// Token sequences for calibration; the last tenth of them is not calibrated with but checked.
    pub calibration: Vec<Vec<usize>>,
}

impl Transformer {
    /// Values of a token's vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.embedding.first().map_or(0, Vec::len)
    }

    /// Values of a head.
    #[must_use]
    pub fn head_size(&self) -> usize {
        self.dimension() / self.heads.max(1)
    }

    /// The vector that the client encrypts for a token.
    ///
    /// # Errors
    /// [`ModelError::Vocabulary`]: there is no such token.
    pub fn embed(&self, token: usize) -> Result<&[f64], ModelError> {
        let vector = self.embedding.get(token).map(Vec::as_slice);
        vector.ok_or_else(|| ModelError::Vocabulary {
            found: format!("token {token}"),
        })
    }

    /// Checks that shapes fit together, and computes what is public.
    fn checked(mut self) -> Result<Self, ModelError> {
        self.check()?;
        self.public = Public::default();
        let graph = self.step(0)?;
        let vector = self.embed(self.vocabulary.start)?.to_vec();
        let inputs = graph.inputs().into_iter().zip([vector]);
        let values = graph.evaluate(&inputs.collect())?;
        let outputs = graph.outputs().iter();
        let mut outputs = outputs.map(|id| values.get(id.0).cloned().unwrap_or_default());
        self.public.logits = outputs.next().unwrap_or_default();
        while let (Some(keys), Some(values)) = (outputs.next(), outputs.next()) {
            self.public.blocks.push([keys, values]);
        }
        Ok(self)
    }

    /// Checks that shapes fit together.
    fn check(&self) -> Result<(), ModelError> {
        let dimension = self.dimension();
        let shape = |layer: &str, what: &str, found: usize, wanted: usize| {
            if found == wanted {
                return Ok(());
            }
            Err(ModelError::Shape {
                layer: layer.to_owned(),
                what: what.to_owned(),
                found,
                wanted,
            })
        };
        let range = |what: &str, found: usize, fits: bool, range: &str| {
            if fits {
                return Ok(());
            }
            Err(ModelError::Range {
                layer: "model".into(),
                what: what.into(),
                found: found.to_string(),
                range: range.into(),
            })
        };
        range("its dimension", dimension, dimension > 0, "1..")?;
        range("its context", self.context, self.context > 0, "1..")?;
        let divides = |a: usize, b: usize| a > 0 && b.is_multiple_of(a);
        range(
            "its number of heads",
            self.heads,
            divides(self.heads, dimension),
            "the divisors of its dimension",
        )?;
        let fits = divides(self.kv_heads, self.heads);
        range(
            "its number of key/value heads",
            self.kv_heads,
            fits,
            "the divisors of its number of heads",
        )?;
        let Vocabulary {
            tokens, start, end, ..
        } = &self.vocabulary;
        let tokens = tokens.len();
        range("its first token", *start, *start < tokens, "its vocabulary")?;
        range("its last token", *end, *end < tokens, "its vocabulary")?;
        shape("embedding", "it", self.embedding.len(), tokens)?;
        for vector in &self.embedding {
            shape("embedding", "a vector of it", vector.len(), dimension)?;
        }
        if let Positions::Learned(vectors) = &self.positions {
            shape("position", "it", vectors.len(), self.context)?;
            for vector in vectors {
                shape("position", "a vector of it", vector.len(), dimension)?;
            }
        } else {
            range(
                "its head size",
                self.head_size(),
                self.head_size().is_multiple_of(2),
                "the even numbers",
            )?;
        }
        let projection = |layer: &str, projection: &Projection, inputs: usize, outputs: usize| {
            shape(layer, "its input", projection.inputs, inputs)?;
            shape(layer, "its output", projection.outputs(), outputs)?;
            shape(layer, "weights", projection.weights.len(), inputs * outputs)?;
            for (what, steps, count) in [
                ("its steps", &projection.steps, outputs),
                ("its columns' steps", &projection.columns, inputs),
            ] {
                if steps.len() != 1 {
                    shape(layer, what, steps.len(), count)?;
                }
                if let Some(step) = steps
                    .iter()
                    .find(|step| !(**step > 0.0 && step.is_finite()))
                {
                    return Err(ModelError::Range {
                        layer: layer.to_owned(),
                        what: what.into(),
                        found: step.to_string(),
                        range: "the positive numbers".into(),
                    });
                }
            }
            Ok(())
        };
        let cached = self.kv_heads * self.head_size();
        for (number, block) in self.blocks.iter().enumerate() {
            let name = |part: &str| format!("{number}.{part}");
            let hidden = block.up.outputs();
            projection(&name("query"), &block.query, dimension, dimension)?;
            projection(&name("key"), &block.key, dimension, cached)?;
            projection(&name("value"), &block.value, dimension, cached)?;
            projection(&name("o"), &block.output, dimension, dimension)?;
            projection(&name("up"), &block.up, dimension, hidden)?;
            if let Some(gate) = &block.gate {
                projection(&name("gate"), gate, dimension, hidden)?;
            }
            projection(&name("down"), &block.down, hidden, dimension)?;
        }
        projection("out", &self.head, dimension, tokens)
    }
}

/// An element of a tensor.
const fn element(tensor: TensorId, index: usize) -> Element {
    Element { tensor, index }
}
