//! The format of trained transformers: JSON for what the model is, safetensors for its weights, as
//! models/names/README.md describes them.

use super::{Block, Cut, Positions, Projection, Public, Transformer, Vocabulary};
use crate::files::ModelReference;
use crate::model::ModelError;
use crate::model::graph::Function;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The names model that comes with the program: models/names/names.json and names.safetensors.
pub const NAMES: (&str, &[u8]) = (
    include_str!("../../../../models/names/names.json"),
    include_bytes!("../../../../models/names/names.safetensors"),
);

const FORMAT: &str = "gyrus-transformer";
const VERSION: u32 = 1;
/// Largest number of anything that a model file says there is of it.
const LIMIT: usize = 1 << 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: String,
    version: u32,
    name: String,
    parameter_set: String,
    vocabulary: Vec<String>,
    start: usize,
    end: usize,
    context: usize,
    heads: usize,
    kv_heads: usize,
    blocks: usize,
    epsilon: f64,
    activation: Activation,
    last_norm: bool,
    positions: PositionKind,
    calibration: Vec<Vec<usize>>,
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "data")]
    _data: Option<IgnoredAny>,
    #[serde(rename = "evaluation")]
    _evaluation: Option<IgnoredAny>,
    #[serde(rename = "examples")]
    _examples: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Activation {
    Relu,
    Silu,
    Gelu,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum PositionKind {
    Learned,
    Rotary,
}

/// The names model.
///
/// # Errors
/// Never, unless the program was built from damaged files.
pub fn names() -> Result<Transformer, ModelError> {
    read(NAMES.0.as_bytes(), NAMES.1)
}

/// A model from its two files.
///
/// # Errors
/// They are malformed, or do not fit together.
pub fn read(description: &[u8], weights: &[u8]) -> Result<Transformer, ModelError> {
    let hash = blake3::Hasher::new()
        .update(description)
        .update(weights)
        .finalize();
    let description: Description = serde_json::from_slice(description)?;
    if description.format != FORMAT || description.version != VERSION {
        return Err(ModelError::Format {
            found: format!("{} {}", description.format, description.version),
            wanted: "gyrus-transformer 1",
        });
    }
    if description.blocks > LIMIT || description.context > LIMIT {
        return Err(ModelError::Range {
            layer: "model".into(),
            what: "its number of blocks or positions".into(),
            found: description.blocks.max(description.context).to_string(),
            range: format!("..={LIMIT}"),
        });
    }
    let weights = SafeTensors::deserialize(weights)?;
    let positions = match description.positions {
        PositionKind::Rotary => Positions::Rotary,
        PositionKind::Learned => Positions::Learned(vectors(&weights, "position")?),
    };
    let blocks = (0..description.blocks)
        .map(|number| {
            let part = |part: &str| projection(&weights, &format!("{number}.{part}"));
            let gated = weights.tensor(&format!("{number}.gate.weight")).is_ok();
            let qkv = part("qkv")?;
            let (dimension, all) = (qkv.inputs, qkv.outputs());
            let cached = all.saturating_sub(dimension) / 2;
            Ok(Block {
                query: qkv.rows(0..dimension),
                key: qkv.rows(dimension..dimension + cached),
                value: qkv.rows(dimension + cached..all),
                output: part("o")?,
                up: part("up")?,
                gate: if gated { Some(part("gate")?) } else { None },
                down: part("down")?,
            })
        })
        .collect::<Result<_, ModelError>>()?;
    let model = Transformer {
        public: Public::default(),
        reference: ModelReference {
            name: description.name,
            hash: hash.to_hex().to_string(),
        },
        parameter_set: description.parameter_set,
        vocabulary: Vocabulary {
            tokens: description.vocabulary,
            start: description.start,
            end: description.end,
            cut: Cut::Longest,
        },
        context: description.context,
        heads: description.heads,
        kv_heads: description.kv_heads,
        epsilon: description.epsilon,
        activation: match description.activation {
            Activation::Relu => Function::Relu,
            Activation::Silu => Function::Silu,
            Activation::Gelu => Function::Gelu,
        },
        last_norm: description.last_norm,
        by_element: false,
        positions,
        embedding: vectors(&weights, "embedding")?,
        blocks,
        head: projection(&weights, "out")?,
        calibration: description.calibration,
    };
    model.checked()
}

/// The numbers of a tensor of 32-bit floats, or of bytes, and its shape.
fn numbers(view: &TensorView<'_>, name: &str) -> Result<Vec<f64>, ModelError> {
    let data = view.data();
    let numbers: Vec<f64> = match view.dtype() {
        Dtype::F32 => data
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes).into())
            .collect(),
        Dtype::I8 => data.iter().map(|&byte| byte.cast_signed().into()).collect(),
        other => {
            return Err(ModelError::Range {
                layer: name.to_owned(),
                what: "the type of its numbers".into(),
                found: format!("{other:?}"),
                range: "{F32, I8}".into(),
            });
        }
    };
    match numbers.iter().find(|number| !number.is_finite()) {
        None => Ok(numbers),
        Some(found) => Err(ModelError::Range {
            layer: name.to_owned(),
            what: "a number".into(),
            found: found.to_string(),
            range: "the finite numbers".into(),
        }),
    }
}

/// A matrix: its columns and numbers.
fn matrix(weights: &SafeTensors<'_>, name: &str) -> Result<(usize, Vec<f64>), ModelError> {
    let view = weights.tensor(name)?;
    match *view.shape() {
        [_, columns] if columns > 0 => Ok((columns, numbers(&view, name)?)),
        _ => Err(ModelError::Shape {
            layer: name.to_owned(),
            what: "its shape".into(),
            found: view.shape().len(),
            wanted: 2,
        }),
    }
}

fn vectors(weights: &SafeTensors<'_>, name: &str) -> Result<Vec<Vec<f64>>, ModelError> {
    let (columns, numbers) = matrix(weights, name)?;
    Ok(numbers.chunks_exact(columns).map(<[f64]>::to_vec).collect())
}

fn projection(weights: &SafeTensors<'_>, name: &str) -> Result<Projection, ModelError> {
    let (inputs, integers) = matrix(weights, &format!("{name}.weight"))?;
    let vector = |part: &str| {
        let name = format!("{name}.{part}");
        numbers(&weights.tensor(&name)?, &name)
    };
    let step = vector("step")?.first().copied().unwrap_or(0.0);
    Ok(Projection {
        inputs,
        weights: integers.iter().map(|integer| integer * step).collect(),
        steps: vec![step],
        columns: vec![1.0],
        bias: vector("bias")?,
    })
}
