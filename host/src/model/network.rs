//! A model in memory: layers of integers on torus words.
//!
//! A value travels as a word `w` mod 2^64 that stands for the torus element `w / 2^64`. Linear
//! layers multiply words by integers and add; look-up layers replace a word by the entry of a
//! negacyclic table that the word's most significant bits select. Both are exact in the clear, so
//! the encrypted result differs by noise only.

use super::error::ModelError;
use crate::files::ModelReference;
use gyrus_interface::ParameterSet;
use gyrus_interface::params::POLYNOMIAL_SIZE_RANGE;

/// Largest magnitude of a weight: beyond it the noise of any layer would drown the values.
pub const WEIGHT_LIMIT: i32 = 1 << 15;
/// Largest number of values between two layers.
pub const WIDTH_LIMIT: usize = 1 << 14;

/// A linear layer: `output[o] = sum_i weights[o][i] * input[i] + bias[o]`, mod 2^64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linear {
    inputs: usize,
    weights: Vec<i32>,
    bias: Vec<u64>,
}

impl Linear {
    /// Takes weights in the order `[outputs][inputs]` and one bias word per output.
    ///
    /// # Errors
    /// [`ModelError::Shape`] or [`ModelError::Range`], with `name` as the layer's name.
    pub fn new(
        name: &str,
        inputs: usize,
        weights: Vec<i32>,
        bias: Vec<u64>,
    ) -> Result<Self, ModelError> {
        check_width(name, "number of inputs", inputs)?;
        check_width(name, "number of outputs", bias.len())?;
        let wanted = inputs * bias.len();
        if weights.len() != wanted {
            let (layer, what, found) = (name.into(), "weights".into(), weights.len());
            return Err(ModelError::Shape {
                layer,
                what,
                found,
                wanted,
            });
        }
        if let Some(weight) = weights
            .iter()
            .find(|w| w.unsigned_abs() > WEIGHT_LIMIT as u32)
        {
            return Err(ModelError::Range {
                layer: name.into(),
                what: "a weight".into(),
                found: weight.to_string(),
                range: format!("{}..={WEIGHT_LIMIT}", -WEIGHT_LIMIT),
            });
        }
        Ok(Self {
            inputs,
            weights,
            bias,
        })
    }

    /// Values in.
    #[must_use]
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// Values out.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Weights and bias of every output.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&[i32], u64)> {
        self.weights
            .chunks_exact(self.inputs)
            .zip(self.bias.iter().copied())
    }
}

fn check_width(name: &str, what: &str, found: usize) -> Result<(), ModelError> {
    if (1..=WIDTH_LIMIT).contains(&found) {
        return Ok(());
    }
    Err(ModelError::Range {
        layer: name.into(),
        what: what.into(),
        found: found.to_string(),
        range: format!("1..={WIDTH_LIMIT}"),
    })
}

/// A layer that replaces every value by a table's entry: one bootstrap each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    width: usize,
    table: Vec<u64>,
}

impl Lookup {
    /// Takes the `N` entries for the first half of the torus, for `width` values.
    ///
    /// # Errors
    /// [`ModelError::Range`], with `name` as the layer's name.
    pub fn new(name: &str, width: usize, table: Vec<u64>) -> Result<Self, ModelError> {
        check_width(name, "number of values", width)?;
        let size = table.len();
        if !POLYNOMIAL_SIZE_RANGE.contains(&size) || !size.is_power_of_two() {
            let (low, high) = (POLYNOMIAL_SIZE_RANGE.start(), POLYNOMIAL_SIZE_RANGE.end());
            return Err(ModelError::Range {
                layer: name.into(),
                what: "the table's length".into(),
                found: size.to_string(),
                range: format!("the powers of two {low}..={high}"),
            });
        }
        Ok(Self { width, table })
    }

    /// Entries for the phases from 0 to 1/2, `N` words; the other half is their negative.
    #[must_use]
    pub fn table(&self) -> &[u64] {
        &self.table
    }
}

/// The entry of a negacyclic `table` (N words, N a power of two) that `phase` selects: `phase` is
/// rounded to a multiple of `1 / 2N` of the torus.
pub(super) fn look_up(table: &[u64], phase: u64) -> u64 {
    let bits = (2 * table.len()).ilog2();
    let index = (phase.wrapping_add(1 << (63 - bits)) >> (64 - bits)) as usize;
    match table.get(index) {
        Some(&entry) => entry,
        None => table
            .get(index % table.len())
            .map_or(0, |entry| entry.wrapping_neg()),
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layer {
    /// Integer weights, on the host.
    Linear(Linear),
    /// A look-up table, on the device.
    Lookup(Lookup),
}

impl Layer {
    /// Values in.
    #[must_use]
    pub const fn inputs(&self) -> usize {
        match self {
            Self::Linear(linear) => linear.inputs(),
            Self::Lookup(lookup) => lookup.width,
        }
    }

    /// Values out.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        match self {
            Self::Linear(linear) => linear.outputs(),
            Self::Lookup(lookup) => lookup.width,
        }
    }

    /// The layer on clear values.
    pub(super) fn evaluate(&self, values: &[u64]) -> Vec<u64> {
        match self {
            Self::Linear(linear) => linear
                .rows()
                .map(|(weights, bias)| {
                    std::iter::zip(weights, values).fold(bias, |sum, (&weight, &value)| {
                        sum.wrapping_add(value.wrapping_mul(i64::from(weight).cast_unsigned()))
                    })
                })
                .collect(),
            Self::Lookup(lookup) => values
                .iter()
                .map(|&value| look_up(&lookup.table, value))
                .collect(),
        }
    }
}

/// How clear integers become torus words: `value * unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// Smallest value.
    pub low: i64,
    /// Largest value.
    pub high: i64,
    /// Word of the value 1.
    pub unit: u64,
}

/// A model: layers that fit together, how to encode its input, and what its outputs mean (the
/// largest one, as a signed word, names the class).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    reference: ModelReference,
    encoding: Encoding,
    layers: Vec<Layer>,
    parameter_set: String,
    polynomial_size: usize,
    classes: Vec<String>,
}

impl Network {
    /// Puts layers that were made for `set` together, with `names` for messages.
    ///
    /// # Errors
    /// There is no layer, or neighbours do not fit: widths, or table lengths.
    pub(super) fn new(
        reference: ModelReference,
        encoding: Encoding,
        layers: Vec<Layer>,
        names: &[String],
        set: &ParameterSet,
        classes: Vec<String>,
    ) -> Result<Self, ModelError> {
        let polynomial_size = set.polynomial_size.0;
        let name = |i: usize| names.get(i).cloned().unwrap_or_else(|| format!("{i}"));
        if layers.is_empty() {
            let (layer, what) = (reference.name, "the list of layers".into());
            return Err(ModelError::Shape {
                layer,
                what,
                found: 0,
                wanted: 1,
            });
        }
        for (i, pair) in layers.windows(2).enumerate() {
            if let [before, after] = pair
                && before.outputs() != after.inputs()
            {
                let (found, wanted) = (before.outputs(), after.inputs());
                let what = format!("its input, which comes from layer '{}',", name(i));
                return Err(ModelError::Shape {
                    layer: name(i + 1),
                    what,
                    found,
                    wanted,
                });
            }
        }
        for (i, layer) in layers.iter().enumerate() {
            if let Layer::Lookup(lookup) = layer
                && lookup.table.len() != polynomial_size
            {
                let (found, wanted) = (lookup.table.len(), polynomial_size);
                return Err(ModelError::Shape {
                    layer: name(i),
                    what: "table".into(),
                    found,
                    wanted,
                });
            }
        }
        let network = Self {
            reference,
            encoding,
            layers,
            parameter_set: set.name.clone(),
            polynomial_size,
            classes,
        };
        let (found, wanted) = (network.classes.len(), network.outputs());
        if found != wanted {
            let (layer, what) = ("output".into(), "classes".into());
            return Err(ModelError::Shape {
                layer,
                what,
                found,
                wanted,
            });
        }
        Ok(network)
    }

    /// Name and hash of the model file.
    #[must_use]
    pub const fn reference(&self) -> &ModelReference {
        &self.reference
    }

    /// The layers, in order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Values in.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, Layer::inputs)
    }

    /// Values out: the number of classes.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, Layer::outputs)
    }

    /// Names of the classes, one per output.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Bootstraps of one run.
    #[must_use]
    pub fn bootstraps(&self) -> usize {
        let lookups = self
            .layers
            .iter()
            .filter(|layer| matches!(layer, Layer::Lookup(_)));
        lookups.map(Layer::outputs).sum()
    }

    /// Largest number of values between two layers.
    #[must_use]
    pub fn widest(&self) -> usize {
        self.layers
            .iter()
            .map(|layer| layer.inputs().max(layer.outputs()))
            .max()
            .unwrap_or(1)
    }

    /// Name of the parameter set whose noise the model was made for.
    #[must_use]
    pub fn parameter_set(&self) -> &str {
        &self.parameter_set
    }

    /// `N` that the tables were made for.
    #[must_use]
    pub const fn polynomial_size(&self) -> usize {
        self.polynomial_size
    }

    /// How the input is encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Checks the number and range of an image's values.
    ///
    /// # Errors
    /// [`ModelError::InputCount`] or [`ModelError::InputValue`].
    pub fn check_input(&self, image: &[i64]) -> Result<(), ModelError> {
        let (found, wanted) = (image.len(), self.inputs());
        if found != wanted {
            return Err(ModelError::InputCount { found, wanted });
        }
        let Encoding { low, high, .. } = self.encoding;
        match image
            .iter()
            .enumerate()
            .find(|(_, value)| !(low..=high).contains(value))
        {
            None => Ok(()),
            Some((position, &value)) => Err(ModelError::InputValue {
                value,
                position,
                low,
                high,
            }),
        }
    }

    /// The torus words of an image's values.
    #[must_use]
    pub fn encode(&self, image: &[i64]) -> Vec<u64> {
        let unit = self.encoding.unit;
        image
            .iter()
            .map(|value| value.cast_unsigned().wrapping_mul(unit))
            .collect()
    }

    /// The exact outputs for an image, as torus words.
    ///
    /// # Errors
    /// The image does not fit the model.
    pub fn evaluate(&self, image: &[i64]) -> Result<Vec<u64>, ModelError> {
        self.check_input(image)?;
        let words = self.encode(image);
        Ok(self
            .layers
            .iter()
            .fold(words, |values, layer| layer.evaluate(&values)))
    }
}

/// The class that these outputs (torus words or decrypted phases) name: the index of the largest,
/// read as signed; the first one of equals.
#[must_use]
pub fn classify(outputs: &[u64]) -> usize {
    let signed = outputs.iter().map(|word| word.cast_signed()).enumerate();
    signed
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
        .map_or(0, |(i, _)| i)
}
