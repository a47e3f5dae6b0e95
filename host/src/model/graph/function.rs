//! Scalar functions that a look-up table can hold.

/// A function of a real number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    /// `x`: a bootstrap that takes the noise off, and sets another scale.
    Identity,
    /// `x^2`.
    Square,
    /// `max(x, 0)`.
    Relu,
    /// `e^x`.
    Exp,
    /// `ln x`.
    Log,
    /// `ln(max(x, from) / from)`: what a logarithm up to `from` lacks of one beyond.
    LogBeyond {
        /// Below it the function is 0.
        from: f64,
    },
    /// What has to be added to `x` to bring it between two bounds: 0 within them.
    Excess {
        /// The bounds.
        low: f64,
        /// The upper one.
        high: f64,
    },
    /// `1 / sqrt(x + epsilon)`.
    InverseRoot {
        /// What keeps the root from zero.
        epsilon: f64,
    },
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// `tanh x`.
    Tanh,
    /// `x / (1 + e^-x)` (Elfwing et al., 2018).
    Silu,
    /// The Gaussian error linear unit as GPT-2 has it, `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`
    /// (Hendrycks and Gimpel, 2016).
    Gelu,
}

impl Function {
    /// The function's value.
    #[must_use]
    pub fn evaluate(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Square => x * x,
            Self::Relu => x.max(0.0),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::LogBeyond { from } => (x.max(from) / from).ln(),
            Self::Excess { low, high } => x.clamp(low, high) - x,
            Self::InverseRoot { epsilon } => (x + epsilon).sqrt().recip(),
            Self::Sigmoid => (1.0 + (-x).exp()).recip(),
            Self::Tanh => x.tanh(),
            Self::Silu => x / (1.0 + (-x).exp()),
            Self::Gelu => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + inner.tanh())
            }
        }
    }

    /// The least argument that a table holds the value of, when those that were seen begin at `least`:
    /// below it, where noise may carry a value, the function is continued by its value there.
    #[must_use]
    pub fn domain_from(self, least: f64) -> f64 {
        match self {
            Self::Log => least / 2.0,
            Self::InverseRoot { epsilon } => (least / 2.0).max(-epsilon / 2.0),
            _ => f64::NEG_INFINITY,
        }
    }
}

impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity",
            Self::Square => "square",
            Self::Relu => "relu",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::LogBeyond { .. } => "log beyond",
            Self::Excess { .. } => "excess",
            Self::InverseRoot { .. } => "1/sqrt",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Silu => "silu",
            Self::Gelu => "gelu",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_what_they_are_called() {
        // Values from their definitions, to ten digits, by hand with bc.
        for (function, x, y) in [
            (Function::Identity, -1.5, -1.5),
            (Function::Square, -1.5, 2.25),
            (Function::Relu, -1.5, 0.0),
            (Function::Relu, 1.5, 1.5),
            (Function::Exp, 1.5, 4.481_689_070_3),
            (Function::Log, 1.5, 0.405_465_108_1),
            (Function::LogBeyond { from: 1.5 }, 1.2, 0.0),
            (Function::LogBeyond { from: 1.5 }, 4.5, 1.098_612_288_7),
            (
                Function::Excess {
                    low: -1.0,
                    high: 2.0,
                },
                1.5,
                0.0,
            ),
            (
                Function::Excess {
                    low: -1.0,
                    high: 2.0,
                },
                2.5,
                -0.5,
            ),
            (
                Function::Excess {
                    low: -1.0,
                    high: 2.0,
                },
                -3.0,
                2.0,
            ),
            (Function::InverseRoot { epsilon: 0.75 }, 1.5, 2.0 / 3.0),
            (Function::Sigmoid, 1.5, 0.817_574_476_2),
            (Function::Tanh, 1.5, 0.905_148_253_6),
            (Function::Silu, 1.5, 1.226_361_714_3),
            (Function::Gelu, 1.5, 1.399_572_207_8),
        ] {
            assert!((function.evaluate(x) - y).abs() < 2e-4, "{function} {x}");
        }
    }
}
