//! What can be wrong with a model, its input, or a run of it.

use crate::session::SessionError;
use crate::tfhe::WordsError;
use thiserror::Error;

/// Why a model was refused or did not run.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The text is not JSON, or has not the fields of a model.
    #[error("the model is malformed")]
    Json(#[from] serde_json::Error),
    /// The model is larger than any that this program runs.
    #[error("the model has more than {limit} bytes")]
    TooLarge {
        /// Accepted bytes.
        limit: u64,
    },
    /// Another format than this program reads.
    #[error("the model has format '{found}', this program reads '{wanted}'")]
    Format {
        /// The model's format.
        found: String,
        /// The format that this program reads.
        wanted: &'static str,
    },
    /// A parameter set that is not in the catalogue.
    #[error("the model was made for parameter set '{0}', which this program does not know")]
    ParameterSet(String),
    /// A layer's lists do not have the lengths that belong together.
    #[error("layer '{layer}': {what} has {found} entries where {wanted} belong")]
    Shape {
        /// Name of the layer.
        layer: String,
        /// Which list.
        what: String,
        /// Its length.
        found: usize,
        /// The length that fits.
        wanted: usize,
    },
    /// A number outside of its range.
    #[error("layer '{layer}': {what} is {found}, outside of {range}")]
    Range {
        /// Name of the layer.
        layer: String,
        /// Which number.
        what: String,
        /// Its value.
        found: String,
        /// Accepted values.
        range: String,
    },
    /// A layer's output could leave the torus's half, where values are told apart.
    #[error(
        "layer '{layer}': output {output} may reach {reach:.4} of the torus, \
         above the limit of {limit} that keeps it from wrapping around"
    )]
    Overflow {
        /// Name of the layer.
        layer: String,
        /// Which output.
        output: usize,
        /// Largest possible magnitude, as a fraction of the torus.
        reach: f64,
        /// Largest accepted magnitude.
        limit: f64,
    },
    /// A table's input could leave the torus's half, where it would read the entry of another value
    /// with the sign changed.
    #[error(
        "layer '{layer}': its input {input} may reach {reach:.4} of the torus, above the limit of \
         {limit} that keeps it from wrapping around, and the layer is not marked as periodic"
    )]
    Wraps {
        /// Name of the layer.
        layer: String,
        /// Which input.
        input: usize,
        /// Largest possible magnitude, as a fraction of the torus.
        reach: f64,
        /// Largest accepted magnitude.
        limit: f64,
    },
    /// The model was made for another polynomial size than the keys have.
    #[error("the model was made for polynomial size {model}, the keys have {keys}")]
    PolynomialSize {
        /// The model's `N`.
        model: usize,
        /// The keys' `N`.
        keys: usize,
    },
    /// The model was compiled for other parameters than the keys have: its scales fit their noise.
    #[error("the model is compiled for parameter set '{model}', the keys are of '{keys}'")]
    Parameters {
        /// The model's.
        model: String,
        /// The keys'.
        keys: String,
    },
    /// A number of input values that the model does not take.
    #[error("the model takes {wanted} values per image, not {found}")]
    InputCount {
        /// Values given.
        found: usize,
        /// Values that the model takes.
        wanted: usize,
    },
    /// An input value that the model does not take.
    #[error("value {value} at position {position} is outside of the model's range {low}..={high}")]
    InputValue {
        /// The value.
        value: i64,
        /// Its index.
        position: usize,
        /// Smallest value that the model takes.
        low: i64,
        /// Largest value that the model takes.
        high: i64,
    },
    /// A class of tensors of which calibration saw no value, or one that is no number.
    #[error("layer '{layer}': its range is not known: no value of it was seen in calibration")]
    Uncalibrated {
        /// Name of the layer.
        layer: String,
    },
    /// Scales that follow from different sums contradict each other.
    #[error(
        "layer '{layer}': its input '{input}' would have to have {wanted} times its scale, and has {found}"
    )]
    Scales {
        /// Name of the layer.
        layer: String,
        /// Name of the layer that it reads.
        input: String,
        /// The ratio of scales that its weights ask for.
        wanted: f64,
        /// The ratio that follows from other layers.
        found: f64,
    },
    /// A table's input is so noisy that a value may be carried across the border of its window.
    #[error(
        "layer '{layer}': the noise of its input has a standard deviation of {sigma:.6} of the torus, \
         above the limit of {limit:.6} that keeps values from wrapping around"
    )]
    Noise {
        /// Name of the layer.
        layer: String,
        /// Standard deviation of the noise.
        sigma: f64,
        /// Largest accepted one.
        limit: f64,
    },
    /// A table's input is little more than noise.
    #[error(
        "layer '{layer}': the range of its input is only {steps:.1} standard deviations of its noise; \
         {limit} are needed"
    )]
    Resolution {
        /// Name of the layer.
        layer: String,
        /// The range over the noise.
        steps: f64,
        /// The least that is accepted.
        limit: f64,
    },
    /// A layer that cannot be run on ciphertexts here.
    #[error("layer '{layer}': {what} is not supported")]
    Unsupported {
        /// Name of the layer.
        layer: String,
        /// What it is.
        what: String,
    },
    /// Ciphertexts of another size than the keys'.
    #[error("a ciphertext has {found} words where {wanted} belong")]
    CiphertextSize {
        /// Its words.
        found: usize,
        /// Those that fit.
        wanted: usize,
    },
    /// A text with something that the model has no token for.
    #[error("'{found}' is not in the vocabulary of the model")]
    Vocabulary {
        /// What it is.
        found: String,
    },
    /// A text that the model has no positions for.
    #[error("{found} tokens are more than the model's {limit} positions")]
    TooLong {
        /// Tokens of the text.
        found: usize,
        /// Positions of the model.
        limit: usize,
    },
    /// The tensors of a model file.
    #[error("the model's weights are malformed")]
    Tensors(#[from] safetensors::SafeTensorError),
    /// The host's threads could not be started.
    #[error("cannot start the threads of the linear layers: {0}")]
    Threads(String),
    /// Ciphertexts of another shape than the keys'.
    #[error("the ciphertexts do not fit")]
    Words(#[from] WordsError),
    /// The bootstraps failed.
    #[error("the bootstraps failed")]
    Session(#[from] SessionError),
}

impl ModelError {
    /// What the user can do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Json(_) | Self::TooLarge { .. } | Self::Format { .. } | Self::ParameterSet(_) => {
                "give a model file in the format of models/digits/README.md, or a language model in that of \
                 models/names/README.md"
                    .into()
            }
            Self::Shape { .. } | Self::Range { .. } | Self::Overflow { .. } => {
                "the model file is damaged or was made by hand; export it again".into()
            }
            Self::Wraps { .. } => {
                "scale the values before that layer down, or say \"periodic\": true in it if its \
                 function has the table's period, as a sine has"
                    .into()
            }
            Self::PolynomialSize { .. } => {
                "make keys with a parameter set of the model's polynomial size ('gyrus info' \
                 lists the sets)"
                    .into()
            }
            Self::Parameters { model, .. } => {
                format!("make keys with 'gyrus keygen --parameters {model}'")
            }
            Self::InputCount { .. } | Self::InputValue { .. } => {
                "check that the images are those of this model".into()
            }
            Self::Uncalibrated { .. } => {
                "give calibration data that reach every layer of the model".into()
            }
            Self::Scales { .. } => {
                "give layers whose outputs are added to each other one scale, or a function between \
                 them"
                    .into()
            }
            Self::Noise { .. } => {
                "use smaller weights (4 or 5 bits) or fewer of them, or parameters with less noise \
                 ('gyrus info' lists the sets)"
                    .into()
            }
            Self::Resolution { .. } => {
                "scale the layer so that it uses its range, or use parameters with less noise \
                 ('gyrus info' lists the sets)"
                    .into()
            }
            Self::Unsupported { .. } => "the documentation lists the layers that there are: \
                                         docs/language-model.md"
                .into(),
            Self::CiphertextSize { .. } => {
                "encrypt with keys of the parameters that the server uses".into()
            }
            Self::Vocabulary { .. } => "use only what 'gyrus inspect' shows of the vocabulary".into(),
            Self::TooLong { .. } => "give a shorter prompt, or ask for fewer tokens".into(),
            Self::Tensors(_) => "give a model in the format of models/names/README.md".into(),
            Self::Threads(_) => "free some memory or raise the limit on threads".into(),
            Self::Words(_) => "encrypt the images again with keys of 'gyrus keygen'".into(),
            Self::Session(_) => "try again, or use another device (--device)".into(),
        }
    }
}
