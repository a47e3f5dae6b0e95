//! The model in the clear, in real numbers: what an encrypted run is compared with.

use super::{Cache, Transformer, sample};
use crate::model::ModelError;
use crate::model::graph::Graph;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

/// A text in the clear. It begins behind the first token, whose logits are the model's [`super::Public`].
#[derive(Debug, Clone)]
pub struct Reference<'a> {
    model: &'a Transformer,
    cache: Cache<Vec<f64>>,
}

impl<'a> Reference<'a> {
    /// At the beginning of a text.
    #[must_use]
    pub fn new(model: &'a Transformer) -> Self {
        Self {
            model,
            cache: Cache::new(model.blocks.len()),
        }
    }

    /// The logits behind the next token.
    ///
    /// # Errors
    /// There is no such token, or no position for it.
    pub fn step(&mut self, token: usize) -> Result<Vec<f64>, ModelError> {
        let graph = self.model.step(self.cache.next_position())?;
        let (logits, _) = self.step_in(&graph, token)?;
        Ok(logits)
    }

    /// The same in the graph of this position, with the values of all tensors.
    pub(super) fn step_in(
        &mut self,
        graph: &Graph,
        token: usize,
    ) -> Result<(Vec<f64>, Vec<Vec<f64>>), ModelError> {
        let vector = self.model.embed(token)?.to_vec();
        let inputs = graph.inputs().into_iter().zip(self.cache.inputs(vector));
        let values = graph.evaluate(&inputs.collect::<BTreeMap<_, _>>())?;
        let outputs = graph.outputs().iter();
        let outputs = outputs.map(|id| values.get(id.0).cloned().unwrap_or_default());
        let logits = self.cache.take(outputs.collect())?;
        Ok((logits.unwrap_or_default(), values))
    }
}

/// Texts drawn from a model in the clear, at temperature 1, of up to `length` tokens, the first and the last one of a
/// text included.
///
/// # Errors
/// The model cannot be evaluated.
pub fn write(
    model: &Transformer,
    texts: usize,
    length: usize,
    seed: u64,
) -> Result<Vec<Vec<usize>>, ModelError> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut all = vec![vec![model.vocabulary.start]; texts];
    let mut references = vec![Reference::new(model); texts];
    for position in 0..length.saturating_sub(1).min(model.context) {
        let graph = match position {
            0 => None,
            _ => Some(model.step(position)?),
        };
        for (tokens, text) in all.iter_mut().zip(&mut references) {
            let last = tokens.last().copied().unwrap_or(model.vocabulary.start);
            let next = match &graph {
                None => sample(&model.public.logits, 1.0, &mut random),
                Some(_) if tokens.len() <= position || last == model.vocabulary.end => continue,
                Some(graph) => sample(&text.step_in(graph, last)?.0, 1.0, &mut random),
            };
            tokens.push(next);
        }
    }
    Ok(all)
}
