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
use gyrus_interface::catalogue::TWO_LEVELS;

/// Largest number of anything in a header.
const LIMIT: i32 = 1 << 16;
/// Texts for calibration, and tokens of each.
const TEXTS: usize = 60;
const TEXT_TOKENS: usize = 96;
/// llama2.c adds it to mean squares.
const EPSILON: f64 = 1e-5;
/// The token before a text; behind it comes that of the next one, as there is no other that is trained.
const START: usize = 1;
/// Bits of weights, the sign included, when nothing else is said.
pub const BITS: u32 = 9;
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

    /// Layers that read one tensor, `[outputs][inputs]` each, with the size of each output: steps are as these.
    fn layers(&self, inputs: usize, matrices: Vec<(&Vec<f64>, Vec<f64>)>) -> Vec<Projection> {
        let mut columns = vec![0.0; inputs];
        let rows = matrices
            .iter()
            .flat_map(|(matrix, _)| matrix.chunks_exact(inputs));
        for row in rows {
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
        let layer = |(weights, rows): (&Vec<f64>, Vec<f64>)| {
            let outputs = weights.len() / inputs.max(1);
            let scaled = weights.iter().enumerate().map(|(number, weight)| {
                weight / at(&rows, number / inputs) / at(&columns, number % inputs)
            });
            let all = self.step(&scaled.collect::<Vec<f64>>());
            let steps: Vec<f64> = rows.iter().map(|row| all * row).collect();
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
    // The length of the longest token, which nobody needs here.
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

    /// The model with weights of so many bits, in steps by the ranges of what they make; where these are not known,
    /// all count alike.
    fn model(
        &self,
        reference: ModelReference,
        vocabulary: Vocabulary,
        bits: u32,
        ranges: Option<&Ranges>,
    ) -> Result<Transformer, ModelError> {
        let [dimension, hidden, _, heads, kv_heads, tokens, context] = self.sizes;
        let kv = dimension / heads * kv_heads;
        let rounding = Rounding::new(bits);
        let sizes = |class: &str, count: usize| -> Result<Vec<f64>, ModelError> {
            let size = |kind| {
                let range = ranges.map(|ranges| ranges.of(class, kind)).transpose()?;
                Ok(range.map_or(1.0, |range| range.width().max(1e-9)))
            };
            (0..count).map(size).collect()
        };
        // Positions turn neighbours into each other: they have one size.
        let paired = |class: &str, count: usize| {
            let mut sizes = sizes(class, count)?;
            for pair in sizes.chunks_mut(2) {
                let largest = pair.iter().copied().fold(0.0, f64::max);
                pair.fill(largest);
            }
            Ok::<_, ModelError>(sizes)
        };
        let one = |inputs, matrix, sizes| {
            let layers = rounding.layers(inputs, vec![(matrix, sizes)]);
            layers.into_iter().next().ok_or_else(short)
        };
        let mut blocks = Vec::new();
        for (number, [query, key, value, output, gate, up, down]) in self.blocks.iter().enumerate()
        {
            let name = |part: &str| format!("{number}.{part}");
            let attention = vec![
                (query, paired(&name("query"), dimension)?),
                (key, paired(&name("key"), kv)?),
                (value, sizes(&name("value"), kv)?),
            ];
            let attention = rounding.layers(dimension, attention);
            let [query, key, value] = attention.try_into().map_err(|_| short())?;
            let feed = vec![
                (gate, sizes(&name("gate"), hidden)?),
                (up, sizes(&name("up"), hidden)?),
            ];
            let feed = rounding.layers(dimension, feed);
            let [gate, up] = feed.try_into().map_err(|_| short())?;
            blocks.push(Block {
                query,
                key,
                value,
                output: one(dimension, output, sizes("residual", dimension)?)?,
                up,
                gate: Some(gate),
                down: one(hidden, down, sizes("residual", dimension)?)?,
            });
        }
        let head = one(dimension, &self.head, sizes("logits", tokens)?)?;
        let model = Transformer {
            reference,
            parameter_set: TWO_LEVELS.to_owned(),
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
    let original = weights.model(reference.clone(), vocabulary.clone(), ALL_BITS, None)?;
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
    let mut model = weights.model(reference, vocabulary, bits, Some(&ranges))?;
    model.calibration = texts;
    Ok(model)
}
