//! Checkpoints and tokenisers of llama2.c (<https://github.com/karpathy/llama2.c>, the first version of its format).
//!
//! Gains of norms become part of the weights behind them; weights are rounded to integers of so many bits. What
//! calibration needs the model writes itself: texts drawn from it in the clear.

use super::compile::follow;
use super::vocabulary::{Cut, Vocabulary};
use super::{Block, Positions, Projection, Public, Transformer, write};
use crate::files::ModelReference;
use crate::model::ModelError;
use crate::model::graph::{Function, Graph, Ranges, at};
use gyrus_interface::PRIMARY;

/// Largest number of anything in a header.
const LIMIT: i32 = 1 << 16;
/// Texts for calibration, and tokens of each.
const TEXTS: usize = 40;
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

/// How far the sizes of columns are made alike before weights are rounded: 0 not at all, 1 fully.
const EVENNESS: f64 = 0.5;
/// Steps that are tried: from the largest weight's down to where this part of its size is cut off.
const STEPS: u32 = 24;
const CUT: f64 = 0.6;

/// Rounds weights.
struct Rounding {
    /// The largest integer.
    limit: f64,
}

impl Rounding {
    fn new(bits: u32) -> Self {
        Self {
            limit: f64::from((1_i32 << (bits - 1)) - 1),
        }
    }

    fn round(&self, step: f64, weight: f64) -> f64 {
        (weight / step).round().clamp(-self.limit, self.limit) * step
    }

    /// The step with which rounding these is least wrong.
    fn step(&self, weights: &[f64]) -> f64 {
        let largest = weights
            .iter()
            .fold(0.0, |largest: f64, w| largest.max(w.abs()));
        if largest == 0.0 {
            return 1.0;
        }
        let error = |step: f64| -> f64 {
            let errors = weights.iter().map(|&w| (self.round(step, w) - w).powi(2));
            errors.sum()
        };
        let part = |i: u32| 1.0 - CUT * f64::from(i) / f64::from(STEPS);
        let steps = (0..STEPS).map(|i| largest / self.limit * part(i));
        let best = steps.map(|step| (error(step), step));
        best.reduce(|best, next| if next.0 < best.0 { next } else { best })
            .map_or(1.0, |(_, step)| step)
    }

    /// Layers that read one tensor, `[outputs][inputs]` each. A row's step is its own, or, where rows have scales
    /// already, one multiple of these for all; rows that positions turn into each other share one.
    fn layers(
        &self,
        inputs: usize,
        matrices: Vec<Vec<f64>>,
        rows: Option<&[f64]>,
        paired: bool,
    ) -> Vec<Projection> {
        let mut columns = vec![0.0; inputs];
        for row in matrices
            .iter()
            .flat_map(|matrix| matrix.chunks_exact(inputs))
        {
            let size = row
                .iter()
                .map(|w| w * w)
                .sum::<f64>()
                .max(f64::MIN_POSITIVE);
            for (column, weight) in columns.iter_mut().zip(row) {
                *column += weight * weight / size;
            }
        }
        for column in &mut columns {
            // Of the root of the mean square.
            *column = column.max(1e-9).powf(EVENNESS / 2.0);
        }
        let layer = |weights: Vec<f64>| {
            let outputs = weights.len() / inputs.max(1);
            let scaled: Vec<f64> = weights
                .iter()
                .enumerate()
                .map(|(number, weight)| {
                    let row = rows.map_or(1.0, |rows| at(rows, number / inputs));
                    weight / row / at(&columns, number % inputs)
                })
                .collect();
            let steps: Vec<f64> = match rows {
                Some(rows) => {
                    let all = self.step(&scaled);
                    rows.iter().map(|row| all * row).collect()
                }
                None => {
                    let together = if paired { 2 * inputs } else { inputs };
                    let steps = scaled.chunks(together).map(|rows| self.step(rows));
                    steps
                        .flat_map(|step| vec![step; together / inputs])
                        .collect()
                }
            };
            let rounded = weights.iter().enumerate().map(|(number, &weight)| {
                let step = at(&steps, number / inputs) * at(&columns, number % inputs);
                self.round(step, weight)
            });
            Projection {
                inputs,
                bias: vec![0.0; outputs],
                weights: rounded.collect(),
                steps,
                columns: columns.clone(),
            }
        };
        matrices.into_iter().map(layer).collect()
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

/// The weights of a checkpoint, gains of norms in the weights behind them.
struct Weights {
    /// Dimension, hidden dimension, layers, heads, key/value heads, vocabulary, positions.
    sizes: [usize; 7],
    embedding: Vec<f64>,
    /// Of each block queries, keys, values, outputs, gates, ups, downs.
    blocks: Vec<[Vec<f64>; 7]>,
    head: Vec<f64>,
}

impl Weights {
    fn read(checkpoint: &[u8]) -> Result<Self, ModelError> {
        let mut numbers = Numbers { bytes: checkpoint };
        let mut header = [0; 7];
        for field in &mut header {
            *field = numbers.integer()?;
        }
        let shared = header[5] > 0;
        header[5] = header[5].checked_abs().unwrap_or(0);
        if let Some(field) = header.iter().find(|field| !(1..=LIMIT).contains(*field)) {
            let found = field.to_string();
            return Err(out_of_range("a number of its header", found, "1..=65536"));
        }
        let sizes = header.map(|field| field.unsigned_abs() as usize);
        let [
            dimension,
            hidden,
            layers,
            heads,
            kv_heads,
            vocabulary,
            context,
        ] = sizes;
        if !dimension.is_multiple_of(heads) {
            let (found, range) = (heads.to_string(), "the divisors of its dimension");
            return Err(out_of_range("its number of heads", found, range));
        }
        let kv = dimension / heads * kv_heads;
        let embedding = numbers.floats(vocabulary * dimension)?;
        let mut all = |rows: usize, columns: usize| -> Result<Vec<Vec<f64>>, ModelError> {
            let one = |_| numbers.floats(rows * columns);
            (0..layers).map(one).collect()
        };
        let first = all(1, dimension)?;
        let (queries, keys) = (all(dimension, dimension)?, all(kv, dimension)?);
        let (values, outputs) = (all(kv, dimension)?, all(dimension, dimension)?);
        let second = all(1, dimension)?;
        let (gates, downs) = (all(hidden, dimension)?, all(dimension, hidden)?);
        let ups = all(hidden, dimension)?;
        let last = numbers.floats(dimension)?;
        // Cosines and sines, which are computed here.
        numbers.floats(context * (dimension / heads))?;
        let head = if shared {
            embedding.clone()
        } else {
            numbers.floats(vocabulary * dimension)?
        };
        let block = |number: usize| {
            let of = |matrices: &[Vec<f64>]| matrices.get(number).cloned().unwrap_or_default();
            let behind = |gains: &[Vec<f64>], of_all| with_gains(of(of_all), &of(gains));
            [
                behind(&first, &queries),
                behind(&first, &keys),
                behind(&first, &values),
                of(&outputs),
                behind(&second, &gates),
                behind(&second, &ups),
                of(&downs),
            ]
        };
        Ok(Self {
            sizes,
            blocks: (0..layers).map(block).collect(),
            head: with_gains(head, &last),
            embedding,
        })
    }

    /// The model with weights of so many bits. `residual` are the sizes of the values between blocks; without them
    /// they count alike.
    fn model(
        &self,
        reference: ModelReference,
        vocabulary: Vocabulary,
        bits: u32,
        residual: &[f64],
    ) -> Result<Transformer, ModelError> {
        let [dimension, hidden, _, heads, kv_heads, _, context] = self.sizes;
        let rounding = Rounding::new(bits);
        let free =
            |matrices: Vec<Vec<f64>>, paired| rounding.layers(dimension, matrices, None, paired);
        let back = |inputs, matrix: &Vec<f64>| {
            let layers = rounding.layers(inputs, vec![matrix.clone()], Some(residual), false);
            layers.into_iter().next().ok_or_else(short)
        };
        let mut blocks = Vec::new();
        for [query, key, value, output, gate, up, down] in &self.blocks {
            let attention = free(vec![query.clone(), key.clone(), value.clone()], true);
            let [query, key, value] = attention.try_into().map_err(|_| short())?;
            let [gate, up] = free(vec![gate.clone(), up.clone()], false)
                .try_into()
                .map_err(|_| short())?;
            blocks.push(Block {
                query,
                key,
                value,
                output: back(dimension, output)?,
                up,
                gate: Some(gate),
                down: back(hidden, down)?,
            });
        }
        let head = free(vec![self.head.clone()], false)
            .into_iter()
            .next()
            .ok_or_else(short)?;
        let model = Transformer {
            reference,
            parameter_set: PRIMARY.to_owned(),
            vocabulary,
            context,
            heads,
            kv_heads,
            epsilon: EPSILON,
            activation: Function::Silu,
            last_norm: true,
            by_element: true,
            positions: Positions::Rotary,
            embedding: self
                .embedding
                .chunks_exact(dimension)
                .map(<[f64]>::to_vec)
                .collect(),
            blocks,
            head,
            calibration: Vec::new(),
            public: Public::default(),
        };
        model.checked()
    }
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
    if !(2..=ALL_BITS).contains(&bits) {
        return Err(out_of_range("bits of weights", bits.to_string(), "2..=15"));
    }
    let mut hasher = blake3::Hasher::new();
    let hash = hasher
        .update(checkpoint)
        .update(tokeniser)
        .update(&bits.to_le_bytes())
        .finalize();
    let reference = ModelReference {
        name: name.to_owned(),
        hash: hash.to_hex().to_string(),
    };
    let weights = Weights::read(checkpoint)?;
    let vocabulary = tokens(tokeniser, weights.sizes[5])?;
    let dimension = weights.sizes[0];
    let even = vec![1.0; dimension];
    let original = weights.model(reference.clone(), vocabulary.clone(), ALL_BITS, &even)?;
    if bits == ALL_BITS {
        return Ok(original);
    }
    let texts = write(&original, TEXTS, TEXT_TOKENS.min(original.context), 1)?;
    let mut ranges = Ranges::default();
    let numbered: Vec<(usize, &Vec<usize>)> = texts.iter().enumerate().collect();
    follow(&original, &numbered, Graph::clone, &mut |graph, values| {
        graph.observe(values, &mut ranges);
        Ok(())
    })?;
    let sizes = (0..dimension).map(|kind| Ok(ranges.of("residual", kind)?.width().max(1e-9)));
    let sizes = sizes.collect::<Result<Vec<f64>, ModelError>>()?;
    let mut model = weights.model(reference, vocabulary, bits, &sizes)?;
    model.calibration = texts;
    Ok(model)
}
