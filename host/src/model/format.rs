//! The model file: JSON, as `models/digits/README.md` describes it.
//!
//! Everything is checked while it is read: sizes, ranges, that layers fit together, and that no
//! input can make an output, or the input of a table that is not periodic, wrap around.

use super::error::ModelError;
use super::network::{Encoding, Layer, Linear, Lookup, Network};
use crate::files::ModelReference;
use gyrus_interface::catalogue;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Largest accepted model file, in bytes.
pub const FILE_LIMIT: u64 = 64 << 20;
/// The format that this program reads.
const FORMAT: &str = "gyrus-model";
const VERSION: u32 = 1;
/// Largest magnitude of a value that must not wrap around, as a fraction of the torus: 10% of the
/// signed range, which is half a torus either way, stay free for the noise.
const REACH_LIMIT: f64 = 0.45;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    format: String,
    version: u32,
    name: String,
    parameter_set: String,
    input: Input,
    layers: Vec<LayerFile>,
    output: Output,
    #[serde(rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "data")]
    _data: Option<IgnoredAny>,
    #[serde(rename = "noise_sigma")]
    _noise_sigma: Option<IgnoredAny>,
    #[serde(rename = "evaluation")]
    _evaluation: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    shape: Vec<usize>,
    min: i64,
    max: i64,
    delta_log2: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    decision: String,
    classes: Vec<String>,
    max_abs: i64,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum LayerFile {
    Linear {
        inputs: usize,
        outputs: usize,
        weights: Vec<Vec<i32>>,
        bias: Vec<i64>,
    },
    Lut {
        count: usize,
        output_delta_log2: u32,
        table: Vec<i64>,
        /// The function has the table's period by nature: its input may wrap around.
        #[serde(default)]
        periodic: bool,
        #[serde(rename = "function")]
        _function: Option<IgnoredAny>,
    },
}

/// Smallest and largest possible value, in units.
#[derive(Clone, Copy)]
struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    fn around_zero(reach: f64) -> Self {
        let (low, high) = (-reach, reach);
        Self { low, high }
    }

    /// Largest magnitude.
    const fn reach(self) -> f64 {
        self.high.max(-self.low)
    }

    /// Of a sum of values with these weights, and a bias.
    fn of_sum(weights: &[i32], values: &[Self], bias: i64) -> Self {
        let bias = bias as f64;
        let start = Self {
            low: bias,
            high: bias,
        };
        std::iter::zip(weights, values.iter().cycle()).fold(start, |sum, (&weight, value)| {
            let ends = [value.low, value.high].map(|end| end * f64::from(weight));
            Self {
                low: sum.low + ends[0].min(ends[1]),
                high: sum.high + ends[0].max(ends[1]),
            }
        })
    }
}

/// What is known of the values between two layers: they are `integer * 2^delta_log2`, within
/// `ranges`: one for each, or one for all of them.
struct Between {
    delta_log2: u32,
    ranges: Vec<Interval>,
}

impl Between {
    /// The first value that may go beyond [`REACH_LIMIT`], and how far, as a fraction of the torus.
    fn beyond_limit(&self) -> Option<(usize, f64)> {
        let torus = 2_f64.powi(64 - self.delta_log2 as i32);
        let reaches = self.ranges.iter().map(|range| range.reach() / torus);
        reaches.enumerate().find(|(_, reach)| *reach > REACH_LIMIT)
    }
}

/// Reads a model.
///
/// # Errors
/// [`ModelError`] says which rule the model breaks, and in which layer.
pub fn parse(text: &[u8]) -> Result<Network, ModelError> {
    if text.len() as u64 > FILE_LIMIT {
        return Err(ModelError::TooLarge { limit: FILE_LIMIT });
    }
    let file: ModelFile = serde_json::from_slice(text)?;
    if file.format != FORMAT || file.version != VERSION {
        let found = format!("{} {}", file.format, file.version);
        return Err(ModelError::Format {
            found,
            wanted: "gyrus-model 1",
        });
    }
    let set = catalogue::find(&file.parameter_set)
        .ok_or_else(|| ModelError::ParameterSet(file.parameter_set.clone()))?;
    let input = &file.input;
    let delta = check_range("input", "delta_log2", i64::from(input.delta_log2), 0, 63)? as u32;
    let limit = i64::from(i32::MAX);
    check_range("input", "min", input.min, -limit, limit)?;
    check_range("input", "max", input.max, input.min, limit)?;
    let mut between = Between {
        delta_log2: delta,
        ranges: vec![Interval {
            low: input.min as f64,
            high: input.max as f64,
        }],
    };
    let mut layers = Vec::new();
    let mut names = Vec::new();
    for (i, layer) in file.layers.into_iter().enumerate() {
        let name = match layer {
            LayerFile::Linear { .. } => format!("{i} (linear)"),
            LayerFile::Lut { .. } => format!("{i} (lut)"),
        };
        layers.push(read_layer(&name, layer, &mut between)?);
        names.push(name);
    }
    let reference = ModelReference {
        name: file.name,
        hash: blake3::hash(text).to_hex().to_string(),
    };
    let encoding = Encoding {
        low: input.min,
        high: input.max,
        unit: 1 << delta,
    };
    let network = Network::new(
        reference,
        encoding,
        layers,
        &names,
        &set,
        file.output.classes,
    )?;
    check_input_shape(&file.input.shape, &network)?;
    check_output(&file.output.decision, file.output.max_abs, &between, &names)?;
    Ok(network)
}

/// The layer, named `name`; `between` is what is known of its inputs, and becomes what is known of
/// its outputs.
fn read_layer(name: &str, layer: LayerFile, between: &mut Between) -> Result<Layer, ModelError> {
    let unit = 1_u64 << between.delta_log2;
    let word = |value: i64| value.cast_unsigned().wrapping_mul(unit);
    match layer {
        LayerFile::Linear {
            inputs,
            outputs,
            weights,
            bias,
        } => {
            let shape = |what: &str, found, wanted| ModelError::Shape {
                layer: name.to_owned(),
                what: what.to_owned(),
                found,
                wanted,
            };
            if weights.len() != outputs {
                return Err(shape("weights", weights.len(), outputs));
            }
            if bias.len() != outputs {
                return Err(shape("bias", bias.len(), outputs));
            }
            if let Some(row) = weights.iter().find(|row| row.len() != inputs) {
                return Err(shape("a row of weights", row.len(), inputs));
            }
            for &value in &bias {
                check_range(name, "a bias", value, -(1 << 52), 1 << 52)?;
            }
            between.ranges = std::iter::zip(&weights, &bias)
                .map(|(row, &bias)| Interval::of_sum(row, &between.ranges, bias))
                .collect();
            let bias = bias.into_iter().map(word).collect();
            let linear = Linear::new(name, inputs, weights.concat(), bias)?;
            Ok(Layer::Linear(linear))
        }
        LayerFile::Lut {
            count,
            output_delta_log2,
            table,
            periodic,
            ..
        } => {
            if let Some((input, reach)) = between.beyond_limit().filter(|_| !periodic) {
                return Err(ModelError::Wraps {
                    layer: name.to_owned(),
                    input,
                    reach,
                    limit: REACH_LIMIT,
                });
            }
            let delta = i64::from(output_delta_log2);
            check_range(name, "output_delta_log2", delta, 0, 62)?;
            // Below half of the torus, so that an entry and its negative differ in sign.
            let limit = (1_i64 << (62 - output_delta_log2)).saturating_mul(2) - 1;
            for &entry in &table {
                check_range(name, "a table entry", entry, -limit, limit)?;
            }
            let largest = table.iter().map(|entry| entry.unsigned_abs()).max();
            *between = Between {
                delta_log2: output_delta_log2,
                // Of an entry and its negative.
                ranges: vec![Interval::around_zero(largest.unwrap_or(0) as f64)],
            };
            let unit = 1_u64 << output_delta_log2;
            let words = table
                .iter()
                .map(|entry| entry.cast_unsigned().wrapping_mul(unit))
                .collect();
            Ok(Layer::Lookup(Lookup::new(name, count, words)?))
        }
    }
}

fn check_range(
    layer: &str,
    what: &str,
    found: i64,
    low: i64,
    high: i64,
) -> Result<i64, ModelError> {
    if (low..=high).contains(&found) {
        return Ok(found);
    }
    Err(ModelError::Range {
        layer: layer.to_owned(),
        what: what.to_owned(),
        found: found.to_string(),
        range: format!("{low}..={high}"),
    })
}

fn check_input_shape(shape: &[usize], network: &Network) -> Result<(), ModelError> {
    let product = shape
        .iter()
        .try_fold(1_usize, |product, &side| product.checked_mul(side));
    match product {
        Some(found) if found == network.inputs() => Ok(()),
        found => Err(ModelError::Shape {
            layer: "input".into(),
            what: "shape".into(),
            found: found.unwrap_or(usize::MAX),
            wanted: network.inputs(),
        }),
    }
}

/// Checks that the outputs neither wrap around nor go beyond what the file says of them.
fn check_output(
    decision: &str,
    max_abs: i64,
    between: &Between,
    names: &[String],
) -> Result<(), ModelError> {
    let range = |what: &str, found: String, range: String| ModelError::Range {
        layer: "output".into(),
        what: what.into(),
        found,
        range,
    };
    if decision != "argmax" {
        return Err(range(
            "decision",
            format!("'{decision}'"),
            "{'argmax'}".into(),
        ));
    }
    let largest = between.ranges.iter().map(|range| range.reach());
    let largest = largest.fold(0.0, f64::max);
    if max_abs < 0 || largest > max_abs as f64 {
        return Err(range(
            "max_abs",
            max_abs.to_string(),
            format!("{largest}.."),
        ));
    }
    match between.beyond_limit() {
        None => Ok(()),
        Some((output, reach)) => Err(ModelError::Overflow {
            layer: names.last().cloned().unwrap_or_default(),
            output,
            reach,
            limit: REACH_LIMIT,
        }),
    }
}
