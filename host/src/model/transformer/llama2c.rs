//! Checkpoints and tokenisers of llama2.c (<https://github.com/karpathy/llama2.c>, the first version of its format).
//!
//! Gains of norms become part of the weights behind them; weights are rounded to integers of so many bits. What
//! calibration needs the model writes itself: texts drawn from it in the clear.

use super::vocabulary::{Cut, Vocabulary};
use super::{Block, Positions, Projection, Transformer, write};
use crate::files::ModelReference;
use crate::model::ModelError;
use crate::model::graph::Function;
use gyrus_interface::PRIMARY;

/// Largest number of anything in a header.
const LIMIT: i32 = 1 << 16;
/// Texts for calibration, and tokens of each.
const TEXTS: usize = 10;
const TEXT_TOKENS: usize = 96;
/// llama2.c adds it to mean squares.
const EPSILON: f64 = 1e-5;
/// The token before a text; behind it comes that of the next one, as there is no other that is trained.
const START: usize = 1;
/// Bits of weights, the sign included, when nothing else is said.
pub const BITS: u32 = 5;
/// Bits with which weights are as good as those of the checkpoint.
pub const ALL_BITS: u32 = 15;

/// Numbers, one after the other.
struct Numbers<'a> {
    bytes: &'a [u8],
}

impl Numbers<'_> {
    fn word(&mut self) -> Result<[u8; 4], ModelError> {
        let (word, left) = self.bytes.split_first_chunk().ok_or_else(short)?;
        self.bytes = left;
        Ok(*word)
    }

    fn integer(&mut self) -> Result<i32, ModelError> {
        Ok(i32::from_le_bytes(self.word()?))
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f64>, ModelError> {
        let bytes = count.checked_mul(4).ok_or_else(short)?;
        let (floats, left) = self.bytes.split_at_checked(bytes).ok_or_else(short)?;
        self.bytes = left;
        let floats = floats.as_chunks().0.iter();
        let floats: Vec<f64> = floats
            .map(|&word| f32::from_le_bytes(word).into())
            .collect();
        match floats.iter().find(|float| !float.is_finite()) {
            None => Ok(floats),
            Some(found) => Err(out_of_range(
                "a weight",
                found.to_string(),
                "the finite numbers",
            )),
        }
    }
}

fn short() -> ModelError {
    out_of_range("its length", "less".into(), "what its header says")
}

fn out_of_range(what: &str, found: String, range: &str) -> ModelError {
    ModelError::Range {
        layer: "checkpoint".into(),
        what: what.into(),
        found,
        range: range.into(),
    }
}

/// Rounds weights to `bits` bits, in steps with which the error is least.
fn quantised(inputs: usize, weights: Vec<f64>, bits: u32) -> Projection {
    let limit = f64::from((1_i32 << (bits - 1)) - 1);
    let largest = weights
        .iter()
        .fold(f64::MIN_POSITIVE, |largest, w| largest.max(w.abs()));
    let rounded = |step: f64, weight: f64| (weight / step).round().clamp(-limit, limit) * step;
    let error = |step: f64| -> f64 {
        let errors = weights.iter().map(|&w| (rounded(step, w) - w).powi(2));
        errors.sum()
    };
    // From the largest weight's step down to where half of its size is cut off.
    let steps = (0..24).map(|i| largest / limit * (1.0 - f64::from(i) / 48.0));
    let best = steps.map(|step| (error(step), step));
    let (_, step) = best
        .reduce(|best, next| if next.0 < best.0 { next } else { best })
        .unwrap_or((0.0, 1.0));
    Projection {
        inputs,
        bias: vec![0.0; weights.len() / inputs.max(1)],
        weights: weights
            .into_iter()
            .map(|weight| rounded(step, weight))
            .collect(),
        step,
    }
}

/// A matrix whose columns are multiplied by gains.
fn with_gains(mut matrix: Vec<f64>, gains: &[f64]) -> Vec<f64> {
    for row in matrix.chunks_exact_mut(gains.len().max(1)) {
        for (weight, gain) in row.iter_mut().zip(gains) {
            *weight *= gain;
        }
    }
    matrix
}

/// Reads the tokens of `count`.
fn tokens(bytes: &[u8], count: usize) -> Result<Vocabulary, ModelError> {
    let mut numbers = Numbers { bytes };
    numbers.integer()?;
    let (mut tokens, mut scores) = (Vec::new(), Vec::new());
    for _ in 0..count {
        scores.push(f32::from_le_bytes(numbers.word()?));
        let length = usize::try_from(numbers.integer()?).map_err(|_| short())?;
        let (text, left) = numbers.bytes.split_at_checked(length).ok_or_else(short)?;
        numbers.bytes = left;
        tokens.push(String::from_utf8_lossy(text).into_owned());
    }
    Ok(Vocabulary {
        tokens,
        start: START,
        end: START,
        cut: Cut::Pairs(scores),
    })
}

/// A model from a checkpoint and its tokeniser, with weights of `bits` bits.
///
/// # Errors
/// They are malformed, or do not fit together.
pub fn read_llama2c(
    name: &str,
    checkpoint: &[u8],
    tokeniser: &[u8],
    bits: u32,
) -> Result<Transformer, ModelError> {
    if !(2..=15).contains(&bits) {
        return Err(out_of_range("bits of weights", bits.to_string(), "2..=15"));
    }
    let hash = blake3::Hasher::new()
        .update(checkpoint)
        .update(tokeniser)
        .update(&bits.to_le_bytes())
        .finalize();
    let mut numbers = Numbers { bytes: checkpoint };
    let mut header = [0; 7];
    for field in &mut header {
        *field = numbers.integer()?;
    }
    let shared = header[5] > 0;
    header[5] = header[5].checked_abs().unwrap_or(0);
    if let Some(field) = header.iter().find(|field| !(1..=LIMIT).contains(*field)) {
        return Err(out_of_range(
            "a number of its header",
            field.to_string(),
            "1..=65536",
        ));
    }
    let [
        dimension,
        hidden,
        layers,
        heads,
        kv_heads,
        vocabulary,
        context,
    ] = header.map(|field| field.unsigned_abs() as usize);
    if !dimension.is_multiple_of(heads) {
        return Err(out_of_range(
            "its number of heads",
            heads.to_string(),
            "the divisors of its dimension",
        ));
    }
    let kv = dimension / heads * kv_heads;
    let embedding = numbers.floats(vocabulary * dimension)?;
    let mut all = |rows: usize, columns: usize| -> Result<Vec<Vec<f64>>, ModelError> {
        (0..layers)
            .map(|_| numbers.floats(rows * columns))
            .collect()
    };
    let first_gains = all(1, dimension)?;
    let (queries, keys) = (all(dimension, dimension)?, all(kv, dimension)?);
    let (values, outputs) = (all(kv, dimension)?, all(dimension, dimension)?);
    let second_gains = all(1, dimension)?;
    let (gates, downs, ups) = (
        all(hidden, dimension)?,
        all(dimension, hidden)?,
        all(hidden, dimension)?,
    );
    let last_gains = numbers.floats(dimension)?;
    // Cosines and sines, which are computed here.
    numbers.floats(context * (dimension / heads))?;
    let head = if shared {
        embedding.clone()
    } else {
        numbers.floats(vocabulary * dimension)?
    };
    let mut blocks = Vec::new();
    let mut parts = [queries, keys, values, outputs, gates, downs, ups].map(Vec::into_iter);
    for (first, second) in first_gains.iter().zip(&second_gains) {
        let mut next = parts.iter_mut().map(|part| part.next().unwrap_or_default());
        let mut next = || next.next().unwrap_or_default();
        let mut normed = |gains: &[f64]| quantised(dimension, with_gains(next(), gains), bits);
        let [query, key, value] = [normed(first), normed(first), normed(first)];
        let output = quantised(dimension, next(), bits);
        let gate = quantised(dimension, with_gains(next(), second), bits);
        let down = quantised(hidden, next(), bits);
        let up = quantised(dimension, with_gains(next(), second), bits);
        blocks.push(Block {
            query,
            key,
            value,
            output,
            up,
            gate: Some(gate),
            down,
        });
    }
    let mut model = Transformer {
        reference: ModelReference {
            name: name.to_owned(),
            hash: hash.to_hex().to_string(),
        },
        parameter_set: PRIMARY.to_owned(),
        vocabulary: tokens(tokeniser, vocabulary)?,
        context,
        heads,
        kv_heads,
        epsilon: EPSILON,
        activation: Function::Silu,
        last_norm: true,
        positions: Positions::Rotary,
        embedding: embedding
            .chunks_exact(dimension)
            .map(<[f64]>::to_vec)
            .collect(),
        blocks,
        head: quantised(dimension, with_gains(head, &last_gains), bits),
        calibration: Vec::new(),
    };
    model.check()?;
    model.calibration = write(&model, TEXTS, TEXT_TOKENS.min(context), 1)?;
    Ok(model)
}
