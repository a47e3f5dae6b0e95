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
use super::graph::{Element, Function, Graph, Part, TensorId, Weights};
use super::network::Linear;
use crate::files::ModelReference;
use std::sync::Arc;

/// A linear layer in real numbers that are whole multiples of a step, or nearly so.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Values in.
    pub inputs: usize,
    /// `[outputs][inputs]`.
    pub weights: Vec<f64>,
    /// The value of an integer weight of 1.
    pub step: f64,
    /// One per output.
    pub bias: Vec<f64>,
}

impl Projection {
    /// Values out.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Some of the outputs.
    fn rows(&self, rows: std::ops::Range<usize>) -> Self {
        let weights = rows.start * self.inputs..rows.end * self.inputs;
        Self {
            inputs: self.inputs,
            weights: self.weights.get(weights).unwrap_or_default().to_vec(),
            step: self.step,
            bias: self.bias.get(rows).unwrap_or_default().to_vec(),
        }
    }

    /// The integer weights.
    fn integers(&self, name: &str) -> Result<Arc<Linear>, ModelError> {
        let rounded = self.weights.iter().map(|weight| weight / self.step);
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
        };
        let mut parts = vec![Part {
            step: self.step,
            weights,
        }];
        if let Some(more) = more {
            let rows = graph.elements(more).map(|element| vec![(element, 1)]);
            parts.push(Part {
                step: 1.0,
                weights: Weights::Sparse(rows.collect()),
            });
        }
        Ok(graph.linear(class, parts, self.bias.clone()))
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
    /// The positions.
    pub positions: Positions,
    /// Vector of each token, `[vocabulary][dimension]`.
    pub embedding: Vec<Vec<f64>>,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// To the logits.
    pub head: Projection,
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
            if projection.step > 0.0 && projection.step.is_finite() {
                return Ok(());
            }
            Err(ModelError::Range {
                layer: layer.to_owned(),
                what: "its step".into(),
                found: projection.step.to_string(),
                range: "the positive numbers".into(),
            })
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
