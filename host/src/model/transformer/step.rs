//! The graph of one step: a token's vector and the keys and values of those before it to logits, and to its own keys
//! and values.

use super::{Block, Positions, Projection, Transformer, copy, element};
use crate::model::ModelError;
use crate::model::graph::{Function, Graph, Ranges, TensorId};

impl Transformer {
    /// The graph of the token at `position`, from 0 on. Inputs, in order: the token's vector; for each block the keys
    /// of the positions before that are not public, then the values. Outputs: logits; for each block this
    /// position's keys, then values.
    ///
    /// # Errors
    /// [`ModelError::TooLong`], or weights that are no integers of their range.
    pub fn step(&self, position: usize) -> Result<Graph, ModelError> {
        if position >= self.context {
            return Err(ModelError::TooLong {
                found: position + 1,
                limit: self.context,
            });
        }
        let mut graph = Graph::new(self.by_element);
        let token = graph.input("residual", self.dimension());
        let cached = self.kv_heads * self.head_size();
        let caches: Vec<[Vec<TensorId>; 2]> = (0..self.blocks.len())
            .map(|number| {
                let mut kind = 0;
                ["key", "value"].map(|what| {
                    let class = format!("{number}.{what}");
                    let public = self.public.blocks.get(number).filter(|_| position > 0);
                    let public = public.and_then(|block| block.get(kind));
                    kind += 1;
                    let known = public.map(|known| graph.linear(&class, Vec::new(), known.clone()));
                    let others = usize::from(known.is_some())..position;
                    let others: Vec<_> = others.map(|_| graph.input(&class, cached)).collect();
                    known.into_iter().chain(others).collect()
                })
            })
            .collect();
        let mut residual = match &self.positions {
            Positions::Rotary => token,
            Positions::Learned(vectors) => {
                let bias = vectors.get(position).cloned().unwrap_or_default();
                let parts = vec![copy(graph.elements(token))];
                graph.linear("residual", parts, bias)
            }
        };
        let mut new = Vec::new();
        for ((number, block), [mut keys, mut values]) in self.blocks.iter().enumerate().zip(caches)
        {
            let name = |part: &str| format!("{number}.{part}");
            let x = graph.rms_norm(&name("first"), residual, self.epsilon);
            let [query, key, value] = self.queries(&mut graph, number, block, x, position)?;
            keys.push(key);
            values.push(value);
            new.extend([key, value]);
            let heads = self.attention(&mut graph, number, query, &keys, &values);
            residual = block
                .output
                .apply(&mut graph, "residual", heads, Some(residual))?;
            let x = graph.rms_norm(&name("second"), residual, self.epsilon);
            let up = block.up.apply(&mut graph, &name("up"), x, None)?;
            let hidden = match &block.gate {
                None => graph.table(&name("hidden"), up, self.activation),
                Some(gate) => {
                    let gate = gate.apply(&mut graph, &name("gate"), x, None)?;
                    let gate = graph.table(&name("open"), gate, self.activation);
                    let pairs = graph.elements(up).zip(graph.elements(gate));
                    let pairs = pairs.map(|pair| vec![pair]).collect();
                    graph.product(&name("hidden"), 1.0, pairs)
                }
            };
            residual = block
                .down
                .apply(&mut graph, "residual", hidden, Some(residual))?;
        }
        let last = if self.last_norm {
            graph.rms_norm("last", residual, self.epsilon)
        } else {
            // For another scale: with the residual's the logits would not fit the torus.
            graph.table("last", residual, Function::Identity)
        };
        let logits = self.head.apply(&mut graph, "logits", last, None)?;
        graph.output(logits);
        for id in new {
            graph.output(id);
        }
        Ok(graph)
    }

    /// Queries, keys and values of a position.
    fn queries(
        &self,
        graph: &mut Graph,
        number: usize,
        block: &Block,
        x: TensorId,
        position: usize,
    ) -> Result<[TensorId; 3], ModelError> {
        let (mut query, mut key) = (block.query.clone(), block.key.clone());
        if self.positions == Positions::Rotary {
            for projection in [&mut query, &mut key] {
                rotate(projection, self.head_size(), position);
            }
        }
        let query = query.apply(graph, &format!("{number}.query"), x, None)?;
        let key = key.apply(graph, &format!("{number}.key"), x, None)?;
        let value = block
            .value
            .apply(graph, &format!("{number}.value"), x, None)?;
        Ok([query, key, value])
    }

    /// Of a query's value the key's or value's of its head.
    fn other(&self, index: usize) -> usize {
        let (size, shared) = (self.head_size(), self.heads / self.kv_heads.max(1));
        index / size / shared * size + index % size
    }

    /// What attention gathers lies between the values that it gathers from, whatever calibration has seen.
    ///
    /// # Errors
    /// Calibration has seen no values.
    pub(super) fn cover_gathered(&self, ranges: &mut Ranges) -> Result<(), ModelError> {
        for number in 0..self.blocks.len() {
            for index in 0..self.heads * self.head_size() {
                let values = ranges.of(&format!("{number}.value"), self.other(index))?;
                ranges.cover(&format!("{number}.gathered"), index, values);
            }
        }
        Ok(())
    }

    /// What the heads gather, all heads' values one behind the other, fresh from a table.
    fn attention(
        &self,
        graph: &mut Graph,
        number: usize,
        query: TensorId,
        keys: &[TensorId],
        values: &[TensorId],
    ) -> TensorId {
        let name = |part: &str| format!("{number}.{part}");
        let size = self.head_size();
        let other = |index: usize| self.other(index);
        let gathered = if let [only] = values {
            // Softmax of one score is 1.
            let elements = (0..self.heads * size).map(|index| element(*only, other(index)));
            let parts = vec![copy(elements)];
            graph.linear(&name("only"), parts, vec![0.0; self.heads * size])
        } else {
            let factor = (size as f64).sqrt().recip();
            let scores: Vec<TensorId> = keys
                .iter()
                .map(|&key| {
                    let pairs = (0..self.heads).map(|head| {
                        let own = head * size..(head + 1) * size;
                        own.map(|index| (element(query, index), element(key, other(index))))
                            .collect()
                    });
                    graph.product(&name("score"), factor, pairs.collect())
                })
                .collect();
            let shares = graph.softmax(&name("attention"), &scores, self.by_element);
            let pairs = (0..self.heads * size).map(|index| {
                let pairs = values.iter().zip(&shares);
                pairs
                    .map(|(&value, &share)| {
                        (element(value, other(index)), element(share, index / size))
                    })
                    .collect()
            });
            graph.product(&name("gathered"), 1.0, pairs.collect())
        };
        graph.table(&name("heads"), gathered, Function::Identity)
    }
}

/// Turns the outputs of a projection by the angles of a position: what turning its outputs would give.
fn rotate(projection: &mut Projection, head_size: usize, position: usize) {
    let inputs = projection.inputs;
    let original = projection.clone();
    let value = |row: usize, column: usize| {
        let weight = original.weights.get(row * inputs + column);
        weight.copied().unwrap_or(0.0)
    };
    for first in (0..projection.outputs()).step_by(2) {
        let exponent = (first % head_size) as f64 / head_size as f64;
        let angle = position as f64 * 10_000_f64.powf(-exponent);
        let (sine, cosine) = angle.sin_cos();
        for column in 0..inputs {
            let (a, b) = (value(first, column), value(first + 1, column));
            let turned = [a * cosine - b * sine, a * sine + b * cosine];
            for (row, turned) in turned.into_iter().enumerate() {
                if let Some(weight) = projection.weights.get_mut((first + row) * inputs + column) {
                    *weight = turned;
                }
            }
        }
        let bias = |row: usize| original.bias.get(row).copied().unwrap_or(0.0);
        let (a, b) = (bias(first), bias(first + 1));
        let turned = [a * cosine - b * sine, a * sine + b * cosine];
        for (row, turned) in turned.into_iter().enumerate() {
            if let Some(bias) = projection.bias.get_mut(first + row) {
                *bias = turned;
            }
        }
    }
}
